/* Running a hook's program once. */
#ifndef USHER_SERVICE_HOOK_RUN_H
#define USHER_SERVICE_HOOK_RUN_H

#include "base/config.h"

/* Runs the hook's program without a shell: input on its standard input, a small environment of its own
 * (environment: NAME=VALUE to add), no other descriptor. Whatever it leaves running is killed when it ends,
 * when its timeout is over, when it has written too much, or when *stop (may be NULL) is set. TRUE when it
 * exited with 0. USHER_ERROR_UNAVAILABLE says how it failed, with the first line it wrote; USHER_ERROR_TEMP
 * that it was stopped: that was no failure. The caller ignores SIGPIPE. */
gboolean hook_run(const struct hook *hook, const char *const *environment, const char *input,
                  const volatile gboolean *stop, GError **error);

#endif
