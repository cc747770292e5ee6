/* open_source.c - operands that are media. See open_source.h. */
#include "report/cli/open_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/guard.h"
#include "acquire/nbd.h"
#include "acquire/nbd_link.h"
#include "acquire/stream.h"
#include "formats/container/source_file.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"
#include "formats/model/view.h"
#include "report/cli/passphrase.h"
#include "report/ledger/record.h"
#include "report/ledger/side_record.h"
#include "verify/digest.h"

#define HASHES_MAX 16u

bool exh_sector_size_of(const struct exh_args *args, uint32_t *out, struct exh_error *err)
{
    const char *text = exh_arg(args, "--sector-size");
    uint64_t value = 0;
    if (text != NULL && (!exh_text_size(text, &value) || value == 0 || value > EXH_SECTOR_BYTES_MAX))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--sector-size %s is not a size from 1 to %u", text, EXH_SECTOR_BYTES_MAX);
    *out = (uint32_t)value;
    return true;
}

bool exh_hash_list(const char *list, enum exh_layout_kind kind, char **text, const char ***names, size_t *count, struct exh_error *err)
{
    const char *usual = kind == EXH_LAYOUT_DISC ? "md5,sha256,crc32,sha1" : "md5,sha256", *wanted = list != NULL ? list : usual;
    *text = exh_text_copy(wanted, strlen(wanted));
    *names = calloc(HASHES_MAX, sizeof **names);
    *count = 0;
    if (*text == NULL || *names == NULL)
        return exh_nomem(err, "a list of digests");
    for (char *p = *text; p != NULL;) {
        char *comma = strchr(p, ',');
        if (comma != NULL)
            *comma = '\0';
        if (*count == HASHES_MAX)
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--hash names more than %u digests", HASHES_MAX);
        struct exh_digest *known = exh_digest_new(p, err);
        if (known == NULL)
            return exh_context(err, "--hash");
        exh_digest_close(known);
        (*names)[(*count)++] = p;
        p = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}

/* --timeout, where the command has it: seconds that a device may take for one request; 0: as long as it wants. */
static bool timeout_of(const struct exh_args *args, uint32_t *out, struct exh_error *err)
{
    const char *text = exh_arg(args, "--timeout");
    uint64_t seconds = 0;
    if (text != NULL && (!exh_text_u64(text, &seconds) || seconds == 0 || seconds > 86400))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--timeout %s is not a number of seconds from 1 to 86400", text);
    *out = (uint32_t)seconds;
    return true;
}

static bool open_device(const struct exh_args *args, struct exh_opened *o, uint32_t sector_bytes, bool past_cache, struct exh_error *err)
{
    struct exh_device_options options = {.sector_bytes = sector_bytes, .watch = exh_args_watch(args), .direct = past_cache};
    o->kind = EXH_SOURCE_DEVICE;
    if (!timeout_of(args, &options.timeout_s, err))
        return false;
    o->whole = exh_device_open(o->path, &options, err);
    return o->whole != NULL && exh_device_facts(o->whole, &o->facts, err) && exh_device_identity(&o->facts, &o->identity, err);
}

static bool open_nbd(const struct exh_args *args, struct exh_opened *o, uint32_t sector_bytes, struct exh_error *err)
{
    struct exh_nbd_options options = {.sector_bytes = sector_bytes, .watch = exh_args_watch(args)};
    o->kind = EXH_SOURCE_NBD;
    if (!timeout_of(args, &options.timeout_s, err))
        return false;
    o->whole = exh_nbd_open(o->path, &options, err);
    return o->whole != NULL && exh_nbd_identity(o->whole, &o->identity, err);
}

/* A file as the medium: its bytes are what is imaged, whatever they mean. */
static bool open_plain_file(struct exh_opened *o, uint32_t sector_bytes, struct exh_error *err)
{
    struct exh_source_file_options file = {.folder = AT_FDCWD, .marks = &o->marks};
    struct exh_open options = {.path = o->path, .sector_bytes = sector_bytes};
    struct exh_source *source = exh_source_file_open(o->path, &file, err);
    if (source == NULL)
        return false;
    o->whole = exh_format_raw.open(source, &options, err);
    if (o->whole == NULL)
        exh_source_close(source);
    return o->whole != NULL;
}

/* A raw image does not say how large its sectors are; the record beside it does. Without that every LBA of a disk with 4096-byte sectors would be
 * wrong by eight, and with it the chunks and the list of unreadable sectors. 0: nothing is on record, or it cannot be read (verify says so). */
static uint32_t recorded_sector_bytes(const char *image)
{
    struct exh_error ignored;
    exh_error_clear(&ignored);
    char *path = exh_side_record_path(image);
    struct exh_side_record *record = path != NULL && access(path, F_OK) == 0 ? exh_side_record_read(path, &ignored) : NULL;
    const json_t *end = record != NULL ? exh_side_record_end(record) : NULL;
    json_int_t bytes = json_integer_value(json_object_get(end, "sector_size"));
    exh_side_record_close(record);
    free(path);
    return bytes > 0 && bytes <= EXH_SECTOR_BYTES_MAX ? (uint32_t)bytes : 0;
}

/* A parent or snapshot that was named and is not what the image was opened with would be on record as if it were. */
static bool lineage_used(const struct exh_opened *o, const struct exh_open *options, struct exh_error *err)
{
    if (options->snapshot != NULL && strcmp(o->whole->format, "qcow2") != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--snapshot %s: an image of format %s has no snapshots", options->snapshot, o->whole->format);
    if (options->parents == NULL || options->parents->count <= o->lineage.count)
        return true;
    return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--parent %s is not needed: the image has %zu parent%s", options->parents->items[o->lineage.count],
                    o->lineage.count, o->lineage.count == 1 ? "" : "s");
}

static bool open_image(struct exh_opened *o, const struct exh_format *format, struct exh_open *options, struct exh_error *err)
{
    options->lineage = &o->lineage;
    options->marks = &o->marks;
    if (!exh_image_open(o->path, format, options, &o->whole, err) || !lineage_used(o, options, err))
        return false;
    if (options->sector_bytes != 0 || !o->whole->verbatim)
        return true;
    options->sector_bytes = recorded_sector_bytes(o->whole->files->items[0]);
    if (options->sector_bytes == 0 || options->sector_bytes == o->whole->layout->tracks[0].main_bytes)
        return true;
    exh_medium_close(o->whole);
    o->whole = NULL;
    return exh_image_open(o->path, format, options, &o->whole, err);
}

static bool names_lineage(const struct exh_args *args) { return exh_arg(args, "--parent") != NULL || exh_arg(args, "--snapshot") != NULL; }

static bool open_image_file(const struct exh_args *args, struct exh_opened *o, struct exh_open *options, bool with_lineage, struct exh_error *err)
{
    const char *name = exh_arg(args, "--input-format");
    const struct exh_format *format = name != NULL ? exh_format_named(name) : NULL;
    if (name != NULL && format == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "no format is named '%s'", name);
    if (with_lineage && names_lineage(args) && exh_operand_count(args) > 1)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--parent and --snapshot are for one image at a time");
    struct exh_names parents = {0};
    bool ok = true;
    for (size_t i = 0; with_lineage && ok && i < exh_arg_count(args, "--parent"); i++)
        ok = exh_names_add(&parents, exh_arg_at(args, "--parent", i), err);
    options->parents = &parents;
    options->snapshot = o->snapshot = with_lineage ? exh_arg(args, "--snapshot") : NULL;
    ok = ok && open_image(o, format, options, err);
    exh_names_close(&parents);
    return ok;
}

/* What an operand may be. REFERENCE: as an image, without what --parent and --snapshot say of the operand. */
enum operand { AS_BYTES, AS_IMAGE, AS_REFERENCE };

static bool open_by_path(const struct exh_args *args, struct exh_opened *o, enum operand as, bool past_cache, uint32_t sector_bytes,
                         struct exh_error *err)
{
    bool as_image = as != AS_BYTES;
    if (strcmp(o->path, "-") == 0 && !as_image) {
        o->kind = EXH_SOURCE_STDIN;
        o->whole = exh_stream_open(STDIN_FILENO, sector_bytes != 0 ? sector_bytes : 512, exh_args_watch(args)->cancel, err);
        return o->whole != NULL;
    }
    if (exh_nbd_is_uri(o->path))
        return open_nbd(args, o, sector_bytes, err);
    struct stat st;
    if (stat(o->path, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open") || exh_in_file(err, o->path);
    if (exh_blockdev_is(st.st_mode, st.st_rdev))
        return open_device(args, o, sector_bytes, past_cache, err);
    o->kind = EXH_SOURCE_FILE;
    bool bundle = as_image && exh_image_is_folder(o->path);
    if (S_ISDIR(st.st_mode) && !bundle)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "is a directory: give a block device or a file") || exh_in_file(err, o->path);
    if (!S_ISREG(st.st_mode) && !bundle)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "is neither a block device nor a file") || exh_in_file(err, o->path);
    if (!as_image)
        return open_plain_file(o, sector_bytes, err);
    struct exh_secret secret = exh_passphrase_of(args);
    struct exh_open options = {.sector_bytes = sector_bytes, .past_cache = past_cache, .secret = &secret};
    return open_image_file(args, o, &options, as == AS_IMAGE, err);
}

static bool open_range(const struct exh_args *args, struct exh_opened *o, struct exh_error *err)
{
    const char *start = exh_arg(args, "--start"), *count = exh_arg(args, "--count");
    uint64_t first = 0, n = 0, all = exh_layout_sectors(o->whole->layout);
    o->medium = o->whole;
    if (start == NULL && count == NULL)
        return true;
    if (all == EXH_SECTORS_UNKNOWN)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--start and --count need a source of known size");
    if ((start != NULL && !exh_text_u64(start, &first)) || (count != NULL && (!exh_text_u64(count, &n) || n == 0)) || first >= all)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--start %s --count %s is no range of the medium's %llu sectors", start != NULL ? start : "0",
                        count != NULL ? count : "(rest)", (unsigned long long)all);
    o->range = true;
    o->medium = exh_view_range(o->whole, (int64_t)first, count != NULL ? n : all - first, err);
    if (o->medium != NULL && o->kind == EXH_SOURCE_NBD)
        exh_nbd_until(o->whole, first + exh_layout_sectors(o->medium->layout));
    return o->medium != NULL;
}

