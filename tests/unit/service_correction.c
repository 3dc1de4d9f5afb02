/* What follows from each class of mail, and that a correction takes exactly that back: mails through the real
 * intake into the real service. Every test ends with a comparison of the tables with the journal. */
#include "fixture_service.h"
#include "inbox/intake.h"
#include "pipeline/replay.h"
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

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "sequences/trial.conf", talking_conf);
    fixture_copy(&w->f, "sequences/shared-domains.txt");
    service_reopen(w, fixture_conf);
    next_uid = 0;
}

static void
tear_down(struct world *w, gconstpointer data)
{
    assert_journal(&w->f);
    world_tear_down(w, data);
}

/* Written to on Monday 2 November at 10:00; ann in To, bob in Cc. */
static void
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
static gint64
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

static gint64
take(struct world *w, const struct mail *m)
{
    g_autofree char *id = g_strdup_printf("mail-%u@customer.example", next_uid + 1);
    return take_in(w, m, "ana", "INBOX", id);
}

/* Everything a mail may change, on one line: engagement, stage, suppression, holds, open tasks, drafts. */
static char *
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

/* ---- what follows ---- */

#define ANN "ann@acme.example"
#define BOB "bob@acme.example"
#define BEFORE "written |  |  |  | hello sent"

static const struct {
    const char *name;
    struct mail mail;
    const char *state;
} follows[] = {
    {"reply",
     {.mail_class = MAIL_CLASS_REPLY, .from = ANN, .in_thread = TRUE},
     "engaged talking |  |  | reply for ana: Answer ann@acme.example: We tried it. It works! | hello sent"},
    {"reply of a colleague",
     {.mail_class = MAIL_CLASS_REPLY, .from = "carl@acme.example"},
     "engaged talking |  |  | reply for ana: Answer carl@acme.example: We tried it. It works! | hello sent"},
    {"absence with a date", /* back on Friday the 6th: until Monday */
     {.mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN, .return_date = "2026-11-06"},
     "written |  | ann@acme.example 11-09 |  | hello sent"},
    {"absence without a date",
     {.mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN},
     "written |  | ann@acme.example 11-09 |  | hello sent"},
    {"absence that is over",
     {.mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN, .return_date = "2026-10-20"},
     BEFORE},
    {"absence for years",
     {.mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN, .return_date = "2099-10-20"},
     "written |  | ann@acme.example 11-03 |  | hello sent"},
    {"dead address, the others have the mail",
     {.mail_class = MAIL_CLASS_BOUNCE,
      .from = "daemon@x.example",
      .failed = BOB,
      .dead = TRUE,
      .in_thread = TRUE},
     "written | bob@acme.example dead_address |  |  | hello sent"},
    {"bounce that only counts",
     {.mail_class = MAIL_CLASS_BOUNCE, .from = "daemon@x.example", .failed = BOB, .in_thread = TRUE},
     BEFORE},
    {"forged bounce",
     {.mail_class = MAIL_CLASS_BOUNCE,
      .from = "x@x.example",
      .failed = "eve@x.example",
      .dead = TRUE,
      .in_thread = TRUE},
     BEFORE},
    {"opt-out",
     {.mail_class = MAIL_CLASS_OPT_OUT, .from = ANN, .in_thread = TRUE},
     "written | ann@acme.example opt_out | account | opt_out for ana: ann@acme.example asked for no more "
     "mail: "
     "look at the account | hello sent"},
    {"complaint",
     {.mail_class = MAIL_CLASS_COMPLAINT, .from = "fbl@isp.example", .failed = ANN, .in_thread = TRUE},
     "written | ann@acme.example opt_out | account | opt_out for ana: ann@acme.example asked for no more "
     "mail: "
     "look at the account | hello sent"},
    {"complaint of nobody",
     {.mail_class = MAIL_CLASS_COMPLAINT, .from = "fbl@isp.example", .in_thread = TRUE},
     "written |  | account | complaint for ana: Somebody reported our mail as unwanted, and the report does "
     "not "
     "say who: look at the account | hello sent"},
    {"booking",
     {.mail_class = MAIL_CLASS_BOOKING, .from = ANN, .act = BOOKING_ACT_NEW},
     "engaged called |  |  |  | hello sent"},
    {"booking cancelled",
     {.mail_class = MAIL_CLASS_BOOKING, .from = ANN, .act = BOOKING_ACT_CANCELLED},
     "written |  |  | call_cancelled for ana: A call was cancelled (ann@acme.example): offer another time? | "
     "hello sent"},
    {"booking moved", {.mail_class = MAIL_CLASS_BOOKING, .from = ANN, .act = BOOKING_ACT_MOVED}, BEFORE},
    {"delay", {.mail_class = MAIL_CLASS_DELAY, .from = ANN, .failed = ANN, .in_thread = TRUE}, BEFORE},
    {"a stranger", {.mail_class = MAIL_CLASS_OPT_OUT, .from = "ann@elsewhere.example"}, BEFORE},
};

