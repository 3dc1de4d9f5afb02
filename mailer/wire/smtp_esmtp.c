/* A submission session on libesmtp, fenced in.
 *
 * libesmtp 1.1.0 speaks good SMTP and trusts everything: it compares the certificate with the DNS's idea of
 * the name, keeps what was said in clear across STARTTLS, goes on unauthenticated after a refused login, has
 * no limit on connect(), and calls nearly every session a success. So nothing it returns is believed here.
 * Facts come from three places: its events, its monitor callback (every command and reply: smtp_dialogue),
 * and the socket itself (smtp_line).
 *
 * Invariants:
 * - no MAIL leaves before TLS and login are as they should be (smtp_secure);
 * - smtp_start_session() runs once on a session: a second run would send an unanswered message again. */
#include "wire/smtp_client.h"

#include "base/error.h"
#include "wire/smtp_check.h"
#include "wire/smtp_run.h"
#include "wire/tls_context.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 5 * 60 * 1000,
    DEFAULT_FINAL_TIMEOUT_MS = 10 * 60 * 1000,
    CONNECT_TIMEOUT_MS = 60 * 1000,
    QUIT_TIMEOUT_MS = 5 * 1000,    /* everything is settled by then */
    TIMEOUT_MARGIN_MS = 10 * 1000, /* libesmtp's own clocks only stand behind ours */
    DEFAULT_MAX_MESSAGES = 200,
    LOGIN_MAX_BYTES = 255, /* sasl-plain.so copies each into a field of that size, unchecked */
};

void
smtp_report_clear(struct smtp_report *report)
{
    g_free(report->peer);
    g_free(report->tls);
    g_free(report->text);
    memset(report, 0, sizeof *report);
}

static void
fail(struct smtp_run *run, int code, const char *text)
{
    if (run->failure == NULL)
        run->failure = g_error_new(USHER_ERROR, code, "%s:%u %s", run->server->host, run->server->port, text);
}

void
smtp_run_fail(struct smtp_run *run, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fail(run, code, text);
}

void
smtp_run_fail_reply(struct smtp_run *run, int error_code, int reply_code, const char *reply_text,
                    const char *what)
{
    g_autofree char *text = smtp_text_clean(reply_text);

    if (run->failure != NULL)
        return;
    smtp_run_fail(run, error_code, "%s: %d %s", what, reply_code, text);
    run->failure_code = reply_code;
    run->failure_text = g_steal_pointer(&text);
}

void
smtp_run_fail_status(struct smtp_run *run, int error_code, const smtp_status_t *status, const char *what)
{
    g_autofree char *text = status->enh_class == status->code / 100
                                ? g_strdup_printf("%d.%d.%d %s", status->enh_class, status->enh_subject,
                                                  status->enh_detail, status->text)
                                : g_strdup(status->text);

    smtp_run_fail_reply(run, error_code, status->code, text, what);
}

static void
on_monitor(const char *bytes, int length, int writing, void *data)
{
    struct smtp_run *run = data;
    struct smtp_dialogue *dialogue = &run->dialogue;

    if (length <= 0 || writing == SMTP_CB_HEADERS)
        return;
    if (writing == SMTP_CB_WRITING) {
        if (!smtp_dialogue_wrote(dialogue, bytes, (gsize)length))
            smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered with something that is not SMTP");
        smtp_secure_command(run);
        smtp_line_expect(run->line, dialogue->step == SMTP_STEP_QUIT ? MIN(run->timeout_ms, QUIT_TIMEOUT_MS)
                                                                     : run->timeout_ms);
        return;
    }
    /* The bytes lie in libesmtp's own input buffer, which it parses after this call; the const is a courtesy
     * of its type. */
    if (!smtp_dialogue_read(dialogue, (char *)(gsize)bytes, (gsize)length)) {
        if (dialogue->surplus && run->server->security == SMTP_STARTTLS && !dialogue->encrypted)
            smtp_run_fail(run, USHER_ERROR_PROTOCOL,
                          "sent bytes in clear that nobody asked for before TLS: somebody may be tampering "
                          "with the line");
        else if (dialogue->surplus)
            smtp_run_fail(run, USHER_ERROR_PROTOCOL, "sent more than one answer to %s",
                          smtp_delivery_step(run));
        else
            smtp_run_fail(run, USHER_ERROR_PROTOCOL, "sends answers without end");
        smtp_line_cut(run->line);
    } else if (dialogue->step == SMTP_STEP_AUTH && dialogue->answered) {
        smtp_secure_answer(run);
    }
}

