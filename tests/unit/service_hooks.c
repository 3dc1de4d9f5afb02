/* Hooks: what they are told and in which order, what becomes of what they refuse, and that a run is bounded.
 */
#include "fixture_service.h"
#include "service/hook_run.h"
#include "service/hooks.h"

#include <errno.h>
#include <signal.h>

static void
write_script(struct world *w, const char *name, const char *body)
{
    g_autofree char *text = g_strdup_printf("#!/bin/sh\ncd '%s'\n%s\n", w->f.dir, body);
    g_autofree char *path = g_build_filename(w->f.dir, name, NULL);
    fixture_write(&w->f, name, text);
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
}

/* A service with `hook NAME { SETTINGS }`; NULL: without. */
static void
configure(struct world *w, const char *hooks)
{
    g_autofree char *conf = g_strconcat(fixture_conf, hooks, NULL);
    service_reopen(w, conf);
    g_assert_true(hooks_register(w->s, w->now_us, &w->f.error));
}

static const char chat[] = "hook chat { on = {\"note\", \"task\", \"draft\"} run = \"./chat.sh a 'b c'\" }\n";

static guint failures;
static char last_failure[512];

static void
count_failure(const struct hook *hook, const GError *error, gpointer user)
{
    (void)hook;
    (void)user;
    failures++;
    g_strlcpy(last_failure, error->message, sizeof last_failure);
}

static guint
work(struct world *w)
{
    failures = 0;
    g_assert_true(hooks_work(w->s, NULL, count_failure, NULL, &w->f.error));
    g_assert_no_error(w->f.error);
    return failures;
}

/* What the scripts wrote to the file called name; empty when there is none. */
static char *
written(struct world *w, const char *name)
{
    g_autofree char *path = g_build_filename(w->f.dir, name, NULL);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

#define assert_written(w, name, expected)                                                                    \
    do {                                                                                                     \
        g_autofree char *text_ = written(w, name);                                                           \
        g_assert_cmpstr(text_, ==, expected);                                                                \
    } while (0)

static void
test_told(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    write_script(w, "chat.sh", "echo \"$1 $2 $USHER_HOOK $USHER_EVENT\" >>args; cat >>in; env >env");
    act(w, "note", "{\"text\": \"before\"}");
    configure(w, chat);
    act(w, "note", "{\"text\": \"first \\\"one\\\"\"}");
    act(w, "extended", "{\"days\": 3}"); /* not asked for */
    act(w, "task_made", "{\"task\": \"x\", \"title\": \"Second\"}");
    act(w, "draft_made", "{\"automatic\": 1, \"message\": 1}"); /* nobody has to look at it */
    g_assert_cmpint(work(w), ==, 0);
    assert_written(w, "args", "a b c chat note\na b c chat task\n");
    g_autofree char *in = written(w, "in");
    g_auto(GStrv) lines = g_strsplit(in, "\n", 0);
    g_assert_cmpint(g_strv_length(lines), ==, 3);
    json_t *event = json_loads(lines[0], 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(event, "event")), ==, "note");
    g_assert_cmpstr(json_string_value(json_object_get(event, "account")), ==, "acme");
    g_assert_cmpstr(json_string_value(json_object_get(event, "owner")), ==, "ana");
    g_assert_cmpstr(json_string_value(json_object_get(event, "at")), ==, "2026-11-23T09:00:00Z");
    g_assert_cmpstr(json_string_value(json_object_get(json_object_get(event, "data"), "text")), ==,
                    "first \"one\"");
    gint64 id = store_int(w->s->db, "SELECT id FROM event WHERE data ->> 'text' LIKE 'first%'", 0, NULL, "");
    g_assert_cmpint(json_integer_value(json_object_get(event, "id")), ==, id);
    json_decref(event);
    g_autofree char *env = written(w, "env");
    g_assert_null(strstr(env, "G_TEST"));
    g_assert_nonnull(strstr(env, "PATH=/usr/local/sbin"));
    g_assert_cmpint(work(w), ==, 0); /* nothing is told twice */
    assert_written(w, "args", "a b c chat note\na b c chat task\n");
    assert_rows(&w->f, "hook", "hook_event", "");
}

