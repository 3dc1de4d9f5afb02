/* See ahead.h. A Message-ID of ours is usher.HASH@…, a token a HASH in a plus-address; the hash is keyed, so
 * that nobody can stop the sending by inventing one: an unknown one is tried against the numbers that
 * messages had, or will have. */
#include "inbox/ahead.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define NUMBERS_AHEAD 5000
#define GENERATIONS_AHEAD 2
#define REFERENCES 3u /* the last ones: a mail may hold any number of inventions */

/* The hexadecimal hash in id ("usher.HASH@x" when length is 32, "x+HASH@y" when it is 16), or NULL. */
static char *
hash_in(const char *id, gsize length)
{
    const char *start = length == 32 ? (g_str_has_prefix(id, "usher.") ? id + 6 : NULL) : strchr(id, '+');
    if (start && length == 16)
        start++;
    if (!start || strspn(start, "0123456789abcdef") != length || start[length] != '@')
        return NULL;
    return g_strndup(start, length);
}

static gboolean
is_hash_of(const char *secret, const char *hash, const char *what, gint64 number, gint64 generation)
{
    for (gint64 g = generation; g <= generation + GENERATIONS_AHEAD; g++) {
        g_autofree char *name = text_message_name(what, number, g);
        g_autofree char *made = text_keyed_hash(secret, name, strlen(hash));
        if (strcmp(made, hash) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Which message has this hash: the number of a draft that waits, or of one to come; 0 when none. */
static gint64
number_of(const struct intake *in, const char *hash, const char *what)
{
    g_autofree char *secret = store_meta(in->db, "secret", NULL);
    g_autofree char *text = store_meta(in->db, "generation", NULL);
    gint64 generation = text ? g_ascii_strtoll(text, NULL, 10) : 0;
    gint64 last = store_int(in->db, "SELECT MAX(id) FROM message", 0, NULL, "");
    g_autoptr(GArray) waiting =
        store_ids(in->db, "SELECT id FROM message WHERE state IN ('waiting', 'changed')", NULL, "");
    for (guint i = 0; secret && waiting && i < waiting->len; i++)
        if (is_hash_of(secret, hash, what, g_array_index(waiting, gint64, i), generation))
            return g_array_index(waiting, gint64, i);
    for (gint64 id = last + 1; secret && id <= last + NUMBERS_AHEAD; id++)
        if (is_hash_of(secret, hash, what, id, generation))
            return id;
    return 0;
}

static gboolean
tell(const struct intake *in, const struct mail_place *place, const char *id, gint64 message_id,
     const char *subject, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 account_id = message_id ? store_int(in->db, "SELECT account_id FROM message WHERE id = ?", 0,
                                               &local, "i", message_id)
                                   : 0;
    if (!error_pass(error, &local))
        return FALSE;
    json_t *data = json_pack("{s:s, s:I, s:s, s:s, s:s}", "message_id", id, "message",
                             account_id ? (json_int_t)message_id : 0, "mailbox", in->mailbox->name, "folder",
                             place->folder, "subject", subject);
    struct event event = {.at_us = place->at_us,
                          .account_id = account_id,
                          .kind = "ahead_found",
                          .actor = "usher",
                          .data = data};
    gboolean ok = in->sink->record(in->sink->user, in->db, &event, error);
    json_decref(data);
    return ok;
}

static gboolean
look_at(const struct intake *in, const struct mail_place *place, const char *id, gsize length,
        const char *subject, GError **error)
{
    g_autofree char *hash = hash_in(id, length);
    if (!hash)
        return TRUE;
    g_autoptr(GError) local = NULL;
    gint64 known = store_int(in->db,
                             length == 32 ? "SELECT id FROM message WHERE message_id = ?"
                                          : "SELECT id FROM message WHERE token = ?",
                             0, &local, "t", length == 32 ? id : hash);
    gint64 number = known || local ? known : number_of(in, hash, length == 32 ? "message" : "token");
    gint64 begun =
        local || !number
            ? 1
            : store_int(
                  in->db,
                  "SELECT COUNT(*) FROM delivery d LEFT JOIN delivery_move v ON v.delivery_id = d.id WHERE "
                  "d.message_id = ? AND (v.to_state = 'transmitting' OR d.attempts > 0 OR "
                  "d.state IN "
                  "('transmitting', 'sent', 'unknown', 'refused', 'deferred'))",
                  0, &local, "i", number);
    gint64 told = local || begun
                      ? 0
                      : store_int(in->db, "SELECT COUNT(*) FROM message WHERE id = ? AND state = 'sent'", 0,
                                  &local, "i", number);
    if (!error_pass(error, &local))
        return FALSE;
    return begun || told || tell(in, place, id, number, subject, error);
}

gboolean
ahead_look(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
           GError **error)
{
    if (place->sent_folder)
        return look_at(in, place, r->message_id, 32, r->subject, error) &&
               look_at(in, place, r->original_message_id, 32, r->subject, error);
    if (!look_at(in, place, r->in_reply_to, 32, r->subject, error) ||
        !look_at(in, place, r->returned_message_id, 32, r->subject, error))
        return FALSE;
    guint first = r->references->len > REFERENCES ? r->references->len - REFERENCES : 0;
    for (guint i = first; i < r->references->len; i++)
        if (!look_at(in, place, r->references->pdata[i], 32, r->subject, error))
            return FALSE;
    for (guint i = 0; i < r->recipients->len; i++)
        if (!look_at(in, place, r->recipients->pdata[i], 16, r->subject, error))
            return FALSE;
    return TRUE;
}
