/* See forget.h. Every TEXT column of every table is searched, so that a table which is added later is not
 * overlooked; the address becomes the same pseudonym everywhere, so that the tables and the journal still
 * agree. */
#include "service/forget.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/state.h"
#include "service/drafting.h"

#include <stdlib.h>
#include <string.h>

#define GONE "(forgotten)"

struct forgetting {
    struct service *s;
    char *address, *pseudonym;
    GPtrArray *names; /* "First Last" as contacts have them: char * */
    struct forget_result *out;
};

/* ---- texts ---- */

/* Where needle stands in text in any letter case (ASCII); NULL: nowhere. */
static const char *
find_fold(const char *text, const char *needle)
{
    gsize n = strlen(needle);
    for (const char *p = text; *p; p++)
        if (g_ascii_strncasecmp(p, needle, n) == 0)
            return p;
    return NULL;
}

/* text without the person: the address becomes the pseudonym, a full name goes. With cut, nothing behind the
 * address stays: what a task's title says there are the person's own words. The caller frees. */
static char *
scrub(const struct forgetting *f, const char *text, gboolean cut)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *from = text;
    for (const char *at; (at = find_fold(from, f->address)) != NULL;) {
        g_string_append_len(out, from, at - from);
        g_string_append(out, f->pseudonym);
        from = at + strlen(f->address);
        if (cut)
            from += strlen(from);
    }
    g_string_append(out, from);
    for (guint i = 0; i < f->names->len; i++)
        g_string_replace(out, f->names->pdata[i], GONE, 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static json_t *
scrub_json(const struct forgetting *f, const char *key, json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        g_autofree char *text = scrub(f, json_string_value(value), key && strcmp(key, "title") == 0);
        return json_string(text);
    }
    if (json_is_array(value)) {
        json_t *array = json_array();
        json_array_foreach(value, i, member) json_array_append_new(array, scrub_json(f, NULL, member));
        return array;
    }
    if (!json_is_object(value))
        return json_incref(value);
    json_t *object = json_object();
    const char *whose = json_string_value(json_object_get(value, "address"));
    gboolean theirs = whose && g_ascii_strcasecmp(whose, f->address) == 0;
    json_object_foreach(value, name, member)
    {
        if (theirs && (strcmp(name, "name") == 0 || g_str_has_suffix(name, "_name")))
            continue;
        g_autofree char *plain = scrub(f, name, FALSE);
        json_object_set_new(object, plain, scrub_json(f, name, member));
    }
    return object;
}

/* ---- every table ---- */

/* Texts of one column that name the person, each value once: char *. */
static GPtrArray *
find_texts(struct forgetting *f, const char *table, const char *column, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i <= f->names->len; i++) {
        const char *needle = i == 0 ? f->address : f->names->pdata[i - 1];
        g_autofree char *sql =
            g_strdup_printf("SELECT DISTINCT %s AS text FROM %s WHERE instr(%s(%s), ?) > 0", column, table,
                            i == 0 ? "lower" : "", column);
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q = store_query(f->s->db, sql, error, "t", needle);
        while (q && query_next(q, &local))
            g_ptr_array_add(found, query_dup_text(q, "text"));
        if (!q || !error_pass(error, &local))
            return NULL;
    }
    return g_steal_pointer(&found);
}

