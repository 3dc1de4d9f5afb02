/* The figures of the report over a small constructed history, against results computed by hand. */
#include "fixture_service.h"
#include "service/report.h"

static const char report_facts[] =
    "fact forecast_mrr { type = \"number\" }\nfact churned { type = \"boolean\" default = false }\n"
    "fact deactivated { type = \"boolean\" default = false }\nfact next_renewal { type = \"date\" }\n"
    "fact failed { type = \"boolean\" default = false }\nfact timezone { type = \"text\" }\n"
    "fact owner { type = \"text\" }\nfact region { type = \"text\" }\n";

static const char people[] = "since = \"2026-05-15\"", ben_since[] = "since = \"2026-06-10\"";

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "sequences/facts.conf", report_facts);
    g_autoptr(GString) conf = g_string_new(fixture_conf);
    g_string_replace(conf, "regions = {\"emea\"}", people, 0);
    g_string_replace(conf, "regions = {\"apac\"}", ben_since, 0);
    service_reopen(w, conf->str);
    run_sql(&w->f, "DELETE FROM contact");
    run_sql(&w->f, "DELETE FROM account_facts");
    run_sql(&w->f, "DELETE FROM account");
    now_is(w, "2026-07-15 12:00");
}

/* Accounts by a letter: a is 1. */
static gint64
account(struct world *w, const char *key, const char *added, const char *facts)
{
    gint64 id = add_account(&w->f, key, facts);
    store_exec(w->f.db, "UPDATE account SET added_at = ? WHERE id = ?", &w->f.error, "ii", at(added), id);
    g_assert_no_error(w->f.error);
    return id;
}

static void event(struct world *w, gint64 account_id, const char *when, const char *kind, const char *format,
                  ...) G_GNUC_PRINTF(5, 6);
static void
event(struct world *w, gint64 account_id, const char *when, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autoptr(GString) data = g_string_new(text);
    g_string_replace(data, "'", "\"", 0);
    json_t *json = json_loads(data->str, 0, NULL);
    g_assert_nonnull(json);
    struct event e = {
        .at_us = at(when), .account_id = account_id, .kind = kind, .actor = "usher", .data = json};
    g_assert_true(journal_append(w->f.db, &e, &w->f.error));
    json_decref(json);
}

static void
enter(struct world *w, gint64 account_id, const char *when, const char *stage)
{
    event(w, account_id, when, "stage_entered", "{'sequence': 'trial', 'stage': '%s'}", stage);
}

/* The rows of a figure, one a line, without its name; only the members named (space-separated). */
static char *
rows_of(struct world *w, const char *figure, const char *members, gint64 since_us)
{
    const struct report_options options = {.now_us = w->now_us, .since_us = since_us, .threshold = 100};
    json_t *rows = report_build(w->s, &options, &w->f.error);
    g_assert_no_error(w->f.error);
    g_auto(GStrv) names = g_strsplit(members, " ", 0);
    GString *out = g_string_new(NULL);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "figure")), figure) != 0)
            continue;
        for (char **name = names; *name; name++) {
            char *text = json_dumps(json_object_get(row, *name), JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
            g_autoptr(GString) plain = g_string_new(text);
            g_string_replace(plain, "\"", "", 0);
            g_string_append_printf(out, "%s%s", name > names ? " " : "", plain->str);
            free(text);
        }
        g_string_append_c(out, '\n');
    }
    json_decref(rows);
    return g_string_free(out, FALSE);
}

#define assert_figure_since(w, since_us, figure, members, expected)                                          \
    do {                                                                                                     \
        g_autofree char *rows_ = rows_of(w, figure, members, since_us);                                      \
        g_assert_cmpstr(rows_, ==, expected);                                                                \
    } while (0)
#define assert_figure(w, figure, members, expected) assert_figure_since(w, 0, figure, members, expected)

