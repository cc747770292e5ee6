/* sparse_bundle.c - reads sparsebundles: a folder with Info.plist and bands/, whose files are named by their number in hexadecimal. See sparse.h.
 *
 * A band that is not there reads as zeros, and so does what lies behind the end of a short one. There may be many thousands: none is held open.
 *
 * An encrypted one keeps the header of an encrypted image (dmg_crypt.h) in `token`; its blocks are numbered over all bands, those that are not there
 * included, and what is not stored is plain zeros. (So published research has it; no sample by macOS was at hand.) */
#include "formats/container/plist.h"
#include "formats/container/siblings.h"
#include "formats/disk/dmg_crypt.h"
#include "formats/disk/mapped_disk.h"
#include "formats/disk/sparse.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define TYPE "com.apple.diskimage.sparsebundle"
#define INFO_BYTES_MAX (1u << 20)
#define BANDS_MAX (1u << 21) /* 16 TiB in bands of 8 MiB, as hdiutil makes them */
#define BAND_BYTES_MAX (1ull << 40)
#define TOLD 100u
#define TOKEN "token"

struct band {
    uint64_t number;
    struct exh_source *source; /* lazy */
};

struct bands { /* the disk's bytes, as far as they are stored */
    struct exh_source source;
    struct band *items; /* sorted by number */
    size_t count, capacity;
    uint64_t band_bytes;
};

struct bundle {
    struct exh_mapped_disk disk;
    uint64_t disk_bytes, band_bytes;
    struct bands *bands;     /* the disk's only source, or what that decrypts */
    uint32_t block_bytes;    /* of the encryption; 1: none */
    char *encryption;        /* what it is; NULL: none */
    struct exh_names strays; /* of bands/: what is no band */
    size_t stray_count;
};

/* The first band whose number is not less, or `count`. */
static size_t band_from(const struct bands *b, uint64_t number)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Asked only for what find has seen to be there, within one band. */
static size_t bands_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    const struct bands *b = (const struct bands *)source;
    uint64_t number = offset / b->band_bytes;
    size_t i = band_from(b, number);
    if (i == b->count || b->items[i].number != number)
        return exh_fail(err, EXH_BUG, offset, "band %llx is not there", (unsigned long long)number);
    return exh_source_read_some(b->items[i].source, offset % b->band_bytes, buffer, length, err);
}

static void bands_close(struct exh_source *source)
{
    struct bands *b = (struct bands *)source;
    for (size_t i = 0; i < b->count; i++)
        exh_source_close(b->items[i].source);
    free(b->items);
    free(b);
}

static const struct exh_source_ops bands_ops = {.read = bands_read, .close = bands_close};

/* Of a band's stored bytes, those at its end that are no whole block of the encryption, and cannot be decrypted. */
static uint64_t cut_bytes(const struct bundle *u, uint64_t stored) { return stored % u->block_bytes; }

static bool bundle_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    (void)pages;
    const struct bundle *u = (const struct bundle *)disk;
    const struct bands *b = u->bands;
    uint64_t number = at / b->band_bytes, inside = at % b->band_bytes;
    size_t i = band_from(b, number);
    *out = (struct exh_place){.kind = EXH_PLACE_HOLE, .offset = at};
    if (i == b->count || b->items[i].number != number) {
        out->bytes = (i < b->count ? b->items[i].number * b->band_bytes : u->disk_bytes) - at;
    } else if (inside < b->items[i].source->size) {
        uint64_t stored = b->items[i].source->size < b->band_bytes ? b->items[i].source->size : b->band_bytes, whole = stored - cut_bytes(u, stored);
        if (inside >= whole)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "band %llx ends within an encrypted block", (unsigned long long)number);
        out->kind = EXH_PLACE_DATA;
        out->bytes = whole - inside;
    } else {
        out->bytes = b->band_bytes - inside;
    }
    return true;
}

/* ---- what there is ---- */

static bool check_band(const struct bundle *u, const struct band *b, struct exh_inspection *in, struct exh_error *err)
{
    if (b->source->size > u->band_bytes)
        return exh_inspection_remark(in, "band-size", EXH_FAILS, b->source->name, u->band_bytes, err, "%llu bytes in a band of %llu",
                                     (unsigned long long)b->source->size, (unsigned long long)u->band_bytes);
    uint64_t cut = cut_bytes(u, b->source->size);
    if (cut != 0)
        return exh_inspection_remark(in, "band-size", EXH_FAILS, b->source->name, b->source->size - cut, err,
                                     "the band ends %llu bytes into an encrypted block of %u", (unsigned long long)cut, u->block_bytes);
    return true;
}

