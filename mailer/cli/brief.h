/* Short forms for tables: ages, distances, one line of a text, names in a row. The caller frees each. */
#ifndef USHER_CLI_BRIEF_H
#define USHER_CLI_BRIEF_H

#include <glib.h>
#include <jansson.h>

/* "3d", "5h", "12m", "now"; "-" for 0. */
char *brief_age(gint64 now_us, gint64 us);

/* "in 3d", "today", "2d ago". */
char *brief_days(int days);

/* "1 draft", "2 drafts". */
char *brief_count(gint64 count, const char *noun);

/* The first line of text, at most chars characters of it, with "…" where something is missing; "" for NULL.
 */
char *brief_line(const char *text, glong chars);

/* "acme, globex and 4 more": at most max of names (char *). */
char *brief_names(const GPtrArray *names, guint max);

/* A value as a person would write it: a text bare, anything else as JSON; none (NULL for NULL) where it is
 * missing or null. */
char *brief_value(const json_t *value, const char *none);

#endif
