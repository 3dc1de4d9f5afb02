/* The shipped detailed onboarding over customers' stories: every stage from 1 to 6d, and every step. */
#include "fixture_story.h"

#define FACTS "\"name\": \"Acme\", \"plan\": \"pay_as_you_go\", \"forecast_mrr\": 800"
#define MAIL(step, subject)                                                                                  \
    "{\"sequence\": \"onboarding-detailed\", \"step\": \"" step                                              \
    "\", \"message\": 1, \"subject\": \"" subject "\"}"
#define STAGE(id)                                                                                            \
    "{\"sequence\": \"onboarding-detailed\", \"stage\": \"" id "\", \"why\": \"by hand\", \"by_hand\": 1}"
#define NEW                                                                                                  \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "new_account; outreach wanted 11-02 10:00", ""                     \
    }
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:12", "sent", MAIL("outreach", "One check"), "initiated; outreach sent 11-02 10:00",   \
            ""                                                                                               \
    }
#define CANCELLED(out)                                                                                       \
    "left; " out "failed_payment cancelled; offer_call cancelled; first_call cancelled; second_call_due "    \
    "cancelled; after_intro_call cancelled; after_second_call cancelled; offer_homework cancelled; "         \
    "homework_mail cancelled; final_check cancelled; decide cancelled"

static const struct story stories[] = {
    {"two calls, homework, engaged",
     "{" FACTS ", \"next_renewal\": \"2026-11-16\"}",
     {{"2026-11-02 10:00", "tick", NULL, "new_account; outreach wanted 11-02 10:00", ""},
      WRITTEN,
      {"2026-11-04 09:00", "replied", "{}",
       "engaged_email; outreach sent 11-02 10:00; offer_call open 11-06 09:00",
       "step owner Offer Acme a first call 11-06"},
      {"2026-11-06 11:00", "booked", "{\"act\": \"booked\"}",
       "call_booked; outreach sent 11-02 10:00; offer_call expired 11-06 09:00; first_call open 11-13 11:00",
       "step owner Hold the first call with Acme, then: usher stage acme intro_call 11-13"},
      {"2026-11-12 15:00", "stage_entered", STAGE("intro_call"),
       "intro_call; outreach sent 11-02 10:00; offer_call expired 11-06 09:00; first_call expired 11-13 "
       "11:00; "
       "second_call_due scheduled 11-30 10:12; after_intro_call wanted 11-12 15:00",
       ""},
      {"2026-11-12 16:00", "sent", MAIL("after_intro_call", "Notes"), NULL, ""},
      {"2026-11-23 10:12", "tick", NULL, NULL,
       "step owner Hold the second call with Acme, then: usher stage acme second_call 11-30"},
      {"2026-11-30 15:00", "stage_entered", STAGE("second_call"),
       "second_call; outreach sent 11-02 10:00; offer_call expired 11-06 09:00; first_call expired 11-13 "
       "11:00; "
       "second_call_due expired 11-30 10:12; after_intro_call sent 11-12 15:00; after_second_call wanted "
       "11-30 "
       "15:00; offer_homework open 12-07 10:12",
       "step owner Homework for Acme? Then: usher stage acme homework 12-07"},
      {"2026-12-01 10:00", "sent", MAIL("after_second_call", "Notes"), NULL, NULL},
      {"2026-12-02 10:00", "stage_entered", STAGE("homework"),
       "homework; outreach sent 11-02 10:00; offer_call expired 11-06 09:00; first_call expired 11-13 11:00; "
       "second_call_due expired 11-30 10:12; after_intro_call sent 11-12 15:00; after_second_call sent 11-30 "
       "15:00; offer_homework expired 12-07 10:12; homework_mail wanted 12-02 10:00",
       ""},
      {"2026-12-02 11:00", "sent", MAIL("homework_mail", "Steps"), NULL, NULL},
      {"2026-12-06 00:00", "facts", "{" FACTS ", \"next_renewal\": \"2026-12-16\"}",
       "final_outreach; outreach sent 11-02 10:00; offer_call expired 11-06 09:00; first_call expired 11-13 "
       "11:00; second_call_due expired 11-30 10:12; after_intro_call sent 11-12 15:00; after_second_call "
       "sent "
       "11-30 15:00; offer_homework expired 12-07 10:12; homework_mail sent 12-02 10:00; final_check wanted "
       "12-06 "
       "00:00; decide scheduled 12-20 00:00",
       ""},
      {"2026-12-18 00:00", "tick", NULL, NULL,
       "step owner Close Acme: usher stage acme onboarded_engaged 12-20"},
      {"2026-12-18 12:00", "stage_entered", STAGE("onboarded_engaged"),
       "left; outreach sent 11-02 10:00; failed_payment cancelled; offer_call expired 11-06 09:00; "
       "first_call "
       "expired 11-13 11:00; second_call_due expired 11-30 10:12; after_intro_call sent 11-12 15:00; "
       "after_second_call sent 11-30 15:00; offer_homework expired 12-07 10:12; homework_mail sent 12-02 "
       "10:00; "
       "final_check cancelled; decide cancelled",
       ""}}},
    {"silent: from 2 to 5, then 6a",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-12-17 23:59", "tick", NULL, "initiated; outreach sent 11-02 10:00", ""},
      {"2026-12-18 00:00", "tick", NULL,
       "final_outreach; outreach sent 11-02 10:00; final_check wanted 12-18 00:00; decide scheduled "
       "2027-01-01 "
       "00:00",
       ""},
      {"2026-12-18 10:00", "sent", MAIL("final_check", "Anything left"), NULL, ""},
      {"2026-12-19 10:00", "replied", "{}",
       "final_outreach; outreach sent 11-02 10:00; final_check sent 12-18 00:00; decide scheduled 2027-01-01 "
       "00:00",
       ""},
      {"2027-01-02 10:00", "stage_entered", STAGE("onboarded_silent"), NULL, ""}}},
    {"the renewal of the first period is passed over",
     "{" FACTS ", \"next_renewal\": \"2026-11-10\"}",
     {NEW,
      WRITTEN,
      {"2026-11-08 10:00", "tick", NULL, "initiated; outreach sent 11-02 10:00", ""},
      {"2026-11-10 10:00", "facts", "{" FACTS ", \"next_renewal\": \"2026-12-10\"}",
       "initiated; outreach sent 11-02 10:00", ""},
      {"2026-11-29 23:59", "tick", NULL, "initiated; outreach sent 11-02 10:00", ""},
      {"2026-11-30 00:00", "tick", NULL,
       "final_outreach; outreach sent 11-02 10:00; final_check wanted 11-30 00:00; decide scheduled 12-14 "
       "00:00",
       ""}}},
    {"never written to, never awaiting the final outreach",
     "{" FACTS "}",
     {NEW, {"2027-02-01 10:00", "tick", NULL, "new_account; outreach wanted 11-02 10:00", ""}}},
    {"booked without a word",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-11-03 10:00", "booked", "{\"act\": \"booked\"}", NULL,
       "step owner Hold the first call with Acme, then: usher stage acme intro_call 11-10"}}},
    {"a failed payment does not start it",
     "{" FACTS ", \"last_invoice_status\": \"failed\"}",
     {{"2026-11-02 10:00", "tick", NULL, "new_account; failed_payment wanted 11-02 10:00", ""},
      {"2026-11-02 10:12", "sent", MAIL("failed_payment", "Your last payment"),
       "new_account; failed_payment sent 11-02 10:00", ""},
      {"2026-11-04 10:12", "hand_sent", "{\"opens\": 1, \"subject\": \"Hello\"}",
       "initiated; failed_payment sent 11-02 10:00", ""}}},
    {"handed to Sales",
     "{" FACTS "}",
     {NEW,
      WRITTEN,
      {"2026-11-10 10:00", "referral", "{\"note\": \"spends\"}", CANCELLED("outreach sent 11-02 10:00; "),
       ""}}},
    {"churned",
     "{" FACTS "}",
     {NEW,
      {"2026-11-10 10:00", "facts", "{" FACTS ", \"churned\": true}", CANCELLED("outreach cancelled; "),
       ""}}},
};

