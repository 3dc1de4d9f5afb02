/* report: the figures, in the terminal, as JSON lines or as a page. */
#include "service/report.h"

#include "base/error.h"
#include "cli/commands.h"
#include "cli/report_print.h"
#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define THRESHOLD_USD 100.0

static gboolean
write_page(const char *path, const char *html, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (g_file_set_contents_full(path, html, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0640, &local))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s", local->message);
    return FALSE;
}

static int
print_report(struct cli *cli, json_t *rows, const struct report_title *title, const char *path)
{
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *row;
    if (path) {
        g_autofree char *html = report_print_html(rows, title);
        if (!write_page(path, html, &error))
            return cli_fail(error);
        fprintf(stderr, "%s is written\n", path);
    }
    if (cli->json)
        json_array_foreach(rows, i, row) cli_print_json(json_incref(row));
    else if (!path)
        report_print_text(rows, title);
    return EX_OK;
}

int
cmd_report(struct cli *cli, int argc, char **argv)
{
    g_autofree char *since = NULL, *path = NULL;
    struct report_options options = {.threshold = THRESHOLD_USD};
    const GOptionEntry entries[] = {
        {"since", 0, 0, G_OPTION_ARG_STRING, &since, "only what happened since then", "DATE"},
        {"html", 0, 0, G_OPTION_ARG_FILENAME, &path, "write a page with plots", "FILE"},
        {"threshold", 0, 0, G_OPTION_ARG_DOUBLE, &options.threshold,
         "forecast from which an account counts for retention (default 100)", "USD"},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "report", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    options.now_us = cli->now_us;
    if (since &&
        !when_parse(cli->service->config->timezone, cli->now_us, since, FALSE, &options.since_us, &error)) {
        g_prefix_error(&error, "report: --since: ");
        return cli_fail(error);
    }
    if (options.since_us > options.now_us)
        return cli_usage("report: --since %s is in the future", since);
    json_t *rows = report_build(cli->service, &options, &error);
    if (!rows)
        return cli_fail(error);
    gboolean json = cli->json;
    cli->json = FALSE; /* a time for people */
    struct report_title title = {.team = cli->service->config->team_name,
                                 .made = cli_time(cli, cli->now_us),
                                 .since = since,
                                 .threshold = options.threshold};
    cli->json = json;
    rc = print_report(cli, rows, &title, path);
    g_free(title.made);
    json_decref(rows);
    return rc;
}
