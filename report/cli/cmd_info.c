/* cmd_info.c - exhibit info: what an image is and what it says of itself; nothing is proven here. */
#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "report/cli/disc_table.h"
#include "report/cli/open_source.h"
#include "report/ledger/record.h"

/* The image's own words, each line of them indented, so that none passes for a line of ours. */
static void print_words(const struct exh_args *args, const char *key, const char *value)
{
    exh_print(args, "%-12s ", key);
    for (const char *end; (end = strpbrk(value, "\r\n")) != NULL; value = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1))
        exh_print(args, "%.*s\n%13s", (int)(end - value), value, "");
    exh_print(args, "%s\n", value);
}

static void print_tracks(const struct exh_args *args, const struct exh_layout *layout)
{
    const struct exh_track *t = &layout->tracks[0];
    exh_print(args, " of %u\n", t->main_bytes);
    exh_print(args, "track  session  mode          first LBA      sectors\n");
    for (uint32_t i = 0; i < layout->track_count; i++, t++)
        exh_print(args, "%5u  %7u  %-12s %10lld %12llu\n", t->number, t->session, exh_track_mode(t), (long long)t->first,
                  (unsigned long long)t->sectors);
}

static void print_info(const struct exh_args *args, const struct exh_medium *m, const struct exh_inspection *in)
{
    exh_print(args, "format       %s, %zu file%s\n", m->format, m->files != NULL ? m->files->count : 0,
              m->files != NULL && m->files->count == 1 ? "" : "s");
    exh_print(args, "medium       %llu bytes in %llu sectors", (unsigned long long)exh_layout_bytes(m->layout),
              (unsigned long long)exh_layout_sectors(m->layout));
    if (exh_disc_table_applies(m->layout)) {
        exh_print(args, "\n");
        exh_disc_table_print(args, m->layout);
    } else {
        print_tracks(args, m->layout);
    }
    for (size_t i = 0; m->seal != NULL && i < m->seal->digests.count; i++) {
        char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
        exh_text_hex(m->seal->digests.items[i].bytes, m->seal->digests.items[i].length, hex);
        exh_print(args, "%-12s %s  (stored, of %s)\n", m->seal->digests.items[i].algorithm, hex, m->seal->digests.items[i].scope);
    }
    for (size_t i = 0; m->seal != NULL && i < m->seal->fields.count; i++)
        if (strncmp(m->seal->fields.items[i].key, "ewf_", 4) != 0) /* those are among the facts */
            print_words(args, m->seal->fields.items[i].key, m->seal->fields.items[i].value);
    for (size_t i = 0; m->seal != NULL && i < m->seal->unreadable.count; i++)
        exh_print(args, "unreadable   LBA %lld, %llu sectors\n", (long long)m->seal->unreadable.ranges[i].lba,
                  (unsigned long long)m->seal->unreadable.ranges[i].count);
    for (size_t i = 0; i < in->fact_count; i++)
        exh_print(args, "%-24s %s\n", in->facts[i].key, in->facts[i].value);
    for (size_t i = 0; i < in->remark_count; i++)
        if (in->remarks[i].outcome != EXH_HOLDS)
            exh_print(args, "%-12s %s: %s\n", in->remarks[i].outcome == EXH_FAILS ? "DAMAGED" : "odd", in->remarks[i].check, in->remarks[i].detail);
}

static json_t *facts_json(const struct exh_inspection *in)
{
    json_t *list = json_array();
    for (size_t i = 0; i < in->fact_count; i++) {
        json_t *fact = json_pack("{s:s,s:o}", "key", in->facts[i].key, "value", exh_record_text(in->facts[i].value));
        if (in->facts[i].file[0] != '\0')
            (void)json_object_set_new(fact, "file", exh_record_text(in->facts[i].file));
        if (in->facts[i].offset != EXH_NO_OFFSET)
            (void)json_object_set_new(fact, "offset", json_integer((json_int_t)in->facts[i].offset));
        (void)json_array_append_new(list, fact);
    }
    return list;
}

