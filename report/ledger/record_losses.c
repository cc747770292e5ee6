/* record_losses.c - what of an image's losses its record keeps, and where. See record.h. */
#include "report/ledger/record.h"

/* Places in the body of a convert-end or acquire-end; source.layout is of discs, source.sector_size of all. What is not here are bytes, and texts
 * that no layout holds. */
static const char *const places[EXH_LOSS_KINDS] = {
    [EXH_LOSS_MEDIUM] = "source.layout.medium",
    [EXH_LOSS_MCN] = "source.layout.mcn",
    [EXH_LOSS_CDTEXT] = "source.layout.cdtext_packs",
    [EXH_LOSS_INDEX] = "source.layout.tracks[].indexes",
    [EXH_LOSS_LEAD_OUT] = "source.layout.lead_outs[].lba",
    [EXH_LOSS_DISC_TYPE] = "source.layout.lead_outs[].disc_type",
    [EXH_LOSS_TOC_ROWS] = "source.layout.toc",
    [EXH_LOSS_TRACK] = "source.layout.tracks[]",
    [EXH_LOSS_TRACK_NUMBER] = "source.layout.tracks[].number",
    [EXH_LOSS_TRACK_SESSION] = "source.layout.tracks[].session",
    [EXH_LOSS_TRACK_MODE] = "source.layout.tracks[].mode",
    [EXH_LOSS_TRACK_PLACE] = "source.layout.tracks[].first_lba",
    [EXH_LOSS_TRACK_CONTROL] = "source.layout.tracks[].control",
    [EXH_LOSS_ISRC] = "source.layout.tracks[].isrc",
    [EXH_LOSS_PREGAP] = "source.layout.tracks[].pregap",
    [EXH_LOSS_SECTOR_SIZE] = "source.sector_size",
    [EXH_LOSS_CASE] = "case",
    [EXH_LOSS_UNREADABLE] = "unreadable",
};

const char *exh_record_keeps(enum exh_loss_kind kind) { return (unsigned)kind < EXH_LOSS_KINDS ? places[kind] : NULL; }
