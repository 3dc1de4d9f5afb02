/* What came and went: messages the team sent, by usher or by hand, and what the customer wrote. */
#include "cli/show.h"

static const char sql[] =
    "SELECT * FROM ("
    /* out */
    "SELECT e.at, 1 AS side, COALESCE(e.data ->> 'specialist', e.actor) AS who, CASE e.kind WHEN 'hand_sent' "
    "THEN 'by hand' ELSE COALESCE(e.data ->> 'step', e.kind) END AS what, e.data ->> 'subject' AS subject,"
    " (SELECT group_concat(d.address, ', ') FROM delivery d WHERE d.message_id = e.data ->> 'message' AND "
    "d.state = 'sent') AS recipients, NULL AS text, 0 AS inbound"
    " FROM event e WHERE e.account_id = ?1 AND e.kind IN ('sent', 'hand_sent') AND e.id NOT IN (SELECT "
    "event_id FROM retracted)"
    /* in; what lies in two mailboxes counts once, and our own copies stand above */
    " UNION ALL SELECT at, 0, COALESCE(address, ''), class, subject, NULL, text, id FROM inbound WHERE "
    "account_id = ?1 AND class <> 'own' AND same_as IS NULL)"
    " ORDER BY at, side DESC, inbound";

json_t *
show_thread_json(struct cli *cli, gint64 account_id, GError **error)
{
    g_autoptr(GError) local = NULL;
    json_t *array = json_array();
    scoped(query_end) struct query *q = store_query(cli->service->db, sql, error, "i", account_id);
    while (q && query_next(q, &local)) {
        gboolean out = query_int(q, "side") != 0;
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}", "at", at, "direction",
                                        out ? "out" : "in", "who", query_text(q, "who"), "what",
                                        query_text(q, "what"), "subject", query_text(q, "subject"), "to",
                                        query_text(q, "recipients"), "text", query_text(q, "text"), "inbound",
                                        out ? json_null() : json_integer(query_int(q, "inbound"))));
    }
    if (q && !local)
        return array;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    json_decref(array);
    return NULL;
}
