/* The specialist's queue of drafts: list, look, edit, approve, reject. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "compose/markdown.h"
#include "service/approval.h"
#include "service/draft_lint.h"
#include "service/drafting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char *
recipients_text(const GPtrArray *recipients, gboolean cc)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        if (r->cc == cc)
            g_string_append_printf(out, "%s%s (%s)", out->len ? ", " : "", r->address, r->why);
    }
    return g_string_free(out, FALSE);
}

int
cmd_drafts(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    if (!cli_begin(cli, "drafts", NULL, 0, 0, &argc, &argv, &rc))
        return rc;
    static const char *const headings[] = {"draft", "account", "step",  "due",
                                           "from",  "subject", "state", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT m.id, a.key, m.step, m.subject, m.state, m.reason, m.specialist, m.edited, p.due_at FROM "
        "message m JOIN account a ON a.id = m.account_id"
        " LEFT JOIN step p ON p.account_id = m.account_id AND p.sequence = m.sequence AND p.step = m.step"
        " WHERE m.state IN ('waiting', 'changed') ORDER BY p.due_at, m.id",
        &error, "");
    while (q && query_next(q, &error)) {
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, query_int(q, "id"));
        g_autofree char *due = cli_time(cli, query_int(q, "due_at"));
        gboolean changed = strcmp(query_text(q, "state"), "changed") == 0;
        if (cli->json)
            cli_print_json(json_pack("{s:I, s:s, s:s, s:s?, s:s, s:s, s:s, s:s?, s:b}", "draft",
                                     (json_int_t)query_int(q, "id"), "account", query_text(q, "key"), "step",
                                     query_text(q, "step"), "due", due, "specialist",
                                     query_text(q, "specialist"), "subject", query_text(q, "subject"),
                                     "state", query_text(q, "state"), "reason", query_text(q, "reason"),
                                     "edited", query_int(q, "edited") != 0));
        else
            table_add(table, id, query_text(q, "key"), query_text(q, "step"), due,
                      query_text(q, "specialist"), query_text(q, "subject"),
                      changed                  ? "changed since approval"
                      : query_int(q, "edited") ? "edited"
                                               : "waiting",
                      NULL);
    }
    if (error)
        return cli_fail(error);
    if (!cli->json)
        table_print(table, "No draft waits.");
    return EX_OK;
}

/* ---- preview ---- */

static void
print_facts(const struct cli *cli, const struct draft *d)
{
    static const char *const headings[] = {"fact", "value", "source", "as of", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    const char *name;
    json_t *fact;
    json_object_foreach(d->basis, name, fact)
    {
        json_t *value = json_object_get(fact, "value");
        const char *source = json_string_value(json_object_get(fact, "source"));
        char *text =
            json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        g_autofree char *as_of = cli_time(cli, json_integer_value(json_object_get(fact, "as_of")));
        table_add(table, name,
                  json_is_string(value) ? json_string_value(value)
                  : text                ? text
                                        : "(missing)",
                  source ? source : "-", as_of, NULL);
        free(text);
    }
    puts("\nFacts used");
    table_print(table, "none");
}

static void
print_lint(const GPtrArray *lines)
{
    if (lines->len == 0) {
        puts("\nLint: nothing to say");
        return;
    }
    puts("\nLint");
    for (guint i = 0; i < lines->len; i++) {
        const struct lint_line *l = lines->pdata[i];
        g_autofree char *message = table_clean(l->message);
        printf("line %d: %s: %s (%s): %s\n", l->line, lint_level_names[l->level], message, l->rule, l->hint);
    }
}

static json_t *
lint_to_json(const GPtrArray *lines)
{
    json_t *array = json_array();
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(array, lint_line_to_json(lines->pdata[i]));
    return array;
}

static int
print_preview(struct cli *cli, const struct draft *d, gboolean html_only)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    g_autoptr(GError) error = NULL;
    if (!markdown_render(d->markdown, NULL, &text, &html, &error))
        return cli_fail(error);
    if (html_only) {
        fputs(html, stdout);
        return EX_OK;
    }
    g_autoptr(GPtrArray) lint = draft_lint(cli->service, d, &error);
    if (!lint)
        return cli_fail(error);
    g_autofree char *to = recipients_text(d->recipients, FALSE);
    g_autofree char *cc = recipients_text(d->recipients, TRUE);
    if (cli->json) {
        json_t *recipients = recipients_to_json(d->recipients);
        cli_print_json(json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:O, s:o}", "draft",
                                 (json_int_t)d->id, "account", d->account_key, "step", d->step, "state",
                                 d->id ? message_state_names[d->state] : "not stored", "from",
                                 d->specialist ? d->specialist->address : d->specialist_id, "recipients",
                                 recipients, "subject", d->subject, "text", text, "markdown", d->markdown,
                                 "facts", d->basis, "lint", lint_to_json(lint)));
        return EX_OK;
    }
    if (d->id)
        printf("Draft %" G_GINT64_FORMAT ", %s%s%s\n", d->id, message_state_names[d->state],
               d->reason ? ": " : "", d->reason ? d->reason : "");
    else
        puts("Not stored: this is how the mail would read now");
    printf("From: %s <%s>\nTo: %s\n", d->specialist ? d->specialist->name : d->specialist_id,
           d->specialist ? d->specialist->address : "not in usher.conf", to);
    if (*cc)
        printf("Cc: %s\n", cc);
    printf("Subject: %s\n\n%s", d->subject, text);
    print_facts(cli, d);
    print_lint(lint);
    return EX_OK;
}

