/* Gathering what the rules read, and evaluating them once. See view.h. */
#include "pipeline/view.h"

#include "accounts/sender.h"
#include "base/error.h"
#include "base/zone.h"
#include "pipeline/engine_facts.h"
#include "pipeline/segment.h"
#include "pipeline/step_questions.h"
#include "pipeline/view_more.h"

#include <stdlib.h>
#include <string.h>

#define REASON_CHARS 100

const struct engine_fact engine_facts[] = {
    {"stage", FACT_TEXT, "id of the stage the account is in"},
    {"enrolled_at", FACT_TIME, "when the account entered the sequence"},
    {"engaged_at", FACT_TIME, "first human reply, or a call booked"},
    {"replied_at", FACT_TIME, "last human reply"},
    {"payment_mail_at", FACT_TIME, "when the mail about a failed payment went out"},
    {"last_sent_at", FACT_TIME, "when the team last wrote"},
    {"unanswered", FACT_BOOLEAN, "the last human reply waits for the team"},
    {"extension_days", FACT_INTEGER, "days by which the end was moved"},
    {"ends_at", FACT_DATE, "the day by which the programme ends, extensions included"},
    {"ended_at", FACT_TIME, "when the account's last enrolment ended or was left"},
    {"by_hand", FACT_BOOLEAN, "a specialist enrolled the account"},
    {"sales_engaged", FACT_BOOLEAN, "a specialist confirmed that Sales is engaged"},
    {"event_step", FACT_TEXT, "in transitions: the step whose mail was sent"},
    {"event_payment", FACT_BOOLEAN, "in transitions: the subject holds a payment word"},
    {"people_left", FACT_INTEGER, "people who may be written to, while the account is in the sequence"},
    {"calls_held", FACT_INTEGER, "booked calls that are over"},
    {"call_ended_at", FACT_TIME, "when the last of them ended"},
    {"paid_call_at", FACT_TIME, "when a call was bought"},
    {"paid_call_missed_at", FACT_TIME, "when a bought call was missed"},
    {"referred_at", FACT_TIME, "when the account was handed to Sales"},
    {"orphan", FACT_BOOLEAN, "it has no owner, nobody has its region, and there is a rota"},
    {0},
};

void
view_free(struct view *view)
{
    if (!view)
        return;
    enrolment_free(view->enrolment);
    g_clear_pointer(&view->row, fact_row_free);
    g_free(view->values);
    g_free(view->results);
    for (gsize i = 0; i < G_N_ELEMENTS(view->watched); i++)
        g_free(view->watched[i]);
    g_clear_pointer(&view->steps, g_hash_table_unref);
    memberships_free(view->memberships, view->program);
    g_free(view->hold_reason);
    g_free(view);
}

gboolean
view_is_unanswered(const struct view *view)
{
    return view->enrolment && view->enrolment->replied_us > view->enrolment->answered_us;
}

/* The stage that a removed one is called now, NULL: none. */
static const struct stage *
stage_that_was(const struct sequence *seq, const char *id)
{
    for (guint i = 0; i < seq->stages->len; i++) {
        const struct stage *stage = seq->stages->pdata[i];
        if (g_strv_contains((const char *const *)stage->was, id))
            return stage;
    }
    return NULL;
}

void
view_set_event(struct view *v, const struct event *event)
{
    const char *step = event ? json_string_value(json_object_get(event->data, "step")) : NULL;
    fact_row_set(v->row, "event_step", step ? json_string(step) : NULL);
    fact_row_set(v->row, "event_payment",
                 json_boolean(event && json_integer_value(json_object_get(event->data, "payment"))));
}

gboolean
view_set_stage_times(struct view *v, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(v->db, "SELECT stage, at FROM stage_entry WHERE account_id = ? AND sequence = ?", error,
                    "it", v->account_id, v->seq->name);
    if (!q)
        return FALSE;
    g_autoptr(GError) local = NULL;
    while (query_next(q, &local)) {
        const struct stage *stage = sequence_stage(v->seq, query_text(q, "stage"));
        gboolean own = stage != NULL;
        if (!own)
            stage = stage_that_was(v->seq, query_text(q, "stage"));
        if (!stage)
            continue; /* a stage the file no longer has */
        v->has_renamed = v->has_renamed || !own;
        g_autofree char *name = g_strdup_printf("%s_at", stage->id);
        if (own || !fact_row_text(v->row, name))
            fact_row_set_time(v->row, name, query_int(q, "at"));
    }
    return error_pass(error, &local);
}

