/* One canonical JSON text for every value, whether it came as a CSV cell or as JSON, so that equal facts are
 * equal texts: the same as json_dumps() with JSON_COMPACT and JSON_SORT_KEYS, numbers in their shortest exact
 * form. */
#ifndef USHER_ACCOUNTS_FACT_CONVERT_H
#define USHER_ACCOUNTS_FACT_CONVERT_H

#include "accounts/facts.h"

#include <glib.h>
#include <jansson.h>

/* A cell or value over this many bytes is refused: more likely a quote left open. */
#define FACT_LENGTH_LIMIT ((gsize)1024 * 1024)

/* Appends text (length bytes of UTF-8 without NUL) as a JSON string. */
void fact_append_string(GString *out, const char *text, gsize length);

/* Appends the cell text as a value of type, a time without an offset read in zone. FALSE when it is none,
 * with *expected (static) set to what would be: "a number". out is as before then. A list is a JSON array,
 * {a,b} as PostgreSQL writes it, or items parted by semicolons. */
gboolean fact_append_text(GString *out, enum fact_type type, const char *text, gsize length, GTimeZone *zone,
                          const char **expected);

/* The same for a JSON value, which must not be null. Strings are taken as cells. */
gboolean fact_append_json(GString *out, enum fact_type type, const json_t *value, GTimeZone *zone,
                          const char **expected);

#endif
