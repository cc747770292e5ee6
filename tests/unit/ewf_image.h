/* ewf_image.h - an E01 to be written and held against what others make of it; shared by the tests of the writer and of the witness. */
#ifndef EXH_TESTS_UNIT_EWF_IMAGE_H
#define EXH_TESTS_UNIT_EWF_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/container/codec.h"
#include "formats/evidence/ewf_chunking.h"
#include "formats/evidence/ewf_libewf.h"
#include "formats/evidence/ewf_write.h"
#include "formats/model/bytes.h"
#include "formats/model/format.h"
#include "formats/model/text.h"

static struct exh_error err;
static char folder[128];

/* ---- running other programs ---- */

static char output[1 << 16]; /* of the last one, both streams */

/* The exit status, or -1 when it could not be started. */
static inline int run(const char *const argv[])
{
    char path[192];
    (void)snprintf(path, sizeof path, "%s/output", folder);
    pid_t child = fork();
    if (child == 0) {
        int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
        dup2(in, 0), dup2(out, 1), dup2(out, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    int file = open(path, O_RDONLY);
    ssize_t n = read(file, output, sizeof output - 1);
    close(file);
    output[n > 0 ? n : 0] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static inline bool have(const char *program)
{
    char script[96];
    (void)snprintf(script, sizeof script, "command -v %s", program);
    if (RUN("sh", "-c", script) == 0)
        return true;
    print_message("%s is not installed: skipped\n", program);
    return false;
}

static inline int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.80s/exhibit-ewf-XXXXXX", base != NULL ? base : "/tmp");
    exh_error_clear(&err);
    return mkdtemp(folder) == NULL;
}

static inline int tear_down(void **state)
{
    (void)state;
    return RUN("rm", "-rf", folder) != 0;
}

/* An empty one in place of the test's. */
static inline void fresh_folder(void)
{
    assert_int_equal(tear_down(NULL), 0);
    assert_int_equal(set_up(NULL), 0);
}

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- media to write ---- */

static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return *seed;
}

/* Stretches of 24 KiB, so that they fall across chunks: zeros, noise, text, noise with a repeat, a ramp. */
static inline uint8_t *mixed_data(size_t bytes)
{
    uint8_t *data = malloc(bytes + 1);
    uint64_t seed = 88172645463325252ULL;
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++) {
        size_t stretch = i / 24576 % 5;
        data[i] = stretch == 0   ? 0
                  : stretch == 1 ? (uint8_t)(next_random(&seed) >> 24)
                  : stretch == 2 ? (uint8_t)("the quick brown fox "[i % 20])
                  : stretch == 3 ? (i % 8192 < 4096 ? (uint8_t)(next_random(&seed) >> 24) : data[i - 4096])
                                 : (uint8_t)i;
    }
    for (size_t i = 98304 * 4; i < bytes && i < 98304 * 5; i++)
        data[i] = 0; /* whole chunks of zeros too */
    return data;
}

struct image {
    struct exh_layout layout;
    struct exh_create create;
    struct exh_fields fields;
    struct exh_seal seal;
    struct exh_sectors bad; /* what the blocks say of their sectors */
    struct exh_sink *sink;
    uint8_t *data; /* whole sectors, the padding filled with a byte that must not be stored */
    uint64_t bytes;
};

