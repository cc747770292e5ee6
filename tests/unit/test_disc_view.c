/* A disc in other shapes: one track, user data, framed sectors, blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/user_data.h"
#include "formats/model/view.h"
#include "formats/optical/disc_view.h"
#include "formats/optical/sector.h"
#include "formats/optical/stored_disc.h"

static struct exh_error err;

/* ---- a disc in memory: Mode 1 with subchannel (LBA 0 to 299), audio with a stored pregap of 30 (300 to 449), Mode 2 of 2336 bytes (450 to 499) ----
 */

#define DATA_SECTORS 300u
#define AUDIO_SECTORS 150u
#define XA_SECTORS 50u
#define DATA_STRIDE (2352u + 96u)

static uint8_t file[DATA_SECTORS * DATA_STRIDE + AUDIO_SECTORS * 2352u + XA_SECTORS * 2336u];

static uint8_t user_byte(unsigned sector, unsigned i) { return (uint8_t)(sector * 31 + i * 7 + (i >> 8)); }

static uint8_t *data_sector(unsigned n) { return file + (size_t)n * DATA_STRIDE; }
static uint8_t *audio_sector(unsigned n) { return file + (size_t)DATA_SECTORS * DATA_STRIDE + (size_t)n * 2352; }
static uint8_t *xa_sector(unsigned n) { return audio_sector(AUDIO_SECTORS) + (size_t)n * 2336; }

static void fill_file(void)
{
    uint8_t user[2048];
    for (unsigned n = 0; n < DATA_SECTORS; n++) {
        for (unsigned i = 0; i < 2048; i++)
            user[i] = user_byte(n, i);
        exh_sector_make_mode1(data_sector(n), user, n);
        memset(data_sector(n) + 2352, (int)(n & 0x7F), 96);
    }
    for (unsigned n = 0; n < AUDIO_SECTORS; n++)
        memset(audio_sector(n), (int)(n + 1), 2352);
    for (unsigned n = 0; n < XA_SECTORS; n++) { /* Form 1 with a subheader of its own, EDC and parities left zero */
        memset(xa_sector(n), 0, 2336);
        for (unsigned i = 0; i < 2048; i++)
            xa_sector(n)[8 + i] = user_byte(n, i);
        xa_sector(n)[2] = xa_sector(n)[6] = 0x08;
    }
}

static void add_track(struct exh_stored_disc *d, struct exh_track track, uint64_t offset, uint32_t stride, enum exh_sub_order sub)
{
    uint32_t index;
    assert_true(exh_stored_disc_track(d, &track, &index, &err));
    struct exh_stretch s = {.track = index, .lba = track.first, .sectors = track.sectors, .offset = offset, .stride = stride, .sub = sub};
    s.sub_offset = offset + 2352;
    s.sub_stride = stride;
    assert_true(exh_stored_disc_stretch(d, &s, &err));
}

static struct exh_medium *disc(uint64_t length)
{
    uint32_t index;
    struct exh_stored_disc *d = exh_stored_disc_new("toy", &err);
    struct exh_source *source = exh_source_memory(file, length, "toy.bin");
    assert_non_null(d);
    assert_non_null(source);
    assert_true(exh_stored_disc_file(d, source, "toy.bin", &index, &err));
    add_track(d,
              (struct exh_track){
                  .number = 1, .session = 1, .control = 4, .kind = EXH_TRACK_MODE1, .sectors = DATA_SECTORS, .main_bytes = 2352, .sub_bytes = 96},
              0, DATA_STRIDE, EXH_SUB_LINEAR);
    add_track(d,
              (struct exh_track){.number = 2,
                                 .session = 1,
                                 .kind = EXH_TRACK_AUDIO,
                                 .first = 300,
                                 .sectors = AUDIO_SECTORS,
                                 .main_bytes = 2352,
                                 .stored_pregap = 30,
                                 .pregap = 30,
                                 .isrc = "DEABC0112345"},
              (uint64_t)DATA_SECTORS * DATA_STRIDE, 2352, EXH_SUB_NONE);
    add_track(d,
              (struct exh_track){
                  .number = 3, .session = 2, .control = 4, .kind = EXH_TRACK_MODE2, .first = 12000, .sectors = XA_SECTORS, .main_bytes = 2336},
              (uint64_t)DATA_SECTORS * DATA_STRIDE + AUDIO_SECTORS * 2352u, 2336, EXH_SUB_NONE);
    struct exh_disc *facts = exh_stored_disc_facts(d);
    (void)snprintf(facts->mcn, sizeof facts->mcn, "1234567890128");
    assert_true(exh_disc_add_index(facts, 2, 2, 400, &err));
    struct exh_medium *m = exh_stored_disc_finish(d, &err);
    assert_non_null(m);
    return m;
}

