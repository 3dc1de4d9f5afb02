/* A draft's marked copy for the specialist who wants to see it in a mail program. */
#ifndef USHER_SERVICE_TEST_COPY_H
#define USHER_SERVICE_TEST_COPY_H

#include "compose/draft.h"
#include "service/context.h"

/* Queues a copy of the draft to the address of to, as its customer would get it, but for "[Test] " before the
 * subject, a first paragraph that says what it is, a Message-ID of its own form (inbox/match.h) and no
 * thread. Nothing is journaled, counted or moved. A transaction of its own. USHER_ERROR_DATA when the draft
 * is over or cannot be written, USHER_ERROR_CONFIG when its specialist is gone. */
gboolean test_copy_queue(struct service *service, const struct draft *draft, const struct specialist *to,
                         const char *actor, gint64 now_us, GError **error);

#endif
