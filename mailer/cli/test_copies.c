/* See test_copies.h. */
#include "cli/test_copies.h"

#include "base/error.h"
#include "service/revision.h"

#include <string.h>

static void
add_copy(struct cli *cli, struct table *table, struct query *q)
{
    const char *state = query_text(q, "state"), *text = query_text(q, "text");
    g_autofree char *draft = revision_name(query_int(q, "message_id"), query_int(q, "revision"));
    g_autofree char *next = cli_time(cli, strcmp(state, "waiting") == 0 ? query_int(q, "next_at") : 0);
    if (cli->json) {
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s?, s:I, s:s?, s:s}", "test_copy", TRUE,
                                 "draft", draft, "account", query_text(q, "key"), "step",
                                 query_text(q, "step"), "address", query_text(q, "address"), "state", state,
                                 "next_at", next, "attempts", (json_int_t)query_int(q, "attempts"), "text",
                                 text, "asked_by", query_text(q, "asked_by")));
        return;
    }
    g_autofree char *what = g_strdup_printf("test of %s", draft);
    table_add(table, what, query_text(q, "key"), query_text(q, "step"), query_text(q, "address"), state, next,
              text ? text : "", NULL);
}

gboolean
test_copies_add(struct cli *cli, struct table *table, gboolean all, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT t.*, a.key, m.step FROM test_copy t JOIN message m ON m.id = t.message_id JOIN account "
        "a ON a.id = m.account_id WHERE ? OR t.state = 'waiting' ORDER BY t.id",
        error, "i", (gint64)all);
    while (q && query_next(q, &local))
        add_copy(cli, table, q);
    return q && error_pass(error, &local);
}
