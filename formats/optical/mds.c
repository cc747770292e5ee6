/* mds.c - Alcohol images read: from the descriptor's blocks to tracks in the data files. See mds.h, mds_blocks.h. */
#include "formats/optical/mds.h"

#include <stdlib.h>

#include "formats/container/siblings.h"
#include "formats/container/source_split.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "formats/optical/first_sectors.h"
#include "formats/optical/mds_blocks.h"
#include "formats/optical/mds_structures.h"
#include "formats/optical/msf.h"
#include "formats/optical/stored_disc.h"

#define DVD_SECTOR_BYTES 2048u

struct data { /* a data file, joined where it is split; tracks share it */
    uint32_t files, footers_at;
    char *key;  /* the paths of its parts: two tracks may name the same file each in a footer of its own */
    char *path; /* of the first */
    struct exh_source *source;
    uint32_t file;  /* as the disc counts it */
    uint64_t reach; /* the end of what tracks take of it */
};

struct reader {
    const struct exh_open *options;
    const struct exh_mds *mds;
    struct exh_source *source; /* the descriptor */
    const char *path;
    struct exh_stored_disc *disc;
    struct exh_inspection *notes;
    struct data data[EXH_LAYOUT_TRACKS_MAX];
    uint32_t data_count;
    struct exh_track before; /* the last track that was added; number 0 = none yet */
    struct exh_error *err;
};

/* ---- the data files ---- */

/* "*.mdf": the descriptor's own name, with that extension. */
static char *real_name(struct reader *r, char *name)
{
    if (strncmp(name, "*.", 2) != 0)
        return name;
    const char *base = exh_text_base(r->path), *dot = strrchr(base, '.');
    char *full = exh_text_format("%.*s%s", (int)(dot != NULL && dot != base ? dot - base : (long)strlen(base)), base, name + 1);
    if (full == NULL)
        (void)exh_nomem(r->err, "a file name");
    free(name);
    return full;
}

/* Opens part `index` and adds its path to the key. */
static struct exh_source *open_part(struct reader *r, const struct exh_mds_block *b, uint32_t index, char **key, char **path)
{
    *path = NULL;
    char *name = exh_mds_file_name(r->mds, b, index, r->err);
    bool derived = name != NULL && name[0] == '*', as_named = true;
    if (name != NULL)
        name = real_name(r, name);
    if (name == NULL)
        return NULL;
    struct exh_source *source = NULL;
    if (r->options->siblings != NULL)
        source = exh_siblings_referenced(r->options->siblings, name, r->options->past_cache, path, &as_named, r->err);
    else
        (void)exh_fail(r->err, EXH_NOT_FOUND, EXH_NO_OFFSET, "its sectors lie in another file, '%.200s', which cannot be had", name);
    bool ok = source != NULL && (exh_text_append(key, "%s\n", *path) || exh_nomem(r->err, "a path")) &&
              (as_named || derived ||
               exh_inspection_remark(r->notes, "file-name", EXH_WARNS, r->path, b->footers_at, r->err,
                                     "the descriptor says '%.100s', which is found as '%.100s'", name, exh_text_base(*path)));
    free(name);
    if (ok)
        return source;
    exh_source_close(source);
    free(*path);
    *path = NULL;
    return NULL;
}

/* The parts behind the first are listed as files too: the joined one stands under the first one's path. */
static bool list_parts(struct reader *r, char *const *paths, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t index;
        struct exh_source *again = exh_siblings_open(r->options->siblings, exh_text_base(paths[i]), true, r->options->past_cache, r->err);
        if (again == NULL || !exh_stored_disc_file(r->disc, again, paths[i], &index, r->err))
            return false;
    }
    return count == 1 ||
           exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "data_parts", r->err, "%s and %u more, joined", exh_text_base(paths[0]), count - 1);
}

static bool known_key(const struct reader *r, const char *key, uint32_t *index)
{
    for (*index = 0; *index < r->data_count; ++*index)
        if (strcmp(r->data[*index].key, key) == 0)
            return true;
    return false;
}

