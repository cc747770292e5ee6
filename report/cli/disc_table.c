/* disc_table.c - a disc for people. See disc_table.h; times are those of the Red Book, 75 frames a second. */
#include "report/cli/disc_table.h"

#include <string.h>

#include "formats/model/disc.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/msf.h"
#include "report/ledger/record.h"

bool exh_disc_table_applies(const struct exh_layout *layout)
{
    bool tracks = layout->track_count > 1 || (layout->track_count == 1 && layout->tracks[0].kind != EXH_TRACK_BLOCKS);
    return layout->kind == EXH_LAYOUT_DISC && tracks;
}

void exh_disc_flags(uint8_t control, char out[24])
{
    (void)snprintf(out, 24, "%s%s%s%s", (control & EXH_CONTROL_DATA) != 0 ? " data" : "", (control & EXH_CONTROL_COPY) != 0 ? " DCP" : "",
                   (control & EXH_CONTROL_PRE_EMPHASIS) != 0 ? " PRE" : "", (control & EXH_CONTROL_FOUR_CHANNEL) != 0 ? " 4CH" : "");
    if (out[0] == '\0')
        (void)snprintf(out, 24, "-");
    else
        memmove(out, out + 1, strlen(out));
}

void exh_disc_time(int64_t frames, char out[EXH_MSF_TEXT])
{
    const int64_t minute = 60 * EXH_FRAMES_PER_SECOND;
    if (frames < 0 || frames / minute > 9999)
        (void)snprintf(out, EXH_MSF_TEXT, "-");
    else
        (void)snprintf(out, EXH_MSF_TEXT, "%02d:%02d:%02d", (int)(frames / minute), (int)(frames / EXH_FRAMES_PER_SECOND % 60),
                       (int)(frames % EXH_FRAMES_PER_SECOND));
}

void exh_disc_place(int64_t lba, char out[EXH_MSF_TEXT]) { exh_disc_time(lba < EXH_LBA_MIN ? -1 : lba + EXH_LEAD_IN_FRAMES, out); }

/* ---- tracks ---- */

static void pregap_text(const struct exh_track *t, char out[64])
{
    char all[EXH_MSF_TEXT], stored[EXH_MSF_TEXT];
    exh_disc_time(t->pregap, all);
    exh_disc_time(t->stored_pregap, stored);
    if (t->pregap == 0)
        (void)snprintf(out, 64, "-");
    else if (t->stored_pregap == t->pregap)
        (void)snprintf(out, 64, "%s stored", all);
    else if (t->stored_pregap == 0)
        (void)snprintf(out, 64, "%s unstored", all);
    else
        (void)snprintf(out, 64, "%s (%s stored)", all, stored);
}

static void print_track(const struct exh_args *args, const struct exh_track *t)
{
    char flags[24], pregap[64], start[EXH_MSF_TEXT], length[EXH_MSF_TEXT], bytes[16];
    uint64_t sectors = t->sectors - t->stored_pregap;
    exh_disc_flags(t->control, flags);
    pregap_text(t, pregap);
    exh_disc_place(exh_track_start(t), start);
    exh_disc_time(sectors < INT64_MAX ? (int64_t)sectors : -1, length);
    (void)snprintf(bytes, sizeof bytes, t->sub_bytes > 0 ? "%u+%u" : "%u", t->main_bytes, t->sub_bytes);
    exh_print(args, "%5u %3u  %-10s  %-12s  %-17s  %8lld %9s  %8llu %9s  %s%s%s\n", t->number, t->session, exh_track_mode(t), flags, pregap,
              (long long)exh_track_start(t), start, (unsigned long long)sectors, length, bytes, t->isrc[0] != '\0' ? "  " : "", t->isrc);
}

static void print_indexes(const struct exh_args *args, const struct exh_disc *d, unsigned track)
{
    char place[EXH_MSF_TEXT];
    for (size_t i = 0; d != NULL && i < d->index_count; i++)
        if (d->indexes[i].track == track) {
            exh_disc_place(d->indexes[i].lba, place);
            exh_print(args, "%46sINDEX %02u  %8lld %9s\n", "", d->indexes[i].number, (long long)d->indexes[i].lba, place);
        }
}

static const char *disc_type(int type)
{
    switch (type) {
    case 0x00: return "CD-DA or CD-ROM";
    case 0x10: return "CD-i";
    case 0x20: return "CD-ROM XA";
    default: return "unknown";
    }
}

static void print_sessions(const struct exh_args *args, const struct exh_disc *d)
{
    for (uint32_t i = 0; i < d->session_count; i++) {
        const struct exh_session *s = &d->sessions[i];
        char place[EXH_MSF_TEXT], type[48] = "";
        if (s->disc_type >= 0)
            (void)snprintf(type, sizeof type, ", type %02x (%s)", (unsigned)s->disc_type, disc_type(s->disc_type));
        exh_disc_place(s->lead_out, place);
        if (s->lead_out == EXH_NO_LBA)
            exh_print(args, "session %-4u lead-out not told%s\n", s->number, type);
        else
            exh_print(args, "session %-4u lead-out at LBA %lld, %s%s\n", s->number, (long long)s->lead_out, place, type);
    }
}

