/* A specialist's word on a draft: see approval.h. The draft is checked, frozen and queued in one transaction.
 */
#include "service/approval.h"

#include "base/clock.h"
#include "base/error.h"
#include "service/draft_lint.h"
#include "service/drafting.h"
#include "service/people.h"
#include "service/revision.h"

#include <string.h>

static gboolean
refuse_unless_waiting(const struct draft *d, GError **error)
{
    if (d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " is %s%s%s", d->id,
                d->state == MESSAGE_QUEUED ? "approved already, and queued" : message_state_names[d->state],
                d->reason ? ": " : "", d->reason ? d->reason : "");
    return FALSE;
}

/* Bringing the account up to date may have ended what the draft was for. */
static gboolean
is_still_wanted(struct service *s, gint64 draft_id, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    if (!d)
        return FALSE;
    if (d->state == MESSAGE_QUEUED || d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " is not wanted any more: %s",
                draft_id, d->reason ? d->reason : message_state_names[d->state]);
    return FALSE;
}

const char *
approval_first(const struct service *s, const struct draft *d)
{
    return s->config->second_approval && d->first_by && d->first_revision == d->revision ? d->first_by : NULL;
}

/* What the journal says about an approval: which revision, and whose words they are. */
static json_t *
about_approval(struct service *s, const struct draft *d)
{
    json_t *data = drafting_about(d);
    g_autofree char *editor = store_text(s->db,
                                         "SELECT actor FROM event WHERE account_id = ? AND kind = "
                                         "'draft_edited' AND data ->> 'message' = ? ORDER BY id DESC LIMIT 1",
                                         NULL, "ii", d->account_id, d->id);
    json_object_set_new(data, "revision", json_integer(d->revision));
    json_object_set_new(data, "written_by", json_string(editor && d->edited ? editor : "usher"));
    return data;
}

/* ---- approving ---- */

/* An approval under way; everything borrowed. */
struct act {
    struct service *s;
    const char *actor;
    gint64 now_us;
    const struct composer *composer;
    const struct pipeline_gate *gate;
};

/* What makes an approved mail wait, for whoever looks into the outbox before its hour. */
static gboolean
tell_why(struct service *s, gint64 draft_id, const char *reason, GError **error)
{
    return store_exec(s->db, "UPDATE delivery SET text = ? WHERE message_id = ? AND state = 'queued'", error,
                      "ti", reason, draft_id);
}

static gboolean
keep_first(const struct act *a, const struct draft *d, GError **error)
{
    if (!store_exec(a->s->db,
                    "UPDATE message SET first_by = ?, first_at = ?, first_revision = revision WHERE id = ? "
                    "AND revision = ? AND state IN ('waiting', 'changed')",
                    error, "tiii", a->actor, a->now_us, d->id, d->revision))
        return FALSE;
    if (store_changes(a->s->db) == 1)
        return drafting_record(a->s, d, "draft_approved_first", a->actor, about_approval(a->s, d), a->now_us,
                               error);
    g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP,
                "draft %" G_GINT64_FORMAT " changed or was decided meanwhile: look at it again", d->id);
    return FALSE;
}

static gboolean
freeze(const struct act *a, struct draft *d, GError **error)
{
    json_t *data = about_approval(a->s, d);
    const char *first = approval_first(a->s, d);
    if (first)
        json_object_set_new(data, "first_by", json_string(first));
    if (draft_freeze(a->composer, d, a->actor, error) &&
        outbox_enqueue(a->s->db, d->id, a->gate->sendable_us, a->now_us, error) &&
        (!a->gate->closed || tell_why(a->s, d->id, a->gate->closed, error)))
        return drafting_record(a->s, d, "draft_approved", a->actor, data, a->now_us, error);
    json_decref(data);
    return FALSE;
}

/* A draft that holds: everything a person may not overrule is looked at, then it is one approval further. */
static gboolean
take(const struct act *a, struct draft *d, const struct draft_request *request, struct approval *out,
     GError **error)
{
    const char *first = approval_first(a->s, d);
    if (!draft_check_subject(request, d->subject, error) || !draft_lint_allows(a->s, d, error))
        return FALSE;
    if (first && people_same(a->s->config, first, a->actor)) {
        g_autofree char *name = people_name(a->s->config, first);
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION,
                    "draft %" G_GINT64_FORMAT
                    " was approved by %s already: the second approval is for another person",
                    d->id, name);
        return FALSE;
    }
    out->outcome = a->s->config->second_approval && !first ? APPROVAL_FIRST : APPROVAL_QUEUED;
    out->send_at_us = a->gate->sendable_us;
    return (out->outcome == APPROVAL_FIRST ? keep_first(a, d, error) : freeze(a, d, error)) &&
           service_advance(a->s, d->account_id, a->now_us, error) && is_still_wanted(a->s, d->id, error);
}

