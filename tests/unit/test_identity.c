/* What devices say of themselves, read from made-up sysfs trees that are laid out like the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/guard.h"
#include "acquire/identity.h"

static struct exh_error err;
static char root[64], sys_path[80], mounts_path[80], udev_path[80];
static struct exh_machine machine;
static struct exh_device_facts facts;

/* Writes root/path, making the folders on the way. */
static void put_bytes(const char *path, const void *bytes, size_t length)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        (void)mkdir(full, 0700);
        *p = '/';
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length || close(fd) != 0)
        fail_msg("%s: %s", full, strerror(errno));
}

static void put(const char *path, const char *text) { put_bytes(path, text, strlen(text)); }

static void link_to(const char *path, const char *target)
{
    char full[512], to[512];
    put(path, ""); /* makes the folders */
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    (void)snprintf(to, sizeof to, "%s/%s", root, target);
    assert_int_equal(unlink(full), 0);
    assert_int_equal(symlink(to, full), 0);
}

/* A block device in directory `dir` (below sys/devices) with the attributes every one has. */
static void block(const char *dir, const char *dev, const char *size)
{
    char path[400], link[128];
    (void)snprintf(path, sizeof path, "sys/devices/%s/dev", dir);
    put(path, dev);
    (void)snprintf(path, sizeof path, "sys/devices/%s/size", dir);
    put(path, size);
    (void)snprintf(path, sizeof path, "sys/devices/%s/ro", dir);
    put(path, "0\n");
    (void)snprintf(path, sizeof path, "sys/devices/%s", dir);
    char number[32];
    (void)snprintf(number, sizeof number, "%.*s", (int)strcspn(dev, "\n"), dev);
    (void)snprintf(link, sizeof link, "sys/dev/block/%s", number);
    link_to(link, path);
    (void)snprintf(link, sizeof link, "sys/class/block/%s", strrchr(dir, '/') + 1);
    link_to(link, path);
}

static void attribute(const char *dir, const char *name, const char *text)
{
    char path[400];
    (void)snprintf(path, sizeof path, "sys/devices/%s/%s", dir, name);
    put(path, text);
}

static void stacked(const char *upper, const char *lower)
{
    char path[400], target[400];
    (void)snprintf(path, sizeof path, "sys/devices/%s/slaves/%s", upper, strrchr(lower, '/') + 1);
    (void)snprintf(target, sizeof target, "sys/devices/%s", lower);
    link_to(path, target);
    (void)snprintf(path, sizeof path, "sys/devices/%s/holders/%s", lower, strrchr(upper, '/') + 1);
    (void)snprintf(target, sizeof target, "sys/devices/%s", upper);
    link_to(path, target);
}

#define USB "pci0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0"
#define USB_DISK USB "/block/sdx"
#define ATA "pci0/ata3/host2/target2:0:0/2:0:0:0"
#define ATA_DISK ATA "/block/sdy"
#define NVME "pci0/0000:01:00.0/nvme/nvme0"
#define NVME_DISK NVME "/nvme0n1"
#define OPTICAL "pci0/ata5/host4/target4:0:0/4:0:0:0"
#define OPTICAL_DRIVE OPTICAL "/block/sr0"
#define CARD "platform/mmc_host/mmc0/mmc0:0001"
#define CARD_DISK CARD "/block/mmcblk0"
#define CRYPT "virtual/block/dm-0"
#define ARRAY "pci0/host7/target7:0:0/7:0:0:0"
#define VOLUME "virtual/block/dm-1"
#define LOOP "virtual/block/loop7"

