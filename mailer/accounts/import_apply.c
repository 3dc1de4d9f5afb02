/* Applying, under the write lock: rows that are new go over as whole tables, in the order of the file, so
 * that ids and events only append; changes, which are few, one by one with their event. */
#include "accounts/contacts.h"
#include "accounts/import_private.h"
#include "base/error.h"

#include <stdlib.h>

/* Appends one event, through the sink when there is one. data is JSON text. */
static gboolean
emit(struct import *import, gint64 account_id, const char *kind, const char *data, GError **error)
{
    const struct event_sink *sink = import->options->sink;
    struct event event = {
        .at_us = import->options->now_us,
        .account_id = account_id,
        .kind = kind,
        .actor = import->options->actor,
        .data = json_loads(data, 0, NULL),
    };
    gboolean ok = sink ? sink->record(sink->user, import->db, &event, error)
                       : journal_append(import->db, &event, error);
    json_decref(event.data);
    return ok;
}

static char *
source_data(struct import *import)
{
    json_t *data = json_pack("{s:s}", "source", import->options->source);
    char *text = json_dumps(data, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(data);
    return copy;
}

/* Runs a query of (account_id, data) and emits an event of kind for each row; at most one statement is open.
 */
static gboolean
emit_all(struct import *import, const char *kind, struct query *q, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!q)
        return FALSE;
    while (query_next(q, &local) &&
           emit(import, query_int(q, "account_id"), kind, query_text(q, "data"), &local))
        ;
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* ---- accounts ---- */

/* NOT INDEXED keeps SQLite from walking the narrow index on the key, and then sorting. */

static gboolean
add_account_events(struct import *import, gint64 base, GError **error)
{
    const struct import_options *o = import->options;
    g_autofree char *data = source_data(import);
    if (!o->sink)
        return store_exec(
            import->db,
            "INSERT INTO event(at, account_id, kind, actor, data)"
            " SELECT ?, ? + i.rowid, 'account_added', ?, ? FROM temp.incoming i NOT INDEXED"
            " WHERE NOT EXISTS (SELECT 1 FROM temp.known k WHERE k.row = i.rowid) ORDER BY i.rowid",
            error, "iitt", o->now_us, base, o->actor, data);
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT ? + i.rowid AS account_id, ? AS data FROM temp.incoming i NOT INDEXED"
                    " WHERE NOT EXISTS (SELECT 1 FROM temp.known k WHERE k.row = i.rowid) ORDER BY i.rowid",
                    error, "it", base, data);
    return emit_all(import, "account_added", q, error);
}

static gboolean
add_accounts(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    g_autoptr(GError) local = NULL;
    if (import->report->accounts_added == 0)
        return TRUE;
    gint64 base = store_int(import->db, "SELECT max(id) FROM account", 0, &local, "");
    if (!error_pass(error, &local))
        return FALSE;
    return store_exec(
               import->db,
               "INSERT INTO account(id, key, version, dirty, added_at) SELECT ? + i.rowid, i.key, 1, 1, ?"
               " FROM temp.incoming i NOT INDEXED WHERE NOT EXISTS (SELECT 1 FROM temp.known k WHERE k.row = "
               "i.rowid)"
               " ORDER BY i.rowid",
               error, "ii", base, o->now_us) &&
           store_exec(
               import->db,
               "INSERT INTO account_facts(account_id, source, as_of, facts) SELECT ? + i.rowid, ?, ?, i.facts"
               " FROM temp.incoming i NOT INDEXED WHERE NOT EXISTS (SELECT 1 FROM temp.known k WHERE k.row = "
               "i.rowid)"
               " ORDER BY i.rowid",
               error, "iti", base, o->source, o->as_of_us) &&
           add_account_events(import, base, error);
}

