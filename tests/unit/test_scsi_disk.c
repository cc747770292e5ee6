/* R16: a disk of 520-byte sectors, which the kernel shows with size 0, read by SCSI commands and imaged; R10, R11: what sense data may say, and what
 * is made of it; R3, R8: bad, flaky, busy, reset and gone are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "acquire/acquire.h"
#include "acquire/scsi_disk.h"
#include "acquire/stage.h"
#include "fake_drive.h"

enum { BLOCKS = 8000, ROOM = 1024 };

/* One read on its way: a medium over the drive, a block with room, the faults. */
struct bench {
    struct fake_drive *drive;
    struct exh_medium *medium;
    struct exh_block block;
    struct exh_faults faults;
    struct exh_error err;
};

static void set_up_bench(struct bench *b, struct fake_drive *drive)
{
    memset(b, 0, sizeof *b);
    b->drive = drive;
    b->medium = exh_scsi_disk_open(&drive->transport, "/dev/sg9", &b->err);
    if (b->medium == NULL)
        fail_msg("%s", b->err.text);
    assert_true(exh_block_open(&b->block, ROOM, drive->block_bytes, 0, &b->err));
}

static void tear_down_bench(struct bench *b)
{
    assert_int_equal(b->drive->harm, 0);
    exh_block_close(&b->block);
    exh_faults_close(&b->faults);
    exh_medium_close(b->medium);
    assert_true(b->drive->closed);
}

static bool read_blocks(struct bench *b, int64_t lba, uint32_t count, enum exh_effort effort)
{
    struct exh_want want = {.track = &b->medium->layout->tracks[0], .lba = lba, .count = count, .effort = effort};
    exh_error_clear(&b->err);
    exh_faults_close(&b->faults);
    memset(b->block.main, 0xEE, (size_t)count * b->drive->block_bytes);
    return exh_medium_read(b->medium, NULL, &want, &b->block, &b->faults, &b->err);
}

/* Block by block against what the drive holds: GOOD is its data, anything else zeros; and the states are these: 'g', 'b', 'u'. */
static void block_is(const struct bench *b, const char *states)
{
    uint8_t truth[8192], zeros[8192] = {0};
    assert_int_equal(strlen(states), b->block.count);
    for (uint32_t i = 0; i < b->block.count; i++) {
        uint32_t n = b->drive->block_bytes;
        fake_block(b->drive, (uint64_t)b->block.lba + i, truth);
        char is = b->block.state[i] == EXH_GOOD ? 'g' : b->block.state[i] == EXH_BAD ? 'b' : 'u';
        if (is != states[i])
            fail_msg("block %u is '%c', expected '%c'", i, is, states[i]);
        assert_memory_equal(b->block.main + (size_t)i * n, is == 'g' ? truth : zeros, n);
    }
}

static void add_bad(struct fake_drive *drive, uint64_t first, uint64_t count, uint32_t times, uint8_t key, uint8_t asc, uint8_t ascq)
{
    drive->bad[drive->bad_count++] = (struct fake_bad){first, count, times, {key, asc, ascq}};
}

static void r16_opens_with_the_disks_own_blocks(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {512, 520, 524, 528, 2048, 4096, 4160, 4224};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, sizes[i]);
        drive.no_capacity_16 = i % 2 == 1;
        struct bench b;
        set_up_bench(&b, &drive);
        assert_int_equal(b.medium->layout->tracks[0].main_bytes, sizes[i]);
        assert_int_equal(b.medium->layout->tracks[0].sectors, BLOCKS);
        assert_true(b.medium->failing);
        assert_true(read_blocks(&b, BLOCKS - 3, 3, EXH_ONCE));
        block_is(&b, "ggg");
        assert_true(b.block.micros > 0);
        tear_down_bench(&b);
    }
}

