/* side_record.c - IMAGE.record.jsonl: the ledger's lines about one image, verbatim, with the series they cite; or, without a ledger, a chain of its
 * own.
 *
 * What travels with an image can be changed by whoever carries it: the file is bounded, every line is taken apart, neighbours must chain, every
 * series must bear its hash as its name, and an end must belong to its begin. That shows damage and carelessness, not a skilled forger: the
 * basis of a verdict drawn from here is "record", one below "ledger". */
#include "report/ledger/side_record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "report/ledger/line.h"

#define SUFFIX ".record.jsonl"
#define LINES_MAX 100000u

struct kept_line {
    char *text;
    struct exh_line line;
    char hash[EXH_HEX_SIZE];
    size_t number; /* in the file, from 1 */
};

struct kept_blob {
    char name[EXH_HEX_SIZE];
    json_t *json; /* holds the text */
    bool cited;
};

struct exh_side_record {
    char *path;
    struct kept_line *lines;
    size_t line_count, line_capacity;
    struct kept_blob *blobs;
    size_t blob_count, blob_capacity;
};

static void free_text(char **text) { free(*text); }
static void record_closep(struct exh_side_record **record) { exh_side_record_close(*record); }

static void close_descriptor(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

char *exh_side_record_path(const char *image) { return exh_text_format("%s" SUFFIX, image); }

static bool on_record(struct exh_error *err, const char *path)
{
    (void)exh_in_file(err, path);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}

/* --- writing ----------------------------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *text, size_t length, struct exh_error *err)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return exh_fail_sys(err, n < 0 ? errno : EIO, EXH_NO_OFFSET, "cannot write the side record");
        text += n;
        length -= (size_t)n;
    }
    return true;
}

static bool write_line(int fd, const char *text, struct exh_error *err)
{
    return write_all(fd, text, strlen(text), err) && write_all(fd, "\n", 1, err);
}

static bool write_blob(int fd, const struct exh_ledger_blob *blob, struct exh_error *err)
{
    char name[EXH_HEX_SIZE];
    if (!exh_text_is_utf8(blob->bytes, blob->length) || memchr(blob->bytes, '\0', blob->length) != NULL)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a series that is not text has no place in a side record");
    if (!exh_hash_hex(blob->bytes, blob->length, name, err))
        return false;
    json_t *json = json_pack("{s:s,s:s%}", "blob", name, "text", blob->bytes, blob->length);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    bool ok = text != NULL ? write_line(fd, text, err) : exh_nomem(err, "a side record");
    free(text);
    return ok;
}

static bool sync_folder_of(const char *path, struct exh_error *err)
{
    int folder_length = (int)(exh_text_base(path) - path);
    EXH_CLEANUP(free_text) char *folder = folder_length > 0 ? exh_text_format("%.*s", folder_length, path) : exh_text_copy(".", 1);
    if (folder == NULL)
        return exh_nomem(err, "a path");
    EXH_CLEANUP(close_descriptor) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && fsync(fd) == 0) || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot sync the folder of the side record");
}

/* An existing record is added to only where its last line is whole; the first write makes the file. */
static bool open_to_append(const char *path, int *fd, off_t *size, bool *made, struct exh_error *err)
{
    struct stat st;
    char last = '\n';
    *size = 0;
    *fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    *made = *fd >= 0;
    if (*made)
        return true;
    if (errno == EEXIST)
        *fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the side record '%s'", exh_text_base(path));
    if (!S_ISREG(st.st_mode))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "'%s' is not a file", exh_text_base(path));
    if (st.st_size > 0 && (pread(*fd, &last, 1, st.st_size - 1) != 1 || last != '\n'))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the side record ends in half a line; nothing is added to it");
    *size = st.st_size;
    return true;
}

bool exh_side_record_append(const char *path, char *const *lines, size_t line_count, const struct exh_ledger_blob *blobs, size_t blob_count,
                            struct exh_error *err)
{
    EXH_CLEANUP(close_descriptor) int fd = -1;
    off_t size;
    bool made, ok = true;
    if (!open_to_append(path, &fd, &size, &made, err))
        return on_record(err, path);
    for (size_t i = 0; ok && i < line_count; i++)
        ok = write_line(fd, lines[i], err);
    for (size_t i = 0; ok && i < blob_count; i++)
        ok = write_blob(fd, &blobs[i], err);
    if (ok && fsync(fd) != 0)
        ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot sync the side record");
    if (ok && sync_folder_of(path, err))
        return true;
    /* Half a line would make the whole record unreadable; what was there before is worth more; nothing, if nothing was. */
    if (made && unlink(path) == 0)
        return on_record(err, path);
    if (ftruncate(fd, size) != 0)
        (void)exh_context(err, "the side record now ends in half a line");
    return on_record(err, path);
}

