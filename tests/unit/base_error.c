/* Handing an error on. */
#include "base/error.h"

static void
test_pass(void)
{
    g_autoptr(GError) error = NULL;
    GError *local = NULL;
    g_assert_true(error_pass(&error, &local));
    g_assert_no_error(error);
    local = g_error_new_literal(USHER_ERROR, USHER_ERROR_IO, "the disk is gone");
    g_assert_false(error_pass(&error, &local));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_IO);
    g_assert_null(local);
    local = g_error_new_literal(USHER_ERROR, USHER_ERROR_IO, "nobody asks");
    g_assert_false(error_pass(NULL, &local));
    g_assert_null(local);
}

static void
test_exit_code(void)
{
    g_autoptr(GError) ours = g_error_new_literal(USHER_ERROR, USHER_ERROR_CONFIG, "a key is wrong");
    g_autoptr(GError) other = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
    g_assert_cmpint(usher_error_exit_code(ours), ==, USHER_ERROR_CONFIG);
    g_assert_cmpint(usher_error_exit_code(other), ==, USHER_ERROR_SOFTWARE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/error/pass", test_pass);
    g_test_add_func("/base/error/exit-code", test_exit_code);
    return g_test_run();
}
