/* ewf_kept.h - what an earlier, interrupted run left of an E01: its closed segments, taken over by the run that goes on. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_KEPT_H
#define EXH_FORMATS_EVIDENCE_EWF_KEPT_H

#include "formats/evidence/ewf_sections.h"
#include "formats/model/sink.h"

struct exh_ewf_kept {
    uint32_t segments;      /* taken over */
    struct exh_names files; /* theirs, as exh_sink.files has them */
    /* What their headers say that this run may see otherwise (the machine was restarted with another kernel): theirs stands. NULL: as given. */
    char *program, *platform;
    uint64_t unix_time;
};

/* Finds the closed segments of the image whose first is `first` in create->folder and create->folders, those that hold exactly
 * create->resume_sectors sectors, and removes what lies behind them. EXH_NOT_FOUND when fewer are there; EXH_USAGE when no segment ends at that
 * sector; EXH_REFUSED when they are of another acquisition: another set GUID, shape or case data than `meant` and create->fields say.
 * Nothing is removed when it fails with one of these. exh_ewf_kept_close frees. */
EXH_MUST_CHECK bool exh_ewf_kept_take(const struct exh_create *create, const char *first, const struct exh_ewf_volume *meant,
                                      struct exh_ewf_kept *out, struct exh_error *err);
void exh_ewf_kept_close(struct exh_ewf_kept *kept);

#endif
