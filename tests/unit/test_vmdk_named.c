/* test_vmdk_named.c - VMDK descriptors: their lines, the files they name, and deltas with their parents. */
#include "vmdk_lab.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static uint8_t image[LAB_ROOM];

static char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *data, size_t length)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *name, const char *text) { write_file(name, text, strlen(text)); }

static struct exh_medium *open_named(const char *name, struct exh_error *err)
{
    struct exh_open options = {0};
    struct exh_medium *medium = NULL;
    *err = (struct exh_error){0};
    return exh_image_open(path_of(name), NULL, &options, &medium, err) ? medium : NULL;
}

static void refuses(const char *text, enum exh_code code, const char *says)
{
    struct exh_error err;
    write_text("refused.vmdk", text);
    struct exh_medium *m = open_named("refused.vmdk", &err);
    assert_null(m);
    if (err.code != code || strstr(err.text, says) == NULL)
        fail_msg("'%s' gives code %d: %s", text, (int)err.code, err.text);
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-vmdk.XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"refused.vmdk", "my disk-f001.vmdk", "a-s001.vmdk", "many.vmdk",  "base.vmdk", "child.vmdk", "grand.vmdk",
                                        "base-f.vmdk",  "circle.vmdk",       "cowd.vmdk",   "other.vmdk", "big.vmdk",  "short.vmdk", "link.vmdk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(path_of(names[i]));
    return rmdir(folder);
}

#define HEAD "# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=ffffffff\n"

/* ---- the text ---- */

static void dialects_are_read(void **state)
{
    (void)state;
    static const char text[] =
        "# Disk DescriptorFile\r\nversion = 2\r\n\r\n# a comment = not a key\r\nCID = AbC\r\nPARENTCID=fffffffe\t\r\n"
        "createType = \"custom\"\r\nparentFileNameHint=\"C:\\VMs\\base disk.vmdk\"\r\nencoding=\"windows-1252\"\r\n"
        " rw 10 flat \"a b \xE9.vmdk\" 7\r\nRDONLY 0x10 ZERO\r\nRW 3 SPARSE \"x\" 0 partitionUUID dev\r\nchangeTrackPath=\"y\"";
    struct exh_vmdk_descriptor d;
    struct exh_error err = {0};
    assert_true(exh_vmdk_descriptor_parse((const uint8_t *)text, sizeof text - 1, &d, &err));
    assert_int_equal(d.cid, 0xABC);
    assert_int_equal(d.parent_cid, 0xFFFFFFFE);
    assert_string_equal(d.create_type, "custom");
    assert_string_equal(d.parent_hint, "C:\\VMs\\base disk.vmdk");
    assert_int_equal(d.count, 3);
    assert_true(d.lines[0].kind == EXH_VMDK_FLAT && d.lines[0].sectors == 10 && d.lines[0].offset == 7);
    assert_string_equal(d.lines[0].name, "a b \xC3\xA9.vmdk");
    assert_true(d.lines[1].kind == EXH_VMDK_ZERO && d.lines[1].sectors == 16 && d.lines[1].name == NULL);
    assert_true(d.lines[2].kind == EXH_VMDK_SPARSE && d.lines[2].number == 12);
    exh_vmdk_descriptor_close(&d);
    assert_true(exh_vmdk_is_descriptor((const uint8_t *)"# x\n\nversion=1\n", 15));
    assert_false(exh_vmdk_is_descriptor((const uint8_t *)"# x\n\n", 5));
    assert_false(exh_vmdk_is_descriptor((const uint8_t *)"#", 1));
}

