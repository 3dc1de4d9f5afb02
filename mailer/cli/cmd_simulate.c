/* simulate: what would go out, when and why; and what an edited sequence would change for everyone now
 * inside. */
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/when.h"
#include "service/clone_guard.h"
#include "service/simulate.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The options as they were given. */
struct options {
    char *until, *diff;
    char **assumed[ASSUMED_KIND_COUNT];
    gboolean silent, approve_all, approve_none;
};

static void
options_clear(struct options *o)
{
    g_free(o->until);
    g_free(o->diff);
    for (int i = 0; i < ASSUMED_KIND_COUNT; i++)
        g_strfreev(o->assumed[i]);
}

/* "+3d" or a date, as when_parse() has it. */
static gboolean
parse_when(struct cli *cli, const char *text, gboolean end, gint64 *us, GError **error)
{
    return when_parse(cli->service->config->timezone, cli->now_us, text + (*text == '+'), end, us, error);
}

/* ACCOUNT@WHEN; of a simulation of one account WHEN alone. */
static gboolean
parse_assumed(struct cli *cli, const char *text, const struct simulation *ask, struct assumed *out, int *rc)
{
    const char *at = strrchr(text, '@');
    const char *name = assumed_kind_names[out->kind];
    g_autoptr(GError) error = NULL;
    if (!at && !ask->account_id) {
        *rc = cli_usage("simulate: --%s %s: expected ACCOUNT@WHEN, such as acme@+3d", name, text);
        return FALSE;
    }
    out->account_id = ask->account_id;
    if (at) {
        g_autofree char *key = g_strndup(text, (gsize)(at - text));
        out->account_id = cli_account(cli, key, rc);
        if (!out->account_id)
            return FALSE;
        if (ask->account_id && out->account_id != ask->account_id) {
            *rc = cli_usage("simulate: --%s %s is about another account than the one simulated", name, text);
            return FALSE;
        }
    }
    if (!parse_when(cli, at ? at + 1 : text, FALSE, &out->at_us, &error)) {
        g_prefix_error(&error, "simulate: --%s: ", name);
        *rc = cli_fail(error);
        return FALSE;
    }
    if (out->at_us >= cli->now_us && out->at_us <= ask->until_us)
        return TRUE;
    *rc = cli_usage("simulate: --%s %s lies outside the time that is simulated", name, text);
    return FALSE;
}

