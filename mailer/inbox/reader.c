/* Purpose: both ends of the pipe between a watcher and the process that parses mail.
 *
 *   parent: idle --request--> waiting --record--> idle
 *                                     --silence, death, nonsense--> dead (killed; only reader_free is left)
 *
 * A frame is a length (4 bytes, little endian) and that many bytes. A request is a flag byte (1: partial),
 * the context's strings, the mail. The parent believes nothing that comes back: mail_record_read() checks it.
 * The child's limits are in reader_confine.c. */
#include "inbox/reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define MAX_CONTEXT_ADDRESSES 1000u
#define MAX_CONTEXT_BYTES (512u * 1024)
#define MAX_REQUEST_BYTES (READER_MAX_MAIL_BYTES + MAX_CONTEXT_BYTES)

struct reader {
    int fd;
    pid_t pid;
    gboolean dead;
};

/* ---- frames ---- */

static void
put_u32(GByteArray *out, gsize value)
{
    guint32 little = GUINT32_TO_LE((guint32)value);
    g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

static void
put_string(GByteArray *out, const char *text)
{
    gsize len = strlen(text);
    put_u32(out, len);
    g_byte_array_append(out, (const guint8 *)text, (guint)len);
}

/* What is left of timeout_ms since started_us; never negative. -1 waits for ever. */
static int
left_ms(gint64 started_us, int timeout_ms)
{
    if (timeout_ms < 0)
        return -1;
    gint64 spent_ms = (g_get_monotonic_time() - started_us) / 1000;
    return spent_ms >= timeout_ms ? 0 : timeout_ms - (int)spent_ms;
}

/* Moves len bytes over fd before the time is up. NULL when done, else what went wrong. */
static const char *
transfer(int fd, void *buffer, gsize len, gboolean sending, gint64 started_us, int timeout_ms)
{
    guint8 *at = buffer;
    while (len > 0) {
        struct pollfd wait = {.fd = fd, .events = sending ? POLLOUT : POLLIN};
        int ready = poll(&wait, 1, left_ms(started_us, timeout_ms));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return "waiting failed";
        if (ready == 0)
            return "it took too long";
        ssize_t n = sending ? send(fd, at, len, MSG_NOSIGNAL) : recv(fd, at, len, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return "it died";
        at += n;
        len -= (gsize)n;
    }
    return NULL;
}

/* Receives a frame of at most max bytes into out. NULL when done, else what went wrong. */
static const char *
receive_frame(int fd, gsize max, gint64 started_us, int timeout_ms, GByteArray *out)
{
    guint32 little;
    const char *wrong = transfer(fd, &little, sizeof little, FALSE, started_us, timeout_ms);
    if (wrong)
        return wrong;
    guint32 len = GUINT32_FROM_LE(little);
    if (len > max)
        return "its answer is too long";
    g_byte_array_set_size(out, len);
    return transfer(fd, out->data, len, FALSE, started_us, timeout_ms);
}

/* ---- the child ---- */

struct request {
    const guint8 *at;
    gsize left;
};

static gboolean
take_u32(struct request *r, guint32 *value)
{
    if (r->left < sizeof *value)
        return FALSE;
    memcpy(value, r->at, sizeof *value);
    *value = GUINT32_FROM_LE(*value);
    r->at += sizeof *value;
    r->left -= sizeof *value;
    return TRUE;
}

static char *
take_string(struct request *r)
{
    guint32 len;
    if (!take_u32(r, &len) || len > r->left)
        return NULL;
    char *text = g_strndup((const char *)r->at, len);
    r->at += len;
    r->left -= len;
    return text;
}

/* Answers one request. FALSE when the request is not well formed. */
static gboolean
answer_request(const GByteArray *bytes, GByteArray *answer)
{
    struct request r = {.at = bytes->data, .left = bytes->len};
    if (r.left < 1)
        return FALSE;
    gboolean partial = r.at[0] & 1;
    r.at++;
    r.left--;
    guint32 count;
    if (!take_u32(&r, &count) || count > MAX_CONTEXT_ADDRESSES)
        return FALSE;
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    for (guint32 i = 0; i < count; i++) {
        char *address = take_string(&r);
        if (!address)
            return FALSE;
        g_ptr_array_add(own, address);
    }
    g_ptr_array_add(own, NULL);
    g_autofree char *unsubscribe = take_string(&r);
    if (!unsubscribe)
        return FALSE;
    struct classify_context ctx = {.own_addresses = (const char *const *)own->pdata,
                                   .unsubscribe_address = *unsubscribe ? unsubscribe : NULL};
    struct mail_record record;
    mail_classify(r.at, r.left, partial, &ctx, &record);
    g_autoptr(GBytes) written = mail_record_write(&record);
    mail_record_clear(&record);
    put_u32(answer, g_bytes_get_size(written));
    g_byte_array_append(answer, g_bytes_get_data(written, NULL), (guint)g_bytes_get_size(written));
    return TRUE;
}

int
reader_main(int fd)
{
    g_autoptr(GError) error = NULL;
    if (!reader_confine(fd, &error))
        return usher_error_exit_code(error);
    for (;;) {
        g_autoptr(GByteArray) request = g_byte_array_new();
        if (receive_frame(fd, MAX_REQUEST_BYTES, 0, -1, request))
            _exit(0); /* the watcher went away; exit handlers may want what the filter forbids */
        g_autoptr(GByteArray) answer = g_byte_array_new();
        if (!answer_request(request, answer))
            _exit(USHER_ERROR_PROTOCOL);
        if (transfer(fd, answer->data, answer->len, TRUE, 0, -1))
            _exit(0);
    }
}

/* ---- the parent ---- */

struct reader *
reader_start(const char *executable, GError **error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "no socket pair for the mail reader: %s",
                    g_strerror(errno));
        return NULL;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (pair[1] == READER_CHILD_FD) { /* dup2 onto itself would keep close-on-exec */
        int moved = dup(pair[1]);
        close(pair[1]);
        pair[1] = moved;
    }
    posix_spawn_file_actions_adddup2(&actions, pair[1], READER_CHILD_FD);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    char *arguments[] = {(char *)(guintptr)executable, (char *)(guintptr) "worker",
                         (char *)(guintptr) "reader", NULL};
    /* An empty environment: no GCONV_PATH, no LD_PRELOAD, no secret of the watcher's. */
    char *environment[] = {(char *)(guintptr) "LC_ALL=C.UTF-8", NULL};
    pid_t pid = 0;
    int failure =
        pair[1] < 0 ? EMFILE : posix_spawn(&pid, executable, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (pair[1] >= 0)
        close(pair[1]);
    if (failure != 0) {
        close(pair[0]);
        g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "the mail reader %s does not start: %s", executable,
                    g_strerror(failure));
        return NULL;
    }
    struct reader *reader = g_new0(struct reader, 1);
    reader->fd = pair[0];
    reader->pid = pid;
    return reader;
}

static void
bury(struct reader *reader)
{
    reader->dead = TRUE;
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    if (reader->pid > 0) {
        kill(reader->pid, SIGKILL);
        while (waitpid(reader->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    reader->pid = 0;
}

static GByteArray *
write_request(const guint8 *bytes, gsize len, gboolean partial, const struct classify_context *ctx)
{
    GByteArray *out = g_byte_array_sized_new((guint)len + 1024);
    put_u32(out, 0); /* the length, once it is known */
    guint8 flags = partial ? 1 : 0;
    g_byte_array_append(out, &flags, 1);
    guint count = 0;
    for (const char *const *own = ctx ? ctx->own_addresses : NULL;
         own && *own && count < MAX_CONTEXT_ADDRESSES; own++)
        count++;
    put_u32(out, count);
    for (guint i = 0; i < count; i++) {
        g_autofree char *bounded = g_strndup(ctx->own_addresses[i], MAIL_RECORD_MAX_ADDRESS);
        put_string(out, bounded);
    }
    g_autofree char *unsubscribe =
        g_strndup(ctx && ctx->unsubscribe_address ? ctx->unsubscribe_address : "", MAIL_RECORD_MAX_ADDRESS);
    put_string(out, unsubscribe);
    g_byte_array_append(out, bytes, (guint)len);
    guint32 little = GUINT32_TO_LE((guint32)(out->len - sizeof(guint32)));
    memcpy(out->data, &little, sizeof little);
    return out;
}

gboolean
reader_read_mail(struct reader *reader, const guint8 *bytes, gsize len, gboolean partial,
                 const struct classify_context *ctx, int timeout_ms, struct mail_record *out, GError **error)
{
    if (len > READER_MAX_MAIL_BYTES) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "a mail of %" G_GSIZE_FORMAT " bytes is too long to be read at once", len);
        return FALSE;
    }
    const char *wrong = reader->dead ? "it died before" : NULL;
    gint64 started_us = g_get_monotonic_time();
    if (!wrong) {
        g_autoptr(GByteArray) request = write_request(bytes, len, partial, ctx);
        wrong = transfer(reader->fd, request->data, request->len, TRUE, started_us, timeout_ms);
    }
    g_autoptr(GByteArray) answer = g_byte_array_new();
    if (!wrong)
        wrong = receive_frame(reader->fd, MAIL_RECORD_MAX_BYTES, started_us, timeout_ms, answer);
    if (!wrong) {
        g_autoptr(GError) refused = NULL;
        if (mail_record_read(answer->data ? answer->data : (const guint8 *)"", answer->len, out, &refused))
            return TRUE;
        bury(reader);
        g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP, "the mail reader is not to be trusted: %s",
                    refused->message);
        return FALSE;
    }
    if (!reader->dead)
        bury(reader);
    g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP, "the mail reader did not answer: %s", wrong);
    return FALSE;
}

gboolean
reader_is_dead(const struct reader *reader)
{
    return reader->dead;
}

int
reader_pid(const struct reader *reader)
{
    return reader->pid;
}

void
reader_free(struct reader *reader)
{
    if (!reader)
        return;
    bury(reader);
    g_free(reader);
}
