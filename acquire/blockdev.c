/* blockdev.c - the system calls on one block device. See blockdev.h.
 * Linux: <linux/fs.h> ioctls, open(2) O_DIRECT, pread(2). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "acquire/blockdev.h"
#include "formats/model/layout.h"
#include "formats/model/text.h"

#define AGAIN_MAX 10000 /* a millisecond each: a blocking device that says EAGAIN for ten seconds has failed */

static bool ask_sizes(struct exh_blockdev *d, struct exh_error *err)
{
    int logical = 0, read_only = 0;
    unsigned physical = 0;
    if (ioctl(d->fd, BLKGETSIZE64, &d->bytes) != 0 || ioctl(d->fd, BLKSSZGET, &logical) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "the device does not tell its size");
    if (ioctl(d->fd, BLKPBSZGET, &physical) != 0 || physical == 0)
        physical = (unsigned)logical;
    if (ioctl(d->fd, BLKROGET, &read_only) != 0)
        read_only = 0;
    if (ioctl(d->fd, BLKGETDISKSEQ, &d->sequence) != 0)
        d->sequence = 0;
    d->read_only = read_only != 0;
    if (d->bytes == 0)
        return true;
    if (logical < 512 || (unsigned)logical > EXH_SECTOR_BYTES_MAX || (logical & (logical - 1)) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "logical sectors of %d bytes", logical);
    d->logical_bytes = (uint32_t)logical;
    d->physical_bytes = physical;
    return true;
}

bool exh_blockdev_is(mode_t mode, dev_t device) { return S_ISBLK(mode) || (S_ISCHR(mode) && major(device) == SCSI_GENERIC_MAJOR); }

static bool is_another_kind(struct exh_error *err)
{
    return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "not a block device, nor a SCSI generic one");
}

/* Looks without waiting: a plain open of a fifo waits for its writer, and of an optical drive it pulls the tray in. What is another kind of device is
 * not even opened: a tape would be rewound when it is closed. */
static bool look_at_node(const char *path, struct exh_error *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && !exh_blockdev_is(st.st_mode, st.st_rdev))
        return is_another_kind(err);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), sys = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;
    int drive = sys == 0 && S_ISBLK(st.st_mode) ? ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT) : -1; /* negative: no optical drive */
    if (fd >= 0)
        (void)close(fd);
    if (sys != 0)
        return exh_fail_sys(err, sys, EXH_NO_OFFSET, "cannot open the device");
    if (drive == CDS_TRAY_OPEN)
        return exh_fail_sys(err, ENOMEDIUM, EXH_NO_OFFSET, "the drive's tray is open");
    if (drive == CDS_NO_DISC)
        return exh_fail_sys(err, ENOMEDIUM, EXH_NO_OFFSET, "there is no disc in the drive");
    return true;
}

static bool open_node(const char *path, struct exh_blockdev *d, struct exh_error *err)
{
    struct stat st;
    if (!look_at_node(path, err))
        return false;
    d->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the device");
    if (!exh_blockdev_is(st.st_mode, st.st_rdev))
        return is_another_kind(err);
    d->generic = S_ISCHR(st.st_mode);
    d->major = major(st.st_rdev);
    d->minor = minor(st.st_rdev);
    return d->generic || ask_sizes(d, err);
}

bool exh_blockdev_open(const char *path, struct exh_blockdev *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->fd = out->direct = -1;
    out->path = exh_text_copy(path, strlen(path));
    if (out->path == NULL)
        return exh_nomem(err, "a device");
    if (!open_node(path, out, err)) {
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        return exh_in_file(err, path);
    }
    out->direct = out->bytes > 0 ? open(path, O_RDONLY | O_CLOEXEC | O_DIRECT) : -1;
    return true;
}

void exh_blockdev_close(struct exh_blockdev *device)
{
    if (device->fd >= 0)
        (void)close(device->fd);
    if (device->direct >= 0)
        (void)close(device->direct);
    free(device->path);
    device->fd = device->direct = -1;
    device->path = NULL;
}

