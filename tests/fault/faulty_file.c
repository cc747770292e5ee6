/* faulty_file.c - a file system of one file, "disk", that reads like IMAGE but for chosen byte ranges.
 *
 *     faulty_file IMAGE MOUNTPOINT [RULE...]          in the foreground, until it is unmounted or gets SIGTERM
 *
 *     bad:OFFSET:LENGTH:ERRNO        a read that touches the range fails, whole, with this errno
 *     bad:OFFSET:LENGTH:ERRNO:TIMES  only the first TIMES such reads do
 *     end:OFFSET                     the file shows its size, but reads end at OFFSET
 *     when:FILE                      the rules hold only while FILE exists
 *     slow:MILLISECONDS              each read takes so long (always)
 *     slow:MILLISECONDS:OFFSET:LENGTH  a read that touches the range does (always)
 *     slow:MILLISECONDS:OFFSET:LENGTH:FILE  and only while FILE exists
 *     hang:OFFSET:LENGTH:FILE        a read that touches the range waits until FILE does not exist (always)
 *     log:FILE                       each read adds the line "OFFSET LENGTH ERRNO"
 *
 * Under a loop device (losetup -r) it is a disk with bad sectors: the kernel hands the errno on. Written to the libfuse 3 high-level API. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_MAX 256

struct bad_range {
    uint64_t offset, length;
    int sys;
    uint64_t times; /* left; UINT64_MAX: always */
};

struct hang_range {
    uint64_t offset, length;
    const char *while_exists;
};

static struct {
    int image;
    uint64_t size, end;
    struct bad_range bad[RULES_MAX];
    size_t bad_count;
    struct hang_range hang[RULES_MAX];
    size_t hang_count;
    const char *when;
    int log;
    unsigned slow_ms;
    uint64_t slow_offset, slow_length;
    const char *slow_while;
} disk = {.image = -1, .end = UINT64_MAX, .log = -1, .slow_length = UINT64_MAX};

static bool in_force(void) { return disk.when == NULL || access(disk.when, F_OK) == 0; }

static bool touches(uint64_t offset, uint64_t length, uint64_t from, uint64_t count) { return offset < from + count && offset + length > from; }

/* The errno that a read of this range fails with, or 0. */
static int verdict(uint64_t offset, uint64_t length)
{
    for (size_t i = 0; i < disk.bad_count; i++) {
        struct bad_range *b = &disk.bad[i];
        if (!touches(offset, length, b->offset, b->length) || b->times == 0)
            continue;
        if (b->times != UINT64_MAX)
            b->times--;
        return b->sys;
    }
    return 0;
}

static int show(const char *path, struct stat *st, struct fuse_file_info *info)
{
    (void)info;
    memset(st, 0, sizeof *st);
    if (strcmp(path, "/") == 0) {
        st->st_mode = S_IFDIR | 0555;
        st->st_nlink = 2;
        return 0;
    }
    if (strcmp(path, "/disk") != 0)
        return -ENOENT;
    st->st_mode = S_IFREG | 0444;
    st->st_nlink = 1;
    st->st_size = (off_t)disk.size;
    return 0;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    (void)offset, (void)info, (void)flags;
    if (strcmp(path, "/") != 0)
        return -ENOENT;
    (void)fill(buffer, "disk", NULL, 0, 0);
    return 0;
}

static int open_disk(const char *path, struct fuse_file_info *info)
{
    if (strcmp(path, "/disk") != 0)
        return -ENOENT;
    if ((info->flags & O_ACCMODE) != O_RDONLY)
        return -EROFS;
    info->direct_io = 1; /* the page cache would widen every failure to its pages */
    return 0;
}

static bool hangs(uint64_t offset, uint64_t length)
{
    for (size_t i = 0; i < disk.hang_count; i++)
        if (touches(offset, length, disk.hang[i].offset, disk.hang[i].length) && access(disk.hang[i].while_exists, F_OK) == 0)
            return true;
    return false;
}

