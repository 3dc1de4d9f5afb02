/* The queue of hooks: see hooks.h. No transaction is open while a program runs.
 *
 *   journal ──collect──▶ waiting ──ran──▶ gone
 *                           │  ▲
 *                 tried again  retry by hand
 *                           ▼  │
 *                          failed (a day after it was queued) */
#include "service/hooks.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/progress.h"
#include "compose/sender.h"
#include "service/hook_run.h"
#include "service/tasks.h"

#include <stdlib.h>
#include <string.h>

#define BATCH G_GINT64_CONSTANT(5000)
#define FIRST_PAUSE_US (30 * CLOCK_SECOND_US)
#define MAX_PAUSE_US (4 * CLOCK_HOUR_US)
#define TRY_FOR_US CLOCK_DAY_US

static gboolean
propagate(GError **error, GError *local)
{
    if (local)
        g_propagate_error(error, local);
    return !local;
}

char *
hook_describe(const struct hook *hook)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < HOOK_EVENT_COUNT; i++)
        if (hook->on[i])
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", hook_events[i].name);
    return g_string_free(text, FALSE);
}

/* ---- from the journal into the queue ---- */

static gboolean
forget_unconfigured(struct service *s, GError **error)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    {
        scoped(query_end) struct query *q = store_query(s->db, "SELECT name FROM hook", &local, "");
        while (q && query_next(q, &local))
            if (!config_hook(s->config, query_text(q, "name")))
                g_ptr_array_add(gone, query_dup_text(q, "name"));
    }
    for (guint i = 0; !local && i < gone->len; i++)
        if (!store_exec(s->db, "DELETE FROM hook_event WHERE hook = ?", &local, "t", gone->pdata[i]) ||
            !store_exec(s->db, "DELETE FROM hook WHERE name = ?", &local, "t", gone->pdata[i]))
            break;
    return propagate(error, g_steal_pointer(&local));
}

gboolean
hooks_register(struct service *s, gint64 now_us, GError **error)
{
    gboolean ok = store_begin(s->db, error) && forget_unconfigured(s, error);
    for (guint i = 0; ok && i < s->config->hooks->len; i++)
        ok = store_exec(s->db,
                        "INSERT INTO hook(name, seen_id, since) SELECT ?, COALESCE(MAX(id), 0), ? FROM event "
                        "WHERE true ON CONFLICT DO NOTHING",
                        error, "ti", ((struct hook *)s->config->hooks->pdata[i])->name, now_us);
    if (ok && store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    return FALSE;
}

/* Which of the events a hook may be started by a journal's event is; -1: none. A mail that needs no approval
 * is no draft to a person. */
static int
event_index(const char *kind, gboolean automatic)
{
    for (int i = 0; i < HOOK_EVENT_COUNT; i++)
        if (strcmp(hook_events[i].kind, kind) == 0)
            return automatic && strcmp(kind, "draft_made") == 0 ? -1 : i;
    return -1;
}

/* Queues for a hook what came after seen_id, at most BATCH events; *last is the last one looked at. */
static gboolean
collect_for(struct service *s, const struct hook *hook, gint64 seen_id, gint64 now_us, gint64 *last,
            GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(gint64));
    *last = seen_id;
    {
        scoped(query_end) struct query *q =
            store_query(s->db,
                        "SELECT id, kind, data ->> 'automatic' AS automatic FROM event WHERE id > ? ORDER BY "
                        "id LIMIT ?",
                        &local, "ii", seen_id, BATCH);
        while (q && query_next(q, &local)) {
            *last = query_int(q, "id");
            int e = event_index(query_text(q, "kind"), query_int(q, "automatic") != 0);
            if (e >= 0 && hook->on[e])
                g_array_append_val(wanted, *last);
        }
    }
    for (guint i = 0; !local && i < wanted->len; i++)
        if (!store_exec(s->db,
                        "INSERT INTO hook_event(hook, event_id, state, queued_at, next_at) VALUES(?, ?, "
                        "'waiting', ?, ?)",
                        &local, "tiii", hook->name, g_array_index(wanted, gint64, i), now_us, now_us))
            break;
    return propagate(error, g_steal_pointer(&local));
}