/* Four accounts: a goes all the way, b half of it, c has just come, d leaves. */
static void
enrol_all(struct world *w, gint64 *ids)
{
    static const char *const days[] = {"2026-06-01 10:00", "2026-06-10 10:00", "2026-07-01 10:00",
                                       "2026-07-02 10:00"};
    for (int i = 0; i < 4; i++) {
        event(w, ids[i], days[i], "enrolled", "{'sequence': 'trial'}");
        enter(w, ids[i], days[i], "fresh");
        store_exec(w->f.db,
                   "INSERT INTO enrolment(account_id, sequence, state, stage, since) VALUES(?, 'trial', "
                   "'active', 'fresh', 0)",
                   &w->f.error, "i", ids[i]);
    }
    enter(w, ids[0], "2026-06-03 10:00", "written");
    enter(w, ids[1], "2026-06-14 10:00", "written");
    enter(w, ids[0], "2026-07-03 10:00", "done");
    event(w, ids[3], "2026-07-12 10:00", "left", "{'sequence': 'trial'}");
    run_sql(&w->f, "UPDATE enrolment SET engaged_at = 1 WHERE account_id = 1");
    run_sql(&w->f, "UPDATE enrolment SET state = 'left', stage = NULL, cancelled = 'x' WHERE account_id = 4");
    run_sql(&w->f, "UPDATE enrolment SET cancelled = 'churned' WHERE account_id = 2");
}

