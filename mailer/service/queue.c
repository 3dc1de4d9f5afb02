/* See queue.h. One row of the database for each enrolment, then what only the account's facts and its zone
 * tell: owner, days to the renewal, marks. */
#include "service/queue.h"

#include "accounts/sender.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "pipeline/deadline.h"
#include "service/outlook.h"
#include "service/queue_mail.h"

#include <stdlib.h>
#include <string.h>

#define RENEWAL_DAYS 14 /* the outreach is due that long before the renewal */
#define OUTREACH_DAYS 7 /* so long an account may be new */

const char *const queue_mark_names[QUEUE_MARK_COUNT] = {
    [QUEUE_UNWRITTEN] = "unwritten",
    [QUEUE_UNANSWERED] = "unanswered",
    [QUEUE_NO_OUTREACH] = "no_outreach",
    [QUEUE_TASK_DUE] = "task_due",
    [QUEUE_STEP_LATE] = "step_late",
    [QUEUE_CHECK_IN] = "check_in",
    [QUEUE_DRAFT] = "draft",
    [QUEUE_HELD] = "held",
    [QUEUE_NEW] = "new",
};

void
queue_entry_free(gpointer data)
{
    struct queue_entry *e = data;
    char *const texts[] = {
        e->account,    e->name,           e->sequence,  e->stage,        e->priority,
        e->renewal,    e->cancelled,      e->last.what, e->last.subject, e->next_step,
        e->next_state, e->check_in,       e->note,      e->task_title,   e->task_assignee,
        e->note_by,    e->check_in_state, e->held,      e->ends_at,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_free(e);
}

/* The renewal date may come from any source; the newest that has it wins, as in fact_row_load(). first_stage:
 * it has not moved yet. written: anybody wrote anything but the mail about a failed payment. */
static const char sql[] =
    "SELECT * FROM (SELECT a.id, a.key, a.priority, e.sequence, e.stage, e.since, e.last_sent_at, "
    "e.engaged_at, e.cancelled, e.replied_at,"
    " COALESCE(e.replied_at, 0) > COALESCE(e.answered_at, 0) AS unanswered,"
    " EXISTS (SELECT 1 FROM enrolment w WHERE w.account_id = a.id AND w.last_sent_at > "
    "COALESCE(w.payment_mail_at, 0)) AS written,"
    " (SELECT f.facts ->> 'next_renewal' FROM account_facts f WHERE f.account_id = a.id AND f.facts ->> "
    "'next_renewal' IS NOT NULL ORDER BY f.as_of DESC LIMIT 1) AS renewal,"
    " (SELECT COUNT(*) FROM contact c WHERE c.account_id = a.id AND NOT c.absent) AS users,"
    " (SELECT COUNT(*) FROM task t WHERE t.account_id = a.id AND t.done_at IS NULL) AS tasks,"
    " (SELECT p.step FROM step p WHERE p.account_id = a.id AND p.sequence = e.sequence"
    "  AND p.state IN ('drafted', 'queued', 'scheduled', 'waiting', 'late', 'wanted')"
    "  ORDER BY p.due_at IS NULL, p.due_at LIMIT 1) AS next,"
    " (SELECT COUNT(*) FROM stage_entry x WHERE x.account_id = a.id AND x.sequence = e.sequence) <= 1 AS "
    "first_stage"
    " FROM enrolment e JOIN account a ON a.id = e.account_id WHERE e.state = 'active' AND e.stage IS NOT "
    "NULL)"
    /* What is over and asks for nothing leaves the queue; the board keeps it. */
    " WHERE next IS NOT NULL OR tasks > 0 OR first_stage OR (unanswered AND cancelled IS NULL)";

/* ---- what stands in tables of its own ---- */

static gboolean
load_steps(struct service *s, struct queue_entry *e, const struct sequence *seq, gint64 now_us,
           GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(s->db, "SELECT step, state, due_at FROM step WHERE account_id = ? AND sequence = ?",
                    error, "it", e->account_id, e->sequence);
    while (q && query_next(q, &local)) {
        const struct step *step = seq ? sequence_step(seq, query_text(q, "step")) : NULL;
        enum step_state state = step_state_parse(query_text(q, "state"));
        e->marks[QUEUE_STEP_LATE] = e->marks[QUEUE_STEP_LATE] || state == STEP_LATE;
        if (g_strcmp0(e->next_step, query_text(q, "step")) == 0) {
            e->next_state = query_dup_text(q, "state");
            e->next_us = query_int(q, "due_at");
        }
        if (!step || step->kind != STEP_DRAFT || step->until == NO_RULE || state == STEP_IDLE || e->check_in)
            continue;
        e->check_in = g_strdup(step->id);
        e->check_in_state = query_dup_text(q, "state");
        e->marks[QUEUE_CHECK_IN] = state == STEP_DRAFTED;
        if (state == STEP_DRAFTED && !pipeline_step_deadline(s->db, s->program, seq, step, e->account_id,
                                                             now_us, &e->check_in_until_us, &local))
            break;
    }
    return q && error_pass(error, &local);
}

static gboolean
load_task(struct service *s, struct queue_entry *e, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(s->db,
                    "SELECT id, title, due_at, assignee FROM task WHERE account_id = ? AND done_at IS NULL "
                    "ORDER BY due_at IS NULL, due_at, id LIMIT 1",
                    error, "i", e->account_id);
    if (!q || !query_next(q, error))
        return FALSE;
    e->task_id = query_int(q, "id");
    e->task_title = query_dup_text(q, "title");
    e->task_due_us = query_int(q, "due_at");
    e->task_assignee = query_dup_text(q, "assignee");
    return TRUE;
}

static gboolean
load_note(struct service *s, struct queue_entry *e, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(s->db,
                    "SELECT at, actor, data ->> 'text' AS text FROM event WHERE account_id = ? AND kind = "
                    "'note' ORDER BY id DESC LIMIT 1",
                    error, "i", e->account_id);
    if (q && query_next(q, &local)) {
        e->note_us = query_int(q, "at");
        e->note = query_dup_text(q, "text");
        e->note_by = query_dup_text(q, "actor");
    }
    return q && error_pass(error, &local);
}

static gboolean
load_hold(struct service *s, struct queue_entry *e, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(s->db,
                    "SELECT reason, until FROM hold WHERE account_id = ? AND (until IS NULL OR until > ?) "
                    "ORDER BY until IS NULL DESC, until DESC LIMIT 1",
                    error, "ii", e->account_id, now_us);
    if (q && query_next(q, &local)) {
        e->held = query_dup_text(q, "reason");
        e->held_until_us = query_int(q, "until");
        e->marks[QUEUE_HELD] = TRUE;
    }
    return q && error_pass(error, &local);
}

/* The drafts that wait, found once for all: account → struct queue_entry with only the drafts filled in. */
static GHashTable *
load_drafts(struct service *s, GError **error)
{
    GHashTable *drafts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, queue_entry_free);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT id, revision, account_id FROM message WHERE state IN ('waiting', 'changed') ORDER BY id",
        error, "");
    while (q && query_next(q, &local)) {
        gint64 account_id = query_int(q, "account_id");
        struct queue_entry *e = g_hash_table_lookup(drafts, &account_id);
        if (!e) {
            e = g_new0(struct queue_entry, 1);
            e->draft_id = query_int(q, "id");
            e->draft_revision = query_int(q, "revision");
            g_hash_table_insert(drafts, g_memdup2(&account_id, sizeof account_id), e);
        }
        e->drafts++;
    }
    if (q && !local)
        return drafts;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    g_hash_table_unref(drafts);
    return NULL;
}

