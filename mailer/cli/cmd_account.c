/* The views of one account: show, why, log. */
#include "accounts/contacts.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/draft_view.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static char *
value_text(const json_t *value)
{
    if (!value || json_is_null(value))
        return g_strdup("(missing)");
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    char *text = g_strdup(dumped);
    free(dumped);
    return text;
}

/* ---- the journal ---- */

/* One line about an event, from the members of its data that matter to people. */
static char *
event_summary(const char *data_text)
{
    static const char *const shown[] = {
        "stage", "step",  "state", "subject", "address", "reason", "why",      "text",     "class", "note",
        "title", "owner", "days",  "status",  "list",    "risk",   "priority", "assignee", NULL};
    json_t *data = json_loads(data_text, 0, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *const *key = shown; *key; key++) {
        const json_t *value = json_object_get(data, *key);
        if (!value || json_is_null(value))
            continue;
        g_autofree char *text = value_text(value);
        g_string_append_printf(out, "%s%s=%s", out->len ? "  " : "", *key, text);
    }
    json_decref(data);
    return g_strdup(out->str);
}

/* Two queries, because one for both cases reads the whole journal for the events of one account. */
#define SELECT_EVENTS(which)                                                                                 \
    "SELECT * FROM (SELECT e.id, e.at, e.kind, e.actor, e.cause, e.data, a.key FROM event e "                \
    "LEFT JOIN account a ON a.id = e.account_id WHERE " which " ORDER BY e.id DESC LIMIT ?2) ORDER BY id"

/* Prints the events of an account (0: all), oldest first. */
static gboolean
print_events(struct cli *cli, gint64 account_id, gint64 limit, GError **error)
{
    static const char *const headings[] = {"event", "at", "account", "what", "who", "about", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    static const char of_account[] = SELECT_EVENTS("e.account_id = ?1"), of_all[] = SELECT_EVENTS("?1 = 0");
    scoped(query_end) struct query *q =
        store_query(cli->service->db, account_id ? of_account : of_all, error, "ii", account_id, limit);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "id"));
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        if (cli->json) {
            cli_print_json(json_pack(
                "{s:I, s:s, s:I, s:s?, s:s, s:s, s:I, s:o}", "event", (json_int_t)query_int(q, "id"), "at",
                at, "at_us", (json_int_t)query_int(q, "at"), "account", query_text(q, "key"), "kind",
                query_text(q, "kind"), "actor", query_text(q, "actor"), "cause",
                (json_int_t)query_int(q, "cause"), "data", json_loads(query_text(q, "data"), 0, NULL)));
            continue;
        }
        g_autofree char *about = event_summary(query_text(q, "data"));
        table_add(table, id, at, query_text(q, "key") ? query_text(q, "key") : "-", query_text(q, "kind"),
                  query_text(q, "actor"), about, NULL);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else if (!cli->json)
        table_print(table, "Nothing has happened yet.");
    return q && (!error || !*error);
}

int
cmd_log(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    int limit = 0;
    const GOptionEntry entries[] = {
        {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "only the last N events", "N"}, {0}};
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "log", entries, 0, 1, &argc, &argv, &rc))
        return rc;
    gint64 account_id = argc > 1 ? cli_account(cli, argv[1], &rc) : 0;
    if (rc != EX_OK)
        return rc;
    return print_events(cli, account_id, limit > 0 ? limit : -1, &error) ? EX_OK : cli_fail(error);
}

/* ---- show ---- */

static json_t *
contacts_json(const GPtrArray *contacts, struct store *db)
{
    json_t *array = json_array();
    for (guint i = 0; i < contacts->len; i++) {
        const struct contact *c = contacts->pdata[i];
        g_autofree char *suppressed = NULL;
        suppression_find(db, c->address, &suppressed);
        json_array_append_new(array,
                              json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s?}", "address",
                                        c->address, "first_name", c->first_name, "last_name", c->last_name,
                                        "role", c->role, "function", c->function, "last_active",
                                        c->last_active, "absent", c->absent, "suppressed", suppressed));
    }
    return array;
}

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

