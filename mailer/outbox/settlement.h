/* Settling what is unknown. A delivery whose transmission had no answer is settled by what proves that the
 * server took the message, or by a person. Nothing that is absent proves anything: only a person settles to
 * not-sent.
 *
 *   proof                                    settles
 *   the provider's own copy in Sent          every recipient of that transmission; sent_copy = provider only
 *   a report that returns our Message-ID     the recipient it names; what the report says of it comes after
 *   a mail in its thread                     the recipient who wrote it, or the only one who may have it */
#ifndef USHER_OUTBOX_SETTLEMENT_H
#define USHER_OUTBOX_SETTLEMENT_H

#include "outbox/ledger.h"

/* To be called with every event before it is recorded: if it proves that an unknown delivery arrived, that
 * one is settled to sent, with the proof in the journal. In the caller's transaction. */
gboolean settlement_follow(struct store *db, const struct config *config, const struct outbox_policy *policy,
                           const struct event *event, GError **error);

/* The same for what the journal already holds about a message that just became unknown. */
gboolean settlement_look_back(struct ledger *ledger, gint64 message_id, gint64 now_us, GError **error);

/* A message that, by mail found in the mailbox, was sent by a database that knew more than this one: it is
 * sent, and nobody gets it again; event is what was found. Nothing changes for one that was transmitted from
 * here. In the caller's transaction. */
gboolean settlement_adopt(struct store *db, const struct config *config, const struct outbox_policy *policy,
                          gint64 message_id, const struct event *event, GError **error);

#endif
