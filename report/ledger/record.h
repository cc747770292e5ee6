/* record.h - the JSON of exhibit: bodies of ledger lines, results on stdout, and the way back to a claim.
 *
 * One shape serves three readers: the `--json` document of a command, the body of its ledger line, and the report pages.
 *
 * A ledger line is one line of UTF-8 JSON with this key order, kept and hashed verbatim (SHA-256 over the line and its LF):
 *   {"v":1,"prev":HEX64,"seq":N,"time":"2026-11-22T07:00:00Z","type":T,"actor":{},"object":{},"body":{}}
 * prev of line 1 is 64 zeros. No floats, no absolute path unless it names the source.
 *
 * type     ledger-created | ledger-adopted | acquire-begin | acquire-pause | acquire-resume | acquire-end | convert-begin | convert-end |
 *          verify | hash | report | import
 *
 * actor    {"user","uid","host","program","system","examiner"?: as body.case says}
 *
 * object   {"image": path relative to the ledger's folder, "case"?, "exhibit"?, "guid"?: 32 hex}
 *
 * Bodies:
 *
 * ledger-created   {"store": 32 hex,"machine_id","device","inode","born","schema"}
 *
 * ledger-adopted   {"store","reason","machine_id","device","inode","born","from":{"store","seq","head"}}
 *     machine_id is a hash of the machine's; born is the ledger file's birth time ("" where the file system keeps none).
 *
 * *-begin   {"operation": 32 hex,"command":[argv],"source":SOURCE,"plan":PLAN,"case":{fields},
 *     "environment":{"os","kernel","libraries":{},"time_zone","clock":{"synchronised":bool|null}}}
 *
 * *-end, and -pause of what can be resumed   {"operation","begin_seq","outcome":"done"|"failed"|"interrupted","started","ended",
 *     "seconds_reading","seconds_verifying","source":SOURCE,"case":{fields},"notices":[text],"error"?:ERROR,"hidden_areas"?,"health"?,
 *     "reader"?, and on "done" everything of RESULT}
 *
 * *-resume   {"operation","begin_seq","command":[argv],"source":SOURCE,"pause":PAUSE,"environment"}
 *
 * verify   {"operation","started","ended","verdict","basis":[],"findings":[FINDING],"digests":[],"against"?: text,"bytes","sectors",
 *     LINEAGE,"chunks"?:{"sectors","count","root"}   where no digest was asked for,
 *     "unreadable_sectors","unread_now","case"?:{fields}: as given, and of an image that was opened FOUND}
 *
 *     Of a disc also "audit": AUDIT. Of an encrypted image without its passphrase: no sizes, "files":[{"name","bytes"}], digests of these alone,
 *     "not-performed" (or "mismatch", when one is not what a reference says) and a finding of check "open" that says why.
 *
 * hash     {"operation","source":SOURCE,"digests":[],"bytes","sectors","unreadable_sectors", FOUND}
 *
 * import   {"line": a line of a side record, verbatim,"sha256": its hash}; its object is that line's, the image named as seen from this ledger
 *
 * report   {"operation","files":[{"name","bytes","sha256"}],"cites":{"seq","head"}}
 *
 * Parts:
 *
 * PLAN     {"format","compression","segment_bytes","algorithms":[],"chunk_bytes","verify":[],"read_policy"?: text,"start"?,"count"?,"track"?,
 *     "losses"?:["what (kept by the record)"|"what (lost)"|"what (not in the source)"...],"generated"?:[text]}
 *
 * RESULT   {"format","files":[{"name","bytes"}],"sector_size","sectors","bytes","tail_bytes","layout":LAYOUT,"unreadable_sectors",
 *     "unreadable":[[lba,count]...],"digests":[{"scope","algorithm","value","not_good"}],"chunks":{"sectors","count","root"},
 *     "source_digests"?:[digests of the source's tracks, where the image has other tracks],
 *     "acquisition","of","verification","read_back","source_read_twice","faults":{"count","first":[[lba,count,errno,attempt]...]}}
 *     In a line, chunks gains "blob": SHA-256 of the chunk lines ("track lba sectors not_good hex LF" each); an unreadable list of more than
 *     1,000 ranges is {"blob": SHA-256 of the lines "lba count LF","ranges": n} instead.
 *     Of a failing or resumed medium, where there is something to tell:
 *     "fill": "zeros"|"pattern"   what stands in the unreadable sectors of the image
 *     "passes":[{"pass":"stream"|"copy"|"copy-back"|"sweep"|"trim"|"scrape"|"retry","number","reads","failed_reads","sectors_read",
 *         "milliseconds"}]
 *     "speed":{"cell_sectors","cells":[[lba,sectors,microseconds]...]}   at most 512 cells of equal size; those without a reading left out
 *     "trouble":[{"lba","count","attempts","errno","sense"?:[key,asc,ascq],"milliseconds"}]   of what could not be read, at most 1,000
 *     "recovered_sectors"   that failed at least once and then read
 *     "given_up_sectors"    of the unreadable ones, those that were not tried alone
 *     "changed":[[lba,count]...]   that read one way and later another
 *     "pauses":[PAUSE and, of the last, "kept_sectors","lost_sectors"]
 *     Of a device:
 *     "hidden_areas":{"hpa","dco","ama": each {"state":"none"|"found"|"not-checked","sectors"?,"why"?}}
 *     "health":{"before","after": each {"state":"passed"|"failing"|"not-available","kind","why"?,
 *         "attributes":[{"id","name","value","worst","threshold","raw"}]}}
 *     "reader":{"process": bool,"capabilities"?: text,"no_new_privileges"?: bool,"system_call_filter"?: bool}
 *
 * FOUND    what the image was seen to be, in the shape a RESULT has: "format","files"?:[{"name","bytes"}],"sector_size","tail_bytes","layout":LAYOUT,
 *     "stored"?: what the image says of itself: {"digests":[DIGEST as in RESULT],"case":{fields},"unreadable_sectors"?,"unfinished"?: true}
 *     Lines written before this was told lack it. Nothing of it is a claim: a later verification is held only to the end line of a making, for
 *     what was found once is no word on what ought to be there.
 *
 * PAUSE    {"paused": time|null,"resumed": time,"seconds": n|null,"why"}   null: not known, the run was killed
 *
 * SOURCE   {"kind":"device"|"file"|"stdin"|"nbd"|"image","path","bytes"?,"sector_size"?,"physical_sector_size"?,"read_only"?: bool,"mounts"?,
 *     "holders"?,"removable"?,"partition"?,"identity":{vendor,model,serial,wwn,firmware,bus,export: known ones only},
 *     "layout"?: LAYOUT, of a disc: what an image that was made from it may not hold,"image"?:{"format","verdict"?,...},
 *     LINEAGE}
 *
 * LINEAGE  of an image that was opened with them: "parents"?:[{"path","depth": 1 the nearest,"format","bytes": of its medium,
 *     "identifier":{"kind","value","matched": true}|null: the image over it names none,"sha256": null}], "snapshot"?: as it was asked for,
 *     "snapshot_chosen"?:{"id","name"}. A parent has no digest of its own here: its bytes are read as part of the image's. Older lines have
 *     the path alone in place of each object.
 *
 * LAYOUT   {"kind":"disk"|"disc","sessions","tracks":[{"number","session","mode","first_lba","sectors","main_bytes","sub_bytes","control"?,
 *     "tail_bytes"?}]}
 *     Of a disc, each track gains "start_lba" (INDEX 01),"pregap","stored_pregap","postgap"?,"isrc"?,"indexes"?:[{"number","lba"}] (02 and on), and
 *     the layout what is known of "medium"?,"mcn"?,"lead_outs"?:[{"session","lba": n|null,"disc_type"?}],"cdtext_packs"?:[36 hex digits each],
 *     "toc"?:[[session,adr_control,tno,point,m,s,f,zero,pm,ps,pf]...] (READ TOC format 2, binary).
 *
 * AUDIT    {"tracks":[{"number","mode","sectors","unread"?,"checked": bool, and of a checked track "verdicts":{word: sectors},"forms":{name:
 *     sectors},"without_ecc"?,"subheader_differs"?,"mode_differs"?,"address_differs"?,"shift"?,"shift_constant"?,"ranges"?:[[lba,count,verdict]...],
 *     "ranges_left_out"?,
 *     and of one with a subchannel "q":{"sectors","missing"?,"blank"?,"crc_good","crc_bad","right","shifted"?,"wrong"?,"control_differs"?,"mcn"?,
 *     "isrc"?,"other"?,"shift"?,"shift_constant"?,"first_shifted"?,"first_crc_bad"?,"first_wrong"?},"isrc"?,"isrc_reads"?,"isrc_disputed"?}],
 *     "mcn"?,"mcn_reads"?,"mcn_disputed"?}
 *     Counts that are 0 are left out where a "?" stands. MCN and ISRC: as Q has them, after two equal reads. See verify/sector_audit.h.
 *
 * FINDING  {"check","outcome","detail","file"?,"offset"?,"lba"?,"count"?,"basis"?}
 *
 * ERROR    {"code","text","file"?,"offset"?}
 */
