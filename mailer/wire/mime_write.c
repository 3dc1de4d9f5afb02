/* Outgoing mail: the header by mime_header, the parts (quoted-printable, multipart) by GMime.
 *
 * Invariants: nothing of a caller's value reaches the output unchecked; the finished bytes are read once more
 * (check_output) before they leave: 7-bit, CRLF only, no line over 998, as many boundary lines as meant. */
#include "wire/mime_write.h"

#include "base/error.h"
#include "wire/mime_header.h"

#include <gmime/gmime.h>
#include <string.h>

static gboolean
check_boundary(const char *boundary, GError **error)
{
    gsize len = boundary ? strlen(boundary) : 0;
    if (len >= 1 && len <= 70 &&
        strspn(boundary, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "'()+_,-./:=?") == len)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "boundary: expected 1 to 70 characters of RFC 2046's set without blanks");
    return FALSE;
}

static gboolean
put_mailboxes(struct mime_line *line, const char *field, const struct mime_mailbox *boxes, gsize count,
              GError **error)
{
    if (count == 0)
        return TRUE;
    mime_line_begin(line, field);
    for (gsize i = 0; i < count; i++) {
        const char *name = boxes[i].name ? boxes[i].name : "";
        if (!mime_check_value(field, name, MIME_WRITE_MAX_NAME, FALSE, error) ||
            !mime_check_address(field, boxes[i].address, error))
            return FALSE;
        const char *comma = i + 1 < count ? "," : "";
        if (*name)
            mime_line_phrase(line, name);
        g_autofree char *address = g_strdup_printf(*name ? "<%s>%s" : "%s%s", boxes[i].address, comma);
        mime_line_token(line, address);
    }
    mime_line_end(line);
    return TRUE;
}

static gboolean
put_ids(struct mime_line *line, const char *field, const char *const *ids, GError **error)
{
    if (!ids || !ids[0])
        return TRUE;
    gsize total = 0;
    mime_line_begin(line, field);
    for (gsize i = 0; ids[i]; i++) {
        if (!mime_check_id(field, ids[i], error))
            return FALSE;
        total += strlen(ids[i]) + 4;
        if (total > MIME_WRITE_MAX_VALUE) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the value is too long", field);
            return FALSE;
        }
        g_autofree char *token = g_strdup_printf("<%s>", ids[i]);
        mime_line_token(line, token);
    }
    mime_line_end(line);
    return TRUE;
}

/* A value that must stand as it is (RFC 2369, RFC 8058): ASCII, folded at its blanks only. */
static gboolean
put_raw(struct mime_line *line, const char *field, const char *value, GError **error)
{
    if (!value)
        return TRUE;
    if (!mime_check_value(field, value, MIME_WRITE_MAX_VALUE, TRUE, error))
        return FALSE;
    g_auto(GStrv) words = g_strsplit(value, " ", -1);
    mime_line_begin(line, field);
    for (gsize i = 0; words[i]; i++)
        if (*words[i])
            mime_line_token(line, words[i]);
    mime_line_end(line);
    return TRUE;
}

static gboolean
put_extra(struct mime_line *line, const struct mime_header *header, GError **error)
{
    static const char *const ours[] = {
        "From",        "Sender",           "Reply-To",   "To",          "Cc",
        "Bcc",         "Subject",          "Message-ID", "Date",        "References",
        "In-Reply-To", "List-Unsubscribe", "Received",   "Return-Path", "List-Unsubscribe-Post",
        NULL};
    gboolean good = header->name && *header->name && strlen(header->name) <= 60;
    for (const char *p = good ? header->name : ""; *p; p++)
        good = good && (g_ascii_isalnum(*p) || *p == '-' || *p == '_');
    for (gsize i = 0; good && ours[i]; i++)
        good = g_ascii_strcasecmp(header->name, ours[i]) != 0;
    if (!good || g_ascii_strncasecmp(header->name, "Content-", 8) == 0 ||
        g_ascii_strcasecmp(header->name, "MIME-Version") == 0) {
        g_autofree char *shown = g_strndup(header->name ? header->name : "", 60);
        g_autofree char *safe = g_strescape(shown, NULL);
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "header \"%s\": the name cannot be used here",
                    safe);
        return FALSE;
    }
    if (!mime_check_value(header->name, header->value, MIME_WRITE_MAX_VALUE, FALSE, error))
        return FALSE;
    if (*header->value == '\0') {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the value is empty", header->name);
        return FALSE;
    }
    mime_line_begin(line, header->name);
    mime_line_text(line, header->value);
    mime_line_end(line);
    return TRUE;
}

