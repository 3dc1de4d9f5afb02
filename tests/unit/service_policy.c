/* The last look before a mail leaves: what stops it, until when, and what becomes of it then. */
#include "fixture_service.h"
#include "inbox/fence.h"

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_replay(&w->f);
    world_tear_down(w, data);
}

struct answer {
    enum outbox_verdict verdict;
    gint64 not_before_us;
    char *reason;
};

/* Asks in a transaction, as the ledger does. */
static struct answer
ask_policy(struct world *w, gint64 message_id)
{
    struct answer a = {0};
    g_assert_true(store_begin(w->f.db, &w->f.error));
    gboolean ok = policy_may_send(w->s, w->f.db, message_id, w->now_us, &a.verdict, &a.not_before_us,
                                  &a.reason, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(ok);
    g_assert_true(store_commit(w->f.db, &w->f.error));
    g_assert_cmpint(a.verdict == OUTBOX_WAIT, ==, a.reason != NULL);
    return a;
}

static void
assert_answer(struct world *w, gint64 message_id, enum outbox_verdict verdict, const char *not_before,
              const char *reason)
{
    struct answer a = ask_policy(w, message_id);
    g_assert_cmpint(a.verdict, ==, verdict);
    if (verdict == OUTBOX_WAIT) {
        assert_instant(a.not_before_us, not_before);
        if (!strstr(a.reason, reason))
            g_error("\"%s\" does not hold \"%s\"", a.reason, reason);
    }
    g_free(a.reason);
}

/* Message 1, a specialist's, approved on Monday 2 November at 10:00. */
static void
to_approved(struct world *w)
{
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_no_error(w->f.error);
}

/* Message 2, automatic, due on Thursday 12 November at 10:00. */
static void
to_automatic(struct world *w)
{
    to_approved(w);
    g_assert_cmpint(send_due(w, 250), ==, 1);
    tick(w, "2026-11-12 10:00");
    assert_messages(w, "hello sent;nudge queued");
}

/* ---- one thing at a time against an approved mail ---- */

static const struct {
    const char *name, *when, *kind, *json, *sql;
    enum outbox_verdict verdict;
    const char *not_before, *reason;
} situations[] = {
    {"nothing", "2026-11-02 10:01", NULL, NULL, NULL, OUTBOX_SEND, NULL, NULL},
    {"before the window", "2026-11-03 08:59:59", NULL, NULL, NULL, OUTBOX_WAIT, "2026-11-03 09:00:00",
     "outside its sending hours"},
    {"after the window", "2026-11-06 17:00", NULL, NULL, NULL, OUTBOX_WAIT, "2026-11-09 09:00:00",
     "outside its sending hours"},
    {"the customer's window", "2026-11-02 10:01", NULL, NULL,
     "UPDATE account_facts SET facts = '{\"forecast_mrr\": 512.31, \"timezone\": \"America/New_York\"}'; "
     "UPDATE account SET dirty = 1",
     OUTBOX_WAIT, "2026-11-02 15:00:00", "outside its sending hours"},
    {"on hold", "2026-11-02 10:01", "hold_set", "{\"reason\": \"ask Kim\"}", NULL, OUTBOX_WAIT,
     "2026-11-02 10:01:30", "on hold: ask Kim"},
    {"a recipient away", "2026-11-02 10:01", "auto_replied",
     "{\"address\": \"bob@acme.example\", \"return_date\": \"2026-11-05\"}", NULL, OUTBOX_WAIT,
     "2026-11-06 00:00:00", "bob@acme.example is on hold"},
    {"absent from the import", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET absent = 1, dirty = 1",
     OUTBOX_WAIT, "2026-11-02 10:01:30", "absent"},
    {"figures that print the same", "2026-11-02 10:01", NULL, NULL,
     "UPDATE account_facts SET facts = '{\"forecast_mrr\": 512.87}'", OUTBOX_SEND, NULL, NULL},
    {"figures that print others", "2026-11-02 10:01", NULL, NULL,
     "UPDATE account_facts SET facts = '{\"forecast_mrr\": 513.01}'", OUTBOX_GONE, NULL, NULL},
    {"a suppressed recipient", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO suppression VALUES('bob@acme.example', 'opt_out', 0, NULL)", OUTBOX_GONE, NULL, NULL},
    {"churned since the last tick", "2026-11-02 10:01", NULL, NULL,
     "UPDATE account_facts SET facts = '{\"forecast_mrr\": 512.31, \"churned\": true}'; UPDATE account SET "
     "dirty = 1",
     OUTBOX_GONE, NULL, NULL},
    {"facts too old", "2026-12-02 10:01", NULL, NULL, NULL, OUTBOX_GONE, NULL, NULL},
    {"written by hand meanwhile", "2026-11-02 10:01", "hand_sent",
     "{\"opens\": 1, \"subject\": \"Hi\", \"message_id\": \"o@t\", \"specialist\": \"ana\"}", NULL,
     OUTBOX_GONE, NULL, NULL},
};

static void
test_situation(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    to_approved(w);
    now_is(w, situations[i].when);
    if (situations[i].kind)
        act(w, situations[i].kind, situations[i].json);
    g_auto(GStrv) statements = g_strsplit(situations[i].sql ? situations[i].sql : "", ";", -1);
    for (char **sql = statements; *sql; sql++)
        if (**sql)
            run_sql(&w->f, *sql);
    assert_answer(w, 1, situations[i].verdict, situations[i].not_before, situations[i].reason);
    if (strcmp(situations[i].name, "a suppressed recipient") == 0)
        run_sql(&w->f, "DELETE FROM suppression"); /* put there without an event: the replay would miss it */
}

/* What no longer holds comes back to the specialist with the difference, and nothing of it is left in the
 * outbox. */
static void
test_returned(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_messages(w, "hello changed");
    assert_deliveries(w, "ann withdrawn;bob withdrawn");
    assert_line(w, "fresh; hello drafted 11-02 10:00");
    assert_rows(&w->f, "reason", "message", "- about $512 a month.\n+ about $900 a month.");
    tick(w, "2026-11-02 10:05");
    g_assert_true(approve_revision(w, 1, 2, "ana"));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_deliveries(w, "ann sent;bob sent");
    assert_rows(&w->f, "instr(CAST(bytes AS TEXT), '$900') > 0", "message_text", "1");
}

static void
test_automatic_returned(struct world *w, gconstpointer data)
{
    (void)data;
    to_automatic(w);
    mailboxes_read(w, 0, NULL);
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_messages(w, "hello sent;nudge withdrawn");
    tick(w, "2026-11-12 10:01");
    assert_messages(w, "hello sent;nudge withdrawn;nudge queued");
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "done; hello sent 11-02 10:00; nudge sent 11-12 10:00");
}

/* ---- the fence ---- */

static void
test_fence(struct world *w, gconstpointer data)
{
    (void)data;
    to_automatic(w);
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30", "the folder inbox of ana was never read");
    mailboxes_read(w, 4 * CLOCK_MINUTE_US, NULL);
    assert_answer(w, 2, OUTBOX_SEND, NULL, NULL);
    mailboxes_read(w, 7 * CLOCK_MINUTE_US, NULL);
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30", "INBOX of ana was last read 7 minutes ago");
    mailboxes_read(w, 0, "another boot");
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30", "INBOX of ana was not read to its end yet");
    /* A mailbox that never wrote to the account does not matter; one that did does, by one stale folder. */
    mailboxes_read(w, 0, NULL);
    run_sql(&w->f, "UPDATE folder SET read_boot_us = NULL WHERE mailbox = 'ben' AND role = 'sent'");
    assert_answer(w, 2, OUTBOX_SEND, NULL, NULL);
    fence_note_problem(w->f.db, "ben", "mail.example:993: connection refused", 0, &w->f.error);
    run_sql(&w->f, "INSERT INTO event(at, account_id, kind, actor, data) VALUES(0, 1, 'hand_sent', 'usher', "
                   "'{\"mailbox\": \"ben\"}')");
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30",
                  "Sent of ben was not read to its end yet: mail.example:993: connection refused");
}

