/* The wordings by which automatic answers and opt-outs are known where headers say nothing, by language.
 * Internal to inbox/classify*.c. The tables hold natural spelling; they are folded (classify_fold) once, at
 * first use. */
#ifndef USHER_INBOX_CLASSIFY_WORDS_H
#define USHER_INBOX_CLASSIFY_WORDS_H

#include <glib.h>

/* What a wording is a sign of. One alone proves nothing but WORDS_AUTOMATIC. */
enum words_kind {
    WORDS_SUBJECT,      /* at the beginning of a subject: an automatic answer by its own words */
    WORDS_SUBJECT_AWAY, /* at the beginning of a subject: absence; a person could write it too */
    WORDS_AUTOMATIC,    /* "this is an automatic reply" */
    WORDS_ABSENT,       /* "I am out of the office" */
    WORDS_BACK,         /* "I will answer when I am back" */
    WORDS_URGENT,       /* "in urgent cases please contact" */
    WORDS_ACCESS,       /* "limited access to email" */
    WORDS_THANKS,       /* "thank you for your message" */
    WORDS_RECEIVED,     /* "we have received your message" */
    WORDS_SOON,         /* "we will answer as soon as possible" */
    WORDS_TICKET,       /* "a ticket was opened" */
    WORDS_GONE,         /* "no longer works here" */
    WORDS_TALKS,        /* "I had a look", "as you suggested": somebody has read the mail */
    WORDS_OPT_OUT,      /* "please remove me from your list" */
    WORDS_OPT_OUT_LINE, /* "unsubscribe": only as a whole line */
    WORDS_KINDS,        /* how many there are; no kind */
};

/* For every kind the first wording that stands in folded as whole words (classify_is_whole), or NULL: one
 * pass over folded. Borrowed. */
void classify_words_find_all(const char *folded, const char *found[WORDS_KINDS]);

/* The first wording of kind that stands in folded likewise, or NULL. Borrowed. */
const char *classify_words_find(enum words_kind kind, const char *folded);

/* The wording of kind that folded begins with, or NULL. Borrowed. */
const char *classify_words_begin(enum words_kind kind, const char *folded);

/* The wording of kind that folded is, but for marks at its end, or NULL. Borrowed. */
const char *classify_words_equal(enum words_kind kind, const char *folded);

/* The table. Internal to classify_words*.c. */
struct words {
    enum words_kind kind;
    const char *phrase;
};
extern const struct words classify_words_table[];
extern const gsize classify_words_count;

#endif
