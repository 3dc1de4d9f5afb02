/* What an account's events and facts mean now. One pass a sequence:
 *
 *   leave? cancel? enrol?  →  each step: conditions → due → held? late? → window  →  a state, journaled when it changed
 *
 * Polarity (usher-sequence(5)): `when` without verdict does not fire; `unless`, `hold` without verdict count as true for
 * automatic steps. Decisions are events of their own, so that a replay never evaluates a rule. */
#include "pipeline/engine.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "pipeline/calendar.h"
#include "pipeline/view.h"

#include <string.h>

#define ACTOR "usher"
#define REASON_CHARS 100

/* What a step should be; reason is owned. */
struct verdict {
    enum step_state state;
    gint64 due_us, released_us;
    char *reason;
};

static gboolean
record(struct view *v, const char *kind, gint64 cause, json_t *data, GError **error)
{
    json_object_set_new(data, "sequence", json_string(v->seq->name));
    struct event event = {.at_us = v->now_us, .account_id = v->account_id, .cause = cause, .kind = kind, .actor = ACTOR, .data = data};
    gboolean ok = state_record(v->db, &event, error);
    json_decref(data);
    return ok;
}

static gboolean
enter_stage(struct view *v, const struct stage *stage, const char *why, gint64 cause, GError **error)
{
    if (!record(v, "stage_entered", cause, json_pack("{s:s, s:s}", "stage", stage->id, "why", why), error))
        return FALSE;
    if (!stage->cancels || (v->enrolment && v->enrolment->cancelled))
        return TRUE;
    return record(v, "cancelled", cause, json_pack("{s:s}", "reason", stage->title), error);
}

/* ---- steps ---- */

