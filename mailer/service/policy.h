/* The last look before a mail leaves: see outbox_policy in outbox/ledger.h. */
#ifndef USHER_SERVICE_POLICY_H
#define USHER_SERVICE_POLICY_H

#include "service/context.h"

/* user is the struct service. */
gboolean policy_may_send(gpointer user, struct store *db, gint64 message_id, gint64 now_us,
                         enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error);

/* The same question about another time, for looking ahead on a copy: holds, leave, hours, gap and limits, but
 * neither the mailboxes' state nor the content. *reason NULL: it may go at at_us; else *waits_for_time tells
 * whether *not_before_us ends the wait. *reason is the caller's to free. */
gboolean policy_forecast(struct service *service, gint64 message_id, gint64 at_us, gint64 *not_before_us,
                         char **reason, gboolean *waits_for_time, GError **error);

#endif
