/* identity.c - what a device says of itself. See identity.h and the declarations in device.h.
 *
 * Sources, first one that answers wins: the block device's sysfs directory and its `device` link (SCSI: vendor, model, rev, vpd_pg80 = SPC
 * "unit serial number" page, wwid; NVMe: model, serial, firmware_rev, wwid; MMC: name, serial, fwrev, cid; virtio: serial), the USB device above it,
 * and udev's record in /run/udev/data, which has the names that SCSI cuts to 16 characters. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/identity.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define MAJOR_OPTICAL 11u /* Documentation/admin-guide/devices.txt: SCSI CD-ROM */
#define UDEV_RECORD_MAX 65536u

/* One device while it is looked at. */
struct look {
    const struct exh_machine *machine;
    struct exh_device_facts *facts;
    struct exh_devno block; /* 0:0: it is shown as none */
    char dir[PATH_MAX];     /* its own directory */
    char disk[PATH_MAX];    /* of the whole disk: the same, or the parent of a partition's */
    char device[PATH_MAX];  /* of the hardware behind it; empty for dm, md, loop */
};

static const char *name_of(const struct look *l) { return exh_text_base(l->dir); }
static bool disk_is(const struct look *l, const char *prefix) { return strncmp(exh_text_base(l->disk), prefix, strlen(prefix)) == 0; }

static bool resolve(const char *dir, const char *name, char out[PATH_MAX])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n > 0 && n < PATH_MAX && realpath(path, out) != NULL)
        return true;
    out[0] = '\0';
    return false;
}

static bool flag(const char *dir, const char *attribute)
{
    uint64_t value;
    return exh_sysfs_number(dir, attribute, &value) && value != 0;
}

static bool look_open(struct look *l)
{
    char type[PATH_MAX];
    struct exh_device_facts *f = l->facts;
    l->block = (struct exh_devno){f->major, f->minor};
    if (f->generic) {
        l->block = (struct exh_devno){0, 0};
        if (!exh_sysfs_generic(l->machine, (struct exh_devno){f->major, f->minor}, l->device))
            return false;
        memcpy(l->dir, l->device, sizeof l->dir);
        memcpy(l->disk, l->device, sizeof l->disk);
        if (!exh_sysfs_block_of(l->device, &l->block))
            return true;
    }
    if (!exh_sysfs_dir(l->machine, l->block, l->dir))
        return false;
    f->partition = resolve(l->dir, "partition", type);
    memcpy(l->disk, l->dir, sizeof l->disk);
    if (f->partition)
        *strrchr(l->disk, '/') = '\0';
    (void)resolve(l->disk, "device", l->device);
    return true;
}

/* uevent has DEVNAME=sda; without it the name itself, in which sysfs writes '!' for '/'. */
static void read_node(struct look *l)
{
    char name[NAME_MAX + 1];
    if (l->block.major == 0)
        return;
    (void)snprintf(name, sizeof name, "%.*s", NAME_MAX, name_of(l));
    for (char *p = name; *p != '\0'; p++)
        if (*p == '!')
            *p = '/';
    (void)snprintf(l->facts->node, sizeof l->facts->node, "/dev/%.240s", name);
}

static void read_geometry(struct look *l)
{
    struct exh_device_facts *f = l->facts;
    uint64_t value;
    if (exh_sysfs_number(l->dir, "size", &value) && exh_mul_u64(value, 512, &value))
        f->bytes = value; /* sysfs counts in 512 bytes, whatever the device does */
    if (exh_sysfs_number(l->disk, "queue/logical_block_size", &value))
        f->logical_sector_bytes = (uint32_t)value;
    if (exh_sysfs_number(l->disk, "queue/physical_block_size", &value))
        f->physical_sector_bytes = (uint32_t)value;
    f->read_only = flag(l->dir, "ro");
    f->removable = flag(l->disk, "removable");
    f->rotational = flag(l->disk, "queue/rotational");
    f->optical = f->major == MAJOR_OPTICAL || (exh_sysfs_number(l->device, "type", &value) && value == 5); /* SPC: 05h CD/DVD device */
}

