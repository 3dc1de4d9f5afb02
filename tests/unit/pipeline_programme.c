/* What programmes are made of besides mails: stages by hand and at the end, time, bills, tasks, goals,
 * meetings, coming back, and keeping out of one another. After every move the account is advanced a second
 * time, which must change nothing; at the end of every story the journal is replayed. */
#include "fixture_story.h"

static const char facts_conf[] =
    "fact plan { type = \"text\" }\nfact name { type = \"name\" }\nfact wanted { type = \"boolean\" default "
    "= false "
    "}\nfact again { type = \"boolean\" default = false }\nfact churned { type = \"boolean\" default = false "
    "}\n"
    "fact bills_paid { type = \"integer\" default = 0 }\nfact next_renewal { type = \"date\" }\n"
    "fact events { type = \"number\" }\nfact kickoff_on { type = \"date\" }\n";

static const char trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"wanted\"  leave = \"plan = 'sales'\"  not_while = {\"other\"}\n"
    "  reenter = \"again AND days_between(ended_at, today) >= 3\"\n"
    "  ends = \"add_days(kickoff_on, 14)\"\n"
    "  stage fresh { }\n stage written { }\n stage talking { label = \"3a\" }\n stage met { by_hand = true "
    "}\n"
    "  stage waiting { }\n stage signed { }\n stage over { final = true }\n"
    "  stage gone { outside = true cancels = true final = true }\n"
    "  transition written { on = \"sent\" stages = {\"fresh\"} to = \"written\" }\n"
    "  transition answered { on = \"replied\" stages = {\"written\", \"waiting\"} to = \"talking\" }\n"
    "  transition third { on = \"paid\" to = \"over\" when = \"bills_paid >= 3\" }\n"
    "  transition lost { on = \"churned\" to = \"gone\" }\n"
    "  transition near { on = \"time\" stages = {\"written\", \"talking\"} to = \"waiting\"\n"
    "    when = \"bills_paid >= 1 AND today >= add_days(next_renewal, -10)\" }\n"
    "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
    "  step prepare { kind = \"task\" title = \"Prepare the call with {{ name }}\" stages = {\"talking\"}\n"
    "    once = \"stage\" assignee = \"ben\" due = \"add_days(talking_at, 1)\" }\n"
    "  step look { kind = \"task\" title = \"Look at it\" stages = {\"written\"} ahead = \"2 days\"\n"
    "    due = \"add_days(written_at, 5)\" until = \"add_days(written_at, 9)\" }\n"
    "  step decide { kind = \"task\" title = \"{{ name }} decides\" due = \"ends_at\" ahead = \"1 day\" }\n"
    "  goal events_arriving { title = \"Events arrive\" when = \"events > 0\" }\n"
    "  goal dashboard { title = \"A dashboard\" }\n"
    "  step cheer { kind = \"task\" title = \"All seen\" when = \"goal_events_arriving AND goal_dashboard\" "
    "due = "
    "\"today\" }\n"
    "  meeting sync { title = \"Sync with {{ name }}\" every = \"3 months\" start = \"signed_at\" }\n"
    "  meeting handover { title = \"Hand over\" every = \"once\" owner = \"sales\" start = \"signed_at\" }\n"
    "}\n";

static const char other_conf[] =
    "sequence \"other\" {\n  enrol = \"plan = 'other'\"\n  reenter = \"never\"\n  stage in { }\n"
    "  stage out { final = true }\n}\n";

#define STAGE(id) "{\"sequence\": \"trial\", \"stage\": \"" id "\", \"why\": \"by hand\", \"by_hand\": 1}"
#define SENT "{\"sequence\": \"trial\", \"step\": \"hello\", \"message\": 1, \"subject\": \"Hello\"}"
#define GOAL(id) "{\"sequence\": \"trial\", \"goal\": \"" id "\", \"by_hand\": 1}"
#define ACME "\"wanted\": true, \"name\": \"Acme\""
#define IN                                                                                                   \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "fresh; hello wanted 11-02 10:00", ""                              \
    }
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:30", "sent", SENT, "written; hello sent 11-02 10:00; look scheduled 11-07 10:30", ""  \
    }

