/* A step of an account: why it stands where it stands. What the engine wrote down as the reason is the
 * beginning; rules are asked anew, so that the values are those of now. */
#include "service/why_private.h"

#include "pipeline/rule_parts.h"

#include <string.h>

/* ---- not due ---- */

/* "New Account, Paid call purchased". The caller frees. */
static char *
stage_titles(const struct asked *a, char *const *ids)
{
    GString *out = g_string_new(NULL);
    for (; *ids; ids++) {
        const struct stage *stage = sequence_stage(a->seq, *ids);
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", stage ? stage->title : *ids);
    }
    return g_string_free(out, FALSE);
}

static gboolean
tell_stage(struct asked *a)
{
    const struct step *step = a->out->step;
    char *const now[] = {a->e->stage, NULL};
    if (!*step->stages || (a->e->stage && g_strv_contains((const char *const *)step->stages, a->e->stage)))
        return FALSE;
    g_autofree char *wanted = stage_titles(a, step->stages);
    g_autofree char *is = a->e->stage ? stage_titles(a, now) : g_strdup("no stage");
    why_say(a, WHY_STAGE, g_strdup_printf("%s is for %s, and %s is in %s", step->id, wanted, a->key, is));
    a->out->command = g_strdup_printf("usher stage %s STAGE", a->key);
    return TRUE;
}

/* A condition that keeps the step idle. */
static gboolean
tell_condition(struct asked *a, const char *name, enum why_cause cause)
{
    const struct step *step = a->out->step;
    g_autofree char *what = g_strdup_printf("%s: %s", step->id, name);
    const struct why_line *line = why_rule(a, what);
    gboolean unless = cause == WHY_UNLESS;
    if (!line || (unless ? line->parts->truth == RULE_FALSE ||
                               (line->parts->truth == RULE_UNDECIDED && step->kind != STEP_AUTOMATIC)
                         : line->parts->truth == RULE_TRUE)) {
        a->out->decides = -1;
        return FALSE;
    }
    gboolean undecided = line->parts->truth == RULE_UNDECIDED;
    g_autofree char *text = undecided && unless ? why_rule_gaps(line) : why_rule_text(line);
    if (undecided)
        a->out->command = g_strdup("usher import FILE, with the facts that are missing");
    why_say(a, cause,
            g_strdup_printf(!unless      ? "%s does not apply: its when wants %s"
                            : !undecided ? "%s does not apply: its unless holds, because %s"
                                         : "%s does not go out: nobody knows whether its unless holds: %s",
                            step->id, text));
    return TRUE;
}

static void
tell_idle(struct asked *a)
{
    const struct step *step = a->out->step;
    if (tell_stage(a) || tell_condition(a, "when", WHY_WHEN) || tell_condition(a, "unless", WHY_UNLESS))
        return;
    g_autofree char *what = g_strdup_printf("%s: due", step->id);
    const struct why_line *due = why_rule(a, what);
    if (due && !due->at_us) {
        why_say(a, WHY_NO_DATE, g_strdup_printf("%s has no date: %s", step->id, due->facts));
        a->out->command = g_strdup("usher import FILE, with the facts that are missing");
        return;
    }
    a->out->decides = -1;
    why_say(a, WHY_NOT_LOOKED,
            g_strdup_printf("nothing stands in the way of %s: usher decides when it looks at %s next",
                            step->id, a->key));
}

static void
tell_scheduled(struct asked *a)
{
    const struct step *step = a->out->step;
    g_autofree char *when = why_when(a, a->at.due_us);
    gboolean overdue = a->at.due_us <= a->now_us;
    a->out->at_us = a->at.due_us;
    if (a->at.reason && *a->at.reason) {
        g_autofree char *beginning = g_strdup_printf("%s goes out by itself on %s", step->id, when);
        why_tell_reason(a, beginning, a->at.reason, WHY_SCHEDULED);
    } else {
        why_say(
            a, WHY_SCHEDULED,
            g_strdup_printf("%s %s by itself on %s", step->id, overdue ? "was to go out" : "goes out", when));
        a->out->command = g_strdup_printf("usher stop %s %s", a->key, step->id);
    }
    if (a->gate.held && !overdue) {
        g_autofree char *line = g_steal_pointer(&a->out->line);
        a->out->line = g_strdup_printf("%s; if it were due now it would wait: %s", line, a->gate.held);
    }
}

/* ---- over ---- */

static char *
by_whom(const char *evidence)
{
    return evidence ? g_strdup_printf(" %s", evidence) : g_strdup("");
}

static void
tell_stopped(struct asked *a)
{
    const struct step *step = a->out->step;
    gboolean rejected = a->at.state == STEP_REJECTED;
    g_autofree char *act = rejected ? why_act_evidence(a, "draft_rejected", NULL)
                                    : why_act_evidence(a, "step_changed", step_state_names[a->at.state]);
    g_autofree char *who = by_whom(act);
    if (rejected)
        why_say(a, WHY_REJECTED,
                g_strdup_printf("%s is not sent: its draft was rejected%s%s%s", step->id, who,
                                a->at.reason ? ": " : "", a->at.reason ? a->at.reason : ""));
    else
        why_say(a, WHY_STOPPED, g_strdup_printf("%s is not sent: it was stopped%s", step->id, who));
    a->out->command = g_strdup_printf("usher resume %s %s", a->key, step->id);
}

