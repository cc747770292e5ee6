/* cmd_report.c - exhibit report: what the record says of an image, or of a case, as report.xml and report.html.
 *
 * The image itself is read only when its name is on no record (it may have been renamed): then the digest of its file finds it. Both pages
 * are made in memory, written under other names, fsynced, and renamed; an earlier report is not replaced without --force. The report cites
 * the ledger's position before it; its own line, with the digests of both files, comes after. */
#include "report/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "report/cli/case_record.h"
#include "report/cli/report_items.h"
#include "report/pages/sentences.h"
#include "verify/digest.h"
#include "verify/verify.h"

#define PAGES 2

struct page_file {
    const char *name;
    char *text;
    char partial[64], sha256[65];
};

struct telling {
    struct exh_args *args;
    const char *operand; /* the image as given; NULL: by case */
    struct exh_report_wish wish;
    char *image; /* as the ledger names it */
    struct exh_recording recording;
    struct exh_side_record *side;
    struct exh_report_items items;
    struct exh_report report;
    char head[65], now[32];
    const char *why_not; /* the report is not recorded; NULL: it may be */
    struct page_file pages[PAGES];
};

/* --- what there is to tell --- */

/* The chain is checked before anything it says is told; a broken one is told as broken. */
static bool check_chain(struct telling *t, struct exh_error *err)
{
    struct exh_audit audit;
    if (!exh_ledger_audit(t->recording.ledger, NULL, NULL, NULL, &audit, err))
        return false;
    t->report.ledger_path = t->recording.state.path;
    t->report.chain_sound = audit.sound;
    t->report.seq = audit.seq;
    memcpy(t->head, audit.head, sizeof t->head);
    t->report.head = t->head;
    t->report.blobs = exh_ledger_blobs(t->recording.ledger);
    if (!audit.sound)
        t->why_not = "the ledger's chain is broken";
    return true;
}

static bool gather_from_ledger(struct telling *t, struct exh_error *err)
{
    exh_report_items_close(&t->items);
    return exh_report_items_of_ledger(t->recording.ledger, !t->report.chain_sound, &t->wish, &t->items, err);
}

static bool look_in_ledger(struct telling *t, struct exh_error *err)
{
    if (t->recording.ledger == NULL)
        return true;
    if (!check_chain(t, err))
        return false;
    if (t->operand != NULL) {
        t->image = exh_ledger_name_of(t->recording.ledger, t->operand);
        if (t->image == NULL)
            return exh_nomem(err, "a file name");
        t->wish.image = t->image;
    }
    return gather_from_ledger(t, err);
}

static bool cite_side_record(struct telling *t, struct exh_error *err)
{
    const char *last = NULL;
    size_t count = exh_side_record_count(t->side);
    const json_t *line = count > 0 ? exh_side_record_line(t->side, count - 1, &last) : NULL;
    uint8_t sum[32];
    char *hashed = last != NULL ? exh_text_format("%s\n", last) : NULL; /* a line is hashed with its line feed */
    bool ok = hashed != NULL ? exh_sha256(hashed, strlen(hashed), sum, err) : exh_nomem(err, "a report");
    free(hashed);
    if (!ok)
        return false;
    exh_text_hex(sum, sizeof sum, t->head);
    t->report.ledger_path = NULL;
    t->report.seq = (uint64_t)json_integer_value(json_object_get(line, "seq"));
    t->report.head = t->head;
    t->report.blobs = exh_side_record_blobs(t->side);
    t->why_not = t->items.count > 0 ? "made from the side record: the ledger knows verifications of this image, but not its making"
                                    : "made from the side record: no ledger speaks of this image";
    return true;
}

/* In place of what the ledger says, when that is no more than looks at the image. */
static bool take_side_record(struct telling *t, struct exh_error *err)
{
    struct exh_report_items items;
    bool ok = exh_report_items_of_record(t->side, &items, err);
    if (!ok || items.count == 0) {
        exh_report_items_close(&items);
        return ok;
    }
    ok = cite_side_record(t, err);
    exh_report_items_close(&t->items);
    t->items = items;
    return ok;
}

static bool look_in_side_record(struct telling *t, struct exh_error *err)
{
    if (t->operand == NULL || (t->items.count > 0 && !exh_report_items_only_found(&t->items)))
        return true;
    struct exh_error absent;
    exh_error_clear(&absent);
    char *path = exh_side_record_path(t->operand);
    if (path == NULL)
        return exh_nomem(err, "a file name");
    t->side = exh_side_record_read(path, &absent);
    free(path);
    if (t->side == NULL && absent.code == EXH_NOT_FOUND)
        return true;
    if (t->side == NULL) {
        *err = absent;
        return exh_on_side(err, EXH_SIDE_LEDGER);
    }
    return take_side_record(t, err);
}

