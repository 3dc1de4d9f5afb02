/* Joining compose, outbox and pipeline around a draft: see drafting.h. */
#include "service/drafting.h"

#include "base/clock.h"
#include "base/error.h"
#include "compose/finding_choice.h"

#include <string.h>

struct draft_request
drafting_request(const struct sequence *seq, const struct step *step, gint64 account_id)
{
    static const enum audience audiences[] = {[AUDIENCE_OWNERS_ADMINS] = RECIPIENTS_OWNERS_ADMINS,
                                              [AUDIENCE_PARTICIPANTS] = RECIPIENTS_PARTICIPANTS,
                                              [AUDIENCE_BY_ROLE] = RECIPIENTS_BY_ROLE};
    return (struct draft_request){
        .account_id = account_id,
        .sequence = seq->name,
        .step = step->id,
        .template_name = step->template_name,
        .audience = audiences[step->audience],
        .automatic = step->kind == STEP_AUTOMATIC,
        .payment = step->payment,
        .payment_words = (const char *const *)seq->payment_words,
    };
}

struct composer
drafting_composer(struct service *s, const struct fact_row *row, gint64 now_us)
{
    return (struct composer){.db = s->db,
                             .config = s->config,
                             .facts = s->program->facts,
                             .row = row,
                             .now_us = now_us,
                             .findings = s->findings};
}

/* Finds the sequence and step of a draft in the files of now. */
gboolean
drafting_step_of(struct service *s, const struct draft *d, const struct sequence **seq,
                 const struct step **step, GError **error)
{
    *seq = program_sequence(s->program, d->sequence);
    *step = *seq ? sequence_step(*seq, d->step) : NULL;
    if (*step)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                "draft %" G_GINT64_FORMAT ": the sequences have no step %s of %s any more", d->id, d->step,
                d->sequence);
    return FALSE;
}

json_t *
drafting_about(const struct draft *d)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:i}", "message", (json_int_t)d->id, "sequence", d->sequence,
                     "step", d->step, "subject", d->subject, "specialist", d->specialist_id, "automatic",
                     d->automatic);
}

gboolean
drafting_record(struct service *s, const struct draft *d, const char *kind, const char *actor, json_t *data,
                gint64 now_us, GError **error)
{
    struct event event = {.at_us = now_us,
                          .account_id = d->account_id,
                          .cause = s->cause,
                          .kind = kind,
                          .actor = actor,
                          .data = data};
    gboolean ok = pipeline_record(s->db, s->program, &event, error);
    json_decref(data);
    return ok;
}

static gboolean
set_step(struct service *s, gint64 account_id, const char *sequence, const char *step, enum step_state state,
         const char *reason, gint64 now_us, GError **error)
{
    gint64 due_us =
        store_int(s->db, "SELECT due_at FROM step WHERE account_id = ? AND sequence = ? AND step = ?", 0,
                  NULL, "itt", account_id, sequence, step);
    json_t *data = json_pack("{s:s, s:s, s:s, s:I, s:s?}", "sequence", sequence, "step", step, "state",
                             step_state_names[state], "due_at", (json_int_t)due_us, "reason", reason);
    return service_note(s, account_id, now_us, "step_changed", data, error);
}

/* Why the step could not be composed when that was last tried; NULL when it is not parked. The caller frees.
 */
static char *
parked_because(struct service *s, gint64 account_id, const struct sequence *seq, const struct step *step)
{
    return store_text(s->db,
                      "SELECT substr(reason, length(?1) + 1) FROM step WHERE account_id = ?2 AND sequence = "
                      "?3 AND step = ?4 AND state = 'waiting' AND substr(reason, 1, length(?1)) = ?1",
                      NULL, "titt", STEP_UNCOMPOSED, account_id, seq->name, step->id);
}

static char *
parked_title(const struct step *step, const char *why)
{
    return g_strdup_printf("The %s mail cannot be composed: %s", step->id, why);
}

/* What kept the step from being composed is over, or is something else now: the tasks that named it are done.
 */
