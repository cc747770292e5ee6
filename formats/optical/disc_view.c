/* disc_view.c - a disc in another shape. See disc_view.h; sectors are ECMA-130 clause 14 and CD-ROM XA, in sector.h. */
#include "formats/optical/disc_view.h"

#include "formats/model/disc.h"
#include "formats/optical/msf.h"
#include "formats/optical/sector.h"
#include "formats/optical/subchannel.h"

#define USER_BYTES 2048u
#define PIECE_SECTORS 256u /* read at once from the medium beneath where sectors change their size */

struct disc_view;

/* Makes of the `count` sectors in `from` those at `at` in `out`. */
typedef bool shape_fn(const struct disc_view *v, const struct exh_block *from, struct exh_block *out, uint32_t at, struct exh_error *err);

struct disc_view {
    struct exh_medium medium; /* first */
    struct exh_layout layout;
    struct exh_disc disc;
    struct exh_seal seal; /* unreadable ranges only */
    struct exh_medium *of;
    int64_t shift;  /* LBA beneath = LBA here + shift, of sectors of equal number */
    uint32_t first; /* track beneath of the view's first track */
    uint32_t parts; /* sectors here for one beneath */
    shape_fn *shape;
};

struct piece { /* scratch of one reading thread */
    struct exh_scratch scratch;
    struct exh_scratch *under;
    struct exh_block block;
    struct exh_faults faults;
};

static void piece_close(struct exh_scratch *scratch)
{
    struct piece *p = (struct piece *)scratch;
    exh_scratch_close(p->under);
    exh_block_close(&p->block);
    exh_faults_close(&p->faults);
    free(p);
}

static void view_close(struct exh_medium *medium)
{
    struct disc_view *v = (struct disc_view *)medium;
    exh_disc_close(&v->disc);
    exh_seal_close(&v->seal);
    free(v);
}

static bool view_past_cache(struct exh_medium *medium) { return exh_medium_past_cache(((struct disc_view *)medium)->of); }

static const struct exh_track *track_beneath(const struct disc_view *v, const struct exh_track *track)
{
    return &v->of->layout->tracks[v->first + (uint32_t)(track - v->layout.tracks)];
}

/* ---- the same sectors under other numbers ---- */

static bool same_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                      struct exh_faults *faults, struct exh_error *err)
{
    const struct disc_view *v = (const struct disc_view *)medium;
    struct exh_want under = *want;
    size_t before = faults->count;
    under.track = track_beneath(v, want->track);
    under.lba += v->shift;
    if (!exh_medium_read(v->of, scratch, &under, out, faults, err))
        return false;
    for (size_t i = before; i < faults->count; i++)
        faults->items[i].lba -= v->shift;
    out->track = want->track;
    out->lba = want->lba;
    return true;
}

static struct exh_scratch *same_scratch(struct exh_medium *medium)
{
    struct exh_medium *of = ((struct disc_view *)medium)->of;
    return of->ops->scratch_new(of);
}

static const struct exh_medium_ops same_ops = {.read = same_read, .scratch_new = same_scratch, .close = view_close, .past_cache = view_past_cache};
static const struct exh_medium_ops same_ops_plain = {.read = same_read, .close = view_close, .past_cache = view_past_cache};

/* ---- sectors of another size ---- */

static struct exh_scratch *piece_new(struct exh_medium *medium)
{
    const struct disc_view *v = (const struct disc_view *)medium;
    struct piece *p = calloc(1, sizeof *p);
    struct exh_error ignored;
    uint32_t main_bytes = 0, sub_bytes = 0;
    exh_error_clear(&ignored);
    for (uint32_t i = 0; i < v->of->layout->track_count; i++) {
        const struct exh_track *t = &v->of->layout->tracks[i];
        main_bytes = t->main_bytes > main_bytes ? t->main_bytes : main_bytes;
        sub_bytes = t->sub_bytes > sub_bytes ? t->sub_bytes : sub_bytes;
    }
    if (p == NULL)
        return NULL;
    p->scratch.close = piece_close;
    if (exh_medium_scratch(v->of, &p->under, &ignored) && exh_block_open(&p->block, PIECE_SECTORS, main_bytes, sub_bytes, &ignored))
        return &p->scratch;
    piece_close(&p->scratch);
    return NULL;
}

