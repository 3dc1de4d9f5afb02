/* The sender's own new words in the text of a mail: without the quoted mail, signature, disclaimer, forwarded
 * history. Works on plain text; HTML comes here through mime_html_to_text(), which marks quotes and
 * signatures the way plain text mails do. */
#ifndef USHER_INBOX_REPLY_TEXT_H
#define USHER_INBOX_REPLY_TEXT_H

#include <glib.h>

/* text is valid UTF-8 with LF line ends. The result has no leading or trailing blank lines; it may be "". The
 * caller frees. */
char *reply_text_extract(const char *text);

/* TRUE when text says whose earlier mail follows: "On …, … wrote:" or a header block. */
gboolean reply_text_has_attribution(const char *text);

/* The same, or at least two lines with quote marks. */
gboolean reply_text_has_quote(const char *text);

#endif
