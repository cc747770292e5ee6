/* facts_text.c - the texts and figures a page may hold: recorded bytes made into text that XML can carry, numbers in groups of three, digests
 * that are hex, file names as words of a shell command.
 *
 * Well-formed UTF-8 is RFC 3629's. Which characters XML may hold: XML 1.0 (5th ed.) clause 2.2, less CR, which a parser would change, and
 * the controls it discourages. Anything else becomes U+FFFD, so that a reader sees that something stood there. */
#include "report/pages/facts_reader.h"

#include <ctype.h>

#include "formats/model/text.h"

static bool xml_may_hold(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n';
    return c < 0x7f || (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* Decodes one character of well-formed UTF-8 (RFC 3629) into *c; 0 bytes: not one. */
static size_t decode(const unsigned char *s, size_t left, uint32_t *c)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    if (length == 1) {
        *c = s[0];
        return 1;
    }
    uint32_t value = s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = (value << 6) | (s[i] & 0x3fu);
    }
    *c = value;
    return value >= least[length] && !(value >= 0xd800 && value <= 0xdfff) && value <= 0x10ffff ? length : 0;
}

char *exh_facts_text(const char *text, size_t length)
{
    if (length > (SIZE_MAX - 1) / 3)
        return NULL;
    char *out = malloc(3 * length + 1); /* one bad byte becomes the three of U+FFFD */
    if (out == NULL)
        return NULL;
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        size_t step = decode((const unsigned char *)text + i, length - i, &c);
        if (step != 0 && xml_may_hold(c)) {
            memcpy(out + n, text + i, step);
            n += step;
        } else {
            memcpy(out + n, "\xef\xbf\xbd", 3);
            n += 3;
        }
        i += step != 0 ? step : 1;
    }
    out[n] = '\0';
    return out;
}

struct exh_figure exh_facts_figure(uint64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    struct exh_figure out = {{0}};
    size_t n = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out.text[n++] = ',';
        out.text[n++] = digits[i];
    }
    return out;
}

bool exh_facts_is_hex(const char *text, size_t length)
{
    if (text == NULL || strlen(text) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

/* A word of the command line as a shell would need it: plain when it is plain, otherwise in single quotes. */
bool exh_facts_append_quoted(char **text, const char *word)
{
    bool plain = *word != '\0';
    for (const char *p = word; *p != '\0'; p++)
        plain = plain && (isalnum((unsigned char)*p) || strchr("%+,-./:=@_", *p) != NULL);
    if (plain)
        return exh_text_append(text, "%s", word);
    if (!exh_text_append(text, "'"))
        return false;
    for (const char *p = word; *p != '\0';) {
        size_t run = strcspn(p, "'");
        if (!exh_text_append(text, "%.*s%s", (int)(run < 4096 ? run : 4096), p, run < 4096 && p[run] == '\'' ? "'\\''" : ""))
            return false;
        p += run < 4096 ? run + (p[run] == '\'') : 4096;
    }
    return exh_text_append(text, "'");
}

char *exh_facts_shell(const char *name)
{
    char *text = NULL;
    if ((*name != '-' || exh_text_append(&text, "./")) && exh_facts_append_quoted(&text, name))
        return text;
    free(text);
    return NULL;
}
