/* The tree of a mail body, in three steps:
 *
 *   source --mark()--> marked source --cmark--> tree with placeholders --fill--> tree with values
 *
 * mark() turns what cmark would forget into reserved characters: an escaped "\:" or "\/" (after parsing, text
 * that must not become a link looks like text that may; in code the pair is restored) and the line "-- "
 * (which would be a heading's underline).
 *
 * Invariant: cmark never sees a value, so no value can make, end or change markup. */
#include "compose/markdown_tree.h"

#include "base/error.h"
#include "base/text.h"
#include "compose/markdown.h"

#include <string.h>

static char signature_mark; /* its address is the user data of the signature's paragraph */

gboolean
markdown_can_carry(gunichar c)
{
    gboolean control = c < 0x20 ? c != '\n' && c != '\r' && c != '\t' : c >= 0x7F && c < 0xA0;
    return !control && !text_turns_direction(c);
}

/* The source is refused for the first character that mail or placeholders cannot carry. */
static gboolean
check_source(const char *source, const struct placeholders *values, GError **error)
{
    gsize len = strlen(source);
    if (len > MARKDOWN_MAX_SOURCE) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text has over %u bytes", MARKDOWN_MAX_SOURCE);
        return FALSE;
    }
    if (!g_utf8_validate(source, (gssize)len, NULL)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text is not valid UTF-8");
        return FALSE;
    }
    for (const char *p = source; *p;) {
        struct placeholder one;
        gunichar c = g_utf8_get_char(p);
        if (placeholder_match(values, p, &one)) {
            p += one.length;
            continue;
        }
        if (placeholder_is_reserved(p) || !markdown_can_carry(c)) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text holds the reserved character U+%04X",
                        c);
            return FALSE;
        }
        p = g_utf8_next_char(p);
    }
    return TRUE;
}

static gboolean
is_fence(const char *line)
{
    const char *p = line + strspn(line, " ");
    return p - line < 4 && (g_str_has_prefix(p, "```") || g_str_has_prefix(p, "~~~"));
}

/* The index of the last line that is "-- " (or "--" after an empty line) outside fenced code, or -1. */
static gssize
signature_line(char *const *lines)
{
    gssize found = -1;
    gboolean fenced = FALSE;
    for (gssize i = 0; lines[i]; i++) {
        if (is_fence(lines[i]))
            fenced = !fenced;
        else if (!fenced &&
                 (strcmp(lines[i], "-- ") == 0 || (strcmp(lines[i], "--") == 0 && i > 0 &&
                                                   lines[i - 1][strspn(lines[i - 1], " \t")] == '\0')))
            found = i;
    }
    return found;
}

static void
mark_line(GString *out, const char *line)
{
    for (const char *p = line; *p; p++) {
        if (*p == '\\' && (p[1] == ':' || p[1] == '/')) {
            g_string_append(out, *++p == ':' ? PLACEHOLDER_COLON : PLACEHOLDER_SLASH);
        } else {
            g_string_append_c(out, *p);
            if (*p == '\\' && p[1])
                g_string_append_c(out, *++p);
        }
    }
}

static GString *
mark(const char *source)
{
    GString *out = g_string_sized_new(strlen(source) + 64);
    g_auto(GStrv) lines = g_strsplit(source, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        gsize len = strlen(lines[i]);
        if (len > 0 && lines[i][len - 1] == '\r')
            lines[i][len - 1] = '\0';
    }
    gssize signature = signature_line(lines);
    for (gssize i = 0; lines[i]; i++) {
        if (i == signature)
            g_string_append(out, "\n" PLACEHOLDER_SIGNATURE "\n");
        else
            mark_line(out, lines[i]);
        if (lines[i + 1] || i == signature)
            g_string_append_c(out, '\n');
    }
    return out;
}

