/* Taking a mail's consequences back and making the right ones: see correction.h. The journal only grows: an
 * event of kind reclassified names every event that counts no more, stages and steps are rebuilt without
 * them, and the right class's event follows from the correction, at the time the mail came in. */
#include "service/correction.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "pipeline/replay.h"
#include "service/consequences.h"
#include "service/drafting.h"

#include <string.h>

/* The row under correction. */
struct inbound {
    gint64 id, at_us, account_id, message_id;
    enum mail_class mail_class;
    char *mailbox, *folder, *address, *matched_by, *header_id, *subject;
    gboolean sent_folder;
    guint32 uid;
};

static void
inbound_free(struct inbound *in)
{
    g_free(in->mailbox);
    g_free(in->folder);
    g_free(in->address);
    g_free(in->matched_by);
    g_free(in->header_id);
    g_free(in->subject);
    g_free(in);
}
SCOPED_FUNC(struct inbound, inbound_free)

void
correction_result_clear(struct correction_result *r)
{
    g_clear_pointer(&r->retracted, g_array_unref);
    g_clear_pointer(&r->sent, g_array_unref);
}

static struct inbound *
load_inbound(struct service *s, gint64 id, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT i.*, COALESCE((SELECT f.role FROM folder f WHERE f.mailbox = i.mailbox AND f.name = "
        "i.folder), '') AS "
        "role FROM inbound i WHERE i.id = COALESCE((SELECT same_as FROM inbound WHERE id = ?1), ?1)",
        error, "i", id);
    if (!q)
        return NULL;
    if (!query_next(q, &local)) {
        if (local)
            g_propagate_error(error, g_steal_pointer(&local));
        else
            g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT,
                        "there is no inbound mail %" G_GINT64_FORMAT "; `usher inbox` lists them", id);
        return NULL;
    }
    struct inbound *in = g_new0(struct inbound, 1);
    in->id = query_int(q, "id");
    in->at_us = query_int(q, "at");
    in->account_id = query_int(q, "account_id");
    in->message_id = query_int(q, "in_message");
    in->uid = (guint32)query_int(q, "uid");
    mail_class_parse(query_text(q, "class"), &in->mail_class);
    in->mailbox = query_dup_text(q, "mailbox");
    in->folder = query_dup_text(q, "folder");
    in->address = query_dup_text(q, "address");
    in->matched_by = query_dup_text(q, "matched_by");
    in->header_id = query_dup_text(q, "message_id");
    in->subject = query_dup_text(q, "subject");
    in->sent_folder = strcmp(query_text(q, "role"), "sent") == 0;
    return in;
}

/* ---- the event of a class ---- */

/* The kind of event that a class makes of this mail; NULL: none. */
static const char *
event_kind(const struct inbound *in, enum mail_class mail_class, gboolean has_address)
{
    switch (mail_class) {
    case MAIL_CLASS_OWN:
        return in->sent_folder ? "hand_sent" : NULL;
    case MAIL_CLASS_BOUNCE:
        return "bounced";
    case MAIL_CLASS_AUTO_REPLY:
        return "auto_replied";
    case MAIL_CLASS_OPT_OUT:
        return "opted_out";
    case MAIL_CLASS_COMPLAINT:
        return has_address ? "opted_out" : "complained";
    case MAIL_CLASS_BOOKING:
        return "booked";
    case MAIL_CLASS_REPLY:
        return "replied";
    case MAIL_CLASS_DELAY:
    case MAIL_CLASS_RECEIPT:
    case MAIL_CLASS_CHALLENGE:
    case MAIL_CLASS_OTHER:
        break;
    }
    return NULL;
}

/* Whose address the event is about: of a report not the robot that sent it, but whom we wrote to. The caller
 * frees; NULL when nobody can tell. */
static char *
address_of(struct service *s, const struct inbound *in, const struct correction *c)
{
    gboolean is_report = c->mail_class == MAIL_CLASS_COMPLAINT || c->mail_class == MAIL_CLASS_BOUNCE;
    if (c->dead_address)
        return g_ascii_strdown(c->dead_address, -1);
    if (!is_report)
        return g_strdup(in->address);
    char *only = store_text(
        s->db,
        "SELECT MIN(address) FROM delivery WHERE message_id = ? AND state = 'sent' HAVING COUNT(*) "
        "= 1",
        NULL, "i", in->message_id);
    if (only || c->mail_class == MAIL_CLASS_BOUNCE)
        return only;
    return store_int(s->db, "SELECT 1 FROM contact WHERE account_id = ? AND address = ?", 0, NULL, "it",
                     in->account_id, in->address)
               ? g_strdup(in->address)
               : NULL;
}

