/* In order: is it still wanted, is anything holding it, is the window open, is the view of the mailboxes
 * fresh, does it still say what was approved. Everything is read in the claim's own transaction. */
#include "service/policy.h"

#include "base/clock.h"
#include "base/error.h"
#include "inbox/fence.h"
#include "service/drafting.h"

#include <string.h>

#define LOOK_AGAIN_US (30 * CLOCK_SECOND_US)

/* The pipeline may have something to say that nobody has asked it yet. */
static gboolean
bring_up_to_date(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 pending = store_int(
        s->db, "SELECT dirty OR (evaluate_at IS NOT NULL AND evaluate_at <= ?) FROM account WHERE id = ?", 1,
        &local, "ii", now_us, account_id);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return !pending || (pipeline_advance(s->db, s->program, account_id, now_us, error) &&
                        drafting_withdraw_unwanted(s, account_id, now_us, error));
}

/* Whether the draft's step still wants just this message. */
static gboolean
look_at_step(struct service *s, const struct draft *d, gboolean *wanted, GError **error)
{
    g_autoptr(GError) local = NULL;
    *wanted = store_int(s->db,
                        "SELECT 1 FROM step WHERE account_id = ? AND sequence = ? AND step = ? AND state = "
                        "'queued' AND message_id = ?",
                        0, &local, "itti", d->account_id, d->sequence, d->step, d->id) != 0;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return !local;
}

/* Whether somebody has the mail already, or may have it. */
static gboolean
look_at_start(struct service *s, const struct draft *d, gboolean *started, GError **error)
{
    g_autoptr(GError) local = NULL;
    *started = d->state == MESSAGE_SENT || store_int(s->db,
                                                     "SELECT 1 FROM delivery WHERE message_id = ? AND state "
                                                     "IN ('transmitting', 'sent', 'unknown') LIMIT 1",
                                                     0, &local, "i", d->id) != 0;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return !local;
}

/* Of a mail that has begun to arrive, only those recipients still get it who may be written to; after a
 * cancellation nobody. */
static gboolean
finish_started(struct service *s, const struct draft *d, gint64 now_us, enum outbox_verdict *verdict,
               GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 active = store_int(s->db,
                              "SELECT 1 FROM enrolment WHERE account_id = ? AND sequence = ? AND state = "
                              "'active' AND cancelled IS NULL",
                              0, &local, "it", d->account_id, d->sequence);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!active)
        return TRUE; /* OUTBOX_GONE withdraws what is left */
    gint64 left;
    if (!outbox_withdraw_unfit(s->db, d->id, now_us, &left, error))
        return FALSE;
    *verdict = left ? OUTBOX_SEND : OUTBOX_GONE;
    return TRUE;
}

static enum outbox_verdict
wait_until(gint64 us, char *why, gint64 *not_before_us, char **reason)
{
    *not_before_us = us;
    *reason = why;
    return OUTBOX_WAIT;
}

/* What holds a mail that is wanted; OUTBOX_SEND when nothing does. */
static gboolean
look_at_holds(struct service *s, const struct draft *d, struct pipeline_gate *gate, gint64 now_us,
              enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error)
{
    g_autofree char *away = NULL;
    gint64 away_until_us;
    char *stale;
    *verdict = OUTBOX_SEND;
    if (!recipients_held_until(s->db, d->recipients, now_us, &away_until_us, &away, error))
        return FALSE;
    if (gate->held)
        *verdict = wait_until(now_us + LOOK_AGAIN_US, g_steal_pointer(&gate->held), not_before_us, reason);
    else if (away_until_us)
        *verdict = wait_until(away_until_us, g_steal_pointer(&away), not_before_us, reason);
    else if (gate->sendable_us > now_us)
        *verdict =
            wait_until(gate->sendable_us, g_strdup("outside its sending hours"), not_before_us, reason);
    else if (d->automatic && (stale = fence_refusal(s->db, s->config, d->account_id, d->mailbox)))
        *verdict = wait_until(now_us + LOOK_AGAIN_US, stale, not_before_us, reason);
    return TRUE;
}

/* A mail nobody has yet: is it what was approved? */
static gboolean
look_at_content(struct service *s, const struct draft *d, const struct pipeline_gate *gate, gint64 now_us,
                enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error)
{
    struct composer c = {
        .db = s->db, .config = s->config, .facts = s->program->facts, .row = gate->row, .now_us = now_us};
    g_autofree char *difference = NULL;
    g_autoptr(GError) broken = NULL;
    gboolean gone;
    if (draft_still_holds(&c, d, &difference, &broken))
        return TRUE;
    if (broken && broken->code != USHER_ERROR_DATA && broken->code != USHER_ERROR_CONFIG) {
        g_propagate_error(error, g_steal_pointer(&broken));
        return FALSE;
    }
    const char *why = difference ? difference : broken ? broken->message : "it cannot be checked";
    if (!drafting_return(s, d, why, now_us, &gone, error))
        return FALSE;
    *verdict = gone ? OUTBOX_GONE
                    : wait_until(now_us + CLOCK_HOUR_US,
                                 g_strdup_printf("somebody may have it already; settle that first. %s", why),
                                 not_before_us, reason);
    return TRUE;
}

gboolean
policy_may_send(gpointer user, struct store *db, gint64 message_id, gint64 now_us,
                enum outbox_verdict *verdict, gint64 *not_before_us, char **reason, GError **error)
{
    struct service *s = user;
    (void)db;
    *verdict = OUTBOX_GONE;
    g_autoptr(GError) local = NULL;
    gint64 account_id =
        store_int(s->db, "SELECT account_id FROM message WHERE id = ?", 0, &local, "i", message_id);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (account_id && !bring_up_to_date(s, account_id, now_us, error))
        return FALSE;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, message_id, error);
    gboolean wanted, started;
    if (!d || !look_at_step(s, d, &wanted, error) || !look_at_start(s, d, &started, error))
        return FALSE;
    const struct sequence *seq = program_sequence(s->program, d->sequence);
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    if (!step || (started && !d->specialist)) {
        *verdict =
            wait_until(now_us + CLOCK_HOUR_US,
                       step ? g_strdup_printf("usher.conf has no specialist \"%s\"", d->specialist_id)
                            : g_strdup_printf("the sequences have no step %s of %s", d->step, d->sequence),
                       not_before_us, reason);
        return TRUE;
    }
    if (d->state != MESSAGE_SENT && (d->state != MESSAGE_QUEUED || (!wanted && !started)))
        return TRUE;
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, error))
        return FALSE;
    gboolean ok = look_at_holds(s, d, &gate, now_us, verdict, not_before_us, reason, error);
    if (ok && *verdict == OUTBOX_SEND && started) {
        *verdict = OUTBOX_GONE;
        ok = finish_started(s, d, now_us, verdict, error);
    } else if (ok && *verdict == OUTBOX_SEND) {
        ok = look_at_content(s, d, &gate, now_us, verdict, not_before_us, reason, error);
    }
    pipeline_gate_clear(&gate);
    return ok;
}
