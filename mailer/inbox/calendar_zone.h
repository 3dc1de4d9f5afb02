/* The time zone that a calendar object brings along: a VTIMEZONE (RFC 5545 section 3.6.5), of which offsets
 * and the usual yearly rules are understood. Nothing is read from a file, so the confined reader can do it.
 */
#ifndef USHER_INBOX_CALENDAR_ZONE_H
#define USHER_INBOX_CALENDAR_ZONE_H

#include <glib.h>

/* Reads "YYYYMMDDTHHMMSS" (RFC 5545 section 3.3.5) into the seconds of a clock that knows no zone, and tells
 * whether a Z follows. FALSE when it is no such date-time. */
gboolean calendar_read_time(const char *text, gint64 *clock_s, gboolean *is_utc);

struct calendar_zone;

struct calendar_zone *calendar_zone_new(void);
void calendar_zone_free(gpointer zone);

/* One content line inside the VTIMEZONE, in their order; those of no use are ignored. */
void calendar_zone_take(struct calendar_zone *zone, const char *name, const char *value);

/* Its TZID, "" before it was taken. Borrowed. */
const char *calendar_zone_id(const struct calendar_zone *zone);

/* The instant, in seconds of UTC, at which a clock in the zone shows clock_s: the first of two, and by the
 * offset before the gap where there is none. FALSE when the zone says nothing or something that is not
 * understood. */
gboolean calendar_zone_to_utc(const struct calendar_zone *zone, gint64 clock_s, gint64 *utc_s);

#endif
