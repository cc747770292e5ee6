/* layout.c - sessions and tracks. See layout.h. */
#include "formats/model/layout.h"

#include "formats/model/bytes.h"

void exh_layout_disk(struct exh_layout *out, uint64_t bytes, uint32_t sector_bytes)
{
    memset(out, 0, sizeof *out);
    out->kind = EXH_LAYOUT_DISK;
    out->track_count = 1;
    out->tracks[0] =
        (struct exh_track){.number = 1, .session = 1, .kind = EXH_TRACK_BLOCKS, .main_bytes = sector_bytes, .sectors = EXH_SECTORS_UNKNOWN};
    if (bytes != EXH_SECTORS_UNKNOWN) {
        out->tracks[0].tail_bytes = (uint32_t)(bytes % sector_bytes);
        out->tracks[0].sectors = bytes / sector_bytes + (bytes % sector_bytes != 0);
    }
}

static bool track_check(const struct exh_layout *layout, uint32_t i, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[i];
    if (t->number == 0 || t->session == 0)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u has number %u in session %u", i + 1, t->number, t->session);
    if (t->main_bytes == 0 || t->main_bytes > EXH_SECTOR_BYTES_MAX || t->sub_bytes > 96)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "track %u has sectors of %u + %u bytes", t->number, t->main_bytes, t->sub_bytes);
    if (t->tail_bytes >= t->main_bytes || (t->tail_bytes != 0 && t->sectors == 0))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u ends in %u bytes of a sector of %u", t->number, t->tail_bytes, t->main_bytes);
    if (t->stored_pregap > t->sectors || t->pregap < t->stored_pregap || memchr(t->isrc, '\0', sizeof t->isrc) == NULL)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u of %llu sectors has a pregap of %u, %u of them stored", t->number,
                        (unsigned long long)t->sectors, t->pregap, t->stored_pregap);
    if (t->sectors == EXH_SECTORS_UNKNOWN)
        return layout->track_count == 1 || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u has no known length", t->number);
    if (t->sectors > EXH_MEDIA_BYTES_MAX / t->main_bytes || t->first < INT32_MIN || t->first > (int64_t)(EXH_MEDIA_BYTES_MAX / t->main_bytes))
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "track %u of %llu sectors from LBA %lld passes 2^62 bytes", t->number,
                        (unsigned long long)t->sectors, (long long)t->first);
    if (i > 0) {
        const struct exh_track *before = &layout->tracks[i - 1];
        if (t->number <= before->number || t->session < before->session || t->first < before->first + (int64_t)before->sectors)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u (LBA %lld) does not follow track %u", t->number, (long long)t->first,
                            before->number);
    }
    return true;
}

bool exh_layout_check(const struct exh_layout *layout, struct exh_error *err)
{
    if (layout->track_count == 0 || layout->track_count > EXH_LAYOUT_TRACKS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a layout of %u tracks", layout->track_count);
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (!track_check(layout, i, err))
            return false;
    return true;
}

uint64_t exh_track_bytes(const struct exh_track *track, int64_t lba, uint64_t count)
{
    uint64_t bytes = count * track->main_bytes;
    bool last = count > 0 && track->sectors != EXH_SECTORS_UNKNOWN && lba + (int64_t)count == track->first + (int64_t)track->sectors;
    return last && track->tail_bytes != 0 ? bytes - track->main_bytes + track->tail_bytes : bytes;
}

uint64_t exh_layout_bytes(const struct exh_layout *layout)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        if (layout->tracks[i].sectors == EXH_SECTORS_UNKNOWN)
            return EXH_SECTORS_UNKNOWN;
        bytes += exh_track_bytes(&layout->tracks[i], layout->tracks[i].first, layout->tracks[i].sectors);
    }
    return bytes;
}

uint32_t exh_layout_largest_sector(const struct exh_layout *layout)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < layout->track_count; i++)
        bytes = layout->tracks[i].main_bytes > bytes ? layout->tracks[i].main_bytes : bytes;
    return bytes;
}

uint64_t exh_layout_sectors(const struct exh_layout *layout)
{
    uint64_t sectors = 0;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        if (layout->tracks[i].sectors == EXH_SECTORS_UNKNOWN)
            return EXH_SECTORS_UNKNOWN;
        sectors += layout->tracks[i].sectors;
    }
    return sectors;
}

uint64_t exh_layout_sectors_before(const struct exh_layout *layout, int64_t lba)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < layout->track_count && layout->tracks[i].first < lba; i++) {
        uint64_t in_track = (uint64_t)(lba - layout->tracks[i].first);
        before += in_track < layout->tracks[i].sectors ? in_track : layout->tracks[i].sectors;
    }
    return before;
}

int64_t exh_layout_nth_sector(const struct exh_layout *layout, uint64_t n)
{
    uint32_t i = 0;
    for (; i + 1 < layout->track_count && n >= layout->tracks[i].sectors; i++)
        n -= layout->tracks[i].sectors;
    return layout->tracks[i].first + (int64_t)n;
}

const struct exh_track *exh_layout_track(const struct exh_layout *layout, unsigned number)
{
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (layout->tracks[i].number == number)
            return &layout->tracks[i];
    return NULL;
}

const struct exh_track *exh_layout_track_at(const struct exh_layout *layout, int64_t lba, uint64_t *left)
{
    for (uint32_t i = 0; i < layout->track_count; i++) {
        const struct exh_track *t = &layout->tracks[i];
        if (lba >= t->first && (uint64_t)(lba - t->first) < t->sectors) {
            *left = t->sectors - (uint64_t)(lba - t->first);
            return t;
        }
    }
    return NULL;
}

const char *exh_track_mode(const struct exh_track *track)
{
    switch (track->kind) {
    case EXH_TRACK_AUDIO: return "AUDIO";
    case EXH_TRACK_MODE1: return track->main_bytes == 2352 ? "MODE1/2352" : "MODE1/2048";
    case EXH_TRACK_MODE2:
        return track->main_bytes == 2352   ? "MODE2/2352"
               : track->main_bytes == 2048 ? "MODE2/2048"
               : track->main_bytes == 2324 ? "MODE2/2324"
                                           : "MODE2/2336";
    case EXH_TRACK_MODE0: return track->main_bytes == 2352 ? "MODE0/2352" : "MODE0/2336";
    case EXH_TRACK_BLOCKS: break;
    }
    switch (track->main_bytes) {
    case 512: return "BLOCKS/512";
    case 2048: return "BLOCKS/2048";
    case 2352: return "BLOCKS/2352";
    case 4096: return "BLOCKS/4096";
    default: return "BLOCKS";
    }
}
