/* mapped_disk.c - a disk whose blocks lie anywhere in its files. See mapped_disk.h. */
#include "formats/disk/mapped_disk.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define PAGE_BYTES 65536u
#define PAGES 8u /* tables are walked forward; several files and two levels share them */

struct page {
    uint8_t *bytes; /* PAGE_BYTES, made when first used */
    uint64_t number, valid;
    uint32_t file;
    bool used;
};

struct exh_table_pages {
    struct page pages[PAGES];
    unsigned next;
};

struct reader { /* scratch of one reading thread */
    struct exh_scratch scratch;
    struct exh_table_pages tables;
    struct exh_unpacker *unpacker;
    uint8_t *packed, *unit;
    uint64_t unit_at; /* of what is in `unit`, when unit_bytes is not 0 */
    uint32_t unit_bytes;
    struct exh_scratch *parent;
    struct exh_block parent_block;
    struct exh_faults parent_faults;
};

/* ---- tables ---- */

static struct page *page_at(struct exh_table_pages *t, const struct exh_mapped_disk *d, uint32_t file, uint64_t number, struct exh_error *err)
{
    for (unsigned i = 0; i < PAGES; i++)
        if (t->pages[i].used && t->pages[i].file == file && t->pages[i].number == number)
            return &t->pages[i];
    struct page *p = &t->pages[t->next];
    t->next = (t->next + 1) % PAGES;
    if (p->bytes == NULL && (p->bytes = malloc(PAGE_BYTES)) == NULL) {
        (void)exh_nomem(err, "a table page");
        return NULL;
    }
    p->used = false;
    struct exh_source *source = d->sources[file];
    uint64_t offset = number * PAGE_BYTES, left = source->size - offset;
    p->valid = left < PAGE_BYTES ? left : PAGE_BYTES;
    if (!exh_source_read(source, offset, p->bytes, (size_t)p->valid, err))
        return NULL;
    p->file = file;
    p->number = number;
    p->used = true;
    return p;
}

bool exh_table_get(struct exh_table_pages *pages, const struct exh_mapped_disk *disk, uint32_t file, uint64_t offset, void *out, size_t bytes,
                   struct exh_error *err)
{
    if (!exh_inside(offset, bytes, disk->sources[file]->size)) {
        (void)exh_fail(err, EXH_CORRUPT, offset, "a table entry lies outside the file");
        return exh_in_file(err, disk->files.items[file]);
    }
    for (size_t done = 0, n; done < bytes; done += n) {
        uint64_t at = offset + done, in_page = at % PAGE_BYTES;
        const struct page *p = page_at(pages, disk, file, at / PAGE_BYTES, err);
        if (p == NULL)
            return false;
        n = bytes - done < PAGE_BYTES - in_page ? bytes - done : (size_t)(PAGE_BYTES - in_page);
        memcpy((uint8_t *)out + done, p->bytes + in_page, n);
    }
    return true;
}

/* ---- scratch ---- */

static void reader_close(struct exh_scratch *scratch)
{
    struct reader *r = (struct reader *)scratch;
    for (unsigned i = 0; i < PAGES; i++)
        free(r->tables.pages[i].bytes);
    exh_unpacker_close(r->unpacker);
    free(r->packed);
    free(r->unit);
    exh_scratch_close(r->parent);
    exh_block_close(&r->parent_block);
    exh_faults_close(&r->parent_faults);
    free(r);
}

static bool open_parent(struct reader *r, struct exh_medium *parent)
{
    struct exh_error ignored = {0};
    uint32_t size = parent->layout->tracks[0].main_bytes;
    return exh_medium_scratch(parent, &r->parent, &ignored) && exh_block_open(&r->parent_block, (1u << 20) / size, size, 0, &ignored);
}

static struct exh_scratch *reader_new(struct exh_medium *medium)
{
    const struct exh_mapped_disk *d = (const struct exh_mapped_disk *)medium;
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->scratch.close = reader_close;
    bool ok = true;
    if (d->unit_bytes_max > 0) {
        r->unpacker = exh_unpacker_new();
        r->packed = malloc(d->packed_bytes_max);
        r->unit = malloc(d->unit_bytes_max);
        ok = r->unpacker != NULL && r->packed != NULL && r->unit != NULL;
    }
    if (ok && (d->parent == NULL || open_parent(r, d->parent)))
        return &r->scratch;
    reader_close(&r->scratch);
    return NULL;
}

