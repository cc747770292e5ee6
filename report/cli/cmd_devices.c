/* cmd_devices.c - `exhibit devices`: what can be imaged, as a table or as JSON. Opens no disk: everything comes from sysfs. */
#include "report/cli/command.h"

#include "acquire/device.h"

#define COLUMN_NAME 28 /* characters */

struct listing {
    const struct exh_args *args;
    json_t *devices; /* NULL: no JSON is wanted */
    size_t count;
    bool lost; /* memory ran out */
};

/* "7.5 GiB": for reading; --json has the bytes. */
static void size_text(uint64_t bytes, char *out, size_t room)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    uint64_t tenths = bytes;
    for (; tenths >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        tenths /= 1024;
    if (unit == 0)
        (void)snprintf(out, room, "%llu B", (unsigned long long)bytes);
    else
        (void)snprintf(out, room, "%llu.%llu %s", (unsigned long long)tenths, (unsigned long long)(bytes >> (10 * (unit - 1))) % 1024 * 10 / 1024,
                       units[unit]);
}

static const char *state_of(const struct exh_device_facts *f)
{
    if (f->bytes == 0)
        return f->optical ? "no disc" : f->removable ? "no medium" : "no size";
    return f->read_only ? "read-only" : "writable";
}

static void print_row(const struct exh_args *args, const struct exh_device_facts *f)
{
    char size[32], sectors[32], model[sizeof f->vendor + sizeof f->model + 1];
    size_text(f->bytes, size, sizeof size);
    (void)snprintf(sectors, sizeof sectors, "%u/%u", f->logical_sector_bytes, f->physical_sector_bytes);
    (void)snprintf(model, sizeof model, "%s%s%s", f->vendor, f->vendor[0] != '\0' && f->model[0] != '\0' ? " " : "", f->model);
    const char *name = f->partition ? "  (partition)" : model[0] != '\0' ? model : f->backing[0] != '\0' ? f->backing : "-";
    size_t length = strlen(name);
    bool cut = length > COLUMN_NAME; /* then its end is shown: of a path that tells more than the beginning */
    exh_print(args, "%-16s %11s %9s %-9s  %s%-*s  %-22s  %s\n", f->path, size, sectors, state_of(f), cut ? "..." : "",
              cut ? COLUMN_NAME - 3 : COLUMN_NAME, cut ? name + length - (COLUMN_NAME - 3) : name,
              f->partition || f->serial[0] == '\0' ? "-" : f->serial,
              f->mounts[0] != '\0'    ? f->mounts
              : f->holders[0] != '\0' ? f->holders
                                      : "-");
}

static json_t *text_or_null(const char *text) { return text[0] != '\0' ? json_string(text) : json_null(); }

static json_t *as_json(const struct exh_device_facts *f)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:b, s:o, s:b, s:o, s:o}", "path", f->path, "vendor",
                     text_or_null(f->vendor), "model", text_or_null(f->model), "serial", text_or_null(f->serial), "wwn", text_or_null(f->wwn),
                     "firmware", text_or_null(f->firmware), "bus", text_or_null(f->bus), "bytes", (json_int_t)f->bytes, "sector_size",
                     (json_int_t)f->logical_sector_bytes, "physical_sector_size", (json_int_t)f->physical_sector_bytes, "read_only", f->read_only,
                     "removable", f->removable, "rotational", f->rotational, "optical", f->optical, "partition", f->partition, "mounts",
                     text_or_null(f->mounts), "mounted_rw", f->mounted_rw, "holders", text_or_null(f->holders), "backing", text_or_null(f->backing));
}

static bool list_one(void *context, const struct exh_device_facts *f)
{
    struct listing *l = context;
    if (l->devices != NULL) {
        json_t *device = as_json(f);
        l->lost = device == NULL || json_array_append_new(l->devices, device) != 0;
    } else {
        if (l->count == 0)
            exh_print(l->args, "%-16s %11s %9s %-9s  %-28s  %-22s  %s\n", "PATH", "SIZE", "SECTOR", "STATE", "MODEL", "SERIAL", "IN USE");
        print_row(l->args, f);
    }
    l->count++;
    return !l->lost;
}

static enum exh_exit devices_run(struct exh_args *args)
{
    struct listing l = {.args = args, .devices = exh_wants_json(args) ? json_array() : NULL};
    struct exh_error err = {.at = EXH_NO_OFFSET};
    bool listed = exh_device_list(list_one, &l, &err);
    if (listed && (l.lost || (l.devices == NULL && exh_wants_json(args))))
        listed = exh_nomem(&err, "the list of devices");
    if (!listed) {
        json_decref(l.devices);
        return exh_tell_error(args, &err);
    }
    if (l.devices != NULL)
        exh_answer(args, json_pack("{s:o}", "devices", l.devices));
    else if (l.count == 0)
        exh_say(args, "no device that can be imaged");
    return EXH_EXIT_DONE;
}

static const struct exh_option no_options[] = {{0}};

extern const struct exh_command exh_command_devices;
const struct exh_command exh_command_devices = {
    .name = "devices",
    .operands = "",
    .summary = "list what can be imaged: size, sectors, model, serial number, and where it is in use",
    .options = no_options,
    .run = devices_run,
    .notes = "SECTOR is logical/physical bytes. STATE tells what the kernel allows; exhibit itself never opens a source for writing.\n"
             "IN USE names where the device, its partitions or what is stacked on them are mounted; (rw) means that the medium is being changed.",
};
