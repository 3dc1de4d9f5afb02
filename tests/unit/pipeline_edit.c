/* A sequence is edited while accounts are inside: what lint foretells, and what then happens. */
#include "fixture_pipeline.h"

#include "pipeline/edit.h"

static const char facts_conf[] = "fact wanted { type = \"boolean\" default = false }\n";

#define FILE_OF(stages, steps)                                                                               \
    "sequence \"trial\" {\n enrol = \"wanted\"\n" stages                                                     \
    "  transition written { on = \"sent\" stages = {\"fresh\"} to = \"written\" }\n" steps "}\n"
#define STAGES " stage fresh { }\n stage written { }\n stage over { }\n"
#define HELLO                                                                                                \
    "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
#define NUDGE(due)                                                                                           \
    "  step nudge { kind = \"automatic\" template = \"n.md\" due = \"" due                                   \
    "\" late = \"send within 7 days\" }\n"
#define ASK "  step ask { kind = \"task\" title = \"Ask\" due = \"add_days(fresh_at, 1)\" }\n"
#define BEFORE FILE_OF(STAGES, HELLO NUDGE("add_days(fresh_at, 10)") ASK)
/* 2026-11-02 is a Monday: in, drafted; on the 5th the file is edited. */
#define WAS "fresh; hello drafted 11-02 10:00; nudge scheduled 11-12 10:00; ask open 11-03 10:00"

static const struct {
    const char *name, *after, *told, *line;
} cases[] = {
    {"nothing", BEFORE, "", WAS},
    {"another day", FILE_OF(STAGES, HELLO NUDGE("add_days(fresh_at, 11)") ASK),
     "1 step nudge is due on another day",
     "fresh; hello drafted 11-02 10:00; nudge scheduled 11-13 10:00; ask open 11-03 10:00"},
    {"another day for a draft and a task",
     FILE_OF(STAGES, "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"fresh\"} due = "
                     "\"add_days(fresh_at, 4)\" }\n" NUDGE(
                         "add_days(fresh_at, 10)") "  step ask { kind = \"task\" title = \"Ask\" due = "
                                                   "\"add_days(fresh_at, 6)\" }\n"),
     "1 step hello is due on another day;1 step ask is due on another day",
     "fresh; hello drafted 11-06 10:00; nudge scheduled 11-12 10:00; ask open 11-08 10:00"},
    {"steps removed", FILE_OF(STAGES, NUDGE("add_days(fresh_at, 10)")),
     "1 step ask is gone: its task is closed;1 step hello is gone: its draft is withdrawn",
     "fresh; nudge scheduled 11-12 10:00"},
    {"a step for another stage",
     FILE_OF(STAGES, "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"over\"} due = "
                     "\"fresh_at\" }\n" NUDGE("add_days(fresh_at, 10)") ASK),
     "1 step hello is idle, was drafted: its draft is withdrawn",
     "fresh; nudge scheduled 11-12 10:00; ask open 11-03 10:00"},
    {"steps added",
     FILE_OF(STAGES, HELLO NUDGE("add_days(fresh_at, 10)") ASK
             "  step old_draft { kind = \"draft\" template = \"a.md\" due = \"fresh_at\" }\n"
             "  step new_draft { kind = \"draft\" template = \"a.md\" due = \"add_days(fresh_at, 2)\" }\n"
             "  step old_mail { kind = \"automatic\" template = \"a.md\" due = \"add_days(fresh_at, 1)\" }\n"
             "  step mail { kind = \"automatic\" template = \"a.md\" due = \"add_days(fresh_at, 1)\" late = "
             "\"send "
             "within 7 days\" }\n"
             "  step later { kind = \"automatic\" template = \"a.md\" due = \"add_days(fresh_at, 20)\" }\n"
             "  step old_task { kind = \"task\" title = \"Do\" due = \"fresh_at\" }\n"
             "  step task { kind = \"task\" title = \"Do\" due = \"today\" }\n"),
     "1 step old_draft is new, and its date too long ago: it is left out;1 step new_draft is new: it is due "
     "now;1 "
     "step old_mail is new, and its date too long ago: it is left out;1 step mail is new: it is due now;1 "
     "step "
     "later is new: it will be due;1 step old_task is new, and its date too long ago: it is left out;1 step "
     "task "
     "is new: it is due now",
     WAS "; old_draft skipped 11-02 10:00; new_draft wanted 11-04 10:00; old_mail skipped 11-03 10:00; mail "
         "wanted "
         "11-03 10:00; later scheduled 11-23 09:00; old_task skipped 11-02 10:00; task open 11-05 10:00"},
    {"a meeting added begins with the next",
     FILE_OF(STAGES, HELLO NUDGE("add_days(fresh_at, 10)") ASK
             "  meeting sync { title = \"Sync\" every = \"1 month\" start = \"add_days(fresh_at, -92)\" }\n"),
     "1 step sync is new: it will be due", WAS "; sync scheduled 12-02 10:00"},
    {"a stage renamed",
     FILE_OF(" stage begun { was = {\"fresh\"} }\n stage written { }\n",
             "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"begun\"} due = \"begun_at\" }\n"
             "  step nudge { kind = \"automatic\" template = \"n.md\" due = \"add_days(begun_at, 10)\" }\n"
             "  step ask { kind = \"task\" title = \"Ask\" due = \"add_days(begun_at, 1)\" }\n"),
     "1 stage fresh is called begun now: they go there",
     "begun; hello drafted 11-02 10:00; nudge scheduled 11-12 10:00; ask open 11-03 10:00"},
    {"a stage removed",
     FILE_OF(" stage begun { }\n stage written { }\n",
             "  step hello { kind = \"draft\" template = \"h.md\" due = \"today\" }\n"
             "  step nudge { kind = \"automatic\" template = \"n.md\" due = \"today\" }\n"
             "  step ask { kind = \"task\" title = \"Ask\" due = \"today\" }\n"),
     "1 stage fresh is gone, and no stage says was = {\"fresh\"}: they wait, with a task to set another;1 "
     "step nudge "
     "is idle, was scheduled",
     "fresh; hello drafted 11-02 10:00; ask open 11-03 10:00"},
};

