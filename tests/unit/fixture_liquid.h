/* Renders Liquid over a customer's facts and a handful of partials; every table row is one render. */
#ifndef USHER_TESTS_FIXTURE_LIQUID_H
#define USHER_TESTS_FIXTURE_LIQUID_H

#include "liquid/liquid.h"

#include <string.h>

#include "base/error.h"

static const char facts[] =
    "{\"first_name\":\"Ana\",\"company\":\"Ac*me\",\"gone\":null,\"mrr\":1234.5,\"seats\":1200,\"loss\":-"
    "1234.5,"
    "\"zero\":0,\"html\":\"<b>&\",\"list\":[3,1,2],\"customer\":{\"name\":\"Bo\",\"plan\":\"pro\"},"
    "\"people\":[{\"name\":\"Zoe\",\"age\":5},{\"name\":\"adam\",\"age\":3},{\"name\":\"Bea\"}],"
    "\"umlaut\":\"\\u00e4rger\",\"when\":\"2024-02-29T13:05:09Z\",\"emoji\":"
    "\"\\ud83d\\ude00\\ud83d\\ude01x\"}";

static const char *const partials[][2] = {
    {"hello", "Hello {{ who }}!"},       {"broken", "line\n{% if %}"},
    {"self", "{% render 'self' %}"},     {"typo", "a\n b {{ nobody }}"},
    {"sets", "{% assign set = 'in' %}"}, {"item", "{{ forloop.index }}{{ item }} "},
    {"nested", "{% include 'hello' %}"}, {"stop", "{% break %}"},
    {"folder/card", "{{ card.name }}"},
};

struct fixture {
    json_t *data;
    GHashTable *parsed;
    GString *seen;
};

static inline void
free_template(gpointer tpl)
{
    liquid_template_free(tpl);
}

static inline const struct liquid_template *
load(void *user, const char *name, GError **error)
{
    struct fixture *fixture = user;
    struct liquid_template *tpl = g_hash_table_lookup(fixture->parsed, name);

    for (size_t i = 0; !tpl && i < G_N_ELEMENTS(partials); i++)
        if (strcmp(partials[i][0], name) == 0) {
            tpl = liquid_template_parse(name, partials[i][1], strlen(partials[i][1]), error);
            if (tpl)
                g_hash_table_insert(fixture->parsed, g_strdup(name), tpl);
            return tpl;
        }
    if (!tpl)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "no such file");
    return tpl;
}

static inline struct fixture
fixture_new(void)
{
    json_error_t problem;
    struct fixture fixture = {
        .data = json_loads(facts, 0, &problem),
        .parsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_template),
        .seen = g_string_new(NULL),
    };
    g_assert_nonnull(fixture.data);
    return fixture;
}

static inline void
fixture_free(struct fixture *fixture)
{
    json_decref(fixture->data);
    g_hash_table_unref(fixture->parsed);
    g_string_free(fixture->seen, TRUE);
}

/* The output, or the error's message after "ERROR ". */
static inline char *
render(const char *source, size_t len, const struct liquid_options *options)
{
    g_autoptr(GString) out = g_string_new("before ");
    g_autoptr(GError) error = NULL;
    scoped(liquid_template_free) struct liquid_template *tpl =
        liquid_template_parse("t.md", source, len, &error);

    if (tpl && liquid_template_render(tpl, options, out, &error)) {
        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(out->str, "before "));
        return g_strdup(out->str + strlen("before "));
    }
    g_assert_nonnull(error);
    g_assert_cmpint(error->domain, ==, USHER_ERROR);
    g_assert_cmpint(error->code, ==, USHER_ERROR_DATA);
    g_assert_cmpstr(out->str, ==, "before ");
    return g_strdup_printf("ERROR %s", error->message);
}

struct row {
    const char *source, *expected;
};

static inline void
check_rows(const struct row *rows, size_t n, const struct liquid_options *options)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *got = render(rows[i].source, strlen(rows[i].source), options);
        if (strcmp(got, rows[i].expected) != 0) {
            g_test_message("%s\nexpected: %s\ngot:      %s", rows[i].source, rows[i].expected, got);
            g_test_fail();
        }
    }
}

#endif
