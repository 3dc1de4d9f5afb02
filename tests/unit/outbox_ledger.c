/* The ledger: every arrow of the diagram in ledger.c, and the arrows that must not be there. */
#include "fixture_ledger.h"

/* ---- the straight way ---- */

static void
test_sent(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_message(w, w->account_id, TRUE);
    assert_deliveries(w, "to queued;cc queued");
    struct claim *c = claim_one(w, 2);
    assert_deliveries(w, "to claimed;cc claimed");
    g_assert_cmpint(c->message_id, ==, id);
    g_assert_cmpstr(c->mail_from, ==, "ana+0000000000000001@team.example");
    g_assert_cmpstr(c->addresses->pdata[0], ==, "to@x.example");
    const char *bytes = g_bytes_get_data(c->bytes, NULL);
    g_assert_true(
        g_str_has_prefix(bytes, "Date: Mon, 02 Nov 2026 10:00:00 +0100\r\nFrom: ana@team.example\r\n"));
    g_assert_true(begin(w, c));
    assert_deliveries(w, "to transmitting;cc transmitting");
    settle(w, c, (struct smtp_outcome[]){sent, sent});
    assert_deliveries(w, "to sent;cc sent");
    assert_message(w, "sent");
    assert_events(w, "sent");
    assert_rows(&w->f,
                "(data ->> 'subject') || (data ->> 'opens') || (data ->> 'message') || (data ->> 'step') || "
                "(data ->> 'specialist')",
                "event", "Hello11helloana");
    assert_rows(&w->f, "code || enhanced || text || host", "delivery LIMIT 1", "2502.0.0queued127.0.0.1");
    assert_rows(&w->f, "copy", "message", "wanted");
    claim_free(c);
    g_autoptr(GPtrArray) none = claim(w);
    g_assert_cmpint(none->len, ==, 0);
}

/* What each pair of verdicts for To and Cc makes of the deliveries, the message and the journal. */
static const struct {
    const char *name;
    const struct smtp_outcome *to, *cc;
    const char *deliveries, *message, *events;
} verdicts[] = {
    {"both sent", &sent, &sent, "to sent;cc sent", "sent", "sent"},
    {"Cc refused", &sent, &refused, "to sent;cc refused", "sent", "bounced;sent"},
    {"Cc deferred", &sent, &deferred, "to sent;cc deferred", "sent", "sent"},
    {"To deferred", &deferred, &sent, "to deferred;cc sent", "queued", ""},
    {"both deferred", &deferred, &deferred, "to deferred;cc deferred", "queued", ""},
    {"To refused, Cc sent", &refused, &sent, "to refused;cc sent", "failed", "bounced;step_failed;task_made"},
    {"both refused", &refused, &policy_refused, "to refused;cc refused", "failed",
     "bounced;bounced;step_failed;task_made"},
    {"unknown", &unknown, &unknown, "to unknown;cc unknown", "queued", "unknown;task_made"},
    {"Cc unknown", &sent, &unknown, "to sent;cc unknown", "sent", "unknown;task_made;sent"},
    {"not transmitted", &not_transmitted, &not_transmitted, "to queued;cc queued", "queued", ""},
    {"Cc not transmitted", &sent, &not_transmitted, "to sent;cc queued", "sent", "sent"},
};

static void
test_verdicts(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    add_message(w, w->account_id, TRUE);
    struct claim *c = claim_one(w, 2);
    g_assert_true(begin(w, c));
    settle(w, c, (struct smtp_outcome[]){*verdicts[i].to, *verdicts[i].cc});
    assert_deliveries(w, verdicts[i].deliveries);
    assert_message(w, verdicts[i].message);
    assert_events(w, verdicts[i].events);
    assert_rows(&w->f, "id", "delivery WHERE owner IS NOT NULL", "");
    claim_free(c);
}

/* ---- retries ---- */

