/* Mail bodies: exact parts for the template's own Markdown, hostile values in every place, and the promise
 * that a draft written back as Markdown renders to the same parts. In sources below, {{0}} to {{9}} stand for
 * values. */
#include "base/error.h"
#include "compose/markdown.h"

#include <string.h>

/* Puts placeholders for {{digit}} into source. kinds: a letter per value, 'l' for a link; NULL: all plain. */
static char *
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
static char *
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
static void
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

static void
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

static void
test_blocks(void)
{
    static const struct sample samples[] = {
        {"Hi *there*,\n**you** `a  b`\n",
         {0},
         NULL,
         "Hi there, you a  b\n",
         "<p>Hi <em>there</em>,\n<strong>you</strong> <code>a  b</code></p>\n"},
        {"# Title\n\nText\n", {0}, NULL, "Title\n\nText\n", NULL},
        {"- a\n- b\n  - c\n- d\n", {0}, NULL, "- a\n- b\n  - c\n- d\n", NULL},
        {"- a\n\n- b\n\n  more\n", {0}, NULL, "- a\n\n- b\n\n  more\n", NULL},
        {"9. nine\n10. ten\n    - in\n", {0}, NULL, "9. nine\n10. ten\n    - in\n", NULL},
        {"1) one\n", {0}, NULL, "1) one\n", NULL},
        {"> quoted\n>\n> - list\n>\n> > twice\n", {0}, NULL, "> quoted\n>\n> - list\n>\n> > twice\n", NULL},
        {"```sql\nSELECT 1;\n  -- \n```\n",
         {0},
         NULL,
         "SELECT 1;\n  --\n",
         "<pre><code>SELECT 1;\n  -- \n</code></pre>\n"},
        {"a\n\n***\n\nb\n", {0}, NULL, "a\n\n------------------------\n\nb\n", NULL},
        {"hard  \nbreak\\\nagain\n", {0}, NULL, "hard\nbreak\nagain\n", NULL},
        {"a <!-- note --> b\n\n<!-- block\n-->\n\nc\n", {0}, NULL, "a b\n\nc\n", NULL},
        {"escaped \\* \\: \\/ \\\\: `\\:`\n", {0}, NULL, "escaped * : / \\: \\:\n", NULL},
        {"[docs](https://docs.example/a?b=1&c=2 \"T\")\n",
         {0},
         NULL,
         "docs (https://docs.example/a?b=1&c=2)\n",
         "<p><a href=\"https://docs.example/a?b=1&amp;c=2\" title=\"T\">docs</a></p>\n"},
        {"[https://x.example/](https://x.example/) <ann@x.example> [Ann](mailto:ann@x.example)\n",
         {0},
         NULL,
         "https://x.example/ ann@x.example Ann (ann@x.example)\n",
         NULL},
        {"[docs]\n\n[docs]: https://docs.example/\n", {0}, NULL, "docs (https://docs.example/)\n", NULL},
        {"![logo](https://x.example/l.png) [![in](https://x.example/i.png)](https://x.example/)\n",
         {0},
         NULL,
         "logo (https://x.example/l.png) in (https://x.example/)\n",
         "<p><a href=\"https://x.example/l.png\">logo</a> <a href=\"https://x.example/\">in</a></p>\n"},
    };
    check_samples(samples, G_N_ELEMENTS(samples));
}

static void
test_wrapping(void)
{
    static const struct sample samples[] = {
        {"aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhhh iiiiii\n",
         {0},
         NULL,
         "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhhh\niiiiii\n",
         NULL},
        {"- aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhh iiiiii\n",
         {0},
         NULL,
         "- aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg\n  hhhhh iiiiii\n",
         NULL},
        {"see "
         "https://x.example/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
         "now\n",
         {0},
         NULL,
         "see\nhttps://x.example/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nnow\n",
         NULL},
        {"日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本。語です\n",
         {0},
         NULL,
         "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日\n本。語です\n",
         NULL},
        {"aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhh \\> iiiiii\n",
         {0},
         NULL,
         "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhh >\niiiiii\n",
         NULL},
    };
    check_samples(samples, G_N_ELEMENTS(samples));
}

