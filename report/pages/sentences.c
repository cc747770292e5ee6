/* sentences.c - the fixed words of a report. See sentences.h. The acquisition verdict, its extent ("of"), the read-back and the second read
 * of the source are four statements, and each is made every time; a matching digest is never let stand for a complete read. */
#include "report/pages/sentences.h"

#include "formats/model/text.h"
#include "report/pages/facts.h"

struct words {
    const char *word, *sentence;
};

static const struct words meanings[] = {
    {"match", "every byte in scope equals the reference it was held against"},
    {"consistent", "only checksums were there to compare with, and all of them hold; no cryptographic reference was at hand"},
    {"mismatch", "the image differs from the reference it was held against"},
    {"damaged", "the image contradicts itself, or no longer opens as what it was recorded to be"},
    {"no-reference", "the image was read whole, but there was nothing to compare it with"},
    {"could-not-read", "the image could not be read, so nothing is known about its content"},
    {"not-performed", "no comparison was made"},
};

static const struct words bases[] = {
    {"external", "a digest, list or medium given by whoever asked for the verification"},
    {"ledger", "the custody ledger"},
    {"record", "the side record kept with the image"},
    {"stored", "digests stored inside the image itself"},
    {"checksum", "checksums inside the image, which detect accidents but not intent"},
    {"this-run", "what the same run had read before"},
};

/* Values of rows (facts_rows.c): of a number the words stand in its place, of a word behind it. */
static const struct {
    const char *key;
    struct words words;
} values[] = {
    {"of", {"medium", "the whole medium"}},
    {"of", {"visible", "what the device shows; hidden areas were not ruled out"}},
    {"of", {"range", "only the range that was asked for"}},
    {"acquisition", {"complete", "every sector was read"}},
    {"acquisition", {"complete-with-errors", "every sector was tried, some could not be read"}},
    {"acquisition", {"incomplete", "not every sector was tried"}},
    {"read_back", {"direct", "from the storage, past the page cache"}},
    {"read_back", {"cache dropped", "after the page cache was emptied of it"}},
    {"verification", {"match", "every byte of the copy is the byte that was read"}},
    {"verify", {"image", "read the copy back"}},
    {"verify", {"source", "read the source a second time"}},
    {"verify", {"image, source", "read the copy back and the source a second time"}},
    {"segment_bytes", {"0", "the format's own"}},
    {"tail_bytes", {"0", "as many as in every sector"}},
    {"clock_synchronised", {"no", "the machine did not hold its clock to be synchronised"}},
};

static const struct words formats[] = {
    {"ewf", "EnCase/Expert Witness E01"},
    {"raw", "the sectors and nothing else"},
    {"ccd", "CloneCD image"},
    {"cue", "cue sheet with its track files"},
    {"toc", "cdrdao toc-file"},
    {"iso", "disc image of 2,048-byte sectors"},
    {"dmg", "Apple disk image"},
    {"qcow2", "QEMU copy-on-write image"},
    {"vdi", "VirtualBox disk image"},
    {"vhd", "Virtual Hard Disk"},
    {"vhdx", "Hyper-V disk image"},
    {"vmdk", "VMware virtual disk"},
};

static const struct words scopes[] = {
    {"media", "the media stream: every valid byte read, in order, whatever file holds it"},
    {"padded", "the media stream with its last sector filled up with zeros, as the EWF format hashes it"},
};

static const struct words passes[] = {
    {"stream", "read in order, each sector once, until a read failed"},
    {"copy", "read forward, skipping ahead behind every failed read"},
    {"copy-back", "read backward what had been skipped"},
    {"sweep", "read forward what was left, without skipping"},
    {"trim", "found the edges of each failed area, sector by sector"},
    {"scrape", "read what lay between the edges, sector by sector"},
    {"retry", "tried again every sector that had failed"},
};

static const char *look_up(const struct words *table, size_t count, const char *word)
{
    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcmp(table[i].word, word) == 0)
            return table[i].sentence;
    return NULL;
}
#define LOOK_UP(table, word) look_up(table, sizeof(table) / sizeof((table)[0]), word)

