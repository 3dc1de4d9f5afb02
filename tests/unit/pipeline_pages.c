/* The examples of the manual pages load as they stand there, on the facts that usher ships. */
#include "fixture_pipeline.h"
#include "pipeline/alert.h"
#include "pipeline/segment.h"

/* The literal blocks of the page's EXAMPLES that begin with word, one after the other. The caller frees. */
static char *
examples_of(const char *page, const char *word)
{
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "docs", page, NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    const char *p = strstr(text, ".Sh EXAMPLES\n");
    const char *end = p ? strstr(p, ".Sh SEE ALSO\n") : NULL;
    g_assert_nonnull(end);
    g_autoptr(GString) all = g_string_new(NULL);
    while ((p = strstr(p, ".Bd -literal")) && p < end) {
        p = strchr(p, '\n') + 1;
        const char *close = strstr(p, ".Ed\n");
        if (g_str_has_prefix(p, word))
            g_string_append_len(all, p, close - p);
        p = close;
    }
    g_string_replace(all, "\\&", "", 0);
    g_string_replace(all, "\\e", "\\", 0);
    return g_strdup(all->str);
}

static void
write_example(struct fixture *f, const char *file, const char *page, const char *word)
{
    g_autofree char *text = examples_of(page, word);
    g_assert_cmpstr(text, !=, "");
    g_autofree char *path = g_strdup_printf("sequences/%s.conf", file);
    fixture_write(f, path, text);
}

static void
test_examples(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_copy(&f, "sequences/facts.conf");
    write_example(&f, "welcome", "usher-sequence.5", "sequence \"welcome\"");
    write_example(&f, "trial", "usher-sequence.5", "sequence \"trial\"");
    write_example(&f, "segments", "usher-segments.5", "segment ");
    write_example(&f, "alerts", "usher-alerts.5", "alert ");
    const char *word = strstr(fixture_conf, "{\"trial\"}");
    g_autofree char *conf = g_strdup_printf("%.*s{\"welcome\", \"trial\"}%s", (int)(word - fixture_conf),
                                            fixture_conf, word + strlen("{\"trial\"}"));
    fixture_load_config(&f, conf);
    struct program *program = program_load(f.config, &f.error);
    g_assert_no_error(f.error);
    g_assert_cmpuint(program->sequences->len, ==, 2);
    g_assert_cmpuint(program->segments->len, ==, 2);
    g_assert_cmpuint(program->alerts->len, ==, 1);
    program_free(program);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/pages/examples load", test_examples);
    return g_test_run();
}
