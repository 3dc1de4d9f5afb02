/* Configuration files over libconfuse, with what it leaves out: a repeated plain option is an error, the
 * first error comes back as a GError with file and line, and strings may be checked by the caller with the
 * same wording. */
#ifndef USHER_BASE_CONF_H
#define USHER_BASE_CONF_H

#include <confuse.h>
#include <glib.h>

/* Parses the file at path against opts. Returns the tree (free with cfg_free) or NULL: USHER_ERROR_NO_INPUT
 * when the file cannot be read, USHER_ERROR_CONFIG with "FILE:LINE: …" for everything wrong inside it. */
cfg_t *conf_parse(cfg_opt_t *opts, const char *path, GError **error);

/* Sets a USHER_ERROR_CONFIG "FILE:LINE: …" for a section that parsed but means nothing. Returns FALSE. */
gboolean conf_refuse(cfg_t *section, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The line of the file on which the key of a section begins; where it was not set, that of the section. */
int conf_line(cfg_t *section, const char *key);

/* conf_refuse() with the key's own line. */
gboolean conf_refuse_key(cfg_t *section, const char *key, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* A copy of a string option, NULL when it is unset or empty. The caller frees. */
char *conf_dup_str(cfg_t *section, const char *key);

/* A copy of a list of strings, NULL-terminated, never NULL. The caller frees with g_strfreev(). */
char **conf_dup_list(cfg_t *section, const char *key);

#endif
