/* What `usher check` says about hours, holidays, leave and the safety nets. */
#ifndef USHER_SERVICE_CHECK_TIME_H
#define USHER_SERVICE_CHECK_TIME_H

#include "service/service.h"

/* One line each about what a team should know, as `usher check` prints it ("ok  …" or "--  …"),
 * NULL-terminated; the caller frees with g_strfreev(). USHER_ERROR_CONFIG when a sequence and a mailbox are
 * never open together. */
char **check_time_lines(struct service *service, gint64 now_us, GError **error);

#endif