static gboolean
set_goals(struct view *v, GError **error)
{
    for (guint i = 0; i < v->seq->goals->len; i++) {
        const struct goal *goal = v->seq->goals->pdata[i];
        g_autofree char *name = g_strdup_printf("goal_%s", goal->id);
        struct goal_status status;
        if (!goal_status_load(v->db, v->account_id, v->seq->name, goal->id, &status, error))
            return FALSE;
        fact_row_set(v->row, name, json_boolean(status.met));
        g_free(status.actor);
    }
    return TRUE;
}

/* The stage as the file knows it now. */
static void
set_stage(struct view *v)
{
    const struct enrolment *e = v->enrolment;
    const char *stage = e ? e->stage : NULL;
    if (stage && !sequence_stage(v->seq, stage)) {
        v->renamed = stage_that_was(v->seq, stage);
        v->stage_lost = !v->renamed && e->active;
        stage = v->renamed ? v->renamed->id : stage;
    }
    fact_row_set(v->row, "stage", stage ? json_string(stage) : NULL);
}

static gboolean
set_engine_facts(struct view *v, const struct event *event, GError **error)
{
    const struct enrolment *e = v->enrolment;
    fact_row_set_today(v->row, v->now_us);
    set_stage(v);
    fact_row_set_time(v->row, "ended_at", e ? e->ended_us : 0);
    fact_row_set(v->row, "ends_at", NULL); /* view_load() knows it once the rule has spoken */
    fact_row_set_time(v->row, "enrolled_at", e ? e->since_us : 0);
    fact_row_set_time(v->row, "engaged_at", e ? e->engaged_us : 0);
    fact_row_set_time(v->row, "replied_at", e ? e->replied_us : 0);
    fact_row_set_time(v->row, "payment_mail_at", e ? e->payment_mail_us : 0);
    fact_row_set_time(v->row, "last_sent_at", e ? e->last_sent_us : 0);
    fact_row_set(v->row, "unanswered", json_boolean(view_is_unanswered(v)));
    fact_row_set(v->row, "extension_days", json_integer(e ? e->extension_days : 0));
    fact_row_set(v->row, "by_hand", json_boolean(e && e->by_hand));
    fact_row_set(v->row, "sales_engaged", json_boolean(v->sales_engaged));
    view_set_event(v, event);
    return view_set_stage_times(v, error) && set_goals(v, error);
}

/* The hold that lasts longest. */
static gboolean
load_hold(struct view *v, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(v->db,
                    "SELECT reason, until FROM hold WHERE account_id = ? AND (until IS NULL OR until > ?)"
                    " ORDER BY until IS NULL DESC, until DESC LIMIT 1",
                    error, "ii", v->account_id, v->now_us);
    if (!q)
        return FALSE;
    if (query_next(q, &local)) {
        v->hold_reason = query_dup_text(q, "reason");
        v->hold_until_us = query_int(q, "until");
    }
    return error_pass(error, &local);
}

static gboolean
load_account(struct view *v, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(v->db,
                    "SELECT absent, sales_engaged, EXISTS (SELECT 1 FROM hold WHERE account_id = account.id) "
                    "AS held, EXISTS (SELECT 1 FROM task WHERE account_id = account.id AND done_at IS NULL) "
                    "AS asked FROM account WHERE id = ?",
                    error, "i", v->account_id);
    if (!q || !query_next(q, error))
        return FALSE;
    v->absent = query_int(q, "absent") != 0;
    v->sales_engaged = query_int(q, "sales_engaged") != 0;
    v->has_open_task = query_int(q, "asked") != 0;
    return !query_int(q, "held") || load_hold(v, error); /* few are, and sorting nothing costs too */
}

static gboolean
set_hours(struct view *v, GError **error)
{
    const struct config *config = v->program->config;
    v->hours = (struct sending_hours){.window = v->seq->has_window ? v->seq->window : config->window,
                                      .zone = v->zone};
    if (!v->seq->ignores_holidays && v->program->holidays && facts_find(v->program->facts, "country")) {
        v->hours.holidays = v->program->holidays;
        v->hours.country = fact_row_text(v->row, "country");
    }
    gboolean any = FALSE; /* looking for the sender costs, and few teams need it */
    for (guint i = 0; i < config->mailboxes->len; i++)
        any = any || ((const struct mailbox *)config->mailboxes->pdata[i])->has_window;
    if (!any)
        return TRUE;
    const struct specialist *who = sender_choose(v->db, config, v->row, v->account_id, error);
    if (!who)
        return FALSE;
    const struct window of_sequence = v->hours.window;
    if (who->mailbox->has_window)
        v->hours.closed = !window_meet(&of_sequence, &who->mailbox->window, &v->hours.window);
    return TRUE;
}

