/* Lint: every rule on letters and on templates, the lines it names, the levels a team sets, and that what is
 * shipped is clean. */
#include "compose/lint.h"

#include "compose/lint_figures.h"
#include "compose/lint_parts.h"
#include "compose/markdown.h"
#include "compose/template.h"
#include "fixture.h"

/* "RULE LINE; …", an error's rule with "!" behind it. */
static char *
summary(const GPtrArray *lines)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct lint_line *l = lines->pdata[i];
        g_assert_true(*l->message && *l->hint && l->line > 0);
        g_string_append_printf(out, "%s%s%s %d", out->len ? "; " : "", l->rule,
                               l->level == LINT_ERROR ? "!" : "", l->line);
    }
    return g_string_free(out, FALSE);
}

static void
assert_summary(const char *name, const GPtrArray *lines, const char *expected)
{
    g_autofree char *found = summary(lines);
    if (strcmp(found, expected) != 0)
        g_error("%s: \"%s\", expected \"%s\"", name, found, expected);
}

/* count words, as lines of ten. The caller frees. */
static char *
words(guint count)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < count; i++)
        g_string_append(out, i % 10 == 9 ? "word\n" : "word ");
    return g_string_free(out, FALSE);
}

/* ---- letters ---- */

static const char good[] = "Hi Ann,\n\nYour bill is about $512 a month, 62 % of it replay.\n\n[Two "
                           "settings](https://docs.example/a) help.\n\nAna\n";
static const char basis_json[] =
    "{\"forecast_mrr\": {\"value\": 512.31}, \"share\": {\"value\": 0.617}, \"events\": {\"value\": 1234567},"
    " \"next_renewal\": {\"value\": \"2026-12-14\"}, \"event\": {\"value\": "
    "\"best-in-class\\u2014signup_404\"},"
    " \"long\": {\"value\": \"[Checkout] step -- with a name that is cut\"}, \"lines\": {\"value\": "
    "\"[One] line\\r\\nand -- another\"},"
    " \"name\": {\"value\": \"Leverage & Synergy\"}, \"sdks\": {\"value\": [\"Alignment 7.1\"]}, \"none\": "
    "{\"value\": null}}";

