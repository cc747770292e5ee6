/* manifest.c - sha256sum and its kin. See manifest.h; formats as documented by GNU coreutils (md5sum invocation). */
#include "verify/manifest.h"

#include <fcntl.h>

#include "formats/container/source_file.h"
#include "formats/model/text.h"

static const char *algorithm_of_length(size_t hex_length)
{
    switch (hex_length) {
    case 32: return "md5";
    case 40: return "sha1";
    case 56: return "sha224";
    case 64: return "sha256";
    case 96: return "sha384";
    case 128: return "sha512";
    default: return NULL;
    }
}

static bool is_hex(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f') || (p[i] >= 'A' && p[i] <= 'F')))
            return false;
    return n > 0;
}

struct entry {
    char algorithm[24], hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    const char *name;
};

/* "HEX  NAME" or "HEX *NAME" */
static bool gnu_line(char *line, struct entry *out)
{
    size_t n = strcspn(line, " ");
    const char *algorithm = algorithm_of_length(n);
    if (algorithm == NULL || !is_hex(line, n) || line[n] != ' ' || (line[n + 1] != ' ' && line[n + 1] != '*') || line[n + 2] == '\0')
        return false;
    (void)snprintf(out->algorithm, sizeof out->algorithm, "%s", algorithm);
    (void)snprintf(out->hex, sizeof out->hex, "%.*s", (int)n, line);
    out->name = line + n + 2;
    return true;
}

/* "SHA256 (NAME) = HEX" */
static bool bsd_line(char *line, struct entry *out)
{
    char *open = strstr(line, " ("), *close = NULL;
    for (char *p = open; p != NULL && (p = strstr(p, ") = ")) != NULL; p++)
        close = p;
    if (open == NULL || close == NULL || !is_hex(close + 4, strlen(close + 4)) || strlen(close + 4) >= sizeof out->hex)
        return false;
    size_t n = (size_t)(open - line);
    if (n == 0 || n >= sizeof out->algorithm)
        return false;
    for (size_t i = 0; i < n; i++)
        out->algorithm[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] - 'A' + 'a' : line[i]);
    out->algorithm[n] = '\0';
    (void)snprintf(out->hex, sizeof out->hex, "%s", close + 4);
    *close = '\0';
    out->name = open + 2;
    return true;
}

/* Every line must be an entry (or empty, or a # comment), or this is not a list of digests. */
static bool read_lines(char *text, const char *image, struct exh_digests *out, bool *is_one, struct exh_error *err)
{
    size_t entries = 0;
    for (char *line = text; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        size_t n = strlen(line);
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        struct entry e;
        if (line[0] != '\0' && line[0] != '#') {
            if (!gnu_line(line, &e) && !bsd_line(line, &e))
                return true;
            entries++;
            struct exh_digest_value value;
            char scope[280];
            (void)snprintf(scope, sizeof scope, "file:%.270s", exh_text_base(image));
            if (strcmp(exh_text_base(e.name), exh_text_base(image)) == 0 &&
                (!exh_digest_value_set(&value, scope, e.algorithm, e.hex, err) || !exh_digests_add(out, &value, err)))
                return false;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    *is_one = entries > 0;
    return true;
}

bool exh_manifest_find(const char *path, const char *image, struct exh_digests *out, bool *is_one, struct exh_error *err)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD};
    struct exh_source *source = exh_source_file_open(path, &options, err);
    *is_one = false;
    if (source == NULL)
        return false;
    if (source->size == 0 || source->size > EXH_MANIFEST_BYTES_MAX) {
        exh_source_close(source);
        return true;
    }
    size_t length = (size_t)source->size;
    char *text = malloc(length + 1);
    bool ok = text != NULL ? exh_source_read(source, 0, text, length, err) : exh_nomem(err, "a list of digests");
    exh_source_close(source);
    if (ok && memchr(text, '\0', length) == NULL) {
        text[length] = '\0';
        ok = read_lines(text, image, out, is_one, err);
    }
    free(text);
    if (!ok || !*is_one) {
        free(out->items);
        memset(out, 0, sizeof *out);
    } else if (out->count == 0) {
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the list %s does not name %s", path, exh_text_base(image));
    }
    return ok;
}
