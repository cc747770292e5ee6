/* progress.h - events on stderr: one line at 4 Hz on a terminal, JSON lines otherwise. */
#ifndef EXH_REPORT_CLI_PROGRESS_H
#define EXH_REPORT_CLI_PROGRESS_H

#include "verify/watch.h"

enum exh_progress_mode { EXH_PROGRESS_NONE, EXH_PROGRESS_LINE, EXH_PROGRESS_PLAIN, EXH_PROGRESS_JSON };

struct exh_progress {
    enum exh_progress_mode mode;
    bool quiet;
    bool line_open; /* the terminal line has text on it */
    char phase[64];
    uint64_t phase_start_ms, last_ms;
    char notices[8][512]; /* warnings, for the record */
    size_t notice_count;
    uint64_t faults_told;
};

/* "auto", "plain", "json", "none"; false for another word. */
EXH_MUST_CHECK bool exh_progress_open(struct exh_progress *progress, const char *mode, bool quiet);
void exh_progress_event(void *progress, const struct exh_event *event);
/* Ends the terminal line so that other text can follow. */
void exh_progress_break(struct exh_progress *progress);

#endif
