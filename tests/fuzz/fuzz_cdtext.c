/* Fuzz target: a CD-TEXT file. Its packs are decoded; what was decoded is encoded again, and says the same. */
#include "disc_fuzz.h"

#include "formats/model/text.h"
#include "formats/optical/cdtext.h"

static void check_items(const struct exh_cdtext *cdtext)
{
    for (size_t i = 0; i < cdtext->count; i++) {
        const struct exh_cdtext_item *item = &cdtext->items[i];
        disc_fuzz_must(item->block < 8 && item->text != NULL && exh_text_is_utf8(item->text, strlen(item->text)));
        disc_fuzz_must(exh_cdtext_find(cdtext, item->block, item->type, item->track) != NULL && exh_cdtext_type_name(item->type) != NULL);
    }
}

/* Titles of block 0, the way a descriptor would give them. */
static void check_again(const struct exh_cdtext *cdtext)
{
    struct exh_error err = {0};
    struct exh_disc disc = {0};
    struct exh_cdtext again = {0};
    struct exh_cdtext_item titles[100];
    size_t count = 0, left_out = 0;
    for (unsigned track = 0; track < 100; track++) {
        const char *text = exh_cdtext_find(cdtext, 0, 0x80, track);
        if (text != NULL)
            titles[count++] = (struct exh_cdtext_item){.type = 0x80, .track = (uint8_t)track, .text = (char *)(uintptr_t)text};
    }
    if (count > 0 && exh_cdtext_encode(titles, count, 1, 99, 9, &disc, &left_out, &err) && left_out == 0) {
        disc_fuzz_must(exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &again, &err) && again.bad_crc == 0 && again.zero_crc == 0);
        for (size_t i = 0; i < count; i++) {
            const char *text = exh_cdtext_find(&again, 0, 0x80, titles[i].track);
            disc_fuzz_must(text != NULL ? strcmp(text, titles[i].text) == 0 : titles[i].text[0] == '\0');
        }
    }
    exh_cdtext_close(&again);
    exh_disc_close(&disc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exh_error err = {0};
    struct exh_disc disc = {0};
    struct exh_cdtext cdtext = {0};
    if (!exh_cdtext_file(data, size, &disc, &err))
        disc_fuzz_error(&err);
    else if (exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &cdtext, &err)) {
        check_items(&cdtext);
        check_again(&cdtext);
    }
    exh_cdtext_close(&cdtext);
    exh_disc_close(&disc);
    return 0;
}
