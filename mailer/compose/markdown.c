/* A mail body's two parts from one tree (see markdown_tree.c for how values get into it). */
#include "compose/markdown.h"

#include "base/error.h"
#include "compose/markdown_text.h"
#include "compose/markdown_tree.h"

#include <stdlib.h>

/* Nothing here is loaded from anywhere; the text direction follows the first letter, for Hebrew and Arabic.
 */
#define HTML_HEAD                                                                                            \
    "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n"                                       \
    "<body dir=\"auto\" style=\"font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"     \
    "font-size:15px;line-height:1.5\">\n"
#define HTML_FOOT "</body>\n</html>\n"

/* The finished tree of a body that says something; NULL with error. */
static cmark_node *
read_body(const char *markdown, const struct placeholders *values, GError **error)
{
    scoped_tree cmark_node *root = markdown_tree_parse(markdown, values, error);
    if (!root || !markdown_tree_fill(root, values, error))
        return NULL;
    if (cmark_node_first_child(root))
        return g_steal_pointer(&root);
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the text is empty");
    return NULL;
}

gboolean
markdown_render(const char *markdown, const struct placeholders *values, char **text, char **html,
                GError **error)
{
    *text = *html = NULL;
    scoped_tree cmark_node *root = read_body(markdown, values, error);
    if (!root)
        return FALSE;
    char *body = cmark_render_html(root, CMARK_OPT_DEFAULT);
    *html = g_strconcat(HTML_HEAD, body, HTML_FOOT, NULL);
    free(body);
    *text = markdown_text_render(root, MARKDOWN_TEXT_WIDTH);
    return TRUE;
}

char *
markdown_render_text(const char *markdown, guint width, GError **error)
{
    scoped_tree cmark_node *root = read_body(markdown, NULL, error);
    return root ? markdown_text_render(root, MIN(width, MARKDOWN_TEXT_WIDTH)) : NULL;
}
