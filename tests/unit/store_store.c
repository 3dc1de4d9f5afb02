/* The database interface: statements, transactions, journal, migration. That every SQL text of the program
 * prepares is in store_statements.c. */
#include "fixture_store.h"

#include "base/error.h"
#include "store/journal.h"
#include "store/schema.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
test_values(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(store_exec(f->db, "CREATE TEMP TABLE t(i, d, t, b, n)", &error, ""));
    static const char blob[] = "a\0b";
    g_autoptr(GBytes) bytes = g_bytes_new_static(blob, 3);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_assert_true(store_exec(f->db, "INSERT INTO t VALUES(?, ?, ?, ?, ?)", &error, "idtbn", G_MININT64, 0.5,
                             "\xc3\xa4\n'", bytes));
    g_assert_true(store_exec(f->db, "INSERT INTO t VALUES(?, ?, ?, ?, ?)", &error, "idtbt", (gint64)0, -1.0,
                             NULL, empty, ""));
    g_assert_cmpint(store_changes(f->db), ==, 1);
    g_assert_cmpint(store_last_id(f->db), ==, 2);
    scoped(query_end) struct query *q =
        store_query(f->db, "SELECT i, d, t, b, n FROM t ORDER BY rowid", &error, "");
    g_assert_true(query_next(q, &error));
    g_assert_cmpint(query_int(q, "i"), ==, G_MININT64);
    g_assert_cmpfloat(query_double(q, "d"), ==, 0.5);
    g_assert_cmpstr(query_text(q, "t"), ==, "\xc3\xa4\n'");
    g_autoptr(GBytes) back = query_dup_bytes(q, "b");
    g_assert_true(g_bytes_equal(back, bytes));
    g_assert_true(query_is_null(q, "n"));
    g_assert_null(query_text(q, "n"));
    g_assert_cmpint(query_int(q, "n"), ==, 0);
    g_assert_true(query_next(q, &error));
    g_assert_null(query_dup_text(q, "t"));
    g_autoptr(GBytes) nothing = query_dup_bytes(q, "b");
    g_assert_cmpuint(g_bytes_get_size(nothing), ==, 0);
    g_assert_cmpstr(query_text(q, "n"), ==, "");
    g_assert_false(query_next(q, &error));
    g_assert_no_error(error);
}

/* Columns are found by name in any order; of two of one name, the first. */
static void
test_columns(struct fixture *f, gconstpointer data)
{
    (void)data;
    scoped(query_end) struct query *q = store_query(f->db, "SELECT 1 AS a, 2 AS b, 3 AS a, 4 AS c", NULL, "");
    scoped(query_end) struct query *own = store_query(f->db, "SELECT 1 AS a, 2 AS b, 3 AS c", NULL, "");
    g_assert_true(query_next(q, NULL) && query_next(own, NULL));
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(query_int(q, "b"), ==, 2);
        g_assert_cmpint(query_int(q, "a"), ==, 1);
        g_assert_cmpint(query_int(q, "c"), ==, 4);
        g_assert_cmpint(query_int(own, "c"), ==, 3);
        g_assert_cmpint(query_int(own, "a"), ==, 1);
        g_assert_cmpint(query_int(own, i % 2 ? "a" : "b"), ==, i % 2 ? 1 : 2);
    }
}

static void
test_nested(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    static const char sql[] = "SELECT value AS v FROM json_each('[1,2,3]') WHERE value > ?";
    int sum = 0;
    scoped(query_end) struct query *outer = store_query(f->db, sql, &error, "i", (gint64)0);
    while (query_next(outer, &error)) {
        scoped(query_end) struct query *inner = store_query(f->db, sql, &error, "i", query_int(outer, "v"));
        while (query_next(inner, &error))
            sum += (int)(query_int(outer, "v") * 10 + query_int(inner, "v"));
    }
    g_assert_no_error(error);
    g_assert_cmpint(sum, ==, 12 + 13 + 23);
}

