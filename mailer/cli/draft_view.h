/* A draft on the screen: as its customer will read it, and what a specialist should know about it. */
#ifndef USHER_CLI_DRAFT_VIEW_H
#define USHER_CLI_DRAFT_VIEW_H

#include "cli/cli.h"
#include "compose/draft.h"

/* "2 days ago", "just now", for people. The caller frees. */
char *draft_view_age(gint64 now_us, gint64 us);

/* What stands above a draft: its name and state, who made its revision, who still has to look, what changed
 * since it was approved or since revision seen (0: the one before), and what keeps it from being approved. */
void draft_view_status(struct cli *cli, const struct draft *draft, gint64 seen);

/* From, To, Cc (each with its reason), Subject and text, wrapped to the screen. Prints nothing with error. */
gboolean draft_view_letter(const struct draft *draft, GError **error);

/* Every fact used: value, source, age, and whether it is too old for the template. */
void draft_view_facts(struct cli *cli, const struct draft *draft);

/* The facts in one line: how many, the oldest, those too old. The caller frees. */
char *draft_view_facts_line(struct cli *cli, const struct draft *draft);

/* Lint lines, or that there are none. FALSE with error. */
gboolean draft_view_lint(struct cli *cli, const struct draft *draft, GError **error);

/* Warnings of a draft that was approved, to standard error: they do not keep it back. */
void draft_view_warnings(struct cli *cli, const struct draft *draft);

/* The HTML part in a page with the header lines, for a browser: nothing is loaded from anywhere. */
gboolean draft_view_html(const struct draft *draft, GError **error);

/* Everything as one object; NULL with error. The caller gives it up. */
json_t *draft_view_json(struct cli *cli, const struct draft *draft, GError **error);

/* The account's drafts that wait, each with who still has to look, as an array of {draft, step, "waits for"}:
 * what `why` shows. The caller gives it up. */
json_t *draft_view_waiting_json(struct cli *cli, gint64 account_id);

/* facts as {value, source, as_of} with as_of in RFC 3339, null where it is not known: how --json tells facts
 * everywhere. The caller gives it up. */
json_t *draft_view_facts_json(const json_t *facts);

#endif
