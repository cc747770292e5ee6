/* The DMG reader on images built from the facts of the format: every kind of chunk and place of the tables, segments, each checksum flipped, hostile
 * fields one at a time, and what is recognised without being read. */
#include "tests/unit/dmg_lab.h"

#include <unistd.h>

static struct exh_medium *open_bytes(const uint8_t *bytes, size_t length, struct exh_error *err)
{
    struct exh_source *source = exh_source_memory(bytes, length, "lab.dmg");
    struct exh_open options = {0};
    assert_non_null(source);
    struct exh_medium *m = exh_format_dmg.open(source, &options, err);
    if (m == NULL)
        exh_source_close(source);
    return m;
}

/* The whole disk in pieces of 5 sectors; *lost counts what is not GOOD. */
static void read_all(struct exh_medium *m, uint8_t *out, size_t room, uint64_t *lost)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    const struct exh_track *t = &m->layout->tracks[0];
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, 5, 512, 0, &err));
    *lost = 0;
    for (uint64_t lba = 0; lba < t->sectors && (lba + 5) * 512 <= room; lba += block.count) {
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = t->sectors - lba < 5 ? (uint32_t)(t->sectors - lba) : 5};
        want.effort = EXH_THOROUGH;
        assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
        memcpy(out + lba * 512, block.main, (size_t)block.count * 512);
        *lost += block.bad;
    }
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
}

static size_t outcomes(const struct exh_inspection *in, const char *check, enum exh_outcome outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < in->remark_count; i++)
        n += in->remarks[i].outcome == outcome && (check == NULL || strcmp(in->remarks[i].check, check) == 0);
    return n;
}

/* How many of the stored sums differ from what was read. */
static size_t wrong_sums(const struct exh_inspection *in, const uint8_t *disk)
{
    size_t wrong = 0;
    for (size_t i = 0; i < in->sum_count; i++) {
        uint32_t crc = 0;
        for (size_t k = 0; k < in->sums[i].ranges.count; k++)
            crc = exh_crc32(crc, disk + in->sums[i].ranges.ranges[k].lba * 512, (size_t)in->sums[i].ranges.ranges[k].count * 512);
        wrong += crc != in->sums[i].value;
    }
    return wrong;
}

