/* Loading the page of an account: see show.h. */
#include "accounts/sender.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/draft_view.h"
#include "cli/show.h"
#include "cli/timeline.h"
#include "compose/finding.h"
#include "service/outlook.h"
#include "service/tasks.h"

#include <string.h>

/* What a clock in zone shows: "2026-11-21 09:00"; with --json RFC 3339 with its offset. NULL for 0. The
 * caller frees. */
static char *
local_time(const struct cli *cli, GTimeZone *zone, gint64 us)
{
    if (!us)
        return NULL;
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(us / CLOCK_SECOND_US);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    return g_date_time_format(local, cli->json ? "%Y-%m-%dT%H:%M:%S%:z" : "%Y-%m-%d %H:%M");
}

/* Adds a member, or keeps *ok FALSE when it could not be made. */
static void
add(json_t *all, const char *member, json_t *value, gboolean *ok)
{
    *ok = *ok && value;
    if (value)
        json_object_set_new(all, member, value);
}

static json_t *
text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* ---- one sequence ---- */

static json_t *
stages_json(struct cli *cli, gint64 account_id, const struct sequence *seq)
{
    json_t *object = json_object();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT stage, at FROM stage_entry WHERE account_id = ? AND sequence = ? ORDER BY at",
                    NULL, "it", account_id, seq->name);
    while (q && query_next(q, NULL)) {
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        json_object_set_new(object, query_text(q, "stage"), json_string(at));
    }
    return object;
}

gboolean
show_idle_reasons(struct cli *cli, gint64 account_id, const struct sequence *seq, json_t *steps,
                  GError **error)
{
    g_autoptr(GHashTable) reasons =
        pipeline_idle_reasons(cli->service->db, cli->service->program, seq, account_id, cli->now_us, error);
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        const char *id = json_string_value(json_object_get(step, "step")),
                   *state = json_string_value(json_object_get(step, "state"));
        const char *reason = reasons ? g_hash_table_lookup(reasons, id) : NULL;
        if (strcmp(state, step_state_names[STEP_IDLE]) == 0)
            json_object_set_new(step, "reason", reason ? json_string(reason) : json_null());
    }
    return reasons != NULL;
}

json_t *
show_steps_json(struct cli *cli, gint64 account_id, const struct sequence *seq)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT step, state, due_at, reason, message_id FROM step WHERE account_id = ? AND "
                    "sequence = ? ORDER BY COALESCE(due_at, 0) = 0, due_at",
                    NULL, "it", account_id, seq->name);
    while (q && query_next(q, NULL)) {
        g_autofree char *due = cli_time(cli, query_int(q, "due_at"));
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s?, s:s?, s:I}", "step", query_text(q, "step"), "state",
                                        query_text(q, "state"), "due", due, "reason", query_text(q, "reason"),
                                        "message", (json_int_t)query_int(q, "message_id")));
    }
    show_idle_reasons(cli, account_id, seq, array, NULL); /* without them it is still a page */
    return array;
}

/* Its stage, when it came there, what was said; NULL with error. */
static json_t *
sequence_json(struct cli *cli, gint64 account_id, const struct sequence *seq, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e =
        enrolment_load(cli->service->db, account_id, seq->name, &local);
    scoped(outlook_free) struct outlook *o =
        local ? NULL : outlook_load(cli->service, seq, account_id, cli->now_us, &local);
    if (!error_pass(error, &local))
        return NULL;
    const struct stage *stage = e && e->stage ? sequence_stage(seq, e->stage) : NULL;
    gint64 entered_us =
        e && e->stage
            ? store_int(cli->service->db,
                        "SELECT at FROM stage_entry WHERE account_id = ? AND sequence = ? AND stage = ?", 0,
                        NULL, "itt", account_id, seq->name, e->stage)
            : 0;
    g_autofree char *entered = cli_time(cli, entered_us);
    g_autofree char *since = cli_time(cli, e ? e->since_us : 0);
    g_autofree char *engaged = cli_time(cli, e ? e->engaged_us : 0);
    g_autofree char *last = cli_time(cli, e ? e->last_sent_us : 0);
    gboolean unanswered = e && e->replied_us > e->answered_us;
    g_autofree char *waits = cli_time(cli, unanswered ? e->replied_us : 0);
    g_autofree char *state =
        store_text(cli->service->db, "SELECT state FROM enrolment WHERE account_id = ? AND sequence = ?",
                   NULL, "it", account_id, seq->name);
    g_autofree char *outlook = e && e->active ? outlook_line(o) : NULL;
    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s?, s:o, s:o, s:s?, s:i, s:i, "
        "s:s, s:s?}",
        "sequence", seq->name, "title", seq->title, "enrolment", state ? state : "never", "since", since,
        "stage", e ? e->stage : NULL, "stage_title",
        stage ? stage->title
        : e   ? e->stage
              : NULL,
        "stage_at", entered, "engaged_at", engaged, "last_sent", last, "cancelled", e ? e->cancelled : NULL,
        "unanswered", unanswered, "unanswered_since", waits, "stages", stages_json(cli, account_id, seq),
        "steps", show_steps_json(cli, account_id, seq), "ends_at", o->ends_at, "goals", (int)o->goals,
        "goals_met", (int)o->met, "goals_open", o->open->str, "outlook", outlook);
}

