/* Reading alerts.conf, and making tasks: see alert.h. The cause is kept for good beside the task (table
 * alert_cause), so that a task that was done does not come again for the same invoice or the same spike. */
#include "pipeline/alert.h"

#include "base/conf.h"
#include "base/error.h"
#include "base/zone.h"
#include "pipeline/task_words.h"
#include "pipeline/view.h"
#include "pipeline/view_more.h"
#include "pipeline/watch.h"

#include <string.h>

#define CAUSE_CHARS 200

void
alert_free(gpointer data)
{
    struct alert *a = data;
    g_free(a->name);
    g_free(a->assignee);
    g_clear_pointer(&a->title, liquid_template_free);
    g_free(a);
}

/* ---- the file ---- */

static cfg_t *
parse_file(const char *path, GError **error)
{
    cfg_opt_t alert[] = {CFG_STR("when", NULL, CFGF_NONE),         CFG_STR("title", NULL, CFGF_NONE),
                         CFG_STR("due", NULL, CFGF_NONE),          CFG_STR("assignee", "owner", CFGF_NONE),
                         CFG_STR("cause", NULL, CFGF_NONE),        CFG_STR("sequence", NULL, CFGF_NONE),
                         CFG_BOOL("closes", cfg_false, CFGF_NONE), CFG_END()};
    cfg_opt_t opts[] = {CFG_SEC("alert", alert, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()};
    return conf_parse(opts, path, error);
}

static gboolean
read_alert(const struct program *program, const char *file, cfg_t *s, struct sequence *home, struct alert *a,
           GError **error)
{
    /* Kinds that usher closes or counts by itself. */
    static const char *const taken[] = {"reply", "by_hand", NULL};
    a->name = g_strdup(cfg_title(s));
    a->home = home;
    a->closes = cfg_getbool(s, "closes");
    if (!watch_name_is_plain(a->name))
        return conf_refuse(s, error, "alert \"%s\": expected lower-case letters, digits and _", a->name);
    if (g_strv_contains(taken, a->name))
        return conf_refuse(
            s, error, "alert \"%s\": usher makes tasks of this kind itself; choose another name", a->name);
    if (!task_words_read_assignee(program, s, "assignee", &a->assignee, error) ||
        !task_words_read_title(program, s, &a->title, error) ||
        !watch_add_rule(home, WATCH_ALERTS, file, s, "when", &a->when, error) ||
        !watch_add_rule(home, WATCH_ALERTS, file, s, "cause", &a->cause, error) ||
        !watch_add_rule(home, WATCH_ALERTS, file, s, "due", &a->due, error))
        return FALSE;
    return a->when != NO_RULE || conf_refuse(s, error, "alert \"%s\" lacks when", a->name);
}

gboolean
alerts_read(struct program *program, GError **error)
{
    g_autofree char *path = g_build_filename(program->config->sequences_dir, ALERTS_FILE, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    cfg_t *tree = parse_file(path, error);
    gboolean ok = tree != NULL;
    for (unsigned i = 0; ok && i < cfg_size(tree, "alert"); i++) {
        cfg_t *s = cfg_getnsec(tree, "alert", i);
        struct sequence *home;
        ok = watch_home(program, s, &home, error);
        if (!home)
            continue;
        struct alert *a = g_new0(struct alert, 1);
        g_ptr_array_add(program->alerts, a);
        ok = read_alert(program, path, s, home, a, error);
    }
    if (tree)
        cfg_free(tree);
    return ok;
}

/* ---- tasks ---- */

/* What the alert is about, as text; NULL when the expression has no value, and then nothing fires. The caller
 * frees. */
static char *
cause_of(const struct view *v, const struct alert *a)
{
    if (a->cause == NO_RULE)
        return g_strdup(""); /* once an account */
    const struct rule_result *r = &v->watched[WATCH_ALERTS][a->cause];
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    switch (r->type) {
    case RULE_INTEGER:
        return g_strdup_printf("%" G_GINT64_FORMAT, r->integer);
    case RULE_REAL:
        return g_strdup(g_ascii_formatd(number, sizeof number, "%.10g", r->real));
    case RULE_TEXT:
        return g_utf8_substring(r->text, 0, MIN(CAUSE_CHARS, g_utf8_strlen(r->text, -1)));
    case RULE_NULL:
    case RULE_ERROR:
        break;
    }
    return NULL;
}

/* A bare date is a working day of the team's: the hour its window opens. Without a date, now. */
static gint64
due_of(const struct view *v, const struct alert *a)
{
    struct civil c;
    const struct config *config = v->program->config;
    if (a->due == NO_RULE || v->watched[WATCH_ALERTS][a->due].type != RULE_TEXT ||
        !civil_parse(v->watched[WATCH_ALERTS][a->due].text, &c))
        return v->now_us;
    if (c.has_time)
        return zone_to_utc_us(v->zone, &c);
    c.has_time = TRUE;
    c.hour = config->window.from_minute / 60;
    c.minute = config->window.from_minute % 60;
    c.second = 0;
    return zone_to_utc_us(config->timezone, &c);
}

static gboolean
record(struct view *v, const char *kind, json_t *data, GError **error)
{
    struct event event = {.at_us = v->now_us,
                          .account_id = v->account_id,
                          .cause = v->cause,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = state_record(v->db, &event, error);
    json_decref(data);
    return ok;
}

static gboolean
fire(struct view *v, const struct alert *a, GError **error)
{
    g_autofree char *cause = cause_of(v, a);
    g_autoptr(GError) local = NULL;
    if (!cause)
        return TRUE;
    gboolean known =
        store_int(v->db, "SELECT 1 FROM alert_cause WHERE account_id = ? AND alert = ? AND cause = ?", 0,
                  &local, "itt", v->account_id, a->name, cause) != 0;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    if (known || (error && *error))
        return known;
    g_autofree char *title = task_words_title(v, a->title, a->name);
    g_autofree char *facts = view_known_of(v, v->seq->watch[WATCH_ALERTS], a->when);
    return record(v, "task_made",
                  json_pack("{s:s, s:s, s:s*, s:I, s:s, s:s, s:s}", "task", a->name, "title", title,
                            "assignee", a->assignee, "due_at", (json_int_t)due_of(v, a), "alert", a->name,
                            "alert_cause", cause, "facts", facts),
                  error);
}

/* The titles of the alert's open tasks. NULL with error. */
static GPtrArray *
open_tasks(const struct view *v, const struct alert *a, GError **error)
{
    g_autoptr(GPtrArray) titles = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(v->db, "SELECT title FROM task WHERE account_id = ? AND kind = ? AND done_at IS NULL",
                    &local, "it", v->account_id, a->name);
    while (q && query_next(q, &local))
        g_ptr_array_add(titles, query_dup_text(q, "title"));
    if (!local)
        return g_steal_pointer(&titles);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static gboolean
close_tasks(struct view *v, const struct alert *a, GError **error)
{
    g_autoptr(GPtrArray) titles = open_tasks(v, a, error);
    for (guint i = 0; titles && i < titles->len; i++)
        if (!record(v, "task_over",
                    json_pack("{s:s, s:s, s:s}", "task", a->name, "title", titles->pdata[i], "reason",
                              "what it was about is no longer so"),
                    error))
            return FALSE;
    return titles != NULL;
}

static gboolean
raise_and_close(struct view *v, GError **error)
{
    for (guint i = 0; i < v->program->alerts->len && !v->absent; i++) {
        const struct alert *a = v->program->alerts->pdata[i];
        if (a->home != v->seq)
            continue;
        enum rule_truth when = watch_truth(v, WATCH_ALERTS, a->when, RULE_FALSE);
        if (when == RULE_TRUE && !fire(v, a, error))
            return FALSE;
        if (when == RULE_FALSE && a->closes && v->has_open_task && !close_tasks(v, a, error))
            return FALSE;
    }
    return TRUE;
}

/* An account that is in no segment, was never in the sequence and has no open task is of no interest to
 * anybody, and nearly all are. The others are looked at as the steps stand now. */
gboolean
alerts_update(struct view *v, GError **error)
{
    if (!watch_is_known(v))
        return TRUE;
    if (v->seq->watch_reads_today[WATCH_ALERTS])
        view_wake_at(v, midnight_after_us(v->zone, v->now_us));
    if (v->recorded)
        fact_row_rule_values(v->row, v->values);
    return watch_evaluate(v, WATCH_ALERTS, error) && raise_and_close(v, error);
}