/* More than 2 TiB of blocks: READ(16), and READ(10) below. */
static void r16_addresses_of_more_than_32_bits(void **state)
{
    (void)state;
    struct fake_drive drive = fake_scsi_disk(0x200000000, 520);
    struct bench b;
    set_up_bench(&b, &drive);
    assert_true(read_blocks(&b, 0xFFFFFFF0, 14, EXH_ONCE));
    assert_int_equal(drive.by_opcode[0x88], 0);
    block_is(&b, "gggggggggggggg");
    assert_true(read_blocks(&b, 0xFFFFFFFE, 4, EXH_ONCE));
    block_is(&b, "gggg");
    assert_true(read_blocks(&b, 0x1FFFFFFFE, 2, EXH_ONCE));
    block_is(&b, "gg");
    assert_int_equal(drive.by_opcode[0x88], 2);
    tear_down_bench(&b);
}

static void r16_what_is_no_such_disk(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct fake_drive odd = fake_scsi_disk(BLOCKS, 0), huge = fake_scsi_disk(UINT64_MAX - 1, 4096), empty = fake_scsi_disk(BLOCKS, 520),
                      tape = fake_scsi_disk(BLOCKS, 512), wide = fake_scsi_disk(BLOCKS, 70000);
    empty.no_media = true;
    tape.type = 1;
    assert_null(exh_scsi_disk_open(&odd.transport, "/dev/sg9", &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_string_equal(err.file, "/dev/sg9");
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_null(exh_scsi_disk_open(&huge.transport, "/dev/sg9", &err));
    assert_null(exh_scsi_disk_open(&wide.transport, "/dev/sg9", &err));
    exh_error_clear(&err);
    assert_null(exh_scsi_disk_open(&empty.transport, "/dev/sg9", &err));
    assert_non_null(strstr(err.text, "medium not present"));
    assert_null(exh_scsi_disk_open(&tape.transport, "/dev/sg9", &err));
    assert_false(odd.closed || huge.closed || empty.closed || tape.closed); /* still the caller's */
}

static void thorough_loses_exactly_the_bad_blocks(void **state)
{
    (void)state;
    struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
    struct bench b;
    char states[ROOM + 1];
    add_bad(&drive, 1003, 1, 0, 3, 0x11, 0);
    add_bad(&drive, 1005, 2, 0, 3, 0x11, 4);
    add_bad(&drive, 1000 + 511, 1, 0, 3, 0x11, 0);
    add_bad(&drive, 1000 + ROOM - 1, 1, 0, 3, 0x11, 0);
    set_up_bench(&b, &drive);
    assert_true(read_blocks(&b, 1000, ROOM, EXH_THOROUGH));
    memset(states, 'g', ROOM);
    states[ROOM] = '\0';
    states[3] = states[5] = states[6] = states[511] = states[ROOM - 1] = 'b';
    block_is(&b, states);
    assert_int_equal(b.block.bad, 5);
    assert_true(drive.reads < 400); /* and not one read for each block */
    const struct exh_fault *first = &b.faults.items[0], *last = &b.faults.items[b.faults.count - 1];
    assert_int_equal(first->lba, 1000);
    assert_int_equal(first->attempt, 1);
    assert_int_equal(last->lba, 1000 + ROOM - 1);
    assert_int_equal(last->count, 1);
    assert_int_equal(last->attempt, 2);
    assert_int_equal(last->sys, ENODATA);
    assert_int_equal(last->milliseconds, 7);
    assert_memory_equal(last->sense, ((const uint8_t[3]){3, 0x11, 0}), 3);
    tear_down_bench(&b);
}

/* ONCE: of a read that ended with an error nothing is known, whatever LBA it names; of one that ended well, what arrived. */
static void once_trusts_only_what_arrived(void **state)
{
    (void)state;
    struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
    struct bench b;
    add_bad(&drive, 105, 1, 0, 3, 0x11, 0);
    drive.claims_data = true;
    set_up_bench(&b, &drive);
    uint32_t before = drive.reads;
    assert_true(read_blocks(&b, 100, 8, EXH_ONCE));
    block_is(&b, "uuuuuuuu");
    assert_int_equal(drive.reads, before + 1);
    assert_int_equal(b.faults.count, 1);
    assert_int_equal(b.faults.items[0].lba, 100);
    assert_int_equal(b.faults.items[0].count, 8);
    drive.script[0] = (struct fake_event){.at = drive.sent, .short_by_one = true};
    drive.script_count = 1;
    assert_true(read_blocks(&b, 200, 8, EXH_ONCE));
    block_is(&b, "gggggggu");
    assert_int_equal(b.faults.items[0].lba, 207);
    assert_int_equal(b.faults.items[0].sys, EIO);
    /* A want longer than one command: the first command's blocks stay good. */
    add_bad(&drive, 2000 + 600, 1, 0, 3, 0x11, 0);
    assert_true(read_blocks(&b, 2000, ROOM, EXH_ONCE));
    assert_int_equal(b.block.state[503], EXH_GOOD);
    assert_int_equal(b.block.state[504], EXH_UNREAD);
    assert_int_equal(b.block.bad, ROOM - 504);
    tear_down_bench(&b);
}

/* R10: the LBA in sense data is wrong, outside the request, outside the disk, or not there, in both formats: the same blocks are lost. */
static void r10_the_lba_in_sense_data_is_not_believed(void **state)
{
    (void)state;
    static const uint64_t said[] = {0x1234, 100, 101, 99, 108, UINT32_MAX, UINT64_MAX - 1, 0};
    for (size_t i = 0; i < 4 * sizeof said / sizeof said[0]; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        drive.sense_lba = said[i / 4];
        drive.fixed_sense = (i & 1) != 0;
        drive.sense_without_lba = (i & 2) != 0;
        add_bad(&drive, 103, 2, 0, 3, 0x11, 0);
        set_up_bench(&b, &drive);
        assert_true(read_blocks(&b, 100, 8, EXH_THOROUGH));
        block_is(&b, "gggbbggg");
        assert_true(read_blocks(&b, 100, 8, EXH_ONCE));
        block_is(&b, "uuuuuuuu");
        tear_down_bench(&b);
    }
}

/* R11: a bad block may be told as anything; inside the known size it is a bad block. */
static void r11_a_bad_block_by_any_sense_key(void **state)
{
    (void)state;
    static const uint8_t senses[][3] = {{3, 0x11, 0}, {5, 0x21, 0}, {0xB, 0, 6},  {4, 0x44, 0}, {8, 0, 0},
                                        {5, 0x20, 0}, {5, 0x24, 0}, {7, 0x20, 2}, {9, 0x80, 1}, {0xD, 0, 0}};
    for (size_t i = 0; i < sizeof senses / sizeof senses[0]; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        add_bad(&drive, 103, 1, 0, senses[i][0], senses[i][1], senses[i][2]);
        set_up_bench(&b, &drive);
        assert_true(read_blocks(&b, 100, 8, EXH_THOROUGH));
        block_is(&b, "gggbgggg");
        assert_memory_equal(b.faults.items[0].sense, senses[i], 3);
        assert_int_equal(b.faults.items[0].sys, senses[i][0] == 3 ? ENODATA : EIO);
        tear_down_bench(&b);
    }
}

/* R1: an errno of the transport other than "try again" is a failed range too. */
static void r1_any_errno_is_a_failed_range(void **state)
{
    (void)state;
    static const int codes[] = {EIO, ENODATA, ETIMEDOUT, EREMOTEIO, ENOMEM};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        set_up_bench(&b, &drive);
        drive.script[0] = (struct fake_event){.at = drive.sent, .sys = codes[i]};
        drive.script_count = 1;
        assert_true(read_blocks(&b, 100, 4, EXH_ONCE));
        block_is(&b, "uuuu");
        assert_int_equal(b.faults.items[0].sys, codes[i]);
        drive.script[0] = (struct fake_event){.at = drive.sent, .host_status = 3}; /* DID_TIME_OUT */
        assert_true(read_blocks(&b, 100, 4, EXH_ONCE));
        assert_int_equal(b.faults.items[0].sys, ETIMEDOUT);
        tear_down_bench(&b);
    }
}

/* R8: a block that reads at the second try is good, and its failure is told. */
static void r8_a_flaky_block_is_good(void **state)
{
    (void)state;
    struct fake_drive drive = fake_scsi_disk(BLOCKS, 528);
    struct bench b;
    add_bad(&drive, 103, 1, 1, 3, 0x11, 0);
    set_up_bench(&b, &drive);
    assert_true(read_blocks(&b, 100, 8, EXH_THOROUGH));
    block_is(&b, "gggggggg");
    assert_int_equal(b.faults.count, 1);
    tear_down_bench(&b);
}

/* Recovered errors and busy, resetting or just started drives: the read is made again, nothing is lost, and nothing is a fault. */
static void what_passes_by_itself_is_no_fault(void **state)
{
    (void)state;
    static const struct fake_event events[] = {
        {.status = 8},           {.status = 0x28},        {.host_status = 2},   {.sys = EINTR},
        {.sense = {6, 0x29, 0}}, {.sense = {6, 0x2A, 9}}, {.sense = {2, 4, 1}}, {.sense = {3, 0x11, 0}, .deferred = true}};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        for (int fixed = 0; fixed < 2; fixed++) {
            struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
            struct bench b;
            drive.fixed_sense = fixed != 0;
            set_up_bench(&b, &drive);
            drive.script[0] = events[i];
            drive.script[0].at = drive.sent;
            drive.script_count = 1;
            assert_true(read_blocks(&b, 100, 4, EXH_ONCE));
            block_is(&b, "gggg");
            assert_int_equal(b.faults.count, 0);
            tear_down_bench(&b);
        }
    }
}

