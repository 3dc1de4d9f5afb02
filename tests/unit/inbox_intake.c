/* From a read mail to its row and its events: each class, mail by hand, mail of nobody, and that reading
 * twice tells nothing new. */
#include "inbox/intake.h"

#include "fixture.h"

struct world {
    struct fixture f;
    struct intake intake;
    struct event_sink sink;
    gint64 acme, other;
    guint32 uid;
};

static gboolean
record_event(gpointer user, struct store *db, struct event *event, GError **error)
{
    (void)user;
    return journal_append(db, event, error);
}

static void
set_up(struct world *w, gconstpointer data)
{
    (void)data;
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    w->sink = (struct event_sink){.record = record_event};
    w->intake = (struct intake){.db = w->f.db,
                                .config = w->f.config,
                                .mailbox = config_mailbox(w->f.config, "ana"),
                                .sink = &w->sink};
    w->acme = add_account(&w->f, "acme", "{}");
    w->other = add_account(&w->f, "other", "{}");
    add_contact(&w->f, w->acme, "ann@acme.example", "owner - - -");
    add_contact(&w->f, w->acme, "both@x.example", "member - - -");
    add_contact(&w->f, w->other, "both@x.example", "member - - -");
    run_sql(&w->f, "INSERT INTO message(id, account_id, sequence, step, automatic, state, specialist, "
                   "mailbox, created_at, template, subject,"
                   " recipients, message_id, token) VALUES(1, 1, 's', 's', 0, 'sent', "
                   "'ana', 'ana', 0, 't', 'Hello', '[]',"
                   " 'usher.1@team.example', 'aaaaaaaaaaaaaaaa')");
}

static void
tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_tear_down(&w->f);
}

/* A mail from a person, as the reader would describe it. */
static void
describe(struct mail_record *r, enum mail_class mail_class, const char *from, const char *subject)
{
    static int number;
    g_autofree char *id = g_strdup_printf("mail-%d@customer.example", ++number);
    mail_record_init(r);
    r->mail_class = mail_class;
    r->personal = TRUE;
    mail_record_set(&r->rule, "a-rule", MAIL_RECORD_MAX_LINE);
    mail_record_set(&r->evidence, "the line", MAIL_RECORD_MAX_EVIDENCE);
    mail_record_set(&r->from, from, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&r->subject, subject, MAIL_RECORD_MAX_LINE);
    mail_record_set(&r->message_id, id, MAIL_RECORD_MAX_ID);
    mail_record_set(&r->text, "Their words", MAIL_RECORD_MAX_TEXT);
}

static void
take(struct world *w, const char *folder, struct mail_record *r)
{
    const struct mail_place place = {.folder = folder,
                                     .sent_folder = strcmp(folder, "Sent") == 0,
                                     .uidvalidity = 7,
                                     .uid = ++w->uid,
                                     .at_us = at("2026-11-02 10:00")};
    g_assert_true(store_begin(w->f.db, NULL));
    intake_record(&w->intake, &place, r, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->f.db, NULL));
}

#define assert_events(w, expected)                                                                           \
    assert_rows(&(w)->f, "COALESCE(account_id, 0) || ' ' || kind", "event ORDER BY id", expected)

/* ---- each class ---- */

static const struct {
    const char *name;
    enum mail_class mail_class;
    gboolean personal;
    enum booking_act act;
    const char *events,
        *detail; /* detail: an expression over the last event's data, and its value behind '=' */
} classes[] = {
    {"reply", MAIL_CLASS_REPLY, TRUE, BOOKING_ACT_NONE, "1 replied", "data ->> 'address'=ann@acme.example"},
    {"other by hand", MAIL_CLASS_OTHER, TRUE, BOOKING_ACT_NONE, "1 replied", "data ->> 'matched_by'=thread"},
    {"other by a robot", MAIL_CLASS_OTHER, FALSE, BOOKING_ACT_NONE, "", NULL},
    {"auto reply", MAIL_CLASS_AUTO_REPLY, FALSE, BOOKING_ACT_NONE, "1 auto_replied",
     "data ->> 'return_date'=2026-11-30"},
    {"opt-out", MAIL_CLASS_OPT_OUT, TRUE, BOOKING_ACT_NONE, "1 opted_out",
     "data ->> 'address'=ann@acme.example"},
    {"complaint of nobody we wrote to", MAIL_CLASS_COMPLAINT, FALSE, BOOKING_ACT_NONE, "1 complained", NULL},
    {"booking", MAIL_CLASS_BOOKING, FALSE, BOOKING_ACT_NEW, "1 booked",
     "data ->> 'act' || ' ' || (data ->> 'starts_at') || ' ' || (data ->> 'ends_at')=new 5000000 65000000"},
    {"booking accepted", MAIL_CLASS_BOOKING, FALSE, BOOKING_ACT_ACCEPTED, "1 booked", NULL},
    {"booking cancelled", MAIL_CLASS_BOOKING, FALSE, BOOKING_ACT_CANCELLED, "1 booking_changed",
     "data ->> 'act'=cancelled"},
    {"delay", MAIL_CLASS_DELAY, FALSE, BOOKING_ACT_NONE, "", NULL},
    {"receipt", MAIL_CLASS_RECEIPT, FALSE, BOOKING_ACT_NONE, "", NULL},
    {"challenge", MAIL_CLASS_CHALLENGE, FALSE, BOOKING_ACT_NONE, "", NULL},
    {"own", MAIL_CLASS_OWN, TRUE, BOOKING_ACT_NONE, "", NULL},
};

