/* log: the journal. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/timeline.h"

#include <sysexits.h>

int
cmd_log(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK, limit = 0;
    gboolean brief = FALSE;
    const GOptionEntry entries[] = {
        {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "only the last N events", "N"},
        {"brief", 0, 0, G_OPTION_ARG_NONE, &brief, "without the engine's bookkeeping", NULL},
        {0}};
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "log", entries, 0, 1, &argc, &argv, &rc))
        return rc;
    struct timeline_filter filter = {.limit = limit, .milestones = brief};
    if (argc > 1 && !(filter.account_id = cli_account(cli, argv[1], &rc)))
        return rc;
    if (!cli->json)
        screen_page();
    return timeline_print(cli, &filter, &error) ? EX_OK : cli_fail(error);
}
