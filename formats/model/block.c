/* block.c - buffers of a block. See block.h. */
#include "formats/model/block.h"

#include "formats/model/bytes.h"
#include "formats/model/medium.h"

#define BLOCK_ALIGNMENT 4096u /* satisfies O_DIRECT on every device we know */

static void open_main(struct exh_block *block, struct exh_medium *medium, size_t bytes)
{
    size_t rounded = (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    if (medium != NULL && medium->ops->room != NULL)
        block->main = medium->ops->room(medium, rounded);
    if (block->main != NULL)
        block->lender = medium;
    else
        block->main = aligned_alloc(BLOCK_ALIGNMENT, rounded > 0 ? rounded : BLOCK_ALIGNMENT);
}

bool exh_block_open(struct exh_block *out, uint32_t sectors, uint32_t main_bytes, uint32_t sub_bytes, struct exh_error *err)
{
    return exh_block_open_in(out, NULL, sectors, main_bytes, sub_bytes, err);
}

bool exh_block_open_in(struct exh_block *out, struct exh_medium *medium, uint32_t sectors, uint32_t main_bytes, uint32_t sub_bytes,
                       struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    open_main(out, medium, (size_t)sectors * main_bytes);
    out->state = malloc(sectors);
    if (sub_bytes != 0) {
        out->sub = malloc((size_t)sectors * sub_bytes);
        out->sub_state = malloc(sectors);
    }
    if (out->main == NULL || out->state == NULL || (sub_bytes != 0 && (out->sub == NULL || out->sub_state == NULL))) {
        exh_block_close(out);
        return exh_nomem(err, "a block");
    }
    out->room_sectors = sectors;
    out->room_bytes = main_bytes;
    return true;
}

void exh_block_close(struct exh_block *block)
{
    if (block->lender != NULL)
        block->lender->ops->room_release(block->lender, block->main);
    else
        free(block->main);
    free(block->sub);
    free(block->state);
    free(block->sub_state);
    memset(block, 0, sizeof *block);
}

uint64_t exh_block_bytes(const struct exh_block *block) { return exh_track_bytes(block->track, block->lba, block->count); }

void exh_block_cut(struct exh_block *block, uint32_t count)
{
    block->count = count;
    block->bad = 0;
    for (uint32_t i = 0; i < count; i++)
        block->bad += block->state[i] != EXH_GOOD;
}

void exh_block_fill(struct exh_block *block, const uint8_t *pattern, size_t length)
{
    uint32_t bytes = block->track->main_bytes;
    if (pattern == NULL || length == 0 || block->bad == 0)
        return;
    for (uint32_t i = 0; i < block->count; i++)
        for (size_t at = 0; block->state[i] < EXH_SUSPECT && at < bytes; at += length)
            memcpy(block->main + (size_t)i * bytes + at, pattern, length < bytes - at ? length : bytes - at);
    uint64_t valid = exh_block_bytes(block);
    memset(block->main + valid, 0, (size_t)((uint64_t)block->count * bytes - valid));
    block->main_is_zero = false;
}
