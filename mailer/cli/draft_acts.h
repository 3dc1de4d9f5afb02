/* What a person does to a draft, for the commands and for `review`: each prints what came of it and returns
 * an exit code. revision is the one the person has seen, 0 when only the number was said. */
#ifndef USHER_CLI_DRAFT_ACTS_H
#define USHER_CLI_DRAFT_ACTS_H

#include "cli/cli.h"
#include "service/desk.h"

/* The drafts that --account, --mine and --as ask for; FALSE after an error was printed with *rc set. */
gboolean draft_act_filter(struct cli *cli, const char *account, gboolean mine, const char *as_id,
                          struct desk_filter *filter, int *rc);

/* Reads "12" or "12.3"; FALSE after a usage error with *rc set. */
gboolean draft_act_reference(const char *text, gint64 *draft_id, gint64 *revision, int *rc);

/* Approves; *first, when not NULL, tells that it was the first of two. */
int draft_act_approve(struct cli *cli, gint64 draft_id, gint64 revision, gboolean *first);
int draft_act_reject(struct cli *cli, gint64 draft_id, gint64 revision, const char *reason);

/* Opens an editor; *saved, when not NULL, tells that the draft says something else now. */
int draft_act_edit(struct cli *cli, gint64 draft_id, gint64 revision, gboolean *saved);

/* Queues a test copy to who acts; as_id: see people_acting(). */
int draft_act_test_send(struct cli *cli, gint64 draft_id, gint64 revision, const char *as_id);

#endif
