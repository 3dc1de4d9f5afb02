/* Mail that shows that the database is older than reality: it carries, answers or returns a mail of ours that
 * the ledger does not know as sent, as after a backup was restored. */
#ifndef USHER_INBOX_AHEAD_H
#define USHER_INBOX_AHEAD_H

#include "inbox/intake.h"

/* Looks at the Message-IDs and tokens of a mail, and records "ahead_found" (message_id, message: 0 where the
 * database has no such message, mailbox, folder, subject) for each of ours that was never transmitted. Ours
 * are only those that the database's own secret makes, of its present generation or a later one. In the
 * caller's transaction. */
gboolean ahead_look(const struct intake *intake, const struct mail_place *place,
                    const struct mail_record *record, GError **error);

#endif