/* Which line knows this file by its digest; 0: none. */
static bool find_digest(struct telling *t, uint64_t *seq, struct exh_error *err)
{
    struct exh_names names = {0};
    struct exh_digests digests = {0};
    json_t *body = NULL;
    const char *how = NULL;
    *seq = 0;
    exh_watch_phase(exh_args_watch(t->args), "look the file up by its digest", EXH_SECTORS_UNKNOWN);
    bool ok = exh_names_add(&names, t->operand, err) && exh_verify_files(&names, false, exh_args_watch(t->args), 0, &digests, err) &&
              exh_ledger_lookup(t->recording.ledger, &(struct exh_lookup){.digests = &digests}, &body, seq, &how, err);
    json_decref(body);
    exh_names_close(&names);
    free(digests.items);
    return ok;
}

/* Did a look at the image rest on the ledger? Then its making is on record there, under this name or another. */
static bool ledger_knew_it(const struct exh_report_items *items)
{
    size_t n;
    const json_t *basis;
    for (size_t i = 0; i < items->count; i++)
        for (size_t k = 0; k < items->items[i].later_count; k++)
            json_array_foreach(json_object_get(json_object_get(items->items[i].later[k], "body"), "basis"), n,
                               basis) if (json_is_string(basis) && strcmp(json_string_value(basis), "ledger") == 0) return true;
    return false;
}

static bool look_by_digest(struct telling *t, struct exh_error *err)
{
    struct stat st;
    uint64_t seq = 0;
    bool told = t->items.count > 0 && (!exh_report_items_only_found(&t->items) || !ledger_knew_it(&t->items));
    if (told || t->operand == NULL || t->recording.ledger == NULL || !t->report.chain_sound || stat(t->operand, &st) != 0 || !S_ISREG(st.st_mode))
        return true;
    if (!find_digest(t, &seq, err))
        return false;
    if (seq == 0)
        return true;
    free(t->image);
    t->image = exh_report_items_image(t->recording.ledger, seq, err);
    if (t->image == NULL)
        return false;
    t->wish.image = t->image;
    exh_say(t->args, "exhibit: the record knows this file by its digest, as '%s'", t->image);
    return gather_from_ledger(t, err);
}

static bool nothing_found(const struct telling *t, struct exh_error *err)
{
    const char *also = t->recording.ledger == NULL && t->recording.state.why_not[0] != '\0' ? t->recording.state.why_not : NULL;
    if (t->operand != NULL)
        return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "no record of '%s' was found%s%s", t->operand, also != NULL ? "; the ledger: " : "",
                        also != NULL ? also : "");
    return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "no record of case '%s'%s%s%s was found", t->wish.case_id,
                    t->wish.exhibit_id != NULL ? ", exhibit '" : "", t->wish.exhibit_id != NULL ? t->wish.exhibit_id : "",
                    t->wish.exhibit_id != NULL ? "'" : "");
}

static bool find_all(struct telling *t, struct exh_error *err)
{
    /* Without an image the search for a ledger starts in this folder. */
    const char *start = t->operand != NULL ? t->operand : "./ledger.db";
    if (!exh_recording_open(t->args, "report", start, NULL, NULL, false, &t->recording, err) || !look_in_ledger(t, err) ||
        !look_in_side_record(t, err) || !look_by_digest(t, err))
        return false;
    return t->items.count > 0 || nothing_found(t, err);
}

/* --- the files --- */