static void
test_signature(void)
{
    static const struct sample samples[] = {
        {"Bye\n\n-- \nMax\nTeam\n",
         {0},
         NULL,
         "Bye\n\n-- \nMax\nTeam\n",
         "<p>Bye</p>\n<p>-- </p>\n<p>Max<br />\nTeam</p>\n"},
        {"Bye\n-- \nMax\n", {0}, NULL, "Bye\n\n-- \nMax\n", NULL},
        {"Bye\r\n\r\n--\r\nMax\r\nTeam\r\n", {0}, NULL, "Bye\n\n-- \nMax\nTeam\n", NULL},
        {"- item\n-- \nMax\n", {0}, NULL, "- item\n\n-- \nMax\n", NULL},
        {"Bye {{0}}\n\n{{0}}\n", {"--"}, NULL, "Bye --\n\n--\n", NULL},
        {"{{0}}\n", {"-- "}, NULL, "--\n", NULL},
        {"{{0}}\n", {"a\n-- \nb"}, NULL, "a\n--\nb\n", NULL},
        {"a\\\n{{0}} \\\nb\n", {"--"}, NULL, "a\n--\nb\n", NULL},
        {"```\n-- \n```\n", {0}, NULL, "--\n", NULL},
    };
    check_samples(samples, G_N_ELEMENTS(samples));
}