/* ---- events ---- */

static void
on_connect(struct smtp_run *run)
{
    run->connected = TRUE;
    run->authenticated = FALSE;
    smtp_dialogue_connected(&run->dialogue);
    if (!smtp_line_connected(run->line))
        smtp_run_fail(run, USHER_ERROR_SOFTWARE, "was connected by a socket that cannot be found");
    else if (smtp_line_peer(run->line) == NULL)
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "ended the session at %s",
                      smtp_step_name(run->dialogue.step));
    else if (run->server->security == SMTP_PLAIN_LOOPBACK && !smtp_line_is_loopback(run->line))
        smtp_run_fail(run, USHER_ERROR_CONFIG, "is %s, not on this host: mail does not leave it without TLS",
                      smtp_line_peer(run->line));
    smtp_line_expect(run->line, run->timeout_ms);
    if (run->failure != NULL)
        smtp_line_cut(run->line);
}

static void
on_event(smtp_session_t session, int event, void *data, ...)
{
    struct smtp_run *run = data;
    va_list arguments;

    (void)session;
    va_start(arguments, data);
    switch (event) {
    case SMTP_EV_CONNECT:
        on_connect(run);
        break;
    case SMTP_EV_DISCONNECT:
        smtp_line_closed(run->line);
        break;
    case SMTP_EV_MAILSTATUS:
        (void)va_arg(arguments, char *);
        smtp_delivery_event(run, event, va_arg(arguments, smtp_message_t));
        break;
    case SMTP_EV_RCPTSTATUS:
        smtp_delivery_event(run, event, NULL);
        break;
    case SMTP_EV_MESSAGEDATA:
    case SMTP_EV_MESSAGESENT:
        smtp_delivery_event(run, event, va_arg(arguments, smtp_message_t));
        break;
    case SMTP_EV_EXTNA_STARTTLS:
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "does not offer STARTTLS");
        break;
    case SMTP_EV_STARTTLS_OK: {
        SSL *ssl = va_arg(arguments, SSL *);
        run->dialogue.encrypted = TRUE;
        g_free(run->tls);
        run->tls = g_strdup_printf("%s %s", SSL_get_version(ssl), SSL_get_cipher(ssl));
        smtp_line_expect(run->line, run->timeout_ms);
        break;
    }
    case SMTP_EV_WRONG_PEER_CERTIFICATE: {
        /* Its comparison knows neither the configured name nor IP addresses. OpenSSL's has been made already.
         */
        int *ok = va_arg(arguments, int *);
        (void)va_arg(arguments, char *);
        SSL *ssl = va_arg(arguments, SSL *);
        *ok = SSL_get_verify_result(ssl) == X509_V_OK && run->failure == NULL;
        break;
    }
    case SMTP_EV_INVALID_PEER_CERTIFICATE:
    case SMTP_EV_NO_PEER_CERTIFICATE:
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "cannot be trusted: it shows no valid certificate");
        break;
    case SMTP_EV_WEAK_CIPHER:
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "wants a cipher that is too weak");
        break;
    case SMTP_EV_UNUSABLE_CLIENT_CERTIFICATE:
    case SMTP_EV_NO_CLIENT_CERTIFICATE:
        smtp_run_fail(run, USHER_ERROR_CONFIG,
                      "cannot be used: the home directory holds a client certificate for it, and those are "
                      "not supported");
        break;
    }
    va_end(arguments);
}

/* ---- the session ---- */

static gboolean
server_valid(const struct smtp_server *server, GError **error)
{
    const char *problem = NULL;
    gboolean has_login = server->user != NULL;

    if (server->host == NULL || !smtp_host_valid(server->host))
        problem = "expected a host name or an IPv4 address";
    else if (server->port == 0)
        problem = "expected a port";
    else if (server->security == SMTP_IMPLICIT_TLS)
        problem = "TLS from the first byte (smtps) is not supported yet: use STARTTLS, mostly on port 587";
    else if (server->helo != NULL && !smtp_helo_valid(server->helo))
        problem = "expected a host name for EHLO";
    else if (has_login != (server->password != NULL))
        problem = "expected both a user and a password, or neither";
    else if (has_login && (server->user[0] == '\0' || server->password[0] == '\0'))
        problem = "expected a user and a password that are not empty";
    else if (has_login &&
             (strlen(server->user) > LOGIN_MAX_BYTES || strlen(server->password) > LOGIN_MAX_BYTES))
        problem = "expected a user and a password of at most 255 bytes";
    if (problem == NULL)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "SMTP server %s: %s",
                server->host != NULL && smtp_host_valid(server->host) ? server->host : "(unnamed)", problem);
    return FALSE;
}

