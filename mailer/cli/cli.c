/* The command table and what the commands share. */
#include "cli/cli.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct command commands[] = {
    {"init", "[--demo|--rehearsal] [DIR]", "make a configuration, a database and files to start from",
     NEEDS_NOTHING, cmd_init},
    {"check", "[--mailbox NAME --send]", "configuration, sequences, templates, and the servers", NEEDS_READ,
     cmd_check},
    {"import", "[--source NAME] [--as-of TIME] [--dry-run] [--complete [--force]] FILE|-",
     "accounts, contacts and facts from CSV or JSON lines", NEEDS_WRITE, cmd_import},
    {"daily", "[--owner SPECIALIST|--mine [--as ID]] [--stage STAGE] [--due 14d]",
     "the queue by next renewal", NEEDS_READ, cmd_daily},
    {"board", "[--sequence NAME] [--all]", "accounts by stage", NEEDS_READ, cmd_board},
    {"show", "ACCOUNT [--sequence NAME]", "one account: what comes next, people, conversation, timeline",
     NEEDS_READ, cmd_show},
    {"why", "[--sequence NAME] ACCOUNT [STEP]", "what is next for an account or a step, and what decides it",
     NEEDS_READ, cmd_why},
    {"calendar", "[--next 30d] [--account KEY] [--owner NAME]",
     "every email to come, and what could still stop it", NEEDS_READ, cmd_calendar},
    {"inbox", "[--account KEY] [--class CLASS] [--since TIME] [--limit N] [INBOUND]",
     "what came in, how it was read, and what it did", NEEDS_READ, cmd_inbox},
    {"outbox", "[--all|--plan|--resume MAILBOX]", "what is queued, sending, deferred or unknown", NEEDS_READ,
     cmd_outbox},
    {"log", "[-n N] [--brief] [ACCOUNT]", "the journal", NEEDS_READ, cmd_log},
    {"findings", "[--all] ACCOUNT", "which signals hold for an account, with the figures", NEEDS_READ,
     cmd_findings},
    {"segments", "[SEGMENT|ACCOUNT] | ACCOUNT --add|--remove|--by-rule SEGMENT [NOTE]",
     "groups of accounts: who is in them, and why", NEEDS_READ, cmd_segments},
    {"simulate", "[ACCOUNT] [--until +8w] [--reply ACCOUNT@+3d]… [--approve-none] | --diff FILE",
     "what would go out, and when, on a copy and a virtual clock", NEEDS_READ, cmd_simulate},
    {"review", "[--account ACCOUNT] [--mine] [--as ID]", "the drafts one by one: look, then decide",
     NEEDS_WRITE, cmd_review},
    {"drafts", "[--account ACCOUNT] [--mine [--as ID]]", "drafts that wait for a specialist", NEEDS_READ,
     cmd_drafts},
    {"preview", "[--html|--eml] ACCOUNT [STEP]", "the mail as it would be sent", NEEDS_READ, cmd_preview},
    {"edit", "DRAFT", "change a draft in $EDITOR", NEEDS_WRITE, cmd_edit},
    {"approve", "DRAFT…", "freeze a draft and let it be sent", NEEDS_WRITE, cmd_approve},
    {"reject", "DRAFT REASON", "drop a draft", NEEDS_WRITE, cmd_reject},
    {"test-send", "[--as ID] DRAFT", "a marked copy of a draft to your own address", NEEDS_WRITE,
     cmd_test_send},
    {"enrol", "ACCOUNT [SEQUENCE]", "enter an account by hand", NEEDS_WRITE, cmd_enrol},
    {"stage", "ACCOUNT STAGE [--sequence NAME]", "move an account to a stage by hand", NEEDS_WRITE,
     cmd_stage},
    {"stop", "ACCOUNT STEP [--sequence NAME]", "stop a step", NEEDS_WRITE, cmd_stop},
    {"resume", "ACCOUNT [STEP [--sequence NAME]]",
     "end a hold; take a reply for answered; let a stopped step go on", NEEDS_WRITE, cmd_resume},
    {"hold", "[--until DATE] ACCOUNT REASON", "send nothing to an account for a while", NEEDS_WRITE,
     cmd_hold},
    {"extend", "[--note TEXT] ACCOUNT DAYS", "move the end, and the final steps with it", NEEDS_WRITE,
     cmd_extend},
    {"goal", "[--undo] ACCOUNT [GOAL]", "what was to be seen, and has been; tick a goal off", NEEDS_WRITE,
     cmd_goal},
    {"date", "[--undo] ACCOUNT [NAME [DATE]]", "dates given by hand: demo, kick-off", NEEDS_WRITE, cmd_date},
    {"owner", "ACCOUNT SPECIALIST", "give an account to a specialist", NEEDS_WRITE, cmd_owner},
    {"note", "ACCOUNT TEXT", "keep a short dated text", NEEDS_WRITE, cmd_note},
    {"task",
     "[list [--account ACCOUNT] [--assignee SPECIALIST] [--due 7d] [--all] | add ACCOUNT TITLE [--assignee "
     "SPECIALIST] [--due DATE] | done TASK [NOTE] | snooze TASK DATE | assign TASK SPECIALIST]",
     "what somebody has to do", NEEDS_READ, cmd_task},
    {"risk", "ACCOUNT low|medium|high|none [NOTE]", "the risk that an account will not pay", NEEDS_WRITE,
     cmd_risk},
    {"priority", "ACCOUNT high|normal|low", "how soon an account wants attention", NEEDS_WRITE, cmd_priority},
    {"suppress", "ADDRESS|@DOMAIN", "never write there again", NEEDS_WRITE, cmd_suppress},
    {"forget", "ADDRESS", "remove a person from everything that is kept", NEEDS_WRITE, cmd_forget},
    {"away", "[NAME FROM TO [--cover NAME|--shared] [--note TEXT]]",
     "leave of a specialist, and who stands in", NEEDS_WRITE, cmd_away},
    {"handoff", "[--contact WHO] [--again] --note TEXT ACCOUNT", "hand an account to Sales", NEEDS_WRITE,
     cmd_handoff},
    {"sales-engaged", "ACCOUNT NOTE", "Sales is engaged: the account leaves the programme", NEEDS_WRITE,
     cmd_sales_engaged},
    {"paid-call", "[--priority LEVEL] [--missed [NOTE]] ACCOUNT", "the customer bought a call", NEEDS_WRITE,
     cmd_paid_call},
    {"call", "[--minutes N] [--cancelled] ACCOUNT TIME", "a call whose invitation usher could not read",
     NEEDS_WRITE, cmd_call},
    {"reclassify", "[--return DATE] [--dead ADDRESS] INBOUND CLASS",
     "correct how a mail was read: what followed is taken back", NEEDS_WRITE, cmd_reclassify},
    {"settle", "MESSAGE sent|not-sent [ADDRESS]", "a person's word on an unknown delivery", NEEDS_WRITE,
     cmd_settle},
    {"report", "[--since DATE] [--threshold USD] [--html FILE]",
     "funnel, replies, outreach, retention, what went wrong", NEEDS_READ, cmd_report},
    {"export", "[--since TIME|--after EVENT] [--format csv|jsonl] [--sequence NAME] [--output FILE]",
     "accounts' traits for the CRM", NEEDS_READ, cmd_export},
    {"hooks", "[--retry NAME]", "what each hook was told, and what waits for it", NEEDS_READ, cmd_hooks},
    {"run", "[--once]", "the service; --once does one full cycle and exits", NEEDS_NOTHING, cmd_run},
    {"read", "--since DATE [--mailbox NAME]", "read mail from before the database was made", NEEDS_WRITE,
     cmd_read},
    {"claim", "[REASON]", "take over a database that was copied, moved or restored", NEEDS_WRITE, cmd_claim},
    {"backup", "FILE", "a copy of the database, which sends nothing until claimed", NEEDS_READ, cmd_backup},
    {"verify", "", "compare the current state with the journal", NEEDS_READ, cmd_verify},
    {"lint", "[FILE…]", "what is wrong with templates and sequences", NEEDS_NOTHING, cmd_lint},
    {"classify", "[FILE…]", "mails through the classifier, with the rule that matched", NEEDS_NOTHING,
     cmd_classify},
    {"render", "[--lax] [--partials DIR] TEMPLATE [DATA.json]", "a template through Liquid", NEEDS_NOTHING,
     cmd_render},
    {"worker", NULL, NULL, NEEDS_NOTHING, cmd_worker},
};