/* Sectors [lba, lba + count) of the only track, in one read. */
static void read_at(struct exh_medium *m, int64_t lba, uint32_t count, struct exh_block *block)
{
    const struct exh_track *t = &m->layout->tracks[0];
    struct exh_scratch *scratch;
    struct exh_faults faults = {0};
    struct exh_want want = {.track = t, .lba = lba, .count = count, .effort = EXH_THOROUGH, .with_sub = t->sub_bytes > 0};
    assert_true(exh_medium_scratch(m, &scratch, &err));
    assert_true(exh_block_open(block, count, t->main_bytes, t->sub_bytes, &err));
    assert_true(exh_medium_read(m, scratch, &want, block, &faults, &err));
    exh_faults_close(&faults);
    exh_scratch_close(scratch);
}

/* ---- one track ---- */

static void test_track(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(sizeof file), *v = exh_view_track(m, 2, 0, &err);
    assert_non_null(v);
    const struct exh_track *t = &v->layout->tracks[0];
    assert_int_equal(v->layout->track_count, 1);
    assert_int_equal(t->number, 2);
    assert_int_equal(t->first, 330);
    assert_int_equal(t->sectors, AUDIO_SECTORS - 30);
    assert_int_equal(t->stored_pregap, 0);
    assert_string_equal(t->isrc, "DEABC0112345");
    assert_non_null(v->layout->disc);
    assert_string_equal(v->layout->disc->mcn, ""); /* that of the disc, not of one of its tracks */
    assert_int_equal(v->layout->disc->index_count, 1);
    assert_int_equal(v->layout->disc->indexes[0].lba, 400);
    assert_true(v->concurrent);
    read_at(v, 340, 7, &block);
    assert_memory_equal(block.main, audio_sector(40), 7 * 2352);
    assert_int_equal(block.lba, 340);
    assert_ptr_equal(block.track, t);
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(m);
}