static void expect_disk(struct exh_medium *m, const struct lab *l, size_t warnings)
{
    static uint8_t got[(LAB_SECTORS + 5) * 512];
    struct exh_inspection in = {0};
    struct exh_error err = {0};
    uint64_t lost;
    assert_int_equal(exh_layout_bytes(m->layout), sizeof l->disk);
    read_all(m, got, sizeof got, &lost);
    assert_int_equal(lost, 0);
    assert_memory_equal(got, l->disk, sizeof l->disk);
    assert_true(exh_medium_inspect(m, &in, &err));
    assert_int_equal(outcomes(&in, NULL, EXH_FAILS), 0);
    assert_int_equal(outcomes(&in, NULL, EXH_WARNS), warnings);
    assert_true(outcomes(&in, "master-checksum", EXH_HOLDS) == 1 && outcomes(&in, "data-fork-checksum", EXH_HOLDS) >= 1);
    assert_int_equal(in.sum_count, 2);
    assert_true(in.sums_cover);
    assert_int_equal(wrong_sums(&in, l->disk), 0);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

static void every_form(void **state)
{
    (void)state;
    for (int form = LAB_PLIST; form <= LAB_KOLY_FIRST; form++) {
        struct lab l;
        struct exh_error err = {0};
        lab_make(&l, (enum lab_form)form);
        struct exh_medium *m = open_bytes(l.bytes, l.length, &err);
        assert_non_null(m);
        expect_disk(m, &l, 0);
        if (form != LAB_KOLY_FIRST) { /* bytes that follow the trailer */
            lab_put_bytes(&l, "a signature by a tool that appends", 35);
            assert_non_null(m = open_bytes(l.bytes, l.length, &err));
            expect_disk(m, &l, 1);
        }
        lab_free(&l);
    }
}

static void each_checksum(void **state)
{
    (void)state;
    static uint8_t got[(LAB_SECTORS + 5) * 512];
    struct lab l;
    lab_make(&l, LAB_FORK);
    size_t mish = l.fork_at + 0x104;
    const struct {
        size_t at;
        size_t master, fork, sums;
    } flips[] = {
        {l.koly_at + 0x160 + 8, 1, 0, 0},                       /* the master */
        {l.koly_at + 0x50 + 8, 0, 1, 0},                        /* the data fork's */
        {mish + 0x48, 1, 0, 1},                                 /* the first table's: the master is over it */
        {mish + 4 + sizeof l.mish[0] + 0x48, 1, 0, 1},          /* the second's */
        {l.chunk_at[0][0] + 100, 0, 1, 1},                      /* a raw chunk */
        {l.chunk_at[0][1] + l.chunk_bytes[0][1] / 2, 0, 1, 1},  /* zlib */
        {l.chunk_at[0][4] + l.chunk_bytes[0][4] - 20, 0, 1, 1}, /* bzip2 */
        {l.chunk_at[1][1] + l.chunk_bytes[1][1] / 2, 0, 1, 1},  /* xz */
        {l.chunk_at[1][2] + 100, 0, 1, 1},                      /* ADC */
        {l.chunk_at[1][3] + 100, 0, 1, 1},                      /* LZFSE */
    };
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        struct exh_inspection in = {0};
        struct exh_error err = {0};
        uint64_t lost;
        l.bytes[flips[i].at] ^= 1;
        struct exh_medium *m = open_bytes(l.bytes, l.length, &err);
        assert_non_null(m);
        read_all(m, got, sizeof got, &lost);
        assert_true(exh_medium_inspect(m, &in, &err));
        assert_int_equal(outcomes(&in, "master-checksum", EXH_FAILS), flips[i].master);
        assert_int_equal(outcomes(&in, "data-fork-checksum", EXH_FAILS), flips[i].fork);
        assert_int_equal(wrong_sums(&in, got), flips[i].sums);
        exh_inspection_close(&in);
        exh_medium_close(m);
        l.bytes[flips[i].at] ^= 1;
    }
    lab_free(&l);
}

static void without_checksums(void **state)
{
    (void)state;
    struct lab l;
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    lab_make(&l, LAB_PLIST);
    memset(l.bytes + l.koly_at + 0x50, 0, 136);
    memset(l.bytes + l.koly_at + 0x160, 0, 136);
    exh_put_be64(l.bytes + l.koly_at + 0x38, 0); /* segment 0 of 0, as hdiutil writes directly */
    struct exh_medium *m = open_bytes(l.bytes, l.length, &err);
    assert_non_null(m);
    assert_true(exh_medium_inspect(m, &in, &err));
    assert_int_equal(outcomes(&in, "master-checksum", EXH_WARNS), 1);
    assert_int_equal(outcomes(&in, "data-fork-checksum", EXH_HOLDS) + outcomes(&in, "data-fork-checksum", EXH_FAILS), 0);
    exh_inspection_close(&in);
    exh_medium_close(m);
    lab_free(&l);
}

/* Opens what may be anything: a refusal says why, and what opens can be read and looked at. */
static void survives(const uint8_t *bytes, size_t length)
{
    static uint8_t got[1 << 17];
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    uint64_t lost;
    struct exh_medium *m = open_bytes(bytes, length, &err);
    if (m == NULL) {
        assert_true(err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED || err.code == EXH_LIMIT || err.code == EXH_NOT_FOUND);
        assert_true(err.text[0] != '\0');
        return;
    }
    read_all(m, got, sizeof got, &lost);
    if (!exh_medium_inspect(m, &in, &err))
        assert_int_not_equal(err.code, EXH_BUG);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

static void hostile_bytes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    struct lab l;
    lab_make(&l, LAB_FORK);
    for (size_t at = l.fork_at; at < l.length; at++) {
        uint8_t was = l.bytes[at];
        for (size_t v = 0; v < sizeof values; v++) {
            l.bytes[at] = values[v];
            survives(l.bytes, l.length);
        }
        l.bytes[at] = was;
    }
    for (size_t cut = 0; cut < l.length; cut += cut < l.fork_at ? 997 : 13)
        survives(l.bytes, cut);
    lab_free(&l);
}

