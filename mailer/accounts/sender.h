/* Which specialist a mail comes from. */
#ifndef USHER_ACCOUNTS_SENDER_H
#define USHER_ACCOUNTS_SENDER_H

#include "accounts/facts.h"
#include "base/config.h"

/* The specialist for the account: whoever wrote to it before (a follow-up comes from the same mailbox), else
 * its owner (given by hand, else the fact `owner`: an id, an address or a name), else one of the rota of its
 * region, else the failsafe, else the first of usher.conf. The rota's specialists share their region's
 * accounts evenly, and a further one takes from each no more than their part. Borrowed; NULL only with error.
 */
const struct specialist *sender_choose(struct store *db, const struct config *config,
                                       const struct fact_row *row, gint64 account_id, GError **error);

/* The same without looking at earlier mails: who the account belongs to. */
const struct specialist *sender_owner(struct store *db, const struct config *config,
                                      const struct fact_row *row, gint64 account_id, GError **error);

/* The same, but NULL where the account has no owner and nobody has its region: then the failsafe stands in.
 */
gboolean sender_find_owner(struct store *db, const struct config *config, const struct fact_row *row,
                           gint64 account_id, const struct specialist **owner, GError **error);

#endif
