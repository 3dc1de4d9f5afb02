/* hooks: what each hook has been told, and what waits for it. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "service/hooks.h"

#include <stdio.h>
#include <sysexits.h>

static void
print_json(struct cli *cli, const struct hook *hook, struct query *q, const char *on)
{
    static const struct {
        const char *name, *column;
    } times[] = {{"since", "since"},
                 {"next_at", "next_at"},
                 {"delivered_at", "delivered_at"},
                 {"error_at", "error_at"}};
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s?}", "hook", hook->name, "on", on, "run",
                  hook->argv[0], "waiting", (json_int_t)query_int(q, "waiting"), "failed",
                  (json_int_t)query_int(q, "failed"), "attempts", (json_int_t)query_int(q, "attempts"),
                  "delivered", (json_int_t)query_int(q, "delivered_id"), "error", query_text(q, "error"));
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *text = cli_time(cli, query_int(q, times[i].column));
        json_object_set_new(object, times[i].name, text ? json_string(text) : json_null());
    }
    cli_print_json(object);
}

static void
print_row(struct cli *cli, struct table *table, const struct hook *hook, struct query *q, const char *on)
{
    g_autofree char *waiting = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "waiting"));
    g_autofree char *failed = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "failed"));
    g_autofree char *delivered = cli_time(cli, query_int(q, "delivered_at"));
    g_autofree char *next = cli_time(cli, query_int(q, "next_at"));
    g_autofree char *when = cli_time(cli, query_int(q, "error_at"));
    const char *error = query_text(q, "error");
    g_autofree char *last = error ? g_strdup_printf("%s %s", when, error) : g_strdup("");
    table_add(table, hook->name, waiting, failed, query_is_null(q, "since") ? "not started" : delivered, next,
              on, last, NULL);
}

static gboolean
print_hook(struct cli *cli, struct table *table, const struct hook *hook, GError **error)
{
    /* One row even for a hook that no service has seen yet. */
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT h.*, (SELECT COUNT(*) FROM hook_event e WHERE e.hook = n.name AND e.state = 'waiting') AS "
        "waiting, (SELECT COUNT(*) FROM hook_event e WHERE e.hook = n.name AND e.state = 'failed') AS failed,"
        " w.attempts, w.next_at FROM (SELECT ? AS name) n LEFT JOIN hook h ON h.name = n.name"
        " LEFT JOIN hook_event w ON w.hook = n.name AND w.event_id = (SELECT MIN(e.event_id) FROM hook_event "
        "e WHERE e.hook = n.name AND e.state = 'waiting')",
        error, "t", hook->name);
    if (!q || !query_next(q, error))
        return FALSE;
    g_autofree char *on = hook_describe(hook);
    if (cli->json)
        print_json(cli, hook, q, on);
    else
        print_row(cli, table, hook, q, on);
    return TRUE;
}

static int
retry(struct cli *cli, const char *name)
{
    g_autoptr(GError) error = NULL;
    gint64 count;
    if (!config_hook(cli->service->config, name))
        return cli_missing("hooks: there is no hook \"%s\" in usher.conf", name);
    if (!cli_set_now(cli, NEEDS_WRITE, &error) ||
        !hooks_retry(cli->service, name, cli->now_us, &count, &error))
        return cli_fail(error);
    printf("%s: %" G_GINT64_FORMAT " events queued again\n", name, count);
    return EX_OK;
}

int
cmd_hooks(struct cli *cli, int argc, char **argv)
{
    g_autofree char *again = NULL;
    const GOptionEntry entries[] = {
        {"retry", 0, 0, G_OPTION_ARG_STRING, &again, "queue the failed events of a hook again", "NAME"}, {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "hooks", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (again)
        return retry(cli, again);
    static const char *const headings[] = {"hook",     "waiting", "failed",     "last told",
                                           "next try", "on",      "last error", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const GPtrArray *hooks = cli->service->config->hooks;
    for (guint i = 0; i < hooks->len; i++)
        if (!print_hook(cli, table, hooks->pdata[i], &error))
            return cli_fail(error);
    if (!cli->json)
        table_print(table, "No hook is configured.");
    return EX_OK;
}
