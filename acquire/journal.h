/* journal.h - what an acquisition has done so far, as lines in its staging folder: the proof of what a later run finds there.
 *
 * Append-only text, one write(2) a line, so that a cut leaves at most one torn line at the end (which is ignored):
 *   exhibit-journal 1
 *   s N TIME               run N begins (Unix seconds)
 *   d LBA COUNT CRC        these sectors were written and have this CRC-32 (hex); a later line for the same sectors replaces an earlier one
 *   b LBA COUNT        these sectors could not be read: what is written for them is filling. Before it is, where no map says so (keeper.h)
 *   f LBA COUNT ERRNO KEY ASC ASCQ MILLISECONDS ATTEMPT    a read that failed
 *   p PASS NUMBER READS FAILED SECTORS MICROSECONDS        totals of a pass in this run so far; the last line of a run counts
 *   v CELL SECTORS MICROSECONDS                            speed of a part of the medium (speed.h), at the end of a run
 *   e TIME WHY             the run ended in order, unfinished; without it the run was killed
 * Writing is safe from several threads (each line is one append). Reading is bounded and linear. */
#ifndef EXH_ACQUIRE_JOURNAL_H
#define EXH_ACQUIRE_JOURNAL_H

#include "acquire/passes.h"
#include "acquire/speed.h"
#include "acquire/trouble.h"

#define EXH_JOURNAL_NAME "journal"
#define EXH_JOURNAL_HEAD "exhibit-journal 1"
#define EXH_JOURNAL_LINE_BYTES 510u        /* with its LF */
#define EXH_JOURNAL_BYTES_MAX (2ULL << 30) /* 60 million lines of data: 60 TiB in blocks of 1 MiB */

struct exh_journal; /* for writing */

/* Opens for appending (made when absent); cuts a torn last line off. */
struct exh_journal *exh_journal_open(const char *folder, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_run(struct exh_journal *journal, uint64_t number, uint64_t unix_time, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_data(struct exh_journal *journal, int64_t lba, uint64_t count, uint32_t crc, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_lost(struct exh_journal *journal, int64_t lba, uint64_t count, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_fault(struct exh_journal *journal, const struct exh_fault *fault, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_pass(struct exh_journal *journal, const struct exh_pass_count *count, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_speed(struct exh_journal *journal, const struct exh_speed *speed, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_end(struct exh_journal *journal, uint64_t unix_time, const char *why, struct exh_error *err);
EXH_MUST_CHECK bool exh_journal_sync(struct exh_journal *journal, struct exh_error *err); /* fdatasync */
void exh_journal_close(struct exh_journal *journal);

struct exh_journal_data {
    int64_t lba;
    uint64_t count;
    uint32_t crc;
    uint32_t line; /* later replaces earlier */
};

struct exh_journal_pause {
    uint64_t paused, resumed; /* Unix seconds; paused 0: not known, the run was killed */
    char why[160];
};

/* All that a journal tells, of every run together. */
struct exh_history {
    uint64_t runs;
    struct exh_journal_data *data; /* by LBA, none overlapping another */
    size_t data_count, data_capacity;
    struct exh_sectors lost;       /* BAD: filling, and not data since (which is GOOD) */
    struct exh_pass_count *passes; /* totals over the runs, in the order they first ran */
    size_t pass_count, pass_capacity;
    struct exh_journal_pause *pauses; /* between runs; the last one's `resumed` is 0 until this run begins */
    size_t pause_count, pause_capacity;
    struct exh_trouble trouble;
    struct exh_speed speed; /* cells 0 when none is told */
};

/* No journal: an empty history. EXH_CORRUPT with the line in the text for a line that is none. */
EXH_MUST_CHECK bool exh_journal_read(const char *folder, struct exh_history *out, struct exh_error *err);
void exh_history_close(struct exh_history *history);
/* Adds the counts of a pass to those of the same pass and number. */
EXH_MUST_CHECK bool exh_history_add_pass(struct exh_history *history, const struct exh_pass_count *count, struct exh_error *err);

#endif
