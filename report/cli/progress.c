/* progress.c - what is going on, on stderr. See progress.h. */
#include "report/cli/progress.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report/ledger/record.h"

#define LINE_MS 250u /* 4 Hz */
#define OTHER_MS 1000u
#define COLUMNS_MAX 512u
#define FAULTS_TOLD 20u /* the rest is in the record; a drive that fails everywhere must not drown the terminal */

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Does the environment say that the terminal shows UTF-8? (POSIX: the first of these that is set counts.) */
static bool says_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

bool exh_progress_open(struct exh_progress *progress, const char *mode, bool quiet)
{
    static const struct {
        const char *word;
        enum exh_progress_mode mode;
    } modes[] = {{"plain", EXH_PROGRESS_PLAIN}, {"json", EXH_PROGRESS_JSON}, {"none", EXH_PROGRESS_NONE}};
    memset(progress, 0, sizeof *progress);
    const char *terminal = getenv("TERM");
    progress->quiet = quiet;
    progress->utf8 = says_utf8();
    progress->maps = terminal != NULL && *terminal != '\0' && strcmp(terminal, "dumb") != 0;
    if (mode == NULL || strcmp(mode, "auto") == 0) {
        progress->mode = quiet ? EXH_PROGRESS_NONE : isatty(STDERR_FILENO) ? EXH_PROGRESS_LINE : EXH_PROGRESS_JSON;
        return true;
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(mode, modes[i].word) == 0) {
            progress->mode = modes[i].mode;
            progress->json_only = progress->mode == EXH_PROGRESS_JSON;
            return true;
        }
    return false;
}

/* The cursor is at the beginning of the line: whatever the terminal made of it when its size changed lies behind. */
void exh_progress_break(struct exh_progress *progress)
{
    if (progress->line_open)
        (void)fputs(progress->maps ? "\r\033[J" : "\r\033[K", stderr);
    progress->line_open = false;
}

static void human_bytes(uint64_t bytes, char *out, size_t room)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1024 && u + 1 < sizeof units / sizeof units[0]; u++)
        v /= 1024;
    (void)snprintf(out, room, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

struct rate {
    uint64_t per_second, eta;
    bool eta_known;
};

static struct rate rate_of(const struct exh_progress *p, const struct exh_event *e, uint64_t now)
{
    uint64_t ms = now > p->phase_start_ms ? now - p->phase_start_ms : 1;
    struct rate r = {.per_second = (uint64_t)((double)e->done_bytes * 1000.0 / (double)ms)};
    if (e->total_bytes != EXH_SECTORS_UNKNOWN && r.per_second > 0 && e->total_bytes >= e->done_bytes) {
        r.eta = (e->total_bytes - e->done_bytes) / r.per_second;
        r.eta_known = true;
    }
    return r;
}

/* Writes both lines at once and leaves the cursor at the beginning of the first. Neither reaches the last column, so that none wraps. */
static void draw(struct exh_progress *p, const char *line)
{
    struct winsize size = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    size_t columns = known ? size.ws_col : 80, rows = known && size.ws_row > 0 ? size.ws_row : 24;
    columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    char map[EXH_PROGRESS_MAP_LINE_BYTES], out[COLUMNS_MAX + EXH_PROGRESS_MAP_LINE_BYTES + 32];
    bool second = p->maps && p->map_due && rows > 2 && exh_progress_map_line(&p->map, columns - 1, p->utf8, map) > 0;
    (void)snprintf(out, sizeof out, "\r\033[%c%.*s%s%s%s\r", p->maps ? 'J' : 'K', (int)(columns - 1), line, second ? "\n\r" : "", second ? map : "",
                   second ? "\033[A" : "");
    (void)fputs(out, stderr);
    p->line_open = true;
}

static bool in_a_pass(const struct exh_progress *p) { return p->in_passes && p->pass[0] != '\0' && strcmp(p->pass, "stream") != 0; }

/* A pass jumps about, and comes back: what counts is how much of the medium is read by now, what failed alone, and what is still to be tried. */
static void tell_pass(const struct exh_progress *p, const struct exh_event *e, char *line, size_t room)
{
    const uint64_t *t = p->map.totals;
    uint64_t to_try = t[EXH_PROGRESS_UNTRIED] + t[EXH_PROGRESS_UNTRIMMED] + t[EXH_PROGRESS_UNSCRAPED];
    (void)snprintf(line, room, "%s  %.2f%% read  %llu bad  %llu sectors to try  LBA %lld", p->pass,
                   100.0 * (double)t[EXH_PROGRESS_READ] / (double)p->map.sectors, (unsigned long long)t[EXH_PROGRESS_BAD], (unsigned long long)to_try,
                   (long long)e->lba);
}

static void tell_people(struct exh_progress *p, const struct exh_event *e, uint64_t now)
{
    struct rate r = rate_of(p, e, now);
    char done[32], total[32] = "?", speed[32], eta[32] = "";
    human_bytes(e->done_bytes, done, sizeof done);
    human_bytes(r.per_second, speed, sizeof speed);
    double percent = 0;
    if (e->total_bytes != EXH_SECTORS_UNKNOWN) {
        human_bytes(e->total_bytes, total, sizeof total);
        percent = e->total_bytes > 0 ? 100.0 * (double)e->done_bytes / (double)e->total_bytes : 100.0;
    }
    if (r.eta_known)
        (void)snprintf(eta, sizeof eta, "  %llu:%02llu:%02llu left", (unsigned long long)(r.eta / 3600), (unsigned long long)(r.eta / 60 % 60),
                       (unsigned long long)(r.eta % 60));
    char line[COLUMNS_MAX];
    if (in_a_pass(p)) {
        tell_pass(p, e, line, sizeof line);
        if (p->mode == EXH_PROGRESS_LINE)
            draw(p, line);
        else
            (void)fprintf(stderr, "%s\n", line);
        return;
    }
    bool pass = p->in_passes && p->pass[0] != '\0' && strcmp(p->pass, p->phase) != 0;
    (void)snprintf(line, sizeof line, "%s%s%s%s  %.1f%%  %llu unreadable  %s of %s  %s/s%s  LBA %lld", p->phase, pass ? " (" : "",
                   pass ? p->pass : "", pass ? ")" : "", percent, (unsigned long long)e->bad_sectors, done, total, speed, eta,
                   (long long)e->lba); /* cut from the right */
    if (p->mode == EXH_PROGRESS_LINE)
        draw(p, line);
    else
        (void)fprintf(stderr, "%s\n", line);
}

static void tell_machine(json_t *line)
{
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text != NULL)
        (void)fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(line);
}

