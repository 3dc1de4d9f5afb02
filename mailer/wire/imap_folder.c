/* Folders: which one is \Sent, opening one read-only, its counters, waiting for news in it.
 *
 * News is what the guard saw in untagged EXISTS and EXPUNGE lines of any command since the caller last took
 * it, so mail announced while something else was asked for is not slept over. */
#include "wire/imap_client.h"

#include <string.h>

#include "wire/imap_private.h"
#include "wire/imap_utf7.h"

enum {
    LONGEST_IDLE_MS = 28 * 60 * 1000, /* RFC 2177: again at least every 29 minutes */
    NOOP_EVERY_MS = 60 * 1000,
    MOST_IDLE_ROUNDS = 64, /* in one call, of a server that keeps talking about nothing */
};

/* TRUE for a mailbox that carries \Sent and can be opened; libetpan drops the backslash of flags it does not
 * know. */
static gboolean
is_marked(const struct mailimap_mailbox_list *folder, const char *mark)
{
    const struct mailimap_mbx_list_flags *flags = folder->mb_flag;
    if (!flags || !flags->mbf_oflags || !folder->mb_name ||
        (flags->mbf_type == MAILIMAP_MBX_LIST_FLAGS_SFLAG &&
         flags->mbf_sflag == MAILIMAP_MBX_LIST_SFLAG_NOSELECT))
        return FALSE;
    for (clistiter *at = clist_begin(flags->mbf_oflags); at; at = clist_next(at)) {
        const struct mailimap_mbx_list_oflag *flag = clist_content(at);
        if (flag->of_type != MAILIMAP_MBX_LIST_OFLAG_FLAG_EXT || !flag->of_flag_ext)
            continue;
        const char *word = flag->of_flag_ext + (*flag->of_flag_ext == '\\' ? 1 : 0);
        if (g_ascii_strcasecmp(word, mark) == 0)
            return TRUE;
    }
    return FALSE;
}

