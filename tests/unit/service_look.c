/* A look taken ahead: how long it stands, what ends it, and that it never lets a mail go which the full look
 * would not. */
#include "fixture_service.h"
#include "service/look.h"

#define OTHER_TEMPLATE "Subject: One check\n\nOther words\n"

static gboolean
stands(struct world *w, gint64 message_id)
{
    gboolean fit;
    g_assert_true(look_again(w->s, message_id, w->now_us, &fit, &w->f.error));
    g_assert_no_error(w->f.error);
    return fit;
}

/* What the full look says, without changing anything. */
static gboolean
may_go(struct world *w, gint64 message_id)
{
    enum outbox_verdict verdict;
    gint64 not_before_us;
    g_autofree char *reason = NULL;
    g_assert_true(store_begin(w->f.db, &w->f.error));
    run_sql(&w->f, "UPDATE message SET look_version = NULL");
    g_assert_true(policy_may_send(w->s, w->f.db, message_id, w->now_us, &verdict, &not_before_us, &reason,
                                  &w->f.error));
    store_rollback(w->f.db);
    g_assert_no_error(w->f.error);
    return verdict == OUTBOX_SEND;
}

/* Message 1, approved on Monday 2 November at 10:00. */
static void
to_approved(struct world *w)
{
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_no_error(w->f.error);
}