/* Every field of the trailer and of a table at the values that overflow. */
static void hostile_fields(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,          1,          0x7FFFFFFF,         0x80000000u,        0xFFFFFFFFu,
                                      1ull << 54, 1ull << 55, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFE00, UINT64_MAX};
    struct lab l;
    lab_make(&l, LAB_FORK);
    size_t table = l.fork_at + 0x104, ends[2] = {table + sizeof l.mish[0], l.length}, begins[2] = {table, l.koly_at};
    for (unsigned part = 0; part < 2; part++)
        for (size_t at = begins[part]; at + 8 <= ends[part]; at += 4) {
            uint8_t was[8];
            memcpy(was, l.bytes + at, 8);
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                exh_put_be64(l.bytes + at, values[v]);
                survives(l.bytes, l.length);
                memcpy(l.bytes + at, was, 8);
                exh_put_be32(l.bytes + at, (uint32_t)values[v]);
                survives(l.bytes, l.length);
                memcpy(l.bytes + at, was, 8);
            }
        }
    lab_free(&l);
}

static void refuse(struct lab *l, enum exh_code code, const char *text)
{
    struct exh_error err = {0};
    lab_finish(l, LAB_PLIST);
    struct exh_medium *m = open_bytes(l->bytes, l->length, &err);
    assert_null(m);
    assert_int_equal(err.code, code);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, err.text);
}

static void what_tables_may_not_say(void **state)
{
    (void)state;
    struct lab l, fresh;
    lab_make(&l, LAB_PLIST);
    fresh = l;
#define CHANGED(code, text, ...)                                                                                                                     \
    do {                                                                                                                                             \
        __VA_ARGS__;                                                                                                                                 \
        refuse(&l, code, text);                                                                                                                      \
        memcpy(l.mish, fresh.mish, sizeof l.mish);                                                                                                   \
    } while (0)
    uint8_t *first = l.mish[0], *second = l.mish[1], *chunk = first + 0xCC;
    CHANGED(EXH_CORRUPT, "overlap", exh_put_be64(second + 8, 60));
    CHANGED(EXH_CORRUPT, "gap", exh_put_be64(second + 8, 65));
    CHANGED(EXH_CORRUPT, "64 of its 65", exh_put_be64(first + 16, 65));
    CHANGED(EXH_CORRUPT, "a raw chunk of 4608", exh_put_be64(chunk + 32, 9 * 512));
    CHANGED(EXH_CORRUPT, "9 sectors at 8", exh_put_be64(chunk + 40 + 16, 9), exh_put_be64(chunk + 80 + 16, 24), exh_put_be64(chunk + 80 + 8, 24),
            exh_put_be64(first + 16, 12));
    CHANGED(EXH_UNSUPPORTED, "KenCode", exh_put_be32(chunk + 40, 0x80000001u));
    CHANGED(EXH_UNSUPPORTED, "0x80000009", exh_put_be32(chunk + 40, 0x80000009u));
    CHANGED(EXH_CORRUPT, "pass the end", exh_put_be64(chunk + 24, 1ull << 40));
    CHANGED(EXH_CORRUPT, "beyond any file", exh_put_be64(chunk + 24, UINT64_MAX), exh_put_be64(first + 24, 100));
    CHANGED(EXH_CORRUPT, "no header", memcpy(first, "mush", 4));
    CHANGED(EXH_CORRUPT, "entries it counts", exh_put_be32(first + 0xC8, LAB_CHUNKS + 1));
    CHANGED(EXH_CORRUPT, "covers", exh_put_be64(first + 16, UINT64_MAX));
#undef CHANGED
    lab_finish(&l, LAB_PLIST);
    exh_put_be64(l.bytes + l.koly_at + 0x1EC, LAB_SECTORS + 1);
    struct exh_error err = {0};
    assert_null(open_bytes(l.bytes, l.length, &err));
    assert_non_null(strstr(err.text, "112 of 113"));
    lab_free(&l);
}

