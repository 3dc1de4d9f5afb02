/* What an account's events and facts mean now. A look at an account (pipeline_advance) goes through the
 * sequences in the order of usher.conf, again while one of them changed what others read; in each of them:
 *
 *   load what rules read (view.c)
 *     → segments (segment.c)
 *     → what moves the account: renamed stages, facts that are events, leave, done, cancel, enrol, goals,
 * time (move() here, progress.c)                       each change is journaled, and the account loaded anew
 *     → each step: conditions → due → held? late? → window → a state, journaled when it changed (steps*.c)
 *     → alerts (alert.c)
 *     → when to look again (view_wake_at): account.evaluate_at
 *
 * What happens (a mail was sent, a reply came) is journaled by events.c, which follows the transitions;
 * state*.c alone turns events into tables, and replays them.
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
#include "pipeline/progress.h"
#include "pipeline/segment.h"
#include "pipeline/steps.h"
#include "pipeline/watch.h"

#include <string.h>

#define MAX_CHANGES 8 /* of one account at one instant; a file could send it round in a circle */
#define MAX_ROUNDS 3

/* ---- sequences ---- */

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

/* Whether the rules want an account in that is not active: the first time by `enrol`, after that by `reenter`
 * as well. Who would have to leave at once does not come back. */
static gboolean
wants_in(const struct view *v)
{
    const struct sequence *seq = v->seq;
    if (v->enrolment &&
        (seq->reenter != REENTER_RULE || view_truth(v, seq->reenter_when, RULE_FALSE) != RULE_TRUE ||
         view_truth(v, seq->leave, RULE_FALSE) == RULE_TRUE ||
         view_truth(v, seq->done, RULE_FALSE) == RULE_TRUE ||
         view_truth(v, seq->cancel, RULE_FALSE) == RULE_TRUE))
        return FALSE;
    return view_truth(v, seq->enrol, v->enrolment ? RULE_TRUE : RULE_FALSE) == RULE_TRUE &&
           view_truth(v, seq->exclude, RULE_FALSE) != RULE_TRUE && !v->absent;
}

