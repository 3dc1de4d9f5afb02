/* What came in and what it did: inbox, reclassify, verify. */
#include "accounts/contacts.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "pipeline/replay.h"
#include "service/correction.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define DEFAULT_LIMIT 100
#define NOBODY "(nobody we know)"

/* ---- what it did ---- */

/* One event as a few words, NULL for what is not worth telling. The caller frees. */
static char *
event_words(const struct cli *cli, const char *kind, const json_t *data)
{
    static const struct {
        const char *kind, *words, *member; /* member: of the event's data, put behind the words */
    } known[] = {
        {"replied", "a reply", NULL},
        {"auto_replied", "an automatic reply", NULL},
        {"booked", "call booked", NULL},
        {"booking_changed", "call", "act"},
        {"opted_out", "opt-out of", "address"},
        {"complained", "a complaint", NULL},
        {"hand_sent", "written by hand, by", "specialist"},
        {"suppressed", "never again to", "address"},
        {"task_made", "task:", "title"},
        {"stage_entered", "stage", "stage"},
        {"cancelled", "automatic mail cancelled:", "reason"},
        {"reinstated", "automatic mail goes on", NULL},
        {"left", "left the sequence:", "reason"},
        {"draft_returned", "back for a look: draft", "message"},
        {"draft_withdrawn", "withdrawn: draft", "message"},
        {"draft_made", "composed: draft", "message"},
    };
    if (strcmp(kind, "bounced") == 0) {
        const char *address = json_string_value(json_object_get(data, "address"));
        return g_strdup_printf(
            "%s of %s", json_is_true(json_object_get(data, "permanent")) ? "dead address" : "bounce counted",
            address ? address : "somebody");
    }
    if (strcmp(kind, "hold_set") == 0) {
        gint64 until_us = json_integer_value(json_object_get(data, "until"));
        g_autofree char *until = until_us ? cli_time(cli, until_us) : g_strdup("released");
        const char *address = json_string_value(json_object_get(data, "address"));
        return g_strdup_printf("%s on hold until %s", address ? address : "account", until);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(kind, known[i].kind) != 0)
            continue;
        const json_t *member = known[i].member ? json_object_get(data, known[i].member) : NULL;
        if (json_is_integer(member))
            return g_strdup_printf("%s %" G_GINT64_FORMAT, known[i].words,
                                   (gint64)json_integer_value(member));
        const char *text = json_string_value(member);
        return g_strdup_printf("%s%s%s", known[i].words, text ? " " : "", text ? text : "");
    }
    return NULL;
}

/* The events that followed from an inbound mail and still count, oldest first: a JSON array of {event, kind,
 * what}. The caller frees; NULL with error. */
static json_t *
followed_json(const struct cli *cli, gint64 inbound_id, gint64 at_us, gint64 account_id, GError **error)
{
    /* The roots carry the number of the mail; the index finds them by account. */
    static const char sql[] =
        "WITH RECURSIVE f(id) AS (SELECT id FROM event WHERE account_id = ?1 AND at = ?2 AND kind <> "
        "'reclassified'"
        "  AND data ->> 'inbound' = ?3 UNION SELECT e.id FROM event e JOIN f ON e.cause = f.id)"
        " SELECT e.id, e.kind, e.data FROM f JOIN event e ON e.id = f.id"
        " WHERE e.id NOT IN (SELECT event_id FROM retracted) ORDER BY e.id";
    json_t *array = json_array();
    if (!account_id)
        return array;
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(cli->service->db, sql, error, "iii", account_id, at_us, inbound_id);
    while (q && query_next(q, &local)) {
        json_t *data = json_loads(query_text(q, "data"), 0, NULL);
        g_autofree char *words = event_words(cli, query_text(q, "kind"), data);
        json_decref(data);
        if (words)
            json_array_append_new(array, json_pack("{s:I, s:s, s:s}", "event", (json_int_t)query_int(q, "id"),
                                                   "kind", query_text(q, "kind"), "what", words));
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    if (q && (!error || !*error))
        return array;
    json_decref(array);
    return NULL;
}

static char *
followed_line(const json_t *followed)
{
    g_autoptr(GString) line = g_string_new(NULL);
    size_t i;
    const json_t *item;
    json_array_foreach(followed, i, item) g_string_append_printf(
        line, "%s%s", line->len ? "; " : "", json_string_value(json_object_get(item, "what")));
    return g_strdup(line->len ? line->str : "nothing");
}

/* ---- inbox ---- */

/* One row as JSON, with all that is kept of it. NULL with error. */
static json_t *
row_json(const struct cli *cli, struct query *q, GError **error)
{
    g_autofree char *at = cli_time(cli, query_int(q, "at"));
    gint64 id = query_int(q, "id"), same_as = query_int(q, "same_as");
    json_t *followed = followed_json(cli, same_as ? same_as : id, query_int(q, "first_at"),
                                     query_int(q, "account_id"), error);
    if (!followed)
        return NULL;
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:s?, s:I, s:o}", "inbound",
        (json_int_t)id, "at", at, "mailbox", query_text(q, "mailbox"), "folder", query_text(q, "folder"),
        "uid", (json_int_t)query_int(q, "uid"), "class", query_text(q, "class"), "account",
        query_text(q, "key"), "from", query_text(q, "address"), "matched_by", query_text(q, "matched_by"),
        "rule", query_text(q, "rule"), "evidence", query_text(q, "evidence"), "subject",
        query_text(q, "subject"), "message", (json_int_t)query_int(q, "in_message"), "text",
        query_text(q, "text"), "same_as", (json_int_t)same_as, "followed", followed);
}

