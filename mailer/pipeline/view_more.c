/* See view_more.h. Most accounts are in no sequence: of those only the segments are asked for. */
#include "pipeline/view_more.h"

#include "accounts/sender.h"
#include "base/error.h"
#include "pipeline/segment.h"
#include "pipeline/watch.h"

#include <string.h>

void
view_wake_at(struct view *view, gint64 us)
{
    if (us > view->now_us && (!view->wake_us || us < view->wake_us))
        view->wake_us = us;
}

static gboolean
declare(struct fact_set *facts, cfg_t *sequence, const char *section, GError **error)
{
    for (unsigned i = 0; i < cfg_size(sequence, section); i++) {
        const char *id = cfg_title(cfg_getnsec(sequence, section, i));
        g_autofree char *state = g_strdup_printf("%s_state", id);
        g_autofree char *sent = g_strdup_printf("%s_sent_at", id);
        g_autofree char *about_state = g_strdup_printf("where the step %s stands", id);
        g_autofree char *about_sent = g_strdup_printf("when the mail of the step %s went out", id);
        if (!facts_add_engine(facts, state, FACT_TEXT, about_state, error) ||
            !facts_add_engine(facts, sent, FACT_TIME, about_sent, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
view_more_declare_steps(struct fact_set *facts, cfg_t *sequence, GError **error)
{
    return declare(facts, sequence, "step", error) && declare(facts, sequence, "meeting", error);
}

static gboolean
finish(struct query *q, GError *local, GError **error)
{
    if (local)
        g_propagate_error(error, local);
    return q && !local;
}

static void
status_free(gpointer data)
{
    struct step_status *status = data;
    g_free(status->reason);
    g_free(status);
}

/* Every step the database knows of the account, and how they stand as facts. */
static gboolean
set_steps(struct view *v, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(v->db,
                    "SELECT step, state, due_at, released_at, reason, message_id, task_event, sent_at FROM "
                    "step WHERE account_id = ? AND sequence = ?",
                    &local, "it", v->account_id, v->seq->name);
    while (q && query_next(q, &local)) {
        const struct step *step = sequence_step(v->seq, query_text(q, "step"));
        struct step_status *s = g_new0(struct step_status, 1);
        g_hash_table_insert(v->steps, query_dup_text(q, "step"), s);
        s->state = step_state_parse(query_text(q, "state"));
        s->due_us = query_int(q, "due_at");
        s->released_us = query_int(q, "released_at");
        s->reason = query_dup_text(q, "reason");
        s->message_id = query_int(q, "message_id");
        s->task_event = query_int(q, "task_event");
        if (!step)
            continue; /* a step the file no longer has */
        view_more_set_step(v, step, s->state);
        fact_row_set_time(v->row, step->sent_fact, query_int(q, "sent_at"));
    }
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

void
view_more_set_step(struct view *v, const struct step *step, enum step_state state)
{
    fact_row_set(v->row, step->state_fact, json_string(step_state_names[state]));
}

static gboolean
set_segments(struct view *v, GError **error)
{
    guint n = v->program->segments->len;
    if (n == 0)
        return TRUE;
    v->memberships = g_new0(struct membership, n);
    if (!segments_load(v->db, v->program, v->account_id, v->memberships, error))
        return FALSE;
    for (guint i = 0; i < n; i++)
        fact_row_set(v->row, ((struct segment *)v->program->segments->pdata[i])->fact,
                     json_boolean(v->memberships[i].member));
    return TRUE;
}

const char *
view_segment_why(const struct view *v, const char *fact, const char **title)
{
    for (guint i = 0; v->memberships && g_str_has_prefix(fact, "in_") && i < v->program->segments->len; i++) {
        const struct segment *s = v->program->segments->pdata[i];
        if (!v->memberships[i].member || strcmp(s->fact, fact) != 0)
            continue;
        *title = s->title;
        return v->memberships[i].why;
    }
    return NULL;
}

static gboolean
set_calls(struct view *v, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        v->db,
        "SELECT COUNT(*) FILTER (WHERE ends_at <= ?2) AS held, MAX(ends_at) FILTER (WHERE ends_at "
        "<= ?2) AS ended, MIN(ends_at) FILTER (WHERE ends_at > ?2) AS ends,"
        " (SELECT at FROM account_mark WHERE account_id = ?1 AND mark = 'paid_call') AS bought,"
        " (SELECT at FROM account_mark WHERE account_id = ?1 AND mark = 'paid_call_missed') AS "
        "missed, (SELECT at FROM account_mark WHERE account_id = ?1 AND mark = 'referral') AS referred FROM "
        "call WHERE account_id = ?1",
        error, "ii", v->account_id, v->now_us);
    if (q && query_next(q, &local)) {
        fact_row_set(v->row, "calls_held", json_integer(query_int(q, "held")));
        fact_row_set_time(v->row, "call_ended_at", query_int(q, "ended"));
        if (!sequence_stage(v->seq, "paid_call")) /* else it is when that was entered */
            fact_row_set_time(v->row, "paid_call_at", query_int(q, "bought"));
        fact_row_set_time(v->row, "paid_call_missed_at", query_int(q, "missed"));
        fact_row_set_time(v->row, "referred_at", query_int(q, "referred"));
        view_wake_at(v, query_int(q, "ends"));
    }
    return finish(q, g_steal_pointer(&local), error);
}

static gboolean
set_people(struct view *v, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 people =
        store_int(v->db,
                  "SELECT COUNT(*) FROM contact c WHERE c.account_id = ? AND NOT c.absent"
                  " AND NOT EXISTS (SELECT 1 FROM suppression WHERE address = c.address)"
                  " AND NOT EXISTS (SELECT 1 FROM suppression WHERE address = '@' || substr(c.address, "
                  "instr(c.address, '@') + 1))",
                  0, &local, "i", v->account_id);
    if (!error_pass(error, &local))
        return FALSE;
    fact_row_set(v->row, "people_left", json_integer(people));
    return TRUE;
}

/* Whether the failsafe stands in for an owner, although the regions have people. */
static gboolean
set_orphan(struct view *v, GError **error)
{
    const struct specialist *owner;
    gboolean rota = FALSE;
    for (guint i = 0; i < v->program->config->specialists->len; i++)
        rota = rota || *((const struct specialist *)v->program->config->specialists->pdata[i])->regions;
    fact_row_set(v->row, "orphan", json_false());
    if (!rota)
        return TRUE;
    if (!sender_find_owner(v->db, v->program->config, v->row, v->account_id, &owner, error))
        return FALSE;
    fact_row_set(v->row, "orphan", json_boolean(!owner));
    return TRUE;
}

gboolean
view_more_set(struct view *v, GError **error)
{
    gboolean active = v->enrolment && v->enrolment->active;
    v->steps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, status_free);
    fact_row_set(v->row, "calls_held", json_integer(0));
    return set_segments(v, error) && (!v->enrolment || set_steps(v, error)) &&
           (!watch_is_known(v) || set_calls(v, error)) &&
           (!active || !v->program->reads_people_left || set_people(v, error)) &&
           (!active || !v->program->reads_orphan || set_orphan(v, error));
}
