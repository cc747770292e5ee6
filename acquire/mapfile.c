/* mapfile.c - GNU ddrescue's mapfile, read and written. See mapfile.h.
 *
 * A line is words between white space; '#' at the beginning of a word starts a comment. The first line that holds a word is the status line, every
 * other one a block: position, size, area. Numbers are C's: decimal, 0x hexadecimal, 0 octal, and none is above 2^63 - 1 (ddrescue's are
 * long long). Blocks are byte ranges and sectors are larger: a block that ends inside a sector is kept aside as `partial` until all of that
 * sector has been told. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/mapfile.h"
#include "formats/model/bytes.h"
#include "formats/model/layout.h"
#include "formats/model/text.h"

#define WORDS_MAX 3u
#define NUMBER_LENGTH_MAX 32u /* 2^63 has 21 octal digits; leading zeros beyond that are nobody's */

struct word {
    const char *text;
    size_t length;
};

struct reading {
    struct exh_cursor text;
    const char *name;
    uint64_t line; /* from 1 */
    uint64_t at;   /* byte where the line begins */
    struct word words[WORDS_MAX];
    size_t word_count;

    const struct exh_mapfile_span *span;
    struct exh_mapfile *out;
    uint64_t end; /* where the last block ended; the next one begins there or behind it */
    uint64_t outside;
    /* A sector of which only a part has been told so far. */
    uint64_t partial, told_bytes;
    enum exh_area least;
    struct exh_error *err;
};

static bool corrupt(const struct reading *r, const char *what)
{
    (void)exh_fail(r->err, EXH_CORRUPT, r->at, "line %" PRIu64 " of the mapfile: %s", r->line, what);
    return exh_in_file(r->err, r->name);
}

/* ---- words and numbers ---- */

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Splits the next line that holds a word. False: there is none (r->err untouched), or it holds too many (told). */
static bool next_line(struct reading *r, bool *ok)
{
    for (*ok = true; exh_cursor_left(&r->text) > 0;) {
        const char *line = (const char *)r->text.data + r->text.position, *stop = memchr(line, '\n', exh_cursor_left(&r->text));
        size_t length = stop != NULL ? (size_t)(stop - line) : exh_cursor_left(&r->text);
        r->at = r->text.position;
        r->line++;
        r->word_count = 0;
        exh_cursor_skip(&r->text, length + (stop != NULL));
        for (size_t i = 0; i < length;) {
            if (is_space(line[i])) {
                i++;
                continue;
            }
            if (line[i] == '#')
                break;
            size_t start = i;
            while (i < length && !is_space(line[i]))
                i++;
            if (r->word_count == WORDS_MAX)
                return *ok = corrupt(r, "it has more than three words");
            r->words[r->word_count++] = (struct word){line + start, i - start};
        }
        if (r->word_count > 0)
            return true;
    }
    return false;
}

static unsigned digit_of(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                  : 99;
}

/* The whole word as an integer constant of C. */
static bool number_of(const struct word *w, uint64_t *out)
{
    size_t i = 0;
    uint64_t base = 10;
    if (w->length > 2 && w->text[0] == '0' && (w->text[1] == 'x' || w->text[1] == 'X'))
        base = 16, i = 2;
    else if (w->length > 1 && w->text[0] == '0')
        base = 8, i = 1;
    if (w->length > NUMBER_LENGTH_MAX)
        return false;
    for (*out = 0; i < w->length; i++)
        if (digit_of(w->text[i]) >= base || !exh_mul_u64(*out, base, out) || !exh_add_u64(*out, digit_of(w->text[i]), out))
            return false;
    return *out <= INT64_MAX;
}

static bool one_of(const struct word *w, const char *set, char *out)
{
    *out = w->text[0];
    return w->length == 1 && w->text[0] != '\0' && strchr(set, w->text[0]) != NULL;
}

/* ---- the status line ---- */

static uint64_t sectors_of(const struct exh_mapfile_span *s) { return s->bytes / s->sector_bytes + (s->bytes % s->sector_bytes != 0); }

static uint64_t sector_at(const struct exh_mapfile_span *s, uint64_t position)
{
    uint64_t at = position < s->origin_bytes ? 0 : position - s->origin_bytes;
    return at < s->bytes ? at / s->sector_bytes : sectors_of(s);
}

