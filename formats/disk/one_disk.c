/* one_disk.c - what every container of one disk asks of a layout. See one_disk.h. */
#include "formats/disk/one_disk.h"

bool exh_one_disk_fits(const struct exh_layout *layout, const char *name, const char *sizes, uint32_t sector_bytes, uint32_t unit_bytes,
                       struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[0];
    uint64_t bytes = exh_layout_bytes(layout);
    if (layout->track_count != 1 || t->first != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a %s holds one disk, not the tracks of a disc", name);
    if (bytes == EXH_SECTORS_UNKNOWN || bytes == 0 || bytes % sector_bytes != 0 || unit_bytes % t->main_bytes != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a %s holds whole sectors of %s, not %llu bytes in sectors of %u", name, sizes,
                        (unsigned long long)bytes, t->main_bytes);
    return t->main_bytes == sector_bytes || exh_losses_add(losses, EXH_LOSS_SECTOR_SIZE, 1, err, "the sector size of %u bytes", t->main_bytes);
}
