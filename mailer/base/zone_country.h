/* The time zone of a country, for accounts of which no more is known. */
#ifndef USHER_BASE_ZONE_COUNTRY_H
#define USHER_BASE_ZONE_COUNTRY_H

#include <glib.h>

/* The zone in which most people of the country live (borrowed, cached for the life of the process), by its
 * ISO 3166 code of two letters in any case; "UK" is GB. NULL when there is no such country or the machine's
 * tzdata does not list it. Source: zone.tab of tzdata, read at run time from $TZDIR or /usr/share/zoneinfo.
 */
GTimeZone *zone_of_country(const char *country);

/* code in the way it is compared: two ASCII capitals, "UK" as "GB". FALSE when it is no code. */
gboolean country_fold(const char *code, char out[3]);

#endif
