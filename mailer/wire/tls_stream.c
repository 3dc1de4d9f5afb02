/* A bounded, verified byte stream.
 *
 * The socket is non-blocking from its creation to its end, so that every wait is one poll() in one function,
 * which knows all four ways a wait may end: ready, read timeout, command deadline, cancel. Nothing else in
 * this file blocks.
 *
 *     connecting --> plain --start_tls--> TLS
 *          \           \                   \
 *           `-----------`-------------------`--> failed (error set; reads and writes return -1)
 *
 * libetpan turns a short read inside a literal into uninitialised bytes and goes on (it sees a negative
 * result of the first chunk only), so a failed stream must stay failed: the next read of the same command is
 * what stops it. */
#define _GNU_SOURCE /* POLLRDHUP */

#include "wire/tls_stream_parts.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "wire/tls_context.h"

void
tls_stream_fail(struct tls_stream *stream, enum usher_error code, const char *format, ...)
{
    if (stream->error)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    stream->error = g_error_new(USHER_ERROR, (int)code, "%s: %s", stream->name, text);
}

gboolean
tls_stream_report(const struct tls_stream *stream, GError **error)
{
    if (!stream->error)
        return TRUE;
    if (error)
        *error = g_error_copy(stream->error);
    return FALSE;
}

/* Milliseconds until a monotonic time, rounded up so that a wait never ends just before it. */
static int
ms_until(gint64 when_us)
{
    gint64 left_us = when_us - g_get_monotonic_time();
    if (left_us <= 0)
        return 0;
    return (int)MIN((left_us + 999) / 1000, INT_MAX);
}

int
tls_stream_poll(int fd, short events, int wake_fd, int cancel_fd, gint64 until_us, short revents[3])
{
    for (;;) {
        struct pollfd set[3] = {
            {.fd = fd, .events = events},
            {.fd = wake_fd, .events = POLLIN},
            {.fd = cancel_fd, .events = POLLIN},
        };
        int ready = poll(set, 3, ms_until(until_us));
        if (ready < 0 && errno == EINTR)
            continue;
        for (int i = 0; i < 3; i++)
            revents[i] = set[i].revents;
        return ready;
    }
}

/* Waits until the socket allows events, within the read timeout and the command's deadline. */
static gboolean
stream_wait_ready(struct tls_stream *stream, short events)
{
    gint64 read_limit_us = g_get_monotonic_time() + (gint64)stream->timeout_ms * 1000;
    short revents[3];
    int ready = tls_stream_poll(stream->fd, events, -1, stream->cancel_fd,
                                MIN(read_limit_us, stream->deadline_us), revents);
    if (ready < 0)
        tls_stream_fail(stream, USHER_ERROR_OS, "cannot wait for the connection: %s", g_strerror(errno));
    else if (ready > 0 && revents[2])
        tls_stream_fail(stream, USHER_ERROR_TEMP, "cancelled");
    else if (ready == 0 && stream->deadline_us < read_limit_us)
        tls_stream_fail(stream, USHER_ERROR_TEMP, "no complete answer within the time allowed");
    else if (ready == 0)
        tls_stream_fail(stream, USHER_ERROR_TEMP, "no answer for %d ms", stream->timeout_ms);
    return stream->error == NULL;
}

/* A byte now and then keeps every poll() above content, so the clock is looked at once a transfer as well. */
static gboolean
stream_alive(struct tls_stream *stream)
{
    if (!stream->error && g_get_monotonic_time() >= stream->deadline_us)
        tls_stream_fail(stream, USHER_ERROR_TEMP, "no complete answer within the time allowed");
    return stream->error == NULL;
}

void
tls_stream_free(struct tls_stream *stream)
{
    if (!stream)
        return;
    if (stream->ssl) {
        /* After a failed handshake or a fatal alert SSL_shutdown() is an error of its own (its manual page).
         */
        if (!stream->error && SSL_is_init_finished(stream->ssl))
            SSL_shutdown(stream->ssl);
        SSL_free(stream->ssl);
        ERR_clear_error();
    }
    if (stream->fd >= 0)
        close(stream->fd);
    g_clear_error(&stream->error);
    g_free(stream->name);
    g_free(stream->peer);
    g_free(stream);
}

