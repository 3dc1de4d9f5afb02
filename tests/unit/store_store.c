/* The database interface: statements, transactions, migration; and that every SQL text in the program
 * prepares. */
#include "store/store.h"
#include "base/error.h"
#include "store/journal.h"
#include "store/schema.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fixture {
    char *dir, *path;
    struct store *db;
};

static void
set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("usher-store-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "usher.db", NULL);
    g_assert_true(store_migrate(f->path, &error));
    f->db = store_open(f->path, &error);
    g_assert_no_error(error);
}

static void
tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    store_close(f->db);
    g_autoptr(GDir) d = g_dir_open(f->dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(f->dir, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->dir);
    g_free(f->dir);
    g_free(f->path);
}

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

/* ---- every SQL text in the sources ---- */

struct scan {
    sqlite3 *db;
    GHashTable *macros; /* name → text, of #define NAME "text" "text" */
    const char *path;
    gboolean creating; /* first pass: only makes the temporary tables, which later files may use */
    int checked, failed;
};

/* Blanks out comments, in place. */
static void
strip_comments(char *p)
{
    while (*p) {
        if (*p == '"' || *p == '\'') {
            char quote = *p++;
            while (*p && *p != quote)
                p += *p == '\\' && p[1] ? 2 : 1;
            p += *p != '\0';
        } else if (p[0] == '/' && (p[1] == '*' || p[1] == '/')) {
            char *end = p[1] == '*' ? strstr(p + 2, "*/") : strchr(p, '\n');
            gsize length = end ? (gsize)(end - p) + (p[1] == '*' ? 2 : 0) : strlen(p);
            memset(p, ' ', length);
            p += length;
        } else {
            p++;
        }
    }
}

/* Behind blanks and continued lines. */
static const char *
skip_blank(const char *p)
{
    while (g_ascii_isspace(*p) || (*p == '\\' && p[1] == '\n'))
        p++;
    return p;
}

/* Appends the string literal that begins at p; returns what is behind it. */
static const char *
read_literal(const char *p, GString *out)
{
    const char *start = ++p;
    while (*p && *p != '"')
        p += *p == '\\' && p[1] ? 2 : 1;
    g_autofree char *raw = g_strndup(start, (gsize)(p - start));
    g_autofree char *plain = g_strcompress(raw);
    g_string_append(out, plain);
    return *p ? p + 1 : p;
}

/* Appends literals and known macros that stand side by side. *whole is FALSE when something unknown stands
 * among them. */
static const char *
read_group(struct scan *s, const char *p, GString *out, gboolean *whole)
{
    *whole = TRUE;
    for (p = skip_blank(p);; p = skip_blank(p)) {
        if (*p == '"') {
            p = read_literal(p, out);
        } else if (g_ascii_isupper(*p)) {
            const char *end = p;
            while (g_ascii_isalnum(*end) || *end == '_')
                end++;
            g_autofree char *name = g_strndup(p, (gsize)(end - p));
            const char *text = g_hash_table_lookup(s->macros, name);
            if (!text || *skip_blank(end) == '(')
                *whole = FALSE;
            g_string_append(out, text ? text : "");
            p = end;
        } else {
            return p;
        }
    }
}

static void
read_macros(struct scan *s, const char *source)
{
    for (const char *p = strstr(source, "#define "); p; p = strstr(p + 1, "#define ")) {
        const char *name = p + 8, *end = name;
        while (g_ascii_isalnum(*end) || *end == '_')
            end++;
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean whole;
        if (*end == ' ' && *skip_blank(end) == '"') {
            read_group(s, end, text, &whole);
            g_hash_table_replace(s->macros, g_strndup(name, (gsize)(end - name)), g_strdup(text->str));
        }
    }
}

static gboolean
begins_statement(const char *sql)
{
    static const char *const verbs[] = {"SELECT ",       "INSERT ", "UPDATE ",      "DELETE FROM ",
                                        "REPLACE INTO ", "WITH ",   "CREATE TEMP ", "CREATE INDEX temp.",
                                        "DROP TABLE ",   "PRAGMA ", "VACUUM "};
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (g_str_has_prefix(sql, verbs[i]))
            return TRUE;
    return FALSE;
}

static void
check_sql(struct scan *s, const char *sql)
{
    gboolean creates = g_str_has_prefix(sql, "CREATE TEMP") || g_str_has_prefix(sql, "CREATE INDEX temp.");
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    if (s->creating != creates)
        return;
    s->checked++;
    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, &tail) != SQLITE_OK || !stmt || *tail ||
        (creates && sqlite3_step(stmt) != SQLITE_DONE)) {
        s->failed++;
        if (s->path)
            g_printerr("%s: %s\n  in: %s\n", s->path, sqlite3_errmsg(s->db), sql);
    }
    sqlite3_finalize(stmt);
}

