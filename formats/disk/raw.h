/* raw.h - raw images: the row, and the sink that raw.c's row points to. */
#ifndef EXH_FORMATS_DISK_RAW_H
#define EXH_FORMATS_DISK_RAW_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_raw;

/* Writes every block at its own place, so blocks may come in any order. With segment_bytes, parts NAME.001 ... (NAME without ".001"), at most 999. */
EXH_MUST_CHECK bool exh_raw_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

/* The bytes of a medium that exh_format_raw opened, all parts joined; borrowed. */
struct exh_source *exh_raw_source(const struct exh_medium *medium);

#endif
