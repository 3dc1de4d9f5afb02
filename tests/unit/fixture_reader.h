/* A test program as its own mail reader: called with the arguments "worker" and "reader" it answers as the
 * real one does, unconfined, but dies of a mail that says POISON. */
#ifndef USHER_TESTS_FIXTURE_READER_H
#define USHER_TESTS_FIXTURE_READER_H

#include "inbox/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static inline gboolean
reader_receive(void *buffer, gsize len)
{
    for (gsize got = 0; got < len;) {
        ssize_t n = recv(READER_CHILD_FD, (char *)buffer + got, len - got, 0);
        if (n <= 0)
            return FALSE;
        got += (gsize)n;
    }
    return TRUE;
}

/* Answers requests until the watcher goes away; the exit status. */
static inline int
reader_serve(void)
{
    guint32 little;
    while (reader_receive(&little, sizeof little)) {
        gsize len = GUINT32_FROM_LE(little);
        g_autofree char *request = g_malloc0(len + 1);
        if (!reader_receive(request, len))
            return 1;
        /* flags, count of our addresses, those, the opt-out address: each text with its length in front */
        gsize at = 5;
        memcpy(&little, request + 1, sizeof little);
        for (guint32 n = GUINT32_FROM_LE(little) + 1, size; n > 0; n--, at += 4 + GUINT32_FROM_LE(size))
            memcpy(&size, request + at, sizeof size);
        if (g_strstr_len(request + at, (gssize)(len - at), "POISON"))
            abort();
        struct mail_record record;
        mail_classify((const guint8 *)request + at, len - at, FALSE, NULL, &record);
        g_autoptr(GBytes) written = mail_record_write(&record);
        mail_record_clear(&record);
        gsize size;
        const char *data = g_bytes_get_data(written, &size);
        little = GUINT32_TO_LE((guint32)size);
        send(READER_CHILD_FD, &little, sizeof little, 0);
        send(READER_CHILD_FD, data, size, 0);
    }
    return 0;
}

#endif