/* What an earlier reading of this mail found for the same kind of event; NULL: nothing. */
static json_t *
earlier_data(struct service *s, const struct inbound *in, const char *kind)
{
    g_autofree char *text =
        store_text(s->db,
                   "SELECT data FROM event WHERE account_id = ? AND kind = ? AND at = ? AND data ->> "
                   "'inbound' = ? ORDER BY id DESC LIMIT 1",
                   NULL, "itii", in->account_id, kind, in->at_us, in->id);
    return text ? json_loads(text, 0, NULL) : NULL;
}

static gboolean
record_class(struct service *s, const struct inbound *in, const struct correction *c, const char *actor,
             gint64 cause, gint64 *event_id, GError **error)
{
    g_autofree char *address = address_of(s, in, c);
    const char *kind = event_kind(in, c->mail_class, address != NULL);
    if (!kind || !in->account_id)
        return TRUE;
    json_t *data = earlier_data(s, in, kind);
    if (!data && in->sent_folder) /* it never counted as written by hand */
        return TRUE;
    if (!data)
        data = json_pack("{s:I, s:s?, s:s?, s:s?, s:s?, s:I, s:s}", "inbound", (json_int_t)in->id, "address",
                         address, "subject", in->subject, "message_id", in->header_id, "matched_by",
                         in->matched_by, "message", (json_int_t)in->message_id, "mailbox", in->mailbox);
    if (c->return_date)
        json_object_set_new(data, "return_date", json_string(c->return_date));
    if (c->mail_class == MAIL_CLASS_BOOKING && !json_object_get(data, "act"))
        json_object_set_new(data, "act", json_string(booking_act_name(BOOKING_ACT_NEW)));
    if (c->mail_class == MAIL_CLASS_BOUNCE && (c->dead_address || !json_object_get(data, "permanent"))) {
        json_object_set_new(data, "permanent", json_boolean(c->dead_address != NULL));
        json_object_set_new(data, "address", address ? json_string(address) : json_null());
    }
    struct event event = {.at_us = in->at_us,
                          .account_id = in->account_id,
                          .cause = cause,
                          .kind = kind,
                          .actor = actor,
                          .data = data};
    gboolean ok = service_record(s, &event, error);
    json_decref(data);
    *event_id = event.id;
    return ok;
}

/* ---- taking back ---- */

static GArray *
find_roots(struct service *s, const struct inbound *in, GError **error)
{
    if (in->account_id)
        return store_ids(
            s->db,
            "SELECT id FROM event WHERE account_id = ? AND at = ? AND data ->> 'inbound' = ? AND kind <> "
            "'reclassified' AND id NOT IN (SELECT event_id FROM retracted) ORDER BY id",
            error, "iii", in->account_id, in->at_us, in->id);
    return store_ids(s->db, /* accounts that are held because nobody knows which of them is meant */
                     "SELECT id FROM event WHERE at = ? AND data ->> 'inbound' = ? AND kind <> 'reclassified'"
                     " AND id NOT IN (SELECT event_id FROM retracted) ORDER BY id",
                     error, "ii", in->at_us, in->id);
}

static gboolean
record_correction(struct service *s, const struct inbound *in, const struct correction *c,
                  const struct retraction *r, const char *actor, gint64 *id, GError **error)
{
    json_t *retracted = json_array();
    for (guint i = 0; i < r->events->len; i++)
        json_array_append_new(retracted, json_integer(g_array_index(r->events, gint64, i)));
    json_t *data = json_pack("{s:I, s:s, s:s, s:o}", "inbound", (json_int_t)in->id, "was",
                             mail_class_name(in->mail_class), "class", mail_class_name(c->mail_class),
                             "retracted", retracted);
    struct event event = {.at_us = clock_now_us(),
                          .account_id = in->account_id,
                          .kind = "reclassified",
                          .actor = actor,
                          .data = data};
    gboolean ok = state_record(s->db, &event, error);
    json_decref(data);
    *id = event.id;
    return ok;
}

/* Drafts that came back because of a reply that was none wait as before; unless another reply stands. */
static gboolean
restore_drafts(struct service *s, gint64 account_id, GError **error)
{
    return store_exec(
        s->db,
        "UPDATE message SET state = 'waiting', reason = NULL WHERE account_id = ?1 AND state = 'changed'"
        " AND substr(reason, 1, length(?2)) = ?2 AND NOT EXISTS (SELECT 1 FROM event e WHERE"
        "  e.account_id = ?1 AND e.kind = 'replied' AND e.at >= message.created_at AND e.id NOT IN"
        "  (SELECT event_id FROM retracted))",
        error, "it", account_id, CONSEQUENCES_REPLY_REASON);
}

/* A rebuilt step may name a draft that was withdrawn meanwhile: it is wanted anew, or not, as its rules say.
 */