static void test_track_with_pregap_from_zero(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(sizeof file), *v = exh_view_track(m, 2, EXH_VIEW_PREGAP | EXH_VIEW_FROM_ZERO, &err);
    assert_non_null(v);
    assert_int_equal(v->layout->tracks[0].first, -30);
    assert_int_equal(exh_track_start(&v->layout->tracks[0]), 0);
    assert_int_equal(v->layout->tracks[0].sectors, AUDIO_SECTORS);
    assert_int_equal(v->layout->disc->indexes[0].lba, 70);
    read_at(v, -30, AUDIO_SECTORS, &block);
    assert_memory_equal(block.main, audio_sector(0), AUDIO_SECTORS * 2352);
    exh_block_close(&block);
    exh_medium_close(v);
    v = exh_view_track(m, 3, EXH_VIEW_FROM_ZERO, &err);
    assert_non_null(v);
    assert_int_equal(v->layout->tracks[0].first, 0);
    assert_int_equal(v->layout->tracks[0].session, 1);
    exh_medium_close(v);
    assert_null(exh_view_track(m, 4, 0, &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    exh_medium_close(m);
}

static void test_track_keeps_subchannel(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(sizeof file), *v = exh_view_track(m, 1, 0, &err);
    read_at(v, 290, 10, &block);
    for (unsigned i = 0; i < 10; i++) {
        assert_memory_equal(block.main + i * 2352u, data_sector(290 + i), 2352);
        assert_memory_equal(block.sub + i * 96u, data_sector(290 + i) + 2352, 96);
    }
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(m);
}

/* ---- user data ---- */

static void test_user(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(sizeof file), *one = exh_view_track(m, 1, 0, &err), *v = exh_view_user(one, &err);
    assert_non_null(v);
    assert_int_equal(v->layout->tracks[0].main_bytes, 2048);
    assert_int_equal(v->layout->tracks[0].sub_bytes, 0);
    assert_int_equal(exh_layout_bytes(v->layout), DATA_SECTORS * 2048u);
    read_at(v, 0, DATA_SECTORS, &block); /* more than one piece */
    for (unsigned n = 0; n < DATA_SECTORS; n++)
        for (unsigned i = 0; i < 2048; i++)
            assert_int_equal(block.main[n * 2048 + i], user_byte(n, i));
    assert_int_equal(block.bad, 0);
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(one);
    assert_null(exh_view_user(m, &err)); /* three tracks */
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    one = exh_view_track(m, 2, 0, &err);
    assert_null(exh_view_user(one, &err)); /* audio */
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    exh_medium_close(one);
    one = exh_view_track(m, 3, 0, &err);
    v = exh_view_user(one, &err);
    read_at(v, 12003, 2, &block);
    for (unsigned i = 0; i < 2048; i++)
        assert_int_equal(block.main[i], user_byte(3, i));
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(one);
    exh_medium_close(m);
}

static void test_user_refuses_form_2(void **state)
{
    (void)state;
    uint8_t was = xa_sector(7)[2];
    xa_sector(7)[2] = xa_sector(7)[6] = 0x28;
    struct exh_medium *m = disc(sizeof file), *one = exh_view_track(m, 3, 0, &err), *v = exh_view_user(one, &err);
    struct exh_scratch *scratch;
    struct exh_faults faults = {0};
    struct exh_block block;
    struct exh_user_survey n;
    struct exh_want want = {.track = &v->layout->tracks[0], .lba = 12000, .count = 20, .effort = EXH_THOROUGH};
    assert_true(exh_medium_scratch(v, &scratch, &err) && exh_block_open(&block, 20, 2048, 0, &err));
    assert_false(exh_medium_read(v, scratch, &want, &block, &faults, &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_non_null(strstr(err.text, "LBA 12007 "));
    exh_error_clear(&err);
    assert_true(exh_user_data_survey(one, NULL, 2, &n, &err));
    assert_int_equal(n.unfitting, 1);
    assert_int_equal(n.first_unfitting, 12007);
    assert_int_equal(n.more, XA_SECTORS - 1); /* their subheader is not what would be made */
    assert_int_equal(n.first_more, 12000);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    exh_medium_close(v);
    exh_medium_close(one);
    exh_medium_close(m);
    xa_sector(7)[2] = xa_sector(7)[6] = was;
}

static void test_survey(void **state)
{
    (void)state;
    struct exh_user_survey n;
    data_sector(5)[2100] ^= 1; /* a parity */
    data_sector(9)[15] = 2;    /* another mode */
    data_sector(7)[12] = 0x59; /* another address */
    struct exh_medium *m = disc(sizeof file), *one = exh_view_track(m, 1, 0, &err);
    for (unsigned threads = 1; threads <= 2; threads++) {
        assert_true(exh_user_data_survey(one, NULL, threads, &n, &err));
        assert_int_equal(n.whole, DATA_SECTORS - 3);
        assert_int_equal(n.more, 2);
        assert_int_equal(n.first_more, 5);
        assert_int_equal(n.unfitting, 1);
        assert_int_equal(n.first_unfitting, 9);
        assert_int_equal(n.unread, 0);
    }
    exh_medium_close(one);
    exh_medium_close(m);
    fill_file();
}

/* ---- states and faults ---- */

static void test_states_go_along(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(100u * DATA_STRIDE + 17), *one = exh_view_track(m, 1, 0, &err), *v = exh_view_user(one, &err);
    struct exh_medium *blocks = exh_view_blocks(v, 512, &err);
    read_at(v, 98, 4, &block);
    assert_int_equal(block.bad, 2);
    assert_int_equal(block.state[1], EXH_GOOD);
    assert_int_equal(block.state[2], EXH_MISSING);
    exh_block_close(&block);
    read_at(blocks, 397, 8, &block); /* blocks 400 and on are of sector 100, which is not there */
    assert_int_equal(block.state[2], EXH_GOOD);
    assert_int_equal(block.state[3], EXH_MISSING);
    assert_int_equal(block.bad, 5);
    exh_block_close(&block);
    exh_medium_close(blocks);
    exh_medium_close(v);
    v = exh_view_framed(one, &err);
    read_at(v, 98, 4, &block);
    assert_int_equal(block.bad, 2);
    assert_int_equal(block.main[2 * 2352 + 1], 0); /* nothing is made around what is not there */
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(one);
    exh_medium_close(m);
}

static void test_unreadable_ranges_go_along(void **state)
{
    (void)state;
    struct exh_seal said = {0};
    struct exh_medium *m = disc(sizeof file);
    assert_true(exh_sectors_mark(&said.unreadable, 299, 40, EXH_BAD, &err));
    m->seal = &said;
    struct exh_medium *one = exh_view_track(m, 2, EXH_VIEW_FROM_ZERO, &err), *first = exh_view_track(m, 1, 0, &err);
    assert_int_equal(one->seal->unreadable.count, 1);
    assert_int_equal(one->seal->unreadable.ranges[0].lba, 0);
    assert_int_equal(one->seal->unreadable.ranges[0].count, 9);
    assert_int_equal(first->seal->unreadable.ranges[0].lba, 299);
    assert_int_equal(first->seal->unreadable.ranges[0].count, 1);
    struct exh_medium *user = exh_view_user(first, &err), *blocks = exh_view_blocks(user, 1024, &err);
    assert_int_equal(blocks->seal->unreadable.ranges[0].lba, 598);
    assert_int_equal(blocks->seal->unreadable.ranges[0].count, 2);
    exh_medium_close(blocks);
    exh_medium_close(user);
    exh_medium_close(one);
    exh_medium_close(first);
    m->seal = NULL;
    exh_seal_close(&said);
    exh_medium_close(m);
}

/* ---- framed ---- */

static void test_framed_is_the_way_back(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_medium *m = disc(sizeof file), *one = exh_view_track(m, 1, 0, &err), *user = exh_view_user(one, &err);
    struct exh_medium *v = exh_view_framed(user, &err);
    assert_non_null(v);
    assert_int_equal(v->layout->tracks[0].main_bytes, 2352);
    read_at(v, 0, DATA_SECTORS, &block);
    for (unsigned n = 0; n < DATA_SECTORS; n++)
        assert_memory_equal(block.main + n * 2352u, data_sector(n), 2352);
    exh_block_close(&block);
    exh_medium_close(v);
    exh_medium_close(user);
    exh_medium_close(one);
    exh_medium_close(m);
}

static void test_framed_whole_disc(void **state)
{
    (void)state;
    struct exh_medium *m = disc(sizeof file), *v = exh_view_framed(m, &err);
    struct exh_faults faults = {0};
    struct exh_scratch *scratch;
    struct exh_block block;
    assert_non_null(v);
    assert_int_equal(v->layout->track_count, 3);
    assert_int_equal(v->layout->tracks[1].stored_pregap, 30);
    assert_string_equal(v->layout->disc->mcn, "1234567890128");
    assert_true(exh_medium_scratch(v, &scratch, &err) && exh_block_open(&block, 4, 2352, 96, &err));
    struct exh_want want = {.track = &v->layout->tracks[2], .lba = 12000, .count = 4, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(v, scratch, &want, &block, &faults, &err));
    static const uint8_t head[16] = {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x02, 0x42, 0x00, 0x02}; /* 12150 frames */
    assert_memory_equal(block.main, head, sizeof head);
    assert_memory_equal(block.main + 16, xa_sector(0), 2336);
    assert_memory_equal(block.main + 2352 + 16, xa_sector(1), 2336);
    want = (struct exh_want){.track = &v->layout->tracks[1], .lba = 300, .count = 4, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(v, scratch, &want, &block, &faults, &err));
    assert_memory_equal(block.main, audio_sector(0), 4 * 2352);
    want = (struct exh_want){.track = &v->layout->tracks[0], .lba = 8, .count = 2, .effort = EXH_THOROUGH, .with_sub = true};
    assert_true(exh_medium_read(v, scratch, &want, &block, &faults, &err));
    assert_int_equal(block.sub[96], 9);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    exh_medium_close(v);
    exh_medium_close(m);
}

/* ---- blocks ---- */

static void test_blocks(void **state)
{
    (void)state;
    struct exh_block whole, part;
    struct exh_medium *m = disc(sizeof file), *one = exh_view_track(m, 1, 0, &err), *user = exh_view_user(one, &err);
    struct exh_medium *v = exh_view_blocks(user, 512, &err);
    assert_non_null(v);
    assert_int_equal(v->layout->kind, EXH_LAYOUT_DISK);
    assert_int_equal(v->layout->tracks[0].sectors, DATA_SECTORS * 4u);
    assert_int_equal(v->unit_sectors, 4);
    read_at(user, 0, DATA_SECTORS, &whole);
    for (unsigned lba = 0; lba < 9; lba++) /* any start, any end */
        for (uint32_t count = 1; count < 9; count++) {
            read_at(v, lba, count, &part);
            assert_memory_equal(part.main, whole.main + lba * 512u, count * 512u);
            assert_int_equal(part.bad, 0);
            exh_block_close(&part);
        }
    read_at(v, 3, DATA_SECTORS * 4u - 5, &part);
    assert_memory_equal(part.main, whole.main + 3 * 512, (DATA_SECTORS * 4u - 5) * 512u);
    exh_block_close(&part);
    exh_block_close(&whole);
    exh_medium_close(v);
    assert_null(exh_view_blocks(user, 500, &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    exh_medium_close(user);
    exh_medium_close(one);
    one = exh_view_track(m, 2, 0, &err); /* not from LBA 0 */
    v = exh_view_blocks(one, 2352, &err);
    read_at(v, 5, 3, &part);
    assert_memory_equal(part.main, audio_sector(35), 3 * 2352);
    exh_block_close(&part);
    exh_medium_close(v);
    exh_medium_close(one);
    exh_medium_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_track),
                                       cmocka_unit_test(test_track_with_pregap_from_zero),
                                       cmocka_unit_test(test_track_keeps_subchannel),
                                       cmocka_unit_test(test_user),
                                       cmocka_unit_test(test_user_refuses_form_2),
                                       cmocka_unit_test(test_survey),
                                       cmocka_unit_test(test_states_go_along),
                                       cmocka_unit_test(test_unreadable_ranges_go_along),
                                       cmocka_unit_test(test_framed_is_the_way_back),
                                       cmocka_unit_test(test_framed_whole_disc),
                                       cmocka_unit_test(test_blocks)};
    fill_file();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
