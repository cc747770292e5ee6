/* mds_structures.h - what an Alcohol descriptor keeps beside its tracks: structures of a DVD, burst cutting area, timing data. Facts for people. */
#ifndef EXH_FORMATS_OPTICAL_MDS_STRUCTURES_H
#define EXH_FORMATS_OPTICAL_MDS_STRUCTURES_H

#include "formats/model/inspection.h"
#include "formats/optical/mds_blocks.h"

/* Adds them to notes, as of the file `path`. EXH_CORRUPT with the offset of a field that points out of the descriptor. */
EXH_MUST_CHECK bool exh_mds_structures(const struct exh_mds *mds, const char *path, struct exh_inspection *notes, struct exh_error *err);

#endif