static void
test_backoff(struct world *w, gconstpointer data)
{
    (void)data;
    static const int minutes[] = {15, 30, 60, 120, 240, 480, 480, 480};
    gint64 first_us = w->now_us;
    add_message(w, w->account_id, FALSE);
    for (gsize i = 0; i < G_N_ELEMENTS(minutes); i++) {
        struct claim *c = claim_one(w, 1);
        const char *bytes = g_bytes_get_data(c->bytes, NULL);
        g_assert_true(g_str_has_prefix(
            bytes, "Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n")); /* the same bytes every time */
        g_assert_true(begin(w, c));
        settle(w, c, &deferred);
        claim_free(c);
        assert_deliveries(w, "to deferred");
        gint64 next_us = ledger_next_due_us(&w->ledger, &w->f.error);
        gint64 pause_us = next_us - w->now_us, least_us = minutes[i] * CLOCK_MINUTE_US;
        g_assert_cmpint(pause_us, >=, least_us);
        g_assert_cmpint(pause_us, <, least_us + least_us / 16);
        w->now_us = next_us - 1;
        g_autoptr(GPtrArray) early = claim(w);
        g_assert_cmpint(early->len, ==, 0);
        w->now_us = next_us;
    }
    /* The last date: 48 hours after the first attempt a deferral is a refusal. */
    w->now_us = first_us + 48 * CLOCK_HOUR_US + 1;
    struct claim *c = claim_one(w, 1);
    g_assert_true(begin(w, c));
    settle(w, c, &deferred);
    claim_free(c);
    assert_deliveries(w, "to refused");
    assert_message(w, "failed");
    assert_events(w, "bounced;step_failed;task_made");
    assert_rows(&w->f, "data ->> 'permanent'", "event WHERE kind = 'bounced'", "0");
}

/* Greylisting answers RCPT: the body never begins, and the clock of the last date runs all the same. */
static void
test_deferred_before_the_body(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 first_us = w->now_us;
    add_message(w, w->account_id, FALSE);
    struct claim *c = claim_one(w, 1);
    settle(w, c, &deferred);
    claim_free(c);
    assert_deliveries(w, "to deferred");
    w->now_us = first_us + 48 * CLOCK_HOUR_US + 1;
    c = claim_one(w, 1);
    settle(w, c, &deferred);
    claim_free(c);
    assert_deliveries(w, "to refused");
}

/* A server that cannot be reached is no attempt: neither the Date nor the backoff nor the last date comes
 * from it. */
static void
test_outage(struct world *w, gconstpointer data)
{
    gboolean begun = GPOINTER_TO_UINT(data) != 0;
    add_message(w, w->account_id, FALSE);
    for (int i = 0; i < 10; i++) {
        struct claim *c = claim_one(w, 1);
        if (begun) {
            g_assert_true(begin(w, c));
            settle(w, c, &not_transmitted);
        } else {
            g_assert_true(ledger_unclaim(&w->ledger, c, w->now_us, &w->f.error));
        }
        claim_free(c);
        assert_deliveries(w, "to queued");
        w->now_us += 6 * CLOCK_HOUR_US;
    }
    struct claim *c = claim_one(w, 1);
    const char *bytes = g_bytes_get_data(c->bytes, NULL);
    g_assert_true(g_str_has_prefix(bytes, "Date: Wed, 04 Nov 2026 22:00:00 +0100\r\n"));
    g_assert_true(begin(w, c));
    settle(w, c, &deferred);
    claim_free(c);
    assert_deliveries(w, "to deferred");
    g_assert_cmpint((ledger_next_due_us(&w->ledger, NULL) - w->now_us) / CLOCK_MINUTE_US, ==, 15);
}

