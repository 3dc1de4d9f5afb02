/* The text part of a mail body, from a filled tree. */
#ifndef USHER_COMPOSE_MARKDOWN_TEXT_H
#define USHER_COMPOSE_MARKDOWN_TEXT_H

#include <cmark.h>
#include <glib.h>

/* Readable plain text, wrapped at width columns: lists with their marks, quotes with "> ", links as "text
 * (URL)", emphasis plain, code as it is. No line ends in a blank except the signature's "-- ". The caller
 * frees. */
char *markdown_text_render(cmark_node *root, guint width);

#endif
