/* SQLite behind store.h: statements, columns, transactions. Connections are made in store_open.c.
 *
 * Invariants: a commit is on the disk when store_commit() returns, by SQLite (synchronous=FULL) or, where
 * store_sync_after_commit() says so, by our own sync of the log. Prepared statements are kept by
 * their text: the set of literals in the program is finite. A statement in use is never handed out twice; a
 * nested use prepares its own. */
#include "base/error.h"
#include "base/fault.h"
#include "store/store_parts.h"

#include <string.h>

gboolean
store_set_error(sqlite3 *db, const char *what, GError **error)
{
    int rc = sqlite3_errcode(db);
    int code = rc == SQLITE_BUSY || rc == SQLITE_LOCKED     ? USHER_ERROR_TEMP
               : rc == SQLITE_READONLY || rc == SQLITE_PERM ? USHER_ERROR_NO_PERMISSION
                                                            : USHER_ERROR_IO;
    g_set_error(error, USHER_ERROR, code, "database: %s (%s)", sqlite3_errmsg(db), what);
    return FALSE;
}

gboolean
store_run_script(sqlite3 *db, const char *sql, GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || store_set_error(db, sql, error);
}

void
store_query_free(gpointer data)
{
    struct query *query = data;
    sqlite3_finalize(query->stmt);
    g_free(query->sql);
    g_free(query);
}

