/* The full look at a queued mail (rules, holds, hours, the text written again) costs a hundred times what the
 * other checks cost. It is taken ahead, where the mail is approved or its account brought up to date, and
 * what it found stands for an interval: until an end of its hours, a midnight or an age would change it, and
 * as long as the account's version and the files are the same. See look.c for why that is enough. */
#ifndef USHER_SERVICE_LOOK_H
#define USHER_SERVICE_LOOK_H

#include "service/context.h"

/* Takes the full look at the account's queued mails that nobody has touched yet, and keeps with each for how
 * long it stands. What cannot be looked at is left for the claim, which tells why. In the caller's
 * transaction. */
gboolean look_ahead(struct service *service, gint64 account_id, gint64 now_us, GError **error);

/* *fit is TRUE when a look taken ahead stands, and everything it does not cover holds now too: the mail may
 * go. FALSE says nothing; the full look decides then. In the claim's transaction. */
gboolean look_again(struct service *service, gint64 message_id, gint64 now_us, gboolean *fit, GError **error);

#endif
