/* One command on an IMAP connection, from its account to the judgement of its result, and what was offered.
 *
 * Invariants: between imap_begin() and imap_end() lies exactly one command, under one deadline and one byte
 * budget. How it ended is what the guard read in the result line, never libetpan's return value alone, which
 * hides a NO behind partial results. */
#include "wire/imap_private.h"

#include <string.h>

#include "wire/imap_utf7.h"

gboolean
imap_break(struct imap_client *client, enum usher_error code, const char *words, GError **error)
{
    client->broken = TRUE;
    g_set_error(error, USHER_ERROR, (int)code, "%s: %s", client->name, words);
    return FALSE;
}

gboolean
imap_begin(struct imap_client *client, gint64 budget_bytes, gint64 max_literal, GError **error)
{
    if (client->broken)
        return imap_break(client, USHER_ERROR_UNAVAILABLE, "the connection has failed before", error);
    tls_stream_begin(client->stream, client->deadline_ms, budget_bytes);
    imap_guard_begin(client->guard, max_literal);
    return TRUE;
}

gboolean
imap_end(struct imap_client *client, int outcome, const char *what, enum usher_error refusal, GError **error)
{
    const char *text = imap_guard_text(client->guard);
    const GError *failure = tls_stream_error(client->stream);
    enum imap_tagged tagged = imap_guard_tagged(client->guard);
    if (failure && tagged == IMAP_TAGGED_NONE) {
        client->broken = TRUE;
        g_set_error(error, USHER_ERROR, failure->code, "%s, while %s", failure->message, what);
        return FALSE;
    }
    switch (tagged) {
    case IMAP_TAGGED_OK:
        client->broken = failure != NULL; /* the answer was whole; a BYE may stand behind it */
        if (outcome == MAILIMAP_NO_ERROR)
            return TRUE;
        break;
    case IMAP_TAGGED_NO:
        client->broken = failure != NULL;
        g_set_error(error, USHER_ERROR, (int)refusal, "%s: refused while %s: %s", client->name, what, text);
        return FALSE;
    case IMAP_TAGGED_BAD:
        client->broken = TRUE;
        g_set_error(error, USHER_ERROR, USHER_ERROR_PROTOCOL, "%s: called an error while %s: %s",
                    client->name, what, text);
        return FALSE;
    case IMAP_TAGGED_NONE:
        break;
    }
    client->broken = TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_PROTOCOL, "%s: the answer cannot be understood, while %s",
                client->name, what);
    return FALSE;
}

static gboolean
flush_line(struct imap_client *client)
{
    mailstream *line = client->session->imap_stream;
    return mailstream_write(line, "\r\n", 2) == 2 && mailstream_flush(line) == 0;
}

enum imap_continuation
imap_say(struct imap_client *client, const char *words)
{
    mailimap *session = client->session;
    gssize length = (gssize)strlen(words);
    if (mailstream_write(session->imap_stream, words, (gsize)length) != length || !flush_line(client))
        return IMAP_FAILED;
    g_autofree char *tag = g_strdup_printf("%d ", session->imap_tag);
    /* The guard takes the news out of the untagged lines before the "+", which mailimap_idle() throws away
     * and mailimap_append() trips over. */
    for (;;) {
        const char *line = mailimap_read_line(session);
        if (!line)
            return IMAP_FAILED;
        if (imap_guard_tagged(client->guard) != IMAP_TAGGED_NONE)
            return g_str_has_prefix(line, tag) ? IMAP_ENDED : IMAP_FAILED;
        if (*line == '+')
            return IMAP_CONTINUE;
        if (*line != '*')
            return IMAP_FAILED;
    }
}

enum imap_continuation
imap_send_and_await(struct imap_client *client, const char *command)
{
    return mailimap_send_current_tag(client->session) == MAILIMAP_NO_ERROR ? imap_say(client, command)
                                                                           : IMAP_FAILED;
}

int
imap_send_rest(struct imap_client *client, const char *bytes, gsize length)
{
    mailimap *session = client->session;
    struct mailimap_response *response = NULL;
    if (mailstream_write(session->imap_stream, bytes, length) != (gssize)length || !flush_line(client) ||
        !mailimap_read_line(session))
        return MAILIMAP_ERROR_STREAM;
    int outcome = mailimap_parse_response(session, &response);
    if (outcome == MAILIMAP_NO_ERROR)
        mailimap_response_free(response);
    return outcome;
}

char *
imap_folder_wire_name(const struct imap_client *client, const char *folder, GError **error)
{
    char *wire = imap_utf7_encode(folder);
    if (!wire)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the folder's name is not UTF-8", client->name);
    return wire;
}

gboolean
imap_need_selected(const struct imap_client *client, GError **error)
{
    if (client->broken || client->selected)
        return TRUE; /* a broken client says so in imap_begin() */
    g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "%s: no folder is selected", client->name);
    return FALSE;
}

void
imap_forget_capabilities(struct imap_client *client)
{
    struct mailimap_connection_info *info = client->session->imap_connection_info;
    if (info && info->imap_capability) {
        mailimap_capability_data_free(info->imap_capability);
        info->imap_capability = NULL;
    }
    g_clear_pointer(&client->capabilities, g_strfreev);
}

const char *const *
imap_client_capabilities(const struct imap_client *client)
{
    static const char *const none[] = {NULL};
    return client->capabilities ? (const char *const *)client->capabilities : none;
}

gboolean
imap_client_has(const struct imap_client *client, const char *capability)
{
    return g_strv_contains(imap_client_capabilities(client), capability);
}
