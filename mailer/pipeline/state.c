/* Events into tables; those of enrolments, goals and tasks are in state_programme.c. Each kind of event that
 * carries state has one function here; it reads nothing but the event and the tables it changes, never a
 * rule, a fact or a clock, so a replay gives the same result.
 *
 *   a step:  idle ⇄ scheduled ⇄ waiting → wanted → drafted → queued → sent
 *                                   ↘ late         ↘ rejected  ↘ failed        (stopped, expired, skipped,
 * cancelled)
 *   a task:  idle ⇄ scheduled → open → done */
#include "pipeline/state.h"

#include "accounts/leave.h"
#include "base/clock.h"
#include "base/error.h"
#include "pipeline/state_more.h"

#include <string.h>

const char *const step_state_names[STEP_STATE_COUNT] = {
    [STEP_IDLE] = "idle",         [STEP_SCHEDULED] = "scheduled", [STEP_WAITING] = "waiting",
    [STEP_LATE] = "late",         [STEP_WANTED] = "wanted",       [STEP_DRAFTED] = "drafted",
    [STEP_QUEUED] = "queued",     [STEP_SENT] = "sent",           [STEP_FAILED] = "failed",
    [STEP_REJECTED] = "rejected", [STEP_STOPPED] = "stopped",     [STEP_EXPIRED] = "expired",
    [STEP_SKIPPED] = "skipped",   [STEP_CANCELLED] = "cancelled", [STEP_OPEN] = "open",
    [STEP_DONE] = "done",
};

enum step_state
step_state_parse(const char *name)
{
    for (int i = 0; i < STEP_STATE_COUNT; i++)
        if (strcmp(step_state_names[i], name) == 0)
            return (enum step_state)i;
    return STEP_IDLE;
}

gboolean
step_state_is_final(enum step_state state)
{
    return state == STEP_SENT || state == STEP_FAILED || state == STEP_REJECTED || state == STEP_STOPPED ||
           state == STEP_EXPIRED || state == STEP_SKIPPED || state == STEP_DONE;
}

gboolean
step_state_is_open(enum step_state state)
{
    switch (state) {
    case STEP_SCHEDULED:
    case STEP_WAITING:
    case STEP_LATE:
    case STEP_WANTED:
    case STEP_DRAFTED:
    case STEP_QUEUED:
    case STEP_OPEN:
        return TRUE;
    case STEP_IDLE:
    case STEP_SENT:
    case STEP_FAILED:
    case STEP_REJECTED:
    case STEP_STOPPED:
    case STEP_EXPIRED:
    case STEP_SKIPPED:
    case STEP_CANCELLED:
    case STEP_DONE:
    case STEP_STATE_COUNT:
        break;
    }
    return FALSE;
}

void
enrolment_free(struct enrolment *e)
{
    if (!e)
        return;
    g_free(e->sequence);
    g_free(e->stage);
    g_free(e->cancelled);
    g_free(e);
}

struct enrolment *
enrolment_load(struct store *db, gint64 account_id, const char *sequence, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT state, stage, cancelled, by_hand, since, engaged_at, replied_at, answered_at, "
        "payment_mail_at,"
        " last_sent_at, extension_days, ended_at FROM enrolment WHERE account_id = ? AND sequence = ?",
        error, "it", account_id, sequence);
    if (!q || !query_next(q, error))
        return NULL;
    struct enrolment *e = g_new0(struct enrolment, 1);
    e->sequence = g_strdup(sequence);
    e->active = strcmp(query_text(q, "state"), "active") == 0;
    e->ended = strcmp(query_text(q, "state"), "ended") == 0;
    e->stage = query_dup_text(q, "stage");
    e->cancelled = query_dup_text(q, "cancelled");
    e->by_hand = query_int(q, "by_hand") != 0;
    e->since_us = query_int(q, "since");
    e->engaged_us = query_int(q, "engaged_at");
    e->replied_us = query_int(q, "replied_at");
    e->answered_us = query_int(q, "answered_at");
    e->payment_mail_us = query_int(q, "payment_mail_at");
    e->last_sent_us = query_int(q, "last_sent_at");
    e->extension_days = (int)query_int(q, "extension_days");
    e->ended_us = query_int(q, "ended_at");
    return e;
}

