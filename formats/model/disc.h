/* disc.h - what is known of an optical disc beside its tracks: catalogue number, further indexes, lead-outs, CD-TEXT, TOC rows.
 *
 * Owned by the medium whose layout points to it, immutable once that is open. LBA = (M * 60 + S) * 75 + F - 150 (MMC-6, 4.1.3).
 * What a descriptor does not say stays empty; nothing is made up. Threads: read by any number of them. */
#ifndef EXH_FORMATS_MODEL_DISC_H
#define EXH_FORMATS_MODEL_DISC_H

#include <stddef.h>

#include "formats/model/layout.h"

#define EXH_DISC_INDEXES_MAX (99u * 98u) /* INDEX 02 to 99 of 99 tracks */
#define EXH_DISC_SESSIONS_MAX 99u
#define EXH_DISC_TOC_ROWS_MAX 4096u
#define EXH_CDTEXT_PACK_BYTES 18u
#define EXH_CDTEXT_PACKS_MAX 2048u /* 8 blocks of 256 packs: the sequence number has one byte */
#define EXH_LBA_MIN (-150)
#define EXH_LBA_MAX 765000 /* 170 minutes: beyond any CD */
#define EXH_NO_LBA INT64_MIN

struct exh_index { /* INDEX 02 and higher; 00 and 01 are in the track */
    uint8_t track, number;
    int64_t lba;
};

struct exh_session {
    uint8_t number;
    int disc_type;    /* of POINT A0: 0x00 CD-DA or CD-ROM, 0x10 CD-i, 0x20 XA; -1 = not said */
    int64_t lead_out; /* LBA where it begins, or EXH_NO_LBA */
};

/* A row of the full TOC (READ TOC format 2), as a descriptor keeps it: binary, not BCD. */
struct exh_toc_row {
    uint8_t session, adr_control /* ADR in the high nibble */, tno, point, msf[3], zero, pmsf[3];
};

struct exh_disc {
    char medium[24]; /* "CD", "CD-R", "DVD", ...; "" = not said */
    char mcn[14];    /* 13 digits; "" = none */
    struct exh_session sessions[EXH_DISC_SESSIONS_MAX];
    uint32_t session_count;
    struct exh_index *indexes; /* in order of track and number */
    size_t index_count, index_capacity;
    struct exh_toc_row *rows; /* kept as found, ADR 5 too */
    size_t row_count, row_capacity;
    uint8_t *cdtext; /* packs of 18 bytes, raw, CRC as found (or computed where the descriptor leaves it out) */
    size_t cdtext_packs, cdtext_capacity;
};

EXH_MUST_CHECK bool exh_disc_add_index(struct exh_disc *disc, unsigned track, unsigned number, int64_t lba, struct exh_error *err);
EXH_MUST_CHECK bool exh_disc_add_row(struct exh_disc *disc, const struct exh_toc_row *row, struct exh_error *err);
EXH_MUST_CHECK bool exh_disc_add_pack(struct exh_disc *disc, const uint8_t pack[EXH_CDTEXT_PACK_BYTES], struct exh_error *err);
/* Sets the lead-out of a session, adding the session when it is new; EXH_LIMIT beyond 99. */
EXH_MUST_CHECK bool exh_disc_set_lead_out(struct exh_disc *disc, unsigned session, int64_t lba, int disc_type, struct exh_error *err);
EXH_MUST_CHECK bool exh_disc_copy(struct exh_disc *to, const struct exh_disc *from, struct exh_error *err); /* to: zeroed */
/* Frees what it holds, not itself. */
void exh_disc_close(struct exh_disc *disc);

#endif