static void
test_single_values(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(store_int(f->db, "SELECT 7", -1, &error, ""), ==, 7);
    g_assert_cmpint(store_int(f->db, "SELECT NULL", -1, &error, ""), ==, -1);
    g_assert_cmpint(store_int(f->db, "SELECT 1 WHERE 0", -1, &error, ""), ==, -1);
    g_assert_null(store_text(f->db, "SELECT 'x' WHERE ?", &error, "i", (gint64)0));
    g_assert_no_error(error);
    g_assert_cmpint(store_int(f->db, "SELECT nothing", -1, &error, ""), ==, -1);
    g_assert_error(error, USHER_ERROR, USHER_ERROR_IO);
    g_assert_null(store_meta(f->db, "key", NULL));
    g_assert_true(store_set_meta(f->db, "key", "a", NULL));
    g_assert_true(store_set_meta(f->db, "key", "b", NULL));
    g_autofree char *value = store_meta(f->db, "key", NULL);
    g_assert_cmpstr(value, ==, "b");
}

static void
test_errors(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const char *const bad[] = {
        "SELEC 1",                                                        /* no SQL */
        "SELECT \"no_such_column\" FROM account",                         /* no string either */
        "INSERT INTO account(key, added_at) VALUES('a', 'not a number')", /* STRICT */
        "INSERT INTO account_facts(account_id, source, as_of, facts) VALUES(99, 's', 1, '{}')", /* foreign key
                                                                                                 */
        "INSERT INTO account(added_at) VALUES(1)",                                              /* NOT NULL */
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        if (store_exec(f->db, bad[i], &error, ""))
            g_error("passed: %s", bad[i]);
        g_assert_error(error, USHER_ERROR, USHER_ERROR_IO);
    }
    /* A refused statement leaves its text usable. */
    g_autoptr(GError) error = NULL;
    static const char insert[] = "INSERT INTO account(key, added_at) VALUES(?, 1)";
    g_assert_true(store_exec(f->db, insert, &error, "t", "a"));
    g_assert_false(store_exec(f->db, insert, NULL, "t", "a"));
    g_assert_true(store_exec(f->db, insert, &error, "t", "b"));
    g_assert_no_error(error);
}

static void
test_transactions(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    static const char count[] = "SELECT count(*) FROM account",
                      insert[] = "INSERT INTO account(key, added_at) VALUES('a', 1)";
    scoped(store_close) struct store *other = store_open(f->path, &error);
    g_assert_no_error(error);
    gint64 version = store_data_version(other);

    g_assert_true(store_begin(f->db, &error));
    g_assert_true(store_in_transaction(f->db));
    g_assert_false(store_begin(f->db, NULL));
    g_assert_true(store_exec(f->db, insert, &error, ""));
    g_assert_cmpint(store_int(other, count, -1, &error, ""), ==, 0);
    store_rollback(f->db);
    g_assert_false(store_in_transaction(f->db));
    store_rollback(f->db); /* harmless */
    g_assert_cmpint(store_int(f->db, count, -1, &error, ""), ==, 0);
    g_assert_cmpint(store_data_version(other), ==, version);

    /* A snapshot does not see what is committed meanwhile. */
    g_assert_true(store_begin_read(other, &error));
    g_assert_cmpint(store_int(other, count, -1, &error, ""), ==, 0);
    g_assert_true(store_begin(f->db, &error));
    g_assert_true(store_exec(f->db, insert, &error, ""));
    g_assert_true(store_commit(f->db, &error));
    g_assert_cmpint(store_int(other, count, -1, &error, ""), ==, 0);
    store_rollback(other);
    g_assert_cmpint(store_int(other, count, -1, &error, ""), ==, 1);
    g_assert_cmpint(store_data_version(other), !=, version);
    g_assert_no_error(error);
}

/* SQLite's fdatasync() is this one: counted, made to fail, and asked if another could write meanwhile. */
static struct {
    int count;
    gboolean fails;
    sqlite3 *other;
    gboolean lock_is_free;
} disk;

int fdatasync(int fd);

