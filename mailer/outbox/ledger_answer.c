/* What became of a transmission: the server's answer, and what a sender that stopped left behind.
 *
 * Invariants: the ledger's (ledger.c). A delivery that nothing is known of is told once, and only after the
 * evidence that is there already was looked at (settlement.h). */
#include "base/clock.h"
#include "base/error.h"
#include "outbox/breaker.h"
#include "outbox/ledger_parts.h"
#include "outbox/settlement.h"

#define EVIDENCE_PAUSE_US CLOCK_HOUR_US /* a person looks when no evidence came by itself */
#define NOT_TRANSMITTED_PAUSE_US (60 * CLOCK_SECOND_US)

/* A message has deliveries that just became unknown: told, with a task, unless evidence is there already. */
static gboolean
tell_unknown(struct ledger *l, gint64 message_id, gint64 now_us, GError **error)
{
    g_autofree char *title = ledger_unknown_title(message_id);
    if (!ledger_record(l, message_id, now_us, "unknown", json_object(), error) ||
        !settlement_look_back(l, message_id, now_us, error))
        return FALSE;
    g_autoptr(GError) local = NULL;
    gboolean left = store_int(l->db, "SELECT 1 FROM delivery WHERE message_id = ? AND state = 'unknown'", 0,
                              &local, "i", message_id) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    return !left || ledger_make_task(l, message_id, now_us, "unknown_delivery", title,
                                     now_us + EVIDENCE_PAUSE_US, error);
}

/* ---- the answer ---- */

/* Exponential backoff from retry_after, at most eight hours apart, each up to a sixteenth longer so that what
 * was put off together does not come back together: a share that is the delivery's own and the attempt's. The
 * last attempt is at the last date. */
static gint64
retry_at_us(const struct ledger *l, gint64 id, gint64 attempts, gint64 last_us, gint64 now_us)
{
    gint64 pause_us = l->config->retry_after_us;
    for (gint64 i = 1; i < attempts && pause_us < 8 * CLOCK_HOUR_US; i++)
        pause_us *= 2;
    pause_us = MIN(pause_us, 8 * CLOCK_HOUR_US);
    guint64 mixed = ((guint64)id * 64 + (guint64)attempts) * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
    pause_us += (gint64)(mixed >> 44) * (pause_us / 16) / (1 << 20);
    return MIN(now_us + pause_us, MAX(last_us, now_us + CLOCK_SECOND_US));
}

static gboolean
set_delivery(struct ledger *l, gint64 id, enum delivery_state state, gint64 next_us,
             const struct smtp_outcome *o, const char *host, gint64 now_us, GError **error)
{
    return store_exec(
        l->db,
        "UPDATE delivery SET state = ?, owner = NULL, next_at = ?, code = ?, enhanced = ?, text = ?, host = "
        "?, at = ?"
        " WHERE id = ? AND state IN ('claimed', 'transmitting')", /* one withdrawn meanwhile stays so */
        error, "tiitttii", delivery_state_names[state], next_us, (gint64)o->code, o->enhanced, o->text, host,
        now_us, id);
}

static gboolean
settle_refused(struct ledger *l, struct claim *c, const char *address, const struct smtp_outcome *o,
               gint64 now_us, GError **error)
{
    return ledger_record(l, c->message_id, now_us, "bounced",
                         json_pack("{s:s, s:i, s:s?, s:s, s:b}", "address", address, "code", o->code,
                                   "status", o->enhanced, "text", o->text, "permanent",
                                   !c->redirect_to && smtp_code_is_dead_address(o->code, o->enhanced)),
                         error);
}

static gboolean
take_attempt_back(struct ledger *l, gint64 id, gint64 attempts, GError **error)
{
    return store_exec(l->db, "UPDATE delivery SET attempts = ? WHERE id = ? AND state = 'queued'", error,
                      "ii", attempts - 1, id);
}

