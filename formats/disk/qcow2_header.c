/* qcow2_header.c - what is odd about the header of a QCOW file, and about its extensions ("Header", "Header extensions", docs/interop/qcow2.txt). See
 * qcow2_walk.h. What keeps the disk from being read was refused when it was opened. */
#include "formats/disk/qcow2_walk.h"

#include <stdarg.h>

#include "formats/model/bytes.h"

#define DIRTY 1u
#define CORRUPT 2u
#define DATA_FILE 4u
#define COMPRESSION 8u
#define LAZY_REFCOUNTS 1u
#define BITMAPS 1u
#define RAW_DATA_FILE 2u
#define REFCOUNT_ORDER_MAX 6u
#define HEADER_KNOWN 112u /* bytes, of which the last seven are padding */
#define BACKING_FORMAT 0xE2792ACAu
#define FEATURE_NAMES 0x6803F857u
#define DATA_FILE_NAME 0x44415441u
#define FEATURE_NAME_BYTES 48u

static bool EXH_PRINTF(5, 6) tell(const struct exh_qcow_walk *w, const char *check, enum exh_outcome outcome, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool ok = exh_inspection_remark_list(w->in, check, outcome, w->file, at, w->err, fmt, args);
    va_end(args);
    return ok;
}

/* ---- extensions ---- */

bool exh_qcow_extension_next(const struct exh_qcow_walk *w, struct exh_qcow_extension *e, bool *found)
{
    const struct exh_qcow2 *q = w->q;
    uint8_t head[8];
    uint64_t end = exh_qcow_cluster(q), at = e->at == 0 ? q->header_bytes : e->at + (e->bytes + 7ull) / 8 * 8;
    end = q->backing_at != 0 && q->backing_at < end ? q->backing_at : end;
    end = end < w->source->size ? end : w->source->size;
    *found = false;
    if (q->version == 1 || !exh_qcow_header_length_holds(q) || !exh_inside(at, sizeof head, end))
        return true;
    if (!exh_source_read(w->source, at, head, sizeof head, w->err))
        return false;
    *e = (struct exh_qcow_extension){.at = at + sizeof head, .type = exh_be32(head), .bytes = exh_be32(head + 4)};
    e->whole = e->bytes <= end - e->at;
    *found = e->type != 0;
    return true;
}

bool exh_qcow_extension_find(const struct exh_qcow_walk *w, uint32_t type, struct exh_qcow_extension *e, bool *found)
{
    *e = (struct exh_qcow_extension){0};
    do {
        if (!exh_qcow_extension_next(w, e, found))
            return false;
    } while (*found && e->type != type);
    *found = *found && e->whole;
    return true;
}

static bool judge_extension(const struct exh_qcow_walk *w, const struct exh_qcow_extension *e)
{
    if (!e->whole)
        return tell(w, "extension", EXH_FAILS, e->at - 4, "an extension of the header, of %llu bytes, passes the end of the header's cluster",
                    (unsigned long long)e->bytes);
    switch (e->type) {
    case BACKING_FORMAT:
    case EXH_QCOW_BITMAPS: return true; /* told elsewhere */
    case EXH_QCOW_LUKS:
        return e->bytes == 16 ||
               tell(w, "extension", EXH_FAILS, e->at, "the place of the encryption header has %llu bytes", (unsigned long long)e->bytes);
    case FEATURE_NAMES:
        return e->bytes % FEATURE_NAME_BYTES == 0 ||
               tell(w, "extension", EXH_WARNS, e->at, "the names of features have %llu bytes, which are no number of names",
                    (unsigned long long)e->bytes);
    case DATA_FILE_NAME:
        return (w->q->incompatible & DATA_FILE) != 0 ||
               tell(w, "extension", EXH_WARNS, e->at, "a data file is named, and no flag says that there is one (incompatible features 0x%llx)",
                    (unsigned long long)w->q->incompatible);
    default:
        return tell(w, "extension", EXH_WARNS, e->at - 8, "an extension of the header of type 0x%llx, which is not known",
                    (unsigned long long)e->type);
    }
}

static bool judge_extensions(const struct exh_qcow_walk *w)
{
    struct exh_qcow_extension e = {0};
    bool found;
    do {
        if (!exh_qcow_extension_next(w, &e, &found) || (found && !judge_extension(w, &e)))
            return false;
    } while (found && e.whole);
    return true;
}

