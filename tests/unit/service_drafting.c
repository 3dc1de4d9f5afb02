/* Drafts and the journal together: composed, approved, returned, rejected, withdrawn, and what stands in the
 * way. Every test ends with a replay of the journal. */
#include "fixture_service.h"

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_replay(&w->f);
    world_tear_down(w, data);
}

/* Composed on Monday 2 November at 10:00: draft 1. */
static void
to_draft(struct world *w)
{
    tick(w, "2026-11-02 10:00");
    assert_line(w, "fresh; hello drafted 11-02 10:00");
    assert_messages(w, "hello waiting");
}

static void
to_written(struct world *w)
{
    to_draft(w);
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:00");
    assert_messages(w, "hello sent");
}

static void
to_queued_nudge(struct world *w)
{
    to_written(w);
    tick(w, "2026-11-12 10:00");
    assert_line(w, "written; hello sent 11-02 10:00; nudge queued 11-12 10:00");
    assert_messages(w, "hello sent;nudge queued");
}

static void
test_approve(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    now_is(w, "2026-11-02 18:30");
    struct approval given;
    g_assert_true(approval_give(w->s, 1, 0, "ana", &given, &w->f.error));
    g_assert_cmpint(given.outcome, ==, APPROVAL_QUEUED);
    assert_instant(given.send_at_us, "2026-11-03 09:00:00");
    assert_line(w, "fresh; hello queued 11-02 10:00");
    assert_messages(w, "hello queued");
    assert_deliveries(w, "ann queued;bob queued");
    assert_rows(&w->f, "actor", "event WHERE kind = 'draft_approved'", "ana");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "draft 1 is approved already, and queued");
    g_assert_false(approval_refuse(w->s, 1, 0, "no", "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "draft 1 is approved already, and queued");
    g_assert_false(approve(w, 77));
    assert_refused(&w->f, USHER_ERROR_NO_INPUT, "no draft 77");
    g_assert_false(store_in_transaction(w->f.db));
    g_assert_cmpint(send_due(w, 250), ==, 0);
    now_is(w, "2026-11-03 09:00");
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_deliveries(w, "ann sent;bob sent");
    assert_rows(&w->f, "(data ->> 'subject') || (data ->> 'payment')", "event WHERE kind = 'sent'",
                "One check0");
    assert_line(w, "written; hello sent 11-02 10:00; nudge scheduled 11-13 09:00");
}

static void
test_reject(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    g_assert_true(approval_refuse(w->s, 1, 0, "not them", "ana", &w->f.error));
    assert_line(w, "fresh; hello rejected 11-02 10:00");
    assert_messages(w, "hello rejected");
    assert_reason(w, "not them");
    tick(w, "2026-11-09 10:00");
    assert_messages(w, "hello rejected");
}

/* A draft that is approved on an old view is composed anew and looked at again. */
static void
test_changed_before_approval(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "- about $512 a month.\n+ about $900 a month.");
    assert_messages(w, "hello waiting");
    assert_deliveries(w, "");
    g_assert_true(approve(w, 1));
    assert_messages(w, "hello queued");
}

static void
test_changed_owner(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    facts_are(w, "{\"forecast_mrr\": 900, \"region\": \"apac\"}");
    tick(w, "2026-11-03 10:00");
    assert_messages(w, "hello waiting");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "was composed anew");
    assert_rows(&w->f, "specialist || mailbox", "message", "benben");
    g_assert_true(approve(w, 1));
    assert_rows(&w->f, "mailbox", "delivery LIMIT 1", "ben");
}

/* An edited draft on facts that grew too old is refused for that, as often as it is tried. */
static void
test_edited_and_stale(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, NULL);
    g_assert_true(draft_save_edit(w->f.db, d, "Subject: Mine\n\nMy words\n", "ana", &w->f.error));
    now_is(w, "2026-12-02 10:00");
    for (int i = 0; i < 2; i++) {
        g_assert_false(approve(w, 1));
        assert_refused(&w->f, USHER_ERROR_DATA, "cannot be approved:\nthe fact forecast_mrr is 31 days old");
    }
}

/* An edited subject is held to the same rule as a rendered one: the word decides if the programme starts. */
static void
test_edited_payment_word(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, NULL);
    g_assert_true(draft_save_edit(w->f.db, d, "Subject: Outstanding results\n\nMine\n", "ana", &w->f.error));
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "\"Outstanding results\" holds \"outstanding\"");
    assert_messages(w, "hello waiting");
    scoped(draft_free) struct draft *again = draft_load(w->f.db, w->s->config, 1, NULL);
    g_assert_true(draft_save_edit(w->f.db, again, "Subject: Great results\n\nMine\n", "ana", &w->f.error));
    g_assert_true(approve(w, 1));
}