static void
test_values(void)
{
    static const struct sample samples[] = {
        {"Hi {{0}},\n",
         {"[reset](https://evil.example)"},
         NULL,
         "Hi [reset](https://evil.example),\n",
         "<p>Hi [reset](https://evil.example),</p>\n"},
        {"Hi {{0}},\n", {"<b>&amp;\"'"}, NULL, "Hi <b>&amp;\"',\n", "<p>Hi &lt;b&gt;&amp;amp;&quot;',</p>\n"},
        {"{{0}} {{1}}\n",
         {"# x", "https://evil.example/"},
         NULL,
         "# x https://evil.example/\n",
         "<p># x https://evil.example/</p>\n"},
        {"{{0}}. done\n", {"1"}, NULL, "1. done\n", "<p>1. done</p>\n"},
        {"- {{0}}\n",
         {"a\nb\n\nc"},
         NULL,
         "- a\n  b\n\n  c\n",
         "<ul>\n<li>a<br />\nb<br />\n<br />\nc</li>\n</ul>\n"},
        {"# {{0}}\n", {"a\nb #"}, NULL, "a b #\n", "<h1>a b #</h1>\n"},
        {"`{{0}}`\n", {"`x` *y*\n<b>"}, NULL, "'x' *y* <b>\n", "<p><code>'x' *y* &lt;b&gt;</code></p>\n"},
        {"```\n{{0}}\n```\n", {"```\n# x"}, NULL, "''' # x\n", NULL},
        {"    {{0}}\n", {"a\nb"}, NULL, "a b\n", NULL},
        {"[go]({{0}})\n",
         {"https://x.example/(a) b?c=<d>&copy;"},
         NULL,
         "go (https://x.example/(a)%20b?c=%3Cd%3E&copy;)\n",
         "<p><a href=\"https://x.example/(a)%20b?c=%3Cd%3E&amp;copy;\">go</a></p>\n"},
        {"[go](<{{0}}> \"{{1}}\")\n",
         {"https://x.example/", "a\" onclick='x'\nb"},
         NULL,
         NULL,
         "<p><a href=\"https://x.example/\" title=\"a&quot; onclick='x' b\">go</a></p>\n"},
        {"[go](https://x.example/{{0}}?q={{1}})\n",
         {"a/b c", "1&d=%41%4"},
         NULL,
         "go (https://x.example/a/b%20c?q=1&d=%41%254)\n",
         NULL},
        {"[{{0}}](https://x.example/)\n",
         {"](https://evil.example) ["},
         NULL,
         "](https://evil.example) [ (https://x.example/)\n",
         NULL},
        {"[mail](mailto:{{0}}?subject={{1}})\n",
         {"ann@x.example", "a&bcc=b@x"},
         NULL,
         "mail (ann@x.example?subject=a%26bcc%3Db%40x)\n",
         NULL},
        {"![{{0}}](https://x.example/{{1}})\n",
         {"alt]", "p.png"},
         NULL,
         "alt] (https://x.example/p.png)\n",
         NULL},
        {"[a]\n\n[a]: {{0}} \"{{1}}\"\n",
         {"https://x.example/", "t"},
         NULL,
         "a (https://x.example/)\n",
         NULL},
        {"\\{{0}} \\{{1}}\n", {"*x*", "_"}, NULL, "\\*x* \\_\n", NULL},
        {"&{{0}}; <{{0}}> <a{{0}}>\n", {"lt"}, NULL, "&lt; <lt> <alt>\n", NULL},
        {"[a]{{0}} ![b{{1}}\n",
         {"(https://evil.example)", "](https://evil.example)"},
         NULL,
         "[a](https://evil.example) ![b](https://evil.example)\n",
         NULL},
        {"[a]{{0}}\n", {": https://evil.example"}, NULL, "[a]: https://evil.example\n", NULL},
        {"{{0}}[a](https://x.example/)\n", {"wow!"}, NULL, "wow!a (https://x.example/)\n", NULL},
        {"<!-- {{0}} -->\n\nb <!-- {{0}} -->\n", {"--> <b>x</b>"}, NULL, "b\n", NULL},
        {"- {{0}}2.\n", {"1"}, NULL, "- 12.\n", NULL},
        {"a`b\n{{0}}` c\n", {"- x"}, NULL, "ab - x c\n", NULL},
        {"[a]: b{{0}} c\n", {"x\ny"}, NULL, "[a]: bx\ny c\n", NULL},
        {"a <https://x.example/`{{0}} b\n", {"-->"}, NULL, "a <https://x.example/`--> b\n", NULL},
        {"x**{{0}}**y *<a*{{1}}*\n", {"(b)", "c"}, NULL, "x(b)y <ac*\n", NULL},
        {"[x](https://x.example/%{{0}} \"{{1}}\")\n",
         {"2026", "\\\\"},
         NULL,
         "x (https://x.example/%2026)\n",
         NULL},
        {"**{{0}}** _{{1}}_\n", {"(a)", " b"}, NULL, "(a) b\n", NULL},
        {"Hi {{0}}{{1}}!\n", {" ", "  two  "}, NULL, "Hi two !\n", "<p>Hi   two  !</p>\n"},
        {"Hi{{0}} Ann\n", {""}, NULL, "Hi Ann\n", NULL},
        {"{{0}}\n",
         {"مرحبا \xE2\x80\xAE"
          "evil \xF0\x9F\x9A\x80\t\a"},
         NULL,
         "مرحبا evil \xF0\x9F\x9A\x80 \xEF\xBF\xBD\n",
         NULL},
        {"{{0}}\n",
         {"{{ name }} {% raw %} \xF4\x8F\xB8\x80\xF4\x8F\xB8\x81"},
         NULL,
         "{{ name }} {% raw %} \xEF\xBF\xBD\xEF\xBF\xBD\n",
         NULL},
    };
    check_samples(samples, G_N_ELEMENTS(samples));
}

