/* hidden.c - looking for hidden areas, asking only. See hidden.h. */
#include "acquire/hidden.h"

#include <stdarg.h>

#include "acquire/ata.h"

const char *exh_hidden_state_name(enum exh_hidden_state state)
{
    static const char *const names[] = {"not-checked", "none", "found"};
    return (unsigned)state < 3 ? names[state] : "bug";
}

static void set(struct exh_hidden_area *area, enum exh_hidden_state state, const char *fmt, ...) EXH_PRINTF(3, 4);

static void set(struct exh_hidden_area *area, enum exh_hidden_state state, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(area->why, sizeof area->why, fmt, args);
    va_end(args);
    area->state = state;
    area->sectors = 0;
}

static void none_checked(struct exh_hidden *out, const char *why)
{
    set(&out->hpa, EXH_HIDDEN_NOT_CHECKED, "%.150s", why);
    set(&out->dco, EXH_HIDDEN_NOT_CHECKED, "%.150s", why);
    set(&out->ama, EXH_HIDDEN_NOT_CHECKED, "%.150s", why);
}

/* What is left over when `total` sectors are there and `shown` of them are shown. */
static void compare(struct exh_hidden *out, struct exh_hidden_area *area, uint64_t shown, uint64_t total)
{
    if (total < shown) {
        set(area, EXH_HIDDEN_NOT_CHECKED, "the drive contradicts itself: %llu sectors in all, %llu shown", (unsigned long long)total,
            (unsigned long long)shown);
        return;
    }
    set(area, total > shown ? EXH_HIDDEN_FOUND : EXH_HIDDEN_NONE, "%s", "");
    area->sectors = total - shown;
    if (total > out->native_sectors)
        out->native_sectors = total;
}

/* HPA and AMA: the highest address comes back in the registers. */
static void look_by_registers(struct exh_transport *transport, enum exh_ata_question question, struct exh_hidden *out, struct exh_hidden_area *area)
{
    struct exh_ata_answer answer;
    struct exh_error err = {0};
    if (!exh_ata_ask(transport, question, &answer, &err))
        set(area, EXH_HIDDEN_NOT_CHECKED, "%.150s", err.text);
    else if (!answer.registers.lba_whole)
        set(area, EXH_HIDDEN_NOT_CHECKED, "%s: what connects the drive returns only the low 24 bits of the address", exh_ata_question_name(question));
    else
        compare(out, area, out->visible_sectors, answer.registers.lba + 1);
}

static void look_for_hpa(struct exh_transport *transport, const struct exh_ata_identity *id, struct exh_hidden *out)
{
    if (!id->hpa)
        set(&out->hpa, EXH_HIDDEN_NONE, "the drive has no HPA feature set");
    else
        look_by_registers(transport, id->lba48 ? EXH_ATA_NATIVE_MAX_EXT : EXH_ATA_NATIVE_MAX, out, &out->hpa);
}

static void look_for_ama(struct exh_transport *transport, const struct exh_ata_identity *id, struct exh_hidden *out)
{
    if (!id->ama)
        set(&out->ama, EXH_HIDDEN_NONE, "the drive has no accessible max address feature set");
    else
        look_by_registers(transport, EXH_ATA_AMA_NATIVE_MAX_EXT, out, &out->ama);
}

/* The overlay's data always has its checksum (ATA/ATAPI-6 8.10.3.5, word 255). Words 3-6: the highest LBA that the drive can be given. */
static bool dco_sectors(struct exh_transport *transport, uint64_t *sectors, struct exh_error *err)
{
    struct exh_ata_answer answer;
    if (!exh_ata_ask(transport, EXH_ATA_DCO_IDENTIFY, &answer, err))
        return false;
    *sectors = 1;
    for (unsigned i = 0; i < 4; i++)
        *sectors += (uint64_t)exh_ata_word(answer.data, 3 + i) << (16 * i);
    if ((exh_ata_word(answer.data, 255) & 0xFF) == 0xA5 && exh_ata_checksum_holds(answer.data) && *sectors > 1)
        return true;
    return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "DEVICE CONFIGURATION IDENTIFY gives data without a right checksum");
}

/* Last: the overlay lies below the other two, so it hides what is above the native address that they know. */
static void look_for_dco(struct exh_transport *transport, const struct exh_ata_identity *id, struct exh_hidden *out)
{
    uint64_t total;
    struct exh_error err = {0};
    if (!id->dco)
        set(&out->dco, EXH_HIDDEN_NONE, "the drive has no DCO feature set");
    else if (!dco_sectors(transport, &total, &err))
        set(&out->dco, EXH_HIDDEN_NOT_CHECKED, "%.150s", err.text);
    else
        compare(out, &out->dco, out->native_sectors, total);
    bool unsure = out->hpa.state == EXH_HIDDEN_NOT_CHECKED || out->ama.state == EXH_HIDDEN_NOT_CHECKED;
    if (out->dco.state == EXH_HIDDEN_FOUND && unsure)
        (void)snprintf(out->dco.why, sizeof out->dco.why, "some or all of them may be hidden by the %s, which could not be checked",
                       out->hpa.state == EXH_HIDDEN_NOT_CHECKED ? "HPA" : "accessible max address");
}

static bool is_disk(uint8_t type) { return type == EXH_SCSI_DISK || type == EXH_SCSI_SIMPLIFIED_DISK || type == EXH_SCSI_ZONED_DISK; }

/* Is there an ATA disk that says what it has? */
static bool identify(struct exh_transport *transport, struct exh_ata_identity *id, struct exh_error *err)
{
    uint8_t type;
    if (!exh_scsi_type(transport, &type, err))
        return false;
    if (!is_disk(type))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the device is no disk (device type %02xh)", type);
    return exh_ata_identify(transport, id, err) || exh_context(err, "a SCSI disk, or an ATA disk that does not answer");
}

void exh_hidden_look(struct exh_transport *transport, const char *why, struct exh_hidden *out)
{
    struct exh_ata_identity id;
    struct exh_error err = {0};
    memset(out, 0, sizeof *out);
    if (transport == NULL) {
        none_checked(out, why != NULL && why[0] != '\0' ? why : "the device takes no commands");
        return;
    }
    if (!identify(transport, &id, &err)) {
        none_checked(out, err.text);
        return;
    }
    out->visible_sectors = out->native_sectors = id.sectors;
    if (!id.feature_sets_told) {
        none_checked(out, "the drive does not tell its feature sets");
        return;
    }
    look_for_hpa(transport, &id, out);
    look_for_ama(transport, &id, out);
    look_for_dco(transport, &id, out);
}

bool exh_hidden_none(const struct exh_hidden *hidden)
{
    return hidden->hpa.state == EXH_HIDDEN_NONE && hidden->dco.state == EXH_HIDDEN_NONE && hidden->ama.state == EXH_HIDDEN_NONE;
}
