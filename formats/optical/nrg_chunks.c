/* nrg_chunks.c - the footer and the chunk chain of a Nero image. See nrg_chunks.h. */
#include "formats/optical/nrg_chunks.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define CHUNK_HEADER_BYTES 8u

bool exh_nrg_footer_find(const uint8_t *tail, size_t length, uint64_t size, struct exh_nrg_footer *out)
{
    if (length >= 12 && memcmp(tail + length - 12, "NER5", 4) == 0)
        *out = (struct exh_nrg_footer){2, exh_be64(tail + length - 8), size - 12};
    else if (length >= 8 && memcmp(tail + length - 8, "NERO", 4) == 0)
        *out = (struct exh_nrg_footer){1, exh_be32(tail + length - 4), size - 8};
    else
        return false;
    return true;
}

static bool walk(const struct exh_nrg_footer *footer, size_t length, struct exh_nrg_chain *c, struct exh_error *err)
{
    size_t at = 0;
    for (; at < length && !c->ended;) {
        uint64_t offset = footer->chain + at;
        if (length - at < CHUNK_HEADER_BYTES)
            return exh_fail(err, EXH_CORRUPT, offset, "the chunk at offset %llu passes the footer at %llu", (unsigned long long)offset,
                            (unsigned long long)footer->offset);
        struct exh_nrg_chunk chunk = {.offset = offset + CHUNK_HEADER_BYTES, .length = exh_be32(c->bytes + at + 4)};
        for (size_t i = 0; i < 4; i++)
            chunk.id[i] = c->bytes[at + i] > ' ' && c->bytes[at + i] < 127 ? (char)c->bytes[at + i] : '?';
        at += CHUNK_HEADER_BYTES;
        if (chunk.length > length - at)
            return exh_fail(err, EXH_CORRUPT, offset, "chunk %s at offset %llu says it is %u bytes long, which passes the footer at %llu", chunk.id,
                            (unsigned long long)offset, chunk.length, (unsigned long long)footer->offset);
        chunk.body = c->bytes + at;
        at += chunk.length;
        c->ended = strcmp(chunk.id, "END!") == 0;
        if (c->ended)
            break;
        if (!exh_grow((void **)&c->chunks, &c->capacity, c->count, sizeof *c->chunks, EXH_NRG_CHUNKS_MAX, "chunks", err))
            return false;
        c->chunks[c->count++] = chunk;
    }
    c->end = footer->chain + at;
    return true;
}

bool exh_nrg_chain_read(struct exh_source *source, const struct exh_nrg_footer *footer, struct exh_nrg_chain *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    if (footer->chain >= footer->offset)
        return exh_fail(err, EXH_CORRUPT, footer->offset, "the footer at offset %llu says that the chunks begin at %llu, which is not before it",
                        (unsigned long long)footer->offset, (unsigned long long)footer->chain);
    uint64_t length = footer->offset - footer->chain;
    if (length > EXH_NRG_CHAIN_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, footer->chain, "the chunks from offset %llu on are %llu bytes: no more than %u are read",
                        (unsigned long long)footer->chain, (unsigned long long)length, EXH_NRG_CHAIN_BYTES_MAX);
    out->bytes = malloc((size_t)length);
    if (out->bytes == NULL)
        return exh_nomem(err, "the chunks of a Nero image");
    return exh_source_read(source, footer->chain, out->bytes, (size_t)length, err) && walk(footer, (size_t)length, out, err);
}

void exh_nrg_chain_close(struct exh_nrg_chain *chain)
{
    free(chain->bytes);
    free(chain->chunks);
    memset(chain, 0, sizeof *chain);
}