/* Closes the open tasks of a kind that were due by then. Mostly there are none, and looking costs less than
 * an update of nothing. */
static gboolean
close_tasks(struct store *db, const struct event *e, const char *kind, gint64 due_by_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean any =
        store_int(db, "SELECT 1 FROM task WHERE account_id = ? AND kind = ? AND done_at IS NULL LIMIT 1", 0,
                  &local, "it", e->account_id, kind) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    return !any || store_exec(db,
                              "UPDATE task SET done_at = ? WHERE account_id = ? AND kind = ? AND done_at IS "
                              "NULL AND COALESCE(due_at, 0) <= ?",
                              error, "iiti", e->at_us, e->account_id, kind, due_by_us);
}

static gboolean
apply_stage_entered(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE enrolment SET stage = ? WHERE account_id = ? AND sequence = ?", error,
                      "tit", event_text(e, "stage"), e->account_id, event_text(e, "sequence")) &&
           store_exec(
               db, /* Set back by hand, a stage keeps the time it was first entered: days count from there. */
               "INSERT INTO stage_entry VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET at = CASE WHEN ?5 "
               "THEN at ELSE excluded.at END",
               error, "ittii", e->account_id, event_text(e, "sequence"), event_text(e, "stage"), e->at_us,
               event_int(e, "by_hand")) &&
           /* Whoever was asked for a stage has given one. */
           close_tasks(db, e, "stage_lost", G_MAXINT64, error);
}

static gboolean
apply_step_changed(struct store *db, const struct event *e, GError **error)
{
    return store_exec(
        db,
        "INSERT INTO step(account_id, sequence, step, state, due_at, released_at, reason, message_id)"
        " VALUES(?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0), ?, NULLIF(?, 0)) ON CONFLICT DO UPDATE SET"
        " state = excluded.state, due_at = excluded.due_at, reason = excluded.reason,"
        " released_at = COALESCE(excluded.released_at, released_at), message_id = excluded.message_id",
        error, "itttiiti", e->account_id, event_text(e, "sequence"), event_text(e, "step"),
        event_text(e, "state"), event_int(e, "due_at"), event_int(e, "released_at"), event_text(e, "reason"),
        event_int(e, "message"));
}

/* The events of a step's message: made, approved, returned, rejected, failed. */
static gboolean
set_step(struct store *db, const struct event *e, enum step_state state, GError **error)
{
    return store_exec(db,
                      "UPDATE step SET state = ?, message_id = ?, reason = ? WHERE account_id = ? AND "
                      "sequence = ? AND step = ?",
                      error, "tititt", step_state_names[state], event_int(e, "message"),
                      event_text(e, "reason"), e->account_id, event_text(e, "sequence"),
                      event_text(e, "step"));
}

/* A mail that went out stays on record although what wanted it was taken back: its row is made anew then, so
 * that the step is never done twice. sent_us: when it went out, 0: it did not. */
static gboolean
keep_step(struct store *db, const struct event *e, enum step_state state, gint64 sent_us, GError **error)
{
    if (!store_exec(db,
                    "UPDATE step SET state = ?, message_id = ?, reason = ?, sent_at = COALESCE(NULLIF(?, 0), "
                    "sent_at) WHERE account_id = ? AND sequence = ? AND step = ?",
                    error, "titiitt", step_state_names[state], event_int(e, "message"),
                    event_text(e, "reason"), sent_us, e->account_id, event_text(e, "sequence"),
                    event_text(e, "step")))
        return FALSE;
    return store_changes(db) > 0 ||
           store_exec(
               db,
               "INSERT INTO step(account_id, sequence, step, state, message_id, reason, sent_at) SELECT "
               "account_id, sequence, ?, ?, ?, ?, NULLIF(?, 0) FROM enrolment WHERE account_id = ? AND "
               "sequence = ? AND state = 'active' AND ?1 IS NOT NULL",
               error, "ttitiit", event_text(e, "step"), step_state_names[state], event_int(e, "message"),
               event_text(e, "reason"), sent_us, e->account_id, event_text(e, "sequence"));
}

