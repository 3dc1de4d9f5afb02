/* Putting values into a parsed tree: by the kind of node a value stands in, as text, code, title or part of a
 * link's address. After this the tree holds no reserved character. */
#include "base/error.h"
#include "compose/markdown_tree.h"
#include "compose/markdown_url.h"

#include <string.h>

static cmark_node *
new_text(const char *text)
{
    cmark_node *node = cmark_node_new(CMARK_NODE_TEXT);
    cmark_node_set_literal(node, text);
    return node;
}

/* A text node being taken apart: what is finished stands before it in the tree, text is not there yet. */
struct filling {
    cmark_node *node;
    const struct placeholders *values;
    GString *text;
    gboolean breaks; /* a line end in a value may break the line here */
};

static void
flush(struct filling *filling)
{
    if (filling->text->len > 0)
        cmark_node_insert_before(filling->node, new_text(filling->text->str));
    g_string_truncate(filling->text, 0);
}

static void
add_link(struct filling *filling, const char *url, const char *shown)
{
    flush(filling);
    cmark_node *link = cmark_node_new(CMARK_NODE_LINK);
    cmark_node_set_url(link, url);
    cmark_node_append_child(link, new_text(shown));
    cmark_node_insert_before(filling->node, link);
}

/* What a sentence puts behind a URL is no part of it: full stops, and a bracket that was opened before it. */
static gsize
trimmed_length(const char *url)
{
    gsize len = strlen(url);
    gssize open = 0;
    for (gsize i = 0; i < len; i++)
        open += url[i] == '(' ? 1 : url[i] == ')' ? -1 : 0;
    while (len > 0 && (strchr(".,;:!?'*_~", url[len - 1]) || (url[len - 1] == ')' && open < 0))) {
        if (url[len - 1] == ')')
            open++;
        len--;
    }
    return len;
}

static gboolean
add_bare_url(struct filling *filling, const struct markdown_piece *piece, GError **error)
{
    g_autofree char *url =
        markdown_url_build(piece->start, piece->length, filling->values, NULL, NULL, error);
    if (!url)
        return FALSE;
    g_autofree char *link = g_strndup(url, trimmed_length(url));
    if (markdown_url_check(link, NULL)) {
        add_link(filling, link, link);
        g_string_append(filling->text, url + strlen(link));
    } else {
        g_string_append(filling->text, url);
    }
    return TRUE;
}

static void
add_value(struct filling *filling, const char *value)
{
    for (const char *p = value; *p; p++) {
        if (*p != '\n') {
            g_string_append_c(filling->text, *p);
        } else if (filling->breaks) {
            flush(filling);
            cmark_node_insert_before(filling->node, cmark_node_new(CMARK_NODE_LINEBREAK));
        } else {
            g_string_append_c(filling->text, ' ');
        }
    }
}

/* A link value where it stands in text; the angle brackets of "<{{ url }}>" go, as they would around a URL.
 */
static gboolean
add_link_value(struct filling *filling, const struct markdown_piece *piece, gboolean after_literal,
               struct markdown_pieces *pieces, GError **error)
{
    g_autofree char *url =
        markdown_url_build(piece->start, piece->length, filling->values, NULL, NULL, error);
    if (!url || !markdown_url_check(url, error))
        return FALSE;
    if (after_literal && g_str_has_suffix(filling->text->str, "<") && *pieces->next == '>') {
        g_string_truncate(filling->text, filling->text->len - 1);
        pieces->next++;
    }
    add_link(filling, url, markdown_url_shown(url));
    return TRUE;
}

static gboolean
fill_text(cmark_node *node, const struct placeholders *values, GError **error)
{
    const char *literal = cmark_node_get_literal(node);
    if (!strstr(literal, "://") && !strstr(literal, PLACEHOLDER_LEAD))
        return TRUE;
    gboolean links = !markdown_tree_in_link(node);
    g_autoptr(GString) text = g_string_new(NULL);
    struct filling filling = {node, values, text, !markdown_tree_in_heading(node)};
    struct markdown_pieces pieces = {literal, values, links, FALSE};
    struct markdown_piece piece;
    gboolean after_literal = FALSE;
    while (markdown_pieces_next(&pieces, &piece)) {
        gboolean good = TRUE;
        switch (piece.kind) {
        case MARKDOWN_PIECE_LITERAL:
            markdown_append_unmarked(text, piece.start, piece.length, FALSE);
            break;
        case MARKDOWN_PIECE_VALUE:
            if (links && piece.value.kind == PLACEHOLDER_LINK)
                good = add_link_value(&filling, &piece, after_literal, &pieces, error);
            else
                add_value(&filling, piece.value.value);
            break;
        case MARKDOWN_PIECE_URL:
            good = add_bare_url(&filling, &piece, error);
            break;
        }
        if (!good)
            return FALSE;
        after_literal = piece.kind == MARKDOWN_PIECE_LITERAL;
    }
    flush(&filling);
    cmark_node_unlink(node);
    cmark_node_free(node);
    return TRUE;
}

