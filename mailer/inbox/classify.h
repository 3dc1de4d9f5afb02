/* From the bytes of a mail to its class, with the rule and the line that decided. A pure function: no clock,
 * no database, no network, no file; the same for `usher classify` and for the confined reader. */
#ifndef USHER_INBOX_CLASSIFY_H
#define USHER_INBOX_CLASSIFY_H

#include <glib.h>

#include "inbox/mail_record.h"

/* What the team knows about itself. Every member may be NULL. */
struct classify_context {
    const char *const *own_addresses; /* specialists and mailboxes, lower case, NULL-terminated */
    const char *unsubscribe_address;  /* the address of our List-Unsubscribe mailto, lower case */
};

/* Classifies len bytes of a mail and fills out (which is initialised here; the caller clears it). partial
 * tells that the bytes were cut. ctx may be NULL. Never fails: what cannot be read is of class other. Classes
 * are checked in the order of enum mail_class; the first that holds wins. */
void mail_classify(const guint8 *bytes, gsize len, gboolean partial, const struct classify_context *ctx,
                   struct mail_record *out);

#endif
