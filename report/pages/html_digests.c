/* html_digests.c - digests by scope: a row for each scope, a column for each algorithm, the scopes of one track together.
 *
 * A disc of 99 tracks has a thousand digests. One beside the other, each in groups of eight, they are a few sheets; one below the other they
 * were eighty. No value is ever shortened: a column that is narrow breaks between groups. More algorithms than fit on a sheet of A4 follow in a
 * table of their own. What an algorithm is good for stands once, at the head of its column. */
#include "report/pages/html_sections.h"

#include "report/pages/sentences.h"

#define DIGESTS_SHOWN 8000u /* 99 tracks, each with six scopes of a dozen algorithms */
#define ALGORITHMS_MAX 64u
#define COLUMNS_MAX 5u
#define NEAR 64u /* how far from its place in the one list a digest is looked for in the other: they are written in one order */

/* The digests to be shown, in the order of the record. */
struct chosen {
    const struct exh_fact_digest **items;
    size_t count;
    const char *algorithms[ALGORITHMS_MAX]; /* the shortest digests first */
    size_t lengths[ALGORITHMS_MAX], algorithm_count;
    bool unread_differs; /* not every scope has the same number of sectors that were not read: a column says how many */
};

/* --- which digests --- */

static bool is_file(const struct exh_fact_digest *d) { return strncmp(d->scope, "file:", 5) == 0; }
static bool is_track(const struct exh_fact_digest *d) { return strncmp(d->scope, "track:", 6) == 0 && strchr(d->scope, '/') != NULL; }

static bool equal(const struct exh_fact_digest *a, const struct exh_fact_digest *b)
{
    return strcmp(a->value, b->value) == 0 && strcmp(a->scope, b->scope) == 0 && strcmp(a->algorithm, b->algorithm) == 0 &&
           a->not_good.known == b->not_good.known && a->not_good.value == b->not_good.value;
}

/* Does the list of files give it already? *at is where the search goes on. */
static bool among_files(const struct exh_fact_files *files, size_t *at, const struct exh_fact_digest *d)
{
    size_t shown = files->count < EXH_HTML_FILES_SHOWN ? files->count : EXH_HTML_FILES_SHOWN;
    if (!is_file(d) || !exh_html_is(d->algorithm, "sha256"))
        return false;
    for (size_t i = *at; i < shown && i < *at + NEAR; i++)
        if (exh_html_is(files->items[i].name, d->scope + 5) && exh_html_is(files->items[i].sha256, d->value)) {
            *at = i + 1;
            return true;
        }
    return false;
}

/* Is it one of these? */
static bool among(const struct exh_fact_digests *known, size_t *at, const struct exh_fact_digest *d)
{
    size_t from = *at > NEAR ? *at - NEAR : 0;
    for (size_t i = from; i < known->count && i < *at + NEAR; i++)
        if (equal(&known->items[i], d)) {
            *at = i + 1;
            return true;
        }
    return false;
}

static void note_algorithm(struct chosen *c, const struct exh_fact_digest *d)
{
    size_t i = 0, length = strlen(d->value);
    while (i < c->algorithm_count && strcmp(c->algorithms[i], d->algorithm) != 0)
        i++;
    if (i < c->algorithm_count || c->algorithm_count == ALGORITHMS_MAX)
        return;
    for (i = c->algorithm_count++; i > 0 && c->lengths[i - 1] > length; i--) {
        c->algorithms[i] = c->algorithms[i - 1];
        c->lengths[i] = c->lengths[i - 1];
    }
    c->algorithms[i] = d->algorithm;
    c->lengths[i] = length;
}

static void choose(struct chosen *c, const struct exh_fact_digest *d)
{
    if (c->count > 0)
        c->unread_differs = c->unread_differs || d->not_good.known != c->items[0]->not_good.known || d->not_good.value != c->items[0]->not_good.value;
    note_algorithm(c, d);
    c->items[c->count++] = d;
}