/* ---- reading ---- */

struct run { /* one read under way; positions are bytes of the disk */
    const struct exh_mapped_disk *disk;
    struct reader *reader;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
    struct exh_error *err;
    uint64_t begin;
    bool all_zero, any_hole; /* so far */
};

static bool ends_reading(enum exh_code code) { return code != EXH_CORRUPT && code != EXH_IO && code != EXH_LIMIT && code != EXH_UNSUPPORTED; }

bool exh_table_ahead(struct exh_table_pages *pages, const struct exh_mapped_disk *disk, uint32_t file, uint64_t offset, void *out, size_t bytes,
                     bool *got, struct exh_error *err)
{
    struct exh_error why = {0};
    *got = exh_table_get(pages, disk, file, offset, out, bytes, &why);
    if (*got || !ends_reading(why.code))
        return true;
    *err = why;
    return false;
}

/* [at, at + bytes) was not got: its sectors, whole, are in `state`. */
static bool lose(struct run *r, uint64_t at, uint64_t bytes, enum exh_state state, uint32_t file, uint64_t offset, int sys)
{
    uint32_t size = r->want->track->main_bytes;
    uint32_t first = (uint32_t)((at - r->begin) / size), last = (uint32_t)((at - r->begin + bytes - 1) / size);
    last = last < r->want->count ? last : r->want->count - 1;
    for (uint32_t i = first; i <= last; i++)
        if (r->out->state[i] > state)
            r->out->state[i] = (uint8_t)state;
    struct exh_fault fault = {.lba = r->want->lba + first, .count = last - first + 1, .sys = sys, .file = file + 1, .at = offset, .attempt = 1};
    return exh_faults_add(r->faults, &fault, r->err);
}

/* What was read of a place, from its byte `from` on, as far as it is whole sectors. */
static bool make_plain(struct run *r, const struct exh_place *p, uint64_t from, uint8_t *bytes, size_t length)
{
    return p->kind != EXH_PLACE_ENCRYPTED ||
           exh_sector_decrypt(r->disk->cipher, p->sector + from / EXH_CRYPT_SECTOR, bytes, length / EXH_CRYPT_SECTOR * EXH_CRYPT_SECTOR, r->err);
}

static bool read_data(struct run *r, uint64_t at, uint64_t bytes, const struct exh_place *p)
{
    struct exh_source *source = r->disk->sources[p->file];
    uint8_t *to = r->out->main + (at - r->begin);
    if (p->kind == EXH_PLACE_ENCRYPTED) /* behind a short last sector the block has room, and the file the rest of the cipher's sector */
        bytes = (bytes + EXH_CRYPT_SECTOR - 1) / EXH_CRYPT_SECTOR * EXH_CRYPT_SECTOR;
    if (p->kind == EXH_PLACE_DATA && exh_source_next_data(source, p->offset) >= p->offset + bytes && exh_inside(p->offset, bytes, source->size)) {
        memset(to, 0, (size_t)bytes); /* a hole of the file */
        r->any_hole = true;
        return true;
    }
    r->all_zero = false;
    struct exh_error why = {0};
    size_t good = exh_source_read_some(source, p->offset, to, (size_t)bytes, &why);
    if (good == bytes)
        return make_plain(r, p, 0, to, good);
    if (why.code != EXH_OK && ends_reading(why.code)) {
        *r->err = why;
        return false;
    }
    if (why.code == EXH_OK) /* the file ends here */
        return make_plain(r, p, 0, to, good) && lose(r, at + good, bytes - good, EXH_MISSING, p->file, p->offset + good, 0);
    uint32_t size = r->want->track->main_bytes;
    if (!make_plain(r, p, 0, to, good / size * size))
        return false;
    for (uint64_t pos = good / size * size; pos < bytes; pos += size) { /* one by one: a bad sector costs no neighbour */
        size_t n = bytes - pos < size ? (size_t)(bytes - pos) : size;
        struct exh_error single = {0};
        if (exh_source_read_some(source, p->offset + pos, to + pos, n, &single) == n) {
            if (!make_plain(r, p, pos, to + pos, n))
                return false;
            continue;
        }
        if (single.code != EXH_OK && ends_reading(single.code)) {
            *r->err = single;
            return false;
        }
        if (!lose(r, at + pos, n, single.code == EXH_OK ? EXH_MISSING : EXH_BAD, p->file, p->offset + pos, single.sys))
            return false;
    }
    return true;
}

