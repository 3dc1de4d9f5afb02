/* A specialist's word on a draft: approve or reject. Where usher.conf wants a second approver, the first
 * approval is kept with its revision, and another person's of the same revision freezes the message. */
#ifndef USHER_SERVICE_APPROVAL_H
#define USHER_SERVICE_APPROVAL_H

#include "compose/draft.h"
#include "service/service.h"

enum approval_outcome {
    APPROVAL_QUEUED, /* frozen and in the outbox */
    APPROVAL_FIRST,  /* a second person has to look */
};

struct approval {
    enum approval_outcome outcome;
    gint64 send_at_us; /* when its window is next open */
};

/* Approves a waiting draft: what it rests on is checked, the bytes are frozen, the deliveries queued.
 * revision is the one the actor has seen, 0 when only the number was said: see revision_is_meant().
 * USHER_ERROR_DATA when it no longer holds: a draft nobody edited is composed anew then, and every one
 * becomes another revision of actor's, to be looked at again; the message ends with the lines that changed.
 * USHER_ERROR_NO_PERMISSION for a second approval by the first person. */
gboolean approval_give(struct service *service, gint64 draft_id, gint64 revision, const char *actor,
                       struct approval *out, GError **error);

gboolean approval_refuse(struct service *service, gint64 draft_id, gint64 revision, const char *reason,
                         const char *actor, GError **error);

/* Why approving the draft would be refused now, lint and revision aside, in one line or with the lines that
 * changed; NULL when it would not. Changes nothing. The caller frees. */
char *approval_obstacle(struct service *service, const struct draft *draft, gint64 now_us);

/* Whose first approval counts (a login, borrowed); NULL when nobody's does. */
const char *approval_first(const struct service *service, const struct draft *draft);

#endif
