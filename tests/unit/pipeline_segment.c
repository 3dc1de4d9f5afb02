/* Segments: who is in, who says so, and why; the file's mistakes; the replay. */
#include "fixture_pipeline.h"
#include "pipeline/segment.h"

static const char facts_conf[] =
    "fact plan { type = \"text\" }\nfact mrr { type = \"number\" }\nfact gone { type = \"boolean\" default = "
    "false }\nfact ends { type = \"date\" }\n";
static const char trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"in_lead\"  hold = \"in_trace\"  leave = \"sales_engaged\"\n"
    "  stage fresh { }\n stage done { }\n"
    "  transition over { on = \"referral\" to = \"done\" }\n"
    "  step hello { kind = \"automatic\" template = \"hello.md\" due = \"fresh_at\" }\n"
    "}\n";
static const char segments_conf[] =
    "segment lead { title = \"Lead\" exclude = \"sales_engaged\" when = \"NOT gone\"\n"
    "  entry big { why = \"over the threshold\" when = \"plan = 'payg' AND mrr >= 100\" }\n"
    "  entry ending { when = \"ends <= add_days(today, 30)\" } }\n"
    "segment small { when = \"in_lead AND mrr < 500\" }\n"
    "segment finished { when = \"coalesce(stage, '') = 'done'\" }\n"
    "segment trace { why = \"Sales\" when = \"plan = 'sold'\" }\n"
    "segment elsewhere { sequence = \"other\" when = \"1\" }\n";

/* What happens at a time, and then "SEGMENT WHY; …" of those it is in, by name. */
struct move {
    const char *when, *what, *arg, *in;
};
struct story {
    const char *name, *facts;
    struct move moves[8];
};

#define PAYG "\"plan\": \"payg\", \"mrr\": 300"
#define IN "lead over the threshold: plan = payg, mrr = 300"
#define SMALL "small when holds: mrr = 300, Lead (over the threshold: plan = payg, mrr = 300)"
#define HAND(segment, yes)                                                                                   \
    "{\"segment\": \"" segment "\", \"by_hand\": " yes ", \"why\": \"by hand\", \"reason\": \"by hand\"}"

static const struct story stories[] = {
    {"by rule", "{" PAYG "}", {{"2026-11-02 10:00", "tick", NULL, IN ";" SMALL}}},
    {"nobody",
     "{\"plan\": \"free\", \"mrr\": 300, \"ends\": \"2027-11-02\"}",
     {{"2026-11-02 10:00", "tick", NULL, ""}}},
    {"undecided does not enter",
     "{\"plan\": \"payg\"}",
     {{"2026-11-02 10:00", "tick", NULL, ""}, {"2026-11-03 10:00", "facts", "{" PAYG "}", IN ";" SMALL}}},
    {"undecided does not leave",
     "{" PAYG "}",
     {{"2026-11-02 10:00", "tick", NULL, IN ";" SMALL},
      {"2026-11-03 10:00", "facts", "{\"plan\": \"payg\"}", IN ";" SMALL}}},
    {"leaves when it is false",
     "{" PAYG ", \"ends\": \"2027-11-02\"}",
     {{"2026-11-02 10:00", "tick", NULL, IN ";" SMALL},
      {"2026-11-03 10:00", "facts", "{\"plan\": \"payg\", \"mrr\": 5, \"ends\": \"2027-11-02\"}", ""}}},
    {"one entry stands in for another",
     "{" PAYG "}",
     {{"2026-11-02 10:00", "tick", NULL, IN ";" SMALL},
      {"2026-11-03 10:00", "facts", "{\"plan\": \"free\", \"mrr\": 600, \"ends\": \"2026-11-20\"}", IN}}},
    {"the calendar alone",
     "{\"plan\": \"free\", \"ends\": \"2026-12-03\"}",
     {{"2026-11-02 23:59", "tick", NULL, ""},
      {"2026-11-03 00:00", "tick", NULL, "lead ending: ends = 2026-12-03"}}},
    {"by hand, whatever the rule",
     "{\"plan\": \"free\", \"mrr\": 1, \"ends\": \"2027-11-02\"}",
     {{"2026-11-02 10:00", "tick", NULL, ""},
      {"2026-11-02 11:00", "segment_entered", HAND("lead", "1"),
       "lead by hand;small when holds: mrr = 1, Lead (by hand)"},
      {"2026-11-03 10:00", "tick", NULL, "lead by hand;small when holds: mrr = 1, Lead (by hand)"},
      {"2026-11-04 10:00", "segment_by_rule", HAND("lead", "0"), ""}}},
    {"taken out by hand",
     "{" PAYG "}",
     {{"2026-11-02 10:00", "segment_left", HAND("lead", "1"), ""},
      {"2026-11-03 10:00", "tick", NULL, ""},
      {"2026-11-04 10:00", "segment_by_rule", HAND("lead", "0"), IN ";" SMALL}}},
    {"excluded, even by hand",
     "{" PAYG "}",
     {{"2026-11-02 10:00", "segment_entered", HAND("lead", "1"),
       "lead by hand;small when holds: mrr = 300, Lead (by hand)"},
      {"2026-11-03 10:00", "sales_engaged", "{\"note\": \"Kim\"}", ""}}},
    {"mirrors a stage",
     "{" PAYG "}",
     {{"2026-11-02 10:00", "tick", NULL, IN ";" SMALL},
      {"2026-11-03 10:00", "referral", "{\"note\": \"x\"}",
       "finished when holds: stage = done;" IN ";" SMALL}}},
};

