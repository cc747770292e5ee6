/* source_split.c - numbered parts joined into one byte source. See source_split.h. */
#include "formats/container/source_split.h"

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define PARTS_MAX 65536u    /* .aaaa has 456,976 names, but no set we know passes four digits */
#define PARTS_HELD_OPEN 16u /* two descriptors each */
#define GAP_MAX 1000u       /* how far behind a missing part later ones are looked for: all of .001 to .999 */

struct part {
    struct exh_source *source;
    uint64_t start;
};

struct split_source {
    struct exh_source source;
    struct part *parts;
    size_t count, capacity;
    char *name;
};

/* The counter at the end of a part's name: where it starts, its width, and whether it counts in letters. */
struct counter {
    size_t at, width;
    bool letters, upper;
};

static bool counter_of(const char *name, struct counter *out)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name)
        return false;
    size_t width = strlen(dot + 1);
    bool digits = true, low = true, high = true;
    for (const char *p = dot + 1; *p != '\0'; p++) {
        digits = digits && *p >= '0' && *p <= '9';
        low = low && *p >= 'a' && *p <= 'z';
        high = high && *p >= 'A' && *p <= 'Z';
    }
    *out = (struct counter){(size_t)(dot + 1 - name), width, low || high, high};
    if (digits)
        return width >= 2 && width <= 4;
    if (!low && !high)
        return false;
    /* ".img" is three letters too: a letter counter starts with an a unless the set is very large (split -a 2 .. 4). */
    return (width == 2 && (dot[1] == 'a' || dot[1] == 'A' || dot[1] == 'b' || dot[1] == 'B')) ||
           (width > 2 && width <= 4 && (strncmp(dot + 1, "aaaa", width - 1) == 0 || strncmp(dot + 1, "AAAA", width - 1) == 0));
}

bool exh_split_is_part(const char *name)
{
    struct counter c;
    return counter_of(name, &c);
}

/* Writes counter value n into the name; false when it does not fit the width. */
static bool set_counter(char *name, const struct counter *c, uint32_t n)
{
    uint32_t base = c->letters ? 26 : 10;
    char first = c->letters ? (c->upper ? 'A' : 'a') : '0';
    for (size_t i = c->width; i > 0; i--, n /= base)
        name[c->at + i - 1] = (char)(first + (char)(n % base));
    return n == 0;
}

static uint32_t get_counter(const char *name, const struct counter *c)
{
    uint32_t n = 0;
    for (size_t i = 0; i < c->width; i++)
        n = n * (c->letters ? 26 : 10) + (uint32_t)(name[c->at + i] - (c->letters ? (c->upper ? 'A' : 'a') : '0'));
    return n;
}

static size_t split_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    struct split_source *s = (struct split_source *)source;
    size_t low = 0, high = s->count, done = 0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->parts[middle].start <= offset)
            low = middle;
        else
            high = middle;
    }
    for (size_t i = low; i < s->count && done < length; i++) {
        uint64_t inside = offset + done - s->parts[i].start, left = s->parts[i].source->size - inside;
        size_t want = length - done < left ? length - done : (size_t)left;
        size_t got = want == 0 ? 0 : exh_source_read_some(s->parts[i].source, inside, (uint8_t *)buffer + done, want, err);
        done += got;
        if (got < want)
            break;
    }
    return done;
}

static void split_close(struct exh_source *source)
{
    struct split_source *s = (struct split_source *)source;
    for (size_t i = 0; i < s->count; i++)
        exh_source_close(s->parts[i].source);
    free(s->parts);
    free(s->name);
    free(s);
}

static uint64_t split_next_data(struct exh_source *source, uint64_t offset)
{
    struct split_source *s = (struct split_source *)source;
    for (size_t i = 0; i < s->count; i++) {
        uint64_t end = s->parts[i].start + s->parts[i].source->size;
        if (end <= offset)
            continue;
        uint64_t at = exh_source_next_data(s->parts[i].source, offset > s->parts[i].start ? offset - s->parts[i].start : 0);
        if (s->parts[i].start + at < end)
            return s->parts[i].start + at;
    }
    return source->size;
}

static const struct exh_source_ops split_ops = {.read = split_read, .close = split_close, .next_data = split_next_data};

