/* Sequence files: what a good one says, and that each mistake is refused with file, line and the nearest
 * name. */
#include "pipeline/sequence.h"

#include "fixture.h"

static const char facts_conf[] = "fact plan { type = \"text\" }\nfact forecast_mrr { type = \"number\" "
                                 "}\nfact churned { type = \"boolean\" default = false }\n"
                                 "fact timezone { type = \"text\" }\nfact next_renewal { type = \"date\" }\n";

static struct program *
load(struct fixture *f, const char *text)
{
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", text);
    return program_load(f->config, &f->error);
}

/* Every file below is this with one line of its own. Line 1 is the sequence, 2 and 3 the stages, 4 the line
 * of the case. */
#define FILE_WITH(line)                                                                                      \
    "sequence \"trial\" {\n"                                                                                 \
    "stage fresh { }\n"                                                                                      \
    "stage written { title = \"Written to\" }\n" line "\n"                                                   \
    "step hello { kind = \"draft\" template = \"hello.md\" due = \"fresh_at\" }\n"                           \
    "}\n"

static const struct {
    const char *name, *text, *line, *expected;
} refusals[] = {
    {"misspelt fact", FILE_WITH("enrol = \"forecast_mr > 1\""), "trial.conf:4: enrol",
     "nearest is \"forecast_mrr\""},
    {"misspelt column of usher", FILE_WITH("step b { kind = \"draft\" template = \"b\" due = \"fresh_ta\" }"),
     "trial.conf:4: due of \"b\"", "fresh_at"},
    {"misspelt stage",
     FILE_WITH("step b { kind = \"draft\" template = \"b\" due = \"today\" stages = {\"writen\"} }"),
     "trial.conf:4:", "there is no stage \"writen\"; nearest is \"written\""},
    {"transition to nowhere", FILE_WITH("transition t { on = \"sent\" to = \"frsh\" }"),
     "trial.conf:4:", "nearest is \"fresh\""},
    {"nothing near", FILE_WITH("transition t { on = \"sent\" to = \"elsewhere\" }"),
     "trial.conf:4:", "there is no stage \"elsewhere\""},
    {"unknown event", FILE_WITH("transition t { on = \"opened\" to = \"fresh\" }"),
     "trial.conf:4:", "expected one of sent, hand_sent"},
    {"transition without stage", FILE_WITH("transition t { on = \"sent\" }"),
     "trial.conf:4:", "to: expected a stage"},
    {"transition of an unknown step",
     FILE_WITH("transition t { on = \"sent\" to = \"fresh\" step = \"helo\" }"),
     "trial.conf:4:", "no step \"helo\""},
    {"unknown option", FILE_WITH("enroll = \"1\""), "trial.conf:4:", "enroll"},
    {"option set twice", FILE_WITH("enrol = \"1\"\nenrol = \"2\""),
     "trial.conf:5:", "\"enrol\" is set twice"},
    {"stage twice", FILE_WITH("stage fresh { }"), "trial.conf:4:", "fresh"},
    {"stage with a capital", FILE_WITH("stage Fresh { }"), "trial.conf:4:", "lower-case letters"},
    {"step that begins with a digit",
     FILE_WITH("step 2nd { kind = \"draft\" template = \"b\" due = \"today\" }"),
     "trial.conf:4:", "lower-case letters"},
    {"kind", FILE_WITH("step b { kind = \"auto\" template = \"b\" due = \"today\" }"),
     "trial.conf:4:", "expected draft or automatic"},
    {"no kind", FILE_WITH("step b { template = \"b\" due = \"today\" }"),
     "trial.conf:4:", "expected draft or automatic"},
    {"audience", FILE_WITH("step b { kind = \"draft\" to = \"all\" template = \"b\" due = \"today\" }"),
     "trial.conf:4:", "owners_admins, participants or by_role"},
    {"no template", FILE_WITH("step b { kind = \"draft\" due = \"today\" }"),
     "trial.conf:4:", "templates folder"},
    {"template elsewhere", FILE_WITH("step b { kind = \"draft\" template = \"../b\" due = \"today\" }"),
     "trial.conf:4:", "templates folder"},
    {"no due", FILE_WITH("step b { kind = \"draft\" template = \"b\" }"), "trial.conf:4:", "lacks due"},
    {"late", FILE_WITH("step b { kind = \"draft\" template = \"b\" due = \"today\" late = \"later\" }"),
     "trial.conf:4:", "send within N days"},
    {"late within none",
     FILE_WITH("step b { kind = \"draft\" template = \"b\" due = \"today\" late = \"send within 0 days\" }"),
     "trial.conf:4:", "send within N days"},
    {"late within daylight",
     FILE_WITH(
         "step b { kind = \"draft\" template = \"b\" due = \"today\" late = \"send within 7 daylights\" }"),
     "trial.conf:4:", "send within N days"},
    {"a rule that asks the clock", FILE_WITH("enrol = \"plan = date('now')\""), "trial.conf:", "enrol"},
    {"a rule with a subquery", FILE_WITH("enrol = \"(SELECT 1)\""), "trial.conf:", "enrol"},
    {"double quotes make no text", FILE_WITH("enrol = 'plan = \"payg\"'"), "trial.conf:", "payg"},
    {"broken rule", FILE_WITH("step b { kind = \"draft\" template = \"b\" due = \"add_days(today\" }"),
     "trial.conf:4:", "due of \"b\""},
    {"a window that ends first", FILE_WITH("window { from = \"17:00\" to = \"09:00\" }"),
     "trial.conf:", "\"from\" before \"to\""},
    {"a window of no day", FILE_WITH("window { days = {\"monday\"} }"), "trial.conf:", "expected mon, tue"},
    {"a stage of the engine's name", FILE_WITH("stage last_sent { }\nstage engaged { }"), NULL, NULL},
    {"a transition to a stage by hand",
     FILE_WITH("stage met { by_hand = true }\ntransition t { on = \"sent\" to = \"met\" }"),
     "trial.conf:5:", "\"met\" is entered by hand only"},
    {"an earlier name that is in use", FILE_WITH("stage met { was = {\"fresh\"} }"),
     "trial.conf:4:", "was of \"met\": there is a stage \"fresh\""},
    {"an earlier name of two", FILE_WITH("stage met { was = {\"old\"} }\nstage seen { was = {\"old\"} }"),
     "trial.conf:5:", "another stage's earlier name"},
    {"time without a rule", FILE_WITH("transition t { on = \"time\" to = \"written\" }"),
     "trial.conf:4:", "reads today"},
    {"time without today",
     FILE_WITH("transition t { on = \"time\" to = \"written\" when = \"forecast_mrr > 1\" }"),
     "trial.conf:4:", "reads today"},
    {"time of a step",
     FILE_WITH("transition t { on = \"time\" to = \"written\" step = \"hello\" when = \"today > '2026'\" }"),
     "trial.conf:4:", "there is no mail"},
    {"a task without title", FILE_WITH("step b { kind = \"task\" due = \"today\" }"),
     "trial.conf:4:", "lacks title: expected what is to be done"},
    {"a title with a typing error",
     FILE_WITH("step b { kind = \"task\" title = \"At {{ forecast_mr }}\" due = \"today\" }"),
     "trial.conf:4:", "\"forecast_mr\" is no fact; nearest is \"forecast_mrr\""},
    {"a title that is no Liquid",
     FILE_WITH("step b { kind = \"task\" title = \"At {{ plan\" due = \"today\" }"),
     "trial.conf:4:", "title of \"b\""},
    {"a title with a partial",
     FILE_WITH("step b { kind = \"task\" title = \"{% include 'x' %}\" due = \"today\" }"),
     "trial.conf:4:", "no other file"},
    {"a task for nobody",
     FILE_WITH("step b { kind = \"task\" title = \"x\" assignee = \"zoe\" due = \"today\" }"),
     "trial.conf:4:", "no specialist \"zoe\"; expected owner, failsafe, sales"},
    {"a failsafe that is none",
     FILE_WITH("step b { kind = \"task\" title = \"x\" assignee = \"failsafe\" due = \"today\" }"),
     "trial.conf:4:", "names no failsafe"},
    {"a task with a template",
     FILE_WITH("step b { kind = \"task\" title = \"x\" template = \"b.md\" due = \"today\" }"),
     "trial.conf:4:", "template of \"b\": a task is no mail"},
    {"a mail with an assignee",
     FILE_WITH("step b { kind = \"draft\" template = \"b.md\" assignee = \"ana\" due = \"today\" }"),
     "trial.conf:4:", "assignee of \"b\""},
    {"a task once a week",
     FILE_WITH("step b { kind = \"task\" title = \"x\" once = \"week\" due = \"today\" }"),
     "trial.conf:4:", "expected enrolment or stage"},
    {"ahead by feeling",
     FILE_WITH("step b { kind = \"task\" title = \"x\" ahead = \"soon\" due = \"today\" }"),
     "trial.conf:4:", "ahead: \"soon\": expected days or hours"},
    {"a meeting of a step's name",
     FILE_WITH("meeting hello { title = \"x\" every = \"once\" start = \"fresh_at\" }"),
     "trial.conf:4:", "a step has this name"},
    {"a meeting every so often",
     FILE_WITH("meeting m { title = \"x\" every = \"3 moons\" start = \"fresh_at\" }"),
     "trial.conf:4:", "expected \"once\", months or years"},
    {"a meeting without a start", FILE_WITH("meeting m { title = \"x\" every = \"once\" }"),
     "trial.conf:4:", "lacks start"},
    {"a goal with a capital", FILE_WITH("goal Seen { }"),
     "trial.conf:4:", "goal \"Seen\": expected lower-case"},
    {"a goal's rule", FILE_WITH("goal seen { when = \"forecast_mr > 1\" }"), "trial.conf:4: when of \"seen\"",
     "forecast_mrr"},
    {"an end that rests on itself", FILE_WITH("ends = \"add_days(ends_at, 1)\""), "trial.conf:4: ends",
     "ends_at itself"},
    {"a rule in a section over several lines",
     FILE_WITH("step b {\n kind = \"draft\"\n template = \"b\"\n when = \"\n  forecast_mr > 1\n  AND 1\"\n"
               " due = \"fresh_at\"\n}"),
     "trial.conf:7: when of \"b\"", "forecast_mrr"},
    {"a stage in a section over several lines",
     FILE_WITH("transition t {\n on = \"sent\"\n stages = {\"fresh\",\n  \"writen\"}\n to = \"written\"\n}"),
     "trial.conf:6: stages of \"t\"", "nearest is \"written\""},
    {"a reenter rule", FILE_WITH("reenter = \"somtimes\""), "trial.conf:4: reenter", "somtimes"},
    {"excludes itself", FILE_WITH("not_while = {\"trial\"}"), "trial.conf:4: not_while", "this sequence"},
    {"excludes a stranger", FILE_WITH("not_while = {\"trail\"}"), "trial.conf:4: not_while",
     "no sequence \"trail\""},
    {"a first stage by hand", "sequence \"trial\" {\n stage a { by_hand = true }\n}\n",
     "trial.conf:2:", "the first stage is entered on enrolment"},
    {"no stage", "sequence \"trial\" {\n enrol = \"1\"\n}\n", "trial.conf:", "expected at least one stage"},
    {"another name", "sequence \"other\" {\n stage a { }\n}\n", "trial.conf:", "sequence \"trial\""},
    {"empty file", "", "trial.conf", "sequence \"trial\""},
    {"no end", "sequence \"trial\" {\n stage a { }\n", "trial.conf:", ""},
};