bool exh_side_record_chain(const char *path, const char *type, json_t *object, json_t *body, const struct exh_ledger_blob *blobs, size_t blob_count,
                           uint64_t *seq, char **line, struct exh_error *err)
{
    struct exh_error why = {0};
    EXH_CLEANUP(record_closep) struct exh_side_record *before = exh_side_record_read(path, &why);
    if (line != NULL)
        *line = NULL;
    if (before == NULL && !(why.code == EXH_NOT_FOUND && why.sys == ENOENT)) {
        *err = why;
        return false;
    }
    const struct kept_line *last = before != NULL && before->line_count > 0 ? &before->lines[before->line_count - 1] : NULL;
    uint64_t next = last != NULL ? last->line.seq + 1 : 1;
    json_t *marked = object != NULL ? json_copy(object) : json_object();
    if (marked == NULL || json_object_set_new(marked, "store", json_string("side")) != 0) {
        json_decref(marked);
        return exh_nomem(err, "a side record");
    }
    char *text = exh_line_compose(last != NULL ? last->hash : exh_line_no_prev, next, type, marked, body, err);
    json_decref(marked);
    if (text == NULL || !exh_side_record_append(path, &text, 1, blobs, blob_count, err)) {
        free(text);
        return on_record(err, path);
    }
    if (seq != NULL)
        *seq = next;
    if (line != NULL)
        *line = text;
    else
        free(text);
    return true;
}

/* --- reading ----------------------------------------------------------------------------------------------------------------------- */

void exh_side_record_close(struct exh_side_record *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; i < record->line_count; i++) {
        exh_line_close(&record->lines[i].line);
        free(record->lines[i].text);
    }
    for (size_t i = 0; i < record->blob_count; i++)
        json_decref(record->blobs[i].json);
    free(record->lines);
    free(record->blobs);
    free(record->path);
    free(record);
}

static bool load(const char *path, char **text, size_t *length, struct exh_error *err)
{
    struct stat st;
    EXH_CLEANUP(close_descriptor) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    *text = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the side record '%s'", exh_text_base(path));
    if (!S_ISREG(st.st_mode))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the side record is not a file");
    if ((uint64_t)st.st_size > EXH_SIDE_RECORD_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the side record has %lld bytes; at most %u are read", (long long)st.st_size,
                        EXH_SIDE_RECORD_BYTES_MAX);
    size_t size = (size_t)st.st_size, got = 0;
    char *room = malloc(size + 1);
    if (room == NULL)
        return exh_nomem(err, "a side record");
    while (got < size) {
        ssize_t n = pread(fd, room + got, size - got, (off_t)got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            free(room);
            return exh_fail_sys(err, n < 0 ? errno : EIO, got, "cannot read the side record");
        }
        got += (size_t)n;
    }
    room[size] = '\0';
    *text = room;
    *length = size;
    return true;
}

static bool is_blob_line(const char *text, size_t length)
{
    static const char start[] = "{\"blob\":";
    return length >= sizeof start - 1 && memcmp(text, start, sizeof start - 1) == 0;
}

static bool take_blob(struct exh_side_record *record, const char *text, size_t length, struct exh_error *err)
{
    json_error_t why;
    char hash[EXH_HEX_SIZE];
    if (!exh_grow((void **)&record->blobs, &record->blob_capacity, record->blob_count, sizeof *record->blobs, LINES_MAX, "series in a side record",
                  err))
        return false;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not JSON: %.120s", why.text);
    struct kept_blob *blob = &record->blobs[record->blob_count++];
    *blob = (struct kept_blob){.json = json};
    const char *name = json_string_value(json_object_get(json, "blob"));
    const json_t *bytes = json_object_get(json, "text");
    if (!exh_is_hex(name, 64) || !json_is_string(bytes) || json_object_size(json) != 2)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not a series with its hash");
    memcpy(blob->name, name, sizeof blob->name);
    if (!exh_hash_hex(json_string_value(bytes), json_string_length(bytes), hash, err))
        return false;
    return strcmp(hash, name) == 0 || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the series does not match its hash");
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + (a - b), end) == 0;
}

