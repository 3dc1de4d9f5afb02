/* Evidence about unknown deliveries: see settlement.h.
 *
 * Invariants: settling only ever goes from unknown; the program itself only ever settles to sent; each
 * settlement is in the journal with what proved it. */
#include "outbox/settlement.h"

#include "base/clock.h"
#include "base/error.h"
#include "outbox/ledger_parts.h"

#include <string.h>

static gboolean
is_mail_in(const char *kind)
{
    static const char *const kinds[] = {"replied",         "auto_replied", "booked",
                                        "booking_changed", "opted_out",    NULL};
    return g_strv_contains(kinds, kind);
}

/* Only keys that nobody has who did not get the mail: a match by address alone says nothing. */
static gboolean
is_sure_match(const char *matched_by)
{
    static const char *const sure[] = {"thread", "token", "returned message", NULL};
    return matched_by && g_strv_contains(sure, matched_by);
}

/* Closes the task once nothing of the message is unknown any more. */
static gboolean
close_task(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 left = store_int(l->db, "SELECT COUNT(*) FROM delivery WHERE message_id = ? AND state = 'unknown'",
                            0, &local, "i", message_id);
    g_autofree char *title = ledger_unknown_title(message_id);
    gint64 open =
        local ? 0
              : store_int(l->db,
                          "SELECT COUNT(*) FROM task t JOIN message m ON m.account_id = t.account_id WHERE "
                          "m.id = ? AND t.title = ? AND t.done_at IS NULL",
                          0, &local, "it", message_id, title);
    if (!error_pass(error, &local))
        return FALSE;
    return left > 0 || !open ||
           ledger_record(l, message_id, now_us, "task_over",
                         json_pack("{s:s, s:s}", "task", "unknown_delivery", "title", title), error);
}

/* ---- by evidence ---- */

/* One proof and the deliveries it settles: those that the condition, given ?4 and ?5, selects. */
struct proof {
    const char *evidence; /* "copy", "report", "reply" */
    const char *condition;
    const char *address; /* ?4 */
    gint64 at_us;        /* ?5 */
    gint64 inbound_id;
};

#define TOLD_OF "address = ?4 AND ?5"
/* Somebody else answered, so it arrived with somebody; that says who only where nobody else may have it. */
#define ONLY_UNKNOWN                                                                                         \
    "(address = ?4 OR (NOT EXISTS (SELECT 1 FROM delivery o WHERE o.message_id = ?3 AND o.address = ?4) "    \
    "AND "                                                                                                   \
    "?5 >= begun AND (SELECT COUNT(*) FROM delivery o WHERE o.message_id = ?3 AND o.state IN ('unknown', "   \
    "'sent')) = 1))"
/* A copy belongs to one transmission: the last that had begun by then. The message may have been transmitted
 * for another recipient before or after; only where it was once does the copy's clock not matter. */
#define OF_ITS_TRANSMISSION                                                                                  \
    "?4 IS NULL AND (SELECT COUNT(DISTINCT v.at) = 1 OR begun = MAX(CASE WHEN v.at / 1000000 * 1000000 <= "  \
    "?5 "                                                                                                    \
    "THEN v.at / 1000000 * 1000000 END) FROM delivery o JOIN delivery_move v ON v.delivery_id = o.id WHERE " \
    "o.message_id = ?3 AND v.to_state = 'transmitting')"
/* begun is the second in which its last transmission began: mailboxes tell time in whole seconds. */
#define SETTLE(condition)                                                                                    \
    "UPDATE delivery SET state = 'sent', owner = NULL, next_at = ?1, at = ?1, code = NULL, enhanced = "      \
    "NULL, host = "                                                                                          \
    "NULL, text = ?2 WHERE id IN (SELECT id FROM (SELECT id, address, (SELECT MAX(v.at) / 1000000 * "        \
    "1000000 FROM "                                                                                          \
    "delivery_move v WHERE v.delivery_id = d.id AND v.to_state = 'transmitting') AS begun FROM delivery d "  \
    "WHERE "                                                                                                 \
    "d.message_id = ?3 AND d.state = 'unknown') WHERE " condition ")"

