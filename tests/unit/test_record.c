/* Records: what is told of an image is what can be claimed of it again, and nothing malformed is; the side record that travels beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "report/ledger/line.h"
#include "report/ledger/record.h"
#include "report/ledger/side_record.h"
#include "verify/digest_set.h"

static struct exh_error err;
static char folder[200];

#define ok(call)                                                                                                                                     \
    do {                                                                                                                                             \
        if (!(call))                                                                                                                                 \
            fail_msg("%s: %s", #call, err.text);                                                                                                     \
    } while (0)

/* ---- a result, its line, and back ---- */

struct made {
    struct exh_acquire_result result;
    json_t *body;
    char *chunk_lines, *range_lines;
};

static bool made_get(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *why)
{
    const struct made *m = context;
    const char *const texts[] = {m->chunk_lines, m->range_lines};
    char hash[65];
    for (size_t i = 0; i < 2; i++) {
        if (texts[i] == NULL || !exh_hash_hex(texts[i], strlen(texts[i]), hash, why) || strcmp(hash, sha256) != 0)
            continue;
        *length = strlen(texts[i]);
        *bytes = exh_text_copy(texts[i], *length);
        return *bytes != NULL;
    }
    return exh_fail(why, EXH_CORRUPT, EXH_NO_OFFSET, "no series %s", sha256);
}

static void add_digest(struct exh_digests *list, const char *scope, const char *algorithm, const char *hex, uint64_t not_good)
{
    struct exh_digest_value value;
    ok(exh_digest_value_set(&value, scope, algorithm, hex, &err));
    value.not_good = not_good;
    ok(exh_digests_add(list, &value, &err));
}

/* A medium of 300 sectors (the last one short) in chunks of 128, with `ranges` unreadable single sectors from 10 on. */
static void make(struct made *m, unsigned ranges)
{
    struct exh_acquire_result *r = &m->result;
    memset(m, 0, sizeof *m);
    uint64_t sectors = ranges > 100 ? 2 * (uint64_t)ranges + 300 : 300;
    exh_layout_disk(&r->layout, sectors * 512 - 412, 512);
    r->acquisition = EXH_COMPLETE_WITH_ERRORS;
    r->verification = EXH_MATCH;
    r->of = "medium";
    r->read_back = "direct";
    for (unsigned i = 0; i < ranges; i++)
        ok(exh_sectors_mark(&r->seal.unreadable, 10 + 2 * (int64_t)i, 1, EXH_BAD, &err));
    add_digest(&r->seal.digests, "media", "md5", "000102030405060708090a0b0c0d0e0f", ranges);
    add_digest(&r->seal.digests, "media", "sha256", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ranges);
    add_digest(&r->seal.digests, "file:disk.E01", "sha256", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0);
    r->seal.chunks.sectors = 128;
    for (uint64_t at = 0; at < sectors; at += 128) {
        struct exh_chunk chunk = {
            .track = 1, .lba = (int64_t)at, .sectors = (uint32_t)(sectors - at < 128 ? sectors - at : 128), .not_good = at == 0 ? 3 : 0};
        memset(chunk.sha256, (int)at, sizeof chunk.sha256);
        ok(exh_chunks_add(&r->seal.chunks, &chunk, &err));
    }
    ok(exh_chunks_root(&r->seal.chunks, r->seal.chunks.root, &err));
    ok(exh_names_add(&r->files, "/nowhere/disk.E01", &err));
    struct exh_fault fault = {.lba = 10, .count = 1, .sys = 5, .attempt = 2};
    ok(exh_faults_add(&r->faults, &fault, &err));
    r->fault_count = 1;
    m->body = exh_record_result("ewf", r);
    assert_non_null(m->body);
    ok(exh_record_cite(m->body, &r->seal, &m->chunk_lines, &m->range_lines, &err));
    assert_int_equal(json_object_set_new(m->body, "outcome", json_string("done")), 0);
    assert_int_equal(json_object_set_new(m->body, "case", json_pack("{s:s,s:s}", "case", "7/26", "examiner", "E. X.")), 0);
}

