/* daily: the working queue. Above it what needs somebody first, with names, so that nothing recently added is
 * missed however long the queue is. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/brief.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/when.h"
#include "service/people.h"
#include "service/queue.h"
#include "service/revision.h"
#include "service/tasks.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define NAMES_SHOWN 8
#define NOTE_CHARS 80
#define SUBJECT_CHARS 60
#define TITLE_CHARS 80
#define END_DAYS 14 /* so long before its end a programme says so */

/* ---- one account ---- */

/* "not written to, renews in 3d; draft 12". The caller frees. */
static char *
attention(const struct cli *cli, const struct queue_entry *e)
{
    GString *out = g_string_new(NULL);
    for (int mark = 0; mark < QUEUE_MARK_COUNT; mark++) {
        g_autofree char *words = NULL;
        g_autofree char *waited =
            brief_age(cli->now_us, mark == QUEUE_UNANSWERED ? e->unanswered_us : e->since_us);
        g_autofree char *draft = revision_name(e->draft_id, e->draft_revision);
        if (!e->marks[mark])
            continue;
        switch ((enum queue_mark)mark) {
        case QUEUE_UNWRITTEN:
            words = g_strdup_printf("%snobody has written%s%s", e->renewal_days < 0 ? "renewed, " : "",
                                    e->marks[QUEUE_NO_OUTREACH] ? " for " : "",
                                    e->marks[QUEUE_NO_OUTREACH] ? waited : "");
            break;
        case QUEUE_UNANSWERED:
            words = g_strdup_printf("reply unanswered %s", waited);
            break;
        case QUEUE_NO_OUTREACH:
            if (e->marks[QUEUE_UNWRITTEN])
                continue; /* said already */
            words = g_strdup_printf("%s without outreach", waited);
            break;
        case QUEUE_TASK_DUE:
            words = g_strdup("task due");
            break;
        case QUEUE_STEP_LATE:
            words = g_strdup("an email is late");
            break;
        case QUEUE_CHECK_IN: {
            g_autofree char *until =
                e->check_in_until_us ? zone_format(cli->service->config->timezone, e->check_in_until_us - 1)
                                     : NULL;
            words = g_strdup_printf("%s to decide%s%.5s", e->check_in, until ? ", until " : "",
                                    until ? until + strlen("2026-") : "");
            break;
        }
        case QUEUE_DRAFT:
            words = e->drafts > 1 ? g_strdup_printf("%d drafts", (int)e->drafts)
                                  : g_strdup_printf("draft %s", draft);
            break;
        case QUEUE_HELD:
            words = g_strdup("on hold");
            break;
        case QUEUE_NEW:
            words = g_strdup("new");
            break;
        case QUEUE_MARK_COUNT:
            break;
        }
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", words);
    }
    if (e->ends_at && e->ends_days <= END_DAYS)
        g_string_append_printf(out, "%sends %.10s", out->len ? ", " : "", e->ends_at);
    if (e->goals)
        g_string_append_printf(out, "%s%u of %u goals seen", out->len ? ", " : "", e->goals_met, e->goals);
    return g_string_free(out, FALSE);
}

static enum tint
tint_of(const struct queue_entry *e)
{
    static const enum tint tints[QUEUE_MARK_COUNT] = {
        [QUEUE_UNWRITTEN] = TINT_BAD, [QUEUE_UNANSWERED] = TINT_BAD, [QUEUE_NO_OUTREACH] = TINT_BAD,
        [QUEUE_TASK_DUE] = TINT_WARN, [QUEUE_STEP_LATE] = TINT_BAD,  [QUEUE_CHECK_IN] = TINT_WARN,
        [QUEUE_DRAFT] = TINT_WARN,    [QUEUE_HELD] = TINT_DIM,       [QUEUE_NEW] = TINT_GOOD,
    };
    for (int mark = 0; mark < QUEUE_MARK_COUNT; mark++)
        if (e->marks[mark])
            return tints[mark];
    return TINT_NONE;
}

