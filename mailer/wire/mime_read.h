/* Reading mail: hostile bytes in, a bounded flat view out. GMime does the parsing; this file keeps it inside
 * its limits (it recurses on address groups and spends time in proportion to nesting) and repairs what mail
 * programs repair: wrong or missing charsets, CR line ends, mbox separators, text without any header. Nothing
 * here fails: what cannot be read is left out and `limited` says so. Not for several threads at once. */
#ifndef USHER_WIRE_MIME_READ_H
#define USHER_WIRE_MIME_READ_H

#include <glib.h>

#define MIME_READ_MAX_BYTES (2u * 1024 * 1024) /* more is ignored and counts as limited */
#define MIME_READ_MAX_DEPTH 50u                /* nesting of multiparts and enclosed messages */
#define MIME_READ_MAX_PARTS 1000u              /* parts looked at */
#define MIME_READ_MAX_FIELDS 1000u             /* header fields of one message */
#define MIME_READ_MAX_HEADER (256u * 1024)     /* bytes of the outer header */
#define MIME_READ_MAX_VALUE (16u * 1024)       /* bytes of one field's value */
#define MIME_READ_MAX_TEXT (256u * 1024)       /* UTF-8 bytes of one part's text */
#define MIME_READ_MAX_TEXTS (2u * 1024 * 1024) /* UTF-8 bytes of all texts together */
#define MIME_READ_MAX_ADDRESSES 100u           /* addresses of one field */

/* One header field. name is lower case; raw is unfolded but still encoded; value is decoded (RFC 2047) UTF-8
 * without line ends, trimmed. */
struct mime_field {
    char *name;
    char *raw;
    char *value;
};

struct mime_fields {
    struct mime_field *items;
    guint count;
};

struct mime_address {
    char *name;  /* display name, may be NULL */
    char *email; /* as written, may lack a domain ("MAILER-DAEMON") */
};

/* One part, in walk order. Parts inside an enclosed message carry that message part's index in `message`,
 * parts of the mail itself -1. */
struct mime_part {
    guint depth;
    int message;
    char *type;                /* "text/plain", lower case */
    char *charset;             /* as declared, may be NULL */
    char *filename;            /* decoded (RFC 2231), may be NULL */
    char *method;              /* text/calendar method= or multipart/report report-type=, may be NULL */
    gboolean attachment;       /* Content-Disposition: attachment */
    gboolean text_cut;         /* text reached its limit */
    char *text;                /* text and report parts as UTF-8 with LF line ends, else NULL */
    struct mime_fields fields; /* message/rfc822: the enclosed header; text/rfc822-headers: its fields */
};

struct mime_mail {
    struct mime_fields fields;
    struct mime_part *parts;
    guint part_count;
    gboolean headerless; /* the bytes began with text, not with a header field */
    gboolean limited;    /* some limit was reached, or the caller said the bytes are partial */
};

/* Initialises GMime and opens the common charsets, so that a process may lose the right to open files
 * afterwards. Called by mime_read_mail itself when nobody did; cheap when repeated. */
void mime_read_open_charsets(void);

/* Parses len bytes of a mail (bare LF, CRLF or CR line ends). partial tells that the bytes were cut by the
 * caller. The outer header comes without the trace fields that servers add (Received, DKIM-Signature and the
 * like). Never returns NULL; free with mime_mail_free. */
struct mime_mail *mime_read_mail(const guint8 *bytes, gsize len, gboolean partial);
void mime_mail_free(struct mime_mail *mail);

/* The first field called name (lower case), or NULL. Borrowed. */
const struct mime_field *mime_fields_find(const struct mime_fields *fields, const char *name);

/* The decoded value of that field, or NULL. Borrowed. */
const char *mime_fields_value(const struct mime_fields *fields, const char *name);

/* Groups of "Name: value" lines divided by blank lines, as delivery reports (RFC 3464 section 2.1) and
 * returned headers hold them: an array of struct mime_fields * that frees its elements. Groups without a
 * field are left out. text is UTF-8. */
GPtrArray *mime_fields_parse(const char *text);

/* Every address of every field called name, groups flattened: an array of struct mime_address * that frees
 * its elements, MIME_READ_MAX_ADDRESSES at most. */
GPtrArray *mime_fields_addresses(const struct mime_fields *fields, const char *name);

/* The identifiers between angle brackets of the first field called name, without the brackets, in order; the
 * last max of them. NULL-terminated; free with g_strfreev. */
char **mime_fields_ids(const struct mime_fields *fields, const char *name, guint max);

/* Reads the field called name as an RFC 5322 date. at_us is UTC, offset_s what the sender's clock was ahead
 * of UTC. */
gboolean mime_fields_date(const struct mime_fields *fields, const char *name, gint64 *at_us, int *offset_s);

/* What a reader of this HTML would see, as plain text: blocks on their own lines, quoted blocks marked "> ",
 * links as their words. At most max bytes. The caller frees. (In mime_read_html.c.) */
char *mime_html_to_text(const char *html, gsize max);

/* len bytes in charset (NULL when undeclared) as valid UTF-8 of at most max bytes: a wrong declaration is
 * repaired by trying UTF-8, then windows-1252; what remains unreadable becomes U+FFFD. The caller frees. */
char *mime_text_decode(const guint8 *bytes, gsize len, const char *charset, gsize max);

/* Copies text without control characters (line ends and tabs stay) and cuts it at a character boundary to max
 * bytes. */
char *mime_text_bounded(const char *text, gsize max);

#endif
