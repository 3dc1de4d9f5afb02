/* The engine over small stories (fixture_trial.h): who enters and leaves, the way of a draft, what its
 * conditions do to it, and what is kept beside stage and steps. What holds or ends a step is in
 * pipeline_engine_holds.c, when it is due in pipeline_engine_due.c. */
#include "fixture_trial.h"

static const struct story stories[] = {
    {"enrolment waits for a fact",
     NULL,
     "{\"plan\": \"payg\"}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-02 10:05", "facts", "{\"forecast_mrr\": 99.99}", "-", NULL},
      {"2026-11-02 10:06", "facts", "{\"forecast_mrr\": 100, \"churned\": true}", "-", NULL},
      {"2026-11-02 10:07", "facts", "{\"forecast_mrr\": 100, \"plan\": \"payg\"}",
       "fresh; hello wanted 11-02 10:07", NULL},
      {"2026-11-03 10:07", "facts", "{\"plan\": \"payg\"}", "fresh; hello wanted 11-02 10:07", NULL}}},
    {"the draft's way",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 10:20", "draft_approved", MADE("hello"), "fresh; hello queued 11-02 10:00", NULL},
      {"2026-11-02 10:21", "draft_returned",
       "{" OF("hello") ", \"message\": 1, \"reason\": \"the bill changed\"}",
       "fresh; hello drafted 11-02 10:00", "the bill changed"},
      {"2026-11-02 10:25", "draft_approved", MADE("hello"), "fresh; hello queued 11-02 10:00", NULL},
      WRITTEN}},
    {"a rejected draft stays rejected",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 10:20", "draft_rejected", "{" OF("hello") ", \"message\": 1, \"reason\": \"no\"}",
       "fresh; hello rejected 11-02 10:00", "no"},
      {"2026-11-05 10:20", "tick", NULL, "fresh; hello rejected 11-02 10:00", NULL}}},
    {"a refused mail fails the step",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:20", "step_failed", "{" OF("hello") ", \"message\": 1}",
       "fresh; hello failed 11-02 10:00", NULL}}},
    {"when without verdict does not fire",
     NULL,
     "{\"forecast_mrr\": 200}",
     {{"2026-11-02 10:00", "tick", NULL, "fresh", "when is undecided: plan missing"},
      {"2026-11-02 11:00", "facts", "{\"forecast_mrr\": 200, \"plan\": \"free\"}", "fresh",
       "when is false: plan <> 'free'"},
      {"2026-11-02 12:00", "facts", BOTH, "fresh; hello wanted 11-02 10:00", NULL}}},
    {"conditions end a waiting draft",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 12:00", "facts", "{\"forecast_mrr\": 200, \"plan\": \"free\"}", "fresh", "when is false"},
      {"2026-11-02 13:00", "facts", BOTH, "fresh; hello wanted 11-02 10:00", NULL}}},
    {"unless true stops a draft",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"quiet\": true}",
     {{"2026-11-02 10:00", "tick", NULL, "fresh", "unless is true: quiet"}}},
    {"leaving clears the stages",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "sales_engaged", "{\"note\": \"Kim talks to them\"}",
       "left; hello sent 11-02 10:00", NULL},
      {"2026-11-06 10:00", "tick", NULL, "left; hello sent 11-02 10:00", NULL},
      {"2026-11-07 10:00", "refused", "excludes the account, even by hand: sales_engaged",
       "left; hello sent 11-02 10:00", NULL},
      {"2026-11-08 10:00", "sent", SENT("nudge"), "left; hello sent 11-02 10:00", NULL}}},
    {"Sales first",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 5}",
     {{"2026-11-02 10:00", "sales_engaged", "{}", "-", NULL},
      {"2026-11-02 11:00", "facts", BOTH, "-", NULL},
      {"2026-11-02 12:00", "refused", "excludes the account", "-", NULL}}},
    {"by hand below the threshold",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 5}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-02 10:01", "enrol", NULL, "fresh; hello wanted 11-02 10:01", NULL},
      {"2026-11-02 10:02", "refused", "already in trial, in stage fresh", "fresh; hello wanted 11-02 10:01",
       NULL}}},
    {"a mail about a failed payment starts nothing",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:30", "sent", "{" OF("other") ", \"subject\": \"Your PAYMENT\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-03 10:30", "hand_sent", "{\"opens\": 1, \"subject\": \"An outstanding amount\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-04 10:30", "hand_sent", "{\"opens\": 0, \"subject\": \"Re: your question\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-04 11:30", "hand_sent", "{\"opens\": 1, \"subject\": \"Hello\"}",
       "written; nudge scheduled 11-16 09:00; last scheduled 11-25 11:30", "not for stage written"}}},
    {"an event of another sequence",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:30", "sent", "{\"sequence\": \"other\", \"step\": \"hello\", \"subject\": \"Hello\"}",
       "fresh; hello wanted 11-02 10:00", NULL}}},
    {"the last mail ends it",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "sent", SENT("nudge"),
       "written; hello sent 11-02 10:00; nudge sent 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-23 10:30", "sent", SENT("last"),
       "done; hello sent 11-02 10:00; nudge sent 11-12 10:30; last sent 11-23 10:30", NULL}}},
    {"a transition asks its rule",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 11:00", "replied", "{}", "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-02 11:01", "facts", "{\"plan\": \"talks\", \"forecast_mrr\": 200, \"quiet\": false}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-02 11:02", "replied", "{}", "done", NULL}}},
};

