/* Purpose: texts in the form in which wordings are compared (classify_fold.h), and looked for.
 *
 * What becomes of a character outside ASCII is worked out once and kept: it does not depend on its
 * neighbours, except where a combining mark or a part of a Korean syllable follows; runs with such go the
 * long way. */
#include "inbox/classify_fold.h"

#include <string.h>

struct folding {
    char *out;
    gsize len, size;
    gboolean blank; /* the last character was one, or there was none */
};

static void
put_folded(struct folding *f, const char *bytes, gsize len)
{
    if (f->len + len + 1 > f->size) {
        f->size = (f->len + len + 1) * 2;
        f->out = g_realloc(f->out, f->size);
    }
    memcpy(f->out + f->len, bytes, len);
    f->len += len;
}

static void
put_blank(struct folding *f)
{
    if (!f->blank)
        put_folded(f, " ", 1);
    f->blank = TRUE;
}

/* Bytes of one or many characters; blanks among them become single ones. */
static void
put_text(struct folding *f, const char *text, gsize len)
{
    for (gsize i = 0; i < len;) {
        const char *blank = memchr(text + i, ' ', len - i);
        gsize n = blank ? (gsize)(blank - text) - i : len - i;
        if (n > 0) {
            put_folded(f, text + i, n);
            f->blank = FALSE;
        }
        if (blank)
            put_blank(f);
        i += n + (blank != NULL);
    }
}

/* The folded form of a text, whatever it holds; NULL when it is no UTF-8. The caller frees. */
static char *
fold_slowly(const char *text, gsize len)
{
    g_autofree char *decomposed = g_utf8_normalize(text, (gssize)len, G_NORMALIZE_ALL);
    if (!decomposed)
        return NULL;
    g_autofree char *folded = g_utf8_casefold(decomposed, -1);
    g_autoptr(GString) plain = g_string_sized_new(strlen(folded) + 1);
    for (const char *p = folded; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c >= 0x300 && c <= 0x36f) /* combining accents */
            continue;
        if (c == 0x200b || c == 0x200c || c == 0x200d || c == 0xfeff || c == 0xad)
            continue;
        if ((c >= 0x64b && c <= 0x652) || c == 0x640) /* Arabic vowel signs and lengthening */
            continue;
        if (c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            continue;   /* marks of direction */
        if (c == 0x131) /* Turkish dotless i */
            c = 'i';
        if (c == 0x2018 || c == 0x2019 || c == 0x201b || c == 0xb4 || c == '`')
            c = '\'';
        if (c == 0x2010 || c == 0x2011 || c == 0x2012 || c == 0x2013 || c == 0x2014)
            c = '-';
        g_string_append_unichar(plain, g_unichar_isspace(c) ? ' ' : c);
    }
    /* Composed again, so that Japanese and Korean stand as one writes them. */
    return g_utf8_normalize(plain->str, -1, G_NORMALIZE_DEFAULT_COMPOSE);
}

/* ---- single characters ---- */

static const char itself[] = "", depends[] = "";

/* TRUE for what may melt with the character before it. Accents never do: they are dropped. */
static gboolean
joins_previous(gunichar c)
{
    gboolean jamo =
        (c >= 0x1100 && c <= 0x11ff) || (c >= 0xa960 && c <= 0xa97f) || (c >= 0xd7b0 && c <= 0xd7ff);
    return jamo || (g_unichar_combining_class(c) != 0 && !(c >= 0x300 && c <= 0x36f));
}

static const char *
work_out(const char *character, gsize len)
{
    g_autofree char *decomposed = g_utf8_normalize(character, (gssize)len, G_NORMALIZE_ALL);
    g_autofree char *folded = fold_slowly(character, len);
    gunichar c = g_utf8_get_char(character);
    gboolean syllable = c >= 0xac00 && c <= 0xd7a3;
    if (!decomposed || !folded || (!syllable && joins_previous(g_utf8_get_char(decomposed))))
        return depends;
    gboolean same = strlen(folded) == len && memcmp(folded, character, len) == 0;
    return same ? itself : g_steal_pointer(&folded);
}

