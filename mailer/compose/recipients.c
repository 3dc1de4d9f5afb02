/* The rules of recipients: the first mail goes to owners and admins (where that is more than eight, to those
 * of them active in the last 30 days); later mails to the people who took part, and where nobody did to at
 * most four by role: first those whose function the mail's findings speak to. */
#include "compose/recipients.h"

#include "accounts/contacts.h"
#include "accounts/facts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

#define LONG_LIST 8u
#define FEW 4u
#define RECENT_DAYS 30

static void
recipient_free(gpointer data)
{
    struct recipient *r = data;
    g_free(r->address);
    g_free(r->first_name);
    g_free(r->name);
    g_free(r->why);
    g_free(r->function);
    g_free(r);
}

static void
add(GPtrArray *list, const struct contact *c, gboolean cc, char *why)
{
    struct recipient *r = g_new0(struct recipient, 1);
    r->address = g_strdup(c->address);
    r->first_name = g_strdup(c->first_name);
    if (c->first_name)
        r->name =
            c->last_name ? g_strdup_printf("%s %s", c->first_name, c->last_name) : g_strdup(c->first_name);
    r->cc = cc;
    r->why = why;
    r->function = g_strdup(c->function);
    g_ptr_array_add(list, r);
}

/* Contacts that may be written to at all. */
static GPtrArray *
usable_contacts(struct store *db, gint64 account_id, GError **error)
{
    GPtrArray *all = contacts_list(db, account_id, error);
    if (!all)
        return NULL;
    for (guint i = all->len; i-- > 0;) {
        const struct contact *c = all->pdata[i];
        if (c->absent || !contact_address_valid(c->address) || suppression_find(db, c->address, NULL))
            g_ptr_array_remove_index(all, i);
    }
    return all;
}

static gboolean
is_role(const struct contact *c, const char *role)
{
    return g_strcmp0(c->role, role) == 0;
}

static gboolean
is_recent(const struct contact *c, const char *today)
{
    struct civil active, now;
    return c->last_active && civil_parse(c->last_active, &active) && civil_parse(today, &now) &&
           civil_days_between(&active, &now) <= RECENT_DAYS;
}

/* 0 is best: owners, admins, then members by what they do. */
static int
rank(const struct contact *c)
{
    static const char *const functions[] = {"engineering", "product", "finance"};
    if (is_role(c, "owner"))
        return 0;
    if (is_role(c, "admin"))
        return 1;
    for (int i = 0; i < (int)G_N_ELEMENTS(functions); i++)
        if (g_strcmp0(c->function, functions[i]) == 0)
            return 2 + i;
    return 5;
}

static gint
by_rank(gconstpointer a, gconstpointer b)
{
    const struct contact *x = *(const struct contact *const *)a, *y = *(const struct contact *const *)b;
    int difference = rank(x) - rank(y);
    return difference ? difference : strcmp(x->address, y->address);
}

static char *
role_reason(const struct contact *c)
{
    if (c->role && c->function)
        return g_strdup_printf("%s, %s", c->role, c->function);
    return g_strdup(c->role ? c->role : c->function ? c->function : "contact");
}

/* contacts as by_rank() sorts them. */
static void
choose_few(GPtrArray *contacts, const char *const *functions, GPtrArray *out)
{
    guint n = functions ? g_strv_length((char **)(gsize)functions) : 0;
    for (guint pass = 0; pass <= n; pass++)
        for (guint i = 0; i < contacts->len && out->len < FEW; i++) {
            const struct contact *c = contacts->pdata[i];
            gboolean wanted = c->function && n && g_strv_contains(functions, c->function);
            if (pass < n ? g_strcmp0(c->function, functions[pass]) != 0 : wanted)
                continue;
            add(out, c, out->len > 0, role_reason(c));
            ((struct recipient *)out->pdata[out->len - 1])->by_role = TRUE;
        }
}

static void
choose_owners_admins(GPtrArray *contacts, const char *today, const char *const *functions, GPtrArray *out)
{
    guint n = 0;
    for (guint i = 0; i < contacts->len; i++)
        n += rank(contacts->pdata[i]) <= 1;
    for (int pass = 0; pass < 2 && out->len == 0; pass++)
        for (guint i = 0; i < contacts->len; i++) {
            const struct contact *c = contacts->pdata[i];
            gboolean recent = is_recent(c, today), cut = n > LONG_LIST && pass == 0;
            if (rank(c) > 1 || (cut && !recent) || (pass == 1 && out->len == LONG_LIST))
                continue;
            add(out, c, out->len > 0 && !is_role(c, "owner"),
                cut ? g_strdup_printf("%s, active in the last %d days", c->role, RECENT_DAYS)
                    : g_strdup(c->role));
        }
    if (out->len == 0)
        choose_few(contacts, functions, out);
}

