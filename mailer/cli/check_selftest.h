/* usher check --mailbox NAME --send, and what the last one said. */
#ifndef USHER_CLI_CHECK_SELFTEST_H
#define USHER_CLI_CHECK_SELFTEST_H

#include "cli/cli.h"

/* Runs the self-test of the mailbox, prints what it learned and which settings it proposes; the exit code. */
int check_selftest(struct cli *cli, const char *mailbox);

/* One line about the last self-test of the mailbox and its age. */
void check_last_selftest(const struct cli *cli, const char *mailbox);

#endif
