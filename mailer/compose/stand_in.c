/* Leave, as it bears on a mail: see stand_in.h. */
#include "compose/stand_in.h"

#include "accounts/leave.h"
#include "accounts/sender.h"
#include "base/zone.h"
#include "compose/thread.h"

#include <string.h>

/* TRUE when there is a conversation that a follow-up would continue. */
static gboolean
is_under_way(const struct composer *c, gint64 account_id, gboolean follows, gboolean *out, GError **error)
{
    struct mail_thread thread = {0};
    *out = FALSE;
    if (!follows)
        return TRUE;
    if (!thread_load(c->db, account_id, &thread, error))
        return FALSE;
    *out = thread.subject != NULL;
    thread_clear(&thread);
    return TRUE;
}

gboolean
stand_in_choose(const struct composer *c, gint64 account_id, gboolean follows, const struct specialist **who,
                const struct specialist **cover, GError **error)
{
    struct leave_status leave;
    gboolean under_way;
    *cover = NULL;
    *who = sender_choose(c->db, c->config, c->row, account_id, error);
    if (!*who || !leave_status(c->db, c->config, (*who)->id, c->now_us, &leave, error) ||
        !is_under_way(c, account_id, follows, &under_way, error))
        return FALSE;
    if (leave.stand_in && under_way)
        *cover = leave.stand_in;
    else if (leave.stand_in)
        *who = leave.stand_in;
    return TRUE;
}

gboolean
stand_in_difference(const struct composer *c, const struct draft *draft, char **difference, GError **error)
{
    struct leave_status leave;
    *difference = NULL;
    if (!leave_status(c->db, c->config, draft->specialist->id, c->now_us, &leave, error))
        return FALSE;
    if (!leave.stand_in || g_strcmp0(draft->cover, leave.stand_in->id) == 0)
        return TRUE;
    g_autofree char *until = zone_format(c->config->timezone, leave.until_us);
    until[strlen("2026-12-05")] = '\0';
    *difference = g_strdup_printf("%s is away until %s and %s covers", draft->specialist->name, until,
                                  leave.stand_in->name);
    return TRUE;
}

gboolean
stand_in_store(struct store *db, const struct draft *draft, GError **error)
{
    return store_exec(db, "UPDATE message SET cover = ? WHERE id = ?", error, "ti", draft->cover, draft->id);
}
