/* The engine over a disc of several tracks: gaps between them, LBAs below 0, mixed sector sizes, sectors that are missing; into a format of several
 * files that counts its sectors as the disc does, and into one that counts them from 0 without the gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/acquire.h"
#include "acquire/stage.h"
#include "formats/container/siblings.h"
#include "formats/model/text.h"
#include "formats/optical/stored_disc.h"
#include "verify/digest_set.h"

static char folder[] = "/tmp/exhibit-disc-convert.XXXXXX";
static struct exh_error err;

/* ---- the disc: 150 + 200 Mode 1 from LBA -150, 100 audio from LBA 300, 80 of 2336 bytes from LBA 12000 in a second session ---- */

#define TRACKS 3u
static const struct exh_track tracks[TRACKS] = {
    {.number = 1,
     .session = 1,
     .control = 4,
     .kind = EXH_TRACK_MODE1,
     .first = -150,
     .sectors = 350,
     .main_bytes = 2352,
     .stored_pregap = 150,
     .pregap = 150},
    {.number = 2, .session = 1, .kind = EXH_TRACK_AUDIO, .first = 300, .sectors = 100, .main_bytes = 2352},
    {.number = 3, .session = 2, .control = 4, .kind = EXH_TRACK_MODE2, .first = 12000, .sectors = 80, .main_bytes = 2336}};
#define DISC_BYTES (450u * 2352u + 80u * 2336u)

static uint8_t bytes[DISC_BYTES];

/* From `base` on, tracks of these numbers, one behind the other; the gaps are given or closed. */
static bool build(struct exh_stored_disc *d, uint32_t of, bool close_gaps)
{
    int64_t lba = close_gaps ? 0 : tracks[0].first;
    uint64_t offset = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && i < TRACKS; i++) {
        struct exh_track t = tracks[i];
        uint32_t index;
        t.first = close_gaps ? lba : t.first;
        ok = exh_stored_disc_track(d, &t, &index, &err);
        struct exh_stretch s = {.track = index, .lba = t.first, .sectors = t.sectors, .file = of, .offset = offset, .stride = t.main_bytes};
        ok = ok && exh_stored_disc_stretch(d, &s, &err);
        offset += t.sectors * t.main_bytes;
        lba += (int64_t)t.sectors;
    }
    return ok && exh_disc_set_lead_out(exh_stored_disc_facts(d), 1, 400, -1, &err);
}

static struct exh_medium *disc(size_t length)
{
    struct exh_stored_disc *d = exh_stored_disc_new("toy", &err);
    uint32_t index;
    assert_non_null(d);
    assert_true(exh_stored_disc_file(d, exh_source_memory(bytes, length, "toy.bin"), "toy.bin", &index, &err));
    assert_true(build(d, index, false));
    struct exh_medium *m = exh_stored_disc_finish(d, &err);
    assert_non_null(m);
    return m;
}

/* ---- a format: "disc.toy" of four bytes, and "disc.dat" with the media stream ---- */

static bool closes_gaps; /* what its reader makes of the gaps */
static bool spoils;      /* its writer changes a byte */

struct toy_sink {
    struct exh_sink sink;
    char path[300], name[300];
    FILE *data, *descriptor;
};

static bool toy_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *e)
{
    struct toy_sink *s = (struct toy_sink *)consumer;
    (void)result;
    size_t n = (size_t)block->count * block->track->main_bytes;
    if (spoils && block->track->number == 2)
        block->main[5] ^= 1;
    return fwrite(block->main, 1, n, s->data) == n || exh_fail(e, EXH_IO, EXH_NO_OFFSET, "cannot write");
}

static const struct exh_consumer_ops toy_consumer_ops = {.take = toy_take};

static bool toy_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *e)
{
    struct toy_sink *s = (struct toy_sink *)sink;
    (void) final, (void)seal;
    bool ok = fclose(s->data) == 0 && fputs("TOY1", s->descriptor) >= 0 && fclose(s->descriptor) == 0;
    s->data = s->descriptor = NULL;
    return (ok || exh_fail(e, EXH_IO, EXH_NO_OFFSET, "cannot close")) && exh_names_add(&sink->files, s->name, e) &&
           exh_names_add(&sink->files, "disc.dat", e);
}

static void toy_close(struct exh_sink *sink)
{
    struct toy_sink *s = (struct toy_sink *)sink;
    if (s->data != NULL)
        (void)fclose(s->data);
    if (s->descriptor != NULL)
        (void)fclose(s->descriptor);
    free(s);
}

static const struct exh_sink_ops toy_ops = {.seal = toy_seal, .close = toy_close};

