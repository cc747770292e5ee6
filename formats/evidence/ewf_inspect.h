/* ewf_inspect.h - what an E01 shows of its own structure: facts, regions, and everything about it that does not hold. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_INSPECT_H
#define EXH_FORMATS_EVIDENCE_EWF_INSPECT_H

#include "formats/evidence/ewf_set.h"

/* Adds to `in` what open found, then reads every table in both copies and every byte that no section accounts for. */
EXH_MUST_CHECK bool exh_ewf_inspect(const struct exh_ewf_set *set, struct exh_inspection *in, struct exh_error *err);

#endif
