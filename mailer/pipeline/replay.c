/* The journal once more: see replay.h. A replay runs in temporary tables of the same names, which stand
 * before the real ones, so that state_apply() works there unchanged; then the result is compared, or copied
 * back. */
#include "pipeline/replay.h"

#include "base/error.h"
#include "pipeline/state.h"

#include <string.h>

#define MAX_DIFFERENCES 1000u

/* What state_apply() writes, children before what they refer to. A projection into a further table belongs
 * here. */
static const struct {
    const char *table;
    const char *left_out; /* columns that need not agree, with commas around */
    const char *rows;     /* of the real table, those that the journal answers for */
    gboolean copied;      /* rebuilt for one account: the others are undone row by row, by their event */
} projected[] = {
    {"enrolment", ",", "1", TRUE},
    {"stage_entry", ",", "1", TRUE},
    {"step", ",", "1", TRUE},
    {"hold", ",id,event_id,", "1", FALSE},
    {"task", ",id,", "event_id IS NOT NULL", FALSE},
    {"suppression", ",", "event_id IS NOT NULL", FALSE},
    {"retracted", ",", "1", FALSE},
    {"leave", ",", "1", FALSE},
    {"goal", ",", "1", TRUE},
    {"seen", ",", "1", TRUE},
    {"account_facts", ",", "source = '" FACTS_BY_HAND "'", FALSE},
    {"account", ",version,dirty,evaluate_at,", "1", FALSE},
    {"segment_member", ",", "1", TRUE},
    {"alert_cause", ",", "1", TRUE},
    {"call", ",", "1", TRUE},
    {"account_mark", ",", "1", TRUE},
};

/* ---- what falls ---- */

void
retraction_clear(struct retraction *r)
{
    g_clear_pointer(&r->events, g_array_unref);
    g_clear_pointer(&r->accounts, g_array_unref);
    g_clear_pointer(&r->drafts, g_array_unref);
    g_clear_pointer(&r->sent, g_array_unref);
}

/* Facts, and what is judged again: a step that waited must be known to have waited, or it would seem late. */
static gboolean
stays(const char *kind, const char *step_state)
{
    static const char *const kept[] = {"sent",
                                       "hand_sent",
                                       "unknown",
                                       "settled",
                                       "bounced",
                                       "stopped",
                                       "step_failed",
                                       "draft_approved",
                                       "draft_rejected",
                                       "draft_edited",
                                       "draft_made",
                                       "draft_returned",
                                       "draft_withdrawn",
                                       NULL};
    if (strcmp(kind, "step_changed") == 0)
        return !step_state || !step_state_is_final(step_state_parse(step_state));
    return g_strv_contains(kept, kind);
}

static void
add_once(GArray *ids, gint64 id)
{
    for (guint i = 0; i < ids->len; i++)
        if (g_array_index(ids, gint64, i) == id)
            return;
    g_array_append_val(ids, id);
}

static gboolean
collect_from(struct store *db, gint64 root, struct retraction *out, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db,
        "WITH RECURSIVE falls(id) AS (VALUES(?1) UNION SELECT e.id FROM event e JOIN falls f ON e.cause = "
        "f.id)"
        " SELECT e.id, e.account_id, e.kind, e.data ->> 'state' AS state, COALESCE(e.data ->> 'message', 0) "
        "AS"
        " message, (SELECT m.state FROM message m WHERE m.id = e.data ->> 'message') AS message_state"
        " FROM falls f JOIN event e ON e.id = f.id WHERE e.id NOT IN (SELECT event_id FROM retracted) ORDER "
        "BY e.id",
        error, "i", root);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        const char *kind = query_text(q, "kind"), *state = query_text(q, "message_state");
        gint64 id = query_int(q, "id");
        if (query_int(q, "account_id"))
            add_once(out->accounts, query_int(q, "account_id"));
        if (state && strcmp(kind, "draft_made") == 0)
            add_once(strcmp(state, "sent") == 0 ? out->sent : out->drafts, query_int(q, "message"));
        if (id == root || !stays(kind, query_text(q, "state")))
            add_once(out->events, id);
    }
    return q && error_pass(error, &local);
}

static gint
compare_ids(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

gboolean
replay_collect(struct store *db, const GArray *roots, struct retraction *out, GError **error)
{
    out->events = g_array_new(FALSE, FALSE, sizeof(gint64));
    out->accounts = g_array_new(FALSE, FALSE, sizeof(gint64));
    out->drafts = g_array_new(FALSE, FALSE, sizeof(gint64));
    out->sent = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < roots->len; i++)
        if (!collect_from(db, g_array_index(roots, gint64, i), out, error)) {
            retraction_clear(out);
            return FALSE;
        }
    g_array_sort(out->events, compare_ids);
    return TRUE;
}

/* ---- tables beside the tables ---- */

static gboolean
run(struct store *db, char *sql, GError **error)
{
    g_autofree char *owned = sql;
    return store_exec(db, owned, error, "");
}

static void
drop_shadows(struct store *db)
{
    for (gsize i = 0; i < G_N_ELEMENTS(projected); i++)
        run(db, g_strdup_printf("DROP TABLE IF EXISTS temp.%s", projected[i].table), NULL);
}

static gboolean
make_shadows(struct store *db, gint64 account_id, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(projected); i++) {
        g_autofree char *sql =
            store_text(db, "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?", error, "t",
                       projected[i].table);
        if (!sql || !run(db, g_strdup_printf("CREATE TEMP %s", sql + strlen("CREATE ")), error))
            return FALSE;
    }
    return run(db,
               g_strdup_printf(
                   "INSERT INTO temp.account SELECT * FROM main.account WHERE id = %" G_GINT64_FORMAT
                   " OR %d",
                   account_id, account_id == 0),
               error) &&
           run(db, g_strdup_printf("UPDATE temp.%s SET sales_engaged = 0, owner = NULL", "account"), error);
}

