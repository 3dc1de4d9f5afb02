/* Purpose: one hostile mail → struct mime_mail, in bounded time and memory.
 *
 * The bytes pass three gates. The first (clean_mail) copies them with LF line ends, without NULs, without an
 * mbox separator, with a bounded outer header and bounded address fields, because GMime recurses once per
 * address group and once per level of nesting. The second is GMime itself. The third (walk) flattens its
 * tree, counting parts and depth, and turns contents into UTF-8.
 *
 * Invariants: every string that leaves this file is valid UTF-8 without NUL; every count and length stays
 * under the limits of the header; the time is linear in the bytes but for a factor of MAX_BOUNDARIES. */
#include <string.h>

#include "wire/mime_read_internal.h"

#define MAX_DIVISIONS 10000u
#define MAX_BOUNDARIES 200u /* GMime compares each line with the boundary of every open multipart */

/* ---- the first gate ---- */

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
    const guint8 *lf = memchr(bytes, '\n', len);
    gsize n = lf ? (gsize)(lf - bytes) : len;
    gsize after = lf ? n + 1 : len;
    if (cr_ends) {
        const guint8 *cr = memchr(bytes, '\r', n);
        if (cr) {
            n = (gsize)(cr - bytes);
            after = n + 1;
            if (after < len && bytes[after] == '\n')
                after++;
        }
    }
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

static GString *
clean_mail(const guint8 *bytes, gsize len, struct mime_mail *mail)
{
    static const char *const address_fields[] = {
        "to",          "cc",        "bcc",        "from",          "sender",          "reply-to", "resent-to",
        "resent-from", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to", NULL};
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
    gboolean flat =
        count_boundaries(bytes, len) > MAX_BOUNDARIES || count_divisions(bytes, len) > MAX_DIVISIONS;
    if (flat)
        mail->limited = TRUE;

    GString *out = g_string_sized_new(len + 16);
    gboolean in_header = !mail->headerless;
    if (mail->headerless)
        g_string_append(out, "Subject:\n\n");
    guint fields = 0;
    gsize value_bytes = 0;
    gboolean bounded = FALSE, dropped = FALSE;
    for (gsize at = 0; at < len;) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        const guint8 *line = bytes + at;
        at += next;
        if (in_header && n == 0) {
            in_header = FALSE;
            bounded = dropped = FALSE;
        } else if (n > 0 && line[0] != ' ' && line[0] != '\t') {
            bounded = in_header || line_has_any_name(line, n, address_fields);
            /* The first field stays, or GMime would begin with whatever stands behind it. */
            gboolean trace = in_header && out->len > 0 && is_trace_field(line, n);
            dropped = trace || (in_header && flat && n > 8 &&
                                g_ascii_strncasecmp((const char *)line, "content-", 8) == 0);
            value_bytes = 0;
            if (in_header)
                fields++;
        } else if (n == 0) {
            bounded = FALSE;
        }
        if (in_header && (fields > MIME_READ_MAX_FIELDS || out->len > MIME_READ_MAX_HEADER)) {
            mail->limited = TRUE;
            continue;
        }
        if (dropped)
            continue;
        gsize keep = n;
        if (bounded) {
            keep = MIN(n, MIME_READ_MAX_VALUE - value_bytes);
            value_bytes += keep;
            if (keep < n)
                mail->limited = TRUE;
            if (keep == 0 && n > 0)
                continue;
        }
        put_line(out, line, keep, in_header);
    }
    return out;
}

/* ---- the walk ---- */

struct walk {
    struct mime_mail *mail;
    GArray *parts;
    gsize text_bytes;
};

static gboolean
wants_text(const char *type)
{
    static const char *const reports[] = {"message/delivery-status",
                                          "message/global-delivery-status",
                                          "message/disposition-notification",
                                          "message/global-disposition-notification",
                                          "message/feedback-report",
                                          "message/rfc822-headers",
                                          "message/global-headers",
                                          "application/ics",
                                          "application/json"};
    if (g_str_has_prefix(type, "text/"))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(reports); i++)
        if (strcmp(type, reports[i]) == 0)
            return TRUE;
    return FALSE;
}

static char *
lower_bounded(const char *text, gsize max)
{
    g_autofree char *bounded = text ? mime_text_bounded(text, max) : NULL;
    return bounded ? g_ascii_strdown(g_strstrip(bounded), -1) : NULL;
}

/* A charset that the HTML itself declares, when the header did not. */
static char *
find_html_charset(const guint8 *bytes, gsize len)
{
    g_autofree char *head = g_strndup((const char *)bytes, MIN(len, 1024));
    g_autofree char *lower = g_ascii_strdown(head, -1);
    const char *p = strstr(lower, "charset=");
    if (!p)
        return NULL;
    p += 8;
    p += strspn(p, "\"' ");
    gsize n = strcspn(p, "\"'/ >;\r\n");
    return n > 0 && n < 40 ? g_strndup(p, n) : NULL;
}

