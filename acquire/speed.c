/* speed.c - reading speed by place. See speed.h. */
#include "acquire/speed.h"

void exh_speed_open(struct exh_speed *speed, uint64_t sectors)
{
    memset(speed, 0, sizeof *speed);
    if (sectors != EXH_SECTORS_UNKNOWN && sectors > 0)
        speed->cell_sectors = (sectors + EXH_SPEED_CELLS - 1) / EXH_SPEED_CELLS;
}

void exh_speed_note(struct exh_speed *speed, const struct exh_block *block)
{
    if (speed->cell_sectors == 0 || block->micros == 0 || block->count == 0)
        return;
    uint64_t first = (uint64_t)(block->lba - block->track->first), end = first + block->count;
    for (uint64_t at = first, stop; at < end; at = stop) {
        uint64_t cell = at / speed->cell_sectors;
        stop = (cell + 1) * speed->cell_sectors < end ? (cell + 1) * speed->cell_sectors : end;
        if (cell >= EXH_SPEED_CELLS)
            return;
        speed->cells[cell].sectors += stop - at;
        speed->cells[cell].micros += (uint64_t)block->micros * (stop - at) / block->count;
    }
}

void exh_speed_add(struct exh_speed *speed, const struct exh_speed *more)
{
    if (speed->cell_sectors == 0)
        speed->cell_sectors = more->cell_sectors;
    for (uint32_t i = 0; more->cell_sectors == speed->cell_sectors && i < EXH_SPEED_CELLS; i++) {
        speed->cells[i].sectors += more->cells[i].sectors;
        speed->cells[i].micros += more->cells[i].micros;
    }
}
