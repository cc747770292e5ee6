/* phrase.h - the passphrase of an encrypted image, asked for when the image is opened. Whoever has got one overwrites it with exh_crypt_forget. */
#ifndef EXH_FORMATS_CONTAINER_PHRASE_H
#define EXH_FORMATS_CONTAINER_PHRASE_H

#include "formats/model/format.h"

#define EXH_PHRASE_MAX 1024u

struct exh_phrase {
    char text[EXH_PHRASE_MAX]; /* not terminated */
    size_t length;
};

/* False: EXH_SECRET when there is none to be had, or as its giver says. */
EXH_MUST_CHECK bool exh_phrase_get(const struct exh_open *options, struct exh_phrase *out, struct exh_error *err);
bool exh_phrase_wrong(struct exh_error *err); /* always false: EXH_SECRET */

#endif