static gboolean
load_step(struct view *v, const struct step *step, struct step_status *out, GError **error)
{
    memset(out, 0, sizeof *out);
    scoped(query_end) struct query *q =
        store_query(v->db, "SELECT state, due_at, released_at, reason, message_id FROM step WHERE account_id = ? AND sequence = ? AND step = ?",
                    error, "itt", v->account_id, v->seq->name, step->id);
    if (!q)
        return FALSE;
    g_autoptr(GError) local = NULL;
    if (query_next(q, &local)) {
        out->state = step_state_parse(query_text(q, "state"));
        out->due_us = query_int(q, "due_at");
        out->released_us = query_int(q, "released_at");
        out->message_id = query_int(q, "message_id");
        out->reason = query_dup_text(q, "reason");
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return !local;
}

static struct verdict
verdict_of(enum step_state state, gint64 due_us, char *reason)
{
    return (struct verdict){.state = state, .due_us = due_us, .reason = reason};
}

/* "when is false: forecast_mrr >= 500 AND …". The caller frees. */
static char *
rule_reason(const struct view *v, const char *what, int rule)
{
    g_autofree char *line = view_rule_line(v, rule, REASON_CHARS);
    return g_strdup_printf("%s: %s", what, line);
}

/* Why a mail must wait although it is due; NULL when nothing holds it. The caller frees. */
static char *
held_because(const struct view *v, const struct step *step)
{
    if (v->hold_reason)
        return g_strdup_printf("on hold: %s", v->hold_reason);
    if (v->absent)
        return g_strdup("the account is absent from the last complete import");
    if (step->needs_answered && view_is_unanswered(v))
        return g_strdup("the customer's reply is unanswered");
    const int exits[] = {v->seq->cancel, v->seq->leave};
    for (gsize i = 0; step->kind == STEP_AUTOMATIC && i < G_N_ELEMENTS(exits); i++)
        if (view_truth(v, exits[i], RULE_FALSE) == RULE_UNDECIDED) {
            g_autofree char *missing = view_explain(v, exits[i]);
            return g_strdup_printf("%s is undecided: %s", i ? "leave" : "cancel", missing);
        }
    switch (view_truth(v, v->seq->hold, RULE_FALSE)) {
    case RULE_TRUE: {
        g_autofree char *known = view_known(v, v->seq->hold);
        return *known ? g_strdup_printf("hold: %s", known) : rule_reason(v, "hold", v->seq->hold);
    }
    case RULE_UNDECIDED: {
        if (step->kind == STEP_DRAFT)
            return NULL; /* a specialist has looked at it */
        g_autofree char *missing = view_explain(v, v->seq->hold);
        return g_strdup_printf("hold is undecided: %s", missing);
    }
    case RULE_FALSE:
        break;
    }
    return NULL;
}

/* Whether the step's stage and conditions allow it; otherwise *out says why not. */
static gboolean
conditions_hold(const struct view *v, const struct step *step, struct verdict *out)
{
    const struct enrolment *e = v->enrolment;
    if (e->cancelled) {
        *out = verdict_of(STEP_CANCELLED, 0, g_strdup(e->cancelled));
        return FALSE;
    }
    if (*step->stages && (!e->stage || !g_strv_contains((const char *const *)step->stages, e->stage))) {
        *out = verdict_of(STEP_IDLE, 0, g_strdup_printf("not for stage %s", e->stage ? e->stage : "(none)"));
        return FALSE;
    }
    enum rule_truth when = view_truth(v, step->when, RULE_TRUE);
    if (when != RULE_TRUE) {
        g_autofree char *missing = when == RULE_UNDECIDED ? view_explain(v, step->when) : NULL;
        *out = verdict_of(STEP_IDLE, 0,
                          missing ? g_strdup_printf("when is undecided: %s", missing)
                                  : rule_reason(v, "when is false", step->when));
        return FALSE;
    }
    enum rule_truth unless = view_truth(v, step->unless, RULE_FALSE);
    if (unless == RULE_TRUE || (unless == RULE_UNDECIDED && step->kind == STEP_AUTOMATIC)) {
        g_autofree char *missing = unless == RULE_UNDECIDED ? view_explain(v, step->unless) : NULL;
        *out = verdict_of(STEP_IDLE, 0,
                          missing ? g_strdup_printf("unless is undecided: %s", missing)
                                  : rule_reason(v, "unless is true", step->unless));
        return FALSE;
    }
    return TRUE;
}

/* Whether a mail planned for planned_us may no longer go out by itself. */
static gboolean
is_late(const struct view *v, const struct step *step, gint64 planned_us, struct verdict *out)
{
    struct civil planned = zone_from_utc_us(v->zone, planned_us), today = zone_from_utc_us(v->zone, v->now_us);
    int late_days = civil_days_between(&planned, &today);
    if (late_days <= (step->late == LATE_SEND_WITHIN ? step->late_days : 1))
        return FALSE;
    *out = verdict_of(step->late == LATE_SKIP ? STEP_SKIPPED : STEP_LATE, planned_us, g_strdup_printf("%d days late", late_days));
    return TRUE;
}

/* An automatic step whose conditions hold. */
static struct verdict
judge_automatic(struct view *v, const struct step *step, const struct step_status *now, gint64 due_us)
{
    gint64 planned_us = window_next_us(v->window, v->zone, MAX(due_us, now->released_us));
    if (planned_us > v->now_us)
        return verdict_of(STEP_SCHEDULED, planned_us, NULL);
    if (now->state == STEP_LATE) /* a hold that begins and ends meanwhile does not make it punctual */
        return verdict_of(STEP_LATE, now->due_us, g_strdup(now->reason));
    struct verdict late;
    char *held = held_because(v, step);
    if (held)
        return verdict_of(STEP_WAITING, planned_us, held);
    if (now->state == STEP_QUEUED)
        return is_late(v, step, MAX(planned_us, now->due_us), &late) ? late : verdict_of(STEP_QUEUED, now->due_us, NULL);
    struct verdict out = {.released_us = now->state == STEP_WAITING ? v->now_us : 0};
    if (out.released_us)
        planned_us = window_next_us(v->window, v->zone, v->now_us); /* time on hold is not lateness */
    if (is_late(v, step, planned_us, &late)) {
        late.released_us = out.released_us;
        return late;
    }
    out.due_us = planned_us;
    gint64 sendable_us = window_next_us(v->window, v->zone, v->now_us);
    out.state = sendable_us > v->now_us ? STEP_SCHEDULED : STEP_WANTED;
    if (sendable_us > v->now_us)
        out.due_us = out.released_us = sendable_us; /* nor is a window that closed first */
    return out;
}

static struct verdict
judge_step(struct view *v, const struct step *step, const struct step_status *now)
{
    struct verdict out;
    gint64 due_us, until_us;
    if (step_state_is_final(now->state))
        return verdict_of(now->state, now->due_us, g_strdup(now->reason));
    if (!conditions_hold(v, step, &out))
        return out;
    if (view_deadline(v, step->until, &until_us)) {
        if (v->now_us >= until_us)
            return verdict_of(STEP_EXPIRED, now->due_us, g_strdup("its last date has passed"));
        view_wake_at(v, until_us);
    }
    if (!view_instant(v, step->due, &due_us)) {
        g_autofree char *missing = view_explain(v, step->due);
        return verdict_of(STEP_IDLE, 0, g_strdup_printf("due is undecided: %s", missing));
    }
    if (now->state == STEP_DRAFTED)
        return verdict_of(STEP_DRAFTED, due_us, g_strdup(now->reason));
    if (step->kind == STEP_DRAFT)
        return verdict_of(now->state == STEP_QUEUED ? STEP_QUEUED : STEP_WANTED, due_us, NULL);
    return judge_automatic(v, step, now, due_us);
}

static gboolean
update_step(struct view *v, const struct step *step, GError **error)
{
    struct step_status now;
    if (!load_step(v, step, &now, error))
        return FALSE;
    g_autofree char *old_reason = now.reason;
    struct verdict want = judge_step(v, step, &now);
    g_autofree char *reason = want.reason;
    if (want.state == STEP_SCHEDULED)
        view_wake_at(v, want.due_us);
    if (want.state == now.state && want.due_us == now.due_us && g_strcmp0(reason, now.reason) == 0)
        return TRUE;
    gboolean keeps_message = want.state == STEP_DRAFTED || want.state == STEP_QUEUED || step_state_is_final(want.state);
    json_t *data = json_pack("{s:s, s:s, s:I, s:s?}", "step", step->id, "state", step_state_names[want.state], "due_at",
                             (json_int_t)want.due_us, "reason", reason);
    if (want.released_us)
        json_object_set_new(data, "released_at", json_integer(want.released_us));
    if (keeps_message && now.message_id)
        json_object_set_new(data, "message", json_integer(now.message_id));
    return record(v, "step_changed", 0, data, error);
}

/* ---- sequences ---- */

/* The opt-out of the last person cancels everything automatic. */
static gboolean
everyone_opted_out(struct view *v, GError **error)
{
    return store_int(v->db,
                     "SELECT COUNT(*) > 0 AND COUNT(*) = COUNT(s.address) FROM contact c LEFT JOIN suppression s"
                     " ON s.address = c.address AND s.reason = 'opt_out' WHERE c.account_id = ? AND NOT c.absent",
                     0, error, "i", v->account_id) != 0;
}

static gboolean
consider_enrolment(struct view *v, gboolean *changed, GError **error)
{
    if (v->enrolment || view_truth(v, v->seq->enrol, RULE_FALSE) != RULE_TRUE ||
        view_truth(v, v->seq->exclude, RULE_FALSE) == RULE_TRUE || v->absent)
        return TRUE;
    *changed = TRUE;
    return record(v, "enrolled", 0, json_pack("{s:i, s:s}", "by_hand", 0, "why", "the enrol rule holds"),
                  error) &&
           enter_stage(v, v->seq->stages->pdata[0], "enrolled", 0, error);
}

static gboolean
consider_exit(struct view *v, gboolean *changed, GError **error)
{
    if (!v->enrolment || !v->enrolment->active)
        return TRUE;
    if (view_truth(v, v->seq->leave, RULE_FALSE) == RULE_TRUE) {
        g_autofree char *reason = rule_reason(v, "leave", v->seq->leave);
        *changed = TRUE;
        return record(v, "left", 0, json_pack("{s:s}", "reason", reason), error);
    }
    if (v->enrolment->cancelled)
        return TRUE;
    g_autoptr(GError) local = NULL;
    gboolean cancel = view_truth(v, v->seq->cancel, RULE_FALSE) == RULE_TRUE, opted_out = !cancel && everyone_opted_out(v, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!cancel && !opted_out)
        return TRUE;
    g_autofree char *reason = cancel ? rule_reason(v, "cancel", v->seq->cancel) : g_strdup("the last person opted out");
    *changed = TRUE;
    return record(v, "cancelled", 0, json_pack("{s:s}", "reason", reason), error);
}

static gboolean
advance_sequence(struct store *db, const struct program *program, const struct sequence *seq, gint64 account_id, gint64 now_us,
                 gint64 *wake_us, GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, seq, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    gboolean changed = FALSE;
    if (!consider_exit(v, &changed, error) || (!changed && !consider_enrolment(v, &changed, error)))
        return FALSE;
    if (changed) { /* stage and times are facts too: look again with them */
        view_free(v);
        v = view_load(db, program, seq, account_id, now_us, NULL, error);
        if (!v)
            return FALSE;
    }
    if (v->enrolment && !v->enrolment->active)
        return TRUE;
    if (!v->enrolment) {
        if (seq->reads_today && seq->enrol != NO_RULE && rules_reads_today(seq->rules, seq->enrol))
            view_wake_at(v, midnight_after_us(v->zone, now_us));
    } else {
        for (guint i = 0; i < seq->steps->len; i++)
            if (!update_step(v, seq->steps->pdata[i], error))
                return FALSE;
        if (seq->reads_today && !v->enrolment->cancelled)
            view_wake_at(v, midnight_after_us(v->zone, now_us));
        view_wake_at(v, v->hold_until_us);
    }
    if (v->wake_us && (!*wake_us || v->wake_us < *wake_us))
        *wake_us = v->wake_us;
    return TRUE;
}

gboolean
pipeline_advance(struct store *db, const struct program *program, gint64 account_id, gint64 now_us, GError **error)
{
    gint64 wake_us = 0;
    for (guint i = 0; i < program->sequences->len; i++)
        if (!advance_sequence(db, program, program->sequences->pdata[i], account_id, now_us, &wake_us, error))
            return FALSE;
    return store_exec(db, "UPDATE account SET dirty = 0, evaluate_at = NULLIF(?, 0) WHERE id = ?", error, "ii", wake_us, account_id);
}

/* ---- events ---- */

static gboolean
follow_transitions(struct store *db, const struct program *program, const struct sequence *seq, const struct event *event,
                   GError **error)
{
    gboolean any = FALSE;
    for (guint i = 0; i < seq->transitions->len; i++)
        any = any || strcmp(((struct transition *)seq->transitions->pdata[i])->on, event->kind) == 0;
    const char *of_sequence = json_string_value(json_object_get(event->data, "sequence"));
    if (!any || (of_sequence && strcmp(of_sequence, seq->name) != 0))
        return TRUE;
    scoped(view_free) struct view *v = view_load(db, program, seq, event->account_id, event->at_us, event, error);
    if (!v)
        return FALSE;
    if (!v->enrolment || !v->enrolment->active || !v->enrolment->stage)
        return TRUE;
    const char *step = json_string_value(json_object_get(event->data, "step"));
    for (guint i = 0; i < seq->transitions->len; i++) {
        const struct transition *t = seq->transitions->pdata[i];
        if (strcmp(t->on, event->kind) != 0 || (t->step && g_strcmp0(t->step, step) != 0) ||
            (*t->stages && !g_strv_contains((const char *const *)t->stages, v->enrolment->stage)) ||
            strcmp(t->to, v->enrolment->stage) == 0 || view_truth(v, t->when, RULE_TRUE) != RULE_TRUE)
            continue;
        return enter_stage(v, sequence_stage(seq, t->to), t->name, event->id, error);
    }
    return TRUE;
}

/* A specialist's own mail that opens no conversation is an answer, not an outreach. */
static gboolean
causes_transitions(const struct event *event)
{
    return strcmp(event->kind, "hand_sent") != 0 || json_integer_value(json_object_get(event->data, "opens")) != 0;
}

/* A stage set by hand cancels what is automatic, or takes such a cancellation back. */
static gboolean
follow_stage_by_hand(struct store *db, const struct program *program, const struct event *event, GError **error)
{
    const struct sequence *seq = program_sequence(program, json_string_value(json_object_get(event->data, "sequence")));
    const struct stage *stage = seq ? sequence_stage(seq, json_string_value(json_object_get(event->data, "stage"))) : NULL;
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e = seq ? enrolment_load(db, event->account_id, seq->name, &local) : NULL;
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!stage || !e)
        return TRUE;
    gboolean by_stage = FALSE; /* an earlier stage cancelled it, not churn or an opt-out */
    for (guint i = 0; e->cancelled && i < seq->stages->len; i++)
        by_stage = by_stage || strcmp(((struct stage *)seq->stages->pdata[i])->title, e->cancelled) == 0;
    if (stage->cancels ? e->cancelled != NULL : !by_stage)
        return TRUE;
    json_t *data = json_pack("{s:s, s:s?}", "sequence", seq->name, "reason", stage->cancels ? stage->title : NULL);
    struct event follow = {.at_us = event->at_us,
                           .account_id = event->account_id,
                           .cause = event->id,
                           .kind = stage->cancels ? "cancelled" : "reinstated",
                           .actor = ACTOR,
                           .data = data};
    gboolean ok = state_record(db, &follow, error);
    json_decref(data);
    return ok;
}

