/* digest_table.c - digests and the audit of sectors on stdout. See digest_table.h. */
#include "report/cli/digest_table.h"

#include <string.h>

#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "verify/track_digests.h"

static bool is_track(const struct exh_digest_value *v)
{
    unsigned number;
    enum exh_track_part part;
    return exh_scope_track(v->scope, &number, &part);
}

static bool is_listed(const char *algorithm)
{
    return strcmp(algorithm, "crc32") == 0 || strcmp(algorithm, "md5") == 0 || strcmp(algorithm, "sha1") == 0;
}

static const char *hex_of(const struct exh_digest_value *v, char hex[2 * EXH_DIGEST_BYTES_MAX + 1])
{
    if (v == NULL)
        return "-";
    exh_text_hex(v->bytes, v->length, hex);
    return hex;
}

/* Bytes that a scope of a track covers, as text; "-" where only a walk can tell. */
static void size_text(const struct exh_layout *layout, const char *scope, char out[24])
{
    unsigned number = 0;
    enum exh_track_part part = EXH_PART_RAW;
    const struct exh_track *t = exh_scope_track(scope, &number, &part) ? exh_layout_track(layout, number) : NULL;
    uint64_t own = t != NULL ? t->sectors - t->stored_pregap : 0, bytes = 0;
    (void)snprintf(out, 24, "-");
    if (t == NULL)
        return;
    switch (part) {
    case EXH_PART_RAW:
    case EXH_PART_STORED: bytes = own * t->main_bytes; break;
    case EXH_PART_USER: bytes = t->main_bytes == 2048 || t->kind == EXH_TRACK_MODE1 ? own * 2048 : 0; break;
    case EXH_PART_SUB: bytes = own * t->sub_bytes; break;
    case EXH_PART_PREGAP: bytes = (uint64_t)t->stored_pregap * t->main_bytes; break;
    case EXH_PART_WHOLE: bytes = t->sectors * t->main_bytes; break;
    default: break;
    }
    if (bytes > 0)
        (void)snprintf(out, 24, "%llu", (unsigned long long)bytes);
}

/* The first digest of each scope of a track stands for the scope's row. */
static bool begins_row(const struct exh_digests *digests, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(digests->items[i].scope, digests->items[at].scope) == 0)
            return false;
    return is_track(&digests->items[at]);
}

static void print_row(const struct exh_args *args, const char *indent, const struct exh_layout *layout, const struct exh_digests *digests, size_t at)
{
    char crc[2 * EXH_DIGEST_BYTES_MAX + 1], md5[2 * EXH_DIGEST_BYTES_MAX + 1], sha1[2 * EXH_DIGEST_BYTES_MAX + 1], size[24], part[24];
    const struct exh_digest_value *v = &digests->items[at];
    const char *slash = strchr(v->scope, '/');
    (void)snprintf(part, sizeof part, "%.*s %-6.6s", (int)(slash - v->scope - 6), v->scope + 6, slash + 1);
    size_text(layout, v->scope, size);
    exh_print(args, "%s%9s %10s  %-8s  %-32s  %-40s%s\n", indent, part, size, hex_of(exh_digests_find(digests, v->scope, "crc32"), crc),
              hex_of(exh_digests_find(digests, v->scope, "md5"), md5), hex_of(exh_digests_find(digests, v->scope, "sha1"), sha1),
              v->not_good > 0 ? "  zeros stand for unreadable sectors" : "");
}

/* crc32, md5 and sha1 side by side, as in a list of discs; another digest below, for who asked for it. */
static void print_tracks(const struct exh_args *args, const char *indent, const struct exh_layout *layout, const struct exh_digests *digests)
{
    bool listed = false, others = false;
    for (size_t i = 0; i < digests->count; i++) {
        listed = listed || (is_track(&digests->items[i]) && is_listed(digests->items[i].algorithm));
        others = others || (is_track(&digests->items[i]) && !is_listed(digests->items[i].algorithm));
    }
    if (listed)
        exh_print(args, "%s%-9s %10s  %-8s  %-32s  %s\n", indent, "track", "bytes", "crc32", "md5", "sha1");
    for (size_t i = 0; listed && i < digests->count; i++)
        if (begins_row(digests, i))
            print_row(args, indent, layout, digests, i);
    for (size_t i = 0; others && i < digests->count; i++) {
        char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
        const struct exh_digest_value *v = &digests->items[i];
        if (is_track(v) && !is_listed(v->algorithm))
            exh_print(args, "%s%-11s %s  (%s%s)\n", indent, v->algorithm, hex_of(v, hex), v->scope,
                      v->not_good > 0 ? "; zeros stand for unreadable sectors" : "");
    }
}

void exh_digest_table_print(const struct exh_args *args, const char *indent, const struct exh_layout *layout, const struct exh_digests *digests)
{
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    for (size_t i = 0; i < digests->count; i++) {
        const struct exh_digest_value *v = &digests->items[i];
        if (is_track(v) || strncmp(v->scope, "file:", 5) == 0)
            continue;
        exh_print(args, "%s%-11s %s  (%s", indent, v->algorithm, hex_of(v, hex), v->scope);
        if (v->not_good > 0)
            exh_print(args, "; zeros stand for %llu sectors that could not be read", (unsigned long long)v->not_good);
        exh_print(args, ")\n");
    }
    print_tracks(args, indent, layout, digests);
}

/* ---- the audit ---- */

static void add_count(char *line, size_t room, uint64_t count, const char *word)
{
    size_t used = strlen(line);
    if (count > 0)
        (void)snprintf(line + used, room - used, "%s%llu %s", used > 0 ? ", " : "", (unsigned long long)count, word);
}

static void print_q(const struct exh_args *args, const char *indent, const struct exh_audit_q *q)
{
    char line[300] = "";
    add_count(line, sizeof line, q->right, "right");
    add_count(line, sizeof line, q->mcn, "catalogue number");
    add_count(line, sizeof line, q->isrc, "ISRC");
    add_count(line, sizeof line, q->other, "other");
    add_count(line, sizeof line, q->shifted, "of another sector");
    add_count(line, sizeof line, q->wrong, "wrong");
    add_count(line, sizeof line, q->crc_bad, "with a bad CRC");
    add_count(line, sizeof line, q->blank, "blank");
    add_count(line, sizeof line, q->missing, "missing");
    exh_print(args, "%s%-11s Q: %s\n", indent, "", line);
}

void exh_audit_print(const struct exh_args *args, const char *indent, const struct exh_disc_audit *audit)
{
    for (uint32_t i = 0; audit->tracks != NULL && i < audit->track_count; i++) {
        const struct exh_audit_track *t = &audit->tracks[i];
        char line[400] = "", name[24];
        for (unsigned v = 0; t->checked && v < EXH_SECTOR_COUNT; v++)
            add_count(line, sizeof line, t->verdicts[v], exh_sector_verdict_name((enum exh_sector_verdict)v));
        add_count(line, sizeof line, t->unread, "not readable");
        (void)snprintf(name, sizeof name, "track %u", t->number);
        exh_print(args, "%s%-11s %llu sectors: %s\n", indent, name, (unsigned long long)t->sectors,
                  t->checked                   ? line
                  : t->kind == EXH_TRACK_AUDIO ? "audio, nothing to check"
                                               : "stored without EDC, nothing to check");
        if (t->sub_bytes > 0)
            print_q(args, indent, &t->q);
    }
}
