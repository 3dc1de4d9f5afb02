/* calendar: every email to come, with its hour on the customer's clock and what could still stop it. */
#include "accounts/leave.h"
#include "accounts/sender.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "pipeline/engine.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* One email to come. */
struct entry {
    gint64 account_id, at_us, message_id;
    char *key, *state, *reason; /* owned, reason may be NULL */
    const struct sequence *seq;
    const struct step *step;
    struct fact_row *row; /* owned */
    const struct specialist *owner, *who;
};

static void
entry_free(gpointer data)
{
    struct entry *e = data;
    g_free(e->key);
    g_free(e->state);
    g_free(e->reason);
    fact_row_free(e->row);
    g_free(e);
}

static gint
by_time(gconstpointer a, gconstpointer b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    int by_key = strcmp(x->key, y->key);
    return x->at_us != y->at_us ? (x->at_us < y->at_us ? -1 : 1)
           : by_key             ? by_key
                                : strcmp(x->step->id, y->step->id);
}

static void
could(json_t *stops, char *what)
{
    json_array_append_new(stops, json_string(what));
    g_free(what);
}

/* The rules of the sequence and the step, by name. */
static void
add_rules(json_t *stops, const struct entry *e)
{
    const struct {
        const char *name;
        int rule;
    } rules[] = {{"when", e->step->when}, {"unless", e->step->unless}, {"until", e->step->until},
                 {"hold", e->seq->hold},  {"cancel", e->seq->cancel},  {"leave", e->seq->leave}};
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rules[i].rule != NO_RULE)
            could(stops, g_strdup(rules[i].name));
    if (*e->step->stages)
        could(stops, g_strdup("stage"));
    if (e->step->needs_answered)
        could(stops, g_strdup("unanswered reply"));
}

/* Who is away on that day, and the limits. */
static gboolean
add_limits(struct cli *cli, json_t *stops, const struct entry *e, GError **error)
{
    const struct config *config = cli->service->config;
    gint64 gap_us = e->seq->gap_us >= 0 ? e->seq->gap_us : config->gap_us;
    struct leave_status leave;
    if (!leave_status(cli->service->db, config, e->who->id, e->at_us, &leave, error))
        return FALSE;
    if (leave.until_us && !leave.stand_in)
        could(stops, g_strdup_printf("%s is away and nobody covers", e->who->id));
    else if (leave.until_us)
        could(stops, g_strdup_printf("%s is away, %s covers", e->who->id, leave.stand_in->id));
    if (gap_us)
        could(stops, g_strdup("gap"));
    if (config->daily_max || e->who->mailbox->daily_max || config->domain_hourly_max)
        could(stops, g_strdup("cap"));
    if (*config->deliver_only_to)
        could(stops, g_strdup("deliver_only_to"));
    return TRUE;
}

static json_t *
stops_of(struct cli *cli, const struct entry *e, GError **error)
{
    json_t *stops = json_array();
    if (e->reason && *e->reason)
        could(stops, g_strdup_printf("now: %s", e->reason));
    if (e->step->kind == STEP_AUTOMATIC)
        add_rules(stops, e);
    else if (strcmp(e->state, "drafted") == 0)
        could(stops, g_strdup("awaiting approval"));
    if (add_limits(cli, stops, e, error))
        return stops;
    json_decref(stops);
    return NULL;
}

static char *
join(const json_t *words)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    const json_t *word;
    json_array_foreach(words, i, word)
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", json_string_value(word));
    return g_strdup(text->str);
}

static gboolean
print_entry(struct cli *cli, struct table *table, const struct entry *e, GError **error)
{
    json_t *stops = stops_of(cli, e, error);
    if (!stops)
        return FALSE;
    GTimeZone *zone = fact_row_zone(e->row);
    g_autofree char *local = zone_format(zone, e->at_us);
    local[strlen("2026-12-21 10:00")] = '\0';
    gboolean automatic = e->step->kind == STEP_AUTOMATIC;
    g_autofree char *at = cli_time(cli, e->at_us);
    g_autofree char *text = join(stops);
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s?, s:o}",
                                 "account", e->key, "sequence", e->seq->name, "step", e->step->id, "kind",
                                 automatic ? "automatic" : "draft", "state", e->state, "at", at, "local",
                                 local, "zone", g_time_zone_get_identifier(zone), "owner", e->owner->id,
                                 "from", e->who->id, "message", (json_int_t)e->message_id, "reason",
                                 e->reason, "stops", stops));
        return TRUE;
    }
    json_decref(stops);
    g_autofree char *kind =
        g_strdup_printf("%s, %s", automatic ? "automatic" : "draft",
                        strcmp(e->state, "drafted") == 0 ? "awaiting approval" : e->state);
    table_add(table, local, g_time_zone_get_identifier(zone), e->key, e->step->id, kind, e->who->id, text,
              NULL);
    return TRUE;
}

