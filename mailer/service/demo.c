/* See demo.h. An hour at a time: what the script says happens, then what the service would do. Nothing here
 * knows what follows from anything; that is the engine's. */
#include "service/demo.h"

#include "accounts/contacts.h"
#include "accounts/import.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "inbox/classify.h"
#include "inbox/intake.h"
#include "service/approval.h"
#include "service/demo_script.h"
#include "service/tick.h"

#include <stdio.h>
#include <string.h>

#define DAYS 56
#define MONTH_DAYS 30
#define DELIVERY_HOUR 3 /* of the nightly import */
#define GROUP 20u

struct stage_play {
    struct service *s;
    gint64 now_us;
    int before; /* days before the end */
    const char *actor;
    const char **json; /* of each account: its members of now */
    guint32 uid;
};

/* ---- imports ---- */

static gboolean
deliver_facts(struct stage_play *p, GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (gsize i = 0; i < demo_account_count; i++) {
        const struct demo_account *a = &demo_accounts[i];
        struct civil renewal = zone_from_utc_us(p->s->config->timezone, p->now_us);
        if (p->before > a->since)
            continue;
        civil_add_days(&renewal, (a->renews + p->before) % MONTH_DAYS);
        g_string_append_printf(lines, "{\"account\": \"%s\", \"next_renewal\": \"%04d-%02d-%02d\", %s}\n",
                               a->key, renewal.year, renewal.month, renewal.day, p->json[i]);
    }
    FILE *stream = lines->len ? fmemopen(lines->str, lines->len, "r") : NULL;
    if (!stream)
        return TRUE;
    const struct import_options options = {.source = "billing",
                                           .as_of_us = p->now_us,
                                           .now_us = p->now_us,
                                           .actor = p->actor,
                                           .team_zone = p->s->config->timezone};
    struct import_report report = {0};
    gboolean ok = import_file(p->s->db, p->s->program->facts, &options, stream, "demo", &report, error);
    import_report_clear(&report);
    fclose(stream);
    return ok;
}

/* ---- mail that comes in ---- */

/* The last mail to the account: who it came from, and what an answer names. */
struct last_mail {
    char *message_id, *subject, *mailbox;
};

static gboolean
find_last(struct stage_play *p, gint64 account_id, struct last_mail *m, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        p->s->db,
        "SELECT message_id, subject, mailbox FROM message WHERE account_id = ? AND state = 'sent' "
        "ORDER BY id DESC LIMIT 1",
        error, "i", account_id);
    if (!q || !query_next(q, error))
        return FALSE;
    m->message_id = query_dup_text(q, "message_id");
    m->subject = query_dup_text(q, "subject");
    m->mailbox = query_dup_text(q, "mailbox");
    return TRUE;
}

/* A delivery report (RFC 3464) of an address that does not exist. */
static char *
bounce_text(const char *who, const struct last_mail *m)
{
    return g_strdup_printf(
        "From: Mail Delivery System <mailer-daemon@team.example>\r\nSubject: Undelivered "
        "mail\r\nAuto-Submitted: "
        "auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
        "boundary=part\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\n%s: user "
        "unknown\r\n\r\n--part\r\nContent-Type: "
        "message/delivery-status\r\n\r\nReporting-MTA: dns; mail.team.example\r\n\r\nFinal-Recipient: "
        "rfc822; "
        "%s\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user "
        "unknown\r\n\r\n--part\r\n"
        "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <%s>\r\nSubject: %s\r\n\r\n--part--\r\n",
        who, who, m->message_id, m->subject);
}

