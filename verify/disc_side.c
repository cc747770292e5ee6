/* disc_side.c - one of two discs that are held against each other. See disc_side.h. */
#include "verify/disc_side.h"

bool exh_disc_side_open(struct exh_disc_side *out, struct exh_medium *medium, struct exh_error *err)
{
    const struct exh_layout *layout = medium->layout;
    uint32_t main_bytes = 0, sub_bytes = 0, sectors = EXH_SIDE_SECTORS;
    memset(out, 0, sizeof *out);
    out->medium = medium;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        main_bytes = layout->tracks[i].main_bytes > main_bytes ? layout->tracks[i].main_bytes : main_bytes;
        sub_bytes = layout->tracks[i].sub_bytes > sub_bytes ? layout->tracks[i].sub_bytes : sub_bytes;
    }
    return exh_medium_scratch(medium, &out->scratch, err) && exh_block_open(&out->block, sectors, main_bytes, sub_bytes, err);
}

bool exh_disc_side_read(struct exh_disc_side *side, const struct exh_track *track, int64_t lba, uint32_t count, struct exh_error *err)
{
    struct exh_want want = {.track = track, .lba = lba, .count = count, .effort = EXH_THOROUGH, .with_sub = side->with_sub};
    side->faults.count = 0;
    return exh_medium_read(side->medium, side->scratch, &want, &side->block, &side->faults, err);
}

bool exh_disc_side_samples(struct exh_disc_side *side, const struct exh_track *track, uint64_t first, uint32_t count, uint8_t *out,
                           struct exh_error *err)
{
    uint64_t sector = first / EXH_SECTOR_SAMPLES, end = (first + count + EXH_SECTOR_SAMPLES - 1) / EXH_SECTOR_SAMPLES;
    if (count == 0)
        return true;
    if (!exh_disc_side_read(side, track, exh_track_start(track) + (int64_t)sector, (uint32_t)(end - sector), err))
        return false;
    memcpy(out, side->block.main + (size_t)(first - sector * EXH_SECTOR_SAMPLES) * EXH_SAMPLE_BYTES, (size_t)count * EXH_SAMPLE_BYTES);
    return true;
}

void exh_disc_side_close(struct exh_disc_side *side)
{
    exh_scratch_close(side->scratch);
    exh_block_close(&side->block);
    exh_faults_close(&side->faults);
    memset(side, 0, sizeof *side);
}
