/* device.c - a block device as a medium. See device.h; Linux block layer through blockdev.h.
 *
 * The fast path reads through the page cache, not with O_DIRECT. With one reader and one request at a time, O_DIRECT leaves the device idle
 * between two requests, while the kernel's read-ahead keeps the next one in flight: measured on a loop device that itself reads past
 * the cache, 512 MiB in 1 MiB reads went at 1.4 to 1.7 GB/s buffered and 0.8 to 0.95 GB/s with O_DIRECT; where the data was cached below, both
 * were equal. What is bad about the cache is undone: stale pages are dropped before the first read and used ones behind every read, and
 * as soon as a read fails, O_DIRECT takes over for a stretch of blocks. Read-ahead hides no error: a page it could not fill is not
 * up to date, and the read that wants it asks the device again and fails itself. But the cache fails by pages, and calls every error EIO;
 * only O_DIRECT fails by sectors, with the device's own errno. (Dropping pages makes the kernel write dirty ones first; there are none unless
 * somebody else is writing to the device, and then it would write them by itself.) */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "acquire/blockdev.h"
#include "acquire/device.h"

#define CALM_SECTORS 32u /* so many good sectors behind a bad one, and reads grow again */
#define WARY_BLOCKS 64u  /* so many blocks are read with O_DIRECT after one that failed */
#define BAD_RUN 16u      /* so many bad sectors in a row, and the device is asked whether it is still there (and at each doubling) */

struct device {
    struct exh_medium medium;
    struct exh_layout layout;
    struct exh_blockdev block;
    uint8_t *bounce; /* one sector, aligned for O_DIRECT, for callers whose buffer is not */
    uint32_t wary;   /* blocks still to be read with O_DIRECT */
};

/* One want on its way. */
struct run {
    struct device *device;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
    struct exh_error *err;
    uint32_t attempt;
};

static uint32_t sector_bytes_of(const struct run *r) { return r->want->track->main_bytes; }

static bool lost(const struct run *r, int64_t lba, int sys, const char *why)
{
    uint64_t at = (uint64_t)lba * sector_bytes_of(r);
    if (sys != 0)
        (void)exh_fail_sys(r->err, sys, at, "device lost at LBA %lld", (long long)lba);
    else
        (void)exh_fail(r->err, EXH_GONE, at, "device lost at LBA %lld: %s", (long long)lba, why);
    (void)exh_on_side(r->err, EXH_SIDE_SOURCE);
    return exh_in_file(r->err, r->device->block.path);
}

static bool still_there(const struct run *r, int64_t lba)
{
    struct exh_error why = {0};
    return exh_blockdev_present(&r->device->block, &why) || lost(r, lba, 0, why.text);
}

static bool fits_direct(const struct device *d, uint64_t offset, const void *buffer, size_t length)
{
    uint32_t unit = d->block.logical_bytes;
    return d->block.direct >= 0 && offset % unit == 0 && length % unit == 0 && (uintptr_t)buffer % unit == 0;
}

static struct exh_blockdev_outcome read_direct(struct device *d, uint64_t offset, uint8_t *buffer, size_t length)
{
    struct exh_blockdev_outcome o;
    if (fits_direct(d, offset, buffer, length)) {
        o = exh_blockdev_read(&d->block, true, offset, buffer, length);
        if (o.sys != EINVAL)
            return o;
        /* The range is inside the device and aligned to its sectors: a driver that cannot do O_DIRECT at all. */
        (void)close(d->block.direct);
        d->block.direct = -1;
    } else if (length <= d->layout.tracks[0].main_bytes && fits_direct(d, offset, d->bounce, length)) {
        o = exh_blockdev_read(&d->block, true, offset, d->bounce, length);
        memcpy(buffer, d->bounce, o.good);
        return o;
    }
    return exh_blockdev_read(&d->block, false, offset, buffer, length);
}

static struct exh_blockdev_outcome read_cached(struct device *d, uint64_t offset, uint8_t *buffer, size_t length)
{
    struct exh_blockdev_outcome o = exh_blockdev_read(&d->block, false, offset, buffer, length);
    (void)posix_fadvise(d->block.fd, (off_t)offset, (off_t)length, POSIX_FADV_DONTNEED);
    return o;
}

static bool add_fault(const struct run *r, uint32_t pos, uint32_t count, const struct exh_blockdev_outcome *o)
{
    struct exh_fault fault = {.lba = r->want->lba + pos, .count = count, .sys = o->sys, .milliseconds = o->milliseconds, .attempt = r->attempt};
    return exh_faults_add(r->faults, &fault, r->err);
}