static gboolean
consider_enrolment(struct view *v, gboolean *changed, GError **error)
{
    if ((v->enrolment && v->enrolment->active) || !wants_in(v))
        return TRUE;
    g_autoptr(GError) local = NULL;
    g_autofree char *other = progress_excluded_by(v, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (other)
        return TRUE;
    if (!progress_notice_elsewhere(v, changed, error))
        return FALSE;
    if (*changed)
        return TRUE;
    *changed = TRUE;
    json_t *data = progress_facts(v);
    json_object_set_new(data, "by_hand", json_integer(0));
    json_object_set_new(data, "why",
                        json_string(v->enrolment ? "the reenter rule holds" : "the enrol rule holds"));
    return view_record(v, "enrolled", 0, data, error) &&
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
        return steps_close_tasks(v, error) &&
               view_record(v, "left", 0, json_pack("{s:s}", "reason", reason), error);
    }
    if (view_truth(v, v->seq->done, RULE_FALSE) == RULE_TRUE) {
        g_autofree char *reason = view_rule_reason(v, "done", v->seq->done);
        *changed = TRUE;
        return view_record(v, "ended", 0,
                           json_pack("{s:s?, s:s}", "stage", v->enrolment->stage, "reason", reason), error);
    }
    if (v->enrolment->cancelled)
        return TRUE;
    g_autoptr(GError) local = NULL;
    gboolean cancel = view_truth(v, v->seq->cancel, RULE_FALSE) == RULE_TRUE,
             opted_out = !cancel && everyone_opted_out(v, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (!cancel && !opted_out)
        return TRUE;
    g_autofree char *reason =
        cancel ? view_rule_reason(v, "cancel", v->seq->cancel) : g_strdup("the last person opted out");
    *changed = TRUE;
    return view_record(v, "cancelled", 0, json_pack("{s:s}", "reason", reason), error);
}

/* One look at what moves the account; *changed: it must be looked at again. */
static gboolean
move(struct view *v, gboolean *changed, GError **error)
{
    static gboolean (*const moves[])(struct view *, gboolean *, GError **) = {
        progress_rename, progress_notice, consider_exit, consider_enrolment, progress_goals, progress_time,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(moves) && !*changed; i++)
        if (!moves[i](v, changed, error))
            return FALSE;
    return TRUE;
}

/* When an account outside the sequence must be looked at again. */
static void
wake_outside(struct view *v)
{
    const int rules[] = {v->seq->enrol, v->enrolment ? v->seq->reenter_when : NO_RULE};
    for (gsize i = 0; v->seq->reads_today && i < G_N_ELEMENTS(rules); i++)
        if (rules[i] != NO_RULE && rules_reads_today(v->seq->rules, rules[i]) &&
            (!v->enrolment || v->seq->reenter == REENTER_RULE))
            view_wake_at(v, midnight_after_us(v->zone, v->now_us));
}

struct advance {
    struct store *db;
    const struct program *program;
    gint64 account_id, now_us, cause, wake_us;
    gboolean again;      /* what other sequences read has changed: they look again */
    gboolean uncomposed; /* a step is due whose mail could not be written: to be tried again */
};

/* The account as the sequence and its segments see it now. Most accounts are outside and stay there: enrol,
 * which is evaluated along with the segments, says so, and the sequence's own rules need no evaluation. */
static struct view *
look(const struct advance *a, const struct sequence *seq, GError **error)
{
    scoped(view_free) struct view *v =
        view_load_facts(a->db, a->program, seq, a->account_id, a->now_us, NULL, error);
    if (!v || !watch_evaluate(v, WATCH_SEGMENTS, error))
        return NULL;
    v->cause = a->cause;
    gboolean concerned =
        v->enrolment || watch_truth(v, WATCH_SEGMENTS, seq->asks_in, RULE_FALSE) == RULE_TRUE;
    return !concerned || view_judge(v, error) ? g_steal_pointer(&v) : NULL;
}

static gboolean
advance_sequence(struct advance *a, const struct sequence *seq, GError **error)
{
    scoped(view_free) struct view *v = look(a, seq, error);
    if (!v)
        return FALSE;
    gboolean was_active = v->enrolment && v->enrolment->active;
    /* Segments, stage and times are facts too, so each change is looked at again: an account that has just
     * entered may have to leave. */
    for (int changes = 0; changes < MAX_CHANGES; changes++) {
        gboolean changed = FALSE;
        if (!segments_update(v, &changed, error))
            return FALSE;
        a->again = a->again || changed;
        if (!changed && !move(v, &changed, error))
            return FALSE;
        if (!changed)
            break;
        view_free(v);
        v = look(a, seq, error);
        if (!v)
            return FALSE;
    }
    gboolean active = v->enrolment && v->enrolment->active;
    a->again = a->again || (was_active && !active);
    if (!active) {
        if (v->enrolment && !steps_close(v, error))
            return FALSE;
        wake_outside(v);
    } else {
        if (!steps_update(v, error))
            return FALSE;
        if (seq->reads_today && !v->enrolment->cancelled)
            view_wake_at(v, midnight_after_us(v->zone, a->now_us));
        view_wake_at(v, v->hold_until_us);
    }
    if (!alerts_update(v, error))
        return FALSE;
    if (v->wake_us && (!a->wake_us || v->wake_us < a->wake_us))
        a->wake_us = v->wake_us;
    a->uncomposed = a->uncomposed || v->uncomposed;
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
    struct advance a = {.db = db,
                        .program = program,
                        .account_id = account_id,
                        .now_us = now_us,
                        .cause = cause,
                        .again = TRUE};
    /* Who goes out of one sequence may enter another that stands before it in the list, and a segment that
     * looks through one may be what another asks for. */
    for (int round = 0; round < MAX_ROUNDS && a.again; round++) {
        a.again = FALSE;
        for (guint i = 0; i < program->sequences->len; i++)
            if (!advance_sequence(&a, program->sequences->pdata[i], error))
                return FALSE;
        if (program->sequences->len == 1)
            break;
    }
    return store_exec(db, "UPDATE account SET dirty = ?, evaluate_at = NULLIF(?, 0) WHERE id = ?", error,
                      "iii", (gint64)a.uncomposed, a.wake_us, account_id);
}

struct fact_row *
pipeline_facts(struct store *db, const struct program *program, const struct sequence *sequence,
               gint64 account_id, gint64 now_us, GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    return v ? g_steal_pointer(&v->row) : NULL;
}

GHashTable *
pipeline_idle_reasons(struct store *db, const struct program *program, const struct sequence *sequence,
                      gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GHashTable) reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v || !v->enrolment)
        return v ? g_steal_pointer(&reasons) : NULL;
    g_autoptr(GPtrArray) prospects = steps_foresee(v);
    for (guint i = 0; i < prospects->len; i++) {
        struct step_prospect *p = prospects->pdata[i];
        if (p->was == STEP_IDLE && p->is == STEP_IDLE && p->reason)
            g_hash_table_insert(reasons, g_strdup(p->step), g_strdup(p->reason));
    }
    return g_steal_pointer(&reasons);
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
