/* What the parts of the report share: see report_private.h. */
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
