/* The fence: before anything automatic goes out, the team's mailboxes have been read to their end a short
 * while ago. */
#ifndef USHER_INBOX_FENCE_H
#define USHER_INBOX_FENCE_H

#include "base/config.h"
#include "store/store.h"

#define FENCE_MAX_AGE_US (5 * 60 * G_GINT64_CONSTANT(1000000))

/* NULL when INBOX and Sent of every configured mailbox were read to the end within FENCE_MAX_AGE_US of the
 * boot clock; else why not ("INBOX of ana was last read 12 minutes ago"). The caller frees. */
char *fence_refusal(struct store *db, const struct config *config);

/* Marks a folder as read to the end it had when the check began. */
gboolean fence_mark_read(struct store *db, const char *mailbox, const char *folder, gint64 began_boot_us,
                         GError **error);

#endif
