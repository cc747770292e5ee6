/* nbd.c - an export as a medium. See nbd.h; the protocol is behind nbd_link.h.
 *
 * A request takes a journey, and one at a time leaves the server idle meanwhile; so the blocks that are likely to be asked next are asked before.
 * What was read ahead is used only by the very next wants. Anything else drops it: a sector that is read again, because the route doubts it,
 * must come from the server and not from here. After an error nothing is read ahead for a while, so that a dying disk is asked only for
 * what the route wants. */
#include <errno.h>

#include "acquire/narrow.h"
#include "acquire/nbd.h"
#include "acquire/nbd_link.h"
#include "formats/model/text.h"

#define SLOTS (EXH_NBD_AHEAD + 1u) /* one is always left for what is wanted now, whatever is still under way */
#define WARY_READS 64u             /* so many reads after one that failed nothing is read ahead */
#define LOOK_AGAIN_S 5u            /* so long a second connection may take: a server that takes one at a time lets it wait */
#define WARN_S 10u

struct slot {
    struct exh_nbd_request request;
    int64_t lba;
    uint32_t count; /* sectors; 0: free, or still under way for nobody */
};

struct nbd {
    struct exh_medium medium;
    struct exh_layout layout;
    char *name, *uri; /* as given, and as libnbd has it */
    struct exh_nbd_patience patience;
    struct exh_nbd_facts facts; /* as of the open */
    struct exh_nbd_link *link;  /* NULL: none, because the last one broke */
    uint32_t piece;             /* sectors of one request */
    uint64_t ahead_end;         /* nothing is read ahead from this LBA on */
    struct slot slots[SLOTS];
    int64_t next;    /* LBA behind the last request that went well; -1: it did not */
    uint32_t wary;   /* reads still to be made without reading ahead */
    uint32_t failed; /* requests in a row */
    bool one_only;   /* the server takes no second connection */
};

/* One want on its way. */
struct run {
    struct nbd *nbd;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
    struct exh_error *err;
    uint32_t attempt;
    bool reconnected;
};

static uint32_t sector_bytes_of(const struct nbd *d) { return d->layout.tracks[0].main_bytes; }

/* ---- one export, however often it is connected to ---- */

static bool changed(struct exh_error *err, const char *what, const char *before, const char *now)
{
    return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the medium changed: %s was %s, now it is %s", what, before, now);
}

static bool changed_number(struct exh_error *err, const char *what, uint64_t before, uint64_t now)
{
    char a[24], b[24];
    (void)snprintf(a, sizeof a, "%llu", (unsigned long long)before);
    (void)snprintf(b, sizeof b, "%llu", (unsigned long long)now);
    return changed(err, what, a, b);
}

static bool same_export(const struct exh_nbd_facts *before, const struct exh_nbd_facts *now, struct exh_error *err)
{
    if (before->bytes != now->bytes)
        return changed_number(err, "its size in bytes", before->bytes, now->bytes);
    if (before->block_minimum != now->block_minimum)
        return changed_number(err, "its least block size", before->block_minimum, now->block_minimum);
    if (strcmp(before->name, now->name) != 0)
        return changed(err, "its name", before->name, now->name);
    if (strcmp(before->description, now->description) != 0)
        return changed(err, "its description", before->description, now->description);
    return true;
}

/* Requests that were under way are nobody's any more. */
static void hang_up(struct nbd *d)
{
    exh_nbd_link_close(d->link);
    d->link = NULL;
    d->next = -1;
    for (size_t i = 0; i < SLOTS; i++) {
        d->slots[i].count = 0;
        d->slots[i].request.under_way = false;
    }
}

/* A new connection to what was opened. */
static bool call_again(struct nbd *d, struct exh_error *err)
{
    hang_up(d);
    d->link = exh_nbd_link_open(d->uri, &d->patience, err);
    if (d->link != NULL && same_export(&d->facts, exh_nbd_link_facts(d->link), err))
        return true;
    hang_up(d);
    return false;
}

/* A second connection beside the one that stands, to see whether the export is still what it was. That none can be made proves nothing: the server
 * may take only one. */
static bool look_again(struct nbd *d, struct exh_error *err)
{
    const struct exh_nbd_patience brief = {.watch = d->patience.watch, .timeout_s = LOOK_AGAIN_S};
    struct exh_error why = {0};
    if (d->one_only)
        return true;
    struct exh_nbd_link *second = exh_nbd_link_open(d->uri, &brief, &why);
    if (second == NULL && (why.code == EXH_CANCELLED || why.code == EXH_NOMEM)) {
        *err = why;
        return false;
    }
    d->one_only = second == NULL;
    if (second == NULL)
        exh_watch_warn(d->patience.watch, "%s: a second connection cannot be made (%s), so whether the export is still the same is not checked",
                       d->name, why.text);
    bool same = second == NULL || same_export(&d->facts, exh_nbd_link_facts(second), err);
    exh_nbd_link_close(second);
    return same;
}