/* The faults beneath, in sectors of the view. */
static bool carry_faults(const struct disc_view *v, const struct exh_track *here, const struct exh_track *there, const struct exh_faults *from,
                         struct exh_faults *to, struct exh_error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        struct exh_fault fault = from->items[i];
        fault.lba = here->first + (fault.lba - there->first) * (int64_t)v->parts;
        fault.count *= v->parts;
        if (!exh_faults_add(to, &fault, err))
            return false;
    }
    return true;
}

static bool shaped_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                        struct exh_faults *faults, struct exh_error *err)
{
    const struct disc_view *v = (const struct disc_view *)medium;
    struct piece *p = (struct piece *)scratch;
    const struct exh_track *there = track_beneath(v, want->track);
    uint64_t begin = (uint64_t)(want->lba - want->track->first), end = begin + want->count, micros = 0;
    for (uint64_t done = begin; done < end;) {
        uint64_t at = done / v->parts, upto = (end + v->parts - 1) / v->parts, n = upto - at;
        struct exh_want under = {.track = there,
                                 .lba = there->first + (int64_t)at,
                                 .count = n < PIECE_SECTORS ? (uint32_t)n : PIECE_SECTORS,
                                 .effort = want->effort,
                                 .with_sub = want->with_sub,
                                 .pass = want->pass};
        p->faults.count = 0;
        if (!exh_medium_read(v->of, p->under, &under, &p->block, &p->faults, err) || !carry_faults(v, want->track, there, &p->faults, faults, err))
            return false;
        if (p->block.count != under.count)
            return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the medium ended at LBA %lld", (long long)p->block.lba + p->block.count);
        out->count = want->count;
        if (!v->shape(v, &p->block, out, (uint32_t)(done - begin), err))
            return false;
        micros += p->block.micros;
        done = (at + under.count) * v->parts < end ? (at + under.count) * v->parts : end;
    }
    out->micros = micros < UINT32_MAX ? (uint32_t)micros : UINT32_MAX;
    return true;
}

static const struct exh_medium_ops shaped_ops = {.read = shaped_read, .scratch_new = piece_new, .close = view_close, .past_cache = view_past_cache};

/* ---- what all of them are ---- */

/* The unreadable ranges of the medium beneath that lie in the view, in its sectors. */
static bool carry_unreadable(struct disc_view *v, struct exh_error *err)
{
    const struct exh_seal *said = v->of->seal;
    for (size_t i = 0; said != NULL && i < said->unreadable.count; i++) {
        const struct exh_range *r = &said->unreadable.ranges[i];
        for (uint32_t t = 0; t < v->layout.track_count; t++) {
            const struct exh_track *here = &v->layout.tracks[t], *there = track_beneath(v, here);
            int64_t base = v->shape == NULL ? here->first + v->shift : there->first, last = base + (int64_t)(here->sectors / v->parts);
            last += here->sectors % v->parts != 0;
            int64_t from = r->lba > base ? r->lba : base, to = r->lba + (int64_t)r->count < last ? r->lba + (int64_t)r->count : last;
            if (from >= to)
                continue;
            uint64_t at = (uint64_t)(from - base) * v->parts, count = (uint64_t)(to - from) * v->parts;
            count = count < here->sectors - at ? count : here->sectors - at;
            if (!exh_sectors_mark(&v->seal.unreadable, here->first + (int64_t)at, count, r->state, err))
                return false;
        }
    }
    v->seal.filled = said != NULL && said->filled;
    v->medium.seal = &v->seal;
    return true;
}

/* A view of the whole medium in its own shape, for the makers below to bend. */
static struct disc_view *view_over(struct exh_medium *of, shape_fn *shape, struct exh_error *err)
{
    struct disc_view *v = calloc(1, sizeof *v);
    if (v == NULL) {
        (void)exh_nomem(err, "a view");
        return NULL;
    }
    v->of = of;
    v->shape = shape;
    v->parts = 1;
    v->layout = *of->layout;
    v->medium = (struct exh_medium){.ops = shape != NULL                  ? &shaped_ops
                                           : of->ops->scratch_new != NULL ? &same_ops
                                                                          : &same_ops_plain,
                                    .format = of->format,
                                    .layout = &v->layout,
                                    .files = of->files,
                                    .concurrent = of->concurrent,
                                    .failing = of->failing,
                                    .unit_sectors = of->unit_sectors > 0 ? of->unit_sectors : 1};
    return v;
}

