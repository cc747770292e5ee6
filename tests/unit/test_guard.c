/* The guard on real file systems: ext4 and overlay on loop devices, in a mount namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/loop_lab.h"

#include <linux/blkpg.h>

#include "acquire/guard.h"

static struct exh_error err;
static struct lab_loop outer = {.fd = -1}, inner = {.fd = -1};
static char other[200]; /* a folder that has nothing to do with the source */

static bool format(const char *path)
{
    int status;
    return lab_run((const char *const[]){"/sbin/mkfs.ext4", "-q", "-F", path, NULL}, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* An ext4 file system in outer.img, on a loop device, mounted at "outer". */
static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    (void)mkdir(lab_path("outer"), 0700);
    (void)mkdir(lab_path("inner"), 0700);
    (void)mkdir(lab_path("over"), 0700);
    (void)snprintf(other, sizeof other, "%s", lab_path("other"));
    (void)mkdir(other, 0700);
    lab_file("outer.img", 24 << 20, 1);
    if (!format(lab_path("outer.img")) || !lab_loop_open(lab_path("outer.img"), 0, true, &outer) ||
        mount(outer.path, lab_path("outer"), "ext4", 0, NULL) != 0) {
        print_error("cannot mount an ext4 file system here: %s\n", strerror(errno));
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)umount2(lab_path("over"), MNT_DETACH);
    (void)umount2(lab_path("inner"), MNT_DETACH);
    lab_loop_close(&inner);
    (void)umount2(lab_path("outer"), 0);
    lab_loop_close(&outer);
    return 0;
}

static void refused(const char *source, const char *folder)
{
    exh_error_clear(&err);
    assert_false(exh_guard_destination(source, folder, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    assert_string_equal(err.file, folder);
    if (strstr(err.text, "lies on the source") == NULL || strstr(err.text, "cannot be told") != NULL)
        fail_msg("%s", err.text);
}

static void allowed(const char *source, const char *folder)
{
    exh_error_clear(&err);
    if (!exh_guard_destination(source, folder, &err))
        fail_msg("%s: %s", folder, err.text);
}

static void on_the_device_itself(void **state)
{
    (void)state;
    refused(outer.path, lab_path("outer"));
    assert_int_equal(mkdir(lab_path("outer/case"), 0700), 0);
    refused(outer.path, lab_path("outer/case"));
    assert_int_equal(symlink(lab_path("outer/case"), lab_path("link")), 0);
    refused(outer.path, lab_path("link"));
    allowed(outer.path, other);
    assert_int_equal(unlink(lab_path("link")), 0);
}

static struct exh_device_facts *facts_of(const char *path)
{
    struct exh_device_facts *f = malloc(sizeof *f);
    struct exh_medium *medium = exh_device_open(path, NULL, &err);
    if (medium == NULL || !exh_device_facts(medium, f, &err))
        fail_msg("%s: %s", path, err.text);
    exh_medium_close(medium);
    return f;
}

static void facts_say_mounted(void **state)
{
    (void)state;
    char mounts[300];
    struct exh_device_facts *f = facts_of(outer.path);
    (void)snprintf(mounts, sizeof mounts, "%s (rw)", lab_path("outer"));
    assert_string_equal(f->mounts, mounts);
    assert_true(f->mounted_rw);
    free(f);
}

/* A file as source: its folder is a fine destination, but not the file system inside it, nor the file itself. */
static void on_a_file(void **state)
{
    (void)state;
    allowed(lab_path("outer.img"), lab_folder);
    refused(lab_path("outer.img"), lab_path("outer"));
    refused(lab_path("outer.img"), lab_path("outer.img"));
    allowed(lab_path("probe"), lab_path("outer"));
    assert_int_equal(link(lab_path("outer.img"), lab_path("hard.img")), 0);
    refused(lab_path("hard.img"), lab_path("outer"));
    assert_int_equal(unlink(lab_path("hard.img")), 0);
}

static void mount_inner(void)
{
    lab_file("outer/inner.img", 8 << 20, 2);
    assert_true(format(lab_path("outer/inner.img")) && lab_loop_open(lab_path("outer/inner.img"), 0, true, &inner) &&
                mount(inner.path, lab_path("inner"), "ext4", 0, NULL) == 0);
}

/* A file system in a file on a file system on the source. */
static void nested(void **state)
{
    (void)state;
    mount_inner();
    refused(outer.path, lab_path("inner"));
    refused(lab_path("outer.img"), lab_path("inner"));
    refused(lab_path("outer/inner.img"), lab_path("inner"));
    refused(inner.path, lab_path("inner"));
    allowed(inner.path, lab_path("outer")); /* beside the source's own file: writing there does not write into it */
    allowed(inner.path, other);
}

/* The file behind the loop device has no name any more; the driver still knows on what it lies. */
static void nested_in_a_deleted_file(void **state)
{
    (void)state;
    mount_inner();
    assert_int_equal(unlink(lab_path("outer/inner.img")), 0);
    refused(outer.path, lab_path("inner"));
}

static void a_second_loop_over_the_same(void **state)
{
    (void)state;
    struct lab_loop again, stacked;
    assert_true(lab_loop_open(lab_path("outer.img"), 0, false, &again));
    refused(again.path, lab_path("outer"));
    allowed(again.path, other);
    lab_loop_close(&again);
    assert_true(lab_loop_open(outer.path, 0, false, &stacked)); /* a loop over the device: the same bytes */
    refused(stacked.path, lab_path("outer"));
    lab_loop_close(&stacked);
}

static void through_an_overlay(void **state)
{
    (void)state;
    char options[700];
    assert_true(mkdir(lab_path("outer/upper"), 0700) == 0 && mkdir(lab_path("outer/work"), 0700) == 0);
    (void)snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", other, lab_path("outer/upper"), lab_path("outer/work"));
    if (mount("overlay", lab_path("over"), "overlay", 0, options) != 0) {
        print_message("no overlay here: %s\n", strerror(errno));
        skip();
    }
    refused(outer.path, lab_path("over"));
    allowed(lab_path("probe"), lab_path("over"));
}

static bool partition(int operation, int number, long long start, long long length)
{
    struct blkpg_partition part = {.start = start, .length = length, .pno = number};
    struct blkpg_ioctl_arg arg = {.op = operation, .datalen = sizeof part, .data = &part};
    return ioctl(inner.fd, BLKPG, &arg) == 0;
}

/* Imaging one partition to another of the same disk is allowed, the whole disk to one of its partitions is not. */
static void partitions(void **state)
{
    (void)state;
    char first[64], second[64];
    lab_file("disk.img", 24 << 20, 4);
    assert_true(lab_loop_open(lab_path("disk.img"), 0, true, &inner));
    (void)snprintf(first, sizeof first, "%sp1", inner.path);
    (void)snprintf(second, sizeof second, "%sp2", inner.path);
    struct loop_info64 info;
    assert_int_equal(ioctl(inner.fd, LOOP_GET_STATUS64, &info), 0);
    info.lo_flags |= LO_FLAGS_PARTSCAN;
    (void)ioctl(inner.fd, LOOP_SET_STATUS64, &info);
    bool made = partition(BLKPG_ADD_PARTITION, 1, 1 << 20, 8 << 20) && partition(BLKPG_ADD_PARTITION, 2, 10 << 20, 8 << 20);
    if (!made || access(first, F_OK) != 0 || !format(first) || mount(first, lab_path("inner"), "ext4", 0, NULL) != 0) {
        print_message("no partitions on loop devices here: %s\n", strerror(errno));
        (void)partition(BLKPG_DEL_PARTITION, 1, 0, 0);
        (void)partition(BLKPG_DEL_PARTITION, 2, 0, 0);
        skip();
    }
    refused(inner.path, lab_path("inner"));
    refused(first, lab_path("inner"));
    allowed(second, lab_path("inner"));
    struct exh_device_facts *f = facts_of(inner.path);
    assert_true(f->mounted_rw && !f->partition);
    free(f);
    f = facts_of(second);
    assert_true(!f->mounted_rw && f->partition && f->bytes == 8 << 20);
    free(f);
    assert_int_equal(umount2(lab_path("inner"), 0), 0);
    assert_true(partition(BLKPG_DEL_PARTITION, 1, 0, 0) && partition(BLKPG_DEL_PARTITION, 2, 0, 0));
}

static void what_is_not_there(void **state)
{
    (void)state;
    exh_error_clear(&err);
    assert_false(exh_guard_destination(outer.path, lab_path("absent"), &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    exh_error_clear(&err);
    assert_false(exh_guard_destination(lab_path("absent"), other, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_string_equal(err.file, lab_path("absent"));
}

/* Standard input is guarded too when it is a device or a file. */
static void standard_input(void **state)
{
    (void)state;
    int kept = dup(0), device = open(outer.path, O_RDONLY | O_CLOEXEC), ends[2];
    assert_true(kept >= 0 && device >= 0 && dup2(device, 0) == 0 && close(device) == 0);
    refused("-", lab_path("outer"));
    assert_true(pipe(ends) == 0 && dup2(ends[0], 0) == 0);
    allowed("-", lab_path("outer"));
    assert_true(dup2(kept, 0) == 0 && close(kept) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

int main(void)
{
    if (!lab_open()) {
        lab_close();
        return 77;
    }
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(on_the_device_itself),
        CASE(facts_say_mounted),
        CASE(on_a_file),
        CASE(nested),
        CASE(nested_in_a_deleted_file),
        CASE(a_second_loop_over_the_same),
        CASE(through_an_overlay),
        CASE(partitions),
        CASE(what_is_not_there),
        CASE(standard_input),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lab_close();
    return failed;
}
