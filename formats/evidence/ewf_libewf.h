/* ewf_libewf.h - everything that goes through libewf: the E01 writer, and the second witness.
 *
 * The writer makes EnCase 6 files, the one kind that keeps MD5, SHA-1, the list of unreadable sectors and all header values. It compresses in
 * `work` (any thread, libdeflate), hands finished chunks to libewf in `take`, and believes nothing afterwards: seal reopens the staged set and
 * compares all that it holds with what was meant; a difference is EXH_LOST.
 * The witness reads E01, S01 and L01 with libewf's code, none of ours: a second opinion on what an image holds.
 *
 * libewf is not safe for threads: one sink or witness belongs to one thread, but for the sink's `work`, which does not touch it. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_LIBEWF_H
#define EXH_FORMATS_EVIDENCE_EWF_LIBEWF_H

#include "formats/model/medium.h"
#include "formats/model/sink.h"

/* Segments create->folder/STEM.E01, .E02, ... where STEM is create->name without ".E01". The declared layout has one track of known size; the
 * first block starts at its first LBA, each next one where the last ended, all but the last a multiple of unit_sectors long.
 * EXH_USAGE, EXH_LIMIT, EXH_UNSUPPORTED for what no E01 can hold, before anything is written; EXH_REFUSED when the first segment exists.
 * Of the unreadable ranges those below sector 2^32 are stored (the format has no room for others). Digests stored are MD5 and SHA-1, of
 * scope "padded" when the last sector is not full, else "media". A sink closed unsealed leaves files that no reader takes for whole. */
EXH_MUST_CHECK bool exh_ewf_libewf_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#define EXH_EWF_LIBEWF_CAN (EXH_SINK_NEEDS_SIZE | EXH_SINK_KEEPS_STATES | EXH_SINK_KEEPS_FIELDS | EXH_SINK_KEEPS_TAIL)

/* All segments of the image, in order. The medium is not concurrent; its format is "ewf-libewf". Sectors whose chunk fails its checksum or
 * is not there are MISSING, those on the image's own list of read errors are BAD. The seal has the stored MD5 and SHA-1, the list, and the
 * header values by the keys of ewf_text.h (ewf_acquired and ewf_system_date as libewf writes them, in the local zone). NULL and err when libewf
 * refuses. */
struct exh_medium *exh_ewf_libewf_open(const struct exh_names *paths, struct exh_error *err);

#endif
