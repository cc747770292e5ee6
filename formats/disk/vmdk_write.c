/* vmdk_write.c - what is written as a VMDK, and the descriptor of it. See vmdk_write.h. */
#include "formats/disk/one_disk.h"
#include "formats/disk/vmdk_write.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define GRAIN_BYTES 65536u /* of the stream; sectors must divide it */

/* Sectors of 512 and heads as VMware gives them to SCSI disks of that size. */
static void geometry_of(uint64_t sectors, unsigned *heads, unsigned *each)
{
    *heads = sectors < (1ull << 30) / 512 ? 64 : sectors < (2ull << 30) / 512 ? 128 : 255;
    *each = *heads == 255 ? 63 : 32;
}

/* The last four bytes of the long identifier; the two values that mean something else are stepped around. */
static void identify(const uint8_t guid[16], char hex[33])
{
    uint8_t id[16];
    memcpy(id, guid, sizeof id);
    if (exh_be32(id + 12) >= 0xFFFFFFFEu)
        id[12] = 0x7F;
    exh_text_hex(id, sizeof id, hex);
}

char *exh_vmdk_text(const struct exh_vmdk_said *said)
{
    char id[33];
    unsigned heads, each;
    uint64_t sectors = said->disk_bytes / 512;
    geometry_of(sectors, &heads, &each);
    identify(said->guid, id);
    uint64_t cylinders = sectors / ((uint64_t)heads * each);
    return exh_text_format("# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\nCID=%s\nparentCID=ffffffff\ncreateType=\"%s\"\n\n"
                           "# Extent description\n%s %llu %s \"%s\"%s\n\n# The Disk Data Base\n#DDB\n\nddb.adapterType = \"lsilogic\"\n"
                           "ddb.geometry.cylinders = \"%llu\"\nddb.geometry.heads = \"%u\"\nddb.geometry.sectors = \"%u\"\n"
                           "ddb.longContentID = \"%s\"\nddb.virtualHWVersion = \"4\"\n",
                           id + 24, said->create_type, said->access, (unsigned long long)sectors, said->type, said->name, said->behind,
                           (unsigned long long)(cylinders > 0 ? cylinders : 1), heads, each, id);
}

bool exh_vmdk_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    return exh_one_disk_fits(layout, "VMDK", "512 bytes", 512, GRAIN_BYTES, losses, err);
}

/* A descriptor has its names in quotes and a line for each extent, and no way to write either of these. */
static bool name_can_be_said(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if (*p == '"' || (unsigned char)*p < 0x20)
            return false;
    return exh_text_is_utf8(name, strlen(name));
}

bool exh_vmdk_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_vmdk_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    if (!fits)
        return false;
    if (!name_can_be_said(create->name))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the descriptor of a VMDK cannot hold the name '%.200s'", create->name);
    return create->compression == EXH_COMPRESS_NONE ? exh_vmdk_flat_create(create, out, err) : exh_vmdk_stream_create(create, out, err);
}
