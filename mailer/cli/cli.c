/* The command table, and the way from the program's arguments into it. */
#include "cli/cli.h"

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

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
    struct cli cli = {.command = command};
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
