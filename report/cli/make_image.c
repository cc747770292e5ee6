/* make_image.c - options to plan, records around the engine, the answer. See make_image.h. */
#include "report/cli/make_image.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "acquire/guard.h"
#include "acquire/stage.h"
#include "acquire/stream.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"
#include "report/cli/conversion_left.h"
#include "report/cli/digest_table.h"
#include "report/cli/partial_state.h"
#include "report/cli/rescue_options.h"
#include "report/cli/reshape.h"
#include "report/ledger/side_record.h"
#include "verify/digest.h"
#include "verify/digest_set.h"

struct make {
    struct exh_args *args;
    const char *type;
    struct exh_opened *source;
    struct exh_reshape shape; /* what of the source is written, and what is lost by it */
    struct exh_plan plan;
    struct exh_acquire_result result;
    struct exh_recording recording;
    const struct exh_partial_state *state; /* of an earlier run; NULL: this is the first */
    struct exh_rescue rescue;
    struct exh_stage *stage;
    char *state_text; /* plan.state */
    char *hash_text;
    const char **hashes;
    char platform[200];
    char *image;                     /* plan.image: the first file's path, which -o may have left to us to complete */
    char *chunk_lines, *range_lines; /* blobs */
    struct exh_hidden hidden;        /* of a device */
    struct exh_health health;        /* of a device, before the first read */
};

/* ---- options to plan ---- */

static bool size_option(const struct exh_args *args, const char *name, uint64_t *out, struct exh_error *err)
{
    const char *text = exh_arg(args, name);
    if (text != NULL && (!exh_text_size(text, out) || *out == 0))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s %s is not a size: a number with K, M, G or T", name, text);
    return true;
}

