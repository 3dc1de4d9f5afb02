/* Which specialist a mail comes from. */
#ifndef USHER_ACCOUNTS_SENDER_H
#define USHER_ACCOUNTS_SENDER_H

#include "accounts/facts.h"
#include "base/config.h"

/* The specialist for the account: whoever wrote to it before (a follow-up comes from the same mailbox), else
 * its owner (given by hand, else the fact `owner`: an id, an address or a name), else the first on the rota
 * of its region, else the failsafe, else the first of usher.conf. Borrowed; NULL only with error. */
const struct specialist *sender_choose(struct store *db, const struct config *config,
                                       const struct fact_row *row, gint64 account_id, GError **error);

/* The same without looking at earlier mails: who the account belongs to. */
const struct specialist *sender_owner(struct store *db, const struct config *config,
                                      const struct fact_row *row, gint64 account_id, GError **error);

#endif