int
fdatasync(int fd)
{
    disk.count++;
    if (disk.other) {
        disk.lock_is_free = sqlite3_exec(disk.other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
        sqlite3_exec(disk.other, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!disk.fails)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

static gboolean
commit_one(struct fixture *f, const char *key, GError **error)
{
    gboolean ok = store_begin(f->db, error) && store_set_meta(f->db, key, "1", error);
    disk.count = 0;
    return ok && store_commit(f->db, error);
}

static void
test_sync_after_commit(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(sqlite3_open(f->path, &disk.other), ==, SQLITE_OK);
    sqlite3_exec(disk.other, "SELECT * FROM meta", NULL, NULL, NULL);
    g_assert_true(commit_one(f, "a", &error));
    g_assert_cmpint(disk.count, >, 0);
    g_assert_false(disk.lock_is_free);

    g_assert_true(store_sync_after_commit(f->db, TRUE, &error));
    g_assert_true(commit_one(f, "b", &error));
    g_assert_cmpint(disk.count, ==, 1); /* before store_commit() returned */
    g_assert_true(disk.lock_is_free);
    disk.count = 0;
    g_assert_true(store_set_meta(f->db, "c", "1", &error));
    g_assert_cmpint(disk.count, ==, 1);
    disk.fails = TRUE;
    g_assert_false(commit_one(f, "d", &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_IO);
    g_clear_error(&error);
    disk.fails = FALSE;

    g_assert_true(store_sync_after_commit(f->db, FALSE, &error));
    g_assert_true(commit_one(f, "e", &error));
    g_assert_cmpint(disk.count, >, 0);
    g_assert_false(disk.lock_is_free);
    sqlite3_close(disk.other);
    disk.other = NULL;
}

static void
test_journal(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    struct event first = {.at_us = 5, .kind = "imported", .actor = "ana"};
    g_assert_true(journal_append(f->db, &first, &error));
    struct event second = {.at_us = 6,
                           .account_id = 3,
                           .cause = first.id,
                           .kind = "sent",
                           .actor = "usher",
                           .data = json_pack("{s:i, s:[s]}", "b", 1, "a", "x")};
    g_assert_true(journal_append(f->db, &second, &error));
    json_decref(second.data);
    g_assert_cmpint(second.id, >, first.id);
    g_autofree char *a = store_text(
        f->db, "SELECT format('%s %s %s', account_id IS NULL, cause IS NULL, data) FROM event WHERE id = ?",
        &error, "i", first.id);
    g_autofree char *b =
        store_text(f->db, "SELECT format('%d %d %s', account_id, cause, data) FROM event WHERE id = ?",
                   &error, "i", second.id);
    g_assert_cmpstr(a, ==, "1 1 {}");
    g_assert_cmpstr(b, ==, "3 1 {\"a\":[\"x\"],\"b\":1}");
}

static void
set_version(const char *path, int version)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_autofree char *sql = g_strdup_printf("PRAGMA user_version=%d", version);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void
test_migration(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autofree char *missing = g_build_filename(f->dir, "none.db", NULL);
    g_assert_null(store_open(missing, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    g_clear_error(&error);
    g_assert_false(g_file_test(missing, G_FILE_TEST_EXISTS));

    g_assert_true(store_migrate(f->path, &error)); /* nothing to do */
    g_assert_cmpint(store_int(f->db, "PRAGMA user_version", -1, &error, ""), ==, schema_migration_count);
    g_autofree char *mode = store_text(f->db, "PRAGMA journal_mode", &error, "");
    g_assert_cmpstr(mode, ==, "wal");
    g_assert_cmpint(store_int(f->db, "PRAGMA synchronous", -1, &error, ""), ==, 2);
    g_assert_cmpint(store_int(f->db, "PRAGMA foreign_keys", -1, &error, ""), ==, 1);

    g_autofree char *copy = g_build_filename(f->dir, "copy.db", NULL);
    g_assert_true(store_copy(f->db, copy, &error));
    g_assert_false(store_copy(f->db, copy, NULL));

    static const int versions[] = {0, 99};
    for (guint i = 0; i < G_N_ELEMENTS(versions); i++) {
        set_version(copy, versions[i] ? schema_migration_count + versions[i] : 0);
        g_assert_null(store_open(copy, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
        g_clear_error(&error);
        g_assert_false(
            store_migrate(copy, &error)); /* 0: its tables are there already; 99: from the future */
        g_assert_nonnull(error);
        g_clear_error(&error);
    }
    /* The failed one changed nothing. */
    set_version(copy, schema_migration_count);
    scoped(store_close) struct store *again = store_open(copy, &error);
    g_assert_no_error(error);

    g_autofree char *text = g_build_filename(f->dir, "text.db", NULL);
    g_assert_true(g_file_set_contents(
        text, "this is no database, but it is longer than a header would be ............", -1, NULL));
    g_assert_null(store_open(text, &error));
    g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("values", test_values);
    TEST("nested", test_nested);
    TEST("columns", test_columns);
    TEST("single-values", test_single_values);
    TEST("errors", test_errors);
    TEST("transactions", test_transactions);
    TEST("sync-after-commit", test_sync_after_commit);
    TEST("journal", test_journal);
    TEST("migration", test_migration);
    return g_test_run();
}