static bool choose_format(struct make *m, struct exh_error *err)
{
    const char *name = exh_arg(m->args, "--format"), *image = m->plan.image;
    m->plan.format = name != NULL ? exh_format_named(name) : exh_format_for_name(image);
    if (m->plan.format == NULL && name != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "no format is named '%s'; exhibit --help lists them", name);
    if (m->plan.format == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the name %s does not tell the format: give --format", exh_text_base(image));
    if (m->plan.format->create == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s images can be read, not written", m->plan.format->name);
    /* The name asks for split parts. */
    size_t n = strlen(image);
    if (m->plan.format == &exh_format_raw && n > 4 && strcmp(image + n - 4, ".001") == 0 && m->plan.segment_bytes == 0)
        m->plan.segment_bytes = 2047ull << 20;
    return true;
}

static bool ends_alike(const char *text, const char *end)
{
    size_t n = strlen(text), e = strlen(end);
    return n > e && strcasecmp(text + n - e, end) == 0;
}

/* The image goes by the name of its first file: staged, recorded and looked up under it. -o disk.e01 and -o disk --format ewf make disk.E01. */
static bool choose_name(struct make *m, struct exh_error *err)
{
    const char *given = m->plan.image, *base = exh_text_base(given);
    bool raw = m->plan.format == &exh_format_raw;
    const struct exh_format *named = exh_format_for_name(given);
    if (raw && named != NULL && named != &exh_format_raw)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the name %s says %s: a raw image of that name could not be opened again", base, named->name);
    if ((raw && m->plan.segment_bytes == 0) || base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return true;                                     /* nothing to complete, or no name at all: the stage says so */
    bool ewf = strcmp(m->plan.format->name, "ewf") == 0; /* its segments are numbered in the name, in one spelling */
    if (!raw && !ewf && named == m->plan.format)
        return true;
    const char *end = raw ? ".001" : ewf ? ".E01" : m->plan.format->extensions[0];
    size_t stem = strlen(given) - (ends_alike(base, end) ? strlen(end) : 0);
    m->image = exh_text_format("%.*s%s", (int)stem, given, end);
    m->plan.image = m->image;
    return m->image != NULL || exh_nomem(err, "a name");
}

static bool choose_words(struct make *m, struct exh_error *err)
{
    static const struct {
        const char *word;
        enum exh_compression compression;
    } levels[] = {{"none", EXH_COMPRESS_NONE}, {"fast", EXH_COMPRESS_FAST}, {"best", EXH_COMPRESS_BEST}};
    const char *compress = exh_arg(m->args, "--compress"), *verify = exh_arg(m->args, "--verify");
    m->plan.compression = EXH_COMPRESS_FAST;
    bool known = compress == NULL;
    for (size_t i = 0; !known && i < 3; i++)
        if (strcmp(compress, levels[i].word) == 0) {
            m->plan.compression = levels[i].compression;
            known = true;
        }
    for (const char *const *codec = m->plan.format->codecs; !known && codec != NULL && *codec != NULL; codec++)
        if (strcmp(compress, *codec) == 0) {
            m->plan.codec = *codec;
            known = true;
        }
    if (!known)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--compress is none, fast or best, or a codec that %s images can be packed with",
                        m->plan.format->name);
    m->plan.verify_image = verify == NULL || strcmp(verify, "none") != 0;
    m->plan.verify_source = verify != NULL && strcmp(verify, "image,source") == 0;
    if (verify != NULL && !m->plan.verify_source && strcmp(verify, "image") != 0 && strcmp(verify, "none") != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--verify is image, image,source or none");
    if (m->plan.verify_source && m->source->kind == EXH_SOURCE_STDIN)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "standard input cannot be read twice: --verify image");
    return true;
}

static bool choose_numbers(struct make *m, struct exh_error *err)
{
    const char *threads = exh_arg(m->args, "--threads");
    uint64_t n = 0;
    m->plan.chunk_bytes = EXH_CHUNK_BYTES;
    if (!size_option(m->args, "--segment", &m->plan.segment_bytes, err) || !size_option(m->args, "--chunk", &m->plan.chunk_bytes, err))
        return false;
    if (threads != NULL && (!exh_text_u64(threads, &n) || n == 0 || n > 64))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--threads is 1 to 64");
    m->plan.threads = (unsigned)n;
    return true;
}

static void describe_source(struct make *m)
{
    struct exh_plan *p = &m->plan;
    const struct exh_opened *s = m->source;
    p->medium = m->shape.medium;
    p->range = s->range || m->shape.part;
    p->recheck = s->kind == EXH_SOURCE_STDIN ? NULL : exh_source_recheck;
    p->recheck_context = m->source;
    p->final_layout = s->kind == EXH_SOURCE_STDIN ? exh_stream_final : NULL;
    uint64_t first = 0;
    const char *start = exh_arg(m->args, "--start");
    if (start != NULL && exh_text_u64(start, &first))
        p->origin_bytes = first * s->medium->layout->tracks[0].main_bytes;
    if (s->kind != EXH_SOURCE_DEVICE)
        return;
    p->removable = s->facts.removable;
    p->optical = s->facts.optical;
    p->physical = !s->facts.partition;
    struct exh_transport *transport = exh_device_transport(s->whole);
    const char *why = s->facts.backing[0] != '\0' ? "a loop device takes no commands" : "the device takes no commands from us";
    exh_hidden_look(transport, why, &m->hidden);
    exh_health_ask(transport, why, &m->health);
    /* A disk may hide sectors (HPA, DCO, AMA): unless all three were looked for and none was found, it is the visible part that is imaged. A loop
     * device hides none. */
    p->hidden_unchecked = !s->facts.partition && s->facts.backing[0] == '\0' && !s->facts.optical && !exh_hidden_none(&m->hidden);
}

static bool make_plan(struct make *m, struct exh_fields *fields, struct exh_error *err)
{
    struct utsname u;
    m->plan.image = exh_arg(m->args, "-o");
    if (m->plan.image == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "where to? give -o IMAGE");
    struct stat st;
    if (stat(m->plan.image, &st) == 0 && (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode)))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s is a device; writing an image onto a device is what clone will be for", m->plan.image);
    if (!choose_numbers(m, err) || !choose_format(m, err) || !choose_name(m, err) || !choose_words(m, err) ||
        !exh_hash_list(exh_arg(m->args, "--hash"), m->source->medium->layout->kind, &m->hash_text, &m->hashes, &m->plan.algorithm_count, err) ||
        !exh_reshape_open(m->args, m->source, m->plan.format, fields, &m->shape, err) ||
        !exh_reshape_tell(m->args, &m->shape, m->plan.format, strcmp(m->type, "convert") == 0, err))
        return false;
    describe_source(m);
    m->plan.algorithms = m->hashes;
    m->plan.fields = fields;
    m->plan.program = "exhibit " EXH_VERSION;
    (void)snprintf(m->platform, sizeof m->platform, "%s %s", uname(&u) == 0 ? u.sysname : "unknown", u.release);
    m->plan.platform = m->platform;
    m->plan.watch = exh_args_watch(m->args);
    m->plan.resume = m->state != NULL;
    if (strcmp(m->type, "acquire") == 0 && !exh_rescue_plan(m->args, &m->rescue, &m->plan, err))
        return false;
    if (m->state == NULL) {
        m->plan.unix_time = (uint64_t)time(NULL);
        return exh_random(m->plan.guid, sizeof m->plan.guid, err);
    }
    m->plan.unix_time = m->state->unix_time;
    memcpy(m->plan.guid, m->state->guid, sizeof m->plan.guid);
    return exh_partial_state_same_source(m->state, m->source, err);
}

/* ---- refusals and warnings before anything is written ---- */

/* A record beside the name belongs to somebody else's image, or to an attempt that only it tells of; neither is mixed with ours. */
static bool no_record_yet(const char *image, struct exh_error *err)
{
    struct exh_error ignored;
    exh_error_clear(&ignored);
    char *side = exh_side_record_path(image);
    if (side == NULL)
        return exh_nomem(err, "a path");
    bool there = access(side, F_OK) == 0;
    int why = there ? 0 : errno;
    struct exh_side_record *record = there ? exh_side_record_read(side, &ignored) : NULL;
    if (there)
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists: it is the record of %s", side,
                       record != NULL && exh_side_record_end(record) == NULL
                           ? "an attempt that was not finished; move it away, or 'exhibit log --import' it first"
                           : "another image of this name");
    else if (why == ENAMETOOLONG) /* its name is the longest: better now than when the image stands without it */
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s: the name is too long for the record that will lie beside the image", side);
    else if (why != ENOENT)
        (void)exh_fail_sys(err, why, EXH_NO_OFFSET, "the image's record cannot be written as %s", side);
    exh_side_record_close(record);
    free(side);
    return why == ENOENT;
}

