/* ewf_fields.c - case data as EWF header values, with an escape that every value survives. See ewf_fields.h; ewf_text.c undoes it.
 *
 * EWF: the `header` and `header2` sections are lines of tab-separated values (libewf's documentation of the format, "Header section"). */
#include "formats/evidence/ewf_fields.h"

#include "formats/model/sink.h"
#include "formats/model/text.h"

#define ESCAPED_MARK "\\nexhibit-escaped: 1"
#define BYTES_MARK "\\nexhibit-media-bytes: "

const struct exh_ewf_key exh_ewf_keys[] = {
    {"case", "case_number"},
    {"exhibit", "evidence_number"},
    {"examiner", "examiner_name"},
    {"description", "description"},
    {"notes", "notes"},
    {"model", "model"},
    {"serial", "serial_number"},
    {"ewf_program", "acquiry_software_version"},
    {"ewf_platform", "acquiry_operating_system"},
    {NULL, NULL},
};

static char *escape_text(const char *text)
{
    size_t length = strlen(text), used = 0;
    char *out = malloc(2 * length + 1);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        char c = text[i], letter = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '\\' ? '\\' : '\0';
        if (letter != '\0')
            out[used++] = '\\';
        out[used++] = letter != '\0' ? letter : c;
    }
    out[used] = '\0';
    return out;
}

static const char *value_of(const struct exh_create *create, const char *key)
{
    const char *value = strcmp(key, "ewf_program") == 0    ? create->program
                        : strcmp(key, "ewf_platform") == 0 ? create->platform
                        : create->fields != NULL           ? exh_fields_get(create->fields, key)
                                                           : NULL;
    return value != NULL ? value : "";
}

/* A separator in any value, or notes that could read as carrying our marker. */
static bool need_escape(const struct exh_create *create)
{
    for (const struct exh_ewf_key *k = exh_ewf_keys; k->key != NULL; k++)
        if (strpbrk(value_of(create, k->key), "\n\t\r") != NULL)
            return true;
    return strstr(value_of(create, "notes"), "exhibit-") != NULL;
}

static bool store(struct exh_fields *out, const char *identifier, const char *value, bool escape, const char *marks, struct exh_error *err)
{
    if (!exh_text_is_utf8(value, strlen(value)))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the field '%s' is not valid UTF-8, which an E01 stores", identifier);
    char *text = escape ? escape_text(value) : exh_text_copy(value, strlen(value));
    bool ok = (text != NULL && exh_text_append(&text, "%s", marks)) || exh_nomem(err, "a header value");
    /* An empty value is the same as none. */
    ok = ok && (text[0] == '\0' || exh_fields_set(out, identifier, text, err));
    free(text);
    return ok;
}

bool exh_ewf_values_of(const struct exh_create *create, struct exh_fields *out, struct exh_error *err)
{
    bool escape = need_escape(create), tail = create->declared->tracks[create->declared->track_count - 1].tail_bytes != 0;
    char marks[sizeof ESCAPED_MARK + sizeof BYTES_MARK + 24] = "", bytes[sizeof BYTES_MARK + 24] = "";
    if (tail)
        (void)snprintf(bytes, sizeof bytes, "%s%llu", BYTES_MARK, (unsigned long long)exh_layout_bytes(create->declared));
    (void)snprintf(marks, sizeof marks, "%s%s", escape ? ESCAPED_MARK : "", bytes);
    for (const struct exh_ewf_key *k = exh_ewf_keys; k->key != NULL; k++) {
        bool notes = strcmp(k->key, "notes") == 0;
        if (!store(out, k->identifier, value_of(create, k->key), escape || tail, notes ? marks : "", err))
            return false;
    }
    return true;
}
