/* segments: the groups of accounts, who is in them and why, and putting an account in or out by hand. */
#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "pipeline/segment.h"
#include "service/tasks.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define RECENT_US (7 * CLOCK_DAY_US)

static const struct segment *
find_segment(const struct cli *cli, const char *name)
{
    const struct program *p = cli->service->program;
    for (guint i = 0; i < p->segments->len; i++) {
        const struct segment *s = p->segments->pdata[i];
        if (strcmp(s->name, name) == 0 || g_ascii_strcasecmp(s->title, name) == 0)
            return s;
    }
    return NULL;
}

static int
no_segment(const struct cli *cli, const char *name)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const GPtrArray *all = cli->service->program->segments;
    for (guint i = 0; i < all->len; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", ((struct segment *)all->pdata[i])->name);
    return cli_missing("segments: there is no segment \"%s\": %s%s", name,
                       all->len ? "expected one of " : "the team has no segments.conf", names->str);
}

/* ---- all of them ---- */

static int
list_segments(struct cli *cli)
{
    static const char *const headings[] = {"segment", "accounts", "by hand", "in 7 days", "what", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    const GPtrArray *all = cli->service->program->segments;
    for (guint i = 0; i < all->len && !error; i++) {
        const struct segment *s = all->pdata[i];
        scoped(query_end) struct query *q = store_query(
            cli->service->db,
            "SELECT COUNT(*) AS members, COALESCE(SUM(by_hand), 0) AS by_hand, COUNT(*) FILTER (WHERE at >= "
            "?2) AS recent FROM segment_member WHERE segment = ?1 AND member",
            &error, "ti", s->name, cli->now_us - RECENT_US);
        if (!q || !query_next(q, &error))
            break;
        if (cli->json) {
            cli_print_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:b}", "segment", s->name, "title", s->title,
                                     "accounts", (json_int_t)query_int(q, "members"), "by_hand",
                                     (json_int_t)query_int(q, "by_hand"), "entered_in_7_days",
                                     (json_int_t)query_int(q, "recent"), "in_force", s->home != NULL));
            continue;
        }
        g_autofree char *members = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "members"));
        g_autofree char *by_hand = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "by_hand"));
        g_autofree char *recent = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "recent"));
        g_autofree char *what =
            s->home ? g_strdup(s->title) : g_strdup_printf("%s (its sequence is not in force)", s->title);
        table_add(table, s->name, members, by_hand, recent, what, NULL);
    }
    if (error)
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "There are no segments: see usher-segments(5).");
    return EX_OK;
}

/* ---- one segment, one account ---- */