static bool recovered(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t n, struct exh_command_reply *r,
                      struct exh_error *err)
{
    static const uint8_t sense[8] = {0x72, 1, 0x17, 1};
    if (!fake_send(t, c, in, n, r, err))
        return false;
    r->status = 2;
    memcpy(r->sense, sense, sizeof sense);
    r->sense_length = sizeof sense;
    return true;
}

static void a_recovered_error_comes_with_its_data(void **state)
{
    (void)state;
    const struct exh_transport_ops ops = {.send = recovered, .close = fake_close};
    struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
    struct bench b;
    drive.transport.ops = &ops;
    set_up_bench(&b, &drive);
    assert_true(read_blocks(&b, 100, 4, EXH_ONCE));
    block_is(&b, "gggg");
    assert_int_equal(b.faults.count, 0);
    tear_down_bench(&b);
}

/* R2, R3: gone is never bad. */
static void r3_gone_is_not_bad(void **state)
{
    (void)state;
    static const struct fake_event events[] = {{.sense = {2, 0x3A, 0}}, {.sense = {6, 0x28, 0}}, {.sense = {2, 4, 2}}, {.sys = ENODEV},
                                               {.sys = ENXIO},          {.host_status = 1},      {.host_status = 15},  {.status = 0x18}};
    for (size_t i = 0; i < 2 * sizeof events / sizeof events[0]; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        set_up_bench(&b, &drive);
        drive.script[0] = events[i / 2];
        drive.script[0].at = drive.sent;
        drive.script_count = 1;
        assert_false(read_blocks(&b, 100, 4, i % 2 == 0 ? EXH_ONCE : EXH_THOROUGH));
        assert_int_equal(b.err.code, EXH_GONE);
        assert_int_equal(b.err.side, EXH_SIDE_SOURCE);
        assert_string_equal(b.err.file, "/dev/sg9");
        assert_non_null(strstr(b.err.text, "LBA 100"));
        assert_int_equal(b.faults.count, 0);
        tear_down_bench(&b);
    }
}

