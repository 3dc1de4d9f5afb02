/* Sending what is due from one mailbox, over one connection. */
#ifndef USHER_OUTBOX_SENDER_H
#define USHER_OUTBOX_SENDER_H

#include "outbox/ledger.h"

struct sender_report {
    guint sent, refused, deferred, unknown,
        returned;  /* messages' recipients by verdict; returned: not transmitted */
    char *problem; /* why the mailbox sends nothing although something is due, in one line; NULL: it does */
    int problem_code; /* enum usher_error of the refusal that stopped it just now, else
                         USHER_ERROR_UNAVAILABLE */
};
void sender_report_clear(struct sender_report *report);

/* Claims and transmits until nothing is due, or the mailbox is stopped (breaker.h): then TRUE with
 * report->problem. FALSE when the connection failed (USHER_ERROR_UNAVAILABLE,
 * _PROTOCOL, _NO_PERMISSION): what was not transmitted is queued again. stop, when not NULL, is looked at
 * between messages. */
gboolean sender_run(struct ledger *ledger, const volatile gboolean *stop, struct sender_report *report,
                    GError **error);

/* The mailbox's submission server as the SMTP client wants it; everything borrowed. password NULL: no login.
 */
struct smtp_server sender_server(const struct mailbox *mailbox, const char *password);

/* TRUE when the mailbox has something due now. One that is stopped is looked at once a minute, and when its
 * probe is due. */
gboolean sender_has_work(struct ledger *ledger, gint64 now_us);

#endif
