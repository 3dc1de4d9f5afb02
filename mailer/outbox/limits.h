/* Limits of sending: to whom at all, how many, how close together. Counted from the ledger: whatever may have
 * reached somebody (claimed, transmitting, sent, unknown) counts once a message. */
#ifndef USHER_OUTBOX_LIMITS_H
#define USHER_OUTBOX_LIMITS_H

#include "base/config.h"
#include "store/store.h"

/* Whether a queued message may go now from the mailbox. *not_before_us is 0 when it may; else when to look
 * again, and *reason (the caller frees) names the setting that makes it wait. begun: some recipient has the
 * message, so only deliver_only_to and the spacing still matter. Inside the claim's transaction, so that what
 * is claimed before counts. */
gboolean limits_check(struct store *db, const struct config *config, const struct mailbox *mailbox,
                      gint64 message_id, gboolean begun, gint64 now_us, gint64 *not_before_us, char **reason,
                      GError **error);

/* TRUE when deliver_only_to and redirect_all_to let a mail for address out. */
gboolean limits_allow_address(const struct config *config, const char *address);

#endif