static const char *
text_of(const json_t *row, const char *member, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(row, member));
    return text && *text ? text : otherwise;
}

static void
add_row(struct table *table, const json_t *row)
{
    g_autofree char *id =
        g_strdup_printf("%" G_GINT64_FORMAT, (gint64)json_integer_value(json_object_get(row, "inbound")));
    gint64 same_as = json_integer_value(json_object_get(row, "same_as"));
    g_autofree char *did = same_as ? g_strdup_printf("the same mail as %" G_GINT64_FORMAT, same_as)
                                   : followed_line(json_object_get(row, "followed"));
    table_add(table, id, text_of(row, "at", "-"), text_of(row, "mailbox", "-"), text_of(row, "class", "-"),
              text_of(row, "account", "-"), text_of(row, "from", NOBODY), text_of(row, "subject", ""),
              text_of(row, "matched_by", "-"), text_of(row, "rule", "-"), did, NULL);
}

static void
print_full(const json_t *row)
{
    static const char *const lines[][2] = {{"at", "at"},
                                           {"mailbox", "mailbox"},
                                           {"folder", "folder"},
                                           {"account", "account"},
                                           {"from", "from"},
                                           {"subject", "subject"},
                                           {"class", "class"},
                                           {"rule", "rule"},
                                           {"evidence", "evidence"},
                                           {"matched by", "matched_by"}};
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *clean =
            screen_clean(text_of(row, lines[i][1], strcmp(lines[i][1], "from") == 0 ? NOBODY : "-"));
        printf("%-12s %s\n", lines[i][0], clean);
    }
    size_t i;
    const json_t *item, *followed = json_object_get(row, "followed");
    gint64 message = json_integer_value(json_object_get(row, "message"));
    gint64 same_as = json_integer_value(json_object_get(row, "same_as"));
    if (message)
        printf("%-12s message %" G_GINT64_FORMAT "\n", "answers", message);
    if (same_as)
        printf("%-12s inbound %" G_GINT64_FORMAT "\n", "same as", same_as);
    puts("\nWhat it did");
    json_array_foreach(followed, i, item)
    {
        g_autofree char *clean = screen_clean(text_of(item, "what", ""));
        printf("  %s\n", clean);
    }
    if (json_array_size(followed) == 0)
        puts("  Nothing.");
    g_auto(GStrv) text = g_strsplit(text_of(row, "text", ""), "\n", -1);
    puts("");
    for (char **line = text; *line; line++) {
        g_autofree char *clean = screen_clean(*line);
        puts(clean);
    }
}

/* --account, --class, --since as they bind: 0 and NULL mean any. */
struct inbox_filter {
    gint64 account_id, since_us, id;
    const char *mail_class;
    int limit;
};

