/* Facts of usher's own that are not of one enrolment alone: segments, how each step stands, who is left to
 * write to, calls. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_VIEW_MORE_H
#define USHER_PIPELINE_VIEW_MORE_H

#include "pipeline/view.h"

#include <confuse.h>

/* Declares STEP_state and STEP_sent_at for every step of a sequence file that is being read. */
gboolean view_more_declare_steps(struct fact_set *facts, cfg_t *sequence, GError **error);

/* Sets them on view->row, and view->steps and view->memberships. Asks for another look when a booked call
 * ends. */
gboolean view_more_set(struct view *view, GError **error);

/* Why the account is in the segment that the fact in_NAME is of, and what people call that; NULL: it is in
 * none of that name. Borrowed. */
const char *view_segment_why(const struct view *view, const char *fact, const char **title);

/* What rules read of a step that was just recorded in another state. */
void view_more_set_step(struct view *view, const struct step *step, enum step_state state);

#endif
