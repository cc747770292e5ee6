/* vmdk_flat.c - writes a monolithicFlat VMDK: the disk as it is in NAME-flat.vmdk, holes left out, and the descriptor. See vmdk_write.h. */
#include "formats/container/staged_file.h"
#include "formats/disk/vmdk_write.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define PIECE_BYTES 65536u /* zeros of so many bytes become a hole of the file */

struct flat_sink {
    struct exh_sink sink;
    struct exh_staged_file *descriptor, *flat;
    uint32_t main_bytes;
    uint64_t disk_bytes, next; /* where the next block must begin */
    uint8_t guid[16];
};

static bool flat_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct flat_sink *f = (struct flat_sink *)consumer;
    uint64_t offset = (uint64_t)block->lba * f->main_bytes, bytes = exh_block_bytes(block);
    if (offset != f->next)
        return exh_fail(err, EXH_BUG, offset, "a VMDK is written in order");
    for (uint64_t done = 0, n; block->kind == EXH_BLOCK_DATA && done < bytes; done += n) {
        n = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;
        if (!exh_all_zero(block->main + done, (size_t)n) && !exh_staged_file_write(f->flat, offset + done, block->main + done, (size_t)n, err))
            return false;
    }
    f->next += bytes;
    return true;
}

static bool flat_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a VMDK has no place for digests */
    struct flat_sink *f = (struct flat_sink *)sink;
    if (f->next != f->disk_bytes || exh_layout_bytes(final) != f->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%llu of %llu bytes were written", (unsigned long long)f->next,
                        (unsigned long long)f->disk_bytes);
    struct exh_vmdk_said said = {"monolithicFlat", "RW", "FLAT", f->sink.files.items[1], " 0", f->disk_bytes, f->guid};
    char *text = exh_vmdk_text(&said);
    bool ok = (text != NULL || exh_nomem(err, "a descriptor")) && exh_staged_file_resize(f->flat, f->disk_bytes, err) &&
              exh_staged_file_sync(f->flat, err) && exh_staged_file_write(f->descriptor, 0, text, strlen(text), err) &&
              exh_staged_file_sync(f->descriptor, err);
    free(text);
    return ok;
}

static void flat_sink_close(struct exh_sink *sink)
{
    struct flat_sink *f = (struct flat_sink *)sink;
    exh_staged_file_close(f->descriptor);
    exh_staged_file_close(f->flat);
    free(f);
}

static const struct exh_consumer_ops flat_consumer_ops = {.take = flat_take};
static const struct exh_sink_ops flat_sink_ops = {.seal = flat_seal, .close = flat_sink_close};

/* "disk.vmdk" has its data in "disk-flat.vmdk", as VMware calls it. */
static char *flat_name(const char *name)
{
    size_t length = strlen(name);
    bool ends = length > 5 && strcmp(name + length - 5, ".vmdk") == 0;
    return exh_text_format("%.*s-flat.vmdk", (int)(ends ? length - 5 : length), name);
}

bool exh_vmdk_flat_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct flat_sink *f = calloc(1, sizeof *f);
    char *name = flat_name(create->name);
    if (f == NULL || name == NULL) {
        free(f);
        free(name);
        return exh_nomem(err, "a VMDK image");
    }
    f->main_bytes = create->declared->tracks[0].main_bytes;
    f->disk_bytes = exh_layout_bytes(create->declared);
    memcpy(f->guid, create->guid, sizeof f->guid);
    f->sink = (struct exh_sink){.consumer = {&flat_consumer_ops}, .ops = &flat_sink_ops, .unit_sectors = 1, .can = EXH_SINK_NEEDS_SIZE};
    bool ok = exh_names_add(&f->sink.files, create->name, err) && exh_names_add(&f->sink.files, name, err) &&
              (f->descriptor = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL &&
              (f->flat = exh_staged_file_new(create->folder, name, create->resume, err)) != NULL;
    free(name);
    if (ok) {
        *out = &f->sink;
        return true;
    }
    exh_sink_close(&f->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
