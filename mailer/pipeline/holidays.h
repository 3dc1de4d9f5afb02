/* Public holidays by country, from a plain file that the team keeps: see usher-holidays(5). */
#ifndef USHER_PIPELINE_HOLIDAYS_H
#define USHER_PIPELINE_HOLIDAYS_H

#include "base/cleanup.h"
#include "base/zone.h"

struct holidays;

#define HOLIDAYS_FILE "holidays.txt" /* in the folder of sequences */

/* Reads the file. USHER_ERROR_NO_INPUT when it cannot be read, USHER_ERROR_CONFIG "FILE:LINE: …" for what is
 * wrong in it. Free with holidays_free(). */
struct holidays *holidays_load(const char *path, GError **error);
void holidays_free(struct holidays *holidays);
SCOPED_FUNC(struct holidays, holidays_free)

/* The name of the holiday that day is in the country (an ISO 3166 code in any case), NULL when it is none, or
 * when the file does not know the country or the year. Borrowed. */
const char *holidays_find(const struct holidays *holidays, const char *country, const struct civil *day);

/* TRUE when the file lists the country. */
gboolean holidays_knows(const struct holidays *holidays, const char *country);

/* The years the file vouches for, and how many countries it lists. */
int holidays_first_year(const struct holidays *holidays);
int holidays_last_year(const struct holidays *holidays);
guint holidays_countries(const struct holidays *holidays);

#endif