static struct exh_medium *view_done(struct disc_view *v, struct exh_error *err)
{
    if (exh_layout_check(&v->layout, err) && carry_unreadable(v, err))
        return &v->medium;
    view_close(&v->medium);
    return NULL;
}

static const struct exh_track *only_track(const struct exh_medium *of, const char *what, struct exh_error *err)
{
    const struct exh_track *t = &of->layout->tracks[0];
    if (of->layout->track_count == 1 && t->sectors != EXH_SECTORS_UNKNOWN)
        return t;
    (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s can be taken only of a medium with one track of known length; this one has %u", what,
                   of->layout->track_count);
    return NULL;
}

/* ---- one track ---- */

/* What the disc knows of this track alone. */
static bool keep_facts(struct disc_view *v, const struct exh_disc *known, const struct exh_track *t, struct exh_error *err)
{
    bool ok = true;
    if (known == NULL)
        return true;
    memcpy(v->disc.medium, known->medium, sizeof v->disc.medium);
    if (v->of->layout->track_count == 1) { /* lead-outs and TOC rows speak of places that may have moved */
        memcpy(v->disc.mcn, known->mcn, sizeof v->disc.mcn);
        for (size_t i = 0; ok && i < known->cdtext_packs; i++)
            ok = exh_disc_add_pack(&v->disc, known->cdtext + i * EXH_CDTEXT_PACK_BYTES, err);
    }
    for (size_t i = 0; ok && i < known->index_count; i++)
        if (known->indexes[i].track == t->number)
            ok = exh_disc_add_index(&v->disc, t->number, known->indexes[i].number, known->indexes[i].lba - v->shift, err);
    v->layout.disc = &v->disc;
    return ok;
}

struct exh_medium *exh_view_track(struct exh_medium *of, unsigned number, unsigned how, struct exh_error *err)
{
    const struct exh_track *t = exh_layout_track(of->layout, number);
    if (t == NULL || t->sectors == EXH_SECTORS_UNKNOWN) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "there is no track %u: the medium has %u, from %u on", number, of->layout->track_count,
                       of->layout->tracks[0].number);
        return NULL;
    }
    struct disc_view *v = view_over(of, NULL, err);
    if (v == NULL)
        return NULL;
    struct exh_track *mine = &v->layout.tracks[0];
    uint32_t left_out = (how & EXH_VIEW_PREGAP) != 0 ? 0 : t->stored_pregap;
    *mine = *t;
    mine->session = 1;
    mine->first += left_out;
    mine->sectors -= left_out;
    mine->stored_pregap -= left_out;
    mine->pregap = left_out > 0 ? 0 : t->pregap; /* of a pregap that is left out nothing is said, least that it is not stored */
    mine->sub_bytes = (how & EXH_VIEW_NO_SUB) != 0 ? 0 : t->sub_bytes;
    v->first = (uint32_t)(t - of->layout->tracks);
    v->shift = (how & EXH_VIEW_FROM_ZERO) != 0 ? exh_track_start(t) : 0;
    mine->first -= v->shift;
    v->layout.track_count = 1;
    v->layout.disc = NULL;
    if (left_out % v->medium.unit_sectors != 0)
        v->medium.unit_sectors = 1; /* stored chunks are counted from the track's first sector */
    if (!keep_facts(v, of->layout->disc, t, err)) {
        view_close(&v->medium);
        return NULL;
    }
    return view_done(v, err);
}

/* ---- user data ---- */

static const uint8_t sync[12] = {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0};

