/* The copy is brought up to now like the original would be; then its outbox is played: each mail at the first
 * time that policy and limits allow, and counted from there on, so that caps and pauses push the next one. */
#include "service/plan.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "service/policy.h"
#include "service/tick.h"

#include <glib/gstdio.h>
#include <string.h>

#define DOWN_US CLOCK_HOUR_US
#define MAX_TRIES 100 /* of one mail: each try is a later time */

const char *const plan_kind_names[PLAN_KIND_COUNT] = {
    [PLAN_NOW] = "now", [PLAN_LATER] = "later",     [PLAN_HELD] = "held",
    [PLAN_ASK] = "ask", [PLAN_EXPIRED] = "expired",
};

static void
plan_line_free(gpointer data)
{
    struct plan_line *line = data;
    g_free(line->account);
    g_free(line->step);
    g_free(line->reason);
    g_free(line);
}

static struct plan_line *
add_line(GPtrArray *lines, enum plan_kind kind, struct query *q, gint64 at_us, const char *reason)
{
    struct plan_line *line = g_new0(struct plan_line, 1);
    line->kind = kind;
    line->account = query_dup_text(q, "key");
    line->step = query_dup_text(q, "step");
    line->message_id = query_int(q, "message_id");
    line->at_us = at_us;
    line->reason = g_strdup(reason);
    g_ptr_array_add(lines, line);
    return line;
}

/* Steps that are late, wait, were overdue and have another date, or are over since the copy was brought up to
 * now. */
static gboolean
add_steps(struct store *db, GPtrArray *lines, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT a.key, p.step, p.state, p.reason, COALESCE(p.due_at, 0) AS due_at, COALESCE(p.message_id, 0) "
        "AS message_id FROM step p JOIN account a ON a.id = p.account_id WHERE p.state IN ('late', "
        "'waiting') OR (p.state IN ('expired', 'skipped') AND NOT EXISTS (SELECT 1 FROM temp.over o WHERE "
        "o.account_id = p.account_id AND o.sequence = p.sequence AND o.step = p.step)) OR (p.state = "
        "'scheduled' AND EXISTS (SELECT 1 FROM temp.overdue o WHERE o.account_id = p.account_id AND "
        "o.sequence = p.sequence AND o.step = p.step)) ORDER BY p.due_at, a.key",
        error, "");
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        const char *state = query_text(q, "state"), *reason = query_text(q, "reason");
        enum plan_kind kind = strcmp(state, "late") == 0        ? PLAN_ASK
                              : strcmp(state, "waiting") == 0   ? PLAN_HELD
                              : strcmp(state, "scheduled") == 0 ? PLAN_LATER
                                                                : PLAN_EXPIRED;
        if (kind == PLAN_LATER && !(reason && *reason))
            reason = "overdue; the next hour in which it may go";
        add_line(lines, kind, q, query_int(q, "due_at"), reason ? reason : state);
    }
    return q && error_pass(error, &local);
}

static gboolean
add_unknown(struct store *db, GPtrArray *lines, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT DISTINCT a.key, m.step, m.id AS message_id FROM delivery d JOIN message m ON m.id "
        "= d.message_id JOIN account a ON a.id = m.account_id WHERE d.state IN ('transmitting', "
        "'unknown') ORDER BY m.id",
        error, "");
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local))
        add_line(lines, PLAN_ASK, q, 0, "was it delivered? `usher settle` decides");
    return q && error_pass(error, &local);
}

/* The first time at which a mail may go. *held is why no time can be told. */
static gboolean
find_time(struct service *s, gint64 message_id, gint64 *at_us, char **reason, gboolean *held, GError **error)
{
    *held = TRUE;
    for (int i = 0; i < MAX_TRIES; i++) {
        gint64 next_us = 0;
        g_autofree char *why = NULL;
        gboolean waits_for_time;
        if (!policy_forecast(s, message_id, *at_us, &next_us, &why, &waits_for_time, error))
            return FALSE;
        if (!why) {
            *held = FALSE;
            return TRUE;
        }
        if (!*reason || !g_str_has_prefix(why, "spacing")) {
            g_free(*reason);
            *reason = g_strdup(why);
        }
        if (!waits_for_time || next_us <= *at_us)
            return TRUE;
        *at_us = next_us;
    }
    return TRUE;
}