/* Takes the part over, also on failure. */
static bool append(struct split_source *s, struct exh_source *part, struct exh_error *err)
{
    uint64_t end;
    bool ok =
        exh_grow((void **)&s->parts, &s->capacity, s->count, sizeof *s->parts, PARTS_MAX, "parts", err) &&
        (exh_add_u64(s->source.size, part->size, &end) || exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the parts have more bytes than can be counted"));
    if (!ok) {
        exh_source_close(part);
        return false;
    }
    s->parts[s->count++] = (struct part){part, s->source.size};
    s->source.size = end;
    return true;
}

static bool add_part(struct split_source *s, struct exh_siblings *siblings, const char *name, bool past_cache, struct exh_names *names,
                     struct exh_error *err)
{
    struct exh_source *part = exh_siblings_open(siblings, name, s->count >= PARTS_HELD_OPEN, past_cache, err);
    if (part == NULL)
        return false;
    char *path = exh_siblings_path(siblings, name);
    bool ok = path != NULL ? exh_names_add(names, path, err) : exh_nomem(err, "a file name");
    free(path);
    if (!ok) {
        exh_source_close(part);
        return false;
    }
    return append(s, part, err);
}

/* Adds parts from `first` on until a number is not there; then looks whether the opened member, or one right behind the gap, lies beyond it. */
static bool add_all(struct split_source *s, struct exh_siblings *siblings, const struct counter *c, uint32_t first, uint32_t opened, bool past_cache,
                    struct exh_names *names, struct exh_error *err)
{
    char *name = s->name;
    uint32_t n = first;
    for (; set_counter(name, c, n) && exh_siblings_has(siblings, name); n++)
        if (!add_part(s, siblings, name, past_cache, names, err))
            return false;
    uint32_t missing = n;
    bool beyond = opened > n;
    for (uint32_t ahead = 1; ahead <= GAP_MAX && !beyond; ahead++)
        beyond = set_counter(name, c, missing + ahead) && exh_siblings_has(siblings, name);
    (void)set_counter(name, c, missing);
    if (!beyond)
        return true;
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "part %s of the split image is missing, though later parts are there", name);
    return exh_in_file(err, name);
}

static bool is_uneven(const struct split_source *s)
{
    for (size_t i = 1; i + 1 < s->count; i++)
        if (s->parts[i].source->size != s->parts[0].source->size)
            return true;
    return s->count > 1 && s->parts[s->count - 1].source->size > s->parts[0].source->size;
}

struct exh_source *exh_split_open(struct exh_siblings *siblings, const char *name, bool past_cache, struct exh_names *names, bool *uneven,
                                  struct exh_error *err)
{
    struct counter c;
    struct split_source *s = calloc(1, sizeof *s);
    char *first_name = exh_text_copy(name, strlen(name));
    if (s == NULL || first_name == NULL || !counter_of(name, &c)) {
        free(s);
        free(first_name);
        (void)exh_nomem(err, "a split image");
        return NULL;
    }
    s->source.ops = &split_ops;
    s->name = first_name;
    uint32_t opened = get_counter(name, &c), first = 0;
    (void)set_counter(first_name, &c, 0);
    if (!c.letters && !exh_siblings_has(siblings, first_name))
        first = 1;
    if (!add_all(s, siblings, &c, first, opened, past_cache, names, err)) {
        split_close(&s->source);
        return NULL;
    }
    (void)set_counter(s->name, &c, first);
    s->source.name = s->name;
    *uneven = is_uneven(s);
    return &s->source;
}

struct exh_source *exh_split_join(struct exh_source *const *parts, size_t count, const char *name, struct exh_error *err)
{
    struct split_source *s = calloc(1, sizeof *s);
    bool ok = s != NULL && (s->name = exh_text_copy(name, strlen(name))) != NULL;
    if (!ok)
        (void)exh_nomem(err, "a split image");
    for (size_t i = 0; i < count; i++) {
        if (ok)
            ok = append(s, parts[i], err);
        else
            exh_source_close(parts[i]);
    }
    if (s == NULL)
        return NULL;
    s->source.ops = &split_ops;
    s->source.name = s->name;
    if (ok)
        return &s->source;
    split_close(&s->source);
    return NULL;
}
