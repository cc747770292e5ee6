/* guard.h - keeps the source safe from us and the user. */
#ifndef EXH_ACQUIRE_GUARD_H
#define EXH_ACQUIRE_GUARD_H

#include "acquire/device.h"
#include "acquire/sysfs.h"

/* Refuses (EXH_REFUSED, side destination) a destination folder that lies on the source: its file system's device is the source, one of its
 * partitions, or stacked on it through dm, md or loop at any depth; or, for a source that is a file, is that very file. */
EXH_MUST_CHECK bool exh_guard_destination(const char *source, const char *destination_folder, struct exh_error *err);

/* The same for a file that is going to be made or changed. A folder that does not exist is allowed: whoever opens the file says so better. */
EXH_MUST_CHECK bool exh_guard_file(const char *source, const char *file, struct exh_error *err);

/* The walk behind it over a given machine: does writing to block device `from` write to `source`? True also when it cannot be told. */
bool exh_guard_reaches(const struct exh_machine *machine, struct exh_devno from, struct exh_devno source);

#endif
