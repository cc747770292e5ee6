/* nrg.c - Nero images. See nrg.h; nrg_chunks.h says where the layout is from. */
#include "formats/optical/nrg.h"

#include <stdlib.h>

#include "formats/optical/nrg_place.h"
#include "formats/optical/stored_disc.h"

/* Bytes before the chunks that no track speaks for. */
static bool note_unused(const struct exh_nrg *n, struct exh_error *err)
{
    uint64_t reached = 0;
    for (uint32_t i = 0; i <= n->track_count; i++) {
        uint64_t begin = i < n->track_count ? n->tracks[i].begin : n->data_end;
        if (begin > reached &&
            !exh_inspection_remark(n->notes, "unused-bytes", EXH_WARNS, n->path, reached, err, "bytes %llu to %llu belong to no track",
                                   (unsigned long long)reached, (unsigned long long)begin))
            return false;
        if (i < n->track_count && n->tracks[i].end > reached)
            reached = n->tracks[i].end;
    }
    return true;
}

static bool add_tracks(struct exh_stored_disc *disc, const struct exh_nrg *n, struct exh_error *err)
{
    for (uint32_t i = 0; i < n->track_count; i++) {
        const struct exh_nrg_track *t = &n->tracks[i];
        struct exh_stretch s = {.lba = t->track.first, .sectors = t->track.sectors, .offset = t->begin, .stride = t->stride};
        if (t->track.sub_bytes > 0) {
            s.sub = EXH_SUB_INTERLEAVED;
            s.sub_offset = t->begin + t->track.main_bytes;
            s.sub_stride = t->stride;
        }
        if (!exh_stored_disc_track(disc, &t->track, &s.track, err) || !exh_stored_disc_stretch(disc, &s, err))
            return false;
    }
    return true;
}

static bool read_chunks(struct exh_source *source, const struct exh_nrg_footer *footer, struct exh_nrg *n, struct exh_error *err)
{
    struct exh_nrg_chain chain;
    bool ok = exh_nrg_chain_read(source, footer, &chain, err);
    ok = ok && exh_inspection_fact(n->notes, n->path, footer->offset, "nrg-version", err, "%u", footer->version) &&
         exh_inspection_fact(n->notes, n->path, footer->chain, "chunks", err, "%zu", chain.count);
    n->data_end = footer->chain;
    ok = ok && exh_nrg_tracks(n, &chain, err) && exh_nrg_place(n, err) && note_unused(n, err);
    ok = ok && (!chain.ended || chain.end == footer->offset ||
                exh_inspection_remark(n->notes, "chunk-chain", EXH_WARNS, n->path, chain.end, err, "%llu bytes lie between END! and the footer",
                                      (unsigned long long)(footer->offset - chain.end)));
    exh_nrg_chain_close(&chain);
    return ok;
}

static struct exh_medium *nrg_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    uint8_t tail[12];
    size_t length = source->size < sizeof tail ? (size_t)source->size : sizeof tail;
    struct exh_nrg_footer footer;
    if (!exh_source_read(source, source->size - length, tail, length, err))
        return NULL;
    if (!exh_nrg_footer_find(tail, length, source->size, &footer)) {
        (void)exh_fail(err, EXH_NOT_THIS_FORMAT, source->size, "a Nero image ends in NER5 or NERO and an offset: this file does not");
        return NULL;
    }
    const char *path = options->path != NULL ? options->path : source->name;
    struct exh_stored_disc *disc = exh_stored_disc_new("nrg", err);
    struct exh_nrg *n = calloc(1, sizeof *n);
    if (disc == NULL || n == NULL) {
        (void)exh_nomem(err, "a Nero image");
        free(n);
        exh_stored_disc_close(disc);
        return NULL;
    }
    n->path = path;
    n->disc = exh_stored_disc_facts(disc);
    n->notes = exh_stored_disc_notes(disc);
    struct exh_medium *medium = NULL;
    if (exh_stored_disc_descriptor(disc, source, path, err) && read_chunks(source, &footer, n, err) && add_tracks(disc, n, err))
        medium = exh_stored_disc_finish(disc, err);
    free(n->cues);
    free(n);
    if (medium == NULL)
        exh_stored_disc_close(disc);
    return medium;
}

static int nrg_probe(const struct exh_peek *peek)
{
    struct exh_nrg_footer footer;
    if (!exh_nrg_footer_find(peek->tail, peek->tail_length, peek->size, &footer))
        return 0;
    return footer.chain < footer.offset ? 95 : 60;
}

static const char *const nrg_extensions[] = {".nrg", NULL};

const struct exh_format exh_format_nrg = {
    .name = "nrg", .title = "Nero disc image (NRG)", .extensions = nrg_extensions, .probe = nrg_probe, .open = nrg_open};
