/* What mails ask of Liquid beyond the language: nothing blank is printed, partials are apart, and what a
 * template prints is known before it is rendered. */
#include "liquid/liquid.h"

#include <string.h>

#include "base/error.h"

static const char facts[] =
    "{\"name\":\"Ana\",\"gone\":null,\"white\":\" \\t\",\"void\":\"\",\"none\":[],\"list\":[1],"
    "\"zero\":0,\"no\":false}";

static bool
emit(void *user, const char *value, size_t len, GString *out, GError **error)
{
    (void)user;
    (void)error;
    g_string_append_len(out, value, (gssize)len);
    return true;
}

/* What source gives, or its error; the caller frees. */
static char *
render(const char *source, struct liquid_options options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t.md", source, strlen(source), &error);
    g_assert_no_error(error);
    json_t *data = json_loads(facts, 0, NULL);
    options.data = liquid_data_json(data);
    options.emit = emit;
    gboolean ok = liquid_template_render(tpl, &options, out, &error);
    json_decref(data);
    return ok ? g_strdup(out->str) : g_strdup(error->message);
}

#define NOTHING "nothing to print: put it inside an if, or give it a default"

static void
test_no_blanks(void)
{
    static const struct {
        const char *source, *strict; /* NULL: as without the option */
    } cases[] = {
        {"Hi {{ name }},", NULL},
        {"Hi {{ gone }},", "t.md:1:7: " NOTHING ", near \"gone }},\""},
        {"Hi\n {{- white -}},", "t.md:2:6: " NOTHING ", near \"white -}},\""},
        {"{{ void }}", "t.md:1:4: " NOTHING ", near \"void }}\""},
        {"{{ none }}", "t.md:1:4: " NOTHING ", near \"none }}\""},
        {"{{ none | join: \", \" }}", "t.md:1:4: " NOTHING ", near \"none | join: \", \" }}\""},
        {"{{ gone | round }}", "t.md:1:4: " NOTHING ", near \"gone | round }}\""}, /* not "0" */
        {"{{ name | remove: \"Ana\" }}", "t.md:1:4: " NOTHING ", near \"name | remove: \"Ana\" }}\""},
        {"{% echo gone %}", "t.md:1:9: " NOTHING ", near \"gone %}\""},
        {"{% assign x = gone %}{{ x }}", "t.md:1:25: " NOTHING ", near \"x }}\""},
        {"{{ gone | default: \"there\" }}", NULL},
        {"{{ void | default: \"\" }}", NULL},
        {"{{ gone | upcase | default: \"there\" }}", NULL},
        {"{{ zero }}{{ no }}{{ list }}", NULL},
        {"{{ \"\" }}{{ }}", NULL},
        {"{% capture c %}{% if gone %}x{% endif %}{% endcapture %}{{ c }}", NULL},
        {"{% if gone %}{{ gone }}{% endif %}", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *plain = render(cases[i].source, (struct liquid_options){0});
        g_autofree char *strict = render(cases[i].source, (struct liquid_options){.no_blanks = true});
        g_assert_null(strstr(plain, NOTHING));
        g_assert_cmpstr(strict, ==, cases[i].strict ? cases[i].strict : plain);
    }
}

/* ---- partials ---- */

static struct liquid_template *sets, *reads;

static const struct liquid_template *
load(void *user, const char *name, GError **error)
{
    (void)user;
    (void)error;
    return strcmp(name, "a/sets") == 0 ? sets : reads;
}

static void
test_isolate(void)
{
    static const char set_source[] = "{% assign x = 1 %}{% assign name = 'Bo' %}{{ name }}",
                      read_source[] = "{% if x %}leaked{% endif %}{{ name }}{% assign x = 2 %}{{ y }}";
    static const char source[] =
        "{% assign p = 'a/sets' %}{% include p %} {% include 'reads', y: 5 %} {{ name }}{{ x }}";
    sets = liquid_template_parse("sets", set_source, sizeof set_source - 1, NULL);
    reads = liquid_template_parse("reads", read_source, sizeof read_source - 1, NULL);
    g_autofree char *shared = render(source, (struct liquid_options){.load = load, .lax = true});
    g_autofree char *apart =
        render(source, (struct liquid_options){.load = load, .lax = true, .isolate = true});
    g_assert_cmpstr(shared, ==, "Bo leakedBo5 Bo2");
    g_assert_cmpstr(apart, ==, "Bo Ana5 Ana");
    liquid_template_free(sets);
    liquid_template_free(reads);
}

/* ---- what is printed ---- */

/* "name:line …" */
static char *
listing(struct liquid_name *(*list)(const struct liquid_template *, size_t *), const char *source)
{
    g_autoptr(GError) error = NULL;
    size_t n;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t", source, strlen(source), &error);
    g_assert_no_error(error);
    GString *out = g_string_new(NULL);
    g_autofree struct liquid_name *names = list(tpl, &n);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(out, "%s%s:%u", i ? " " : "", names[i].name, names[i].line);
    return g_string_free(out, FALSE);
}

static void
test_printed(void)
{
    static const struct {
        const char *source, *expected;
    } cases[] = {
        {"{{ a }}\n{% if b %}{{ c | plus: d }}{% endif %}", "a:1 c:2 d:2"},
        {"{% if a > b %}x{% endif %}{% assign x = c %}", ""},
        {"{% assign x = a | times: b %}{% assign y = x %}\n{{ y }}", "a:2 b:2"},
        {"{% capture x %}{{ a }}{% endcapture %}\n{{ x }}", "a:2"},
        {"{% for x in a %}\n{{ x.name }}{% endfor %}", "a:2"},
        {"{% assign x = x | plus: a %}{{ x }}", "a:1"},
        {"{% case a %}{% when b %}{{ c }}{% else %}{{ d }}{% endcase %}{% echo e %}", "c:1 d:1 e:1"},
        {"{{ 'text' }}{{ }}", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = listing(liquid_template_printed, cases[i].source);
        g_assert_cmpstr(found, ==, cases[i].expected);
    }
}

static void
test_clocks(void)
{
    static const struct {
        const char *source, *expected;
    } cases[] = {
        {"{{ 'now' | date: '%H:%M' }}", "now:1"},
        {"{{ 'today' | date: '%-d %B, %-I %p' }}", "now:1"},
        {"{{ 'now' | date: '%c' }}", "now:1"},
        {"{{ 'now' | date: '%-d %B %Y' }}{{ 'now' }}{{ 'today' | date: '%j' }}", ""},
        {"{{ 'now' | date: '100 %%H' }}", ""},
        {"{{ a | date: '%s' }}", "a:1"},
        {"{{ a | date: '%H:%M' }}", ""}, /* when something happened does not change */
        {"{% assign t = 'now' | date: '%s' %}\n{{ t }}", "t:2"},
        {"{% assign t = 'now' | date: '%s' %}{% assign d = t | minus: 5 | divided_by: 86400 %}{{ d }}", ""},
        {"{% assign t = 'now' | date: '%s' %}{% if t > 5 %}x{% endif %}", ""},
        {"{% capture t %}{{ 'now' | date: '%T' }}{% endcapture %}\n\n{{ t }}", "t:3"},
        {"{% assign a = b %}{% assign b = a %}{{ a }}", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = listing(liquid_template_clocks, cases[i].source);
        g_assert_cmpstr(found, ==, cases[i].expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/liquid/mail/no-blanks", test_no_blanks);
    g_test_add_func("/liquid/mail/isolate", test_isolate);
    g_test_add_func("/liquid/mail/printed", test_printed);
    g_test_add_func("/liquid/mail/clocks", test_clocks);
    return g_test_run();
}
