/* The error domain: see error.h. */
#include "base/error.h"

/* clang-format off */
G_DEFINE_QUARK(usher-error-quark, usher_error)
/* clang-format on */

int
usher_error_exit_code(const GError *error)
{
    return error->domain == USHER_ERROR ? error->code : USHER_ERROR_SOFTWARE;
}
