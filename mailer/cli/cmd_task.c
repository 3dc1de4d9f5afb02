/* task, and what a person sets by hand about an account: risk, priority. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/when.h"
#include "service/tasks.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* ---- task ---- */

struct task_options {
    char *account, *assignee, *due;
    gboolean all;
};

/* "3 days late", "today", "in 5 days"; empty without a due date. The caller frees. */
static char *
distance(const struct cli *cli, gint64 due_us)
{
    if (!due_us)
        return g_strdup("");
    struct civil today = zone_from_utc_us(cli->service->config->timezone, cli->now_us),
                 due = zone_from_utc_us(cli->service->config->timezone, due_us);
    int days = civil_days_between(&today, &due);
    if (days == 0)
        return g_strdup("today");
    return days < 0 ? g_strdup_printf("%d day%s late", -days, days < -1 ? "s" : "")
                    : g_strdup_printf("in %d day%s", days, days > 1 ? "s" : "");
}

static void
print_task(const struct cli *cli, struct table *table, const struct task *t, gboolean all)
{
    g_autofree char *due = cli_time(cli, t->due_us);
    g_autofree char *done = cli_time(cli, t->done_us);
    g_autofree char *made = cli_time(cli, t->made_us);
    if (cli->json) {
        json_t *object =
            json_pack("{s:I, s:s?, s:s, s:s, s:s, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:I}", "task",
                      (json_int_t)t->id, "account", t->account, "kind", t->kind, "title", t->title,
                      "assignee", t->assignee, "assigned", t->given, "made_at", made, "due", due, "done_at",
                      done, "done_by", t->done_by, "note", t->done_note, "event", (json_int_t)t->event_id);
        json_object_set_new(object, "cause", t->cause ? json_integer(t->cause) : json_null());
        cli_print_json(object);
        return;
    }
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, t->id);
    g_autofree char *when = t->done_us
                                ? g_strdup_printf("done %.10s by %s", done, t->done_by ? t->done_by : "usher")
                                : distance(cli, t->due_us);
    g_autofree char *title =
        all && t->done_note ? g_strdup_printf("%s (%s)", t->title, t->done_note) : g_strdup(t->title);
    due[MIN(strlen(due), strlen("2026-12-01"))] = '\0';
    table_add(table, id, due, when, t->account ? t->account : "-", t->assignee, title, NULL);
}

/* The specialist a word means, or NULL with *rc set. */
static const struct specialist *
find_specialist(struct cli *cli, const char *word, int *rc)
{
    const struct specialist *who = tasks_specialist(cli->service->config, word);
    if (!who)
        *rc = cli_missing("task: there is no specialist \"%s\" in usher.conf", word);
    return who;
}

static int
list_tasks(struct cli *cli, const struct task_options *o)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    struct task_filter filter = {.done = o->all};
    if (o->account && !(filter.account_id = cli_account(cli, o->account, &rc)))
        return rc;
    if (o->assignee) {
        const struct specialist *who = find_specialist(cli, o->assignee, &rc);
        if (!who)
            return rc;
        filter.assignee = who->id;
    }
    if (o->due && !when_parse(cli->service->config->timezone, cli->now_us, o->due, TRUE,
                              &filter.due_before_us, &error)) {
        g_prefix_error(&error, "task: --due: ");
        return cli_fail(error);
    }
    g_autoptr(GPtrArray) tasks = tasks_list(cli->service, &filter, &error);
    if (!tasks)
        return cli_fail(error);
    static const char *const headings[] = {"task", "due", "when", "account", "assignee", "title", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    for (guint i = 0; i < tasks->len; i++)
        print_task(cli, table, tasks->pdata[i], o->all);
    if (cli->json)
        return EX_OK;
    screen_page();
    table_print(table, "Nothing to do.");
    return EX_OK;
}

