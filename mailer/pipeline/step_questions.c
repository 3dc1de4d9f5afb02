/* See step_questions.h. A task is known by its kind and title, so a title never holds what changes from day
 * to day: the reason of the step says how late it is. */
#include "pipeline/step_questions.h"

#include "base/error.h"
#include "pipeline/state.h"

#include <string.h>

/* The state an event brings its step to; FALSE when it says nothing of that. */
static gboolean
state_after(const struct event *event, enum step_state *state)
{
    static const struct {
        const char *kind;
        enum step_state state;
    } ends[] = {{"step_failed", STEP_FAILED}, {"draft_rejected", STEP_REJECTED}, {"sent", STEP_SENT}};
    const char *name = json_string_value(json_object_get(event->data, "state"));
    if (strcmp(event->kind, "step_changed") == 0 && name) {
        *state = step_state_parse(name);
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
        if (strcmp(event->kind, ends[i].kind) == 0) {
            *state = ends[i].state;
            return TRUE;
        }
    return FALSE;
}

/* The stage that only the mail of the step would have brought the account to; NULL for none. */
static const struct stage *
stage_missed(const struct sequence *seq, const char *step, const char *stage)
{
    for (guint i = 0; stage && i < seq->transitions->len; i++) {
        const struct transition *t = seq->transitions->pdata[i];
        if (strcmp(t->on, "sent") == 0 && g_strcmp0(t->step, step) == 0 && strcmp(t->to, stage) != 0 &&
            (!*t->stages || g_strv_contains((const char *const *)t->stages, stage)))
            return sequence_stage(seq, t->to);
    }
    return NULL;
}

static gboolean
record(struct store *db, const struct event *cause, const char *kind, json_t *data, GError **error)
{
    struct event event = {.at_us = cause->at_us,
                          .account_id = cause->account_id,
                          .cause = cause->id,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = state_record(db, &event, error);
    json_decref(data);
    return ok;
}

/* Brings the task to what is asked now. */
static gboolean
ask(struct store *db, const struct event *cause, const char *kind, const char *title, gboolean wanted,
    GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean open =
        store_int(db,
                  "SELECT 1 FROM task WHERE account_id = ? AND kind = ? AND title = ? AND done_at IS NULL", 0,
                  &local, "itt", cause->account_id, kind, title) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    if (open == wanted)
        return TRUE;
    if (open)
        return record(db, cause, "task_over", json_pack("{s:s, s:s}", "task", kind, "title", title), error);
    return record(
        db, cause, "task_made",
        json_pack("{s:s, s:s, s:I}", "task", kind, "title", title, "due_at", (json_int_t)cause->at_us),
        error);
}

/* What commands call the account; empty where there is nothing to ask and no question of the kind is open.
 * The caller frees; NULL with error. */
static char *
key_of(struct store *db, const struct event *event, const char *kind, gboolean wanted, GError **error)
{
    g_autoptr(GError) local = NULL;
    char *key =
        store_text(db,
                   "SELECT key FROM account WHERE id = ?1 AND (?2 OR EXISTS (SELECT 1 FROM task WHERE "
                   "account_id = ?1 AND kind = ?3 AND done_at IS NULL))",
                   &local, "iit", event->account_id, (gint64)wanted, kind);
    if (!local)
        return key ? key : g_strdup("");
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static gboolean
ask_lateness(struct store *db, const struct event *event, const char *step, enum step_state state,
             GError **error)
{
    g_autofree char *key = key_of(db, event, "late_step", state == STEP_LATE, error);
    if (!key || !*key)
        return key != NULL;
    g_autofree char *title =
        g_strdup_printf("The %s mail is too late to go out by itself: `usher resume %s %s` "
                        "sends it, `usher stop %s %s` drops it",
                        step, key, step, key, step);
    return ask(db, event, "late_step", title, state == STEP_LATE, error);
}

/* Each stage that the step could lead to has a question of its own; at most that of missed is open. */
static gboolean
ask_stages(struct store *db, const struct sequence *seq, const struct event *event, const char *step,
           const struct stage *missed, GError **error)
{
    g_autofree char *key = key_of(db, event, "stage_open", missed != NULL, error);
    for (guint i = 0; key && *key && i < seq->transitions->len; i++) {
        const struct transition *t = seq->transitions->pdata[i];
        if (strcmp(t->on, "sent") != 0 || g_strcmp0(t->step, step) != 0)
            continue;
        const struct stage *to = sequence_stage(seq, t->to);
        g_autofree char *title = g_strdup_printf(
            "No %s mail goes out: should the stage be %s all the same? `usher stage %s %s` sets it", step,
            to->title, key, to->id);
        if (!ask(db, event, "stage_open", title, to == missed, error))
            return FALSE;
    }
    return key != NULL;
}

static gboolean
follow_step(struct store *db, const struct sequence *seq, const struct event *event, const char *step,
            const char *stage, GError **error)
{
    enum step_state state;
    if (!state_after(event, &state))
        return TRUE;
    gboolean over = step_state_is_final(state) && state != STEP_SENT;
    return ask_lateness(db, event, step, state, error) &&
           ask_stages(db, seq, event, step, over ? stage_missed(seq, step, stage) : NULL, error);
}

/* Where the account stands now, the questions of other stages are answered. */
static gboolean
follow_stage(struct store *db, const struct sequence *seq, const struct event *event, const char *stage,
             GError **error)
{
    for (guint i = 0; i < seq->steps->len; i++) {
        const char *step = ((const struct step *)seq->steps->pdata[i])->id;
        if (!stage_missed(seq, step, stage) && !ask_stages(db, seq, event, step, NULL, error))
            return FALSE;
    }
    return TRUE;
}

/* Whether the event may raise a question; any other only answers those that are open. */
static gboolean
asks(const struct event *event)
{
    enum step_state state;
    return strcmp(event->kind, "stage_entered") != 0 && state_after(event, &state) &&
           (state == STEP_LATE || (step_state_is_final(state) && state != STEP_SENT));
}

static gboolean
any_open(struct store *db, gint64 account_id, GError **error)
{
    return store_int(db,
                     "SELECT 1 FROM task WHERE account_id = ? AND done_at IS NULL AND kind IN ('late_step', "
                     "'stage_open') LIMIT 1",
                     0, error, "i", account_id) != 0;
}

gboolean
step_questions_follow(struct store *db, const struct program *program, const struct event *event,
                      GError **error)
{
    const char *name = json_string_value(json_object_get(event->data, "sequence")),
               *step = json_string_value(json_object_get(event->data, "step"));
    const struct sequence *seq = name && event->account_id ? program_sequence(program, name) : NULL;
    gboolean moved = strcmp(event->kind, "stage_entered") == 0;
    if (!seq || (!moved && !step))
        return TRUE;
    g_autoptr(GError) local = NULL;
    if (!asks(event) && !any_open(db, event->account_id, &local)) {
        return error_pass(error, &local);
    }
    g_autofree char *stage =
        store_text(db,
                   "SELECT stage FROM enrolment WHERE account_id = ? AND sequence = ? AND state = 'active' "
                   "AND cancelled IS NULL",
                   &local, "it", event->account_id, name);
    if (!error_pass(error, &local))
        return FALSE;
    return moved ? follow_stage(db, seq, event, stage, error)
                 : follow_step(db, seq, event, step, stage, error);
}