/* A medium that is pulled while errors come in: they end as "gone", from ONCE at the first, from THOROUGH after a run of them. */
static bool pulled(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t n, struct exh_command_reply *r,
                   struct exh_error *err)
{
    struct fake_drive *d = (struct fake_drive *)t;
    if (c->cdb[0] == 0x28) {
        d->sent++;
        return fake_sense(d, r, (const uint8_t[3]){5, 0x21, 0}, 0, false);
    }
    return fake_send(t, c, in, n, r, err);
}

static void r3_a_run_of_errors_is_asked_about(void **state)
{
    (void)state;
    const struct exh_transport_ops ops = {.send = pulled, .close = fake_close};
    for (int way = 0; way < 2; way++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        set_up_bench(&b, &drive);
        drive.transport.ops = &ops;
        assert_true(read_blocks(&b, 100, 100, EXH_ONCE)); /* every read fails, but the disk is there */
        if (way == 0)
            drive.no_media = true;
        else
            drive.blocks = BLOCKS / 2; /* another medium */
        assert_false(read_blocks(&b, 100, 100, EXH_ONCE));
        assert_int_equal(b.err.code, EXH_GONE);
        uint32_t before = drive.sent;
        assert_false(read_blocks(&b, 100, 100, EXH_THOROUGH));
        assert_int_equal(b.err.code, EXH_GONE);
        assert_true(drive.sent - before < 30);
        assert_false(exh_scsi_disk_present(b.medium, &b.err));
        assert_int_equal(b.err.code, EXH_GONE);
        /* Too few errors for a run, but they reach to the end of the want. */
        assert_false(read_blocks(&b, 100, 8, EXH_THOROUGH));
        assert_int_equal(b.err.code, EXH_GONE);
        drive.no_media = false, drive.blocks = BLOCKS;
        assert_true(exh_scsi_disk_present(b.medium, &b.err));
        tear_down_bench(&b);
    }
}

