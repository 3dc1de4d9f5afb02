/* Which sequence an act means, where an account is in several. */
#ifndef USHER_CLI_SEQUENCE_CHOICE_H
#define USHER_CLI_SEQUENCE_CHOICE_H

#include "cli/cli.h"

/* What an act speaks of, in a sequence: TRUE when it has the stage or step called word. */
typedef gboolean (*sequence_has)(const struct sequence *sequence, const char *word);
gboolean sequence_has_step(const struct sequence *sequence, const char *word);
gboolean sequence_has_stage(const struct sequence *sequence,
                            const char *word); /* an id, or a title in any case */

/* The sequence called name (--sequence; NULL: not said) in which the account is active, else the only one of
 * its active ones that has word. NULL after the refusal was printed with *rc set: it is in none (data error),
 * in none that has word (no input; all that there are are named), or in several that do (usage error). */
const struct sequence *sequence_choose(struct cli *cli, const char *command, const char *account,
                                       gint64 account_id, const char *name, sequence_has has,
                                       const char *word, int *rc);

/* The sequence called name; NULL after a refusal that names those there are, with *rc set. */
const struct sequence *sequence_named(struct cli *cli, const char *command, const char *name, int *rc);

/* "outreach, check_in": its steps. The caller frees. */
char *sequence_step_ids(const struct sequence *sequence);

/* The stage an id or a title means; NULL: there is none. */
const struct stage *sequence_find_stage(const struct sequence *sequence, const char *word);

#endif
