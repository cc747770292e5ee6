/* keeper.h - puts blocks into a sink so that a later run can go on: the data durable first, then the journal, then the map that speaks of them.
 *
 * A consumer around the sink's own. Every `save_seconds` it makes what the sink took durable and only then lets the map say so; killed at any moment,
 * the map on disk claims nothing that is not there. Its map follows what was written, never what was only read. What a sink that writes in order is
 * given as filling is in the journal before. */
#ifndef EXH_ACQUIRE_KEEPER_H
#define EXH_ACQUIRE_KEEPER_H

#include "acquire/journal.h"
#include "acquire/mapfile.h"
#include "formats/model/sink.h"

#define EXH_MAP_NAME "map"

struct exh_keeper {
    struct exh_consumer consumer; /* first */
    struct exh_sink *sink;        /* borrowed; exh_keeper_into changes it */
    struct exh_journal *journal;  /* borrowed; NULL: nothing is kept, the sink is only fed */
    const char *folder;           /* staging; borrowed */
    struct exh_mapfile_span span;
    int64_t first;         /* its LBA */
    unsigned save_seconds; /* 0: only when asked */
    uint64_t saved_ms;
    struct exh_mapfile file; /* its map: what is written; and the position */
    bool by_place;           /* the sink keeps every block where it lies (raw), not only closed parts from the start (E01) */
};

/* `map` is copied: what an earlier run left, or all untried. */
EXH_MUST_CHECK bool exh_keeper_open(struct exh_keeper *out, struct exh_sink *sink, struct exh_journal *journal, const char *folder,
                                    const struct exh_track *track, const struct exh_map *map, struct exh_mapfile_span span, unsigned save_seconds,
                                    struct exh_error *err);
/* Goes on into another sink, with another map. */
EXH_MUST_CHECK bool exh_keeper_into(struct exh_keeper *keeper, struct exh_sink *sink, const struct exh_map *map, struct exh_error *err);
/* Makes all that was taken durable and writes the map. */
EXH_MUST_CHECK bool exh_keeper_save(struct exh_keeper *keeper, struct exh_error *err);
void exh_keeper_close(struct exh_keeper *keeper);

#endif