/* The rest of a message goes to whom it did not reach yet, and "sent" is told once. */
static void
test_sent_once(struct world *w, gconstpointer data)
{
    (void)data;
    add_message(w, w->account_id, TRUE);
    struct claim *c = claim_one(w, 2);
    g_assert_true(begin(w, c));
    settle(w, c, (struct smtp_outcome[]){sent, deferred});
    claim_free(c);
    w->now_us += CLOCK_HOUR_US;
    c = claim_one(w, 1);
    g_assert_cmpstr(c->addresses->pdata[0], ==, "cc@x.example");
    g_assert_true(begin(w, c)); /* although the message is "sent" by now */
    settle(w, c, &sent);
    claim_free(c);
    assert_deliveries(w, "to sent;cc sent");
    assert_events(w, "sent");
}

/* ---- what must not be ---- */

static void
spoil_account(struct world *w, struct claim *c)
{
    (void)c;
    run_sql(&w->f, "UPDATE account SET version = version + 1");
}

static void
spoil_owner(struct world *w, struct claim *c)
{
    (void)c;
    run_sql(&w->f, "UPDATE delivery SET owner = 'sender 2'");
}

static void
spoil_withdraw(struct world *w, struct claim *c)
{
    gboolean gone = FALSE;
    g_assert_true(outbox_withdraw(w->f.db, c->message_id, w->now_us, &gone, &w->f.error));
    g_assert_true(gone);
}

static void
spoil_state(struct world *w, struct claim *c)
{
    (void)c;
    run_sql(&w->f, "UPDATE message SET state = 'changed'");
}

static void
spoil_unclaim(struct world *w, struct claim *c)
{
    g_assert_true(ledger_unclaim(&w->ledger, c, w->now_us, &w->f.error));
}

static void
spoil_begin(struct world *w, struct claim *c)
{
    g_assert_true(begin(w, c));
}

static void
spoil_half(struct world *w, struct claim *c)
{
    (void)c;
    run_sql(&w->f, "UPDATE delivery SET state = 'withdrawn' WHERE field = 'cc'");
}

static void
spoil_time(struct world *w, struct claim *c)
{
    (void)c;
    w->now_us += 5 * CLOCK_MINUTE_US + 1;
}

/* Then nobody knows how old the claim is. */
static void
spoil_clock(struct world *w, struct claim *c)
{
    (void)c;
    w->now_us -= CLOCK_DAY_US;
}

static void
spoil_recover(struct world *w, struct claim *c)
{
    (void)c;
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error));
}

static const struct {
    const char *name;
    void (*spoil)(struct world *w, struct claim *c);
    const char *deliveries;
} spoilers[] = {
    {"account changed", spoil_account, "to claimed;cc claimed"},
    {"two owners", spoil_owner, "to claimed;cc claimed"},
    {"withdrawn", spoil_withdraw, "to withdrawn;cc withdrawn"},
    {"message returned", spoil_state, "to claimed;cc claimed"},
    {"given back", spoil_unclaim, "to queued;cc queued"},
    {"begun already", spoil_begin, "to transmitting;cc transmitting"},
    {"one is gone", spoil_half, "to claimed;cc withdrawn"},
    {"recovered", spoil_recover, "to queued;cc queued"},
    {"too old", spoil_time, "to claimed;cc claimed"},
    {"clock set back", spoil_clock, "to claimed;cc claimed"},
};

static void
test_begin_refused(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    add_message(w, w->account_id, TRUE);
    struct claim *c = claim_one(w, 2);
    spoilers[i].spoil(w, c);
    g_assert_false(begin(w, c));
    assert_refused(&w->f, USHER_ERROR_TEMP, "changed since it was claimed");
    assert_deliveries(w, spoilers[i].deliveries);
    claim_free(c);
}

/* Claimed by one sender, it is not there for another. */
static void
test_claimed_once(struct world *w, gconstpointer data)
{
    (void)data;
    add_message(w, w->account_id, FALSE);
    struct claim *c = claim_one(w, 1);
    struct ledger other = w->ledger;
    other.owner = (char[]){"sender 2"};
    g_assert_true(store_begin(w->f.db, NULL));
    g_autoptr(GPtrArray) none = ledger_claim(&other, 20, w->now_us, &w->f.error);
    g_assert_cmpint(none->len, ==, 0);
    g_assert_true(ledger_unclaim(&other, c, w->now_us, &w->f.error)); /* nor may another give it back */
    store_commit(w->f.db, NULL);
    assert_deliveries(w, "to claimed");
    claim_free(c);
}