static void
tell_expired(struct asked *a)
{
    const struct step *step = a->out->step;
    g_autofree char *what = g_strdup_printf("%s: until", step->id);
    const struct why_line *until = why_rule(a, what);
    g_autofree char *last = until && until->at_us ? why_when(a, until->at_us) : NULL;
    why_say(a, WHY_EXPIRED,
            g_strdup_printf("%s is not sent any more: its last date has passed%s%s", step->id,
                            last ? ", on " : "", last ? last : ""));
    a->out->evidence = why_wait_before(a);
    a->out->command =
        g_strdup_printf("usher extend %s DAYS, then usher resume %s %s", a->key, a->key, step->id);
}

static void
tell_late(struct asked *a)
{
    const struct step *step = a->out->step;
    gboolean skipped = a->at.state == STEP_SKIPPED;
    const char *how = a->at.reason ? a->at.reason : "too late";
    g_autofree char *planned = a->at.due_us ? why_when(a, a->at.due_us) : g_strdup("an earlier day");
    g_autofree char *limit =
        step->late == LATE_SEND_WITHIN
            ? g_strdup_printf("at most %d are allowed", step->late_days)
            : g_strdup_printf("its file says late = \"%s\"", step->late == LATE_ASK ? "ask" : "skip");
    why_say(a, skipped ? WHY_SKIPPED : WHY_LATE,
            skipped ? g_strdup_printf("%s was left out: it was planned for %s and was %s, and %s", step->id,
                                      planned, how, limit)
                    : g_strdup_printf("%s is not sent by itself: it was planned for %s and is %s, and %s",
                                      step->id, planned, how, limit));
    a->out->evidence = why_wait_before(a);
    a->out->command = skipped ? g_strdup_printf("usher resume %s %s", a->key, step->id)
                              : g_strdup_printf("usher resume %s %s sends it, usher stop %s %s drops it",
                                                a->key, step->id, a->key, step->id);
}

/* ---- due ---- */

static void
tell_waiting(struct asked *a)
{
    const struct step *step = a->out->step;
    const char *reason = a->at.reason ? a->at.reason : "nobody knows for what";
    g_autofree char *beginning = g_strdup_printf("%s is due and waits", step->id);
    gboolean composing = g_str_has_prefix(reason, "cannot be composed");
    /* What the engine said at its last look may be over by now, or be something else. */
    if (a->gate.held && !composing)
        reason = a->gate.held;
    why_tell_reason(a, beginning, reason, WHY_WAITING);
    if (!a->gate.held && !composing && a->out->cause != WHY_HOURS) {
        g_free(a->out->line);
        a->out->line = g_strdup_printf("%s waited for what is over now (%s), and goes on when usher looks at "
                                       "%s next",
                                       step->id, reason, a->key);
        a->out->cause = WHY_NOT_LOOKED;
        g_clear_pointer(&a->out->command, g_free);
    }
}

/* A step that is a task for a person. */
static void
tell_task(struct asked *a)
{
    const char *id = a->out->step->id;
    g_autofree char *when = why_when(a, a->at.due_us);
    if (a->at.state == STEP_SCHEDULED) {
        a->out->at_us = a->at.due_us;
        why_say(a, WHY_SCHEDULED, g_strdup_printf("%s becomes a task on %s", id, when));
        a->out->command = g_strdup_printf("usher stop %s %s", a->key, id);
    } else if (a->at.state == STEP_OPEN) {
        why_say(a, WHY_TASK_OPEN, g_strdup_printf("%s is an open task, due %s", id, when));
        a->out->command = g_strdup("usher task done TASK; `usher task list` has its number");
    } else {
        why_say(a, WHY_TASK_DONE, g_strdup_printf("%s is a task, and done", id));
    }
}

gboolean
why_tell_step(struct asked *a, GError **error)
{
    if (a->out->step->kind == STEP_TASK && a->at.state == STEP_SCHEDULED) {
        tell_task(a);
        return TRUE;
    }
    switch (a->at.state) {
    case STEP_IDLE:
    case STEP_CANCELLED:
    case STEP_STATE_COUNT:
        tell_idle(a);
        return TRUE;
    case STEP_SCHEDULED:
        tell_scheduled(a);
        return TRUE;
    case STEP_WAITING:
        tell_waiting(a);
        return TRUE;
    case STEP_LATE:
    case STEP_SKIPPED:
        tell_late(a);
        return TRUE;
    case STEP_WANTED:
        why_say(a, WHY_WANTED,
                g_strdup_printf("%s is due, and is composed when usher looks at %s next", a->out->step->id,
                                a->key));
        return TRUE;
    case STEP_DRAFTED:
        return why_tell_draft(a, error);
    case STEP_QUEUED:
        return why_tell_queued(a, error);
    case STEP_SENT:
        return why_tell_sent(a, error);
    case STEP_FAILED:
        return why_tell_failed(a, error);
    case STEP_REJECTED:
    case STEP_STOPPED:
        tell_stopped(a);
        return TRUE;
    case STEP_EXPIRED:
        tell_expired(a);
        return TRUE;
    case STEP_OPEN:
    case STEP_DONE:
        tell_task(a);
        return TRUE;
    }
    return TRUE;
}
