/* Where a mail of an account should stand. In this order: stage and conditions → last date → due → held?
 * late? → window. steps_update.c records it, steps_task.c does the same for tasks. */
#include "pipeline/steps_private.h"

#include "base/zone.h"
#include "pipeline/calendar.h"

#include <string.h>

/* Nobody would see the answer to a mail of somebody who is away. */
static char *
away_reason(struct view *v)
{
    struct leave_status leave;
    const struct specialist *who;
    g_autoptr(GError) error = NULL;
    if (!leave_any(v->db, v->now_us))
        return NULL; /* as on most days */
    if (!view_leave(v, &leave, &who, &error))
        return g_strdup_printf("who is away cannot be looked up: %s", error->message);
    if (!leave.until_us || leave.stand_in)
        return NULL;
    g_autofree char *until = zone_format(v->program->config->timezone, leave.until_us);
    until[strlen("2026-12-05")] = '\0';
    view_wake_at(v, leave.until_us);
    return g_strdup_printf("%s is away until %s and nobody covers", who->name, until);
}

char *
step_held_because(struct view *v, const struct step *step)
{
    char *away = v->stage_lost ? view_lost_reason(v) : away_reason(v);
    if (away)
        return away;
    if (v->hold_reason)
        return g_strdup_printf("on hold: %s", v->hold_reason);
    if (v->absent)
        return g_strdup("the account is absent from the last complete import");
    if (step->needs_answered && view_is_unanswered(v))
        return g_strdup("the customer's reply is unanswered");
    const int exits[] = {v->seq->cancel, v->seq->leave};
    for (gsize i = 0; step->kind == STEP_AUTOMATIC && i < G_N_ELEMENTS(exits); i++)
        if (view_truth(v, exits[i], RULE_FALSE) == RULE_TRUE) {
            return view_rule_reason(v, i ? "leave" : "cancel", exits[i]);
        } else if (view_truth(v, exits[i], RULE_FALSE) == RULE_UNDECIDED) {
            g_autofree char *missing = view_explain(v, exits[i]);
            return g_strdup_printf("%s is undecided: %s", i ? "leave" : "cancel", missing);
        }
    switch (view_truth(v, v->seq->hold, RULE_FALSE)) {
    case RULE_TRUE: {
        g_autofree char *known = view_known(v, v->seq->hold);
        return *known ? g_strdup_printf("hold: %s", known) : view_rule_reason(v, "hold", v->seq->hold);
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

/* The moment from which on a mail planned for planned_us may no longer go out by itself. At least one more
 * day on which it could have gone is over by then: a weekend makes nothing late. */
static gint64
late_from_us(const struct view *v, const struct step *step, gint64 planned_us)
{
    struct civil day = zone_from_utc_us(v->zone, planned_us);
    day.has_time = FALSE;
    day.hour = day.minute = day.second = 0;
    civil_add_days(&day, (step->late == LATE_SEND_WITHIN ? step->late_days : 1) + 1);
    gint64 late_us = zone_to_utc_us(v->zone, &day),
           again_us = sending_next_us(&v->hours, midnight_after_us(v->zone, planned_us), NULL);
    return again_us == G_MAXINT64 ? late_us : MAX(late_us, midnight_after_us(v->zone, again_us));
}

gboolean
step_is_uncomposed(const struct step_status *now)
{
    return now->state == STEP_WAITING && now->reason && g_str_has_prefix(now->reason, STEP_UNCOMPOSED);
}

/* Whether a mail planned for planned_us may no longer go out by itself. */
static gboolean
is_late(const struct view *v, const struct step *step, gint64 planned_us, struct verdict *out)
{
    struct civil planned = zone_from_utc_us(v->zone, planned_us),
                 today = zone_from_utc_us(v->zone, v->now_us);
    int late_days = civil_days_between(&planned, &today);
    if (v->now_us < late_from_us(v, step, planned_us))
        return FALSE;
    *out = verdict_of(step->late == LATE_SKIP ? STEP_SKIPPED : STEP_LATE, planned_us,
                      g_strdup_printf("%d days late", late_days));
    return TRUE;
}

/* When a mail may go out, and what decides it. */
struct plan {
    gint64 open_us;    /* its date, moved into the hours and past holidays */
    gint64 planned_us; /* that, and past the gap */
    gboolean gapped;   /* the gap decides */
    const char *holiday;
};

static struct plan
plan_of(const struct view *v, gint64 due_us, gint64 released_us)
{
    gint64 asked_us = MAX(due_us, released_us);
    struct plan p = {.gapped = v->gap_until_us >= asked_us && v->gap_until_us > due_us &&
                               v->gap_until_us > v->now_us};
    p.open_us = p.planned_us = sending_next_us(&v->hours, asked_us, &p.holiday);
    if (p.gapped)
        p.planned_us = sending_next_us(&v->hours, v->gap_until_us, &p.holiday);
    return p;
}

char *
step_gap_reason(const struct view *v)
{
    g_autofree char *last = zone_format(v->zone, v->last_mail_us);
    g_autofree char *until = zone_format(v->zone, v->gap_until_us);
    last[strlen("2026-11-02 10:00")] = until[strlen("2026-11-02 10:00")] = '\0';
    return g_strdup_printf("gap: the account was written to on %s, the next mail not before %s", last, until);
}

static struct verdict
scheduled(const struct view *v, const struct plan *p)
{
    if (p->planned_us == G_MAXINT64)
        return verdict_of(STEP_WAITING, 0,
                          g_strdup("the sending hours of its sequence and its mailbox never meet"));
    struct verdict out = verdict_of(STEP_SCHEDULED, p->planned_us,
                                    p->gapped    ? step_gap_reason(v)
                                    : p->holiday ? g_strdup_printf("moved by a holiday: %s", p->holiday)
                                                 : NULL);
    if (p->gapped)
        out.released_us = v->gap_until_us; /* waiting for the gap is not lateness */
    return out;
}

/* An automatic step whose conditions hold. */
static struct verdict
judge_automatic(struct view *v, const struct step *step, const struct step_status *now, gint64 due_us)
{
    struct plan p = plan_of(v, due_us, now->released_us);
    /* What was overdue already when the last mail went is not made punctual by it. */
    gboolean overdue = p.gapped && p.open_us <= v->last_mail_us;
    if (p.planned_us > v->now_us && !overdue)
        return scheduled(v, &p);
    if (now->state == STEP_LATE) /* a hold that begins and ends meanwhile does not make it punctual */
        return verdict_of(STEP_LATE, now->due_us, g_strdup(now->reason));
    struct verdict late;
    char *held = step_held_because(v, step);
    if (held)
        return verdict_of(STEP_WAITING, p.planned_us, held);
    if (now->state == STEP_QUEUED) {
        gint64 planned_us = MAX(p.open_us, now->due_us);
        if (is_late(v, step, planned_us, &late)) {
            planned_us = MAX(planned_us, view_recipients_held_us(v, now->message_id)); /* somebody was away */
            g_free(late.reason);
            if (is_late(v, step, planned_us, &late))
                return late;
        }
        view_wake_at(v, late_from_us(v, step, planned_us));
        return verdict_of(STEP_QUEUED, now->due_us, NULL);
    }
    gboolean uncomposed = step_is_uncomposed(now);
    struct verdict out = {.released_us = now->state == STEP_WAITING && !uncomposed ? v->now_us : 0};
    if (out.released_us)
        p.open_us = sending_next_us(&v->hours, v->now_us, &p.holiday); /* time on hold is not lateness */
    if (is_late(v, step, p.open_us, &late)) {
        late.released_us = out.released_us;
        return late;
    }
    if (p.gapped)
        return scheduled(v, &p);
    out.due_us = p.open_us;
    struct plan again = {0};
    again.planned_us = sending_next_us(&v->hours, v->now_us, &again.holiday);
    if (again.planned_us > v->now_us && !uncomposed) {
        out = scheduled(v, &again);
        out.released_us = out.due_us; /* nor is a window that closed first */
        return out;
    }
    out.state = STEP_WANTED;
    view_wake_at(v, late_from_us(v, step, p.open_us));
    return out;
}

/* A step that a later version of the file brought fires for no date that had passed by then, beyond its
 * lateness. */
static struct verdict
judge_added(const struct view *v, const struct step *step, struct verdict out)
{
    if (out.state != STEP_WANTED && out.state != STEP_LATE)
        return out;
    char *reason = step_added_late(v, step, out.due_us);
    if (!reason)
        return out;
    g_free(out.reason);
    return verdict_of(STEP_SKIPPED, out.due_us, reason);
}

static struct verdict
judge_dated(struct view *v, const struct step *step, const struct step_status *now, gint64 due_us)
{
    if (now->state == STEP_DRAFTED)
        return verdict_of(STEP_DRAFTED, due_us, g_strdup(now->reason));
    if (step->kind == STEP_DRAFT)
        return verdict_of(now->state == STEP_QUEUED ? STEP_QUEUED : STEP_WANTED, due_us, NULL);
    return judge_automatic(v, step, now, due_us);
}

struct verdict
step_judge(struct view *v, const struct step *step, const struct step_status *now, gboolean added)
{
    struct verdict out;
    gint64 due_us, until_us;
    if (step->kind == STEP_TASK)
        return step_judge_task(v, step, now, added);
    if (step_state_is_final(now->state))
        return verdict_of(now->state, now->due_us, g_strdup(now->reason));
    /* Which stage it is in a person has to say: until then drafts stay, and policy keeps them in. */
    if (v->stage_lost && (now->state == STEP_DRAFTED || now->state == STEP_QUEUED))
        return verdict_of(now->state, now->due_us, g_strdup(now->reason));
    if (!step_conditions_hold(v, step, &out))
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
    out = judge_dated(v, step, now, due_us);
    return added ? judge_added(v, step, out) : out;
}
