/* ewf_seal.h - what an E01 says of itself: case data, digests, unreadable sectors, whether it was finished. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_SEAL_H
#define EXH_FORMATS_EVIDENCE_EWF_SEAL_H

#include "formats/evidence/ewf_set.h"

/* Fills set->seal and the layout's tail; what contradicts itself becomes a remark in set->found. The volume is known. */
EXH_MUST_CHECK bool exh_ewf_seal_build(struct exh_ewf_set *set, struct exh_error *err);

#endif
