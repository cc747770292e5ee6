/* progress.h - events on stderr: one line at 4 Hz on a terminal, JSON lines otherwise.
 *
 * Where --progress json was asked for in so many words, every line on stderr is one JSON object whose "event" is phase, progress, fault, warning,
 * message or error: talk and errors too. On a stderr that is merely no terminal they stay in plain words, for whoever reads the log.
 *
 * While a medium is read in passes the terminal gets a second line with its map (progress_map.h), and the JSON lines the pass and how many
 * sectors are untried, untrimmed, unscraped and bad. */
#ifndef EXH_REPORT_CLI_PROGRESS_H
#define EXH_REPORT_CLI_PROGRESS_H

#include <jansson.h>

#include "report/cli/progress_map.h"
#include "verify/watch.h"

#define EXH_NOTICES_KEPT 8u

enum exh_progress_mode { EXH_PROGRESS_NONE, EXH_PROGRESS_LINE, EXH_PROGRESS_PLAIN, EXH_PROGRESS_JSON };

struct exh_progress {
    enum exh_progress_mode mode;
    bool quiet;
    bool json_only; /* --progress json: nothing else goes to stderr */
    bool line_open; /* the terminal line has text on it; the cursor waits at its beginning */
    bool utf8;      /* the terminal is said to show UTF-8 */
    bool maps;      /* it can show a second line */
    char phase[64], pass[32];
    bool in_passes; /* areas were told of in this phase */
    bool map_due;   /* and something failed, or it is read in more than the first pass: there is something to see */
    struct exh_progress_map map;
    struct exh_event last; /* the newest progress */
    uint64_t phase_start_ms, last_ms;
    char notices[EXH_NOTICES_KEPT][512]; /* the first warnings, for the record */
    size_t notice_count;                 /* of all */
    uint64_t faults_told;
};

/* "auto", "plain", "json", "none"; false for another word. */
EXH_MUST_CHECK bool exh_progress_open(struct exh_progress *progress, const char *mode, bool quiet);
void exh_progress_event(void *progress, const struct exh_event *event);
/* Tells the object, whose reference it takes, as a line of this event; NULL, for want of memory, is told, too. */
void exh_progress_line(const char *event, json_t *line);
/* Ends the terminal line so that other text can follow. */
void exh_progress_break(struct exh_progress *progress);

#endif
