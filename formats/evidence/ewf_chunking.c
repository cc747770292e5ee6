/* ewf_chunking.c - chunk and segment sizes of an E01, its 32-bit error list, and a cheap test for incompressible chunks.
 *
 * Limits: libewf's "Expert Witness Compression Format" document (32-bit chunk count, names .E01 to .ZZZ, 32-bit sector numbers in error2). */
#include "formats/evidence/ewf_chunking.h"

#include "formats/evidence/ewf_sections.h"
#include "formats/evidence/ewf_segment.h"
#include "formats/model/bytes.h"

#define ERROR2_SECTORS (1ULL << 32)
/* For each chunk an Adler-32 and an entry in each of two tables; the groups' own frames (284 bytes, at least 2,047 chunks) stay below 1 byte. */
#define CHUNK_EXTRA_BYTES 13u

static uint64_t divide_up(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

bool exh_ewf_chunk_sectors(uint64_t sectors, uint32_t sector_bytes, uint32_t *out, struct exh_error *err)
{
    if (sector_bytes == 0 || sector_bytes > EXH_EWF_NEW_CHUNK_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "an E01 cannot hold sectors of %u bytes", sector_bytes);
    uint64_t chunk = 1;
    while (chunk * sector_bytes * 2 <= 48u << 10) /* the power of two nearest to 32 KiB: 64 of 512, 16 of 2048 and 2352, 8 of 4096 */
        chunk *= 2;
    while (divide_up(sectors, chunk) > EXH_EWF_CHUNKS_MAX && chunk * sector_bytes * 2 <= EXH_EWF_NEW_CHUNK_BYTES_MAX)
        chunk *= 2;
    if (divide_up(sectors, chunk) > EXH_EWF_CHUNKS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET,
                        "%llu sectors of %u bytes are too many for an E01: it holds at most %llu chunks, here of %llu bytes each",
                        (unsigned long long)sectors, sector_bytes, EXH_EWF_CHUNKS_MAX, (unsigned long long)(chunk * sector_bytes));
    *out = (uint32_t)chunk;
    return true;
}

/* Sections of the whole set when nothing compresses: three for each group, a few for each segment. */
static bool check_sections(uint64_t segments, uint64_t chunks, uint64_t chunk_bytes, struct exh_error *err)
{
    uint64_t group = (EXH_EWF_GROUP_BYTES_MAX - EXH_EWF_DESCRIPTOR_BYTES) / (chunk_bytes + 4);
    if (group > EXH_EWF_GROUP_CHUNKS_MAX)
        group = EXH_EWF_GROUP_CHUNKS_MAX;
    uint64_t sections = 3 * (divide_up(chunks, group) + segments) + 2 * segments + 16;
    return sections <= EXH_EWF_SECTIONS_MAX ||
           exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "%llu chunks of %llu bytes make an E01 of %llu sections; at most %u are read",
                    (unsigned long long)chunks, (unsigned long long)chunk_bytes, (unsigned long long)sections, EXH_EWF_SECTIONS_MAX);
}

bool exh_ewf_segment_bytes(uint64_t asked, uint64_t chunks, uint64_t chunk_bytes, uint64_t head_bytes, uint64_t *out, struct exh_error *err)
{
    uint64_t bytes = asked != 0 ? asked : EXH_EWF_SEGMENT_BYTES_DEFAULT, fixed = head_bytes + EXH_EWF_SEGMENT_RESERVE_BYTES + 512;
    if (bytes < EXH_EWF_SEGMENT_BYTES_MIN || bytes > EXH_EWF_SEGMENT_BYTES_MAX)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "an E01 segment of %llu bytes: it must have at least 1 MiB and at most 4 EiB",
                        (unsigned long long)bytes);
    /* Chunks that surely fit into a segment when none compresses. */
    uint64_t per_segment = bytes > fixed ? (bytes - fixed) / (chunk_bytes + CHUNK_EXTRA_BYTES) : 0;
    if (per_segment == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET,
                        "an E01 segment of %llu bytes is too small for the case data and this medium's chunks of %llu bytes",
                        (unsigned long long)bytes, (unsigned long long)chunk_bytes);
    uint64_t segments = divide_up(chunks, per_segment);
    if (segments > EXH_EWF_SEGMENTS_MAX) {
        uint64_t enough = divide_up(chunks, EXH_EWF_SEGMENTS_MAX) * (chunk_bytes + CHUNK_EXTRA_BYTES) + fixed;
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET,
                        "segments of %llu bytes could run out of names: an E01 has at most %u (.E01 to .ZZZ); segments of %llu MiB are enough",
                        (unsigned long long)bytes, EXH_EWF_SEGMENTS_MAX, (unsigned long long)divide_up(enough, 1u << 20));
    }
    *out = bytes;
    return check_sections(segments, chunks, chunk_bytes, err);
}

bool exh_ewf_error_range(const struct exh_range *range, uint64_t *start, uint64_t *count)
{
    if (range->lba < 0 || (uint64_t)range->lba >= ERROR2_SECTORS || range->count == 0)
        return false;
    uint64_t room = ERROR2_SECTORS - (uint64_t)range->lba;
    *start = (uint64_t)range->lba;
    *count = range->count < room ? range->count : room;
    if (*count == ERROR2_SECTORS) /* the count has 32 bits too */
        *count = ERROR2_SECTORS - 1;
    return true;
}

/* Is the chi-square statistic of a byte histogram (255 degrees of freedom, variance 510) between these bounds? */
static bool spread_within(const uint32_t *counts, uint64_t total, uint64_t least, uint64_t most)
{
    uint64_t squares = 0;
    for (unsigned i = 0; i < 256; i++)
        squares += (uint64_t)counts[i] * counts[i];
    /* chi-square = 256 * squares / total - total; kept in integers. */
    return squares * 256 >= (total + least) * total && squares * 256 <= (total + most) * total;
}

static void count_bytes(const uint8_t *data, size_t length, uint32_t *counts)
{
    /* Two tables, so that equal neighbours do not wait for each other's store. */
    uint32_t odd[256] = {0};
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t eight = exh_le64(data + i);
        counts[eight & 255]++, odd[eight >> 8 & 255]++, counts[eight >> 16 & 255]++, odd[eight >> 24 & 255]++;
        counts[eight >> 32 & 255]++, odd[eight >> 40 & 255]++, counts[eight >> 48 & 255]++, odd[eight >> 56]++;
    }
    for (; i < length; i++)
        counts[data[i]]++;
    for (i = 0; i < 256; i++)
        counts[i] += odd[i];
}

bool exh_ewf_looks_random(const uint8_t *data, size_t length)
{
    enum { SLICE = 64, SLICES = 16, SAMPLE = SLICE * SLICES, SMALLEST = 16384 };
    if (length < SMALLEST)
        return false; /* too few bytes to judge by; compressing them costs little */
    uint32_t counts[256] = {0};
    for (size_t i = 0; i < SLICES; i++)
        count_bytes(data + length / SLICES * i, SLICE, counts);
    /* Wide bounds (four standard deviations): the sample only turns away what is plainly text, code or zeros. */
    if (!spread_within(counts, SAMPLE, 165, 345))
        return false;
    memset(counts, 0, sizeof counts);
    count_bytes(data, length, counts);
    /* Narrow above (two deviations): a repeated stretch raises the statistic, and it would compress. Of truly random chunks one in
     * forty is compressed in vain. */
    return spread_within(counts, length, 187, 300);
}
