/* The people of an account, and who of them may be written to. */
#include "accounts/contacts.h"
#include "cli/show.h"

/* Why nobody writes to the contact now, NULL when somebody may. The caller frees. */
static char *
why_not(struct cli *cli, const struct contact *c, char **suppressed, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (suppression_find(cli->service->db, c->address, suppressed))
        return g_strdup_printf("suppressed: %s", *suppressed);
    if (c->absent)
        return g_strdup("missing from the last import");
    scoped(query_end) struct query *q =
        store_query(cli->service->db,
                    "SELECT reason, until FROM hold WHERE address = ? AND (until IS NULL OR until > ?) ORDER "
                    "BY until IS NULL DESC, until DESC LIMIT 1",
                    error, "ti", c->address, cli->now_us);
    if (q && query_next(q, &local)) {
        gint64 until_us = query_int(q, "until");
        g_autofree char *until = cli_time(cli, until_us);
        return g_strdup_printf("on hold%s%.10s: %s", until_us ? " until " : "", until_us ? until : "",
                               query_text(q, "reason"));
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

json_t *
show_contacts_json(struct cli *cli, gint64 account_id, GError **error)
{
    g_autoptr(GPtrArray) contacts = contacts_list(cli->service->db, account_id, error);
    g_autoptr(GError) local = NULL;
    if (!contacts)
        return NULL;
    json_t *array = json_array();
    for (guint i = 0; i < contacts->len && !local; i++) {
        const struct contact *c = contacts->pdata[i];
        g_autofree char *suppressed = NULL;
        g_autofree char *obstacle = why_not(cli, c, &suppressed, &local);
        json_array_append_new(array,
                              json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s?, s:b, s:s?}",
                                        "address", c->address, "first_name", c->first_name, "last_name",
                                        c->last_name, "role", c->role, "function", c->function, "last_active",
                                        c->last_active, "absent", c->absent, "suppressed", suppressed,
                                        "writable", !obstacle, "why_not", obstacle));
    }
    if (!local)
        return array;
    g_propagate_error(error, g_steal_pointer(&local));
    json_decref(array);
    return NULL;
}
