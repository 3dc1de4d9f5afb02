/* The fence: before anything automatic goes out, the team's mailboxes have been read to their end a short
 * while ago. */
#ifndef USHER_INBOX_FENCE_H
#define USHER_INBOX_FENCE_H

#include "base/config.h"
#include "store/store.h"

/* NULL when INBOX and Sent (and the further folders) of the sending mailbox, of every mailbox that wrote to
 * the account, and of the shared ones were read to the end within config->fence_max_age_us of the boot clock;
 * else why not ("INBOX of ana was last read 12 minutes ago: connection refused"). The caller frees. */
char *fence_refusal(struct store *db, const struct config *config, gint64 account_id, const char *mailbox);

/* Keeps why a mailbox cannot be read, for fence_refusal(); NULL: it can. */
gboolean fence_note_problem(struct store *db, const char *mailbox, const char *problem, gint64 now_us,
                            GError **error);

/* That reason as it stands; NULL: none. The caller frees. */
char *fence_problem(struct store *db, const char *mailbox);

/* What was read before counts no more: the reading that was to be the last before sending has failed. */
gboolean fence_forget(struct store *db, const char *mailbox, GError **error);

/* Marks a folder as read to the end it had when the check began. */
gboolean fence_mark_read(struct store *db, const char *mailbox, const char *folder, gint64 began_boot_us,
                         GError **error);

#endif