/* Whether the subject of an event's mail holds a payment word is the sequence's to say. */
static void
mark_payment(const struct program *program, struct event *event)
{
    const char *subject = json_string_value(json_object_get(event->data, "subject"));
    if (!subject || json_object_get(event->data, "payment"))
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

gboolean
pipeline_record(struct store *db, const struct program *program, struct event *event, GError **error)
{
    mark_payment(program, event);
    if (!state_record(db, event, error))
        return FALSE;
    if (!event->account_id)
        return TRUE;
    if (strcmp(event->kind, "stage_entered") == 0 && !follow_stage_by_hand(db, program, event, error))
        return FALSE;
    for (guint i = 0; causes_transitions(event) && i < program->sequences->len; i++)
        if (!follow_transitions(db, program, program->sequences->pdata[i], event, error))
            return FALSE;
    return account_touch(db, event->account_id, error);
}

gboolean
pipeline_enrol_by_hand(struct store *db, const struct program *program, const struct sequence *sequence, gint64 account_id,
                       gint64 now_us, const char *actor, GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    if (v->enrolment && v->enrolment->active) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the account is already in %s, in stage %s", sequence->name,
                    v->enrolment->stage);
        return FALSE;
    }
    if (view_truth(v, sequence->exclude, RULE_FALSE) == RULE_TRUE) {
        g_autofree char *rule = view_rule_line(v, sequence->exclude, 0);
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION, "%s excludes the account, even by hand: %s", sequence->name, rule);
        return FALSE;
    }
    json_t *data = json_pack("{s:s, s:i, s:s}", "sequence", sequence->name, "by_hand", 1, "why", "by hand");
    struct event event = {.at_us = now_us, .account_id = account_id, .kind = "enrolled", .actor = actor, .data = data};
    gboolean ok = state_record(db, &event, error);
    json_decref(data);
    return ok && enter_stage(v, sequence->stages->pdata[0], "enrolled by hand", event.id, error) && account_touch(db, account_id, error);
}

