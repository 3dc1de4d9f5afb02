/* Simulations: what one shows, that it is the engine's own course of things, and that it changes nothing,
 * leaves nothing behind and opens no connection. */
#include "fixture_service.h"
#include "service/simulate.h"

#include <seccomp.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char *tmp_dir; /* where copies lie for a moment */

/* "11-02 10:00 mail hello", one a line, in Berlin; the caller frees. */
static char *
lines_text(const GPtrArray *lines)
{
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct simulate_line *l = lines->pdata[i];
        g_string_append_printf(all, "%s%.11s %s", i ? "\n" : "", told(l->at_us) + strlen("2026-"),
                               simulate_kind_names[l->kind]);
        const char *words[] = {l->step, l->to, l->text};
        for (gsize j = 0; j < G_N_ELEMENTS(words); j++)
            if (words[j])
                g_string_append_printf(all, " %s", words[j]);
    }
    return g_string_free(all, FALSE);
}

static GPtrArray *
play(struct world *w, const struct simulation *ask)
{
    GPtrArray *lines = simulate_run(w->s, ask, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_nonnull(lines);
    return lines;
}

#define TO_BOTH " ann@acme.example, bob@acme.example"
#define BEGUN                                                                                                \
    "11-02 10:00 stage fresh\n11-02 10:00 draft hello composed\n11-02 10:00 mail hello" TO_BOTH "\n"         \
    "11-02 10:00 stage written\n"
static const struct {
    const char *name;
    gboolean approve;
    struct {
        enum assumed_kind kind;
        const char *when;
    } assumed[2];
    const char *expected;
} courses[] = {
    {"silence", TRUE, {{0, NULL}}, BEGUN "11-12 10:00 mail nudge" TO_BOTH "\n11-12 10:00 stage done"},
    {"nobody approves", FALSE, {{0, NULL}}, "11-02 10:00 stage fresh\n11-02 10:00 draft hello composed"},
    {"an unanswered reply",
     TRUE,
     {{ASSUMED_REPLY, "2026-11-05 12:00"}},
     BEGUN "11-05 12:00 assumed ann@acme.example replies\n"
           "11-05 12:00 task Answer ann@acme.example: (assumed)\n"
           "11-12 10:00 wait nudge waiting: the customer's reply is unanswered\n"
           "12-02 10:00 wait nudge expired: its last date has passed\n"
           "12-02 10:00 task No nudge mail goes out: should the stage be done all the same? `usher stage "
           "acme done` sets it"},
    {"an answered one",
     TRUE,
     {{ASSUMED_REPLY, "2026-11-05 12:00"}, {ASSUMED_ANSWER, "2026-11-13 11:00"}},
     BEGUN "11-05 12:00 assumed ann@acme.example replies\n"
           "11-05 12:00 task Answer ann@acme.example: (assumed)\n"
           "11-12 10:00 wait nudge waiting: the customer's reply is unanswered\n"
           "11-13 11:00 assumed is answered by hand\n"
           "11-13 11:00 mail nudge ann@acme.example\n11-13 11:00 stage done"},
    {"a bounce",
     TRUE,
     {{ASSUMED_BOUNCE, "2026-11-05 12:00"}},
     BEGUN "11-05 12:00 assumed ann@acme.example bounces\n"
           "11-12 10:00 mail nudge bob@acme.example\n11-12 10:00 stage done"},
    {"a call",
     TRUE,
     {{ASSUMED_BOOKING, "2026-11-05 12:00"}},
     BEGUN "11-05 12:00 assumed ann@acme.example books a call\n"
           "11-12 10:00 mail nudge ann@acme.example\n11-12 10:00 stage done"},
    {"no more mail",
     TRUE,
     {{ASSUMED_OPT_OUT, "2026-11-05 12:00"}},
     BEGUN "11-05 12:00 assumed ann@acme.example opts out\n"
           "11-05 12:00 wait the account on hold: ann@acme.example asked for no more mail: look at the "
           "account\n"
           "11-05 12:00 task ann@acme.example asked for no more mail: look at the account\n"
           "11-12 10:00 wait nudge waiting: on hold: ann@acme.example asked for no more mail: look at "
           "the account\n"
           "12-02 10:00 wait nudge expired: its last date has passed\n"
           "12-02 10:00 task No nudge mail goes out: should the stage be done all the same? `usher stage "
           "acme done` sets it"},
    {"a bounce of nothing",
     FALSE,
     {{ASSUMED_BOUNCE, "2026-11-05 12:00"}},
     "11-02 10:00 stage fresh\n11-02 10:00 draft hello composed\n"
     "11-05 12:00 assumed bounce: no mail has gone out yet"},
};

static void
test_courses(struct world *w, gconstpointer data)
{
    (void)data;
    /* The facts are a day old, and stay that fresh. */
    fixture_write(
        &w->f, "templates/nudge.md",
        "Subject: Open questions\nThread: follow\nMax-Age: 5 days\n\nAbout {{ forecast_mrr | floor }}\n");
    now_is(w, "2026-11-02 10:00");
    for (gsize i = 0; i < G_N_ELEMENTS(courses); i++) {
        g_autoptr(GArray) assumed = g_array_new(FALSE, FALSE, sizeof(struct assumed));
        for (gsize j = 0; j < G_N_ELEMENTS(courses[i].assumed) && courses[i].assumed[j].when; j++) {
            struct assumed a = {courses[i].assumed[j].kind, w->account_id, at(courses[i].assumed[j].when)};
            g_array_append_val(assumed, a);
        }
        for (int alone = 0; alone < 2; alone++) {
            const struct simulation ask = {.from_us = w->now_us,
                                           .until_us = at("2026-12-28 10:00"),
                                           .account_id = alone ? w->account_id : 0,
                                           .approve = courses[i].approve,
                                           .assumed = assumed};
            g_test_message("%s%s", courses[i].name, alone ? ", alone" : "");
            g_autoptr(GPtrArray) lines = play(w, &ask);
            g_autofree char *text = lines_text(lines);
            g_assert_cmpstr(text, ==, courses[i].expected);
        }
        g_assert_cmpint(clock_now_us(), ==, w->now_us);
    }
}

/* The real thing, day after day, does what the simulation said. */
static void
test_comes_true(struct world *w, gconstpointer data)
{
    (void)data;
    now_is(w, "2026-11-02 10:00");
    const struct simulation ask = {.from_us = w->now_us, .until_us = at("2026-11-20 10:00"), .approve = TRUE};
    g_autoptr(GPtrArray) lines = play(w, &ask);
    g_autofree char *said = lines_text(lines);
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    tick(w, "2026-11-02 10:00");
    facts_are(w, "{\"forecast_mrr\": 512.31}");
    tick(w, "2026-11-12 09:59");
    mailboxes_read(w, 0, NULL);
    g_assert_cmpint(send_due(w, 250), ==, 0);
    tick(w, "2026-11-12 10:00");
    g_assert_cmpint(send_due(w, 250), ==, 1);
    assert_line(w, "done; hello sent 11-02 10:00; nudge sent 11-12 10:00");
    g_assert_nonnull(strstr(said, "11-12 10:00 mail nudge"));
}

static char *
bytes_of(const struct world *w)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    static const char *const endings[] = {"", "-wal"};
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *path = g_strconcat(w->s->config->database, endings[i], NULL);
        g_autofree char *bytes = NULL;
        gsize length = 0;
        if (g_file_get_contents(path, &bytes, &length, NULL))
            g_checksum_update(sum, (const guchar *)bytes, (gssize)length);
    }
    return g_strdup(g_checksum_get_string(sum));
}

