/* Works on the header block of a message that mime_write() made: CRLF lines, continued by a blank. */
#include "wire/mime_redirect.h"

#include "base/error.h"

#include <string.h>

static gboolean
starts_field(const char *line, const char *field)
{
    return g_ascii_strncasecmp(line, field, strlen(field)) == 0;
}

static void
add_subject(GString *out, const char *value, gsize length, const GPtrArray *recipients)
{
    g_string_append_printf(out, "Subject: [for %s", (const char *)recipients->pdata[0]);
    if (recipients->len > 1)
        g_string_append_printf(out, " and %u more", recipients->len - 1);
    g_string_append(out, "]\r\n"); /* an encoded word may not share its line with too much (RFC 2047 2) */
    g_string_append_len(out, value, (gssize)length);
}

static void
add_recipients(GString *out, const char *to, const GPtrArray *recipients)
{
    g_string_append_printf(out, "To: %s\r\nX-Usher-Redirected-For:", to);
    for (guint i = 0; i < recipients->len; i++)
        g_string_append_printf(out, "%s %s", i ? ",\r\n" : "", (const char *)recipients->pdata[i]);
    g_string_append(out, "\r\n");
}

GBytes *
mime_redirect(GBytes *message, const char *to, const GPtrArray *recipients, GError **error)
{
    gsize length;
    const char *data = g_bytes_get_data(message, &length);
    const char *end = data && recipients->len ? g_strstr_len(data, (gssize)length, "\r\n\r\n") : NULL;
    if (!end) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "this message cannot be redirected");
        return NULL;
    }
    GString *out = g_string_sized_new(length + 256);
    gboolean dropping = FALSE;
    for (const char *line = data; line < end + 2;) {
        const char *next = g_strstr_len(line, (gssize)(end + 2 - line), "\r\n") + 2;
        gboolean continues = *line == ' ' || *line == '\t';
        dropping = continues ? dropping : starts_field(line, "To:") || starts_field(line, "Cc:");
        if (starts_field(line, "Subject:"))
            add_subject(out, line + strlen("Subject:"), (gsize)(next - line) - strlen("Subject:"),
                        recipients);
        else if (!dropping)
            g_string_append_len(out, line, (gssize)(next - line));
        line = next;
    }
    add_recipients(out, to, recipients);
    g_string_append_len(out, end + 2, (gssize)(length - (gsize)(end + 2 - data)));
    return g_string_free_to_bytes(out);
}
