/* format.c - the table of formats, and the one way to open an image by its path. See format.h. */
#include "formats/model/format.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "formats/container/siblings.h"
#include "formats/container/source_file.h"
#include "formats/disk/dmg.h"
#include "formats/disk/dmg_crypt.h"
#include "formats/disk/qcow2.h"
#include "formats/disk/raw.h"
#include "formats/disk/refused.h"
#include "formats/disk/sparse.h"
#include "formats/disk/vdi.h"
#include "formats/disk/vhd.h"
#include "formats/disk/vhdx.h"
#include "formats/disk/vmdk.h"
#include "formats/evidence/ewf_read.h"
#include "formats/model/text.h"
#include "formats/optical/ccd.h"
#include "formats/optical/cue.h"
#include "formats/optical/iso.h"
#include "formats/optical/mds.h"
#include "formats/optical/nrg.h"
#include "formats/optical/toc.h"

const struct exh_format *const exh_formats[] = {
    &exh_format_raw,   &exh_format_ewf, &exh_format_l01,       &exh_format_vdi,         &exh_format_vhd,          &exh_format_vhdx, &exh_format_vmdk,
    &exh_format_qcow2, &exh_format_dmg, &exh_format_dmg_crypt, &exh_format_sparseimage, &exh_format_sparsebundle, &exh_format_asif, &exh_format_ndif,
    &exh_format_iso,   &exh_format_cue, &exh_format_ccd,       &exh_format_toc,         &exh_format_mds,          &exh_format_nrg,  NULL};

const struct exh_format *exh_format_named(const char *name)
{
    for (size_t i = 0; exh_formats[i] != NULL; i++)
        if (strcmp(exh_formats[i]->name, name) == 0)
            return exh_formats[i];
    return NULL;
}

static bool ends_with(const char *name, const char *extension)
{
    size_t n = strlen(name), e = strlen(extension);
    if (n <= e)
        return false;
    for (size_t i = 0; i < e; i++) {
        char c = name[n - e + i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != extension[i])
            return false;
    }
    return true;
}

const struct exh_format *exh_format_for_name(const char *file_name)
{
    const char *base = exh_text_base(file_name);
    for (size_t i = 0; exh_formats[i] != NULL; i++)
        for (const char *const *e = exh_formats[i]->extensions; *e != NULL; e++)
            if (ends_with(base, *e))
                return exh_formats[i];
    return NULL;
}

/* The best claim. NULL when nobody claims, or (err) when two claim equally. */
static const struct exh_format *probe_all(const struct exh_peek *peek, struct exh_error *err)
{
    const struct exh_format *best = NULL, *tie = NULL;
    int highest = 0;
    for (size_t i = 0; exh_formats[i] != NULL; i++) {
        int claim = exh_formats[i]->probe(peek);
        if (claim > highest) {
            highest = claim;
            best = exh_formats[i];
            tie = NULL;
        } else if (claim == highest && claim > 0) {
            tie = exh_formats[i];
        }
    }
    if (tie == NULL)
        return best;
    (void)exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "could be %s or %s: say which with --format", best->name, tie->name);
    return NULL;
}

/* Which format opens this source? A file that carries another format's name but not its marks is not quietly read as raw. */
static const struct exh_format *choose(struct exh_source *source, const char *path, bool wrapped, struct exh_error *err)
{
    uint8_t head[EXH_PEEK_BYTES], tail[EXH_PEEK_BYTES], volume[EXH_PEEK_BYTES];
    size_t length = source->size < EXH_PEEK_BYTES ? (size_t)source->size : EXH_PEEK_BYTES;
    struct exh_error unread;
    exh_error_clear(&unread);
    if (!exh_source_read(source, 0, head, length, err) || !exh_source_read(source, source->size - length, tail, length, err))
        return NULL;
    struct exh_peek peek = {head, tail, length, length, source->size, exh_text_base(path), volume, 0};
    peek.volume_length = exh_source_read_some(source, EXH_PEEK_VOLUME_OFFSET, volume, sizeof volume, &unread); /* most images have nothing there */
    const struct exh_format *format = probe_all(&peek, err);
    if (format != NULL || err->code != EXH_OK)
        return format;
    const struct exh_format *named = exh_format_for_name(path);
    if (named == NULL || named == &exh_format_raw || wrapped) /* the name is the wrapper's */
        return &exh_format_raw;
    (void)exh_fail(err, EXH_CORRUPT, 0, "the name says %s, but the file does not begin like one", named->name);
    (void)exh_in_file(err, path);
    return NULL;
}