/* Those the account is or was in; where it never was in any, the one it would enter. */
static json_t *
sequences_json(struct cli *cli, gint64 account_id, const struct sequence *only, const struct sequence *first,
               GError **error)
{
    json_t *array = json_array();
    const GPtrArray *sequences = cli->service->program->sequences;
    for (guint i = 0; i < sequences->len; i++) {
        const struct sequence *seq = sequences->pdata[i];
        gboolean wanted = only ? seq == only
                               : seq == first || store_int(cli->service->db,
                                                           "SELECT 1 FROM enrolment WHERE account_id = ? AND "
                                                           "sequence = ?",
                                                           0, NULL, "it", account_id, seq->name);
        json_t *one = wanted ? sequence_json(cli, account_id, seq, error) : NULL;
        if (wanted && !one) {
            json_decref(array);
            return NULL;
        }
        if (one && seq == first)
            json_array_insert_new(array, 0, one);
        else if (one)
            json_array_append_new(array, one);
    }
    return array;
}

/* ---- what comes next ---- */

/* The emails to come in one sequence; option is what a command needs to mean it, "" or " --sequence NAME". */
static void
add_next(const struct cli *cli, gint64 account_id, const char *key, const struct sequence *seq,
         const char *option, GTimeZone *zone, json_t *array)
{
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        /* What an email in the outbox waits for stands with its deliveries. */
        "SELECT step, state, due_at, COALESCE((SELECT MIN(d.text) FROM delivery d WHERE d.message_id = "
        "p.message_id AND d.state IN ('queued', 'deferred', 'unknown')), reason) AS reason FROM step p WHERE "
        "account_id = ? AND sequence = ? AND state IN ('scheduled', 'waiting', 'late', 'wanted', 'drafted', "
        "'queued') ORDER BY due_at IS NULL, due_at, step",
        NULL, "it", account_id, seq->name);
    while (q && query_next(q, NULL)) {
        const struct step *step = sequence_step(seq, query_text(q, "step"));
        gint64 due_us = query_int(q, "due_at");
        g_autofree char *at = cli_time(cli, due_us);
        g_autofree char *local = local_time(cli, zone, due_us);
        g_autofree char *stop = g_strdup_printf("usher stop %s %s%s", key, query_text(q, "step"), option);
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s}", "sequence",
                                               seq->name, "step", query_text(q, "step"), "kind",
                                               step && step->kind == STEP_AUTOMATIC ? "automatic"
                                               : step && step->kind == STEP_TASK    ? "task"
                                                                                    : "draft",
                                               "state", query_text(q, "state"), "at", at, "local", local,
                                               "reason", query_text(q, "reason"), "stop", stop));
    }
}

/* The emails to come of all its sequences, each with the command that stops it. */
static json_t *
next_json(const struct cli *cli, gint64 account_id, const char *key, const json_t *sequences, GTimeZone *zone)
{
    json_t *array = json_array();
    size_t i;
    const json_t *one;
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:+/-";
    g_autofree char *word = key[strspn(key, plain)] ? g_shell_quote(key) : g_strdup(key);
    json_array_foreach(sequences, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "sequence"));
        g_autofree char *option =
            json_array_size(sequences) > 1 ? g_strdup_printf(" --sequence %s", name) : g_strdup("");
        if (strcmp(json_string_value(json_object_get(one, "enrolment")), "active") == 0)
            add_next(cli, account_id, word, program_sequence(cli->service->program, name), option, zone,
                     array);
    }
    return array;
}