static guint
files_left(void)
{
    guint n = 0;
    g_autoptr(GDir) dir = g_dir_open(tmp_dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));)
        n += g_str_has_prefix(name, "usher-simulate-") ? 1 : 0;
    return n;
}

static void
test_nothing_changes(struct world *w, gconstpointer data)
{
    (void)data;
    tick(w, "2026-11-02 10:00");
    g_autofree char *before = bytes_of(w);
    const struct simulation ask = {.from_us = w->now_us, .until_us = at("2026-12-28 10:00"), .approve = TRUE};
    g_autoptr(GPtrArray) lines = play(w, &ask);
    g_assert_cmpint(lines->len, >, 3);
    g_autofree char *after = bytes_of(w);
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpint(files_left(), ==, 0);
    tick(w, "2026-11-02 10:01"); /* and it does tell when something changed */
    act(w, "note", "{\"text\": \"x\"}");
    g_autofree char *changed = bytes_of(w);
    g_assert_cmpstr(changed, !=, before);
}

/* In a child that dies of its first socket. */
static void
test_no_socket(struct world *w, gconstpointer data)
{
    (void)data;
    if (g_getenv("USHER_VALGRIND")) {
        g_test_skip("Valgrind knows no seccomp");
        return;
    }
    now_is(w, "2026-11-02 10:00");
    const struct simulation ask = {.from_us = w->now_us, .until_us = at("2026-12-28 10:00"), .approve = TRUE};
    for (int socket_too = 0; socket_too < 2; socket_too++) {
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0) {
            scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
            if (!filter || seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 0) ||
                seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(connect), 0) || seccomp_load(filter))
                _exit(2);
            if (socket_too) /* the trap works */
                _exit(socket(1, 1, 0) < 0 ? 3 : 4);
            GPtrArray *lines = simulate_run(w->s, &ask, NULL);
            _exit(lines && lines->len > 3 ? 0 : 1);
        }
        int status;
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        if (socket_too)
            g_assert_true(WIFSIGNALED(status));
        else
            g_assert_cmpint(status, ==, 0);
    }
}

