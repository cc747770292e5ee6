/* The ledger: lines chain, what is changed is found, copies do not write, strangers' databases are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "report/ledger/ledger.h"
#include "report/ledger/line.h"

static struct exh_error err;
static struct exh_ledger_state state;
static char folder[200], path[300];

static char *in(const char *name)
{
    static char text[8][400];
    static unsigned next;
    char *out = text[next++ % 8];
    (void)snprintf(out, 400, "%s/%s", folder, name);
    return out;
}

static int setup(void **unused)
{
    (void)unused;
    (void)unsetenv("EXHIBIT_LEDGER");
    memset(&err, 0, sizeof err);
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-ledger-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    return 0;
}

static void run_program(const char *const *argv)
{
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static int teardown(void **unused)
{
    (void)unused;
    (void)chmod(folder, 0700);
    run_program((const char *const[]){"rm", "-rf", folder, NULL});
    return 0;
}

static void copy_file(const char *from, const char *to) { run_program((const char *const[]){"cp", "-p", from, to, NULL}); }

#define ok(call)                                                                                                                                     \
    do {                                                                                                                                             \
        if (!(call))                                                                                                                                 \
            fail_msg("%s: %s", #call, err.text);                                                                                                     \
    } while (0)

static struct exh_ledger *opened(const char *explicit_path, bool write)
{
    struct exh_ledger *ledger = NULL;
    const struct exh_ledger_choice choice = {
        .explicit_path = explicit_path, .image = explicit_path != NULL ? NULL : in("disk.E01"), .will_write = write, .busy_ms = 50};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    return ledger;
}

static void append(struct exh_ledger *ledger, const char *type, const char *object, const char *body)
{
    json_t *o = json_loads(object, 0, NULL), *b = json_loads(body, 0, NULL);
    assert_non_null(o);
    assert_non_null(b);
    ok(exh_ledger_append(ledger, type, o, b, NULL, 0, &state, NULL, &err));
    json_decref(o);
    json_decref(b);
}

/* A ledger of n lines besides the first, closed. */
static void make_ledger(int lines)
{
    ok(exh_ledger_init(path, &state, &err));
    struct exh_ledger *ledger = opened(NULL, true);
    for (int i = 0; i < lines; i++) {
        char body[100];
        (void)snprintf(body, sizeof body, "{\"operation\":\"%032d\",\"n\":%d}", i, i);
        append(ledger, "verify", "{\"image\":\"disk.E01\"}", body);
    }
    exh_ledger_close(ledger);
}

static void sql(const char *file, const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool sql_refused(const char *file, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc != SQLITE_OK;
}

static char *sql_text(const char *file, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
    char *out = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0) != NULL ? strdup((const char *)sqlite3_column_text(row, 0)) : NULL;
    sqlite3_finalize(row);
    sqlite3_close(db);
    return out;
}

/* What an insider does: takes the guards off, changes what he wants, puts them back as they were. */
static void tamper(const char *change)
{
    sqlite3 *db;
    sqlite3_stmt *rows;
    char *drop = NULL, *again = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type='trigger'", -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        assert_true(exh_text_append(&drop, "DROP TRIGGER %s;", sqlite3_column_text(rows, 0)));
        assert_true(exh_text_append(&again, "%s;", sqlite3_column_text(rows, 1)));
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    sql(path, drop);
    sql(path, change);
    sql(path, again);
    free(drop);
    free(again);
}

struct told {
    size_t count;
    uint64_t seq[32];
    char text[32][200];
};

static void tell(void *context, uint64_t seq, const char *text)
{
    struct told *told = context;
    if (told->count < 32) {
        told->seq[told->count] = seq;
        (void)snprintf(told->text[told->count], sizeof told->text[0], "%s", text);
    }
    told->count++;
}

static struct told audit(const char *head, struct exh_audit *out)
{
    struct told told = {0};
    struct exh_ledger *ledger = opened(NULL, false);
    assert_non_null(ledger);
    ok(exh_ledger_audit(ledger, head, tell, &told, out, &err));
    exh_ledger_close(ledger);
    assert_int_equal(told.count, out->problems);
    return told;
}

static bool says(const struct told *told, uint64_t seq, const char *part)
{
    for (size_t i = 0; i < told->count && i < 32; i++)
        if (told->seq[i] == seq && strstr(told->text[i], part) != NULL)
            return true;
    for (size_t i = 0; i < told->count && i < 32; i++)
        print_message("told of %llu: %s\n", (unsigned long long)told->seq[i], told->text[i]);
    return false;
}

/* ---- making, adding, opening again ---- */

static bool count_row(void *context, uint64_t seq, const char *line, const json_t *parsed)
{
    uint64_t *count = context;
    assert_int_equal(seq, ++*count);
    assert_true(json_integer_value(json_object_get(parsed, "seq")) == (json_int_t)seq);
    assert_memory_equal(line, "{\"v\":1,\"prev\":\"", 15);
    return true;
}

