/* Sending test copies. waiting ──▶ sent | failed; an attempt is counted and committed before the copy is
 * handed over, so that crashes at any point leave at most MAX_ATTEMPTS of them. */
#include "outbox/test_outbox.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "outbox/sender.h"
#include "wire/mime_write.h"

#define MAX_ATTEMPTS 4
#define PAUSE_US (60 * CLOCK_SECOND_US)
#define GIVE_UP_US CLOCK_DAY_US     /* of a server that cannot be reached */
#define KEEP_US (30 * CLOCK_DAY_US) /* what is over, for `usher outbox --all` */

gboolean
test_outbox_add(struct store *db, const struct test_copy *copy, gint64 now_us, gint64 *id, GError **error)
{
    if (!store_exec(db,
                    "INSERT INTO test_copy(message_id, revision, mailbox, mail_from, address, token, bytes, "
                    "state, asked_by, at, next_at) VALUES(?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)",
                    error, "iittttbtii", copy->message_id, copy->revision, copy->mailbox, copy->mail_from,
                    copy->address, copy->token, copy->bytes, copy->asked_by, now_us, now_us))
        return FALSE;
    *id = store_last_id(db);
    return TRUE;
}

gboolean
test_outbox_has_work(struct store *db, const struct mailbox *mailbox, gint64 now_us)
{
    return store_int(
               db, "SELECT 1 FROM test_copy WHERE mailbox = ? AND state = 'waiting' AND next_at <= ? LIMIT 1",
               0, NULL, "ti", mailbox->name, now_us) != 0;
}

/* ---- sending ---- */

struct session {
    struct store *db;
    const struct config *config;
    const struct mailbox *mailbox;
    const volatile gboolean *stop;
    struct smtp_mail mail;
    gint64 id;
    char *mail_from;
    char *recipients[2];
    GBytes *bytes;
    GError *error; /* of the database: ends the session */
};

static void
session_clear_mail(struct session *s)
{
    g_clear_pointer(&s->mail_from, g_free);
    g_clear_pointer(&s->recipients[0], g_free);
    g_clear_pointer(&s->bytes, g_bytes_unref);
}

static gboolean
settle(struct session *s, const char *state, gint64 next_us, gboolean counted, const char *text)
{
    return store_exec(s->db,
                      "UPDATE test_copy SET state = ?1, next_at = ?2, attempts = attempts - ?3, text = ?4, "
                      "bytes = CASE WHEN ?1 = 'waiting' THEN bytes END WHERE id = ?5",
                      &s->error, "tiiti", state, next_us, (gint64)!counted, text, s->id);
}

/* Loads the next copy that is due and counts the attempt; FALSE when there is none, or with s->error. */
static gboolean
take_next(struct session *s, gint64 now_us)
{
    session_clear_mail(s);
    g_autoptr(GBytes) frozen = NULL;
    {
        scoped(query_end) struct query *q =
            store_query(s->db,
                        "SELECT id, mail_from, address, bytes FROM test_copy WHERE mailbox = ? AND state = "
                        "'waiting' AND next_at <= ? AND attempts < ? ORDER BY id LIMIT 1",
                        &s->error, "tii", s->mailbox->name, now_us, (gint64)MAX_ATTEMPTS);
        if (!q || !query_next(q, &s->error))
            return FALSE;
        s->id = query_int(q, "id");
        s->mail_from = query_dup_text(q, "mail_from");
        s->recipients[0] = query_dup_text(q, "address");
        frozen = query_dup_bytes(q, "bytes");
    }
    s->bytes = mime_add_date(frozen, now_us, s->config->timezone, &s->error);
    return s->bytes &&
           store_exec(s->db, "UPDATE test_copy SET attempts = attempts + 1, next_at = ? WHERE id = ?",
                      &s->error, "ii", now_us + PAUSE_US, s->id);
}

static const struct smtp_mail *
next_copy(gpointer user)
{
    struct session *s = user;
    progress_tell();
    if (s->error || (s->stop && *s->stop) || !take_next(s, clock_now_us()))
        return NULL;
    gsize length;
    const char *bytes = g_bytes_get_data(s->bytes, &length);
    s->mail = (struct smtp_mail){.mail_from = s->mail_from,
                                 .recipients = (const char *const *)s->recipients,
                                 .n_recipients = 1,
                                 .bytes = bytes,
                                 .length = length};
    return &s->mail;
}

static gboolean
begin_copy(gpointer user, const struct smtp_mail *mail, GError **error)
{
    (void)user;
    (void)mail;
    (void)error;
    return TRUE; /* the attempt is on disk since next_copy() */
}

static void
copy_done(gpointer user, const struct smtp_mail *mail, const struct smtp_outcome *outcome)
{
    struct session *s = user;
    gint64 now_us = clock_now_us();
    gboolean old = store_int(s->db, "SELECT at < ? FROM test_copy WHERE id = ?", 0, NULL, "ii",
                             now_us - GIVE_UP_US, s->id) != 0;
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, s->id);
    log_event("test_copy", "mailbox", s->mailbox->name, "copy", id, "to", mail->recipients[0], "verdict",
              smtp_verdict_name(outcome->verdict), "text", outcome->text, NULL);
    switch (outcome->verdict) {
    case SMTP_SENT:
        settle(s, "sent", now_us, TRUE, outcome->text);
        break;
    case SMTP_REFUSED:
        settle(s, "failed", now_us, TRUE, outcome->text);
        break;
    case SMTP_DEFERRED:
        settle(s, "waiting", now_us + s->config->retry_after_us, TRUE, outcome->text);
        break;
    case SMTP_UNKNOWN: /* twice does no harm: it goes to one of us */
        settle(s, "waiting", now_us + PAUSE_US, TRUE, outcome->text);
        break;
    case SMTP_NOT_TRANSMITTED:
        settle(s, old ? "failed" : "waiting", now_us + PAUSE_US, FALSE, outcome->text);
        break;
    }
}

/* What was tried too often, and what was over long ago. */
static gboolean
tidy(struct store *db, const struct mailbox *mailbox, gint64 now_us, GError **error)
{
    return store_exec(db,
                      "UPDATE test_copy SET state = 'failed', bytes = NULL WHERE mailbox = ? AND state = "
                      "'waiting' AND attempts >= ? AND next_at <= ?",
                      error, "tii", mailbox->name, (gint64)MAX_ATTEMPTS, now_us) &&
           store_exec(db, "DELETE FROM test_copy WHERE state <> 'waiting' AND at < ?", error, "i",
                      now_us - KEEP_US);
}

gboolean
test_outbox_run(struct store *db, const struct config *config, const struct mailbox *mailbox,
                const volatile gboolean *stop, GError **error)
{
    gint64 now_us = clock_now_us();
    scoped(secret_free) char *password = NULL;
    if (!test_outbox_has_work(db, mailbox, now_us))
        return TRUE;
    if (!tidy(db, mailbox, now_us, error))
        return FALSE;
    if (!test_outbox_has_work(db, mailbox, now_us))
        return TRUE;
    if (!mailbox_read_password(mailbox, &password, error))
        return FALSE;
    struct smtp_server server = sender_server(mailbox, password);
    static const struct smtp_handler handler = {.next = next_copy, .begin = begin_copy, .done = copy_done};
    struct session s = {.db = db, .config = config, .mailbox = mailbox, .stop = stop};
    gboolean ok = smtp_client_send(&server, &handler, &s, NULL, error);
    session_clear_mail(&s);
    if (s.error && ok) {
        g_propagate_error(error, g_steal_pointer(&s.error));
        return FALSE;
    }
    g_clear_error(&s.error);
    return ok;
}