static void
test_settled_after_withdrawal(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_message(w, w->account_id, FALSE);
    struct claim *c = claim_one(w, 1);
    gboolean gone;
    g_assert_true(outbox_withdraw(w->f.db, id, w->now_us, &gone, &w->f.error));
    settle(w, c, &not_transmitted);
    assert_deliveries(w, "to withdrawn");
    claim_free(c);
}

/* One that has begun to leave is not taken back, whatever became of the others. */
static void
test_withdraw(struct world *w, gconstpointer data)
{
    (void)data;
    deliveries_may_jump(&w->f);
    static const struct {
        const char *to, *cc;
        gboolean gone;
    } cases[] = {{"queued", "queued", TRUE},    {"claimed", "claimed", TRUE},
                 {"deferred", "refused", TRUE}, {"transmitting", "transmitting", FALSE},
                 {"sent", "deferred", FALSE},   {"unknown", "deferred", FALSE},
                 {"queued", "withdrawn", TRUE}};
    gint64 id = add_message(w, w->account_id, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean gone = !cases[i].gone;
        store_exec(w->f.db, "UPDATE delivery SET state = CASE field WHEN 'to' THEN ? ELSE ? END", &w->f.error,
                   "tt", cases[i].to, cases[i].cc);
        g_assert_true(outbox_withdraw(w->f.db, id, w->now_us, &gone, &w->f.error));
        g_assert_cmpint(gone, ==, cases[i].gone);
        g_autofree char *unchanged = g_strdup_printf("to %s;cc %s", cases[i].to, cases[i].cc);
        g_autofree char *withdrawn = g_strdup_printf(
            "to withdrawn;cc %s", strcmp(cases[i].cc, "refused") == 0 ? "refused" : "withdrawn");
        assert_deliveries(w, gone ? withdrawn : unchanged);
    }
    /* Approved again, it is queued again; a second time changes nothing. */
    run_sql(&w->f, "UPDATE delivery SET state = 'withdrawn'");
    g_assert_true(outbox_enqueue(w->f.db, id, w->now_us + 5, w->now_us, &w->f.error));
    assert_deliveries(w, "to queued;cc queued");
    run_sql(&w->f, "UPDATE delivery SET state = 'sent' WHERE field = 'to'");
    g_assert_true(outbox_enqueue(w->f.db, id, w->now_us + 9, w->now_us, &w->f.error));
    assert_deliveries(w, "to sent;cc queued");
}

/* Once it began to arrive, those who must not get it any more are left out. */
static void
test_withdraw_unfit(struct world *w, gconstpointer data)
{
    (void)data;
    deliveries_may_jump(&w->f);
    static const struct {
        const char *sql, *deliveries;
        gint64 left;
    } cases[] = {
        {"SELECT 1", "to sent;cc deferred", 1},
        {"INSERT INTO suppression VALUES('other@x.example', 'opt_out', 0, NULL)", "to sent;cc deferred", 1},
        {"INSERT INTO suppression VALUES('cc@x.example', 'opt_out', 0, NULL)", "to sent;cc withdrawn", 0},
        {"INSERT INTO suppression VALUES('@x.example', 'by hand', 0, NULL)", "to sent;cc withdrawn", 0},
        {"UPDATE contact SET absent = 1", "to sent;cc withdrawn", 0},
        {"DELETE FROM contact", "to sent;cc withdrawn", 0},
    };
    gint64 id = add_message(w, w->account_id, TRUE), left;
    add_contact(&w->f, w->account_id, "to@x.example", "owner - - -");
    add_contact(&w->f, w->account_id, "cc@x.example", "admin - - -");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(store_begin(w->f.db, NULL));
        run_sql(&w->f, "UPDATE delivery SET state = CASE field WHEN 'to' THEN 'sent' ELSE 'deferred' END");
        run_sql(&w->f, cases[i].sql);
        g_assert_true(outbox_withdraw_unfit(w->f.db, id, w->now_us, &left, &w->f.error));
        assert_deliveries(w, cases[i].deliveries);
        g_assert_cmpint(left, ==, cases[i].left);
        store_rollback(w->f.db);
    }
}