static gboolean
scrub_column(struct forgetting *f, const char *table, const char *column, GError **error)
{
    g_autoptr(GPtrArray) texts = find_texts(f, table, column, error);
    g_autofree char *sql = g_strdup_printf("UPDATE %s SET %s = ? WHERE %s = ?", table, column, column);
    for (guint i = 0; texts && i < texts->len; i++) {
        const char *before = texts->pdata[i];
        json_t *json = *before == '{' || *before == '[' ? json_loads(before, 0, NULL) : NULL;
        json_t *clean = json ? scrub_json(f, NULL, json) : NULL;
        char *dumped = clean ? json_dumps(clean, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        json_decref(json);
        json_decref(clean);
        g_autofree char *after = dumped ? g_strdup(dumped) : scrub(f, before, strcmp(column, "title") == 0);
        free(dumped);
        if (!store_exec(f->s->db, sql, error, "tt", after, before))
            return FALSE;
        if (strcmp(table, "event") == 0)
            f->out->events += store_changes(f->s->db);
    }
    return texts != NULL;
}

static gboolean
scrub_all(struct forgetting *f, GError **error)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
    {
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q = store_query(
            f->s->db,
            "SELECT t.name AS name, c.name AS column_name FROM sqlite_master t, "
            "pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND "
            "c.type = 'TEXT' ORDER BY 1, 2",
            error, "");
        while (q && query_next(q, &local)) {
            g_ptr_array_add(columns, query_dup_text(q, "name"));
            g_ptr_array_add(columns, query_dup_text(q, "column_name"));
        }
        if (!q || !error_pass(error, &local))
            return FALSE;
    }
    for (guint i = 0; i < columns->len; i += 2)
        if (!scrub_column(f, columns->pdata[i], columns->pdata[i + 1], error))
            return FALSE;
    return TRUE;
}

/* ---- what goes altogether ---- */

static gboolean
load_names(struct forgetting *f, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        f->s->db,
        "SELECT DISTINCT first_name || ' ' || last_name AS name FROM contact WHERE address = ? AND "
        "length(first_name) > 1 AND length(last_name) > 1",
        error, "t", f->address);
    while (q && query_next(q, &local))
        g_ptr_array_add(f->names, query_dup_text(q, "name"));
    return q && error_pass(error, &local);
}

/* A mail that may be on its way must not lose what it was. */
static gboolean
check_deliveries(struct forgetting *f, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 busy = store_int(f->s->db,
                            "SELECT message_id FROM delivery WHERE address = ? AND state IN ('claimed', "
                            "'transmitting', 'unknown') LIMIT 1",
                            0, &local, "t", f->address);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else if (busy)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "message %" G_GINT64_FORMAT " to %s is just being sent, or nobody knows if it was: try "
                    "again, or say so with `usher settle` first",
                    busy, f->address);
    return !local && !busy;
}

/* Mails that wait are withdrawn; their steps are wanted anew, for whoever is left. */
static gboolean
withdraw_waiting(struct forgetting *f, gint64 now_us, GError **error)
{
    g_autoptr(GArray) ids =
        store_ids(f->s->db,
                  "SELECT id FROM message WHERE state IN ('waiting', 'changed', 'queued') "
                  "AND instr(lower(recipients), json_quote(?)) > 0",
                  error, "t", f->address);
    for (guint i = 0; ids && i < ids->len; i++) {
        gboolean gone;
        scoped(draft_free) struct draft *d =
            draft_load(f->s->db, f->s->config, g_array_index(ids, gint64, i), error);
        if (!d || !outbox_withdraw(f->s->db, d->id, now_us, &gone, error))
            return FALSE;
        if (!gone)
            continue;
        json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "sequence", d->sequence, "step", d->step, "state",
                                 step_state_names[STEP_IDLE], "reason", "somebody it goes to was forgotten");
        struct event event = {.at_us = now_us,
                              .account_id = d->account_id,
                              .cause = f->s->cause,
                              .kind = "step_changed",
                              .actor = "usher",
                              .data = data};
        gboolean ok =
            draft_set_state(f->s->db, d->id, MESSAGE_WITHDRAWN, "somebody it goes to was forgotten", error) &&
            state_record(f->s->db, &event, error);
        json_decref(data);
        if (!ok)
            return FALSE;
    }
    return ids != NULL;
}

