/* Writing values back as Markdown, for a draft that a person edits: each placeholder is made unique, its
 * place is found by parsing (markdown_places.c), and the source is copied with each value written for its
 * place (markdown_escape.c). Everything around the placeholders stays as its author wrote it. */
#include "compose/markdown.h"

#include "base/error.h"
#include "compose/markdown_escape.h"
#include "compose/markdown_places.h"

#include <string.h>

/* Nothing but letters, digits and percent signs: where it stands it is not seen. */
static void
put_unseen(GString *out, const char *value)
{
    g_autofree char *harmless = g_uri_escape_string(value, NULL, FALSE);
    for (const char *p = harmless; *p; p++)
        g_string_append_c(out, g_ascii_isalnum(*p) ? *p : '%');
}

static void
put_value(GString *out, const struct markdown_slot *slot, const char *value, const char *next)
{
    const char *as = slot->value ? slot->value : value;
    switch (slot->place) {
    case MARKDOWN_PLACE_UNSEEN:
        put_unseen(out, value);
        break;
    case MARKDOWN_PLACE_TEXT:
    case MARKDOWN_PLACE_LINE:
        markdown_put_text(out, as, next, slot->place == MARKDOWN_PLACE_TEXT);
        break;
    case MARKDOWN_PLACE_TITLE:
        markdown_put_title(out, as, next);
        break;
    case MARKDOWN_PLACE_SPAN:
        markdown_put_span(out, as);
        break;
    case MARKDOWN_PLACE_CODE:
        g_string_append(out, as);
        break;
    case MARKDOWN_PLACE_URL:
    case MARKDOWN_PLACE_AUTOLINK:
        markdown_put_destination(out, as, slot->place == MARKDOWN_PLACE_AUTOLINK);
        break;
    case MARKDOWN_PLACE_LINK:
        markdown_put_link(out, as, next);
        break;
    }
}

/* source with a placeholder of its own for each occurrence, because a captured value may be printed at
 * several places. NULL with error set when there are too many. */
static char *
make_unique(const char *source, const struct placeholders *values, struct placeholders *unique,
            GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *p = source; *p;) {
        struct placeholder one;
        if (!placeholder_match(values, p, &one)) {
            g_string_append_c(out, *p++);
            continue;
        }
        if (!placeholder_repeat(unique, &one, out)) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text prints too many or too long values");
            return NULL;
        }
        p += one.length;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The Markdown with each placeholder of unique written for its place; NULL with error set. */
static char *
write_values(const char *source, const struct placeholders *unique, GError **error)
{
    struct markdown_places places;
    GString *out = NULL;
    if (markdown_places_find(&places, source, unique, error)) {
        out = g_string_new(NULL);
        for (const char *p = source; *p;) {
            struct placeholder one;
            if (placeholder_match(unique, p, &one)) {
                p += one.length;
                put_value(out, &places.slots[one.index], one.value, p);
            } else {
                g_string_append_c(out, *p++);
            }
        }
    }
    markdown_places_clear(&places);
    return out ? g_string_free(out, FALSE) : NULL;
}

/* The promise of the header file, kept by trying it: escaping is too subtle to be trusted. */
static gboolean
check_same(const char *markdown, const struct placeholders *values, const char *expanded, GError **error)
{
    g_autofree char *text = NULL, *html = NULL, *text_again = NULL, *html_again = NULL;
    if (!markdown_render(markdown, values, &text, &html, error) ||
        !markdown_render(expanded, NULL, &text_again, &html_again, error))
        return FALSE;
    if (strcmp(text, text_again) == 0 && strcmp(html, html_again) == 0)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE,
                "a value cannot be written as Markdown where the template prints it");
    return FALSE;
}

char *
markdown_expand_untried(const char *markdown, const struct placeholders *values, GError **error)
{
    scoped(placeholders_free) struct placeholders *unique = placeholders_new();
    g_autofree char *source = make_unique(markdown, values, unique, error);
    return source ? write_values(source, unique, error) : NULL;
}

char *
markdown_expand(const char *markdown, const struct placeholders *values, GError **error)
{
    g_autofree char *expanded = markdown_expand_untried(markdown, values, error);
    if (!expanded || !check_same(markdown, values, expanded, error))
        return NULL;
    return g_steal_pointer(&expanded);
}
