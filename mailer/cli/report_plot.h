/* Plots as SVG inside a page: colours and fonts come from the page's style sheet (classes), so they follow
 * light and dark. Each is PLOT_WIDTH units wide and scales to the width it is given. */
#ifndef USHER_CLI_REPORT_PLOT_H
#define USHER_CLI_REPORT_PLOT_H

#include <glib.h>

struct plot_bar {
    char *label, *value; /* texts beside it, owned */
    double share;        /* of the full width, 0 to 1 */
    double mark;         /* a line across it there, 0 to 1; below 0: none */
};
void plot_bar_clear(gpointer bar);

/* Horizontal bars, one below the other: array of struct plot_bar. name says what the plot shows, for those
 * who cannot see it. */
void plot_bars(GString *out, const char *name, const GArray *bars);

/* Columns side by side, as a time series: share is the height. A goal from 0 to 1 is a line across all of
 * them with its label; below 0: none. */
void plot_columns(GString *out, const char *name, const GArray *columns, double goal, const char *goal_label);

/* Appends text with everything escaped that means something in HTML. */
void plot_text(GString *out, const char *text);

#endif
