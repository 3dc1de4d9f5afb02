/* In order: is it still wanted, is anything holding it, is the window open, is the view of the mailboxes
 * fresh, does it still say what was approved. Everything is read in the claim's own transaction. */
#include "service/policy.h"

#include "accounts/leave.h"
#include "base/clock.h"
#include "base/error.h"
#include "inbox/fence.h"
#include "outbox/limits.h"
#include "service/drafting.h"
#include "service/look.h"

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
    if (!error_pass(error, &local))
        return FALSE;
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
    return error_pass(error, &local);
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
    return error_pass(error, &local);
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
    if (!error_pass(error, &local))
        return FALSE;
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

/* Nobody would see the answer to a mail of somebody who is away. Where somebody covers, the draft says so or
 * comes back (draft_still_holds()). */
static gboolean
look_at_leave(struct service *s, const struct draft *d, gboolean begun, gint64 now_us, gint64 *until_us,
              char **why, GError **error)
{
    struct leave_status leave = {0};
    *until_us = 0;
    if (begun)
        return TRUE; /* whoever has it can answer already */
    if (d->specialist && !leave_status(s->db, s->config, d->specialist->id, now_us, &leave, error))
        return FALSE;
    *until_us = leave.stand_in ? 0 : leave.until_us;
    if (*until_us)
        *why = g_strdup_printf("%s is away and nobody covers", d->specialist->name);
    return TRUE;
}

/* Another mail to the account that may be on its way has no time yet from which the gap could count. */
static gboolean
look_at_company(struct service *s, const struct draft *d, const struct pipeline_gate *gate, gint64 now_us,
                gint64 *until_us, GError **error)
{
    *until_us = 0;
    if (!gate->gap_us)
        return TRUE;
    g_autoptr(GError) local = NULL;
    gint64 at_us = store_int(s->db,
                             "SELECT MAX(d.at) FROM message m JOIN delivery d ON d.message_id = m.id WHERE "
                             "m.account_id = ? AND m.id <> ? AND d.state IN ('claimed', 'transmitting', "
                             "'unknown')",
                             0, &local, "ii", d->account_id, d->id);
    if (at_us && at_us + gate->gap_us > now_us)
        *until_us = MIN(at_us + gate->gap_us, now_us + CLOCK_HOUR_US);
    return error_pass(error, &local);
}

/* Hours, holidays, the gap, the caps and the pause between mails: when may it go? begun: somebody has it. */
static gboolean
look_at_time(struct service *s, const struct draft *d, const struct pipeline_gate *gate, gboolean begun,
             gint64 now_us, enum outbox_verdict *verdict, gint64 *not_before_us, char **reason,
             GError **error)
{
    struct sending_hours hours = gate->hours;
    const struct mailbox *mailbox = config_mailbox(s->config, d->mailbox);
    if (mailbox && mailbox->has_window && !hours.closed)
        hours.closed = !window_meet(&gate->hours.window, &mailbox->window, &hours.window);
    gint64 from_us = begun ? now_us : gate->sendable_us, company_us, not_before;
    gint64 sendable_us = from_us == G_MAXINT64 ? from_us : sending_next_us(&hours, from_us, NULL);
    if (sendable_us > now_us) {
        *verdict = wait_until(MIN(sendable_us, now_us + 366 * CLOCK_DAY_US),
                              g_strdup(!begun && gate->closed ? gate->closed : "outside its sending hours"),
                              not_before_us, reason);
        return TRUE;
    }
    if (!begun && !look_at_company(s, d, gate, now_us, &company_us, error))
        return FALSE;
    if (!begun && company_us) {
        *verdict = wait_until(company_us, g_strdup("gap: another mail to the account is under way"),
                              not_before_us, reason);
        return TRUE;
    }
    g_autofree char *why = NULL;
    if (mailbox && !limits_check(s->db, s->config, mailbox, d->id, begun, now_us, &not_before, &why, error))
        return FALSE;
    if (why)
        *verdict = wait_until(sending_next_us(&hours, not_before, NULL), g_steal_pointer(&why), not_before_us,
                              reason);
    return TRUE;
}

