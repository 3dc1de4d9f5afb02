/* why: what is next for an account, or what keeps a step from happening. One clear line first, then what it
 * rests on. */
#include "service/why.h"

#include "base/zone.h"
#include "cli/commands.h"
#include "cli/draft_view.h"
#include "cli/screen.h"
#include "cli/show.h"
#include "cli/table.h"
#include "pipeline/rule_parts.h"
#include "service/outlook.h"
#include "service/troubles.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define RULE_CHARS 60

static const char *const truth_names[] = {
    [RULE_FALSE] = "false", [RULE_TRUE] = "true", [RULE_UNDECIDED] = "undecided"};

/* ---- gathering ---- */

/* A column as a member of row: a time where its name ends in _at, a number (0: none) where it ends in _id,
 * else text; null where it is NULL. The ending is left out. */
static void
set_member(struct cli *cli, json_t *row, struct query *q, const char *column)
{
    gboolean time = g_str_has_suffix(column, "_at"), number = g_str_has_suffix(column, "_id");
    g_autofree char *member = g_strndup(column, strlen(column) - (time || number ? strlen("_at") : 0));
    g_autofree char *at = time && query_int(q, column) ? cli_time(cli, query_int(q, column)) : NULL;
    const char *text = time ? at : number ? NULL : query_text(q, column);
    json_object_set_new(row, member,
                        number ? json_integer(query_int(q, column))
                        : text ? json_string(text)
                               : json_null());
}

/* The answers to a query, one object a row. */
static json_t *
rows_json(struct cli *cli, struct query *q, const char *const *columns, GError **error)
{
    json_t *array = json_array();
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        json_t *row = json_object();
        for (const char *const *column = columns; *column; column++)
            set_member(cli, row, q, *column);
        json_array_append_new(array, row);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return array;
}

static json_t *
steps_json(struct cli *cli, gint64 account_id, const struct sequence *seq, GError **error)
{
    static const char *const columns[] = {"step", "state", "due_at", "reason", "message_id", NULL};
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT step, state, due_at, reason, message_id FROM step WHERE account_id = ? AND sequence = "
        "? ORDER BY COALESCE(due_at, 0) = 0, due_at",
        error, "it", account_id, seq->name);
    json_t *rows = rows_json(cli, q, columns, error);
    if (!show_idle_reasons(cli, account_id, seq, rows, error))
        json_array_clear(rows);
    return rows;
}

/* What holds the account or one of its people now. */
static json_t *
holds_json(struct cli *cli, gint64 account_id, GError **error)
{
    static const char *const names[] = {"address", "until_at", "reason", NULL};
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT address, until AS until_at, reason FROM hold WHERE (until IS NULL OR until > ?1) AND "
        "(account_id = ?2 OR address IN (SELECT address FROM contact WHERE account_id = ?2)) ORDER BY id",
        error, "ii", cli->now_us, account_id);
    return rows_json(cli, q, names, error);
}

/* The drafts of the sequence that wait. */
static json_t *
drafts_json(struct cli *cli, gint64 account_id, const struct sequence *seq, GError **error)
{
    json_t *array = draft_view_waiting_json(cli, account_id);
    g_autoptr(GError) local = NULL;
    for (size_t i = json_array_size(array); !local && i-- > 0;) {
        gint64 id = g_ascii_strtoll(json_string_value(json_object_get(json_array_get(array, i), "draft")),
                                    NULL, 10); /* "103.2" */
        if (!store_int(cli->service->db, "SELECT 1 FROM message WHERE id = ? AND sequence = ?", 0, &local,
                       "it", id, seq->name))
            json_array_remove(array, i);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return array;
}

static json_t *
outbox_json(struct cli *cli, gint64 account_id, const struct sequence *seq, GError **error)
{
    static const char *const names[] = {"message_id", "to", "state", "next_at", "why", NULL};
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT d.message_id, d.address AS \"to\", d.state, d.next_at, "
        "d.text AS why "
        "FROM delivery d JOIN message m ON m.id = d.message_id WHERE m.account_id = ? AND m.sequence = ? AND "
        "d.state IN ('queued', "
        "'deferred', 'claimed', 'transmitting', 'unknown') ORDER BY d.id",
        error, "it", account_id, seq->name);
    return rows_json(cli, q, names, error);
}

static json_t *
part_json(const struct rule_part *part)
{
    static const char *const joins[] = {[PART_LEAF] = "rule", [PART_AND] = "all", [PART_OR] = "any"};
    json_t *o = json_pack("{s:s, s:s, s:s?, s:s?}", "is", joins[part->join], "verdict",
                          truth_names[part->truth], "text", part->text, "facts", part->facts);
    json_t *children = json_array();
    for (guint i = 0; part->children && i < part->children->len; i++)
        json_array_append_new(children, part_json(part->children->pdata[i]));
    json_object_set_new(o, "parts", children);
    return o;
}

