/* audit.c - what a ledger's chain says of itself, and the search for an image's record, which believes no line before the chain was walked.
 *
 * Walked in one pass: each line's hash (over its bytes and LF), its link to the line before, its number, its JSON. What a chain alone cannot
 * show is that its end was cut off or that all of it was written anew; for that it is held against a head printed earlier. */
#include "report/ledger/store.h"

#include <stdarg.h>

#include "formats/model/text.h"

struct walker {
    const struct exh_walk *walk;
    struct exh_audit *out;
    char before[EXH_HEX_SIZE], store[33];
    bool head_seen;
};

static void EXH_PRINTF(3, 4) problem(struct walker *w, uint64_t seq, const char *fmt, ...)
{
    char text[700];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    w->out->problems++;
    if (w->walk->problem != NULL)
        w->walk->problem(w->walk->context, seq, text);
}

static void check_adoption(struct walker *w, const struct exh_line *line)
{
    const json_t *from = json_object_get(line->body, "from");
    const char *store = json_string_value(json_object_get(from, "store")), *head = json_string_value(json_object_get(from, "head"));
    if (store == NULL || head == NULL || strcmp(store, w->store) != 0 || strcmp(head, w->before) != 0 ||
        json_integer_value(json_object_get(from, "seq")) != (json_int_t)line->seq - 1)
        problem(w, line->seq, "it adopts another ledger than the one above it");
}

/* The first line, and only it, makes the ledger; an adoption goes on from the line above it. */
static void check_home(struct walker *w, const struct exh_line *line)
{
    bool created = strcmp(line->type, "ledger-created") == 0, adopted = strcmp(line->type, "ledger-adopted") == 0;
    const char *store = json_string_value(json_object_get(line->body, "store"));
    if (created != (line->seq == 1))
        problem(w, line->seq, created ? "it makes a ledger in the midst of one" : "the first line is not 'ledger-created'");
    if (adopted)
        check_adoption(w, line);
    if (!created && !adopted)
        return;
    if (exh_is_hex(store, 32))
        memcpy(w->store, store, sizeof w->store);
    else
        problem(w, line->seq, "it gives no store id");
}

static bool check_parsed(struct walker *w, uint64_t seq, const struct exh_line *line)
{
    uint64_t before = w->out->problems;
    if (line->seq != seq)
        problem(w, seq, "it says that it is line %llu", (unsigned long long)line->seq);
    if (strcmp(line->prev, w->before) != 0)
        problem(w, seq,
                seq == 1 ? "it is the first line, but names one before it" : "it does not follow line %llu: that line's hash is not the one it names",
                (unsigned long long)seq - 1);
    check_home(w, line);
    return w->out->problems == before;
}

static bool check_text(struct walker *w, uint64_t seq, const char *text, size_t length, const char *stored, struct exh_error *err)
{
    struct exh_line line;
    struct exh_error why = {0};
    char hash[EXH_HEX_SIZE];
    if (!exh_line_hash(text, length, hash, err))
        return false;
    bool fits = strcmp(hash, stored) == 0;
    if (!fits)
        problem(w, seq, "its bytes do not match its hash");
    if (seq == w->walk->want_seq) {
        w->head_seen = true;
        if (strcmp(hash, w->walk->want_hash) != 0)
            problem(w, seq, "its hash is %.16s..., but the printed head says %.16s...: the ledger was written anew", hash, w->walk->want_hash);
    }
    if (!exh_line_parse(text, length, &line, &why))
        problem(w, seq, "%s", why.text);
    else if (check_parsed(w, seq, &line) && fits && w->walk->visit != NULL)
        w->walk->visit(w->walk->context, &line, text, length, hash);
    exh_line_close(&line);
    memcpy(w->before, hash, sizeof hash);
    return true;
}