/* A descriptor that ends anywhere: taken as far as it goes, or refused with its reason. */
static void cut_descriptors_are_survived(void **state)
{
    (void)state;
    static const char text[] = HEAD "createType=\"custom\"\nRW 10 FLAT \"a b.vmdk\" 7\nRW 3 SPARSE \"x\" 0\nparentFileNameHint=\"p\"\n";
    size_t taken = 0;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct exh_vmdk_descriptor d;
        struct exh_error err = {0};
        uint8_t *exact = malloc(cut > 0 ? cut : 1); /* so that a step too far is seen */
        assert_non_null(exact);
        memcpy(exact, text, cut);
        if (exh_vmdk_descriptor_parse(exact, cut, &d, &err)) {
            taken++;
            exh_vmdk_descriptor_close(&d);
        } else {
            assert_true((err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED) && err.text[0] != '\0' && err.at <= cut);
        }
        free(exact);
    }
    assert_true(taken > 10 && taken < sizeof text - sizeof HEAD);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    refuses(HEAD, EXH_CORRUPT, "names no extent");
    refuses(HEAD "RW 0 ZERO\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW -1 ZERO\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 99999999999999999999 ZERO\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 8000000000000000 ZERO\nRW 8000000000000000 ZERO\n", EXH_CORRUPT, "line 6");
    refuses(HEAD "RW 5\n", EXH_UNSUPPORTED, "line 5");
    refuses(HEAD "RW 5 FLAT\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 5 FLAT name\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 5 FLAT \"\"\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 5 FLAT \"a\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 5 FLAT \"a\" minus\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "RW 5 FLAT \"a\" 99999999999999999\n", EXH_CORRUPT, "line 5");
    refuses(HEAD "\n\nWR 5 ZERO\n", EXH_CORRUPT, "line 7");
    refuses(HEAD "NOACCESS 5 ZERO\n", EXH_UNSUPPORTED, "NOACCESS");
    refuses(HEAD "RW 5 SESPARSE \"a\"\n", EXH_UNSUPPORTED, "SESPARSE");
    refuses(HEAD "RW 5 VMFSRDM \"a\"\n", EXH_UNSUPPORTED, "VMFSRDM");
    refuses(HEAD "RW 5 PONY \"a\"\n", EXH_UNSUPPORTED, "PONY");
    refuses(HEAD "RW 5 ZERO\nencryption.keySafe = \"vmware:key/list/(pair/(phrase\"\n", EXH_UNSUPPORTED, "encrypted");
    refuses(HEAD "RW 5 ZERO\nddb.iofilters = \"vmwarevmcrypt\"\n", EXH_UNSUPPORTED, "encrypted");
    refuses("# Disk DescriptorFile\nversion=9\nRW 5 ZERO\n", EXH_UNSUPPORTED, "line 2");
    refuses("# Disk DescriptorFile\nCID=xyz\nRW 5 ZERO\n", EXH_CORRUPT, "line 2");
    refuses("# Disk DescriptorFile\nCID=123456789\nRW 5 ZERO\n", EXH_CORRUPT, "line 2");
    refuses("# Disk DescriptorFile\ncreateType=\"a\nRW 5 ZERO\n", EXH_CORRUPT, "line 2");
}