static gboolean
apply_row(struct store *db, struct query *q, GError **error)
{
    json_error_t where;
    json_t *data = json_loads(query_text(q, "data"), 0, &where);
    g_autofree char *kind = query_dup_text(q, "kind");
    g_autofree char *actor = query_dup_text(q, "actor");
    const struct event event = {.id = query_int(q, "id"),
                                .at_us = query_int(q, "at"),
                                .account_id = query_int(q, "account_id"),
                                .cause = query_int(q, "cause"),
                                .kind = kind,
                                .actor = actor,
                                .data = data};
    gboolean ok = state_apply(db, &event, error);
    json_decref(data);
    return ok;
}

/* Two queries, because one for both cases reads the whole journal for the events of one account. A task that
 * was taken back was there, and was closed; so was one that was moved or closed by what was taken back. */
#define SELECT_JOURNAL(which)                                                                                \
    "SELECT e.id, e.at, e.account_id, e.kind, e.actor, e.cause, e.data FROM main.event e LEFT JOIN "         \
    "main.retracted r ON r.event_id = e.id WHERE (r.event_id IS NULL OR e.kind IN ('task_made', "            \
    "'task_over', 'task_snoozed')) AND " which " ORDER BY e.id"

static gboolean
apply_journal(struct store *db, gint64 account_id, GError **error)
{
    static const char of_account[] = SELECT_JOURNAL("e.account_id = ?1"), of_all[] = SELECT_JOURNAL("?1 = 0");
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(db, account_id ? of_account : of_all, error, "i", account_id);
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        if (!apply_row(db, q, error))
            return FALSE;
    return error_pass(error, &local);
}

static gboolean
copy_back(struct store *db, gint64 account_id, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(projected); i++) {
        const char *table = projected[i].table;
        if (projected[i].copied &&
            (!run(db,
                  g_strdup_printf("DELETE FROM main.%s WHERE account_id = %" G_GINT64_FORMAT, table,
                                  account_id),
                  error) ||
             !run(db, g_strdup_printf("INSERT INTO main.%s SELECT * FROM temp.%s", table, table), error)))
            return FALSE;
    }
    return run(db,
               g_strdup_printf(
                   "UPDATE main.%s SET dirty = 1, version = version + 1,"
                   " (sales_engaged, owner) = (SELECT t.sales_engaged, t.owner FROM temp.account t WHERE "
                   "t.id = account.id) WHERE id = %" G_GINT64_FORMAT,
                   "account", account_id),
               error);
}

gboolean
replay_accounts(struct store *db, const GArray *accounts, GError **error)
{
    for (guint i = 0; i < accounts->len; i++) {
        gint64 id = g_array_index(accounts, gint64, i);
        gboolean ok = make_shadows(db, id, error) && apply_journal(db, id, error) && copy_back(db, id, error);
        drop_shadows(db);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* ---- proof ---- */

/* The columns of a table that must agree, and the same for people: "state = 'sent', …". */
static gboolean
read_columns(struct store *db, gsize i, GString *columns, GString *shown, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(db, "SELECT name FROM pragma_table_info(?, 'main')", error, "t", projected[i].table);
    while (q && query_next(q, &local)) {
        g_autofree char *name = query_dup_text(q, "name");
        g_autofree char *marked = g_strdup_printf(",%s,", name);
        if (strstr(projected[i].left_out, marked))
            continue;
        g_string_append_printf(columns, "%s%s", columns->len ? ", " : "", name);
        g_string_append_printf(shown, "%s'%s%s = ' || quote(%s)", shown->len ? " || " : "",
                               shown->len ? ", " : "", name, name);
    }
    return q && error_pass(error, &local);
}

static gboolean
compare_table(struct store *db, gsize i, GPtrArray *differences, GError **error)
{
    static const char *const says[] = {"the table says", "the journal says"};
    const char *table = projected[i].table;
    g_autoptr(GString) columns = g_string_new(NULL);
    g_autoptr(GString) shown = g_string_new(NULL);
    if (!read_columns(db, i, columns, shown, error))
        return FALSE;
    for (int journal = 0; journal < 2; journal++) {
        g_autofree char *sql = g_strdup_printf("SELECT %s AS line FROM (SELECT %s FROM %s.%s WHERE %s EXCEPT "
                                               "SELECT %s FROM %s.%s WHERE %s) LIMIT %u",
                                               shown->str, columns->str, journal ? "temp" : "main", table,
                                               projected[i].rows, columns->str, journal ? "main" : "temp",
                                               table, projected[i].rows, MAX_DIFFERENCES);
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q = store_query(db, sql, error, "");
        while (q && query_next(q, &local))
            g_ptr_array_add(differences,
                            g_strdup_printf("%s: %s: %s", table, says[journal], query_text(q, "line")));
        if (!q || !error_pass(error, &local))
            return FALSE;
    }
    return TRUE;
}

gboolean
replay_verify(struct store *db, GPtrArray **differences, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    gboolean ok = make_shadows(db, 0, error) && apply_journal(db, 0, error);
    for (gsize i = 0; ok && i < G_N_ELEMENTS(projected); i++)
        ok = compare_table(db, i, found, error);
    drop_shadows(db);
    if (ok)
        *differences = g_steal_pointer(&found);
    return ok;
}
