/* volumes.c - the search for volumes, and the verdict on the size of what carries them. See volumes.h. */
#include "formats/optical/volumes.h"

#include <stdarg.h>
#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "formats/optical/volume_search.h"

#define WINDOW_BYTES (64u << 10)

const char *exh_volume_kind_name(enum exh_volume_kind kind)
{
    switch (kind) {
    case EXH_VOLUME_ISO9660: return "ISO 9660";
    case EXH_VOLUME_JOLIET: return "Joliet";
    case EXH_VOLUME_ISO9660_OTHER: return "ISO 9660 supplementary";
    case EXH_VOLUME_HIGH_SIERRA: return "High Sierra";
    case EXH_VOLUME_UDF: return "UDF";
    case EXH_VOLUME_HFS: return "HFS";
    case EXH_VOLUME_HFS_PLUS: return "HFS+";
    case EXH_VOLUME_APPLE_MAP: return "Apple partition map";
    }
    return "?";
}

const char *exh_volume_verdict_name(enum exh_volume_verdict verdict)
{
    switch (verdict) {
    case EXH_VOLUMES_NONE: return "none";
    case EXH_VOLUMES_TRUNCATED: return "truncated";
    case EXH_VOLUMES_EXACT: return "exact";
    case EXH_VOLUMES_PADDED: return "padded";
    case EXH_VOLUMES_APPENDED: return "appended";
    }
    return "?";
}

/* ---- what the readers of the file systems use ---- */

/* A sector that cannot be read is as good as absent; only what concerns the whole run ends the search. */
static bool ends_search(const struct exh_error *why) { return why->code == EXH_GONE || why->code == EXH_NOMEM || why->code == EXH_CANCELLED; }

bool exh_volume_sector(struct exh_volume_search *s, uint64_t index, uint8_t out[EXH_VOLUME_SECTOR_BYTES])
{
    struct exh_error why;
    exh_error_clear(&why);
    if (s->failed || index >= s->found->sectors)
        return false;
    uint64_t at = index * EXH_VOLUME_SECTOR_BYTES, left = s->of->source->size - at;
    size_t length = left < EXH_VOLUME_SECTOR_BYTES ? (size_t)left : EXH_VOLUME_SECTOR_BYTES;
    memset(out + length, 0, EXH_VOLUME_SECTOR_BYTES - length);
    if (exh_source_read(s->of->source, at, out, length, &why))
        return true;
    if (ends_search(&why)) {
        *s->err = why;
        s->failed = true;
    }
    return false;
}

uint64_t exh_volume_index(const struct exh_volume_search *s, uint64_t lba)
{
    if (s->of->first_lba < 0)
        return lba + (uint64_t)-s->of->first_lba;
    return lba >= (uint64_t)s->of->first_lba ? lba - (uint64_t)s->of->first_lba : UINT64_MAX;
}

static uint64_t offset_of(const struct exh_volume_search *s, uint64_t at) { return s->of->file != NULL ? at : EXH_NO_OFFSET; }
static const char *file_of(const struct exh_volume_search *s) { return s->of->file != NULL ? s->of->file : ""; }

void exh_volume_fact(struct exh_volume_search *s, uint64_t at, const char *key, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    s->failed = s->failed || !exh_inspection_fact(s->in, file_of(s), offset_of(s, at), key, s->err, "%s", text);
}

void exh_volume_remark(struct exh_volume_search *s, const char *check, enum exh_outcome outcome, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    s->failed = s->failed || !exh_inspection_remark_list(s->in, check, outcome, file_of(s), offset_of(s, at), s->err, fmt, args);
    va_end(args);
}

void exh_volume_add(struct exh_volume_search *s, enum exh_volume_kind kind, uint64_t index, uint64_t least, uint64_t most, const char *label)
{
    struct exh_volumes *found = s->found;
    least = least > index ? least : index + 1; /* at the least what describes it: a size of 0 is a field that was lost */
    struct exh_volume v = {.kind = kind, .lba = exh_volume_lba(s, index), .least = least, .most = most > least ? most : least};
    (void)snprintf(v.label, sizeof v.label, "%s", label != NULL ? label : "");
    found->least = v.least > found->least ? v.least : found->least;
    found->most = v.most > found->most ? v.most : found->most;
    if (found->count == EXH_VOLUMES_MAX)
        return;
    found->items[found->count++] = v;
    char reach[48] = "";
    if (v.most != v.least)
        (void)snprintf(reach, sizeof reach, ", at most %llu", (unsigned long long)v.most);
    exh_volume_fact(s, index * EXH_VOLUME_SECTOR_BYTES, "volume", "%s%s%s%s at LBA %lld: needs %llu sectors%s", exh_volume_kind_name(kind),
                    v.label[0] != '\0' ? " \"" : "", v.label, v.label[0] != '\0' ? "\"" : "", (long long)v.lba, (unsigned long long)v.least, reach);
}

static char *keep_text(struct exh_volume_search *s, char *text)
{
    if (text == NULL) {
        s->failed = true;
        (void)exh_nomem(s->err, "a volume's name");
        return NULL;
    }
    /* Control characters would break the lines of what is printed. */
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' ';)
        text[--n] = '\0';
    return text;
}

char *exh_volume_text(struct exh_volume_search *s, const uint8_t *field, size_t length)
{
    const uint8_t *nul = memchr(field, 0, length);
    return s->failed ? NULL : keep_text(s, exh_text_to_utf8(field, nul != NULL ? (size_t)(nul - field) : length));
}

