/* Steps that are tasks for people, and meetings, which are tasks that come back. A step that is open has a
 * task; doing that makes it done. `released_at` says which turn it has had: for once = "stage" when the stage
 * was entered, for a meeting the date that was made last. */
#include "base/clock.h"
#include "base/zone.h"
#include "pipeline/steps_private.h"
#include "pipeline/task_words.h"

#include <string.h>

/* ---- when ---- */

/* When the stage the account is in was entered. */
static gint64
stage_entered_us(const struct view *v)
{
    const char *stage = fact_row_text(v->row, "stage");
    g_autofree char *name = g_strdup_printf("%s_at", stage ? stage : "");
    const char *text = stage && sequence_stage(v->seq, stage) ? fact_row_text(v->row, name) : NULL;
    struct civil c;
    return text && civil_parse(text, &c) ? zone_to_utc_us(v->zone, &c) : 0;
}

/* months after base by the calendar: 31 January and a month is the last day of February. */
static gint64
add_months_us(const struct view *v, gint64 base_us, int months)
{
    struct civil c = zone_from_utc_us(v->zone, base_us);
    int month = c.month - 1 + months;
    c.year += month / 12;
    c.month = month % 12 + 1;
    c.day = MIN(c.day, (int)g_date_get_days_in_month((GDateMonth)c.month, (GDateYear)c.year));
    return zone_to_utc_us(v->zone, &c);
}

/* The date of a meeting that comes next after the one that was made last; of several that have passed, the
 * newest. */
static gint64
next_meeting_us(const struct view *v, const struct step *step, gint64 start_us, gint64 last_us)
{
    if (!step->every_months)
        return start_us;
    gint64 next_us = 0;
    for (int n = 1; n <= 12 * 200; n++) {
        gint64 at_us = add_months_us(v, start_us, n * step->every_months);
        if (at_us <= last_us)
            continue;
        if (next_us && at_us - step->ahead_us > v->now_us)
            break;
        next_us = at_us;
    }
    return next_us;
}

/* ---- what ---- */

/* A step that has had its turn, but whose next has come. */
static gboolean
begins_again(const struct view *v, const struct step *step, const struct step_status *now)
{
    if (now->state == STEP_STOPPED)
        return FALSE;
    if (step->meeting)
        return step->every_months != 0 && now->state == STEP_DONE;
    const char *stage = fact_row_text(v->row, "stage");
    gboolean is_its = !*step->stages || (stage && g_strv_contains((const char *const *)step->stages, stage));
    return step->once == ONCE_STAGE && is_its && stage_entered_us(v) > now->released_us;
}

/* Whether the task was closed otherwise than by being done: a correction took back what made it. */
static gboolean
is_task_gone(const struct view *v, const struct step_status *now)
{
    return !now->task_event || store_int(v->db, "SELECT done_at IS NOT NULL FROM task WHERE event_id = ?", 0,
                                         NULL, "i", now->task_event) != 0;
}

/* It had its turn and is over without being done. A meeting comes back. */
static struct verdict
over(const struct step *step, const struct step_status *now, char *reason)
{
    return verdict_of(step->every_months ? STEP_IDLE : STEP_EXPIRED, now->due_us, reason);
}

/* Whether an open task has another day now. A bare date has the clock hour of the stage, which alone is no
 * reason; and what is due "today" stays due on the day it was made. */
static gboolean
moved(const struct view *v, const struct step *step, const struct step_status *now, gint64 due_us)
{
    struct civil was = zone_from_utc_us(v->zone, now->due_us), is = zone_from_utc_us(v->zone, due_us);
    return !rules_reads_today(v->seq->rules, step->due) && civil_days_between(&was, &is) != 0;
}