/* A string without structure: code, or a title. The caller frees. */
static char *
fill_plain(const char *literal, const struct placeholders *values, gboolean code)
{
    GString *out = g_string_new(NULL);
    for (const char *p = literal; *p;) {
        struct placeholder one;
        if (!placeholder_match(values, p, &one)) {
            gsize step = placeholder_is_reserved(p) ? PLACEHOLDER_CHAR : 1;
            markdown_append_unmarked(out, p, step, code);
            p += step;
            continue;
        }
        g_autofree char *value =
            code ? markdown_code_value(one.value) : g_strdelimit(g_strdup(one.value), "\n", ' ');
        g_string_append(out, value);
        p += one.length;
    }
    return g_string_free(out, FALSE);
}

static void
fill_code(cmark_node *node, const struct placeholders *values)
{
    g_autofree char *code = fill_plain(cmark_node_get_literal(node), values, TRUE);
    cmark_node_set_literal(node, code);
    if (cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK)
        cmark_node_set_fence_info(node, ""); /* a language name is of no use in a mail */
}

/* Puts an image's alternative text where it stood: as a link to it, or bare where a link stands around it. */
static void
replace_image(cmark_node *image)
{
    cmark_node *link = NULL;
    if (!markdown_tree_in_link(image)) {
        link = cmark_node_new(CMARK_NODE_LINK);
        cmark_node_set_url(link, cmark_node_get_url(image));
        cmark_node_set_title(link, cmark_node_get_title(image));
        cmark_node_insert_before(image, link);
        if (!cmark_node_first_child(image))
            cmark_node_append_child(link, new_text(cmark_node_get_url(image)));
    }
    for (cmark_node *child; (child = cmark_node_first_child(image));) {
        if (link)
            cmark_node_append_child(link, child);
        else
            cmark_node_insert_before(image, child);
    }
    cmark_node_unlink(image);
    cmark_node_free(image);
}

static gboolean
fill_link(cmark_node *node, const struct placeholders *values, GError **error)
{
    const char *literal = cmark_node_get_url(node);
    gboolean autolink = markdown_tree_is_autolink(node);
    g_autofree char *url = markdown_url_build(literal, strlen(literal), values, NULL, NULL, error);
    if (!url || !markdown_url_check(url, error))
        return FALSE;
    g_autofree char *title = fill_plain(cmark_node_get_title(node), values, FALSE);
    cmark_node_set_url(node, url);
    cmark_node_set_title(node, title);
    if (autolink)
        cmark_node_set_literal(cmark_node_first_child(node), url);
    return TRUE;
}

/* In the signature a line end of the source is one of the mail. */
static void
keep_line_end(cmark_node *softbreak)
{
    cmark_node_insert_before(softbreak, cmark_node_new(CMARK_NODE_LINEBREAK));
    cmark_node_unlink(softbreak);
    cmark_node_free(softbreak);
}

static gboolean
fill_node(cmark_node *node, const struct placeholders *values, gboolean signature, GPtrArray *images,
          GError **error)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        return fill_text(node, values, error);
    case CMARK_NODE_CODE:
    case CMARK_NODE_CODE_BLOCK:
        fill_code(node, values);
        return TRUE;
    case CMARK_NODE_IMAGE:
        g_ptr_array_add(images, node);
        return fill_link(node, values, error);
    case CMARK_NODE_LINK:
        return fill_link(node, values, error);
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_HTML_INLINE:
        cmark_node_unlink(node); /* only comments come this far */
        cmark_node_free(node);
        return TRUE;
    case CMARK_NODE_SOFTBREAK:
        if (signature)
            keep_line_end(node);
        return TRUE;
    case CMARK_NODE_NONE:
    case CMARK_NODE_DOCUMENT:
    case CMARK_NODE_BLOCK_QUOTE:
    case CMARK_NODE_LIST:
    case CMARK_NODE_ITEM:
    case CMARK_NODE_CUSTOM_BLOCK:
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
    case CMARK_NODE_THEMATIC_BREAK:
    case CMARK_NODE_LINEBREAK:
    case CMARK_NODE_CUSTOM_INLINE:
    case CMARK_NODE_EMPH:
    case CMARK_NODE_STRONG:
        return TRUE;
    }
    return TRUE;
}

gboolean
markdown_tree_fill(cmark_node *root, const struct placeholders *values, GError **error)
{
    g_autoptr(GPtrArray) nodes = markdown_tree_nodes(root);
    g_autoptr(GPtrArray) images = g_ptr_array_new();
    gboolean signature = FALSE;
    for (guint i = 0; i < nodes->len; i++) {
        cmark_node *node = nodes->pdata[i];
        signature = signature || markdown_tree_is_signature(node);
        if (!fill_node(node, values, signature, images, error))
            return FALSE;
    }
    /* Their texts had to be filled first, while it was known that they stand in a link. */
    for (guint i = 0; i < images->len; i++)
        replace_image(images->pdata[i]);
    return TRUE;
}
