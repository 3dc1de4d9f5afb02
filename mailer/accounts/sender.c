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

/* How much a specialist wants an account of the region: spread evenly, and the same every time (splitmix64's
 * finalizer). */
static guint64
weight(const struct specialist *s, gint64 account_id)
{
    guint64 x =
        ((guint64)g_str_hash(s->id) << 32 ^ (guint64)account_id) + G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Of those who have the region, the one who wants it most. */
static const struct specialist *
on_rota(const struct config *config, const char *region, gint64 account_id)
{
    const struct specialist *best = NULL;
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        gboolean has = FALSE;
        for (char **r = s->regions; *r; r++)
            has = has || g_ascii_strcasecmp(*r, region) == 0;
        if (has && (!best || weight(s, account_id) > weight(best, account_id)))
            best = s;
    }
    return best;
}

gboolean
sender_find_owner(struct store *db, const struct config *config, const struct fact_row *row,
                  gint64 account_id, const struct specialist **owner, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *by_hand =
        store_text(db, "SELECT owner FROM account WHERE id = ?", &local, "i", account_id);
    if (!error_pass(error, &local))
        return FALSE;
    const char *fact = known_text(row, "owner"), *region = known_text(row, "region");
    *owner = by_hand ? match_owner(config, by_hand) : NULL;
    if (!*owner && fact)
        *owner = match_owner(config, fact);
    if (!*owner && region)
        *owner = on_rota(config, region, account_id);
    return TRUE;
}

const struct specialist *
sender_owner(struct store *db, const struct config *config, const struct fact_row *row, gint64 account_id,
             GError **error)
{
    const struct specialist *s;
    if (!sender_find_owner(db, config, row, account_id, &s, error))
        return NULL;
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
    if (!error_pass(error, &local))
        return NULL;
    const struct specialist *s = before ? config_specialist(config, before) : NULL;
    return s ? s : sender_owner(db, config, row, account_id, error);
}