/* One LIST in the given form; *name stays NULL when no folder is marked. */
static gboolean
list_for_mark(struct imap_client *client, const char *command, const char *mark, char **name, GError **error)
{
    if (!imap_begin(client, IMAP_LARGE_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    int outcome = mailimap_custom_command(client->session, command);
    if (!imap_end(client, outcome, "listing folders", USHER_ERROR_PROTOCOL, error))
        return FALSE;
    const struct mailimap_response_info *info = client->session->imap_response_info;
    if (!info || !info->rsp_mailbox_list)
        return TRUE;
    for (clistiter *at = clist_begin(info->rsp_mailbox_list); at && !*name; at = clist_next(at)) {
        const struct mailimap_mailbox_list *folder = clist_content(at);
        if (is_marked(folder, mark))
            *name = imap_utf7_decode(folder->mb_name);
    }
    return TRUE;
}

gboolean
imap_client_find_marked(struct imap_client *client, const char *mark, char **name, GError **error)
{
    *name = NULL;
    if (!list_for_mark(client, "LIST \"\" \"*\"", mark, name, error))
        return FALSE;
    /* RFC 6154 section 5.1: a server may keep its marks for those who ask for them. */
    if (*name || !imap_client_has(client, "SPECIAL-USE") || !imap_client_has(client, "LIST-EXTENDED"))
        return TRUE;
    return list_for_mark(client, "LIST \"\" \"*\" RETURN (SPECIAL-USE)", mark, name, error);
}

gboolean
imap_client_select(struct imap_client *client, const char *folder, struct imap_folder_state *state,
                   GError **error)
{
    g_autofree char *wire = imap_folder_wire_name(client, folder, error);
    if (!wire || !imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    uint64_t highestmodseq = 0;
    imap_guard_begin_folder(client->guard);
    client->selected = FALSE; /* a refused EXAMINE leaves none selected: RFC 3501 section 6.3.1 */
    int outcome = imap_client_has(client, "CONDSTORE")
                      ? mailimap_examine_condstore(client->session, wire, &highestmodseq)
                      : mailimap_examine(client->session, wire);
    g_autofree char *what = g_strdup_printf("opening the folder \"%s\"", folder);
    if (!imap_end(client, outcome, what, USHER_ERROR_NO_INPUT, error))
        return FALSE;
    const struct mailimap_selection_info *info = client->session->imap_selection_info;
    if (!info || info->sel_uidvalidity == 0)
        return imap_break(client, USHER_ERROR_PROTOCOL, "the server gives the folder no UIDVALIDITY", error);
    client->selected = TRUE;
    imap_guard_clear_news(client->guard);
    if (state)
        *state = (struct imap_folder_state){
            .uidvalidity = info->sel_uidvalidity,
            .uidnext = info->sel_uidnext,
            .exists = info->sel_exists,
            .highestmodseq = highestmodseq,
        };
    return TRUE;
}

static void
read_status(const struct mailimap_mailbox_data_status *status, struct imap_folder_state *state)
{
    for (clistiter *at = clist_begin(status->st_info_list); at; at = clist_next(at)) {
        const struct mailimap_status_info *each = clist_content(at);
        if (each->st_att == MAILIMAP_STATUS_ATT_MESSAGES)
            state->exists = each->st_value;
        else if (each->st_att == MAILIMAP_STATUS_ATT_UIDNEXT)
            state->uidnext = each->st_value;
        else if (each->st_att == MAILIMAP_STATUS_ATT_UIDVALIDITY)
            state->uidvalidity = each->st_value;
    }
}

gboolean
imap_client_status(struct imap_client *client, const char *folder, struct imap_folder_state *state,
                   GError **error)
{
    *state = (struct imap_folder_state){0};
    g_autofree char *wire = imap_folder_wire_name(client, folder, error);
    if (!wire || !imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    struct mailimap_status_att_list *wanted = mailimap_status_att_list_new_empty();
    mailimap_status_att_list_add(wanted, MAILIMAP_STATUS_ATT_MESSAGES);
    mailimap_status_att_list_add(wanted, MAILIMAP_STATUS_ATT_UIDNEXT);
    mailimap_status_att_list_add(wanted, MAILIMAP_STATUS_ATT_UIDVALIDITY);
    struct mailimap_mailbox_data_status *status = NULL;
    int outcome = mailimap_status(client->session, wire, wanted, &status);
    mailimap_status_att_list_free(wanted);
    g_autofree char *what = g_strdup_printf("asking for the state of the folder \"%s\"", folder);
    gboolean fit = imap_end(client, outcome, what, USHER_ERROR_NO_INPUT, error);
    if (fit && status && status->st_info_list) /* "STATUS INBOX ()" gives no list, a bare OK no status */
        read_status(status, state);
    if (status)
        mailimap_mailbox_data_status_free(status);
    if (fit && (state->uidnext == 0 || state->uidvalidity == 0))
        fit = imap_break(client, USHER_ERROR_PROTOCOL,
                         "the server answers STATUS without UIDNEXT and UIDVALIDITY", error);
    return fit;
}

gboolean
imap_client_uidnext(struct imap_client *client, const char *folder, guint32 *uidnext, GError **error)
{
    struct imap_folder_state state;
    gboolean fit = imap_client_status(client, folder, &state, error);
    *uidnext = state.uidnext;
    return fit;
}

static gboolean
has_news(const struct imap_client *client)
{
    gboolean news;
    (void)imap_guard_exists(client->guard, &news);
    return news;
}

gboolean
imap_client_noop(struct imap_client *client, gboolean *changed, GError **error)
{
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error) ||
        !imap_end(client, mailimap_noop(client->session), "saying NOOP", USHER_ERROR_PROTOCOL, error))
        return FALSE;
    if (changed)
        *changed = has_news(client);
    return TRUE;
}

/* One IDLE from its beginning to its DONE. */
static gboolean
idle_once(struct imap_client *client, int wake_fd, int max_ms, enum tls_stream_event *event, GError **error)
{
    static const char what[] = "waiting for mail";
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    switch (imap_send_and_await(client, "IDLE")) {
    case IMAP_CONTINUE:
        break;
    case IMAP_ENDED:
        *event = TLS_STREAM_INPUT;
        client->idle_refused = TRUE; /* some servers announce it and refuse it */
        return TRUE;
    case IMAP_FAILED:
        return imap_end(client, MAILIMAP_ERROR_STREAM, what, USHER_ERROR_PROTOCOL, error);
    }
    *event = TLS_STREAM_INPUT;
    gboolean waits = client->session->imap_stream->read_buffer_len == 0 && !has_news(client);
    if (waits && !tls_stream_wait(client->stream, wake_fd, max_ms, event, NULL))
        return imap_end(client, MAILIMAP_ERROR_STREAM, what, USHER_ERROR_PROTOCOL, error);
    if (!imap_begin(client, IMAP_SMALL_ANSWER_BYTES, IMAP_SMALL_LITERAL_BYTES, error))
        return FALSE;
    return imap_end(client, imap_send_rest(client, "DONE", 4), what, USHER_ERROR_PROTOCOL, error);
}

/* Where there is no IDLE. NOOP comes first, so that a caller with a short max_ms polls as well. */
static gboolean
noop_and_wait(struct imap_client *client, int wake_fd, int max_ms, enum tls_stream_event *event,
              GError **error)
{
    if (!imap_client_noop(client, NULL, error))
        return FALSE;
    if (has_news(client))
        return TRUE;
    imap_guard_begin(client->guard, 0);
    return tls_stream_wait(client->stream, wake_fd, max_ms, event, NULL) ||
           imap_end(client, MAILIMAP_ERROR_STREAM, "waiting for mail", USHER_ERROR_PROTOCOL, error);
}

gboolean
imap_client_idle(struct imap_client *client, int wake_fd, int max_ms, gboolean *changed, GError **error)
{
    *changed = FALSE;
    if (!imap_need_selected(client, error))
        return FALSE;
    gint64 until_us = g_get_monotonic_time() + (gint64)max_ms * 1000;
    enum tls_stream_event event = TLS_STREAM_INPUT;
    for (int round = 0; round < MOST_IDLE_ROUNDS && event != TLS_STREAM_WAKE && !has_news(client); round++) {
        gint64 left_ms = (until_us - g_get_monotonic_time()) / 1000;
        if (left_ms <= 0 && round > 0)
            break;
        gboolean idles = imap_client_has(client, "IDLE") && !client->idle_refused;
        int longest_ms = idles ? LONGEST_IDLE_MS : NOOP_EVERY_MS;
        int wait_ms = (int)CLAMP(left_ms, 0, longest_ms);
        if (!(idles ? idle_once : noop_and_wait)(client, wake_fd, wait_ms, &event, error))
            return FALSE;
    }
    *changed = has_news(client);
    return TRUE;
}