static uint64_t micros_since(const struct timespec *start)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t micros = ((int64_t)now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
    return micros < 0 ? 0 : (uint64_t)micros;
}

static void read_on(int fd, uint64_t offset, uint8_t *buffer, size_t length, struct exh_blockdev_outcome *o)
{
    o->good = 0;
    o->sys = 0;
    for (unsigned again = 0; o->good < length;) {
        ssize_t n = pread(fd, buffer + o->good, length - o->good, (off_t)(offset + o->good));
        if (n > 0) {
            o->good += (size_t)n;
        } else if (n == 0) {
            return;
        } else if (errno == EAGAIN && ++again < AGAIN_MAX) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        } else if (errno != EINTR) {
            o->sys = errno;
            return;
        }
    }
}

static bool fits_direct(const struct exh_blockdev *d, uint64_t offset, const void *buffer, size_t length)
{
    uint32_t unit = d->logical_bytes;
    return d->direct >= 0 && offset % unit == 0 && length % unit == 0 && (uintptr_t)buffer % unit == 0;
}

/* False: the range is inside the device and aligned to its sectors, and still O_DIRECT is refused: the driver has none. */
static bool read_direct(struct exh_blockdev *d, uint64_t offset, void *buffer, size_t length, struct exh_blockdev_outcome *o)
{
    if (!fits_direct(d, offset, buffer, length))
        return false;
    read_on(d->direct, offset, buffer, length, o);
    if (o->sys != EINVAL)
        return true;
    (void)close(d->direct);
    d->direct = -1;
    return false;
}

struct exh_blockdev_outcome exh_blockdev_read(struct exh_blockdev *device, bool direct, uint64_t offset, void *buffer, size_t length)
{
    struct exh_blockdev_outcome o = {0};
    struct timespec start;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (!direct || !read_direct(device, offset, buffer, length, &o)) {
        if (direct)
            (void)posix_fadvise(device->fd, (off_t)offset, (off_t)length, POSIX_FADV_DONTNEED);
        read_on(device->fd, offset, buffer, length, &o);
    }
    o.micros = micros_since(&start);
    return o;
}

static bool same_medium(const struct exh_blockdev *before, const struct exh_blockdev *now, struct exh_error *err)
{
    if (now->major != before->major || now->minor != before->minor)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the node is now device %u:%u, it was %u:%u", now->major, now->minor, before->major,
                        before->minor);
    if (now->bytes != before->bytes)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device now has %llu bytes, it had %llu", (unsigned long long)now->bytes,
                        (unsigned long long)before->bytes);
    if (now->logical_bytes != before->logical_bytes)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device now has sectors of %u bytes, it had %u", now->logical_bytes, before->logical_bytes);
    if (now->sequence != before->sequence)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the medium was changed");
    return true;
}

static bool same_size(const struct exh_blockdev *device, struct exh_error *err)
{
    uint64_t bytes = 0;
    if (device->generic)
        return true;
    if (ioctl(device->fd, BLKGETSIZE64, &bytes) != 0 || (bytes == 0 && device->bytes != 0))
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device or its medium was taken away");
    if (bytes != device->bytes)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device now has %llu bytes, it had %llu", (unsigned long long)bytes,
                        (unsigned long long)device->bytes);
    return true;
}

bool exh_blockdev_present(const struct exh_blockdev *device, struct exh_error *err)
{
    struct exh_blockdev now = {.fd = -1, .direct = -1};
    bool same = same_size(device, err) && (open_node(device->path, &now, err) || err->sys == EACCES || err->sys == EPERM);
    same = same && (now.fd < 0 || same_medium(device, &now, err));
    if (!same)
        err->code = EXH_GONE; /* whatever the open said: what was open is no longer to be had */
    else
        exh_error_clear(err);
    exh_blockdev_close(&now);
    return same;
}
