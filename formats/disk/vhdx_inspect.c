/* vhdx_inspect.c - what a VHDX says of itself, and whether its headers, tables and blocks agree. See vhdx.h. */
#include "formats/disk/vhdx.h"

#include "formats/disk/file_space.h"
#include "formats/model/bytes.h"

#define RESERVED 0xFFFF8ull /* bits of a BAT entry */

struct walk {
    const struct exh_vhdx *v;
    const char *file;
    struct exh_file_space *space;
    struct exh_inspection *in;
    struct exh_error *err;
    uint64_t states[8], kept;       /* blocks in each state; those without data that keep a place in the file */
    uint64_t wrong;                 /* entries that make no sense */
    uint64_t reserved, reserved_at; /* entries with reserved bits, and the first of them */
    bool partial;                   /* a block of this chunk is partly here */
};

/* ---- facts ---- */

static bool tell_guid(const struct walk *w, uint64_t at, const char *key, const uint8_t guid[16])
{
    char text[37];
    exh_vhdx_guid_text(guid, text);
    return exh_inspection_fact(w->in, w->file, at, key, w->err, "%s", text);
}

static bool tell_parent(const struct walk *w)
{
    const struct exh_vhdx_parent *p = &w->v->parent;
    const char *const keys[] = {"parent, relative path", "parent, absolute path", "parent, volume path"};
    const char *const values[] = {p->relative, p->absolute, p->volume};
    if (!w->v->differencing)
        return true;
    if (!tell_guid(w, w->v->locator.at, "parent's data write GUID", p->guid))
        return false;
    for (unsigned i = 0; i < 3; i++)
        if (values[i] != NULL && !exh_inspection_fact(w->in, w->file, w->v->locator.at, keys[i], w->err, "%.200s", values[i]))
            return false;
    return true;
}

static bool tell_facts(const struct walk *w)
{
    const struct exh_vhdx *v = w->v;
    const struct exh_vhdx_header *h = &v->headers[v->header];
    uint64_t at = EXH_VHDX_HEADER_AT(v->header);
    bool ok =
        exh_inspection_fact(w->in, w->file, v->parameters.at + 4, "type", w->err, "%s",
                            v->differencing ? "differencing"
                            : v->fixed      ? "fixed"
                                            : "dynamic") &&
        exh_inspection_fact(w->in, w->file, 8, "creator", w->err, "'%.200s'", v->creator) &&
        exh_inspection_fact(w->in, w->file, at + 66, "version", w->err, "%u, header %u with sequence number %llu", h->version, v->header + 1,
                            (unsigned long long)h->sequence) &&
        exh_inspection_fact(w->in, w->file, v->size.at, "size", w->err, "%llu bytes in sectors of %u (physical: %u)",
                            (unsigned long long)v->disk_bytes, v->logical_bytes, v->physical_bytes) &&
        exh_inspection_fact(w->in, w->file, v->parameters.at, "blocks", w->err, "%llu of %u bytes", (unsigned long long)v->blocks, v->block_bytes) &&
        tell_guid(w, at + 16, "file write GUID", h->file_guid) && tell_guid(w, at + 32, "data write GUID", h->data_guid);
    if (ok && v->disk_id.bytes != 0)
        ok = tell_guid(w, v->disk_id.at, "disk identifier", v->disk_guid);
    return ok && tell_parent(w);
}

static bool tell_log(const struct walk *w)
{
    const struct exh_vhdx_header *h = &w->v->headers[w->v->header];
    const struct exh_vhdx_log *l = &w->v->log;
    uint64_t at = EXH_VHDX_HEADER_AT(w->v->header) + 48;
    if (!l->pending)
        return exh_inspection_fact(w->in, w->file, at, "log", w->err, "empty");
    if (!tell_guid(w, at, "log GUID", h->log_guid))
        return false;
    if (l->entries == 0)
        return exh_inspection_fact(w->in, w->file, h->log_at, "log", w->err, "not empty, and without a whole run of entries") &&
               exh_inspection_remark(w->in, "log-replay", EXH_FAILS, w->file, h->log_at, w->err,
                                     "the log is not empty, but holds no whole run of entries: what is read may be older than what was written");
    return exh_inspection_fact(w->in, w->file, l->at, "log", w->err,
                               "replayed in memory: entries %llu to %llu (%u), which write %llu sectors of 4096 bytes and make %llu bytes zeros",
                               (unsigned long long)l->first, (unsigned long long)l->last, l->entries, (unsigned long long)l->sectors,
                               (unsigned long long)l->zeroed) &&
           exh_inspection_remark(w->in, "log-replay", EXH_WARNS, w->file, l->at, w->err,
                                 "the image was not closed: its log (entries: %u) is replayed in memory, and the file is left as it is", l->entries);
}