/* The parts are open: one source of them, unless another footer has named them before. */
static bool add_data(struct reader *r, const struct exh_mds_block *b, struct exh_source **parts, char **paths, char **key, uint32_t *index)
{
    if (known_key(r, *key, index)) {
        for (uint32_t i = 0; i < b->files; i++)
            exh_source_close(parts[i]);
        memset(parts, 0, b->files * sizeof *parts);
        return true;
    }
    struct data *d = &r->data[r->data_count];
    *d = (struct data){.files = b->files, .footers_at = b->footers_at, .key = *key};
    *key = NULL;
    *index = r->data_count++;
    d->path = exh_text_copy(paths[0], strlen(paths[0]));
    d->source = b->files == 1 ? parts[0] : exh_split_join(parts, b->files, exh_text_base(paths[0]), r->err);
    memset(parts, 0, b->files * sizeof *parts);
    if (d->path == NULL && d->source != NULL) {
        exh_source_close(d->source);
        return exh_nomem(r->err, "a path");
    }
    return d->source != NULL && exh_stored_disc_file(r->disc, d->source, paths[0], &d->file, r->err) && list_parts(r, paths, b->files);
}

static bool open_data(struct reader *r, const struct exh_mds_block *b, uint32_t *index)
{
    for (*index = 0; *index < r->data_count; ++*index)
        if (r->data[*index].footers_at == b->footers_at && r->data[*index].files == b->files)
            return true;
    struct exh_source **parts = calloc(b->files, sizeof *parts);
    char **paths = calloc(b->files, sizeof *paths), *key = NULL;
    bool ok = (parts != NULL && paths != NULL && r->data_count < EXH_LAYOUT_TRACKS_MAX) || exh_nomem(r->err, "the data files");
    for (uint32_t i = 0; ok && i < b->files; i++) {
        ok = (parts[i] = open_part(r, b, i, &key, &paths[i])) != NULL;
        for (uint32_t before = 0; ok && before < i; before++)
            ok = strcmp(paths[before], paths[i]) != 0 ||
                 exh_fail(r->err, EXH_CORRUPT, b->footers_at, "offset %u: track %u names one file twice", b->footers_at, b->number);
    }
    ok = ok && add_data(r, b, parts, paths, &key, index);
    for (uint32_t i = 0; i < b->files; i++) {
        if (parts != NULL)
            exh_source_close(parts[i]);
        if (paths != NULL)
            free(paths[i]);
    }
    free(parts);
    free(paths);
    free(key);
    return ok;
}

/* ---- the form of a track ---- */

static enum exh_track_kind said_kind(const struct exh_mds_block *b)
{
    unsigned type = b->mode & 7;
    return type == 1 ? EXH_TRACK_AUDIO : type == 2 ? EXH_TRACK_MODE1 : EXH_TRACK_MODE2;
}

/* Bytes of a sector by the upper bits of the mode byte, which are those of READ CD byte 9: sync, header, subheader, EDC and ECC. 0: not said. */
static uint32_t mode_bytes(uint8_t mode)
{
    unsigned type = mode & 7, frame = (mode & 0x80 ? 12u : 0) + (mode & 0x20 ? 4u : 0);
    if ((mode & 0xF8) == 0)
        return 0;
    switch (type) {
    case 1: return EXH_CD_MAIN_BYTES;
    case 2: return frame + 2048 + (mode & 8 ? 288 : 0);
    case 4: return frame + (mode & 0x40 ? 8 : 0) + 2048 + (mode & 8 ? 280 : 0);
    case 5: return frame + (mode & 0x40 ? 8 : 0) + 2324 + (mode & 8 ? 4 : 0);
    default: return frame + 2336;
    }
}

static bool size_is_read(enum exh_track_kind kind, uint32_t bytes)
{
    if (bytes == EXH_CD_MAIN_BYTES)
        return true;
    return kind == EXH_TRACK_MODE1 ? bytes == 2048 : kind == EXH_TRACK_MODE2 && (bytes == 2048 || bytes == 2324 || bytes == 2336);
}

