/* Purpose: cut a reply down to what its writer typed.
 *
 * From the kinds of its lines (reply_lines.c): everything from a forwarded or original message on goes; an
 * attribution with the quote it introduces goes; quotes, signatures and notices at the end go, as often as
 * they alternate. Quotes between new words stay: "> Tuesday?" is what makes "Yes." readable. */
#include "inbox/reply_text.h"

#include <string.h>

#include "inbox/reply_lines.h"

#define SIGNATURE_LINES 15u /* what follows "-- " and is longer is text */

static enum line_kind
kind_at(const GArray *lines, guint i)
{
    return g_array_index(lines, struct line, i).kind;
}

/* The kind of the first line from i on that is not empty; LINE_EMPTY at the end. */
static enum line_kind
next_kind(const GArray *lines, guint i, guint end)
{
    while (i < end && kind_at(lines, i) == LINE_EMPTY)
        i++;
    return i < end ? kind_at(lines, i) : LINE_EMPTY;
}

static gboolean
has_kind(const GArray *lines, guint from, guint to, enum line_kind kind)
{
    for (guint i = from; i < to; i++)
        if (kind_at(lines, i) == kind)
            return TRUE;
    return FALSE;
}

static guint
count_words_lines(const GArray *lines, guint from, guint to)
{
    guint count = 0;
    for (guint i = from; i < to; i++)
        count += kind_at(lines, i) != LINE_EMPTY;
    return count;
}

/* Removes one thing from the end of [start, end) that its writer did not type. Returns the new end. */
static guint
trim_once(const GArray *lines, guint start, guint end)
{
    while (end > start && kind_at(lines, end - 1) == LINE_EMPTY)
        end--;
    if (end == start)
        return end;
    switch (kind_at(lines, end - 1)) {
    case LINE_QUOTE:
    case LINE_DELIMITER:
    case LINE_ATTRIBUTION:
    case LINE_ORIGINAL:
        return end - 1;
    case LINE_EMPTY:
    case LINE_TEXT:
    case LINE_SENT_FROM:
    case LINE_DISCLAIMER:
        break;
    }
    /* A signature: from the last delimiter, phone line or notice on, when only a few lines follow. A notice
     * may be long. */
    for (guint i = end; i > start; i--) {
        enum line_kind kind = kind_at(lines, i - 1);
        guint below = count_words_lines(lines, i, end);
        if (kind == LINE_QUOTE || kind == LINE_ATTRIBUTION || below > 60)
            break;
        gboolean before = has_kind(lines, start, i - 1, LINE_TEXT);
        if (kind == LINE_DELIMITER && below <= SIGNATURE_LINES && (before || below == 0))
            return i - 1;
        if (kind == LINE_SENT_FROM && below <= 4)
            return i - 1;
        if (kind == LINE_DISCLAIMER && before)
            return i - 1;
    }
    return end;
}

static guint
trim_end(const GArray *lines, guint start, guint end)
{
    for (;;) {
        guint shorter = trim_once(lines, start, end);
        if (shorter == end)
            return end;
        end = shorter;
    }
}

/* Where new words end because an earlier message begins. start moves behind what stands before all new words.
 */
static guint
find_end(const GArray *lines, guint *start)
{
    guint end = lines->len;
    for (guint i = *start; i < end; i++) {
        enum line_kind kind = kind_at(lines, i);
        gboolean before = has_kind(lines, *start, i, LINE_TEXT);
        if (kind == LINE_ORIGINAL) {
            if (before)
                return i;
            *start = i + 1; /* nothing but a forwarded mail */
        } else if (kind == LINE_ATTRIBUTION && i > 0 && kind_at(lines, i - 1) == LINE_ATTRIBUTION) {
            continue;
        } else if (kind == LINE_ATTRIBUTION) {
            guint after = i;
            while (after < end && kind_at(lines, after) == LINE_ATTRIBUTION)
                after++;
            gboolean quoted = next_kind(lines, after, end) == LINE_QUOTE;
            if (!before) { /* the answer stands below */
                while (quoted && after < end &&
                       (kind_at(lines, after) == LINE_QUOTE || kind_at(lines, after) == LINE_EMPTY))
                    after++;
                *start = after;
                i = after > 0 ? after - 1 : 0;
            } else if (!quoted || !has_kind(lines, after, trim_end(lines, after, end), LINE_TEXT)) {
                return i;
            }
        }
    }
    return end;
}