static gboolean
collect_hook(struct service *s, const struct hook *hook, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 end = store_int(s->db, "SELECT MAX(id) FROM event", 0, &local, "");
    gint64 seen =
        local ? 0 : store_int(s->db, "SELECT seen_id FROM hook WHERE name = ?", end, &local, "t", hook->name);
    while (!local && seen < end) {
        if (!store_begin(s->db, &local) || !collect_for(s, hook, seen, now_us, &seen, &local) ||
            !store_exec(s->db, "UPDATE hook SET seen_id = ? WHERE name = ?", &local, "it", seen,
                        hook->name) ||
            !store_commit(s->db, &local))
            store_rollback(s->db);
    }
    return propagate(error, g_steal_pointer(&local));
}

/* ---- telling ---- */

static void
add_owner(struct service *s, json_t *object, gint64 account_id)
{
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (!fact_row_load(s->db, s->program->facts, account_id, s->config->timezone, &row, NULL))
        return;
    const struct specialist *owner = sender_owner(s->db, s->config, row, account_id, NULL);
    if (owner)
        json_object_set_new(object, "owner", json_string(owner->id));
}

json_t *
hooks_payload(struct service *s, const char *event_name, gint64 event_id, GError **error)
{
    json_t *object = NULL;
    gint64 account_id = 0;
    {
        scoped(query_end) struct query *q =
            store_query(s->db,
                        "SELECT e.*, a.key FROM event e LEFT JOIN account a ON a.id = e.account_id WHERE "
                        "e.id = ?",
                        error, "i", event_id);
        if (!q || !query_next(q, error)) {
            if (error && !*error)
                g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "there is no event %" G_GINT64_FORMAT,
                            event_id);
            return NULL;
        }
        account_id = query_int(q, "account_id");
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(query_int(q, "at") / CLOCK_SECOND_US);
        g_autofree char *at = g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ");
        object = json_pack("{s:I, s:s, s:s, s:s, s:s?, s:n, s:s, s:I, s:b}", "id", (json_int_t)event_id,
                           "event", event_name, "kind", query_text(q, "kind"), "at", at, "account",
                           query_text(q, "key"), "owner", "actor", query_text(q, "actor"), "cause",
                           (json_int_t)query_int(q, "cause"), "rehearsal", s->rehearsal);
        json_t *data = json_loads(query_text(q, "data"), 0, NULL);
        json_object_set_new(object, "data", data ? data : json_object());
    }
    if (account_id)
        add_owner(s, object, account_id);
    return object;
}

/* The head of a hook's queue. */
struct head {
    gint64 event_id, attempts, queued_us;
    const char *name; /* the event's */
};

static gboolean
find_head(struct service *s, const struct hook *hook, gint64 now_us, struct head *head, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT h.event_id, h.attempts, h.queued_at, h.next_at, e.kind FROM hook_event h JOIN event e ON "
        "e.id = h.event_id WHERE h.hook = ? AND h.state = 'waiting' ORDER BY h.event_id LIMIT 1",
        error, "t", hook->name);
    memset(head, 0, sizeof *head);
    if (!q || !query_next(q, error) || query_int(q, "next_at") > now_us)
        return FALSE;
    int e = event_index(query_text(q, "kind"), FALSE);
    head->event_id = query_int(q, "event_id");
    head->attempts = query_int(q, "attempts");
    head->queued_us = query_int(q, "queued_at");
    head->name = e >= 0 ? hook_events[e].name : "";
    return TRUE;
}

static gboolean
note_success(struct service *s, const struct hook *hook, const struct head *head, gint64 now_us,
             GError **error)
{
    return store_exec(s->db, "DELETE FROM hook_event WHERE hook = ? AND event_id = ?", error, "ti",
                      hook->name, head->event_id) &&
           store_exec(s->db, "UPDATE hook SET delivered_id = ?, delivered_at = ? WHERE name = ?", error,
                      "iit", head->event_id, now_us, hook->name);
}

