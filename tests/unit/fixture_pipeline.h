/* What tests of pipeline/ and service/ share: an account's state in one line, and the replay of the journal.
 */
#ifndef USHER_TESTS_FIXTURE_PIPELINE_H
#define USHER_TESTS_FIXTURE_PIPELINE_H

#include "fixture.h"
#include "pipeline/engine.h"
#include "pipeline/replay.h"

/* "STAGE; step state DUE; …" in the order of the file, idle steps left out, times by the clock of zone and
 * without the year 2026. "-" before enrolment, "left" after it; "cancelled" is appended. The caller frees. */
static inline char *
status_of(struct fixture *f, const struct sequence *seq, gint64 account_id, GTimeZone *zone)
{
    scoped(enrolment_free) struct enrolment *e = enrolment_load(f->db, account_id, seq->name, &f->error);
    g_assert_no_error(f->error);
    GString *line = g_string_new(!e ? "-" : !e->active ? "left" : e->stage);
    for (guint i = 0; i < seq->steps->len; i++) {
        const struct step *step = seq->steps->pdata[i];
        scoped(query_end) struct query *q = store_query(
            f->db, "SELECT state, due_at FROM step WHERE account_id = ? AND sequence = ? AND step = ?",
            &f->error, "itt", account_id, seq->name, step->id);
        if (!query_next(q, &f->error) || strcmp(query_text(q, "state"), "idle") == 0)
            continue;
        g_string_append_printf(line, "; %s %s", step->id, query_text(q, "state"));
        if (query_int(q, "due_at")) {
            g_autofree char *due = zone_format(zone, query_int(q, "due_at"));
            due[strlen(due) - strlen(":00")] = '\0';
            g_string_append_printf(line, " %s", g_str_has_prefix(due, "2026-") ? due + strlen("2026-") : due);
        }
    }
    if (e && e->active && e->cancelled)
        g_string_append(line, "; cancelled");
    return g_string_free(line, FALSE);
}

/* "step: reason" a line: why each step stands where it stands; of idle ones, why they are so now. The caller
 * frees. */
static inline char *
reasons_of(struct fixture *f, const struct program *program, const struct sequence *seq, gint64 account_id,
           gint64 now_us)
{
    g_autoptr(GHashTable) idle = pipeline_idle_reasons(f->db, program, seq, account_id, now_us, &f->error);
    GString *lines = g_string_new(NULL);
    scoped(query_end) struct query *q = store_query(
        f->db, "SELECT step, reason FROM step WHERE account_id = ? AND sequence = ? AND state <> 'idle'",
        &f->error, "it", account_id, seq->name);
    while (query_next(q, &f->error))
        g_string_append_printf(lines, "%s: %s\n", query_text(q, "step"),
                               query_is_null(q, "reason") ? "" : query_text(q, "reason"));
    g_assert_no_error(f->error);
    GHashTableIter i;
    gpointer step, reason;
    g_hash_table_iter_init(&i, idle);
    while (g_hash_table_iter_next(&i, &step, &reason))
        g_string_append_printf(lines, "%s: %s\n", (const char *)step, (const char *)reason);
    return g_string_free(lines, FALSE);
}

/* Everything that the journal alone must give, as text; the caller frees. */
static inline char *
projections_of(struct fixture *f)
{
    static const struct {
        const char *expression, *from;
    } tables[] = {
        {"concat_ws_ || "
         "quote(state)||quote(stage)||quote(since)||quote(by_hand)||quote(cancelled)||'e'||quote(engaged_at)|"
         "|'r'||quote(replied_at)"
         "||'a'||quote(answered_at)||'p'||quote(payment_mail_at)||'l'||quote(last_sent_at)||quote(extension_"
         "days)||quote(ended_at)||quote(fresh_at)",
         "(SELECT *, account_id || sequence AS concat_ws_ FROM enrolment ORDER BY account_id, sequence)"},
        {"account_id || sequence || stage || ' ' || at",
         "(SELECT * FROM stage_entry ORDER BY account_id, sequence, stage)"},
        {"account_id || sequence || ' ' || step || ' ' || state || ' due ' || quote(due_at) || ' released ' "
         "|| quote(released_at) || quote(reason)"
         " || quote(message_id) || quote(task_event)",
         "(SELECT * FROM step ORDER BY account_id, sequence, step)"},
        {"quote(account_id) || quote(address) || quote(until) || reason",
         "(SELECT * FROM hold ORDER BY account_id, address, reason, until)"},
        {"id || quote(account_id) || kind || title || quote(assignee) || quote(due_at) || quote(event_id)"
         " || quote(cause) || quote(done_at) || quote(done_by) || quote(note)",
         "(SELECT * FROM task ORDER BY event_id)"},
        {"account_id || sequence || goal || met || by_hand || actor || at",
         "(SELECT * FROM goal ORDER BY account_id, sequence, goal)"},
        {"account_id || fact || value", "(SELECT * FROM seen ORDER BY account_id, fact)"},
        {"account_id || facts", "(SELECT * FROM account_facts WHERE source = 'by hand' ORDER BY account_id)"},
        {"account_id || segment || member || by_hand || at || quote(entry) || quote(why)",
         "(SELECT * FROM segment_member ORDER BY account_id, segment)"},
        {"account_id || alert || cause || event_id",
         "(SELECT * FROM alert_cause ORDER BY account_id, alert, cause)"},
        {"account_id || ' ' || starts_at || ' ' || ends_at",
         "(SELECT * FROM call ORDER BY account_id, starts_at)"},
        {"account_id || mark || at", "(SELECT * FROM account_mark ORDER BY account_id, mark)"},
        {"address || reason || at || quote(event_id)", "(SELECT * FROM suppression ORDER BY address)"},
        {"id || quote(sales_engaged) || quote(owner) || quote(risk) || quote(risk_note) || quote(priority)",
         "(SELECT * FROM account ORDER BY id)"},
    };
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *rows = ask(f, tables[i].expression, tables[i].from);
        g_string_append_printf(all, "%s\n", rows);
    }
    return g_string_free(all, FALSE);
}