/* Overdue, and the service has not looked since: not before the next hour in which it may go, and perhaps too
 * late by then. */
static gboolean
move_overdue(struct cli *cli, struct entry *e, GError **error)
{
    struct pipeline_gate gate;
    if (strcmp(e->state, "scheduled") != 0 || e->at_us > cli->now_us)
        return TRUE;
    if (!pipeline_gate_load(cli->service->db, cli->service->program, e->seq, e->step, e->account_id,
                            cli->now_us, &gate, error))
        return FALSE;
    e->at_us = gate.sendable_us == G_MAXINT64 ? cli->now_us : MAX(gate.sendable_us, cli->now_us);
    g_free(e->reason);
    e->reason = g_strdup("overdue, `usher outbox --plan` says what becomes of it");
    pipeline_gate_clear(&gate);
    return TRUE;
}

static void
move_to(struct entry *e, const struct sending_hours *hours, gint64 until_us, char *why)
{
    gint64 at_us = sending_next_us(hours, until_us, NULL);
    e->at_us = at_us == G_MAXINT64 ? until_us : at_us;
    g_free(e->reason);
    e->reason = why;
}

/* A hold on the account, which an automatic mail waits for. */
static gboolean
move_held(struct cli *cli, struct entry *e, const struct sending_hours *hours, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT until, reason FROM hold WHERE account_id = ? AND (until IS NULL OR until > ?) ORDER "
        "BY until IS NULL DESC, until DESC LIMIT 1",
        error, "ii", e->account_id, e->at_us);
    if (!q)
        return FALSE;
    gboolean held = query_next(q, &local);
    if (held && query_is_null(q, "until")) {
        g_free(e->reason);
        e->reason = g_strdup_printf("on hold: %s", query_text(q, "reason"));
    } else if (held) {
        g_autofree char *until = zone_format(cli->service->config->timezone, query_int(q, "until"));
        until[strlen("2026-12-21")] = '\0';
        move_to(e, hours, query_int(q, "until"),
                g_strdup_printf("on hold until %s: %s", until, query_text(q, "reason")));
    }
    return error_pass(error, &local);
}

/* An automatic mail to come waits for the end of a hold and for whoever is away, where that is known. */
static gboolean
move_waiting(struct cli *cli, struct entry *e, GError **error)
{
    struct service *s = cli->service;
    struct leave_status leave = {0};
    struct pipeline_gate gate;
    if (e->step->kind != STEP_AUTOMATIC || strcmp(e->state, "late") == 0 || strcmp(e->state, "queued") == 0)
        return TRUE;
    if (!pipeline_gate_load(s->db, s->program, e->seq, NULL, e->account_id, cli->now_us, &gate, error))
        return FALSE;
    gboolean ok = move_held(cli, e, &gate.hours, error) &&
                  leave_status(s->db, s->config, e->who->id, e->at_us, &leave, error);
    if (ok && leave.until_us && !leave.stand_in)
        move_to(e, &gate.hours, leave.until_us,
                e->reason && strstr(e->reason, "is away")
                    ? g_strdup(e->reason)
                    : g_strdup_printf("%s is away and nobody covers", e->who->id));
    pipeline_gate_clear(&gate);
    return ok;
}

/* "30d", "8w" or "12h". */
static gboolean
parse_next(const char *text, gint64 *us)
{
    char *end;
    gint64 n = g_ascii_strtoll(text, &end, 10);
    gint64 unit_us = *end == 'h' ? CLOCK_HOUR_US : *end == 'd' ? CLOCK_DAY_US : 7 * CLOCK_DAY_US;
    *us = n * unit_us;
    return g_ascii_isdigit(*text) && n > 0 && n <= 10000 && strchr("hdw", *end) && *end && !end[1];
}

/* What is scheduled, waits, is drafted or is on its way; a mail in the outbox with the time of its next try.
 */