static void
test_links_in_text(void)
{
    static const struct sample samples[] = {
        {"See https://x.example/a. And (http://y.example/b(c)).\n",
         {0},
         NULL,
         "See https://x.example/a. And (http://y.example/b(c)).\n",
         "<p>See <a href=\"https://x.example/a\">https://x.example/a</a>. And (<a "
         "href=\"http://y.example/b(c)\">http://y.example/b(c)</a>).</p>\n"},
        {"Not xhttps://x.example nor https:// nor https\\://x.example nor `https://x.example`\n",
         {0},
         NULL,
         NULL,
         "<p>Not xhttps://x.example nor https:// nor https://x.example nor "
         "<code>https://x.example</code></p>\n"},
        {"https://x.example/{{0}}/c next\n",
         {"a b_(*)"},
         NULL,
         NULL,
         "<p><a href=\"https://x.example/a%20b_(*)/c\">https://x.example/a%20b_(*)/c</a> next</p>\n"},
        {"https://{{0}}.x.example/\n",
         {"team-7"},
         NULL,
         NULL,
         "<p><a href=\"https://team-7.x.example/\">https://team-7.x.example/</a></p>\n"},
        {"Book: {{0}}\n",
         {"https://book.example/a?b=1&c=2&lt;"},
         "l",
         NULL,
         "<p>Book: <a href=\"https://book.example/a?b=1&amp;c=2&amp;lt;\">https://book.example/"
         "a?b=1&amp;c=2&amp;lt;</a></p>\n"},
        {"Book <{{0}}>, or {{1}}.\n",
         {"https://book.example/", "mailto:team@x.example"},
         "ll",
         "Book https://book.example/, or team@x.example.\n",
         "<p>Book <a href=\"https://book.example/\">https://book.example/</a>, or <a "
         "href=\"mailto:team@x.example\">team@x.example</a>.</p>\n"},
        {"[{{0}}]({{0}}) <https://x.example/{{1}}>\n",
         {"https://book.example/", "a&lt;b c"},
         "l-",
         NULL,
         "<p><a href=\"https://book.example/\">https://book.example/</a> <a "
         "href=\"https://x.example/a&amp;lt;b%20c\">https://x.example/a&amp;lt;b%20c</a></p>\n"},
        {"{{0}}://x.example http{{1}}x.example https:{{2}}x.example\n",
         {"https", "s://", "//"},
         NULL,
         NULL,
         "<p>https://x.example https://x.example https://x.example</p>\n"},
    };
    check_samples(samples, G_N_ELEMENTS(samples));
}