static bool check_row(struct walker *w, sqlite3_stmt *row, struct exh_error *err)
{
    const char *text, *stored;
    size_t length, stored_length;
    uint64_t seq = (uint64_t)sqlite3_column_int64(row, 0), expected = w->out->seq + 1;
    if (seq != expected)
        problem(w, seq, seq == expected + 1 ? "line %llu is missing before it" : "line %llu and what follows it are missing before it",
                (unsigned long long)expected);
    w->out->seq = seq;
    w->out->lines++;
    if (!exh_column_text(row, 1, EXH_LINE_BYTES_MAX, &text, &length) || !exh_column_text(row, 2, 64, &stored, &stored_length) ||
        strlen(stored) != 64) {
        problem(w, seq, "it, or its hash, is not text of a length that a ledger has");
        w->before[0] = '\0';
        return true;
    }
    return check_text(w, seq, text, length, stored, err);
}

bool exh_chain_walk(const struct exh_ledger *ledger, const struct exh_walk *walk, struct exh_audit *out, struct exh_error *err)
{
    struct walker w = {.walk = walk, .out = out};
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    memset(out, 0, sizeof *out);
    memcpy(w.before, exh_line_no_prev, sizeof w.before);
    if (!exh_store_prepare(ledger, "SELECT seq, line, sha256 FROM entry ORDER BY seq", &rows, err))
        return false;
    int rc;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
        if (!check_row(&w, rows, err))
            return false;
    if (rc != SQLITE_DONE && (rc & 0xFF) != SQLITE_CORRUPT && (rc & 0xFF) != SQLITE_TOOBIG)
        return exh_store_fail(ledger, rc, err, "cannot read the ledger");
    if (rc != SQLITE_DONE)
        problem(&w, 0, "the database is damaged behind line %llu: %s", (unsigned long long)out->seq, sqlite3_errmsg(ledger->db));
    if (out->lines == 0)
        problem(&w, 0, "the ledger has no lines");
    if (walk->want_seq != 0 && !w.head_seen)
        problem(&w, 0,
                walk->want_seq > out->seq ? "the ledger ends at %llu, but the printed head names line %llu"
                                          : "the ledger ends at %llu and has no line %llu, which the printed head names",
                (unsigned long long)out->seq, (unsigned long long)walk->want_seq);
    memcpy(out->head, w.before, sizeof out->head);
    out->sound = out->problems == 0;
    return true;
}

/* "N:HEX", or "N:sha256:HEX" as it is printed elsewhere. */
static bool parse_head(const char *head, struct exh_walk *walk, struct exh_error *err)
{
    char number[24];
    const char *colon = strchr(head, ':'), *hex = colon != NULL ? colon + 1 : "";
    if (strncmp(hex, "sha256:", 7) == 0)
        hex += 7;
    uint8_t hash[32];
    size_t digits = colon != NULL ? (size_t)(colon - head) : 0;
    if (digits > 0 && digits < sizeof number) {
        memcpy(number, head, digits);
        number[digits] = '\0';
        if (exh_text_u64(number, &walk->want_seq) && walk->want_seq > 0 && exh_text_unhex(hex, hash, sizeof hash)) {
            exh_text_hex(hash, sizeof hash, walk->want_hash);
            return true;
        }
    }
    return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a head is a line number, ':' and 64 hexadecimal digits; '%.90s' is not", head);
}

/* One audit in progress: the caller's callback, and what the walk has to hand to it. */
struct auditing {
    struct exh_ledger *ledger;
    struct exh_audit *out;
    void (*tell)(void *context, uint64_t seq, const char *text);
    void *context;
    sqlite3_stmt *find_blob;
    struct exh_error failure;
    uint64_t seq, extra; /* line at hand; problems beside the walk's own */
};

static void tell(struct auditing *a, uint64_t seq, const char *text)
{
    if (a->tell != NULL)
        a->tell(a->context, seq, text);
}

static void walk_problem(void *context, uint64_t seq, const char *text) { tell(context, seq, text); }

static void extra_problem(struct auditing *a, uint64_t seq, const char *text)
{
    a->extra++;
    tell(a, seq, text);
}

static bool check_citation(void *context, const char *sha256, struct exh_error *err)
{
    struct auditing *a = context;
    (void)err;
    (void)sqlite3_reset(a->find_blob);
    (void)sqlite3_bind_text(a->find_blob, 1, sha256, -1, SQLITE_TRANSIENT);
    char text[160];
    if (sqlite3_step(a->find_blob) != SQLITE_ROW) {
        (void)snprintf(text, sizeof text, "it cites the series %.64s, which is not there", sha256);
        extra_problem(a, a->seq, text);
    }
    (void)sqlite3_reset(a->find_blob);
    return true;
}