static void
make_accounts(struct world *w, gint64 *ids)
{
    static const char *const keys[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        ids[i] = account(w, keys[i], "2026-03-01 10:00", "{}");
}

static void
test_funnel(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 ids[4];
    make_accounts(w, ids);
    g_assert_cmpint(ids[0], ==, 1);
    enrol_all(w, ids);
    assert_figure(w, "cohort", "cohort enrolled engaged left cancelled",
                  "2026-06 2 1 0 1\n2026-07 2 0 1 0\n");
    assert_figure(w, "funnel", "cohort stage entered share",
                  "2026-06 fresh 2 1.0\n2026-06 written 2 1.0\n2026-06 done 1 0.5\n"
                  "2026-07 fresh 2 1.0\n2026-07 written 0 0.0\n2026-07 done 0 0.0\n"
                  "all fresh 4 1.0\nall written 2 0.5\nall done 1 0.25\n");
    /* fresh: 2, 4 and 10 days, c is there; written: 30 days, b is there. */
    assert_figure(w, "time_in_stage", "stage over median_days p90_days there",
                  "fresh 3 4.0 10.0 1\nwritten 1 30.0 30.0 1\ndone 0 null null 1\n");
    assert_figure_since(w, at("2026-07-01 00:00"), "funnel", "cohort stage entered",
                        "2026-07 fresh 2\n2026-07 written 0\n2026-07 done 0\nall fresh 2\nall written 0\n"
                        "all done 0\n");
    assert_figure_since(w, at("2026-07-01 00:00"), "time_in_stage", "stage over median_days",
                        "fresh 1 10.0\nwritten 0 null\ndone 0 null\n");
}

static void
test_replies(struct world *w, gconstpointer data)
{
    (void)data;
    static const char ours[] =
        "{'message': %d, 'template': '%s', 'subject': '%s', 'specialist': 'ana', 'approved_at': %d%s}";
    gint64 ids[4];
    make_accounts(w, ids);
    event(w, ids[0], "2026-06-03 10:00", "sent", ours, 1, "hello.md", "One", 5, ", 'findings': ['x', 'y']");
    event(w, ids[1], "2026-06-14 10:00", "sent", ours, 2, "hello.md", "One", 5, ", 'findings': ['x']");
    event(w, ids[1], "2026-06-16 10:00", "replied", "{'message': 2}");
    event(w, ids[1], "2026-06-17 10:00", "replied", "{'message': 2}"); /* a second word is no second mail */
    event(w, ids[1], "2026-06-20 10:00", "hand_sent", "{'subject': 'Re: One', 'opens': 0}");
    event(w, ids[1], "2026-06-21 10:00", "replied", "{'message': 0}"); /* answers the answer */
    event(w, ids[0], "2026-06-05 10:00", "auto_replied", "{'message': 1}");
    event(w, ids[3], "2026-07-08 10:00", "sent", ours, 4, "hello.md", "One", 5, ", 'findings': ['y']");
    event(w, ids[0], "2026-07-03 10:00", "sent", ours, 3, "nudge.md", "Two", 0, "");
    event(w, ids[0], "2026-07-04 10:00", "replied", "{'message': 0}");
    event(w, ids[2], "2026-07-06 10:00", "hand_sent", "{'subject': 'Hand', 'opens': 1, 'specialist': 'ana'}");
    event(w, ids[2], "2026-07-07 10:00", "replied", "{'message': 0}");
    event(w, ids[3], "2026-07-07 10:00", "replied", "{'message': 0}"); /* nobody had written to it */
    event(w, ids[0], "2026-07-08 10:00", "replied", "{'message': 1}"); /* not the last one it got */
    assert_figure(w, "replies", "by name sent replied rate",
                  "template hello.md 3 2 0.6667\ntemplate by hand 1 1 1.0\ntemplate nudge.md 1 1 1.0\n"
                  "finding x 2 2 1.0\nfinding y 2 1 0.5\n"
                  "subject One 3 2 0.6667\nsubject Hand 1 1 1.0\nsubject Two 1 1 1.0\n");
    assert_figure_since(w, at("2026-06-10 00:00"), "replies", "by name sent replied rate",
                        "template hello.md 2 1 0.5\ntemplate by hand 1 1 1.0\ntemplate nudge.md 1 1 1.0\n"
                        "finding x 1 1 1.0\nfinding y 1 0 0.0\n"
                        "subject One 2 1 0.5\nsubject Hand 1 1 1.0\nsubject Two 1 1 1.0\n");
}

/* The 28 days before 15 July hold 20 working days. */
static void
test_outreach(struct world *w, gconstpointer data)
{
    (void)data;
    static const char mail[] = "{'specialist': '%s', 'approved_at': %d, 'opens': %d}";
    gint64 ids[4];
    make_accounts(w, ids);
    for (int i = 0; i < 200; i++)
        event(w, ids[0], i % 2 ? "2026-06-17 00:00" : "2026-07-14 23:59", i % 3 ? "sent" : "hand_sent", mail,
              "ben", i % 3 ? 5 : 0, 1);
    for (int i = 0; i < 298; i++)
        event(w, ids[0], "2026-07-13 10:00", "sent", mail, "ana", 5, 1);
    event(w, ids[0], "2026-06-16 23:59", "sent", mail, "ana", 5, 1);      /* too early */
    event(w, ids[0], "2026-07-15 09:00", "sent", mail, "ana", 5, 1);      /* today is not over */
    event(w, ids[0], "2026-07-13 10:00", "sent", mail, "ana", 0, 1);      /* automatic */
    event(w, ids[0], "2026-07-13 10:00", "hand_sent", mail, "ana", 0, 0); /* an answer */
    assert_figure(w, "outreach", "specialist since mails working_days a_day goal met",
                  "ana 2026-05-15 298 20 14.9 15 false\nben 2026-06-10 200 20 10.0 10 true\n");
    assert_figure_since(w, at("2026-07-10 00:00"), "outreach", "specialist mails working_days a_day",
                        "ana 298 3 99.3\nben 100 3 33.3\n");
    now_is(w, "2026-07-09 12:00"); /* a month less a day: nothing is expected of ben yet */
    assert_figure(w, "outreach", "specialist goal met", "ana 10 false\nben null null\n");
    now_is(w, "2026-07-15 12:00");
    g_autofree char *weeks = rows_of(w, "outreach_week", "specialist week mails working_days a_day", 0);
    g_assert_nonnull(strstr(weeks, "ben 2026-06-15 100 5 20.0\n"));
    g_assert_nonnull(strstr(weeks, "ana 2026-07-13 298 2 149.0\n"));
    g_assert_nonnull(strstr(weeks, "ana 2026-06-15 1 5 0.2\n"));
}

#define CHANGED "{'source': 'test', 'changed': {'%s': [%s, %s]}}"

static void
test_retention(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 ids[5] = {account(w, "a", "2026-03-01 10:00", "{\"forecast_mrr\": 150}"),
                     account(w, "b", "2026-03-10 10:00", "{\"forecast_mrr\": 200, \"churned\": true}"),
                     account(w, "c", "2026-05-01 10:00", "{\"forecast_mrr\": 300}"),
                     account(w, "d", "2026-03-01 10:00", "{\"forecast_mrr\": 80}"),
                     account(w, "e", "2026-03-20 10:00", "{\"forecast_mrr\": 100}")};
    for (int i = 0; i < 5; i++)
        event(w, ids[i], "2026-03-25 10:00", "enrolled", "{'sequence': 'trial'}");
    account(w, "stranger", "2026-03-01 10:00", "{\"forecast_mrr\": 5000}"); /* never in the programme */
    /* a grows past the threshold on 2 April; on 2 July it is at 150. What another source says is not its
     * history. */
    event(w, ids[0], "2026-03-15 12:00", "facts_changed",
          "{'source': 'other', 'changed': {'forecast_mrr': [1, 900]}}");
    event(w, ids[0], "2026-04-02 12:00", "facts_changed", CHANGED, "forecast_mrr", "50.0", "120.0");
    event(w, ids[0], "2026-06-01 12:00", "facts_changed", CHANGED, "forecast_mrr", "120.0", "150.0");
    /* b is lost before 10 June; e is absent on 20 June, and comes back too late. */
    event(w, ids[1], "2026-06-01 12:00", "facts_changed", CHANGED, "churned", "null", "true");
    event(w, ids[4], "2026-06-19 12:00", "account_absent", "{'source': 'test'}");
    event(w, ids[4], "2026-06-21 12:00", "account_present", "{'source': 'test'}");
    assert_figure(w, "retention",
                  "cohort accounts due retained rate forecast_before forecast_after net_dollar_retention",
                  "2026-03 2 2 0 0.0 300.0 0.0 0.0\n"
                  "2026-04 1 1 1 1.0 120.0 150.0 1.25\n"
                  "2026-05 1 0 0 null 0.0 0.0 null\n"
                  "all 4 3 1 0.3333 420.0 150.0 0.3571\n");
    now_is(w, "2026-06-20 09:59"); /* a minute before e's three months are over */
    assert_figure_since(w, at("2026-03-20 00:00"), "retention", "cohort accounts due",
                        "2026-03 1 0\n2026-04 1 0\n2026-05 1 0\nall 3 0\n");
}

static void
test_renewals(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 ids[4] = {account(w, "a", "2026-03-01 10:00", "{\"next_renewal\": \"2026-06-30\"}"),
                     account(w, "b", "2026-03-01 10:00", "{\"next_renewal\": \"2026-06-13\"}"),
                     account(w, "c", "2026-03-01 10:00", "{\"next_renewal\": \"2026-08-03\"}"),
                     account(w, "d", "2026-03-01 10:00", "{\"next_renewal\": \"2026-07-10\"}")};
    enrol_all(w, ids);
    event(w, ids[0], "2026-06-03 10:00", "sent", "{'message': 1}"); /* in time */
    /* b's day was moved before it came, then passed; its mail came a day late. */
    event(w, ids[1], "2026-06-11 10:00", "facts_changed", CHANGED, "next_renewal", "'2026-06-12'",
          "'2026-06-13'");
    event(w, ids[1], "2026-06-14 10:00", "sent", "{'message': 2}");
    /* c's passed, as the import of the next day shows. */
    event(w, ids[2], "2026-07-04 10:00", "facts_changed", CHANGED, "next_renewal", "'2026-07-03'",
          "'2026-08-03'");
    event(w, ids[2], "2026-07-06 10:00", "hand_sent", "{'opens': 1}");
    assert_figure(w, "unwritten_renewal", "account renewed enrolled owner",
                  "b 2026-06-13 2026-06-10 ana\nc 2026-07-03 2026-07-01 ana\nd 2026-07-10 2026-07-02 ana\n");
    event(w, ids[3], "2026-07-09 10:00", "cancelled", "{'sequence': 'trial'}");
    assert_figure_since(w, at("2026-07-01 00:00"), "unwritten_renewal", "account", "c\n");
}

static void
test_mail(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 ids[4];
    make_accounts(w, ids);
    event(w, ids[0], "2026-07-01 10:00", "sent", "{'message': 1}");
    event(w, ids[0], "2026-07-01 10:00", "bounced", "{'permanent': true}");
    event(w, ids[0], "2026-07-01 10:00", "bounced", "{'permanent': false}");
    event(w, ids[0], "2026-07-01 10:00", "bounced", "{}");
    event(w, ids[0], "2026-07-01 10:00", "unknown", "{'message': 1}");
    event(w, ids[0], "2026-06-01 10:00", "opted_out", "{}");
    g_autofree char *rows = rows_of(w, "mail", "name count", at("2026-06-15 00:00"));
    g_assert_cmpstr(rows, ==,
                    "sent 1\nby_hand 0\nrecipients 0\nrefused 0\nbounced_permanently 1\nbounced_otherwise 2\n"
                    "unknown 1\nunknown_open 0\nreplied 0\nauto_replied 0\nbooked 0\nopted_out 0\n"
                    "complained 0\n");
}

/* What a correction took back is in the journal and in no figure. */
static void
test_retracted(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 ids[4];
    make_accounts(w, ids);
    enrol_all(w, ids);
    event(w, ids[0], "2026-06-03 10:00", "sent", "{'message': 1, 'template': 'hello', 'subject': 'One'}");
    gint64 kept = store_last_id(w->f.db);
    event(w, ids[0], "2026-06-05 10:00", "replied", "{'message': 1}");
    event(w, ids[1], "2026-06-05 10:00", "hand_sent", "{'opens': 1, 'specialist': 'ana', 'subject': 'Two'}");
    event(w, ids[1], "2026-06-06 10:00", "bounced", "{'permanent': true}");
    event(w, ids[1], "2026-06-07 10:00", "opted_out", "{}");
    event(w, ids[2], "2026-07-02 10:00", "left", "{'sequence': 'trial'}");
    enter(w, ids[2], "2026-07-02 10:00", "written");
    store_exec(w->f.db, "INSERT INTO retracted SELECT id, 1 FROM event WHERE id > ?", &w->f.error, "i", kept);
    g_assert_no_error(w->f.error);
    assert_figure(w, "replies", "by name sent replied", "template hello 1 0\nsubject One 1 0\n");
    assert_figure(w, "outreach", "specialist mails", "ana 0\nben 0\n");
    assert_figure(w, "funnel", "cohort stage entered",
                  "2026-06 fresh 2\n2026-06 written 2\n2026-06 done 1\n"
                  "2026-07 fresh 2\n2026-07 written 0\n2026-07 done 0\n"
                  "all fresh 4\nall written 2\nall done 1\n");
    assert_figure(w, "unwritten_renewal", "account", "");
    g_autofree char *rows = rows_of(w, "mail", "name count", 0);
    g_assert_cmpstr(rows, ==,
                    "sent 1\nby_hand 0\nrecipients 0\nrefused 0\nbounced_permanently 0\nbounced_otherwise 0\n"
                    "unknown 0\nunknown_open 0\nreplied 0\nauto_replied 0\nbooked 0\nopted_out 0\n"
                    "complained 0\n");
}

/* Nothing has happened: every figure says so, none divides by nothing. */
static void
test_empty(struct world *w, gconstpointer data)
{
    (void)data;
    assert_figure(w, "cohort", "cohort", "");
    assert_figure(w, "funnel", "cohort", "");
    assert_figure(w, "time_in_stage", "stage median_days", "fresh null\nwritten null\ndone null\n");
    assert_figure(w, "replies", "name", "");
    assert_figure(w, "outreach", "specialist mails a_day met", "ana 0 0.0 false\nben 0 0.0 false\n");
    assert_figure(w, "retention", "cohort", "");
}

#define TEST(name, func) g_test_add("/report/" name, struct world, NULL, set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("funnel", test_funnel);
    TEST("replies", test_replies);
    TEST("outreach", test_outreach);
    TEST("retention", test_retention);
    TEST("renewals", test_renewals);
    TEST("mail", test_mail);
    TEST("retracted", test_retracted);
    TEST("empty", test_empty);
    return g_test_run();
}
