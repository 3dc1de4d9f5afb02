/* JSON lines through jansson: an object a line; members are facts, except `account` (the key) and `contacts`
 * (an array of objects with email, first_name…). null makes a fact missing. */
#include "accounts/fact_convert.h"
#include "accounts/import_private.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* A text, or a whole number as its digits (keys and names from other systems may be numbers). The caller
 * frees. */
static char *
scalar_text(const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return NULL;
}

static gboolean
stage_contact(struct import *import, gint64 line, const char *key, json_t *contact, GError **error)
{
    if (!json_is_object(contact)) {
        import_problem(import, line, "\"contacts\": expected objects with \"email\"");
        return TRUE;
    }
    g_autofree char *address = NULL;
    char *owned[CONTACT_FIELDS] = {NULL};
    guint given = 0;
    gboolean good = TRUE;
    const char *name;
    json_t *value;
    json_object_foreach(contact, name, value)
    {
        g_autofree char *text = scalar_text(value);
        int field = 0;
        while (field < CONTACT_FIELDS && strcmp(name, contact_field_names[field]) != 0)
            field++;
        gboolean is_address = strcmp(name, "email") == 0;
        if (field == CONTACT_FIELDS && !is_address) {
            g_autofree char *path = g_strconcat("contacts.", name, NULL);
            import_note_undeclared(import, path);
        } else if (!text && !json_is_null(value)) {
            import_problem(import, line, "column \"contacts.%s\": expected a text", name);
            good = FALSE;
        } else if (is_address) {
            address = g_steal_pointer(&text);
        } else {
            given |= 1u << field;
            owned[field] = g_steal_pointer(&text);
        }
    }
    const char *fields[CONTACT_FIELDS];
    memcpy(fields, owned, sizeof fields);
    gboolean ok = !good || import_stage_contact(import, line, key, address, fields, given, error);
    for (int f = 0; f < CONTACT_FIELDS; f++)
        g_free(owned[f]);
    return ok;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean
name_is_usable(const char *name)
{
    return *name && *name != '@' && strlen(name) <= 200;
}

/* Appends one member to scratch, or its name to cleared. FALSE with the problem noted. */
static gboolean
take_member(struct import *import, gint64 line, const char *name, const json_t *value, json_t *cleared)
{
    const struct fact *fact = facts_find(import->set, name);
    if (fact && fact->engine)
        fact = NULL;
    if (!name_is_usable(name)) {
        import_problem(import, line, "\"%.60s\" cannot be the name of a fact", name);
        return FALSE;
    }
    if (!fact)
        import_note_undeclared(import, name);
    if (fact && fact->source && strcmp(fact->source, import->options->source) != 0) {
        import_problem(
            import, line,
            "column \"%s\": this fact belongs to the source \"%s\", and this import is from \"%s\"", name,
            fact->source, import->options->source);
        return FALSE;
    }
    if (json_is_null(value)) {
        json_array_append_new(cleared, json_string(name));
        return TRUE;
    }
    if (import->scratch->len > 1)
        g_string_append_c(import->scratch, ',');
    fact_append_string(import->scratch, name, strlen(name));
    g_string_append_c(import->scratch, ':');
    return import_append_json(import, line, name, fact, value);
}

static gboolean
stage_object(struct import *import, gint64 line, json_t *object, GError **error)
{
    g_autofree char *key_text = scalar_text(json_object_get(object, "account"));
    const char *key = import_check_key(import, line, "account", key_text);
    if (!key)
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *name;
    json_t *value;
    json_object_foreach(object, name,
                        value) if (strcmp(name, "account") != 0 && strcmp(name, "contacts") != 0)
        g_ptr_array_add(names, (gpointer)(guintptr)name);
    g_ptr_array_sort(names, compare_names);

    gboolean good = TRUE, ok = TRUE;
    json_t *cleared = json_array();
    g_string_assign(import->scratch, "{");
    for (guint i = 0; i < names->len; i++) {
        name = g_ptr_array_index(names, i);
        good &= take_member(import, line, name, json_object_get(object, name), cleared);
    }
    g_string_append_c(import->scratch, '}');
    json_t *contacts = json_object_get(object, "contacts");
    if (contacts && !json_is_array(contacts)) {
        import_problem(import, line, "\"contacts\": expected an array of objects");
        good = FALSE;
    }
    if (good) {
        char *cleared_text = json_array_size(cleared) ? json_dumps(cleared, JSON_COMPACT) : NULL;
        ok = import_stage_account(import, line, key, cleared_text, contacts != NULL, error);
        free(cleared_text);
    }
    size_t i;
    json_t *contact;
    json_array_foreach(contacts, i, contact) ok = ok && stage_contact(import, line, key, contact, error);
    json_decref(cleared);
    return ok;
}

static gboolean
is_blank(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isspace(text[i]))
            return FALSE;
    return TRUE;
}

gboolean
import_read_json(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *text;
    gsize length;
    while (import_line(import, &text, &length, &local)) {
        json_error_t bad;
        if (is_blank(text, length))
            continue;
        json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &bad);
        if (!object && json_error_code(&bad) == json_error_null_character)
            import_problem(import, import->line, "character %d: a text cannot hold \\u0000", bad.column);
        else if (!object)
            import_problem(import, import->line, "character %d: %s; expected one JSON object a line",
                           bad.column, bad.text);
        else if (!json_is_object(object))
            import_problem(import, import->line, "expected a JSON object");
        else
            stage_object(import, import->line, object, &local);
        json_decref(object);
        if (local)
            break;
    }
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}