static json_t *
steps_json(struct cli *cli, gint64 account_id, const struct sequence *seq)
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
        json_object_set_new(entry, "as_of", as_of ? json_string(as_of) : json_null());
        json_object_set_new(object, fact->name, entry);
    }
    return object;
}

static void
print_facts(const json_t *facts)
{
    static const char *const headings[] = {"fact", "value", "source", "as of", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const char *name;
    json_t *fact;
    json_object_foreach((json_t *)(gsize)facts, name, fact)
    {
        const char *source = json_string_value(json_object_get(fact, "source"));
        if (strcmp(source, "default") == 0)
            continue;
        g_autofree char *text = value_text(json_object_get(fact, "value"));
        table_add(table, name, text, source, json_string_value(json_object_get(fact, "as_of")), NULL);
    }
    table_print(table, "No facts.");
}

/* Prints an array of flat objects under a heading. */
static void
print_objects(const char *heading, const json_t *array, const char *const *columns, const char *empty)
{
    scoped(table_free) struct table *table = table_new(columns);
    size_t i;
    const json_t *item;
    guint n = g_strv_length((char **)(gsize)columns);
    json_array_foreach(array, i, item)
    {
        g_auto(GStrv) cells = g_new0(char *, n + 1);
        for (guint j = 0; j < n; j++) {
            const json_t *value = json_object_get(item, columns[j]);
            cells[j] = json_is_null(value) ? g_strdup("") : value_text(value);
        }
        table_add_row(table, (const char *const *)cells);
    }
    printf("\n%s\n", heading);
    table_print(table, empty);
}

static json_t *
tasks_json(struct cli *cli, gint64 account_id)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT id, kind, title, due_at FROM task WHERE account_id = ? AND done_at IS NULL ORDER BY id", NULL,
        "i", account_id);
    while (q && query_next(q, NULL)) {
        g_autofree char *due = cli_time(cli, query_int(q, "due_at"));
        json_array_append_new(array, json_pack("{s:I, s:s, s:s, s:s?}", "task",
                                               (json_int_t)query_int(q, "id"), "kind", query_text(q, "kind"),
                                               "title", query_text(q, "title"), "due", due));
    }
    return array;
}

static json_t *
words_json(struct cli *cli, gint64 account_id)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT at, class, address, subject, text FROM inbound WHERE account_id = ? ORDER BY id",
                    NULL, "i", account_id);
    while (q && query_next(q, NULL)) {
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "at", at, "class",
                                        query_text(q, "class"), "from", query_text(q, "address"), "subject",
                                        query_text(q, "subject"), "text", query_text(q, "text")));
    }
    return array;
}

static json_t *
show_json(struct cli *cli, const char *key, gint64 account_id, const struct sequence *seq, GError **error)
{
    struct service *s = cli->service;
    g_autoptr(GPtrArray) contacts = contacts_list(s->db, account_id, error);
    scoped(fact_row_free) struct fact_row *row =
        pipeline_facts(s->db, s->program, seq, account_id, cli->now_us, error);
    if (!contacts || !row)
        return NULL;
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e = enrolment_load(s->db, account_id, seq->name, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    g_autofree char *engaged = cli_time(cli, e ? e->engaged_us : 0);
    g_autofree char *last = cli_time(cli, e ? e->last_sent_us : 0);
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "account",
                     key, "sequence", seq->name, "enrolment",
                     !e          ? "never"
                     : e->active ? "active"
                                 : "left",
                     "stage", e ? e->stage : NULL, "engaged_at", engaged, "last_sent", last, "cancelled",
                     e ? e->cancelled : NULL, "unanswered", e && e->replied_us > e->answered_us, "stages",
                     stages_json(cli, account_id, seq), "steps", steps_json(cli, account_id, seq), "contacts",
                     contacts_json(contacts, s->db), "tasks", tasks_json(cli, account_id), "mail",
                     words_json(cli, account_id), "facts", facts_json(cli, row));
}

