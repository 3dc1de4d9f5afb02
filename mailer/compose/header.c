/* Header lines of templates and findings: see header.h. */
#include "compose/header.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

static void
line_free(gpointer data)
{
    struct header_line *l = data;
    g_free(l->key);
    g_free(l->value);
    g_free(l);
}

void
header_clear(struct header *header)
{
    g_clear_pointer(&header->lines, g_ptr_array_unref);
}

const struct header_line *
header_find(const struct header *header, const char *key)
{
    for (guint i = 0; i < header->lines->len; i++) {
        const struct header_line *l = header->lines->pdata[i];
        if (g_ascii_strcasecmp(l->key, key) == 0)
            return l;
    }
    return NULL;
}

/* Adds `Key: value`, or continues the value before it. */
static gboolean
add_line(const char *name, char *line, int number, const char *const *known, struct header *out,
         GError **error)
{
    if (*line == ' ' || *line == '\t') {
        if (out->lines->len > 0) {
            struct header_line *before = out->lines->pdata[out->lines->len - 1];
            g_autofree char *first = before->value;
            before->value = g_strconcat(first, "\n", g_strchomp(line), NULL);
            return TRUE;
        }
    }
    char *colon = strchr(line, ':');
    if (!colon) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s:%d: expected a header line such as \"Subject: …\", or an empty line before the body",
                    name, number);
        return FALSE;
    }
    *colon = '\0';
    gboolean is_known = FALSE;
    for (const char *const *k = known; *k; k++)
        is_known = is_known || g_ascii_strcasecmp(*k, line) == 0;
    if (!is_known) {
        g_autofree char *list = g_strjoinv(", ", (char **)(gsize)known);
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%d: unknown header line \"%s\": expected %s",
                    name, number, line, list);
        return FALSE;
    }
    if (header_find(out, line)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%d: a second %s", name, number, line);
        return FALSE;
    }
    struct header_line *l = g_new0(struct header_line, 1);
    l->key = g_strdup(line);
    l->value = g_strdup(g_strstrip(colon + 1));
    l->line = number;
    g_ptr_array_add(out->lines, l);
    return TRUE;
}

gboolean
header_parse(const char *name, const char *text, const char *const *known, struct header *out, GError **error)
{
    memset(out, 0, sizeof *out);
    out->lines = g_ptr_array_new_with_free_func(line_free);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:1: expected UTF-8", name);
        header_clear(out);
        return FALSE;
    }
    int number = 1;
    const char *p = text;
    for (; *p; number++) {
        const char *end = strchr(p, '\n');
        g_autofree char *line = end ? g_strndup(p, (gsize)(end - p)) : g_strdup(p);
        p = end ? end + 1 : p + strlen(p);
        if (g_str_has_suffix(line, "\r"))
            line[strlen(line) - 1] = '\0';
        if (*line == '\0') {
            number++;
            break;
        }
        if (*line != '#' && !add_line(name, line, number, known, out, error)) {
            header_clear(out);
            return FALSE;
        }
    }
    out->body = p;
    out->body_line = number;
    return TRUE;
}

gboolean
header_read_age(const char *name, const struct header_line *line, gint64 *us, GError **error)
{
    char *end;
    gint64 n = g_ascii_strtoll(line->value, &end, 10);
    gboolean days = strcmp(end, " day") == 0 || strcmp(end, " days") == 0;
    gboolean hours = strcmp(end, " hour") == 0 || strcmp(end, " hours") == 0;
    gint64 unit_us = days ? CLOCK_DAY_US : hours ? CLOCK_HOUR_US : 0;
    if (n > 0 && n <= 3650 && unit_us) {
        *us = n * unit_us;
        return TRUE;
    }
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "%s:%d: %s: expected a number of days or hours, such as \"3 days\"", name, line->line,
                line->key);
    return FALSE;
}

char *
header_pad(const char *text, int line)
{
    GString *padded = g_string_new(NULL);
    for (int i = 1; i < line; i++)
        g_string_append_c(padded, '\n');
    g_string_append(padded, text);
    return g_string_free(padded, FALSE);
}