/* The file by which an image that is a folder is opened, on the heap; NULL: it is none, or no memory. */
static char *index_of_folder(const char *path)
{
    static const char *const names[] = {"Info.plist", "Info.bckup"};
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return NULL;
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *index = exh_text_format("%s%s%s", path, length > 0 && path[length - 1] == '/' ? "" : "/", names[i]);
        if (index == NULL || (lstat(index, &st) == 0 && S_ISREG(st.st_mode)))
            return index;
        free(index);
    }
    return NULL;
}

bool exh_image_is_folder(const char *path)
{
    char *index = index_of_folder(path);
    free(index);
    return index != NULL;
}

/* Puts the bytes inside in the source's place, and says what they are. NULL and err; the source stays the caller's either way. */
static const struct exh_format *unwrap(struct exh_source **source, const struct exh_format *format, const char *path, const struct exh_open *options,
                                       char **how, struct exh_error *err)
{
    struct exh_source *inside = format->unwrap(*source, options, how, err);
    if (inside == NULL)
        return NULL;
    *source = inside;
    return choose(inside, path, true, err);
}

static bool open_file(const char *path, const struct exh_format *format, const struct exh_open *options, struct exh_medium **out,
                      struct exh_error *err)
{
    struct exh_open with = *options;
    struct exh_siblings *siblings = exh_siblings_across(path, options->folders, err);
    if (siblings == NULL)
        return false;
    exh_siblings_mark(siblings, options->marks);
    with.path = path;
    with.siblings = siblings;
    struct exh_source_file_options file = {.folder = AT_FDCWD, .past_cache = options->past_cache, .marks = options->marks};
    struct exh_source *source = exh_source_file_open(path, &file, err);
    char *wrapping = NULL;
    if (source != NULL && format == NULL)
        format = choose(source, path, false, err);
    if (source != NULL && format != NULL && format->unwrap != NULL)
        format = unwrap(&source, format, path, &with, &wrapping, err);
    struct exh_medium *medium = source != NULL && format != NULL ? format->open(source, &with, err) : NULL;
    if (medium != NULL && wrapping != NULL) {
        medium->wrapping = wrapping;
        medium->verbatim = false; /* the file holds other bytes */
        wrapping = NULL;
    }
    free(wrapping);
    if (medium == NULL) {
        exh_source_close(source);
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        (void)exh_in_file(err, path);
    }
    exh_siblings_close(siblings);
    *out = medium;
    return medium != NULL;
}

bool exh_image_open(const char *path, const struct exh_format *format, const struct exh_open *options, struct exh_medium **out, struct exh_error *err)
{
    char *index = index_of_folder(path);
    bool ok = open_file(index != NULL ? index : path, format, options, out, err);
    free(index);
    return ok;
}

/* The path of a file that the image names, found in its own folder. NULL and err. */
static char *sibling_path(const struct exh_open *options, const char *reference, struct exh_error *err)
{
    char *path = NULL;
    bool as_named;
    if (reference == NULL || options->siblings == NULL) {
        (void)exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "this image needs its parent, and none is named: give --parent FILE");
        return NULL;
    }
    struct exh_source *source = exh_siblings_referenced(options->siblings, reference, false, &path, &as_named, err);
    if (source == NULL)
        (void)exh_context(err, "this image needs its parent (--parent FILE names another)");
    exh_source_close(source);
    return path;
}

bool exh_parent_open(const struct exh_open *options, const char *reference, const struct exh_format *format, struct exh_medium **out,
                     struct exh_error *err)
{
    struct exh_open with = {.past_cache = options->past_cache,
                            .parents = options->parents,
                            .lineage = options->lineage,
                            .secret = options->secret,
                            .marks = options->marks,
                            .depth = options->depth + 1};
    bool named = options->parents != NULL && options->depth < options->parents->count;
    *out = NULL;
    if (options->depth >= EXH_PARENTS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a chain of more than %u parents, or a circle", EXH_PARENTS_MAX);
    char *beside = named ? NULL : sibling_path(options, reference, err);
    const char *path = named ? options->parents->items[options->depth] : beside;
    bool ok =
        path != NULL && exh_lineage_add(options->lineage, path, err) && (exh_image_open(path, format, &with, out, err) || exh_context(err, "parent"));
    free(beside);
    if (ok)
        exh_lineage_opened(options->lineage, options->depth, *out);
    return ok;
}
