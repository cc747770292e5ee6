/* losses.h - what an image of a layout would lose in a format (exh_format.fits), or has lost already (exh_medium.losses): of what kind, and in words.
 *
 * The kind is for programs: by it report/ knows whether the image's record keeps what the image does not. The text is for people and names places
 * ("INDEX 02 of track 3"); nothing is ever read back from it. */
#ifndef EXH_FORMATS_MODEL_LOSSES_H
#define EXH_FORMATS_MODEL_LOSSES_H

#include "formats/model/disc.h"

enum exh_loss_kind {
    /* Of a disc. */
    EXH_LOSS_MEDIUM,           /* that it is a CD-R, a DVD, ... */
    EXH_LOSS_MCN,              /* catalogue number */
    EXH_LOSS_CDTEXT,           /* packs, or texts in them */
    EXH_LOSS_TEXT,             /* texts of a descriptor that are in no pack */
    EXH_LOSS_INDEX,            /* INDEX 02 and higher */
    EXH_LOSS_LEAD_OUT,         /* where sessions end */
    EXH_LOSS_DISC_TYPE,        /* of sessions: CD-i, XA */
    EXH_LOSS_TOC_ROWS,         /* of the full TOC, as a drive gave them */
    EXH_LOSS_SESSION_POINTERS, /* POINT B0 and C0, which the format has and this layout has not: nothing of the image is lost */
    /* Of tracks. */
    EXH_LOSS_TRACK, /* mode, control bits and place at once */
    EXH_LOSS_TRACK_NUMBER,
    EXH_LOSS_TRACK_SESSION,
    EXH_LOSS_TRACK_MODE,
    EXH_LOSS_TRACK_PLACE, /* LBA, and gaps between tracks */
    EXH_LOSS_TRACK_CONTROL,
    EXH_LOSS_ISRC,
    EXH_LOSS_PREGAP,      /* how long pregap and postgap are, where INDEX 01 lies */
    EXH_LOSS_PREGAP_DATA, /* sectors of a stored pregap */
    /* Of sectors. */
    EXH_LOSS_SUBCHANNEL,   /* of tracks */
    EXH_LOSS_SECTOR_FRAME, /* header, subheader, EDC, parities: of sectors */
    EXH_LOSS_SECTOR_SIZE,
    /* Of any image. */
    EXH_LOSS_CASE,       /* case fields */
    EXH_LOSS_UNREADABLE, /* the list of unreadable sectors */
    EXH_LOSS_KINDS
};
const char *exh_loss_name(enum exh_loss_kind kind); /* a stable word: "cd-text", "isrc", "subchannel" */

struct exh_loss {
    enum exh_loss_kind kind;
    uint64_t count; /* how many of what the kind counts: packs, indexes, rows, texts, sessions, tracks, sectors, fields */
    char text[240];
};

struct exh_losses {
    struct exh_loss *items;
    size_t count, capacity;
};

/* EXH_LIMIT beyond what a disc of 99 tracks with 98 indexes each could lose. */
EXH_MUST_CHECK bool exh_losses_add(struct exh_losses *losses, enum exh_loss_kind kind, uint64_t count, struct exh_error *err, const char *fmt, ...)
    EXH_PRINTF(5, 6);
bool exh_losses_have(const struct exh_losses *losses, enum exh_loss_kind kind); /* losses may be NULL */
/* Frees what it holds, not itself. */
void exh_losses_close(struct exh_losses *losses);

/* What layout->disc (may be NULL) knows, of a format that keeps the disc's sectors and tracks. What follows from the tracks is no loss: that a medium
 * is a CD, a lead-out right behind a session's last track. */
EXH_MUST_CHECK bool exh_losses_of_disc(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);

#endif
