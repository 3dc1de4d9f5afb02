/* outbox: what is queued, sending, deferred or unknown, and what would come of it. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/test_copies.h"
#include "service/plan.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int
outbox_plan(struct cli *cli)
{
    static const char *const headings[] = {"what", "when", "account", "email", "message", "why", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
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

/* One delivery: a row, or with --json a line. */
static void
add_row(struct cli *cli, struct table *table, struct query *q)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "message_id"));
    gboolean open =
        strcmp(query_text(q, "state"), "queued") == 0 || strcmp(query_text(q, "state"), "deferred") == 0;
    gboolean at_once = open && query_int(q, "next_at") <= 0 && !cli->json;
    g_autofree char *next = at_once ? g_strdup("at once") : cli_time(cli, open ? query_int(q, "next_at") : 0);
    if (cli->json)
        cli_print_json(json_pack(
            "{s:I, s:s, s:s, s:s, s:s, s:s?, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s, s:o}", "message",
            (json_int_t)query_int(q, "message_id"), "account", query_text(q, "key"), "step",
            query_text(q, "step"), "address", query_text(q, "address"), "state", query_text(q, "state"),
            "next_at", next, "attempts", (json_int_t)query_int(q, "attempts"), "code",
            (json_int_t)query_int(q, "code"), "enhanced", query_text(q, "enhanced"), "text",
            query_text(q, "text"), "message_id", query_text(q, "header_id"), "host", query_text(q, "host"),
            "mailbox", query_text(q, "mailbox"), "moves", json_loads(query_text(q, "moves"), 0, NULL)));
    else
        table_add(table, id, query_text(q, "key"), query_text(q, "step"), query_text(q, "address"),
                  query_text(q, "state"), next, query_text(q, "text") ? query_text(q, "text") : "", NULL);
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
    if (!cli->json)
        screen_page();
    if ((rc = cli_print_troubles(cli)) != EX_OK)
        return rc;
    if (plan)
        return outbox_plan(cli);
    static const char *const headings[] = {"message", "account",  "step", "to",
                                           "state",   "next try", "why",  NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
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
    while (q && query_next(q, &error))
        add_row(cli, table, q);
    if (error || !test_copies_add(cli, table, all, &error))
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "Nothing is queued.");
    return EX_OK;
}
