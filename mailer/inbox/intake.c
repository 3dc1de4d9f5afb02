/* Which event each class of mail makes: see intake.h. Mail that belongs to no account leaves its place, its
 * class and a keyed hash of its sender, nothing else. */
#include "inbox/intake.h"

#include "accounts/contacts.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"
#include "inbox/ahead.h"
#include "inbox/match.h"

#include <string.h>

static gboolean
record_event(const struct intake *in, const struct mail_place *place, gint64 account_id, const char *kind,
             json_t *data, gint64 *id, GError **error)
{
    json_object_set_new(data, "mailbox", json_string(in->mailbox->name));
    struct event event = {
        .at_us = place->at_us, .account_id = account_id, .kind = kind, .actor = "usher", .data = data};
    gboolean ok = in->sink->record(in->sink->user, in->db, &event, error);
    json_decref(data);
    if (id)
        *id = event.id;
    return ok;
}

/* What a mail is besides its record. */
struct known {
    gint64 id;      /* the row it has already, from when it belonged to nobody; 0: none */
    gint64 same_as; /* the inbound of another folder that holds the same mail, 0: none */
};

static gboolean
insert_inbound(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
               const struct mail_match *m, const struct known *before, GError **error)
{
    gboolean known = m->account_id != 0;
    g_autofree char *secret = store_meta(in->db, "secret", error);
    g_autofree char *hash = known ? NULL : text_keyed_hash(secret ? secret : "", r->from, 32);
    return store_exec(
        in->db,
        "INSERT INTO inbound(id, same_as, mailbox, folder, uidvalidity, uid, at, class, rule, evidence, "
        "account_id, address, in_message,"
        " matched_by, message_id, subject, text, sender_hash)"
        " VALUES(NULLIF(?, 0), NULLIF(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0), ?, NULLIF(?, 0), ?, ?, "
        "?, ?, ?)",
        error, "iittiiitttitittttt", before->id, before->same_as, in->mailbox->name, place->folder,
        (gint64)place->uidvalidity, (gint64)place->uid, place->at_us, mail_class_name(r->mail_class), r->rule,
        known ? r->evidence : NULL, m->account_id, known ? r->from : NULL, m->message_id, m->by,
        known ? r->message_id : NULL, known ? r->subject : NULL, known ? r->text : NULL, hash);
}

/* The first few lines of a reply, for the event. */
static json_t *
about_mail(const struct mail_record *r, const struct mail_match *m, gint64 inbound_id)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s?, s:I}", "inbound", (json_int_t)inbound_id, "address", r->from,
                     "subject", r->subject, "message_id", r->message_id, "matched_by", m->by, "message",
                     (json_int_t)m->message_id);
}

/* Only a mail of ours can have bounced: anybody may send a report that names anybody. */
static gboolean
was_written_to(const struct intake *in, gint64 message_id, const char *address, gboolean *ours,
               GError **error)
{
    g_autoptr(GError) local = NULL;
    *ours = store_int(in->db, "SELECT 1 FROM delivery WHERE message_id = ? AND address = ?", 0, &local, "it",
                      message_id, address) != 0;
    return error_pass(error, &local);
}

/* Bounces: one event a failed recipient, so that each address is judged by itself. */
static gboolean
record_bounces(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
               const struct mail_match *m, gint64 inbound_id, gint64 *event_id, GError **error)
{
    if (r->failed->len == 0) { /* nobody is named: it is counted, and nothing follows from it */
        json_t *unnamed = about_mail(r, m, inbound_id);
        json_object_del(unnamed, "address");
        json_object_set_new(unnamed, "permanent", json_false());
        return record_event(in, place, m->account_id, "bounced", unnamed, event_id, error);
    }
    for (guint i = 0; i < r->failed->len; i++) {
        const struct failed_recipient *f = r->failed->pdata[i];
        gboolean ours;
        if (!was_written_to(in, m->message_id, f->address, &ours, error))
            return FALSE;
        json_t *data = about_mail(r, m, inbound_id);
        json_object_set_new(data, "address", json_string(f->address));
        json_object_set_new(data, "status", json_string(f->status));
        json_object_set_new(data, "reason", json_string(bounce_reason_name(f->reason)));
        json_object_set_new(data, "permanent",
                            json_boolean(ours && f->permanent == TRI_STATE_YES &&
                                         (f->reason == BOUNCE_REASON_ADDRESS_DEAD ||
                                          f->reason == BOUNCE_REASON_DOMAIN_DEAD)));
        if (!record_event(in, place, m->account_id, "bounced", data, event_id, error))
            return FALSE;
    }
    return TRUE;
}

