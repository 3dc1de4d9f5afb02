/* The last date of a step's mail, for views. */
#ifndef USHER_PIPELINE_DEADLINE_H
#define USHER_PIPELINE_DEADLINE_H

#include "pipeline/sequence.h"

/* When the step expires for the account, by its `until` rule and the facts of now: the first instant at which
 * it is over; 0 in *us when it has no last date or none comes out. FALSE only with error. */
gboolean pipeline_step_deadline(struct store *db, const struct program *program,
                                const struct sequence *sequence, const struct step *step, gint64 account_id,
                                gint64 now_us, gint64 *us, GError **error);

#endif