/* What a person set about the account: payment risk and priority, null where nobody did. */
static gboolean
add_by_hand(struct cli *cli, gint64 account_id, json_t *all, GError **error)
{
    static const char *const columns[] = {"risk", "risk_note", "priority"};
    scoped(query_end) struct query *q =
        store_query(cli->service->db, "SELECT risk, risk_note, priority FROM account WHERE id = ?", error,
                    "i", account_id);
    if (!q || !query_next(q, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++) {
        const char *text = query_text(q, columns[i]);
        json_object_set_new(all, columns[i], text ? json_string(text) : json_null());
    }
    return TRUE;
}

static void
print_by_hand(const json_t *all)
{
    const char *risk = json_string_value(json_object_get(all, "risk")),
               *note = json_string_value(json_object_get(all, "risk_note")),
               *priority = json_string_value(json_object_get(all, "priority"));
    g_autofree char *clean = table_clean(note);
    if (risk)
        printf("Payment risk: %s%s%s\n", risk, *clean ? ", " : "", clean);
    if (priority)
        printf("Priority: %s\n", priority);
    if (risk || priority)
        puts("");
}

int
cmd_show(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "show", NULL, 1, 1, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    const struct sequence *seq = cli_sequence_of(cli, id);
    json_t *all = show_json(cli, argv[1], id, seq, &error);
    if (!all || !add_by_hand(cli, id, all, &error)) {
        json_decref(all);
        return cli_fail(error);
    }
    if (cli->json) {
        cli_print_json(all);
        return EX_OK;
    }
    const char *stage_id = json_string_value(json_object_get(all, "stage"));
    const struct stage *stage = stage_id ? sequence_stage(seq, stage_id) : NULL;
    const char *engaged = json_string_value(json_object_get(all, "engaged_at")),
               *cancelled = json_string_value(json_object_get(all, "cancelled"));
    printf("%s: %s, %s%s%s%s%s%s\n\n", argv[1], seq->title,
           stage ? stage->title : json_string_value(json_object_get(all, "enrolment")),
           engaged ? ", engaged since " : "", engaged ? engaged : "",
           json_is_true(json_object_get(all, "unanswered")) ? ", reply unanswered" : "",
           cancelled ? ", automatic mail cancelled: " : "", cancelled ? cancelled : "");
    print_by_hand(all);
    print_facts(json_object_get(all, "facts"));
    static const char *const people[] = {"address",  "first_name",  "last_name",  "role",
                                         "function", "last_active", "suppressed", NULL};
    print_objects("People", json_object_get(all, "contacts"), people, "No contacts.");
    static const char *const steps[] = {"step", "state", "due", "reason", NULL};
    print_objects("Steps (`usher stop ACCOUNT STEP` stops one)", json_object_get(all, "steps"), steps,
                  "Nothing is planned.");
    static const char *const tasks[] = {"task", "kind", "title", "due", NULL};
    print_objects("Open tasks", json_object_get(all, "tasks"), tasks, "None.");
    static const char *const mail[] = {"at", "class", "from", "subject", "text", NULL};
    print_objects("Mail that came in", json_object_get(all, "mail"), mail, "None.");
    json_decref(all);
    puts("\nTimeline");
    return print_events(cli, id, -1, &error) ? EX_OK : cli_fail(error);
}

/* ---- why ---- */

/* What holds the account or one of its people now. */
static json_t *
holds_json(struct cli *cli, gint64 account_id)
{
    json_t *array = json_array();
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT address, until, reason FROM hold WHERE (until IS NULL OR until > ?1)"
                    " AND (account_id = ?2 OR address IN (SELECT address FROM contact WHERE account_id = "
                    "?2)) ORDER BY id",
                    NULL, "ii", cli->now_us, account_id);
    while (q && query_next(q, NULL)) {
        g_autofree char *until = cli_time(cli, query_int(q, "until"));
        json_array_append_new(array, json_pack("{s:s?, s:s?, s:s}", "address", query_text(q, "address"),
                                               "until", until, "reason", query_text(q, "reason")));
    }
    return array;
}

