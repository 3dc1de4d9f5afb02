/* A database and a file's text for it: for the tests of the import. */
#ifndef USHER_TESTS_FIXTURE_IMPORT_H
#define USHER_TESTS_FIXTURE_IMPORT_H

#include "accounts/import.h"
#include "base/error.h"
#include "base/zone.h"

#include "fixture_folder.h"

#include <string.h>
#include <unistd.h>

struct fixture {
    char *dir, *path;
    struct store *db;
    struct fact_set *set;
    struct import_options options;
    struct import_report report;
    GError *error;
};

static const char facts_conf[] =
    "fact name { type = name }\nfact plan { type = text }\nfact forecast_mrr { type = number }\n"
    "fact bills_paid { type = integer default = 0 }\nfact churned { type = boolean }\n"
    "fact next_renewal { type = date }\nfact seen { type = time }\nfact products { type = list }\n"
    "fact timezone { type = text }\nfact credit { type = number source = \"billing\" }\n";

static inline void
set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    memset(f, 0, sizeof *f);
    f->dir = g_dir_make_tmp("usher-import-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "usher.db", NULL);
    g_autofree char *conf = g_build_filename(f->dir, "facts.conf", NULL);
    g_assert_true(g_file_set_contents(conf, facts_conf, -1, NULL));
    f->set = facts_load(conf, &f->error);
    g_assert_no_error(f->error);
    g_assert_true(store_migrate(f->path, &f->error));
    f->db = store_open(f->path, &f->error);
    g_assert_no_error(f->error);
    f->options = (struct import_options){.source = "test",
                                         .as_of_us = 1000,
                                         .now_us = 2000,
                                         .actor = "ana",
                                         .team_zone = zone_find("Europe/Berlin", NULL)};
}

static inline void
tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_report_clear(&f->report);
    g_clear_error(&f->error);
    store_close(f->db);
    facts_free(f->set);
    fixture_remove(f->dir);
    g_free(f->dir);
    g_free(f->path);
}

static inline gboolean
import_bytes(struct fixture *f, const char *text, gsize length)
{
    FILE *stream = tmpfile();
    fwrite(text, 1, length, stream);
    rewind(stream);
    import_report_clear(&f->report);
    g_clear_error(&f->error);
    gboolean ok = import_file(f->db, f->set, &f->options, stream, "a.csv", &f->report, &f->error);
    fclose(stream);
    g_assert_false(store_in_transaction(f->db));
    g_assert_true(ok == (f->error == NULL));
    return ok;
}

static inline void
import_good(struct fixture *f, const char *text)
{
    import_bytes(f, text, strlen(text));
    g_assert_no_error(f->error);
}

static inline void
import_bad(struct fixture *f, const char *text, const char *expected)
{
    g_assert_false(import_bytes(f, text, strlen(text)));
    if (!strstr(f->error->message, expected))
        g_error("\"%s\" gave: %s", text, f->error->message);
}

static inline void
assert_text(struct fixture *f, const char *sql, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = store_text(f->db, sql, &error, "");
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

static inline void
assert_int(struct fixture *f, const char *sql, gint64 expected)
{
    g_autoptr(GError) error = NULL;
    gint64 found = store_int(f->db, sql, -1, &error, "");
    g_assert_no_error(error);
    g_assert_cmpint(found, ==, expected);
}

static inline gboolean
differs(struct fixture *f, const char *line)
{
    return g_ptr_array_find_with_equal_func(f->report.differences, line, g_str_equal, NULL);
}

#define FACTS(key)                                                                                           \
    "SELECT facts FROM account_facts WHERE source='test' AND account_id=(SELECT id FROM account WHERE "      \
    "key='" key "')"

/* Two accounts, with everything that CSV allows. */
static const char two[] = "\xef\xbb\xbf"
                          "account,name,forecast_mrr,next_renewal,churned,colour,products\r\n"
                          "acme,\"Acme, \"\"Inc\"\"\n GmbH\",500.00,2026-12-01,f,red,replay; flags\r\n"
                          "\r\n"
                          "globex, Globex ,,,t,\"\",\r\n";

#define TEST(name, func) g_test_add("/import/" name, struct fixture, NULL, set_up, func, tear_down)

#endif
