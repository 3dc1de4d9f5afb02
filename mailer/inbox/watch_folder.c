/* How far a folder is read: one row each, moved with every mail. See watch_private.h. */
#include "inbox/watch_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "inbox/fence.h"

#include <string.h>

#define LOOK_BACK 1000u /* messages looked at on first sight of a folder, and after a UIDVALIDITY change */

const char *const folder_role_names[FOLDER_ROLE_COUNT] = {
    [FOLDER_INBOX] = "inbox", [FOLDER_SENT] = "sent", [FOLDER_FURTHER] = "further"};

/* A mailbox has one INBOX and one Sent: a mark under an earlier name would never be fresh again. */
static gboolean
forget_other_names(struct watch *w, const char *name, enum folder_role role, GError **error)
{
    return role == FOLDER_FURTHER ||
           store_exec(w->intake->db, "DELETE FROM folder WHERE mailbox = ? AND role = ? AND name <> ?", error,
                      "ttt", w->intake->mailbox->name, folder_role_names[role], name);
}

static gint64
made_us(struct watch *w)
{
    g_autofree char *made = store_meta(w->intake->db, "created_real_us", NULL);
    return made ? g_ascii_strtoll(made, NULL, 10) : 0;
}

/* From when on a folder that is seen for the first time is read: the making of the database on its first day,
 * now for one that joins later. */
static gint64
first_not_before_us(struct watch *w)
{
    gint64 now_us = g_get_real_time(), since_us = made_us(w);
    return since_us && now_us - since_us > CLOCK_DAY_US ? now_us : since_us;
}

/* Sets the mark back to the first mail of the day that was asked for. */
static gboolean
go_back(struct watch *w, struct folder *f, gint64 since_us, GError **error)
{
    guint32 uid;
    if (!imap_client_search_since(w->client, since_us, &uid, error))
        return FALSE;
    f->not_before_us = since_us;
    if (uid && uid < f->next_uid)
        f->next_uid = uid;
    return store_exec(
        w->intake->db,
        "UPDATE folder SET next_uid = ?, not_before = ?, read_since = NULL, reading_uid = NULL, "
        "reading_deaths = 0, read_boot_us = NULL WHERE mailbox = ? AND name = ?",
        error, "iitt", f->next_uid, since_us, w->intake->mailbox->name, f->name);
}

/* The row as it is; *known tells if it is of this UIDVALIDITY. */
static gboolean
load_row(struct watch *w, struct folder *f, gboolean *known, gint64 *since_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        w->intake->db,
        "SELECT uidvalidity, next_uid, COALESCE(reading_uid, 0) AS reading_uid, reading_deaths, not_before, "
        "read_since FROM folder WHERE mailbox = ? AND name = ?",
        error, "tt", w->intake->mailbox->name, f->name);
    *known = FALSE;
    *since_us = 0;
    if (q && query_next(q, &local)) {
        *known = query_int(q, "uidvalidity") == f->uidvalidity;
        *since_us = query_int(q, "read_since");
        f->not_before_us = query_is_null(q, "not_before") ? made_us(w) : query_int(q, "not_before");
        if (*known) {
            f->next_uid = query_int(q, "next_uid");
            f->reading_uid = query_int(q, "reading_uid");
            f->deaths = query_int(q, "reading_deaths");
        }
    } else if (q && !local) {
        f->not_before_us = first_not_before_us(w);
    }
    return q && error_pass(error, &local);
}

gboolean
folder_load(struct watch *w, struct folder *f, const struct imap_folder_state *state, GError **error)
{
    gboolean known;
    gint64 since_us;
    g_autoptr(GError) local = NULL;
    if (!load_row(w, f, &known, &since_us, &local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!known) {
        /* First sight, or a new UIDVALIDITY: look back a little; older mail is none of its business. */
        f->next_uid = state->uidnext > LOOK_BACK ? state->uidnext - LOOK_BACK : 1;
        if (!forget_other_names(w, f->name, f->role, error) ||
            !store_exec(w->intake->db,
                        "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid, not_before) "
                        "VALUES(?, ?, ?, ?, ?, "
                        "?) ON CONFLICT DO UPDATE SET role = excluded.role, uidvalidity = "
                        "excluded.uidvalidity, next_uid = "
                        "excluded.next_uid, reading_uid = NULL, reading_deaths = 0, read_boot_us = NULL, "
                        "not_before = "
                        "excluded.not_before",
                        error, "tttiii", w->intake->mailbox->name, f->name, folder_role_names[f->role],
                        (gint64)f->uidvalidity, f->next_uid, f->not_before_us))
            return FALSE;
    }
    return !since_us || go_back(w, f, since_us, error);
}

gboolean
folder_mark_reading(struct watch *w, struct folder *f, guint32 uid, GError **error)
{
    f->deaths = f->reading_uid == uid ? f->deaths + 1 : 0;
    f->reading_uid = uid;
    return store_exec(w->intake->db,
                      "UPDATE folder SET reading_uid = ?, reading_deaths = ? WHERE mailbox = ? AND name = ?",
                      error, "iitt", (gint64)uid, f->deaths, w->intake->mailbox->name, f->name);
}

gboolean
folder_mark_done(struct watch *w, struct folder *f, guint32 uid, GError **error)
{
    f->next_uid = (gint64)uid + 1;
    f->reading_uid = 0;
    f->deaths = 0;
    return store_exec(
        w->intake->db,
        "UPDATE folder SET next_uid = ?, reading_uid = NULL, reading_deaths = 0 WHERE mailbox = ? AND name "
        "= ?",
        error, "itt", f->next_uid, w->intake->mailbox->name, f->name);
}

void
folder_mark_alive(struct watch *w, struct folder *f)
{
    f->reading_uid = 0;
    f->deaths = 0;
    store_exec(w->intake->db,
               "UPDATE folder SET reading_uid = NULL, reading_deaths = 0 WHERE mailbox = ? AND name = ?",
               NULL, "tt", w->intake->mailbox->name, f->name);
}

gboolean
folder_mark_missing(struct watch *w, const char *name, enum folder_role role, GError **error)
{
    return forget_other_names(w, name, role, error) &&
           store_exec(w->intake->db,
                      "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid) VALUES(?, ?, ?, 0, 1) "
                      "ON CONFLICT "
                      "DO NOTHING",
                      error, "ttt", w->intake->mailbox->name, name, folder_role_names[role]) &&
           fence_mark_read(w->intake->db, w->intake->mailbox->name, name, clock_boottime_us(), error);
}

gboolean
watch_ask_since(struct store *db, const struct mailbox *mailbox, gint64 since_us, gboolean *any,
                GError **error)
{
    if (!store_exec(db, "UPDATE folder SET read_since = ? WHERE mailbox = ?", error, "it", since_us,
                    mailbox->name))
        return FALSE;
    *any = store_changes(db) > 0;
    return TRUE;
}