/* ---- fields ---- */

static bool judge_features(const struct exh_qcow_walk *w)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t compatible = q->compatible & ~(uint64_t)LAZY_REFCOUNTS, autoclear = q->autoclear & ~(uint64_t)(BITMAPS | RAW_DATA_FILE);
    return ((q->incompatible & DIRTY) == 0 ||
            tell(w, "dirty", EXH_WARNS, 72, "the image was not closed: its reference counts may be wrong, its data are not")) &&
           ((q->incompatible & CORRUPT) == 0 || tell(w, "corrupt", EXH_FAILS, 72, "the image is marked corrupt by the program that wrote it")) &&
           (compatible == 0 ||
            tell(w, "feature", EXH_WARNS, 80, "compatible features 0x%llx are not known, and may be left aside", (unsigned long long)compatible)) &&
           (autoclear == 0 ||
            tell(w, "feature", EXH_WARNS, 88, "autoclear features 0x%llx are not known, and may be left aside", (unsigned long long)autoclear)) &&
           ((q->autoclear & RAW_DATA_FILE) == 0 || (q->incompatible & DATA_FILE) != 0 ||
            tell(w, "feature", EXH_WARNS, 88, "a data file is said to be raw, and there is none (autoclear features 0x%llx)",
                 (unsigned long long)q->autoclear));
}

/* The end of the header of version 3: how it is packed, and what a later version may have behind. */
static bool judge_tail(const struct exh_qcow_walk *w)
{
    const struct exh_qcow2 *q = w->q;
    uint8_t h[512];
    if (!exh_qcow_header_length_holds(q))
        return tell(w, "header", EXH_FAILS, 100, "a header of %llu bytes: what extensions there are is not known",
                    (unsigned long long)q->header_bytes);
    uint32_t length = q->header_bytes < sizeof h ? q->header_bytes : (uint32_t)sizeof h;
    if (!exh_source_read(w->source, 0, h, length, w->err))
        return false;
    bool set = (q->incompatible & COMPRESSION) != 0, other = length > 104 && h[104] != 0;
    if (set != other && !tell(w, "header", EXH_FAILS, 104, "the type of compression, %llu, and the flag that says that there is one contradict",
                              (unsigned long long)(length > 104 ? h[104] : 0)))
        return false;
    return length <= 105 || exh_all_zero(h + 105, length - 105) ||
           tell(w, "header", EXH_WARNS, 105, "of the %llu bytes of the header some behind the last that is known are not 0",
                (unsigned long long)q->header_bytes);
}

static bool judge_place(const struct exh_qcow_walk *w, uint64_t place, uint64_t field_at, enum exh_outcome outcome, const char *what)
{
    return place % exh_qcow_cluster(w->q) == 0 ||
           tell(w, "alignment", outcome, field_at, "%s at %llu is where no cluster begins", what, (unsigned long long)place);
}

bool exh_qcow_judge_header(struct exh_qcow_walk *w)
{
    const struct exh_qcow2 *q = w->q;
    if (q->version == 1)
        return true;
    return judge_features(w) && (q->version < 3 || judge_tail(w)) && judge_extensions(w) && judge_place(w, q->l1_at, 40, EXH_FAILS, "the L1 table") &&
           judge_place(w, q->refcount_at, 48, EXH_FAILS, "the refcount table") &&
           judge_place(w, q->snapshots_at, 64, q->snapshot_count > 0 ? EXH_FAILS : EXH_WARNS, "the snapshot table") &&
           (q->current_bytes % 512 == 0 ||
            tell(w, "header", EXH_WARNS, 24, "a disk of %llu bytes, which is no number of sectors", (unsigned long long)q->current_bytes)) &&
           (q->backing_at == 0 || q->backing_length != 0 ||
            tell(w, "header", EXH_WARNS, 8, "a backing file's name at %llu, which has no length", (unsigned long long)q->backing_at)) &&
           (q->backing_at < exh_qcow_cluster(q) ||
            tell(w, "header", EXH_WARNS, 8, "a backing file's name at %llu, which is not in the header's cluster",
                 (unsigned long long)q->backing_at)) &&
           (q->refcount_order <= REFCOUNT_ORDER_MAX ||
            tell(w, "refcount", EXH_FAILS, 96, "reference counts of 2^%llu bits: they are not checked", (unsigned long long)q->refcount_order));
}
