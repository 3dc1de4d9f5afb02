/* Times as people give them on the command line. */
#ifndef USHER_CLI_WHEN_H
#define USHER_CLI_WHEN_H

#include <glib.h>

/* Reads "7d" or "2w" (so many days or weeks after now, at the same clock hour in zone), a date (its first
 * instant; its end where end is set), or a time as zone_parse_time() takes it. USHER_ERROR_USAGE says what
 * was expected. */
gboolean when_parse(GTimeZone *zone, gint64 now_us, const char *text, gboolean end, gint64 *us,
                    GError **error);

#endif
