/* Both parts as what they say, without layout: see lint_parts.h. What the text part adds to say in plain text
 * what HTML says in marks is added to the words of the HTML part too: the address behind a link's words, the
 * number before an item of a list. */
#include "compose/lint_parts.h"

#include "compose/markdown_url.h"

#include <string.h>

#define LISTS_MAX 64u /* deeper ones are not numbered */

struct open_link {
    char *href;
    gsize label; /* where its words begin */
};

struct html_reader {
    GString *out;
    GArray *links;       /* struct open_link, the innermost last: an image in a link is a link in a link */
    int next[LISTS_MAX]; /* number of the next item, -1: the list has none */
    guint lists;
};

static const struct {
    const char *name, *text;
} entities[] = {{"&amp;", "&"},   {"&lt;", "<"},   {"&gt;", ">"},
                {"&quot;", "\""}, {"&#x27;", "'"}, {"&#39;", "'"}};

static char *
unescape(const char *html, gsize len)
{
    GString *out = g_string_new(NULL);
    for (gsize i = 0; i < len;) {
        gsize known = 0;
        while (known < G_N_ELEMENTS(entities) && !g_str_has_prefix(html + i, entities[known].name))
            known++;
        g_string_append_len(out, known < G_N_ELEMENTS(entities) ? entities[known].text : html + i, 1);
        i += known < G_N_ELEMENTS(entities) ? strlen(entities[known].name) : 1;
    }
    return g_string_free(out, FALSE);
}

/* The value of an attribute in the tag at p, NULL when it has none. The caller frees. */
static char *
attribute(const char *tag, gsize len, const char *name)
{
    g_autofree char *text = g_strndup(tag, len);
    g_autofree char *key = g_strdup_printf(" %s=\"", name);
    const char *value = strstr(text, key);
    if (!value)
        return NULL;
    value += strlen(key);
    return unescape(value, strcspn(value, "\""));
}

static void
begin_link(struct html_reader *r, const char *tag, gsize len)
{
    struct open_link link = {.href = attribute(tag, len, "href"), .label = r->out->len};
    g_array_append_val(r->links, link);
}

static void
end_link(struct html_reader *r)
{
    if (r->links->len == 0)
        return;
    struct open_link link = g_array_index(r->links, struct open_link, r->links->len - 1);
    g_array_set_size(r->links, r->links->len - 1);
    g_autofree char *href = link.href ? link.href : g_strdup("");
    const char *label = r->out->str + link.label, *shown = markdown_url_shown(href);
    if (*label == '\0')
        g_string_append(r->out, href);
    else if (strcmp(label, href) != 0 && strcmp(label, shown) != 0)
        g_string_append_printf(r->out, " (%s)", shown);
}

static void
begin_list(struct html_reader *r, const char *tag, gsize len, gboolean numbered)
{
    g_autofree char *start = attribute(tag, len, "start");
    if (r->lists < LISTS_MAX)
        r->next[r->lists] = !numbered ? -1 : start ? (int)g_ascii_strtoll(start, NULL, 10) : 1;
    r->lists++;
}

static void
begin_item(struct html_reader *r)
{
    g_string_append_c(r->out, ' ');
    if (r->lists > 0 && r->lists <= LISTS_MAX && r->next[r->lists - 1] >= 0)
        g_string_append_printf(r->out, "%d. ", r->next[r->lists - 1]++);
}

static void
read_tag(struct html_reader *r, const char *tag, gsize len)
{
    gsize name = strcspn(tag, " />");
    g_autofree char *word = *tag == '/' ? g_strndup(tag, 1 + strcspn(tag + 1, " />")) : g_strndup(tag, name);
    if (strcmp(word, "a") == 0) {
        begin_link(r, tag, len);
    } else if (strcmp(word, "/a") == 0) {
        end_link(r);
    } else if (strcmp(word, "ol") == 0 || strcmp(word, "ul") == 0) {
        begin_list(r, tag, len, *word == 'o');
    } else if ((strcmp(word, "/ol") == 0 || strcmp(word, "/ul") == 0) && r->lists > 0) {
        r->lists--;
    } else if (strcmp(word, "li") == 0) {
        begin_item(r);
    } else if (strcmp(word, "em") != 0 && strcmp(word, "/em") != 0 && strcmp(word, "strong") != 0 &&
               strcmp(word, "/strong") != 0 && strcmp(word, "code") != 0 && strcmp(word, "/code") != 0) {
        g_string_append_c(r->out, ' ');
    }
}

/* The end of the tag that begins at p, behind its ">". */
static const char *
tag_end(const char *p)
{
    char quote = '\0';
    for (; *p && (quote || *p != '>'); p++)
        if (quote ? *p == quote : (*p == '"' || *p == '\''))
            quote = quote ? '\0' : *p;
    return *p ? p + 1 : p;
}

static char *
read_html(const char *html)
{
    struct html_reader r = {.out = g_string_new(NULL),
                            .links = g_array_new(FALSE, FALSE, sizeof(struct open_link))};
    for (const char *p = html; *p;) {
        if (*p == '<') {
            const char *end = tag_end(p);
            read_tag(&r, p + 1, (gsize)(end - p) - 1);
            p = end;
        } else {
            gsize len = strcspn(p, "<");
            g_autofree char *text = unescape(p, len);
            g_string_append(r.out, text);
            p += len;
        }
    }
    while (r.links->len > 0)
        end_link(&r);
    g_array_unref(r.links);
    return g_string_free(r.out, FALSE);
}

/* ---- comparing ---- */

/* HTML percent-encodes in addresses what the text part shows as it is. */
static char *
decode_percent(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p == '%' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(out, (char)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(out, *p);
        }
    }
    g_autofree char *raw = g_string_free(out, FALSE);
    return g_utf8_make_valid(raw, -1);
}

/* Letters, digits, currencies, per cent, emoji; not the marks that plain text uses for layout. */
static gboolean
says_something(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '%' || type == G_UNICODE_CURRENCY_SYMBOL ||
           type == G_UNICODE_OTHER_SYMBOL;
}

/* The next thing that is said at or after p, or the end. */
static const char *
skip_layout(const char *p)
{
    while (*p && !says_something(g_utf8_get_char(p)))
        p = g_utf8_next_char(p);
    return p;
}

/* The word that p stands in. The caller frees. */
static char *
word_around(const char *text, const char *p)
{
    const char *start = p, *end = p;
    while (start > text && says_something(g_utf8_get_char(g_utf8_prev_char(start))))
        start = g_utf8_prev_char(start);
    while (*end && says_something(g_utf8_get_char(end)))
        end = g_utf8_next_char(end);
    return g_strndup(*p ? start : p, *p ? (gsize)(end - start) : 0);
}

char *
parts_difference(const char *text, const char *html)
{
    g_autofree char *read = read_html(html);
    g_autofree char *text_decoded = decode_percent(text);
    g_autofree char *html_decoded = decode_percent(read);
    const char *a = skip_layout(text_decoded), *b = skip_layout(html_decoded);
    while (*a && g_utf8_get_char(a) == g_utf8_get_char(b)) {
        a = skip_layout(g_utf8_next_char(a));
        b = skip_layout(g_utf8_next_char(b));
    }
    if (!*a && !*b)
        return NULL;
    g_autofree char *left = word_around(text_decoded, a);
    g_autofree char *right = word_around(html_decoded, b);
    return g_strdup_printf("the text part says \"%s\" where the HTML part says \"%s\"", left, right);
}
