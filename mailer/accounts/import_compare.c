/* Comparing: what of the staged rows is new, different or the same, and what is absent.
 *
 *   known          incoming rows whose account exists; same: its facts are, letter for letter
 *   change         accounts to write: merged facts; data is the event's (NULL: only ages changed)
 *   gone, gone_contact  what a complete delivery lacks
 *   known_contact  incoming contacts that exist; same: nothing differs, else data is the event's
 *
 * The common case, a nightly file in which almost nothing changed, never leaves SQL: equal facts are equal
 * texts. Only rows that differ are parsed. Everything here may run again (see import.c), so it starts from
 * empty tables. */
#include "accounts/import_private.h"
#include "accounts/stored.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- one account ---- */

struct merged {
    json_t *facts;   /* as they will be stored */
    json_t *changed; /* {name: [old, new]} */
};

static json_t *
parse_object(const char *text)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    return json_object();
}

static gboolean
names_fact(const char *name)
{
    return strcmp(name, STORED_AS_OF) != 0;
}

static void
note_change(struct merged *m, const char *name, json_t *before, json_t *after)
{
    if (before && after && json_equal(before, after))
        return;
    json_t *pair = json_array();
    json_array_append_new(pair, before ? json_incref(before) : json_null());
    json_array_append_new(pair, after ? json_incref(after) : json_null());
    json_object_set_new(m->changed, name, pair);
}

/* Lays fresh over old, which was delivered at old_as_of_us. A fact that a column of the file or a null
 * delivers as missing goes; one that was not delivered at all keeps value and age. */
static void
merge(struct import *import, json_t *old, gint64 old_as_of_us, json_t *fresh, const json_t *cleared,
      struct merged *m)
{
    const json_t *ages = json_object_get(old, STORED_AS_OF);
    json_t *kept_ages = json_object();
    const char *name;
    json_t *value;
    *m = (struct merged){.facts = fresh, .changed = json_object()};
    g_autoptr(GHashTable) gone = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < json_array_size(cleared); i++)
        g_hash_table_add(gone, (gpointer)(guintptr)json_string_value(json_array_get(cleared, i)));
    json_object_foreach(fresh, name, value) note_change(m, name, json_object_get(old, name), value);
    json_object_foreach(old, name, value)
    {
        if (!names_fact(name) || json_object_get(fresh, name))
            continue;
        if (g_hash_table_contains(gone, name) ||
            (import->columns && g_hash_table_contains(import->columns, name))) {
            note_change(m, name, value, NULL);
            continue;
        }
        json_t *age = json_object_get(ages, name);
        json_object_set_new(kept_ages, name, age ? json_incref(age) : json_integer(old_as_of_us));
    }
    json_object_foreach(kept_ages, name, value) json_object_set(fresh, name, json_object_get(old, name));
    if (json_object_size(kept_ages))
        json_object_set(fresh, STORED_AS_OF, kept_ages);
    json_decref(kept_ages);
}

static char *
show(const json_t *value)
{
    if (!value || json_is_null(value))
        return g_strdup("(none)");
    char *text =
        json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    g_autofree char *shown = g_strdelimit(g_strdup(text ? text : json_string_value(value)), "\r\n\t", ' ');
    free(text);
    if (g_utf8_strlen(shown, -1) <= 60)
        return g_steal_pointer(&shown);
    g_autofree char *start = g_utf8_substring(shown, 0, 59);
    return g_strconcat(start, "…", NULL);
}

static void
show_changes(struct import *import, const char *prefix, const char *address, json_t *changed)
{
    const char *name;
    json_t *pair;
    json_object_foreach(changed, name, pair)
    {
        g_autofree char *before = show(json_array_get(pair, 0));
        g_autofree char *after = show(json_array_get(pair, 1));
        import_difference(import, "%s: %s%s%s %s → %s", prefix, address ? address : "", address ? " " : "",
                          name, before, after);
    }
}