/* A set member: text, null for NULL. */
static void
set_text(json_t *object, const char *member, const char *text)
{
    json_object_set_new(object, member, text ? json_string(text) : json_null());
}

static void
set_time(const struct cli *cli, json_t *object, const char *member, gint64 us)
{
    g_autofree char *text = cli_time(cli, us);
    set_text(object, member, text);
}

static json_t *
marks_json(const struct queue_entry *e)
{
    json_t *marks = json_array();
    for (int mark = 0; mark < QUEUE_MARK_COUNT; mark++)
        if (e->marks[mark])
            json_array_append_new(marks, json_string(queue_mark_names[mark]));
    return marks;
}

static json_t *
mail_json(const struct cli *cli, const struct queue_mail *m)
{
    g_autofree char *at = cli_time(cli, m->at_us);
    return m->at_us ? json_pack("{s:s, s:s, s:s?, s:s?}", "at", at, "direction", m->incoming ? "in" : "out",
                                "what", m->what, "subject", m->subject)
                    : json_null();
}

static json_t *
task_json(const struct cli *cli, const struct queue_entry *e)
{
    g_autofree char *due = cli_time(cli, e->task_due_us);
    return e->tasks
               ? json_pack("{s:I, s:s, s:s?, s:s}", "task", (json_int_t)e->task_id, "title", e->task_title,
                           "due", due, "assignee", e->task_assignee ? e->task_assignee : e->owner->id)
               : json_null();
}

static json_t *
note_json(const struct cli *cli, const struct queue_entry *e)
{
    g_autofree char *at = cli_time(cli, e->note_us);
    return e->note_us ? json_pack("{s:s, s:s?, s:s}", "at", at, "text", e->note, "by", e->note_by)
                      : json_null();
}

static void
print_entry_json(const struct cli *cli, const struct queue_entry *e)
{
    g_autofree char *look = attention(cli, e);
    g_autofree char *draft = e->drafts ? revision_name(e->draft_id, e->draft_revision) : NULL;
    json_t *o = json_object();
    set_text(o, "account", e->account);
    set_text(o, "name", e->name);
    set_text(o, "next_renewal", e->renewal);
    json_object_set_new(o, "renewal_days", e->renewal ? json_integer(e->renewal_days) : json_null());
    json_object_set_new(o, "marks", marks_json(e));
    set_text(o, "flag", look);
    set_text(o, "sequence", e->sequence);
    set_text(o, "stage", e->stage);
    set_text(o, "stage_title", e->stage_title);
    set_text(o, "owner", e->owner->id);
    set_text(o, "priority", e->priority);
    json_object_set_new(o, "forecast_mrr", e->has_forecast ? json_real(e->forecast_mrr) : json_null());
    json_object_set_new(o, "users", json_integer(e->users));
    set_time(cli, o, "since", e->since_us);
    set_time(cli, o, "engaged_at", e->engaged_us);
    set_time(cli, o, "last_sent", e->last_sent_us);
    json_object_set_new(o, "last_message", mail_json(cli, &e->last));
    json_object_set_new(o, "unanswered", json_boolean(e->unanswered_us != 0));
    set_time(cli, o, "unanswered_since", e->unanswered_us);
    set_text(o, "next", e->next_step);
    set_text(o, "next_state", e->next_state);
    set_time(cli, o, "next_at", e->next_us);
    json_object_set_new(o, "drafts", json_integer(e->drafts));
    set_text(o, "draft", draft);
    set_text(o, "check_in", e->check_in_state);
    set_time(cli, o, "check_in_until", e->check_in_until_us);
    json_object_set_new(o, "tasks", json_integer(e->tasks));
    json_object_set_new(o, "next_task", task_json(cli, e));
    json_object_set_new(o, "note", note_json(cli, e));
    set_text(o, "ends_at", e->ends_at);
    json_object_set_new(o, "goals", json_integer(e->goals));
    json_object_set_new(o, "goals_met", json_integer(e->goals_met));
    set_text(o, "held", e->held);
    set_time(cli, o, "held_until", e->held_until_us);
    set_text(o, "cancelled", e->cancelled);
    cli_print_json(o);
}

