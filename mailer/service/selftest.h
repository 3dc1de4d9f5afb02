/* A mailbox mails itself, to learn what its provider does with our mail. */
#ifndef USHER_SERVICE_SELFTEST_H
#define USHER_SERVICE_SELFTEST_H

#include "service/service.h"

enum selftest_answer { SELFTEST_NO, SELFTEST_YES, SELFTEST_UNKNOWN };

struct selftest {
    gboolean arrived;                     /* else nothing but the capabilities is known */
    enum selftest_answer message_id_kept; /* NO: the provider gives its own */
    enum selftest_answer sent_copy;       /* YES: the provider puts what was submitted into Sent by itself */
    enum selftest_answer plus_address_kept; /* YES: mail to local+word@domain arrives, with the word */
    char *capabilities;                     /* of IDLE, CONDSTORE, UIDPLUS, those the server has */
};
void selftest_clear(struct selftest *selftest);

/* Sends two mails to the mailbox's own address (one with a plus) and looks for them for at most limit_ms.
 * Keeps what it learned in mailbox_state. USHER_ERROR_CONFIG when no address of the mailbox is known; the
 * errors of SMTP and IMAP. The caller clears out. */
gboolean selftest_run(struct service *service, const struct mailbox *mailbox, int limit_ms,
                      struct selftest *out, GError **error);

/* What was kept: FALSE when the mailbox was never tried. at_us is when. The caller clears out. */
gboolean selftest_last(struct store *db, const char *mailbox, struct selftest *out, gint64 *at_us);

#endif
