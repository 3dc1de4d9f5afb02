/* What ledger.c and settlement.c share. Inside outbox/ only; everything in the caller's transaction. */
#ifndef USHER_OUTBOX_LEDGER_PARTS_H
#define USHER_OUTBOX_LEDGER_PARTS_H

#include "outbox/ledger.h"

/* Tells the sink of an event of a message; message, sequence and step are added to data, which is taken over.
 */
gboolean ledger_record(struct ledger *ledger, gint64 message_id, gint64 now_us, const char *kind,
                       json_t *data, GError **error);

/* What the message as a whole has become: tells `sent` and `step_failed`, each once. */
gboolean ledger_settle_message(struct ledger *ledger, gint64 message_id, gint64 now_us, GError **error);

/* A message has deliveries that just became unknown: told, with a task, unless evidence is there already. */
gboolean ledger_tell_unknown(struct ledger *ledger, gint64 message_id, gint64 now_us, GError **error);

/* The title of its task. The caller frees. */
char *ledger_unknown_title(gint64 message_id);

#endif
