/* The self-test of `usher check --mailbox NAME --send`. Its mails carry a random word in a field of their
 * own, by which they are found again; they are marked as automatic (RFC 3834) and come from one of us, so
 * that nobody, and usher least of all, takes them for a reply or for a mail written by hand. */
#include "service/selftest.h"

#include "base/clock.h"
#include "base/error.h"
#include "inbox/watch.h"
#include "outbox/sender.h"
#include "wire/mime_write.h"
#include "wire/smtp_client.h"

#include <stdlib.h>
#include <string.h>

#define FIELD "X-Usher-Self-Test"
#define ROUND_MS 1000
#define GRACE_ROUNDS 8 /* after the arrival: for the copy in Sent and the second mail */

struct trial {
    char *word, *address, *plus_address, *message_id;
    GBytes *mails[2]; /* plain, plus */
    guint next;
    guint32 inbox_from, sent_from; /* UIDs below are from before */
    struct smtp_mail mail;
    const char *recipient;
    char *refused[2]; /* what the server said against the mail, NULL: it took it */
};

static void
trial_clear(struct trial *t)
{
    g_free(t->word);
    g_free(t->address);
    g_free(t->plus_address);
    g_free(t->message_id);
    for (int i = 0; i < 2; i++) {
        g_clear_pointer(&t->mails[i], g_bytes_unref);
        g_free(t->refused[i]);
    }
}

void
selftest_clear(struct selftest *selftest)
{
    g_clear_pointer(&selftest->capabilities, g_free);
}

/* ---- the mails ---- */

static const char *
address_of(const struct config *config, const struct mailbox *m)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        if (s->mailbox == m)
            return s->address;
    }
    return m->user && strchr(m->user, '@') ? m->user : NULL;
}

static GBytes *
write_mail(struct service *s, const struct trial *t, const char *to, const char *message_id, GError **error)
{
    const struct mime_header extra[] = {{FIELD, t->word}, {"Auto-Submitted", "auto-generated"}};
    const struct mime_mailbox recipient = {.address = to};
    const struct mime_letter letter = {
        .from = {.address = t->address},
        .to = &recipient,
        .to_count = 1,
        .subject = "usher tries this mailbox",
        .message_id = message_id,
        .extra = extra,
        .extra_count = G_N_ELEMENTS(extra),
        .text =
            "This mail was sent by `usher check --send` to see what the mail server does with it.\nIt can be "
            "deleted.\n",
        .date_us = g_get_real_time(),
        .zone = s->config->timezone,
    };
    return mime_write(&letter, error);
}

static gboolean
prepare(struct service *s, const struct mailbox *m, struct trial *t, GError **error)
{
    const char *address = address_of(s->config, m), *at = address ? strrchr(address, '@') : NULL;
    if (!at) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "no address of mailbox %s is known: no specialist writes from it, and its user is none",
                    m->name);
        return FALSE;
    }
    g_autofree char *uuid = g_uuid_string_random();
    t->word = g_strndup(uuid, 8);
    t->address = g_strdup(address);
    t->plus_address = g_strdup_printf("%.*s+%s%s", (int)(at - address), address, t->word, at);
    t->message_id = g_strdup_printf("usher.selftest.%s%s", t->word, at);
    g_autofree char *second = g_strdup_printf("usher.selftest.plus.%s%s", t->word, at);
    t->mails[0] = write_mail(s, t, t->address, t->message_id, error);
    t->mails[1] = t->mails[0] ? write_mail(s, t, t->plus_address, second, error) : NULL;
    return t->mails[1] != NULL;
}

static const struct smtp_mail *
next_mail(gpointer user)
{
    struct trial *t = user;
    if (t->next >= G_N_ELEMENTS(t->mails))
        return NULL;
    gsize length;
    const char *bytes = g_bytes_get_data(t->mails[t->next], &length);
    t->recipient = t->next == 0 ? t->address : t->plus_address;
    t->mail = (struct smtp_mail){.mail_from = t->address,
                                 .recipients = &t->recipient,
                                 .n_recipients = 1,
                                 .bytes = bytes,
                                 .length = length};
    t->next++;
    return &t->mail;
}

static gboolean
begin_mail(gpointer user, const struct smtp_mail *mail, GError **error)
{
    (void)user;
    (void)mail;
    (void)error;
    return TRUE;
}