static void
test_payment_mail(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-02 10:00");
    facts_are(w, "{\"forecast_mrr\": 512, \"failed\": true}");
    tick(w, "2026-11-02 10:00");
    assert_line(w, "fresh; pay drafted 11-02 10:00");
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, NULL);
    g_assert_true(
        draft_save_edit(w->f.db, d, "Subject: A word about your card\n\nMine\n", "ana", &w->f.error));
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "none of the payment words");
    scoped(draft_free) struct draft *again = draft_load(w->f.db, w->s->config, 1, NULL);
    g_assert_true(
        draft_save_edit(w->f.db, again, "Subject: Your payment failed\n\nMine\n", "ana", &w->f.error));
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "fresh; pay sent 11-02 10:00");
    scoped(enrolment_free) struct enrolment *e = enrolment_load(w->f.db, w->account_id, "trial", NULL);
    assert_instant(e->payment_mail_us, "2026-11-02 10:00:00");
}

/* A specialist's own mail withdraws the draft before anything else may be sent. */
static void
test_hand_sent(struct world *w, gconstpointer data)
{
    gboolean approved = GPOINTER_TO_UINT(data) != 0;
    to_draft(w);
    if (approved)
        g_assert_true(approve(w, 1));
    act(w, "hand_sent",
        "{\"opens\": 1, \"subject\": \"Hello from me\", \"message_id\": \"own@t\", \"specialist\": \"ana\"}");
    assert_messages(w, "hello withdrawn");
    assert_deliveries(w, approved ? "ann withdrawn;bob withdrawn" : "");
    assert_line(w, "written; nudge scheduled 11-12 10:00");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_rows(&w->f, "data ->> 'reason'", "event WHERE kind = 'draft_withdrawn'", "not for stage written");
}

static void
test_cancelled(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    g_assert_true(approve(w, 1));
    facts_are(w, "{\"forecast_mrr\": 512.31, \"churned\": true}");
    tick(w, "2026-11-02 10:01");
    assert_messages(w, "hello withdrawn");
    assert_deliveries(w, "ann withdrawn;bob withdrawn");
}

/* ---- automatic mails ---- */

static void
test_automatic(struct world *w, gconstpointer data)
{
    (void)data;
    to_queued_nudge(w);
    mailboxes_read(w, 0, NULL);
    assert_rows(&w->f, "approved_by || ' ' || subject", "message WHERE id = 2", "usher Re: One check");
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "done; hello sent 11-02 10:00; nudge sent 11-12 10:00");
    tick(w, "2026-11-13 10:00");
    assert_messages(w, "hello sent;nudge sent");
}

/* Held before it left: withdrawn; released: composed anew, as another message. */
static void
test_automatic_held(struct world *w, gconstpointer data)
{
    (void)data;
    to_queued_nudge(w);
    act(w, "replied", "{\"address\": \"ann@acme.example\", \"message_id\": \"r@acme.example\"}");
    assert_messages(w, "hello sent;nudge withdrawn");
    assert_line(w, "written; hello sent 11-02 10:00; nudge waiting 11-12 10:00");
    tick(w, "2026-11-13 10:00");
    assert_messages(w, "hello sent;nudge withdrawn");
    act(w, "hand_sent",
        "{\"subject\": \"Re: One check\", \"message_id\": \"own@t\", \"specialist\": \"ana\"}");
    tick(w, "2026-11-13 10:05");
    assert_messages(w, "hello sent;nudge withdrawn;nudge queued");
    mailboxes_read(w, 0, NULL);
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_messages(w, "hello sent;nudge withdrawn;nudge sent");
}

/* What may already have arrived is not made a second time. */
static void
test_unknown_is_not_repeated(struct world *w, gconstpointer data)
{
    (void)data;
    to_queued_nudge(w);
    deliveries_may_jump(&w->f);
    run_sql(&w->f, "UPDATE delivery SET state = 'unknown' WHERE message_id = 2");
    act(w, "hold_set", "{\"reason\": \"wait\"}");
    act(w, "released", "{}");
    tick(w, "2026-11-12 11:00");
    assert_messages(w, "hello sent;nudge queued");
    assert_reason(w, "may still arrive");
    g_assert_cmpint(store_int(w->f.db, "SELECT COUNT(*) FROM message", 0, NULL, ""), ==, 2);
}

/* ---- what cannot be composed ---- */

