/* journal_read.c - the journal of an unfinished acquisition, read back. See journal.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/journal.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define DATA_MAX (64u << 20)

/* One line on its way: numbers after its first letter. */
struct line {
    const char *at;
    bool bad;
};

static uint64_t number(struct line *l, unsigned base)
{
    uint64_t value = 0;
    unsigned digits = 0;
    if (*l->at != ' ') {
        l->bad = true;
        return 0;
    }
    for (l->at++; *l->at != ' ' && *l->at != '\0'; l->at++, digits++) {
        char c = *l->at;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u : 99u;
        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            l->bad = true;
            return 0;
        }
        value = value * base + digit;
    }
    l->bad = l->bad || digits == 0;
    return value;
}

static uint64_t number_to(struct line *l, uint64_t max)
{
    uint64_t value = number(l, 10);
    l->bad = l->bad || value > max;
    return l->bad ? 0 : value;
}

/* "LBA COUNT"; their sum is one of a medium, too. */
static void range(struct line *l, int64_t *lba, uint64_t *count)
{
    *lba = (int64_t)number_to(l, EXH_MEDIA_BYTES_MAX);
    *count = number_to(l, EXH_MEDIA_BYTES_MAX - (uint64_t)*lba);
}

static bool take_data(struct exh_history *h, struct line *l, size_t line_number, struct exh_error *err)
{
    struct exh_journal_data d = {0};
    range(l, &d.lba, &d.count);
    uint64_t crc = number(l, 16);
    l->bad = l->bad || crc > UINT32_MAX || d.count == 0;
    d.crc = (uint32_t)crc;
    d.line = (uint32_t)line_number;
    if (l->bad)
        return true;
    if (h->lost.count > 0 && !exh_sectors_mark(&h->lost, d.lba, d.count, EXH_GOOD, err))
        return false;
    if (!exh_grow((void **)&h->data, &h->data_capacity, h->data_count, sizeof *h->data, DATA_MAX, "journal lines", err))
        return false;
    h->data[h->data_count++] = d;
    return true;
}

static bool take_lost(struct exh_history *h, struct line *l, struct exh_error *err)
{
    int64_t lba;
    uint64_t count;
    range(l, &lba, &count);
    return l->bad || exh_sectors_mark(&h->lost, lba, count, EXH_BAD, err);
}

static bool take_fault(struct exh_history *h, struct line *l, struct exh_error *err)
{
    struct exh_fault f = {.lba = (int64_t)number_to(l, EXH_MEDIA_BYTES_MAX), .count = (uint32_t)number_to(l, UINT32_MAX)};
    f.sys = (int)number_to(l, INT32_MAX);
    for (unsigned i = 0; i < 3; i++)
        f.sense[i] = (uint8_t)number_to(l, UINT8_MAX);
    f.milliseconds = (uint32_t)number_to(l, UINT32_MAX);
    f.attempt = (uint32_t)number_to(l, UINT32_MAX);
    return l->bad || exh_trouble_note(&h->trouble, &f, err);
}

bool exh_history_add_pass(struct exh_history *h, const struct exh_pass_count *count, struct exh_error *err)
{
    for (size_t i = 0; i < h->pass_count; i++) {
        struct exh_pass_count *c = &h->passes[i];
        if (c->pass != count->pass || c->number != count->number)
            continue;
        c->reads += count->reads;
        c->failed_reads += count->failed_reads;
        c->sectors_read += count->sectors_read;
        c->micros += count->micros;
        return true;
    }
    if (!exh_grow((void **)&h->passes, &h->pass_capacity, h->pass_count, sizeof *h->passes, 1u << 16, "passes", err))
        return false;
    h->passes[h->pass_count++] = *count;
    return true;
}

/* `run` holds the passes of the run that is being read: totals so far, of which the last line counts. */
static bool take_pass(struct exh_history *run, struct line *l, struct exh_error *err)
{
    struct exh_pass_count c = {.pass = (enum exh_pass)number_to(l, EXH_PASS_COUNT - 1), .number = (uint32_t)number_to(l, UINT32_MAX)};
    c.reads = number(l, 10);
    c.failed_reads = number(l, 10);
    c.sectors_read = number(l, 10);
    c.micros = number(l, 10);
    if (l->bad)
        return true;
    for (size_t i = 0; i < run->pass_count; i++)
        if (run->passes[i].pass == c.pass && run->passes[i].number == c.number) {
            run->passes[i] = c;
            return true;
        }
    return exh_history_add_pass(run, &c, err);
}

static bool end_run(struct exh_history *h, struct exh_history *run, struct exh_error *err)
{
    for (size_t i = 0; i < run->pass_count; i++)
        if (!exh_history_add_pass(h, &run->passes[i], err))
            return false;
    run->pass_count = 0;
    return true;
}

static bool open_pause(struct exh_history *h, uint64_t paused, const char *why, struct exh_error *err)
{
    if (!exh_grow((void **)&h->pauses, &h->pause_capacity, h->pause_count, sizeof *h->pauses, 1u << 20, "pauses", err))
        return false;
    struct exh_journal_pause *p = &h->pauses[h->pause_count++];
    *p = (struct exh_journal_pause){.paused = paused};
    (void)snprintf(p->why, sizeof p->why, "%s", why);
    return true;
}

