/* generic_disk.c - a library to preload, in which one file or device is a disk that takes SCSI commands and can be read in no other way.
 *
 *     LD_PRELOAD=libgeneric_disk.so DISK=PATH DISK_BLOCK=BYTES DISK_HARDWARE=FOLDER [DISK_BAD=LBA] [DISK_TYPE=N] [DISK_EMPTY=FILE] [DISK_LESS=FILE]
 *         program ...
 *
 * PATH is a regular file, which is shown as SCSI generic device 21:0, or a block device, which is shown with size 0. Blocks have DISK_BLOCK bytes;
 * FOLDER is its hardware in sysfs. Block DISK_BAD has a medium error; DISK_TYPE is what INQUIRY says it is (0: a disk); while DISK_EMPTY exists there
 * is no medium; while DISK_LESS exists, it has one block less. SBC-3, SPC-4; a command that is not known gets ILLEGAL REQUEST. It opens, makes and
 * writes nothing, so that it works in a process that may not. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static struct stat disk; /* as it really is */
static uint32_t block_bytes;
static long long bad = -1;
static uint8_t type;
static const char *empty, *less, *hardware;
static char *(*real_realpath)(const char *, char *);

static int real_stat(int folder, const char *path, struct stat *out, int flags) { return (int)syscall(SYS_newfstatat, folder, path, out, flags); }
static bool is_disk(const struct stat *st) { return block_bytes != 0 && st->st_dev == disk.st_dev && st->st_ino == disk.st_ino; }
static bool there(const char *file)
{
    struct stat st;
    return file != NULL && real_stat(AT_FDCWD, file, &st, 0) == 0;
}
static bool holds_disk(int fd)
{
    struct stat st;
    return real_stat(fd, "", &st, AT_EMPTY_PATH) == 0 && is_disk(&st);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("DISK"), *number = getenv("DISK_BLOCK"), *at = getenv("DISK_BAD"), *kind = getenv("DISK_TYPE");
    real_realpath = (char *(*)(const char *, char *))dlsym(RTLD_NEXT, "realpath");
    hardware = getenv("DISK_HARDWARE");
    if (path == NULL || number == NULL || hardware == NULL || real_stat(AT_FDCWD, path, &disk, 0) != 0)
        return;
    block_bytes = (uint32_t)strtoul(number, NULL, 10);
    bad = at != NULL ? strtoll(at, NULL, 10) : -1;
    type = kind != NULL ? (uint8_t)strtoul(kind, NULL, 10) : 0;
    empty = getenv("DISK_EMPTY");
    less = getenv("DISK_LESS");
}

/* ---- the node ---- */

static int show(int result, struct stat *st)
{
    if (result == 0 && is_disk(st) && S_ISREG(st->st_mode)) {
        st->st_mode = S_IFCHR | 0600;
        st->st_rdev = makedev(21, 0);
        st->st_size = 0;
    }
    return result;
}

int stat(const char *path, struct stat *out) { return show(real_stat(AT_FDCWD, path, out, 0), out); }
int fstat(int fd, struct stat *out) { return show(real_stat(fd, "", out, AT_EMPTY_PATH), out); }
int stat64(const char *path, struct stat64 *out) { return stat(path, (struct stat *)out); }
int fstat64(int fd, struct stat64 *out) { return fstat(fd, (struct stat *)out); }

ssize_t pread64(int fd, void *to, size_t length, off64_t at)
{
    if (!holds_disk(fd))
        return syscall(SYS_pread64, fd, to, length, at);
    errno = EIO;
    return -1;
}
ssize_t pread(int fd, void *to, size_t length, off_t at) { return pread64(fd, to, length, at); }

char *realpath(const char *path, char *out)
{
    return real_realpath(block_bytes != 0 && strcmp(path, "/sys/dev/char/21:0/device") == 0 ? hardware : path, out);
}
char *__realpath_chk(const char *path, char *out, size_t room);
char *__realpath_chk(const char *path, char *out, size_t room) { return room >= PATH_MAX ? realpath(path, out) : NULL; }

/* The one attribute that tells a SCSI disk's node from others. */
static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    static const char level[] = "/device/scsi_level";
    size_t n = strlen(path);
    char instead[PATH_MAX];
    if (block_bytes == 0 || n < sizeof level || strcmp(path + n - (sizeof level - 1), level) != 0)
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    snprintf(instead, sizeof instead, "%s/scsi_level", hardware);
    return (int)syscall(SYS_openat, AT_FDCWD, instead, flags, mode);
}

