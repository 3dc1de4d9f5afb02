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

/* What a colour means: done or good, wants attention, wrong, of little weight, a heading. */
enum tint { TINT_NONE, TINT_GOOD, TINT_WARN, TINT_BAD, TINT_DIM, TINT_BOLD };

/* Colours what is printed from here on (TINT_NONE: as before), where colour may be used. */
void table_tint(enum tint tint);

/* Colours one cell of the row added last. */
void table_tint_cell(struct table *table, guint column, enum tint tint);

/* On a terminal too narrow for a row its last columns go to lines of their own below, with their headings,
 * instead of being cut off. */
void table_fold(struct table *table);

/* On a terminal a cell of this column takes at most columns of the row; folded it is whole. */
void table_limit(struct table *table, guint column, int columns);

/* The columns that text takes on a terminal; wide characters count twice. */
int table_width(const char *text);

/* TRUE when colour may be used on standard output. */
gboolean table_colour(void);

#endif