const char *exh_sentence_meaning(const char *verdict)
{
    const char *found = LOOK_UP(meanings, verdict);
    return found != NULL ? found : "a verdict that this version of the report does not know";
}

const char *exh_sentence_basis(const char *basis) { return LOOK_UP(bases, basis); }

char *exh_sentence_bases(const char *recorded)
{
    char *text = NULL;
    bool ok = true;
    for (const char *at = recorded; ok && *at != '\0';) {
        int length = (int)strcspn(at, ",");
        char word[32] = "";
        if ((size_t)length < sizeof word)
            memcpy(word, at, (size_t)length);
        const char *words = exh_sentence_basis(word);
        ok = words != NULL ? exh_text_append(&text, "%s%s", at == recorded ? "" : "; ", words)
                           : exh_text_append(&text, "%s%.*s", at == recorded ? "" : "; ", length, at);
        at += length;
        at += strspn(at, ", ");
    }
    if (ok && text == NULL)
        return exh_text_format("nothing");
    if (ok)
        return text;
    free(text);
    return NULL;
}

const char *exh_sentence_value(const char *key, const char *value)
{
    if (key != NULL && (strcmp(key, "format") == 0 || strcmp(key, "image_format") == 0))
        return LOOK_UP(formats, value);
    for (size_t i = 0; key != NULL && value != NULL && i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].key, key) == 0 && strcmp(values[i].words.word, value) == 0)
            return values[i].words.sentence;
    return NULL;
}

const char *exh_sentence_scope(const char *scope)
{
    const char *found = LOOK_UP(scopes, scope);
    if (found != NULL || scope == NULL)
        return found;
    if (strncmp(scope, "file:", 5) == 0)
        return "this file as it lies in the file system";
    return strncmp(scope, "track:", 6) == 0 ? "one track of the disc, as stored" : NULL;
}

const char *exh_sentence_pass(const char *name) { return LOOK_UP(passes, name); }

static bool is(const char *text, const char *word) { return text != NULL && strcmp(text, word) == 0; }

/* --- what the device said of itself --- */

static const char *const hidden_names[] = {[EXH_FACT_HPA] = "HPA", [EXH_FACT_DCO] = "DCO", [EXH_FACT_AMA] = "AMA"};

static size_t hidden_in_state(const struct exh_facts *f, enum exh_fact_hidden_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < EXH_FACT_HIDDEN_KINDS; i++)
        n += f->hidden[i].state == state;
    return n;
}

char *exh_sentence_hidden(const struct exh_facts *f)
{
    char *text = NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < EXH_FACT_HIDDEN_KINDS; i++) {
        const struct exh_fact_hidden *area = &f->hidden[i];
        ok = exh_text_append(&text, "%s%s: ", i > 0 ? "; " : "", hidden_names[i]);
        if (ok && area->state == EXH_FACT_HIDDEN_FOUND)
            ok = exh_text_append(&text, "%s sectors found, not opened",
                                 area->sectors.known ? exh_facts_figure(area->sectors.value).text : "a number not recorded of");
        else if (ok)
            ok = exh_text_append(&text, "%s",
                                 area->state == EXH_FACT_HIDDEN_NONE          ? "none"
                                 : area->state == EXH_FACT_HIDDEN_NOT_CHECKED ? "not checked"
                                                                              : "not recorded");
        if (ok && area->why != NULL)
            ok = exh_text_append(&text, " (%s)", area->why);
    }
    if (ok)
        return text;
    free(text);
    return NULL;
}

static const char *health_word(const struct exh_fact_health *health)
{
    return health->state == NULL          ? "not recorded"
           : is(health->state, "failing") ? "FAILING"
           : is(health->state, "passed")  ? "passed"
                                          : "not available";
}

char *exh_sentence_health(const struct exh_facts *f)
{
    return exh_text_format("%s before, %s after", health_word(&f->health_before), health_word(&f->health_after));
}

/* The hidden areas inside the brackets of the verdict: "; no hidden areas were found". Of a whole medium only what was found, or that
 * nothing was, for a file or a disc has none that could be checked. */
