/* disc.c - what is known of an optical disc beside its tracks. See disc.h. */
#include "formats/model/disc.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/grow.h"

bool exh_disc_add_index(struct exh_disc *disc, unsigned track, unsigned number, int64_t lba, struct exh_error *err)
{
    if (!exh_grow((void **)&disc->indexes, &disc->index_capacity, disc->index_count, sizeof *disc->indexes, EXH_DISC_INDEXES_MAX, "indexes", err))
        return false;
    size_t at = disc->index_count++;
    for (; at > 0 && (disc->indexes[at - 1].track > track || (disc->indexes[at - 1].track == track && disc->indexes[at - 1].number > number)); at--)
        disc->indexes[at] = disc->indexes[at - 1];
    disc->indexes[at] = (struct exh_index){(uint8_t)track, (uint8_t)number, lba};
    return true;
}

bool exh_disc_add_row(struct exh_disc *disc, const struct exh_toc_row *row, struct exh_error *err)
{
    if (!exh_grow((void **)&disc->rows, &disc->row_capacity, disc->row_count, sizeof *disc->rows, EXH_DISC_TOC_ROWS_MAX, "TOC rows", err))
        return false;
    disc->rows[disc->row_count++] = *row;
    return true;
}

bool exh_disc_add_pack(struct exh_disc *disc, const uint8_t pack[EXH_CDTEXT_PACK_BYTES], struct exh_error *err)
{
    if (!exh_grow((void **)&disc->cdtext, &disc->cdtext_capacity, disc->cdtext_packs, EXH_CDTEXT_PACK_BYTES, EXH_CDTEXT_PACKS_MAX, "CD-TEXT packs",
                  err))
        return false;
    memcpy(disc->cdtext + disc->cdtext_packs++ * EXH_CDTEXT_PACK_BYTES, pack, EXH_CDTEXT_PACK_BYTES);
    return true;
}

bool exh_disc_set_lead_out(struct exh_disc *disc, unsigned session, int64_t lba, int disc_type, struct exh_error *err)
{
    struct exh_session *s = NULL;
    for (uint32_t i = 0; i < disc->session_count; i++)
        if (disc->sessions[i].number == session)
            s = &disc->sessions[i];
    if (s == NULL && (session == 0 || session > EXH_DISC_SESSIONS_MAX || disc->session_count == EXH_DISC_SESSIONS_MAX))
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "session %u: a disc has sessions 1 to %u", session, EXH_DISC_SESSIONS_MAX);
    if (s == NULL)
        s = &disc->sessions[disc->session_count++];
    *s = (struct exh_session){(uint8_t)session, disc_type, lba};
    return true;
}

bool exh_disc_copy(struct exh_disc *to, const struct exh_disc *from, struct exh_error *err)
{
    memcpy(to->medium, from->medium, sizeof to->medium);
    memcpy(to->mcn, from->mcn, sizeof to->mcn);
    memcpy(to->sessions, from->sessions, sizeof to->sessions);
    to->session_count = from->session_count;
    bool ok = true;
    for (size_t i = 0; ok && i < from->index_count; i++)
        ok = exh_disc_add_index(to, from->indexes[i].track, from->indexes[i].number, from->indexes[i].lba, err);
    for (size_t i = 0; ok && i < from->row_count; i++)
        ok = exh_disc_add_row(to, &from->rows[i], err);
    for (size_t i = 0; ok && i < from->cdtext_packs; i++)
        ok = exh_disc_add_pack(to, from->cdtext + i * EXH_CDTEXT_PACK_BYTES, err);
    return ok;
}

void exh_disc_close(struct exh_disc *disc)
{
    free(disc->indexes);
    free(disc->rows);
    free(disc->cdtext);
    memset(disc, 0, sizeof *disc);
}