static void usb_stick(void)
{
    block(USB_DISK, "65:112\n", "15633408\n");
    block(USB_DISK "/sdx1", "65:113\n", "2048\n");
    block(USB_DISK "/sdx2", "65:114\n", "4096\n");
    attribute(USB_DISK "/sdx1", "partition", "1\n");
    attribute(USB_DISK "/sdx2", "partition", "2\n");
    attribute(USB_DISK, "removable", "1\n");
    attribute(USB_DISK, "queue/logical_block_size", "512\n");
    attribute(USB_DISK, "queue/physical_block_size", "4096\n");
    attribute(USB_DISK, "queue/rotational", "1\n");
    attribute(USB, "vendor", "SanDisk \n");
    attribute(USB, "model", "Cruzer Blade    \n");
    attribute(USB, "rev", "1.26\n");
    attribute(USB, "type", "0\n");
    attribute("pci0/usb1/1-2", "idVendor", "0781\n");
    attribute("pci0/usb1/1-2", "serial", "4C530001\n");
    attribute("pci0/usb1", "idVendor", "1d6b\n"); /* the root hub is a USB device too */
    attribute("pci0/usb1", "serial", "0000:00:14.0\n");
    link_to("sys/devices/" USB_DISK "/device", "sys/devices/" USB);
}

static void ata_disk(void)
{
    static const uint8_t page[] = {0,   0x80, 0,   20,  ' ', ' ', ' ', ' ', ' ', 'W', 'D', '-',
                                   'W', 'C',  'C', '4', 'E', '1', '2', '3', '4', '5', '6', '7'};
    block(ATA_DISK, "65:128\n", "7814037168\n");
    attribute(ATA_DISK, "queue/logical_block_size", "512\n");
    attribute(ATA_DISK, "queue/physical_block_size", "4096\n");
    attribute(ATA_DISK, "queue/rotational", "1\n");
    attribute(ATA, "vendor", "ATA     \n");
    attribute(ATA, "model", "WDC WD40EFRX-68W\n");
    attribute(ATA, "rev", "0A82\n");
    attribute(ATA, "wwid", "naa.50014ee2b1234567\n");
    put_bytes("sys/devices/" ATA "/vpd_pg80", page, sizeof page);
    link_to("sys/devices/" ATA_DISK "/device", "sys/devices/" ATA);
    put("udev/b65:128",
        "S:disk/by-id/x\nE:ID_MODEL=WDC_WD40EFRX-68WT0N0\nE:ID_MODEL_ENC=WDC\\x20WD40EFRX-68WT0N0\\x20\\x20\nE:ID_SERIAL_SHORT=other\n");
}

static void nvme_disk(void)
{
    block(NVME_DISK, "259:0\n", "1000215216\n");
    attribute(NVME_DISK, "queue/logical_block_size", "4096\n");
    attribute(NVME_DISK, "queue/physical_block_size", "4096\n");
    attribute(NVME_DISK, "queue/rotational", "0\n");
    attribute(NVME_DISK, "wwid", "eui.0025385b71b0b6a1\n");
    attribute(NVME, "model", "Samsung SSD 970 EVO Plus 500GB          \n");
    attribute(NVME, "serial", "S4EVNX0N123456      \n");
    attribute(NVME, "firmware_rev", "2B2QEXM7\n");
    link_to("sys/devices/" NVME_DISK "/device", "sys/devices/" NVME);
}

static void optical_drive(void)
{
    block(OPTICAL_DRIVE, "11:0\n", "2097151\n");
    attribute(OPTICAL_DRIVE, "removable", "1\n");
    attribute(OPTICAL_DRIVE, "queue/logical_block_size", "2048\n");
    attribute(OPTICAL, "vendor", "HL-DT-ST\n");
    attribute(OPTICAL, "model", "DVDRAM GH24NSD1 \n");
    attribute(OPTICAL, "type", "5\n");
    attribute(OPTICAL, "wwid", "t10.ATA     HL-DT-ST DVDRAM GH24NSD1                 K9IH9B123\n");
    link_to("sys/devices/" OPTICAL_DRIVE "/device", "sys/devices/" OPTICAL);
}

static void card(void)
{
    block(CARD_DISK, "179:0\n", "62333952\n");
    attribute(CARD, "name", "SC32G\n");
    attribute(CARD, "serial", "0x1a2b3c4d\n");
    attribute(CARD, "fwrev", "0x0\n");
    link_to("sys/devices/" CARD_DISK "/device", "sys/devices/" CARD);
}

