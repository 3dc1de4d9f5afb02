/* Times on the command line: see when.h. */
#include "cli/when.h"

#include "base/error.h"
#include "base/zone.h"

#include <string.h>

#define MAX_DAYS 3660

gboolean
when_parse(GTimeZone *zone, gint64 now_us, const char *text, gboolean end, gint64 *us, GError **error)
{
    gsize digits = strspn(text, "0123456789");
    char unit = digits && digits <= 4 && text[digits] && !text[digits + 1] ? text[digits] : '\0';
    struct civil c;
    if (unit == 'd' || unit == 'w') {
        gint64 days = g_ascii_strtoll(text, NULL, 10) * (unit == 'w' ? 7 : 1);
        c = zone_from_utc_us(zone, now_us);
        if (days <= MAX_DAYS && civil_add_days(&c, (int)days)) {
            *us = zone_to_utc_us(zone, &c);
            return TRUE;
        }
    }
    if (end && civil_parse(text, &c) && !c.has_time && civil_add_days(&c, 1)) {
        *us = zone_to_utc_us(zone, &c);
        return TRUE;
    }
    if (zone_parse_time(zone, text, us, NULL))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_USAGE,
                "\"%s\": expected days or weeks from now such as 7d or 2w, a date such as 2026-12-01, or a "
                "time such as 2026-12-01T09:00",
                text);
    return FALSE;
}