/* Whoever wrote after a reply has answered it. */
static gboolean
close_reply_tasks(struct store *db, const struct event *e, gint64 answered_us, GError **error)
{
    return close_tasks(db, e, "reply", answered_us, error);
}

static gboolean
apply_sent(struct store *db, const struct event *e, GError **error)
{
    /* Mailboxes tell time in whole seconds: a reply in the second of the approval came after it. */
    gint64 approved_us = event_int(e, "approved_at");
    gint64 answered_us = approved_us ? approved_us - approved_us % CLOCK_SECOND_US - 1 : 0;
    return keep_step(db, e, STEP_SENT, e->at_us, error) &&
           (!answered_us || close_reply_tasks(db, e, answered_us, error)) &&
           store_exec(db,
                      /* A specialist who approved a mail had seen what came in before; an automatic one
                         answers nobody. */
                      "UPDATE enrolment SET last_sent_at = ?, answered_at = MAX(COALESCE(answered_at, 0), ?),"
                      " payment_mail_at = CASE WHEN ? THEN ? ELSE payment_mail_at END WHERE account_id = ? "
                      "AND sequence = ?",
                      error, "iiiiit", e->at_us, answered_us, event_int(e, "payment"), e->at_us,
                      e->account_id, event_text(e, "sequence"));
}

/* A specialist's own mail, seen in Sent: an answer, or an outreach by hand when it opens a conversation. */
static gboolean
apply_hand_sent(struct store *db, const struct event *e, GError **error)
{
    return close_reply_tasks(db, e, e->at_us, error) &&
           store_exec(
               db,
               "UPDATE enrolment SET last_sent_at = MAX(COALESCE(last_sent_at, 0), ?),"
               " answered_at = MAX(COALESCE(answered_at, 0), ?),"
               " payment_mail_at = CASE WHEN ? AND payment_mail_at IS NULL THEN ? ELSE payment_mail_at END"
               " WHERE account_id = ? AND state = 'active'",
               error, "iiiii", e->at_us, e->at_us, event_int(e, "payment") && event_int(e, "opens"), e->at_us,
               e->account_id);
}

static gboolean
apply_replied(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE enrolment SET replied_at = MAX(COALESCE(replied_at, 0), ?),"
                      " engaged_at = COALESCE(engaged_at, ?) WHERE account_id = ? AND state = 'active'",
                      error, "iii", e->at_us, e->at_us, e->account_id);
}

static gboolean
apply_booked(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "UPDATE enrolment SET engaged_at = COALESCE(engaged_at, ?) WHERE account_id = ? AND "
                      "state = 'active'",
                      error, "ii", e->at_us, e->account_id) &&
           state_apply_booked(db, e, error);
}

/* Releases the account and, of its people, those whom the event names: who belonged to it then is not to be
 * found in the tables of now. */
static gboolean
apply_released(struct store *db, const struct event *e, GError **error)
{
    const json_t *addresses = json_object_get(e->data, "addresses");
    if (!store_exec(db, "UPDATE enrolment SET answered_at = ? WHERE account_id = ?", error, "ii", e->at_us,
                    e->account_id) ||
        !close_reply_tasks(db, e, e->at_us, error) ||
        !store_exec(db, "DELETE FROM hold WHERE account_id = ?", error, "i", e->account_id))
        return FALSE;
    for (size_t i = 0; i < json_array_size(addresses); i++)
        if (!store_exec(db, "DELETE FROM hold WHERE address = ?", error, "t",
                        json_string_value(json_array_get(addresses, i))))
            return FALSE;
    return addresses || /* an event from before they were kept */
           store_exec(db,
                      "DELETE FROM hold WHERE address IN (SELECT address FROM contact WHERE account_id = ?)",
                      error, "i", e->account_id);
}