/* The step to preview: the one named, else the one with a live draft, else the first whose conditions hold.
 */
static const struct step *
pick_step(struct cli *cli, const struct sequence *seq, gint64 account_id, const char *name)
{
    if (name)
        return sequence_step(seq, name);
    g_autofree char *step = store_text(cli->service->db,
                                       "SELECT step FROM step WHERE account_id = ? AND sequence = ? AND "
                                       "state IN ('drafted', 'queued', 'wanted',"
                                       " 'waiting', 'scheduled') ORDER BY state <> 'drafted', due_at LIMIT 1",
                                       NULL, "it", account_id, seq->name);
    return step ? sequence_step(seq, step) : seq->steps->len ? seq->steps->pdata[0] : NULL;
}

int
cmd_preview(struct cli *cli, int argc, char **argv)
{
    gboolean html = FALSE, eml = FALSE;
    const GOptionEntry entries[] = {
        {"html", 0, 0, G_OPTION_ARG_NONE, &html, "the HTML part", NULL},
        {"eml", 0, 0, G_OPTION_ARG_NONE, &eml, "the bytes that would be sent", NULL},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "preview", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    gint64 account_id = cli_account(cli, argv[1], &rc);
    if (!account_id)
        return rc;
    struct service *s = cli->service;
    const struct sequence *seq = cli_sequence_of(cli, account_id);
    const struct step *step = pick_step(cli, seq, account_id, argc > 2 ? argv[2] : NULL);
    for (guint i = 0; !step && argc > 2 && i < s->program->sequences->len; i++) {
        const struct sequence *other = s->program->sequences->pdata[i];
        step = sequence_step(other, argv[2]); /* an account may be in several */
        seq = step ? other : seq;
    }
    if (!step)
        return cli_missing("preview: there is no step \"%s\" in %s", argc > 2 ? argv[2] : "", seq->name);
    scoped(fact_row_free) struct fact_row *row = NULL;
    scoped(draft_free) struct draft *d =
        draft_find(s->db, s->config, account_id, seq->name, step->id, &error);
    if (!d && !error)
        d = drafting_preview(s, account_id, seq, step, cli->now_us, &row, &error);
    if (!d)
        return cli_fail(error);
    if (!eml)
        return print_preview(cli, d, html);
    struct composer c = {
        .db = s->db, .config = s->config, .facts = s->program->facts, .row = row, .now_us = cli->now_us};
    g_autoptr(GBytes) bytes = draft_bytes(&c, d, &error);
    if (!bytes)
        return cli_fail(error);
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    fwrite(data, 1, size, stdout);
    return EX_OK;
}

/* ---- acts ---- */

/* Why an approved draft does not go out yet although its window may be open; NULL when nothing holds it. The
 * caller frees. */
static char *
held_because(const struct cli *cli, gint64 draft_id)
{
    struct service *s = cli->service;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, NULL);
    const struct sequence *seq = d ? program_sequence(s->program, d->sequence) : NULL;
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    struct pipeline_gate gate;
    if (!step || !pipeline_gate_load(s->db, s->program, seq, step, d->account_id, cli->now_us, &gate, NULL))
        return NULL;
    char *held = g_steal_pointer(&gate.held);
    pipeline_gate_clear(&gate);
    return held;
}