static int
add_task(struct cli *cli, const struct task_options *o, const char *account, const char *title)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    struct task_request request = {
        .kind = "by_hand", .title = title, .due_us = cli->now_us, .actor = service_actor()};
    if (!*title)
        return cli_usage("task add: expected a title that says what is to be done");
    if (strcmp(account, "-") != 0 && !(request.account_id = cli_account(cli, account, &rc)))
        return rc;
    const struct specialist *who = o->assignee ? find_specialist(cli, o->assignee, &rc) : NULL;
    if (rc != EX_OK)
        return rc;
    request.assignee = who ? who->id : NULL;
    if (o->due &&
        !when_parse(cli->service->config->timezone, cli->now_us, o->due, FALSE, &request.due_us, &error)) {
        g_prefix_error(&error, "task: --due: ");
        return cli_fail(error);
    }
    gboolean made;
    struct store *db = cli->service->db;
    if (!store_begin(db, &error) || !tasks_make(cli->service, &request, cli->now_us, &made, &error) ||
        !store_commit(db, &error)) {
        store_rollback(db);
        return cli_fail(error);
    }
    if (made)
        printf("task %" G_GINT64_FORMAT " made\n",
               store_int(db, "SELECT max(id) FROM task WHERE kind = 'by_hand'", 0, NULL, ""));
    else
        puts("there is an open task with this title already");
    return EX_OK;
}

static gboolean
finish(struct cli *cli, const struct task *t, const char *note, char **told, GError **error)
{
    *told = g_strdup_printf("task %" G_GINT64_FORMAT " is done", t->id);
    return tasks_finish(cli->service, t, note, error);
}

static gboolean
snooze(struct cli *cli, const struct task *t, const char *date, char **told, GError **error)
{
    gint64 due_us;
    if (!when_parse(cli->service->config->timezone, cli->now_us, date, FALSE, &due_us, error))
        return FALSE;
    if (due_us <= cli->now_us) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_USAGE, "task snooze: %s is in the past", date);
        return FALSE;
    }
    g_autofree char *due = zone_format(cli->service->config->timezone, due_us);
    *told = g_strdup_printf("task %" G_GINT64_FORMAT " is due %.16s", t->id, due);
    return tasks_snooze(cli->service, t, due_us, error);
}

static gboolean
assign(struct cli *cli, const struct task *t, const char *name, char **told, GError **error)
{
    const struct specialist *who = tasks_specialist(cli->service->config, name);
    if (!who) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT,
                    "task: there is no specialist \"%s\" in usher.conf", name);
        return FALSE;
    }
    *told = g_strdup_printf("task %" G_GINT64_FORMAT " is %s's", t->id, who->id);
    return tasks_assign(cli->service, t, who->id, error);
}

/* The acts on a task that is there; word is what follows its number, NULL: nothing. */
static int
act_on_task(struct cli *cli, const char *number, const char *word,
            gboolean (*act)(struct cli *, const struct task *, const char *, char **, GError **))
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    guint64 id;
    if (!g_ascii_string_to_unsigned(number, 10, 1, G_MAXINT64, &id, NULL))
        return cli_usage("task: \"%s\": expected a number, as `usher task list` shows it", number);
    const struct task_filter filter = {.id = (gint64)id, .done = TRUE};
    g_autoptr(GPtrArray) found = tasks_list(cli->service, &filter, &error);
    if (!found)
        return cli_fail(error);
    if (found->len == 0)
        return cli_missing("task: there is no task %s", number);
    const struct task *t = found->pdata[0];
    if (t->done_us) {
        g_autofree char *done = cli_time(cli, t->done_us);
        printf("task %s was done already, %s by %s\n", number, done, t->done_by ? t->done_by : "usher");
        return EX_OK;
    }
    g_autofree char *told = NULL;
    if (act(cli, t, word, &told, &error))
        puts(told);
    else
        rc = cli_fail(error);
    return rc;
}