static json_t *
rules_json(const GPtrArray *rules)
{
    json_t *array = json_array();
    for (guint i = 0; i < rules->len; i++) {
        const struct why_line *w = rules->pdata[i];
        json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "rule", w->what, "verdict", w->verdict, "facts",
                              w->facts, "text", w->text);
        if (w->parts)
            json_object_set_new(o, "parts", part_json(w->parts));
        json_array_append_new(array, o);
    }
    return array;
}

/* ---- printing ---- */

/* Prints an array of flat objects under a heading; nothing where there is none. */
static void
print_objects(const char *heading, const json_t *array, const char *const *columns)
{
    if (json_array_size(array) == 0)
        return;
    scoped(table_free) struct table *table = table_new(columns);
    size_t i;
    const json_t *item;
    guint n = g_strv_length((char **)(gsize)columns);
    json_array_foreach(array, i, item)
    {
        g_auto(GStrv) cells = g_new0(char *, n + 1);
        for (guint j = 0; j < n; j++) {
            const json_t *value = json_object_get(item, columns[j]);
            if (json_is_integer(value))
                cells[j] = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
            else
                cells[j] = g_strdup(json_is_string(value) ? json_string_value(value) : "");
        }
        table_add_row(table, (const char *const *)cells);
    }
    printf("\n%s\n", heading);
    table_print(table, "");
}

/* A table of conditions being filled. */
struct conditions {
    struct table *table;
    const GPtrArray *deciding; /* the leaves that decide, NULL: none */
};

static void
add_condition(struct conditions *c, int depth, const char *what, const char *verdict, const char *facts,
              const char *rule)
{
    g_autofree char *text = g_strdup_printf("%*s%s", 2 * depth, "", what);
    table_add(c->table, text, verdict, facts, rule, NULL);
    if (strcmp(verdict, truth_names[RULE_UNDECIDED]) == 0)
        table_tint_cell(c->table, 1, TINT_WARN);
}

static void
add_part(struct conditions *c, int depth, const struct rule_part *part)
{
    static const char *const joins[] = {[PART_LEAF] = "", [PART_AND] = "all of", [PART_OR] = "any of"};
    add_condition(c, depth, part->join == PART_LEAF ? part->text : joins[part->join],
                  truth_names[part->truth], part->facts ? part->facts : "", NULL);
    if (c->deciding && g_ptr_array_find((GPtrArray *)(gsize)c->deciding, part, NULL))
        for (guint column = 0; column < 3; column++)
            table_tint_cell(c->table, column, TINT_BAD);
    for (guint i = 0; part->children && i < part->children->len; i++)
        add_part(c, depth + 1, part->children->pdata[i]);
}

/* One row, with the beginning of the rule. */
static void
add_short(struct conditions *c, const struct why_line *w)
{
    gboolean fits = g_utf8_strlen(w->text, -1) <= RULE_CHARS;
    g_autofree char *start = fits ? g_strdup(w->text) : g_utf8_substring(w->text, 0, RULE_CHARS - 1);
    g_autofree char *text = g_strconcat(start, fits ? "" : "…", NULL);
    add_condition(c, 0, w->what, w->verdict, w->facts, text);
}

/* The parts of a rule below its own row; a rule of one part stands in that row. */
static void
add_in_full(struct conditions *c, const struct why_line *w)
{
    const struct rule_part *p = w->parts;
    gboolean one = !p || p->join == PART_LEAF;
    g_autofree char *what = g_strdup_printf("%s: %s", w->what,
                                            !p                    ? w->text
                                            : one                 ? p->text
                                            : p->join == PART_AND ? "all of"
                                                                  : "any of");
    add_condition(c, 0, what, w->verdict, p ? one ? p->facts : "" : w->facts, NULL);
    for (guint i = 0; !one && i < p->children->len; i++)
        add_part(c, 1, p->children->pdata[i]);
}

/* Nothing hangs any more on the rules of a step that is over. */
static gboolean
is_over(const json_t *steps, const struct step *step)
{
    static const char *const over[] = {"sent", "failed", "cancelled", NULL};
    size_t i;
    const json_t *item;
    json_array_foreach(steps, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "step")), step->id) == 0)
            return g_strv_contains(over, json_string_value(json_object_get(item, "state")));
    }
    return FALSE;
}

/* asked: the step of the command line, all of whose rules are shown in full; else only the one that decides.
 */
