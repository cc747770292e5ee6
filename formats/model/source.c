/* source.c - byte sources: the checks common to all, memory, and windows. See source.h. */
#include "formats/model/source.h"

#include "formats/model/bytes.h"

bool exh_source_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    if (!exh_inside(offset, length, source->size)) {
        (void)exh_fail(err, EXH_CORRUPT, offset, "%zu bytes are needed at offset %llu, but the file ends at %llu", length, (unsigned long long)offset,
                       (unsigned long long)source->size);
        return exh_in_file(err, source->name);
    }
    if (length == 0)
        return true;
    if (source->ops->read(source, offset, buffer, length, err) == length)
        return true;
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    return exh_in_file(err, source->name);
}

size_t exh_source_read_some(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    if (offset >= source->size)
        return 0;
    if (length > source->size - offset)
        length = (size_t)(source->size - offset);
    size_t good = length == 0 ? 0 : source->ops->read(source, offset, buffer, length, err);
    if (good < length) {
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        (void)exh_in_file(err, source->name);
    }
    return good;
}

uint64_t exh_source_next_data(struct exh_source *source, uint64_t offset)
{
    return source->ops->next_data != NULL ? source->ops->next_data(source, offset) : offset;
}

void exh_source_close(struct exh_source *source)
{
    if (source != NULL)
        source->ops->close(source);
}

struct memory_source {
    struct exh_source source;
    const uint8_t *data;
};

static size_t memory_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    (void)err;
    memcpy(buffer, ((struct memory_source *)source)->data + offset, length);
    return length;
}

static void memory_close(struct exh_source *source) { free(source); }

static const struct exh_source_ops memory_ops = {.read = memory_read, .close = memory_close};

struct exh_source *exh_source_memory(const void *data, size_t length, const char *name)
{
    struct memory_source *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->source = (struct exh_source){&memory_ops, length, name};
    m->data = data;
    return &m->source;
}

struct window_source {
    struct exh_source source;
    struct exh_source *of;
    uint64_t start;
};

static size_t window_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    struct window_source *w = (struct window_source *)source;
    return exh_source_read_some(w->of, w->start + offset, buffer, length, err);
}

static const struct exh_source_ops window_ops = {.read = window_read, .close = memory_close};

struct exh_source *exh_source_window(struct exh_source *of, uint64_t offset, uint64_t length, struct exh_error *err)
{
    if (!exh_inside(offset, length, of->size)) {
        (void)exh_fail(err, EXH_CORRUPT, offset, "a part of %llu bytes passes the end of the file at %llu", (unsigned long long)length,
                       (unsigned long long)of->size);
        (void)exh_in_file(err, of->name);
        return NULL;
    }
    struct window_source *w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)exh_nomem(err, "a window");
        return NULL;
    }
    w->source = (struct exh_source){&window_ops, length, of->name};
    w->of = of;
    w->start = offset;
    return &w->source;
}