/* Where the segments of this and earlier runs go beside the image's own folder. */
static bool join_folders(struct make *m, struct exh_error *err)
{
    const struct exh_names *folders = m->plan.continue_in;
    bool whole = m->plan.format == &exh_format_raw && m->plan.segment_bytes == 0;
    if (folders != NULL && folders->count > 0 && whole)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--continue-in is for an image in segments: this one is a single file");
    for (size_t i = 0; folders != NULL && i < folders->count; i++)
        if (!exh_guard_destination(m->source->path, folders->items[i], err) || !exh_stage_join(m->stage, folders->items[i], err))
            return false;
    return true;
}

/* Better now than after days of reading. */
static bool no_map_yet(struct make *m, struct exh_error *err)
{
    char *name = exh_text_format("%s" EXH_STAGE_MAP_END, exh_stage_name(m->stage));
    bool ok = name != NULL ? exh_stage_vacant(m->stage, name, err) : exh_nomem(err, "a name");
    free(name);
    return ok;
}

/* The source is an image, which can be read again: what is half made of its copy is not kept. Of anything else it is. */
static bool can_be_made_again(const struct make *m) { return strcmp(m->type, "convert") == 0 && m->source->kind == EXH_SOURCE_FILE; }

static bool look_before(struct make *m, struct exh_error *err)
{
    /* The guard first: making the staging folder is a write. Standard input may be a device or a file, too. */
    if (!exh_guard_file(m->source->path, m->plan.image, err))
        return false;
    if (can_be_made_again(m) && !exh_conversion_replace(m->args, m->plan.image, m->source, err))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    /* Opening the stage says everything that is wrong with the destination; closed empty, it leaves nothing behind. */
    m->stage = m->state != NULL ? exh_stage_resume(m->plan.image, err) : exh_stage_open(m->plan.image, err);
    bool ok = m->stage != NULL && join_folders(m, err) && (!m->plan.medium->failing || no_map_yet(m, err)) &&
              (m->state != NULL || no_record_yet(m->plan.image, err));
    if (ok && m->source->kind == EXH_SOURCE_DEVICE && m->source->facts.mounted_rw)
        exh_watch_warn(m->plan.watch, "%s is mounted for writing (%s): it may change while it is read", m->source->path, m->source->facts.mounts);
    return ok;
}

