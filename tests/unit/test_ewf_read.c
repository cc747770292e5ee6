/* The E01 reader: images of an independent maker and of ewfacquire, damage of every byte, truncation, hostile structures, segment sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/container/siblings.h"
#include "formats/container/source_file.h"
#include "formats/evidence/ewf_read.h"
#include "formats/evidence/ewf_set.h"
#include "formats/evidence/ewf_text.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "tests/make/ewf_maker.h"

static struct exh_error err;

/* ---- media and reading ---- */

/* Compressible and random stretches, and zeros. Never the same bytes in two sectors. */
static uint8_t *media_make(size_t bytes)
{
    uint8_t *m = calloc(1, bytes + 1);
    assert_non_null(m);
    uint32_t x = 12345;
    for (size_t i = 0; i < bytes; i++) {
        x = x * 1664525 + 1013904223;
        size_t sector = i / 512;
        m[i] = sector % 3 == 0 ? (uint8_t)(x >> 24) : sector % 3 == 1 ? (uint8_t)("exhibit "[i % 8] + (int)(sector & 1)) : 0;
        if (i % 512 < 4)
            m[i] = (uint8_t)(sector >> 8 * (i % 512));
    }
    return m;
}

struct result {
    uint8_t *data, *state;
    uint64_t sectors;
    size_t faults, not_good;
};

static void result_close(struct result *r)
{
    free(r->data);
    free(r->state);
    memset(r, 0, sizeof *r);
}

/* Reads the whole medium in pieces of `piece` sectors. */
static bool read_all(struct exh_medium *medium, uint32_t piece, struct result *r)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    *r = (struct result){.sectors = t->sectors};
    r->data = calloc(1, (size_t)t->sectors * t->main_bytes + 1);
    r->state = calloc(1, (size_t)t->sectors + 1);
    bool ok =
        r->data != NULL && r->state != NULL && exh_medium_scratch(medium, &scratch, &err) && exh_block_open(&block, piece, t->main_bytes, 0, &err);
    for (uint64_t lba = 0; ok && lba < t->sectors; lba += block.count) {
        struct exh_want want = {
            .track = t, .lba = (int64_t)lba, .count = t->sectors - lba < piece ? (uint32_t)(t->sectors - lba) : piece, .effort = EXH_THOROUGH};
        memset(block.main, 0xA5, (size_t)piece * t->main_bytes); /* what a buffer held before must never come back as data */
        ok = exh_medium_read(medium, scratch, &want, &block, &faults, &err);
        if (!ok)
            break;
        memcpy(r->data + lba * t->main_bytes, block.main, (size_t)block.count * t->main_bytes);
        memcpy(r->state + lba, block.state, block.count);
        r->not_good += block.bad;
    }
    r->faults = faults.count;
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return ok;
}

/* The medium owns the source; `bytes` must outlive it. NULL and err. */
static struct exh_medium *open_memory(const struct maker_bytes *bytes)
{
    exh_error_clear(&err);
    struct exh_source *source = exh_source_memory(bytes->data, bytes->length, "disk.E01");
    struct exh_open options = {0};
    struct exh_medium *medium = exh_format_ewf.open(source, &options, &err);
    if (medium == NULL)
        exh_source_close(source);
    return medium;
}

static size_t count_remarks(const struct exh_inspection *in, const char *check)
{
    size_t n = 0;
    for (size_t i = 0; i < in->remark_count; i++)
        n += in->remarks[i].outcome != EXH_HOLDS && (check == NULL || strcmp(in->remarks[i].check, check) == 0);
    return n;
}

static size_t remarks_of(struct exh_medium *medium, const char *check)
{
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(medium, &in, &err));
    size_t n = count_remarks(&in, check);
    exh_inspection_close(&in);
    return n;
}

static void expect_text(const char *wanted)
{
    if (strstr(err.text, wanted) == NULL)
        fail_msg("the error is \"%s\" and not \"%s\"", err.text, wanted);
}

static const struct maker_options small = {
    .sector_bytes = 512, .chunk_sectors = 4, .chunks_per_table = 3, .chunks = MAKER_MIXED, .notes = "plain notes"};

/* ---- sound images ---- */