/* Each class does what it should, and a correction to one that counts for nothing takes all of it back. */
static void
test_follows(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    to_written(w);
    assert_state(w, BEFORE);
    now_is(w, "2026-11-02 15:00");
    gint64 id = take(w, &follows[i].mail);
    if (strcmp(follows[i].name, "absence for years") == 0) {
        assert_rows(&w->f, "(until - 1793628000000000) / 86400000000", "hold", "366");
    } else {
        assert_state(w, follows[i].state);
    }
    assert_rows(&w->f, "kind", /* every consequence names its cause */
                "event WHERE cause IS NULL AND at >= 1793628000000000 AND actor = 'usher' AND data ->> "
                "'inbound' IS NULL",
                "");
    assert_journal(&w->f);
    struct correction c = {.inbound_id = id, .mail_class = MAIL_CLASS_RECEIPT};
    struct correction_result r;
    correction_apply(w->s, &c, "ana", &r, &w->f.error);
    g_assert_no_error(w->f.error);
    correction_result_clear(&r);
    assert_state(w, BEFORE);
}

/* ---- corrections ---- */

static void
correct(struct world *w, gint64 id, enum mail_class mail_class)
{
    struct correction c = {.inbound_id = id, .mail_class = mail_class};
    struct correction_result r;
    correction_apply(w->s, &c, "ana", &r, &w->f.error);
    g_assert_no_error(w->f.error);
    correction_result_clear(&r);
    assert_journal(&w->f);
}

static void
test_back_and_forth(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN, .in_thread = TRUE};
    gint64 id = take(w, &reply);
    g_autofree char *as_reply = state_of(w);
    g_autofree char *first = store_text(w->f.db, "SELECT data FROM event WHERE kind = 'replied'", NULL, "");
    for (int i = 0; i < 3; i++) {
        now_is(w, i == 0 ? "2026-11-03 10:00" : i == 1 ? "2026-11-03 11:00" : "2026-11-03 12:00");
        correct(w, id, MAIL_CLASS_OPT_OUT);
        assert_state(w, follows[9].state);
        correct(w, id, MAIL_CLASS_REPLY);
        assert_state(w, as_reply);
        /* It is engaged since the mail came, not since the correction. */
        assert_rows(&w->f, "engaged_at = replied_at AND engaged_at = 1793628000000000", "enrolment", "1");
    }
    g_autofree char *kept =
        store_text(w->f.db, "SELECT data FROM event WHERE kind = 'replied' LIMIT 1", NULL, "");
    g_assert_cmpstr(kept, ==, first); /* the journal only grows */
    assert_rows(&w->f, "class || rule", "inbound", "replyby hand");
}

/* What two mails said stays when one of them is corrected. */
static void
test_two_causes(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    const struct mail opt_out = {.mail_class = MAIL_CLASS_OPT_OUT, .from = ANN, .in_thread = TRUE};
    gint64 one = take(w, &opt_out), two = take(w, &opt_out);
    assert_rows(&w->f, "kind", "task WHERE done_at IS NULL", "opt_out");
    correct(w, one, MAIL_CLASS_OTHER);
    assert_rows(&w->f, "address || reason", "suppression", "ann@acme.exampleopt_out");
    assert_rows(&w->f, "COUNT(*)", "hold", "1");
    correct(w, two, MAIL_CLASS_OTHER);
    assert_rows(&w->f, "COUNT(*)", "suppression", "0");
    assert_rows(&w->f, "COUNT(*)", "hold", "0");
}

