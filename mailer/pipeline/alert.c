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
                         CFG_STR("cause", NULL, CFGF_NONE),        CFG_STR_LIST("sequence", NULL, CFGF_NONE),
                         CFG_BOOL("closes", cfg_false, CFGF_NONE), CFG_END()};
    cfg_opt_t opts[] = {CFG_SEC("alert", alert, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()};
    return conf_parse(opts, path, error);
}

static gboolean
read_home(const char *file, cfg_t *s, struct sequence *seq, struct alert_home *home, GError **error)
{
    home->seq = seq;
    return watch_add_rule(seq, WATCH_ALERTS, file, s, "when", &home->when, error) &&
           watch_add_rule(seq, WATCH_ALERTS, file, s, "cause", &home->cause, error) &&
           watch_add_rule(seq, WATCH_ALERTS, file, s, "due", &home->due, error);
}

static gboolean
read_alert(const struct program *program, const char *file, cfg_t *s, const GPtrArray *homes, struct alert *a,
           GError **error)
{
    /* Kinds that usher closes or counts by itself. */
    static const char *const taken[] = {"reply", "by_hand", NULL};
    a->name = g_strdup(cfg_title(s));
    a->closes = cfg_getbool(s, "closes");
    if (!watch_name_is_plain(a->name))
        return conf_refuse(s, error, "alert \"%s\": expected lower-case letters, digits and _", a->name);
    if (g_strv_contains(taken, a->name))
        return conf_refuse(
            s, error, "alert \"%s\": usher makes tasks of this kind itself; choose another name", a->name);
    if (!task_words_read_assignee(program, s, "assignee", &a->assignee, error) ||
        !task_words_read_title(program, s, &a->title, error))
        return FALSE;
    for (guint i = 0; i < homes->len; i++, a->n_homes++)
        if (!read_home(file, s, homes->pdata[i], &a->homes[i], error))
            return FALSE;
    return a->homes[0].when != NO_RULE || conf_refuse(s, error, "alert \"%s\" lacks when", a->name);
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
        g_autoptr(GPtrArray) homes = g_ptr_array_new();
        ok = watch_homes(program, s, homes, error);
        if (!ok || homes->len == 0)
            continue;
        struct alert *a = g_malloc0(sizeof *a + homes->len * sizeof a->homes[0]);
        g_ptr_array_add(program->alerts, a);
        ok = read_alert(program, path, s, homes, a, error);
    }
    if (tree)
        cfg_free(tree);
    return ok;
}

/* ---- tasks ---- */

/* What the alert is about, as text; NULL when the expression has no value, and then nothing fires. The caller
 * frees. */
static char *
cause_of(const struct view *v, const struct alert_home *home)
{
    if (home->cause == NO_RULE)
        return g_strdup(""); /* once an account */
    const struct rule_result *r = &v->watched[WATCH_ALERTS][home->cause];
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
due_of(const struct view *v, const struct alert_home *home)
{
    struct civil c;
    const struct config *config = v->program->config;
    if (home->due == NO_RULE || v->watched[WATCH_ALERTS][home->due].type != RULE_TEXT ||
        !civil_parse(v->watched[WATCH_ALERTS][home->due].text, &c))
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
fire(struct view *v, const struct alert *a, const struct alert_home *home, GError **error)
{
    g_autofree char *cause = cause_of(v, home);
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
    g_autofree char *facts = view_known_of(v, v->seq->watch[WATCH_ALERTS], home->when);
    return record(v, "task_made",
                  json_pack("{s:s, s:s, s:s*, s:I, s:s, s:s, s:s}", "task", a->name, "title", title,
                            "assignee", a->assignee, "due_at", (json_int_t)due_of(v, home), "alert", a->name,
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
reads(const struct alert *a, const char *fact)
{
    for (guint i = 0; i < a->n_homes; i++)
        if (g_strv_contains(rules_reads(a->homes[i].seq->watch[WATCH_ALERTS], a->homes[i].when), fact))
            return TRUE;
    return FALSE;
}

gboolean
alert_is_open(struct store *db, const struct program *program, gint64 account_id, const char *fact,
              gboolean *open, GError **error)
{
    g_autoptr(GError) local = NULL;
    *open = FALSE;
    for (guint i = 0; i < program->alerts->len && !*open && !local; i++) {
        const struct alert *a = program->alerts->pdata[i];
        if (reads(a, fact))
            *open = store_int(db, "SELECT 1 FROM task WHERE account_id = ? AND kind = ? AND done_at IS NULL",
                              0, &local, "it", account_id, a->name) != 0;
    }
    return error_pass(error, &local);
}

/* ---- through whose eyes ---- */

/* The sequences the account is or was in, the one it is in first, then the one it entered last. NULL with
 * error.
 */
static GPtrArray *
sequences_of(const struct view *v, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(v->db,
                    "SELECT sequence FROM enrolment WHERE account_id = ? ORDER "
                    "BY state = 'active' DESC, since DESC, sequence",
                    &local, "i", v->account_id);
    while (q && query_next(q, &local))
        g_ptr_array_add(names, query_dup_text(q, "sequence"));
    if (!local)
        return g_steal_pointer(&names);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static const struct alert_home *
find_home(const struct alert *a, const char *sequence)
{
    for (guint i = 0; i < a->n_homes; i++)
        if (strcmp(a->homes[i].seq->name, sequence) == 0)
            return &a->homes[i];
    return NULL;
}

/* The one of the alert's homes that decides for the account; who is in none of them is seen through the
 * first. *names is loaded when it is asked for. NULL with error. */
static const struct alert_home *
choose_home(const struct view *v, const struct alert *a, GPtrArray **names, GError **error)
{
    const struct alert_home *found = NULL;
    if (a->n_homes == 1)
        return &a->homes[0];
    if (!*names)
        *names = sequences_of(v, error);
    if (!*names)
        return NULL;
    for (guint i = 0; !found && i < (*names)->len; i++)
        found = find_home(a, (*names)->pdata[i]);
    return found ? found : &a->homes[0];
}

static gboolean
raise_and_close(struct view *v, GError **error)
{
    g_autoptr(GPtrArray) names = NULL;
    for (guint i = 0; i < v->program->alerts->len && !v->absent; i++) {
        const struct alert *a = v->program->alerts->pdata[i];
        if (!find_home(a, v->seq->name))
            continue;
        const struct alert_home *home = choose_home(v, a, &names, error);
        if (!home)
            return FALSE;
        if (home->seq != v->seq)
            continue;
        enum rule_truth when = watch_truth(v, WATCH_ALERTS, home->when, RULE_FALSE);
        if (when == RULE_TRUE && !fire(v, a, home, error))
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
