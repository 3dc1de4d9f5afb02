/* Test copies on their way to the team's own people: a table and transitions of their own, beside the ledger,
 * because nothing may follow from them. A crash may send one twice; the number of attempts is bounded. */
#ifndef USHER_OUTBOX_TEST_OUTBOX_H
#define USHER_OUTBOX_TEST_OUTBOX_H

#include "base/config.h"
#include "store/store.h"

/* A copy to be queued; everything borrowed. */
struct test_copy {
    gint64 message_id, revision; /* the draft it shows */
    const char *mailbox, *mail_from, *address;
    const char *token; /* of its Reply-To, so that an answer is known; NULL: it has none */
    GBytes *bytes;     /* without Date */
    const char *asked_by;
};

/* Queues it, to be sent at once, in the caller's transaction; sets *id. */
gboolean test_outbox_add(struct store *db, const struct test_copy *copy, gint64 now_us, gint64 *id,
                         GError **error);

/* TRUE when the mailbox has a copy that is due. */
gboolean test_outbox_has_work(struct store *db, const struct mailbox *mailbox, gint64 now_us);

/* Sends what is due from the mailbox over one connection; call while holding the mailbox's lock. Errors as
 * sender_run(). stop, when not NULL, is looked at between copies. */
gboolean test_outbox_run(struct store *db, const struct config *config, const struct mailbox *mailbox,
                         const volatile gboolean *stop, GError **error);

#endif