#define RULE_CHARS 60

/* Prints the rules that can still decide something: not those of steps that are over. */
static void
print_rules(const char *key, const GPtrArray *lines, const json_t *steps)
{
    static const char *const headings[] = {"rule", "verdict", "because of", "text", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    for (guint i = 0; i < lines->len; i++) {
        const struct why_line *w = lines->pdata[i];
        gboolean over = FALSE;
        size_t j;
        const json_t *step;
        json_array_foreach(steps, j, step)
        {
            static const char *const over_states[] = {"sent", "failed", "cancelled", NULL};
            g_autofree char *prefix =
                g_strdup_printf("%s: ", json_string_value(json_object_get(step, "step")));
            over = over || (g_str_has_prefix(w->what, prefix) &&
                            g_strv_contains(over_states, json_string_value(json_object_get(step, "state"))));
        }
        if (over)
            continue;
        gboolean fits = g_utf8_strlen(w->text, -1) <= RULE_CHARS;
        g_autofree char *start = fits ? g_strdup(w->text) : g_utf8_substring(w->text, 0, RULE_CHARS - 1);
        g_autofree char *text = g_strconcat(start, fits ? "" : "…", NULL);
        table_add(table, w->what, w->verdict, w->facts, text, NULL);
    }
    printf("\nRules (in full: usher why %s --json)\n", key);
    table_print(table, "None.");
}

int
cmd_why(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "why", NULL, 1, 1, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    const struct sequence *seq = cli_sequence_of(cli, id);
    g_autoptr(GPtrArray) lines =
        pipeline_why(cli->service->db, cli->service->program, seq, id, cli->now_us, &error);
    if (!lines)
        return cli_fail(error);
    json_t *steps = steps_json(cli, id, seq), *rules = json_array();
    for (guint i = 0; i < lines->len; i++) {
        const struct why_line *w = lines->pdata[i];
        json_array_append_new(rules, json_pack("{s:s, s:s, s:s, s:s}", "rule", w->what, "verdict", w->verdict,
                                               "facts", w->facts, "text", w->text));
    }
    json_t *holds = holds_json(cli, id), *drafts = draft_view_waiting_json(cli, id);
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "account", argv[1], "sequence", seq->name,
                                 "steps", steps, "holds", holds, "drafts", drafts, "rules", rules));
        return EX_OK;
    }
    static const char *const step_columns[] = {"step", "state", "due", "reason", NULL};
    printf("%s in %s\n", argv[1], seq->name);
    print_objects("Steps", steps, step_columns, "The account is in no sequence; the rules below say why.");
    static const char *const hold_columns[] = {"address", "until", "reason", NULL};
    if (json_array_size(holds))
        print_objects("On hold", holds, hold_columns, "");
    static const char *const draft_columns[] = {"draft", "step", "waits for", NULL};
    if (json_array_size(drafts))
        print_objects("Drafts", drafts, draft_columns, "");
    print_rules(argv[1], lines, steps);
    json_decref(steps);
    json_decref(holds);
    json_decref(drafts);
    json_decref(rules);
    static const char *const headings[] = {"message", "to", "state", "next try", "why", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT d.message_id, d.address, d.state, d.next_at, d.text FROM delivery d JOIN message m ON m.id = "
        "d.message_id WHERE m.account_id = ?"
        " AND d.state IN ('queued', 'deferred', 'claimed', 'transmitting', 'unknown') ORDER BY d.id",
        &error, "i", id);
    while (q && query_next(q, &error)) {
        g_autofree char *message = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "message_id"));
        g_autofree char *next = cli_time(cli, query_int(q, "next_at"));
        table_add(table, message, query_text(q, "address"), query_text(q, "state"), next,
                  query_text(q, "text") ? query_text(q, "text") : "", NULL);
    }
    if (error)
        return cli_fail(error);
    puts("\nOutbox");
    if ((rc = cli_print_halts(cli)) != EX_OK)
        return rc;
    table_print(table, "Nothing of this account is queued.");
    return EX_OK;
}
