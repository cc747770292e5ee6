/* journal.c - what an acquisition has done so far, written. journal_read.c reads it back. See journal.h. */
#include "acquire/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"

#define HEAD EXH_JOURNAL_HEAD "\n"

struct exh_journal {
    int fd;
};

static bool failed(struct exh_error *err, const char *what)
{
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "%s", what);
    (void)exh_in_file(err, EXH_JOURNAL_NAME);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

static bool put_line(struct exh_journal *journal, struct exh_error *err, const char *fmt, ...) EXH_PRINTF(3, 4);

static bool put_line(struct exh_journal *journal, struct exh_error *err, const char *fmt, ...)
{
    char line[EXH_JOURNAL_LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
    line[length++] = '\n';
    ssize_t done;
    do
        done = write(journal->fd, line, length);
    while (done < 0 && errno == EINTR);
    if (done == (ssize_t)length)
        return true;
    errno = done < 0 ? errno : ENOSPC; /* a short write is a full disk; the torn line is ignored when it is read */
    return failed(err, "the journal cannot be written");
}

/* A torn last line would swallow the next one. It is short, but zeros may follow it: some file systems keep the length over a power cut, and not
 * the bytes. */
static bool cut_torn_line(int fd, struct exh_error *err)
{
    char part[EXH_JOURNAL_LINE_BYTES];
    off_t size = lseek(fd, 0, SEEK_END), end = size;
    for (ssize_t n = 0; n == 0 && end > 0;) {
        off_t from = end > (off_t)sizeof part ? end - (off_t)sizeof part : 0;
        n = pread(fd, part, (size_t)(end - from), from);
        if (n != end - from)
            return failed(err, "the journal cannot be read");
        while (n > 0 && part[n - 1] != '\n')
            n--;
        end = from + n;
    }
    return size >= 0 && (end == size || ftruncate(fd, end) == 0 || failed(err, "the journal cannot be mended"));
}

struct exh_journal *exh_journal_open(const char *folder, struct exh_error *err)
{
    struct exh_journal *j = calloc(1, sizeof *j);
    char *path = exh_text_format("%s/" EXH_JOURNAL_NAME, folder);
    if (j != NULL && path != NULL)
        j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = j != NULL && path != NULL ? j->fd >= 0 || failed(err, "the journal cannot be opened") : exh_nomem(err, "a journal");
    free(path);
    ok = ok && cut_torn_line(j->fd, err);
    if (ok && lseek(j->fd, 0, SEEK_END) == 0)
        ok = write(j->fd, HEAD, sizeof HEAD - 1) == (ssize_t)(sizeof HEAD - 1) || failed(err, "the journal cannot be begun");
    if (ok)
        return j;
    exh_journal_close(j);
    return NULL;
}

bool exh_journal_run(struct exh_journal *journal, uint64_t number, uint64_t unix_time, struct exh_error *err)
{
    return put_line(journal, err, "s %llu %llu", (unsigned long long)number, (unsigned long long)unix_time);
}

bool exh_journal_data(struct exh_journal *journal, int64_t lba, uint64_t count, uint32_t crc, struct exh_error *err)
{
    return put_line(journal, err, "d %lld %llu %08x", (long long)lba, (unsigned long long)count, crc);
}

bool exh_journal_lost(struct exh_journal *journal, int64_t lba, uint64_t count, struct exh_error *err)
{
    return put_line(journal, err, "b %lld %llu", (long long)lba, (unsigned long long)count);
}

bool exh_journal_fault(struct exh_journal *journal, const struct exh_fault *f, struct exh_error *err)
{
    return put_line(journal, err, "f %lld %u %d %u %u %u %u %u", (long long)f->lba, f->count, f->sys, f->sense[0], f->sense[1], f->sense[2],
                    f->milliseconds, f->attempt);
}

bool exh_journal_pass(struct exh_journal *journal, const struct exh_pass_count *c, struct exh_error *err)
{
    return put_line(journal, err, "p %u %u %llu %llu %llu %llu", (unsigned)c->pass, c->number, (unsigned long long)c->reads,
                    (unsigned long long)c->failed_reads, (unsigned long long)c->sectors_read, (unsigned long long)c->micros);
}

bool exh_journal_speed(struct exh_journal *journal, const struct exh_speed *speed, struct exh_error *err)
{
    for (uint32_t i = 0; speed->cell_sectors > 0 && i < EXH_SPEED_CELLS; i++)
        if (speed->cells[i].sectors > 0 &&
            !put_line(journal, err, "v %u %llu %llu", i, (unsigned long long)speed->cells[i].sectors, (unsigned long long)speed->cells[i].micros))
            return false;
    return true;
}

bool exh_journal_end(struct exh_journal *journal, uint64_t unix_time, const char *why, struct exh_error *err)
{
    char one_line[160];
    size_t n = 0;
    for (; why[n] != '\0' && n + 1 < sizeof one_line; n++)
        one_line[n] = (uint8_t)why[n] < 0x20 ? ' ' : why[n];
    one_line[n] = '\0';
    return put_line(journal, err, "e %llu %s", (unsigned long long)unix_time, one_line);
}

bool exh_journal_sync(struct exh_journal *journal, struct exh_error *err)
{
    return fdatasync(journal->fd) == 0 || failed(err, "the journal was not kept (fdatasync)");
}

void exh_journal_close(struct exh_journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->fd >= 0)
        (void)close(journal->fd);
    free(journal);
}