static void
session_set_timeouts(struct smtp_run *run)
{
    static const int clocks[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER};
    long timeout_ms = (long)run->timeout_ms + TIMEOUT_MARGIN_MS;
    long final_timeout_ms = (long)run->final_timeout_ms + TIMEOUT_MARGIN_MS;

    for (gsize i = 0; i < G_N_ELEMENTS(clocks); i++)
        smtp_set_timeout(run->session, clocks[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, timeout_ms);
    smtp_set_timeout(run->session, Timeout_DATA2 | Timeout_OVERRIDE_RFC2822_MINIMUM, final_timeout_ms);
}

/* A failure that nobody noted when it happened: told from where the session stood when it ended. */
static void
failure_find(struct smtp_run *run, int library_error)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;
    enum smtp_step step = dialogue->step == SMTP_STEP_QUIT ? dialogue->before_quit : dialogue->step;
    char buffer[256] = "";

    if (smtp_line_timed_out(run->line) && !run->connected) {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "does not answer: no connection within %.3g s",
                      (double)MIN(run->timeout_ms, CONNECT_TIMEOUT_MS) / 1000);
    } else if (smtp_line_timed_out(run->line)) {
        gboolean final = smtp_delivery_ended(run);
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "has not answered %s within %.3g s",
                      smtp_delivery_step(run),
                      (double)(final ? run->final_timeout_ms : run->timeout_ms) / 1000);
    } else if (!run->connected) {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "cannot be reached: %s",
                      smtp_strerror(library_error, buffer, sizeof buffer));
    } else if (dialogue->garbled) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered %s with something that is not SMTP",
                      smtp_delivery_step(run));
    } else if (step == SMTP_STEP_HANDSHAKE && !dialogue->encrypted) {
        g_autofree char *reason = tls_error_describe(run->server->host);
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "cannot be trusted: %s", reason);
    } else if (dialogue->code >= 400 && step <= SMTP_STEP_AUTH) {
        g_autofree char *what = g_strdup_printf("refuses at %s", smtp_step_name(step));
        smtp_run_fail_reply(run, USHER_ERROR_UNAVAILABLE, dialogue->code, dialogue->text, what);
    } else {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "ended the session at %s", smtp_delivery_step(run));
    }
}

static void
report_fill(struct smtp_run *run, struct smtp_report *report)
{
    if (report == NULL)
        return;
    smtp_report_clear(report);
    *report = (struct smtp_report){
        .peer = g_strdup(smtp_line_peer(run->line)),
        .tls = g_steal_pointer(&run->tls),
        .authenticated = run->authenticated,
        .code = run->failure_code,
        .text = g_steal_pointer(&run->failure_text),
        .messages = run->taken,
        .more = !run->exhausted && run->failure == NULL && run->handler != NULL,
    };
}