static const struct {
    const char *name, *when, *kind, *json, *sql;
    gboolean stands, goes;
} changes[] = {
    {"nothing", "2026-11-02 10:01", NULL, NULL, NULL, TRUE, TRUE},
    {"the last second of its hours", "2026-11-02 16:59:59", NULL, NULL, NULL, TRUE, TRUE},
    {"after its hours", "2026-11-02 17:00", NULL, NULL, NULL, FALSE, FALSE},
    {"the next day", "2026-11-03 10:00", NULL, NULL, NULL, FALSE, TRUE},
    {"the clock was set back", "2026-11-02 09:59", NULL, NULL, NULL, FALSE, TRUE},
    {"facts delivered again", "2026-11-02 10:01", NULL, NULL, "UPDATE account_facts SET as_of = as_of + 1",
     TRUE, TRUE},
    {"facts said to be older", "2026-11-02 10:01", NULL, NULL, "UPDATE account_facts SET as_of = 1", FALSE,
     FALSE},
    {"facts changed", "2026-11-02 10:01", NULL, NULL,
     "UPDATE account_facts SET facts = '{\"forecast_mrr\": 900}'", FALSE, FALSE},
    {"facts gone", "2026-11-02 10:01", NULL, NULL, "DELETE FROM account_facts", FALSE, FALSE},
    {"absent", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET absent = 1", FALSE, FALSE},
    {"Sales", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET sales_engaged = 1", FALSE, TRUE},
    {"another owner", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET owner = 'ben'", FALSE, TRUE},
    {"another key", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET key = 'other'", FALSE, TRUE},
    {"marked for another look", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET dirty = 1", FALSE, TRUE},
    {"its time came", "2026-11-02 10:01", NULL, NULL, "UPDATE account SET evaluate_at = 1", FALSE, TRUE},
    {"a state of the enrolment", "2026-11-02 10:01", NULL, NULL, "UPDATE enrolment SET extension_days = 3",
     FALSE, TRUE},
    {"an enrolment gone", "2026-11-02 10:01", NULL, NULL, "DELETE FROM enrolment", FALSE, TRUE},
    {"an enrolment elsewhere", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO enrolment(account_id, sequence, state, since) VALUES(1, 'x', 'active', 1)", FALSE, TRUE},
    {"a stage entered", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO stage_entry VALUES(1, 'trial', 'done', 5)", FALSE, TRUE},
    {"a stage's time", "2026-11-02 10:01", NULL, NULL, "UPDATE stage_entry SET at = at + 1", FALSE, TRUE},
    {"a stage gone", "2026-11-02 10:01", NULL, NULL, "DELETE FROM stage_entry", FALSE, TRUE},
    {"somebody else wrote last", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO event(at, account_id, kind, actor, data) VALUES(1, 1, 'hand_sent', 'x', '{}')", FALSE,
     TRUE},
    {"the step wants another", "2026-11-02 10:01", NULL, NULL, "UPDATE step SET message_id = 9", FALSE,
     FALSE},
    {"the step is over", "2026-11-02 10:01", NULL, NULL, "UPDATE step SET state = 'idle'", FALSE, FALSE},
    {"another step begun", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO step(account_id, sequence, step, state) VALUES(1, 'trial', 'x', 'waiting')", FALSE, TRUE},
    {"withdrawn", "2026-11-02 10:01", NULL, NULL, "UPDATE message SET state = 'withdrawn'", FALSE, FALSE},
    {"a hold", "2026-11-02 10:01", NULL, NULL, "INSERT INTO hold(account_id, reason) VALUES(1, 'x')", FALSE,
     FALSE},
    {"a hold that is over", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO hold(account_id, until, reason) VALUES(1, 1, 'x')", TRUE, TRUE},
    {"a person on hold", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO hold(address, reason) VALUES('bob@acme.example', 'x')", FALSE, FALSE},
    {"suppressed", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO suppression VALUES('bob@acme.example', 'opt_out', 0, NULL)", FALSE, FALSE},
    {"a suppressed domain", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO suppression VALUES('@acme.example', 'opt_out', 0, NULL)", FALSE, FALSE},
    {"no contact any more", "2026-11-02 10:01", NULL, NULL,
     "UPDATE contact SET absent = 1 WHERE address = 'bob@acme.example'", FALSE, FALSE},
    {"a contact gone", "2026-11-02 10:01", NULL, NULL,
     "DELETE FROM contact WHERE address = 'ann@acme.example'", FALSE, FALSE},
    {"somebody is away", "2026-11-02 10:01", NULL, NULL,
     "INSERT INTO leave(id, specialist, from_at, until_at) SELECT 1, 'ana', at, at + 1000000000000 FROM "
     "event LIMIT 1",
     FALSE, FALSE},
    {"somebody has it", "2026-11-02 10:01", NULL, NULL,
     "UPDATE delivery SET state = 'claimed'; UPDATE delivery SET state = 'transmitting' WHERE field = 'to'",
     FALSE, FALSE},
    {"a reply", "2026-11-02 10:01", "replied", "{\"address\": \"ann@acme.example\"}", NULL, FALSE, FALSE},
    {"written by hand", "2026-11-02 10:01", "hand_sent",
     "{\"opens\": 1, \"subject\": \"Hi\", \"specialist\": \"ana\"}", NULL, FALSE, FALSE},
    {"handed to Sales", "2026-11-02 10:01", "sales_engaged", "{}", NULL, FALSE, TRUE},
};

static void
test_change(struct world *w, gconstpointer data)
{
    gsize i = GPOINTER_TO_UINT(data);
    to_approved(w);
    g_assert_true(stands(w, 1));
    now_is(w, changes[i].when);
    if (changes[i].kind)
        act(w, changes[i].kind, changes[i].json);
    g_auto(GStrv) statements = g_strsplit(changes[i].sql ? changes[i].sql : "", ";", -1);
    for (char **sql = statements; *sql; sql++)
        if (**sql)
            run_sql(&w->f, *sql);
    g_assert_cmpint(stands(w, 1), ==, changes[i].stands);
    g_assert_cmpint(may_go(w, 1), ==, changes[i].goes);
}

/* Another process may have loaded other files, with another template or another usher.conf. */
static void
test_files(struct world *w, gconstpointer data)
{
    to_approved(w);
    service_reopen(w, fixture_conf);
    g_assert_true(stands(w, 1));
    fixture_write(&w->f, data, OTHER_TEMPLATE);
    g_assert_true(stands(w, 1)); /* this process has not loaded it */
    service_reopen(w, fixture_conf);
    g_assert_false(stands(w, 1));
}

/* What a file says is also its name. */
static void
test_file_renamed(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(&w->f, "templates/more.md", OTHER_TEMPLATE);
    service_reopen(w, fixture_conf);
    to_approved(w);
    g_autofree char *before = g_build_filename(w->f.config->templates_dir, "more.md", NULL),
                    *after = g_build_filename(w->f.config->templates_dir, "most.md", NULL);
    g_assert_cmpint(rename(before, after), ==, 0);
    service_reopen(w, fixture_conf);
    g_assert_false(stands(w, 1));
}

/* Whoever asks first only after the files changed cannot know what it loaded. */
static void
test_files_changed_since(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(&w->f, "templates/more.md", OTHER_TEMPLATE);
    to_approved(w);
    g_assert_false(stands(w, 1));
    g_assert_true(may_go(w, 1));
}

/* A mail that says the time of day is looked at when it goes. */
static void
test_clock(struct world *w, gconstpointer data)
{
    fixture_write(&w->f, "templates/hello.md", data);
    service_reopen(w, fixture_conf);
    to_approved(w);
    g_assert_false(stands(w, 1));
    g_assert_true(may_go(w, 1));
}

/* Facts that will be too old before the hours end. */
static void
test_age(struct world *w, gconstpointer data)
{
    (void)data;
    set_facts(&w->f, w->account_id, "{\"forecast_mrr\": 512.31}", at("2026-10-03 12:00"));
    to_approved(w);
    g_assert_false(stands(w, 1));
    g_assert_true(may_go(w, 1));
    now_is(w, "2026-11-02 12:01");
    g_assert_false(may_go(w, 1));
}

/* Another mail to the account that may be on its way. */
static void
test_company(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    run_sql(&w->f,
            "INSERT INTO message(id, account_id, sequence, step, automatic, state, specialist, mailbox, "
            "created_at, template, subject, recipients) VALUES(7, 1, 'x', 'x', 0, 'queued', 'ana', 'ana', 0, "
            "'t', 's', '[]')");
    run_sql(&w->f,
            "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(7, 'ana', "
            "'ann@acme.example', 'to', 'unknown', 0, 0)");
    g_assert_false(stands(w, 1));
}

/* Approved again after it came back: the look is a new one. */
static void
test_again(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    facts_are(w, "{\"forecast_mrr\": 900}");
    tick(w, "2026-11-02 10:01");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    g_assert_false(stands(w, 1));
    g_assert_true(approve_revision(w, 1, 2, "ana"));
    g_assert_no_error(w->f.error);
    g_assert_true(stands(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

/* The tick looks ahead, too: at automatic mail, and at what changed. The fence is asked all the same. */
static void
test_automatic(struct world *w, gconstpointer data)
{
    (void)data;
    to_approved(w);
    g_assert_cmpint(send_due(w, 250), ==, 1);
    tick(w, "2026-11-12 10:00");
    assert_rows(&w->f, "look_version IS NOT NULL", "message WHERE id = 2", "1");
    gboolean before = stands(w, 2);
    run_sql(&w->f, "UPDATE folder SET read_boot_us = NULL");
    g_assert_false(stands(w, 2));
    g_assert_cmpint(before, ==, FALSE); /* no mailbox was read in this test */
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/look/" path, struct world, data, world_set_up, test, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *path = g_strdup_printf("/service/look/change/%s", changes[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), world_set_up, test_change, world_tear_down);
    }
    ADD("files/template", test_files, "templates/hello.md");
    ADD("files/finding", test_files, "templates/findings/x.md");
    ADD("files/holidays", test_files, "sequences/other.txt");
    ADD("files/renamed", test_file_renamed, NULL);
    ADD("files/changed-since", test_files_changed_since, NULL);
    ADD("clock/now", test_clock, "Subject: One check\n\nIt is {{ \"now\" | date: \"%H\" }} in the day.\n");
    ADD("clock/time", test_clock, "Subject: One check\n\nIt is {{ \"10:00\" | date: \"%d\" }} in the day.\n");
    ADD("age", test_age, NULL);
    ADD("company", test_company, NULL);
    ADD("again", test_again, NULL);
    ADD("automatic", test_automatic, NULL);
    return g_test_run();
}
