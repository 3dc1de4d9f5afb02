/* See desk.h. */
#include "service/desk.h"

#include "base/error.h"

#include <string.h>

static void
desk_draft_free(gpointer data)
{
    struct desk_draft *d = data;
    g_free(d->account);
    g_free(d->step);
    g_free(d->subject);
    g_free(d->specialist);
    g_free(d->reason);
    g_free(d->revised_by);
    g_free(d->renewal);
    g_free(d->held);
    g_free(d->first_by);
    g_free(d);
}

static const char sql[] =
    /* The renewal date may come from any source; the newest that has it wins, as in fact_row_load(). Of
     * several holds the one that lasts longest is told. */
    "SELECT m.id, m.revision, m.account_id, m.step, m.subject, m.specialist, m.state, m.edited, m.reason, "
    "m.revised_by, m.created_at, m.first_by, m.first_revision, a.key, p.due_at, h.reason AS held, h.until,"
    " (SELECT f.facts ->> 'next_renewal' FROM account_facts f WHERE f.account_id = m.account_id AND f.facts "
    "->> 'next_renewal' IS NOT NULL ORDER BY f.as_of DESC LIMIT 1) AS renewal"
    " FROM message m JOIN account a ON a.id = m.account_id"
    " LEFT JOIN step p ON p.account_id = m.account_id AND p.sequence = m.sequence AND p.step = m.step"
    " LEFT JOIN review_seen v ON v.who = ?4 AND v.message_id = m.id AND v.revision = m.revision"
    " LEFT JOIN hold h ON h.id = (SELECT x.id FROM hold x WHERE x.account_id = m.account_id AND (x.until IS "
    "NULL OR x.until > ?1) ORDER BY x.until IS NULL DESC, x.until DESC LIMIT 1)"
    " WHERE m.state IN ('waiting', 'changed') AND (?2 = 0 OR m.account_id = ?2) AND (?3 IS NULL OR "
    "m.specialist = ?3)"
    " ORDER BY v.turn IS NOT NULL, v.turn, renewal IS NULL, renewal, m.id";

static struct desk_draft *
read_row(const struct service *s, struct query *q)
{
    struct desk_draft *d = g_new0(struct desk_draft, 1);
    d->id = query_int(q, "id");
    d->revision = query_int(q, "revision");
    d->account_id = query_int(q, "account_id");
    d->account = query_dup_text(q, "key");
    d->step = query_dup_text(q, "step");
    d->subject = query_dup_text(q, "subject");
    d->specialist = query_dup_text(q, "specialist");
    d->changed = strcmp(query_text(q, "state"), "changed") == 0;
    d->edited = query_int(q, "edited") != 0;
    d->reason = query_dup_text(q, "reason");
    d->revised_by = query_dup_text(q, "revised_by");
    d->created_us = query_int(q, "created_at");
    d->due_us = query_int(q, "due_at");
    d->renewal = query_dup_text(q, "renewal");
    d->held = query_dup_text(q, "held");
    d->held_until_us = query_int(q, "until");
    if (s->config->second_approval && query_int(q, "first_revision") == d->revision)
        d->first_by = query_dup_text(q, "first_by");
    return d;
}

GPtrArray *
desk_load(struct service *s, const struct desk_filter *filter, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) drafts = g_ptr_array_new_with_free_func(desk_draft_free);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(s->db, sql, error, "iitt", now_us, filter->account_id,
                                                    filter->specialist, filter->reviewer);
    while (q && query_next(q, &local))
        g_ptr_array_add(drafts, read_row(s, q));
    return q && error_pass(error, &local) ? g_steal_pointer(&drafts) : NULL;
}

gboolean
desk_pass(struct service *s, const char *reviewer, gint64 draft_id, gint64 revision, GError **error)
{
    return store_exec(
        s->db,
        "INSERT OR REPLACE INTO review_seen(who, message_id, revision, turn) SELECT ?1, ?2, ?3, "
        "1 + COALESCE(MAX(turn), 0) FROM review_seen WHERE who = ?1",
        error, "tii", reviewer, draft_id, revision);
}

gint64
desk_passed(struct service *s, const char *reviewer, gint64 draft_id)
{
    return store_int(s->db, "SELECT revision FROM review_seen WHERE who = ? AND message_id = ?", 0, NULL,
                     "ti", reviewer, draft_id);
}
