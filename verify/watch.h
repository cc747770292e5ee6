/* watch.h - events out of an engine, and the wish to stop into it.
 * event() is called from whichever thread has something to tell, never from two at once: the pipeline tells under its own lock, but a device that
 * does not answer tells from the read it holds up, beside the pipeline. So every event goes through exh_watch_tell, which takes the watch's turn. */
#ifndef EXH_VERIFY_WATCH_H
#define EXH_VERIFY_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "formats/model/medium.h"

enum exh_event_kind {
    EXH_EVENT_PHASE,    /* text: "acquire", "read back", ... ; total_bytes of the phase */
    EXH_EVENT_PROGRESS, /* done_bytes, total_bytes, lba, bad_sectors */
    EXH_EVENT_FAULT,    /* fault: one failed read */
    EXH_EVENT_AREA,     /* lba, count, total_sectors, area, text (the pass): what came of some sectors of a medium read in passes */
    EXH_EVENT_WARNING   /* text */
};

struct exh_event {
    enum exh_event_kind kind;
    const char *text;
    uint64_t done_bytes, total_bytes; /* total EXH_SECTORS_UNKNOWN when not known */
    int64_t lba;
    uint64_t bad_sectors;
    uint64_t count, total_sectors;
    char area; /* as in a mapfile: '?' untried, '*' untrimmed, '/' unscraped, '-' bad, '+' read */
    const struct exh_fault *fault;
};

struct exh_watch {
    void (*event)(void *context, const struct exh_event *event); /* may be NULL */
    void *context;
    const atomic_bool *cancel; /* may be NULL; set from a signal handler */
    pthread_mutex_t *turn;     /* held around event(), which must not tell anything itself; NULL: no medium tells of itself (a device does) */
};

void exh_watch_tell(const struct exh_watch *watch, const struct exh_event *event); /* watch may be NULL, here and below */

void exh_watch_phase(const struct exh_watch *watch, const char *text, uint64_t total_bytes);
void exh_watch_warn(const struct exh_watch *watch, const char *fmt, ...) EXH_PRINTF(2, 3);
/* Sectors that are now in this area, of total sectors in all; lba counts from the first sector that is to be read. pass: the name of the pass that
 * put them there (acquire/passes.h), or NULL for what an earlier run left. What was never told of is untried. */
void exh_watch_area(const struct exh_watch *watch, int64_t lba, uint64_t count, uint64_t total, char area, const char *pass);
bool exh_watch_cancelled(const struct exh_watch *watch);

#endif