static const struct {
    const char *name, *subject, *markdown, *expected;
    gboolean follows;
} letters[] = {
    {"good", "Where most of your bill comes from", good, "", FALSE},

    {"generic", "Just checking in", good, "subject_generic! 1", FALSE},
    {"generic, whole", "Update!", good, "subject_generic! 1", FALSE},
    {"generic word inside", "An update of your SDK to version 2", good, "", FALSE},
    {"generic, disguised", "Following\u00A0\u200Bup on  things", good, "subject_generic! 1", FALSE},
    {"60 characters", "123456789 123456789 123456789 123456789 123456789 1234567890", good, "", FALSE},
    {"61 characters", "123456789 123456789 123456789 123456789 123456789 12345678901", good, "subject_long 1",
     FALSE},
    {"78 characters", "ä23456789 123456789 123456789 123456789 123456789 123456789 123456789 12345678", good,
     "subject_long 1", FALSE},
    {"79 characters", "ä23456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789", good,
     "subject_overlong! 1", FALSE},
    {"Re", "Re: Your bill", good, "subject_misleading! 1", FALSE},
    {"Fwd", "FWD : Your bill", good, "subject_misleading! 1", FALSE},
    {"Re[2]", "re[2]: Your bill", good, "subject_misleading! 1", FALSE},
    {"Aw", "AW: Your bill", good, "subject_misleading! 1", FALSE},
    {"no Re", "Replay: less of it", good, "", FALSE},
    {"Re of a conversation",
     "Re: Checking in \u2014 the mail that a colleague sent by hand, with a subject far too long", good, "",
     TRUE},
    {"dash in the subject", "Replay \u2013 less of it", good, "dash! 1", FALSE},
    {"phrase in the subject", "Leverage your data", good, "phrase! 1", FALSE},

    {"phrase over a line end", "a b", "Hi,\n\nI hope this finds\nyou well.\n", "phrase! 5", FALSE},
    {"phrase in capitals", "a b", "SYNERGY\n", "phrase! 3", FALSE},
    {"typographic apostrophe", "a b", "I\u2019d love to *connect*\n", "phrase! 3", FALSE},
    {"hyphens as blanks", "a b", "best in class, best\u2011in\u2011class\n", "phrase! 3; phrase! 3", FALSE},
    {"soft hyphen", "a b", "lever\u00ADage\n", "phrase! 3", FALSE},
    {"in a list", "a b", "Hi\n\n- one\n- circling back\n", "phrase! 6", FALSE},
    {"parts of words", "a b", "misalignment of leveragers\n", "", FALSE},
    {"over paragraphs", "a b", "just\n\ntouching base\n", "", FALSE},
    {"in code and addresses", "a b", "`leverage --all` <https://x.example/leverage--a>\n\n    synergy -- b\n",
     "", FALSE},
    {"values", "About Leverage & Synergy",
     "Leverage & Synergy sends best-in-class\u2014signup\\_404 and Alignment 7.1\n", "", FALSE},
    {"names", "a b", "Your O\u2014Synergy team\n", "", FALSE},
    {"a value that is cut", "a b", "Most of it \\[Checkout] step -- with a name...\n", "", FALSE},
    {"not cut there", "a b", "Most of it \\[Checkout] step -- with a name of\n", "dash! 3; gap! 3", FALSE},
    {"a value of two lines", "a b", "\\[One] line\\\nand -- another, and more\n", "", FALSE},
    {"value inside a word", "a b", "Leverage & Synergyx\n", "phrase! 3", FALSE},

    {"em dash", "a b", "x\n\na \u2014 b\n", "dash! 5", FALSE},
    {"en dash in a range", "a b", "Monday\u2013Friday\n", "dash! 3", FALSE},
    {"two hyphens", "a b", "one -- two\n", "dash! 3", FALSE},
    {"a hyphen", "a b", "set-up, a - b\n", "", FALSE},
    {"signature and rule", "a b", "x\n\n---\n\ny\n\n-- \nAna\n", "", FALSE},
    {"dash behind the signature", "a b", "x\n\n-- \nAna \u2014 Onboarding\n", "dash! 6", FALSE},
    {"dash behind the signature, longer", "a b", "x\n\n-- \nAna\n\nfoo\nbar -- baz\n", "dash! 9", FALSE},

    {"two questions", "a b", "Why? Or not?\nWhat?\n", "questions 3", FALSE},
    {"one question with force", "a b", "Really?!?\n", "", FALSE},
    {"question in an address", "a b", "Why? <https://x.example/?a=?b>\n", "", FALSE},
    {"Arabic and Chinese questions", "a b", "x\u061F\n\ny\uFF1F\n", "questions 5", FALSE},

    {"four links", "a b",
     "[a](https://a.example) https://b.example <https://c.example> [d](mailto:d@d.example)\n", "", FALSE},
    {"five links", "a b",
     "[a](https://a.example) https://b.example <https://c.example>\n\n[d](mailto:d@d.example) "
     "[e](https://e.example)\n",
     "links 5", FALSE},
    {"http", "a b", "x\ny\n[a](http://a.example)\n", "link_https! 5", FALSE},
    {"bare http", "a b", "see http://a.example/x.\n", "link_https! 3", FALSE},
    {"mailto", "a b", "[a](mailto:a@a.example)\n", "", FALSE},
    {"a value that is an address", "a b", "see http\\://a.example/x,\nor https\\://b.example.\n",
     "link_bare! 3; link_bare! 4", FALSE},
    {"www", "a b", "Go to www.a.example. Awww. www.\n", "link_bare! 3", FALSE},
    {"an address as a link's words", "a b", "[https\\://a.example/](https://a.example/) `www.b.example`\n",
     "", FALSE},
};

static const char *const names[] = {"O\u2014Synergy", NULL};

static GPtrArray *
lint(const struct fixture *f, const char *subject, const char *markdown, const char *rendered,
     gboolean follows)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    g_autoptr(GError) error = NULL;
    markdown_render(markdown, NULL, &text, &html, &error);
    g_assert_no_error(error);
    json_t *basis = json_loads(basis_json, 0, NULL);
    g_assert_nonnull(basis);
    const struct lint_letter_input input = {.config = f->config,
                                            .subject = subject,
                                            .markdown = markdown,
                                            .text = text,
                                            .html = html,
                                            .rendered = rendered,
                                            .basis = basis,
                                            .names = names,
                                            .follows = follows};
    GPtrArray *lines = lint_letter(&input);
    json_decref(basis);
    return lines;
}