static bool say_hidden(char **out, const struct exh_facts *f)
{
    if (!f->hidden_told)
        return !is(f->of, "visible") || exh_text_append(out, "; hidden areas were not checked or not opened");
    if (hidden_in_state(f, EXH_FACT_HIDDEN_NONE) == EXH_FACT_HIDDEN_KINDS)
        return exh_text_append(out, "; no hidden areas were found");
    if (is(f->of, "medium") && hidden_in_state(f, EXH_FACT_HIDDEN_FOUND) == 0)
        return true;
    if (hidden_in_state(f, EXH_FACT_HIDDEN_NOT_CHECKED) == EXH_FACT_HIDDEN_KINDS)
        return exh_text_append(out, "; hidden areas were not checked");
    bool ok = exh_text_append(out, "; hidden areas: ");
    for (size_t i = 0; ok && i < EXH_FACT_HIDDEN_KINDS; i++) {
        const struct exh_fact_hidden *area = &f->hidden[i];
        const char *comma = i > 0 ? ", " : "", *name = hidden_names[i];
        if (area->state == EXH_FACT_HIDDEN_FOUND && area->sectors.known)
            ok = exh_text_append(out, "%s%s of %s sectors found but not opened", comma, name, exh_facts_figure(area->sectors.value).text);
        else if (area->state == EXH_FACT_HIDDEN_FOUND)
            ok = exh_text_append(out, "%s%s found but not opened", comma, name);
        else if (area->state == EXH_FACT_HIDDEN_NONE)
            ok = exh_text_append(out, "%sno %s", comma, name);
        else
            ok = exh_text_append(out, "%s%s not %s", comma, name, area->state == EXH_FACT_HIDDEN_NOT_CHECKED ? "checked" : "recorded");
    }
    return ok;
}

/* --- time --- */

struct moment {
    char text[64];
};

/* "2026-11-22 07:00:00 UTC" of "2026-11-22T07:00:00Z"; another form as it is. */
static struct moment moment(const char *utc)
{
    struct moment m;
    bool iso = strlen(utc) == 20 && utc[10] == 'T' && utc[19] == 'Z' && strspn(utc, "0123456789-") == 10 && strspn(utc + 11, "0123456789:") == 8;
    if (iso)
        snprintf(m.text, sizeof m.text, "%.10s %.8s UTC", utc, utc + 11);
    else
        snprintf(m.text, sizeof m.text, "%s", utc);
    return m;
}

/* --- the verdict --- */

const struct exh_fact_record *exh_sentence_stop(const struct exh_facts *f)
{
    const struct exh_fact_record *last = NULL;
    for (size_t i = 0; f->outcome == EXH_ENDED_NOT && i < f->record_count; i++)
        if (is(f->records[i].type, "acquire-pause"))
            last = &f->records[i];
        else if (is(f->records[i].type, "acquire-resume"))
            last = NULL;
    return last;
}

/* "the medium /dev/sda". A new string. */
static char *source_phrase(const struct exh_facts *f)
{
    const char *path = f->source_path != NULL ? f->source_path : "of a path not recorded";
    if (is(f->source_kind, "stdin"))
        return exh_text_format("the data from standard input");
    if (f->conversion || is(f->source_kind, "image"))
        return exh_text_format("the medium in the image %s", path);
    if (is(f->source_kind, "file"))
        return exh_text_format("the file %s", path);
    return exh_text_format("%s %s", f->source_is_partition ? "the partition" : "the medium", path);
}

/* "a range of the medium /dev/sda (4,096 bytes from sector 2,048)": what the copy is a copy of, and how much. A new string. */
static char *subject(const struct exh_facts *f)
{
    char *source = source_phrase(f), *text = NULL, size[64] = "size not recorded", from[64] = "";
    if (source == NULL)
        return NULL;
    if (f->bytes.known)
        snprintf(size, sizeof size, "%s bytes", exh_facts_figure(f->bytes.value).text);
    if (is(f->of, "range") && f->range_start.known)
        snprintf(from, sizeof from, " from sector %s", exh_facts_figure(f->range_start.value).text);
    const char *part = is(f->of, "visible") ? "what is visible of " : is(f->of, "range") ? "a range of " : "";
    bool known = is(f->of, "medium") || *part != '\0';
    bool ok = exh_text_append(&text, "%s%s (%s%s%s", part, source, size, from, known ? "" : "; whether of all of it is not recorded") &&
              say_hidden(&text, f) && exh_text_append(&text, ")");
    free(source);
    if (ok)
        return text;
    free(text);
    return NULL;
}