/* ---- the policy's word ---- */

static void
test_policy(struct world *w, gconstpointer data)
{
    (void)data;
    deliveries_may_jump(&w->f);
    gint64 id = add_message(w, w->account_id, FALSE);
    w->verdict = OUTBOX_WAIT;
    w->not_before_us = w->now_us + CLOCK_HOUR_US;
    g_autoptr(GPtrArray) waits = claim(w);
    g_assert_cmpint(waits->len, ==, 0);
    assert_rows(&w->f, "state || ': ' || text", "delivery", "queued: outside its sending hours");
    g_assert_cmpint(ledger_next_due_us(&w->ledger, NULL), ==, w->not_before_us);
    g_autoptr(GPtrArray) not_yet = claim(w);
    g_assert_cmpint(w->asked, ==, 1);
    w->now_us = w->not_before_us;
    w->not_before_us = 0; /* whoever says "at once" is not asked again in the same loop */
    g_autoptr(GPtrArray) still = claim(w);
    g_assert_cmpint(w->asked, ==, 2);
    g_assert_cmpint(ledger_next_due_us(&w->ledger, NULL), >, w->now_us);
    w->now_us += CLOCK_HOUR_US;
    w->verdict = OUTBOX_GONE;
    g_autoptr(GPtrArray) gone = claim(w);
    g_assert_cmpint(gone->len, ==, 0);
    assert_deliveries(w, "to withdrawn");
    g_assert_cmpint(ledger_next_due_us(&w->ledger, NULL), ==, 0); /* nobody is woken for it again */
    run_sql(&w->f, "UPDATE delivery SET state = 'queued'");
    w->fails_for = id;
    g_assert_null(claim(w));
    assert_refused(&w->f, USHER_ERROR_IO, "the disk is gone");
    assert_deliveries(w, "to queued");
}

/* Sending one mail changes its account, so a second of the same account is claimed in the next group. */
static void
test_one_an_account(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 other = add_account(&w->f, "other", "{}");
    gint64 first = add_message(w, w->account_id, FALSE);
    add_message(w, other, FALSE);
    run_sql(&w->f, "UPDATE message SET message_id = message_id || id, token = token || id");
    w->now_us++;
    gint64 second = add_message(w, w->account_id, FALSE);
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_cmpint(claims->len, ==, 2);
    g_assert_cmpint(((struct claim *)claims->pdata[0])->message_id, ==, first);
    g_autoptr(GPtrArray) next = claim(w);
    g_assert_cmpint(next->len, ==, 1);
    g_assert_cmpint(((struct claim *)next->pdata[0])->message_id, ==, second);
}

/* A mail at which the server hangs up is behind the others the next time. */
static void
test_tried_last(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 other = add_account(&w->f, "other", "{}");
    gint64 bad = add_message(w, w->account_id, FALSE);
    struct claim *c = claim_one(w, 1);
    g_assert_true(begin(w, c));
    settle(w, c, &not_transmitted);
    claim_free(c);
    run_sql(&w->f, "UPDATE message SET message_id = message_id || id, token = token || id");
    gint64 fine = add_message(w, other, FALSE);
    w->now_us += CLOCK_HOUR_US;
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_cmpint(claims->len, ==, 2);
    g_assert_cmpint(((struct claim *)claims->pdata[0])->message_id, ==, fine);
    g_assert_cmpint(((struct claim *)claims->pdata[1])->message_id, ==, bad);
}