#ifndef EXH_REPORT_LEDGER_RECORD_H
#define EXH_REPORT_LEDGER_RECORD_H

#include <jansson.h>

#include "acquire/acquire.h"
#include "acquire/device.h"
#include "acquire/health.h"
#include "acquire/hidden.h"
#include "formats/model/losses.h"
#include "formats/model/medium.h"

#define EXH_UNREADABLE_INLINE_MAX 1000u

/* All return a new reference, or NULL when memory is out. */
json_t *exh_record_names(const struct exh_names *names); /* [text...] */
json_t *exh_record_files(const struct exh_names *files); /* [{"name","bytes"}...]; bytes left out of one that cannot be looked at */
/* Adds FOUND to the object. False: no memory. */
bool exh_record_found(const struct exh_medium *medium, json_t *object);
/* Adds LINEAGE to the object; `snapshot`: as asked for, or NULL. False: no memory. */
bool exh_record_lineage(const struct exh_lineage *lineage, const char *snapshot, json_t *object);
json_t *exh_record_text(const char *text);                                              /* a path or device string need not be UTF-8; JSON must be */
json_t *exh_record_result(const char *format, const struct exh_acquire_result *result); /* RESULT */
/* Adds to a RESULT what there is to tell of a failing or resumed medium. False: no memory. */
bool exh_record_rescue(json_t *result, const struct exh_acquire_result *r);
json_t *exh_record_hidden(const struct exh_hidden *hidden);
json_t *exh_record_health(const struct exh_health *health);
json_t *exh_record_reader(const struct exh_reader_privileges *privileges);
json_t *exh_record_pause(const struct exh_journal_pause *pause);
json_t *exh_record_digests(const struct exh_digests *digests);
json_t *exh_record_chunks(const struct exh_chunks *chunks);   /* "chunks" of a RESULT, without a blob */
json_t *exh_record_ranges(const struct exh_sectors *sectors); /* [[lba,count]...] of every range, whatever its state */
json_t *exh_record_layout(const struct exh_layout *layout);   /* LAYOUT; with what is known of the disc */
/* The way back from a LAYOUT, held to the rules of a layout. `disc` stays NULL: exh_record_disc gives it. */
EXH_MUST_CHECK bool exh_record_layout_back(const json_t *json, struct exh_layout *out, struct exh_error *err);
/* What a LAYOUT tells of the disc beside its tracks. `out` is zeroed by the caller and his to close, also on failure; *any is false when there is
 * nothing. */