static void
test_letters(void)
{
    struct fixture f;
    fixture_set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
        g_autoptr(GPtrArray) lines =
            lint(&f, letters[i].subject, letters[i].markdown, letters[i].markdown, letters[i].follows);
        assert_summary(letters[i].name, lines, letters[i].expected);
    }
    fixture_tear_down(&f);
}

static const struct {
    guint words;
    const char *expected;
} lengths[] = {{150, ""}, {151, "long 18"}, {200, "long 18"}, {201, "overlong! 18"}};

static void
test_lengths(void)
{
    struct fixture f;
    fixture_set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *text = words(lengths[i].words);
        g_autofree char *markdown = g_strconcat(text, "\n\n-- \nfive words more, not counted\n", NULL);
        g_autoptr(GPtrArray) lines = lint(&f, "a b", markdown, markdown, FALSE);
        assert_summary("length", lines, lengths[i].expected);
    }
    fixture_tear_down(&f);
}

/* What a specialist wrote instead of good. */
static const struct {
    const char *markdown, *subject, *expected;
} edits[] = {
    {good, "a b", ""},
    {"It is $512, 512.31 or $512.3 a month.", "a b", ""},
    {"About $513 a month.", "a b", "figure 3"},
    {"About\n$1,512 a month.", "a b", "figure 4"},
    {"62 % of it, 61.7 %.", "a b", ""},
    {"63 % of it.", "a b", "figure 3"},
    {"1,234,567 events, 1.2 million, 1.23M, 1235k.", "a b", ""},
    {"1.3 million events, 12k.", "a b", "figure 3; figure 3"},
    {"It renews on 14 December 2026.", "a b", ""},
    {"It renews on the 15th.", "a b", "figure 3"},
    {"Version v2, utf-8, 15:30, at 3 pm, 1.2.3, <https://x.example/99>, `99`, signup_404.", "a b", ""},
    {"Nothing.", "All 99 events", "figure 1"},
    {"Nothing.", "All 512 events", ""},
};

static void
test_figures(void)
{
    struct fixture f;
    fixture_set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_autoptr(GPtrArray) lines = lint(&f, edits[i].subject, edits[i].markdown, good, FALSE);
        assert_summary(edits[i].markdown, lines, edits[i].expected);
    }
    g_autoptr(GPtrArray) lines = lint(&f, "a b", "It was $999.", good, FALSE);
    g_assert_cmpstr(((struct lint_line *)lines->pdata[0])->message, ==,
                    "figure 999 is no fact the draft used");
    fixture_tear_down(&f);
}

/* ---- the two parts ---- */

static const char *const bodies[] = {
    good,
    "# Heading\n\nA *b* **c** `d  e` f\\\ng\n",
    "- one\n- two\n\n  more\n\n3. three\n4. four\n   1. five\n\n7) seven\n",
    "> quoted\n> - deep <https://a.example/?x=1&y=2>\n\n---\n\n```c\nint a = 1 < 2;\n```\n",
    "[a](https://a.example/ä[b]?q=%41 \"title\") ![picture](https://a.example/p.png) <mailto:x@y.example> "
    "[x@y.example](mailto:x@y.example)\n",
    "https://a.example/b_c(d) and 1 &amp; 2 &lt;b&gt; \"quoted\" 'single'\n",
    "Unbreakable\u00A0blanks, \U0001F600, \u05E9\u05DC\u05D5\u05DD, 100 %, $5\n\n-- \nAna\nTeam\n",
    "a\\<b\\> 1\\. c\\*d\\*\n\n<!-- comment -->\n\n[](https://empty.example)\n",
};

