/* See queue_mail.h. */
#include "service/queue_mail.h"

#include "base/error.h"

static gboolean
load(struct store *db, const char *sql, gint64 account_id, gboolean incoming, struct queue_mail *last,
     GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(db, sql, error, "i", account_id);
    if (q && query_next(q, &local) && query_int(q, "at") > last->at_us) {
        g_free(last->what);
        g_free(last->subject);
        *last = (struct queue_mail){.at_us = query_int(q, "at"),
                                    .incoming = incoming,
                                    .what = query_dup_text(q, "what"),
                                    .subject = query_dup_text(q, "subject")};
    }
    return q && error_pass(error, &local);
}

gboolean
queue_mail_last(struct store *db, gint64 account_id, struct queue_mail *last, GError **error)
{
    *last = (struct queue_mail){0};
    return load(db,
                "SELECT at, COALESCE(data ->> 'step', 'by hand') AS what, data ->> 'subject' AS subject FROM "
                "event WHERE account_id = ? AND kind IN ('sent', 'hand_sent') AND id NOT IN (SELECT event_id "
                "FROM retracted) ORDER BY id DESC LIMIT 1",
                account_id, FALSE, last, error) &&
           load(db,
                "SELECT at, class AS what, subject FROM inbound WHERE account_id = ? AND class IN ('reply', "
                "'booking', 'opt_out') AND same_as IS NULL ORDER BY id DESC LIMIT 1",
                account_id, TRUE, last, error);
}