/* What holds a mail that is wanted; OUTBOX_SEND when nothing does. */
static gboolean
look_at_holds(struct service *s, const struct draft *d, struct pipeline_gate *gate, gboolean begun,
              gint64 now_us, enum outbox_verdict *verdict, gint64 *not_before_us, char **reason,
              GError **error)
{
    g_autofree char *absent = NULL;
    gint64 absent_until_us;
    g_autofree char *away = NULL;
    gint64 away_until_us;
    *verdict = OUTBOX_SEND;
    if (!recipients_held_until(s->db, d->recipients, now_us, &away_until_us, &away, error) ||
        !look_at_leave(s, d, begun, now_us, &absent_until_us, &absent, error))
        return FALSE;
    if (gate->held)
        *verdict = wait_until(now_us + LOOK_AGAIN_US, g_steal_pointer(&gate->held), not_before_us, reason);
    else if (away_until_us)
        *verdict = wait_until(away_until_us, g_steal_pointer(&away), not_before_us, reason);
    else if (absent_until_us)
        *verdict = wait_until(absent_until_us, g_steal_pointer(&absent), not_before_us, reason);
    else
        return look_at_time(s, d, gate, begun, now_us, verdict, not_before_us, reason, error);
    return TRUE;
}

/* Nothing automatic on a stale view of the mailboxes. */
static void
look_at_fence(struct service *s, const struct draft *d, gint64 now_us, enum outbox_verdict *verdict,
              gint64 *not_before_us, char **reason)
{
    char *stale = d->automatic ? fence_refusal(s->db, s->config, d->account_id, d->mailbox) : NULL;
    if (stale)
        *verdict = wait_until(now_us + LOOK_AGAIN_US, stale, not_before_us, reason);
}

/* Whoever was refused does not get the mail, and keeps it from nobody who was deferred. */
static gboolean
mark_refused(struct service *s, const struct draft *d, GError **error)
{
    g_autoptr(GError) local = NULL;
    for (guint i = 0; i < d->recipients->len && !local; i++) {
        struct recipient *r = d->recipients->pdata[i];
        r->refused =
            store_int(s->db,
                      "SELECT 1 FROM delivery WHERE message_id = ? AND address = ? AND state = 'refused'", 0,
                      &local, "it", d->id, r->address) != 0;
    }
    return error_pass(error, &local);
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
    if (!mark_refused(s, d, error))
        return FALSE;
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
    gboolean fit;
    *verdict = OUTBOX_SEND;
    if (!look_again(s, message_id, now_us, &fit, error))
        return FALSE;
    if (fit)
        return TRUE;
    *verdict = OUTBOX_GONE;
    g_autoptr(GError) local = NULL;
    gint64 account_id =
        store_int(s->db, "SELECT account_id FROM message WHERE id = ?", 0, &local, "i", message_id);
    if (!error_pass(error, &local))
        return FALSE;
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
    gboolean ok = look_at_holds(s, d, &gate, started, now_us, verdict, not_before_us, reason, error);
    if (ok && *verdict == OUTBOX_SEND)
        look_at_fence(s, d, now_us, verdict, not_before_us, reason);
    if (ok && *verdict == OUTBOX_SEND && started) {
        *verdict = OUTBOX_GONE;
        ok = finish_started(s, d, now_us, verdict, error);
    } else if (ok && *verdict == OUTBOX_SEND) {
        ok = look_at_content(s, d, &gate, now_us, verdict, not_before_us, reason, error);
    }
    pipeline_gate_clear(&gate);
    return ok;
}

gboolean
policy_forecast(struct service *s, gint64 message_id, gint64 at_us, gint64 *not_before_us, char **reason,
                gboolean *waits_for_time, GError **error)
{
    *reason = NULL;
    *waits_for_time = FALSE;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, message_id, error);
    gboolean started;
    if (!d || !look_at_start(s, d, &started, error))
        return FALSE;
    const struct sequence *seq = program_sequence(s->program, d->sequence);
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    if (!step) {
        *reason = g_strdup_printf("the sequences have no step %s of %s", d->step, d->sequence);
        return TRUE;
    }
    struct pipeline_gate gate;
    enum outbox_verdict verdict;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, at_us, &gate, error))
        return FALSE;
    *waits_for_time = gate.held == NULL;
    gboolean ok = look_at_holds(s, d, &gate, started, at_us, &verdict, not_before_us, reason, error);
    if (*reason && g_str_has_prefix(*reason, "deliver_only_to"))
        *waits_for_time = FALSE;
    pipeline_gate_clear(&gate);
    return ok;
}