static const struct {
    const char *text, *html, *difference;
} parts[] = {
    {"Hi Ann", "<p>Hi Ann</p>", NULL},
    {"Hi Ann", "<p>Hi Bob</p>", "\"Ann\" where the HTML part says \"Bob\""},
    {"Hi Ann", "<p>Hi</p>", "\"Ann\" where the HTML part says \"\""},
    {"Hi", "<p>Hi Ann</p>", "\"\" where the HTML part says \"Ann\""},
    {"Pay $5", "<p>Pay $6</p>", "\"$5\" where the HTML part says \"$6\""},
    {"it (https://a.example)", "<a href=\"https://b.example\">it</a>",
     "\"a\" where the HTML part says \"b\""},
    {"it", "<a href=\"https://b.example\">it</a>", "\"\" where the HTML part says \"https\""},
    {"1. a", "<ol start=\"2\"><li>a</li></ol>", "\"1\" where the HTML part says \"2\""},
    {"50 %", "<p>50</p>", "\"%\" where the HTML part says \"\""},
};

static void
test_parts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autofree char *text = NULL;
        g_autofree char *html = NULL;
        g_autoptr(GError) error = NULL;
        markdown_render(bodies[i], NULL, &text, &html, &error);
        g_assert_no_error(error);
        g_autofree char *difference = parts_difference(text, html);
        if (difference)
            g_error("%s: %s\n%s\n%s", bodies[i], difference, text, html);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *difference = parts_difference(parts[i].text, parts[i].html);
        if (!parts[i].difference != !difference || (difference && !strstr(difference, parts[i].difference)))
            g_error("%s | %s: \"%s\"", parts[i].text, parts[i].html, difference);
    }
    struct fixture f;
    fixture_set_up(&f);
    const struct lint_letter_input input = {
        .config = f.config, .subject = "a b", .markdown = "one", .text = "one\n", .html = "<p>two</p>"};
    g_autoptr(GPtrArray) lines = lint_letter(&input);
    assert_summary("parts", lines, "parts_differ! 3");
    fixture_tear_down(&f);
}

/* ---- templates ---- */

static const struct {
    const char *name, *text, *expected;
} templates[] = {
    {"good",
     "Subject: For {{ name }}\n\nHi {{ first_name | default: \"there\" }},\n\n[it]({{ team.booking_link "
     "}})\n",
     ""},
    {"unknown", "Subject: a b\n\nx\n\n{{ forecast_mr }}\n", "variable_unknown! 5"},
    {"unused in the body",
     "Subject: a b\n\n{% assign a = 1 %}\n{% assign b = 1 %}{{ b }}\n{% capture c %}x{% endcapture %}\n",
     "variable_unused 3; variable_unused 5"},
    {"used in a condition, an argument, a bracket",
     "Subject: a b\n\n{% assign a = 1 %}{% assign b = 2 %}{% assign c = 3 %}{% if a > 1 %}{{ 1 | plus: b }}"
     "{% endif %}{{ name[c] }}\n",
     ""},
    {"unused in the subject", "# comment\nSubject: {% assign a = 1 %}a b\n\n{% assign a = 1 %}{{ a }}\n",
     "variable_unused 2"},
    {"one alternative of the subject",
     "Thread: new\nSubject: {% if forecast_mrr > 5 %}One check{% elsif name %}Re: {{ name }}{% else "
     "%}Following up{% endif %}\n\nx\n",
     "subject_misleading! 2; subject_generic! 2"},
    {"no alternative is long",
     "Subject: {% if name %}123456789 123456789 123456789 1234567890{% else %}123456789 123456789 123456789 "
     "1234567890{% endif %}\n\nx\n",
     ""},
    {"both together are",
     "Subject: {% if name %}123456789 123456789 123456789 1234567890{% endif %}{% if name %}123456789 "
     "123456789 123456789 1234567890{% endif %}\n\nx\n",
     "subject_overlong! 1"},
    {"loops and cases in the subject",
     "Subject: {% for p in products %}x{{ p }}{% else %}Hello{% endfor %}{% case name %}{% when \"a\", \"b\" "
     "%}{% else %} you{% endcase %}\n\nx\n",
     "subject_generic! 1"},
    {"wording",
     "Subject: a b\n\n{% comment %} leverage -- {% endcomment %}\nOne\n{% if name %}\ntwo \u2014 three\n{% "
     "else %}\nsynergy\n{% endif %}\nfour -- five\n",
     "dash! 6; phrase! 8; dash! 10"},
    {"wording in raw, capture and a loop",
     "Subject: a b\n\n{% raw %}a -- b{% endraw %}\n{% capture c %}synergy{% endcapture %}{{ c }}\n{% for p "
     "in products %}\nleverage\n{% endfor %}\n",
     "dash! 3; phrase! 4; phrase! 6"},
    {"a tag over lines", "Subject: a b\n\n{% if name\n  and note %}\nx\n{% endif %}\ny -- z\n", "dash! 7"},
    {"http",
     "Subject: a b\n\n[a](http://a.example/{{ name }})\n\nhttp://b.example and [c]({{ last_invoice_url }}) "
     "[d](https://d.example) [e](https://e.example)\n",
     "link_https! 3; links 3; link_https! 5"},
    {"a question in each alternative",
     "Subject: a b\n\n{% if name %}a?{% elsif note %}b?{% else %}c?{% endif %}\n", ""},
    {"a question behind them", "Subject: a b\n\n{% if name %}a?{% endif %}\nb?\n", "questions 3"},
    {"money and shares",
     "Subject: a b\n\nIt is $500 or USD 20, 3 dollars\nor 20 %, 30 days, {{ forecast_mrr | round }} %, two "
     "seconds.\n",
     "figure 3; figure 3; figure 3; figure 4"},
    {"a finding",
     "When: forecast_mrr > 5\nRank: forecast_mrr\nSubject: Following up\nDocs: https://docs.example\n\nYour "
     "bill -- {{ forecast_mrr }}\n",
     "subject_generic! 3; dash! 6"},
    {"a finding that never leads", "When: forecast_mrr > 5\n\nYour bill is {{ forecast_mrr }}\n", ""},
};

