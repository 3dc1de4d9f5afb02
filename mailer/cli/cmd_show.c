/* show: one account on one page. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/sequence_choice.h"
#include "cli/show.h"

#include <sysexits.h>

int
cmd_show(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        {"sequence", 0, 0, G_OPTION_ARG_STRING, &name, "only this sequence of it", "NAME"}, {0}};
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "show", entries, 1, 1, &argc, &argv, &rc))
        return rc;
    gint64 id = cli_account(cli, argv[1], &rc);
    const struct sequence *only = id && name ? sequence_named(cli, "show", name, &rc) : NULL;
    if (!id || (name && !only))
        return rc;
    json_t *all = show_load(cli, argv[1], id, only, &error);
    if (!all)
        return cli_fail(error);
    if (cli->json) {
        cli_print_json(all);
        return EX_OK;
    }
    screen_page();
    show_print(cli, argv[1], all);
    json_decref(all);
    return EX_OK;
}
