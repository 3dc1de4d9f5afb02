/* The specialist's queue of drafts: list, approve, reject, edit, test-send. */
#include "cli/commands.h"
#include "cli/draft_acts.h"
#include "cli/draft_view.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "service/desk.h"
#include "service/people.h"
#include "service/revision.h"

#include <stdio.h>
#include <sysexits.h>

/* ---- drafts ---- */

/* "edited, on hold until 2026-12-01: their outage". The caller frees. */
static char *
state_text(const struct cli *cli, const struct desk_draft *d)
{
    GString *out = g_string_new(d->changed ? "changed since approval" : d->edited ? "edited" : "waiting");
    if (d->first_by) {
        g_autofree char *name = people_name(cli->service->config, d->first_by);
        g_string_append_printf(out, ", approved by %s, another person has to look", name);
    }
    if (d->held) {
        g_autofree char *until = cli_time(cli, d->held_until_us);
        g_string_append_printf(out, ", on hold%s%s: %s", d->held_until_us ? " until " : "",
                               d->held_until_us ? until : "", d->held);
    }
    return g_string_free(out, FALSE);
}

static json_t *
draft_json(const struct cli *cli, const struct desk_draft *d)
{
    g_autofree char *reference = revision_name(d->id, d->revision);
    g_autofree char *due = cli_time(cli, d->due_us);
    g_autofree char *created = cli_time(cli, d->created_us);
    g_autofree char *until = cli_time(cli, d->held_until_us);
    return json_pack(
        "{s:I, s:s, s:I, s:s?, s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:s?, s:b, s:s, s:s?, s:s?, s:s?}",
        "draft", (json_int_t)d->id, "reference", reference, "revision", (json_int_t)d->revision, "revised_by",
        d->revised_by, "account", d->account, "next_renewal", d->renewal, "due", due, "step", d->step,
        "specialist", d->specialist, "subject", d->subject, "state", d->changed ? "changed" : "waiting",
        "reason", d->reason, "edited", d->edited, "created_at", created, "first_approved_by", d->first_by,
        "held", d->held, "held_until", until);
}

static void
add_draft(struct cli *cli, struct table *table, const struct desk_draft *d)
{
    if (cli->json) {
        cli_print_json(draft_json(cli, d));
        return;
    }
    g_autofree char *reference = revision_name(d->id, d->revision);
    g_autofree char *due = cli_time(cli, d->due_us);
    g_autofree char *age = draft_view_age(cli->now_us, d->created_us);
    g_autofree char *state = state_text(cli, d);
    table_add(table, reference, d->account, d->renewal ? d->renewal : "-", age, d->step, due, d->specialist,
              d->subject, state, NULL);
}

int
cmd_drafts(struct cli *cli, int argc, char **argv)
{
    g_autofree char *account = NULL;
    g_autofree char *as_id = NULL;
    gboolean mine = FALSE;
    const GOptionEntry entries[] = {
        {"account", 0, 0, G_OPTION_ARG_STRING, &account, "only this account's", "ACCOUNT"},
        {"mine", 0, 0, G_OPTION_ARG_NONE, &mine, "only those that come from me", NULL},
        {"as", 0, 0, G_OPTION_ARG_STRING, &as_id, "who I am, where usher.conf does not list my login", "ID"},
        {0}};
    int rc = EX_OK;
    if (!cli_begin(cli, "drafts", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    struct desk_filter filter;
    if (!draft_act_filter(cli, account, mine, as_id, &filter, &rc))
        return rc;
    static const char *const headings[] = {"draft", "account", "renewal", "made",  "step",
                                           "due",   "from",    "subject", "state", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) drafts = desk_load(cli->service, &filter, cli->now_us, &error);
    if (!drafts)
        return cli_fail(error);
    for (guint i = 0; i < drafts->len; i++)
        add_draft(cli, table, drafts->pdata[i]);
    if (cli->json)
        return EX_OK;
    screen_page();
    table_print(table, "No draft waits.");
    return EX_OK;
}

/* ---- acts ---- */

int
cmd_approve(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK, worst = EX_OK;
    if (!cli_begin(cli, "approve", NULL, 1, -1, &argc, &argv, &rc))
        return rc;
    for (int i = 1; i < argc; i++) {
        gint64 id, revision;
        rc = EX_OK;
        if (draft_act_reference(argv[i], &id, &revision, &rc))
            rc = draft_act_approve(cli, id, revision, NULL);
        worst = rc ? rc : worst;
    }
    return worst;
}

int
cmd_reject(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id, revision;
    if (!cli_begin(cli, "reject", NULL, 2, 2, &argc, &argv, &rc) ||
        !draft_act_reference(argv[1], &id, &revision, &rc))
        return rc;
    return draft_act_reject(cli, id, revision, argv[2]);
}

int
cmd_edit(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id, revision;
    if (!cli_begin(cli, "edit", NULL, 1, 1, &argc, &argv, &rc) ||
        !draft_act_reference(argv[1], &id, &revision, &rc))
        return rc;
    return draft_act_edit(cli, id, revision, NULL);
}

int
cmd_test_send(struct cli *cli, int argc, char **argv)
{
    g_autofree char *as_id = NULL;
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &as_id, "who I am, where usher.conf does not list my login", "ID"},
        {0}};
    int rc = EX_OK;
    gint64 id, revision;
    if (!cli_begin(cli, "test-send", entries, 1, 1, &argc, &argv, &rc) ||
        !draft_act_reference(argv[1], &id, &revision, &rc))
        return rc;
    return draft_act_test_send(cli, id, revision, as_id);
}
