/* Claiming: the last look at what is due, and taking it for this process, in one transaction a group. */
#include "outbox/ledger.h"

#include "base/clock.h"
#include "base/error.h"
#include "outbox/breaker.h"
#include "wire/mime_redirect.h"
#include "wire/mime_write.h"

#include <string.h>

void
claim_free(gpointer data)
{
    struct claim *c = data;
    g_free(c->mail_from);
    g_free(c->redirect_to);
    g_bytes_unref(c->bytes);
    g_ptr_array_unref(c->addresses);
    g_array_unref(c->deliveries);
    g_free(c);
}

static gboolean
postpone(struct ledger *l, gint64 message_id, gint64 not_before_us, const char *reason, gint64 now_us,
         GError **error)
{
    return store_exec(
        l->db,
        "UPDATE delivery SET next_at = ?, text = ?, host = NULL, at = ? WHERE message_id = ? AND state IN "
        "('queued', 'deferred') AND next_at <= ?",
        error, "itiii", MAX(not_before_us, now_us + CLOCK_SECOND_US), reason, now_us, message_id, now_us);
}

static struct claim *
load_claim(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(l->db,
                    "SELECT t.bytes, m.token, m.specialist, m.date_at, (SELECT MAX(d.redirected_to) FROM "
                    "delivery d WHERE "
                    "d.message_id = m.id AND (d.state = 'sent' OR d.state = 'refused' OR d.state = "
                    "'unknown')) AS redirected"
                    " FROM message m JOIN message_text t ON t.message_id = m.id WHERE m.id = ?",
                    error, "i", message_id);
    if (!q || !query_next(q, error))
        return NULL;
    const struct specialist *who = config_specialist(l->config, query_text(q, "specialist"));
    g_autoptr(GBytes) frozen = query_dup_bytes(q, "bytes");
    if (!who || !frozen) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "message %" G_GINT64_FORMAT ": its specialist \"%s\" is not in usher.conf", message_id,
                    query_text(q, "specialist"));
        return NULL;
    }
    gint64 date_us = query_int(q, "date_at") ? query_int(q, "date_at") : now_us;
    g_autoptr(GBytes) bytes = mime_add_date(frozen, date_us, l->config->timezone, error);
    if (!bytes)
        return NULL;
    struct claim *c = g_new0(struct claim, 1);
    c->message_id = message_id;
    const char *at = strrchr(who->address, '@');
    c->mail_from = l->mailbox->plus_addressing ? g_strdup_printf("%.*s+%s%s", (int)(at - who->address),
                                                                 who->address, query_text(q, "token"), at)
                                               : g_strdup(who->address);
    c->bytes = g_steal_pointer(&bytes);
    /* A message that began to be redirected is finished so, whatever usher.conf says by then. */
    c->redirect_to =
        l->config->redirect_all_to ? g_strdup(l->config->redirect_all_to) : query_dup_text(q, "redirected");
    c->addresses = g_ptr_array_new_with_free_func(g_free);
    c->deliveries = g_array_new(FALSE, FALSE, sizeof(gint64));
    return c;
}

static gboolean
redirect(struct claim *c, GError **error)
{
    g_autoptr(GBytes) bytes = mime_redirect(c->bytes, c->redirect_to, c->addresses, error);
    if (!bytes)
        return FALSE;
    g_bytes_unref(c->bytes);
    c->bytes = g_steal_pointer(&bytes);
    return TRUE;
}