static void
test_nobody_left(struct world *w, gconstpointer data)
{
    (void)data;
    run_sql(&w->f, "UPDATE contact SET absent = 1");
    for (int day = 2; day <= 5; day++) {
        g_autofree char *when = g_strdup_printf("2026-11-0%d 10:00", day);
        run_sql(&w->f, "UPDATE account SET dirty = 1");
        tick(w, when);
        assert_line(w, "fresh; hello waiting 11-02 10:00");
        assert_reason(w, "cannot be composed: nobody is left to write to");
        assert_rows(&w->f, "kind || ': ' || title", "task",
                    "cannot_compose: The hello mail cannot be composed: nobody is left to write to");
    }
    run_sql(&w->f, "UPDATE contact SET absent = 0");
    run_sql(&w->f, "UPDATE account SET dirty = 1");
    tick(w, "2026-11-06 10:00");
    assert_line(w, "fresh; hello drafted 11-02 10:00");
}

static void
test_broken_template(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(&w->f, "templates/hello.md", "Subject: a\n\n{{ forecast_mr }}\n");
    gint64 other = add_account(&w->f, "other", "{\"forecast_mrr\": 5}");
    tick(w, "2026-11-02 10:00");
    assert_line(w, "fresh; hello waiting 11-02 10:00");
    assert_reason(w, "nearest is \"forecast_mrr\"");
    g_assert_cmpint(store_int(w->f.db, "SELECT dirty FROM account WHERE id = ?", 1, NULL, "i", other), ==, 0);
}

/* ---- a changing team, a changing programme ---- */

/* fixture_conf without a specialist and their mailbox. */
static char *
conf_without(const char *id)
{
    g_auto(GStrv) lines = g_strsplit(fixture_conf, "\n", -1);
    GString *kept = g_string_new(NULL);
    g_autofree char *specialist = g_strdup_printf("specialist %s ", id);
    g_autofree char *mailbox = g_strdup_printf("mailbox %s ", id);
    for (char **line = lines; *line; line++)
        if (!g_str_has_prefix(*line, specialist) && !g_str_has_prefix(*line, mailbox))
            g_string_append_printf(kept, "%s\n", *line);
    return g_string_free(kept, FALSE);
}

/* A colleague who left: their drafts go to somebody else, and nobody else's mail waits for that. */
static void
test_specialist_left(struct world *w, gconstpointer data)
{
    guint how = GPOINTER_TO_UINT(data);
    to_draft(w);
    if (how == 1)
        g_assert_true(approve(w, 1));
    if (how == 2) {
        scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, NULL);
        g_assert_true(draft_save_edit(w->f.db, d, "Subject: Mine\n\nMy words\n", "ana", &w->f.error));
    }
    g_autofree char *conf = conf_without("ana");
    service_reopen(w, conf);
    gint64 other = add_account(&w->f, "other", "{\"forecast_mrr\": 500}");
    add_contact(&w->f, other, "oda@other.example", "owner - - Oda");
    g_assert_true(tick_refresh(w->s, &w->f.error));
    tick(w, "2026-11-02 11:00");
    assert_messages(w, how == 1 ? "hello changed;hello waiting" : "hello waiting;hello waiting");
    if (how != 1) { /* a person looks at it once more; edited words stay as they are */
        g_assert_false(approve(w, 1));
        assert_refused(&w->f, USHER_ERROR_DATA,
                       how == 2 ? "edit it, or approve it once more" : "was composed anew");
    }
    assert_rows(&w->f, "specialist || mailbox || (instr(markdown, 'Ben Koh') > 0)",
                "message m JOIN message_text t ON t.message_id = m.id ORDER BY id",
                how == 2 ? "benben0;benben1" : "benben1;benben1");
    g_assert_true(approve_revision(w, 1, how == 1 ? 2 : 0, "ana"));
    assert_rows(&w->f, "mailbox || state", "delivery ORDER BY id", "benqueued;benqueued");
}

static void
test_specialist_left_automatic(struct world *w, gconstpointer data)
{
    (void)data;
    to_queued_nudge(w);
    g_autofree char *conf = conf_without("ana");
    service_reopen(w, conf);
    g_assert_true(tick_refresh(w->s, &w->f.error));
    tick(w, "2026-11-12 11:00");
    assert_messages(w, "hello sent;nudge withdrawn;nudge queued");
    assert_rows(&w->f, "mailbox", "delivery WHERE state = 'queued' LIMIT 1", "ben");
}

/* A step that the files no longer have neither stops the tick nor keeps it busy. */
static void
test_step_gone(struct world *w, gconstpointer data)
{
    (void)data;
    to_draft(w);
    json_t *wanted = json_pack("{s:s, s:s, s:s}", "sequence", "trial", "step", "bygone", "state", "wanted");
    struct event event = {.at_us = w->now_us,
                          .account_id = w->account_id,
                          .kind = "step_changed",
                          .actor = "ana",
                          .data = wanted};
    g_assert_true(state_record(w->f.db, &event, &w->f.error));
    json_decref(wanted);
    tick(w, "2026-11-02 10:01");
    g_autoptr(GArray) pending = pipeline_pending(w->f.db, w->now_us, 10, NULL);
    g_assert_cmpint(pending->len, ==, 0);
    assert_reason(w, "the sequence has no such step any more");
}

