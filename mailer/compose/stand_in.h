/* Whose mail it is while its specialist is away: see usher(1), away. */
#ifndef USHER_COMPOSE_STAND_IN_H
#define USHER_COMPOSE_STAND_IN_H

#include "compose/draft.h"

/* Who a new mail to the account comes from. At work: the usual specialist. Away with somebody who covers: a
 * mail that opens a conversation comes from whoever covers; one that continues a conversation stays with its
 * mailbox, and *cover is who its answers go to. Away without: the usual specialist (it waits at sending).
 * *who is borrowed, *cover too, NULL: nobody else. */
gboolean stand_in_choose(const struct composer *composer, gint64 account_id, gboolean follows,
                         const struct specialist **who, const struct specialist **cover, GError **error);

/* What no longer fits a stored draft because somebody went away, NULL when all is well (the caller frees). */
gboolean stand_in_difference(const struct composer *composer, const struct draft *draft, char **difference,
                             GError **error);

/* Keeps draft->cover with the stored draft. */
gboolean stand_in_store(struct store *db, const struct draft *draft, GError **error);

#endif
