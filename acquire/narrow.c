/* narrow.c - from one sector up. See narrow.h. */
#include "acquire/narrow.h"

#include "formats/model/sectors.h"

static bool still_there(const struct exh_narrow *n, uint32_t pos, uint32_t run)
{
    return run == 0 || n->present == NULL || n->present(n->context, pos - run, run);
}

bool exh_narrow(const struct exh_narrow *narrow, uint32_t pos, uint32_t count)
{
    uint32_t step = 1, calm = 0, bad = 0;
    while (pos < count) {
        uint32_t n = step < count - pos ? step : count - pos, good = 0;
        if (!narrow->attempt(narrow->context, pos, n, &good))
            return false;
        pos += good;
        if (good > 0)
            bad = 0;
        if (good == n) {
            calm += n;
            if (calm >= EXH_NARROW_CALM && step < count && (narrow->most == 0 || step <= narrow->most / 2))
                step *= 2;
            continue;
        }
        calm = 0;
        step = 1;
        if (n > 1)
            continue;
        narrow->state[pos++] = EXH_BAD;
        bad++;
        if (bad >= EXH_NARROW_BAD_RUN && (bad & (bad - 1)) == 0 && !still_there(narrow, pos, bad))
            return false;
    }
    /* Errors up to the end may be bad sectors, or a medium that is gone while the errors go on for ever. */
    return still_there(narrow, pos, bad);
}