/* ---- the table ---- */

enum column {
    RENEWAL,
    IN,
    ACCOUNT,
    LOOK,
    STAGE,
    OWNER,
    FORECAST,
    USERS,
    PRIORITY,
    LAST,
    NEXT,
    CHECK_IN,
    TASK,
    NOTE,
    COLUMNS
};

static const char *const headings[COLUMNS + 1] = {
    [RENEWAL] = "renewal",   [IN] = "in",       [ACCOUNT] = "account",
    [LOOK] = "look at",      [STAGE] = "stage", [OWNER] = "owner",
    [FORECAST] = "forecast", [USERS] = "users", [PRIORITY] = "priority",
    [LAST] = "last message", [NEXT] = "next",   [CHECK_IN] = "check-in",
    [TASK] = "task",         [NOTE] = "note"};

/* "in 2d: Call them", with how many more there are. */
static char *
task_text(const struct cli *cli, const struct queue_entry *e)
{
    if (!e->tasks)
        return g_strdup("-");
    struct civil today = zone_from_utc_us(cli->service->config->timezone, cli->now_us),
                 due = zone_from_utc_us(cli->service->config->timezone, e->task_due_us);
    g_autofree char *days = brief_days(civil_days_between(&today, &due));
    g_autofree char *more =
        e->tasks > 1 ? g_strdup_printf(" (and %d more)", (int)e->tasks - 1) : g_strdup("");
    g_autofree char *title = brief_line(e->task_title, TITLE_CHARS);
    return g_strdup_printf("%s%s%s%s", e->task_due_us ? days : "", e->task_due_us ? ": " : "", title, more);
}

static char *
last_text(const struct cli *cli, const struct queue_entry *e)
{
    if (!e->last.at_us)
        return g_strdup("-");
    g_autofree char *age = brief_age(cli->now_us, e->last.at_us);
    g_autofree char *subject = brief_line(e->last.subject, SUBJECT_CHARS);
    return g_strdup_printf("%s %s %s %s%s%s", age, e->last.incoming ? "←" : "→",
                           e->last.what ? e->last.what : "", *subject ? "“" : "", subject,
                           *subject ? "”" : "");
}

static char *
next_text(const struct cli *cli, const struct queue_entry *e)
{
    if (!e->next_step)
        return g_strdup(e->cancelled ? "nothing automatic" : "-");
    g_autofree char *at = cli_time(cli, e->next_us);
    if (g_strcmp0(e->next_state, step_state_names[STEP_SCHEDULED]) == 0)
        return g_strdup_printf("%s %.10s", e->next_step, at);
    return g_strdup_printf("%s %s", e->next_step, e->next_state ? e->next_state : "");
}

static const char *
check_in_text(const struct queue_entry *e)
{
    return !e->check_in_state                          ? "-"
           : strcmp(e->check_in_state, "drafted") == 0 ? "to decide"
           : strcmp(e->check_in_state, "queued") == 0  ? "approved"
                                                       : e->check_in_state;
}