static json_t *remarks_json(const struct exh_inspection *in)
{
    static const char *const outcomes[] = {"holds", "warning", "damaged"};
    json_t *list = json_array();
    for (size_t i = 0; i < in->remark_count; i++)
        if (in->remarks[i].outcome != EXH_HOLDS)
            (void)json_array_append_new(list,
                                        json_pack("{s:s,s:s,s:o,s:o}", "check", in->remarks[i].check, "outcome", outcomes[in->remarks[i].outcome],
                                                  "detail", exh_record_text(in->remarks[i].detail), "file", exh_record_text(in->remarks[i].file)));
    return list;
}

static json_t *layout_json(const struct exh_layout *layout)
{
    json_t *json = exh_record_layout(layout), *texts = exh_disc_cdtext(layout->disc);
    if (json != NULL && texts != NULL)
        (void)json_object_set(json, "cdtext", texts);
    json_decref(texts);
    return json;
}

static json_t *info_json(const struct exh_medium *m, const struct exh_inspection *in)
{
    static const struct exh_seal nothing;
    const struct exh_seal *seal = m->seal != NULL ? m->seal : &nothing;
    json_t *files = json_array();
    for (size_t i = 0; m->files != NULL && i < m->files->count; i++)
        (void)json_array_append_new(files, exh_record_text(m->files->items[i]));
    return json_pack("{s:s,s:o,s:i,s:I,s:I,s:o,s:{s:o,s:o},s:o,s:o,s:o}", "format", m->format, "files", files, "sector_size",
                     (int)m->layout->tracks[0].main_bytes, "sectors", (json_int_t)exh_layout_sectors(m->layout), "bytes",
                     (json_int_t)exh_layout_bytes(m->layout), "layout", layout_json(m->layout), "stored", "digests",
                     exh_record_digests(&seal->digests), "case", exh_record_fields(&seal->fields), "unreadable", exh_record_ranges(&seal->unreadable),
                     "facts", facts_json(in), "findings", remarks_json(in));
}

static enum exh_exit info_run(struct exh_args *args)
{
    struct exh_opened source;
    struct exh_inspection in = {0};
    struct exh_error err;
    exh_error_clear(&err);
    if (!exh_source_open(args, exh_operand(args, 0), true, false, &source, &err))
        return exh_tell_error(args, &err);
    bool ok = exh_medium_inspect(source.medium, &in, &err);
    enum exh_exit code = ok ? EXH_EXIT_DONE : exh_tell_error(args, &err);
    if (ok) {
        print_info(args, source.medium, &in);
        for (size_t i = 0; i < source.lineage.count; i++) {
            const struct exh_parent *p = &source.lineage.parents[i];
            exh_print(args, "%-12s %s (%s, %s%s%s)\n", "parent", p->path, p->format, p->identifier[0] != '\0' ? p->identifier_kind : "no identifier",
                      p->identifier[0] != '\0' ? " " : "", p->identifier);
        }
        json_t *json = info_json(source.medium, &in);
        if (json != NULL && !exh_lineage_json(&source, json)) {
            json_decref(json);
            json = NULL;
        }
        exh_answer(args, json);
    }
    exh_inspection_close(&in);
    exh_source_done(&source);
    return code;
}

static const struct exh_option info_options[] = {
    {.name = "--input-format", .argument = "F", .help = "what IMAGE is, when its first bytes do not tell"},
    EXH_LINEAGE_OPTIONS,
    {.name = "--sector-size", .argument = "N", .help = "bytes per sector of a raw image"},
    {0}};

extern const struct exh_command exh_command_info;
const struct exh_command exh_command_info = {
    .name = "info",
    .operands = "IMAGE",
    .summary = "what an image is: format, layout, stored digests, case data, unreadable ranges",
    .options = info_options,
    .least_operands = 1,
    .most_operands = 1,
    .run = info_run,
    .notes = "Shows what the image says of itself; verify says whether it is true. Of a disc: sessions, tracks with\n"
             "pregap and INDEX 01 as LBA and time, flags, ISRC, further indexes, MCN and CD-TEXT."};
