/* Header fields of outgoing mail: which values may stand in one, and writing them folded and encoded. */
#ifndef USHER_WIRE_MIME_HEADER_H
#define USHER_WIRE_MIME_HEADER_H

#include <glib.h>

#define MIME_LINE_LIMIT 998u /* bytes of a line without CRLF, RFC 5322 2.1.1 */

/* FALSE, with USHER_ERROR_DATA naming field, when value is NULL, longer than max bytes, or holds a line
 * break, a control or bidi character, invalid UTF-8, or (ascii) anything but printable ASCII. */
gboolean mime_check_value(const char *field, const char *value, gsize max, gboolean ascii, GError **error);

/* FALSE, with USHER_ERROR_DATA naming field, unless address can stand in a header and in SMTP: printable
 * ASCII, one local@domain of RFC 5321's dot-string and domain forms and lengths (4.1.2, 4.5.3.1). */
gboolean mime_check_address(const char *field, const char *address, GError **error);

/* FALSE, with USHER_ERROR_DATA naming field, unless id can stand between < and > (RFC 5322 3.6.4, read
 * generously: other programs' ids are quoted back, not judged). */
gboolean mime_check_id(const char *field, const char *id, GError **error);

/* A field being written at the end of out. */
struct mime_line {
    GString *out;
    gsize start;    /* where the current line begins in out */
    gboolean fresh; /* nothing stands behind "Name:" yet */
};

/* "Name:"; then any of the four below, which put a blank or a fold before what they add; then the line end.
 * The values must have passed a check above. */
void mime_line_begin(struct mime_line *line, const char *name);
void mime_line_token(struct mime_line *line, const char *token);
void mime_line_words(struct mime_line *line, const char *text);
void mime_line_text(struct mime_line *line, const char *text);
void mime_line_phrase(struct mime_line *line, const char *name);
void mime_line_end(struct mime_line *line);

#endif
