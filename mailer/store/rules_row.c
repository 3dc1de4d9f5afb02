/* See rules_row.h.
 *
 * The table has no end: a statement over it that is stepped again goes on to "the next row", which is the one
 * that stands there by then. So a statement is never begun anew, and what SQLite does once
 * a run (constants, the table behind `IN ('a', 'b', 'c')`) it does once.
 *
 * The first column is no fact: with a single column `1 IN facts` would be a subquery in disguise. */
#include "store/rules_row.h"

struct source {
    const char *const *columns;
    const struct rule_value *const *row;
};

struct table {
    sqlite3_vtab base;
    const struct source *source;
};

/* Quotes an identifier: column names are checked by whoever declares them, but cost nothing to quote. */
static void
append_identifier(GString *sql, const char *name)
{
    g_string_append_c(sql, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            g_string_append_c(sql, '"');
        g_string_append_c(sql, *p);
    }
    g_string_append_c(sql, '"');
}

static int
connect_table(sqlite3 *db, void *user, int argc, const char *const *argv, sqlite3_vtab **out, char **why)
{
    const struct source *source = user;
    g_autoptr(GString) sql = g_string_new("CREATE TABLE facts(\"(row)\"");
    (void)argc, (void)argv, (void)why;
    for (guint i = 0; source->columns[i]; i++) {
        g_string_append_c(sql, ',');
        append_identifier(sql, source->columns[i]);
    }
    g_string_append_c(sql, ')');
    int rc = sqlite3_declare_vtab(db, sql->str);
    if (rc != SQLITE_OK)
        return rc;
    struct table *table = g_new0(struct table, 1);
    table->source = source;
    *out = &table->base;
    return SQLITE_OK;
}

static int
disconnect_table(sqlite3_vtab *table)
{
    g_free(table);
    return SQLITE_OK;
}

static int
best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1;
    info->estimatedRows = 1;
    return SQLITE_OK;
}

static int
open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
    (void)table;
    *cursor = g_new0(sqlite3_vtab_cursor, 1);
    return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *cursor)
{
    g_free(cursor);
    return SQLITE_OK;
}

static int
to_first_row(sqlite3_vtab_cursor *cursor, int index, const char *name, int argc, sqlite3_value **argv)
{
    (void)cursor, (void)index, (void)name, (void)argc, (void)argv;
    return SQLITE_OK;
}

static int
to_next_row(sqlite3_vtab_cursor *cursor)
{
    (void)cursor;
    return SQLITE_OK;
}

static int
at_end(sqlite3_vtab_cursor *cursor)
{
    (void)cursor;
    return FALSE;
}

static int
read_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const struct source *source = ((const struct table *)cursor->pVtab)->source;
    if (column < 1 || !*source->row)
        return SQLITE_OK; /* NULL */
    const struct rule_value *value = &(*source->row)[column - 1];
    switch (value->type) {
    case RULE_INTEGER:
        sqlite3_result_int64(context, value->integer);
        break;
    case RULE_REAL:
        sqlite3_result_double(context, value->real);
        break;
    case RULE_TEXT: /* copied: what a rule gives may be this text, and lives longer than the row */
        sqlite3_result_text(context, value->text, -1, SQLITE_TRANSIENT);
        break;
    case RULE_NULL:
    case RULE_ERROR:
        break;
    }
    return SQLITE_OK;
}

static int
read_row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *id)
{
    (void)cursor;
    *id = 1;
    return SQLITE_OK;
}

gboolean
rules_row_add(sqlite3 *db, const char *const *columns, const struct rule_value *const *row)
{
    static const sqlite3_module facts = {.xConnect = connect_table,
                                         .xBestIndex = best_index,
                                         .xDisconnect = disconnect_table,
                                         .xOpen = open_cursor,
                                         .xClose = close_cursor,
                                         .xFilter = to_first_row,
                                         .xNext = to_next_row,
                                         .xEof = at_end,
                                         .xColumn = read_column,
                                         .xRowid = read_row_id};
    struct source *source = g_new(struct source, 1);
    *source = (struct source){.columns = columns, .row = row};
    /* Looked at once, so that it is declared before rules.c admits nothing but reading. */
    return sqlite3_create_module_v2(db, "facts", &facts, source, g_free) == SQLITE_OK &&
           sqlite3_exec(db, "SELECT 1 FROM facts LIMIT 0", NULL, NULL, NULL) == SQLITE_OK;
}