/* Runs one session. add_first hands over the first message, and says whether there is one. */
static gboolean
session_run(struct smtp_run *run, gboolean (*add_first)(struct smtp_run *run),
            gboolean (*is_settled)(struct smtp_run *run), struct smtp_report *report, GError **error)
{
    const struct smtp_server *server = run->server;
    g_autoptr(SSL_CTX) tls = NULL;
    auth_context_t login = NULL;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    run->timeout_ms = server->timeout_ms > 0 ? server->timeout_ms : DEFAULT_TIMEOUT_MS;
    run->final_timeout_ms =
        server->final_timeout_ms > 0 ? server->final_timeout_ms : DEFAULT_FINAL_TIMEOUT_MS;
    run->max_messages = server->max_messages > 0 ? server->max_messages : DEFAULT_MAX_MESSAGES;
    if (report != NULL)
        smtp_report_clear(report);
    if (!server_valid(server, error))
        return FALSE;
    if (server->security == SMTP_STARTTLS && (tls = smtp_secure_tls(run, error)) == NULL)
        return FALSE;

    g_autofree char *host_port = g_strdup_printf("%s:%u", server->host, server->port);
    const char *own_name = smtp_helo_valid(g_get_host_name()) ? g_get_host_name() : "localhost";
    run->session = smtp_create_session();
    run->items = g_ptr_array_new_with_free_func(smtp_item_free);
    smtp_dialogue_init(&run->dialogue);
    smtp_set_server(run->session, host_port);
    smtp_set_hostname(run->session, server->helo != NULL ? server->helo : own_name);
    smtp_set_eventcb(run->session, on_event, run);
    smtp_set_monitorcb(run->session, on_monitor, run, 0);
    session_set_timeouts(run);
    if (tls != NULL) {
        smtp_starttls_enable(run->session, Starttls_REQUIRED);
        smtp_starttls_set_ctx(run->session, tls);
    }
    if (server->user != NULL) {
        login = smtp_secure_login(run);
        smtp_auth_set_context(run->session, login);
    }

    sigaction(SIGPIPE, &ignore, &before);
    if (add_first(run)) {
        run->line = smtp_line_new(MIN(run->timeout_ms, CONNECT_TIMEOUT_MS));
        smtp_start_session(run->session);
        int library_error = smtp_errno();
        if (run->failure == NULL && !is_settled(run))
            failure_find(run, library_error);
    }
    if (run->handler != NULL)
        smtp_delivery_finish(run);
    report_fill(run, report);
    sigaction(SIGPIPE, &before, NULL);

    smtp_destroy_session(run->session);
    if (login != NULL)
        auth_destroy_context(login);
    smtp_line_free(run->line);
    g_ptr_array_unref(run->items);
    smtp_dialogue_clear(&run->dialogue);
    g_free(run->tls);
    g_free(run->failure_text);
    if (run->failure == NULL)
        return TRUE;
    g_propagate_error(error, run->failure);
    return FALSE;
}

static gboolean
send_add_first(struct smtp_run *run)
{
    smtp_delivery_take(run);
    return run->current != NULL;
}

static gboolean
send_is_settled(struct smtp_run *run)
{
    return run->current == NULL || smtp_delivery_given_up(run);
}

gboolean
smtp_client_send(const struct smtp_server *server, const struct smtp_handler *handler, gpointer user,
                 struct smtp_report *report, GError **error)
{
    struct smtp_run run = {.server = server, .handler = handler, .user = user};

    return session_run(&run, send_add_first, send_is_settled, report, error);
}

/* ---- the check ---- */

/* libesmtp does nothing without a message and a recipient. This one's path is empty: RCPT TO:<> is a syntax
 * error to every server, and where all recipients are required a refused one makes libesmtp say QUIT. Should
 * a server take it, the body callback gives nothing and the line drops: no message can come of it either way.
 */
static const char *
check_body(void **context, int *len, void *data)
{
    (void)context, (void)data;
    if (len != NULL)
        *len = 0;
    errno = ECANCELED;
    return NULL;
}

static gboolean
check_add_first(struct smtp_run *run)
{
    smtp_message_t message = smtp_add_message(run->session);

    smtp_set_reverse_path(message, run->user);
    smtp_set_messagecb(message, check_body, NULL);
    smtp_add_recipient(message, "");
    smtp_option_require_all_recipients(run->session, 1);
    run->check = message;
    return TRUE;
}

/* An answer to MAIL means that everything before it went well. */
static gboolean
check_is_settled(struct smtp_run *run)
{
    const smtp_status_t *mail = smtp_reverse_path_status(run->check);

    if (mail->code == 0 || mail->text == NULL)
        return FALSE;
    if (mail->code >= 400 && (run->user != NULL || smtp_code_is_login(mail->code)))
        smtp_run_fail_status(run, mail->code < 500 ? USHER_ERROR_UNAVAILABLE : USHER_ERROR_NO_PERMISSION,
                             mail, "refuses the sender");
    return TRUE;
}

gboolean
smtp_client_check(const struct smtp_server *server, const char *mail_from, struct smtp_report *report,
                  GError **error)
{
    g_autofree char *sender = g_strdup(mail_from);
    struct smtp_run run = {.server = server, .user = sender};

    if (mail_from != NULL && !smtp_address_valid(mail_from, error))
        return FALSE;
    return session_run(&run, check_add_first, check_is_settled, report, error);
}
