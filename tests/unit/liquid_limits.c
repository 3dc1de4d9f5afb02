/* What Liquid refuses: mistakes, with the place where they stand, and templates without bounds. */
#include "fixture_liquid.h"

#include <stdlib.h>

static void
test_refused(void)
{
    static const struct row rows[] = {
        {"{{ first_name", "ERROR t.md:1:1: expected }}, near \"{{ first_name\""},
        {"x {% if a", "ERROR t.md:1:3: expected %}, near \"{% if a\""},
        {"\n {% iff a %}", "ERROR t.md:2:5: unknown tag iff, did you mean if?, near \"iff a %}\""},
        {"{% if true %}", "ERROR t.md:1:4: expected {% endif %} after {% if %}, near \"if true %}\""},
        {"{% endif %}", "ERROR t.md:1:4: expected no {% endif %} here: nothing is open that it belongs to, "
                        "near \"endif %}\""},
        {"{% if true %}{% endfor %}",
         "ERROR t.md:1:17: expected no {% endfor %} here: nothing is open that it "
         "belongs to, near \"endfor %}\""},
        {"{{ x | upcas }}", "ERROR t.md:1:8: unknown filter upcas, did you mean upcase?, near \"upcas }}\""},
        {"{% if false %}{{ x | nope }}{% endif %}",
         "ERROR t.md:1:22: unknown filter nope, near \"nope }}{% endif %}\""},
        {"{{ x | append }}", "ERROR t.md:1:8: the filter append takes 1 argument, near \"append }}\""},
        {"{{ x | append: 1, b: 2 }}",
         "ERROR t.md:1:8: the filter append takes no named arguments, near \"append: 1, b: 2 }}\""},
        {"{{ x y }}", "ERROR t.md:1:6: expected the end of the tag, near \"y }}\""},
        {"{{ 'x }}", "ERROR t.md:1:4: expected a value, near \"'x }}\""},
        {"{{ x | }}", "ERROR t.md:1:8: expected the name of a filter, near \"}}\""},
        {"{{ x. }}", "ERROR t.md:1:7: expected a property name after the dot, near \"}}\""},
        {"{{ x[0 }}", "ERROR t.md:1:8: expected ], near \"}}\""},
        {"{{ (1..) }}", "ERROR t.md:1:8: expected a value, near \") }}\""},
        {"{{ (1...3) }}", "ERROR t.md:1:8: expected a value, near \".3) }}\""},
        {"{% if a = b %}{% endif %}",
         "ERROR t.md:1:9: expected and, or, a comparison or the end of the tag, near \"= b %}{% endif %}\""},
        {"{% if a == %}{% endif %}", "ERROR t.md:1:12: expected a value, near \"%}{% endif %}\""},
        {"{% if a && b %}{% endif %}",
         "ERROR t.md:1:9: expected and, or, a comparison or the end of the tag, near \"&& b %}{% endif %}\""},
        {"{% assign x %}", "ERROR t.md:1:13: expected = and a value, near \"%}\""},
        {"{% assign x.y = 1 %}", "ERROR t.md:1:12: expected = and a value, near \".y = 1 %}\""},
        {"{% capture %}{% endcapture %}",
         "ERROR t.md:1:12: expected a variable name, near \"%}{% endcapture %}\""},
        {"{% for x on list %}{% endfor %}",
         "ERROR t.md:1:10: expected in and what to loop over, near \"on list %}{% endfor %}\""},
        {"{% for x in list limt: 2 %}{% endfor %}",
         "ERROR t.md:1:18: expected limit, offset or the end of the tag, near \"limt: 2 %}{% endfor %}\""},
        {"{% for x in list %}{% else %}{% else %}{% endfor %}",
         "ERROR t.md:1:33: expected no {% else %} here: nothing is open that it belongs to, near \"else %}{% "
         "endfor %}\""},
        {"{% case x %}{% when 1 and 2 %}{% endcase %}",
         "ERROR t.md:1:23: expected a comma, or, or the end of the tag, near \"and 2 %}{% endcase %}\""},
        {"{% case x %}{% else y %}{% endcase %}",
         "ERROR t.md:1:21: expected the end of the tag, near \"y %}{% endcase %}\""},
        {"{% case %}{% endcase %}", "ERROR t.md:1:9: expected a value, near \"%}{% endcase %}\""},
        {"{% cycle %}", "ERROR t.md:1:10: expected a value, near \"%}\""},
        {"{% render name %}", "ERROR t.md:1:11: expected the name of a template in quotes, near \"name %}\""},
        {"{% raw %}x", "ERROR t.md:1:4: expected {% endraw %} after {% raw %}, near \"raw %}x\""},
        {"{% %}", "ERROR t.md:1:1: expected the name of a tag, near \"{% %}\""},
        {"{% liquid\n if true\n echo 1\n%}{% endif %}",
         "ERROR t.md:2:2: expected {% endif %} after {% if %}, near \"if true\""},
        {"{% liquid\n echo 1\n ?\n%}", "ERROR t.md:3:1: expected a tag, near \" ?\""},
        {"{% break now %}", "ERROR t.md:1:10: expected the end of the tag, near \"now %}\""},
        {"abc \xff def", "ERROR t.md:1:5: expected UTF-8 text, near \"\xef\xbf\xbd def\""},
        {"\xc3\xa4\xc3\xb6 {{ x", "ERROR t.md:1:4: expected }}, near \"{{ x\""},
    };

    check_rows(rows, G_N_ELEMENTS(rows), NULL);
}