static struct program *
edit(struct fixture *f, const char *text)
{
    g_autofree char *whole = strstr(text, "stage fresh {") ? g_strdup(text) : NULL;
    if (!whole) { /* the transition speaks of a stage that is gone */
        g_auto(GStrv) parts = g_strsplit(text, "{\"fresh\"} to", 2);
        whole = g_strjoinv("{\"begun\"} to", parts);
    }
    fixture_write(f, "sequences/facts.conf", facts_conf);
    fixture_write(f, "sequences/trial.conf", whole);
    struct program *program = program_load(f->config, &f->error);
    g_assert_no_error(f->error);
    return program;
}

static void
advance(struct fixture *f, const struct program *program, gint64 id, const char *when)
{
    pipeline_advance(f->db, program, id, at(when), &f->error);
    g_assert_no_error(f->error);
}

/* Enrolled and drafted on the 2nd; looked at again on the 3rd. */
static gint64
set_up(struct fixture *f)
{
    fixture_set_up(f);
    scoped(program_free) struct program *before = edit(f, BEFORE);
    gint64 id = add_account(f, "acme", "{\"wanted\": true}");
    add_contact(f, id, "a@acme.example", "owner - - Ann");
    advance(f, before, id, "2026-11-02 10:00");
    json_t *data = json_pack("{s:s, s:s, s:i}", "sequence", "trial", "step", "hello", "message", 1);
    struct event event = {.at_us = at("2026-11-02 10:00"),
                          .account_id = id,
                          .kind = "draft_made",
                          .actor = "usher",
                          .data = data};
    g_assert_true(pipeline_record(f->db, before, &event, &f->error));
    json_decref(data);
    advance(f, before, id, "2026-11-03 10:00");
    return id;
}