/* ---- one request ---- */

static bool lost(const struct run *r, int64_t lba, const char *why)
{
    (void)exh_fail(r->err, EXH_GONE, (uint64_t)lba * sector_bytes_of(r->nbd), "device lost at LBA %lld: %s", (long long)lba, why);
    (void)exh_on_side(r->err, EXH_SIDE_SOURCE);
    return exh_in_file(r->err, r->nbd->name);
}

/* The connection broke, or the server is about to leave: once in a read it is made again. */
static bool reconnect(struct run *r, int64_t lba)
{
    struct nbd *d = r->nbd;
    const char *broken = d->link != NULL ? exh_nbd_link_broken(d->link) : NULL;
    char first[280], text[512];
    struct exh_error why = {0};
    (void)snprintf(first, sizeof first, "%s", broken != NULL ? broken : d->link != NULL ? "the server is shutting down" : "there is no connection");
    if (r->reconnected) {
        hang_up(d);
        return lost(r, lba, first);
    }
    r->reconnected = true;
    if (call_again(d, &why)) {
        exh_watch_warn(d->patience.watch, "%s: %s at LBA %lld; connected again, to the same export", d->name, first, (long long)lba);
        return true;
    }
    if (why.code == EXH_CANCELLED || why.code == EXH_NOMEM || why.code == EXH_TIMED_OUT) {
        *r->err = why;
        return exh_in_file(r->err, d->name);
    }
    (void)snprintf(text, sizeof text, "%s, and then: %.200s", first, why.text);
    return lost(r, lba, text);
}

/* The slot in which just this is on its way, or has come; or a free one, and then nothing that was read ahead is of use any more. */
static struct slot *slot_for(struct nbd *d, int64_t lba, uint32_t count, bool *asked)
{
    struct slot *free_slot = NULL;
    for (size_t i = 0; i < SLOTS && lba == d->next; i++)
        if (d->slots[i].count >= count && d->slots[i].lba == lba) {
            *asked = true;
            return &d->slots[i];
        }
    for (size_t i = 0; i < SLOTS; i++) {
        d->slots[i].count = 0;
        if (!d->slots[i].request.under_way)
            free_slot = &d->slots[i];
    }
    *asked = false;
    return free_slot;
}

static bool ask(struct nbd *d, struct slot *s, int64_t lba, uint32_t count, struct exh_error *err)
{
    if (s->request.buffer == NULL && (s->request.buffer = malloc((size_t)d->piece * sector_bytes_of(d))) == NULL)
        return exh_nomem(err, "a buffer for an NBD request");
    s->lba = lba;
    s->count = count;
    s->request.offset = (uint64_t)lba * sector_bytes_of(d);
    s->request.length = (uint32_t)exh_track_bytes(&d->layout.tracks[0], lba, count);
    exh_nbd_link_ask(d->link, &s->request);
    return true;
}

/* What is likely to be wanted behind `lba`, as many requests as may be under way; fewer where memory is out. */
static void read_ahead(struct nbd *d, int64_t lba, uint32_t count)
{
    struct exh_error ignored = {0};
    uint64_t end = d->ahead_end;
    uint32_t busy = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *s = &d->slots[i];
        busy += s->count > 0 || s->request.under_way;
        if (s->count > 0 && s->lba + s->count > lba)
            lba = s->lba + s->count;
    }
    for (size_t i = 0; i < SLOTS && busy < EXH_NBD_AHEAD && (uint64_t)lba < end; i++) {
        struct slot *s = &d->slots[i];
        if (s->count > 0 || s->request.under_way)
            continue;
        uint32_t n = count < end - (uint64_t)lba ? count : (uint32_t)(end - (uint64_t)lba);
        if (!ask(d, s, lba, n, &ignored))
            return;
        lba += n;
        busy++;
    }
}

/* A run of failures may be bad sectors, or a disk that is gone while its server says EIO for ever. */
static bool note_failure(struct run *r, int64_t lba, uint32_t count, const struct exh_nbd_request *request)
{
    struct nbd *d = r->nbd;
    struct exh_error why = {0};
    struct exh_fault fault = {.lba = lba,
                              .count = count,
                              .sys = request->sys,
                              .milliseconds = (uint32_t)((request->answered_us - request->asked_us) / 1000u),
                              .attempt = r->attempt};
    d->wary = WARY_READS;
    d->next = -1;
    d->failed++;
    if (!exh_faults_add(r->faults, &fault, r->err))
        return false;
    if (d->failed < EXH_NARROW_BAD_RUN || (d->failed & (d->failed - 1)) != 0 || look_again(d, &why))
        return true;
    if (why.code == EXH_GONE)
        return lost(r, lba, why.text);
    *r->err = why;
    return false;
}

