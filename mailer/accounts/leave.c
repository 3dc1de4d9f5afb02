/* Looking up who is away: see leave.h. The table is a projection of the events away_set and away_cancelled.
 */
#include "accounts/leave.h"

#include "base/error.h"

#include <string.h>

#define MAX_COVERS 20 /* two who cover for each other, both away, would go round for ever */

/* The leave of one specialist at now_us that ends last; *until_us is 0 when there is none. */
static gboolean
find_leave(struct store *db, const char *specialist, gint64 now_us, gint64 *until_us, char **cover,
           GError **error)
{
    *until_us = 0;
    *cover = NULL;
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT until_at, cover FROM leave WHERE specialist = ?1 AND from_at <= ?2 AND until_at > "
        "?2 ORDER BY until_at DESC LIMIT 1",
        error, "ti", specialist, now_us);
    g_autoptr(GError) local = NULL;
    if (q && query_next(q, &local)) {
        *until_us = query_int(q, "until_at");
        *cover = query_dup_text(q, "cover");
    }
    return q && error_pass(error, &local);
}

/* Follows the covers of *cover until one is at work; NULL where they lead nowhere. */
static gboolean
follow_covers(struct store *db, gint64 now_us, char **cover, GError **error)
{
    for (int i = 0; *cover && i < MAX_COVERS; i++) {
        gint64 until_us;
        char *next = NULL;
        if (!find_leave(db, *cover, now_us, &until_us, &next, error))
            return FALSE;
        if (!until_us)
            return TRUE;
        g_free(*cover);
        *cover = next;
    }
    g_clear_pointer(cover, g_free);
    return TRUE;
}

gboolean
leave_any(struct store *db, gint64 now_us)
{
    g_autoptr(GError) error = NULL;
    gint64 any = store_int(db, "SELECT 1 FROM leave WHERE from_at <= ?1 AND until_at > ?1 LIMIT 1", 0, &error,
                           "i", now_us);
    return any || error;
}

gboolean
leave_cover(struct store *db, const char *specialist, gint64 now_us, char **cover, GError **error)
{
    gint64 until_us;
    return find_leave(db, specialist, now_us, &until_us, cover, error) &&
           follow_covers(db, now_us, cover, error);
}

gboolean
leave_status(struct store *db, const struct config *config, const char *specialist, gint64 now_us,
             struct leave_status *out, GError **error)
{
    g_autofree char *cover = NULL;
    memset(out, 0, sizeof *out);
    if (!find_leave(db, specialist, now_us, &out->until_us, &cover, error))
        return FALSE;
    if (!follow_covers(db, now_us, &cover, error))
        return FALSE;
    out->stand_in = cover ? config_specialist(config, cover) : NULL;
    return TRUE;
}