static void unmake(struct made *m)
{
    exh_acquire_result_close(&m->result);
    json_decref(m->body);
    free(m->chunk_lines);
    free(m->range_lines);
}

static bool claim(struct made *m, const json_t *body, struct exh_seal *seal, struct exh_layout *layout)
{
    const struct exh_blobs blobs = {made_get, m};
    memset(seal, 0, sizeof *seal);
    memset(layout, 0, sizeof *layout);
    exh_error_clear(&err);
    return exh_record_claim(body, &blobs, seal, layout, &err);
}

static void assert_same_seal(const struct exh_seal *a, const struct exh_seal *b)
{
    assert_true(exh_sectors_equal(&a->unreadable, &b->unreadable));
    assert_int_equal(a->digests.count, b->digests.count);
    for (size_t i = 0; i < a->digests.count; i++) {
        const struct exh_digest_value *x = &a->digests.items[i], *y = exh_digests_find(&b->digests, x->scope, x->algorithm);
        assert_non_null(y);
        assert_true(x->length == y->length && x->not_good == y->not_good);
        assert_memory_equal(x->bytes, y->bytes, x->length);
    }
    assert_int_equal(a->chunks.sectors, b->chunks.sectors);
    assert_int_equal(a->chunks.count, b->chunks.count);
    assert_memory_equal(a->chunks.root, b->chunks.root, 32);
    for (size_t i = 0; i < a->chunks.count; i++) {
        const struct exh_chunk *x = &a->chunks.items[i], *y = &b->chunks.items[i];
        assert_true(x->lba == y->lba && x->sectors == y->sectors && x->not_good == y->not_good && x->track == y->track);
        assert_memory_equal(x->sha256, y->sha256, 32);
    }
}

static void a_result_comes_back_as_a_claim(void **unused)
{
    (void)unused;
    const unsigned ranges[] = {0, 3, 1000, 1001, 5000};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct made m;
        struct exh_seal seal;
        struct exh_layout layout;
        make(&m, ranges[i]);
        assert_true(json_is_object(json_object_get(m.body, "unreadable")) == (ranges[i] > EXH_UNREADABLE_INLINE_MAX));
        assert_int_equal(json_integer_value(json_object_get(m.body, "unreadable_sectors")), ranges[i]);
        /* Through text, as in a ledger. */
        char *text = json_dumps(m.body, JSON_COMPACT);
        json_t *back = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ok(claim(&m, back, &seal, &layout));
        assert_same_seal(&m.result.seal, &seal);
        assert_memory_equal(&layout, &m.result.layout, sizeof layout);
        assert_string_equal(exh_fields_get(&seal.fields, "examiner"), "E. X.");
        exh_seal_close(&seal);
        json_decref(back);
        free(text);
        unmake(&m);
    }
}

