/* What an edited sequence means for the accounts that are inside. The rule, see usher-sequence(5): a stage
 * that was removed is the one that says `was`, else its accounts wait for a person; a step that was removed
 * is cancelled, its draft withdrawn; a step that was added counts from now, and fires for no date that is
 * past beyond its lateness; another due date reschedules. progress.c and steps.c follow it; here it is
 * foretold. */
#ifndef USHER_PIPELINE_EDIT_H
#define USHER_PIPELINE_EDIT_H

#include "pipeline/sequence.h"
#include "store/store.h"

struct edit_note {
    char *text;     /* "step nudge is gone: its draft is withdrawn" */
    guint accounts; /* so many of them */
    char *example;  /* the key of one */
};

/* What would change for the accounts active in sequence, a part of program, if it were in force: GPtrArray of
 * struct edit_note in the order of the file, freed by the caller. *looked_at: how many accounts, *total: of
 * how many. Nothing is written. NULL with error. */
GPtrArray *edit_foresee(struct store *db, const struct program *program, const struct sequence *sequence,
                        gint64 now_us, guint *looked_at, guint *total, GError **error);

#endif