static gboolean
close_parked(struct service *s, gint64 account_id, const struct step *step, gint64 now_us, GError **error)
{
    for (;;) {
        g_autofree char *any = parked_title(step, "");
        g_autoptr(GError) local = NULL;
        g_autofree char *title =
            store_text(s->db,
                       "SELECT title FROM task WHERE account_id = ?1 AND done_at IS NULL AND kind = "
                       "'cannot_compose' AND substr(title, 1, length(?2)) = ?2 LIMIT 1",
                       &local, "it", account_id, any);
        if (local)
            g_propagate_error(error, g_steal_pointer(&local));
        if (!title)
            return !error || !*error;
        json_t *data = json_pack("{s:s, s:s}", "task", "cannot_compose", "title", title);
        if (!service_note(s, account_id, now_us, "task_over", data, error))
            return FALSE;
    }
}

/* A step that cannot be composed waits, says why, and makes one task: once a reason. */
static gboolean
park_step(struct service *s, gint64 account_id, const struct sequence *seq, const struct step *step,
          const char *before, const char *why, gint64 now_us, GError **error)
{
    if (g_strcmp0(before, why) == 0)
        return TRUE;
    g_autofree char *reason = g_strconcat(STEP_UNCOMPOSED, why, NULL);
    g_autofree char *title = parked_title(step, why);
    return set_step(s, account_id, seq->name, step->id, STEP_WAITING, reason, now_us, error) &&
           close_parked(s, account_id, step, now_us, error) &&
           service_task_once(s, account_id, now_us, "cannot_compose", title, error);
}

gboolean
drafting_park_wanted(struct service *s, gint64 account_id, const char *reason, gint64 now_us, GError **error)
{
    for (;;) {
        g_autofree char *sequence = NULL;
        g_autofree char *step = NULL;
        {
            scoped(query_end) struct query *q = store_query(
                s->db, "SELECT sequence, step FROM step WHERE account_id = ? AND state = 'wanted' LIMIT 1",
                error, "i", account_id);
            g_autoptr(GError) local = NULL;
            if (!q)
                return FALSE;
            if (!query_next(q, &local)) {
                return error_pass(error, &local);
            }
            sequence = query_dup_text(q, "sequence");
            step = query_dup_text(q, "step");
        }
        if (!set_step(s, account_id, sequence, step, STEP_WAITING, reason, now_us, error))
            return FALSE;
    }
}

static gboolean
store_composed(struct service *s, struct draft *d, const struct composer *c, gint64 now_us, GError **error)
{
    if (!draft_store(s->db, d, error))
        return FALSE;
    if (d->automatic &&
        (!draft_freeze(c, d, "usher", error) || !outbox_enqueue(s->db, d->id, now_us, now_us, error)))
        return FALSE;
    /* It follows from its step's being wanted, and with it from whatever made it so. */
    gint64 outer = s->cause;
    g_autoptr(GError) local = NULL;
    s->cause = store_int(
        s->db,
        "SELECT MAX(id) FROM event WHERE account_id = ? AND kind = 'step_changed' AND data ->> 'step' "
        "= ? AND data ->> 'sequence' = ?",
        0, &local, "itt", d->account_id, d->step, d->sequence);
    json_t *data = drafting_about(d);
    json_object_set_new(data, "findings", finding_pinned_names(d->findings));
    gboolean ok = drafting_record(s, d, "draft_made", "usher", data, now_us, local ? NULL : error);
    s->cause = outer;
    return ok && error_pass(error, &local);
}

/* TRUE for what a person can mend: a template, a fact, a name; FALSE for a database or a bug. */
static gboolean
is_about_content(const GError *problem)
{
    return problem->domain == USHER_ERROR &&
           (problem->code == USHER_ERROR_DATA || problem->code == USHER_ERROR_CONFIG ||
            problem->code == USHER_ERROR_NO_INPUT);
}