static void
add_row(const struct cli *cli, struct table *table, const struct queue_entry *e)
{
    g_autofree char *days = e->renewal ? g_strdup_printf("%dd", e->renewal_days) : g_strdup("-");
    g_autofree char *look = attention(cli, e);
    g_autofree char *forecast = e->has_forecast ? g_strdup_printf("%.0f", e->forecast_mrr) : g_strdup("-");
    g_autofree char *users = g_strdup_printf("%d", (int)e->users);
    g_autofree char *last = last_text(cli, e);
    g_autofree char *next = next_text(cli, e);
    g_autofree char *task = task_text(cli, e);
    g_autofree char *note = brief_line(e->note, NOTE_CHARS);
    const char *cells[COLUMNS] = {[RENEWAL] = e->renewal ? e->renewal : "-",
                                  [IN] = days,
                                  [ACCOUNT] = e->account,
                                  [LOOK] = look,
                                  [STAGE] = e->stage_title,
                                  [OWNER] = e->owner->id,
                                  [FORECAST] = forecast,
                                  [USERS] = users,
                                  [PRIORITY] = e->priority ? e->priority : "-",
                                  [LAST] = last,
                                  [NEXT] = next,
                                  [CHECK_IN] = check_in_text(e),
                                  [TASK] = task,
                                  [NOTE] = note};
    table_add_row(table, cells);
    table_tint_cell(table, LOOK, tint_of(e));
    if (e->marks[QUEUE_UNWRITTEN])
        table_tint_cell(table, IN, TINT_BAD);
    if (e->marks[QUEUE_TASK_DUE])
        table_tint_cell(table, TASK, TINT_WARN);
}

/* ---- what comes first ---- */

/* "2 new accounts: acme, globex", nothing where there are none. */
static void
print_summary_line(const GPtrArray *queue, enum queue_mark mark, const char *noun, const char *rest,
                   enum tint tint)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < queue->len; i++) {
        const struct queue_entry *e = queue->pdata[i];
        if (e->marks[mark] && (!names->len || strcmp(names->pdata[names->len - 1], e->account) != 0))
            g_ptr_array_add(names, e->account);
    }
    if (names->len == 0)
        return;
    g_autofree char *count = brief_count(names->len, noun);
    g_autofree char *shown = brief_names(names, NAMES_SHOWN);
    g_autofree char *line = g_strdup_printf("  %s %s: %s", count, rest, shown);
    table_tint(tint);
    screen_print(line, 2);
    table_tint(TINT_NONE);
}

static void
print_summary(const struct cli *cli, const GPtrArray *queue)
{
    g_autofree char *now = cli_time(cli, cli->now_us);
    g_autofree char *count = brief_count(queue->len, "account");
    table_tint(TINT_BOLD);
    printf("%s in the queue, %s\n", count, now);
    table_tint(TINT_NONE);
    print_summary_line(queue, QUEUE_UNWRITTEN, "account", "near renewal, and nobody has written", TINT_BAD);
    print_summary_line(queue, QUEUE_UNANSWERED, "account", "with an unanswered reply", TINT_BAD);
    print_summary_line(queue, QUEUE_NO_OUTREACH, "account", "a week or longer without outreach", TINT_BAD);
    print_summary_line(queue, QUEUE_STEP_LATE, "account", "with a late email (usher why, usher resume)",
                       TINT_BAD);
    print_summary_line(queue, QUEUE_TASK_DUE, "account", "with a task due (usher task)", TINT_WARN);
    print_summary_line(queue, QUEUE_CHECK_IN, "account", "with a check-in to decide (usher review)",
                       TINT_WARN);
    print_summary_line(queue, QUEUE_DRAFT, "account", "with a draft that waits (usher review)", TINT_WARN);
    print_summary_line(queue, QUEUE_NEW, "new account", "nobody has written to", TINT_GOOD);
    putchar('\n');
}

static void
print_queue(const struct cli *cli, const GPtrArray *queue)
{
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    table_limit(table, LOOK, 44);
    table_limit(table, LAST, 36);
    table_limit(table, NEXT, 32);
    table_limit(table, TASK, 36);
    table_limit(table, NOTE, 36);
    for (guint i = 0; i < queue->len; i++)
        add_row(cli, table, queue->pdata[i]);
    if (queue->len)
        print_summary(cli, queue);
    table_print(table, "Nothing is in the queue.");
}

/* ---- the command ---- */

