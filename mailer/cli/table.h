/* Plain tables for people: columns as wide as their content, cut at the terminal's width. */
#ifndef USHER_CLI_TABLE_H
#define USHER_CLI_TABLE_H

#include "base/cleanup.h"

#include <glib.h>

struct table;

/* headings is NULL-terminated. */
struct table *table_new(const char *const *headings);
void table_free(struct table *table);
SCOPED_FUNC(struct table, table_free)

/* One cell a column, NULL prints empty; control characters are made visible. */
void table_add(struct table *table, ...) G_GNUC_NULL_TERMINATED;
void table_add_row(struct table *table, const char *const *cells);

/* Prints to standard output; empty is printed instead when there is no row. */
void table_print(const struct table *table, const char *empty);

/* TRUE when colour may be used on standard output. */
gboolean table_colour(void);

/* text safe for a terminal: no control characters. The caller frees. */
char *table_clean(const char *text);

#endif
