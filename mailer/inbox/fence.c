/* Ages are taken from the boot clock, which neither steps nor follows a rehearsal; a mark from before the
 * last boot counts for nothing. */
#include "inbox/fence.h"

#include "base/clock.h"

#include <string.h>

static const char *const roles[] = {"inbox", "sent"};

static char *
folder_refusal(struct store *db, const char *mailbox, const char *role)
{
    g_autoptr(GError) error = NULL;
    scoped(query_end) struct query *q =
        store_query(db, "SELECT name, read_boot_us, read_boot_id FROM folder WHERE mailbox = ? AND role = ?",
                    &error, "tt", mailbox, role);
    if (!q || !query_next(q, &error))
        return error ? g_strdup(error->message)
                     : g_strdup_printf("the %s folder of %s was never read", role, mailbox);
    if (query_is_null(q, "read_boot_us") || g_strcmp0(query_text(q, "read_boot_id"), clock_boot_id()) != 0)
        return g_strdup_printf("%s of %s was not read to its end yet", query_text(q, "name"), mailbox);
    gint64 age_us = clock_boottime_us() - query_int(q, "read_boot_us");
    if (age_us > FENCE_MAX_AGE_US)
        return g_strdup_printf("%s of %s was last read %d minutes ago", query_text(q, "name"), mailbox,
                               (int)(age_us / CLOCK_MINUTE_US));
    return NULL;
}

char *
fence_refusal(struct store *db, const struct config *config)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        for (gsize r = 0; r < G_N_ELEMENTS(roles); r++) {
            char *why = folder_refusal(db, m->name, roles[r]);
            if (why)
                return why;
        }
    }
    return NULL;
}

gboolean
fence_mark_read(struct store *db, const char *mailbox, const char *folder, gint64 began_boot_us,
                GError **error)
{
    return store_exec(db,
                      "UPDATE folder SET read_boot_us = ?, read_boot_id = ? WHERE mailbox = ? AND name = ?",
                      error, "ittt", began_boot_us, clock_boot_id(), mailbox, folder);
}
