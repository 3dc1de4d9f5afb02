/* Leave of the specialists: who is away, and who stands in. */
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct away_options {
    char *cover, *note;
    gboolean shared;
    gint64 cancel;
};

static int
list_leave(struct cli *cli)
{
    static const char *const headings[] = {"id", "who", "from", "until", "covers", "now", "note", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    GTimeZone *zone = cli->service->config->timezone;
    g_autoptr(GError) error = NULL;
    scoped(query_end) struct query *q =
        store_query(cli->service->db, "SELECT * FROM leave WHERE until_at > ? ORDER BY from_at, id", &error,
                    "i", cli->now_us);
    while (q && query_next(q, &error)) {
        /* The last day away, not the first day back: that is how it was said. */
        g_autofree char *from = zone_format(zone, query_int(q, "from_at"));
        g_autofree char *to = zone_format(zone, query_int(q, "until_at") - 1);
        from[strlen("2026-12-01")] = to[strlen("2026-12-01")] = '\0';
        gboolean now = query_int(q, "from_at") <= cli->now_us;
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "id"));
        if (cli->json)
            cli_print_json(json_pack("{s:I, s:s, s:s, s:s, s:s?, s:b, s:s?}", "leave",
                                     (json_int_t)query_int(q, "id"), "specialist",
                                     query_text(q, "specialist"), "from", from, "to", to, "cover",
                                     query_text(q, "cover"), "now", now, "note", query_text(q, "note")));
        else
            table_add(table, id, query_text(q, "specialist"), from, to,
                      query_text(q, "cover") ? query_text(q, "cover") : "nobody: mail waits",
                      now ? "away" : "", query_text(q, "note") ? query_text(q, "note") : "", NULL);
    }
    if (error)
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "Nobody is away.");
    return EX_OK;
}

/* Records the event; every account looks again, since what may be sent has changed. data is taken over. */
static int
record_leave(struct cli *cli, const char *kind, json_t *data, gint64 *id)
{
    struct service *s = cli->service;
    struct event event = {.at_us = cli->now_us, .kind = kind, .actor = service_actor(), .data = data};
    g_autoptr(GError) error = NULL;
    gboolean ok =
        store_begin(s->db, &error) && service_record(s, &event, &error) &&
        store_exec(s->db,
                   "UPDATE account SET dirty = 1, version = version + 1 WHERE id IN (SELECT "
                   "account_id FROM enrolment WHERE state = 'active')",
                   &error, "") &&
        store_exec(s->db, "UPDATE delivery SET next_at = ?1 WHERE state = 'queued' AND next_at > ?1", &error,
                   "i", cli->now_us) &&
        store_commit(s->db, &error);
    json_decref(data);
    if (!ok)
        store_rollback(s->db);
    *id = event.id;
    return ok ? EX_OK : cli_fail(error);
}

static int
cancel_leave(struct cli *cli, gint64 id)
{
    gint64 event_id;
    if (!store_int(cli->service->db, "SELECT 1 FROM leave WHERE id = ?", 0, NULL, "i", id))
        return cli_missing("away: there is no leave %" G_GINT64_FORMAT "; `usher away` lists them", id);
    int rc = record_leave(cli, "away_cancelled", json_pack("{s:I}", "leave", (json_int_t)id), &event_id);
    if (rc == EX_OK)
        printf("leave %" G_GINT64_FORMAT " is cancelled\n", id);
    return rc;
}

/* A date, to the first instant of the day `days` later in the team's zone. */
static gboolean
read_day(struct cli *cli, const char *text, int days, gint64 *us, int *rc)
{
    struct civil day;
    if (!civil_parse(text, &day) || day.has_time) {
        *rc = cli_usage("away: \"%s\": expected a date such as 2026-12-21", text);
        return FALSE;
    }
    civil_add_days(&day, days);
    *us = zone_to_utc_us(cli->service->config->timezone, &day);
    return TRUE;
}