/* Reads `count` sectors at `pos` of the block once, marks the good prefix and says how long it is. False: cannot go on. */
static bool attempt(struct run *r, uint32_t pos, uint32_t count, bool direct, uint32_t *good)
{
    struct device *d = r->device;
    uint32_t sector = sector_bytes_of(r);
    int64_t lba = r->want->lba + pos;
    uint64_t offset = (uint64_t)lba * sector;
    size_t length = (size_t)exh_track_bytes(r->want->track, lba, count);
    uint8_t *to = r->out->main + (size_t)pos * sector;
    struct exh_blockdev_outcome o = direct ? read_direct(d, offset, to, length) : read_cached(d, offset, to, length);

    *good = o.good == length ? count : (uint32_t)(o.good / sector);
    memset(r->out->state + pos, EXH_GOOD, *good);
    if (o.good == length)
        return true;
    if (o.sys == 0)
        return lost(r, lba + *good, 0, "it ends before the size it had");
    if (o.sys == ENODEV || o.sys == ENXIO || o.sys == ENOMEDIUM)
        return lost(r, lba + *good, o.sys, NULL);
    d->wary = WARY_BLOCKS;
    return add_fault(r, pos + *good, count - *good, &o);
}

/* From `pos` on sector by sector. After CALM_SECTORS good ones the reads grow again, so that a bad sector costs tens of reads and not one for
 * each sector of the block; growing from below, and not halving from above, keeps small the number of reads that touch the bad sector. */
static bool scrape(struct run *r, uint32_t pos)
{
    uint32_t count = r->want->count, step = 1, calm = 0, bad = 0;
    while (pos < count) {
        uint32_t n = step < count - pos ? step : count - pos, good;
        if (!attempt(r, pos, n, true, &good))
            return false;
        pos += good;
        if (good == n) {
            calm += n;
            bad = 0;
            if (calm >= CALM_SECTORS)
                step *= 2;
            continue;
        }
        calm = 0;
        step = 1;
        if (n > 1)
            continue;
        r->out->state[pos++] = EXH_BAD;
        if (++bad >= BAD_RUN && (bad & (bad - 1)) == 0 && !still_there(r, r->want->lba + pos - bad))
            return false;
    }
    /* Errors up to the end of the block may be bad sectors, or a medium that is gone while the driver says EIO for ever. */
    return bad == 0 || still_there(r, r->want->lba + count - bad);
}

static bool device_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                        struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    struct device *d = (struct device *)medium;
    struct run r = {.device = d, .want = want, .out = out, .faults = faults, .err = err, .attempt = 1};
    size_t valid = (size_t)exh_track_bytes(want->track, want->lba, want->count);
    memset(out->main + valid, 0, (size_t)want->count * want->track->main_bytes - valid);
    bool direct = d->wary > 0;
    if (direct)
        d->wary--;
    uint32_t good;
    if (!attempt(&r, 0, want->count, direct, &good))
        return false;
    if (good == want->count)
        return true;
    if (want->effort == EXH_ONCE)
        return still_there(&r, want->lba + good);
    r.attempt = 2;
    return scrape(&r, good);
}

static void device_close(struct exh_medium *medium)
{
    struct device *d = (struct device *)medium;
    exh_blockdev_close(&d->block);
    free(d->bounce);
    free(d);
}

static const struct exh_medium_ops device_ops = {.read = device_read, .close = device_close};

static bool prepare(struct device *d, const char *path, uint32_t sector_bytes, struct exh_error *err)
{
    if (!exh_blockdev_open(path, &d->block, err))
        return false;
    uint32_t logical = d->block.logical_bytes, sector = sector_bytes != 0 ? sector_bytes : logical;
    if (sector % logical != 0 || sector > EXH_SECTOR_BYTES_MAX)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "sectors of %u bytes were asked for, but %s has sectors of %u: a multiple is needed", sector,
                        path, logical);
    exh_layout_disk(&d->layout, d->block.bytes, sector);
    if (!exh_layout_check(&d->layout, err))
        return exh_in_file(err, path);
    d->bounce = aligned_alloc(logical, sector);
    if (d->bounce == NULL)
        return exh_nomem(err, "a device's buffer");
    (void)posix_fadvise(d->block.fd, 0, 0, POSIX_FADV_DONTNEED);
    (void)posix_fadvise(d->block.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

struct exh_medium *exh_device_open(const char *path, uint32_t sector_bytes, struct exh_error *err)
{
    struct device *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a device");
        return NULL;
    }
    d->block.fd = d->block.direct = -1;
    d->medium = (struct exh_medium){.ops = &device_ops, .format = "device", .layout = &d->layout, .failing = true, .unit_sectors = 1};
    if (!prepare(d, path, sector_bytes, err)) {
        device_close(&d->medium);
        return NULL;
    }
    return &d->medium;
}
