/* The working queue: what is marked, what stands on top, what the filters let through. */
#include "fixture_service.h"
#include "service/queue.h"

/* The trial with a check-in that expires: a draft from the fourth day after the outreach to the sixth. */
static const char check_in[] =
    "  step check { kind = \"draft\" to = \"participants\" template = \"hello.md\" stages = {\"written\"} "
    "when = "
    "\"today >= substr(add_days(written_at, 4), 1, 10)\" due = \"add_days(written_at, 4)\" until = "
    "\"substr(add_days(written_at, 6), 1, 10)\" }\n}\n";

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    g_autofree char *sequence = g_strndup(service_trial_conf, strlen(service_trial_conf) - strlen("}\n"));
    g_autofree char *with_check = g_strconcat(sequence, check_in, NULL);
    fixture_write(&w->f, "sequences/trial.conf", with_check);
    service_reopen(w, fixture_conf);
}

/* A further account of that name, with its facts. */
static gint64
add(struct world *w, const char *key, const char *facts)
{
    gint64 id = add_account(&w->f, key, "{}");
    g_autofree char *address = g_strdup_printf("pat@%s.example", key);
    set_facts(&w->f, id, facts, w->now_us);
    add_contact(&w->f, id, address, "owner - - Pat");
    return id;
}

/* "KEY mark mark; …" in the order of the queue. */
static char *
queue(struct world *w, struct queue_filter filter)
{
    g_autoptr(GPtrArray) all = queue_load(w->s, &filter, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    GString *line = g_string_new(NULL);
    for (guint i = 0; i < all->len; i++) {
        const struct queue_entry *e = all->pdata[i];
        g_string_append_printf(line, "%s%s", i ? "; " : "", e->account);
        for (int mark = 0; mark < QUEUE_MARK_COUNT; mark++)
            if (e->marks[mark])
                g_string_append_printf(line, " %s", queue_mark_names[mark]);
    }
    return g_string_free(line, FALSE);
}

#define assert_queue(w, expected, ...)                                                                       \
    do {                                                                                                     \
        g_autofree char *line_ = queue(w, (struct queue_filter){__VA_ARGS__});                               \
        g_assert_cmpstr(line_, ==, expected);                                                                \
    } while (0)

static struct queue_entry *
only(struct world *w, GPtrArray **all)
{
    const struct queue_filter filter = {0};
    *all = queue_load(w->s, &filter, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpint((*all)->len, ==, 1);
    return (*all)->pdata[0];
}

/* Nobody wrote: within two weeks of the renewal it stands on top; from a week on it is no longer new. */
static void
test_order(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-02 10:00");
    facts_are(w, "{\"forecast_mrr\": 500}"); /* acme: no renewal date */
    add(w, "later", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-12-20\"}");
    add(w, "soon", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-11-16\"}");
    add(w, "mid", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-11-17\"}");
    add(w, "past", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-11-01\"}");
    add(w, "unfit", "{\"forecast_mrr\": 50, \"next_renewal\": \"2026-11-03\"}");
    tick(w, "2026-11-02 10:00");
    assert_queue(
        w,
        "past unwritten draft new; soon unwritten draft new; mid draft new; later draft new; acme draft new",
        0);
    now_is(w, "2026-11-03 09:00");
    assert_queue(
        w,
        "past unwritten draft new; soon unwritten draft new; mid unwritten draft new; later draft new; "
        "acme draft new",
        0);
    now_is(w, "2026-11-09 10:00");
    assert_queue(
        w,
        "past unwritten no_outreach draft; soon unwritten no_outreach draft; mid unwritten no_outreach "
        "draft; later no_outreach draft; acme no_outreach draft",
        0);
    assert_queue(w, "past unwritten no_outreach draft; soon unwritten no_outreach draft",
                 .due_us = at("2026-11-17 00:00"));
}

/* From the outreach to the check-in's last day; a reply; a hold; a task. */
static void
test_marks(struct world *w, gconstpointer data)
{
    (void)data;
    g_autoptr(GPtrArray) all = NULL;
    tick(w, "2026-11-02 10:00");
    assert_queue(w, "acme draft new", 0);
    g_assert_true(approve(w, 1));
    send_due(w, 250);
    tick(w, "2026-11-02 11:00");
    assert_queue(w, "acme", 0);
    tick(w, "2026-11-06 11:00");
    assert_queue(w, "acme check_in", 0);
    struct queue_entry *e = only(w, &all);
    g_assert_cmpint(e->check_in_until_us, ==, at("2026-11-09 00:00"));
    g_assert_cmpstr(e->last.what, ==, "hello");
    g_assert_false(e->last.incoming);
    act(w, "replied", "{\"address\": \"ann@acme.example\"}");
    act(w, "note", "{\"text\": \"first\"}");
    act(w, "note", "{\"text\": \"second\"}");
    act(w, "hold_set", "{\"reason\": \"their outage\", \"until\": 0}");
    act(w, "task_made", "{\"task\": \"look\", \"title\": \"Look\", \"due_at\": 1}");
    assert_queue(w, "acme unanswered task_due check_in held", 0);
    g_clear_pointer(&all, g_ptr_array_unref);
    e = only(w, &all);
    g_assert_cmpstr(e->note, ==, "second");
    g_assert_cmpstr(e->held, ==, "their outage");
    g_assert_cmpstr(e->task_title, ==, "Look");
    act(w, "released", "{}");
    tick(w, "2026-11-09 11:00");
    assert_queue(w, "acme task_due", 0);
    g_clear_pointer(&all, g_ptr_array_unref);
    g_assert_cmpstr(only(w, &all)->check_in_state, ==, "expired");
}

static void
test_filters(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-02 10:00");
    add(w, "far", "{\"forecast_mrr\": 500, \"region\": \"apac\"}");
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    send_due(w, 250);
    tick(w, "2026-11-02 11:00");
    assert_queue(w, "acme; far draft new", 0);
    assert_queue(w, "far draft new", .owner = "ben");
    assert_queue(w, "acme", .stage = "written");
    assert_queue(w, "far draft new", .stage = "FRESH");
    assert_queue(w, "", .due_us = at("2026-11-20 00:00"));
    act(w, "task_made",
        "{\"task\": \"look\", \"title\": \"Look\", \"due_at\": 1793660400000000}"); /* 2026-11-03 */
    assert_queue(w, "acme", .due_us = at("2026-11-20 00:00"));
    assert_queue(w, "", .due_us = at("2026-11-02 12:00"));
}

/* The mail about a failed payment is no outreach; what is cancelled wants none. */
static void
test_outreach(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-02 10:00");
    facts_are(w, "{\"forecast_mrr\": 500, \"failed\": true, \"next_renewal\": \"2026-11-10\"}");
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    send_due(w, 250);
    tick(w, "2026-11-02 11:00");
    assert_queue(w, "acme unwritten new", 0);
    add(w, "gone", "{\"forecast_mrr\": 500, \"next_renewal\": \"2026-11-10\"}");
    tick(w, "2026-11-02 12:00");
    assert_queue(w, "acme unwritten new; gone unwritten draft new", 0);
    set_facts(&w->f, w->account_id + 1, "{\"forecast_mrr\": 500, \"churned\": true}", w->now_us);
    tick(w, "2026-11-02 13:00");
    assert_queue(w, "acme unwritten new; gone", 0);
    act(w, "hand_sent", "{\"opens\": 1, \"specialist\": \"ana\", \"subject\": \"Hello\"}");
    assert_queue(w, "acme; gone", 0);
}

#define TEST(name, func) g_test_add("/queue/" name, struct world, NULL, set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("order", test_order);
    TEST("marks", test_marks);
    TEST("filters", test_filters);
    TEST("outreach", test_outreach);
    return g_test_run();
}
