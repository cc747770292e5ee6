/* Fuzz target: Apple's encrypted images of both versions, and encrypted QCOW images, with the passphrase of the seeds. An image that opens is read.
 */
#include "disc_fuzz.h"

static bool give(void *context, char *out, size_t room, size_t *length, struct exh_error *err)
{
    (void)context, (void)err;
    disc_fuzz_must(room >= 4);
    memcpy(out, "pass", 4);
    *length = 4;
    return true;
}

static const struct exh_secret secret = {give, NULL};

static void unwrap(struct exh_source *source)
{
    struct exh_open options = {.secret = &secret};
    struct exh_error err = {0};
    char *how = NULL;
    uint8_t some[700];
    struct exh_source *inside = exh_format_named("encrcdsa")->unwrap(source, &options, &how, &err);
    disc_fuzz_must((inside != NULL) == (how != NULL));
    if (inside == NULL) {
        disc_fuzz_error(&err);
        exh_source_close(source);
        return;
    }
    for (uint64_t at = 0; at < inside->size; at += at / 2 + 111)
        if (exh_source_read_some(inside, at, some, sizeof some, &err) == 0)
            break;
    free(how);
    exh_source_close(inside);
}

static void open_qcow(struct exh_source *source)
{
    struct exh_open options = {.path = "disc.qcow2", .secret = &secret};
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_medium *m = exh_format_named("qcow2")->open(source, &options, &err);
    if (m == NULL) {
        disc_fuzz_error(&err);
        exh_source_close(source);
        return;
    }
    if (exh_medium_scratch(m, &scratch, &err))
        disc_fuzz_track(m, scratch, &m->layout->tracks[0]);
    exh_scratch_close(scratch);
    if (!exh_medium_inspect(m, &in, &err))
        disc_fuzz_error(&err);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exh_source *source = exh_source_memory(data, size, "image");
    if (source == NULL)
        return 0;
    if (size >= 4 && memcmp(data, "QFI\xFB", 4) == 0)
        open_qcow(source);
    else
        unwrap(source);
    return 0;
}
