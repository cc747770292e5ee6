/* sector.c - what a raw CD sector is, what is wrong with it, and where its user data lie. See sector.h.
 *
 * The order of the questions is the order of trust: sync, header, mode byte, then EDC and parities (ECMA-130 clause 14; CD-ROM XA for the forms of
 * Mode 2). Good sectors take the short way through; only what fails is looked at again, and again in other lights. */
#include "formats/optical/sector.h"

#include "formats/model/bytes.h"
#include "formats/optical/edc.h"
#include "formats/optical/msf.h"

#define HEADER 12u
#define MODE 15u
#define BODY 16u /* behind the header: user data, or the subheader */
#define BODY_BYTES 2336u
#define SUBHEADER_BYTES 8u /* four bytes, twice */
#define SUBMODE 2u         /* of those four */
#define USER_BYTES 2048u
#define USER2_BYTES 2324u
#define MODE1_EDC 2064u
#define MODE1_RESERVED 2068u
#define FORM1_EDC (BODY + SUBHEADER_BYTES + USER_BYTES)
#define FORM2_EDC (BODY + SUBHEADER_BYTES + USER2_BYTES)

enum submode { SUBMODE_VIDEO = 2, SUBMODE_AUDIO = 4, SUBMODE_DATA = 8, SUBMODE_FORM2 = 32 };

static const uint8_t sync_pattern[HEADER] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};

/* ---- the forms of Mode 2, by the 2336 bytes from the subheader on ---- */

static bool form1_edc_holds(const uint8_t body[BODY_BYTES]) { return exh_edc(body, FORM1_EDC - BODY) == exh_le32(body + FORM1_EDC - BODY); }

static bool form2_edc_holds(const uint8_t body[BODY_BYTES])
{
    uint32_t stored = exh_le32(body + FORM2_EDC - BODY);
    return stored != 0 && exh_edc(body, FORM2_EDC - BODY) == stored;
}

/* A sector is of one kind at most (CD-ROM XA: video, audio, data exclude each other). */
static bool plausible(const uint8_t subheader[4])
{
    unsigned kinds = subheader[SUBMODE] & (SUBMODE_VIDEO | SUBMODE_AUDIO | SUBMODE_DATA);
    return (kinds & (kinds - 1)) == 0;
}

static enum exh_sector_form form_said(const uint8_t subheader[4]) { return subheader[SUBMODE] & SUBMODE_FORM2 ? EXH_FORM_MODE2_2 : EXH_FORM_MODE2_1; }

/* The form whose EDC holds as the sector is; formless when none does. */
static enum exh_sector_form form_proven(const uint8_t body[BODY_BYTES])
{
    if (form1_edc_holds(body))
        return EXH_FORM_MODE2_1;
    return form2_edc_holds(body) ? EXH_FORM_MODE2_2 : EXH_FORM_MODE2;
}

/* Corrects a copy by its parities and asks the EDC, which must have something to say: where a program left EDC and parities empty, all that is not
 * zero would look like an error in zeros. Form 1's header is in no EDC, so what would change it is no correction. */
static bool repair(uint8_t sector[2352], bool header_as_zeros, bool form1, unsigned *changed)
{
    uint8_t copy[2352];
    unsigned edc_from = form1 ? BODY : 0, edc_at = form1 ? FORM1_EDC : MODE1_EDC;
    memcpy(copy, sector, sizeof copy);
    if (!exh_ecc_repair(copy, header_as_zeros, changed) || exh_edc(copy + edc_from, edc_at - edc_from) != exh_le32(copy + edc_at) ||
        exh_all_zero(copy + BODY, BODY_BYTES) || (form1 && memcmp(copy + HEADER, sector + HEADER, 4) != 0))
        return false;
    memcpy(sector, copy, sizeof copy);
    return true;
}

bool exh_sector_repair(uint8_t sector[2352], enum exh_sector_form form, unsigned *changed)
{
    bool form1 = form == EXH_FORM_MODE2_1;
    *changed = 0;
    if (form != EXH_FORM_MODE1 && !form1)
        return false;
    if (repair(sector, form1, form1, changed) || repair(sector, !form1, form1, changed))
        return true;
    *changed = 0;
    return false;
}

