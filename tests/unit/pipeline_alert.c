/* Alerts: which fire, never twice for one cause, whose they are, when they are over; calls; the file's
 * mistakes. */
#include "fixture_pipeline.h"
#include "pipeline/alert.h"

static const char facts_conf[] =
    "fact name { type = \"name\" }\nfact status { type = \"text\" }\nfact invoice { type = \"text\" }\n"
    "fact amount { type = \"number\" }\nfact renewal { type = \"date\" }\nfact spike_at { type = \"time\" }\n"
    "fact region { type = \"text\" }\nfact owner { type = \"text\" }\nfact timezone { type = \"text\" }\n";
static const char trial_conf[] =
    "sequence \"trial\" {\n  enrol = \"amount > 0\"\n  stage fresh { }\n stage written { }\n"
    "  transition w { on = \"sent\" step = \"hello\" to = \"written\" }\n"
    "  step hello { kind = \"draft\" template = \"hello.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
    "  step bye { kind = \"automatic\" template = \"bye.md\" stages = {\"written\"} due = "
    "\"add_days(written_at, 10)\" until = \"add_days(written_at, 12)\" }\n"
    "  step after { kind = \"draft\" template = \"after.md\" when = \"calls_held >= 1\" due = "
    "\"call_ended_at\" }\n"
    "}\n";
static const char alerts_conf[] =
    "alert failed { when = \"status = 'failed'\" cause = \"invoice\" closes = true assignee = \"failsafe\"\n"
    "  title = \"{{ name | default: 'The customer' }} owes {{ amount | money: '$' }}\" }\n"
    "alert large { when = \"amount >= 1000\" cause = \"renewal\" due = \"add_days(renewal, -7)\" assignee = "
    "\"sales\"\n"
    "  title = \"{{ amount | money: '$' }} on {{ renewal }}\" }\n"
    "alert spike { when = \"spike_at >= add_days(today, -14)\" cause = \"spike_at\" title = \"Spike of {{ "
    "spike_at }}\" }\n"
    "alert silent { when = \"stage = 'fresh' AND days_between(fresh_at, today) >= 7\" closes = true title = "
    "\"Since {{ fresh_at | slice: 0, 10 }}\" }\n"
    "alert stopped { when = \"bye_state = 'stopped' OR bye_state = 'expired'\" title = \"Bye was {{ "
    "bye_state }}, hello went {{ "
    "hello_sent_at }}\" }\n"
    "alert lonely { when = \"people_left = 0 AND stage = 'written'\" title = \"Nobody\" }\n"
    "alert orphaned { when = \"orphan\" closes = true title = \"No owner in {{ region }}\" assignee = "
    "\"ben\" }\n"
    "alert credit { when = \"in_creditors\" closes = true title = \"We owe them\" }\n"
    "alert other { sequence = \"other\" when = \"1\" title = \"never\" }\n";

/* What happens at a time, and then "KIND TITLE [ASSIGNEE] [done]; …" of the tasks. */
struct move {
    const char *when, *what, *arg, *tasks;
};
struct story {
    const char *name, *facts;
    struct move moves[8];
};

#define STOPPED "{\"sequence\": \"trial\", \"step\": \"bye\", \"state\": \"stopped\"}"
#define SENT "{\"sequence\": \"trial\", \"step\": \"hello\", \"message\": 1, \"subject\": \"x\"}"
#define AT_HOME "\"region\": \"emea\""

