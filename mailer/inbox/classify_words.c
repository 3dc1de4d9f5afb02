/* Purpose: the ways to look for the wordings of classify_words_table.c. */
#include "inbox/classify_words.h"

#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/phrases.h"

/* The table once more, folded, in the form that phrases.h walks. */
static const char **folded_table;
static struct phrase_list all_words = {.words = TRUE};

static void
fold_table(void)
{
    if (folded_table)
        return;
    folded_table = g_new0(const char *, classify_words_count + 1);
    for (gsize i = 0; i < classify_words_count; i++)
        folded_table[i] = classify_fold(classify_words_table[i].phrase, 400);
    all_words.phrases = folded_table;
}

void
classify_words_find_all(const char *folded, const char *found[WORDS_KINDS])
{
    guint first[WORDS_KINDS];
    for (gsize kind = 0; kind < WORDS_KINDS; kind++)
        first[kind] = (guint)classify_words_count;
    fold_table();
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &all_words, folded);
    while (phrase_walk_next(&walk, &which, &at))
        first[classify_words_table[which].kind] = MIN(first[classify_words_table[which].kind], which);
    for (gsize kind = 0; kind < WORDS_KINDS; kind++)
        found[kind] = folded_table[first[kind]];
}

const char *
classify_words_find(enum words_kind kind, const char *folded)
{
    const char *found[WORDS_KINDS];
    classify_words_find_all(folded, found);
    return found[kind];
}

const char *
classify_words_begin(enum words_kind kind, const char *folded)
{
    const char *best = NULL;
    fold_table();
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &all_words, folded);
    while (phrase_walk_next(&walk, &which, &at) && at == folded)
        if (classify_words_table[which].kind == kind && (!best || strlen(folded_table[which]) > strlen(best)))
            best = folded_table[which];
    return best;
}

const char *
classify_words_equal(enum words_kind kind, const char *folded)
{
    fold_table();
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &all_words, folded);
    while (phrase_walk_next(&walk, &which, &at) && at == folded) {
        const char *phrase = folded_table[which];
        if (classify_words_table[which].kind != kind)
            continue;
        const char *rest = folded + strlen(phrase);
        if (rest[strspn(rest, " .!,;:-")] == '\0' || strcmp(rest, "。") == 0)
            return phrase;
    }
    return NULL;
}
