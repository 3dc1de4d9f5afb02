/* Reads an IMAP server's bytes before libetpan does: notes what libetpan loses, and stops what it does not
 * survive. */
#ifndef USHER_WIRE_IMAP_GUARD_H
#define USHER_WIRE_IMAP_GUARD_H

#include <glib.h>

/* How a command ended (RFC 3501 section 7.1). */
enum imap_tagged {
    IMAP_TAGGED_NONE,
    IMAP_TAGGED_OK,
    IMAP_TAGGED_NO,
    IMAP_TAGGED_BAD,
};

struct imap_guard;

struct imap_guard *imap_guard_new(void);
void imap_guard_free(struct imap_guard *guard);

/* A new command begins; no literal of its answer may be longer than max_literal bytes. */
void imap_guard_begin(struct imap_guard *guard, gint64 max_literal);

/* Another folder is about to be selected: the next UIDVALIDITY is its own. */
void imap_guard_begin_folder(struct imap_guard *guard);

/* A tls_stream_filter; data is the guard. USHER_ERROR_UNAVAILABLE for BYE, with the server's words;
 * USHER_ERROR_TEMP for a UIDVALIDITY that changes in the selected folder;
 * USHER_ERROR_PROTOCOL for what no honest server sends. */
gsize imap_guard_filter(void *data, const char *bytes, gsize length, GError **error);

/* The result line of the command, if it has come. */
enum imap_tagged imap_guard_tagged(const struct imap_guard *guard);

/* Its words after OK, NO or BAD: one line of at most 200 printable characters. Borrowed until the next result
 * line. */
const char *imap_guard_text(const struct imap_guard *guard);

/* TRUE when no part of a line has been read: nothing of an answer is pending. */
gboolean imap_guard_is_between_lines(const struct imap_guard *guard);

/* The number of messages the server has announced for the selected folder and TRUE in news when that changed,
 * or a message was expunged, since the last imap_guard_clear_news(). */
guint32 imap_guard_exists(const struct imap_guard *guard, gboolean *news);
void imap_guard_clear_news(struct imap_guard *guard);

/* TRUE when the command's answer has held an untagged SEARCH (RFC 3501 section 7.2.5), with numbers or
 * without.
 */
gboolean imap_guard_has_searched(const struct imap_guard *guard);

/* Server's words made fit for a message: valid UTF-8, no control characters, at most 200 characters. The
 * caller frees. */
char *imap_guard_printable(const char *words);

#endif
