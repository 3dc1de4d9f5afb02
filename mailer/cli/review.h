/* What `review` is made of: the acts a person may choose for the draft on the screen. Inside cmd_review.c and
 * review_acts.c only. */
#ifndef USHER_CLI_REVIEW_H
#define USHER_CLI_REVIEW_H

#include "cli/cli.h"
#include "compose/draft.h"
#include "service/desk.h"

/* What an act leaves to be done. */
enum review_outcome {
    REVIEW_ASK_AGAIN, /* the same draft, which still stands on the screen */
    REVIEW_SHOW_AGAIN,
    REVIEW_DECIDED, /* it is off the list */
    REVIEW_PASSED,  /* it waits, and is not asked about again now */
    REVIEW_BACK,
    REVIEW_QUIT,
};

struct review {
    struct cli *cli;
    struct desk_filter filter;
    const char *as_id;
    gboolean keys;
    GPtrArray *drafts; /* struct desk_draft, in the order of the review */
    guint at;
    struct draft *shown;
    gint64 compare; /* the revision that stood on the screen before: 0, none */
    guint approved, edited, rejected, held, skipped;
    int rc; /* of the last act that failed */
};

/* An act by its key, or by the word of a line; rest is what stood behind the word. */
struct review_act {
    char key;
    const char *word, *arguments, *summary;
    enum review_outcome (*run)(struct review *r, const char *rest);
};

/* The act, NULL when there is none. */
const struct review_act *review_act_by_key(int key);
const struct review_act *review_act_by_word(const char *word);

/* Keeps the exit code of an act that failed; returns outcome. */
enum review_outcome review_fail(struct review *r, int rc, enum review_outcome outcome);

#endif
