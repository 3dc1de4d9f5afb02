/* Writing a value as Markdown that means exactly it. A character is escaped when it could mean something at
 * its place, together with what stands before and behind it: names and amounts stay readable, "1. x" at a
 * line's start does not. Entities stand where a backslash would not do: in code spans that a template's own
 * backtick began (they do not know escapes), before "<" of the template's, in titles (cmark takes the quote
 * in "\\" for escaped). */
#include "compose/markdown_escape.h"

#include "compose/markdown_tree.h"
#include "compose/markdown_url.h"

#include <string.h>

#define BLOCK_MARKS " \t>-+*=~.)0123456789"
#define TAIL 4096 /* bytes looked back at, so that many long values stay cheap */

static const char *
tail_of(const GString *out)
{
    return out->str + (out->len > TAIL ? out->len - TAIL : 0);
}

static gboolean
ends_in_odd_backslashes(const char *text, gsize len)
{
    gsize count = 0;
    while (count < len && text[len - 1 - count] == '\\')
        count++;
    return count % 2 == 1;
}

/* TRUE when out ends in what a letter or digit would complete: the start of an entity or of a tag. */
static gboolean
ends_in_opening(const GString *out)
{
    gsize at = out->len;
    while (at > 0 && (g_ascii_isalnum(out->str[at - 1]) || out->str[at - 1] == '#'))
        at--;
    if (at > 0 && out->str[at - 1] == '&' && !ends_in_odd_backslashes(out->str, at - 1))
        return TRUE;
    const char *open = strrchr(tail_of(out), '<');
    return open && !strchr(open, '>') &&
           (open[1] == '\0' || g_ascii_isalpha(open[1]) || strchr("/!?", open[1])) &&
           !ends_in_odd_backslashes(out->str, (gsize)(open - out->str));
}

/* TRUE when nothing but block marks, digits and blanks stands on the line so far. */
static gboolean
is_line_start(const GString *out)
{
    const char *line = strrchr(tail_of(out), '\n');
    line = line ? line + 1 : tail_of(out);
    return line[strspn(line, BLOCK_MARKS)] == '\0';
}

static gboolean
is_emphasis_mark(char c)
{
    return c == '*' || c == '_';
}

/* A joiner between an emphasis mark and a value that begins in punctuation: beside it the mark is read as
 * beside a placeholder, which is a letter (CommonMark 6.2). With a blank on the mark's other side both are
 * read alike. */
static void
put_joiner_before(GString *out, const char *value)
{
    gsize at = out->len;
    char mark = at > 0 ? out->str[at - 1] : ' ';
    while (at > 0 && is_emphasis_mark(mark) && out->str[at - 1] == mark)
        at--;
    gboolean word = g_unichar_isalnum(g_utf8_get_char(value)) && !ends_in_opening(out);
    if (at < out->len && at > 0 && !g_ascii_isspace(out->str[at - 1]) && !word)
        g_string_append(out, MARKDOWN_JOINER);
}

static void
put_joiner_behind(GString *out, const char *value, const char *next)
{
    const char *last = g_utf8_find_prev_char(value, value + strlen(value));
    gsize marks = is_emphasis_mark(*next) ? strspn(next, (const char[]){*next, '\0'}) : 0;
    if (marks > 0 && next[marks] && !g_ascii_isspace(next[marks]) && last &&
        !g_unichar_isalnum(g_utf8_get_char(last)))
        g_string_append(out, MARKDOWN_JOINER);
}

/* A code span that runs over line ends reads them as blanks; written as such, a value cannot begin a line and
 * with it a list or a heading. */
static void
join_span_lines(GString *out)
{
    for (const char *line; (line = strrchr(out->str, '\n')) && !strchr(line, '`');) {
        gsize at = (gsize)(line - out->str), end = at + 1 + strspn(line + 1, " \t>");
        if (at > 0 && out->str[at - 1] == '\r')
            at--;
        g_string_erase(out, (gssize)at, (gssize)(end - at));
        g_string_insert_c(out, (gssize)at, ' ');
    }
}

