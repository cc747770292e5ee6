/* html_evidence.c - what the first sheet rests on: the source as it was found, how it was copied, which sectors could not be read and where
 * they lie, the digests by scope, the files, the layout, every verification since, and the lines of the ledger in their order. What a failing
 * medium adds is in html_device.c, html_run.c and html_sectors.c.
 *
 * Nothing is concluded here. A list that would be too long for people is cut at a stated number, says so, and is whole in report.xml. */
#include "report/pages/html_sections.h"

#include "report/pages/sentences.h"

#define FINDINGS_SHOWN 50u
#define TRACKS_SHOWN 120u
#define RECORDS_SHOWN 500u
#define DIGESTS_SHOWN 400u

/* --- the run --- */

static void failure(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    if (f->outcome == EXH_ENDED_DONE || (f->error_text == NULL && f->error_code == NULL))
        return;
    exh_html_heading(p, 0, "What stopped it", NULL);
    exh_html_put(p, "<table><tbody>\n");
    exh_html_open_row(p, "Error");
    exh_html_text_or_unknown(p, f->error_text);
    exh_html_close_row(p);
    exh_html_open_row(p, "Kind");
    exh_html_text_or_unknown(p, f->error_code);
    exh_html_close_row(p);
    exh_html_open_row(p, "File or device");
    exh_html_text_or_unknown(p, f->error_file);
    exh_html_close_row(p);
    exh_html_put(p, "</tbody></table>\n");
}

static void notices(struct exh_html_page *p)
{
    if (p->f->notice_count == 0)
        return;
    exh_html_heading(p, 1, "Notices of the run", NULL);
    exh_html_put(p, "<ul>\n");
    for (size_t i = 0; i < p->f->notice_count; i++) {
        exh_html_put(p, "<li>");
        exh_html_text(p, p->f->notices[i]);
        exh_html_put(p, "</li>\n");
    }
    exh_html_put(p, "</ul>\n");
}

static void method(struct exh_html_page *p)
{
    exh_html_heading(p, 0, "Method and settings", NULL);
    exh_html_heading(p, 1, "Asked for", NULL);
    exh_html_table(p, &p->f->plan);
    exh_html_heading(p, 1, "Done", NULL);
    if (p->f->record_count > 0 && p->f->outcome != EXH_ENDED_NOT)
        exh_html_table(p, &p->f->result);
    else
        exh_html_put(p, "<p>No end of the run is on record.</p>\n");
    exh_html_run(p);
    notices(p);
}

/* --- the image --- */

