/* Configuration files: what libconfuse leaves out, and the wording of every refusal. */
#include "base/conf.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

struct parsed {
    cfg_t *cfg;
    char *path;
    GError *error;
};

static struct parsed
parse(const char *text, gssize length)
{
    cfg_opt_t inner[] = {CFG_STR("word", NULL, CFGF_NONE), CFG_INT("number", 5, CFGF_NONE), CFG_END()};
    cfg_opt_t options[] = {CFG_STR("name", NULL, CFGF_NONE),
                           CFG_BOOL("on", cfg_false, CFGF_NONE),
                           CFG_FLOAT("ratio", 0.5, CFGF_NONE),
                           CFG_STR_LIST("days", (char[]){"{mon, tue}"}, CFGF_NONE),
                           CFG_SEC("box", inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_SEC("single", inner, CFGF_NONE),
                           CFG_END()};
    struct parsed p = {0};
    int fd = g_file_open_tmp("usher-conf-XXXXXX", &p.path, NULL);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(p.path, text, length, NULL));
    p.cfg = conf_parse(options, p.path, &p.error);
    return p;
}

static void
end(struct parsed *p)
{
    g_unlink(p->path);
    g_free(p->path);
    g_clear_error(&p->error);
    if (p->cfg)
        cfg_free(p->cfg);
}

static void
test_good(void)
{
    struct parsed p =
        parse("on = true\nbox x { word = w\n number = 7 }\nbox y { word = \"\" }\nsingle { word = v }\n"
              "name = \"two\nlines\"\n",
              -1);
    g_assert_no_error(p.error);
    g_autofree char *name = conf_dup_str(p.cfg, "name");
    g_assert_cmpstr(name, ==, "two\nlines");
    g_auto(GStrv) days = conf_dup_list(p.cfg, "days");
    g_assert_cmpuint(g_strv_length(days), ==, 2);
    g_assert_cmpstr(days[1], ==, "tue");
    g_assert_cmpuint(cfg_size(p.cfg, "box"), ==, 2);
    g_assert_cmpint(cfg_getint(cfg_getnsec(p.cfg, "box", 0), "number"), ==, 7);
    g_assert_cmpint(cfg_getint(cfg_getnsec(p.cfg, "box", 1), "number"), ==, 5);
    g_assert_null(conf_dup_str(cfg_getnsec(p.cfg, "box", 1), "word"));
    g_autoptr(GError) error = NULL;
    g_assert_false(conf_refuse(cfg_getnsec(p.cfg, "box", 1), &error, "box \"%s\" means nothing", "y"));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    g_autofree char *expected = g_strdup_printf("%s:4: box \"y\" means nothing", p.path);
    g_assert_cmpstr(error->message, ==, expected);
    g_clear_error(&error);
    g_assert_false(conf_refuse(cfg_getsec(p.cfg, "single"), &error, "no"));
    g_assert_true(g_str_has_prefix(error->message, p.path));
    end(&p);
}

/* The line on which a key begins, wherever its section ends. */
static void
test_lines(void)
{
    struct parsed p = parse("box a { # \"\n  word = x\n// two\n  number = 7\n}\n"
                            "box b {\n  word = \"one\n two\n three\"\n}\nsingle {\n number\n = 3 }\n"
                            "days = {mon,\n tue,\n wed}\non = true\n",
                            -1);
    g_assert_no_error(p.error);
    cfg_t *a = cfg_getnsec(p.cfg, "box", 0), *b = cfg_getnsec(p.cfg, "box", 1);
    g_assert_cmpint(conf_line(a, "word"), ==, 2);
    g_assert_cmpint(conf_line(a, "number"), ==, 4);
    g_assert_cmpint(conf_line(b, "word"), ==, 7);
    g_assert_cmpint(conf_line(b, "number"), ==, b->line); /* it was not set */
    g_assert_cmpint(conf_line(p.cfg, "days"), ==, 14);
    g_assert_cmpint(conf_line(p.cfg, "on"), ==, 17);
    g_assert_cmpint(conf_line(cfg_getsec(p.cfg, "single"), "number"), ==, 13);
    g_autoptr(GError) error = NULL;
    g_assert_false(conf_refuse_key(b, "word", &error, "word of \"%s\": no", cfg_title(b)));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    g_autofree char *expected = g_strdup_printf("%s:7: word of \"b\": no", p.path);
    g_assert_cmpstr(error->message, ==, expected);
    end(&p);
}

static void
test_bad(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"nme = x\n", ":1: no such option 'nme'"},
        {"name = x\nname = y\n", ":2: \"name\" is set twice"},
        {"on = true\n\non = true\n", ":3: \"on\" is set twice"},
        {"days = {mon}\ndays = {tue}\n", ":2: \"days\" is set twice"},
        {"box a { word = x\n word = y }\n", ":2: \"word\" is set twice"},
        {"single { word = x }\nsingle { number = 2 }\n", ":2: \"single\" is set twice"},
        {"box a { }\nbox a { }\n", ":2: "},
        {"on = perhaps\n", ":1: "},
        {"ratio = many\n", ":1: "},
        {"box a { number = seven }\n", ":1: "},
        {"box a { number = 1\n", ":3: the file ends within a section: a } is missing"},
        {"box a {\n box_b { }\n}\n", ":2: no such option 'box_b'"},
        {"name = x\n/* never closed\n", ":2: the file ends within"},
        {"name = \"never closed\n", ":"},
        {"name = \n", ":"},
        {"box { word = x }\n", ":1: "},
        {"name x\n", ":1: "},
        {"# one\n// two\n/* three\n*/ name = a # four\nnme = x\n", ":5: no such option 'nme'"},
        {"name = \"# // /* \\\" # \"\n# it's \"one\nnme = x\n", ":3: no such option 'nme'"},
        {"name = '# \\' //'// two\nnme = x\n", ":2: no such option 'nme'"},
        {"name = a#b\ndays = {a//b, /**/ c}\nnme = x\n", ":3: no such option 'nme'"},
        {"}\n", ":1: "},
        {"on = true\nname = \"\xff\"\n", ":2: is not UTF-8"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct parsed p = parse(cases[i].text, -1);
        if (p.cfg)
            g_error("passed: %s", cases[i].text);
        g_assert_error(p.error, USHER_ERROR, USHER_ERROR_CONFIG);
        g_autofree char *expected = g_strconcat(p.path, cases[i].expected, NULL);
        if (!g_str_has_prefix(p.error->message, expected) || strchr(p.error->message, '\n'))
            g_error("%s: %s", cases[i].text, p.error->message);
        end(&p);
        /* A file that broke off leaves no trace in the next one. */
        p = parse("name = fine\nbox a { word = x }\n", -1);
        g_assert_no_error(p.error);
        end(&p);
    }
    struct parsed nul = parse("name = a\0b\n", 11);
    g_assert_error(nul.error, USHER_ERROR, USHER_ERROR_CONFIG);
    end(&nul);
}

static void
test_missing(void)
{
    cfg_opt_t options[] = {CFG_STR("name", NULL, CFGF_NONE), CFG_END()};
    static const char *const paths[] = {"/nonexistent/usher.conf", "/tmp"};
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(conf_parse(options, paths[i], &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
        g_assert_true(g_str_has_prefix(error->message, paths[i]));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/good", test_good);
    g_test_add_func("/conf/bad", test_bad);
    g_test_add_func("/conf/lines", test_lines);
    g_test_add_func("/conf/missing", test_missing);
    return g_test_run();
}
