/* The plan after a downtime: what it tells, that it changes nothing, and when the service makes one by
 * itself. */
#include "fixture_service.h"
#include "service/plan.h"

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_replay(&w->f);
    world_tear_down(w, data);
}

/* "now nudge 11-12 10:00" …, in Berlin; the caller frees. */
static char *
planned(struct world *w, const char *when)
{
    now_is(w, when);
    g_autoptr(GPtrArray) lines = plan_make(w->s, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct plan_line *l = lines->pdata[i];
        g_string_append_printf(all, "%s%s %s", i ? "; " : "", plan_kind_names[l->kind], l->step);
        if (l->at_us)
            g_string_append_printf(all, " %.11s", told(l->at_us) + strlen("2026-"));
    }
    return g_string_free(all, FALSE);
}

#define assert_plan(w, when, expected)                                                                       \
    do {                                                                                                     \
        g_autofree char *plan_ = planned(w, when);                                                           \
        g_assert_cmpstr(plan_, ==, expected);                                                                \
    } while (0)

/* The nudge is due on Thursday 12 November at 10:00, until 2 December, late by seven days at most. */
static void
to_written(struct world *w)
{
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    tick(w, "2026-11-02 10:01");
}

/* What waits for its hour does not go now, however near that is. */
static void
test_waiting(struct world *w, gconstpointer data)
{
    (void)data;
    tick(w, "2026-11-02 10:00");
    now_is(w, "2026-11-03 07:00");
    g_assert_true(approve(w, 1));
    assert_plan(w, "2026-11-03 07:01", "later hello 11-03 09:00");
    assert_plan(w, "2026-11-03 09:00", "now hello 11-03 09:00");
}

static void
test_kinds(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    gint64 events = events_so_far(&w->f);
    g_autofree char *before = projections_of(&w->f);
    assert_plan(w, "2026-11-12 09:59", "");
    assert_plan(w, "2026-11-12 10:00", "now nudge 11-12 10:00");
    assert_plan(w, "2026-11-19 16:59", "now nudge 11-19 16:59");
    assert_plan(w, "2026-11-19 20:00", "later nudge 11-20 09:00"); /* its hours are over */
    assert_plan(w, "2026-11-20 10:00", "ask nudge 11-12 10:00");
    assert_plan(w, "2026-12-03 10:00", "expired nudge 11-12 10:00");
    g_autofree char *after = projections_of(&w->f);
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpint(events_so_far(&w->f), ==, events);
    deliveries_may_jump(&w->f);
    run_sql(&w->f, "UPDATE delivery SET state = 'unknown' WHERE id = 1");
    assert_plan(w, "2026-11-12 09:59", "ask hello");
    run_sql(&w->f, "UPDATE delivery SET state = 'sent' WHERE id = 1");
    now_is(w, "2026-11-03 10:00");
    act(w, "replied", "{\"address\": \"ann@acme.example\", \"message_id\": \"r@acme.example\"}");
    assert_plan(w, "2026-11-12 10:00", "held nudge 11-12 10:00");
}

static void
test_at_start(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    g_assert_true(plan_at_start(w->s, w->now_us, &w->f.error)); /* never seen before: no downtime */
    g_assert_true(plan_heartbeat(w->s, w->now_us, &w->f.error));
    g_assert_cmpint(plan_last_seen_us(w->s, NULL), ==, w->now_us);
    g_assert_true(plan_heartbeat(w->s, w->now_us + 59 * CLOCK_SECOND_US, &w->f.error));
    g_assert_cmpint(plan_last_seen_us(w->s, NULL), ==, w->now_us); /* once a minute is enough */
    g_assert_true(plan_at_start(w->s, w->now_us + CLOCK_HOUR_US, &w->f.error));
    g_assert_cmpint(store_int(w->f.db, "SELECT COUNT(*) FROM event WHERE kind = 'startup_plan'", 0, NULL, ""),
                    ==, 0);
    now_is(w, "2026-11-13 10:00");
    g_assert_true(plan_at_start(w->s, w->now_us, &w->f.error));
    g_assert_no_error(w->f.error);
    assert_rows(&w->f, "(data ->> 'now') || (data ->> 'later') || (data ->> 'ask') || (data ->> 'expired')",
                "event WHERE kind = 'startup_plan'", "1000");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/service/plan/kinds", struct world, NULL, world_set_up, test_kinds, tear_down);
    g_test_add("/service/plan/waiting", struct world, NULL, world_set_up, test_waiting, tear_down);
    g_test_add("/service/plan/at-start", struct world, NULL, world_set_up, test_at_start, tear_down);
    return g_test_run();
}