static void check_reads_back(const struct maker_options *o, size_t bytes)
{
    uint8_t *media = media_make(bytes);
    struct maker_image image;
    maker_make(&image, o, media, bytes);
    struct exh_medium *medium = open_memory(&image.segments[0]);
    if (medium == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(medium->unit_sectors, o->chunk_sectors);
    assert_true(medium->concurrent);
    assert_int_equal(remarks_of(medium, NULL), 0);
    const uint32_t pieces[] = {1, 3, 7, o->chunk_sectors, 4 * o->chunk_sectors, 4096};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct result r;
        assert_true(read_all(medium, pieces[i], &r));
        assert_int_equal(r.sectors, bytes / o->sector_bytes);
        assert_int_equal(r.not_good, 0);
        assert_int_equal(r.faults, 0);
        assert_memory_equal(r.data, media, bytes);
        result_close(&r);
    }
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

static void sound_images_read_back_in_any_pieces(void **state)
{
    (void)state;
    struct maker_options o = small;
    check_reads_back(&o, 512 * 41);
    o.chunks = MAKER_RAW;
    check_reads_back(&o, 512 * 41);
    o.chunks = MAKER_PACKED;
    o.no_base = true;
    check_reads_back(&o, 512 * 40);
    o.tables_hold_chunks = true; /* EnCase 1 */
    check_reads_back(&o, 512 * 41);
    o = small;
    o.no_table2 = true;
    o.fill_last_chunk = true;
    check_reads_back(&o, 512 * 41);
    o.chunks = MAKER_RAW;
    check_reads_back(&o, 512 * 41);
    o.sector_bytes = 4096;
    o.chunk_sectors = 64;
    check_reads_back(&o, 4096 * 200);
}

static void case_data_and_digests_are_given(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 20);
    struct maker_image image;
    maker_make(&image, &small, media, 512 * 20);
    struct exh_medium *medium = open_memory(&image.segments[0]);
    assert_non_null(medium);
    const struct exh_fields *f = &medium->seal->fields;
    assert_string_equal(exh_fields_get(f, "case"), "K-1");
    assert_string_equal(exh_fields_get(f, "exhibit"), "X-2");
    assert_string_equal(exh_fields_get(f, "description"), "the disk");
    assert_string_equal(exh_fields_get(f, "examiner"), "A. Nother");
    assert_string_equal(exh_fields_get(f, "notes"), "plain notes");
    assert_string_equal(exh_fields_get(f, "model"), "Model 9");
    assert_string_equal(exh_fields_get(f, "serial"), "S/N 7");
    assert_string_equal(exh_fields_get(f, "ewf_program"), "1.0");
    assert_string_equal(exh_fields_get(f, "ewf_acquired"), "1795396549");
    const struct exh_digest_value *md5 = exh_digests_find(&medium->seal->digests, "media", "md5");
    assert_non_null(md5);
    assert_memory_equal(md5->bytes, image.md5, 16);
    assert_null(exh_digests_find(&medium->seal->digests, "media", "sha1")); /* all zeros: not stored */
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

static struct exh_medium *open_with_notes(struct maker_image *image, const char *notes, const uint8_t *media)
{
    struct maker_options o = small;
    o.notes = notes;
    maker_make(image, &o, media, 512 * 20);
    struct exh_medium *medium = open_memory(&image->segments[0]);
    assert_non_null(medium);
    return medium;
}

static void the_trailer_restores_length_and_text(void **state)
{
    (void)state;
    static const struct {
        const char *stored, *shown;
        uint32_t tail;
        size_t remarks;
    } cases[] = {
        {"a\\nb\\tc\\\\d\\nexhibit-media-bytes: 9740", "a\nb\tc\\d", 12, 0},
        {"a\\nb\\nexhibit-escaped: 1", "a\nb", 0, 0},
        {"a\\nexhibit-escaped: 1\\nexhibit-media-bytes: 9740", "a", 12, 0},
        {"\\nexhibit-media-bytes: 10240", NULL, 0, 0},
        {"C:\\new\\table", "C:\\new\\table", 0, 0},                                   /* another program's: verbatim */
        {"see \\nexhibit-escaped: 1 there", "see \\nexhibit-escaped: 1 there", 0, 0}, /* not at the end */
        {"a\\nexhibit-media-bytes: 5", "a", 0, 1},                                    /* does not fit the sectors */
        {"a\\nexhibit-media-bytes: 99999999999999999999", "a\\nexhibit-media-bytes: 99999999999999999999", 0, 0},
        {"exhibit-media-bytes: ", "exhibit-media-bytes: ", 0, 0},
        {"\\n", "\\n", 0, 0},
    };
    uint8_t *media = media_make(512 * 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct maker_image image;
        struct exh_medium *medium = open_with_notes(&image, cases[i].stored, media);
        const char *notes = exh_fields_get(&medium->seal->fields, "notes");
        if (cases[i].shown == NULL)
            assert_null(notes);
        else
            assert_string_equal(notes, cases[i].shown);
        assert_int_equal(medium->layout->tracks[0].tail_bytes, cases[i].tail);
        assert_int_equal(medium->layout->tracks[0].sectors, 20);
        assert_non_null(exh_digests_find(&medium->seal->digests, cases[i].tail != 0 ? "padded" : "media", "md5"));
        assert_int_equal(remarks_of(medium, NULL), cases[i].remarks);
        exh_medium_close(medium);
        maker_close(&image);
    }
    free(media);
}

static void listed_sectors_are_bad_or_in_doubt(void **state)
{
    (void)state;
    static const uint32_t errors[][2] = {{30, 2}, {5, 3}, {7, 4}, {40, 100}};
    uint8_t *media = media_make(512 * 41);
    memset(media + 5 * 512, 0, 6 * 512); /* 5..10 were not read; 30, 31 and 40 hold something all the same */
    struct maker_options o = small;
    o.errors = errors;
    o.error_count = 4;
    struct maker_image image;
    maker_make(&image, &o, media, 512 * 41);
    struct exh_medium *medium = open_memory(&image.segments[0]);
    assert_non_null(medium);
    assert_int_equal(exh_sectors_total(&medium->seal->unreadable, EXH_BAD), 6 + 2 + 1);
    assert_int_equal(remarks_of(medium, "error-list"), 1); /* 40 + 100 passes the end */
    struct result r;
    assert_true(read_all(medium, 7, &r));
    for (uint64_t lba = 0; lba < 41; lba++)
        assert_int_equal(r.state[lba], lba >= 5 && lba <= 10 ? EXH_BAD : lba == 30 || lba == 31 || lba == 40 ? EXH_SUSPECT : EXH_GOOD);
    assert_memory_equal(r.data, media, 512 * 41);
    assert_int_equal(exh_digests_find(&medium->seal->digests, "media", "md5")->not_good, 9);
    result_close(&r);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

/* ---- damage ---- */

static void a_bad_chunk_costs_its_own_sectors(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 41);
    for (unsigned kind = 0; kind < 2; kind++) { /* chunk 4 is packed, 5 is raw */
        struct maker_image image;
        maker_make(&image, &small, media, 512 * 41);
        struct maker_bytes *b = &image.segments[0];
        size_t at = maker_find(b, "sectors", 1) + 76 + (2048 + 4) + 20; /* the second table's sectors: raw 3, packed 4, raw 5 */
        b->data[kind == 0 ? at : at + 2048 + 11] ^= 0x10;
        struct exh_medium *medium = open_memory(b);
        assert_non_null(medium);
        struct result r;
        assert_true(read_all(medium, 41, &r));
        assert_int_equal(r.faults, 1);
        for (uint64_t lba = 0; lba < 41; lba++) {
            assert_int_equal(r.state[lba], lba / 4 == 4 + kind ? EXH_MISSING : EXH_GOOD);
            if (r.state[lba] == EXH_GOOD)
                assert_memory_equal(r.data + lba * 512, media + lba * 512, 512);
            else
                assert_true(exh_all_zero(r.data + lba * 512, 512));
        }
        result_close(&r);
        exh_medium_close(medium);
        maker_close(&image);
    }
    free(media);
}

static void the_spare_table_is_used_and_said(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 41);
    struct maker_image image;
    struct result r;
    maker_make(&image, &small, media, 512 * 41);
    struct maker_bytes *b = &image.segments[0];
    size_t table = maker_find(b, "table", 1) + 76, spare = maker_find(b, "table2", 1) + 76;
    b->data[table + 24 + 5] ^= 1;
    struct exh_medium *medium = open_memory(b);
    assert_non_null(medium);
    assert_int_equal(remarks_of(medium, "table"), 1);
    assert_true(read_all(medium, 41, &r));
    assert_memory_equal(r.data, media, 512 * 41);
    assert_int_equal(r.not_good, 0);
    result_close(&r);
    exh_medium_close(medium);
    b->data[table] ^= 1; /* its header too */
    medium = open_memory(b);
    assert_non_null(medium);
    assert_true(remarks_of(medium, "table") >= 1);
    assert_true(read_all(medium, 5, &r));
    assert_memory_equal(r.data, media, 512 * 41);
    assert_int_equal(r.not_good, 0);
    result_close(&r);
    exh_medium_close(medium);
    b->data[table] ^= 1;
    b->data[spare + 24 + 2] ^= 0x40; /* entries of both: the chunks of this table are lost, the others are not */
    medium = open_memory(b);
    assert_non_null(medium);
    assert_int_equal(remarks_of(medium, "table"), 1);
    assert_int_equal(remarks_of(medium, "table-copy"), 1);
    assert_true(read_all(medium, 41, &r));
    for (uint64_t lba = 0; lba < 41; lba++)
        assert_int_equal(r.state[lba], lba >= 12 && lba < 24 ? EXH_MISSING : EXH_GOOD);
    result_close(&r);
    exh_medium_close(medium);
    b->data[table] ^= 1;
    b->data[spare] ^= 1; /* no header left */
    assert_null(open_memory(b));
    expect_text("neither copy");
    maker_close(&image);
    free(media);
}

