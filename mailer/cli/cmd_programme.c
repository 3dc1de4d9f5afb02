/* What a person tells usher about a programme as it goes: goals that were seen, dates, more time. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* ---- goal ---- */

/* The enrolments of an account that are or were: names of sequences in force, active ones first. */
static GPtrArray *
sequences_of(struct cli *cli, gint64 account_id)
{
    GPtrArray *all = g_ptr_array_new();
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT sequence FROM enrolment WHERE account_id = ? AND state <> 'left' ORDER BY state, since DESC",
        NULL, "i", account_id);
    while (q && query_next(q, NULL)) {
        const struct sequence *seq = program_sequence(cli->service->program, query_text(q, "sequence"));
        if (seq)
            g_ptr_array_add(all, (gpointer)(guintptr)seq);
    }
    return all;
}

static gboolean
list_goals(struct cli *cli, const char *account, gint64 account_id, const struct sequence *seq,
           struct table *table, GError **error)
{
    for (guint i = 0; i < seq->goals->len; i++) {
        const struct goal *goal = seq->goals->pdata[i];
        struct goal_status status;
        if (!goal_status_load(cli->service->db, account_id, seq->name, goal->id, &status, error))
            return FALSE;
        g_autofree char *actor = status.actor;
        g_autofree char *at = cli_time(cli, status.at_us);
        const char *state = status.met ? "met" : status.known ? "taken back" : "open";
        if (cli->json)
            cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?, s:s?, s:b}", "account", account,
                                     "sequence", seq->name, "goal", goal->id, "title", goal->title, "met",
                                     status.met, "at", at, "by", actor, "by_hand", status.by_hand));
        else
            table_add(table, seq->name, goal->id, goal->title, state, at, actor ? actor : "-", NULL);
    }
    return TRUE;
}

/* The date by which the programme ends, on a line of its own. */
static void
print_end(struct cli *cli, gint64 account_id, const struct sequence *seq)
{
    if (cli->json || seq->ends == NO_RULE)
        return;
    scoped(fact_row_free) struct fact_row *row =
        pipeline_facts(cli->service->db, cli->service->program, seq, account_id, cli->now_us, NULL);
    const char *ends = row ? fact_row_text(row, "ends_at") : NULL;
    const struct fact_value *days = row ? fact_row_get(row, "extension_days") : NULL;
    json_int_t extended = days ? json_integer_value(days->value) : 0;
    if (!ends)
        printf("%s: its end is not known yet\n", seq->title);
    else if (extended)
        printf("%s ends on %s, %" JSON_INTEGER_FORMAT " days later than planned\n", seq->title, ends,
               extended);
    else
        printf("%s ends on %s\n", seq->title, ends);
}

static int
print_goals(struct cli *cli, const char *account, gint64 account_id, const GPtrArray *sequences)
{
    static const char *const headings[] = {"sequence", "goal", "to be seen", "state", "since", "by", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < sequences->len; i++)
        if (!list_goals(cli, account, account_id, sequences->pdata[i], table, &error))
            return cli_fail(error);
    if (!cli->json)
        table_print(table, "No goals are set.");
    for (guint i = 0; i < sequences->len; i++)
        print_end(cli, account_id, sequences->pdata[i]);
    return EX_OK;
}

static int
unknown_goal(const char *account, const char *word, const GPtrArray *sequences)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < sequences->len; i++) {
        const struct sequence *seq = sequences->pdata[i];
        for (guint j = 0; seq && j < seq->goals->len; j++)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   ((struct goal *)seq->goals->pdata[j])->id);
    }
    return names->len ? cli_missing("goal: there is no goal \"%s\": expected one of %s", word, names->str)
                      : cli_missing("goal: %s is in no sequence that has goals", account);
}

