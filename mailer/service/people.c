/* See people.h. */
#include "service/people.h"

#include "base/error.h"

#include <string.h>

const struct specialist *
people_by_login(const struct config *config, const char *login)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        if (s->logins && g_strv_contains((const char *const *)s->logins, login))
            return s;
    }
    return NULL;
}

char *
people_name(const struct config *config, const char *login)
{
    const struct specialist *who = people_by_login(config, login);
    return who ? g_strdup_printf("%s (%s)", who->name, login) : g_strdup(login);
}

gboolean
people_same(const struct config *config, const char *login, const char *other)
{
    const struct specialist *who = people_by_login(config, login);
    return strcmp(login, other) == 0 || (who && who == people_by_login(config, other));
}

const struct specialist *
people_acting(const struct config *config, const char *login, const char *id, GError **error)
{
    const struct specialist *own = people_by_login(config, login);
    const struct specialist *named = id ? config_specialist(config, id) : NULL;
    if (id && !named) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "--as %s: %s has no specialist \"%s\"", id,
                    config->path, id);
        return NULL;
    }
    if (own && named && own != named) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION,
                    "--as %s: the login %s is %s's in %s, and each acts as who they are", id, login,
                    own->name, config->path);
        return NULL;
    }
    if (!own && !named)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION,
                    "no specialist of %s has the login %s: add it to `logins`, or say --as ID", config->path,
                    login);
    return own ? own : named;
}
