/* The figures of `usher report`, computed from the journal, the deliveries and what the facts were when. How
 * they are printed is cli's. usher(1) says what each figure means. */
#ifndef USHER_SERVICE_REPORT_H
#define USHER_SERVICE_REPORT_H

#include "service/context.h"

struct report_options {
    gint64 now_us;
    gint64 since_us;  /* 0: from the beginning */
    double threshold; /* forecast, USD a month, from which an account counts for retention */
};

/* A JSON array of flat objects, each with its "figure": cohort, funnel, time_in_stage, replies, outreach,
 * outreach_week, retention, unwritten_renewal, mail, in this order. A rate or a number of days that nothing
 * was there to compute from is null. Dates are the team's. NULL with error. The caller frees. */
json_t *report_build(struct service *service, const struct report_options *options, GError **error);

#endif
