/* Renders Markdown with values in it, and holds the promise that a draft written back as Markdown renders to
 * the same parts. In sources {{0}} to {{9}} stand for values. */
#ifndef USHER_TESTS_FIXTURE_MARKDOWN_H
#define USHER_TESTS_FIXTURE_MARKDOWN_H

#include "base/error.h"
#include "compose/markdown.h"

#include <string.h>

/* Puts placeholders for {{digit}} into source. kinds: a letter per value, 'l' for a link; NULL: all plain. */
static inline char *
fill_source(const char *source, const char *const *values, const char *kinds, struct placeholders *table)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *p = source; *p;) {
        if (p[0] == '{' && p[1] == '{' && g_ascii_isdigit(p[2]) && p[3] == '}' && p[4] == '}') {
            g_autoptr(GError) error = NULL;
            guint i = (guint)(p[2] - '0');
            enum placeholder_kind kind = kinds && kinds[i] == 'l' ? PLACEHOLDER_LINK : PLACEHOLDER_TEXT;
            placeholders_add(table, values[i], strlen(values[i]), kind, out, &error);
            g_assert_no_error(error);
            p += 5;
        } else {
            g_string_append_c(out, *p++);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The body element's content of a rendered document; the caller frees. */
static inline char *
body_of(const char *html)
{
    const char *start = strstr(html, "<body");
    g_assert_nonnull(start);
    start = strstr(start, ">\n") + 2;
    const char *end = strstr(start, "</body>\n</html>\n");
    g_assert_nonnull(end);
    return g_strndup(start, (gsize)(end - start));
}

/* Renders, and checks that the expanded Markdown renders to the same. */
static inline void
render_both(const char *source, const char *const *values, const char *kinds, char **text, char **body)
{
    g_autoptr(GError) error = NULL;
    scoped(placeholders_free) struct placeholders *table = placeholders_new();
    g_autofree char *markdown = fill_source(source, values, kinds, table);
    g_autofree char *html = NULL;
    gboolean good = markdown_render(markdown, table, text, &html, &error);
    if (error)
        g_printerr("source %s\n", source);
    g_assert_no_error(error);
    g_assert_true(good);
    g_assert_null(strstr(html, "\xF4\x8F\xB8"));
    g_assert_null(strstr(*text, "\xF4\x8F\xB8"));
    *body = body_of(html);
    g_autofree char *expanded = markdown_expand(markdown, table, &error);
    if (error)
        g_printerr("source %s with %s, %s\n", source, values[0], values[1]);
    g_assert_no_error(error);
    g_assert_null(strstr(expanded, "\xF4\x8F\xB8"));
    g_autofree char *text2 = NULL;
    g_autofree char *html2 = NULL;
    good = markdown_render(expanded, NULL, &text2, &html2, &error);
    if (error)
        g_printerr("source %s\nexpanded %s\n", source, expanded);
    g_assert_no_error(error);
    g_autofree char *body2 = body_of(html2);
    if (strcmp(*body, body2) != 0 || strcmp(*text, text2) != 0)
        g_printerr("source %s\nexpanded %s\n", source, expanded);
    g_assert_cmpstr(body2, ==, *body);
    g_assert_cmpstr(text2, ==, *text);
}

struct sample {
    const char *source;
    const char *values[4];
    const char *kinds;
    const char *text, *html; /* NULL: not compared */
};

static inline void
check_samples(const struct sample *samples, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *text = NULL;
        g_autofree char *body = NULL;
        render_both(samples[i].source, samples[i].values, samples[i].kinds, &text, &body);
        if (samples[i].text)
            g_assert_cmpstr(text, ==, samples[i].text);
        if (samples[i].html)
            g_assert_cmpstr(body, ==, samples[i].html);
    }
}

#endif
