/* stage_place.h - a staging folder and the folder its files go to: what stage.c and publish.c share. Internal to acquire/. */
#ifndef EXH_ACQUIRE_STAGE_PLACE_H
#define EXH_ACQUIRE_STAGE_PLACE_H

#include "acquire/stage.h"

#define EXH_STAGE_PUBLISHING "publishing" /* the files being moved into place: a run that is cut then can be taken back */
#define EXH_PLACES_MAX 64u

struct exh_place {
    char *folder, *target;
    int folder_fd, target_fd; /* folder_fd carries the lock */
};

struct exh_stage {
    struct exh_place places[EXH_PLACES_MAX]; /* the first is the image's own */
    size_t place_count;
    struct exh_names joined; /* folders of the others */
    char *name;
};

/* fsync of a folder; EINVAL means that the file system has no such thing (POSIX), everything else is a loss. */
EXH_MUST_CHECK bool exh_place_sync(int fd, const char *path, struct exh_error *err);
/* Moves back what a run that was cut had already moved from this folder into place. */
EXH_MUST_CHECK bool exh_stage_take_back(const struct exh_stage *stage, const struct exh_place *place, struct exh_error *err);
/* Was the image published by the run that left this folder, which then was cut before it could clear it? */
bool exh_stage_published(const struct exh_stage *stage);

#endif