const char *exh_sentence_fill(const struct exh_facts *f) { return f->fill == NULL || is(f->fill, "zeros") ? "zeros" : "the fill pattern"; }

/* "zeros stand in their place": the verdict names the pattern that was asked for, at most its first 32 characters. */
static bool say_fill(char **out, const struct exh_facts *f, uint64_t n)
{
    const char *place = n == 1 ? "its" : "their", *zeros = exh_sentence_fill(f);
    if (is(zeros, "zeros"))
        return exh_text_append(out, "; zeros stand in %s place", place);
    int shown = 0; /* whole characters only */
    while (shown < 32 && f->fill[shown] != '\0')
        for (shown++; ((unsigned char)f->fill[shown] & 0xc0) == 0x80;)
            shown++;
    return exh_text_append(out, "; the fill pattern %.*s%s stands in %s place", shown, f->fill, f->fill[shown] != '\0' ? "..." : "", place);
}

/* "A complete copy of ... was made" without the full stop. */
static bool say_copy(char **out, const struct exh_facts *f, const char *what)
{
    if (is(f->acquisition, "complete"))
        return exh_text_append(out, "A complete copy of %s was made", what);
    if (is(f->acquisition, "incomplete"))
        return exh_text_append(out, "An incomplete copy of %s was made: not every sector was tried", what);
    if (!is(f->acquisition, "complete-with-errors"))
        return exh_text_append(out, "A copy of %s was made; whether it is complete is not recorded", what);
    if (!f->unreadable_sectors.known)
        return exh_text_append(out, "A copy of %s was made except for sectors that could not be read, whose number is not recorded", what);
    uint64_t n = f->unreadable_sectors.value;
    char bytes[64] = "";
    if (f->unreadable_bytes.known)
        snprintf(bytes, sizeof bytes, " (%s bytes)", exh_facts_figure(f->unreadable_bytes.value).text);
    return exh_text_append(out, "A copy of %s was made except for %s sector%s%s that could not be read", what, exh_facts_figure(n).text,
                           n == 1 ? "" : "s", bytes) &&
           say_fill(out, f, n);
}

/* Only a clean verdict is joined to the read-back by a semicolon: an exception ends its sentence, so that nothing softens it. */
static bool say_read_back(char **out, const struct exh_facts *f)
{
    bool joined = is(f->acquisition, "complete");
    if (is(f->verification, "match"))
        return exh_text_append(out, "%s byte of the copy was read back and matches what was read.", joined ? "; every" : ". Every");
    if (is(f->verification, "not-performed"))
        return exh_text_append(out, joined ? "; the copy was not read back." : ". The copy was not read back.");
    if (f->verification == NULL)
        return exh_text_append(out, ". Whether the copy was read back is not recorded.");
    return exh_text_append(out, ". The copy was read back; the result on record is \"%s\": %s.", f->verification,
                           exh_sentence_meaning(f->verification));
}

/* That there was a second read, and what it gave: a read that differed must not pass as one that was merely made. */
static const char *second_read_sentence(const struct exh_facts *f)
{
    if (f->source_read_twice < 0)
        return "Whether a second read of the source was made is not recorded.";
    if (f->source_read_twice == 0)
        return "No second read of the source was made.";
    if (f->second_read == NULL)
        return "A second read of the source was made; what it gave is not recorded.";
    if (is(f->second_read, "match"))
        return "A second read of the source was made and gave the same bytes.";
    if (is(f->second_read, "mismatch") || is(f->second_read, "damaged"))
        return "A second read of the source was made and DIFFERED from the first.";
    return "A second read of the source was made and could not confirm the first.";
}

static bool say_published(char **out, const struct exh_facts *f)
{
    char *what = subject(f);
    bool ok = what != NULL && say_copy(out, f, what) && say_read_back(out, f) && exh_text_append(out, " %s", second_read_sentence(f));
    free(what);
    return ok;
}

