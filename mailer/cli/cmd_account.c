/* why: what happens next to an account, and what decides it. */
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
