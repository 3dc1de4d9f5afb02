/* A service over the fixture's folder: a small sequence, its templates, one account on its way. Engine facts
 * as in production, no network. */
#ifndef USHER_TESTS_FIXTURE_SERVICE_H
#define USHER_TESTS_FIXTURE_SERVICE_H

#include "fixture_pipeline.h"
#include "service/approval.h"
#include "service/drafting.h"
#include "service/policy.h"
#include "service/tick.h"

static const char service_facts_conf[] =
    "fact forecast_mrr { type = \"number\" }\nfact churned { type = \"boolean\" default = false }\n"
    "fact failed { type = \"boolean\" default = false }\nfact timezone { type = \"text\" }\nfact owner { "
    "type = \"text\" }\n"
    "fact region { type = \"text\" }\n";
static const char service_trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"forecast_mrr >= 100\"  cancel = \"churned\"\n"
    "  stage fresh { }\n stage written { }\n stage done { }\n"
    "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT event_payment\" "
    "}\n"
    "  transition by_hand { on = \"hand_sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT "
    "event_payment\" }\n"
    "  transition over { on = \"sent\" step = \"nudge\" stages = {\"written\"} to = \"done\" }\n"
    "  step hello { kind = \"draft\" template = \"hello.md\" stages = {\"fresh\"} when = \"NOT failed\" due "
    "= \"fresh_at\" }\n"
    "  step pay { kind = \"draft\" payment = true template = \"pay.md\" stages = {\"fresh\"} when = "
    "\"failed\" due = \"fresh_at\" }\n"
    "  step nudge { kind = \"automatic\" to = \"participants\" template = \"nudge.md\" stages = "
    "{\"written\"} needs_answered = true\n"
    "    due = \"add_days(written_at, 10)\" until = \"add_days(written_at, 30)\" late = \"send within 7 "
    "days\" }\n"
    "}\n";

struct world {
    struct fixture f;
    struct service *s;
    const struct sequence *seq;
    gint64 account_id, now_us;
};

static inline void
service_reopen(struct world *w, const char *conf)
{
    service_close(g_steal_pointer(&w->s));
    w->f.db = NULL;
    fixture_load_config(&w->f, conf);
    w->s = service_open(w->f.config->path, &w->f.error);
    g_assert_no_error(w->f.error);
    w->f.db = w->s->db;
    w->seq = program_sequence(w->s->program, "trial");
}

static inline void
world_set_up(struct world *w, gconstpointer data)
{
    (void)data;
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    fixture_write(&w->f, "sequences/facts.conf", service_facts_conf);
    fixture_write(&w->f, "sequences/trial.conf", service_trial_conf);
    fixture_write(&w->f, "templates/hello.md",
                  "Subject: One check\nMax-Age: 30 days\n\nHi {{ first_name | default: \"there\" }},\n\nabout"
                  " {{ forecast_mrr | floor | money: \"$\" }} a month.\n\n{{ specialist.name }}\n");
    fixture_write(&w->f, "templates/pay.md", "Subject: Your last payment\n\nHi {{ first_name }}\n");
    fixture_write(
        &w->f, "templates/nudge.md",
        "Subject: Open questions\nThread: follow\n\nHi {{ first_name }}, about {{ forecast_mrr | floor }}\n\n"
        "{{ specialist.name }}\n");
    store_close(w->f.db);
    service_reopen(w, fixture_conf);
    w->account_id = add_account(&w->f, "acme", "{}");
    set_facts(&w->f, w->account_id, "{\"forecast_mrr\": 512.31}", at("2026-11-01 10:00"));
    add_contact(&w->f, w->account_id, "ann@acme.example", "owner - - Ann");
    add_contact(&w->f, w->account_id, "bob@acme.example", "admin - - Bob");
}

static inline void
world_tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    service_close(w->s);
    w->f.db = NULL;
    fixture_tear_down(&w->f);
}

/* The clock of everything; the facts are as of then when they are delivered again. */
static inline void
now_is(struct world *w, const char *when)
{
    w->now_us = at(when);
    clock_rehearse(w->now_us);
}

