/* The engine and the clock: holidays, the gap, the mailbox's window and leave in small stories; then, over
 * many random ones, that days are the customer's calendar days at the same hour, whatever night changes the
 * clocks, that time on hold does not count, and that a clock set back and forth does nothing twice. */
#include "accounts/leave.h"

#include "fixture_pipeline.h"

static const char facts_conf[] = "fact forecast_mrr { type = \"number\" }\nfact timezone { type = \"text\" "
                                 "}\nfact country { type = \"text\" }\n";

/* %s: further settings of the sequence. */
static const char trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"forecast_mrr >= 100\"\n"
    "  %s\n"
    "  stage fresh { }\n stage written { }\n"
    "  transition first { on = \"hand_sent\" stages = {\"fresh\"} to = \"written\" }\n"
    "  step nudge { kind = \"automatic\" template = \"n.md\" stages = {\"written\"}\n"
    "    due = \"add_days(written_at, 28)\" late = \"send within 3 days\" }\n"
    "}\n";

static const char holidays_txt[] =
    "years 2026-2027\ncountry DE\n11-30 Test Day\n12-01 Test Day Two\ncountry US\n"
    "11-30>mon Elsewhere\n";

struct desk {
    struct fixture f;
    struct program *program;
    const struct sequence *seq;
    gint64 id;
};

static void
open_desk(struct desk *d, const char *settings, const char *conf, const char *facts)
{
    memset(d, 0, sizeof *d);
    fixture_set_up(&d->f);
    fixture_write(&d->f, "sequences/facts.conf", facts_conf);
    fixture_write(&d->f, "sequences/holidays.txt", holidays_txt);
    g_autofree char *text = g_strdup_printf(trial_conf, settings);
    fixture_write(&d->f, "sequences/trial.conf", text);
    g_auto(GStrv) halves = g_strsplit(fixture_conf, "gap = \"none\"\n", 2);
    g_autofree char *config = g_strconcat(halves[0], conf, halves[1], NULL);
    fixture_load_config(&d->f, config);
    d->program = program_load(d->f.config, &d->f.error);
    g_assert_no_error(d->f.error);
    d->seq = d->program->sequences->pdata[0];
    d->id = add_account(&d->f, "acme", facts);
    add_contact(&d->f, d->id, "a@acme.example", "owner - - Ann");
}

static void
close_desk(struct desk *d)
{
    assert_replay(&d->f);
    program_free(d->program);
    fixture_tear_down(&d->f);
}

static void
happens(struct desk *d, gint64 now_us, const char *kind, const char *json)
{
    record_event(&d->f, d->program, d->id, kind, json, now_us);
}

static void
look(struct desk *d, gint64 now_us)
{
    advance_account(&d->f, d->program, d->id, now_us);
}

static void
assert_step(struct desk *d, const char *line, const char *reason)
{
    g_autofree char *got = status_of(&d->f, d->seq, d->id, zone_find("Europe/Berlin", NULL));
    g_assert_cmpstr(got, ==, line);
    g_autofree char *why = store_text(d->f.db, "SELECT reason FROM step WHERE step = 'nudge'", NULL, "");
    if (reason ? !why || !strstr(why, reason) : why != NULL)
        g_error("the reason is \"%s\", expected \"%s\"", why, reason);
}

#define OPENS "{\"opens\": 1, \"subject\": \"Hi\", \"message_id\": \"o@t\", \"specialist\": \"ana\"}"
#define ANSWERS "{\"subject\": \"Re: Hi\", \"message_id\": \"p@t\", \"specialist\": \"ana\"}"

struct move {
    const char *when, *kind, *json, *line, *reason;
};