/* A complaint comes from the provider's robot; whoever complained is the one we wrote to. */
static gboolean
record_complaint(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
                 const struct mail_match *m, gint64 inbound_id, gint64 *event_id, GError **error)
{
    for (guint i = 0; i < r->failed->len; i++) {
        const struct failed_recipient *f = r->failed->pdata[i];
        gboolean ours;
        if (!was_written_to(in, m->message_id, f->address, &ours, error))
            return FALSE;
        if (!ours)
            continue;
        json_t *data = about_mail(r, m, inbound_id);
        json_object_set_new(data, "address", json_string(f->address));
        return record_event(in, place, m->account_id, "opted_out", data, event_id, error);
    }
    return record_event(in, place, m->account_id, "complained", about_mail(r, m, inbound_id), event_id,
                        error);
}

/* "Europe/Berlin", "America/Argentina/Salta". Each zone that loads is kept for the life of the process, so
 * there must be no second way to write one: no empty part ("Europe//Berlin"), no other tree of the same zones
 * ("posix/Europe/Berlin"), no rule in the manner of POSIX ("EST5EDT,M3.2.0/2,M11.1.0/2"). */
static gboolean
is_zone_name(const char *name)
{
    gsize area = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z "_");
    return g_ascii_isupper(*name) && name[area] == '/' && !strstr(name, "//") &&
           name[area + strspn(name + area, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_+-/")] == '\0';
}

/* When the call begins; 0 when the mail does not say it, or by the clock of a zone that nobody knows. */
static gint64
booking_start_us(const struct mail_record *r)
{
    if (!*r->booking_zone || !r->booking_at_us)
        return r->booking_at_us;
    GTimeZone *zone = is_zone_name(r->booking_zone) ? zone_find(r->booking_zone, NULL) : NULL;
    if (!zone)
        return 0;
    struct civil clock = zone_from_utc_us(zone_find("UTC", NULL), r->booking_at_us);
    return zone_to_utc_us(zone, &clock);
}

static gboolean
record_class(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
             const struct mail_match *m, gint64 inbound_id, gint64 *event_id, GError **error)
{
    json_t *data;
    gint64 starts_us;
    switch (r->mail_class) {
    case MAIL_CLASS_REPLY:
        return record_event(in, place, m->account_id, "replied", about_mail(r, m, inbound_id), event_id,
                            error);
    case MAIL_CLASS_AUTO_REPLY:
        data = about_mail(r, m, inbound_id);
        if (*r->return_date)
            json_object_set_new(data, "return_date", json_string(r->return_date));
        return record_event(in, place, m->account_id, "auto_replied", data, event_id, error);
    case MAIL_CLASS_BOUNCE:
        return record_bounces(in, place, r, m, inbound_id, event_id, error);
    case MAIL_CLASS_BOOKING:
        data = about_mail(r, m, inbound_id);
        json_object_set_new(data, "act", json_string(booking_act_name(r->booking)));
        starts_us = booking_start_us(r);
        if (starts_us > 0)
            json_object_set_new(data, "starts_at", json_integer(starts_us));
        if (starts_us > 0 && r->booking_length_us)
            json_object_set_new(data, "ends_at", json_integer(starts_us + r->booking_length_us));
        return record_event(in, place, m->account_id,
                            r->booking == BOOKING_ACT_NEW || r->booking == BOOKING_ACT_ACCEPTED
                                ? "booked"
                                : "booking_changed",
                            data, event_id, error);
    case MAIL_CLASS_OPT_OUT:
        return record_event(in, place, m->account_id, "opted_out", about_mail(r, m, inbound_id), event_id,
                            error);
    case MAIL_CLASS_COMPLAINT:
        return record_complaint(in, place, r, m, inbound_id, event_id, error);
    case MAIL_CLASS_OWN:
    case MAIL_CLASS_DELAY:
    case MAIL_CLASS_RECEIPT:
    case MAIL_CLASS_CHALLENGE:
    case MAIL_CLASS_OTHER:
        break;
    }
    return TRUE;
}

/* A mail that answers nothing by its looks, written by hand by a person of a conversation, is a reply: what
 * is shown of it, and what follows from it, agree. Borrows from r. */
static struct mail_record
judge_in_context(const struct mail_record *r, const struct mail_match *m)
{
    struct mail_record judged = *r;
    if (r->mail_class == MAIL_CLASS_OTHER && r->personal && m->account_id) {
        judged.mail_class = MAIL_CLASS_REPLY;
        judged.rule = (char *)(guintptr) "known-person";
    }
    return judged;
}

/* TRUE when this mail was recorded before, or on an error. After a change of UIDVALIDITY it is known by its
 * Message-ID, else by who wrote what. before->id is the row of a mail that belonged to
 * nobody when it was read: it is looked at again. */
static gboolean
is_recorded(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
            struct known *before, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean recorded = FALSE;
    scoped(query_end) struct query *q = store_query(
        in->db,
        "SELECT id, account_id IS NULL AND class <> 'own' AND uidvalidity = ?3 AS of_nobody FROM "
        "inbound WHERE mailbox = "
        "?1 AND folder = ?2 AND ((uidvalidity = ?3 AND uid = ?4) OR (uidvalidity <> ?3 AND "
        "COALESCE(message_id, '') = ?5 AND (?5 <> '' OR (at = ?9 AND address = ?6 AND subject = ?7 AND "
        "text = ?8)))) LIMIT 1",
        error, "ttiitttti", in->mailbox->name, place->folder, (gint64)place->uidvalidity, (gint64)place->uid,
        r ? r->message_id : "", r ? r->from : NULL, r ? r->subject : NULL, r ? r->text : NULL, place->at_us);
    if (q && query_next(q, &local)) {
        recorded = !r || !query_int(q, "of_nobody");
        before->id = recorded ? 0 : query_int(q, "id");
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return !q || (error && *error) || recorded;
}

/* The same mail in another folder or mailbox (a colleague in Cc, a list, Gmail's All Mail): it says nothing
 * new. */
static gboolean
find_same(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
          const struct mail_match *m, struct known *before, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!*r->message_id || !m->account_id)
        return TRUE;
    before->same_as = store_int(
        in->db,
        "SELECT id FROM inbound WHERE message_id = ? AND account_id = ? AND address = ? AND same_as "
        "IS NULL AND class <> 'own' AND (mailbox <> ? OR folder <> ?) ORDER BY id LIMIT 1",
        0, &local, "tittt", r->message_id, m->account_id, r->from, in->mailbox->name, place->folder);
    return error_pass(error, &local);
}

/* One address in several accounts and no thread: all of them are held until a person has looked. An account
 * that is held for this address already is not held again. */
static gboolean
hold_all(const struct intake *in, const struct mail_place *place, gint64 inbound_id, const char *address,
         GError **error)
{
    g_autoptr(GArray) ids = match_accounts_of(in->db, address, error);
    for (guint i = 0; ids && ids->len > 1 && i < ids->len; i++) {
        gint64 account_id = g_array_index(ids, gint64, i);
        g_autofree char *reason =
            g_strdup_printf("a mail with %s may be about this account or another", address);
        g_autoptr(GError) local = NULL;
        gboolean held = store_int(in->db, "SELECT 1 FROM hold WHERE account_id = ? AND reason = ?", 0, &local,
                                  "it", account_id, reason) != 0;
        if (!error_pass(error, &local))
            return FALSE;
        if (!held &&
            (!record_event(in, place, account_id, "hold_set",
                           json_pack("{s:s, s:I}", "reason", reason, "inbound", (json_int_t)inbound_id), NULL,
                           error) ||
             !record_event(in, place, account_id, "task_made",
                           json_pack("{s:s, s:s, s:I, s:I}", "task", "ambiguous_mail", "title", reason,
                                     "due_at", (json_int_t)place->at_us, "inbound", (json_int_t)inbound_id),
                           NULL, error)))
            return FALSE;
    }
    return ids != NULL;
}

static gboolean
opens_conversation(const struct mail_record *r)
{
    return r->personal && !match_is_answer_subject(r->subject) && !*r->in_reply_to && r->references->len == 0;
}

/* A mail by hand to an address that stands in several accounts: nobody can tell which conversation it opened.
 */
static gboolean
hold_ambiguous(const struct intake *in, const struct mail_place *place, gint64 inbound_id,
               const struct mail_record *r, GError **error)
{
    for (guint i = 0; i < r->recipients->len; i++)
        if (!hold_all(in, place, inbound_id, r->recipients->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* Our mail in Sent, while nobody knows yet what became of it. Only a copy that the provider makes proves that
 * it took the mail: one of our own making proves nothing. */
static gboolean
record_copy(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
            gint64 inbound_id, GError **error)
{
    gint64 message_id = 0, account_id = 0;
    g_autoptr(GError) local = NULL;
    if (in->mailbox->sent_copy != SENT_COPY_PROVIDER)
        return TRUE;
    {
        scoped(query_end) struct query *q = store_query(
            in->db,
            "SELECT id, account_id FROM message m WHERE message_id IN (?, ?) AND mailbox = ? AND EXISTS"
            " (SELECT 1 FROM delivery d WHERE d.message_id = m.id AND d.state IN ('transmitting', "
            "'unknown'))",
            error, "ttt", r->message_id, r->original_message_id, in->mailbox->name);
        if (!q)
            return FALSE;
        if (query_next(q, &local)) {
            message_id = query_int(q, "id");
            account_id = query_int(q, "account_id");
        }
    }
    if (!error_pass(error, &local))
        return FALSE;
    return !message_id ||
           record_event(in, place, account_id, "copy_seen",
                        json_pack("{s:I, s:I, s:s}", "inbound", (json_int_t)inbound_id, "message",
                                  (json_int_t)message_id, "message_id", r->message_id),
                        NULL, error);
}

/* A specialist's own mail in Sent. */
static gboolean
record_hand_sent(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
                 GError **error)
{
    struct mail_match m = {0};
    struct mail_record own =
        *r; /* it was read without our addresses, to tell a person's mail from an absence reply */
    own.mail_class = MAIL_CLASS_OWN;
    const struct specialist *who = config_specialist_by_address(in->config, r->from);
    g_autoptr(GError) local = NULL;
    gboolean ours = match_is_ours(in->db, r->message_id, r->original_message_id, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (ours) /* Outlook gave our mail another Message-ID: its answers name that one. */
        return match_ours(in->db, r->original_message_id, &m, error) &&
               insert_inbound(in, place, &own, &m, &(struct known){0}, error) &&
               record_copy(in, place, r, store_last_id(in->db), error);
    if (!who)
        return insert_inbound(in, place, &own, &m, &(struct known){0}, error);
    m.by = "recipient";
    gboolean ambiguous;
    g_autoptr(GArray) accounts = match_hand_sent(in->db, r, &ambiguous, error);
    if (!accounts)
        return FALSE;
    if (accounts->len)
        m.account_id = g_array_index(accounts, gint64, 0);
    if (!insert_inbound(in, place, &own, &m, &(struct known){0}, error))
        return FALSE;
    gint64 inbound_id = store_last_id(in->db);
    for (guint i = 0; r->personal && i < accounts->len; i++) {
        gint64 account_id = g_array_index(accounts, gint64, i);
        json_t *data =
            json_pack("{s:I, s:s, s:s, s:s, s:i}", "inbound", (json_int_t)inbound_id, "subject", r->subject,
                      "message_id", r->message_id, "specialist", who->id, "opens", opens_conversation(r));
        if (!record_event(in, place, account_id, "hand_sent", data, NULL, error))
            return FALSE;
    }
    return !ambiguous || !r->personal || hold_ambiguous(in, place, inbound_id, r, error);
}

gboolean
intake_record(const struct intake *in, const struct mail_place *place, const struct mail_record *r,
              GError **error)
{
    struct known before = {0};
    g_autoptr(GError) local = NULL;
    if (is_recorded(in, place, r, &before, &local)) {
        return error_pass(error, &local);
    }
    gboolean is_test;
    if (!match_is_test_copy(in->db, in->config, r, &is_test, error))
        return FALSE;
    if (is_test)
        return insert_inbound(in, place, r, &(struct mail_match){0}, &before, error);
    if (!ahead_look(in, place, r, error))
        return FALSE;
    if (place->sent_folder)
        return before.id ? TRUE : record_hand_sent(in, place, r, error);
    struct mail_match m = {0};
    gint64 event_id = 0;
    gboolean forgotten;
    if (!contact_is_forgotten(in->db, r->from, &forgotten, error) ||
        (!forgotten && !match_inbound(in->db, r, &m, error)) ||
        (!forgotten && !m.account_id && !m.ambiguous && !match_colleague(in->db, in->config, r, &m, error)))
        return FALSE;
    if (before.id && !m.account_id)
        return TRUE; /* still nobody's */
    const struct mail_record judged = judge_in_context(r, &m);
    r = &judged;
    if (!find_same(in, place, r, &m, &before, error) ||
        (before.id && !store_exec(in->db, "DELETE FROM inbound WHERE id = ?", error, "i", before.id)) ||
        !insert_inbound(in, place, r, &m, &before, error))
        return FALSE;
    gint64 inbound_id = store_last_id(in->db);
    if (m.ambiguous && r->mail_class != MAIL_CLASS_OWN && !hold_all(in, place, inbound_id, r->from, error))
        return FALSE;
    if (before.same_as)
        return store_exec(in->db,
                          "UPDATE inbound SET (class, rule, event_id) = (SELECT class, rule, event_id FROM "
                          "inbound WHERE id "
                          "= ?1) WHERE id = ?2",
                          error, "ii", before.same_as, inbound_id);
    if (!m.account_id || r->mail_class == MAIL_CLASS_OWN)
        return TRUE;
    return record_class(in, place, r, &m, inbound_id, &event_id, error) &&
           store_exec(in->db, "UPDATE inbound SET event_id = NULLIF(?, 0) WHERE id = ?", error, "ii",
                      event_id, inbound_id);
}

gboolean
intake_record_unreadable(const struct intake *in, const struct mail_place *place,
                         const struct mail_record *header, GError **error)
{
    struct mail_match m = {0};
    g_autoptr(GError) local = NULL;
    if (is_recorded(in, place, NULL, &(struct known){0}, &local)) {
        return error_pass(error, &local);
    }
    if (header && !place->sent_folder && !match_inbound(in->db, header, &m, error))
        return FALSE;
    g_autofree char *title = g_strdup_printf("Read mail UID %u in %s of %s yourself: it cannot be parsed",
                                             place->uid, place->folder, in->mailbox->name);
    if (!store_exec(
            in->db,
            "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, rule, account_id, address)"
            " VALUES(?, ?, ?, ?, ?, 'other', 'unreadable', NULLIF(?, 0), ?)",
            error, "ttiiiit", in->mailbox->name, place->folder, (gint64)place->uidvalidity,
            (gint64)place->uid, place->at_us, m.account_id, m.account_id ? header->from : NULL))
        return FALSE;
    if (m.account_id &&
        !record_event(in, place, m.account_id, "hold_set", json_pack("{s:s}", "reason", title), NULL, error))
        return FALSE;
    return record_event(in, place, m.account_id, "task_made",
                        json_pack("{s:s, s:s, s:I}", "task", "unreadable_mail", "title", title, "due_at",
                                  (json_int_t)place->at_us),
                        NULL, error);
}