/* What the service does by itself. */
static inline void
tick(struct world *w, const char *when)
{
    now_is(w, when);
    guint count = 0;
    tick_run(w->s, w->now_us, NULL, &count, &w->f.error);
    g_assert_no_error(w->f.error);
}

static inline void
facts_are(struct world *w, const char *json)
{
    set_facts(&w->f, w->account_id, json, w->now_us);
}

static inline void
act(struct world *w, const char *kind, const char *json)
{
    json_t *data = json_loads(json, 0, NULL);
    g_assert_nonnull(data);
    service_act(w->s, w->account_id, kind, "ana", data, &w->f.error);
    g_assert_no_error(w->f.error);
}

static inline gboolean
approve_revision(struct world *w, gint64 draft_id, gint64 revision, const char *actor)
{
    struct approval given;
    return approval_give(w->s, draft_id, revision, actor, &given, &w->f.error);
}

static inline gboolean
approve(struct world *w, gint64 draft_id)
{
    return approve_revision(w, draft_id, 0, "ana");
}

/* The server takes every message that is due (code 250), or answers code to all of it. Returns how many were
 * claimed. */
static inline guint
send_due(struct world *w, int code)
{
    struct ledger l = {.db = w->s->db,
                       .config = w->s->config,
                       .mailbox = config_mailbox(w->s->config, "ana"),
                       .policy = &w->s->policy,
                       .owner = (char[]){"me"}};
    g_assert_true(store_begin(l.db, &w->f.error));
    g_autoptr(GPtrArray) claims = ledger_claim(&l, 20, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_nonnull(claims);
    for (guint i = 0; i < claims->len; i++) {
        struct claim *c = claims->pdata[i];
        g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, c->addresses->len);
        for (guint j = 0; j < c->addresses->len; j++)
            outcomes[j] = (struct smtp_outcome){.verdict = code < 300   ? SMTP_SENT
                                                           : code < 500 ? SMTP_DEFERRED
                                                                        : SMTP_REFUSED,
                                                .code = code,
                                                .enhanced = code < 500 ? NULL : "5.1.1",
                                                .text = "said so",
                                                .about = SMTP_ABOUT_RECIPIENT};
        g_assert_true(ledger_begin(&l, c, w->now_us, &w->f.error));
        g_assert_true(ledger_settle(&l, c, outcomes, "127.0.0.1", w->now_us, &w->f.error));
    }
    g_assert_true(store_commit(l.db, &w->f.error));
    return claims->len;
}

/* The mailboxes were just read to their end. */
static inline void
mailboxes_read(struct world *w, gint64 age_us, const char *boot_id)
{
    static const char *const boxes[] = {"ana", "ben"}, *const folders[] = {"INBOX", "Sent"};
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < 2; i++)
            store_exec(w->f.db,
                       "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid, read_boot_us, "
                       "read_boot_id) VALUES(?, ?, lower(?), 1, 1, ?, ?)"
                       " ON CONFLICT DO UPDATE SET read_boot_us = excluded.read_boot_us, read_boot_id = "
                       "excluded.read_boot_id",
                       &w->f.error, "tttit", boxes[b], folders[i], folders[i], clock_boottime_us() - age_us,
                       boot_id ? boot_id : clock_boot_id());
    g_assert_no_error(w->f.error);
}

#define assert_line(w, expected)                                                                             \
    do {                                                                                                     \
        g_autofree char *line_ =                                                                             \
            status_of(&(w)->f, (w)->seq, (w)->account_id, zone_find("Europe/Berlin", NULL));                 \
        g_assert_cmpstr(line_, ==, expected);                                                                \
    } while (0)
#define assert_messages(w, expected)                                                                         \
    assert_rows(&(w)->f, "step || ' ' || state", "message ORDER BY id", expected)
#define assert_deliveries(w, expected)                                                                       \
    assert_rows(&(w)->f, "substr(address, 1, 3) || ' ' || state", "delivery ORDER BY id", expected)
#define assert_reason(w, text)                                                                               \
    g_assert_cmpint(                                                                                         \
        store_int((w)->f.db, "SELECT COUNT(*) FROM step WHERE instr(reason, ?)", 0, NULL, "t", text), ==, 1)

#endif