static void
put_entity(GString *out, gunichar c)
{
    g_string_append_printf(out, "&#%u;", c);
}

/* TRUE when a link's destination may have begun: "](" and no bracket closed behind it, or a definition's
 * "]:". */
static gboolean
ends_in_destination(const GString *out)
{
    const char *open = g_strrstr(tail_of(out), "](");
    if (strstr(tail_of(out), "]:"))
        return TRUE;
    for (const char *p = open; p && *p; p++)
        if (*p == ')' && p[-1] != '\\')
            return FALSE;
    return open != NULL;
}

/* A value being written as text. */
struct writing {
    GString *out;
    const char *value;
    const char *next;     /* what stands behind the value */
    gboolean line_start;  /* nothing but block marks on the line so far */
    gboolean destination; /* a link's destination may have begun before the value */
};

/* TRUE when the character at p must be escaped. Only where it matters: people read and edit this. */
static gboolean
needs_escape(const struct writing *writing, const char *p)
{
    const GString *out = writing->out;
    gboolean first = p == writing->value;
    char before = out->len > 0 ? out->str[out->len - 1] : '\n';
    char behind = p[1] ? p[1] : *writing->next;
    switch (*p) {
    case '\\':
    case '*':
    case '_':
    case '[':
    case ']':
    case '<':
    case '&':
    case ';':
        return TRUE;
    case '!':
        return p[1] == '\0' && behind == '[';
    case '(':
        return (first && before == ']') || writing->destination;
    case '"':
    case '\'':
        return writing->destination;
    case ':':
        return (first && before == ']') || behind == '/';
    case '/':
        return first && (before == ':' || before == '/');
    case '#':
        return first || !g_ascii_isalnum(p[-1]);
    case ')':
        return writing->line_start || writing->destination;
    case '-':
        return writing->line_start || before == '-' || behind == '-' || behind == '>';
    case '.':
    case '+':
    case '=':
    case '~':
        return writing->line_start;
    default:
        return FALSE;
    }
}

/* A blank that cmark would drop or count: at an end of the value or of a line, or beside another. */
static gboolean
is_fragile_blank(const char *value, const char *p)
{
    gunichar c = g_utf8_get_char(p);
    const char *next = g_utf8_next_char(p);
    if (c != ' ')
        return g_unichar_isspace(c) && (p == value || *next == '\0');
    return p == value || *next == '\0' || strchr(" \n", *next) || strchr(" \n", p[-1]);
}

/* "[label]: word" is a definition as soon as its line ends there, which a value's line end would do: its
 * colon is escaped. The word may stand on the line behind. */
static void
escape_definition(GString *out)
{
    const char *line = strrchr(out->str, '\n');
    gsize at = line ? (gsize)(line - out->str) : 0, before = at;
    while (before > 0 && strchr(" \t\r", out->str[before - 1]))
        before--;
    if (before > 1 && strncmp(out->str + before - 2, "]:", 2) == 0)
        at = before - 2;
    for (const char *p; (p = strstr(out->str + at, "]:"));) {
        at = (gsize)(p - out->str) + 1;
        g_string_insert_c(out, (gssize)at, '\\');
    }
}

static void
put_char(struct writing *writing, const char *p, gboolean title)
{
    GString *out = writing->out;
    if (*p == '>')
        g_string_append(out, "&gt;");
    else if (title && *p == '\\')
        g_string_append(out, "&#92;&#92;");
    else if (*p == '`' || is_fragile_blank(writing->value, p) || (title && strchr("\"'()&", *p)))
        put_entity(out, g_utf8_get_char(p));
    else if (!title && needs_escape(writing, p))
        g_string_append_printf(out, "\\%c", *p);
    else
        g_string_append_unichar(out, g_utf8_get_char(p));
    writing->line_start = writing->line_start && strchr(BLOCK_MARKS, out->str[out->len - 1]) &&
                          !(out->len > 1 && out->str[out->len - 2] == '\\');
}

