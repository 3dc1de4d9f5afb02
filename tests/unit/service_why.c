/* The first line of `why`: one row a cause. */
#include "fixture_service.h"
#include "service/why.h"

static const char facts_conf[] =
    "fact forecast_mrr { type = \"number\" }\nfact plan { type = \"text\" }\nfact timezone { type = \"text\" "
    "}\n"
    "fact churned { type = \"boolean\" default = false }\nfact vip { type = \"boolean\" default = false }\n"
    "fact trial_given { type = \"boolean\" }\nfact csm { type = \"text\" }\nfact country { type = \"text\" "
    "}\n"
    "fact owner { type = \"text\" }\nfact region { type = \"text\" }\nfact blocked { type = \"boolean\" }\n"
    "fact declined { type = \"boolean\" default = false }\n";
static const char trial_conf[] =
    "sequence \"trial\" {\n  title = \"Trial\"\n"
    "  enrol = \"NOT churned AND (vip OR forecast_mrr >= 100 AND (lower(plan) LIKE 'pay%' OR plan = "
    "'yc'))\"\n"
    "  exclude = \"sales_engaged\"  leave = \"sales_engaged\"  cancel = \"churned\"\n"
    "  hold = \"NOT declined AND (coalesce(csm, '') <> '' OR trial_given)\"\n"
    "  stage fresh { title = \"Fresh\" }\n  stage written { title = \"Written\" }\n"
    "  stage done { title = \"Done\" }\n  stage sales { title = \"Sales\" outside = true cancels = true }\n"
    "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" }\n"
    "  transition referred { on = \"referral\" to = \"sales\" }\n"
    "  step hello { kind = \"draft\" template = \"hello.md\" stages = {\"fresh\"} due = \"fresh_at\" }\n"
    "  step check { kind = \"draft\" template = \"hello.md\" stages = {\"written\"} when = \"forecast_mrr >= "
    "5000\" due = \"written_at\" }\n"
    "  step nudge { kind = \"automatic\" to = \"participants\" template = \"nudge.md\" stages = "
    "{\"written\"} needs_answered = true unless = \"blocked\"\n"
    "    due = \"add_days(written_at, 10)\" until = \"add_days(written_at, 30)\" late = \"send within 7 "
    "days\" "
    "}\n"
    "  step undated { kind = \"automatic\" template = \"nudge.md\" stages = {\"written\"} due = "
    "\"add_days(engaged_at, 40)\" late = \"skip\" }\n"
    "}\n";

#define FACTS                                                                                                \
    "facts {\"forecast_mrr\": 512.31, \"plan\": \"payg\", \"trial_given\": false, \"blocked\": false}"
#define ENTERED "now 2026-11-02 10:00", FACTS, "tick"
#define WRITTEN ENTERED, "approve 1", "send 250", "tick"
/* The nudge lies in the outbox. */
#define QUEUED WRITTEN, "now 2026-11-12 10:00", FACTS, "read", "tick"
#define SCRIPT 14

struct row {
    const char *script[SCRIPT], *step;
    enum why_cause cause;
    const char *line, *evidence, *command; /* the last two: a part of it; NULL: none */
};

