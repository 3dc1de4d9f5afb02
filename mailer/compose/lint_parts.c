/* Both parts as sequences of words: see lint_parts.h. What the text part adds to say in plain text what HTML says in marks is
 * added to the words of the HTML part too: the address behind a link's words, the number before an item of a list. */
#include "compose/lint_parts.h"

#include "compose/markdown_url.h"

#include <stdlib.h>
#include <string.h>

#define LISTS_MAX 64u /* deeper ones are not numbered */

struct html_reader {
    GString *out;
    char *href;    /* of the link that is open */
    gsize label;   /* where its words begin in out */
    int next[LISTS_MAX]; /* number of the next item, -1: the list has none */
    guint lists;
};

static const struct {
    const char *name, *text;
} entities[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#x27;", "'"}, {"&#39;", "'"}};

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
end_link(struct html_reader *r)
{
    if (!r->href)
        return;
    const char *label = r->out->str + r->label, *shown = markdown_url_shown(r->href);
    if (*label == '\0')
        g_string_append(r->out, r->href);
    else if (strcmp(label, r->href) != 0 && strcmp(label, shown) != 0)
        g_string_append_printf(r->out, " (%s)", shown);
    g_clear_pointer(&r->href, g_free);
}

static void
begin_list(struct html_reader *r, const char *tag, gsize len, gboolean numbered)
{
    g_autofree char *start = attribute(tag, len, "start");
    if (r->lists < LISTS_MAX)
        r->next[r->lists] = !numbered ? -1 : start ? atoi(start) : 1;
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
        g_free(r->href);
        r->href = attribute(tag, len, "href");
        r->label = r->out->len;
    } else if (strcmp(word, "/a") == 0) {
        end_link(r);
    } else if (strcmp(word, "ol") == 0 || strcmp(word, "ul") == 0) {
        begin_list(r, tag, len, *word == 'o');
    } else if ((strcmp(word, "/ol") == 0 || strcmp(word, "/ul") == 0) && r->lists > 0) {
        r->lists--;
    } else if (strcmp(word, "li") == 0) {
        begin_item(r);
    } else if (strcmp(word, "em") != 0 && strcmp(word, "/em") != 0 && strcmp(word, "strong") != 0 && strcmp(word, "/strong") != 0 &&
               strcmp(word, "code") != 0 && strcmp(word, "/code") != 0) {
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
    struct html_reader r = {.out = g_string_new(NULL)};
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
    g_free(r.href);
    return g_string_free(r.out, FALSE);
}

/* ---- words ---- */

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
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '%' || type == G_UNICODE_CURRENCY_SYMBOL || type == G_UNICODE_OTHER_SYMBOL;
}

/* The next word at *p, NULL at the end. The caller frees. */
static char *
next_word(const char **p)
{
    const char *q = *p;
    while (*q && !says_something(g_utf8_get_char(q)))
        q = g_utf8_next_char(q);
    const char *start = q;
    while (*q && says_something(g_utf8_get_char(q)))
        q = g_utf8_next_char(q);
    *p = q;
    return q > start ? g_strndup(start, (gsize)(q - start)) : NULL;
}

char *
parts_difference(const char *text, const char *html)
{
    g_autofree char *read = read_html(html);
    g_autofree char *text_decoded = decode_percent(text);
    g_autofree char *html_decoded = decode_percent(read);
    const char *a = text_decoded, *b = html_decoded;
    for (;;) {
        g_autofree char *left = next_word(&a);
        g_autofree char *right = next_word(&b);
        if (!left && !right)
            return NULL;
        if (g_strcmp0(left, right) != 0)
            return g_strdup_printf("the text part says \"%s\" where the HTML part says \"%s\"", left ? left : "", right ? right : "");
    }
}