/* The unit serial number page: {type, 80h, length (be16), text}. */
static bool read_page80(const char *device, char *out, size_t room)
{
    uint8_t page[260];
    size_t n = exh_sysfs_bytes(device, "vpd_pg80", page, sizeof page);
    if (n < 4 || page[1] != 0x80)
        return false;
    size_t length = exh_be16(page + 2) < n - 4 ? exh_be16(page + 2) : n - 4;
    exh_sysfs_clean(page + 4, length, out, room);
    return out[0] != '\0';
}

/* A designator "t10.VENDOR  MODEL  SERIAL" ends in the serial number. */
static bool serial_from_wwid(const char *wwid, char *out, size_t room)
{
    const char *space = strrchr(wwid, ' ');
    if (strncmp(wwid, "t10.", 4) != 0 || space == NULL)
        return false;
    exh_sysfs_clean((const uint8_t *)space, strlen(space), out, room);
    return out[0] != '\0';
}

static bool first_of(const char *dir, const char *const *attributes, char *out, size_t room)
{
    for (; *attributes != NULL; attributes++)
        if (exh_sysfs_text(dir, *attributes, out, room))
            return true;
    return false;
}

/* The nearest directory above the hardware's that is a USB device: it alone has idVendor. */
static bool usb_above(const struct look *l, char out[PATH_MAX])
{
    char probe[PATH_MAX];
    memcpy(out, l->device, sizeof l->device);
    for (char *slash = strrchr(out, '/'); slash != NULL && slash != out; slash = strrchr(out, '/')) {
        if (resolve(out, "idVendor", probe))
            return true;
        *slash = '\0';
    }
    out[0] = '\0';
    return false;
}

static void read_hardware(struct look *l)
{
    static const char *const models[] = {"model", "name", NULL}, *const serials[] = {"serial", NULL}, *const wwids[] = {"wwid", NULL},
                             *const firmwares[] = {"rev", "firmware_rev", "fwrev", NULL};
    struct exh_device_facts *f = l->facts;
    char usb[PATH_MAX];
    bool on_usb = usb_above(l, usb);
    if (!exh_sysfs_text(l->device, "vendor", f->vendor, sizeof f->vendor) && on_usb)
        (void)exh_sysfs_text(usb, "manufacturer", f->vendor, sizeof f->vendor);
    if (strncmp(f->vendor, "0x", 2) == 0)
        f->vendor[0] = '\0'; /* a virtio or PCI id, not a name */
    if (!first_of(l->device, models, f->model, sizeof f->model) && on_usb)
        (void)exh_sysfs_text(usb, "product", f->model, sizeof f->model);
    if (!exh_sysfs_text(l->disk, "wwid", f->wwn, sizeof f->wwn))
        (void)first_of(l->device, wwids, f->wwn, sizeof f->wwn);
    (void)first_of(l->device, firmwares, f->firmware, sizeof f->firmware);
    if (!exh_sysfs_text(l->disk, "serial", f->serial, sizeof f->serial) && !first_of(l->device, serials, f->serial, sizeof f->serial) &&
        !read_page80(l->device, f->serial, sizeof f->serial) && !serial_from_wwid(f->wwn, f->serial, sizeof f->serial) && on_usb)
        (void)exh_sysfs_text(usb, "serial", f->serial, sizeof f->serial);
}

/* Devices that the kernel makes up have names instead of hardware. */
static bool read_virtual(struct look *l)
{
    struct exh_device_facts *f = l->facts;
    if (disk_is(l, "loop")) {
        (void)exh_sysfs_text(l->disk, "loop/backing_file", f->backing, sizeof f->backing);
        (void)snprintf(f->bus, sizeof f->bus, "loop");
    } else if (disk_is(l, "dm-")) {
        (void)exh_sysfs_text(l->disk, "dm/name", f->model, sizeof f->model);
        (void)exh_sysfs_text(l->disk, "dm/uuid", f->serial, sizeof f->serial);
        (void)snprintf(f->bus, sizeof f->bus, "dm");
    } else if (disk_is(l, "md") && l->device[0] == '\0') {
        (void)exh_sysfs_text(l->disk, "md/level", f->model, sizeof f->model);
        (void)exh_sysfs_text(l->disk, "md/uuid", f->serial, sizeof f->serial);
        (void)snprintf(f->bus, sizeof f->bus, "md");
    } else {
        return false;
    }
    return true;
}

