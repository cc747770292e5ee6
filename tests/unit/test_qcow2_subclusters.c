/* test_qcow2_subclusters.c - a QCOW2 with extended L2 entries, one of whose subclusters is said to be stored and zeros at once: it alone is lost,
 * whether it is read with its neighbours or by itself. (Found by fuzz_qcow2.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"

#define CLUSTER 16384u /* the smallest with subclusters, which then have 512 bytes */

static uint8_t image[6 * CLUSTER];

static void put(uint64_t at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        image[at + i] = (uint8_t)(value >> (56 - 8 * i));
}

static void make_image(void)
{
    put(0, 0x514649FB00000003u);
    put(16, 14);               /* no backing file; clusters of 2^14 */
    put(24, CLUSTER);          /* disk */
    put(32, 1);                /* no encryption, one L1 entry */
    put(40, 3 * CLUSTER);      /* L1 */
    put(48, CLUSTER);          /* reference table */
    put(56, 1ull << 32);       /* of one cluster; no snapshots */
    put(72, 16);               /* extended L2 */
    put(96, 4ull << 32 | 112); /* reference order, header length */
    put(CLUSTER, 2 * CLUSTER); /* reference block */
    put(3 * CLUSTER, 4 * CLUSTER | 1ull << 63);
    put(4 * CLUSTER, 5 * CLUSTER | 1ull << 63);
    put(4 * CLUSTER + 8, 1ull << 33 | 7); /* 0, 1 and 2 are stored, and 1 is zeros as well */
    memset(image + 5 * CLUSTER, 'a', 3 * 512);
}

static void only_the_subcluster_that_contradicts_itself_is_lost(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_open options = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_block whole = {0}, one = {0};
    struct exh_faults faults = {0};
    make_image();
    struct exh_source *source = exh_source_memory(image, sizeof image, "disk.qcow2");
    struct exh_medium *medium = source != NULL ? exh_format_qcow2.open(source, &options, &err) : NULL;
    assert_non_null(medium);
    const struct exh_track *t = &medium->layout->tracks[0];
    assert_true(exh_medium_scratch(medium, &scratch, &err));
    assert_true(exh_block_open(&whole, 32, 512, 0, &err) && exh_block_open(&one, 1, 512, 0, &err));
    struct exh_want want = {.track = t, .count = 32};
    assert_true(exh_medium_read(medium, scratch, &want, &whole, &faults, &err));
    for (uint32_t i = 0; i < 32; i++) {
        struct exh_want single = {.track = t, .lba = i, .count = 1};
        assert_true(exh_medium_read(medium, scratch, &single, &one, &faults, &err));
        assert_int_equal(whole.state[i], i == 1 ? EXH_MISSING : EXH_GOOD);
        assert_int_equal(one.state[0], whole.state[i]);
        assert_int_equal(whole.main[i * 512], i == 0 || i == 2 ? 'a' : 0);
    }
    exh_faults_close(&faults);
    exh_block_close(&whole);
    exh_block_close(&one);
    exh_scratch_close(scratch);
    exh_medium_close(medium);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_subcluster_that_contradicts_itself_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