static void tables_that_hold_but_differ_are_told(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 41);
    struct maker_image image;
    struct maker_options o = small;
    o.chunks = MAKER_PACKED;
    maker_make(&image, &o, media, 512 * 41);
    struct maker_bytes *b = &image.segments[0];
    size_t entries = maker_find(b, "table2", 0) + 76 + 24;
    b->data[entries + 4] ^= 1;
    maker_set_le(b->data + entries + 12, maker_adler(b->data + entries, 12), 4); /* damage that its own checksum vouches for */
    struct exh_medium *medium = open_memory(b);
    assert_non_null(medium);
    assert_int_equal(remarks_of(medium, "table-copy"), 1);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

static void a_volume_that_promises_more_is_unfinished(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 41);
    struct maker_image image;
    struct maker_options o = small;
    maker_make(&image, &o, media, 512 * 41);
    struct maker_bytes *b = &image.segments[0];
    size_t volume = maker_find(b, "volume", 0) + 76;
    maker_set_le(b->data + volume + 4, 20, 4);
    maker_set_le(b->data + volume + 16, 80, 8);
    maker_set_le(b->data + volume + 1048, maker_adler(b->data + volume, 1048), 4);
    struct exh_medium *medium = open_memory(b);
    assert_non_null(medium);
    assert_true(medium->seal->unfinished);
    assert_int_equal(remarks_of(medium, "table"), 1);
    struct result r;
    assert_true(read_all(medium, 33, &r));
    for (uint64_t lba = 0; lba < 80; lba++) /* the last chunk was stored short, and is now asked for whole */
        assert_int_equal(r.state[lba], lba < 40 ? EXH_GOOD : EXH_MISSING);
    result_close(&r);
    exh_medium_close(medium);
    maker_close(&image);
    o.unfinished_mark = true;
    maker_make(&image, &o, media, 512 * 41);
    medium = open_memory(&image.segments[0]);
    assert_non_null(medium);
    assert_true(medium->seal->unfinished);
    assert_int_equal(remarks_of(medium, "unfinished"), 1);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

enum caught { NOT_OPENED, REMARKED, LOST_SECTORS, DIGEST_DIFFERS, UNDETECTED, SILENT_CHANGE };

/* What a reader of this file would be told, against the true media. SILENT_CHANGE: other bytes and no word of it. */
static enum caught classify(const struct maker_bytes *b, const uint8_t *media, size_t bytes)
{
    struct exh_medium *medium = open_memory(b);
    if (medium == NULL)
        return err.text[0] != '\0' ? NOT_OPENED : SILENT_CHANGE;
    struct exh_inspection in = {0};
    struct result r = {0};
    enum caught verdict = UNDETECTED;
    assert_true(exh_medium_inspect(medium, &in, &err));
    if (count_remarks(&in, NULL) > 0) {
        verdict = REMARKED;
    } else if (!read_all(medium, 64, &r) || r.not_good > 0) {
        verdict = LOST_SECTORS;
    } else {
        uint8_t md5[16];
        const struct exh_track *t = &medium->layout->tracks[0];
        const struct exh_digest_value *stored = exh_digests_find(&medium->seal->digests, "media", "md5");
        assert_int_equal(EVP_Digest(r.data, (size_t)t->sectors * t->main_bytes, md5, NULL, EVP_md5(), NULL), 1);
        if (stored == NULL || memcmp(stored->bytes, md5, 16) != 0)
            verdict = DIGEST_DIFFERS;
        else if (t->sectors * t->main_bytes != bytes || memcmp(r.data, media, bytes) != 0)
            verdict = SILENT_CHANGE;
    }
    result_close(&r);
    exh_inspection_close(&in);
    exh_medium_close(medium);
    return verdict;
}

/* The one place where E01 cannot show a changed bit: in a deflate stream some bits mean nothing (here: five of each stored block's
 * header, RFC 1951 3.2.4), and zlib's Adler-32 is of the text, not of the stream. header2 is stored twice, so there it shows. */
static bool means_nothing(const struct maker_image *image, size_t offset, uint8_t flip)
{
    for (size_t i = 0; i < image->spare_count; i++)
        if (image->spare[i] == offset && (flip & 7) == 0)
            return true;
    return false;
}

static void one_flipped_byte_is_caught(void **state)
{
    (void)state;
    static const uint32_t errors[][2] = {{8, 1}};
    size_t bytes = 512 * 11;
    uint8_t *media = media_make(bytes);
    memset(media + 8 * 512, 0, 512);
    struct maker_options o = small;
    o.chunk_sectors = 1;
    o.chunks_per_table = 7;
    struct maker_image image;
    unsigned undetected = 0, caught[6] = {0};
    for (unsigned with_errors = 0; with_errors < 2; with_errors++) {
        o.errors = with_errors ? errors : NULL;
        o.error_count = with_errors;
        maker_make(&image, &o, media, bytes);
        struct maker_bytes *b = &image.segments[0];
        /* With a list every image has sectors that are not good: only what lies from error2 on is of interest there. */
        for (size_t i = with_errors ? maker_find(b, "error2", 0) : 0; i < b->length; i++) {
            for (unsigned way = 0; way < 2; way++) {
                uint8_t flip = (uint8_t)(way == 0 ? 0xffu : 1u << i % 8);
                b->data[i] ^= flip;
                enum caught c = classify(b, media, bytes);
                b->data[i] ^= flip;
                caught[c]++;
                if (c == LOST_SECTORS && with_errors)
                    fail_msg("offset %zu flipped by %02x is seen only as the listed error", i, flip);
                bool excused = means_nothing(&image, i, flip);
                undetected += c == UNDETECTED;
                if ((c == UNDETECTED) != excused || c == SILENT_CHANGE)
                    fail_msg("offset %zu of %zu flipped by %02x: %s", i, b->length, flip,
                             c == UNDETECTED ? "not detected"
                             : excused       ? "detected, but listed as unseen"
                                             : "changes the medium unseen");
            }
        }
        maker_close(&image);
    }
    print_message("  flips: %u not opened, %u remarked, %u lost sectors, %u other digest, %u that mean nothing\n", caught[NOT_OPENED],
                  caught[REMARKED], caught[LOST_SECTORS], caught[DIGEST_DIFFERS], undetected);
    free(media);
}

