/* TLS and login for libesmtp.
 *
 * Invariants:
 * - the certificate is verified inside the handshake for the configured name (tls_context);
 * - TLS 1.2 at most: a session ticket of TLS 1.3 makes libesmtp wait for a reply that was already read. */
#include "wire/smtp_esmtp.h"
#include "wire/tls_context.h"

#include "base/error.h"

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
        const char *value = (request[i].flags & AUTH_USER) != 0 ? run->server->user : run->secret;
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