static struct program *
set_up(struct fixture *f)
{
    fixture_set_up(f);
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", trial_conf);
    fixture_write(f, "sequences/segments.conf", segments_conf);
    return load_program(f, "trial");
}

static void
test_story(gconstpointer data)
{
    const struct story *story = data;
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", story->facts);
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        make_plain_move(&f, program, id, m->what, m->arg, at(m->when));
        gint64 version = store_int(f.db, "SELECT version FROM account", 0, NULL, "");
        gint64 events = events_so_far(&f);
        advance_account(&f, program, id, at(m->when));
        assert_rows(&f, "segment || ' ' || why",
                    "(SELECT * FROM segment_member WHERE member ORDER BY segment)", m->in);
        if (store_int(f.db, "SELECT MAX(id) FROM event WHERE kind LIKE 'segment%'", 0, NULL, "") > events)
            g_assert_cmpint(store_int(f.db, "SELECT version FROM account", 0, NULL, ""), >, version);
    }
    assert_journal(&f);
    fixture_tear_down(&f);
}

/* Enrolled by its segment, which it then leaves: the enrolment stays. A segment in hold says what it rests
 * on.
 */
static void
test_enrolment(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", "{" PAYG ", \"ends\": \"2027-11-02\"}");
    pipeline_advance(f.db, program, id, at("2026-11-02 08:00"), &f.error);
    assert_rows(&f, "sequence || ' ' || stage", "enrolment", "trial fresh");
    set_facts(&f, id, "{\"plan\": \"sold\", \"mrr\": 5, \"ends\": \"2027-11-02\"}", at("2026-11-02 08:30"));
    pipeline_advance(f.db, program, id, at("2026-11-02 09:30"), &f.error);
    assert_rows(&f, "state || ' ' || reason", "step", "waiting hold: trace (Sales: plan = sold)");
    assert_rows(&f, "kind || ' ' || COALESCE(data ->> 'reason', '')",
                "(SELECT * FROM event WHERE kind = 'segment_left' AND data ->> 'segment' = 'lead')",
                "segment_left no longer so: over the threshold: plan = sold, mrr = 5");
    assert_rows(&f, "sequence || ' ' || stage", "enrolment", "trial fresh");
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

/* What `usher segments --add` asks before. */
static void
test_excluded(void)
{
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", "{}");
    const struct segment *lead = program_segment(program, "lead");
    g_autofree char *rule = NULL;
    g_assert_true(segment_excluded(f.db, program, lead, id, at("2026-11-02 10:00"), &rule, &f.error));
    g_assert_null(rule);
    run_sql(&f, "UPDATE account SET sales_engaged = 1");
    g_assert_true(segment_excluded(f.db, program, lead, id, at("2026-11-02 10:00"), &rule, &f.error));
    g_assert_cmpstr(rule, ==, "sales_engaged");
    g_assert_null(program_segment(program, "leads"));
    g_assert_null(program_segment(program, "elsewhere")->home);
    fixture_tear_down(&f);
}

static const struct {
    const char *name, *file, *expected;
} refusals[] = {
    {"capital", "segment Lead { when = \"1\" }", "segments.conf:1: segment \"Lead\": expected lower-case"},
    {"twice", "segment a { }\nsegment a { }", "segments.conf:2:"},
    {"unknown word", "segment a { wen = \"1\" }", "segments.conf:1:"},
    {"misspelt fact", "segment a { }\nsegment b { when = \"mr > 1\" }", "segments.conf:2: when of \"b\""},
    {"misspelt segment", "segment a { }\nsegment b { when = \"in_aa\" }", "segments.conf:2: when of \"b\""},
    {"reads itself", "segment a { when = \"NOT in_a\" }",
     "segments.conf:1: segment \"a\" reads in_a, which stands for itself"},
    {"reads one below", "segment a {\n entry x { when = \"in_b\" } }\nsegment b { }",
     "segments.conf:2: segment \"a\" reads in_b, which stands below it"},
    {"entry without when", "segment a {\n entry x { } }",
     "segments.conf:2: entry \"x\" of segment \"a\" lacks when"},
    {"a fact of the team's", "segment a { }\nsegment plan { }", NULL},
    {"no end", "segment a {", "a } is missing"},
};

static void
test_refusals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_test_message("%s", refusals[i].name);
        struct fixture f;
        fixture_set_up(&f);
        fixture_write(&f, "sequences/facts.conf", facts_conf);
        fixture_write(&f, "sequences/trial.conf", "sequence \"trial\" {\n stage fresh { }\n}\n");
        fixture_write(&f, "sequences/segments.conf", refusals[i].file);
        scoped(program_free) struct program *program = program_load(f.config, &f.error);
        if (refusals[i].expected)
            assert_refused(&f, USHER_ERROR_CONFIG, refusals[i].expected);
        g_assert_true((program == NULL) == (refusals[i].expected != NULL));
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/segment/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/segment/enrolment", test_enrolment);
    g_test_add_func("/pipeline/segment/excluded", test_excluded);
    g_test_add_func("/pipeline/segment/refusals", test_refusals);
    return g_test_run();
}