/* The opt-out of the last person cancels everything automatic; taken back, the step is scheduled again. An
 * automatic mail that waited meanwhile is composed anew. */
static void
test_last_person(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    tick(w, "2026-11-12 10:00");
    assert_messages(w, "hello sent;nudge queued");
    const struct mail opt_out_ann = {.mail_class = MAIL_CLASS_OPT_OUT, .from = ANN, .in_thread = TRUE};
    const struct mail opt_out_bob = {.mail_class = MAIL_CLASS_OPT_OUT, .from = BOB, .in_thread = TRUE};
    gint64 ann = take(w, &opt_out_ann), bob = take(w, &opt_out_bob);
    assert_rows(&w->f, "cancelled", "enrolment", "the last person opted out");
    assert_messages(w, "hello sent;nudge withdrawn");
    correct(w, bob, MAIL_CLASS_REPLY);
    assert_rows(&w->f, "cancelled IS NULL", "enrolment", "1");
    correct(w, ann, MAIL_CLASS_RECEIPT);
    act(w, "released", "{}");
    tick(w, "2026-11-12 10:30");
    assert_messages(w, "hello sent;nudge withdrawn;pay waiting;nudge queued");
}

/* A mail that went out because of a wrong reading stays, is named, and its step is not done again. */
static void
test_sent_stays(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN, .in_thread = TRUE};
    gint64 id = take(w, &reply);
    tick(w, "2026-11-02 15:01");
    assert_messages(w, "hello sent;pay waiting");
    g_assert_true(approve(w, 2));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    struct correction c = {.inbound_id = id, .mail_class = MAIL_CLASS_OTHER};
    struct correction_result r;
    now_is(w, "2026-11-02 16:00");
    correction_apply(w->s, &c, "ana", &r, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpint(r.sent->len, ==, 1);
    g_assert_cmpint(g_array_index(r.sent, gint64, 0), ==, 2);
    correction_result_clear(&r);
    assert_rows(&w->f, "stage || (engaged_at IS NULL)", "enrolment", "written1");
    assert_rows(&w->f, "step || state", "step WHERE state = 'sent' ORDER BY step", "hellosent;paysent");
    correct(w, id, MAIL_CLASS_REPLY);
    tick(w, "2026-11-02 16:30");
    assert_messages(w, "hello sent;pay sent");
}

/* A draft that a wrong reading ended for good is composed anew. */
static void
test_expired_comes_back(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    facts_are(w, "{\"forecast_mrr\": 950}");
    tick(w, "2026-11-02 12:00");
    assert_messages(w, "hello sent;early waiting");
    now_is(w, "2026-11-02 15:00");
    const struct mail booking = {.mail_class = MAIL_CLASS_BOOKING, .from = ANN, .act = BOOKING_ACT_NEW};
    gint64 id = take(w, &booking);
    tick(w, "2026-11-02 15:01");
    assert_messages(w, "hello sent;early withdrawn");
    correct(w, id, MAIL_CLASS_OTHER);
    tick(w, "2026-11-02 15:02");
    assert_messages(w, "hello sent;early withdrawn;early waiting");
}

/* Drafts that a reply sent back: a queued one is no longer approved, a waiting one waits with the reason. */
static void
test_drafts_wait(struct world *w, gconstpointer data)
{
    gboolean approved = GPOINTER_TO_UINT(data) != 0;
    tick(w, "2026-11-02 10:00");
    now_is(w, "2026-11-02 18:00"); /* the window is closed: it stays queued */
    if (approved)
        g_assert_true(approve(w, 1));
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN};
    gint64 id = take(w, &reply);
    assert_messages(w, "hello changed");
    assert_rows(&w->f, "reason", "message", "a reply came in from ann@acme.example: read it first");
    now_is(w, "2026-11-03 09:30");
    g_assert_cmpint(send_due(w, 250), ==, 0);
    correct(w, id, MAIL_CLASS_OTHER);
    assert_messages(w, "hello waiting");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