static bool read_status(struct reading *r)
{
    uint64_t position, pass = 1; /* maps from before 1.20 have no pass */
    if (r->word_count < 2 || !number_of(&r->words[0], &position) || !one_of(&r->words[1], "?*/-+FG", &r->out->status))
        return corrupt(r, "it is no status line (position, one of ?*/-+F, pass)");
    if (r->word_count == 3 && (!number_of(&r->words[2], &pass) || pass == 0 || pass > INT32_MAX))
        return corrupt(r, "the pass is no positive number");
    if (r->out->status == 'G') {
        (void)exh_fail(r->err, EXH_UNSUPPORTED, r->at, "ddrescue was still generating this map from a copy: it does not say what could be read");
        return exh_in_file(r->err, r->name);
    }
    r->out->position = sector_at(r->span, position);
    r->out->pass = (unsigned)pass;
    return true;
}

/* ---- blocks ---- */

static unsigned finished(enum exh_area area)
{
    switch (area) {
    case EXH_AREA_UNTRIED: return 0;
    case EXH_AREA_UNTRIMMED: return 1;
    case EXH_AREA_UNSCRAPED: return 2;
    case EXH_AREA_BAD: return 3;
    case EXH_AREA_READ: break;
    }
    return 4;
}

/* Marks the sector that was told in parts. A part that is missing leaves it untried, as it was. */
static bool settle_partial(struct reading *r)
{
    uint64_t left = r->span->bytes - r->partial * r->span->sector_bytes, whole = left < r->span->sector_bytes ? left : r->span->sector_bytes;
    bool all = r->told_bytes == whole;
    r->told_bytes = 0;
    return !all || exh_map_mark(&r->out->map, r->partial, 1, r->least, r->err);
}

static bool add_partial(struct reading *r, uint64_t sector, uint64_t bytes, enum exh_area area)
{
    if (r->told_bytes > 0 && r->partial != sector && !settle_partial(r))
        return false;
    if (r->told_bytes == 0 || finished(area) < finished(r->least))
        r->least = area;
    r->partial = sector;
    r->told_bytes += bytes;
    return true;
}

/* [first, end) in bytes of the medium. */
static bool mark_bytes(struct reading *r, uint64_t first, uint64_t end, enum exh_area area)
{
    uint64_t size = r->span->sector_bytes, from = first / size, head = first % size;
    if (head != 0) {
        uint64_t stop = end - first < size - head ? end : first + (size - head);
        if (!add_partial(r, from, stop - first, area))
            return false;
        first = stop;
        from++;
    }
    if (first == end)
        return true;
    uint64_t whole = (end - first) / size, tail = (end - first) % size;
    return exh_map_mark(&r->out->map, from, whole, area, r->err) && (tail == 0 || add_partial(r, from + whole, tail, area));
}

static bool read_block(struct reading *r)
{
    uint64_t first, size, end, low = r->span->origin_bytes, high = low + r->span->bytes;
    char area;
    if (r->word_count != 3 || !number_of(&r->words[0], &first) || !number_of(&r->words[1], &size) || !one_of(&r->words[2], "?*/-+", &area))
        return corrupt(r, "it is no block (position, size, one of ?*/-+)");
    if (size == 0 || !exh_add_u64(first, size, &end) || end > INT64_MAX)
        return corrupt(r, "a block has no size, or passes the largest position");
    if (first < r->end)
        return corrupt(r, "a block begins before the one above it ends");
    r->end = end;
    uint64_t from = first > low ? first : low, to = end < high ? end : high;
    r->outside += from < to ? size - (to - from) : size;
    return from >= to || mark_bytes(r, from - low, to - low, (enum exh_area)area);
}

static bool read_lines(struct reading *r)
{
    bool ok;
    if (next_line(r, &ok)) {
        if (!read_status(r))
            return false;
        while (next_line(r, &ok))
            if (!read_block(r))
                return exh_in_file(r->err, r->name);
    }
    return ok && (r->told_bytes == 0 || settle_partial(r));
}

bool exh_mapfile_parse(const char *text, size_t length, const char *name, const struct exh_mapfile_span *span, struct exh_mapfile *out,
                       uint64_t *outside, struct exh_error *err)
{
    *out = (struct exh_mapfile){.status = EXH_AREA_UNTRIED, .pass = 1};
    if (span->sector_bytes == 0 || span->bytes > EXH_MEDIA_BYTES_MAX || span->origin_bytes > EXH_MEDIA_BYTES_MAX)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a map of sectors without a size");
    struct reading r = {.text = exh_cursor_over(text, length), .name = name, .span = span, .out = out, .err = err};
    if (!exh_map_open(&out->map, sectors_of(span), err) || !read_lines(&r)) {
        exh_mapfile_close(out);
        return false;
    }
    if (outside != NULL)
        *outside = r.outside;
    return true;
}

