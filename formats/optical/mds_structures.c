/* mds_structures.c - DVD structures (READ DISC STRUCTURE, MMC-6 6.22, formats 0, 1 and 4), burst cutting area, timing data. See mds_structures.h. */
#include "formats/optical/mds_structures.h"

#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define COPYRIGHT_BYTES 4u
#define STRUCTURE_BYTES 2048u
#define LAYER_BYTES (COPYRIGHT_BYTES + 2 * STRUCTURE_BYTES) /* copyright, manufacturing (DMI), physical (PFI) */
#define DPM_HEAD_BYTES 16u
#define BCA_SHOWN_BYTES 64u

static bool out_of(uint64_t field, const char *what, const struct exh_mds *m, struct exh_error *err)
{
    return exh_fail(err, EXH_CORRUPT, field, "offset %llu: %s would not lie within the %zu bytes of the descriptor", (unsigned long long)field, what,
                    m->length);
}

/* One layer's. The book type was rewritten by the program that made the image, so that copies play: it proves nothing of the disc. */
static bool note_layer(const struct exh_mds *m, unsigned layer, uint64_t at, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    const uint8_t *c = m->bytes + at, *p = c + COPYRIGHT_BYTES + STRUCTURE_BYTES;
    uint64_t physical = at + COPYRIGHT_BYTES + STRUCTURE_BYTES;
    uint32_t first = exh_be32(p + 4), last = exh_be32(p + 8), last_of_0 = exh_be32(p + 12);
    bool ok = exh_inspection_fact(notes, path, at, "dvd_copyright", err, "layer %u: protection %u, regions 0x%02x", layer, c[0], c[1]) &&
              exh_inspection_fact(notes, path, physical, "dvd_physical", err,
                                  "layer %u: %u layers, %s track path, sectors 0x%06x to 0x%06x (layer 0 to 0x%06x)%s", layer, (p[2] >> 5 & 3) + 1u,
                                  p[2] & 0x10 ? "opposite" : "parallel", first, last, last_of_0, p[16] & 0x80 ? ", with BCA" : "");
    return ok && exh_inspection_fact(notes, path, physical, "dvd_book_type", err,
                                     "layer %u: type %u, version %u, as stored; the program rewrites it, it is no evidence of the disc", layer,
                                     p[0] >> 4, p[0] & 15u);
}

static bool note_dvd(const struct exh_mds *m, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    if (!m->dvd || m->structures_at == 0)
        return true;
    if (!exh_inside(m->structures_at, LAYER_BYTES, m->length))
        return out_of(EXH_MDS_STRUCTURES, "the structures of the DVD", m, err);
    const uint8_t *physical = m->bytes + m->structures_at + COPYRIGHT_BYTES + STRUCTURE_BYTES;
    unsigned layers = (physical[2] >> 5 & 3) > 0 ? 2 : 1;
    for (unsigned layer = 0; layer < layers; layer++) {
        uint64_t at = m->structures_at + (uint64_t)layer * LAYER_BYTES;
        if (!exh_inside(at, LAYER_BYTES, m->length))
            return exh_inspection_remark(notes, "dvd-structures", EXH_WARNS, path, at, err, "the DVD has 2 layers, the structures of one are kept");
        if (!note_layer(m, layer, at, path, notes, err))
            return false;
    }
    return true;
}

static bool note_bca(const struct exh_mds *m, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    if (m->bca_at == 0 || m->bca_bytes == 0)
        return true;
    char hex[2 * BCA_SHOWN_BYTES + 1];
    size_t shown = m->bca_bytes < BCA_SHOWN_BYTES ? m->bca_bytes : BCA_SHOWN_BYTES;
    exh_text_hex(m->bytes + m->bca_at, shown, hex);
    return exh_inspection_fact(notes, path, m->bca_at, "bca", err, "%u bytes: %s%s", m->bca_bytes, hex, shown < m->bca_bytes ? "..." : "");
}

/* Angles between sectors as a drive measured them (and in some versions a list of errors): kept opaque, but it has to be there. */
static bool note_dpm(const struct exh_mds *m, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    if (m->dpm_at == 0)
        return true;
    if (!exh_inside(m->dpm_at, 4, m->length))
        return out_of(EXH_MDS_DPM, "the timing data (DPM)", m, err);
    uint32_t count = exh_le32(m->bytes + m->dpm_at);
    uint64_t offsets = (uint64_t)m->dpm_at + 4, entries = 0;
    if (!exh_inside(offsets, (uint64_t)count * 4, m->length))
        return out_of(m->dpm_at, "the list of timing blocks (DPM)", m, err);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = exh_le32(m->bytes + offsets + (uint64_t)i * 4);
        if (!exh_inside(at, DPM_HEAD_BYTES, m->length) ||
            !exh_inside((uint64_t)at + DPM_HEAD_BYTES, (uint64_t)exh_le32(m->bytes + at + 12) * 4, m->length))
            return out_of(offsets + (uint64_t)i * 4, "a block of timing data (DPM)", m, err);
        entries += exh_le32(m->bytes + at + 12);
    }
    return exh_inspection_fact(notes, path, m->dpm_at, "dpm", err, "%u blocks of timing data with %llu entries, not interpreted", count,
                               (unsigned long long)entries);
}

bool exh_mds_structures(const struct exh_mds *mds, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    return note_dvd(mds, path, notes, err) && note_bca(mds, path, notes, err) && note_dpm(mds, path, notes, err);
}
