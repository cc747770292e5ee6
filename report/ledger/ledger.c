/* ledger.c - opening, making, adopting and appending to a ledger. The lines are the truth (line.h), SQLite keeps them (store.h).
 *
 * A new ledger is built under another name and renamed without replacing, so that no half-made one ever carries the name. */
#include "report/ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "verify/digest.h"

static void ledger_closep(struct exh_ledger **ledger) { exh_ledger_close(*ledger); }
static void free_text(char **text) { free(*text); }

void exh_ledger_close(struct exh_ledger *ledger)
{
    if (ledger == NULL)
        return;
    (void)sqlite3_close(ledger->db);
    free(ledger);
}

static struct exh_ledger *ledger_new(const char *path, struct exh_error *err)
{
    struct exh_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        (void)exh_nomem(err, "a ledger");
        return NULL;
    }
    (void)snprintf(ledger->path, sizeof ledger->path, "%s", path);
    return ledger;
}

static bool broken(const struct exh_ledger *ledger, struct exh_error *err, const char *what)
{
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "%s; 'exhibit log --check' tells more", what);
    (void)exh_in_file(err, ledger->path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

/* The last line's number and hash, recomputed; 0 and 64 zeros when there is none. */
static bool load_tail(const struct exh_ledger *ledger, uint64_t *seq, char head[EXH_HEX_SIZE], struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *row = NULL;
    const char *line, *stored;
    size_t length, stored_length;
    *seq = 0;
    memcpy(head, exh_line_no_prev, EXH_HEX_SIZE);
    if (!exh_store_prepare(ledger, "SELECT seq, line, sha256 FROM entry ORDER BY seq DESC LIMIT 1", &row, err))
        return false;
    int rc = sqlite3_step(row);
    if (rc == SQLITE_DONE)
        return true;
    if (rc != SQLITE_ROW)
        return exh_store_fail(ledger, rc, err, "cannot read the ledger");
    if (!exh_column_text(row, 1, EXH_LINE_BYTES_MAX, &line, &length) || !exh_column_text(row, 2, 64, &stored, &stored_length))
        return broken(ledger, err, "its last line is not text");
    if (!exh_line_hash(line, length, head, err))
        return false;
    *seq = (uint64_t)sqlite3_column_int64(row, 0);
    return strcmp(head, stored) == 0 || broken(ledger, err, "its last line does not match its hash");
}

static bool is_home_line(const char *type) { return strcmp(type, "ledger-created") == 0 || strcmp(type, "ledger-adopted") == 0; }

/* The newest ledger-created or ledger-adopted line. The filter may let others through (a quoted name); parsing decides. */
static bool load_home_line(const struct exh_ledger *ledger, struct exh_line *out, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    const char *text;
    size_t length;
    int rc;
    memset(out, 0, sizeof *out);
    if (!exh_store_prepare(ledger, "SELECT line FROM entry WHERE instr(substr(line,1,400),'\"type\":\"ledger-')>0 ORDER BY seq DESC", &rows, err))
        return false;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        struct exh_error ignored = {0};
        if (exh_column_text(rows, 0, EXH_LINE_BYTES_MAX, &text, &length) && exh_line_parse(text, length, out, &ignored) && is_home_line(out->type))
            return true;
        exh_line_close(out);
    }
    return rc == SQLITE_DONE ? broken(ledger, err, "no line says where the ledger was made")
                             : exh_store_fail(ledger, rc, err, "cannot read the ledger");
}

static bool load_home(struct exh_ledger *ledger, struct exh_error *err)
{
    struct exh_line line;
    struct exh_home home;
    if (!load_home_line(ledger, &line, err))
        return false;
    const char *store = json_string_value(json_object_get(line.body, "store"));
    bool named = exh_is_hex(store, 32);
    if (named)
        memcpy(ledger->store, store, 33);
    bool ok = (named || broken(ledger, err, "the line that says where the ledger was made has no store id")) && exh_home_of(ledger->path, &home, err);
    ledger->is_copy = ok && !exh_home_matches(line.body, &home);
    exh_line_close(&line);
    return ok;
}