static bool form1_repairs(const uint8_t body[BODY_BYTES])
{
    uint8_t sector[2352] = {0};
    unsigned changed;
    memcpy(sector + BODY, body, BODY_BYTES);
    return repair(sector, true, true, &changed);
}

/* The copies of the subheader contradict each other: damaged XA, or user data without any. An EDC that holds decides, as it is or with either copy
 * put in the other's place; then parities that lead to one; then, where only one byte differs, what they say. */
static enum exh_sector_form form_in_doubt(const uint8_t body[BODY_BYTES])
{
    enum exh_sector_form form = form_proven(body);
    unsigned differing = 0;
    for (unsigned i = 0; i < 4; i++)
        differing += body[i] != body[4 + i];
    for (unsigned from = 0; form == EXH_FORM_MODE2 && from < 8; from += 4) {
        uint8_t copy[BODY_BYTES];
        memcpy(copy, body, BODY_BYTES);
        memcpy(copy + 4 - from, body + from, 4);
        form = form_proven(copy);
    }
    if (form == EXH_FORM_MODE2 && form1_repairs(body))
        return EXH_FORM_MODE2_1;
    if (form != EXH_FORM_MODE2 || differing > 1)
        return form;
    enum exh_sector_form first = plausible(body) ? form_said(body) : EXH_FORM_MODE2;
    enum exh_sector_form second = plausible(body + 4) ? form_said(body + 4) : EXH_FORM_MODE2;
    bool no_edc = exh_le32(body + FORM2_EDC - BODY) == 0; /* in Form 1 those are the last of Q */
    return first == EXH_FORM_MODE2 || (no_edc && second == EXH_FORM_MODE2_2) ? second : first;
}

static enum exh_sector_form form_of(const uint8_t body[BODY_BYTES])
{
    if (memcmp(body, body + 4, 4) != 0)
        return form_in_doubt(body);
    return plausible(body) ? form_said(body) : form_proven(body);
}

/* ---- fill of other programs ---- */

static bool repeats(const uint8_t *data, size_t length, const char *pattern, size_t pattern_bytes)
{
    return memcmp(data, pattern, pattern_bytes) == 0 && memcmp(data, data + pattern_bytes, length - pattern_bytes) == 0;
}

/* Left in the place of sectors that could not be read: dvdisaster's text; patterns of recoverdisk and safecopy. Whoever wraps such blocks in sectors
 * gives them an EDC that holds, so the text alone decides. */
static bool is_marker(const uint8_t user[USER_BYTES])
{
    static const char dvdisaster[] = "dvdisaster dead sector marker\n";
    return memcmp(user, dvdisaster, sizeof dvdisaster - 1) == 0 || repeats(user, USER_BYTES, "_UNREAD_", 8) ||
           repeats(user, USER_BYTES, "BaDbLoCk", 8);
}

/* 0x55 could be a disc's own data: it is fill where no EDC holds over it. */
static bool is_fill(const uint8_t *data, size_t length) { return repeats(data, length, "\x55", 1); }

static bool is_generated(const uint8_t sector[2352])
{
    return is_fill(sector + BODY, BODY_BYTES) || is_marker(sector + BODY) || is_marker(sector + BODY + SUBHEADER_BYTES);
}

/* ---- header ---- */

static bool header_lba(const uint8_t header[4], int64_t *lba)
{
    if (!exh_is_bcd(header[0]) || !exh_is_bcd(header[1]) || !exh_is_bcd(header[2]) || header[1] >= 0x60 || header[2] >= 0x75)
        return false;
    *lba = exh_msf_lba(exh_from_bcd(header[0]), exh_from_bcd(header[1]), exh_from_bcd(header[2]));
    return true;
}

static void take_header(const uint8_t sector[2352], enum exh_track_kind kind, int64_t lba, struct exh_sector_check *out)
{
    static const uint8_t said[] = {[EXH_TRACK_MODE0] = 0, [EXH_TRACK_MODE1] = 1, [EXH_TRACK_MODE2] = 2};
    out->header_known = header_lba(sector + HEADER, &out->header_lba);
    out->address_differs = out->header_known && out->header_lba != lba;
    out->mode_differs = kind != EXH_TRACK_BLOCKS && sector[MODE] <= 2 && sector[MODE] != said[kind];
}

