/* The tick: every account about which something changed, or whose time has come, is brought up to now. */
#ifndef USHER_SERVICE_TICK_H
#define USHER_SERVICE_TICK_H

#include "service/service.h"

/* Works until nothing is pending or *stop (may be NULL) is set; *count (may be NULL) is how many accounts
 * were looked at. */
gboolean tick_run(struct service *service, gint64 now_us, const volatile gboolean *stop, guint *count,
                  GError **error);

/* The accounts of ids (gint64), looked at once: what tick_run() does with those that are pending. */
gboolean tick_accounts(struct service *service, const GArray *ids, gint64 now_us, GError **error);

/* Marks for another look whatever a changed configuration may have changed: call at start. Everything when
 * sequences, facts or templates differ from those of the last start; else only what could not be composed. */
gboolean tick_refresh(struct service *service, GError **error);

#endif
