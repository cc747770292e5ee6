/* source_file.h - a file (or block device) as a byte source, opened read-only, never written.
 *
 * What it was at open is noted, also on the list `marks`, which is held against the files at the end (file_marks.h). A source may be `lazy`: it keeps
 * no descriptor and opens the file anew for each read, refusing (EXH_GONE) when its inode, size or modification time changed; so a set of 14,000
 * segments needs no 14,000 handles and no lock.
 * past_cache: the page cache is dropped for the file at open and reads use O_DIRECT where the file system takes it; how it went is in
 * exh_source_file_cache(). Threads: reads may run concurrently. */
#ifndef EXH_FORMATS_CONTAINER_SOURCE_FILE_H
#define EXH_FORMATS_CONTAINER_SOURCE_FILE_H

#include "formats/container/file_marks.h"
#include "formats/model/source.h"

enum exh_cache { EXH_CACHE_USED, EXH_CACHE_DROPPED, EXH_CACHE_BYPASSED /* O_DIRECT */ };

struct exh_source_file_options {
    int folder;    /* a directory descriptor that `path` is relative to, or AT_FDCWD; duplicated when lazy */
    bool confined; /* refuse symlinks and anything that is not a regular file */
    bool lazy, past_cache;
    struct exh_file_marks *marks; /* gets what the file was at open; NULL: nobody will ask */
    const char *marked_as;        /* the path by which the marks find it again; NULL: as `path` */
};

/* NULL and err (EXH_NOT_FOUND for absent or forbidden, EXH_UNSUPPORTED for a directory or what is not a file). */
struct exh_source *exh_source_file_open(const char *path, const struct exh_source_file_options *options, struct exh_error *err);
enum exh_cache exh_source_file_cache(const struct exh_source *source);

#endif
