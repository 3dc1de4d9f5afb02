/* A stream inside: what tls_stream.c and tls_stream_connect.c share. Only they include this. */
#ifndef USHER_WIRE_TLS_STREAM_PARTS_H
#define USHER_WIRE_TLS_STREAM_PARTS_H

#include "wire/tls_stream.h"

#include "base/error.h"

struct tls_stream {
    char *name; /* host:port */
    char *peer; /* address:port */
    int fd;
    int cancel_fd;
    SSL *ssl; /* NULL while plain */
    int timeout_ms;
    gint64 deadline_us; /* monotonic */
    gint64 budget_bytes;
    gint64 received_bytes; /* since the command began */
    tls_stream_filter filter;
    void *filter_data;
    GError *error;
};

/* The stream has failed from here on; the first failure stays. The text is put behind the stream's name. */
void tls_stream_fail(struct tls_stream *stream, enum usher_error code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* TRUE while the stream has not failed; else FALSE with a copy of its failure. */
gboolean tls_stream_report(const struct tls_stream *stream, GError **error);

/* poll() over three descriptors that restarts after signals. Gives the revents of each.
 * As poll(2) answers; until_us is monotonic. */
int tls_stream_poll(int fd, short events, int wake_fd, int cancel_fd, gint64 until_us, short revents[3]);

#endif