static bool has_operation(const struct exh_line *line, const char *operation)
{
    const char *own = json_string_value(json_object_get(line->body, "operation"));
    return own != NULL && strcmp(own, operation) == 0;
}

/* An end stands below its begin: same kind of work, same operation, the number it names. */
static bool check_end(const struct exh_side_record *record, const struct kept_line *end, struct exh_error *err)
{
    size_t stem = strlen(end->line.type) - 4; /* "-end" */
    const char *operation = json_string_value(json_object_get(end->line.body, "operation"));
    json_int_t begin_seq = json_integer_value(json_object_get(end->line.body, "begin_seq"));
    const char *outcome = json_string_value(json_object_get(end->line.body, "outcome"));
    if (operation == NULL)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it ends no named operation");
    if (outcome == NULL || (strcmp(outcome, "done") != 0 && strcmp(outcome, "failed") != 0 && strcmp(outcome, "interrupted") != 0))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it ends an operation with no outcome that is known");
    for (size_t i = 0; i < record->line_count; i++) {
        const struct exh_line *begin = &record->lines[i].line;
        if (strncmp(begin->type, end->line.type, stem) == 0 && strcmp(begin->type + stem, "-begin") == 0 && has_operation(begin, operation) &&
            begin->seq == (uint64_t)begin_seq)
            return true;
    }
    return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it ends an operation that no line above it began");
}

/* Lines of a ledger may be apart; where they are neighbours they must chain, and numbers only grow. */
static bool check_link(const struct exh_side_record *record, const struct kept_line *line, struct exh_error *err)
{
    if (record->line_count == 0)
        return true;
    const struct kept_line *before = &record->lines[record->line_count - 1];
    if (line->line.seq <= before->line.seq)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "its number does not follow the one above");
    if (line->line.seq == before->line.seq + 1 && strcmp(line->line.prev, before->hash) != 0)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it does not follow the line above: that line's hash is not the one it names");
    return true;
}

static bool take_line(struct exh_side_record *record, const char *text, size_t length, size_t number, struct exh_error *err)
{
    if (!exh_grow((void **)&record->lines, &record->line_capacity, record->line_count, sizeof *record->lines, LINES_MAX, "lines in a side record",
                  err))
        return false;
    struct kept_line line = {.number = number};
    bool ok = exh_line_parse(text, length, &line.line, err) && exh_line_hash(text, length, line.hash, err) && check_link(record, &line, err) &&
              (!ends_with(line.line.type, "-end") || check_end(record, &line, err));
    if (ok && (line.text = exh_text_copy(text, length)) == NULL)
        ok = exh_nomem(err, "a side record");
    if (ok)
        record->lines[record->line_count++] = line;
    else
        exh_line_close(&line.line);
    return ok;
}

static bool take_all(struct exh_side_record *record, const char *text, size_t length, struct exh_error *err)
{
    size_t number = 1;
    if (length == 0)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the side record is empty");
    for (size_t at = 0; at < length; number++) {
        const char *line = text + at, *end = memchr(line, '\n', length - at);
        size_t size = end != NULL ? (size_t)(end - line) : length - at;
        bool ok = end != NULL || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is cut short");
        ok = ok && (is_blob_line(line, size) ? take_blob(record, line, size, err) : take_line(record, line, size, number, err));
        if (!ok) {
            err->at = at;
            return exh_context(err, "line %zu of the side record", number);
        }
        at += size + 1;
    }
    return true;
}

static bool blob_cited_is_there(void *context, const char *sha256, struct exh_error *err)
{
    struct exh_side_record *record = context;
    bool there = false;
    for (size_t i = 0; i < record->blob_count; i++) /* twice, when a run was cut behind its end line and the next one found the same */
        if (strcmp(record->blobs[i].name, sha256) == 0)
            there = record->blobs[i].cited = true;
    return there || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it cites the series %.16s..., which is not there", sha256);
}

static bool check_citations(struct exh_side_record *record, struct exh_error *err)
{
    for (size_t i = 0; i < record->line_count; i++)
        if (!exh_line_citations(record->lines[i].line.body, blob_cited_is_there, record, err))
            return exh_context(err, "line %zu of the side record", record->lines[i].number);
    for (size_t i = 0; i < record->blob_count; i++)
        if (!record->blobs[i].cited) /* the line that did was taken out */
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "no line of the side record cites its series %.16s...", record->blobs[i].name);
    return true;
}

