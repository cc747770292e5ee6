/* store.c - the one door to SQLite: how a ledger is opened, which schema it must have, what SQLite's refusals mean.
 *
 * Writer settings and reader defences follow SQLite's own advice (sqlite.org/security.html section 1.2, sqlite.org/pragma.html); the header
 * offsets looked at before SQLite is let near a file are those of sqlite.org/fileformat2.html section 1.3. */
#include "report/ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"

/* The truth: two tables and their guards. The guards stop honest mistakes and INSERT OR REPLACE; who drops them is found by the chain. */
static const char *const truth_schema[] = {
    "entry",
    "CREATE TABLE entry(seq INTEGER PRIMARY KEY CHECK(seq>=1), line TEXT NOT NULL CHECK(instr(line,char(10))=0), "
    "sha256 TEXT NOT NULL CHECK(length(sha256)=64)) STRICT",
    "blob",
    "CREATE TABLE blob(sha256 TEXT NOT NULL PRIMARY KEY CHECK(length(sha256)=64), bytes BLOB NOT NULL) STRICT",
    "entry_no_update",
    "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT,'a ledger line is never changed'); END",
    "entry_no_delete",
    "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT,'a ledger line is never deleted'); END",
    "entry_dense",
    "CREATE TRIGGER entry_dense BEFORE INSERT ON entry WHEN NEW.seq<>(SELECT coalesce(max(seq),0)+1 FROM entry) "
    "BEGIN SELECT RAISE(ABORT,'a ledger line follows the last one'); END",
    "blob_no_update",
    "CREATE TRIGGER blob_no_update BEFORE UPDATE ON blob BEGIN SELECT RAISE(ABORT,'a blob is never changed'); END",
    "blob_no_delete",
    "CREATE TRIGGER blob_no_delete BEFORE DELETE ON blob BEGIN SELECT RAISE(ABORT,'a blob is never deleted'); END",
    "blob_no_replace",
    "CREATE TRIGGER blob_no_replace BEFORE INSERT ON blob WHEN EXISTS(SELECT 1 FROM blob WHERE sha256=NEW.sha256) "
    "BEGIN SELECT RAISE(ABORT,'a blob is never replaced'); END",
    NULL,
};
#define TRUTH_COUNT ((sizeof truth_schema / sizeof truth_schema[0]) / 2)
#define TRUTH_TABLES 2 /* the first two rows above */

void exh_statement_close(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
    *statement = NULL;
}

static enum exh_code code_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_FULL: return EXH_NO_SPACE;
    case SQLITE_NOMEM: return EXH_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return EXH_CORRUPT;
    case SQLITE_TOOBIG: return EXH_LIMIT;
    case SQLITE_READONLY:
    case SQLITE_CONSTRAINT: return EXH_REFUSED;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return EXH_NOT_FOUND;
    default: return EXH_IO;
    }
}

