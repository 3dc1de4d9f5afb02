/* A small sequence of its own, and stories over it: facts and events go in at their times, the account's line
 * comes out. After every move the account is advanced a second time, which must change nothing; at the end of
 * every story the journal is replayed. */
#ifndef USHER_TESTS_FIXTURE_TRIAL_H
#define USHER_TESTS_FIXTURE_TRIAL_H

#include "fixture_pipeline.h"

static const char facts_conf[] =
    "fact plan { type = \"text\" }\nfact forecast_mrr { type = \"number\" }\nfact churned { type = "
    "\"boolean\" default = false }\n"
    "fact timezone { type = \"text\" }\nfact quiet { type = \"boolean\" }\nfact trial_given { type = "
    "\"boolean\" }\n"
    "fact due_day { type = \"date\" }\nfact gone { type = \"integer\" default = 0 }\n";

static const char trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"forecast_mrr >= 100 AND NOT churned\"\n"
    "  exclude = \"sales_engaged\"  leave = \"sales_engaged\"\n"
    "  cancel = \"churned OR nullif(gone, 1) > 1\"  hold = \"trial_given\"\n"
    "  stage fresh { }\n stage written { }\n stage done { }\n"
    "  stage handed { title = \"Handed over\" outside = true cancels = true }\n"
    "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT event_payment\" "
    "}\n"
    "  transition by_hand { on = \"hand_sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT "
    "event_payment\" }\n"
    "  transition over { on = \"sent\" step = \"last\" stages = {\"written\"} to = \"done\" }\n"
    "  transition talks { on = \"replied\" to = \"done\" when = \"plan = 'talks'\" }\n"
    "  transition referred { on = \"referral\" to = \"handed\" }\n"
    "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"fresh\"} when = \"plan <> 'free'\" "
    "unless = \"quiet\"\n"
    "    due = \"coalesce(due_day, fresh_at)\" }\n"
    "  step extra { kind = \"automatic\" template = \"e.md\" stages = {\"written\"} when = \"forecast_mrr >= "
    "500\" unless = \"quiet\"\n"
    "    due = \"add_days(written_at, 5)\" late = \"skip\" }\n"
    "  step nudge { kind = \"automatic\" template = \"n.md\" stages = {\"written\"} needs_answered = true\n"
    "    due = \"add_days(written_at, 10)\" until = \"add_days(written_at, 30)\" late = \"send within 7 "
    "days\" }\n"
    "  step last { kind = \"automatic\" template = \"l.md\" stages = {\"written\", \"done\"}\n"
    "    due = \"add_days(written_at, 21 + extension_days)\" }\n"
    "}\n";

/* One thing that happens. what: "facts" (arg: all of them), "enrol" (by hand), "refused" (the same, refused
 * with arg), "tick", or the kind of an event (arg: its data). line: what status_of() says afterwards; why:
 * part of a reason among the steps, or NULL. */
struct move {
    const char *when, *what, *arg, *line, *why;
};

struct story {
    const char *name, *zone, *facts;
    struct move moves[14];
};

#define OF(step) "\"sequence\": \"trial\", \"step\": \"" step "\""
#define SENT(step) "{" OF(step) ", \"subject\": \"Hello\", \"message\": 1}"
#define MADE(step) "{" OF(step) ", \"message\": 1}"
#define AUTO(step) "{" OF(step) ", \"message\": 2, \"automatic\": 1}"
/* 2026-11-02 is a Monday; nudge is due on Thursday the 12th, last on Monday the 23rd. */
#define START                                                                                                \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "fresh; hello wanted 11-02 10:00", NULL                            \
    }
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:30", "sent", SENT("hello"),                                                           \
            "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL \
    }
#define BOTH "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"quiet\": false, \"trial_given\": false}"

/* A fresh team whose one sequence is the trial; the caller frees the program before fixture_tear_down(). */
static inline struct program *
trial_set_up(struct fixture *f)
{
    fixture_set_up(f);
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", trial_conf);
    return load_program(f, "trial");
}

static inline void
make_move(struct fixture *f, const struct program *program, gint64 id, const struct move *m, gint64 now_us)
{
    const struct sequence *seq = program->sequences->pdata[0];
    if (strcmp(m->what, "absent") == 0) {
        store_exec(f->db, "UPDATE account SET absent = 1 WHERE id = ?", &f->error, "i", id);
    } else if (strcmp(m->what, "enrol") == 0) {
        pipeline_enrol_by_hand(f->db, program, seq, id, now_us, "ana", &f->error);
    } else if (strcmp(m->what, "refused") == 0) {
        g_assert_false(pipeline_enrol_by_hand(f->db, program, seq, id, now_us, "ana", &f->error));
        if (!strstr(f->error->message, m->arg))
            g_error("\"%s\" does not hold \"%s\"", f->error->message, m->arg);
        g_clear_error(&f->error);
    } else {
        make_plain_move(f, program, id, m->what, m->arg, now_us);
    }
    g_assert_no_error(f->error);
}

static inline void
tell(struct fixture *f, const struct program *program, const struct story *story)
{
    const struct sequence *seq = program->sequences->pdata[0];
    GTimeZone *zone = zone_find(story->zone ? story->zone : "Europe/Berlin", NULL);
    gint64 id = add_account(f, "acme", story->facts);
    add_contact(f, id, "a@acme.example", "owner - - Ann");
    add_contact(f, id, "b@acme.example", "admin - - Bob");
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        gint64 now_us;
        g_assert_true(zone_parse_time(zone, m->when, &now_us, NULL));
        make_move(f, program, id, m, now_us);
        pipeline_advance(f->db, program, id, now_us, &f->error);
        g_assert_no_error(f->error);
        g_autofree char *line = status_of(f, seq, id, zone);
        g_assert_cmpstr(line, ==, m->line);
        g_autofree char *reasons = reasons_of(f, program, seq, id, now_us);
        if (m->why && !strstr(reasons, m->why))
            g_error("no step says \"%s\": %s", m->why, reasons);
        gint64 events = events_so_far(f),
               wake_us = store_int(f->db, "SELECT evaluate_at FROM account", 0, NULL, "");
        pipeline_advance(f->db, program, id, now_us, &f->error);
        g_assert_no_error(f->error);
        g_assert_cmpint(events_so_far(f), ==, events);
        g_assert_cmpint(store_int(f->db, "SELECT evaluate_at FROM account", 0, NULL, ""), ==, wake_us);
        g_assert_true(!wake_us || wake_us > now_us);
    }
    /* An idle step that is idle for another reason is no news. */
    g_assert_cmpint(
        store_int(f->db,
                  "SELECT COUNT(*) FROM (SELECT data ->> 'state' AS state, lag(data ->> 'state') "
                  "OVER (PARTITION BY data ->> 'step' ORDER BY id) AS was FROM event WHERE kind = "
                  "'step_changed' AND actor = 'usher') WHERE state = 'idle' AND was = 'idle'",
                  0, &f->error, ""),
        ==, 0);
    g_assert_no_error(f->error);
    assert_replay(f);
}

static inline void
test_story(gconstpointer data)
{
    struct fixture f;
    scoped(program_free) struct program *program = trial_set_up(&f);
    tell(&f, program, data);
    fixture_tear_down(&f);
}

static inline void
add_stories(const struct story *stories, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/engine/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
}

#endif