/* A run begins: the one before it ended with a line, or was killed. */
static bool take_run(struct exh_history *h, struct exh_history *run, struct line *l, bool *ended, struct exh_error *err)
{
    uint64_t runs = number(l, 10), when = number(l, 10);
    if (l->bad)
        return true;
    if (!end_run(h, run, err) || (h->runs > 0 && !*ended && !open_pause(h, 0, "the run was killed or the power went", err)))
        return false;
    if (h->pause_count > 0 && h->pauses[h->pause_count - 1].resumed == 0)
        h->pauses[h->pause_count - 1].resumed = when;
    h->runs = runs;
    *ended = false;
    return true;
}

static bool take_line(struct exh_history *h, struct exh_history *run, const char *text, size_t line_number, bool *ended, struct exh_error *err)
{
    struct line l = {.at = text + 1};
    bool ok = true;
    switch (text[0]) {
    case 's': ok = take_run(h, run, &l, ended, err); break;
    case 'd': ok = take_data(h, &l, line_number, err); break;
    case 'b': ok = take_lost(h, &l, err); break;
    case 'f': ok = take_fault(h, &l, err); break;
    case 'p': ok = take_pass(run, &l, err); break;
    case 'v': {
        uint64_t cell = number_to(&l, EXH_SPEED_CELLS - 1), sectors = number(&l, 10), micros = number(&l, 10);
        if (!l.bad) {
            h->speed.cells[cell].sectors += sectors;
            h->speed.cells[cell].micros += micros;
        }
        break;
    }
    case 'e': {
        uint64_t when = number(&l, 10);
        ok = l.bad || open_pause(h, when, *l.at == ' ' ? l.at + 1 : l.at, err);
        *ended = true;
        break;
    }
    default: l.bad = true;
    }
    if (!ok)
        return false;
    return !l.bad || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "line %zu of the journal is none of ours", line_number);
}

static int by_place(const void *a, const void *b)
{
    const struct exh_journal_data *x = a, *y = b;
    return x->lba != y->lba ? (x->lba < y->lba ? -1 : 1) : x->line < y->line ? -1 : x->line > y->line;
}

/* In LBA order, of two that overlap the later written one. What only the dropped one covered is then not proven, and is read again. */
static void settle_data(struct exh_history *h)
{
    size_t kept = 0;
    if (h->data_count > 0)
        qsort(h->data, h->data_count, sizeof *h->data, by_place);
    for (size_t i = 0; i < h->data_count; i++) {
        struct exh_journal_data d = h->data[i];
        bool drop = false;
        while (!drop && kept > 0 && h->data[kept - 1].lba + (int64_t)h->data[kept - 1].count > d.lba) {
            if (h->data[kept - 1].line < d.line)
                kept--;
            else
                drop = true;
        }
        if (!drop)
            h->data[kept++] = d;
    }
    h->data_count = kept;
}

/* Is what has no LF the torn end of the file: a part of a line, or zeros in its place, and nothing behind? */
static bool is_torn_end(FILE *file, const char *text, size_t room)
{
    size_t length = strlen(text);
    int c = 0;
    for (size_t n = length; n < room; n++)
        if (text[n] != '\0')
            return false;
    while (c == 0)
        c = getc(file);
    return length < EXH_JOURNAL_LINE_BYTES && c == EOF;
}

static bool read_lines(FILE *file, struct exh_history *h, struct exh_error *err)
{
    char text[EXH_JOURNAL_LINE_BYTES + 2] = "";
    size_t line_number = 0;
    struct exh_history run = {0};
    bool ok = true, ended = false;
    while (ok && fgets(text, sizeof text, file) != NULL) {
        size_t n = strlen(text);
        if (n == 0 || text[n - 1] != '\n') {
            ok = is_torn_end(file, text, sizeof text) ||
                 exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "line %zu of the journal is none of ours", line_number + 1);
            break;
        }
        text[n - 1] = '\0';
        if (++line_number > 1)
            ok = take_line(h, &run, text, line_number, &ended, err);
        else if (strcmp(text, EXH_JOURNAL_HEAD) != 0)
            ok = exh_fail(err, EXH_CORRUPT, 0, "it is no journal of this version");
        memset(text, 0, sizeof text);
    }
    if (ok && ferror(file))
        ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "the journal cannot be read");
    ok = ok && end_run(h, &run, err);
    if (ok && h->runs > 0 && !ended)
        ok = open_pause(h, 0, "the run was killed or the power went", err);
    free(run.passes);
    return ok || exh_in_file(err, EXH_JOURNAL_NAME);
}

bool exh_journal_read(const char *folder, struct exh_history *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    char *path = exh_text_format("%s/" EXH_JOURNAL_NAME, folder);
    if (path == NULL)
        return exh_nomem(err, "a path");
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int why = errno;
    free(path);
    if (fd < 0)
        return why == ENOENT || exh_fail_sys(err, why, EXH_NO_OFFSET, "the journal cannot be opened");
    struct stat st;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        (void)close(fd);
        return exh_nomem(err, "a journal");
    }
    bool ok = (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the journal is not a regular file");
    ok = ok && ((uint64_t)st.st_size <= EXH_JOURNAL_BYTES_MAX ||
                exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the journal is larger than %llu bytes", (unsigned long long)EXH_JOURNAL_BYTES_MAX));
    ok = ok && read_lines(file, out, err);
    (void)fclose(file);
    if (ok)
        settle_data(out);
    else
        exh_history_close(out);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

void exh_history_close(struct exh_history *history)
{
    free(history->data);
    exh_sectors_close(&history->lost);
    free(history->passes);
    free(history->pauses);
    exh_trouble_close(&history->trouble);
    memset(history, 0, sizeof *history);
}