/* ---- consequences of what comes in ---- */

static void
test_consequences(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    static const struct {
        const char *kind, *json, *suppressed, *held, *tasks;
    } cases[] = {
        {"bounced", "{\"address\": \"bob@acme.example\", \"permanent\": false}", "", "", ""},
        {"bounced", "{\"address\": \"bob@acme.example\", \"permanent\": true}",
         "bob@acme.example dead_address", "", "dead_address"},
        /* back on Saturday 28 November: held until Monday the 30th */
        {"auto_replied", "{\"address\": \"ann@acme.example\", \"return_date\": \"2026-11-27\"}",
         "bob@acme.example dead_address", "ann@acme.example 11-30 00:00", "dead_address"},
        {"opted_out", "{\"address\": \"ann@acme.example\"}",
         "ann@acme.example opt_out;bob@acme.example dead_address", "ann@acme.example 11-30 00:00; ever",
         "dead_address;opt_out"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        act(w, cases[i].kind, cases[i].json);
        assert_rows(&w->f, "address || ' ' || reason", "suppression ORDER BY address", cases[i].suppressed);
        g_autofree char *held = ask(&w->f,
                                    "COALESCE(address, '') || ' ' || COALESCE(strftime('%m-%d %H:%M', until "
                                    "/ 1000000 + 3600, 'unixepoch'), 'ever')",
                                    "hold ORDER BY id");
        g_assert_cmpstr(held, ==, cases[i].held);
        assert_rows(&w->f, "kind", "task", cases[i].tasks);
    }
}

/* The last address dies: one task, the team's alert where it has one for that, else usher's own. */
static void
test_last_address_dies(struct world *w, gconstpointer data)
{
    static const struct {
        const char *alerts, *tasks;
    } cases[] = {
        {"alert nobody { when = \"people_left = 0\" title = \"Find somebody\" closes = true }",
         "nobody Find somebody"},
        {"alert nobody { when = \"people_left = 0 AND stage = 'fresh'\" title = \"Find somebody\" }",
         "dead_address ann@acme.example is a dead address, and nobody else of the account can be written to"},
        {"alert written { when = \"stage = 'written'\" title = \"No news\" }",
         "written No news;"
         "dead_address ann@acme.example is a dead address, and nobody else of the account can be written to"},
    };
    gsize i = GPOINTER_TO_SIZE(data);
    fixture_write(&w->f, "sequences/alerts.conf", cases[i].alerts);
    service_reopen(w, fixture_conf);
    to_written(w);
    run_sql(&w->f, "UPDATE contact SET absent = 1 WHERE first_name = 'Bob'");
    act(w, "bounced", "{\"address\": \"ann@acme.example\", \"permanent\": true}");
    assert_rows(&w->f, "kind || ' ' || title", "task WHERE done_at IS NULL ORDER BY id", cases[i].tasks);
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/drafting/" path, struct world, GUINT_TO_POINTER(data), world_set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("approve", test_approve, 0);
    ADD("reject", test_reject, 0);
    ADD("changed-before-approval", test_changed_before_approval, 0);
    ADD("changed-owner", test_changed_owner, 0);
    ADD("edited-and-stale", test_edited_and_stale, 0);
    ADD("edited-payment-word", test_edited_payment_word, 0);
    ADD("payment-mail", test_payment_mail, 0);
    ADD("hand-sent/waiting", test_hand_sent, 0);
    ADD("hand-sent/approved", test_hand_sent, 1);
    ADD("cancelled", test_cancelled, 0);
    ADD("automatic", test_automatic, 0);
    ADD("automatic-held", test_automatic_held, 0);
    ADD("unknown-is-not-repeated", test_unknown_is_not_repeated, 0);
    ADD("nobody-left", test_nobody_left, 0);
    ADD("broken-template", test_broken_template, 0);
    ADD("specialist-left/waiting", test_specialist_left, 0);
    ADD("specialist-left/approved", test_specialist_left, 1);
    ADD("specialist-left/edited", test_specialist_left, 2);
    ADD("specialist-left/automatic", test_specialist_left_automatic, 0);
    ADD("step-gone", test_step_gone, 0);
    ADD("consequences", test_consequences, 0);
    ADD("last-address-dies/alert", test_last_address_dies, 0);
    ADD("last-address-dies/no-alert", test_last_address_dies, 1);
    ADD("last-address-dies/other-alert", test_last_address_dies, 2);
    return g_test_run();
}