struct open_mail {
    gint64 id, ready_us;
    char *mailbox;
    char *why; /* it is not ready now; NULL when it is */
};

/* What lies in the outbox, by the time of its next try. */
static GArray *
open_mails(struct store *db, gint64 now_us, GError **error)
{
    GArray *mails = g_array_new(FALSE, TRUE, sizeof(struct open_mail));
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT message_id, mailbox, MIN(next_at) AS at, text FROM delivery WHERE state IN "
                    "('queued', 'deferred') GROUP BY message_id ORDER BY at, message_id",
                    error, "");
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        struct open_mail m = {.id = query_int(q, "message_id"),
                              .ready_us = MAX(query_int(q, "at"), now_us),
                              .mailbox = query_dup_text(q, "mailbox")};
        if (m.ready_us > now_us)
            m.why = query_dup_text(q, "text");
        g_array_append_val(mails, m);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return mails;
}

/* Plays one mail at the first time it may go; last keeps, by mailbox, when the one before it went. */
static gboolean
play_mail(struct service *s, const struct open_mail *m, GHashTable *last, gint64 now_us, GPtrArray *lines,
          GError **error)
{
    const gint64 *before_us = g_hash_table_lookup(last, m->mailbox);
    gint64 at_us = MAX(m->ready_us, before_us ? *before_us : 0);
    g_autofree char *reason = g_strdup(m->why);
    gboolean held;
    if (!find_time(s, m->id, &at_us, &reason, &held, error))
        return FALSE;
    gboolean paced = !reason || g_str_has_prefix(reason, "spacing");
    {
        scoped(query_end) struct query *q =
            store_query(s->db,
                        "SELECT a.key, m.step, m.id AS message_id FROM message m JOIN account a ON a.id = "
                        "m.account_id WHERE m.id = ?",
                        error, "i", m->id);
        if (!q || !query_next(q, error))
            return FALSE;
        gboolean now = !held && paced && at_us - now_us < 12 * CLOCK_HOUR_US;
        add_line(lines, held ? PLAN_HELD : now ? PLAN_NOW : PLAN_LATER, q, held ? 0 : at_us, reason);
    }
    if (held)
        return TRUE;
    if (paced)
        g_hash_table_replace(last, g_strdup(m->mailbox), g_memdup2(&at_us, sizeof at_us));
    /* The database lets a delivery take no other way. */
    return store_exec(s->db,
                      "UPDATE delivery SET state = 'claimed' WHERE message_id = ? AND state IN ('queued', "
                      "'deferred')",
                      error, "i", m->id) &&
           store_exec(s->db,
                      "UPDATE delivery SET state = 'transmitting' WHERE message_id = ? AND state = 'claimed'",
                      error, "i", m->id) &&
           store_exec(s->db,
                      "UPDATE delivery SET state = 'sent', at = ? WHERE message_id = ? AND state = "
                      "'transmitting'",
                      error, "ii", at_us, m->id) &&
           store_exec(s->db,
                      "UPDATE enrolment SET last_sent_at = ? WHERE account_id = (SELECT account_id FROM "
                      "message WHERE id = ?)",
                      error, "ii", at_us, m->id);
}

static gboolean
play_outbox(struct service *s, gint64 now_us, GPtrArray *lines, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GArray) mails = open_mails(s->db, now_us, &local);
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < mails->len; i++) {
        struct open_mail *m = &g_array_index(mails, struct open_mail, i);
        if (!local)
            play_mail(s, m, last, now_us, lines, &local);
        g_free(m->mailbox);
        g_free(m->why);
    }
    return error_pass(error, &local);
}

static gint
by_kind_and_time(gconstpointer a, gconstpointer b)
{
    const struct plan_line *x = *(const struct plan_line *const *)a, *y = *(const struct plan_line *const *)b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return strcmp(x->account, y->account);
}

