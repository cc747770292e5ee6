/* markup.c - a growing page of HTML. See markup.h. Escaping follows the HTML standard, "writing HTML documents", 13.1.2 and 13.1.4:
 * the five characters that can end a text or a quoted attribute are written as references everywhere, so one function serves both places. */
#include "report/pages/markup.h"

#include <stdarg.h>

static bool room(struct exh_markup *page, size_t more)
{
    if (page->failed != EXH_OK)
        return false;
    if (more >= EXH_MARKUP_BYTES_MAX - page->length) {
        page->failed = EXH_LIMIT;
        return false;
    }
    size_t need = page->length + more + 1;
    if (need <= page->capacity)
        return true;
    size_t capacity = page->capacity == 0 ? 16384 : page->capacity;
    while (capacity < need)
        capacity *= 2;
    char *bytes = realloc(page->bytes, capacity);
    if (bytes == NULL) {
        page->failed = EXH_NOMEM;
        return false;
    }
    page->bytes = bytes;
    page->capacity = capacity;
    return true;
}

static void put(struct exh_markup *page, const char *bytes, size_t length)
{
    if (!room(page, length))
        return;
    memcpy(page->bytes + page->length, bytes, length);
    page->length += length;
    page->bytes[page->length] = '\0';
}

void exh_markup_put(struct exh_markup *page, const char *markup) { put(page, markup, strlen(markup)); }

void exh_markup_format(struct exh_markup *page, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof line)
        page->failed = page->failed == EXH_OK ? EXH_BUG : page->failed; /* our own formats are short: numbers and words of ours */
    else
        put(page, line, (size_t)length);
}

/* U+200E/F, U+202A..202E, U+2066..2069 and U+061C: three bytes (two for the last) that change the direction of what follows. */
static size_t direction_mark(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;
    if (b[0] == 0xd8 && b[1] == 0x9c)
        return 2;
    if (b[0] != 0xe2 || (b[1] != 0x80 && b[1] != 0x81))
        return 0;
    if (b[1] == 0x80 && (b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xaa && b[2] <= 0xae)))
        return 3;
    return b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9 ? 3 : 0;
}

static const char *reference_of(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void exh_markup_text(struct exh_markup *page, const char *text)
{
    if (text == NULL)
        return;
    const char *start = text;
    while (*text != '\0') {
        const char *reference = reference_of(*text);
        size_t mark = direction_mark(text);
        if (reference == NULL && mark == 0) {
            text++;
            continue;
        }
        put(page, start, (size_t)(text - start));
        exh_markup_put(page, reference != NULL ? reference : "\xef\xbf\xbd");
        text += mark != 0 ? mark : 1;
        start = text;
    }
    put(page, start, (size_t)(text - start));
}

char *exh_markup_take(struct exh_markup *page, struct exh_error *err)
{
    char *bytes = page->bytes;
    enum exh_code failed = bytes == NULL && page->failed == EXH_OK ? EXH_BUG : page->failed;
    memset(page, 0, sizeof *page);
    if (failed == EXH_OK)
        return bytes;
    free(bytes);
    if (failed == EXH_NOMEM)
        exh_nomem(err, "the report page");
    else
        exh_fail(err, failed, EXH_NO_OFFSET, failed == EXH_LIMIT ? "the report page would pass %u bytes" : "the report page is at fault (bound %u)",
                 EXH_MARKUP_BYTES_MAX);
    return NULL;
}
