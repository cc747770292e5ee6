/* phrase.c - the passphrase of an encrypted image. See phrase.h. */
#include "formats/container/phrase.h"

bool exh_phrase_get(const struct exh_open *options, struct exh_phrase *out, struct exh_error *err)
{
    if (options->secret == NULL)
        return exh_fail(err, EXH_SECRET, EXH_NO_OFFSET, "the image is encrypted, and there is no passphrase");
    return options->secret->get(options->secret->context, out->text, sizeof out->text, &out->length, err);
}

bool exh_phrase_wrong(struct exh_error *err) { return exh_fail(err, EXH_SECRET, EXH_NO_OFFSET, "the passphrase does not open this image"); }
