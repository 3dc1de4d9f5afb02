/* What the files of the report share. Inside service/report*.c only. */
#ifndef USHER_SERVICE_REPORT_PRIVATE_H
#define USHER_SERVICE_REPORT_PRIVATE_H

#include "base/zone.h"
#include "service/report.h"

struct report {
    struct service *service;
    const struct report_options *options;
    GTimeZone *zone; /* the team's */
    json_t *rows;
};

/* The parts, each appending its rows. */
gboolean report_funnel(struct report *report, GError **error);
gboolean report_replies(struct report *report, GError **error);
gboolean report_outreach(struct report *report, GError **error);
gboolean report_retention(struct report *report, GError **error);
gboolean report_mail(struct report *report, GError **error);

/* The rest is in report_parts.c.
 *
 * Appends row, which is taken over. */
void report_add(struct report *report, json_t *row);

/* "2026-11-21" and "2026-11" of an instant, in the team's zone. The caller frees. */
char *report_date(const struct report *report, gint64 us);
char *report_month(const struct report *report, gint64 us);

/* part / whole rounded to four places, JSON null when whole is 0; value rounded to one place. */
json_t *report_rate(double part, double whole);
json_t *report_tenth(double value);

/* The middle of sorted values, and the smallest that at least the share p of them does not exceed (nearest
 * rank). Not of none. */
double report_median(const GArray *sorted);
double report_percentile(const GArray *sorted, double p);

/* Hands error over where there is one; TRUE when there is none. */
gboolean report_ok(GError **error, GError *local);

#endif
