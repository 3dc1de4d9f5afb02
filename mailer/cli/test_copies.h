/* Test copies in `usher outbox`. */
#ifndef USHER_CLI_TEST_COPIES_H
#define USHER_CLI_TEST_COPIES_H

#include "cli/cli.h"
#include "cli/table.h"

/* Adds the copies that wait (with all: those that are over too) as rows of the outbox's columns, or prints
 * them with --json. */
gboolean test_copies_add(struct cli *cli, struct table *table, gboolean all, GError **error);

#endif