static bool make_pages(struct telling *t, struct exh_error *err)
{
    exh_time_text(time(NULL), t->now);
    t->report.items = t->items.items;
    t->report.item_count = t->items.count;
    t->report.program = "exhibit " EXH_VERSION;
    t->report.time_utc = t->now;
    t->pages[0] = (struct page_file){.name = "report.xml", .text = exh_report_xml(&t->report, err)};
    if (t->pages[0].text == NULL)
        return false;
    t->pages[1] = (struct page_file){.name = "report.html", .text = exh_report_html(&t->report, err)};
    for (size_t i = 0; i < PAGES; i++) {
        uint8_t sum[32];
        if (t->pages[i].text == NULL || !exh_sha256(t->pages[i].text, strlen(t->pages[i].text), sum, err))
            return false;
        exh_text_hex(sum, sizeof sum, t->pages[i].sha256);
        (void)snprintf(t->pages[i].partial, sizeof t->pages[i].partial, ".%s.%.16s", t->pages[i].name, t->recording.operation);
    }
    return true;
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

static bool write_partial(int folder, const struct page_file *page, struct exh_error *err)
{
    int fd = openat(folder, page->partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot write %s", page->name);
    bool ok = write_all(fd, page->text, strlen(page->text)) && fsync(fd) == 0;
    int sys = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        sys = errno;
    }
    return ok || exh_fail_sys(err, sys, EXH_NO_OFFSET, "cannot write %s", page->name);
}

static bool exists(const struct page_file *page, struct exh_error *err)
{
    return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists; --force replaces it", page->name);
}

/* Gives the page its name. Without --force a file of that name is never replaced, not even one made this instant. */
static bool publish(int folder, const struct page_file *page, bool force, struct exh_error *err)
{
    if (force) {
        if (renameat(folder, page->partial, folder, page->name) == 0)
            return true;
    } else {
        if (renameat2(folder, page->partial, folder, page->name, RENAME_NOREPLACE) == 0)
            return true;
        /* A file system without that flag: a hard link does not replace either. */
        if ((errno == EINVAL || errno == ENOSYS) && linkat(folder, page->partial, folder, page->name, 0) == 0)
            return unlinkat(folder, page->partial, 0) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot tidy up after %s", page->name);
        if (errno == EEXIST)
            return exists(page, err);
    }
    return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot publish %s", page->name);
}

static bool write_pages(struct telling *t, int folder, struct exh_error *err)
{
    bool force = exh_arg(t->args, "--force") != NULL, ok = true;
    struct stat st;
    for (size_t i = 0; ok && !force && i < PAGES; i++)
        ok = fstatat(folder, t->pages[i].name, &st, AT_SYMLINK_NOFOLLOW) != 0 || exists(&t->pages[i], err);
    for (size_t i = 0; ok && i < PAGES; i++)
        ok = write_partial(folder, &t->pages[i], err);
    for (size_t i = 0; ok && i < PAGES; i++)
        ok = publish(folder, &t->pages[i], force, err);
    if (ok && fsync(folder) != 0)
        ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot write the folder");
    for (size_t i = 0; !ok && i < PAGES; i++)
        (void)unlinkat(folder, t->pages[i].partial, 0); /* the names are of this run alone */
    return ok;
}

static bool write_folder(struct telling *t, struct exh_error *err)
{
    const char *path = exh_arg(t->args, "-o");
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make the folder '%s'", path);
    int folder = err->code == EXH_OK ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0) {
        if (err->code == EXH_OK)
            (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the folder '%s'", path);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    bool ok = write_pages(t, folder, err);
    (void)close(folder);
    return ok || (exh_in_file(err, path), exh_on_side(err, EXH_SIDE_DESTINATION));
}

/* --- the record of it --- */

static json_t *files_json(const struct telling *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < PAGES; i++)
        (void)json_array_append_new(
            list, json_pack("{s:s,s:I,s:s}", "name", t->pages[i].name, "bytes", (json_int_t)strlen(t->pages[i].text), "sha256", t->pages[i].sha256));
    return list;
}

/* The line's object names the image as the ledger does; of a case, its number, and the images go into the body. */
static bool name_object(struct telling *t, json_t *body, struct exh_error *err)
{
    json_t *object = t->recording.object, *images = json_array();
    bool ok = images != NULL;
    if (t->wish.image != NULL) {
        ok = ok && json_object_set_new(object, "image", json_string(t->wish.image)) == 0;
        json_decref(images);
        return ok || exh_nomem(err, "a record");
    }
    for (size_t i = 0; ok && i < t->items.count; i++) {
        const json_t *line = exh_report_item_line(&t->items.items[i]);
        json_t *name = json_object_get(json_object_get(line, "object"), "image");
        bool there = name == NULL;
        for (size_t j = 0; !there && j < json_array_size(images); j++)
            there = json_equal(json_array_get(images, j), name);
        ok = there || json_array_append(images, name) == 0;
    }
    (void)json_object_del(object, "image");
    ok = ok && json_object_set(body, "images", images) == 0 && json_object_set_new(object, "case", json_string(t->wish.case_id)) == 0 &&
         (t->wish.exhibit_id == NULL || json_object_set_new(object, "exhibit", json_string(t->wish.exhibit_id)) == 0);
    json_decref(images);
    return ok || exh_nomem(err, "a record");
}

static bool record(struct telling *t, struct exh_error *err)
{
    if (t->why_not != NULL || t->recording.ledger == NULL)
        return true;
    json_t *body = json_pack("{s:o,s:{s:I,s:s}}", "files", files_json(t), "cites", "seq", (json_int_t)t->report.seq, "head", t->report.head);
    if (body == NULL || !name_object(t, body, err)) {
        json_decref(body);
        return body != NULL || exh_nomem(err, "a record");
    }
    return exh_recording_add(&t->recording, "", body, NULL, 0, err) || exh_context(err, "the report stands, but it could not be recorded");
}

static json_t *ledger_json(const struct telling *t)
{
    return t->why_not == NULL ? exh_recording_json(&t->recording) : json_pack("{s:b,s:s}", "recorded", 0, "reason", t->why_not);
}

/* --- the answer --- */

static json_t *sentences(struct telling *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->items.count; i++) {
        struct exh_error ignored;
        exh_error_clear(&ignored);
        char *sentence = exh_report_item_sentence(&t->items.items[i], &ignored);
        if (sentence != NULL)
            (void)json_array_append_new(list, json_string(sentence));
        free(sentence);
    }
    return list;
}

