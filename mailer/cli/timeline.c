/* See timeline.h. Streams: a journal may be long, and a pager may be left early. */
#include "cli/timeline.h"

#include "base/error.h"
#include "base/zone.h"
#include "cli/event_words.h"
#include "cli/screen.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT_WIDTH 12

/* Two queries, because one for both cases reads the whole journal for the events of one account. */
#define SELECT_EVENTS(which)                                                                                 \
    "SELECT * FROM (SELECT e.id, e.at, e.kind, e.actor, e.cause, e.data, a.key, r.by_event FROM event e "    \
    "LEFT JOIN account a ON a.id = e.account_id LEFT JOIN retracted r ON r.event_id = e.id WHERE " which     \
    " ORDER BY e.id DESC LIMIT ?2) ORDER BY id"

static struct query *
start(struct cli *cli, gint64 account_id, gint64 limit, GError **error)
{
    static const char of_account[] = SELECT_EVENTS("e.account_id = ?1"), of_all[] = SELECT_EVENTS("?1 = 0");
    return store_query(cli->service->db, account_id ? of_account : of_all, error, "ii", account_id,
                       limit > 0 ? limit : (gint64)-1);
}

/* The number of the first of the last n milestones; 0: there are no more than those. */
static gint64
first_milestone(struct cli *cli, gint64 account_id, gint64 n, GError **error)
{
    static const char of_account[] = "SELECT id, kind FROM event WHERE account_id = ? ORDER BY id DESC",
                      of_all[] = "SELECT id, kind FROM event WHERE ? = 0 ORDER BY id DESC";
    g_autoptr(GError) local = NULL;
    gint64 id = 0;
    scoped(query_end) struct query *q =
        store_query(cli->service->db, account_id ? of_account : of_all, error, "i", account_id);
    while (q && n > 0 && query_next(q, &local))
        if (event_is_milestone(query_text(q, "kind"))) {
            id = query_int(q, "id");
            n--;
        }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return n > 0 ? 0 : id;
}

static void
print_json(const struct cli *cli, struct query *q)
{
    g_autofree char *at = cli_time(cli, query_int(q, "at"));
    json_t *data = json_loads(query_text(q, "data"), 0, NULL);
    g_autofree char *what = event_words(cli, query_text(q, "kind"), data);
    cli_print_json(json_pack("{s:I, s:s, s:I, s:s?, s:s, s:s, s:s, s:I, s:I, s:o}", "event",
                             (json_int_t)query_int(q, "id"), "at", at, "at_us",
                             (json_int_t)query_int(q, "at"), "account", query_text(q, "key"), "kind",
                             query_text(q, "kind"), "actor", query_text(q, "actor"), "what", what, "cause",
                             (json_int_t)query_int(q, "cause"), "taken_back_by",
                             (json_int_t)query_int(q, "by_event"), "data", data ? data : json_object()));
}

/* "Monday 11 January 2027" whenever the day changes; *day becomes the time of us. */
static void
print_day(const struct cli *cli, gint64 us, struct civil *day)
{
    struct civil c = zone_from_utc_us(cli->service->config->timezone, us);
    struct civil before = *day;
    *day = c;
    if (c.year == before.year && c.month == before.month && c.day == before.day)
        return;
    g_autoptr(GDateTime) date = g_date_time_new_utc(c.year, c.month, c.day, 0, 0, 0);
    g_autofree char *text = date ? g_date_time_format(date, "%A %-d %B %Y") : NULL;
    if (before.year)
        putchar('\n');
    table_tint(TINT_BOLD);
    printf("%s\n", text ? text : "-");
    table_tint(TINT_NONE);
}

static void
print_event(const struct cli *cli, struct query *q, gboolean with_account, struct civil *day)
{
    const char *kind = query_text(q, "kind"), *actor = query_text(q, "actor");
    json_t *data = json_loads(query_text(q, "data"), 0, NULL);
    g_autofree char *words = event_words(cli, kind, data);
    json_decref(data);
    print_day(cli, query_int(q, "at"), day);
    g_autofree char *account = screen_clean(query_text(q, "key") ? query_text(q, "key") : "-");
    int fill = with_account ? MAX(ACCOUNT_WIDTH - table_width(account), 0) : 0;
    g_autofree char *prefix =
        with_account ? g_strdup_printf("  %02d:%02d  %s%*s  ", day->hour, day->minute, account, fill, "")
                     : g_strdup_printf("  %02d:%02d  ", day->hour, day->minute);
    gboolean person = strcmp(actor, "usher") != 0, taken_back = query_int(q, "by_event") != 0;
    g_autofree char *line =
        g_strdup_printf("%s%s%s%s%s%s", prefix, words, person ? " (" : "", person ? actor : "",
                        person ? ")" : "", taken_back ? " (taken back)" : "");
    enum tint tint = taken_back ? TINT_DIM : event_tint(kind);
    if (tint)
        table_tint(tint);
    screen_print(line, (guint)table_width(prefix) - 2);
    if (tint)
        table_tint(TINT_NONE);
}

gboolean
timeline_print(struct cli *cli, const struct timeline_filter *f, GError **error)
{
    g_autoptr(GError) local = NULL;
    struct civil day = {0};
    gboolean any = FALSE;
    gint64 first = f->milestones && f->limit > 0 ? first_milestone(cli, f->account_id, f->limit, &local) : 0;
    scoped(query_end) struct query *q =
        local ? NULL : start(cli, f->account_id, f->milestones ? 0 : f->limit, error);
    while (q && query_next(q, &local)) {
        if (f->milestones && (query_int(q, "id") < first || !event_is_milestone(query_text(q, "kind"))))
            continue;
        any = TRUE;
        if (cli->json)
            print_json(cli, q);
        else
            print_event(cli, q, f->account_id == 0, &day);
        if (ferror(stdout))
            break; /* whoever reads has seen enough */
    }
    if (!any && !cli->json && q && !local)
        puts("Nothing has happened yet.");
    return q && error_pass(error, &local);
}

json_t *
timeline_json(struct cli *cli, gint64 account_id, GError **error)
{
    g_autoptr(GError) local = NULL;
    json_t *array = json_array();
    scoped(query_end) struct query *q = start(cli, account_id, 0, error);
    while (q && query_next(q, &local)) {
        const char *kind = query_text(q, "kind");
        if (!event_is_milestone(kind))
            continue;
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        json_t *data = json_loads(query_text(q, "data"), 0, NULL);
        g_autofree char *words = event_words(cli, kind, data);
        json_decref(data);
        json_array_append_new(array, json_pack("{s:I, s:s, s:s, s:s, s:s, s:b}", "event",
                                               (json_int_t)query_int(q, "id"), "at", at, "kind", kind,
                                               "actor", query_text(q, "actor"), "what", words, "taken_back",
                                               query_int(q, "by_event") != 0));
    }
    if (q && !local)
        return array;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    json_decref(array);
    return NULL;
}