static void
put_text(GString *out, const char *value, const char *next, gboolean title)
{
    struct writing writing = {out, value, next, is_line_start(out), ends_in_destination(out)};
    gsize more = strspn(next, G_CSET_DIGITS);
    gboolean number = writing.line_start && value[strspn(value, G_CSET_DIGITS)] == '\0' &&
                      (next[more] == '.' || next[more] == ')');
    gboolean opening = ends_in_opening(out), first_line = TRUE;
    const char *p = value;
    if (ends_in_odd_backslashes(out->str, out->len))
        g_string_append_c(out, '\\');
    if (opening || (number && more > 0)) {
        put_entity(out, g_utf8_get_char(p));
        p = g_utf8_next_char(p);
        writing.line_start = FALSE;
    }
    for (; *p; p = g_utf8_next_char(p)) {
        if (*p != '\n') {
            put_char(&writing, p, title);
            continue;
        }
        if (first_line)
            escape_definition(out);
        g_string_append(out, "\\\n");
        first_line = FALSE;
        writing.line_start = TRUE;
    }
    /* "2026." at a line's start would be a list, and "http" before "://" a link. */
    if ((number && more == 0) || g_str_has_prefix(next, "://"))
        g_string_append_c(out, '\\');
}

void
markdown_put_text(GString *out, const char *value, const char *next, gboolean breaks)
{
    g_autofree char *line = breaks ? NULL : g_strdelimit(g_strdup(value), "\n", ' ');
    put_joiner_before(out, value);
    put_text(out, line ? line : value, next, FALSE);
    put_joiner_behind(out, value, next);
}

void
markdown_put_title(GString *out, const char *value, const char *next)
{
    g_autofree char *line = g_strdelimit(g_strdup(value), "\n", ' ');
    put_text(out, line, next, TRUE);
}

void
markdown_put_span(GString *out, const char *code)
{
    join_span_lines(out);
    g_string_append(out, code);
}

/* TRUE when an "&" at p could be the start of an entity: letters and digits up to ";" or the value's end
 * follow. */
static gboolean
is_entity_start(const char *p)
{
    gsize run = strspn(p + 1, "#" G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS);
    return p[1 + run] == ';' || p[1 + run] == '\0';
}

void
markdown_put_destination(GString *out, const char *url, gboolean autolink)
{
    const char *p = url;
    if (!autolink && ends_in_odd_backslashes(out->str, out->len))
        g_string_append_c(out, '\\');
    if (ends_in_opening(out) && out->str[out->len - 1] != '<' && g_ascii_isalnum(*p) && !autolink)
        put_entity(out, (guchar)*p++);
    for (; *p; p++) {
        if (*p == '&' && is_entity_start(p))
            g_string_append(out, "&amp;");
        else if (!autolink && strchr("()", *p))
            g_string_append_printf(out, "\\%c", *p);
        else
            g_string_append_c(out, *p);
    }
}

void
markdown_put_link(GString *out, const char *url, const char *next)
{
    const char *shown = markdown_url_shown(url);
    put_joiner_before(out, "<");
    if (ends_in_odd_backslashes(out->str, out->len))
        g_string_append_c(out, '\\');
    if (shown != url) {
        g_string_append_c(out, '[');
        put_text(out, shown, "", FALSE);
        g_string_append(out, "](");
        markdown_put_destination(out, url, FALSE);
        g_string_append_c(out, ')');
    } else {
        gboolean bracketed = g_str_has_suffix(out->str, "<") && *next == '>';
        g_string_append(out, bracketed ? "" : "<");
        markdown_put_destination(out, url, TRUE);
        g_string_append(out, bracketed ? "" : ">");
    }
    put_joiner_behind(out, ">", next);
}
