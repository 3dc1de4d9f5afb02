/* What becomes of a step by itself: the moment at which a queued mail is late, the tasks of a step that is
 * late or over, and a step that cannot be composed. Every test ends with a replay of the journal. */
#include "fixture_service.h"

#define LATE                                                                                                 \
    "late_step: The nudge mail is too late to go out by itself: `usher resume acme nudge` sends it, "        \
    "`usher stop acme nudge` drops it"
#define OPEN                                                                                                 \
    "stage_open: No nudge mail goes out: should the stage be done all the same? `usher stage acme done` "    \
    "sets it"

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_replay(&w->f);
    world_tear_down(w, data);
}

/* late is the nudge's policy. It is due on Thursday 12 November at 10:00. */
static void
to_written(struct world *w, const char *late)
{
    g_auto(GStrv) halves = g_strsplit(service_trial_conf, "send within 7 days", 2);
    g_autofree char *conf = g_strconcat(halves[0], late, halves[1], NULL);
    fixture_write(&w->f, "sequences/trial.conf", conf);
    service_reopen(w, fixture_conf);
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:00");
}

#define assert_tasks(w, expected)                                                                            \
    assert_rows(&(w)->f, "kind || ': ' || title", "task WHERE done_at IS NULL ORDER BY id", expected)

static void
set_step(struct world *w, const char *state)
{
    g_autofree char *json = g_strdup_printf("{\"sequence\": \"trial\", \"step\": \"nudge\", \"state\": "
                                            "\"%s\", \"released_at\": %" G_GINT64_FORMAT "}",
                                            state, strcmp(state, "idle") == 0 ? w->now_us : 0);
    act(w, "step_changed", json);
}

/* Nothing happens to the account while its mail waits in the outbox, and its day comes all the same. */
static void
test_late_moment(struct world *w, gconstpointer data)
{
    gboolean asks = GPOINTER_TO_INT(data);
    to_written(w, asks ? "ask" : "send within 7 days");
    tick(w, "2026-11-12 10:00");
    assert_messages(w, "hello sent;nudge queued");
    tick(w, asks ? "2026-11-13 23:59" : "2026-11-19 23:59");
    assert_messages(w, "hello sent;nudge queued");
    assert_tasks(w, "");
    tick(w, asks ? "2026-11-14 00:00" : "2026-11-20 00:00");
    assert_line(w, "written; hello sent 11-02 10:00; nudge late 11-12 10:00");
    assert_messages(w, "hello sent;nudge withdrawn");
    assert_deliveries(w, "ann sent;bob sent;ann withdrawn;bob withdrawn");
    assert_tasks(w, LATE);
}

static void
test_late_resumed(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w, "ask");
    tick(w, "2026-11-16 10:00");
    assert_tasks(w, LATE);
    run_sql(&w->f, "UPDATE account SET dirty = 1");
    tick(w, "2026-11-16 11:00");
    assert_rows(&w->f, "COUNT(*)", "event WHERE kind = 'task_made'", "1");
    now_is(w, "2026-11-16 12:00");
    set_step(w, "idle");
    assert_tasks(w, "");
    tick(w, "2026-11-16 12:01");
    assert_messages(w, "hello sent;nudge queued");
}

static void
test_skipped(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w, "skip");
    tick(w, "2026-11-16 10:00");
    assert_line(w, "written; hello sent 11-02 10:00; nudge skipped 11-12 10:00");
    assert_tasks(w, OPEN);
}

/* The step that would have moved the stage is over without its mail. */
static void
test_over(struct world *w, gconstpointer data)
{
    const char *how = data;
    to_written(w, "ask");
    if (strcmp(how, "stopped") == 0) {
        set_step(w, "stopped");
    } else if (strcmp(how, "expired") == 0) {
        tick(w, "2026-11-16 10:00");
        assert_tasks(w, LATE);
        tick(w, "2026-12-02 10:00");
    } else {
        tick(w, "2026-11-12 10:00");
        mailboxes_read(w, 0, NULL);
        g_assert_cmpint(send_due(w, 550), ==, 1);
    }
    assert_rows(&w->f, "state", "step WHERE step = 'nudge'", how);
    if (strcmp(how, "failed") == 0)
        run_sql(&w->f, "UPDATE task SET done_at = 1 WHERE kind <> 'stage_open'");
    assert_tasks(w, OPEN);
    act(w, "stage_entered", "{\"sequence\": \"trial\", \"stage\": \"done\", \"why\": \"x\", \"by_hand\": 1}");
    assert_tasks(w, "");
    if (strcmp(how, "failed") == 0) /* as the journal has it */
        run_sql(&w->f, "UPDATE task SET done_at = NULL WHERE kind <> 'stage_open'");
}