static const struct row rows[] = {
    /* ---- the account ---- */
    {{"now 2026-11-02 10:00", "facts {\"forecast_mrr\": 42, \"plan\": \"payg\"}", "tick"},
     NULL,
     WHY_NOT_ENROLLED,
     "acme is not in Trial: enrol wants forecast_mrr >= 100, and forecast_mrr = 42",
     NULL,
     "usher enrol acme trial"},
    {{"now 2026-11-02 10:00", "facts {\"forecast_mrr\": 420}", "tick"},
     "hello",
     WHY_NOT_ENROLLED,
     "acme is not in Trial: enrol wants lower(plan) LIKE 'pay%', and plan is missing",
     NULL,
     "usher import"},
    {{"now 2026-11-02 10:00", "facts {\"forecast_mrr\": 420, \"plan\": \"yc\", \"churned\": true}", "tick"},
     NULL,
     WHY_NOT_ENROLLED,
     "acme is not in Trial: enrol wants NOT churned, and churned = true",
     NULL,
     "usher enrol acme trial"},
    {{"now 2026-11-02 10:00", FACTS},
     NULL,
     WHY_NOT_LOOKED,
     "acme enters Trial when usher looks at it next: enrol holds",
     NULL,
     NULL},
    {{"now 2026-11-02 10:00", "act sales_engaged {}", FACTS, "tick"},
     NULL,
     WHY_EXCLUDED,
     "acme never enters Trial: exclude holds: sales_engaged = true",
     NULL,
     NULL},
    {{"now 2026-11-02 10:00", FACTS, "sql UPDATE account SET absent = 1", "tick"},
     NULL,
     WHY_ABSENT,
     "acme is not in Trial: it is absent from the last complete import",
     NULL,
     "usher import"},
    {{WRITTEN, "act sales_engaged {}", "tick"},
     NULL,
     WHY_LEFT,
     "acme has left Trial: sales_engaged = true",
     "by ana on 2026-11-02 10:00",
     NULL},
    {{WRITTEN, "facts {\"forecast_mrr\": 5, \"churned\": true}", "tick"},
     "nudge",
     WHY_CANCELLED,
     "nothing automatic goes to acme any more: churned = true",
     "by usher",
     "usher stage acme"},
    {{WRITTEN, "act referral {}", "tick"},
     NULL,
     WHY_CANCELLED,
     "nothing automatic goes to acme any more: Sales",
     "by ana on 2026-11-02 10:00",
     "usher stage acme"},
    {{WRITTEN, "act stage_entered {\"sequence\": \"trial\", \"stage\": \"done\", \"by_hand\": 1}", "tick"},
     NULL,
     WHY_NOTHING_LEFT,
     "nothing more is planned for acme: each step of Trial is over, or does not apply; `usher why acme STEP` "
     "says of each why",
     NULL,
     NULL},
    /* ---- a step that is not due, or is over ---- */
    {{ENTERED}, "nudge", WHY_STAGE, "nudge is for Written, and acme is in Fresh", NULL, "usher stage acme"},
    {{WRITTEN},
     "check",
     WHY_WHEN,
     "check does not apply: its when wants forecast_mrr >= 5000, and forecast_mrr = 512.31",
     NULL,
     NULL},
    {{WRITTEN, "facts {\"plan\": \"payg\"}", "tick"},
     "check",
     WHY_WHEN,
     "check does not apply: its when wants forecast_mrr >= 5000, and forecast_mrr is missing",
     NULL,
     "usher import"},
    {{WRITTEN, "facts {\"blocked\": true}", "tick"},
     "nudge",
     WHY_UNLESS,
     "nudge does not apply: its unless holds, because blocked = true",
     NULL,
     NULL},
    {{WRITTEN, "facts {\"plan\": \"payg\"}", "tick"},
     "nudge",
     WHY_UNLESS,
     "nudge does not go out: nobody knows whether its unless holds: blocked is missing",
     NULL,
     "usher import"},
    {{WRITTEN}, "undated", WHY_NO_DATE, "undated has no date: engaged_at missing", NULL, "usher import"},
    {{WRITTEN},
     NULL,
     WHY_SCHEDULED,
     "nudge goes out by itself on Thursday 2026-11-12 10:00 (Europe/Berlin)",
     NULL,
     "usher stop acme nudge"},
    {{WRITTEN, "act hold_set {\"reason\": \"holidays\"}", "tick"},
     NULL,
     WHY_SCHEDULED,
     "nudge goes out by itself on Thursday 2026-11-12 10:00 (Europe/Berlin); if it were due now it would "
     "wait: on hold: holidays",
     NULL,
     "usher stop acme nudge"},
    {{WRITTEN},
     "hello",
     WHY_SENT,
     "hello went out on Monday 2026-11-02 10:00 (Europe/Berlin) to ann@acme.example, bob@acme.example",
     NULL,
     NULL},
    {{ENTERED, "approve 1", "send 550", "tick"},
     "hello",
     WHY_FAILED,
     "hello could not be delivered: ann@acme.example, bob@acme.example refused it: 550 said so",
     NULL,
     "usher import"},
    {{WRITTEN, "act step_changed {\"sequence\": \"trial\", \"step\": \"nudge\", \"state\": \"stopped\"}",
      "tick"},
     "nudge",
     WHY_STOPPED,
     "nudge is not sent: it was stopped by ana on 2026-11-02 10:00",
     NULL,
     "usher resume acme nudge"},
    {{ENTERED, "reject 1", "tick"},
     "hello",
     WHY_REJECTED,
     "hello is not sent: its draft was rejected by ana on 2026-11-02 10:00: not now",
     NULL,
     "usher resume acme hello"},
    {{WRITTEN, "now 2026-11-12 10:00", "act hold_set {\"reason\": \"holidays\"}", "tick",
      "now 2026-12-03 10:00", FACTS, "tick"},
     "nudge",
     WHY_EXPIRED,
     "nudge is not sent any more: its last date has passed, on Wednesday 2026-12-02 10:00 (Europe/Berlin)",
     "since 2026-11-12 10:00 it waited: on hold: holidays",
     "usher extend acme"},
    {{WRITTEN, "now 2026-11-23 10:00", FACTS, "tick"},
     NULL,
     WHY_LATE,
     "nudge is not sent by itself: it was planned for Thursday 2026-11-12 10:00 (Europe/Berlin) and is 11 "
     "days "
     "late, and at most 7 are allowed",
     NULL,
     "usher resume acme nudge"},
    {{WRITTEN, "act booked {}", "now 2026-12-20 10:00", FACTS, "tick"},
     "undated",
     WHY_SKIPPED,
     "undated was left out: it was planned for Monday 2026-12-14 09:00 (Europe/Berlin) and was 6 days late, "
     "and its file says late = \"skip\"",
     NULL,
     "usher resume acme undated"},
    /* ---- drafts ---- */
    {{ENTERED},
     NULL,
     WHY_DRAFT,
     "hello waits for a specialist: draft 1 is not approved; it was due on Monday 2026-11-02 10:00 "
     "(Europe/Berlin)",
     NULL,
     "usher approve 1"},
    {{ENTERED, "now 2026-12-20 10:00", "tick"},
     NULL,
     WHY_DRAFT,
     "hello waits for a specialist: draft 1 is not approved; it was due on Monday 2026-11-02 10:00 "
     "(Europe/Berlin); it cannot be approved now: the fact forecast_mrr is 48 days old, the template allows "
     "30",
     "forecast_mrr was last delivered by test, as of 2026-11-02 10:00",
     "usher approve 1"},
    {{ENTERED, "approve 1", "act replied {\"address\": \"ann@acme.example\", \"message_id\": \"r@x\"}",
      "tick"},
     NULL,
     WHY_RETURNED,
     "hello waits for a specialist: draft 1 came back: a reply came in from ann@acme.example: read it first; "
     "it "
     "was due on Monday 2026-11-02 10:00 (Europe/Berlin)",
     NULL,
     "usher approve 1"},
    /* ---- due, and held ---- */
    {{WRITTEN, "now 2026-11-12 10:00", FACTS, "act hold_set {\"reason\": \"holidays\"}", "tick"},
     NULL,
     WHY_HOLD,
     "nudge is due and waits: on hold: holidays",
     "by ana on 2026-11-12 10:00; it has no end",
     "usher resume acme"},
    {{WRITTEN, "now 2026-11-05 10:00", "mail reply Could we talk on Friday?", "now 2026-11-12 10:00", FACTS,
      "tick"},
     NULL,
     WHY_UNANSWERED,
     "nudge is due and waits: the customer's reply is unanswered",
     "reply of ann@acme.example on 2026-11-05 10:00 (usher inbox 1): Could we talk on Friday?",
     "usher resume acme"},
    {{WRITTEN, "now 2026-11-12 10:00", FACTS, "sql UPDATE account SET absent = 1, dirty = 1", "tick"},
     NULL,
     WHY_ABSENT,
     "nudge is due and waits: the account is absent from the last complete import",
     NULL,
     "usher import"},
    {{WRITTEN, "now 2026-11-12 10:00",
      "facts {\"forecast_mrr\": 512, \"csm\": \"jo\", \"trial_given\": false, \"blocked\": false}", "tick"},
     NULL,
     WHY_RULE,
     "nudge is due and waits: hold holds, because coalesce(csm, '') <> '': csm = jo",
     NULL,
     "usher import"},
    {{WRITTEN, "now 2026-11-12 10:00", "facts {\"forecast_mrr\": 512, \"blocked\": false}", "tick"},
     NULL,
     WHY_RULE,
     "nudge is due and waits: nobody knows whether hold holds: trial_given is missing",
     NULL,
     "usher import"},
    {{WRITTEN, "now 2026-11-12 10:00", FACTS,
      "act away_set {\"specialist\": \"ana\", \"from\": 0, \"until\": 1900000000000000}", "tick"},
     NULL,
     WHY_AWAY,
     "nudge is due and waits: Ana Diaz is away until 2030-03-17 and nobody covers",
     NULL,
     "usher away"},
    {{WRITTEN, "now 2026-11-12 10:00", FACTS,
      "act suppressed {\"address\": \"ann@acme.example\", \"reason\": "
      "\"dead_address\"}",
      "act suppressed {\"address\": \"bob@acme.example\", \"reason\": \"opt_out\"}", "tick"},
     NULL,
     WHY_NOBODY,
     "nudge is due and waits: cannot be composed: nobody is left to write to",
     "ann@acme.example: suppressed, dead_address; bob@acme.example: suppressed, opt_out",
     "usher import"},
    {{WRITTEN, "now 2026-11-12 10:00",
      "facts {\"plan\": \"payg\", \"trial_given\": false, \"blocked\": false}", "tick"},
     NULL,
     WHY_COMPOSE,
     "nudge is due and waits: cannot be composed: ",
     NULL,
     "usher preview acme nudge"},
    {{WRITTEN, "now 2026-11-12 10:00", FACTS, "act hold_set {\"reason\": \"holidays\"}", "tick",
      "act released {}"},
     NULL,
     WHY_WANTED,
     "nudge is due, and is composed when usher looks at acme next",
     NULL,
     NULL},
    /* ---- in the outbox ---- */
    {{QUEUED},
     NULL,
     WHY_READY,
     "nothing holds nudge back: the service sends it to ann@acme.example, "
     "bob@acme.example next",
     NULL,
     "usher stop acme nudge"},
    {{WRITTEN, "now 2026-11-12 10:00", FACTS, "tick"},
     NULL,
     WHY_FENCE,
     "nudge waits until the mailboxes are read, so that an answer is not missed: the folder inbox of ana was "
     "never read",
     NULL,
     "usher check"},
    {{QUEUED, "mail auto_reply I am away"},
     NULL,
     WHY_PERSON_HOLD,
     "nudge is in the outbox and goes out on Thursday 2026-11-19 09:00 (Europe/Berlin): ann@acme.example is "
     "on "
     "hold: an automatic reply says they are away",
     "auto_reply of ann@acme.example on 2026-11-12 10:00 (usher inbox 1): Auto-Submitted: auto-replied; it "
     "ends "
     "on 2026-11-19 00:00",
     "usher resume acme"},
    {{QUEUED, "now 2026-11-12 20:00"},
     NULL,
     WHY_HOURS,
     "nudge is in the outbox and goes out on Friday 2026-11-13 09:00 (Europe/Berlin): outside its sending "
     "hours",
     NULL,
     "window"},
    {{QUEUED, "sql UPDATE delivery SET state = 'unknown' WHERE id = 3"},
     NULL,
     WHY_UNKNOWN,
     "nobody knows whether nudge arrived at ann@acme.example: the mail went out on 2026-11-12 10:00, and no "
     "answer came",
     NULL,
     "usher settle 2 sent|not-sent"},
    {{QUEUED, "sql UPDATE delivery SET state = 'transmitting' WHERE id = 3"},
     NULL,
     WHY_SENDING,
     "nudge is being sent to ann@acme.example now",
     NULL,
     NULL},
    {{QUEUED, "sql INSERT INTO meta VALUES('unclaimed', 'the database was moved')"},
     NULL,
     WHY_UNCLAIMED,
     "nudge is ready, and nothing is sent: the database was moved; `usher claim` takes it over",
     NULL,
     "usher claim"},
    {{QUEUED, "sql INSERT INTO mailbox_stop(mailbox, kind, since, setup, code, text) VALUES('ana', 'login', "
              "1762938000000000, '', 535, 'bad password')"},
     NULL,
     WHY_MAILBOX,
     "nudge is ready, and mailbox ana sends nothing since 2025-11-12 10:00: ",
     NULL,
     "usher outbox --resume ana"},
    {{QUEUED, "send 450"},
     NULL,
     WHY_DEFERRED,
     "nudge is tried again on Thursday 2026-11-12 10:15 (Europe/Berlin): the server of ann@acme.example, "
     "bob@acme.example put it off: 450 said so",
     "tried 1 time",
     NULL},
    {{QUEUED, "sql UPDATE delivery SET text = 'mail.acme.example:587 cannot be reached', host = "
              "'mail.acme.example' WHERE state = 'queued'"},
     NULL,
     WHY_SERVER,
     "nudge is ready, and could not leave on the last try: mail.acme.example:587 cannot be reached",
     NULL,
     "usher check"},
    /* The mail of another account was tried; since then none has left. */
    {{QUEUED,
      "sql INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, host, text, at) "
      "SELECT 1, mailbox, 'kim@other.example', 'to', 'queued', next_at, 'mail.acme.example', 'no route', at "
      "FROM delivery WHERE id = 3"},
     NULL,
     WHY_SERVER,
     "nudge is ready, and could not leave on the last try: no route",
     NULL,
     "usher check"},
    /* ---- limits: the configuration comes first ---- */
    {{"trial gap = \"20 days\"", WRITTEN},
     NULL,
     WHY_GAP,
     "nudge goes out by itself on Monday 2026-11-23 09:00 (Europe/Berlin): gap: the account was written to "
     "on "
     "2026-11-02 10:00, the next mail not before 2026-11-22 10:00",
     NULL,
     "gap in"},
    {{"conf daily_max = 1", QUEUED, "sql UPDATE delivery SET at = 1794474000000000 WHERE message_id = 1"},
     NULL,
     WHY_CAP,
     "nudge is in the outbox and goes out on Friday 2026-11-13 09:00 (Europe/Berlin): cap: the service has "
     "sent "
     "its 1 mails of the day (daily_max)",
     NULL,
     "daily_max"},
    {{QUEUED, "conf deliver_only_to = {\"team.example\"}"},
     NULL,
     WHY_NET,
     "nudge is in the outbox and waits: deliver_only_to does not allow ann@acme.example",
     NULL,
     "deliver_only_to"},
    {{"file sequences/holidays.txt years 2026-2030\ncountry DE\n2026-11-12 Regatta\n", "conf #",
      "now 2026-11-02 10:00",
      "facts {\"forecast_mrr\": 512.31, \"plan\": \"payg\", \"trial_given\": false, \"blocked\": false, "
      "\"country\": \"DE\"}",
      "tick", "approve 1", "send 250", "tick"},
     NULL,
     WHY_HOLIDAY,
     "nudge goes out by itself on Friday 2026-11-13 09:00 (Europe/Berlin): moved by a holiday: Regatta",
     NULL,
     "holidays.txt"},
    {{"conf approval { second = true }", ENTERED, "approve 1"},
     NULL,
     WHY_DRAFT,
     "hello waits for a specialist: draft 1 is not approved; it was due on Monday 2026-11-02 10:00 "
     "(Europe/Berlin); ana has approved it, a second person has to look",
     NULL,
     "usher approve 1"},
    {{"file templates/nudge.md Subject: Hi\n\n{{ nosuch }}\n", WRITTEN, "now 2026-11-12 10:00", FACTS,
      "tick"},
     NULL,
     WHY_COMPOSE,
     "nudge is due and waits: cannot be composed: ",
     NULL,
     "usher preview acme nudge"},
    {{"trial # no rule", "now 2026-11-02 10:00"},
     NULL,
     WHY_BY_HAND,
     "acme is not in Trial, which is entered by hand only",
     NULL,
     "usher enrol acme trial"},
};