int
cmd_goal(struct cli *cli, int argc, char **argv)
{
    gboolean undo = FALSE;
    const GOptionEntry entries[] = {
        {"undo", 0, 0, G_OPTION_ARG_NONE, &undo, "it was not seen: no rule ticks it off again", NULL}, {0}};
    int rc = EX_OK;
    gint64 id = cli_begin(cli, "goal", entries, 1, 2, &argc, &argv, &rc) ? cli_account(cli, argv[1], &rc) : 0;
    if (!id)
        return rc;
    g_autoptr(GPtrArray) sequences = sequences_of(cli, id);
    if (argc == 2)
        return undo ? cli_usage("goal: --undo: expected a goal") : print_goals(cli, argv[1], id, sequences);
    const struct sequence *seq = NULL;
    for (guint i = 0; !seq && i < sequences->len; i++)
        seq = sequence_goal(sequences->pdata[i], argv[2]) ? sequences->pdata[i] : NULL;
    if (!seq)
        return unknown_goal(argv[1], argv[2], sequences);
    struct goal_status status;
    g_autoptr(GError) error = NULL;
    if (!goal_status_load(cli->service->db, id, seq->name, argv[2], &status, &error))
        return cli_fail(error);
    g_free(status.actor);
    const char *title = sequence_goal(seq, argv[2])->title;
    if (status.met != undo) {
        printf("%s: \"%s\" is %s already\n", argv[1], title, undo ? "open" : "met");
        return EX_OK;
    }
    g_autofree char *done = g_strdup_printf("%s: \"%s\" is %s", argv[1], title, undo ? "open again" : "met");
    return cli_act(cli, id, undo ? "goal_undone" : "goal_met",
                   json_pack("{s:s, s:s, s:i}", "sequence", seq->name, "goal", argv[2], "by_hand", 1), done);
}

/* ---- date ---- */