static void lines_chain_and_stay(void **unused)
{
    (void)unused;
    struct exh_audit out;
    uint64_t count = 0;
    make_ledger(5);
    assert_int_equal(state.seq, 6);
    char head[65];
    memcpy(head, state.head, sizeof head);
    struct exh_ledger *ledger = opened(NULL, true);
    assert_true(state.writable && state.exists && !state.created);
    assert_int_equal(state.seq, 6);
    assert_string_equal(state.head, head);
    ok(exh_ledger_each(ledger, count_row, &count, &err));
    assert_int_equal(count, 6);
    exh_ledger_close(ledger);
    struct told told = audit(NULL, &out);
    assert_int_equal(told.count, 0);
    assert_true(out.sound && out.lines == 6 && out.seq == 6);
    assert_string_equal(out.head, head);
    char printed[80];
    (void)snprintf(printed, sizeof printed, "6:%s", head);
    (void)audit(printed, &out);
    assert_true(out.sound);
    (void)snprintf(printed, sizeof printed, "6:sha256:%s", head);
    (void)audit(printed, &out);
    assert_true(out.sound);
    char *mode = sql_text(path, "PRAGMA journal_mode"), *id = sql_text(path, "PRAGMA application_id");
    assert_string_equal(mode, "delete");
    assert_string_equal(id, "1163413570");
    free(mode);
    free(id);
}

static void first_line_names_the_file(void **unused)
{
    (void)unused;
    ok(exh_ledger_init(path, &state, &err));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    char *line = sql_text(path, "SELECT line FROM entry WHERE seq=1");
    json_t *json = json_loads(line, 0, NULL), *body = json_object_get(json, "body");
    assert_true(json_integer_value(json_object_get(body, "inode")) == (json_int_t)st.st_ino);
    assert_true(exh_is_hex(json_string_value(json_object_get(body, "store")), 32));
    assert_non_null(json_string_value(json_object_get(json_object_get(json, "actor"), "user")));
    json_decref(json);
    free(line);
    assert_false(exh_ledger_init(path, &state, &err)); /* never over an existing one */
    assert_int_equal(err.code, EXH_REFUSED);
    char *left = NULL;
    run_program((const char *const[]){"sh", "-c", "test \"$(ls -A \"$1\")\" = ledger.db", "sh", folder, NULL});
    free(left);
}

