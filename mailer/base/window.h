/* Hours of the week and spans of time, as configuration and sequence files write them. */
#ifndef USHER_BASE_WINDOW_H
#define USHER_BASE_WINDOW_H

#include <glib.h>

/* Hours in which mail may go out, in the receiver's zone. */
struct window {
    guint days;      /* bit 0 is Monday */
    int from_minute; /* minutes after midnight */
    int to_minute;   /* exclusive */
};

/* A `window` section ("days", "from", "to") into *out; shared with sequence files. */
struct cfg_t;
gboolean window_read(struct cfg_t *section, struct window *out, GError **error);

/* "2 days" into a number and its unit's microseconds. FALSE when text is no such thing. */
gboolean span_parse(const char *text, guint64 *number, gint64 *unit_us);

/* A setting like "2 days", "36 hours" or "none" (0; unset too) into microseconds; shared with sequence files.
 */
gboolean span_read(struct cfg_t *section, const char *key, gint64 *us, GError **error);

/* The hours in which both are open. FALSE when there are none. */
gboolean window_meet(const struct window *a, const struct window *b, struct window *both);

#endif