static void a_cut_image_never_reads_as_whole(void **state)
{
    (void)state;
    size_t bytes = 512 * 41;
    uint8_t *media = media_make(bytes);
    struct maker_image image;
    maker_make(&image, &small, media, bytes);
    struct maker_bytes *b = &image.segments[0], cut;
    for (size_t length = 0; length < b->length; length = length % 512 == 511 ? length + 1 : length + 511 < b->length ? length + 511 : length + 1) {
        cut = (struct maker_bytes){malloc(length + 1), length, length};
        memcpy(cut.data, b->data, length);
        assert_null(open_memory(&cut));
        assert_true(err.code == EXH_CORRUPT || length < 8);
        if (length >= 13)
            expect_text("truncated");
        free(cut.data);
    }
    maker_close(&image);
    free(media);
}

/* ---- hostile structures: checksums hold, contents lie ---- */

struct lie {
    const char *section;
    size_t offset, length; /* in the body; with offset < 76 and of_descriptor, in the descriptor */
    bool of_descriptor;
    uint64_t value;
    const char *says; /* NULL: must open or not, but without harm */
};

static void resum(struct maker_bytes *b, size_t at, const char *section)
{
    if (strcmp(section, "volume") == 0)
        maker_set_le(b->data + at + 76 + 1048, maker_adler(b->data + at + 76, 1048), 4);
    if (strcmp(section, "table") == 0 || strcmp(section, "table2") == 0) {
        maker_set_le(b->data + at + 76 + 20, maker_adler(b->data + at + 76, 20), 4);
        maker_set_le(b->data + at + 76 + 24 + 12, maker_adler(b->data + at + 76 + 24, 12), 4);
    }
    if (strcmp(section, "error2") == 0)
        maker_set_le(b->data + at + 76 + 516, maker_adler(b->data + at + 76, 516), 4);
    maker_set_le(b->data + at + 72, maker_adler(b->data + at, 72), 4);
}

static void lies_do_no_harm(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"volume", 16, 8, true, 13, "does not point forward"},
        {"volume", 16, 8, true, UINT64_MAX, "truncated"},
        {"volume", 24, 8, true, UINT64_MAX, "impossible size"},
        {"volume", 24, 8, true, 75, "smaller than its descriptor"},
        {"volume", 24, 8, true, 1129, "runs into the next"},
        {"volume", 24, 8, true, 1 << 20, "truncated"},
        {"done", 16, 8, true, 13, "ends the chain but points"},
        {"done", 24, 8, true, 77, "has no body"},
        {"volume", 8, 4, false, 0, "chunks of 0 sectors"},
        {"volume", 8, 4, false, UINT32_MAX, "chunks of"},
        {"volume", 8, 4, false, 1 << 18, NULL}, /* 128 MiB chunks in 30 KB */
        {"volume", 12, 4, false, 0, "sectors of 0 bytes"},
        {"volume", 12, 4, false, 65537, "sectors of 65537 bytes"},
        {"volume", 12, 4, false, 513, NULL},
        {"volume", 16, 8, false, UINT64_MAX, "sectors of 512"},
        {"volume", 16, 8, false, (1ULL << 53) + 1, "sectors of 512"},
        {"volume", 16, 8, false, 1ULL << 53, NULL},
        {"volume", 16, 8, false, 0, NULL},
        {"volume", 4, 4, false, UINT32_MAX, NULL},
        {"table", 0, 4, false, UINT32_MAX, NULL},
        {"table", 0, 4, false, 0, NULL},
        {"table", 0, 4, false, 2, NULL},
        {"table", 8, 8, false, UINT64_MAX, NULL},
        {"table", 8, 8, false, 1ULL << 63, NULL},
        {"table", 24, 4, false, UINT32_MAX, NULL},
        {"table", 28, 4, false, 0, NULL},
        {"table", 28, 4, false, 0x80000000u, NULL},
        {"table2", 0, 4, false, 7, NULL},
        {"error2", 0, 4, false, UINT32_MAX, NULL},
        {"error2", 0, 4, false, 0, NULL},
    };
    static const uint32_t errors[][2] = {{3, 1}};
    size_t bytes = 512 * 41;
    uint8_t *media = media_make(bytes);
    struct maker_options o = small;
    o.errors = errors;
    o.error_count = 1;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct maker_image image;
        maker_make(&image, &o, media, bytes);
        struct maker_bytes *b = &image.segments[0];
        size_t at = maker_find(b, lies[i].section, 0);
        assert_true(at != SIZE_MAX);
        maker_set_le(b->data + at + (lies[i].of_descriptor ? 0 : 76) + lies[i].offset, lies[i].value, lies[i].length);
        resum(b, at, lies[i].section);
        struct exh_medium *medium = open_memory(b);
        if (lies[i].says != NULL) {
            assert_null(medium);
            expect_text(lies[i].says);
        } else if (medium != NULL) {
            struct exh_inspection in = {0};
            assert_true(exh_medium_inspect(medium, &in, &err));
            size_t remarks = count_remarks(&in, NULL);
            exh_inspection_close(&in);
            struct exh_block block;
            struct exh_scratch *scratch;
            struct exh_faults faults = {0};
            const struct exh_track *t = &medium->layout->tracks[0];
            assert_true(exh_medium_scratch(medium, &scratch, &err) && exh_block_open(&block, 64, t->main_bytes, 0, &err));
            struct exh_want want = {.track = t, .count = t->sectors < 64 ? (uint32_t)t->sectors : 64};
            if (want.count > 0)
                assert_true(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
            if (remarks == 0 && faults.count == 0)
                fail_msg("lie %zu about %s went unremarked", i, lies[i].section);
            exh_faults_close(&faults);
            exh_block_close(&block);
            exh_scratch_close(scratch);
            exh_medium_close(medium);
        }
        maker_close(&image);
    }
    free(media);
}

static void digests_that_contradict_are_told(void **state)
{
    (void)state;
    uint8_t *media = media_make(512 * 8);
    struct maker_image image;
    maker_make(&image, &small, media, 512 * 8);
    struct maker_bytes *b = &image.segments[0];
    size_t hash = maker_find(b, "hash", 0) + 76;
    b->data[hash] ^= 1;
    maker_set_le(b->data + hash + 32, maker_adler(b->data + hash, 32), 4);
    struct exh_medium *medium = open_memory(b);
    assert_non_null(medium);
    assert_int_equal(remarks_of(medium, "digest-copy"), 1);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

/* A source with one byte that the operating system cannot read. */
struct rotten {
    struct exh_source source;
    const struct maker_bytes *bytes;
    uint64_t bad;
};

static size_t rotten_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *e)
{
    const struct rotten *r = (const struct rotten *)source;
    size_t good = r->bad >= offset && r->bad - offset < length ? (size_t)(r->bad - offset) : length;
    memcpy(buffer, r->bytes->data + offset, good);
    if (good < length)
        (void)exh_fail_sys(e, EIO, offset + good, "cannot read");
    return good;
}