#define MODE(last)                                                                                                                                   \
    mode_t mode = 0;                                                                                                                                 \
    va_list list;                                                                                                                                    \
    va_start(list, last);                                                                                                                            \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0)                                                                                                        \
        mode = va_arg(list, mode_t);                                                                                                                 \
    va_end(list)

int open(const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(AT_FDCWD, path, flags, mode);
}

/* ---- its commands ---- */

static void refuse(sg_io_hdr_t *io, uint8_t key, uint8_t asc)
{
    uint8_t sense[18] = {0x70, 0, key, 0, 0, 0, 0, 10};
    sense[12] = asc;
    io->status = 2;
    io->resid = (int)io->dxfer_len;
    io->sb_len_wr = sizeof sense < io->mx_sb_len ? sizeof sense : io->mx_sb_len;
    memcpy(io->sbp, sense, io->sb_len_wr);
}

static void give(sg_io_hdr_t *io, const uint8_t *bytes, uint32_t length)
{
    uint32_t n = length < io->dxfer_len ? length : io->dxfer_len;
    memcpy(io->dxferp, bytes, n);
    io->resid = (int)(io->dxfer_len - n);
}

static void put_be(uint8_t *to, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        *to++ = (uint8_t)(value >> (8 * bytes));
}

static uint64_t blocks(int fd)
{
    off64_t end = S_ISBLK(disk.st_mode) ? lseek64(fd, 0, SEEK_END) : disk.st_size;
    return (uint64_t)end / block_bytes - (there(less) ? 1 : 0);
}

static void read_10(int fd, sg_io_hdr_t *io)
{
    const uint8_t *c = io->cmdp;
    uint64_t lba = (uint64_t)c[2] << 24 | (uint64_t)c[3] << 16 | (uint64_t)c[4] << 8 | c[5], count = (uint64_t)c[7] << 8 | c[8];
    if (lba + count > blocks(fd) || count * block_bytes != io->dxfer_len)
        refuse(io, 5, 0x21);
    else if (bad >= 0 && (uint64_t)bad >= lba && (uint64_t)bad < lba + count)
        refuse(io, 3, 0x11);
    else if (syscall(SYS_pread64, fd, io->dxferp, io->dxfer_len, lba * block_bytes) != (long)io->dxfer_len)
        refuse(io, 4, 0x44);
}

static int answer(int fd, sg_io_hdr_t *io)
{
    uint8_t bytes[96] = {0};
    io->status = io->sb_len_wr = 0;
    io->host_status = io->driver_status = 0;
    io->resid = 0;
    io->duration = 1;
    if (io->cmdp[0] == 0x12 && io->cmdp[1] == 0) { /* INQUIRY, which needs no medium */
        bytes[0] = type;
        bytes[2] = 6;
        bytes[4] = sizeof bytes - 5;
        memcpy(bytes + 8, "NETAPP  X410_520        NA01", 28);
        give(io, bytes, sizeof bytes);
    } else if (there(empty)) {
        refuse(io, 2, 0x3A);
    } else if (io->cmdp[0] == 0x9E || io->cmdp[0] == 0x25) { /* READ CAPACITY */
        unsigned wide = io->cmdp[0] == 0x9E ? 8 : 4;
        put_be(bytes, blocks(fd) - 1, wide);
        put_be(bytes + wide, block_bytes, 4);
        give(io, bytes, wide == 8 ? 32 : 8);
    } else if (io->cmdp[0] == 0x28) {
        read_10(fd, io);
    } else if (io->cmdp[0] != 0x00) { /* TEST UNIT READY */
        refuse(io, 5, 0x20);
    }
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (!holds_disk(fd))
        return (int)syscall(SYS_ioctl, fd, request, argument);
    if (request == SG_IO)
        return answer(fd, argument);
    if (request == SG_GET_VERSION_NUM) {
        *(int *)argument = 30536;
        return 0;
    }
    if (request == BLKGETSIZE64 && S_ISBLK(disk.st_mode)) {
        *(uint64_t *)argument = 0;
        return 0;
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}
