/* See deadline.h. */
#include "pipeline/deadline.h"

#include "pipeline/view.h"

gboolean
pipeline_step_deadline(struct store *db, const struct program *program, const struct sequence *sequence,
                       const struct step *step, gint64 account_id, gint64 now_us, gint64 *us, GError **error)
{
    *us = 0;
    if (step->until == NO_RULE)
        return TRUE;
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    view_deadline(v, step->until, us);
    return TRUE;
}
