/* Block devices as media: every good sector, exactly the bad ones, and devices that go away. Loop devices over plain and faulty files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/loop_lab.h"

#include "acquire/device.h"
#include "formats/model/text.h"

#define SIZE (8u << 20)

static struct exh_error err;
static struct lab_loop loop = {.fd = -1};
static pid_t server;
static struct exh_medium *medium;
static struct exh_faults faults;

static int reset(void **state)
{
    (void)state;
    exh_error_clear(&err);
    lab_file("disk.img", SIZE, 7);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    exh_medium_close(medium);
    medium = NULL;
    exh_faults_close(&faults);
    lab_loop_close(&loop);
    lab_faulty_end(server);
    server = 0;
    (void)unlink(lab_path("switch"));
    return 0;
}

static uint8_t *contents(const char *name, size_t bytes)
{
    uint8_t *data = malloc(bytes);
    int fd = open(lab_path(name), O_RDONLY | O_CLOEXEC);
    assert_true(data != NULL && fd >= 0 && read(fd, data, bytes) == (ssize_t)bytes && close(fd) == 0);
    return data;
}

/* Reads the whole medium in blocks; states and data as long as the medium. */
static bool read_all(uint32_t block_sectors, enum exh_effort effort, uint8_t *data, uint8_t *states)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_block block;
    bool ok = exh_block_open(&block, block_sectors, t->main_bytes, 0, &err);
    for (uint64_t lba = 0; ok && lba < t->sectors; lba += block_sectors) {
        uint32_t n = t->sectors - lba < block_sectors ? (uint32_t)(t->sectors - lba) : block_sectors;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = n, .effort = effort};
        memset(block.main, 0xEE, (size_t)n * t->main_bytes); /* what was there before must never pass for data */
        ok = exh_medium_read(medium, NULL, &want, &block, &faults, &err);
        if (ok) {
            assert_int_equal(block.count, n);
            memcpy(data + lba * t->main_bytes, block.main, (size_t)n * t->main_bytes);
            memcpy(states + lba, block.state, n);
        }
    }
    exh_block_close(&block);
    return ok;
}

static void open_loop(const char *file, uint32_t sector_bytes)
{
    assert_true(lab_loop_open(lab_path(file), sector_bytes, false, &loop));
    medium = exh_device_open(loop.path, NULL, &err);
    if (medium == NULL)
        print_error("%s\n", err.text);
    assert_non_null(medium);
}

/* A loop device over the faulty file; skips the test where there is no FUSE. */
static void open_faulty(const char *const *rules, uint32_t sector_bytes)
{
    server = lab_faulty("disk.img", rules);
    if (server == 0) {
        print_message("no FUSE here\n");
        skip();
    }
    open_loop("mnt/disk", sector_bytes);
}

static void check_all_good(const char *file, size_t bytes, uint32_t block_sectors)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    size_t padded = (size_t)t->sectors * t->main_bytes;
    uint8_t *want = contents(file, bytes), *data = malloc(padded), *states = malloc((size_t)t->sectors);
    if (!read_all(block_sectors, EXH_THOROUGH, data, states))
        fail_msg("%s", err.text);
    assert_memory_equal(data, want, bytes);
    for (size_t i = bytes; i < padded; i++)
        assert_int_equal(data[i], 0);
    for (size_t i = 0; i < t->sectors; i++)
        assert_int_equal(states[i], EXH_GOOD);
    assert_int_equal(faults.count, 0);
    free(want), free(data), free(states);
}

static void whole_device(void **state)
{
    (void)state;
    open_loop("disk.img", 512);
    assert_string_equal(medium->format, "device");
    assert_false(medium->concurrent);
    assert_false(medium->endless);
    assert_int_equal(medium->unit_sectors, 1);
    assert_int_equal(medium->layout->kind, EXH_LAYOUT_DISK);
    assert_int_equal(exh_layout_bytes(medium->layout), SIZE);
    assert_int_equal(medium->layout->tracks[0].main_bytes, 512);
    check_all_good("disk.img", SIZE, 2048);
}