bool exh_store_fail(const struct exh_ledger *ledger, int rc, struct exh_error *err, const char *what)
{
    const char *text = ledger->db != NULL ? sqlite3_errmsg(ledger->db) : sqlite3_errstr(rc);
    (void)exh_fail(err, code_of(rc), EXH_NO_OFFSET, "%s: %s", what, text);
    if ((rc & 0xFF) == SQLITE_BUSY)
        err->sys = EBUSY;
    else if ((rc & 0xFF) == SQLITE_READONLY || (rc & 0xFF) == SQLITE_CANTOPEN)
        err->sys = EROFS;
    (void)exh_in_file(err, ledger->path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

bool exh_store_run(const struct exh_ledger *ledger, const char *sql, struct exh_error *err)
{
    int rc = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || exh_store_fail(ledger, rc, err, "the ledger");
}

bool exh_store_prepare(const struct exh_ledger *ledger, const char *sql, sqlite3_stmt **out, struct exh_error *err)
{
    int rc = sqlite3_prepare_v2(ledger->db, sql, -1, out, NULL);
    return rc == SQLITE_OK || exh_store_fail(ledger, rc, err, "the ledger");
}

bool exh_column_text(sqlite3_stmt *row, int column, size_t max, const char **text, size_t *length)
{
    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return false;
    *text = (const char *)sqlite3_column_text(row, column);
    *length = (size_t)sqlite3_column_bytes(row, column);
    return *text != NULL && *length <= max;
}

static bool not_ours(struct exh_error *err, const char *path, const char *why)
{
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "'%s' is not an exhibit ledger: %s", exh_text_base(path), why);
    (void)exh_in_file(err, path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

static bool header_check(const uint8_t *header, size_t got, const char *path, struct exh_error *err)
{
    if (got == 0)
        return not_ours(err, path, "it is empty");
    if (got < 100 || memcmp(header, "SQLite format 3", 16) != 0)
        return not_ours(err, path, "it is not a SQLite database");
    if (exh_be32(header + 68) != EXH_LEDGER_APPLICATION_ID)
        return not_ours(err, path, "the database belongs to another program");
    if (exh_be32(header + 60) > EXH_LEDGER_SCHEMA) {
        (void)exh_fail(err, EXH_UNSUPPORTED, 60, "the ledger has schema %u, made by a newer exhibit; this one knows schema %d", exh_be32(header + 60),
                       EXH_LEDGER_SCHEMA);
        (void)exh_in_file(err, path);
        return exh_on_side(err, EXH_SIDE_LEDGER);
    }
    if (exh_be32(header + 60) != EXH_LEDGER_SCHEMA)
        return not_ours(err, path, "it has no schema number of ours");
    /* 18 and 19: journal versions; 2 is WAL, which does not open on read-only media. 56: encoding; hashes are over UTF-8. */
    if (header[18] != 1 || header[19] != 1 || exh_be32(header + 56) != 1)
        return not_ours(err, path, "its journal mode or text encoding was changed");
    return true;
}

bool exh_store_peek(const char *path, struct exh_error *err)
{
    uint8_t header[100];
    struct stat st;
    /* O_NONBLOCK: a fifo of that name must not hold us up. Closing this descriptor drops POSIX locks on the file, of which we hold none yet. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the ledger '%s'", exh_text_base(path));
        if (fd >= 0)
            close(fd);
        (void)exh_in_file(err, path);
        return exh_on_side(err, EXH_SIDE_LEDGER);
    }
    ssize_t got = S_ISREG(st.st_mode) ? pread(fd, header, sizeof header, 0) : -1;
    close(fd);
    if (got < 0)
        return not_ours(err, path, "it is not a file that can be read");
    return header_check(header, (size_t)got, path, err);
}

/* A path as the path part of a URI (sqlite.org/uri.html): everything but the plainest characters escaped. */
static char *uri_of(const char *path, const char *query)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(path), used = 5, tail = strlen(query);
    char *uri = malloc(5 + 3 * length + tail + 1);
    if (uri == NULL)
        return NULL;
    memcpy(uri, "file:", 5);
    for (size_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)path[i];
        if (memchr(plain, c, sizeof plain - 1) != NULL) {
            uri[used++] = (char)c;
        } else {
            uri[used++] = '%';
            uri[used++] = digits[c >> 4];
            uri[used++] = digits[c & 15];
        }
    }
    memcpy(uri + used, query, tail + 1);
    return uri;
}

static void set_defences(sqlite3 *db)
{
    static const struct {
        int verb, value;
    } switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
                    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                    {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0},
                    {SQLITE_DBCONFIG_DQS_DDL, 0}};
    static const struct {
        int what, value;
    } limits[] = {{SQLITE_LIMIT_LENGTH, (int)EXH_BLOB_BYTES_MAX + 65536},
                  {SQLITE_LIMIT_SQL_LENGTH, 100000},
                  {SQLITE_LIMIT_COLUMN, 100},
                  {SQLITE_LIMIT_EXPR_DEPTH, 20},
                  {SQLITE_LIMIT_COMPOUND_SELECT, 3},
                  {SQLITE_LIMIT_VDBE_OP, 25000},
                  {SQLITE_LIMIT_FUNCTION_ARG, 8},
                  {SQLITE_LIMIT_ATTACHED, 0},
                  {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
                  {SQLITE_LIMIT_VARIABLE_NUMBER, 20},
                  {SQLITE_LIMIT_TRIGGER_DEPTH, 5}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        (void)sqlite3_db_config(db, switches[i].verb, switches[i].value, NULL);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        (void)sqlite3_limit(db, limits[i].what, limits[i].value);
}

static const char *sql_in(const char *const *schema, const char *name, size_t *index)
{
    for (size_t i = 0; schema[2 * i] != NULL; i++)
        if (strcmp(schema[2 * i], name) == 0) {
            *index = i;
            return schema[2 * i + 1];
        }
    return NULL;
}

/* One row of sqlite_schema held against ours: exact text, or an index SQLite made by itself for the blob's key. */
static bool schema_row_check(const struct exh_ledger *ledger, sqlite3_stmt *row, bool seen[TRUTH_COUNT], struct exh_error *err)
{
    const char *name, *sql, *ours;
    size_t length, index = 0;
    if (!exh_column_text(row, 0, 200, &name, &length))
        return not_ours(err, ledger->path, "its schema is not readable");
    if (sqlite3_column_type(row, 1) == SQLITE_NULL && strcmp(name, "sqlite_autoindex_blob_1") == 0)
        return true;
    ours = sql_in(truth_schema, name, &index);
    if (ours != NULL)
        seen[index] = true;
    else
        ours = sql_in(exh_projection_schema, name, &index);
    char why[320];
    if (ours == NULL) {
        (void)snprintf(why, sizeof why, "its schema has '%.100s', which exhibit did not make", name);
        return not_ours(err, ledger->path, why);
    }
    if (!exh_column_text(row, 1, 100000, &sql, &length) || strcmp(sql, ours) != 0) {
        (void)snprintf(why, sizeof why, "'%.100s' in its schema is not as exhibit made it", name);
        return not_ours(err, ledger->path, why);
    }
    return true;
}

static bool schema_check(struct exh_ledger *ledger, struct exh_error *err)
{
    bool seen[TRUTH_COUNT] = {false};
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    if (!exh_store_prepare(ledger, "SELECT name, sql FROM sqlite_schema", &rows, err))
        return false;
    int rc;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
        if (!schema_row_check(ledger, rows, seen, err))
            return false;
    if (rc != SQLITE_DONE)
        return exh_store_fail(ledger, rc, err, "cannot read the ledger's schema");
    ledger->guard_gone = NULL;
    for (size_t i = 0; i < TRUTH_COUNT; i++) {
        if (seen[i])
            continue;
        if (i < TRUTH_TABLES)
            return not_ours(err, ledger->path, "a table of it is missing");
        ledger->guard_gone = truth_schema[2 * i];
    }
    return true;
}

static bool open_database(struct exh_ledger *ledger, enum exh_store_mode mode, unsigned busy_ms, struct exh_error *err)
{
    static const char *const query[] = {"?mode=ro", "?mode=ro&immutable=1", "?mode=rw"};
    char *uri = uri_of(ledger->path, query[mode]);
    if (uri == NULL)
        return exh_nomem(err, "the ledger's path");
    int flags = (mode == EXH_STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW;
    int rc = sqlite3_open_v2(uri, &ledger->db, flags, NULL);
    free(uri);
    if (rc != SQLITE_OK)
        return exh_store_fail(ledger, rc, err, "cannot open the ledger");
    (void)sqlite3_extended_result_codes(ledger->db, 1);
    (void)sqlite3_busy_timeout(ledger->db, (int)busy_ms);
    set_defences(ledger->db);
    return exh_store_run(ledger, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", err);
}

/* Only after the schema was found to be ours: from here on its triggers may fire. */
static bool writer_settings(struct exh_ledger *ledger, struct exh_error *err)
{
    if (!exh_store_run(
            ledger,
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA secure_delete=ON",
            err))
        return false;
    (void)sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
    return true;
}

static bool store_closed(struct exh_ledger *ledger)
{
    (void)sqlite3_close(ledger->db);
    ledger->db = NULL;
    return false;
}

bool exh_store_open(struct exh_ledger *ledger, enum exh_store_mode mode, unsigned busy_ms, struct exh_error *err)
{
    if (!open_database(ledger, mode, busy_ms, err) || !schema_check(ledger, err) || (mode == EXH_STORE_WRITE && !writer_settings(ledger, err)))
        return store_closed(ledger);
    if (mode == EXH_STORE_WRITE && sqlite3_db_readonly(ledger->db, "main") != 0) {
        (void)exh_store_fail(ledger, SQLITE_READONLY, err, "the ledger");
        return store_closed(ledger);
    }
    ledger->writable = mode == EXH_STORE_WRITE;
    return true;
}

static bool make_all(const struct exh_ledger *ledger, const char *const *schema, struct exh_error *err)
{
    for (; schema[0] != NULL; schema += 2)
        if (!exh_store_run(ledger, schema[1], err))
            return false;
    return true;
}

bool exh_store_make(struct exh_ledger *ledger, struct exh_error *err)
{
    char numbers[120];
    (void)snprintf(numbers, sizeof numbers, "PRAGMA application_id=%d; PRAGMA user_version=%d", EXH_LEDGER_APPLICATION_ID, EXH_LEDGER_SCHEMA);
    if (!open_database(ledger, EXH_STORE_WRITE, EXH_LEDGER_BUSY_MS, err) || !writer_settings(ledger, err) ||
        !exh_store_run(ledger, "PRAGMA encoding='UTF-8'; BEGIN EXCLUSIVE", err) || !exh_store_run(ledger, numbers, err) ||
        !make_all(ledger, truth_schema, err) || !make_all(ledger, exh_projection_schema, err) || !exh_store_run(ledger, "COMMIT", err))
        return store_closed(ledger);
    ledger->writable = true;
    return true;
}

void exh_store_no_more_writes(struct exh_ledger *ledger)
{
    ledger->writable = false;
    (void)sqlite3_exec(ledger->db, "PRAGMA query_only=ON", NULL, NULL, NULL);
}

bool exh_store_can_lock(struct exh_ledger *ledger, char why[256])
{
    int rc = sqlite3_exec(ledger->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
        return true;
    }
    if ((rc & 0xFF) == SQLITE_BUSY)
        (void)snprintf(why, 256, "busy: another program has kept it locked");
    else if (rc == SQLITE_IOERR_LOCK || rc == SQLITE_IOERR_RDLOCK || rc == SQLITE_IOERR_UNLOCK || rc == SQLITE_IOERR_CHECKRESERVEDLOCK ||
             (rc & 0xFF) == SQLITE_PROTOCOL || (rc & 0xFF) == SQLITE_NOLFS)
        (void)snprintf(why, 256, "cannot lock: its file system gives no locks (%s)", sqlite3_errmsg(ledger->db));
    else
        (void)snprintf(why, 256, "it cannot be written: %s", sqlite3_errmsg(ledger->db));
    return false;
}