/* ---- records ---- */

static json_t *plan_json(const struct make *m)
{
    static const char *const levels[] = {"none", "fast", "best"};
    json_t *hashes = json_array(), *verify = json_array();
    for (size_t i = 0; i < m->plan.algorithm_count; i++)
        (void)json_array_append_new(hashes, json_string(m->plan.algorithms[i]));
    if (m->plan.verify_image)
        (void)json_array_append_new(verify, json_string("image"));
    if (m->plan.verify_source)
        (void)json_array_append_new(verify, json_string("source"));
    json_t *json = json_pack("{s:s,s:s,s:I,s:o,s:I,s:o}", "format", m->plan.format->name, "compression",
                             m->plan.codec != NULL ? m->plan.codec : levels[m->plan.compression], "segment_bytes", (json_int_t)m->plan.segment_bytes,
                             "algorithms", hashes, "chunk_bytes", (json_int_t)m->plan.chunk_bytes, "verify", verify);
    char policy[200];
    if (json != NULL && m->plan.medium->failing) {
        exh_rescue_describe(&m->plan, policy, sizeof policy);
        (void)json_object_set_new(json, "read_policy", json_string(policy));
    }
    uint64_t first = 0;
    const char *start = exh_arg(m->args, "--start");
    if (json != NULL && m->source->range && (start == NULL || exh_text_u64(start, &first))) {
        (void)json_object_set_new(json, "start", json_integer((json_int_t)first));
        (void)json_object_set_new(json, "count", json_integer((json_int_t)exh_layout_sectors(m->source->medium->layout)));
    }
    if (json != NULL && m->shape.track != 0)
        (void)json_object_set_new(json, "track", json_integer(m->shape.track));
    if (json != NULL)
        (void)json_object_set_new(json, "losses", exh_reshape_losses_told(&m->shape));
    if (json != NULL && m->shape.generated.count > 0)
        (void)json_object_set_new(json, "generated", exh_record_names(&m->shape.generated));
    return json;
}

static bool record_resume(struct make *m, struct exh_error *err)
{
    struct exh_history history;
    if (!exh_journal_read(exh_stage_folder(m->stage), &history, err))
        return false;
    struct exh_journal_pause last = history.pause_count > 0 ? history.pauses[history.pause_count - 1]
                                                            : (struct exh_journal_pause){.why = "it was killed before it had begun to read"};
    exh_history_close(&history);
    last.resumed = (uint64_t)time(NULL);
    json_t *body = json_pack("{s:I,s:o,s:o,s:o,s:o}", "begin_seq", (json_int_t)m->recording.begin_seq, "command", exh_command_line_json(m->args),
                             "source", exh_source_json(m->source), "pause", exh_record_pause(&last), "environment", exh_environment_json());
    return exh_recording_add(&m->recording, "-resume", body, NULL, 0, err);
}

static bool record_begin(struct make *m, struct exh_error *err)
{
    if (m->state != NULL)
        return exh_recording_continue(&m->recording, m->state->operation, m->state->started, m->state->begin_seq,
                                      json_object_get(m->state->json, "lines"), err) &&
               record_resume(m, err);
    json_t *body = json_pack("{s:o,s:o,s:o,s:o,s:o}", "command", exh_command_line_json(m->args), "source", exh_source_json(m->source), "plan",
                             plan_json(m), "case", exh_record_fields(m->plan.fields), "environment", exh_environment_json());
    return exh_recording_add(&m->recording, "-begin", body, NULL, 0, err);
}

static json_t *second_read_json(const struct make *m)
{
    return json_pack("{s:s,s:o}", "verdict", exh_verdict_name(m->result.second.verdict), "findings", exh_record_findings(&m->result.second.findings));
}

