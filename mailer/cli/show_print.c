/* The page of an account on the screen: see show.h. What has to be done stands first, what is only looked up
 * last. */
#include "base/zone.h"
#include "cli/brief.h"
#include "cli/event_words.h"
#include "cli/screen.h"
#include "cli/show.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LINES 30 /* of a customer's mail; `usher inbox NUMBER` has the rest */
#define DAY_CHARS 10  /* "2026-11-21" */

static const char *
text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void
heading(const char *text)
{
    putchar('\n');
    table_tint(TINT_BOLD);
    puts(text);
    table_tint(TINT_NONE);
}

/* One line, wrapped, in the colour of what it means. */
static void
line(enum tint tint, char *text)
{
    if (tint)
        table_tint(tint);
    screen_print(text, 2);
    if (tint)
        table_tint(TINT_NONE);
    g_free(text);
}

/* Whole days from a date or time as people read it to now; 0 where there is none. */
static int
days_since(const struct cli *cli, const char *text)
{
    struct civil then, today = zone_from_utc_us(cli->service->config->timezone, cli->now_us);
    g_autofree char *day = g_strndup(text, DAY_CHARS);
    return civil_parse(day, &then) ? civil_days_between(&then, &today) : 0;
}

/* ---- head ---- */

static void
print_sequence(const struct cli *cli, const json_t *s)
{
    const char *enrolment = text_of(s, "enrolment"), *engaged = text_of(s, "engaged_at"),
               *cancelled = text_of(s, "cancelled");
    gboolean ended = strcmp(enrolment, "ended") == 0;
    if (strcmp(enrolment, "active") != 0 && !ended) {
        if (g_str_has_prefix(cancelled, "leave: "))
            cancelled += strlen("leave: ");
        line(TINT_DIM, g_strdup_printf("%s: %s%s%s", text_of(s, "title"),
                                       strcmp(enrolment, "left") == 0 ? "left" : "never entered",
                                       *cancelled ? ", " : "", cancelled));
        return;
    }
    int days = days_since(cli, text_of(s, "stage_at"));
    g_autofree char *count = brief_count(days, "day");
    gboolean was_engaged = strcmp(engaged, "-") != 0;
    line(TINT_NONE,
         g_strdup_printf("%s: %s since %.*s, %s%s%s%.*s", text_of(s, "title"), text_of(s, "stage_title"),
                         DAY_CHARS, text_of(s, "stage_at"), count, ended ? ", over" : "",
                         was_engaged ? ", engaged since " : "", was_engaged ? DAY_CHARS : 0, engaged));
    if (*text_of(s, "outlook"))
        line(TINT_NONE, g_strdup_printf("%s: %s", text_of(s, "title"), text_of(s, "outlook")));
    if (*cancelled)
        line(TINT_BAD, g_strdup_printf("Nothing automatic goes out any more: %s", cancelled));
    if (json_is_true(json_object_get(s, "unanswered")))
        line(TINT_BAD,
             g_strdup_printf("A reply waits for an answer since %s", text_of(s, "unanswered_since")));
}

