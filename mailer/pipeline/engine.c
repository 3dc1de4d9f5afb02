/* What an account's events and facts mean now. One pass a sequence:
 *
 *   leave? cancel? enrol?  →  each step: conditions → due → held? late? → window  →  a state, journaled when
 * it changed
 *
 * Polarity (usher-sequence(5)): `when` without verdict does not fire; `unless`, `hold` without verdict count
 * as true for automatic steps. Decisions are events of their own, so that a replay never evaluates a rule. */
#include "pipeline/engine.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "pipeline/alert.h"
#include "pipeline/calendar.h"
#include "pipeline/segment.h"
#include "pipeline/steps.h"
#include "pipeline/view.h"

#include <string.h>

#define MAX_CHANGES 5 /* rules that contradict each other shall not turn in circles */
#define MAX_ROUNDS 3

/* ---- sequences ---- */

struct advance {
    gint64 wake_us;            /* when to look again; 0: only when something changes */
    gboolean segments_changed; /* the account entered or left one */
};

/* The opt-out of the last person cancels everything automatic. */
static gboolean
everyone_opted_out(struct view *v, GError **error)
{
    return store_int(
               v->db,
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
    return view_record(v, "enrolled", 0, json_pack("{s:i, s:s}", "by_hand", 0, "why", "the enrol rule holds"),
                       error) &&
           view_enter_stage(v, v->seq->stages->pdata[0], "enrolled", 0, error);
}

static gboolean
consider_exit(struct view *v, gboolean *changed, GError **error)
{
    if (!v->enrolment || !v->enrolment->active)
        return TRUE;
    if (view_truth(v, v->seq->leave, RULE_FALSE) == RULE_TRUE) {
        g_autofree char *reason = view_rule_reason(v, "leave", v->seq->leave);
        *changed = TRUE;
        return view_record(v, "left", 0, json_pack("{s:s}", "reason", reason), error);
    }
    if (v->enrolment->cancelled)
        return TRUE;
    g_autoptr(GError) local = NULL;
    gboolean cancel = view_truth(v, v->seq->cancel, RULE_FALSE) == RULE_TRUE,
             opted_out = !cancel && everyone_opted_out(v, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!cancel && !opted_out)
        return TRUE;
    g_autofree char *reason =
        cancel ? view_rule_reason(v, "cancel", v->seq->cancel) : g_strdup("the last person opted out");
    *changed = TRUE;
    return view_record(v, "cancelled", 0, json_pack("{s:s}", "reason", reason), error);
}

/* The steps of an account that is in the sequence, and when it must be looked at again. */
static gboolean
advance_steps(struct view *v, gint64 now_us, GError **error)
{
    const struct sequence *seq = v->seq;
    if (v->enrolment && !v->enrolment->active)
        return TRUE;
    if (!v->enrolment) {
        if (seq->reads_today && seq->enrol != NO_RULE && rules_reads_today(seq->rules, seq->enrol))
            view_wake_at(v, midnight_after_us(v->zone, now_us));
        return TRUE;
    }
    for (guint i = 0; i < seq->steps->len; i++)
        if (!step_update(v, seq->steps->pdata[i], error))
            return FALSE;
    if (seq->reads_today && !v->enrolment->cancelled)
        view_wake_at(v, midnight_after_us(v->zone, now_us));
    view_wake_at(v, v->hold_until_us);
    return TRUE;
}

static gboolean
advance_sequence(struct store *db, const struct program *program, const struct sequence *seq,
                 gint64 account_id, gint64 now_us, gint64 cause, struct advance *out, GError **error)
{
    scoped(view_free) struct view *v = NULL;
    /* Segments, stage and times are facts too, so each change is looked at again: an account that has just
     * entered may have to leave. */
    for (int changes = 0; changes < MAX_CHANGES; changes++) {
        gboolean changed = FALSE;
        view_free(v);
        v = view_load(db, program, seq, account_id, now_us, NULL, error);
        if (!v)
            return FALSE;
        v->cause = cause;
        if (changes == MAX_CHANGES - 1)
            break;
        if (!segments_update(v, &changed, error))
            return FALSE;
        out->segments_changed = out->segments_changed || changed;
        if (!changed &&
            (!consider_exit(v, &changed, error) || (!changed && !consider_enrolment(v, &changed, error))))
            return FALSE;
        if (!changed)
            break;
    }
    if (!advance_steps(v, now_us, error) || !alerts_update(v, error))
        return FALSE;
    if (v->wake_us && (!out->wake_us || v->wake_us < out->wake_us))
        out->wake_us = v->wake_us;
    return TRUE;
}

gboolean
pipeline_advance(struct store *db, const struct program *program, gint64 account_id, gint64 now_us,
                 GError **error)
{
    return pipeline_advance_because(db, program, account_id, now_us, 0, error);
}

gboolean
pipeline_advance_because(struct store *db, const struct program *program, gint64 account_id, gint64 now_us,
                         gint64 cause, GError **error)
{
    struct advance out = {.segments_changed = TRUE};
    /* A segment that looks through one sequence may be what another asks for: then that one looks again. */
    for (int rounds = 0; rounds < MAX_ROUNDS && out.segments_changed; rounds++) {
        out.segments_changed = FALSE;
        for (guint i = 0; i < program->sequences->len; i++)
            if (!advance_sequence(db, program, program->sequences->pdata[i], account_id, now_us, cause, &out,
                                  error))
                return FALSE;
        if (program->sequences->len == 1)
            break;
    }
    return store_exec(db, "UPDATE account SET dirty = 0, evaluate_at = NULLIF(?, 0) WHERE id = ?", error,
                      "ii", out.wake_us, account_id);
}

struct fact_row *
pipeline_facts(struct store *db, const struct program *program, const struct sequence *sequence,
               gint64 account_id, gint64 now_us, GError **error)
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
        g_autoptr(GArray) more = store_ids(db, queries[i], error, "ii", now_us, (gint64)limit);
        if (!more)
            return NULL;
        g_array_append_vals(ids, more->data, more->len);
    }
    return g_steal_pointer(&ids);
}

void
pipeline_gate_clear(struct pipeline_gate *gate)
{
    g_clear_pointer(&gate->held, g_free);
    g_clear_pointer(&gate->closed, g_free);
    g_clear_pointer(&gate->row, fact_row_free);
}

static void
set_gate_time(const struct view *v, struct pipeline_gate *gate)
{
    const char *holiday;
    gboolean gapped = v->gap_until_us > v->now_us;
    gate->hours = v->hours;
    gate->gap_us = v->gap_us;
    gate->sendable_us = sending_next_us(&v->hours, gapped ? v->gap_until_us : v->now_us, &holiday);
    if (v->hours.closed)
        gate->closed = g_strdup("the sending hours of its sequence and its mailbox never meet");
    else if (gapped)
        gate->closed = step_gap_reason(v);
    else if (gate->sendable_us > v->now_us)
        gate->closed = holiday ? g_strdup_printf("moved by a holiday: %s", holiday)
                               : g_strdup("outside its sending hours");
}

gboolean
pipeline_gate_load(struct store *db, const struct program *program, const struct sequence *sequence,
                   const struct step *step, gint64 account_id, gint64 now_us, struct pipeline_gate *gate,
                   GError **error)
{
    memset(gate, 0, sizeof *gate);
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    set_gate_time(v, gate);
    gate->held = step ? step_held_because(v, step) : NULL;
    gate->row = g_steal_pointer(&v->row);
    return TRUE;
}
