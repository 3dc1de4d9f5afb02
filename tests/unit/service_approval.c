/* Who may decide about which revision of a draft: numbers, colleagues, two approvers, edits, and what a
 * reader is shown. Every test ends with a replay of the journal. */
#include "fixture_service.h"

#include "service/desk.h"
#include "service/people.h"
#include "service/revision.h"

static const char logins_conf[] = "specialist ada { name = \"Ada Silva\" address = \"ada@team.example\" "
                                  "mailbox = \"ana\" logins = {\"ada\", "
                                  "\"asilva\"} }\n";

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_replay(&w->f);
    world_tear_down(w, data);
}

/* Draft 1, with a third specialist of two logins; data not NULL: two approvals are wanted. */
static void
to_draft(struct world *w, gconstpointer data)
{
    g_autofree char *conf =
        g_strconcat(fixture_conf, logins_conf, data ? "approval { second = true }\n" : "", NULL);
    service_reopen(w, conf);
    tick(w, "2026-11-02 10:00");
    assert_messages(w, "hello waiting");
}

static gboolean
edit_as(struct world *w, const char *actor, const char *text)
{
    gboolean unchanged;
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, &w->f.error);
    g_assert_no_error(w->f.error);
    gboolean ok = revision_edit(w->s, d, text, strlen(text), actor, &unchanged, &w->f.error);
    return ok && !unchanged;
}

/* ---- numbers ---- */

static void
test_names(struct world *w, gconstpointer data)
{
    (void)w;
    (void)data;
    static const struct {
        const char *text;
        gint64 id, revision; /* id 0: refused */
    } cases[] = {{"12", 12, 0},   {"12.3", 12, 3},
                 {"12.1", 12, 1}, {"", 0, 0},
                 {"12.", 0, 0},   {".3", 0, 0},
                 {"12.0", 0, 0},  {"0", 0, 0},
                 {"1.2.3", 0, 0}, {"-1", 0, 0},
                 {"x", 0, 0},     {"12.x", 0, 0},
                 {" 12", 0, 0},   {"99999999999999999999", 0, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 id = 0, revision = 0;
        g_assert_cmpint(revision_parse(cases[i].text, &id, &revision), ==, cases[i].id != 0);
        g_assert_cmpint(id, ==, cases[i].id);
        g_assert_cmpint(revision, ==, cases[i].revision);
    }
    g_autofree char *first = revision_name(12, 1), *third = revision_name(12, 3);
    g_assert_cmpstr(first, ==, "12");
    g_assert_cmpstr(third, ==, "12.3");
}

/* What a colleague changed is approved by its revision alone; one's own words by the number too. */
static void
test_changed_by_colleague(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(edit_as(w, "asilva", "Subject: One check\n\nAda's words\n"));
    g_assert_false(approve(w, 1));
    assert_refused(
        &w->f, USHER_ERROR_DATA,
        "draft 1 was changed by Ada Silva (asilva): look at it (`usher preview acme`), then say 1.2");
    g_assert_false(approve_revision(w, 1, 1, "ana"));
    assert_refused(&w->f, USHER_ERROR_DATA, "then say 1.2");
    g_assert_false(approve_revision(w, 1, 3, "ana"));
    assert_refused(&w->f, USHER_ERROR_DATA, "draft 1 has no revision 3 yet: it is 1.2");
    g_assert_false(approval_refuse(w->s, 1, 0, "no", "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "then say 1.2");
    assert_messages(w, "hello waiting");
    g_assert_true(approve_revision(w, 1, 0, "ada")); /* the same person by another login */
    assert_rows(&w->f, "(data ->> 'revision') || (data ->> 'written_by')",
                "event WHERE kind = 'draft_approved'", "2asilva");
}

/* Their own approval that failed and recomposed it is theirs, and nobody else's. */
static void
test_recomposed(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_false(approve_revision(w, 1, 0, "ada"));
    assert_refused(&w->f, USHER_ERROR_DATA, "was composed anew, look at it again (now 1.2):\n- about $512");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "changed by Ada Silva (ada)");
    g_assert_true(approve_revision(w, 1, 0, "ada"));
    assert_messages(w, "hello queued");
}

/* Other recipients are another revision. */
static void
test_recipients(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    run_sql(&w->f, "UPDATE contact SET absent = 1 WHERE address LIKE 'bob%'");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA,
                   "bob@acme.example is no contact of the account any more\n- Cc: bob@acme.example");
    assert_rows(&w->f, "revision || revised_by", "message", "2ana");
}

/* Another figure that prints the same is the same revision. */
static void
test_same(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    facts_are(w, "{\"forecast_mrr\": 512.99}");
    g_assert_true(approve(w, 1));
    assert_rows(&w->f, "revision || COALESCE(revised_by, '-') || approved_revision", "message", "1-1");
}

/* ---- returned ---- */

static char *
lines_of(struct world *w)
{
    char *lines = NULL;
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, &w->f.error);
    g_assert_true(revision_difference(w->s, d, revision_before(d), &lines, &w->f.error));
    return lines;
}