static bool bundle_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    const struct bundle *u = (const struct bundle *)disk;
    const char *file = disk->files.items[0];
    uint64_t all = u->disk_bytes / u->band_bytes + (u->disk_bytes % u->band_bytes != 0);
    bool ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "band size", err, "%llu bytes", (unsigned long long)u->band_bytes) &&
              exh_inspection_fact(in, file, EXH_NO_OFFSET, "bands stored", err, "%zu of %llu", u->bands->count, (unsigned long long)all);
    if (ok && u->encryption != NULL)
        ok = exh_inspection_fact(in, TOKEN, 0, "encryption", err, "%s", u->encryption);
    for (size_t i = 0; ok && i < u->bands->count; i++)
        ok = check_band(u, &u->bands->items[i], in, err);
    for (size_t i = 0; ok && i < u->strays.count; i++)
        ok = exh_inspection_remark(in, "band-name", EXH_WARNS, file, EXH_NO_OFFSET, err, "bands/%.200s is no band of this disk, and is not read",
                                   u->strays.items[i]);
    if (ok && u->stray_count > u->strays.count)
        ok = exh_inspection_remark(in, "band-name", EXH_WARNS, file, EXH_NO_OFFSET, err, "and %zu more", u->stray_count - u->strays.count);
    return ok;
}

static void bundle_close(struct exh_mapped_disk *disk)
{
    struct bundle *u = (struct bundle *)disk;
    exh_names_close(&u->strays);
    free(u->encryption);
}

static const struct exh_mapped_ops bundle_ops = {.find = bundle_find, .inspect = bundle_inspect, .close = bundle_close};

/* ---- opening ---- */

static bool number_of(const struct exh_plist *info, const char *key, uint64_t *out, struct exh_error *err)
{
    const char *text = exh_plist_text(info, key);
    return (text != NULL && exh_text_u64(text, out)) || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the property list has no number '%s'", key);
}

static bool parse_info(struct bundle *u, const struct exh_plist *info, struct exh_error *err)
{
    const char *type = exh_plist_text(info, "diskimage-bundle-type");
    uint64_t version;
    if (type == NULL || strcmp(type, TYPE) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "a bundle of type '%.100s'; " TYPE " is read", type != NULL ? type : "");
    if (!number_of(info, "bundle-backingstore-version", &version, err) || !number_of(info, "band-size", &u->band_bytes, err) ||
        !number_of(info, "size", &u->disk_bytes, err))
        return false;
    if (version != 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "a bundle of version %llu; version 1 is read", (unsigned long long)version);
    if (u->band_bytes == 0 || u->band_bytes % 512 != 0 || u->band_bytes > BAND_BYTES_MAX)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "bands of %llu bytes", (unsigned long long)u->band_bytes);
    return (u->disk_bytes > 0 && u->disk_bytes <= EXH_MEDIA_BYTES_MAX) ||
           exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a disk of %llu bytes", (unsigned long long)u->disk_bytes);
}

