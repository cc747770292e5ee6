/* seal.c - what is known of an image as a whole. See seal.h. */
#include "formats/model/seal.h"

#include "formats/model/grow.h"
#include "formats/model/text.h"

#define DIGESTS_MAX (1u << 17) /* one per container file and algorithm, generously */
#define CHUNKS_MAX (1u << 26)  /* 64 MiB chunks of 2^52 bytes */

bool exh_digests_add(struct exh_digests *list, const struct exh_digest_value *value, struct exh_error *err)
{
    if (!exh_grow((void **)&list->items, &list->capacity, list->count, sizeof *list->items, DIGESTS_MAX, "digests", err))
        return false;
    list->items[list->count++] = *value;
    return true;
}

const struct exh_digest_value *exh_digests_find(const struct exh_digests *list, const char *scope, const char *algorithm)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].scope, scope) == 0 && strcmp(list->items[i].algorithm, algorithm) == 0)
            return &list->items[i];
    return NULL;
}

bool exh_digest_value_set(struct exh_digest_value *out, const char *scope, const char *algorithm, const char *hex, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    size_t length = strlen(hex);
    if (strlen(scope) >= sizeof out->scope || strlen(algorithm) >= sizeof out->algorithm)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "digest name '%s' of scope '%s' is too long", algorithm, scope);
    if (length == 0 || length % 2 != 0 || length / 2 > EXH_DIGEST_BYTES_MAX || !exh_text_unhex(hex, out->bytes, length / 2))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "'%.140s' is not a digest in hexadecimal", hex);
    memcpy(out->scope, scope, strlen(scope) + 1);
    memcpy(out->algorithm, algorithm, strlen(algorithm) + 1);
    out->length = (uint32_t)(length / 2);
    return true;
}

bool exh_chunks_add(struct exh_chunks *chunks, const struct exh_chunk *chunk, struct exh_error *err)
{
    if (!exh_grow((void **)&chunks->items, &chunks->capacity, chunks->count, sizeof *chunks->items, CHUNKS_MAX, "chunk digests", err))
        return false;
    chunks->items[chunks->count++] = *chunk;
    return true;
}

bool exh_seal_copy(struct exh_seal *to, const struct exh_seal *from, struct exh_error *err)
{
    for (size_t i = 0; i < from->digests.count; i++)
        if (!exh_digests_add(&to->digests, &from->digests.items[i], err))
            return false;
    for (size_t i = 0; i < from->chunks.count; i++)
        if (!exh_chunks_add(&to->chunks, &from->chunks.items[i], err))
            return false;
    for (size_t i = 0; i < from->fields.count; i++)
        if (!exh_fields_set(&to->fields, from->fields.items[i].key, from->fields.items[i].value, err))
            return false;
    to->chunks.sectors = from->chunks.sectors;
    memcpy(to->chunks.root, from->chunks.root, sizeof to->chunks.root);
    to->unfinished = from->unfinished;
    return exh_sectors_copy(&to->unreadable, &from->unreadable, err);
}

void exh_seal_close(struct exh_seal *seal)
{
    free(seal->digests.items);
    free(seal->chunks.items);
    exh_sectors_close(&seal->unreadable);
    exh_fields_close(&seal->fields);
    memset(seal, 0, sizeof *seal);
}
