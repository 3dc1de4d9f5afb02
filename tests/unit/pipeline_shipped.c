/* The shipped segments.conf and alerts.conf over accounts of the programme: each alert with its figures, each
 * entry of a segment. */
#include "fixture_pipeline.h"

#define PAYG "\"plan\": \"payg\", \"region\": \"emea\", "
#define MAIL(step)                                                                                           \
    "{\"sequence\": \"onboarding\", \"step\": \"" step "\", \"message\": 1, \"subject\": \"One check\"}"
#define STEP(step, state) "{\"sequence\": \"onboarding\", \"step\": \"" step "\", \"state\": \"" state "\"}"
#define STAGE(id)                                                                                            \
    "{\"sequence\": \"onboarding\", \"stage\": \"" id "\", \"why\": \"by hand\", \"by_hand\": 1}"

struct move {
    const char *when, *what, *arg;
};
static const struct {
    const char *name, *facts;
    struct move moves[5];
    const char *tasks; /* the open ones, "KIND TITLE [ASSIGNEE] DUE" */
} alerts[] = {
    {"failed payment of a New Account",
     "{" PAYG "\"forecast_mrr\": 300, \"last_invoice_status\": \"Failed\", \"last_invoice_amount\": 310.5, "
     "\"last_invoice_due\": \"2026-10-30\"}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "failed_payment Payment failed: $310.50, due on 2026-10-30. The draft about it waits in `usher review` "
     "11-02 10:00"},
    {"a later failed invoice",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-10 10:00", "facts",
       "{" PAYG "\"forecast_mrr\": 300, \"last_invoice_status\": \"failed\", \"last_invoice_amount\": 90}"}},
     "failed_payment Payment failed: $90. No mail goes out by itself: settle it with the customer 11-10 "
     "10:00"},
    {"a large invoice, and a renewal without outreach",
     "{" PAYG "\"forecast_mrr\": 1300, \"next_invoice_amount\": 1500, \"mrr_last_month\": 900, "
     "\"next_renewal\": \"2026-11-12\"}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "large_invoice Invoice of $1,500 on 2026-11-12, last month $900: does the customer expect it? 11-05 "
     "09:00;"
     "renewal_without_outreach Renews on 2026-11-12 ($1,300 a month) and has not been written to 11-02 "
     "10:00"},
    {"seven days, and the renewal is near: asked once",
     "{" PAYG "\"forecast_mrr\": 300, \"next_renewal\": \"2026-11-20\"}",
     {{"2026-11-02 10:00", "tick", NULL}, {"2026-11-09 10:00", "tick", NULL}},
     "renewal_without_outreach Renews on 2026-11-20 ($300 a month) and has not been written to 11-09 10:00"},
    {"seven days",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL}, {"2026-11-09 00:00", "tick", NULL}},
     "seven_days_without_outreach A New Account since 2026-11-02, without outreach 11-09 00:00"},
    {"a high spender's first bill",
     "{" PAYG "\"forecast_mrr\": 1300, \"first_bill_on\": \"2026-11-20\", \"bills_paid\": 0, "
     "\"last_invoice_status\": \"open\"}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-20 00:00", "tick", NULL}},
     "check_in Check-in of week 3, until 2026-11-23: no answer so far 11-20 09:00;"
     "first_bill_of_high_spender First bill was due on 2026-11-20, forecast $1,300 a month: did it come "
     "through? So far 0 paid, last "
     "invoice open 11-23 09:00"},
    {"a spike",
     "{" PAYG "\"forecast_mrr\": 300, \"spike_metric\": \"replay\", \"spike_at\": \"2026-11-01T08:00:00Z\", "
     "\"spike_factor\": 7.5, "
     "\"spike_count\": 123456}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "usage_spike Spike of replay on 2026-11-01, 7.5 times the usual (123456): does the customer know? 11-02 "
     "10:00"},
    {"a check-in, and the customer waits for an answer",
     "{" PAYG "\"forecast_mrr\": 600}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-16 10:00", "replied", "{}"},
      {"2026-11-17 10:00", "tick", NULL}},
     "check_in Check-in of week 3, until 2026-11-23: answer their reply of 2026-11-16 first 11-17 09:00"},
    {"a check-in is over after day 21",
     "{" PAYG "\"forecast_mrr\": 600}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-17 10:00", "tick", NULL},
      {"2026-11-24 00:00", "tick", NULL}},
     ""},
    {"nobody left",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "suppressed", "{\"address\": \"a@acme.example\", \"reason\": \"dead_address\"}"}},
     "nobody_left Nobody is left to write to: find a contact, or set a stage 11-03 10:00"},
    {"late, and graduation expired",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "tick", NULL},
      {"2027-01-05 10:00", "tick", NULL}},
     "late_step The graduation mail is too late to go out by itself: `usher resume acme graduation` sends "
     "it, "
     "`usher stop acme graduation` drops it 01-05 10:00"},
    {"graduation stopped",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "step_changed", STEP("graduation", "stopped")}},
     "stage_open No graduation mail goes out: should the stage be Onboarded all the same? `usher stage acme "
     "onboarded` "
     "sets it "
     "11-03 10:00"},
    {"graduation refused, and the account is onboarded all the same",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "step_changed", STEP("graduation", "failed")},
      {"2026-11-03 10:01", "stage_entered", STAGE("onboarded")}},
     ""},
    {"a paid call",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "paid_call", "{}"}},
     "paid_call Paid call bought on 2026-11-03: run it yourself, with priority; in the programme, so the "
     "price is "
     "credited 11-03 10:00"},
    {"a paid call that was missed",
     "{" PAYG "\"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "paid_call", "{}"},
      {"2026-11-05 10:00", "paid_call_missed", "{}"}},
     "paid_call_missed The paid call was missed on 2026-11-05: credit it, and offer it again 11-05 10:00"},
    {"a lead for Sales",
     "{" PAYG
     "\"forecast_mrr\": 4000, \"first_payment_due\": 2400, \"first_payment_due_on\": \"2026-11-12\"}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "sales_lead First payment of $2,400 due on 2026-11-12: does Sales want the lead? They take it: `usher "
     "handoff "
     "acme`. They decline: `usher segments acme --add onboarding_lead` [ana] 11-02 10:00"},
    {"they decline",
     "{" PAYG "\"forecast_mrr\": 400, \"first_payment_due\": 2400, \"first_payment_due_on\": \"2026-11-12\"}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-03 10:00", "facts",
       "{" PAYG "\"forecast_mrr\": 400, \"first_payment_due\": 2400, \"sales_declined\": true}"}},
     ""},
    {"a trace of Sales",
     "{" PAYG "\"forecast_mrr\": 300, \"sales_owner\": \"Kim\", \"trial\": true}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "sales_trace Is Sales on it already? (account executive Kim, trial, see `usher show acme`) Nothing is "
     "sent until "
     "that is clear. Yes: `usher sales-engaged acme`. No: `usher segments acme --remove sales_trace` 11-02 "
     "10:00"},
    {"a trace of Sales asks one thing, however near the renewal",
     "{" PAYG "\"forecast_mrr\": 300, \"trial\": true, \"next_renewal\": \"2026-11-12\"}",
     {{"2026-11-02 10:00", "tick", NULL}, {"2026-11-10 10:00", "tick", NULL}},
     "sales_trace Is Sales on it already? (trial, see `usher show acme`) Nothing is sent until that is "
     "clear. Yes: "
     "`usher sales-engaged acme`. No: `usher segments acme --remove sales_trace` 11-02 10:00"},
    {"one for Sales, and a channel",
     "{" PAYG "\"forecast_mrr\": 1800, \"mrr_last_month\": 1200}",
     {{"2026-11-02 10:00", "tick", NULL}, {"2026-11-02 10:12", "sent", MAIL("outreach")}},
     "handoff_candidate For Sales? Forecast $1,800 a month, last month $1,200. `usher handoff acme` 11-02 "
     "10:12;"
     "shared_channel On track for $21,600 a year: open a shared chat channel 11-02 10:12"},
    {"a spike is no growth",
     "{" PAYG "\"forecast_mrr\": 1500, \"mrr_last_month\": 1200, \"spike_at\": \"2026-10-20T08:00:00Z\", "
     "\"spike_metric\": \"other\"}",
     {{"2026-11-02 10:00", "tick", NULL}, {"2026-11-02 10:12", "sent", MAIL("outreach")}},
     ""},
    {"promising at the end",
     "{" PAYG "\"forecast_mrr\": 800, \"mrr_growth_mom\": 0.25}",
     {{"2026-11-02 10:00", "tick", NULL},
      {"2026-11-02 10:12", "sent", MAIL("outreach")},
      {"2026-11-03 10:00", "stage_entered", STAGE("onboarded")}},
     "look_again Onboarded at $800 a month, growing by 25 %: look again whether it is one for Sales 12-03 "
     "09:00"},
    {"nobody's region",
     "{\"plan\": \"payg\", \"region\": \"mars\", \"forecast_mrr\": 300}",
     {{"2026-11-02 10:00", "tick", NULL}},
     "without_owner Has no owner, and nobody has the region mars: `usher owner acme SPECIALIST` [ana] 11-02 "
     "10:00"},
};

