/* What follows from each class of mail, and that a correction to one that counts for nothing takes exactly
 * that back. */
#include "fixture_mail.h"

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
    {"opt-out", {.mail_class = MAIL_CLASS_OPT_OUT, .from = ANN, .in_thread = TRUE}, OPTED_OUT},
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(follows); i++) {
        g_autofree char *path = g_strdup_printf("/service/correction/follows/%s", follows[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_follows, tear_down);
    }
    ADD("away-over-a-holiday", test_away_over_a_holiday, 0);
    ADD("away-is-not-late", test_away_is_not_late, 0);
    ADD("next-best", test_next_best, 0);
    ADD("read-again", test_read_again, 0);
    return g_test_run();
}
