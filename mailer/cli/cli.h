/* The command line: a table of commands, options common to all, and how they print. One file a command or a
 * family of commands: parse, call, print. Results go to standard output, talk to standard error, exit codes
 * are sysexits(3). */
#ifndef USHER_CLI_CLI_H
#define USHER_CLI_CLI_H

#include "service/service.h"

#include <jansson.h>

struct command;

struct cli {
    const struct command *command; /* the one that runs */
    const char *config_path;
    gboolean json;
    struct service *service; /* after cli_open() */
    gint64 now_us;           /* after cli_open(): --now or the wall clock */
    gboolean has_now;
    char *now_text;
    char *config_option;
};

enum command_needs {
    NEEDS_NOTHING,
    NEEDS_READ,  /* the service; --now is always allowed */
    NEEDS_WRITE, /* the service; --now only on a rehearsal database */
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line */
    const char *summary;
    enum command_needs needs;
    int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the command's name */
};

int cli_main(int argc, char **argv);

/* Parses a command's own options (may be NULL) and the common ones out of argv, then opens the service if the
 * command needs it. FALSE when the command should return *rc at once. min and max count the remaining
 * arguments. */
gboolean cli_begin(struct cli *cli, const char *command, const GOptionEntry *entries, int min, int max,
                   int *argc, char ***argv, int *rc);

/* Takes --now over, read in the team's zone when the service is open. cli_begin() does it; a command that
 * opens the service itself does it once more. */
gboolean cli_set_now(struct cli *cli, enum command_needs needs, GError **error);

/* Prints "usher: MESSAGE" and returns the error's exit code. */
int cli_fail(const GError *error);
int cli_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);
int cli_missing(const char *format, ...) G_GNUC_PRINTF(1, 2); /* what was named does not exist: EX_NOINPUT */

/* Prints object as one line of JSON and gives it up. */
void cli_print_json(json_t *object);

/* The account called key: its id, or 0 after the error was printed with *rc set. */
gint64 cli_account(struct cli *cli, const char *key, int *rc);

/* A number such as a draft's; FALSE after a usage error with *rc set. */
gboolean cli_id(const char *text, gint64 *id, int *rc);

/* The sequence an account's command is about: the one it is active in, else the first. Borrowed. */
const struct sequence *cli_sequence_of(struct cli *cli, gint64 account_id);

/* us for people: in the team's zone, "2026-11-21 09:00", "-" for 0. With --json: RFC 3339 in UTC,
 * "2026-11-21T09:00:00Z", and NULL (JSON null) for 0. The caller frees. */
char *cli_time(const struct cli *cli, gint64 us);

/* Journals an act on an account and prints done; returns an exit code. data is taken over. */
int cli_act(struct cli *cli, gint64 account_id, const char *kind, json_t *data, const char *done);

#endif
