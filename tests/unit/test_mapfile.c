/* ddrescue's mapfile: its own maps, hand-written ones, broken ones; positions that are no sectors; and replacing the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "acquire/mapfile.h"
#include "formats/model/text.h"

static struct exh_error err;
static const struct exh_mapfile_span small = {.bytes = 16 * 512, .sector_bytes = 512};

static bool parse(const char *text, const struct exh_mapfile_span *span, struct exh_mapfile *out, uint64_t *outside)
{
    exh_error_clear(&err);
    return exh_mapfile_parse(text, strlen(text), "map", span, out, outside, &err);
}

/* The map as one character for each sector. */
static void is(const struct exh_mapfile *file, const char *picture)
{
    assert_int_equal(file->map.sectors, strlen(picture));
    for (uint64_t s = 0; s < file->map.sectors; s++)
        if (exh_map_at(&file->map, s)->area != (enum exh_area)picture[s])
            fail_msg("sector %d is %c, not %c", (int)s, exh_map_at(&file->map, s)->area, picture[s]);
}

static void the_manual_example(void **state)
{
    (void)state;
    static const char text[] = "# Mapfile. Created by GNU ddrescue version 1.27\n"
                               "# Command line: ddrescue -d -c18 /dev/fd0 fdimage mapfile\n"
                               "# current_pos  current_status  current_pass\n"
                               "0x00120000     ?               1\n"
                               "#      pos        size  status\n"
                               "0x00000000  0x00117000  +\n"
                               "0x00117000  0x00000200  -\n"
                               "0x00117200  0x00001000  /\n"
                               "0x00118200  0x00007E00  *\n"
                               "0x00120000  0x00048000  ?\n";
    const struct exh_mapfile_span floppy = {.bytes = 1474560, .sector_bytes = 512};
    struct exh_mapfile file;
    uint64_t outside = 99;
    assert_true(parse(text, &floppy, &file, &outside));
    assert_int_equal(outside, 0);
    assert_true(file.status == '?' && file.pass == 1 && file.position == 0x120000 / 512);
    assert_int_equal(file.map.count, 5);
    assert_int_equal(exh_map_total(&file.map, EXH_AREA_READ), 0x117000 / 512);
    assert_int_equal(exh_map_total(&file.map, EXH_AREA_BAD), 1);
    assert_int_equal(exh_map_total(&file.map, EXH_AREA_UNSCRAPED), 8);
    assert_int_equal(exh_map_total(&file.map, EXH_AREA_UNTRIMMED), 63);
    assert_int_equal(exh_map_total(&file.map, EXH_AREA_UNTRIED), 576);
    exh_mapfile_close(&file);
}

static void every_way_to_write_it(void **state)
{
    (void)state;
    struct exh_mapfile file;
    /* Decimal, octal, hexadecimal of either case; no pass; comments behind the words; CR LF; no end of the last line. */
    assert_true(parse("512 /\r\n0 01000 + # octal\r\n\t0X200\t0x00200 -\n1024 7168 *", &small, &file, NULL));
    is(&file, "+-**************");
    assert_true(file.status == '/' && file.pass == 1 && file.position == 1);
    exh_mapfile_close(&file);
    /* What is not covered is untried: at the end, at the beginning, between, and in an empty file. */
    assert_true(parse("0 + 3\n512 512 +\n2048 512 *\n", &small, &file, NULL));
    is(&file, "?+??*???????????");
    assert_int_equal(file.pass, 3);
    exh_mapfile_close(&file);
    assert_true(parse("# nothing\n\n", &small, &file, NULL));
    is(&file, "????????????????");
    assert_true(file.status == '?' && file.pass == 1);
    exh_mapfile_close(&file);
    assert_true(parse("0 F 1\n0 8192 +\n", &small, &file, NULL)); /* filling changes the status line only */
    is(&file, "++++++++++++++++");
    exh_mapfile_close(&file);
    assert_true(parse("99999999999999 ? 1\n", &small, &file, NULL));
    assert_int_equal(file.position, 16);
    exh_mapfile_close(&file);
}

static void other_sector_sizes(void **state)
{
    (void)state;
    const struct exh_mapfile_span four = {.bytes = 6 * 4096, .sector_bytes = 4096};
    struct exh_mapfile file;
    /* The least finished of what lies in a sector: ? before * before / before - before +. */
    assert_true(parse("0 ? 1\n0 512 +\n512 512 -\n1024 3072 +\n4096 512 /\n4608 3584 -\n8192 4095 *\n12287 1 /\n12288 1 +\n12289 4095 ?\n"
                      "16384 4096 +\n20480 4096 -\n",
                      &four, &file, NULL));
    is(&file, "-/*?+-");
    exh_mapfile_close(&file);
    /* Several sectors in one block with both ends inside sectors, and a part that nobody told. */
    assert_true(parse("0 ? 1\n0 100 +\n100 12288 +\n12388 3996 +\n16384 4095 +\n", &four, &file, NULL));
    is(&file, "++++??");
    exh_mapfile_close(&file);
    assert_true(parse("0 ? 1\n1 12287 +\n", &four, &file, NULL));
    is(&file, "?++???");
    exh_mapfile_close(&file);
    /* Larger sectors there than here: nothing to decide. */
    assert_true(parse("0 ? 1\n0 4096 +\n4096 4096 -\n", &small, &file, NULL));
    is(&file, "++++++++--------");
    exh_mapfile_close(&file);
}