static bool toy_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *e)
{
    struct toy_sink *s = calloc(1, sizeof *s);
    char path[600];
    if (s == NULL)
        return exh_nomem(e, "a sink");
    s->sink = (struct exh_sink){.consumer = {&toy_consumer_ops}, .ops = &toy_ops, .unit_sectors = 1};
    (void)snprintf(s->name, sizeof s->name, "%s", create->name);
    (void)snprintf(path, sizeof path, "%s/%s", create->folder, create->name);
    s->descriptor = fopen(path, "wb");
    (void)snprintf(path, sizeof path, "%s/disc.dat", create->folder);
    s->data = fopen(path, "wb");
    *out = &s->sink;
    return (s->data != NULL && s->descriptor != NULL) || exh_fail(e, EXH_IO, EXH_NO_OFFSET, "cannot create");
}

static struct exh_medium *toy_open(struct exh_source *source, const struct exh_open *options, struct exh_error *e)
{
    struct exh_stored_disc *d = exh_stored_disc_new("toy", e);
    bool as_named;
    char *path = NULL;
    uint32_t data = 0;
    struct exh_source *file = exh_siblings_referenced(options->siblings, "disc.dat", options->past_cache, &path, &as_named, e);
    bool ok = d != NULL && file != NULL && exh_stored_disc_file(d, file, path, &data, e) && build(d, data, closes_gaps);
    struct exh_medium *m = ok ? exh_stored_disc_finish(d, e) : NULL;
    free(path);
    if (m == NULL)
        exh_stored_disc_close(d);
    else
        exh_source_close(source); /* four bytes: nothing more to be had from it */
    return m;
}

static const char *const toy_extensions[] = {".toy", NULL};
static const struct exh_format toy = {
    .name = "toy", .title = "toy", .extensions = toy_extensions, .open = toy_open, .create = toy_create, .can = EXH_SINK_KEEPS_TRACKS};

/* ---- one run ---- */

static const char *const algorithms[] = {"md5", "sha256"};

static bool convert(struct exh_medium *medium, unsigned threads, bool verify_source, struct exh_acquire_result *result)
{
    char image[300];
    (void)snprintf(image, sizeof image, "%s/disc.toy", folder);
    struct exh_plan plan = {.medium = medium,
                            .image = image,
                            .format = &toy,
                            .chunk_bytes = 100 * 2352,
                            .algorithms = algorithms,
                            .algorithm_count = 2,
                            .program = "exhibit test",
                            .platform = "Linux",
                            .verify_image = true,
                            .verify_source = verify_source,
                            .threads = threads};
    exh_error_clear(&err);
    memset(result, 0, sizeof *result);
    struct exh_stage *stage = exh_stage_open(image, &err);
    bool ok = stage != NULL && exh_acquire_run(&plan, stage, result, &err);
    if (ok)
        exh_stage_clear(stage);
    exh_stage_close(stage);
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

static void remove_all(void) { assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0); }

static void check_chunks(const struct exh_chunks *chunks, const struct exh_layout *layout)
{
    uint64_t sectors = 0;
    uint8_t root[32];
    for (size_t i = 0; i < chunks->count; i++) {
        const struct exh_track *t = exh_layout_track(layout, chunks->items[i].track);
        assert_non_null(t);
        assert_true(chunks->items[i].lba >= t->first && chunks->items[i].lba + chunks->items[i].sectors <= t->first + (int64_t)t->sectors);
        sectors += chunks->items[i].sectors;
    }
    assert_int_equal(sectors, exh_layout_sectors(layout));
    assert_true(exh_chunks_root(chunks, root, &err));
    assert_memory_equal(root, chunks->root, 32);
}

static void test_same_numbers(void **state)
{
    (void)state;
    uint8_t first_root[32];
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct exh_acquire_result r;
        struct exh_medium *m = disc(sizeof bytes);
        closes_gaps = false;
        assert_true(convert(m, threads, true, &r));
        assert_int_equal(r.verification, EXH_MATCH);
        assert_true(r.source_read_twice);
        assert_int_equal(r.second.verdict, EXH_MATCH);
        assert_int_equal(r.files.count, 2);
        assert_string_equal(exh_text_base(r.files.items[0]), "disc.toy");
        assert_int_equal(r.layout.tracks[0].first, -150);
        assert_int_equal(r.layout.tracks[2].first, 12000);
        assert_ptr_equal(r.layout.disc, m->layout->disc);
        check_chunks(&r.seal.chunks, &r.layout);
        assert_int_equal(r.seal.chunks.items[0].lba, -150); /* chunks of 100 from LBA 0: 50, then 100 */
        assert_int_equal(r.seal.chunks.items[0].sectors, 50);
        assert_non_null(exh_digests_find(&r.seal.digests, "file:disc.dat", "sha256"));
        if (threads == 1)
            memcpy(first_root, r.seal.chunks.root, 32);
        assert_memory_equal(first_root, r.seal.chunks.root, 32);
        exh_acquire_result_close(&r);
        exh_medium_close(m);
        remove_all();
    }
}

