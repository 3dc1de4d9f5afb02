/* The report as a whole: see report.h. */
#include "service/report.h"

#include "service/report_private.h"

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