static void large_sectors(void **state)
{
    (void)state;
    open_loop("disk.img", 4096);
    assert_int_equal(medium->layout->tracks[0].main_bytes, 4096);
    assert_int_equal(medium->layout->tracks[0].sectors, SIZE / 4096);
    check_all_good("disk.img", SIZE, 100);
}

/* The kernel lets a device of 4096-byte sectors end inside one. The layout says so; whether those bytes can be read is the kernel's affair
 * (Linux 6.18: EIO), and when they cannot, that is a bad sector and not the loss of a neighbour or of the device. */
static void odd_tail(void **state)
{
    (void)state;
    enum { WHOLE = 10 * 4096, BYTES = WHOLE + 1536 };
    lab_file("odd.img", BYTES, 3);
    open_loop("odd.img", 4096);
    assert_int_equal(exh_layout_bytes(medium->layout), BYTES);
    assert_int_equal(medium->layout->tracks[0].sectors, 11);
    assert_int_equal(medium->layout->tracks[0].tail_bytes, 1536);
    uint8_t *data = malloc(11 * 4096), states[11], *want = contents("odd.img", BYTES), *zeros = calloc(1, 4096);
    assert_true(read_all(8, EXH_THOROUGH, data, states));
    assert_memory_equal(data, want, WHOLE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(states[i], EXH_GOOD);
    assert_true(states[10] == EXH_GOOD || (states[10] == EXH_BAD && faults.count > 0));
    assert_memory_equal(data + WHOLE, states[10] == EXH_GOOD ? want + WHOLE : zeros, 1536);
    assert_memory_equal(data + BYTES, zeros, 4096 - 1536);
    free(data), free(want), free(zeros);
}

static void sector_size_asked_for(void **state)
{
    (void)state;
    open_loop("disk.img", 4096);
    struct exh_medium *other = exh_device_open(loop.path, &(struct exh_device_options){.sector_bytes = 8192}, &err);
    assert_non_null(other);
    assert_int_equal(other->layout->tracks[0].main_bytes, 8192);
    exh_medium_close(other);
    assert_null(exh_device_open(loop.path, &(struct exh_device_options){.sector_bytes = 512}, &err));
    assert_int_equal(err.code, EXH_USAGE);
    assert_null(exh_device_open(loop.path, &(struct exh_device_options){.sector_bytes = 6144}, &err));
    assert_int_equal(err.code, EXH_USAGE);
}

static void not_devices(void **state)
{
    (void)state;
    assert_null(exh_device_open(lab_path("disk.img"), NULL, &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    exh_error_clear(&err);
    assert_null(exh_device_open(lab_path("absent"), NULL, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.file, lab_path("absent"));
}

/* Which sectors are bad, as the rules below make them. */
static bool is_bad(uint64_t lba)
{
    return lba == 0 || lba == 2000 || (lba >= 2002 && lba < 2004) || lba == 4095 || lba == 4096 || (lba >= 9000 && lba < 9100) ||
           lba == SIZE / 512 - 1;
}

static const char *const bad_rules[] = {
    "bad:0:512:61", "bad:1024000:512:61", "bad:1025024:1024:5", "bad:2096640:1024:61", "bad:4608000:51200:61", "bad:8388096:512:5", NULL};

static void check_states(const uint8_t *data, const uint8_t *states, size_t sectors, size_t sector_bytes)
{
    uint8_t *want = contents("disk.img", SIZE), *zeros = calloc(1, sector_bytes);
    for (size_t i = 0; i < sectors; i++) {
        bool bad = false;
        for (size_t k = 0; k < sector_bytes / 512; k++)
            bad = bad || is_bad(i * (sector_bytes / 512) + k);
        assert_int_equal(states[i], bad ? EXH_BAD : EXH_GOOD);
        assert_memory_equal(data + i * sector_bytes, bad ? zeros : want + i * sector_bytes, sector_bytes);
    }
    free(want), free(zeros);
}

static void exactly_the_bad_sectors(void **state)
{
    (void)state;
    open_faulty(bad_rules, 512);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512);
    assert_true(read_all(2048, EXH_THOROUGH, data, states));
    check_states(data, states, SIZE / 512, 512);
    bool enodata = false, eio = false;
    for (size_t i = 0; i < faults.count; i++) { /* every single-sector fault is of a sector that is bad, with the device's errno */
        const struct exh_fault *f = &faults.items[i];
        if (f->count != 1)
            continue;
        assert_true(is_bad((uint64_t)f->lba));
        bool is_eio = f->lba == 2002 || f->lba == 2003 || f->lba == SIZE / 512 - 1;
        if (f->attempt == 2)
            assert_int_equal(f->sys, is_eio ? EIO : ENODATA);
        enodata = enodata || f->sys == ENODATA;
        eio = eio || f->sys == EIO;
    }
    assert_true(enodata && eio);
    free(data), free(states);
}

static void exactly_the_bad_large_sectors(void **state)
{
    (void)state;
    open_faulty(bad_rules, 4096);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 4096);
    assert_true(read_all(256, EXH_THOROUGH, data, states));
    check_states(data, states, SIZE / 4096, 4096);
    free(data), free(states);
}

/* A caller's buffer that O_DIRECT does not take must cost no neighbour. */
static void unaligned_buffer(void **state)
{
    (void)state;
    open_faulty(bad_rules, 512);
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_block block;
    assert_true(exh_block_open(&block, 256, 512, 0, &err));
    uint8_t *aligned = block.main, *room = malloc(200 * 512 + 1);
    block.main = room + 1;
    struct exh_want want = {.track = t, .lba = 1900, .count = 200, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(block.state[i], is_bad(1900 + i) ? EXH_BAD : EXH_GOOD);
    assert_int_equal(block.bad, 3);
    free(room);
    block.main = aligned;
    exh_block_close(&block);
}

static void once_keeps_the_good_prefix(void **state)
{
    (void)state;
    open_faulty((const char *const[]){"bad:1024000:512:61", NULL}, 512);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512), *want = contents("disk.img", SIZE);
    assert_true(read_all(2048, EXH_ONCE, data, states));
    for (size_t i = 0; i < SIZE / 512; i++)
        assert_int_equal(states[i], i >= 2000 && i < 2048 ? EXH_UNREAD : EXH_GOOD);
    assert_memory_equal(data, want, 1024000);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].lba, 2000);
    assert_int_equal(faults.items[0].count, 48);
    assert_int_equal(faults.items[0].attempt, 1);
    free(data), free(states), free(want);
}