static gboolean
settle_by(struct ledger *l, gint64 message_id, const struct proof *proof, gint64 now_us, GError **error)
{
    g_autofree char *text = proof->inbound_id
                                ? g_strdup_printf("proved by a %s, inbound mail %" G_GINT64_FORMAT,
                                                  proof->evidence, proof->inbound_id)
                                : g_strdup_printf("proved by a %s", proof->evidence);
    if (!store_exec(l->db, proof->condition, error, "ititi", now_us, text, message_id, proof->address,
                    proof->at_us))
        return FALSE;
    gint64 n = store_changes(l->db);
    if (n == 0)
        return TRUE;
    json_t *data =
        json_pack("{s:b, s:s, s:s, s:I, s:I}", "sent", 1, "by", "usher", "evidence", proof->evidence,
                  "inbound", (json_int_t)proof->inbound_id, "recipients", (json_int_t)n);
    if (proof->address)
        json_object_set_new(data, "address", json_string(proof->address));
    return ledger_record(l, message_id, now_us, "settled", data, error) &&
           close_task(l, message_id, now_us, error) && ledger_settle_message(l, message_id, now_us, error);
}

/* What an event proves about the message it names; condition NULL when nothing. */
static struct proof
proof_of(const char *kind, const json_t *data, gint64 at_us)
{
    const char *address = json_string_value(json_object_get(data, "address"));
    const char *by = json_string_value(json_object_get(data, "matched_by"));
    struct proof proof = {.at_us = at_us, .inbound_id = json_integer_value(json_object_get(data, "inbound"))};
    if (strcmp(kind, "copy_seen") == 0) {
        proof.evidence = "copy in Sent";
        proof.condition = SETTLE(OF_ITS_TRANSMISSION);
    } else if (strcmp(kind, "bounced") == 0 && address && is_sure_match(by)) {
        proof.evidence = "delivery report";
        proof.condition = SETTLE(TOLD_OF);
        proof.address = address;
    } else if (is_mail_in(kind) && address && is_sure_match(by)) {
        proof.evidence = "reply";
        proof.condition = SETTLE(ONLY_UNKNOWN);
        proof.address = address;
    }
    return proof;
}

gboolean
settlement_follow(struct store *db, const struct config *config, const struct outbox_policy *policy,
                  const struct event *event, GError **error)
{
    gint64 message_id = json_integer_value(json_object_get(event->data, "message"));
    struct proof proof = message_id ? proof_of(event->kind, event->data, event->at_us) : (struct proof){0};
    if (!proof.condition)
        return TRUE;
    g_autoptr(GError) local = NULL;
    g_autofree char *name = store_text(
        db,
        "SELECT mailbox FROM message WHERE id = ?1 AND EXISTS (SELECT 1 FROM delivery WHERE message_id = "
        "?1 AND state = 'unknown')",
        &local, "i", message_id);
    if (!error_pass(error, &local))
        return FALSE;
    struct ledger l = {
        .db = db, .config = config, .mailbox = name ? config_mailbox(config, name) : NULL, .policy = policy};
    return !name || settle_by(&l, message_id, &proof, clock_now_us(), error);
}

/* An event read back from the journal. */
struct told {
    char *kind;
    json_t *data;
    gint64 at_us;
};

static void
told_free(gpointer pointer)
{
    struct told *t = pointer;
    g_free(t->kind);
    json_decref(t->data);
    g_free(t);
}

