/* A copied, moved or restored database must not send what its original sends or has sent. It knows where it
 * lives; when that changes, or when mail in Sent or INBOX shows that more was sent than it remembers, nothing
 * is sent until a person claims it (`usher claim`). */
#ifndef USHER_SERVICE_CLONE_GUARD_H
#define USHER_SERVICE_CLONE_GUARD_H

#include "service/context.h"

/* Where a database lives: machine-id, device, inode and real path of its file. The caller frees.
 * USHER_ERROR_NO_INPUT. */
char *clone_guard_identity(const char *path, GError **error);

/* Compares, and marks the database as unclaimed when it lives elsewhere; a database that never knew its place
 * learns it. Once at the start of whatever sends. Its own transaction. */
gboolean clone_guard_look(struct service *service, GError **error);

/* Why nothing is sent, in one line that says what to do; NULL when the database is claimed. The caller frees.
 */
char *clone_guard_refusal(struct store *db);

/* A person takes the database over, with a reason: the place is learned, and what is composed from now on
 * gets Message-IDs of a new generation, since the forgotten mails have those of this one. Its own
 * transaction. */
gboolean clone_guard_claim(struct service *service, const char *actor, const char *why, gint64 now_us,
                           GError **error);

/* Marks the database at path, a backup, as unclaimed. */
gboolean clone_guard_mark_copy(const char *path, GError **error);

/* What an "ahead_found" event says follows here: the database is unclaimed from now on, and a message of its
 * own that was sent without its knowledge is not sent again. In the caller's transaction. */
gboolean clone_guard_follow(struct service *service, const struct event *event, GError **error);

/* TRUE when both folders of the mailbox were read to their end since the service started (environment
 * USHER_STARTED_BOOT_US; without it TRUE): before that nobody knows whether the database is older than the
 * mailbox. */
gboolean clone_guard_compared(struct service *service, const struct mailbox *mailbox);

/* Every reason why a mailbox, or all of them, send nothing: one line each (char *, freed with the array). */
GPtrArray *service_halts(struct service *service, GError **error);

#endif
