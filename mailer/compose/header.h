/* The head of a template or finding: lines `Key: value`, continued by lines that begin with a blank, ended by
 * an empty line. Lines that begin with # are comments. */
#ifndef USHER_COMPOSE_HEADER_H
#define USHER_COMPOSE_HEADER_H

#include "base/cleanup.h"

#include <glib.h>

struct header_line {
    char *key, *value; /* surrounding blanks removed; a continued value keeps its line breaks */
    int line;          /* where it begins, from 1 */
};

struct header {
    GPtrArray *lines; /* struct header_line */
    const char *body; /* borrowed from the text */
    int body_line;    /* the line its first character stands on */
};
void header_clear(struct header *header);

/* Splits text, which must outlive *out. USHER_ERROR_DATA "NAME:LINE: …" for a line that is none, and for a
 * key that is not in the NULL-terminated known or comes twice. */
gboolean header_parse(const char *name, const char *text, const char *const *known, struct header *out,
                      GError **error);

/* The line with this key, NULL when there is none. */
const struct header_line *header_find(const struct header *header, const char *key);

/* "3 days" or "12 hours" in microseconds. */
gboolean header_read_age(const char *name, const struct header_line *line, gint64 *us, GError **error);

/* text with line breaks in front, so that a parser of its own counts the lines of the file. The caller frees.
 */
char *header_pad(const char *text, int line);

#endif