static void a_short_last_sector(void **state)
{
    (void)state;
    const struct exh_mapfile_span tail = {.bytes = 3 * 512 + 100, .sector_bytes = 512};
    struct exh_mapfile file;
    assert_true(parse("0 + 1\n0 1636 +\n", &tail, &file, NULL)); /* as ddrescue writes it */
    is(&file, "++++");
    exh_mapfile_close(&file);
    assert_true(parse("0 + 1\n0 1536 +\n1536 512 -\n", &tail, &file, NULL));
    is(&file, "+++-");
    exh_mapfile_close(&file);
    assert_true(parse("0 + 1\n0 1635 +\n", &tail, &file, NULL));
    is(&file, "+++?");
    exh_mapfile_close(&file);
}

static void a_range_of_the_device(void **state)
{
    (void)state;
    const struct exh_mapfile_span range = {.origin_bytes = 1024, .bytes = 4 * 512, .sector_bytes = 512};
    struct exh_mapfile file;
    uint64_t outside = 0;
    assert_true(parse("1536 - 2\n0 1536 +\n1536 1024 -\n2560 4096 /\n", &range, &file, &outside));
    is(&file, "+--/");
    assert_int_equal(outside, 1024 + 6656 - 3072);
    assert_int_equal(file.position, 1);
    exh_mapfile_close(&file);
    assert_true(parse("0 - 2\n0 1024 +\n3072 1024 -\n", &range, &file, &outside));
    is(&file, "????");
    assert_int_equal(outside, 2048);
    exh_mapfile_close(&file);
}

