/* nbd_link.c - libnbd's asynchronous interface in small turns. See nbd_link.h.
 *
 * Every wait is a loop of nbd_poll(3) turns of at most TURN_MS, between which the wish to stop, the warnings and the time limit are looked at:
 * a server that never answers holds nobody. */
#include <errno.h>
#include <libnbd.h>

#include "acquire/nbd_link.h"
#include "formats/model/text.h"

#define TURN_MS 100

struct exh_nbd_link {
    struct nbd_handle *handle;
    struct exh_nbd_facts facts;
    bool broken;
    char why[256];
    int sys;
};

/* One wait. */
struct vigil {
    const struct exh_nbd_patience *patience;
    const char *what;
    uint64_t began_us;
    uint32_t warned;
};

uint64_t exh_nbd_now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void set_broken(struct exh_nbd_link *link, const char *why, int sys)
{
    if (link->broken)
        return;
    link->broken = true;
    link->sys = sys;
    (void)snprintf(link->why, sizeof link->why, "%s", why);
}

static void note_libnbd_error(struct exh_nbd_link *link)
{
    const char *text = nbd_get_error();
    set_broken(link, text != NULL ? text : "libnbd gives no reason", nbd_get_errno());
}

/* The state machine as far as it comes in one turn. */
static void turn(struct exh_nbd_link *link)
{
    if (nbd_poll(link->handle, TURN_MS) < 0)
        note_libnbd_error(link);
    else if (nbd_aio_is_dead(link->handle) == 1 || nbd_aio_is_closed(link->handle) == 1)
        set_broken(link, "the server closed the connection", ENOTCONN);
}