/* What the draft says otherwise than old did. The caller frees; NULL when nothing can be said. */
static char *
lines_since(struct service *s, const struct draft *old, char **name)
{
    scoped(draft_free) struct draft *now = draft_load(s->db, s->config, old->id, NULL);
    char *lines = NULL;
    *name = revision_name(old->id, now ? now->revision : old->revision);
    if (!now || !revision_difference(s, now, old->revision, &lines, NULL) || !*lines)
        g_clear_pointer(&lines, g_free);
    return lines;
}

/* A draft that no longer holds becomes what would be sent now, and *recomposed says so. */
static void
renew(const struct act *a, struct draft *d, const struct draft_request *request, const char *difference,
      gboolean *recomposed, GError **error)
{
    g_autoptr(GError) broken = NULL;
    gboolean changed = FALSE;
    if (!draft_refresh(a->composer, request, d, a->actor, &changed, &broken) || !changed) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "draft %" G_GINT64_FORMAT " cannot be approved:\n%s", d->id,
                    broken ? broken->message : difference);
        return;
    }
    *recomposed = TRUE;
    g_autofree char *name = NULL;
    g_autofree char *lines = lines_since(a->s, d, &name);
    gboolean told = !lines || g_str_has_prefix(difference, "- "); /* the first of those lines */
    g_set_error(
        error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " %s (now %s):\n%s%s%s", d->id,
        d->edited ? "was edited before its facts changed; edit it, or approve it once more as it stands"
                  : "no longer held and was composed anew, look at it again",
        name, lines && told ? lines : difference, told ? "" : "\n", told ? "" : lines);
}

static gboolean
approve_in_transaction(struct service *s, gint64 draft_id, gint64 revision, const char *actor,
                       struct approval *out, gboolean *recomposed, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    const struct sequence *seq;
    const struct step *step;
    gint64 now_us = clock_now_us();
    if (!d || !refuse_unless_waiting(d, error) || !revision_is_meant(s, d, revision, actor, error) ||
        !drafting_step_of(s, d, &seq, &step, error))
        return FALSE;
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, error))
        return FALSE;
    struct composer c = drafting_composer(s, gate.row, now_us);
    struct act a = {.s = s, .actor = actor, .now_us = now_us, .composer = &c, .gate = &gate};
    struct draft_request request = drafting_request(seq, step, d->account_id);
    g_autofree char *difference = NULL;
    g_autoptr(GError) broken = NULL;
    gboolean ok = FALSE;
    if (draft_still_holds(&c, d, &difference, &broken))
        ok = take(&a, d, &request, out, error);
    else if (broken)
        g_propagate_error(error, g_steal_pointer(&broken));
    else
        renew(&a, d, &request, difference, recomposed, error);
    pipeline_gate_clear(&gate);
    return ok;
}

gboolean
approval_give(struct service *s, gint64 draft_id, gint64 revision, const char *actor, struct approval *out,
              GError **error)
{
    gboolean recomposed = FALSE;
    if (!store_begin(s->db, error))
        return FALSE;
    gboolean ok = approve_in_transaction(s, draft_id, revision, actor, out, &recomposed, error);
    if ((ok || recomposed) && store_commit(s->db, ok ? error : NULL))
        return ok;
    store_rollback(s->db);
    return FALSE;
}

char *
approval_obstacle(struct service *s, const struct draft *d, gint64 now_us)
{
    const struct sequence *seq;
    const struct step *step;
    struct pipeline_gate gate;
    g_autoptr(GError) broken = NULL;
    if (!drafting_step_of(s, d, &seq, &step, &broken) ||
        !pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, &broken))
        return g_strdup(broken->message);
    struct composer c = drafting_composer(s, gate.row, now_us);
    struct draft_request request = drafting_request(seq, step, d->account_id);
    char *difference = NULL;
    if (draft_still_holds(&c, d, &difference, &broken))
        draft_check_subject(&request, d->subject, &broken);
    pipeline_gate_clear(&gate);
    return difference ? difference : broken ? g_strdup(broken->message) : NULL;
}

/* ---- rejecting ---- */

gboolean
approval_refuse(struct service *s, gint64 draft_id, gint64 revision, const char *reason, const char *actor,
                GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    if (!d || !refuse_unless_waiting(d, error) || !revision_is_meant(s, d, revision, actor, error) ||
        !store_begin(s->db, error))
        return FALSE;
    json_t *data = drafting_about(d);
    json_object_set_new(data, "reason", json_string(reason));
    json_object_set_new(data, "revision", json_integer(d->revision));
    gboolean ok =
        store_exec(s->db,
                   "UPDATE message SET state = 'rejected', reason = ? WHERE id = ? AND revision = ? "
                   "AND state IN ('waiting', 'changed')",
                   error, "tii", reason, draft_id, d->revision);
    if (ok && store_changes(s->db) != 1) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP,
                    "draft %" G_GINT64_FORMAT " changed or was decided meanwhile: look at it again",
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
