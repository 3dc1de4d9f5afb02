/* Alerts that look through several sequences: each account through the one it is in; and the shipped alerts
 * in every programme, also where it is the only one in force. */
#include "fixture_pipeline.h"

static const char facts_conf[] = "fact amount { type = \"number\" }\nfact timezone { type = \"text\" }\n"
                                 "fact gone { type = \"boolean\" default = false }\n";
#define SEQUENCE(name, rule)                                                                                 \
    "sequence \"" name "\" {\n enrol = \"" rule "\"\n leave = \"gone\"\n stage fresh { }\n stage " name      \
    "_done { }\n transition t { on = \"referral\" to = \"" name "_done\" }\n}\n"

static struct program *
load_two(struct fixture *f, const char *sequences, const char *alerts)
{
    fixture_set_up(f);
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/one.conf", SEQUENCE("one", "amount = 1"));
    fixture_write(f, "sequences/two.conf", SEQUENCE("two", "amount = 2"));
    fixture_write(f, "sequences/alerts.conf", alerts);
    g_auto(GStrv) parts = g_strsplit(fixture_conf, "{\"trial\"}", 2);
    g_autofree char *conf = g_strjoin(sequences, parts[0], parts[1], NULL);
    fixture_load_config(f, conf);
    return program_load(f->config, &f->error);
}

#define BOTH "sequence = {\"one\", \"two\"} "
#define assert_tasks(f, expected)                                                                            \
    assert_rows(f, "title || iif(done_at IS NULL, '', ' done')", "task ORDER BY id", expected)

/* Who is in the second is not seen through the first, which would close what the second made. */
static void
test_home(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = load_two(
        &f, "{\"one\", \"two\"}",
        "alert busy { " BOTH "when = \"stage IS NOT NULL\" title = \"In {{ stage }}\" closes = true }\n"
        "alert idle { " BOTH "when = \"coalesce(stage, '') = ''\" title = \"Nowhere\" closes = true }\n");
    g_assert_no_error(f.error);
    gint64 id = add_account(&f, "acme", "{\"amount\": 2}");
    advance_account(&f, program, id, at("2026-11-02 10:00"));
    assert_tasks(&f, "In fresh");
    set_facts(&f, id, "{\"amount\": 2, \"gone\": true}", at("2026-11-03 10:00"));
    advance_account(&f, program, id, at("2026-11-03 10:00"));
    assert_tasks(&f, "In fresh done;Nowhere");
    assert_journal(&f);
    fixture_tear_down(&f);
}

