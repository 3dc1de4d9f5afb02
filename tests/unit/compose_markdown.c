/* Mail bodies: exact parts for the template's own Markdown, what is refused, and the bounds. */
#include "fixture_markdown.h"

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
    g_test_add_func("/compose/markdown/refused", test_refused);
    g_test_add_func("/compose/markdown/width", test_width);
    g_test_add_func("/compose/markdown/bounds", test_bounds);
    return g_test_run();
}