/* One recipient's outcome. */
static gboolean
settle_one(struct ledger *l, struct claim *c, const char *address, const struct smtp_outcome *o,
           const char *host, gint64 now_us, GError **error)
{
    gint64 id, attempts, queued_us;
    {
        scoped(query_end) struct query *q =
            store_query(l->db,
                        "SELECT d.id, d.attempts, COALESCE(m.date_at, d.at) AS since FROM delivery d JOIN "
                        "message m ON m.id = d.message_id"
                        " WHERE d.message_id = ? AND d.address = ?",
                        error, "it", c->message_id, address);
        if (!q || !query_next(q, error))
            return FALSE;
        id = query_int(q, "id");
        attempts = query_int(q, "attempts");
        queued_us = query_int(q, "since");
    }
    enum stop_kind stop = breaker_judge(o);
    if (stop != STOP_NONE) /* it would say the same of any other mail: this one stays as it was */
        return set_delivery(l, id, DELIVERY_QUEUED, now_us, o, host, now_us, error) &&
               take_attempt_back(l, id, attempts, error) && breaker_stop(l, stop, o, host, now_us, error);
    switch (o->verdict) {
    case SMTP_SENT:
        return set_delivery(l, id, DELIVERY_SENT, now_us, o, host, now_us, error);
    case SMTP_REFUSED:
        return set_delivery(l, id, DELIVERY_REFUSED, now_us, o, host, now_us, error) &&
               settle_refused(l, c, address, o, now_us, error);
    case SMTP_DEFERRED:
        if (now_us - queued_us >= l->config->retry_for_us)
            return set_delivery(l, id, DELIVERY_REFUSED, now_us, o, host, now_us, error) &&
                   settle_refused(l, c, address, o, now_us, error);
        return set_delivery(l, id, DELIVERY_DEFERRED,
                            retry_at_us(l, id, attempts, queued_us + l->config->retry_for_us, now_us), o,
                            host, now_us, error);
    case SMTP_NOT_TRANSMITTED:
        return set_delivery(l, id, DELIVERY_QUEUED, now_us + NOT_TRANSMITTED_PAUSE_US, o, host, now_us,
                            error) &&
               take_attempt_back(l, id, attempts, error);
    case SMTP_UNKNOWN:
        return set_delivery(l, id, DELIVERY_UNKNOWN, now_us, o, host, now_us, error);
    }
    return TRUE;
}

gboolean
ledger_settle(struct ledger *l, struct claim *c, const struct smtp_outcome *outcomes, const char *host,
              gint64 now_us, GError **error)
{
    gboolean unknown = FALSE, judged = FALSE, passed = FALSE;
    for (guint i = 0; i < c->addresses->len; i++) {
        if (!settle_one(l, c, c->addresses->pdata[i], &outcomes[i], host, now_us, error))
            return FALSE;
        gboolean stops = breaker_judge(&outcomes[i]) != STOP_NONE;
        unknown = unknown || outcomes[i].verdict == SMTP_UNKNOWN;
        judged = judged || (outcomes[i].verdict != SMTP_NOT_TRANSMITTED && !stops);
        passed = passed || outcomes[i].verdict == SMTP_SENT;
    }
    if (!judged)
        return ledger_forget_date(l, c->message_id, error);
    return (!passed || breaker_passed(l, now_us, error)) &&
           (!unknown || tell_unknown(l, c->message_id, now_us, error)) &&
           ledger_settle_message(l, c->message_id, now_us, error);
}

/* ---- after a crash ---- */

/* A message that was being transmitted when its sender stopped: sent where the answer was kept, else unknown.
 */
static gboolean
recover_transmitting(struct ledger *l, gint64 id, gint64 now_us, GError **error)
{
    gint64 answered_us = store_int(l->db,
                                   "SELECT MAX(at) FROM delivery WHERE message_id = ? AND state = "
                                   "'transmitting' AND code BETWEEN 200 AND 299",
                                   0, NULL, "i", id);
    if (answered_us &&
        (!store_exec(l->db,
                     "UPDATE delivery SET state = 'sent', owner = NULL, next_at = at WHERE message_id = ?"
                     " AND state = 'transmitting' AND code BETWEEN 200 AND 299",
                     error, "i", id) ||
         !ledger_settle_message(l, id, answered_us, error)))
        return FALSE;
    if (!store_exec(l->db,
                    "UPDATE delivery SET state = 'unknown', owner = NULL, at = ?, text = 'the sender stopped "
                    "while transmitting'"
                    " WHERE message_id = ? AND state = 'transmitting'",
                    error, "ii", now_us, id))
        return FALSE;
    return store_changes(l->db) == 0 || tell_unknown(l, id, now_us, error);
}

gboolean
ledger_recover(struct ledger *l, gint64 now_us, GError **error)
{
    if (!store_begin(l->db, error))
        return FALSE;
    gboolean ok = store_exec(l->db,
                             "UPDATE delivery SET state = 'queued', owner = NULL, attempts = attempts - 1, "
                             "at = ?, code = NULL, text = 'its sender stopped before transmitting it'"
                             " WHERE mailbox = ? AND state = 'claimed'" LEDGER_BUSY,
                             error, "it", now_us, l->mailbox->name);
    g_autoptr(GArray) messages = ok ? store_ids(l->db,
                                                "SELECT DISTINCT message_id FROM delivery WHERE mailbox = ? "
                                                "AND state = 'transmitting'" LEDGER_BUSY,
                                                error, "t", l->mailbox->name)
                                    : NULL;
    ok = messages != NULL;
    for (guint i = 0; ok && i < messages->len; i++)
        ok = recover_transmitting(l, g_array_index(messages, gint64, i), now_us, error);
    if (ok)
        return store_commit(l->db, error);
    store_rollback(l->db);
    return FALSE;
}
