/* qcow2.h - QEMU copy-on-write images: versions 1, 2 and 3 (QEMU, docs/interop/qcow2.txt; version 1 by its readers). Big-endian. */
#ifndef EXH_FORMATS_DISK_QCOW2_H
#define EXH_FORMATS_DISK_QCOW2_H

#include "formats/container/luks.h"
#include "formats/disk/mapped_disk.h"

#define EXH_QCOW_OFFSET 0x00FFFFFFFFFFFE00ull /* bits 9 to 55 of an L1, L2 or refcount table entry */
#define EXH_QCOW_COMPRESSED (1ull << 62)
#define EXH_QCOW_ZERO 1ull

extern const struct exh_format exh_format_qcow2;

enum exh_qcow_crypt { EXH_QCOW_PLAIN, EXH_QCOW_AES, EXH_QCOW_LUKS };

struct exh_qcow_snapshot {
    char id[64], name[256];
    uint64_t l1_at, disk_bytes; /* 0: as the disk now */
    uint32_t l1_entries, seconds;
};

/* What qcow2.c, qcow2_crypt.c and qcow2_inspect.c share. */
struct exh_qcow2 {
    struct exh_mapped_disk disk;
    uint32_t version, cluster_bits, l2_bits, crypt, header_bytes, refcount_clusters, snapshot_count, data_file, refcount_order;
    uint64_t disk_bytes, l1_at, l1_entries, refcount_at, snapshots_at, snapshots_bytes, incompatible, compatible, autoclear, backing_at;
    uint32_t backing_length;
    bool extended; /* L2 entries of 16 bytes, 32 subclusters each */
    enum exh_codec codec;
    char backing[1024], backing_format[32], data_name[1024];
    struct exh_qcow_snapshot *snapshots;      /* snapshot_count of them */
    uint64_t active_l1_at, active_l1_entries; /* what is read: the current state's, or a snapshot's */
    uint64_t current_bytes;                   /* of the disk in its current state */
    uint64_t crypt_at, crypt_bytes;           /* the encryption header, of LUKS; 0: none */
    struct exh_luks luks;                     /* EXH_QCOW_LUKS */
};

/* 104 bytes or more and a number of eights, within the first cluster: only then extensions follow ("Header", header_length). */
bool exh_qcow_header_length_holds(const struct exh_qcow2 *q);
static inline uint32_t exh_qcow_entry_bytes(const struct exh_qcow2 *q) { return q->extended ? 16 : 8; }
/* Of a packed cluster: where it lies, and how many bytes it may take, cut at the file's end. */
void exh_qcow_packed(const struct exh_qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *bytes);
/* Of an encrypted image: asks for the passphrase, and makes the disk's cipher. EXH_SECRET: there is none, or it is wrong. */
EXH_MUST_CHECK bool exh_qcow2_unlock(struct exh_qcow2 *q, struct exh_source *source, const struct exh_open *options, struct exh_error *err);
/* A stored place of an encrypted image, which is that of byte `at` of the disk. */
void exh_qcow2_encrypted(const struct exh_qcow2 *q, uint64_t at, struct exh_place *place);
EXH_MUST_CHECK bool exh_qcow2_inspect_crypt(const struct exh_qcow2 *q, struct exh_inspection *in, struct exh_error *err);
bool exh_qcow2_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err);

/* The row's own, in qcow2_write.c: format.h. */
bool exh_qcow2_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
bool exh_qcow2_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
