/* Do the two parts of a mail say the same? */
#ifndef USHER_COMPOSE_LINT_PARTS_H
#define USHER_COMPOSE_LINT_PARTS_H

#include <glib.h>

/* NULL when the words and addresses of the text part are those of the HTML part in the same order; else the
 * first difference in words. html is as markdown_render() makes it. The caller frees. */
char *parts_difference(const char *text, const char *html);

#endif