static void visit_citations(void *context, const struct exh_line *line, const char *text, size_t length, const char *hash)
{
    struct auditing *a = context;
    struct exh_error why = {0};
    (void)text, (void)length, (void)hash;
    a->seq = line->seq;
    if (!exh_line_citations(line->body, check_citation, a, &why))
        extra_problem(a, line->seq, "the line that it imported is not one");
}

static bool check_blobs(struct auditing *a, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    const char *name;
    char hash[EXH_HEX_SIZE], text[160];
    size_t length;
    int rc;
    if (!exh_store_prepare(a->ledger, "SELECT sha256, bytes FROM blob", &rows, err))
        return false;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!exh_column_text(rows, 0, 64, &name, &length) || sqlite3_column_type(rows, 1) != SQLITE_BLOB) {
            extra_problem(a, 0, "a series has no name, or no bytes");
            continue;
        }
        const void *bytes = sqlite3_column_blob(rows, 1);
        if (!exh_hash_hex(bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(rows, 1), hash, err))
            return false;
        if (strcmp(hash, name) != 0) {
            (void)snprintf(text, sizeof text, "the bytes of the series %.64s do not match its hash", name);
            extra_problem(a, 0, text);
        }
    }
    if (rc != SQLITE_DONE)
        extra_problem(a, 0, "the table of series is damaged");
    return true;
}

/* SQLite's own check of pages and indexes: at most ten of its complaints. */
static bool check_pages(struct auditing *a, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    if (!exh_store_prepare(a->ledger, "PRAGMA integrity_check(10)", &rows, err))
        return false;
    int rc;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(rows, 0);
        char text[400];
        if (said != NULL && strcmp(said, "ok") == 0)
            continue;
        (void)snprintf(text, sizeof text, "SQLite finds the database damaged: %.300s", said != NULL ? said : "");
        extra_problem(a, 0, text);
    }
    if (rc != SQLITE_DONE)
        extra_problem(a, 0, "SQLite finds the database damaged");
    return true;
}

static bool audit_parts(struct auditing *a, const struct exh_walk *walk, struct exh_error *err)
{
    if (!check_pages(a, err))
        return false;
    if (a->ledger->guard_gone != NULL) {
        char text[200];
        (void)snprintf(text, sizeof text, "the guard '%s' was taken off: lines could be changed", a->ledger->guard_gone);
        extra_problem(a, 0, text);
    }
    return exh_store_prepare(a->ledger, "SELECT 1 FROM blob WHERE sha256=?1", &a->find_blob, err) && exh_chain_walk(a->ledger, walk, a->out, err) &&
           check_blobs(a, err);
}

bool exh_ledger_audit(struct exh_ledger *ledger, const char *head, void (*problem_fn)(void *context, uint64_t seq, const char *text), void *context,
                      struct exh_audit *out, struct exh_error *err)
{
    struct auditing a = {.ledger = ledger, .out = out, .tell = problem_fn, .context = context};
    struct exh_walk walk = {.visit = visit_citations, .problem = walk_problem, .context = &a};
    memset(out, 0, sizeof *out);
    if (head != NULL && !parse_head(head, &walk, err))
        return false;
    bool ok = audit_parts(&a, &walk, err);
    exh_statement_close(&a.find_blob);
    out->problems += a.extra;
    out->sound = ok && out->problems == 0;
    return ok || exh_on_side(err, EXH_SIDE_LEDGER);
}

/* The newest line that fits, by what it was found: name weighs more than GUID, GUID more than a digest. */
enum { BY_NAME, BY_GUID, BY_DIGEST, WAYS };
struct search {
    const struct exh_lookup *by;
    char *name;
    json_t *found[WAYS];
    uint64_t seq[WAYS];
};

static bool same_file(const struct exh_digest_value *have, const char *scope, const char *algorithm)
{
    bool file = strncmp(scope, "file:", 5) == 0;
    if (file)
        return strncmp(have->scope, "file:", 5) == 0 && strcmp(algorithm, "sha256") == 0; /* under whatever name it goes now */
    return strcmp(scope, "media") == 0 && strcmp(have->scope, "media") == 0;
}

