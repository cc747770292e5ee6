/* sysfs.h - the tree of block devices as the kernel shows it: attributes, partitions, what is stacked on what, what is mounted.
 *
 * Linux Documentation/ABI sysfs-block and sysfs-class; proc(5) mountinfo. Where the trees are is a parameter, so that tests can make one up.
 * Attribute values come from devices and are not trusted: they leave here as one line of valid UTF-8 without control characters,
 * trimmed, cut to the room given. Nothing here opens a device. */
#ifndef EXH_ACQUIRE_SYSFS_H
#define EXH_ACQUIRE_SYSFS_H

#include <limits.h>
#include <stddef.h>

#include "formats/model/error.h"

struct exh_machine {
    const char *sys;       /* "/sys" */
    const char *mountinfo; /* "/proc/self/mountinfo" */
    const char *udev;      /* "/run/udev/data" */
};
extern const struct exh_machine exh_this_machine;

struct exh_devno {
    unsigned major, minor;
};

/* The device's real directory ("/sys/devices/.../block/sda/sda1"); false when the tree has no such device. */
bool exh_sysfs_dir(const struct exh_machine *machine, struct exh_devno device, char out[PATH_MAX]);
bool exh_sysfs_devno(const char *dir, struct exh_devno *out);
/* The hardware behind a SCSI generic character device ("/sys/devices/.../0:0:0:0"); false when the tree has no such device. */
bool exh_sysfs_generic(const struct exh_machine *machine, struct exh_devno generic, char out[PATH_MAX]);
/* The block device that a driver makes of this hardware; false when there is none. */
bool exh_sysfs_block_of(const char *hardware, struct exh_devno *out);
/* The device of a name in /dev, "sda1"; false when there is none. */
bool exh_sysfs_named(const struct exh_machine *machine, const char *name, struct exh_devno *out);
/* An attribute below dir, cleaned; false and out empty when it is absent or empty. */
bool exh_sysfs_text(const char *dir, const char *attribute, char *out, size_t room);
bool exh_sysfs_number(const char *dir, const char *attribute, uint64_t *out);
size_t exh_sysfs_bytes(const char *dir, const char *attribute, uint8_t *out, size_t room);
/* The same cleaning for text from elsewhere. */
void exh_sysfs_clean(const uint8_t *bytes, size_t length, char *out, size_t room);

#define EXH_DEVSET_MAX 512u /* a disk has at most 256 partitions; stacks are a few high */
struct exh_devset {
    struct exh_devno items[EXH_DEVSET_MAX];
    size_t count;
    bool full; /* some did not fit: what is not in the set is not known to be outside */
};
bool exh_devset_has(const struct exh_devset *set, struct exh_devno device);
/* True when it was not in the set yet and is now. */
bool exh_devset_add(struct exh_devset *set, struct exh_devno device);

/* Adds the device, its partitions, and whatever is stacked on them (holders), at any depth. */
void exh_sysfs_above(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set);
/* Adds the device, the disk it is a partition of, and whatever they are stacked on (slaves), at any depth. Loop files are the caller's. */
void exh_sysfs_below(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set);
/* Adds the other devices of a btrfs that lies on several. */
void exh_sysfs_btrfs(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set);

struct exh_mount {
    uint64_t id;
    struct exh_devno device;                      /* of the file system; major 0 when it has none of its own (btrfs, overlay, tmpfs) */
    const char *folder, *type, *source, *options; /* options of the superblock, as they stand */
    bool writable;                                /* the superblock is: a read-only bind mount of it does not count */
};
/* Calls row for each mount until one returns false. False and err only when the table cannot be read. */
EXH_MUST_CHECK bool exh_mounts_each(const struct exh_machine *machine, bool (*row)(void *context, const struct exh_mount *), void *context,
                                    struct exh_error *err);
/* The block device a mount is on: its own number, or by its source where that names a node. False: none. */
bool exh_mount_device(const struct exh_machine *machine, const struct exh_mount *mount, struct exh_devno *out);

#endif
