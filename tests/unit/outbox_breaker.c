/* Which answers are about the mailbox, and what a stop does: mails stay as they were, one task, one probe,
 * release. */
#include "outbox/breaker.h"

#include "fixture_ledger.h"

static void
test_judge(void)
{
    static const struct {
        enum smtp_verdict verdict;
        int code;
        const char *enhanced, *text;
        enum smtp_about about;
        enum stop_kind kind;
    } cases[] = {
        {SMTP_REFUSED, 550, "5.7.30", "Basic authentication is not supported", SMTP_ABOUT_SENDER, STOP_LOGIN},
        {SMTP_REFUSED, 550, "5.7.30", "the same at RCPT", SMTP_ABOUT_RECIPIENT, STOP_LOGIN},
        {SMTP_REFUSED, 554, "5.7.57", "not authenticated", SMTP_ABOUT_MESSAGE, STOP_LOGIN},
        {SMTP_REFUSED, 550, "5.7.60", "no permission to send as", SMTP_ABOUT_MESSAGE, STOP_SENDER},
        {SMTP_REFUSED, 554, "5.2.252", "SendAsDenied", SMTP_ABOUT_MESSAGE, STOP_SENDER},
        {SMTP_REFUSED, 550, "5.7.1", "policy", SMTP_ABOUT_SENDER, STOP_SENDER},
        {SMTP_REFUSED, 553, NULL, "sender not owned", SMTP_ABOUT_SENDER, STOP_SENDER},
        {SMTP_REFUSED, 552, "5.3.4", "too big", SMTP_ABOUT_SENDER, STOP_NONE},
        {SMTP_REFUSED, 550, "5.4.5", "Daily user sending limit exceeded", SMTP_ABOUT_RECIPIENT, STOP_QUOTA},
        {SMTP_REFUSED, 550, "5.1.90", "daily limit", SMTP_ABOUT_MESSAGE, STOP_QUOTA},
        {SMTP_REFUSED, 550, "5.7.705", "tenant exceeded threshold", SMTP_ABOUT_MESSAGE, STOP_QUOTA},
        {SMTP_DEFERRED, 421, "4.7.0", "try again later", SMTP_ABOUT_RECIPIENT, STOP_RATE},
        {SMTP_DEFERRED, 451, "4.3.0", "busy", SMTP_ABOUT_SENDER, STOP_RATE},
        {SMTP_DEFERRED, 450, "4.7.28", "unusual rate", SMTP_ABOUT_RECIPIENT, STOP_RATE},
        {SMTP_DEFERRED, 450, NULL, "Too many messages from you", SMTP_ABOUT_RECIPIENT, STOP_RATE},
        {SMTP_DEFERRED, 451, "4.7.1", "content held", SMTP_ABOUT_MESSAGE, STOP_RATE},
        {SMTP_REFUSED, 554, "5.7.1", "spam", SMTP_ABOUT_MESSAGE, STOP_CONTENT},
        /* What is about the recipient, or about one message, is none of the mailbox's. */
        {SMTP_DEFERRED, 451, "4.7.1", "greylisted", SMTP_ABOUT_RECIPIENT, STOP_NONE},
        {SMTP_REFUSED, 550, "5.1.1", "no such user", SMTP_ABOUT_RECIPIENT, STOP_NONE},
        {SMTP_REFUSED, 550, "5.7.1", "not from you", SMTP_ABOUT_RECIPIENT, STOP_NONE},
        {SMTP_REFUSED, 552, "5.2.2", "sending quota of the mailbox is exceeded", SMTP_ABOUT_RECIPIENT,
         STOP_NONE},
        {SMTP_DEFERRED, 452, "4.2.2", "over quota", SMTP_ABOUT_RECIPIENT, STOP_NONE},
        {SMTP_REFUSED, 554, "5.6.0", "looks bad", SMTP_ABOUT_MESSAGE, STOP_NONE},
        {SMTP_DEFERRED, 451, "4.3.0", "try again", SMTP_ABOUT_MESSAGE, STOP_NONE},
        {SMTP_REFUSED, 0, NULL, "address is not fit to be sent", SMTP_ABOUT_NOTHING, STOP_NONE},
        {SMTP_SENT, 250, "2.0.0", "rate limit none", SMTP_ABOUT_MESSAGE, STOP_NONE},
        {SMTP_UNKNOWN, 0, NULL, "too many messages", SMTP_ABOUT_NOTHING, STOP_NONE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct smtp_outcome o = {.verdict = cases[i].verdict,
                                       .code = cases[i].code,
                                       .enhanced = cases[i].enhanced,
                                       .text = cases[i].text,
                                       .about = cases[i].about};
        if (breaker_judge(&o) != cases[i].kind)
            g_error("%d %s %s: %s, expected %s", o.code, o.enhanced, o.text,
                    stop_kind_names[breaker_judge(&o)], stop_kind_names[cases[i].kind]);
    }
}

static const struct smtp_outcome login = {SMTP_REFUSED, 550, "5.7.30", "no basic authentication",
                                          SMTP_ABOUT_SENDER},
                                 rate = {SMTP_DEFERRED, 421, "4.7.0", "slow down", SMTP_ABOUT_SENDER};

static void
add_two(struct world *w)
{
    gint64 other = add_account(&w->f, "other", "{}");
    add_message(w, w->account_id, FALSE);
    add_message(w, other, FALSE);
}

static guint
claimable(struct world *w)
{
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_no_error(w->f.error);
    for (guint i = 0; i < claims->len; i++)
        g_assert_true(ledger_unclaim(&w->ledger, claims->pdata[i], w->now_us, &w->f.error));
    return claims->len;
}

/* By a person; TRUE when it was stopped. */
static gboolean
release(struct world *w)
{
    gboolean was = FALSE;
    g_assert_true(store_begin(w->f.db, &w->f.error) &&
                  breaker_release(&w->ledger, "ana", "mended", w->now_us, &was, &w->f.error) &&
                  store_commit(w->f.db, &w->f.error));
    return was;
}

static void
settle_next(struct world *w, const struct smtp_outcome *outcome)
{
    g_autoptr(GPtrArray) claims = claim(w);
    g_assert_cmpint(claims->len, >=, 1);
    for (guint i = 1; i < claims->len; i++)
        g_assert_true(ledger_unclaim(&w->ledger, claims->pdata[i], w->now_us, &w->f.error));
    if (outcome->verdict == SMTP_SENT)
        g_assert_true(begin(w, claims->pdata[0]));
    settle(w, claims->pdata[0], outcome);
}

/* What does not pass by itself: nothing more is tried, whatever the time. */
static void
test_permanent(struct world *w, gconstpointer data)
{
    (void)data;
    w->ledger.setup = (char[]){"one"};
    add_two(w);
    settle_next(w, &login);
    assert_deliveries(w, "to queued;to queued");
    assert_rows(&w->f, "attempts", "delivery ORDER BY id", "0;0");
    assert_rows(&w->f, "date_at", "message WHERE date_at IS NOT NULL", "");
    assert_events(w, "mailbox_stopped;task_made");
    w->now_us += 30 * CLOCK_DAY_US;
    g_assert_cmpint(claimable(w), ==, 0);
    g_autofree char *line = breaker_line(w->f.db, w->f.config, "ana", &w->f.error);
    g_assert_nonnull(
        strstr(line, "ana sends nothing since 2026-11-02 10:00: the server refuses the login (550 no basic"));
    w->ledger.setup = (char[]){"two"}; /* another password */
    g_assert_cmpint(claimable(w), ==, 2);
    assert_events(w, "mailbox_stopped;task_made;mailbox_released;task_over");
}

static void
test_by_hand(struct world *w, gconstpointer data)
{
    (void)data;
    add_two(w);
    settle_next(w, &login);
    g_assert_cmpint(claimable(w), ==, 0);
    g_assert_true(release(w));
    g_assert_cmpint(claimable(w), ==, 2);
    g_assert_false(release(w));
}

/* What passes is probed with one mail after pauses that grow; one that goes through ends it. */
static void
test_probes(struct world *w, gconstpointer data)
{
    (void)data;
    static const int minutes[] = {5, 10, 20, 40, 80, 160, 240, 240};
    add_two(w);
    settle_next(w, &rate);
    for (gsize i = 0; i < G_N_ELEMENTS(minutes); i++) {
        gint64 probe_us = store_int(w->f.db, "SELECT probe_at FROM mailbox_stop", 0, NULL, "");
        g_assert_cmpint((probe_us - w->now_us) / CLOCK_MINUTE_US, ==, minutes[i]);
        w->now_us = probe_us - 1;
        g_assert_cmpint(claimable(w), ==, 0);
        w->now_us = probe_us;
        g_assert_cmpint(claimable(w), ==, 1);
        settle_next(w, &rate);
    }
    assert_events(w, "mailbox_stopped;task_made");
    w->now_us += CLOCK_DAY_US;
    settle_next(w, &sent);
    assert_events(w, "mailbox_stopped;task_made;mailbox_released;task_over;sent");
    g_assert_cmpint(claimable(w), ==, 1);
}

/* One recipient's own refusal says that the server takes mail; the others of a stopped message wait for its
 * end. */
static void
test_mixed(struct world *w, gconstpointer data)
{
    (void)data;
    add_message(w, w->account_id, TRUE);
    struct claim *c = claim_one(w, 2);
    const struct smtp_outcome late = {SMTP_DEFERRED, 421, "4.7.0", "that is enough", SMTP_ABOUT_RECIPIENT};
    g_assert_true(begin(w, c));
    settle(w, c, (struct smtp_outcome[]){sent, late});
    claim_free(c);
    assert_deliveries(w, "to sent;cc queued");
    assert_message(w, "sent");
}

/* Mails of the message that came back, got no answer, or arrived: as the ledger and the journal know them. */
static void
add_history(struct world *w, gint64 message_id, guint returned, guint unanswered, guint sent_count,
            gint64 at_us)
{
    for (guint n = 0; n < returned + unanswered + sent_count; n++) {
        g_autofree char *address = g_strdup_printf("p%u@x.example", n);
        g_autofree char *told =
            g_strdup_printf("{\"message\": %d, \"address\": \"%s\"}", (int)message_id, address);
        if (n < returned)
            store_exec(w->f.db, "INSERT INTO event(at, kind, actor, data) VALUES(?, 'bounced', 'usher', ?)",
                       &w->f.error, "it", at_us, told);
        else
            store_exec(w->f.db,
                       "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) "
                       "VALUES(?, 'ana', ?, 'to', ?, ?, ?)",
                       &w->f.error, "ittii", message_id, address,
                       n < returned + unanswered ? "unknown" : "sent", at_us, at_us);
        g_assert_no_error(w->f.error);
    }
}

/* The circuit breaker: both the number and the share must be there, within the hour, since the last release.
 */
static void
test_breaker(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        guint returned, unanswered, sent;
        int minutes_ago;
        gboolean stops;
    } cases[] = {
        {9, 0, 0, 5, FALSE},   {10, 0, 0, 5, TRUE},   {10, 0, 30, 5, TRUE}, {10, 0, 60, 5, FALSE},
        {10, 0, 0, 61, FALSE}, {0, 9, 0, 5, FALSE},   {0, 10, 0, 5, TRUE},  {0, 10, 40, 5, TRUE},
        {0, 10, 41, 5, FALSE}, {0, 10, 0, 61, FALSE}, {5, 5, 0, 5, TRUE},   {4, 5, 0, 5, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *key = g_strdup_printf("account%u", (guint)i);
        run_sql(&w->f, "UPDATE message SET token = token || id");
        gint64 id = add_message(w, add_account(&w->f, key, "{}"), FALSE);
        add_history(w, id, cases[i].returned, cases[i].unanswered, cases[i].sent,
                    w->now_us - cases[i].minutes_ago * CLOCK_MINUTE_US);
        guint n = claimable(w);
        if ((n == 0) != cases[i].stops)
            g_error("case %u: %u can be claimed", (guint)i, n);
        g_assert_cmpint(release(w), ==, cases[i].stops);
        g_assert_cmpint(claimable(w), >, 0); /* what is known by now does not stop it again */
        run_sql(&w->f, "DELETE FROM event");
        run_sql(&w->f, "DELETE FROM meta WHERE key LIKE 'breaker%'");
        run_sql(&w->f, "DELETE FROM delivery WHERE state IN ('sent', 'unknown')");
        run_sql(&w->f, "DELETE FROM delivery_move");
    }
}

/* Evidence that an unanswered mail arrived after all takes it off the count. */
static void
test_unanswered_and_proved(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_message(w, w->account_id, FALSE);
    add_history(w, id, 0, 10, 0, w->now_us - CLOCK_MINUTE_US);
    run_sql(&w->f, "UPDATE delivery SET state = 'sent' WHERE address = 'p0@x.example'");
    g_assert_cmpint(claimable(w), ==, 1);
}

static void
test_unclaimed(struct world *w, gconstpointer data)
{
    (void)data;
    add_two(w);
    g_assert_true(store_set_meta(w->f.db, "unclaimed", "it was copied", &w->f.error));
    g_assert_cmpint(claimable(w), ==, 0);
    run_sql(&w->f, "DELETE FROM meta WHERE key = 'unclaimed'");
    g_assert_cmpint(claimable(w), ==, 2);
}

#define ADD(path, test) g_test_add("/outbox/breaker/" path, struct world, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outbox/breaker/judge", test_judge);
    ADD("permanent", test_permanent);
    ADD("by-hand", test_by_hand);
    ADD("probes", test_probes);
    ADD("mixed", test_mixed);
    ADD("breaker", test_breaker);
    ADD("proved", test_unanswered_and_proved);
    ADD("unclaimed", test_unclaimed);
    return g_test_run();
}