/* False when it has been waited long enough. */
static bool go_on_waiting(struct vigil *v, struct exh_error *err)
{
    const struct exh_nbd_patience *p = v->patience;
    if (exh_watch_cancelled(p->watch))
        return exh_fail(err, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
    uint64_t seconds = (exh_nbd_now_us() - v->began_us) / 1000000u;
    if (p->timeout_s != 0 && seconds >= p->timeout_s)
        return exh_fail(err, EXH_TIMED_OUT, EXH_NO_OFFSET, "the server has not %s for %llu seconds", v->what, (unsigned long long)seconds);
    if (p->warn_s != 0 && seconds / p->warn_s > v->warned) {
        v->warned = (uint32_t)(seconds / p->warn_s);
        exh_watch_warn(p->watch, "the server has not %s for %llu seconds; still waiting", v->what, (unsigned long long)seconds);
    }
    return true;
}

/* ---- connecting ---- */

/* Takes a string of libnbd's, which may be NULL. The server need not keep to UTF-8. */
static bool take_text(char *from_libnbd, char out[EXH_NBD_STRING_BYTES], struct exh_error *err)
{
    char *text = from_libnbd != NULL ? exh_text_to_utf8((const uint8_t *)from_libnbd, strlen(from_libnbd)) : exh_text_copy("", 0);
    free(from_libnbd);
    if (text == NULL)
        return exh_nomem(err, "the name of an export");
    (void)snprintf(out, EXH_NBD_STRING_BYTES, "%s", text);
    free(text);
    return true;
}

static uint32_t block_size(struct nbd_handle *handle, int which)
{
    int64_t bytes = nbd_get_block_size(handle, which);
    return bytes < 0 ? 0 : bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

static bool take_facts(struct exh_nbd_link *link, struct exh_error *err)
{
    struct nbd_handle *h = link->handle;
    struct exh_nbd_facts *f = &link->facts;
    int64_t bytes = nbd_get_size(h);
    if (bytes < 0)
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the server does not tell the size: %s", nbd_get_error());
    f->bytes = (uint64_t)bytes;
    f->block_minimum = block_size(h, LIBNBD_SIZE_MINIMUM);
    f->block_preferred = block_size(h, LIBNBD_SIZE_PREFERRED);
    f->block_maximum = block_size(h, LIBNBD_SIZE_MAXIMUM);
    f->read_only = nbd_is_read_only(h) == 1;
    f->multi_conn = nbd_can_multi_conn(h) == 1;
    f->tls = nbd_get_tls_negotiated(h) == 1;
    char *name = nbd_get_canonical_export_name(h);
    return take_text(name != NULL ? name : nbd_get_export_name(h), f->name, err) && take_text(nbd_get_export_description(h), f->description, err);
}

/* A URI that is not understood is the user's mistake; no such socket, server or export is "not found", as with files. */
static bool cannot_connect(const struct exh_nbd_link *link, bool began, struct exh_error *err)
{
    enum exh_code code = EXH_IO;
    switch (link->sys) {
    case EINVAL: code = began ? EXH_IO : EXH_USAGE; break;
    case ENOMEM: code = EXH_NOMEM; break;
    case ENOENT:
    case EACCES:
    case EPERM:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH: code = EXH_NOT_FOUND; break;
    default: break;
    }
    (void)exh_fail(err, code, EXH_NO_OFFSET, "cannot connect: %s", link->why);
    err->sys = link->sys;
    return false;
}

static bool connect_to(struct exh_nbd_link *link, const char *uri, const struct exh_nbd_patience *patience, struct exh_error *err)
{
    struct nbd_handle *h = link->handle;
    struct vigil v = {.patience = patience, .what = "completed the handshake", .began_us = exh_nbd_now_us()};
    /* Certificates and keys lie in local files; only a URI that asks for TLS may name them. */
    bool set = nbd_set_full_info(h, true) == 0 && nbd_set_pread_initialize(h, false) == 0 &&
               nbd_set_uri_allow_local_file(h, strncmp(uri, "nbds", 4) == 0) == 0;
    bool began = set && nbd_aio_connect_uri(h, uri) == 0;
    if (!began)
        note_libnbd_error(link);
    while (!link->broken && nbd_aio_is_ready(h) != 1) {
        if (!go_on_waiting(&v, err))
            return false;
        turn(link);
    }
    return link->broken ? cannot_connect(link, began, err) : take_facts(link, err);
}

struct exh_nbd_link *exh_nbd_link_open(const char *uri, const struct exh_nbd_patience *patience, struct exh_error *err)
{
    struct exh_nbd_link *link = calloc(1, sizeof *link);
    if (link == NULL || (link->handle = nbd_create()) == NULL) {
        free(link);
        (void)exh_nomem(err, "an NBD connection");
        return NULL;
    }
    if (connect_to(link, uri, patience, err))
        return link;
    exh_nbd_link_close(link);
    return NULL;
}

const struct exh_nbd_facts *exh_nbd_link_facts(const struct exh_nbd_link *link) { return &link->facts; }

const char *exh_nbd_link_broken(const struct exh_nbd_link *link) { return link->broken ? link->why : NULL; }

void exh_nbd_link_close(struct exh_nbd_link *link)
{
    if (link == NULL)
        return;
    if (!link->broken && nbd_aio_is_ready(link->handle) == 1 && nbd_aio_in_flight(link->handle) == 0)
        (void)nbd_aio_disconnect(link->handle, 0); /* a courtesy: the socket takes so few bytes at once, or never */
    nbd_close(link->handle);
    free(link);
}

/* ---- reading ---- */

/* libnbd's completion callback; 1 retires the command. */
static int answered(void *context, int *sys)
{
    struct exh_nbd_request *r = context;
    r->sys = *sys;
    r->answered_us = exh_nbd_now_us();
    r->under_way = false;
    return 1;
}

static void refused(struct exh_nbd_request *r, int sys)
{
    r->sys = sys != 0 ? sys : EIO;
    r->answered_us = exh_nbd_now_us();
    r->under_way = false;
}

void exh_nbd_link_ask(struct exh_nbd_link *link, struct exh_nbd_request *request)
{
    nbd_completion_callback done = {.callback = answered, .user_data = request};
    request->under_way = true;
    request->sys = 0;
    request->asked_us = exh_nbd_now_us();
    if (link->broken)
        refused(request, ENOTCONN);
    else if (nbd_aio_pread(link->handle, request->buffer, request->length, request->offset, done, 0) < 0)
        refused(request, nbd_get_errno());
}

bool exh_nbd_link_wait(struct exh_nbd_link *link, struct exh_nbd_request *request, const struct exh_nbd_patience *patience, struct exh_error *err)
{
    struct vigil v = {.patience = patience, .what = "answered", .began_us = exh_nbd_now_us()};
    while (request->under_way && !link->broken) {
        if (!go_on_waiting(&v, err))
            return false;
        turn(link);
    }
    if (request->under_way)
        refused(request, ENOTCONN);
    /* It may be this request that met the end of the connection. */
    if (request->sys != 0 && (nbd_aio_is_dead(link->handle) == 1 || nbd_aio_is_closed(link->handle) == 1))
        set_broken(link, "the server closed the connection", ENOTCONN);
    return true;
}