static gboolean
forget_withdrawn(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    for (;;) {
        json_t *data = NULL;
        {
            g_autoptr(GError) local = NULL;
            scoped(query_end) struct query *q =
                store_query(s->db,
                            "SELECT p.sequence, p.step FROM step p JOIN message m ON m.id = p.message_id "
                            "WHERE p.account_id = ? AND "
                            "p.state IN ('drafted', 'queued') AND m.state NOT IN ('waiting', 'changed', "
                            "'queued', 'sent') LIMIT 1",
                            error, "i", account_id);
            if (!q)
                return FALSE;
            if (!query_next(q, &local)) {
                return error_pass(error, &local);
            }
            data = json_pack("{s:s, s:s, s:s, s:s}", "sequence", query_text(q, "sequence"), "step",
                             query_text(q, "step"), "state", step_state_names[STEP_IDLE], "reason",
                             "its draft was withdrawn");
        }
        if (!service_note(s, account_id, now_us, "step_changed", data, error))
            return FALSE;
    }
}

/* Whoever writes to a person that was freed looks again. */
static gboolean
touch_freed(struct service *s, const struct retraction *r, GError **error)
{
    for (guint i = 0; i < r->events->len; i++)
        if (!store_exec(
                s->db,
                "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN (SELECT c.account_id FROM "
                "contact c JOIN event e ON c.address = e.data ->> 'address' WHERE e.id = ? AND e.kind IN "
                "('suppressed', 'hold_set'))",
                error, "i", g_array_index(r->events, gint64, i)))
            return FALSE;
    return TRUE;
}

static gboolean
take_back(struct service *s, const struct retraction *r, GError **error)
{
    gint64 now_us = clock_now_us();
    if (!replay_accounts(s->db, r->accounts, error) || !touch_freed(s, r, error))
        return FALSE;
    for (guint i = 0; i < r->accounts->len; i++) {
        gint64 id = g_array_index(r->accounts, gint64, i);
        if (!restore_drafts(s, id, error) || !forget_withdrawn(s, id, now_us, error) ||
            !pipeline_advance_because(s->db, s->program, id, now_us, s->cause, error) ||
            !drafting_withdraw_unwanted(s, id, now_us, error) ||
            !outbox_reconsider(s->db, id, now_us, error) || !account_touch(s->db, id, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the correction ---- */

static gboolean
refuse(GError **error, const struct inbound *in, const char *why)
{
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "inbound %" G_GINT64_FORMAT " %s", in->id, why);
    return FALSE;
}

static gboolean
check(const struct inbound *in, const struct correction *c, GError **error)
{
    if (in->sent_folder && c->mail_class != MAIL_CLASS_OWN && c->mail_class != MAIL_CLASS_OTHER)
        return refuse(error, in,
                      "lies in Sent: it can be own (sent by hand) or other (it counts for nothing)");
    if (!in->sent_folder && in->mail_class == c->mail_class && !c->return_date && !c->dead_address) {
        g_autofree char *why = g_strdup_printf("is %s already", mail_class_name(in->mail_class));
        return refuse(error, in, why);
    }
    if (in->account_id || !event_kind(in, c->mail_class, TRUE))
        return TRUE;
    g_autofree char *why =
        g_strdup_printf("belongs to no account, and nothing but its place was kept (UID %u in %s of "
                        "%s): import its sender as a contact, then `usher read --since DATE` reads "
                        "it again",
                        in->uid, in->folder, in->mailbox);
    return refuse(error, in, why);
}

static gboolean
correct(struct service *s, const struct inbound *in, const struct correction *c, const char *actor,
        struct correction_result *out, GError **error)
{
    g_autoptr(GArray) roots = find_roots(s, in, error);
    struct retraction r = {0};
    gint64 event_id = 0;
    if (!roots || !check(in, c, error) || !replay_collect(s->db, roots, &r, error))
        return FALSE;
    gint64 outer = s->cause;
    gboolean ok = record_correction(s, in, c, &r, actor, &out->event_id, error);
    s->cause = out->event_id;
    ok = ok && take_back(s, &r, error) && record_class(s, in, c, actor, out->event_id, &event_id, error) &&
         store_exec(s->db,
                    "UPDATE inbound SET class = ?2, rule = ?3, event_id = NULLIF(?4, 0) WHERE id = ?1 OR "
                    "same_as = ?1",
                    error, "itti", in->id, mail_class_name(c->mail_class), "by hand", event_id);
    s->cause = outer;
    out->retracted = g_array_ref(r.events);
    out->sent = g_array_ref(r.sent);
    retraction_clear(&r);
    return ok;
}

gboolean
correction_apply(struct service *s, const struct correction *c, const char *actor,
                 struct correction_result *out, GError **error)
{
    memset(out, 0, sizeof *out);
    if (!store_begin(s->db, error))
        return FALSE;
    scoped(inbound_free) struct inbound *in = load_inbound(s, c->inbound_id, error);
    if (in && correct(s, in, c, actor, out, error) && store_commit(s->db, error)) {
        out->inbound_id = in->id;
        out->was = in->mail_class;
        return TRUE;
    }
    store_rollback(s->db);
    correction_result_clear(out);
    return FALSE;
}