EXH_MUST_CHECK bool exh_record_disc(const json_t *layout, struct exh_disc *out, bool *any, struct exh_error *err);
/* Where the body of an image's *-end line holds what a loss of this kind takes from the image: "source.layout.mcn", "source.layout.tracks[].isrc"
 * (of each track that has one). NULL: the record does not keep it. */
const char *exh_record_keeps(enum exh_loss_kind kind);
json_t *exh_record_audit(const struct exh_disc_audit *audit); /* AUDIT */
json_t *exh_record_findings(const struct exh_findings *findings);
json_t *exh_record_fields(const struct exh_fields *fields);
json_t *exh_record_error(const struct exh_error *err); /* ERROR */
json_t *exh_record_source(enum exh_source_kind kind, const char *path, const struct exh_device_facts *facts, const struct exh_layout *layout);

/* Gives the bytes of a blob by its SHA-256 in hex: *bytes is new and the caller's. False: not there (err). */
struct exh_blobs {
    bool (*get)(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *err);
    void *context;
};
/* The lines of chunk digests, as in the Merkle leaves; a new string. */
char *exh_record_chunk_lines(const struct exh_chunks *chunks);
char *exh_record_range_lines(const struct exh_sectors *sectors);
/* Makes of a RESULT what a line keeps: chunks gain "blob", an unreadable list of more than EXH_UNREADABLE_INLINE_MAX ranges becomes a citation.
 * *chunk_lines and *range_lines get the bytes to store beside the line (new strings), or NULL where there are none. */
EXH_MUST_CHECK bool exh_record_cite(json_t *result, const struct exh_seal *seal, char **chunk_lines, char **range_lines, struct exh_error *err);
/* From the body of an acquire-end or convert-end: what it claims. Every digest, hex and number is checked; EXH_CORRUPT (side ledger) otherwise.
 * The chunk lines are held against their blob digest and their Merkle root. `seal` and `layout` are zeroed by the caller; on failure the seal is
 * closed again. Without chunks, or with chunks that cite no blob (a RESULT from stdout), the seal has no chunk digests. Blobs may be NULL when none
 * are cited. */
EXH_MUST_CHECK bool exh_record_claim(const json_t *body, const struct exh_blobs *blobs, struct exh_seal *seal, struct exh_layout *layout,
                                     struct exh_error *err);

#endif