/* A single sector is always read with O_DIRECT: it alone is lost, with the device's own errno. */
static void once_loses_no_neighbour(void **state)
{
    (void)state;
    struct exh_block block;
    open_faulty((const char *const[]){"bad:1024000:512:61", NULL}, 512);
    assert_true(medium->failing);
    uint8_t *want_data = contents("disk.img", SIZE);
    assert_true(exh_block_open(&block, 1, 512, 0, &err));
    for (int64_t lba = 1996; lba < 2005; lba++) {
        struct exh_want want = {.track = &medium->layout->tracks[0], .lba = lba, .count = 1, .effort = EXH_ONCE};
        assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
        assert_int_equal(block.state[0], lba == 2000 ? EXH_UNREAD : EXH_GOOD);
        assert_true(block.micros > 0);
        if (lba != 2000)
            assert_memory_equal(block.main, want_data + lba * 512, 512);
    }
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].lba, 2000);
    assert_int_equal(faults.items[0].sys, ENODATA);
    exh_block_close(&block);
    free(want_data);
}

static size_t lines_of(const char *name)
{
    FILE *f = fopen(lab_path(name), "re");
    size_t lines = 0;
    for (int c = f != NULL ? fgetc(f) : EOF; c != EOF; c = fgetc(f))
        lines += c == '\n';
    if (f != NULL)
        (void)fclose(f);
    return lines;
}

