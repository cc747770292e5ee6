/* watch.c - events out of an engine. See watch.h. */
#include "verify/watch.h"

#include <stdarg.h>

void exh_watch_tell(const struct exh_watch *watch, const struct exh_event *event)
{
    if (watch == NULL || watch->event == NULL)
        return;
    if (watch->turn != NULL)
        (void)pthread_mutex_lock(watch->turn);
    watch->event(watch->context, event);
    if (watch->turn != NULL)
        (void)pthread_mutex_unlock(watch->turn);
}

void exh_watch_phase(const struct exh_watch *watch, const char *text, uint64_t total_bytes)
{
    exh_watch_tell(watch, &(struct exh_event){.kind = EXH_EVENT_PHASE, .text = text, .total_bytes = total_bytes});
}

void exh_watch_warn(const struct exh_watch *watch, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    exh_watch_tell(watch, &(struct exh_event){.kind = EXH_EVENT_WARNING, .text = text});
}

void exh_watch_area(const struct exh_watch *watch, int64_t lba, uint64_t count, uint64_t total, char area, const char *pass)
{
    exh_watch_tell(watch,
                   &(struct exh_event){.kind = EXH_EVENT_AREA, .text = pass, .lba = lba, .count = count, .total_sectors = total, .area = area});
}

bool exh_watch_cancelled(const struct exh_watch *watch)
{
    return watch != NULL && watch->cancel != NULL && atomic_load_explicit(watch->cancel, memory_order_relaxed);
}
