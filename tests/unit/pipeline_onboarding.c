/* The shipped onboarding sequence over customers' stories: the rules of the programme, one by one. */
#include "fixture_pipeline.h"

/* As in fixture_trial.h: what happens at a time, and the account's line afterwards. */
struct move {
    const char *when, *what, *arg, *line, *why;
};

struct story {
    const char *name, *facts;
    struct move moves[12];
};

#define PAYG "\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 300"
#define MAIL(step, subject)                                                                                  \
    "{\"sequence\": \"onboarding\", \"step\": \"" step "\", \"message\": 1, \"subject\": \"" subject "\"}"
/* 2026-11-02 is a Monday; week 5 is Monday 30 November, week 8 Monday 21 December. */
#define NEW                                                                                                  \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "new_account; outreach wanted 11-02 10:00", NULL                   \
    }
#define LINE                                                                                                 \
    "; outreach sent 11-02 10:00; second_outreach scheduled 11-30 10:12; graduation scheduled 12-21 10:12"
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:12", "sent", MAIL("outreach", "One check"), "initiated" LINE, NULL                    \
    }
#define STAGE(id) "{\"sequence\": \"onboarding\", \"stage\": \"" id "\", \"why\": \"by hand\"}"

static const struct story stories[] = {
    {"eight weeks",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-30 10:12", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; second_outreach wanted 11-30 10:12; graduation scheduled 12-21 "
       "10:12",
       NULL},
      {"2026-11-30 10:13", "sent", MAIL("second_outreach", "Re: One check"),
       "initiated; outreach sent 11-02 10:00; second_outreach sent 11-30 10:12; graduation scheduled 12-21 "
       "10:12",
       NULL},
      {"2026-12-21 10:12", "sent", MAIL("graduation", "Re: One check"),
       "onboarded; outreach sent 11-02 10:00; second_outreach sent 11-30 10:12; graduation sent 12-21 10:12; "
       "survey scheduled 12-28 10:12",
       NULL}}},
    {"a check-in from day 15 to day 21",
     "{\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 500}",
     {NEW,
      WRITTEN,
      {"2026-11-16 23:59", "tick", NULL, "initiated" LINE, NULL},
      {"2026-11-17 00:00", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; check_in wanted 11-17 10:12; second_outreach scheduled 11-30 "
       "10:12; graduation scheduled 12-21 10:12",
       NULL},
      {"2026-11-23 23:59", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; check_in wanted 11-17 10:12; second_outreach scheduled 11-30 "
       "10:12; graduation scheduled 12-21 10:12",
       NULL},
      {"2026-11-24 00:00", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; check_in expired 11-17 10:12; second_outreach scheduled 11-30 "
       "10:12; graduation scheduled 12-21 10:12",
       NULL}}},
    {"no check-in below 500",
     "{" PAYG "}",
     {NEW, WRITTEN, {"2026-11-17 10:00", "tick", NULL, "initiated" LINE, NULL}}},
    {"no check-in while an invoice is unpaid",
     "{\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 900}",
     {NEW,
      WRITTEN,
      {"2026-11-16 10:00", "facts",
       "{\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 900, \"last_invoice_status\": \"failed\"}",
       "initiated" LINE, NULL},
      {"2026-11-17 10:00", "tick", NULL, "initiated" LINE, NULL}}},
    {"the deadline of the first outreach",
     "{" PAYG ", \"next_renewal\": \"2026-11-30\"}",
     {{"2026-11-02 10:00", "tick", NULL, "new_account; outreach wanted 11-16 10:00", NULL}}},
    {"a renewal that is near", "{" PAYG ", \"next_renewal\": \"2026-11-09\"}", {NEW}},
    {"below the threshold",
     "{\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 99}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL}}},
    {"too many bills", "{" PAYG ", \"bills_paid\": 4}", {{"2026-11-02 10:00", "tick", NULL, "-", NULL}}},
    {"a large first payment is for Sales",
     "{" PAYG ", \"first_payment_due\": 2000}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-03 10:00", "facts", "{" PAYG ", \"first_payment_due\": 2000, \"sales_declined\": true}",
       "new_account; outreach wanted 11-03 10:00", NULL}}},
    {"a startup plan rolls off",
     "{\"plan\": \"startup\", \"plan_ends\": \"2026-12-03\", \"first_payment_due\": 800}",
     {{"2026-11-02 23:59", "tick", NULL, "-", NULL},
      {"2026-11-03 00:00", "tick", NULL, "new_account; outreach wanted 11-03 00:00", NULL}}},
    {"a falling forecast ends nothing",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-05 10:00", "facts", "{\"plan\": \"pay_as_you_go\", \"forecast_mrr\": 5}", "initiated" LINE,
       NULL}}},
    {"by hand, whatever the plan",
     "{\"plan\": \"free\"}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-02 10:00", "enrol", NULL, "new_account; outreach wanted 11-02 10:00", NULL}}},
    {"a trace of Sales holds",
     "{" PAYG ", \"sales_owner\": \"kim\"}",
     {NEW,
      WRITTEN,
      {"2026-11-30 10:12", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; second_outreach waiting 11-30 10:12; graduation scheduled "
       "12-21 10:12",
       "hold:"},
      {"2026-12-02 10:12", "facts", "{" PAYG ", \"sales_owner\": \"kim\", \"sales_declined\": true}",
       "initiated; outreach sent 11-02 10:00; second_outreach wanted 12-02 10:12; graduation scheduled 12-21 "
       "10:12",
       NULL}}},
    {"a confirmed trace of Sales",
     "{" PAYG "}",
     {NEW, WRITTEN, {"2026-11-05 10:00", "sales_engaged", "{}", "left; outreach sent 11-02 10:00", NULL}}},
    {"a failed payment",
     "{" PAYG ", \"last_invoice_status\": \"failed\", \"next_renewal\": \"2026-12-01\"}",
     {{"2026-11-02 10:00", "tick", NULL, "new_account; failed_payment wanted 11-02 10:00", NULL},
      {"2026-11-02 10:12", "sent", MAIL("failed_payment", "Your last payment did not go through"),
       "new_account; failed_payment sent 11-02 10:00", NULL},
      {"2026-11-05 10:00", "facts",
       "{" PAYG ", \"last_invoice_status\": \"paid\", \"next_renewal\": \"2026-12-01\"}",
       "new_account; failed_payment sent 11-02 10:00", "when is false"},
      {"2026-11-16 23:59", "tick", NULL, "new_account; failed_payment sent 11-02 10:00", NULL},
      {"2026-11-17 00:00", "tick", NULL,
       "new_account; outreach wanted 11-17 10:00; failed_payment sent 11-02 10:00", NULL},
      {"2026-11-17 10:00", "sent", MAIL("outreach", "One check"),
       "initiated; outreach sent 11-17 10:00; failed_payment sent 11-02 10:00; second_outreach scheduled "
       "12-15 10:00; graduation scheduled 2027-01-05 10:00",
       NULL}}},
    {"a second failed invoice is no second mail",
     "{" PAYG ", \"last_invoice_status\": \"failed\"}",
     {{"2026-11-02 10:00", "tick", NULL, "new_account; failed_payment wanted 11-02 10:00", NULL},
      {"2026-11-02 10:30", "hand_sent", "{\"opens\": 1, \"subject\": \"An outstanding amount\"}",
       "new_account", NULL},
      {"2026-12-02 10:00", "tick", NULL, "new_account", NULL}}},
    {"an unanswered customer first",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-28 10:00", "replied", "{}", "initiated" LINE, NULL},
      {"2026-11-30 10:12", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; second_outreach waiting 11-30 10:12; graduation scheduled "
       "12-21 10:12",
       "unanswered"},
      {"2026-12-01 16:00", "hand_sent", "{\"opens\": 0, \"subject\": \"Re: One check\"}",
       "initiated; outreach sent 11-02 10:00; second_outreach wanted 12-01 16:00; graduation scheduled 12-21 "
       "10:12",
       NULL}}},
    {"an absence reply is no answer",
     "{" PAYG "}",
     {NEW, WRITTEN, {"2026-11-03 10:00", "auto_replied", "{}", "initiated" LINE, NULL}}},
    {"set to Onboarded by hand",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-10 10:00", "stage_entered", STAGE("onboarded"),
       "onboarded; outreach sent 11-02 10:00; graduation scheduled 12-21 10:12", NULL},
      {"2026-11-30 10:12", "tick", NULL,
       "onboarded; outreach sent 11-02 10:00; graduation scheduled 12-21 10:12", NULL},
      {"2026-12-01 10:00", "paid_call", "{}",
       "paid_call; outreach sent 11-02 10:00; graduation scheduled 12-21 10:12", NULL},
      {"2026-12-21 10:12", "sent", MAIL("graduation", "Re: One check"),
       "paid_call; outreach sent 11-02 10:00; graduation sent 12-21 10:12; survey scheduled 12-28 10:12",
       NULL}}},
    {"never written to, no graduation",
     "{" PAYG "}",
     {NEW,
      {"2026-11-03 10:00", "stage_entered", STAGE("onboarded"), "onboarded", NULL},
      {"2027-01-22 10:00", "tick", NULL, "onboarded", NULL}}},
    {"through, once nothing is to come",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-12-21 10:12", "sent", MAIL("graduation", "Re: One check"),
       "onboarded; outreach sent 11-02 10:00; graduation sent 12-21 10:12; survey scheduled 12-28 10:12",
       NULL},
      {"2027-01-21 23:59", "tick", NULL,
       "onboarded; outreach sent 11-02 10:00; graduation sent 12-21 10:12; survey expired 12-28 10:12", NULL},
      {"2027-01-22 00:00", "tick", NULL,
       "left; outreach sent 11-02 10:00; failed_payment cancelled; check_in cancelled; second_outreach "
       "cancelled; graduation sent 12-21 10:12; survey expired 12-28 10:12; after_call cancelled; "
       "after_second_call cancelled",
       NULL}}},
    {"handed to Sales",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-10 10:00", "referral", "{\"note\": \"spends\"}",
       "sales_handoff; outreach sent 11-02 10:00; failed_payment cancelled; check_in cancelled; "
       "second_outreach cancelled; "
       "graduation cancelled; survey cancelled; after_call "
       "cancelled; after_second_call cancelled; cancelled",
       NULL}}},
    {"churned",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-10 10:00", "facts", "{" PAYG ", \"churned\": true}",
       "initiated; outreach sent 11-02 10:00; failed_payment cancelled; check_in cancelled; second_outreach "
       "cancelled; "
       "graduation cancelled; survey cancelled; after_call "
       "cancelled; after_second_call cancelled; cancelled",
       NULL}}},
    {"a call leaves the schedule as it was",
     "{" PAYG "}",
     {NEW, WRITTEN, {"2026-11-10 10:00", "paid_call", "{}", "paid_call" LINE, NULL}}},
    {"a call before the first mail",
     "{" PAYG "}",
     {NEW,
      {"2026-11-02 10:05", "paid_call", "{}", "paid_call; outreach wanted 11-02 10:00", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach", "One check"), "initiated" LINE, NULL}}},
    {"extension",
     "{" PAYG "}",
     {NEW,
      WRITTEN,
      {"2026-11-10 10:00", "extended", "{\"days\": 14}",
       "initiated; outreach sent 11-02 10:00; second_outreach scheduled 11-30 10:12; graduation scheduled "
       "2027-01-04 10:12",
       NULL}}},
    {"written to by hand",
     "{" PAYG "}",
     {NEW,
      {"2026-11-02 10:01", "draft_made", MAIL("outreach", "One check"),
       "new_account; outreach drafted 11-02 10:00", NULL},
      {"2026-11-04 15:00", "hand_sent", "{\"opens\": 1, \"subject\": \"Hello from Ana\"}",
       "initiated; second_outreach scheduled 12-02 15:00; graduation scheduled 12-23 15:00",
       "not for stage initiated"}}},
    {"the second outreach never comes after graduation",
     "{" PAYG ", \"sales_owner\": \"kim\"}",
     {NEW,
      WRITTEN,
      {"2026-12-20 10:11", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; second_outreach waiting 11-30 10:12; graduation scheduled "
       "12-21 10:12",
       NULL},
      {"2026-12-20 10:12", "tick", NULL,
       "initiated; outreach sent 11-02 10:00; second_outreach expired 11-30 10:12; graduation scheduled "
       "12-21 10:12",
       NULL}}},
};

static void
make_move(struct fixture *f, const struct program *program, gint64 id, const struct move *m, gint64 now_us)
{
    if (strcmp(m->what, "enrol") == 0)
        pipeline_enrol_by_hand(f->db, program, program->sequences->pdata[0], id, now_us, "ana", &f->error);
    else
        make_plain_move(f, program, id, m->what, m->arg, now_us);
    g_assert_no_error(f->error);
}

static void
test_story(gconstpointer data)
{
    const struct story *story = data;
    GTimeZone *zone = zone_find("Europe/Berlin", NULL);
    struct fixture f;
    fixture_set_up(&f);
    fixture_copy(&f, "sequences/facts.conf");
    fixture_copy(&f, "sequences/onboarding.conf");
    fixture_copy(&f, "sequences/segments.conf");
    fixture_copy(&f, "sequences/alerts.conf");
    scoped(program_free) struct program *program = load_program(&f, "onboarding");
    gint64 id = add_account(&f, "acme", story->facts);
    add_contact(&f, id, "a@acme.example", "owner - - Ann");
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        gint64 now_us = at(m->when);
        make_move(&f, program, id, m, now_us);
        advance_account(&f, program, id, now_us);
        g_autofree char *line = status_of(&f, program->sequences->pdata[0], id, zone);
        g_assert_cmpstr(line, ==, m->line);
        g_autofree char *reasons = reasons_of(&f, program, program->sequences->pdata[0], id, now_us);
        if (m->why && !strstr(reasons, m->why))
            g_error("no step says \"%s\": %s", m->why, reasons);
    }
    assert_replay(&f);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/onboarding/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    return g_test_run();
}
