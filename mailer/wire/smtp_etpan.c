/* A submission session on libetpan's SMTP client, over our own verified stream.
 *
 * What of libetpan 1.9.4 is not used, and why (read, and seen with the scripted server):
 * - mailesmtp_ehlo() names this host by gethostname() whatever is configured, and its parser never ends over
 *   "AUTH" with a tab in the list: EHLO is said here, and the extensions are read by smtp_dialogue;
 * - a reply is what strtol() makes of a line: another code in a later line, a line without code, bytes behind
 *   the reply all pass, and the return values map most codes to one. Codes come from smtp_dialogue, which is
 *   the stream's filter, and a reply that is none ends the stream;
 * - bytes behind the answer to STARTTLS stay in its buffer across the handshake: the filter refuses them;
 * - its SASL goes through Cyrus plug-ins, puts PLAIN into a line of 513 bytes, and knows no OAUTHBEARER; its
 *   XOAUTH2 always sends the token with AUTH, however long, and leaves it in the buffers: AUTH is said here,
 *   around them;
 * - mailsmtp_data_message() adds a line end before the dot, also to a message that has one, so it is given
 *   the message without its last CR LF; it says "stream error" alike for a body that was cut short and for an
 *   answer that never came, so the bytes are watched as they are written (line_write);
 * - mailsmtp_connect() closes the stream of a server that refuses, and mailsmtp_free() says QUIT and waits:
 *   closing the libetpan stream does not close ours, and QUIT is said here.
 *
 *     connected --TLS--> greeted --EHLO--> [STARTTLS --TLS--> EHLO] --> [AUTH] --> transactions --> QUIT
 *          `-----------------`--- a failure in run->failure: nothing but QUIT is written any more ------>
 *
 * Invariants: no command passes line_write() that smtp_run_allows() does not allow; each has one clock and
 * one byte budget; the last byte of the final dot is written only while the line is up, and from then on the
 * message counts as having left. */
#include "wire/smtp_etpan.h"

#include "base/error.h"

#include <libetpan/mailstream_low.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUFFER_BYTES = 16 * 1024,
};

/* ---- the line ---- */

/* Bytes of a message. TRUE when these bring the end of the final dot, which appears nowhere else: every line
 * of the message that begins with a dot has got a second one. */
static gboolean
follow_dot(struct smtp_etpan *etpan, const char *bytes, gsize length)
{
    static const char end[] = "\r\n.\r\n";

    for (gsize i = 0; i < length; i++) {
        if (bytes[i] == end[etpan->dot_matched])
            etpan->dot_matched++;
        else if (bytes[i] == '\r')
            etpan->dot_matched = 1;
        else
            etpan->dot_matched = 0;
        if (etpan->dot_matched == sizeof end - 1)
            return TRUE;
    }
    return FALSE;
}

static gboolean
write_body(struct smtp_etpan *etpan, const char *bytes, gsize length)
{
    struct smtp_run *run = etpan->run;

    if (tls_stream_hung_up(etpan->stream))
        return FALSE;
    if (follow_dot(etpan, bytes, length)) {
        etpan->in_body = FALSE;
        smtp_run_end(run, tls_stream_has_input(etpan->stream));
        smtp_etpan_begin(etpan, run->final_timeout_ms);
    }
    return tls_stream_write(etpan->stream, bytes, length) >= 0;
}

static ssize_t
line_write(mailstream_low *low, const void *bytes, size_t length)
{
    struct smtp_etpan *etpan = low->data;
    gboolean written =
        etpan->in_body ? write_body(etpan, bytes, length) : smtp_etpan_write(etpan, bytes, length);

    return written ? (ssize_t)length : -1;
}

static ssize_t
line_read(mailstream_low *low, void *buffer, size_t size)
{
    struct smtp_etpan *etpan = low->data;

    return tls_stream_read(etpan->stream, buffer, size);
}

static int
line_close(mailstream_low *low)
{
    (void)low;
    return 0;
}

static int
line_get_fd(mailstream_low *low)
{
    struct smtp_etpan *etpan = low->data;

    return tls_stream_fd(etpan->stream);
}

static void
line_free(mailstream_low *low)
{
    free(low); /* from libetpan's malloc(); the stream is not its own */
}

