/* Events into tables, second part: how an enrolment begins and ends, goals, dates by hand, and tasks. As in
 * state.c, a function reads nothing but its event and the tables it changes. */
#include "pipeline/state.h"

#include "base/error.h"
#include "pipeline/state_more.h"

#include <string.h>

/* ---- enrolments ---- */

/* Who comes back after the end begins anew: stage times, steps and goals of the first time are history. Who
 * was taken out on the way keeps what was sent. */
static gboolean
forget_ended(struct store *db, const struct event *e, GError **error)
{
    static const char *const statements[] = {
        "DELETE FROM step WHERE account_id = ?1 AND sequence = ?2",
        "DELETE FROM stage_entry WHERE account_id = ?1 AND sequence = ?2",
        "DELETE FROM goal WHERE account_id = ?1 AND sequence = ?2",
        "UPDATE enrolment SET fresh_at = ?3, engaged_at = NULL, payment_mail_at = NULL, extension_days = 0"
        " WHERE account_id = ?1 AND sequence = ?2",
    };
    const char *sequence = event_text(e, "sequence");
    g_autoptr(GError) local = NULL;
    gboolean ended =
        store_int(db, "SELECT state = 'ended' FROM enrolment WHERE account_id = ? AND sequence = ?", 0,
                  &local, "it", e->account_id, sequence) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    for (gsize i = 0; ended && i < G_N_ELEMENTS(statements); i++)
        if (!store_exec(db, statements[i], error, strstr(statements[i], "?3") ? "iti" : "it", e->account_id,
                        sequence, e->at_us))
            return FALSE;
    return TRUE;
}

/* What the facts said when usher looked; events such as paid are made of what they say later. */
static gboolean
apply_noticed(struct store *db, const struct event *e, GError **error)
{
    static const char *const facts[] = {"bills_paid", "churned"};
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        if (json_object_get(e->data, facts[i]) &&
            !store_exec(db, "INSERT OR REPLACE INTO seen(account_id, fact, value) VALUES(?, ?, ?)", error,
                        "iti", e->account_id, facts[i], event_int(e, facts[i])))
            return FALSE;
    return TRUE;
}

static gboolean
apply_enrolled(struct store *db, const struct event *e, GError **error)
{
    return forget_ended(db, e, error) &&
           store_exec(db,
                      "INSERT INTO enrolment(account_id, sequence, state, since, by_hand) VALUES(?, ?, "
                      "'active', ?, ?) "
                      "ON CONFLICT DO UPDATE SET state = 'active', since = excluded.since, by_hand = "
                      "excluded.by_hand, "
                      "cancelled = NULL, ended_at = NULL",
                      error, "itii", e->account_id, event_text(e, "sequence"), e->at_us,
                      event_int(e, "by_hand")) &&
           apply_noticed(db, e, error);
}

static gboolean
apply_extended(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE enrolment SET extension_days = extension_days + ?1 WHERE account_id = ?2 AND "
                      "state = 'active' AND sequence = COALESCE(?3, sequence)",
                      error, "iit", event_int(e, "days"), e->account_id, event_text(e, "sequence"));
}

/* Leaving clears stage, stage times and what is still to come from views and exports; the journal keeps them.
 */
static gboolean
apply_left(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE enrolment SET state = 'left', stage = NULL, cancelled = ?, ended_at = ? WHERE "
                      "account_id = ? AND sequence = ?",
                      error, "tiit", event_text(e, "reason"), e->at_us, e->account_id,
                      event_text(e, "sequence")) &&
           store_exec(db, "DELETE FROM stage_entry WHERE account_id = ? AND sequence = ?", error, "it",
                      e->account_id, event_text(e, "sequence")) &&
           store_exec(
               db,
               "DELETE FROM step WHERE account_id = ? AND sequence = ? AND state NOT IN ('sent', 'failed')",
               error, "it", e->account_id, event_text(e, "sequence"));
}

/* A final stage was entered: the stage stays to be seen, nothing further is due. */
static gboolean
apply_ended(struct store *db, const struct event *e, GError **error)
{
    return store_exec(
        db, "UPDATE enrolment SET state = 'ended', ended_at = ? WHERE account_id = ? AND sequence = ?", error,
        "iit", e->at_us, e->account_id, event_text(e, "sequence"));
}

static gboolean
apply_reopened(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE enrolment SET state = 'active', ended_at = NULL WHERE account_id = ? AND "
                      "sequence = ? AND state = 'ended'",
                      error, "it", e->account_id, event_text(e, "sequence"));
}

/* A stage has another name in the file; when it was entered does not change. */
static gboolean
apply_stage_renamed(struct store *db, const struct event *e, GError **error)
{
    const char *sequence = event_text(e, "sequence"), *was = event_text(e, "was"),
               *stage = event_text(e, "stage");
    return store_exec(db,
                      "UPDATE enrolment SET stage = ? WHERE account_id = ? AND sequence = ? AND stage = ?",
                      error, "titt", stage, e->account_id, sequence, was) &&
           store_exec(db,
                      "INSERT INTO stage_entry SELECT account_id, sequence, ?, at FROM stage_entry WHERE "
                      "account_id = ? AND sequence = ? AND stage = ? ON CONFLICT DO NOTHING",
                      error, "titt", stage, e->account_id, sequence, was) &&
           store_exec(db, "DELETE FROM stage_entry WHERE account_id = ? AND sequence = ? AND stage = ?",
                      error, "itt", e->account_id, sequence, was) &&
           store_exec(
               db,
               "UPDATE task SET done_at = ? WHERE account_id = ? AND kind = 'stage_lost' AND done_at IS "
               "NULL",
               error, "ii", e->at_us, e->account_id);
}