static void
print_head(const struct cli *cli, const char *key, const json_t *all)
{
    const json_t *facts = json_object_get(all, "facts");
    const char *renewal = text_of(json_object_get(facts, "next_renewal"), "value"),
               *name = text_of(all, "name"), *owner = text_of(all, "owner"), *writer = text_of(all, "writer");
    g_autofree char *forecast =
        brief_value(json_object_get(json_object_get(facts, "forecast_mrr"), "value"), "(missing)");
    g_autofree char *days = brief_days(-days_since(cli, renewal));
    g_autofree char *clean = screen_clean(name);
    g_autofree char *account = screen_clean(key);
    size_t i;
    const json_t *item;
    table_tint(TINT_BOLD);
    printf("%s%s%s\n", account, *name ? ", " : "", clean);
    table_tint(TINT_NONE);
    json_array_foreach(json_object_get(all, "sequences"), i, item) print_sequence(cli, item);
    if (json_is_true(json_object_get(all, "sales_engaged")))
        line(TINT_WARN, g_strdup("Sales is engaged"));
    if (json_is_true(json_object_get(all, "absent")))
        line(TINT_BAD, g_strdup("Missing from the last complete import: nothing automatic goes out"));
    json_array_foreach(json_object_get(all, "holds"), i, item)
        line(TINT_BAD, g_strdup_printf("On hold%s%s: %s; `usher resume %s` ends that",
                                       *text_of(item, "until") ? " until " : "", text_of(item, "until"),
                                       text_of(item, "reason"), key));
    line(TINT_NONE,
         g_strdup_printf("Owner %s%s%s, forecast %s%s%s%s%s%s, their clock shows %s (%s)", owner,
                         strcmp(owner, writer) ? ", written to by " : "", strcmp(owner, writer) ? writer : "",
                         forecast, *renewal ? ", renews " : "", renewal, *renewal ? " (" : "",
                         *renewal ? days : "", *renewal ? ")" : "",
                         text_of(all, "local_time") + DAY_CHARS + 1, text_of(all, "timezone")));
    if (*text_of(all, "risk"))
        line(TINT_WARN, g_strdup_printf("Payment risk: %s%s%s", text_of(all, "risk"),
                                        *text_of(all, "risk_note") ? ", " : "", text_of(all, "risk_note")));
    if (*text_of(all, "priority"))
        line(TINT_NONE, g_strdup_printf("Priority: %s", text_of(all, "priority")));
}

/* ---- what comes next ---- */

static enum tint
state_tint(const char *state)
{
    return strcmp(state, "late") == 0                                       ? TINT_BAD
           : strcmp(state, "waiting") == 0 || strcmp(state, "drafted") == 0 ? TINT_WARN
                                                                            : TINT_NONE;
}

/* The emails that somebody or something stopped, each with what lets it go on. */
static void
print_stopped(const char *key, const json_t *all)
{
    static const char *const states[] = {"stopped", "rejected", "skipped", NULL};
    size_t i, j;
    const json_t *one, *step;
    gboolean several = json_array_size(json_object_get(all, "sequences")) > 1;
    json_array_foreach(json_object_get(all, "sequences"), i, one)
    {
        json_array_foreach(json_object_get(one, "steps"), j, step)
        {
            const char *state = text_of(step, "state"), *id = text_of(step, "step"),
                       *reason = text_of(step, "reason");
            if (!g_strv_contains(states, state))
                continue;
            line(TINT_DIM,
                 g_strdup_printf("%s is %s%s%s%s; usher resume %s %s%s%s lets it go on", id, state,
                                 *reason ? " (" : "", reason, *reason ? ")" : "", key, id,
                                 several ? " --sequence " : "", several ? text_of(one, "sequence") : ""));
        }
    }
}