static struct mailstream_cancel *
line_get_cancel(mailstream_low *low)
{
    (void)low;
    return NULL;
}

/* A tls_stream_filter. */
static gsize
line_filter(void *data, const char *bytes, gsize length, GError **error)
{
    struct smtp_etpan *etpan = data;
    struct smtp_run *run = etpan->run;
    struct smtp_dialogue *dialogue = &run->dialogue;
    /* smtp_dialogue spoils words for libesmtp's sake. */
    g_autofree char *copy = g_memdup2(bytes, length);

    gboolean fit = smtp_dialogue_read(dialogue, copy, length);
    if (fit && !dialogue->garbled)
        return length;
    smtp_run_fail_bytes(run);
    g_set_error_literal(error, USHER_ERROR, USHER_ERROR_PROTOCOL, "the answer is not to be believed");
    return 0;
}

/* ---- commands ---- */

static gboolean
start_tls(struct smtp_etpan *etpan)
{
    struct smtp_run *run = etpan->run;
    const struct smtp_server *server = run->server;
    const char *name = server->tls_name != NULL ? server->tls_name : server->host;
    g_autoptr(GError) error = NULL;

    run->dialogue.step = SMTP_STEP_HANDSHAKE;
    g_autoptr(SSL_CTX) context = tls_context_new(server->ca_file, 0, &error);
    smtp_etpan_begin(etpan, run->timeout_ms);
    if (context != NULL && tls_stream_start_tls(etpan->stream, context, name, &error)) {
        run->dialogue.encrypted = TRUE;
        tls_stream_facts(etpan->stream, &run->tls);
        return TRUE;
    }
    if (g_error_matches(error, USHER_ERROR, USHER_ERROR_CONFIG)) {
        run->failure = g_steal_pointer(&error);
    } else if (g_error_matches(error, USHER_ERROR, USHER_ERROR_PROTOCOL)) {
        const char *reason = strstr(error->message, ": TLS: ");
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "cannot be trusted: %s",
                      reason != NULL ? reason + strlen(": TLS: ") : error->message);
    } else {
        smtp_etpan_note_failure(etpan);
    }
    return FALSE;
}

static gboolean
greet(struct smtp_etpan *etpan)
{
    struct smtp_run *run = etpan->run;
    g_autofree char *ehlo = g_strdup_printf("EHLO %s\r\n", run->helo);
    g_autofree char *helo = g_strdup_printf("HELO %s\r\n", run->helo);
    struct smtp_answer answer = smtp_etpan_say(etpan, ehlo);

    /* RFC 5321 section 3.2: a server that does not know it. */
    if (answer.code >= 500 && answer.code <= 504)
        answer = smtp_etpan_say(etpan, helo);
    if (run->failure != NULL || answer.code == 0)
        return FALSE;
    if (!smtp_answer_consents(answer)) {
        smtp_run_fail_line(run, FALSE, "");
        return FALSE;
    }
    etpan->session->esmtp = smtp_dialogue_offers(&run->dialogue, "SIZE") ? MAILSMTP_ESMTP_SIZE : 0;
    return TRUE;
}

/* RFC 3207. */
static gboolean
switch_to_tls(struct smtp_etpan *etpan)
{
    struct smtp_run *run = etpan->run;

    if (!smtp_dialogue_offers(&run->dialogue, "STARTTLS")) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "does not offer STARTTLS");
        return FALSE;
    }
    struct smtp_answer answer = smtp_etpan_say(etpan, "STARTTLS\r\n");
    if (run->failure != NULL || answer.code == 0)
        return FALSE;
    if (answer.code != 220) {
        run->dialogue.step = SMTP_STEP_STARTTLS;
        smtp_run_fail_line(run, FALSE, "");
        return FALSE;
    }
    return start_tls(etpan) && greet(etpan);
}

/* ---- the session ---- */

static void
connect_failed(struct smtp_run *run, const GError *error, gint64 started_us)
{
    static const char prefix[] = "cannot connect: ";
    gboolean timed_out = g_get_monotonic_time() - started_us >= run->connect_timeout_ms * 1000;
    const char *text = strstr(error->message, ": ");

    text = text != NULL ? text + 2 : error->message;
    smtp_run_fail_line(run, timed_out, g_str_has_prefix(text, prefix) ? text + sizeof prefix - 1 : text);
}