static gboolean
change_account(struct import *import, struct query *q, GError **error)
{
    const struct import_options *o = import->options;
    gint64 id = query_int(q, "account_id");
    g_autofree char *source = source_data(import);
    gboolean returned = query_int(q, "returned") != 0, changed = !query_is_null(q, "data");
    return store_exec(import->db,
                      "INSERT INTO account_facts(account_id, source, as_of, facts) VALUES(?, ?, ?, ?)"
                      " ON CONFLICT(account_id, source) DO UPDATE SET as_of = excluded.as_of, facts = "
                      "excluded.facts",
                      error, "itit", id, o->source, o->as_of_us, query_text(q, "facts")) &&
           /* A source that is new to the account counts, whatever it says; any other by the trigger. */
           store_exec(import->db, "UPDATE account SET version = version + 1 WHERE id = ?", error, "i", id) &&
           (!(returned || changed) || account_touch(import->db, id, error)) &&
           (!returned ||
            (store_exec(import->db, "UPDATE account SET absent = 0 WHERE id = ?", error, "i", id) &&
             emit(import, id, "account_present", source, error))) &&
           (!changed || emit(import, id, "facts_changed", query_text(q, "data"), error));
}

static gboolean
change_accounts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        import->db, "SELECT account_id, facts, data, returned FROM temp.change ORDER BY account_id", error,
        "");
    if (!q)
        return FALSE;
    while (query_next(q, &local) && change_account(import, q, &local))
        ;
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* The newest delivery of a fact counts (fact_row.c), so the same facts again may win against what another
 * source said since the last time: such an account has changed. */
static gboolean
touch_overruled(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    return store_exec(
        import->db,
        "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN (SELECT f.account_id FROM "
        "temp.known k"
        " JOIN account_facts f ON f.account_id = k.account_id AND f.source = ?1"
        " JOIN account_facts x ON x.account_id = f.account_id AND x.source NOT IN (?1, ?3) "
        "AND x.as_of >= f.as_of"
        " WHERE k.same AND f.as_of < ?2 AND EXISTS (SELECT 1 FROM json_each(f.facts) n WHERE"
        /* No declared fact has such a name, and a path could not hold it. */
        "  CASE WHEN n.key = '@as_of' OR instr(n.key, '\"') OR instr(n.key, '\\') THEN 0"
        "  ELSE json_extract(x.facts, '$.\"' || n.key || '\"') <> n.value END))",
        error, "tit", o->source, o->as_of_us, FACTS_BY_HAND); /* what is given by hand wins always */
}

/* The same facts again are as good as new. */
static gboolean
renew_accounts(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    return touch_overruled(import, error) &&
           store_exec(import->db,
                      "UPDATE account_facts SET as_of = ? WHERE source = ? AND as_of <> ?"
                      " AND account_id IN (SELECT account_id FROM temp.known WHERE same)",
                      error, "iti", o->as_of_us, o->source, o->as_of_us);
}

static gboolean
drop_accounts(struct import *import, GError **error)
{
    if (import->report->accounts_absent == 0)
        return TRUE;
    g_autofree char *data = source_data(import);
    scoped(query_end) struct query *q = store_query(
        import->db, "SELECT account_id, ? AS data FROM temp.gone ORDER BY account_id", error, "t", data);
    return store_exec(import->db,
                      "UPDATE account SET absent = 1, version = version + 1, dirty = 1"
                      " WHERE id IN (SELECT account_id FROM temp.gone)",
                      error, "") &&
           emit_all(import, "account_absent", q, error);
}

/* ---- contacts ---- */

static gboolean
add_contact_events(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    if (!o->sink)
        return store_exec(
            import->db,
            "INSERT INTO event(at, account_id, kind, actor, data)"
            " SELECT ?, a.id, 'contact_added', ?, json_object('address', i.address, 'source', ?)"
            " FROM temp.incoming_contact i JOIN account a ON a.key = i.key"
            " WHERE NOT EXISTS (SELECT 1 FROM temp.known_contact k WHERE k.row = i.rowid) ORDER BY i.rowid",
            error, "itt", o->now_us, o->actor, o->source);
    scoped(query_end) struct query *q = store_query(
        import->db,
        "SELECT a.id AS account_id, json_object('address', i.address, 'source', ?) AS data"
        " FROM temp.incoming_contact i JOIN account a ON a.key = i.key"
        " WHERE NOT EXISTS (SELECT 1 FROM temp.known_contact k WHERE k.row = i.rowid) ORDER BY i.rowid",
        error, "t", o->source);
    return emit_all(import, "contact_added", q, error);
}

