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
#include "wire/smtp_esmtp.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    QUIT_TIMEOUT_MS = 5 * 1000,    /* everything is settled by then */
    TIMEOUT_MARGIN_MS = 10 * 1000, /* libesmtp's own clocks only stand behind ours */
};

static void
on_monitor(const char *bytes, int length, int writing, void *data)
{
    struct smtp_esmtp *esmtp = data;
    struct smtp_run *run = esmtp->run;
    struct smtp_dialogue *dialogue = &run->dialogue;

    if (length <= 0 || writing == SMTP_CB_HEADERS)
        return;
    if (writing == SMTP_CB_WRITING) {
        if (!smtp_dialogue_wrote(dialogue, bytes, (gsize)length))
            smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered with something that is not SMTP");
        if (!smtp_run_allows(run))
            smtp_line_cut(esmtp->line);
        smtp_line_expect(esmtp->line, dialogue->step == SMTP_STEP_QUIT ? MIN(run->timeout_ms, QUIT_TIMEOUT_MS)
                                                                       : run->timeout_ms);
        return;
    }
    /* The bytes lie in libesmtp's own input buffer, which it parses after this call; the const is a courtesy
     * of its type. */
    if (!smtp_dialogue_read(dialogue, (char *)(gsize)bytes, (gsize)length)) {
        smtp_run_fail_bytes(run);
        smtp_line_cut(esmtp->line);
    } else if (dialogue->step == SMTP_STEP_AUTH && dialogue->answered) {
        smtp_run_note_login(run);
    }
}

/* ---- events ---- */

static void
on_connect(struct smtp_esmtp *esmtp)
{
    struct smtp_run *run = esmtp->run;

    run->connected = TRUE;
    run->authenticated = FALSE;
    smtp_dialogue_connected(&run->dialogue);
    if (!smtp_line_connected(esmtp->line))
        smtp_run_fail(run, USHER_ERROR_SOFTWARE, "was connected by a socket that cannot be found");
    else if (smtp_line_peer(esmtp->line) == NULL)
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "ended the session at %s",
                      smtp_step_name(run->dialogue.step));
    else if (run->server->security == SMTP_PLAIN_LOOPBACK && !smtp_line_is_loopback(esmtp->line))
        smtp_run_fail(run, USHER_ERROR_CONFIG, "is %s, not on this host: mail does not leave it without TLS",
                      smtp_line_peer(esmtp->line));
    smtp_line_expect(esmtp->line, run->timeout_ms);
    if (run->failure != NULL)
        smtp_line_cut(esmtp->line);
}