/* ---- CD-TEXT ---- */

static const char *charset_name(uint8_t charset)
{
    switch (charset) {
    case 0x00: return "ISO 8859-1";
    case 0x01: return "ASCII";
    case 0x80: return "MS-JIS";
    case 0x81: return "Korean";
    case 0x82: return "Mandarin";
    default: return "unknown";
    }
}

static bool decode(const struct exh_disc *d, struct exh_cdtext *out)
{
    struct exh_error err;
    exh_error_clear(&err);
    memset(out, 0, sizeof *out);
    return d != NULL && d->cdtext_packs > 0 && exh_cdtext_decode(d->cdtext, d->cdtext_packs, out, &err);
}

static void print_texts(const struct exh_args *args, const struct exh_cdtext *text, unsigned block)
{
    for (unsigned track = 0; track <= 99; track++) {
        bool first = true;
        for (size_t i = 0; i < text->count; i++) {
            const struct exh_cdtext_item *item = &text->items[i];
            if (item->block != block || item->track != track || item->text[0] == '\0')
                continue;
            char who[16];
            (void)snprintf(who, sizeof who, track == 0 ? "disc" : "track %u", track);
            exh_print(args, "  %-10s %-11s %.*s\n", first ? who : "", exh_cdtext_type_name(item->type), (int)strcspn(item->text, "\r\n"),
                      item->text); /* one line: a text that brings its own cannot pass for one of ours */
            first = false;
        }
    }
}

static void print_cdtext(const struct exh_args *args, const struct exh_disc *d)
{
    struct exh_cdtext text;
    if (decode(d, &text)) {
        exh_print(args, "CD-TEXT      %zu packs", d->cdtext_packs);
        if (text.bad_crc > 0)
            exh_print(args, ", %zu of them with a wrong CRC", text.bad_crc);
        exh_print(args, "\n");
        for (unsigned block = 0; block < 8; block++)
            if (text.language[block] != 0xFF || text.charset[block] != 0xFF) {
                exh_print(args, "  block %u: language %02x, %s\n", block, text.language[block], charset_name(text.charset[block]));
                print_texts(args, &text, block);
            }
    }
    exh_cdtext_close(&text);
}

static json_t *language_json(const struct exh_cdtext *text, unsigned block, unsigned track)
{
    json_t *json = json_pack("{s:i,s:i}", "block", (int)block, "track", (int)track);
    if (json != NULL && text->language[block] != 0xFF)
        (void)json_object_set_new(json, "language", json_integer(text->language[block]));
    if (json != NULL && text->charset[block] != 0xFF)
        (void)json_object_set_new(json, "charset", json_string(charset_name(text->charset[block])));
    return json;
}

json_t *exh_disc_cdtext(const struct exh_disc *disc)
{
    struct exh_cdtext text;
    json_t *list = decode(disc, &text) ? json_array() : NULL;
    for (unsigned block = 0; list != NULL && block < 8; block++)
        for (unsigned track = 0; track <= 99; track++) {
            json_t *one = NULL;
            for (size_t i = 0; i < text.count; i++) {
                const struct exh_cdtext_item *item = &text.items[i];
                if (item->block != block || item->track != track)
                    continue;
                one = one != NULL ? one : language_json(&text, block, track);
                (void)json_object_set_new(one, exh_cdtext_type_name(item->type), exh_record_text(item->text));
            }
            if (one != NULL)
                (void)json_array_append_new(list, one);
        }
    exh_cdtext_close(&text);
    return list;
}

/* ---- all of it ---- */

void exh_disc_table_print(const struct exh_args *args, const struct exh_layout *layout)
{
    const struct exh_disc *d = layout->disc;
    unsigned sessions = 0;
    for (uint32_t i = 0; i < layout->track_count; i++)
        sessions = layout->tracks[i].session > sessions ? layout->tracks[i].session : sessions;
    exh_print(args, "disc         %s%s%u track%s in %u session%s\n", d != NULL ? d->medium : "", d != NULL && d->medium[0] != '\0' ? ", " : "",
              layout->track_count, layout->track_count == 1 ? "" : "s", sessions, sessions == 1 ? "" : "s");
    if (d != NULL && d->mcn[0] != '\0')
        exh_print(args, "catalogue    %s (MCN)\n", d->mcn);
    if (d != NULL)
        print_sessions(args, d);
    exh_print(args, "track ses  mode        flags         pregap             INDEX 01                sectors      time  bytes  ISRC\n");
    for (uint32_t i = 0; i < layout->track_count; i++) {
        const struct exh_track *t = &layout->tracks[i];
        char gap[EXH_MSF_TEXT];
        print_track(args, t);
        print_indexes(args, d, t->number);
        exh_disc_time(t->postgap, gap);
        if (t->postgap > 0)
            exh_print(args, "%46spostgap   %s unstored\n", "", gap);
    }
    print_cdtext(args, d);
}
