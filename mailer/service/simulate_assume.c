/* What a simulation assumes comes in as mail does: a record, as the reader would give it, through the
 * intake. */
#include "service/simulate.h"

#include "accounts/contacts.h"
#include "base/error.h"
#include "inbox/intake.h"

#include <string.h>

const char *const assumed_kind_names[ASSUMED_KIND_COUNT] = {
    [ASSUMED_REPLY] = "reply",   [ASSUMED_ANSWER] = "answer",   [ASSUMED_BOOKING] = "book",
    [ASSUMED_BOUNCE] = "bounce", [ASSUMED_OPT_OUT] = "opt-out",
};

/* The last mail to the account; Message-ID NULL: there was none. */
struct last_mail {
    char *message_id, *subject, *mailbox, *specialist, *address;
};

static void
last_mail_clear(struct last_mail *m)
{
    g_free(m->message_id);
    g_free(m->subject);
    g_free(m->mailbox);
    g_free(m->specialist);
    g_free(m->address);
}

/* Nobody was written to yet: whoever stands first among the contacts. */
static gboolean
first_contact(struct service *s, gint64 account_id, char **address, GError **error)
{
    g_autoptr(GPtrArray) contacts = contacts_list(s->db, account_id, error);
    for (guint i = 0; contacts && !*address && i < contacts->len; i++) {
        const struct contact *c = contacts->pdata[i];
        if (!c->absent)
            *address = g_strdup(c->address);
    }
    return contacts != NULL;
}

static gboolean
find_last_mail(struct service *s, gint64 account_id, struct last_mail *out, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT m.message_id, m.subject, m.mailbox, m.specialist, (SELECT d.address FROM delivery d WHERE "
        "d.message_id = m.id AND d.state = 'sent' ORDER BY d.field DESC, d.id LIMIT 1) AS address FROM "
        "message m WHERE m.account_id = ? AND m.state = 'sent' ORDER BY m.id DESC LIMIT 1",
        error, "i", account_id);
    if (q && query_next(q, &local)) {
        out->message_id = query_dup_text(q, "message_id");
        out->subject = query_dup_text(q, "subject");
        out->mailbox = query_dup_text(q, "mailbox");
        out->specialist = query_dup_text(q, "specialist");
        out->address = query_dup_text(q, "address");
    }
    return q && error_pass(error, &local) &&
           (out->address || first_contact(s, account_id, &out->address, error));
}

static void
fill_bounce(struct mail_record *r, const struct last_mail *last)
{
    struct failed_recipient *f = mail_record_add_failed(r, last->address);
    r->mail_class = MAIL_CLASS_BOUNCE;
    r->permanent = TRI_STATE_YES;
    r->reason = BOUNCE_REASON_ADDRESS_DEAD;
    if (f) {
        f->permanent = TRI_STATE_YES;
        f->reason = BOUNCE_REASON_ADDRESS_DEAD;
    }
    mail_record_set(&r->returned_message_id, last->message_id, MAIL_RECORD_MAX_ID);
}

static void
fill_record(struct service *s, struct mail_record *r, const struct assumed *a, const struct last_mail *last)
{
    const struct specialist *who =
        last->specialist ? config_specialist(s->config, last->specialist) : s->config->specialists->pdata[0];
    g_autofree char *subject = g_strdup_printf("Re: %s", last->subject ? last->subject : "");
    mail_record_set(&r->subject, subject, MAIL_RECORD_MAX_LINE);
    mail_record_set(&r->rule, "assumed", MAIL_RECORD_MAX_LINE);
    mail_record_set(&r->from, last->address, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&r->in_reply_to, last->message_id, MAIL_RECORD_MAX_ID);
    mail_record_set(&r->text, "(assumed)", MAIL_RECORD_MAX_LINE);
    r->date_us = a->at_us;
    r->personal = TRUE;
    switch (a->kind) {
    case ASSUMED_REPLY:
        r->mail_class = MAIL_CLASS_REPLY;
        break;
    case ASSUMED_ANSWER:
        r->mail_class = MAIL_CLASS_OWN;
        mail_record_set(&r->from, who ? who->address : "", MAIL_RECORD_MAX_ADDRESS);
        mail_record_add(r->recipients, last->address, MAIL_RECORD_MAX_ADDRESS);
        break;
    case ASSUMED_BOOKING:
        r->mail_class = MAIL_CLASS_BOOKING;
        r->booking = BOOKING_ACT_NEW;
        break;
    case ASSUMED_BOUNCE:
        fill_bounce(r, last);
        break;
    case ASSUMED_OPT_OUT:
        r->mail_class = MAIL_CLASS_OPT_OUT;
        break;
    case ASSUMED_KIND_COUNT:
        break;
    }
}

gboolean
simulate_assume(struct service *s, const struct assumed *a, guint32 uid, const char **cannot, GError **error)
{
    struct last_mail last = {0};
    gboolean ok = find_last_mail(s, a->account_id, &last, error);
    *cannot = !last.address                                   ? "the account has nobody who could do it"
              : a->kind == ASSUMED_BOUNCE && !last.message_id ? "no mail has gone out yet"
                                                              : NULL;
    if (ok && !*cannot) {
        const struct mailbox *mailbox = last.mailbox ? config_mailbox(s->config, last.mailbox) : NULL;
        struct intake in = {.db = s->db,
                            .config = s->config,
                            .mailbox = mailbox ? mailbox : s->config->mailboxes->pdata[0],
                            .sink = &s->sink};
        gboolean ours = a->kind == ASSUMED_ANSWER;
        /* No server gives a folder the UIDVALIDITY 0 (RFC 3501, 2.3.1.1), so the place is a new one. */
        struct mail_place place = {
            .folder = ours ? "sent" : "inbox", .sent_folder = ours, .uid = uid, .at_us = a->at_us};
        struct mail_record r;
        mail_record_init(&r);
        fill_record(s, &r, a, &last);
        ok = store_begin(s->db, error) && intake_record(&in, &place, &r, error) && store_commit(s->db, error);
        if (!ok)
            store_rollback(s->db);
        mail_record_clear(&r);
    }
    last_mail_clear(&last);
    return ok;
}