static void
test_class(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    struct mail_record r;
    describe(&r, classes[i].mail_class, "ann@acme.example", "Re: Hello");
    r.personal = classes[i].personal;
    r.booking = classes[i].act;
    r.booking_at_us = classes[i].act == BOOKING_ACT_NONE ? 0 : 5 * G_TIME_SPAN_SECOND;
    r.booking_length_us = classes[i].act == BOOKING_ACT_NONE ? 0 : G_TIME_SPAN_MINUTE;
    mail_record_set(&r.in_reply_to, "usher.1@team.example", MAIL_RECORD_MAX_ID);
    mail_record_set(&r.return_date, "2026-11-30", 10);
    take(w, "INBOX", &r);
    assert_events(w, classes[i].events);
    if (classes[i].detail) {
        g_auto(GStrv) parts = g_strsplit(classes[i].detail, "=", 2);
        assert_rows(&w->f, parts[0], "event", parts[1]);
    }
    gboolean by_context = classes[i].mail_class == MAIL_CLASS_OTHER && classes[i].personal;
    g_autofree char *row =
        g_strdup_printf("%s 1 1 thread Re: Hello Their words",
                        mail_class_name(by_context ? MAIL_CLASS_REPLY : classes[i].mail_class));
    assert_rows(&w->f,
                "class || ' ' || account_id || ' ' || in_message || ' ' || matched_by || ' ' || subject || ' "
                "' || text",
                "inbound", row);
    assert_rows(&w->f, "event_id IS (SELECT MAX(id) FROM event)", "inbound", "1");
    mail_record_clear(&r);
}

/* By the clock of a zone that the mail only names: looked up here, where files may be read. */
static void
test_booking_zone(struct world *w, gconstpointer data)
{
    static const struct {
        const char *zone, *starts;
    } cases[] = {
        {"Europe/Berlin", "2026-07-01 14:00:00"},
        {"America/Argentina/Buenos_Aires", "2026-07-01 19:00:00"},
        {"Mars/Olympus", NULL},
        {"Europe//Berlin", NULL},
        {"posix/Europe/Berlin", NULL},
        {"EST5EDT,M3.2.0/2,M11.1.0/2", NULL},
        {"/etc/passwd", NULL},
        {"Europe/../../../etc/passwd", NULL},
    };
    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        describe(&r, MAIL_CLASS_BOOKING, "ann@acme.example", "Call");
        r.booking = BOOKING_ACT_NEW;
        r.booking_at_us = at("2026-07-01T16:00:00Z");
        r.booking_length_us = 30 * G_TIME_SPAN_MINUTE;
        mail_record_set(&r.booking_zone, cases[i].zone, MAIL_RECORD_MAX_ZONE);
        mail_record_set(&r.in_reply_to, "usher.1@team.example", MAIL_RECORD_MAX_ID);
        take(w, "INBOX", &r);
        g_autofree char *starts = store_text(
            w->f.db,
            "SELECT datetime((data ->> 'starts_at') / 1000000, 'unixepoch') FROM event ORDER BY id DESC",
            NULL, "");
        g_assert_cmpstr(starts, ==, cases[i].starts);
        mail_record_clear(&r);
    }
}

/* Each failed recipient is judged by itself, and an address we never wrote to cannot have bounced for good.
 */