/* ---- one entry ---- */

static gboolean
load_outlook(struct service *s, struct queue_entry *e, const struct sequence *seq, GTimeZone *zone,
             gint64 now_us, GError **error)
{
    scoped(outlook_free) struct outlook *o = outlook_load(s, seq, e->account_id, now_us, error);
    struct civil end, today = zone_from_utc_us(zone, now_us);
    if (!o)
        return FALSE;
    e->goals = o->goals;
    e->goals_met = o->met;
    if (!o->ends_at || !civil_parse(o->ends_at, &end))
        return TRUE;
    e->ends_at = g_strdup(o->ends_at);
    e->ends_days = civil_days_between(&today, &end);
    return TRUE;
}

static void
read_facts(struct queue_entry *e, const struct fact_row *row)
{
    const struct fact_value *mrr = fact_row_get(row, "forecast_mrr"),
                            *priority = fact_row_get(row, "priority");
    e->has_forecast = mrr && json_is_number(mrr->value);
    e->forecast_mrr = e->has_forecast ? json_number_value(mrr->value) : 0;
    if (fact_row_get(row, "name"))
        e->name = g_strdup(fact_row_text(row, "name"));
    if (!e->priority && priority && priority->value) {
        char *text = json_is_string(priority->value) ? NULL : json_dumps(priority->value, JSON_ENCODE_ANY);
        e->priority = g_strdup(text ? text : json_string_value(priority->value));
        free(text);
    }
}

static void
set_marks(struct queue_entry *e, gboolean wanted, GTimeZone *team_zone, gint64 now_us)
{
    gint64 age_days = (now_us - e->since_us) / CLOCK_DAY_US;
    e->marks[QUEUE_UNWRITTEN] = wanted && e->renewal && e->renewal_days <= RENEWAL_DAYS;
    e->marks[QUEUE_UNANSWERED] = e->unanswered_us && !e->cancelled;
    e->marks[QUEUE_NO_OUTREACH] = wanted && age_days >= OUTREACH_DAYS;
    e->marks[QUEUE_NEW] = wanted && age_days < OUTREACH_DAYS;
    e->marks[QUEUE_DRAFT] = e->drafts > e->marks[QUEUE_CHECK_IN];
    if (e->tasks && e->task_due_us) {
        struct civil today = zone_from_utc_us(team_zone, now_us),
                     due = zone_from_utc_us(team_zone, e->task_due_us);
        e->marks[QUEUE_TASK_DUE] = civil_days_between(&today, &due) <= 0;
    }
}

