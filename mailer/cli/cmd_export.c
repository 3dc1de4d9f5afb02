/* export: the traits of accounts for a CRM, one row an account and sequence, as CSV (RFC 4180) or JSON lines
 * with the same names. Read in one snapshot; a file is replaced as a whole or not at all.
 *
 * In CSV a text that begins like a formula gets an apostrophe in front, because such files are opened in
 * spreadsheets and a subject may hold what a customer calls himself. JSON lines carry every text as it is. */
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/when.h"
#include "compose/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char *const fixed_columns[] = {
    "account",         "sequence",     "enrolment",     "stage",         "engaged_at",
    "last_message_at", "last_message", "last_step",     "last_reply_at", "owner",
    "priority",        "payment_risk", "sales_engaged", "cancelled",     "next_step",
    "next_state",      "next_at",      "open_tasks",    "segments",      NULL};

struct export
{
    struct cli *cli;
    gboolean csv;
    GPtrArray *columns;   /* char *: the fixed ones, then stage_ID_at */
    const char *sequence; /* NULL: all */
    gint64 after_id;      /* accounts about which an event beyond this says something new; -1: all */
    GString *out;
    guint rows;
};

/* One column for each stage of the sequences in question; a stage of the same name in two shares it. */
static void
collect_columns(struct export *x)
{
    const GPtrArray *sequences = x->cli->service->program->sequences;
    for (const char *const *name = fixed_columns; *name; name++)
        g_ptr_array_add(x->columns, g_strdup(*name));
    for (guint i = 0; i < sequences->len; i++) {
        const struct sequence *seq = sequences->pdata[i];
        if (x->sequence && strcmp(x->sequence, seq->name) != 0)
            continue;
        for (guint j = 0; j < seq->stages->len; j++) {
            g_autofree char *column =
                g_strdup_printf("stage_%s_at", ((struct stage *)seq->stages->pdata[j])->id);
            if (!g_ptr_array_find_with_equal_func(x->columns, column, g_str_equal, NULL))
                g_ptr_array_add(x->columns, g_steal_pointer(&column));
        }
    }
}

/* ---- writing ---- */

static void
append_csv_text(GString *out, const char *text)
{
    gboolean formula = *text && strchr("=+-@\t\r\n", *text);
    if (!formula && !strpbrk(text, ",\"\r\n") && *text != ' ' && !g_str_has_suffix(text, " ")) {
        g_string_append(out, text);
        return;
    }
    g_string_append(out, formula ? "\"'" : "\"");
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static void
append_csv_header(struct export *x)
{
    for (guint i = 0; i < x->columns->len; i++)
        g_string_append_printf(x->out, "%s%s", i ? "," : "", (const char *)x->columns->pdata[i]);
    g_string_append(x->out, "\r\n");
}

/* Takes row over. */
static void
append_row(struct export *x, json_t *row)
{
    x->rows++;
    if (!x->csv) {
        char *line = json_dumps(row, JSON_COMPACT | JSON_PRESERVE_ORDER);
        g_string_append(x->out, line);
        g_string_append_c(x->out, '\n');
        free(line);
        json_decref(row);
        return;
    }
    for (guint i = 0; i < x->columns->len; i++) {
        const json_t *value = json_object_get(row, x->columns->pdata[i]);
        if (i)
            g_string_append_c(x->out, ',');
        if (json_is_string(value))
            append_csv_text(x->out, json_string_value(value));
        else if (json_is_integer(value))
            g_string_append_printf(x->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_boolean(value))
            g_string_append(x->out, json_is_true(value) ? "true" : "false");
    }
    g_string_append(x->out, "\r\n");
    json_decref(row);
}

/* ---- reading ---- */

static void
set_text(json_t *row, const char *column, const char *text)
{
    json_object_set_new(row, column, text ? json_string(text) : json_null());
}

static void
set_time(const struct export *x, json_t *row, const char *column, gint64 us)
{
    g_autofree char *text = cli_time(x->cli, us);
    set_text(row, column, text);
}

/* Owner and priority come from a person's word or from the facts. */
static gboolean
set_owner(struct export *x, json_t *row, gint64 account_id, const char *priority, GError **error)
{
    struct service *s = x->cli->service;
    scoped(fact_row_free) struct fact_row *facts = NULL;
    if (!fact_row_load(s->db, s->program->facts, account_id, s->config->timezone, &facts, error))
        return FALSE;
    const struct specialist *owner = sender_owner(s->db, s->config, facts, account_id, error);
    if (!owner)
        return FALSE;
    json_object_set_new(row, "owner", json_string(owner->id));
    const struct fact_value *fact = fact_row_get(facts, "priority");
    if (!priority && fact && json_is_integer(fact->value)) {
        g_autofree char *number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(fact->value));
        set_text(row, "priority", number);
    } else {
        set_text(row, "priority", priority);
    }
    return TRUE;
}

