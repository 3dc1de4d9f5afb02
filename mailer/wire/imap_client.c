/* One IMAP connection: greeting, TLS, login. Commands are in imap_command.c, folders and waiting in
 * imap_folder.c, messages in imap_message.c.
 *
 *     connect --> greeted --STARTTLS--> TLS --LOGIN--> logged in --EXAMINE--> selected <--> idling
 *        `-----------`--------------------`---------------`---------------------`---> broken (close is all
 * that is left)
 *
 * Invariant: credentials are never sent before the peer is verified, or is a loopback address. */
#include "wire/imap_client.h"

#include <string.h>

#include "wire/imap_private.h"
#include "wire/tls_context.h"

enum {
    DEFAULT_TIMEOUT_MS = 30 * 1000,
    STREAM_BUFFER_BYTES = 16 * 1024,
    LONGEST_CREDENTIAL_BYTES = 1000,
};

/* Copies what libetpan noted, if anything. */
static gboolean
take_capabilities(struct imap_client *client)
{
    const struct mailimap_connection_info *info = client->session->imap_connection_info;
    if (!info || !info->imap_capability || !info->imap_capability->cap_list)
        return FALSE;
    GPtrArray *names = g_ptr_array_new();
    for (clistiter *at = clist_begin(info->imap_capability->cap_list); at; at = clist_next(at)) {
        const struct mailimap_capability *each = clist_content(at);
        gboolean is_mechanism = each->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE;
        const char *name = is_mechanism ? each->cap_data.cap_auth_type : each->cap_data.cap_name;
        if (!name)
            continue;
        g_autofree char *upper = g_ascii_strup(name, -1);
        g_ptr_array_add(names, g_strconcat(is_mechanism ? "AUTH=" : "", upper, NULL));
    }
    g_ptr_array_add(names, NULL);
    g_strfreev(client->capabilities);
    client->capabilities = (char **)g_ptr_array_free(names, FALSE);
    return TRUE;
}

/* Not mailimap_capability(): an OK without the list makes that read through NULL. */
static gboolean
learn_capabilities(struct imap_client *client, GError **error)
{
    if (take_capabilities(client))
        return TRUE;
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    int outcome = mailimap_custom_command(client->session, "CAPABILITY");
    if (!imap_end(client, outcome, "asking for capabilities", USHER_ERROR_PROTOCOL, error))
        return FALSE;
    if (!take_capabilities(client))
        return imap_break(client, USHER_ERROR_PROTOCOL, "the server does not tell its capabilities", error);
    return TRUE;
}

static gboolean
await_greeting(struct imap_client *client, mailstream *line, GError **error)
{
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, 0, error))
        return FALSE;
    int outcome = mailimap_connect(client->session, line);
    const GError *failure = tls_stream_error(client->stream);
    if (failure) {
        client->broken = TRUE;
        g_set_error(error, USHER_ERROR, failure->code, "%s, instead of a greeting", failure->message);
        return FALSE;
    }
    if (outcome == MAILIMAP_NO_ERROR_NON_AUTHENTICATED)
        return TRUE;
    /* PREAUTH would skip STARTTLS, and the password that tells us whose mailbox it is. */
    if (outcome == MAILIMAP_NO_ERROR_AUTHENTICATED)
        return imap_break(client, USHER_ERROR_PROTOCOL, "the server says we are logged in already (PREAUTH)",
                          error);
    return imap_break(client, USHER_ERROR_PROTOCOL, "the server does not greet as an IMAP server does",
                      error);
}

static gboolean
secure_stream(struct tls_stream *stream, const struct imap_server *server, GError **error)
{
    g_autoptr(SSL_CTX) context = tls_context_new(server->ca_file, 0, error);
    return context &&
           tls_stream_start_tls(stream, context, server->tls_name ? server->tls_name : server->host, error);
}

static gboolean
switch_to_tls(struct imap_client *client, const struct imap_server *server, GError **error)
{
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, 0, error))
        return FALSE;
    int outcome = mailimap_starttls(client->session);
    gboolean leftover =
        client->session->imap_stream->read_buffer_len > 0 || !imap_guard_is_between_lines(client->guard);
    if (imap_guard_tagged(client->guard) == IMAP_TAGGED_OK && leftover)
        return imap_break(
            client, USHER_ERROR_PROTOCOL,
            "something was said between the answer to STARTTLS and TLS: an attack, or a broken server",
            error);
    if (!imap_end(client, outcome, "asking for STARTTLS", USHER_ERROR_PROTOCOL, error))
        return FALSE;
    if (!secure_stream(client->stream, server, error)) {
        client->broken = TRUE;
        return FALSE;
    }
    imap_forget_capabilities(client); /* they were said in the clear: RFC 3501 section 6.2.1 */
    return TRUE;
}

static gboolean
log_in(struct imap_client *client, const struct imap_server *server, const char *secret, gboolean *refused,
       GError **error)
{
    return learn_capabilities(client, error) && imap_choose_login(client, server, secret, error) &&
           imap_log_in(client, server, secret, refused, error) && learn_capabilities(client, error);
}

