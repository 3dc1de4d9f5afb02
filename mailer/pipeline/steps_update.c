/* Recording where the steps of an account stand, and what a file changes that was edited meanwhile. */
#include "pipeline/steps_private.h"
#include "pipeline/view_more.h"

#include <string.h>

#define REMOVED "the sequence has no such step any more"
#define ENDED "the programme has ended"

/* A step that the file did not have when the account was looked at last: it was there then, so its other
 * steps are on record. */
static gboolean
was_added(const struct view *v, const struct step_status *now)
{
    if (now)
        return now->state == STEP_CANCELLED && g_strcmp0(now->reason, REMOVED) == 0;
    return g_hash_table_size(v->steps) > 0 && v->enrolment->since_us < v->now_us;
}

static gboolean
record_state(struct view *v, const char *step, const struct step_status *now, const struct verdict *want,
             GError **error)
{
    gboolean keeps_message =
        want->state == STEP_DRAFTED || want->state == STEP_QUEUED || step_state_is_final(want->state);
    json_t *data = json_pack("{s:s, s:s, s:I, s:s?}", "step", step, "state", step_state_names[want->state],
                             "due_at", (json_int_t)want->due_us, "reason", want->reason);
    if (want->released_us)
        json_object_set_new(data, "released_at", json_integer(want->released_us));
    if (keeps_message && now->message_id)
        json_object_set_new(data, "message", json_integer(now->message_id));
    if (!view_record(v, "step_changed", 0, data, error))
        return FALSE;
    const struct step *of_file = sequence_step(v->seq, step);
    if (of_file)
        view_more_set_step(v, of_file, want->state); /* alerts are judged as the steps stand now */
    return TRUE;
}

/* Whether it stands as it is on record. Of an idle step only why it became so is: why it still is changes
 * with every stage and many a fact, nothing follows from it, and whoever wants to know has the rules asked
 * (pipeline_idle_reasons()). */
static gboolean
is_on_record(const struct verdict *want, const struct step_status *now)
{
    return want->state == now->state && want->due_us == now->due_us && !want->make &&
           (want->state == STEP_IDLE || g_strcmp0(want->reason, now->reason) == 0);
}

/* known: what is on record of the step, NULL for nothing. */
static gboolean
update_step(struct view *v, const struct step *step, const struct step_status *known, gboolean added,
            GError **error)
{
    static const struct step_status idle = {.state = STEP_IDLE};
    const struct step_status *now = known ? known : &idle;
    struct verdict want = step_judge(v, step, now, added);
    if (want.state == STEP_WANTED && step_is_uncomposed(now)) { /* once a cause: see drafting.h */
        v->uncomposed = TRUE;
        want.state = STEP_WAITING;
        want.reason = g_strdup(now->reason);
    }
    g_autofree char *reason = want.reason;
    if (want.state == STEP_SCHEDULED && step->kind != STEP_TASK)
        view_wake_at(v, want.due_us);
    if (known && is_on_record(&want, now))
        return TRUE;
    gboolean was_open = now->state == STEP_OPEN;
    if (was_open && want.state != STEP_OPEN && !step_close_task(v, now->task_event, error))
        return FALSE;
    if (was_open && want.state == STEP_OPEN && !want.make && want.due_us != now->due_us &&
        !step_move_task(v, now, want.due_us, error))
        return FALSE;
    return record_state(v, step->id, now, &want, error) &&
           (!want.make || step_make_task(v, step, want.due_us, error));
}

/* Cancels what is not over, or with only_removed what the file no longer has. */
static gboolean
cancel_steps(struct view *v, gboolean only_removed, const char *reason, GError **error)
{
    GHashTableIter iter;
    gpointer id, value;
    g_autofree char *owned = g_strdup(reason);
    g_hash_table_iter_init(&iter, v->steps);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        const struct step_status *now = value;
        if (step_state_is_final(now->state) || now->state == STEP_CANCELLED ||
            (only_removed && sequence_step(v->seq, id)))
            continue;
        const struct verdict want = {.state = STEP_CANCELLED, .reason = owned};
        if ((now->state == STEP_OPEN && !step_close_task(v, now->task_event, error)) ||
            !record_state(v, id, now, &want, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
steps_update(struct view *v, GError **error)
{
    for (guint i = 0; i < v->seq->steps->len; i++) {
        const struct step *step = v->seq->steps->pdata[i];
        const struct step_status *now = g_hash_table_lookup(v->steps, step->id);
        if (!update_step(v, step, now, was_added(v, now), error))
            return FALSE;
    }
    return cancel_steps(v, TRUE, REMOVED, error);
}

gboolean
steps_close(struct view *v, GError **error)
{
    return !v->enrolment->ended || cancel_steps(v, FALSE, ENDED, error);
}

gboolean
steps_close_tasks(struct view *v, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, v->steps);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct step_status *now = value;
        if (now->state == STEP_OPEN && !step_close_task(v, now->task_event, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- looking ahead ---- */

static void
prospect_free(gpointer data)
{
    struct step_prospect *p = data;
    g_free(p->reason);
    g_free(p);
}

GPtrArray *
steps_foresee(struct view *v)
{
    static const struct step_status idle = {.state = STEP_IDLE};
    GPtrArray *prospects = g_ptr_array_new_with_free_func(prospect_free);
    for (guint i = 0; i < v->seq->steps->len; i++) {
        const struct step *step = v->seq->steps->pdata[i];
        const struct step_status *now = g_hash_table_lookup(v->steps, step->id);
        gboolean added = was_added(v, now);
        struct verdict want = step_judge(v, step, now ? now : &idle, added);
        struct step_prospect *p = g_new0(struct step_prospect, 1);
        *p = (struct step_prospect){.step = step->id,
                                    .was = now ? now->state : STEP_IDLE,
                                    .is = want.state,
                                    .was_due_us = now ? now->due_us : 0,
                                    .due_us = want.due_us,
                                    .added = added,
                                    .message_id = now ? now->message_id : 0,
                                    .reason = want.reason};
        g_ptr_array_add(prospects, p);
    }
    return prospects;
}
