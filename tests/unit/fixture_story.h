/* Stories: facts and events go in at their times, the account's line and its open tasks come out. After every
 * move the account is advanced a second time, which must change nothing; at the end the journal is replayed.
 */
#ifndef USHER_TESTS_FIXTURE_STORY_H
#define USHER_TESTS_FIXTURE_STORY_H

#include "fixture_pipeline.h"

/* what: "facts", "tick", "enrol SEQUENCE", "refused SEQUENCE" (with arg), "done TITLE", or a kind of event.
 * line: status_of(); tasks: the open ones, "kind assignee title date"; NULL: not looked at. */
struct move {
    const char *when, *what, *arg, *line, *tasks;
};

struct story {
    const char *name, *facts;
    struct move moves[14];
};

static inline void
do_task(struct fixture *f, const struct program *program, gint64 id, const char *title, gint64 now_us)
{
    json_t *data = json_pack(
        "{s:I}", "made",
        (json_int_t)store_int(f->db, "SELECT event_id FROM task WHERE title = ? AND done_at IS NULL", 0, NULL,
                              "t", title));
    struct event event = {
        .at_us = now_us, .account_id = id, .kind = "task_done", .actor = "ana", .data = data};
    pipeline_record(f->db, program, &event, &f->error);
    json_decref(data);
}

static inline void
make_move(struct fixture *f, const struct program *program, gint64 id, const struct move *m, gint64 now_us)
{
    if (g_str_has_prefix(m->what, "done ")) {
        do_task(f, program, id, m->what + strlen("done "), now_us);
    } else if (g_str_has_prefix(m->what, "refused ")) {
        const struct sequence *seq = program_sequence(program, m->what + strlen("refused "));
        if (pipeline_enrol_by_hand(f->db, program, seq, id, now_us, "ana", &f->error))
            return; /* reached: the rules decide what becomes of it */
        assert_refused(f, USHER_ERROR_DATA, m->arg);
    } else {
        make_plain_move(f, program, id, m->what, m->arg, now_us);
    }
    g_assert_no_error(f->error);
}

static inline char *
open_tasks(struct fixture *f)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    scoped(query_end) struct query *q = store_query(f->db,
                                                    "SELECT kind, title, COALESCE(assignee, 'owner') AS who, "
                                                    "due_at FROM task WHERE done_at IS NULL ORDER BY id",
                                                    &f->error, "");
    while (query_next(q, &f->error)) {
        const char *due = told(query_int(q, "due_at"));
        g_string_append_printf(lines, "%s%s %s %s %s", lines->len ? ";" : "", query_text(q, "kind"),
                               query_text(q, "who"), query_text(q, "title"),
                               g_str_has_prefix(due, "2026-") ? due + strlen("2026-") : due);
        g_string_truncate(lines, lines->len - strlen(" 10:00:00"));
    }
    g_assert_no_error(f->error);
    return g_strdup(lines->str);
}

/* Plays the story in sequence seq of program. */
static inline void
play(struct fixture *f, const struct program *program, const struct sequence *seq, const struct story *story)
{
    GTimeZone *zone = zone_find("Europe/Berlin", NULL);
    gint64 id = add_account(f, "acme", story->facts);
    add_contact(f, id, "a@acme.example", "owner - - Ann");
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        gint64 now_us = at(m->when);
        make_move(f, program, id, m, now_us);
        advance_account(f, program, id, now_us);
        g_autofree char *line = status_of(f, seq, id, zone);
        g_autofree char *tasks = open_tasks(f);
        if (m->line)
            g_assert_cmpstr(line, ==, m->line);
        if (m->tasks)
            g_assert_cmpstr(tasks, ==, m->tasks);
    }
    assert_replay(f);
}

/* The same with one of the shipped sequences. */
static inline void
play_shipped(const char *name, const struct story *story)
{
    struct fixture f;
    fixture_set_up(&f);
    static const char *const files[] = {"facts",     "onboarding", "onboarding-detailed",
                                        "lifecycle", "evaluation", "segments"};
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_strdup_printf("sequences/%s.conf", files[i]);
        fixture_copy(&f, path);
    }
    struct program *program = load_program(&f, name);
    play(&f, program, program->sequences->pdata[0], story);
    program_free(program);
    fixture_tear_down(&f);
}

#endif
