/* Tasks, risk and priority: made once for a cause, whose they are, what acts do, and the replay. */
#include "fixture_service.h"
#include "service/tasks.h"

static gboolean
make(struct world *w, gint64 cause, const char *title, const char *assignee)
{
    const struct task_request r = {.account_id = w->account_id,
                                   .cause = cause,
                                   .kind = "look",
                                   .title = title,
                                   .assignee = assignee,
                                   .due_us = w->now_us,
                                   .actor = "usher"};
    gboolean made = FALSE;
    g_assert_true(store_begin(w->s->db, &w->f.error));
    g_assert_true(tasks_make(w->s, &r, w->now_us, &made, &w->f.error));
    g_assert_true(store_commit(w->s->db, &w->f.error));
    return made;
}

/* "TITLE WHO" of each open task that passes, joined by ";". */
static char *
list(struct world *w, struct task_filter filter)
{
    g_autoptr(GPtrArray) tasks = tasks_list(w->s, &filter, &w->f.error);
    g_assert_no_error(w->f.error);
    GString *line = g_string_new(NULL);
    for (guint i = 0; i < tasks->len; i++) {
        const struct task *t = tasks->pdata[i];
        g_string_append_printf(line, "%s%s %s%s", i ? ";" : "", t->title, t->assignee,
                               t->done_us ? " done" : "");
    }
    return g_string_free(line, FALSE);
}

#define assert_tasks(w, expected, ...)                                                                       \
    do {                                                                                                     \
        g_autofree char *line_ = list(w, (struct task_filter){__VA_ARGS__});                                 \
        g_assert_cmpstr(line_, ==, expected);                                                                \
    } while (0)

static struct task *
first(struct world *w)
{
    struct task_filter filter = {0};
    g_autoptr(GPtrArray) tasks = tasks_list(w->s, &filter, &w->f.error);
    g_assert_cmpint(tasks->len, >, 0);
    return g_ptr_array_steal_index(tasks, 0);
}

static void
test_once(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    act(w, "note", "{\"text\": \"a cause\"}");
    gint64 cause = store_int(w->s->db, "SELECT id FROM event WHERE kind = 'note'", 0, NULL, "");
    g_assert_true(make(w, cause, "Ask", NULL));
    g_assert_false(make(w, cause, "Ask differently", NULL));
    g_assert_true(make(w, 0, "Look", NULL));
    g_assert_false(make(w, 0, "Look", NULL));
    assert_tasks(w, "Ask ana;Look ana", 0);
    struct task *t = first(w);
    g_assert_cmpint(t->cause, ==, cause);
    g_assert_true(tasks_finish(w->s, t, "asked", &w->f.error));
    task_free(t);
    g_assert_false(make(w, cause, "Ask", NULL)); /* a cause asks once, even when it was answered */
    t = first(w);
    g_assert_true(tasks_finish(w->s, t, NULL, &w->f.error));
    task_free(t);
    g_assert_true(make(w, 0, "Look", NULL)); /* without a cause it may come again */
    assert_tasks(w, "Look ana;Ask ana done;Look ana done", .done = TRUE);
    assert_rows(&w->f, "(done_by IS NOT NULL) || quote(note)", "task ORDER BY id", "1'asked';1NULL;0NULL");
    assert_replay(&w->f);
}

/* The owner of the day has it, unless it was given to somebody. */
static void
test_assignee(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    make(w, 0, "Whoever", NULL);
    make(w, 0, "Ana", "ana");
    assert_tasks(w, "Whoever ana;Ana ana", 0);
    facts_are(w, "{\"region\": \"apac\"}");
    assert_tasks(w, "Whoever ben;Ana ana", 0);
    assert_tasks(w, "Whoever ben", .assignee = "ben");
    act(w, "owner_set", "{\"owner\": \"ana\"}");
    assert_tasks(w, "Whoever ana;Ana ana", .account_id = w->account_id);
    struct task *t = first(w);
    g_assert_true(tasks_assign(w->s, t, "ben", &w->f.error));
    task_free(t);
    assert_tasks(w, "Whoever ben;Ana ana", 0);
    g_assert_cmpstr(tasks_specialist(w->s->config, "BEN@team.example")->id, ==, "ben");
    g_assert_cmpstr(tasks_specialist(w->s->config, "ben koh")->id, ==, "ben");
    g_assert_null(tasks_specialist(w->s->config, "be"));
    assert_replay(&w->f);
}

/* About no account: the failsafe's, here the first specialist's. */
static void
test_without_account(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    gint64 account_id = w->account_id;
    w->account_id = 0;
    g_assert_true(make(w, 0, "Team", NULL));
    g_assert_false(make(w, 0, "Team", NULL));
    w->account_id = account_id;
    assert_tasks(w, "Team ana", 0);
}

static void
test_due(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    make(w, 0, "First", NULL);
    now_is(w, "2026-11-24 10:00");
    make(w, 0, "Second", NULL);
    struct task *t = first(w);
    g_assert_true(tasks_snooze(w->s, t, at("2026-11-25 10:00"), &w->f.error));
    task_free(t);
    assert_tasks(w, "Second ana;First ana", 0);
    assert_tasks(w, "Second ana", .due_before_us = at("2026-11-25 10:00"));
    assert_replay(&w->f);
}

static void
test_by_hand(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    act(w, "risk_set", "{\"risk\": \"high\", \"note\": \"the card failed twice\"}");
    act(w, "priority_set", "{\"priority\": \"low\"}");
    assert_rows(&w->f, "risk || '|' || risk_note || '|' || priority", "account",
                "high|the card failed twice|low");
    assert_replay(&w->f);
    act(w, "risk_set", "{\"risk\": null}");
    assert_rows(&w->f, "quote(risk) || quote(risk_note)", "account", "NULLNULL");
    assert_replay(&w->f);
}

#define TEST(name, func) g_test_add("/tasks/" name, struct world, NULL, world_set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("once", test_once);
    TEST("assignee", test_assignee);
    TEST("without-account", test_without_account);
    TEST("due", test_due);
    TEST("by-hand", test_by_hand);
    return g_test_run();
}