static void rotten_close(struct exh_source *source) { (void)source; }

static void a_file_on_a_bad_disk_loses_only_the_chunk(void **state)
{
    (void)state;
    static const struct exh_source_ops ops = {.read = rotten_read, .close = rotten_close};
    uint8_t *media = media_make(512 * 41);
    struct maker_options o = small;
    o.chunks_per_table = 0;
    o.chunks = MAKER_RAW;
    struct maker_image image;
    maker_make(&image, &o, media, 512 * 41);
    struct rotten rotten = {{.ops = &ops, .size = image.segments[0].length, .name = "disk.E01"},
                            &image.segments[0],
                            maker_find(&image.segments[0], "sectors", 0) + 76 + 3 * 2052 + 1000};
    struct exh_open options = {0};
    exh_error_clear(&err);
    struct exh_medium *medium = exh_format_ewf.open(&rotten.source, &options, &err);
    assert_non_null(medium);
    struct result r;
    assert_true(read_all(medium, 41, &r));
    assert_int_equal(r.faults, 1);
    for (uint64_t lba = 0; lba < 41; lba++)
        assert_int_equal(r.state[lba], lba / 4 == 3 ? EXH_BAD : EXH_GOOD);
    result_close(&r);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

static void bytes_that_belong_to_nobody_are_told(void **state)
{
    (void)state;
    size_t bytes = 512 * 8;
    uint8_t *media = media_make(bytes);
    struct maker_image image;
    maker_make(&image, &small, media, bytes);
    maker_put(&image.segments[0], "tail", 4);
    struct exh_medium *medium = open_memory(&image.segments[0]);
    assert_non_null(medium);
    assert_int_equal(remarks_of(medium, "unclaimed-bytes"), 1);
    exh_medium_close(medium);
    maker_close(&image);
    free(media);
}

static void other_kinds_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        const struct exh_format *row;
        const char *says;
        enum exh_code code;
    } cases[] = {
        {"EVF2\r\n\x81", &exh_format_ewf, "EWF2 (Ex01) cannot be read yet", EXH_UNSUPPORTED},
        {"LEF2\r\n\x81", &exh_format_l01, "EWF2 (Lx01) cannot be read yet", EXH_UNSUPPORTED},
        {"EVF\t\r\n\xff", &exh_format_l01, "signature", EXH_NOT_THIS_FORMAT},
        {"garbage", &exh_format_ewf, "signature", EXH_NOT_THIS_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[64] = {0};
        memcpy(bytes, cases[i].head, 7);
        struct exh_source *source = exh_source_memory(bytes, sizeof bytes, "x");
        struct exh_open options = {0};
        exh_error_clear(&err);
        assert_null(cases[i].row->open(source, &options, &err));
        assert_int_equal(err.code, cases[i].code);
        expect_text(cases[i].says);
        struct exh_peek peek = {bytes, bytes, sizeof bytes, sizeof bytes, sizeof bytes, "x", NULL, 0};
        assert_int_equal(cases[i].row->probe(&peek), cases[i].code == EXH_UNSUPPORTED ? 100 : 0);
        exh_source_close(source);
    }
}

/* ---- sets of segments in a folder ---- */

static char folder[] = "/tmp/exhibit-test-ewf-XXXXXX";

static void put_file(const char *name, const struct maker_bytes *b)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->data, 1, b->length, f), b->length);
    assert_int_equal(fclose(f), 0);
}

static void drop_file(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path);
}

static struct exh_medium *open_path(const char *path)
{
    exh_error_clear(&err);
    struct exh_siblings *siblings = exh_siblings_of(path, &err);
    assert_non_null(siblings);
    struct exh_open options = {.siblings = siblings, .path = path};
    struct exh_source_file_options file = {.folder = AT_FDCWD};
    struct exh_source *source = exh_source_file_open(path, &file, &err);
    if (source == NULL)
        fail_msg("%s: %s", path, err.text);
    struct exh_medium *medium = exh_format_ewf.open(source, &options, &err);
    if (medium == NULL)
        exh_source_close(source);
    exh_siblings_close(siblings);
    return medium;
}

static struct exh_medium *open_named(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return open_path(path);
}

static void put_set(const struct maker_image *image, const char *first)
{
    char name[64];
    for (size_t i = 0; i < image->count; i++) {
        assert_true(exh_ewf_segment_name(first, (uint32_t)i + 1, name, sizeof name));
        put_file(name, &image->segments[i]);
    }
}

static void drop_set(const char *first, size_t count)
{
    char name[64];
    for (size_t i = 0; i < count; i++) {
        assert_true(exh_ewf_segment_name(first, (uint32_t)i + 1, name, sizeof name));
        drop_file(name);
    }
}

static void expect_whole(struct exh_medium *medium, const uint8_t *media, size_t bytes)
{
    if (medium == NULL)
        fail_msg("%s", err.text);
    struct result r;
    assert_true(read_all(medium, 9, &r));
    assert_int_equal(r.not_good, 0);
    assert_memory_equal(r.data, media, bytes);
    result_close(&r);
    exh_medium_close(medium);
}

static void names_of_segments(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        uint32_t number;
        const char *name;
    } cases[] = {
        {"disk.E01", 2, "disk.E02"},   {"disk.E01", 99, "disk.E99"},  {"disk.E01", 100, "disk.EAA"},   {"disk.e01", 126, "disk.eba"},
        {"disk.E01", 775, "disk.EZZ"}, {"disk.E01", 776, "disk.FAA"}, {"disk.E01", 14971, "disk.ZZZ"}, {"a.b.EAA", 1, "a.b.E01"},
        {"x.S01", 100, "x.SAA"},       {"disk.E01", 14972, NULL},     {"disk.raw1", 2, NULL},          {"disk", 2, NULL},
        {"x.S01", 14971, NULL},
    };
    char name[64], letter;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool ok = exh_ewf_segment_name(cases[i].member, cases[i].number, name, sizeof name);
        assert_int_equal(ok, cases[i].name != NULL);
        if (ok)
            assert_string_equal(name, cases[i].name);
    }
    assert_int_equal(exh_ewf_segment_number("disk.FAA", &letter), 776);
    assert_int_equal(exh_ewf_segment_number("disk.ZZZ", &letter), 14971);
    assert_int_equal(exh_ewf_segment_number("disk.E07", &letter), 7);
    assert_int_equal(exh_ewf_segment_number("disk.bin", &letter), 0);
}