/* Refused events keep their order, come again after pauses, and end as one task. */
static void
test_refused(struct world *w, gconstpointer data)
{
    (void)data;
    static const char *const pauses[] = {"10:00:30", "10:02:30", "10:10:30", "10:42:30", "12:50:30"};
    now_is(w, "2026-11-23 10:00");
    write_script(w, "chat.sh", "if test -e up; then cat >>in; else echo 'no route'; exit 3; fi");
    configure(w, chat);
    act(w, "note", "{\"text\": \"one\"}");
    act(w, "note", "{\"text\": \"two\"}");
    for (gsize i = 0; i < G_N_ELEMENTS(pauses); i++) {
        g_assert_cmpint(work(w), ==, 1);
        g_assert_cmpstr(last_failure, ==, "exit status 3: no route");
        g_assert_cmpint(work(w), ==, 0); /* not before its time */
        g_autofree char *expected = g_strdup_printf("2026-11-23 %s", pauses[i]);
        assert_instant(store_int(w->s->db, "SELECT next_at FROM hook_event WHERE attempts > 0", 0, NULL, ""),
                       expected);
        now_is(w, expected);
    }
    /* The last try, a day after it was queued; the second one's, too. */
    now_is(w, "2026-11-24 10:00");
    g_assert_cmpint(work(w), ==, 2);
    assert_rows(&w->f, "state || ' ' || attempts", "hook_event ORDER BY event_id", "failed 6;failed 1");
    assert_rows(&w->f, "kind || quote(account_id) || title", "task",
                "hook_failedNULLHook chat does not take events: `usher hooks` says why");
    /* The task is an event that the hook waits for itself. */
    g_assert_cmpint(work(w), ==, 1);
    fixture_write(&w->f, "up", "");
    gint64 count = 0;
    g_assert_true(hooks_retry(w->s, "chat", w->now_us, &count, &w->f.error));
    g_assert_cmpint(count, ==, 2);
    now_is(w, "2026-11-24 11:00");
    g_assert_cmpint(work(w), ==, 0);
    g_autofree char *in = written(w, "in");
    const char *one = strstr(in, "\"one\""), *two = strstr(in, "\"two\""), *task = strstr(in, "hook_failed");
    g_assert_true(one && two && task && one < two && two < task);
    assert_rows(&w->f, "hook", "hook_event", "");
}

/* One that fails does not stop another; one that is no longer configured is forgotten. */
static void
test_several(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-23 10:00");
    write_script(w, "bad.sh", "exit 1");
    write_script(w, "good.sh", "cat >>in; exit 0");
    configure(w, "hook bad { on = {\"note\"} run = \"./bad.sh\" }\n"
                 "hook gone { on = {\"note\"} run = \"/nowhere/at/all\" }\n"
                 "hook good { on = {\"note\"} run = \"./good.sh\" }\n");
    act(w, "note", "{\"text\": \"one\"}");
    act(w, "note", "{\"text\": \"two\"}");
    g_assert_cmpint(work(w), ==, 2);
    g_autofree char *in = written(w, "in");
    g_assert_nonnull(strstr(in, "\"two\""));
    assert_rows(&w->f, "hook || ' ' || attempts", "hook_event ORDER BY hook, event_id",
                "bad 1;bad 0;gone 1;gone 0");
    configure(w, "hook bad { on = {\"note\"} run = \"./bad.sh\" }\n");
    assert_rows(&w->f, "name", "hook", "bad");
    assert_rows(&w->f, "hook || ' ' || attempts", "hook_event ORDER BY hook, event_id", "bad 1;bad 0");
}

static gboolean
is_alive(struct world *w, const char *name)
{
    g_autofree char *text = written(w, name);
    pid_t pid = (pid_t)g_ascii_strtoll(text, NULL, 10);
    g_assert_cmpint(pid, >, 1);
    return kill(pid, 0) == 0;
}

