/* device.h - the one door to every device: opened read-only, never written; and what the device says of itself.
 *
 * exh_device_open gives a medium over a block device, which a process of its own reads (reader.h): open it before any thread is started. No other
 * process opens the device at all.
 *
 * A disk whose sectors the kernel does not show, and a SCSI generic device (/dev/sgN), is read by commands alone, as scsi_disk.h says. Of all others:
 * THOROUGH reading goes down to single logical sectors with O_DIRECT, so that a bad sector never costs a neighbour (a buffered read loses a whole
 * page); ONCE is one attempt, whose good prefix may end at a page's start unless it was a single sector. Every errno but EINTR and EAGAIN is a failed
 * range; after failures the device is asked whether it is still there, before a sector is called bad. Gone, without its medium, or with another one
 * is EXH_GONE and says which; so is an early end of file, which is never the end of the medium. A device that does not answer: EXH_CANCELLED,
 * EXH_TIMED_OUT. One thread at a time. */
#ifndef EXH_ACQUIRE_DEVICE_H
#define EXH_ACQUIRE_DEVICE_H

#include "acquire/reader.h"
#include "formats/model/medium.h"

/* What kind of thing a SOURCE argument names. */
enum exh_source_kind { EXH_SOURCE_DEVICE, EXH_SOURCE_FILE, EXH_SOURCE_STDIN, EXH_SOURCE_NBD };

struct exh_device_facts {
    char path[256]; /* as given */
    char node[256]; /* the resolved node, "/dev/sda"; of a SCSI generic device the disk's, where it has one */
    unsigned major, minor;
    bool generic;                                         /* a SCSI generic device; major and minor are its own */
    uint64_t bytes;                                       /* BLKGETSIZE64, or what the disk answers to READ CAPACITY */
    uint32_t logical_sector_bytes, physical_sector_bytes; /* BLKSSZGET, BLKPBSZGET */
    bool read_only;                                       /* BLKROGET */
    bool removable, rotational, optical, partition;
    char mounts[512]; /* "dir (rw), dir (ro)" of it, its partitions and what is stacked on it; empty: none */
    bool mounted_rw;
    char holders[256];                                                        /* dm, md or loop devices stacked on it */
    char backing[256];                                                        /* a loop device's file; empty otherwise */
    char vendor[64], model[128], serial[128], wwn[64], firmware[64], bus[32]; /* empty: not known */
};

/* What identifies the device, as fields (vendor model serial wwn firmware bus); unknown ones are left out. */
EXH_MUST_CHECK bool exh_device_identity(const struct exh_device_facts *facts, struct exh_fields *out, struct exh_error *err);

struct exh_device_options {
    uint32_t sector_bytes;         /* 0: the device's own. An override must be a multiple of it */
    const struct exh_watch *watch; /* reader.h; may be NULL */
    uint32_t timeout_s, warn_s;    /* reader.h */
    bool direct;                   /* always past the page cache, as after exh_medium_past_cache: for a second read */
};

/* options NULL: all zeros. */
struct exh_medium *exh_device_open(const char *path, const struct exh_device_options *options, struct exh_error *err);
/* Size, sector sizes and the read-only flag as the reading process found them at open, the rest from sysfs, udev's database and
 * /proc/self/mountinfo. `medium` here and below must be one of exh_device_open. */
EXH_MUST_CHECK bool exh_device_facts(const struct exh_medium *medium, struct exh_device_facts *out, struct exh_error *err);
/* Is it still the same device, with the same medium? Asked of the device: same node numbers, size, sector sizes, medium; of the machine: serial, wwn.
 * False and err: EXH_GONE naming what changed; EXH_CANCELLED or EXH_TIMED_OUT when it does not answer. */
EXH_MUST_CHECK bool exh_device_same(struct exh_medium *medium, const struct exh_device_facts *before, struct exh_error *err);
/* Of a medium that exh_device_open gave, not of a view of it. NULL: the device takes no commands, or it is another medium. Closed with the medium. */
struct exh_transport *exh_device_transport(struct exh_medium *medium);
/* What the process that reads it gave up. False: it is another medium. */
bool exh_device_privileges(const struct exh_medium *medium, struct exh_reader_privileges *out);

/* Every block device of the machine that can be imaged, in name order: calls row for each; loop devices only when they have a file. Out of sysfs,
 * without opening any but optical drives, which are asked whether there is a disc. */
EXH_MUST_CHECK bool exh_device_list(bool (*row)(void *context, const struct exh_device_facts *), void *context, struct exh_error *err);

#endif