static bool make_room(struct exh_html_page *p, struct chosen *c, size_t count)
{
    *c = (struct chosen){.items = count > 0 ? calloc(count, sizeof *c->items) : NULL};
    if (count > 0 && c->items == NULL && p->out.failed == EXH_OK)
        p->out.failed = EXH_NOMEM;
    return c->items != NULL;
}

/* --- the tables --- */

static size_t same_scope(const struct chosen *c, size_t from)
{
    size_t n = 1;
    while (from + n < c->count && strcmp(c->items[from]->scope, c->items[from + n]->scope) == 0)
        n++;
    return n;
}

/* Up to the '/': "track:12". Other scopes are alone. */
static size_t same_track(const struct chosen *c, size_t from)
{
    size_t n = same_scope(c, from), length = strcspn(c->items[from]->scope, "/");
    while (is_track(c->items[from]) && from + n < c->count && strncmp(c->items[from]->scope, c->items[from + n]->scope, length + 1) == 0)
        n++;
    return n;
}

static void unread_cell(struct exh_html_page *p, const struct chosen *c, size_t from, size_t n)
{
    struct exh_number most = c->items[from]->not_good;
    for (size_t i = 1; i < n; i++) {
        struct exh_number one = c->items[from + i]->not_good;
        most = one.known && (!most.known || one.value > most.value) ? one : most;
    }
    exh_html_put(p, "<td class=\"n\">");
    exh_html_number_or_unknown(p, most);
    exh_html_put(p, "</td>");
}

/* The cells of one scope; returns how many digests are in them. */
static size_t value_cells(struct exh_html_page *p, const struct chosen *c, size_t from, size_t n, size_t column, size_t columns)
{
    size_t shown = 0;
    for (size_t a = column; a < column + columns; a++) {
        bool first = true;
        exh_html_put(p, "<td>");
        for (size_t i = from; i < from + n; i++)
            if (strcmp(c->items[i]->algorithm, c->algorithms[a]) == 0) {
                exh_html_put(p, first ? "" : "<br>");
                exh_html_hash(p, c->items[i]->value);
                first = false;
                shown++;
            }
        exh_html_put(p, first ? "-</td>" : "</td>");
    }
    if (c->unread_differs)
        unread_cell(p, c, from, n);
    return shown;
}

static size_t count_scopes(const struct chosen *c, size_t from, size_t n)
{
    size_t scopes = 0;
    for (size_t i = from; i < from + n; i += same_scope(c, i))
        scopes++;
    return scopes;
}

/* All scopes of one track, or one other scope: a row group that no page break divides. */
static size_t group(struct exh_html_page *p, const struct chosen *c, size_t from, size_t n, size_t column, size_t columns)
{
    const char *scope = c->items[from]->scope;
    size_t shown = 0;
    bool track = is_track(c->items[from]);
    exh_html_put(p, "<tbody>");
    for (size_t i = from; i < from + n; i += same_scope(c, i)) {
        exh_html_put(p, "<tr>");
        if (track && i == from) {
            exh_markup_format(&p->out, "<th scope=\"rowgroup\" class=\"n\" rowspan=\"%zu\">", count_scopes(c, from, n));
            exh_markup_format(&p->out, "%.*s</th>", (int)strspn(scope + 6, "0123456789"), scope + 6);
        }
        exh_html_put(p, track ? "<th scope=\"row\" class=\"whole\">" : "<th scope=\"row\">");
        exh_html_text(p, track ? strchr(c->items[i]->scope, '/') + 1 : scope);
        exh_html_put(p, "</th>");
        shown += value_cells(p, c, i, same_scope(c, i), column, columns);
        exh_html_put(p, "</tr>\n");
    }
    exh_html_put(p, "</tbody>\n");
    return shown;
}

