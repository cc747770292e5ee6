/* blockdev.c - the system calls on one block device. See blockdev.h.
 * Linux: <linux/fs.h> ioctls, open(2) O_DIRECT, pread(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "acquire/blockdev.h"
#include "formats/model/layout.h"
#include "formats/model/text.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t)
#endif

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
    /* Disks of 520 or 528 byte sectors are shown by the kernel with size 0: only SCSI commands reach them. */
    if (d->bytes == 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the kernel shows no readable sectors (no medium, or sectors of an odd size)");
    if (logical < 512 || (unsigned)logical > EXH_SECTOR_BYTES_MAX || (logical & (logical - 1)) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "logical sectors of %d bytes", logical);
    d->logical_bytes = (uint32_t)logical;
    d->physical_bytes = physical;
    d->read_only = read_only != 0;
    return true;
}

static bool open_node(const char *path, struct exh_blockdev *d, struct exh_error *err)
{
    struct stat st;
    d->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the device");
    if (!S_ISBLK(st.st_mode))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "not a block device");
    d->major = major(st.st_rdev);
    d->minor = minor(st.st_rdev);
    return ask_sizes(d, err);
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
    out->direct = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
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

static uint32_t milliseconds_since(const struct timespec *start)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = ((int64_t)now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

struct exh_blockdev_outcome exh_blockdev_read(const struct exh_blockdev *device, bool direct, uint64_t offset, void *buffer, size_t length)
{
    struct exh_blockdev_outcome o = {0};
    struct timespec start;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned again = 0; o.good < length;) {
        ssize_t n = pread(direct ? device->direct : device->fd, (uint8_t *)buffer + o.good, length - o.good, (off_t)(offset + o.good));
        if (n > 0) {
            o.good += (size_t)n;
        } else if (n == 0) {
            break;
        } else if (errno == EAGAIN && ++again < AGAIN_MAX) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        } else if (errno != EINTR) {
            o.sys = errno;
            break;
        }
    }
    o.milliseconds = milliseconds_since(&start);
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

bool exh_blockdev_present(const struct exh_blockdev *device, struct exh_error *err)
{
    struct exh_blockdev now = {.fd = -1, .direct = -1};
    uint64_t bytes = 0;
    if (ioctl(device->fd, BLKGETSIZE64, &bytes) != 0 || bytes != device->bytes)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device now has %llu bytes, it had %llu", (unsigned long long)bytes,
                        (unsigned long long)device->bytes);
    bool same = open_node(device->path, &now, err) && same_medium(device, &now, err);
    if (!same)
        err->code = EXH_GONE; /* whatever the open said: what was open is no longer to be had */
    exh_blockdev_close(&now);
    return same;
}
