/* html_checking.c - how a reader checks the report without believing it: commands for the files, the media stream, the ledger and
 * report.xml, the people and tools it was made by, and the sentences on what it does not say.
 *
 * Beside this program they name only tools that others maintain. File names come from the record, so each is quoted for a shell
 * (exh_facts_shell) and then escaped for the page; none is a path, for the folder the reader has the files in is not known here. */
#include "report/pages/html_sections.h"

#include "formats/model/text.h"
#include "report/pages/sentences.h"

static const char *base_name(const char *name) { return name == NULL ? NULL : exh_text_base(name); }

static void command(struct exh_html_page *p, const char *before, const char *name, const char *after)
{
    exh_html_put(p, before);
    exh_html_owned_text(p, exh_facts_shell(name));
    exh_html_put(p, after);
}

/* Of an image as found nobody may have computed them. */
static bool any_file_digest(const struct exh_facts *f)
{
    for (size_t i = 0; i < f->files.count; i++)
        if (f->files.items[i].sha256 != NULL)
            return true;
    return false;
}

static void check_files(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = f->files.count < EXH_HTML_FILES_SHOWN ? f->files.count : EXH_HTML_FILES_SHOWN;
    if (f->outcome == EXH_ENDED_FOUND && !any_file_digest(f))
        return;
    bool raw = exh_html_is(f->format, "raw") || (f->format != NULL && strncmp(f->format, "raw", 3) == 0);
    exh_html_put(p, "<p>With tools of the system, in the folder that holds the files. "
                    "For each file it must print the SHA-256 this report gives for it:</p>\n<pre>sha256sum");
    for (size_t i = 0; i < shown; i++)
        if (f->files.items[i].name != NULL)
            command(p, " ", base_name(f->files.items[i].name), "");
    exh_html_put(p, "</pre>\n");
    exh_html_rest(p, shown, f->files.count, "Files");
    if (!raw || f->files.count == 0)
        return;
    exh_html_put(p, "<p>The media stream of a raw image is the content of its files in order. This must print the SHA-256 of scope media:</p>\n"
                    "<pre>cat");
    for (size_t i = 0; i < shown; i++)
        if (f->files.items[i].name != NULL)
            command(p, " ", base_name(f->files.items[i].name), "");
    exh_html_put(p, shown < f->files.count ? " ... | sha256sum</pre>\n" : " | sha256sum</pre>\n");
}

static void check_ewf(struct exh_html_page *p, const char *image)
{
    const struct exh_fact_digests *list = &p->f->digests;
    bool padded = false;
    for (size_t i = 0; i < list->count; i++)
        padded = padded || exh_html_is(list->items[i].scope, "padded");
    exh_html_put(p, "<p>With libewf's own tool. The MD5 stored in the image and the SHA-256 it computes must be those of scope ");
    exh_html_put(p, padded ? "padded" : "media");
    exh_html_put(p, ":</p>\n<pre>");
    command(p, "ewfverify -d sha256 ", image, "</pre>\n");
}

static void how_to_verify(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    exh_html_heading(p, 0, "How to verify", NULL);
    const char *image = f->files.count > 0 && f->files.items[0].name != NULL ? base_name(f->files.items[0].name) : base_name(f->image);
    if (exh_facts_has_image(f) && image != NULL) {
        exh_html_put(p, f->outcome == EXH_ENDED_FOUND
                            ? "<p>With this program: the image is held to what it states of itself; its digests must be those this report gives. "
                              "--expect and --against hold it to a word from elsewhere.</p>\n<pre>"
                            : "<p>With this program: every file, every chunk and the media stream are held against the record.</p>\n<pre>");
        command(p, "exhibit verify ", image, "</pre>\n");
        check_files(p);
        if (f->format != NULL && (strncmp(f->format, "ewf", 3) == 0 || strcasecmp(f->format, "E01") == 0))
            check_ewf(p, image);
    }
    if (p->report->ledger_path != NULL && exh_facts_is_hex(p->report->head, 64)) {
        exh_html_put(p, "<p>The ledger, held against the position this report cites; a tail cut off or a line rewritten shows:</p>\n"
                        "<pre>exhibit log --check \\\n    <span class=\"whole\">--head ");
        exh_markup_format(&p->out, "%llu:%s</span></pre>\n", (unsigned long long)p->report->seq, p->report->head);
    }
    exh_html_put(p, "<p>The form of report.xml, without a network; exhibit-report.xsd comes with exhibit:</p>\n"
                    "<pre>xmllint --nonet --noout --schema exhibit-report.xsd report.xml</pre>\n");
}

static void tools(struct exh_html_page *p)
{
    exh_html_heading(p, 0, "People, machine and tool versions", NULL);
    exh_html_facts(p, &p->f->environment);
}

void exh_html_checking(struct exh_html_page *p)
{
    how_to_verify(p);
    tools(p);
}

static void say_limit(void *context, const char *sentence)
{
    struct exh_html_page *p = context;
    exh_html_put(p, "<li>");
    exh_html_text(p, sentence);
    exh_html_put(p, "</li>\n");
}

void exh_html_limits(struct exh_html_page *p)
{
    exh_html_put(p, "<h2>What this report does not say</h2>\n<ul>\n");
    exh_sentence_limits(p->report, p->all, p->report->item_count, say_limit, p);
    exh_html_put(p, "</ul>\n");
}