/* From the connected stream, which client owns from here on, to the logged-in session. */
static gboolean
start_session(struct imap_client *client, const struct imap_server *server, const char *secret,
              gboolean *refused, GError **error)
{
    tls_stream_set_filter(client->stream, imap_guard_filter, client->guard);
    mailstream *line = mailstream_new(tls_stream_low_new(client->stream), STREAM_BUFFER_BYTES);
    client->session->imap_stream = line;
    if (!await_greeting(client, line, error))
        return FALSE;
    if (server->security == IMAP_STARTTLS && !switch_to_tls(client, server, error))
        return FALSE;
    return log_in(client, server, secret, refused, error);
}

static gboolean
credentials_fit(const struct imap_server *server, GError **error)
{
    gsize most = server->auth == SECRET_PASSWORD ? LONGEST_CREDENTIAL_BYTES : SECRET_TOKEN_BYTES;
    if (server->user && server->password && strlen(server->user) <= LONGEST_CREDENTIAL_BYTES &&
        strlen(server->password) <= most)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                "%s: a user name of at most %d bytes and a %s of at most %" G_GSIZE_FORMAT " are needed",
                server->host, LONGEST_CREDENTIAL_BYTES,
                server->auth == SECRET_PASSWORD ? "password" : "token", most);
    return FALSE;
}

/* refused: by the server, for the secret's sake. */
static struct imap_client *
connect_once(const struct imap_server *server, const char *secret, gboolean *refused, GError **error)
{
    int timeout_ms = server->timeout_ms > 0 ? server->timeout_ms : DEFAULT_TIMEOUT_MS;
    int cancel_fd = server->cancel_fd > 0 ? server->cancel_fd : -1;
    struct tls_stream *stream = tls_stream_connect(server->host, server->port, timeout_ms, cancel_fd, error);
    if (!stream)
        return NULL;
    gboolean fit = TRUE;
    switch (server->security) {
    case IMAP_IMPLICIT_TLS:
        fit = secure_stream(stream, server, error);
        break;
    case IMAP_STARTTLS:
        break;
    case IMAP_PLAIN_LOOPBACK:
        fit = tls_stream_is_loopback(stream);
        if (!fit)
            g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                        "%s: without TLS only a loopback address is allowed", tls_stream_name(stream));
        break;
    }
    if (!fit) {
        tls_stream_free(stream);
        return NULL;
    }
    /* libetpan moves buffers above this to a file in /tmp; mail never goes there. */
    mmap_string_set_ceil(4 * (gsize)IMAP_LARGE_ANSWER_BYTES);
    struct imap_client *client = g_new0(struct imap_client, 1);
    client->stream = stream;
    client->name = g_strdup(tls_stream_name(stream));
    client->guard = imap_guard_new();
    client->deadline_ms = server->deadline_ms > 0 ? server->deadline_ms : 4 * timeout_ms;
    client->session = mailimap_new(0, NULL);
    g_assert(client->session);
    if (start_session(client, server, secret, refused, error))
        return client;
    imap_client_close(client);
    return NULL;
}

struct imap_client *
imap_client_connect(const struct imap_server *server, GError **error)
{
    g_autoptr(GError) refusal = NULL, problem = NULL;
    scoped(secret_free) char *renewed = NULL;
    gboolean refused = FALSE;
    if (!credentials_fit(server, error))
        return NULL;
    struct imap_client *client = connect_once(server, server->password, &refused, &refusal);
    if (client)
        return client;
    if (refused && server->secret) {
        if (secret_renew(server->secret, server->password, &renewed, &problem))
            return connect_once(server, renewed, &refused, error);
        if (problem) {
            g_set_error(error, USHER_ERROR, refusal->code, "%s; and no other one is to be had: %s",
                        refusal->message, problem->message);
            return NULL;
        }
    }
    g_propagate_error(error, g_steal_pointer(&refusal));
    return NULL;
}

void
imap_client_close(struct imap_client *client)
{
    if (!client)
        return;
    /* mailimap_free() would say LOGOUT and wait for the answer of a server that may be stalling. */
    mailstream *line = client->session->imap_stream;
    if (line) {
        if (!client->broken) {
            static const char farewell[] = "0 LOGOUT\r\n";
            tls_stream_begin(client->stream, 1000, 0);
            (void)tls_stream_write(client->stream, farewell, sizeof farewell - 1);
        }
        mailstream_close(line);
        client->session->imap_stream = NULL;
    }
    mailimap_free(client->session);
    imap_guard_free(client->guard);
    g_strfreev(client->capabilities);
    g_free(client->name);
    g_free(client);
}

void
imap_client_facts(const struct imap_client *client, struct tls_facts *facts)
{
    tls_stream_facts(client->stream, facts);
}

const char *
imap_client_login(const struct imap_client *client)
{
    return client->login;
}

gboolean
imap_client_is_usable(const struct imap_client *client)
{
    return !client->broken;
}