static bool digest_fits(const struct exh_digests *have, const json_t *item)
{
    const char *scope = json_string_value(json_object_get(item, "scope")), *algorithm = json_string_value(json_object_get(item, "algorithm"));
    const char *value = json_string_value(json_object_get(item, "value"));
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    if (scope == NULL || algorithm == NULL || value == NULL)
        return false;
    for (size_t i = 0; i < have->count; i++) {
        const struct exh_digest_value *digest = &have->items[i];
        if (digest->length < 16 || strcmp(digest->algorithm, algorithm) != 0 || !same_file(digest, scope, algorithm)) /* no CRC names an image */
            continue;
        exh_text_hex(digest->bytes, digest->length, hex);
        if (strcmp(hex, value) == 0)
            return true;
    }
    return false;
}

static bool any_digest_fits(const struct exh_digests *have, const json_t *body)
{
    size_t i;
    json_t *item;
    if (have == NULL)
        return false;
    json_array_foreach(json_object_get(body, "digests"), i, item) if (digest_fits(have, item)) return true;
    return false;
}

static bool text_is(const json_t *object, const char *key, const char *text)
{
    const char *there = json_string_value(json_object_get(object, key));
    return text != NULL && there != NULL && strcmp(there, text) == 0;
}

static void keep(struct search *s, int way, uint64_t seq, json_t *body)
{
    json_decref(s->found[way]);
    s->found[way] = json_incref(body);
    s->seq[way] = seq;
}

static void consider(struct search *s, uint64_t seq, const char *type, const json_t *object, json_t *body)
{
    if ((strcmp(type, "acquire-end") != 0 && strcmp(type, "convert-end") != 0) || !text_is(body, "outcome", "done"))
        return;
    if (text_is(object, "image", s->name))
        keep(s, BY_NAME, seq, body);
    if (text_is(object, "guid", s->by->guid_hex))
        keep(s, BY_GUID, seq, body);
    if (any_digest_fits(s->by->digests, body))
        keep(s, BY_DIGEST, seq, body);
}

static void visit_search(void *context, const struct exh_line *line, const char *text, size_t length, const char *hash)
{
    struct exh_line inner = {0};
    struct exh_error ignored = {0};
    (void)text, (void)length, (void)hash;
    const json_t *imported = strcmp(line->type, "import") == 0 ? json_object_get(line->body, "line") : NULL;
    if (!json_is_string(imported)) {
        consider(context, line->seq, line->type, line->object, line->body);
        return;
    }
    /* The import's own object says where the image lies here; it repeats the GUID. */
    if (exh_line_parse(json_string_value(imported), json_string_length(imported), &inner, &ignored))
        consider(context, line->seq, inner.type, line->object, inner.body);
    exh_line_close(&inner);
}

static bool search_chain(struct exh_ledger *ledger, struct search *s, struct exh_error *err)
{
    struct exh_walk walk = {.visit = visit_search, .context = s};
    struct exh_audit audit;
    if (!exh_chain_walk(ledger, &walk, &audit, err))
        return exh_on_side(err, EXH_SIDE_LEDGER);
    if (audit.sound)
        return true;
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET,
                   "the ledger's chain is broken (%llu problems), so nothing it says is believed; 'exhibit log --check' tells more",
                   (unsigned long long)audit.problems);
    (void)exh_in_file(err, ledger->path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

bool exh_ledger_lookup(struct exh_ledger *ledger, const struct exh_lookup *by, json_t **body, uint64_t *seq, const char **how, struct exh_error *err)
{
    static const char *const names[WAYS] = {"name", "guid", "digest"};
    struct search s = {.by = by};
    *body = NULL, *seq = 0, *how = NULL;
    if (by->image != NULL && (s.name = exh_ledger_name_of(ledger, by->image)) == NULL)
        return exh_nomem(err, "a file name");
    bool ok = search_chain(ledger, &s, err);
    for (int way = 0; way < WAYS; way++) {
        if (ok && *body == NULL && s.found[way] != NULL) {
            *body = json_incref(s.found[way]);
            *seq = s.seq[way];
            *how = names[way];
        }
        json_decref(s.found[way]);
    }
    free(s.name);
    return ok;
}
