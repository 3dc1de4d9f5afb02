/* What the two ways to recognise a bounce share. Internal to inbox/classify_bounce*.c. */
#ifndef USHER_INBOX_CLASSIFY_BOUNCE_H
#define USHER_INBOX_CLASSIFY_BOUNCE_H

#include "inbox/classify_view.h"

/* By form: notices that are no delivery report of RFC 3464. (classify_bounce_form.c) */
gboolean bounce_check_form(const struct classify_view *view, struct mail_record *out);

/* By an event of Amazon's notification service, which is JSON. Decides bounce, complaint or receipt.
 * (classify_bounce_ses.c) */
gboolean bounce_check_ses(const struct classify_view *view, struct mail_record *out);

/* Where the copy of the returned mail begins in a text, by the separators that mail systems write or by the
 * first line of its header. NULL when there is none. Borrowed. */
const char *bounce_find_returned(const char *text);

/* Of a mail that a person forwards: the text behind the forwarded header, without quote marks. NULL when the
 * subject does not say so, or there is no such header. The caller frees. */
char *bounce_forwarded_text(const struct classify_view *view);

/* The part of text before that, bounded. The caller frees. */
char *bounce_notice_of(const char *text);

/* Fills the returned mail's Message-ID and senders: from the message or header that the parts of `within` (a
 * part index, -1 for the mail itself) enclose, else from the copy in text. */
void bounce_take_returned(const struct classify_view *view, const char *text, int within,
                          struct mail_record *out);

/* Sets one recipient's status, reason and permanence from the code ("" when unknown) and the words. */
void bounce_set_failure(struct failed_recipient *failed, const char *status, const char *words);

/* The worst recipient speaks for the mail. */
void bounce_sum_up(struct mail_record *out);

/* The next address in text at or after p, lower case; NULL when there is none. start and rest are its ends.
 * The caller frees. */
char *bounce_next_address(const char *text, const char *p, const char **start, const char **rest);

#endif