static gboolean
put_header(GString *out, const struct mime_letter *letter, GError **error)
{
    struct mime_line line = {.out = out};
    const char *const message_id[] = {letter->message_id ? letter->message_id : "", NULL};
    const char *const in_reply_to[] = {letter->in_reply_to, NULL};

    if (letter->to_count + letter->cc_count == 0 || letter->to_count > MIME_WRITE_MAX_ADDRESSES ||
        letter->cc_count > MIME_WRITE_MAX_ADDRESSES - letter->to_count) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "To: expected 1 to %u recipients",
                    MIME_WRITE_MAX_ADDRESSES);
        return FALSE;
    }
    if (!put_mailboxes(&line, "From", &letter->from, 1, error) ||
        !put_mailboxes(&line, "Reply-To", &letter->reply_to, letter->reply_to.address ? 1 : 0, error) ||
        !put_mailboxes(&line, "To", letter->to, letter->to_count, error) ||
        !put_mailboxes(&line, "Cc", letter->cc, letter->cc_count, error) ||
        !mime_check_value("Subject", letter->subject, MIME_WRITE_MAX_SUBJECT, FALSE, error))
        return FALSE;
    mime_line_begin(&line, "Subject");
    mime_line_text(&line, letter->subject);
    mime_line_end(&line);
    if (!put_ids(&line, "Message-ID", message_id, error) ||
        !put_ids(&line, "In-Reply-To", in_reply_to, error) ||
        !put_ids(&line, "References", letter->references, error) ||
        !put_raw(&line, "List-Unsubscribe", letter->list_unsubscribe, error) ||
        !put_raw(&line, "List-Unsubscribe-Post", letter->list_unsubscribe_post, error))
        return FALSE;
    for (gsize i = 0; i < letter->extra_count; i++)
        if (!put_extra(&line, &letter->extra[i], error))
            return FALSE;
    g_string_append(out, "MIME-Version: 1.0\r\n");
    return TRUE;
}

/* content with LF line ends and one at its end, checked; the caller frees. */
static char *
canonical_content(const char *field, const char *content, GError **error)
{
    gsize len = content ? strlen(content) : 0;
    const char *fault = NULL;
    if (len == 0)
        fault = "is empty";
    else if (len > MIME_WRITE_MAX_PART)
        fault = "is too long";
    else if (!g_utf8_validate(content, (gssize)len, NULL))
        fault = "is not valid UTF-8";
    if (fault) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the part %s", field, fault);
        return NULL;
    }
    GString *out = g_string_sized_new(len + 2);
    for (const char *p = content; *p; p++) {
        if (*p != '\r')
            g_string_append_c(out, *p);
        else if (p[1] != '\n')
            g_string_append_c(out, '\n');
    }
    if (out->str[out->len - 1] != '\n')
        g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

/* A text part whose charset and encoding are ours: g_mime_text_part_set_text() would choose its own charset.
 * The caller unrefs. */
static GMimeObject *
new_part(const char *subtype, const char *content)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(content, strlen(content));
    GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    GMimePart *part = g_mime_part_new_with_type("text", subtype);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_mime_part_set_content(part, wrapper);
    g_object_unref(wrapper);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

/* The two parts as multipart/alternative, the better one last (RFC 2046 5.1.4). The caller unrefs. */
static GMimeObject *
new_alternative(const char *text, const char *html, const char *boundary)
{
    GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
    GMimeObject *parts[] = {new_part("plain", text), new_part("html", html)};
    g_mime_multipart_set_boundary(both, boundary);
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_mime_multipart_add(both, parts[i]);
        g_object_unref(parts[i]);
    }
    return GMIME_OBJECT(both);
}

