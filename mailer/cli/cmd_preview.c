/* preview: the mail as its customer will read it, what it rests on, and what lint says. */
#include "cli/commands.h"
#include "cli/draft_view.h"
#include "cli/screen.h"
#include "cli/sequence_choice.h"
#include "service/drafting.h"

#include <stdio.h>
#include <sysexits.h>

/* The first step that is a mail; NULL: there is none. */
static const struct step *
first_mail(const struct sequence *seq)
{
    for (guint i = 0; i < seq->steps->len; i++)
        if (((struct step *)seq->steps->pdata[i])->kind != STEP_TASK)
            return seq->steps->pdata[i];
    return NULL;
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
    const struct step *found = step ? sequence_step(seq, step) : NULL;
    return found && found->kind != STEP_TASK ? found : first_mail(seq);
}

/* The draft of what was asked for, stored or composed for the occasion (then *row has its facts, which the
 * caller frees); NULL with *rc set. */
static struct draft *
find_draft(struct cli *cli, gint64 account_id, const struct sequence *named, const char *step_name,
           struct fact_row **row, int *rc)
{
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    const struct sequence *seq = named ? named : cli_sequence_of(cli, account_id);
    const struct step *step = pick_step(cli, seq, account_id, step_name);
    for (guint i = 0; !step && step_name && !named && i < s->program->sequences->len; i++) {
        const struct sequence *other = s->program->sequences->pdata[i];
        step = sequence_step(other, step_name); /* an account may be in several */
        seq = step ? other : seq;
    }
    if (step && step->kind == STEP_TASK) {
        *rc = cli_usage("preview: %s is a task, not a mail", step->id);
        return NULL;
    }
    if (!step) {
        g_autofree char *ids = sequence_step_ids(seq);
        *rc = cli_missing("preview: there is no step \"%s\" in %s: expected one of %s",
                          step_name ? step_name : "", seq->name, ids);
        return NULL;
    }
    struct draft *d = draft_find(s->db, s->config, account_id, seq->name, step->id, &error);
    if (!d && !error)
        d = drafting_preview(s, account_id, seq, step, cli->now_us, row, &error);
    if (!d)
        *rc = cli_fail(error);
    return d;
}

static gboolean
print_eml(struct cli *cli, const struct draft *d, const struct fact_row *row, GError **error)
{
    struct composer c = drafting_composer(cli->service, row, cli->now_us);
    g_autoptr(GBytes) bytes = draft_bytes(&c, d, error);
    gsize size;
    if (!bytes)
        return FALSE;
    const void *data = g_bytes_get_data(bytes, &size);
    fwrite(data, 1, size, stdout);
    return TRUE;
}

static gboolean
print_text(struct cli *cli, const struct draft *d, GError **error)
{
    screen_page();
    draft_view_status(cli, d, 0);
    putchar('\n');
    if (!draft_view_letter(d, error))
        return FALSE;
    putchar('\n');
    draft_view_facts(cli, d);
    putchar('\n');
    return draft_view_lint(cli, d, error);
}

int
cmd_preview(struct cli *cli, int argc, char **argv)
{
    gboolean html = FALSE, eml = FALSE;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        {"sequence", 0, 0, G_OPTION_ARG_STRING, &name, "in this sequence", "NAME"},
        {"html", 0, 0, G_OPTION_ARG_NONE, &html, "a page for a browser", NULL},
        {"eml", 0, 0, G_OPTION_ARG_NONE, &eml, "the bytes that would be sent", NULL},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "preview", entries, 1, 2, &argc, &argv, &rc))
        return rc;
    if (html + eml + cli->json > 1)
        return cli_usage("preview: expected at most one of --html, --eml and --json");
    gint64 account_id = cli_account(cli, argv[1], &rc);
    const struct sequence *named = account_id && name ? sequence_named(cli, "preview", name, &rc) : NULL;
    if (!account_id || (name && !named))
        return rc;
    scoped(fact_row_free) struct fact_row *row = NULL;
    scoped(draft_free) struct draft *d =
        find_draft(cli, account_id, named, argc > 2 ? argv[2] : NULL, &row, &rc);
    if (!d)
        return rc;
    if (cli->json) {
        json_t *object = draft_view_json(cli, d, &error);
        if (object)
            cli_print_json(object);
    } else if (html) {
        draft_view_html(d, &error);
    } else if (eml) {
        print_eml(cli, d, row, &error);
    } else {
        print_text(cli, d, &error);
    }
    return error ? cli_fail(error) : EX_OK;
}
