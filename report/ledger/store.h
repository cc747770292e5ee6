/* store.h - the inside of a ledger: the one door to SQLite, the schema, and where a ledger file is at home. For this folder only.
 *
 * sqlite3.h is included here and nowhere else. A database that came from elsewhere is held against our schema text before a row of it is
 * read, with triggers and views off and lowered limits; no SQL out of the file is ever run, except that writers let our own triggers fire. */
#ifndef EXH_REPORT_LEDGER_STORE_H
#define EXH_REPORT_LEDGER_STORE_H

#include <sqlite3.h>

#include "report/ledger/ledger.h"
#include "report/ledger/line.h"

#define EXH_LEDGER_SCHEMA 1
#define EXH_LEDGER_APPLICATION_ID 0x45584842 /* "EXHB"; file(1) shows it */
#define EXH_BLOB_BYTES_MAX (256u << 20)      /* chunk lines of 160 TB in chunks of 64 MiB */
#define EXH_LEDGER_BUSY_MS 30000
#define EXH_LEDGER_FILE "ledger.db"

/* What tells a file from a copy of it. */
struct exh_home {
    char machine[33]; /* from /etc/machine-id, hashed: machine-id(5) asks not to hand it out */
    char device[64];  /* "fsid:HEX" (statfs), or "dev:MAJOR:MINOR" where that is zero */
    int64_t inode;
    char born[32]; /* birth time, seconds.nanoseconds; empty where the file system keeps none */
};

struct exh_ledger {
    sqlite3 *db;
    char path[4096];        /* real path */
    bool writable, is_copy; /* is_copy: at home elsewhere, until adopted */
    const char *guard_gone; /* a trigger of ours that is missing, or NULL */
    char store[33];
};

/* locate.c: files and folders, no SQLite. */
struct exh_place {
    char path[4096];      /* real path of the ledger, or of where to make one; empty: none */
    const char *named_by; /* "--ledger", "$EXHIBIT_LEDGER", or NULL: found, or beside the image */
    bool exists;
};
EXH_MUST_CHECK bool exh_place_find(const struct exh_ledger_choice *choice, struct exh_place *out, struct exh_error *err);
EXH_MUST_CHECK bool exh_place_real(const char *path, char out[4096], struct exh_error *err); /* the folder resolved, the name kept unless it exists */
/* Why this file (or a new one in its folder) cannot be written; empty: nothing against it so far. */
void exh_place_why_not(const char *path, bool exists, char why[256]);
bool exh_place_is_read_only_media(const char *path);
EXH_MUST_CHECK bool exh_home_of(const char *path, struct exh_home *out, struct exh_error *err);
/* Does the recorded body (ledger-created, ledger-adopted) speak of this file? */
bool exh_home_matches(const json_t *body, const struct exh_home *home);

/* store.c */
enum exh_store_mode { EXH_STORE_READ, EXH_STORE_IMMUTABLE, EXH_STORE_WRITE };
/* Looks at the first 100 bytes only: EXH_CORRUPT when it is not ours, EXH_UNSUPPORTED when it is newer. */
EXH_MUST_CHECK bool exh_store_peek(const char *path, struct exh_error *err);
/* Opens and holds the schema against ours. On failure ledger->db is NULL; err->sys is EBUSY when somebody else's lock was the reason,
 * EROFS when it could be opened for reading only. */
EXH_MUST_CHECK bool exh_store_open(struct exh_ledger *ledger, enum exh_store_mode mode, unsigned busy_ms, struct exh_error *err);
/* Makes tables and triggers in a new, empty file. */
EXH_MUST_CHECK bool exh_store_make(struct exh_ledger *ledger, struct exh_error *err);
/* Can a write begin? Takes and drops the lock. False: why says it. */
bool exh_store_can_lock(struct exh_ledger *ledger, char why[256]);
void exh_store_no_more_writes(struct exh_ledger *ledger);
bool exh_store_fail(const struct exh_ledger *ledger, int rc, struct exh_error *err, const char *what); /* always false */
EXH_MUST_CHECK bool exh_store_run(const struct exh_ledger *ledger, const char *sql, struct exh_error *err);
EXH_MUST_CHECK bool exh_store_prepare(const struct exh_ledger *ledger, const char *sql, sqlite3_stmt **out, struct exh_error *err);
/* Text of a column as stored; false when it is not text or longer than max. */
EXH_MUST_CHECK bool exh_column_text(sqlite3_stmt *row, int column, size_t max, const char **text, size_t *length);
void exh_statement_close(sqlite3_stmt **statement);

/* audit.c: one walk over the chain. Each sound-looking line goes to visit (may be NULL) with its hash; problems to problem (may be NULL). */
struct exh_walk {
    void (*visit)(void *context, const struct exh_line *line, const char *text, size_t length, const char *hash);
    void (*problem)(void *context, uint64_t seq, const char *text);
    void *context;
    uint64_t want_seq; /* a printed head to look for: 0 = none */
    char want_hash[EXH_HEX_SIZE];
};
EXH_MUST_CHECK bool exh_chain_walk(const struct exh_ledger *ledger, const struct exh_walk *walk, struct exh_audit *out, struct exh_error *err);

/* projection.c: tables for queries by people, made from the lines and never believed by us. Inside the caller's transaction. */
EXH_MUST_CHECK bool exh_projection_add(const struct exh_ledger *ledger, const struct exh_line *line, struct exh_error *err);
EXH_MUST_CHECK bool exh_projection_rebuild(const struct exh_ledger *ledger, struct exh_error *err);
extern const char *const exh_projection_schema[]; /* pairs: name, SQL; ends in NULL */

#endif