/* ---- files in a folder ---- */

static char folder[] = "/tmp/exhibit-dmg.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, const uint8_t *bytes, size_t length)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static struct exh_medium *open_file(const char *name, struct exh_error *err)
{
    struct exh_medium *m = NULL;
    struct exh_open options = {0};
    exh_error_clear(err);
    return exh_image_open(path_of(name), NULL, &options, &m, err) ? m : NULL;
}

/* Three parts of the data fork, cut within chunks; the tables lie in the last. */
static void put_segments(const struct lab *l, size_t field, uint32_t of_segment, uint8_t bits)
{
    static const char *const names[] = {"set.dmg", "set.002.dmgpart", "set.003.dmgpart"};
    size_t begin = 0, third = l->data_bytes / 3 + 7;
    for (uint32_t i = 0; i < 3; i++) {
        size_t n = l->data_bytes - begin < third ? l->data_bytes - begin : third;
        uint8_t *bytes = calloc(1, LAB_ROOM), *k;
        assert_non_null(bytes);
        memcpy(bytes + i, l->bytes + l->data_at + begin, n); /* the data fork begins at i */
        size_t length = i + n;
        if (i == 2) {
            memcpy(bytes + length, l->bytes + l->fork_at, l->fork_bytes);
            length += l->fork_bytes;
        }
        k = bytes + length;
        lab_koly(l, LAB_PLIST, k);
        exh_put_be64(k + 0x10, begin);
        exh_put_be64(k + 0x18, i);
        exh_put_be64(k + 0x20, n);
        exh_put_be32(k + 0x38, i + 1);
        exh_put_be32(k + 0x3C, 3);
        lab_sum(k + 0x50, exh_crc32(0, bytes + i, n));
        exh_put_be64(k + 0xD8, i == 2 ? i + n : 0);
        exh_put_be64(k + 0xE0, i == 2 ? l->fork_bytes : 0);
        if (i + 1 == of_segment)
            k[field] ^= bits;
        put_file(names[i], bytes, length + 512);
        free(bytes);
        begin += n;
    }
}

