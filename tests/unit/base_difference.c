/* The lines in which two texts differ. */
#include "base/difference.h"

#include <string.h>

static const struct {
    const char *old, *now, *lines;
} cases[] = {
    {"", "", ""},
    {"a\nb\n", "a\nb\n", ""},
    {"a\nb\nc\n", "a\nx\nc\n", "- b\n+ x"},
    {"a\nc\n", "a\nb\nc\n", "+ b"},
    {"a\nb\nc\n", "a\nc\n", "- b"},
    {"a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n", "- b\n+ B\n- d\n+ D"},
    {"a\nb", "b\na", "- a\n+ a"},
    {"", "a", "+ a"},
};

static void
test_lines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lines = difference_lines(cases[i].old, cases[i].now);
        g_assert_cmpstr(lines, ==, cases[i].lines);
    }
}

/* Too long to be compared line by line, and still right. */
static void
test_long(void)
{
    g_autoptr(GString) old = g_string_new("same\n");
    g_autoptr(GString) now = g_string_new("same\n");
    for (int i = 0; i < 3000; i++) {
        g_string_append_printf(old, "old %d\n", i);
        g_string_append_printf(now, "new %d\n", i);
    }
    g_autofree char *lines = difference_lines(old->str, now->str);
    g_assert_true(g_str_has_prefix(lines, "- old 0\n- old 1\n"));
    g_assert_true(g_str_has_suffix(lines, "+ new 2998\n+ new 2999"));
    g_assert_null(strstr(lines, "same"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/difference/lines", test_lines);
    g_test_add_func("/base/difference/long", test_long);
    return g_test_run();
}