static void
print_next(const char *key, const json_t *all)
{
    static const char *const headings[] = {"email", "when", "there", "state", "stop it", "because", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    size_t i;
    const json_t *item;
    gboolean drafted = FALSE, late = FALSE;
    table_fold(table);
    json_array_foreach(json_object_get(all, "next"), i, item)
    {
        const char *state = text_of(item, "state"), *local = text_of(item, "local");
        gboolean same_day = *local && strncmp(text_of(item, "at"), local, DAY_CHARS) == 0;
        const char *is = text_of(item, "kind");
        g_autofree char *kind = g_strdup_printf("%s%s%s", strcmp(is, "draft") == 0 ? "" : is,
                                                strcmp(is, "draft") == 0 ? "" : ", ", state);
        table_add(table, text_of(item, "step"), text_of(item, "at"), same_day ? local + DAY_CHARS + 1 : local,
                  kind, text_of(item, "stop"), text_of(item, "reason"), NULL);
        table_tint_cell(table, 3, state_tint(state));
        drafted = drafted || strcmp(state, "drafted") == 0;
        late = late || strcmp(state, "late") == 0;
    }
    heading("What comes next");
    table_print(table, "No email is to come; `usher why` says what decides that.");
    if (drafted)
        line(TINT_DIM, g_strdup_printf("usher review --account %s decides about its drafts", key));
    if (late)
        line(TINT_DIM, g_strdup_printf("usher resume %s EMAIL lets a late one go", key));
    print_stopped(key, all);
    if (json_array_size(json_object_get(all, "next")))
        line(TINT_DIM, g_strdup_printf("usher hold %s REASON stops everything, usher resume %s lets it go on",
                                       key, key));
}

/* ---- tasks, notes, findings, people ---- */

static void
print_tasks(const struct cli *cli, const json_t *tasks)
{
    static const char *const headings[] = {"task", "due", "when", "for", "title", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    size_t i;
    const json_t *t;
    table_fold(table);
    json_array_foreach(tasks, i, t)
    {
        int days = -days_since(cli, text_of(t, "due"));
        g_autofree char *number = brief_value(json_object_get(t, "task"), "(missing)");
        g_autofree char *due = g_strndup(text_of(t, "due"), DAY_CHARS);
        g_autofree char *when = strlen(due) == DAY_CHARS ? brief_days(days) : g_strdup("");
        table_add(table, number, due, when, text_of(t, "assignee"), text_of(t, "title"), NULL);
        if (strlen(due) == DAY_CHARS && days <= 0)
            table_tint_cell(table, 2, days < 0 ? TINT_BAD : TINT_WARN);
    }
    if (json_array_size(tasks) == 0)
        return;
    heading("Open tasks (usher task done TASK)");
    table_print(table, "");
}

static void
print_notes(const json_t *notes)
{
    size_t i;
    const json_t *n;
    if (json_array_size(notes) == 0)
        return;
    heading("Notes");
    json_array_foreach(notes, i, n)
        line(TINT_NONE, g_strdup_printf("%.*s %s: %s", DAY_CHARS, text_of(n, "at"), text_of(n, "by"),
                                        text_of(n, "text")));
}

/* "recordings_30d 53600, replay_projects 3". The caller frees. */
static char *
figures_text(const json_t *figures)
{
    GString *out = g_string_new(NULL);
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)(gsize)figures, name, entry)
    {
        g_autofree char *value = brief_value(json_object_get(entry, "value"), "(missing)");
        g_string_append_printf(out, "%s%s %s", out->len ? ", " : "", name, value);
    }
    return g_string_free(out, FALSE);
}

static void
print_findings(const json_t *findings)
{
    size_t i;
    const json_t *f;
    heading("Findings");
    json_array_foreach(findings, i, f)
    {
        g_autofree char *figures = figures_text(json_object_get(f, "figures"));
        if (*text_of(f, "error"))
            line(TINT_BAD, g_strdup(text_of(f, "error")));
        else
            line(TINT_NONE, g_strdup_printf("%s: %s", text_of(f, "finding"), figures));
    }
    if (json_array_size(findings) == 0)
        puts("None holds; `usher findings --all` says why.");
}

static void
print_people(const json_t *contacts)
{
    static const char *const headings[] = {"address",           "name", "role", "function", "active",
                                           "may be written to", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    size_t i;
    const json_t *c;
    table_fold(table);
    json_array_foreach(contacts, i, c)
    {
        gboolean writable = json_is_true(json_object_get(c, "writable"));
        const char *first = text_of(c, "first_name"), *last = text_of(c, "last_name");
        g_autofree char *name = g_strdup_printf("%s%s%s", first, *first && *last ? " " : "", last);
        g_autofree char *may = writable ? g_strdup("yes") : g_strdup_printf("no, %s", text_of(c, "why_not"));
        table_add(table, text_of(c, "address"), name, text_of(c, "role"), text_of(c, "function"),
                  text_of(c, "last_active"), may, NULL);
        table_tint_cell(table, 5, writable ? TINT_NONE : TINT_BAD);
    }
    heading("People");
    table_print(table, "No contacts: nobody can be written to.");
}

/* ---- conversation, timeline, facts ---- */

static void
print_words(const char *text, const json_t *inbound)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = g_strv_length(lines);
    while (n && !*g_strchug(lines[n - 1]))
        n--;
    for (guint i = 0; i < MIN(n, TEXT_LINES); i++)
        line(TINT_NONE, *lines[i] ? g_strconcat("    ", lines[i], NULL) : g_strdup(" "));
    if (n > TEXT_LINES)
        printf("    … (usher inbox %d has all of it)\n", (int)json_integer_value(inbound));
}

