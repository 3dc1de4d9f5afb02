/* What a reader sees of a subject or a Markdown body, as one text for lint: which line of the source each
 * piece stands on, and a copy in which code, addresses and values are blacked out, so that rules about
 * wording judge only what the team wrote. */
#ifndef USHER_COMPOSE_PROSE_H
#define USHER_COMPOSE_PROSE_H

#include "base/cleanup.h"

#include <glib.h>

#define PROSE_VALUE "\xEF\xBF\xBC" /* U+FFFC: stands for a value in the text of a template */

struct prose_link {
    char *url;
    int line;
    gboolean bare; /* text that only looks like an address: a fact's, or one without http */
};

struct prose {
    GString *text;    /* a line end separates blocks; any other break is a blank */
    GString *clean;   /* the same length; what is not the team's wording is a run of "x" */
    gsize end;        /* where the signature ("-- ") begins, or the length */
    GArray *marks;    /* where each source line begins in text */
    GPtrArray *links; /* struct prose_link, in order */
};

/* Line 1 of markdown counts as first_line. literal: it is a template's text with PROSE_VALUE for values,
 * where a bare URL is not yet a link. USHER_ERROR_DATA when it is no body that could be sent. */
struct prose *prose_of_markdown(const char *markdown, int first_line, gboolean literal, GError **error);
struct prose *prose_of_line(const char *text, int line);
void prose_free(struct prose *prose);
SCOPED_FUNC(struct prose, prose_free)

/* The source line of the byte offset at. */
int prose_line(const struct prose *prose, gsize at);

/* Blacks value out wherever it stands as a whole in clean. */
void prose_black_out(struct prose *prose, const char *value);

/* Blacks out what `truncate` leaves of value: its beginning before three dots. */
void prose_black_out_cut(struct prose *prose, const char *value);

/* The number of words before the signature. *at_limit is where word number limit + 1 begins, if there is one.
 */
guint prose_count_words(const struct prose *prose, guint limit, gsize *at_limit);

#endif
