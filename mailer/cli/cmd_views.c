/* The views of the whole team: board, daily, outbox. */
#include "accounts/sender.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/test_copies.h"
#include "compose/sender.h"
#include "service/plan.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* ---- board ---- */

static int
board_sequence(struct cli *cli, const struct sequence *seq, GError **error)
{
    struct store *db = cli->service->db;
    if (!cli->json)
        printf("%s\n", seq->title);
    for (guint i = 0; i < seq->stages->len; i++) {
        const struct stage *stage = seq->stages->pdata[i];
        g_autofree char *label = stage_display(stage);
        scoped(query_end) struct query *q =
            store_query(db,
                        "SELECT a.key, t.at, e.engaged_at, e.cancelled FROM enrolment e JOIN account a ON "
                        "a.id = e.account_id"
                        " LEFT JOIN stage_entry t ON t.account_id = e.account_id AND t.sequence = e.sequence "
                        "AND t.stage = e.stage"
                        " WHERE e.sequence = ? AND e.stage = ? AND e.state IN ('active', 'ended') ORDER BY t.at, a.key",
                        error, "tt", seq->name, stage->id);
        g_autoptr(GString) names = g_string_new(NULL);
        guint count = 0;
        while (q && query_next(q, error)) {
            g_autofree char *since = cli_time(cli, query_int(q, "at"));
            if (cli->json) {
                g_autofree char *engaged = cli_time(cli, query_int(q, "engaged_at"));
                cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?}", "sequence", seq->name,
                                         "stage", stage->id, "title", stage->title, "account",
                                         query_text(q, "key"), "since", since, "engaged_at", engaged,
                                         "cancelled", query_text(q, "cancelled")));
                continue;
            }
            g_autofree char *day = g_strndup(since, 10);
            g_string_append_printf(names, "    %-22s since %s%s\n", query_text(q, "key"), day,
                                   query_int(q, "engaged_at") ? "  engaged" : "");
            count++;
        }
        if (error && *error)
            return -1;
        if (!cli->json)
            printf("\n  %s (%u)\n%s", label, count, names->str);
    }
    return 0;
}

int
cmd_board(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "board", NULL, 0, 0, &argc, &argv, &rc))
        return rc;
    for (guint i = 0; i < cli->service->program->sequences->len; i++)
        if (board_sequence(cli, cli->service->program->sequences->pdata[i], &error) < 0)
            return cli_fail(error);
    return EX_OK;
}

/* ---- daily ---- */

#define FLAG_AFTER_US (7 * CLOCK_DAY_US)
#define NEW_FOR_US (2 * CLOCK_DAY_US)

/* What a specialist should notice about an account. The caller frees. */
static char *
daily_flag(const struct cli *cli, struct query *q)
{
    gint64 since_us = query_int(q, "since"), age_us = cli->now_us - since_us;
    if (query_int(q, "tasks"))
        return g_strdup_printf("%d open task%s", (int)query_int(q, "tasks"),
                               query_int(q, "tasks") > 1 ? "s" : "");
    if (query_int(q, "unanswered"))
        return g_strdup("reply unanswered");
    if (query_int(q, "first_stage") && !query_int(q, "last_sent_at") && age_us > FLAG_AFTER_US)
        return g_strdup_printf("%d days without outreach", (int)(age_us / CLOCK_DAY_US));
    if (age_us < NEW_FOR_US)
        return g_strdup("new");
    return g_strdup("");
}

