/* The report as a whole, and what its parts share: see report.h. */
#include "service/report.h"

#include "service/report_private.h"

#include <math.h>
#include <string.h>

void
report_add(struct report *r, json_t *row)
{
    json_array_append_new(r->rows, row);
}

char *
report_date(const struct report *r, gint64 us)
{
    struct civil c = zone_from_utc_us(r->zone, us);
    c.has_time = FALSE;
    return civil_format(&c);
}

char *
report_month(const struct report *r, gint64 us)
{
    char *date = report_date(r, us);
    date[strlen("2026-11")] = '\0';
    return date;
}

json_t *
report_rate(double part, double whole)
{
    return whole > 0 ? json_real(round(part / whole * 10000) / 10000) : json_null();
}

json_t *
report_tenth(double value)
{
    return json_real(round(value * 10) / 10);
}

double
report_median(const GArray *sorted)
{
    guint n = sorted->len;
    return (g_array_index(sorted, double, (n - 1) / 2) + g_array_index(sorted, double, n / 2)) / 2;
}

double
report_percentile(const GArray *sorted, double p)
{
    guint rank = (guint)ceil(p * sorted->len);
    return g_array_index(sorted, double, CLAMP(rank, 1u, sorted->len) - 1);
}

gboolean
report_ok(GError **error, GError *local)
{
    if (local)
        g_propagate_error(error, local);
    return !local;
}

json_t *
report_build(struct service *s, const struct report_options *options, GError **error)
{
    struct report r = {.service = s, .options = options, .zone = s->config->timezone, .rows = json_array()};
    /* One snapshot, so that the figures agree with each other. */
    gboolean ok = store_begin_read(s->db, error);
    if (ok) {
        ok = report_funnel(&r, error) && report_replies(&r, error) && report_outreach(&r, error) &&
             report_retention(&r, error) && report_mail(&r, error);
        store_rollback(s->db);
    }
    if (ok)
        return r.rows;
    json_decref(r.rows);
    return NULL;
}