/* In force as soon as one of its sequences is. */
static void
test_in_force(void)
{
    static const struct {
        const char *sequences, *tasks;
    } cases[] = {{"{\"one\"}", ""}, {"{\"two\"}", "Here"}, {"{\"one\", \"two\"}", "Here"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fixture f;
        scoped(program_free) struct program *program =
            load_two(&f, cases[i].sequences,
                     "alert here { " BOTH "when = \"stage = 'fresh'\" title = \"Here\" }\n"
                     "alert far { sequence = {\"three\"} when = \"1\" title = \"Never\" }\n"
                     "alert old { sequence = \"one\" when = \"stage = 'two_done'\" title = \"Never\" }\n");
        g_assert_no_error(f.error);
        gint64 id = add_account(&f, "acme", "{\"amount\": 2}");
        advance_account(&f, program, id, at("2026-11-02 10:00"));
        assert_tasks(&f, cases[i].tasks);
        fixture_tear_down(&f);
    }
}

static void
test_refused(void)
{
    static const struct {
        const char *sequences, *alert, *expected;
    } cases[] = {
        {"{\"two\"}", "when = \"one_done_at IS NULL\" title = \"x\"", "alerts.conf:3: when of \"a\""},
        {"{\"one\"}", "when = \"two_done_at IS NULL\" title = \"x\"", "alerts.conf:3: when of \"a\""},
        {"{\"one\"}", "title = \"x\"", "alert \"a\" lacks when"},
        {"{\"one\"}", "sequence = {\"one\"}", "\"sequence\" is set twice"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fixture f;
        g_autofree char *alerts = g_strconcat("alert a {\n" BOTH "\n", cases[i].alert, "\n}\n", NULL);
        g_assert_null(load_two(&f, cases[i].sequences, alerts));
        assert_refused(&f, USHER_ERROR_CONFIG, cases[i].expected);
        fixture_tear_down(&f);
    }
}

/* ---- the shipped ones ---- */

#define LEAD "\"plan\": \"pay_as_you_go\", \"bills_paid\": 0, \"region\": \"emea\", "
#define RICH LEAD "\"forecast_mrr\": 1800, \"mrr_last_month\": 1700, \"first_bill_on\": \"2026-11-20\""
#define PROSPECT                                                                                             \
    "\"expected_contract\": 30000, \"demo_on\": \"2026-11-02\", \"kickoff_on\": \"2026-11-02\", "            \
    "\"forecast_mrr\": 1800, \"region\": \"emea\""

static const struct {
    const char *name, *sequence, *facts;
    const char *kind, *data; /* what happens on 2026-11-02 at 10:12; NULL: nothing */
    const char *when;        /* and then it is */
    const char *expected;    /* among the kinds of its tasks */
    const char *due;         /* NULL: not looked at */
} shipped[] = {
    {"first bill", "onboarding-detailed", "{" RICH "}", "sent",
     "{\"sequence\": \"onboarding-detailed\", \"step\": \"outreach\", \"message\": 1, \"subject\": \"x\"}",
     "2026-11-20 00:00", "first_bill_of_high_spender", NULL},
    {"first bill, lifecycle", "lifecycle", "{" RICH "}", "sent",
     "{\"sequence\": \"lifecycle\", \"step\": \"outreach\", \"message\": 1, \"subject\": \"x\"}",
     "2026-11-20 00:00", "first_bill_of_high_spender", NULL},
    {"paid call", "onboarding-detailed", "{" RICH "}", "paid_call", "{}", "2026-11-02 11:00", "paid_call",
     NULL},
    {"paid call, lifecycle", "lifecycle", "{" RICH "}", "paid_call", "{}", "2026-11-02 11:00", "paid_call",
     NULL},
    {"paid call, evaluation", "evaluation", "{" PROSPECT "}", "paid_call", "{}", "2026-11-02 11:00",
     "paid_call", NULL},
    {"missed call, evaluation", "evaluation", "{" PROSPECT "}", "paid_call_missed", "{}", "2026-11-02 11:00",
     "paid_call_missed", NULL},
    {"look again", "onboarding-detailed", "{" LEAD "\"forecast_mrr\": 800, \"mrr_growth_mom\": 0.2}",
     "stage_entered",
     "{\"sequence\": \"onboarding-detailed\", \"stage\": \"onboarded_engaged\", \"why\": \"by hand\", "
     "\"by_hand\": 1}",
     "2026-11-02 11:00", "look_again_elsewhere", "2026-12-02 09:00:00"},
    {"hand-over", "onboarding-detailed", "{" RICH "}", "sent",
     "{\"sequence\": \"onboarding-detailed\", \"step\": \"outreach\", \"message\": 1, \"subject\": \"x\"}",
     "2026-11-02 11:00", "handoff_candidate_elsewhere", NULL},
    {"shared channel", "onboarding-detailed", "{" RICH "}", "sent",
     "{\"sequence\": \"onboarding-detailed\", \"step\": \"outreach\", \"message\": 1, \"subject\": \"x\"}",
     "2026-11-02 11:00", "shared_channel", NULL},
    {"shared channel, evaluation", "evaluation", "{" PROSPECT "}", NULL, NULL, "2026-11-02 11:00",
     "shared_channel", NULL},
    {"nobody left, evaluation", "evaluation", "{" PROSPECT "}", "suppressed",
     "{\"address\": \"a@acme.example\", \"reason\": \"by hand\"}", "2026-11-02 11:00",
     "nobody_left_elsewhere", NULL},
    {"renewal", "lifecycle", "{" LEAD "\"forecast_mrr\": 600, \"next_renewal\": \"2026-11-12\"}", NULL, NULL,
     "2026-11-02 11:00", "renewal_without_outreach", NULL},
    {"seven days", "onboarding-detailed", "{" LEAD "\"forecast_mrr\": 600}", NULL, NULL, "2026-11-09 00:00",
     "seven_days_without_outreach", NULL},
};

/* The programme alone, and with the default one in force behind it. */
static void
test_shipped(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    static const char *const files[] = {
        "facts", "onboarding", "onboarding-detailed", "lifecycle", "evaluation", "segments", "alerts"};
    for (int both = 0; both < 2; both++) {
        struct fixture f;
        fixture_set_up(&f);
        for (gsize k = 0; k < G_N_ELEMENTS(files); k++) {
            g_autofree char *path = g_strdup_printf("sequences/%s.conf", files[k]);
            fixture_copy(&f, path);
        }
        g_autofree char *names = g_strconcat("\"", shipped[i].sequence, both ? "\", \"onboarding" : "", NULL);
        g_auto(GStrv) parts = g_strsplit(fixture_conf, "\"trial", 2);
        g_autofree char *conf = g_strjoin(names, parts[0], parts[1], NULL);
        fixture_load_config(&f, conf);
        scoped(program_free) struct program *program = program_load(f.config, &f.error);
        g_assert_no_error(f.error);
        gint64 id = add_account(&f, "acme", shipped[i].facts);
        add_contact(&f, id, "a@acme.example", "owner - - Ann");
        advance_account(&f, program, id, at("2026-11-02 10:00"));
        if (shipped[i].kind)
            record_event(&f, program, id, shipped[i].kind, shipped[i].data, at("2026-11-02 10:12"));
        advance_account(&f, program, id, at(shipped[i].when));
        g_autofree char *kinds = ask(&f, "kind", "task WHERE done_at IS NULL");
        g_auto(GStrv) list = g_strsplit(kinds, ";", -1);
        if (!g_strv_contains((const char *const *)list, shipped[i].expected))
            g_error("no %s: %s", shipped[i].expected, kinds);
        if (shipped[i].due)
            assert_instant(
                store_int(f.db, "SELECT due_at FROM task WHERE kind = ?", 0, NULL, "t", shipped[i].expected),
                shipped[i].due);
        assert_journal(&f);
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/alert-homes/home", test_home);
    g_test_add_func("/pipeline/alert-homes/in-force", test_in_force);
    g_test_add_func("/pipeline/alert-homes/refused", test_refused);
    for (gsize i = 0; i < G_N_ELEMENTS(shipped); i++) {
        g_autofree char *path = g_strconcat("/pipeline/alert-homes/shipped/", shipped[i].name, NULL);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_shipped);
    }
    return g_test_run();
}