/* After a reset or a change of parameters, and whenever it is asked: another capacity, or a medium that changed in between, is another disk. */
static void r3_another_disk_is_not_read_on(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        set_up_bench(&b, &drive);
        drive.script[0] = (struct fake_event){.at = drive.sent, .sense = {6, 0x2A, 9}};
        drive.script[1] = (struct fake_event){.at = drive.sent + 2, .sense = {6, 0x28, 0}}; /* instead of READ CAPACITY */
        drive.script_count = way == 2 ? 2 : 1;
        drive.blocks += way == 0 ? 1 : 0;
        drive.block_bytes += way == 1 ? 8 : 0;
        assert_false(read_blocks(&b, 100, 4, EXH_ONCE));
        assert_int_equal(b.err.code, EXH_GONE);
        drive.block_bytes = 520;
        tear_down_bench(&b);
    }
}

/* What the transport breaks off keeps its own code, also while the disk is asked whether it is there. */
static bool cancels(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t n, struct exh_command_reply *r,
                    struct exh_error *err)
{
    struct fake_drive *d = (struct fake_drive *)t;
    if (c->cdb[0] != d->type)
        return pulled(t, c, in, n, r, err);
    return exh_fail(err, EXH_CANCELLED, EXH_NO_OFFSET, "stopped");
}

static void a_cancelled_read_is_cancelled(void **state)
{
    (void)state;
    const struct exh_transport_ops ops = {.send = cancels, .close = fake_close};
    static const uint8_t opcodes[] = {0x28, 0x00, 0x9E};
    for (size_t i = 0; i < sizeof opcodes; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct bench b;
        set_up_bench(&b, &drive);
        drive.transport.ops = &ops;
        drive.type = opcodes[i];
        assert_false(read_blocks(&b, 100, 4, EXH_ONCE));
        assert_int_equal(b.err.code, EXH_CANCELLED);
        tear_down_bench(&b);
    }
}