static bool sub_of(struct reader *r, const struct exh_mds_block *b, uint32_t *sub_bytes)
{
    *sub_bytes = b->sub == 8 ? EXH_CD_SUB_BYTES : 0;
    if (b->sub != 0 && b->sub != 8)
        return exh_fail(r->err, EXH_UNSUPPORTED, b->at + EXH_MDS_BLOCK_SUB, "track %u has a subchannel in form 0x%02x: only 8, all 96 bytes, is read",
                        b->number, b->sub);
    if (b->sub == 0 && b->sector_bytes == EXH_CD_MAIN_BYTES + EXH_CD_SUB_BYTES) {
        *sub_bytes = EXH_CD_SUB_BYTES;
        return exh_inspection_remark(r->notes, "track-form", EXH_WARNS, r->path, b->at + EXH_MDS_BLOCK_SUB, r->err,
                                     "track %u says it has no subchannel, but its sectors of 2448 bytes have room for one, which is read", b->number);
    }
    return true;
}

static bool cd_form(struct reader *r, const struct exh_mds_block *b, struct exh_track *t)
{
    t->kind = said_kind(b);
    if ((b->mode & 7) == 6)
        return exh_fail(r->err, EXH_UNSUPPORTED, b->at, "track %u has mode 6, which is not known", b->number);
    if (!sub_of(r, b, &t->sub_bytes))
        return false;
    t->main_bytes = b->sector_bytes > t->sub_bytes ? b->sector_bytes - t->sub_bytes : 0;
    if (!size_is_read(t->kind, t->main_bytes))
        return exh_fail(r->err, EXH_UNSUPPORTED, b->at + EXH_MDS_BLOCK_SECTOR,
                        "track %u has sectors of %u bytes (mode byte 0x%02x), which are not read", b->number, b->sector_bytes, b->mode);
    uint32_t said = mode_bytes(b->mode);
    return said == 0 || said == t->main_bytes ||
           exh_inspection_remark(r->notes, "track-form", EXH_WARNS, r->path, b->at, r->err,
                                 "the mode byte 0x%02x of track %u stands for sectors of %u bytes, %u are stored: the size is taken", b->mode,
                                 b->number, said, t->main_bytes);
}

/* The sectors decide, where they have a frame. */
static bool kind_check(struct reader *r, const struct exh_mds_block *b, const struct data *d, struct exh_track *t)
{
    bool data = (t->control & EXH_CONTROL_DATA) != 0;
    if (t->main_bytes != EXH_CD_MAIN_BYTES)
        return data || exh_inspection_remark(r->notes, "track-mode", EXH_FAILS, r->path, b->at + 2, r->err,
                                             "CONTROL says track %u is audio, its sectors of %u bytes are not", b->number, t->main_bytes);
    enum exh_first_sectors first = exh_first_sectors(d->source, b->offset, b->sector_bytes, b->sectors);
    enum exh_track_kind said = t->kind;
    t->kind = exh_first_sectors_kind(first, said);
    bool is_data = first >= EXH_FIRST_MODE0;
    if (first == EXH_FIRST_UNREADABLE)
        return true;
    if (t->kind != said || (said != EXH_TRACK_AUDIO) != is_data) {
        bool only_mode = said != EXH_TRACK_AUDIO && is_data;
        if (!exh_inspection_remark(r->notes, "track-mode", only_mode ? EXH_WARNS : EXH_FAILS, r->path, b->at, r->err,
                                   "the mode byte 0x%02x of track %u contradicts its sectors: the first %s", b->mode, b->number,
                                   exh_first_sectors_text(first)))
            return false;
    }
    return data == is_data || exh_inspection_remark(r->notes, "track-mode", EXH_FAILS, r->path, b->at + 2, r->err,
                                                    "CONTROL says track %u is %s, and its first sectors %s", b->number, data ? "data" : "audio",
                                                    exh_first_sectors_text(first));
}

/* ---- where a track lies ---- */