static void what_is_wrong_with_a_set_is_named(void **state)
{
    (void)state;
    size_t bytes = 512 * 41;
    uint8_t *media = media_make(bytes);
    struct maker_options o = small;
    o.chunks_per_segment = 3;
    o.guid_byte = 0x11;
    struct maker_image image, other;
    maker_make(&image, &o, media, bytes);
    assert_int_equal(image.count, 4);
    o.guid_byte = 0x22;
    maker_make(&other, &o, media, bytes);
    put_set(&image, "disk.E01");
    struct exh_medium *medium = open_named("disk.E01");
    assert_non_null(medium);
    assert_int_equal(medium->files->count, 4);
    assert_string_equal(exh_text_base(medium->files->items[2]), "disk.E03");
    assert_int_equal(remarks_of(medium, NULL), 0);
    expect_whole(medium, media, bytes);
    expect_whole(open_named("disk.E03"), media, bytes); /* by another member */

    put_file("disk.E05", &image.segments[3]); /* one too many */
    medium = open_named("disk.E01");
    assert_int_equal(remarks_of(medium, "segment-set"), 1);
    expect_whole(medium, media, bytes);
    assert_null(open_named("disk.E05"));
    expect_text("lies behind the end of the image");
    drop_file("disk.E05");

    drop_file("disk.E03");
    assert_null(open_named("disk.E01"));
    assert_string_equal(err.text, "segment 3 (disk.E03) is missing");
    drop_file("disk.E04");
    assert_null(open_named("disk.E01"));
    assert_string_equal(err.text, "segment 3 (disk.E03) is missing or the image was never finished");
    put_set(&image, "disk.E01");
    drop_file("disk.E01");
    assert_null(open_named("disk.E02"));
    assert_string_equal(err.text, "segment 1 (disk.E01) is missing");

    put_set(&image, "disk.E01");
    put_file("disk.E02", &image.segments[2]);
    put_file("disk.E03", &image.segments[1]);
    assert_null(open_named("disk.E01"));
    assert_string_equal(err.text, "disk.E02 holds segment 3, not 2: segments are swapped");

    put_set(&image, "disk.E01");
    put_file("disk.E02", &other.segments[1]);
    assert_null(open_named("disk.E01"));
    expect_text("disk.E02 belongs to another image set");
    put_file("disk.E01", &other.segments[0]);
    put_file("disk.E02", &image.segments[1]);
    assert_null(open_named("disk.E01"));
    expect_text("disk.E02 belongs to another image set");

    put_set(&image, "disk.E01");
    struct maker_bytes cut = image.segments[1];
    cut.length = maker_find(&image.segments[1], "sectors", 0) + 300;
    put_file("disk.E02", &cut);
    assert_null(open_named("disk.E01"));
    char expected[200];
    (void)snprintf(expected, sizeof expected, "disk.E02 ends at %zu inside section 'sectors' that needs %zu: truncated", cut.length,
                   maker_find(&image.segments[1], "table", 0));
    assert_string_equal(err.text, expected);
    put_file("disk.E02", &(struct maker_bytes){image.segments[1].data, 7, 7});
    assert_null(open_named("disk.E01"));
    expect_text("disk.E02 ends at 7");
    put_file("disk.E02", &(struct maker_bytes){(uint8_t *)"this is no segment at all", 25, 25});
    assert_null(open_named("disk.E01"));
    expect_text("disk.E02 does not begin with the EVF signature");
    drop_set("disk.E01", 4);
    maker_close(&image);
    maker_close(&other);
    free(media);
}

static void a_thousand_segments_need_few_descriptors(void **state)
{
    (void)state;
    size_t bytes = 512 * 1100;
    uint8_t *media = media_make(bytes);
    struct maker_options o = {.sector_bytes = 512, .chunk_sectors = 1, .chunks_per_segment = 1, .chunks = MAKER_MIXED, .guid_byte = 9};
    struct maker_image *image = malloc(sizeof *image);
    assert_non_null(image);
    maker_make(image, &o, media, bytes);
    assert_int_equal(image->count, 1100);
    put_set(image, "many.e01");
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){256, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct exh_medium *medium = open_named("many.e01");
    expect_whole(medium, media, bytes);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    drop_set("many.e01", image->count);
    maker_close(image);
    free(image);
    free(media);
}

/* EnCase 6.7 past 2 GiB: the offset takes all 32 bits, and everything behind is stored raw. A sparse file stands for the 2 GiB. */
static void offsets_past_2_gib_take_all_bits(void **state)
{
    (void)state;
    uint8_t *media = media_make(3 * 2048);
    struct maker_bytes b = {0};
    struct maker_image unused = {0};
    static const uint8_t head[13] = {'E', 'V', 'F', 9, 13, 10, 255, 0, 1, 1, 0, 0, 0};
    maker_put(&b, head, sizeof head);
    maker_volume(&b, "volume", &small, 12, 3);
    size_t sectors = maker_begin(&b, "sectors"), first = b.length;
    maker_zlib(&b, media, 2048, &unused);
    struct maker_bytes rest = {0};
    maker_put(&rest, media + 2048, 2048);
    maker_le(&rest, maker_adler(media + 2048, 2048), 4);
    maker_put(&rest, media + 4096, 2048);
    maker_le(&rest, maker_adler(media + 4096, 2048), 4);
    uint64_t far = 0x80000010u, end = far + rest.length;
    maker_describe(&b, sectors, end, end - sectors);
    for (int copy = 0; copy < 2; copy++) {
        struct maker_bytes t = {0};
        maker_begin(&t, copy == 0 ? "table" : "table2");
        maker_le(&t, 3, 4);
        maker_put(&t, NULL, 16);
        maker_sum(&t, 76);
        maker_le(&t, first | 0x80000000u, 4);
        maker_le(&t, far, 4);
        maker_le(&t, far + 2052, 4);
        maker_sum(&t, 100);
        uint64_t next = far + rest.length + t.length;
        maker_describe(&t, 0, next, t.length);
        maker_put(&rest, t.data, t.length);
        free(t.data);
    }
    size_t done = rest.length;
    maker_begin(&rest, "done");
    maker_describe(&rest, done, far + done, 0);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/far.E01", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, b.data, b.length, 0), b.length);
    assert_int_equal(pwrite(fd, rest.data, rest.length, (off_t)far), rest.length);
    assert_int_equal(close(fd), 0);
    expect_whole(open_named("far.E01"), media, 3 * 2048);
    drop_file("far.E01");
    free(b.data);
    free(rest.data);
    free(media);
}

/* ---- other people's images ---- */

static const char *corpus(void)
{
    const char *path = getenv("EXHIBIT_CORPUS");
    if (path == NULL)
        path = getenv("EXHIBIT_CORPUS_DEFAULT");
    return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

static void sha256_hex(const uint8_t *data, size_t n, char hex[65])
{
    uint8_t digest[32];
    assert_int_equal(EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL), 1);
    exh_text_hex(digest, sizeof digest, hex);
}

