/* Texts in the form in which wordings are compared, and whole words in them. Internal to inbox/. */
#ifndef USHER_INBOX_CLASSIFY_FOLD_H
#define USHER_INBOX_CLASSIFY_FOLD_H

#include <glib.h>

/* text prepared for comparing: compatibility forms, accents and letter case removed, typographic quotes made
 * plain, blanks and line ends made single blanks. At most max bytes of text are looked at. The caller frees.
 */
char *classify_fold(const char *text, gsize max);

/* TRUE when the len bytes at `at`, in folded, are whole words: where they begin or end with a letter of an
 * alphabet with blanks between words, no such letter stands before or behind them. */
gboolean classify_is_whole(const char *folded, const char *at, gsize len);

/* TRUE when phrase stands in folded as whole words; at (may be NULL) is where. */
gboolean classify_has_phrase(const char *folded, const char *phrase, const char **at);

#endif
