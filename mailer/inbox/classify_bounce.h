/* The ways to recognise a bounce that is no delivery report. Internal to inbox/classify_bounce*.c. */
#ifndef USHER_INBOX_CLASSIFY_BOUNCE_H
#define USHER_INBOX_CLASSIFY_BOUNCE_H

#include "inbox/classify_view.h"

/* By form: notices that are no delivery report of RFC 3464. (classify_bounce_form.c) */
gboolean bounce_check_form(const struct classify_view *view, struct mail_record *out);

/* By an event of Amazon's notification service, which is JSON. Decides bounce, complaint or receipt.
 * (classify_bounce_ses.c) */
gboolean bounce_check_ses(const struct classify_view *view, struct mail_record *out);

#endif
