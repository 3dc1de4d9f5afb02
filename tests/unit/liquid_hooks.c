/* What a program sees of a render: each value as it goes out, each fact read and each condition decided, and
 * the partials asked for; and what a template prints, before it is rendered. */
#include "fixture_liquid.h"

static bool
emit(void *user, const char *value, size_t len, GString *out, GError **error)
{
    (void)user;
    if (memchr(value, '!', len)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "no shouting");
        return false;
    }
    g_string_append_printf(out, "<%.*s>", (int)len, value);
    return true;
}

static void
observe(void *user, const char *name, const struct liquid_value *value)
{
    struct fixture *fixture = user;
    g_string_append_printf(fixture->seen, "%s:%d ", name, (int)value->type);
}

static void
decide(void *user, const char *file, unsigned line, bool holds)
{
    struct fixture *fixture = user;
    g_string_append_printf(fixture->seen, "%s:%u=%d ", file, line, holds);
}

static void
test_partials(void)
{
    static const struct row rows[] = {
        {"{% render 'hello', who: first_name %}", "Hello Ana!"},
        {"{% assign who = 'x' %}{% render 'hello' %}",
         "ERROR hello:1:10: unknown variable who, near \"who }}!\""},
        {"{% assign who = 'x' %}{% include 'hello' %}", "Hello x!"},
        {"{% render 'missing' %}",
         "ERROR t.md:1:11: no template called missing: no such file, near \"'missing' %}\""},
        {"{% render 'broken' %}", "ERROR broken:2:7: expected a value, near \"%}\""},
        {"x{% render 'typo' %}", "ERROR typo:2:7: unknown variable nobody, near \"nobody }}\""},
        {"{% render 'self' %}", "ERROR self:1:11: nested more than 150 deep, near \"'self' %}\""},
        {"{% include 'sets' %}{{ set }}", "in"},
        {"{% render 'item' for list %}|{% render 'item' for (7..8) as item %}", "13 21 32 |17 28 "},
        {"{% render 'nested' %}", "ERROR nested:1:4: expected no include inside a rendered template: use "
                                  "render, near \"include 'hello' %}\""},
        {"{% for i in (1..3) %}{{ i }}{% include 'stop' %}{% endfor %}{% for i in (1..2) %}{{ i }}{% render "
         "'stop' %}{% endfor %}",
         "112"},
        {"{% render 'folder/card' with customer %}{% include 'folder/card' for people %}", "BoZoeadamBea"},
        {"{% assign file = 'hello' %}{% include file, who: 1 %}", "Hello 1!"},
        {"{% include gone %}", "ERROR t.md:1:12: expected the name of a template, near \"gone %}\""},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data), .user = &fixture, .load = load};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_emit(void)
{
    static const struct row rows[] = {
        {"*Hi* {{ first_name }}, {{ gone }}{{ seats }} {% echo company %}", "*Hi* <Ana>, <1200> <Ac*me>"},
        {"{% capture x %}**{{ company }}**{% endcapture %}{{ x }}", "**<Ac*me>**"},
        {"{% capture x %}**{{ company }}**{% endcapture %}{{ x | upcase }} {% if x == '**Ac*me**' %}same{% "
         "endif %} {{ x.size }}",
         "<**AC*ME**> same <9>"},
        {"{% capture x %}{{ company }}{% endcapture %}{% assign y = x %}{{ y | default: 'z' }}", "<Ac*me>"},
        {"{% capture a %}({% capture b %}{{ seats }}{% endcapture %}{{ b }}){% endcapture %}{{ a }}{{ b | "
         "plus: 1 }}",
         "(<1200>)<1201>"},
        {"{% for i in (1..3) %}{% ifchanged %}{{ first_name }}{% endifchanged %}{% endfor %}", "<Ana>"},
        {"{% raw %}{{ x }}{% endraw %}{% cycle company, 'b' %}{% increment n %}", "{{ x }}<Ac*me><0>"},
        {"{{ 'loud!' }}", "ERROR no shouting"},
        {"{{ list }}", "<312>"},
    };
    struct fixture fixture = fixture_new();
    struct liquid_options options = {.data = liquid_data_json(fixture.data), .emit = emit};

    check_rows(rows, G_N_ELEMENTS(rows), &options);
    fixture_free(&fixture);
}

static void
test_observe(void)
{
    static const char source[] =
        "{{ first_name }}{{ first_name }}{% if gone %}{{ mrr }}{% endif %}{{ customer.name }}"
        "{% assign x = 1 %}{{ x }}";
    struct fixture fixture = fixture_new();
    struct liquid_options options = {
        .data = liquid_data_json(fixture.data), .user = &fixture, .observe = observe};
    g_autofree char *got = render(source, strlen(source), &options);
    g_autofree char *expected =
        g_strdup_printf("first_name:%d gone:%d customer:%d ", LIQUID_STRING, LIQUID_NIL, LIQUID_JSON);

    g_assert_cmpstr(got, ==, "AnaAnaBo1");
    g_assert_cmpstr(fixture.seen->str, ==, expected);
    fixture_free(&fixture);
}

static void
test_decide(void)
{
    static const char source[] =
        "{% if gone %}a{% elsif mrr > 1 %}b{% else %}c{% endif %}\n{% unless seats %}d{% endunless %}"
        "{% if true %}{% if false %}{% endif %}{% endif %}";
    struct fixture fixture = fixture_new();
    struct liquid_options options = {
        .data = liquid_data_json(fixture.data), .user = &fixture, .decide = decide};
    g_autofree char *got = render(source, strlen(source), &options);

    g_assert_cmpstr(got, ==, "b\n");
    g_assert_cmpstr(fixture.seen->str, ==, "t.md:1=0 t.md:1=1 t.md:2=0 t.md:2=1 t.md:2=0 ");
    fixture_free(&fixture);
}

static void
test_listing(void)
{
    static const char source[] =
        "{{ a }}\n  {% for x in b.c[d] limit: e %}{{ x }}{{ forloop.index }}{{ f | append: g }}"
        "{% else %}{{ x }}{% endfor %}{% assign h = h | plus: i %}{{ h }}{{ a }}"
        "{% case j %}{% when k, l %}{{ m }}{% endcase %}{% render 'p', q: r %}"
        "{% include 's' %}{% include t %}{% tablerow u in v %}{{ tablerowloop.row }}"
        "{% endtablerow %}{% if w > (y..z) %}{% endif %}";
    static const char *const expected = "a b d e f g x i j k l m r t v w y z ";
    g_autoptr(GError) error = NULL;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t", source, strlen(source), &error);
    g_autoptr(GString) names = g_string_new(NULL);
    size_t n, n_partials;

    g_assert_no_error(error);
    g_autofree struct liquid_name *variables = liquid_template_variables(tpl, &n);
    g_autofree struct liquid_name *files = liquid_template_partials(tpl, &n_partials);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(names, "%s ", variables[i].name);
    g_assert_cmpstr(names->str, ==, expected);
    g_assert_cmpuint(variables[1].line, ==, 2);
    g_assert_cmpuint(variables[1].column, ==, 15);
    g_assert_cmpuint(n_partials, ==, 2);
    g_assert_cmpstr(files[0].name, ==, "p");
    g_assert_cmpstr(files[1].name, ==, "s");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/liquid/render/partials", test_partials);
    g_test_add_func("/liquid/render/emit", test_emit);
    g_test_add_func("/liquid/render/observe", test_observe);
    g_test_add_func("/liquid/render/decide", test_decide);
    g_test_add_func("/liquid/render/listing", test_listing);
    return g_test_run();
}