/* One bad sector in a block of 2048, in the middle: tens of reads, not thousands. */
static void reads_grow_again(void **state)
{
    (void)state;
    char log[200];
    (void)snprintf(log, sizeof log, "log:%s", lab_path("reads.log"));
    (void)unlink(lab_path("reads.log"));
    open_faulty((const char *const[]){"bad:512000:512:61", log, NULL}, 512);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512);
    /* The device has failed before, so the block is read with O_DIRECT, and its failure tells of no good prefix. */
    assert_true(read_all(2048, EXH_THOROUGH, data, states));
    size_t before = lines_of("reads.log");
    struct exh_block block;
    assert_true(exh_block_open(&block, 2048, 512, 0, &err));
    struct exh_want want = {.track = &medium->layout->tracks[0], .lba = 0, .count = 2048, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_int_equal(block.bad, 1);
    assert_int_equal(block.state[1000], EXH_BAD);
    assert_in_range(lines_of("reads.log") - before, 2, 200);
    exh_block_close(&block);
    free(data), free(states);
}

/* A sector that fails in the block's read and succeeds on its own is good, and the failure is on record. Sector 0 fails for good, so that
 * the later block is read with O_DIRECT: read-ahead would use up the one failure unseen. */
static void a_later_try_counts(void **state)
{
    (void)state;
    open_faulty((const char *const[]){"bad:0:512:61", "bad:7168000:512:61:1", NULL}, 512);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512), *want = contents("disk.img", SIZE);
    assert_true(read_all(2048, EXH_THOROUGH, data, states));
    assert_int_equal(states[0], EXH_BAD);
    for (size_t i = 1; i < SIZE / 512; i++)
        assert_int_equal(states[i], EXH_GOOD);
    assert_memory_equal(data + 512, want + 512, SIZE - 512);
    size_t covering = 0;
    for (size_t i = 0; i < faults.count; i++)
        covering += faults.items[i].lba <= 14000 && faults.items[i].lba + faults.items[i].count > 14000;
    assert_int_equal(covering, 1);
    free(data), free(states), free(want);
}

/* Every sector unreadable on a device that is there: bad, and the reading goes on. */
static void all_bad_is_not_gone(void **state)
{
    (void)state;
    open_faulty((const char *const[]){"bad:1048576:1048576:5", NULL}, 512);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512);
    assert_true(read_all(2048, EXH_THOROUGH, data, states));
    for (size_t i = 0; i < SIZE / 512; i++)
        assert_int_equal(states[i], i >= 2048 && i < 4096 ? EXH_BAD : EXH_GOOD);
    free(data), free(states);
}