static bool say_unpublished(char **out, const struct exh_facts *f)
{
    char *source = source_phrase(f);
    const char *deed = f->conversion ? "conversion" : "acquisition", *begun = f->record_count > 0 ? f->records[0].time : NULL;
    const struct exh_fact_record *stop = exh_sentence_stop(f);
    bool ok = source != NULL;
    if (ok && stop != NULL)
        ok = exh_text_append(out, "No image was published: the %s of %s, begun at %s, was stopped at %s (%s) and can be resumed; it has not been.",
                             deed, source, moment(begun != NULL ? begun : "a time not recorded").text,
                             moment(stop->time != NULL ? stop->time : "a time not recorded").text,
                             stop->summary != NULL ? stop->summary : "why is not recorded");
    else if (ok && f->outcome == EXH_ENDED_NOT)
        ok = exh_text_append(out, "No image was published according to this record: the %s of %s, begun at %s, has no end on record.", deed, source,
                             moment(begun != NULL ? begun : "a time not recorded").text);
    else if (ok && f->outcome == EXH_ENDED_INTERRUPTED)
        ok = exh_text_append(out, "No image was published: the %s of %s was interrupted before its end.", deed, source);
    else if (ok)
        ok = exh_text_append(out, "No image was published: the %s of %s failed%s%s.", deed, source, f->error_text != NULL ? ": " : "",
                             f->error_text != NULL ? f->error_text : "; the reason is not recorded");
    free(source);
    return ok && exh_text_append(out, " %s", f->source_read_twice < 0 ? "No second read of the source is on record." : second_read_sentence(f));
}

/* --- an image as it was found --- */

static bool say_times(char **out, size_t n) { return n == 1 ? exh_text_append(out, "once") : exh_text_append(out, "%zu times", n); }

static bool say_looks(char **out, const struct exh_facts *f)
{
    size_t performed = f->verifications - f->not_performed;
    if (f->not_performed == 0)
        return exh_text_append(out, "it was verified ") && say_times(out, performed);
    if (performed == 0)
        return exh_text_append(out, "it was to be verified ") && say_times(out, f->verifications);
    return exh_text_append(out, "it was verified ") && say_times(out, performed) && exh_text_append(out, " and was to be %zu more", f->not_performed);
}

/* Of an image that was not opened its files may still have been held against something: "not performed" does not say so. */
static bool say_container(char **out, const struct exh_fact_record *last)
{
    size_t n = 0;
    for (size_t i = 0; i < last->finding_count; i++)
        n += is(last->findings[i].check, "file") && is(last->findings[i].outcome, "match");
    if (n == 0 || !is(last->verdict, "not-performed"))
        return true;
    return exh_text_append(out, " What is in it was not read; %zu digest%s of its container equal%s what is said of it.", n, n == 1 ? "" : "s",
                           n == 1 ? "s" : "");
}

/* ", last on ... : match (what that means), on the basis of ..." with the reason where nothing was compared. */
static bool say_last_look(char **out, const struct exh_fact_record *last)
{
    bool ok = exh_text_append(out, ", last on %s: %s (%s)", moment(last->time != NULL ? last->time : "a time not recorded").text,
                              last->verdict != NULL ? last->verdict : "a verdict not recorded", exh_sentence_meaning(last->verdict));
    bool based = last->basis != NULL && !is(last->basis, "none");
    char *rests_on = ok && based ? exh_sentence_bases(last->basis) : NULL;
    if (ok && based)
        ok = rests_on != NULL && exh_text_append(out, ", on the basis of %s", rests_on);
    free(rests_on);
    if (ok && is(last->verdict, "not-performed") && last->finding_count > 0 && last->findings[0].detail != NULL)
        ok = exh_text_append(out, ": %s", last->findings[0].detail);
    ok = ok && exh_text_append(out, ".") && say_container(out, last);
    if (ok && last->against != NULL)
        ok = exh_text_append(out, " Held against: %s.", last->against);
    if (ok && last->unread_now.known && last->unread_now.value > 0)
        ok = exh_text_append(out, " That run could not read %s sector%s of the image.", exh_facts_figure(last->unread_now.value).text,
                             last->unread_now.value == 1 ? "" : "s");
    return ok;
}

