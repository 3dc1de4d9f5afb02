/* Opening, making and migrating the database.
 *
 * Invariants: every connection has foreign keys on, WAL, synchronous=FULL (a committed "transmitting" must
 * survive a power cut), a 30 s busy timeout and double-quoted strings off. An older database is copied before
 * it is migrated, and migrated whole or not at all. */
#include "base/error.h"
#include "store/directory.h"
#include "store/library.h"
#include "store/schema.h"
#include "store/store_parts.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static sqlite3 *
connect_file(const char *path, int flags, GError **error)
{
    sqlite3 *db = NULL;
    g_autoptr(GError) local = NULL;
    library_set_up();
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: %s", path,
                    db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 30000);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!store_run_script(db,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; "
                          "PRAGMA foreign_keys=ON;",
                          &local)) {
        g_autofree char *folder = g_path_get_dirname(path);
        g_autofree char *needs = local->code == USHER_ERROR_TEMP
                                     ? g_strdup("try again later")
                                     : g_strdup_printf("it and %s must be writable, with room there", folder);
        g_set_error(error, USHER_ERROR, local->code, "%s: %s; %s", path, sqlite3_errmsg(db), needs);
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

static int
schema_version(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

#define LOCK_WAIT_US (30 * G_USEC_PER_SEC)

/* The statements' texts are long and differ at their ends, and each is looked up a thousand times a second.
 */
static guint
hash_sql(gconstpointer sql)
{
    gsize length = strlen(sql);
    const char *end = (const char *)sql + length;
    guint hash = (guint)length;
    for (const char *p = end - MIN(length, 24); p < end; p++)
        hash = hash * 33 + (guchar)*p;
    return hash;
}

/* Waits for another writer, which is mostly a matter of a millisecond: SQLite's own naps begin there and soon
 * take 100 ms, so several senders on one database would mostly sleep. */
static int
wait_for_lock(void *user, int tries)
{
    gint64 *since_us = user;
    gint64 now_us = g_get_monotonic_time();
    if (tries == 0)
        *since_us = now_us;
    if (now_us - *since_us > LOCK_WAIT_US)
        return 0;
    g_usleep(MIN(300ul * (gulong)(tries + 1), 10000ul));
    return 1;
}

struct store *
store_open(const char *path, GError **error)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: no such database; `usher init` makes one",
                    path);
        return NULL;
    }
    if (!store_directory_fit(path, error))
        return NULL;
    sqlite3 *db = connect_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, error);
    if (!db)
        return NULL;
    int version = schema_version(db);
    if (version != schema_migration_count) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s: its schema is version %d, this program's is %d; %s", path, version,
                    schema_migration_count,
                    version > schema_migration_count ? "use the newer usher"
                                                     : "start `usher run` once to migrate it");
        sqlite3_close(db);
        return NULL;
    }
    struct store *store = g_new0(struct store, 1);
    store->db = db;
    store->path = g_strdup(path);
    sqlite3_busy_handler(db, wait_for_lock, &store->waits_since_us);
    store->statements = g_hash_table_new_full(hash_sql, g_str_equal, NULL, store_query_free);
    return store;
}

void
store_close(struct store *db)
{
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    sqlite3_close(db->db);
    g_free(db->path);
    g_free(db);
}

/* The copy that is kept of an older database. One that a broken attempt left behind is made anew. */
static gboolean
save_copy(sqlite3 *db, const char *path, GError **error)
{
    g_autofree char *copy = g_strdup_printf("%s.before-%d", path, schema_migration_count);
    g_autofree char *making = g_strconcat(copy, ".new", NULL);
    g_unlink(making);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", making);
    gboolean ok = store_run_script(db, sql, error);
    sqlite3_free(sql);
    if (!ok || g_rename(making, copy) == 0)
        return ok;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s", copy, g_strerror(errno));
    return FALSE;
}

/* Runs the migrations that are missing, in one transaction. The version is read inside it: another process
 * may have migrated while this one waited. */
static gboolean
run_migrations(sqlite3 *db, const char *path, GError **error)
{
    if (!store_run_script(db, "BEGIN EXCLUSIVE", error))
        return FALSE;
    int version = schema_version(db);
    if (version < 0)
        return store_set_error(db, path, error);
    for (int i = version; i < schema_migration_count; i++) {
        if (sqlite3_exec(db, schema_migrations[i], NULL, NULL, NULL) == SQLITE_OK)
            continue;
        g_autofree char *what = g_strdup_printf("migration %d of %s", i + 1, path);
        return store_set_error(db, what, error);
    }
    g_autofree char *mark = g_strdup_printf("PRAGMA user_version=%d; COMMIT", schema_migration_count);
    return store_run_script(db, mark, error);
}

gboolean
store_migrate(const char *path, GError **error)
{
    if (!store_directory_fit(path, error))
        return FALSE;
    sqlite3 *db = connect_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, error);
    if (!db)
        return FALSE;
    int version = schema_version(db);
    gboolean ok = TRUE;
    if (version > schema_migration_count) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s: its schema is version %d, newer than this program's %d", path, version,
                    schema_migration_count);
        ok = FALSE;
    } else if (version < schema_migration_count) {
        ok = (version <= 0 || save_copy(db, path, error)) && run_migrations(db, path, error);
    }
    sqlite3_close(db); /* takes an open transaction back */
    return ok;
}
