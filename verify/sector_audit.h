/* sector_audit.h - what the sectors of a disc say of themselves: sync, header, EDC and parities of every 2352-byte data sector, and Q of every stored
 * subchannel, held against the layout.
 *
 * Every sector that fails its EDC is tried with its own parities, in a copy, and counted as EXH_SECTOR_REPAIRABLE where they lead to an EDC that
 * holds; nothing corrected goes anywhere. Each round of a correction must leave fewer failing code words than the one before, of 138, so a track of
 * bad sectors alone costs so much each (some tens of microseconds of noise) and no more: there is no bound beyond which they are not tried.
 *
 * A consumer: its work runs beside the other consumers' on any thread, results are added up in ticket order. What fails here is a fact of the image
 * and no fault of the copy: a disc may have been pressed with it. Counts are of sectors. */
#ifndef EXH_VERIFY_SECTOR_AUDIT_H
#define EXH_VERIFY_SECTOR_AUDIT_H

#include "formats/model/consumer.h"
#include "formats/optical/sector.h"

#define EXH_AUDIT_RANGES_MAX 200u /* kept of each track; the counts have all */
#define EXH_AUDIT_FORMS (EXH_FORM_MODE2_2 + 1)

/* Sectors of one verdict in a row, none of them EXH_SECTOR_OK, _AUDIO, _NO_EDC or _UNCHECKED. */
struct exh_audit_range {
    int64_t lba;
    uint64_t count;
    enum exh_sector_verdict verdict;
};

/* Q of a track's subchannel. All zeros where the track has none. */
struct exh_audit_q {
    uint64_t sectors;               /* looked at: their subchannel is there */
    uint64_t missing;               /* not there, though the track has a subchannel */
    uint64_t blank;                 /* twelve zero bytes: no Q was ever stored; not counted in crc_bad */
    uint64_t crc_good, crc_bad;     /* a few bad ones in a thousand are normal on a good disc */
    uint64_t right, shifted, wrong; /* positions (ADR 1, CRC good): as the layout has it; of another sector nearby; track, index or time wrong */
    int64_t shift;                  /* LBA of Q minus LBA of the sector, of the shifted ones: -1 = the subchannel is stored one sector late */
    bool shift_constant;            /* the same in all shifted ones */
    uint64_t control_differs;       /* positions whose CONTROL (without the copy bit) is not the track's */
    uint64_t mcn, isrc, other;      /* sectors that hold something else than a position */
    int64_t first_bad, first_wrong, first_shifted; /* LBA of the first of crc_bad, wrong, shifted; EXH_NO_LBA (disc.h): none */
};

struct exh_audit_track {
    uint8_t number;
    enum exh_track_kind kind;
    uint32_t main_bytes, sub_bytes;
    uint64_t sectors; /* stored and readable */
    uint64_t unread;  /* stored, but bad or missing: not looked at */
    bool checked;     /* a data track of 2352 bytes: the numbers up to `ranges` say something. Otherwise all sectors are without a check */
    uint64_t verdicts[EXH_SECTOR_COUNT];
    uint64_t forms[EXH_AUDIT_FORMS];
    uint64_t without_ecc;     /* of verdicts[EXH_SECTOR_EDC_BAD]: XA Form 2, which has no parities that could correct anything */
    uint64_t address_differs; /* headers that hold the address of another sector */
    int64_t shift;            /* the address of the first such header minus that of its sector */
    bool shift_constant;      /* all such headers are off by this, and no other header is right */
    uint64_t subheader_differs, mode_differs;
    struct exh_audit_range *ranges;
    size_t range_count, range_capacity;
    uint64_t ranges_left_out;
    struct exh_audit_q q;
    char isrc[13]; /* two equal valid reads of it in Q; "" = none */
    uint64_t isrc_reads;
    bool isrc_disputed; /* another one was read twice too */
};

struct exh_disc_audit {
    struct exh_audit_track *tracks; /* as in the layout; NULL: no audit was made */
    uint32_t track_count;
    char mcn[14]; /* two equal valid reads in Q; "" = none */
    uint64_t mcn_reads;
    bool mcn_disputed;
};

/* Is there anything on this disc that can be audited: data sectors of 2352 bytes, or a subchannel? False for a disk. */
bool exh_disc_audit_applies(const struct exh_layout *layout);
/* Does every stored sector lie under an EDC, and do all of them hold? */
bool exh_disc_audit_edc_holds(const struct exh_disc_audit *audit);
/* Verdicts that speak for the data: EXH_SECTOR_OK, _ECC_OTHER, _ECC_BAD and _RESERVED have an EDC that holds. */
bool exh_audit_edc_is_good(enum exh_sector_verdict verdict);
void exh_disc_audit_close(struct exh_disc_audit *audit); /* frees what it holds, not itself */

struct exh_sector_audit;

/* Borrows the layout. NULL: no memory. */
struct exh_sector_audit *exh_sector_audit_new(const struct exh_layout *layout, struct exh_error *err);
struct exh_consumer *exh_sector_audit_consumer(struct exh_sector_audit *audit);
/* After the run: what was found, handed over. The audit is only to be closed then. */
void exh_sector_audit_take(struct exh_sector_audit *audit, struct exh_disc_audit *out);
void exh_sector_audit_close(struct exh_sector_audit *audit); /* NULL-safe */

#endif
