/* The send ledger.
 *
 *              claim              begin                     2xx
 *   queued ───────────▶ claimed ───────────▶ transmitting ───────▶ sent
 *     ▲  ▲                │ │ │               │   │ │ │     5xx      ▲
 *     │  └─ given back ◀──┘ │ │ refused       │   │ │ └──────────▶ refused
 *     │                     │ └─ before its ──┼───┼─┼────────────▶   "
 *     │                     │    body, 5xx    │   │ │ 4xx
 *     │                     └─ before, 4xx ───┼───┼─┴────────────▶ deferred ──claim──▶ claimed
 *     └──── nothing of the body left, or ─────┘   │
 *     ▲     the mailbox itself was refused        └─ no answer ──▶ unknown ──evidence, a person──▶ sent
 *     │                                                              │
 *     └────────────────────── a person: not sent ◀───────────────────┘
 *   queued, claimed, deferred ──▶ withdrawn ──approved again──▶ queued
 *
 * The database knows these arrows (trigger delivery_legal), refuses any other, and keeps each one taken with
 * its evidence (delivery_move). usher-ledger(7) tells the same to people; tests/unit/outbox_edges.c walks it.
 *
 * Invariants: "transmitting" is committed before the first byte of a body leaves; only transmitting becomes
 * unknown, and only while it holds no answer (code is NULL from ledger_begin() to ledger_note_sent()); an
 * unknown delivery is never queued by the program itself. A message's `sent` event is recorded once, when its
 * first To is accepted. A deferral after retry_for counts as a refusal. */
#include "outbox/ledger.h"

#include "base/clock.h"
#include "base/error.h"
#include "outbox/ledger_parts.h"

#include <string.h>

#define CLAIM_MAX_AGE_US (5 * CLOCK_MINUTE_US) /* what the claim looked at is true no longer than this */

const char *const delivery_state_names[DELIVERY_STATE_COUNT] = {
    [DELIVERY_QUEUED] = "queued",
    [DELIVERY_CLAIMED] = "claimed",
    [DELIVERY_TRANSMITTING] = "transmitting",
    [DELIVERY_SENT] = "sent",
    [DELIVERY_REFUSED] = "refused",
    [DELIVERY_DEFERRED] = "deferred",
    [DELIVERY_UNKNOWN] = "unknown",
    [DELIVERY_WITHDRAWN] = "withdrawn",
};

gboolean
smtp_code_is_dead_address(int code, const char *enhanced)
{
    static const char *const dead[] = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", NULL};
    return code >= 500 && code < 600 && enhanced && g_strv_contains(dead, enhanced);
}

gboolean
ledger_record(struct ledger *l, gint64 message_id, gint64 now_us, const char *kind, json_t *data,
              GError **error)
{
    scoped(query_end) struct query *q = store_query(
        l->db, "SELECT account_id, sequence, step FROM message WHERE id = ?", error, "i", message_id);
    if (!q || !query_next(q, error)) {
        json_decref(data);
        return FALSE;
    }
    json_object_set_new(data, "message", json_integer(message_id));
    json_object_set_new(data, "sequence", json_string(query_text(q, "sequence")));
    json_object_set_new(data, "step", json_string(query_text(q, "step")));
    struct event event = {.at_us = now_us,
                          .account_id = query_int(q, "account_id"),
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = l->policy->sink.record(l->policy->sink.user, l->db, &event, error);
    json_decref(data);
    return ok;
}

gboolean
ledger_make_task(struct ledger *l, gint64 message_id, gint64 now_us, const char *kind, const char *title,
                 gint64 due_us, GError **error)
{
    return ledger_record(
        l, message_id, now_us, "task_made",
        json_pack("{s:s, s:s, s:I}", "task", kind, "title", title, "due_at", (json_int_t)due_us), error);
}

char *
ledger_unknown_title(gint64 message_id)
{
    return g_strdup_printf("Was message %" G_GINT64_FORMAT
                           " delivered? Its server never answered; look, then `usher "
                           "settle`",
                           message_id);
}

gboolean
outbox_enqueue(struct store *db, gint64 message_id, gint64 not_before_us, gint64 now_us, GError **error)
{
    return store_exec(db,
                      "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at)"
                      " SELECT m.id, m.mailbox, r.value ->> 'address', r.value ->> 'field', 'queued', ?, ?"
                      " FROM message m, json_each(m.recipients) r WHERE m.id = ?"
                      " ON CONFLICT(message_id, address) DO UPDATE SET state = 'queued', next_at = "
                      "excluded.next_at, at = excluded.at, attempts = 0,"
                      " field = excluded.field, mailbox = excluded.mailbox, code = NULL, enhanced = NULL, "
                      "text = NULL, host = NULL"
                      " WHERE state = 'withdrawn'",
                      error, "iii", not_before_us, now_us, message_id);
}

gboolean
outbox_withdraw(struct store *db, gint64 message_id, gint64 now_us, gboolean *gone, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 begun = store_int(
        db,
        "SELECT COUNT(*) FROM delivery WHERE message_id = ? AND state IN ('transmitting', 'sent', 'unknown')",
        0, &local, "i", message_id);
    if (!error_pass(error, &local))
        return FALSE;
    *gone = begun == 0;
    return !*gone || store_exec(db,
                                "UPDATE delivery SET state = 'withdrawn', at = ? WHERE message_id = ? AND "
                                "state IN ('queued', 'claimed', 'deferred')",
                                error, "ii", now_us, message_id);
}

gboolean
outbox_reconsider(struct store *db, gint64 account_id, gint64 now_us, GError **error)
{
    return store_exec(db,
                      "UPDATE delivery SET next_at = ?1 WHERE state = 'queued' AND next_at > ?1 AND "
                      "message_id IN (SELECT id FROM message WHERE account_id = ?2)",
                      error, "ii", now_us, account_id);
}

gboolean
outbox_withdraw_unfit(struct store *db, gint64 message_id, gint64 now_us, gint64 *left, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!store_exec(db,
                    "UPDATE delivery SET state = 'withdrawn', text = 'not to be written to any more', at = ? "
                    "WHERE message_id = ?"
                    " AND state IN ('queued', 'deferred') AND (EXISTS (SELECT 1 FROM suppression s WHERE "
                    "s.address = delivery.address"
                    "  OR s.address = '@' || substr(delivery.address, instr(delivery.address, '@') + 1))"
                    " OR NOT EXISTS (SELECT 1 FROM contact c JOIN message m ON m.account_id = c.account_id"
                    "  WHERE m.id = delivery.message_id AND c.address = delivery.address AND NOT c.absent))",
                    error, "ii", now_us, message_id))
        return FALSE;
    *left = store_int(
        db, "SELECT COUNT(*) FROM delivery WHERE message_id = ? AND state IN ('queued', 'deferred')", 0,
        &local, "i", message_id);
    return error_pass(error, &local);
}