struct exh_side_record *exh_side_record_read(const char *path, struct exh_error *err)
{
    EXH_CLEANUP(record_closep) struct exh_side_record *record = calloc(1, sizeof *record);
    EXH_CLEANUP(free_text) char *text = NULL;
    size_t length = 0;
    if (record == NULL || (record->path = exh_text_copy(path, strlen(path))) == NULL) {
        (void)exh_nomem(err, "a side record");
        return NULL;
    }
    if (!load(path, &text, &length, err) || !take_all(record, text, length, err) || !check_citations(record, err)) {
        (void)on_record(err, path);
        return NULL;
    }
    struct exh_side_record *made = record;
    record = NULL;
    return made;
}

/* ---- going on behind a cut ---- */

#define CUT_LINES_MAX 4u /* of one append: a line, and the series it cites */

/* Up to the LF before the last one. */
static size_t without_last_line(const char *text, size_t length)
{
    for (length -= length > 0; length > 0 && text[length - 1] != '\n'; length--)
        ;
    return length;
}

static bool reads_well(const char *text, size_t length)
{
    struct exh_error why = {0};
    EXH_CLEANUP(record_closep) struct exh_side_record *record = calloc(1, sizeof *record);
    return record != NULL && take_all(record, text, length, &why) && check_citations(record, &why);
}

bool exh_side_record_mend(const char *path, const char *operation, const char *first_line, struct exh_error *err)
{
    EXH_CLEANUP(free_text) char *text = NULL;
    struct exh_error why = {0};
    size_t length = 0;
    if (!load(path, &text, &length, &why)) {
        if (why.sys == ENOENT)
            return true;
        *err = why;
        return on_record(err, path);
    }
    size_t whole = length > 0 && text[length - 1] == '\n' ? length : without_last_line(text, length + 1);
    for (unsigned dropped = 0; whole > 0 && dropped < CUT_LINES_MAX && !reads_well(text, whole); dropped++)
        whole = without_last_line(text, whole);
    bool begun = whole == 0 && (length == 0 || (first_line != NULL && strncmp(text, first_line, length) == 0));
    bool mended = begun                                                                                       ? unlink(path) == 0
                  : whole < length && strstr(text, operation) != NULL && whole > 0 && reads_well(text, whole) ? truncate(path, (off_t)whole) == 0
                                                                                                              : true;
    return mended || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot mend the side record") || on_record(err, path);
}

size_t exh_side_record_count(const struct exh_side_record *record) { return record->line_count; }

const json_t *exh_side_record_line(const struct exh_side_record *record, size_t i, const char **verbatim)
{
    if (verbatim != NULL)
        *verbatim = i < record->line_count ? record->lines[i].text : NULL;
    return i < record->line_count ? record->lines[i].line.json : NULL;
}

const json_t *exh_side_record_end(const struct exh_side_record *record)
{
    for (size_t i = record->line_count; i > 0; i--) {
        const struct exh_line *line = &record->lines[i - 1].line;
        const char *outcome = json_string_value(json_object_get(line->body, "outcome"));
        if (ends_with(line->type, "-end") && outcome != NULL && strcmp(outcome, "done") == 0)
            return line->body;
    }
    return NULL;
}

static bool get_blob(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *err)
{
    const struct exh_side_record *record = context;
    *bytes = NULL;
    for (size_t i = 0; i < record->blob_count; i++) {
        const json_t *text = json_object_get(record->blobs[i].json, "text");
        if (strcmp(record->blobs[i].name, sha256) != 0)
            continue;
        *length = json_string_length(text);
        *bytes = exh_text_copy(json_string_value(text), *length);
        return *bytes != NULL || exh_nomem(err, "a series");
    }
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the series %.64s is not in the side record", sha256);
    return on_record(err, record->path);
}

struct exh_blobs exh_side_record_blobs(const struct exh_side_record *record)
{
    /* get_blob takes it as const again. */
    return (struct exh_blobs){get_blob, (void *)(uintptr_t)record};
}

/* --- into a ledger ----------------------------------------------------------------------------------------------------------------- */

/* Hashes of what the ledger holds already, its own lines and imported ones. */
struct known {
    const struct exh_side_record *record;
    bool *here;
    struct exh_error err;
};

static void mark_known(struct known *known, const char *hash)
{
    for (size_t i = 0; hash != NULL && i < known->record->line_count; i++)
        if (strcmp(known->record->lines[i].hash, hash) == 0)
            known->here[i] = true;
}

