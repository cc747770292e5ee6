/* facts.h - what one item of a report says, read once out of its ledger lines; the XML and the HTML page are two ways to write it down.
 *
 * Every text is valid UTF-8 that XML 1.0 can hold: control characters, NUL and broken sequences of a line became U+FFFD on the way in.
 * A fact that no line gives is NULL (text) or marked unknown (number): the pages say "not recorded", they never guess.
 * Texts are owned by the facts and live until exh_facts_close. Shapes are those of report/ledger/record.h. Pure; one thread. */
#ifndef EXH_REPORT_PAGES_FACTS_H
#define EXH_REPORT_PAGES_FACTS_H

#include "formats/model/disc.h"
#include "report/pages/report.h"

enum exh_row_kind { EXH_ROW_TEXT, EXH_ROW_BYTES, EXH_ROW_COUNT, EXH_ROW_SECONDS, EXH_ROW_TIME };

/* One named fact. value is plain ("16777216", "yes", "2026-11-22T07:00:00Z"); the HTML page dresses it by its kind. */
struct exh_row {
    const char *key, *label; /* label NULL: a key beyond those the schema names */
    const char *value;       /* NULL: not recorded */
    enum exh_row_kind kind;
};
struct exh_rows {
    struct exh_row *items;
    size_t count, capacity;
};

struct exh_number {
    uint64_t value;
    bool known;
};

struct exh_fact_file {
    const char *name, *sha256;
    struct exh_number bytes;
};
struct exh_fact_digest {
    const char *scope, *algorithm, *value;
    struct exh_number not_good;
};
struct exh_fact_track {
    uint64_t number, session, sectors, main_bytes, sub_bytes;
    int64_t first_lba;
    const char *mode;
};
struct exh_fact_range {
    int64_t lba;
    uint64_t count;
};
struct exh_fact_fault {
    int64_t lba;
    uint64_t count, sys, attempt;
};
/* --- of a failing or resumed medium: every one of these may be missing from a record --- */

struct exh_fact_pass {
    const char *name; /* "copy", "trim", ...; NULL: not recorded */
    struct exh_number number, reads, failed_reads, sectors_read, milliseconds;
};
/* told: the record has the list at all. malformed: entries of it that are none of their kind, which are left out and counted. */
struct exh_fact_passes {
    struct exh_fact_pass *items;
    size_t count, capacity, malformed;
    bool told;
};
struct exh_fact_speed_cell {
    int64_t lba;
    uint64_t sectors, microseconds; /* of all reads there, both more than 0 */
    uint64_t span;                  /* sectors of the medium, no more than a cell has: what was read again counts in `sectors` each time */
};
struct exh_fact_speed { /* ascending by lba, none overlaps another */
    struct exh_fact_speed_cell *items;
    size_t count, capacity, malformed;
    bool told;
};
struct exh_fact_trouble {
    int64_t lba;
    uint64_t count; /* at least 1; lba and count are believable (EXH_FACTS_LBA_MAX) */
    struct exh_number attempts, sys, milliseconds;
    uint8_t sense[3]; /* key, ASC, ASCQ */
    bool sense_known;
};
struct exh_fact_troubles { /* ascending by lba */
    struct exh_fact_trouble *items;
    size_t count, capacity, malformed;
    bool told;
};
struct exh_fact_changes {
    struct exh_fact_range *items; /* believable, in no order */
    size_t count, capacity, malformed;
    bool told;
    uint64_t sectors; /* of all of them */
};
struct exh_fact_pause {
    const char *paused, *resumed, *why; /* paused NULL: not known, the run was killed */
    struct exh_number seconds, kept_sectors, lost_sectors;
};
struct exh_fact_pauses {
    struct exh_fact_pause *items;
    size_t count, capacity, malformed;
    bool told;
};
enum exh_fact_hidden_state { EXH_FACT_HIDDEN_UNKNOWN, EXH_FACT_HIDDEN_NOT_CHECKED, EXH_FACT_HIDDEN_NONE, EXH_FACT_HIDDEN_FOUND };
struct exh_fact_hidden {
    enum exh_fact_hidden_state state; /* UNKNOWN: not recorded, or no word known here */
    struct exh_number sectors;
    const char *why;
};
enum exh_fact_hidden_kind { EXH_FACT_HPA, EXH_FACT_DCO, EXH_FACT_AMA, EXH_FACT_HIDDEN_KINDS };
struct exh_fact_attribute {
    const char *name;
    struct exh_number id, value, worst, threshold, raw; /* value, worst, threshold 0: not told by the drive */
};
#define EXH_FACTS_ATTRIBUTES_MAX 256u /* of one side; ATA has 30 */
struct exh_fact_health {
    const char *state; /* "passed", "failing", "not-available"; NULL: not recorded */
    const char *kind, *why;
    struct exh_fact_attribute *attributes;
    size_t count, capacity, malformed;
};
struct exh_fact_reading {
    int process, no_new_privileges; /* 1, 0, or -1: not recorded */
    const char *capabilities;
    bool told;
};