/* An edited file that need not lie in the sequences folder. */
static void
test_edited(struct world *w, gconstpointer data)
{
    (void)data;
    g_auto(GStrv) parts = g_strsplit(service_trial_conf, "written_at, 10)", 2);
    g_autofree char *edited = g_strjoinv("written_at, 14)", parts);
    fixture_write(&w->f, "edited.conf", edited);
    fixture_write(&w->f, "stranger.conf", "sequence \"other\" {\n  stage a { }\n}\n");
    tick(w, "2026-11-02 10:00");
    g_autofree char *path = g_build_filename(w->f.dir, "edited.conf", NULL);
    g_autofree char *stranger = g_build_filename(w->f.dir, "stranger.conf", NULL);
    g_autofree char *name = NULL;
    scoped(program_free) struct program *program =
        program_load_edited(w->s->config, path, &name, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpstr(name, ==, "trial");
    struct simulation ask = {
        .from_us = w->now_us, .until_us = at("2026-11-30 10:00"), .approve = TRUE, .dirty_of = name};
    g_autoptr(GPtrArray) before = play(w, &ask);
    ask.program = program;
    g_autoptr(GPtrArray) after = play(w, &ask);
    g_autofree char *old = lines_text(before);
    g_autofree char *new = lines_text(after);
    g_assert_nonnull(strstr(old, "11-12 10:00 mail nudge"));
    g_assert_nonnull(strstr(new, "11-16 10:00 mail nudge"));
    g_assert_null(program_load_edited(w->s->config, stranger, &name, &w->f.error));
    g_assert_nonnull(strstr(w->f.error->message, "one of those in force: trial"));
    g_clear_error(&w->f.error);
}

int
main(int argc, char **argv)
{
    tmp_dir = g_dir_make_tmp("usher-unit-XXXXXX", NULL);
    g_setenv("TMPDIR", tmp_dir, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add("/service/simulate/courses", struct world, NULL, world_set_up, test_courses, world_tear_down);
    g_test_add("/service/simulate/comes-true", struct world, NULL, world_set_up, test_comes_true,
               world_tear_down);
    g_test_add("/service/simulate/nothing-changes", struct world, NULL, world_set_up, test_nothing_changes,
               world_tear_down);
    g_test_add("/service/simulate/no-socket", struct world, NULL, world_set_up, test_no_socket,
               world_tear_down);
    g_test_add("/service/simulate/edited", struct world, NULL, world_set_up, test_edited, world_tear_down);
    int rc = g_test_run();
    fixture_remove(tmp_dir);
    g_free(tmp_dir);
    return rc;
}
