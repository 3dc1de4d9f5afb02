/* `usher run`: starts one worker process a role and mailbox, restarts those that end, and speaks to systemd.
 * It never opens the database. */
#ifndef USHER_SERVICE_SUPERVISOR_H
#define USHER_SERVICE_SUPERVISOR_H

#include <glib.h>

/* Runs in the foreground until SIGTERM or SIGINT; SIGHUP reloads (a configuration with a mistake is refused
 * and the workers go on with the last good one). Returns an exit code; an error that prevented the start is
 * reported in error. */
int supervisor_run(const char *config_path, GError **error);

#endif