/* A disc as LAYOUT tells it, read back with all its checks (record.h): one that contradicts itself is no disc here. */
struct exh_fact_text {     /* of CD-TEXT */
    unsigned block, track; /* track 0: the disc */
    const char *type, *text;
};
struct exh_fact_disc {
    struct exh_layout layout; /* its `disc` is `known`, or NULL */
    struct exh_disc known;
    struct exh_fact_text *texts; /* in order of block, track, type */
    size_t text_count, text_capacity;
};
struct exh_fact_counted {
    const char *name;
    uint64_t count;
};
struct exh_fact_counts {
    struct exh_fact_counted *items;
    size_t count, capacity;
};
struct exh_fact_audit_range {
    int64_t lba;
    uint64_t count;
    const char *verdict;
};
struct exh_fact_audit_track {
    struct exh_number number, sectors, unread, shift_sectors; /* headers that name another sector */
    const char *mode, *isrc;
    bool checked, has_q;
    struct exh_fact_counts verdicts, q;
    struct exh_fact_audit_range *ranges;
    size_t range_count, range_capacity;
};
struct exh_fact_audit { /* AUDIT of a verification; no tracks: none was made */
    struct exh_fact_audit_track *tracks;
    size_t track_count, track_capacity;
    const char *mcn;
};

/* An image that the source, or a verified image, holds only the difference to. Older lines tell the path alone. */
enum exh_fact_identifier { EXH_FACT_IDENTIFIER_UNKNOWN, EXH_FACT_IDENTIFIER_NONE /* none is stored */, EXH_FACT_IDENTIFIER_TOLD };
struct exh_fact_parent {
    const char *path, *format, *sha256; /* sha256 NULL: not computed */
    struct exh_number depth, bytes;
    enum exh_fact_identifier identifier;
    const char *identifier_kind, *identifier_value;
    bool matched;
};
struct exh_fact_lineage { /* no parents and no snapshot: it was opened with none */
    struct exh_fact_parent *parents;
    size_t count, capacity, malformed;
    const char *snapshot, *snapshot_id, *snapshot_name; /* as asked for; as the image has it */
};

struct exh_fact_finding {
    const char *check, *outcome, *detail, *file, *basis;
    struct exh_number offset, count;
    bool has_lba;
    int64_t lba; /* may lie below 0: some containers store the pregap of the first track */
};

struct exh_fact_files {
    struct exh_fact_file *items;
    size_t count, capacity;
};
struct exh_fact_digests {
    struct exh_fact_digest *items;
    size_t count, capacity;
};

/* One ledger line, for the timeline; a verification carries its result. */
struct exh_fact_record {
    struct exh_number seq;
    const char *time, *type, *who, *program, *summary;
    bool verification;
    const char *verdict, *basis, *against, *started, *ended;
    struct exh_number bytes, unreadable_sectors, unread_now;
    struct exh_fact_finding *findings;
    size_t finding_count, finding_capacity;
    struct exh_fact_digests digests; /* of a verification, or of a run that computed digests alone */
    struct exh_fact_files files;     /* of a report line */
    struct exh_fact_audit audit;
    struct exh_fact_lineage lineage; /* of a verification */
};

/* FOUND: nothing of how the image was made is on record; there are only looks at it (verifications, runs that computed digests). */
enum exh_ending { EXH_ENDED_DONE, EXH_ENDED_FAILED, EXH_ENDED_INTERRUPTED, EXH_ENDED_NOT, EXH_ENDED_FOUND };

/* Of an image as found: what it says of itself, its own words. */
struct exh_fact_stated {
    bool told; /* false: it says nothing, or the line is of a time before this was recorded (then `described` is false too) */
    bool described, unfinished;
    struct exh_rows fields; /* case data; rows with a value only */
    struct exh_fact_digests digests;
    struct exh_number unreadable_sectors;
};
/* Two lines that give different values of one digest. */
struct exh_fact_disagreement {
    const struct exh_fact_digest *one, *other; /* NULL: there is none */
    struct exh_number one_seq, other_seq;
};

