/* Ages are taken from the boot clock, which neither steps nor follows a rehearsal; a mark from before the
 * last boot counts for nothing. */
#include "inbox/fence.h"

#include "base/clock.h"

#include <string.h>

char *
fence_problem(struct store *db, const char *mailbox)
{
    return store_text(db, "SELECT problem FROM mailbox_state WHERE mailbox = ?", NULL, "t", mailbox);
}

/* Why it cannot be read, as the watcher said it, ": …"; empty when it said nothing. The caller frees. */
static char *
problem_of(struct store *db, const char *mailbox)
{
    g_autofree char *problem = fence_problem(db, mailbox);
    return problem ? g_strdup_printf(": %s", problem) : g_strdup("");
}

/* A folder by its role; of further folders by its name. */
static char *
folder_refusal(struct store *db, const struct config *config, const char *mailbox, const char *role,
               const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = problem_of(db, mailbox);
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT name, read_boot_us, read_boot_id FROM folder WHERE mailbox = ? AND role = ? AND "
                    "(?3 IS NULL OR name = ?3)",
                    &error, "ttt", mailbox, role, name);
    if (!q || !query_next(q, &error))
        return error ? g_strdup(error->message)
                     : g_strdup_printf("the folder %s of %s was never read%s", name ? name : role, mailbox,
                                       problem);
    if (query_is_null(q, "read_boot_us") || g_strcmp0(query_text(q, "read_boot_id"), clock_boot_id()) != 0)
        return g_strdup_printf("%s of %s was not read to its end yet%s", query_text(q, "name"), mailbox,
                               problem);
    gint64 age_us = clock_boottime_us() - query_int(q, "read_boot_us");
    if (age_us > config->fence_max_age_us)
        return g_strdup_printf("%s of %s was last read %d minutes ago%s", query_text(q, "name"), mailbox,
                               (int)(age_us / CLOCK_MINUTE_US), problem);
    return NULL;
}

static char *
mailbox_refusal(struct store *db, const struct config *config, const struct mailbox *m)
{
    char *why = folder_refusal(db, config, m->name, "inbox", NULL);
    if (!why)
        why = folder_refusal(db, config, m->name, "sent", NULL);
    for (char **folder = m->folders; !why && *folder; folder++)
        why = folder_refusal(db, config, m->name, "further", *folder);
    return why;
}

/* Whether a mail of this mailbox went to the account, from here or by hand. */
static gboolean
has_written(struct store *db, const char *mailbox, gint64 account_id, char **error_text)
{
    g_autoptr(GError) error = NULL;
    gboolean wrote =
        store_int(db,
                  "SELECT 1 FROM event WHERE account_id = ? AND kind IN ('sent', 'hand_sent', 'unknown') AND "
                  "COALESCE(data ->> 'mailbox', ?2) = ?2 LIMIT 1",
                  0, &error, "it", account_id, mailbox) != 0;
    if (error)
        *error_text = g_strdup(error->message);
    return wrote;
}

char *
fence_refusal(struct store *db, const struct config *config, gint64 account_id, const char *mailbox)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        char *why = NULL;
        if (strcmp(m->name, mailbox) == 0 || config_mailbox_is_shared(config, m) ||
            has_written(db, m->name, account_id, &why))
            why = mailbox_refusal(db, config, m);
        if (why)
            return why;
    }
    return NULL;
}

gboolean
fence_note_problem(struct store *db, const char *mailbox, const char *problem, gint64 now_us, GError **error)
{
    return store_exec(
        db,
        "INSERT INTO mailbox_state(mailbox, problem, problem_at) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE "
        "SET problem = excluded.problem, problem_at = excluded.problem_at WHERE problem IS NOT "
        "excluded.problem",
        error, "tti", mailbox, problem, now_us);
}

gboolean
fence_mark_read(struct store *db, const char *mailbox, const char *folder, gint64 began_boot_us,
                GError **error)
{
    return store_exec(db,
                      "UPDATE folder SET read_boot_us = ?, read_boot_id = ? WHERE mailbox = ? AND name = ?",
                      error, "ittt", began_boot_us, clock_boot_id(), mailbox, folder);
}

gboolean
fence_forget(struct store *db, const char *mailbox, GError **error)
{
    return store_exec(db, "UPDATE folder SET read_boot_us = NULL WHERE mailbox = ?", error, "t", mailbox);
}
