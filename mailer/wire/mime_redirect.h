/* A frozen message for another reader: redirect_all_to of usher.conf. */
#ifndef USHER_WIRE_MIME_REDIRECT_H
#define USHER_WIRE_MIME_REDIRECT_H

#include <glib.h>

/* The message as it goes to address `to` instead of its recipients (plain addresses): To and Cc are replaced
 * by to, the Subject begins with "[for FIRST and N more]", X-Usher-Redirected-For lists the recipients;
 * nothing else changes. The caller unrefs. USHER_ERROR_SOFTWARE when it is no message of mime_write(). */
GBytes *mime_redirect(GBytes *message, const char *to, const GPtrArray *recipients, GError **error);

#endif