/* The time 00:00:00 in Mode 0 is no address but the first sector's. */
static bool is_run_out(const uint8_t sector[2352], bool synced, int64_t lba)
{
    if (!exh_all_zero(sector + HEADER, 4))
        return false;
    return synced ? lba != -EXH_LEAD_IN_FRAMES : exh_all_zero(sector, 2352);
}

/* ---- the checks of each form ---- */

static bool parities_hold(const uint8_t sector[2352], bool header_as_zeros)
{
    return exh_ecc_p_holds(sector, header_as_zeros) && exh_ecc_q_holds(sector, header_as_zeros);
}

static enum exh_sector_verdict by_parities(const uint8_t sector[2352], bool header_as_zeros)
{
    if (parities_hold(sector, header_as_zeros))
        return EXH_SECTOR_OK;
    return parities_hold(sector, !header_as_zeros) ? EXH_SECTOR_ECC_OTHER : EXH_SECTOR_ECC_BAD;
}

static bool repairs(const uint8_t sector[2352], enum exh_sector_form form)
{
    uint8_t copy[2352];
    unsigned changed;
    memcpy(copy, sector, sizeof copy);
    return exh_sector_repair(copy, form, &changed);
}

static enum exh_sector_verdict without_edc(const uint8_t sector[2352], enum exh_sector_form form)
{
    if (is_fill(sector + BODY + (form == EXH_FORM_MODE1 ? 0 : SUBHEADER_BYTES), USER_BYTES))
        return EXH_SECTOR_GENERATED;
    return repairs(sector, form) ? EXH_SECTOR_REPAIRABLE : EXH_SECTOR_EDC_BAD;
}

static void check_mode0(const uint8_t sector[2352], struct exh_sector_check *out)
{
    bool zero = exh_all_zero(sector + BODY, BODY_BYTES);
    out->form = zero ? EXH_FORM_MODE0 : EXH_FORM_UNKNOWN;
    out->verdict = zero ? EXH_SECTOR_UNCHECKED : EXH_SECTOR_BAD_MODE;
}

static void check_mode1(const uint8_t sector[2352], struct exh_sector_check *out)
{
    out->form = EXH_FORM_MODE1;
    if (exh_edc(sector, MODE1_EDC) == exh_le32(sector + MODE1_EDC)) {
        out->verdict = by_parities(sector, false);
        if (out->verdict == EXH_SECTOR_OK && !exh_all_zero(sector + MODE1_RESERVED, 8))
            out->verdict = EXH_SECTOR_RESERVED;
        return;
    }
    out->verdict = without_edc(sector, EXH_FORM_MODE1);
    if (out->verdict == EXH_SECTOR_EDC_BAD && !exh_all_zero(sector + BODY, BODY_BYTES) && form_proven(sector + BODY) != EXH_FORM_MODE2) {
        out->form = EXH_FORM_UNKNOWN; /* a Mode 2 sector whose mode byte lies */
        out->verdict = EXH_SECTOR_BAD_MODE;
    }
}

/* No form of Mode 2; a Mode 1 sector whose mode byte lies looks like it. */
static void check_formless(const uint8_t sector[2352], struct exh_sector_check *out)
{
    uint8_t copy[MODE1_EDC];
    memcpy(copy, sector, sizeof copy);
    copy[MODE] = 1;
    bool lies = exh_edc(copy, sizeof copy) == exh_le32(sector + MODE1_EDC);
    out->form = lies ? EXH_FORM_UNKNOWN : EXH_FORM_MODE2;
    out->verdict = lies ? EXH_SECTOR_BAD_MODE : EXH_SECTOR_UNCHECKED;
}

static void check_form2(const uint8_t sector[2352], struct exh_sector_check *out)
{
    uint32_t stored = exh_le32(sector + FORM2_EDC);
    if (form2_edc_holds(sector + BODY))
        out->verdict = EXH_SECTOR_OK;
    else if (is_fill(sector + BODY + SUBHEADER_BYTES, USER2_BYTES))
        out->verdict = EXH_SECTOR_GENERATED;
    else
        out->verdict = stored == 0 ? EXH_SECTOR_NO_EDC : EXH_SECTOR_EDC_BAD;
}