/* The stream, connected; the plain one only to this host. */
static gboolean
connect_line(struct smtp_etpan *etpan)
{
    struct smtp_run *run = etpan->run;
    const struct smtp_server *server = run->server;
    gint64 started_us = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    etpan->stream = tls_stream_connect(server->host, server->port, (int)run->connect_timeout_ms,
                                       server->cancel_fd > 0 ? server->cancel_fd : -1, &error);
    if (etpan->stream == NULL) {
        connect_failed(run, error, started_us);
        return FALSE;
    }
    run->connected = TRUE;
    run->peer = g_strdup(tls_stream_peer(etpan->stream));
    smtp_dialogue_connected(&run->dialogue);
    if (server->security == SMTP_PLAIN_LOOPBACK && !tls_stream_is_loopback(etpan->stream)) {
        smtp_run_fail(run, USHER_ERROR_CONFIG, "is %s, not on this host: mail does not leave it without TLS",
                      run->peer != NULL ? run->peer : "gone");
        return FALSE;
    }
    tls_stream_set_filter(etpan->stream, line_filter, etpan);
    if (server->security != SMTP_IMPLICIT_TLS)
        return TRUE;
    gboolean ok = start_tls(etpan);
    run->dialogue.step = ok ? SMTP_STEP_GREETING : run->dialogue.step;
    return ok;
}

static gboolean
open_session(struct smtp_etpan *etpan)
{
    static mailstream_low_driver driver = {
        .mailstream_read = line_read,
        .mailstream_write = line_write,
        .mailstream_close = line_close,
        .mailstream_get_fd = line_get_fd,
        .mailstream_free = line_free,
        .mailstream_get_cancel = line_get_cancel,
    };
    struct smtp_run *run = etpan->run;

    if (!connect_line(etpan))
        return FALSE;
    mailstream_low *low = mailstream_low_new(etpan, &driver);
    mailstream *stream = low != NULL ? mailstream_new(low, BUFFER_BYTES) : NULL;
    etpan->session = mailsmtp_new(0, NULL);
    g_assert(stream != NULL && etpan->session != NULL); /* GLib ends the program without memory */
    smtp_etpan_begin(etpan, run->timeout_ms);
    mailsmtp_connect(etpan->session, stream);
    struct smtp_answer greeting = smtp_etpan_answer(etpan);
    if (run->failure == NULL && greeting.code != 220)
        smtp_run_fail_line(run, FALSE, "");
    return run->failure == NULL && greet(etpan) &&
           (run->server->security != SMTP_STARTTLS || switch_to_tls(etpan)) &&
           (run->server->user == NULL || smtp_etpan_log_in(etpan));
}

static void
close_session(struct smtp_etpan *etpan)
{
    mailsmtp *session = etpan->session;

    /* In the middle of a body QUIT would be a line of it. */
    if (session != NULL && session->stream != NULL && !etpan->in_body &&
        tls_stream_error(etpan->stream) == NULL) {
        GError *failure = g_steal_pointer(&etpan->run->failure);
        smtp_etpan_say(etpan, "QUIT\r\n");
        g_clear_error(&etpan->run->failure);
        etpan->run->failure = failure;
    }
    if (session != NULL && session->stream != NULL)
        mailstream_close(g_steal_pointer(&session->stream));
    if (session != NULL)
        mailsmtp_free(session);
    tls_stream_free(etpan->stream);
}

void
smtp_etpan_run(struct smtp_run *run)
{
    struct smtp_etpan etpan = {.run = run};
    const struct smtp_mail *first = NULL;
    g_autoptr(GError) error = NULL;

    /* A configuration that cannot work is said before anything is asked for. */
    g_autoptr(SSL_CTX) trial = tls_context_new(run->server->ca_file, 0, &error);
    if (run->server->security != SMTP_PLAIN_LOOPBACK &&
        (trial == NULL ||
         !tls_context_expect_host(
             trial, run->server->tls_name != NULL ? run->server->tls_name : run->server->host, &error))) {
        run->failure = g_steal_pointer(&error);
        return;
    }
    if (run->handler != NULL && (first = smtp_run_take(run)) == NULL)
        return;
    open_session(&etpan);
    smtp_etpan_transact(&etpan, first);
    close_session(&etpan);
}
