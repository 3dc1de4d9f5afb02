/* Purpose: HTML of mail programs → the plain text a person would have typed, so that one set of rules reads
 * both.
 *
 * Not a browser: tags become line ends, blockquotes become "> " marks, the containers in which the big mail
 * programs put signatures and earlier messages become the separators that plain text mails carry there. One
 * pass, linear in the input: an unclosed tag or quote is searched for once and remembered. */
#include "wire/mime_read.h"

#include <string.h>

#define MAX_QUOTE_DEPTH 8u

struct html_state {
    GString *out;
    gsize max;
    guint quotes;    /* open blockquotes */
    guint line_ends; /* line ends written since the last word; 2 make a blank line */
    gboolean space;  /* white space was seen since the last word */
    gboolean preformatted;
};

static const struct {
    const char *name;
    gunichar character;
} entities[] = {
    {"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
    {"nbsp", ' '},      {"ensp", ' '},     {"emsp", ' '},     {"thinsp", ' '},   {"zwnj", 0},
    {"zwj", 0},         {"shy", 0},        {"copy", 0xa9},    {"reg", 0xae},     {"trade", 0x2122},
    {"hellip", 0x2026}, {"mdash", 0x2014}, {"ndash", 0x2013}, {"lsquo", 0x2018}, {"rsquo", 0x2019},
    {"ldquo", 0x201c},  {"rdquo", 0x201d}, {"sbquo", 0x201a}, {"bdquo", 0x201e}, {"laquo", 0xab},
    {"raquo", 0xbb},    {"bull", 0x2022},  {"middot", 0xb7},  {"euro", 0x20ac},  {"pound", 0xa3},
    {"yen", 0xa5},      {"deg", 0xb0},     {"iexcl", 0xa1},   {"iquest", 0xbf},  {"szlig", 0xdf},
    {"agrave", 0xe0},   {"aacute", 0xe1},  {"acirc", 0xe2},   {"atilde", 0xe3},  {"auml", 0xe4},
    {"aring", 0xe5},    {"aelig", 0xe6},   {"ccedil", 0xe7},  {"egrave", 0xe8},  {"eacute", 0xe9},
    {"ecirc", 0xea},    {"euml", 0xeb},    {"igrave", 0xec},  {"iacute", 0xed},  {"icirc", 0xee},
    {"iuml", 0xef},     {"ntilde", 0xf1},  {"ograve", 0xf2},  {"oacute", 0xf3},  {"ocirc", 0xf4},
    {"otilde", 0xf5},   {"ouml", 0xf6},    {"oslash", 0xf8},  {"ugrave", 0xf9},  {"uacute", 0xfa},
    {"ucirc", 0xfb},    {"uuml", 0xfc},    {"yacute", 0xfd},  {"yuml", 0xff},    {"oelig", 0x153},
    {"Agrave", 0xc0},   {"Aacute", 0xc1},  {"Acirc", 0xc2},   {"Atilde", 0xc3},  {"Auml", 0xc4},
    {"Aring", 0xc5},    {"AElig", 0xc6},   {"Ccedil", 0xc7},  {"Egrave", 0xc8},  {"Eacute", 0xc9},
    {"Ecirc", 0xca},    {"Euml", 0xcb},    {"Iacute", 0xcd},  {"Icirc", 0xce},   {"Ntilde", 0xd1},
    {"Ograve", 0xd2},   {"Oacute", 0xd3},  {"Ocirc", 0xd4},   {"Otilde", 0xd5},  {"Ouml", 0xd6},
    {"Oslash", 0xd8},   {"Ugrave", 0xd9},  {"Uacute", 0xda},  {"Uuml", 0xdc},
};

/* Tags that begin a line of their own, and how many line ends stand before and after them. */
static const struct {
    const char *name;
    guint line_ends;
} blocks[] = {
    {"p", 2},      {"div", 1},    {"br", 1},   {"tr", 1},      {"li", 1},      {"ul", 1},      {"ol", 1},
    {"h1", 2},     {"h2", 2},     {"h3", 2},   {"h4", 2},      {"h5", 2},      {"h6", 2},      {"table", 1},
    {"pre", 1},    {"center", 1}, {"form", 1}, {"address", 1}, {"article", 1}, {"section", 1}, {"header", 1},
    {"footer", 1}, {"dt", 1},     {"dd", 1},   {"body", 1},    {"title", 1},
};

/* Attributes by which mail programs mark a signature or the message that is answered. */
static const struct {
    const char *attribute;
    const char *line;
} containers[] = {
    {"gmail_signature", "-- "},
    {"moz-signature", "-- "},
    {"id=\"signature\"", "-- "},
    {"id=signature", "-- "},
    {"applemailsignature", "-- "},
    {"ms-outlook-mobile-signature", "-- "},
    {"divrplyfwdmsg", "-----Original Message-----"},
    {"appendonsend", "-----Original Message-----"},
    {"mail-editor-reference-message-container", "-----Original Message-----"},
    {"outlookmessageheader", "-----Original Message-----"},
    {"border-top:solid #e1e1e1", "-----Original Message-----"},
    {"border-top:solid #b5c4df", "-----Original Message-----"},
    {"border-top: 1pt solid rgb(225", "-----Original Message-----"},
    {"border-top:1pt solid rgb(181", "-----Original Message-----"},
};

static void
end_line(struct html_state *s, guint line_ends)
{
    s->space = FALSE;
    if (s->out->len == 0)
        return;
    while (s->line_ends < line_ends && s->out->len < s->max) {
        if (s->line_ends > 0)
            for (guint i = 0; i < s->quotes; i++)
                g_string_append(s->out, i + 1 < s->quotes ? "> " : ">");
        g_string_append_c(s->out, '\n');
        s->line_ends++;
    }
}

static void
put_character(struct html_state *s, gunichar c)
{
    if (c == 0 || s->out->len >= s->max)
        return;
    if (s->preformatted && c == '\n') {
        s->line_ends = 0;
        end_line(s, 1);
        return;
    }
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0xa0) {
        if (s->preformatted && s->line_ends == 0)
            g_string_append_c(s->out, ' ');
        s->space = TRUE;
        return;
    }
    if (s->line_ends > 0 || s->out->len == 0)
        for (guint i = 0; i < s->quotes; i++)
            g_string_append(s->out, "> ");
    else if (s->space && !s->preformatted)
        g_string_append_c(s->out, ' ');
    s->space = FALSE;
    s->line_ends = 0;
    g_string_append_unichar(s->out, c);
}

