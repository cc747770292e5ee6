/* vhdx_log.c - the log of a VHDX, replayed in memory. See vhdx_log.h; MS-VHDX, 2.3.
 *
 * The log is a ring of 4 KiB sectors. An entry is a header with descriptors, then one sector of data for each descriptor that writes data. What the
 * entries change is painted, newest first, into pieces that do not overlap; a read looks its piece up. */
#include "formats/disk/vhdx_log.h"

#include <stdlib.h>

#include "formats/container/crc32c.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define ENTRY_HEADER 64u
#define DESCRIPTOR 32u
#define CLAIMS_MAX 4u /* so many times the log's length do entries claim at most, whole or broken */

struct change { /* [at, end) of the file */
    uint64_t at, end;
    uint64_t data_at; /* a data sector of the log, in the file; 0: zeros */
    uint8_t leading[8], trailing[4];
};

struct entry {
    uint32_t at, bytes, tail; /* in the log */
    uint32_t descriptors;
    uint64_t sequence, flushed, last;
    bool follows; /* another one leads to it */
};

struct overlay {
    struct exh_source source;
    struct exh_source *file;
    struct change *pieces; /* ascending, disjoint */
    size_t count, capacity;
};

struct log {
    struct exh_source *file;
    uint64_t at;
    uint32_t bytes;
    const uint8_t *guid;
    struct entry *entries; /* by their place */
    size_t count, capacity;
    struct change *changes; /* in their order */
    size_t change_count, change_capacity;
    struct exh_vhdx_log *told;
};

/* ---- the ring ---- */

static uint64_t place(const struct log *l, uint32_t at, uint64_t ahead) { return l->at + (at + ahead) % l->bytes; }

static bool read_sector(const struct log *l, uint32_t at, uint64_t ahead, uint8_t out[EXH_VHDX_SECTOR], struct exh_error *err)
{
    return exh_source_read(l->file, place(l, at, ahead), out, EXH_VHDX_SECTOR, err);
}

#ifdef EXH_FUZZING
static bool checksum_holds(const struct log *l, const struct entry *e, bool *holds, struct exh_error *err)
{
    (void)l, (void)e, (void)err;
    return *holds = true;
}
#else
static bool checksum_holds(const struct log *l, const struct entry *e, bool *holds, struct exh_error *err)
{
    uint8_t sector[EXH_VHDX_SECTOR];
    uint32_t sum = 0, stored = 0;
    for (uint32_t done = 0; done < e->bytes; done += EXH_VHDX_SECTOR) {
        if (!read_sector(l, e->at, done, sector, err))
            return false;
        if (done == 0) {
            stored = exh_le32(sector + 4);
            exh_put_le32(sector + 4, 0);
        }
        sum = exh_crc32c(sum, sector, sizeof sector);
    }
    *holds = sum == stored;
    return true;
}
#endif

/* ---- entries ---- */

/* A header of this log at `at` whose numbers make sense. */
static bool parse_entry(const struct log *l, uint32_t at, const uint8_t *h, struct entry *e)
{
    *e = (struct entry){.at = at,
                        .bytes = exh_le32(h + 8),
                        .tail = exh_le32(h + 12),
                        .sequence = exh_le64(h + 16),
                        .descriptors = exh_le32(h + 24),
                        .flushed = exh_le64(h + 48),
                        .last = exh_le64(h + 56)};
    return memcmp(h, "loge", 4) == 0 && e->bytes >= EXH_VHDX_SECTOR && e->bytes % EXH_VHDX_SECTOR == 0 && e->bytes <= l->bytes &&
           e->tail < l->bytes && e->tail % EXH_VHDX_SECTOR == 0 && e->sequence != 0 && e->last <= EXH_VHDX_FILE_MAX &&
           memcmp(h + 32, l->guid, 16) == 0 && ENTRY_HEADER + (uint64_t)e->descriptors * DESCRIPTOR <= e->bytes;
}

/* The descriptor as a change; false when it is none. */
static bool parse_descriptor(const uint8_t *d, uint64_t sequence, struct change *c)
{
    bool data = memcmp(d, "desc", 4) == 0;
    uint64_t length = data ? EXH_VHDX_SECTOR : exh_le64(d + 8);
    *c = (struct change){.at = exh_le64(d + 16)};
    if ((!data && memcmp(d, "zero", 4) != 0) || exh_le64(d + 24) != sequence || c->at % EXH_VHDX_SECTOR != 0 || length % EXH_VHDX_SECTOR != 0 ||
        !exh_inside(c->at, length, EXH_VHDX_FILE_MAX))
        return false;
    c->end = c->at + length;
    c->data_at = data; /* its place is the caller's to say */
    memcpy(c->trailing, d + 4, 4);
    memcpy(c->leading, d + 8, 8);
    return true;
}

