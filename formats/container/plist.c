/* plist.c - Apple's XML property lists through libxml2's reader. See plist.h. */
#include <libxml/xmlreader.h>

#include "formats/container/plist.h"
#include "formats/model/text.h"

#define DEPTH_MAX 32u
#define NODES_MAX 1000000u

struct parse {
    xmlTextReaderPtr reader;
    struct exh_error *err;
    size_t nodes;
    bool damaged; /* libxml2 found an error, even one it goes on after */
};

void exh_plist_close(struct exh_plist *p)
{
    for (struct exh_plist *next; p != NULL; p = next) {
        next = p->next;
        exh_plist_close(p->first);
        free(p->key);
        free(p->text);
        free(p->data);
        free(p);
    }
}

static bool fail(struct parse *p, enum exh_code code, const char *what)
{
    int line = xmlTextReaderGetParserLineNumber(p->reader);
    return p->err->code == EXH_OK ? exh_fail(p->err, code, EXH_NO_OFFSET, "line %d of the property list: %s", line, what) : false;
}

/* The next element's begin, or the end of the one we are in. False: the end of it all, or damage. */
static bool step(struct parse *p)
{
    for (;;) {
        int more = xmlTextReaderRead(p->reader);
        if (more != 1)
            return fail(p, EXH_CORRUPT, more == 0 ? "it ends early" : "it is no XML");
        int type = xmlTextReaderNodeType(p->reader);
        if (type == XML_READER_TYPE_ELEMENT || type == XML_READER_TYPE_END_ELEMENT)
            return true;
        if (type == XML_READER_TYPE_ENTITY_REFERENCE || type == XML_READER_TYPE_ENTITY)
            return fail(p, EXH_UNSUPPORTED, "entities are not taken");
    }
}

static bool named(const struct parse *p, const char *name)
{
    const xmlChar *n = xmlTextReaderConstName(p->reader);
    return n != NULL && strcmp((const char *)n, name) == 0;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, 4, with white space anywhere. */
static bool decode_base64(const char *text, uint8_t *out, size_t *length)
{
    uint32_t value = 0;
    unsigned digits = 0, padding = 0;
    *length = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
            continue;
        int d = *text == '=' ? 0 : base64_digit(*text);
        if (d < 0 || (padding > 0 && *text != '='))
            return false;
        padding += *text == '=';
        value = value << 6 | (uint32_t)d;
        if (++digits % 4 != 0)
            continue;
        for (unsigned i = 0; i < 3; i++)
            out[(*length)++] = (uint8_t)(value >> (16 - 8 * i));
        value = 0;
    }
    if (digits % 4 != 0 || padding > 2)
        return false;
    *length -= padding;
    return true;
}

/* The text of the element we stand at; the reader stands at its end afterwards. On the heap. */
static char *text_of(struct parse *p)
{
    xmlChar *inner = xmlTextReaderReadString(p->reader);
    char *text = exh_text_copy(inner != NULL ? (const char *)inner : "", inner != NULL ? strlen((const char *)inner) : 0);
    xmlFree(inner);
    if (text == NULL)
        (void)exh_nomem(p->err, "a property list");
    return text;
}

/* Past the end of the element we stand at. */
static bool leave(struct parse *p, const char *what)
{
    if (xmlTextReaderIsEmptyElement(p->reader) == 1)
        return true;
    int depth = xmlTextReaderDepth(p->reader);
    while (step(p)) {
        if (xmlTextReaderNodeType(p->reader) == XML_READER_TYPE_ELEMENT)
            return fail(p, EXH_CORRUPT, what);
        if (xmlTextReaderDepth(p->reader) == depth)
            return true;
    }
    return false;
}

static struct exh_plist *value(struct parse *p, unsigned depth);

/* The children of the dict or array we stand at. */
static bool children(struct parse *p, struct exh_plist *parent, unsigned depth)
{
    struct exh_plist **last = &parent->first;
    char *key = NULL;
    if (xmlTextReaderIsEmptyElement(p->reader) == 1)
        return true;
    bool ok = true;
    while (ok && step(p) && xmlTextReaderNodeType(p->reader) == XML_READER_TYPE_ELEMENT) {
        if (parent->kind == EXH_PLIST_DICT && key == NULL) {
            ok = (named(p, "key") || fail(p, EXH_CORRUPT, "a dict holds something that is no key")) && (key = text_of(p)) != NULL &&
                 leave(p, "a key holds more than text");
            continue;
        }
        struct exh_plist *child = value(p, depth + 1);
        ok = child != NULL;
        if (ok) {
            child->key = key;
            key = NULL;
            *last = child;
            last = &child->next;
        }
    }
    ok = ok && p->err->code == EXH_OK && (key == NULL || fail(p, EXH_CORRUPT, "a key has no value"));
    free(key);
    return ok;
}