/* Who stands in; FALSE with *rc set. *cover stays NULL where nobody does. */
static gboolean
read_cover(struct cli *cli, const struct away_options *o, const char *who, const char **cover, int *rc)
{
    const struct config *config = cli->service->config;
    *cover = o->shared ? (config->shared ? config->shared->id : NULL) : o->cover;
    if (o->shared && o->cover)
        *rc = cli_usage("away: --cover or --shared, not both");
    else if (o->shared && !config->shared)
        *rc = cli_usage("away: --shared needs \"shared\" in the team section of usher.conf");
    else if (*cover && !config_specialist(config, *cover))
        *rc = cli_missing("away: there is no specialist \"%s\" in usher.conf", *cover);
    else if (*cover && strcmp(*cover, who) == 0)
        *rc = cli_usage("away: %s cannot cover for themselves", who);
    else
        return TRUE;
    return FALSE;
}

static int
set_leave(struct cli *cli, const struct away_options *o, char **words)
{
    int rc = EX_OK;
    gint64 from_us, until_us, id;
    const char *cover;
    if (!config_specialist(cli->service->config, words[0]))
        return cli_missing("away: there is no specialist \"%s\" in usher.conf", words[0]);
    if (!read_day(cli, words[1], 0, &from_us, &rc) || !read_day(cli, words[2], 1, &until_us, &rc) ||
        !read_cover(cli, o, words[0], &cover, &rc))
        return rc;
    if (until_us <= from_us)
        return cli_usage("away: %s is before %s", words[2], words[1]);
    if (until_us <= cli->now_us)
        return cli_usage("away: %s is over", words[2]);
    gint64 other = store_int(cli->service->db,
                             "SELECT id FROM leave WHERE specialist = ? AND from_at < ? AND until_at > ?", 0,
                             NULL, "tii", words[0], until_us, from_us);
    if (other)
        return cli_usage("away: %s is away then already; `usher away --cancel %" G_GINT64_FORMAT
                         "` takes that back",
                         words[0], other);
    rc = record_leave(cli, "away_set",
                      json_pack("{s:s, s:I, s:I, s:s?, s:s?}", "specialist", words[0], "from",
                                (json_int_t)from_us, "until", (json_int_t)until_us, "cover", cover, "note",
                                o->note),
                      &id);
    if (rc == EX_OK)
        printf("leave %" G_GINT64_FORMAT ": %s is away from %s to %s, %s%s\n", id, words[0], words[1],
               words[2], cover ? cover : "nobody covers: mail waits", cover ? " covers" : "");
    return rc;
}

int
cmd_away(struct cli *cli, int argc, char **argv)
{
    struct away_options o = {0};
    const GOptionEntry entries[] = {
        {"cover", 0, 0, G_OPTION_ARG_STRING, &o.cover, "the specialist who stands in", "NAME"},
        {"shared", 0, 0, G_OPTION_ARG_NONE, &o.shared, "the team's shared address stands in", NULL},
        {"note", 0, 0, G_OPTION_ARG_STRING, &o.note, "for the colleagues", "TEXT"},
        {"cancel", 0, 0, G_OPTION_ARG_INT64, &o.cancel, "take a leave back", "ID"},
        {0}};
    int rc = EX_OK;
    if (cli_begin(cli, "away", entries, 0, 3, &argc, &argv, &rc)) {
        gboolean set = o.cover || o.note || o.shared;
        if (o.cancel && (argc > 1 || set))
            rc = cli_usage("away: --cancel goes alone");
        else if (o.cancel)
            rc = cancel_leave(cli, o.cancel);
        else if (argc == 1 && !set)
            rc = list_leave(cli);
        else if (argc != 4)
            rc = cli_usage("away: expected NAME FROM TO, or nothing");
        else
            rc = set_leave(cli, &o, argv + 1);
    }
    g_free(o.cover);
    g_free(o.note);
    return rc;
}