static void
print_thread(const json_t *thread)
{
    size_t i;
    const json_t *m;
    heading("Conversation");
    json_array_foreach(thread, i, m)
    {
        gboolean in = strcmp(text_of(m, "direction"), "in") == 0;
        const char *what = text_of(m, "what"), *to = text_of(m, "to"), *subject = text_of(m, "subject"),
                   *who = text_of(m, "who");
        gboolean person =
            strcmp(what, "reply") == 0 || strcmp(what, "opt_out") == 0 || strcmp(what, "booking") == 0;
        g_autofree char *text = g_strdup_printf("%s %s %s (%s)%s%s%s%s%s", text_of(m, "at"), in ? "←" : "→",
                                                *who ? who : "somebody", what, *to ? " to " : "", to,
                                                *subject ? ": “" : "", subject, *subject ? "”" : "");
        enum tint tint = !in ? TINT_NONE : person ? TINT_GOOD : TINT_DIM;
        if (tint)
            table_tint(tint);
        screen_print(text, (guint)strlen("2026-11-21 09:00 > "));
        if (tint)
            table_tint(TINT_NONE);
        if (person)
            print_words(text_of(m, "text"), json_object_get(m, "inbound"));
    }
    if (json_array_size(thread) == 0)
        puts("Nobody has written yet.");
}

static void
print_timeline(const json_t *timeline)
{
    size_t i;
    const json_t *e;
    heading("Timeline");
    json_array_foreach(timeline, i, e)
    {
        gboolean person = strcmp(text_of(e, "actor"), "usher") != 0;
        gboolean taken_back = json_is_true(json_object_get(e, "taken_back"));
        g_autofree char *text = g_strdup_printf("%s  %s%s%s%s%s", text_of(e, "at"), text_of(e, "what"),
                                                person ? " (" : "", person ? text_of(e, "actor") : "",
                                                person ? ")" : "", taken_back ? " (taken back)" : "");
        enum tint tint = taken_back ? TINT_DIM : event_tint(text_of(e, "kind"));
        if (tint)
            table_tint(tint);
        screen_print(text, (guint)strlen("2026-11-21 09:00  "));
        if (tint)
            table_tint(TINT_NONE);
    }
}

static void
print_facts(const json_t *facts)
{
    static const char *const headings[] = {"fact", "value", "source", "age", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const char *name;
    json_t *fact;
    table_fold(table);
    table_limit(table, 1, 60);
    json_object_foreach((json_t *)(gsize)facts, name, fact)
    {
        if (strcmp(text_of(fact, "source"), "default") == 0)
            continue;
        g_autofree char *text = brief_value(json_object_get(fact, "value"), "(missing)");
        table_add(table, name, text, text_of(fact, "source"), text_of(fact, "age"), NULL);
    }
    heading("Facts");
    table_print(table, "No facts.");
}

void
show_print(const struct cli *cli, const char *key, const json_t *all)
{
    print_head(cli, key, all);
    print_next(key, all);
    print_tasks(cli, json_object_get(all, "tasks"));
    print_notes(json_object_get(all, "notes"));
    print_thread(json_object_get(all, "thread"));
    print_people(json_object_get(all, "contacts"));
    print_findings(json_object_get(all, "findings"));
    print_timeline(json_object_get(all, "timeline"));
    print_facts(json_object_get(all, "facts"));
}
