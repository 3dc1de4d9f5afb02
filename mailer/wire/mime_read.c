/* Purpose: one hostile mail → struct mime_mail, in bounded time and memory.
 *
 * The bytes pass three gates. The first is mime_read_clean.c. The second is GMime itself, which gets the body
 * and the fields that say how it is made. The third (walk) flattens GMime's tree, counting parts and depth,
 * and turns contents into UTF-8.
 *
 * Invariants: every string that leaves this file is valid UTF-8 without NUL; every count and length stays
 * under the limits of the header; the time is linear in the bytes but for a factor of MAX_BOUNDARIES. */
#include <string.h>

#include "wire/mime_read_internal.h"

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
    struct mime_clean clean;
    mime_clean_mail(bytes, len, mail, &clean);
    g_autoptr(GPtrArray) groups = mime_fields_parse(clean.header->str);
    if (groups->len > 0) {
        struct mime_fields *outer = groups->pdata[0];
        mail->fields = *outer;
        *outer = (struct mime_fields){0};
    }
    g_string_free(clean.header, TRUE);
    /* The stream owns the bytes, and the parts point into it: nothing is copied. */
    GByteArray *mime = g_byte_array_new_take((guint8 *)clean.mime->str, clean.mime->len);
    g_string_free(clean.mime, FALSE);
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(mime);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeObject *body = g_mime_parser_construct_part(parser, mime_read_options());
    struct walk w = {.mail = mail, .parts = g_array_new(FALSE, FALSE, sizeof(struct mime_part))};
    walk(&w, body, 0, -1);
    g_clear_object(&body);
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