/* ---- headers and region tables ---- */

static bool tell_headers(const struct walk *w)
{
    const struct exh_vhdx *v = w->v;
    const struct exh_vhdx_header *a = &v->headers[0], *b = &v->headers[1];
    for (unsigned i = 0; i < 2; i++) {
        const struct exh_vhdx_header *h = &v->headers[i];
        if (!exh_inspection_remark(w->in, "header-checksum", h->holds ? EXH_HOLDS : EXH_WARNS, w->file, EXH_VHDX_HEADER_AT(i) + 4, w->err,
                                   h->holds    ? "the checksum of header %u holds"
                                   : h->marked ? "the checksum of header %u does not hold: the other is used"
                                               : "header %u is not there: the other is used",
                                   i + 1))
            return false;
    }
    if (!a->holds || !b->holds)
        return true;
    bool same = a->sequence == b->sequence, equal = memcmp(a->file_guid, b->file_guid, 16) == 0 && memcmp(a->data_guid, b->data_guid, 16) == 0 &&
                                                    memcmp(a->log_guid, b->log_guid, 16) == 0 && a->log_at == b->log_at &&
                                                    a->log_bytes == b->log_bytes;
    if (same && !equal)
        return exh_inspection_remark(w->in, "header-copy", EXH_FAILS, w->file, EXH_VHDX_HEADER_AT(1) + 8, w->err,
                                     "the headers differ and have the same sequence number %llu: the first is used", (unsigned long long)a->sequence);
    return exh_inspection_remark(w->in, "header-copy", EXH_HOLDS, w->file, EXH_VHDX_HEADER_AT(v->header) + 8, w->err,
                                 "header %u is the newer one (sequence numbers %llu and %llu); %s", v->header + 1, (unsigned long long)a->sequence,
                                 (unsigned long long)b->sequence, equal ? "else they are equal" : "their identifiers differ, as those of writers do");
}

static bool tell_region_tables(const struct walk *w)
{
    const struct exh_vhdx *v = w->v;
    for (unsigned i = 0; i < 2; i++)
        if (!exh_inspection_remark(
                w->in, "region-table", v->region_tables_hold[i] ? EXH_HOLDS : EXH_WARNS, w->file, EXH_VHDX_REGIONS_AT(i) + 4, w->err,
                v->region_tables_hold[i] ? "the checksum of region table %u holds" : "region table %u is broken: the other is used", i + 1))
            return false;
    return !v->region_tables_hold[0] || !v->region_tables_hold[1] ||
           exh_inspection_remark(w->in, "region-table-copy", v->region_tables_differ ? EXH_FAILS : EXH_HOLDS, w->file, EXH_VHDX_REGIONS_AT(1), w->err,
                                 v->region_tables_differ ? "the region tables both hold and differ: the first is used"
                                                         : "the region tables are equal");
}

/* ---- blocks ---- */

static bool wrong_entry(struct walk *w, uint64_t at, const char *what, uint64_t number, unsigned state)
{
    return w->wrong++ >= EXH_SPACE_TOLD || exh_inspection_remark(w->in, "block-state", EXH_FAILS, w->file, at, w->err, "%s %llu is in the state %u",
                                                                 what, (unsigned long long)number, state);
}

static bool take_block(struct walk *w, uint64_t block, uint64_t entry, uint64_t at)
{
    const struct exh_vhdx *v = w->v;
    unsigned state = entry & 7;
    uint64_t place = entry & EXH_VHDX_OFFSET;
    w->states[state]++;
    w->partial = w->partial || state == EXH_VHDX_PARTIAL;
    if (state == 4 || (state == EXH_VHDX_PARTIAL && !v->differencing))
        return wrong_entry(w, at, "block", block, state);
    if (state == EXH_VHDX_PRESENT || state == EXH_VHDX_PARTIAL)
        return exh_file_space_take(w->space, place, v->block_bytes, w->in, w->err, "block %llu", (unsigned long long)block);
    if (place < EXH_VHDX_MIB || !exh_inside(place, v->block_bytes, v->disk.sources[0]->size))
        return true;
    w->kept++; /* room that is held for it: what lies there is not the disk's any more */
    return exh_file_space_share(w->space, place, v->block_bytes, w->in, w->err, "block %llu", (unsigned long long)block);
}

static bool take_bitmap(struct walk *w, uint64_t chunk, uint64_t entry, uint64_t at)
{
    unsigned state = entry & 7;
    bool needed = w->partial;
    w->partial = false;
    if (state == EXH_VHDX_PRESENT)
        return exh_file_space_take(w->space, entry & EXH_VHDX_OFFSET, EXH_VHDX_MIB, w->in, w->err, "sector bitmap %llu", (unsigned long long)chunk);
    return (state == EXH_VHDX_NOT_PRESENT && !needed) || wrong_entry(w, at, "the sector bitmap of blocks that are partly here,", chunk, state);
}

