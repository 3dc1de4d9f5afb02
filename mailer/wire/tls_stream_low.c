/* A libetpan low stream over a tls_stream: its IMAP client reads and writes through this. */
#include <stdlib.h>

#include <libetpan/mailstream_low.h>

#include "wire/tls_stream.h"

static ssize_t
low_read(mailstream_low *low, void *buffer, size_t size)
{
    return tls_stream_read(low->data, buffer, size);
}

static ssize_t
low_write(mailstream_low *low, const void *buffer, size_t size)
{
    return tls_stream_write(low->data, buffer, size);
}

static int
low_close(mailstream_low *low G_GNUC_UNUSED)
{
    return 0; /* libetpan always frees after closing */
}

static int
low_get_fd(mailstream_low *low)
{
    return tls_stream_fd(low->data);
}

static void
low_free(mailstream_low *low)
{
    tls_stream_free(low->data);
    free(low); /* from libetpan's malloc() */
}

static struct mailstream_cancel *
low_get_cancel(mailstream_low *low G_GNUC_UNUSED)
{
    return NULL;
}

struct _mailstream_low *
tls_stream_low_new(struct tls_stream *stream)
{
    static mailstream_low_driver driver = {
        .mailstream_read = low_read,
        .mailstream_write = low_write,
        .mailstream_close = low_close,
        .mailstream_get_fd = low_get_fd,
        .mailstream_free = low_free,
        .mailstream_get_cancel = low_get_cancel,
    };
    mailstream_low *low = mailstream_low_new(stream, &driver);
    g_assert(low); /* GLib ends the program without memory, and so do we */
    return low;
}
