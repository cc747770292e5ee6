/* ata.h - the questions put to an ATA disk through ATA PASS-THROUGH(16), and the answers: data, or the registers it returns.
 *
 * Only what reads: IDENTIFY DEVICE, READ NATIVE MAX ADDRESS (EXT), DEVICE CONFIGURATION IDENTIFY, GET NATIVE MAX ADDRESS EXT, SMART READ DATA, READ
 * THRESHOLDS and RETURN STATUS. Answers are not trusted: IDENTIFY data must carry printable names and, where it has one, a right checksum; registers
 * must carry a status that an idle drive can have. Sources: SAT-3 12.2 (pass-through), ATA/ATAPI-6 (HPA, DCO), ACS-3 (the rest). One thread at a
 * time. */
#ifndef EXH_ACQUIRE_ATA_H
#define EXH_ACQUIRE_ATA_H

#include "acquire/scsi.h"

#define EXH_ATA_DATA_BYTES 512u

enum exh_ata_question {
    EXH_ATA_IDENTIFY,           /* data */
    EXH_ATA_NATIVE_MAX,         /* registers: 28-bit LBA */
    EXH_ATA_NATIVE_MAX_EXT,     /* registers: 48-bit LBA */
    EXH_ATA_DCO_IDENTIFY,       /* data */
    EXH_ATA_AMA_NATIVE_MAX_EXT, /* registers: 48-bit LBA */
    EXH_ATA_SMART_DATA,         /* data */
    EXH_ATA_SMART_THRESHOLDS,   /* data */
    EXH_ATA_SMART_STATUS,       /* registers: signature in LBA(23:8) */
    EXH_ATA_QUESTIONS
};
/* The command's name in the standard. */
const char *exh_ata_question_name(enum exh_ata_question question);
/* The CDB, 16 bytes. It is on the read-only list of transport.h. */
void exh_ata_cdb(enum exh_ata_question question, uint8_t cdb[EXH_CDB_BYTES_MAX]);

struct exh_ata_registers {
    uint8_t error, status, device;
    uint16_t count;
    uint64_t lba;
    bool lba_whole; /* false: sense data of fixed format, which has no room for more than LBA(23:0), and the rest is not 0 */
};
/* Out of sense data: the ATA Status Return descriptor (09h), or fixed format with 00/1D (SAT-3 12.2.5). False: there are none. */
bool exh_ata_registers_of(const uint8_t *sense, size_t length, struct exh_ata_registers *out);

struct exh_ata_answer {
    uint8_t data[EXH_ATA_DATA_BYTES];   /* of a question answered with data: all of it arrived */
    struct exh_ata_registers registers; /* of one answered with registers: status is DRDY without an error */
};
/* False: no answer (EXH_IO: "the drive aborts READ NATIVE MAX ADDRESS EXT"), or the transport's own error. */
EXH_MUST_CHECK bool exh_ata_ask(struct exh_transport *transport, enum exh_ata_question question, struct exh_ata_answer *out, struct exh_error *err);

/* IDENTIFY DEVICE data, ACS-3 7.12.7 and ATA/ATAPI-6 8.15. */
struct exh_ata_identity {
    char model[41], serial[21], firmware[9]; /* trimmed */
    uint64_t sectors;                        /* that can be addressed: words 60-61, 100-103 or 230-233 */
    uint32_t sector_bytes;                   /* logical: words 106, 117-118 */
    bool feature_sets_told;                  /* words 82 and 83 are valid; otherwise the rest is false */
    bool smart, smart_enabled, lba48;
    bool hpa, dco, ama; /* the feature set is there */
};
/* EXH_CORRUPT: no ATA disk's data. */
EXH_MUST_CHECK bool exh_ata_identity_parse(const uint8_t data[EXH_ATA_DATA_BYTES], struct exh_ata_identity *out, struct exh_error *err);
/* Asks and parses. */
EXH_MUST_CHECK bool exh_ata_identify(struct exh_transport *transport, struct exh_ata_identity *out, struct exh_error *err);

/* Word n of 512 bytes of data, little-endian; 0 past the end. */
uint16_t exh_ata_word(const uint8_t data[EXH_ATA_DATA_BYTES], unsigned n);
/* Do all bytes add up to 0 modulo 256 (IDENTIFY, DCO and SMART data)? */
bool exh_ata_checksum_holds(const uint8_t data[EXH_ATA_DATA_BYTES]);

#endif