static void open_table(struct exh_html_page *p, const struct chosen *c, bool tracks, size_t column, size_t columns)
{
    exh_html_put(p, "<div class=\"wide\"><table class=\"digests\"><thead><tr>");
    exh_html_put(p, tracks ? "<th scope=\"col\" class=\"n\">Track</th><th scope=\"col\">Part</th>" : "<th scope=\"col\">Scope</th>");
    for (size_t a = column; a < column + columns; a++) {
        exh_html_put(p, "<th scope=\"col\">");
        exh_html_text(p, c->algorithms[a]);
        if (exh_html_is(c->algorithms[a], "md5") || exh_html_is(c->algorithms[a], "sha1"))
            exh_html_put(p, "<br><span class=\"note\">not collision-resistant</span>");
        else if (exh_html_is(c->algorithms[a], "crc32"))
            exh_html_put(p, "<br><span class=\"note\">a checksum, no proof</span>");
        exh_html_put(p, "</th>");
    }
    exh_html_put(p, c->unread_differs ? "<th scope=\"col\" class=\"n\">Sectors not read</th></tr></thead>\n" : "</tr></thead>\n");
}

/* Said once where it is the same of all. */
static void unread_words(struct exh_html_page *p, const struct chosen *c)
{
    struct exh_number unread = c->items[0]->not_good;
    if (c->unread_differs)
        return;
    if (!unread.known)
        exh_html_put(p, "<p class=\"note\">How many sectors in these scopes could not be read is not recorded.</p>\n");
    else if (unread.value == 0)
        exh_html_put(p, "<p class=\"note\">Every sector in these scopes was read.</p>\n");
    else {
        exh_html_put(p, "<p class=\"note\">In each of these scopes ");
        exh_html_counted(p, unread.value, "sector");
        exh_html_put(p, unread.value == 1 ? " was not read.</p>\n" : " were not read.</p>\n");
    }
}

static size_t tables(struct exh_html_page *p, const struct chosen *c, bool tracks, size_t column, size_t columns)
{
    size_t shown = 0;
    bool open = false;
    for (size_t i = 0, n; i < c->count; i += n) {
        n = same_track(c, i);
        if (is_track(c->items[i]) != tracks)
            continue;
        if (!open)
            open_table(p, c, tracks, column, columns);
        open = true;
        shown += group(p, c, i, n, column, columns);
    }
    if (open)
        exh_html_put(p, "</table></div>\n");
    return shown;
}

static void show(struct exh_html_page *p, struct chosen *c)
{
    size_t all = c->count, shown = 0;
    if (all > DIGESTS_SHOWN)
        c->count = DIGESTS_SHOWN;
    if (c->count == 0)
        return;
    unread_words(p, c);
    for (int tracks = 0; tracks <= 1; tracks++)
        for (size_t column = 0; column < c->algorithm_count; column += COLUMNS_MAX) {
            size_t left = c->algorithm_count - column;
            shown += tables(p, c, tracks == 1, column, left < COLUMNS_MAX ? left : COLUMNS_MAX);
        }
    exh_html_rest(p, shown, all, "Digests");
}

/* --- what the scopes are --- */

