/* What moves an account by itself besides events: facts that changed, time, goals, and a file whose stages
 * have other names now. Inside pipeline/ only. Each function journals what it decides; *changed is set when
 * the view must be loaded again. */
#ifndef USHER_PIPELINE_PROGRESS_H
#define USHER_PIPELINE_PROGRESS_H

#include "pipeline/view.h"

/* The facts that become events, as they are now: {"bills_paid": 2, "churned": 0}, without those that are
 * unknown. The caller owns it. */
json_t *progress_facts(const struct view *view);

/* Records paid and churned, once each for all sequences, when bills_paid grew or churned became true since
 * they were last looked at. Only for an account that is active. */
gboolean progress_notice(struct view *view, gboolean *changed, GError **error);

/* The same before an enrolment, which notes the facts as they are: a bill that another sequence has not heard
 * of yet would be lost to it. */
gboolean progress_notice_elsewhere(struct view *view, gboolean *changed, GError **error);

/* Gives stages that were renamed their new name, keeping their times; makes one task for a stage that is
 * gone.
 */
gboolean progress_rename(struct view *view, gboolean *changed, GError **error);

/* Takes the first transition that its time has come for. One is taken only while the stage it leads to was
 * never entered in this enrolment. */
gboolean progress_time(struct view *view, gboolean *changed, GError **error);

/* Ticks off the goals whose rule holds. What a person took back is left alone. */
gboolean progress_goals(struct view *view, gboolean *changed, GError **error);

/* The sequence that keeps the account out of view->seq: active there, and the two exclude each other. NULL:
 * none, or an error. The caller frees. */
char *progress_excluded_by(const struct view *view, GError **error);

#endif