/* The text behind the first comma of a call: its second argument. NULL for a declaration. */
static const char *
second_argument(const char *open)
{
    int depth = 0;
    for (const char *p = open; *p; p++) {
        depth += (*p == '(') - (*p == ')');
        if (depth == 0 || *p == ';' || *p == '{')
            return NULL;
        if (depth == 1 && *p == ',')
            return p + 1;
    }
    return NULL;
}

/* Checks what is given to the store as a literal, and every other literal that begins like a statement
 * (tables of statements, choices between two). */
static void
scan_source(struct scan *s, const char *source)
{
    static const char *const calls[] = {"store_query(", "store_exec(", "store_int(", "store_text("};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint c = 0; c < G_N_ELEMENTS(calls); c++) {
        for (const char *p = strstr(source, calls[c]); p; p = strstr(p + 1, calls[c])) {
            const char *argument = second_argument(p + strlen(calls[c]) - 1);
            g_autoptr(GString) sql = g_string_new(NULL);
            gboolean whole;
            if (!argument || *skip_blank(argument) != '"')
                continue;
            read_group(s, argument, sql, &whole);
            if (!whole) {
                s->failed++;
                g_printerr("%s: this test cannot read the macro in: %s\n", s->path, sql->str);
            } else if (g_hash_table_add(seen, g_strdup(sql->str))) {
                check_sql(s, sql->str);
            }
        }
    }
    for (const char *p = source; *p;) {
        if (p[0] == '\'') {
            p += p[1] == '\\' ? 4 : 3;
        } else if (p[0] == '#') {
            do
                p += strcspn(p, "\n") + 1;
            while (p[-1] && p[-2] == '\\');
        } else if (*p == '"') {
            g_autoptr(GString) sql = g_string_new(NULL);
            gboolean whole;
            p = read_group(s, p, sql, &whole);
            if (whole && begins_statement(sql->str) && !strchr(sql->str, '%') &&
                g_hash_table_add(seen, g_strdup(sql->str)))
                check_sql(s, sql->str);
        } else {
            p++;
        }
    }
}

static void
scan_folder(struct scan *s, const char *folder)
{
    g_autoptr(GDir) d = g_dir_open(folder, 0, NULL);
    const char *name;
    while (d && (name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *source = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            scan_folder(s, path);
        /* The schema is what they are checked against; rules have a database of their own; what store.c runs
         * is given to it, and store_open.c opens and migrates. */
        if (!g_str_has_suffix(name, ".c") || g_str_equal(name, "schema.c") ||
            g_str_has_prefix(name, "rules") || g_str_has_suffix(path, "store/store.c") ||
            g_str_has_suffix(path, "store/store_open.c") || !g_file_get_contents(path, &source, NULL, NULL))
            continue;
        s->path = path;
        strip_comments(source);
        g_hash_table_remove_all(s->macros);
        read_macros(s, source);
        scan_source(s, source);
    }
}

static void
test_every_statement(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct scan s = {.macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    g_assert_cmpint(sqlite3_open(f->path, &s.db), ==, SQLITE_OK);
    sqlite3_db_config(s.db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    s.creating = TRUE;
    scan_folder(&s, USHER_SOURCE_DIR "/mailer");
    s.creating = FALSE;
    scan_folder(&s, USHER_SOURCE_DIR "/mailer");
    g_test_message("%d statements", s.checked);
    sqlite3_close(s.db);
    g_hash_table_unref(s.macros);
    g_assert_cmpint(s.checked, >, 60); /* the scanner finds them at all */
    g_assert_cmpint(s.failed, ==, 0);
}

/* The scanner itself: what it must find, and that it fails on SQL that is wrong. */
static void
test_scanner(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct scan s = {.macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    g_assert_cmpint(sqlite3_open(f->path, &s.db), ==, SQLITE_OK);
    char source[] = "#define WHERE_ID \" WHERE id = ?\"\n"
                    "struct query *store_query(struct store *db, const char *sql);\n"
                    "/* store_exec(db, \"SELECT in_a_comment\") */\n"
                    "x = store_int(db, \"SELECT id FROM account\" WHERE_ID, 0);\n"
                    "y = store_text(get(a, b), \"SELECT \\\"key\\\" \" /* why */ \"FROM account\", error);\n"
                    "const char *z = a ? \"SELECT 1\" : \"SELECT 2\"; char q = '\"', r = '\\'';\n"
                    "puts(\"SELECTED by hand\");\n";
    strip_comments(source);
    read_macros(&s, source);
    scan_source(&s, source);
    g_assert_cmpint(s.checked, ==, 4);
    g_assert_cmpint(s.failed, ==, 0);
    scan_source(&s, "store_exec(db, \"UPDATE account SET nothing = 1\", error);");
    g_assert_cmpint(s.failed, ==, 1);
    sqlite3_close(s.db);
    g_hash_table_unref(s.macros);
}

#define TEST(name, func) g_test_add("/store/" name, struct fixture, NULL, set_up, func, tear_down)

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
    TEST("scanner", test_scanner);
    TEST("every-statement", test_every_statement);
    return g_test_run();
}
