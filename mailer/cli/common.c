/* What the commands share: options, refusals, times, acts. Declared in cli.h. */
#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

int
cli_fail(const GError *error)
{
    /* What a file or a server said must not speak to the terminal; line ends are ours (a difference has two
     * lines). */
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *clean = screen_clean(*line);
        fprintf(stderr, "%s%s\n", line == lines ? "usher: " : "", clean);
    }
    return usher_error_exit_code(error);
}

int
cli_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "usher: %s\n", text);
    return EX_USAGE;
}

int
cli_missing(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "usher: %s\n", text);
    return EX_NOINPUT;
}

static const char *
default_config(void)
{
    const char *env = g_getenv("USHER_CONFIG");
    if (env && *env)
        return env;
    return g_file_test("usher.conf", G_FILE_TEST_EXISTS) ? "usher.conf" : "/etc/usher/usher.conf";
}

/* --now: everywhere for looking, for acts only in a rehearsal. */
gboolean
cli_set_now(struct cli *cli, enum command_needs needs, GError **error)
{
    cli->now_us = clock_now_us();
    if (!cli->now_text)
        return TRUE;
    GTimeZone *zone = cli->service ? cli->service->config->timezone : zone_find("UTC", NULL);
    if (!zone_parse_time(zone, cli->now_text, &cli->now_us, error)) {
        g_prefix_error(error, "--now: ");
        if (error && *error)
            (*error)->code = USHER_ERROR_USAGE;
        return FALSE;
    }
    if (needs == NEEDS_WRITE && !(cli->service && cli->service->rehearsal)) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_USAGE,
                            "--now: a command that writes or sends takes it only on a database made by "
                            "`usher init --rehearsal` or --demo");
        return FALSE;
    }
    cli->has_now = TRUE;
    clock_rehearse(cli->now_us);
    return TRUE;
}

gboolean
cli_begin(struct cli *cli, const char *name, const GOptionEntry *entries, int min, int max, int *argc,
          char ***argv, int *rc)
{
    const struct command *command = cli->command;
    const GOptionEntry common[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &cli->config_option, "the configuration", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "one JSON object a line", NULL},
        {"now", 0, 0, G_OPTION_ARG_STRING, &cli->now_text, "look (in a rehearsal: act) at another time",
         "TIME"},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, command->summary);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        *rc = cli_usage("%s: %s", name, error->message);
        return FALSE;
    }
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)++;
        (*argc)--;
    }
    if (*argc - 1 < min || (max >= 0 && *argc - 1 > max)) {
        gboolean words = *argc - 1 > max && min > 0; /* such as a reason without quotes */
        *rc = cli_usage("%s: expected %s%s", name, *command->arguments ? command->arguments : "no arguments",
                        words ? "; put several words in quotes" : "");
        return FALSE;
    }
    cli->config_path = cli->config_option ? cli->config_option : default_config();
    if (command->needs != NEEDS_NOTHING && !(cli->service = service_open(cli->config_path, &error))) {
        *rc = cli_fail(error);
        return FALSE;
    }
    if (!cli_set_now(cli, command->needs, &error)) {
        *rc = cli_fail(error);
        return FALSE;
    }
    return TRUE;
}

void
cli_print_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    puts(text ? text : "{}");
    free(text);
    json_decref(object);
}

gint64
cli_account(struct cli *cli, const char *key, int *rc)
{
    g_autoptr(GError) error = NULL;
    gint64 id = 0;
    if (account_find(cli->service->db, key, &id, &error))
        return id;
    *rc = cli_fail(error);
    return 0;
}

gboolean
cli_id(const char *text, gint64 *id, int *rc)
{
    guint64 n;
    if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &n, NULL)) {
        *id = (gint64)n;
        return TRUE;
    }
    *rc = cli_usage("\"%s\": expected a number, as `usher drafts` and `usher outbox` show it", text);
    return FALSE;
}

const struct sequence *
cli_sequence_of(struct cli *cli, gint64 account_id)
{
    g_autofree char *name = store_text(cli->service->db,
                                       "SELECT sequence FROM enrolment WHERE account_id = ? AND state IN "
                                       "('active', 'ended') ORDER BY state, since DESC LIMIT 1",
                                       NULL, "i", account_id);
    const struct sequence *seq = name ? program_sequence(cli->service->program, name) : NULL;
    return seq ? seq : cli->service->program->sequences->pdata[0];
}

char *
cli_time(const struct cli *cli, gint64 us)
{
    if (!us)
        return cli->json ? NULL : g_strdup("-");
    if (cli->json) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(us / CLOCK_SECOND_US);
        return g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ");
    }
    char *text = zone_format(cli->service->config->timezone, us);
    text[16] = '\0'; /* seconds say nothing here */
    return text;
}

int
cli_act(struct cli *cli, gint64 account_id, const char *kind, json_t *data, const char *done)
{
    g_autoptr(GError) error = NULL;
    if (!service_act(cli->service, account_id, kind, service_actor(), data, &error))
        return cli_fail(error);
    puts(done);
    return EX_OK;
}