static bool say_found(char **out, const struct exh_facts *f)
{
    const char *last = NULL;
    for (size_t i = 0; i < f->record_count; i++)
        if (is(f->records[i].type, "hash"))
            last = f->records[i].time;
    bool ok = exh_text_append(out, "No acquisition of this image is on record here; ");
    if (ok && f->last_verification != NULL)
        return say_looks(out, f) && say_last_look(out, f->last_verification);
    return ok && exh_text_append(out, "nor was it verified: its digests were computed ") && say_times(out, f->hash_runs) &&
           exh_text_append(out, ", last on %s, and held against nothing.", moment(last != NULL ? last : "a time not recorded").text);
}

char *exh_sentence_verdict(const struct exh_facts *facts)
{
    char *text = NULL;
    if (facts->outcome == EXH_ENDED_FOUND  ? say_found(&text, facts)
        : facts->outcome == EXH_ENDED_DONE ? say_published(&text, facts)
                                           : say_unpublished(&text, facts))
        return text;
    free(text);
    return NULL;
}

char *exh_report_sentence(const json_t *end_line, struct exh_error *err)
{
    const struct exh_report_item item = {.end = end_line};
    return exh_report_item_sentence(&item, err);
}

char *exh_report_item_sentence(const struct exh_report_item *item, struct exh_error *err)
{
    struct exh_facts facts;
    char *text = NULL;
    if (exh_facts_read(&facts, item, NULL, err)) {
        text = exh_sentence_verdict(&facts);
        if (text == NULL)
            exh_nomem(err, "the verdict sentence");
    }
    exh_facts_close(&facts);
    return text;
}

char *exh_sentence_verification(const struct exh_fact_record *record)
{
    const char *verdict = record->verdict != NULL ? record->verdict : "not recorded";
    char *text = exh_text_format("The last verification on record (%s) ended in \"%s\": %s.",
                                 moment(record->time != NULL ? record->time : "time not recorded").text, verdict,
                                 record->verdict != NULL ? exh_sentence_meaning(record->verdict) : "its verdict is missing from the line");
    bool ok = text != NULL;
    if (ok && record->against != NULL)
        ok = exh_text_append(&text, " Held against: %s.", record->against);
    bool based = record->basis != NULL && !is(record->basis, "none");
    char *rests_on = ok && based ? exh_sentence_bases(record->basis) : NULL;
    if (ok && based)
        ok = rests_on != NULL && exh_text_append(&text, " It rests on %s.", rests_on);
    free(rests_on);
    if (ok && record->unread_now.known && record->unread_now.value > 0)
        ok = exh_text_append(&text, " That run could not read %s sector%s of the image.", exh_facts_figure(record->unread_now.value).text,
                             record->unread_now.value == 1 ? "" : "s");
    if (ok)
        return text;
    free(text);
    return NULL;
}

/* --- limits --- */

struct limits_of {
    bool made, found, published, errors, filled, not_reread, visible, hidden_found, range, conversion, md5, clock_unsure, changed, paused;
};

static struct limits_of gather(const struct exh_facts *facts, size_t count)
{
    struct limits_of all = {0};
    for (size_t i = 0; i < count; i++) {
        const struct exh_facts *f = &facts[i];
        const char *clock = exh_facts_row(&f->environment, "clock_synchronised");
        bool published = f->outcome == EXH_ENDED_DONE;
        bool found = f->outcome == EXH_ENDED_FOUND;
        all.found = all.found || found;
        all.made = all.made || !found;
        all.published = all.published || published;
        bool errors = !found && f->unreadable_sectors.known && f->unreadable_sectors.value > 0;
        all.errors = all.errors || errors;
        all.filled = all.filled || (errors && !is(exh_sentence_fill(f), "zeros"));
        all.changed = all.changed || f->changes.sectors > 0;
        all.paused = all.paused || f->pauses.count > 0;
        all.hidden_found = all.hidden_found || hidden_in_state(f, EXH_FACT_HIDDEN_FOUND) > 0;
        all.not_reread = all.not_reread || (published && !is(f->second_read, "match"));
        all.visible = all.visible || (published && !is(f->of, "medium") && !is(f->of, "range"));
        all.range = all.range || is(f->of, "range");
        all.conversion = all.conversion || f->conversion;
        all.clock_unsure = all.clock_unsure || !is(clock, "yes");
        for (size_t d = 0; d < f->digests.count; d++)
            all.md5 = all.md5 || is(f->digests.items[d].algorithm, "md5") || is(f->digests.items[d].algorithm, "sha1");
    }
    return all;
}