static gboolean
set_stages(struct export *x, json_t *row, gint64 account_id, const char *sequence, GError **error)
{
    for (guint i = g_strv_length((char **)(gsize)fixed_columns); i < x->columns->len; i++)
        set_text(row, x->columns->pdata[i], NULL);
    scoped(query_end) struct query *q = store_query(
        x->cli->service->db, "SELECT stage, at FROM stage_entry WHERE account_id = ? AND sequence = ?", error,
        "it", account_id, sequence);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        g_autofree char *column = g_strdup_printf("stage_%s_at", query_text(q, "stage"));
        if (json_object_get(row, column)) /* a stage that is no longer in the file has no column */
            set_time(x, row, column, query_int(q, "at"));
    }
    return q && error_pass(error, &local);
}

static gboolean
export_row(struct export *x, struct query *q, GError **error)
{
    static const char *const texts[] = {"sequence", "enrolment", "stage", "cancelled"};
    gint64 account_id = query_int(q, "id");
    g_autofree char *sequence = query_dup_text(q, "sequence");
    g_autofree char *priority = query_dup_text(q, "priority");
    json_t *row = json_object();
    for (const char *const *name = fixed_columns; *name; name++)
        json_object_set_new(row, *name, json_null()); /* the order of the columns */
    json_object_set_new(row, "account", json_string(query_text(q, "key")));
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        set_text(row, texts[i], query_text(q, texts[i]));
    set_time(x, row, "engaged_at", query_int(q, "engaged_at"));
    set_time(x, row, "last_message_at", query_int(q, "last_at"));
    set_text(row, "last_message", query_text(q, "last_subject"));
    set_text(row, "last_step", query_text(q, "last_step"));
    set_time(x, row, "last_reply_at", query_int(q, "replied_at"));
    set_text(row, "payment_risk", query_text(q, "risk"));
    json_object_set_new(row, "sales_engaged", json_boolean(query_int(q, "sales_engaged")));
    set_text(row, "segments", query_text(q, "segments"));
    set_text(row, "next_step", query_text(q, "next_step"));
    set_text(row, "next_state", query_text(q, "next_state"));
    set_time(x, row, "next_at", query_int(q, "next_at"));
    json_object_set_new(row, "open_tasks", json_integer(query_int(q, "tasks")));
    if (!set_owner(x, row, account_id, priority, error) ||
        !set_stages(x, row, account_id, sequence ? sequence : "", error)) {
        json_decref(row);
        return FALSE;
    }
    append_row(x, row);
    return TRUE;
}

static gboolean
export_rows(struct export *x, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        x->cli->service->db,
        "SELECT a.id, a.key, a.risk, a.priority, a.sales_engaged, e.sequence, e.state AS enrolment, e.stage, "
        "e.engaged_at, e.replied_at, e.cancelled, l.at AS last_at, l.data ->> 'subject' AS last_subject,"
        " iif(l.kind = 'hand_sent', 'by hand', l.data ->> 'step') AS last_step, p.step AS next_step, p.state "
        "AS next_state, p.due_at AS next_at,"
        " (SELECT COUNT(*) FROM task t WHERE t.account_id = a.id AND t.done_at IS NULL) AS tasks,"
        " (SELECT group_concat(o.segment, ' ') FROM (SELECT m.segment FROM segment_member m WHERE "
        "m.account_id "
        "= a.id AND m.member ORDER BY m.segment) o) AS segments"
        " FROM account a LEFT JOIN enrolment e ON e.account_id = a.id"
        " LEFT JOIN event l ON l.id = (SELECT m.id FROM standing_event m WHERE m.account_id = a.id AND "
        "m.kind IN "
        "('sent', 'hand_sent') ORDER BY m.id DESC LIMIT 1)"
        " LEFT JOIN step p ON p.account_id = a.id AND p.sequence = e.sequence AND p.step = (SELECT n.step "
        "FROM step n WHERE n.account_id = a.id AND n.sequence = e.sequence AND n.state IN ('drafted', "
        "'queued', 'scheduled', 'waiting', 'late', 'wanted') ORDER BY n.due_at IS NULL, n.due_at LIMIT 1)"
        " WHERE (?1 IS NULL OR e.sequence = ?1) AND (?2 < 0 OR a.id IN (SELECT c.account_id FROM event c "
        "WHERE c.id > ?2"
        /* A nightly import changes many facts, few of which are traits. */
        " AND (c.kind NOT IN ('facts_changed', 'contact_added', 'contact_changed', 'contact_absent') OR "
        "c.data -> 'changed' -> 'owner' IS NOT NULL OR c.data -> 'changed' -> 'region' IS NOT NULL OR c.data "
        "-> 'changed' -> 'priority' IS NOT NULL)))"
        " ORDER BY a.key, e.sequence",
        error, "ti", x->sequence, x->after_id);
    if (!q)
        return FALSE;
    while (query_next(q, &local) && export_row(x, q, &local))
        ;
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* The event before the first one of since: what was recorded later has a higher number. */
static gint64
event_before(struct store *db, gint64 since_us, GError **error)
{
    return store_int(db,
                     "SELECT COALESCE((SELECT MIN(id) - 1 FROM event WHERE at >= ?), (SELECT MAX(id) FROM "
                     "event), 0)",
                     0, error, "i", since_us);
}

