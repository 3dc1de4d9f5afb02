/* The shipped status lifecycle over customers' stories: every stage and every step. */
#include "fixture_story.h"

#define FACTS "\"name\": \"Acme\", \"plan\": \"pay_as_you_go\", \"forecast_mrr\": 800"
#define MAIL(step, subject)                                                                                  \
    "{\"sequence\": \"lifecycle\", \"step\": \"" step "\", \"message\": 1, \"subject\": \"" subject "\"}"
#define STAGE(id) "{\"sequence\": \"lifecycle\", \"stage\": \"" id "\", \"why\": \"by hand\", \"by_hand\": 1}"
#define NEW                                                                                                  \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "reach_out; outreach wanted 11-02 10:00", ""                       \
    }
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:12", "sent", MAIL("outreach", "One check"),                                           \
            "reach_out; outreach sent 11-02 10:00; follow_up_1 scheduled 12-02 10:00", ""                    \
    }

static const struct story stories[] = {
    {"a meeting, three bills",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-11-04 09:00", "replied", "{}",
       "ongoing; outreach sent 11-02 10:00; next_step scheduled 11-18 09:00; follow_up_1 scheduled 12-02 "
       "10:00; "
       "follow_up_3 scheduled 2027-01-26 10:00",
       ""},
      {"2026-11-05 09:00", "booked", "{\"act\": \"booked\"}",
       "meeting_scheduled; outreach sent 11-02 10:00; meeting open 11-12 09:00",
       "step owner Hold the meeting with Acme, then: usher stage acme ongoing 11-12"},
      {"2026-11-12 10:00", "stage_entered", STAGE("ongoing"),
       "ongoing; outreach sent 11-02 10:00; meeting expired 11-12 09:00; next_step scheduled 11-19 09:00; "
       "follow_up_1 "
       "scheduled 12-02 10:00; follow_up_3 scheduled 2027-01-26 10:00",
       NULL},
      {"2026-11-16 10:00", "facts", "{" FACTS ", \"bills_paid\": 1}", NULL, NULL},
      {"2026-11-20 10:00", "booked", "{\"act\": \"booked\"}", NULL,
       "step owner Hold the meeting with Acme, then: usher stage acme ongoing 11-27"},
      {"2026-11-28 10:00", "stage_entered", STAGE("follow_up"), NULL, ""},
      {"2026-12-01 10:00", "hand_sent", "{\"opens\": 0, \"subject\": \"Re: One check\"}", NULL, NULL},
      {"2026-12-16 10:00", "facts", "{" FACTS ", \"bills_paid\": 2}", NULL, NULL},
      {"2027-01-16 10:00", "facts", "{" FACTS ", \"bills_paid\": 3}", NULL, ""},
      {"2027-01-17 10:00", "tick", NULL, NULL, ""}}},
    {"silence, given up, broken",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-12-02 10:00", "sent", MAIL("follow_up_1", "Re: One check"),
       "reach_out; outreach sent 11-02 10:00; follow_up_1 sent 12-02 10:00", ""},
      {"2027-01-01 10:00", "tick", NULL,
       "reach_out; outreach sent 11-02 10:00; follow_up_1 sent 12-02 10:00; follow_up_2 wanted 2027-01-01 "
       "10:00",
       ""},
      {"2027-01-16 10:00", "tick", NULL,
       "reach_out; outreach sent 11-02 10:00; follow_up_1 sent 12-02 10:00; follow_up_2 expired 2027-01-01 "
       "10:00",
       ""},
      {"2027-01-17 23:59", "tick", NULL, NULL, ""},
      {"2027-01-18 00:00", "tick", NULL,
       "no_engagement; outreach sent 11-02 10:00; follow_up_1 sent 12-02 10:00; follow_up_2 expired "
       "2027-01-01 "
       "10:00",
       ""},
      {"2027-01-20 10:00", "replied", "{}",
       "ongoing; outreach sent 11-02 10:00; next_step scheduled 2027-02-03 10:00; follow_up_1 sent 12-02 "
       "10:00; "
       "follow_up_2 expired 2027-01-01 10:00; follow_up_3 scheduled 2027-01-26 10:00",
       ""},
      {"2027-01-26 10:00", "tick", NULL,
       "ongoing; outreach sent 11-02 10:00; next_step scheduled 2027-02-03 10:00; follow_up_1 sent 12-02 "
       "10:00; "
       "follow_up_2 expired 2027-01-01 10:00; follow_up_3 waiting 2027-01-26 10:00",
       ""},
      {"2027-02-03 10:00", "tick", NULL, NULL,
       "step owner What is next for Acme? Nobody has moved it on for two weeks 2027-02-03"}}},
    {"the first bill while we talk, and a happy end",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-11-04 09:00", "replied", "{}", NULL, NULL},
      {"2026-11-16 10:00", "facts", "{" FACTS ", \"bills_paid\": 1}",
       "follow_up; outreach sent 11-02 10:00; follow_up_1 scheduled 12-02 10:00; follow_up_3 scheduled "
       "2027-01-26 "
       "10:00; happy scheduled 12-07 10:00",
       ""},
      {"2026-12-07 10:00", "tick", NULL, NULL, "step owner Is Acme happy? Then: usher stage acme done 12-07"},
      {"2026-12-08 10:00", "stage_entered", STAGE("done"), NULL, ""}}},
    {"three bills paid, never a word",
     "{" FACTS ", \"bills_paid\": 2}",
     {NEW,
      WRITTEN,
      {"2026-11-20 10:00", "facts", "{" FACTS ", \"bills_paid\": 3}",
       "left; outreach sent 11-02 10:00; failed_payment cancelled; meeting cancelled; next_step cancelled; "
       "follow_up_1 cancelled; follow_up_2 cancelled; follow_up_3 cancelled; happy cancelled",
       ""}}},
    {"churned, and back after half a year",
     "{" FACTS "}",
     {NEW,
      {"2026-11-10 10:00", "facts", "{" FACTS ", \"churned\": true}", NULL, ""},
      {"2026-12-01 10:00", "facts", "{" FACTS ", \"churned\": false}", NULL, ""},
      {"2027-05-08 10:00", "tick", NULL, NULL, ""},
      {"2027-05-09 00:00", "tick", NULL, "reach_out; outreach wanted 2027-05-09 00:00", ""}}},
    {"a failed payment first",
     "{" FACTS ", \"last_invoice_status\": \"failed\"}",
     {{"2026-11-02 10:00", "tick", NULL, "reach_out; failed_payment wanted 11-02 10:00", ""},
      {"2026-11-02 10:12", "sent", MAIL("failed_payment", "Your last payment"),
       "reach_out; failed_payment sent 11-02 10:00", ""},
      {"2026-11-05 10:00", "facts", "{" FACTS ", \"last_invoice_status\": \"paid\"}",
       "reach_out; outreach wanted 11-02 10:00; failed_payment sent 11-02 10:00", ""},
      {"2026-11-20 10:12", "sent", MAIL("outreach", "One check"),
       "reach_out; outreach sent 11-02 10:00; failed_payment sent 11-02 10:00; follow_up_1 scheduled 12-04 "
       "10:12",
       ""}}},
};

static void
test_story(gconstpointer data)
{
    play_shipped("lifecycle", data);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/lifecycle/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    return g_test_run();
}