static void a_result_says_what_was_done(void **unused)
{
    (void)unused;
    struct made m;
    make(&m, 2);
    char *text = json_dumps(m.body, JSON_COMPACT);
    static const char *const parts[] = {"\"format\":\"ewf\"",
                                        "\"files\":[{\"name\":\"disk.E01\"}]",
                                        "\"sector_size\":512",
                                        "\"sectors\":300",
                                        "\"bytes\":153188",
                                        "\"tail_bytes\":100",
                                        "\"kind\":\"disk\"",
                                        "\"mode\":\"BLOCKS/512\"",
                                        "\"unreadable\":[[10,1],[12,1]]",
                                        "\"algorithm\":\"md5\",\"value\":\"000102030405060708090a0b0c0d0e0f\",\"not_good\":2",
                                        "\"count\":3,\"root\":",
                                        "\"acquisition\":\"complete-with-errors\"",
                                        "\"of\":\"medium\"",
                                        "\"verification\":\"match\"",
                                        "\"read_back\":\"direct\"",
                                        "\"source_read_twice\":false",
                                        "\"faults\":{\"count\":1,\"first\":[[10,1,5,2]]}"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("no %s in %s", parts[i], text);
    free(text);
    unmake(&m);
}

/* Neighbours of one fate are one entry, whether or not they read in the end; told are those that did not. */
static void trouble_is_told_of_what_was_lost(void **unused)
{
    (void)unused;
    struct made m;
    make(&m, 2); /* 10 and 12 are lost */
    for (int64_t lba = 9; lba < 14; lba++)
        ok(exh_trouble_note(&m.result.history.trouble, &(struct exh_fault){.lba = lba, .count = 1, .sys = 61, .milliseconds = 3}, &err));
    exh_trouble_settle(&m.result.history.trouble);
    m.result.recovered_sectors = 3;
    json_t *body = exh_record_result("ewf", &m.result);
    char *text = json_dumps(json_object_get(body, "trouble"), JSON_COMPACT);
    assert_string_equal(text, "[{\"lba\":10,\"count\":1,\"attempts\":1,\"errno\":61,\"milliseconds\":3},"
                              "{\"lba\":12,\"count\":1,\"attempts\":1,\"errno\":61,\"milliseconds\":3}]");
    free(text);
    json_decref(body);
    unmake(&m);
}

static void a_disc_comes_back_track_by_track(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_seal seal;
    struct exh_layout layout;
    make(&m, 0);
    m.result.layout = (struct exh_layout){.kind = EXH_LAYOUT_DISC,
                                          .track_count = 3,
                                          .tracks = {{1, 1, 4, EXH_TRACK_MODE1, -150, 300, 2352, 96, 0},
                                                     {2, 1, 0, EXH_TRACK_AUDIO, 150, 75, 2352, 0, 0},
                                                     {3, 2, 4, EXH_TRACK_MODE2, 11400, 20, 2336, 0, 0}}};
    json_t *body = exh_record_result("cue", &m.result);
    json_object_del(body, "chunks");
    json_object_set_new(body, "outcome", json_string("done"));
    ok(claim(&m, body, &seal, &layout));
    assert_memory_equal(&layout, &m.result.layout, sizeof layout);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(body, "layout"), "sessions")), 2);
    exh_seal_close(&seal);
    json_decref(body);
    unmake(&m);
}

/* Sets the member at a path ("digests.0.value") to JSON text; "" removes it. */
static void set_at(json_t *root, const char *path, const char *text)
{
    char key[64];
    json_t *at = root;
    const char *dot;
    uint64_t index;
    for (; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
        (void)snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
        at = json_is_array(at) && exh_text_u64(key, &index) ? json_array_get(at, index) : json_object_get(at, key);
        assert_non_null(at);
    }
    json_t *value = text[0] != '\0' ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    assert_true(value != NULL || text[0] == '\0');
    if (json_is_array(at) && exh_text_u64(path, &index))
        assert_int_equal(json_array_set_new(at, index, value), 0);
    else
        assert_int_equal(value != NULL ? json_object_set_new(at, path, value) : json_object_del(at, path), 0);
}