static char *
letter_text(const struct stage_play *p, const struct demo_act *a, const struct last_mail *m)
{
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(p->now_us / CLOCK_SECOND_US);
    const char *topic = g_str_has_prefix(m->subject, "Re: ") ? m->subject + strlen("Re: ") : m->subject;
    g_autoptr(GDateTime) back = g_date_time_add_days(now, a->days);
    g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");
    g_autofree char *day = g_date_time_format(back, "%-d %B %Y");
    g_autofree char *text = a->kind == DEMO_AWAY ? g_strdup_printf("I am away and will be back on %s.\n", day)
                                                 : g_strdup(a->text);
    return g_strdup_printf(
        "From: %s\r\nDate: %s\r\nSubject: %s%s\r\nMessage-ID: <demo-%u@customer.example>\r\n"
        "In-Reply-To: <%s>\r\n%sContent-Type: text/plain; charset=utf-8\r\n\r\n%s",
        a->who, date, a->kind == DEMO_AWAY ? "Automatic reply: " : "Re: ", topic, p->uid, m->message_id,
        a->kind == DEMO_AWAY ? "Auto-Submitted: auto-replied\r\n" : "", text);
}

static gboolean
take_in(struct stage_play *p, const struct demo_act *a, const struct last_mail *m, GError **error)
{
    struct service *s = p->s;
    g_autofree char *bytes = a->kind == DEMO_BOUNCE ? bounce_text(a->who, m) : letter_text(p, a, m);
    const struct intake intake = {
        .db = s->db, .config = s->config, .mailbox = config_mailbox(s->config, m->mailbox), .sink = &s->sink};
    const struct mail_place place = {.folder = "INBOX", .uidvalidity = 1, .uid = p->uid, .at_us = p->now_us};
    struct mail_record record;
    mail_classify((const guint8 *)bytes, strlen(bytes), FALSE, NULL, &record);
    gboolean ok = store_begin(s->db, error) && intake_record(&intake, &place, &record, error) &&
                  store_commit(s->db, error);
    if (!ok)
        store_rollback(s->db);
    mail_record_clear(&record);
    return ok;
}

static gboolean
mail_comes(struct stage_play *p, gint64 account_id, const struct demo_act *a, GError **error)
{
    struct last_mail m = {0};
    p->uid++;
    gboolean ok = find_last(p, account_id, &m, error) && take_in(p, a, &m, error);
    if (!ok && error && !*error)
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "demo: %s was not written to yet", a->account);
    g_free(m.message_id);
    g_free(m.subject);
    g_free(m.mailbox);
    return ok;
}

/* ---- what people do ---- */

static gboolean
approve(struct stage_play *p, gint64 account_id, const char *step, GError **error)
{
    struct approval given;
    gint64 id =
        store_int(p->s->db,
                  "SELECT MAX(id) FROM message WHERE account_id = ? AND step = ? AND state IN ('waiting', "
                  "'changed')",
                  0, error, "it", account_id, step);
    if (id)
        return approval_give(p->s, id, 0, p->actor, &given, error);
    if (error && !*error)
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "demo: there is no draft of %s", step);
    return FALSE;
}

static gboolean
person_acts(struct stage_play *p, gint64 account_id, const struct demo_act *a, GError **error)
{
    json_t *data = json_loads(a->text, 0, NULL);
    const json_t *days = json_object_get(data, "due_in_days");
    if (days) {
        json_object_set_new(data, "due_at",
                            json_integer(p->now_us + json_integer_value(days) * CLOCK_DAY_US));
        json_object_del(data, "due_in_days");
    }
    return service_act(p->s, account_id, a->who, p->actor, data, error);
}

static gboolean
act(struct stage_play *p, const struct demo_act *a, GError **error)
{
    gint64 account_id = 0;
    if (!account_find(p->s->db, a->account, &account_id, error))
        return FALSE;
    switch (a->kind) {
    case DEMO_APPROVE:
        return approve(p, account_id, a->text, error);
    case DEMO_REPLY:
    case DEMO_AWAY:
    case DEMO_BOUNCE:
        return mail_comes(p, account_id, a, error);
    case DEMO_ACT:
        return person_acts(p, account_id, a, error);
    case DEMO_PAID:
        for (gsize i = 0; i < demo_account_count; i++)
            if (strcmp(demo_accounts[i].key, a->account) == 0)
                p->json[i] = a->text;
        return deliver_facts(p, error);
    }
    return TRUE;
}

/* ---- what the service does ---- */