static void
test_bounce(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *address;
        enum bounce_reason reason;
        enum tri_state permanent;
    } failed[] = {{"a@x.example", BOUNCE_REASON_ADDRESS_DEAD, TRI_STATE_YES},
                  {"b@x.example", BOUNCE_REASON_DOMAIN_DEAD, TRI_STATE_YES},
                  {"c@x.example", BOUNCE_REASON_SPAM, TRI_STATE_YES},
                  {"d@x.example", BOUNCE_REASON_ADDRESS_DEAD, TRI_STATE_UNKNOWN},
                  {"e@x.example", BOUNCE_REASON_FULL, TRI_STATE_NO},
                  {"forged@x.example", BOUNCE_REASON_ADDRESS_DEAD, TRI_STATE_YES}};
    for (gsize i = 0; i < G_N_ELEMENTS(failed) - 1; i++)
        store_exec(w->f.db,
                   "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(1, "
                   "'ana', ?, 'to', 'sent', 0, 0)",
                   &w->f.error, "t", failed[i].address);
    struct mail_record r;
    describe(&r, MAIL_CLASS_BOUNCE, "mailer-daemon@x.example", "Undelivered");
    mail_record_set(&r.returned_message_id, "usher.1@team.example", MAIL_RECORD_MAX_ID);
    for (gsize i = 0; i < G_N_ELEMENTS(failed); i++) {
        struct failed_recipient *f = mail_record_add_failed(&r, failed[i].address);
        f->reason = failed[i].reason;
        f->permanent = failed[i].permanent;
    }
    take(w, "INBOX", &r);
    assert_events(w, "1 bounced;1 bounced;1 bounced;1 bounced;1 bounced;1 bounced");
    assert_rows(&w->f, "substr(data ->> 'address', 1, 1) || (data ->> 'permanent')", "event ORDER BY id",
                "a1;b1;c0;d0;e0;f0");
    mail_record_clear(&r);
}

/* The provider's robot sends it; who complained is the one we wrote to. */
static void
test_complaint(struct world *w, gconstpointer data)
{
    (void)data;
    run_sql(&w->f, "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(1, "
                   "'ana', 'ann@acme.example', 'to', 'sent', 0, 0)");
    struct mail_record r;
    describe(&r, MAIL_CLASS_COMPLAINT, "feedback@isp.example", "Complaint");
    mail_record_set(&r.returned_message_id, "usher.1@team.example", MAIL_RECORD_MAX_ID);
    g_assert_nonnull(mail_record_add_failed(&r, "forged@x.example"));
    g_assert_nonnull(mail_record_add_failed(&r, "ann@acme.example"));
    take(w, "INBOX", &r);
    assert_events(w, "1 opted_out");
    assert_rows(&w->f, "data ->> 'address'", "event", "ann@acme.example");
    mail_record_clear(&r);
}

/* ---- mail of nobody ---- */

static gboolean
holds(const char *bytes, gsize length, const char *word)
{
    gsize n = strlen(word);
    for (gsize i = 0; i + n <= length; i++)
        if (memcmp(bytes + i, word, n) == 0)
            return TRUE;
    return FALSE;
}

static void
test_nobody(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_record r;
    describe(&r, MAIL_CLASS_REPLY, "stranger@x.example", "A private matter");
    take(w, "INBOX", &r);
    assert_events(w, "");
    assert_rows(&w->f,
                "class || ' ' || rule || ' ' || uid || (account_id IS NULL) || (address IS NULL) || (subject "
                "IS NULL) || (text IS NULL)"
                " || (message_id IS NULL) || (evidence IS NULL) || length(sender_hash)",
                "inbound", "reply a-rule 111111132");
    /* The hash is keyed: without the secret it tells nothing, with it the sender is found again. */
    g_autofree char *hash = store_text(w->f.db, "SELECT sender_hash FROM inbound", NULL, "");
    g_autofree char *plain = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "stranger@x.example", -1);
    g_assert_false(g_str_has_prefix(plain, hash));
    mail_record_clear(&r);
    describe(&r, MAIL_CLASS_REPLY, "stranger@x.example", "Again");
    take(w, "INBOX", &r);
    assert_rows(&w->f, "COUNT(DISTINCT sender_hash) || COUNT(*)", "inbound", "12");
    mail_record_clear(&r);
    /* Nothing of it is anywhere in the file. */
    store_close(w->f.db);
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(w->f.config->database, &bytes, &length, NULL));
    g_assert_true(holds(bytes, length, "a-rule"));
    g_assert_false(holds(bytes, length, "stranger"));
    g_assert_false(holds(bytes, length, "private matter"));
    w->f.db = store_open(w->f.config->database, &w->f.error);
}

