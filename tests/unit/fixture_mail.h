/* Mails through the real intake into the real service. Every test ends with a comparison of the tables with
 * the journal. */
#ifndef USHER_TESTS_FIXTURE_MAIL_H
#define USHER_TESTS_FIXTURE_MAIL_H

#include "fixture_service.h"
#include "inbox/intake.h"
#include "service/correction.h"

/* The fixture's sequence with a stage that a reply leads to, and one that a booked call does. */
static const char talking_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"forecast_mrr >= 100\"  cancel = \"churned\"\n"
    "  stage fresh { }\n stage written { }\n stage talking { }\n stage called { }\n"
    "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" }\n"
    "  transition by_hand { on = \"hand_sent\" stages = {\"fresh\"} to = \"written\" }\n"
    "  transition talk { on = \"replied\" stages = {\"written\"} to = \"talking\" }\n"
    "  transition call { on = \"booked\" stages = {\"written\", \"talking\"} to = \"called\" }\n"
    "  step hello { kind = \"draft\" template = \"hello.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
    "  step pay { kind = \"draft\" template = \"hello.md\" stages = {\"talking\"} due = \"talking_at\" }\n"
    "  step early { kind = \"draft\" template = \"hello.md\" stages = {\"written\", \"called\"} when = "
    "\"forecast_mrr > "
    "900\" due = "
    "\"written_at\" until = \"engaged_at\" }\n"
    "  step nudge { kind = \"automatic\" to = \"participants\" template = \"nudge.md\" stages = "
    "{\"written\", "
    "\"talking\", \"called\"} needs_answered = true\n"
    "    due = \"add_days(written_at, 10)\" until = \"add_days(written_at, 40)\" late = \"send within 7 "
    "days\" }\n"
    "}\n";

static guint32 next_uid;

static inline void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "sequences/trial.conf", talking_conf);
    fixture_copy(&w->f, "sequences/shared-domains.txt");
    service_reopen(w, fixture_conf);
    next_uid = 0;
}

static inline void
tear_down(struct world *w, gconstpointer data)
{
    assert_journal(&w->f);
    world_tear_down(w, data);
}

/* Written to on Monday 2 November at 10:00; ann in To, bob in Cc. */
static inline void
to_written(struct world *w)
{
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

struct mail {
    enum mail_class mail_class;
    const char *from, *return_date, *failed;
    enum booking_act act;
    gboolean in_thread, dead;
};

/* Reads a mail into a folder of a mailbox; returns its number. */
static inline gint64
take_in(struct world *w, const struct mail *m, const char *mailbox, const char *folder,
        const char *message_id)
{
    struct mail_record r;
    const struct intake intake = {.db = w->s->db,
                                  .config = w->s->config,
                                  .mailbox = config_mailbox(w->s->config, mailbox),
                                  .sink = &w->s->sink};
    const struct mail_place place = {
        .folder = folder, .uidvalidity = 7, .uid = ++next_uid, .at_us = w->now_us};
    mail_record_init(&r);
    r.mail_class = m->mail_class;
    r.personal = TRUE;
    r.booking = m->act;
    mail_record_set(&r.from, m->from, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&r.subject, "Re: One check", MAIL_RECORD_MAX_LINE);
    mail_record_set(&r.text, "We tried it.\n\nIt   works!", MAIL_RECORD_MAX_TEXT);
    mail_record_set(&r.return_date, m->return_date, 10);
    mail_record_set(&r.message_id, message_id, MAIL_RECORD_MAX_ID);
    g_autofree char *ours =
        m->in_thread ? store_text(w->f.db, "SELECT message_id FROM message WHERE id = 1", NULL, "") : NULL;
    mail_record_set(&r.in_reply_to, ours, MAIL_RECORD_MAX_ID);
    if (m->failed) {
        struct failed_recipient *f = mail_record_add_failed(&r, m->failed);
        f->permanent = m->dead ? TRI_STATE_YES : TRI_STATE_NO;
        f->reason = m->dead ? BOUNCE_REASON_ADDRESS_DEAD : BOUNCE_REASON_FULL;
    }
    g_assert_true(store_begin(w->f.db, NULL));
    intake_record(&intake, &place, &r, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->f.db, NULL));
    mail_record_clear(&r);
    return store_int(w->f.db, "SELECT MAX(id) FROM inbound", 0, NULL, "");
}

static inline gint64
take(struct world *w, const struct mail *m)
{
    g_autofree char *id = g_strdup_printf("mail-%u@customer.example", next_uid + 1);
    return take_in(w, m, "ana", "INBOX", id);
}

/* Everything a mail may change, on one line: engagement, stage, suppression, holds, open tasks, drafts. */
static inline char *
state_of(struct world *w)
{
    g_autofree char *enrolment = ask(
        &w->f, "CASE WHEN engaged_at THEN 'engaged ' ELSE '' END || stage || COALESCE(' ' || cancelled, '')",
        "(SELECT engaged_at, stage, cancelled FROM enrolment WHERE account_id = 1)");
    g_autofree char *suppressed = ask(&w->f, "address || ' ' || reason", "suppression ORDER BY address");
    g_autofree char *held =
        ask(&w->f,
            "COALESCE(address, 'account') || COALESCE(strftime(' %m-%d', until / 1000000 + 3600, "
            "'unixepoch'), '')",
            "hold ORDER BY id");
    g_autofree char *tasks =
        ask(&w->f, "kind || ' for ' || assignee || ': ' || title", "task WHERE done_at IS NULL ORDER BY id");
    g_autofree char *drafts = ask(&w->f, "step || ' ' || state", "message ORDER BY id");
    return g_strdup_printf("%s | %s | %s | %s | %s", enrolment, suppressed, held, tasks, drafts);
}

#define assert_state(w, expected)                                                                            \
    do {                                                                                                     \
        g_autofree char *state_ = state_of(w);                                                               \
        g_assert_cmpstr(state_, ==, expected);                                                               \
    } while (0)

#define ANN "ann@acme.example"
#define BOB "bob@acme.example"
#define BEFORE "written |  |  |  | hello sent"
#define OPTED_OUT                                                                                            \
    "written | ann@acme.example opt_out | account | opt_out for ana: ann@acme.example asked for no more "    \
    "mail: "                                                                                                 \
    "look at the account | hello sent"

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/correction/" path, struct world, GUINT_TO_POINTER(data), set_up, test, tear_down)

#endif