static const struct story {
    const char *name, *settings, *conf, *facts;
    struct move moves[8];
} stories[] = {
    /* Written to on Monday 2 November 10:30, so due on Monday the 30th. */
    {"no country, no holiday",
     "",
     "",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL}}},
    {"two holidays",
     "",
     "",
     "{\"forecast_mrr\": 500, \"country\": \"DE\"}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 12-02 09:00",
       "moved by a holiday: Test Day Two"},
      {"2026-12-01 12:00", NULL, NULL, "written; nudge scheduled 12-02 09:00", "Test Day Two"},
      {"2026-12-02 09:00", NULL, NULL, "written; nudge wanted 12-02 09:00", NULL}}},
    {"holidays ignored",
     "ignore_holidays = true",
     "",
     "{\"forecast_mrr\": 500, \"country\": \"DE\"}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL}}},
    {"the country gives the zone",
     "",
     "",
     "{\"forecast_mrr\": 500, \"country\": \"AU\"}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 23:00", NULL}}},
    {"the zone of its own wins",
     "",
     "",
     "{\"forecast_mrr\": 500, \"country\": \"AU\", \"timezone\": \"Europe/Berlin\"}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL}}},
    {"the gap after an answer by hand",
     "",
     "gap = \"2 days\"\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL},
      {"2026-11-29 12:00", "hand_sent", ANSWERS, "written; nudge scheduled 12-01 12:00",
       "gap: the account was written to on 2026-11-29 12:00, the next mail not before 2026-12-01 12:00"},
      {"2026-11-30 10:30", NULL, NULL, "written; nudge scheduled 12-01 12:00", "gap"},
      {"2026-12-01 12:00", NULL, NULL, "written; nudge wanted 12-01 12:00", NULL}}},
    {"waiting for the gap is not lateness",
     "gap = \"5 days\"",
     "gap = \"none\"\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL},
      {"2026-11-30 09:00", "hand_sent", ANSWERS, "written; nudge scheduled 12-07 09:00", "gap"},
      {"2026-12-07 09:00", NULL, NULL, "written; nudge wanted 12-07 09:00", NULL}}},
    {"overdue already when the last mail went",
     "",
     "gap = \"2 days\"\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL},
      {"2026-12-09 10:30", "hand_sent", ANSWERS, "written; nudge late 11-30 10:30", "9 days late"}}},
    {"due today when the last mail went",
     "",
     "gap = \"2 days\"\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent", OPENS, "written; nudge scheduled 11-30 10:30", NULL},
      {"2026-11-30 10:35", "hand_sent", ANSWERS, "written; nudge scheduled 12-02 10:35", "gap"}}},
    {"a mailbox with hours of its own",
     "",
     "mailbox eve { smtp = \"smtp+plain://127.0.0.1:2525\" imap = \"imap+plain://127.0.0.1:1143\"\n"
     "  window { days = {\"wed\"} from = \"08:00\" to = \"10:00\" } }\n"
     "specialist eve { name = \"Eve\" address = \"eve@team.example\" }\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent",
       "{\"opens\": 1, \"subject\": \"Hi\", \"message_id\": \"o@t\", \"specialist\": \"eve\"}",
       "written; nudge scheduled 12-02 09:00", NULL}}},
    {"hours that never meet",
     "",
     "mailbox eve { smtp = \"smtp+plain://127.0.0.1:2525\" imap = \"imap+plain://127.0.0.1:1143\"\n"
     "  window { days = {\"sun\"} } }\n"
     "specialist eve { name = \"Eve\" address = \"eve@team.example\" }\n",
     "{\"forecast_mrr\": 500}",
     {{"2026-11-02 10:30", "hand_sent",
       "{\"opens\": 1, \"subject\": \"Hi\", \"message_id\": \"o@t\", \"specialist\": \"eve\"}",
       "written; nudge waiting", "never meet"}}},
};

static void
test_story(gconstpointer data)
{
    const struct story *s = data;
    struct desk d;
    open_desk(&d, s->settings, s->conf, s->facts);
    look(&d, at("2026-11-02 10:00"));
    for (const struct move *m = s->moves; m < s->moves + G_N_ELEMENTS(s->moves) && m->when; m++) {
        g_test_message("%s", m->when);
        if (m->kind)
            happens(&d, at(m->when), m->kind, m->json);
        look(&d, at(m->when));
        assert_step(&d, m->line, m->reason);
    }
    close_desk(&d);
}

/* ---- leave ---- */

