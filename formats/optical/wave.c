/* wave.c - the samples in WAVE and AIFF files. See wave.h. */
#include "formats/optical/wave.h"

#include <stdlib.h>

#include "formats/model/bytes.h"

#define CHUNKS_MAX 1000u /* a hostile file has millions */

static bool refuse(struct exh_error *err, const char *what)
{
    return exh_fail(err, EXH_UNSUPPORTED, 0, "%s: only 16-bit PCM of two channels at 44100 Hz is what a disc holds", what);
}

/* What else is found under the name of a WAVE file. */
static bool refuse_by_name(const uint8_t head[12], struct exh_error *err)
{
    static const struct {
        const char *magic, *name;
    } known[] = {{"fLaC", "FLAC"},           {"OggS", "Ogg"},     {"ID3", "MP3"},
                 {"MAC ", "Monkey's Audio"}, {"wvpk", "WavPack"}, {"RF64", "RF64, a WAVE of more than 4 GiB,"},
                 {"RIFX", "big-endian RIFF"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (memcmp(head, known[i].magic, strlen(known[i].magic)) == 0)
            return exh_fail(err, EXH_UNSUPPORTED, 0, "the file is %s, which is not read", known[i].name);
    return exh_fail(err, EXH_CORRUPT, 0, "the file is neither WAVE nor AIFF");
}

struct found {
    bool format, samples;
};

static bool wave_format(struct exh_source *source, uint64_t at, uint64_t length, struct exh_error *err)
{
    static const uint8_t pcm[16] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    uint8_t f[40] = {0};
    if (length < 16)
        return exh_fail(err, EXH_CORRUPT, at, "a WAVE format of %llu bytes", (unsigned long long)length);
    if (!exh_source_read(source, at, f, length < sizeof f ? (size_t)length : sizeof f, err))
        return false;
    bool is_pcm = exh_le16(f) == 1 || (exh_le16(f) == 0xFFFE && memcmp(f + 24, pcm, sizeof pcm) == 0 && exh_le16(f + 18) == 16);
    if (!is_pcm)
        return refuse(err, "WAVE samples that are not 16-bit PCM");
    return (exh_le16(f + 2) == 2 && exh_le32(f + 4) == 44100 && exh_le16(f + 14) == 16) || refuse(err, "WAVE samples of another kind");
}

static bool aiff_format(struct exh_source *source, uint64_t at, uint64_t length, bool aifc, struct exh_wave *out, struct exh_error *err)
{
    static const uint8_t rate[10] = {0x40, 0x0E, 0xAC, 0x44}; /* 44100 as an 80-bit float */
    uint8_t f[22];
    size_t needed = aifc ? 22 : 18;
    if (length < needed)
        return exh_fail(err, EXH_CORRUPT, at, "an AIFF format of %llu bytes", (unsigned long long)length);
    if (!exh_source_read(source, at, f, needed, err))
        return false;
    if (f[0] != 0 || f[1] != 2 || f[6] != 0 || f[7] != 16 || memcmp(f + 8, rate, sizeof rate) != 0)
        return refuse(err, "AIFF samples of another kind");
    out->big_endian = !aifc || memcmp(f + 18, "sowt", 4) != 0;
    return !aifc || !out->big_endian || memcmp(f + 18, "NONE", 4) == 0 || memcmp(f + 18, "twos", 4) == 0 || refuse(err, "compressed AIFF-C samples");
}

static bool samples(struct exh_source *source, uint64_t at, uint64_t length, bool aiff, struct exh_wave *out, struct exh_error *err)
{
    uint8_t head[8];
    if (aiff && (length < 8 || !exh_source_read(source, at, head, sizeof head, err)))
        return err->code != EXH_OK ? false : exh_fail(err, EXH_CORRUPT, at, "AIFF samples of %llu bytes", (unsigned long long)length);
    uint64_t skip = aiff ? 8 + (uint64_t)exh_be32(head) : 0;
    if (skip > length || at > source->size || skip > source->size - at)
        return exh_fail(err, EXH_CORRUPT, at, "samples that begin beyond their chunk or the file");
    out->offset = at + skip;
    uint64_t left = source->size - out->offset, said = length - skip;
    bool open = !aiff && (length == 0 || length == UINT32_MAX); /* written into a pipe: the size was never filled in */
    out->said = open ? 0 : said;
    out->bytes = open || said > left ? left : said;
    return true;
}

static bool take_chunk(struct exh_source *source, const uint8_t id[4], uint64_t at, uint64_t length, bool aiff, bool aifc, struct found *found,
                       struct exh_wave *out, struct exh_error *err)
{
    if (memcmp(id, aiff ? "COMM" : "fmt ", 4) == 0) {
        found->format = true;
        return aiff ? aiff_format(source, at, length, aifc, out, err) : wave_format(source, at, length, err);
    }
    if (memcmp(id, aiff ? "SSND" : "data", 4) != 0)
        return true;
    found->samples = true;
    return samples(source, at, length, aiff, out, err);
}

bool exh_wave_find(struct exh_source *source, struct exh_wave *out, struct exh_error *err)
{
    uint8_t head[12] = {0}, chunk[8];
    struct found found = {false, false};
    *out = (struct exh_wave){0};
    if (!exh_source_read(source, 0, head, source->size < sizeof head ? (size_t)source->size : sizeof head, err))
        return false;
    bool aifc = memcmp(head + 8, "AIFC", 4) == 0, aiff = memcmp(head, "FORM", 4) == 0 && (aifc || memcmp(head + 8, "AIFF", 4) == 0);
    if (!aiff && (memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0))
        return refuse_by_name(head, err);
    uint64_t at = 12;
    for (uint32_t i = 0; !found.format || !found.samples; i++) {
        if (i == CHUNKS_MAX)
            return exh_fail(err, EXH_LIMIT, at, "more than %u chunks before the samples", CHUNKS_MAX);
        if (at > source->size || source->size - at < sizeof chunk)
            return exh_fail(err, EXH_CORRUPT, at, "the file ends before its %s", found.format ? "samples" : "format");
        if (!exh_source_read(source, at, chunk, sizeof chunk, err))
            return false;
        uint64_t length = aiff ? exh_be32(chunk + 4) : exh_le32(chunk + 4);
        if (!take_chunk(source, chunk, at + 8, length, aiff, aifc, &found, out, err))
            return false;
        at += 8 + length + (length & 1);
    }
    return true;
}

/* ---- a source with an earlier end ---- */

struct clipped {
    struct exh_source source;
    struct exh_source *of;
};

static size_t clipped_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    return exh_source_read_some(((struct clipped *)source)->of, offset, buffer, length, err);
}

static void clipped_close(struct exh_source *source)
{
    exh_source_close(((struct clipped *)source)->of);
    free(source);
}

static const struct exh_source_ops clipped_ops = {.read = clipped_read, .close = clipped_close};

struct exh_source *exh_wave_clip(struct exh_source *source, uint64_t end, struct exh_error *err)
{
    struct clipped *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)exh_nomem(err, "a file");
        return NULL;
    }
    c->source = (struct exh_source){&clipped_ops, end < source->size ? end : source->size, source->name};
    c->of = source;
    return &c->source;
}
