/* Segments: named groups of accounts, by rule or by hand. sequences/segments.conf declares them (see
 * usher-segments(5)); every other rule reads them as in_NAME. Entering and leaving is an event with its
 * reason, so that "why is it in here?" has an answer. */
#ifndef USHER_PIPELINE_SEGMENT_H
#define USHER_PIPELINE_SEGMENT_H

#include "pipeline/sequence.h"

#include <confuse.h>

#define SEGMENTS_FILE "segments.conf"

/* One of the ways into a segment. */
struct segment_entry {
    char *name, *why; /* why: for people, never NULL */
    int when;
};

struct segment {
    char *name, *title, *why;
    char *fact;                  /* "in_NAME" */
    const struct sequence *home; /* whose stage and times its rules read; NULL: not in force, no members */
    int when, exclude;           /* of home->watch */
    gboolean blocks_handoff;     /* nobody in it can be handed to Sales */
    GPtrArray *entries;          /* struct segment_entry; where there are some, one of them must hold too */
};
void segment_free(gpointer segment);

/* What an account is to a segment. */
struct membership {
    gboolean member;
    gboolean by_hand; /* a specialist said so: the rule is not asked, exclude still is */
    char *entry;      /* the entry that let it in, NULL: none */
    char *why;        /* as the event that let it in says */
};

/* First pass, before any rule is read: parses the file (none: no segments) into *tree, which the caller frees
 * with cfg_free(), and declares the facts in_NAME. USHER_ERROR_CONFIG with file and line. */
gboolean segments_outline(struct program *program, cfg_t **tree, GError **error);

/* Second pass: the rules. */
gboolean segments_read(struct program *program, cfg_t *tree, GError **error);

/* NULL when there is none. */
const struct segment *program_segment(const struct program *program, const char *name);

/* Puts what the table says into memberships (one for each of the program's segments, zeroed; the caller
 * frees the entries). */
gboolean segments_load(struct store *db, const struct program *program, gint64 account_id,
                       struct membership *memberships, GError **error);

/* Frees what segments_load() filled, and the array. */
void memberships_free(struct membership *memberships, const struct program *program);

/* *rule is the exclude rule on one line when it holds for the account, so that not even a specialist may add
 * it; else NULL. The caller frees. */
gboolean segment_excluded(struct store *db, const struct program *program, const struct segment *segment,
                          gint64 account_id, gint64 now_us, char **rule, GError **error);

/* Brings the segments of the view's sequence to what their rules say, which watch_evaluate() has evaluated:
 * an event for each change. *changed becomes TRUE when there was one; the view is out of date then. Inside
 * pipeline/ only. */
struct view;
gboolean segments_update(struct view *view, gboolean *changed, GError **error);

/* Adds to lines (struct why_line) how the segments stand that enrol, exclude, leave, cancel and hold of the
 * view's sequence read: whether the account is in, and each of their rules. Inside pipeline/ only. */
gboolean segments_why(struct view *view, GPtrArray *lines, GError **error);

#endif
