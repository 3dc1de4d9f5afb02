/* See clone_guard.h. The meta keys: identity (where it lives), unclaimed (why nothing is sent), generation
 * (of Message-IDs). */
#include "service/clone_guard.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "outbox/breaker.h"
#include "outbox/settlement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *
clone_guard_identity(const char *path, GError **error)
{
    struct stat st;
    g_autofree char *machine = NULL;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &st) != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: %s", path, g_strerror(errno));
        free(real);
        return NULL;
    }
    if (g_file_get_contents("/etc/machine-id", &machine, NULL, NULL))
        g_strchomp(machine);
    char *identity =
        g_strdup_printf("machine %s, device %" G_GUINT64_FORMAT ", inode %" G_GUINT64_FORMAT ", %s",
                        machine ? machine : "-", (guint64)st.st_dev, (guint64)st.st_ino, real);
    free(real);
    return identity;
}

/* The event of the database itself, about no account. */
static gboolean
tell(struct service *s, const char *kind, const char *actor, json_t *data, gint64 now_us, GError **error)
{
    struct event event = {.at_us = now_us, .kind = kind, .actor = actor, .data = data};
    gboolean ok = state_record(s->db, &event, error);
    json_decref(data);
    return ok;
}

/* In the caller's transaction; the first reason stays. */
static gboolean
mark_unclaimed(struct service *s, const char *why, gint64 now_us, GError **error)
{
    g_autofree char *before = store_meta(s->db, "unclaimed", NULL);
    if (before)
        return TRUE;
    log_event("unclaimed", "why", why, NULL);
    return store_set_meta(s->db, "unclaimed", why, error) &&
           tell(s, "unclaimed", "usher", json_pack("{s:s}", "why", why), now_us, error);
}

gboolean
clone_guard_look(struct service *s, GError **error)
{
    g_autofree char *here = clone_guard_identity(s->config->database, error);
    g_autofree char *known = here ? store_meta(s->db, "identity", NULL) : NULL;
    if (!here || g_strcmp0(here, known) == 0)
        return here != NULL;
    g_autofree char *why =
        known ? g_strdup_printf("the database was claimed at \"%s\" and is now at \"%s\"", known, here)
              : NULL;
    if (store_begin(s->db, error) &&
        (why ? mark_unclaimed(s, why, clock_now_us(), error)
             : store_set_meta(s->db, "identity", here, error)) &&
        store_commit(s->db, error))
        return TRUE;
    store_rollback(s->db);
    return FALSE;
}

char *
clone_guard_refusal(struct store *db)
{
    g_autofree char *why = store_meta(db, "unclaimed", NULL);
    return why ? g_strdup_printf("nothing is sent: %s; `usher claim` takes it over", why) : NULL;
}

gboolean
clone_guard_claim(struct service *s, const char *actor, const char *why, gint64 now_us, GError **error)
{
    g_autofree char *here = clone_guard_identity(s->config->database, error);
    if (!here || !store_begin(s->db, error))
        return FALSE;
    g_autofree char *was = store_meta(s->db, "unclaimed", NULL);
    g_autofree char *generation = store_meta(s->db, "generation", NULL);
    g_autofree char *next = g_strdup_printf(
        "%" G_GINT64_FORMAT, (generation ? g_ascii_strtoll(generation, NULL, 10) : 0) + (was != NULL));
    gboolean ok = store_exec(s->db, "DELETE FROM meta WHERE key = 'unclaimed'", error, "") &&
                  store_set_meta(s->db, "identity", here, error) &&
                  store_set_meta(s->db, "generation", next, error) &&
                  tell(s, "claimed", actor,
                       json_pack("{s:s, s:s, s:s?}", "why", why, "place", here, "was", was), now_us, error) &&
                  store_commit(s->db, error);
    if (!ok)
        store_rollback(s->db);
    return ok;
}

gboolean
clone_guard_mark_copy(const char *path, GError **error)
{
    scoped(store_close) struct store *db = store_open(path, error);
    g_autofree char *why = g_strdup_printf("this database is a backup (%s)", path);
    return db && store_set_meta(db, "unclaimed", why, error);
}

gboolean
clone_guard_follow(struct service *s, const struct event *event, GError **error)
{
    gint64 message_id = json_integer_value(json_object_get(event->data, "message"));
    const char *what = json_string_value(json_object_get(event->data, "message_id"));
    const char *folder = json_string_value(json_object_get(event->data, "folder"));
    g_autofree char *why = g_strdup_printf(
        "%s holds %s, which this database does not know as sent: it is older than the mailbox",
        folder ? folder : "?", what ? what : "?");
    if (!mark_unclaimed(s, why, event->at_us, error))
        return FALSE;
    return !message_id || settlement_adopt(s->db, s->config, &s->policy, message_id, event, error);
}

gboolean
clone_guard_compared(struct service *s, const struct mailbox *m)
{
    const char *started = g_getenv("USHER_STARTED_BOOT_US");
    if (!started)
        return TRUE;
    return store_int(
               s->db,
               "SELECT COUNT(DISTINCT role) FROM folder WHERE mailbox = ? AND role IN ('inbox', 'sent') AND "
               "read_boot_id = ? AND read_boot_us >= ?",
               0, NULL, "tti", m->name, clock_boot_id(), g_ascii_strtoll(started, NULL, 10)) == 2;
}

GPtrArray *
service_halts(struct service *s, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local = NULL;
    char *unclaimed = clone_guard_refusal(s->db);
    if (unclaimed)
        g_ptr_array_add(lines, unclaimed);
    for (guint i = 0; i < s->config->mailboxes->len; i++) {
        const struct mailbox *m = s->config->mailboxes->pdata[i];
        char *line = breaker_line(s->db, s->config, m->name, &local);
        if (line)
            g_ptr_array_add(lines, line);
        if (!error_pass(error, &local))
            return NULL;
    }
    return g_steal_pointer(&lines);
}