gboolean
settlement_look_back(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(told_free);
    {
        scoped(query_end) struct query *q = store_query(
            l->db,
            "SELECT e.at, e.kind, e.data FROM standing_event e JOIN message m ON m.account_id = e.account_id"
            " WHERE m.id = ?1 AND e.kind IN ('copy_seen', 'bounced', 'replied', "
            "'auto_replied', 'booked', 'booking_changed', 'opted_out') AND e.data ->> 'message' = ?1 "
            "ORDER BY e.id",
            error, "i", message_id);
        g_autoptr(GError) local = NULL;
        while (q && query_next(q, &local)) {
            struct told *t = g_new0(struct told, 1);
            *t = (struct told){query_dup_text(q, "kind"), json_loads(query_text(q, "data"), 0, NULL),
                               query_int(q, "at")};
            g_ptr_array_add(all, t);
        }
        if (!q || !error_pass(error, &local))
            return FALSE;
    }
    for (guint i = 0; i < all->len; i++) {
        const struct told *t = all->pdata[i];
        struct proof proof = proof_of(t->kind, t->data, t->at_us);
        if (proof.condition && !settle_by(l, message_id, &proof, now_us, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- sent in another life ---- */

gboolean
settlement_adopt(struct store *db, const struct config *config, const struct outbox_policy *policy,
                 gint64 message_id, const struct event *event, GError **error)
{
    json_t *data;
    {
        scoped(query_end) struct query *q =
            store_query(db,
                        "SELECT subject, specialist, mailbox, template, follows FROM message WHERE id = ?1 "
                        "AND state <> 'sent' AND "
                        "NOT EXISTS (SELECT 1 FROM delivery WHERE message_id = ?1 AND state IN "
                        "('transmitting', 'sent', 'unknown'))",
                        error, "i", message_id);
        g_autoptr(GError) local = NULL;
        if (!q || !query_next(q, &local)) {
            if (local)
                g_propagate_error(error, g_steal_pointer(&local));
            return q && !(error && *error);
        }
        data = json_pack("{s:s, s:O, s:s, s:s, s:s, s:i, s:i, s:s}", "subject", query_text(q, "subject"),
                         "message_id", json_object_get(event->data, "message_id"), "specialist",
                         query_text(q, "specialist"), "mailbox", query_text(q, "mailbox"), "template",
                         query_text(q, "template"), "opens", query_int(q, "follows") == 0, "approved_at", 0,
                         "evidence", "mail in the mailbox");
    }
    struct ledger l = {.db = db, .config = config, .policy = policy};
    if (store_exec(
            db,
            "UPDATE delivery SET state = 'withdrawn', owner = NULL, at = ?, text = 'it was sent already, by "
            "a "
            "database that knew more than this one' WHERE message_id = ? AND state IN ('queued', 'claimed', "
            "'deferred')",
            error, "ii", event->at_us, message_id) &&
        store_exec(db, "UPDATE message SET state = 'sent', copy = NULL WHERE id = ?", error, "i", message_id))
        return ledger_record(&l, message_id, event->at_us, "sent", data, error);
    json_decref(data);
    return FALSE;
}

/* ---- by hand ---- */

static gboolean
settle_by_hand(struct ledger *l, gint64 message_id, gboolean sent, const char *address, gint64 now_us,
               const char *actor, GError **error)
{
    g_autofree char *text = g_strdup_printf("settled by %s", actor);
    if (!store_exec(
            l->db,
            "UPDATE delivery SET state = ?, owner = NULL, next_at = ?, at = ?, code = NULL, enhanced = NULL, "
            "host = NULL, text = ? WHERE message_id = ? AND state = 'unknown' AND COALESCE(address = ?, 1)",
            error, "tiitit", delivery_state_names[sent ? DELIVERY_SENT : DELIVERY_QUEUED], now_us, now_us,
            text, message_id, address))
        return FALSE;
    if (store_changes(l->db) == 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "message %" G_GINT64_FORMAT " has no unknown delivery%s%s", message_id,
                    address ? " to " : "", address ? address : "");
        return FALSE;
    }
    json_t *data = json_pack("{s:b, s:s, s:s}", "sent", sent, "by", actor, "evidence", "a person's word");
    if (address)
        json_object_set_new(data, "address", json_string(address));
    return ledger_record(l, message_id, now_us, "settled", data, error) &&
           close_task(l, message_id, now_us, error) && ledger_settle_message(l, message_id, now_us, error);
}

gboolean
ledger_settle_by_hand(struct ledger *l, gint64 message_id, gboolean sent, const char *address, gint64 now_us,
                      const char *actor, GError **error)
{
    if (store_begin(l->db, error) && settle_by_hand(l, message_id, sent, address, now_us, actor, error) &&
        store_commit(l->db, error))
        return TRUE;
    store_rollback(l->db);
    return FALSE;
}
