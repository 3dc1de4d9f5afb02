/* Corrections of how a mail was read: what they take back, what stays, and that the journal and the tables
 * agree afterwards. */
#include "fixture_mail.h"
#include "pipeline/replay.h"

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
        assert_state(w, OPTED_OUT);
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("back-and-forth", test_back_and_forth, 0);
    ADD("two-causes", test_two_causes, 0);
    ADD("last-person", test_last_person, 0);
    ADD("sent-stays", test_sent_stays, 0);
    ADD("expired-comes-back", test_expired_comes_back, 0);
    ADD("drafts-wait/waiting", test_drafts_wait, 0);
    ADD("drafts-wait/approved", test_drafts_wait, 1);
    ADD("same-mail", test_same_mail, 0);
    ADD("refused", test_refused, 0);
    ADD("tasks/stage", test_tasks, 0);
    ADD("tasks/end", test_tasks, 1);
    ADD("tables-are-known", test_tables_are_known, 0);
    ADD("verify-tells", test_verify_tells, 0);
    return g_test_run();
}
