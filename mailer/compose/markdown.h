/* Mail bodies from Markdown (CommonMark, by libcmark): the text and the HTML part from one tree. Values never
 * become markup: they travel as placeholders (placeholder.h) and are put into the finished tree.
 *
 * What a body may hold: CommonMark without raw HTML (comments are dropped, other tags refused). Links must be
 * http(s) or mailto. An image becomes a link to it, so that no mail of ours loads anything. A bare http(s)
 * URL is clickable when the template's own text begins it (values behind its host are percent-encoded) or
 * when it is a value of kind PLACEHOLDER_LINK; never when an ordinary value holds it. A line "-- " (outside
 * code) starts the signature, whose line ends are kept. */
#ifndef USHER_COMPOSE_MARKDOWN_H
#define USHER_COMPOSE_MARKDOWN_H

#include "compose/placeholder.h"

#include <glib.h>

#define MARKDOWN_MAX_SOURCE (256u * 1024) /* bytes of Markdown with its placeholders */
#define MARKDOWN_MAX_NESTING 64u          /* lists in quotes in emphasis … */
#define MARKDOWN_TEXT_WIDTH 76u           /* columns of the text part; URLs and code are never broken */

/* FALSE for control characters but line ends and tabs, and for those that embed, override or isolate a
 * direction of writing (UAX #9): what follows them would read otherwise than it was written. */
gboolean markdown_can_carry(gunichar c);

/* Renders markdown with values (NULL: it holds none) into a text part and a complete HTML document; the
 * caller frees both. USHER_ERROR_DATA says what cannot be sent: an impossible link (named), raw HTML, a
 * reserved or control character, too much text or nesting. */
gboolean markdown_render(const char *markdown, const struct placeholders *values, char **text, char **html,
                         GError **error);

/* The text part alone, wrapped at width columns where that is narrower than the mail's: for looking at. The
 * caller frees. Errors as above. */
char *markdown_render_text(const char *markdown, guint width, GError **error);

/* markdown with its values written as Markdown that means exactly them, for editing and storing a draft:
 * rendering the result without values gives, byte for byte, what markdown_render() gives with them, which is
 * tried before it is returned. The caller frees. Errors as above; USHER_ERROR_SOFTWARE should the two differ.
 */
char *markdown_expand(const char *markdown, const struct placeholders *values, GError **error);

/* The same without the trial, half the time: only for comparing with a text that markdown_expand() gave
 * before. */
char *markdown_expand_untried(const char *markdown, const struct placeholders *values, GError **error);

#endif
