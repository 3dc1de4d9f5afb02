/* Numbers in a text, and whether they are what the facts say. */
#ifndef USHER_COMPOSE_LINT_FIGURES_H
#define USHER_COMPOSE_LINT_FIGURES_H

#include <glib.h>
#include <jansson.h>

struct figure {
    gsize at, len; /* the digits with their separators */
    double value;
    int places;   /* digits after the point */
    double scale; /* 1000 for "1.2k" and "1.2 thousand", else 1 */
    gboolean percent;
    gboolean money; /* a currency stands before or behind it */
};

/* The figures of a text, in order, as struct figure. Clock times, version numbers and digits that belong to a
 * word ("v2") are none. The caller frees. */
GArray *figures_find(const char *text);

/* Adds to the array of double what a text's figures, or the numbers in a JSON value of any kind, allow a text
 * to say. */
void figures_allow_text(GArray *allowed, const char *text);
void figures_allow_json(GArray *allowed, const json_t *value);

/* TRUE when the figure is one of the allowed numbers as a person writes it: rounded, in thousands, a fraction
 * as a percentage. */
gboolean figure_is_allowed(const struct figure *figure, const GArray *allowed);

#endif
