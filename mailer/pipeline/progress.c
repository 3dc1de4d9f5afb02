/* See progress.h. */
#include "pipeline/progress.h"

#include "base/error.h"
#include "pipeline/engine.h"

#include <string.h>

/* ---- facts that become events ---- */

static const struct {
    const char *fact, *event;
} noticed[] = {{"bills_paid", "paid"}, {"churned", "churned"}};

/* A fact as a whole number; FALSE when it is unknown or undeclared. */
static gboolean
fact_number(const struct view *v, const char *name, gint64 *value)
{
    const struct fact_value *fact = fact_row_get(v->row, name);
    if (!fact || !fact->value || (!json_is_number(fact->value) && !json_is_boolean(fact->value)))
        return FALSE;
    *value = json_is_number(fact->value) ? (gint64)json_number_value(fact->value) : json_is_true(fact->value);
    return TRUE;
}

json_t *
progress_facts(const struct view *v)
{
    json_t *data = json_object();
    gint64 value;
    for (gsize i = 0; i < G_N_ELEMENTS(noticed); i++)
        if (fact_number(v, noticed[i].fact, &value))
            json_object_set_new(data, noticed[i].fact, json_integer(value));
    return data;
}

/* Journals what a fact says now: as its event, or only that it was looked at. */
static gboolean
notice_fact(struct view *v, gsize i, gboolean was_known, gint64 was, gint64 value, GError **error)
{
    /* Who is known to have left only now has left now; how many bills were paid before is no news. */
    gboolean news = value > was && (was_known || i == 1);
    json_t *data = json_pack("{s:I}", noticed[i].fact, (json_int_t)value);
    if (news && was_known && i == 0)
        json_object_set_new(data, "was", json_integer(was));
    struct event event = {.at_us = v->now_us,
                          .account_id = v->account_id,
                          .cause = v->cause,
                          .kind = news ? noticed[i].event : "facts_noticed",
                          .actor = "usher",
                          .data = data};
    gboolean ok =
        news ? pipeline_record(v->db, v->program, &event, error) : state_record(v->db, &event, error);
    json_decref(data);
    return ok;
}

