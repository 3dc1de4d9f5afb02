/* One TCP connection to a mail server, plain or under verified TLS, whose every wait is bounded: a read
 * timeout, a wall-clock deadline a command, a byte budget a command, and a descriptor that cancels. It is
 * what stands behind libetpan's IMAP and SMTP clients instead of that library's own streams, which verify
 * nothing. The first failure sticks: every later read and write fails with it, so a caller looks once, after
 * the command. */
#ifndef USHER_WIRE_TLS_STREAM_H
#define USHER_WIRE_TLS_STREAM_H

#include <glib.h>
#include <openssl/ssl.h>

#include "base/cleanup.h"
#include "wire/tls_context.h"

struct tls_stream;
struct _mailstream_low; /* libetpan's mailstream_low, under the tag its headers give it */

/* Looks at bytes the server sent, before anybody else does. Returns how many of them may pass; when that is
 * fewer than length it sets error, which ends the stream after those bytes. */
typedef gsize (*tls_stream_filter)(void *data, const char *bytes, gsize length, GError **error);

/* What ended a wait for input. */
enum tls_stream_event {
    TLS_STREAM_INPUT,   /* bytes can be read (or the line is dead: reading tells) */
    TLS_STREAM_WAKE,    /* the wake descriptor is readable; it is not drained here */
    TLS_STREAM_TIMEOUT, /* neither within the time given */
};

/* Connects to host and port, trying every address in the resolver's order, all of them within timeout_ms. The
 * name's lookup itself follows resolv.conf. timeout_ms stays the stream's read timeout. cancel_fd (-1 for
 * none, borrowed) ends any wait when it becomes readable. USHER_ERROR_UNAVAILABLE when nobody answers,
 * USHER_ERROR_TEMP when cancelled. */
struct tls_stream *tls_stream_connect(const char *host, guint16 port, int timeout_ms, int cancel_fd,
                                      GError **error);

/* Says goodbye to the TLS peer without waiting for an answer, closes, frees. NULL is allowed. */
void tls_stream_free(struct tls_stream *stream);
SCOPED_FUNC(struct tls_stream, tls_stream_free)

/* TRUE when the peer's address is a loopback one: what a connection without TLS must show. */
gboolean tls_stream_is_loopback(const struct tls_stream *stream);

/* Performs the TLS handshake on the connected line and verifies the peer for host; context comes from
 * tls_context_new() and is borrowed. The caller has made sure that no plaintext is left unread (RFC 3501
 * section 6.2.1, RFC 3207 section 5). USHER_ERROR_PROTOCOL when the certificate is refused or the peer does
 * not speak TLS, USHER_ERROR_UNAVAILABLE when it drops the line. */
gboolean tls_stream_start_tls(struct tls_stream *stream, SSL_CTX *context, const char *host, GError **error);

/* Starts the account of one command: everything until the next call must be done within deadline_ms and bring
 * no more than budget_bytes. A stream starts with timeout_ms and 64 KiB. */
void tls_stream_begin(struct tls_stream *stream, int deadline_ms, gint64 budget_bytes);

/* At most one filter; data is borrowed. */
void tls_stream_set_filter(struct tls_stream *stream, tls_stream_filter filter, void *data);

/* Waits for input, for wake_fd (-1 for none) or for timeout_ms, whichever comes first; the command's deadline
 * does not count here, the cancel descriptor does. FALSE with error when the stream has failed. */
gboolean tls_stream_wait(struct tls_stream *stream, int wake_fd, int timeout_ms, enum tls_stream_event *event,
                         GError **error);

/* Reads at least one and at most size bytes. The number read, or -1: end of file is a failure too. */
gssize tls_stream_read(struct tls_stream *stream, void *buffer, gsize size);

/* Writes all size bytes. -1 on failure. */
gssize tls_stream_write(struct tls_stream *stream, const void *buffer, gsize size);

/* The failure that ended the stream, NULL while it lives. Borrowed. */
const GError *tls_stream_error(const struct tls_stream *stream);

/* "host:port", for messages. Borrowed. */
const char *tls_stream_name(const struct tls_stream *stream);

/* "192.0.2.1:587", NULL when the peer reset the line at once. Borrowed. */
const char *tls_stream_peer(const struct tls_stream *stream);

/* The socket, to poll on; borrowed. */
int tls_stream_fd(const struct tls_stream *stream);

/* How long one read may take from now on. */
void tls_stream_set_timeout(struct tls_stream *stream, int timeout_ms);

/* Another descriptor that cancels from now on; -1 for none. */
void tls_stream_set_cancel(struct tls_stream *stream, int cancel_fd);

/* TRUE when the stream has failed, or the peer has closed its side. */
gboolean tls_stream_hung_up(const struct tls_stream *stream);

/* TRUE when bytes that nobody has read yet have come in. */
gboolean tls_stream_has_input(const struct tls_stream *stream);

/* What the handshake came to; zeroes without TLS. The caller clears it with tls_facts_clear(). */
void tls_stream_facts(const struct tls_stream *stream, struct tls_facts *facts);

/* A libetpan low stream over stream, which it owns from now on: mailstream_close() frees both. */
struct _mailstream_low *tls_stream_low_new(struct tls_stream *stream);

#endif
