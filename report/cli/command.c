/* command.c - the command table, and what all commands say alike. See command.h. */
#include "report/cli/command.h"

#include <stdarg.h>

#include "formats/model/text.h"
#include "report/cli/args.h"
#include "report/ledger/record.h"

extern const struct exh_command exh_command_acquire, exh_command_convert, exh_command_devices, exh_command_hash, exh_command_info, exh_command_log,
    exh_command_report, exh_command_verify;

const struct exh_command *const exh_commands[] = {&exh_command_devices, &exh_command_acquire, &exh_command_verify,
                                                  &exh_command_hash,    &exh_command_info,    &exh_command_convert,
                                                  &exh_command_report,  &exh_command_log,     NULL};

/* What an image, its names and its fields say is shown, not obeyed: no escape sequence and no mark that turns the direction of the text reaches the
 * terminal. Line ends stay; who prints a text of others' indents its lines. */
static void tame(char *text)
{
    for (uint8_t *p = (uint8_t *)text; *p != '\0'; p++) {
        bool c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0; /* U+0080 to U+009F */
        bool arabic = p[0] == 0xD8 && p[1] == 0x9C;            /* U+061C */
        bool marks =
            p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0x8E || p[2] == 0x8F || (p[2] >= 0xA8 && p[2] <= 0xAE)); /* U+200E, 200F, 2028 to 202E */
        bool isolates = p[0] == 0xE2 && p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9;                         /* U+2066 to U+2069 */
        if ((p[0] < 0x20 && p[0] != '\n' && p[0] != '\t') || p[0] == 0x7F)
            p[0] = '?';
        if (c1 || arabic)
            p[0] = p[1] = '?';
        if (marks || isolates)
            p[0] = p[1] = p[2] = '?';
    }
}

static void put(FILE *to, const char *fmt, va_list list) EXH_PRINTF(2, 0);
static void put_message(const char *fmt, va_list list) EXH_PRINTF(1, 0);

static void put(FILE *to, const char *fmt, va_list list)
{
    char short_text[1200]; /* for when memory is out, which is when there is something to say: an error with its file fits */
    va_list again;
    va_copy(again, list);
    char *text = exh_text_vformat(fmt, list);
    if (text == NULL)
        (void)vsnprintf(short_text, sizeof short_text, fmt, again);
    va_end(again);
    tame(text != NULL ? text : short_text);
    (void)fputs(text != NULL ? text : short_text, to);
    free(text);
}

/* The same for a program that reads stderr: without our name in front. */
static void put_message(const char *fmt, va_list list)
{
    char *text = exh_text_vformat(fmt, list);
    const char *words = text;
    if (text != NULL && strncmp(text, "exhibit: ", 9) == 0)
        words += 9;
    exh_progress_line("message", text != NULL ? json_pack("{s:o}", "text", exh_record_text(words)) : NULL);
    free(text);
}

static void put_words(FILE *to, const char *fmt, ...) EXH_PRINTF(2, 3);

static void put_words(FILE *to, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    put(to, fmt, list);
    va_end(list);
}

bool exh_wants_json(const struct exh_args *args) { return args->failed_json || exh_arg(args, "--json") != NULL; }

json_t *exh_notices(const struct exh_args *args)
{
    json_t *list = json_array();
    size_t all = args->progress.notice_count, kept = all < EXH_NOTICES_KEPT ? all : EXH_NOTICES_KEPT;
    for (size_t i = 0; list != NULL && i < kept; i++)
        (void)json_array_append_new(list, exh_record_text(args->progress.notices[i]));
    if (list != NULL && all > kept)
        (void)json_array_append_new(list, json_sprintf("%zu more were shown and are not kept", all - kept));
    return list;
}

void exh_say(const struct exh_args *args, const char *fmt, ...)
{
    if (exh_arg(args, "--quiet") != NULL)
        return;
    exh_progress_break(args->watch.context);
    va_list list;
    va_start(list, fmt);
    if (args->progress.json_only) {
        put_message(fmt, list);
    } else {
        put(stderr, fmt, list);
        (void)fputc('\n', stderr);
    }
    va_end(list);
}

void exh_print(const struct exh_args *args, const char *fmt, ...)
{
    if (exh_wants_json(args))
        return;
    exh_progress_break(args->watch.context);
    va_list list;
    va_start(list, fmt);
    put(stdout, fmt, list);
    va_end(list);
}

bool exh_answer(const struct exh_args *args, json_t *document)
{
    bool told = !exh_wants_json(args);
    if (document != NULL && !told) {
        exh_progress_break(args->watch.context);
        char *text = json_dumps(document, JSON_INDENT(1));
        if (text != NULL)
            (void)printf("%s\n", text);
        told = text != NULL;
        free(text);
    }
    json_decref(document);
    return told;
}

enum exh_exit exh_exit_of(const struct exh_error *err)
{
    switch (err->code) {
    case EXH_OK: return EXH_EXIT_DONE;
    case EXH_CORRUPT: return err->side == EXH_SIDE_LEDGER ? EXH_EXIT_FINDING : EXH_EXIT_NOT_AN_IMAGE;
    /* A ledger of a newer version, or too large to be read, says nothing of the image. */
    case EXH_LIMIT:
    case EXH_UNSUPPORTED:
        return err->side == EXH_SIDE_LEDGER        ? EXH_EXIT_NOT_DONE
               : err->side == EXH_SIDE_DESTINATION ? EXH_EXIT_USAGE /* the image that was asked for cannot be made */
                                                   : EXH_EXIT_NOT_AN_IMAGE;
    case EXH_SECRET:
    case EXH_NOT_THIS_FORMAT: return EXH_EXIT_NOT_AN_IMAGE;
    case EXH_USAGE:
    case EXH_REFUSED: return EXH_EXIT_USAGE;
    case EXH_CANCELLED: return EXH_EXIT_INTERRUPTED;
    case EXH_BUG: return EXH_EXIT_BUG;
    case EXH_IO:
    case EXH_NO_SPACE:
    case EXH_GONE:
    case EXH_TIMED_OUT:
    case EXH_NOMEM:
    case EXH_NOT_FOUND:
    case EXH_LOST: return EXH_EXIT_NOT_DONE;
    }
    return EXH_EXIT_BUG;
}

enum exh_exit exh_tell_error(const struct exh_args *args, const struct exh_error *err)
{
    exh_progress_break(args->watch.context);
    bool named = err->file[0] != '\0' && strstr(err->text, err->file) == NULL;
    char offset[32];
    (void)snprintf(offset, sizeof offset, "%llu", (unsigned long long)err->at);
    bool placed = err->at != EXH_NO_OFFSET && strstr(err->text, offset) == NULL;
    if (args->progress.json_only)
        exh_progress_line("error", exh_record_error(err));
    else
        put_words(stderr, "exhibit: %s%s%s%s%s%s\n", named ? err->file : "", named ? ": " : "", err->text, placed ? " (offset " : "",
                  placed ? offset : "", placed ? ")" : "");
    json_t *error = exh_record_error(err);
    if (error != NULL)
        (void)exh_answer(args, json_pack("{s:o}", "error", error));
    return exh_exit_of(err);
}