/* The unit is in the reader's buffer. False: it could not be had; r->err is set only when reading cannot go on. */
static bool have_unit(struct run *r, const struct exh_place *p, struct exh_error *why)
{
    struct reader *reader = r->reader;
    if (reader->unit_bytes != 0 && reader->unit_at == p->unit_at)
        return true;
    reader->unit_bytes = 0;
    if (p->packed_bytes > r->disk->packed_bytes_max || p->unit_bytes > r->disk->unit_bytes_max || p->unit_bytes == 0)
        return exh_fail(why, EXH_LIMIT, p->offset, "a packed unit of %u bytes that makes %u", p->packed_bytes, p->unit_bytes);
    if (!exh_source_read(r->disk->sources[p->file], p->offset, reader->packed, p->packed_bytes, why) ||
        !exh_unpack(reader->unpacker, p->codec, reader->packed, p->packed_bytes, reader->unit, p->unit_bytes, NULL, why))
        return false;
    reader->unit_at = p->unit_at;
    reader->unit_bytes = p->unit_bytes;
    return true;
}

static bool read_packed(struct run *r, uint64_t at, uint64_t bytes, const struct exh_place *p)
{
    struct exh_error why = {0};
    r->all_zero = false;
    if (at < p->unit_at || !exh_inside(at - p->unit_at, bytes, p->unit_bytes))
        return exh_fail(r->err, EXH_BUG, p->offset, "a place passes its packed unit");
    if (have_unit(r, p, &why)) {
        memcpy(r->out->main + (at - r->begin), r->reader->unit + (at - p->unit_at), (size_t)bytes);
        return true;
    }
    if (ends_reading(why.code)) {
        *r->err = why;
        return false;
    }
    return lose(r, at, bytes, why.code == EXH_IO ? EXH_BAD : EXH_MISSING, p->file, p->offset, why.sys);
}

/* A parent is read in blocks of its own; what lies behind its end is zeros. */
static bool read_parent(struct run *r, uint64_t at, uint64_t bytes)
{
    struct exh_medium *parent = r->disk->parent;
    uint8_t *to = r->out->main + (at - r->begin);
    memset(to, 0, (size_t)bytes);
    if (parent == NULL) {
        r->any_hole = true;
        return true;
    }
    const struct exh_track *t = &parent->layout->tracks[0];
    uint64_t end = exh_layout_bytes(parent->layout);
    struct reader *reader = r->reader;
    for (uint64_t done = 0, n; done < bytes && at + done < end; done += n) {
        uint64_t pos = at + done, lba = pos / t->main_bytes, skip = pos % t->main_bytes;
        uint64_t count = (skip + (bytes - done) + t->main_bytes - 1) / t->main_bytes;
        count = count < reader->parent_block.room_sectors ? count : reader->parent_block.room_sectors;
        count = count < t->sectors - lba ? count : t->sectors - lba;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = (uint32_t)count, .effort = r->want->effort};
        reader->parent_faults.count = 0;
        if (!exh_medium_read(parent, reader->parent, &want, &reader->parent_block, &reader->parent_faults, r->err))
            return exh_context(r->err, "of the parent");
        const struct exh_block *b = &reader->parent_block;
        uint64_t got = exh_block_bytes(b) - skip;
        n = got < bytes - done ? got : bytes - done;
        memcpy(to + done, b->main + skip, (size_t)n);
        if (b->kind == EXH_BLOCK_DATA)
            r->all_zero = false;
        else if (b->kind == EXH_BLOCK_UNALLOCATED)
            r->any_hole = true;
        for (uint32_t i = 0; b->bad > 0 && i < b->count; i++)
            if (b->state[i] != EXH_GOOD) {
                uint64_t from = (lba + i) * t->main_bytes;
                from = from > at ? from : at;
                if (from < at + bytes && !lose(r, from, 1, (enum exh_state)b->state[i], 0, EXH_NO_OFFSET, 0))
                    return false;
            }
    }
    return true;
}

