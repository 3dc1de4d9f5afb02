/* The journal on the screen, day by day. */
#ifndef USHER_CLI_TIMELINE_H
#define USHER_CLI_TIMELINE_H

#include "cli/cli.h"

struct timeline_filter {
    gint64 account_id;   /* 0: everything */
    gint64 limit;        /* only the last so many; below 1: all */
    gboolean milestones; /* leave the engine's bookkeeping out */
};

/* Prints the events that pass, oldest first: a line a day, then one for each event with its hour in the
 * team's zone, in words; with --json one object an event. FALSE with error. */
gboolean timeline_print(struct cli *cli, const struct timeline_filter *filter, GError **error);

/* The milestones of an account, oldest first, as an array of {event, at, kind, actor, what, taken_back}. NULL
 * with error; the caller gives it up. */
json_t *timeline_json(struct cli *cli, gint64 account_id, GError **error);

#endif
