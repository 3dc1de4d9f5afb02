/* Accounts by key, their contacts, suppression: see contacts.h. */
#include "accounts/contacts.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

void
contact_free(struct contact *contact)
{
    if (!contact)
        return;
    g_free(contact->address);
    g_free(contact->first_name);
    g_free(contact->last_name);
    g_free(contact->role);
    g_free(contact->function);
    g_free(contact->last_active);
    g_free(contact);
}

static void
free_item(gpointer contact)
{
    contact_free(contact);
}

GPtrArray *
contacts_list(struct store *db, gint64 account_id, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_item);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT id, address, first_name, last_name, role, function, last_active, absent FROM "
                    "contact WHERE account_id = ?"
                    " ORDER BY CASE role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END, address",
                    error, "i", account_id);
    if (!q)
        return NULL;
    while (query_next(q, &local)) {
        struct contact *contact = g_new0(struct contact, 1);
        contact->id = query_int(q, "id");
        contact->address = query_dup_text(q, "address");
        contact->first_name = query_dup_text(q, "first_name");
        contact->last_name = query_dup_text(q, "last_name");
        contact->role = query_dup_text(q, "role");
        contact->function = query_dup_text(q, "function");
        contact->last_active = query_dup_text(q, "last_active");
        contact->absent = query_int(q, "absent") != 0;
        g_ptr_array_add(list, contact);
    }
    if (!error_pass(error, &local))
        return NULL;
    return g_steal_pointer(&list);
}

/* ---- addresses ---- */

static gboolean
local_part_valid(const char *text, gsize length)
{
    if (length == 0 || length > 64 || text[0] == '.' || text[length - 1] == '.')
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        if (c == '.' && text[i + 1] == '.')
            return FALSE;
        if (!g_ascii_isalnum(c) && (c == '\0' || !strchr("!#$%&'*+-/=?^_`{|}~.", c)))
            return FALSE;
    }
    return TRUE;
}

/* Labels of letters, digits and hyphens, at least two of them; a last one of digits only would be an IP
 * address. */
static gboolean
domain_valid(const char *text)
{
    gsize length = strlen(text), label = 0, dots = 0;
    gboolean digits_only = TRUE;
    if (length == 0 || length > 253)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (text[i] == '.') {
            if (label == 0 || text[i - 1] == '-')
                return FALSE;
            label = 0;
            digits_only = TRUE;
            dots++;
            continue;
        }
        if (!g_ascii_isalnum(text[i]) && (text[i] != '-' || label == 0))
            return FALSE;
        digits_only = digits_only && g_ascii_isdigit(text[i]);
        if (++label > 63)
            return FALSE;
    }
    if (label == 0 || text[length - 1] == '-' || digits_only)
        return FALSE;
    return dots > 0 || g_ascii_strcasecmp(text, "localhost") == 0;
}

gboolean
contact_address_valid(const char *address)
{
    const char *at = strrchr(address, '@');
    return at && strlen(address) <= 254 && local_part_valid(address, (gsize)(at - address)) &&
           domain_valid(at + 1);
}

/* ---- suppression ---- */

gboolean
suppression_add(struct store *db, const char *address, const char *reason, gint64 at_us, gint64 event_id,
                GError **error)
{
    g_autofree char *folded = text_fold_address(address);
    if (!contact_address_valid(folded) && !(folded[0] == '@' && domain_valid(folded + 1))) {
        g_set_error(
            error, USHER_ERROR, USHER_ERROR_DATA,
            "\"%.80s\" is neither an address nor a domain: expected anna@acme.example or @acme.example",
            address);
        return FALSE;
    }
    return store_exec(db,
                      "INSERT INTO suppression(address, reason, at, event_id) VALUES(?, ?, ?, NULLIF(?, 0))"
                      " ON CONFLICT(address) DO NOTHING",
                      error, "ttii", folded, reason, at_us, event_id);
}

#define NOBODYS_DOMAIN "@forgotten.invalid"

char *
contact_pseudonym(struct store *db, const char *address, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *secret = store_meta(db, "secret", &local);
    if (!error_pass(error, &local))
        return NULL;
    g_autofree char *hash = text_keyed_hash(secret ? secret : "", address, 32);
    return g_strconcat(hash, NOBODYS_DOMAIN, NULL);
}

gboolean
contact_is_forgotten(struct store *db, const char *address, gboolean *forgotten, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *folded = text_fold_address(address);
    g_autofree char *pseudonym = contact_pseudonym(db, folded, &local);
    *forgotten = pseudonym &&
                 store_int(db, "SELECT 1 FROM suppression WHERE address = ?", 0, &local, "t", pseudonym) != 0;
    return error_pass(error, &local);
}

gboolean
suppression_find(struct store *db, const char *address, char **reason)
{
    g_autofree char *folded = text_fold_address(address);
    const char *at = strrchr(folded, '@');
    g_autoptr(GError) error = NULL;
    g_autofree char *pseudonym = contact_pseudonym(db, folded, NULL);
    g_autofree char *found = store_text(
        db, "SELECT reason FROM suppression WHERE address IN (?, ?, ?) ORDER BY address DESC LIMIT 1", &error,
        "ttt", folded, at ? at : folded, pseudonym ? pseudonym : folded);
    if (error && !found)
        found = g_strdup_printf("the suppression list cannot be read: %s", error->message);
    gboolean suppressed = found != NULL;
    if (reason)
        *reason = g_steal_pointer(&found);
    return suppressed;
}

/* ---- accounts ---- */

static char *
nearest_key(struct store *db, const char *key)
{
    const gint64 length = (gint64)g_utf8_strlen(key, 200);
    scoped(query_end) struct query *q = store_query(db,
                                                    "SELECT key FROM account WHERE length(key) BETWEEN ? AND "
                                                    "? OR key = trim(?) COLLATE NOCASE ORDER BY key",
                                                    NULL, "iit", length - 3, length + 3, key);
    g_autofree char *folded = g_utf8_casefold(key, -1);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    while (q && query_next(q, NULL)) {
        g_autofree char *other = g_utf8_casefold(query_text(q, "key"), -1);
        if (strcmp(other, folded) == 0)
            return query_dup_text(q, "key");
        g_ptr_array_add(keys, query_dup_text(q, "key"));
    }
    g_ptr_array_add(keys, NULL);
    return g_strdup(text_nearest(key, (const char *const *)keys->pdata));
}

gboolean
account_find(struct store *db, const char *key, gint64 *id, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 found = store_int(db, "SELECT id FROM account WHERE key = ?", 0, &local, "t", key);
    if (!error_pass(error, &local))
        return FALSE;
    if (found) {
        *id = found;
        return TRUE;
    }
    g_autofree char *nearest = nearest_key(db, key);
    if (nearest)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT,
                    "there is no account \"%.80s\"; nearest is \"%s\"", key, nearest);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "there is no account \"%.80s\"", key);
    return FALSE;
}

gboolean
account_touch(struct store *db, gint64 id, GError **error)
{
    return store_exec(db, "UPDATE account SET version = version + 1, dirty = 1 WHERE id = ?", error, "i", id);
}
