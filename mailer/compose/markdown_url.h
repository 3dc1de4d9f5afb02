/* Link addresses made from a template's own text and values. */
#ifndef USHER_COMPOSE_MARKDOWN_URL_H
#define USHER_COMPOSE_MARKDOWN_URL_H

#include "compose/placeholder.h"

#include <glib.h>

#define MARKDOWN_MAX_URL 2000u

/* Told of each placeholder of a link: part is what its value became there, percent-encoded. */
typedef void (*markdown_url_part)(void *user, const struct placeholder *one, const char *part);

/* Builds the address literal[0..length) means: values that begin it stand for themselves; a value inside the
 * host may only be a host name's part; in mailto and behind the host it cannot end what it stands in (mailto)
 * or leave the URL. Everything a URL cannot hold is percent-encoded. tell may be NULL. The caller frees.
 * USHER_ERROR_DATA names a value that cannot stand where it does. */
char *markdown_url_build(const char *literal, gsize length, const struct placeholders *values,
                         markdown_url_part tell, void *user, GError **error);

/* FALSE, with USHER_ERROR_DATA naming url, unless it is http(s) with a plain host (no user name before it),
 * or mailto with one address (RFC 3986, RFC 6068). */
gboolean markdown_url_check(const char *url, GError **error);

/* url without "mailto:", as a reader wants to see it. Borrowed from url. */
const char *markdown_url_shown(const char *url);

#endif
