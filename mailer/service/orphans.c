/* See orphans.h. Each sender settles what its own mailbox had under way when it starts; under a name that is
 * gone no sender ever starts. */
#include "service/orphans.h"

#include "base/error.h"
#include "outbox/ledger.h"
#include "service/worker.h"

#include <string.h>
#include <unistd.h>

static GPtrArray *
busy_mailboxes(struct store *db, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    /* The condition of the index delivery_busy, word for word; what is unknown already stays so. */
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT DISTINCT mailbox FROM delivery WHERE state IN ('claimed', 'transmitting', "
                    "'unknown') AND state <> 'unknown'",
                    error, "");
    while (q && query_next(q, &local))
        g_ptr_array_add(names, query_dup_text(q, "mailbox"));
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return q && !(error && *error) ? g_steal_pointer(&names) : NULL;
}

static gboolean
settle(struct service *s, char *name, gint64 now_us, GError **error)
{
    g_autoptr(GError) busy = NULL;
    int lock = worker_lock(s->config, "send", name, &busy);
    if (lock < 0 && g_error_matches(busy, USHER_ERROR, USHER_ERROR_TEMP))
        return TRUE; /* its answer may still come */
    if (lock < 0) {
        g_propagate_error(error, g_steal_pointer(&busy));
        return FALSE;
    }
    const struct mailbox gone = {.name = name};
    struct ledger ledger = {.db = s->db, .config = s->config, .mailbox = &gone, .policy = &s->policy};
    gboolean ok = ledger_recover(&ledger, now_us, error);
    close(lock);
    return ok;
}

gboolean
orphans_settle(struct service *s, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) names = busy_mailboxes(s->db, error);
    gboolean ok = names != NULL;
    for (guint i = 0; ok && i < names->len; i++)
        if (!config_mailbox(s->config, names->pdata[i]))
            ok = settle(s, names->pdata[i], now_us, error);
    return ok;
}
