/* Which mails make up the conversation. Its opening is the last mail of ours, here or by hand, that opened
 * one and was not about a failed payment; the rest is what refers to it or was sent after it as a follow-up.
 */
#include "compose/thread.h"

#include "base/error.h"
#include "wire/mime_header.h"

#include <string.h>

#define MAX_REFERENCES 20u

void
thread_clear(struct mail_thread *thread)
{
    g_clear_pointer(&thread->subject, g_free);
    g_clear_pointer(&thread->in_reply_to, g_free);
    g_clear_pointer(&thread->references, g_strfreev);
}

/* The event that opened the conversation: 0 when none did. */
static gboolean
find_opening(struct store *db, gint64 account_id, struct mail_thread *out, gint64 *opened_us, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT at, data ->> 'subject' AS subject, data ->> 'message_id' AS message_id FROM standing_event "
        "WHERE "
        "account_id = ?"
        " AND kind IN ('sent', 'hand_sent') AND COALESCE(data ->> 'payment', 0) = 0 AND data ->> 'opens' = 1"
        " ORDER BY id DESC LIMIT 1",
        error, "i", account_id);
    g_autoptr(GError) local = NULL;
    *opened_us = 0;
    if (q && query_next(q, &local)) {
        const char *subject = query_text(q, "subject");
        if (!subject)
            subject = "";
        while (g_ascii_strncasecmp(subject, "Re:", 3) == 0)
            for (subject += 3; *subject == ' ';)
                subject++;
        out->subject = g_strdup(subject);
        out->in_reply_to = query_dup_text(q, "message_id");
        *opened_us = query_int(q, "at");
    }
    return q && error_pass(error, &local);
}

gboolean
thread_load(struct store *db, gint64 account_id, struct mail_thread *out, GError **error)
{
    gint64 opened_us;
    memset(out, 0, sizeof *out);
    if (!find_opening(db, account_id, out, &opened_us, error))
        return FALSE;
    if (!opened_us || !out->in_reply_to)
        return TRUE;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_ptr_array_add(ids, g_strdup(out->in_reply_to));
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT data ->> 'message_id' AS message_id FROM standing_event WHERE account_id = ? AND at >= ?"
        " AND (kind IN ('sent', 'hand_sent', 'replied')) AND COALESCE(data ->> 'payment', 0) = 0"
        " AND COALESCE(data ->> 'opens', 0) = 0 AND data ->> 'message_id' IS NOT NULL ORDER BY at, id",
        error, "ii", account_id, opened_us);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        if (!mime_check_id("References", query_text(q, "message_id"), NULL))
            continue; /* a customer's mail program may have made anything up; ours must pass any server */
        if (ids->len == MAX_REFERENCES) /* the opening stays: RFC 5322 readers find the thread by it */
            g_free(g_ptr_array_remove_index(ids, 1));
        g_ptr_array_add(ids, query_dup_text(q, "message_id"));
    }
    g_free(out->in_reply_to);
    out->in_reply_to = g_strdup(ids->pdata[ids->len - 1]);
    g_ptr_array_add(ids, NULL);
    out->references = (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
    return q && error_pass(error, &local);
}
