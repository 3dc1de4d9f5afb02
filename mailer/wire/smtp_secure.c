/* What must be true before mail leaves: TLS with the server that is meant, and the login where there is one.
 *
 * Invariants:
 * - no AUTH and no MAIL leaves before TLS, where TLS is wanted, and no MAIL before the login has succeeded,
 * where there is one: each command is looked at before it is written, and the line is cut;
 * - the certificate is verified inside the handshake for the configured name (tls_context);
 * - TLS 1.2 at most: a session ticket of TLS 1.3 makes libesmtp wait for a reply that was already read. */
#include "wire/smtp_run.h"
#include "wire/tls_context.h"

#include "base/error.h"

gboolean
smtp_code_is_login(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

/* A refusal of the credentials themselves is final: libesmtp would try them again with the next mechanism,
 * and two failures a connection lock accounts. A mechanism that is not understood (500 to 504) is worth the
 * next one. */
void
smtp_secure_answer(struct smtp_run *run)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;
    gboolean ours =
        g_strcmp0(dialogue->mechanism, "PLAIN") == 0 || g_strcmp0(dialogue->mechanism, "LOGIN") == 0;

    if (dialogue->code >= 200 && dialogue->code <= 299)
        run->authenticated = TRUE;
    else if (ours && dialogue->code >= 400 && dialogue->code <= 499)
        smtp_run_fail_reply(run, USHER_ERROR_UNAVAILABLE, dialogue->code, dialogue->text,
                            "cannot check the login now");
    else if (ours && dialogue->code > 504)
        smtp_run_fail_reply(run, USHER_ERROR_NO_PERMISSION, dialogue->code, dialogue->text,
                            "refuses the login");
}

static void
login_missing(struct smtp_run *run)
{
    const char *offered = run->dialogue.offered;

    if (offered == NULL)
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "offers no login (AUTH), and a user is configured");
    else
        smtp_run_fail(run, USHER_ERROR_PROTOCOL,
                      "offers no login method that is known here (PLAIN, LOGIN), only: %s", offered);
}

void
smtp_secure_command(struct smtp_run *run)
{
    enum smtp_step step = run->dialogue.step;
    gboolean is_mail = step == SMTP_STEP_MAIL || step == SMTP_STEP_RCPT || step == SMTP_STEP_DATA;

    if ((is_mail || step == SMTP_STEP_AUTH) && run->server->security == SMTP_STARTTLS &&
        !run->dialogue.encrypted)
        smtp_run_fail(run, USHER_ERROR_SOFTWARE, "was about to be sent mail without TLS");
    if (is_mail && run->server->user != NULL && !run->authenticated)
        login_missing(run);
    if (run->failure != NULL && step != SMTP_STEP_QUIT)
        smtp_line_cut(run->line);
}

/* Called for each certificate of the chain, and with a failure for the reason that OpenSSL found. */
static int
on_verify(int trusted, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct smtp_run *run = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    if (trusted == 1 && run->failure == NULL)
        return 1;
    if (trusted != 1) {
        const char *host = run->server->tls_name != NULL ? run->server->tls_name : run->server->host;
        g_autofree char *reason = tls_verify_describe(X509_STORE_CTX_get_error(store),
                                                      X509_STORE_CTX_get_current_cert(store), host);
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "cannot be trusted: %s", reason);
    } else {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    }
    return 0;
}

SSL_CTX *
smtp_secure_tls(struct smtp_run *run, GError **error)
{
    const struct smtp_server *server = run->server;
    g_autoptr(SSL_CTX) context = tls_context_new(server->ca_file, TLS1_2_VERSION, error);

    if (context == NULL)
        return NULL;
    if (!tls_context_expect_host(context, server->tls_name != NULL ? server->tls_name : server->host, error))
        return NULL;
    SSL_CTX_set_app_data(context, run);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    return g_steal_pointer(&context);
}

/* auth_interact_t. PLAIN and LOGIN ask for fields to be sent as they are. Whatever wants to compute with the
 * password is broken in libesmtp: refused the fields, it lets the next mechanism try. */
static int
on_login(auth_client_request_t request, char **result, int n, void *data)
{
    const struct smtp_run *run = data;

    for (int i = 0; i < n; i++)
        if ((request[i].flags & AUTH_CLEARTEXT) == 0 || (request[i].flags & (AUTH_USER | AUTH_PASS)) == 0)
            return 0;
    for (int i = 0; i < n; i++) {
        const char *value = (request[i].flags & AUTH_USER) != 0 ? run->server->user : run->server->password;
        result[i] = (char *)(gsize)value; /* libesmtp copies it */
    }
    return 1;
}

auth_context_t
smtp_secure_login(struct smtp_run *run)
{
    auth_client_init();
    auth_context_t login = auth_create_context();
    auth_set_mechanism_flags(login, AUTH_PLUGIN_PLAIN, 0);
    auth_set_interact_cb(login, on_login, run);
    return login;
}
