/* Reading one mailbox: INBOX, Sent and the further folders, each mail once, in the order of its UIDs,
 * resuming from (mailbox, UIDVALIDITY, UID). */
#ifndef USHER_INBOX_WATCH_H
#define USHER_INBOX_WATCH_H

#include "inbox/intake.h"
#include "wire/imap_client.h"

struct watch;

/* reader_executable is what `worker reader` is started from. Nothing is connected yet. The caller frees.
 * Everything in intake is borrowed and must outlive the watch. */
struct watch *watch_new(const struct intake *intake, const char *reader_executable);
void watch_free(struct watch *watch);
SCOPED_FUNC(struct watch, watch_free)

/* Connects when needed and reads all folders to the end they had when the call began; marks them read for
 * the fence. *count (may be NULL) is how many mails were recorded. After an error the connection is closed;
 * the next call connects anew. */
gboolean watch_read(struct watch *watch, guint *count, GError **error);

/* Waits in IDLE on INBOX until something may be new, wake_fd is readable, or max_ms passed. */
gboolean watch_wait(struct watch *watch, int wake_fd, int max_ms, GError **error);

/* Puts our copy of sent messages into Sent where the mailbox is configured so, after a search for the
 * Message-ID. */
gboolean watch_append_copies(struct watch *watch, GError **error);

/* Connects, logs in and opens the folders, to see if it can: for `usher check`. A folder that usher.conf
 * names and the server lacks is USHER_ERROR_NO_INPUT; Sent may be missing, *sent_exists tells. */
gboolean watch_check(struct watch *watch, gboolean *sent_exists, GError **error);

/* Connects when needed; the connection is borrowed until the next call. */
struct imap_client *watch_open(struct watch *watch, GError **error);

/* The name of the Sent folder, once connected. Borrowed. */
const char *watch_sent_folder(const struct watch *watch);

/* Has the mailbox's folders read again from the day of since_us by their next reading. *any is FALSE when
 * none was read before. */
gboolean watch_ask_since(struct store *db, const struct mailbox *mailbox, gint64 since_us, gboolean *any,
                         GError **error);

/* The connection that watch_check() left behind, NULL before it. Borrowed until the next call. */
struct imap_client;
const struct imap_client *watch_client(const struct watch *watch);

#endif