static void
on_event(smtp_session_t session, int event, void *data, ...)
{
    struct smtp_esmtp *esmtp = data;
    struct smtp_run *run = esmtp->run;
    va_list arguments;

    (void)session;
    va_start(arguments, data);
    switch (event) {
    case SMTP_EV_CONNECT:
        on_connect(esmtp);
        break;
    case SMTP_EV_DISCONNECT:
        smtp_line_closed(esmtp->line);
        break;
    case SMTP_EV_MAILSTATUS:
        (void)va_arg(arguments, char *);
        smtp_delivery_event(esmtp, event, va_arg(arguments, smtp_message_t));
        break;
    case SMTP_EV_RCPTSTATUS:
        smtp_delivery_event(esmtp, event, NULL);
        break;
    case SMTP_EV_MESSAGEDATA:
    case SMTP_EV_MESSAGESENT:
        smtp_delivery_event(esmtp, event, va_arg(arguments, smtp_message_t));
        break;
    case SMTP_EV_EXTNA_STARTTLS:
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "does not offer STARTTLS");
        break;
    case SMTP_EV_STARTTLS_OK: {
        SSL *ssl = va_arg(arguments, SSL *);
        run->dialogue.encrypted = TRUE;
        tls_facts_take(ssl, &run->tls);
        smtp_line_expect(esmtp->line, run->timeout_ms);
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

static void
session_set_timeouts(struct smtp_esmtp *esmtp)
{
    static const int clocks[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER};
    long timeout_ms = (long)esmtp->run->timeout_ms + TIMEOUT_MARGIN_MS;
    long final_timeout_ms = (long)esmtp->run->final_timeout_ms + TIMEOUT_MARGIN_MS;

    for (gsize i = 0; i < G_N_ELEMENTS(clocks); i++)
        smtp_set_timeout(esmtp->session, clocks[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, timeout_ms);
    smtp_set_timeout(esmtp->session, Timeout_DATA2 | Timeout_OVERRIDE_RFC2822_MINIMUM, final_timeout_ms);
}

/* A failure that nobody noted when it happened. */
static void
failure_find(struct smtp_esmtp *esmtp, int library_error)
{
    struct smtp_run *run = esmtp->run;
    const struct smtp_dialogue *dialogue = &run->dialogue;
    enum smtp_step step = dialogue->step == SMTP_STEP_QUIT ? dialogue->before_quit : dialogue->step;
    gboolean timed_out = smtp_line_timed_out(esmtp->line);
    char buffer[256] = "";

    if (!timed_out && run->connected && !smtp_run_cancelled(run) && !dialogue->garbled &&
        step == SMTP_STEP_HANDSHAKE && !dialogue->encrypted && !tls_error_is_drop()) {
        g_autofree char *reason = tls_error_describe(run->server->host);
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "cannot be trusted: %s", reason);
        return;
    }
    smtp_run_fail_line(run, timed_out, smtp_strerror(library_error, buffer, sizeof buffer));
}

static gboolean
is_settled(const struct smtp_esmtp *esmtp)
{
    return esmtp->current == NULL || smtp_delivery_given_up(esmtp);
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

static void
check_add(struct smtp_esmtp *esmtp)
{
    smtp_message_t message = smtp_add_message(esmtp->session);

    smtp_set_reverse_path(message, esmtp->run->check_from);
    smtp_set_messagecb(message, check_body, NULL);
    smtp_add_recipient(message, "");
    smtp_option_require_all_recipients(esmtp->session, 1);
    esmtp->check = message;
}

/* An answer to MAIL means that everything before it went well. */
static gboolean
check_is_settled(struct smtp_esmtp *esmtp)
{
    struct smtp_run *run = esmtp->run;
    g_autofree char *text = NULL;
    struct smtp_answer mail = smtp_esmtp_answer(smtp_reverse_path_status(esmtp->check), &text);

    if (mail.code == 0)
        return FALSE;
    smtp_run_judge_sender(run, mail);
    return TRUE;
}

/* ---- one session ---- */

static void
session_start(struct smtp_esmtp *esmtp)
{
    struct smtp_run *run = esmtp->run;

    esmtp->line = smtp_line_new(run->connect_timeout_ms, run->server->cancel_fd);
    smtp_start_session(esmtp->session);
    int library_error = smtp_errno();
    if (run->failure == NULL && !(esmtp->check != NULL ? check_is_settled(esmtp) : is_settled(esmtp)))
        failure_find(esmtp, library_error);
}

void
smtp_esmtp_run(struct smtp_run *run)
{
    const struct smtp_server *server = run->server;
    struct smtp_esmtp esmtp = {.run = run};
    g_autoptr(SSL_CTX) tls = NULL;
    g_autoptr(GError) error = NULL;
    auth_context_t login = NULL;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    if (server->security == SMTP_STARTTLS && (tls = smtp_secure_tls(run, &error)) == NULL) {
        run->failure = g_steal_pointer(&error);
        return;
    }
    g_autofree char *host_port = g_strdup_printf("%s:%u", server->host, server->port);
    esmtp.session = smtp_create_session();
    esmtp.items = g_ptr_array_new_with_free_func(smtp_item_free);
    smtp_set_server(esmtp.session, host_port);
    smtp_set_hostname(esmtp.session, run->helo);
    smtp_set_eventcb(esmtp.session, on_event, &esmtp);
    smtp_set_monitorcb(esmtp.session, on_monitor, &esmtp, 0);
    session_set_timeouts(&esmtp);
    if (tls != NULL) {
        smtp_starttls_enable(esmtp.session, Starttls_REQUIRED);
        smtp_starttls_set_ctx(esmtp.session, tls);
    }
    if (server->user != NULL) {
        login = smtp_secure_login(run);
        smtp_auth_set_context(esmtp.session, login);
    }

    sigaction(SIGPIPE, &ignore, &before);
    if (run->handler == NULL)
        check_add(&esmtp);
    else
        smtp_delivery_take(&esmtp);
    if (esmtp.check != NULL || esmtp.current != NULL)
        session_start(&esmtp);
    run->peer = g_strdup(smtp_line_peer(esmtp.line));
    smtp_delivery_finish(&esmtp);
    sigaction(SIGPIPE, &before, NULL);

    smtp_destroy_session(esmtp.session);
    if (login != NULL)
        auth_destroy_context(login);
    smtp_line_free(esmtp.line);
    g_ptr_array_unref(esmtp.items);
}
