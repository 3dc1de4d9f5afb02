/* What concerns Sales and calls: handoff, sales-engaged, paid-call, call. */
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "service/handoff.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* text without blanks around it, NULL when nothing is left. Borrowed from text, which is changed. */
static char *
said(char *text)
{
    return text && *g_strstrip(text) ? text : NULL;
}

/* ---- handoff ---- */

/* "800 → 1,000 → 1,400 a month (+40 % month over month)". The caller frees. */
static char *
growth_line(const json_t *lead)
{
    static const char *const months[] = {"mrr_two_months_ago", "mrr_last_month", "forecast_mrr"};
    g_autoptr(GString) line = g_string_new(NULL);
    double growth;
    for (gsize i = 0; i < G_N_ELEMENTS(months); i++) {
        const json_t *amount = json_object_get(lead, months[i]);
        if (json_is_number(amount))
            g_string_append_printf(line, "%s$%.0f", line->len ? " → " : "", json_number_value(amount));
    }
    if (line->len == 0)
        return g_strdup("no amounts known");
    g_string_append(line, " a month");
    if (handoff_growth(lead, &growth))
        g_string_append_printf(line, " (%+.0f %% month over month%s)", 100 * growth,
                               fabs(growth) < 0.05 ? ": flat, a weaker lead" : "");
    else
        g_string_append(line, " (growth unknown)");
    return g_strdup(line->str);
}

static void
print_lead(const json_t *lead)
{
    g_autofree char *growth = growth_line(lead);
    const json_t *findings = json_object_get(lead, "findings"),
                 *interest = json_object_get(lead, "contract_interest");
    printf("bill:      %s\n", growth);
    if (json_is_string(interest)) {
        g_autofree char *clean = screen_clean(json_string_value(interest));
        printf("contract:  %s\n", clean);
    }
    if (json_array_size(findings) == 0)
        puts("findings:  none is open");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        g_autoptr(GString) figures = g_string_new(NULL);
        const char *name;
        json_t *value;
        json_object_foreach(json_object_get(f, "figures"), name, value)
        {
            char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
            g_string_append_printf(figures, "%s%s %s", figures->len ? ", " : "", name, text ? text : "-");
            free(text);
        }
        g_autofree char *clean = screen_clean(figures->str);
        printf("%s %s (%s)\n",
               i ? "          " : "findings: ", json_string_value(json_object_get(f, "finding")), clean);
    }
}

