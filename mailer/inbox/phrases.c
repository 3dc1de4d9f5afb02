/* Purpose: see phrases.h. Every phrase is filed under its first three bytes; a text is walked byte by byte
 * and nearly every byte is passed after one look at a bit map of at most 4 KiB. The work is linear in the
 * text but for phrases that share their beginning. */
#include "inbox/phrases.h"

#include <string.h>

#include "inbox/classify_fold.h"

#define KEY_BYTES 3u
#define MIN_KEY_BITS 10u
#define MAX_KEY_BITS 15u
#define NONE G_MAXUINT16

struct phrase_index {
    guint
        key_bits; /* keys are that long: at least sixteen for each phrase, so that few places look like one */
    guint32 *seen;  /* keys with a phrase */
    guint16 *first; /* key → the first of its phrases, NONE when it has none */
    guint16 *next;  /* phrase → the next one of the same key */
    guint16 *lengths;
    guint16 *shorts; /* phrases under three bytes */
    guint short_count;
};

static guint32
three_bytes(const char *p)
{
    return (guint32)(guchar)p[0] | (guint32)(guchar)p[1] << 8 | (guint32)(guchar)p[2] << 16;
}

static guint
key_of(const struct phrase_index *index, guint32 three)
{
    return (three * 2654435761u) >> (32 - index->key_bits);
}

static const struct phrase_index *
index_of(struct phrase_list *list)
{
    if (list->index)
        return list->index;
    guint count = g_strv_length((char **)(guintptr)list->phrases);
    g_assert(count < NONE);
    struct phrase_index *index = g_new0(struct phrase_index, 1);
    index->key_bits = CLAMP(g_bit_storage(count) + 5, MIN_KEY_BITS, MAX_KEY_BITS);
    gsize keys = (gsize)1 << index->key_bits;
    index->seen = g_new0(guint32, keys / 32);
    index->first = g_new(guint16, keys);
    memset(index->first, 0xff, keys * sizeof *index->first);
    index->next = g_new(guint16, count + 1);
    index->lengths = g_new(guint16, count + 1);
    index->shorts = g_new0(guint16, count + 1);
    for (guint i = count; i-- > 0;) { /* backwards, so that the chains run forwards */
        gsize len = strlen(list->phrases[i]);
        g_assert(len > 0 && len < NONE);
        index->lengths[i] = (guint16)len;
        index->next[i] = NONE;
        if (len < KEY_BYTES) {
            index->shorts[index->short_count++] = (guint16)i;
            continue;
        }
        guint key = key_of(index, three_bytes(list->phrases[i]));
        index->next[i] = index->first[key];
        index->first[key] = (guint16)i;
        index->seen[key / 32] |= 1u << (key % 32);
    }
    list->index = index;
    return index;
}

void
phrase_walk_init(struct phrase_walk *walk, struct phrase_list *list, const char *text)
{
    *walk = (struct phrase_walk){.list = list, .text = text, .at = text, .chain = NONE};
    if (text[0] && text[1] && text[2])
        walk->chain = index_of(list)->first[key_of(index_of(list), three_bytes(text))];
}

/* Moves to the next byte where a phrase may begin; FALSE when fewer than three bytes are left. */
static gboolean
next_candidate(struct phrase_walk *walk, const struct phrase_index *index)
{
    const char *p = walk->at;
    if (!p[0] || !p[1] || !p[2])
        return FALSE;
    guint32 three = three_bytes(p);
    for (p++; p[2]; p++) {
        three = three >> 8 | (guint32)(guchar)p[2] << 16; /* each byte is read once */
        guint key = key_of(index, three);
        if (index->seen[key / 32] & 1u << (key % 32)) {
            walk->at = p;
            walk->chain = index->first[key];
            return TRUE;
        }
    }
    walk->at = p;
    return FALSE;
}

static gboolean
stands_alone(const struct phrase_walk *walk, const char *at, gsize len)
{
    return !walk->list->words || classify_is_whole(walk->text, at, len);
}

gboolean
phrase_walk_next(struct phrase_walk *walk, guint *which, const char **at)
{
    const struct phrase_index *index = index_of(walk->list);
    const char *const *phrases = walk->list->phrases;
    do {
        while (walk->chain != NONE) {
            guint i = walk->chain;
            walk->chain = index->next[i];
            gsize len = index->lengths[i];
            if (strncmp(walk->at, phrases[i], len) == 0 && stands_alone(walk, walk->at, len)) {
                *which = i;
                *at = walk->at;
                return TRUE;
            }
        }
    } while (next_candidate(walk, index));
    while (walk->shorts < index->short_count) { /* one place each is enough for those */
        guint i = index->shorts[walk->shorts++];
        for (const char *p = walk->text; (p = strstr(p, phrases[i])) != NULL; p++)
            if (stands_alone(walk, p, index->lengths[i])) {
                *which = i;
                *at = p;
                return TRUE;
            }
    }
    return FALSE;
}

const char *
phrase_list_find(struct phrase_list *list, const char *text)
{
    struct phrase_walk walk;
    guint best = NONE, which = NONE;
    const char *at;
    phrase_walk_init(&walk, list, text);
    while (best > 0 && phrase_walk_next(&walk, &which, &at))
        best = MIN(best, which);
    return best == NONE ? NULL : list->phrases[best];
}

gboolean
phrase_list_begins(struct phrase_list *list, const char *text)
{
    const struct phrase_index *index = index_of(list);
    if (text[0] && text[1] && text[2])
        for (guint i = index->first[key_of(index, three_bytes(text))]; i != NONE; i = index->next[i])
            if (strncmp(text, list->phrases[i], index->lengths[i]) == 0)
                return TRUE;
    for (guint k = 0; k < index->short_count; k++)
        if (g_str_has_prefix(text, list->phrases[index->shorts[k]]))
            return TRUE;
    return FALSE;
}