/* What `usher help` prints above the command that begins a group. */
static const struct {
    const char *first, *title;
} groups[] = {
    {"init", "Setting up"},
    {"daily", "Looking"},
    {"review", "Drafts"},
    {"enrol", "An account in its programme"},
    {"owner", "People, notes and tasks"},
    {"handoff", "Sales and calls"},
    {"reclassify", "Putting right"},
    {"report", "Figures and other systems"},
    {"run", "The service and its database"},
    {"lint", "Files"},
};

static const struct command *
find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void
print_help(FILE *out)
{
    fputs("usage: usher COMMAND [--config FILE] [--json] [--now TIME] [ARGUMENTS]\n", out);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(groups); j++)
            if (strcmp(groups[j].first, commands[i].name) == 0)
                fprintf(out, "\n%s\n", groups[j].title);
        if (commands[i].summary)
            fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n`usher COMMAND --help` tells more; usher(1) tells all.\n", out);
}

int
cli_fail(const GError *error)
{
    /* What a file or a server said must not speak to the terminal; line ends are ours (a difference has two
     * lines). */
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *clean = table_clean(*line);
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
    const struct command *command = find_command(name);
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

int
cli_main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_help(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EX_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (!command) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
            if (commands[i].summary)
                g_ptr_array_add(names, (char *)(gsize)commands[i].name);
        g_ptr_array_add(names, NULL);
        const char *nearest = text_nearest(argv[1], (const char *const *)names->pdata);
        return cli_usage("there is no command \"%s\"%s%s%s; `usher help` lists them", argv[1],
                         nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    }
    struct cli cli = {0};
    int rc = command->run(&cli, argc - 1, argv + 1);
    service_close(cli.service);
    screen_page_end();
    g_free(cli.now_text);
    g_free(cli.config_option);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "usher: standard output: %s\n", g_strerror(errno));
        return rc ? rc : EX_IOERR;
    }
    return rc;
}