int
cmd_approve(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK, worst = EX_OK;
    if (!cli_begin(cli, "approve", NULL, 1, -1, &argc, &argv, &rc))
        return rc;
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        gint64 id, send_at_us;
        if (!cli_id(argv[i], &id, &rc)) {
            worst = rc;
        } else if (approval_give(cli->service, id, service_actor(), &send_at_us, &error)) {
            g_autofree char *when = cli_time(cli, send_at_us);
            g_autofree char *held = held_because(cli, id);
            if (held)
                printf("draft %s is approved and waits: %s\n", argv[i], held);
            else
                printf("draft %s is approved and will be sent %s%s\n", argv[i],
                       send_at_us <= cli->now_us ? "at once" : "from ",
                       send_at_us <= cli->now_us ? "" : when);
        } else {
            worst = cli_fail(error);
        }
    }
    return worst;
}

int
cmd_reject(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "reject", NULL, 2, 2, &argc, &argv, &rc) || !cli_id(argv[1], &id, &rc))
        return rc;
    if (!approval_refuse(cli->service, id, argv[2], service_actor(), &error))
        return cli_fail(error);
    printf("draft %s is rejected\n", argv[1]);
    return EX_OK;
}

/* Runs $EDITOR on path and waits; no transaction is open meanwhile. */
static gboolean
run_editor(const char *path, GError **error)
{
    const char *visual = g_getenv("VISUAL"), *editor = visual && *visual ? visual : g_getenv("EDITOR");
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf("%s %s", editor && *editor ? editor : "vi", quoted);
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    int status;
    if (!g_spawn_sync(NULL, (char **)(gsize)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                      &status, error))
        return FALSE;
    if (g_spawn_check_wait_status(status, NULL))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the editor (%s) failed; nothing was saved",
                editor && *editor ? editor : "vi");
    return FALSE;
}

static int
edit_file(struct cli *cli, struct draft *d, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *before = draft_edit_text(d);
    g_autofree char *after = NULL;
    struct store *db = cli->service->db;
    if (!g_file_set_contents_full(path, before, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error) ||
        !run_editor(path, &error) || !g_file_get_contents(path, &after, NULL, &error))
        return cli_fail(error);
    if (strcmp(before, after) == 0) {
        puts("unchanged");
        return EX_OK;
    }
    json_t *data =
        json_pack("{s:I, s:s, s:s}", "message", (json_int_t)d->id, "sequence", d->sequence, "step", d->step);
    struct event event = {.at_us = cli->now_us,
                          .account_id = d->account_id,
                          .kind = "draft_edited",
                          .actor = service_actor(),
                          .data = data};
    gboolean ok = store_begin(db, &error) && draft_save_edit(db, d, after, &error) &&
                  service_record(cli->service, &event, &error) && store_commit(db, &error);
    json_decref(data);
    if (ok) {
        printf("draft %" G_GINT64_FORMAT " is saved\n", d->id);
        return EX_OK;
    }
    store_rollback(db);
    return cli_fail(error);
}

int
cmd_edit(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "edit", NULL, 1, 1, &argc, &argv, &rc) || !cli_id(argv[1], &id, &rc))
        return rc;
    scoped(draft_free) struct draft *d = draft_load(cli->service->db, cli->service->config, id, &error);
    if (!d)
        return cli_fail(error);
    if (d->state != MESSAGE_WAITING && d->state != MESSAGE_CHANGED)
        return cli_usage("edit: draft %s is %s", argv[1], message_state_names[d->state]);
    g_autofree char *dir = g_dir_make_tmp("usher-edit-XXXXXX", &error);
    if (!dir)
        return cli_fail(error);
    g_autofree char *path = g_build_filename(dir, "draft.md", NULL);
    rc = edit_file(cli, d, path);
    if (rc == EX_OK) {
        unlink(path);
        rmdir(dir);
    } else {
        fprintf(stderr, "usher: your text is kept in %s\n", path);
    }
    return rc;
}