/* The character of the entity at p, just behind its "&"; length is 0 when it is none. */
static gunichar
read_entity(const char *p, gsize *length)
{
    gsize n = 0;
    while (n < 12 && (g_ascii_isalnum(p[n]) || (n == 0 && p[n] == '#')))
        n++;
    *length = 0;
    if (n < 2)
        return 0;
    gsize whole = n + (p[n] == ';');
    if (p[0] == '#') {
        gboolean hex = p[1] == 'x' || p[1] == 'X';
        gunichar c = 0;
        for (gsize i = hex ? 2 : 1; i < n; i++) {
            int digit = hex ? g_ascii_xdigit_value(p[i]) : g_ascii_digit_value(p[i]);
            if (digit < 0 || c > 0x110000)
                return 0;
            c = c * (hex ? 16u : 10u) + (gunichar)digit;
        }
        *length = whole;
        gboolean hidden = c == 0x200b || c == 0x200c || c == 0x200d || c == 0xad || c == 0xfeff;
        return hidden || (c < 32 && c != '\n') || !g_unichar_validate(c) ? 0 : c;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++)
        if (strlen(entities[i].name) == n && strncmp(entities[i].name, p, n) == 0) {
            *length = whole;
            return entities[i].character;
        }
    return 0;
}

static void
put_line(struct html_state *s, const char *line)
{
    end_line(s, 1);
    for (; *line; line++) /* straight to the output: "-- " keeps its blank */
        g_string_append_c(s->out, *line);
    s->line_ends = 0;
    end_line(s, 1);
}

/* tag: the lower-case text between the angle brackets. Returns the name of an element whose content is to be
 * skipped. */