/* Does the path go through a directory of this name and a number ("usb1", not "usbfoo"), or begin with it when it ends in '-' or '/'? */
static bool passes(const char *path, const char *part)
{
    size_t n = strlen(part);
    for (const char *hit = strstr(path, part); hit != NULL; hit = strstr(hit + n, part))
        if (part[n - 1] == '/' || part[n - 1] == '-' || (hit[n] >= '0' && hit[n] <= '9'))
            return true;
    return false;
}

/* By the path through the machine's buses: the one that a person would name. */
static void read_bus(struct look *l)
{
    static const struct {
        const char *part, *bus;
    } buses[] = {{"/usb", "usb"},       {"/nvme", "nvme"},       {"/nvme-subsystem/", "nvme"}, {"/mmc_host/", "mmc"}, {"/ata", "ata"},
                 {"/session", "iscsi"}, {"/end_device-", "sas"}, {"/fw", "ieee1394"},          {"/host", "scsi"},     {"/virtio", "virtio"},
                 {"/vbd-", "xen"}};
    size_t root = strlen(l->machine->sys);
    const char *path = strlen(l->device) > root ? l->device + root : "";
    for (size_t i = 0; i < sizeof buses / sizeof buses[0] && l->facts->bus[0] == '\0'; i++)
        if (passes(path, buses[i].part))
            (void)snprintf(l->facts->bus, sizeof l->facts->bus, "%s", buses[i].bus);
}

/* udev writes blanks and other bytes of ID_..._ENC as \xHH. In place. */
static void undo_escapes(char *text)
{
    char *to = text;
    uint8_t byte;
    for (const char *p = text; *p != '\0';) {
        char digits[3] = {0};
        if (p[0] == '\\' && p[1] == 'x' && p[2] != '\0' && p[3] != '\0') {
            memcpy(digits, p + 2, 2);
            if (exh_text_unhex(digits, &byte, 1) && byte != 0) {
                *to++ = (char)byte;
                p += 4;
                continue;
            }
        }
        *to++ = *p++;
    }
    *to = '\0';
}

/* The value of "E:key=" in udev's record, or false. */
static bool udev_value(const char *record, const char *key, char *out, size_t room)
{
    char start[64];
    size_t n = (size_t)snprintf(start, sizeof start, "E:%s=", key);
    for (const char *line = record; line != NULL; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, start, n) != 0)
            continue;
        char *value = exh_text_copy(line + n, strcspn(line + n, "\n"));
        if (value == NULL)
            return false;
        undo_escapes(value);
        exh_sysfs_clean((const uint8_t *)value, strlen(value), out, room);
        free(value);
        return out[0] != '\0';
    }
    return false;
}

static void fill_from_udev(struct look *l, const char *record)
{
    struct exh_device_facts *f = l->facts;
    char model[sizeof f->model], serial[sizeof f->serial];
    /* SCSI has room for 16 characters of an ATA disk's 40: the longer form of the same name is the name. */
    if (udev_value(record, "ID_MODEL_ENC", model, sizeof model) && strncmp(model, f->model, strlen(f->model)) == 0)
        memcpy(f->model, model, sizeof model);
    if (f->serial[0] == '\0' &&
        (udev_value(record, "ID_SERIAL_SHORT", serial, sizeof serial) || udev_value(record, "ID_SCSI_SERIAL", serial, sizeof serial)))
        memcpy(f->serial, serial, sizeof serial);
    if (f->wwn[0] == '\0')
        (void)udev_value(record, "ID_WWN", f->wwn, sizeof f->wwn);
    if (f->firmware[0] == '\0')
        (void)udev_value(record, "ID_REVISION", f->firmware, sizeof f->firmware);
    if (f->bus[0] == '\0')
        (void)udev_value(record, "ID_BUS", f->bus, sizeof f->bus);
}

