/* What ledger.c, ledger_answer.c, settlement.c and breaker.c share. Inside outbox/ only; everything in the
 * caller's transaction. */
#ifndef USHER_OUTBOX_LEDGER_PARTS_H
#define USHER_OUTBOX_LEDGER_PARTS_H

#include "outbox/ledger.h"

/* The condition of the index delivery_busy, word for word: without it SQLite reads the whole table. */
#define LEDGER_BUSY " AND (state = 'claimed' OR state = 'transmitting' OR state = 'unknown')"

/* Tells the sink of an event of a message; message, sequence and step are added to data, which is taken over.
 */
gboolean ledger_record(struct ledger *ledger, gint64 message_id, gint64 now_us, const char *kind,
                       json_t *data, GError **error);

/* Makes a task of the message's account, due at due_us. */
gboolean ledger_make_task(struct ledger *ledger, gint64 message_id, gint64 now_us, const char *kind,
                          const char *title, gint64 due_us, GError **error);

/* A message that no server was ever offered takes its Date, and the beginning of retry_for, from its next
 * claim. */
gboolean ledger_forget_date(struct ledger *ledger, gint64 message_id, GError **error);

/* What the message as a whole has become: tells `sent` and `step_failed`, each once. */
gboolean ledger_settle_message(struct ledger *ledger, gint64 message_id, gint64 now_us, GError **error);

/* The title of the task about a message with an unknown delivery. The caller frees. */
char *ledger_unknown_title(gint64 message_id);

#endif