static void
test_runtime_errors(void)
{
    static const struct row rows[] = {
        {"{{ 1 | divided_by: 0 }}", "ERROR t.md:1:8: divided by 0, near \"divided_by: 0 }}\""},
        {"{% if 'a' < 1 %}{% endif %}",
         "ERROR t.md:1:7: cannot compare text with a number, near \"'a' < 1 %}{% endif %}\""},
        {"{{ list | sort: 'x' }}", "ERROR t.md:1:11: an item has no such property, near \"sort: 'x' }}\""},
        {"{% for x in list limit: 'y' %}{% endfor %}",
         "ERROR t.md:1:25: expected an integer here, near \"'y' %}{% endfor %}\""},
        {"{{ company | money }}", "ERROR t.md:1:14: expected a number, near \"money }}\""},
        {"{{ list | concat: company }}",
         "ERROR t.md:1:11: concat expected an array, near \"concat: company }}\""},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data)};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_limits(void)
{
    static const struct {
        const char *source, *expected;
        struct liquid_limits limits;
    } rows[] = {
        {"{% for i in (1..1000000000) %}{% endfor %}", "takes more than 1000000 steps", {0}},
        {"{{ (1..1000000000) | join }}", "takes more than 1000000 steps", {0}},
        {"{{ (1..1000000000) | size }}", NULL, {0}},
        {"{% for i in (1..20) %}{{ i }}{% endfor %}", "takes more than 30 steps", {.steps = 30}},
        {"0123456789{{ '0123456789' }}", "longer than 15 bytes", {.output = 15}},
        {"{% capture x %}0123456789{{ '0123456789' }}{% endcapture %}",
         "longer than 15 bytes",
         {.output = 15}},
        {"{% assign x = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor "
         "%}",
         "needs more than 33554432 bytes",
         {0}},
        {"{% assign x = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..16) %}{% assign x = x | append: x %}{% endfor "
         "%}{{ x | replace: '', x }}",
         "needs more than 33554432 bytes",
         {0}},
        {"{% if true %}{% if true %}{% if true %}x{% endif %}{% endif %}{% endif %}",
         "nested more than 3 deep",
         {.nesting = 3}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct liquid_options options = {.limits = rows[i].limits};
        g_autofree char *got = render(rows[i].source, strlen(rows[i].source), &options);
        if (rows[i].expected ? !strstr(got, rows[i].expected) : g_str_has_prefix(got, "ERROR"))
            g_error("%s\nexpected: %s\ngot: %s", rows[i].source, rows[i].expected, got);
    }
}

static void
test_depth(void)
{
    static const struct {
        const char *open, *middle, *close;
    } rows[] = {{"{% if true %}", "x", "{% endif %}"},
                {"{{ [", "'a'", "] }}"},
                {"{% capture x %}", "", "{% endcapture %}"},
                {"{% liquid liquid ", "", " %}"}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) source = g_string_new(NULL);
        for (int n = 0; n < 5000; n++)
            g_string_append(source, i == 1 && n > 0 ? "[" : i == 3 && n > 0 ? "liquid " : rows[i].open);
        g_string_append(source, rows[i].middle);
        for (int n = 0; n < 5000 && i != 3; n++)
            g_string_append(source, i == 1 && n < 4999 ? "]" : rows[i].close);
        if (i == 3)
            g_string_append(source, rows[i].close);
        g_autofree char *got = render(source->str, source->len, NULL);
        if (!strstr(got, "nested more than 100 deep"))
            g_error("depth %zu: %.200s", i, got);
    }
}

/* Markup that begins again and again and never ends: looking for each end anew would take hours. */
static void
test_endless_markup(void)
{
    static const char *const begins[] = {"<", "<script", "<!--", "<style>", "<a "};
    static const char source[] = "{{ text | strip_html | size }}";
    enum { N = 500000 };

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        g_autoptr(GString) text = g_string_new(NULL), out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        for (int n = 0; n < N; n++)
            g_string_append(text, begins[i]);
        json_t *data = json_pack("{s:s}", "text", text->str);
        struct liquid_options options = {.data = liquid_data_json(data)};
        scoped(liquid_template_free) struct liquid_template *tpl =
            liquid_template_parse("t", source, strlen(source), &error);
        g_assert_true(liquid_template_render(tpl, &options, out, &error));
        size_t left = strcmp(begins[i], "<style>") == 0 ? 0 : text->len; /* each of these is a tag */
        g_assert_cmpuint(strtoul(out->str, NULL, 10), ==, left);
        json_decref(data);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/liquid/render/refused", test_refused);
    g_test_add_func("/liquid/render/runtime-errors", test_runtime_errors);
    g_test_add_func("/liquid/render/limits", test_limits);
    g_test_add_func("/liquid/render/depth", test_depth);
    g_test_add_func("/liquid/render/endless-markup", test_endless_markup);
    return g_test_run();
}