static gint
by_time(gconstpointer a, gconstpointer b)
{
    const struct assumed *x = a, *y = b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

static gboolean
read_options(struct cli *cli, const struct options *o, struct simulation *ask, int *rc)
{
    g_autoptr(GError) error = NULL;
    if (o->approve_all && o->approve_none) {
        *rc = cli_usage("simulate: expected --approve-all or --approve-none, not both");
        return FALSE;
    }
    ask->approve = !o->approve_none;
    if (!parse_when(cli, o->until ? o->until : "8w", TRUE, &ask->until_us, &error)) {
        g_prefix_error(&error, "simulate: --until: ");
        *rc = cli_fail(error);
        return FALSE;
    }
    if (ask->until_us <= cli->now_us) {
        *rc = cli_usage("simulate: --until %s is in the past", o->until);
        return FALSE;
    }
    for (int kind = 0; kind < ASSUMED_KIND_COUNT; kind++)
        for (char **text = o->assumed[kind]; text && *text; text++) {
            struct assumed a = {.kind = (enum assumed_kind)kind};
            if (!parse_assumed(cli, *text, ask, &a, rc))
                return FALSE;
            g_array_append_val(ask->assumed, a);
        }
    if (o->silent && ask->assumed->len) {
        *rc = cli_usage("simulate: --silent says that nobody does anything, and another option that somebody "
                        "does");
        return FALSE;
    }
    g_array_sort(ask->assumed, by_time);
    return TRUE;
}

/* ---- printing ---- */

/* The account's own clock, where it shows something else than the team's. */
static char *
local_time(const struct cli *cli, const struct simulate_line *l)
{
    g_autofree char *local = zone_format(l->zone, l->at_us);
    g_autofree char *ours = zone_format(cli->service->config->timezone, l->at_us);
    if (strcmp(local, ours) == 0)
        return g_strdup("");
    gboolean same_day = strncmp(local, ours, strlen("2026-12-05")) == 0;
    local[strlen("2026-12-05 10:00")] = '\0';
    return g_strdup_printf(" (%s %s)", same_day ? local + strlen("2026-12-05 ") : local,
                           g_time_zone_get_identifier(l->zone));
}

/* What stands behind account and kind. The caller frees. */
static char *
line_text(const struct cli *cli, const struct simulate_line *l)
{
    const char *text = l->text ? l->text : "", *step = l->step ? l->step : "";
    switch (l->kind) {
    case SIMULATE_MAIL: {
        g_autofree char *local = local_time(cli, l);
        return g_strdup_printf("%s to %s%s: %s", step, l->to ? l->to : "nobody", local,
                               l->subject ? l->subject : "");
    }
    case SIMULATE_DRAFT:
        return g_strdup_printf("%s, %s: %s", step, text, l->subject ? l->subject : "");
    case SIMULATE_WAIT:
        return g_strdup_printf("%s%s%s", step, *step ? " " : "", text);
    case SIMULATE_STAGE:
    case SIMULATE_TASK:
    case SIMULATE_END:
    case SIMULATE_ASSUMED:
    case SIMULATE_KIND_COUNT:
        break;
    }
    return g_strdup(text);
}

static enum tint
line_tint(enum simulate_kind kind)
{
    switch (kind) {
    case SIMULATE_MAIL:
        return TINT_GOOD;
    case SIMULATE_WAIT:
        return TINT_WARN;
    case SIMULATE_END:
        return TINT_BAD;
    case SIMULATE_ASSUMED:
        return TINT_DIM;
    case SIMULATE_DRAFT:
    case SIMULATE_STAGE:
    case SIMULATE_TASK:
    case SIMULATE_KIND_COUNT:
        break;
    }
    return TINT_NONE;
}

static void
print_json_line(const struct cli *cli, const struct simulate_line *l, const char *change)
{
    g_autofree char *at = cli_time(cli, l->at_us);
    g_autofree char *local = zone_format(l->zone, l->at_us);
    json_t *to = json_array(), *o = json_object();
    g_auto(GStrv) addresses = g_strsplit(l->to ? l->to : "", ", ", -1);
    for (char **address = addresses; *address; address++)
        json_array_append_new(to, json_string(*address));
    if (change)
        json_object_set_new(o, "change", json_string(change));
    json_t *rest = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:s?}", "at", at, "kind",
                             simulate_kind_names[l->kind], "account", l->account, "sequence", l->sequence,
                             "step", l->step, "local", local, "zone", g_time_zone_get_identifier(l->zone),
                             "from", l->from, "subject", l->subject, "text", l->text);
    json_object_update(o, rest);
    json_decref(rest);
    json_object_set_new(o, "to", to);
    cli_print_json(o);
}

/* "Monday 30 November 2026" of an instant, when it is another day than *day, which then becomes it. */
static void
print_day(const struct cli *cli, gint64 us, char **day)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(us / CLOCK_SECOND_US);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, cli->service->config->timezone);
    g_autofree char *text = g_date_time_format(local, "%A %-d %B %Y");
    if (g_strcmp0(text, *day) == 0)
        return;
    table_tint(TINT_BOLD);
    printf("\n%s\n", text);
    table_tint(TINT_NONE);
    g_free(*day);
    *day = g_steal_pointer(&text);
}

static int
account_width(const GPtrArray *lines)
{
    glong width = 0;
    for (guint i = 0; i < lines->len; i++) {
        const struct simulate_line *l = lines->pdata[i];
        width = MAX(width, l->account ? g_utf8_strlen(l->account, -1) : 0);
    }
    return (int)MIN(width, 24);
}

static void
print_line(const struct cli *cli, const struct simulate_line *l, int width)
{
    g_autofree char *at = zone_format(cli->service->config->timezone, l->at_us);
    g_autofree char *text = line_text(cli, l);
    g_autofree char *line =
        g_strdup_printf("  %.5s  %-*s  %-7s  %s", at + strlen("2026-12-05 "), width,
                        l->account ? l->account : "-", simulate_kind_names[l->kind], text);
    table_tint(line_tint(l->kind));
    screen_print(line, (guint)width + 18);
    table_tint(TINT_NONE);
}

static void
print_summary(const GPtrArray *lines)
{
    guint counts[SIMULATE_KIND_COUNT] = {0};
    for (guint i = 0; i < lines->len; i++)
        counts[((const struct simulate_line *)lines->pdata[i])->kind]++;
    printf("\n%u mail%s, %u draft%s, %u task%s; nothing was sent, and nothing changed.\n",
           counts[SIMULATE_MAIL], counts[SIMULATE_MAIL] == 1 ? "" : "s", counts[SIMULATE_DRAFT],
           counts[SIMULATE_DRAFT] == 1 ? "" : "s", counts[SIMULATE_TASK],
           counts[SIMULATE_TASK] == 1 ? "" : "s");
}