/* The digest named, the stored MD5 recomputed, and nothing to remark. */
static void check_foreign(const char *path, const char *sha256, size_t remarks)
{
    struct exh_medium *medium = open_path(path);
    if (medium == NULL)
        fail_msg("%s: %s", path, err.text);
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(medium, &in, &err));
    if (count_remarks(&in, NULL) != remarks)
        fail_msg("%s: %zu remarks; %s", path, count_remarks(&in, NULL), in.remark_count > 0 ? in.remarks[0].detail : "");
    exh_inspection_close(&in);
    struct result r;
    char hex[65];
    uint8_t md5[16];
    assert_true(read_all(medium, 1000, &r));
    assert_int_equal(r.not_good, 0);
    size_t bytes = (size_t)exh_layout_bytes(medium->layout);
    sha256_hex(r.data, bytes, hex);
    assert_string_equal(hex, sha256);
    const struct exh_digest_value *stored = exh_digests_find(&medium->seal->digests, "media", "md5");
    assert_non_null(stored);
    assert_int_equal(EVP_Digest(r.data, bytes, md5, NULL, EVP_md5(), NULL), 1);
    assert_memory_equal(stored->bytes, md5, 16);
    result_close(&r);
    exh_medium_close(medium);
}

static void images_of_the_corpus_give_their_digests(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sha256;
    } images[] = {
        {"dfvfs-ext2.E01", "a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80"},
        {"dfvfs-ext2.split.E01", "a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80"},
        {"exfat1.E01", "af6f974495187c35050d5c66d271617a1ec00d446adcf8590d7042ad2bf02bb7"},
        {"tsk-image.E01", "0add63db3dc87ee60438e0fb94b526462502ba9f87e7a78bb0efe858668b1108"},
    };
    if (corpus() == NULL) {
        print_message("  no corpus: EXHIBIT_CORPUS does not name a folder\n");
        skip();
    }
    char path[1024];
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/disk/ewf/%s", corpus(), images[i].name);
        check_foreign(path, images[i].sha256, 0);
    }
    (void)snprintf(path, sizeof path, "%s/disk/ewf/fuzz-crash-parse_segment-add-overflow.E01", corpus());
    assert_null(open_path(path));
    assert_int_equal(err.code, EXH_CORRUPT);
    (void)snprintf(path, sizeof path, "%s/disk/ewf/zeros_128s.Ex01", corpus());
    assert_null(open_path(path));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
}

/* Runs a program with its output thrown away; -1 when it cannot be run. */
static int run(const char *const arguments[])
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null >= 0) {
            (void)dup2(null, 0);
            (void)dup2(null, 1);
            (void)dup2(null, 2);
        }
        char *list[32] = {NULL};
        for (size_t i = 0; i < 31 && arguments[i] != NULL; i++)
            list[i] = strdup(arguments[i]);
        (void)execvp(list[0], list);
        _exit(127);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
}

static bool acquire(const char *kind, const char *segment, const char *target, const char *compression)
{
    char input[512], output[512];
    (void)snprintf(input, sizeof input, "%s/input.raw", folder);
    (void)snprintf(output, sizeof output, "%s/%s", folder, target);
    const char *const arguments[] = {"ewfacquire", "-u",    "-q",    "-t",  output, "-f",       kind, "-c",  compression,
                                     "-S",         segment, "-C",    "K-1", "-D",   "the disk", "-E", "X-2", "-e",
                                     "A. Nother",  "-N",    "notes", "-d",  "sha1", input,      NULL};
    return run(arguments) == 0;
}

static void images_of_ewfacquire_read_alike(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *compression, *file;
    } kinds[] = {
        {"encase1", "fast", "encase1.E01"},  {"encase5", "fast", "encase5.E01"}, {"encase6", "fast", "encase6.E01"},
        {"encase6", "none", "encase6n.E01"}, {"linen6", "best", "linen6.E01"},   {"ftk", "fast", "ftk.E01"},
        {"ewfx", "fast", "ewfx.e01"},
    };
    size_t bytes = 512 * 5001; /* three segments of 1 MiB when not compressed */
    uint8_t *media = media_make(bytes);
    char hex[65], path[600], target[64];
    sha256_hex(media, bytes, hex);
    put_file("input.raw", &(struct maker_bytes){media, bytes, bytes});
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (void)snprintf(target, sizeof target, "%.*s", (int)(strrchr(kinds[i].file, '.') - kinds[i].file), kinds[i].file);
        if (!acquire(kinds[i].kind, "1MiB", target, kinds[i].compression)) {
            print_message("  ewfacquire cannot be run: its kinds of images are not tested\n");
            break;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, kinds[i].file);
        check_foreign(path, hex, 0);
        struct exh_medium *medium = open_path(path);
        assert_string_equal(exh_fields_get(&medium->seal->fields, "case"), "K-1");
        assert_string_equal(exh_fields_get(&medium->seal->fields, "exhibit"), "X-2");
        exh_medium_close(medium);
        drop_set(kinds[i].file, 4);
    }
    drop_file("input.raw");
    free(media);
}