/* What the service would do on this copy. */
static gboolean
play(struct service *copy, gint64 now_us, GPtrArray *lines, GError **error)
{
    return store_exec(copy->db,
                      "CREATE TEMP TABLE over AS SELECT account_id, sequence, step FROM step WHERE state IN "
                      "('expired', 'skipped')",
                      error, "") &&
           store_exec(
               copy->db,
               "CREATE TEMP TABLE overdue AS SELECT account_id, sequence, step FROM step WHERE state = "
               "'scheduled' AND due_at <= ?",
               error, "i", now_us) &&
           store_exec(copy->db, "UPDATE delivery SET state = 'queued' WHERE state = 'claimed'", error, "") &&
           tick_refresh(copy, error) && tick_run(copy, now_us, NULL, NULL, error) &&
           store_begin(copy->db, error) && add_steps(copy->db, lines, error) &&
           add_unknown(copy->db, lines, error) && play_outbox(copy, now_us, lines, error);
}

GPtrArray *
plan_make(struct service *s, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *dir = g_dir_make_tmp("usher-plan-XXXXXX", &local);
    if (!dir) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s", local->message);
        return NULL;
    }
    g_autofree char *path = g_build_filename(dir, "plan.db", NULL);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(plan_line_free);
    struct store *db = store_copy(s->db, path, error) ? store_open(path, error) : NULL;
    gboolean ok = FALSE;
    if (db) {
        struct service copy;
        service_share(&copy, s, db);
        ok = play(&copy, now_us, lines, error);
        store_rollback(db);
        store_close(db);
    }
    static const char *const left[] = {"", "-wal", "-shm", "-journal"};
    for (gsize i = 0; i < G_N_ELEMENTS(left); i++) {
        g_autofree char *file = g_strconcat(path, left[i], NULL);
        g_unlink(file);
    }
    g_rmdir(dir);
    g_ptr_array_sort(lines, by_kind_and_time);
    return ok ? g_steal_pointer(&lines) : NULL;
}

/* ---- the service's own clock ---- */

gint64
plan_last_seen_us(struct service *s, GError **error)
{
    g_autofree char *text = store_meta(s->db, "last_seen_us", error);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

gboolean
plan_heartbeat(struct service *s, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 last_us = plan_last_seen_us(s, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (now_us >= last_us && now_us - last_us < CLOCK_MINUTE_US)
        return TRUE;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, now_us);
    return store_set_meta(s->db, "last_seen_us", text, error);
}

static gboolean
record_plan(struct service *s, const GPtrArray *lines, gint64 since_us, gint64 now_us, GError **error)
{
    guint counts[PLAN_KIND_COUNT] = {0};
    char numbers[PLAN_KIND_COUNT][16];
    json_t *data = json_pack("{s:I}", "down_since", (json_int_t)since_us);
    for (guint i = 0; i < lines->len; i++)
        counts[((struct plan_line *)lines->pdata[i])->kind]++;
    for (int kind = 0; kind < PLAN_KIND_COUNT; kind++) {
        g_snprintf(numbers[kind], sizeof numbers[kind], "%u", counts[kind]);
        json_object_set_new(data, plan_kind_names[kind], json_integer(counts[kind]));
    }
    log_event("startup_plan", "now", numbers[PLAN_NOW], "later", numbers[PLAN_LATER], "held",
              numbers[PLAN_HELD], "ask", numbers[PLAN_ASK], "expired", numbers[PLAN_EXPIRED], NULL);
    struct event event = {.at_us = now_us, .kind = "startup_plan", .actor = "usher", .data = data};
    gboolean ok = store_begin(s->db, error) && service_record(s, &event, error) && store_commit(s->db, error);
    if (!ok)
        store_rollback(s->db);
    json_decref(data);
    return ok;
}

gboolean
plan_at_start(struct service *s, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 since_us = plan_last_seen_us(s, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (!since_us || now_us - since_us <= DOWN_US)
        return TRUE;
    g_autoptr(GPtrArray) lines = plan_make(s, now_us, error);
    return lines && record_plan(s, lines, since_us, now_us, error);
}