static gboolean
choose_participants(struct store *db, gint64 account_id, GPtrArray *contacts, const char *const *functions,
                    GPtrArray *out, GError **error)
{
    for (guint i = 0; i < contacts->len; i++) {
        const struct contact *c = contacts->pdata[i];
        g_autoptr(GError) local = NULL;
        gint64 replies = store_int(db,
                                   "SELECT COUNT(*) FROM inbound WHERE account_id = ? AND address = ?"
                                   " AND class IN ('reply', 'booking')",
                                   0, &local, "it", account_id, c->address);
        if (!error_pass(error, &local))
            return FALSE;
        if (replies)
            add(out, c, out->len > 0, g_strdup("took part in the conversation"));
    }
    if (out->len == 0)
        choose_few(contacts, functions, out);
    return TRUE;
}

GPtrArray *
recipients_choose(struct store *db, gint64 account_id, enum audience audience, const char *today,
                  const char *const *functions, GError **error)
{
    g_autoptr(GPtrArray) contacts = usable_contacts(db, account_id, error);
    if (!contacts)
        return NULL;
    g_ptr_array_sort(contacts, by_rank);
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(recipient_free);
    switch (audience) {
    case RECIPIENTS_OWNERS_ADMINS:
        choose_owners_admins(contacts, today, functions, out);
        break;
    case RECIPIENTS_PARTICIPANTS:
        if (!choose_participants(db, account_id, contacts, functions, out, error))
            return NULL;
        break;
    case RECIPIENTS_BY_ROLE:
        choose_few(contacts, functions, out);
        break;
    }
    return g_steal_pointer(&out);
}

char *
recipients_greeting(const GPtrArray *recipients)
{
    const char *names[2] = {NULL, NULL};
    guint to = 0;
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        gboolean named = r->first_name && *r->first_name && !fact_name_refusal(r->first_name);
        if (!r->cc && to++ < G_N_ELEMENTS(names) && named)
            names[to - 1] = r->first_name;
    }
    if (to == 2 && names[0] && names[1])
        return g_strdup_printf("%s and %s", names[0], names[1]);
    return g_strdup(to > 1 ? "all" : names[0]);
}

json_t *
recipients_to_json(const GPtrArray *recipients)
{
    json_t *array = json_array();
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        json_array_append_new(array, json_pack("{s:s, s:s?, s:s?, s:s, s:s}", "address", r->address,
                                               "first_name", r->first_name, "name", r->name, "field",
                                               r->cc ? "cc" : "to", "why", r->why));
    }
    return array;
}

GPtrArray *
recipients_from_json(const char *json)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(recipient_free);
    json_t *array = json_loads(json, 0, NULL), *item;
    size_t i;
    json_array_foreach(array, i, item)
    {
        struct recipient *r = g_new0(struct recipient, 1);
        r->address = g_strdup(json_string_value(json_object_get(item, "address")));
        r->first_name = g_strdup(json_string_value(json_object_get(item, "first_name")));
        r->name = g_strdup(json_string_value(json_object_get(item, "name")));
        r->cc = g_strcmp0(json_string_value(json_object_get(item, "field")), "cc") == 0;
        r->why = g_strdup(json_string_value(json_object_get(item, "why")));
        g_ptr_array_add(list, r);
    }
    json_decref(array);
    return list;
}

char *
recipients_refusal(struct store *db, gint64 account_id, const GPtrArray *recipients)
{
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        g_autofree char *reason = NULL;
        if (r->refused)
            continue;
        if (suppression_find(db, r->address, &reason))
            return g_strdup_printf("%s is suppressed: %s", r->address, reason);
        /* A database that does not answer counts as no: nobody is written to in doubt. */
        if (!store_int(db, "SELECT COUNT(*) FROM contact WHERE account_id = ? AND address = ? AND NOT absent",
                       0, NULL, "it", account_id, r->address))
            return g_strdup_printf("%s is no contact of the account any more", r->address);
    }
    return NULL;
}

GPtrArray *
recipients_renamed(struct store *db, gint64 account_id, const GPtrArray *recipients, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(recipient_free);
    g_autoptr(GError) local = NULL;
    for (guint i = 0; i < recipients->len && !local; i++) {
        const struct recipient *old = recipients->pdata[i];
        struct recipient *r = g_new0(struct recipient, 1);
        g_ptr_array_add(list, r);
        r->address = g_strdup(old->address);
        r->cc = old->cc;
        r->first_name = store_text(db, "SELECT first_name FROM contact WHERE account_id = ? AND address = ?",
                                   &local, "it", account_id, old->address);
    }
    if (!local)
        return g_steal_pointer(&list);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

gboolean
recipients_held_until(struct store *db, const GPtrArray *recipients, gint64 now_us, gint64 *until_us,
                      char **why, GError **error)
{
    *until_us = 0;
    *why = NULL;
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q =
            store_query(db,
                        "SELECT COALESCE(until, ?) AS until, reason FROM hold WHERE address = ? AND (until "
                        "IS NULL OR until > ?)",
                        error, "iti", now_us + CLOCK_HOUR_US, r->address, now_us);
        while (q && query_next(q, &local)) {
            if (query_int(q, "until") <= *until_us)
                continue;
            *until_us = query_int(q, "until");
            g_free(*why);
            *why = g_strdup_printf("%s is on hold: %s", r->address, query_text(q, "reason"));
        }
        if (!q || !error_pass(error, &local))
            return FALSE;
    }
    return TRUE;
}
