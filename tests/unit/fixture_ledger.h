/* A ledger of one mailbox, ana's, whose policy answers what the test says and whose events go to the journal.
 */
#ifndef USHER_TESTS_FIXTURE_LEDGER_H
#define USHER_TESTS_FIXTURE_LEDGER_H

#include "outbox/ledger.h"

#include "fixture.h"

#define NOW_TEXT "2026-11-02 10:00:00"

/* A ledger of one mailbox with a policy whose answer the test sets. */
struct world {
    struct fixture f;
    struct ledger ledger;
    struct outbox_policy policy;
    enum outbox_verdict verdict;
    gint64 not_before_us, account_id;
    gint64 fails_for; /* the policy errs for this message */
    gint64 now_us;
    guint asked;
};

static inline gboolean
may_send(gpointer user, struct store *db, gint64 message_id, gint64 now_us, enum outbox_verdict *verdict,
         gint64 *not_before_us, char **reason, GError **error)
{
    struct world *w = user;
    g_assert_true(db == w->f.db && now_us == w->now_us && store_in_transaction(db));
    w->asked++;
    if (message_id == w->fails_for) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_IO, "the disk is gone");
        return FALSE;
    }
    *verdict = w->verdict;
    if (w->verdict == OUTBOX_WAIT) {
        *not_before_us = w->not_before_us;
        *reason = g_strdup("outside its sending hours");
    }
    return TRUE;
}

static inline gboolean
record_event(gpointer user, struct store *db, struct event *event, GError **error)
{
    (void)user;
    g_assert_true(store_in_transaction(db));
    return journal_append(db, event, error);
}

static inline void
set_up(struct world *w, gconstpointer data)
{
    (void)data;
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    w->policy = (struct outbox_policy){.may_send = may_send, .user = w, .sink = {.record = record_event}};
    w->ledger = (struct ledger){.db = w->f.db,
                                .config = w->f.config,
                                .mailbox = config_mailbox(w->f.config, "ana"),
                                .policy = &w->policy,
                                .owner = g_strdup("sender 1")};
    w->verdict = OUTBOX_SEND;
    w->now_us = at(NOW_TEXT);
    w->account_id = add_account(&w->f, "acme", "{}");
}

static inline void
tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    g_free(w->ledger.owner);
    fixture_tear_down(&w->f);
}

/* A frozen message to to@x.example and, when cc, cc@x.example; in the outbox from now on. */
static inline gint64
add_message(struct world *w, gint64 account_id, gboolean cc)
{
    g_autofree char *recipients =
        g_strdup_printf("[{\"address\":\"to@x.example\",\"field\":\"to\"}%s]",
                        cc ? ",{\"address\":\"cc@x.example\",\"field\":\"cc\"}" : "");
    static const char frozen[] = "From: ana@team.example\r\nSubject: Hello\r\n\r\nHello\r\n";
    g_autoptr(GBytes) bytes = g_bytes_new_static(frozen, sizeof frozen - 1);
    store_exec(
        w->f.db,
        "INSERT INTO message(account_id, sequence, step, automatic, state, specialist, mailbox, "
        "created_at, template, subject, recipients, message_id, token) VALUES(?, 'trial', 'hello', 0, "
        "'queued', 'ana', 'ana', ?, 't', 'Hello', ?, 'usher.' || ? || '@team.example', printf('%016d', ?))",
        &w->f.error, "iitii", account_id, w->now_us, recipients, w->now_us + account_id, account_id);
    gint64 id = store_last_id(w->f.db);
    store_exec(
        w->f.db,
        "INSERT INTO message_text(message_id, template_text, markdown, rendered, bytes) VALUES(?, 't', 'm', "
        "'m', ?)",
        &w->f.error, "ib", id, bytes);
    outbox_enqueue(w->f.db, id, w->now_us, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    return id;
}

static inline GPtrArray *
claim(struct world *w)
{
    g_assert_true(store_begin(w->f.db, &w->f.error));
    GPtrArray *claims = ledger_claim(&w->ledger, 20, w->now_us, &w->f.error);
    if (claims)
        g_assert_true(store_commit(w->f.db, &w->f.error));
    else
        store_rollback(w->f.db);
    return claims;
}

/* Claims and expects exactly one message with this many recipients. */
static inline struct claim *
claim_one(struct world *w, guint recipients)
{
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_no_error(w->f.error);
    g_assert_cmpint(claims->len, ==, 1);
    struct claim *c = g_ptr_array_steal_index(claims, 0);
    g_assert_cmpint(c->addresses->len, ==, recipients);
    return c;
}

static inline gboolean
begin(struct world *w, struct claim *c)
{
    g_assert_true(store_begin(w->f.db, &w->f.error));
    if (ledger_begin(&w->ledger, c, w->now_us, &w->f.error))
        return store_commit(w->f.db, &w->f.error);
    store_rollback(w->f.db);
    return FALSE;
}

static inline void
settle(struct world *w, struct claim *c, const struct smtp_outcome *outcomes)
{
    g_assert_true(store_begin(w->f.db, &w->f.error));
    ledger_settle(&w->ledger, c, outcomes, "127.0.0.1", w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->f.db, &w->f.error));
}

#define assert_deliveries(w, expected)                                                                       \
    assert_rows(&(w)->f, "substr(address, 1, 2) || ' ' || state", "delivery ORDER BY id", expected)
#define assert_message(w, expected) assert_rows(&(w)->f, "state", "message ORDER BY id", expected)
#define assert_events(w, expected) assert_rows(&(w)->f, "kind", "event ORDER BY id", expected)

static const struct smtp_outcome sent = {SMTP_SENT, 250, "2.0.0", "queued", SMTP_ABOUT_MESSAGE},
                                 refused = {SMTP_REFUSED, 550, "5.1.1", "no such user", SMTP_ABOUT_RECIPIENT},
                                 policy_refused = {SMTP_REFUSED, 554, "5.7.1", "not today",
                                                   SMTP_ABOUT_RECIPIENT},
                                 deferred = {SMTP_DEFERRED, 451, "4.7.1", "greylisted", SMTP_ABOUT_RECIPIENT},
                                 unknown = {SMTP_UNKNOWN, 0, NULL, "no answer", SMTP_ABOUT_NOTHING},
                                 not_transmitted = {SMTP_NOT_TRANSMITTED, 0, NULL, "connection lost",
                                                    SMTP_ABOUT_NOTHING};

#endif
