/* Drafts in the life of an account: composed when the pipeline wants them, returned, withdrawn; each act an
 * event. */
#ifndef USHER_SERVICE_DRAFTING_H
#define USHER_SERVICE_DRAFTING_H

#include "compose/draft.h"
#include "service/context.h"

/* Composes every step of the account that is wanted, inside the caller's transaction. An automatic step goes
 * straight into the outbox. What cannot be composed becomes a task and the step waits, with the reason. */
gboolean drafting_compose_wanted(struct service *service, gint64 account_id, gint64 now_us, GError **error);

/* Lets every step of the account that is still wanted wait, with the reason; inside the caller's transaction.
 */
gboolean drafting_park_wanted(struct service *service, gint64 account_id, const char *reason, gint64 now_us,
                              GError **error);

/* Withdraws messages whose step no longer wants them, inside the caller's transaction. One that may already
 * have reached somebody stays. */
gboolean drafting_withdraw_unwanted(struct service *service, gint64 account_id, gint64 now_us,
                                    GError **error);

/* Takes back approved mail from mailboxes that usher.conf no longer has, since nobody would ever send it: a
 * draft returns to be signed by somebody else, an automatic mail is composed anew. Inside the caller's
 * transaction. */
gboolean drafting_return_orphans(struct service *service, gint64 account_id, gint64 now_us, GError **error);

/* The mail of a step as it would be now, without storing it. row_out, when not NULL, receives the facts (the
 * caller frees). */
struct draft *drafting_preview(struct service *service, gint64 account_id, const struct sequence *sequence,
                               const struct step *step, gint64 now_us, struct fact_row **row_out,
                               GError **error);

/* What the functions above and approval.h share: the request and the tools for composing a step, the step of
 * a draft in the files of now (USHER_ERROR_CONFIG when it is gone), the event data about a draft (the caller
 * gives it up), and recording such an event. */
struct draft_request drafting_request(const struct sequence *sequence, const struct step *step,
                                      gint64 account_id);
struct composer drafting_composer(struct service *service, const struct fact_row *row, gint64 now_us);
gboolean drafting_step_of(struct service *service, const struct draft *draft,
                          const struct sequence **sequence, const struct step **step, GError **error);
json_t *drafting_about(const struct draft *draft);
gboolean drafting_record(struct service *service, const struct draft *draft, const char *kind,
                         const char *actor, json_t *data, gint64 now_us, GError **error);

/* Sends an approved draft back to its specialist: what it rests on changed. Inside the caller's transaction.
 * *gone is FALSE when somebody may already have it; then nothing changes. */
gboolean drafting_return(struct service *service, const struct draft *draft, const char *reason,
                         gint64 now_us, gboolean *gone, GError **error);

#endif
