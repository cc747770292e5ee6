/* record_layout.c - LAYOUT of record.h: tracks, and what is known of a disc, as JSON and back.
 *
 * The way back trusts nothing: a track that contradicts itself, an index beyond 99, a pack of another length is a broken record. */
#include <string.h>

#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "report/ledger/record.h"
#include "report/ledger/record_parts.h"

/* --- there ------------------------------------------------------------------------------------------------------------------------- */

static json_t *indexes_json(const struct exh_disc *disc, unsigned track)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && disc != NULL && i < disc->index_count; i++)
        if (disc->indexes[i].track == track)
            ok = json_array_append_new(list, json_pack("{s:i,s:I}", "number", disc->indexes[i].number, "lba", (json_int_t)disc->indexes[i].lba)) == 0;
    return exh_record_whole(list, ok);
}

/* What only a track of a disc has. */
static bool set_places(json_t *item, const struct exh_track *t, const struct exh_disc *disc)
{
    json_t *indexes = indexes_json(disc, t->number);
    bool ok = indexes != NULL && exh_record_set(item, "start_lba", json_integer((json_int_t)exh_track_start(t))) &&
              exh_record_set(item, "pregap", json_integer(t->pregap)) && exh_record_set(item, "stored_pregap", json_integer(t->stored_pregap)) &&
              (t->postgap == 0 || exh_record_set(item, "postgap", json_integer(t->postgap))) && exh_record_set_text(item, "isrc", t->isrc) &&
              (json_array_size(indexes) == 0 || json_object_set(item, "indexes", indexes) == 0);
    json_decref(indexes);
    return ok;
}

static json_t *track_json(const struct exh_layout *layout, const struct exh_track *t)
{
    json_t *item = json_object();
    bool ok = item != NULL && exh_record_set(item, "number", json_integer(t->number)) && exh_record_set(item, "session", json_integer(t->session)) &&
              exh_record_set(item, "mode", json_string(exh_track_mode(t))) && exh_record_set(item, "first_lba", json_integer((json_int_t)t->first)) &&
              exh_record_set(item, "sectors", t->sectors == EXH_SECTORS_UNKNOWN ? json_null() : exh_record_number(t->sectors)) &&
              exh_record_set(item, "main_bytes", json_integer(t->main_bytes)) && exh_record_set(item, "sub_bytes", json_integer(t->sub_bytes)) &&
              (t->control == 0 || exh_record_set(item, "control", json_integer(t->control))) &&
              (t->tail_bytes == 0 || exh_record_set(item, "tail_bytes", json_integer(t->tail_bytes))) &&
              (layout->kind != EXH_LAYOUT_DISC || set_places(item, t, layout->disc));
    return exh_record_whole(item, ok);
}

static json_t *lead_outs_json(const struct exh_disc *d)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (uint32_t i = 0; ok && i < d->session_count; i++) {
        const struct exh_session *s = &d->sessions[i];
        json_t *item = json_object();
        ok = item != NULL && exh_record_set(item, "session", json_integer(s->number)) &&
             exh_record_set(item, "lba", s->lead_out == EXH_NO_LBA ? json_null() : json_integer((json_int_t)s->lead_out)) &&
             (s->disc_type < 0 || exh_record_set(item, "disc_type", json_integer(s->disc_type)));
        ok = json_array_append_new(list, exh_record_whole(item, ok)) == 0 && ok;
    }
    return exh_record_whole(list, ok);
}

static json_t *packs_json(const struct exh_disc *d)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < d->cdtext_packs; i++)
        ok = json_array_append_new(list, exh_record_hex(d->cdtext + i * EXH_CDTEXT_PACK_BYTES, EXH_CDTEXT_PACK_BYTES)) == 0;
    return exh_record_whole(list, ok);
}

static json_t *rows_json(const struct exh_disc *d)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < d->row_count; i++) {
        const struct exh_toc_row *r = &d->rows[i];
        ok = json_array_append_new(list, json_pack("[i,i,i,i,i,i,i,i,i,i,i]", r->session, r->adr_control, r->tno, r->point, r->msf[0], r->msf[1],
                                                   r->msf[2], r->zero, r->pmsf[0], r->pmsf[1], r->pmsf[2])) == 0;
    }
    return exh_record_whole(list, ok);
}

static bool set_disc(json_t *json, const struct exh_disc *d)
{
    return exh_record_set_text(json, "medium", d->medium) && exh_record_set_text(json, "mcn", d->mcn) &&
           (d->session_count == 0 || exh_record_set(json, "lead_outs", lead_outs_json(d))) &&
           (d->cdtext_packs == 0 || exh_record_set(json, "cdtext_packs", packs_json(d))) &&
           (d->row_count == 0 || exh_record_set(json, "toc", rows_json(d)));
}