static void answer(struct telling *t)
{
    json_t *said = sentences(t), *sentence;
    size_t i;
    json_array_foreach(said, i, sentence) exh_print(t->args, "%s\n", json_string_value(sentence));
    for (size_t f = 0; f < PAGES; f++)
        exh_print(t->args, "%s/%s  %zu bytes  sha256:%s\n", exh_arg(t->args, "-o"), t->pages[f].name, strlen(t->pages[f].text), t->pages[f].sha256);
    exh_recording_tell(t->args, &t->recording);
    const char *chain = t->report.ledger_path == NULL ? "not-checked" : t->report.chain_sound ? "sound" : "broken";
    exh_answer(t->args, json_pack("{s:o,s:o,s:I,s:s,s:o}", "files", files_json(t), "sentences", said, "items", (json_int_t)t->items.count, "chain",
                                  chain, "ledger", ledger_json(t)));
}

static enum exh_exit tell(struct telling *t)
{
    struct exh_error err;
    exh_error_clear(&err);
    if (!find_all(t, &err) || !make_pages(t, &err) || !write_folder(t, &err) || !record(t, &err))
        return exh_tell_error(t->args, &err);
    answer(t);
    if (t->report.ledger_path == NULL || t->report.chain_sound)
        return EXH_EXIT_DONE;
    exh_say(t->args, "exhibit: the chain of the ledger is broken, and the report says so; 'exhibit log --check' names the places");
    return EXH_EXIT_FINDING;
}

static enum exh_exit run(struct exh_args *args)
{
    struct exh_error err;
    exh_error_clear(&err);
    const char *number = exh_arg(args, "--case"), *exhibit = exh_arg(args, "--exhibit");
    bool image = exh_operand_count(args) == 1;
    if (exh_arg(args, "-o") == NULL)
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "-o DIR says where the report goes");
    else if (image == (number != NULL))
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "a report is of an IMAGE or of a --case; give one of them");
    else if (exhibit != NULL && number == NULL)
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "--exhibit belongs to --case");
    if (err.code != EXH_OK)
        return exh_tell_error(args, &err);
    struct telling t = {.args = args, .operand = image ? exh_operand(args, 0) : NULL, .wish = {.case_id = number, .exhibit_id = exhibit}};
    enum exh_exit code = tell(&t);
    for (size_t i = 0; i < PAGES; i++)
        free(t.pages[i].text);
    exh_report_items_close(&t.items);
    exh_side_record_close(t.side);
    exh_recording_close(&t.recording);
    free(t.image);
    return code;
}

static const struct exh_option options[] = {
    {.name = "-o", .argument = "DIR", .help = "where report.xml and report.html go; made when absent", .also = "--output"},
    {.name = "--case", .argument = "ID", .help = "every image of this case, instead of one image"},
    {.name = "--exhibit", .argument = "ID", .help = "with --case: of this exhibit only"},
    {.name = "--force", .help = "replace an earlier report in DIR"},
    {0}};

extern const struct exh_command exh_command_report;
const struct exh_command exh_command_report = {
    .name = "report",
    .operands = "IMAGE|--case ID -o DIR",
    .summary = "what the record says of an image or a case, as report.xml and report.html",
    .options = options,
    .least_operands = 0,
    .most_operands = 1,
    .run = run,
    .notes = "The record is the ledger, found as for every command, else the side record IMAGE.record.jsonl. The chain of the ledger is checked "
             "first; when it\nis broken the report says so and the exit code is 1. An image that was only verified or hashed here is told as it "
             "was found,\nwithout an acquisition. The report's digests become a line of the ledger, unless --no-record is given.",
};
