/* record_parts.c - small steps of writing and reading the JSON of records. See record_parts.h. */
#include "report/ledger/record_parts.h"

#include <stdarg.h>

#include "formats/model/seal.h"
#include "formats/model/text.h"
#include "report/ledger/record.h"

bool exh_record_set_text(json_t *object, const char *key, const char *text)
{
    return text[0] == '\0' || exh_record_set(object, key, exh_record_text(text));
}

json_t *exh_record_whole(json_t *json, bool ok)
{
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

json_t *exh_record_number(uint64_t value) { return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value); }

json_t *exh_record_hex(const uint8_t *bytes, size_t length)
{
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    exh_text_hex(bytes, length, hex);
    return json_string(hex);
}

bool exh_record_bad(struct exh_error *err, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the record of the image: %s", text);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

bool exh_record_integer(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *out, struct exh_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
        return exh_record_bad(err, "'%s' is not a number from %lld to %lld", key, (long long)least, (long long)most);
    *out = json_integer_value(value);
    return true;
}

bool exh_record_integer_or_zero(const json_t *object, const char *key, int64_t most, int64_t *out, struct exh_error *err)
{
    *out = 0;
    return json_object_get(object, key) == NULL || exh_record_integer(object, key, 0, most, out, err);
}
