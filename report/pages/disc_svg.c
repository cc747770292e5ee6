/* disc_svg.c - a disc as a bar. See disc_svg.h.
 *
 * Told apart by pattern, never by colour alone, as the map of the copy is (map_svg.c); what is not stored has a broken edge. The gap between two
 * sessions (lead-out and lead-in) is a mark of fixed width: in proportion it would dwarf the tracks of a small disc. */
#include "report/pages/disc_svg.h"

#include "formats/optical/msf.h"

#define WIDTH 742u
#define LEFT 1u
#define ROOM (WIDTH - 2 * LEFT)
#define BAR_TOP 16u
#define BAR 44u
#define GAP 14u /* between sessions */
#define LABEL_1 (BAR_TOP + BAR + 11)
#define LABEL_2 (LABEL_1 + 10)
#define TWO_LINES 20u /* from so many tracks on their numbers stand in two lines */

enum fill { FILL_DATA, FILL_AUDIO, FILL_PREGAP, FILL_SILENT, FILLS };
static const char letters[FILLS + 1] = "dapu";

static const char *const tiles[FILLS] = {
    [FILL_DATA] = "<rect width=\"6\" height=\"6\" fill=\"#cfcfcf\"/><rect x=\"1\" y=\"1\" width=\"2\" height=\"2\" fill=\"#555\"/>"
                  "<rect x=\"4\" y=\"4\" width=\"2\" height=\"2\" fill=\"#555\"/>",
    [FILL_AUDIO] = "<rect width=\"12\" height=\"12\" fill=\"#fff\"/><path d=\"M0 6Q3 0 6 6T12 6\" stroke=\"#555\" fill=\"none\"/>",
    [FILL_PREGAP] = "<rect width=\"5\" height=\"5\" fill=\"#fff\"/><path d=\"M-1 6L6 -1M-1 1L1 -1M4 6L6 4\" stroke=\"#111\"/>",
    [FILL_SILENT] = "<rect width=\"8\" height=\"8\" fill=\"#fff\"/><path d=\"M0 0L8 8\" stroke=\"#aaa\"/>"};
static const unsigned tile_sizes[FILLS] = {6, 12, 5, 8};

void exh_disc_widths(const uint64_t *sectors, size_t count, uint32_t room, uint32_t *widths)
{
    bool least[EXH_LAYOUT_TRACKS_MAX] = {false};
    for (bool again = true; again;) { /* a track that would be too narrow gets the least; what is left is shared by the others */
        uint64_t all = 0;
        uint32_t left = room;
        again = false;
        for (size_t i = 0; i < count; i++) {
            left -= least[i] ? EXH_DISC_TRACK_LEAST : 0;
            all += least[i] ? 0 : sectors[i];
        }
        for (size_t i = 0; i < count; i++) {
            widths[i] = least[i] ? EXH_DISC_TRACK_LEAST : all > 0 ? (uint32_t)((double)left * (double)sectors[i] / (double)all) : 0;
            if (!least[i] && widths[i] < EXH_DISC_TRACK_LEAST)
                least[i] = again = true;
        }
    }
    uint32_t rest = room;
    size_t shared = 0;
    for (size_t i = 0; i < count; i++) {
        rest -= widths[i];
        shared += !least[i];
    }
    for (size_t i = 0; i < count && rest > 0; i++) /* of the divisions: less than one unit for each that was divided among */
        if (!least[i] || shared == 0) {
            uint32_t more = shared == 0 ? rest : 1;
            widths[i] += more;
            rest -= more;
        }
}

/* All that the track takes of the disc: stored or not. */
static uint64_t extent(const struct exh_track *t) { return t->sectors + (t->pregap - t->stored_pregap) + t->postgap; }

static void rect(struct exh_markup *page, size_t number, uint32_t x, uint32_t width, enum fill fill)
{
    exh_markup_format(page, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"url(#t%zu-%c)\" stroke=\"#111\"%s/>", x, BAR_TOP, width, BAR,
                      number, letters[fill], fill == FILL_SILENT ? " stroke-dasharray=\"2 2\"" : "");
}

