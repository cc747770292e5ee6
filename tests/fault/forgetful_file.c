/* forgetful_file.c - a file system of one writable file, "disk", that stops keeping what is written to it.
 *
 *     forgetful_file IMAGE MOUNTPOINT [RULE...]       in the foreground, until it is unmounted or gets SIGTERM
 *
 *     drop:FILE      while FILE exists, writes are reported as done and thrown away
 *     fail:FILE      while FILE exists, writes and fsync fail with EIO
 *     slow:FILE      while FILE exists, each read takes 50 ms
 *     keep:BYTES     of what is written while a rule holds, the first BYTES are kept
 *
 * Under a loop device with a file system it is a disk that dies behind the page cache. Reads come from IMAGE, past the cache (direct_io), so
 * that what is read is what was kept. Written to the libfuse 3 high-level API. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int image;
    uint64_t size, keep;
    const char *drop, *fail, *slow;
} disk = {.image = -1};

static bool holds(const char *file) { return file != NULL && access(file, F_OK) == 0; }

/* Counts a write against what is still kept while a rule holds. */
static bool still_kept(size_t length)
{
    if (length > disk.keep)
        return false;
    disk.keep -= length;
    return true;
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
    st->st_mode = S_IFREG | 0644;
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
    info->direct_io = 1;
    return 0;
}

static int read_disk(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *info)
{
    (void)path, (void)info;
    if (holds(disk.slow))
        (void)usleep(50000);
    ssize_t n = pread(disk.image, buffer, length, offset);
    return n < 0 ? -errno : (int)n;
}

static int write_disk(const char *path, const char *buffer, size_t length, off_t offset, struct fuse_file_info *info)
{
    (void)path, (void)info;
    bool drops = holds(disk.drop), fails = holds(disk.fail);
    if ((drops || fails) && !still_kept(length))
        return fails ? -EIO : (int)length;
    ssize_t n = pwrite(disk.image, buffer, length, offset);
    return n < 0 ? -errno : (int)n;
}

static int sync_disk(const char *path, int data_only, struct fuse_file_info *info)
{
    (void)path, (void)data_only, (void)info;
    return holds(disk.fail) && disk.keep == 0 ? -EIO : 0;
}

static bool add_rule(const char *rule)
{
    unsigned long long keep;
    if (strncmp(rule, "drop:", 5) == 0)
        disk.drop = rule + 5;
    else if (strncmp(rule, "fail:", 5) == 0)
        disk.fail = rule + 5;
    else if (strncmp(rule, "slow:", 5) == 0)
        disk.slow = rule + 5;
    else if (sscanf(rule, "keep:%llu", &keep) == 1)
        disk.keep = keep;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct fuse_operations operations = {
        .getattr = show, .readdir = list, .open = open_disk, .read = read_disk, .write = write_disk, .fsync = sync_disk};
    struct stat st;
    if (argc < 3) {
        fprintf(stderr, "usage: forgetful_file IMAGE MOUNTPOINT [drop:FILE | fail:FILE | slow:FILE | keep:BYTES]...\n");
        return 2;
    }
    disk.image = open(argv[1], O_RDWR | O_CLOEXEC);
    if (disk.image < 0 || fstat(disk.image, &st) != 0) {
        perror(argv[1]);
        return 1;
    }
    disk.size = (uint64_t)st.st_size;
    for (int i = 3; i < argc; i++)
        if (!add_rule(argv[i])) {
            fprintf(stderr, "forgetful_file: not a rule: %s\n", argv[i]);
            return 2;
        }
    char foreground[] = "-f", serial[] = "-s";
    char *fuse_arguments[] = {argv[0], foreground, serial, argv[2], NULL};
    return fuse_main(4, fuse_arguments, &operations, NULL);
}
