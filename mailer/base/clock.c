/* Wall clock, rehearsal clock and boot clock: see clock.h. */
#include "base/clock.h"

#include <time.h>

static gint64 rehearsed_us;
static gboolean rehearsed;

gint64
clock_now_us(void)
{
    return rehearsed ? rehearsed_us : g_get_real_time();
}

void
clock_rehearse(gint64 now_us)
{
    rehearsed = TRUE;
    rehearsed_us = now_us;
}

void
clock_follow(void)
{
    rehearsed = FALSE;
}

gboolean
clock_is_rehearsed(void)
{
    return rehearsed;
}

gint64
clock_boottime_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (gint64)t.tv_sec * CLOCK_SECOND_US + t.tv_nsec / 1000;
}

const char *
clock_boot_id(void)
{
    static char *id;
    if (!id) {
        if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &id, NULL, NULL))
            id = g_strdup("unknown");
        g_strstrip(id);
    }
    return id;
}