static void take(struct run *r, struct slot *s, uint32_t pos, uint32_t count)
{
    struct nbd *d = r->nbd;
    int64_t lba = r->want->lba + pos;
    bool follows = lba == d->next && d->wary == 0;
    memcpy(r->out->main + (size_t)pos * sector_bytes_of(d), s->request.buffer, (size_t)exh_track_bytes(r->want->track, lba, count));
    memset(r->out->state + pos, EXH_GOOD, count);
    s->count = 0;
    d->failed = 0;
    d->next = lba + count;
    uint32_t likely = r->want->count < d->piece ? r->want->count : d->piece;
    /* A short block is the last one of a range, or one of those with which a bad area is narrowed down. */
    if (follows && count == likely)
        read_ahead(d, d->next, likely);
}

/* Reads `count` sectors, no more than a piece, and says whether they are good. False: reading cannot go on. */
static bool request(struct run *r, uint32_t pos, uint32_t count, bool *good)
{
    struct nbd *d = r->nbd;
    int64_t lba = r->want->lba + pos;
    for (;;) {
        bool asked;
        if (d->link == NULL && !reconnect(r, lba))
            return false;
        struct slot *s = slot_for(d, lba, count, &asked);
        if (s == NULL)
            return exh_fail(r->err, EXH_BUG, EXH_NO_OFFSET, "no room for an NBD request");
        if (!asked && !ask(d, s, lba, count, r->err))
            return false;
        if (!exh_nbd_link_wait(d->link, &s->request, &d->patience, r->err)) {
            hang_up(d); /* a later read begins with a new connection */
            return r->err->code == EXH_TIMED_OUT ? exh_context(r->err, "LBA %lld", (long long)lba) || exh_in_file(r->err, d->name) : false;
        }
        *good = s->request.sys == 0;
        if (*good) {
            take(r, s, pos, count);
            return true;
        }
        bool same = s->count == count;
        s->count = 0;
        if (exh_nbd_link_broken(d->link) != NULL || s->request.sys == ESHUTDOWN) {
            if (!reconnect(r, lba))
                return false;
        } else if (same) {
            return note_failure(r, lba, count, &s->request);
        } /* otherwise more was read ahead than is wanted, and what failed may be the rest */
    }
}

/* ---- the medium ---- */

static bool attempt(void *context, uint32_t pos, uint32_t count, uint32_t *good)
{
    struct run *r = context;
    bool fine = true;
    for (*good = 0; fine && *good < count;) {
        uint32_t n = count - *good < r->nbd->piece ? count - *good : r->nbd->piece;
        if (!request(r, pos + *good, n, &fine))
            return false;
        *good += fine ? n : 0;
    }
    return true;
}

static bool read_sectors(struct run *r)
{
    uint32_t good, count = r->want->count;
    if (!attempt(r, 0, count, &good))
        return false;
    if (good == count || r->want->effort == EXH_ONCE)
        return true;
    r->attempt = 2;
    const struct exh_narrow narrow = {.context = r, .attempt = attempt, .state = r->out->state};
    return exh_narrow(&narrow, good, count);
}

static bool nbd_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    struct nbd *d = (struct nbd *)medium;
    struct run r = {.nbd = d, .want = want, .out = out, .faults = faults, .err = err, .attempt = 1};
    uint64_t began = exh_nbd_now_us();
    if (d->wary > 0)
        d->wary--;
    bool ok = read_sectors(&r);
    uint64_t micros = exh_nbd_now_us() - began;
    /* How long it was waited for: of what was read ahead, that is the part that the medium was too slow by. 0 would say "not told". */
    out->micros = micros == 0 ? 1 : micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros;
    return ok;
}

static void nbd_close(struct exh_medium *medium)
{
    struct nbd *d = (struct nbd *)medium;
    hang_up(d);
    for (size_t i = 0; i < SLOTS; i++)
        free(d->slots[i].request.buffer);
    free(d->name);
    free(d->uri);
    free(d);
}

static const struct exh_medium_ops nbd_ops = {.read = nbd_read, .close = nbd_close};

