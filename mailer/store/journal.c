/* Appending to the journal: see journal.h. */
#include "store/journal.h"

#include <stdlib.h>

gboolean
journal_append(struct store *db, struct event *event, GError **error)
{
    char *data = event->data ? json_dumps(event->data, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    gboolean ok = store_exec(db,
                             "INSERT INTO event(at, account_id, kind, actor, cause, data) VALUES(?, "
                             "NULLIF(?, 0), ?, ?, NULLIF(?, 0), ?)",
                             error, "iittit", event->at_us, event->account_id, event->kind, event->actor,
                             event->cause, data ? data : "{}");
    free(data);
    if (ok)
        event->id = store_last_id(db);
    return ok;
}