/* Another mailbox's mail is not ours to send. */
static void
test_own_mailbox_only(struct world *w, gconstpointer data)
{
    (void)data;
    deliveries_may_jump(&w->f);
    add_message(w, w->account_id, FALSE);
    w->ledger.mailbox = config_mailbox(w->f.config, "ben");
    g_autoptr(GPtrArray) none = claim(w);
    g_assert_cmpint(none->len, ==, 0);
    g_assert_cmpint(ledger_next_due_us(&w->ledger, NULL), ==, 0);
    run_sql(&w->f, "UPDATE delivery SET state = 'transmitting'");
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error));
    assert_deliveries(w, "to transmitting");
}

/* ---- crashes, and a person's word ---- */

static void
test_recover(struct world *w, gconstpointer data)
{
    (void)data;
    deliveries_may_jump(&w->f);
    gint64 other = add_account(&w->f, "other", "{}"), third = add_account(&w->f, "third", "{}");
    add_message(w, w->account_id, TRUE);
    add_message(w, other, FALSE);
    add_message(w, third, FALSE);
    run_sql(&w->f, "UPDATE delivery SET state = CASE message_id WHEN 1 THEN 'transmitting' WHEN 2 THEN "
                   "'claimed' ELSE 'deferred' END, owner = 'dead'");
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error));
    assert_deliveries(w, "to unknown;cc unknown;to queued;to deferred");
    assert_events(w, "unknown;task_made");
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error)); /* twice tells nothing new */
    assert_events(w, "unknown;task_made");
    g_autoptr(GPtrArray) claims = claim(w);
    for (guint i = 0; i < claims->len; i++) /* an unknown one is never sent again by the program */
        g_assert_cmpint(((struct claim *)claims->pdata[i])->message_id, !=, 1);
}

/* The server's answer was kept but not yet settled: that message is sent. An answer of an earlier attempt
 * says nothing. */
static void
test_recover_noted(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 answered_us = w->now_us;
    gint64 other = add_account(&w->f, "other", "{}");
    add_message(w, w->account_id, TRUE);
    add_message(w, other, FALSE);
    run_sql(&w->f, "UPDATE delivery SET code = 250 WHERE message_id = 2");
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_cmpint(claims->len, ==, 2);
    const struct smtp_outcome both[] = {sent, sent};
    for (guint i = 0; i < 2; i++)
        g_assert_true(begin(w, claims->pdata[i]));
    g_assert_true(store_begin(w->f.db, &w->f.error));
    g_assert_true(
        ledger_note_sent(&w->ledger, claims->pdata[0], both, "127.0.0.1", answered_us, &w->f.error));
    g_assert_true(store_commit(w->f.db, &w->f.error));
    assert_deliveries(w, "to transmitting;cc transmitting;to transmitting");
    assert_events(w, "");
    w->now_us += CLOCK_HOUR_US;
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error));
    assert_deliveries(w, "to sent;cc sent;to unknown");
    assert_message(w, "sent;queued");
    assert_events(w, "sent;unknown;task_made");
    assert_rows(&w->f, "DISTINCT code || ' ' || enhanced || ' ' || host", "delivery WHERE state = 'sent'",
                "250 2.0.0 127.0.0.1");
    g_assert_cmpint(store_int(w->f.db, "SELECT at FROM event WHERE kind = 'sent'", 0, NULL, ""), ==,
                    answered_us);
    g_assert_true(ledger_recover(&w->ledger, w->now_us, &w->f.error));
    assert_events(w, "sent;unknown;task_made");
}