/* Every sequence's mail counts, and what a specialist wrote by hand. */
static gboolean
set_gap(struct view *v, GError **error)
{
    v->gap_us = v->seq->gap_us >= 0 ? v->seq->gap_us : v->program->config->gap_us;
    g_autoptr(GError) local = NULL;
    v->last_mail_us = v->enrolment ? v->enrolment->last_sent_us : 0;
    if (v->program->sequences->len > 1)
        v->last_mail_us = store_int(v->db, "SELECT MAX(last_sent_at) FROM enrolment WHERE account_id = ?", 0,
                                    &local, "i", v->account_id);
    if (!error_pass(error, &local))
        return FALSE;
    v->gap_until_us = v->last_mail_us && v->gap_us ? v->last_mail_us + v->gap_us : 0;
    return TRUE;
}

gboolean
view_leave(const struct view *v, struct leave_status *out, const struct specialist **who, GError **error)
{
    *who = sender_choose(v->db, v->program->config, v->row, v->account_id, error);
    return *who && leave_status(v->db, v->program->config, (*who)->id, v->now_us, out, error);
}

/* `ends` comes before the other rules, which may read ends_at. */
static gboolean
set_ends(struct view *v, GError **error)
{
    struct rule_result result;
    struct civil day;
    if (v->seq->ends == NO_RULE)
        return TRUE;
    if (!rules_evaluate(v->seq->rules, v->seq->ends, v->values, &result, error))
        return FALSE;
    if (result.type != RULE_TEXT || !civil_parse(result.text, &day) ||
        !civil_add_days(&day, v->enrolment ? v->enrolment->extension_days : 0))
        return TRUE;
    day.has_time = FALSE;
    g_autofree char *text = civil_format(&day);
    fact_row_set(v->row, "ends_at", json_string(text));
    fact_row_rule_values(v->row, v->values);
    return TRUE;
}

struct view *
view_load_facts(struct store *db, const struct program *program, const struct sequence *seq,
                gint64 account_id, gint64 now_us, const struct event *event, GError **error)
{
    scoped(view_free) struct view *v = g_new0(struct view, 1);
    v->db = db;
    v->program = program;
    v->seq = seq;
    v->account_id = account_id;
    v->now_us = now_us;
    g_autoptr(GError) local = NULL;
    v->enrolment = enrolment_load(db, account_id, seq->name, &local);
    if (!error_pass(error, &local))
        return NULL;
    if (!load_account(v, error))
        return NULL;
    if (!fact_row_load(db, program->facts, account_id, program->config->timezone, &v->row, error))
        return NULL;
    v->zone = fact_row_zone(v->row);
    if (!set_hours(v, error) || !set_gap(v, error))
        return NULL;
    if (!set_engine_facts(v, event, error) || !view_more_set(v, error))
        return NULL;
    v->values = g_new0(struct rule_value, facts_count(program->facts));
    fact_row_rule_values(v->row, v->values);
    v->results = g_new0(struct rule_result, (gsize)rules_count(seq->rules) + 1);
    return set_ends(v, error) ? g_steal_pointer(&v) : NULL;
}

gboolean
view_judge(struct view *v, GError **error)
{
    return rules_evaluate_all(v->seq->rules, v->values, v->results, error);
}

struct view *
view_load(struct store *db, const struct program *program, const struct sequence *seq, gint64 account_id,
          gint64 now_us, const struct event *event, GError **error)
{
    scoped(view_free) struct view *v = view_load_facts(db, program, seq, account_id, now_us, event, error);
    return v && view_judge(v, error) ? g_steal_pointer(&v) : NULL;
}

enum rule_truth
view_truth(const struct view *view, int rule, enum rule_truth fallback)
{
    return rule == NO_RULE ? fallback : rules_truth(&view->results[rule]);
}

gboolean
view_instant(const struct view *view, int rule, gint64 *us)
{
    struct civil c;
    if (rule == NO_RULE || view->results[rule].type != RULE_TEXT ||
        !civil_parse(view->results[rule].text, &c))
        return FALSE;
    if (!c.has_time) {
        const char *text = NULL;
        const char *stage = fact_row_text(view->row, "stage");
        if (stage && sequence_stage(view->seq, stage)) {
            g_autofree char *name = g_strdup_printf("%s_at", stage);
            text = fact_row_text(view->row, name);
        }
        struct civil reference;
        if (text && civil_parse(text, &reference)) {
            c.hour = reference.hour;
            c.minute = reference.minute;
            c.second = reference.second;
        }
        c.has_time = TRUE;
    }
    *us = zone_to_utc_us(view->zone, &c);
    return TRUE;
}