/* What the device says of itself, and how it was read. */
static void add_device(const struct make *m, json_t *body)
{
    struct exh_reader_privileges privileges;
    struct exh_health after;
    if (body == NULL || m->source->kind != EXH_SOURCE_DEVICE)
        return;
    exh_health_ask(exh_device_transport(m->source->whole), m->health.why, &after);
    (void)json_object_set_new(body, "hidden_areas", exh_record_hidden(&m->hidden));
    (void)json_object_set_new(body, "health", json_pack("{s:o,s:o}", "before", exh_record_health(&m->health), "after", exh_record_health(&after)));
    if (exh_device_privileges(m->source->whole, &privileges))
        (void)json_object_set_new(body, "reader", exh_record_reader(&privileges));
}

/* The end line's body: what happened, and on success the whole result. */
static json_t *end_body(struct make *m, const struct exh_error *failure, struct exh_error *err)
{
    char ended[32];
    exh_time_text(time(NULL), ended);
    const char *outcome = failure == NULL ? "done" : failure->code == EXH_CANCELLED ? "interrupted" : "failed";
    json_t *body = json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o}", "begin_seq", (json_int_t)m->recording.begin_seq, "outcome", outcome, "started",
                             m->recording.started, "ended", ended, "seconds_reading", (json_int_t)m->result.seconds_reading, "seconds_verifying",
                             (json_int_t)m->result.seconds_verifying, "source", exh_source_json(m->source), "case", exh_record_fields(m->plan.fields),
                             "notices", exh_notices(m->args));
    if (body != NULL && failure != NULL)
        (void)json_object_set_new(body, "error", exh_record_error(failure));
    add_device(m, body);
    if (body != NULL && m->result.source_read_twice)
        (void)json_object_set_new(body, "second_read", second_read_json(m));
    if (body == NULL || failure != NULL)
        return body;
    json_t *result = exh_record_result(m->plan.format->name, &m->result);
    bool ok = (result != NULL || exh_nomem(err, "a record")) && exh_record_cite(result, &m->result.seal, &m->chunk_lines, &m->range_lines, err) &&
              (json_object_update(body, result) == 0 || exh_nomem(err, "a record"));
    json_decref(result);
    if (ok)
        return body;
    json_decref(body);
    return NULL;
}

static bool record_end(struct make *m, const struct exh_error *failure, struct exh_error *err)
{
    struct exh_ledger_blob blobs[2];
    size_t n = 0;
    json_t *body = end_body(m, failure, err);
    if (m->chunk_lines != NULL)
        blobs[n++] = (struct exh_ledger_blob){m->chunk_lines, strlen(m->chunk_lines)};
    if (m->range_lines != NULL)
        blobs[n++] = (struct exh_ledger_blob){m->range_lines, strlen(m->range_lines)};
    bool pause = failure != NULL && m->result.acquisition == EXH_INCOMPLETE && m->plan.state != NULL;
    if (!exh_recording_add(&m->recording, pause ? "-pause" : "-end", body, blobs, n, err))
        return failure != NULL ? false : exh_context(err, "the image stands, but its record could not be written");
    return failure != NULL || exh_recording_side(&m->recording, blobs, n, err);
}

/* ---- the answer ---- */

/* Of a set of many segments the first ones; the record has all. */
static void print_file_digests(const struct make *m)
{
    const struct exh_digests *all = &m->result.seal.digests;
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    for (size_t i = 0, told = 0; i < all->count && told < 24; i++)
        if (strncmp(all->items[i].scope, "file:", 5) == 0) {
            exh_text_hex(all->items[i].bytes, all->items[i].length, hex);
            exh_print(m->args, "%-11s %s  (%s)\n", all->items[i].algorithm, hex, all->items[i].scope);
            told++;
        }
}

