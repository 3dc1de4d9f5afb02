/* Reading the many ways people and programs write a time, and printing one with strftime's directives. Both
 * are English and independent of the locale. */
#ifndef USHER_LIQUID_DATE_H
#define USHER_LIQUID_DATE_H

#include <glib.h>
#include <stdbool.h>

/* Reads text such as "2016-03-14", "2016-03-14T10:30:00Z", "March 14, 2016 5:30 pm", "14.3.2016", "10:30".
 * Missing parts come from now (year, or the whole date of a bare time) or are the first. Without an offset
 * the time is one in zone; with one, the result keeps it. NULL when there is no date in the text or it is not
 * a real one. */
GDateTime *date_read(const char *text, size_t len, GTimeZone *zone, GDateTime *now, bool *has_offset);

/* Appends when in the way format says; an unknown directive is copied. */
void date_print(GDateTime *when, const char *format, size_t len, GString *out);

#endif
