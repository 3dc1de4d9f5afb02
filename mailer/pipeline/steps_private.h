/* What the judges of steps share: steps.c for mails, steps_task.c for tasks, steps_update.c, which records.
 */
#ifndef USHER_PIPELINE_STEPS_PRIVATE_H
#define USHER_PIPELINE_STEPS_PRIVATE_H

#include "pipeline/steps.h"

/* What a step should be; reason is owned. */
struct verdict {
    enum step_state state;
    gint64 due_us, released_us;
    gboolean make; /* its task is to be made now */
    char *reason;
};

struct verdict verdict_of(enum step_state state, gint64 due_us, char *reason);

/* What a step should be now, by what it is. added: the account was looked at before by a file without it. */
struct verdict step_judge(struct view *view, const struct step *step, const struct step_status *now,
                          gboolean added);
struct verdict step_judge_task(struct view *view, const struct step *step, const struct step_status *now,
                               gboolean added);

/* TRUE when it waits because its mail could not be written; whoever evaluates the account may try again. */
gboolean step_is_uncomposed(const struct step_status *now);

/* Whether the step's stage and conditions allow it; otherwise *out says why not. */
gboolean step_conditions_hold(const struct view *view, const struct step *step, struct verdict *out);

/* Why a step that was added to the file comes too late for due_us; NULL: it does not. The caller frees. */
char *step_added_late(const struct view *view, const struct step *step, gint64 due_us);

/* Makes the task of a step that was just recorded as open. */
gboolean step_make_task(struct view *view, const struct step *step, gint64 due_us, GError **error);

/* Moves the open task of a step to another date. */
gboolean step_move_task(struct view *view, const struct step_status *now, gint64 due_us, GError **error);

/* Closes the task of a step that nobody has to do any more; fine when it is closed already. */
gboolean step_close_task(struct view *view, gint64 task_event, GError **error);

#endif
