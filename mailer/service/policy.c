/* In order: is it still wanted, is anything holding it, is the window open, is the view of the mailboxes fresh, does it still
 * say what was approved. Everything is read in the claim's own transaction. */
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
    gint64 pending = store_int(s->db, "SELECT dirty OR (evaluate_at IS NOT NULL AND evaluate_at <= ?) FROM account WHERE id = ?", 0, NULL, "ii",
                               now_us, account_id);
    return !pending || (pipeline_advance(s->db, s->program, account_id, now_us, error) &&
                        drafting_withdraw_unwanted(s, account_id, now_us, error));
}

static gboolean
is_wanted(struct service *s, const struct draft *d)
{
    return store_int(s->db,
                     "SELECT 1 FROM step WHERE account_id = ? AND sequence = ? AND step = ? AND state = 'queued' AND message_id = ?", 0, NULL,
                     "itti", d->account_id, d->sequence, d->step, d->id) != 0;
}

static enum outbox_verdict
wait_until(gint64 us, char *why, gint64 *not_before_us, char **reason)
{
    *not_before_us = us;
    *reason = why;
    return OUTBOX_WAIT;
}

/* What holds a mail that is wanted; OUTBOX_SEND when nothing does. */
static enum outbox_verdict
look_at_holds(struct service *s, const struct draft *d, struct pipeline_gate *gate, gint64 now_us, gint64 *not_before_us, char **reason)
{
    char *why = NULL;
    gint64 held_until_us;
    if (gate->held)
        return wait_until(now_us + LOOK_AGAIN_US, g_steal_pointer(&gate->held), not_before_us, reason);
    held_until_us = recipients_held_until(s->db, d->recipients, now_us, &why);
    if (held_until_us)
        return wait_until(held_until_us, why, not_before_us, reason);
    if (gate->sendable_us > now_us)
        return wait_until(gate->sendable_us, g_strdup("outside its sending hours"), not_before_us, reason);
    if (d->automatic && (why = fence_refusal(s->db, s->config)))
        return wait_until(now_us + LOOK_AGAIN_US, why, not_before_us, reason);
    return OUTBOX_SEND;
}

gboolean
policy_may_send(gpointer user, struct store *db, gint64 message_id, gint64 now_us, enum outbox_verdict *verdict, gint64 *not_before_us,
                char **reason, GError **error)
{
    struct service *s = user;
    (void)db;
    *verdict = OUTBOX_GONE;
    gint64 account_id = store_int(s->db, "SELECT account_id FROM message WHERE id = ?", 0, NULL, "i", message_id);
    if (account_id && !bring_up_to_date(s, account_id, now_us, error))
        return FALSE;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, message_id, error);
    if (!d)
        return FALSE;
    const struct sequence *seq = program_sequence(s->program, d->sequence);
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    if (!step) {
        *verdict = wait_until(now_us + CLOCK_HOUR_US, g_strdup_printf("the sequences have no step %s of %s", d->step, d->sequence), not_before_us,
                              reason);
        return TRUE;
    }
    if (d->state == MESSAGE_QUEUED && !is_wanted(s, d))
        return TRUE;
    if (d->state != MESSAGE_QUEUED && d->state != MESSAGE_SENT)
        return TRUE;
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, error))
        return FALSE;
    *verdict = look_at_holds(s, d, &gate, now_us, not_before_us, reason);
    gboolean ok = TRUE;
    if (*verdict == OUTBOX_SEND && d->state == MESSAGE_QUEUED) { /* one that has begun to arrive is finished as it was */
        struct composer c = {.db = s->db, .config = s->config, .facts = s->program->facts, .row = gate.row, .now_us = now_us};
        g_autofree char *difference = NULL;
        g_autoptr(GError) broken = NULL;
        if (!draft_still_holds(&c, d, &difference, &broken)) {
            *verdict = OUTBOX_GONE;
            ok = drafting_return(s, d, difference ? difference : broken->message, now_us, error);
        }
    }
    pipeline_gate_clear(&gate);
    return ok;
}
