/* Purpose: the first gate of reading: bytes of a mail → a header apart, and a body that GMime can bear.
 *
 * Copies with LF line ends, without NULs, without an mbox separator, with bounded fields, because GMime
 * recurses once per address group and once per level of nesting. The outer header is kept apart, because
 * GMime would make objects of every field and every address of it. */
#include <string.h>

#include "wire/mime_read_internal.h"

#define MAX_DIVISIONS 10000u
#define MAX_BOUNDARIES 200u /* GMime compares each line with the boundary of every open multipart */

static gboolean
line_has_name(const guint8 *line, gsize len, const char *name)
{
    gsize n = strlen(name);
    if (len <= n || g_ascii_strncasecmp((const char *)line, name, n) != 0)
        return FALSE;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n < len && line[n] == ':';
}

static gboolean
line_has_any_name(const guint8 *line, gsize len, const char *const *names)
{
    if (!memchr(line, ':', MIN(len, 40)))
        return FALSE; /* nearly every line of a body */
    for (; *names; names++)
        if (line_has_name(line, len, *names))
            return TRUE;
    return FALSE;
}

/* Where the line that starts at bytes ends, and where the next one starts. */
static void
find_line(const guint8 *bytes, gsize len, gboolean cr_ends, gsize *line_len, gsize *next)
{
    gsize n = 0;
    if (cr_ends) { /* whichever comes first: looking for one of the two would go to the end each time */
        while (n < len && bytes[n] != '\n' && bytes[n] != '\r')
            n++;
    } else {
        const guint8 *lf = memchr(bytes, '\n', len);
        n = lf ? (gsize)(lf - bytes) : len;
    }
    gsize after = MIN(n + 1, len);
    if (cr_ends && n < len && bytes[n] == '\r' && after < len && bytes[after] == '\n')
        after++;
    while (n > 0 && bytes[n - 1] == '\r')
        n--;
    *line_len = n;
    *next = after;
}

/* Mails of old Macs end their lines with a bare CR. */
static gboolean
uses_bare_cr(const guint8 *bytes, gsize len)
{
    gsize bare = 0, lf = 0;
    const guint8 *end = bytes + len;
    for (const guint8 *p = bytes; p < end && (p = memchr(p, '\r', (gsize)(end - p))) != NULL; p++)
        if (p + 1 >= end || (p[1] != '\n' && p[1] != '\r'))
            bare++;
    for (const guint8 *p = bytes; bare > 0 && p < end && (p = memchr(p, '\n', (gsize)(end - p))) != NULL; p++)
        lf++;
    return bare > lf;
}

/* FALSE when the text does not begin with a header: its first block of lines holds no field that a mail would
 * have. */
static gboolean
begins_with_header(const guint8 *bytes, gsize len, gboolean cr_ends)
{
    static const char *const known[] = {"from",           "to",
                                        "subject",        "date",
                                        "received",       "message-id",
                                        "return-path",    "cc",
                                        "mime-version",   "content-type",
                                        "delivered-to",   "x-original-to",
                                        "envelope-to",    "reply-to",
                                        "sender",         "in-reply-to",
                                        "references",     "bcc",
                                        "auto-submitted", "x-mailer",
                                        "dkim-signature", "content-transfer-encoding",
                                        "precedence",     NULL};
    gsize at = 0;
    for (guint lines = 0; at < len && lines < 1000; lines++) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        if (n == 0)
            return FALSE;
        const guint8 *line = bytes + at;
        if (line_has_any_name(line, n, known))
            return TRUE;
        if (line[0] != ' ' && line[0] != '\t' && !mime_line_is_field(line, n))
            return FALSE;
        at += next;
    }
    return at < len; /* nobody writes a thousand lines that look like fields and are none */
}

/* Lines that may divide parts; GMime makes an object of each before anybody can count them. */
static guint
count_divisions(const guint8 *bytes, gsize len)
{
    guint count = 0;
    for (const guint8 *p = bytes; (p = memchr(p, '-', (gsize)(bytes + len - p))) != NULL; p++)
        if (p + 1 < bytes + len && p[1] == '-' && (p == bytes || p[-1] == '\n' || p[-1] == '\r'))
            count++;
    return count;
}

static guint
count_boundaries(const guint8 *bytes, gsize len)
{
    guint count = 0;
    for (const guint8 *p = bytes; p < bytes + len; p++) {
        p = memchr(p, '=', (gsize)(bytes + len - p));
        if (!p)
            break;
        const guint8 *q = p;
        while (q > bytes && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '*' || g_ascii_isdigit(q[-1])))
            q--;
        if (q - bytes >= 8 && g_ascii_strncasecmp((const char *)q - 8, "boundary", 8) == 0)
            count++;
    }
    return count;
}

/* Blank lines and mbox separators before the header. */
static gsize
skip_preamble(const guint8 *bytes, gsize len, gboolean cr_ends)
{
    gsize at = 0;
    while (at < len) {
        gsize n, next;
        const guint8 *line = bytes + at;
        find_line(line, len - at, cr_ends, &n, &next);
        gsize blanks = 0;
        while (blanks < n && blanks < 80 && (line[blanks] == ' ' || line[blanks] == '\t'))
            blanks++;
        gboolean separator =
            (n > 5 && memcmp(line, "From ", 5) == 0) || (n > 6 && memcmp(line, ">From ", 6) == 0);
        if (blanks < n && !separator)
            break;
        at += next;
    }
    return at;
}

