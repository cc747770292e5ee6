/* device.c - a block device as a medium. See device.h; the device is held and read by another process, through reader.h.
 *
 * The fast path reads through the page cache, not with O_DIRECT. With one reader and one request at a time, O_DIRECT leaves the device idle
 * between two requests, while the kernel's read-ahead keeps the next one in flight: measured on a loop device that itself reads past
 * the cache, 512 MiB in 1 MiB reads went at 1.4 to 1.7 GB/s buffered and 0.8 to 0.95 GB/s with O_DIRECT; where the data was cached below, both
 * were equal. What is bad about the cache is undone: stale pages are dropped before the first read and used ones behind every read, and
 * as soon as a read fails, O_DIRECT takes over for a stretch of blocks. Read-ahead hides no error: a page it could not fill is not
 * up to date, and the read that wants it asks the device again and fails itself. But the cache fails by pages, and calls every error EIO;
 * only O_DIRECT fails by sectors, with the device's own errno. (Dropping pages makes the kernel write dirty ones first; there are none unless
 * somebody else is writing to the device, and then it would write them by itself.)
 *
 * Disks that only commands reach have no fast path: their reads are the disk's of scsi_disk.c, its commands the reader's. */
#include <errno.h>

#include "acquire/device.h"
#include "acquire/identity.h"
#include "acquire/narrow.h"
#include "acquire/scsi_disk.h"

#define WARY_BLOCKS 64u /* so many blocks are read with O_DIRECT after one that failed */

struct device {
    struct exh_medium medium;
    struct exh_layout layout;
    struct exh_reader *reader;
    struct exh_blockdev block; /* what was found at open */
    struct exh_medium *disk;   /* what reads it where only commands do; else NULL */
    const struct exh_watch *watch;
    bool direct;      /* always */
    uint32_t wary;    /* blocks still to be read with O_DIRECT */
    int64_t last_bad; /* the sector that failed alone last */
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
    struct exh_error why;
    exh_error_clear(&why);
    if (exh_reader_present(r->device->reader, &why))
        return true;
    if (why.code == EXH_GONE)
        return lost(r, lba, 0, why.text);
    *r->err = why; /* interrupted, or out of time: that says nothing of the device */
    return false;
}

static bool add_fault(const struct run *r, uint32_t pos, uint32_t count, int sys, const struct exh_reader_outcome *o)
{
    uint64_t ms = o->io.micros / 1000;
    struct exh_fault fault = {
        .lba = r->want->lba + pos, .count = count, .sys = sys, .milliseconds = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX, .attempt = r->attempt};
    memcpy(fault.sense, o->sense, sizeof fault.sense);
    return exh_faults_add(r->faults, &fault, r->err);
}

/* Asking for sense costs one more attempt, so a run of bad sectors is asked about once. */
static bool begins_a_run(const struct device *d, int64_t lba) { return d->last_bad < 0 || lba < d->last_bad - 1 || lba > d->last_bad + 1; }

static void note_time(struct exh_block *block, uint64_t micros)
{
    block->micros = micros < UINT32_MAX - block->micros ? block->micros + (uint32_t)micros : UINT32_MAX;
}

/* Reads `count` sectors at `pos` of the block once, marks the good prefix and says how long it is. False: cannot go on. */
static bool attempt(struct run *r, uint32_t pos, uint32_t count, bool direct, uint32_t *good)
{
    struct device *d = r->device;
    uint32_t sector = sector_bytes_of(r);
    int64_t lba = r->want->lba + pos;
    size_t length = (size_t)exh_track_bytes(r->want->track, lba, count);
    struct exh_reader_outcome o;
    if (!exh_reader_read(d->reader, direct || d->direct, count == 1 && begins_a_run(d, lba), (uint64_t)lba * sector,
                         r->out->main + (size_t)pos * sector, length, &o, r->err))
        return false;

    note_time(r->out, o.io.micros);
    *good = o.io.good == length ? count : (uint32_t)(o.io.good / sector);
    memset(r->out->state + pos, EXH_GOOD, *good);
    if (o.io.good == length)
        return o.healed == 0 || add_fault(r, pos, count, o.healed, &o);
    if (o.io.sys == 0)
        return still_there(r, lba + *good) && lost(r, lba + *good, 0, "it ends before the size it had");
    if (o.io.sys == ENODEV || o.io.sys == ENXIO || o.io.sys == ENOMEDIUM)
        return lost(r, lba + *good, o.io.sys, NULL);
    d->wary = WARY_BLOCKS;
    if (count == 1)
        d->last_bad = lba;
    return add_fault(r, pos + *good, count - *good, o.io.sys, &o);
}