static void not_writable(struct exh_ledger *ledger, struct exh_ledger_state *state, const char *why)
{
    exh_store_no_more_writes(ledger);
    (void)snprintf(state->why_not, sizeof state->why_not, "%.255s", why);
}

/* After opening: what is there, and is anything against writing? What is wrong inside does not stop reading, or nobody could check it. */
static void judge(struct exh_ledger *ledger, struct exh_ledger_state *state)
{
    struct exh_error err = {0};
    char why[256];
    if (!load_tail(ledger, &state->seq, state->head, &err) || !load_home(ledger, &err))
        not_writable(ledger, state, err.text);
    else if (!ledger->writable)
        return;
    else if (ledger->guard_gone != NULL) {
        (void)snprintf(why, sizeof why, "its guard '%s' is gone; 'exhibit log --check' tells more", ledger->guard_gone);
        not_writable(ledger, state, why);
    } else if (ledger->is_copy)
        not_writable(ledger, state, "this ledger is a copy: it was made elsewhere; 'exhibit log --adopt' records that it goes on here");
    else if (!exh_store_can_lock(ledger, why))
        not_writable(ledger, state, why);
}

/* Opens for writing when `write` and possible, else for reading; state says why not. */
static bool open_somehow(struct exh_ledger *ledger, bool write, unsigned busy_ms, struct exh_ledger_state *state, struct exh_error *err)
{
    unsigned wait = busy_ms != 0 ? busy_ms : EXH_LEDGER_BUSY_MS;
    if (!exh_store_peek(ledger->path, err))
        return false;
    exh_place_why_not(ledger->path, true, state->why_not);
    if (write && state->why_not[0] == '\0') {
        if (exh_store_open(ledger, EXH_STORE_WRITE, wait, err))
            return true;
        if (err->sys != EROFS)
            return false;
        (void)snprintf(state->why_not, sizeof state->why_not, "read-only: %.200s", err->text);
        exh_error_clear(err);
    }
    bool media = exh_place_is_read_only_media(ledger->path), may_write = state->why_not[0] == '\0';
    if (exh_store_open(ledger, media ? EXH_STORE_IMMUTABLE : EXH_STORE_READ, wait, err))
        return true;
    /* A transaction that was cut short (power, disk) must be rolled back before anything can be read, and that is a write. */
    if (err->sys != EROFS || media || !may_write)
        return false;
    exh_error_clear(err);
    if (!exh_store_open(ledger, EXH_STORE_WRITE, wait, err))
        return false;
    exh_store_no_more_writes(ledger);
    return true;
}

static bool open_existing(const char *path, bool write, unsigned busy_ms, struct exh_ledger **out, struct exh_ledger_state *state,
                          struct exh_error *err)
{
    EXH_CLEANUP(ledger_closep) struct exh_ledger *ledger = ledger_new(path, err);
    *out = NULL;
    (void)snprintf(state->path, sizeof state->path, "%s", path);
    state->exists = true;
    if (ledger == NULL || !open_somehow(ledger, write, busy_ms, state, err))
        return false;
    judge(ledger, state);
    state->writable = ledger->writable;
    *out = ledger;
    ledger = NULL;
    return true;
}

static bool random_hex(char out[33], struct exh_error *err)
{
    uint8_t bytes[16];
    if (!exh_random(bytes, sizeof bytes, err))
        return false;
    exh_text_hex(bytes, sizeof bytes, out);
    return true;
}

static json_t *home_body(const char *path, char store[33], struct exh_error *err)
{
    struct exh_home home;
    if (!random_hex(store, err) || !exh_home_of(path, &home, err))
        return NULL;
    json_t *body = json_pack("{s:s,s:s,s:s,s:I,s:s}", "store", store, "machine_id", home.machine, "device", home.device, "inode",
                             (json_int_t)home.inode, "born", home.born);
    if (body == NULL)
        (void)exh_nomem(err, "a ledger line");
    return body;
}