/* The new text is usher's: it is approved by its revision, and compared with what was approved. */
static void
test_returned(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(approve(w, 1));
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_messages(w, "hello changed");
    g_autofree char *lines = lines_of(w);
    g_assert_cmpstr(lines, ==, "- about $512 a month.\n+ about $900 a month.");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "was composed anew by usher");
    g_assert_true(approve_revision(w, 1, 2, "ana"));
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

/* Edited words survive: the difference is what the template would say now. */
static void
test_returned_edited(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(edit_as(w, "ana", "Subject: One check\n\nMy words\n"));
    g_assert_true(approve(w, 1));
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_rows(&w->f, "state || ' ' || markdown || reason",
                "message m JOIN message_text t ON t.message_id = m.id",
                "changed My words\n- about $512 a month.\n+ about $900 a month.");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "approve it once more as it stands (now 1.3):\n- about $512");
    assert_rows(&w->f, "state || ' ' || markdown", "message m JOIN message_text t ON t.message_id = m.id",
                "changed My words\n");
    g_autofree char *lines = lines_of(w);
    g_assert_cmpstr(lines, ==, "- about $512 a month.\n+ about $900 a month.");
    g_assert_false(approve_revision(w, 1, 0, "ada"));
    assert_refused(&w->f, USHER_ERROR_DATA, "then say 1.3");
    g_assert_true(approve(w, 1));
}

/* A fact that nobody delivers any more, and one that grew too old: not approved, with the reason. */
static void
test_missing_and_stale(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    facts_are(w, "{}");
    g_assert_false(approve(w, 1));
    g_assert_nonnull(w->f.error);
    g_clear_error(&w->f.error);
    assert_messages(w, "hello waiting");
    facts_are(w, "{\"forecast_mrr\": 512}");
    now_is(w, "2026-12-04 10:00");
    scoped(draft_free) struct draft *d = draft_load(w->f.db, w->s->config, 1, NULL);
    g_autofree char *obstacle = approval_obstacle(w->s, d, w->now_us);
    g_assert_nonnull(obstacle);
    approve(w, 1);
    g_clear_error(&w->f.error);
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "the fact forecast_mrr is 32 days old, the template allows 30");
}

/* ---- two approvers ---- */

static const char first_of[] =
    "COALESCE(first_by, '-') || ' ' || COALESCE(first_revision, '-') || ' ' || state";

static void
test_second(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(approve_revision(w, 1, 0, "ada"));
    assert_rows(&w->f, first_of, "message", "ada 1 waiting");
    assert_deliveries(w, "");
    assert_line(w, "fresh; hello drafted 11-02 10:00");
    static const char *const same_person[] = {"ada", "asilva"};
    for (gsize i = 0; i < G_N_ELEMENTS(same_person); i++) {
        g_assert_false(approve_revision(w, 1, 0, same_person[i]));
        assert_refused(&w->f, USHER_ERROR_NO_PERMISSION, "approved by Ada Silva (ada) already");
    }
    g_assert_true(approve(w, 1));
    assert_messages(w, "hello queued");
    assert_rows(&w->f, "first_by || ' ' || approved_by", "message", "ada ana");
    assert_rows(&w->f,
                "kind || ' ' || actor || ' ' || COALESCE(data ->> 'first_by', '') || ' ' || (data ->> "
                "'written_by')",
                "event WHERE kind LIKE 'draft_approved%' ORDER BY id",
                "draft_approved_first ada  usher;draft_approved ana ada usher");
}