/* One address, two accounts, no thread: both wait for a person. */
static void
test_ambiguous(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_record r;
    describe(&r, MAIL_CLASS_REPLY, "both@x.example", "A question");
    take(w, "INBOX", &r);
    assert_events(w, "1 hold_set;1 task_made;2 hold_set;2 task_made");
    assert_rows(&w->f, "data ->> 'reason'", "event WHERE kind = 'hold_set' LIMIT 1",
                "a mail with both@x.example may be about this account or another");
    assert_rows(&w->f, "account_id IS NULL", "inbound", "1");
    mail_record_clear(&r);
    describe(&r, MAIL_CLASS_REPLY, "both@x.example", "Re: Hello");
    mail_record_set(&r.in_reply_to, "usher.1@team.example", MAIL_RECORD_MAX_ID);
    take(w, "INBOX", &r);
    assert_events(w, "1 hold_set;1 task_made;2 hold_set;2 task_made;1 replied");
    mail_record_clear(&r);
}

/* ---- mail by hand ---- */

static const struct {
    const char *name, *from, *to, *subject, *in_reply_to, *references, *message_id;
    gboolean personal;
    const char *events; /* with "opens" behind */
} sent[] = {
    {"an outreach", "ana@team.example", "ann@acme.example", "Hello", "", "", "x@team.example", TRUE,
     "1 hand_sent 1"},
    {"from another specialist, in any case", "ben@team.example", "ann@acme.example", "Hello", "", "",
     "x@team.example", TRUE, "1 hand_sent 1"},
    {"an answer", "ana@team.example", "ann@acme.example", "Re: Question", "question@acme.example", "",
     "x@team.example", TRUE, "1 hand_sent 0"},
    {"an answer with References alone", "ana@team.example", "ann@acme.example", "Question", "",
     "question@acme.example", "x@team.example", TRUE, "1 hand_sent 0"},
    {"an answer by its subject", "ana@team.example", "ann@acme.example", "RE: Question", "", "",
     "x@team.example", TRUE, "1 hand_sent 0"},
    {"forwarded", "ana@team.example", "ann@acme.example", "Fwd: Question", "", "", "x@team.example", TRUE,
     "1 hand_sent 0"},
    {"an answer in German", "ana@team.example", "ann@acme.example", "AW: Frage", "", "", "x@team.example",
     TRUE, "1 hand_sent 0"},
    {"an absence reply, calendar mail", "ana@team.example", "ann@acme.example", "Away", "", "",
     "x@team.example", FALSE, ""},
    {"to nobody we know", "ana@team.example", "friend@x.example", "Hello", "", "", "x@team.example", TRUE,
     ""},
    {"from nobody listed", "sales@team.example", "ann@acme.example", "Hello", "", "", "x@team.example", TRUE,
     ""},
    {"a copy of ours", "ana@team.example", "ann@acme.example", "Hello", "", "", "usher.1@team.example", TRUE,
     ""},
};

static void
test_hand_sent(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    struct mail_record r;
    describe(&r, MAIL_CLASS_OTHER, sent[i].from, sent[i].subject);
    r.personal = sent[i].personal;
    mail_record_set(&r.message_id, sent[i].message_id, MAIL_RECORD_MAX_ID);
    mail_record_set(&r.in_reply_to, sent[i].in_reply_to, MAIL_RECORD_MAX_ID);
    if (*sent[i].references)
        mail_record_add(r.references, sent[i].references, MAIL_RECORD_MAX_ID);
    mail_record_add(r.recipients, sent[i].to, MAIL_RECORD_MAX_ADDRESS);
    take(w, "Sent", &r);
    assert_rows(&w->f, "account_id || ' ' || kind || ' ' || (data ->> 'opens')", "event ORDER BY id",
                sent[i].events);
    assert_rows(&w->f, "class", "inbound", "own");
    if (*sent[i].events) /* a customer who answers it is found by its thread */
        assert_rows(&w->f, "message_id || account_id", "inbound", "x@team.example1");
    mail_record_clear(&r);
}

/* ---- reading twice ---- */