static bool read_place(struct run *r, uint64_t at, uint64_t bytes, const struct exh_place *p)
{
    switch (p->kind) {
    case EXH_PLACE_DATA:
    case EXH_PLACE_ENCRYPTED: return read_data(r, at, bytes, p);
    case EXH_PLACE_PACKED: return read_packed(r, at, bytes, p);
    case EXH_PLACE_PARENT: return read_parent(r, at, bytes);
    case EXH_PLACE_LOST: r->all_zero = false; return lose(r, at, bytes, EXH_MISSING, p->file, p->offset, 0);
    case EXH_PLACE_HOLE: r->any_hole = true; break;
    case EXH_PLACE_ZERO: break;
    }
    memset(r->out->main + (at - r->begin), 0, (size_t)bytes);
    return true;
}

/* What lies at `at`, no further than `most`; a place whose table cannot be used is LOST as far as the reader's unit goes. */
static bool find(struct run *r, uint64_t at, uint64_t most, struct exh_place *out)
{
    const struct exh_mapped_disk *d = r->disk;
    struct exh_error why = {0};
    *out = (struct exh_place){.kind = EXH_PLACE_LOST};
    if (!d->ops->find(d, &r->reader->tables, at, out, &why)) {
        if (ends_reading(why.code)) {
            *r->err = why;
            return false;
        }
        uint64_t unit = (uint64_t)d->medium.unit_sectors * d->layout.tracks[0].main_bytes;
        *out = (struct exh_place){.kind = EXH_PLACE_LOST, .bytes = unit - at % unit, .offset = why.at};
    }
    if (out->bytes == 0)
        return exh_fail(r->err, EXH_BUG, EXH_NO_OFFSET, "a place of no length at byte %llu", (unsigned long long)at);
    out->bytes = out->bytes < most ? out->bytes : most;
    return true;
}

static bool disk_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                      struct exh_faults *faults, struct exh_error *err)
{
    uint64_t begin = (uint64_t)want->lba * want->track->main_bytes, bytes = exh_track_bytes(want->track, want->lba, want->count);
    struct run r = {.disk = (const struct exh_mapped_disk *)medium,
                    .reader = (struct reader *)scratch,
                    .want = want,
                    .out = out,
                    .faults = faults,
                    .err = err,
                    .begin = begin,
                    .all_zero = true};
    memset(out->state, EXH_GOOD, want->count);
    for (uint64_t done = 0; done < bytes;) {
        struct exh_place p;
        if (!find(&r, begin + done, bytes - done, &p) || !read_place(&r, begin + done, p.bytes, &p))
            return false;
        done += p.bytes;
    }
    if (r.all_zero)
        out->kind = r.any_hole ? EXH_BLOCK_UNALLOCATED : EXH_BLOCK_ZERO;
    return true;
}

/* Of `most` bytes of the parent from `at` on; what lies behind its end is zeros. */
static uint64_t hole_of_parent(struct exh_medium *parent, struct reader *reader, uint64_t at, uint64_t most)
{
    if (parent == NULL)
        return most;
    const struct exh_track *t = &parent->layout->tracks[0];
    uint64_t end = exh_layout_bytes(parent->layout), lba = at / t->main_bytes;
    if (at >= end)
        return most;
    if (at % t->main_bytes != 0)
        return 0;
    uint64_t wanted = (most + t->main_bytes - 1) / t->main_bytes;
    wanted = wanted < t->sectors - lba ? wanted : t->sectors - lba;
    uint64_t bytes = exh_medium_hole(parent, reader->parent, t, (int64_t)lba, wanted) * t->main_bytes;
    return bytes < most ? bytes : most;
}

/* How much of a place is empty. */
static uint64_t hole_of_place(const struct exh_mapped_disk *d, struct reader *reader, const struct exh_place *p, uint64_t at, uint64_t bytes)
{
    uint64_t data;
    switch (p->kind) {
    case EXH_PLACE_HOLE:
    case EXH_PLACE_ZERO: return bytes;
    case EXH_PLACE_PARENT: return hole_of_parent(d->parent, reader, at, bytes);
    case EXH_PLACE_DATA:
        if (!exh_inside(p->offset, bytes, d->sources[p->file]->size))
            return 0;
        data = exh_source_next_data(d->sources[p->file], p->offset);
        return data - p->offset < bytes ? data - p->offset : bytes;
    case EXH_PLACE_ENCRYPTED: /* zeros in the file are none on the disk */
    case EXH_PLACE_PACKED:
    case EXH_PLACE_LOST: break;
    }
    return 0;
}

