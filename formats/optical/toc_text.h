/* toc_text.h - the part of the toc-file's parser that toc_parse.c and toc_text.c share: the word at hand, and CD_TEXT blocks. */
#ifndef EXH_FORMATS_OPTICAL_TOC_TEXT_H
#define EXH_FORMATS_OPTICAL_TOC_TEXT_H

#include "formats/optical/toc_parse.h"

struct exh_toc_parser {
    struct exh_toc_words words;
    struct exh_toc_word word; /* at hand, not yet taken */
    struct exh_toc *toc;
    struct exh_error *err;
};

EXH_MUST_CHECK bool exh_toc_take(struct exh_toc_parser *p);                     /* on to the next word */
EXH_MUST_CHECK bool exh_toc_expect(struct exh_toc_parser *p, const char *mark); /* takes this mark, or says what stands there instead */
/* "line N: WHAT expected, not 'word'". Always false. */
bool exh_toc_unexpected(struct exh_toc_parser *p, const char *what);
/* The block behind CD_TEXT, which has been taken; of the disc (track 0) or of a track. */
EXH_MUST_CHECK bool exh_toc_take_cdtext(struct exh_toc_parser *p, unsigned track);

#endif