static void
test_stopped_and_resumed(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w, "ask");
    set_step(w, "stopped");
    assert_tasks(w, OPEN);
    set_step(w, "idle");
    assert_tasks(w, "");
    set_step(w, "stopped");
    assert_tasks(w, OPEN);
}

/* A step that no stage waits for asks nothing. */
static void
test_no_stage(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w, "ask");
    act(w, "stage_entered", "{\"sequence\": \"trial\", \"stage\": \"done\", \"why\": \"x\", \"by_hand\": 1}");
    set_step(w, "stopped");
    assert_tasks(w, "");
}

/* ---- what cannot be composed ---- */

#define NOBODY "cannot_compose: The hello mail cannot be composed: nobody is left to write to"

/* Once a cause, however often it is looked at. */
static void
test_uncomposed(struct world *w, gconstpointer data)
{
    (void)data;
    run_sql(&w->f, "UPDATE contact SET absent = 1");
    tick(w, "2026-11-02 10:00");
    assert_tasks(w, NOBODY);
    gint64 events = events_so_far(&w->f);
    for (int day = 3; day <= 5; day++) {
        g_autofree char *when = g_strdup_printf("2026-11-0%d 10:00", day);
        run_sql(&w->f, "UPDATE account SET dirty = 1");
        tick(w, when);
        assert_line(w, "fresh; hello waiting 11-02 10:00");
        g_assert_cmpint(events_so_far(&w->f), ==, events);
    }
    run_sql(&w->f, "UPDATE contact SET absent = 0");
    fixture_write(&w->f, "templates/hello.md", "Subject: a\n\n{{ forecast_mr }}\n");
    run_sql(&w->f, "UPDATE account SET dirty = 1");
    tick(w, "2026-11-06 10:00");
    assert_reason(w, "nearest is \"forecast_mrr\"");
    assert_rows(&w->f, "kind || COUNT(*)", "task WHERE done_at IS NULL GROUP BY kind", "cannot_compose1");
    fixture_write(&w->f, "templates/hello.md", "Subject: One\n\nHi {{ first_name }}\n");
    act(w, "note", "{\"text\": \"mended\"}"); /* whatever happens to the account is a reason to try again */
    tick(w, "2026-11-06 10:01");
    assert_line(w, "fresh; hello drafted 11-02 10:00");
    assert_tasks(w, "");
    assert_rows(&w->f, "dirty", "account", "0");
}

/* Time that nobody could write it does not make an automatic mail punctual. */
static void
test_uncomposed_late(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w, "ask");
    fixture_write(&w->f, "templates/nudge.md", "Subject: a\n\n{{ forecast_mr }}\n");
    tick(w, "2026-11-12 10:00");
    assert_line(w, "written; hello sent 11-02 10:00; nudge waiting 11-12 10:00");
    gint64 events = events_so_far(&w->f);
    run_sql(&w->f, "UPDATE account SET dirty = 1");
    tick(w, "2026-11-12 19:00"); /* outside its hours */
    g_assert_cmpint(events_so_far(&w->f), ==, events);
    tick(w, "2026-11-14 00:00");
    assert_line(w, "written; hello sent 11-02 10:00; nudge late 11-12 10:00");
    assert_rows(&w->f, "kind", "task WHERE done_at IS NULL", "cannot_compose;late_step");
    fixture_write(&w->f, "templates/nudge.md", "Subject: a\n\nHi {{ first_name }}\n");
    now_is(w, "2026-11-16 12:00");
    set_step(w, "idle");
    tick(w, "2026-11-16 12:01");
    assert_messages(w, "hello sent;nudge queued");
    assert_tasks(w, "");
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/steps/" path, struct world, data, world_set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("late/within", test_late_moment, GINT_TO_POINTER(FALSE));
    ADD("late/ask", test_late_moment, GINT_TO_POINTER(TRUE));
    ADD("late/resumed", test_late_resumed, NULL);
    ADD("skipped", test_skipped, NULL);
    ADD("stopped", test_over, "stopped");
    ADD("expired", test_over, "expired");
    ADD("failed", test_over, "failed");
    ADD("stopped-and-resumed", test_stopped_and_resumed, NULL);
    ADD("no-stage", test_no_stage, NULL);
    ADD("uncomposed", test_uncomposed, NULL);
    ADD("uncomposed/late", test_uncomposed_late, NULL);
    return g_test_run();
}
