/* Many phrases looked for in one pass over a text: the wordings of the classifier are hundreds, and most
 * mails hold none of them. */
#ifndef USHER_INBOX_PHRASES_H
#define USHER_INBOX_PHRASES_H

#include <glib.h>

struct phrase_index;

/* Phrases in folded form (classify_fold), NULL-terminated, borrowed for ever. words tells that a phrase which
 * begins or ends with a letter of an alphabet with blanks must stand at a word's beginning or end. index is
 * made at first use and kept for the life of the process: such lists are static. */
struct phrase_list {
    const char *const *phrases;
    gboolean words;
    struct phrase_index *index;
};

/* A walk over all places of text where a phrase of the list stands, in the order of their first byte; phrases
 * under three bytes come last. */
struct phrase_walk {
    struct phrase_list *list;
    const char *text;
    const char *at;
    guint chain;
    guint shorts;
};

void phrase_walk_init(struct phrase_walk *walk, struct phrase_list *list, const char *text);

/* Moves to the next place; which is the phrase's position in the list. FALSE at the end. */
gboolean phrase_walk_next(struct phrase_walk *walk, guint *which, const char **at);

/* The phrase that stands first in the list among those that stand in text, or NULL. Borrowed. */
const char *phrase_list_find(struct phrase_list *list, const char *text);

/* TRUE when text begins with a phrase of the list, whatever follows it. */
gboolean phrase_list_begins(struct phrase_list *list, const char *text);

#endif
