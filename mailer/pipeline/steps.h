/* Judging the steps of one account in one sequence. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_STEPS_H
#define USHER_PIPELINE_STEPS_H

#include "pipeline/view.h"

/* Brings a step to the state that conditions, due date, holds and window give it now; a change is journaled
 * with its reason. */
gboolean step_update(struct view *view, const struct step *step, GError **error);

/* Why a mail of the step must wait although it is due; NULL when nothing holds it. The caller frees. */
char *step_held_because(struct view *view, const struct step *step);

/* Why the account may not be written to yet: its last mail. For a view with gap_until_us. The caller frees.
 */
char *step_gap_reason(const struct view *view);

#endif
