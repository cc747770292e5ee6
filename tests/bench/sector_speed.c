/* sector_speed.c - MB/s of one core for the checks of sectors, over 8 MiB of each form in turn. Built on demand:
 *   cmake --build --preset release --target sector_speed && build/release/tests/sector_speed */
#include <stdio.h>
#include <time.h>

#include "formats/optical/edc.h"
#include "formats/optical/sector.h"

#define SECTORS 3567u
#define ROUNDS 40u

static uint8_t disc[SECTORS][2352], user[2324];
static unsigned sink;

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void edc(unsigned i) { sink += exh_edc(disc[i], 2352); }
static void check(unsigned i)
{
    struct exh_sector_check out;
    exh_sector_check(disc[i], disc[i][15] == 1 ? EXH_TRACK_MODE1 : EXH_TRACK_MODE2, i, &out);
    sink += out.verdict;
}

static void measure(const char *name, void (*work)(unsigned))
{
    double from = seconds();
    for (unsigned i = 0; i < SECTORS * ROUNDS; i++)
        work(i % SECTORS);
    (void)printf("%-16s %7.0f MB/s\n", name, (double)(SECTORS * ROUNDS) * 2352 / 1e6 / (seconds() - from));
}

int main(void)
{
    for (unsigned form = 0; form < 3; form++) {
        static const char *const names[] = {"mode 1", "mode 2 form 1", "mode 2 form 2"};
        for (unsigned i = 0; i < SECTORS; i++) {
            for (unsigned k = 0; k < sizeof user; k++)
                user[k] = (uint8_t)((i + 3) * (k + 7) * 2654435761u >> 24);
            if (form == 0)
                exh_sector_make_mode1(disc[i], user, i);
            else
                exh_sector_make_form(disc[i], user, form == 1 ? 2048 : 2324, i);
        }
        if (form == 0)
            measure("edc", edc);
        measure(names[form], check);
        for (unsigned i = 0; i < SECTORS; i++) /* beyond repair: the long way */
            for (unsigned k = 100; k < 1000; k++)
                disc[i][k] = (uint8_t)(k * k >> 3);
        if (form == 1)
            measure("edc-bad", check);
    }
    return (int)(sink & 0);
}