static struct program *
set_up(struct fixture *f)
{
    static const char *const files[] = {"facts", "onboarding", "segments", "alerts"};
    fixture_set_up(f);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *name = g_strdup_printf("sequences/%s.conf", files[i]);
        fixture_copy(f, name);
    }
    g_auto(GStrv) parts = g_strsplit(fixture_conf, "\"trial\"", 2);
    g_auto(GStrv) halves = g_strsplit(parts[1], "team {", 2);
    g_autofree char *conf =
        g_strconcat(parts[0], "\"onboarding\"", halves[0], "team { failsafe = \"ana\"", halves[1], NULL);
    fixture_load_config(f, conf);
    struct program *program = program_load(f->config, &f->error);
    g_assert_no_error(f->error);
    return program;
}

static void
make_move(struct fixture *f, const struct program *program, gint64 id, const struct move *m)
{
    make_plain_move(f, program, id, m->what, m->arg, at(m->when));
    pipeline_advance(f->db, program, id, at(m->when), &f->error);
    g_assert_no_error(f->error);
}

static char *
open_tasks(struct fixture *f)
{
    g_autoptr(GString) all = g_string_new(NULL);
    scoped(query_end) struct query *q =
        store_query(f->db, "SELECT * FROM task WHERE done_at IS NULL ORDER BY kind", &f->error, "");
    while (query_next(q, &f->error))
        g_string_append_printf(
            all, "%s%s %s%s%s%s %.11s", all->len ? ";" : "", query_text(q, "kind"), query_text(q, "title"),
            query_text(q, "assignee") ? " [" : "", query_text(q, "assignee") ? query_text(q, "assignee") : "",
            query_text(q, "assignee") ? "]" : "", told(query_int(q, "due_at")) + strlen("2026-"));
    return g_strdup(all->str);
}

