/* A small team in a folder of its own: usher.conf, sequences, templates and a fresh database. For tests of
 * the folders from store/ up; the parts that need pipeline/ are in fixture_pipeline.h. */
#ifndef USHER_TESTS_FIXTURE_H
#define USHER_TESTS_FIXTURE_H

#include "accounts/facts.h"
#include "base/clock.h"
#include "base/config_load.h"
#include "base/error.h"
#include "base/zone.h"
#include "store/journal.h"
#include "store/store.h"

#include "fixture_folder.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    char *dir;
    struct config *config;
    struct store *db;
    GError *error;
};

static const char fixture_conf[] =
    "database = \"usher.db\"\n"
    "sequences = {\"trial\"}\n"
    "retry_after = 15\n"
    "retry_for = 48\n"
    "gap = \"none\"\n"
    "team { name = \"The Team\" timezone = \"Europe/Berlin\" booking_link = \"https://book.example/team\" }\n"
    "window { days = {\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"} from = \"09:00\" to = \"17:00\" }\n"
    "mailbox ana { smtp = \"smtp+plain://127.0.0.1:2525\" imap = \"imap+plain://127.0.0.1:1143\" "
    "plus_addressing = true }\n"
    "mailbox ben { smtp = \"smtp+plain://127.0.0.1:2525\" imap = \"imap+plain://127.0.0.1:1143\" sent_copy = "
    "\"none\" }\n"
    "specialist ana { name = \"Ana Diaz\" address = \"ana@team.example\" regions = {\"emea\"} }\n"
    "specialist ben { name = \"Ben Koh\" address = \"Ben@team.example\" regions = {\"apac\"} }\n";

/* Writes text to the fixture's folder. */
static inline void
fixture_write(struct fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(f->dir, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A copy of a file of the sources, such as "sequences/facts.conf". */
static inline void
fixture_copy(struct fixture *f, const char *name)
{
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, name, NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    fixture_write(f, name, text);
}

static inline void
fixture_load_config(struct fixture *f, const char *text)
{
    fixture_write(f, "usher.conf", text);
    g_autofree char *path = g_build_filename(f->dir, "usher.conf", NULL);
    g_clear_pointer(&f->config, config_free);
    f->config = config_load(path, &f->error);
    g_assert_no_error(f->error);
}

static inline void
fixture_set_up(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->dir = g_dir_make_tmp("usher-unit-XXXXXX", NULL);
    fixture_load_config(f, fixture_conf);
    g_assert_true(store_migrate(f->config->database, &f->error));
    f->db = store_open(f->config->database, &f->error);
    g_assert_no_error(f->error);
    g_assert_true(store_set_meta(f->db, "secret", "a secret of sixteen", &f->error));
    g_assert_no_error(f->error);
}

static inline void
fixture_tear_down(struct fixture *f)
{
    g_clear_error(&f->error);
    store_close(f->db);
    config_free(f->config);
    fixture_remove(f->dir);
    g_free(f->dir);
}

/* "2026-11-23 10:00" by the clock of Europe/Berlin, or with an offset. */
static inline gint64
at(const char *text)
{
    gint64 us = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(zone_parse_time(zone_find("Europe/Berlin", NULL), text, &us, &error));
    g_assert_no_error(error);
    return us;
}

/* us as text in Europe/Berlin; static, good for one use. */
static inline const char *
told(gint64 us)
{
    static char text[64];
    g_autofree char *formatted = us ? zone_format(zone_find("Europe/Berlin", NULL), us) : g_strdup("never");
    g_strlcpy(text, formatted, sizeof text);
    return text;
}

#define assert_instant(us, expected) g_assert_cmpstr(told(us), ==, expected)

/* Runs one statement without parameters. */
static inline void
run_sql(struct fixture *f, const char *sql)
{
    store_exec(f->db, sql, &f->error, "");
    g_assert_no_error(f->error);
}

/* From here on a test may put deliveries into any state, also by steps that the ledger does not know. */
static inline void
deliveries_may_jump(struct fixture *f)
{
    run_sql(f, "DROP TRIGGER IF EXISTS delivery_legal");
}

/* Replaces what source "test" says of an account, and marks it. */
static inline void
set_facts(struct fixture *f, gint64 account_id, const char *json, gint64 as_of_us)
{
    json_t *parsed = json_loads(json, 0, NULL);
    g_assert_nonnull(parsed);
    json_decref(parsed);
    store_exec(f->db,
               "INSERT INTO account_facts(account_id, source, as_of, facts) VALUES(?, 'test', ?, ?) ON "
               "CONFLICT DO UPDATE SET"
               " facts = excluded.facts, as_of = excluded.as_of",
               &f->error, "iit", account_id, as_of_us, json);
    store_exec(f->db, "UPDATE account SET dirty = 1, version = version + 1 WHERE id = ?", &f->error, "i",
               account_id);
    g_assert_no_error(f->error);
}

static inline gint64
add_account(struct fixture *f, const char *key, const char *facts)
{
    g_assert_true(store_exec(f->db, "INSERT INTO account(key, added_at) VALUES(?, 0)", &f->error, "t", key));
    gint64 id = store_last_id(f->db);
    set_facts(f, id, facts, 1);
    return id;
}

/* details: "role function last_active first_name", each "-" when unknown. */
static inline void
add_contact(struct fixture *f, gint64 account_id, const char *address, const char *details)
{
    g_auto(GStrv) words = g_strsplit(details, " ", 4);
    g_assert_cmpint(g_strv_length(words), ==, 4);
    for (int i = 0; i < 4; i++)
        if (strcmp(words[i], "-") == 0)
            *words[i] = '\0';
    store_exec(
        f->db,
        "INSERT INTO contact(account_id, address, role, function, last_active, first_name, source, as_of)"
        " VALUES(?, ?, NULLIF(?, ''), NULLIF(?, ''), NULLIF(?, ''), NULLIF(?, ''), 'test', 1)",
        &f->error, "ittttt", account_id, address, words[0], words[1], words[2], words[3]);
    g_assert_no_error(f->error);
}

/* What a query gives, rows joined by ";" and columns by "|" (the SQL does that); the caller frees. */
static inline char *
ask(struct fixture *f, const char *expression, const char *from)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT COALESCE(group_concat(line, ';'), '') FROM (SELECT %s AS line FROM %s)", expression, from);
    char *text = store_text(f->db, sql, &f->error, "");
    g_assert_no_error(f->error);
    return text;
}

#define assert_rows(f, expression, from, expected)                                                           \
    do {                                                                                                     \
        g_autofree char *rows_ = ask(f, expression, from);                                                   \
        g_assert_cmpstr(rows_, ==, expected);                                                                \
    } while (0)

/* The error holds text, of that code; it is cleared. */
#define assert_refused(f, expected_code, text)                                                               \
    do {                                                                                                     \
        g_assert_error((f)->error, USHER_ERROR, expected_code);                                              \
        if (!strstr((f)->error->message, text))                                                              \
            g_error("\"%s\" does not hold \"%s\"", (f)->error->message, text);                               \
        g_clear_error(&(f)->error);                                                                          \
    } while (0)

#endif
