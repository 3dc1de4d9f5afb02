/* What the files of mime_read share. Internal to wire/mime_read*.c. */
#ifndef USHER_WIRE_MIME_READ_INTERNAL_H
#define USHER_WIRE_MIME_READ_INTERNAL_H

#include <gmime/gmime.h>

#include "wire/mime_read.h"

/* The parser's options: what undeclared bytes in headers may be. Valid once mime_read_open_charsets() was
 * called. */
GMimeParserOptions *mime_read_options(void);

/* The header fields of a part or message, bounded. Free the content with mime_fields_clear. */
struct mime_fields mime_read_header(GMimeObject *object);
void mime_fields_clear(struct mime_fields *fields);

/* What the first gate makes of a mail. */
struct mime_clean {
    GString *header; /* the outer header without trace fields, for mime_fields_parse() */
    GString *mime;   /* what GMime gets: of the outer header the fields that say how the body is made */
};

/* Cleans len bytes; sets mail->headerless, and mail->limited where something was left out. The caller frees
 * both strings of out. */
void mime_clean_mail(const guint8 *bytes, gsize len, struct mime_mail *mail, struct mime_clean *out);

/* TRUE when a line of len bytes is the beginning of a header field ("Name:"). */
gboolean mime_line_is_field(const guint8 *line, gsize len);

#endif