/* ---- goals and dates ---- */

gboolean
goal_status_load(struct store *db, gint64 account_id, const char *sequence, const char *goal,
                 struct goal_status *out, GError **error)
{
    memset(out, 0, sizeof *out);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        db, "SELECT met, by_hand, at, actor FROM goal WHERE account_id = ? AND sequence = ? AND goal = ?",
        error, "itt", account_id, sequence, goal);
    if (!q)
        return FALSE;
    if (query_next(q, &local)) {
        out->known = TRUE;
        out->met = query_int(q, "met") != 0;
        out->by_hand = query_int(q, "by_hand") != 0;
        out->at_us = query_int(q, "at");
        out->actor = query_dup_text(q, "actor");
    }
    return error_pass(error, &local);
}

static gboolean
set_goal(struct store *db, const struct event *e, gboolean met, GError **error)
{
    return store_exec(db, "INSERT OR REPLACE INTO goal VALUES(?, ?, ?, ?, ?, ?, ?)", error, "ittiiti",
                      e->account_id, event_text(e, "sequence"), event_text(e, "goal"), (gint64)met,
                      event_int(e, "by_hand"), e->actor, e->at_us);
}

static gboolean
apply_goal_met(struct store *db, const struct event *e, GError **error)
{
    return set_goal(db, e, TRUE, error);
}

static gboolean
apply_goal_undone(struct store *db, const struct event *e, GError **error)
{
    return set_goal(db, e, FALSE, error);
}

/* A date given by hand is a fact of a source of its own, FACTS_BY_HAND; without a value it is taken back. */
static gboolean
apply_date_set(struct store *db, const struct event *e, GError **error)
{
    const char *fact = event_text(e, "fact"), *value = event_text(e, "value");
    g_autofree char *path = g_strdup_printf("$.%s", fact);
    return store_exec(db,
                      "INSERT INTO account_facts(account_id, source, as_of, facts) VALUES(?, ?, 0, '{}') ON "
                      "CONFLICT DO NOTHING",
                      error, "it", e->account_id, FACTS_BY_HAND) &&
           store_exec(db,
                      "UPDATE account_facts SET as_of = ?1, facts = CASE WHEN ?3 IS NULL THEN "
                      "json_remove(facts, ?2) ELSE json_set(facts, ?2, ?3) END"
                      " WHERE account_id = ?4 AND source = ?5",
                      error, "ittit", e->at_us, path, value, e->account_id, FACTS_BY_HAND);
}

/* ---- tasks ---- */

/* The acts on a task name it by the event that made it: its number is only the table's. A task that a step
 * wanted belongs to it. */
static gboolean
apply_task_made(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "INSERT INTO task(account_id, kind, title, assignee, due_at, event_id, cause) "
                      "VALUES(NULLIF(?, 0), ?, ?, ?, NULLIF(?, 0), ?, NULLIF(?, 0))",
                      error, "itttiii", e->account_id, event_text(e, "task"), event_text(e, "title"),
                      event_text(e, "assignee"), event_int(e, "due_at"), e->id, e->cause) &&
           (!event_text(e, "step") ||
            store_exec(
                db, "UPDATE step SET task_event = ? WHERE account_id = ? AND sequence = ? AND step = ?",
                error, "iitt", e->id, e->account_id, event_text(e, "sequence"), event_text(e, "step"))) &&
           state_apply_alert(db, e, error);
}

static gboolean
apply_task_done(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE task SET done_at = ?, done_by = ?, note = ? WHERE event_id = ? AND done_at IS "
                      "NULL",
                      error, "itti", e->at_us, e->actor, event_text(e, "note"), event_int(e, "made")) &&
           store_exec(db,
                      "UPDATE step SET state = 'done', reason = NULL WHERE task_event = ? AND state = 'open'",
                      error, "i", event_int(e, "made"));
}

/* Nobody has to do it any more. */
static gboolean
apply_task_over(struct store *db, const struct event *e, GError **error)
{
    if (event_int(e, "made"))
        return store_exec(db, "UPDATE task SET done_at = ? WHERE event_id = ? AND done_at IS NULL", error,
                          "ii", e->at_us, event_int(e, "made"));
    return store_exec(
        db,
        "UPDATE task SET done_at = ? WHERE COALESCE(account_id, 0) = ? AND kind = ? AND title = ? AND "
        "done_at IS NULL",
        error, "iitt", e->at_us, e->account_id, event_text(e, "task"), event_text(e, "title"));
}

gboolean
state_apply_programme(struct store *db, const struct event *event, GError **error)
{
    static const struct {
        const char *kind;
        gboolean (*apply)(struct store *db, const struct event *event, GError **error);
    } projections[] = {
        {"enrolled", apply_enrolled},
        {"extended", apply_extended},
        {"left", apply_left},
        {"ended", apply_ended},
        {"reopened", apply_reopened},
        {"stage_renamed", apply_stage_renamed},
        {"facts_noticed", apply_noticed},
        {"paid", apply_noticed},
        {"churned", apply_noticed},
        {"goal_met", apply_goal_met},
        {"goal_undone", apply_goal_undone},
        {"date_set", apply_date_set},
        {"task_made", apply_task_made},
        {"task_done", apply_task_done},
        {"task_over", apply_task_over},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(projections); i++)
        if (strcmp(projections[i].kind, event->kind) == 0)
            return projections[i].apply(db, event, error);
    return TRUE;
}