/* The day after the return is a business day where the customer is. */
static void
test_away_over_a_holiday(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *country, *back, *held;
    } cases[] = {
        {"DE", "2026-12-23", "12-24"}, /* a Wednesday; Thursday is none yet */
        {"DE", "2026-12-24", "12-28"}, /* Christmas, then a weekend */
        {"GB", "2026-12-24", "12-29"}, /* and Boxing Day is made up for on Monday */
        {"XX", "2026-12-24", "12-25"},
    };
    g_autofree char *facts = g_strconcat(service_facts_conf, "fact country { type = \"text\" }\n", NULL);
    fixture_write(&w->f, "sequences/facts.conf", facts);
    fixture_write(&w->f, "sequences/holidays.txt",
                  "years 2026-2027\ncountry DE\n12-25 Weihnachten\n12-26 Weihnachten\n"
                  "country GB\n12-25>mon Christmas\n12-26>mon Boxing Day\n");
    service_reopen(w, fixture_conf);
    to_written(w);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json =
            g_strdup_printf("{\"forecast_mrr\": 512.31, \"country\": \"%s\"}", cases[i].country);
        now_is(w, "2026-11-02 15:00");
        facts_are(w, json);
        const struct mail away = {
            .mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN, .return_date = cases[i].back};
        take(w, &away);
        g_autofree char *held = ask(&w->f, "strftime('%m-%d', until / 1000000 + 3600, 'unixepoch')",
                                    "hold ORDER BY id DESC LIMIT 1");
        g_assert_cmpstr(held, ==, cases[i].held);
    }
}

/* Time away is not lateness: the automatic mail waits for the person and is sent then. */
static void
test_away_is_not_late(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    tick(w, "2026-11-12 10:00");
    assert_messages(w, "hello sent;nudge queued");
    const struct mail away = {.mail_class = MAIL_CLASS_AUTO_REPLY, .from = ANN, .return_date = "2026-11-26"};
    take(w, &away);
    mailboxes_read(w, 0, NULL);
    for (int day = 13; day <= 26; day++) {
        g_autofree char *when = g_strdup_printf("2026-11-%02d 10:00", day);
        now_is(w, when);
        facts_are(w, "{\"forecast_mrr\": 512.31}"); /* it is looked at anew every day */
        tick(w, when);
        g_assert_cmpint(send_due(w, 250), ==, 0);
    }
    tick(w, "2026-11-27 10:00");
    assert_messages(w, "hello sent;nudge queued");
    g_assert_cmpint(send_due(w, 250), ==, 1);
}

/* One mail in two mailboxes counts once; a correction of either corrects it. */
static void
test_same_mail(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN, .in_thread = TRUE};
    take_in(w, &reply, "ana", "INBOX", "one@acme.example");
    gint64 copy = take_in(w, &reply, "ben", "INBOX", "one@acme.example");
    assert_rows(&w->f, "COUNT(*)", "event WHERE kind = 'replied'", "1");
    correct(w, copy, MAIL_CLASS_OTHER);
    assert_rows(&w->f, "class", "inbound", "other;other");
    assert_state(w, BEFORE);
}

/* The next best person is named; with nobody left, that. */
static void
test_next_best(struct world *w, gconstpointer data)
{
    (void)data;
    add_contact(&w->f, w->account_id, "cy@acme.example", "member - 2026-10-01 Cy");
    add_contact(&w->f, w->account_id, "di@acme.example", "member - 2026-10-20 Di");
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    static const char *const dead[] = {ANN, BOB, "di@acme.example", "cy@acme.example"};
    static const char *const proposals[] = {
        "ann@acme.example is a dead address: the next to write to is Di <di@acme.example> (member)",
        "bob@acme.example is a dead address: the next to write to is Di <di@acme.example> (member)",
        "di@acme.example is a dead address: the next to write to is Cy <cy@acme.example> (member)",
        "cy@acme.example is a dead address, and nobody else of the account can be written to"};
    for (gsize i = 0; i < G_N_ELEMENTS(dead); i++) {
        run_sql(
            &w->f,
            "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) SELECT 1, 'ana', "
            "'di@acme.example', 'to', 'refused', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE address "
            "= 'di@acme.example')");
        run_sql(
            &w->f,
            "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) SELECT 1, 'ana', "
            "'cy@acme.example', 'to', 'refused', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE address "
            "= 'cy@acme.example')");
        const struct mail bounce = {.mail_class = MAIL_CLASS_BOUNCE,
                                    .from = "daemon@x.example",
                                    .failed = dead[i],
                                    .dead = TRUE,
                                    .in_thread = TRUE};
        take(w, &bounce);
        take(w, &bounce); /* told twice, made once */
        g_autofree char *last =
            store_text(w->f.db, "SELECT title FROM task ORDER BY id DESC LIMIT 1", NULL, "");
        g_assert_cmpstr(last, ==, proposals[i]);
        g_assert_cmpint(store_int(w->f.db, "SELECT COUNT(*) FROM task", 0, NULL, ""), ==, (gint64)i + 1);
    }
}