static void
print_rules(const struct why *why, const json_t *steps, const struct step *asked, gboolean enrolled)
{
    const char *const headings[] = {"condition", "is", "because of", asked || !enrolled ? NULL : "rule",
                                    NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const struct why_line *decisive = why->decides >= 0 ? why->rules->pdata[why->decides] : NULL;
    g_autoptr(GPtrArray) leaves = decisive && decisive->parts ? rule_part_deciding(decisive->parts) : NULL;
    struct conditions c = {.table = table, .deciding = leaves};
    table_fold(table);
    for (guint i = 0; i < why->rules->len; i++) {
        const struct why_line *w = why->rules->pdata[i];
        gboolean entry = strcmp(w->what, "enrol") == 0 || strcmp(w->what, "exclude") == 0,
                 outside = entry || why_is_about_entry(why, w);
        if (w != decisive && (enrolled ? asked && (entry || (w->step && w->step != asked)) : !outside))
            continue;
        if (w != decisive && !asked && w->step && is_over(steps, w->step))
            continue;
        if (w == decisive || asked || !enrolled)
            add_in_full(&c, w);
        else
            add_short(&c, w);
    }
    puts("\nConditions");
    table_print(table, "None.");
}

static void
print_line(const char *label, const char *text, enum tint tint)
{
    if (!text)
        return;
    g_autofree char *line = g_strconcat(label, text, NULL);
    table_tint(tint);
    screen_print(line, 2);
    table_tint(TINT_NONE);
}

static void
print_head(struct cli *cli, const char *key, const struct sequence *seq, const struct enrolment *e,
           const struct why *why, const char *outlook, const GPtrArray *halts, gboolean named)
{
    const struct stage *stage = e && e->stage ? sequence_stage(seq, e->stage) : NULL;
    g_autofree char *since = e ? cli_time(cli, e->since_us) : NULL;
    g_autofree char *line = g_strconcat(named ? seq->title : "", named ? ": " : "", why->line, ".", NULL);
    print_line("", line, TINT_BOLD);
    print_line("  Behind it: ", why->evidence, TINT_NONE);
    print_line("  To change it: ", why->command, TINT_NONE);
    print_line("  But note: ", why->note, TINT_WARN);
    for (guint i = 0; i < halts->len; i++)
        if (!strstr(why->line, halts->pdata[i]))
            print_line("  But note: ", halts->pdata[i], TINT_WARN);
    if (e)
        printf("\n%s in %s since %s: %s%s\n", key, seq->title, since,
               !e->active ? "left"
               : stage    ? stage->title
                          : "no stage",
               e->cancelled && e->active ? ", automatic mail cancelled" : "");
    if (e && e->active && outlook)
        print_line("It ", outlook, TINT_NONE);
}

struct details {
    json_t *steps, *holds, *drafts, *outbox;
    GPtrArray *halts; /* why nothing, or not everything, is sent */
    char *outlook;    /* when it ends and what is to be seen, NULL: it has neither */
    gboolean named;   /* it is not the only answer: each says its sequence */
};

static void
print_answer(struct cli *cli, const char *key, const struct sequence *seq, const struct enrolment *e,
             const struct why *why, const struct step *asked, const struct details *d)
{
    static const char *const steps[] = {"step", "state", "due", "reason", NULL},
                             *const holds[] = {"address", "until", "reason", NULL},
                             *const drafts[] = {"draft", "step", "waits for", NULL},
                             *const outbox[] = {"message", "to", "state", "next", "why", NULL};
    print_head(cli, key, seq, e, why, d->outlook, d->halts, d->named);
    if (e && !asked)
        print_objects("Steps", d->steps, steps);
    print_objects("On hold", d->holds, holds);
    if (!asked)
        print_objects("Drafts", d->drafts, drafts);
    print_rules(why, d->steps, asked, e != NULL);
    print_objects("Outbox", d->outbox, outbox);
}

/* Takes over what is in details. */
static void
print_json(struct cli *cli, const char *key, const struct sequence *seq, const struct enrolment *e,
           const struct why *why, const struct details *d)
{
    g_autofree char *at = cli_time(cli, why->at_us);
    const struct why_line *decides = why->decides >= 0 ? why->rules->pdata[why->decides] : NULL;
    json_t *halts = json_array();
    for (guint i = 0; i < d->halts->len; i++)
        json_array_append_new(halts, json_string(d->halts->pdata[i]));
    cli_print_json(json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, "
                             "s:o, s:o, s:o, s:o, s:o}",
                             "account", key, "sequence", seq->name, "enrolment",
                             !e          ? "never"
                             : e->active ? "active"
                                         : "left",
                             "stage", e ? e->stage : NULL, "step", why->step ? why->step->id : NULL, "cause",
                             why_cause_names[why->cause], "line", why->line, "at", at, "evidence",
                             why->evidence, "command", why->command, "note", why->note, "decides",
                             decides ? decides->what : NULL, "outlook", d->outlook, "steps", d->steps,
                             "holds", d->holds, "drafts", d->drafts, "rules", rules_json(why->rules),
                             "outbox", d->outbox, "halts", halts));
}