static const struct story stories[] = {
    {"once for an invoice",
     "{\"status\": \"failed\", \"invoice\": \"I-1\", \"amount\": 310.5, \"name\": \"Acme\", " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, "failed Acme owes $310.50 [ben]"},
      {"2026-11-03 10:00", "facts",
       "{\"status\": \"paid\", \"invoice\": \"I-1\", \"amount\": 310.5, " AT_HOME "}",
       "failed Acme owes $310.50 [ben] done"},
      {"2026-11-04 10:00", "facts",
       "{\"status\": \"failed\", \"invoice\": \"I-1\", \"amount\": 310.5, " AT_HOME "}",
       "failed Acme owes $310.50 [ben] done"},
      {"2026-11-05 10:00", "facts",
       "{\"status\": \"failed\", \"invoice\": \"I-2\", \"amount\": 12, " AT_HOME "}",
       "failed Acme owes $310.50 [ben] done;failed The customer owes $12 [ben]"}}},
    {"no cause, no task",
     "{\"status\": \"failed\", \"amount\": 1, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""}}},
    {"what is unknown neither fires nor closes",
     "{\"status\": \"failed\", \"invoice\": \"I-1\", \"amount\": 1, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, "failed The customer owes $1 [ben]"},
      {"2026-11-03 10:00", "facts", "{\"amount\": 1, " AT_HOME "}", "failed The customer owes $1 [ben]"}}},
    {"each renewal",
     "{\"amount\": 2000, \"renewal\": \"2026-12-01\", " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, "large $2,000 on 2026-12-01 [ana]"},
      {"2026-11-09 09:00", "tick", NULL, "large $2,000 on 2026-12-01 [ana];silent Since 2026-11-02"},
      {"2026-12-02 10:00", "facts", "{\"amount\": 2100, \"renewal\": \"2027-01-01\", " AT_HOME "}",
       "large $2,000 on 2026-12-01 [ana];silent Since 2026-11-02;large $2,100 on 2027-01-01 [ana]"}}},
    {"an account that nobody knows raises none",
     "{\"spike_at\": \"2026-11-02 08:00:00\"}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-03 10:00", "facts",
       "{\"spike_at\": \"2026-11-03T08:00:00Z\", \"amount\": 5, \"region\": \"emea\"}",
       "spike Spike of 2026-11-03 09:00:00"}}},
    {"over when the account leaves the segment it was known by",
     "{\"amount\": -5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, "credit We owe them"},
      {"2026-11-03 10:00", "facts", "{\"amount\": 0, " AT_HOME "}", "credit We owe them done"}}},
    {"a spike that is over is no news",
     "{\"spike_at\": \"2026-10-01 10:00:00\", \"amount\": 5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""}}},
    {"closes by itself when the mail goes",
     "{\"amount\": 5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-08 23:59", "tick", NULL, ""},
      {"2026-11-09 00:00", "tick", NULL, "silent Since 2026-11-02"},
      {"2026-11-09 10:00", "sent", SENT, "silent Since 2026-11-02 done"}}},
    {"how a step stands",
     "{\"amount\": 5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-02 10:12", "sent", SENT, ""},
      {"2026-11-03 10:00", "step_changed", STOPPED,
       "stopped Bye was stopped, hello went 2026-11-02 10:12:00"}}},
    {"a step that ends in the same look",
     "{\"amount\": 5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-02 10:12", "sent", SENT, ""},
      {"2026-11-14 10:12", "tick", NULL, "stopped Bye was expired, hello went 2026-11-02 10:12:00"}}},
    {"nobody is left",
     "{\"amount\": 5, " AT_HOME "}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-02 10:12", "sent", SENT, ""},
      {"2026-11-03 10:00", "suppressed", "{\"address\": \"a@acme.example\", \"reason\": \"dead_address\"}",
       "lonely Nobody"}}},
    {"nobody has the region",
     "{\"amount\": 5, \"region\": \"mars\"}",
     {{"2026-11-02 10:00", "tick", NULL, "orphaned No owner in mars [ben]"},
      {"2026-11-03 10:00", "owner_set", "{\"owner\": \"ana\"}", "orphaned No owner in mars [ben] done"}}},
};

static struct program *
set_up(struct fixture *f)
{
    fixture_set_up(f);
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", trial_conf);
    fixture_write(f, "sequences/segments.conf", "segment creditors { when = \"amount < 0\" }\n");
    fixture_write(f, "sequences/alerts.conf", alerts_conf);
    g_autofree char *conf = g_strconcat(fixture_conf, NULL);
    const char *team = strstr(conf, "team {") + strlen("team {");
    g_autofree char *text =
        g_strdup_printf("%.*s failsafe = \"ben\" sales = \"ana\"%s", (int)(team - conf), conf, team);
    fixture_load_config(f, text);
    struct program *program = program_load(f->config, &f->error);
    g_assert_no_error(f->error);
    return program;
}