struct exh_facts {
    enum exh_ending outcome;
    bool conversion;   /* of an image, not an acquisition */
    const char *image; /* as the ledger names it */
    const char *case_id, *exhibit_id, *time_zone;
    const char *source_kind, *source_path;
    bool source_is_partition;
    const char *acquisition, *of, *verification, *read_back, *format;
    int source_read_twice;   /* 1, 0, or -1: not recorded */
    const char *second_read; /* its verdict, where the line has it */
    const char *error_code, *error_text, *error_file;
    struct exh_fact_lineage lineage; /* of the source */
    struct exh_rows source, case_fields, plan, environment, result;
    struct exh_number source_bytes, sector_size, sectors, bytes, tail_bytes, unreadable_sectors, range_start, range_count;
    struct exh_number unreadable_bytes; /* what is lost: a short last sector counts its own bytes */
    const char *layout_kind;
    struct exh_number sessions;
    struct exh_fact_track *tracks;
    size_t track_count, track_capacity;
    struct exh_fact_disc *disc, *source_disc; /* the image's layout, and that of the image it was made from; NULL: no disc */
    struct exh_fact_files files;
    struct exh_fact_digests digests, source_digests; /* of the source: its tracks, where the image has other tracks */
    struct exh_number chunk_sectors, chunk_count;
    const char *chunk_root, *chunk_blob;
    struct exh_fact_range *ranges; /* unreadable, as listed */
    size_t range_items, range_capacity;
    struct exh_number ranges_recorded; /* how many the record says there are */
    bool ranges_listed;                /* false: the list is not at hand, ranges_missing says why */
    const char *ranges_missing;
    bool ranges_disagree; /* out of order, or their sum is not unreadable_sectors */
    struct exh_number fault_count;
    struct exh_fact_fault *faults;
    size_t fault_items, fault_capacity;
    const char *fill; /* "zeros", "hex:..", or NULL: not recorded */
    struct exh_number recovered_sectors;
    struct exh_fact_passes passes;
    struct exh_fact_speed speed;
    struct exh_fact_troubles troubles;
    struct exh_fact_changes changes;
    struct exh_fact_pauses pauses;
    struct exh_fact_hidden hidden[EXH_FACT_HIDDEN_KINDS];
    bool hidden_told, health_told;
    struct exh_fact_health health_before, health_after;
    struct exh_fact_reading reading;
    const char **notices;
    size_t notice_count, notice_capacity;
    struct exh_fact_record *records; /* begin, end and later lines in order */
    size_t record_count, record_capacity;
    const struct exh_fact_record *last_verification; /* or NULL */
    /* Of an image as found: the record that files, layout, sizes and digests here are taken from, and how many looks there were. */
    const struct exh_fact_record *described_by;
    struct exh_fact_stated stated;
    struct exh_fact_disagreement disagreement;
    size_t verifications, not_performed, hash_runs; /* not_performed: of the verifications */
    char **kept;
    size_t kept_count, kept_capacity;
};

/* Fills *out (close it either way). False: EXH_CORRUPT (side ledger) when a line lacks what it must have or a digest is no hex; EXH_NOMEM. */
EXH_MUST_CHECK bool exh_facts_read(struct exh_facts *out, const struct exh_report_item *item, const struct exh_blobs *blobs, struct exh_error *err);
void exh_facts_close(struct exh_facts *facts);
bool exh_facts_has_image(const struct exh_facts *facts); /* there is one to speak of: published, or found */
/* The facts of every item of a report, an array of item_count (at least one); NULL and err otherwise. */
struct exh_facts *exh_facts_read_all(const struct exh_report *report, struct exh_error *err);
void exh_facts_close_all(struct exh_facts *facts, size_t count);

#define EXH_FACTS_LBA_MAX (INT64_MAX / 4) /* positions and counts are believed up to here, which leaves room to add and subtract them */
bool exh_facts_believable(int64_t lba, uint64_t count);

/* A copy as valid XML text; NULL: no memory. */
char *exh_facts_text(const char *text, size_t length);
/* "16,777,216" */
struct exh_figure {
    char text[32];
};
struct exh_figure exh_facts_figure(uint64_t value);
bool exh_facts_is_hex(const char *text, size_t length); /* lower case, exactly that long */
char *exh_facts_shell(const char *name);                /* a file name as a word of a shell command: quoted when it must be, never an option */
/* The value of a row by key, or NULL. */
const char *exh_facts_row(const struct exh_rows *rows, const char *key);

#endif
