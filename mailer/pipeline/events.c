/* What happened, and the stages it moves: an event is journaled, then every sequence the account is active in
 * follows its first transition that fits. */
#include "pipeline/engine.h"

#include "accounts/contacts.h"
#include "base/error.h"
#include "pipeline/step_questions.h"
#include "pipeline/view.h"

#include <string.h>

/* Whether the transition is about such an event in such a stage, whatever its rules say. */
static gboolean
leads_on(const struct transition *t, const struct event *event, const char *stage)
{
    const char *step = json_string_value(json_object_get(event->data, "step"));
    return strcmp(t->on, event->kind) == 0 && (!t->step || g_strcmp0(t->step, step) == 0) &&
           (!*t->stages || g_strv_contains((const char *const *)t->stages, stage)) &&
           strcmp(t->to, stage) != 0;
}

/* As much of a view as the transitions that may follow ask for; it takes *e over. NULL with *none when there
 * is no such transition. */
static struct view *
view_for(struct store *db, const struct program *program, const struct sequence *seq, struct enrolment **e,
         const struct event *event, gboolean *none, GError **error)
{
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(int));
    gboolean known = sequence_stage(seq, (*e)->stage) != NULL, short_way = known;
    *none = known;
    for (guint i = 0; known && i < seq->transitions->len; i++) {
        const struct transition *t = seq->transitions->pdata[i];
        if (!leads_on(t, event, (*e)->stage))
            continue;
        int asks[] = {t->when, sequence_stage(seq, t->to)->when};
        *none = FALSE;
        short_way = short_way && view_is_about_event(program, seq, asks[0]) &&
                    view_is_about_event(program, seq, asks[1]);
        g_array_append_vals(rules, asks, G_N_ELEMENTS(asks));
    }
    if (*none)
        return NULL;
    return short_way ? view_of_event(db, program, seq, g_steal_pointer(e), event, (const int *)rules->data,
                                     rules->len, error)
                     : view_load(db, program, seq, event->account_id, event->at_us, event, error);
}