/* Newest last. struct json arrays of rows; NULL with error. */
static json_t *
list_inbox(const struct cli *cli, const struct inbox_filter *f, GError **error)
{
    g_autoptr(GError) local = NULL;
    json_t *rows = json_array();
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT * FROM (SELECT i.*, a.key, COALESCE((SELECT o.at FROM inbound o WHERE o.id = i.same_as), "
        "i.at) AS first_at"
        " FROM inbound i LEFT JOIN account a ON a.id = i.account_id WHERE (?1 = 0 OR i.id = ?1)"
        " AND (?2 = 0 OR i.account_id = ?2) AND (?3 = 0 OR i.at >= ?3) AND (?4 IS NULL OR i.class = ?4)"
        " AND (?1 <> 0 OR ?4 IS NOT NULL OR i.class <> 'own' OR i.account_id IS NOT NULL)"
        " ORDER BY i.id DESC LIMIT ?5) ORDER BY id",
        error, "iiiti", f->id, f->account_id, f->since_us, f->mail_class, (gint64)f->limit);
    while (q && query_next(q, &local)) {
        json_t *row = row_json(cli, q, &local);
        if (!row)
            break;
        json_array_append_new(rows, row);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    if (q && (!error || !*error))
        return rows;
    json_decref(rows);
    return NULL;
}

static int
print_inbox(struct cli *cli, const struct inbox_filter *f)
{
    static const char *const headings[] = {"id",      "at",          "mailbox", "class",
                                           "account", "from",        "subject", "matched by",
                                           "rule",    "what it did", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    g_autoptr(GError) error = NULL;
    json_t *rows = list_inbox(cli, f, &error);
    if (!rows)
        return cli_fail(error);
    int rc = EX_OK;
    size_t i;
    json_t *row;
    if (f->id && json_array_size(rows) == 0)
        rc = cli_missing("there is no inbound mail %" G_GINT64_FORMAT, f->id);
    else if (!cli->json)
        screen_page();
    json_array_foreach(rows, i, row)
    {
        if (cli->json)
            cli_print_json(json_incref(row));
        else if (f->id)
            print_full(row);
        else
            add_row(table, row);
    }
    if (!cli->json && !f->id)
        table_print(table, "Nothing came in.");
    json_decref(rows);
    return rc;
}

/* A class by its name; FALSE after a usage error. */
static gboolean
parse_class(const char *name, enum mail_class *out, int *rc)
{
    if (mail_class_parse(name, out))
        return TRUE;
    *rc = cli_usage(
        "\"%s\": expected one of own, bounce, delay, complaint, receipt, challenge, auto_reply, opt_out, "
        "booking, reply, other",
        name);
    return FALSE;
}

int
cmd_inbox(struct cli *cli, int argc, char **argv)
{
    g_autofree char *account = NULL;
    g_autofree char *mail_class = NULL;
    g_autofree char *since = NULL;
    struct inbox_filter f = {.limit = DEFAULT_LIMIT};
    const GOptionEntry entries[] = {
        {"account", 0, 0, G_OPTION_ARG_STRING, &account, "only mail of this account", "KEY"},
        {"class", 0, 0, G_OPTION_ARG_STRING, &mail_class, "only mail of this class", "CLASS"},
        {"since", 0, 0, G_OPTION_ARG_STRING, &since, "only mail that came then or later", "TIME"},
        {"limit", 'n', 0, G_OPTION_ARG_INT, &f.limit, "only the last N (default 100)", "N"},
        {0}};
    int rc = EX_OK;
    enum mail_class parsed;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "inbox", entries, 0, 1, &argc, &argv, &rc) ||
        (argc > 1 && !cli_id(argv[1], &f.id, &rc)) ||
        (mail_class && !parse_class(mail_class, &parsed, &rc)) ||
        (account && (f.account_id = cli_account(cli, account, &rc)) == 0))
        return rc;
    if (f.limit <= 0)
        return cli_usage("inbox: --limit: expected a number above zero");
    f.mail_class = mail_class;
    if (since && !zone_parse_time(cli->service->config->timezone, since, &f.since_us, &error))
        return cli_fail(error);
    return print_inbox(cli, &f);
}

/* ---- reclassify ---- */

/* What was taken back, and what took its place. */
static gboolean
print_correction(struct cli *cli, const struct correction *c, const struct correction_result *r,
                 GError **error)
{
    struct store *db = cli->service->db;
    printf("inbound %" G_GINT64_FORMAT ": %s, not %s\n", r->inbound_id, mail_class_name(c->mail_class),
           mail_class_name(r->was));
    for (guint i = 0; i < r->retracted->len; i++) {
        scoped(query_end) struct query *q = store_query(db, "SELECT kind, data FROM event WHERE id = ?",
                                                        error, "i", g_array_index(r->retracted, gint64, i));
        if (!q || !query_next(q, error))
            return FALSE;
        json_t *data = json_loads(query_text(q, "data"), 0, NULL);
        g_autofree char *words = event_words(cli, query_text(q, "kind"), data);
        g_autofree char *clean = screen_clean(words ? words : query_text(q, "kind"));
        json_decref(data);
        printf("  taken back: %s\n", clean);
    }
    for (guint i = 0; i < r->sent->len; i++)
        printf("  stays: message %" G_GINT64_FORMAT " was sent already\n", g_array_index(r->sent, gint64, i));
    return TRUE;
}

int
cmd_reclassify(struct cli *cli, int argc, char **argv)
{
    g_autofree char *back = NULL;
    g_autofree char *dead = NULL;
    const GOptionEntry entries[] = {
        {"return", 0, 0, G_OPTION_ARG_STRING, &back, "of an auto_reply: the day the person is back", "DATE"},
        {"dead", 0, 0, G_OPTION_ARG_STRING, &dead, "of a bounce: the address that is dead for good",
         "ADDRESS"},
        {0}};
    int rc = EX_OK;
    struct correction c = {0};
    struct correction_result r;
    struct civil day;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "reclassify", entries, 2, 2, &argc, &argv, &rc) ||
        !cli_id(argv[1], &c.inbound_id, &rc) || !parse_class(argv[2], &c.mail_class, &rc))
        return rc;
    if (back && (c.mail_class != MAIL_CLASS_AUTO_REPLY || !civil_parse(back, &day) || day.has_time))
        return cli_usage("reclassify: --return goes with auto_reply and a date such as 2026-12-01");
    if (dead && (c.mail_class != MAIL_CLASS_BOUNCE || !contact_address_valid(dead)))
        return cli_usage("reclassify: --dead goes with bounce and an address");
    c.return_date = back;
    c.dead_address = dead;
    if (!correction_apply(cli->service, &c, service_actor(), &r, &error))
        return cli_fail(error);
    if (cli->json)
        cli_print_json(json_pack("{s:I, s:s, s:s, s:I, s:I}", "inbound", (json_int_t)r.inbound_id, "class",
                                 mail_class_name(c.mail_class), "was", mail_class_name(r.was), "event",
                                 (json_int_t)r.event_id, "retracted", (json_int_t)r.retracted->len));
    else if (!print_correction(cli, &c, &r, &error))
        rc = cli_fail(error);
    correction_result_clear(&r);
    if (rc != EX_OK || cli->json)
        return rc;
    puts("Now:");
    json_t *row = list_inbox(cli, &(struct inbox_filter){.id = c.inbound_id, .limit = 1}, &error);
    g_autofree char *did = row ? followed_line(json_object_get(json_array_get(row, 0), "followed")) : NULL;
    g_autofree char *clean = did ? screen_clean(did) : NULL;
    if (clean)
        printf("  %s\n", clean);
    json_decref(row);
    return clean ? EX_OK : cli_fail(error);
}

/* ---- verify ---- */

int
cmd_verify(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "verify", NULL, 0, 0, &argc, &argv, &rc))
        return rc;
    g_autoptr(GPtrArray) differences = NULL;
    struct store *db = cli->service->db;
    gboolean ok = store_begin_read(db, &error) && replay_verify(db, &differences, &error);
    store_rollback(db);
    if (!ok)
        return cli_fail(error);
    for (guint i = 0; i < differences->len; i++) {
        if (cli->json) {
            cli_print_json(json_pack("{s:s}", "difference", differences->pdata[i]));
            continue;
        }
        g_autofree char *clean = screen_clean(differences->pdata[i]);
        puts(clean);
    }
    if (differences->len == 0 && !cli->json)
        puts("The current state is what the journal says.");
    return differences->len ? 1 : EX_OK;
}
