/* Choosing the sending specialist: see sender.h. */
#include "accounts/sender.h"

#include "base/error.h"

#include <string.h>

/* A text fact, NULL when it is missing or nobody declared it. */
static const char *
known_text(const struct fact_row *row, const char *name)
{
    return fact_row_get(row, name) ? fact_row_text(row, name) : NULL;
}

static const struct specialist *
match_owner(const struct config *config, const char *owner)
{
    const struct specialist *s = config_specialist(config, owner);
    if (!s)
        s = config_specialist_by_address(config, owner);
    for (guint i = 0; !s && i < config->specialists->len; i++) {
        const struct specialist *candidate = config->specialists->pdata[i];
        if (g_ascii_strcasecmp(candidate->name, owner) == 0)
            s = candidate;
    }
    return s;
}

const struct specialist *
sender_owner(struct store *db, const struct config *config, const struct fact_row *row, gint64 account_id,
             GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *by_hand =
        store_text(db, "SELECT owner FROM account WHERE id = ?", &local, "i", account_id);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    const char *fact = known_text(row, "owner"), *region = known_text(row, "region");
    const struct specialist *s = by_hand ? match_owner(config, by_hand) : NULL;
    if (!s && fact)
        s = match_owner(config, fact);
    for (guint i = 0; !s && region && i < config->specialists->len; i++) {
        const struct specialist *candidate = config->specialists->pdata[i];
        for (char **r = candidate->regions; !s && *r; r++)
            if (g_ascii_strcasecmp(*r, region) == 0)
                s = candidate;
    }
    if (!s && config->failsafe)
        s = config_specialist(config, config->failsafe);
    return s ? s : config->specialists->pdata[0];
}

const struct specialist *
sender_choose(struct store *db, const struct config *config, const struct fact_row *row, gint64 account_id,
              GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *before = store_text(db,
                                         "SELECT data ->> 'specialist' FROM standing_event WHERE account_id "
                                         "= ? AND kind IN ('sent', 'hand_sent')"
                                         " ORDER BY id DESC LIMIT 1",
                                         &local, "i", account_id);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    const struct specialist *s = before ? config_specialist(config, before) : NULL;
    return s ? s : sender_owner(db, config, row, account_id, error);
}