static gboolean
apply_cancelled(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE enrolment SET cancelled = ? WHERE account_id = ? AND sequence = ?", error,
                      "tit", event_text(e, "reason"), e->account_id, event_text(e, "sequence"));
}

static gboolean
apply_sales_engaged(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE account SET sales_engaged = 1 WHERE id = ?", error, "i", e->account_id);
}

static gboolean
apply_owner_set(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE account SET owner = ? WHERE id = ?", error, "ti", event_text(e, "owner"),
                      e->account_id);
}

static gboolean
apply_hold_set(struct store *db, const struct event *e, GError **error)
{
    const char *address = event_text(e, "address");
    return store_exec(db,
                      "INSERT INTO hold(account_id, address, until, reason, event_id) VALUES(NULLIF(?, 0), "
                      "?, NULLIF(?, 0), ?, "
                      "?)",
                      error, "ititi", address ? (gint64)0 : e->account_id, address, event_int(e, "until"),
                      event_text(e, "reason"), e->id);
}

static gboolean
apply_suppressed(struct store *db, const struct event *e, GError **error)
{
    return store_exec(
        db,
        "INSERT INTO suppression(address, reason, at, event_id) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
        error, "ttii", event_text(e, "address"), event_text(e, "reason"), e->at_us, e->id);
}

static gboolean
apply_task_snoozed(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE task SET due_at = ? WHERE event_id = ?", error, "ii",
                      event_int(e, "due_at"), event_int(e, "made"));
}

static gboolean
apply_task_assigned(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE task SET assignee = ? WHERE event_id = ?", error, "ti",
                      event_text(e, "assignee"), event_int(e, "made"));
}

static gboolean
apply_risk_set(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE account SET risk = ?, risk_note = ? WHERE id = ?", error, "tti",
                      event_text(e, "risk"), event_text(e, "note"), e->account_id);
}

static gboolean
apply_priority_set(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "UPDATE account SET priority = ? WHERE id = ?", error, "ti",
                      event_text(e, "priority"), e->account_id);
}

/* What a correction takes back, apart from what replay_accounts() rebuilds. An address stays suppressed where
 * another event says so too. Tasks are closed, not removed: somebody may have read their number. */
static gboolean
apply_reclassified(struct store *db, const struct event *e, GError **error)
{
    const json_t *ids = json_object_get(e->data, "retracted");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        gint64 id = json_integer_value(json_array_get(ids, i));
        if (!store_exec(db, "INSERT INTO retracted VALUES(?, ?) ON CONFLICT DO NOTHING", error, "ii", id,
                        e->id) ||
            !store_exec(db, "DELETE FROM hold WHERE event_id = ?", error, "i", id) ||
            !store_exec(db, "DELETE FROM suppression WHERE event_id = ?", error, "i", id) ||
            !store_exec(db, "DELETE FROM alert_cause WHERE event_id = ?", error, "i", id) ||
            !store_exec(db, "UPDATE task SET done_at = ? WHERE event_id = ? AND done_at IS NULL", error, "ii",
                        e->at_us, id))
            return FALSE;
    }
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (!store_exec(
                db,
                "INSERT INTO suppression(address, reason, at, event_id)"
                " SELECT o.data ->> 'address', o.data ->> 'reason', o.at, o.id FROM event t"
                " JOIN event o ON o.kind = 'suppressed' AND o.data ->> 'address' = t.data ->> 'address'"
                " WHERE t.id = ?1 AND t.kind = 'suppressed' AND o.id < ?2"
                " AND NOT EXISTS (SELECT 1 FROM retracted r WHERE r.event_id = o.id)"
                " ORDER BY o.id LIMIT 1 ON CONFLICT DO NOTHING",
                error, "ii", json_integer_value(json_array_get(ids, i)), e->id))
            return FALSE;
    return TRUE;
}