static gint64
last_message(struct world *w)
{
    return store_int(w->f.db, "SELECT MAX(id) FROM message", 0, NULL, "");
}

/* A mail of the customer, as the watcher would have recorded it. */
static void
receive(struct world *w, const char *class, const char *words)
{
    gboolean reply = strcmp(class, "reply") == 0;
    store_exec(
        w->f.db,
        "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, rule, evidence, account_id, "
        "address, subject, text) VALUES('ana', 'INBOX', 1, 1, ?, ?, 'r', ?, ?, 'ann@acme.example', "
        "'Re: hi', ?)",
        &w->f.error, "ittit", w->now_us, class, reply ? NULL : "Auto-Submitted: auto-replied", w->account_id,
        words);
    g_assert_no_error(w->f.error);
    act(w, reply ? "replied" : "auto_replied",
        "{\"address\": \"ann@acme.example\", \"message_id\": \"r@x\", \"inbound\": 1}");
}

/* A line more in the sequence, one instead of its rules, or in usher.conf. */
static void
set_up_anew(struct world *w, const char *verb, const char *line)
{
    g_autofree char *conf = NULL;
    if (strcmp(verb, "trial") == 0) {
        const char *rest = strstr(trial_conf, *line == '#' ? "  exclude" : "  enrol");
        g_autofree char *text =
            g_strdup_printf("sequence \"trial\" {\n  title = \"Trial\"\n  %s\n%s", line, rest);
        fixture_write(&w->f, "sequences/trial.conf", text);
    } else {
        conf = g_strdup_printf("%s\n%s", line, fixture_conf);
    }
    service_reopen(w, conf ? conf : fixture_conf);
}

