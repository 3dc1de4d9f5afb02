/* Small text helpers that GLib does not have. */
#ifndef USHER_BASE_TEXT_H
#define USHER_BASE_TEXT_H

#include <glib.h>

/* The entry of the NULL-terminated names that is closest to word, or NULL when none is near enough to be a
 * typo. */
const char *text_nearest(const char *word, const char *const *names);

/* An address folded for comparing: ASCII lower case, surrounding blanks removed. The caller frees. */
char *text_fold_address(const char *address);

/* TRUE when haystack contains needle in any letter case (full Unicode case folding). */
gboolean text_contains_fold(const char *haystack, const char *needle);

/* Lower-case hexadecimal HMAC-SHA-256 of text under key, cut to chars characters. The caller frees. */
char *text_keyed_hash(const char *key, const char *text, gsize chars);

/* What a message's Message-ID ("message") and token ("token") are the keyed hash of: its number, and the
 * generation of the database where that is not the first. The caller frees. */
char *text_message_name(const char *what, gint64 number, gint64 generation);

#endif