static bool choose_sizes(struct nbd *d, uint32_t sector_bytes, struct exh_error *err)
{
    uint32_t least = d->facts.block_minimum, most = d->facts.block_maximum;
    uint32_t sector = sector_bytes != 0 ? sector_bytes : least > 512 ? least : 512;
    if (least > EXH_SECTOR_BYTES_MAX)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the server reads blocks of %u bytes and no smaller ones", least);
    if (sector > EXH_SECTOR_BYTES_MAX || (least != 0 && sector % least != 0) || (most != 0 && sector > most))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "sectors of %u bytes were asked for, but the server reads multiples of %u up to %u", sector,
                        least != 0 ? least : 1, most != 0 && most < EXH_SECTOR_BYTES_MAX ? most : EXH_SECTOR_BYTES_MAX);
    if (d->facts.bytes > EXH_MEDIA_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a medium of %llu bytes", (unsigned long long)d->facts.bytes);
    d->piece = (most != 0 && most < EXH_NBD_REQUEST_BYTES ? most : EXH_NBD_REQUEST_BYTES) / sector;
    exh_layout_disk(&d->layout, d->facts.bytes, sector);
    d->ahead_end = d->layout.tracks[0].sectors;
    return exh_layout_check(&d->layout, err);
}

static bool prepare(struct nbd *d, const char *name, const struct exh_nbd_options *options, struct exh_error *err)
{
    d->patience = (struct exh_nbd_patience){
        .watch = options->watch, .timeout_s = options->timeout_s, .warn_s = options->warn_s != 0 ? options->warn_s : WARN_S};
    d->name = exh_text_copy(name, strlen(name));
    if (d->name == NULL)
        return exh_nomem(err, "a name");
    d->uri = exh_nbd_uri(name, err);
    if (d->uri == NULL)
        return false;
    d->link = exh_nbd_link_open(d->uri, &d->patience, err);
    if (d->link == NULL)
        return exh_in_file(err, name);
    d->facts = *exh_nbd_link_facts(d->link);
    return choose_sizes(d, options->sector_bytes, err) || exh_in_file(err, name);
}

struct exh_medium *exh_nbd_open(const char *name, const struct exh_nbd_options *options, struct exh_error *err)
{
    struct nbd *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "an NBD export");
        return NULL;
    }
    d->next = -1;
    d->medium = (struct exh_medium){.ops = &nbd_ops, .format = "nbd", .layout = &d->layout, .failing = true, .unit_sectors = 1};
    if (prepare(d, name, options, err))
        return &d->medium;
    nbd_close(&d->medium);
    return NULL;
}

void exh_nbd_until(struct exh_medium *medium, uint64_t lba)
{
    struct nbd *d = (struct nbd *)medium;
    d->ahead_end = lba < d->layout.tracks[0].sectors ? lba : d->layout.tracks[0].sectors;
}

const struct exh_nbd_facts *exh_nbd_facts(const struct exh_medium *medium) { return &((const struct nbd *)medium)->facts; }

bool exh_nbd_identity(const struct exh_medium *medium, struct exh_fields *out, struct exh_error *err)
{
    const struct exh_nbd_facts *f = exh_nbd_facts(medium);
    const char *name = f->name[0] != '\0' ? f->name : NULL;
    return exh_fields_set(out, "model", f->description[0] != '\0' ? f->description : name, err) && exh_fields_set(out, "export", name, err) &&
           exh_fields_set(out, "bus", "nbd", err);
}

/* Any answer will do: it is the export of the handshake that gives it. */
static bool answers(struct nbd *d, struct exh_error *err)
{
    uint8_t *buffer = d->facts.bytes > 0 ? malloc(sector_bytes_of(d)) : NULL;
    struct exh_nbd_request one = {.buffer = buffer, .length = (uint32_t)exh_track_bytes(&d->layout.tracks[0], 0, 1)};
    if (buffer == NULL)
        return d->facts.bytes == 0 || exh_nomem(err, "a sector");
    exh_nbd_link_ask(d->link, &one);
    bool done = exh_nbd_link_wait(d->link, &one, &d->patience, err);
    const char *broken = exh_nbd_link_broken(d->link);
    bool ok = done && (broken == NULL || exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the server is gone: %s", broken));
    if (!ok) /* also takes the buffer out of libnbd's hands */
        hang_up(d);
    free(buffer);
    return ok;
}

bool exh_nbd_same(struct exh_medium *medium, struct exh_error *err)
{
    struct nbd *d = (struct nbd *)medium;
    bool stands = d->link != NULL && exh_nbd_link_broken(d->link) == NULL;
    bool same = stands ? look_again(d, err) && (!d->one_only || answers(d, err)) : call_again(d, err);
    if (same)
        return true;
    if (err->code == EXH_NOT_FOUND || err->code == EXH_IO)
        err->code = EXH_GONE;
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    return exh_in_file(err, d->name);
}
