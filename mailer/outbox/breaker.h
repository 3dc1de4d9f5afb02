/* Stopping a mailbox. An answer that speaks of the mailbox and not of the recipient (login, quota, sender
 * blocked, rate, content) would be the same for every mail: the mailbox stops with one task, the mails stay
 * queued as they were. So does one too many of whose mails come back, or get no usable answer (the circuit
 * breaker). A stop that passes by itself is probed with one mail after pauses that grow; any other ends by a
 * person's word or when the mailbox's configuration or password changes. */
#ifndef USHER_OUTBOX_BREAKER_H
#define USHER_OUTBOX_BREAKER_H

#include "outbox/ledger.h"

enum stop_kind {
    STOP_NONE,
    STOP_LOGIN,   /* the server does not let us in */
    STOP_SENDER,  /* it does not let this sender write */
    STOP_CONTENT, /* its policy refuses what we write */
    STOP_QUOTA,   /* passes: too much for today */
    STOP_RATE,    /* passes: too much at once, or it is busy */
    STOP_BREAKER, /* too many mails came to nothing */
    STOP_KIND_COUNT
};
extern const char *const stop_kind_names[STOP_KIND_COUNT];

/* A stop as it stands. Clear it with breaker_stop_clear(); kind STOP_NONE: the mailbox is not stopped. */
struct mailbox_stop {
    enum stop_kind kind;
    gint64 since_us, probe_us; /* probe_us 0: it does not pass by itself */
    int code;
    char *text; /* the server's words, or ours; NULL where there are none */
};
void breaker_stop_clear(struct mailbox_stop *stop);
static inline void
breaker_stop_clear_scoped(struct mailbox_stop *stop)
{
    breaker_stop_clear(stop);
}

/* What an outcome says of the mailbox. Sources: RFC 3463 (classes and subjects), RFC 4954 section 6 (login),
 * RFC 5321 section 4.2.1 (421), and what large providers document of theirs (5.4.5, 5.7.30, 5.1.90, 4.7.28…).
 */
enum stop_kind breaker_judge(const struct smtp_outcome *outcome);

/* Stops the mailbox, in the caller's transaction: row, event, one task. Where it is stopped already, a kind
 * that passes waits longer before the next probe, and nothing is told again. */
gboolean breaker_stop(struct ledger *ledger, enum stop_kind kind, const struct smtp_outcome *outcome,
                      const char *host, gint64 now_us, GError **error);

/* Reads the mailbox's stop. */
gboolean breaker_load(struct store *db, const char *mailbox, struct mailbox_stop *out, GError **error);

/* How many messages may be claimed now: limit, 1 for a probe, or 0; 0 too while the database is unclaimed
 * (meta key). In the claim's transaction; a stop that no longer holds because the mailbox was set up anew
 * (ledger->setup) ends here, and too many lost mails stop the mailbox. */
gboolean breaker_gate(struct ledger *ledger, guint *limit, gint64 now_us, GError **error);

/* A mail went through: ends a stop that passes by itself. In the caller's transaction. */
gboolean breaker_passed(struct ledger *ledger, gint64 now_us, GError **error);

/* Ends a stop, in the caller's transaction: event and task. *was FALSE when there is none. */
gboolean breaker_release(struct ledger *ledger, const char *actor, const char *why, gint64 now_us,
                         gboolean *was, GError **error);

/* One line for people: "mailbox ana sends nothing since 2026-11-21 09:00: …; `usher outbox --resume ana` …".
 * NULL when it is not stopped. The caller frees. */
char *breaker_line(struct store *db, const struct config *config, const char *mailbox, GError **error);

/* What the stop depends on: a hash of how the mailbox logs in and where. The caller frees. */
char *breaker_setup(const struct mailbox *mailbox, const char *password);

#endif
