/* What follows from an event beyond stages: suppression, holds, tasks, drafts that wait for another look.
 * Each consequence is an event that names its cause, so that a correction can take it back. */
#ifndef USHER_SERVICE_CONSEQUENCES_H
#define USHER_SERVICE_CONSEQUENCES_H

#include "service/context.h"

/* Records what follows from an event that was just recorded, inside its transaction. */
gboolean consequences_follow(struct service *service, const struct event *event, GError **error);

/* How a draft's reason begins that waits because a reply came in. */
#define CONSEQUENCES_REPLY_REASON "a reply came in"

#endif