static uint64_t disk_hole(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_track *track, int64_t lba, uint64_t most)
{
    const struct exh_mapped_disk *d = (const struct exh_mapped_disk *)medium;
    struct reader *reader = (struct reader *)scratch;
    uint64_t begin = (uint64_t)lba * track->main_bytes, bytes = most * track->main_bytes, done = 0, n = 0;
    for (uint64_t at = begin; done < bytes; done += n, at += n) {
        struct exh_place p = {0};
        struct exh_error ignored = {0}; /* it is told when the place is read */
        uint64_t disk_end = exh_layout_bytes(&d->layout);
        if (at >= disk_end) /* behind a short last sector */
            return most;
        if (!d->ops->find(d, &reader->tables, at, &p, &ignored) || p.bytes == 0)
            break;
        uint64_t whole = p.bytes < bytes - done ? p.bytes : bytes - done;
        n = hole_of_place(d, reader, &p, at, whole);
        if (n < whole) {
            done += n;
            break;
        }
    }
    return done / track->main_bytes;
}

static bool disk_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_mapped_disk *d = (struct exh_mapped_disk *)medium;
    return d->ops->inspect == NULL || d->ops->inspect(d, in, err);
}

void exh_mapped_disk_close(struct exh_mapped_disk *d)
{
    if (d == NULL)
        return;
    if (d->ops != NULL && d->ops->close != NULL)
        d->ops->close(d);
    for (size_t i = 0; i < d->source_count; i++)
        exh_source_close(d->sources[i]);
    free(d->sources);
    exh_names_close(&d->files);
    exh_seal_close(&d->seal);
    exh_medium_close(d->parent);
    exh_sector_cipher_close(d->cipher);
    free(d);
}

void exh_mapped_disk_abandon(struct exh_mapped_disk *d, const struct exh_source *source)
{
    for (size_t i = 0; i < d->source_count; i++)
        if (d->sources[i] == source)
            d->sources[i] = NULL;
    exh_mapped_disk_close(d);
}

static void disk_close(struct exh_medium *medium) { exh_mapped_disk_close((struct exh_mapped_disk *)medium); }

static const struct exh_medium_ops disk_ops = {
    .read = disk_read, .inspect = disk_inspect, .scratch_new = reader_new, .close = disk_close, .hole = disk_hole};

bool exh_mapped_disk_file(struct exh_mapped_disk *d, struct exh_source *source, const char *path, uint32_t *index, struct exh_error *err)
{
    if (!exh_grow((void **)&d->sources, &d->source_capacity, d->source_count, sizeof(struct exh_source *), EXH_MAPPED_FILES_MAX, "files of one disk",
                  err) ||
        !exh_names_add(&d->files, path, err))
        return false;
    *index = (uint32_t)d->source_count;
    d->sources[d->source_count++] = source;
    return true;
}

bool exh_mapped_disk_ready(struct exh_mapped_disk *d, const char *format, uint32_t unit_sectors, struct exh_error *err)
{
    if (!exh_layout_check(&d->layout, err))
        return false;
    if (d->unit_bytes_max > EXH_UNIT_BYTES_MAX || d->packed_bytes_max > 2 * EXH_UNIT_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "packed units of %u bytes", d->unit_bytes_max);
    if (d->cipher != NULL && d->layout.tracks[0].main_bytes % EXH_CRYPT_SECTOR != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the disk is encrypted by sectors of %u bytes: %u are no number of them", EXH_CRYPT_SECTOR,
                        d->layout.tracks[0].main_bytes);
    if (d->parent != NULL && d->parent->layout->track_count != 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the parent is a disc of several tracks");
    d->medium = (struct exh_medium){.ops = &disk_ops,
                                    .format = format,
                                    .layout = &d->layout,
                                    .seal = d->has_seal ? &d->seal : NULL,
                                    .files = &d->files,
                                    .caveat = d->caveat != NULL || d->parent == NULL ? d->caveat : d->parent->caveat,
                                    .concurrent = d->parent == NULL || d->parent->concurrent,
                                    .unit_sectors = unit_sectors > 0 ? unit_sectors : 1};
    return true;
}