static char *
dump(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static gboolean
keep_change(struct import *import, struct query *q, struct merged *m, gboolean returned, GError **error)
{
    struct import_report *report = import->report;
    gboolean changed = json_object_size(m->changed) > 0;
    g_autofree char *facts = dump(m->facts);
    g_autofree char *data = NULL;
    const char *key = query_text(q, "key");
    if (changed || returned)
        report->accounts_changed++;
    if (returned)
        import_difference(import, "%s: no longer absent", key);
    if (changed) {
        json_t *object = json_pack("{s:s, s:O}", "source", import->options->source, "changed", m->changed);
        data = dump(object);
        json_decref(object);
        show_changes(import, key, NULL, m->changed);
    }
    return store_exec(import->db,
                      "INSERT INTO temp.change(account_id, key, facts, data, returned) VALUES(?, ?, ?, ?, ?)",
                      error, "ittti", query_int(q, "account_id"), key, facts, data, (gint64)returned);
}

static gboolean
compare_account(struct import *import, struct query *q, GError **error)
{
    json_t *old = parse_object(query_text(q, "old"));
    json_t *fresh = parse_object(query_text(q, "fresh"));
    json_t *cleared = query_is_null(q, "cleared") ? NULL : json_loads(query_text(q, "cleared"), 0, NULL);
    struct merged merged;
    merge(import, old, query_int(q, "old_as_of"), fresh, cleared, &merged);
    gboolean ok = keep_change(import, q, &merged, query_int(q, "returned") != 0, error);
    json_decref(merged.changed);
    json_decref(cleared);
    json_decref(fresh);
    json_decref(old);
    return ok;
}

static gboolean
compare_accounts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *source = import->options->source;
    if (!store_exec(import->db,
                    "INSERT INTO temp.known(row, account_id, same)"
                    " SELECT i.rowid, a.id, f.facts IS i.facts AND i.cleared IS NULL AND NOT a.absent FROM "
                    "temp.incoming i"
                    " JOIN account a ON a.key = i.key"
                    " LEFT JOIN account_facts f ON f.account_id = a.id AND f.source = ?",
                    error, "t", source))
        return FALSE;
    scoped(query_end) struct query *q = store_query(
        import->db,
        "SELECT k.account_id AS account_id, i.key AS key, i.facts AS fresh, i.cleared AS cleared, f.facts AS "
        "old,"
        " f.as_of AS old_as_of, a.absent AND ? IS (SELECT json_extract(e.data, '$.source') FROM event e"
        "  WHERE e.account_id = a.id AND e.kind = 'account_absent' ORDER BY e.id DESC LIMIT 1) AS returned"
        " FROM temp.known k JOIN temp.incoming i ON i.rowid = k.row JOIN account a ON a.id = k.account_id"
        " LEFT JOIN account_facts f ON f.account_id = a.id AND f.source = ? WHERE NOT k.same ORDER BY k.row",
        error, "tt", source, source);
    if (!q)
        return FALSE;
    while (query_next(q, &local) && compare_account(import, q, &local))
        ;
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
list_new_accounts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT i.key AS key FROM temp.incoming i WHERE NOT EXISTS (SELECT 1 FROM temp.known k "
                    "WHERE k.row = i.rowid)"
                    " ORDER BY i.rowid LIMIT ?",
                    error, "i", (gint64)IMPORT_DIFFERENCE_CAP);
    gint64 shown = 0;
    if (!q)
        return FALSE;
    for (; query_next(q, &local); shown++)
        import_difference(import, "%s: new account", query_text(q, "key"));
    if (!error_pass(error, &local))
        return FALSE;
    import->report->differences_left_out += import->report->accounts_added - shown;
    return TRUE;
}

/* ---- contacts ---- */

static void
note_field(json_t *changed, const char *name, const char *before, const char *after)
{
    if (g_strcmp0(before, after) != 0)
        json_object_set_new(changed, name, json_pack("[s?, s?]", before, after));
}

static gboolean
compare_contact(struct import *import, struct query *q, GError **error)
{
    json_t *changed = json_object();
    gint64 given = query_int(q, "given");
    for (int f = 0; f < CONTACT_FIELDS; f++) {
        if (!(given & (1 << f)))
            continue;
        g_autofree char *old_name = g_strconcat("old_", contact_field_names[f], NULL);
        note_field(changed, contact_field_names[f], query_text(q, old_name),
                   query_text(q, contact_field_names[f]));
    }
    if (query_int(q, "absent"))
        json_object_set_new(changed, "absent", json_pack("[b, b]", 1, 0));
    import->report->contacts_changed++;
    show_changes(import, query_text(q, "key"), query_text(q, "address"), changed);
    json_t *data = json_pack("{s:s, s:s, s:O}", "source", import->options->source, "address",
                             query_text(q, "address"), "changed", changed);
    g_autofree char *text = dump(data);
    json_decref(data);
    json_decref(changed);
    return store_exec(import->db, "UPDATE temp.known_contact SET data = ? WHERE row = ?", error, "ti", text,
                      query_int(q, "row"));
}

