/* facts_disc.c - a disc as its LAYOUT tells it, and what an audit of its sectors found. See facts.h, record.h. */
#include "report/pages/facts_reader.h"

#include "formats/optical/cdtext.h"

/* ---- the disc ---- */

static void read_texts(struct exh_facts_reader *r, struct exh_fact_disc *d)
{
    struct exh_cdtext text = {0};
    if (d->known.cdtext_packs == 0 || r->failed)
        return;
    if (!exh_cdtext_decode(d->known.cdtext, d->known.cdtext_packs, &text, r->err)) {
        r->failed = true;
        exh_cdtext_close(&text);
        return;
    }
    for (unsigned block = 0; block < 8; block++)
        for (unsigned track = 0; track <= EXH_LAYOUT_TRACKS_MAX; track++)
            for (size_t i = 0; i < text.count; i++) {
                const struct exh_cdtext_item *item = &text.items[i];
                if (item->block != block || item->track != track || item->text[0] == '\0' ||
                    !EXH_FACTS_ADD(r, d->texts, d->text_capacity, d->text_count, "CD-TEXT"))
                    continue;
                d->texts[d->text_count++] = (struct exh_fact_text){block, track, exh_facts_keep_plain(r, exh_cdtext_type_name(item->type)),
                                                                   exh_facts_keep(r, exh_facts_text(item->text, strlen(item->text)))};
            }
    exh_cdtext_close(&text);
}

struct exh_fact_disc *exh_facts_read_disc(struct exh_facts_reader *r, const json_t *layout)
{
    const char *kind = json_string_value(json_object_get(layout, "kind"));
    struct exh_fact_disc *d = kind != NULL && strcmp(kind, "disc") == 0 && !r->failed ? calloc(1, sizeof *d) : NULL;
    struct exh_error why;
    bool any = false;
    exh_error_clear(&why);
    if (d == NULL)
        return NULL;
    if (!exh_record_layout_back(layout, &d->layout, &why) || !exh_record_disc(layout, &d->known, &any, &why)) {
        exh_facts_disc_close(d);
        if (why.code == EXH_NOMEM)
            exh_facts_fail_nomem(r);
        return NULL;
    }
    d->layout.disc = any ? &d->known : NULL;
    read_texts(r, d);
    return d;
}

void exh_facts_disc_close(struct exh_fact_disc *disc)
{
    if (disc == NULL)
        return;
    exh_disc_close(&disc->known);
    free(disc->texts);
    free(disc);
}

/* ---- the audit ---- */

static void read_counts(struct exh_facts_reader *r, struct exh_fact_counts *out, const json_t *object)
{
    void *it = json_object_iter((json_t *)(uintptr_t)object); /* the library's iterator takes no const, and writes nothing */
    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
        const char *key = json_object_iter_key(it);
        struct exh_number count = exh_facts_number_of(json_object_iter_value(it));
        if (!count.known)
            continue;
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "counts"))
            return;
        out->items[out->count++] = (struct exh_fact_counted){exh_facts_keep(r, exh_facts_text(key, strlen(key))), count.value};
    }
}

static void read_ranges(struct exh_facts_reader *r, struct exh_fact_audit_track *t, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        struct exh_number count = exh_facts_number_of(json_array_get(item, 1));
        int64_t lba = json_integer_value(json_array_get(item, 0));
        if (!count.known || !exh_facts_believable(lba, count.value))
            continue;
        if (!EXH_FACTS_ADD(r, t->ranges, t->range_capacity, t->range_count, "ranges"))
            return;
        t->ranges[t->range_count++] = (struct exh_fact_audit_range){lba, count.value, exh_facts_string_of(r, json_array_get(item, 2))};
    }
}

void exh_facts_read_audit(struct exh_facts_reader *r, struct exh_fact_audit *out, const json_t *audit)
{
    size_t i;
    const json_t *item;
    out->mcn = exh_facts_string_at(r, audit, "mcn");
    json_array_foreach(json_object_get(audit, "tracks"), i, item)
    {
        if (!EXH_FACTS_ADD(r, out->tracks, out->track_capacity, out->track_count, "tracks"))
            return;
        struct exh_fact_audit_track *t = &out->tracks[out->track_count++];
        *t = (struct exh_fact_audit_track){.number = exh_facts_number_at(item, "number"),
                                           .sectors = exh_facts_number_at(item, "sectors"),
                                           .unread = exh_facts_number_at(item, "unread"),
                                           .shift_sectors = exh_facts_number_at(item, "address_differs"),
                                           .mode = exh_facts_string_at(r, item, "mode"),
                                           .isrc = exh_facts_string_at(r, item, "isrc"),
                                           .checked = json_is_true(json_object_get(item, "checked")),
                                           .has_q = json_is_object(json_object_get(item, "q"))};
        read_counts(r, &t->verdicts, json_object_get(item, "verdicts"));
        read_counts(r, &t->q, json_object_get(item, "q"));
        read_ranges(r, t, json_object_get(item, "ranges"));
    }
}

void exh_facts_audit_close(struct exh_fact_audit *audit)
{
    for (size_t i = 0; i < audit->track_count; i++) {
        free(audit->tracks[i].verdicts.items);
        free(audit->tracks[i].q.items);
        free(audit->tracks[i].ranges);
    }
    free(audit->tracks);
    memset(audit, 0, sizeof *audit);
}