static void
test_second_voided_by_edit(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(approve_revision(w, 1, 0, "ada"));
    g_assert_true(edit_as(w, "ana", "Subject: One check\n\nMy words\n"));
    g_assert_true(approve(w, 1));
    assert_rows(&w->f, first_of, "message", "ana 2 waiting");
    g_assert_false(approve_revision(w, 1, 0, "ada"));
    assert_refused(&w->f, USHER_ERROR_DATA, "then say 1.2");
    g_assert_true(approve_revision(w, 1, 2, "ada"));
    assert_messages(w, "hello queued");
}

/* What comes back needs both once more. */
static void
test_second_after_return(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(approve_revision(w, 1, 0, "ada"));
    g_assert_true(approve(w, 1));
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    g_assert_true(approve_revision(w, 1, 2, "ana"));
    assert_rows(&w->f, first_of, "message", "ana 2 changed");
    g_assert_true(approve_revision(w, 1, 2, "ada"));
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

/* Facts that change between the two: the second approval finds it, and both look again. */
static void
test_second_finds_a_change(struct world *w, gconstpointer data)
{
    to_draft(w, data);
    g_assert_true(approve_revision(w, 1, 0, "ada"));
    facts_are(w, "{\"forecast_mrr\": 900}");
    g_assert_false(approve(w, 1));
    assert_refused(&w->f, USHER_ERROR_DATA, "composed anew");
    g_assert_true(approve(w, 1));
    assert_rows(&w->f, first_of, "message", "ana 2 waiting");
}

/* ---- editing ---- */

static const struct {
    const char *text, *subject, *markdown; /* subject NULL: refused with markdown */
} edits[] = {
    {"Subject: One check\n\nMine\n", "One check", "Mine\n"},
    {"\xEF\xBB\xBFSubject: One check\r\n\r\nMine\r\n\r\nAna\r\n", "One check", "Mine\n\nAna\n"},
    {"Subject: One check\n\nMine", "One check", "Mine\n"},
    {"Subject: One check\r\rMine", "One check", "Mine\n"},
    {"Subject: One check\n\nM\xE9ne\n", NULL, "line 3: expected UTF-8"},
    {"Mine\n", NULL, "line 1: expected"},
    {"Subject: One check\n\n", NULL, "the text is empty"},
};

static void
test_edit(struct world *w, gconstpointer data)
{
    gsize i = GPOINTER_TO_UINT(data) - 1;
    to_draft(w, NULL);
    g_assert_cmpint(edit_as(w, "ana", edits[i].text), ==, edits[i].subject != NULL);
    if (!edits[i].subject) {
        assert_refused(&w->f, USHER_ERROR_DATA, edits[i].markdown);
        assert_rows(&w->f, "revision", "message", "1");
        return;
    }
    g_autofree char *expected = g_strconcat(edits[i].subject, "|", edits[i].markdown, NULL);
    assert_rows(&w->f, "subject || '|' || markdown", "message m JOIN message_text t ON t.message_id = m.id",
                expected);
    assert_rows(&w->f, "revision || revised_by", "message", "2ana");
    g_assert_false(edit_as(w, "ana", edits[i].text)); /* the same again is no revision */
    assert_rows(&w->f, "revision", "message", "2");
}

/* ---- the desk ---- */

static char *
desk(struct world *w, const struct desk_filter *filter)
{
    g_autoptr(GPtrArray) drafts = desk_load(w->s, filter, w->now_us, &w->f.error);
    GString *out = g_string_new(NULL);
    g_assert_no_error(w->f.error);
    for (guint i = 0; i < drafts->len; i++) {
        const struct desk_draft *d = drafts->pdata[i];
        g_string_append_printf(out, "%s%s%s", i ? " " : "", d->account, d->held ? "*" : "");
    }
    return g_string_free(out, FALSE);
}

#define assert_desk(w, expected, ...)                                                                        \
    do {                                                                                                     \
        const struct desk_filter filter_ = {__VA_ARGS__};                                                    \
        g_autofree char *desk_ = desk(w, &filter_);                                                          \
        g_assert_cmpstr(desk_, ==, expected);                                                                \
    } while (0)

static void
test_desk(struct world *w, gconstpointer data)
{
    static const struct {
        const char *key, *facts;
    } others[] = {
        {"late", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-12-20\"}"},
        {"soon", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-11-20\", \"region\": \"apac\"}"}};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        gint64 id = add_account(&w->f, others[i].key, others[i].facts);
        g_autofree char *address = g_strdup_printf("pat@%s.example", others[i].key);
        add_contact(&w->f, id, address, "owner - - Pat");
    }
    g_autofree char *conf = g_strconcat(fixture_conf, logins_conf, NULL);
    service_reopen(w, conf);
    tick(w, "2026-11-02 10:00");
    act(w, "hold_set", "{\"reason\": \"their outage\"}");
    (void)data;
    assert_desk(w, "soon late acme*", .account_id = 0);
    assert_desk(w, "acme*", .account_id = w->account_id);
    assert_desk(w, "soon", .specialist = "ben");
    gint64 soon = store_int(w->f.db,
                            "SELECT m.id FROM message m JOIN account a ON a.id = m.account_id WHERE key "
                            "= 'soon'",
                            0, NULL, "");
    g_assert_true(desk_pass(w->s, "ada", soon, 1, &w->f.error));
    assert_desk(w, "late acme* soon", .reviewer = "ada");
    assert_desk(w, "soon late acme*", .reviewer = "ana");
    gint64 late = store_int(w->f.db,
                            "SELECT m.id FROM message m JOIN account a ON a.id = m.account_id WHERE key "
                            "= 'late'",
                            0, NULL, "");
    g_assert_true(desk_pass(w->s, "ada", late, 1, &w->f.error));
    assert_desk(w, "acme* soon late", .reviewer = "ada");
    run_sql(&w->f, "UPDATE message SET revision = 2 WHERE account_id IN (SELECT id FROM account WHERE key = "
                   "'soon')"); /* says something else: to be seen again */
    assert_desk(w, "soon acme* late", .reviewer = "ada");
}

