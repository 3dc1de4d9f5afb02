/* The sender's own new words in the text of a mail: without the quoted mail, signature, disclaimer, forwarded
 * history. Works on plain text; HTML comes here through mime_html_to_text(), which marks quotes and
 * signatures the way plain text mails do. */
#ifndef USHER_INBOX_REPLY_TEXT_H
#define USHER_INBOX_REPLY_TEXT_H

#include <glib.h>

/* What stands in a text beside new words. */
struct reply_marks {
    gboolean attribution; /* it says whose earlier mail follows: "On …, … wrote:" or a header block */
    gboolean quote;       /* the same, or at least two lines with quote marks */
};

/* text is valid UTF-8 with LF line ends. The result has no leading or trailing blank lines; it may be "". The
 * caller frees. marks (may be NULL) tells what was cut away. */
char *reply_text_extract(const char *text, struct reply_marks *marks);

/* Behind the first block of header lines in text ("-----Original Message-----", "From: …", "Subject: …"), as
 * mail programs set before a mail that is forwarded. NULL when there is none. Borrowed. */
const char *reply_text_skip_header(const char *text);

/* FALSE when the lines that say whose earlier mail follows name addresses, and none of these (array of char
 * *, lower case; an empty one allows all): the mail quotes others. */
gboolean reply_text_quotes_one_of(const char *text, const GPtrArray *addresses);

#endif
