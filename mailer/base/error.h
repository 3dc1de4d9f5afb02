/* The one error domain of usher. Every code is the sysexits(3) value the command line exits with, so an error
 * can travel from the deepest module to main() without translation. Messages are one line, without a final
 * full stop, and name the file and line, or the key, and what was expected. */
#ifndef USHER_BASE_ERROR_H
#define USHER_BASE_ERROR_H

#include <glib.h>

#define USHER_ERROR (usher_error_quark())
GQuark usher_error_quark(void);

enum usher_error {
    USHER_ERROR_USAGE = 64,         /* the command's words are wrong */
    USHER_ERROR_DATA = 65,          /* a file's or a server's data is wrong */
    USHER_ERROR_NO_INPUT = 66,      /* a file or an account that was named does not exist */
    USHER_ERROR_UNAVAILABLE = 69,   /* a server cannot be reached or refuses */
    USHER_ERROR_SOFTWARE = 70,      /* a broken promise inside usher */
    USHER_ERROR_OS = 71,            /* fork, socketpair and their like */
    USHER_ERROR_CANT_CREATE = 73,   /* an output file cannot be made */
    USHER_ERROR_IO = 74,            /* reading or writing failed, database included */
    USHER_ERROR_TEMP = 75,          /* try again later: locked, busy, timed out */
    USHER_ERROR_PROTOCOL = 76,      /* a server broke its protocol, or TLS cannot be trusted */
    USHER_ERROR_NO_PERMISSION = 77, /* a login was refused, or the act is not allowed */
    USHER_ERROR_CONFIG = 78,        /* configuration, sequences, facts.conf, schema version */
};

/* Hands *local on to error, where there is one, and forgets it. TRUE when there was none: what is returned by
 * whoever asked several questions with a local error, since a row that is not there and a row that cannot be
 * read look the same. error may be NULL. */
static inline gboolean
error_pass(GError **error, GError **local)
{
    if (!*local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(local));
    return FALSE;
}

/* The exit code for error: its code when it is of this domain, else EX_SOFTWARE. */
int usher_error_exit_code(const GError *error);

#endif
