/* Sendable hours and midnights: see calendar.h; daylight saving follows base/zone.h. */
#include "pipeline/calendar.h"

#include "base/clock.h"
#include "base/zone.h"

gint64
window_next_us(const struct window *window, GTimeZone *zone, gint64 us)
{
    struct civil c = zone_from_utc_us(zone, us);
    int minute = c.hour * 60 + c.minute;
    for (int ahead = 0; ahead <= 7; ahead++) {
        gboolean open_day = (window->days >> (civil_weekday(&c) - 1) & 1) != 0;
        if (open_day && minute < window->to_minute) {
            if (minute >= window->from_minute)
                return us;
            c.hour = window->from_minute / 60;
            c.minute = window->from_minute % 60;
            c.second = 0;
            return MAX(us, zone_to_utc_us(zone, &c));
        }
        civil_add_days(&c, 1);
        minute = -1; /* from here on any open day begins with its window */
    }
    return us;
}

gint64
sending_next_us(const struct sending_hours *hours, gint64 us, const char **holiday)
{
    const gint64 horizon_us = us + 2 * 366 * CLOCK_DAY_US;
    if (holiday)
        *holiday = NULL;
    if (hours->closed)
        return G_MAXINT64;
    while (us <= horizon_us) {
        us = window_next_us(&hours->window, hours->zone, us);
        struct civil day = zone_from_utc_us(hours->zone, us);
        const char *name =
            hours->holidays && hours->country ? holidays_find(hours->holidays, hours->country, &day) : NULL;
        if (!name)
            return us;
        if (holiday)
            *holiday = name;
        us = midnight_after_us(hours->zone, us);
    }
    return G_MAXINT64;
}

gint64
midnight_after_us(GTimeZone *zone, gint64 us)
{
    struct civil c = zone_from_utc_us(zone, us);
    civil_add_days(&c, 1);
    c.has_time = FALSE;
    c.hour = c.minute = c.second = 0;
    return zone_to_utc_us(zone, &c);
}