char *exh_volume_text_utf16be(struct exh_volume_search *s, const uint8_t *field, size_t length)
{
    uint8_t swapped[256];
    size_t n = 0;
    for (; n + 2 <= length && n + 2 <= sizeof swapped && (field[n] != 0 || field[n + 1] != 0); n += 2) {
        swapped[n] = field[n + 1];
        swapped[n + 1] = field[n];
    }
    return s->failed ? NULL : keep_text(s, exh_text_from_utf16le(swapped, n));
}

/* ---- what lies behind ---- */

/* Looks for the first byte behind `from` that is not zero. */
static void look_behind(struct exh_volume_search *s, uint64_t from)
{
    struct exh_source *source = s->of->source;
    struct exh_volumes *found = s->found;
    uint8_t *window = malloc(WINDOW_BYTES);
    uint64_t looked = 0, at = from;
    found->verdict = EXH_VOLUMES_PADDED;
    if (window == NULL) {
        s->failed = true;
        (void)exh_nomem(s->err, "a window");
        return;
    }
    while ((at = exh_source_next_data(source, at)) < source->size && found->verdict == EXH_VOLUMES_PADDED) {
        size_t length = source->size - at < WINDOW_BYTES ? (size_t)(source->size - at) : WINDOW_BYTES;
        struct exh_error why;
        exh_error_clear(&why);
        if (looked >= EXH_VOLUME_BEHIND_BYTES || !exh_source_read(source, at, window, length, &why)) {
            found->behind_seen_partly = true;
            if (ends_search(&why)) {
                *s->err = why;
                s->failed = true;
            }
            break;
        }
        size_t n = 0;
        while (n < length && window[n] == 0)
            n++;
        if (n < length) {
            found->verdict = EXH_VOLUMES_APPENDED;
            found->behind_lba = exh_volume_lba(s, (at + n) / EXH_VOLUME_SECTOR_BYTES);
        }
        at += length;
        looked += length;
    }
    free(window);
}

/* dvdisaster writes its error correction data behind the file system, with a header right there (its manual; the fields as its files show them). */
static bool told_by_dvdisaster(struct exh_volume_search *s)
{
    uint8_t sector[EXH_VOLUME_SECTOR_BYTES];
    if (!exh_volume_sector(s, s->found->most, sector) || memcmp(sector, "*dvdisaster*", 12) != 0)
        return false;
    char *method = exh_volume_text(s, sector + 12, 4);
    exh_volume_fact(s, s->found->most * EXH_VOLUME_SECTOR_BYTES, "dvdisaster", "%s at LBA %lld, for %llu sectors", method != NULL ? method : "",
                    exh_volume_lba(s, s->found->most), (unsigned long long)exh_le64(sector + 68));
    free(method);
    return true;
}

static void judge(struct exh_volume_search *s)
{
    struct exh_volumes *found = s->found;
    uint64_t size = s->of->source->size, whole = size / EXH_VOLUME_SECTOR_BYTES, at = found->most * EXH_VOLUME_SECTOR_BYTES;
    if (found->count == 0 || s->failed)
        return;
    if (found->least > whole && found->least - whole <= s->of->beyond) {
        found->verdict = EXH_VOLUMES_EXACT;
        exh_volume_fact(s, size, "volume_size", "exact: %llu sectors, the last %llu of them in what follows the track",
                        (unsigned long long)found->least, (unsigned long long)(found->least - whole));
        return;
    }
    if (found->least > whole) {
        found->verdict = EXH_VOLUMES_TRUNCATED;
        found->difference = found->least - whole;
        exh_volume_remark(s, "volume-size", EXH_FAILS, size, "truncated: the volumes need %llu sectors and %llu are there, missing: %llu",
                          (unsigned long long)found->least, (unsigned long long)whole, (unsigned long long)found->difference);
        return;
    }
    if (found->sectors <= found->most) {
        found->verdict = EXH_VOLUMES_EXACT;
        exh_volume_fact(s, size, "volume_size", "exact: %llu sectors", (unsigned long long)found->sectors);
        return;
    }
    found->difference = found->sectors - found->most;
    look_behind(s, at);
    unsigned long long count = (unsigned long long)found->difference, needed = (unsigned long long)found->most;
    if (s->failed)
        return;
    if (found->verdict == EXH_VOLUMES_PADDED)
        exh_volume_remark(s, "volume-size", EXH_WARNS, at, "padded: %llu sectors lie behind the %llu that the volumes need, %s", count, needed,
                          found->behind_seen_partly ? "zeros as far as they were looked at" : "all zeros");
    else
        exh_volume_remark(s, "volume-size", EXH_WARNS, at,
                          "appended: %llu sectors lie behind the %llu that the volumes need, not zeros from LBA %lld on%s", count, needed,
                          (long long)found->behind_lba, told_by_dvdisaster(s) ? " (dvdisaster's error correction data)" : "");
}

bool exh_volumes_find(const struct exh_volumes_of *of, struct exh_volumes *out, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_volume_search s = {.of = of, .found = out, .in = in, .err = err};
    memset(out, 0, sizeof *out);
    out->sectors = exh_volume_sectors(of->source->size);
    exh_volume_iso(&s);
    exh_volume_udf(&s);
    exh_volume_apple(&s);
    judge(&s);
    return !s.failed;
}