/* A ledger that is named may lie anywhere, so on the source, too; one that is found lies with the image, which is guarded itself. */
static bool spare_source(const struct exh_args *args, const char *source, struct exh_error *err)
{
    const char *given = exh_arg(args, "--ledger"), *ledger = given != NULL ? given : getenv("EXHIBIT_LEDGER");
    return ledger == NULL || ledger[0] == '\0' || exh_arg(args, "--no-record") != NULL || exh_guard_file(source, ledger, err) ||
           exh_context(err, "the ledger %s", ledger);
}

/* --parent and --snapshot say something of one image; of anything else it would not be clear what they mean. */
static bool lineage_applies(const struct exh_args *args, const struct exh_opened *o, enum operand as, struct exh_error *err)
{
    if (as == AS_REFERENCE || !names_lineage(args))
        return true;
    return (as == AS_IMAGE && o->kind == EXH_SOURCE_FILE) ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--parent and --snapshot are for an image: %s is none", o->path);
}

static bool open_operand(const struct exh_args *args, const char *path, enum operand as, bool past_cache, struct exh_opened *out,
                         struct exh_error *err)
{
    uint32_t sector_bytes;
    memset(out, 0, sizeof *out);
    out->path = path;
    out->watch = exh_args_watch(args);
    out->as_image = as != AS_BYTES;
    if (!exh_sector_size_of(args, &sector_bytes, err))
        return false;
    if (open_by_path(args, out, as, past_cache, sector_bytes, err) && lineage_applies(args, out, as, err) && open_range(args, out, err) &&
        ((as != AS_BYTES && out->kind != EXH_SOURCE_DEVICE) || spare_source(args, path, err))) {
        if (out->whole->caveat != NULL)
            exh_say(args, "exhibit: %s: %s", path, out->whole->caveat);
        return true;
    }
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    exh_source_done(out);
    return false;
}

