/* What the judges of mails and of tasks share: see steps_private.h. */
#include "pipeline/steps_private.h"

#include "base/zone.h"

struct verdict
verdict_of(enum step_state state, gint64 due_us, char *reason)
{
    return (struct verdict){.state = state, .due_us = due_us, .reason = reason};
}

/* Whether the step's stage and conditions allow it; otherwise *out says why not. */
gboolean
step_conditions_hold(const struct view *v, const struct step *step, struct verdict *out)
{
    const struct enrolment *e = v->enrolment;
    if (v->stage_lost) {
        *out = verdict_of(STEP_IDLE, 0, view_lost_reason(v));
        return FALSE;
    }
    if (e->cancelled) {
        *out = verdict_of(STEP_CANCELLED, 0, g_strdup(e->cancelled));
        return FALSE;
    }
    const char *stage = fact_row_text(v->row, "stage");
    if (*step->stages && (!stage || !g_strv_contains((const char *const *)step->stages, stage))) {
        *out = verdict_of(STEP_IDLE, 0, g_strdup_printf("not for stage %s", stage ? stage : "(none)"));
        return FALSE;
    }
    enum rule_truth when = view_truth(v, step->when, RULE_TRUE);
    if (when != RULE_TRUE) {
        g_autofree char *missing = when == RULE_UNDECIDED ? view_explain(v, step->when) : NULL;
        *out = verdict_of(STEP_IDLE, 0,
                          missing ? g_strdup_printf("when is undecided: %s", missing)
                                  : view_rule_reason(v, "when is false", step->when));
        return FALSE;
    }
    enum rule_truth unless = view_truth(v, step->unless, RULE_FALSE);
    if (unless == RULE_TRUE || (unless == RULE_UNDECIDED && step->kind == STEP_AUTOMATIC)) {
        g_autofree char *missing = unless == RULE_UNDECIDED ? view_explain(v, step->unless) : NULL;
        *out = verdict_of(STEP_IDLE, 0,
                          missing ? g_strdup_printf("unless is undecided: %s", missing)
                                  : view_rule_reason(v, "unless is true", step->unless));
        return FALSE;
    }
    return TRUE;
}

char *
step_added_late(const struct view *v, const struct step *step, gint64 due_us)
{
    struct civil due = zone_from_utc_us(v->zone, due_us), today = zone_from_utc_us(v->zone, v->now_us);
    int days = civil_days_between(&due, &today);
    return days > (step->late == LATE_SEND_WITHIN ? step->late_days : 1)
               ? g_strdup_printf("added to the sequence %d days after its date", days)
               : NULL;
}