static const struct {
    const char *name, *text, *message;
} no_templates[] = {
    {"no subject", "Thread: new\n\nx\n", "t.md:1: "},
    {"a tag that is not closed", "Subject: a\n\nx\n{% if name %}\n", "t.md:"},
    {"HTML", "Subject: a\n\n<b>x</b>\n", "t.md: the text holds raw HTML"},
    {"a finding with a wrong rule", "When: forecast_mr > 5\n\nx\n", "t.md:1: "},
};

static void
test_templates(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf",
                  "fact name { type = \"name\" }\nfact forecast_mrr { type = \"number\" }\nfact note { type "
                  "= \"text\" }\n"
                  "fact last_invoice_url { type = \"url\" }\nfact products { type = \"list\" }\n");
    g_autofree char *path = g_build_filename(f.dir, "sequences/facts.conf", NULL);
    scoped(facts_free) struct fact_set *facts = facts_load(path, &f.error);
    g_assert_no_error(f.error);
    for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
        const struct lint_template_input input = {
            .config = f.config, .facts = facts, .name = "t.md", .text = templates[i].text};
        g_autoptr(GPtrArray) lines = lint_template(&input, &f.error);
        g_assert_no_error(f.error);
        assert_summary(templates[i].name, lines, templates[i].expected);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(no_templates); i++) {
        const struct lint_template_input input = {
            .config = f.config, .facts = facts, .name = "t.md", .text = no_templates[i].text};
        g_test_message("%s", no_templates[i].name);
        g_assert_null(lint_template(&input, &f.error));
        g_assert_nonnull(f.error);
        g_assert_true(g_str_has_prefix(f.error->message, no_templates[i].message));
        g_clear_error(&f.error);
    }
    /* How much there is: on the longest way, not in the file. */
    g_autofree char *ninety = words(90);
    g_autofree char *both =
        g_strdup_printf("Subject: a b\n\n{%% if name %%}%s{%% else %%}%s{%% endif %%}\n", ninety, ninety);
    g_autofree char *twice =
        g_strdup_printf("Subject: a b\n\n%s{%% if name %%}%s{%% endif %%}\n", ninety, ninety);
    const char *const texts[] = {both, twice}, *const expected[] = {"", "long 3"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        const struct lint_template_input input = {
            .config = f.config, .facts = facts, .name = "t.md", .text = texts[i]};
        g_autoptr(GPtrArray) lines = lint_template(&input, &f.error);
        g_assert_no_error(f.error);
        assert_summary("the longest way", lines, expected[i]);
    }
    fixture_tear_down(&f);
}

