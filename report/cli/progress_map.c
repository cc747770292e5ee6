/* progress_map.c - the medium on one line. See progress_map.h. */
#include "report/cli/progress_map.h"

#include <string.h>

/* In the order of enum exh_progress_area: the characters of a mapfile, and the glyphs. */
static const char characters[EXH_PROGRESS_AREAS + 1] = "+?*/-";
static const char *const glyphs[EXH_PROGRESS_AREAS] = {"\xe2\x96\x88", "\xe2\x96\x91", "\xe2\x96\x92", "\xe2\x96\x93", "\xc3\x97"};

static void begin(struct exh_progress_map *map, uint64_t sectors)
{
    memset(map, 0, sizeof *map);
    map->sectors = sectors;
    map->per_cell = sectors / EXH_PROGRESS_MAP_CELLS + (sectors % EXH_PROGRESS_MAP_CELLS != 0);
    map->cells = (size_t)(sectors / map->per_cell + (sectors % map->per_cell != 0));
    for (size_t i = 0; i < map->cells; i++) {
        uint64_t left = sectors - i * map->per_cell;
        map->counts[i][EXH_PROGRESS_UNTRIED] = left < map->per_cell ? left : map->per_cell;
    }
    map->totals[EXH_PROGRESS_UNTRIED] = sectors;
}

/* The area whose sectors this pass reads; a pass not known here reads untried ones, as does whatever an earlier run left. */
static enum exh_progress_area area_of_pass(const char *pass)
{
    if (pass != NULL && strncmp(pass, "trim", 4) == 0)
        return EXH_PROGRESS_UNTRIMMED;
    if (pass != NULL && strncmp(pass, "scrape", 6) == 0)
        return EXH_PROGRESS_UNSCRAPED;
    if (pass != NULL && strncmp(pass, "retry", 5) == 0)
        return EXH_PROGRESS_BAD;
    return EXH_PROGRESS_UNTRIED;
}

/* Moves up to *count sectors of a cell; *count is what could not be moved, for there were no more. */
static void move(struct exh_progress_map *map, size_t cell, uint64_t *count, enum exh_progress_area from, enum exh_progress_area to)
{
    uint64_t n = *count < map->counts[cell][from] ? *count : map->counts[cell][from];
    map->counts[cell][from] -= n;
    map->counts[cell][to] += n;
    map->totals[from] -= n;
    map->totals[to] += n;
    *count -= n;
}

/* Sectors that are not where their pass would find them are taken to have been told of before, and others to leave some other area, so that
 * the sums stay right. */
static void note_cell(struct exh_progress_map *map, size_t cell, uint64_t count, enum exh_progress_area from, enum exh_progress_area to)
{
    uint64_t there = map->counts[cell][to];
    move(map, cell, &count, from, to);
    count -= count < there ? count : there;
    for (unsigned other = 0; count > 0 && other < EXH_PROGRESS_AREAS; other++)
        if (other != to)
            move(map, cell, &count, other, to);
}

void exh_progress_map_note(struct exh_progress_map *map, int64_t lba, uint64_t count, uint64_t sectors, char area, const char *pass)
{
    const char *found = area != '\0' ? strchr(characters, area) : NULL;
    if (found == NULL || sectors == 0 || sectors > INT64_MAX || lba < 0 || (uint64_t)lba >= sectors)
        return;
    if (map->sectors != sectors)
        begin(map, sectors);
    uint64_t at = (uint64_t)lba, end = count < sectors - at ? at + count : sectors;
    enum exh_progress_area from = area_of_pass(pass), to = (enum exh_progress_area)(found - characters);
    while (at < end && from != to) {
        size_t cell = (size_t)(at / map->per_cell);
        uint64_t behind = (cell + 1) * map->per_cell < end ? (cell + 1) * map->per_cell : end;
        note_cell(map, cell, behind - at, from, to);
        at = behind;
    }
}

static enum exh_progress_area worst(const struct exh_progress_map *map, size_t first, size_t behind)
{
    for (unsigned area = EXH_PROGRESS_AREAS - 1; area > 0; area--)
        for (size_t i = first; i < behind; i++)
            if (map->counts[i][area] > 0)
                return area;
    return EXH_PROGRESS_READ;
}

size_t exh_progress_map_line(const struct exh_progress_map *map, size_t width, bool utf8, char out[EXH_PROGRESS_MAP_LINE_BYTES])
{
    size_t columns = width < map->cells ? width : map->cells, length = 0;
    for (size_t i = 0; i < columns; i++) {
        enum exh_progress_area area = worst(map, i * map->cells / columns, (i + 1) * map->cells / columns);
        const char *glyph = utf8 ? glyphs[area] : &characters[area];
        size_t bytes = utf8 ? strlen(glyph) : 1;
        memcpy(out + length, glyph, bytes);
        length += bytes;
    }
    out[length] = '\0';
    return columns;
}