gboolean
view_deadline(const struct view *view, int rule, gint64 *us)
{
    struct civil c;
    if (rule == NO_RULE || view->results[rule].type != RULE_TEXT ||
        !civil_parse(view->results[rule].text, &c))
        return FALSE;
    if (!c.has_time && !civil_add_days(&c, 1))
        return FALSE;
    *us = zone_to_utc_us(view->zone, &c);
    return TRUE;
}

char *
view_explain(const struct view *view, int rule)
{
    if (view->results[rule].type == RULE_ERROR)
        return g_strdup_printf("error: %s", view->results[rule].text);
    g_autofree char *missing = view_missing_of(view, view->seq->rules, rule);
    return *missing ? g_strdup_printf("%s missing", missing) : g_strdup("no date or verdict came out");
}

char *
view_missing_of(const struct view *view, const struct rules *rules, int rule)
{
    GString *missing = g_string_new(NULL);
    for (const char *const *name = rules_reads(rules, rule); *name; name++) {
        const struct fact_value *value = fact_row_get(view->row, *name);
        if (!value || !value->value)
            g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", *name);
    }
    return g_string_free(missing, FALSE);
}

char *
view_known(const struct view *view, int rule)
{
    return view_known_of(view, view->seq->rules, rule);
}

char *
view_known_of(const struct view *view, const struct rules *rules, int rule)
{
    GString *known = g_string_new(NULL);
    for (const char *const *name = rules_reads(rules, rule); *name; name++) {
        const struct fact_value *value = fact_row_get(view->row, *name);
        if (!value || !value->value || strcmp(*name, "today") == 0 ||
            g_strcmp0(value->source, "default") == 0 ||
            (g_strcmp0(value->source, "usher") == 0 && json_is_false(value->value)))
            continue;
        char *text = json_is_string(value->value)
                         ? NULL
                         : json_dumps(value->value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(10));
        const char *called = *name, *why = view_segment_why(view, *name, &called);
        g_string_append_printf(known, "%s%s%s%s%s", known->len ? ", " : "", called, why ? " (" : " = ",
                               why    ? why
                               : text ? text
                                      : json_string_value(value->value),
                               why ? ")" : "");
        free(text);
    }
    return g_string_free(known, FALSE);
}

char *
view_rule_line(const struct view *view, int rule, glong max)
{
    return view_line_of(view->seq->rules, rule, max);
}

char *
view_line_of(const struct rules *rules, int rule, glong max)
{
    const char *line = rules_line(rules, rule);
    if (!max || g_utf8_strlen(line, -1) <= max)
        return g_strdup(line);
    g_autofree char *cut = g_utf8_substring(line, 0, max);
    return g_strconcat(cut, "…", NULL);
}

char *
view_rule_reason(const struct view *v, const char *what, int rule)
{
    g_autofree char *line = view_rule_line(v, rule, REASON_CHARS);
    return g_strdup_printf("%s: %s", what, line);
}

gint64
view_recipients_held_us(const struct view *view, gint64 message_id)
{
    return store_int(
        view->db,
        "SELECT MAX(COALESCE(h.until, ?)) FROM delivery d JOIN hold h ON h.address = d.address WHERE "
        "d.message_id = ?",
        0, NULL, "ii", view->now_us, message_id);
}

gboolean
view_record(struct view *v, const char *kind, gint64 cause, json_t *data, GError **error)
{
    json_object_set_new(data, "sequence", json_string(v->seq->name));
    v->recorded++;
    struct event event = {.at_us = v->now_us,
                          .account_id = v->account_id,
                          .cause = cause ? cause : v->cause,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok =
        state_record(v->db, &event, error) && step_questions_follow(v->db, v->program, &event, error);
    json_decref(data);
    return ok;
}

gboolean
view_may_enter(const struct view *view, const struct stage *stage)
{
    return view_truth(view, stage->when, RULE_TRUE) == RULE_TRUE;
}

gboolean
view_enter_stage(struct view *v, const struct stage *stage, const char *why, gint64 cause, GError **error)
{
    if (!view_record(v, "stage_entered", cause, json_pack("{s:s, s:s}", "stage", stage->id, "why", why),
                     error))
        return FALSE;
    if (stage->cancels && !(v->enrolment && v->enrolment->cancelled) &&
        !view_record(v, "cancelled", cause, json_pack("{s:s}", "reason", stage->title), error))
        return FALSE;
    return !stage->final ||
           view_record(v, "ended", cause, json_pack("{s:s, s:s}", "stage", stage->id, "reason", stage->title),
                       error);
}

const char *
view_ends(const struct view *view)
{
    return fact_row_text(view->row, "ends_at");
}

char *
view_lost_reason(const struct view *view)
{
    return view->stage_lost
               ? g_strdup_printf("its stage \"%s\" is not in the sequence any more", view->enrolment->stage)
               : NULL;
}