/* ---- levels ---- */

static void
test_levels(void)
{
    struct fixture f;
    fixture_set_up(&f);
    static const char bad[] = "Why? What?\n\na -- b\n";
    static const struct {
        const char *conf, *expected;
        gboolean error;
    } cases[] = {
        {"", "questions 3; dash! 5", TRUE},
        {"lint { }\n", "questions 3; dash! 5", TRUE},
        {"lint { dash = \"warning\" }\n", "questions 3; dash 5", FALSE},
        {"lint { dash = \"off\" questions = \"error\" }\n", "questions! 3", TRUE},
        {"lint {\n dash = off\n questions = off\n}\n", "", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *conf = g_strconcat(fixture_conf, cases[i].conf, NULL);
        fixture_load_config(&f, conf);
        g_autoptr(GPtrArray) lines = lint(&f, "a b", bad, bad, FALSE);
        assert_summary(cases[i].conf, lines, cases[i].expected);
        g_assert_cmpint(lint_first_error(lines) != NULL, ==, cases[i].error);
    }
    static const struct {
        const char *conf, *message;
    } refusals[] = {
        {"lint { dash = \"loud\" }\n", "dash: \"loud\": expected error, warning or off"},
        {"lint { dahs = \"off\" }\n", "dahs"},
        {"lint { dash = \"off\" dash = \"error\" }\n", "twice"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *conf = g_strconcat(fixture_conf, refusals[i].conf, NULL);
        g_autofree char *path = g_build_filename(f.dir, "usher.conf", NULL);
        fixture_write(&f, "usher.conf", conf);
        g_assert_null(config_load(path, &f.error));
        assert_refused(&f, USHER_ERROR_CONFIG, refusals[i].message);
    }
    fixture_tear_down(&f);
}

static void
test_json(void)
{
    struct fixture f;
    fixture_set_up(&f);
    g_autoptr(GPtrArray) lines = lint(&f, "a b", "x -- y", "x -- y", FALSE);
    json_t *object = lint_line_to_json(lines->pdata[0]);
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    g_assert_true(g_str_has_prefix(text, "{\"line\":3,\"level\":\"error\",\"rule\":\"dash\",\"message\":\"a "
                                         "long dash: \\\"--\\\"\",\"hint\":\""));
    free(text);
    json_decref(object);
    fixture_tear_down(&f);
}

/* ---- what is shipped ---- */

static guint
lint_folder(struct fixture *f, const struct fact_set *facts, const char *folder)
{
    guint count = 0;
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, folder, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".md"))
            continue;
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *text = NULL;
        g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
        const struct lint_template_input input = {
            .config = f->config, .facts = facts, .name = name, .text = text};
        g_autoptr(GPtrArray) lines = lint_template(&input, &f->error);
        g_assert_no_error(f->error);
        for (guint i = 0; i < lines->len; i++) {
            const struct lint_line *l = lines->pdata[i];
            /* Which stage times are facts is known only with the sequences: tests of cli/ look at those. */
            if (strcmp(l->rule, "variable_unknown") != 0)
                g_error("%s:%d: %s", file, l->line, l->message);
        }
        count++;
    }
    return count;
}

static void
test_shipped(void)
{
    struct fixture f;
    fixture_set_up(&f);
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "sequences/facts.conf", NULL);
    scoped(facts_free) struct fact_set *facts = facts_load(path, &f.error);
    facts_add_engine(facts, "stage", FACT_TEXT, "", &f.error);
    g_assert_no_error(f.error);
    g_assert_cmpuint(lint_folder(&f, facts, "templates"), >=, 4);
    lint_folder(&f, facts, "templates/findings");
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/lint/letters", test_letters);
    g_test_add_func("/compose/lint/lengths", test_lengths);
    g_test_add_func("/compose/lint/figures", test_figures);
    g_test_add_func("/compose/lint/parts", test_parts);
    g_test_add_func("/compose/lint/templates", test_templates);
    g_test_add_func("/compose/lint/levels", test_levels);
    g_test_add_func("/compose/lint/json", test_json);
    g_test_add_func("/compose/lint/shipped", test_shipped);
    return g_test_run();
}