/* Prints the rows of a query over segment_member and account. */
static int
print_memberships(struct cli *cli, struct query *q, gboolean of_account, const char *empty, GError *error)
{
    const char *const headings[] = {of_account ? "segment" : "account", "since", "by hand", "why", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    while (q && query_next(q, &error)) {
        g_autofree char *since = cli_time(cli, query_int(q, "at"));
        gboolean by_hand = query_int(q, "by_hand") != 0, member = query_int(q, "member") != 0;
        const char *why = query_text(q, "why");
        if (cli->json)
            cli_print_json(json_pack("{s:s, s:s, s:b, s:s, s:b, s:s?, s:s?}", "segment",
                                     query_text(q, "segment"), "account", query_text(q, "key"), "member",
                                     member, "since", since, "by_hand", by_hand, "entry",
                                     query_text(q, "entry"), "why", why));
        else
            table_add(table, query_text(q, of_account ? "segment" : "key"), since,
                      !by_hand ? ""
                      : member ? "put in"
                               : "taken out",
                      why ? why : "", NULL);
    }
    if (error) {
        int rc = cli_fail(error);
        g_error_free(error);
        return rc;
    }
    if (!cli->json)
        table_print(table, empty);
    return EX_OK;
}

static int
show_segment(struct cli *cli, const struct segment *s)
{
    GError *error = NULL;
    scoped(query_end) struct query *q = store_query(cli->service->db,
                                                    "SELECT m.*, a.key FROM segment_member m JOIN account a "
                                                    "ON a.id = m.account_id WHERE m.segment = ? AND "
                                                    "(m.member OR m.by_hand) ORDER BY m.member DESC, a.key",
                                                    &error, "t", s->name);
    return print_memberships(cli, q, FALSE, "Nobody is in it.", error);
}

static int
show_account(struct cli *cli, gint64 account_id)
{
    GError *error = NULL;
    scoped(query_end) struct query *q = store_query(cli->service->db,
                                                    "SELECT m.*, a.key FROM segment_member m JOIN account a "
                                                    "ON a.id = m.account_id WHERE m.account_id = ? "
                                                    "ORDER BY m.member DESC, m.segment",
                                                    &error, "i", account_id);
    return print_memberships(cli, q, TRUE, "It is in no segment.", error);
}

/* ---- by hand ---- */

struct choice {
    char *add, *remove, *by_rule;
};

static int
act_on(struct cli *cli, gint64 id, const char *account, const struct choice *c, const char *note)
{
    struct service *s = cli->service;
    const char *name = c->add ? c->add : c->remove ? c->remove : c->by_rule;
    const struct segment *segment = find_segment(cli, name);
    g_autoptr(GError) error = NULL;
    g_autofree char *excluded = NULL;
    if (!segment)
        return no_segment(cli, name);
    if (!segment->home)
        return cli_usage("segments: %s looks through a sequence that is not in force", segment->name);
    if (c->add && !segment_excluded(s->db, s->program, segment, id, cli->now_us, &excluded, &error))
        return cli_fail(error);
    if (excluded) {
        g_set_error(&error, USHER_ERROR, USHER_ERROR_NO_PERMISSION, "%s excludes %s, even by hand: %s",
                    segment->name, account, excluded);
        return cli_fail(error);
    }
    g_autofree char *why = note ? g_strdup_printf("by hand: %s", note) : g_strdup("by hand");
    g_autofree char *done = g_strdup_printf(
        c->add      ? "%s is in %s until it is taken out, or `usher segments %s --by-rule %s`"
        : c->remove ? "%s is out of %s and stays so, until `usher segments %s --by-rule %s`"
                    : "%s: whether it is in %s follows from the rule again; `usher segments %s` shows it",
        account, segment->name, account, segment->name);
    return cli_act(cli, id,
                   c->add      ? "segment_entered"
                   : c->remove ? "segment_left"
                               : "segment_by_rule",
                   json_pack("{s:s, s:s, s:s, s:i}", "segment", segment->name, "why", why, "reason", why,
                             "by_hand", c->by_rule ? 0 : 1),
                   done);
}

int
cmd_segments(struct cli *cli, int argc, char **argv)
{
    struct choice c = {0};
    g_autofree char *add = NULL;
    g_autofree char *remove = NULL;
    g_autofree char *by_rule = NULL;
    const GOptionEntry entries[] = {
        {"add", 0, 0, G_OPTION_ARG_STRING, &add, "put the account into the segment", "SEGMENT"},
        {"remove", 0, 0, G_OPTION_ARG_STRING, &remove, "take the account out, whatever the rule says",
         "SEGMENT"},
        {"by-rule", 0, 0, G_OPTION_ARG_STRING, &by_rule, "let the rule decide again", "SEGMENT"},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "segments", entries, 0, 2, &argc, &argv, &rc))
        return rc;
    c = (struct choice){add, remove, by_rule};
    int acts = (add != NULL) + (remove != NULL) + (by_rule != NULL);
    if (acts > 1 || (acts && argc < 2) || (!acts && argc > 2))
        return cli_usage("segments: expected nothing, a segment or an account, or ACCOUNT with one of --add, "
                         "--remove, --by-rule");
    if (acts && !cli_set_now(cli, NEEDS_WRITE, &error))
        return cli_fail(error);
    if (argc == 1)
        return list_segments(cli);
    const struct segment *s = acts ? NULL : find_segment(cli, argv[1]);
    if (s)
        return show_segment(cli, s);
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    return acts ? act_on(cli, id, argv[1], &c, argc > 2 ? argv[2] : NULL) : show_account(cli, id);
}
