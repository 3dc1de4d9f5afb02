/* The table of values behind the placeholders of one text.
 *
 * The reserved characters are U+10FE00 to U+10FE3F of plane 16, private use that no font or input method is
 * known to touch; in UTF-8 all of them begin with the same three bytes. A placeholder is U+10FE00, four
 * hexadecimal digits U+10FE10 to U+10FE1F, U+10FE01. To cmark they are letters, so a placeholder next to "**"
 * behaves like a word and not like punctuation, whatever the value is.
 *
 * Invariant: no kept value holds a reserved character, a control other than LF, or invalid UTF-8. */
#include "compose/placeholder.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define OPEN 0x80
#define CLOSE 0x81
#define DIGIT 0x90
#define DIGITS 4
#define REPLACEMENT "\xEF\xBF\xBD"

struct entry {
    char *value;
    enum placeholder_kind kind;
};

struct placeholders {
    GArray *entries;
    GHashTable *links; /* values that are links: set of strings */
    gsize total;
};

static void
entry_clear(gpointer data)
{
    g_free(((struct entry *)data)->value);
}

struct placeholders *
placeholders_new(void)
{
    struct placeholders *values = g_new0(struct placeholders, 1);
    values->entries = g_array_new(FALSE, TRUE, sizeof(struct entry));
    g_array_set_clear_func(values->entries, entry_clear);
    values->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return values;
}

void
placeholders_free(struct placeholders *values)
{
    if (!values)
        return;
    g_array_unref(values->entries);
    g_hash_table_unref(values->links);
    g_free(values);
}

guint
placeholders_count(const struct placeholders *values)
{
    return values ? values->entries->len : 0;
}

void
placeholders_declare_link(struct placeholders *values, const char *url)
{
    if (url && *url)
        g_hash_table_add(values->links, g_strdup(url));
}

gboolean
placeholder_is_reserved(const char *p)
{
    return strncmp(p, PLACEHOLDER_LEAD, 3) == 0 && (guchar)p[3] >= OPEN && (guchar)p[3] <= 0xBF;
}

gboolean
placeholders_check_template(const char *source, GError **error)
{
    for (const char *p = source; (p = strstr(p, PLACEHOLDER_LEAD)); p++) {
        if (!placeholder_is_reserved(p))
            continue;
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "the private character U+%X is reserved and cannot stand in a template",
                    g_utf8_get_char_validated(p, -1));
        return FALSE;
    }
    return TRUE;
}

/* The value without its direction overrides and control characters, as the header promises. The caller frees.
 */
static GString *
clean_value(const char *value, gsize len)
{
    GString *out = g_string_sized_new(len + 1);
    for (const char *p = value; p < value + len; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean crlf = c == '\r' && p + 1 < value + len && p[1] == '\n';
        if (crlf || c == 0x2060 || text_turns_direction(c))
            continue;
        if (c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029) {
            while (out->len > 0 && out->str[out->len - 1] == ' ')
                g_string_truncate(out, out->len - 1);
            if (out->len > 0)
                g_string_append_c(out, '\n');
        } else if (c == '\t') {
            g_string_append_c(out, ' ');
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || placeholder_is_reserved(p)) {
            g_string_append(out, REPLACEMENT);
        } else {
            g_string_append_unichar(out, c);
        }
    }
    gsize end = out->len;
    while (end > 0 && (out->str[end - 1] == '\n' || out->str[end - 1] == ' '))
        end--;
    const char *line_end = memchr(out->str + end, '\n', out->len - end);
    if (line_end)
        g_string_truncate(out, (gsize)(line_end - out->str));
    return out;
}