static void digest_table(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    size_t shown = digests->count < DIGESTS_SHOWN ? digests->count : DIGESTS_SHOWN;
    if (shown == 0)
        return;
    exh_html_put(p, "<table><thead><tr><th scope=\"col\">Scope</th><th scope=\"col\">Algorithm</th><th scope=\"col\">Value</th>"
                    "<th scope=\"col\" class=\"n\">Sectors not read</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct exh_fact_digest *digest = &digests->items[i];
        exh_html_put(p, "<tr><td class=\"scope\">");
        exh_html_text(p, digest->scope);
        exh_html_put(p, "</td><td>");
        exh_html_text(p, digest->algorithm);
        if (exh_html_is(digest->algorithm, "md5") || exh_html_is(digest->algorithm, "sha1"))
            exh_html_put(p, "<br><span class=\"note\">not collision-resistant</span>");
        else if (exh_html_is(digest->algorithm, "crc32"))
            exh_html_put(p, "<br><span class=\"note\">a checksum, no proof</span>");
        exh_html_put(p, "</td><td>");
        exh_html_hash(p, digest->value);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_number_or_unknown(p, digest->not_good);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table>\n");
    exh_html_rest(p, shown, digests->count, "Digests");
}

/* Each part of a track that some digest speaks of, once. */
static void track_words(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    static const struct {
        const char *part, *words;
    } parts[] = {{"raw", "its sectors of 2,352 bytes from INDEX 01 on"},
                 {"user", "the user data of these sectors"},
                 {"stored", "the same sectors as they are stored, 2,336 bytes each"},
                 {"sub", "their subchannel"},
                 {"pregap", "its stored pregap (INDEX 00 to INDEX 01)"},
                 {"whole", "stored pregap and track together, what lists of discs call a track's file"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t d = 0; d < digests->count; d++) {
            const char *slash = strchr(digests->items[d].scope, '/');
            if (strncmp(digests->items[d].scope, "track:", 6) != 0 || slash == NULL || strcmp(slash + 1, parts[i].part) != 0)
                continue;
            exh_markup_format(&p->out, "<li>track:N/%s: of track N %s</li>\n", parts[i].part, parts[i].words);
            break;
        }
}

static void scope_words(struct exh_html_page *p, const struct exh_fact_digests *digests)
{
    static const char *const named[] = {"media", "padded"};
    exh_html_put(p, "<ul class=\"note\">\n");
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        for (size_t d = 0; d < digests->count; d++)
            if (exh_html_is(digests->items[d].scope, named[i])) {
                exh_markup_format(&p->out, "<li>%s: %s</li>\n", named[i], exh_sentence_scope(named[i]));
                break;
            }
    for (size_t d = 0; d < digests->count; d++)
        if (strncmp(digests->items[d].scope, "file:", 5) == 0) {
            exh_markup_format(&p->out, "<li>file:NAME: %s</li>\n", exh_sentence_scope("file:"));
            break;
        }
    track_words(p, digests);
    exh_html_put(p, "</ul>\n");
}

static void chunks(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    exh_html_heading(p, 1, "Chunk digests", NULL);
    if (!f->chunk_sectors.known || f->chunk_sectors.value == 0) {
        exh_html_put(p, "<p>None are on record.</p>\n");
        return;
    }
    exh_html_put(p, "<p>SHA-256 of each piece of ");
    exh_html_counted(p, f->chunk_sectors.value, "sector");
    exh_html_put(p, ", counted from sector 0, unreadable sectors as zeros: ");
    if (f->chunk_count.known)
        exh_html_counted(p, f->chunk_count.value, "digest");
    else
        exh_html_unknown(p);
    exh_html_put(p, ". They tell which piece of a copy went bad. Root of their tree (RFC 6962): ");
    if (exh_facts_is_hex(f->chunk_root, 64))
        exh_html_hash(p, f->chunk_root);
    else
        exh_html_unknown(p);
    exh_html_put(p, "</p>\n");
}

static void digests(struct exh_html_page *p)
{
    exh_html_heading(p, 0, "Digests by scope", NULL);
    if (p->f->digests.count == 0)
        exh_html_put(p, "<p>None are on record.</p>\n");
    else
        scope_words(p, &p->f->digests);
    digest_table(p, &p->f->digests);
    if (p->f->source_digests.count > 0) {
        exh_html_heading(p, 1, "Tracks of the disc it was made from", NULL);
        digest_table(p, &p->f->source_digests);
    }
    chunks(p);
}

static void files(struct exh_html_page *p)
{
    const struct exh_fact_files *list = &p->f->files;
    size_t shown = list->count < EXH_HTML_FILES_SHOWN ? list->count : EXH_HTML_FILES_SHOWN;
    exh_html_heading(p, 1, "Files of the image", NULL);
    exh_html_put(p, "<table><thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"n\">Bytes</th>"
                    "<th scope=\"col\">SHA-256 of the file</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        exh_html_put(p, "<tr><td>");
        exh_html_text_or_unknown(p, list->items[i].name);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_number_or_unknown(p, list->items[i].bytes);
        exh_html_put(p, "</td><td>");
        if (exh_facts_is_hex(list->items[i].sha256, 64))
            exh_html_hash(p, list->items[i].sha256);
        else
            exh_html_unknown(p);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table>\n");
    exh_html_rest(p, shown, list->count, "Files");
}

static void layout(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = f->track_count < TRACKS_SHOWN ? f->track_count : TRACKS_SHOWN;
    if (exh_html_disc_of(p) != NULL) {
        exh_html_disc(p);
        return;
    }
    if (!exh_html_is(f->layout_kind, "disc") && shown < 2)
        return;
    exh_html_heading(p, 1, "Sessions and tracks", NULL);
    exh_html_put(p, "<table><thead><tr><th scope=\"col\" class=\"n\">Track</th><th scope=\"col\" class=\"n\">Session</th><th scope=\"col\">Mode</th>"
                    "<th scope=\"col\" class=\"n\">First sector (LBA)</th><th scope=\"col\" class=\"n\">Sectors</th>"
                    "<th scope=\"col\" class=\"n\">Bytes per sector</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        exh_markup_format(&p->out, "<tr><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td>", (unsigned long long)track->number,
                          (unsigned long long)track->session);
        exh_html_text_or_unknown(p, track->mode);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_signed_figure(p, track->first_lba);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_figure(p, track->sectors);
        exh_markup_format(&p->out, "</td><td class=\"n\">%llu%s%llu</td></tr>\n", (unsigned long long)track->main_bytes,
                          track->sub_bytes > 0 ? " + " : " + ", (unsigned long long)track->sub_bytes);
    }
    exh_html_put(p, "</tbody></table>\n");
    exh_html_rest(p, shown, f->track_count, "Tracks");
}

/* --- what came after --- */

static bool agrees(const struct exh_fact_finding *finding)
{
    return finding->outcome != NULL && (strcmp(finding->outcome, "match") == 0 || strcmp(finding->outcome, "consistent") == 0);
}

static void finding_row(struct exh_html_page *p, const struct exh_fact_finding *finding)
{
    exh_html_put(p, "<tr><td>");
    exh_html_text_or_unknown(p, finding->check);
    exh_html_put(p, "</td><td>");
    exh_html_text_or_unknown(p, finding->outcome);
    exh_html_put(p, "</td><td>");
    exh_html_text_or_unknown(p, finding->detail);
    exh_html_put(p, "</td></tr>\n");
}

/* What does not agree comes first: a disc has more digests that hold than the page has room for. */
static void findings(struct exh_html_page *p, const struct exh_fact_record *record)
{
    size_t shown = 0;
    if (record->finding_count == 0)
        return;
    exh_html_put(p, "<table><thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Outcome</th><th scope=\"col\">Detail</th></tr></thead>"
                    "<tbody>\n");
    for (int agreeing = 0; agreeing < 2; agreeing++)
        for (size_t i = 0; i < record->finding_count && shown < FINDINGS_SHOWN; i++)
            if (agrees(&record->findings[i]) == (agreeing != 0)) {
                finding_row(p, &record->findings[i]);
                shown++;
            }
    exh_html_put(p, "</tbody></table>\n");
    exh_html_rest(p, shown, record->finding_count, "Findings");
}

static void verification(struct exh_html_page *p, const struct exh_fact_record *record)
{
    exh_html_heading(p, 1, "Verification", NULL);
    exh_html_put(p, "<table><tbody>\n");
    exh_html_open_row(p, "Verdict");
    exh_html_text_or_unknown(p, record->verdict);
    exh_markup_format(&p->out, ": %s", exh_sentence_meaning(record->verdict));
    exh_html_close_row(p);
    exh_html_open_row(p, "Basis");
    exh_html_text_or_unknown(p, record->basis);
    if (exh_sentence_basis(record->basis) != NULL)
        exh_markup_format(&p->out, ": %s", exh_sentence_basis(record->basis));
    exh_html_close_row(p);
    exh_html_open_row(p, "Against");
    exh_html_text_or_unknown(p, record->against);
    exh_html_close_row(p);
    exh_html_open_row(p, "When");
    exh_html_moment(p, record->started);
    exh_html_put(p, " to ");
    exh_html_moment(p, record->ended);
    exh_html_close_row(p);
    exh_html_open_row(p, "By");
    exh_html_text_or_unknown(p, record->who);
    exh_html_close_row(p);
    exh_html_open_row(p, "Bytes covered");
    exh_html_number_or_unknown(p, record->bytes);
    exh_html_close_row(p);
    exh_html_open_row(p, "Not readable in this run");
    exh_html_number_or_unknown(p, record->unread_now);
    exh_html_put(p, " sectors");
    exh_html_close_row(p);
    exh_html_put(p, "</tbody></table>\n");
    findings(p, record);
    exh_html_audit(p, &record->audit);
    digest_table(p, &record->digests);
}

static void verifications(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t all = 0, shown = 0, skip = 0;
    for (size_t i = 0; i < f->record_count; i++)
        all += f->records[i].verification;
    if (all == 0)
        return;
    exh_html_heading(p, 0, "Verifications since", NULL);
    skip = all > 20 ? all - 20 : 0; /* the newest twenty: an image audited for years would fill the page with agreement */
    for (size_t i = 0; i < f->record_count; i++) {
        if (!f->records[i].verification || shown++ < skip)
            continue;
        verification(p, &f->records[i]);
    }
    exh_html_rest(p, all - skip, all, "Verifications, the newest,");
}

static const char *type_words(const char *type)
{
    static const struct {
        const char *type, *words;
    } table[] = {{"acquire-begin", "Acquisition begun"},
                 {"acquire-end", "Acquisition ended"},
                 {"convert-begin", "Conversion begun"},
                 {"convert-end", "Conversion ended"},
                 {"verify", "Verified"},
                 {"hash", "Digests computed"},
                 {"report", "Report issued"},
                 {"import", "Lines imported"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (exh_html_is(type, table[i].type))
            return table[i].words;
    return NULL;
}

static void timeline(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = f->record_count < RECORDS_SHOWN ? f->record_count : RECORDS_SHOWN;
    exh_html_heading(p, 0, "Timeline of the record", NULL);
    exh_html_put(p, "<table><caption>Lines of the ledger about this image, in their order.</caption><thead><tr>"
                    "<th scope=\"col\" class=\"n\">Line</th><th scope=\"col\">Time</th><th scope=\"col\">Event</th><th scope=\"col\">By</th>"
                    "<th scope=\"col\">Outcome</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct exh_fact_record *record = &f->records[i];
        exh_html_put(p, "<tr><td class=\"n\">");
        exh_html_number_or_unknown(p, record->seq);
        exh_html_put(p, "</td><td class=\"when\">");
        exh_html_moment(p, record->time);
        exh_html_put(p, "</td><td>");
        if (type_words(record->type) != NULL)
            exh_html_put(p, type_words(record->type));
        else
            exh_html_text_or_unknown(p, record->type);
        exh_html_put(p, "</td><td>");
        exh_html_text_or_unknown(p, record->who);
        exh_html_put(p, "</td><td>");
        exh_html_text_or_unknown(p, record->summary);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table>\n");
    exh_html_rest(p, shown, f->record_count, "Lines");
}

/* --- all of it --- */

void exh_html_evidence(struct exh_html_page *p)
{
    failure(p);
    exh_html_heading(p, 0, "The source", "sheet");
    exh_html_table(p, &p->f->source);
    exh_html_device(p);
    exh_html_heading(p, 1, "Case data", NULL);
    exh_html_table(p, &p->f->case_fields);
    method(p);
    exh_html_sectors(p);
    if (p->f->outcome == EXH_ENDED_DONE) {
        digests(p);
        files(p);
        layout(p);
    }
    verifications(p);
    timeline(p);
}