static void smart_images_are_read_by_libewf(void **state)
{
    (void)state;
    size_t bytes = 512 * 5001;
    uint8_t *media = media_make(bytes);
    put_file("input.raw", &(struct maker_bytes){media, bytes, bytes});
    if (!acquire("smart", "1MiB", "smart", "none")) {
        drop_file("input.raw");
        free(media);
        print_message("  ewfacquire cannot be run\n");
        skip();
    }
    struct exh_medium *medium = open_named("smart.s01");
    if (medium == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(medium->files->count, 3);
    expect_whole(medium, media, bytes);
    drop_set("smart.s01", 3);
    drop_file("input.raw");
    free(media);
}

/* ---- what our own writer makes ---- */

/* Feeds one block through a sink as the pipeline would. */
static bool feed(struct exh_sink *sink, struct exh_block *block)
{
    const struct exh_consumer_ops *ops = sink->consumer.ops;
    size_t room = ops->result_bytes != NULL ? ops->result_bytes(&sink->consumer, block->count, block->track->main_bytes) : 0;
    void *result = calloc(1, room + 1);
    struct exh_scratch *scratch = ops->scratch_new != NULL ? ops->scratch_new(&sink->consumer) : NULL;
    bool ok = result != NULL && (ops->work == NULL || ops->work(&sink->consumer, scratch, block, result, &err)) &&
              ops->take(&sink->consumer, block, result, &err) && (ops->finish == NULL || ops->finish(&sink->consumer, &err));
    exh_scratch_close(scratch);
    free(result);
    return ok;
}

/* A medium with a short last sector, unreadable ranges and case data that EWF has no room for as it is. */
static void our_writers_images_come_back_whole(void **state)
{
    (void)state;
    static const char notes[] = "line one\nline two\twith a tab \\n and a backslash \xc3\xa4";
    uint64_t bytes = 512 * 300 + 77, padded = 512 * 301;
    uint8_t *media = media_make(padded);
    memset(media + 100 * 512, 0, 3 * 512);
    memset(media + bytes, 0, padded - bytes);
    struct exh_layout layout;
    struct exh_fields fields = {0};
    struct exh_seal seal = {0};
    struct exh_digest_value md5;
    struct exh_sink *sink = NULL;
    uint8_t digest[16];
    char hex[33], guid[33];
    exh_error_clear(&err);
    exh_layout_disk(&layout, bytes, 512);
    assert_true(exh_fields_set(&fields, "notes", notes, &err) && exh_fields_set(&fields, "case", "K\t1", &err));
    assert_true(exh_sectors_mark(&seal.unreadable, 100, 3, EXH_BAD, &err));
    assert_int_equal(EVP_Digest(media, padded, digest, NULL, EVP_md5(), NULL), 1);
    exh_text_hex(digest, sizeof digest, hex);
    assert_true(exh_digest_value_set(&md5, "padded", "md5", hex, &err) && exh_digests_add(&seal.digests, &md5, &err));
    struct exh_create create = {.folder = folder,
                                .name = "own.E01",
                                .declared = &layout,
                                .fields = &fields,
                                .program = "exhibit test",
                                .platform = "Linux",
                                .unix_time = 1700000000,
                                .guid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
                                .compression = EXH_COMPRESS_FAST};
    if (!exh_format_ewf.create(&create, &sink, &err))
        fail_msg("%s", err.text);
    struct exh_block block;
    assert_true(exh_block_open(&block, 301, 512, 0, &err));
    block.track = &layout.tracks[0];
    block.count = 301;
    memcpy(block.main, media, padded);
    memset(block.state, EXH_GOOD, 301);
    memset(block.state + 100, EXH_BAD, 3);
    block.bad = 3;
    if (!feed(sink, &block) || !exh_sink_seal(sink, &layout, &seal, &err))
        fail_msg("%s", err.text);
    exh_sink_close(sink);
    exh_block_close(&block);

    struct exh_medium *medium = open_named("own.E01");
    if (medium == NULL)
        fail_msg("%s", err.text);
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(medium, &in, &err));
    if (count_remarks(&in, NULL) != 0)
        fail_msg("%s", in.remarks[0].detail);
    exh_text_hex(create.guid, 16, guid);
    size_t found = 0;
    for (size_t i = 0; i < in.fact_count; i++)
        found += strcmp(in.facts[i].key, "guid") == 0 && strcmp(in.facts[i].value, guid) == 0;
    assert_int_equal(found, 1);
    exh_inspection_close(&in);
    assert_int_equal(exh_layout_bytes(medium->layout), bytes);
    assert_string_equal(exh_fields_get(&medium->seal->fields, "notes"), notes);
    assert_string_equal(exh_fields_get(&medium->seal->fields, "case"), "K\t1");
    assert_true(exh_sectors_equal(&medium->seal->unreadable, &seal.unreadable));
    assert_non_null(exh_digests_find(&medium->seal->digests, "padded", "md5"));
    struct result r;
    assert_true(read_all(medium, 301, &r));
    assert_int_equal(r.not_good, 3);
    assert_int_equal(r.state[101], EXH_BAD);
    assert_memory_equal(r.data, media, padded);
    result_close(&r);
    exh_medium_close(medium);
    exh_seal_close(&seal);
    exh_fields_close(&fields);
    drop_file("own.E01");
    free(media);
}

/* Flips in streams that a real deflate made. What is not detected must lie in compressed chunk data or in `header` and change nothing:
 * unused bits at the end of a stream, or a match that copies the same bytes from another distance. */
static void one_flipped_byte_of_ewfacquire_is_caught(void **state)
{
    (void)state;
    size_t bytes = 512 * 12;
    uint8_t *media = media_make(bytes);
    char path[600];
    put_file("input.raw", &(struct maker_bytes){media, bytes, bytes});
    if (!acquire("encase6", "1MiB", "flip", "best")) {
        drop_file("input.raw");
        free(media);
        print_message("  ewfacquire cannot be run\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/flip.E01", folder);
    struct maker_bytes b = {malloc(1 << 20), 0, 1 << 20}, sound;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    b.length = fread(b.data, 1, b.room, f);
    (void)fclose(f);
    sound = (struct maker_bytes){malloc(b.length), b.length, b.length};
    memcpy(sound.data, b.data, b.length);
    unsigned undetected = 0, step = 0;
    for (size_t i = 0; i < b.length; i++) {
        uint8_t flip = (uint8_t)(1u << step++ % 8);
        char section[17];
        b.data[i] ^= flip;
        enum caught c = classify(&b, media, bytes);
        b.data[i] ^= flip;
        maker_section_at(&sound, i, section);
        undetected += c == UNDETECTED;
        if (c == SILENT_CHANGE || (c == UNDETECTED && strcmp(section, "sectors") != 0 && strcmp(section, "header") != 0))
            fail_msg("offset %zu in section '%s' flipped by %02x: %s", i, section, flip,
                     c == SILENT_CHANGE ? "changes the medium unseen" : "not detected");
    }
    print_message("  %u of %zu flips decode to the same bytes\n", undetected, b.length);
    assert_true(undetected < b.length / 500);
    free(b.data);
    free(sound.data);
    drop_file("flip.E01");
    drop_file("input.raw");
    free(media);
}

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_drop(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_images_read_back_in_any_pieces),
        cmocka_unit_test(case_data_and_digests_are_given),
        cmocka_unit_test(the_trailer_restores_length_and_text),
        cmocka_unit_test(listed_sectors_are_bad_or_in_doubt),
        cmocka_unit_test(a_bad_chunk_costs_its_own_sectors),
        cmocka_unit_test(the_spare_table_is_used_and_said),
        cmocka_unit_test(tables_that_hold_but_differ_are_told),
        cmocka_unit_test(a_volume_that_promises_more_is_unfinished),
        cmocka_unit_test(one_flipped_byte_is_caught),
        cmocka_unit_test(a_cut_image_never_reads_as_whole),
        cmocka_unit_test(lies_do_no_harm),
        cmocka_unit_test(digests_that_contradict_are_told),
        cmocka_unit_test(a_file_on_a_bad_disk_loses_only_the_chunk),
        cmocka_unit_test(bytes_that_belong_to_nobody_are_told),
        cmocka_unit_test(other_kinds_are_refused_by_name),
        cmocka_unit_test(names_of_segments),
        cmocka_unit_test(what_is_wrong_with_a_set_is_named),
        cmocka_unit_test(a_thousand_segments_need_few_descriptors),
        cmocka_unit_test(offsets_past_2_gib_take_all_bits),
        cmocka_unit_test(images_of_the_corpus_give_their_digests),
        cmocka_unit_test(images_of_ewfacquire_read_alike),
        cmocka_unit_test(smart_images_are_read_by_libewf),
        cmocka_unit_test(our_writers_images_come_back_whole),
        cmocka_unit_test(one_flipped_byte_of_ewfacquire_is_caught),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
