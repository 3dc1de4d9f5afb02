/* Writing values as Markdown behind what out already holds; next is what will stand behind them. */
#ifndef USHER_COMPOSE_MARKDOWN_ESCAPE_H
#define USHER_COMPOSE_MARKDOWN_ESCAPE_H

#include <glib.h>

/* As text; line ends become hard breaks, or blanks where a line cannot be broken. */
void markdown_put_text(GString *out, const char *value, const char *next, gboolean breaks);

/* In a link's title. */
void markdown_put_title(GString *out, const char *value, const char *next);

/* In a code span; code is what markdown_code_value() made. May join the span's lines. */
void markdown_put_span(GString *out, const char *code);

/* In a link's destination, or in <...>; url is percent-encoded. */
void markdown_put_destination(GString *out, const char *url, gboolean autolink);

/* A link of its own, whose text is its address. */
void markdown_put_link(GString *out, const char *url, const char *next);

#endif