static void
done_mail(gpointer user, const struct smtp_mail *mail, const struct smtp_outcome *outcomes)
{
    struct trial *t = user;
    (void)mail;
    if (outcomes[0].verdict != SMTP_SENT)
        t->refused[t->next - 1] = g_strdup_printf("%d %s", outcomes[0].code, outcomes[0].text);
}

static gboolean
send_mails(const struct mailbox *m, struct trial *t, GError **error)
{
    static const struct smtp_handler handler = {.next = next_mail, .begin = begin_mail, .done = done_mail};
    scoped(secret_free) char *password = NULL;
    if (!mailbox_read_password(m, &password, error))
        return FALSE;
    struct smtp_server server = sender_server(m, password);
    server.timeout_ms = 30000;
    if (!smtp_client_send(&server, &handler, t, NULL, error))
        return FALSE;
    if (!t->refused[0])
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE,
                "%s does not take a mail of the mailbox to itself: %s", m->smtp.host, t->refused[0]);
    return FALSE;
}

/* ---- finding them again ---- */

/* TRUE when the header of bytes has the line "name: …value…"; value in any letter case. */
static gboolean
has_field(GBytes *bytes, const char *name, const char *value)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *all = g_strndup(data, MIN(size, 64u * 1024));
    char *end = strstr(all, "\r\n\r\n");
    if (end)
        *end = '\0';
    g_auto(GStrv) lines = g_strsplit(all, "\r\n", -1);
    gboolean inside = FALSE;
    for (char **line = lines; *line; line++) {
        gboolean folded = **line == ' ' || **line == '\t';
        gsize n = strlen(name);
        if (!folded)
            inside = g_ascii_strncasecmp(*line, name, n) == 0 && (*line)[n] == ':';
        g_autofree char *lower = g_ascii_strdown(*line, -1);
        g_autofree char *wanted = g_ascii_strdown(value, -1);
        if (inside && strstr(lower, wanted))
            return TRUE;
    }
    return FALSE;
}

/* Looks at what came into the selected folder since *from. */
static gboolean
look(struct imap_client *client, const struct trial *t, gboolean in_sent, guint32 *from, struct selftest *out,
     GError **error)
{
    g_autoptr(GArray) envelopes = NULL;
    if (!imap_client_list_since(client, *from, 100, &envelopes, error))
        return FALSE;
    for (guint i = 0; i < envelopes->len; i++) {
        const struct imap_envelope *e = &g_array_index(envelopes, struct imap_envelope, i);
        g_autoptr(GBytes) bytes = NULL;
        gboolean partial;
        *from = e->uid + 1;
        if (!imap_client_fetch(client, e->uid, 0, &bytes, &partial, error))
            return FALSE;
        if (!bytes || !has_field(bytes, FIELD, t->word))
            continue;
        if (in_sent) {
            out->sent_copy = SELFTEST_YES;
        } else if (has_field(bytes, "To", t->plus_address)) {
            out->plus_address_kept = SELFTEST_YES;
        } else {
            out->arrived = TRUE;
            out->message_id_kept = has_field(bytes, "Message-ID", t->message_id) ? SELFTEST_YES : SELFTEST_NO;
        }
    }
    return TRUE;
}

/* One look at both folders; a Sent that does not exist holds no copy. */
static gboolean
look_everywhere(struct imap_client *client, const struct mailbox *mailbox, const char *sent, struct trial *t,
                struct selftest *out, GError **error)
{
    g_autoptr(GError) missing = NULL;
    if (imap_client_select(client, sent, NULL, &missing)) {
        if (!look(client, t, TRUE, &t->sent_from, out, error))
            return FALSE;
    } else if (!imap_client_is_usable(client)) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return FALSE;
    }
    return imap_client_select(client, mailbox->inbox, NULL, error) &&
           look(client, t, FALSE, &t->inbox_from, out, error);
}

static gboolean
wait_for_mails(struct imap_client *client, const struct mailbox *mailbox, const char *sent, struct trial *t,
               int limit_ms, struct selftest *out, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    for (int grace = 0; g_get_monotonic_time() < until_us && grace < GRACE_ROUNDS; grace += out->arrived) {
        gboolean changed;
        if (!look_everywhere(client, mailbox, sent, t, out, error))
            return FALSE;
        gboolean all =
            out->arrived && out->sent_copy == SELFTEST_YES && out->plus_address_kept == SELFTEST_YES;
        if (all)
            break;
        if (!imap_client_idle(client, -1, ROUND_MS, &changed, error))
            return FALSE;
    }
    if (out->arrived && out->sent_copy == SELFTEST_UNKNOWN)
        out->sent_copy = SELFTEST_NO;
    if (out->arrived && out->plus_address_kept == SELFTEST_UNKNOWN)
        out->plus_address_kept = SELFTEST_NO;
    return TRUE;
}

