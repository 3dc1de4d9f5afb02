/* Folder names as IMAP writes them: modified UTF-7 (RFC 3501 section 5.1.3). */
#ifndef USHER_WIRE_IMAP_UTF7_H
#define USHER_WIRE_IMAP_UTF7_H

#include <glib.h>

/* The wire form of a UTF-8 name: printable ASCII only, so it can be quoted safely. NULL when name is not
 * UTF-8. The caller frees. */
char *imap_utf7_encode(const char *name);

/* The UTF-8 form of a name from the wire. NULL when it is not the one canonical spelling of some name:
 * encoding the result always gives wire back. The caller frees. */
char *imap_utf7_decode(const char *wire);

#endif
