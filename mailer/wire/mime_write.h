/* Writing mail: the final bytes of an outgoing message. The same struct always gives the same bytes: no
 * clock, no random boundary. Output is 7-bit, every line ends in CRLF and has at most 998 bytes (78 wherever
 * it can be folded; RFC 5322 2.1.1), so it passes any SMTP server byte for byte. */
#ifndef USHER_WIRE_MIME_WRITE_H
#define USHER_WIRE_MIME_WRITE_H

#include <glib.h>

#define MIME_WRITE_MAX_NAME 256u               /* bytes of a display name */
#define MIME_WRITE_MAX_SUBJECT 1000u           /* bytes of a subject */
#define MIME_WRITE_MAX_VALUE 8000u             /* bytes of any other header value */
#define MIME_WRITE_MAX_ADDRESSES 100u          /* in To and Cc together */
#define MIME_WRITE_MAX_PART (4u * 1024 * 1024) /* bytes of the text or the HTML */

/* name is UTF-8 and may be NULL or empty; address is plain ASCII local@domain (no SMTPUTF8). */
struct mime_mailbox {
    const char *name;
    const char *address;
};

struct mime_header {
    const char *name;
    const char *value;
};

/* Everything is borrowed. NULL leaves an optional header out. */
struct mime_letter {
    struct mime_mailbox from;
    struct mime_mailbox reply_to; /* address NULL: no Reply-To */
    const struct mime_mailbox *to;
    gsize to_count; /* at least one of To and Cc is needed */
    const struct mime_mailbox *cc;
    gsize cc_count;
    const char *subject;               /* UTF-8 */
    const char *message_id;            /* without < > */
    const char *in_reply_to;           /* without < >, may be NULL */
    const char *const *references;     /* NULL-terminated, oldest first, without < >; may be NULL */
    const char *list_unsubscribe;      /* the raw value, "<mailto:...>, <https://...>"; may be NULL */
    const char *list_unsubscribe_post; /* the raw value, "List-Unsubscribe=One-Click"; may be NULL */
    const struct mime_header
        *extra; /* further headers, UTF-8 values; none that is written from this struct */
    gsize extra_count;
    const char *text;     /* UTF-8, any line ends */
    const char *html;     /* UTF-8; NULL: a text/plain message without multipart */
    const char *boundary; /* frozen with the message; needed with html (RFC 2046 5.1.1) */
    gint64 date_us;       /* microseconds UTC; 0: no Date header yet */
    GTimeZone *zone;      /* in which Date is written; NULL: UTC */
};

/* The message as bytes, which the caller unrefs. USHER_ERROR_DATA names the field that holds a line break, a
 * control or bidi character, invalid UTF-8, an impossible address, or too much. */
GBytes *mime_write(const struct mime_letter *letter, GError **error);

/* frozen with a Date header put in front and not a byte changed behind it. The caller unrefs.
 * USHER_ERROR_SOFTWARE when frozen already has a Date, is not CRLF text, or date_us is no representable time.
 */
GBytes *mime_add_date(GBytes *frozen, gint64 date_us, GTimeZone *zone, GError **error);

#endif