static bool absurd(struct reader *r, uint64_t field, const struct exh_mds_block *b, const char *what, uint64_t value)
{
    return exh_fail(r->err, EXH_CORRUPT, field, "offset %llu: track %u has %s %llu, which cannot be", (unsigned long long)field, b->number, what,
                    (unsigned long long)value);
}

static bool numbers_check(struct reader *r, const struct exh_mds_block *b)
{
    uint64_t most = r->mds->dvd ? EXH_MEDIA_BYTES_MAX / DVD_SECTOR_BYTES : EXH_LBA_MAX - EXH_LBA_MIN, span, end;
    int64_t last = r->mds->dvd ? INT32_MAX : EXH_LBA_MAX;
    if (b->sectors == 0 || b->sectors > most)
        return absurd(r, b->length_field, b, "a length of", b->sectors);
    if (b->pregap > most)
        return absurd(r, b->pregap_field, b, "a pregap of", b->pregap);
    if (b->start < EXH_LBA_MIN || b->start > last)
        return exh_fail(r->err, EXH_CORRUPT, b->at + EXH_MDS_BLOCK_START, "offset %llu: track %u begins at LBA %ld, which no disc has",
                        (unsigned long long)b->at + EXH_MDS_BLOCK_START, b->number, (long)b->start);
    if (b->sector_bytes == 0)
        return absurd(r, b->at + EXH_MDS_BLOCK_SECTOR, b, "a sector size of", 0);
    if (!exh_mul_u64(b->sectors, b->sector_bytes, &span) || !exh_add_u64(b->offset, span, &end) || end > EXH_MEDIA_BYTES_MAX)
        return absurd(r, b->at + EXH_MDS_BLOCK_OFFSET, b, "data at offset", b->offset);
    return true;
}

/* No pregap is stored. Of track 1 the usual 150 are not counted; UltraISO writes a wrong one there. */
static bool pregap_of(struct reader *r, const struct exh_mds_block *b, struct exh_track *t)
{
    const struct exh_track *p = &r->before;
    if (p->number == 0) {
        t->pregap = t->first > 0 ? (uint32_t)t->first : 0;
        return b->pregap == t->first + EXH_LEAD_IN_FRAMES ||
               exh_inspection_remark(r->notes, "track-pregap", EXH_WARNS, r->path, b->pregap_field, r->err,
                                     "track %u begins at LBA %lld and is said to have a pregap of %u: %lld is taken, as everywhere", b->number,
                                     (long long)t->first, b->pregap, (long long)t->first + EXH_LEAD_IN_FRAMES);
    }
    int64_t room = t->first - p->first - (int64_t)p->sectors;
    t->pregap = b->pregap <= room ? b->pregap : room > 0 ? (uint32_t)room : 0;
    if (t->session != p->session)
        return b->pregap == t->pregap || absurd(r, b->pregap_field, b, "a pregap of", b->pregap);
    return room == b->pregap || exh_inspection_remark(r->notes, "track-pregap", EXH_FAILS, r->path, b->pregap_field, r->err,
                                                      "from the end of track %u to track %u are %lld sectors, and its pregap is said to be %u",
                                                      p->number, b->number, (long long)room, b->pregap);
}

/* Old versions of Aaru put the hours into the byte that should be zero. */
static bool place_check(struct reader *r, const struct exh_mds_block *b)
{
    int64_t lba = exh_msf_lba(b->row.pmsf[0], b->row.pmsf[1], b->row.pmsf[2]);
    if (r->mds->dvd || lba == b->start || lba + (int64_t)b->row.zero * 60 * 60 * EXH_FRAMES_PER_SECOND == b->start)
        return true;
    return exh_inspection_remark(r->notes, "toc-entry", EXH_FAILS, r->path, b->at + 9, r->err,
                                 "track %u begins at LBA %ld, but %02u:%02u:%02u is LBA %lld: the first is taken", b->number, (long)b->start,
                                 b->row.pmsf[0], b->row.pmsf[1], b->row.pmsf[2], (long long)lba);
}