/* The texts of mails to and from the person. */
static gboolean
empty_texts(struct forgetting *f, GError **error)
{
    if (!store_exec(f->s->db,
                    "DELETE FROM draft_revision WHERE message_id IN (SELECT id FROM message WHERE "
                    "instr(lower(recipients), json_quote(?1)) > 0 UNION SELECT message_id FROM delivery "
                    "WHERE address = ?1)",
                    error, "t", f->address) ||
        !store_exec(f->s->db,
                    "DELETE FROM test_copy WHERE message_id IN (SELECT id FROM message WHERE "
                    "instr(lower(recipients), json_quote(?1)) > 0 UNION SELECT message_id FROM delivery "
                    "WHERE address = ?1)",
                    error, "t", f->address) ||
        !store_exec(
            f->s->db,
            "UPDATE message_text SET markdown = '(forgotten)', rendered = '(forgotten)', basis = '{}', "
            "bytes = NULL WHERE message_id IN (SELECT id FROM message WHERE instr(lower(recipients), "
            "json_quote(?1)) > 0 UNION SELECT message_id FROM delivery WHERE address = ?1)",
            error, "t", f->address))
        return FALSE;
    f->out->messages = store_changes(f->s->db);
    g_autofree char *secret = store_meta(f->s->db, "secret", error);
    g_autofree char *hash = text_keyed_hash(secret ? secret : "", f->address, 32);
    if (!store_exec(
            f->s->db,
            "UPDATE event SET data = json_remove(data, '$.subject', '$.text', '$.changed') WHERE data "
            "->> 'address' = ?1 OR data ->> 'inbound' IN (SELECT id FROM inbound WHERE address = ?1)",
            error, "t", f->address))
        return FALSE;
    f->out->events += store_changes(f->s->db);
    if (!store_exec(f->s->db,
                    "UPDATE inbound SET subject = NULL, text = NULL, evidence = NULL, sender_hash = NULL "
                    "WHERE address = ? OR sender_hash = ?",
                    error, "tt", f->address, hash))
        return FALSE;
    f->out->inbound = store_changes(f->s->db);
    return TRUE;
}

static gboolean
record(struct forgetting *f, const char *kind, json_t *data, const char *actor, gint64 now_us, GError **error)
{
    struct event event = {.at_us = now_us, .kind = kind, .actor = actor, .data = data};
    gboolean ok = service_record(f->s, &event, error);
    json_decref(data);
    if (ok)
        f->s->cause = event.id;
    return ok;
}

static gboolean
forget(struct forgetting *f, const char *actor, GError **error)
{
    struct store *db = f->s->db;
    gint64 now_us = clock_now_us();
    g_autoptr(GArray) accounts =
        store_ids(db, "SELECT DISTINCT account_id FROM contact WHERE address = ?", error, "t", f->address);
    if (!accounts || !check_deliveries(f, error) || !load_names(f, error) ||
        !record(f, "suppressed", json_pack("{s:s, s:s}", "address", f->address, "reason", "forgotten"), actor,
                now_us, error) ||
        !withdraw_waiting(f, now_us, error) || !empty_texts(f, error) ||
        !store_exec(db, "DELETE FROM contact WHERE address = ?", error, "t", f->address))
        return FALSE;
    f->out->contacts = store_changes(db);
    if (!scrub_all(f, error) ||
        !record(f, "forgotten", json_pack("{s:s}", "address", f->pseudonym), actor, now_us, error))
        return FALSE;
    for (guint i = 0; i < accounts->len; i++) {
        gint64 id = g_array_index(accounts, gint64, i);
        if (!account_touch(db, id, error) ||
            !pipeline_advance_because(db, f->s->program, id, now_us, f->s->cause, error) ||
            !drafting_withdraw_unwanted(f->s, id, now_us, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
forget_address(struct service *s, const char *address, const char *actor, struct forget_result *out,
               GError **error)
{
    g_autofree char *folded = text_fold_address(address);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    memset(out, 0, sizeof *out);
    if (!contact_address_valid(folded)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "\"%.80s\" is no address", address);
        return FALSE;
    }
    g_autofree char *pseudonym = contact_pseudonym(s->db, folded, error);
    struct forgetting f = {.s = s, .address = folded, .pseudonym = pseudonym, .names = names, .out = out};
    gint64 outer = s->cause;
    /* What is deleted is overwritten, in the database and in its log. */
    gboolean ok = pseudonym && store_exec(s->db, "PRAGMA secure_delete = ON", error, "") &&
                  store_begin(s->db, error) && forget(&f, actor, error) && store_commit(s->db, error);
    s->cause = outer;
    if (!ok) {
        store_rollback(s->db);
        return FALSE;
    }
    return store_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", error, "");
}
