/* Sendable hours. A mail goes out only inside its window, by the clock of the receiver's zone. */
#ifndef USHER_PIPELINE_CALENDAR_H
#define USHER_PIPELINE_CALENDAR_H

#include "base/config.h"

/* The first instant at or after us that lies inside window by the clock of zone. */
gint64 window_next_us(const struct window *window, GTimeZone *zone, gint64 us);

/* The first midnight after us in zone. */
gint64 midnight_after_us(GTimeZone *zone, gint64 us);

#endif
