/* The staging tables: what the file says, checked and converted, before anything is compared.
 *
 *   incoming          an account row; its rowid decides the id of an account that is new
 *   incoming_contact  a contact; `given` has a bit for each column the file has at all */
#include "accounts/contacts.h"
#include "accounts/fact_convert.h"
#include "accounts/import_private.h"
#include "base/text.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

const char *const contact_field_names[CONTACT_FIELDS] = {
    [CONTACT_FIRST_NAME] = "first_name", [CONTACT_LAST_NAME] = "last_name",     [CONTACT_ROLE] = "role",
    [CONTACT_FUNCTION] = "function",     [CONTACT_LAST_ACTIVE] = "last_active",
};

gboolean
import_stage_create(struct import *import, GError **error)
{
    import_stage_drop(import);
    import->any_forgotten =
        store_int(import->db, "SELECT 1 FROM event WHERE kind = 'forgotten' LIMIT 1", 0, NULL, "") != 0;
    return store_exec(import->db,
                      "CREATE TEMP TABLE incoming(line INTEGER, key TEXT, facts TEXT, cleared TEXT, "
                      "has_contacts INTEGER)",
                      error, "") &&
           store_exec(
               import->db,
               "CREATE TEMP TABLE incoming_contact(line INTEGER, key TEXT, address TEXT, first_name TEXT,"
               " last_name TEXT, role TEXT, function TEXT, last_active TEXT, given INTEGER)",
               error, "") &&
           store_exec(import->db,
                      "CREATE TEMP TABLE known(row INTEGER PRIMARY KEY, account_id INTEGER, same INTEGER)",
                      error, "") &&
           store_exec(
               import->db,
               "CREATE TEMP TABLE change(account_id INTEGER PRIMARY KEY, key TEXT, facts TEXT, data TEXT,"
               " returned INTEGER)",
               error, "") &&
           store_exec(import->db,
                      "CREATE TEMP TABLE known_contact(row INTEGER PRIMARY KEY, account_id INTEGER, "
                      "contact_id INTEGER,"
                      " same INTEGER, data TEXT)",
                      error, "") &&
           store_exec(import->db, "CREATE TEMP TABLE gone(account_id INTEGER PRIMARY KEY)", error, "") &&
           store_exec(import->db, "CREATE TEMP TABLE gone_contact(contact_id INTEGER PRIMARY KEY)", error,
                      "");
}

void
import_stage_drop(struct import *import)
{
    static const char *const drops[] = {
        "DROP TABLE IF EXISTS temp.incoming",      "DROP TABLE IF EXISTS temp.incoming_contact",
        "DROP TABLE IF EXISTS temp.known",         "DROP TABLE IF EXISTS temp.change",
        "DROP TABLE IF EXISTS temp.known_contact", "DROP TABLE IF EXISTS temp.gone",
        "DROP TABLE IF EXISTS temp.gone_contact",
    };
    /* Without this SQLite copies every page that it throws away into a journal first. */
    store_exec(import->db, "PRAGMA temp.journal_mode=OFF", NULL, "");
    for (guint i = 0; i < G_N_ELEMENTS(drops); i++)
        store_exec(import->db, drops[i], NULL, "");
    store_exec(import->db, "PRAGMA temp.journal_mode=DELETE", NULL, "");
}

/* ---- checking and converting ---- */

const char *
import_check_key(struct import *import, gint64 line, const char *column, char *key)
{
    if (key)
        g_strstrip(key);
    if (!key || !*key) {
        import_problem(import, line, "column \"%s\": expected the account's key, found nothing", column);
        return NULL;
    }
    if (strlen(key) > 200) {
        import_bad_value(import, line, column, "a key of at most 200 bytes", key);
        return NULL;
    }
    for (const char *p = key; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c) || text_turns_direction(c)) {
            import_bad_value(import, line, column, "a key without control characters", key);
            return NULL;
        }
    }
    return key;
}

static gboolean
check_length(struct import *import, gint64 line, const char *column, gsize length)
{
    if (length <= FACT_LENGTH_LIMIT)
        return TRUE;
    import_problem(import, line, "column \"%s\": a cell over 1 MiB: is a quote left open?", column);
    return FALSE;
}

gboolean
import_append_text(struct import *import, gint64 line, const char *column, const struct fact *fact,
                   const char *text, gsize length)
{
    const char *expected;
    if (!check_length(import, line, column, length))
        return FALSE;
    if (!fact) {
        fact_append_string(import->scratch, text, length);
        return TRUE;
    }
    if (fact->type == FACT_TEXT && strcmp(fact->name, "timezone") == 0 && length && !zone_find(text, NULL)) {
        import_bad_value(import, line, column, "an IANA time zone such as Europe/Berlin", text);
        return FALSE;
    }
    if (fact_append_text(import->scratch, fact->type, text, length, import->options->team_zone, &expected))
        return TRUE;
    import_bad_value(import, line, column, expected, text);
    return FALSE;
}

gboolean
import_append_json(struct import *import, gint64 line, const char *column, const struct fact *fact,
                   const json_t *value)
{
    const char *expected;
    if (fact && json_is_string(value))
        return import_append_text(import, line, column, fact, json_string_value(value),
                                  json_string_length(value));
    if (fact && fact_append_json(import->scratch, fact->type, value, import->options->team_zone, &expected))
        return TRUE;
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    gboolean ok = FALSE;
    if (fact) {
        import_bad_value(import, line, column, expected, text);
    } else if (check_length(import, line, column, strlen(text))) {
        g_string_append(import->scratch, text);
        ok = TRUE;
    }
    free(text);
    return ok;
}