/* At open the disk may have much to say first. */
static void unit_attentions_before_the_first_question(void **state)
{
    (void)state;
    struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
    struct bench b;
    drive.script[0] = (struct fake_event){.at = 0, .sense = {6, 0x29, 0}};
    drive.script[1] = (struct fake_event){.at = 1, .sense = {6, 0x28, 0}};
    drive.script[2] = (struct fake_event){.at = 3, .sense = {6, 0x2A, 1}};
    drive.script_count = 3;
    set_up_bench(&b, &drive);
    assert_true(read_blocks(&b, 0, 1, EXH_ONCE));
    block_is(&b, "g");
    tear_down_bench(&b);
}

/* Random answers and lengths, from the first question on and from the first read on: never a crash, and every block has a state and, if bad, a fault.
 */
static void garbage(void **state)
{
    (void)state;
    unsigned read = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        struct fake_drive drive = fake_scsi_disk(BLOCKS, 520);
        struct exh_error err = {0};
        struct bench b;
        drive.random = i * 7919 + 5;
        drive.garbage_all = true;
        struct exh_medium *m = exh_scsi_disk_open(&drive.transport, "/dev/sg9", &err);
        assert_true(m != NULL || (err.code != EXH_OK && err.text[0] != '\0'));
        exh_medium_close(m);
        drive.garbage_all = drive.closed = false;
        set_up_bench(&b, &drive);
        drive.garbage_all = true;
        bool ok = read_blocks(&b, 100, 16, i % 2 == 0 ? EXH_ONCE : EXH_THOROUGH);
        assert_true(ok || b.err.code == EXH_GONE);
        for (uint32_t k = 0; ok && k < 16; k++) {
            bool told = false;
            for (size_t f = 0; f < b.faults.count; f++)
                told = told || (b.faults.items[f].lba <= 100 + k && 100 + k < b.faults.items[f].lba + b.faults.items[f].count);
            assert_true(b.block.state[k] == EXH_GOOD || told);
        }
        read += ok;
        tear_down_bench(&b);
    }
    assert_true(read > 100); /* not all of them end at once */
}

/* ---- R16, end to end ---- */

static char folder[] = "/tmp/exhibit-scsi-disk.XXXXXX";
static const char *const algorithms[] = {"md5", "sha256"};

static void image(struct fake_drive *drive, const char *name, struct exh_acquire_result *result)
{
    struct exh_error err = {0};
    struct exh_medium *medium = exh_scsi_disk_open(&drive->transport, "/dev/sg9", &err);
    assert_non_null(medium);
    struct exh_plan plan = {.medium = medium,
                            .image = name,
                            .format = exh_format_for_name(name),
                            .compression = EXH_COMPRESS_FAST,
                            .chunk_bytes = 1 << 20,
                            .algorithms = algorithms,
                            .algorithm_count = 2,
                            .program = "exhibit test",
                            .platform = "Linux",
                            .unix_time = 1700000000,
                            .guid = {1, 2, 3, 4},
                            .physical = true,
                            .verify_image = true,
                            .threads = 2};
    memset(result, 0, sizeof *result);
    struct exh_stage *stage = exh_stage_open(name, &err);
    assert_non_null(stage);
    if (!exh_acquire_run(&plan, stage, result, &err))
        fail_msg("%s: %s", name, err.text);
    exh_stage_clear(stage);
    exh_stage_close(stage);
    exh_medium_close(medium);
    assert_int_equal(drive->harm, 0);
    assert_int_equal(result->verification, EXH_MATCH);
}

