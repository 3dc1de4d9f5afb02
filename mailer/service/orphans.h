/* Deliveries of mailboxes that usher.conf no longer has. */
#ifndef USHER_SERVICE_ORPHANS_H
#define USHER_SERVICE_ORPHANS_H

#include "service/service.h"

/* What such a mailbox had on the wire is settled as after a crash of its sender: unknown, with a task, unless
 * its answer was kept; what it had only claimed is queued again. A sender that is still at work on the last
 * of it is left alone. One transaction a mailbox. Without such deliveries it costs a look at an index. */
gboolean orphans_settle(struct service *service, gint64 now_us, GError **error);

#endif
