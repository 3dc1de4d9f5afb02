/* Which place of a mail body each placeholder stands in, found by parsing. */
#ifndef USHER_COMPOSE_MARKDOWN_PLACES_H
#define USHER_COMPOSE_MARKDOWN_PLACES_H

#include "compose/placeholder.h"

#include <glib.h>

enum markdown_place {
    MARKDOWN_PLACE_UNSEEN, /* a comment, a label, an unused definition: harmless characters are enough */
    MARKDOWN_PLACE_TEXT,   /* text, where line ends are hard breaks */
    MARKDOWN_PLACE_LINE,   /* text that must stay on its line: headings, bare URLs */
    MARKDOWN_PLACE_TITLE, /* a link's title: cmark takes the quote in "\\\\" for escaped, and unescapes behind
                           * entities
                           */
    MARKDOWN_PLACE_CODE,  /* nothing can be escaped */
    MARKDOWN_PLACE_SPAN,  /* the same, and no line may begin with a value */
    MARKDOWN_PLACE_URL,   /* a link's destination, already percent-encoded */
    MARKDOWN_PLACE_AUTOLINK, /* <…>, where only entities can be escaped */
    MARKDOWN_PLACE_LINK,     /* a link value in text: becomes an autolink */
};

struct markdown_slot {
    enum markdown_place place;
    char *value; /* as it must read there; NULL: as in the table */
};

struct markdown_places {
    struct markdown_slot *slots; /* by index */
    guint count;
    enum markdown_place part; /* what markdown_url_build's parts are, while it runs */
};

/* The place of every value of unique, in which each placeholder of source stands once. Empty and with error
 * set when source cannot be parsed or holds an impossible link. Clear in either case. */
gboolean markdown_places_find(struct markdown_places *places, const char *source,
                              const struct placeholders *unique, GError **error);
void markdown_places_clear(struct markdown_places *places);

#endif