static guint
count_kind(const GArray *lines, enum line_kind kind)
{
    guint count = 0;
    for (guint i = 0; i < lines->len; i++)
        count += kind_at(lines, i) == kind;
    return count;
}

/* Behind a warning that the receiving system has set in front of the mail ("CAUTION: external email"). */
static guint
skip_warning(const GArray *lines)
{
    static const char *const openings[] = {
        "caution",     "[external",    "external ",       "warning: this", "achtung: ",         "attention",
        "this email ", "this message", "you don't often", "atencion",      "attenzione: questa"};
    guint first = 0;
    while (first < lines->len && kind_at(lines, first) == LINE_EMPTY)
        first++;
    if (first == lines->len || kind_at(lines, first) != LINE_DISCLAIMER)
        return 0;
    const struct line *line = &g_array_index(lines, struct line, first);
    gboolean warning = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(openings) && !warning; i++)
        warning = line->len > strlen(openings[i]) &&
                  g_ascii_strncasecmp(line->start, openings[i], strlen(openings[i])) == 0;
    guint end = first;
    while (end < lines->len && kind_at(lines, end) != LINE_EMPTY)
        end++;
    return warning && has_kind(lines, end, lines->len, LINE_TEXT) ? end : 0;
}

char *
reply_text_extract(const char *text, struct reply_marks *marks)
{
    g_autoptr(GArray) lines = reply_lines_read(text);
    if (marks) {
        marks->attribution = count_kind(lines, LINE_ATTRIBUTION) + count_kind(lines, LINE_ORIGINAL) > 0;
        marks->quote = marks->attribution || count_kind(lines, LINE_QUOTE) >= 2;
    }
    guint start = skip_warning(lines);
    guint end = trim_end(lines, start, lines->len);
    if (end < lines->len)
        g_array_set_size(lines, end);
    end = find_end(lines, &start);
    end = trim_end(lines, start, end);
    while (start < end && kind_at(lines, start) == LINE_EMPTY)
        start++;
    GString *out = g_string_new(NULL);
    for (guint i = start; i < end; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        if (line->kind == LINE_ATTRIBUTION)
            continue;
        gsize len = line->len;
        while (len > 0 && g_ascii_isspace(line->start[len - 1]))
            len--;
        if (i > start)
            g_string_append_c(out, '\n');
        g_string_append_len(out, line->start, (gssize)len);
    }
    char *result = g_string_free(out, FALSE);
    gsize blank = strspn(result, "\n");
    memmove(result, result + blank, strlen(result + blank) + 1);
    return g_strchomp(result);
}

const char *
reply_text_skip_header(const char *text)
{
    g_autoptr(GArray) lines = reply_lines_read(text);
    guint i = 0;
    while (i < lines->len && kind_at(lines, i) != LINE_ORIGINAL)
        i++;
    if (i == lines->len)
        return NULL;
    while (i < lines->len && (kind_at(lines, i) == LINE_ORIGINAL || kind_at(lines, i) == LINE_EMPTY))
        i++;
    return i < lines->len ? g_array_index(lines, struct line, i).start : NULL;
}

gboolean
reply_text_quotes_one_of(const char *text, const GPtrArray *addresses)
{
    g_autoptr(GArray) lines = reply_lines_read(text);
    g_autoptr(GString) said = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        if (line->kind == LINE_ATTRIBUTION || line->kind == LINE_ORIGINAL)
            g_string_append_len(said, line->start, (gssize)line->len);
        else if (said->len > 0 && line->kind != LINE_EMPTY)
            break; /* what follows is older than the mail that is answered */
    }
    if (addresses->len == 0 || !strchr(said->str, '@'))
        return TRUE;
    g_autofree char *lower = g_ascii_strdown(said->str, -1);
    for (guint i = 0; i < addresses->len; i++) { /* the local part may carry a token or be an alias */
        const char *domain = strrchr(addresses->pdata[i], '@');
        if (domain && strstr(lower, domain))
            return TRUE;
    }
    return FALSE;
}