static gboolean
apply_draft_made(struct store *db, const struct event *e, GError **error)
{
    return set_step(db, e, event_int(e, "automatic") ? STEP_QUEUED : STEP_DRAFTED, error);
}

static gboolean
apply_draft_approved(struct store *db, const struct event *e, GError **error)
{
    return set_step(db, e, STEP_QUEUED, error);
}

static gboolean
apply_draft_returned(struct store *db, const struct event *e, GError **error)
{
    return set_step(db, e, STEP_DRAFTED, error);
}

static gboolean
apply_draft_rejected(struct store *db, const struct event *e, GError **error)
{
    return set_step(db, e, STEP_REJECTED, error);
}

static gboolean
apply_step_failed(struct store *db, const struct event *e, GError **error)
{
    return keep_step(db, e, STEP_FAILED, 0, error);
}

/* The leave is known by the number of the event that set it. */
static gboolean
apply_away_set(struct store *db, const struct event *e, GError **error)
{
    return store_exec(
        db,
        "INSERT INTO leave(id, specialist, from_at, until_at, cover, note) VALUES(?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        error, "itiitt", e->id, event_text(e, "specialist"), event_int(e, "from"), event_int(e, "until"),
        event_text(e, "cover"), event_text(e, "note"));
}

static gboolean
apply_away_cancelled(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db, "DELETE FROM leave WHERE id = ?", error, "i", event_int(e, "leave"));
}

static const struct {
    const char *kind;
    gboolean (*apply)(struct store *db, const struct event *event, GError **error);
} projections[] = {
    {"stage_entered", apply_stage_entered},
    {"step_changed", apply_step_changed},
    {"draft_made", apply_draft_made},
    {"draft_approved", apply_draft_approved},
    {"draft_returned", apply_draft_returned},
    {"draft_rejected", apply_draft_rejected},
    {"sent", apply_sent},
    {"step_failed", apply_step_failed},
    {"hand_sent", apply_hand_sent},
    {"replied", apply_replied},
    {"booked", apply_booked},
    {"released", apply_released},
    {"cancelled", apply_cancelled},
    {"reinstated", apply_cancelled}, /* without a reason */
    {"sales_engaged", apply_sales_engaged},
    {"owner_set", apply_owner_set},
    {"hold_set", apply_hold_set},
    {"suppressed", apply_suppressed},
    {"task_snoozed", apply_task_snoozed},
    {"task_assigned", apply_task_assigned},
    {"risk_set", apply_risk_set},
    {"priority_set", apply_priority_set},
    {"away_set", apply_away_set},
    {"away_cancelled", apply_away_cancelled},
    {"reclassified", apply_reclassified},
    {"segment_entered", state_apply_segment},
    {"segment_left", state_apply_segment},
    {"segment_by_rule", state_apply_segment},
    {"booking_changed", state_apply_booking_changed},
    {"paid_call", state_apply_mark},
    {"paid_call_missed", state_apply_mark},
    {"referral", state_apply_mark},
};

gboolean
state_apply(struct store *db, const struct event *event, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(projections); i++)
        if (strcmp(projections[i].kind, event->kind) == 0)
            return projections[i].apply(db, event, error);
    return state_apply_programme(db, event, error);
}

/* A task for somebody who is away goes to whoever covers. Settled before it is journaled, so that a replay
 * need not know who was away. */
static gboolean
forward_task(struct store *db, struct event *event, GError **error)
{
    const char *assignee = event_text(event, "assignee");
    g_autofree char *cover = NULL;
    if (strcmp(event->kind, "task_made") != 0 || !assignee)
        return TRUE;
    if (!leave_cover(db, assignee, event->at_us, &cover, error))
        return FALSE;
    if (cover) {
        json_object_set_new(event->data, "instead_of", json_string(assignee));
        json_object_set_new(event->data, "assignee", json_string(cover));
    }
    return TRUE;
}

gboolean
state_record(struct store *db, struct event *event, GError **error)
{
    return forward_task(db, event, error) && journal_append(db, event, error) &&
           state_apply(db, event, error);
}