/* Each part of a track that some digest speaks of, once. */
static void track_words(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    static const struct {
        const char *part, *words;
    } parts[] = {{"raw", "its sectors of 2,352 bytes from INDEX 01 (where the track proper begins) on"},
                 {"user", "the user data of these sectors"},
                 {"stored", "the same sectors as they are stored, 2,336 bytes each"},
                 {"sub", "their subchannel"},
                 {"pregap", "its stored pregap (INDEX 00 to INDEX 01)"},
                 {"whole", "stored pregap and track together, what lists of discs call a track's file"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t d = 0; d < digests->count; d++) {
            const char *slash = strchr(digests->items[d].scope, '/');
            if (strncmp(digests->items[d].scope, "track:", 6) != 0 || slash == NULL || strcmp(slash + 1, parts[i].part) != 0)
                continue;
            exh_markup_format(&p->out, "<li>track:N/%s: of track N %s</li>\n", parts[i].part, parts[i].words);
            break;
        }
}

static void scope_words(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    static const char *const named[] = {"media", "padded"};
    exh_html_put(p, "<p class=\"note\">A scope says which bytes a digest was computed over:</p>\n<ul class=\"note\">\n");
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        for (size_t d = 0; d < digests->count; d++)
            if (exh_html_is(digests->items[d].scope, named[i])) {
                exh_markup_format(&p->out, "<li>%s: %s</li>\n", named[i], exh_sentence_scope(named[i]));
                break;
            }
    for (size_t d = 0; d < digests->count; d++)
        if (is_file(&digests->items[d])) {
            exh_markup_format(&p->out, "<li>file:NAME: %s; SHA-256 in the list of files below</li>\n", exh_sentence_scope("file:"));
            break;
        }
    track_words(p, digests);
    exh_html_put(p, "</ul>\n");
}

static void show_all(struct exh_html_page *p, const struct exh_fact_digests *digests, const struct exh_fact_files *files)
{
    struct chosen c;
    size_t at = 0;
    if (!make_room(p, &c, digests->count))
        return;
    for (size_t i = 0; i < digests->count; i++)
        if (!among_files(files, &at, &digests->items[i]))
            choose(&c, &digests->items[i]);
    show(p, &c);
    free(c.items);
}

static void chunks(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    exh_html_heading(p, 1, "Chunk digests", NULL);
    if (!f->chunk_sectors.known || f->chunk_sectors.value == 0) {
        exh_html_put(p, "<p>None are on record.</p>\n");
        return;
    }
    exh_html_put(p, "<p>SHA-256 of each piece of ");
    exh_html_counted(p, f->chunk_sectors.value, "sector");
    exh_html_put(p, ", counted from sector 0, unreadable sectors as zeros: ");
    if (f->chunk_count.known)
        exh_html_counted(p, f->chunk_count.value, "digest");
    else
        exh_html_unknown(p);
    exh_html_put(p, ". They tell which piece of a copy went bad. Root of their tree (RFC 6962): ");
    if (exh_facts_is_hex(f->chunk_root, 64))
        exh_html_hash(p, f->chunk_root);
    else
        exh_html_unknown(p);
    exh_html_put(p, "</p>\n");
}

void exh_html_digests(struct exh_html_page *p)
{
    static const struct exh_fact_files none;
    const struct exh_facts *f = p->f;
    exh_html_heading(p, 0, "Digests by scope", NULL);
    if (f->digests.count == 0)
        exh_html_put(p, "<p>None are on record.</p>\n");
    else
        scope_words(p, &f->digests);
    show_all(p, &f->digests, &f->files);
    if (f->source_digests.count > 0) {
        exh_html_heading(p, 1, "Tracks of the disc it was made from", NULL);
        show_all(p, &f->source_digests, &none);
    }
    chunks(p);
}

/* Only those that do not stand in the section above already: a run that found the same has found nothing to read twice. */
void exh_html_digests_of_run(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    struct chosen c;
    size_t at = 0;
    if (!make_room(p, &c, digests->count))
        return;
    for (size_t i = 0; i < digests->count; i++)
        if (!among(&p->f->digests, &at, &digests->items[i]))
            choose(&c, &digests->items[i]);
    size_t same = digests->count - c.count;
    if (same > 0) {
        exh_html_put(p, "<p>Of the digests this run computed, ");
        exh_html_figure(p, same);
        exh_html_put(p, same == 1 ? " is the one" : " are those");
        exh_html_put(p, c.count > 0 ? " given above; the others:</p>\n" : " given above, and none is another.</p>\n");
    } else {
        exh_html_put(p, "<p>Digests this run computed, none of which is given above:</p>\n");
    }
    show(p, &c);
    free(c.items);
}