/* ---- the rest ---- */

static json_t *
holds_json(struct cli *cli, gint64 account_id)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT until, reason FROM hold WHERE account_id = ? AND (until IS NULL OR until > ?)",
                    NULL, "ii", account_id, cli->now_us);
    while (q && query_next(q, NULL)) {
        g_autofree char *until = cli_time(cli, query_int(q, "until"));
        json_array_append_new(array, json_pack("{s:s, s:s?}", "reason", query_text(q, "reason"), "until",
                                               query_int(q, "until") ? until : NULL));
    }
    return array;
}

static json_t *
notes_json(struct cli *cli, gint64 account_id)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT at, actor, data ->> 'text' AS text FROM event WHERE account_id = ? AND kind = "
                    "'note' ORDER BY id DESC",
                    NULL, "i", account_id);
    while (q && query_next(q, NULL)) {
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        json_array_append_new(array, json_pack("{s:s, s:s, s:s?}", "at", at, "by", query_text(q, "actor"),
                                               "text", query_text(q, "text")));
    }
    return array;
}

static json_t *
tasks_json(struct cli *cli, gint64 account_id, GError **error)
{
    const struct task_filter filter = {.account_id = account_id};
    g_autoptr(GPtrArray) tasks = tasks_list(cli->service, &filter, error);
    if (!tasks)
        return NULL;
    json_t *array = json_array();
    for (guint i = 0; i < tasks->len; i++) {
        const struct task *t = tasks->pdata[i];
        g_autofree char *due = cli_time(cli, t->due_us);
        json_array_append_new(array,
                              json_pack("{s:I, s:s, s:s, s:s?, s:s}", "task", (json_int_t)t->id, "kind",
                                        t->kind, "title", t->title, "due", due, "assignee", t->assignee));
    }
    return array;
}

/* The signals that hold, the strongest first; a file with a mistake is told instead of hiding the account. */
static json_t *
findings_json(const struct cli *cli, const struct fact_row *row)
{
    const struct service *s = cli->service;
    json_t *array = json_array();
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_build_filename(s->config->templates_dir, "findings", NULL);
    scoped(finding_set_free) struct finding_set *set = finding_set_new(s->program->facts);
    g_autoptr(GPtrArray) matches =
        finding_set_add_folder(set, folder, &error) ? finding_set_judge(set, row, cli->now_us, &error) : NULL;
    if (!matches)
        json_array_append_new(array, json_pack("{s:s}", "error", error->message));
    for (guint i = 0; matches && i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (m->holds == RULE_TRUE)
            json_array_append_new(array, json_pack("{s:s, s:f, s:s?, s:o}", "finding", m->finding->name,
                                                   "rank", m->rank, "topic", m->finding->topic, "figures",
                                                   draft_view_facts_json(m->figures)));
    }
    return array;
}

static json_t *
facts_json(const struct cli *cli, const struct fact_row *row)
{
    const struct service *s = cli->service;
    json_t *object = json_object();
    for (guint i = 0; i < facts_count(s->program->facts); i++) {
        const struct fact *fact = facts_at(s->program->facts, i);
        const struct fact_value *value = fact_row_at(row, i);
        if (fact->engine || !value->value)
            continue;
        json_t *entry = json_object();
        json_object_set(entry, "value", value->value);
        json_object_set_new(entry, "source", json_string(value->source ? value->source : ""));
        g_autofree char *as_of = cli_time(cli, value->as_of_us);
        json_object_set_new(entry, "as_of", value->as_of_us ? json_string(as_of) : json_null());
        if (!cli->json) {
            g_autofree char *age =
                value->as_of_us ? draft_view_age(cli->now_us, value->as_of_us) : g_strdup("");
            json_object_set_new(entry, "age", json_string(age));
        }
        json_object_set_new(object, fact->name, entry);
    }
    return object;
}