struct options {
    char *owner, *stage, *due, *as_id;
    gboolean mine;
};

static void
options_clear(struct options *o)
{
    g_free(o->owner);
    g_free(o->stage);
    g_free(o->due);
    g_free(o->as_id);
}

/* EX_OK when some sequence has the stage; else says which there are. */
static int
check_stage(const struct cli *cli, const char *name)
{
    const struct program *program = cli->service->program;
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; i < program->sequences->len; i++) {
        const struct sequence *seq = program->sequences->pdata[i];
        for (guint j = 0; j < seq->stages->len; j++) {
            const struct stage *stage = seq->stages->pdata[j];
            if (strcmp(stage->id, name) == 0 || g_ascii_strcasecmp(stage->title, name) == 0)
                return EX_OK;
            g_string_append_printf(ids, "%s%s", ids->len ? ", " : "", stage->id);
        }
    }
    return cli_missing("daily: there is no stage \"%s\": expected one of %s", name, ids->str);
}

static int
read_filter(struct cli *cli, const struct options *o, struct queue_filter *filter)
{
    g_autoptr(GError) error = NULL;
    const struct config *config = cli->service->config;
    const struct specialist *who = o->owner ? tasks_specialist(config, o->owner) : NULL;
    if (o->owner && !who)
        return cli_missing("daily: there is no specialist \"%s\" in usher.conf", o->owner);
    if (o->mine && o->owner)
        return cli_usage("daily: expected --mine or --owner, not both");
    if (o->as_id && !o->mine)
        return cli_usage("daily: --as says who --mine is, and needs it");
    if (o->mine && !(who = people_acting(config, service_actor(), o->as_id, &error)))
        return cli_fail(error);
    filter->owner = who ? who->id : NULL;
    filter->stage = o->stage;
    int rc = o->stage ? check_stage(cli, o->stage) : EX_OK;
    if (rc == EX_OK && o->due &&
        !when_parse(config->timezone, cli->now_us, o->due, TRUE, &filter->due_us, &error)) {
        g_prefix_error(&error, "daily: --due: ");
        rc = cli_fail(error);
    }
    return rc;
}

static int
show_queue(struct cli *cli, const struct options *o)
{
    g_autoptr(GError) error = NULL;
    struct queue_filter filter = {0};
    int rc = read_filter(cli, o, &filter);
    if (rc != EX_OK)
        return rc;
    if (!cli->json)
        screen_page();
    if ((rc = cli_print_troubles(cli)) != EX_OK)
        return rc;
    g_autoptr(GPtrArray) queue = queue_load(cli->service, &filter, cli->now_us, &error);
    if (!queue)
        return cli_fail(error);
    for (guint i = 0; cli->json && i < queue->len; i++)
        print_entry_json(cli, queue->pdata[i]);
    if (!cli->json)
        print_queue(cli, queue);
    return EX_OK;
}

int
cmd_daily(struct cli *cli, int argc, char **argv)
{
    struct options o = {0};
    const GOptionEntry entries[] = {
        {"owner", 0, 0, G_OPTION_ARG_STRING, &o.owner, "only this specialist's accounts", "SPECIALIST"},
        {"mine", 0, 0, G_OPTION_ARG_NONE, &o.mine, "only my accounts", NULL},
        {"as", 0, 0, G_OPTION_ARG_STRING, &o.as_id, "who I am, where usher.conf does not list my login",
         "ID"},
        {"stage", 0, 0, G_OPTION_ARG_STRING, &o.stage, "only accounts in this stage", "STAGE"},
        {"due", 0, 0, G_OPTION_ARG_STRING, &o.due, "only what renews or has a task due by then", "14d|DATE"},
        {0}};
    int rc = EX_OK;
    if (cli_begin(cli, "daily", entries, 0, 0, &argc, &argv, &rc))
        rc = show_queue(cli, &o);
    options_clear(&o);
    return rc;
}