static bool walk_table(struct walk *w)
{
    const struct exh_vhdx *v = w->v;
    uint8_t part[4096];
    for (uint64_t i = 0; i < v->bat_entries; i += sizeof part / 8) {
        uint64_t n = v->bat_entries - i < sizeof part / 8 ? v->bat_entries - i : sizeof part / 8;
        if (!exh_source_read(v->disk.sources[0], v->bat.at + i * 8, part, (size_t)n * 8, w->err))
            return false;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t entry = exh_le64(part + k * 8), at = v->bat.at + (i + k) * 8, chunk = (i + k) / (v->ratio + 1);
            uint64_t block = i + k - chunk;
            if ((entry & RESERVED) != 0 && w->reserved++ == 0)
                w->reserved_at = at;
            bool bitmap = (i + k) % (v->ratio + 1) == v->ratio;
            if (!(bitmap              ? take_bitmap(w, chunk, entry, at)
                  : block < v->blocks ? take_block(w, block, entry, at)
                                      : true)) /* a differencing table fills its last chunk up */
                return false;
        }
    }
    return true;
}

static bool tell_blocks(const struct walk *w)
{
    const uint64_t *s = w->states;
    return exh_inspection_fact(w->in, w->file, w->v->bat.at, "block states", w->err,
                               "%llu here, %llu partly, %llu absent, %llu zero, %llu unmapped, %llu undefined; %llu without data keep a place",
                               (unsigned long long)s[EXH_VHDX_PRESENT], (unsigned long long)s[EXH_VHDX_PARTIAL],
                               (unsigned long long)s[EXH_VHDX_NOT_PRESENT], (unsigned long long)s[EXH_VHDX_ZERO],
                               (unsigned long long)(s[EXH_VHDX_UNMAPPED] + s[EXH_VHDX_UNMAPPED_OLD]), (unsigned long long)s[EXH_VHDX_UNDEFINED],
                               (unsigned long long)w->kept) &&
           (w->wrong <= EXH_SPACE_TOLD || exh_inspection_remark(w->in, "block-state", EXH_FAILS, w->file, w->v->bat.at, w->err,
                                                                "%llu more of this kind", (unsigned long long)(w->wrong - EXH_SPACE_TOLD)));
}

static bool tell_odd(const struct walk *w)
{
    uint64_t stored = w->states[EXH_VHDX_PRESENT];
    return (w->reserved == 0 || exh_inspection_remark(w->in, "reserved-bits", EXH_FAILS, w->file, w->reserved_at, w->err,
                                                      "%llu entries of the block table have reserved bits set, the first at %llu",
                                                      (unsigned long long)w->reserved, (unsigned long long)w->reserved_at)) &&
           (!w->v->fixed || stored == w->v->blocks ||
            exh_inspection_remark(w->in, "block-state", EXH_WARNS, w->file, w->v->parameters.at + 4, w->err,
                                  "a fixed disk keeps all of its %llu blocks, and this one %llu", (unsigned long long)w->v->blocks,
                                  (unsigned long long)stored));
}

static bool check_space(struct walk *w)
{
    const struct exh_vhdx *v = w->v;
    const struct exh_vhdx_header *h = &v->headers[v->header];
    w->space = exh_file_space_new(w->file, v->disk.sources[0]->size, EXH_VHDX_MIB, w->err);
    bool ok = w->space != NULL && exh_file_space_take(w->space, 0, EXH_VHDX_MIB, w->in, w->err, "headers") &&
              exh_file_space_take(w->space, h->log_at, h->log_bytes, w->in, w->err, "log");
    for (size_t i = 0; ok && i < v->region_count; i++) {
        char guid[37];
        exh_vhdx_guid_text(v->regions[i].guid, guid);
        ok = exh_file_space_take(w->space, v->regions[i].at, v->regions[i].bytes, w->in, w->err, "region %s", guid);
    }
    ok = ok && walk_table(w) && tell_blocks(w) && tell_odd(w) && exh_file_space_finish(w->space, w->in, w->err);
    exh_file_space_close(w->space);
    return ok;
}

bool exh_vhdx_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    struct walk w = {.v = (const struct exh_vhdx *)disk, .file = disk->files.items[0], .in = in, .err = err};
    return tell_facts(&w) && tell_log(&w) && tell_headers(&w) && tell_region_tables(&w) && exh_vhdx_judge_fields(w.v, in, err) && check_space(&w);
}