static bool data_sector_agrees(const uint8_t *s, uint64_t sequence)
{
    return memcmp(s, "data", 4) == 0 && exh_le32(s + 4) == (uint32_t)(sequence >> 32) && exh_le32(s + 4092) == (uint32_t)sequence;
}

static bool add_change(struct log *l, const struct change *c, struct exh_error *err)
{
    if (c->end == c->at)
        return true;
    if (!exh_grow((void **)&l->changes, &l->change_capacity, l->change_count, sizeof *l->changes, EXH_VHDX_CHANGES_MAX, "changes in the log", err))
        return false;
    l->changes[l->change_count++] = *c;
    l->told->sectors += c->data_at != 0;
    l->told->zeroed += c->data_at != 0 ? 0 : c->end - c->at;
    return true;
}

/* Goes through the descriptors and data sectors of an entry: *holds when all are in order. With `keep`, the changes are added. */
static bool walk_entry(struct log *l, const struct entry *e, bool keep, bool *holds, struct exh_error *err)
{
    uint8_t head[EXH_VHDX_SECTOR], data[EXH_VHDX_SECTOR];
    uint64_t data_at = (ENTRY_HEADER + (uint64_t)e->descriptors * DESCRIPTOR + EXH_VHDX_SECTOR - 1) / EXH_VHDX_SECTOR * EXH_VHDX_SECTOR;
    *holds = false;
    for (uint64_t i = 0, at = ENTRY_HEADER; i < e->descriptors; i++, at += DESCRIPTOR) {
        struct change c;
        if ((i == 0 || at % EXH_VHDX_SECTOR == 0) && !read_sector(l, e->at, at / EXH_VHDX_SECTOR * EXH_VHDX_SECTOR, head, err))
            return false;
        if (!parse_descriptor(head + at % EXH_VHDX_SECTOR, e->sequence, &c))
            return true;
        if (c.data_at != 0) {
            if (data_at >= e->bytes)
                return true;
            if (!keep && !read_sector(l, e->at, data_at, data, err))
                return false;
            if (!keep && !data_sector_agrees(data, e->sequence))
                return true;
            c.data_at = place(l, e->at, data_at);
            data_at += EXH_VHDX_SECTOR;
        }
        if (keep && !add_change(l, &c, err))
            return false;
    }
    *holds = true;
    return true;
}

/* Every whole entry of the ring. What lies within a whole one is not looked at again. */
static bool find_entries(struct log *l, struct exh_error *err)
{
    uint64_t claimed = 0;
    for (uint64_t at = 0; at < l->bytes;) {
        uint8_t h[ENTRY_HEADER];
        struct entry e;
        bool holds = false;
        uint64_t data = exh_source_next_data(l->file, l->at + at) - l->at;
        if (data >= at + EXH_VHDX_SECTOR) { /* a hole of the file, of which a log may have gigabytes */
            at = data / EXH_VHDX_SECTOR * EXH_VHDX_SECTOR;
            continue;
        }
        if (!exh_source_read(l->file, l->at + at, h, sizeof h, err))
            return false;
        if (parse_entry(l, (uint32_t)at, h, &e)) {
            claimed += e.bytes;
            if (claimed > (uint64_t)l->bytes * CLAIMS_MAX)
                return exh_fail(err, EXH_LIMIT, l->at + at, "the entries of the log claim more than %u times its length", CLAIMS_MAX);
            if (!checksum_holds(l, &e, &holds, err) || (holds && !walk_entry(l, &e, false, &holds, err)))
                return false;
        }
        if (holds && !exh_grow((void **)&l->entries, &l->capacity, l->count, sizeof e, EXH_VHDX_CHANGES_MAX, "entries in the log", err))
            return false;
        if (holds)
            l->entries[l->count++] = e;
        at += holds ? e.bytes : EXH_VHDX_SECTOR;
    }
    return true;
}

static struct entry *entry_at(const struct log *l, uint64_t at)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->entries[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->entries[low].at == at ? &l->entries[low] : NULL;
}