static void
test_story(gconstpointer data)
{
    play_shipped("onboarding-detailed", data);
}

/* Homework only after a second call, 5 only for who was written to. */
static void
test_conditions(void)
{
    static const struct {
        const char *stage, *from;
        gboolean refused;
    } cases[] = {{"homework", "intro_call", TRUE},
                 {"homework", "second_call", FALSE},
                 {"final_outreach", NULL, TRUE},
                 {"final_outreach", "initiated", FALSE},
                 {"onboarded_silent", NULL, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fixture f;
        fixture_set_up(&f);
        fixture_copy(&f, "sequences/facts.conf");
        fixture_copy(&f, "sequences/onboarding.conf");
        fixture_copy(&f, "sequences/onboarding-detailed.conf");
        fixture_copy(&f, "sequences/lifecycle.conf");
        fixture_copy(&f, "sequences/evaluation.conf");
        fixture_copy(&f, "sequences/segments.conf");
        scoped(program_free) struct program *p = load_program(&f, "onboarding-detailed");
        const struct sequence *seq = p->sequences->pdata[0];
        gint64 id = add_account(&f, "acme", "{" FACTS "}"), now_us = at("2026-11-02 10:00");
        g_assert_true(pipeline_advance(f.db, p, id, now_us, &f.error));
        if (cases[i].from) {
            json_t *data =
                json_pack("{s:s, s:s, s:i}", "sequence", seq->name, "stage", cases[i].from, "by_hand", 1);
            struct event event = {
                .at_us = now_us, .account_id = id, .kind = "stage_entered", .actor = "ana", .data = data};
            g_assert_true(pipeline_record(f.db, p, &event, &f.error));
            json_decref(data);
        }
        gboolean may =
            pipeline_may_enter(f.db, p, seq, sequence_stage(seq, cases[i].stage), id, now_us, &f.error);
        g_assert_cmpint(may, ==, !cases[i].refused);
        if (cases[i].refused)
            assert_refused(&f, USHER_ERROR_NO_PERMISSION, "only where");
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/detailed/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/detailed/conditions", test_conditions);
    return g_test_run();
}