#define ENTRIES                                                                                              \
    "SELECT * FROM (SELECT a.id, a.key, p.sequence, p.step, p.state, p.reason, COALESCE(p.message_id, 0) "   \
    "AS "                                                                                                    \
    "message_id, COALESCE((SELECT MIN(d.next_at) FROM delivery d WHERE d.message_id = p.message_id AND "     \
    "d.state IN ('queued', 'deferred')), p.due_at) AS at, (SELECT MIN(d.text) FROM delivery d WHERE "        \
    "d.message_id = p.message_id AND d.state IN ('queued', 'deferred')) AS waits FROM step p JOIN account "  \
    "a "                                                                                                     \
    "ON a.id = p.account_id JOIN enrolment e ON e.account_id = p.account_id AND e.sequence = p.sequence "    \
    "AND "                                                                                                   \
    "e.state = 'active' WHERE p.state IN ('scheduled', 'waiting', 'late', 'wanted', 'drafted', 'queued'))"   \
    " WHERE (?1 = 0 OR id = ?1) AND at <= ?2 ORDER BY at, key, step"

/* The entry of a row, moved to when it is to be expected; NULL with error, or where the files have no such
 * step any more, or it is no mail. */
static struct entry *
load_entry(struct cli *cli, struct query *q, GError **error)
{
    struct service *s = cli->service;
    const struct sequence *seq = program_sequence(s->program, query_text(q, "sequence"));
    const struct step *step = seq ? sequence_step(seq, query_text(q, "step")) : NULL;
    if (!step || step->kind == STEP_TASK)
        return NULL;
    struct entry *e = g_new0(struct entry, 1);
    *e = (struct entry){.account_id = query_int(q, "id"),
                        .at_us = MAX(query_int(q, "at"), cli->now_us),
                        .message_id = query_int(q, "message_id"),
                        .key = query_dup_text(q, "key"),
                        .state = query_dup_text(q, "state"),
                        .reason = query_dup_text(q, query_text(q, "waits") ? "waits" : "reason"),
                        .seq = seq,
                        .step = step};
    gboolean ok =
        fact_row_load(s->db, s->program->facts, e->account_id, s->config->timezone, &e->row, error) &&
        move_overdue(cli, e, error);
    e->owner = ok ? sender_owner(s->db, s->config, e->row, e->account_id, error) : NULL;
    e->who = e->owner ? sender_choose(s->db, s->config, e->row, e->account_id, error) : NULL;
    if (e->who && move_waiting(cli, e, error))
        return e;
    entry_free(e);
    return NULL;
}

static gboolean
print_calendar(struct cli *cli, gint64 account_id, gint64 until_us, const char *owner, GError **error)
{
    static const char *const headings[] = {
        "when", "zone", "account", "email", "kind", "from", "what could stop it", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    scoped(query_end) struct query *q =
        store_query(cli->service->db, ENTRIES, error, "ii", account_id, until_us);
    while (q && !local && query_next(q, &local)) {
        struct entry *e = load_entry(cli, q, &local);
        if (e && (e->at_us > until_us || (owner && strcmp(owner, e->owner->id) != 0)))
            entry_free(e);
        else if (e)
            g_ptr_array_add(entries, e);
    }
    g_ptr_array_sort(entries, by_time);
    for (guint i = 0; i < entries->len && !local; i++)
        print_entry(cli, table, entries->pdata[i], &local);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else if (!cli->json) {
        screen_page();
        table_print(table, "No email is to come.");
    }
    return q && (!error || !*error);
}

int
cmd_calendar(struct cli *cli, int argc, char **argv)
{
    g_autofree char *next = NULL;
    g_autofree char *account = NULL;
    g_autofree char *owner = NULL;
    const GOptionEntry entries[] = {
        {"next", 0, 0, G_OPTION_ARG_STRING, &next, "how far ahead: 12h, 30d (the default), 8w", "TIME"},
        {"account", 0, 0, G_OPTION_ARG_STRING, &account, "only this account's", "KEY"},
        {"owner", 0, 0, G_OPTION_ARG_STRING, &owner, "only this specialist's accounts", "NAME"},
        {0}};
    int rc = EX_OK;
    gint64 ahead_us = 30 * CLOCK_DAY_US, account_id = 0;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "calendar", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (next && !parse_next(next, &ahead_us))
        return cli_usage("calendar: --next %s: expected hours, days or weeks, such as 30d", next);
    if (account && !(account_id = cli_account(cli, account, &rc)))
        return rc;
    if (owner && !config_specialist(cli->service->config, owner))
        return cli_missing("calendar: there is no specialist \"%s\" in usher.conf", owner);
    return print_calendar(cli, account_id, cli->now_us + ahead_us, owner, &error) ? EX_OK : cli_fail(error);
}
