/* projection.c - tables for queries by people (sqlite3, spreadsheets), made from the lines. Nothing here is believed by exhibit itself: a table
 * that was dropped, or lags behind, is made anew with the next line. */
#include "report/ledger/store.h"

const char *const exh_projection_schema[] = {
    "event",
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, time TEXT NOT NULL, type TEXT NOT NULL, user TEXT, image TEXT, operation TEXT, outcome TEXT) STRICT",
    "image",
    "CREATE TABLE image(seq INTEGER PRIMARY KEY, path TEXT, guid TEXT, case_id TEXT, exhibit TEXT, format TEXT, bytes INTEGER, sectors INTEGER, "
    "sector_size INTEGER, unreadable_sectors INTEGER, acquisition TEXT) STRICT",
    "container_file",
    "CREATE TABLE container_file(seq INTEGER NOT NULL, name TEXT, bytes INTEGER) STRICT",
    "digest",
    "CREATE TABLE digest(seq INTEGER NOT NULL, scope TEXT, algorithm TEXT, value TEXT, not_good INTEGER) STRICT",
    "unreadable",
    "CREATE TABLE unreadable(seq INTEGER NOT NULL, lba INTEGER, count INTEGER) STRICT",
    NULL,
};

/* Inserts one row: a seq, then text or integer members of `from` by key (absent or of another kind: NULL). keys ends in NULL. */
static bool insert_row(const struct exh_ledger *ledger, const char *sql, uint64_t seq, const json_t *const *values, int count, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *insert = NULL;
    if (!exh_store_prepare(ledger, sql, &insert, err))
        return false;
    (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
    for (int i = 0; i < count; i++) {
        if (json_is_string(values[i]))
            (void)sqlite3_bind_text64(insert, i + 2, json_string_value(values[i]), json_string_length(values[i]), SQLITE_STATIC, SQLITE_UTF8);
        else if (json_is_integer(values[i]))
            (void)sqlite3_bind_int64(insert, i + 2, json_integer_value(values[i]));
    }
    int rc = sqlite3_step(insert);
    /* A value of the wrong kind is left out, not fatal: the line holds it, and nobody relies on the table. */
    return rc == SQLITE_DONE || (rc & 0xFF) == SQLITE_CONSTRAINT || exh_store_fail(ledger, rc, err, "cannot fill the tables for queries");
}

static const json_t *string_or_null(const json_t *value) { return json_is_string(value) ? value : NULL; }

static bool add_event(const struct exh_ledger *ledger, uint64_t seq, const struct exh_line *line, struct exh_error *err)
{
    const json_t *outcome = json_object_get(line->body, "outcome");
    const json_t *values[] = {json_object_get(line->json, "time"),
                              json_object_get(line->json, "type"),
                              string_or_null(json_object_get(json_object_get(line->json, "actor"), "user")),
                              string_or_null(json_object_get(line->object, "image")),
                              string_or_null(json_object_get(line->body, "operation")),
                              string_or_null(outcome != NULL ? outcome : json_object_get(line->body, "verdict"))};
    return insert_row(ledger, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7)", seq, values, 6, err);
}

static bool add_image(const struct exh_ledger *ledger, uint64_t seq, const struct exh_line *line, struct exh_error *err)
{
    const json_t *body = line->body, *object = line->object;
    const json_t *values[] = {json_object_get(object, "image"),    json_object_get(object, "guid"),      json_object_get(object, "case"),
                              json_object_get(object, "exhibit"),  json_object_get(body, "format"),      json_object_get(body, "bytes"),
                              json_object_get(body, "sectors"),    json_object_get(body, "sector_size"), json_object_get(body, "unreadable_sectors"),
                              json_object_get(body, "acquisition")};
    return insert_row(ledger, "INSERT INTO image VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)", seq, values, 10, err);
}

static bool add_lists(const struct exh_ledger *ledger, uint64_t seq, const json_t *body, struct exh_error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(body, "files"), i, item)
    {
        const json_t *values[] = {json_object_get(item, "name"), json_object_get(item, "bytes")};
        if (!insert_row(ledger, "INSERT INTO container_file VALUES(?1,?2,?3)", seq, values, 2, err))
            return false;
    }
    json_array_foreach(json_object_get(body, "digests"), i, item)
    {
        const json_t *values[] = {json_object_get(item, "scope"), json_object_get(item, "algorithm"), json_object_get(item, "value"),
                                  json_object_get(item, "not_good")};
        if (!insert_row(ledger, "INSERT INTO digest VALUES(?1,?2,?3,?4,?5)", seq, values, 4, err))
            return false;
    }
    json_array_foreach(json_object_get(body, "unreadable"), i, item)
    {
        const json_t *values[] = {json_array_get(item, 0), json_array_get(item, 1)};
        if (!insert_row(ledger, "INSERT INTO unreadable VALUES(?1,?2,?3)", seq, values, 2, err))
            return false;
    }
    return true;
}