static void
test_twice(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_record r;
    describe(&r, MAIL_CLASS_REPLY, "ann@acme.example", "Hello");
    take(w, "INBOX", &r);
    w->uid--; /* the same place */
    take(w, "INBOX", &r);
    assert_events(w, "1 replied");
    /* A new UIDVALIDITY gives every mail a new place. */
    const struct mail_place renumbered = {
        .folder = "INBOX", .uidvalidity = 8, .uid = 99, .at_us = at("2026-11-02 10:00")};
    g_assert_true(intake_record(&w->intake, &renumbered, &r, &w->f.error));
    assert_events(w, "1 replied");
    /* The same Message-ID twice in one folder is two mails: some robots reuse it. */
    take(w, "INBOX", &r);
    assert_events(w, "1 replied;1 replied");
    mail_record_clear(&r);
    /* Without Message-ID it is known by who wrote what when. */
    describe(&r, MAIL_CLASS_REPLY, "ann@acme.example", "No id");
    mail_record_set(&r.message_id, "", MAIL_RECORD_MAX_ID);
    take(w, "INBOX", &r);
    struct mail_place again = {
        .folder = "INBOX", .uidvalidity = 8, .uid = 100, .at_us = at("2026-11-02 10:00")};
    g_assert_true(intake_record(&w->intake, &again, &r, &w->f.error));
    assert_events(w, "1 replied;1 replied;1 replied");
    again.uid++;
    again.at_us++;
    g_assert_true(intake_record(&w->intake, &again, &r, &w->f.error));
    assert_events(w, "1 replied;1 replied;1 replied;1 replied");
    mail_record_clear(&r);
}

/* A mail by hand to an address of two accounts opened one conversation; nobody can tell whose. */
static void
test_hand_sent_ambiguous(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_record r;
    describe(&r, MAIL_CLASS_OTHER, "ana@team.example", "Hello");
    mail_record_add(r.recipients, "both@x.example", MAIL_RECORD_MAX_ADDRESS);
    take(w, "Sent", &r);
    assert_events(w, "1 hold_set;1 task_made;2 hold_set;2 task_made");
    mail_record_clear(&r);
}

/* What its header alone tells is enough to hold the account. */
static void
test_unreadable_with_header(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_record r;
    describe(&r, MAIL_CLASS_OTHER, "ann@acme.example", "Poison");
    const struct mail_place place = {
        .folder = "INBOX", .uidvalidity = 7, .uid = 13, .at_us = at("2026-11-02 10:00")};
    g_assert_true(intake_record_unreadable(&w->intake, &place, &r, &w->f.error));
    assert_events(w, "1 hold_set;1 task_made");
    assert_rows(&w->f, "class || ' ' || rule || ' ' || account_id || (subject IS NULL)", "inbound",
                "other unreadable 11");
    mail_record_clear(&r);
}

static void
test_unreadable(struct world *w, gconstpointer data)
{
    (void)data;
    const struct mail_place place = {
        .folder = "INBOX", .uidvalidity = 7, .uid = 13, .at_us = at("2026-11-02 10:00")};
    g_assert_true(intake_record_unreadable(&w->intake, &place, NULL, &w->f.error));
    g_assert_true(intake_record_unreadable(&w->intake, &place, NULL, &w->f.error));
    assert_events(w, "0 task_made");
    assert_rows(&w->f, "class || ' ' || rule || ' ' || uid", "inbound", "other unreadable 13");
    assert_rows(&w->f, "data ->> 'title'", "event",
                "Read mail UID 13 in INBOX of ana yourself: it cannot be parsed");
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/inbox/intake/" path, struct world, GUINT_TO_POINTER(data), set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        g_autofree char *path = g_strdup_printf("/inbox/intake/class/%s", classes[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_class, tear_down);
    }
    ADD("booking-zone", test_booking_zone, 0);
    ADD("bounce", test_bounce, 0);
    ADD("complaint", test_complaint, 0);
    ADD("nobody", test_nobody, 0);
    ADD("ambiguous", test_ambiguous, 0);
    for (guint i = 0; i < G_N_ELEMENTS(sent); i++) {
        g_autofree char *path = g_strdup_printf("/inbox/intake/by-hand/%s", sent[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_hand_sent, tear_down);
    }
    ADD("twice", test_twice, 0);
    ADD("by-hand-ambiguous", test_hand_sent_ambiguous, 0);
    ADD("unreadable", test_unreadable, 0);
    ADD("unreadable-with-header", test_unreadable_with_header, 0);
    return g_test_run();
}