static const char *
handle_tag(struct html_state *s, const char *tag)
{
    static const char *const skipped[] = {"script", "style", "head", "template", "svg"};
    gboolean closing = tag[0] == '/';
    const char *name = tag + closing;
    gsize n = strcspn(name, " \t\r\n/");
    for (gsize i = 0; i < G_N_ELEMENTS(skipped) && !closing; i++)
        if (strlen(skipped[i]) == n && strncmp(skipped[i], name, n) == 0)
            return skipped[i];
    if (n == 10 && strncmp(name, "blockquote", n) == 0) {
        end_line(s, 1);
        if (closing && s->quotes > 0)
            s->quotes--;
        else if (!closing && s->quotes < MAX_QUOTE_DEPTH)
            s->quotes++;
        return NULL;
    }
    if (n == 3 && strncmp(name, "pre", n) == 0)
        s->preformatted = !closing;
    if (n == 2 && strncmp(name, "br", n) == 0 && !closing) {
        guint wanted = MIN(s->line_ends + 1, 2);
        end_line(s, wanted);
        return NULL;
    }
    if (n == 2 && strncmp(name, "hr", n) == 0) {
        put_line(s, "________________________________");
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++)
        if (strlen(blocks[i].name) == n && strncmp(blocks[i].name, name, n) == 0)
            end_line(s, blocks[i].line_ends);
    if (!closing && name[n] != '\0')
        for (gsize i = 0; i < G_N_ELEMENTS(containers); i++)
            if (strstr(name + n, containers[i].attribute)) {
                put_line(s, containers[i].line);
                break;
            }
    if (n == 2 && (strncmp(name, "td", n) == 0 || strncmp(name, "th", n) == 0))
        s->space = TRUE;
    return NULL;
}

/* The ">" that ends the tag at p, over quoted attribute values. NULL when there is none. */
static const char *
find_tag_end(const char *p, gboolean quotes_end[2])
{
    for (; *p && *p != '>'; p++) {
        if (*p != '"' && *p != '\'')
            continue;
        gboolean *ends = &quotes_end[*p == '"'];
        const char *close = *ends ? strchr(p + 1, *p) : NULL;
        if (close)
            p = close;
        else
            *ends = FALSE;
    }
    return *p ? p : NULL;
}

/* Just behind the closing tag of element, or the end of the text. */
static const char *
skip_element(const char *p, const char *element)
{
    gsize n = strlen(element);
    for (p = strchr(p, '<'); p; p = strchr(p + 1, '<'))
        if (p[1] == '/' && g_ascii_strncasecmp(p + 2, element, n) == 0) {
            const char *end = strchr(p, '>');
            return end ? end + 1 : p + strlen(p);
        }
    return NULL;
}

char *
mime_html_to_text(const char *html, gsize max)
{
    struct html_state s = {.out = g_string_new(NULL), .max = max};
    gboolean quotes_end[2] = {TRUE, TRUE};
    for (const char *p = html; *p && s.out->len < max;) {
        if (g_str_has_prefix(p, "<!--")) {
            const char *end = strstr(p + 4, "-->");
            if (!end)
                break;
            p = end + 3;
        } else if (*p == '<' && (g_ascii_isalpha(p[1]) || p[1] == '/' || p[1] == '!' || p[1] == '?')) {
            const char *end = find_tag_end(p + 1, quotes_end);
            if (!end)
                break;
            g_autofree char *tag = g_ascii_strdown(p + 1, (gssize)MIN(end - p - 1, 4096));
            const char *element = handle_tag(&s, tag);
            p = end + 1;
            if (element) {
                const char *after = skip_element(p, element);
                p = after ? after : (strcmp(element, "head") == 0 ? p : p + strlen(p));
            }
        } else if (*p == '&') {
            gsize length;
            gunichar c = read_entity(p + 1, &length);
            put_character(&s, length > 0 ? c : '&');
            p += 1 + length;
        } else {
            put_character(&s, g_utf8_get_char(p));
            p = g_utf8_next_char(p);
        }
    }
    g_autofree char *text = g_string_free(s.out, FALSE);
    return mime_text_bounded(text, max);
}