static void
test_refused(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    const struct mail stranger = {.mail_class = MAIL_CLASS_REPLY, .from = "who@elsewhere.example"};
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN};
    gint64 nobody = take(w, &stranger), known = take(w, &reply);
    static const struct {
        int which;
        enum mail_class mail_class;
        int code;
        const char *words;
    } cases[] = {{2, MAIL_CLASS_REPLY, USHER_ERROR_DATA, "is reply already"},
                 {1, MAIL_CLASS_OPT_OUT, USHER_ERROR_DATA, "belongs to no account"},
                 {0, MAIL_CLASS_OTHER, USHER_ERROR_NO_INPUT, "there is no inbound mail 99"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct correction c = {.inbound_id = cases[i].which == 0   ? 99
                                             : cases[i].which == 1 ? nobody
                                                                   : known,
                               .mail_class = cases[i].mail_class};
        struct correction_result r;
        gint64 events = store_int(w->f.db, "SELECT COUNT(*) FROM event", 0, NULL, "");
        g_assert_false(correction_apply(w->s, &c, "ana", &r, &w->f.error));
        assert_refused(&w->f, cases[i].code, cases[i].words);
        g_assert_cmpint(store_int(w->f.db, "SELECT COUNT(*) FROM event", 0, NULL, ""), ==, events);
    }
}

/* A mail of nobody becomes somebody's when it is read again after its sender is known. */
static void
test_read_again(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    now_is(w, "2026-11-02 15:00");
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = "new@other.example"};
    gint64 id = take(w, &reply);
    next_uid--;
    take(w, &reply);
    assert_rows(&w->f, "id || (account_id IS NULL)", "inbound", "11");
    add_contact(&w->f, w->account_id, "new@other.example", "member - - New");
    next_uid--;
    g_assert_cmpint(take(w, &reply), ==, id);
    assert_rows(&w->f, "account_id || address", "inbound", "1new@other.example");
    assert_rows(&w->f, "engaged_at IS NOT NULL", "enrolment", "1");
}

/* A table that is not what the journal says is told, both ways. */
static void
test_verify_tells(struct world *w, gconstpointer data)
{
    (void)data;
    to_written(w);
    g_autoptr(GPtrArray) differences = NULL;
    run_sql(&w->f, "UPDATE enrolment SET stage = 'called'");
    g_assert_true(store_begin(w->f.db, NULL));
    g_assert_true(replay_verify(w->f.db, &differences, &w->f.error));
    store_rollback(w->f.db);
    g_assert_cmpint(differences->len, ==, 2);
    g_assert_nonnull(strstr(differences->pdata[0], "enrolment: the table says"));
    g_assert_nonnull(strstr(differences->pdata[0], "stage = 'called'"));
    g_assert_nonnull(strstr(differences->pdata[1], "stage = 'written'"));
    run_sql(&w->f, "UPDATE enrolment SET stage = 'written'");
}