static void
test_bounded(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"exit 0", NULL},
        {"echo one; echo two; exit 7", "exit status 7: one"},
        {"kill -9 $$", "killed by signal 9"},
        {"while :; do echo 0123456789012345678901234567890123456789; done",
         "it wrote more than a mebibyte: 0123456789012345678901234567890123456789"},
        /* A child in its group, one in a session of its own, one nested in that: none outlives it. */
        {"sleep 1000 & echo $! >a; setsid sh -c 'echo $$ >b; (sleep 1000 & echo $! >c); sleep 1000' & "
         "while ! test -s c; do :; done; exit 0",
         NULL},
        {"sleep 1000 & echo $! >a; setsid sh -c 'echo $$ >b; (sleep 1000 & echo $! >c); sleep 1000' & "
         "while ! test -s c; do :; done; exec sleep 1000",
         "it took too long"},
    };
    g_autofree char *input = g_strnfill(300000, 'x'); /* more than a pipe holds, and nobody reads it */
    configure(w, "hook h { on = {\"note\"} run = \"./h.sh\" timeout = 2 }\n");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *stale = g_build_filename(w->f.dir, "c", NULL);
        g_remove(stale);
        write_script(w, "h.sh", cases[i].body);
        g_autoptr(GError) error = NULL;
        gboolean ok = hook_run(w->s->config->hooks->pdata[0], NULL, input, NULL, &error);
        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].expected);
        g_assert_cmpint(ok, ==, cases[i].expected == NULL);
        if (strstr(cases[i].body, "setsid")) {
            g_assert_false(is_alive(w, "a"));
            g_assert_false(is_alive(w, "b"));
            g_assert_false(is_alive(w, "c"));
        }
    }
}

/* All of a long input arrives. */
static void
test_input(struct world *w, gconstpointer data)
{
    (void)data;
    g_autofree char *input = g_strnfill(300000, 'x');
    configure(w, "hook h { on = {\"note\"} run = \"./h.sh\" }\n");
    write_script(w, "h.sh", "wc -c | tr -d ' \\n' >count");
    g_assert_true(hook_run(w->s->config->hooks->pdata[0], NULL, input, NULL, &w->f.error));
    assert_written(w, "count", "300000");
}

/* A service that ends does not wait for a hook, and that is no failure of the hook's. */
static void
test_stopped(struct world *w, gconstpointer data)
{
    (void)data;
    volatile gboolean stop = TRUE;
    configure(w, "hook h { on = {\"note\"} run = \"./h.sh\" timeout = 300 }\n");
    write_script(w, "h.sh", "exec sleep 1000");
    g_assert_false(hook_run(w->s->config->hooks->pdata[0], NULL, "", &stop, &w->f.error));
    assert_refused(&w->f, USHER_ERROR_TEMP, "stopped");
}

static void
test_config(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *section, *expected;
    } cases[] = {
        {"hook h { on = {\"replys\"} run = \"/bin/true\" }", "did you mean reply?"},
        {"hook h { run = \"/bin/true\" }", "needs on"},
        {"hook h { on = {\"reply\"} }", "needs run"},
        {"hook h { on = {\"reply\"} run = \"true\" }", "expected the program with its folder"},
        {"hook h { on = {\"reply\"} run = \"/bin/true 'x\" }", "run: "},
        {"hook h { on = {\"reply\"} run = \"/bin/true\" timeout = 0 }", "expected 1 to 300 seconds"},
        {"hook \"a b\" { on = {\"reply\"} run = \"/bin/true\" }", "expected a title"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *conf = g_strconcat(fixture_conf, cases[i].section, NULL);
        fixture_write(&w->f, "bad.conf", conf);
        g_autofree char *path = g_build_filename(w->f.dir, "bad.conf", NULL);
        g_assert_null(config_load(path, &w->f.error));
        assert_refused(&w->f, USHER_ERROR_CONFIG, cases[i].expected);
    }
}

#define TEST(name, func) g_test_add("/hooks/" name, struct world, NULL, world_set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as every worker does */
    TEST("told", test_told);
    TEST("refused", test_refused);
    TEST("several", test_several);
    TEST("bounded", test_bounded);
    TEST("input", test_input);
    TEST("stopped", test_stopped);
    TEST("config", test_config);
    return g_test_run();
}