static inline void image_plan(struct image *im, uint64_t bytes, uint32_t sector_bytes, enum exh_compression compression)
{
    memset(im, 0, sizeof *im);
    im->bytes = bytes;
    exh_layout_disk(&im->layout, bytes, sector_bytes);
    im->create = (struct exh_create){.folder = folder,
                                     .name = "disk.E01",
                                     .declared = &im->layout,
                                     .fields = &im->fields,
                                     .program = "exhibit 0.1.0",
                                     .platform = "Linux 6.1.0",
                                     .unix_time = 1577934245,
                                     .compression = compression,
                                     .physical = true,
                                     .guid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
}

static inline void image_fill(struct image *im)
{
    size_t whole = (size_t)im->layout.tracks[0].sectors * im->layout.tracks[0].main_bytes;
    im->data = mixed_data(whole);
    for (size_t i = 0; i < im->bad.count; i++)
        memset(im->data + (size_t)im->bad.ranges[i].lba * im->layout.tracks[0].main_bytes, 0,
               im->bad.ranges[i].count * im->layout.tracks[0].main_bytes);
    memset(im->data + im->bytes, 0xEE, whole - im->bytes);
}

static inline void add_digest(struct image *im, const char *scope, const char *algorithm, const uint8_t *data, size_t length)
{
    struct exh_digest_value value = {0};
    (void)snprintf(value.scope, sizeof value.scope, "%s", scope);
    (void)snprintf(value.algorithm, sizeof value.algorithm, "%s", algorithm);
    assert_int_equal(EVP_Digest(data, length, value.bytes, &value.length, EVP_get_digestbyname(algorithm), NULL), 1);
    assert_true(exh_digests_add(&im->seal.digests, &value, &err));
}

static inline void image_digests(struct image *im)
{
    const struct exh_track *t = &im->layout.tracks[0];
    size_t whole = (size_t)t->sectors * t->main_bytes;
    uint8_t *padded = calloc(1, whole);
    memcpy(padded, im->data, im->bytes);
    add_digest(im, "media", "md5", im->data, im->bytes);
    add_digest(im, "media", "sha1", im->data, im->bytes);
    add_digest(im, "media", "sha256", im->data, im->bytes);
    if (t->tail_bytes != 0) {
        add_digest(im, "padded", "md5", padded, whole);
        add_digest(im, "padded", "sha1", padded, whole);
    }
    free(padded);
}

/* Feeds sectors [from, to) in blocks of `units` chunks, of zeros when there is no data; false when the sink refused. */
static inline bool feed(struct image *im, uint64_t from, uint64_t to, uint32_t units)
{
    const struct exh_consumer_ops *ops = im->sink->consumer.ops;
    const struct exh_track *t = &im->layout.tracks[0];
    uint32_t room = units * im->sink->unit_sectors;
    struct exh_block block;
    assert_true(exh_block_open(&block, room, t->main_bytes, 0, &err));
    memset(block.main, 0, (size_t)room * t->main_bytes);
    struct exh_scratch *scratch = ops->scratch_new(&im->sink->consumer);
    size_t result_bytes = ops->result_bytes(&im->sink->consumer, room, t->main_bytes);
    void *result = malloc(result_bytes);
    bool ok = true;
    for (uint64_t lba = from; ok && lba < to; lba += block.count) {
        block.track = t;
        block.lba = (int64_t)lba;
        block.count = (uint32_t)(to - lba < room ? to - lba : room);
        block.bad = 0;
        block.kind = im->data != NULL ? EXH_BLOCK_DATA : EXH_BLOCK_ZERO;
        if (im->data != NULL)
            memcpy(block.main, im->data + lba * t->main_bytes, (size_t)block.count * t->main_bytes);
        memset(block.state, EXH_GOOD, block.count);
        for (uint32_t i = 0; im->bad.count != 0 && i < block.count; i++) {
            const struct exh_range *r = exh_sectors_find(&im->bad, block.lba + i);
            block.state[i] = (uint8_t)(r != NULL && r->lba <= block.lba + i ? r->state : EXH_GOOD);
            block.bad += block.state[i] != EXH_GOOD;
        }
        if (im->data != NULL)
            memset(result, 0xA5, result_bytes);
        ok = ops->work(&im->sink->consumer, scratch, &block, result, &err) && ops->take(&im->sink->consumer, &block, result, &err);
        block.ticket++;
    }
    exh_scratch_close(scratch);
    free(result);
    exh_block_close(&block);
    return ok;
}

static inline void must(bool ok)
{
    if (!ok)
        fail_msg("%s: %s %s", exh_code_name(err.code), err.text, err.file);
}

static inline void image_write(struct image *im)
{
    image_fill(im);
    image_digests(im);
    must(exh_ewf_write_create(&im->create, &im->sink, &err));
    must(feed(im, 0, im->layout.tracks[0].sectors, 3));
    must(exh_sectors_copy(&im->seal.unreadable, &im->bad, &err));
    must(exh_sink_seal(im->sink, &im->layout, &im->seal, &err));
}

static inline void image_close(struct image *im)
{
    exh_sink_close(im->sink);
    exh_fields_close(&im->fields);
    exh_seal_close(&im->seal);
    exh_sectors_close(&im->bad);
    free(im->data);
    memset(im, 0, sizeof *im);
}

/* ---- what others make of it ---- */

static inline void expect_tools_agree(const struct image *im)
{
    const struct exh_track *t = &im->layout.tracks[0];
    size_t whole = (size_t)t->sectors * t->main_bytes;
    if (!have("ewfverify"))
        return;
    int status = RUN("ewfverify", "-q", "-d", "sha1", in_folder("disk.E01"));
    if (status != 0 || strstr(output, "SUCCESS") == NULL)
        fail_msg("ewfverify: %d %s", status, output);
    status = RUN("ewfexport", "-q", "-u", "-f", "raw", "-t", in_folder("out"), in_folder("disk.E01"));
    if (status != 0)
        fail_msg("ewfexport: %d %s", status, output);
    uint8_t *raw = malloc(whole + 1);
    int file = open(in_folder("out.raw"), O_RDONLY);
    assert_int_equal(read(file, raw, whole + 1), whole);
    assert_memory_equal(raw, im->data, im->bytes);
    assert_true(exh_all_zero(raw + im->bytes, whole - im->bytes));
    close(file);
    free(raw);
}

static inline struct exh_medium *open_witness(const struct exh_names *names)
{
    struct exh_names paths = {0};
    for (size_t i = 0; i < names->count; i++)
        assert_true(exh_names_add(&paths, names->items[i][0] == '/' ? names->items[i] : in_folder(names->items[i]), &err));
    struct exh_medium *medium = exh_ewf_libewf_open(&paths, &err);
    exh_names_close(&paths);
    return medium;
}

/* All sectors in one odd-sized stride, which crosses chunks; the states go to *states (whole medium). */
static inline uint8_t *read_all(struct exh_medium *medium, uint8_t *states)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    uint8_t *data = calloc(t->sectors, t->main_bytes);
    struct exh_block block;
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    must(exh_medium_scratch(medium, &scratch, &err));
    assert_true(exh_block_open(&block, 101, t->main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < t->sectors; lba += block.count) {
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = (uint32_t)(t->sectors - lba < 101 ? t->sectors - lba : 101)};
        memset(block.main, 0x77, (size_t)101 * t->main_bytes);
        must(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
        memcpy(data + lba * t->main_bytes, block.main, (size_t)exh_block_bytes(&block));
        memcpy(states + lba, block.state, block.count);
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return data;
}

/* Our own reader, through the table of formats. */
static inline struct exh_medium *open_own(const char *name)
{
    struct exh_medium *medium = NULL;
    struct exh_open options = {0};
    must(exh_image_open(in_folder(name), NULL, &options, &medium, &err));
    assert_string_equal(medium->format, "ewf");
    return medium;
}

static inline void expect_medium(const struct image *im, struct exh_medium *medium)
{
    const struct exh_track *t = &im->layout.tracks[0];
    assert_int_equal(exh_layout_bytes(medium->layout), im->bytes);
    assert_int_equal(medium->layout->tracks[0].main_bytes, t->main_bytes);
    assert_int_equal(medium->unit_sectors, im->sink->unit_sectors);
    uint8_t *states = malloc(t->sectors), *data = read_all(medium, states);
    for (uint64_t i = 0; i < t->sectors; i++) {
        const struct exh_range *r = exh_sectors_find(&im->bad, (int64_t)i);
        bool bad = r != NULL && r->lba <= (int64_t)i && r->state < EXH_SUSPECT;
        if (states[i] != (bad ? EXH_BAD : EXH_GOOD))
            fail_msg("sector %llu is %s", (unsigned long long)i, exh_state_name(states[i]));
    }
    assert_memory_equal(data, im->data, im->bytes);
    const char *scope = t->tail_bytes != 0 ? "padded" : "media";
    const char *const algorithms[] = {"md5", "sha1"};
    for (size_t i = 0; i < 2; i++) {
        const struct exh_digest_value *held = exh_digests_find(&medium->seal->digests, scope, algorithms[i]);
        const struct exh_digest_value *meant = exh_digests_find(&im->seal.digests, scope, algorithms[i]);
        assert_non_null(held);
        assert_memory_equal(held->bytes, meant->bytes, meant->length);
    }
    free(states);
    free(data);
    exh_medium_close(medium);
}

static inline void expect_readers_agree(const struct image *im)
{
    struct exh_medium *medium = open_witness(&im->sink->files);
    must(medium != NULL);
    assert_string_equal(medium->format, "ewf-libewf");
    assert_false(medium->concurrent);
    expect_medium(im, medium);
    expect_medium(im, open_own(im->sink->files.items[0]));
}

static inline off_t size_of(const char *name)
{
    struct stat status;
    return stat(in_folder(name), &status) == 0 ? status.st_size : -1;
}

static inline void set_field(struct image *im, const char *key, const char *value) { must(exh_fields_set(&im->fields, key, value, &err)); }

static inline void expect_field(const struct exh_medium *medium, const char *key, const char *value)
{
    const char *held = exh_fields_get(&medium->seal->fields, key);
    if (value == NULL ? held != NULL : held == NULL || strcmp(held, value) != 0)
        fail_msg("field %s: '%s' instead of '%s'", key, held != NULL ? held : "(none)", value != NULL ? value : "(none)");
}

static inline bool verifies(void) { return RUN("ewfverify", "-q", in_folder("disk.E01")) == 0 || strstr(output, "SUCCESS") != NULL; }

static inline void write_file(const char *name, const uint8_t *data, size_t length)
{
    int file = open(in_folder(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_int_equal(write(file, data, length), length);
    close(file);
}

#endif