static gboolean
write_out(const struct export *x, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!path) {
        if (fwrite(x->out->str, 1, x->out->len, stdout) == x->out->len)
            return TRUE;
        g_set_error(error, USHER_ERROR, USHER_ERROR_IO, "standard output: %s", g_strerror(errno));
        return FALSE;
    }
    if (g_file_set_contents_full(path, x->out->str, (gssize)x->out->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0640, &local))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s", local->message);
    return FALSE;
}

static int
run_export(struct export *x, const char *since, const char *path)
{
    struct service *s = x->cli->service;
    g_autoptr(GError) error = NULL;
    gint64 since_us = 0;
    if (since && !when_parse(s->config->timezone, x->cli->now_us, since, FALSE, &since_us, &error)) {
        g_prefix_error(&error, "export: --since: ");
        return cli_fail(error);
    }
    collect_columns(x);
    if (x->csv)
        append_csv_header(x);
    if (!store_begin_read(s->db, &error))
        return cli_fail(error);
    if (since)
        x->after_id = event_before(s->db, since_us, &error);
    gint64 last_id = error ? 0 : store_int(s->db, "SELECT COALESCE(MAX(id), 0) FROM event", 0, &error, "");
    gboolean ok = !error && export_rows(x, &error);
    store_rollback(s->db);
    if (!ok || !write_out(x, path, &error))
        return cli_fail(error);
    if (path)
        fprintf(stderr, "%s: %u rows, up to event %" G_GINT64_FORMAT "\n", path, x->rows, last_id);
    return EX_OK;
}

int
cmd_export(struct cli *cli, int argc, char **argv)
{
    g_autofree char *since = NULL, *format = NULL, *sequence = NULL, *path = NULL;
    gint64 after = -1;
    const GOptionEntry entries[] = {
        {"since", 0, 0, G_OPTION_ARG_STRING, &since, "only accounts that changed since then", "TIME"},
        {"after", 0, 0, G_OPTION_ARG_INT64, &after, "only accounts that changed after that event", "EVENT"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "csv (the default) or jsonl", "FORMAT"},
        {"sequence", 0, 0, G_OPTION_ARG_STRING, &sequence, "only accounts that are or were in it", "NAME"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &path, "a file, replaced as a whole", "FILE"},
        {0}};
    int rc = EX_OK;
    if (!cli_begin(cli, "export", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return cli_usage("export: --format \"%s\": expected csv or jsonl", format);
    if (since && after >= 0)
        return cli_usage("export: --since or --after, not both");
    if (sequence && !program_sequence(cli->service->program, sequence))
        return cli_missing("export: there is no sequence \"%s\"", sequence);
    struct export x = {.cli = cli,
                       .csv = format ? strcmp(format, "csv") == 0 : !cli->json,
                       .sequence = sequence,
                       .after_id = after,
                       .columns = g_ptr_array_new_with_free_func(g_free),
                       .out = g_string_new(NULL)};
    cli->json = TRUE; /* times for programs, in CSV too */
    rc = run_export(&x, since, path);
    g_ptr_array_unref(x.columns);
    g_string_free(x.out, TRUE);
    return rc;
}
