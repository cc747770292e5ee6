/* source.h - a source of bytes with a known size: a file, a window of another source, memory.
 *
 * Reads name their offset, so a source may be read from several threads at once.
 * Errors name the source's file. A source is never written to. */
#ifndef EXH_FORMATS_MODEL_SOURCE_H
#define EXH_FORMATS_MODEL_SOURCE_H

#include <stddef.h>

#include "formats/model/error.h"

struct exh_source;

struct exh_source_ops {
    /* Returns the length of the good prefix; less than `length` means byte offset + n failed, and err says why.
     * The core has already checked that [offset, offset + length) lies inside the source. */
    size_t (*read)(struct exh_source *, uint64_t offset, void *buffer, size_t length, struct exh_error *err);
    void (*close)(struct exh_source *);
    /* The first byte at or behind `offset` that is stored (SEEK_DATA), at most the size; what lies before it reads as zeros. NULL: all is stored. */
    uint64_t (*next_data)(struct exh_source *, uint64_t offset);
};

struct exh_source {
    const struct exh_source_ops *ops;
    uint64_t size;    /* bytes */
    const char *name; /* for messages; lives as long as the source */
};

/* All of [offset, offset + length), or false: EXH_CORRUPT when the range passes the end (a truncated file). */
EXH_MUST_CHECK bool exh_source_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err);
/* The good prefix, as above; a range past the end is cut there without an error. */
EXH_MUST_CHECK size_t exh_source_read_some(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err);
uint64_t exh_source_next_data(struct exh_source *source, uint64_t offset);
void exh_source_close(struct exh_source *source); /* NULL-safe */

/* Memory. Borrows `data`, which must outlive the source. NULL: no memory. */
struct exh_source *exh_source_memory(const void *data, size_t length, const char *name);
/* [offset, offset + length) of another source, which it borrows. NULL: out of range or no memory (err). */
struct exh_source *exh_source_window(struct exh_source *of, uint64_t offset, uint64_t length, struct exh_error *err);

#endif