static gboolean
compose_step(struct service *s, gint64 account_id, const struct sequence *seq, const struct step *step,
             const char *before, gint64 now_us, GError **error)
{
    /* A message of this step that is under way, or done, is never made a second time. */
    g_autoptr(GError) local = NULL;
    if (store_int(
            s->db,
            "SELECT 1 FROM message m JOIN enrolment e ON e.account_id = m.account_id AND e.sequence = "
            "m.sequence WHERE m.account_id = ? AND m.sequence = ? AND m.step = ? AND (m.state = 'queued'"
            " OR (m.state IN ('sent', 'failed') AND m.created_at >= COALESCE(e.fresh_at, 0))) LIMIT 1",
            0, &local, "itt", account_id, seq->name, step->id))
        return park_step(s, account_id, seq, step, before,
                         "an earlier mail of this step may still arrive; settle it first", now_us, error);
    if (!error_pass(error, &local))
        return FALSE;
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, NULL, account_id, now_us, &gate, error))
        return FALSE;
    struct composer c = drafting_composer(s, gate.row, now_us);
    struct draft_request request = drafting_request(seq, step, account_id);
    g_autoptr(GError) problem = NULL;
    scoped(draft_free) struct draft *d = draft_compose(&c, &request, &problem);
    gboolean ok = store_savepoint(s->db, error);
    if (ok && d && close_parked(s, account_id, step, now_us, &problem) &&
        (!before || set_step(s, account_id, seq->name, step->id, STEP_WANTED, NULL, now_us, &problem)) &&
        store_composed(s, d, &c, now_us, &problem)) {
        ok = store_savepoint_keep(s->db, error);
    } else if (ok) {
        store_savepoint_undo(s->db);
        ok = is_about_content(problem) &&
             park_step(s, account_id, seq, step, before, problem->message, now_us, error);
        if (!ok && error && !*error)
            g_propagate_error(error, g_steal_pointer(&problem));
    }
    pipeline_gate_clear(&gate);
    return ok;
}

gboolean
drafting_compose_wanted(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 any = store_int(s->db,
                           "SELECT 1 FROM step WHERE account_id = ?1 AND state = 'wanted' UNION ALL SELECT 1 "
                           "FROM step WHERE account_id = ?1 AND state = 'waiting' AND substr(reason, 1, "
                           "length(?2)) = ?2 LIMIT 1",
                           0, &local, "it", account_id, STEP_UNCOMPOSED);
    if (!error_pass(error, &local))
        return FALSE;
    if (!any)
        return TRUE;
    for (guint i = 0; i < s->program->sequences->len; i++) {
        const struct sequence *seq = s->program->sequences->pdata[i];
        for (guint j = 0; j < seq->steps->len; j++) {
            const struct step *step = seq->steps->pdata[j];
            gint64 wanted = store_int(
                s->db,
                "SELECT 1 FROM step WHERE account_id = ? AND sequence = ? AND step = ? AND state = 'wanted'",
                0, NULL, "itt", account_id, seq->name, step->id);
            g_autofree char *before = wanted ? NULL : parked_because(s, account_id, seq, step);
            if ((wanted || before) && !compose_step(s, account_id, seq, step, before, now_us, error))
                return FALSE;
        }
    }
    /* Recording "draft_made" marked the account for another look, which would find nothing new. */
    return drafting_park_wanted(s, account_id, "the sequences have no such step any more", now_us, error) &&
           store_exec(s->db, "UPDATE account SET dirty = 0 WHERE id = ?", error, "i", account_id);
}

/* Gives a returned draft the text of now, so that the specialist judges what would be sent. One that cannot
 * be rendered keeps its old text; its approval will say why. */
static gboolean
renew_text(struct service *s, const struct draft *returned, gint64 now_us, GError **error)
{
    const struct sequence *seq;
    const struct step *step;
    struct pipeline_gate gate;
    if (returned->edited || !drafting_step_of(s, returned, &seq, &step, NULL))
        return TRUE;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, returned->id, error);
    if (!d || !pipeline_gate_load(s->db, s->program, seq, NULL, d->account_id, now_us, &gate, error))
        return FALSE;
    struct composer c = drafting_composer(s, gate.row, now_us);
    struct draft_request request = drafting_request(seq, step, d->account_id);
    g_autoptr(GError) problem = NULL;
    gboolean changed,
        ok = draft_refresh(&c, &request, d, NULL, &changed, &problem) || is_about_content(problem);
    pipeline_gate_clear(&gate);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&problem));
    return ok;
}

