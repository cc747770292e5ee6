/* bytes.c - the one byte question that is worth a loop of its own. */
#include "formats/model/bytes.h"

bool exh_all_zero(const uint8_t *data, size_t length)
{
    /* Comparing a range with itself shifted by 16 lets memcmp's vector code do the work. */
    size_t first = length < 16 ? length : 16;
    for (size_t i = 0; i < first; i++)
        if (data[i] != 0)
            return false;
    return length <= 16 || memcmp(data, data + 16, length - 16) == 0;
}
