/* Our copies in Sent, where the provider makes none: after a search for the Message-ID, so that a copy is
 * never made twice. */
#include "inbox/watch_private.h"

#include "base/error.h"
#include "base/fault.h"
#include "wire/mime_write.h"

struct copy {
    gint64 id;
    char *message_id;
    GBytes *bytes;
    gint64 date_us;
};

static void
copy_free(gpointer data)
{
    struct copy *c = data;
    g_free(c->message_id);
    g_bytes_unref(c->bytes);
    g_free(c);
}

static GPtrArray *
wanted_copies(struct watch *w, GError **error)
{
    g_autoptr(GPtrArray) copies = g_ptr_array_new_with_free_func(copy_free);
    scoped(query_end) struct query *q =
        store_query(w->intake->db,
                    "SELECT m.id, m.message_id, t.bytes, m.date_at FROM message m JOIN message_text t ON "
                    "t.message_id = m.id WHERE "
                    "m.mailbox = ? AND m.copy = 'wanted' LIMIT 100",
                    error, "t", w->intake->mailbox->name);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        struct copy *c = g_new0(struct copy, 1);
        c->id = query_int(q, "id");
        c->message_id = query_dup_text(q, "message_id");
        c->bytes = query_dup_bytes(q, "bytes");
        c->date_us = query_int(q, "date_at");
        g_ptr_array_add(copies, c);
    }
    return q && error_pass(error, &local) ? g_steal_pointer(&copies) : NULL;
}

static gboolean
append_copy(struct watch *w, const struct copy *c, GError **error)
{
    guint32 uid = 0;
    g_autoptr(GError) missing = NULL;
    if (!imap_client_select(w->client, w->sent, NULL, &missing)) {
        if (!g_error_matches(missing, USHER_ERROR, USHER_ERROR_NO_INPUT) ||
            !imap_client_is_usable(w->client)) {
            g_propagate_error(error, g_steal_pointer(&missing));
            return FALSE;
        }
    } else if (!imap_client_search_message_id(w->client, c->message_id, &uid, error)) {
        return FALSE;
    }
    g_autoptr(GBytes) bytes =
        uid ? NULL : mime_add_date(c->bytes, c->date_us, w->intake->config->timezone, error);
    if (!uid && (!bytes || !imap_client_append(w->client, w->sent, bytes, TRUE, 0, NULL, error)))
        return FALSE;
    FAULT_POINT("watch.filed"); /* the copy is in Sent, and not noted */
    return store_exec(w->intake->db, "UPDATE message SET copy = 'done' WHERE id = ?", error, "i", c->id);
}

gboolean
watch_append_copies(struct watch *w, GError **error)
{
    g_autoptr(GPtrArray) copies = wanted_copies(w, error);
    if (!copies || copies->len == 0)
        return copies != NULL;
    if (!watch_connect(w, error))
        return FALSE;
    for (guint i = 0; i < copies->len; i++)
        if (!append_copy(w, copies->pdata[i], error))
            return FALSE;
    return TRUE;
}