int
cmd_daily(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *owner_filter = NULL;
    g_autofree char *stage_filter = NULL;
    const GOptionEntry entries[] = {
        {"owner", 0, 0, G_OPTION_ARG_STRING, &owner_filter, "only this specialist's accounts", "ID"},
        {"stage", 0, 0, G_OPTION_ARG_STRING, &stage_filter, "only accounts in this stage", "STAGE"},
        {0}};
    if (!cli_begin(cli, "daily", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    struct service *s = cli->service;
    if ((rc = cli_print_halts(cli)) != EX_OK)
        return rc;
    static const char *const headings[] = {"renewal", "account",   "stage", "priority", "owner", "forecast",
                                           "users",   "last sent", "next",  "flag",     NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    /* The renewal date may come from any source; the newest that has it wins, as in fact_row_load(). */
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT * FROM (SELECT a.id, a.key, e.sequence, e.stage, e.since, e.last_sent_at, e.engaged_at, "
        "e.cancelled, COALESCE(e.replied_at, 0) > COALESCE(e.answered_at, 0) AS unanswered,"
        " (SELECT f.facts ->> 'next_renewal' FROM account_facts f WHERE f.account_id = a.id AND f.facts ->> "
        "'next_renewal' IS NOT NULL"
        "  ORDER BY f.as_of DESC LIMIT 1) AS renewal,"
        " (SELECT COUNT(*) FROM contact c WHERE c.account_id = a.id AND NOT c.absent) AS users,"
        " (SELECT COUNT(*) FROM task t WHERE t.account_id = a.id AND t.done_at IS NULL) AS tasks,"
        " (SELECT p.step || ' ' || p.state FROM step p WHERE p.account_id = a.id AND p.sequence = e.sequence"
        "  AND p.state IN ('drafted', 'queued', 'scheduled', 'waiting', 'late', 'wanted') ORDER BY p.due_at "
        "IS NULL, p.due_at LIMIT 1) AS next,"
        " (SELECT COUNT(*) FROM stage_entry x WHERE x.account_id = a.id AND x.sequence = e.sequence) <= 1 AS "
        "first_stage"
        " FROM enrolment e JOIN account a ON a.id = e.account_id WHERE e.state = 'active' AND e.stage IS NOT "
        "NULL AND (?1 IS NULL OR e.stage = ?1))"
        /* What is over and asks for nothing leaves the queue; the board keeps it. */
        " WHERE next IS NOT NULL OR tasks > 0 OR first_stage OR (unanswered AND cancelled IS NULL) ORDER BY "
        "renewal IS NULL, renewal, key",
        &error, "t", stage_filter);
    while (q && query_next(q, &error)) {
        scoped(fact_row_free) struct fact_row *row = NULL;
        gint64 id = query_int(q, "id");
        if (!fact_row_load(s->db, s->program->facts, id, s->config->timezone, &row, &error))
            return cli_fail(error);
        const struct specialist *owner = sender_owner(s->db, s->config, row, id, &error);
        if (!owner)
            return cli_fail(error);
        if (owner_filter && strcmp(owner->id, owner_filter) != 0)
            continue;
        const struct sequence *seq = program_sequence(s->program, query_text(q, "sequence"));
        const struct stage *stage = seq ? sequence_stage(seq, query_text(q, "stage")) : NULL;
        const struct fact_value *mrr = fact_row_get(row, "forecast_mrr"),
                                *priority = fact_row_get(row, "priority");
        g_autofree char *forecast = mrr && json_is_number(mrr->value)
                                        ? g_strdup_printf("%.0f", json_number_value(mrr->value))
                                        : g_strdup("-");
        char *priority_text =
            priority && priority->value ? json_dumps(priority->value, JSON_ENCODE_ANY) : NULL;
        g_autofree char *users = g_strdup_printf("%d", (int)query_int(q, "users"));
        g_autofree char *last = cli_time(cli, query_int(q, "last_sent_at"));
        g_autofree char *flag = daily_flag(cli, q);
        if (cli->json)
            cli_print_json(
                json_pack("{s:s?, s:s, s:s, s:s?, s:s, s:O?, s:I, s:s?, s:s?, s:s, s:I, s:b}", "next_renewal",
                          query_text(q, "renewal"), "account", query_text(q, "key"), "stage",
                          query_text(q, "stage"), "priority",
                          priority && json_is_string(priority->value) ? json_string_value(priority->value)
                                                                      : priority_text,
                          "owner", owner->id, "forecast_mrr", mrr ? mrr->value : NULL, "users",
                          (json_int_t)query_int(q, "users"), "last_sent", last, "next", query_text(q, "next"),
                          "flag", flag, "tasks", (json_int_t)query_int(q, "tasks"), "unanswered",
                          query_int(q, "unanswered") != 0));
        else
            table_add(table, query_text(q, "renewal") ? query_text(q, "renewal") : "-", query_text(q, "key"),
                      stage ? stage->title : query_text(q, "stage"),
                      priority && json_is_string(priority->value) ? json_string_value(priority->value)
                      : priority_text                             ? priority_text
                                                                  : "-",
                      owner->id, forecast, users, last, query_text(q, "next") ? query_text(q, "next") : "-",
                      flag, NULL);
        g_free(priority_text);
    }
    if (error)
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "Nothing is in the queue.");
    return EX_OK;
}

/* ---- outbox ---- */

static int
outbox_plan(struct cli *cli)
{
    static const char *const headings[] = {"what", "when", "account", "email", "message", "why", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    gint64 seen_us = plan_last_seen_us(cli->service, &error);
    g_autoptr(GPtrArray) lines = error ? NULL : plan_make(cli->service, cli->now_us, &error);
    if (!lines)
        return cli_fail(error);
    for (guint i = 0; i < lines->len; i++) {
        const struct plan_line *l = lines->pdata[i];
        g_autofree char *at = cli_time(cli, l->at_us);
        g_autofree char *id =
            l->message_id ? g_strdup_printf("%" G_GINT64_FORMAT, l->message_id) : g_strdup("");
        if (cli->json)
            cli_print_json(json_pack("{s:s, s:s?, s:s, s:s, s:I, s:s?}", "plan", plan_kind_names[l->kind],
                                     "at", at, "account", l->account, "step", l->step, "message",
                                     (json_int_t)l->message_id, "reason", l->reason));
        else
            table_add(table, plan_kind_names[l->kind], at, l->account, l->step, id,
                      l->reason ? l->reason : "", NULL);
    }
    if (cli->json)
        return EX_OK;
    g_autofree char *seen = cli_time(cli, seen_us);
    printf("The service was last seen at work: %s. If it started now:\n\n", seen_us ? seen : "never");
    table_print(table, "Nothing would be sent, and nothing waits.");
    return EX_OK;
}

int
cmd_outbox(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gboolean all = FALSE, plan = FALSE;
    g_autofree char *resume = NULL;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "sent, refused and withdrawn ones too", NULL},
        {"plan", 0, 0, G_OPTION_ARG_NONE, &plan, "what would happen if the service started now", NULL},
        {"resume", 0, 0, G_OPTION_ARG_STRING, &resume, "let a stopped mailbox send again", "MAILBOX"},
        {0}};
    if (!cli_begin(cli, "outbox", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (resume)
        return cli_resume_mailbox(cli, resume);
    if ((rc = cli_print_halts(cli)) != EX_OK)
        return rc;
    if (plan)
        return outbox_plan(cli);
    static const char *const headings[] = {"message", "account",  "step", "to",
                                           "state",   "next try", "why",  NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT d.message_id, a.key, m.step, d.address, d.state, d.next_at, d.attempts, d.code, d.enhanced, "
        "d.text, d.host, d.at, m.mailbox, m.message_id AS header_id,"
        " (SELECT json_group_array(json_object('at', strftime('%Y-%m-%dT%H:%M:%SZ', v.at / 1000000, "
        "'unixepoch'), "
        "'from', v.from_state, 'to', v.to_state, 'code', v.code, 'enhanced', v.enhanced, 'text', v.text, "
        "'host', "
        "v.host)) FROM (SELECT * FROM delivery_move WHERE delivery_id = d.id ORDER BY id) v) AS moves"
        " FROM delivery d JOIN message m ON m.id = d.message_id JOIN account a ON a.id = m.account_id"
        " WHERE ? OR d.state IN ('queued', 'claimed', 'transmitting', 'deferred', 'unknown') ORDER BY "
        "d.message_id, d.id",
        &error, "i", (gint64)all);
    while (q && query_next(q, &error)) {
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "message_id"));
        gboolean open =
            strcmp(query_text(q, "state"), "queued") == 0 || strcmp(query_text(q, "state"), "deferred") == 0;
        g_autofree char *next = cli_time(cli, open ? query_int(q, "next_at") : 0);
        if (cli->json)
            cli_print_json(
                json_pack("{s:I, s:s, s:s, s:s, s:s, s:s?, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s, s:o}",
                          "message", (json_int_t)query_int(q, "message_id"), "account", query_text(q, "key"),
                          "step", query_text(q, "step"), "address", query_text(q, "address"), "state",
                          query_text(q, "state"), "next_at", next, "attempts",
                          (json_int_t)query_int(q, "attempts"), "code", (json_int_t)query_int(q, "code"),
                          "enhanced", query_text(q, "enhanced"), "text", query_text(q, "text"), "message_id",
                          query_text(q, "header_id"), "host", query_text(q, "host"), "mailbox",
                          query_text(q, "mailbox"), "moves", json_loads(query_text(q, "moves"), 0, NULL)));
        else
            table_add(table, id, query_text(q, "key"), query_text(q, "step"), query_text(q, "address"),
                      query_text(q, "state"), next, query_text(q, "text") ? query_text(q, "text") : "", NULL);
    }
    if (error || !test_copies_add(cli, table, all, &error))
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "Nothing is queued.");
    return EX_OK;
}