static gboolean
put_body(GString *out, const struct mime_letter *letter, GError **error)
{
    g_autofree char *text = canonical_content("text", letter->text, error);
    g_autofree char *html = NULL;
    if (!text)
        return FALSE;
    if (letter->html) {
        html = canonical_content("html", letter->html, error);
        if (!html || !check_boundary(letter->boundary, error))
            return FALSE;
    }
    GMimeObject *body = html ? new_alternative(text, html, letter->boundary) : new_part("plain", text);
    GMimeFormatOptions *options = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    GMimeStream *stream = g_mime_stream_mem_new();
    gssize written = g_mime_object_write_to_stream(body, options, stream);
    const GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    if (written >= 0)
        g_string_append_len(out, (const char *)bytes->data, (gssize)bytes->len);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "the message body could not be encoded");
    if (!g_str_has_suffix(out->str, "\r\n"))
        g_string_append(out, "\r\n");
    g_object_unref(stream);
    g_mime_format_options_free(options);
    g_object_unref(body);
    return written >= 0;
}

/* The promise of the header file, kept whatever the code above and GMime did. */
static gboolean
check_output(const GString *out, const char *boundary, GError **error)
{
    gsize line = 0;
    guint delimiters = 0;
    gboolean good = TRUE;
    for (gsize i = 0; i < out->len && good; i++) {
        guchar c = (guchar)out->str[i];
        if (line == 0 && boundary && c == '-' && out->str[i + 1] == '-' &&
            g_str_has_prefix(out->str + i + 2, boundary))
            delimiters++;
        if (c == '\r' && out->str[i + 1] == '\n') {
            i++;
            line = 0;
            continue;
        }
        good = c != 0 && c != '\r' && c != '\n' && c < 0x80 && ++line <= MIME_LINE_LIMIT;
    }
    if (!good) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "the message came out as no 7-bit CRLF text");
        return FALSE;
    }
    if (boundary && delimiters != 3) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "boundary: it occurs in the message's text");
        return FALSE;
    }
    return TRUE;
}

GBytes *
mime_write(const struct mime_letter *letter, GError **error)
{
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        g_mime_init();
        g_once_init_leave(&ready, 1);
    }
    g_autoptr(GString) out = g_string_new(NULL);
    if (!put_header(out, letter, error) || !put_body(out, letter, error) ||
        !check_output(out, letter->html ? letter->boundary : NULL, error))
        return NULL;
    g_autoptr(GBytes) frozen = g_string_free_to_bytes(g_steal_pointer(&out));
    if (letter->date_us == 0)
        return g_steal_pointer(&frozen);
    return mime_add_date(frozen, letter->date_us, letter->zone, error);
}

/* "Thu, 01 Jan 2026 10:00:00 +0100" (RFC 5322 3.3): English whatever the locale. NULL outside the years
 * 1900-9999.*/
static char *
format_date(gint64 date_us, GTimeZone *zone)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    gint64 seconds = date_us / G_USEC_PER_SEC - (date_us % G_USEC_PER_SEC < 0 ? 1 : 0);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) local = NULL;
    if (utc)
        local = zone ? g_date_time_to_timezone(utc, zone) : g_date_time_ref(utc);
    if (!local || g_date_time_get_year(local) < 1900)
        return NULL;
    int offset = (int)(g_date_time_get_utc_offset(local) / (60 * G_USEC_PER_SEC));
    int minutes = ABS(offset);
    return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d %c%02d%02d",
                           days[g_date_time_get_day_of_week(local) - 1], g_date_time_get_day_of_month(local),
                           months[g_date_time_get_month(local) - 1], g_date_time_get_year(local),
                           g_date_time_get_hour(local), g_date_time_get_minute(local),
                           g_date_time_get_second(local), offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* TRUE when the header block of the message has a Date field, or no end. */
static gboolean
has_date(const char *data, gsize len)
{
    gsize at = 0;
    while (at < len) {
        const char *end = memchr(data + at, '\n', len - at);
        gsize line = end ? (gsize)(end - data) - at + 1 : len - at;
        if (line == 2 && data[at] == '\r')
            return FALSE;
        if (line >= 5 && g_ascii_strncasecmp(data + at, "Date:", 5) == 0)
            return TRUE;
        at += line;
    }
    return TRUE;
}

GBytes *
mime_add_date(GBytes *frozen, gint64 date_us, GTimeZone *zone, GError **error)
{
    gsize len = 0;
    const char *data = g_bytes_get_data(frozen, &len);
    g_autofree char *date = format_date(date_us, zone);
    if (!date || !data || has_date(data, len)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE,
                    "a Date header cannot be put before this message");
        return NULL;
    }
    GString *out = g_string_sized_new(len + 48);
    g_string_append_printf(out, "Date: %s\r\n", date);
    g_string_append_len(out, data, (gssize)len);
    return g_string_free_to_bytes(out);
}