bool exh_source_open(const struct exh_args *args, const char *path, bool as_image, bool past_cache, struct exh_opened *out, struct exh_error *err)
{
    return open_operand(args, path, as_image ? AS_IMAGE : AS_BYTES, past_cache, out, err);
}

bool exh_reference_open(const struct exh_args *args, const char *path, bool past_cache, struct exh_opened *out, struct exh_error *err)
{
    return open_operand(args, path, AS_REFERENCE, past_cache, out, err);
}

/* Of a set of which every file got another owner the first few are named: a record has room for few notices. */
#define STATUS_TOLD_MAX 3u

struct files_told {
    const struct exh_watch *watch;
    size_t status; /* how many files have another ctime alone */
};

static bool file_changed(void *context, const char *path, enum exh_file_change change, const char *what, struct exh_error *err)
{
    struct files_told *told = context;
    if (change == EXH_FILE_CHANGED) {
        (void)exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the source changed while it was being read: %s", what);
        return exh_in_file(err, path);
    }
    if (told->status++ < STATUS_TOLD_MAX)
        exh_watch_warn(told->watch, "%s: %s", path, what);
    return true;
}

static bool files_unchanged(struct exh_opened *o, struct exh_error *err)
{
    struct files_told told = {.watch = o->watch};
    bool same = exh_file_marks_check(&o->marks, file_changed, &told, err);
    if (told.status > STATUS_TOLD_MAX)
        exh_watch_warn(o->watch, "the status of %zu more files changed", told.status - STATUS_TOLD_MAX);
    return same;
}

