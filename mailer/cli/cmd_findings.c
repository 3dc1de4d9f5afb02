/* findings: which signals hold for an account, with the figures that made them. */
#include "cli/commands.h"
#include "cli/draft_view.h"
#include "cli/table.h"
#include "compose/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

/* "recordings_30d 53600, replay_projects 3". The caller frees. */
static char *
figures_text(const json_t *figures)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *name;
    const json_t *entry;
    json_object_foreach((json_t *)(gsize)figures, name, entry)
    {
        const json_t *value = json_object_get(entry, "value");
        char *dumped =
            json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        g_string_append_printf(out, "%s%s %s", out->len ? ", " : "", name,
                               dumped ? dumped : json_string_value(value));
        free(dumped);
    }
    return g_strdup(out->str);
}

static void
print_match(struct cli *cli, struct table *table, const struct finding_match *m)
{
    const struct finding *f = m->finding;
    gboolean holds = m->holds == RULE_TRUE;
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:b, s:f, s:s, s:s?, s:s?, s:s?, s:o}", "finding", f->name, "holds",
                                 holds, "rank", m->rank, "audience", finding_audience_names[f->audience],
                                 "topic", f->topic, "docs", f->docs, "reason", m->reason, "figures",
                                 draft_view_facts_json(m->figures)));
        return;
    }
    g_autofree char *rank = g_strdup_printf("%.0f", m->rank);
    g_autofree char *figures = figures_text(m->figures);
    table_add(table, f->name, holds ? "holds" : "no", holds ? rank : "", finding_audience_names[f->audience],
              m->reason ? m->reason : figures, NULL);
}

int
cmd_findings(struct cli *cli, int argc, char **argv)
{
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "also those that do not hold, and why", NULL}, {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "findings", entries, 1, 1, &argc, &argv, &rc))
        return rc;
    struct service *s = cli->service;
    gint64 id = cli_account(cli, argv[1], &rc);
    if (!id)
        return rc;
    g_autofree char *folder = g_build_filename(s->config->templates_dir, "findings", NULL);
    scoped(finding_set_free) struct finding_set *set = finding_set_new(s->program->facts);
    scoped(fact_row_free) struct fact_row *row =
        pipeline_facts(s->db, s->program, cli_sequence_of(cli, id), id, cli->now_us, &error);
    if (!row || !finding_set_add_folder(set, folder, &error))
        return cli_fail(error);
    g_autoptr(GPtrArray) matches = finding_set_judge(set, row, cli->now_us, &error);
    if (!matches)
        return cli_fail(error);
    static const char *const headings[] = {"finding", "verdict", "rank", "audience", "because of", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    for (guint i = 0; i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (all || m->holds == RULE_TRUE)
            print_match(cli, table, m);
    }
    if (!cli->json)
        table_print(table, "No finding holds; `usher findings --all ACCOUNT` says why.");
    return EX_OK;
}
