/* An event as the rules of its transitions see it. Most of these ask for the event, the stage and its times,
 * and what was delivered of the account; then the rest need not be loaded, nor the other rules be judged,
 * which is most of what a view costs. See view.h. */
#include "pipeline/view.h"

#include <string.h>

static const char *const own_facts[] = {"event_step", "event_payment", "stage", NULL};

/* STAGE_at of a stage of the sequence. */
static gboolean
is_stage_time(const struct sequence *seq, const char *name)
{
    g_autofree char *stage = g_strdup(name);
    char *end = g_strrstr(stage, "_at");
    if (!end || end[strlen("_at")])
        return FALSE;
    *end = '\0';
    return sequence_stage(seq, stage) != NULL;
}

gboolean
view_is_about_event(const struct program *program, const struct sequence *seq, int rule)
{
    if (rule == NO_RULE)
        return TRUE;
    for (const char *const *name = rules_reads(seq->rules, rule); *name; name++) {
        const struct fact *fact = facts_find(program->facts, *name);
        if ((!fact || fact->engine) && !g_strv_contains(own_facts, *name) && !is_stage_time(seq, *name))
            return FALSE;
    }
    return TRUE;
}

struct view *
view_of_event(struct store *db, const struct program *program, const struct sequence *seq,
              struct enrolment *enrolment, const struct event *event, const int *rules, gsize n_rules,
              GError **error)
{
    scoped(view_free) struct view *v = g_new0(struct view, 1);
    v->db = db;
    v->program = program;
    v->seq = seq;
    v->account_id = event->account_id;
    v->now_us = event->at_us;
    v->enrolment = enrolment;
    if (!fact_row_load(db, program->facts, v->account_id, program->config->timezone, &v->row, error))
        return NULL;
    v->zone = fact_row_zone(v->row);
    fact_row_set(v->row, "stage", enrolment->stage ? json_string(enrolment->stage) : NULL);
    view_set_event(v, event);
    if (!view_set_stage_times(v, error))
        return NULL;
    v->values = g_new0(struct rule_value, facts_count(program->facts));
    fact_row_rule_values(v->row, v->values);
    v->results = g_new0(struct rule_result, (gsize)rules_count(seq->rules) + 1);
    for (gsize i = 0; i < n_rules; i++)
        if (rules[i] != NO_RULE &&
            !rules_evaluate(seq->rules, rules[i], v->values, &v->results[rules[i]], error))
            return NULL;
    return g_steal_pointer(&v);
}