static char *
foretold(struct fixture *f, const struct program *program, const char *when)
{
    guint looked_at, total;
    g_autoptr(GPtrArray) notes =
        edit_foresee(f->db, program, program->sequences->pdata[0], at(when), &looked_at, &total, &f->error);
    g_assert_no_error(f->error);
    g_assert_cmpuint(looked_at, ==, 1);
    g_assert_cmpuint(total, ==, 1);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < notes->len; i++) {
        const struct edit_note *note = notes->pdata[i];
        g_assert_cmpstr(note->example, ==, "acme");
        g_string_append_printf(text, "%s%u %s", i ? ";" : "", note->accounts, note->text);
    }
    return g_string_free(text, FALSE);
}

static void
test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    GTimeZone *zone = zone_find("Europe/Berlin", NULL);
    struct fixture f;
    gint64 id = set_up(&f);
    scoped(program_free) struct program *after = edit(&f, cases[i].after);
    gint64 events = events_so_far(&f);
    g_autofree char *told_text = foretold(&f, after, "2026-11-05 10:00");
    g_assert_cmpstr(told_text, ==, cases[i].told);
    g_assert_cmpint(events_so_far(&f), ==, events);
    advance(&f, after, id, "2026-11-05 10:00");
    g_autofree char *line = status_of(&f, after->sequences->pdata[0], id, zone);
    g_assert_cmpstr(line, ==, cases[i].line);
    events = events_so_far(&f);
    advance(&f, after, id, "2026-11-05 10:00");
    g_assert_cmpint(events_so_far(&f), ==, events);
    assert_replay(&f);
    fixture_tear_down(&f);
}

/* A person says which stage it is, or the file does; the task is over then, and the draft lives on. */
static void
test_stage_lost(void)
{
    for (int by_file = 0; by_file < 2; by_file++) {
        struct fixture f;
        gint64 id = set_up(&f), now_us = at("2026-11-05 11:00");
        GTimeZone *zone = zone_find("Europe/Berlin", NULL);
        scoped(program_free) struct program *after =
            edit(&f, FILE_OF(" stage begun { }\n stage written { }\n",
                             "  step hello { kind = \"draft\" template = \"h.md\" due = \"today\" }\n"));
        advance(&f, after, id, "2026-11-05 10:00");
        advance(&f, after, id, "2026-11-05 10:30");
        assert_rows(&f, "kind", "task WHERE done_at IS NULL", "stage_lost");
        struct pipeline_gate gate;
        const struct sequence *seq = after->sequences->pdata[0];
        g_assert_true(
            pipeline_gate_load(f.db, after, seq, sequence_step(seq, "hello"), id, now_us, &gate, &f.error));
        g_assert_nonnull(strstr(gate.held, "its stage \"fresh\" is not in the sequence any more"));
        pipeline_gate_clear(&gate);
        if (by_file) {
            program_free(after);
            after =
                edit(&f, FILE_OF(" stage begun { was = {\"fresh\"} }\n stage written { }\n",
                                 "  step hello { kind = \"draft\" template = \"h.md\" due = \"today\" }\n"));
        } else {
            json_t *data = json_pack("{s:s, s:s, s:i}", "sequence", "trial", "stage", "begun", "by_hand", 1);
            struct event event = {
                .at_us = now_us, .account_id = id, .kind = "stage_entered", .actor = "ana", .data = data};
            g_assert_true(pipeline_record(f.db, after, &event, &f.error));
            json_decref(data);
        }
        advance(&f, after, id, "2026-11-05 11:00");
        g_autofree char *line = status_of(&f, after->sequences->pdata[0], id, zone);
        g_assert_true(g_str_has_prefix(line, "begun; hello drafted"));
        assert_rows(&f, "kind", "task WHERE done_at IS NULL", "");
        assert_replay(&f);
        fixture_tear_down(&f);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/edit/%s", cases[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/pipeline/edit/stage-lost", test_stage_lost);
    return g_test_run();
}