static guint32
end_of(struct imap_client *client, const char *folder)
{
    struct imap_folder_state state;
    return imap_client_status(client, folder, &state, NULL) ? state.uidnext : 1;
}

/* ---- what is kept ---- */

static const char *const answer_names[] = {
    [SELFTEST_NO] = "no", [SELFTEST_YES] = "yes", [SELFTEST_UNKNOWN] = "unknown"};

static gboolean
keep(struct store *db, const char *mailbox, const struct selftest *t, GError **error)
{
    json_t *data =
        json_pack("{s:b, s:s, s:s, s:s, s:s}", "arrived", t->arrived, "message_id_kept",
                  answer_names[t->message_id_kept], "sent_copy", answer_names[t->sent_copy],
                  "plus_address_kept", answer_names[t->plus_address_kept], "capabilities", t->capabilities);
    char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
    gboolean ok =
        store_exec(db,
                   "INSERT INTO mailbox_state(mailbox, selftest_at, selftest) VALUES(?, ?, ?) ON CONFLICT DO "
                   "UPDATE SET selftest_at = excluded.selftest_at, selftest = excluded.selftest",
                   error, "tit", mailbox, clock_now_us(), text);
    json_decref(data);
    free(text);
    return ok;
}

static enum selftest_answer
read_answer(const json_t *data, const char *member)
{
    const char *name = json_string_value(json_object_get(data, member));
    for (gsize i = 0; name && i < G_N_ELEMENTS(answer_names); i++)
        if (strcmp(answer_names[i], name) == 0)
            return (enum selftest_answer)i;
    return SELFTEST_UNKNOWN;
}

gboolean
selftest_last(struct store *db, const char *mailbox, struct selftest *out, gint64 *at_us)
{
    g_autofree char *text =
        store_text(db, "SELECT selftest FROM mailbox_state WHERE mailbox = ?", NULL, "t", mailbox);
    json_t *data = text ? json_loads(text, 0, NULL) : NULL;
    if (!data)
        return FALSE;
    const char *capabilities = json_string_value(json_object_get(data, "capabilities"));
    *at_us = store_int(db, "SELECT selftest_at FROM mailbox_state WHERE mailbox = ?", 0, NULL, "t", mailbox);
    *out = (struct selftest){.arrived = json_is_true(json_object_get(data, "arrived")),
                             .message_id_kept = read_answer(data, "message_id_kept"),
                             .sent_copy = read_answer(data, "sent_copy"),
                             .plus_address_kept = read_answer(data, "plus_address_kept"),
                             .capabilities = g_strdup(capabilities ? capabilities : "")};
    json_decref(data);
    return TRUE;
}

gboolean
selftest_run(struct service *s, const struct mailbox *m, int limit_ms, struct selftest *out, GError **error)
{
    static const char *const known[] = {"IDLE", "CONDSTORE", "UIDPLUS"};
    struct intake intake = {.db = s->db, .config = s->config, .mailbox = m, .sink = &s->sink};
    scoped(watch_free) struct watch *w = watch_new(&intake, "usher");
    struct trial t = {0};
    *out = (struct selftest){.message_id_kept = SELFTEST_UNKNOWN,
                             .sent_copy = SELFTEST_UNKNOWN,
                             .plus_address_kept = SELFTEST_UNKNOWN};
    struct imap_client *client = prepare(s, m, &t, error) ? watch_open(w, error) : NULL;
    const char *sent = watch_sent_folder(w);
    gboolean ok = client != NULL;
    if (ok) {
        g_autoptr(GString) has = g_string_new(NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
            if (imap_client_has(client, known[i]))
                g_string_append_printf(has, "%s%s", has->len ? " " : "", known[i]);
        out->capabilities = g_strdup(has->str);
        t.inbox_from = end_of(client, m->inbox);
        t.sent_from = end_of(client, sent);
    }
    ok = ok && send_mails(m, &t, error);
    if (ok && t.refused[1])
        out->plus_address_kept = SELFTEST_NO;
    ok = ok && wait_for_mails(client, m, sent, &t, limit_ms, out, error) && keep(s->db, m->name, out, error);
    trial_clear(&t);
    if (!ok)
        selftest_clear(out);
    return ok;
}