static void
perform(struct world *w, const char *line)
{
    const char *space = strchr(line, ' ');
    const char *arg = space ? space + 1 : "";
    g_autofree char *verb = space ? g_strndup(line, (gsize)(space - line)) : g_strdup(line);
    const char *second = strchr(arg, ' ');
    g_autofree char *word = second ? g_strndup(arg, (gsize)(second - arg)) : g_strdup(arg);
    if (strcmp(verb, "now") == 0)
        now_is(w, arg);
    else if (strcmp(verb, "tick") == 0)
        tick_run(w->s, w->now_us, NULL, NULL, &w->f.error);
    else if (strcmp(verb, "facts") == 0)
        facts_are(w, arg);
    else if (strcmp(verb, "approve") == 0)
        approve(w, (int)g_ascii_strtoll(arg, NULL, 10));
    else if (strcmp(verb, "reject") == 0)
        approval_refuse(w->s, (int)g_ascii_strtoll(arg, NULL, 10), 0, "not now", "ana", &w->f.error);
    else if (strcmp(verb, "send") == 0)
        g_assert_cmpint(send_due(w, (int)g_ascii_strtoll(arg, NULL, 10)), ==, 1);
    else if (strcmp(verb, "read") == 0)
        mailboxes_read(w, 0, NULL);
    else if (strcmp(verb, "act") == 0)
        act(w, word, second + 1);
    else if (strcmp(verb, "conf") == 0 || strcmp(verb, "trial") == 0)
        set_up_anew(w, verb, arg);
    else if (strcmp(verb, "file") == 0)
        fixture_write(&w->f, word, second + 1);
    else if (strcmp(verb, "mail") == 0)
        receive(w, word, second + 1);
    else {
        g_assert_cmpstr(verb, ==, "sql");
        deliveries_may_jump(&w->f);
        run_sql(&w->f, arg);
    }
    g_assert_no_error(w->f.error);
}