static gboolean
add_contacts(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    return import->report->contacts_added == 0 ||
           (store_exec(import->db,
                       "INSERT INTO contact(account_id, address, first_name, last_name, role, function, "
                       "last_active, source,"
                       " as_of) SELECT a.id, i.address, i.first_name, i.last_name, i.role, i.function, "
                       "i.last_active, ?, ?"
                       " FROM temp.incoming_contact i JOIN account a ON a.key = i.key"
                       " WHERE NOT EXISTS (SELECT 1 FROM temp.known_contact k WHERE k.row = i.rowid) ORDER "
                       "BY i.rowid",
                       error, "ti", o->source, o->as_of_us) &&
            store_exec(import->db,
                       "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN (SELECT a.id"
                       " FROM temp.incoming_contact i JOIN account a ON a.key = i.key"
                       " WHERE NOT EXISTS (SELECT 1 FROM temp.known_contact k WHERE k.row = i.rowid))",
                       error, "") &&
            add_contact_events(import, error));
}

static gboolean
change_contacts(struct import *import, GError **error)
{
    const struct import_options *o = import->options;
    if (!store_exec(import->db,
                    "UPDATE contact SET source = ?, as_of = ? WHERE id IN (SELECT contact_id FROM "
                    "temp.known_contact WHERE same)"
                    " AND (as_of <> ? OR source <> ?)",
                    error, "tiit", o->source, o->as_of_us, o->as_of_us, o->source))
        return FALSE;
    if (import->report->contacts_changed == 0)
        return TRUE;
    scoped(query_end) struct query *q = store_query(
        import->db, "SELECT account_id, data FROM temp.known_contact WHERE NOT same ORDER BY row", error, "");
    return store_exec(import->db,
                      "UPDATE contact SET absent = 0, source = ?, as_of = ?,"
                      " first_name = iif(i.given & 1, i.first_name, contact.first_name),"
                      " last_name = iif(i.given & 2, i.last_name, contact.last_name),"
                      " role = iif(i.given & 4, i.role, contact.role),"
                      " function = iif(i.given & 8, i.function, contact.function),"
                      " last_active = iif(i.given & 16, i.last_active, contact.last_active)"
                      " FROM temp.known_contact k JOIN temp.incoming_contact i ON i.rowid = k.row"
                      " WHERE contact.id = k.contact_id AND NOT k.same",
                      error, "ti", o->source, o->as_of_us) &&
           store_exec(import->db,
                      "UPDATE account SET version = version + 1, dirty = 1"
                      " WHERE id IN (SELECT account_id FROM temp.known_contact WHERE NOT same)",
                      error, "") &&
           emit_all(import, "contact_changed", q, error);
}

static gboolean
drop_contacts(struct import *import, GError **error)
{
    if (import->report->contacts_absent == 0)
        return TRUE;
    scoped(query_end) struct query *q = store_query(
        import->db,
        "SELECT c.account_id AS account_id, json_object('address', c.address, 'source', c.source) AS data"
        " FROM temp.gone_contact g JOIN contact c ON c.id = g.contact_id ORDER BY c.id",
        error, "");
    return store_exec(import->db,
                      "UPDATE contact SET absent = 1 WHERE id IN (SELECT contact_id FROM temp.gone_contact)",
                      error, "") &&
           store_exec(import->db,
                      "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN"
                      " (SELECT c.account_id FROM temp.gone_contact g JOIN contact c ON c.id = g.contact_id)",
                      error, "") &&
           emit_all(import, "contact_absent", q, error);
}

gboolean
import_apply(struct import *import, GError **error)
{
    return add_accounts(import, error) && change_accounts(import, error) && renew_accounts(import, error) &&
           drop_accounts(import, error) && change_contacts(import, error) && drop_contacts(import, error) &&
           add_contacts(import, error);
}
