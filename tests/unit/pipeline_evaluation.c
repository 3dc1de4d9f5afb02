/* The shipped evaluation over customers' stories: every stage, step, goal and meeting. */
#include "fixture_story.h"

#define FACTS "\"name\": \"Acme\", \"expected_contract\": 30000, \"demo_on\": \"2026-11-03\""
#define MAIL(step, subject)                                                                                  \
    "{\"sequence\": \"evaluation\", \"step\": \"" step "\", \"message\": 1, \"subject\": \"" subject "\"}"
#define STAGE(id)                                                                                            \
    "{\"sequence\": \"evaluation\", \"stage\": \"" id "\", \"why\": \"by hand\", \"by_hand\": 1}"
#define DATE(fact, day) "{\"fact\": \"" fact "\", \"value\": \"" day "\"}"
#define GOAL(id) "{\"sequence\": \"evaluation\", \"goal\": \"" id "\", \"by_hand\": 1}"
#define DEMO_TASK                                                                                            \
    "step owner Demo for Acme. Not ready after it? usher stage acme not_ready. Else: usher date acme "       \
    "kickoff "                                                                                               \
    "DATE 11-03"

static const struct story stories[] = {
    {"from the demo to the year after",
     "{" FACTS "}",
     {{"2026-11-01 10:00", "tick", NULL, "demo; demo_day open 11-03 10:00", DEMO_TASK},
      {"2026-11-03 15:00", "date_set", DATE("kickoff_on", "2026-11-09"),
       "kickoff_planned; demo_day open 11-03 10:00; kickoff_mail wanted 11-05 15:00", NULL},
      {"2026-11-05 15:00", "sent", MAIL("kickoff_mail", "For our kick-off"), NULL, NULL},
      {"2026-11-09 00:00", "tick", NULL, NULL,
       "step owner After the kick-off with Acme: partial tracking plan, code snippet, opt-out list, the "
       "agreed "
       "timeline 11-10"},
      {"2026-11-11 15:00", "date_set", DATE("tracking_live_on", "2026-11-12"), NULL, NULL},
      {"2026-11-12 00:00", "tick", NULL, NULL,
       "step owner After the kick-off with Acme: partial tracking plan, code snippet, opt-out list, the "
       "agreed "
       "timeline 11-10;step owner Working session with Acme: navigating, actions, cohorts, insights, "
       "dashboards, "
       "recordings. "
       "Then: usher stage acme working_session 11-15"},
      {"2026-11-13 15:00", "facts", "{" FACTS ", \"events_30d\": 12000, \"recordings_30d\": 40}", NULL, NULL},
      {"2026-11-16 15:00", "stage_entered", STAGE("working_session"), NULL,
       "step owner For Acme: updated tracking guidance, updated quote 11-18"},
      {"2026-11-17 10:00", "extended", "{\"days\": 7, \"sequence\": \"evaluation\"}", NULL, NULL},
      {"2026-11-22 10:00", "tick", NULL, NULL,
       "step owner For Acme: updated tracking guidance, updated quote 11-18"},
      {"2026-11-28 15:00", "tick", NULL, NULL,
       "step owner For Acme: updated tracking guidance, updated quote 11-18;step owner Acme decides by "
       "2026-11-30: "
       "usher stage acme signed or declined, or usher extend acme DAYS --note WHY 11-30"},
      {"2026-11-30 15:00", "stage_entered", STAGE("signed"), NULL,
       "meeting owner Hand Acme over to whoever looks after it from now on 11-30"},
      {"2027-02-14 15:00", "tick", NULL, NULL,
       "meeting owner Hand Acme over to whoever looks after it from now on 11-30;meeting owner Quarterly "
       "sync with "
       "Acme 2027-02-28"},
      {"2027-10-02 15:00", "tick", NULL, NULL,
       "meeting owner Hand Acme over to whoever looks after it from now on 11-30;meeting owner Quarterly "
       "sync with "
       "Acme 2027-02-28;meeting owner Yearly contract of Acme 2027-11-30"}}},
    {"not ready: a reminder, and a later check-in",
     "{" FACTS "}",
     {{"2026-11-03 10:00", "tick", NULL, "demo; demo_day open 11-03 10:00", DEMO_TASK},
      {"2026-11-03 16:00", "stage_entered", STAGE("not_ready"),
       "not_ready; demo_day expired 11-03 10:00; reminder scheduled 11-04 16:00; ask_again scheduled 11-24 "
       "16:00",
       ""},
      {"2026-11-04 16:00", "tick", NULL,
       "not_ready; demo_day expired 11-03 10:00; reminder wanted 11-04 16:00; ask_again scheduled 11-24 "
       "16:00",
       ""},
      {"2026-11-04 16:01", "sent", MAIL("reminder", "How your two-week evaluation would go"), NULL, ""},
      {"2026-11-23 16:00", "tick", NULL, NULL, "step owner Is Acme ready for an evaluation now? 11-24"},
      {"2026-11-24 16:00", "date_set", DATE("kickoff_on", "2026-11-30"), NULL, ""},
      {"2026-12-01 16:00", "tick", NULL, NULL,
       "step owner After the kick-off with Acme: partial tracking plan, code snippet, opt-out list, the "
       "agreed "
       "timeline 12-01"}}},
    {"everything seen, declined all the same",
     "{" FACTS ", \"kickoff_on\": \"2026-11-02\", \"events_30d\": 5, \"evaluation_goals_met\": [\"replay\", "
     "\"acquisition\", \"activation\"]}",
     {{"2026-11-02 10:00", "tick", NULL, NULL, NULL},
      {"2026-11-02 11:00", "goal_met", GOAL("dashboard"), NULL, NULL},
      {"2026-11-03 11:00", "done Acme has seen everything: talk about the contract", NULL, NULL, NULL},
      {"2026-11-04 11:00", "stage_entered", STAGE("declined"), NULL, ""},
      {"2026-12-04 11:00", "tick", NULL, NULL, ""}}},
    {"churned",
     "{" FACTS "}",
     {{"2026-11-03 10:00", "tick", NULL, NULL, DEMO_TASK},
      {"2026-11-04 10:00", "facts", "{" FACTS ", \"churned\": true}", NULL, ""}}},
    {"too small",
     "{\"expected_contract\": 20000, \"demo_on\": \"2026-11-03\"}",
     {{"2026-11-03 10:00", "tick", NULL, "-", ""}}},
};

static void
test_story(gconstpointer data)
{
    play_shipped("evaluation", data);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/evaluation/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    return g_test_run();
}