static struct queue_entry *
read_row(struct query *q)
{
    struct queue_entry *e = g_new0(struct queue_entry, 1);
    e->account_id = query_int(q, "id");
    e->account = query_dup_text(q, "key");
    e->priority = query_dup_text(q, "priority");
    e->sequence = query_dup_text(q, "sequence");
    e->stage = query_dup_text(q, "stage");
    e->since_us = query_int(q, "since");
    e->last_sent_us = query_int(q, "last_sent_at");
    e->engaged_us = query_int(q, "engaged_at");
    e->cancelled = query_dup_text(q, "cancelled");
    e->unanswered_us = query_int(q, "unanswered") ? query_int(q, "replied_at") : 0;
    e->renewal = query_dup_text(q, "renewal");
    e->users = query_int(q, "users");
    e->tasks = query_int(q, "tasks");
    e->next_step = query_dup_text(q, "next");
    return e;
}

/* Everything about the row under q; NULL with error. */
static struct queue_entry *
load_entry(struct service *s, struct query *q, GHashTable *drafts, gint64 now_us, GError **error)
{
    struct queue_entry *e = read_row(q);
    const struct sequence *seq = program_sequence(s->program, e->sequence);
    const struct stage *stage = seq ? sequence_stage(seq, e->stage) : NULL;
    const struct step *next = seq && e->next_step ? sequence_step(seq, e->next_step) : NULL;
    const struct queue_entry *waiting = g_hash_table_lookup(drafts, &e->account_id);
    scoped(fact_row_free) struct fact_row *row = NULL;
    e->stage_title = stage ? stage->title : e->stage;
    if (waiting) {
        e->drafts = waiting->drafts;
        e->draft_id = waiting->draft_id;
        e->draft_revision = waiting->draft_revision;
    }
    if (!fact_row_load(s->db, s->program->facts, e->account_id, s->config->timezone, &row, error) ||
        !(e->owner = sender_owner(s->db, s->config, row, e->account_id, error)) ||
        !load_steps(s, e, seq, now_us, error) || (e->tasks && !load_task(s, e, error)) ||
        !load_note(s, e, error) || !load_hold(s, e, now_us, error) ||
        !queue_mail_last(s->db, e->account_id, &e->last, error) ||
        (seq && !load_outlook(s, e, seq, fact_row_zone(row), now_us, error))) {
        queue_entry_free(e);
        return NULL;
    }
    read_facts(e, row);
    struct civil renewal, today = zone_from_utc_us(fact_row_zone(row), now_us);
    if (e->renewal && civil_parse(e->renewal, &renewal))
        e->renewal_days = civil_days_between(&today, &renewal);
    else
        g_clear_pointer(&e->renewal, g_free);
    gboolean wanted = !query_int(q, "written") && !e->cancelled &&
                      (query_int(q, "first_stage") || (next && next->kind == STEP_DRAFT));
    set_marks(e, wanted, s->config->timezone, now_us);
    return e;
}

/* ---- all of them ---- */

static gboolean
passes(const struct service *s, const struct queue_filter *f, const struct queue_entry *e)
{
    if (f->owner && strcmp(f->owner, e->owner->id) != 0)
        return FALSE;
    if (f->stage && strcmp(f->stage, e->stage) != 0 && g_ascii_strcasecmp(f->stage, e->stage_title) != 0)
        return FALSE;
    if (!f->due_us || (e->tasks && e->task_due_us && e->task_due_us < f->due_us))
        return TRUE;
    struct civil last = zone_from_utc_us(s->config->timezone, f->due_us - 1), renewal;
    return e->renewal && civil_parse(e->renewal, &renewal) && civil_days_between(&renewal, &last) >= 0;
}

/* A date that has passed is no next renewal: it was not imported since. */
static int
rank(const struct queue_entry *e)
{
    return e->marks[QUEUE_UNWRITTEN] ? 0 : !e->renewal ? 3 : e->renewal_days < 0 ? 2 : 1;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const struct queue_entry *x = *(struct queue_entry *const *)a, *y = *(struct queue_entry *const *)b;
    if (rank(x) != rank(y))
        return rank(x) - rank(y);
    int by_renewal = g_strcmp0(x->renewal, y->renewal), by_key = strcmp(x->account, y->account);
    return by_renewal ? by_renewal : by_key ? by_key : strcmp(x->sequence, y->sequence);
}

GPtrArray *
queue_load(struct service *s, const struct queue_filter *filter, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(queue_entry_free);
    g_autoptr(GHashTable) drafts = load_drafts(s, error);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = drafts ? store_query(s->db, sql, error, "") : NULL;
    if (!q)
        return NULL;
    while (query_next(q, &local)) {
        struct queue_entry *e = load_entry(s, q, drafts, now_us, &local);
        if (!e)
            break;
        if (passes(s, filter, e))
            g_ptr_array_add(all, e);
        else
            queue_entry_free(e);
    }
    if (!error_pass(error, &local))
        return NULL;
    g_ptr_array_sort(all, compare);
    return g_steal_pointer(&all);
}