static gboolean
compare_contacts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!store_exec(
            import->db,
            "INSERT INTO temp.known_contact(row, account_id, contact_id, same)"
            " SELECT i.rowid, a.id, c.id, NOT c.absent"
            "  AND (NOT i.given & 1 OR c.first_name IS i.first_name)"
            "  AND (NOT i.given & 2 OR c.last_name IS i.last_name) AND (NOT i.given & 4 OR c.role IS i.role)"
            "  AND (NOT i.given & 8 OR c.function IS i.function)"
            "  AND (NOT i.given & 16 OR c.last_active IS i.last_active)"
            " FROM temp.incoming_contact i JOIN account a ON a.key = i.key"
            " JOIN contact c ON c.account_id = a.id AND c.address = i.address",
            error, ""))
        return FALSE;
    scoped(query_end) struct query *q = store_query(
        import->db,
        "SELECT k.row AS row, i.key AS key, i.address AS address, i.given AS given, c.absent AS absent,"
        " i.first_name AS first_name, i.last_name AS last_name, i.role AS role, i.function AS function,"
        " i.last_active AS last_active, c.first_name AS old_first_name, c.last_name AS old_last_name, c.role "
        "AS old_role,"
        " c.function AS old_function, c.last_active AS old_last_active"
        " FROM temp.known_contact k JOIN temp.incoming_contact i ON i.rowid = k.row JOIN contact c ON c.id = "
        "k.contact_id"
        " WHERE NOT k.same ORDER BY k.row",
        error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local) && compare_contact(import, q, &local))
        ;
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
list_new_contacts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT i.key AS key, i.address AS address FROM temp.incoming_contact i"
                    " WHERE NOT EXISTS (SELECT 1 FROM temp.known_contact k WHERE k.row = i.rowid) ORDER BY "
                    "i.rowid LIMIT ?",
                    error, "i", (gint64)IMPORT_DIFFERENCE_CAP);
    gint64 shown = 0;
    if (!q)
        return FALSE;
    for (; query_next(q, &local); shown++)
        import_difference(import, "%s: new contact %s", query_text(q, "key"), query_text(q, "address"));
    if (!error_pass(error, &local))
        return FALSE;
    import->report->differences_left_out += import->report->contacts_added - shown;
    return TRUE;
}

/* ---- what a complete delivery lacks ---- */

static gboolean
refuse_absence(struct import *import, const char *what, gint64 absent, gint64 total, GError **error)
{
    if (import->options->force || absent * 100 <= total * IMPORT_ABSENT_PERCENT)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                " %s would become absent, more than %d %%: is the file"
                " complete? --force imports it all the same",
                import->filename, absent, total, what, IMPORT_ABSENT_PERCENT);
    return FALSE;
}

static gboolean
list_absent(struct import *import, struct query *q, const char *before, const char *after, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        import_difference(import, "%s: %s%s%s", query_text(q, "key"), before, query_text(q, "address"),
                          after);
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
compare_absent_accounts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *source = import->options->source;
    gint64 total = store_int(import->db,
                             "SELECT count(*) FROM account_facts f JOIN account a ON a.id = f.account_id"
                             " WHERE f.source = ? AND NOT a.absent",
                             0, &local, "t", source);
    if (!error_pass(error, &local))
        return FALSE;
    if (!store_exec(import->db,
                    "INSERT INTO temp.gone(account_id) SELECT a.id FROM account_facts f JOIN account a ON "
                    "a.id = f.account_id"
                    " WHERE f.source = ? AND NOT a.absent AND NOT EXISTS (SELECT 1 FROM temp.incoming i "
                    "WHERE i.key = a.key)",
                    error, "t", source))
        return FALSE;
    import->report->accounts_absent = store_changes(import->db);
    scoped(query_end) struct query *q = store_query(
        import->db,
        "SELECT a.key AS key, '' AS address FROM temp.gone g JOIN account a ON a.id = g.account_id", error,
        "");
    return list_absent(import, q, "", "absent", error) &&
           refuse_absence(import, "accounts", import->report->accounts_absent, total, error);
}

/* A contact file speaks of all contacts of its source, JSON lines of those accounts whose object has
 * `contacts`. */
