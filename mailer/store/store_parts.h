/* A connection inside: what store.c and store_open.c share. Only they include this. */
#ifndef USHER_STORE_STORE_PARTS_H
#define USHER_STORE_STORE_PARTS_H

#include "store/store.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    char *path;
    GHashTable *statements; /* SQL text → struct query that ended */
    gint64 waits_since_us;  /* for the write lock */
    gboolean syncs_after;   /* store_sync_after_commit() */
};

struct query {
    struct store *store;
    sqlite3_stmt *stmt;
    char *sql;     /* its key */
    gboolean kept; /* in statements, which owns it */
    gboolean busy; /* between its start and query_end() */
    int column;    /* where the next column is looked for first: behind the last one, if all have names of
                      their own */
    gboolean distinct;
};

/* Sets SQLite's last error on the connection, with what was tried; TEMP, NO_PERMISSION or IO. Returns FALSE.
 */
gboolean store_set_error(sqlite3 *db, const char *what, GError **error);

/* Runs statements without parameters and results. */
gboolean store_run_script(sqlite3 *db, const char *sql, GError **error);

/* Ends a struct query for good. */
void store_query_free(gpointer query);

#endif