json_t *exh_record_layout(const struct exh_layout *layout)
{
    json_t *json = json_object(), *tracks = json_array();
    unsigned sessions = 0;
    bool ok = json != NULL && tracks != NULL;
    for (uint32_t i = 0; ok && i < layout->track_count; i++) {
        ok = json_array_append_new(tracks, track_json(layout, &layout->tracks[i])) == 0;
        if (layout->tracks[i].session > sessions)
            sessions = layout->tracks[i].session;
    }
    ok = ok && exh_record_set(json, "kind", json_string(layout->kind == EXH_LAYOUT_DISC ? "disc" : "disk")) &&
         exh_record_set(json, "sessions", json_integer(sessions)) && json_object_set(json, "tracks", tracks) == 0 &&
         (layout->disc == NULL || set_disc(json, layout->disc));
    json_decref(tracks);
    return exh_record_whole(json, ok);
}

/* --- and back ---------------------------------------------------------------------------------------------------------------------- */

static bool mode_back(const char *mode, struct exh_track *track, struct exh_error *err)
{
    static const struct {
        const char *start;
        enum exh_track_kind kind;
    } modes[] = {{"BLOCKS", EXH_TRACK_BLOCKS},
                 {"AUDIO", EXH_TRACK_AUDIO},
                 {"MODE1/", EXH_TRACK_MODE1},
                 {"MODE2/", EXH_TRACK_MODE2},
                 {"MODE0/", EXH_TRACK_MODE0}};
    for (size_t i = 0; mode != NULL && i < sizeof modes / sizeof modes[0]; i++) {
        if (strncmp(mode, modes[i].start, strlen(modes[i].start)) != 0)
            continue;
        track->kind = modes[i].kind;
        return strcmp(mode, exh_track_mode(track)) == 0 ||
               exh_record_bad(err, "track mode '%.40s' with sectors of %u bytes", mode, track->main_bytes);
    }
    return exh_record_bad(err, "track %u has no mode that is known", track->number);
}

/* A word of at most `room` - 1 printable characters, or "" when it is absent. */
static bool word_back(const json_t *object, const char *key, char *out, size_t room, struct exh_error *err)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    out[0] = '\0';
    if (value == NULL)
        return true;
    if (text == NULL || strlen(text) >= room)
        return exh_record_bad(err, "'%s' is no text of at most %zu characters", key, room - 1);
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7E)
            return exh_record_bad(err, "'%s' holds a character that none has", key);
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool places_back(const json_t *json, struct exh_track *out, struct exh_error *err)
{
    int64_t stored, pregap, postgap, start;
    const int64_t most = EXH_LBA_MAX - EXH_LBA_MIN;
    if (!exh_record_integer_or_zero(json, "stored_pregap", most, &stored, err) || !exh_record_integer_or_zero(json, "pregap", most, &pregap, err) ||
        !exh_record_integer_or_zero(json, "postgap", most, &postgap, err) || !word_back(json, "isrc", out->isrc, sizeof out->isrc, err))
        return false;
    out->stored_pregap = (uint32_t)stored, out->pregap = (uint32_t)pregap, out->postgap = (uint32_t)postgap;
    if (json_object_get(json, "start_lba") == NULL)
        return true;
    return exh_record_integer(json, "start_lba", INT32_MIN, (int64_t)EXH_MEDIA_BYTES_MAX, &start, err) &&
           (start == exh_track_start(out) || exh_record_bad(err, "track %u begins at LBA %lld, and with its stored pregap at %lld", out->number,
                                                            (long long)start, (long long)exh_track_start(out)));
}

static bool track_back(const json_t *json, struct exh_track *out, struct exh_error *err)
{
    int64_t number, session, first, sectors, main_bytes, sub_bytes, control, tail;
    const int64_t most = (int64_t)EXH_MEDIA_BYTES_MAX;
    if (!json_is_object(json))
        return exh_record_bad(err, "a track is not an object");
    if (!exh_record_integer(json, "number", 1, 255, &number, err) || !exh_record_integer(json, "session", 1, 255, &session, err) ||
        !exh_record_integer(json, "first_lba", INT32_MIN, most, &first, err) || !exh_record_integer(json, "sectors", 0, most, &sectors, err) ||
        !exh_record_integer(json, "main_bytes", 1, EXH_SECTOR_BYTES_MAX, &main_bytes, err) ||
        !exh_record_integer(json, "sub_bytes", 0, 96, &sub_bytes, err) || !exh_record_integer_or_zero(json, "control", 255, &control, err) ||
        !exh_record_integer_or_zero(json, "tail_bytes", main_bytes - 1, &tail, err))
        return false;
    *out = (struct exh_track){.number = (uint8_t)number,
                              .session = (uint8_t)session,
                              .control = (uint8_t)control,
                              .first = first,
                              .sectors = (uint64_t)sectors,
                              .main_bytes = (uint32_t)main_bytes,
                              .sub_bytes = (uint32_t)sub_bytes,
                              .tail_bytes = (uint32_t)tail};
    return places_back(json, out, err) && mode_back(json_string_value(json_object_get(json, "mode")), out, err);
}