/* A part of the track's width in proportion, seen where there is anything, and never more than `most`. */
static uint32_t part(uint64_t sectors, uint64_t all, uint32_t width, uint32_t most)
{
    uint32_t w = all > 0 ? (uint32_t)((double)width * (double)sectors / (double)all) : 0;
    w = sectors > 0 && w < 2 ? 2 : w;
    return w < most ? w : most;
}

static void track(struct exh_markup *page, size_t number, const struct exh_track *t, uint32_t x, uint32_t width, bool second_line)
{
    uint64_t all = extent(t);
    uint32_t silent = part(t->pregap - t->stored_pregap, all, width, width / 3), stored = part(t->stored_pregap, all, width, width / 3);
    uint32_t behind = part(t->postgap, all, width, width / 5), own = width - silent - stored - behind;
    if (silent > 0)
        rect(page, number, x, silent, FILL_SILENT);
    if (stored > 0)
        rect(page, number, x + silent, stored, FILL_PREGAP);
    rect(page, number, x + silent + stored, own, t->kind == EXH_TRACK_AUDIO ? FILL_AUDIO : FILL_DATA);
    if (behind > 0)
        rect(page, number, x + silent + stored + own, behind, FILL_SILENT);
    exh_markup_format(page, "<text x=\"%u\" y=\"%u\" text-anchor=\"middle\">%u</text>", x + width / 2, second_line ? LABEL_2 : LABEL_1, t->number);
}

static void msf(char out[32], int64_t lba)
{
    uint64_t frames = lba > -EXH_LEAD_IN_FRAMES ? (uint64_t)(lba + EXH_LEAD_IN_FRAMES) : 0;
    (void)snprintf(out, 32, "%02llu:%02llu:%02llu", (unsigned long long)(frames / 4500), (unsigned long long)(frames / 75 % 60),
                   (unsigned long long)(frames % 75));
}

static unsigned times_y(const struct exh_layout *l) { return (l->track_count >= TWO_LINES ? LABEL_2 : LABEL_1) + 13; }

static int64_t session_end(const struct exh_layout *l, uint32_t last)
{
    const struct exh_track *t = &l->tracks[last];
    for (uint32_t i = 0; l->disc != NULL && i < l->disc->session_count; i++)
        if (l->disc->sessions[i].number == t->session && l->disc->sessions[i].lead_out != EXH_NO_LBA)
            return l->disc->sessions[i].lead_out;
    return t->first + (int64_t)t->sectors + t->postgap;
}