static bool read_udev(struct look *l, struct exh_error *err)
{
    char name[64];
    struct exh_devno disk;
    if (!exh_sysfs_devno(l->disk, &disk))
        return true;
    (void)snprintf(name, sizeof name, "b%u:%u", disk.major, disk.minor);
    char *record = malloc(UDEV_RECORD_MAX + 1);
    if (record == NULL)
        return exh_nomem(err, "a device's record");
    size_t n = exh_sysfs_bytes(l->machine->udev, name, (uint8_t *)record, UDEV_RECORD_MAX);
    record[n] = '\0';
    fill_from_udev(l, record);
    free(record);
    return true;
}

/* Appends an item to a list ", "; a list that is full says so once. */
static void append(char *list, size_t room, const char *item)
{
    static const char more[] = ", ...";
    size_t used = strlen(list), n = strlen(item), separator = used > 0 ? 2 : 0;
    if (used >= sizeof more - 1 && strcmp(list + used - (sizeof more - 1), more) == 0)
        return;
    bool fits = used + separator + n + sizeof more <= room;
    (void)snprintf(list + used, room - used, "%s%s", separator != 0 ? ", " : "", fits ? item : "...");
}

struct mount_list {
    const struct exh_machine *machine;
    struct exh_device_facts *facts;
    struct exh_devset set;
};

static bool take_mount(void *context, const struct exh_mount *mount)
{
    struct mount_list *m = context;
    struct exh_devno device;
    struct exh_devset members = {0};
    char folder[sizeof m->facts->mounts / 2], item[sizeof folder + 8];
    if (!exh_mount_device(m->machine, mount, &device))
        return true;
    (void)exh_devset_add(&members, device);
    exh_sysfs_btrfs(m->machine, device, &members);
    bool ours = false;
    for (size_t i = 0; i < members.count && !ours; i++)
        ours = exh_devset_has(&m->set, members.items[i]);
    if (!ours)
        return true;
    exh_sysfs_clean((const uint8_t *)mount->folder, strlen(mount->folder), folder, sizeof folder);
    (void)snprintf(item, sizeof item, "%s (%s)", folder, mount->writable ? "rw" : "ro");
    append(m->facts->mounts, sizeof m->facts->mounts, item);
    m->facts->mounted_rw = m->facts->mounted_rw || mount->writable;
    return true;
}

/* Names what is stacked on the device: all of the set that is neither itself nor a partition. */
static void name_holders(struct mount_list *m)
{
    struct exh_device_facts *f = m->facts;
    char dir[PATH_MAX], probe[PATH_MAX];
    for (size_t i = 1; i < m->set.count; i++)
        if (exh_sysfs_dir(m->machine, m->set.items[i], dir) && !resolve(dir, "partition", probe))
            append(f->holders, sizeof f->holders, exh_text_base(dir));
}

static bool read_use(struct look *l, struct exh_error *err)
{
    struct mount_list *m = calloc(1, sizeof *m);
    if (m == NULL)
        return exh_nomem(err, "a device's mounts");
    m->machine = l->machine;
    m->facts = l->facts;
    if (l->block.major != 0)
        exh_sysfs_above(l->machine, l->block, &m->set);
    name_holders(m);
    bool read = exh_mounts_each(l->machine, take_mount, m, err);
    free(m);
    return read;
}

bool exh_identity_read(const struct exh_machine *machine, struct exh_device_facts *facts, struct exh_error *err)
{
    struct look *l = calloc(1, sizeof *l);
    if (l == NULL)
        return exh_nomem(err, "a device");
    l->machine = machine;
    l->facts = facts;
    bool read = true;
    if (look_open(l)) {
        read_node(l);
        read_geometry(l);
        if (!read_virtual(l)) {
            read_bus(l);
            read_hardware(l);
            read = read_udev(l, err);
        }
    }
    read = read && read_use(l, err);
    free(l);
    return read;
}

/* ---- the list ---- */

