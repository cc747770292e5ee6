/* inspection.c - what a container shows of its structure. See inspection.h. */
#include "formats/model/inspection.h"

#include <stdarg.h>

#include "formats/model/grow.h"

static void copy_text(char *out, size_t room, const char *text) { (void)snprintf(out, room, "%s", text != NULL ? text : ""); }

bool exh_inspection_fact(struct exh_inspection *in, const char *file, uint64_t offset, const char *key, struct exh_error *err, const char *fmt, ...)
{
    if (!exh_grow((void **)&in->facts, &in->fact_capacity, in->fact_count, sizeof *in->facts, EXH_INSPECTION_MAX, "facts", err))
        return false;
    struct exh_fact *fact = &in->facts[in->fact_count++];
    copy_text(fact->key, sizeof fact->key, key);
    copy_text(fact->file, sizeof fact->file, file);
    fact->offset = offset;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(fact->value, sizeof fact->value, fmt, args);
    va_end(args);
    return true;
}

bool exh_inspection_region(struct exh_inspection *in, const struct exh_region *region, struct exh_error *err)
{
    if (!exh_grow((void **)&in->regions, &in->region_capacity, in->region_count, sizeof *in->regions, EXH_INSPECTION_MAX, "regions", err))
        return false;
    in->regions[in->region_count++] = *region;
    return true;
}

bool exh_inspection_remark_list(struct exh_inspection *in, const char *check, enum exh_outcome outcome, const char *file, uint64_t offset,
                                struct exh_error *err, const char *fmt, va_list args)
{
    if (!exh_grow((void **)&in->remarks, &in->remark_capacity, in->remark_count, sizeof *in->remarks, EXH_INSPECTION_MAX, "remarks", err))
        return false;
    struct exh_remark *remark = &in->remarks[in->remark_count++];
    copy_text(remark->check, sizeof remark->check, check);
    copy_text(remark->file, sizeof remark->file, file);
    remark->outcome = outcome;
    remark->offset = offset;
    (void)vsnprintf(remark->detail, sizeof remark->detail, fmt, args);
    return true;
}

bool exh_inspection_remark(struct exh_inspection *in, const char *check, enum exh_outcome outcome, const char *file, uint64_t offset,
                           struct exh_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool ok = exh_inspection_remark_list(in, check, outcome, file, offset, err, fmt, args);
    va_end(args);
    return ok;
}

bool exh_inspection_sum(struct exh_inspection *in, const char *file, uint64_t offset, uint32_t value, struct exh_sectors *ranges,
                        struct exh_error *err, const char *fmt, ...)
{
    if (!exh_grow((void **)&in->sums, &in->sum_capacity, in->sum_count, sizeof *in->sums, EXH_INSPECTION_MAX, "stored checksums", err)) {
        exh_sectors_close(ranges);
        return false;
    }
    struct exh_stored_sum *sum = &in->sums[in->sum_count++];
    *sum = (struct exh_stored_sum){.offset = offset, .value = value, .ranges = *ranges};
    memset(ranges, 0, sizeof *ranges);
    copy_text(sum->file, sizeof sum->file, file);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(sum->name, sizeof sum->name, fmt, args);
    va_end(args);
    return true;
}

void exh_inspection_close(struct exh_inspection *in)
{
    for (size_t i = 0; i < in->sum_count; i++)
        exh_sectors_close(&in->sums[i].ranges);
    free(in->sums);
    free(in->facts);
    free(in->regions);
    free(in->remarks);
    memset(in, 0, sizeof *in);
}