static void
assert_part(const char *whole, const char *part, const char *what)
{
    if (!part && whole)
        g_test_message("%s: %s", what, whole);
    if (part && (!whole || !strstr(whole, part)))
        g_error("%s is \"%s\", expected \"%s\" in it", what, whole ? whole : "(none)", part);
    g_assert_true(part || !whole);
}

static void
test_row(struct world *w, gconstpointer data)
{
    const struct row *row = data;
    for (int i = 0; i < SCRIPT && row->script[i]; i++)
        perform(w, row->script[i]);
    gint64 events = events_so_far(&w->f), messages = last_message(w);
    const struct step *step = row->step ? sequence_step(w->seq, row->step) : NULL;
    g_assert_true(step || !row->step);
    scoped(why_free) struct why *why =
        why_make(w->s, w->account_id, "acme", w->seq, step, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    g_autofree char *line = g_strndup(why->line, strlen(row->line)); /* a row may leave the end open */
    g_assert_cmpstr(g_str_has_suffix(row->line, ": ") ? line : why->line, ==, row->line);
    g_assert_cmpstr(why_cause_names[why->cause], ==, why_cause_names[row->cause]);
    assert_part(why->evidence, row->evidence, "evidence");
    assert_part(why->command, row->command, "command");
    g_assert_cmpint(events_so_far(&w->f), ==, events);
    g_assert_cmpint(last_message(w), ==, messages);
}

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "sequences/facts.conf", facts_conf);
    fixture_write(&w->f, "sequences/trial.conf", trial_conf);
    service_reopen(w, fixture_conf);
    run_sql(&w->f, "DELETE FROM account_facts");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/service/why/%s/%d", why_cause_names[rows[i].cause], (int)i);
        g_test_add(path, struct world, &rows[i], set_up, test_row, world_tear_down);
    }
    return g_test_run();
}