void exh_sentence_limits(const struct exh_report *report, const struct exh_facts *facts, size_t count,
                         void (*say)(void *context, const char *sentence), void *context)
{
    struct limits_of all = gather(facts, count);
    say(context, "It reports what was done and found. It draws no conclusion about the meaning, origin or author of any content, and names no cause "
                 "for any error.");
    if (all.found)
        say(context,
            "Of an image without an acquisition on record it does not say who made it, when, with what, from which source, or whether all of "
            "that source is in it. What such an image states of itself (case data, digests, unreadable sectors) are the words of whoever made "
            "or changed it.");
    if (all.found)
        say(context,
            "That such an image agrees with digests stored inside it says that it agrees with itself: whoever changes the one can change the "
            "other. Only a digest kept elsewhere says more.");
    if (all.made)
        say(context, "It says nothing about the source before the first read or after the last, and nothing about who handled it outside the lines "
                     "listed here.");
    if (all.made)
        say(context, "Make, model, serial number and capacity are what the device, or a bridge or write blocker before it, said of itself.");
    if (all.published)
        say(context,
            "A matching digest says that the bytes in its scope are the bytes that were read. It does not say that the medium was read completely: "
            "that is the acquisition verdict.");
    if (all.published)
        say(context,
            "Sectors that a device keeps out of its address range (spare and remapped sectors, over-provisioned flash) are not part of any copy.");
    if (all.visible)
        say(context, "Whether the device has areas hidden by HPA, DCO or AMA was not checked, or they were not opened; \"visible\" means the "
                     "addresses it offered.");
    if (all.hidden_found)
        say(context, "The sectors of a hidden area that was found were not read: opening it would have changed the device.");
    if (all.range)
        say(context, "Sectors outside the range that was asked for were not read.");
    if (all.errors)
        say(context, all.filled
                         ? "What the unreadable sectors held is not known. Where a fill pattern stands in their place in the copy, the digests of "
                           "the media stream cover that pattern; otherwise zeros stand there, and the digests cover those zeros."
                         : "What the unreadable sectors held is not known. Zeros stand in their place in the copy, and the digests cover "
                           "those zeros.");
    if (all.changed)
        say(context, "Where the source gave a sector one way and later another, it is not known which of the two was ever written to it.");
    if (all.paused)
        say(context, "It says nothing about the source during a pause, when this program was not running.");
    if (all.not_reread)
        say(context,
            "Where no second read of the source that agreed is on record, it is not known whether the source would give the same bytes again.");
    if (all.conversion)
        say(context, "A conversion copies what an earlier image holds; it says nothing new about the medium that image was made from.");
    if (all.md5)
        say(context, "MD5 and SHA-1 are given because they are in use. Neither resists deliberate collisions: SHA-256 is the digest to rely on.");
    say(context, all.clock_unsure
                     ? "Times are those of the clock of the machine. That it was synchronised is not on record, and no third party attests them."
                     : "Times are those of the clock of the machine, which it held to be synchronised; no third party attests them.");
    if (report->ledger_path == NULL)
        say(context, "This report was made from the side record that lies with the image, without the ledger. Whoever can write that file could have "
                     "written all of it.");
    else
        say(context, "The ledger is a chain: a line cannot be changed, removed or moved without breaking it. A tail that was cut off, or a ledger "
                     "rewritten from "
                     "a line onwards, shows only against a ledger head that was printed or kept elsewhere.");
    say(context,
        "UNSEALED: no signed checkpoint and no time stamp of a third party covers this record. A false line written at the time by someone who "
        "was allowed to write it cannot be told from a true one.");
    say(context, "Characters of recorded texts that cannot be shown, or that would turn the direction of writing, are shown as U+FFFD.");
}