/* Records the referral and writes the lead file, both or neither. */
static gboolean
refer(struct cli *cli, gint64 id, json_t *lead, char **path, GError **error)
{
    struct service *s = cli->service;
    struct event event = {
        .at_us = cli->now_us, .account_id = id, .kind = "referral", .actor = service_actor(), .data = lead};
    *path = NULL;
    if (handoff_write(s, lead, cli->now_us, path, error) && service_record(s, &event, error) &&
        store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    if (*path)
        g_unlink(*path);
    return FALSE;
}

static int
hand_over(struct cli *cli, gint64 id, const char *account, const char *contact, const char *note,
          gboolean again)
{
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    g_autofree char *path = NULL;
    if (!store_begin(s->db, &error) || !handoff_check(s, id, cli->now_us, again, &why, &error)) {
        store_rollback(s->db);
        return cli_fail(error);
    }
    if (why) { /* the task to ask stays */
        if (!store_commit(s->db, &error)) {
            store_rollback(s->db);
            return cli_fail(error);
        }
        g_set_error(&error, USHER_ERROR, USHER_ERROR_NO_PERMISSION, "%s is not handed over: %s", account,
                    why);
        return cli_fail(error);
    }
    json_t *lead = handoff_lead(s, id, cli->now_us, &error);
    if (!lead) {
        store_rollback(s->db);
        return cli_fail(error);
    }
    json_object_set_new(lead, "contact", json_string(contact));
    json_object_set_new(lead, "note", json_string(note));
    json_object_set_new(lead, "by", json_string(service_actor()));
    gboolean ok = refer(cli, id, lead, &path, &error);
    if (ok && cli->json) {
        json_object_set_new(lead, "file", path ? json_string(path) : json_null());
        cli_print_json(json_incref(lead));
    } else if (ok) {
        print_lead(lead);
        printf("contact:   %s\n%s: handed to Sales%s%s\n", contact, account, path ? "; the lead is in " : "",
               path ? path : "");
    }
    json_decref(lead);
    return ok ? EX_OK : cli_fail(error);
}

/* What the note should be about, and the refusal. */
static int
ask_for_note(struct cli *cli, gint64 id, const char *account)
{
    g_autoptr(GError) error = NULL;
    json_t *lead = handoff_lead(cli->service, id, cli->now_us, &error);
    if (!lead)
        return cli_fail(error);
    print_lead(lead);
    json_decref(lead);
    return cli_usage("handoff: %s is not handed over without a note: --note \"what was seen, the billing "
                     "pattern, why the spend is legitimate\"",
                     account);
}

int
cmd_handoff(struct cli *cli, int argc, char **argv)
{
    g_autofree char *contact = NULL;
    g_autofree char *note = NULL;
    gboolean again = FALSE;
    const GOptionEntry entries[] = {
        {"contact", 0, 0, G_OPTION_ARG_STRING, &contact, "whom Sales should talk to", "WHO"},
        {"note", 0, 0, G_OPTION_ARG_STRING, &note,
         "what was seen, the billing pattern, why the spend is legitimate", "TEXT"},
        {"again", 0, 0, G_OPTION_ARG_NONE, &again, "although it was handed over before", NULL},
        {0}};
    int rc = EX_OK;
    if (!cli_begin(cli, "handoff", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    if (note && argc > 2)
        return cli_usage("handoff: the note is given twice");
    const char *text = said(note ? note : argc > 2 ? argv[2] : NULL), *who = said(contact);
    if (!text)
        return ask_for_note(cli, id, argv[1]);
    g_autoptr(GError) error = NULL;
    g_autofree char *known = who ? NULL : handoff_contact(cli->service, id, &error);
    if (error)
        return cli_fail(error);
    if (!who && !known)
        return cli_usage("handoff: whom should Sales talk to? Nobody of %s has answered: --contact \"NAME "
                         "<address>\"",
                         argv[1]);
    return hand_over(cli, id, argv[1], who ? who : known, text, again);
}

/* ---- acts ---- */

int
cmd_sales_engaged(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id =
        cli_begin(cli, "sales-engaged", NULL, 2, 2, &argc, &argv, &rc) ? cli_account(cli, argv[1], &rc) : 0;
    if (!id)
        return rc;
    if (!said(argv[2]))
        return cli_usage("sales-engaged: a note is needed: who of Sales works on it, and how you know");
    g_autofree char *done = g_strdup_printf("%s: Sales is engaged; it leaves the programme", argv[1]);
    return cli_act(cli, id, "sales_engaged", json_pack("{s:s}", "note", argv[2]), done);
}

/* Two events in one transaction: the call, and the priority that it brings. data are taken over. */
static int
record_two(struct cli *cli, gint64 id, const char *kind, json_t *data, const char *priority, const char *done)
{
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    json_t *level = json_pack("{s:s}", "priority", priority);
    struct event call = {
        .at_us = cli->now_us, .account_id = id, .kind = kind, .actor = service_actor(), .data = data};
    gboolean ok = store_begin(s->db, &error) && service_record(s, &call, &error);
    struct event set = {.at_us = cli->now_us,
                        .account_id = id,
                        .kind = "priority_set",
                        .actor = service_actor(),
                        .cause = call.id,
                        .data = level};
    ok = ok && service_record(s, &set, &error) && store_commit(s->db, &error);
    if (!ok)
        store_rollback(s->db);
    json_decref(data);
    json_decref(level);
    if (!ok)
        return cli_fail(error);
    puts(done);
    return EX_OK;
}

int
cmd_paid_call(struct cli *cli, int argc, char **argv)
{
    static const char *const levels[] = {"high", "normal", "low", NULL};
    g_autofree char *priority = NULL;
    gboolean missed = FALSE;
    const GOptionEntry entries[] = {
        {"priority", 0, 0, G_OPTION_ARG_STRING, &priority, "high (the default), normal or low", "LEVEL"},
        {"missed", 0, 0, G_OPTION_ARG_NONE, &missed, "nobody came: it is credited and offered again", NULL},
        {0}};
    int rc = EX_OK;
    if (!cli_begin(cli, "paid-call", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    if (priority && !g_strv_contains(levels, priority))
        return cli_usage("paid-call: --priority %s: expected high, normal or low", priority);
    if (argc > 2 && !missed)
        return cli_usage("paid-call: a note goes with --missed only");
    if (missed) {
        g_autofree char *done =
            g_strdup_printf("%s: the call was missed; a task says to credit it and offer it again", argv[1]);
        return cli_act(cli, id, "paid_call_missed", json_pack("{s:s*}", "note", argc > 2 ? argv[2] : NULL),
                       done);
    }
    g_autofree char *done =
        g_strdup_printf("%s: bought a call; priority %s", argv[1], priority ? priority : "high");
    return record_two(cli, id, "paid_call", json_object(), priority ? priority : "high", done);
}

int
cmd_call(struct cli *cli, int argc, char **argv)
{
    int minutes = 30;
    gboolean cancelled = FALSE;
    const GOptionEntry entries[] = {
        {"minutes", 0, 0, G_OPTION_ARG_INT, &minutes, "what it takes (default: 30)", "N"},
        {"cancelled", 0, 0, G_OPTION_ARG_NONE, &cancelled, "it will not be, or was not", NULL},
        {0}};
    int rc = EX_OK;
    gint64 starts_us;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "call", entries, 2, 2, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    if (minutes < 1 || minutes > 24 * 60)
        return cli_usage("call: --minutes %d: expected 1 to 1440", minutes);
    if (!zone_parse_time(cli->service->config->timezone, argv[2], &starts_us, &error))
        return cli_fail(error);
    g_autofree char *when = zone_format(cli->service->config->timezone, starts_us);
    g_autofree char *done =
        g_strdup_printf("%s: call on %.16s%s", argv[1], when, cancelled ? " taken back" : "");
    json_t *data = cancelled ? json_pack("{s:s, s:I}", "act", "cancelled", "starts_at", (json_int_t)starts_us)
                             : json_pack("{s:s, s:I, s:I}", "act", "new", "starts_at", (json_int_t)starts_us,
                                         "ends_at", (json_int_t)starts_us + minutes * CLOCK_MINUTE_US);
    return cli_act(cli, id, cancelled ? "booking_changed" : "booked", data, done);
}
