/* The send ledger: one row a delivery (message, recipient), one committed transaction a transition. See docs
 * and the diagram in ledger.c. The outbox knows nothing of sequences: a policy says if a message may go, a
 * sink takes the events. */
#ifndef USHER_OUTBOX_LEDGER_H
#define USHER_OUTBOX_LEDGER_H

#include "base/config.h"
#include "store/journal.h"
#include "wire/smtp_client.h"

enum delivery_state {
    DELIVERY_QUEUED,
    DELIVERY_CLAIMED,
    DELIVERY_TRANSMITTING,
    DELIVERY_SENT,
    DELIVERY_REFUSED,
    DELIVERY_DEFERRED,
    DELIVERY_UNKNOWN,
    DELIVERY_WITHDRAWN,
    DELIVERY_STATE_COUNT
};
extern const char *const delivery_state_names[DELIVERY_STATE_COUNT];

enum outbox_verdict {
    OUTBOX_SEND,
    OUTBOX_WAIT, /* look again at not_before_us */
    OUTBOX_GONE, /* withdrawn meanwhile */
};

struct outbox_policy {
    /* Asked inside the claim's transaction. On OUTBOX_WAIT *not_before_us and *reason (freed by the ledger)
     * are set. FALSE only with error. */
    gboolean (*may_send)(gpointer user, struct store *db, gint64 message_id, gint64 now_us,
                         enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error);
    gpointer user;
    struct event_sink sink;
};

struct ledger {
    struct store *db;
    const struct config *config;
    const struct mailbox *mailbox; /* for settling alone: NULL where usher.conf no longer has it */
    const struct outbox_policy *policy;
    char *owner;           /* of the claims: this process */
    char *setup;           /* breaker_setup() of now; NULL where nobody knows */
    gint64 stop_looked_us; /* when a stopped mailbox was last looked at, boot time */
    char *told_failure; /* why mails were not transmitted, as the log has it; the sender's, freed by its owner
                         */
};

/* A claimed message, ready for the wire. */
struct claim {
    gint64 message_id;
    char *mail_from;
    GBytes *bytes;        /* frozen, with Date */
    GPtrArray *addresses; /* the recipients to be tried now: char * */
    GArray *deliveries;   /* gint64, their deliveries, parallel to them: rows are changed one by one, by their
                             ids, which spares SQLite a list of those to change */
    gboolean transmitting; /* ledger_begin() was committed */
    char *redirect_to;     /* redirect_all_to: who gets it instead of addresses; NULL: they do */
};
void claim_free(gpointer claim);

/* Puts a frozen message into the outbox: one queued delivery a recipient, not before not_before_us. In the
 * caller's transaction. */
gboolean outbox_enqueue(struct store *db, gint64 message_id, gint64 not_before_us, gint64 now_us,
                        GError **error);

/* Takes back what has not begun to be transmitted, in the caller's transaction. *gone is FALSE when some
 * recipient may already have it; then nothing changes. */
gboolean outbox_withdraw(struct store *db, gint64 message_id, gint64 now_us, gboolean *gone, GError **error);

/* Has the account's queued mail looked at again now instead of at the end of a hold. In the caller's
 * transaction. */
gboolean outbox_reconsider(struct store *db, gint64 account_id, gint64 now_us, GError **error);

/* Of a message that has begun to arrive: withdraws open deliveries to whoever is suppressed or no contact of
 * the account any more. *left counts the open ones that remain. In the caller's transaction. */
gboolean outbox_withdraw_unfit(struct store *db, gint64 message_id, gint64 now_us, gint64 *left,
                               GError **error);

/* After a crash: claims of a dead sender of this mailbox go back to queued; what it was transmitting is sent
 * when the server's answer was kept, else it becomes unknown, with a task. Call once at start, holding the
 * mailbox's lock. */
gboolean ledger_recover(struct ledger *ledger, gint64 now_us, GError **error);

/* Claims up to limit messages that are due, in the caller's transaction. Returns struct claim *; empty when
 * nothing is. */
GPtrArray *ledger_claim(struct ledger *ledger, guint limit, gint64 now_us, GError **error);

/* The compare-and-set from claimed to transmitting, in the caller's transaction: FALSE with USHER_ERROR_TEMP
 * when the account changed since the claim or the claim was lost; nothing may leave then. */
gboolean ledger_begin(struct ledger *ledger, struct claim *claim, gint64 now_us, GError **error);

/* Keeps the server's answer to a message that it took for every address, in the caller's transaction, as
 * evidence on the deliveries, which stay transmitting: should we stop before ledger_settle(),
 * ledger_recover() finds them sent, not unknown. */
gboolean ledger_note_sent(struct ledger *ledger, struct claim *claim, const struct smtp_outcome *outcomes,
                          const char *host, gint64 now_us, GError **error);

/* What the server said, in the caller's transaction: one outcome an address of the claim. host is who said
 * it. */
gboolean ledger_settle(struct ledger *ledger, struct claim *claim, const struct smtp_outcome *outcomes,
                       const char *host, gint64 now_us, GError **error);

/* Withdraws what is still open of a message that is no longer wanted; if somebody had it already but nobody
 * of To, it has failed. In the caller's transaction. */
gboolean ledger_abandon(struct ledger *ledger, gint64 message_id, gint64 now_us, GError **error);

/* Gives an untouched claim back. */
gboolean ledger_unclaim(struct ledger *ledger, struct claim *claim, gint64 now_us, GError **error);

/* Why the mailbox's sender could not try what is due at all: its text until the next look, with the host. In
 * the caller's transaction, or its own. */
gboolean ledger_tell_due(struct ledger *ledger, const char *reason, gint64 now_us, GError **error);

/* A person's word on the unknown deliveries of a message, or only the one to address (NULL: all): sent, or
 * not sent (they are queued again). Its own transaction. USHER_ERROR_DATA when there is no such unknown
 * delivery. */
gboolean ledger_settle_by_hand(struct ledger *ledger, gint64 message_id, gboolean sent, const char *address,
                               gint64 now_us, const char *actor, GError **error);

/* When the next delivery of the mailbox is due; 0 when none is queued. */
gint64 ledger_next_due_us(struct ledger *ledger, GError **error);

/* TRUE when an answer means the address is dead for good (RFC
 * 3463: 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1). */
gboolean smtp_code_is_dead_address(int code, const char *enhanced);

#endif