/* A drive that is asked for its disc with O_NONBLOCK neither pulls its tray in nor spins up. Without a disc sysfs shows an old size. */
static void ask_for_disc(struct exh_device_facts *facts)
{
    int fd = open(facts->node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    int status = ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT);
    if (status == CDS_NO_DISC || status == CDS_TRAY_OPEN)
        facts->bytes = 0;
    (void)close(fd);
}

/* Not imaged: memory (ram, zram), loop devices without a file, network block devices that are not connected, paths the kernel hides. */
static bool worth_listing(const struct exh_device_facts *f)
{
    const char *name = exh_text_base(f->node);
    if (strncmp(name, "ram", 3) == 0 || strncmp(name, "zram", 4) == 0)
        return false;
    if (strcmp(f->bus, "loop") == 0)
        return f->backing[0] != '\0';
    return f->bytes != 0 || strncmp(name, "nbd", 3) != 0;
}

static bool list_one(const struct exh_machine *machine, const char *name, bool *more, bool (*row)(void *, const struct exh_device_facts *),
                     void *context, struct exh_error *err)
{
    struct exh_device_facts *f = calloc(1, sizeof *f);
    struct exh_devno device;
    if (f == NULL)
        return exh_nomem(err, "a device");
    bool read = true;
    if (exh_sysfs_named(machine, name, &device)) {
        f->major = device.major;
        f->minor = device.minor;
        read = exh_identity_read(machine, f, err);
        memcpy(f->path, f->node, sizeof f->path);
        if (read && f->optical)
            ask_for_disc(f);
        if (read && f->node[0] != '\0' && worth_listing(f))
            *more = row(context, f);
    }
    free(f);
    return read;
}

bool exh_identity_list(const struct exh_machine *machine, bool (*row)(void *context, const struct exh_device_facts *), void *context,
                       struct exh_error *err)
{
    char path[PATH_MAX];
    struct dirent **names = NULL;
    (void)snprintf(path, sizeof path, "%s/class/block", machine->sys);
    int count = scandir(path, &names, NULL, versionsort);
    if (count < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the devices in %s", path);
    bool read = true, more = true;
    for (int i = 0; i < count; i++) {
        if (read && more)
            read = list_one(machine, names[i]->d_name, &more, row, context, err);
        free(names[i]);
    }
    free(names);
    return read;
}

bool exh_device_list(bool (*row)(void *context, const struct exh_device_facts *), void *context, struct exh_error *err)
{
    return exh_identity_list(&exh_this_machine, row, context, err);
}

/* ---- one device ---- */

bool exh_device_identity(const struct exh_device_facts *facts, struct exh_fields *out, struct exh_error *err)
{
    const struct {
        const char *key, *value;
    } fields[] = {{"vendor", facts->vendor}, {"model", facts->model},       {"serial", facts->serial},
                  {"wwn", facts->wwn},       {"firmware", facts->firmware}, {"bus", facts->bus}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].value[0] != '\0' && !exh_fields_set(out, fields[i].key, fields[i].value, err))
            return false;
    return true;
}

bool exh_identity_differs(const struct exh_device_facts *before, const struct exh_device_facts *now, char *what, size_t room)
{
    if (before->major != now->major || before->minor != now->minor)
        (void)snprintf(what, room, "it was device %u:%u, it is %u:%u", before->major, before->minor, now->major, now->minor);
    else if (before->bytes != now->bytes)
        (void)snprintf(what, room, "it had %llu bytes, it has %llu", (unsigned long long)before->bytes, (unsigned long long)now->bytes);
    else if (before->logical_sector_bytes != now->logical_sector_bytes || before->physical_sector_bytes != now->physical_sector_bytes)
        (void)snprintf(what, room, "its sectors were %u/%u bytes, they are %u/%u", before->logical_sector_bytes, before->physical_sector_bytes,
                       now->logical_sector_bytes, now->physical_sector_bytes);
    else if (strcmp(before->serial, now->serial) != 0)
        (void)snprintf(what, room, "its serial number was \"%s\", it is \"%s\"", before->serial, now->serial);
    else if (strcmp(before->wwn, now->wwn) != 0)
        (void)snprintf(what, room, "its WWN was \"%s\", it is \"%s\"", before->wwn, now->wwn);
    else
        return false;
    return true;
}