/* ---- people ---- */

static void
test_people(struct world *w, gconstpointer data)
{
    static const struct {
        const char *login, *as, *id, *refusal;
    } cases[] = {{"ada", NULL, "ada", NULL},
                 {"asilva", "ada", "ada", NULL},
                 {"asilva", "ben", NULL, "each acts as who they are"},
                 {"root", "ben", "ben", NULL},
                 {"root", NULL, NULL, "has the login root: add it to `logins`, or say --as ID"},
                 {"root", "zoe", NULL, "has no specialist \"zoe\""}};
    to_draft(w, data);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        const struct specialist *who = people_acting(w->s->config, cases[i].login, cases[i].as, &error);
        g_assert_cmpstr(who ? who->id : NULL, ==, cases[i].id);
        if (cases[i].refusal)
            g_assert_nonnull(strstr(error->message, cases[i].refusal));
    }
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/approval/" path, struct world, GUINT_TO_POINTER(data), world_set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("names", test_names, 0);
    ADD("changed-by-colleague", test_changed_by_colleague, 0);
    ADD("recomposed", test_recomposed, 0);
    ADD("recipients", test_recipients, 0);
    ADD("same", test_same, 0);
    ADD("returned", test_returned, 0);
    ADD("returned-edited", test_returned_edited, 0);
    ADD("missing-and-stale", test_missing_and_stale, 0);
    ADD("second", test_second, 1);
    ADD("second/voided-by-edit", test_second_voided_by_edit, 1);
    ADD("second/after-return", test_second_after_return, 1);
    ADD("second/finds-a-change", test_second_finds_a_change, 1);
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_autofree char *path = g_strdup_printf("/service/approval/edit/%u", i);
        g_test_add(path, struct world, GUINT_TO_POINTER(i + 1), world_set_up, test_edit, tear_down);
    }
    ADD("desk", test_desk, 0);
    ADD("people", test_people, 0);
    return g_test_run();
}