void exh_mapfile_close(struct exh_mapfile *file)
{
    exh_map_close(&file->map);
    memset(file, 0, sizeof *file);
}

/* ---- files ---- */

static char *read_whole(int fd, size_t *length, struct exh_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at the mapfile"), NULL;
    if (!S_ISREG(st.st_mode))
        return (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the mapfile is not a regular file"), NULL;
    if (st.st_size > (off_t)EXH_MAPFILE_BYTES_MAX)
        return (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a mapfile of more than %u bytes", EXH_MAPFILE_BYTES_MAX), NULL;
    size_t room = (size_t)st.st_size;
    char *text = malloc(room + 1);
    if (text == NULL)
        return (void)exh_nomem(err, "a mapfile"), NULL;
    for (*length = 0; *length < room;) {
        ssize_t n = read(fd, text + *length, room - *length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            (void)exh_fail_sys(err, errno, *length, "cannot read the mapfile");
            free(text);
            return NULL;
        }
        if (n == 0)
            break;
        *length += (size_t)n;
    }
    return text;
}

bool exh_mapfile_load(const char *path, const struct exh_mapfile_span *span, struct exh_mapfile *out, uint64_t *outside, struct exh_error *err)
{
    size_t length = 0;
    memset(out, 0, sizeof *out);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = NULL;
    if (fd < 0)
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the mapfile");
    else
        text = read_whole(fd, &length, err);
    if (fd >= 0)
        (void)close(fd);
    if (text == NULL)
        return exh_in_file(err, path);
    bool ok = exh_mapfile_parse(text, length, path, span, out, outside, err);
    free(text);
    return ok;
}

static uint64_t position_of(const struct exh_mapfile_span *s, uint64_t sector)
{
    return s->origin_bytes + (sector < sectors_of(s) ? sector * s->sector_bytes : s->bytes);
}

void exh_mapfile_write(const struct exh_mapfile *file, const struct exh_mapfile_span *span, const char *comment, FILE *to)
{
    (void)fprintf(to, "# Mapfile. Created by exhibit %s\n", EXH_VERSION);
    for (const char *line = comment; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        (void)fprintf(to, "# %.*s\n", (int)(length > 4096 ? 4096 : length), line);
        line += length + (line[length] == '\n');
    }
    (void)fprintf(to, "# current_pos  current_status  current_pass\n0x%08" PRIX64 "     %c               %u\n#      pos        size  status\n",
                  position_of(span, file->position), file->status, file->pass);
    for (size_t i = 0; i < file->map.count; i++) {
        const struct exh_map_range *r = &file->map.ranges[i];
        uint64_t first = position_of(span, r->first);
        (void)fprintf(to, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", first, position_of(span, r->first + r->count) - first, r->area);
    }
}

/* The new map beside the old one, complete and durable; *sys when not. */
static bool write_new(int folder, const char *name, const struct exh_mapfile *file, const struct exh_mapfile_span *span, const char *comment,
                      int *sys)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (to == NULL) {
        *sys = errno;
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    errno = 0;
    exh_mapfile_write(file, span, comment, to);
    bool ok = fflush(to) == 0 && ferror(to) == 0 && fsync(fd) == 0;
    *sys = errno != 0 ? errno : EIO;
    if (fclose(to) != 0 && ok) {
        *sys = errno;
        ok = false;
    }
    return ok;
}

bool exh_mapfile_save(const struct exh_mapfile *file, const struct exh_mapfile_span *span, const char *folder, const char *name, const char *comment,
                      struct exh_error *err)
{
    char *fresh = exh_text_format("%s.new", name);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), sys = 0;
    bool ok = false;
    if (file->map.sectors != sectors_of(span))
        (void)exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a map of %" PRIu64 " sectors was to be saved as one of %" PRIu64, file->map.sectors,
                       sectors_of(span));
    else if (fresh == NULL)
        (void)exh_nomem(err, "a mapfile's name");
    else if (fd < 0)
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the mapfile's folder");
    else if (!write_new(fd, fresh, file, span, comment, &sys))
        (void)exh_fail_sys(err, sys, EXH_NO_OFFSET, "cannot write the mapfile %s", fresh);
    else if (renameat(fd, fresh, fd, name) != 0)
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot replace the mapfile %s", name);
    else if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: the file system has no such thing (POSIX) */
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "the mapfile's folder cannot be made durable");
    else
        ok = true;
    if (!ok && fd >= 0 && fresh != NULL)
        (void)unlinkat(fd, fresh, 0);
    if (fd >= 0)
        (void)close(fd);
    free(fresh);
    if (ok)
        return true;
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, folder);
}
