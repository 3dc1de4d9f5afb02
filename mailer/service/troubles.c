/* See troubles.h. The lines are for people who look at the day or at the outbox; who asks about one account
 * is told by why.c. */
#include "service/troubles.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "outbox/breaker.h"
#include "service/clone_guard.h"

#include <string.h>

/* A mail that could not leave is tried again after a minute, and is no less in trouble meanwhile. */
#define AGAIN_US (2 * CLOCK_MINUTE_US)

static gboolean
add_unusable(struct service *s, const struct mailbox *m, gint64 now_us, GPtrArray *lines, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT text, COUNT(DISTINCT message_id) AS mails FROM delivery WHERE mailbox = ? AND state "
        "IN ('queued', 'deferred') AND state = 'queued' AND next_at <= ? AND host IS NOT NULL AND text IS "
        "NOT NULL"
        " GROUP BY text ORDER BY mails DESC, text LIMIT 1",
        error, "ti", m->name, now_us + AGAIN_US);
    if (!q)
        return FALSE;
    if (query_next(q, &local)) {
        gint64 mails = query_int(q, "mails");
        g_ptr_array_add(lines, g_strdup_printf("mailbox %s: %" G_GINT64_FORMAT " mail%s could not leave: %s",
                                               m->name, mails, mails == 1 ? "" : "s", query_text(q, "text")));
    }
    return error_pass(error, &local);
}

static gboolean
add_unread(struct service *s, const struct mailbox *m, GPtrArray *lines, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        s->db, "SELECT problem, problem_at FROM mailbox_state WHERE mailbox = ? AND problem IS NOT NULL",
        error, "t", m->name);
    if (!q)
        return FALSE;
    if (query_next(q, &local)) {
        g_autofree char *since = zone_format(s->config->timezone, query_int(q, "problem_at"));
        since[strlen("2026-12-21 09:00")] = '\0';
        g_ptr_array_add(lines, g_strdup_printf("mailbox %s cannot be read since %s: %s", m->name, since,
                                               query_text(q, "problem")));
    }
    return error_pass(error, &local);
}

GPtrArray *
service_troubles(struct service *s, gint64 now_us, GError **error)
{
    GError *local = NULL;
    g_autoptr(GPtrArray) lines = service_halts(s, error);
    if (!lines)
        return NULL;
    for (guint i = 0; i < s->config->mailboxes->len; i++) {
        const struct mailbox *m = s->config->mailboxes->pdata[i];
        scoped(breaker_stop_clear) struct mailbox_stop stop = {0};
        if (!breaker_load(s->db, m->name, &stop, &local) ||
            (stop.kind == STOP_NONE && !add_unusable(s, m, now_us, lines, &local)) ||
            !add_unread(s, m, lines, &local)) {
            g_propagate_error(error, local);
            return NULL;
        }
    }
    return g_steal_pointer(&lines);
}