static int
explain(struct cli *cli, const char *key, gint64 id, const struct sequence *seq, const struct step *asked,
        gboolean named)
{
    g_autoptr(GError) error = NULL;
    scoped(enrolment_free) struct enrolment *e = enrolment_load(cli->service->db, id, seq->name, &error);
    scoped(why_free) struct why *why =
        error ? NULL : why_make(cli->service, id, key, seq, asked, cli->now_us, &error);
    if (!why)
        return cli_fail(error);
    scoped(outlook_free) struct outlook *outlook = outlook_load(cli->service, seq, id, cli->now_us, &error);
    if (!outlook)
        return cli_fail(error);
    g_autofree char *line = outlook_line(outlook);
    struct details d = {.named = named, .outlook = line, .steps = steps_json(cli, id, seq, &error)};
    d.holds = error ? json_array() : holds_json(cli, id, &error);
    d.outbox = error ? json_array() : outbox_json(cli, id, seq, &error);
    d.drafts = error ? json_array() : drafts_json(cli, id, seq, &error);
    g_autoptr(GPtrArray) halts = d.halts = error ? NULL : service_troubles(cli->service, cli->now_us, &error);
    if (cli->json && !error) {
        print_json(cli, key, seq, e, why, &d);
        return EX_OK;
    }
    if (!error)
        print_answer(cli, key, seq, e, why, asked, &d);
    json_decref(d.steps);
    json_decref(d.holds);
    json_decref(d.drafts);
    json_decref(d.outbox);
    return error ? cli_fail(error) : EX_OK;
}

/* ---- which sequences ---- */

/* The sequences (borrowed) the account is in; none: those it was in; none: all in force. */
static GPtrArray *
sequences_of(struct cli *cli, gint64 account_id, GError **error)
{
    static const char *const states[] = {"active", "left", "ended"};
    const struct program *program = cli->service->program;
    GPtrArray *out = g_ptr_array_new();
    g_autoptr(GError) local = NULL;
    for (gsize i = 0; !local && !out->len && i < G_N_ELEMENTS(states); i++) {
        scoped(query_end) struct query *q = store_query(
            cli->service->db,
            "SELECT sequence FROM enrolment WHERE account_id = ? AND state = ? ORDER BY since DESC", &local,
            "it", account_id, states[i]);
        while (q && query_next(q, &local)) {
            const struct sequence *seq = program_sequence(program, query_text(q, "sequence"));
            if (seq)
                g_ptr_array_add(out, (gpointer)(gsize)seq);
        }
    }
    gboolean none = out->len == 0;
    for (guint i = 0; !local && none && i < program->sequences->len; i++)
        g_ptr_array_add(out, program->sequences->pdata[i]);
    if (!local)
        return out;
    g_propagate_error(error, g_steal_pointer(&local));
    g_ptr_array_unref(out);
    return NULL;
}

/* Keeps those that have the step. FALSE after the error was printed. */
static gboolean
keep_with_step(GPtrArray *sequences, const char *id, int *rc)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < sequences->len; i++) {
        const struct sequence *seq = sequences->pdata[i];
        for (guint j = 0; j < seq->steps->len; j++)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   ((const struct step *)seq->steps->pdata[j])->id);
    }
    for (guint i = sequences->len; i-- > 0;)
        if (!sequence_step(sequences->pdata[i], id))
            g_ptr_array_remove_index(sequences, i);
    if (sequences->len)
        return TRUE;
    *rc = cli_missing("why: there is no step \"%s\": expected one of %s", id, names->str);
    return FALSE;
}

int
cmd_why(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *name = NULL;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{"sequence", 0, 0, G_OPTION_ARG_STRING, &name,
                                     "in this sequence, whether the account is in it or not", "NAME"},
                                    {0}};
    if (!cli_begin(cli, "why", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    const struct sequence *named = name ? program_sequence(cli->service->program, name) : NULL;
    if (name && !named)
        return cli_missing("why: there is no sequence \"%s\" in force", name);
    g_autoptr(GPtrArray) sequences = named ? g_ptr_array_new() : sequences_of(cli, id, &error);
    if (!sequences)
        return cli_fail(error);
    if (named)
        g_ptr_array_add(sequences, (gpointer)(gsize)named);
    if (argc > 2 && !keep_with_step(sequences, argv[2], &rc))
        return rc;
    if (!cli->json)
        screen_page();
    for (guint i = 0; rc == EX_OK && i < sequences->len; i++) {
        const struct sequence *seq = sequences->pdata[i];
        if (i && !cli->json)
            putchar('\n');
        rc =
            explain(cli, argv[1], id, seq, argc > 2 ? sequence_step(seq, argv[2]) : NULL, sequences->len > 1);
    }
    return rc;
}