static gboolean
notice(struct view *v, gboolean *changed, GError **error)
{
    gboolean known[G_N_ELEMENTS(noticed)] = {FALSE};
    gint64 before[G_N_ELEMENTS(noticed)] = {0}, value;
    {
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q = store_query(
            v->db, "SELECT fact, value FROM seen WHERE account_id = ?", error, "i", v->account_id);
        if (!q)
            return FALSE;
        while (query_next(q, &local))
            for (gsize i = 0; i < G_N_ELEMENTS(noticed); i++)
                if (strcmp(query_text(q, "fact"), noticed[i].fact) == 0) {
                    known[i] = TRUE;
                    before[i] = query_int(q, "value");
                }
        if (!error_pass(error, &local))
            return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(noticed); i++) {
        if (!fact_number(v, noticed[i].fact, &value))
            continue;
        /* A refund takes nothing back: a bill counts once. Who came back may leave again. */
        if (known[i] && (value == before[i] || (i == 0 && value < before[i])))
            continue;
        *changed = TRUE;
        if (!notice_fact(v, i, known[i], before[i], value, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
progress_notice(struct view *v, gboolean *changed, GError **error)
{
    return !v->enrolment || !v->enrolment->active || notice(v, changed, error);
}

gboolean
progress_notice_elsewhere(struct view *v, gboolean *changed, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean active =
        store_int(v->db, "SELECT 1 FROM enrolment WHERE account_id = ? AND state = 'active' LIMIT 1", 0,
                  &local, "i", v->account_id) != 0;
    if (!local)
        return !active || notice(v, changed, error);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* ---- a file whose stages changed ---- */

static gboolean
rename_stages(struct view *v, gboolean *changed, GError **error)
{
    for (guint i = 0; i < v->seq->stages->len; i++) {
        const struct stage *stage = v->seq->stages->pdata[i];
        for (char **was = stage->was; *was; was++) {
            g_autoptr(GError) local = NULL;
            gboolean there =
                store_int(
                    v->db,
                    "SELECT EXISTS (SELECT 1 FROM stage_entry WHERE account_id = ?1 AND sequence = ?2 AND "
                    "stage = ?3) OR EXISTS (SELECT 1 FROM enrolment WHERE account_id = ?1 AND sequence = "
                    "?2 AND stage = ?3)",
                    0, &local, "itt", v->account_id, v->seq->name, *was) != 0;
            if (!error_pass(error, &local))
                return FALSE;
            if (!there)
                continue;
            *changed = TRUE;
            if (!view_record(v, "stage_renamed", 0, json_pack("{s:s, s:s}", "was", *was, "stage", stage->id),
                             error))
                return FALSE;
        }
    }
    return TRUE;
}

/* Nobody but a person can say which stage an account is in whose stage is gone. */
static gboolean
ask_for_stage(struct view *v, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *title = g_strdup_printf(
        "Its stage \"%s\" is not in %s any more, so nothing goes out: set another (usher stage)",
        v->enrolment->stage, v->seq->title);
    gboolean open =
        store_int(v->db,
                  "SELECT 1 FROM task WHERE account_id = ? AND kind = 'stage_lost' AND title = ? AND "
                  "done_at IS NULL",
                  0, &local, "it", v->account_id, title) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    return open || view_record(v, "task_made", 0,
                               json_pack("{s:s, s:s, s:I}", "task", "stage_lost", "title", title, "due_at",
                                         (json_int_t)v->now_us),
                               error);
}

gboolean
progress_rename(struct view *v, gboolean *changed, GError **error)
{
    if (v->renamed || v->has_renamed)
        return rename_stages(v, changed, error);
    return !v->stage_lost || ask_for_stage(v, error);
}

/* ---- time ---- */

/* Whether a stage was entered in this enrolment. */
static gboolean
was_entered(const struct view *v, const char *stage)
{
    g_autofree char *name = g_strdup_printf("%s_at", stage);
    return fact_row_text(v->row, name) != NULL;
}

gboolean
progress_time(struct view *v, gboolean *changed, GError **error)
{
    const char *stage = fact_row_text(v->row, "stage");
    if (!v->enrolment || !v->enrolment->active || v->enrolment->cancelled || v->stage_lost || !stage)
        return TRUE;
    for (guint i = 0; i < v->seq->transitions->len; i++) {
        const struct transition *t = v->seq->transitions->pdata[i];
        if (!t->timed || strcmp(t->to, stage) == 0 || was_entered(v, t->to) ||
            !view_may_enter(v, sequence_stage(v->seq, t->to)) ||
            (*t->stages && !g_strv_contains((const char *const *)t->stages, stage)) ||
            view_truth(v, t->when, RULE_FALSE) != RULE_TRUE)
            continue;
        *changed = TRUE;
        return view_enter_stage(v, sequence_stage(v->seq, t->to), t->name, 0, error);
    }
    return TRUE;
}

/* ---- goals ---- */

gboolean
progress_goals(struct view *v, gboolean *changed, GError **error)
{
    if (!v->enrolment || !v->enrolment->active)
        return TRUE;
    for (guint i = 0; i < v->seq->goals->len; i++) {
        const struct goal *goal = v->seq->goals->pdata[i];
        struct goal_status status;
        if (view_truth(v, goal->when, RULE_FALSE) != RULE_TRUE)
            continue;
        if (!goal_status_load(v->db, v->account_id, v->seq->name, goal->id, &status, error))
            return FALSE;
        g_free(status.actor);
        if (status.known)
            continue;
        g_autofree char *known = view_known(v, goal->when);
        *changed = TRUE;
        if (!view_record(v, "goal_met", 0,
                         json_pack("{s:s, s:i, s:s}", "goal", goal->id, "by_hand", 0, "why", known), error))
            return FALSE;
    }
    return TRUE;
}

/* ---- who may enter ---- */

static gboolean
may_exclude(const struct program *program)
{
    for (guint i = 0; i < program->sequences->len; i++)
        if (*((struct sequence *)program->sequences->pdata[i])->not_while)
            return TRUE;
    return FALSE;
}

char *
pipeline_excluded_by(struct store *db, const struct program *program, const struct sequence *seq,
                     gint64 account_id, GError **error)
{
    if (!may_exclude(program))
        return NULL;
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        db, "SELECT sequence FROM enrolment WHERE account_id = ? AND state = 'active' ORDER BY sequence",
        error, "i", account_id);
    while (q && query_next(q, &local)) {
        const char *name = query_text(q, "sequence");
        const struct sequence *other = program_sequence(program, name);
        if (other ? sequence_excludes(seq, other)
                  : g_strv_contains((const char *const *)seq->not_while, name))
            return g_strdup(name);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

char *
progress_excluded_by(const struct view *v, GError **error)
{
    return pipeline_excluded_by(v->db, v->program, v->seq, v->account_id, error);
}