/* What OpenSSL wants before it can go on: 0 when it has failed for good. */
static short
ssl_wanted_events(int reason)
{
    if (reason == SSL_ERROR_WANT_READ)
        return POLLIN;
    if (reason == SSL_ERROR_WANT_WRITE)
        return POLLOUT;
    return 0;
}

gboolean
tls_stream_start_tls(struct tls_stream *stream, SSL_CTX *context, const char *host, GError **error)
{
    if (!tls_stream_report(stream, error))
        return FALSE;
    g_assert(!stream->ssl);
    stream->ssl = SSL_new(context);
    if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1) {
        tls_stream_fail(stream, USHER_ERROR_SOFTWARE, "OpenSSL cannot make a connection");
        return tls_stream_report(stream, error);
    }
    GError *host_error = NULL;
    if (!tls_ssl_expect_host(stream->ssl, host, &host_error)) {
        tls_stream_fail(stream, (enum usher_error)host_error->code, "%s", host_error->message);
        g_error_free(host_error);
        return tls_stream_report(stream, error);
    }
    SSL_set_connect_state(stream->ssl);
    while (stream_alive(stream)) {
        ERR_clear_error();
        int outcome = SSL_do_handshake(stream->ssl);
        if (outcome == 1)
            break;
        short events = ssl_wanted_events(SSL_get_error(stream->ssl, outcome));
        if (events) {
            stream_wait_ready(stream, events);
            continue;
        }
        gboolean dropped = SSL_get_verify_result(stream->ssl) == X509_V_OK && tls_error_is_drop();
        g_autofree char *reason = tls_failure_describe(stream->ssl, host);
        tls_stream_fail(stream, dropped ? USHER_ERROR_UNAVAILABLE : USHER_ERROR_PROTOCOL, "TLS: %s", reason);
    }
    /* Belt and braces: the context verifies, and a context that does not must not get this far. */
    if (!stream->error && (SSL_get_verify_mode(stream->ssl) == SSL_VERIFY_NONE ||
                           SSL_get_verify_result(stream->ssl) != X509_V_OK))
        tls_stream_fail(stream, USHER_ERROR_PROTOCOL, "TLS: the certificate was not verified");
    return tls_stream_report(stream, error);
}

void
tls_stream_begin(struct tls_stream *stream, int deadline_ms, gint64 budget_bytes)
{
    stream->deadline_us = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    stream->budget_bytes = budget_bytes;
    stream->received_bytes = 0;
}

void
tls_stream_set_filter(struct tls_stream *stream, tls_stream_filter filter, void *data)
{
    stream->filter = filter;
    stream->filter_data = data;
}

gboolean
tls_stream_wait(struct tls_stream *stream, int wake_fd, int timeout_ms, enum tls_stream_event *event,
                GError **error)
{
    if (!tls_stream_report(stream, error))
        return FALSE;
    *event = TLS_STREAM_INPUT;
    if (stream->ssl && SSL_has_pending(stream->ssl)) /* poll() cannot see what OpenSSL has read already */
        return TRUE;
    short revents[3];
    gint64 until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    int ready = tls_stream_poll(stream->fd, POLLIN, wake_fd, stream->cancel_fd, until_us, revents);
    if (ready < 0)
        tls_stream_fail(stream, USHER_ERROR_OS, "cannot wait for the connection: %s", g_strerror(errno));
    else if (ready == 0)
        *event = TLS_STREAM_TIMEOUT;
    else if (revents[2])
        tls_stream_fail(stream, USHER_ERROR_TEMP, "cancelled");
    else if (!revents[0])
        *event = TLS_STREAM_WAKE;
    return tls_stream_report(stream, error);
}

/* One attempt to move bytes: their number, or 0 with *events to wait for, or 0 with the stream failed. */
static gsize
stream_read_once(struct tls_stream *stream, void *buffer, gsize size, short *events)
{
    *events = 0;
    if (stream->ssl) {
        size_t got = 0;
        ERR_clear_error();
        int outcome = SSL_read_ex(stream->ssl, buffer, size, &got);
        if (outcome == 1)
            return got;
        *events = ssl_wanted_events(SSL_get_error(stream->ssl, outcome));
        if (!*events)
            tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "the server closed the connection");
        return 0;
    }
    ssize_t got = recv(stream->fd, buffer, size, 0);
    if (got > 0)
        return (gsize)got;
    if (got == 0)
        tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "the server closed the connection");
    else if (errno == EAGAIN || errno == EINTR)
        *events = POLLIN;
    else
        tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "the connection broke: %s", g_strerror(errno));
    return 0;
}