static void a_line_has_fixed_keys_and_no_floats(void **unused)
{
    (void)unused;
    make_ledger(0);
    struct exh_ledger *ledger = opened(NULL, true);
    json_t *body = json_pack("{s:s,s:{s:s}}", "name", "\xC3\xA4\xE2\x82\xAC", "case", "examiner", "E. X.");
    char *line = NULL;
    ok(exh_ledger_append(ledger, "verify", NULL, body, NULL, 0, &state, &line, &err));
    assert_non_null(strstr(line, "\xC3\xA4\xE2\x82\xAC")); /* UTF-8 as it is, not escaped */
    assert_non_null(strstr(line, "\"examiner\":\"E. X.\""));
    const char *keys[] = {
        "{\"v\":1,", "\"prev\":", "\"seq\":2,", "\"time\":\"2", "\"type\":\"verify\"", "\"actor\":{\"user\":", "\"object\":{},", "\"body\":{"};
    const char *at = line;
    for (size_t i = 0; i < 8; i++) {
        at = strstr(at, keys[i]);
        assert_non_null(at);
    }
    free(line);
    json_object_set_new(body, "share", json_real(0.5));
    assert_false(exh_ledger_append(ledger, "verify", NULL, body, NULL, 0, &state, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    json_decref(body);
    char *big = malloc(EXH_LINE_BYTES_MAX + 1);
    memset(big, 'x', EXH_LINE_BYTES_MAX);
    big[EXH_LINE_BYTES_MAX] = '\0';
    body = json_pack("{s:s}", "big", big);
    free(big);
    assert_false(exh_ledger_append(ledger, "verify", NULL, body, NULL, 0, &state, NULL, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    json_decref(body);
    append(ledger, "verify", "{}", "{}"); /* goes on after a refusal */
    assert_int_equal(state.seq, 3);
    exh_ledger_close(ledger);
}

/* ---- guards and tampering ---- */

static void guards_stop_mistakes(void **unused)
{
    (void)unused;
    make_ledger(3);
    assert_true(sql_refused(path, "UPDATE entry SET line='{}' WHERE seq=2"));
    assert_true(sql_refused(path, "DELETE FROM entry WHERE seq=4"));
    assert_true(sql_refused(path, "INSERT INTO entry SELECT 9, line, sha256 FROM entry WHERE seq=2"));
    assert_true(sql_refused(path, "INSERT OR REPLACE INTO entry SELECT 2, line, sha256 FROM entry WHERE seq=3"));
    assert_true(sql_refused(path, "INSERT INTO entry SELECT 5, line||char(10), sha256 FROM entry WHERE seq=3"));
}

static void a_changed_line_is_found(void **unused)
{
    (void)unused;
    struct exh_audit out;
    make_ledger(4);
    tamper("UPDATE entry SET line=replace(line,'\"n\":1','\"n\":7') WHERE seq=3");
    struct told told = audit(NULL, &out);
    assert_false(out.sound);
    assert_true(says(&told, 3, "do not match its hash"));
}

/* The insider also puts the new hash beside the changed line: the line after it still names the old one. */
static void a_changed_line_with_its_hash_is_found(void **unused)
{
    (void)unused;
    struct exh_audit out;
    char hash[65], change[200];
    make_ledger(4);
    tamper("UPDATE entry SET line=replace(line,'\"n\":1','\"n\":7') WHERE seq=3");
    char *line = sql_text(path, "SELECT line FROM entry WHERE seq=3");
    ok(exh_line_hash(line, strlen(line), hash, &err));
    free(line);
    (void)snprintf(change, sizeof change, "UPDATE entry SET sha256='%s' WHERE seq=3", hash);
    tamper(change);
    struct told told = audit(NULL, &out);
    assert_int_equal(told.count, 1);
    assert_true(says(&told, 4, "does not follow line 3"));
}

static void a_deleted_line_is_found(void **unused)
{
    (void)unused;
    struct exh_audit out;
    make_ledger(4);
    tamper("DELETE FROM entry WHERE seq=3");
    struct told told = audit(NULL, &out);
    assert_true(says(&told, 4, "line 3 is missing before it"));
    tamper("UPDATE entry SET seq=3 WHERE seq=4; UPDATE entry SET seq=4 WHERE seq=5"); /* closed up */
    told = audit(NULL, &out);
    assert_true(says(&told, 3, "it says that it is line 4"));
    assert_true(says(&told, 3, "does not follow line 2"));
}

static void swapped_lines_are_found(void **unused)
{
    (void)unused;
    struct exh_audit out;
    make_ledger(4);
    tamper("UPDATE entry SET seq=99 WHERE seq=3; UPDATE entry SET seq=3 WHERE seq=4; UPDATE entry SET seq=4 WHERE seq=99");
    struct told told = audit(NULL, &out);
    assert_true(says(&told, 3, "it says that it is line 4"));
    assert_true(says(&told, 4, "it says that it is line 3"));
}

static void a_cut_tail_shows_against_the_printed_head(void **unused)
{
    (void)unused;
    struct exh_audit out;
    char printed[80];
    make_ledger(6);
    (void)snprintf(printed, sizeof printed, "7:%s", state.head);
    tamper("DELETE FROM entry WHERE seq>4");
    (void)audit(NULL, &out);
    assert_true(out.sound); /* a chain alone cannot show it */
    struct told told = audit(printed, &out);
    assert_false(out.sound);
    assert_true(says(&told, 0, "the ledger ends at 4, but the printed head names line 7"));
    struct exh_ledger *ledger = opened(NULL, false);
    const char *const wrong[] = {"", "7", "7:", ":00", "0:0000000000000000000000000000000000000000000000000000000000000000", "7:abc", "x:y"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(exh_ledger_audit(ledger, wrong[i], NULL, NULL, &out, &err));
        assert_int_equal(err.code, EXH_USAGE);
    }
    exh_ledger_close(ledger);
}

static void a_ledger_written_anew_shows_against_the_printed_head(void **unused)
{
    (void)unused;
    struct exh_audit out;
    char printed[80];
    make_ledger(3);
    (void)snprintf(printed, sizeof printed, "4:%s", state.head);
    assert_int_equal(unlink(path), 0);
    make_ledger(5);
    struct told told = audit(printed, &out);
    assert_true(says(&told, 4, "the ledger was written anew"));
}

/* Puts a line of any text behind the last one, with a right hash; returns nothing that is not checked by the audit. */
static void forge(uint64_t seq, const char *text)
{
    char hash[65];
    ok(exh_line_hash(text, strlen(text), hash, &err));
    sqlite3 *db;
    sqlite3_stmt *insert;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO entry VALUES(?1,?2,?3)", -1, &insert, NULL), SQLITE_OK);
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
    sqlite3_bind_text(insert, 2, text, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(insert, 3, hash, -1, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
    sqlite3_finalize(insert);
    sqlite3_close(db);
}

static void forged_lines_are_found(void **unused)
{
    (void)unused;
    static const struct {
        const char *format, *says;
    } forms[] = {
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":{\"a\":1,\"a\":2}}",
         "duplicate object key"},
        {"{\"v\":1,\"seq\":2,\"prev\":\"%s\",\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":{}}", "stands where 'prev' belongs"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":[]}", "is not what a line has there"},
        {"{\"v\":2,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":{}}", "its version is not 1"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":-2,\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":{}}", "is not what a line has there"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"ledger-created\",\"actor\":{},\"object\":{},\"body\":{\"store\":\"%s\"}}",
         "makes a ledger in the midst"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"ledger-adopted\",\"actor\":{},\"object\":{},\"body\":{}}",
         "adopts another ledger"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"import\",\"actor\":{},\"object\":{},\"body\":{\"line\":\"[]\"}}",
         "imported is not one"},
        {"{\"v\":1,\"prev\":\"%s\",\"seq\":2,\"time\":\"t\",\"type\":\"x\",\"actor\":{},\"object\":{},\"body\":{\"q\":[{\"blob\":\"00\"}]}}",
         "cites the series 00"},
        {"%s", "it is not JSON"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct exh_audit out;
        make_ledger(0);
        const char *percent = strstr(forms[i].format, "%s");
        char *text = exh_text_format("%.*s%s%s", (int)(percent - forms[i].format), forms[i].format, state.head, percent + 2);
        forge(2, text);
        struct told told = audit(NULL, &out);
        assert_true(says(&told, 2, forms[i].says));
        free(text);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_line_of_bytes_is_found(void **unused)
{
    (void)unused;
    struct exh_audit out;
    make_ledger(2);
    /* STRICT keeps a number out of a TEXT column, but a NUL in the text or bad UTF-8 it does not see. */
    tamper("UPDATE entry SET line=line||CAST(x'00ff' AS TEXT) WHERE seq=2");
    struct told told = audit(NULL, &out);
    assert_true(says(&told, 2, "do not match its hash"));
    assert_true(says(&told, 2, "it is not one line of text"));
}

static void guards_taken_off_are_told(void **unused)
{
    (void)unused;
    struct exh_audit out;
    make_ledger(2);
    sql(path, "DROP TRIGGER entry_no_delete");
    struct exh_ledger *ledger = opened(NULL, true);
    assert_false(state.writable);
    assert_non_null(strstr(state.why_not, "entry_no_delete"));
    assert_false(exh_ledger_append(ledger, "verify", NULL, NULL, NULL, 0, &state, NULL, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    exh_ledger_close(ledger);
    struct told told = audit(NULL, &out);
    assert_true(says(&told, 0, "was taken off"));
}

static void nothing_is_added_behind_a_changed_end(void **unused)
{
    (void)unused;
    make_ledger(2);
    tamper("UPDATE entry SET line=replace(line,'\"n\":1','\"n\":7') WHERE seq=3");
    struct exh_ledger *ledger = opened(NULL, true);
    assert_false(state.writable);
    assert_non_null(strstr(state.why_not, "does not match its hash"));
    exh_ledger_close(ledger);
}

/* ---- series ---- */

static void series_are_kept_and_checked(void **unused)
{
    (void)unused;
    struct exh_audit out;
    char hash[65], change[300];
    make_ledger(0);
    struct exh_ledger *ledger = opened(NULL, true);
    ok(exh_hash_hex("one\ntwo\n", 8, hash, &err));
    const struct exh_ledger_blob blobs[] = {{"one\ntwo\n", 8}, {"", 0}};
    json_t *body = json_pack("{s:{s:s}}", "chunks", "blob", hash);
    ok(exh_ledger_append(ledger, "acquire-end", NULL, body, blobs, 2, &state, NULL, &err));
    ok(exh_ledger_append(ledger, "acquire-end", NULL, body, blobs, 2, &state, NULL, &err)); /* kept once */
    json_decref(body);
    struct exh_blobs from = exh_ledger_blobs(ledger);
    void *bytes;
    size_t length;
    ok(from.get(from.context, hash, &bytes, &length, &err));
    assert_int_equal(length, 8);
    assert_memory_equal(bytes, "one\ntwo\n", 8);
    free(bytes);
    assert_false(from.get(from.context, exh_line_no_prev, &bytes, &length, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_false(from.get(from.context, "' OR 1", &bytes, &length, &err));
    exh_ledger_close(ledger);
    char *kept = sql_text(path, "SELECT count(*) FROM blob");
    assert_string_equal(kept, "2");
    free(kept);
    (void)audit(NULL, &out);
    assert_true(out.sound);
    assert_true(sql_refused(path, "UPDATE blob SET bytes=x'00'"));
    assert_true(sql_refused(path, "DELETE FROM blob"));
    assert_true(sql_refused(path, "INSERT OR REPLACE INTO blob SELECT sha256, x'00' FROM blob"));
    (void)snprintf(change, sizeof change, "UPDATE blob SET bytes=x'6f' WHERE sha256='%s'", hash);
    tamper(change);
    struct told told = audit(NULL, &out);
    assert_true(says(&told, 0, "do not match its hash"));
    ledger = opened(NULL, false);
    from = exh_ledger_blobs(ledger);
    assert_false(from.get(from.context, hash, &bytes, &length, &err));
    exh_ledger_close(ledger);
    tamper("DELETE FROM blob");
    told = audit(NULL, &out);
    assert_true(says(&told, 2, "which is not there"));
}

/* ---- copies ---- */

static char *store_of(const char *file)
{
    return sql_text(file, "SELECT json_extract(line,'$.body.store') FROM entry WHERE json_extract(line,'$.type') IN "
                          "('ledger-created','ledger-adopted') ORDER BY seq DESC");
}

static void copies_do_not_write_until_adopted(void **unused)
{
    (void)unused;
    struct exh_audit out;
    char *one = in("one.db"), *two = in("two.db");
    make_ledger(3);
    copy_file(path, one);
    copy_file(path, two);
    struct exh_ledger *ledger = NULL;
    setenv("EXHIBIT_LEDGER", one, 1);
    const struct exh_ledger_choice choice = {.will_write = true, .busy_ms = 50}, insisting = {.explicit_path = one, .will_write = true};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_false(state.writable);
    assert_int_equal(strncmp(state.why_not, "this ledger is a copy", 21), 0);
    assert_false(exh_ledger_append(ledger, "verify", NULL, NULL, NULL, 0, &state, NULL, &err));
    exh_ledger_close(ledger);
    assert_false(exh_ledger_open(&insisting, &ledger, &state, &err));
    assert_null(ledger);
    assert_int_equal(err.side, EXH_SIDE_LEDGER);
    memset(&err, 0, sizeof err);
    ok(exh_ledger_adopt(one, &state, &err));
    assert_int_equal(state.seq, 5);
    ok(exh_ledger_adopt(two, &state, &err));
    char *stores[] = {store_of(path), store_of(one), store_of(two)};
    assert_string_not_equal(stores[0], stores[1]);
    assert_string_not_equal(stores[0], stores[2]);
    assert_string_not_equal(stores[1], stores[2]);
    for (size_t i = 0; i < 3; i++)
        free(stores[i]);
    assert_false(exh_ledger_adopt(one, &state, &err)); /* at home now */
    assert_int_equal(err.code, EXH_REFUSED);
    memset(&err, 0, sizeof err);
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_true(state.writable);
    append(ledger, "verify", "{}", "{}");
    assert_int_equal(state.seq, 6);
    ok(exh_ledger_audit(ledger, NULL, NULL, NULL, &out, &err));
    assert_true(out.sound);
    exh_ledger_close(ledger);
    (void)unsetenv("EXHIBIT_LEDGER");
    ledger = opened(NULL, true); /* the original goes on */
    assert_true(state.writable);
    exh_ledger_close(ledger);
}

static void a_copy_of_a_copy_in_its_place_is_a_copy(void **unused)
{
    (void)unused;
    make_ledger(1);
    copy_file(path, in("kept.db"));
    assert_int_equal(unlink(path), 0);
    copy_file(in("kept.db"), path); /* a backup put back under the old name is not the file that was */
    struct exh_ledger *ledger = opened(NULL, true);
    assert_false(state.writable);
    exh_ledger_close(ledger);
}

static void a_renamed_ledger_is_at_home(void **unused)
{
    (void)unused;
    make_ledger(1);
    assert_int_equal(mkdir(in("other"), 0700), 0);
    assert_int_equal(rename(path, in("other/ledger.db")), 0);
    const struct exh_ledger_choice choice = {.explicit_path = in("other/ledger.db"), .will_write = true};
    struct exh_ledger *ledger = NULL;
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_true(state.writable);
    exh_ledger_close(ledger);
}

static void a_broken_copy_is_not_adopted(void **unused)
{
    (void)unused;
    make_ledger(3);
    tamper("UPDATE entry SET line=replace(line,'\"n\":1','\"n\":7') WHERE seq=3");
    copy_file(path, in("one.db"));
    assert_false(exh_ledger_adopt(in("one.db"), &state, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
}

/* ---- strangers ---- */

static void refused_as(const char *file, enum exh_code code, const char *part)
{
    struct exh_ledger *ledger = NULL;
    const struct exh_ledger_choice choice = {.explicit_path = file, .busy_ms = 50};
    memset(&err, 0, sizeof err);
    assert_false(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_null(ledger);
    if (err.code != code || strstr(err.text, part) == NULL)
        fail_msg("%s: code %d, %s", file, err.code, err.text);
    assert_int_equal(err.side, EXH_SIDE_LEDGER);
}

static void write_file(const char *file, const void *bytes, size_t length)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

static void what_is_no_ledger_is_refused(void **unused)
{
    (void)unused;
    write_file(in("text.db"), "Dear court,\n", 12);
    refused_as(in("text.db"), EXH_CORRUPT, "not a SQLite database");
    write_file(in("empty.db"), "", 0);
    refused_as(in("empty.db"), EXH_CORRUPT, "it is empty");
    sql(in("other.db"), "CREATE TABLE entry(a)");
    refused_as(in("other.db"), EXH_CORRUPT, "belongs to another program");
    refused_as(folder, EXH_CORRUPT, "not an exhibit ledger");
    refused_as(in("none.db"), EXH_NOT_FOUND, "none.db");
    char garbage[4096] = "SQLite format 3";
    memset(garbage + 16, 0xA5, sizeof garbage - 16);
    write_file(in("garbage.db"), garbage, sizeof garbage);
    refused_as(in("garbage.db"), EXH_CORRUPT, "belongs to another program");
}

static void foreign_schemas_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *sql, *says;
    } changes[] = {
        {"CREATE TRIGGER wipe AFTER INSERT ON entry BEGIN DELETE FROM blob; END", "'wipe', which exhibit did not make"},
        {"CREATE VIEW shadow AS SELECT * FROM entry", "'shadow', which exhibit did not make"},
        {"CREATE TABLE extra(a)", "'extra', which exhibit did not make"},
        {"CREATE INDEX lines ON entry(line)", "'lines', which exhibit did not make"},
        {"DROP TRIGGER entry_dense; CREATE TRIGGER entry_dense BEFORE INSERT ON entry WHEN 0 BEGIN SELECT 1; END",
         "'entry_dense' in its schema is not as"},
        {"DROP TABLE event; CREATE TABLE event(seq)", "'event' in its schema is not as"},
        {"ALTER TABLE entry RENAME TO line_store; CREATE VIEW entry AS SELECT * FROM line_store", "which exhibit did not make"},
        {"ALTER TABLE entry ADD COLUMN more TEXT", "'entry' in its schema is not as"},
        {"ALTER TABLE blob RENAME TO event2", "exhibit did not make"},
        {"DROP TABLE blob", "a table of it is missing"},
        {"PRAGMA journal_mode=WAL; PRAGMA user_version=1", "journal mode"},
        {"PRAGMA user_version=0", "no schema number"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        make_ledger(1);
        sql(path, changes[i].sql);
        refused_as(path, EXH_CORRUPT, changes[i].says);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_newer_ledger_is_passed_by_with_a_word(void **unused)
{
    (void)unused;
    make_ledger(1);
    sql(path, "PRAGMA user_version=2");
    refused_as(path, EXH_UNSUPPORTED, "schema 2, made by a newer exhibit; this one knows schema 1");
    memset(&err, 0, sizeof err);
    struct exh_ledger *ledger = opened(NULL, true); /* found, not asked for: the run goes on without it */
    assert_null(ledger);
    assert_non_null(strstr(state.why_not, "newer exhibit"));
}

static void damaged_pages_are_told(void **unused)
{
    (void)unused;
    make_ledger(60);
    int fd = open(path, O_RDWR);
    struct stat st;
    char junk[4096];
    memset(junk, 0x5A, sizeof junk);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 40 * 1024; at + 4096 <= st.st_size && at < 60 * 1024; at += 4096) /* leaves of the line table; the schema stays */
        assert_int_equal(pwrite(fd, junk, sizeof junk, at / 4096 * 4096), sizeof junk);
    close(fd);
    struct exh_ledger *ledger = NULL;
    struct exh_audit out;
    const struct exh_ledger_choice choice = {.explicit_path = path};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    ok(exh_ledger_audit(ledger, NULL, NULL, NULL, &out, &err));
    assert_false(out.sound);
    exh_ledger_close(ledger);
}

static bool any_row(void *context, uint64_t seq, const char *line, const json_t *parsed)
{
    (void)context, (void)seq, (void)line, (void)parsed;
    return true;
}

/* Whatever bytes are damaged: no crash, and what is called sound still ends in the head that was printed. */
static void random_damage_is_never_called_sound(void **unused)
{
    (void)unused;
    char head[65];
    struct stat st;
    uint32_t random = 20261122;
    unsigned opened_count = 0, broken_count = 0;
    make_ledger(12);
    memcpy(head, state.head, sizeof head);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    size_t size = (size_t)st.st_size;
    uint8_t *good = malloc(size), *bad = malloc(size);
    assert_true(read(fd, good, size) == (ssize_t)size);
    close(fd);
    for (unsigned i = 0; i < 400; i++) {
        memcpy(bad, good, size);
        for (unsigned n = 0; n <= i % 4; n++) {
            random = random * 1664525 + 1013904223;
            size_t at = i % 3 == 0 ? random % 4096 : random % size; /* the first page has the schema */
            bad[at] = (uint8_t)(random >> 24);
        }
        write_file(in("bad.db"), bad, i % 10 == 9 ? random % size : size);
        struct exh_ledger *ledger = NULL;
        struct exh_audit out;
        const struct exh_ledger_choice choice = {.explicit_path = in("bad.db"), .busy_ms = 50};
        const struct exh_lookup by = {.image = in("disk.E01")};
        json_t *body = NULL;
        uint64_t seq;
        const char *how;
        if (!exh_ledger_open(&choice, &ledger, &state, &err))
            continue;
        opened_count++;
        if (!exh_ledger_audit(ledger, NULL, NULL, NULL, &out, &err) || !out.sound) {
            broken_count++;
        } else {
            assert_string_equal(out.head, head);
            assert_int_equal(out.lines, 13);
        }
        if (exh_ledger_lookup(ledger, &by, &body, &seq, &how, &err))
            json_decref(body);
        (void)!exh_ledger_each(ledger, any_row, NULL, &err);
        exh_ledger_close(ledger);
    }
    assert_true(opened_count > 50 && broken_count > 20); /* or this test would prove nothing */
    free(good);
    free(bad);
}

/* ---- where it cannot be written ---- */

/* As a user whom permissions bind: root is not. Returns the child's exit status. */
static int as_stranger(int (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0))
            _exit(99);
        _exit(body());
    }
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int read_only_body(void)
{
    struct exh_ledger *ledger = NULL;
    struct exh_audit out;
    const struct exh_ledger_choice found = {.image = in("disk.E01"), .will_write = true, .may_create = true},
                                   named = {.explicit_path = path, .will_write = true};
    if (!exh_ledger_open(&found, &ledger, &state, &err) || ledger == NULL)
        return 1;
    if (state.writable || strncmp(state.why_not, "read-only", 9) != 0)
        return 2;
    if (!exh_ledger_audit(ledger, NULL, NULL, NULL, &out, &err) || !out.sound || out.lines != 3)
        return 3;
    exh_ledger_close(ledger);
    if (exh_ledger_open(&named, &ledger, &state, &err) || err.side != EXH_SIDE_LEDGER)
        return 4;
    return 0;
}

static int no_place_body(void)
{
    struct exh_ledger *ledger = NULL;
    const struct exh_ledger_choice found = {.image = in("disk.E01"), .will_write = true, .may_create = true},
                                   named = {.explicit_path = path, .will_write = true, .may_create = true};
    if (!exh_ledger_open(&found, &ledger, &state, &err) || ledger != NULL || state.why_not[0] == '\0' || state.exists)
        return 1;
    return exh_ledger_open(&named, &ledger, &state, &err) ? 2 : 0;
}

static void a_read_only_folder_is_read(void **unused)
{
    (void)unused;
    make_ledger(2);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(as_stranger(read_only_body), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(as_stranger(read_only_body), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(as_stranger(no_place_body), 0);
}

/* A child of its own, because POSIX locks do not stop their own process. It holds the lock until the pipe closes. */
static pid_t lock_held(const char *begin, int *release)
{
    int ready[2], done[2];
    char byte;
    assert_int_equal(pipe(ready) | pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        close(done[1]);
        if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, begin, NULL, NULL, NULL) != SQLITE_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        (void)!read(done[0], &byte, 1);
        _exit(0);
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    *release = done[1];
    return child;
}

static void a_busy_ledger_is_read_or_passed_by(void **unused)
{
    (void)unused;
    int release, status;
    struct exh_ledger *ledger = NULL;
    const struct exh_ledger_choice named = {.explicit_path = path, .will_write = true, .busy_ms = 50};
    make_ledger(1);
    pid_t child = lock_held("BEGIN IMMEDIATE", &release);
    ledger = opened(NULL, true);
    assert_non_null(ledger);
    assert_false(state.writable);
    assert_int_equal(strncmp(state.why_not, "busy", 4), 0);
    assert_int_equal(state.seq, 2);
    exh_ledger_close(ledger);
    assert_false(exh_ledger_open(&named, &ledger, &state, &err));
    assert_int_equal(err.side, EXH_SIDE_LEDGER);
    close(release);
    assert_int_equal(waitpid(child, &status, 0), child);
    child = lock_held("BEGIN EXCLUSIVE", &release);
    ledger = opened(NULL, true);
    assert_null(ledger);
    assert_int_equal(strncmp(state.why_not, "busy", 4), 0);
    assert_true(state.exists);
    assert_false(exh_ledger_open(&named, &ledger, &state, &err));
    close(release);
    assert_int_equal(waitpid(child, &status, 0), child);
    ledger = opened(NULL, true);
    assert_true(state.writable);
    exh_ledger_close(ledger);
}

/* ---- finding ---- */

static void the_nearest_ledger_is_found(void **unused)
{
    (void)unused;
    struct exh_ledger *ledger = NULL;
    assert_int_equal(mkdir(in("a"), 0700) | mkdir(in("a/b"), 0700), 0);
    struct exh_ledger_choice choice = {.image = in("a/b/disk.E01"), .will_write = true};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_null(ledger); /* none, and none may be made */
    assert_false(state.exists);
    choice.may_create = true;
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_true(state.created && state.writable);
    assert_string_equal(state.path, in("a/b/ledger.db"));
    exh_ledger_close(ledger);
    make_ledger(0);
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_false(state.created);
    assert_string_equal(state.path, in("a/b/ledger.db"));
    exh_ledger_close(ledger);
    assert_int_equal(unlink(in("a/b/ledger.db")), 0);
    assert_int_equal(symlink(path, in("a/ledger.db")), 0); /* a link is not followed; its target lies above anyway */
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_string_equal(state.path, path);
    char *name = exh_ledger_name_of(ledger, in("a/b/disk.E01"));
    assert_string_equal(name, "a/b/disk.E01");
    free(name);
    name = exh_ledger_name_of(ledger, "/usr/share/other.E01");
    assert_string_equal(name, "other.E01");
    free(name);
    exh_ledger_close(ledger);
    setenv("EXHIBIT_LEDGER", in("none.db"), 1);
    choice.may_create = false;
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_null(ledger);
    assert_non_null(strstr(state.why_not, "$EXHIBIT_LEDGER"));
    (void)unsetenv("EXHIBIT_LEDGER");
    choice.explicit_path = in("new.db");
    choice.may_create = true;
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_true(state.created);
    exh_ledger_close(ledger);
}

static void a_strangers_ledger_in_a_folder_for_all_is_passed_by(void **unused)
{
    (void)unused;
    if (geteuid() != 0) {
        print_message("skipped: only root can give a file to another user\n");
        skip();
    }
    struct exh_ledger *ledger = NULL;
    make_ledger(1);
    assert_int_equal(chmod(folder, 01777), 0);
    assert_int_equal(chown(path, 65534, 65534), 0);
    const struct exh_ledger_choice choice = {.image = in("disk.E01")};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    assert_null(ledger);
}

/* ---- looking up ---- */

static void the_record_of_an_image_is_found(void **unused)
{
    (void)unused;
    make_ledger(0);
    struct exh_ledger *ledger = opened(NULL, true);
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GUID "00112233445566778899aabbccddeeff"
    append(ledger, "acquire-end", "{\"image\":\"disk.E01\"}", "{\"outcome\":\"done\",\"n\":1,\"digests\":[]}");
    append(ledger, "acquire-end", "{\"image\":\"disk.E01\"}", "{\"outcome\":\"done\",\"n\":2,\"digests\":[]}");
    append(ledger, "acquire-end", "{\"image\":\"disk.E01\"}", "{\"outcome\":\"failed\",\"n\":3}");
    append(ledger, "convert-end", "{\"image\":\"x/other.E01\",\"guid\":\"" GUID "\"}", "{\"outcome\":\"done\",\"n\":4,\"digests\":[]}");
    append(ledger, "acquire-end", "{\"image\":\"y.E01\"}",
           "{\"outcome\":\"done\",\"n\":5,\"digests\":[{\"scope\":\"media\",\"algorithm\":\"sha256\",\"value\":\"" SHA_A "\",\"not_good\":0},"
           "{\"scope\":\"file:y.E01\",\"algorithm\":\"sha256\",\"value\":\"" SHA_B "\",\"not_good\":0}]}");
    append(ledger, "verify", "{\"image\":\"disk.E01\"}", "{\"outcome\":\"done\",\"n\":6}");
    struct exh_digests media = {0}, file = {0};
    struct exh_digest_value value;
    ok(exh_digest_value_set(&value, "media", "sha256", SHA_A, &err) && exh_digests_add(&media, &value, &err));
    ok(exh_digest_value_set(&value, "file:renamed.E01", "sha256", SHA_B, &err) && exh_digests_add(&file, &value, &err));
    const struct {
        struct exh_lookup by;
        int n;
        const char *how;
    } cases[] = {
        {{in("disk.E01"), GUID, &media}, 2, "name"},
        {{in("else.E01"), GUID, &media}, 4, "guid"},
        {{in("else.E01"), NULL, &media}, 5, "digest"},
        {{NULL, NULL, &file}, 5, "digest"},
        {{in("else.E01"), "ffffffffffffffffffffffffffffffff", NULL}, 0, NULL},
        {{in("x/other.E01"), NULL, NULL}, 4, "name"},
    };
    assert_int_equal(mkdir(in("x"), 0700), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *body;
        uint64_t seq;
        const char *how;
        ok(exh_ledger_lookup(ledger, &cases[i].by, &body, &seq, &how, &err));
        assert_int_equal(json_integer_value(json_object_get(body, "n")), cases[i].n);
        if (cases[i].how != NULL)
            assert_string_equal(how, cases[i].how);
        else
            assert_null(body);
        json_decref(body);
    }
    exh_ledger_close(ledger);
    tamper("UPDATE entry SET line=replace(line,'\"n\":5','\"n\":9') WHERE seq=6"); /* one broken line, and none is believed */
    ledger = opened(NULL, false);
    json_t *body;
    uint64_t seq;
    const char *how;
    assert_false(exh_ledger_lookup(ledger, &cases[0].by, &body, &seq, &how, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(err.side, EXH_SIDE_LEDGER);
    exh_ledger_close(ledger);
    free(media.items);
    free(file.items);
}

/* ---- tables for queries ---- */

static void query_tables_come_back(void **unused)
{
    (void)unused;
    make_ledger(3);
    struct exh_ledger *ledger = opened(NULL, true);
    append(ledger, "acquire-end", "{\"image\":\"disk.E01\",\"case\":\"7/26\"}",
           "{\"outcome\":\"done\",\"format\":\"ewf\",\"bytes\":1024,\"files\":[{\"name\":\"disk.E01\",\"bytes\":99}],\"unreadable\":[[3,2],[9,1]],"
           "\"digests\":[{\"scope\":\"media\",\"algorithm\":\"md5\",\"value\":\"00\",\"not_good\":3}]}");
    exh_ledger_close(ledger);
    static const char question[] =
        "SELECT (SELECT count(*) FROM event)||' '||(SELECT path||case_id||bytes FROM image)||' '||(SELECT sum(count) FROM unreadable)||' '||"
        "(SELECT not_good FROM digest)||' '||(SELECT name FROM container_file)";
    char *before = sql_text(path, question);
    assert_string_equal(before, "5 disk.E017/261024 3 3 disk.E01");
    sql(path, "DROP TABLE event; DROP TABLE unreadable; DELETE FROM image");
    ledger = opened(NULL, true);
    assert_true(state.writable); /* droppable at any time */
    append(ledger, "verify", "{\"image\":\"disk.E01\"}", "{\"verdict\":\"match\"}");
    exh_ledger_close(ledger);
    char *after = sql_text(path, question);
    assert_string_equal(after, "6 disk.E017/261024 3 3 disk.E01");
    free(before);
    free(after);
    sql(path, "UPDATE digest SET value='11'");
    ledger = opened(NULL, true);
    ok(exh_ledger_rebuild(ledger, &err));
    exh_ledger_close(ledger);
    char *value = sql_text(path, "SELECT value FROM digest");
    assert_string_equal(value, "00");
    free(value);
}

/* ---- many lines ---- */

static void twenty_thousand_lines_check_in_time(void **unused)
{
    (void)unused;
    sqlite3 *db;
    sqlite3_stmt *insert;
    char hash[65];
    make_ledger(0);
    memcpy(hash, state.head, sizeof hash);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO entry VALUES(?1,?2,?3)", -1, &insert, NULL), SQLITE_OK);
    json_t *object = json_pack("{s:s}", "image", "disk.E01"), *body = json_pack("{s:s,s:[]}", "verdict", "match", "findings");
    for (uint64_t seq = 2; seq <= 20000; seq++) {
        char *line = exh_line_compose(hash, seq, "verify", object, body, &err);
        assert_non_null(line);
        ok(exh_line_hash(line, strlen(line), hash, &err));
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
        sqlite3_bind_text(insert, 2, line, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 3, hash, -1, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
        free(line);
    }
    json_decref(object);
    json_decref(body);
    sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct timespec from, to;
    struct exh_audit out;
    clock_gettime(CLOCK_MONOTONIC, &from);
    (void)audit(NULL, &out);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(out.sound && out.lines == 20000);
    assert_string_equal(out.head, hash);
    long seconds = (long)(to.tv_sec - from.tv_sec);
    print_message("20,000 lines checked in about %ld s\n", seconds);
    assert_true(seconds < 60); /* a shell with stock tools takes 7 s; this includes sanitizers on a busy machine */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_chain_and_stay),
        TEST(first_line_names_the_file),
        TEST(a_line_has_fixed_keys_and_no_floats),
        TEST(guards_stop_mistakes),
        TEST(a_changed_line_is_found),
        TEST(a_changed_line_with_its_hash_is_found),
        TEST(a_deleted_line_is_found),
        TEST(swapped_lines_are_found),
        TEST(a_cut_tail_shows_against_the_printed_head),
        TEST(a_ledger_written_anew_shows_against_the_printed_head),
        TEST(forged_lines_are_found),
        TEST(a_line_of_bytes_is_found),
        TEST(guards_taken_off_are_told),
        TEST(nothing_is_added_behind_a_changed_end),
        TEST(series_are_kept_and_checked),
        TEST(copies_do_not_write_until_adopted),
        TEST(a_copy_of_a_copy_in_its_place_is_a_copy),
        TEST(a_renamed_ledger_is_at_home),
        TEST(a_broken_copy_is_not_adopted),
        TEST(what_is_no_ledger_is_refused),
        TEST(foreign_schemas_are_refused),
        TEST(a_newer_ledger_is_passed_by_with_a_word),
        TEST(damaged_pages_are_told),
        TEST(random_damage_is_never_called_sound),
        TEST(a_read_only_folder_is_read),
        TEST(a_busy_ledger_is_read_or_passed_by),
        TEST(the_nearest_ledger_is_found),
        TEST(a_strangers_ledger_in_a_folder_for_all_is_passed_by),
        TEST(the_record_of_an_image_is_found),
        TEST(query_tables_come_back),
        TEST(twenty_thousand_lines_check_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
