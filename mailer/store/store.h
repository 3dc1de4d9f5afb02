/* The database behind one small interface: statements written as plain SQL beside the functions that own the
 * tables, parameters bound by a spec string, columns read by name, transactions. No SQLite type is visible,
 * so another database can stand behind it. One connection belongs to one process and one thread.
 *
 * Parameter specs, one letter a `?`: i gint64, d double, t const char* (NULL binds NULL), b const GBytes*, n
 * NULL. */
#ifndef USHER_STORE_STORE_H
#define USHER_STORE_STORE_H

#include "base/cleanup.h"

#include <glib.h>

struct store;
struct query;

/* Opens the database at path and checks schema version and directory (store_directory_fit()).
 * USHER_ERROR_NO_INPUT when there is none, USHER_ERROR_CONFIG when its schema is not this program's, or when
 * its directory is a group's without setgid. */
struct store *store_open(const char *path, GError **error);
void store_close(struct store *db);
SCOPED_FUNC(struct store, store_close)

/* Creates the database, or brings an older one to this program's schema in one exclusive transaction after a
 * copy of it was saved as PATH.before-N. Only `init` and the supervisor's migrate worker call this. */
gboolean store_migrate(const char *path, GError **error);

/* Starts a query; end it with query_end (scoped). Never NULL except on an error. */
struct query *store_query(struct store *db, const char *sql, GError **error, const char *spec, ...);

/* The next row: TRUE when there is one; FALSE at the end or on an error (then error is set). */
gboolean query_next(struct query *query, GError **error);
void query_end(struct query *query);
SCOPED_FUNC(struct query, query_end)

/* Columns of the current row by name; asking for a column that is not there is a programmer's error and
 * aborts. Text is borrowed until the next query_next(); NULL for SQL NULL. Numbers are 0 for NULL. */
gint64 query_int(struct query *query, const char *column);
double query_double(struct query *query, const char *column);
const char *query_text(struct query *query, const char *column);
char *query_dup_text(struct query *query, const char *column);
GBytes *query_dup_bytes(struct query *query, const char *column);
gboolean query_is_null(struct query *query, const char *column);

/* Runs one statement to its end. */
gboolean store_exec(struct store *db, const char *sql, GError **error, const char *spec, ...);

/* The first column of the first row as a number or as text (the caller frees); fallback (or NULL) when there
 * is no row. */
gint64 store_int(struct store *db, const char *sql, gint64 fallback, GError **error, const char *spec, ...);
char *store_text(struct store *db, const char *sql, GError **error, const char *spec, ...);

/* The first column of every row, as gint64. The caller frees; NULL only with error. */
GArray *store_ids(struct store *db, const char *sql, GError **error, const char *spec, ...);

gint64 store_last_id(struct store *db);
/* Rows changed by the last store_exec(): the answer to a compare-and-set. */
gint64 store_changes(struct store *db);

/* Transactions take the write lock at once (BEGIN IMMEDIATE) and do not nest. No transaction may be open
 * while waiting for a person, the network or another program. */
gboolean store_begin(struct store *db, GError **error);
gboolean store_commit(struct store *db, GError **error);
void store_rollback(struct store *db);
gboolean store_in_transaction(struct store *db);

/* TRUE: from now on a commit is put on the disk after the write lock was given back, still before
 * store_commit() returns, so that processes that commit at the same time share the disk's turns. Then FALSE
 * with USHER_ERROR_IO may mean that all was committed and others see it, only not how safe it is: only for
 * whoever can live with that. FALSE: as on opening. Not inside a transaction. */
gboolean store_sync_after_commit(struct store *db, gboolean after, GError **error);

/* A point inside a transaction to which a part of the work can be undone; they may nest. End each with one of
 * the two. */
gboolean store_savepoint(struct store *db, GError **error);
gboolean store_savepoint_keep(struct store *db, GError **error);
void store_savepoint_undo(struct store *db);

/* A read snapshot over several queries (BEGIN DEFERRED); end it with store_rollback(). */
gboolean store_begin_read(struct store *db, GError **error);

/* Changes whenever another connection committed (PRAGMA data_version). */
gint64 store_data_version(struct store *db);

/* A consistent copy at path (which must not exist). */
gboolean store_copy(struct store *db, const char *path, GError **error);

/* Keys of the meta table. The caller frees; NULL when unset. */
char *store_meta(struct store *db, const char *key, GError **error);
gboolean store_set_meta(struct store *db, const char *key, const char *value, GError **error);

#endif
