/* Tasks: see tasks.h. The acts name a task by the event that made it, so that a replay of the journal finds
 * it again. */
#include "service/tasks.h"

#include "base/error.h"
#include "compose/sender.h"
#include "service/service.h"

#include <string.h>

void
task_free(gpointer data)
{
    struct task *t = data;
    g_free(t->account);
    g_free(t->kind);
    g_free(t->title);
    g_free(t->assignee);
    g_free(t->done_by);
    g_free(t->done_note);
    g_free(t);
}

const struct specialist *
tasks_specialist(const struct config *config, const char *word)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        if (g_ascii_strcasecmp(s->id, word) == 0 || g_ascii_strcasecmp(s->address, word) == 0 ||
            g_ascii_strcasecmp(s->name, word) == 0 || g_strv_contains((const char *const *)s->logins, word))
            return s;
    }
    return NULL;
}

/* Whose task it is when nobody was given it. */
static const struct specialist *
owner_of(struct service *s, gint64 account_id, GError **error)
{
    const struct specialist *failsafe =
        s->config->failsafe ? config_specialist(s->config, s->config->failsafe) : NULL;
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (!account_id)
        return failsafe ? failsafe : s->config->specialists->pdata[0];
    if (!fact_row_load(s->db, s->program->facts, account_id, s->config->timezone, &row, error))
        return NULL;
    return sender_owner(s->db, s->config, row, account_id, error);
}

/* Fills in the assignees that follow from the account; owners keeps what was found. */
static gboolean
resolve(struct service *s, struct task *t, GHashTable *owners, GError **error)
{
    if (t->given)
        return TRUE;
    const struct specialist *owner = g_hash_table_lookup(owners, &t->account_id);
    if (!owner) {
        owner = owner_of(s, t->account_id, error);
        if (!owner)
            return FALSE;
        g_hash_table_insert(owners, g_memdup2(&t->account_id, sizeof t->account_id),
                            (gpointer)(guintptr)owner);
    }
    t->assignee = g_strdup(owner->id);
    return TRUE;
}

static struct task *
read_task(struct query *q)
{
    struct task *t = g_new0(struct task, 1);
    t->id = query_int(q, "id");
    t->account_id = query_int(q, "account_id");
    t->account = query_dup_text(q, "key");
    t->kind = query_dup_text(q, "kind");
    t->title = query_dup_text(q, "title");
    t->assignee = query_dup_text(q, "assignee");
    t->given = t->assignee != NULL;
    t->made_us = query_int(q, "made_at");
    t->due_us = query_int(q, "due_at");
    t->event_id = query_int(q, "event_id");
    t->cause = query_int(q, "cause");
    t->done_us = query_int(q, "done_at");
    t->done_by = query_dup_text(q, "done_by");
    t->done_note = query_dup_text(q, "note");
    return t;
}

GPtrArray *
tasks_list(struct service *s, const struct task_filter *f, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(task_free);
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GError) local = NULL;
    {
        scoped(query_end) struct query *q = store_query(
            s->db,
            "SELECT t.*, a.key, e.at AS made_at FROM task t LEFT JOIN account a ON a.id = t.account_id LEFT "
            "JOIN event e ON e.id = t.event_id WHERE (?1 = 0 OR t.account_id = ?1) AND (?2 = 0 OR t.id = ?2)"
            " AND (?3 = 0 OR t.due_at < ?3) AND (?4 OR t.done_at IS NULL)"
            " ORDER BY t.done_at IS NOT NULL, t.due_at IS NULL, t.due_at, t.id",
            error, "iiii", f->account_id, f->id, f->due_before_us, (gint64)f->done);
        if (!q)
            return NULL;
        while (query_next(q, &local))
            g_ptr_array_add(all, read_task(q));
    }
    for (guint i = 0; !local && i < all->len; i++)
        if (!resolve(s, all->pdata[i], owners, &local))
            break;
    for (guint i = all->len; !local && f->assignee && i-- > 0;)
        if (strcmp(((struct task *)all->pdata[i])->assignee, f->assignee) != 0)
            g_ptr_array_remove_index(all, i);
    if (!local)
        return g_steal_pointer(&all);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static gboolean
is_there(struct service *s, const struct task_request *r, gboolean *there, GError **error)
{
    g_autoptr(GError) local = NULL;
    *there = r->cause
                 ? store_int(s->db, "SELECT 1 FROM task WHERE cause = ? AND kind = ?", 0, &local, "it",
                             r->cause, r->kind) != 0
                 : store_int(s->db,
                             "SELECT 1 FROM task WHERE account_id IS NULLIF(?, 0) AND kind = ? AND title = ? "
                             "AND done_at IS NULL",
                             0, &local, "itt", r->account_id, r->kind, r->title) != 0;
    return error_pass(error, &local);
}

gboolean
tasks_make(struct service *s, const struct task_request *r, gint64 now_us, gboolean *made, GError **error)
{
    gboolean there;
    if (!is_there(s, r, &there, error))
        return FALSE;
    if (made)
        *made = !there;
    if (there)
        return TRUE;
    json_t *data = json_pack("{s:s, s:s, s:s*, s:I}", "task", r->kind, "title", r->title, "assignee",
                             r->assignee, "due_at", (json_int_t)r->due_us);
    struct event event = {.at_us = now_us,
                          .account_id = r->account_id,
                          .cause = r->cause,
                          .kind = "task_made",
                          .actor = r->actor,
                          .data = data};
    gboolean ok = service_record(s, &event, error);
    json_decref(data);
    return ok;
}

gboolean
tasks_finish(struct service *s, const struct task *t, const char *note, GError **error)
{
    return service_act(
        s, t->account_id, "task_done", service_actor(),
        json_pack("{s:I, s:s, s:s*}", "made", (json_int_t)t->event_id, "title", t->title, "note", note),
        error);
}

gboolean
tasks_snooze(struct service *s, const struct task *t, gint64 due_us, GError **error)
{
    return service_act(s, t->account_id, "task_snoozed", service_actor(),
                       json_pack("{s:I, s:s, s:I}", "made", (json_int_t)t->event_id, "title", t->title,
                                 "due_at", (json_int_t)due_us),
                       error);
}

gboolean
tasks_assign(struct service *s, const struct task *t, const char *assignee, GError **error)
{
    return service_act(s, t->account_id, "task_assigned", service_actor(),
                       json_pack("{s:I, s:s, s:s}", "made", (json_int_t)t->event_id, "title", t->title,
                                 "assignee", assignee),
                       error);
}
