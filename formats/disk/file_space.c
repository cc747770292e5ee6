/* file_space.c - which bytes of a container's file somebody speaks for. See file_space.h. */
#include "formats/disk/file_space.h"

#include <stdarg.h>
#include <stdlib.h>

#include "formats/model/bytes.h"

#define BITMAP_BYTES_MAX (64u << 20)

struct exh_file_space {
    const char *file;
    uint64_t size, units;
    uint32_t unit_bytes;
    bool exact;
    uint8_t *taken;                      /* a bit for each unit */
    uint64_t overlaps, outside, claimed; /* claimed: bytes in all, also those claimed again */
};

struct exh_file_space *exh_file_space_new(const char *file, uint64_t size, uint32_t unit_bytes, struct exh_error *err)
{
    struct exh_file_space *s = calloc(1, sizeof *s);
    if (s != NULL) {
        *s = (struct exh_file_space){.file = file, .size = size, .unit_bytes = unit_bytes, .exact = true};
        while (size / s->unit_bytes / 8 >= BITMAP_BYTES_MAX) {
            s->unit_bytes *= 2;
            s->exact = false;
        }
        s->units = size / s->unit_bytes + (size % s->unit_bytes != 0);
        s->taken = calloc((size_t)(s->units / 8 + 1), 1);
    }
    if (s != NULL && s->taken != NULL)
        return s;
    free(s);
    (void)exh_nomem(err, "a map of the file");
    return NULL;
}

bool exh_file_space_exact(const struct exh_file_space *space) { return space->exact; }

static bool is_taken(const struct exh_file_space *s, uint64_t unit) { return (s->taken[unit / 8] >> (unit % 8) & 1) != 0; }

/* Marks the units, and says whether one was marked before. A range outside the file is a remark. */
static bool mark(struct exh_file_space *s, uint64_t offset, uint64_t bytes, const char *who, bool *twice, struct exh_inspection *in,
                 struct exh_error *err)
{
    *twice = false;
    if (bytes == 0)
        return true;
    if (!exh_inside(offset, bytes, s->size) && s->outside++ < EXH_SPACE_TOLD &&
        !exh_inspection_remark(in, "out-of-range", EXH_FAILS, s->file, offset, err, "%s takes %llu bytes at %llu, but the file ends at %llu", who,
                               (unsigned long long)bytes, (unsigned long long)offset, (unsigned long long)s->size))
        return false;
    if (offset >= s->size)
        return true;
    uint64_t end = bytes > s->size - offset ? s->size : offset + bytes;
    if (s->claimed > 4 * s->size) { /* tables that name the same bytes over and over: how often is counted, the map is full of it */
        *twice = true;
        return true;
    }
    s->claimed += end - offset;
    for (uint64_t unit = offset / s->unit_bytes; unit * s->unit_bytes < end; unit++) {
        *twice = *twice || is_taken(s, unit);
        s->taken[unit / 8] |= (uint8_t)(1u << (unit % 8));
    }
    return true;
}

bool exh_file_space_take(struct exh_file_space *s, uint64_t offset, uint64_t bytes, struct exh_inspection *in, struct exh_error *err,
                         const char *role, ...)
{
    char who[120];
    bool twice;
    va_list args;
    va_start(args, role);
    (void)vsnprintf(who, sizeof who, role, args);
    va_end(args);
    if (!mark(s, offset, bytes, who, &twice, in, err))
        return false;
    if (!twice || !s->exact || s->overlaps++ >= EXH_SPACE_TOLD)
        return true;
    return exh_inspection_remark(in, "overlap", EXH_FAILS, s->file, offset, err, "%s, %llu bytes at %llu, lies on bytes that another part uses", who,
                                 (unsigned long long)bytes, (unsigned long long)offset);
}

bool exh_file_space_share(struct exh_file_space *s, uint64_t offset, uint64_t bytes, struct exh_inspection *in, struct exh_error *err,
                          const char *role, ...)
{
    char who[120];
    bool twice;
    va_list args;
    va_start(args, role);
    (void)vsnprintf(who, sizeof who, role, args);
    va_end(args);
    return mark(s, offset, bytes, who, &twice, in, err);
}

static bool tell_rest(const struct exh_file_space *s, uint64_t count, const char *check, struct exh_inspection *in, struct exh_error *err)
{
    return count <= EXH_SPACE_TOLD || exh_inspection_remark(in, check, EXH_FAILS, s->file, EXH_NO_OFFSET, err, "%llu more of this kind",
                                                            (unsigned long long)(count - EXH_SPACE_TOLD));
}

bool exh_file_space_finish(struct exh_file_space *s, struct exh_inspection *in, struct exh_error *err)
{
    uint64_t orphans = 0, first = 0;
    for (uint64_t unit = 0, n; unit < s->units; unit += n) {
        uint8_t eight = s->taken[unit / 8];
        n = unit % 8 == 0 && s->units - unit >= 8 && (eight == 0 || eight == 0xFF) ? 8 : 1; /* most are alike */
        if (is_taken(s, unit))
            continue;
        first = orphans == 0 ? unit : first;
        orphans += n;
    }
    if (orphans > 0 && !exh_inspection_remark(in, "orphan", EXH_WARNS, s->file, first * s->unit_bytes, err,
                                              "no part of the image speaks for %llu units of %u bytes, the first at %llu",
                                              (unsigned long long)orphans, s->unit_bytes, (unsigned long long)(first * s->unit_bytes)))
        return false;
    return tell_rest(s, s->overlaps, "overlap", in, err) && tell_rest(s, s->outside, "out-of-range", in, err);
}

void exh_file_space_close(struct exh_file_space *space)
{
    if (space != NULL)
        free(space->taken);
    free(space);
}