static gboolean
follow_transitions(struct store *db, const struct program *program, const struct sequence *seq,
                   const struct event *event, GError **error)
{
    gboolean any = FALSE;
    for (guint i = 0; i < seq->transitions->len; i++)
        any = any || strcmp(((struct transition *)seq->transitions->pdata[i])->on, event->kind) == 0;
    const char *of_sequence = json_string_value(json_object_get(event->data, "sequence"));
    if (!any || (of_sequence && strcmp(of_sequence, seq->name) != 0))
        return TRUE;
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e = enrolment_load(db, event->account_id, seq->name, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (!e || !e->active || !e->stage)
        return TRUE;
    gboolean none;
    scoped(view_free) struct view *v = view_for(db, program, seq, &e, event, &none, error);
    if (!v)
        return none;
    const char *stage = fact_row_text(v->row, "stage");
    for (guint i = 0; i < seq->transitions->len; i++) {
        const struct transition *t = seq->transitions->pdata[i];
        if (!leads_on(t, event, stage) || !view_may_enter(v, sequence_stage(seq, t->to)) ||
            view_truth(v, t->when, RULE_TRUE) != RULE_TRUE)
            continue;
        return view_enter_stage(v, sequence_stage(seq, t->to), t->name, event->id, error);
    }
    return TRUE;
}

/* A specialist's own mail that opens no conversation is an answer, not an outreach. */
static gboolean
causes_transitions(const struct event *event)
{
    return strcmp(event->kind, "hand_sent") != 0 ||
           json_integer_value(json_object_get(event->data, "opens")) != 0;
}

static gboolean
follow_by_hand(struct store *db, const struct event *event, const char *kind, json_t *data, GError **error)
{
    struct event follow = {.at_us = event->at_us,
                           .account_id = event->account_id,
                           .cause = event->id,
                           .kind = kind,
                           .actor = "usher",
                           .data = data};
    json_object_set(data, "sequence", json_object_get(event->data, "sequence"));
    gboolean ok = state_record(db, &follow, error);
    json_decref(data);
    return ok;
}

/* TRUE when an earlier stage cancelled what is automatic, not churn or an opt-out. */
static gboolean
is_cancelled_by_stage(const struct sequence *seq, const struct enrolment *e)
{
    for (guint i = 0; e->cancelled && i < seq->stages->len; i++)
        if (strcmp(((struct stage *)seq->stages->pdata[i])->title, e->cancelled) == 0)
            return TRUE;
    return FALSE;
}

/* A stage set by hand cancels what is automatic, or ends the enrolment, or takes such a thing back. */
static gboolean
follow_stage_by_hand(struct store *db, const struct program *program, const struct event *event,
                     GError **error)
{
    const char *name = json_string_value(json_object_get(event->data, "sequence")),
               *id = json_string_value(json_object_get(event->data, "stage"));
    const struct sequence *seq = name && id ? program_sequence(program, name) : NULL;
    const struct stage *stage = seq ? sequence_stage(seq, id) : NULL;
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e =
        seq ? enrolment_load(db, event->account_id, seq->name, &local) : NULL;
    if (!error_pass(error, &local))
        return FALSE;
    if (!stage || !e)
        return TRUE;
    if (stage->cancels && !e->cancelled &&
        !follow_by_hand(db, event, "cancelled", json_pack("{s:s}", "reason", stage->title), error))
        return FALSE;
    if (!stage->cancels && is_cancelled_by_stage(seq, e) &&
        !follow_by_hand(db, event, "reinstated", json_object(), error))
        return FALSE;
    if (stage->final && e->active)
        return follow_by_hand(db, event, "ended",
                              json_pack("{s:s, s:s}", "stage", stage->id, "reason", stage->title), error);
    return stage->final || !e->ended || follow_by_hand(db, event, "reopened", json_object(), error);
}

/* Whether the subject of an event's mail holds a payment word is the sequence's to say. */
static void
mark_payment(const struct program *program, struct event *event)
{
    const char *subject = json_string_value(json_object_get(event->data, "subject"));
    gboolean is_ours = strcmp(event->kind, "sent") == 0 || strcmp(event->kind, "hand_sent") == 0;
    if (!is_ours || !subject || json_object_get(event->data, "payment"))
        return;
    const char *of_sequence = json_string_value(json_object_get(event->data, "sequence"));
    gboolean payment = FALSE;
    for (guint i = 0; i < program->sequences->len; i++) {
        const struct sequence *seq = program->sequences->pdata[i];
        if (!of_sequence || strcmp(of_sequence, seq->name) == 0)
            payment = payment || sequence_is_payment_subject(seq, subject);
    }
    json_object_set_new(event->data, "payment", json_integer(payment));
}

/* A release frees the people who belong to the account now; a replay must not ask who that was. */
static gboolean
name_released(struct store *db, struct event *event, GError **error)
{
    if (strcmp(event->kind, "released") != 0 || json_object_get(event->data, "addresses"))
        return TRUE;
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT DISTINCT address FROM hold WHERE address IN (SELECT address FROM contact WHERE "
                    "account_id = ?) ORDER BY address",
                    error, "i", event->account_id);
    json_t *addresses = json_array();
    while (q && query_next(q, &local))
        json_array_append_new(addresses, json_string(query_text(q, "address")));
    json_object_set_new(event->data, "addresses", addresses);
    return q && error_pass(error, &local);
}

gboolean
pipeline_record(struct store *db, const struct program *program, struct event *event, GError **error)
{
    mark_payment(program, event);
    if (!name_released(db, event, error))
        return FALSE;
    if (!state_record(db, event, error))
        return FALSE;
    if (!event->account_id)
        return TRUE;
    if (strcmp(event->kind, "stage_entered") == 0 && !follow_stage_by_hand(db, program, event, error))
        return FALSE;
    for (guint i = 0; causes_transitions(event) && i < program->sequences->len; i++)
        if (!follow_transitions(db, program, program->sequences->pdata[i], event, error))
            return FALSE;
    if (!step_questions_follow(db, program, event, error))
        return FALSE;
    return account_touch(db, event->account_id, error);
}
