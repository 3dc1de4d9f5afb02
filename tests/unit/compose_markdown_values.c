/* Values in mail bodies (see fixture_markdown.h for {{0}}): in every place of a body, hostile ones too, a
 * value stays text, and placeholders come out as what they stand for. */
#include "fixture_markdown.h"

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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/markdown/values", test_values);
    g_test_add_func("/compose/markdown/links_in_text", test_links_in_text);
    g_test_add_func("/compose/markdown/table", test_table);
    g_test_add_func("/compose/markdown/repeated", test_repeated);
    g_test_add_func("/compose/markdown/readable", test_readable);
    g_test_add_func("/compose/markdown/hostile_everywhere", test_hostile_everywhere);
    g_test_add_func("/compose/markdown/hostile_together", test_hostile_together);
    return g_test_run();
}