static void print_result(const struct make *m)
{
    const struct exh_acquire_result *r = &m->result;
    uint64_t bad = 0;
    for (size_t i = 0; i < r->seal.unreadable.count; i++)
        bad += r->seal.unreadable.ranges[i].count;
    exh_print(m->args, "image       %s (%s, %zu file%s)\n", r->files.items[0], m->plan.format->name, r->files.count, r->files.count == 1 ? "" : "s");
    exh_print(m->args, "%-11s %llu bytes in %llu sectors", r->of, (unsigned long long)exh_layout_bytes(&r->layout),
              (unsigned long long)exh_layout_sectors(&r->layout));
    if (r->layout.track_count == 1)
        exh_print(m->args, " of %u\n", r->layout.tracks[0].main_bytes);
    else
        exh_print(m->args, ", %u tracks\n", r->layout.track_count);
    if (bad == 0)
        exh_print(m->args, "acquisition complete\n");
    else
        exh_print(m->args, "acquisition complete-with-errors: %llu sectors in %zu ranges could not be read and are filled with %s\n",
                  (unsigned long long)bad, r->seal.unreadable.count, r->seal.filled ? "the pattern" : "zeros");
    for (size_t i = 0; i < r->seal.unreadable.count && i < 20; i++)
        exh_print(m->args, "            LBA %lld, %llu sectors\n", (long long)r->seal.unreadable.ranges[i].lba,
                  (unsigned long long)r->seal.unreadable.ranges[i].count);
    if (r->seal.unreadable.count > 20)
        exh_print(m->args, "            ... and %zu more ranges, all in the record\n", r->seal.unreadable.count - 20);
    if (r->map_file != NULL)
        exh_print(m->args, "map         %s\n", r->map_file);
    if (r->recovered_sectors > 0)
        exh_print(m->args, "recovered   %llu sectors that failed at first and were read later\n", (unsigned long long)r->recovered_sectors);
    if (r->changed.count > 0)
        exh_print(m->args, "CHANGED     %llu sectors read one way and later another: the medium or the drive is not to be trusted\n",
                  (unsigned long long)exh_sectors_total(&r->changed, EXH_SUSPECT));
    exh_digest_table_print(m->args, "", &r->layout, &r->seal.digests);
    print_file_digests(m);
    exh_print(m->args, "read back   %s%s\n", r->verification == EXH_MATCH ? "every byte matches what was read, past the page cache: " : "",
              r->read_back);
    exh_print(m->args, "source      %s\n",
              !r->source_read_twice            ? "read once; no second read was made"
              : r->second.verdict == EXH_MATCH ? "read twice, both reads are equal"
                                               : "read twice, and the second read DIFFERS or failed: see the findings");
}

/* False (err): the image stands and is on record, but what became of it cannot be told. */
static bool answer(struct make *m, struct exh_error *err)
{
    json_t *json = exh_wants_json(m->args) ? exh_record_result(m->plan.format->name, &m->result) : NULL;
    if (json == NULL)
        return !exh_wants_json(m->args) || exh_nomem(err, "the answer; the image stands, and is on record");
    json_t *files = json_array();
    for (size_t i = 0; i < m->result.files.count; i++) {
        json_t *file = json_incref(json_array_get(json_object_get(json, "files"), i));
        (void)json_object_set_new(file, "path", exh_record_text(m->result.files.items[i]));
        (void)json_array_append_new(files, file);
    }
    (void)json_object_set_new(json, "files", files);
    (void)json_object_set_new(json, "losses", exh_reshape_losses(&m->shape));
    if (m->shape.generated.count > 0)
        (void)json_object_set_new(json, "generated", exh_record_names(&m->shape.generated));
    (void)json_object_set_new(json, "ledger", exh_recording_json(&m->recording));
    add_device(m, json);
    if (!exh_lineage_json(m->source, json)) {
        json_decref(json);
        return exh_nomem(err, "the answer; the image stands, and is on record");
    }
    if (m->result.source_read_twice)
        (void)json_object_set_new(json, "second_read", second_read_json(m));
    return exh_answer(m->args, json) || exh_nomem(err, "the answer; the image stands, and is on record");
}

static enum exh_exit exit_code(const struct make *m)
{
    const struct exh_acquire_result *r = &m->result;
    if (r->source_read_twice && (r->second.verdict == EXH_MISMATCH || r->second.verdict == EXH_DAMAGED))
        return EXH_EXIT_FINDING;
    if (r->changed.count > 0)
        return EXH_EXIT_FINDING;
    /* An image that is converted repeats its known unreadable ranges; only what this run could not read is news. */
    bool news = r->seal.unreadable.count > 0 && !r->lost_before;
    return news || (r->source_read_twice && r->second.unread_now > 0) ? EXH_EXIT_UNREAD : EXH_EXIT_DONE;
}

