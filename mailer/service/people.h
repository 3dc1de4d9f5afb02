/* Who is at the keyboard: login names and the specialists they belong to (`logins` in usher.conf). */
#ifndef USHER_SERVICE_PEOPLE_H
#define USHER_SERVICE_PEOPLE_H

#include "base/config.h"

/* The specialist who has this login, NULL when nobody lists it. Borrowed. */
const struct specialist *people_by_login(const struct config *config, const char *login);

/* "Ana Silva (ana)" for a listed login, else the login as it is. The caller frees. */
char *people_name(const struct config *config, const char *login);

/* TRUE when two logins are one person. */
gboolean people_same(const struct config *config, const char *login, const char *other);

/* Who acts: the specialist whose login it is; for one that nobody lists, the one called id (NULL: not said).
 * Borrowed. USHER_ERROR_NO_PERMISSION when nobody is known to act, or id is not the login's own specialist;
 * USHER_ERROR_NO_INPUT when there is no specialist id. */
const struct specialist *people_acting(const struct config *config, const char *login, const char *id,
                                       GError **error);

#endif