static void a_descriptor_is_bounded(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = EXH_VMDK_DESCRIPTOR_MAX + 1;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, '\n', length);
    memcpy(text, HEAD "RW 5 ZERO\n", sizeof HEAD "RW 5 ZERO\n" - 1);
    write_file("big.vmdk", text, length);
    assert_null(open_named("big.vmdk", &err));
    assert_int_equal(err.code, EXH_LIMIT);
    write_file("big.vmdk", text, length - 1);
    struct exh_medium *m = open_named("big.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 5, NULL), 0);
    exh_medium_close(m);
    memset(text + 200, 'x', 5000); /* one line of it */
    write_file("big.vmdk", text, length - 1);
    assert_null(open_named("big.vmdk", &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    free(text);
}

/* ---- files that it names ---- */

#define FLAT_SECTORS 9u
static uint8_t many_byte(uint64_t at)
{
    if (at < FLAT_SECTORS * 512)
        return (uint8_t)(at % 251 + 1);
    at -= FLAT_SECTORS * 512;
    return at < 5 * 512 ? 0 : lab_byte(at - 5 * 512);
}

static void several_extents_make_one_disk(void **state)
{
    (void)state;
    struct exh_error err;
    uint8_t flat[(FLAT_SECTORS + 3) * 512] = {0};
    char text[512];
    for (size_t i = 0; i < FLAT_SECTORS * 512; i++)
        flat[3 * 512 + i] = many_byte(i);
    write_file("my disk-f001.vmdk", flat, sizeof flat);
    write_file("a-s001.vmdk", image, lab_sparse(image));
    (void)snprintf(text, sizeof text, HEAD "RW %u FLAT \"my disk-f001.vmdk\" 3\nRW 5 ZERO\nRW %u SPARSE \"/vmfs/volumes/x/A-S001.vmdk\"\n",
                   FLAT_SECTORS, LAB_SECTORS);
    write_text("many.vmdk", text);
    struct exh_medium *m = open_named("many.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(m->files->count, 3);
    assert_true(exh_layout_sectors(m->layout) == FLAT_SECTORS + 5 + LAB_SECTORS);
    assert_int_equal(lab_missing(m, 4, many_byte), 0);
    assert_int_equal(lab_remarks(m, "extent-name", EXH_WARNS), 1);
    assert_int_equal(lab_remarks(m, NULL, EXH_FAILS), 0);
    exh_medium_close(m);
    write_file("my disk-f001.vmdk", flat, sizeof flat - 512); /* cut off */
    m = open_named("many.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 4, many_byte), 1);
    assert_int_equal(lab_remarks(m, "extent-size", EXH_FAILS), 1);
    exh_medium_close(m);
}

static void only_files_beside_it_are_opened(void **state)
{
    (void)state;
    struct exh_error err;
    refuses(HEAD "RW 5 FLAT \"/etc/passwd\" 0\n", EXH_NOT_FOUND, "/etc/passwd");
    refuses(HEAD "RW 5 FLAT \"../../../../etc/passwd\" 0\n", EXH_UNSUPPORTED, "../etc/passwd");
    refuses(HEAD "RW 5 FLAT \"\\\\.\\PhysicalDrive0\" 0\n", EXH_NOT_FOUND, "PhysicalDrive0");
    refuses(HEAD "RW 5 SPARSE \"refused.vmdk\"\n", EXH_CORRUPT, "the header of a sparse extent");
    refuses(HEAD "RW 5 FLAT \"refused.vmdk\" 4000\n", EXH_CORRUPT, "line 5");
    assert_int_equal(symlink("/etc/passwd", path_of("link.vmdk")), 0);
    write_text("refused.vmdk", HEAD "RW 1 FLAT \"link.vmdk\"\n");
    assert_null(open_named("refused.vmdk", &err));
    write_file("a-s001.vmdk", image, lab_sparse(image));
    refuses(HEAD "RW 4806 SPARSE \"a-s001.vmdk\"\n", EXH_CORRUPT, "4805");
    refuses(HEAD "RW 100 SPARSE \"/etc/a-s001.vmdk\" 0\nRW 5 FLAT \"nowhere\"", EXH_NOT_FOUND, "nowhere");
    exh_put_le64(image + 28, 0); /* without its descriptor it is a part of something */
    exh_put_le64(image + 36, 0);
    write_file("a-s001.vmdk", image, LAB_SPARSE_BYTES);
    assert_null(open_named("a-s001.vmdk", &err));
    assert_int_equal(err.code, EXH_REFUSED);
    write_text("short.vmdk", HEAD "RW 100 SPARSE \"a-s001.vmdk\"\n"); /* less than the file could hold */
    struct exh_medium *m = open_named("short.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 7, lab_byte), 0);
    assert_true(exh_layout_sectors(m->layout) == 100);
    assert_int_equal(lab_remarks(m, "extent-size", EXH_WARNS), 1);
    exh_medium_close(m);
}

static void refused_magic_is_named(void **state)
{
    (void)state;
    struct exh_error err;
    uint8_t se[1024] = {0xBE, 0xBA, 0xFE, 0xCA};
    write_file("other.vmdk", se, sizeof se);
    assert_null(open_named("other.vmdk", &err));
    assert_true(err.code == EXH_UNSUPPORTED && strstr(err.text, "SESparse") != NULL);
}

/* ---- COWD ---- */

static size_t make_cowd(uint8_t *to)
{
    memset(to, 0, LAB_ROOM);
    memcpy(to, "COWD", 4);
    exh_put_le32(to + 4, 1);
    exh_put_le32(to + 8, 3);
    exh_put_le32(to + 12, 5000);
    exh_put_le32(to + 16, 1); /* grains of one sector */
    exh_put_le32(to + 20, 4);
    exh_put_le32(to + 24, 2);
    exh_put_le32(to + 4 * 512, 5);       /* table 0: 32 sectors */
    exh_put_le32(to + 5 * 512, 37);      /* grain 0 */
    exh_put_le32(to + 5 * 512 + 28, 38); /* grain 7 */
    memset(to + 37 * 512, 1, 512);
    memset(to + 38 * 512, 8, 512);
    return 39 * 512;
}

static uint8_t cowd_byte(uint64_t at) { return at / 512 == 0 ? 1 : at / 512 == 7 ? 8 : 0; }

static void cowd_extents_are_read(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = make_cowd(image);
    write_file("cowd.vmdk", image, length);
    write_text("many.vmdk", HEAD "RW 5000 VMFSSPARSE \"cowd.vmdk\"\n");
    struct exh_medium *m = open_named("many.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, cowd_byte), 0);
    assert_int_equal(lab_remarks(m, NULL, EXH_FAILS) + lab_remarks(m, NULL, EXH_WARNS), 0);
    exh_medium_close(m);
    static const struct {
        size_t at;
        uint32_t value;
    } bad[] = {{4, 2}, {12, 0}, {16, 0}, {16, 3}, {20, 0}, {20, 40}, {20, UINT32_MAX}, {24, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)make_cowd(image);
        exh_put_le32(image + bad[i].at, bad[i].value);
        write_file("cowd.vmdk", image, length);
        assert_null(open_named("many.vmdk", &err));
        assert_true(err.at == bad[i].at && (err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED));
    }
}

/* ---- deltas ---- */

static uint8_t base_byte(uint64_t at) { return (uint8_t)(at % 249 + 1); }
/* The child's data over the base, which ends two sectors earlier than the child; grain 1 is zeros by its entry. */
static uint8_t child_byte(uint64_t at)
{
    uint64_t grain = at / LAB_GRAIN;
    if (grain == 0 || grain == 513 || grain == 600 || grain == 1)
        return lab_byte(at);
    return base_byte(at);
}

static void write_child(const char *name, const char *cid, const char *parent_cid, const char *hint)
{
    size_t length = lab_sparse(image);
    memset(image + 512, 0, 1024);
    (void)snprintf((char *)image + 512, 1024, "# Disk DescriptorFile\nversion=1\nCID=%s\nparentCID=%s\n%sRW %u SPARSE \"c.vmdk\"\n", cid, parent_cid,
                   hint, LAB_SECTORS);
    write_file(name, image, length);
}

static void deltas_need_their_parent(void **state)
{
    (void)state;
    struct exh_error err;
    char text[256];
    uint8_t *base = malloc(LAB_DISK);
    assert_non_null(base);
    for (size_t i = 0; i < LAB_DISK; i++)
        base[i] = base_byte(i);
    write_file("base-f.vmdk", base, LAB_DISK);
    free(base);
    (void)snprintf(text, sizeof text, "# Disk DescriptorFile\nCID=00c0ffee\nparentCID=ffffffff\nRW %u VMFS \"base-f.vmdk\"\n", LAB_SECTORS);
    write_text("base.vmdk", text);
    write_child("child.vmdk", "00000002", "00c0ffee", "parentFileNameHint=\"D:\\somewhere\\base.vmdk\"\n");
    struct exh_medium *m = open_named("child.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, child_byte), 0);
    exh_medium_close(m);
    write_child("grand.vmdk", "00000003", "2", "parentFileNameHint=\"child.vmdk\"\n");
    m = open_named("grand.vmdk", &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, child_byte), 0);
    exh_medium_close(m);
    write_child("child.vmdk", "00000002", "00c0ffed", "parentFileNameHint=\"base.vmdk\"\n");
    assert_null(open_named("child.vmdk", &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "00c0ffee"));
    write_child("child.vmdk", "00000002", "00c0ffee", "parentFileNameHint=\"gone.vmdk\"\n");
    assert_null(open_named("child.vmdk", &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    write_child("child.vmdk", "00000002", "00c0ffee", "");
    assert_null(open_named("child.vmdk", &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    write_child("child.vmdk", "00000002", "00c0ffee", "parentFileNameHint=\"base-f.vmdk\"\n"); /* not a VMDK by itself */
    assert_null(open_named("child.vmdk", &err));
    write_child("circle.vmdk", "00000002", "00000002", "parentFileNameHint=\"circle.vmdk\"\n");
    assert_null(open_named("circle.vmdk", &err));
    assert_int_equal(err.code, EXH_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_are_read),       cmocka_unit_test(bad_lines_are_named),           cmocka_unit_test(cut_descriptors_are_survived),
        cmocka_unit_test(a_descriptor_is_bounded), cmocka_unit_test(several_extents_make_one_disk), cmocka_unit_test(only_files_beside_it_are_opened),
        cmocka_unit_test(refused_magic_is_named),  cmocka_unit_test(cowd_extents_are_read),         cmocka_unit_test(deltas_need_their_parent),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
