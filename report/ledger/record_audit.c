/* record_audit.c - AUDIT of record.h: what the sectors of a disc say of themselves. */
#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "report/ledger/record.h"
#include "report/ledger/record_parts.h"

static bool set_count(json_t *json, const char *key, uint64_t count) { return count == 0 || exh_record_set(json, key, exh_record_number(count)); }

static bool set_lba(json_t *json, const char *key, int64_t lba)
{
    return lba == EXH_NO_LBA || exh_record_set(json, key, json_integer((json_int_t)lba));
}

static json_t *verdicts_json(const struct exh_audit_track *t)
{
    json_t *json = json_object();
    bool ok = json != NULL;
    for (unsigned v = 0; ok && v < EXH_SECTOR_COUNT; v++)
        ok = set_count(json, exh_sector_verdict_name((enum exh_sector_verdict)v), t->verdicts[v]);
    return exh_record_whole(json, ok);
}

static json_t *forms_json(const struct exh_audit_track *t)
{
    json_t *json = json_object();
    bool ok = json != NULL;
    for (unsigned f = 0; ok && f < EXH_AUDIT_FORMS; f++)
        ok = set_count(json, exh_sector_form_name((enum exh_sector_form)f), t->forms[f]);
    return exh_record_whole(json, ok);
}

static json_t *ranges_json(const struct exh_audit_track *t)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < t->range_count; i++)
        ok = json_array_append_new(list, json_pack("[I,I,s]", (json_int_t)t->ranges[i].lba, (json_int_t)t->ranges[i].count,
                                                   exh_sector_verdict_name(t->ranges[i].verdict))) == 0;
    return exh_record_whole(list, ok);
}

static json_t *q_json(const struct exh_audit_q *q)
{
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "sectors", exh_record_number(q->sectors)) && set_count(json, "missing", q->missing) &&
              set_count(json, "blank", q->blank) && exh_record_set(json, "crc_good", exh_record_number(q->crc_good)) &&
              exh_record_set(json, "crc_bad", exh_record_number(q->crc_bad)) && exh_record_set(json, "right", exh_record_number(q->right)) &&
              set_count(json, "shifted", q->shifted) && set_count(json, "wrong", q->wrong) &&
              set_count(json, "control_differs", q->control_differs) && set_count(json, "mcn", q->mcn) && set_count(json, "isrc", q->isrc) &&
              set_count(json, "other", q->other);
    if (ok && q->shifted > 0)
        ok = exh_record_set(json, "shift", json_integer((json_int_t)q->shift)) &&
             exh_record_set(json, "shift_constant", json_boolean(q->shift_constant)) && set_lba(json, "first_shifted", q->first_shifted);
    ok = ok && (q->crc_bad == 0 || set_lba(json, "first_crc_bad", q->first_bad)) && (q->wrong == 0 || set_lba(json, "first_wrong", q->first_wrong));
    return exh_record_whole(json, ok);
}

static bool set_checked(json_t *json, const struct exh_audit_track *t)
{
    bool ok = exh_record_set(json, "verdicts", verdicts_json(t)) && exh_record_set(json, "forms", forms_json(t)) &&
              set_count(json, "without_ecc", t->without_ecc) && set_count(json, "subheader_differs", t->subheader_differs) &&
              set_count(json, "mode_differs", t->mode_differs) && set_count(json, "address_differs", t->address_differs);
    if (ok && t->address_differs > 0)
        ok = exh_record_set(json, "shift", json_integer((json_int_t)t->shift)) &&
             exh_record_set(json, "shift_constant", json_boolean(t->shift_constant));
    return ok && (t->range_count == 0 || exh_record_set(json, "ranges", ranges_json(t))) && set_count(json, "ranges_left_out", t->ranges_left_out);
}

static json_t *track_json(const struct exh_audit_track *t)
{
    const struct exh_track shape = {.kind = t->kind, .main_bytes = t->main_bytes};
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "number", json_integer(t->number)) &&
              exh_record_set(json, "mode", json_string(exh_track_mode(&shape))) && exh_record_set(json, "sectors", exh_record_number(t->sectors)) &&
              set_count(json, "unread", t->unread) && exh_record_set(json, "checked", json_boolean(t->checked)) &&
              (!t->checked || set_checked(json, t)) && (t->sub_bytes == 0 || exh_record_set(json, "q", q_json(&t->q))) &&
              exh_record_set_text(json, "isrc", t->isrc) && (t->isrc[0] == '\0' || set_count(json, "isrc_reads", t->isrc_reads)) &&
              (!t->isrc_disputed || exh_record_set(json, "isrc_disputed", json_true()));
    return exh_record_whole(json, ok);
}

json_t *exh_record_audit(const struct exh_disc_audit *audit)
{
    json_t *json = json_object(), *tracks = json_array();
    bool ok = json != NULL && tracks != NULL;
    for (uint32_t i = 0; ok && i < audit->track_count; i++)
        ok = json_array_append_new(tracks, track_json(&audit->tracks[i])) == 0;
    ok = ok && json_object_set(json, "tracks", tracks) == 0 && exh_record_set_text(json, "mcn", audit->mcn) &&
         (audit->mcn[0] == '\0' || set_count(json, "mcn_reads", audit->mcn_reads)) &&
         (!audit->mcn_disputed || exh_record_set(json, "mcn_disputed", json_true()));
    json_decref(tracks);
    return exh_record_whole(json, ok);
}
