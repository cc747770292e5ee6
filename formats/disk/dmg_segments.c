/* dmg_segments.c - the data forks of a segmented UDIF image, joined. See dmg_segments.h. */
#include "formats/disk/dmg_segments.h"

#include "formats/container/siblings.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

struct piece {
    struct exh_source *source;
    uint64_t begin, bytes, offset; /* in the joined fork; in the file */
};

struct fork {
    struct exh_source source;
    struct piece *pieces;
    uint32_t count; /* that are open */
    bool owns_first;
};

static size_t fork_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    const struct fork *f = (const struct fork *)source;
    size_t done = 0;
    for (uint32_t i = 0; i < f->count && done < length; i++) {
        const struct piece *p = &f->pieces[i];
        if (offset + done < p->begin || offset + done - p->begin >= p->bytes)
            continue;
        uint64_t inside = offset + done - p->begin, left = p->bytes - inside;
        size_t want = length - done < left ? length - done : (size_t)left;
        size_t got = exh_source_read_some(p->source, p->offset + inside, (uint8_t *)buffer + done, want, err);
        done += got;
        if (got < want)
            break;
    }
    return done;
}

static void fork_close(struct exh_source *source)
{
    struct fork *f = (struct fork *)source;
    for (uint32_t i = f->owns_first ? 0 : 1; i < f->count; i++)
        exh_source_close(f->pieces[i].source);
    free(f->pieces);
    free(f);
}

static const struct exh_source_ops fork_ops = {.read = fork_read, .close = fork_close};

void exh_dmg_fork_keep(struct exh_source *fork) { ((struct fork *)fork)->owns_first = true; }

/* "name.dmg" -> "name.002.dmgpart", on the heap. */
static char *segment_name(const char *path, uint32_t number)
{
    const char *base = exh_text_base(path), *dot = strrchr(base, '.');
    int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    return exh_text_format("%.*s.%03u.dmgpart", length, base, number);
}

/* Is this the trailer of segment `number` of the set, and does its fork begin where the ones before it end? */
static bool belongs(const struct exh_dmg_trailer *t, const struct exh_dmg_trailer *first, uint32_t number, uint64_t end, struct exh_error *err)
{
    if (t->segment != number || t->segments != first->segments)
        return exh_fail(err, EXH_CORRUPT, t->at + 0x38, "segment %u of %u stands where %u of %u is looked for", t->segment, t->segments, number,
                        first->segments);
    if (memcmp(t->set, first->set, sizeof t->set) != 0)
        return exh_fail(err, EXH_CORRUPT, t->at + 0x40, "segment %u is of another set", number);
    if (t->running_offset != end)
        return exh_fail(err, EXH_CORRUPT, t->at + 0x10,
                        "the data fork of segment %u begins at %llu of the joined one, where %llu bytes lie before it", number,
                        (unsigned long long)t->running_offset, (unsigned long long)end);
    return true;
}

static bool add_piece(struct fork *f, struct exh_source *source, const struct exh_dmg_trailer *t, struct exh_error *err)
{
    f->pieces[f->count++] = (struct piece){source, f->source.size, t->data_bytes, t->data_offset};
    return exh_add_u64(f->source.size, t->data_bytes, &f->source.size) || exh_fail(err, EXH_CORRUPT, t->at + 0x20, "the data forks pass 2^64 bytes");
}

static bool add_segment(struct fork *f, struct exh_dmg_segments *s, uint32_t number, const struct exh_open *options, struct exh_names *files,
                        struct exh_error *err)
{
    struct exh_dmg_trailer *t = &s->trailers[number - 1];
    char *name = segment_name(options->path, number);
    struct exh_source *source = name != NULL ? exh_siblings_open(options->siblings, name, true, options->past_cache, err) : NULL;
    char *path = source != NULL ? exh_siblings_path(options->siblings, name) : NULL;
    bool ok = path != NULL && exh_names_add(files, path, err) && exh_dmg_trailer_read(source, t, err) &&
              belongs(t, &s->trailers[0], number, f->source.size, err);
    if (!ok && err->code == EXH_NOT_THIS_FORMAT)
        err->code = EXH_CORRUPT;
    if (!ok && err->code == EXH_OK)
        (void)exh_nomem(err, "a segment");
    if (!ok)
        (void)exh_in_file(err, name != NULL ? name : "");
    free(name);
    free(path);
    if (ok) {
        s->sources[number - 1] = source;
        return add_piece(f, source, t, err);
    }
    exh_source_close(source);
    return false;
}

struct exh_source *exh_dmg_fork_join(struct exh_source *first, struct exh_dmg_segments *s, const struct exh_open *options, struct exh_names *files,
                                     struct exh_error *err)
{
    uint32_t total = s->trailers[0].segments;
    struct exh_dmg_trailer *trailers = NULL;
    struct fork *f = NULL;
    if (total > EXH_DMG_SEGMENTS_MAX)
        (void)exh_fail(err, EXH_LIMIT, s->trailers[0].at + 0x3C, "%u segments; at most %u are read", total, EXH_DMG_SEGMENTS_MAX);
    else if (s->trailers[0].segment != 1)
        (void)exh_fail(err, EXH_UNSUPPORTED, s->trailers[0].at + 0x38, "segment %u of %u: give the first one, name.dmg", s->trailers[0].segment,
                       total);
    else if (options->siblings == NULL || options->path == NULL)
        (void)exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "segment 1 of %u, and the others are not to be had", total);
    else if ((trailers = realloc(s->trailers, total * sizeof *trailers)) != NULL)
        f = calloc(1, sizeof *f);
    if (trailers != NULL) {
        s->trailers = trailers;
        memset(trailers + 1, 0, (total - 1) * sizeof *trailers);
    }
    struct exh_source **sources = f != NULL ? realloc(s->sources, total * sizeof(struct exh_source *)) : NULL;
    if (sources != NULL) {
        s->sources = sources;
        f->pieces = calloc(total, sizeof *f->pieces);
    }
    if (f == NULL || f->pieces == NULL) {
        free(f);
        (void)(err->code == EXH_OK && exh_nomem(err, "segments"));
        return NULL;
    }
    f->source = (struct exh_source){.ops = &fork_ops, .name = first->name};
    bool ok = belongs(&s->trailers[0], &s->trailers[0], 1, 0, err) && add_piece(f, first, &s->trailers[0], err);
    for (uint32_t n = 2; ok && n <= total; n++)
        ok = add_segment(f, s, n, options, files, err);
    if (!ok) {
        fork_close(&f->source);
        return NULL;
    }
    s->count = total;
    for (s->tables_in = 0; s->tables_in + 1 < total && trailers[s->tables_in].xml_bytes == 0 && trailers[s->tables_in].fork_bytes == 0;)
        s->tables_in++;
    return &f->source;
}

void exh_dmg_segments_close(struct exh_dmg_segments *s)
{
    free(s->trailers);
    free(s->sources);
    memset(s, 0, sizeof *s);
}
