/* Taking events back, and proving the current state by the journal. The journal is the truth: the tables of
 * pipeline/state.c are what state_apply() makes of it, in order, without the events that a correction took
 * back. Everything here runs inside the caller's transaction. */
#ifndef USHER_PIPELINE_REPLAY_H
#define USHER_PIPELINE_REPLAY_H

#include "base/cleanup.h"
#include "store/store.h"

/* What falls with some events. */
struct retraction {
    GArray *events;   /* gint64: they and all that descends from them, ascending; without what stays */
    GArray *accounts; /* gint64: whose events these are */
    GArray *drafts;   /* gint64: messages that were composed because of them and wait, or are queued */
    GArray *sent;     /* gint64: messages that were composed because of them and went out; they stay */
};
void retraction_clear(struct retraction *retraction);

/* Follows event.cause from roots (gint64, of which those taken back already count for nothing). Mail that
 * went out, drafts, and steps that are judged again anyway stay. The caller clears out. */
gboolean replay_collect(struct store *db, const GArray *roots, struct retraction *out, GError **error);

/* Rebuilds stages, steps and marks of the accounts (gint64) from their part of the journal. */
gboolean replay_accounts(struct store *db, const GArray *accounts, GError **error);

/* Rebuilds everything beside the tables and compares. *differences: one line each (char *), empty when the
 * tables are what the journal says; the caller frees. Nothing is changed. */
gboolean replay_verify(struct store *db, GPtrArray **differences, GError **error);

#endif
