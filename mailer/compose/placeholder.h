/* Private placeholders: how values travel through Markdown without being Markdown. While Liquid renders a
 * body, each output value is kept in a table and only a placeholder, a few private-use characters around a
 * number, goes into the text; markdown.h puts the value back once the template's own Markdown is parsed.
 *
 * A template that holds one of the reserved characters is refused; a value that holds one loses it. */
#ifndef USHER_COMPOSE_PLACEHOLDER_H
#define USHER_COMPOSE_PLACEHOLDER_H

#include <glib.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define PLACEHOLDER_MAX_VALUE (64u * 1024)   /* bytes of one value */
#define PLACEHOLDER_MAX_TOTAL (1024u * 1024) /* bytes of all values of a table */
#define PLACEHOLDER_MAX_COUNT 4096u          /* values of a table */

enum placeholder_kind {
    PLACEHOLDER_TEXT, /* never becomes a link by itself */
    PLACEHOLDER_LINK, /* an http(s) or mailto URL that is to be clickable where it stands in text */
};

struct placeholders;

struct placeholders *placeholders_new(void);
void placeholders_free(struct placeholders *values);
SCOPED_FUNC(struct placeholders, placeholders_free)

/* USHER_ERROR_DATA when source, a template or an edited draft, holds a reserved character. */
gboolean placeholders_check_template(const char *source, GError **error);

/* From here on a value equal to url that reaches placeholders_emit() is a PLACEHOLDER_LINK. For facts of type
 * url and the booking link, which Liquid hands over as mere strings. */
void placeholders_declare_link(struct placeholders *values, const char *url);

/* Keeps value (len bytes, copied) and appends its placeholder to out. Line ends become LF, blanks before them
 * and empty lines at both ends go; tabs become blanks; direction overrides and word joiners go; other
 * controls and reserved characters become U+FFFD. An empty value appends nothing, one of blanks only at most
 * one blank. USHER_ERROR_DATA: not valid UTF-8 (or a NUL), or beyond the limits above. */
gboolean placeholders_add(struct placeholders *values, const char *value, gsize len,
                          enum placeholder_kind kind, GString *out, GError **error);

/* placeholders_add() in the shape of Liquid's output hook; user is the table. */
bool placeholders_emit(void *user, const char *value, size_t len, GString *out, GError **error);

/* text with the values themselves in place, for a plain string. The caller frees. USHER_ERROR_DATA when text
 * holds a placeholder that is not of this table. */
char *placeholders_expand(const struct placeholders *values, const char *text, GError **error);

/* ---- for the Markdown code beside this file ---- */

#define PLACEHOLDER_LEAD "\xF4\x8F\xB8" /* what every reserved character begins with */

/* Reserved characters other than placeholders, each one character long; see markdown_tree.c. */
#define PLACEHOLDER_COLON "\xF4\x8F\xB8\x82"     /* U+10FE02: a colon that was escaped */
#define PLACEHOLDER_SLASH "\xF4\x8F\xB8\x83"     /* U+10FE03: a slash that was escaped */
#define PLACEHOLDER_SIGNATURE "\xF4\x8F\xB8\x84" /* U+10FE04: the line "-- " */
#define PLACEHOLDER_CHAR 4u                      /* bytes of a reserved character */

/* One placeholder found in a text. */
struct placeholder {
    guint index;
    gsize length;      /* bytes of the placeholder in the text */
    const char *value; /* borrowed from the table */
    enum placeholder_kind kind;
};

/* TRUE when a reserved character stands at p. */
gboolean placeholder_is_reserved(const char *p);

/* TRUE when a placeholder of values (may be NULL) stands at p. */
gboolean placeholder_match(const struct placeholders *values, const char *p, struct placeholder *out);

/* Keeps one's value in into as it is and appends its new placeholder to out; FALSE when into is full. */
gboolean placeholder_repeat(struct placeholders *into, const struct placeholder *one, GString *out);

/* How many values the table holds; their indices are below it. */
guint placeholders_count(const struct placeholders *values);

#endif