static void
away(struct desk *d, const char *who, const char *from, const char *until, const char *cover)
{
    g_autofree char *json = g_strdup_printf("{\"specialist\": \"%s\", \"from\": %" G_GINT64_FORMAT
                                            ", \"until\": %" G_GINT64_FORMAT ", \"cover\": %s}",
                                            who, at(from), at(until), cover);
    gint64 id = d->id;
    d->id = 0;
    happens(d, at("2026-11-03 10:00"), "away_set", json);
    d->id = id;
}

static void
test_leave(void)
{
    struct desk d;
    open_desk(&d, "", "", "{\"forecast_mrr\": 500}");
    look(&d, at("2026-11-02 10:00"));
    happens(&d, at("2026-11-02 10:30"), "hand_sent", OPENS);
    away(&d, "ana", "2026-11-28", "2026-12-11", "null");
    look(&d, at("2026-11-30 10:30"));
    assert_step(&d, "written; nudge waiting 11-30 10:30",
                "Ana Diaz is away until 2026-12-11 and nobody covers");
    /* Time away is not lateness, though the step allows three days. */
    look(&d, at("2026-12-11 09:00"));
    assert_step(&d, "written; nudge wanted 12-11 09:00", NULL);
    close_desk(&d);
}

/* Covers are followed; in a circle, or to somebody usher.conf does not know, nobody covers. */
static void
test_covers(void)
{
    struct desk d;
    struct leave_status leave;
    open_desk(&d, "", "", "{\"forecast_mrr\": 500}");
    away(&d, "ana", "2026-11-28", "2026-12-05", "\"ben\"");
    g_assert_true(leave_status(d.f.db, d.f.config, "ana", at("2026-11-27 23:59"), &leave, NULL));
    g_assert_cmpint(leave.until_us, ==, 0);
    g_assert_true(leave_status(d.f.db, d.f.config, "ana", at("2026-11-28 00:00"), &leave, NULL));
    assert_instant(leave.until_us, "2026-12-05 00:00:00");
    g_assert_cmpstr(leave.stand_in->id, ==, "ben");
    away(&d, "ben", "2026-12-01", "2026-12-03", "\"ana\"");
    g_assert_true(leave_status(d.f.db, d.f.config, "ana", at("2026-12-02 10:00"), &leave, NULL));
    g_assert_null(leave.stand_in);
    g_assert_true(leave.until_us != 0);
    g_assert_true(leave_status(d.f.db, d.f.config, "ana", at("2026-12-03 00:00"), &leave, NULL));
    g_assert_cmpstr(leave.stand_in->id, ==, "ben");
    /* Tasks made meanwhile go to whoever covers. */
    happens(&d, at("2026-12-04 10:00"), "task_made",
            "{\"task\": \"t\", \"title\": \"T\", \"assignee\": \"ana\"}");
    happens(&d, at("2026-12-06 10:00"), "task_made",
            "{\"task\": \"u\", \"title\": \"U\", \"assignee\": \"ana\"}");
    assert_rows(&d.f, "title || ' ' || assignee", "task ORDER BY id", "T ben;U ana");
    gint64 id = store_int(d.f.db, "SELECT MIN(id) FROM leave", 0, NULL, "");
    g_autofree char *json = g_strdup_printf("{\"leave\": %" G_GINT64_FORMAT "}", id);
    gint64 account = d.id;
    d.id = 0;
    happens(&d, at("2026-11-29 10:00"), "away_cancelled", json);
    d.id = account;
    g_assert_true(leave_status(d.f.db, d.f.config, "ana", at("2026-11-30 10:00"), &leave, NULL));
    g_assert_cmpint(leave.until_us, ==, 0);
    close_desk(&d);
}

/* ---- many random ones ---- */

static const char *const zones[] = {
    "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
    "America/Sao_Paulo", "Africa/Cairo",     "Pacific/Auckland",    "UTC"};