static void
read_content(struct walk *w, GMimePart *part, struct mime_part *out)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (!content || w->text_bytes >= MIME_READ_MAX_TEXTS) {
        w->mail->limited = w->mail->limited || content;
        return;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_data_wrapper_write_to_stream(content, stream);
    g_object_unref(stream);
    const guint8 *data = bytes->data ? bytes->data : (const guint8 *)"";
    g_autofree char *inner = NULL;
    const char *charset = out->charset;
    if ((!charset || g_ascii_strcasecmp(charset, "us-ascii") == 0) && strcmp(out->type, "text/html") == 0) {
        inner = find_html_charset(data, bytes->len);
        if (inner)
            charset = inner;
    }
    gsize max = MIN(MIME_READ_MAX_TEXT, MIME_READ_MAX_TEXTS - w->text_bytes);
    out->text = mime_text_decode(data, bytes->len, charset, max);
    gsize len = strlen(out->text);
    out->text_cut = len + 4 > max;
    w->text_bytes += len;
    if (strcmp(out->type, "text/rfc822-headers") == 0 || g_str_has_suffix(out->type, "/global-headers") ||
        strcmp(out->type, "message/rfc822-headers") == 0) {
        g_autoptr(GPtrArray) groups = mime_fields_parse(out->text);
        if (groups->len > 0) {
            struct mime_fields *first = groups->pdata[0];
            out->fields = *first;
            first->items = NULL;
            first->count = 0;
        }
    }
}

static void
walk(struct walk *w, GMimeObject *object, guint depth, int message)
{
    if (!object)
        return;
    if (depth > MIME_READ_MAX_DEPTH || w->parts->len >= MIME_READ_MAX_PARTS) {
        w->mail->limited = TRUE;
        return;
    }
    struct mime_part part = {.depth = depth, .message = message};
    GMimeContentType *type = g_mime_object_get_content_type(object);
    g_autofree char *mime_type = type ? g_mime_content_type_get_mime_type(type) : NULL;
    part.type = lower_bounded(mime_type ? mime_type : "text/plain", 100);
    part.charset = lower_bounded(type ? g_mime_content_type_get_parameter(type, "charset") : NULL, 60);
    part.method = lower_bounded(
        type ? g_mime_content_type_get_parameter(type, GMIME_IS_MULTIPART(object) ? "report-type" : "method")
             : NULL,
        60);
    const char *disposition = g_mime_object_get_disposition(object);
    part.attachment = disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
    if (GMIME_IS_PART(object)) {
        const char *filename = g_mime_part_get_filename(GMIME_PART(object));
        part.filename = filename ? mime_text_bounded(filename, 255) : NULL;
        if (wants_text(part.type))
            read_content(w, GMIME_PART(object), &part);
    }
    GMimeMessage *enclosed =
        GMIME_IS_MESSAGE_PART(object) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) : NULL;
    if (enclosed)
        part.fields = mime_read_header(GMIME_OBJECT(enclosed));
    int index = (int)w->parts->len;
    g_array_append_val(w->parts, part);
    if (enclosed)
        walk(w, g_mime_message_get_mime_part(enclosed), depth + 1, index);
    if (GMIME_IS_MULTIPART(object)) {
        int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
        for (int i = 0; i < count && w->parts->len < MIME_READ_MAX_PARTS; i++)
            walk(w, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1, message);
        if (count > 0 && w->parts->len >= MIME_READ_MAX_PARTS)
            w->mail->limited = TRUE;
        /* A multipart whose boundary never comes is its prologue. */
        const char *prologue = count == 0 ? g_mime_multipart_get_prologue(GMIME_MULTIPART(object)) : NULL;
        if (prologue && *prologue && w->parts->len < MIME_READ_MAX_PARTS) {
            struct mime_part text = {.depth = depth + 1, .message = message, .type = g_strdup("text/plain")};
            text.text =
                mime_text_decode((const guint8 *)prologue, strlen(prologue), NULL, MIME_READ_MAX_TEXT);
            g_array_append_val(w->parts, text);
        }
    }
}

struct mime_mail *
mime_read_mail(const guint8 *bytes, gsize len, gboolean partial)
{
    mime_read_open_charsets();
    struct mime_mail *mail = g_new0(struct mime_mail, 1);
    mail->limited = partial;
    if (!bytes)
        bytes = (const guint8 *)"";
    g_autoptr(GString) clean = clean_mail(bytes, len, mail);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(clean->str, clean->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    g_mime_parser_set_persist_stream(parser, FALSE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, mime_read_options());
    struct walk w = {.mail = mail, .parts = g_array_new(FALSE, FALSE, sizeof(struct mime_part))};
    if (message) {
        mail->fields = mime_read_header(GMIME_OBJECT(message));
        walk(&w, g_mime_message_get_mime_part(message), 0, -1);
        g_object_unref(message);
    }
    mail->part_count = w.parts->len;
    mail->parts = (struct mime_part *)(void *)g_array_free(w.parts, FALSE);
    g_object_unref(parser);
    g_object_unref(stream);
    return mail;
}

void
mime_mail_free(struct mime_mail *mail)
{
    if (!mail)
        return;
    mime_fields_clear(&mail->fields);
    for (guint i = 0; i < mail->part_count; i++) {
        struct mime_part *part = &mail->parts[i];
        g_free(part->type);
        g_free(part->charset);
        g_free(part->filename);
        g_free(part->method);
        g_free(part->text);
        mime_fields_clear(&part->fields);
    }
    g_free(mail->parts);
    g_free(mail);
}