/* Takes value over and appends its placeholder. */
static gboolean
push(struct placeholders *values, char *value, enum placeholder_kind kind, GString *out)
{
    struct entry entry = {value, kind};
    guint index = values->entries->len;
    gsize len = strlen(value);
    if (index >= PLACEHOLDER_MAX_COUNT || len > PLACEHOLDER_MAX_TOTAL - values->total) {
        g_free(value);
        return FALSE;
    }
    values->total += len;
    g_array_append_val(values->entries, entry);
    g_string_append(out, PLACEHOLDER_LEAD);
    g_string_append_c(out, (char)OPEN);
    for (int shift = 4 * (DIGITS - 1); shift >= 0; shift -= 4) {
        g_string_append(out, PLACEHOLDER_LEAD);
        g_string_append_c(out, (char)(DIGIT + ((index >> shift) & 0xF)));
    }
    g_string_append(out, PLACEHOLDER_LEAD);
    g_string_append_c(out, (char)CLOSE);
    return TRUE;
}

gboolean
placeholder_repeat(struct placeholders *into, const struct placeholder *one, GString *out)
{
    return push(into, g_strdup(one->value), one->kind, out);
}

gboolean
placeholders_add(struct placeholders *values, const char *value, gsize len, enum placeholder_kind kind,
                 GString *out, GError **error)
{
    if (len > PLACEHOLDER_MAX_VALUE) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "a value has %" G_GSIZE_FORMAT " bytes, expected at most %u", len, PLACEHOLDER_MAX_VALUE);
        return FALSE;
    }
    if (!g_utf8_validate(value, (gssize)len, NULL)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "a value is not valid UTF-8 text");
        return FALSE;
    }
    GString *clean = clean_value(value, len);
    if (clean->str[strspn(clean->str, " ")] == '\0') {
        /* Blanks only: never enough of them to indent a line or to break it. */
        if (clean->len > 0 && out->len > 0 && !strchr(" \n", out->str[out->len - 1]))
            g_string_append_c(out, ' ');
        g_string_free(clean, TRUE);
        return TRUE;
    }
    if (push(values, g_string_free(clean, FALSE), kind, out))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "the values of one text have over %u bytes, or are more than %u", PLACEHOLDER_MAX_TOTAL,
                PLACEHOLDER_MAX_COUNT);
    return FALSE;
}

bool
placeholders_emit(void *user, const char *value, size_t len, GString *out, GError **error)
{
    struct placeholders *values = user;
    enum placeholder_kind kind = PLACEHOLDER_TEXT;
    if (len <= PLACEHOLDER_MAX_VALUE && g_hash_table_size(values->links) > 0) {
        g_autofree char *text = g_strndup(value, len);
        if (g_hash_table_contains(values->links, text))
            kind = PLACEHOLDER_LINK;
    }
    return placeholders_add(values, value, len, kind, out, error);
}

gboolean
placeholder_match(const struct placeholders *values, const char *p, struct placeholder *out)
{
    guint index = 0;
    if (!values || !placeholder_is_reserved(p) || (guchar)p[3] != OPEN)
        return FALSE;
    p += 4;
    for (int i = 0; i < DIGITS; i++, p += 4) {
        if (!placeholder_is_reserved(p) || (guchar)p[3] < DIGIT || (guchar)p[3] > DIGIT + 0xF)
            return FALSE;
        index = index << 4 | (guint)((guchar)p[3] - DIGIT);
    }
    if (!placeholder_is_reserved(p) || (guchar)p[3] != CLOSE || index >= values->entries->len)
        return FALSE;
    const struct entry *entry = &g_array_index(values->entries, struct entry, index);
    *out = (struct placeholder){index, (DIGITS + 2) * PLACEHOLDER_CHAR, entry->value, entry->kind};
    return TRUE;
}

char *
placeholders_expand(const struct placeholders *values, const char *text, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (*text) {
        struct placeholder one;
        if (placeholder_match(values, text, &one)) {
            g_string_append(out, one.value);
            text += one.length;
        } else if (placeholder_is_reserved(text)) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                        "the text holds a placeholder of no known value");
            return NULL;
        } else {
            g_string_append_c(out, *text++);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
