/* conversion_left.h - what a conversion that was cut has left: removed by itself where it can, by the next conversion of that name where it was
 * killed.
 *
 * The source of a conversion is an image that can be read again at any time, so that nothing is lost by it. Whose a staging folder is, is never
 * guessed: a conversion marks its own (EXH_STAGE_CONVERSION) before it writes, and only a folder with that mark, under its lock, is replaced. The
 * partial of an acquisition is evidence, has no such mark, and stays.
 *
 * The mark is JSON: {"v":1,"program","image": the name of its first file,"source": path,"operation","begin_seq","started"}. */
#ifndef EXH_REPORT_CLI_CONVERSION_LEFT_H
#define EXH_REPORT_CLI_CONVERSION_LEFT_H

#include "acquire/stage.h"
#include "report/cli/case_record.h"
#include "report/cli/open_source.h"

/* Marks the folder, before the first file of the image is made. */
EXH_MUST_CHECK bool exh_conversion_mark(struct exh_stage *stage, const struct exh_opened *source, const struct exh_recording *recording,
                                        struct exh_error *err);
/* Is there a mark beside this unfinished image? */
bool exh_conversion_is(const char *image);
/* Removes what a conversion to this image has left, if that is what lies there, saying so. Whatever else stands in the way is left to exh_stage_open
 * to refuse. EXH_REFUSED: there is something in the folder that is none of ours, or a file that is to be converted. */
EXH_MUST_CHECK bool exh_conversion_replace(const struct exh_args *args, const char *image, const struct exh_opened *source, struct exh_error *err);

#endif
