/* user_data.h - what a data track would lose if only its user data were kept: one walk over it before anything is written. */
#ifndef EXH_ACQUIRE_USER_DATA_H
#define EXH_ACQUIRE_USER_DATA_H

#include "formats/model/medium.h"
#include "verify/watch.h"

struct exh_user_survey {
    uint64_t whole;                      /* sectors that are what would be generated around their user data */
    uint64_t more;                       /* those that hold more */
    uint64_t unread;                     /* that could not be read, of which nothing can be said */
    uint64_t unfitting;                  /* without 2048 bytes of user data */
    int64_t first_more, first_unfitting; /* LBA, where there are any */
};

/* `medium` has one track of 2352 or 2336 bytes a sector. False: could not go on (err). */
EXH_MUST_CHECK bool exh_user_data_survey(struct exh_medium *medium, const struct exh_watch *watch, unsigned threads, struct exh_user_survey *out,
                                         struct exh_error *err);

#endif
