/* banned.h - functions that do not compile here, each with what to use instead.
 * Included by error.h, and so by every file of the project. */
#ifndef EXH_FORMATS_MODEL_BANNED_H
#define EXH_FORMATS_MODEL_BANNED_H

/* The system headers that declare them must come first, or the poison would break their declarations. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat stpcpy strncpy strncat /* memcpy with a checked length, snprintf */
#pragma GCC poison sprintf vsprintf                     /* snprintf */
#pragma GCC poison strtok strtok_r                      /* formats/model/text.h */
#pragma GCC poison atoi atol atoll atof                 /* exh_text_u64: says when it is not a number */
#pragma GCC poison gets system popen mktemp tmpnam
#undef alloca
#pragma GCC poison alloca
#pragma GCC poison localtime gmtime ctime asctime /* the _r forms: these share one buffer among threads */

#endif