static void
test_times(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = trial_set_up(&f);
    static const struct story story = {
        "times",
        NULL,
        BOTH,
        {START,
         WRITTEN,
         {"2026-11-04 08:00", "auto_replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-05 08:00", "booked", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-06 08:00", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-05 07:00", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-06 09:00", "extended", "{\"days\": 7}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-30 10:30", NULL},
         {"2026-11-06 09:01", "extended", "{\"days\": -2}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-30 09:00", NULL}}};
    tell(&f, program, &story);
    scoped(enrolment_free) struct enrolment *e = enrolment_load(f.db, 1, "trial", &f.error);
    assert_instant(e->since_us, "2026-11-02 10:00:00");
    assert_instant(e->engaged_us, "2026-11-05 08:00:00");
    assert_instant(e->replied_us, "2026-11-06 08:00:00");
    assert_instant(e->last_sent_us, "2026-11-02 10:30:00");
    g_assert_cmpint(e->payment_mail_us, ==, 0);
    g_assert_cmpint(e->extension_days, ==, 5);
    g_assert_false(e->by_hand);
    assert_rows(&f, "stage", "stage_entry ORDER BY at", "fresh;written");
    fixture_tear_down(&f);
}

/* Every rule with its verdict, and what is missing. */
static void
test_why(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = trial_set_up(&f);
    gint64 id = add_account(&f, "acme", "{\"forecast_mrr\": 200}");
    pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
    g_autoptr(GPtrArray) lines =
        pipeline_why(f.db, program, program->sequences->pdata[0], id, at("2026-11-02 10:00"), &f.error);
    g_assert_no_error(f.error);
    static const struct {
        const char *what, *verdict, *text, *facts;
    } expected[] = {{"enrol", "true", "forecast_mrr >= 100 AND NOT churned", "forecast_mrr = 200"},
                    {"hold", "undecided", "trial_given", "trial_given missing"},
                    {"hello: when", "undecided", "plan <> 'free'", "plan missing"},
                    {"cancel", "false", "churned OR nullif(gone, 1) > 1", ""},
                    {"hello: due", "2026-11-02 10:00:00", "coalesce(due_day, fresh_at)",
                     "fresh_at = 2026-11-02 10:00:00"},
                    {"nudge: due", "undecided", "add_days(written_at, 10)", "written_at missing"}};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        const struct why_line *found = NULL;
        for (guint j = 0; j < lines->len; j++) {
            const struct why_line *w = lines->pdata[j];
            if (strcmp(w->what, expected[i].what) == 0)
                found = w;
        }
        g_assert_nonnull(found);
        g_assert_cmpstr(found->verdict, ==, expected[i].verdict);
        g_assert_cmpstr(found->text, ==, expected[i].text);
        g_assert_cmpstr(found->facts, ==, expected[i].facts);
    }
    fixture_tear_down(&f);
}

/* Dirty accounts, those whose time has come, and those a command line left to be composed: each once. */
static void
test_pending(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = trial_set_up(&f);
    gint64 now_us = at("2026-11-02 10:00"), one = add_account(&f, "one", "{}"),
           two = add_account(&f, "two", "{}");
    g_autoptr(GArray) first = pipeline_pending(f.db, now_us, 10, &f.error);
    g_assert_cmpint(first->len, ==, 2);
    pipeline_advance(f.db, program, one, now_us, &f.error);
    pipeline_advance(f.db, program, two, now_us, &f.error);
    g_autoptr(GArray) none = pipeline_pending(f.db, now_us, 10, &f.error);
    g_assert_cmpint(none->len, ==, 0);
    store_exec(f.db, "UPDATE account SET evaluate_at = ? WHERE id = ?", &f.error, "ii", now_us + 1, two);
    g_autoptr(GArray) early = pipeline_pending(f.db, now_us, 10, &f.error);
    g_autoptr(GArray) later = pipeline_pending(f.db, now_us + 1, 10, &f.error);
    g_assert_cmpint(early->len, ==, 0);
    g_assert_cmpint(later->len, ==, 1);
    g_assert_cmpint(g_array_index(later, gint64, 0), ==, two);
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

/* Whoever approves a mail has seen the replies until then, and answers no later one; whoever approves none
 * has answered nothing. */
static void
test_reply_task(void)
{
    static const struct {
        const char *kind, *approved;
        gboolean answered;
    } cases[] = {
        {"sent", "2026-11-03 10:59:59", FALSE},
        {"sent", "2026-11-03 11:00:01", TRUE},
        {"sent", NULL, FALSE},
        {"hand_sent", NULL, TRUE},
        {"auto_replied", NULL, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fixture f;
        scoped(program_free) struct program *program = trial_set_up(&f);
        gint64 id = add_account(&f, "acme", BOTH);
        g_autofree char *asked =
            g_strdup_printf("{\"task\": \"reply\", \"title\": \"Answer\", \"due_at\": %" G_GINT64_FORMAT "}",
                            at("2026-11-03 11:00:00"));
        g_autofree char *mail = g_strdup_printf(
            "{" OF("hello") ", \"subject\": \"Hello\", \"message\": 1, \"approved_at\": %" G_GINT64_FORMAT
                            "}",
            cases[i].approved ? at(cases[i].approved) : 0);
        record_event(&f, program, id, "replied", "{}", at("2026-11-03 11:00:00"));
        record_event(&f, program, id, "task_made", asked, at("2026-11-03 11:00:00"));
        record_event(&f, program, id, cases[i].kind, mail, at("2026-11-03 12:00:00"));
        assert_rows(&f, "done_at IS NOT NULL", "task", cases[i].answered ? "1" : "0");
        assert_journal(&f);
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_stories(stories, G_N_ELEMENTS(stories));
    g_test_add_func("/pipeline/engine/times", test_times);
    g_test_add_func("/pipeline/engine/why-lines", test_why);
    g_test_add_func("/pipeline/engine/pending", test_pending);
    g_test_add_func("/pipeline/engine/reply-task", test_reply_task);
    return g_test_run();
}
