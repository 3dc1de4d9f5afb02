/* A specialist's word on a draft: approve or reject. */
#ifndef USHER_SERVICE_APPROVAL_H
#define USHER_SERVICE_APPROVAL_H

#include "service/service.h"

/* Approves a waiting draft: what it rests on is checked, the bytes are frozen, the deliveries queued.
 * USHER_ERROR_DATA when it no longer holds: a draft nobody edited is composed anew then, to be looked at
 * again. */
gboolean approval_give(struct service *service, gint64 draft_id, const char *actor, gint64 *send_at_us,
                       GError **error);

gboolean approval_refuse(struct service *service, gint64 draft_id, const char *reason, const char *actor,
                         GError **error);

#endif