static int read_disk(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *info)
{
    (void)path, (void)info;
    if (touches((uint64_t)offset, length, disk.slow_offset, disk.slow_length) && (disk.slow_while == NULL || access(disk.slow_while, F_OK) == 0))
        (void)usleep(disk.slow_ms * 1000);
    while (hangs((uint64_t)offset, length))
        (void)usleep(10000);
    int sys = in_force() ? verdict((uint64_t)offset, length) : 0;
    if (disk.log >= 0)
        (void)dprintf(disk.log, "%lld %zu %d\n", (long long)offset, length, sys);
    if (sys != 0)
        return -sys;
    if (in_force() && (uint64_t)offset >= disk.end)
        return 0;
    if (in_force() && length > disk.end - (uint64_t)offset)
        length = (size_t)(disk.end - (uint64_t)offset);
    ssize_t n = pread(disk.image, buffer, length, offset);
    return n < 0 ? -errno : (int)n;
}

static bool add_bad(const char *text)
{
    unsigned long long offset, length, times = UINT64_MAX;
    int sys;
    if (disk.bad_count == RULES_MAX || sscanf(text, "%llu:%llu:%d:%llu", &offset, &length, &sys, &times) < 3)
        return false;
    disk.bad[disk.bad_count++] = (struct bad_range){offset, length, sys, times};
    return true;
}

static bool add_hang(const char *text)
{
    unsigned long long offset, length;
    int used = 0;
    if (disk.hang_count == RULES_MAX || sscanf(text, "%llu:%llu:%n", &offset, &length, &used) != 2 || used == 0)
        return false;
    disk.hang[disk.hang_count++] = (struct hang_range){offset, length, text + used};
    return true;
}

static bool add_slow(const char *text)
{
    unsigned long long offset = 0, length = UINT64_MAX;
    int used = 0, given = sscanf(text, "%u:%llu:%llu%n", &disk.slow_ms, &offset, &length, &used);
    disk.slow_offset = offset;
    disk.slow_length = length;
    if (used > 0 && text[used] == ':')
        disk.slow_while = text + used + 1;
    return given == 1 || given == 3;
}

static bool add_rule(const char *rule)
{
    unsigned long long end;
    if (strncmp(rule, "hang:", 5) == 0)
        return add_hang(rule + 5);
    if (strncmp(rule, "bad:", 4) == 0)
        return add_bad(rule + 4);
    if (sscanf(rule, "end:%llu", &end) == 1) {
        disk.end = end;
        return true;
    }
    if (strncmp(rule, "slow:", 5) == 0)
        return add_slow(rule + 5);
    if (strncmp(rule, "when:", 5) == 0) {
        disk.when = rule + 5;
        return true;
    }
    if (strncmp(rule, "log:", 4) == 0)
        return (disk.log = open(rule + 4, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) >= 0;
    return false;
}

int main(int argc, char **argv)
{
    static const struct fuse_operations operations = {.getattr = show, .readdir = list, .open = open_disk, .read = read_disk};
    struct stat st;
    if (argc < 3) {
        fprintf(stderr,
                "usage: faulty_file IMAGE MOUNTPOINT [bad:OFFSET:LENGTH:ERRNO[:TIMES] | end:OFFSET | when:FILE | slow:MS[:OFFSET:LENGTH[:FILE]] | "
                "hang:OFFSET:LENGTH:FILE | log:FILE]...\n");
        return 2;
    }
    disk.image = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (disk.image < 0 || fstat(disk.image, &st) != 0) {
        perror(argv[1]);
        return 1;
    }
    disk.size = (uint64_t)st.st_size;
    for (int i = 3; i < argc; i++)
        if (!add_rule(argv[i])) {
            fprintf(stderr, "faulty_file: not a rule: %s\n", argv[i]);
            return 2;
        }
    char foreground[] = "-f", serial[] = "-s";
    char *fuse_arguments[] = {argv[0], foreground, serial, argv[2], NULL};
    return fuse_main(4, fuse_arguments, &operations, NULL);
}