static gboolean
note_failure(struct service *s, const struct hook *hook, const struct head *head, const char *why,
             gint64 now_us, GError **error)
{
    gint64 last_us = head->queued_us + TRY_FOR_US, pause_us = FIRST_PAUSE_US;
    for (gint64 i = 0; i < head->attempts && pause_us < MAX_PAUSE_US; i++)
        pause_us *= 4;
    gint64 next_us = MIN(now_us + MIN(pause_us, MAX_PAUSE_US), last_us);
    gboolean over = now_us >= last_us;
    if (!store_exec(s->db,
                    "UPDATE hook_event SET state = ?, attempts = attempts + 1, next_at = ? WHERE hook = ? "
                    "AND event_id = ?",
                    error, "titi", over ? "failed" : "waiting", next_us, hook->name, head->event_id) ||
        !store_exec(s->db, "UPDATE hook SET error = ?, error_at = ? WHERE name = ?", error, "tit", why,
                    now_us, hook->name))
        return FALSE;
    if (!over)
        return TRUE;
    g_autofree char *title =
        g_strdup_printf("Hook %s does not take events: `usher hooks` says why", hook->name);
    const struct task_request request = {
        .kind = "hook_failed", .title = title, .due_us = now_us, .actor = "usher"};
    return tasks_make(s, &request, now_us, NULL, error);
}

static gboolean
settle(struct service *s, const struct hook *hook, const struct head *head, const GError *problem,
       GError **error)
{
    gint64 now_us = clock_now_us();
    if (store_begin(s->db, error) &&
        (problem ? note_failure(s, hook, head, problem->message, now_us, error)
                 : note_success(s, hook, head, now_us, error)) &&
        store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    return FALSE;
}

/* Runs the head. FALSE when the database fails. */
static gboolean
deliver(struct service *s, const struct hook *hook, const struct head *head, const volatile gboolean *stop,
        GError **problem, GError **error)
{
    json_t *payload = hooks_payload(s, head->name, head->event_id, error);
    if (!payload)
        return FALSE;
    char *text = json_dumps(payload, JSON_COMPACT | JSON_PRESERVE_ORDER);
    g_autofree char *input = g_strconcat(text ? text : "{}", "\n", NULL);
    g_autofree char *name = g_strdup_printf("USHER_EVENT=%s", head->name);
    g_autofree char *id = g_strdup_printf("USHER_EVENT_ID=%" G_GINT64_FORMAT, head->event_id);
    g_autofree char *who = g_strdup_printf("USHER_HOOK=%s", hook->name);
    const char *const environment[] = {who, name, id, NULL};
    free(text);
    json_decref(payload);
    hook_run(hook, environment, input, stop, problem);
    progress_tell();
    if (*problem && (*problem)->code == USHER_ERROR_TEMP)
        return TRUE;
    return settle(s, hook, head, *problem, error);
}

gboolean
hooks_work(struct service *s, const volatile gboolean *stop,
           void (*problem)(const struct hook *hook, const GError *error, gpointer user), gpointer user,
           GError **error)
{
    gboolean any = TRUE;
    for (guint i = 0; i < s->config->hooks->len; i++)
        if (!collect_hook(s, s->config->hooks->pdata[i], clock_now_us(), error))
            return FALSE;
    /* One event of each in turn, so that a slow one does not make the others wait for all of its queue. */
    while (any && !(stop && *stop)) {
        any = FALSE;
        for (guint i = 0; i < s->config->hooks->len && !(stop && *stop); i++) {
            const struct hook *hook = s->config->hooks->pdata[i];
            struct head head;
            g_autoptr(GError) local = NULL, failure = NULL;
            if (!find_head(s, hook, clock_now_us(), &head, &local)) {
                if (local)
                    return propagate(error, g_steal_pointer(&local));
                continue;
            }
            any = TRUE;
            if (!deliver(s, hook, &head, stop, &failure, error))
                return FALSE;
            if (failure && failure->code != USHER_ERROR_TEMP && problem)
                problem(hook, failure, user);
        }
    }
    return TRUE;
}

gboolean
hooks_retry(struct service *s, const char *name, gint64 now_us, gint64 *count, GError **error)
{
    if (!store_begin(s->db, error) ||
        !store_exec(s->db,
                    "UPDATE hook_event SET state = 'waiting', attempts = 0, queued_at = ?1, next_at = ?1 "
                    "WHERE hook = ?2 AND state = 'failed'",
                    error, "it", now_us, name)) {
        store_rollback(s->db);
        return FALSE;
    }
    if (count)
        *count = store_changes(s->db);
    if (store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    return FALSE;
}
