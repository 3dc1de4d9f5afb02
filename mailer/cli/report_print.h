/* Printing the rows of report_build(): tables with bars for a terminal, one page of HTML with plots. */
#ifndef USHER_CLI_REPORT_PRINT_H
#define USHER_CLI_REPORT_PRINT_H

#include <glib.h>
#include <jansson.h>

/* What a reader must know beside the rows. */
struct report_title {
    const char *team;  /* its name */
    char *made;        /* "2026-11-21 09:00" */
    const char *since; /* "2026-09-01", NULL: from the beginning */
    double threshold;
};

void report_print_text(const json_t *rows, const struct report_title *title);

/* The page as text, with nothing in it that must be fetched. The caller frees. */
char *report_print_html(const json_t *rows, const struct report_title *title);

/* A member of a row for people: "12", "83 %" for a rate, "3.5" for a number, "-" for null. The caller frees.
 */
char *report_cell(const json_t *row, const char *name);
char *report_percent(const json_t *row, const char *name);

/* A row's text and number; "" and 0 where it has none. */
const char *report_text(const json_t *row, const char *name);
double report_number(const json_t *row, const char *name);

gboolean report_is(const json_t *row, const char *figure);

/* What people call a row of the figure "mail". Static. */
const char *report_mail_label(const char *name);

#endif
