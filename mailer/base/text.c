/* Small text helpers: see text.h. */
#include "base/text.h"

#include <string.h>

/* Levenshtein distance, given up (as limit + 1) once it must exceed limit. Names are short. */
static guint
edit_distance(const char *a, const char *b, guint limit)
{
    gsize la = strlen(a), lb = strlen(b);
    if (la > 63 || lb > 63)
        return limit + 1;
    guint row[64];
    for (gsize j = 0; j <= lb; j++)
        row[j] = (guint)j;
    for (gsize i = 1; i <= la; i++) {
        guint diagonal = row[0];
        row[0] = (guint)i;
        for (gsize j = 1; j <= lb; j++) {
            guint substitution = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(MIN(row[j], row[j - 1]) + 1, substitution);
        }
    }
    return row[lb];
}

const char *
text_nearest(const char *word, const char *const *names)
{
    guint limit = strlen(word) <= 4 ? 1 : strlen(word) <= 8 ? 2 : 3, best = limit + 1;
    const char *nearest = NULL;
    for (; *names; names++) {
        guint d = edit_distance(word, *names, limit);
        if (d < best) {
            best = d;
            nearest = *names;
        }
    }
    return nearest;
}

char *
text_fold_address(const char *address)
{
    return g_strstrip(g_ascii_strdown(address, -1));
}

gboolean
text_contains_fold(const char *haystack, const char *needle)
{
    /* Folding reads beyond the end of a text that breaks off within a character. */
    g_autofree char *valid_haystack = g_utf8_make_valid(haystack, -1);
    g_autofree char *valid_needle = g_utf8_make_valid(needle, -1);
    g_autofree char *h = g_utf8_casefold(valid_haystack, -1);
    g_autofree char *n = g_utf8_casefold(valid_needle, -1);
    return strstr(h, n) != NULL;
}

char *
text_keyed_hash(const char *key, const char *text, gsize chars)
{
    char *hash = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)key, strlen(key), text, -1);
    if (chars < strlen(hash))
        hash[chars] = '\0';
    return hash;
}

char *
text_message_name(const char *what, gint64 number, gint64 generation)
{
    return generation ? g_strdup_printf("%s %" G_GINT64_FORMAT " of generation %" G_GINT64_FORMAT, what,
                                        number, generation)
                      : g_strdup_printf("%s %" G_GINT64_FORMAT, what, number);
}
