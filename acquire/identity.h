/* identity.h - what a device says of itself, out of sysfs, udev's database and the table of mounts, without opening it. */
#ifndef EXH_ACQUIRE_IDENTITY_H
#define EXH_ACQUIRE_IDENTITY_H

#include "acquire/device.h"
#include "acquire/sysfs.h"

/* Fills everything but `path` of facts whose major, minor and generic are set; what the machine does not tell stays empty or zero. */
EXH_MUST_CHECK bool exh_identity_read(const struct exh_machine *machine, struct exh_device_facts *facts, struct exh_error *err);
/* exh_device_list over a given machine; `path` is the node. */
EXH_MUST_CHECK bool exh_identity_list(const struct exh_machine *machine, bool (*row)(void *context, const struct exh_device_facts *), void *context,
                                      struct exh_error *err);
/* What differs between two readings of one device, as text in `what`; false: nothing. */
bool exh_identity_differs(const struct exh_device_facts *before, const struct exh_device_facts *now, char *what, size_t room);

#endif