static void malformed_bodies_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *path, *value;
    } changes[] = {
        {"outcome", "\"failed\""},
        {"outcome", ""},
        {"outcome", "7"},
        {"layout", ""},
        {"layout", "[]"},
        {"layout.kind", "\"tape\""},
        {"layout.tracks", "{}"},
        {"layout.tracks", "[]"},
        {"layout.tracks.0", "[]"},
        {"layout.tracks.0.number", "0"},
        {"layout.tracks.0.number", "256"},
        {"layout.tracks.0.session", "-1"},
        {"layout.tracks.0.first_lba", "9223372036854775807"},
        {"layout.tracks.0.sectors", "null"},
        {"layout.tracks.0.sectors", "-1"},
        {"layout.tracks.0.sectors", "9223372036854775807"},
        {"layout.tracks.0.main_bytes", "0"},
        {"layout.tracks.0.main_bytes", "65537"},
        {"layout.tracks.0.sub_bytes", "97"},
        {"layout.tracks.0.mode", "\"MODE1/2352\""},
        {"layout.tracks.0.mode", "\"BLOCKS/4096\""},
        {"layout.tracks.0.mode", "3"},
        {"layout.tracks.0.tail_bytes", "512"},
        {"sectors", "301"},
        {"bytes", "1"},
        {"bytes", "1.5"},
        {"sector_size", "4096"},
        {"tail_bytes", "0"},
        {"digests", ""},
        {"digests", "{}"},
        {"digests.0", "[]"},
        {"digests.0.scope", ""},
        {"digests.0.scope", "\"\""},
        {"digests.0.algorithm", "7"},
        {"digests.0.value", "\"\""},
        {"digests.0.value", "\"00\""},
        {"digests.0.value", "\"zz0102030405060708090a0b0c0d0e0f\""},
        {"digests.0.value", "\"0\""},
        {"digests.0.not_good", "-1"},
        {"digests.0.not_good", ""},
        {"digests.0.algorithm", "\"sha256\""},
        {"digests.1.algorithm", "\"md5\""},
        {"digests.1.algorithm", "\"a-name-that-is-longer-than-any\""},
        {"unreadable", ""},
        {"unreadable", "7"},
        {"unreadable", "[[10,1]]"},
        {"unreadable", "[[10,3],[12,1]]"},
        {"unreadable", "[[12,1],[10,2]]"},
        {"unreadable", "[[10,3,1]]"},
        {"unreadable", "[[10]]"},
        {"unreadable", "[[10,\"3\"]]"},
        {"unreadable", "[[298,3]]"},
        {"unreadable", "[[-1,3]]"},
        {"unreadable", "[[10,0],[12,3]]"},
        {"unreadable", "[[10,9223372036854775807]]"},
        {"unreadable", "{\"blob\":\"x\",\"ranges\":3}"},
        {"unreadable", "{\"ranges\":3}"},
        {"unreadable", "{\"blob\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"ranges\":3}"},
        {"unreadable_sectors", "2"},
        {"unreadable_sectors", ""},
        {"chunks", "[]"},
        {"chunks.root", ""},
        {"chunks.root", "\"0000000000000000000000000000000000000000000000000000000000000000\""},
        {"chunks.root", "\"00\""},
        {"chunks.sectors", "0"},
        {"chunks.sectors", "127"},
        {"chunks.sectors", "4294967296"},
        {"chunks.count", "2"},
        {"chunks.count", "-1"},
        {"chunks.blob", "\"\""},
        {"chunks.blob", "7"},
        {"chunks.blob", "\"0000000000000000000000000000000000000000000000000000000000000000\""},
        {"case", "[]"},
        {"case.examiner", "7"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct made m;
        struct exh_seal seal, empty;
        struct exh_layout layout;
        make(&m, 3);
        set_at(m.body, changes[i].path, changes[i].value);
        if (claim(&m, m.body, &seal, &layout))
            fail_msg("%s = %s was believed", changes[i].path, changes[i].value);
        assert_int_equal(err.code, EXH_CORRUPT);
        assert_int_equal(err.side, EXH_SIDE_LEDGER);
        memset(&empty, 0, sizeof empty);
        assert_memory_equal(&seal, &empty, sizeof seal);
        unmake(&m);
    }
}

