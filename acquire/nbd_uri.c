/* nbd_uri.c - from what users write to a URI. See nbd_uri.h; the short form is that of qemu-block-drivers(7), "NBD block devices". */
#include "acquire/nbd_uri.h"

#include <ctype.h>

#include "formats/model/text.h"

#define EXPORT_KEY ":exportname="

bool exh_nbd_is_uri(const char *text)
{
    static const char *const schemes[] = {"nbd:", "nbds:", "nbd+unix:", "nbds+unix:", "nbd+vsock:", "nbds+vsock:"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

/* RFC 3986, 2.3: everything but the unreserved characters, and the slash of a path, as %XX. Appends. */
static bool append_escaped(char **uri, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = c < 0x80 && (isalnum(c) || strchr("-._~/", c) != NULL) && c != '\0';
        if (!exh_text_append(uri, plain ? "%c" : "%%%02X", c))
            return false;
    }
    return true;
}

static char *misunderstood(const char *text, struct exh_error *err)
{
    (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET,
                   "%s names no export: nbd://HOST[:PORT]/EXPORT, nbd+unix:///EXPORT?socket=PATH, nbd:HOST:PORT[:exportname=EXPORT] or "
                   "nbd:unix:PATH[:exportname=EXPORT]",
                   text);
    return NULL;
}

/* HOST:PORT, the host perhaps an IPv6 address in brackets. */
static bool is_host_and_port(const char *at, size_t length)
{
    size_t colon = length;
    while (colon > 0 && at[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon == length || length - colon > 5)
        return false;
    unsigned port = 0;
    for (size_t i = colon; i < length; i++) {
        if (!isdigit((unsigned char)at[i]))
            return false;
        port = port * 10 + (unsigned)(at[i] - '0');
    }
    bool bracketed = at[0] == '[' && at[colon - 2] == ']';
    for (size_t i = 0; i + 1 < colon; i++)
        if (!isalnum((unsigned char)at[i]) && strchr(bracketed ? "[]:.%" : "-._", at[i]) == NULL)
            return false;
    return port > 0 && port <= 65535;
}

char *exh_nbd_uri(const char *text, struct exh_error *err)
{
    const char *rest = strchr(text, ':') + 1;
    char *uri = NULL;
    bool ok;
    if (strncmp(rest, "//", 2) == 0) {
        uri = exh_text_copy(text, strlen(text));
        ok = uri != NULL;
    } else if (strncmp(text, "nbd:", 4) == 0) {
        const char *key = strstr(rest, EXPORT_KEY), *name = key != NULL ? key + strlen(EXPORT_KEY) : "";
        size_t place = key != NULL ? (size_t)(key - rest) : strlen(rest);
        bool is_unix = strncmp(rest, "unix:", 5) == 0;
        if (is_unix ? place <= 5 : !is_host_and_port(rest, place))
            return misunderstood(text, err);
        ok = is_unix ? exh_text_append(&uri, "nbd+unix:///") : exh_text_append(&uri, "nbd://%.*s/", (int)place, rest);
        ok = ok && append_escaped(&uri, name, strlen(name));
        ok = ok && (!is_unix || (exh_text_append(&uri, "?socket=") && append_escaped(&uri, rest + 5, place - 5)));
    } else {
        return misunderstood(text, err);
    }
    if (ok)
        return uri;
    free(uri);
    (void)exh_nomem(err, "a URI");
    return NULL;
}