static void
test_refused(void)
{
    static const struct {
        const char *source;
        const char *values[2];
        const char *kinds;
        const char *message; /* part of it */
    } refused[] = {
        {"[x]({{0}})\n", {"javascript:alert(1)"}, NULL, "javascript:alert(1)"},
        {"[x]({{0}})\n", {"data:text/html,x"}, NULL, "data:"},
        {"[x]({{0}})\n", {"/relative"}, NULL, "/relative"},
        {"[x]({{0}})\n", {""}, NULL, "link"},
        {"[x]({{0}})\n", {"https://good.example@evil.example/"}, NULL, "good.example@evil.example"},
        {"[x]({{0}})\n", {"https://"}, NULL, "host"},
        {"[x]({{0}})\n", {"https:///x"}, NULL, "host"},
        {"[x]({{0}})\n", {"mailto:a@x.example,b@x.example"}, NULL, "mailto"},
        {"[x](mailto:{{0}})\n", {"a@x.example?bcc=b@x.example"}, NULL, "mailto"},
        {"[x](https://{{0}}.x.example/)\n", {"evil.example/"}, NULL, "evil.example/"},
        {"https://{{0}}.x.example/\n", {"evil.example/?"}, NULL, "evil.example/"},
        {"[x](javascript:alert)\n", {0}, NULL, "javascript"},
        {"![x](cid:1)\n", {0}, NULL, "cid:1"},
        {"{{0}}\n", {"ftp://x.example"}, "l", "ftp://x.example"},
        {"<b>x</b>\n", {0}, NULL, "HTML"},
        {"<div>\n{{0}}\n</div>\n", {"x"}, NULL, "HTML"},
        {"<!-- x --> <b>\n", {0}, NULL, "HTML"},
        {"bell \a\n", {0}, NULL, "U+0007"},
        {"turned \u202Eround\n", {0}, NULL, "U+202E"},
        {"an \u2067island\u2069\n", {0}, NULL, "U+2067"},
        {"reserved \xF4\x8F\xB8\x80\n", {0}, NULL, "U+10FE00"},
        {"reserved \xF4\x8F\xB8\x82\n", {0}, NULL, "U+10FE02"},
        {"bad \xFF\n", {0}, NULL, "UTF-8"},
        {"", {0}, NULL, "empty"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        g_autofree char *html = NULL;
        scoped(placeholders_free) struct placeholders *table = placeholders_new();
        g_autofree char *markdown =
            fill_source(refused[i].source, refused[i].values, refused[i].kinds, table);
        g_assert_false(markdown_render(markdown, table, &text, &html, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
        if (!strstr(error->message, refused[i].message))
            g_printerr("source %s\n", refused[i].source);
        g_assert_nonnull(strstr(error->message, refused[i].message));
        g_assert_null(text);
        g_assert_null(html);
    }
}

static void
test_bounds(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *huge = g_strnfill(1024 * 1024, 'n');
    g_autofree char *big = g_strnfill(PLACEHOLDER_MAX_VALUE, '*');
    g_autofree char *deep = g_strnfill(5000, '>');
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    scoped(placeholders_free) struct placeholders *table = placeholders_new();
    g_assert_false(placeholders_add(table, huge, strlen(huge), PLACEHOLDER_TEXT, out, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_false(placeholders_emit(table, "a\0b", 3, out, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_cmpuint(out->len, ==, 0);
    guint kept = 0;
    while (placeholders_add(table, big, PLACEHOLDER_MAX_VALUE, PLACEHOLDER_TEXT, out, &error))
        kept++;
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_cmpuint(kept, ==, PLACEHOLDER_MAX_TOTAL / PLACEHOLDER_MAX_VALUE);
    g_assert_true(markdown_render(out->str, table, &text, &html, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(text), ==, kept * PLACEHOLDER_MAX_VALUE + 1);
    g_clear_pointer(&text, g_free);
    g_clear_pointer(&html, g_free);

    scoped(placeholders_free) struct placeholders *many = placeholders_new();
    g_string_truncate(out, 0);
    for (kept = 0; placeholders_add(many, "n", 1, PLACEHOLDER_TEXT, out, &error);)
        kept++;
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_cmpuint(kept, ==, PLACEHOLDER_MAX_COUNT);

    g_assert_false(markdown_render(huge, NULL, &text, &html, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_assert_false(markdown_render(deep, NULL, &text, &html, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
}

static void
test_table(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    scoped(placeholders_free) struct placeholders *table = placeholders_new();
    g_assert_true(placeholders_check_template("Hi \xEE\x80\x80 \xEF\xA3\xBF, {{ x }}", NULL));
    g_assert_false(placeholders_check_template("Hi \xF4\x8F\xB8\x91", &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);

    placeholders_declare_link(table, "https://book.example/");
    struct placeholder one;
    g_assert_true(placeholders_emit(table, "https://book.example/", 21, out, &error));
    g_assert_true(placeholder_match(table, out->str, &one));
    g_assert_cmpint(one.kind, ==, PLACEHOLDER_LINK);
    g_assert_cmpuint(one.length, ==, out->len);
    g_string_append(out, " and ");
    g_assert_true(placeholders_emit(table, "https://evil.example/", 21, out, &error));
    g_assert_true(placeholder_match(table, strchr(out->str, 'd') + 2, &one));
    g_assert_cmpint(one.kind, ==, PLACEHOLDER_TEXT);
    g_autofree char *plain = placeholders_expand(table, out->str, &error);
    g_assert_cmpstr(plain, ==, "https://book.example/ and https://evil.example/");

    scoped(placeholders_free) struct placeholders *other = placeholders_new();
    g_assert_null(placeholders_expand(other, out->str, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
}

/* A captured value is printed more than once, here as text and as an address. */
static void
test_repeated(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) one = g_string_new(NULL);
    scoped(placeholders_free) struct placeholders *table = placeholders_new();
    g_assert_true(placeholders_emit(table, "https://x.example/(a", 20, one, &error));
    g_autofree char *markdown = g_strdup_printf("%s and [x](%s) and `%s`\n", one->str, one->str, one->str);
    g_autofree char *expanded = markdown_expand(markdown, table, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(expanded, ==,
                    "https\\://x.example/(a and [x](https://x.example/\\(a) and `https://x.example/(a`\n");
}

static void
test_readable(void)
{
    static const struct {
        const char *source, *value, *expanded;
    } names[] = {
        {"Hi {{0}},", "Anne-Marie O'Neil (CTO), Dr. h.c.", "Hi Anne-Marie O'Neil (CTO), Dr. h.c.,"},
        {"You have {{0}} events.", "1,250,000.5", "You have 1,250,000.5 events."},
        {"Cost {{0}} - {{0}}", "-$512.31 (net) #1: a - b!",
         "Cost -$512.31 (net) \\#1: a - b! - -$512.31 (net) \\#1: a - b!"},
        {"saves **{{0}}** a month", "$5.", "saves **$5.** a month"},
        {"Hi {{0}}", "Zoë & Co.", "Hi Zoë \\& Co."},
        {"{{0}}. x", "2026", "2026\\. x"},
        {"In {{0}}. x", "2026", "In 2026. x"},
        {"[a]({{0}})", "https://x.example/?a=1&b=2", "[a](https://x.example/?a=1&b=2)"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        scoped(placeholders_free) struct placeholders *table = placeholders_new();
        const char *values[] = {names[i].value};
        g_autofree char *markdown = fill_source(names[i].source, values, NULL, table);
        g_autofree char *expanded = markdown_expand(markdown, table, NULL);
        g_assert_cmpstr(expanded, ==, names[i].expanded);
    }
}

static const char *const hostile[] = {
    "[reset](https://evil.example)",
    "<b>",
    "# x",
    "*",
    "_",
    "`",
    "```",
    "&amp;",
    "&#60;",
    "lt;",
    ";",
    "1. a",
    "1) a",
    "- a",
    "+ a",
    "> a",
    "~~~",
    "===",
    "---",
    "    code",
    "a  ",
    " b",
    "a\nb",
    "a\n\n1. b\n    c\n> d",
    "a\r\n# b",
    "\\",
    "\\\\",
    "\\*",
    "!",
    "[",
    "]",
    "(",
    ")",
    "](",
    "<",
    ">",
    "</a>",
    "<!--",
    "-->",
    "<https://evil.example>",
    "https://evil.example/",
    "s://",
    "://",
    "mailto:a@b.example",
    "a@b.example",
    "{{ x }}",
    "{% x %}",
    "|",
    "~x~",
    "\"",
    "'",
    "مرحبا",
    "\xE2\x80\x8F",
    "\xF0\x9F\x9A\x80",
    "日本",
    "\xC2\xA0",
    "\xE2\x80\x9Cq\xE2\x80\x9D",
    "Ann",
    "7",
    "2026",
    "a_b_c",
    "snake_case",
    "x*y*z",
    "\ta",
    "#",
    "a#",
    "=",
    "-",
    "--",
    "-- ",
    "+",
    ":",
    ": x",
    "//",
    "%41",
    "%",
    "a&b=c",
};

/* Places for a value in a body; each fragment stands alone between empty lines, so that any combination
 * parses. */
static const char *const fragments[] = {
    "{{0}}",
    "a {{0}} b",
    "{{0}}{{1}}",
    "- {{0}}\n- {{1}}",
    "1. {{0}}\n2. x\n   {{1}}",
    "> {{0}}\n> x {{1}}",
    "# {{0}}",
    "## a {{0}} #",
    "{{0}}\n===",
    "**{{0}}** b",
    "a *{{0}}*, *b*",
    "_{{0}}_",
    "***{{0}}***",
    "`{{0}}`",
    "`a {{0}}` b",
    "    {{0}}",
    "```\n{{0}}\n```",
    "~~~ {{0}}\n{{1}}\n~~~",
    "- x\n\n  {{0}}",
    "> - {{0}}\n>   {{1}}",
    "[{{0}}](https://x.example/)",
    "![{{0}}](https://x.example/)",
    "[t](https://x.example/ \"{{0}}\")",
    "[t](https://x.example/ '{{0}}')",
    "[t](https://x.example/ ({{0}}))",
    "[t](https://x.example/{{0}})",
    "[t](<https://x.example/{{0}}>)",
    "[t](https://x.example/?a={{0}}&{{1}};)",
    "https://x.example/{{0}} b",
    "(https://x.example/?a={{0}})",
    "<https://x.example/{{0}}>",
    "<{{0}}>",
    "<a{{0}}>",
    "</{{0}}>",
    "<!{{0}}>",
    "&{{0}}",
    "&{{0}};",
    "&#{{0}};",
    "[{{0}}]",
    "[a]{{0}}",
    "![a]{{0}}",
    "[a][{{0}}]",
    "{{0}}[t](https://x.example/)",
    "\\{{0}}",
    "\\\\{{0}}",
    "{{0}}\\",
    "{{0}}  \nb",
    "{{0}}\n{{1}}",
    "a\n{{0}}\nb",
    "1{{0}}",
    "{{0}}. a",
    "{{0}}) a",
    "-{{0}}",
    "#{{0}}",
    ">{{0}}",
    "`{{0}}",
    "<!-- {{0}} -->",
    "x {{0}}://{{1}}",
    "http{{0}}",
    "https:{{0}}x",
    "{{0}}: {{1}}",
    "[q{{0}}]: https://x.example/ \"{{1}}\"",
    "{{0}}\n---",
    "- {{0}}\n\n\n- {{1}}",
    "a {{0}}. b",
    "({{0}})",
    "\"{{0}}\"",
};

static void
test_hostile_everywhere(void)
{
    for (gsize f = 0; f < G_N_ELEMENTS(fragments); f++)
        for (gsize v = 0; v < G_N_ELEMENTS(hostile); v++) {
            const char *values[] = {hostile[v], hostile[(v * 7 + f) % G_N_ELEMENTS(hostile)]};
            g_autofree char *source = g_strconcat("Hi,\n\n", fragments[f], "\n\nend\n", NULL);
            g_autofree char *text = NULL;
            g_autofree char *body = NULL;
            render_both(source, values, NULL, &text, &body);
            /* No markup a value brought along: the only links are the template's own. */
            g_assert_null(strstr(body, "href=\"https://evil"));
            g_assert_null(strstr(body, "href=\"mailto:"));
            g_assert_null(strstr(body, "<b>"));
            g_assert_null(strstr(text, "\n-- \n"));
        }
}

/* Several fragments in one document, always the same ones. */
static void
test_hostile_together(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20260101);
    for (int round = 0; round < 400; round++) {
        g_autoptr(GString) source = g_string_new("Hi\n\n");
        const char *values[2];
        for (gsize i = 0; i < 2; i++)
            values[i] = hostile[g_rand_int_range(rand, 0, (gint32)G_N_ELEMENTS(hostile))];
        for (int i = 0; i < 4; i++)
            g_string_append_printf(source, "%s\n\n",
                                   fragments[g_rand_int_range(rand, 0, (gint32)G_N_ELEMENTS(fragments))]);
        g_autofree char *text = NULL;
        g_autofree char *body = NULL;
        render_both(source->str, values, NULL, &text, &body);
    }
}

/* On a narrow screen the text is wrapped once, and never wider than in the mail. */
static void
test_width(void)
{
    static const char body[] =
        "One two three four five six seven eight nine ten.\n\n- eleven twelve thirteen\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *narrow = markdown_render_text(body, 30, &error);
    g_autofree char *wide = markdown_render_text(body, 400, &error);
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    g_assert_true(markdown_render(body, NULL, &text, &html, &error));
    g_assert_cmpstr(wide, ==, text);
    g_assert_cmpstr(narrow, ==,
                    "One two three four five six\nseven eight nine ten.\n\n- eleven twelve thirteen\n");
    g_assert_null(markdown_render_text("", 20, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/markdown/blocks", test_blocks);
    g_test_add_func("/compose/markdown/wrapping", test_wrapping);
    g_test_add_func("/compose/markdown/signature", test_signature);
    g_test_add_func("/compose/markdown/values", test_values);
    g_test_add_func("/compose/markdown/links_in_text", test_links_in_text);
    g_test_add_func("/compose/markdown/refused", test_refused);
    g_test_add_func("/compose/markdown/width", test_width);
    g_test_add_func("/compose/markdown/bounds", test_bounds);
    g_test_add_func("/compose/markdown/table", test_table);
    g_test_add_func("/compose/markdown/repeated", test_repeated);
    g_test_add_func("/compose/markdown/readable", test_readable);
    g_test_add_func("/compose/markdown/hostile_everywhere", test_hostile_everywhere);
    g_test_add_func("/compose/markdown/hostile_together", test_hostile_together);
    return g_test_run();
}