/* A row of `image` for each image that was made; a verification saw one that has its row, or none. */
static bool tells_of_making(const struct exh_line *line)
{
    return json_object_get(line->body, "format") != NULL && strcmp(line->type, "verify") != 0 && strcmp(line->type, "hash") != 0;
}

/* An imported line is shown as what it is, under the number of the import. */
static bool project(const struct exh_ledger *ledger, const struct exh_line *line, struct exh_error *err)
{
    struct exh_line inner = {0};
    struct exh_error ignored = {0};
    const struct exh_line *shown = line;
    const json_t *text = strcmp(line->type, "import") == 0 ? json_object_get(line->body, "line") : NULL;
    if (json_is_string(text) && exh_line_parse(json_string_value(text), json_string_length(text), &inner, &ignored)) {
        inner.object = line->object; /* the import knows where the image lies */
        shown = &inner;
    }
    bool ok = add_event(ledger, line->seq, shown, err) && (!tells_of_making(shown) || add_image(ledger, line->seq, shown, err)) &&
              add_lists(ledger, line->seq, shown->body, err);
    exh_line_close(&inner);
    return ok;
}

static bool count_of(const struct exh_ledger *ledger, const char *sql, int64_t *out, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *row = NULL;
    if (!exh_store_prepare(ledger, sql, &row, err))
        return false;
    int rc = sqlite3_step(row);
    if (rc != SQLITE_ROW)
        return exh_store_fail(ledger, rc, err, "cannot read the ledger");
    *out = sqlite3_column_int64(row, 0);
    return true;
}

/* All tables there, and the last event is the line before this one? */
static bool in_step(const struct exh_ledger *ledger, uint64_t seq, bool *out, struct exh_error *err)
{
    int64_t tables, last;
    *out = false;
    if (!count_of(ledger,
                  "SELECT count(*) FROM sqlite_schema WHERE type='table' AND name IN ('event','image','container_file','digest','unreadable')",
                  &tables, err))
        return false;
    if (tables != 5)
        return true;
    if (!count_of(ledger, "SELECT coalesce(max(seq),0) FROM event", &last, err))
        return false;
    *out = last == (int64_t)seq - 1;
    return true;
}

bool exh_projection_add(const struct exh_ledger *ledger, const struct exh_line *line, struct exh_error *err)
{
    bool step;
    if (!in_step(ledger, line->seq, &step, err))
        return false;
    return step ? project(ledger, line, err) : exh_projection_rebuild(ledger, err);
}

bool exh_projection_rebuild(const struct exh_ledger *ledger, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    for (size_t i = 0; exh_projection_schema[i] != NULL; i += 2) {
        char drop[80];
        (void)snprintf(drop, sizeof drop, "DROP TABLE IF EXISTS %s", exh_projection_schema[i]);
        if (!exh_store_run(ledger, drop, err) || !exh_store_run(ledger, exh_projection_schema[i + 1], err))
            return false;
    }
    if (!exh_store_prepare(ledger, "SELECT seq, line FROM entry ORDER BY seq", &rows, err))
        return false;
    int rc;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *text;
        size_t length;
        struct exh_line line = {0};
        struct exh_error ignored = {0};
        bool good = exh_column_text(rows, 1, EXH_LINE_BYTES_MAX, &text, &length) && exh_line_parse(text, length, &line, &ignored);
        good = !good || project(ledger, &line, err); /* a broken line is the audit's to tell */
        exh_line_close(&line);
        if (!good)
            return false;
    }
    return rc == SQLITE_DONE || exh_store_fail(ledger, rc, err, "cannot read the ledger");
}
