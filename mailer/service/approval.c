/* A specialist's word on a draft: see approval.h. The draft is checked, frozen and queued in one transaction.
 */
#include "service/approval.h"

#include "base/clock.h"
#include "base/error.h"
#include "service/draft_lint.h"
#include "service/drafting.h"

#include <string.h>

static gboolean
refuse_unless_waiting(const struct draft *d, GError **error)
{
    if (d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " is %s%s%s", d->id,
                message_state_names[d->state], d->reason ? ": " : "", d->reason ? d->reason : "");
    return FALSE;
}

/* Bringing the account up to date may have ended what the draft was for. */
static gboolean
is_still_queued(struct service *s, gint64 draft_id, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    if (!d)
        return FALSE;
    if (d->state == MESSAGE_QUEUED)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " is not wanted any more: %s",
                draft_id, d->reason ? d->reason : message_state_names[d->state]);
    return FALSE;
}

/* What makes an approved mail wait, for whoever looks into the outbox before its hour. */
static gboolean
tell_why(struct service *s, gint64 draft_id, const char *reason, GError **error)
{
    return store_exec(s->db, "UPDATE delivery SET text = ? WHERE message_id = ? AND state = 'queued'", error,
                      "ti", reason, draft_id);
}

static gboolean
approve_in_transaction(struct service *s, gint64 draft_id, const char *actor, gint64 now_us,
                       gint64 *send_at_us, gboolean *recomposed, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    const struct sequence *seq;
    const struct step *step;
    if (!d || !refuse_unless_waiting(d, error) || !drafting_step_of(s, d, &seq, &step, error))
        return FALSE;
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, error))
        return FALSE;
    struct composer c = drafting_composer(s, gate.row, now_us);
    g_autofree char *difference = NULL;
    g_autoptr(GError) broken = NULL;
    gboolean ok = FALSE, changed = FALSE;
    if (draft_still_holds(&c, d, &difference, &broken)) {
        struct draft_request checked = drafting_request(seq, step, d->account_id);
        ok = draft_check_subject(&checked, d->subject, error) && draft_lint_allows(s, d, error) &&
             draft_freeze(&c, d, actor, error) &&
             outbox_enqueue(s->db, d->id, gate.sendable_us, now_us, error) &&
             (!gate.closed || tell_why(s, d->id, gate.closed, error)) &&
             drafting_record(s, d, "draft_approved", actor, drafting_about(d), now_us, error) &&
             service_advance(s, d->account_id, now_us, error) && is_still_queued(s, d->id, error);
        *send_at_us = gate.sendable_us;
    } else if (broken) {
        g_propagate_error(error, g_steal_pointer(&broken));
    } else {
        struct draft_request request = drafting_request(seq, step, d->account_id);
        if (draft_refresh(&c, &request, d, &changed, &broken))
            *recomposed = changed;
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " %s:\n%s", d->id,
                    !changed ? "cannot be approved"
                    : d->edited
                        ? "was edited before its facts changed; edit it, or approve it once more as it stands"
                        : "no longer held and was composed anew, look at it again",
                    broken ? broken->message : difference);
    }
    pipeline_gate_clear(&gate);
    return ok;
}

gboolean
approval_give(struct service *s, gint64 draft_id, const char *actor, gint64 *send_at_us, GError **error)
{
    gboolean recomposed = FALSE;
    if (!store_begin(s->db, error))
        return FALSE;
    gboolean ok = approve_in_transaction(s, draft_id, actor, clock_now_us(), send_at_us, &recomposed, error);
    if ((ok || recomposed) && store_commit(s->db, ok ? error : NULL))
        return ok;
    store_rollback(s->db);
    return FALSE;
}

gboolean
approval_refuse(struct service *s, gint64 draft_id, const char *reason, const char *actor, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    if (!d || !refuse_unless_waiting(d, error) || !store_begin(s->db, error))
        return FALSE;
    json_t *data = drafting_about(d);
    json_object_set_new(data, "reason", json_string(reason));
    gboolean ok = store_exec(
        s->db,
        "UPDATE message SET state = 'rejected', reason = ? WHERE id = ? AND state IN ('waiting', 'changed')",
        error, "ti", reason, draft_id);
    if (ok && store_changes(s->db) != 1) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP, "draft %" G_GINT64_FORMAT " was decided meanwhile",
                    draft_id);
        ok = FALSE;
    }
    struct event event = {.at_us = clock_now_us(),
                          .account_id = d->account_id,
                          .kind = "draft_rejected",
                          .actor = actor,
                          .data = data};
    ok = ok && service_record(s, &event, error) && store_commit(s->db, error);
    json_decref(data);
    if (!ok)
        store_rollback(s->db);
    return ok;
}