GPtrArray *
markdown_tree_nodes(cmark_node *root)
{
    GPtrArray *nodes = g_ptr_array_new();
    cmark_iter *iter = cmark_iter_new(root);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;)
        if (event == CMARK_EVENT_ENTER)
            g_ptr_array_add(nodes, cmark_iter_get_node(iter));
    cmark_iter_free(iter);
    return nodes;
}

/* One comment and nothing behind it. */
static gboolean
is_comment(const char *html)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(html));
    const char *end = g_str_has_prefix(trimmed, "<!--") ? strstr(trimmed + 4, "-->") : NULL;
    return end && end[3] == '\0';
}

static void
set_html_error(const char *html, GError **error)
{
    gsize len = 0;
    while (html[len] && html[len] != '\n' && !placeholder_is_reserved(html + len) && len < 60)
        len += (gsize)(g_utf8_next_char(html + len) - (html + len));
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "the text holds raw HTML, expected Markdown only (write \\< for a plain <): %.*s", (int)len,
                html);
}

/* Nesting and raw HTML; neither reads a value. */
static gboolean
check_tree(cmark_node *root, GError **error)
{
    cmark_iter *iter = cmark_iter_new(root);
    gboolean good = TRUE;
    guint depth = 0;
    for (cmark_event_type event; good && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        gboolean html = type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE;
        if (html && !is_comment(cmark_node_get_literal(node))) {
            set_html_error(cmark_node_get_literal(node), error);
            good = FALSE;
        } else if (cmark_node_first_child(node)) {
            depth = event == CMARK_EVENT_ENTER ? depth + 1 : depth - 1;
            if (depth > MARKDOWN_MAX_NESTING) {
                g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text is nested too deeply");
                good = FALSE;
            }
        }
    }
    cmark_iter_free(iter);
    return good;
}

static void
find_signature(cmark_node *root)
{
    for (cmark_node *node = cmark_node_first_child(root); node; node = cmark_node_next(node)) {
        cmark_node *text = cmark_node_first_child(node);
        if (cmark_node_get_type(node) == CMARK_NODE_PARAGRAPH && text && !cmark_node_next(text) &&
            g_strcmp0(cmark_node_get_literal(text), PLACEHOLDER_SIGNATURE) == 0)
            cmark_node_set_user_data(node, &signature_mark);
    }
}

static void
drop_joiners(cmark_node *root)
{
    g_autoptr(GPtrArray) nodes = markdown_tree_nodes(root);
    for (guint i = 0; i < nodes->len; i++) {
        cmark_node *node = nodes->pdata[i];
        if (cmark_node_get_type(node) != CMARK_NODE_TEXT ||
            !strstr(cmark_node_get_literal(node), MARKDOWN_JOINER))
            continue;
        g_auto(GStrv) parts = g_strsplit(cmark_node_get_literal(node), MARKDOWN_JOINER, -1);
        g_autofree char *joined = g_strjoinv("", parts);
        cmark_node_set_literal(node, joined);
    }
}

cmark_node *
markdown_tree_parse(const char *markdown, const struct placeholders *values, GError **error)
{
    if (!check_source(markdown, values, error))
        return NULL;
    g_autoptr(GString) marked = mark(markdown);
    cmark_node *root = cmark_parse_document(marked->str, marked->len, CMARK_OPT_DEFAULT);
    if (!check_tree(root, error)) {
        cmark_node_free(root);
        return NULL;
    }
    drop_joiners(root);
    find_signature(root);
    return root;
}

gboolean
markdown_tree_is_signature(cmark_node *node)
{
    return cmark_node_get_user_data(node) == &signature_mark;
}

gboolean
markdown_tree_in_link(cmark_node *node)
{
    for (cmark_node *up = cmark_node_parent(node); up; up = cmark_node_parent(up)) {
        cmark_node_type type = cmark_node_get_type(up);
        if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE)
            return TRUE;
    }
    return FALSE;
}

