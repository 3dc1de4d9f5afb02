/* Time. The engine never asks a clock: its `now` is a parameter. These are for the edges (command line,
 * service) that must say what now is. Times are microseconds since 1970 UTC. */
#ifndef USHER_BASE_CLOCK_H
#define USHER_BASE_CLOCK_H

#include <glib.h>

#define CLOCK_SECOND_US G_GINT64_CONSTANT(1000000)
#define CLOCK_MINUTE_US (60 * CLOCK_SECOND_US)
#define CLOCK_HOUR_US (60 * CLOCK_MINUTE_US)
#define CLOCK_DAY_US (24 * CLOCK_HOUR_US)

/* The wall clock, or the time given to clock_rehearse(). */
gint64 clock_now_us(void);

/* From here on clock_now_us() answers now_us: the rehearsal clock behind --now. */
void clock_rehearse(gint64 now_us);

/* Back to the wall clock. */
void clock_follow(void);

/* TRUE from clock_rehearse() to clock_follow(). */
gboolean clock_is_rehearsed(void);

/* CLOCK_BOOTTIME: never steps, runs through suspend, the same in every process of this boot. For ages of
 * minutes. */
gint64 clock_boottime_us(void);

/* The kernel's boot identity, so that a boot time kept in a file is not believed after a restart. Static. */
const char *clock_boot_id(void);

#endif