static void
test_refusals(void)
{
    struct fixture f;
    fixture_set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_test_message("%s", refusals[i].name);
        scoped(program_free) struct program *program = load(&f, refusals[i].text);
        if (!refusals[i].expected) {
            g_assert_no_error(f.error);
            continue;
        }
        g_assert_null(program);
        if (!strstr(f.error->message, refusals[i].line))
            g_error("%s: \"%s\" does not name %s", refusals[i].name, f.error->message, refusals[i].line);
        assert_refused(&f, USHER_ERROR_CONFIG, refusals[i].expected);
    }
    fixture_tear_down(&f);
}

static void
test_missing_files(void)
{
    struct fixture f;
    fixture_set_up(&f);
    g_assert_null(program_load(f.config, &f.error));
    assert_refused(&f, USHER_ERROR_NO_INPUT, "facts.conf");
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    g_assert_null(program_load(f.config, &f.error));
    assert_refused(&f, USHER_ERROR_NO_INPUT, "trial.conf");
    fixture_tear_down(&f);
}

static void
test_what_it_says(void)
{
    struct fixture f;
    fixture_set_up(&f);
    scoped(program_free) struct program *p = load(
        &f, "sequence \"trial\" {\n"
            "  title = \"A trial\"\n"
            "  enrol = \"\n    forecast_mrr >= 100\n    AND NOT churned\"\n"
            "  payment_words = {\"Rechnung\", \"überfällig\"}\n"
            "  window { days = {\"sat\"} from = \"10:30\" to = \"24:00\" }\n"
            "  stage fresh { }\n"
            "  stage handed { title = \"Handed over\" outside = true cancels = true }\n"
            "  stage written { line = 7 }\n"
            "  transition first { on = \"sent\" step = \"hello\" to = \"written\" when = \"NOT "
            "event_payment\" }\n"
            "  step hello { kind = \"draft\" template = \"hello.md\" due = \"fresh_at\" payment = true }\n"
            "  step later { kind = \"automatic\" to = \"participants\" template = \"l.md\" needs_answered = "
            "true\n"
            "    stages = {\"written\"} when = \"today > '2026'\" unless = \"handed_at IS NOT NULL\"\n"
            "    due = \"add_days(written_at, 3)\" until = \"add_days(written_at, 9)\" late = \"send within "
            "1 day\" }\n"
            "}\n");
    g_assert_no_error(f.error);
    const struct sequence *seq = program_sequence(p, "trial");
    g_assert_null(program_sequence(p, "onboarding"));
    g_assert_cmpstr(seq->title, ==, "A trial");
    g_assert_true(seq->has_window && seq->reads_today);
    g_assert_cmpint(seq->window.from_minute, ==, 630);
    g_assert_cmpint(seq->exclude, ==, NO_RULE);
    g_assert_cmpint(sequence_stage(seq, "fresh")->line, ==, 1);
    g_assert_cmpstr(sequence_stage(seq, "fresh")->title, ==, "fresh");
    g_assert_cmpint(sequence_stage(seq, "handed")->line, ==, 0);
    g_assert_true(sequence_stage(seq, "handed")->cancels);
    g_assert_cmpint(sequence_stage(seq, "written")->line, ==, 7);
    g_assert_null(sequence_stage(seq, "Fresh"));
    const struct step *hello = sequence_step(seq, "hello"), *later = sequence_step(seq, "later");
    g_assert_true(hello->kind == STEP_DRAFT && hello->payment && !hello->needs_answered &&
                  hello->late == LATE_ASK);
    g_assert_true(hello->audience == AUDIENCE_OWNERS_ADMINS && !*hello->stages && hello->when == NO_RULE);
    g_assert_true(later->kind == STEP_AUTOMATIC && later->audience == AUDIENCE_PARTICIPANTS &&
                  later->needs_answered && !later->payment);
    g_assert_true(later->late == LATE_SEND_WITHIN && later->late_days == 1);
    g_assert_true(later->when >= 0 && later->unless >= 0 && later->due >= 0 && later->until >= 0);

    static const struct {
        const char *subject;
        gboolean payment;
    } subjects[] = {{"Ihre RECHNUNG", TRUE},
                    {"Rechnungen", TRUE},
                    {"ÜBERFÄLLIG seit gestern", TRUE},
                    {"Your payment", FALSE},
                    {"", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++)
        g_assert_cmpint(sequence_is_payment_subject(seq, subjects[i].subject), ==, subjects[i].payment);
    fixture_tear_down(&f);
}

static void
test_default_payment_words(void)
{
    struct fixture f;
    fixture_set_up(&f);
    scoped(program_free) struct program *p = load(&f, FILE_WITH(""));
    g_assert_no_error(f.error);
    static const struct {
        const char *subject;
        gboolean payment;
    } cases[] = {{"Your last Payment", TRUE},
                 {"PAYMENTS", TRUE},
                 {"Re: outstanding invoice", TRUE},
                 {"It failed", TRUE},
                 {"Failover of your SDK", TRUE},
                 {"A pay rise", FALSE},
                 {"One check before your next bill", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(sequence_is_payment_subject(program_sequence(p, "trial"), cases[i].subject), ==,
                        cases[i].payment);
    fixture_tear_down(&f);
}

/* The stage times of one sequence may be read by the rules of another, whatever their order. */
static void
test_two_sequences(void)
{
    struct fixture f;
    fixture_set_up(&f);
    g_autofree char *conf = g_strconcat(fixture_conf, NULL);
    char *word = strstr(conf, "{\"trial\"}");
    g_autofree char *two = g_strdup_printf("%.*s{\"trial\", \"second\"}%s", (int)(word - conf), conf,
                                           word + strlen("{\"trial\"}"));
    fixture_load_config(&f, two);
    fixture_write(&f, "sequences/second.conf", "sequence \"second\" {\n stage won { }\n}\n");
    scoped(program_free) struct program *p = load(&f, FILE_WITH("exclude = \"won_at IS NOT NULL\""));
    g_assert_no_error(f.error);
    g_assert_cmpint(p->sequences->len, ==, 2);
    fixture_tear_down(&f);
}

static void
test_shipped(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_copy(&f, "sequences/facts.conf");
    fixture_copy(&f, "sequences/onboarding.conf");
    fixture_copy(&f, "sequences/segments.conf");
    fixture_copy(&f, "sequences/alerts.conf");
    g_autofree char *conf = g_strdup(fixture_conf);
    char *word = strstr(conf, "\"trial\"");
    g_autofree char *text =
        g_strdup_printf("%.*s\"onboarding\"%s", (int)(word - conf), conf, word + strlen("\"trial\""));
    fixture_load_config(&f, text);
    scoped(program_free) struct program *p = program_load(f.config, &f.error);
    g_assert_no_error(f.error);
    const struct sequence *seq = program_sequence(p, "onboarding");
    g_assert_cmpint(seq->stages->len, ==, 5);
    g_assert_cmpint(seq->steps->len, ==, 8);
    g_assert_cmpint(p->segments->len, ==, 9);
    g_assert_cmpint(p->alerts->len, ==, 16);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/sequence/refusals", test_refusals);
    g_test_add_func("/pipeline/sequence/missing-files", test_missing_files);
    g_test_add_func("/pipeline/sequence/what-it-says", test_what_it_says);
    g_test_add_func("/pipeline/sequence/payment-words", test_default_payment_words);
    g_test_add_func("/pipeline/sequence/two-sequences", test_two_sequences);
    g_test_add_func("/pipeline/sequence/shipped", test_shipped);
    return g_test_run();
}