gboolean
ledger_forget_date(struct ledger *l, gint64 message_id, GError **error)
{
    return store_exec(l->db,
                      "UPDATE message SET date_at = NULL WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM "
                      "delivery WHERE message_id = ?1 AND attempts > 0)",
                      error, "i", message_id);
}

/* ---- transmission ---- */

gboolean
ledger_begin(struct ledger *l, struct claim *c, gint64 now_us, GError **error)
{
    for (guint i = 0; i < c->deliveries->len; i++) {
        if (!store_exec(
                l->db,
                "UPDATE delivery SET state = 'transmitting', code = NULL, at = ? WHERE id = ? AND state "
                "= 'claimed' AND owner = ? AND at BETWEEN ? AND ?"
                " AND account_version = (SELECT a.version FROM account a JOIN message m ON m.account_id = "
                "a.id"
                " WHERE m.id = delivery.message_id AND m.state IN ('queued', 'sent'))",
                error, "iitii", now_us, g_array_index(c->deliveries, gint64, i), l->owner,
                now_us - CLAIM_MAX_AGE_US,
                now_us + CLAIM_MAX_AGE_US)) /* beyond that the clock was set back */
            return FALSE;
        if (store_changes(l->db) == 1)
            continue;
        g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP,
                    "message %" G_GINT64_FORMAT
                    ": its account changed since it was claimed, or the claim is too old",
                    c->message_id);
        return FALSE;
    }
    return TRUE;
}

gboolean
ledger_note_sent(struct ledger *l, struct claim *c, const struct smtp_outcome *outcomes, const char *host,
                 gint64 now_us, GError **error)
{
    for (guint i = 0; i < c->addresses->len; i++)
        if (!store_exec(l->db,
                        "UPDATE delivery SET code = ?, enhanced = ?, text = ?, host = ?, at = ?"
                        " WHERE id = ? AND state = 'transmitting'",
                        error, "itttii", (gint64)outcomes[i].code, outcomes[i].enhanced, outcomes[i].text,
                        host, now_us, g_array_index(c->deliveries, gint64, i)))
            return FALSE;
    return TRUE;
}

gboolean
ledger_unclaim(struct ledger *l, struct claim *c, gint64 now_us, GError **error)
{
    return store_exec(l->db,
                      "UPDATE delivery SET state = 'queued', owner = NULL, attempts = attempts - 1, at = ?,"
                      " code = NULL, host = NULL, text = 'given back: the session ended before its turn'"
                      " WHERE message_id = ? AND state = 'claimed' AND owner = ?",
                      error, "iit", now_us, c->message_id, l->owner) &&
           ledger_forget_date(l, c->message_id, error);
}