static bool attempt_directly(void *context, uint32_t pos, uint32_t count, uint32_t *good)
{
    struct run *r = context;
    if (exh_watch_cancelled(r->device->watch)) /* a block of bad sectors can take hours */
        return exh_fail(r->err, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
    return attempt(r, pos, count, true, good);
}

static bool run_is_there(void *context, uint32_t pos, uint32_t bad)
{
    const struct run *r = context;
    (void)bad;
    return still_there(r, r->want->lba + pos);
}

static bool device_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                        struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    struct device *d = (struct device *)medium;
    struct run r = {.device = d, .want = want, .out = out, .faults = faults, .err = err, .attempt = 1};
    size_t valid = (size_t)exh_track_bytes(want->track, want->lba, want->count);
    memset(out->main + valid, 0, (size_t)want->count * want->track->main_bytes - valid);
    bool direct = want->count == 1 || d->wary > 0;
    if (want->count > 1 && d->wary > 0)
        d->wary--;
    uint32_t good;
    if (!attempt(&r, 0, want->count, direct, &good))
        return false;
    if (good == want->count)
        return true;
    if (want->effort == EXH_ONCE)
        return still_there(&r, want->lba + good);
    r.attempt = 2;
    const struct exh_narrow narrow = {.context = &r, .attempt = attempt_directly, .present = run_is_there, .state = out->state};
    return exh_narrow(&narrow, good, want->count);
}

static void *device_room(struct exh_medium *medium, size_t bytes) { return exh_reader_room(((struct device *)medium)->reader, bytes); }

static void device_room_release(struct exh_medium *medium, void *room) { exh_reader_room_release(((struct device *)medium)->reader, room); }

static bool device_past_cache(struct exh_medium *medium)
{
    ((struct device *)medium)->direct = true;
    return true;
}

static void device_close(struct exh_medium *medium)
{
    struct device *d = (struct device *)medium;
    exh_medium_close(d->disk);
    exh_reader_close(d->reader);
    exh_blockdev_close(&d->block);
    free(d);
}

static const struct exh_medium_ops device_ops = {
    .read = device_read, .close = device_close, .room = device_room, .room_release = device_room_release, .past_cache = device_past_cache};

/* ---- by commands alone ---- */

static bool disk_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                      struct exh_faults *faults, struct exh_error *err)
{
    struct exh_medium *disk = ((struct device *)medium)->disk;
    return disk->ops->read(disk, scratch, want, out, faults, err);
}

static const struct exh_medium_ops disk_ops = {.read = disk_read, .close = device_close, .past_cache = device_past_cache};

static bool is_ours(const struct exh_medium *medium) { return medium->ops == &device_ops || medium->ops == &disk_ops; }

/* The disk's own reason is worth telling, but of a block device only beside what is wrong with it in the first place. */
static bool is_no_disk(const struct device *d, const struct exh_error *why, struct exh_error *err)
{
    if (d->block.generic || (why->code != EXH_UNSUPPORTED && why->code != EXH_IO && why->code != EXH_CORRUPT)) {
        *err = *why;
        return false;
    }
    (void)exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET,
                   "the kernel shows no readable sectors (no medium, or sectors of an odd size), nor do SCSI commands: %s", why->text);
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    return exh_in_file(err, d->block.path);
}

static bool prepare_disk(struct device *d, uint32_t sector_bytes, struct exh_error *err)
{
    struct exh_error why;
    exh_error_clear(&why);
    d->disk = exh_scsi_disk_open(exh_reader_transport(d->reader), d->block.path, &why);
    if (d->disk == NULL)
        return is_no_disk(d, &why, err);
    uint32_t block = d->disk->layout->tracks[0].main_bytes;
    if (sector_bytes != 0 && sector_bytes != block)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "sectors of %u bytes were asked for, but %s has blocks of %u", sector_bytes, d->block.path,
                        block);
    d->medium.ops = &disk_ops;
    d->medium.layout = d->disk->layout;
    return true;
}

/* ---- open ---- */