/* The customers' mails alone, as they always were told. */
static json_t *
mail_json(const json_t *thread)
{
    json_t *array = json_array();
    size_t i;
    const json_t *m;
    json_array_foreach(thread, i, m)
    {
        if (strcmp(json_string_value(json_object_get(m, "direction")), "in") == 0)
            json_array_append_new(
                array, json_pack("{s:O, s:O, s:O, s:O, s:O}", "at", json_object_get(m, "at"), "class",
                                 json_object_get(m, "what"), "from", json_object_get(m, "who"), "subject",
                                 json_object_get(m, "subject"), "text", json_object_get(m, "text")));
    }
    return array;
}

/* What a person set about the account, who it belongs to, and what its clock shows. */
static gboolean
add_account(struct cli *cli, gint64 account_id, const struct fact_row *row, json_t *all, GError **error)
{
    const struct service *s = cli->service;
    const struct specialist *owner = sender_owner(s->db, s->config, row, account_id, error),
                            *writer = owner ? sender_choose(s->db, s->config, row, account_id, error) : NULL;
    scoped(query_end) struct query *q = store_query(
        s->db, "SELECT risk, risk_note, priority, sales_engaged, absent FROM account WHERE id = ?", error,
        "i", account_id);
    if (!writer || !q || !query_next(q, error))
        return FALSE;
    GTimeZone *zone = fact_row_zone(row);
    g_autofree char *local = local_time(cli, zone, cli->now_us);
    json_object_set_new(all, "name",
                        text_or_null(fact_row_get(row, "name") ? fact_row_text(row, "name") : NULL));
    json_object_set_new(all, "owner", json_string(owner->id));
    json_object_set_new(all, "writer", json_string(writer->id));
    json_object_set_new(all, "timezone", json_string(g_time_zone_get_identifier(zone)));
    json_object_set_new(all, "local_time", json_string(local));
    json_object_set_new(all, "risk", text_or_null(query_text(q, "risk")));
    json_object_set_new(all, "risk_note", text_or_null(query_text(q, "risk_note")));
    json_object_set_new(all, "priority", text_or_null(query_text(q, "priority")));
    json_object_set_new(all, "sales_engaged", json_boolean(query_int(q, "sales_engaged") != 0));
    json_object_set_new(all, "absent", json_boolean(query_int(q, "absent") != 0));
    return TRUE;
}

/* The members of the sequence that the account entered last stand at the top, too. */
static void
lift(json_t *all, const json_t *sequence)
{
    static const char *const members[] = {"sequence",  "enrolment",  "stage",  "engaged_at", "last_sent",
                                          "cancelled", "unanswered", "stages", "steps"};
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        json_object_set(all, members[i], json_object_get(sequence, members[i]));
}

json_t *
show_load(struct cli *cli, const char *key, gint64 account_id, const struct sequence *only, GError **error)
{
    struct service *s = cli->service;
    const struct sequence *first = only ? only : cli_sequence_of(cli, account_id);
    scoped(fact_row_free) struct fact_row *row =
        pipeline_facts(s->db, s->program, first, account_id, cli->now_us, error);
    json_t *all = json_object();
    json_object_set_new(all, "account", json_string(key));
    gboolean ok = row && add_account(cli, account_id, row, all, error);
    json_t *sequences = ok ? sequences_json(cli, account_id, only, first, error) : NULL;
    json_t *thread = sequences ? show_thread_json(cli, account_id, error) : NULL;
    if (thread) {
        lift(all, json_array_get(sequences, 0));
        json_object_set_new(all, "sequences", sequences);
        json_object_set_new(all, "next", next_json(cli, account_id, key, sequences, fact_row_zone(row)));
        json_object_set_new(all, "holds", holds_json(cli, account_id));
        json_object_set_new(all, "drafts", draft_view_waiting_json(cli, account_id));
        json_object_set_new(all, "findings", findings_json(cli, row));
        add(all, "contacts", show_contacts_json(cli, account_id, error), &ok);
        if (ok)
            add(all, "tasks", tasks_json(cli, account_id, error), &ok);
        json_object_set_new(all, "notes", notes_json(cli, account_id));
        json_object_set_new(all, "mail", mail_json(thread));
        json_object_set_new(all, "thread", thread);
        if (ok)
            add(all, "timeline", timeline_json(cli, account_id, error), &ok);
        json_object_set_new(all, "facts", facts_json(cli, row));
        if (ok)
            return all;
    } else {
        json_decref(sequences);
    }
    json_decref(all);
    return NULL;
}