/* The tasks of steps, and the end of an enrolment: taken back with the answer that was none. */
static void
test_tasks(struct world *w, gconstpointer data)
{
    gboolean ends = GPOINTER_TO_INT(data);
    static const char conf[] =
        "sequence \"trial\" {\n"
        "  enrol = \"forecast_mrr >= 100\"\n"
        "  stage fresh { }\n stage written { }\n stage talking { %s }\n"
        "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" }\n"
        "  transition talk { on = \"replied\" stages = {\"written\"} to = \"talking\" }\n"
        "  step hello { kind = \"draft\" template = \"hello.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
        "  step ask { kind = \"task\" title = \"Ask\" stages = {\"written\"} due = \"written_at\" }\n"
        "  step both { kind = \"task\" title = \"Both\" stages = {\"written\", \"talking\"}\n"
        "    due = \"add_days(coalesce(talking_at, written_at), 3)\" }\n"
        "  step talk { kind = \"task\" title = \"Talk\" once = \"stage\" stages = {\"talking\"} due = "
        "\"talking_at\" }\n"
        "}\n";
    g_autofree char *text = g_strdup_printf(conf, ends ? "final = true" : "");
    fixture_write(&w->f, "sequences/trial.conf", text);
    service_reopen(w, fixture_conf);
    to_written(w);
    assert_rows(&w->f, "title", "task WHERE done_at IS NULL ORDER BY id", "Ask;Both");
    now_is(w, "2026-11-04 15:00");
    const struct mail reply = {.mail_class = MAIL_CLASS_REPLY, .from = ANN, .in_thread = TRUE};
    gint64 id = take(w, &reply);
    assert_rows(&w->f, "title", "task WHERE done_at IS NULL AND kind = 'step' ORDER BY id",
                ends ? "" : "Both;Talk");
    assert_rows(&w->f, "state || stage", "enrolment", ends ? "endedtalking" : "activetalking");
    correct(w, id, MAIL_CLASS_AUTO_REPLY);
    assert_rows(&w->f, "state || stage", "enrolment", "activewritten");
    assert_rows(&w->f, "title", "task WHERE done_at IS NULL ORDER BY title", "Ask;Both");
    correct(w, id, MAIL_CLASS_REPLY);
    assert_rows(&w->f, "title", "task WHERE done_at IS NULL AND kind = 'step' ORDER BY title",
                ends ? "" : "Both;Talk");
}

/* A projection into a table that the replay does not keep apart would be done twice by a correction. */
static void
test_tables_are_known(struct world *w, gconstpointer data)
{
    (void)w;
    (void)data;
    static const char *const files[] = {"state.c", "state_programme.c"};
    g_autofree char *replay = NULL;
    g_assert_true(g_file_get_contents(USHER_SOURCE_DIR "/mailer/pipeline/replay.c", &replay, NULL, NULL));
    g_autoptr(GRegex) written =
        g_regex_new("\"(?:INSERT (?:OR REPLACE )?INTO|UPDATE|DELETE FROM) (\\w+)", 0, 0, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "mailer/pipeline", files[i], NULL);
        g_autofree char *state = NULL;
        g_autoptr(GMatchInfo) match = NULL;
        guint found = 0;
        g_assert_true(g_file_get_contents(path, &state, NULL, NULL));
        for (g_regex_match(written, state, 0, &match); g_match_info_matches(match);
             g_match_info_next(match, NULL), found++) {
            g_autofree char *table = g_match_info_fetch(match, 1);
            g_autofree char *listed = g_strdup_printf("{\"%s\",", table);
            if (!strstr(replay, listed))
                g_error("%s writes the table %s, which replay.c does not list", files[i], table);
        }
        g_assert_cmpint(found, >, 10);
    }
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/service/correction/" path, struct world, GUINT_TO_POINTER(data), set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(follows); i++) {
        g_autofree char *path = g_strdup_printf("/service/correction/follows/%s", follows[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_follows, tear_down);
    }
    ADD("back-and-forth", test_back_and_forth, 0);
    ADD("two-causes", test_two_causes, 0);
    ADD("last-person", test_last_person, 0);
    ADD("sent-stays", test_sent_stays, 0);
    ADD("expired-comes-back", test_expired_comes_back, 0);
    ADD("drafts-wait/waiting", test_drafts_wait, 0);
    ADD("drafts-wait/approved", test_drafts_wait, 1);
    ADD("away-over-a-holiday", test_away_over_a_holiday, 0);
    ADD("away-is-not-late", test_away_is_not_late, 0);
    ADD("same-mail", test_same_mail, 0);
    ADD("next-best", test_next_best, 0);
    ADD("refused", test_refused, 0);
    ADD("read-again", test_read_again, 0);
    ADD("tasks/stage", test_tasks, 0);
    ADD("tasks/end", test_tasks, 1);
    ADD("tables-are-known", test_tables_are_known, 0);
    ADD("verify-tells", test_verify_tells, 0);
    return g_test_run();
}