bool exh_source_recheck(void *opened, struct exh_error *err)
{
    struct exh_opened *o = opened;
    switch (o->kind) {
    case EXH_SOURCE_DEVICE: return exh_device_same(o->whole, &o->facts, err);
    case EXH_SOURCE_FILE: return files_unchanged(o, err);
    case EXH_SOURCE_NBD: return exh_nbd_same(o->whole, err);
    case EXH_SOURCE_STDIN: break;
    }
    return true;
}

struct findings_told {
    struct exh_findings *findings;
    bool *changed;
};

static bool add_finding(void *context, const char *path, enum exh_file_change change, const char *what, struct exh_error *err)
{
    struct findings_told *told = context;
    bool changed = change == EXH_FILE_CHANGED;
    struct exh_finding f = {.check = "source", .offset = EXH_NO_OFFSET, .lba = -1, .basis = -1};
    (void)snprintf(f.outcome, sizeof f.outcome, "%s", changed ? "changed" : "warning");
    (void)snprintf(f.detail, sizeof f.detail, "%s: %s", changed ? "the file changed while it was being read" : "while it was being read", what);
    (void)snprintf(f.file, sizeof f.file, "%s", strlen(path) < sizeof f.file ? path : exh_text_base(path));
    *told->changed = *told->changed || changed;
    return exh_findings_add(told->findings, &f, err);
}

bool exh_source_findings(struct exh_opened *opened, struct exh_findings *findings, bool *changed, struct exh_error *err)
{
    struct findings_told told = {findings, changed};
    return opened->kind == EXH_SOURCE_FILE ? exh_file_marks_check(&opened->marks, add_finding, &told, err) : exh_source_recheck(opened, err);
}

json_t *exh_source_json(const struct exh_opened *opened)
{
    const struct exh_device_facts *facts = opened->kind == EXH_SOURCE_DEVICE ? &opened->facts : NULL;
    json_t *json = exh_record_source(opened->kind, opened->path, facts, opened->whole->layout);
    if (json != NULL && opened->kind == EXH_SOURCE_NBD) {
        (void)json_object_set_new(json, "read_only", json_boolean(exh_nbd_facts(opened->whole)->read_only));
        (void)json_object_set_new(json, "identity", exh_record_fields(&opened->identity));
    }
    bool ok = json != NULL && (!opened->as_image || opened->kind != EXH_SOURCE_FILE ||
                               json_object_set_new(json, "image", json_pack("{s:s}", "format", opened->whole->format)) == 0);
    if (ok && exh_lineage_json(opened, json))
        return json;
    json_decref(json);
    return NULL;
}

bool exh_lineage_json(const struct exh_opened *opened, json_t *json) { return exh_record_lineage(&opened->lineage, opened->snapshot, json); }

void exh_source_done(struct exh_opened *opened)
{
    if (opened->medium != opened->whole)
        exh_medium_close(opened->medium);
    exh_medium_close(opened->whole);
    exh_fields_close(&opened->identity);
    exh_lineage_close(&opened->lineage);
    exh_file_marks_close(&opened->marks);
    memset(opened, 0, sizeof *opened);
}