static bool read_info(struct bundle *u, struct exh_source *source, struct exh_error *err)
{
    if (source->size > INFO_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a property list of %llu bytes", (unsigned long long)source->size);
    uint8_t *text = malloc((size_t)source->size + 1);
    if (text == NULL)
        return exh_nomem(err, "a property list");
    struct exh_plist *info = exh_source_read(source, 0, text, (size_t)source->size, err) ? exh_plist_parse(text, (size_t)source->size, err) : NULL;
    bool ok = info != NULL && parse_info(u, info, err);
    exh_plist_close(info);
    free(text);
    return ok;
}

/* The number that a band is named by: lower-case hexadecimal without leading zeros, so that no two names are one band. */
static bool band_number(const char *name, uint64_t *out)
{
    uint64_t n = 0;
    size_t length = strlen(name);
    if (length == 0 || length > 16 || (name[0] == '0' && length > 1))
        return false;
    for (; *name != '\0'; name++) {
        bool digit = *name >= '0' && *name <= '9', letter = *name >= 'a' && *name <= 'f';
        if (!digit && !letter)
            return false;
        n = n << 4 | (uint64_t)(digit ? *name - '0' : *name - 'a' + 10);
    }
    *out = n;
    return true;
}

struct gathering {
    struct bundle *bundle;
    struct exh_siblings *folder;
    bool past_cache;
};

static bool take_name(void *context, const char *name, struct exh_error *err)
{
    struct gathering *g = context;
    struct bundle *u = g->bundle;
    struct bands *b = u->bands;
    uint64_t number;
    if (!band_number(name, &number) || number > (u->disk_bytes - 1) / u->band_bytes)
        return ++u->stray_count > TOLD || exh_names_add(&u->strays, name, err);
    if (!exh_grow((void **)&b->items, &b->capacity, b->count, sizeof *b->items, BANDS_MAX, "bands", err))
        return false;
    struct exh_source *source = exh_siblings_open(g->folder, name, true, g->past_cache, err);
    if (source == NULL)
        return false;
    b->items[b->count++] = (struct band){number, source};
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct band *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static bool gather(struct bundle *u, const struct exh_open *options, struct exh_error *err)
{
    struct gathering g = {.bundle = u, .past_cache = options->past_cache};
    if (options->siblings == NULL)
        return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "the bands of the bundle are not to be had");
    if ((g.folder = exh_siblings_within(options->siblings, "bands", err)) == NULL)
        return false;
    bool ok = exh_siblings_each(g.folder, take_name, &g, err);
    exh_siblings_close(g.folder);
    if (ok && u->bands->count > 0)
        qsort(u->bands->items, u->bands->count, sizeof *u->bands->items, by_number);
    return ok;
}

/* ---- encryption ---- */

static bool check_blocks(const struct bundle *u, const struct exh_crypt_blocks *blocks, struct exh_error *err)
{
    return u->band_bytes % blocks->block_bytes == 0 || exh_fail(err, EXH_UNSUPPORTED, 52, TOKEN ": encrypted blocks of %u bytes in bands of %llu",
                                                                blocks->block_bytes, (unsigned long long)u->band_bytes);
}

/* Puts what decrypts over *source, when it has succeeded. */
static bool decrypt_by(struct bundle *u, struct exh_source *token, const struct exh_open *options, struct exh_source **source, struct exh_error *err)
{
    struct exh_crypt_blocks blocks = {0};
    struct exh_source *plain = NULL;
    if (exh_dmg_crypt_unlock(token, options, &blocks, &u->encryption, err) && check_blocks(u, &blocks, err)) {
        u->block_bytes = blocks.block_bytes;
        blocks.offset = 0;
        blocks.bytes = u->disk_bytes;
        plain = exh_crypt_source(*source, &blocks, err);
    }
    exh_crypt_forget(&blocks, sizeof blocks);
    if (plain != NULL)
        *source = plain;
    return plain != NULL;
}

/* `token` is empty, or the header of an encrypted image whose blocks run through the bands. */
static bool decrypt(struct bundle *u, const struct exh_open *options, struct exh_source **source, struct exh_error *err)
{
    uint8_t mark[8];
    if (!exh_siblings_has(options->siblings, TOKEN))
        return true;
    struct exh_source *token = exh_siblings_open(options->siblings, TOKEN, false, false, err);
    if (token == NULL)
        return false;
    bool ok = token->size == 0;
    if (!ok && token->size >= sizeof mark && exh_source_read(token, 0, mark, sizeof mark, err))
        ok = memcmp(mark, "encrcdsa", sizeof mark) == 0
                 ? decrypt_by(u, token, options, source, err)
                 : exh_fail(err, EXH_UNSUPPORTED, 0, TOKEN ": not the header of an encrypted image of version 2 ('encrcdsa')");
    else if (!ok && err->code == EXH_OK)
        (void)exh_fail(err, EXH_CORRUPT, 0, TOKEN " has %llu bytes, too few for an encrypted image's header", (unsigned long long)token->size);
    exh_source_close(token);
    return ok;
}

static bool open_bands(struct bundle *u, struct exh_source *info, const struct exh_open *options, struct exh_error *err)
{
    uint32_t file;
    u->block_bytes = 1;
    u->bands = calloc(1, sizeof *u->bands);
    if (u->bands == NULL)
        return exh_nomem(err, "bands");
    u->bands->source = (struct exh_source){.ops = &bands_ops, .size = u->disk_bytes, .name = "bands"};
    u->bands->band_bytes = u->band_bytes;
    struct exh_source *source = &u->bands->source;
    if (!gather(u, options, err) || !decrypt(u, options, &source, err) ||
        !exh_mapped_disk_file(&u->disk, source, options->path != NULL ? options->path : info->name, &file, err)) {
        exh_source_close(source);
        return false;
    }
    return true;
}

static struct exh_medium *bundle_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct bundle *u = calloc(1, sizeof *u);
    if (u == NULL) {
        (void)exh_nomem(err, "a sparsebundle");
        return NULL;
    }
    u->disk.ops = &bundle_ops;
    if (read_info(u, source, err)) {
        exh_layout_disk(&u->disk.layout, u->disk_bytes, options->sector_bytes != 0 ? options->sector_bytes : 512);
        if (exh_mapped_disk_ready(&u->disk, "sparsebundle", 1, err) && open_bands(u, source, options, err)) {
            exh_source_close(source); /* all of it is read */
            return &u->disk.medium;
        }
    }
    exh_mapped_disk_abandon(&u->disk, source);
    return NULL;
}

static int bundle_probe(const struct exh_peek *peek)
{
    static const char mark[] = "diskimage-bundle-type";
    for (size_t at = 0; at + sizeof mark - 1 <= peek->head_length; at++)
        if (memcmp(peek->head + at, mark, sizeof mark - 1) == 0)
            return 80;
    return 0;
}

static const char *const bundle_extensions[] = {".sparsebundle", NULL};

const struct exh_format exh_format_sparsebundle = {.name = "sparsebundle",
                                                   .title = "Apple sparse bundle (the folder, or its Info.plist)",
                                                   .extensions = bundle_extensions,
                                                   .probe = bundle_probe,
                                                   .open = bundle_open};