/* Everybody's mailbox counts always, and so do further folders; how fresh is fresh is for usher.conf to say.
 */
static void
test_fence_shared(struct world *w, gconstpointer data)
{
    (void)data;
    to_automatic(w);
    g_autofree char *conf =
        g_strconcat(fixture_conf,
                    "fence_max_age = 10\nmailbox team { smtp = \"smtp+plain://127.0.0.1:2525\" imap = "
                    "\"imap+plain://127.0.0.1:1143\" folders = {\"Ärger\"} }\n",
                    NULL);
    service_reopen(w, conf);
    mailboxes_read(w, 9 * CLOCK_MINUTE_US, NULL);
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30", "the folder inbox of team was never read");
    run_sql(
        &w->f,
        "INSERT INTO folder SELECT 'team', name, role, 1, 1, NULL, 0, read_boot_us, read_boot_id, NULL, NULL "
        "FROM folder WHERE mailbox = 'ana'");
    assert_answer(w, 2, OUTBOX_WAIT, "2026-11-12 10:00:30", "the folder Ärger of team was never read");
    run_sql(&w->f, "INSERT INTO folder SELECT 'team', 'Ärger', 'further', 1, 1, NULL, 0, read_boot_us, "
                   "read_boot_id, NULL, "
                   "NULL FROM folder WHERE mailbox = 'ana' AND role = 'sent'");
    assert_answer(w, 2, OUTBOX_SEND, NULL, NULL);
}