/* Fields that servers add on the way: half of many headers, and nobody who reads a mail here asks for them.
 */
static gboolean
is_trace_field(const guint8 *line, gsize len)
{
    static const char *const names[] = {"received",
                                        "x-received",
                                        "received-spf",
                                        "dkim-signature",
                                        "x-google-dkim-signature",
                                        "domainkey-signature",
                                        "authentication-results",
                                        "arc-seal",
                                        "arc-message-signature",
                                        "arc-authentication-results",
                                        NULL};
    return strchr("rRxXdDaA", line[0]) != NULL && line_has_any_name(line, len, names);
}

static gboolean
is_blank(const guint8 *line, gsize len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return len == 0;
}

static gboolean
is_folded(const guint8 *line, gsize len)
{
    return len > 0 && (line[0] == ' ' || line[0] == '\t');
}

/* Where the header ends: at the first blank line, or behind its last field where the blank line was
 * forgotten. */
static gsize
find_header_end(const guint8 *bytes, gsize len, gboolean cr_ends)
{
    gsize at = 0, end = 0;
    gboolean in_field = FALSE;
    while (at < len) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        if (n == 0)
            break;
        in_field = is_folded(bytes + at, n) ? in_field : mime_line_is_field(bytes + at, n);
        at += next;
        end = in_field ? at : end;
    }
    return end;
}

/* Copies a line without what GMime or C strings would stumble over. */
static void
put_line(GString *out, const guint8 *line, gsize len, gboolean in_header)
{
    gsize start = out->len;
    g_string_append_len(out, (const char *)line, (gssize)len);
    char *end = out->str + out->len;
    for (char *p = out->str + start; p < end && (p = memchr(p, '\0', (gsize)(end - p))) != NULL;)
        *p = ' ';
    if (in_header)
        g_strdelimit(out->str + start, "\r", ' ');
    g_string_append_c(out, '\n');
}

/* The state of the pass over the lines. */
struct pass {
    struct mime_mail *mail;
    struct mime_clean *out;
    gboolean in_header, flat;
    guint fields;
    gsize value_bytes;                     /* of the field or address list so far */
    gboolean bounded, dropped, about_body; /* what holds for the field that the line belongs to */
};

/* A line that begins a field, of the header or perhaps of a part. */
static void
begin_field(struct pass *p, const guint8 *line, gsize n)
{
    static const char *const address_fields[] = {
        "to",          "cc",        "bcc",        "from",          "sender",          "reply-to", "resent-to",
        "resent-from", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to", NULL};
    p->bounded = p->in_header || line_has_any_name(line, n, address_fields);
    p->value_bytes = 0;
    if (!p->in_header)
        return;
    p->about_body = n > 8 && g_ascii_strncasecmp((const char *)line, "content-", 8) == 0;
    p->dropped = (p->flat && p->about_body) || is_trace_field(line, n);
    p->fields++;
}

static void
take_line(struct pass *p, const guint8 *line, gsize n)
{
    gboolean folded = is_folded(line, n);
    if (p->in_header && !folded && !mime_line_is_field(line, n))
        return; /* rubbish between fields */
    if (n == 0)
        p->bounded = FALSE;
    else if (!folded)
        begin_field(p, line, n);
    if (p->in_header && (p->fields > MIME_READ_MAX_FIELDS || p->out->header->len > MIME_READ_MAX_HEADER)) {
        p->mail->limited = TRUE;
        return;
    }
    if (p->dropped || (p->in_header && folded && is_blank(line, n)))
        return;
    gsize keep = n;
    if (p->bounded) {
        keep = MIN(n, MIME_READ_MAX_VALUE - p->value_bytes);
        p->value_bytes += keep;
        if (keep < n)
            p->mail->limited = TRUE;
        if (keep == 0 && n > 0)
            return;
    }
    if (p->in_header)
        put_line(p->out->header, line, keep, TRUE);
    if (!p->in_header || p->about_body)
        put_line(p->out->mime, line, keep, p->in_header);
}

void
mime_clean_mail(const guint8 *bytes, gsize len, struct mime_mail *mail, struct mime_clean *out)
{
    if (len > MIME_READ_MAX_BYTES) {
        len = MIME_READ_MAX_BYTES;
        mail->limited = TRUE;
    }
    gboolean cr_ends = uses_bare_cr(bytes, len);
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    gsize preamble = skip_preamble(bytes, len, cr_ends);
    bytes += preamble;
    len -= preamble;
    mail->headerless = !begins_with_header(bytes, len, cr_ends);
    struct pass pass = {.mail = mail, .out = out, .in_header = !mail->headerless};
    pass.flat = count_boundaries(bytes, len) > MAX_BOUNDARIES || count_divisions(bytes, len) > MAX_DIVISIONS;
    if (pass.flat)
        mail->limited = TRUE;
    out->header = g_string_new(NULL);
    out->mime = g_string_sized_new(len + 16);
    /* A first field of ours, or GMime would begin with whatever stands behind the header. */
    g_string_append(out->mime, mail->headerless ? "Subject:\n\n" : "Subject:\n");
    gsize header_end = mail->headerless ? 0 : find_header_end(bytes, len, cr_ends);
    for (gsize at = 0; at < len;) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        if (pass.in_header && at >= header_end) {
            pass.in_header = pass.bounded = pass.dropped = FALSE;
            g_string_append_c(out->mime, '\n');
            if (n == 0) {
                at += next;
                continue;
            }
        }
        take_line(&pass, bytes + at, n);
        at += next;
    }
}