gboolean
import_stage_account(struct import *import, gint64 line, const char *key, const char *cleared,
                     gboolean has_contacts, GError **error)
{
    return store_exec(
        import->db,
        "INSERT INTO temp.incoming(line, key, facts, cleared, has_contacts) VALUES(?, ?, ?, ?, ?)", error,
        "ittti", line, key, import->scratch->str, cleared, (gint64)has_contacts);
}

/* The word of names that text is in any letter case, NULL (with the problem noted) when it is none. */
static const char *
check_word(struct import *import, gint64 line, const char *column, const char *const *names,
           const char *expected, const char *text)
{
    for (guint i = 0; names[i]; i++)
        if (g_ascii_strcasecmp(names[i], text) == 0)
            return names[i];
    import_bad_value(import, line, column, expected, text);
    return NULL;
}

/* A date; of a time, its date in the team's zone. The caller frees; NULL with the problem noted. */
static char *
check_last_active(struct import *import, gint64 line, const char *text)
{
    struct civil c;
    gint64 us;
    if (!civil_parse(text, &c)) {
        if (!zone_parse_time(import->options->team_zone, text, &us, NULL)) {
            import_bad_value(import, line, "last_active", "a date such as 2026-11-21", text);
            return NULL;
        }
        c = zone_from_utc_us(import->options->team_zone, us);
    }
    c.has_time = FALSE;
    return civil_format(&c);
}

gboolean
import_stage_contact(struct import *import, gint64 line, const char *key, const char *address,
                     const char *const fields[CONTACT_FIELDS], guint given, GError **error)
{
    static const char *const roles[] = {"owner", "admin", "member", NULL};
    static const char *const functions[] = {"engineering", "product", "finance", "other", NULL};
    g_autofree char *folded = text_fold_address(address ? address : "");
    g_autofree char *last_active = NULL;
    const char *values[CONTACT_FIELDS];
    gboolean good = TRUE;
    if (!contact_address_valid(folded)) {
        import_bad_value(import, line, "email", "an address such as anna@acme.example",
                         address ? address : "");
        good = FALSE;
    }
    for (int f = 0; f < CONTACT_FIELDS; f++) {
        values[f] = fields[f] && *fields[f] ? fields[f] : NULL;
        if (values[f])
            good &= check_length(import, line, contact_field_names[f], strlen(values[f]));
    }
    if (values[CONTACT_ROLE])
        good &= (values[CONTACT_ROLE] = check_word(import, line, "role", roles, "owner, admin or member",
                                                   values[CONTACT_ROLE])) != NULL;
    if (values[CONTACT_FUNCTION])
        good &= (values[CONTACT_FUNCTION] =
                     check_word(import, line, "function", functions, "engineering, product, finance or other",
                                values[CONTACT_FUNCTION])) != NULL;
    if (values[CONTACT_LAST_ACTIVE]) {
        last_active = check_last_active(import, line, values[CONTACT_LAST_ACTIVE]);
        good &= last_active != NULL;
    }
    gboolean forgotten = FALSE;
    if (import->any_forgotten && !contact_is_forgotten(import->db, folded, &forgotten, error))
        return FALSE;
    if (good && forgotten)
        import->report->contacts_forgotten++;
    return !good || forgotten ||
           store_exec(
               import->db,
               "INSERT INTO temp.incoming_contact(line, key, address, first_name, last_name, role, function,"
               " last_active, given) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
               error, "ittttttti", line, key, folded, values[CONTACT_FIRST_NAME], values[CONTACT_LAST_NAME],
               values[CONTACT_ROLE], values[CONTACT_FUNCTION], last_active, (gint64)given);
}

/* ---- what only the whole file shows ---- */

static gboolean
note_duplicate_accounts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(import->db,
                                                    "SELECT key, min(line) AS first, max(line) AS line FROM "
                                                    "temp.incoming GROUP BY key HAVING count(*) > 1"
                                                    " ORDER BY line",
                                                    error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        import_problem(import, query_int(q, "line"),
                       "column \"account\": \"%s\" is in line %" G_GINT64_FORMAT
                       " already: expected one row an account",
                       query_text(q, "key"), query_int(q, "first"));
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
note_duplicate_contacts(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT key, address, min(line) AS first, max(line) AS line FROM temp.incoming_contact"
                    " GROUP BY key, address HAVING count(*) > 1 ORDER BY line",
                    error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        import_problem(import, query_int(q, "line"),
                       "column \"email\": \"%s\" is a contact of \"%s\" in line %" G_GINT64_FORMAT " already",
                       query_text(q, "address"), query_text(q, "key"), query_int(q, "first"));
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
note_strangers(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(import->db,
                    "SELECT i.line AS line, i.key AS key FROM temp.incoming_contact i"
                    " WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.key = i.key) ORDER BY i.line",
                    error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        import_bad_value(import, query_int(q, "line"), "account",
                         "an account that was imported before its contacts", query_text(q, "key"));
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

gboolean
import_stage_check(struct import *import, GError **error)
{
    return store_exec(import->db, "CREATE INDEX temp.incoming_key ON incoming(key, line)", error, "") &&
           store_exec(import->db,
                      "CREATE INDEX temp.incoming_contact_key ON incoming_contact(key, address, line)", error,
                      "") &&
           note_duplicate_accounts(import, error) && note_duplicate_contacts(import, error) &&
           (!import->report->contact_file || note_strangers(import, error));
}