static const struct story stories[] = {
    {"a task waits for its day, and is over after its last",
     "{" ACME "}",
     {IN,
      WRITTEN,
      {"2026-11-05 10:29", "tick", NULL, "written; hello sent 11-02 10:00; look scheduled 11-07 10:30", ""},
      {"2026-11-05 10:30", "tick", NULL, "written; hello sent 11-02 10:00; look open 11-07 10:30",
       "step owner Look at it 11-07"},
      {"2026-11-11 10:30", "tick", NULL, "written; hello sent 11-02 10:00; look expired 11-07 10:30", ""}}},
    {"a task is done",
     "{" ACME "}",
     {IN,
      WRITTEN,
      {"2026-11-05 10:30", "tick", NULL, NULL, "step owner Look at it 11-07"},
      {"2026-11-06 10:30", "done Look at it", NULL, "written; hello sent 11-02 10:00; look done 11-07 10:30",
       ""},
      {"2026-11-08 10:30", "tick", NULL, "written; hello sent 11-02 10:00; look done 11-07 10:30", ""}}},
    {"a task is over when the account moves on, and comes back with the stage",
     "{" ACME ", \"bills_paid\": 1, \"next_renewal\": \"2026-11-20\"}",
     {IN,
      WRITTEN,
      {"2026-11-03 09:00", "replied", "{}", "talking; hello sent 11-02 10:00; prepare open 11-04 09:00",
       "step ben Prepare the call with Acme 11-04"},
      {"2026-11-10 00:00", "tick", NULL, "waiting; hello sent 11-02 10:00; prepare expired 11-04 09:00", ""},
      {"2026-11-11 12:00", "replied", "{}", "talking; hello sent 11-02 10:00; prepare open 11-12 12:00",
       "step ben Prepare the call with Acme 11-12"},
      {"2026-11-11 13:00", "done Prepare the call with Acme", NULL,
       "talking; hello sent 11-02 10:00; prepare done 11-12 12:00", ""},
      {"2026-11-12 00:00", "tick", NULL, "talking; hello sent 11-02 10:00; prepare done 11-12 12:00", ""}}},
    {"time moves once, a person moves back",
     "{" ACME ", \"bills_paid\": 1, \"next_renewal\": \"2026-11-20\"}",
     {IN,
      WRITTEN,
      {"2026-11-09 23:59", "tick", NULL, "written; hello sent 11-02 10:00; look open 11-07 10:30", NULL},
      {"2026-11-10 00:00", "tick", NULL, "waiting; hello sent 11-02 10:00; look expired 11-07 10:30", ""},
      {"2026-11-10 09:00", "stage_entered", STAGE("written"),
       "written; hello sent 11-02 10:00; look expired 11-07 10:30", ""},
      {"2026-11-11 09:00", "tick", NULL, "written; hello sent 11-02 10:00; look expired 11-07 10:30", ""}}},
    {"time does not move who was never written to",
     "{" ACME ", \"bills_paid\": 1, \"next_renewal\": \"2026-11-08\"}",
     {IN, {"2026-11-10 00:00", "tick", NULL, "fresh; hello wanted 11-02 10:00", ""}}},
    {"the third bill ends it",
     "{" ACME ", \"bills_paid\": 1}",
     {IN,
      WRITTEN,
      {"2026-11-03 10:00", "facts", "{" ACME ", \"bills_paid\": 2}",
       "written; hello sent 11-02 10:00; look scheduled 11-07 10:30", ""},
      {"2026-11-05 10:30", "tick", NULL, NULL, "step owner Look at it 11-07"},
      {"2026-11-06 10:00", "facts", "{" ACME ", \"bills_paid\": 3}",
       "left; hello sent 11-02 10:00; prepare cancelled; look cancelled; decide cancelled; cheer cancelled; "
       "sync "
       "cancelled; handover cancelled",
       ""},
      {"2026-11-07 10:00", "replied", "{}", NULL, ""},
      {"2026-11-07 11:00", "stage_entered", STAGE("written"),
       "written; hello sent 11-02 10:00; look open 11-07 10:30", "step owner Look at it 11-07"}}},
    {"three bills at the start are no news",
     "{" ACME ", \"bills_paid\": 3}",
     {IN,
      {"2026-11-03 10:00", "facts", "{" ACME ", \"bills_paid\": 2}", "fresh; hello wanted 11-02 10:00", ""},
      {"2026-11-03 11:00", "facts", "{" ACME ", \"bills_paid\": 3}", "fresh; hello wanted 11-02 10:00", ""}}},
    {"churn ends it from any stage",
     "{" ACME "}",
     {IN,
      {"2026-11-03 10:00", "facts", "{" ACME ", \"churned\": true}",
       "left; hello cancelled; prepare cancelled; look cancelled; decide cancelled; cheer cancelled; sync "
       "cancelled; "
       "handover cancelled",
       ""}}},
    {"who comes back begins anew",
     "{" ACME ", \"again\": true}",
     {IN,
      WRITTEN,
      {"2026-11-03 10:00", "stage_entered", STAGE("over"), NULL, ""},
      {"2026-11-05 23:59", "tick", NULL, NULL, ""},
      {"2026-11-06 00:00", "tick", NULL, "fresh; hello wanted 11-06 00:00", ""}}},
    {"goals by rule and by hand",
     "{" ACME "}",
     {IN,
      {"2026-11-03 10:00", "facts", "{" ACME ", \"events\": 5}", "fresh; hello wanted 11-02 10:00", ""},
      {"2026-11-03 11:00", "goal_met", GOAL("dashboard"),
       "fresh; hello wanted 11-02 10:00; cheer open 11-03 10:00", "step owner All seen 11-03"},
      {"2026-11-03 12:00", "goal_undone", GOAL("events_arriving"),
       "fresh; hello wanted 11-02 10:00; cheer expired 11-03 10:00", ""},
      {"2026-11-04 12:00", "tick", NULL, "fresh; hello wanted 11-02 10:00; cheer expired 11-03 10:00", ""}}},
    {"the end moves",
     "{" ACME ", \"kickoff_on\": \"2026-11-03\"}",
     {{"2026-11-02 10:00", "tick", NULL, "fresh; hello wanted 11-02 10:00; decide scheduled 11-17 10:00", ""},
      {"2026-11-03 10:00", "date_set", "{\"fact\": \"kickoff_on\", \"value\": \"2026-11-05\"}",
       "fresh; hello wanted 11-02 10:00; decide scheduled 11-19 10:00", ""},
      {"2026-11-03 11:00", "extended", "{\"days\": 7, \"sequence\": \"trial\"}",
       "fresh; hello wanted 11-02 10:00; decide scheduled 11-26 10:00", ""},
      {"2026-11-03 11:01", "extended", "{\"days\": 7, \"sequence\": \"other\"}",
       "fresh; hello wanted 11-02 10:00; decide scheduled 11-26 10:00", ""},
      {"2026-11-25 10:00", "tick", NULL, "fresh; hello wanted 11-02 10:00; decide open 11-26 10:00",
       "step owner Acme decides 11-26"},
      {"2026-11-25 11:00", "extended", "{\"days\": 1, \"sequence\": \"trial\"}",
       "fresh; hello wanted 11-02 10:00; decide open 11-27 10:00", "step owner Acme decides 11-27"},
      {"2026-11-25 12:00", "date_set", "{\"fact\": \"kickoff_on\"}",
       "fresh; hello wanted 11-02 10:00; decide open 11-25 10:00", "step owner Acme decides 11-25"}}},
    {"meetings from the signing",
     "{" ACME "}",
     {IN,
      {"2026-11-30 10:00", "stage_entered", STAGE("signed"),
       "signed; sync scheduled 2027-02-28 10:00; handover open 11-30 10:00", "meeting owner Hand over 11-30"},
      {"2026-12-01 10:00", "done Hand over", NULL,
       "signed; sync scheduled 2027-02-28 10:00; handover done 11-30 10:00", ""},
      {"2027-02-14 10:00", "tick", NULL, "signed; sync open 2027-02-28 10:00; handover done 11-30 10:00",
       "meeting owner Sync with Acme 2027-02-28"},
      {"2027-03-02 10:00", "done Sync with Acme", NULL,
       "signed; sync scheduled 2027-05-30 10:00; handover done 11-30 10:00", ""},
      {"2027-12-20 10:00", "tick", NULL, "signed; sync open 2027-11-30 10:00; handover done 11-30 10:00",
       "meeting owner Sync with Acme 2027-11-30"},
      {"2027-12-21 10:00", "done Sync with Acme", NULL,
       "signed; sync scheduled 2028-02-29 10:00; handover done 11-30 10:00", ""}}},
    {"a name that holds a link is nobody's",
     "{\"wanted\": true, \"name\": \"evil.example\", \"kickoff_on\": \"2026-10-20\"}",
     {{"2026-11-02 10:00", "tick", NULL, NULL, "step owner decides 11-03"}}},
    {"by hand not while in another",
     "{\"plan\": \"other\"}",
     {{"2026-11-02 10:00", "tick", NULL, "-", ""},
      {"2026-11-02 10:01", "refused trial", "the account is in other", "-", ""},
      {"2026-11-02 10:02", "facts", "{\"plan\": \"other\", \"wanted\": true}", "-", ""},
      {"2026-11-02 10:03", "stage_entered", "{\"sequence\": \"other\", \"stage\": \"out\", \"by_hand\": 1}",
       "fresh; hello wanted 11-02 10:03", ""},
      {"2026-11-02 10:04", "refused other", "nobody enters that twice", "fresh; hello wanted 11-02 10:03",
       ""}}},
    {"nor the other way round",
     "{" ACME "}",
     {IN,
      {"2026-11-02 10:04", "refused other", "the account is in trial", "fresh; hello wanted 11-02 10:00",
       ""}}},
    {"who leaves has no tasks any more",
     "{" ACME ", \"kickoff_on\": \"2026-10-20\"}",
     {{"2026-11-02 10:00", "tick", NULL, NULL, "step owner Acme decides 11-03"},
      {"2026-11-02 11:00", "facts", "{" ACME ", \"plan\": \"sales\"}", "left", ""},
      {"2026-11-02 12:00", "refused trial", "reached: it leaves again", NULL, NULL}}},
};

