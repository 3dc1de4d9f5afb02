/* One account on one page: loaded as one object, which --json prints as it is and people get in sections. */
#ifndef USHER_CLI_SHOW_H
#define USHER_CLI_SHOW_H

#include "cli/cli.h"

/* Everything about the account; only speaks of one sequence of it (NULL: all it is or was in). Times are
 * cli_time()'s. NULL with error; the caller gives it up. */
json_t *show_load(struct cli *cli, const char *key, gint64 account_id, const struct sequence *only,
                  GError **error);

/* What came and went between the team and the account, oldest first: {at, direction, who, what, subject, to,
 * text, inbound}. show_thread.c */
json_t *show_thread_json(struct cli *cli, gint64 account_id, GError **error);

/* Its people, each with `writable` and why not. show_people.c */
json_t *show_contacts_json(struct cli *cli, gint64 account_id, GError **error);

/* The page, for people. */
void show_print(const struct cli *cli, const char *key, const json_t *all);

/* The steps of a sequence as {step, state, due, reason, message}, soonest first. */
json_t *show_steps_json(struct cli *cli, gint64 account_id, const struct sequence *sequence);

/* Sets the member reason of those of the steps that are idle to why they are so now: what is on record is why
 * they became so. The steps are objects of the members step and state. */
gboolean show_idle_reasons(struct cli *cli, gint64 account_id, const struct sequence *sequence, json_t *steps,
                           GError **error);

#endif
