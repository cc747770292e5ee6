/* ledger.h - the custody ledger: one SQLite file, one append-only table of verbatim lines, each carrying the hash of the line before it.
 *
 * Writers: journal DELETE, synchronous EXTRA, BEGIN IMMEDIATE, 30 s busy timeout, triggers against UPDATE, DELETE and out-of-order INSERT.
 * Readers of a ledger treat it as hostile: read-only, trusted_schema off, no triggers or views run, schema text compared with ours.
 * Only this folder includes sqlite3.h. Threads: one. */
#ifndef EXH_REPORT_LEDGER_LEDGER_H
#define EXH_REPORT_LEDGER_LEDGER_H

#include <jansson.h>

#include "report/ledger/record.h"

struct exh_ledger;

struct exh_ledger_choice {
    const char *explicit_path; /* --ledger, or NULL */
    const char *image;         /* the image's path: its folder and parents on the same file system are searched for ledger.db */
    bool may_create;           /* only acquire, convert, create, burn */
    bool will_write;           /* false: info, report */
    unsigned busy_ms;          /* how long to wait for somebody else's lock; 0: 30 s */
};

struct exh_ledger_state {
    char path[4096];
    bool exists, created, writable;
    char why_not[256]; /* when not writable: read-only, busy, a foreign copy, newer schema, cannot lock */
    uint64_t seq;      /* of the last line, 0 = empty */
    char head[65];     /* hex of its hash */
};

/* Finds (--ledger, $EXHIBIT_LEDGER, nearest ledger.db upwards on the same file system) and opens. *out is NULL when there is none and none may be
 * made, or when the one that was found can be neither written nor read just now; then state.why_not says why. With may_create a missing one is made
 * where
 * --ledger or $EXHIBIT_LEDGER says, else beside the image.
 * A ledger that cannot be written is opened for reading and state says why; with explicit_path and will_write that is an error (EXH_IO,
 * side ledger: exit 4).
 * A file that is not an exhibit ledger, or whose schema was changed, is EXH_CORRUPT in any case: it is refused before the first read. */
EXH_MUST_CHECK bool exh_ledger_open(const struct exh_ledger_choice *choice, struct exh_ledger **out, struct exh_ledger_state *state,
                                    struct exh_error *err);
/* Makes a new, empty ledger with its first line: whole or not at all (built under another name, then renamed). EXH_REFUSED when the file exists. */
EXH_MUST_CHECK bool exh_ledger_init(const char *path, struct exh_ledger_state *state, struct exh_error *err);
/* Puts a copied ledger to use here: a new store id, recorded as a ledger-adopted line. EXH_REFUSED when it is at home here already, EXH_CORRUPT
 * when its chain is broken. */
EXH_MUST_CHECK bool exh_ledger_adopt(const char *path, struct exh_ledger_state *state, struct exh_error *err);
void exh_ledger_close(struct exh_ledger *ledger);

/* The image's path as lines name it: relative to the ledger's folder, or its base name when it lies elsewhere. New string or NULL. */
char *exh_ledger_name_of(const struct exh_ledger *ledger, const char *image);

/* Appends one line and the blobs it cites, in one transaction. object and body are borrowed. *line (may be NULL) gets a new string without LF. */
struct exh_ledger_blob {
    const void *bytes;
    size_t length;
};
#define EXH_LEDGER_BLOBS_MAX 16u
EXH_MUST_CHECK bool exh_ledger_append(struct exh_ledger *ledger, const char *type, json_t *object, json_t *body, const struct exh_ledger_blob *blobs,
                                      size_t blob_count, struct exh_ledger_state *state, char **line, struct exh_error *err);

/* Calls row with each line in order (parsed, and verbatim without LF); row returns false to stop. */
EXH_MUST_CHECK bool exh_ledger_each(struct exh_ledger *ledger, bool (*row)(void *context, uint64_t seq, const char *line, const json_t *parsed),
                                    void *context, struct exh_error *err);
struct exh_blobs exh_ledger_blobs(struct exh_ledger *ledger);

/* Makes the tables for queries (event, image, container_file, digest, unreadable) anew from the lines. They may be dropped at any time and are never
 * believed: everything here reads the lines. */
EXH_MUST_CHECK bool exh_ledger_rebuild(struct exh_ledger *ledger, struct exh_error *err);

/* What the chain says of itself. Every problem is handed to `problem` (seq 0: not of one line); sound only when there was none. head "N:HEX" (or
 * NULL) is a line printed earlier; EXH_USAGE when it has another form. Lines, links, keys, the schema's guards, and blobs against their names and
 * citations are all looked at. */
struct exh_audit {
    uint64_t lines, problems;
    bool sound;
    char head[65];
    uint64_t seq;
};
EXH_MUST_CHECK bool exh_ledger_audit(struct exh_ledger *ledger, const char *head, void (*problem)(void *context, uint64_t seq, const char *text),
                                     void *context, struct exh_audit *out, struct exh_error *err);

/* The newest end record (outcome done) about this image: by name relative to the ledger, then set GUID, then the SHA-256 of any file or the media
 * digest. *body is a new reference or NULL; *by says what matched ("name", "guid", "digest"). The chain is checked first: broken is EXH_CORRUPT, side
 * ledger. A line that an import brought counts like one written here. */
struct exh_lookup {
    const char *image;
    const char *guid_hex;
    const struct exh_digests *digests;
};
EXH_MUST_CHECK bool exh_ledger_lookup(struct exh_ledger *ledger, const struct exh_lookup *by, json_t **body, uint64_t *seq, const char **how,
                                      struct exh_error *err);

#endif
