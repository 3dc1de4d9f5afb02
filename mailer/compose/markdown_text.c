/* Plain text from the tree: each block is rendered into lines of its own, which the block around it then
 * indents or quotes. Nesting is bounded by the parser (MARKDOWN_MAX_NESTING), so this may recurse.
 *
 * Invariant: blanks at line ends are cut, so that "-- " comes from a signature paragraph and nothing else. */
#include "compose/markdown_text.h"

#include "compose/markdown_tree.h"
#include "compose/markdown_url.h"

#include <string.h>

#define SOLID '\x01' /* a blank that may not be wrapped, inside code; no source may hold it */
#define RULE_WIDTH 24u
#define WIDTH_MIN 24u /* however deep the nesting */

static void render_blocks(cmark_node *parent, guint width, gboolean tight, GString *out);

/* ---- wrapping ---- */

static guint
char_width(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

/* TRUE where a line may end between two characters without a blank between them: around wide ones, as in
 * Chinese or Japanese, but not before what closes or joins. */
static gboolean
may_break_between(gunichar before, gunichar after)
{
    if (!g_unichar_iswide(before) && !g_unichar_iswide(after))
        return FALSE;
    if (g_unichar_iszerowidth(before) || g_unichar_iszerowidth(after))
        return FALSE;
    GUnicodeType type = g_unichar_type(after), last = g_unichar_type(before);
    return type != G_UNICODE_CLOSE_PUNCTUATION && type != G_UNICODE_FINAL_PUNCTUATION &&
           type != G_UNICODE_OTHER_PUNCTUATION && type != G_UNICODE_MODIFIER_SYMBOL &&
           last != G_UNICODE_OPEN_PUNCTUATION && last != G_UNICODE_INITIAL_PUNCTUATION;
}

/* One unbreakable run at p: its bytes and columns. */
static gsize
next_run(const char *p, guint *columns)
{
    const char *start = p;
    *columns = 0;
    while (*p && *p != ' ') {
        gunichar c = g_utf8_get_char(p);
        *columns += char_width(c);
        p = g_utf8_next_char(p);
        if (*p && *p != ' ' && may_break_between(c, g_utf8_get_char(p)))
            break;
    }
    return (gsize)(p - start);
}

static void
end_line(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

/* One line of the author's, up to length, as lines of at most width columns where that can be done. */
static void
wrap_line(const char *line, guint width, GString *out)
{
    guint column = 0;
    const char *p = line;
    while (*p) {
        gsize blanks = strspn(p, " ");
        guint columns = 0;
        p += blanks;
        gsize run = next_run(p, &columns);
        if (run == 0)
            break;
        guint gap = blanks > 0 && column > 0 ? 1 : 0;
        /* A line that begins with ">" would look like a quotation. */
        if (column > 0 && column + gap + columns > width && *p != '>') {
            end_line(out);
            column = gap = 0;
        }
        if (gap)
            g_string_append_c(out, ' ');
        g_string_append_len(out, p, (gssize)run);
        column += gap + columns;
        p += run;
    }
    end_line(out);
}

static void
wrap(const char *text, guint width, GString *out)
{
    gsize start = out->len;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        wrap_line(lines[i], width, out);
    for (gsize i = start; i < out->len; i++)
        if (out->str[i] == SOLID)
            out->str[i] = ' ';
}

/* ---- inlines ---- */

static void
inline_code(const char *literal, GString *out)
{
    for (const char *p = literal; *p; p++)
        g_string_append_c(out, *p == ' ' ? SOLID : *p);
}

static void inline_node(cmark_node *node, GString *out);

static void
inline_children(cmark_node *node, GString *out)
{
    for (cmark_node *child = cmark_node_first_child(node); child; child = cmark_node_next(child))
        inline_node(child, out);
}

static void
inline_link(cmark_node *node, GString *out)
{
    const char *url = cmark_node_get_url(node);
    const char *shown = markdown_url_shown(url);
    g_autoptr(GString) label = g_string_new(NULL);
    inline_children(node, label);
    g_string_append(out, label->str);
    if (label->len == 0)
        g_string_append(out, url);
    else if (strcmp(label->str, url) != 0 && strcmp(label->str, shown) != 0)
        g_string_append_printf(out, " (%s)", shown);
}

static void
inline_node(cmark_node *node, GString *out)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        g_string_append(out, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_SOFTBREAK:
        g_string_append_c(out, ' ');
        break;
    case CMARK_NODE_LINEBREAK:
        g_string_append_c(out, '\n');
        break;
    case CMARK_NODE_CODE:
        inline_code(cmark_node_get_literal(node), out);
        break;
    case CMARK_NODE_LINK:
        inline_link(node, out);
        break;
    case CMARK_NODE_EMPH:
    case CMARK_NODE_STRONG:
    case CMARK_NODE_IMAGE:
    case CMARK_NODE_CUSTOM_INLINE:
        inline_children(node, out);
        break;
    case CMARK_NODE_HTML_INLINE:
    case CMARK_NODE_NONE:
    case CMARK_NODE_DOCUMENT:
    case CMARK_NODE_BLOCK_QUOTE:
    case CMARK_NODE_LIST:
    case CMARK_NODE_ITEM:
    case CMARK_NODE_CODE_BLOCK:
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_CUSTOM_BLOCK:
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
    case CMARK_NODE_THEMATIC_BREAK:
        break;
    }
}

/* ---- blocks ---- */

/* Adds lines, at least one, with first before the first one and rest before the others. */
static void
indent(const char *lines, const char *first, const char *rest, GString *out)
{
    const char *p = lines;
    do {
        gsize len = strcspn(p, "\n");
        g_string_append(out, p == lines ? first : rest);
        g_string_append_len(out, p, (gssize)len);
        end_line(out);
        p += len + (p[len] ? 1 : 0);
    } while (*p);
}

static void
render_quote(cmark_node *node, guint width, GString *out)
{
    g_autoptr(GString) inner = g_string_new(NULL);
    render_blocks(node, width > 2 ? width - 2 : 0, FALSE, inner);
    indent(inner->str, "> ", "> ", out);
}

static void
render_list(cmark_node *node, guint width, GString *out)
{
    gboolean tight = cmark_node_get_list_tight(node);
    gboolean ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int number = cmark_node_get_list_start(node);
    for (cmark_node *item = cmark_node_first_child(node); item; item = cmark_node_next(item), number++) {
        const char *end = cmark_node_get_list_delim(node) == CMARK_PAREN_DELIM ? ")" : ".";
        g_autofree char *mark = ordered ? g_strdup_printf("%d%s ", number, end) : g_strdup("- ");
        guint size = (guint)strlen(mark);
        g_autofree char *blanks = g_strnfill(size, ' ');
        g_autoptr(GString) inner = g_string_new(NULL);
        render_blocks(item, width > size ? width - size : 0, tight, inner);
        if (!tight && cmark_node_previous(item))
            g_string_append_c(out, '\n');
        indent(inner->str, mark, blanks, out);
    }
}

static void
render_code(cmark_node *node, GString *out)
{
    g_auto(GStrv) lines = g_strsplit(cmark_node_get_literal(node), "\n", -1);
    guint count = g_strv_length(lines);
    if (count > 0 && *lines[count - 1] == '\0')
        count--;
    for (guint i = 0; i < count; i++) {
        g_string_append(out, lines[i]);
        end_line(out);
    }
}

static void
render_paragraph(cmark_node *node, guint width, GString *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    inline_children(node, text);
    wrap(text->str, width, out);
}

static void
render_block(cmark_node *node, guint width, GString *out)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
        render_quote(node, width, out);
        break;
    case CMARK_NODE_LIST:
        render_list(node, width, out);
        break;
    case CMARK_NODE_CODE_BLOCK:
        render_code(node, out);
        break;
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
        if (markdown_tree_is_signature(node))
            g_string_append(out, "-- \n");
        else
            render_paragraph(node, MAX(width, WIDTH_MIN), out);
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        for (guint i = 0; i < RULE_WIDTH; i++)
            g_string_append_c(out, '-');
        g_string_append_c(out, '\n');
        break;
    case CMARK_NODE_NONE:
    case CMARK_NODE_DOCUMENT:
    case CMARK_NODE_ITEM:
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_CUSTOM_BLOCK:
    case CMARK_NODE_TEXT:
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
    case CMARK_NODE_CODE:
    case CMARK_NODE_HTML_INLINE:
    case CMARK_NODE_CUSTOM_INLINE:
    case CMARK_NODE_EMPH:
    case CMARK_NODE_STRONG:
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
        break;
    }
}

static void
render_blocks(cmark_node *parent, guint width, gboolean tight, GString *out)
{
    for (cmark_node *node = cmark_node_first_child(parent); node; node = cmark_node_next(node)) {
        cmark_node *before = cmark_node_previous(node);
        if (before && !tight && !markdown_tree_is_signature(before))
            g_string_append_c(out, '\n');
        render_block(node, width, out);
    }
}

char *
markdown_text_render(cmark_node *root, guint width)
{
    GString *out = g_string_new(NULL);
    render_blocks(root, width, FALSE, out);
    return g_string_free(out, FALSE);
}