/* The image read by our own reader equals the drive block by block; bad ones are zeros and listed. */
static void image_equals_drive(const char *name, struct fake_drive *drive)
{
    struct exh_error err = {0};
    struct exh_open options = {.sector_bytes = drive->block_bytes};
    struct exh_medium *medium = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    uint8_t truth[8192], zeros[8192] = {0};
    assert_true(exh_image_open(name, exh_format_for_name(name), &options, &medium, &err));
    const struct exh_track *t = &medium->layout->tracks[0];
    assert_int_equal(t->main_bytes, drive->block_bytes);
    assert_int_equal(t->sectors, drive->blocks);
    assert_true(exh_medium_scratch(medium, &scratch, &err));
    assert_true(exh_block_open(&block, 1000, t->main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < drive->blocks; lba += 1000) {
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = 1000};
        assert_true(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
        for (uint32_t i = 0; i < 1000; i++) {
            fake_block(drive, lba + i, truth);
            bool bad = fake_bad_in(drive, lba + i, 1) != NULL;
            assert_memory_equal(block.main + (size_t)i * t->main_bytes, bad ? zeros : truth, t->main_bytes);
        }
    }
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_scratch_close(scratch);
    exh_medium_close(medium);
}

static void r16_imaged(const char *name, uint32_t block_bytes, bool failing)
{
    struct fake_drive drive = fake_scsi_disk(BLOCKS, block_bytes);
    struct exh_acquire_result result;
    struct stat st;
    if (failing) {
        add_bad(&drive, 0, 1, 0, 3, 0x11, 0);
        add_bad(&drive, 4000, 3, 0, 3, 0x11, 0);
        add_bad(&drive, BLOCKS - 1, 1, 0, 5, 0x21, 0);
        add_bad(&drive, 6000, 1, 1, 0xB, 0x47, 0); /* heals: last, so that the others keep their places */
    }
    assert_int_equal(chdir(folder), 0);
    image(&drive, name, &result);
    assert_int_equal(result.acquisition, failing ? EXH_COMPLETE_WITH_ERRORS : EXH_COMPLETE);
    assert_int_equal(exh_sectors_total(&result.seal.unreadable, EXH_BAD), failing ? 5 : 0);
    assert_int_equal(result.seal.unreadable.count, failing ? 3 : 0);
    image_equals_drive(name, &drive);
    if (strstr(name, ".raw") != NULL) {
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_size, (off_t)BLOCKS * block_bytes);
    }
    for (size_t i = 0; i < result.files.count; i++)
        assert_int_equal(unlink(result.files.items[i]), 0);
    exh_acquire_result_close(&result);
    assert_int_equal(chdir("/"), 0);
}

static void r16_raw(void **state)
{
    (void)state;
    r16_imaged("disk.raw", 520, false);
    r16_imaged("disk.raw", 520, true);
    r16_imaged("disk.raw", 528, true);
}

static void r16_e01(void **state)
{
    (void)state;
    r16_imaged("disk.E01", 520, false);
    r16_imaged("disk.E01", 520, true);
    r16_imaged("disk.E01", 528, true);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r16_opens_with_the_disks_own_blocks),
        cmocka_unit_test(r16_addresses_of_more_than_32_bits),
        cmocka_unit_test(r16_what_is_no_such_disk),
        cmocka_unit_test(thorough_loses_exactly_the_bad_blocks),
        cmocka_unit_test(once_trusts_only_what_arrived),
        cmocka_unit_test(r10_the_lba_in_sense_data_is_not_believed),
        cmocka_unit_test(r11_a_bad_block_by_any_sense_key),
        cmocka_unit_test(r1_any_errno_is_a_failed_range),
        cmocka_unit_test(r8_a_flaky_block_is_good),
        cmocka_unit_test(what_passes_by_itself_is_no_fault),
        cmocka_unit_test(a_recovered_error_comes_with_its_data),
        cmocka_unit_test(r3_gone_is_not_bad),
        cmocka_unit_test(r3_a_run_of_errors_is_asked_about),
        cmocka_unit_test(r3_another_disk_is_not_read_on),
        cmocka_unit_test(a_cancelled_read_is_cancelled),
        cmocka_unit_test(unit_attentions_before_the_first_question),
        cmocka_unit_test(garbage),
        cmocka_unit_test(r16_raw),
        cmocka_unit_test(r16_e01),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
