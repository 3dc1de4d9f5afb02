/* What the ways to recognise a bounce share: the copy of the returned mail, the addresses in a text, what the
 * failed recipients add up to. Internal to inbox/classify_bounce*.c. */
#ifndef USHER_INBOX_CLASSIFY_BOUNCE_PARTS_H
#define USHER_INBOX_CLASSIFY_BOUNCE_PARTS_H

#include "inbox/classify_view.h"

/* Where the copy of the returned mail begins in a text, by the separators that mail systems write or by the
 * first line of its header. NULL when there is none. Borrowed. */
const char *bounce_find_returned(const char *text);

/* The part of text before that copy, bounded. The caller frees. */
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

/* Of a mail that a person forwards: the text behind the forwarded header, without quote marks. NULL when the
 * subject does not say so, or there is no such header. The caller frees. */
char *bounce_forwarded_text(const struct classify_view *view);

/* The mail's own text; of a mail that a person forwards, without its quote marks. The caller frees. */
char *bounce_body_unquoted(const struct classify_view *view);

#endif
