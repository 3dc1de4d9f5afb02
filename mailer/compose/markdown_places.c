/* Where a value stands is not guessed from the source: the source is parsed, and the node that holds a
 * placeholder tells what its value must become there. */
#include "compose/markdown_places.h"

#include "compose/markdown_tree.h"
#include "compose/markdown_url.h"

#include <string.h>

void
markdown_places_clear(struct markdown_places *places)
{
    for (guint i = 0; i < places->count; i++)
        g_free(places->slots[i].value);
    g_free(places->slots);
}

static void
put_slot(struct markdown_places *places, const struct placeholder *one, enum markdown_place place,
         char *value)
{
    struct markdown_slot *slot = &places->slots[one->index];
    g_free(slot->value);
    *slot = (struct markdown_slot){place, value};
}

static void
tell_part(void *user, const struct placeholder *one, const char *part)
{
    struct markdown_places *places = user;
    put_slot(places, one, places->part, g_strdup(part));
}

static gboolean
place_url(struct markdown_places *places, const char *literal, gsize length, enum markdown_place part,
          const struct placeholders *values, GError **error)
{
    places->part = part;
    g_autofree char *url = markdown_url_build(literal, length, values, tell_part, places, error);
    return url != NULL;
}

static gboolean
place_link_value(struct markdown_places *places, const struct markdown_piece *piece,
                 const struct placeholders *values, GError **error)
{
    char *url = markdown_url_build(piece->start, piece->length, values, NULL, NULL, error);
    if (!url)
        return FALSE;
    put_slot(places, &piece->value, MARKDOWN_PLACE_LINK, url);
    return markdown_url_check(url, error);
}

static gboolean
place_text(struct markdown_places *places, cmark_node *node, const struct placeholders *values,
           GError **error)
{
    gboolean links = !markdown_tree_in_link(node);
    enum markdown_place place = markdown_tree_in_heading(node) ? MARKDOWN_PLACE_LINE : MARKDOWN_PLACE_TEXT;
    struct markdown_pieces pieces = {cmark_node_get_literal(node), values, links, FALSE};
    struct markdown_piece piece;
    while (markdown_pieces_next(&pieces, &piece)) {
        if (piece.kind == MARKDOWN_PIECE_URL) {
            if (!place_url(places, piece.start, piece.length, MARKDOWN_PLACE_LINE, values, error))
                return FALSE;
        } else if (piece.kind == MARKDOWN_PIECE_VALUE) {
            if (!links || piece.value.kind == PLACEHOLDER_TEXT)
                put_slot(places, &piece.value, place, NULL);
            else if (!place_link_value(places, &piece, values, error))
                return FALSE;
        }
    }
    return TRUE;
}

static void
place_plain(struct markdown_places *places, const char *literal, enum markdown_place place,
            const struct placeholders *values)
{
    struct placeholder one;
    for (const char *p = literal; (p = strstr(p, PLACEHOLDER_LEAD)); p++)
        if (placeholder_match(values, p, &one))
            put_slot(places, &one, place,
                     place == MARKDOWN_PLACE_TITLE ? NULL : markdown_code_value(one.value));
}

static gboolean
place_node(struct markdown_places *places, cmark_node *node, const struct placeholders *values,
           GError **error)
{
    cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_TEXT)
        return place_text(places, node, values, error);
    if (type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK)
        place_plain(places, cmark_node_get_literal(node),
                    type == CMARK_NODE_CODE ? MARKDOWN_PLACE_SPAN : MARKDOWN_PLACE_CODE, values);
    if (type != CMARK_NODE_LINK && type != CMARK_NODE_IMAGE)
        return TRUE;
    gboolean autolink = markdown_tree_is_autolink(node);
    const char *url = cmark_node_get_url(node);
    place_plain(places, cmark_node_get_title(node), MARKDOWN_PLACE_TITLE, values);
    return place_url(places, url, strlen(url), autolink ? MARKDOWN_PLACE_AUTOLINK : MARKDOWN_PLACE_URL,
                     values, error);
}

/* The text of an autolink comes behind its link and holds the same placeholders: it must not win. */
static gboolean
is_autolink_text(cmark_node *node)
{
    cmark_node *parent = cmark_node_parent(node);
    return cmark_node_get_type(node) == CMARK_NODE_TEXT && parent &&
           cmark_node_get_type(parent) == CMARK_NODE_LINK && markdown_tree_is_autolink(parent);
}

gboolean
markdown_places_find(struct markdown_places *places, const char *source, const struct placeholders *values,
                     GError **error)
{
    guint count = placeholders_count(values);
    *places = (struct markdown_places){g_new0(struct markdown_slot, count + 1), count, MARKDOWN_PLACE_URL};
    scoped_tree cmark_node *root = markdown_tree_parse(source, values, error);
    if (!root)
        return FALSE;
    g_autoptr(GPtrArray) nodes = markdown_tree_nodes(root);
    for (guint i = 0; i < nodes->len; i++)
        if (!is_autolink_text(nodes->pdata[i]) && !place_node(places, nodes->pdata[i], values, error))
            return FALSE;
    return TRUE;
}