/* Series that bear their right hash, and still say what cannot be. */
static void malformed_series_are_refused(void **unused)
{
    (void)unused;
#define H "0000000000000000000000000000000000000000000000000000000000000000"
    static const char *const chunk_texts[] = {"",
                                              "\n",
                                              "1 0 128 0 " H "\n",
                                              "1 0 128 0 " H "\n1 128 128 0 " H "\n1 256 44 0 " H,
                                              "1 0 128 0 " H "\n1 256 44 0 " H "\n1 128 128 0 " H "\n",
                                              "1 0 128 0 " H "\n1 127 128 0 " H "\n1 255 45 0 " H "\n",
                                              "2 0 128 0 " H "\n",
                                              "1 0 129 0 " H "\n",
                                              "1 0 128 129 " H "\n",
                                              "1 0 0 0 " H "\n",
                                              "1 -1 128 0 " H "\n",
                                              "1  0 128 0 " H "\n",
                                              "01 0 128 0 " H "\n",
                                              "1 0 128 0 " H " \n",
                                              "1 0 128 0 zz\n",
                                              "1 0 99999999999999999999999 0 " H "\n",
                                              "1 -0 128 0 " H "\n"};
    static const char *const range_texts[] = {"",
                                              "10 1\n12 1\n",
                                              "10 1\n12 1\n14 1",
                                              "10 1 \n12 1\n14 1\n",
                                              "14 1\n12 1\n10 1\n",
                                              "10 1\n12 1\n2999999 1\n",
                                              "10 1\n\n12 1\n14 1\n",
                                              "10 99999999999999999999\n"};
    struct exh_seal seal;
    struct exh_layout layout;
    char hash[65];
    for (size_t i = 0; i < sizeof chunk_texts / sizeof chunk_texts[0] + sizeof range_texts / sizeof range_texts[0]; i++) {
        struct made m;
        make(&m, 3);
        size_t chunk_count = sizeof chunk_texts / sizeof chunk_texts[0];
        const char *text = i < chunk_count ? chunk_texts[i] : range_texts[i - chunk_count];
        char **series = i < chunk_count ? &m.chunk_lines : &m.range_lines;
        free(*series);
        *series = exh_text_copy(text, strlen(text));
        ok(exh_hash_hex(text, strlen(text), hash, &err));
        if (i < chunk_count)
            json_object_set_new(json_object_get(m.body, "chunks"), "blob", json_string(hash));
        else
            json_object_set_new(m.body, "unreadable", json_pack("{s:s,s:i}", "blob", hash, "ranges", 3));
        if (claim(&m, m.body, &seal, &layout))
            fail_msg("the series '%s' was believed", text);
        assert_int_equal(err.code, EXH_CORRUPT);
        unmake(&m);
    }
}

static void without_cited_chunks_there_are_none(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_seal seal;
    struct exh_layout layout;
    make(&m, 3);
    set_at(m.body, "chunks.blob", "");
    ok(claim(&m, m.body, &seal, &layout));
    assert_int_equal(seal.chunks.sectors, 0);
    exh_seal_close(&seal);
    unmake(&m);
}