/* What was read is in the image, and what is told of it is in the numbers of the image. */
static void test_other_numbers(void **state)
{
    (void)state;
    struct exh_acquire_result r;
    struct exh_medium *m = disc(sizeof bytes);
    closes_gaps = true;
    assert_true(convert(m, 2, true, &r));
    assert_int_equal(r.verification, EXH_MATCH);
    assert_int_equal(r.second.verdict, EXH_MATCH); /* the source in its own */
    assert_int_equal(r.layout.tracks[0].first, 0);
    assert_int_equal(r.layout.tracks[1].first, 350);
    assert_int_equal(r.layout.tracks[2].first, 450);
    assert_ptr_equal(r.layout.disc, &r.disc);
    assert_int_equal(r.disc.session_count, 1);
    assert_int_equal(r.disc.sessions[0].lead_out, 400);
    check_chunks(&r.seal.chunks, &r.layout);
    assert_int_equal(r.seal.chunks.items[0].sectors, 100);
    assert_non_null(exh_digests_find(&r.source_digests, "track:2/raw", "md5"));
    assert_null(exh_digests_find(&r.source_digests, "media", "md5"));
    for (size_t i = 0; i < r.source_digests.count; i++) { /* the toy keeps pregaps: its tracks are the same bytes under other numbers */
        const struct exh_digest_value *ours = &r.source_digests.items[i], *its = exh_digests_find(&r.seal.digests, ours->scope, ours->algorithm);
        assert_non_null(its);
        assert_memory_equal(its->bytes, ours->bytes, ours->length);
    }
    exh_acquire_result_close(&r);
    exh_medium_close(m);
    remove_all();
}

static void test_missing_sectors(void **state)
{
    (void)state;
    for (unsigned gaps = 0; gaps < 2; gaps++) {
        struct exh_acquire_result r;
        struct exh_medium *m = disc(450u * 2352u + 30u * 2336u); /* the last 50 sectors are in no file */
        struct exh_seal said = {0};
        closes_gaps = gaps == 1;
        assert_true(exh_sectors_mark(&said.unreadable, 12030, 50, EXH_MISSING, &err));
        m->seal = gaps == 1 ? &said : NULL; /* it says so of itself, in its own numbers */
        assert_true(convert(m, 2, false, &r));
        assert_int_equal(r.acquisition, EXH_COMPLETE_WITH_ERRORS);
        assert_int_equal(r.seal.unreadable.count, 1);
        assert_int_equal(r.seal.unreadable.ranges[0].lba, gaps == 1 ? 480 : 12030);
        assert_int_equal(r.seal.unreadable.ranges[0].count, 50);
        assert_int_equal(r.lost_before, gaps == 1);
        check_chunks(&r.seal.chunks, &r.layout);
        exh_acquire_result_close(&r);
        m->seal = NULL;
        exh_seal_close(&said);
        exh_medium_close(m);
        remove_all();
    }
}

/* A writer that spoils a byte is found out in both numberings. */
static void test_spoilt(void **state)
{
    (void)state;
    for (unsigned gaps = 0; gaps < 2; gaps++) {
        struct exh_acquire_result r;
        char path[300];
        struct stat st;
        struct exh_medium *m = disc(sizeof bytes);
        closes_gaps = gaps == 1;
        spoils = true;
        assert_false(convert(m, 1, false, &r));
        spoils = false;
        assert_int_equal(err.code, EXH_LOST);
        (void)snprintf(path, sizeof path, "%s/disc.toy", folder);
        assert_int_not_equal(stat(path, &st), 0);
        exh_acquire_result_close(&r);
        exh_medium_close(m);
        remove_all();
    }
}

static void make(const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
}

/* A file that a reader would take for the data of this disc is in the way before anything is read. */
static void test_parts_in_the_way(void **state)
{
    (void)state;
    static const struct {
        const char *image, *there;
        bool in_the_way;
    } cases[] = {{"disc.cue", "disc.bin", false},          {"disc.cue", "DISC (TRACK 1).BIN", true},
                 {"disc.cue", "disc (Track 2).bin", true}, {"disc.cue", "disc.img", false},
                 {"disc.cue", "disc2.bin", false},         {"disc.ccd", "disc.sub", true},
                 {"disc.ccd", "disc.IMG", true},           {"disc.ccd", "disc.bin", false},
                 {"disc.toc", "disc.bin", true},           {"disc.toc", "disc (Track 01).bin", false},
                 {"disc.iso", "disc.bin", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char image[300];
        (void)snprintf(image, sizeof image, "%s/%s", folder, cases[i].image);
        make(cases[i].there);
        exh_error_clear(&err);
        struct exh_stage *stage = exh_stage_open(image, &err);
        assert_int_equal(stage == NULL, cases[i].in_the_way);
        assert_int_equal(err.code, cases[i].in_the_way ? EXH_REFUSED : EXH_OK);
        exh_stage_close(stage);
        remove_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_numbers), cmocka_unit_test(test_other_numbers),
                                       cmocka_unit_test(test_missing_sectors), cmocka_unit_test(test_spoilt),
                                       cmocka_unit_test(test_parts_in_the_way)};
    if (mkdtemp(folder) == NULL)
        return 1;
    uint32_t r = 7;
    for (size_t i = 0; i < sizeof bytes; i++) {
        r = r * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(r >> 24);
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
