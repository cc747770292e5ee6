/* vhdx_log.h - the log of a VHDX, replayed in memory: a source that reads like the file would after its log was written home. The file stays as it
 * is.
 *
 * Nothing of the log's data is kept in memory, only where each change lies. Entries count when length, checksum, identifier and the sequence numbers
 * of their parts agree; the run of entries with the highest sequence number whose tail lies within it is applied from that tail on. */
#ifndef EXH_FORMATS_DISK_VHDX_LOG_H
#define EXH_FORMATS_DISK_VHDX_LOG_H

#include "formats/model/source.h"

#define EXH_VHDX_SECTOR 4096u            /* of the log, and what a change is a multiple of */
#define EXH_VHDX_FILE_MAX (128ull << 40) /* twice the largest disk: no change lies behind it */
#define EXH_VHDX_CHANGES_MAX (1u << 20)

struct exh_vhdx_log {         /* what replaying found */
    bool pending;             /* the header says that there is a log */
    uint32_t entries;         /* applied; 0: no whole run of them is there */
    uint64_t at;              /* of the last one */
    uint64_t first, last;     /* sequence numbers */
    uint64_t sectors, zeroed; /* sectors written by it, bytes made zeros */
    uint64_t file_bytes;      /* the file's size as the log has it */
};

/* `file` is borrowed until the overlay is closed, which closes it too, or released, which does not. NULL and err: EXH_CORRUPT when the file is
 * shorter than the log says, EXH_LIMIT when the log claims too much. A log without a usable run gives a source that changes nothing. */
struct exh_source *exh_vhdx_replay(struct exh_source *file, uint64_t log_at, uint32_t log_bytes, const uint8_t guid[16], struct exh_vhdx_log *told,
                                   struct exh_error *err);
void exh_vhdx_replay_release(struct exh_source *overlay); /* NULL-safe */

#endif