static void
test_settle_by_hand(struct world *w, gconstpointer data)
{
    gboolean was_sent = GPOINTER_TO_UINT(data) != 0;
    gint64 id = add_message(w, w->account_id, FALSE);
    g_assert_false(ledger_settle_by_hand(&w->ledger, id, TRUE, NULL, w->now_us, "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "no unknown delivery");
    struct claim *c = claim_one(w, 1);
    g_assert_true(begin(w, c));
    settle(w, c, &unknown);
    claim_free(c);
    g_assert_true(ledger_settle_by_hand(&w->ledger, id, was_sent, NULL, w->now_us + 1, "ana", &w->f.error));
    assert_deliveries(w, was_sent ? "to sent" : "to queued");
    assert_message(w, was_sent ? "sent" : "queued");
    assert_events(w, was_sent ? "unknown;task_made;settled;sent" : "unknown;task_made;settled");
    assert_rows(&w->f, "(data ->> 'by') || (data ->> 'sent')", "event WHERE kind = 'settled'",
                was_sent ? "ana1" : "ana0");
    g_assert_false(ledger_settle_by_hand(&w->ledger, id, !was_sent, NULL, w->now_us + 2, "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "no unknown delivery");
    w->now_us += 2;
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_cmpint(claims->len, ==, was_sent ? 0 : 1);
}

/* One that is signed by nobody keeps the others from nothing. */
static void
test_specialist_gone(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 other = add_account(&w->f, "other", "{}");
    gint64 orphan = add_message(w, w->account_id, FALSE);
    gint64 fine = add_message(w, other, FALSE);
    store_exec(w->f.db, "UPDATE message SET specialist = 'kim' WHERE id = ?", &w->f.error, "i", orphan);
    struct claim *c = claim_one(w, 1);
    g_assert_cmpint(c->message_id, ==, fine);
    claim_free(c);
    assert_deliveries(w, "to queued;to claimed");
    assert_rows(&w->f, "text LIKE '%kim%'", "delivery WHERE state = 'queued'", "1");
}

static void
test_dead_address(void)
{
    static const struct {
        int code;
        const char *enhanced;
        gboolean dead;
    } cases[] = {{550, "5.1.1", TRUE},   {550, "5.1.10", TRUE}, {553, "5.1.3", TRUE},  {550, "5.2.1", TRUE},
                 {550, NULL, FALSE},     {450, "5.1.1", FALSE}, {550, "5.7.1", FALSE}, {552, "5.2.2", FALSE},
                 {550, "5.1.11", FALSE}, {0, "5.1.1", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(smtp_code_is_dead_address(cases[i].code, cases[i].enhanced), ==, cases[i].dead);
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/outbox/ledger/" path, struct world, GUINT_TO_POINTER(data), set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("sent", test_sent, 0);
    for (guint i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        g_autofree char *path = g_strdup_printf("/outbox/ledger/settle/%s", verdicts[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_verdicts, tear_down);
    }
    ADD("backoff", test_backoff, 0);
    ADD("deferred-before-the-body", test_deferred_before_the_body, 0);
    ADD("outage/unclaimed", test_outage, 0);
    ADD("outage/dropped", test_outage, 1);
    ADD("sent-once", test_sent_once, 0);
    for (guint i = 0; i < G_N_ELEMENTS(spoilers); i++) {
        g_autofree char *path = g_strdup_printf("/outbox/ledger/begin/%s", spoilers[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_begin_refused, tear_down);
    }
    ADD("claimed-once", test_claimed_once, 0);
    ADD("settled-after-withdrawal", test_settled_after_withdrawal, 0);
    ADD("withdraw", test_withdraw, 0);
    ADD("policy", test_policy, 0);
    ADD("one-an-account", test_one_an_account, 0);
    ADD("tried-last", test_tried_last, 0);
    ADD("own-mailbox-only", test_own_mailbox_only, 0);
    ADD("recover", test_recover, 0);
    ADD("withdraw-unfit", test_withdraw_unfit, 0);
    ADD("recover/noted", test_recover_noted, 0);
    ADD("settle-by-hand/not-sent", test_settle_by_hand, 0);
    ADD("settle-by-hand/sent", test_settle_by_hand, 1);
    ADD("specialist-gone", test_specialist_gone, 0);
    g_test_add_func("/outbox/ledger/dead-address", test_dead_address);
    return g_test_run();
}