static bool mark_row(void *context, uint64_t seq, const char *text, const json_t *parsed)
{
    struct known *known = context;
    char hash[EXH_HEX_SIZE];
    const json_t *body = json_object_get(parsed, "body");
    const char *type = json_string_value(json_object_get(parsed, "type"));
    (void)seq;
    if (type != NULL && strcmp(type, "import") == 0)
        mark_known(known, json_string_value(json_object_get(body, "sha256")));
    if (!exh_line_hash(text, strlen(text), hash, &known->err))
        return false;
    mark_known(known, hash);
    return true;
}

static bool find_known(struct exh_ledger *ledger, const struct exh_side_record *record, bool *here, struct exh_error *err)
{
    struct known known = {.record = record, .here = here};
    if (!exh_ledger_each(ledger, mark_row, &known, err))
        return false;
    if (known.err.code != EXH_OK) {
        *err = known.err;
        return false;
    }
    return true;
}

struct gathered {
    const struct exh_side_record *record;
    struct exh_ledger_blob blobs[EXH_LEDGER_BLOBS_MAX];
    size_t count;
};

static bool gather(void *context, const char *sha256, struct exh_error *err)
{
    struct gathered *g = context;
    for (size_t i = 0; i < g->record->blob_count; i++) {
        const json_t *text = json_object_get(g->record->blobs[i].json, "text");
        if (strcmp(g->record->blobs[i].name, sha256) != 0)
            continue;
        if (g->count == EXH_LEDGER_BLOBS_MAX)
            return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a line that cites more than %u series", EXH_LEDGER_BLOBS_MAX);
        g->blobs[g->count++] = (struct exh_ledger_blob){json_string_value(text), json_string_length(text)};
        return true;
    }
    return true; /* reading has made sure that all are there */
}

static bool import_line(struct exh_ledger *ledger, const struct exh_side_record *record, const struct kept_line *line, const char *name,
                        struct exh_ledger_state *state, struct exh_error *err)
{
    struct gathered g = {.record = record};
    json_t *body = json_pack("{s:s,s:s}", "line", line->text, "sha256", line->hash), *object = json_copy(line->line.object);
    bool ok = body != NULL && object != NULL && json_object_set_new(object, "image", json_string(name)) == 0;
    ok = ok ? exh_line_citations(line->line.body, gather, &g, err) : exh_nomem(err, "a ledger line");
    ok = ok && exh_ledger_append(ledger, "import", object, body, g.blobs, g.count, state, NULL, err);
    json_decref(body);
    json_decref(object);
    return ok;
}

static char *image_name(const struct exh_ledger *ledger, const char *path)
{
    size_t length = strlen(path);
    if (ends_with(path, SUFFIX))
        length -= sizeof SUFFIX - 1;
    char *image = exh_text_copy(path, length), *name = image != NULL ? exh_ledger_name_of(ledger, image) : NULL;
    free(image);
    return name;
}

static bool import_all(struct exh_ledger *ledger, const struct exh_side_record *record, const bool *here, struct exh_import *out,
                       struct exh_ledger_state *state, struct exh_error *err)
{
    EXH_CLEANUP(free_text) char *name = image_name(ledger, record->path);
    if (name == NULL)
        return exh_nomem(err, "a file name");
    for (size_t i = 0; i < record->line_count; i++)
        out->known += here[i] ? 1 : 0;
    if (out->known == record->line_count)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "all %zu lines of '%s' are in the ledger already", record->line_count,
                        exh_text_base(record->path));
    for (size_t i = 0; i < record->line_count; i++) {
        if (here[i])
            continue;
        if (!import_line(ledger, record, &record->lines[i], name, state, err))
            return exh_context(err, "line %zu of the side record", record->lines[i].number);
        out->added++;
    }
    return true;
}

bool exh_side_record_import(struct exh_ledger *ledger, const char *path, struct exh_import *out, struct exh_ledger_state *state,
                            struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    EXH_CLEANUP(record_closep) struct exh_side_record *record = exh_side_record_read(path, err);
    if (record == NULL)
        return false;
    bool *here = calloc(record->line_count + 1, sizeof *here);
    bool ok = (here != NULL || exh_nomem(err, "a side record")) && find_known(ledger, record, here, err) &&
              import_all(ledger, record, here, out, state, err);
    free(here);
    return ok || on_record(err, path);
}