/* Tracks [from, to) of one session from x on; returns where it ends. */
static uint32_t session(struct exh_markup *page, size_t number, const struct exh_layout *l, uint32_t from, uint32_t to, const uint32_t *widths,
                        uint32_t x, bool titled)
{
    char begins[32], ends[32];
    uint32_t start = x;
    for (uint32_t i = from; i < to; x += widths[i++])
        track(page, number, &l->tracks[i], x, widths[i], i % 2 == 1 && l->track_count >= TWO_LINES);
    if (titled)
        exh_markup_format(page, "<text x=\"%u\" y=\"11\">Session %u</text>", start, l->tracks[from].session);
    msf(begins, exh_track_start(&l->tracks[from]));
    msf(ends, session_end(l, to - 1));
    exh_markup_format(page, "<text x=\"%u\" y=\"%u\">%s</text>", start, times_y(l), begins);
    if (x - start > 130)
        exh_markup_format(page, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text>", x, times_y(l), ends);
    return x;
}

static unsigned sessions_of(const struct exh_layout *l)
{
    unsigned n = 1;
    for (uint32_t i = 1; i < l->track_count; i++)
        n += l->tracks[i].session != l->tracks[i - 1].session;
    return n;
}

static void bars(struct exh_markup *page, size_t number, const struct exh_layout *l)
{
    uint64_t sectors[EXH_LAYOUT_TRACKS_MAX];
    uint32_t widths[EXH_LAYOUT_TRACKS_MAX], x = LEFT, gaps = sessions_of(l) - 1;
    uint32_t gap = gaps * GAP > ROOM / 4 ? ROOM / 4 / gaps : GAP;
    for (uint32_t i = 0; i < l->track_count; i++)
        sectors[i] = extent(&l->tracks[i]);
    exh_disc_widths(sectors, l->track_count, ROOM - gaps * gap, widths);
    for (uint32_t from = 0, to; from < l->track_count; from = to) {
        for (to = from + 1; to < l->track_count && l->tracks[to].session == l->tracks[from].session; to++)
            ;
        x = session(page, number, l, from, to, widths, x, gaps > 0);
        if (to < l->track_count)
            exh_markup_format(page, "<path d=\"M%u %uh%u\" stroke=\"#111\" stroke-width=\"2\" stroke-dasharray=\"3 2\"/>", x + 1, BAR_TOP + BAR / 2,
                              gap - 2);
        x += gap;
    }
}

static void legend(struct exh_markup *page, size_t number, const struct exh_layout *l)
{
    static const char *const words[FILLS] = {"data", "audio", "stored pregap (INDEX 00)", "silence in no file"};
    bool used[FILLS] = {false};
    for (uint32_t i = 0; i < l->track_count; i++) {
        const struct exh_track *t = &l->tracks[i];
        used[t->kind == EXH_TRACK_AUDIO ? FILL_AUDIO : FILL_DATA] = true;
        used[FILL_PREGAP] = used[FILL_PREGAP] || t->stored_pregap > 0;
        used[FILL_SILENT] = used[FILL_SILENT] || t->pregap > t->stored_pregap || t->postgap > 0;
    }
    exh_markup_put(page, "<ul class=\"legend\">");
    for (unsigned i = 0; i < FILLS; i++)
        if (used[i])
            exh_markup_format(page,
                              "<li><svg aria-hidden=\"true\" viewBox=\"0 0 24 12\" width=\"28\" height=\"14\"><rect x=\".5\" y=\".5\" width=\"23\" "
                              "height=\"11\" fill=\"url(#t%zu-%c)\" stroke=\"#111\"%s/></svg> %s</li>",
                              number, letters[i], i == FILL_SILENT ? " stroke-dasharray=\"2 2\"" : "", words[i]);
    exh_markup_put(page, "</ul>");
}

void exh_disc_svg(struct exh_markup *page, const struct exh_layout *l, size_t number)
{
    unsigned audio = 0;
    for (uint32_t i = 0; i < l->track_count; i++)
        audio += l->tracks[i].kind == EXH_TRACK_AUDIO;
    exh_markup_put(page, "<figure>");
    exh_markup_format(page,
                      "<svg role=\"img\" aria-labelledby=\"t%zut t%zud\" viewBox=\"0 0 %u %u\" class=\"map\"><title id=\"t%zut\">The disc, from "
                      "the inside out</title><desc id=\"t%zud\">%u tracks in %u sessions, %u of them audio; the table below has every number."
                      "</desc><defs>",
                      number, number, WIDTH, times_y(l) + 4, number, number, l->track_count, sessions_of(l), audio);
    for (unsigned i = 0; i < FILLS; i++)
        exh_markup_format(page, "<pattern id=\"t%zu-%c\" width=\"%u\" height=\"%u\" patternUnits=\"userSpaceOnUse\">%s</pattern>", number, letters[i],
                          tile_sizes[i], tile_sizes[i], tiles[i]);
    exh_markup_put(page, "</defs>");
    bars(page, number, l);
    exh_markup_put(page, "</svg>");
    legend(page, number, l);
    exh_markup_put(page, "<figcaption>Tracks by number, in proportion to their length; one that would be too narrow to see is drawn wider. Times are "
                         "those of INDEX 01 of a session's first track and of its end.</figcaption></figure>\n");
}
