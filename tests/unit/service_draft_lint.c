/* Lint and approval: an error keeps a draft back, a warning does not, and the team's own levels count. */
#include "fixture_service.h"

#include "service/draft_lint.h"

static void
edit(struct world *w, const char *text)
{
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->f.config, 1, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_begin(w->f.db, &w->f.error));
    draft_save_edit(w->f.db, d, text, "ana", &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->f.db, &w->f.error));
}

/* "RULE LINE;…" of draft 1. The caller frees. */
static char *
lint(struct world *w)
{
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->f.config, 1, &w->f.error);
    g_autoptr(GPtrArray) lines = draft_lint(w->s, d, &w->f.error);
    g_assert_no_error(w->f.error);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct lint_line *l = lines->pdata[i];
        g_string_append_printf(out, "%s %d;", l->rule, l->line);
    }
    return g_string_free(out, FALSE);
}

static const struct {
    const char *name, *conf, *text, *lint, *refusal;
} cases[] = {
    {"clean", "", "Subject: One check\n\nHi Ann,\n\nabout $512 a month.\n", "", NULL},
    {"a warning", "", "Subject: One check\n\nHi Ann,\n\nabout $513 a month.\n", "figure 5;", NULL},
    {"an error", "", "Subject: One check\n\nHi Ann, it is $513.\n\nI hope this finds\nyou well.\n",
     "figure 3;phrase 5;",
     "draft 1 cannot be approved: line 5: \"hope this finds you well\" is never used (phrase): "},
    {"an error in the subject", "", "Subject: Re: One check\n\nHi Ann\n", "subject_misleading 1;",
     "line 1: the Subject \"Re: One check\""},
    {"an error the team calls a warning", "lint { dash = \"warning\" }\n", "Subject: One check\n\na -- b\n",
     "dash 3;", NULL},
    {"a warning the team calls an error", "lint { figure = \"error\" }\n",
     "Subject: One check\n\nIt is $513.\n", "figure 3;", "figure 513 is no fact the draft used (figure)"},
    {"the team and its people", "", "Subject: One check\n\nAna Diaz of The Team, for Ann\n", "", NULL},
};

static void
test_approval(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct world w;
        g_test_message("%s", cases[i].name);
        world_set_up(&w, NULL);
        g_autofree char *conf = g_strconcat(fixture_conf, cases[i].conf, NULL);
        service_reopen(&w, conf);
        tick(&w, "2026-11-02 10:00");
        edit(&w, cases[i].text);
        g_autofree char *found = lint(&w);
        g_assert_cmpstr(found, ==, cases[i].lint);
        g_assert_cmpint(approve(&w, 1), ==, cases[i].refusal == NULL);
        if (cases[i].refusal)
            assert_refused(&w.f, USHER_ERROR_DATA, cases[i].refusal);
        g_assert_no_error(w.f.error);
        assert_rows(&w.f, "state", "message", cases[i].refusal ? "waiting" : "queued");
        world_tear_down(&w, NULL);
    }
}

/* The facts change under an edited draft: its old figure is no fact any more. */
static void
test_facts_change(void)
{
    struct world w;
    world_set_up(&w, NULL);
    tick(&w, "2026-11-02 10:00");
    edit(&w, "Subject: One check\n\nHi Ann, it is $512 a month.\n");
    g_autofree char *before = lint(&w);
    g_assert_cmpstr(before, ==, "");
    now_is(&w, "2026-11-02 11:00");
    facts_are(&w, "{\"forecast_mrr\": 700}");
    g_assert_false(approve(&w, 1)); /* brings up to date what the draft rests on */
    assert_refused(&w.f, USHER_ERROR_DATA, "was edited before its facts changed");
    g_autofree char *after = lint(&w);
    g_assert_cmpstr(after, ==, "figure 3;");
    world_tear_down(&w, NULL);
}

/* A follow-up keeps the subject of its conversation, however a colleague worded it; without one its subject
 * counts. */
static void
test_follow_up(void)
{
    struct world w;
    world_set_up(&w, NULL);
    tick(&w, "2026-11-02 10:00");
    edit(&w, "Subject: One check\n\nHi\n");
    run_sql(&w.f, "UPDATE message SET follows = 1, subject = 'Re: Checking in'");
    g_autofree char *alone = lint(&w);
    g_assert_cmpstr(alone, ==, "subject_misleading 1;subject_generic 1;");
    run_sql(
        &w.f,
        "INSERT INTO event(at, account_id, kind, actor, data) SELECT 1, id, 'hand_sent', 'ana',"
        " json_object('subject', 'Checking in', 'message_id', 'a@b', 'opens', json('true')) FROM account");
    g_autofree char *in_thread = lint(&w);
    g_assert_cmpstr(in_thread, ==, "");
    world_tear_down(&w, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/service/draft-lint/approval", test_approval);
    g_test_add_func("/service/draft-lint/facts-change", test_facts_change);
    g_test_add_func("/service/draft-lint/follow-up", test_follow_up);
    return g_test_run();
}