static int
print_dates(struct cli *cli, const char *account, const struct fact_row *row)
{
    static const char *const headings[] = {"name", "date", "source", "what it is", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const struct fact_set *set = cli->service->program->facts;
    for (guint i = 0; i < facts_count(set); i++) {
        const struct fact *fact = facts_at(set, i);
        const struct fact_value *value = fact_row_at(row, i);
        if (fact->type != FACT_DATE || fact->engine || !value->value)
            continue;
        if (cli->json)
            cli_print_json(json_pack("{s:s, s:s, s:s, s:s}", "account", account, "name", fact->name, "date",
                                     json_string_value(value->value), "source", value->source));
        else
            table_add(table, fact->name, json_string_value(value->value), value->source,
                      fact->about ? fact->about : "", NULL);
    }
    if (!cli->json)
        table_print(table, "No dates are known.");
    return EX_OK;
}

/* The date fact called word, or word_on; NULL after the error was printed. */
static const struct fact *
find_date(struct cli *cli, const char *word, int *rc)
{
    const struct fact_set *set = cli->service->program->facts;
    g_autofree char *folded = g_ascii_strdown(word, -1);
    g_strdelimit(folded, "-", '_');
    g_autofree char *short_of = g_strconcat(folded, "_on", NULL);
    g_autofree char *joined = g_strdelimit(g_strdup(folded), "_", '-');
    g_auto(GStrv) parts = g_strsplit(joined, "-", -1);
    g_autofree char *word_only = g_strjoinv("", parts);
    g_autofree char *short_joined = g_strconcat(word_only, "_on", NULL);
    const char *const names[] = {folded, short_of, short_joined};
    const struct fact *fact = NULL;
    for (gsize i = 0; !fact && i < G_N_ELEMENTS(names); i++)
        fact = facts_find(set, names[i]);
    if (fact && fact->type == FACT_DATE && !fact->engine)
        return fact;
    const char *nearest = facts_nearest(set, short_of);
    *rc = fact ? cli_usage("date: %s is no date that can be given", fact->name)
               : cli_missing("date: facts.conf has no date \"%s\"%s%s", word, nearest ? "; nearest is " : "",
                             nearest ? nearest : "");
    return NULL;
}

int
cmd_date(struct cli *cli, int argc, char **argv)
{
    gboolean undo = FALSE;
    const GOptionEntry entries[] = {
        {"undo", 0, 0, G_OPTION_ARG_NONE, &undo, "what other sources say counts again", NULL}, {0}};
    int rc = EX_OK;
    gint64 id = cli_begin(cli, "date", entries, 1, 3, &argc, &argv, &rc) ? cli_account(cli, argv[1], &rc) : 0;
    if (!id)
        return rc;
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (!fact_row_load(s->db, s->program->facts, id, s->config->timezone, &row, &error))
        return cli_fail(error);
    if (argc == 2)
        return undo ? cli_usage("date: --undo: expected the name of a date") : print_dates(cli, argv[1], row);
    if (undo ? argc != 3 : argc != 4)
        return cli_usage(undo ? "date: --undo takes the name of a date and no date"
                              : "date: expected a date such as 2026-12-01");
    const struct fact *fact = find_date(cli, argv[2], &rc);
    if (!fact)
        return rc;
    struct civil day;
    if (!undo && (!civil_parse(argv[3], &day) || day.has_time))
        return cli_usage("date: \"%s\": expected a date such as 2026-12-01", argv[3]);
    const struct fact_value *value = fact_row_get(row, fact->name);
    if (undo && g_strcmp0(value->source, FACTS_BY_HAND) != 0)
        return cli_usage("date: %s was not given by hand", fact->name);
    g_autofree char *text = undo ? NULL : civil_format(&day);
    g_autofree char *done = undo ? g_strdup_printf("%s: %s is what other sources say", argv[1], fact->name)
                                 : g_strdup_printf("%s: %s is %s", argv[1], fact->name, text);
    return cli_act(cli, id, "date_set",
                   json_pack("{s:s, s:s?, s:s?}", "fact", fact->name, "value", text, "was",
                             json_string_value(value->value)),
                   done);
}

/* ---- extend ---- */

/* The goals that are still open: what is not yet seen. NULL with error. */
static json_t *
open_goals(struct cli *cli, gint64 account_id, const struct sequence *seq, GString *titles, GError **error)
{
    json_t *open = json_array();
    for (guint i = 0; i < seq->goals->len; i++) {
        const struct goal *goal = seq->goals->pdata[i];
        struct goal_status status;
        if (!goal_status_load(cli->service->db, account_id, seq->name, goal->id, &status, error)) {
            json_decref(open);
            return NULL;
        }
        g_free(status.actor);
        if (status.met)
            continue;
        json_array_append_new(open, json_string(goal->id));
        g_string_append_printf(titles, "%s%s", titles->len ? ", " : "", goal->title);
    }
    return open;
}

int
cmd_extend(struct cli *cli, int argc, char **argv)
{
    g_autofree char *note = NULL;
    const GOptionEntry entries[] = {
        {"note", 0, 0, G_OPTION_ARG_STRING, &note, "why, and what is not yet seen", "TEXT"}, {0}};
    int rc = EX_OK;
    gint64 id = cli_begin(cli, "extend", entries, 2, 2, &argc, &argv, &rc) ? cli_account(cli, argv[1], &rc)
                                                                           : 0,
           days;
    if (!id)
        return rc;
    const struct sequence *seq = cli_sequence_of(cli, id);
    g_autoptr(GError) error = NULL;
    scoped(enrolment_free) struct enrolment *e = enrolment_load(cli->service->db, id, seq->name, &error);
    if (!error && (!e || !e->active))
        g_set_error(&error, USHER_ERROR, USHER_ERROR_DATA,
                    "the account is in no sequence; `usher enrol` enters it by hand");
    if (error)
        return cli_fail(error);
    if (!g_ascii_string_to_signed(argv[2], 10, -365, 365, &days, NULL))
        return cli_usage("extend: \"%s\": expected a number of days", argv[2]);
    g_autoptr(GString) titles = g_string_new(NULL);
    json_t *open = open_goals(cli, id, seq, titles, &error);
    if (!open)
        return cli_fail(error);
    g_autofree char *done = g_strdup_printf("%s: the end moves by %d days%s%s", argv[1], (int)days,
                                            titles->len ? "; not yet seen: " : "", titles->str);
    json_t *data =
        json_pack("{s:I, s:s, s:s*}", "days", (json_int_t)days, "sequence", seq->name, "note", note);
    if (json_array_size(open))
        json_object_set(data, "open", open);
    json_decref(open);
    return cli_act(cli, id, "extended", data, done);
}