/* A specialist's mail does not wait for it: a person has looked. */
static void
test_fence_is_for_automatic(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    assert_answer(w, 1, OUTBOX_SEND, NULL, NULL);
}

static void
test_unanswered(struct world *w, gconstpointer data)
{
    (void)data;
    to_automatic(w);
    mailboxes_read(w, 0, NULL);
    act(w, "replied", "{\"address\": \"ann@acme.example\", \"message_id\": \"r@acme.example\"}");
    assert_answer(w, 2, OUTBOX_GONE, NULL, NULL);
    assert_messages(w, "hello sent;nudge withdrawn");
    assert_reason(w, "the customer's reply is unanswered");
}

/* ---- a mail that has begun to arrive is finished as it was ---- */

/* To and Cc of message 1 are in these states, the open one due now. */
static void
to_begun(struct world *w, const char *to, const char *cc)
{
    to_approved(w);
    deliveries_may_jump(&w->f);
    store_exec(w->f.db, "UPDATE delivery SET state = CASE field WHEN 'to' THEN ? ELSE ? END", &w->f.error,
               "tt", to, cc);
}

static void
test_rest_after_to(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    struct ledger l = {.db = w->s->db,
                       .config = w->s->config,
                       .mailbox = config_mailbox(w->s->config, "ana"),
                       .policy = &w->s->policy,
                       .owner = (char[]){"me"}};
    g_assert_true(store_begin(l.db, NULL));
    g_autoptr(GPtrArray) claims = ledger_claim(&l, 20, w->now_us, &w->f.error);
    struct claim *c = claims->pdata[0];
    const struct smtp_outcome outcomes[] = {
        {.verdict = SMTP_SENT, .code = 250, .text = "ok"},
        {.verdict = SMTP_DEFERRED, .code = 451, .text = "later", .about = SMTP_ABOUT_RECIPIENT}};
    g_assert_true(ledger_begin(&l, c, w->now_us, &w->f.error) &&
                  ledger_settle(&l, c, outcomes, "h", w->now_us, &w->f.error));
    g_assert_true(store_commit(l.db, NULL));
    assert_deliveries(w, "ann sent;bob deferred");
    assert_line(w, "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:00");
    now_is(w, "2026-11-02 10:16");
    facts_are(w, "{\"forecast_mrr\": 900}"); /* changes nothing: ann has it */
    tick(w, "2026-11-02 10:16");
    if (GPOINTER_TO_UINT(data)) {
        act(w, "opted_out", "{\"address\": \"bob@acme.example\"}");
        act(w, "released", "{}");
        g_assert_cmpint(send_due(w, 250), ==, 0);
        assert_deliveries(w, "ann sent;bob withdrawn");
        g_assert_cmpint(ledger_next_due_us(&l, NULL), ==, 0);
        return;
    }
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_deliveries(w, "ann sent;bob sent");
}