bool exh_record_layout_back(const json_t *json, struct exh_layout *out, struct exh_error *err)
{
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const json_t *tracks = json_object_get(json, "tracks");
    size_t count = json_array_size(tracks);
    memset(out, 0, sizeof *out);
    if (kind == NULL || (strcmp(kind, "disk") != 0 && strcmp(kind, "disc") != 0))
        return exh_record_bad(err, "it has no layout of a disk or disc");
    out->kind = strcmp(kind, "disc") == 0 ? EXH_LAYOUT_DISC : EXH_LAYOUT_DISK;
    if (count == 0 || count > EXH_LAYOUT_TRACKS_MAX)
        return exh_record_bad(err, "a layout of %zu tracks", count);
    for (size_t i = 0; i < count; i++)
        if (!track_back(json_array_get(tracks, i), &out->tracks[i], err))
            return false;
    out->track_count = (uint32_t)count;
    return exh_layout_check(out, err) || exh_record_bad(err, "%s", err->text);
}

/* The list under this key; NULL when it is absent. False: it is something else, or too long. */
static bool list_of(const json_t *object, const char *key, size_t most, const json_t **out, struct exh_error *err)
{
    *out = json_object_get(object, key);
    return *out == NULL || (json_is_array(*out) && json_array_size(*out) <= most) || exh_record_bad(err, "'%s' is no list of up to %zu", key, most);
}

static bool indexes_back(const json_t *track, struct exh_disc *out, struct exh_error *err)
{
    const json_t *list;
    int64_t of, number, lba;
    if (!list_of(track, "indexes", 98, &list, err) || (list != NULL && !exh_record_integer(track, "number", 1, 99, &of, err)))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!exh_record_integer(item, "number", 2, 99, &number, err) || !exh_record_integer(item, "lba", INT32_MIN, INT32_MAX, &lba, err) ||
            !exh_disc_add_index(out, (unsigned)of, (unsigned)number, lba, err))
            return false;
    }
    return true;
}

static bool lead_outs_back(const json_t *layout, struct exh_disc *out, struct exh_error *err)
{
    const json_t *list;
    if (!list_of(layout, "lead_outs", EXH_DISC_SESSIONS_MAX, &list, err))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        int64_t session, lba = EXH_NO_LBA, type = -1;
        if (!exh_record_integer(item, "session", 1, EXH_DISC_SESSIONS_MAX, &session, err) ||
            (!json_is_null(json_object_get(item, "lba")) && !exh_record_integer(item, "lba", INT32_MIN, INT32_MAX, &lba, err)) ||
            (json_object_get(item, "disc_type") != NULL && !exh_record_integer(item, "disc_type", 0, 255, &type, err)) ||
            !exh_disc_set_lead_out(out, (unsigned)session, lba, (int)type, err))
            return false;
    }
    return true;
}

static bool packs_back(const json_t *layout, struct exh_disc *out, struct exh_error *err)
{
    const json_t *list;
    if (!list_of(layout, "cdtext_packs", EXH_CDTEXT_PACKS_MAX, &list, err))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_array_get(list, i));
        uint8_t pack[EXH_CDTEXT_PACK_BYTES];
        if (hex == NULL || strlen(hex) != 2 * sizeof pack || !exh_text_unhex(hex, pack, sizeof pack))
            return exh_record_bad(err, "CD-TEXT pack %zu is not %zu hexadecimal digits", i + 1, 2 * sizeof pack);
        if (!exh_disc_add_pack(out, pack, err))
            return false;
    }
    return true;
}

static bool rows_back(const json_t *layout, struct exh_disc *out, struct exh_error *err)
{
    const json_t *list;
    if (!list_of(layout, "toc", EXH_DISC_TOC_ROWS_MAX, &list, err))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        uint8_t b[11];
        for (size_t k = 0; k < sizeof b; k++) {
            const json_t *n = json_array_get(item, k);
            if (json_array_size(item) != sizeof b || !json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > 255)
                return exh_record_bad(err, "row %zu of the TOC is not 11 bytes", i + 1);
            b[k] = (uint8_t)json_integer_value(n);
        }
        const struct exh_toc_row row = {b[0], b[1], b[2], b[3], {b[4], b[5], b[6]}, b[7], {b[8], b[9], b[10]}};
        if (!exh_disc_add_row(out, &row, err))
            return false;
    }
    return true;
}

bool exh_record_disc(const json_t *layout, struct exh_disc *out, bool *any, struct exh_error *err)
{
    const json_t *tracks = json_object_get(layout, "tracks");
    bool ok = word_back(layout, "medium", out->medium, sizeof out->medium, err) && word_back(layout, "mcn", out->mcn, sizeof out->mcn, err) &&
              lead_outs_back(layout, out, err) && packs_back(layout, out, err) && rows_back(layout, out, err);
    for (size_t i = 0; ok && i < json_array_size(tracks) && i < EXH_LAYOUT_TRACKS_MAX; i++)
        ok = indexes_back(json_array_get(tracks, i), out, err);
    *any = out->medium[0] != '\0' || out->mcn[0] != '\0' || out->session_count > 0 || out->cdtext_packs > 0 || out->row_count > 0 ||
           out->index_count > 0;
    return ok;
}