static struct entry *next_of(const struct log *l, const struct entry *e)
{
    struct entry *next = entry_at(l, ((uint64_t)e->at + e->bytes) % l->bytes);
    return next != NULL && next->sequence == e->sequence + 1 ? next : NULL;
}

/* The run that counts: *tail to *head, as the head says; NULL when there is none. */
static void find_active(const struct log *l, const struct entry **tail, const struct entry **head)
{
    *tail = *head = NULL;
    for (size_t i = 0; i < l->count; i++) {
        struct entry *next = next_of(l, &l->entries[i]);
        if (next != NULL)
            next->follows = true;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->entries[i].follows)
            continue;
        const struct entry *last = &l->entries[i], *from = NULL;
        for (const struct entry *n; (n = next_of(l, last)) != NULL;)
            last = n;
        for (const struct entry *e = &l->entries[i]; e != NULL && from == NULL; e = next_of(l, e))
            from = e->at == last->tail ? e : NULL;
        if (from != NULL && (*head == NULL || last->sequence > (*head)->sequence)) {
            *tail = from;
            *head = last;
        }
    }
}

static bool collect(struct log *l, struct exh_error *err)
{
    const struct entry *tail, *head;
    bool holds;
    find_active(l, &tail, &head);
    l->told->file_bytes = l->file->size;
    if (head == NULL)
        return true;
    if (l->file->size < head->flushed)
        return exh_fail(err, EXH_CORRUPT, l->at + head->at + 48, "the file was cut: its log says that it had %llu bytes, but it ends at %llu",
                        (unsigned long long)head->flushed, (unsigned long long)l->file->size);
    l->told->at = l->at + head->at;
    l->told->first = tail->sequence;
    l->told->last = head->sequence;
    for (const struct entry *e = tail; e != NULL; e = next_of(l, e)) {
        if (!walk_entry(l, e, true, &holds, err))
            return false;
        l->told->entries++;
        l->told->file_bytes = e->last > l->told->file_bytes ? e->last : l->told->file_bytes;
    }
    for (size_t i = 0; i < l->change_count; i++)
        if (l->changes[i].end > l->told->file_bytes)
            l->told->file_bytes = l->changes[i].end;
    return true;
}

/* ---- painting ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static size_t find_bound(const uint64_t *bounds, size_t count, uint64_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bounds[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first stretch from `i` on that nobody has painted yet. */
static size_t unpainted(uint32_t *skip, size_t i)
{
    while (skip[i] != i) {
        skip[i] = skip[skip[i]];
        i = skip[i];
    }
    return i;
}

/* Stretches between neighbouring bounds: owner[i] is the newest change that covers [bounds[i], bounds[i + 1]), counted from 1; 0: none. */
static void paint(const struct log *l, const uint64_t *bounds, size_t count, uint32_t *skip, uint32_t *owner)
{
    for (size_t i = 0; i <= count; i++)
        skip[i] = (uint32_t)i;
    for (size_t c = l->change_count; c-- > 0;) {
        const struct change *change = &l->changes[c];
        for (size_t i = unpainted(skip, find_bound(bounds, count, change->at)); i + 1 < count && bounds[i] < change->end; i = unpainted(skip, i)) {
            owner[i] = (uint32_t)c + 1;
            skip[i] = (uint32_t)i + 1;
        }
    }
}

static bool add_pieces(struct overlay *o, const struct log *l, const uint64_t *bounds, size_t count, const uint32_t *owner, struct exh_error *err)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (owner[i] == 0)
            continue;
        if (!exh_grow((void **)&o->pieces, &o->capacity, o->count, sizeof *o->pieces, 4u * EXH_VHDX_CHANGES_MAX, "pieces of the log", err))
            return false;
        o->pieces[o->count] = l->changes[owner[i] - 1]; /* data lie on whole sectors, so that a piece of data is never cut */
        o->pieces[o->count].at = bounds[i];
        o->pieces[o->count++].end = bounds[i + 1];
    }
    return true;
}

static bool settle(struct overlay *o, const struct log *l, struct exh_error *err)
{
    size_t n = l->change_count * 2, count = 0;
    if (n == 0)
        return true;
    uint64_t *bounds = calloc(n, sizeof *bounds);
    uint32_t *skip = calloc(n + 1, sizeof *skip), *owner = calloc(n, sizeof *owner);
    bool ok = bounds != NULL && skip != NULL && owner != NULL;
    if (ok) {
        for (size_t i = 0; i < l->change_count; i++) {
            bounds[2 * i] = l->changes[i].at;
            bounds[2 * i + 1] = l->changes[i].end;
        }
        qsort(bounds, n, sizeof *bounds, by_value);
        for (size_t i = 0; i < n; i++)
            if (count == 0 || bounds[i] != bounds[count - 1])
                bounds[count++] = bounds[i];
        paint(l, bounds, count, skip, owner);
        ok = add_pieces(o, l, bounds, count, owner, err);
    } else {
        (void)exh_nomem(err, "the changes of a log");
    }
    free(bounds);
    free(skip);
    free(owner);
    return ok;
}