static void
test_alert(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    struct fixture f;
    scoped(program_free) struct program *program = set_up(&f);
    gint64 id = add_account(&f, "acme", alerts[i].facts);
    add_contact(&f, id, "a@acme.example", "owner - - Ann");
    for (const struct move *m = alerts[i].moves;
         m < alerts[i].moves + G_N_ELEMENTS(alerts[i].moves) && m->what; m++)
        make_move(&f, program, id, m);
    g_autofree char *tasks = open_tasks(&f);
    g_assert_cmpstr(tasks, ==, alerts[i].tasks);
    fixture_tear_down(&f);
}

static const struct {
    const char *facts, *segments; /* on 2026-11-02 */
} segments[] = {
    {"{" PAYG "\"forecast_mrr\": 100}", "onboarding_lead pay_as_you_go;onboarding_lead_100_500 -"},
    {"{" PAYG "\"forecast_mrr\": 500, \"bills_paid\": 2}", "onboarding_lead pay_as_you_go;paid_two_bills -"},
    {"{" PAYG "\"forecast_mrr\": 99}", ""},
    {"{" PAYG "\"forecast_mrr\": 500, \"bills_paid\": 4}", ""},
    {"{" PAYG "\"forecast_mrr\": 500, \"csm_owner\": \"Lea\"}", "sales_trace csm"},
    {"{" PAYG "\"forecast_mrr\": 500, \"churned\": true}", ""},
    {"{" PAYG "\"forecast_mrr\": 5, \"onboarding_candidate\": true, \"bills_paid\": 9}",
     "onboarding_lead candidate"},
    {"{\"plan\": \"YC\", \"plan_ends\": \"2026-12-02\"}", "onboarding_lead yc;roll_off -"},
    {"{\"plan\": \"YC\", \"plan_ends\": \"2026-12-03\"}", ""},
    {"{\"plan\": \"startup\", \"credits_used_30d\": 1501}", "onboarding_lead startup_credits"},
    {"{\"plan\": \"startup\", \"plan_ends\": \"2026-11-20\", \"first_payment_due\": 500}",
     "onboarding_lead startup_roll_off;roll_off -"},
    {"{\"plan\": \"startup\", \"plan_ends\": \"2026-11-20\", \"first_payment_due\": 1501}", "roll_off -"},
    {"{\"plan\": \"startup\", \"plan_ends\": \"2026-11-20\", \"first_payment_due\": 800, "
     "\"credits_used_30d\": 499}",
     "roll_off -"},
    {"{\"plan\": \"boost\"}", "onboarding_lead boost"},
    {"{" PAYG "\"forecast_mrr\": 3000, \"first_payment_due\": 2000}", "sales_lead -"},
    {"{" PAYG "\"forecast_mrr\": 3000, \"first_payment_due\": 2000, \"sales_declined\": true, "
     "\"sales_owner\": \"Kim\"}",
     "onboarding_lead pay_as_you_go"},
    {"{" PAYG "\"forecast_mrr\": 300, \"chat_channel\": \"#acme\"}",
     "onboarding_lead pay_as_you_go;onboarding_lead_100_500 -;sales_trace chat_channel"},
};

static void
test_segments(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(segments); i++) {
        g_test_message("%s", segments[i].facts);
        struct fixture f;
        scoped(program_free) struct program *program = set_up(&f);
        gint64 id = add_account(&f, "acme", segments[i].facts);
        pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
        g_assert_no_error(f.error);
        assert_rows(&f, "segment || ' ' || COALESCE(entry, '-')",
                    "(SELECT * FROM segment_member WHERE member ORDER BY segment)", segments[i].segments);
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(alerts); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/shipped/%s", alerts[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_alert);
    }
    g_test_add_func("/pipeline/shipped/segments", test_segments);
    return g_test_run();
}