/* Who is to be tried now, the To first, and the version of the account as it is. */
static gboolean
load_recipients(struct ledger *l, struct claim *c, gint64 now_us, gint64 *account_version, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(l->db,
                    "SELECT d.id, d.address, a.version FROM delivery d JOIN message m ON m.id = d.message_id "
                    "JOIN account a ON a.id = m.account_id WHERE d.message_id = ? AND d.state IN ('queued', "
                    "'deferred') AND d.next_at <= ? ORDER BY d.field DESC, d.id",
                    &local, "ii", c->message_id, now_us);
    while (q && query_next(q, &local)) {
        gint64 id = query_int(q, "id");
        g_array_append_val(c->deliveries, id);
        g_ptr_array_add(c->addresses, query_dup_text(q, "address"));
        *account_version = query_int(q, "version");
    }
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
mark_claimed(struct ledger *l, struct claim *c, gint64 now_us, GError **error)
{
    gint64 account_version = 0;
    if (!load_recipients(l, c, now_us, &account_version, error))
        return FALSE;
    for (guint i = 0; i < c->deliveries->len; i++)
        if (!store_exec(l->db,
                        "UPDATE delivery SET state = 'claimed', owner = ?, at = ?, redirected_to = ?, "
                        "attempts = attempts + 1, account_version = ? WHERE id = ?",
                        error, "titii", l->owner, now_us, c->redirect_to, account_version,
                        g_array_index(c->deliveries, gint64, i)))
            return FALSE;
    return store_exec(l->db, "UPDATE message SET date_at = ? WHERE id = ? AND date_at IS NULL", error, "ii",
                      now_us, c->message_id) &&
           (!c->redirect_to || !c->addresses->len || redirect(c, error));
}

/* Asks the policy, and claims the message when it may go. *out stays NULL when it may not. */
static gboolean
claim_one(struct ledger *l, gint64 message_id, gint64 now_us, struct claim **out, GError **error)
{
    enum outbox_verdict verdict = OUTBOX_GONE;
    gint64 not_before_us = 0;
    g_autofree char *reason = NULL;
    *out = NULL;
    if (!l->policy->may_send(l->policy->user, l->db, message_id, now_us, &verdict, &not_before_us, &reason,
                             error))
        return FALSE;
    switch (verdict) {
    case OUTBOX_WAIT:
        return postpone(l, message_id, not_before_us, reason, now_us, error);
    case OUTBOX_GONE:
        return ledger_abandon(l, message_id, now_us, error);
    case OUTBOX_SEND:
        break;
    }
    g_autoptr(GError) broken = NULL;
    struct claim *c = load_claim(l, message_id, now_us, &broken);
    if (!c &&
        g_error_matches(broken, USHER_ERROR, USHER_ERROR_CONFIG)) /* the others need not wait for this one */
        return postpone(l, message_id, now_us + CLOCK_HOUR_US, broken->message, now_us, error);
    if (broken)
        g_propagate_error(error, g_steal_pointer(&broken));
    if (!c || !mark_claimed(l, c, now_us, error)) {
        if (c)
            claim_free(c);
        return FALSE;
    }
    *out = c;
    return TRUE;
}

GPtrArray *
ledger_claim(struct ledger *l, guint limit, gint64 now_us, GError **error)
{
    if (!breaker_gate(l, &limit, now_us, error))
        return NULL;
    if (limit == 0)
        return g_ptr_array_new_with_free_func(claim_free);
    g_autoptr(GArray) ids = store_ids(
        l->db,
        /* One message an account: sending the first changes the account, so the second is claimed anew. What
         * was tried comes after what was not: a server that hangs up at one mail keeps no other from its
         * turn. */
        "SELECT MIN(m.id) FROM (SELECT message_id, next_at FROM delivery WHERE mailbox = ? AND state IN "
        "('queued', 'deferred') AND next_at <= ? ORDER BY next_at LIMIT ?) d JOIN message m ON m.id = "
        "d.message_id GROUP BY m.account_id ORDER BY MIN(d.next_at), MIN(m.id)",
        error, "tii", l->mailbox->name, now_us, (gint64)limit * 4);
    if (!ids)
        return NULL;
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func(claim_free);
    for (guint i = 0; i < ids->len && claims->len < limit; i++) {
        struct claim *c;
        if (!claim_one(l, g_array_index(ids, gint64, i), now_us, &c, error))
            return NULL;
        if (c && c->addresses->len)
            g_ptr_array_add(claims, c);
        else if (c)
            claim_free(c);
    }
    return g_steal_pointer(&claims);
}