/* Nobody has it, Cc turned out to be dead and To was deferred: To still gets it, unless it says something
 * else by then. */
static void
test_rest_after_refusal(struct world *w, gconstpointer data)
{
    to_begun(w, "deferred", "refused");
    act(w, "bounced",
        "{\"address\": \"bob@acme.example\", \"code\": 550, \"status\": \"5.1.1\", \"permanent\": true}");
    if (GPOINTER_TO_UINT(data))
        facts_are(w, "{\"forecast_mrr\": 900}");
    assert_answer(w, 1, GPOINTER_TO_UINT(data) ? OUTBOX_GONE : OUTBOX_SEND, NULL, NULL);
    if (GPOINTER_TO_UINT(data))
        return;
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_deliveries(w, "ann sent;bob refused");
}

/* Cc has it, To was deferred: the message is still "queued", and nobody can take it back. */
static void
test_rest_after_cc(struct world *w, gconstpointer data)
{
    (void)data;
    to_begun(w, "deferred", "sent");
    facts_are(w, "{\"forecast_mrr\": 900}");
    assert_answer(w, 1, OUTBOX_SEND, NULL, NULL);
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_deliveries(w, "ann sent;bob sent");
    assert_line(w, "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:00");
}

/* To may have it: Cc may have it as well, and the account's other mail is not blocked. */
static void
test_rest_after_unknown(struct world *w, gconstpointer data)
{
    (void)data;
    to_begun(w, "unknown", "deferred");
    facts_are(w, "{\"forecast_mrr\": 900}");
    assert_answer(w, 1, OUTBOX_SEND, NULL, NULL);
}

/* One broken message never stops the mailbox. */
static void
test_others_go_on(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    gint64 other = add_account(&w->f, "other", "{}");
    set_facts(&w->f, other, "{\"forecast_mrr\": 700}", w->now_us);
    add_contact(&w->f, other, "oda@other.example", "owner - - Oda");
    tick(w, "2026-11-02 10:01");
    g_assert_true(approve(w, 2));
    static const char *const breaks[] = {"UPDATE message SET specialist = 'kim' WHERE id = 1",
                                         "UPDATE message SET step = 'bygone' WHERE id = 1"};
    for (gsize i = 0; i < G_N_ELEMENTS(breaks); i++) {
        g_assert_true(store_begin(w->f.db, NULL));
        run_sql(&w->f, breaks[i]);
        g_autoptr(GPtrArray) claims =
            ledger_claim(&(struct ledger){.db = w->s->db,
                                          .config = w->s->config,
                                          .mailbox = config_mailbox(w->s->config, "ana"),
                                          .policy = &w->s->policy,
                                          .owner = (char[]){"me"}},
                         20, w->now_us, &w->f.error);
        g_assert_no_error(w->f.error);
        g_assert_cmpint(claims->len, ==, 1);
        g_assert_cmpint(((struct claim *)claims->pdata[0])->message_id, ==, 2);
        store_rollback(w->f.db);
    }
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/policy/" path, struct world, GUINT_TO_POINTER(data), world_set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(situations); i++) {
        g_autofree char *path = g_strdup_printf("/service/policy/situation/%s", situations[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), world_set_up, test_situation, tear_down);
    }
    ADD("returned", test_returned, 0);
    ADD("automatic-returned", test_automatic_returned, 0);
    ADD("fence", test_fence, 0);
    ADD("fence-shared", test_fence_shared, 0);
    ADD("fence-is-for-automatic", test_fence_is_for_automatic, 0);
    ADD("unanswered", test_unanswered, 0);
    ADD("rest/after-to", test_rest_after_to, 0);
    ADD("rest/after-to-opted-out", test_rest_after_to, 1);
    ADD("rest/after-refusal", test_rest_after_refusal, 0);
    ADD("rest/after-refusal-changed", test_rest_after_refusal, 1);
    ADD("rest/after-cc", test_rest_after_cc, 0);
    ADD("rest/after-unknown", test_rest_after_unknown, 0);
    ADD("others-go-on", test_others_go_on, 0);
    return g_test_run();
}
