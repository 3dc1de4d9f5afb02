/* Logging in to an IMAP server: LOGIN and AUTHENTICATE (RFC 3501 sections 6.2.2 and 6.2.3, RFC 4959, RFC
 * 7628).
 *
 *     LOGIN "user" "password"            a printable ASCII password, and LOGIN is not disabled
 *     AUTHENTICATE PLAIN                 else, with the response in the first line where the server has
 * SASL-IR LOGIN {n} user {m} password        else: literals hold what quotes do not AUTHENTICATE XOAUTH2,
 * OAUTHBEARER  a token; its refusal is a challenge to be answered before the NO
 *
 * Invariant: what held the secret, libetpan's buffer included, is wiped before the answer is judged. */
#include "wire/imap_private.h"

#include <string.h>

#include "wire/sasl.h"

/* What may stand in a quoted string: CR, LF, NUL would end the command, eight-bit bytes need a literal. */
static gboolean
is_printable_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return FALSE;
    return TRUE;
}

static const char *const by_literals = "LOGIN by literals";

gboolean
imap_choose_login(struct imap_client *client, const struct imap_server *server, const char *secret,
                  GError **error)
{
    const char *mechanism = sasl_mechanism(server->auth);
    g_autofree char *capability = g_strconcat("AUTH=", mechanism, NULL);
    gboolean is_password = server->auth == SECRET_PASSWORD;
    gboolean may_login = is_password && !imap_client_has(client, "LOGINDISABLED");
    if (may_login && is_printable_ascii(server->user) && is_printable_ascii(secret))
        client->login = "LOGIN";
    else if (imap_client_has(client, capability))
        client->login = mechanism;
    else if (may_login)
        client->login = by_literals;
    if (client->login)
        return TRUE;
    return imap_break(client, USHER_ERROR_NO_PERMISSION,
                      is_password ? "the server offers no way to log in with this user name and password"
                                  : "the server offers no login that takes the configured token",
                      error);
}

/* "LOGIN {3}", "ann {6}", "secret": the server asks for each further line. */
static enum imap_continuation
login_by_literals(struct imap_client *client, const char *user, const char *secret)
{
    g_autofree char *first = g_strdup_printf("LOGIN {%" G_GSIZE_FORMAT "}", strlen(user));
    g_autofree char *second = g_strdup_printf("%s {%" G_GSIZE_FORMAT "}", user, strlen(secret));
    enum imap_continuation state = imap_send_and_await(client, first);
    if (state == IMAP_CONTINUE)
        state = imap_say(client, second);
    return state == IMAP_CONTINUE ? imap_say(client, secret) : state;
}

/* The words of the "+" line in hand. */
static const char *
challenge_of(const struct imap_client *client)
{
    const char *line = client->session->imap_stream_buffer->str;
    return g_str_has_prefix(line, "+") ? line + 1 : "";
}

/* why is what the server said about a token that it refuses. */
static enum imap_continuation
authenticate(struct imap_client *client, enum secret_kind kind, const char *response, char **why)
{
    gboolean at_once = imap_client_has(client, "SASL-IR");
    char *command =
        g_strconcat("AUTHENTICATE ", client->login, at_once ? " " : "", at_once ? response : "", NULL);
    enum imap_continuation state = imap_send_and_await(client, command);
    secret_free(command);
    if (!at_once && state == IMAP_CONTINUE)
        state = imap_say(client, response);
    if (state == IMAP_CONTINUE && kind != SECRET_PASSWORD) {
        *why = sasl_refusal_text(challenge_of(client));
        state = imap_say(client, sasl_refusal_answer(kind));
    }
    return state;
}

/* libetpan's outcome of the login that was chosen. */
static int
run_login(struct imap_client *client, const struct imap_server *server, const char *secret,
          const char *response, char **why)
{
    enum imap_continuation state;
    if (strcmp(client->login, "LOGIN") == 0)
        return mailimap_login(client->session, server->user, secret);
    if (client->login == by_literals)
        state = login_by_literals(client, server->user, secret);
    else
        state = authenticate(client, server->auth, response, why);
    if (state != IMAP_ENDED)
        return MAILIMAP_ERROR_STREAM;
    client->session->imap_state = MAILIMAP_STATE_AUTHENTICATED;
    return MAILIMAP_NO_ERROR;
}

/* A NO that is nobody's wrong password: the server's user database is down, or the mailbox has too many
 * connections (RFC 5530; Gmail and Exchange Online say it in words). */
static gboolean
is_passing(const char *text)
{
    static const char *const words[] = {"[unavailable]",     "[inuse]",
                                        "[limit]",           "[serverbug]",
                                        "too many simultan", "authenticated but not connected",
                                        "too many connect"};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(lower, words[i]))
            return TRUE;
    return FALSE;
}

gboolean
imap_log_in(struct imap_client *client, const struct imap_server *server, const char *secret,
            gboolean *refused, GError **error)
{
    scoped(secret_free) char *response =
        sasl_response(server->auth, server->user, secret, server->host, server->port, error);
    g_autofree char *why = NULL;
    if (!response || !imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    int outcome = run_login(client, server, secret, response, &why);
    mailstream *line = client->session->imap_stream;
    explicit_bzero(line->write_buffer, line->buffer_max_size);
    imap_forget_capabilities(client); /* others hold after login */
    gboolean server_down = is_passing(imap_guard_text(client->guard));
    g_autofree char *what = g_strdup_printf("logging in as %s", server->user);
    if (imap_end(client, outcome, what, server_down ? USHER_ERROR_UNAVAILABLE : USHER_ERROR_NO_PERMISSION,
                 error))
        return TRUE;
    *refused = !server_down && imap_guard_tagged(client->guard) == IMAP_TAGGED_NO;
    if (why && error && *error) {
        g_autofree char *text = g_strdup_printf("%s (%s)", (*error)->message, why);
        g_free((*error)->message);
        (*error)->message = g_steal_pointer(&text);
    }
    return FALSE;
}