gboolean
drafting_withdraw_unwanted(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    static const char sql[] =
        "SELECT m.id FROM message m LEFT JOIN step p ON p.account_id = m.account_id AND p.sequence = "
        "m.sequence AND p.step = m.step"
        " WHERE m.account_id = ? AND (m.state = 'waiting' OR m.state = 'changed' OR m.state = 'queued')"
        " AND (p.state IS NULL OR p.state NOT IN ('drafted', 'queued') OR p.message_id IS NOT m.id)";
    g_autoptr(GArray) ids = store_ids(s->db, sql, error, "i", account_id);
    if (!ids)
        return FALSE;
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        gboolean gone;
        scoped(draft_free) struct draft *d = draft_load(s->db, s->config, id, error);
        if (!d || !outbox_withdraw(s->db, id, now_us, &gone, error))
            return FALSE;
        if (!gone)
            continue;
        g_autofree char *reason =
            store_text(s->db, "SELECT reason FROM step WHERE account_id = ? AND sequence = ? AND step = ?",
                       NULL, "itt", account_id, d->sequence, d->step);
        json_t *data = drafting_about(d);
        json_object_set_new(data, "reason", json_string(reason ? reason : "its step is over"));
        struct event event = {.at_us = now_us,
                              .account_id = account_id,
                              .cause = s->cause,
                              .kind = "draft_withdrawn",
                              .actor = "usher",
                              .data = data};
        gboolean ok = draft_set_state(s->db, id, MESSAGE_WITHDRAWN, reason, error) &&
                      state_record(s->db, &event, error);
        json_decref(data);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

struct draft *
drafting_preview(struct service *s, gint64 account_id, const struct sequence *seq, const struct step *step,
                 gint64 now_us, struct fact_row **row_out, GError **error)
{
    struct pipeline_gate gate;
    if (!pipeline_gate_load(s->db, s->program, seq, NULL, account_id, now_us, &gate, error))
        return NULL;
    struct composer c = drafting_composer(s, gate.row, now_us);
    struct draft_request request = drafting_request(seq, step, account_id);
    struct draft *d = draft_compose(&c, &request, error);
    if (row_out)
        *row_out = g_steal_pointer(&gate.row);
    pipeline_gate_clear(&gate);
    return d;
}

gboolean
drafting_return(struct service *s, const struct draft *d, const char *reason, gint64 now_us, gboolean *gone,
                GError **error)
{
    if (!outbox_withdraw(s->db, d->id, now_us, gone, error))
        return FALSE;
    if (!*gone)
        return TRUE;
    json_t *data = drafting_about(d);
    json_object_set_new(data, "reason", json_string(reason));
    if (!d->automatic) {
        if (draft_set_state(s->db, d->id, MESSAGE_CHANGED, reason, error) && renew_text(s, d, now_us, error))
            return drafting_record(s, d, "draft_returned", "usher", data, now_us, error);
        json_decref(data);
        return FALSE;
    }
    /* Nobody has to look at an automatic mail again: it is composed anew from the facts of now. */
    json_object_set_new(data, "state", json_string(step_state_names[STEP_IDLE]));
    json_object_del(data, "message");
    struct event event = {.at_us = now_us,
                          .account_id = d->account_id,
                          .cause = s->cause,
                          .kind = "step_changed",
                          .actor = "usher",
                          .data = data};
    gboolean ok = draft_set_state(s->db, d->id, MESSAGE_WITHDRAWN, reason, error) &&
                  pipeline_record(s->db, s->program, &event, error);
    json_decref(data);
    return ok;
}

gboolean
drafting_return_orphans(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GArray) ids = store_ids(
        s->db, "SELECT id FROM message WHERE account_id = ? AND state = 'queued'", error, "i", account_id);
    for (guint i = 0; ids && i < ids->len; i++) {
        gboolean gone;
        scoped(draft_free) struct draft *d =
            draft_load(s->db, s->config, g_array_index(ids, gint64, i), error);
        if (!d)
            return FALSE;
        if (config_mailbox(s->config, d->mailbox))
            continue;
        g_autofree char *why = g_strdup_printf("usher.conf has no mailbox \"%s\" any more", d->mailbox);
        if (!drafting_return(s, d, why, now_us, &gone, error))
            return FALSE;
    }
    return ids != NULL;
}