static void other_shapes(void **unused)
{
    (void)unused;
    struct exh_finding finding = {.check = "digest",
                                  .outcome = "mismatch",
                                  .detail = "differs \xFF here",
                                  .file = "a",
                                  .offset = 7,
                                  .lba = 9,
                                  .count = 2,
                                  .basis = EXH_BASIS_LEDGER};
    struct exh_findings findings = {.items = &finding, .count = 1, .left_out = 3};
    json_t *json = exh_record_findings(&findings);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "[{\"check\":\"digest\",\"outcome\":\"mismatch\",\"detail\":\"differs \xC3\xBF "
                              "here\",\"file\":\"a\",\"offset\":7,\"lba\":9,\"count\":2,\"basis\":\"ledger\"},"
                              "{\"check\":\"findings\",\"outcome\":\"warning\",\"detail\":\"3 more findings were counted and are not listed\"}]");
    free(text);
    json_decref(json);
    exh_error_clear(&err);
    (void)exh_fail(&err, EXH_CORRUPT, 4096, "broken");
    (void)exh_in_file(&err, "x.E01");
    json = exh_record_error(&err);
    text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "{\"code\":\"corrupt\",\"text\":\"broken\",\"file\":\"x.E01\",\"offset\":4096}");
    free(text);
    json_decref(json);
    const struct exh_device_facts facts = {.path = "/dev/sdz",
                                           .bytes = 1 << 20,
                                           .logical_sector_bytes = 512,
                                           .physical_sector_bytes = 4096,
                                           .read_only = true,
                                           .serial = "S1",
                                           .mounts = "/mnt (ro)"};
    json = exh_record_source(EXH_SOURCE_DEVICE, "/dev/sdz", &facts, NULL);
    text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "{\"kind\":\"device\",\"path\":\"/dev/"
                              "sdz\",\"bytes\":1048576,\"sector_size\":512,\"physical_sector_size\":4096,\"read_only\":true,\"removable\":false,"
                              "\"partition\":false,\"mounts\":\"/mnt (ro)\",\"identity\":{\"serial\":\"S1\"}}");
    free(text);
    json_decref(json);
    json = exh_record_source(EXH_SOURCE_STDIN, "-", NULL, NULL);
    text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "{\"kind\":\"stdin\",\"path\":\"-\"}");
    free(text);
    json_decref(json);
}

/* ---- the side record ---- */