/* The state of a run that pauses knows the line that says so. */
static void keep_pause(struct make *m)
{
    struct exh_error ignored;
    exh_error_clear(&ignored);
    free(m->state_text);
    m->state_text = exh_partial_state_text(m->args, m->source, m->plan.fields, m->plan.guid, m->plan.unix_time, &m->recording,
                                           m->result.taken_up ? NULL : m->state);
    if (m->state_text != NULL)
        (void)!exh_stage_keep(m->stage, EXH_STAGE_STATE, m->state_text, &ignored);
}

static void discard(struct make *m)
{
    struct exh_error why;
    bool wrote = m->result.acquisition == EXH_INCOMPLETE;
    exh_error_clear(&why);
    if (!exh_stage_discard(m->stage, &why))
        exh_say(m->args, "exhibit: no image was published, and what is half made of it could not be removed from %s.partial: %s", m->plan.image,
                why.text);
    else if (wrote)
        exh_say(m->args, "exhibit: no image was published; what was half made of it is removed");
}

static enum exh_exit fail_with(struct make *m, const struct exh_error *failure)
{
    struct exh_error second;
    exh_error_clear(&second);
    if (m->recording.begin_seq != 0 && !record_end(m, failure, &second))
        exh_say(m->args, "exhibit: and the failure could not be recorded: %s", second.text);
    if (m->result.acquisition == EXH_INCOMPLETE && m->plan.state != NULL)
        keep_pause(m);
    if (m->stage != NULL && can_be_made_again(m))
        discard(m);
    else if (m->result.acquisition == EXH_INCOMPLETE && m->plan.state != NULL)
        exh_say(m->args, "exhibit: no image was published; what was done is kept: exhibit acquire --resume %s goes on", m->plan.image);
    else if (m->result.acquisition == EXH_INCOMPLETE)
        exh_say(m->args, "exhibit: no image was published; what was done is kept in %s.partial", m->plan.image);
    else if (m->stage != NULL && m->state == NULL)
        exh_stage_clear(m->stage); /* nothing worth keeping */
    return exh_tell_error(m->args, failure);
}

/* What a later run needs of this one. Standard input comes only once. */
static bool keep_state(struct make *m, const struct exh_fields *fields, struct exh_error *err)
{
    if (can_be_made_again(m))
        return exh_conversion_mark(m->stage, m->source, &m->recording, err);
    if (strcmp(m->type, "acquire") != 0 || m->source->kind == EXH_SOURCE_STDIN)
        return true;
    m->state_text = exh_partial_state_text(m->args, m->source, fields, m->plan.guid, m->plan.unix_time, &m->recording, NULL);
    m->plan.state = m->state_text;
    return m->state_text != NULL || exh_nomem(err, "the state of the acquisition");
}

static enum exh_exit run(struct make *m, struct exh_fields *fields)
{
    struct exh_error err, record_err;
    exh_error_clear(&err);
    exh_error_clear(&record_err);
    if (!make_plan(m, fields, &err) || !look_before(m, &err) ||
        !exh_recording_open(m->args, m->type, m->plan.image, fields, m->plan.guid, true, &m->recording, &err) || !record_begin(m, &err) ||
        !keep_state(m, fields, &err) || !exh_acquire_run(&m->plan, m->stage, &m->result, &err))
        return fail_with(m, &err);
    bool recorded = record_end(m, NULL, &record_err);
    if (recorded || can_be_made_again(m)) /* an acquisition is recorded by a later run: --resume */
        exh_stage_clear(m->stage);
    print_result(m);
    exh_recording_tell(m->args, &m->recording);
    if (!recorded)
        return exh_tell_error(m->args, &record_err);
    return answer(m, &record_err) ? exit_code(m) : exh_tell_error(m->args, &record_err);
}

enum exh_exit exh_make_image(struct exh_args *args, const char *type, struct exh_opened *source, struct exh_fields *fields,
                             const struct exh_partial_state *state)
{
    struct make m = {.args = args, .type = type, .source = source, .state = state};
    enum exh_exit code = run(&m, fields);
    exh_stage_close(m.stage);
    exh_rescue_close(&m.rescue);
    exh_reshape_close(&m.shape);
    free(m.state_text);
    exh_recording_close(&m.recording);
    exh_acquire_result_close(&m.result);
    free(m.hash_text);
    free(m.hashes);
    free(m.chunk_lines);
    free(m.range_lines);
    free(m.image);
    return code;
}
