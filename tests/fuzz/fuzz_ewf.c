/* Fuzz target: an E01 in memory, opened, inspected and read. The first byte chooses how; the rest is the file.
 * Build with EXHIBIT_FUZZ; checksums are not asked for there (EXH_FUZZING), so that a mutation reaches what they guard. */
#include "formats/evidence/ewf_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE_BYTES (1u << 20)
#define READS_MAX 64

static void read_some(struct exh_medium *medium, uint32_t piece)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_error err = {0};
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    if (piece > PIECE_BYTES / t->main_bytes)
        piece = PIECE_BYTES / t->main_bytes;
    bool ok = exh_medium_scratch(medium, &scratch, &err) && exh_block_open(&block, piece, t->main_bytes, 0, &err);
    /* From the start, then in strides to the end: a hostile medium has more sectors than there is time. */
    uint64_t stride = t->sectors / READS_MAX + 1;
    for (uint64_t lba = 0, n = 0; ok && lba < t->sectors; n++) {
        uint64_t left = t->sectors - lba;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = left < piece ? (uint32_t)left : piece};
        ok = exh_medium_read(medium, scratch, &want, &block, &faults, &err);
        for (uint32_t i = 0; ok && i < block.count; i++)
            if (block.state[i] == EXH_UNREAD)
                __builtin_trap(); /* every sector asked for gets a state */
        lba += n < READS_MAX ? want.count : stride;
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct exh_error err = {0};
    struct exh_source *source = exh_source_memory(data + 1, size - 1, (data[0] & 1) != 0 ? "disk.E01" : "disk");
    struct exh_open options = {0};
    struct exh_medium *medium = source != NULL ? exh_format_ewf.open(source, &options, &err) : NULL;
    if (medium == NULL) {
        exh_source_close(source);
        return 0;
    }
    struct exh_inspection in = {0};
    if ((data[0] & 2) != 0)
        (void)exh_medium_inspect(medium, &in, &err);
    exh_inspection_close(&in);
    read_some(medium, 1u + data[0] / 4u);
    exh_medium_close(medium);
    return 0;
}