gboolean
markdown_tree_in_heading(cmark_node *node)
{
    while (node && cmark_node_get_type(node) != CMARK_NODE_HEADING)
        node = cmark_node_parent(node);
    return node != NULL;
}

gboolean
markdown_tree_is_autolink(cmark_node *link)
{
    cmark_node *text = cmark_node_first_child(link);
    return text && !cmark_node_next(text) && cmark_node_get_type(text) == CMARK_NODE_TEXT &&
           *cmark_node_get_title(link) == '\0' &&
           strcmp(cmark_node_get_literal(text), cmark_node_get_url(link)) == 0;
}

/* ---- pieces of a text node ---- */

static gsize
url_scheme(const char *p)
{
    return g_ascii_strncasecmp(p, "https://", 8) == 0 ? 8 : g_ascii_strncasecmp(p, "http://", 7) == 0 ? 7 : 0;
}

/* Bytes of the URL that begins at p, 0 when there is none. */
static gsize
url_extent(const char *p, const struct placeholders *values)
{
    gsize scheme = url_scheme(p), at = scheme;
    while (scheme && p[at]) {
        struct placeholder one;
        if (placeholder_match(values, p + at, &one))
            at += one.length;
        else if (g_str_has_prefix(p + at, PLACEHOLDER_COLON) || g_str_has_prefix(p + at, PLACEHOLDER_SLASH))
            at += PLACEHOLDER_CHAR;
        else if (g_ascii_isgraph(p[at]) && !strchr("<>\"`{}|\\^[]", p[at]))
            at++;
        else
            break;
    }
    return at > scheme ? at : 0;
}

gboolean
markdown_pieces_next(struct markdown_pieces *pieces, struct markdown_piece *out)
{
    const char *p = pieces->next;
    gsize url = pieces->links && !pieces->after_word ? url_extent(p, pieces->values) : 0;
    *out = (struct markdown_piece){.start = p};
    if (*p == '\0')
        return FALSE;
    if (url) {
        out->kind = MARKDOWN_PIECE_URL;
        out->length = url;
        pieces->after_word = FALSE;
    } else if (placeholder_match(pieces->values, p, &out->value)) {
        out->kind = MARKDOWN_PIECE_VALUE;
        out->length = out->value.length;
        pieces->after_word = g_ascii_isalnum(out->value.value[strlen(out->value.value) - 1]);
    } else {
        out->kind = MARKDOWN_PIECE_LITERAL;
        do {
            pieces->after_word = g_ascii_isalnum(*p);
            p += placeholder_is_reserved(p) ? PLACEHOLDER_CHAR : 1;
        } while (*p && !(placeholder_is_reserved(p) && placeholder_match(pieces->values, p, &out->value)) &&
                 !(pieces->links && !pieces->after_word && url_scheme(p)));
        out->length = (gsize)(p - out->start);
    }
    pieces->next = out->start + out->length;
    return TRUE;
}

void
markdown_append_unmarked(GString *out, const char *literal, gsize length, gboolean code)
{
    for (const char *p = literal; p < literal + length;) {
        if (!placeholder_is_reserved(p)) {
            g_string_append_c(out, *p++);
            continue;
        }
        if (g_str_has_prefix(p, PLACEHOLDER_COLON))
            g_string_append(out, code ? "\\:" : ":");
        else if (g_str_has_prefix(p, PLACEHOLDER_SLASH))
            g_string_append(out, code ? "\\/" : "/");
        else
            g_string_append(out, "-- ");
        p += PLACEHOLDER_CHAR;
    }
}

char *
markdown_code_value(const char *value)
{
    char *code = g_strdup(value);
    for (char *p = code; *p; p++) {
        if (*p == '\n')
            *p = ' ';
        else if (*p == '`')
            *p = '\'';
        else if (p[0] == '~' && p - code >= 2 && p[-1] == '~' && p[-2] == '~')
            *p = '-';
    }
    return g_strstrip(code);
}
