/* The last look before a mail leaves: see outbox_policy in outbox/ledger.h. */
#ifndef USHER_SERVICE_POLICY_H
#define USHER_SERVICE_POLICY_H

#include "outbox/ledger.h"

/* user is the struct service. */
gboolean policy_may_send(gpointer user, struct store *db, gint64 message_id, gint64 now_us,
                         enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error);

#endif