/* FALSE with error. What keeps every mail back does so here, too. */
static gboolean
print_head(const struct cli *cli, const struct simulation *ask, GError **error)
{
    g_autoptr(GPtrArray) halts = service_halts(cli->service, error);
    if (!halts)
        return FALSE;
    screen_page();
    GTimeZone *zone = cli->service->config->timezone;
    g_autofree char *from = zone_format(zone, ask->from_us);
    g_autofree char *until = zone_format(zone, ask->until_us);
    from[strlen("2026-12-05 10:00")] = until[strlen("2026-12-05 10:00")] = '\0';
    g_autofree char *head = g_strdup_printf(
        "From %s to %s (%s). Drafts %s; %s.", from, until, g_time_zone_get_identifier(zone),
        ask->approve ? "are approved when they are due" : "wait, because nobody approves them",
        ask->assumed->len ? "customers do what the options say" : "no customer answers");
    screen_print(head, 0);
    table_tint(TINT_BAD);
    for (guint i = 0; i < halts->len; i++)
        screen_print(halts->pdata[i], 2);
    table_tint(TINT_NONE);
    return TRUE;
}

static int
print_future(struct cli *cli, const struct simulation *ask)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = simulate_run(cli->service, ask, &error);
    g_autofree char *day = NULL;
    if (!lines)
        return cli_fail(error);
    if (!cli->json && !print_head(cli, ask, &error))
        return cli_fail(error);
    int width = account_width(lines);
    for (guint i = 0; i < lines->len; i++) {
        const struct simulate_line *l = lines->pdata[i];
        if (cli->json) {
            print_json_line(cli, l, NULL);
            continue;
        }
        print_day(cli, l->at_us, &day);
        print_line(cli, l, width);
    }
    if (!cli->json)
        print_summary(lines);
    return EX_OK;
}

/* ---- the difference ---- */

/* Which accounts are in the sequence now: a set of keys. */
static GHashTable *
accounts_inside(struct cli *cli, const char *sequence, GError **error)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT a.key FROM enrolment e JOIN account a ON a.id = e.account_id WHERE e.sequence = ? "
        "AND e.state = 'active'",
        error, "t", sequence);
    while (q && query_next(q, &local))
        g_hash_table_add(keys, query_dup_text(q, "key"));
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return keys;
}

/* Two lines say the same when they print the same at the same time. */
static char *
line_name(const struct cli *cli, const struct simulate_line *l)
{
    g_autofree char *text = line_text(cli, l);
    return g_strdup_printf("%" G_GINT64_FORMAT " %s %s %s", l->at_us, l->account ? l->account : "",
                           simulate_kind_names[l->kind], text);
}

static GHashTable *
line_names(const struct cli *cli, const GPtrArray *lines)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < lines->len; i++)
        g_hash_table_add(names, line_name(cli, lines->pdata[i]));
    return names;
}

struct change {
    const struct simulate_line *line;
    gboolean added;
};

static gint
by_account(gconstpointer a, gconstpointer b)
{
    const struct change *x = a, *y = b;
    int order = strcmp(x->line->account, y->line->account);
    if (order)
        return order;
    if (x->line->at_us != y->line->at_us)
        return x->line->at_us < y->line->at_us ? -1 : 1;
    return x->added - y->added;
}

/* What is in lines and not among names, of accounts inside. */
static void
collect(const struct cli *cli, const GPtrArray *lines, GHashTable *names, GHashTable *inside, gboolean added,
        GArray *out)
{
    for (guint i = 0; i < lines->len; i++) {
        const struct simulate_line *l = lines->pdata[i];
        g_autofree char *name = line_name(cli, l);
        struct change c = {.line = l, .added = added};
        if (l->account && g_hash_table_contains(inside, l->account) && !g_hash_table_contains(names, name))
            g_array_append_val(out, c);
    }
}

static void
print_change(const struct cli *cli, const struct change *c, const char **account, guint *accounts)
{
    const struct simulate_line *l = c->line;
    *accounts += g_strcmp0(*account, l->account) != 0;
    if (cli->json) {
        print_json_line(cli, l, c->added ? "added" : "removed");
    } else {
        if (g_strcmp0(*account, l->account) != 0) {
            table_tint(TINT_BOLD);
            printf("\n%s\n", l->account);
            table_tint(TINT_NONE);
        }
        g_autofree char *at = zone_format(cli->service->config->timezone, l->at_us);
        at[strlen("2026-12-05 10:00")] = '\0';
        g_autofree char *text = line_text(cli, l);
        g_autofree char *line = g_strdup_printf("  %c %s  %-7s  %s", c->added ? '+' : '-', at,
                                                simulate_kind_names[l->kind], text);
        table_tint(c->added ? TINT_GOOD : TINT_BAD);
        screen_print(line, 27);
        table_tint(TINT_NONE);
    }
    *account = l->account;
}

