/* The last mail between the team and an account, in either direction. */
#ifndef USHER_SERVICE_QUEUE_MAIL_H
#define USHER_SERVICE_QUEUE_MAIL_H

#include "service/queue.h"

/* Fills *last, whose texts the caller frees; at_us 0 when there was none. What robots sent does not count. */
gboolean queue_mail_last(struct store *db, gint64 account_id, struct queue_mail *last, GError **error);

#endif
