/* first_sectors.c - what a track is by its own first sectors. See first_sectors.h. */
#include "formats/optical/first_sectors.h"

#include <string.h>

#define LOOKED_AT 16u

enum exh_first_sectors exh_first_sectors(struct exh_source *source, uint64_t offset, uint32_t stride, uint64_t sectors)
{
    static const uint8_t sync[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
    enum exh_first_sectors found = EXH_FIRST_UNREADABLE;
    for (uint64_t i = 0; i < sectors && i < LOOKED_AT && found < EXH_FIRST_MODE1; i++) {
        uint8_t head[16];
        struct exh_error why;
        exh_error_clear(&why);
        if (offset > source->size || exh_source_read_some(source, offset + i * stride, head, sizeof head, &why) < sizeof head)
            break;
        enum exh_first_sectors is = memcmp(head, sync, sizeof sync) != 0 ? EXH_FIRST_NO_SYNC
                                    : head[15] > 2                       ? EXH_FIRST_ODD
                                                                         : (enum exh_first_sectors)(EXH_FIRST_MODE0 + head[15]);
        if (is > found)
            found = is;
    }
    return found;
}

enum exh_track_kind exh_first_sectors_kind(enum exh_first_sectors first, enum exh_track_kind said)
{
    switch (first) {
    case EXH_FIRST_MODE0: return EXH_TRACK_MODE0;
    case EXH_FIRST_MODE1: return EXH_TRACK_MODE1;
    case EXH_FIRST_MODE2: return EXH_TRACK_MODE2;
    case EXH_FIRST_UNREADABLE:
    case EXH_FIRST_NO_SYNC:
    case EXH_FIRST_ODD: break;
    }
    return said;
}

const char *exh_first_sectors_text(enum exh_first_sectors first)
{
    switch (first) {
    case EXH_FIRST_MODE0: return "are of mode 0";
    case EXH_FIRST_MODE1: return "are of mode 1";
    case EXH_FIRST_MODE2: return "are of mode 2";
    case EXH_FIRST_NO_SYNC: return "have no sync pattern, as audio has none";
    case EXH_FIRST_ODD: return "have a sync pattern but no mode that exists: they may be scrambled";
    case EXH_FIRST_UNREADABLE: break;
    }
    return "cannot be read";
}