static gsize
stream_write_once(struct tls_stream *stream, const void *buffer, gsize size, short *events)
{
    *events = 0;
    if (stream->ssl) {
        size_t put = 0;
        ERR_clear_error();
        int outcome = SSL_write_ex(stream->ssl, buffer, size, &put);
        if (outcome == 1)
            return put;
        *events = ssl_wanted_events(SSL_get_error(stream->ssl, outcome));
        if (!*events)
            tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "the server closed the connection");
        return 0;
    }
    ssize_t put = send(stream->fd, buffer, size, MSG_NOSIGNAL);
    if (put >= 0)
        return (gsize)put;
    if (errno == EAGAIN || errno == EINTR)
        *events = POLLOUT;
    else
        tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "the connection broke: %s", g_strerror(errno));
    return 0;
}

gssize
tls_stream_read(struct tls_stream *stream, void *buffer, gsize size)
{
    g_return_val_if_fail(size > 0, -1);
    while (stream_alive(stream)) {
        short events;
        gsize got = stream_read_once(stream, buffer, MIN(size, INT_MAX), &events);
        if (got == 0) {
            if (events)
                stream_wait_ready(stream, events);
            continue;
        }
        stream->received_bytes += (gint64)got;
        if (stream->received_bytes > stream->budget_bytes) {
            tls_stream_fail(stream, USHER_ERROR_PROTOCOL,
                            "the answer is longer than the %" G_GINT64_FORMAT " bytes allowed",
                            stream->budget_bytes);
            break;
        }
        gsize pass = got;
        if (stream->filter) {
            GError *refusal = NULL;
            pass = stream->filter(stream->filter_data, buffer, got, &refusal);
            if (refusal) {
                tls_stream_fail(stream, (enum usher_error)refusal->code, "%s", refusal->message);
                g_error_free(refusal);
            }
        }
        if (pass > 0)
            return (gssize)pass;
    }
    return -1;
}

gssize
tls_stream_write(struct tls_stream *stream, const void *buffer, gsize size)
{
    const char *at = buffer;
    gsize left = size;
    while (left > 0 && stream_alive(stream)) {
        short events;
        gsize put = stream_write_once(stream, at, MIN(left, INT_MAX), &events);
        if (put == 0 && events)
            stream_wait_ready(stream, events);
        at += put;
        left -= put;
    }
    return stream->error ? -1 : (gssize)size;
}

const GError *
tls_stream_error(const struct tls_stream *stream)
{
    return stream->error;
}

const char *
tls_stream_name(const struct tls_stream *stream)
{
    return stream->name;
}

const char *
tls_stream_peer(const struct tls_stream *stream)
{
    return stream->peer;
}

int
tls_stream_fd(const struct tls_stream *stream)
{
    return stream->fd;
}

void
tls_stream_set_timeout(struct tls_stream *stream, int timeout_ms)
{
    stream->timeout_ms = timeout_ms;
}

void
tls_stream_set_cancel(struct tls_stream *stream, int cancel_fd)
{
    stream->cancel_fd = cancel_fd;
}

gboolean
tls_stream_hung_up(const struct tls_stream *stream)
{
    struct pollfd line = {.fd = stream->fd, .events = POLLRDHUP};
    return stream->error != NULL ||
           (poll(&line, 1, 0) > 0 && (line.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0);
}

gboolean
tls_stream_has_input(const struct tls_stream *stream)
{
    char byte;
    size_t got = 0;

    if (stream->error)
        return FALSE;
    if (!stream->ssl)
        return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    ERR_clear_error();
    return SSL_peek_ex(stream->ssl, &byte, 1, &got) == 1; /* not fooled by a session ticket */
}

void
tls_stream_facts(const struct tls_stream *stream, struct tls_facts *facts)
{
    *facts = (struct tls_facts){0};
    if (stream->ssl)
        tls_facts_take(stream->ssl, facts);
}