static void segments(void **state)
{
    (void)state;
    struct lab l;
    struct exh_error err;
    struct exh_medium *m;
    lab_make(&l, LAB_PLIST);
    put_segments(&l, 0, 0, 0);
    assert_non_null(m = open_file("set.dmg", &err));
    assert_int_equal(m->files->count, 3);
    expect_disk(m, &l, 1); /* experimental, and says so */
    assert_null(open_file("set.002.dmgpart", &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_non_null(strstr(err.text, "segment 2 of 3"));
    static const struct {
        size_t field;
        uint32_t segment;
        const char *text;
    } wrong[] = {{0x17, 2, "begins at"}, {0x45, 3, "another set"}, {0x3B, 2, "is looked for"}, {0x3F, 3, "is looked for"}, {0x17, 1, "begins at"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_segments(&l, wrong[i].field, wrong[i].segment, 4);
        assert_null(open_file("set.dmg", &err));
        assert_int_equal(err.code, EXH_CORRUPT);
        assert_non_null(strstr(err.text, wrong[i].text));
    }
    put_segments(&l, 0x58, 2, 1); /* what its checksum covers is not certain: a warning */
    assert_non_null(m = open_file("set.dmg", &err));
    expect_disk(m, &l, 2);
    put_segments(&l, 0x3C, 1, 0x80);
    assert_null(open_file("set.dmg", &err));
    assert_int_equal(err.code, EXH_LIMIT);
    put_segments(&l, 0, 0, 0);
    assert_int_equal(unlink(path_of("set.002.dmgpart")), 0);
    assert_null(open_file("set.dmg", &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(unlink(path_of("set.dmg")), 0);
    assert_int_equal(unlink(path_of("set.003.dmgpart")), 0);
    lab_free(&l);
}

/* A .dmg without any container is a disk when it begins like one, and otherwise stays an error. */
static void plain_disks(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *mark;
    } marks[] = {{510, "\x55\xAA"}, {512, "EFI PART"}, {0, "ER"}, {512, "PM"}, {32, "NXSB"}, {1024, "H+"}, {1024, "HX"}, {1024, "BD"}};
    static uint8_t disk[40 * 512 + 100], got[sizeof disk + 5 * 512];
    struct exh_error err;
    struct exh_medium *m;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct exh_inspection in = {0};
        uint64_t lost;
        memset(disk, 'd', sizeof disk);
        memcpy(disk + marks[i].at, marks[i].mark, strlen(marks[i].mark));
        put_file("plain.DMG", disk, sizeof disk);
        assert_non_null(m = open_file("plain.DMG", &err));
        assert_string_equal(m->format, "dmg");
        assert_int_equal(exh_layout_bytes(m->layout), sizeof disk);
        read_all(m, got, sizeof got, &lost);
        assert_memory_equal(got, disk, sizeof disk);
        assert_true(exh_medium_inspect(m, &in, &err));
        assert_true(in.sum_count == 0 && in.fact_count == 1 && strstr(in.facts[0].value, "without a container") != NULL);
        exh_inspection_close(&in);
        exh_medium_close(m);
        put_file("plain.img", disk, sizeof disk); /* under another name it is raw */
        assert_non_null(m = open_file("plain.img", &err));
        assert_string_equal(m->format, "raw");
        exh_medium_close(m);
    }
    memset(disk, 'd', sizeof disk);
    put_file("plain.DMG", disk, sizeof disk);
    assert_null(open_file("plain.DMG", &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_non_null(strstr(err.text, "the name says dmg"));
    put_file("plain.DMG", disk, 100);
    assert_null(open_file("plain.DMG", &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(unlink(path_of("plain.DMG")), 0);
    assert_int_equal(unlink(path_of("plain.img")), 0);
}

static void refused_by_name(void **state)
{
    (void)state;
    static uint8_t bytes[8192];
    struct exh_error err;
    memcpy(bytes, "shdw", 4);
    exh_put_be32(bytes + 4, 1);
    exh_put_be32(bytes + 8, 512);
    put_file("new.img", bytes, sizeof bytes);
    assert_null(open_file("new.img", &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_non_null(strstr(err.text, "ASIF"));
    memset(bytes, 0, sizeof bytes); /* MacBinary: a name, both forks, and a resource map that knows bcem */
    memcpy(bytes + 1, "\004disk", 5);
    exh_put_be32(bytes + 83, 4000);
    exh_put_be32(bytes + 87, 1000);
    memcpy(bytes + 128 + 4096 - 64 + 900, "bcem", 4);
    put_file("new.img", bytes, 128 + 4096 + 1024);
    assert_null(open_file("new.img", &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_non_null(strstr(err.text, "NDIF"));
    exh_put_be32(bytes, 0x00051607u); /* AppleDouble */
    put_file("new.img", bytes, 128 + 4096 + 1024);
    assert_null(open_file("new.img", &err));
    assert_non_null(strstr(err.text, "NDIF"));
    assert_int_equal(unlink(path_of("new.img")), 0);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form),    cmocka_unit_test(each_checksum),  cmocka_unit_test(without_checksums),
                                       cmocka_unit_test(hostile_bytes), cmocka_unit_test(hostile_fields), cmocka_unit_test(what_tables_may_not_say),
                                       cmocka_unit_test(segments),      cmocka_unit_test(plain_disks),    cmocka_unit_test(refused_by_name)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
