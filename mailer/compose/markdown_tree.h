/* The parsed Markdown of a mail body, shared by rendering (markdown.c) and by writing values back as Markdown
 * (markdown_expand.c): both must agree on where a value stands and what it becomes there. */
#ifndef USHER_COMPOSE_MARKDOWN_TREE_H
#define USHER_COMPOSE_MARKDOWN_TREE_H

#include "compose/placeholder.h"

#include <cmark.h>
#include <glib.h>

static inline void
markdown_cmark_node_scoped(cmark_node **node)
{
    if (*node)
        cmark_node_free(*node);
}
#define scoped_tree __attribute__((cleanup(markdown_cmark_node_scoped)))

/* U+2060, word joiner: to cmark a letter, to a reader nothing. markdown_expand() puts it between "*" or "_"
 * and a value that begins or ends in punctuation, so that emphasis begins and ends where it did around the
 * placeholder. */
#define MARKDOWN_JOINER "\xE2\x81\xA0"

/* Parses markdown; placeholders stay in the tree. USHER_ERROR_DATA: raw HTML, reserved or control characters,
 * invalid UTF-8, size, nesting. Word joiners in text are dropped. The caller frees with cmark_node_free. */
cmark_node *markdown_tree_parse(const char *markdown, const struct placeholders *values, GError **error);

/* Puts the values into the tree, drops comments, turns images into links. USHER_ERROR_DATA names an
 * impossible link. */
gboolean markdown_tree_fill(cmark_node *root, const struct placeholders *values, GError **error);

/* All nodes of the tree in document order; the caller unrefs the array. */
GPtrArray *markdown_tree_nodes(cmark_node *root);

/* TRUE when node stands in a link's or image's text. */
gboolean markdown_tree_in_link(cmark_node *node);

/* TRUE when node stands in a heading, where nothing can break a line. */
gboolean markdown_tree_in_heading(cmark_node *node);

/* TRUE for a link that was written <URL>: its text is its address. */
gboolean markdown_tree_is_autolink(cmark_node *link);

/* TRUE for the paragraph that stands for the line "-- ". */
gboolean markdown_tree_is_signature(cmark_node *node);

/* A piece of a text node. */
enum markdown_piece_kind {
    MARKDOWN_PIECE_LITERAL, /* the template's own text, or an escaped colon or slash */
    MARKDOWN_PIECE_VALUE,   /* one placeholder */
    MARKDOWN_PIECE_URL, /* http(s):// of the template's own, up to its end, with the placeholders inside */
};

struct markdown_piece {
    enum markdown_piece_kind kind;
    const char *start; /* in the node's literal */
    gsize length;
    struct placeholder value; /* of MARKDOWN_PIECE_VALUE */
};

/* Walks the pieces of literal; set literal, values and links (FALSE inside a link: no URL pieces) first. */
struct markdown_pieces {
    const char *next;
    const struct placeholders *values;
    gboolean links;
    gboolean after_word; /* what stands before next ends in a letter or digit */
};
gboolean markdown_pieces_next(struct markdown_pieces *pieces, struct markdown_piece *out);

/* Appends literal[0..length), which holds no placeholder, with the marked characters as what they stand for:
 * in code
 * "\:" and "\/", elsewhere the colon and the slash. */
void markdown_append_unmarked(GString *out, const char *literal, gsize length, gboolean code);

/* A value as it stands in code, where nothing can be escaped: one line, no backtick, no run of three tildes,
 * no blank at its ends. The caller frees. */
char *markdown_code_value(const char *value);

#endif
