/* The SMTP client: looks at what it was given, lets one of two libraries speak, and reports.
 *
 *     session --login refused, the secret's source tells another--> session (once)
 *        \-------------------------------------------------------> over
 *
 * libesmtp knows neither TLS from the first byte nor tokens, so these go through libetpan. Nothing that
 * either library returns is believed: see the tops of smtp_esmtp.c and smtp_etpan.c. */
#include "wire/smtp_client.h"

#include "base/error.h"
#include "wire/smtp_check.h"
#include "wire/smtp_run.h"

#include <string.h>

enum {
    DEFAULT_TIMEOUT_MS = 5 * 60 * 1000,
    DEFAULT_FINAL_TIMEOUT_MS = 10 * 60 * 1000,
    CONNECT_TIMEOUT_MS = 60 * 1000,
    DEFAULT_MAX_MESSAGES = 200,
    USER_MAX_BYTES = 255, /* libesmtp's sasl-plain.so copies it into a field of that size, unchecked */
};

void
smtp_report_clear(struct smtp_report *report)
{
    g_free(report->peer);
    g_free(report->tls);
    g_free(report->login);
    g_free(report->extensions);
    g_free(report->text);
    memset(report, 0, sizeof *report);
}

static const char *
login_problem(const struct smtp_server *server)
{
    gboolean is_password = server->auth == SECRET_PASSWORD;

    if ((server->user != NULL) != (server->password != NULL))
        return is_password ? "expected both a user and a password, or neither"
                           : "expected both a user and a token";
    if (server->user == NULL)
        return is_password ? NULL : "expected both a user and a token";
    if (server->user[0] == '\0' || server->password[0] == '\0')
        return "expected a user and a password that are not empty";
    if (strlen(server->user) > USER_MAX_BYTES ||
        (is_password && strlen(server->password) > SECRET_PASSWORD_BYTES))
        return "expected a user and a password of at most 255 bytes";
    if (strlen(server->password) > SECRET_TOKEN_BYTES)
        return "expected a token of at most 8192 bytes";
    return NULL;
}

static gboolean
server_valid(const struct smtp_server *server, GError **error)
{
    const char *problem = NULL;

    if (server->host == NULL || !smtp_host_valid(server->host))
        problem = "expected a host name or an IPv4 address";
    else if (server->port == 0)
        problem = "expected a port";
    else if (server->helo != NULL && !smtp_helo_valid(server->helo))
        problem = "expected a host name for EHLO";
    else
        problem = login_problem(server);
    if (problem == NULL)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "SMTP server %s: %s",
                server->host != NULL && smtp_host_valid(server->host) ? server->host : "(unnamed)", problem);
    return FALSE;
}

static void
run_init(struct smtp_run *run)
{
    const struct smtp_server *server = run->server;
    const char *own_name = smtp_helo_valid(g_get_host_name()) ? g_get_host_name() : "localhost";

    run->timeout_ms = server->timeout_ms > 0 ? server->timeout_ms : DEFAULT_TIMEOUT_MS;
    run->final_timeout_ms =
        server->final_timeout_ms > 0 ? server->final_timeout_ms : DEFAULT_FINAL_TIMEOUT_MS;
    run->connect_timeout_ms = MIN(run->timeout_ms, CONNECT_TIMEOUT_MS);
    run->max_messages = server->max_messages > 0 ? server->max_messages : DEFAULT_MAX_MESSAGES;
    run->helo = server->helo != NULL ? server->helo : own_name;
    run->secret = server->password;
}

static void
run_session(struct smtp_run *run)
{
    const struct smtp_server *server = run->server;

    if (server->security == SMTP_IMPLICIT_TLS || server->auth != SECRET_PASSWORD)
        smtp_etpan_run(run);
    else
        smtp_esmtp_run(run);
}

/* Everything that a session learned, for one more. What next() gave stays. */
static void
run_forget(struct smtp_run *run)
{
    smtp_dialogue_clear(&run->dialogue);
    smtp_dialogue_init(&run->dialogue);
    g_clear_error(&run->failure);
    g_clear_pointer(&run->failure_text, g_free);
    g_clear_pointer(&run->peer, g_free);
    tls_facts_clear(&run->tls);
    run->failure_code = 0;
    run->connected = run->authenticated = run->login_refused = run->unwilling = FALSE;
}

/* A message that waited for a login that never came. */
static void
settle_held(struct smtp_run *run)
{
    const struct smtp_mail *mail = g_steal_pointer(&run->held);

    if (mail == NULL)
        return;
    g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, MAX(mail->n_recipients, 1));
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(g_free);
    gsize fit;
    g_auto(GStrv) refusals = smtp_mail_refusals(mail, &fit);
    for (gsize i = 0; i < mail->n_recipients; i++) {
        struct smtp_evidence evidence = {.refusal = refusals[i], .otherwise = smtp_run_otherwise(run, NULL)};
        smtp_outcome_decide(&evidence, &outcomes[i], keep);
    }
    smtp_run_done(run, mail, outcomes);
}

static void
report_fill(struct smtp_run *run, struct smtp_report *report)
{
    if (report == NULL)
        return;
    *report = (struct smtp_report){
        .peer = g_steal_pointer(&run->peer),
        .tls = g_steal_pointer(&run->tls.cipher),
        .certificate_end_us = run->tls.certificate_end_us,
        .login = run->authenticated ? g_strdup(run->dialogue.mechanism) : NULL,
        .extensions = g_steal_pointer(&run->dialogue.extensions),
        .authenticated = run->authenticated,
        .code = run->failure_code,
        .text = g_steal_pointer(&run->failure_text),
        .messages = run->taken,
        .more = !run->exhausted && run->failure == NULL && run->handler != NULL,
    };
}

static gboolean
run_all(struct smtp_run *run, struct smtp_report *report, GError **error)
{
    scoped(secret_free) char *renewed = NULL;

    if (report != NULL)
        smtp_report_clear(report);
    if (!server_valid(run->server, error))
        return FALSE;
    run_init(run);
    smtp_dialogue_init(&run->dialogue);
    run_session(run);
    if (run->login_refused && run->server->secret != NULL) {
        g_autoptr(GError) problem = NULL;
        if (secret_renew(run->server->secret, run->secret, &renewed, &problem)) {
            run_forget(run);
            run->secret = renewed;
            run_session(run);
        } else if (problem != NULL) {
            smtp_run_fail_also(run, problem);
        }
    }
    settle_held(run);
    report_fill(run, report);
    smtp_dialogue_clear(&run->dialogue);
    tls_facts_clear(&run->tls);
    g_free(run->peer);
    g_free(run->failure_text);
    if (run->failure == NULL)
        return TRUE;
    g_propagate_error(error, run->failure);
    return FALSE;
}

gboolean
smtp_client_send(const struct smtp_server *server, const struct smtp_handler *handler, gpointer user,
                 struct smtp_report *report, GError **error)
{
    struct smtp_run run = {.server = server, .handler = handler, .user = user};

    return run_all(&run, report, error);
}

gboolean
smtp_client_check(const struct smtp_server *server, const char *mail_from, struct smtp_report *report,
                  GError **error)
{
    struct smtp_run run = {.server = server, .check_from = mail_from};

    if (mail_from != NULL && !smtp_address_valid(mail_from, error))
        return FALSE;
    return run_all(&run, report, error);
}
