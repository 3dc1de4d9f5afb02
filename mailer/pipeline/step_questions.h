/* Tasks that follow from the end, or the lateness, of a step. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_STEP_QUESTIONS_H
#define USHER_PIPELINE_STEP_QUESTIONS_H

#include "pipeline/sequence.h"
#include "store/journal.h"

/* After an event was applied: a step that became late asks whether its mail shall go out (task "late_step");
 * one that is over without its mail, where a transition waits for just that mail to move the account out of
 * the stage it is in, asks whether to set the stage all the same (task "stage_open"). Both tasks are over
 * when the question is. The tasks name event->id as their cause. */
gboolean step_questions_follow(struct store *db, const struct program *program, const struct event *event,
                               GError **error);

#endif