static bool add_stretch(struct reader *r, const struct exh_mds_block *b, const struct exh_track *t, struct data *d, uint32_t index)
{
    uint64_t end = b->offset + t->sectors * b->sector_bytes;
    if (end > d->reach)
        d->reach = end;
    struct exh_stretch stretch = {.track = index,
                                  .lba = t->first,
                                  .sectors = t->sectors,
                                  .file = d->file,
                                  .offset = b->offset,
                                  .stride = b->sector_bytes,
                                  .sub = t->sub_bytes > 0 ? EXH_SUB_INTERLEAVED : EXH_SUB_NONE,
                                  .sub_file = d->file,
                                  .sub_offset = b->offset + t->main_bytes,
                                  .sub_stride = b->sector_bytes};
    return exh_stored_disc_stretch(r->disc, &stretch, r->err);
}

static bool dvd_form(struct reader *r, const struct exh_mds_block *b, struct exh_track *t)
{
    t->kind = EXH_TRACK_BLOCKS;
    t->main_bytes = DVD_SECTOR_BYTES;
    t->control = 0;
    return (b->sector_bytes == DVD_SECTOR_BYTES && b->sub == 0) ||
           exh_fail(r->err, EXH_UNSUPPORTED, b->at + EXH_MDS_BLOCK_SECTOR, "a DVD with sectors of %u bytes and subchannel %u is not read",
                    b->sector_bytes, b->sub);
}

static bool add_track(struct reader *r, const struct exh_mds_block *b)
{
    struct exh_track t = {
        .number = b->number, .session = b->row.session, .control = b->row.adr_control & 15, .first = b->start, .sectors = b->sectors};
    uint32_t data, index;
    if (!numbers_check(r, b) || !(r->mds->dvd ? dvd_form(r, b, &t) : cd_form(r, b, &t)) || !place_check(r, b) || !open_data(r, b, &data))
        return false;
    if (!r->mds->dvd && (!kind_check(r, b, &r->data[data], &t) || !pregap_of(r, b, &t)))
        return false;
    if (!r->mds->dvd && t.kind != EXH_TRACK_AUDIO)
        t.control |= EXH_CONTROL_DATA;
    r->before = t;
    return exh_stored_disc_track(r->disc, &t, &index, r->err) && add_stretch(r, b, &t, &r->data[data], index);
}

/* ---- sessions, and the descriptor as a whole ---- */

static bool number_holds(struct reader *r, const struct exh_mds_session *s, const char *which, uint16_t said, uint8_t found, unsigned field)
{
    return said == found || exh_inspection_remark(r->notes, "session", EXH_WARNS, r->path, s->at + field, r->err,
                                                  "the %s track of session %u is said to be %u, and is %u", which, s->number, said, found);
}

static bool take_session(struct reader *r, const struct exh_mds_session *s)
{
    int64_t lead_out = EXH_NO_LBA, end = EXH_NO_LBA;
    int type = -1;
    uint8_t first = 0, last = 0;
    for (size_t i = 0; i < r->mds->block_count; i++) {
        const struct exh_mds_block *b = &r->mds->blocks[i];
        if (b->row.session != s->number)
            continue;
        if (b->is_track)
            first = first == 0 ? b->number : first, last = b->number, end = (int64_t)b->start + b->sectors;
        else if (b->row.point == 0xA0)
            type = b->row.pmsf[1];
        else if (b->row.point == 0xA2)
            lead_out = exh_msf_lba(b->row.pmsf[0], b->row.pmsf[1], b->row.pmsf[2]);
    }
    if (!exh_disc_set_lead_out(exh_stored_disc_facts(r->disc), s->number, s->end, type, r->err))
        return false;
    if (lead_out != EXH_NO_LBA && lead_out != s->end &&
        !exh_inspection_remark(r->notes, "session", EXH_FAILS, r->path, s->at + EXH_MDS_SESSION_END, r->err,
                               "the lead-out of session %u is said to be at LBA %ld, and by POINT A2 at %lld", s->number, (long)s->end,
                               (long long)lead_out))
        return false;
    if (end != EXH_NO_LBA && end != s->end &&
        !exh_inspection_remark(r->notes, "session", EXH_FAILS, r->path, s->at + EXH_MDS_SESSION_END, r->err,
                               "the lead-out of session %u is said to be at LBA %ld, and its last track ends at %lld", s->number, (long)s->end,
                               (long long)end))
        return false;
    return number_holds(r, s, "first", s->first, first, EXH_MDS_SESSION_FIRST) &&
           number_holds(r, s, "last", s->last, last, EXH_MDS_SESSION_FIRST + 2);
}