struct fact_row *
pipeline_facts(struct store *db, const struct program *program, const struct sequence *sequence, gint64 account_id,
               gint64 now_us, GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    return v ? g_steal_pointer(&v->row) : NULL;
}

GArray *
pipeline_pending(struct store *db, gint64 now_us, guint limit, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    static const char *const queries[] = {
        "SELECT id FROM account WHERE dirty AND ? IS NOT NULL LIMIT ?",
        "SELECT id FROM account WHERE evaluate_at IS NOT NULL AND evaluate_at <= ? AND NOT dirty LIMIT ?",
        /* Wanted by an act on the command line, which leaves composing to the service. */
        "SELECT DISTINCT account_id AS id FROM step WHERE state = 'wanted' AND ? IS NOT NULL LIMIT ?",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        scoped(query_end) struct query *q = store_query(db, queries[i], error, "ii", now_us, (gint64)limit);
        g_autoptr(GError) local = NULL;
        while (q && query_next(q, &local)) {
            gint64 id = query_int(q, "id");
            g_array_append_val(ids, id);
        }
        if (!q || local) {
            if (local)
                g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
    return g_steal_pointer(&ids);
}

void
pipeline_gate_clear(struct pipeline_gate *gate)
{
    g_clear_pointer(&gate->held, g_free);
    g_clear_pointer(&gate->row, fact_row_free);
}

gboolean
pipeline_gate_load(struct store *db, const struct program *program, const struct sequence *sequence, const struct step *step,
                   gint64 account_id, gint64 now_us, struct pipeline_gate *gate, GError **error)
{
    memset(gate, 0, sizeof *gate);
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    gate->sendable_us = window_next_us(v->window, v->zone, now_us);
    gate->held = step ? held_because(v, step) : NULL;
    gate->row = g_steal_pointer(&v->row);
    return TRUE;
}

void
why_line_free(gpointer line)
{
    struct why_line *w = line;
    g_free(w->what);
    g_free(w->verdict);
    g_free(w->facts);
    g_free(w->text);
    g_free(w);
}

static void
add_why(GPtrArray *lines, const struct view *v, int rule, char *what)
{
    if (rule == NO_RULE) {
        g_free(what);
        return;
    }
    const struct rule_result *r = &v->results[rule];
    struct why_line *w = g_new0(struct why_line, 1);
    w->what = what;
    w->text = view_rule_line(v, rule, 0);
    if (r->type == RULE_NULL || r->type == RULE_ERROR) {
        w->verdict = g_strdup("undecided");
        w->facts = view_explain(v, rule);
    } else {
        w->verdict = g_strdup(r->type == RULE_TEXT ? r->text : rules_truth(r) == RULE_TRUE ? "true" : "false");
        w->facts = view_known(v, rule);
    }
    g_ptr_array_add(lines, w);
}

GPtrArray *
pipeline_why(struct store *db, const struct program *program, const struct sequence *sequence, gint64 account_id, gint64 now_us,
             GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return NULL;
    GPtrArray *lines = g_ptr_array_new_with_free_func(why_line_free);
    add_why(lines, v, sequence->enrol, g_strdup("enrol"));
    add_why(lines, v, sequence->exclude, g_strdup("exclude"));
    add_why(lines, v, sequence->leave, g_strdup("leave"));
    add_why(lines, v, sequence->cancel, g_strdup("cancel"));
    add_why(lines, v, sequence->hold, g_strdup("hold"));
    for (guint i = 0; i < sequence->steps->len; i++) {
        const struct step *s = sequence->steps->pdata[i];
        add_why(lines, v, s->when, g_strdup_printf("%s: when", s->id));
        add_why(lines, v, s->unless, g_strdup_printf("%s: unless", s->id));
        add_why(lines, v, s->due, g_strdup_printf("%s: due", s->id));
        add_why(lines, v, s->until, g_strdup_printf("%s: until", s->id));
    }
    return lines;
}
