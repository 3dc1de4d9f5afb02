/* The service's processes: one a role and mailbox, each with its own database connection, each of which may
 * be killed at any time. `usher worker ROLE …` is what the supervisor starts. */
#ifndef USHER_SERVICE_WORKER_H
#define USHER_SERVICE_WORKER_H

#include "service/service.h"

/* Descriptor on which a worker tells the supervisor that it makes progress (one byte a round), where one is
 * open. */
#define WORKER_PROGRESS_FD 3

/* Runs a role until SIGTERM: "migrate" (once), "tick", "send MAILBOX", "watch MAILBOX", "hooks". Returns an
 * exit code.
 */
int worker_main(const char *config_path, const char *role, const char *mailbox);

/* One full cycle in this process: read mail, advance, compose, send, run hooks. Every mailbox is tried even
 * when one fails; the first problem is the error, each is reported by problem() as one line. */
gboolean worker_run_once(struct service *service, void (*problem)(const char *line), GError **error);

/* Takes the lock that marks a live process of this role on this database; -1 with USHER_ERROR_TEMP when
 * another one holds it. The lock goes with the descriptor. */
int worker_lock(const struct config *config, const char *role, const char *mailbox, GError **error);

#endif
