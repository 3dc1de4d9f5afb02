/* Sendable hours. A mail goes out only inside its window, by the clock of the receiver's zone. */
#ifndef USHER_PIPELINE_CALENDAR_H
#define USHER_PIPELINE_CALENDAR_H

#include "base/config.h"
#include "pipeline/holidays.h"

/* When a mail to an account may go out; everything borrowed. */
struct sending_hours {
    struct window window;            /* of the sequence and the mailbox together */
    gboolean closed;                 /* the two are never open together */
    GTimeZone *zone;                 /* the receiver's */
    const struct holidays *holidays; /* NULL: none are kept */
    const char *country;             /* the receiver's, NULL: unknown */
};

/* The first instant at or after us inside the hours, on no holiday. *holiday (may be NULL) is the name of the
 * last holiday that was passed over, else NULL. G_MAXINT64 when they never open (within two years). */
gint64 sending_next_us(const struct sending_hours *hours, gint64 us, const char **holiday);

/* The first instant at or after us that lies inside window by the clock of zone. */
gint64 window_next_us(const struct window *window, GTimeZone *zone, gint64 us);

/* The first midnight after us in zone. */
gint64 midnight_after_us(GTimeZone *zone, gint64 us);

#endif