static struct verdict
judge_wanted(struct view *v, const struct step *step, const struct step_status *now, gboolean added,
             gint64 due_us)
{
    gint64 at_us = step->ahead_us >= 0 ? due_us - step->ahead_us : v->now_us;
    if (now->state == STEP_OPEN)
        return verdict_of(STEP_OPEN, moved(v, step, now, due_us) ? due_us : now->due_us, NULL);
    if (at_us > v->now_us) {
        struct verdict out = verdict_of(STEP_SCHEDULED, due_us, NULL);
        out.released_us = added && step->meeting ? v->now_us - CLOCK_DAY_US : 0;
        view_wake_at(v, at_us);
        return out;
    }
    char *late = added ? step_added_late(v, step, due_us) : NULL;
    struct verdict out = verdict_of(late ? STEP_SKIPPED : STEP_OPEN, due_us, late);
    out.make = !late;
    out.released_us = step->meeting ? due_us : stage_entered_us(v);
    return out;
}

struct verdict
step_judge_task(struct view *v, const struct step *step, const struct step_status *given, gboolean added)
{
    struct step_status now = *given;
    struct verdict out;
    gint64 due_us, until_us;
    if (now.state == STEP_OPEN && is_task_gone(v, &now))
        now.state = STEP_IDLE;
    if (step_state_is_final(now.state)) {
        if (!begins_again(v, step, &now))
            return verdict_of(now.state, now.due_us, g_strdup(now.reason));
        now.state = STEP_IDLE;
    }
    if (v->stage_lost && now.state == STEP_OPEN)
        return verdict_of(STEP_OPEN, now.due_us, g_strdup(now.reason));
    if (!step_conditions_hold(v, step, &out)) {
        if (now.state != STEP_OPEN || out.state == STEP_CANCELLED)
            return out;
        g_autofree char *why = out.reason;
        return over(step, &now, g_strdup_printf("no longer to be done: %s", why));
    }
    if (view_deadline(v, step->until, &until_us)) {
        if (v->now_us >= until_us)
            return over(step, &now, g_strdup("its last date has passed"));
        view_wake_at(v, until_us);
    }
    if (!view_instant(v, step->due, &due_us)) {
        g_autofree char *missing = view_explain(v, step->due);
        return now.state == STEP_OPEN
                   ? verdict_of(STEP_OPEN, now.due_us, g_strdup(now.reason))
                   : verdict_of(STEP_IDLE, 0, g_strdup_printf("due is undecided: %s", missing));
    }
    if (step->meeting && now.state == STEP_OPEN)
        due_us = now.due_us;
    else if (step->meeting) /* one that was added to the file begins with the next, not with one that is past
                             */
        due_us = next_meeting_us(v, step, due_us, added ? v->now_us - CLOCK_DAY_US : now.released_us);
    return judge_wanted(v, step, &now, added, due_us);
}

/* ---- the task ---- */

gboolean
step_make_task(struct view *v, const struct step *step, gint64 due_us, GError **error)
{
    g_autofree char *title = task_words_title(v, step->title, step->id);
    return view_record(v, "task_made", 0,
                       json_pack("{s:s, s:s, s:s*, s:I, s:s}", "task", step->meeting ? "meeting" : "step",
                                 "title", title, "assignee", step->assignee, "due_at", (json_int_t)due_us,
                                 "step", step->id),
                       error);
}

/* The title that a task was made with. */
static char *
title_made(struct view *v, gint64 task_event)
{
    return store_text(v->db, "SELECT title FROM task WHERE event_id = ?", NULL, "i", task_event);
}

gboolean
step_move_task(struct view *v, const struct step_status *now, gint64 due_us, GError **error)
{
    g_autofree char *title = title_made(v, now->task_event);
    return !title || view_record(v, "task_snoozed", 0,
                                 json_pack("{s:I, s:s, s:I}", "made", (json_int_t)now->task_event, "title",
                                           title, "due_at", (json_int_t)due_us),
                                 error);
}

gboolean
step_close_task(struct view *v, gint64 task_event, GError **error)
{
    g_autofree char *title = title_made(v, task_event);
    return !title || view_record(v, "task_over", 0,
                                 json_pack("{s:I, s:s, s:s}", "made", (json_int_t)task_event, "task", "step",
                                           "title", title),
                                 error);
}
