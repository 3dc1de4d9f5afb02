/* usher check: the two servers of a mailbox. See check_wire.h. */
#include "cli/check_wire.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "inbox/watch.h"
#include "outbox/sender.h"
#include "wire/imap_client.h"
#include "wire/smtp_client.h"
#include "wire/tls_context.h"

#include <stdio.h>

enum { CHECK_TIMEOUT_MS = 30000, CERTIFICATE_DAYS = 14 };

static void
print_certificate(const struct mailbox *m, const char *protocol, gint64 end_us)
{
    gint64 left_us = end_us - g_get_real_time(); /* certificates use the real clock, whatever --now says */
    g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(end_us / G_USEC_PER_SEC);
    g_autofree char *day = end ? g_date_time_format(end, "%Y-%m-%d") : NULL;
    if (end_us != 0 && day && left_us < CERTIFICATE_DAYS * CLOCK_DAY_US)
        printf("--  mailbox %s: %s: the server's certificate ends on %s, in %" G_GINT64_FORMAT " days\n",
               m->name, protocol, day, left_us / CLOCK_DAY_US);
}

/* One line: what was reached, and how. */
static void
print_server(const struct mailbox *m, const char *protocol, const struct wire_server *server,
             const struct tls_facts *tls, const char *login, const char *offers)
{
    g_autoptr(GDateTime) end = tls->certificate_end_us
                                   ? g_date_time_new_from_unix_utc(tls->certificate_end_us / G_USEC_PER_SEC)
                                   : NULL;
    g_autofree char *until = end ? g_date_time_format(end, ", certificate until %Y-%m-%d") : g_strdup("");
    printf("ok  mailbox %s: %s %s:%u: %s%s, %s%s, offers %s\n", m->name, protocol, server->host, server->port,
           tls->cipher ? tls->cipher : "no TLS", until, login ? "login " : "no login", login ? login : "",
           offers && *offers ? offers : "nothing");
    print_certificate(m, protocol, tls->certificate_end_us);
}

static const struct specialist *
specialist_of(const struct config *config, const struct mailbox *m)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *candidate = config->specialists->pdata[i];
        if (candidate->mailbox == m)
            return candidate;
    }
    return NULL;
}

static gboolean
check_smtp(struct service *s, const struct mailbox *m, GError **error)
{
    scoped(secret_free) char *password = NULL;
    const struct specialist *who = specialist_of(s->config, m);
    if (!mailbox_read_password(m, &password, error))
        return FALSE;
    struct smtp_server server = sender_server(m, password);
    struct smtp_report report = {0};
    server.timeout_ms = CHECK_TIMEOUT_MS;
    gboolean ok = smtp_client_check(&server, who ? who->address : NULL, &report, error);
    struct tls_facts tls = {.cipher = report.tls, .certificate_end_us = report.certificate_end_us};
    if (ok)
        print_server(m, "SMTP", &m->smtp, &tls, report.login, report.extensions);
    smtp_report_clear(&report);
    return ok;
}

static gboolean
check_imap(struct service *s, const struct mailbox *m, GError **error)
{
    struct intake intake = {.db = s->db, .config = s->config, .mailbox = m, .sink = &s->sink};
    scoped(watch_free) struct watch *w = watch_new(&intake, "usher");
    gboolean sent_exists;
    if (!watch_check(w, &sent_exists, error))
        return FALSE;
    if (!sent_exists)
        printf(
            "--  mailbox %s: there is no folder \"%s\" yet; a mail program makes it with the first mail it "
            "sends\n",
            m->name, watch_sent_folder(w));
    const struct imap_client *client = watch_client(w);
    struct tls_facts tls = {0};
    g_autofree char *offers = g_strjoinv(" ", (char **)(gsize)imap_client_capabilities(client));
    imap_client_facts(client, &tls);
    print_server(m, "IMAP", &m->imap, &tls, imap_client_login(client), offers);
    tls_facts_clear(&tls);
    return TRUE;
}

gboolean
check_mailbox_wire(struct service *service, const struct mailbox *mailbox, int *code)
{
    gboolean (*const checks[])(struct service *, const struct mailbox *, GError **) = {check_smtp,
                                                                                       check_imap};
    g_autofree char *warning = mailbox->secret ? secret_warning(mailbox->secret) : NULL;
    gboolean ok = TRUE;
    g_autoptr(GError) unread = NULL;
    scoped(secret_free) char *password = NULL;
    if (!mailbox_read_password(mailbox, &password, &unread)) { /* once, not for each server */
        g_prefix_error(&unread, "mailbox %s: ", mailbox->name);
        *code = cli_fail(unread);
        return FALSE;
    }
    if (warning)
        printf("--  mailbox %s: %s\n", mailbox->name, warning);
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
        g_autoptr(GError) error = NULL;
        if (checks[i](service, mailbox, &error))
            continue;
        g_prefix_error(&error, "mailbox %s: ", mailbox->name);
        *code = cli_fail(error);
        ok = FALSE;
    }
    return ok;
}
