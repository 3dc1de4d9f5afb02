/* What the parser and the renderer share about a template: its words, and where in the file something stands.
 */
#include "liquid/tree.h"

#include <string.h>

#include "base/error.h"

#define NEAR_MAX 40

guint32
name_hash(const char *text, size_t len)
{
    guint32 hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (guchar)text[i]) * 16777619u;
    return hash;
}

const struct name *
template_find_name(const struct liquid_template *tpl, const char *text, size_t len)
{
    guint32 hash = name_hash(text, len);

    for (const struct name *name = tpl->buckets[hash % NAME_BUCKETS]; name; name = name->chain)
        if (name->hash == hash && name->len == len && memcmp(name->text, text, len) == 0)
            return name;
    return NULL;
}

void
template_position(const struct liquid_template *tpl, size_t at, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at && i < tpl->source_len; i++) {
        if (tpl->source[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((guchar)tpl->source[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

/* The piece of the source an error is about: from at to the end of its line, but not much. */
static char *
near_text(const struct liquid_template *tpl, size_t at)
{
    const char *from = tpl->source + MIN(at, tpl->source_len);
    size_t len = strcspn(from, "\r\n");

    if (len > NEAR_MAX) {
        len = NEAR_MAX;
        while (len > 0 && ((guchar)from[len] & 0xc0) == 0x80)
            len--;
    }
    g_autofree char *piece = g_strndup(from, len);
    char *valid = g_utf8_make_valid(g_strchomp(piece), -1);
    for (char *c = valid; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return valid;
}

bool
template_error(const struct liquid_template *tpl, size_t at, GError **error, const char *format, ...)
{
    unsigned line, column;
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);

    g_autofree char *near = near_text(tpl, at);
    template_position(tpl, at, &line, &column);
    if (*near)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%u:%u: %s, near \"%s\"", tpl->name, line,
                    column, message, near);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%u:%u: %s, at the end of the line", tpl->name,
                    line, column, message);
    return false;
}