/* What becomes of a character of the basic plane, kept for the life of the process. */
static const char *
fold_character(const char *character, gsize len)
{
    static const char **pages[256];
    gunichar c = g_utf8_get_char(character);
    if (c > 0xffff)
        return depends;
    if (!pages[c >> 8])
        pages[c >> 8] = g_new0(const char *, 256);
    const char **kept = &pages[c >> 8][c & 0xff];
    if (!*kept)
        *kept = work_out(character, len);
    return *kept;
}

/* By comparing, not by a call for each byte: nearly all of a mail goes through here. */
static inline char
fold_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '`' ? '\'' : c;
}

/* A run of bytes that begins and ends beside ASCII blanks, and holds other letters than ASCII. */
static void
fold_run(struct folding *f, const char *run, gsize len)
{
    gsize from = f->len;
    gboolean blank = f->blank;
    for (gsize i = 0; i < len;) {
        guchar c = (guchar)run[i];
        if (c < 0x80) {
            char folded = fold_ascii((char)c);
            put_text(f, g_ascii_isspace(folded) ? " " : &folded, 1);
            i++;
            continue;
        }
        gsize width = (gsize)(g_utf8_next_char(run + i) - (run + i));
        const char *folded = i + width <= len && g_utf8_validate(run + i, (gssize)width, NULL)
                                 ? fold_character(run + i, width)
                                 : depends;
        if (folded == depends) { /* all over again */
            f->len = from;
            f->blank = blank;
            g_autofree char *whole = fold_slowly(run, len);
            if (whole)
                put_text(f, whole, strlen(whole));
            return;
        }
        if (folded == itself) {
            put_folded(f, run + i, width);
            f->blank = FALSE;
        } else {
            put_text(f, folded, strlen(folded));
        }
        i += width;
    }
}

char *
classify_fold(const char *text, gsize max)
{
    gsize len = strnlen(text, max);
    while (len > 0 && text[len] != '\0' && ((guchar)text[len] & 0xc0) == 0x80)
        len--;
    struct folding f = {.out = g_malloc(len + 2), .size = len + 2, .blank = TRUE};
    for (gsize i = 0; i < len;) {
        if (g_ascii_isspace(text[i])) {
            put_blank(&f);
            i++;
            continue;
        }
        gsize end = i;
        gboolean ascii = TRUE;
        for (; end < len && !g_ascii_isspace(text[end]); end++)
            ascii = ascii && (guchar)text[end] < 0x80;
        if (ascii) {
            gsize from = f.len;
            put_folded(&f, text + i, end - i);
            for (gsize k = from; k < f.len; k++)
                f.out[k] = fold_ascii(f.out[k]);
            f.blank = FALSE;
        } else {
            while (end < len &&
                   !(g_ascii_isspace(text[end]) && end + 1 < len && (guchar)text[end + 1] < 0x80))
                end++; /* on to the next word that begins in ASCII: fewer and longer runs */
            fold_run(&f, text + i, end - i);
        }
        i = end;
    }
    if (f.len > 0 && f.out[f.len - 1] == ' ')
        f.len--;
    f.out[f.len] = '\0';
    return f.out;
}

/* ---- whole words ---- */

/* Letters of alphabets that put blanks between words. Arabic and Hebrew write small words together with the
 * next one; Chinese, Japanese, Korean and Thai put none. */
static gboolean
is_spaced_letter(gunichar c)
{
    return c < 0x0590 && (g_unichar_isalnum(c) || c == '_');
}

gboolean
classify_is_whole(const char *folded, const char *at, gsize len)
{
    if (at > folded && is_spaced_letter(g_utf8_get_char(at)) &&
        is_spaced_letter(g_utf8_get_char(g_utf8_prev_char(at))))
        return FALSE;
    return !at[len] || !is_spaced_letter(g_utf8_get_char(at + len)) ||
           !is_spaced_letter(g_utf8_get_char(g_utf8_prev_char(at + len)));
}

gboolean
classify_has_phrase(const char *folded, const char *phrase, const char **at)
{
    gsize len = strlen(phrase);
    for (const char *p = len > 0 ? strstr(folded, phrase) : NULL; p; p = strstr(p + 1, phrase)) {
        if (!classify_is_whole(folded, p, len))
            continue;
        if (at)
            *at = p;
        return TRUE;
    }
    return FALSE;
}