/* ---- the source ---- */

/* The first piece that ends behind `at`. */
static const struct change *piece_behind(const struct overlay *o, uint64_t at)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (o->pieces[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < o->count ? &o->pieces[low] : NULL;
}

/* Out of the file; behind its end lies what the log made it grow by, which reads as zeros. */
static size_t read_file(struct overlay *o, uint64_t at, uint8_t *to, size_t length, struct exh_error *err)
{
    size_t there = at >= o->file->size ? 0 : o->file->size - at < length ? (size_t)(o->file->size - at) : length;
    size_t good = there == 0 ? 0 : exh_source_read_some(o->file, at, to, there, err);
    if (good < there)
        return good;
    memset(to + there, 0, length - there);
    return length;
}

static bool read_piece(struct overlay *o, const struct change *c, uint64_t at, uint8_t *to, size_t length, struct exh_error *err)
{
    uint8_t sector[EXH_VHDX_SECTOR];
    if (c->data_at == 0) {
        memset(to, 0, length);
        return true;
    }
    if (!exh_source_read(o->file, c->data_at, sector, sizeof sector, err))
        return false;
    memcpy(sector, c->leading, sizeof c->leading);
    memcpy(sector + sizeof sector - sizeof c->trailing, c->trailing, sizeof c->trailing);
    memcpy(to, sector + (at - c->at), length);
    return true;
}

static size_t overlay_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    struct overlay *o = (struct overlay *)source;
    for (size_t done = 0, n, good; done < length; done += n) {
        uint64_t at = offset + done;
        uint8_t *to = (uint8_t *)buffer + done;
        const struct change *c = piece_behind(o, at);
        uint64_t border = c == NULL ? UINT64_MAX : c->at > at ? c->at : c->end;
        n = border - at < length - done ? (size_t)(border - at) : length - done;
        if (c != NULL && c->at <= at)
            good = read_piece(o, c, at, to, n, err) ? n : 0;
        else
            good = read_file(o, at, to, n, err);
        if (good < n)
            return done + good;
    }
    return length;
}

static uint64_t overlay_next_data(struct exh_source *source, uint64_t offset)
{
    struct overlay *o = (struct overlay *)source;
    uint64_t next = offset < o->file->size ? exh_source_next_data(o->file, offset) : source->size;
    if (next >= o->file->size)
        next = source->size;
    const struct change *c = piece_behind(o, offset);
    uint64_t changed = c == NULL ? source->size : c->at > offset ? c->at : offset;
    return changed < next ? changed : next;
}

void exh_vhdx_replay_release(struct exh_source *overlay)
{
    if (overlay != NULL)
        free(((struct overlay *)overlay)->pieces);
    free(overlay);
}

static void overlay_close(struct exh_source *source)
{
    struct exh_source *file = ((struct overlay *)source)->file;
    exh_vhdx_replay_release(source);
    exh_source_close(file);
}

static const struct exh_source_ops overlay_ops = {.read = overlay_read, .close = overlay_close, .next_data = overlay_next_data};

struct exh_source *exh_vhdx_replay(struct exh_source *file, uint64_t log_at, uint32_t log_bytes, const uint8_t guid[16], struct exh_vhdx_log *told,
                                   struct exh_error *err)
{
    struct log l = {.file = file, .at = log_at, .bytes = log_bytes, .guid = guid, .told = told};
    struct overlay *o = calloc(1, sizeof *o);
    *told = (struct exh_vhdx_log){.pending = true};
    if (o == NULL) {
        (void)exh_nomem(err, "a log");
        return NULL;
    }
    bool ok = find_entries(&l, err) && collect(&l, err) && settle(o, &l, err);
    free(l.entries);
    free(l.changes);
    if (!ok) {
        exh_vhdx_replay_release(&o->source);
        return NULL;
    }
    o->source = (struct exh_source){&overlay_ops, told->file_bytes, file->name};
    o->file = file;
    return &o->source;
}