static void broken_maps_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
    } cases[] = {
        {"0\n", 1},
        {"? 0\n", 1},
        {"0 +x 1\n", 1},
        {"0 + 0\n", 1},
        {"0 + -1\n", 1},
        {"0 + 99999999999\n", 1},
        {"0 + 1 7\n", 1},
        {"# c\n0x + 1\n", 2},
        {"08 + 1\n", 1},
        {"0 z 1\n", 1},
        {"-1 + 1\n", 1},
        {"0 + 1\n0 512\n", 2},
        {"0 + 1\n0 512 F\n", 2},
        {"0 + 1\n0 512 +-\n", 2},
        {"0 + 1\n0 512 +#\n", 2},
        {"0 + 1\n0 512 + +\n", 2},
        {"0 + 1\n0 0 +\n", 2},
        {"0 + 1\n0 1k +\n", 2},
        {"0 + 1\n0 0x8000000000000000 +\n", 2},
        {"0 + 1\n0 99999999999999999999 +\n", 2},
        {"0 + 1\n0 0x0000000000000000000000000000000000001 +\n", 2},
        {"0 + 1\n0x7fffffffffffffff 1 +\n", 2},
        {"0 + 1\n0 512 +\n511 512 -\n", 3},
        {"0 + 1\n512 512 +\n0 512 -\n", 3},
        {"0 + 1\n# c\n0 512 +\n\n0 512 +\n", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exh_mapfile file;
        char line[32];
        (void)snprintf(line, sizeof line, "line %u ", cases[i].line);
        if (parse(cases[i].text, &small, &file, NULL))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.code, EXH_CORRUPT);
        assert_non_null(strstr(err.text, line));
        assert_string_equal(err.file, "map");
        assert_null(file.map.ranges);
    }
    struct exh_mapfile file;
    assert_false(exh_mapfile_parse("0 + 1\n0 512 \0\n", 15, "map", &small, &file, NULL, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_false(parse("0 G 1\n0 8192 +\n", &small, &file, NULL));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
}

static char *new_folder(void)
{
    static char folder[64];
    (void)snprintf(folder, sizeof folder, "%s", "/tmp/exhibit-mapfile.XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void random_map(struct exh_map *map, uint64_t sectors, uint64_t seed)
{
    assert_true(exh_map_open(map, sectors, &err));
    for (int i = 0; i < 500; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t first = (seed >> 20) % sectors, count = (seed >> 50) % 40;
        count = count > sectors - first ? sectors - first : count;
        assert_true(exh_map_mark(map, first, count, (enum exh_area) "?*/-+"[(seed >> 45) % 5], &err));
    }
}

/* What was saved is loaded, whatever the sector size, origin and tail. */
static void saved_and_loaded(void **state)
{
    (void)state;
    static const struct exh_mapfile_span spans[] = {
        {.bytes = 5000 * 512, .sector_bytes = 512},
        {.bytes = 5000ULL * 4096 - 4095, .sector_bytes = 4096, .origin_bytes = 63 * 512},
        {.bytes = 3000ULL * 2352, .sector_bytes = 2352, .origin_bytes = 5ULL << 40},
        {.bytes = 5000ULL * 2048 - 1, .sector_bytes = 2048},
    };
    char *folder = new_folder(), *path = exh_text_format("%s/disk.map", folder);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        struct exh_mapfile saved = {.position = 77, .status = '-', .pass = 4}, loaded;
        uint64_t sectors = (spans[i].bytes + spans[i].sector_bytes - 1) / spans[i].sector_bytes, outside;
        random_map(&saved.map, sectors, i + 1);
        assert_true(exh_mapfile_save(&saved, &spans[i], folder, "disk.map", "two\nlines", &err));
        assert_true(exh_mapfile_load(path, &spans[i], &loaded, &outside, &err));
        assert_true(exh_map_equal(&saved.map, &loaded.map));
        assert_true(loaded.position == 77 && loaded.status == '-' && loaded.pass == 4 && outside == 0);
        exh_mapfile_close(&saved);
        exh_mapfile_close(&loaded);
    }
    char *fresh = exh_text_format("%s.new", path);
    assert_int_not_equal(access(fresh, F_OK), 0);
    free(fresh);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

/* A map that cannot be written leaves the old one as it was, and nothing beside it. */
static void a_failed_save_keeps_the_old_map(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = exh_text_format("%s/m", folder);
    const struct exh_mapfile_span span = {.bytes = 5000 * 512, .sector_bytes = 512};
    struct exh_mapfile old = {.status = '?', .pass = 1}, new = {.status = '+', .pass = 1}, loaded;
    assert_true(exh_map_open(&old.map, 5000, &err));
    random_map(&new.map, 5000, 9);
    assert_true(exh_mapfile_save(&old, &span, folder, "m", NULL, &err));

    struct rlimit before, least;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    least = before;
    least.rlim_cur = 1000;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &least), 0);
    exh_error_clear(&err);
    bool saved = exh_mapfile_save(&new, &span, folder, "m", NULL, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(saved);
    assert_int_equal(err.code, EXH_NO_SPACE);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    assert_true(exh_mapfile_load(path, &span, &loaded, NULL, &err));
    assert_true(exh_map_equal(&loaded.map, &old.map));
    exh_mapfile_close(&loaded);

    exh_error_clear(&err);
    assert_false(exh_mapfile_save(&new, &span, "/tmp/no such folder", "m", NULL, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    const struct exh_mapfile_span other = {.bytes = 4999 * 512, .sector_bytes = 512};
    assert_false(exh_mapfile_save(&new, &other, folder, "m", NULL, &err));
    assert_int_equal(err.code, EXH_BUG);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* m.new is gone */
    exh_mapfile_close(&old);
    exh_mapfile_close(&new);
    free(path);
}

static void what_is_no_mapfile(void **state)
{
    (void)state;
    struct exh_mapfile file;
    char *folder = new_folder(), *path = exh_text_format("%s/fifo", folder), *huge = exh_text_format("%s/huge", folder);
    exh_error_clear(&err);
    assert_false(exh_mapfile_load(huge, &small, &file, NULL, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_string_equal(err.file, huge);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(exh_mapfile_load(path, &small, &file, NULL, &err)); /* and does not wait for a writer */
    assert_int_equal(err.code, EXH_USAGE);
    assert_false(exh_mapfile_load(folder, &small, &file, NULL, &err));
    int fd = open(huge, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(ftruncate(fd, (off_t)EXH_MAPFILE_BYTES_MAX + 1), 0);
    assert_false(exh_mapfile_load(huge, &small, &file, NULL, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    assert_int_equal(ftruncate(fd, 4096), 0);
    assert_false(exh_mapfile_load(huge, &small, &file, NULL, &err)); /* zeros, as a power cut may leave them */
    assert_int_equal(err.code, EXH_CORRUPT);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(huge), 0);
    assert_int_equal(rmdir(folder), 0);
    free(path);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_example),  cmocka_unit_test(every_way_to_write_it),           cmocka_unit_test(other_sector_sizes),
        cmocka_unit_test(a_short_last_sector), cmocka_unit_test(a_range_of_the_device),           cmocka_unit_test(broken_maps_are_refused),
        cmocka_unit_test(saved_and_loaded),    cmocka_unit_test(a_failed_save_keeps_the_old_map), cmocka_unit_test(what_is_no_mapfile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