/* Where the 2048 bytes of user data begin; false where there are none: another form, or a sector that says it is of another mode than its track. */
static bool user_of(const uint8_t *sector, const struct exh_track *track, uint32_t *offset)
{
    uint32_t length;
    uint8_t mode = track->kind == EXH_TRACK_MODE1 ? 1 : 2;
    *offset = exh_sector_user(sector, track->main_bytes, track->kind, &length);
    bool framed = track->main_bytes == EXH_CD_MAIN_BYTES && memcmp(sector, sync, sizeof sync) == 0;
    return length == USER_BYTES && (!framed || sector[15] > 2 || sector[15] == mode);
}

static bool shape_user(const struct disc_view *v, const struct exh_block *from, struct exh_block *out, uint32_t at, struct exh_error *err)
{
    uint32_t size = from->track->main_bytes;
    (void)v;
    for (uint32_t i = 0; i < from->count; i++) {
        const uint8_t *sector = from->main + (size_t)i * size;
        uint32_t offset;
        out->state[at + i] = from->state[i];
        if (from->state[i] < EXH_SUSPECT)
            continue;
        if (!user_of(sector, from->track, &offset))
            return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "LBA %lld holds no 2048 bytes of user data: it is of another form or mode",
                            (long long)from->lba + i);
        memcpy(out->main + (size_t)(at + i) * USER_BYTES, sector + offset, USER_BYTES);
    }
    return true;
}

struct exh_medium *exh_view_user(struct exh_medium *of, struct exh_error *err)
{
    const struct exh_track *t = only_track(of, "user data", err);
    if (t == NULL)
        return NULL;
    if ((t->kind != EXH_TRACK_MODE1 && t->kind != EXH_TRACK_MODE2) || (t->main_bytes != EXH_CD_MAIN_BYTES && t->main_bytes != 2336) ||
        t->tail_bytes != 0) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "user data can be taken of sectors of 2352 or 2336 bytes; track %u is %s", t->number,
                       exh_track_mode(t));
        return NULL;
    }
    struct disc_view *v = view_over(of, shape_user, err);
    if (v == NULL)
        return NULL;
    v->layout.tracks[0].main_bytes = USER_BYTES;
    v->layout.tracks[0].sub_bytes = 0;
    return view_done(v, err);
}

enum exh_user_data exh_user_data_of(const uint8_t *sector, const struct exh_track *track, int64_t lba)
{
    uint8_t made[EXH_CD_MAIN_BYTES];
    uint32_t offset;
    if (!user_of(sector, track, &offset))
        return EXH_USER_UNFITTING;
    if (track->kind == EXH_TRACK_MODE1)
        exh_sector_make_mode1(made, sector + offset, lba);
    else
        exh_sector_make_form(made, sector + offset, USER_BYTES, lba);
    const uint8_t *same = track->main_bytes == EXH_CD_MAIN_BYTES ? made : made + 16;
    return memcmp(same, sector, track->main_bytes) == 0 ? EXH_USER_WHOLE : EXH_USER_MORE;
}

/* ---- framed ---- */

static void frame(uint8_t *out, const uint8_t *stored, const struct exh_track *track, int64_t lba)
{
    if (track->main_bytes == EXH_CD_MAIN_BYTES) {
        memcpy(out, stored, EXH_CD_MAIN_BYTES);
    } else if (track->kind == EXH_TRACK_MODE0) {
        uint8_t msf[3];
        exh_lba_msf(lba, msf);
        memcpy(out, sync, sizeof sync);
        for (unsigned i = 0; i < 3; i++)
            out[12 + i] = exh_to_bcd(msf[i]);
        out[15] = 0;
        memcpy(out + 16, stored, 2336);
    } else if (track->kind == EXH_TRACK_MODE2 && track->main_bytes == 2336) {
        exh_sector_make_mode2(out, stored, lba);
    } else if (track->kind == EXH_TRACK_MODE2) {
        exh_sector_make_form(out, stored, track->main_bytes, lba);
    } else {
        exh_sector_make_mode1(out, stored, lba);
    }
}

