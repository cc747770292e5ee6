/* text.c - bounded text. See text.h. */
#include "formats/model/text.h"

#include "formats/model/bytes.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Reads digits from *text on; false on none or overflow. */
static bool leading_u64(const char **text, uint64_t *out)
{
    const char *p = *text;
    uint64_t base = 10, value = 0;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_of(p[2]) < 16)
        base = 16, p += 2;
    const char *start = p;
    for (; (uint64_t)digit_of(*p) < base; p++)
        if (!exh_mul_u64(value, base, &value) || !exh_add_u64(value, (uint64_t)digit_of(*p), &value))
            return false;
    if (p == start)
        return false;
    *text = p;
    *out = value;
    return true;
}

bool exh_text_u64(const char *text, uint64_t *out) { return leading_u64(&text, out) && *text == '\0'; }

bool exh_text_size(const char *text, uint64_t *out)
{
    uint64_t value, unit = 1;
    if (!leading_u64(&text, &value))
        return false;
    switch (*text) {
    case 'K':
    case 'k': unit = 1ULL << 10; break;
    case 'M':
    case 'm': unit = 1ULL << 20; break;
    case 'G':
    case 'g': unit = 1ULL << 30; break;
    case 'T':
    case 't': unit = 1ULL << 40; break;
    case 's': unit = 512; break;
    default: break;
    }
    if (unit != 1) {
        text++;
        if (unit != 512 && text[0] == 'i' && text[1] == 'B')
            text += 2;
        else if (unit != 512 && text[0] == 'B')
            text++;
    }
    return *text == '\0' && exh_mul_u64(value, unit, out);
}

void exh_text_hex(const uint8_t *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

bool exh_text_unhex(const char *hex, uint8_t *out, size_t length)
{
    if (strlen(hex) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high > 15 || low > 15)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

char *exh_text_copy(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *exh_text_vformat(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = malloc((size_t)length + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)length + 1, fmt, args);
    return text;
}

char *exh_text_format(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = exh_text_vformat(fmt, args);
    va_end(args);
    return text;
}

bool exh_text_append(char **text, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *more = exh_text_vformat(fmt, args);
    va_end(args);
    if (more == NULL)
        return false;
    size_t have = *text != NULL ? strlen(*text) : 0, add = strlen(more);
    char *whole = realloc(*text, have + add + 1);
    if (whole != NULL) {
        memcpy(whole + have, more, add + 1);
        *text = whole;
    }
    free(more);
    return whole != NULL;
}

/* Writes one code point at out (room for 4), returns its length. */
static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80)
        return out[0] = (char)c, 1;
    if (c < 0x800)
        return out[0] = (char)(0xC0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3F)), 2;
    if (c < 0x10000)
        return out[0] = (char)(0xE0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3F)), out[2] = (char)(0x80 | (c & 0x3F)), 3;
    out[0] = (char)(0xF0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F)), out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

char *exh_text_from_utf16le(const uint8_t *bytes, size_t length)
{
    size_t units = length / 2, used = 0, i = 0;
    char *out = malloc(3 * units + 1); /* a surrogate pair is 4 bytes for 2 units */
    if (out == NULL)
        return NULL;
    if (units > 0 && exh_le16(bytes) == 0xFEFF)
        i = 1;
    for (; i < units; i++) {
        uint32_t c = exh_le16(bytes + 2 * i);
        if (c == 0)
            break;
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < units) {
            uint32_t low = exh_le16(bytes + 2 * (i + 1));
            if (low >= 0xDC00 && low < 0xE000)
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00), i++;
        }
        if (c >= 0xD800 && c < 0xE000)
            c = 0xFFFD;
        used += put_utf8(c, out + used);
    }
    out[used] = '\0';
    return out;
}

/* Length of the valid UTF-8 sequence at p, or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint32_t c = p[0], least;
    size_t n;
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c < 0xE0)
        n = 2, c &= 0x1F, least = 0x80;
    else if (c >= 0xE0 && c < 0xF0)
        n = 3, c &= 0x0F, least = 0x800;
    else if (c >= 0xF0 && c < 0xF5)
        n = 4, c &= 0x07, least = 0x10000;
    else
        return 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    return c < least || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0 : n;
}

bool exh_text_is_utf8(const char *text, size_t length)
{
    for (size_t i = 0, n; i < length; i += n)
        if ((n = utf8_length((const uint8_t *)text + i, length - i)) == 0)
            return false;
    return true;
}

char *exh_text_to_utf8(const uint8_t *bytes, size_t length)
{
    /* Windows-1252, 0x80..0x9F; the five holes become U+FFFD. */
    static const uint16_t upper[32] = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                       0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                       0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
    if (exh_text_is_utf8((const char *)bytes, length))
        return exh_text_copy((const char *)bytes, length);
    char *out = malloc(3 * length + 1);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < length; i++)
        used += put_utf8(bytes[i] >= 0x80 && bytes[i] < 0xA0 ? upper[bytes[i] - 0x80] : bytes[i], out + used);
    out[used] = '\0';
    return out;
}

const char *exh_text_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
