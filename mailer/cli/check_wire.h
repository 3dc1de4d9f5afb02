/* The part of `usher check` that logs in to a mailbox's two servers and tells what it found there. */
#ifndef USHER_CLI_CHECK_WIRE_H
#define USHER_CLI_CHECK_WIRE_H

#include "service/service.h"

/* Prints a line for how the mailbox keeps its secret, where something is wrong with that, and one each for
 * SMTP and IMAP: TLS version and cipher, the certificate's end (a warning where it is near), the login
 * method, what the server can do. FALSE with the errors on standard error; *code is then the exit code. Sends
 * nothing. */
gboolean check_mailbox_wire(struct service *service, const struct mailbox *mailbox, int *code);

#endif
