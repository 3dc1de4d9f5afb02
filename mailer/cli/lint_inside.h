/* What an edited sequence would change for the accounts inside: a part of `usher lint`. */
#ifndef USHER_CLI_LINT_INSIDE_H
#define USHER_CLI_LINT_INSIDE_H

#include "cli/cli.h"

/* Prints what the sequence at path, one of those in force by its name, would change for the accounts in the
 * configured database; nothing where there is no database, or nobody inside. FALSE only with error. */
gboolean lint_print_inside(const struct cli *cli, const struct config *config, const char *path,
                           GError **error);

#endif
