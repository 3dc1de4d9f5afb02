/* What keeps mail from leaving, or from being seen, without a word of the accounts concerned. */
#ifndef USHER_SERVICE_TROUBLES_H
#define USHER_SERVICE_TROUBLES_H

#include "service/service.h"

/* Of each mailbox: that it sends nothing, and why (service_halts()); that its server could not be used for
 * mail that is due; that it cannot be read. One line each (char *, freed with the array). */
GPtrArray *service_troubles(struct service *service, gint64 now_us, GError **error);

#endif