static void check_mode2(const uint8_t sector[2352], struct exh_sector_check *out)
{
    out->form = form_of(sector + BODY);
    out->subheader_differs = out->form != EXH_FORM_MODE2 && memcmp(sector + BODY, sector + BODY + 4, 4) != 0;
    if (out->form == EXH_FORM_MODE2)
        check_formless(sector, out);
    else if (out->form == EXH_FORM_MODE2_2)
        check_form2(sector, out);
    else
        out->verdict = form1_edc_holds(sector + BODY) ? by_parities(sector, true) : without_edc(sector, EXH_FORM_MODE2_1);
}

static enum exh_sector_form form_by_mode(const uint8_t sector[2352])
{
    static const enum exh_sector_form forms[2] = {EXH_FORM_MODE0, EXH_FORM_MODE1};
    return sector[MODE] > 2 ? EXH_FORM_UNKNOWN : sector[MODE] == 2 ? form_of(sector + BODY) : forms[sector[MODE]];
}

/* Unscrambled, is the header one? The scrambler turns modes 0, 1, 2 into 0x60, 0x61, 0x62, and no second is left one by it. */
static bool check_scrambled(const uint8_t sector[2352], enum exh_track_kind kind, int64_t lba, struct exh_sector_check *out)
{
    uint8_t copy[2352];
    int64_t ignored;
    if (sector[MODE] < 0x60 || sector[MODE] > 0x62)
        return false;
    memcpy(copy, sector, sizeof copy);
    exh_scramble(copy);
    if (copy[MODE] > 2 || !header_lba(copy + HEADER, &ignored))
        return false;
    take_header(copy, kind, lba, out);
    out->form = form_by_mode(copy);
    out->verdict = EXH_SECTOR_SCRAMBLED;
    return true;
}

static void check_by_mode(const uint8_t sector[2352], struct exh_sector_check *out)
{
    switch (sector[MODE]) {
    case 0: check_mode0(sector, out); break;
    case 1: check_mode1(sector, out); break;
    case 2: check_mode2(sector, out); break;
    default: out->verdict = EXH_SECTOR_BAD_MODE; break;
    }
}

void exh_sector_check(const uint8_t sector[2352], enum exh_track_kind kind, int64_t lba, struct exh_sector_check *out)
{
    *out = (struct exh_sector_check){.form = EXH_FORM_UNKNOWN};
    if (kind == EXH_TRACK_AUDIO) {
        out->form = EXH_FORM_AUDIO;
        out->verdict = EXH_SECTOR_AUDIO;
        return;
    }
    bool synced = memcmp(sector, sync_pattern, sizeof sync_pattern) == 0;
    if (synced && check_scrambled(sector, kind, lba, out))
        return;
    take_header(sector, kind, lba, out);
    if (is_run_out(sector, synced, lba)) {
        *out = (struct exh_sector_check){.verdict = EXH_SECTOR_RUN_OUT};
    } else if (is_generated(sector)) {
        out->verdict = EXH_SECTOR_GENERATED;
        out->form = synced && out->header_known ? form_by_mode(sector) : EXH_FORM_UNKNOWN;
    } else if (!synced) {
        out->verdict = EXH_SECTOR_BAD_SYNC;
    } else if (!out->header_known) {
        out->verdict = EXH_SECTOR_BAD_HEADER;
        out->form = form_by_mode(sector);
    } else {
        check_by_mode(sector, out);
    }
}

const char *exh_sector_form_name(enum exh_sector_form form)
{
    static const char *const names[] = {"unknown", "audio", "mode 0", "mode 1", "mode 2", "mode 2 form 1", "mode 2 form 2"};
    return (size_t)form < sizeof names / sizeof names[0] ? names[form] : "unknown";
}

