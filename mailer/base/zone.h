/* Local time. Zones are IANA names only, because "PST" and "+02:00" do not follow daylight saving. Local
 * times travel as text, "2026-03-29" or "2026-03-29 09:00:00", which is what rules compare. The rule for
 * daylight saving: a local time inside a gap means the first valid instant after it, a local time that occurs
 * twice means the first of the two. */
#ifndef USHER_BASE_ZONE_H
#define USHER_BASE_ZONE_H

#include <glib.h>

/* The zone called name, cached for the life of the process (borrowed). USHER_ERROR_DATA when it is no IANA
 * name: a name holds a slash or is "UTC". */
GTimeZone *zone_find(const char *name, GError **error);

/* A civil date and time; month and day count from 1. */
struct civil {
    int year, month, day, hour, minute, second;
    gboolean has_time;
};

/* Reads "YYYY-MM-DD", optionally followed by "T" or a blank and "HH:MM[:SS]". Only real calendar dates pass.
 */
gboolean civil_parse(const char *text, struct civil *out);

/* "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS", by has_time. The caller frees. */
char *civil_format(const struct civil *c);

/* Moves c by days (may be negative); the clock hour stays. FALSE outside the years 1 to 9999. */
gboolean civil_add_days(struct civil *c, int days);

/* Whole calendar days from a to b, ignoring the time of day. */
int civil_days_between(const struct civil *a, const struct civil *b);

/* 1 (Monday) to 7 (Sunday). */
int civil_weekday(const struct civil *c);

/* The instant c means in zone, by the rule above; a bare date means its first instant. */
gint64 zone_to_utc_us(GTimeZone *zone, const struct civil *c);

/* What a clock in zone shows at us; has_time is set. */
struct civil zone_from_utc_us(GTimeZone *zone, gint64 us);

/* zone_from_utc_us() as text: "YYYY-MM-DD HH:MM:SS". The caller frees. */
char *zone_format(GTimeZone *zone, gint64 us);

/* Reads a time a person or another program wrote: RFC 3339 with Z or an offset, else civil time in zone.
 * USHER_ERROR_DATA names what was expected. */
gboolean zone_parse_time(GTimeZone *zone, const char *text, gint64 *us, GError **error);

#endif
