/* qcow2_bitmaps.c - the dirty bitmaps of a QCOW file ("Bitmaps extension", docs/interop/qcow2.txt): a directory, a table for each, and the clusters
 * that a table names. See qcow2_walk.h.
 *
 * They tell which parts of the disk were written to since some moment; the disk does not depend on them. */
#include "formats/disk/qcow2_walk.h"

#include <stdarg.h>

#include "formats/model/bytes.h"

#define ENTRY_BYTES 24u
#define NAME_MAX_BYTES 1023u
#define GRANULARITY_MAX 63u
#define IN_USE 1u
#define KNOWN_FLAGS 7u
#define TABLE_RESERVED 0xFF000000000001FEull

struct bitmaps {
    struct exh_qcow_walk *w;
    exh_qcow_part_fn *part;
    void *context;
    uint64_t at, bytes, used; /* of the directory; used: bytes of tables */
    uint32_t count;
};

static bool EXH_PRINTF(4, 5) tell(const struct bitmaps *b, enum exh_outcome outcome, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool ok = b->w->told || exh_inspection_remark_list(b->w->in, "bitmaps", outcome, b->w->file, at, b->w->err, fmt, args);
    va_end(args);
    return ok;
}

static bool walk_table(struct bitmaps *b, uint64_t at, uint64_t entries)
{
    uint8_t part[4096];
    uint64_t odd = 0, size = b->w->source->size, cluster = exh_qcow_cluster(b->w->q);
    b->used += entries * 8;
    if (!b->part(b->context, at, exh_qcow_whole(b->w, at, entries * 8), false, "the table of a bitmap") || !exh_inside(at, entries * 8, size) ||
        b->used / 2 > size)
        return b->w->err->code == EXH_OK;
    for (uint64_t i = 0; i < entries; i += sizeof part / 8) {
        uint64_t n = entries - i < sizeof part / 8 ? entries - i : sizeof part / 8;
        if (!exh_source_read(b->w->source, at + i * 8, part, (size_t)n * 8, b->w->err))
            return false;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t entry = exh_be64(part + k * 8), place = entry & EXH_QCOW_OFFSET;
            odd += (entry & TABLE_RESERVED) != 0 || (place != 0 && (entry & 1) != 0) || place % cluster != 0;
            if (place != 0 && !b->part(b->context, place, cluster, false, "a bitmap's cluster"))
                return false;
        }
    }
    return odd == 0 || tell(b, EXH_FAILS, at, "%llu entries of a bitmap's table have bits that are no offset of a cluster", (unsigned long long)odd);
}

/* One entry of the directory; *bytes: all of it. */
static bool walk_entry(struct bitmaps *b, uint64_t at, uint64_t *bytes)
{
    uint8_t e[ENTRY_BYTES];
    if (!exh_source_read(b->w->source, at, e, sizeof e, b->w->err))
        return false;
    uint64_t table = exh_be64(e), name = exh_be16(e + 18), extra = exh_be32(e + 20);
    uint32_t flags = exh_be32(e + 12);
    *bytes = (ENTRY_BYTES + extra + name + 7) / 8 * 8;
    if ((e[16] != 1 && !tell(b, EXH_WARNS, at + 16, "a bitmap of type %llu, which is not known", (unsigned long long)e[16])) ||
        ((flags & IN_USE) != 0 &&
         !tell(b, EXH_WARNS, at + 12, "a bitmap was in use and not saved: it may not be whole (flags 0x%llx)", (unsigned long long)flags)) ||
        ((flags & ~KNOWN_FLAGS) != 0 &&
         !tell(b, EXH_WARNS, at + 12, "a bitmap has flags 0x%llx, not all of which are known", (unsigned long long)flags)) ||
        (e[17] > GRANULARITY_MAX && !tell(b, EXH_WARNS, at + 17, "a bitmap of one bit for 2^%llu bytes", (unsigned long long)e[17])) ||
        ((name == 0 || name > NAME_MAX_BYTES) && !tell(b, EXH_WARNS, at + 18, "a bitmap has a name of %llu bytes", (unsigned long long)name)) ||
        (table % exh_qcow_cluster(b->w->q) != 0 &&
         !tell(b, EXH_FAILS, at, "the table of a bitmap at %llu, which is where no cluster begins", (unsigned long long)table)))
        return false;
    return walk_table(b, table, exh_be32(e + 8));
}

static bool walk_directory(struct bitmaps *b)
{
    uint64_t done = 0, bytes;
    if (!b->part(b->context, b->at, exh_qcow_whole(b->w, b->at, b->bytes), false, "the bitmap directory"))
        return false;
    if (!exh_inside(b->at, b->bytes, b->w->source->size))
        return true; /* told */
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->bytes - done < ENTRY_BYTES)
            return tell(b, EXH_FAILS, b->at, "the bitmap directory ends with entry %llu", (unsigned long long)i);
        if (!walk_entry(b, b->at + done, &bytes))
            return false;
        if (bytes > b->bytes - done)
            return tell(b, EXH_FAILS, b->at + done, "entry %llu passes the end of the bitmap directory", (unsigned long long)(i + 1));
        done += bytes;
    }
    return done == b->bytes ||
           tell(b, EXH_WARNS, b->at + done, "the bitmap directory has %llu bytes behind its last entry", (unsigned long long)(b->bytes - done));
}

bool exh_qcow_walk_bitmaps(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context)
{
    struct bitmaps b = {.w = w, .part = part, .context = context};
    struct exh_qcow_extension e;
    uint8_t d[24];
    bool found, current = (w->q->autoclear & 1) != 0;
    if (!exh_qcow_extension_find(w, EXH_QCOW_BITMAPS, &e, &found))
        return false;
    if (!found)
        return !current || tell(&b, EXH_WARNS, 88, "a flag says that there are bitmaps, and there are none (autoclear features 0x%llx)",
                                (unsigned long long)w->q->autoclear);
    if (!current) /* as qemu does: what a writer that knows nothing of them left of them is nobody's */
        return tell(&b, EXH_WARNS, e.at, "the bitmaps are older than the disk: they are not followed (autoclear features 0x%llx)",
                    (unsigned long long)w->q->autoclear);
    if (e.bytes != sizeof d)
        return tell(&b, EXH_FAILS, e.at, "the bitmaps extension has %llu bytes", (unsigned long long)e.bytes);
    if (!exh_source_read(w->source, e.at, d, sizeof d, w->err))
        return false;
    b.count = exh_be32(d);
    b.bytes = exh_be64(d + 8);
    b.at = exh_be64(d + 16);
    if ((b.count == 0 && !tell(&b, EXH_FAILS, e.at, "the bitmaps extension tells of %llu bitmaps", (unsigned long long)0)) ||
        (exh_be32(d + 4) != 0 &&
         !tell(&b, EXH_WARNS, e.at + 4, "a reserved field of the bitmaps extension is %llu", (unsigned long long)exh_be32(d + 4))) ||
        (b.at % exh_qcow_cluster(w->q) != 0 &&
         !tell(&b, EXH_FAILS, e.at + 16, "a bitmap directory at %llu, which is where no cluster begins", (unsigned long long)b.at)))
        return false;
    return walk_directory(&b);
}
