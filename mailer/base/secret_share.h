/* What programs told of logins, shared by the processes of one service through memory that has no name:
 * nothing is written to any file system. The supervisor makes it before it starts the first worker; where
 * nobody did, nothing is shared. The caller of get and put holds the lock of that program (secret.c). */
#ifndef USHER_BASE_SECRET_SHARE_H
#define USHER_BASE_SECRET_SHARE_H

#include <glib.h>

/* Makes it, and this process undumpable, for a parent that is about to start others. The descriptor, which is
 * to be inherited under the number SECRET_SHARE_FD; -1 where the kernel has none: then nothing is shared. */
int secret_share_new(void);

/* In the child, before anything else is opened: takes up what was inherited, if anything was. */
enum { SECRET_SHARE_FD = 4 };
void secret_share_take_up(void);

/* What was put last for key, "" for nothing. The caller frees it with secret_free(). NULL where nothing is
 * shared. */
char *secret_share_get(const char *key);

/* At most SECRET_TOKEN_BYTES; "" forgets. */
void secret_share_put(const char *key, const char *value);

#endif