/* dm-0 is a crypt device on sdx2, dm-1 a volume on dm-0. */
static void stack(void)
{
    block(CRYPT, "252:0\n", "4000\n");
    block(VOLUME, "252:1\n", "3000\n");
    attribute(CRYPT, "dm/name", "luks-1\n");
    attribute(CRYPT, "dm/uuid", "CRYPT-LUKS2-abc\n");
    stacked(CRYPT, USB_DISK "/sdx2");
    stacked(VOLUME, CRYPT);
}

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    memset(&facts, 0, sizeof facts);
    (void)snprintf(root, sizeof root, "/tmp/exhibit-sysfs-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(sys_path, sizeof sys_path, "%s/sys", root);
    (void)snprintf(mounts_path, sizeof mounts_path, "%s/mountinfo", root);
    (void)snprintf(udev_path, sizeof udev_path, "%s/udev", root);
    machine = (struct exh_machine){sys_path, mounts_path, udev_path};
    usb_stick();
    ata_disk();
    nvme_disk();
    optical_drive();
    card();
    stack();
    put("mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n");
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void read_facts(unsigned major, unsigned minor)
{
    memset(&facts, 0, sizeof facts);
    facts.major = major;
    facts.minor = minor;
    if (!exh_identity_read(&machine, &facts, &err))
        fail_msg("%s", err.text);
}

static void check_names(const char *vendor, const char *model, const char *serial, const char *wwn, const char *firmware, const char *bus)
{
    assert_string_equal(facts.vendor, vendor);
    assert_string_equal(facts.model, model);
    assert_string_equal(facts.serial, serial);
    assert_string_equal(facts.wwn, wwn);
    assert_string_equal(facts.firmware, firmware);
    assert_string_equal(facts.bus, bus);
}

static void a_usb_stick(void **state)
{
    (void)state;
    read_facts(65, 112);
    check_names("SanDisk", "Cruzer Blade", "4C530001", "", "1.26", "usb");
    assert_string_equal(facts.node, "/dev/sdx");
    assert_int_equal(facts.bytes, 15633408ull * 512);
    assert_int_equal(facts.logical_sector_bytes, 512);
    assert_int_equal(facts.physical_sector_bytes, 4096);
    assert_true(facts.removable && facts.rotational);
    assert_false(facts.partition || facts.optical || facts.read_only);
    assert_string_equal(facts.holders, "dm-0, dm-1");
    read_facts(65, 113);
    check_names("SanDisk", "Cruzer Blade", "4C530001", "", "1.26", "usb");
    assert_string_equal(facts.node, "/dev/sdx1");
    assert_true(facts.partition && facts.removable);
    assert_int_equal(facts.bytes, 2048 * 512);
    assert_int_equal(facts.logical_sector_bytes, 512);
    assert_string_equal(facts.holders, "");
}

static void other_hardware(void **state)
{
    (void)state;
    read_facts(65, 128);
    check_names("ATA", "WDC WD40EFRX-68WT0N0", "WD-WCC4E1234567", "naa.50014ee2b1234567", "0A82", "ata");
    read_facts(259, 0);
    check_names("", "Samsung SSD 970 EVO Plus 500GB", "S4EVNX0N123456", "eui.0025385b71b0b6a1", "2B2QEXM7", "nvme");
    assert_int_equal(facts.logical_sector_bytes, 4096);
    assert_false(facts.rotational || facts.removable);
    read_facts(11, 0);
    check_names("HL-DT-ST", "DVDRAM GH24NSD1", "K9IH9B123", "t10.ATA     HL-DT-ST DVDRAM GH24NSD1                 K9IH9B123", "", "ata");
    assert_true(facts.optical && facts.removable);
    read_facts(179, 0);
    check_names("", "SC32G", "0x1a2b3c4d", "", "0x0", "mmc");
    read_facts(252, 0);
    check_names("", "luks-1", "CRYPT-LUKS2-abc", "", "", "dm");
    assert_string_equal(facts.holders, "dm-1");
}

static void an_unknown_device(void **state)
{
    (void)state;
    read_facts(240, 5);
    check_names("", "", "", "", "", "");
    assert_string_equal(facts.node, "");
}

/* A device chooses its own strings: they must not move a cursor, break a line, or be anything but UTF-8. */
static void hostile_strings(void **state)
{
    (void)state;
    attribute(USB, "model",
              "\x1b[2JEvil\nDisk\x7f\xc2\x9b"
              "31m\n");
    attribute(USB, "vendor", "\xff\xfe\x80\n");
    char longer[400];
    memset(longer, 0, sizeof longer);
    for (size_t i = 0; i + 3 < sizeof longer; i += 2)
        memcpy(longer + i, "\xc3\xbc", 2);
    attribute("pci0/usb1/1-2", "serial", longer);
    read_facts(65, 112);
    assert_string_equal(facts.model, "[2JEvil Disk   31m");
    assert_string_equal(facts.vendor, "\xc3\xbf\xc3\xbe\xe2\x82\xac");
    assert_int_equal(strlen(facts.serial), 126); /* cut between two characters */
    static const uint8_t lying[] = {0, 0x80, 0xFF, 0xFF, 'A', 'B'};
    put_bytes("sys/devices/" ATA "/vpd_pg80", lying, sizeof lying);
    read_facts(65, 128);
    assert_string_equal(facts.serial, "AB");
    put_bytes("sys/devices/" ATA "/vpd_pg80", lying, 3);
    read_facts(65, 128);
    assert_string_equal(facts.serial, "other"); /* udev's */
    attribute(USB_DISK, "size", "99999999999999999999999\n");
    read_facts(65, 112);
    assert_int_equal(facts.bytes, 0);
}

static void mounts(void **state)
{
    (void)state;
    put("mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                     "30 27 65:113 / /media/stick\\040one ro,relatime shared:1 master:2 - vfat /dev/sdx1 ro,fmask=0022\n"
                     "31 27 259:0 / /other rw - ext4 /dev/nvme0n1 rw\n"
                     "this is not a mount\n"
                     "32 27 65:128 / /cut rw\n");
    read_facts(65, 112);
    assert_string_equal(facts.mounts, "/media/stick one (ro)");
    assert_false(facts.mounted_rw);
    read_facts(65, 114);
    assert_string_equal(facts.mounts, "");
    /* On a volume on a crypt device on its second partition; a read-only bind mount of a writable file system is writable. */
    put("mountinfo", "30 27 65:113 / /a ro - vfat /dev/sdx1 ro\n31 27 252:1 / /b ro,relatime - ext4 /dev/mapper/v rw,discard\n");
    read_facts(65, 112);
    assert_string_equal(facts.mounts, "/a (ro), /b (rw)");
    assert_true(facts.mounted_rw);
    read_facts(65, 114);
    assert_string_equal(facts.mounts, "/b (rw)");
    read_facts(65, 113);
    assert_string_equal(facts.mounts, "/a (ro)");
    assert_false(facts.mounted_rw);
    assert_int_equal(unlink(mounts_path), 0);
    assert_false(exh_identity_read(&machine, &facts, &err)); /* nobody may take "unknown" for "not mounted" */
}

/* btrfs has a device number of its own, and may lie on several devices of which the table names one. */
static void mounts_of_btrfs(void **state)
{
    (void)state;
    put("mountinfo", "30 27 0:44 /@ /srv rw - btrfs /dev/sdy rw,space_cache\n");
    link_to("sys/fs/btrfs/features/x", "sys");
    link_to("sys/fs/btrfs/1234-5678/devices/sdy", "sys/devices/" ATA_DISK);
    link_to("sys/fs/btrfs/1234-5678/devices/nvme0n1", "sys/devices/" NVME_DISK);
    read_facts(65, 128);
    assert_string_equal(facts.mounts, "/srv (rw)");
    read_facts(259, 0);
    assert_string_equal(facts.mounts, "/srv (rw)");
    assert_true(facts.mounted_rw);
    read_facts(65, 112);
    assert_string_equal(facts.mounts, "");
}

static void many_mounts(void **state)
{
    (void)state;
    char table[8000] = "";
    for (int i = 0; i < 100; i++) {
        size_t used = strlen(table);
        (void)snprintf(table + used, sizeof table - used, "%d 27 65:113 / /media/number%03d rw - vfat /dev/sdx1 rw\n", i + 30, i);
    }
    put("mountinfo", table);
    read_facts(65, 112);
    size_t n = strlen(facts.mounts);
    assert_in_range(n, 400, sizeof facts.mounts - 1);
    assert_string_equal(facts.mounts + n - 5, ", ...");
}

/* A SCSI generic device says of itself what its disk does; and of one that no driver makes a disk of, its hardware. */
static void generic_devices(void **state)
{
    (void)state;
    put("sys/devices/" USB "/scsi_generic/sg3/dev", "21:3\n");
    link_to("sys/devices/" USB "/scsi_generic/sg3/device", "sys/devices/" USB);
    link_to("sys/dev/char/21:3", "sys/devices/" USB "/scsi_generic/sg3");
    attribute(ARRAY, "vendor", "NETAPP  \n");
    attribute(ARRAY, "model", "X410_HVIPC560A15\n");
    put("sys/devices/" ARRAY "/scsi_generic/sg4/dev", "21:4\n");
    link_to("sys/devices/" ARRAY "/scsi_generic/sg4/device", "sys/devices/" ARRAY);
    link_to("sys/dev/char/21:4", "sys/devices/" ARRAY "/scsi_generic/sg4");
    put("mountinfo", "31 27 65:113 / /media/stick rw - vfat /dev/sdx1 rw\n32 27 21:3 / /media/other rw - vfat /dev/mfm3 rw\n");

    memset(&facts, 0, sizeof facts);
    facts.generic = true;
    facts.major = 21;
    facts.minor = 3;
    assert_true(exh_identity_read(&machine, &facts, &err));
    assert_string_equal(facts.node, "/dev/sdx");
    assert_string_equal(facts.serial, "4C530001");
    assert_string_equal(facts.bus, "usb");
    assert_string_equal(facts.mounts, "/media/stick (rw)");
    assert_int_equal(facts.major, 21);
    assert_true(facts.removable && facts.mounted_rw && facts.bytes == UINT64_C(15633408) * 512);

    memset(&facts, 0, sizeof facts);
    facts.generic = true;
    facts.major = 21;
    facts.minor = 4;
    assert_true(exh_identity_read(&machine, &facts, &err));
    assert_string_equal(facts.node, "");
    assert_string_equal(facts.vendor, "NETAPP");
    assert_string_equal(facts.model, "X410_HVIPC560A15");
    assert_string_equal(facts.bus, "scsi");
    assert_true(facts.mounts[0] == '\0' && facts.holders[0] == '\0' && facts.bytes == 0);

    facts.minor = 5; /* not known to sysfs */
    facts.model[0] = '\0';
    assert_true(exh_identity_read(&machine, &facts, &err));
    assert_string_equal(facts.model, "");
}

static void differences(void **state)
{
    (void)state;
    char what[200];
    read_facts(65, 112);
    struct exh_device_facts now = facts;
    assert_false(exh_identity_differs(&facts, &now, what, sizeof what));
    now.mounted_rw = true; /* not who it is */
    assert_false(exh_identity_differs(&facts, &now, what, sizeof what));
    (void)snprintf(now.serial, sizeof now.serial, "other");
    assert_true(exh_identity_differs(&facts, &now, what, sizeof what));
    assert_string_equal(what, "its serial number was \"4C530001\", it is \"other\"");
    now = facts;
    now.bytes--;
    assert_true(exh_identity_differs(&facts, &now, what, sizeof what));
    now = facts;
    now.wwn[0] = 'x';
    assert_true(exh_identity_differs(&facts, &now, what, sizeof what));
    now = facts;
    now.minor++;
    assert_true(exh_identity_differs(&facts, &now, what, sizeof what));
    now = facts;
    now.physical_sector_bytes *= 2;
    assert_true(exh_identity_differs(&facts, &now, what, sizeof what));
}

static void identity_as_fields(void **state)
{
    (void)state;
    struct exh_fields fields = {0};
    read_facts(259, 0);
    assert_true(exh_device_identity(&facts, &fields, &err));
    assert_null(exh_fields_get(&fields, "vendor"));
    assert_string_equal(exh_fields_get(&fields, "serial"), "S4EVNX0N123456");
    assert_int_equal(fields.count, 5);
    exh_fields_close(&fields);
}

static bool gather(void *context, const struct exh_device_facts *f)
{
    char *names = context;
    size_t used = strlen(names);
    (void)snprintf(names + used, 400 - used, "%s ", f->path);
    return strstr(f->path, "stop") == NULL;
}

static void the_list(void **state)
{
    (void)state;
    char names[400] = "";
    block("virtual/block/ram0", "1:0\n", "100\n");
    block("virtual/block/zram0", "251:0\n", "100\n");
    block(LOOP, "7:7\n", "100\n");
    block("virtual/block/loop8", "7:8\n", "0\n");
    attribute(LOOP, "loop/backing_file", "/srv/a.img\n");
    block("virtual/block/nbd0", "43:0\n", "0\n");
    block("virtual/block/sdx10", "65:122\n", "0\n"); /* a disk of 520-byte sectors shows no size; it is there all the same */
    block("virtual/block/cciss!c0d0", "104:0\n", "100\n");
    assert_true(exh_identity_list(&machine, gather, names, &err));
    assert_string_equal(
        names, "/dev/cciss/c0d0 /dev/dm-0 /dev/dm-1 /dev/loop7 /dev/mmcblk0 /dev/nvme0n1 /dev/sdx /dev/sdx1 /dev/sdx2 /dev/sdx10 /dev/sdy /dev/sr0 ");
    machine.sys = "/nonexistent";
    assert_false(exh_identity_list(&machine, gather, names, &err));
}

static bool reaches(unsigned from_major, unsigned from_minor, unsigned major, unsigned minor)
{
    return exh_guard_reaches(&machine, (struct exh_devno){from_major, from_minor}, (struct exh_devno){major, minor});
}

static void what_writing_reaches(void **state)
{
    (void)state;
    assert_true(reaches(65, 112, 65, 112));
    assert_true(reaches(65, 113, 65, 112)); /* a partition lies on its disk */
    assert_true(reaches(252, 1, 65, 112));  /* volume -> crypt -> partition -> disk */
    assert_true(reaches(252, 1, 65, 114));
    assert_true(reaches(252, 1, 252, 0));
    assert_false(reaches(252, 1, 65, 113));  /* the other partition */
    assert_false(reaches(65, 113, 65, 114)); /* one partition to another of the same disk */
    assert_false(reaches(65, 112, 259, 0));
    assert_false(reaches(252, 0, 252, 1));
    assert_true(reaches(240, 0, 65, 112)); /* not known to sysfs: it cannot be told */
}

static void loops_in_the_tree_end(void **state)
{
    (void)state;
    stacked(CRYPT, VOLUME); /* no kernel makes this: dm-0 on dm-1 on dm-0 */
    assert_true(reaches(252, 0, 65, 112));
    assert_false(reaches(252, 0, 259, 0));
    read_facts(252, 0);
    assert_string_equal(facts.holders, "dm-1");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_usb_stick),     CASE(other_hardware),       CASE(an_unknown_device),     CASE(hostile_strings), CASE(mounts),
        CASE(mounts_of_btrfs), CASE(many_mounts),          CASE(differences),           CASE(generic_devices), CASE(identity_as_fields),
        CASE(the_list),        CASE(what_writing_reaches), CASE(loops_in_the_tree_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