/* The pause after a mail hangs on its number, which the edited sequence moves: no difference that anybody
 * asked for. */
static void
leave_pauses_out(struct cli *cli)
{
    const GPtrArray *mailboxes = cli->service->config->mailboxes;
    for (guint i = 0; i < mailboxes->len; i++) {
        struct mailbox *m = mailboxes->pdata[i];
        m->spacing.min_us = m->spacing.max_us = 0;
    }
}

static int
print_difference(struct cli *cli, struct simulation *ask, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = NULL;
    scoped(program_free) struct program *edited =
        program_load_edited(cli->service->config, path, &name, &error);
    if (!edited)
        return cli_fail(error);
    g_autoptr(GHashTable) inside = accounts_inside(cli, name, &error);
    ask->dirty_of = name;
    leave_pauses_out(cli);
    g_autoptr(GPtrArray) before = error ? NULL : simulate_run(cli->service, ask, &error);
    ask->program = edited;
    g_autoptr(GPtrArray) after = before ? simulate_run(cli->service, ask, &error) : NULL;
    if (!after)
        return cli_fail(error);
    g_autoptr(GHashTable) old = line_names(cli, before);
    g_autoptr(GHashTable) new = line_names(cli, after);
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct change));
    collect(cli, before, new, inside, FALSE, changes);
    collect(cli, after, old, inside, TRUE, changes);
    g_array_sort(changes, by_account);
    if (!cli->json && !print_head(cli, ask, &error))
        return cli_fail(error);
    const char *account = NULL;
    guint accounts = 0;
    for (guint i = 0; i < changes->len; i++)
        print_change(cli, &g_array_index(changes, struct change, i), &account, &accounts);
    if (!cli->json)
        printf("\n%s changes something for %u of the %u accounts that are in %s now.\n", path, accounts,
               g_hash_table_size(inside), name);
    return EX_OK;
}

int
cmd_simulate(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    struct options o = {0};
    const GOptionEntry entries[] = {
        {"until", 0, 0, G_OPTION_ARG_STRING, &o.until, "how far: +8w (the default), +10d, a date", "TIME"},
        {"diff", 0, 0, G_OPTION_ARG_FILENAME, &o.diff,
         "what this edited sequence would change for everyone now in it", "FILE"},
        {"reply", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.assumed[ASSUMED_REPLY], "the customer replies",
         "ACCOUNT@TIME"},
        {"answer", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.assumed[ASSUMED_ANSWER], "the team answers by hand",
         "ACCOUNT@TIME"},
        {"book", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.assumed[ASSUMED_BOOKING], "the customer books a call",
         "ACCOUNT@TIME"},
        {"bounce", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.assumed[ASSUMED_BOUNCE],
         "the last mail's first address turns out to be dead", "ACCOUNT@TIME"},
        {"opt-out", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.assumed[ASSUMED_OPT_OUT],
         "the customer asks for no more mail", "ACCOUNT@TIME"},
        {"silent", 0, 0, G_OPTION_ARG_NONE, &o.silent, "no customer does anything (the default)", NULL},
        {"approve-all", 0, 0, G_OPTION_ARG_NONE, &o.approve_all,
         "each draft is approved when it is due (the default)", NULL},
        {"approve-none", 0, 0, G_OPTION_ARG_NONE, &o.approve_none, "no draft is approved", NULL},
        {0}};
    if (cli_begin(cli, "simulate", entries, 0, 1, &argc, &argv, &rc)) {
        struct simulation ask = {.from_us = cli->now_us,
                                 .assumed = g_array_new(FALSE, FALSE, sizeof(struct assumed))};
        if (o.diff && argc > 1)
            rc = cli_usage("simulate: --diff is about everyone in the sequence: expected no ACCOUNT");
        else if ((argc == 1 || (ask.account_id = cli_account(cli, argv[1], &rc))) &&
                 read_options(cli, &o, &ask, &rc))
            rc = o.diff ? print_difference(cli, &ask, o.diff) : print_future(cli, &ask);
        g_array_unref(ask.assumed);
    }
    options_clear(&o);
    return rc;
}