static bool fill(struct parse *p, struct exh_plist *node, unsigned depth)
{
    if (named(p, "dict") || named(p, "array")) {
        node->kind = named(p, "dict") ? EXH_PLIST_DICT : EXH_PLIST_ARRAY;
        return children(p, node, depth);
    }
    bool data = named(p, "data");
    if (!data && !named(p, "string") && !named(p, "integer") && !named(p, "real") && !named(p, "date") && !named(p, "true") && !named(p, "false"))
        return fail(p, EXH_CORRUPT, "a value of a kind that is not known");
    node->kind = data ? EXH_PLIST_DATA : EXH_PLIST_STRING;
    if (named(p, "true") || named(p, "false"))
        node->text = exh_text_copy(named(p, "true") ? "true" : "false", named(p, "true") ? 4 : 5);
    else
        node->text = text_of(p);
    if (node->text == NULL || !leave(p, "a value holds more than text"))
        return false;
    if (!data)
        return true;
    node->data = malloc(strlen(node->text) / 4 * 3 + 3);
    if (node->data == NULL)
        return exh_nomem(p->err, "a property list");
    bool ok = decode_base64(node->text, node->data, &node->length) || fail(p, EXH_CORRUPT, "data that are no base64");
    free(node->text);
    node->text = NULL;
    return ok;
}

/* The value whose element we stand at. */
static struct exh_plist *value(struct parse *p, unsigned depth)
{
    if (depth > DEPTH_MAX || ++p->nodes > NODES_MAX) {
        (void)fail(p, EXH_LIMIT, depth > DEPTH_MAX ? "it is nested too deep" : "it has too many values");
        return NULL;
    }
    struct exh_plist *node = calloc(1, sizeof *node);
    if (node == NULL) {
        (void)exh_nomem(p->err, "a property list");
        return NULL;
    }
    if (fill(p, node, depth))
        return node;
    exh_plist_close(node);
    return NULL;
}

/* Nothing is printed; but what libxml2 mends by itself (a list cut short, whose elements it closes) is damage all the same. */
static void note_damage(void *context, xmlErrorPtr error)
{
    struct parse *p = context;
    p->damaged = p->damaged || error->level >= XML_ERR_ERROR;
}

/* Only the end of the list may follow its value. */
static bool at_end(struct parse *p)
{
    return step(p) && ((xmlTextReaderNodeType(p->reader) == XML_READER_TYPE_END_ELEMENT && !p->damaged) ||
                       fail(p, EXH_CORRUPT, p->damaged ? "it is damaged" : "it holds more than one value"));
}

struct exh_plist *exh_plist_parse(const uint8_t *bytes, size_t length, struct exh_error *err)
{
    if (length > EXH_PLIST_BYTES_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a property list of %zu bytes", length);
        return NULL;
    }
    while (length > 0 && bytes[length - 1] == '\0') /* old images end the text with a NUL */
        length--;
    struct parse p = {.err = err};
    p.reader = xmlReaderForMemory((const char *)bytes, (int)length, NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_COMPACT);
    if (p.reader == NULL) {
        (void)exh_nomem(err, "an XML reader");
        return NULL;
    }
    xmlTextReaderSetStructuredErrorHandler(p.reader, note_damage, &p);
    struct exh_plist *root = NULL;
    if (step(&p) && (named(&p, "plist") || fail(&p, EXH_CORRUPT, "it is no plist")) && step(&p) &&
        (xmlTextReaderNodeType(p.reader) == XML_READER_TYPE_ELEMENT || fail(&p, EXH_CORRUPT, "it is empty")))
        root = value(&p, 0);
    if (root != NULL && !at_end(&p)) {
        exh_plist_close(root);
        root = NULL;
    }
    xmlFreeTextReader(p.reader);
    return root;
}

const struct exh_plist *exh_plist_get(const struct exh_plist *dict, const char *key)
{
    const struct exh_plist *child = dict != NULL && dict->kind == EXH_PLIST_DICT ? dict->first : NULL;
    while (child != NULL && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}

const char *exh_plist_text(const struct exh_plist *dict, const char *key)
{
    const struct exh_plist *value_of = exh_plist_get(dict, key);
    return value_of != NULL && value_of->kind == EXH_PLIST_STRING ? value_of->text : NULL;
}