static int setup(void **unused)
{
    (void)unused;
    (void)unsetenv("EXHIBIT_LEDGER");
    exh_error_clear(&err);
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-record-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    int status;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static char *in(const char *name)
{
    static char text[4][400];
    static unsigned next;
    char *out = text[next++ % 4];
    (void)snprintf(out, 400, "%s/%s", folder, name);
    return out;
}

#define OPERATION "00000000000000000000000000000001"

/* Begin and end of an acquisition in a ledger, and the side record with both. Returns the chunk series' hash. */
static void make_side_record(struct made *m, struct exh_ledger **ledger, struct exh_ledger_state *state)
{
    char *lines[2];
    make(m, 3);
    const struct exh_ledger_choice choice = {.image = in("disk.E01"), .may_create = true, .will_write = true};
    ok(exh_ledger_open(&choice, ledger, state, &err));
    json_t *object = json_pack("{s:s}", "image", "disk.E01"), *begin = json_pack("{s:s}", "operation", OPERATION);
    ok(exh_ledger_append(*ledger, "acquire-begin", object, begin, NULL, 0, state, &lines[0], &err));
    json_object_set_new(m->body, "operation", json_string(OPERATION));
    json_object_set_new(m->body, "begin_seq", json_integer((json_int_t)state->seq));
    const struct exh_ledger_blob blob = {m->chunk_lines, strlen(m->chunk_lines)};
    ok(exh_ledger_append(*ledger, "acquire-end", object, m->body, &blob, 1, state, &lines[1], &err));
    ok(exh_side_record_append(in("disk.E01.record.jsonl"), lines, 2, &blob, 1, &err));
    free(lines[0]);
    free(lines[1]);
    json_decref(object);
    json_decref(begin);
}

static void the_side_record_is_enough_for_a_claim(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_ledger *ledger;
    struct exh_ledger_state state;
    struct exh_seal seal = {0};
    struct exh_layout layout;
    make_side_record(&m, &ledger, &state);
    exh_ledger_close(ledger);
    char *path = exh_side_record_path(in("disk.E01"));
    struct exh_side_record *record = exh_side_record_read(path, &err);
    ok(record != NULL);
    assert_int_equal(exh_side_record_count(record), 2);
    const char *verbatim;
    assert_non_null(exh_side_record_line(record, 1, &verbatim));
    char hash[65];
    ok(exh_line_hash(verbatim, strlen(verbatim), hash, &err));
    assert_string_equal(hash, state.head); /* the ledger's line to the byte */
    const json_t *end = exh_side_record_end(record);
    assert_non_null(end);
    struct exh_blobs blobs = exh_side_record_blobs(record);
    ok(exh_record_claim(end, &blobs, &seal, &layout, &err));
    assert_same_seal(&m.result.seal, &seal);
    exh_seal_close(&seal);
    exh_side_record_close(record);
    unmake(&m);
    free(path);
}

static char *read_text(const char *file)
{
    int fd = open(file, O_RDONLY);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *text = calloc(1, (size_t)st.st_size + 1);
    assert_true(read(fd, text, (size_t)st.st_size) == st.st_size);
    close(fd);
    return text;
}

static void write_text(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* The text with the first `from` replaced; new. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    return exh_text_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void bad_side_records_name_the_line(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_ledger *ledger;
    struct exh_ledger_state state;
    make_side_record(&m, &ledger, &state);
    exh_ledger_close(ledger);
    char *path = exh_side_record_path(in("disk.E01")), *good = read_text(path);
    static const struct {
        const char *from, *to, *says;
    } changes[] = {
        {"\"type\":\"acquire-begin\"", "\"type\":\"acquire-begun\"", "line 2 of the side record: it does not follow the line above"},
        {"\"seq\":3", "\"seq\":2", "line 2 of the side record: its number does not follow"},
        {"\"begin_seq\":2", "\"begin_seq\":1", "line 2 of the side record: it ends an operation"},
        {"{\"blob\":\"", "{\"blob\":\"0", "line 3 of the side record: it is not a series"},
        {",\"text\":\"1 0", ",\"text\":\"1 1", "line 3 of the side record: the series does not match its hash"},
        {"{\"v\":1", "{\"v\":1,\"v\":1", "line 1 of the side record: it is not JSON: duplicate object key"},
        {"{\"v\":1", "\xFF{\"v\":1", "line 1 of the side record: it is not JSON"},
        {"\n", "\n\n", "line 2 of the side record: it is not JSON"},
        {"\n{\"blob\"", "\n{\"blub\"", "line 3 of the side record"},
        {"\"outcome\":\"done\"", "\"outcome\":\"done\",\"more\":{\"blob\":\"ab\"}", "line 2 of the side record: it cites the series ab"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *bad = replaced(good, changes[i].from, changes[i].to);
        write_text(path, bad);
        free(bad);
        exh_error_clear(&err);
        if (exh_side_record_read(path, &err) != NULL || err.code != EXH_CORRUPT || strstr(err.text, changes[i].says) == NULL)
            fail_msg("%s -> %s: %s", changes[i].from, changes[i].to, err.text);
        assert_int_equal(err.side, EXH_SIDE_LEDGER);
    }
    good[strlen(good) - 1] = '\0'; /* cut short */
    write_text(path, good);
    assert_null(exh_side_record_read(path, &err));
    assert_non_null(strstr(err.text, "line 3 of the side record: it is cut short"));
    char *line = "{}";
    assert_false(exh_side_record_append(path, &line, 1, NULL, 0, &err)); /* nothing is hung on half a line */
    assert_int_equal(err.code, EXH_CORRUPT);
    write_text(path, "");
    assert_null(exh_side_record_read(path, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(unlink(path), 0);
    assert_null(exh_side_record_read(path, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_null(exh_side_record_read(path, &err));
    assert_false(exh_side_record_append(path, &line, 1, NULL, 0, &err));
    free(good);
    free(path);
    unmake(&m);
}

/* Without a ledger the lines chain among themselves, and come home later. */
static void a_chain_of_its_own_is_imported_once(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_ledger *ledger = NULL;
    struct exh_ledger_state state;
    struct exh_import done;
    struct exh_audit audit;
    uint64_t seq;
    make(&m, 3);
    assert_int_equal(mkdir(in("sub"), 0700), 0);
    char *path = exh_side_record_path(in("sub/disk.E01"));
    json_t *object = json_pack("{s:s,s:s}", "image", "disk.E01", "guid", "00112233445566778899aabbccddeeff"),
           *begin = json_pack("{s:s}", "operation", OPERATION);
    ok(exh_side_record_chain(path, "acquire-begin", object, begin, NULL, 0, &seq, NULL, &err));
    assert_int_equal(seq, 1);
    json_object_set_new(m.body, "operation", json_string(OPERATION));
    json_object_set_new(m.body, "begin_seq", json_integer(1));
    const struct exh_ledger_blob blob = {m.chunk_lines, strlen(m.chunk_lines)};
    ok(exh_side_record_chain(path, "acquire-end", object, m.body, &blob, 1, &seq, NULL, &err));
    assert_int_equal(seq, 2);
    assert_null(json_object_get(object, "store")); /* the caller's own is not touched */
    struct exh_side_record *record = exh_side_record_read(path, &err);
    ok(record != NULL);
    assert_string_equal(json_string_value(json_object_get(json_object_get(exh_side_record_line(record, 0, NULL), "object"), "store")), "side");
    exh_side_record_close(record);
    const struct exh_ledger_choice choice = {.image = in("disk.E01"), .may_create = true, .will_write = true};
    ok(exh_ledger_open(&choice, &ledger, &state, &err));
    ok(exh_side_record_import(ledger, path, &done, &state, &err));
    assert_true(done.added == 2 && done.known == 0 && state.seq == 3);
    assert_false(exh_side_record_import(ledger, path, &done, &state, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    ok(exh_side_record_chain(path, "verify", object, begin, NULL, 0, &seq, NULL, &err));
    ok(exh_side_record_import(ledger, path, &done, &state, &err));
    assert_true(done.added == 1 && done.known == 2 && state.seq == 4);
    ok(exh_ledger_audit(ledger, NULL, NULL, NULL, &audit, &err));
    assert_true(audit.sound);
    /* An imported record is found under where the image lies seen from this ledger, and makes a claim. */
    const struct exh_lookup by[] = {
        {.image = in("sub/disk.E01")}, {.guid_hex = "00112233445566778899aabbccddeeff"}, {.digests = &m.result.seal.digests}};
    const char *const ways[] = {"name", "guid", "digest"};
    for (size_t i = 0; i < 3; i++) {
        struct exh_seal seal = {0};
        struct exh_layout layout;
        struct exh_blobs blobs = exh_ledger_blobs(ledger);
        json_t *body;
        const char *how;
        ok(exh_ledger_lookup(ledger, &by[i], &body, &seq, &how, &err));
        assert_non_null(body);
        assert_string_equal(how, ways[i]);
        assert_int_equal(seq, 3);
        ok(exh_record_claim(body, &blobs, &seal, &layout, &err));
        assert_same_seal(&m.result.seal, &seal);
        exh_seal_close(&seal);
        json_decref(body);
    }
    exh_ledger_close(ledger);
    json_decref(object);
    json_decref(begin);
    free(path);
    unmake(&m);
}

static void a_side_record_of_this_ledger_is_no_news(void **unused)
{
    (void)unused;
    struct made m;
    struct exh_ledger *ledger;
    struct exh_ledger_state state;
    struct exh_import done;
    make_side_record(&m, &ledger, &state);
    char *path = exh_side_record_path(in("disk.E01"));
    assert_false(exh_side_record_import(ledger, path, &done, &state, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    exh_ledger_close(ledger);
    free(path);
    unmake(&m);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_result_comes_back_as_a_claim),        TEST(a_result_says_what_was_done),
        TEST(trouble_is_told_of_what_was_lost),      TEST(a_disc_comes_back_track_by_track),
        TEST(malformed_bodies_are_refused),          TEST(malformed_series_are_refused),
        TEST(without_cited_chunks_there_are_none),   TEST(other_shapes),
        TEST(the_side_record_is_enough_for_a_claim), TEST(bad_side_records_name_the_line),
        TEST(a_chain_of_its_own_is_imported_once),   TEST(a_side_record_of_this_ledger_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
