/* report_xml_disc.c - layouts of discs and audits of their sectors in report.xml. See report_xml.c. */
#include "formats/model/text.h"
#include "report/pages/xml_out.h"

static void disc_track(struct exh_xml_out *o, const struct exh_layout *l, const struct exh_track *t)
{
    exh_xml_attribute_unsigned(o, "control", t->control);
    exh_xml_attribute_signed(o, "start_lba", exh_track_start(t));
    exh_xml_attribute_unsigned(o, "pregap", t->pregap);
    exh_xml_attribute_unsigned(o, "stored_pregap", t->stored_pregap);
    if (t->postgap > 0)
        exh_xml_attribute_unsigned(o, "postgap", t->postgap);
    if (t->isrc[0] != '\0')
        exh_xml_attribute(o, "isrc", t->isrc);
    for (size_t i = 0; l->disc != NULL && i < l->disc->index_count; i++) {
        if (l->disc->indexes[i].track != t->number)
            continue;
        exh_xml_start(o, "index");
        exh_xml_attribute_unsigned(o, "number", l->disc->indexes[i].number);
        exh_xml_attribute_signed(o, "lba", l->disc->indexes[i].lba);
        exh_xml_end(o);
    }
}

static void sessions(struct exh_xml_out *o, const struct exh_disc *d)
{
    for (uint32_t i = 0; i < d->session_count; i++) {
        exh_xml_start(o, "session");
        exh_xml_attribute_unsigned(o, "number", d->sessions[i].number);
        if (d->sessions[i].lead_out != EXH_NO_LBA)
            exh_xml_attribute_signed(o, "lead_out_lba", d->sessions[i].lead_out);
        if (d->sessions[i].disc_type >= 0)
            exh_xml_attribute_signed(o, "disc_type", d->sessions[i].disc_type);
        exh_xml_end(o);
    }
}

static void cdtext(struct exh_xml_out *o, const struct exh_fact_disc *disc)
{
    char hex[2 * EXH_CDTEXT_PACK_BYTES + 1];
    if (disc->known.cdtext_packs == 0)
        return;
    exh_xml_start(o, "cdtext");
    for (size_t i = 0; i < disc->text_count; i++) {
        exh_xml_start(o, "text");
        exh_xml_attribute_unsigned(o, "block", disc->texts[i].block);
        exh_xml_attribute_unsigned(o, "track", disc->texts[i].track);
        exh_xml_attribute(o, "kind", disc->texts[i].type);
        exh_xml_text(o, disc->texts[i].text);
        exh_xml_end(o);
    }
    for (size_t i = 0; i < disc->known.cdtext_packs; i++) {
        exh_text_hex(disc->known.cdtext + i * EXH_CDTEXT_PACK_BYTES, EXH_CDTEXT_PACK_BYTES, hex);
        exh_xml_element(o, "pack", hex);
    }
    exh_xml_end(o);
}

static void disc_attributes(struct exh_xml_out *o, const struct exh_fact_disc *disc)
{
    if (disc != NULL && disc->known.medium[0] != '\0')
        exh_xml_attribute(o, "medium", disc->known.medium);
    if (disc != NULL && disc->known.mcn[0] != '\0')
        exh_xml_attribute(o, "mcn", disc->known.mcn);
}

/* What belongs to the disc and to no track. */
static void disc_rest(struct exh_xml_out *o, const struct exh_fact_disc *disc)
{
    if (disc == NULL)
        return;
    sessions(o, &disc->known);
    cdtext(o, disc);
}

void exh_xml_layout(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "layout");
    exh_xml_attribute(o, "kind", f->layout_kind);
    exh_xml_attribute_number(o, "sessions", f->sessions);
    disc_attributes(o, f->disc);
    for (size_t i = 0; i < f->track_count; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        exh_xml_start(o, "track");
        exh_xml_attribute_unsigned(o, "number", track->number);
        exh_xml_attribute_unsigned(o, "session", track->session);
        exh_xml_attribute(o, "mode", track->mode);
        exh_xml_attribute_signed(o, "first_lba", track->first_lba);
        exh_xml_attribute_unsigned(o, "sectors", track->sectors);
        exh_xml_attribute_unsigned(o, "main_bytes", track->main_bytes);
        exh_xml_attribute_unsigned(o, "sub_bytes", track->sub_bytes);
        if (f->disc != NULL && i < f->disc->layout.track_count)
            disc_track(o, &f->disc->layout, &f->disc->layout.tracks[i]);
        exh_xml_end(o);
    }
    disc_rest(o, f->disc);
    exh_xml_end(o);
}

/* The disc that the image was made from, as it was read: the image may hold less of it. */
void exh_xml_source_layout(struct exh_xml_out *o, const struct exh_fact_disc *disc)
{
    if (disc == NULL)
        return;
    const struct exh_layout *l = &disc->layout;
    exh_xml_start(o, "source_layout");
    exh_xml_attribute(o, "kind", "disc");
    exh_xml_attribute_unsigned(o, "sessions", l->tracks[l->track_count - 1].session);
    disc_attributes(o, disc);
    for (uint32_t i = 0; i < l->track_count; i++) {
        const struct exh_track *t = &l->tracks[i];
        exh_xml_start(o, "track");
        exh_xml_attribute_unsigned(o, "number", t->number);
        exh_xml_attribute_unsigned(o, "session", t->session);
        exh_xml_attribute(o, "mode", exh_track_mode(t));
        exh_xml_attribute_signed(o, "first_lba", t->first);
        exh_xml_attribute_unsigned(o, "sectors", t->sectors);
        exh_xml_attribute_unsigned(o, "main_bytes", t->main_bytes);
        exh_xml_attribute_unsigned(o, "sub_bytes", t->sub_bytes);
        disc_track(o, l, t);
        exh_xml_end(o);
    }
    disc_rest(o, disc);
    exh_xml_end(o);
}

static void counts(struct exh_xml_out *o, const char *name, const struct exh_fact_counts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        exh_xml_start(o, name);
        exh_xml_attribute(o, "name", list->items[i].name);
        exh_xml_attribute_unsigned(o, "sectors", list->items[i].count);
        exh_xml_end(o);
    }
}

void exh_xml_audit(struct exh_xml_out *o, const struct exh_fact_audit *of)
{
    if (of->track_count == 0)
        return;
    exh_xml_start(o, "audit");
    exh_xml_attribute(o, "mcn", of->mcn);
    for (size_t i = 0; i < of->track_count; i++) {
        const struct exh_fact_audit_track *t = &of->tracks[i];
        exh_xml_start(o, "track");
        exh_xml_attribute_number(o, "number", t->number);
        exh_xml_attribute(o, "mode", t->mode);
        exh_xml_attribute_number(o, "sectors", t->sectors);
        exh_xml_attribute_number(o, "unread", t->unread);
        exh_xml_attribute(o, "checked", t->checked ? "true" : "false");
        exh_xml_attribute_number(o, "address_differs", t->shift_sectors);
        exh_xml_attribute(o, "isrc", t->isrc);
        counts(o, "verdict", &t->verdicts);
        counts(o, "q", &t->q);
        for (size_t k = 0; k < t->range_count; k++) {
            exh_xml_start(o, "range");
            exh_xml_attribute_signed(o, "lba", t->ranges[k].lba);
            exh_xml_attribute_unsigned(o, "sectors", t->ranges[k].count);
            exh_xml_attribute(o, "verdict", t->ranges[k].verdict);
            exh_xml_end(o);
        }
        exh_xml_end(o);
    }
    exh_xml_end(o);
}