static void
test_story(gconstpointer data)
{
    const struct story *story = data;
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", story->facts);
    add_contact(&f, id, "a@acme.example", "owner - - Ann");
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        make_plain_move(&f, program, id, m->what, m->arg, at(m->when));
        advance_account(&f, program, id, at(m->when));
        assert_rows(&f,
                    "kind || ' ' || title || iif(assignee IS NULL, '', ' [' || assignee || ']') || "
                    "iif(done_at IS NULL, '', ' done')",
                    "task ORDER BY id", m->tasks);
    }
    assert_journal(&f);
    fixture_tear_down(&f);
}

/* The day of a date begins with the team's window; a cause that was taken back may come again. */
static void
test_due_and_retraction(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", "{\"amount\": 2000, \"renewal\": \"2026-12-01\", " AT_HOME "}");
    pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
    assert_instant(store_int(f.db, "SELECT due_at FROM task", 0, NULL, ""), "2026-11-24 09:00:00");
    gint64 task_event = store_int(f.db, "SELECT event_id FROM task", 0, NULL, "");
    json_t *data = json_pack("{s:[I]}", "retracted", (json_int_t)task_event);
    struct event event = {
        .at_us = at("2026-11-03 10:00"), .kind = "reclassified", .actor = "ana", .data = data};
    g_assert_true(state_record(f.db, &event, &f.error));
    json_decref(data);
    pipeline_advance(f.db, program, id, at("2026-11-03 10:00"), &f.error);
    assert_rows(&f, "done_at IS NOT NULL", "task ORDER BY id", "1;0");
    assert_journal(&f);
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

/* What a customer calls himself stays on one line. */
static void
test_hostile_title(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    g_autofree char *long_id = g_strnfill(500, 'x');
    g_autofree char *facts = g_strdup_printf(
        "{\"status\": \"failed\", \"invoice\": \"%s\", \"amount\": 1, \"region\": \"emea\"}", long_id);
    gint64 id = add_account(&f, "acme", facts);
    set_facts(&f, id,
              "{\"status\": \"failed\", \"invoice\": \"I\", \"amount\": 1, \"region\": \"a\\nb\\r\\nc\"}", 2);
    pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
    assert_rows(&f, "title", "task WHERE kind = 'orphaned'", "No owner in a b c");
    set_facts(&f, id, facts, 3);
    pipeline_advance(f.db, program, id, at("2026-11-02 11:00"), &f.error);
    assert_rows(&f, "length(cause)", "alert_cause WHERE alert = 'failed' ORDER BY length(cause)", "1;200");
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

/* A call that ends makes its draft due; one that moved, when that ends; one that was cancelled, never. */
static void
test_calls(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", "{\"amount\": 5, " AT_HOME "}");
    static const struct {
        const char *when, *kind, *act, *starts;
        int minutes;
        const char *state, *wake;
    } moves[] = {
        {"2026-11-02 10:00", "booked", "new", "2026-11-03 15:00", 45, "idle", "2026-11-03 00:00:00"},
        {"2026-11-02 11:00", "booked", "accepted", "2026-11-03 15:00", 0, "idle", "2026-11-03 00:00:00"},
        {"2026-11-02 12:00", "booking_changed", "moved", "2026-11-03 16:00", 0, "idle",
         "2026-11-03 00:00:00"},
        {"2026-11-03 16:29", "note", NULL, NULL, 0, "idle", "2026-11-03 16:30:00"},
        {"2026-11-03 16:30", "note", NULL, NULL, 0, "wanted", "2026-11-04 00:00:00"},
        {"2026-11-04 10:00", "booked", "new", "2026-11-05 10:00", 0, "wanted", "2026-11-05 00:00:00"},
        {"2026-11-04 11:00", "booking_changed", "cancelled", NULL, 0, "wanted", "2026-11-05 00:00:00"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(moves); i++) {
        json_t *data = json_object();
        gint64 starts_us = moves[i].starts ? at(moves[i].starts) : 0;
        if (moves[i].act)
            json_object_set_new(data, "act", json_string(moves[i].act));
        if (starts_us)
            json_object_set_new(data, "starts_at", json_integer(starts_us));
        if (moves[i].minutes)
            json_object_set_new(data, "ends_at",
                                json_integer(starts_us + moves[i].minutes * CLOCK_MINUTE_US));
        struct event event = {.at_us = at(moves[i].when),
                              .account_id = id,
                              .kind = moves[i].kind,
                              .actor = "usher",
                              .data = data};
        g_assert_true(pipeline_advance(f.db, program, id, at(moves[i].when), &f.error));
        g_assert_true(pipeline_record(f.db, program, &event, &f.error));
        g_assert_true(pipeline_advance(f.db, program, id, at(moves[i].when), &f.error));
        json_decref(data);
        g_autofree char *state = store_text(f.db, "SELECT state FROM step WHERE step = 'after'", NULL, "");
        g_assert_cmpstr(state, ==, moves[i].state);
        gint64 wake_us = store_int(f.db, "SELECT evaluate_at FROM account", 0, NULL, "");
        assert_instant(wake_us, moves[i].wake); /* the end of the call, or a midnight before it */
    }
    assert_rows(&f, "(ends_at - starts_at) / 60000000", "call ORDER BY starts_at", "30");
    assert_journal(&f);
    fixture_tear_down(&f);
}

static const struct {
    const char *name, *file, *expected;
} refusals[] = {
    {"no when", "alert a { title = \"x\" }", "alerts.conf:1: alert \"a\" lacks when"},
    {"no title", "alert a { when = \"1\" }", "alerts.conf:1: alert \"a\" lacks title"},
    {"misspelt fact in a rule", "alert a { title = \"x\" when = \"amont > 1\" }",
     "alerts.conf:1: when of \"a\""},
    {"misspelt fact in the title", "alert a { title = \"{{ amont }}\" when = \"1\" }",
     "alerts.conf:1: title of \"a\": \"amont\" is no fact; nearest is \"amount\""},
    {"no Liquid", "alert a { title = \"{{ amount\" when = \"1\" }",
     "alerts.conf:1: title of \"a\": title:1:"},
    {"whom", "alert a { title = \"x\" when = \"1\" assignee = \"zoe\" }",
     "alerts.conf:1: assignee of \"a\": there is no specialist \"zoe\"; expected owner, failsafe, sales or a "
     "specialist"},
    {"a sequence misspelt", "alert a { title = \"x\" when = \"1\" sequence = \"trail\" }",
     "alerts.conf:1: sequence of \"a\": there is no sequence \"trail\"; nearest is \"trial\""},
    {"a kind of usher's", "alert reply { title = \"x\" when = \"1\" }",
     "usher makes tasks of this kind itself"},
    {"capital", "alert A { title = \"x\" when = \"1\" }", "expected lower-case letters"},
    {"unknown word", "alert a { titel = \"x\" when = \"1\" }", "alerts.conf:1:"},
    {"cause that is no SQL", "alert a { title = \"x\" when = \"1\" cause = \"amount +\" }",
     "alerts.conf:1: cause of \"a\""},
};

static void
test_refusals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_test_message("%s", refusals[i].name);
        struct fixture f;
        fixture_set_up(&f);
        fixture_write(&f, "sequences/facts.conf", facts_conf);
        fixture_write(&f, "sequences/trial.conf", trial_conf);
        fixture_write(&f, "sequences/alerts.conf", refusals[i].file);
        g_assert_null(program_load(f.config, &f.error));
        assert_refused(&f, USHER_ERROR_CONFIG, refusals[i].expected);
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/alert/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/alert/due-and-retraction", test_due_and_retraction);
    g_test_add_func("/pipeline/alert/hostile-title", test_hostile_title);
    g_test_add_func("/pipeline/alert/calls", test_calls);
    g_test_add_func("/pipeline/alert/refusals", test_refusals);
    return g_test_run();
}