static struct program *
load_both(struct fixture *f)
{
    const char *word = strstr(fixture_conf, "{\"trial\"}");
    g_autofree char *conf = g_strdup_printf("%.*s{\"trial\", \"other\"}%s", (int)(word - fixture_conf),
                                            fixture_conf, word + strlen("{\"trial\"}"));
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", trial_conf);
    fixture_write(f, "sequences/other.conf", other_conf);
    fixture_load_config(f, conf);
    struct program *program = program_load(f->config, &f->error);
    g_assert_no_error(f->error);
    return program;
}

static void
test_story(gconstpointer data)
{
    struct fixture f;
    fixture_set_up(&f);
    scoped(program_free) struct program *program = load_both(&f);
    play(&f, program, program->sequences->pdata[0], data);
    fixture_tear_down(&f);
}

/* Both want the account and count its bills: the one that it enters on the day of a bill hears of no bill,
 * the one that it was in before does. */
static void
test_bill_between_two(void)
{
    static const char late[] =
        "sequence \"other\" {\n  enrol = \"plan = 'big'\"\n  stage in { }\n stage paid { }\n"
        "  transition billed { on = \"paid\" to = \"paid\" }\n}\n",
                      early[] =
                          "sequence \"trial\" {\n  enrol = \"wanted\"\n  stage in { }\n stage paid { }\n"
                          "  transition billed { on = \"paid\" to = \"paid\" }\n}\n";
    struct fixture f;
    fixture_set_up(&f);
    GTimeZone *zone = zone_find("Europe/Berlin", NULL);
    const char *word = strstr(fixture_conf, "{\"trial\"}");
    g_autofree char *conf = g_strdup_printf("%.*s{\"other\", \"trial\"}%s", (int)(word - fixture_conf),
                                            fixture_conf, word + strlen("{\"trial\"}"));
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", early);
    fixture_write(&f, "sequences/other.conf", late);
    fixture_load_config(&f, conf);
    struct program *program = program_load(f.config, &f.error);
    g_assert_no_error(f.error);
    gint64 id = add_account(&f, "acme", "{" ACME ", \"bills_paid\": 1}");
    pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
    set_facts(&f, id, "{" ACME ", \"plan\": \"big\", \"bills_paid\": 2}", at("2026-11-03 10:00"));
    pipeline_advance(f.db, program, id, at("2026-11-03 10:00"), &f.error);
    g_assert_no_error(f.error);
    g_autofree char *entered = status_of(&f, program->sequences->pdata[0], id, zone);
    g_autofree char *was_in = status_of(&f, program->sequences->pdata[1], id, zone);
    g_assert_cmpstr(entered, ==, "in");
    g_assert_cmpstr(was_in, ==, "paid");
    assert_replay(&f);
    program_free(program);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/programme/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/programme/a bill between two sequences", test_bill_between_two);
    return g_test_run();
}
