/* Batches of accounts, one transaction each: see tick.h. */
#include "service/tick.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "service/drafting.h"
#include "service/files.h"

#include <string.h>

#define BATCH 200u

static gboolean
set_aside(struct service *s, gint64 account_id, gint64 now_us, const GError *problem, GError **error)
{
    g_autofree char *key = store_text(s->db, "SELECT key FROM account WHERE id = ?", NULL, "i", account_id);
    log_problem("account_failed", problem, "account", key ? key : "", NULL);
    if (problem->code == USHER_ERROR_IO || problem->code == USHER_ERROR_TEMP ||
        problem->code == USHER_ERROR_NO_PERMISSION) {
        g_propagate_error(error,
                          g_error_copy(problem)); /* the database itself: nothing else would fare better */
        return FALSE;
    }
    g_autofree char *title =
        g_strdup_printf("The account cannot be brought up to date: %s", problem->message);
    return store_exec(s->db, "UPDATE account SET dirty = 0, evaluate_at = ? WHERE id = ?", error, "ii",
                      now_us + CLOCK_HOUR_US, account_id) &&
           drafting_park_wanted(s, account_id, title, now_us, error) &&
           service_task_once(s, account_id, now_us, "account_failed", title, error);
}

gboolean
tick_accounts(struct service *s, const GArray *ids, gint64 now_us, GError **error)
{
    if (!store_begin(s->db, error))
        return FALSE;
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        g_autoptr(GError) local = NULL;
        if (store_savepoint(s->db, &local) && service_advance(s, id, now_us, &local) &&
            store_savepoint_keep(s->db, &local))
            continue;
        /* One account's trouble is its own: it is undone, told, and looked at again in an hour. */
        store_savepoint_undo(s->db);
        if (!set_aside(s, id, now_us, local, error)) {
            store_rollback(s->db);
            return FALSE;
        }
    }
    progress_tell();
    return store_commit(s->db, error);
}

gboolean
tick_run(struct service *s, gint64 now_us, const volatile gboolean *stop, guint *count, GError **error)
{
    if (count)
        *count = 0;
    /* An account is looked at twice at the most (an act may have come between), whatever its rows say. */
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    while (!(stop && *stop)) {
        g_autoptr(GArray) ids = pipeline_pending(s->db, now_us, BATCH, error);
        if (!ids)
            return FALSE;
        for (guint i = ids->len; i-- > 0;) {
            gint64 id = g_array_index(ids, gint64, i);
            guint times = GPOINTER_TO_UINT(g_hash_table_lookup(seen, &id));
            if (times >= 2)
                g_array_remove_index(ids, i);
            else
                g_hash_table_insert(seen, g_memdup2(&id, sizeof id), GUINT_TO_POINTER(times + 1));
        }
        if (ids->len == 0)
            return TRUE;
        if (!tick_accounts(s, ids, now_us, error))
            return FALSE;
        if (count)
            *count += ids->len;
    }
    return TRUE;
}

gboolean
tick_refresh(struct service *s, GError **error)
{
    g_autofree char *hash = files_hash(s->config);
    g_autofree char *before = store_meta(s->db, "program_hash", NULL);
    if (g_strcmp0(before, hash) == 0)
        return store_exec(
            s->db,
            "UPDATE account SET dirty = 1 WHERE id IN (SELECT account_id FROM step WHERE state = 'waiting')",
            error, "");
    if (store_begin(s->db, error) && store_exec(s->db, "UPDATE account SET dirty = 1", error, "") &&
        /* Hours, caps or nets may have changed: what waits for them is looked at again. */
        store_exec(s->db, "UPDATE delivery SET next_at = 0 WHERE state = 'queued'", error, "") &&
        store_set_meta(s->db, "program_hash", hash, error) && store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    return FALSE;
}
