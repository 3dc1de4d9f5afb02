/* The conversation with an account that a follow-up continues. */
#ifndef USHER_COMPOSE_THREAD_H
#define USHER_COMPOSE_THREAD_H

#include "store/store.h"

struct mail_thread {
    char *subject;     /* without any "Re:"; NULL: there is no conversation yet */
    char *in_reply_to; /* Message-ID of its last mail, without <> */
    char **references; /* oldest first, NULL-terminated (RFC 5322 3.6.4) */
};
void thread_clear(struct mail_thread *thread);

/* The account's conversation: from the last outreach that opened one (sent here or by hand) on, with the
 * customer's replies. Mails about a failed payment are a conversation of their own. */
gboolean thread_load(struct store *db, gint64 account_id, struct mail_thread *out, GError **error);

#endif
