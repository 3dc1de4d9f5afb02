/* Runs the Golden Liquid suite: every template must render as the suite says, or be refused where it says so.
 * The suite is found by $USHER_SUITES or beside the source tree; where it is absent the test is skipped. */
#include "liquid/liquid.h"

#include <string.h>

struct partials {
    json_t *sources;
    bool lax;
    GHashTable *parsed;
};

static const struct liquid_template *
load_partial(void *user, const char *name, GError **error)
{
    struct partials *partials = user;
    struct liquid_template *tpl = g_hash_table_lookup(partials->parsed, name);
    const char *source = json_string_value(json_object_get(partials->sources, name));

    if (tpl || !source)
        return tpl;
    tpl = (partials->lax ? liquid_template_parse_lax : liquid_template_parse)(name, source, strlen(source),
                                                                              error);
    if (tpl)
        g_hash_table_insert(partials->parsed, g_strdup(name), tpl);
    return tpl;
}

static void
free_template(gpointer tpl)
{
    liquid_template_free(tpl);
}

static bool
has_tag(json_t *test, const char *wanted)
{
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(test, "tags"), i,
                       tag) if (strcmp(json_string_value(tag), wanted) == 0) return true;
    return false;
}

static bool
is_expected(json_t *test, const char *text)
{
    json_t *results = json_object_get(test, "results"), *result;
    size_t i;

    if (!results)
        return g_strcmp0(json_string_value(json_object_get(test, "result")), text) == 0;
    json_array_foreach(results, i, result) if (strcmp(json_string_value(result), text) == 0) return true;
    return false;
}

static void
run(gconstpointer data)
{
    json_t *test = (json_t *)(guintptr)data;
    const char *source = json_string_value(json_object_get(test, "template"));
    bool invalid = json_is_true(json_object_get(test, "invalid"));
    bool lax = !has_tag(test, "strict") && !has_tag(test, "strict2");
    g_autoptr(GHashTable) parsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_template);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct partials partials = {json_object_get(test, "templates"), lax, parsed};
    struct liquid_options options = {.data = liquid_data_json(json_object_get(test, "data")),
                                     .lax = true,
                                     .user = &partials,
                                     .load = load_partial};
    scoped(liquid_template_free) struct liquid_template *tpl =
        (lax ? liquid_template_parse_lax : liquid_template_parse)("golden", source, strlen(source), &error);

    bool rendered = tpl && liquid_template_render(tpl, &options, out, &error);
    if (invalid && rendered)
        g_test_message("%s\nshould be refused, but gave: %s", source, out->str);
    else if (!invalid && !rendered)
        g_test_message("%s\nrefused: %s", source, error->message);
    else if (!invalid && !is_expected(test, out->str)) {
        g_autofree char *wanted = json_dumps(json_object_get(test, "result"), JSON_ENCODE_ANY | JSON_COMPACT);
        g_test_message("%s\nexpected: %s\ngave: %s", source, wanted, out->str);
    } else {
        g_assert_cmpint(rendered, !=, error != NULL);
        return;
    }
    g_test_fail();
}

static void
skip(void)
{
    g_test_skip("liquid_golden: no suite at $USHER_SUITES/liquid or ../shared/suites/liquid");
}

int
main(int argc, char **argv)
{
    const char *suites = g_getenv("USHER_SUITES");
    g_autofree char *path = suites ? g_build_filename(suites, "liquid", "golden_liquid.json", NULL)
                                   : g_build_filename(USHER_SOURCE_DIR, "..", "shared", "suites", "liquid",
                                                      "golden_liquid.json", NULL);
    json_error_t problem;
    json_t *suite = NULL, *test;
    size_t i;

    g_test_init(&argc, &argv, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        suite = json_load_file(path, 0, &problem);
        if (!suite)
            g_error("%s:%d: %s", path, problem.line, problem.text);
        json_array_foreach(json_object_get(suite, "tests"), i, test)
        {
            g_autofree char *name = g_strdup_printf("/liquid/golden/%03zu %s", i,
                                                    json_string_value(json_object_get(test, "name")));
            for (char *c = name + strlen("/liquid/golden/"); *c; c++)
                if (*c == '/')
                    *c = '|';
            g_test_add_data_func(name, test, run);
        }
    } else {
        g_test_add_func("/liquid/golden/suite", skip);
    }
    int status = g_test_run();
    json_decref(suite);
    return status;
}
