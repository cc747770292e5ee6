/* ewf_write.h - the E01 writer: EnCase 6 files, the one kind that keeps MD5, SHA-1, the list of unreadable sectors and all header values.
 *
 * Chunks are made ready in `work` (any thread) and written in `take`, in order. A segment is closed and made durable before the next begins, so
 * that an interrupted run can go on behind the last closed one: `save` answers how many sectors those hold. seal reads the staged set back with
 * libewf and compares all that it says with what was meant; a difference is EXH_LOST. Memory does not grow with the medium. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_WRITE_H
#define EXH_FORMATS_EVIDENCE_EWF_WRITE_H

#include "formats/model/sink.h"

/* Segments create->folder/STEM.E01, .E02, ... where STEM is create->name without ".E01"; in the last of create->folders when there are any. The
 * declared layout has known sizes; the first block starts at its first LBA (resumed: resume_sectors behind it), each next one where the last ended,
 * all but the last a multiple of unit_sectors long. A disc's tracks have one sector size; several of them are kept as ewf_tracks.h says, packed on
 * the taking thread, and an interrupted run of them begins anew.
 * EXH_USAGE, EXH_LIMIT, EXH_UNSUPPORTED for what no E01 can hold, before anything is written; EXH_REFUSED when the first segment exists.
 * Resumed: as exh_ewf_kept_take says; the result is the same, byte for byte, as that of a run that was not interrupted.
 * The list of unreadable sectors is that of the seal (states below SUSPECT), which must hold all that passed by (else EXH_BUG); of its ranges those
 * below sector 2^32 are stored (the format has no room for others). Digests stored are MD5 and SHA-1, of scope "padded" when the last sector is not
 * full, else "media". No segment passes segment_bytes, but for a last one whose list of unreadable sectors alone does.
 * A sink closed unsealed leaves closed segments, and an open one that no reader takes for a segment. */
EXH_MUST_CHECK bool exh_ewf_write_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#define EXH_EWF_WRITE_CAN (EXH_SINK_NEEDS_SIZE | EXH_SINK_KEEPS_STATES | EXH_SINK_KEEPS_FIELDS | EXH_SINK_WHOLE_SECTORS | EXH_SINK_KEEPS_TRACKS)

#endif
