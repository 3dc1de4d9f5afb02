/* Judging the steps of one account in one sequence. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_STEPS_H
#define USHER_PIPELINE_STEPS_H

#include "pipeline/view.h"

/* Brings every step to the state that conditions, due date, holds and window give it now; a change is
 * journaled with its reason. Steps that the file no longer has are cancelled. */
gboolean steps_update(struct view *view, GError **error);

/* The account is no longer in the sequence: what is not over is cancelled, open tasks with it. */
gboolean steps_close(struct view *view, GError **error);

/* Closes the open tasks of the sequence's steps. */
gboolean steps_close_tasks(struct view *view, GError **error);

/* What would become of a step; nothing is recorded. */
struct step_prospect {
    const char *step; /* borrowed from the view's sequence */
    enum step_state was, is;
    gint64 was_due_us, due_us; /* 0: none */
    gboolean added;            /* the file had no such step before */
    gint64 message_id;
    char *reason;
};

/* A struct step_prospect for each step of the view's sequence; the caller frees the array. */
GPtrArray *steps_foresee(struct view *view);

/* Why a mail of the step must wait although it is due; NULL when nothing holds it. The caller frees. */
char *step_held_because(struct view *view, const struct step *step);

/* Why the account may not be written to yet: its last mail. For a view with gap_until_us. The caller frees.
 */
char *step_gap_reason(const struct view *view);

#endif
