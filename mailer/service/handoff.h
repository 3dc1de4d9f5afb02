/* Handing an account over to Sales: what they are told, and what keeps it from happening. */
#ifndef USHER_SERVICE_HANDOFF_H
#define USHER_SERVICE_HANDOFF_H

#include "service/context.h"

/* What Sales is told of the account now: name, owner, stage, bills month by month with their growth, contract
 * interest, segments, the findings that hold with their figures. An object without note and contact; the
 * caller gives it up. NULL with error. */
json_t *handoff_lead(struct service *service, gint64 account_id, gint64 now_us, GError **error);

/* Growth of the bill from one month to the next as a fraction: the fact, else what forecast and last month
 * make of it. FALSE when neither is known. */
gboolean handoff_growth(const json_t *lead, double *growth);

/* Whom Sales should talk to when nobody is named: the fact point_of_contact, else who answered last. NULL:
 * nobody is known (no error then). The caller frees. */
char *handoff_contact(struct service *service, gint64 account_id, GError **error);

/* Inside the caller's transaction: brings the account up to now and says in *why what forbids a hand-over:
 * Sales is engaged, a segment with blocks_handoff (a task to ask is made then, unless it is there), handed
 * over before and not again. NULL: nothing. The caller frees. */
gboolean handoff_check(struct service *service, gint64 account_id, gint64 now_us, gboolean again, char **why,
                       GError **error);

/* Writes the lead to the configured folder as lead-ACCOUNT-DATE.json (mode 0640) and gives its path; *path is
 * NULL when no folder is configured. USHER_ERROR_CANT_CREATE. The caller frees. */
gboolean handoff_write(struct service *service, const json_t *lead, gint64 now_us, char **path,
                       GError **error);

#endif