static bool shape_framed(const struct disc_view *v, const struct exh_block *from, struct exh_block *out, uint32_t at, struct exh_error *err)
{
    const struct exh_track *t = from->track;
    (void)v;
    (void)err;
    for (uint32_t i = 0; i < from->count; i++) {
        out->state[at + i] = from->state[i];
        if (from->state[i] >= EXH_SUSPECT)
            frame(out->main + (size_t)(at + i) * EXH_CD_MAIN_BYTES, from->main + (size_t)i * t->main_bytes, t, from->lba + i);
    }
    if (t->sub_bytes > 0 && out->sub != NULL) {
        memcpy(out->sub + (size_t)at * t->sub_bytes, from->sub, (size_t)from->count * t->sub_bytes);
        memcpy(out->sub_state + at, from->sub_state, from->count);
    }
    return true;
}

static bool framed_track(struct exh_track *t, struct exh_error *err)
{
    bool data = t->kind == EXH_TRACK_MODE1 || t->kind == EXH_TRACK_MODE2 || t->kind == EXH_TRACK_MODE0;
    bool known = t->main_bytes == EXH_CD_MAIN_BYTES ||
                 (t->main_bytes == 2048 && (t->kind == EXH_TRACK_BLOCKS || t->kind == EXH_TRACK_MODE1 || t->kind == EXH_TRACK_MODE2)) ||
                 (t->main_bytes == 2324 && t->kind == EXH_TRACK_MODE2) ||
                 (t->main_bytes == 2336 && (t->kind == EXH_TRACK_MODE2 || t->kind == EXH_TRACK_MODE0));
    if (!known || t->sectors == EXH_SECTORS_UNKNOWN || t->tail_bytes != 0 ||
        (!data && t->kind == EXH_TRACK_AUDIO && t->main_bytes != EXH_CD_MAIN_BYTES))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "track %u (%s) does not hold whole sectors that can be framed as 2352 bytes", t->number,
                        exh_track_mode(t));
    if (t->first < EXH_LBA_MIN || t->first + (int64_t)t->sectors > EXH_LBA_MAX)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "track %u ends at LBA %lld: no sector of a CD has such an address", t->number,
                        (long long)(t->first + (int64_t)t->sectors));
    if (t->kind == EXH_TRACK_BLOCKS && t->main_bytes == USER_BYTES)
        t->kind = EXH_TRACK_MODE1;
    if (t->kind == EXH_TRACK_MODE1)
        t->control |= EXH_CONTROL_DATA;
    t->main_bytes = EXH_CD_MAIN_BYTES;
    return true;
}

struct exh_medium *exh_view_framed(struct exh_medium *of, struct exh_error *err)
{
    struct disc_view *v = view_over(of, shape_framed, err);
    bool ok = v != NULL;
    for (uint32_t i = 0; ok && i < v->layout.track_count; i++)
        ok = framed_track(&v->layout.tracks[i], err);
    if (ok) {
        v->layout.kind = EXH_LAYOUT_DISC;
        return view_done(v, err);
    }
    if (v != NULL)
        view_close(&v->medium);
    return NULL;
}

/* ---- blocks ---- */

static bool shape_blocks(const struct disc_view *v, const struct exh_block *from, struct exh_block *out, uint32_t at, struct exh_error *err)
{
    uint32_t size = from->track->main_bytes / v->parts;
    uint64_t skip = (uint64_t)(out->lba + at) % v->parts, all = (uint64_t)from->count * v->parts - skip;
    uint32_t n = all < out->count - at ? (uint32_t)all : out->count - at;
    (void)err;
    memcpy(out->main + (size_t)at * size, from->main + (size_t)skip * size, (size_t)n * size);
    for (uint32_t i = 0; i < n; i++)
        out->state[at + i] = from->state[(skip + i) / v->parts];
    return true;
}

struct exh_medium *exh_view_blocks(struct exh_medium *of, uint32_t bytes, struct exh_error *err)
{
    const struct exh_track *t = only_track(of, "blocks", err);
    if (t == NULL)
        return NULL;
    if (bytes == 0 || t->main_bytes % bytes != 0) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "sectors of %u bytes do not divide into blocks of %u", t->main_bytes, bytes);
        return NULL;
    }
    uint64_t media = exh_layout_bytes(of->layout);
    struct disc_view *v = view_over(of, shape_blocks, err);
    if (v == NULL)
        return NULL;
    v->parts = t->main_bytes / bytes;
    exh_layout_disk(&v->layout, media, bytes);
    v->medium.unit_sectors *= v->parts;
    return view_done(v, err);
}