/* In ASCII: nothing that a name says is obeyed by a terminal that happens to be there (command.c, tame). */
void exh_progress_line(const char *event, json_t *line)
{
    json_t *whole = json_pack("{s:s}", "event", event);
    char *text = line != NULL && json_object_update(whole, line) == 0 ? json_dumps(whole, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text != NULL)
        (void)fprintf(stderr, "%s\n", text);
    else
        (void)fprintf(stderr, "{\"event\":\"%s\",\"text\":\"there is no memory to say what\"}\n", event);
    free(text);
    json_decref(line);
    json_decref(whole);
}

static json_t *known(uint64_t value) { return value == EXH_SECTORS_UNKNOWN ? json_null() : json_integer((json_int_t)value); }

static void add_areas(json_t *line, const struct exh_progress *p)
{
    const uint64_t *totals = p->map.totals;
    (void)json_object_set_new(line, "pass", p->pass[0] != '\0' ? json_string(p->pass) : json_null());
    (void)json_object_set_new(line, "untried", json_integer((json_int_t)totals[EXH_PROGRESS_UNTRIED]));
    (void)json_object_set_new(line, "untrimmed", json_integer((json_int_t)totals[EXH_PROGRESS_UNTRIMMED]));
    (void)json_object_set_new(line, "unscraped", json_integer((json_int_t)totals[EXH_PROGRESS_UNSCRAPED]));
    (void)json_object_set_new(line, "bad", json_integer((json_int_t)totals[EXH_PROGRESS_BAD]));
}