/* A start at a random hour, so that day 28 falls behind one or two changes of the clock. */
static void
test_same_hour(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(20261121);
    for (int round = 0; round < 60; round++) {
        const char *name = zones[g_rand_int_range(chance, 0, G_N_ELEMENTS(zones))];
        GTimeZone *zone = zone_find(name, NULL);
        g_autofree char *facts = g_strdup_printf("{\"forecast_mrr\": 500, \"timezone\": \"%s\"}", name);
        struct desk d;
        open_desk(&d, "window { days = {mon, tue, wed, thu, fri, sat, sun} from = \"00:00\" to = \"24:00\" }",
                  "", facts);
        gint64 start_us =
            at("2026-01-01 00:00") + (gint64)g_rand_int_range(chance, 0, 330 * 1440) * CLOCK_MINUTE_US;
        look(&d, start_us);
        happens(&d, start_us, "hand_sent", OPENS);
        look(&d, start_us);
        struct civil expected = zone_from_utc_us(zone, start_us);
        civil_add_days(&expected, 28);
        gint64 due_us = store_int(d.f.db, "SELECT due_at FROM step", 0, NULL, "");
        g_assert_cmpint(due_us, ==, zone_to_utc_us(zone, &expected));

        /* The clock jumps a day forth and a day back, again and again, before the date: nothing is wanted. */
        for (int i = 0; i < 6; i++) {
            gint64 now_us = due_us - CLOCK_MINUTE_US - (gint64)g_rand_int_range(chance, 0, 3) * CLOCK_DAY_US;
            look(&d, now_us);
            g_assert_cmpint(store_int(d.f.db, "SELECT state = 'scheduled' AND due_at = ? FROM step", 0, NULL,
                                      "i", due_us),
                            ==, 1);
        }
        /* Held over the date for up to two weeks: it goes on the release, never late, never before. */
        gint64 held_us = due_us - CLOCK_HOUR_US,
               freed_us = due_us + (gint64)g_rand_int_range(chance, 0, 14 * 1440) * CLOCK_MINUTE_US;
        happens(&d, held_us, "hold_set", "{\"reason\": \"wait\"}");
        for (gint64 now_us = held_us; now_us < freed_us; now_us += CLOCK_DAY_US)
            look(&d, now_us);
        look(&d, due_us);
        happens(&d, freed_us, "released", "{}");
        look(&d, freed_us);
        assert_rows(&d.f, "state", "step", "wanted");
        close_desk(&d);
    }
}

/* A step that is queued stays one step, wherever the clock jumps. */
static void
test_clock_jumps(void)
{
    struct desk d;
    open_desk(&d, "", "gap = \"2 days\"\n", "{\"forecast_mrr\": 500}");
    look(&d, at("2026-11-02 10:00"));
    happens(&d, at("2026-11-02 10:30"), "hand_sent", OPENS);
    look(&d, at("2026-11-30 10:30"));
    assert_step(&d, "written; nudge wanted 11-30 10:30", NULL);
    happens(&d, at("2026-11-30 10:30"), "draft_made",
            "{\"sequence\": \"trial\", \"step\": \"nudge\", \"message\": 1, \"automatic\": 1}");
    static const char *const jumps[] = {"2026-12-01 10:31", "2026-11-30 10:31", "2026-12-01 10:32",
                                        "2026-11-30 10:33"};
    for (gsize i = 0; i < G_N_ELEMENTS(jumps); i++) {
        look(&d, at(jumps[i]));
        assert_step(&d, "written; nudge queued 11-30 10:30", NULL);
    }
    happens(&d, at("2026-11-30 10:34"), "sent",
            "{\"sequence\": \"trial\", \"step\": \"nudge\", \"message\": 1, \"subject\": \"Re: Hi\"}");
    look(&d, at("2026-11-29 10:34"));
    look(&d, at("2026-12-01 10:34"));
    assert_step(&d, "written; nudge sent 11-30 10:30", NULL);
    close_desk(&d);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/time/story/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/time/leave", test_leave);
    g_test_add_func("/pipeline/time/covers", test_covers);
    g_test_add_func("/pipeline/time/same-hour", test_same_hour);
    g_test_add_func("/pipeline/time/clock-jumps", test_clock_jumps);
    return g_test_run();
}