static bool insert_entry(const struct exh_ledger *ledger, uint64_t seq, const char *line, const char *hash, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *insert = NULL;
    if (!exh_store_prepare(ledger, "INSERT INTO entry(seq, line, sha256) VALUES(?1, ?2, ?3)", &insert, err))
        return false;
    (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
    (void)sqlite3_bind_text64(insert, 2, line, strlen(line), SQLITE_STATIC, SQLITE_UTF8);
    (void)sqlite3_bind_text(insert, 3, hash, 64, SQLITE_STATIC);
    int rc = sqlite3_step(insert);
    return rc == SQLITE_DONE || exh_store_fail(ledger, rc, err, "cannot add a line to the ledger");
}

static bool insert_blob(const struct exh_ledger *ledger, const struct exh_ledger_blob *blob, struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *insert = NULL;
    char name[EXH_HEX_SIZE];
    if (blob->length > EXH_BLOB_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a series of %zu bytes; a ledger keeps at most %u", blob->length, EXH_BLOB_BYTES_MAX);
    if (!exh_hash_hex(blob->bytes, blob->length, name, err) ||
        !exh_store_prepare(ledger, "INSERT INTO blob(sha256, bytes) SELECT ?1, ?2 WHERE NOT EXISTS(SELECT 1 FROM blob WHERE sha256=?1)", &insert,
                           err))
        return false;
    (void)sqlite3_bind_text(insert, 1, name, 64, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(insert, 2, blob->length > 0 ? blob->bytes : "", blob->length, SQLITE_STATIC);
    int rc = sqlite3_step(insert);
    return rc == SQLITE_DONE || exh_store_fail(ledger, rc, err, "cannot add a series to the ledger");
}

struct addition {
    const char *type;
    json_t *object, *body;
    const struct exh_ledger_blob *blobs;
    size_t blob_count;
    uint64_t seq; /* results */
    char hash[EXH_HEX_SIZE];
    char *line;
};

/* Inside a transaction: the next line after the one that is last now, whoever wrote it. */
static bool add_line(const struct exh_ledger *ledger, struct addition *add, struct exh_error *err)
{
    uint64_t seq;
    char prev[EXH_HEX_SIZE];
    if (!load_tail(ledger, &seq, prev, err))
        return false;
    add->seq = seq + 1;
    add->line = exh_line_compose(prev, add->seq, add->type, add->object, add->body, err);
    if (add->line == NULL || !exh_line_hash(add->line, strlen(add->line), add->hash, err))
        return false;
    for (size_t i = 0; i < add->blob_count; i++)
        if (!insert_blob(ledger, &add->blobs[i], err))
            return false;
    struct exh_line parsed;
    if (!insert_entry(ledger, add->seq, add->line, add->hash, err))
        return false;
    if (!exh_line_parse(add->line, strlen(add->line), &parsed, err)) {
        /* It was composed just now: jansson calls many an allocation that failed a fault of the text. */
        err->code = err->code == EXH_CORRUPT ? EXH_NOMEM : err->code;
        return false;
    }
    bool ok = exh_projection_add(ledger, &parsed, err);
    exh_line_close(&parsed);
    return ok;
}

static bool add_in_transaction(const struct exh_ledger *ledger, struct addition *add, struct exh_error *err)
{
    if (!exh_store_run(ledger, "BEGIN IMMEDIATE", err))
        return exh_context(err, "nothing was recorded");
    if (add_line(ledger, add, err) && exh_store_run(ledger, "COMMIT", err))
        return true;
    (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
    free(add->line);
    add->line = NULL;
    (void)exh_context(err, "the '%s' line was not recorded", add->type);
    (void)exh_in_file(err, ledger->path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

static void tell_head(struct exh_ledger_state *state, const struct addition *add)
{
    state->seq = add->seq;
    memcpy(state->head, add->hash, sizeof state->head);
}

bool exh_ledger_append(struct exh_ledger *ledger, const char *type, json_t *object, json_t *body, const struct exh_ledger_blob *blobs,
                       size_t blob_count, struct exh_ledger_state *state, char **line, struct exh_error *err)
{
    struct addition add = {.type = type, .object = object, .body = body, .blobs = blobs, .blob_count = blob_count};
    if (line != NULL)
        *line = NULL;
    if (!ledger->writable) {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the ledger is open for reading only");
        return exh_on_side(err, EXH_SIDE_LEDGER);
    }
    if (!add_in_transaction(ledger, &add, err))
        return false;
    if (state != NULL)
        tell_head(state, &add);
    if (line != NULL)
        *line = add.line;
    else
        free(add.line);
    return true;
}

static bool sync_folder(const char *folder, struct exh_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot sync the ledger's folder");
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool add_first_line(struct exh_ledger *ledger, struct addition *add, struct exh_error *err)
{
    json_t *body = home_body(ledger->path, ledger->store, err);
    if (body == NULL)
        return false;
    add->type = "ledger-created";
    add->body = body;
    bool ok = (json_object_set_new(body, "schema", json_integer(EXH_LEDGER_SCHEMA)) == 0 || exh_nomem(err, "a ledger line")) &&
              exh_store_make(ledger, err) && add_in_transaction(ledger, add, err);
    json_decref(body);
    free(add->line);
    add->line = NULL;
    return ok;
}

/* The new ledger under its working name; closed again. */
static bool build_at(const char *working, struct addition *add, struct exh_error *err)
{
    int fd = open(working, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make a ledger");
    close(fd);
    EXH_CLEANUP(ledger_closep) struct exh_ledger *ledger = ledger_new(working, err);
    return ledger != NULL && add_first_line(ledger, add, err);
}

/* Some file systems know no RENAME_NOREPLACE; a hard link refuses an existing name as well. */
static bool put_in_place(const char *working, const char *path, struct exh_error *err)
{
    if (renameat2(AT_FDCWD, working, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EINVAL && link(working, path) == 0)
        return unlink(working) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot remove '%s'", working);
    return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make the ledger '%s'", exh_text_base(path));
}

static bool init_at(const char *path, struct exh_ledger_state *state, struct exh_error *err)
{
    struct addition add = {0};
    char tag[33];
    if (!random_hex(tag, err))
        return false;
    tag[12] = '\0';
    int folder_length = (int)(exh_text_base(path) - path);
    EXH_CLEANUP(free_text) char *folder = exh_text_format("%.*s", folder_length, path);
    EXH_CLEANUP(free_text) char *working = exh_text_format("%s.ledger-%s.new", folder != NULL ? folder : "", tag);
    if (folder == NULL || working == NULL)
        return exh_nomem(err, "a ledger's name");
    if (!build_at(working, &add, err) || !put_in_place(working, path, err) || !sync_folder(folder, err)) {
        (void)unlink(working);
        return false;
    }
    state->exists = state->created = true;
    (void)snprintf(state->path, sizeof state->path, "%s", path);
    tell_head(state, &add);
    return true;
}

static bool on_ledger(struct exh_error *err, const char *path)
{
    (void)exh_in_file(err, path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

bool exh_ledger_init(const char *path, struct exh_ledger_state *state, struct exh_error *err)
{
    char real[4096], why[256];
    memset(state, 0, sizeof *state);
    if (!exh_place_real(path, real, err))
        return on_ledger(err, path);
    struct stat st;
    if (lstat(real, &st) == 0) {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "'%s' exists; a ledger is never overwritten", path);
        err->sys = EEXIST;
        return on_ledger(err, real);
    }
    exh_place_why_not(real, false, why);
    if (why[0] != '\0') {
        (void)exh_fail(err, EXH_IO, EXH_NO_OFFSET, "no ledger can be made there: %s", why);
        return on_ledger(err, real);
    }
    if (!init_at(real, state, err))
        return on_ledger(err, real);
    state->writable = true;
    return true;
}

/* May the run go on without writing this ledger? Not when the user named it. */
static bool unwritten(const struct exh_ledger_choice *choice, struct exh_ledger_state *state, const char *path, struct exh_error *err)
{
    if (choice->explicit_path == NULL || !choice->will_write || state->writable)
        return true;
    (void)exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the ledger cannot be written: %s", state->why_not);
    return on_ledger(err, path);
}

static bool make_missing(const struct exh_ledger_choice *choice, const struct exh_place *place, struct exh_ledger **out,
                         struct exh_ledger_state *state, struct exh_error *err)
{
    struct exh_error why = {0};
    if (!exh_ledger_init(place->path, state, &why) && why.sys != EEXIST) {
        (void)snprintf(state->path, sizeof state->path, "%s", place->path);
        (void)snprintf(state->why_not, sizeof state->why_not, "%.255s", why.text);
        return unwritten(choice, state, place->path, err);
    }
    /* EEXIST: somebody else made it in this moment. Theirs is as good. */
    bool created = state->created;
    if (!open_existing(place->path, choice->will_write, choice->busy_ms, out, state, err))
        return on_ledger(err, place->path);
    state->created = created;
    return unwritten(choice, state, place->path, err);
}

static bool missing(const struct exh_ledger_choice *choice, const struct exh_place *place, struct exh_ledger_state *state, struct exh_error *err)
{
    if (place->named_by == NULL)
        return true;
    (void)snprintf(state->path, sizeof state->path, "%s", place->path);
    (void)snprintf(state->why_not, sizeof state->why_not, "%s names a ledger that is not there", place->named_by);
    if (choice->explicit_path == NULL)
        return true;
    (void)exh_fail_sys(err, ENOENT, EXH_NO_OFFSET, "the ledger '%s'", choice->explicit_path);
    return on_ledger(err, place->path);
}

/* Busy, newer, or without permission: where the user did not insist, the run stands without it. */
static bool passed_by(const struct exh_ledger_choice *choice, struct exh_ledger_state *state, struct exh_error *err)
{
    bool harmless = err->sys == EBUSY || err->code == EXH_UNSUPPORTED || err->code == EXH_NOT_FOUND;
    if (choice->explicit_path != NULL || !harmless)
        return false;
    (void)snprintf(state->why_not, sizeof state->why_not, "%s%.240s", err->sys == EBUSY ? "busy: " : "", err->text);
    exh_error_clear(err);
    return true;
}

bool exh_ledger_open(const struct exh_ledger_choice *choice, struct exh_ledger **out, struct exh_ledger_state *state, struct exh_error *err)
{
    struct exh_place place;
    *out = NULL;
    memset(state, 0, sizeof *state);
    if (!exh_place_find(choice, &place, err))
        return exh_on_side(err, EXH_SIDE_LEDGER);
    if (!place.exists)
        return choice->may_create && place.path[0] != '\0' ? make_missing(choice, &place, out, state, err) : missing(choice, &place, state, err);
    if (!open_existing(place.path, choice->will_write, choice->busy_ms, out, state, err))
        return passed_by(choice, state, err) || on_ledger(err, place.path);
    if (!unwritten(choice, state, place.path, err)) {
        exh_ledger_close(*out);
        *out = NULL;
        return false;
    }
    return true;
}

static json_t *adoption_body(const struct exh_ledger *ledger, const struct exh_ledger_state *state, struct exh_error *err)
{
    char store[33];
    json_t *body = home_body(ledger->path, store, err);
    if (body != NULL &&
        (json_object_set_new(body, "reason", json_string("the ledger is a copy and goes on here")) != 0 ||
         json_object_set_new(body, "from", json_pack("{s:s,s:I,s:s}", "store", ledger->store, "seq", (json_int_t)state->seq, "head", state->head)) !=
             0)) {
        json_decref(body);
        (void)exh_nomem(err, "a ledger line");
        return NULL;
    }
    return body;
}

/* A copy that is whole, in a place where it can be written. */
static bool adoptable(struct exh_ledger *ledger, struct exh_error *err)
{
    struct exh_audit audit;
    if (!exh_ledger_audit(ledger, NULL, NULL, NULL, &audit, err))
        return false;
    if (!audit.sound)
        return broken(ledger, err, "its chain is broken");
    if (!ledger->is_copy)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the ledger is at home here; there is nothing to adopt");
    return true;
}

bool exh_ledger_adopt(const char *path, struct exh_ledger_state *state, struct exh_error *err)
{
    char real[4096], why[256];
    EXH_CLEANUP(ledger_closep) struct exh_ledger *ledger = NULL;
    memset(state, 0, sizeof *state);
    if (!exh_place_real(path, real, err) || !open_existing(real, false, 0, &ledger, state, err) || !adoptable(ledger, err))
        return on_ledger(err, path);
    exh_place_why_not(real, true, why);
    if (why[0] != '\0') {
        (void)exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the copy cannot be adopted here: %s", why);
        return on_ledger(err, real);
    }
    (void)sqlite3_close(ledger->db);
    ledger->db = NULL;
    if (!exh_store_open(ledger, EXH_STORE_WRITE, EXH_LEDGER_BUSY_MS, err))
        return on_ledger(err, real);
    json_t *body = adoption_body(ledger, state, err);
    struct addition add = {.type = "ledger-adopted", .body = body};
    bool ok = body != NULL && add_in_transaction(ledger, &add, err);
    json_decref(body);
    free(add.line);
    if (!ok)
        return on_ledger(err, real);
    tell_head(state, &add);
    state->writable = true;
    state->why_not[0] = '\0';
    return true;
}

bool exh_ledger_rebuild(struct exh_ledger *ledger, struct exh_error *err)
{
    if (!ledger->writable)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the ledger is open for reading only");
    if (!exh_store_run(ledger, "BEGIN IMMEDIATE", err))
        return false;
    if (exh_projection_rebuild(ledger, err) && exh_store_run(ledger, "COMMIT", err))
        return true;
    (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

static bool row_failed(const struct exh_ledger *ledger, uint64_t seq, struct exh_error *err)
{
    (void)exh_context(err, "line %llu", (unsigned long long)seq);
    return on_ledger(err, ledger->path);
}

bool exh_ledger_each(struct exh_ledger *ledger, bool (*row)(void *context, uint64_t seq, const char *line, const json_t *parsed), void *context,
                     struct exh_error *err)
{
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *rows = NULL;
    const char *text;
    size_t length;
    int rc;
    if (!exh_store_prepare(ledger, "SELECT seq, line FROM entry ORDER BY seq", &rows, err))
        return false;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        struct exh_line line = {0};
        uint64_t seq = (uint64_t)sqlite3_column_int64(rows, 0);
        if (!exh_column_text(rows, 1, EXH_LINE_BYTES_MAX, &text, &length))
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not text of at most %u bytes", EXH_LINE_BYTES_MAX) ||
                   row_failed(ledger, seq, err);
        bool parsed = exh_line_parse(text, length, &line, err), more = parsed && row(context, seq, text, line.json);
        exh_line_close(&line);
        if (!parsed)
            return row_failed(ledger, seq, err);
        if (!more)
            return true;
    }
    return rc == SQLITE_DONE || exh_store_fail(ledger, rc, err, "cannot read the ledger");
}

static bool get_blob(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *err)
{
    const struct exh_ledger *ledger = context;
    EXH_CLEANUP(exh_statement_close) sqlite3_stmt *row = NULL;
    char hash[EXH_HEX_SIZE];
    *bytes = NULL;
    if (!exh_is_hex(sha256, 64))
        return broken(ledger, err, "a series is cited by something that is no SHA-256");
    if (!exh_store_prepare(ledger, "SELECT bytes FROM blob WHERE sha256=?1", &row, err))
        return false;
    (void)sqlite3_bind_text(row, 1, sha256, 64, SQLITE_STATIC);
    int rc = sqlite3_step(row);
    if (rc == SQLITE_DONE)
        return broken(ledger, err, "a series that a line cites is not there");
    if (rc != SQLITE_ROW || sqlite3_column_type(row, 0) != SQLITE_BLOB)
        return exh_store_fail(ledger, rc == SQLITE_ROW ? SQLITE_CORRUPT : rc, err, "cannot read a series");
    const void *stored = sqlite3_column_blob(row, 0);
    *length = (size_t)sqlite3_column_bytes(row, 0);
    if (!exh_hash_hex(stored != NULL ? stored : "", *length, hash, err))
        return false;
    if (strcmp(hash, sha256) != 0)
        return broken(ledger, err, "a series does not match its hash");
    *bytes = exh_text_copy(stored != NULL ? stored : "", *length);
    return *bytes != NULL || exh_nomem(err, "a series");
}

struct exh_blobs exh_ledger_blobs(struct exh_ledger *ledger) { return (struct exh_blobs){get_blob, ledger}; }
