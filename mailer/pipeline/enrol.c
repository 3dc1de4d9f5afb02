/* Entering by hand: whether a specialist may, and what it does. */
#include "pipeline/engine.h"

#include "accounts/contacts.h"
#include "base/error.h"
#include "pipeline/progress.h"

/* Why a specialist may not enter the account; NULL: they may, or an error. The caller frees. */
static char *
refusal_by_hand(struct view *v, GError **error)
{
    const struct sequence *seq = v->seq;
    if (v->enrolment && v->enrolment->active) {
        const struct stage *stage = sequence_stage(seq, v->enrolment->stage);
        return g_strdup_printf("the account is already in %s, in stage %s", seq->name,
                               stage ? stage->title : v->enrolment->stage);
    }
    if (v->enrolment && seq->reenter == REENTER_NEVER)
        return g_strdup_printf(
            "the account was in %s before, and nobody enters that twice (reenter = \"never\")", seq->name);
    g_autofree char *other = progress_excluded_by(v, error);
    return other && program_sequence(v->program, other)
               ? g_strdup_printf("the account is in %s, and nobody is in %s at the same time (not_while)",
                                 other, seq->name)
               : NULL;
}

/* A sequence that is not in force any more cannot let anybody go by itself: a person who enters the account
 * elsewhere takes it out. */
static gboolean
leave_bygone(struct view *v, GError **error)
{
    for (;;) {
        g_autoptr(GError) local = NULL;
        g_autofree char *other = progress_excluded_by(v, &local);
        if (!error_pass(error, &local))
            return FALSE;
        if (!other)
            return TRUE;
        json_t *data = json_pack("{s:s, s:s}", "sequence", other, "reason", "it is not in force any more");
        struct event event = {
            .at_us = v->now_us, .account_id = v->account_id, .kind = "left", .actor = "usher", .data = data};
        gboolean ok = state_record(v->db, &event, error);
        json_decref(data);
        if (!ok)
            return FALSE;
    }
}

gboolean
pipeline_may_enter(struct store *db, const struct program *program, const struct sequence *sequence,
                   const struct stage *stage, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    if (!view_may_enter(v, stage)) {
        g_autofree char *rule = view_rule_line(v, stage->when, 0);
        g_autofree char *known = view_known(v, stage->when);
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION, "stage %s: only where %s%s%s",
                    stage->title, rule, *known ? "; now " : "", known);
        return FALSE;
    }
    g_autofree char *other = v->enrolment && !v->enrolment->active ? progress_excluded_by(v, &local) : NULL;
    if (other)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION,
                    "the account is in %s, and nobody is in %s at the same time (not_while)", other,
                    sequence->name);
    return !other && error_pass(error, &local);
}

gboolean
pipeline_enrol_by_hand(struct store *db, const struct program *program, const struct sequence *sequence,
                       gint64 account_id, gint64 now_us, const char *actor, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return FALSE;
    g_autofree char *refusal = refusal_by_hand(v, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (refusal) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, refusal);
        return FALSE;
    }
    if (view_truth(v, sequence->exclude, RULE_FALSE) == RULE_TRUE) {
        g_autofree char *rule = view_rule_line(v, sequence->exclude, 0);
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION,
                    "%s excludes the account, even by hand: %s", sequence->name, rule);
        return FALSE;
    }
    gboolean noticed = FALSE;
    if (!progress_notice_elsewhere(v, &noticed, error))
        return FALSE;
    json_t *data = progress_facts(v);
    json_object_set_new(data, "sequence", json_string(sequence->name));
    json_object_set_new(data, "by_hand", json_integer(1));
    json_object_set_new(data, "why", json_string("by hand"));
    struct event event = {
        .at_us = now_us, .account_id = account_id, .kind = "enrolled", .actor = actor, .data = data};
    gboolean ok = leave_bygone(v, error) && state_record(db, &event, error);
    json_decref(data);
    return ok && view_enter_stage(v, sequence->stages->pdata[0], "enrolled by hand", event.id, error) &&
           account_touch(db, account_id, error);
}