const char *exh_sector_verdict_name(enum exh_sector_verdict verdict)
{
    static const char *const names[EXH_SECTOR_COUNT] = {
        [EXH_SECTOR_AUDIO] = "audio",         [EXH_SECTOR_OK] = "ok",
        [EXH_SECTOR_NO_EDC] = "no-edc",       [EXH_SECTOR_UNCHECKED] = "unchecked",
        [EXH_SECTOR_ECC_OTHER] = "ecc-other", [EXH_SECTOR_ECC_BAD] = "ecc-bad",
        [EXH_SECTOR_RESERVED] = "reserved",   [EXH_SECTOR_GENERATED] = "generated",
        [EXH_SECTOR_RUN_OUT] = "run-out",     [EXH_SECTOR_REPAIRABLE] = "repairable",
        [EXH_SECTOR_EDC_BAD] = "edc-bad",     [EXH_SECTOR_BAD_SYNC] = "bad-sync",
        [EXH_SECTOR_SCRAMBLED] = "scrambled", [EXH_SECTOR_BAD_HEADER] = "bad-header",
        [EXH_SECTOR_BAD_MODE] = "bad-mode",
    };
    return (size_t)verdict < EXH_SECTOR_COUNT ? names[verdict] : "unknown";
}

/* ---- user data ---- */

static uint32_t user_of_mode2(const uint8_t body[BODY_BYTES], uint32_t *length)
{
    enum exh_sector_form form = form_of(body);
    *length = form == EXH_FORM_MODE2 ? BODY_BYTES : form == EXH_FORM_MODE2_1 ? USER_BYTES : USER2_BYTES;
    return form == EXH_FORM_MODE2 ? 0 : SUBHEADER_BYTES;
}

uint32_t exh_sector_user(const uint8_t *sector, uint32_t main_bytes, enum exh_track_kind kind, uint32_t *length)
{
    bool raw = main_bytes == EXH_CD_MAIN_BYTES;
    *length = main_bytes;
    if (kind == EXH_TRACK_MODE2 && (raw || main_bytes == BODY_BYTES))
        return raw ? BODY + user_of_mode2(sector + BODY, length) : user_of_mode2(sector, length);
    if (!raw || kind == EXH_TRACK_AUDIO || kind == EXH_TRACK_BLOCKS)
        return 0;
    *length = kind == EXH_TRACK_MODE1 ? USER_BYTES : BODY_BYTES;
    return BODY;
}

/* ---- whole sectors out of user data ---- */

static void put_header(uint8_t out[2352], int64_t lba, uint8_t mode)
{
    uint8_t msf[3];
    exh_lba_msf(lba, msf);
    memcpy(out, sync_pattern, sizeof sync_pattern);
    for (unsigned i = 0; i < 3; i++)
        out[HEADER + i] = exh_to_bcd(msf[i]);
    out[MODE] = mode;
}

void exh_sector_make_mode1(uint8_t out[2352], const uint8_t user[2048], int64_t lba)
{
    put_header(out, lba, 1);
    memcpy(out + BODY, user, USER_BYTES);
    exh_put_le32(out + MODE1_EDC, exh_edc(out, MODE1_EDC));
    memset(out + MODE1_RESERVED, 0, 8);
    exh_ecc_write(out, false);
}

void exh_sector_make_mode2(uint8_t out[2352], const uint8_t stored[2336], int64_t lba)
{
    put_header(out, lba, 2);
    memcpy(out + BODY, stored, BODY_BYTES);
}

void exh_sector_make_form(uint8_t out[2352], const uint8_t *user, uint32_t length, int64_t lba)
{
    bool form2 = length == USER2_BYTES;
    unsigned edc_at = form2 ? FORM2_EDC : FORM1_EDC;
    put_header(out, lba, 2);
    memset(out + BODY, 0, SUBHEADER_BYTES);
    out[BODY + SUBMODE] = out[BODY + 4 + SUBMODE] = form2 ? SUBMODE_FORM2 : SUBMODE_DATA;
    memcpy(out + BODY + SUBHEADER_BYTES, user, form2 ? USER2_BYTES : USER_BYTES);
    exh_put_le32(out + edc_at, exh_edc(out + BODY, edc_at - BODY));
    if (!form2)
        exh_ecc_write(out, true);
}