static gboolean
compare_absent_contacts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *source = import->options->source;
    gint64 every = import->report->contact_file;
    gint64 total =
        store_int(import->db,
                  "SELECT count(*) FROM contact c JOIN account a ON a.id = c.account_id WHERE c.source = ?"
                  " AND NOT c.absent"
                  " AND (? OR EXISTS (SELECT 1 FROM temp.incoming i WHERE i.key = a.key AND i.has_contacts))",
                  0, &local, "ti", source, every);
    if (!error_pass(error, &local))
        return FALSE;
    if (!store_exec(
            import->db,
            "INSERT INTO temp.gone_contact(contact_id) SELECT c.id FROM contact c JOIN account a ON a.id = "
            "c.account_id"
            " WHERE c.source = ? AND NOT c.absent"
            " AND (? OR EXISTS (SELECT 1 FROM temp.incoming i WHERE i.key = a.key AND i.has_contacts))"
            " AND NOT EXISTS (SELECT 1 FROM temp.incoming_contact n WHERE n.key = a.key AND n.address = "
            "c.address)",
            error, "ti", source, every))
        return FALSE;
    import->report->contacts_absent = store_changes(import->db);
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT a.key AS key, c.address AS address FROM temp.gone_contact g JOIN contact c ON "
                    "c.id = g.contact_id"
                    " JOIN account a ON a.id = c.account_id",
                    error, "");
    return list_absent(import, q, "contact ", " absent", error) &&
           refuse_absence(import, "contacts", import->report->contacts_absent, total, error);
}

/* ---- all of it ---- */

/* A file older than what the same source said already would turn facts back. */
static gboolean
refuse_older(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (import->options->force)
        return TRUE;
    g_autofree char *key = store_text(import->db,
                                      "SELECT a.key FROM temp.known k JOIN account a ON a.id = k.account_id"
                                      " JOIN account_facts f ON f.account_id = k.account_id AND f.source = ?"
                                      " WHERE f.as_of > ? LIMIT 1",
                                      &local, "ti", import->options->source, import->options->as_of_us);
    if (!error_pass(error, &local))
        return FALSE;
    if (!key)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "%s: the source \"%s\" delivered account \"%s\" later than this file's time: --force imports "
                "it all the same",
                import->filename, import->options->source, key);
    return FALSE;
}

static gboolean
clear_tables(struct import *import, GError **error)
{
    struct import_report *r = import->report;
    r->accounts_added = r->accounts_changed = r->accounts_unchanged = r->accounts_absent = 0;
    r->contacts_added = r->contacts_changed = r->contacts_unchanged = r->contacts_absent = 0;
    r->differences_left_out = 0;
    g_ptr_array_set_size(r->differences, 0);
    return store_exec(import->db, "DELETE FROM temp.known", error, "") &&
           store_exec(import->db, "DELETE FROM temp.change", error, "") &&
           store_exec(import->db, "DELETE FROM temp.gone", error, "") &&
           store_exec(import->db, "DELETE FROM temp.gone_contact", error, "") &&
           store_exec(import->db, "DELETE FROM temp.known_contact", error, "");
}

/* rows less known ones, as a number. */
static gboolean
count_new(struct import *import, GError **error)
{
    struct import_report *r = import->report;
    g_autoptr(GError) local = NULL;
    gint64 rows = store_int(import->db, "SELECT count(*) FROM temp.incoming", 0, &local, "");
    gint64 known = local ? 0 : store_int(import->db, "SELECT count(*) FROM temp.known", 0, &local, "");
    gint64 people =
        local ? 0 : store_int(import->db, "SELECT count(*) FROM temp.incoming_contact", 0, &local, "");
    gint64 known_people =
        local ? 0 : store_int(import->db, "SELECT count(*) FROM temp.known_contact", 0, &local, "");
    if (!error_pass(error, &local))
        return FALSE;
    r->accounts_added = rows - known;
    r->accounts_unchanged = known - r->accounts_changed;
    r->contacts_added = people - known_people;
    r->contacts_unchanged = known_people - r->contacts_changed;
    return TRUE;
}

gboolean
import_compare(struct import *import, GError **error)
{
    if (!clear_tables(import, error) || !compare_accounts(import, error) || !refuse_older(import, error) ||
        !compare_contacts(import, error) || !count_new(import, error) || !list_new_accounts(import, error) ||
        !list_new_contacts(import, error))
        return FALSE;
    if (!import->options->complete)
        return TRUE;
    return (import->report->contact_file || compare_absent_accounts(import, error)) &&
           compare_absent_contacts(import, error);
}
