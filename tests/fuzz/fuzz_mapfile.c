/* Fuzz target: a ddrescue mapfile in memory. The first byte chooses what part of which medium it is read for; the rest is the file.
 * What is accepted covers the medium without gaps, and written out and parsed again it is the same map. */
#include "acquire/mapfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cover(const struct exh_map *map)
{
    uint64_t at = 0;
    for (size_t i = 0; i < map->count; i++) {
        if (map->ranges[i].first != at || map->ranges[i].count == 0 || (i > 0 && map->ranges[i].area == map->ranges[i - 1].area))
            __builtin_trap();
        at += map->ranges[i].count;
    }
    if (at != map->sectors)
        __builtin_trap();
}

static void check_again(const struct exh_mapfile *file, const struct exh_mapfile_span *span)
{
    struct exh_error err = {0};
    struct exh_mapfile again;
    char *text = NULL;
    size_t length = 0;
    uint64_t outside = 1;
    FILE *to = open_memstream(&text, &length);
    if (to == NULL)
        return;
    exh_mapfile_write(file, span, "again", to);
    if (fclose(to) != 0 || !exh_mapfile_parse(text, length, "again", span, &again, &outside, &err) || outside != 0 ||
        !exh_map_equal(&file->map, &again.map) || again.position != file->position || again.status != file->status || again.pass != file->pass)
        __builtin_trap();
    exh_mapfile_close(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t sectors[] = {512, 4096, 520, 1};
    if (size < 1)
        return 0;
    struct exh_mapfile_span span = {.sector_bytes = sectors[data[0] & 3], .bytes = 1474560, .origin_bytes = (data[0] & 4) != 0 ? 5000 : 0};
    if ((data[0] & 8) != 0)
        span.bytes = (1ULL << 61) - 7;
    struct exh_mapfile file;
    struct exh_error err = {0};
    uint64_t outside;
    if (!exh_mapfile_parse((const char *)data + 1, size - 1, "map", &span, &file, &outside, &err)) {
        if (err.code == EXH_OK || err.code == EXH_BUG || file.map.ranges != NULL)
            __builtin_trap();
        return 0;
    }
    check_cover(&file.map);
    check_again(&file, &span);
    exh_mapfile_close(&file);
    return 0;
}