gboolean
store_sync_after_commit(struct store *db, gboolean after, GError **error)
{
    if (!store_run_script(db->db, after ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", error))
        return FALSE;
    db->syncs_after = after;
    return TRUE;
}

/* The write-ahead log is written in order, so this makes every commit durable that came before, whoever made
 * it. What a checkpoint has taken out of the log meanwhile, it has synced itself. */
static gboolean
sync_log(struct store *db, GError **error)
{
    sqlite3_file *log = NULL;
    if (!db->syncs_after)
        return TRUE;
    if (sqlite3_file_control(db->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods && log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_IO,
                "database: %s-wal: what was committed may not be on the disk", db->path);
    return FALSE;
}

/* Whether no two columns have the same name. Where two have, the first is meant. */
static gboolean
has_distinct_columns(sqlite3_stmt *stmt)
{
    int n = sqlite3_column_count(stmt);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(sqlite3_column_name(stmt, i), sqlite3_column_name(stmt, j)) == 0)
                return FALSE;
    return TRUE;
}

/* The kept one, or a new one where that is in use or there is none. */
static struct query *
take_query(struct store *store, const char *sql, GError **error)
{
    struct query *kept = g_hash_table_lookup(store->statements, sql);
    if (kept && !kept->busy)
        return kept;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        store_set_error(store->db, sql, error);
        return NULL;
    }
    struct query *query = g_new(struct query, 1);
    *query = (struct query){.store = store, .stmt = stmt, .sql = g_strdup(sql), .kept = !kept};
    query->distinct = has_distinct_columns(stmt);
    if (query->kept)
        g_hash_table_insert(store->statements, query->sql, query);
    return query;
}

static void
bind_parameters(sqlite3_stmt *stmt, const char *spec, va_list args)
{
    g_assert((int)strlen(spec) == sqlite3_bind_parameter_count(stmt));
    for (int i = 1; *spec; spec++, i++) {
        switch (*spec) {
        case 'i':
            sqlite3_bind_int64(stmt, i, va_arg(args, gint64));
            break;
        case 'd':
            sqlite3_bind_double(stmt, i, va_arg(args, double));
            break;
        case 't': {
            const char *text = va_arg(args, const char *);
            sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
            break;
        }
        case 'b': {
            GBytes *bytes = va_arg(args, GBytes *);
            if (bytes) {
                gsize size;
                const void *data = g_bytes_get_data(bytes, &size);
                sqlite3_bind_blob64(stmt, i, data ? data : "", size, SQLITE_TRANSIENT);
            }
            break;
        }
        case 'n':
            break;
        default:
            g_error("store: unknown parameter letter '%c'", *spec);
        }
    }
}

static struct query *
query_start(struct store *store, const char *sql, GError **error, const char *spec, va_list args)
{
    struct query *query = take_query(store, sql, error);
    if (!query)
        return NULL;
    query->busy = TRUE;
    bind_parameters(query->stmt, spec, args);
    return query;
}

struct query *
store_query(struct store *db, const char *sql, GError **error, const char *spec, ...)
{
    va_list args;
    va_start(args, spec);
    struct query *query = query_start(db, sql, error, spec, args);
    va_end(args);
    return query;
}

gboolean
query_next(struct query *query, GError **error)
{
    int rc = sqlite3_step(query->stmt);
    if (rc == SQLITE_ROW)
        return TRUE;
    if (rc != SQLITE_DONE)
        store_set_error(query->store->db, query->sql, error);
    return FALSE;
}

void
query_end(struct query *query)
{
    if (!query)
        return;
    if (!query->kept) {
        store_query_free(query);
        return;
    }
    sqlite3_reset(query->stmt);
    sqlite3_clear_bindings(query->stmt);
    query->busy = FALSE;
}

static int
column_index(struct query *query, const char *column)
{
    int n = sqlite3_column_count(query->stmt);
    /* Mostly they are read in the order in which they stand there. */
    for (int i = 0, at = query->column; i < n; i++, at++) {
        if (at >= n)
            at = 0;
        if (strcmp(sqlite3_column_name(query->stmt, at), column) != 0)
            continue;
        query->column = query->distinct ? at + 1 : 0;
        return at;
    }
    g_error("store: no column \"%s\" in: %s", column, query->sql);
}

gint64
query_int(struct query *query, const char *column)
{
    return sqlite3_column_int64(query->stmt, column_index(query, column));
}

double
query_double(struct query *query, const char *column)
{
    return sqlite3_column_double(query->stmt, column_index(query, column));
}

const char *
query_text(struct query *query, const char *column)
{
    return (const char *)sqlite3_column_text(query->stmt, column_index(query, column));
}

char *
query_dup_text(struct query *query, const char *column)
{
    return g_strdup(query_text(query, column));
}

GBytes *
query_dup_bytes(struct query *query, const char *column)
{
    int i = column_index(query, column);
    if (sqlite3_column_type(query->stmt, i) == SQLITE_NULL)
        return NULL;
    const void *data = sqlite3_column_blob(query->stmt, i);
    return g_bytes_new(data, (gsize)sqlite3_column_bytes(query->stmt, i));
}

gboolean
query_is_null(struct query *query, const char *column)
{
    return sqlite3_column_type(query->stmt, column_index(query, column)) == SQLITE_NULL;
}

gboolean
store_exec(struct store *db, const char *sql, GError **error, const char *spec, ...)
{
    va_list args;
    va_start(args, spec);
    scoped(query_end) struct query *q = query_start(db, sql, error, spec, args);
    va_end(args);
    if (!q)
        return FALSE;
    g_autoptr(GError) local = NULL;
    if (!store_in_transaction(db))
        FAULT_POINT("store.exec.before");
    while (query_next(q, &local))
        ;
    if (!local && !store_in_transaction(db))
        sync_log(db, &local);
    if (!store_in_transaction(db))
        FAULT_POINT("store.exec.after");
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

gint64
store_int(struct store *db, const char *sql, gint64 fallback, GError **error, const char *spec, ...)
{
    va_list args;
    va_start(args, spec);
    scoped(query_end) struct query *q = query_start(db, sql, error, spec, args);
    va_end(args);
    if (!q || !query_next(q, error) || sqlite3_column_type(q->stmt, 0) == SQLITE_NULL)
        return fallback;
    return sqlite3_column_int64(q->stmt, 0);
}

char *
store_text(struct store *db, const char *sql, GError **error, const char *spec, ...)
{
    va_list args;
    va_start(args, spec);
    scoped(query_end) struct query *q = query_start(db, sql, error, spec, args);
    va_end(args);
    if (!q || !query_next(q, error))
        return NULL;
    return g_strdup((const char *)sqlite3_column_text(q->stmt, 0));
}

GArray *
store_ids(struct store *db, const char *sql, GError **error, const char *spec, ...)
{
    va_list args;
    va_start(args, spec);
    scoped(query_end) struct query *q = query_start(db, sql, error, spec, args);
    va_end(args);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        gint64 id = sqlite3_column_int64(q->stmt, 0);
        g_array_append_val(ids, id);
    }
    return q && error_pass(error, &local) ? g_steal_pointer(&ids) : NULL;
}

gint64
store_last_id(struct store *db)
{
    return sqlite3_last_insert_rowid(db->db);
}

gint64
store_changes(struct store *db)
{
    return sqlite3_changes64(db->db);
}

/* One of the statements around every change: kept prepared, as others are. */
static gboolean
run_kept(struct store *db, const char *sql, GError **error)
{
    scoped(query_end) struct query *q = take_query(db, sql, error);
    g_autoptr(GError) local = NULL;
    if (!q)
        return FALSE;
    q->busy = TRUE;
    query_next(q, &local);
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

gboolean
store_begin(struct store *db, GError **error)
{
    return run_kept(db, "BEGIN IMMEDIATE", error);
}

gboolean
store_begin_read(struct store *db, GError **error)
{
    return store_run_script(db->db, "BEGIN DEFERRED", error);
}

gboolean
store_commit(struct store *db, GError **error)
{
    FAULT_POINT("store.commit.before");
    if (run_kept(db, "COMMIT", error)) {
        gboolean synced = sync_log(db, error);
        FAULT_POINT("store.commit.after");
        return synced;
    }
    store_rollback(db);
    return FALSE;
}

void
store_rollback(struct store *db)
{
    if (store_in_transaction(db))
        sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
}

gboolean
store_savepoint(struct store *db, GError **error)
{
    return store_run_script(db->db, "SAVEPOINT part", error);
}

gboolean
store_savepoint_keep(struct store *db, GError **error)
{
    return store_run_script(db->db, "RELEASE part", error);
}

void
store_savepoint_undo(struct store *db)
{
    sqlite3_exec(db->db, "ROLLBACK TO part; RELEASE part", NULL, NULL, NULL);
}

gboolean
store_in_transaction(struct store *db)
{
    return !sqlite3_get_autocommit(db->db);
}

gint64
store_data_version(struct store *db)
{
    return store_int(db, "PRAGMA data_version", 0, NULL, "");
}

gboolean
store_copy(struct store *db, const char *path, GError **error)
{
    return store_exec(db, "VACUUM INTO ?", error, "t", path);
}

char *
store_meta(struct store *db, const char *key, GError **error)
{
    return store_text(db, "SELECT value FROM meta WHERE key = ?", error, "t", key);
}

gboolean
store_set_meta(struct store *db, const char *key, const char *value, GError **error)
{
    return store_exec(
        db, "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        error, "tt", key, value);
}