static bool prepare_blocks(struct device *d, uint32_t sector_bytes, struct exh_error *err)
{
    uint32_t logical = d->block.logical_bytes, sector = sector_bytes != 0 ? sector_bytes : logical;
    if (sector % logical != 0 || sector > EXH_SECTOR_BYTES_MAX)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "sectors of %u bytes were asked for, but %s has sectors of %u: a multiple is needed", sector,
                        d->block.path, logical);
    exh_layout_disk(&d->layout, d->block.bytes, sector);
    return exh_layout_check(&d->layout, err) || exh_in_file(err, d->block.path);
}

static bool prepare(struct device *d, const char *path, const struct exh_device_options *options, struct exh_error *err)
{
    const struct exh_reader_options reader = {
        .watch = options->watch, .timeout_s = options->timeout_s, .warn_s = options->warn_s, .sector_bytes = options->sector_bytes};
    d->reader = exh_reader_open(path, &reader, &d->block, err);
    if (d->reader == NULL)
        return false;
    return d->block.bytes == 0 ? prepare_disk(d, options->sector_bytes, err) : prepare_blocks(d, options->sector_bytes, err);
}

struct exh_medium *exh_device_open(const char *path, const struct exh_device_options *options, struct exh_error *err)
{
    static const struct exh_device_options none = {0};
    struct device *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a device");
        return NULL;
    }
    options = options != NULL ? options : &none;
    d->watch = options->watch;
    d->direct = options->direct;
    d->last_bad = -1;
    d->block.fd = d->block.direct = -1;
    d->medium = (struct exh_medium){.ops = &device_ops, .format = "device", .layout = &d->layout, .failing = true, .unit_sectors = 1};
    if (!prepare(d, path, options, err)) {
        device_close(&d->medium);
        return NULL;
    }
    return &d->medium;
}

struct exh_transport *exh_device_transport(struct exh_medium *medium)
{
    return is_ours(medium) ? exh_reader_transport(((struct device *)medium)->reader) : NULL;
}

bool exh_device_privileges(const struct exh_medium *medium, struct exh_reader_privileges *out)
{
    if (!is_ours(medium))
        return false;
    *out = exh_reader_privileges(((const struct device *)medium)->reader);
    return true;
}

/* ---- what it is, and whether it still is ---- */

/* The descriptor knows better than sysfs, which may be hidden or old. */
static void facts_of_open(const struct device *d, struct exh_device_facts *out)
{
    out->generic = d->block.generic;
    out->major = d->block.major;
    out->minor = d->block.minor;
    out->bytes = exh_layout_bytes(d->medium.layout);
    out->logical_sector_bytes = d->disk != NULL ? d->medium.layout->tracks[0].main_bytes : d->block.logical_bytes;
    out->physical_sector_bytes = d->disk != NULL ? out->logical_sector_bytes : d->block.physical_bytes;
    out->read_only = d->block.generic ? out->read_only : d->block.read_only;
}

bool exh_device_facts(const struct exh_medium *medium, struct exh_device_facts *out, struct exh_error *err)
{
    const struct device *d = (const struct device *)medium;
    size_t length = strlen(d->block.path);
    memset(out, 0, sizeof *out);
    if (length >= sizeof out->path)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a device's path is longer than %zu bytes", sizeof out->path - 1);
    facts_of_open(d, out);
    if (!exh_identity_read(&exh_this_machine, out, err))
        return exh_in_file(err, d->block.path);
    facts_of_open(d, out);
    memcpy(out->path, d->block.path, length + 1);
    if (out->node[0] == '\0')
        memcpy(out->node, out->path, sizeof out->node);
    return true;
}

static bool same_now(const struct exh_medium *medium, const struct exh_device_facts *before, struct exh_device_facts *now, struct exh_error *err)
{
    char what[400];
    if (!exh_device_facts(medium, now, err))
        return false;
    return !exh_identity_differs(before, now, what, sizeof what) ||
           exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device is not the one it was: %s", what);
}

bool exh_device_same(struct exh_medium *medium, const struct exh_device_facts *before, struct exh_error *err)
{
    struct device *d = (struct device *)medium;
    struct exh_device_facts *now = malloc(sizeof *now);
    if (now == NULL)
        return exh_nomem(err, "a device");
    bool same = exh_reader_present(d->reader, err) && (d->disk == NULL || exh_scsi_disk_present(d->disk, err)) && same_now(medium, before, now, err);
    free(now);
    if (!same) {
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        (void)exh_in_file(err, before->path);
    }
    return same;
}