gboolean
ledger_tell_due(struct ledger *l, const char *reason, gint64 now_us, GError **error)
{
    return store_exec(
        l->db,
        "UPDATE delivery SET code = NULL, enhanced = NULL, text = ?1, host = ?2 WHERE mailbox = ?3"
        " AND state IN ('queued', 'deferred') AND state = 'queued' AND next_at <= ?4 AND (text IS NOT ?1 OR "
        "host IS NULL)", /* the first term is the index's */
        error, "ttti", reason, l->mailbox->smtp.host, l->mailbox->name, now_us);
}

/* ---- the message as a whole ---- */

/* The names of the findings that the mail tells for the first time. */
static json_t *
told_first(const char *told)
{
    json_t *all = json_loads(told, 0, NULL), *names = json_array(), *finding;
    size_t i;
    json_array_foreach(all, i, finding)
    {
        const json_t *again = json_object_get(finding, "again");
        if (!again || json_is_null(again))
            json_array_append(names, json_object_get(finding, "name"));
    }
    json_decref(all);
    return names;
}

gboolean
ledger_settle_message(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    gint64 settled, to_sent, to_open, follows;
    g_autofree char *state = NULL;
    json_t *data;
    {
        scoped(query_end) struct query *q = store_query(
            l->db,
            "SELECT m.state, m.subject, m.message_id, m.specialist, m.mailbox, m.template, "
            "m.follows, m.automatic, m.approved_at, MAX(d.redirected_to) AS redirected_to, "
            "m.told,"
            " SUM(d.state = 'sent' OR d.state = 'refused') AS settled, SUM(d.field = 'to' AND d.state = "
            "'sent') AS to_sent,"
            " SUM(d.field = 'to' AND d.state <> 'sent' AND d.state <> 'refused' AND d.state <> "
            "'withdrawn') AS to_open"
            " FROM message m JOIN delivery d ON d.message_id = m.id WHERE m.id = ?",
            error, "i", message_id);
        if (!q || !query_next(q, error))
            return FALSE;
        state = query_dup_text(q, "state");
        settled = query_int(q, "settled");
        to_sent = query_int(q, "to_sent");
        to_open = query_int(q, "to_open");
        follows = query_int(q, "follows");
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I}", "subject", query_text(q, "subject"),
                         "message_id", query_text(q, "message_id"), "specialist", query_text(q, "specialist"),
                         "mailbox", query_text(q, "mailbox"), "template", query_text(q, "template"), "opens",
                         follows == 0, "approved_at",
                         (json_int_t)(query_int(q, "automatic") ? 0 : query_int(q, "approved_at")));
        json_object_set_new(data, "findings", told_first(query_text(q, "told")));
        if (query_text(q, "redirected_to"))
            json_object_set_new(data, "redirected_to", json_string(query_text(q, "redirected_to")));
    }
    gboolean ok = TRUE;
    g_autofree char *title =
        g_strdup_printf("Message %" G_GINT64_FORMAT " reached none of its To recipients", message_id);
    if (to_sent > 0 && strcmp(state, "queued") == 0)
        ok = store_exec(l->db, "UPDATE message SET state = 'sent', copy = ? WHERE id = ?", error, "ti",
                        /* of a redirected mail there is no copy that says where it really went */
                        l->mailbox && l->mailbox->sent_copy == SENT_COPY_APPEND &&
                                !json_object_get(data, "redirected_to")
                            ? "wanted"
                            : NULL,
                        message_id) &&
             ledger_record(l, message_id, now_us, "sent", json_incref(data), error);
    if (ok && settled > 0 && to_sent == 0 && to_open == 0 && strcmp(state, "queued") == 0)
        ok = store_exec(l->db, "UPDATE message SET state = 'failed' WHERE id = ?", error, "i", message_id) &&
             ledger_record(l, message_id, now_us, "step_failed",
                           json_pack("{s:s}", "reason", "no To recipient could be reached"), error) &&
             ledger_make_task(l, message_id, now_us, "mail_refused", title, now_us, error);
    json_decref(data);
    return ok;
}

gboolean
ledger_abandon(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    return store_exec(l->db,
                      "UPDATE delivery SET state = 'withdrawn', at = ? WHERE message_id = ? AND state IN "
                      "('queued', 'deferred')",
                      error, "ii", now_us, message_id) &&
           ledger_settle_message(l, message_id, now_us, error);
}

gint64
ledger_next_due_us(struct ledger *l, GError **error)
{
    return store_int(
        l->db, /* a changed configuration has all that waits looked at again: next_at 0 */
        "SELECT MAX(MIN(next_at), 1) FROM delivery WHERE mailbox = ? AND state IN ('queued', 'deferred')", 0,
        error, "t", l->mailbox->name);
}