static void on_progress(struct exh_progress *p, const struct exh_event *e)
{
    p->last = (struct exh_event){
        .kind = EXH_EVENT_PROGRESS, .done_bytes = e->done_bytes, .total_bytes = e->total_bytes, .lba = e->lba, .bad_sectors = e->bad_sectors};
    uint64_t now = now_ms(), gap = p->mode == EXH_PROGRESS_LINE ? LINE_MS : OTHER_MS;
    if (p->mode == EXH_PROGRESS_NONE || now - p->last_ms < gap)
        return;
    p->last_ms = now;
    if (p->mode != EXH_PROGRESS_JSON) {
        tell_people(p, e, now);
        return;
    }
    struct rate r = rate_of(p, e, now);
    json_t *line = json_pack("{s:s,s:s,s:I,s:o,s:I,s:I,s:o,s:I}", "event", "progress", "phase", p->phase, "done", (json_int_t)e->done_bytes, "total",
                             known(e->total_bytes), "lba", (json_int_t)e->lba, "rate", (json_int_t)r.per_second, "eta",
                             r.eta_known ? json_integer((json_int_t)r.eta) : json_null(), "unreadable_sectors", (json_int_t)e->bad_sectors);
    if (p->in_passes && line != NULL)
        add_areas(line, p);
    tell_machine(line);
}

/* A read may take a minute and end in an area before the next progress is told: the map does not wait for it. */
static void on_area(struct exh_progress *p, const struct exh_event *e)
{
    (void)snprintf(p->pass, sizeof p->pass, "%s", e->text != NULL ? e->text : "");
    exh_progress_map_note(&p->map, e->lba, e->count, e->total_sectors, e->area, e->text);
    p->in_passes = p->map.sectors > 0;
    p->map_due = p->in_passes && (p->map_due || p->faults_told > 0 || e->area != '+' || strcmp(p->pass, "stream") != 0);
    if (p->mode == EXH_PROGRESS_LINE && p->line_open && now_ms() - p->last_ms >= LINE_MS) {
        struct exh_event last = p->last;
        on_progress(p, &last);
    }
}

static void on_phase(struct exh_progress *p, const struct exh_event *e)
{
    p->in_passes = p->map_due = false; /* until this phase tells of areas, too */
    (void)snprintf(p->phase, sizeof p->phase, "%s", e->text);
    p->phase_start_ms = p->last_ms = now_ms();
    if (p->mode == EXH_PROGRESS_JSON)
        tell_machine(json_pack("{s:s,s:s,s:o}", "event", "phase", "phase", p->phase, "total", known(e->total_bytes)));
    else if (p->mode == EXH_PROGRESS_PLAIN)
        (void)fprintf(stderr, "%s\n", p->phase);
}

static void on_warning(struct exh_progress *p, const struct exh_event *e)
{
    if (p->notice_count < EXH_NOTICES_KEPT)
        (void)snprintf(p->notices[p->notice_count], sizeof p->notices[0], "%s", e->text);
    p->notice_count++;
    if (p->mode == EXH_PROGRESS_JSON) {
        tell_machine(json_pack("{s:s,s:o}", "event", "warning", "text", exh_record_text(e->text)));
        return;
    }
    exh_progress_break(p);
    if (!p->quiet)
        (void)fprintf(stderr, "exhibit: warning: %s\n", e->text);
}

static void on_fault(struct exh_progress *p, const struct exh_event *e)
{
    const struct exh_fault *f = e->fault;
    if (p->mode == EXH_PROGRESS_NONE || p->faults_told++ >= FAULTS_TOLD)
        return;
    char reason[128];
    /* No errno: the read went well, and what was stored there contradicts itself. */
    const char *why = f->sys == 0 ? "its stored data fails its own checksum" : strerror_r(f->sys, reason, sizeof reason);
    if (p->mode == EXH_PROGRESS_JSON) {
        tell_machine(json_pack("{s:s,s:I,s:i,s:i,s:s,s:i,s:i}", "event", "fault", "lba", (json_int_t)f->lba, "count", (int)f->count, "errno", f->sys,
                               "text", why, "attempt", (int)f->attempt, "milliseconds", (int)f->milliseconds));
        return;
    }
    exh_progress_break(p);
    (void)fprintf(stderr, "exhibit: %u sectors from LBA %lld: %s\n", f->count, (long long)f->lba, why);
    if (p->faults_told == FAULTS_TOLD)
        (void)fputs("exhibit: further failed reads are counted and recorded, but no longer shown\n", stderr);
}

void exh_progress_event(void *progress, const struct exh_event *event)
{
    struct exh_progress *p = progress;
    switch (event->kind) {
    case EXH_EVENT_PHASE: on_phase(p, event); break;
    case EXH_EVENT_PROGRESS: on_progress(p, event); break;
    case EXH_EVENT_WARNING: on_warning(p, event); break;
    case EXH_EVENT_FAULT: on_fault(p, event); break;
    case EXH_EVENT_AREA: on_area(p, event); break;
    }
}