int
cmd_task(struct cli *cli, int argc, char **argv)
{
    static const struct {
        const char *name, *expects;
        int min, max;
    } acts[] = {{"list", "no arguments", 0, 0},
                {"add", "ACCOUNT TITLE", 2, 2},
                {"done", "TASK [NOTE]", 1, 2},
                {"snooze", "TASK DATE", 2, 2},
                {"assign", "TASK SPECIALIST", 2, 2}};
    struct task_options o = {0};
    const GOptionEntry entries[] = {
        {"account", 0, 0, G_OPTION_ARG_STRING, &o.account, "list: only this account's", "ACCOUNT"},
        {"assignee", 0, 0, G_OPTION_ARG_STRING, &o.assignee, "list: only this specialist's; add: for whom",
         "SPECIALIST"},
        {"due", 0, 0, G_OPTION_ARG_STRING, &o.due, "list: due within; add: when it is due", "7d|DATE"},
        {"all", 0, 0, G_OPTION_ARG_NONE, &o.all, "list: those that are done, too", NULL},
        {0}};
    int rc = EX_OK;
    gsize which = 0;
    g_autoptr(GError) error = NULL;
    gboolean ok = cli_begin(cli, "task", entries, 0, 3, &argc, &argv, &rc);
    const char *act = argc > 1 ? argv[1] : "list";
    while (ok && which < G_N_ELEMENTS(acts) && strcmp(acts[which].name, act) != 0)
        which++;
    if (!ok)
        ;
    else if (which == G_N_ELEMENTS(acts))
        rc = cli_usage("task: \"%s\": expected list, add, done, snooze or assign", act);
    else if (MAX(argc - 2, 0) < acts[which].min || MAX(argc - 2, 0) > acts[which].max)
        rc = cli_usage("task %s: expected %s", act, acts[which].expects);
    else if (which > 0 && !cli_set_now(cli, NEEDS_WRITE, &error))
        rc = cli_fail(error);
    else if (which == 0)
        rc = list_tasks(cli, &o);
    else if (which == 1)
        rc = add_task(cli, &o, argv[2], argv[3]);
    else
        rc = act_on_task(cli, argv[2], argc > 3 ? argv[3] : NULL,
                         which == 2   ? finish
                         : which == 3 ? snooze
                                      : assign);
    g_free(o.account);
    g_free(o.assignee);
    g_free(o.due);
    return rc;
}

/* ---- risk, priority ---- */

static gboolean
is_level(const char *word, const char *extra)
{
    static const char *const risks[] = {"low", "medium", "high", NULL}, *const priorities[] = {
                                                                            "high", "normal", "low", NULL};
    return extra ? strcmp(word, extra) == 0 || g_strv_contains(risks, word)
                 : g_strv_contains(priorities, word);
}

int
cmd_risk(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    if (!cli_begin(cli, "risk", NULL, 2, 3, &argc, &argv, &rc))
        return rc;
    if (!is_level(argv[2], "none"))
        return cli_usage("risk: \"%s\": expected low, medium, high or none", argv[2]);
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    const char *level = strcmp(argv[2], "none") == 0 ? NULL : argv[2];
    g_autofree char *done = g_strdup_printf("%s: payment risk %s", argv[1], argv[2]);
    return cli_act(cli, id, "risk_set",
                   json_pack("{s:s?, s:s*}", "risk", level, "note", argc > 3 ? argv[3] : NULL), done);
}

int
cmd_priority(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    if (!cli_begin(cli, "priority", NULL, 2, 2, &argc, &argv, &rc))
        return rc;
    if (!is_level(argv[2], NULL))
        return cli_usage("priority: \"%s\": expected high, normal or low", argv[2]);
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    g_autofree char *done = g_strdup_printf("%s: priority %s", argv[1], argv[2]);
    return cli_act(cli, id, "priority_set", json_pack("{s:s}", "priority", argv[2]), done);
}