/* Deletes the current state and applies every event of the journal again: the same state must come out. */
static inline void
assert_replay(struct fixture *f)
{
    static const char *const forget[] = {"DELETE FROM enrolment",
                                         "DELETE FROM stage_entry",
                                         "DELETE FROM step",
                                         "DELETE FROM goal",
                                         "DELETE FROM seen",
                                         "DELETE FROM account_facts WHERE source = 'by hand'",
                                         "DELETE FROM hold",
                                         "DELETE FROM task",
                                         "DELETE FROM suppression",
                                         "DELETE FROM segment_member",
                                         "DELETE FROM alert_cause",
                                         "DELETE FROM call",
                                         "DELETE FROM account_mark",
                                         "UPDATE account SET sales_engaged = 0, owner = NULL, risk = NULL, "
                                         "risk_note = NULL, priority = NULL"};
    g_autofree char *before = projections_of(f);
    for (gsize i = 0; i < G_N_ELEMENTS(forget); i++)
        run_sql(f, forget[i]);
    {
        scoped(query_end) struct query *q =
            store_query(f->db, "SELECT id, at, account_id, kind, actor, cause, data FROM event ORDER BY id",
                        &f->error, "");
        while (query_next(q, &f->error)) {
            json_t *data = json_loads(query_text(q, "data"), 0, NULL);
            g_autofree char *kind = query_dup_text(q, "kind");
            g_autofree char *actor = query_dup_text(q, "actor");
            const struct event event = {.id = query_int(q, "id"),
                                        .at_us = query_int(q, "at"),
                                        .account_id = query_int(q, "account_id"),
                                        .cause = query_int(q, "cause"),
                                        .kind = kind,
                                        .actor = actor,
                                        .data = data};
            state_apply(f->db, &event, &f->error);
            g_assert_no_error(f->error);
            json_decref(data);
        }
    }
    g_assert_no_error(f->error);
    g_autofree char *after = projections_of(f);
    g_assert_cmpstr(after, ==, before);
}

static inline gint64
events_so_far(struct fixture *f)
{
    return store_int(f->db, "SELECT COUNT(*) FROM event", 0, NULL, "");
}

/* Brings the account up to now_us, and once more: the second look must find nothing new. */
static inline void
advance_account(struct fixture *f, const struct program *program, gint64 account_id, gint64 now_us)
{
    pipeline_advance(f->db, program, account_id, now_us, &f->error);
    g_assert_no_error(f->error);
    gint64 events = events_so_far(f);
    pipeline_advance(f->db, program, account_id, now_us, &f->error);
    g_assert_no_error(f->error);
    g_assert_cmpint(events_so_far(f), ==, events);
}

/* ana records an event of a kind about an account; data is JSON. */
static inline void
record_event(struct fixture *f, const struct program *program, gint64 account_id, const char *kind,
             const char *data, gint64 at_us)
{
    json_t *parsed = json_loads(data, 0, NULL);
    g_assert_nonnull(parsed);
    struct event event = {
        .at_us = at_us, .account_id = account_id, .kind = kind, .actor = "ana", .data = parsed};
    pipeline_record(f->db, program, &event, &f->error);
    json_decref(parsed);
    g_assert_no_error(f->error);
}

/* A move that is new facts, nothing ("tick"), or an event of the kind `what`. */
static inline void
make_plain_move(struct fixture *f, const struct program *program, gint64 account_id, const char *what,
                const char *arg, gint64 now_us)
{
    if (strcmp(what, "facts") == 0)
        set_facts(f, account_id, arg, now_us);
    else if (strcmp(what, "tick") != 0)
        record_event(f, program, account_id, what, arg, now_us);
}

/* The current state is what the journal gives. */
static inline void
assert_journal(struct fixture *f)
{
    g_autoptr(GPtrArray) differences = NULL;
    g_assert_true(store_begin(f->db, NULL));
    replay_verify(f->db, &differences, &f->error);
    g_assert_no_error(f->error);
    store_rollback(f->db);
    for (guint i = 0; i < differences->len; i++)
        g_test_message("%s", (char *)differences->pdata[i]);
    g_assert_cmpint(differences->len, ==, 0);
}

/* Loads the sequence called name alone. */
static inline struct program *
load_program(struct fixture *f, const char *name)
{
    const char *word = strstr(fixture_conf, "\"trial\"");
    g_autofree char *conf = g_strdup_printf("%.*s\"%s\"%s", (int)(word - fixture_conf), fixture_conf, name,
                                            word + strlen("\"trial\""));
    fixture_load_config(f, conf);
    struct program *program = program_load(f->config, &f->error);
    g_assert_no_error(f->error);
    return program;
}

#endif
