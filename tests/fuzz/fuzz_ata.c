/* Fuzz target: a drive that answers every command with what the input says, and everything that talks to drives: hidden areas, health, a SCSI disk.
 * An answer is one byte of kind, one of sense length, two of data length, then the bytes. Where the input ends, answers are empty and good.
 * Build with EXHIBIT_FUZZ. */
#include "acquire/health.h"
#include "acquire/hidden.h"
#include "acquire/scsi_disk.h"
#include "formats/model/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WANT_BLOCKS 24u
#define COMMANDS_MAX 400u /* of one input; then the transport is gone */

struct told {
    struct exh_transport transport;
    struct exh_cursor input;
    unsigned sent;
};

static void take(struct exh_cursor *c, void *to, size_t length)
{
    size_t n = length < exh_cursor_left(c) ? length : exh_cursor_left(c);
    const uint8_t *p = exh_cursor_bytes(c, n);
    if (p != NULL && n > 0)
        memcpy(to, p, n);
}

static bool told_send(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t in_length, struct exh_command_reply *r,
                      struct exh_error *err)
{
    struct told *told = (struct told *)t;
    if (!exh_command_is_harmless(c->cdb, c->cdb_length, NULL, 0))
        __builtin_trap();
    if (++told->sent > COMMANDS_MAX)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "enough");
    uint8_t kind = exh_cursor_u8(&told->input);
    r->sense_length = exh_cursor_u8(&told->input);
    r->bytes = exh_cursor_le16(&told->input);
    if (!exh_cursor_ok(&told->input))
        r->sense_length = 0, r->bytes = 0;
    r->status = (kind & 1) != 0 ? 2 : 0;
    /* A drive that is becoming ready would only be waited for. */
    take(&told->input, r->sense, r->sense_length < EXH_SENSE_BYTES_MAX ? r->sense_length : EXH_SENSE_BYTES_MAX);
    uint8_t sense[3];
    exh_sense_of(r->sense, EXH_SENSE_BYTES_MAX, sense);
    if (sense[0] == EXH_SENSE_NOT_READY && sense[1] == 4)
        r->sense[0] = 0;
    take(&told->input, in, r->bytes < in_length ? r->bytes : in_length);
    return true;
}

static void told_close(struct exh_transport *t) { (void)t; }

static const struct exh_transport_ops told_ops = {.send = told_send, .close = told_close};

static void check_area(const struct exh_hidden_area *area)
{
    if (memchr(area->why, '\0', sizeof area->why) == NULL || (area->state == EXH_HIDDEN_FOUND) != (area->sectors > 0) ||
        (area->state == EXH_HIDDEN_NOT_CHECKED && area->why[0] == '\0'))
        __builtin_trap();
}

static void read_some(struct exh_medium *medium, enum exh_effort effort)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_error err = {0};
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_want want = {.track = t, .count = t->sectors < WANT_BLOCKS ? (uint32_t)t->sectors : WANT_BLOCKS, .effort = effort};
    if (exh_block_open(&block, WANT_BLOCKS, t->main_bytes, 0, &err) && exh_medium_read(medium, NULL, &want, &block, &faults, &err))
        for (uint32_t i = 0; i < block.count; i++)
            if (block.state[i] != EXH_GOOD && faults.count == 0)
                __builtin_trap();
    exh_faults_close(&faults);
    exh_block_close(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct told told = {.transport = {&told_ops}, .input = exh_cursor_over(data + 1, size - 1)};
    struct exh_error err = {0};
    if (data[0] % 3 == 0) {
        struct exh_hidden hidden;
        exh_hidden_look(&told.transport, NULL, &hidden);
        check_area(&hidden.hpa);
        check_area(&hidden.dco);
        check_area(&hidden.ama);
    } else if (data[0] % 3 == 1) {
        struct exh_health health;
        exh_health_ask(&told.transport, NULL, &health);
        if (health.attribute_count > EXH_HEALTH_ATTRIBUTES_MAX || memchr(health.why, '\0', sizeof health.why) == NULL)
            __builtin_trap();
    } else {
        struct exh_medium *medium = exh_scsi_disk_open(&told.transport, "fuzz", &err);
        if (medium != NULL)
            read_some(medium, data[0] > 127 ? EXH_THOROUGH : EXH_ONCE);
        exh_medium_close(medium);
    }
    return 0;
}