static bool note_rest(struct reader *r)
{
    for (uint32_t i = 0; i < r->data_count; i++) {
        const struct data *d = &r->data[i];
        if (d->source->size > d->reach &&
            !exh_inspection_remark(r->notes, "image-size", EXH_WARNS, d->path, d->reach, r->err,
                                   "the last %llu bytes of the data file belong to no track", (unsigned long long)(d->source->size - d->reach)))
            return false;
    }
    return true;
}

static bool build(struct reader *r)
{
    const struct exh_mds *m = r->mds;
    struct exh_disc *facts = exh_stored_disc_facts(r->disc);
    (void)snprintf(facts->medium, sizeof facts->medium, "%s", m->medium);
    bool ok = exh_stored_disc_descriptor(r->disc, r->source, r->path, r->err) &&
              exh_inspection_fact(r->notes, r->path, EXH_MDS_VERSION, "version", r->err, "1.%u", m->minor);
    for (size_t i = 0; ok && i < m->block_count; i++) {
        const struct exh_mds_block *b = &m->blocks[i];
        ok = (m->dvd || exh_disc_add_row(facts, &b->row, r->err)) && (!b->is_track || add_track(r, b));
    }
    for (uint32_t i = 0; ok && i < m->session_count; i++)
        ok = take_session(r, &m->sessions[i]);
    return ok && exh_mds_structures(m, r->path, r->notes, r->err) && note_rest(r);
}

static struct exh_medium *read_disc(const struct exh_mds *mds, struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)exh_nomem(err, "a disc image");
        return NULL;
    }
    struct exh_medium *medium = NULL;
    *r = (struct reader){.options = options, .mds = mds, .source = source, .err = err};
    r->path = options->path != NULL ? options->path : source->name;
    r->disc = exh_stored_disc_new("mds", err);
    if (r->disc != NULL) {
        r->notes = exh_stored_disc_notes(r->disc);
        medium = build(r) ? exh_stored_disc_finish(r->disc, err) : NULL;
        if (medium == NULL)
            exh_stored_disc_close(r->disc);
    }
    for (uint32_t i = 0; i < r->data_count; i++) {
        free(r->data[i].key);
        free(r->data[i].path);
    }
    free(r);
    return medium;
}

static struct exh_medium *mds_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    if (source->size > EXH_MDS_BYTES_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a descriptor of %llu bytes: at most %u are read", (unsigned long long)source->size,
                       EXH_MDS_BYTES_MAX);
        return NULL;
    }
    size_t length = (size_t)source->size;
    uint8_t *bytes = malloc(length + 1);
    struct exh_mds mds = {0};
    struct exh_medium *medium = NULL;
    if (bytes == NULL)
        (void)exh_nomem(err, "a descriptor");
    else if (exh_source_read(source, 0, bytes, length, err) && exh_mds_parse(bytes, length, &mds, err))
        medium = read_disc(&mds, source, options, err);
    exh_mds_close(&mds);
    free(bytes);
    return medium;
}

static int mds_probe(const struct exh_peek *peek)
{
    size_t n = sizeof EXH_MDS_MARK - 1;
    return peek->head_length >= n && memcmp(peek->head, EXH_MDS_MARK, n) == 0 ? 100 : 0;
}

static const char *const mds_extensions[] = {".mds", ".xmd", ".mdx", NULL};

const struct exh_format exh_format_mds = {
    .name = "mds", .title = "Alcohol disc image (.mds, .mdf)", .extensions = mds_extensions, .probe = mds_probe, .open = mds_open};