/* Automatic mail waits for mailboxes that were just read; nobody writes but who the script says. */
static gboolean
mark_read(struct service *s, GError **error)
{
    static const char *const roles[] = {"inbox", "sent"};
    for (guint i = 0; i < s->config->mailboxes->len; i++)
        for (gsize j = 0; j < G_N_ELEMENTS(roles); j++)
            if (!store_exec(
                    s->db,
                    "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid, read_boot_us, "
                    "read_boot_id) VALUES(?, ?, ?, 0, 1, ?, ?) ON CONFLICT DO UPDATE SET read_boot_us = "
                    "excluded.read_boot_us",
                    error, "tttit", ((struct mailbox *)s->config->mailboxes->pdata[i])->name, roles[j],
                    roles[j], clock_boottime_us(), clock_boot_id()))
                return FALSE;
    return TRUE;
}

/* Everything that is due arrives. */
static gboolean
send_due(struct stage_play *p, const struct mailbox *mailbox, GError **error)
{
    struct ledger l = {.db = p->s->db,
                       .config = p->s->config,
                       .mailbox = mailbox,
                       .policy = &p->s->policy,
                       .owner = (char[]){"demo"}};
    if (!store_begin(l.db, error))
        return FALSE;
    g_autoptr(GPtrArray) claims = ledger_claim(&l, GROUP, p->now_us, error);
    gboolean ok = claims != NULL;
    for (guint i = 0; ok && i < claims->len; i++) {
        struct claim *c = claims->pdata[i];
        g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, c->addresses->len);
        for (guint j = 0; j < c->addresses->len; j++)
            outcomes[j] = (struct smtp_outcome){.verdict = SMTP_SENT, .code = 250, .text = "demo"};
        ok =
            ledger_begin(&l, c, p->now_us, error) && ledger_settle(&l, c, outcomes, "demo", p->now_us, error);
    }
    if (ok && store_commit(l.db, error))
        return TRUE;
    store_rollback(l.db);
    return FALSE;
}

static gboolean
live_hour(struct stage_play *p, int hour, GError **error)
{
    if (hour == DELIVERY_HOUR && !deliver_facts(p, error))
        return FALSE;
    for (gsize i = 0; i < demo_act_count; i++)
        if (demo_acts[i].before == p->before && demo_acts[i].hour == hour && !act(p, &demo_acts[i], error)) {
            g_prefix_error(error, "demo: %s, %d days ago: ", demo_acts[i].account, p->before);
            return FALSE;
        }
    if (!mark_read(p->s, error) || !tick_run(p->s, p->now_us, NULL, NULL, error))
        return FALSE;
    for (guint i = 0; i < p->s->config->mailboxes->len; i++)
        if (!send_due(p, p->s->config->mailboxes->pdata[i], error))
            return FALSE;
    return tick_run(p->s, p->now_us, NULL, NULL, error);
}

gboolean
demo_play(struct service *s, gint64 now_us, const char *actor, GError **error)
{
    g_autofree const char **json = g_new0(const char *, demo_account_count);
    struct stage_play p = {.s = s, .actor = actor, .json = json};
    struct civil today = zone_from_utc_us(s->config->timezone, now_us);
    gboolean ok =
        store_exec(s->db, "PRAGMA synchronous = OFF", error, ""); /* a crash leaves nothing of worth */
    for (gsize i = 0; i < demo_account_count; i++)
        json[i] = demo_accounts[i].json;
    for (p.before = DAYS; ok && p.before >= 0; p.before--)
        for (int hour = 0; ok && hour < 24; hour++) {
            struct civil c = today;
            c.hour = hour;
            c.minute = c.second = 0;
            ok = civil_add_days(&c, -p.before);
            p.now_us = zone_to_utc_us(s->config->timezone, &c);
            if (p.now_us > now_us)
                break;
            clock_rehearse(p.now_us);
            ok = ok && live_hour(&p, hour, error);
        }
    clock_rehearse(now_us);
    p.now_us = now_us;
    p.before = 0;
    /* What was read belongs to no server. */
    return ok && deliver_facts(&p, error) && tick_run(s, now_us, NULL, NULL, error) &&
           store_exec(s->db, "DELETE FROM folder", error, "") &&
           store_exec(s->db, "PRAGMA synchronous = FULL", error, "");
}