static void check_gone(int64_t lba)
{
    char text[64];
    (void)snprintf(text, sizeof text, "device lost at LBA %lld:", (long long)lba);
    assert_int_equal(err.code, EXH_GONE);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    if (strncmp(err.text, text, strlen(text)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", err.text, text);
    assert_int_equal(err.at, (uint64_t)lba * 512);
}

static void shrunk_device_is_gone(void **state)
{
    (void)state;
    open_loop("disk.img", 512);
    assert_int_equal(truncate(lab_path("disk.img"), SIZE / 2), 0);
    assert_int_equal(ioctl(loop.fd, LOOP_SET_CAPACITY, 0), 0);
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512);
    assert_false(read_all(3000, EXH_THOROUGH, data, states));
    check_gone(SIZE / 2 / 512);
    free(data), free(states);
}

static void pulled_device_is_gone(void **state)
{
    (void)state;
    open_faulty((const char *const[]){"bad:1024000:7364608:19", NULL}, 512); /* ENODEV from LBA 2000 on */
    uint8_t *data = malloc(SIZE), *states = malloc(SIZE / 512);
    bool ok = read_all(2048, EXH_THOROUGH, data, states);
    assert_false(ok);
    assert_int_equal(err.sys, ENODEV);
    check_gone(2000);
    free(data), free(states);
}

/* EIO for ever, the size unchanged, but the node is not to be had any more: not a million bad sectors. */
static void ejected_medium_is_gone(void **state)
{
    (void)state;
    char when[200];
    struct stat st;
    struct exh_block block;
    (void)snprintf(when, sizeof when, "when:%s", lab_path("switch"));
    open_faulty((const char *const[]){"bad:0:8388608:5", when, NULL}, 512);
    exh_medium_close(medium);
    medium = NULL;
    assert_int_equal(fstat(loop.fd, &st), 0);
    (void)unlink(lab_path("node"));
    if (mknod(lab_path("node"), S_IFBLK | 0600, st.st_rdev) != 0 || (medium = exh_device_open(lab_path("node"), NULL, &err)) == NULL) {
        print_message("no device nodes in %s\n", lab_folder);
        skip();
    }
    assert_true(exh_block_open(&block, 2048, 512, 0, &err));
    struct exh_want want = {.track = &medium->layout->tracks[0], .lba = 0, .count = 2048, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    int fd = open(lab_path("switch"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && close(fd) == 0 && unlink(lab_path("node")) == 0);
    want.lba = 4096;
    bool ok = exh_medium_read(medium, NULL, &want, &block, &faults, &err);
    exh_block_close(&block);
    assert_false(ok);
    check_gone(4096);
}

static void facts_of_a_loop_device(void **state)
{
    (void)state;
    struct exh_device_facts *f = malloc(sizeof *f);
    open_loop("disk.img", 4096);
    assert_true(exh_device_facts(medium, f, &err));
    assert_string_equal(f->path, loop.path);
    assert_string_equal(f->node, loop.path);
    assert_string_equal(f->bus, "loop");
    assert_string_equal(f->backing, lab_path("disk.img"));
    assert_int_equal(f->bytes, SIZE);
    assert_int_equal(f->logical_sector_bytes, 4096);
    assert_int_equal(f->major, 7);
    assert_true(f->read_only);
    assert_false(f->partition || f->optical || f->mounted_rw);
    assert_string_equal(f->mounts, "");
    assert_true(exh_device_same(medium, f, &err));
    f->bytes += 512;
    assert_false(exh_device_same(medium, f, &err));
    assert_int_equal(err.code, EXH_GONE);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    free(f);
}

/* ---- the list ---- */

static bool find_loop(void *context, const struct exh_device_facts *f)
{
    if (strcmp(f->path, loop.path) == 0)
        *(bool *)context = f->bytes == SIZE && strcmp(f->backing, lab_path("disk.img")) == 0;
    assert_true(strncmp(f->path, "/dev/zram", 9) != 0 && strncmp(f->path, "/dev/ram", 8) != 0);
    if (strncmp(f->path, "/dev/loop", 9) == 0)
        assert_true(f->backing[0] != '\0');
    return true;
}

static void the_list_has_it(void **state)
{
    (void)state;
    bool found = false;
    open_loop("disk.img", 512);
    assert_true(exh_device_list(find_loop, &found, &err));
    assert_true(found);
}

int main(void)
{
    if (!lab_open()) {
        lab_close();
        return 77;
    }
#define CASE(f) cmocka_unit_test_setup_teardown(f, reset, clean)
    const struct CMUnitTest tests[] = {
        CASE(whole_device),
        CASE(large_sectors),
        CASE(odd_tail),
        CASE(sector_size_asked_for),
        CASE(not_devices),
        CASE(exactly_the_bad_sectors),
        CASE(exactly_the_bad_large_sectors),
        CASE(unaligned_buffer),
        CASE(once_keeps_the_good_prefix),
        CASE(once_loses_no_neighbour),
        CASE(reads_grow_again),
        CASE(a_later_try_counts),
        CASE(all_bad_is_not_gone),
        CASE(shrunk_device_is_gone),
        CASE(pulled_device_is_gone),
        CASE(ejected_medium_is_gone),
        CASE(facts_of_a_loop_device),
        CASE(the_list_has_it),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lab_close();
    return failed;
}
