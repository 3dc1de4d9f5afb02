/* Whose mail is it: the keys in order of trust, each alone and against the next. */
#include "inbox/match.h"

#include "fixture.h"

/* Accounts 1 acme (ann@acme.example, both@x.example), 2 other (oda@other.example, both@x.example). Message 1
 * went to acme with token aaaaaaaaaaaaaaaa, message 2 to other with token bbbbbbbbbbbbbbbb. */
static void
set_up(struct fixture *f)
{
    fixture_set_up(f);
    gint64 acme = add_account(f, "acme", "{}"), other = add_account(f, "other", "{}");
    add_contact(f, acme, "ann@acme.example", "owner - - -");
    add_contact(f, acme, "both@x.example", "member - - -");
    add_contact(f, other, "oda@other.example", "owner - - -");
    add_contact(f, other, "both@x.example", "member - - -");
    for (int i = 1; i <= 2; i++) {
        g_autofree char *token = g_strnfill(16, i == 1 ? 'a' : 'b');
        store_exec(f->db,
                   "INSERT INTO message(id, account_id, sequence, step, automatic, state, specialist, "
                   "mailbox, created_at, template, subject,"
                   " recipients, message_id, token) VALUES(?1, ?1, 's', 's', 0, 'sent', "
                   "'ana', 'ana', 0, 't', 'Hello', '[]',"
                   " 'usher.' || ?1 || '@team.example', ?2)",
                   &f->error, "it", (gint64)i, token);
        g_assert_no_error(f->error);
    }
    run_sql(f, "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(1, "
               "'ana', 'ann@acme.example', 'to', 'sent', 0, 1),"
               " (1, 'ana', 'shared@x.example', 'cc', 'sent', 0, 1), (2, 'ana', 'shared@x.example', 'to', "
               "'sent', 0, 2),"
               " (2, 'ana', 'never@x.example', 'cc', 'withdrawn', 0, 2), (2, 'ana', 'both@x.example', 'cc', "
               "'sent', 0, "
               "2)");
    run_sql(f, "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, in_message, "
               "message_id) VALUES"
               " ('ana', 'INBOX', 1, 1, 0, 'reply', 1, 1, 'reply@acme.example'), ('ana', 'Sent', 1, 1, 0, "
               "'own', 2, NULL, 'own@team.example'),"
               " ('ana', 'INBOX', 1, 2, 0, 'other', NULL, NULL, 'nobody@x.example')");
}

/* fields of a record; lists are separated by blanks */
struct match_case {
    const char *name;
    enum mail_class mail_class;
    const char *in_reply_to, *references, *recipients, *from, *returned_id, *returned, *failed;
    gint64 account_id, message_id;
    const char *by;
    gboolean ambiguous;
};

#define TOKEN_A "ana+aaaaaaaaaaaaaaaa@team.example"
#define TOKEN_B "ana+bbbbbbbbbbbbbbbb@team.example"
#define REPLY MAIL_CLASS_REPLY
#define BOUNCE MAIL_CLASS_BOUNCE

static const struct match_case cases[] = {
    {"In-Reply-To", REPLY, "usher.1@team.example", "", "", "stranger@x.example", "", "", "", 1, 1, "thread",
     FALSE},
    {"In-Reply-To before References", REPLY, "usher.1@team.example", "usher.2@team.example", "", "", "", "",
     "", 1, 1, "thread", FALSE},
    {"the last of the References", REPLY, "", "usher.1@team.example usher.2@team.example", "", "", "", "", "",
     2, 2, "thread", FALSE},
    {"an older of the References", REPLY, "x@y", "usher.1@team.example unknown@x.example", "", "", "", "", "",
     1, 1, "thread", FALSE},
    {"the thread before the token", REPLY, "usher.1@team.example", "", TOKEN_B, "", "", "", "", 1, 1,
     "thread", FALSE},
    {"a customer's mail of the conversation", REPLY, "reply@acme.example", "", "", "", "", "", "", 1, 1,
     "thread", FALSE},
    {"a specialist's own mail", REPLY, "own@team.example", "", "", "", "", "", "", 2, 0, "thread", FALSE},
    {"a mail that belonged to nobody", REPLY, "nobody@x.example", "", "", "stranger@x.example", "", "", "", 0,
     0, NULL, FALSE},
    {"the token", REPLY, "", "", "ana@team.example " TOKEN_B, "ann@acme.example", "", "", "", 2, 2, "token",
     FALSE},
    {"a token of nobody", REPLY, "", "", "ana+cccccccccccccccc@team.example", "ann@acme.example", "", "", "",
     1, 0, "address", FALSE},
    {"a token too short", REPLY, "", "", "ana+aaaaaaaaaaaaaaa@team.example", "", "", "", "", 0, 0, NULL,
     FALSE},
    {"a token behind the at sign", REPLY, "", "", "ana@team+aaaaaaaaaaaaaaaa.example", "", "", "", "", 0, 0,
     NULL, FALSE},
    {"the address", REPLY, "", "", "ana@team.example", "ann@acme.example", "", "", "", 1, 0, "address",
     FALSE},
    {"an address of two accounts", REPLY, "", "", "", "both@x.example", "", "", "", 0, 0, NULL, TRUE},
    {"of two accounts, with a thread", REPLY, "usher.2@team.example", "", "", "both@x.example", "", "", "", 2,
     2, "thread", FALSE},
    {"of two accounts, with a token", REPLY, "", "", TOKEN_A, "both@x.example", "", "", "", 1, 1, "token",
     FALSE},
    {"a stranger", REPLY, "", "", "", "stranger@x.example", "", "", "", 0, 0, NULL, FALSE},
    {"a bounce by its token", BOUNCE, "", "", TOKEN_A, "mailer-daemon@x.example", "usher.2@team.example",
     TOKEN_B, "shared@x.example", 1, 1, "token", FALSE},
    {"a bounce by the returned Message-ID", BOUNCE, "", "", "", "mailer-daemon@x.example",
     "usher.2@team.example", TOKEN_A, "ann@acme.example", 2, 2, "returned message", FALSE},
    {"a bounce by the returned token", BOUNCE, "", "", "", "mailer-daemon@x.example", "rewritten@ses.example",
     TOKEN_A, "shared@x.example", 1, 1, "token", FALSE},
    {"a bounce by its failed recipient", BOUNCE, "", "", "", "mailer-daemon@x.example", "", "",
     "ann@acme.example", 1, 1, "failed recipient", FALSE},
    {"the latest mail to that recipient", BOUNCE, "", "", "", "mailer-daemon@x.example", "", "",
     "shared@x.example", 2, 2, "failed recipient", FALSE},
    {"a recipient that was never written to", BOUNCE, "", "", "", "mailer-daemon@x.example", "", "",
     "never@x.example", 0, 0, NULL, FALSE},
    {"a bounce is no mail of its sender", BOUNCE, "", "", "", "ann@acme.example", "", "", "", 0, 0, NULL,
     FALSE},
    {"a complaint by what it returns", MAIL_CLASS_COMPLAINT, "", "", "", "abuse@isp.example",
     "usher.1@team.example", "", "", 1, 1, "returned message", FALSE},
    {"an absence reply by its address", MAIL_CLASS_AUTO_REPLY, "", "", "", "oda@other.example", "", "", "", 2,
     0, "address", FALSE},
};

static void
add_list(GPtrArray *list, const char *words)
{
    g_auto(GStrv) parts = g_strsplit(words, " ", -1);
    for (char **p = parts; *p; p++)
        mail_record_add(list, *p, MAIL_RECORD_MAX_ID);
}

static void
test_match(gconstpointer data)
{
    const struct match_case *c = data;
    struct fixture f;
    struct mail_record r;
    struct mail_match m;
    set_up(&f);
    mail_record_init(&r);
    r.mail_class = c->mail_class;
    mail_record_set(&r.in_reply_to, c->in_reply_to, MAIL_RECORD_MAX_ID);
    mail_record_set(&r.from, c->from, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&r.returned_message_id, c->returned_id, MAIL_RECORD_MAX_ID);
    add_list(r.references, c->references);
    add_list(r.recipients, c->recipients);
    add_list(r.returned, c->returned);
    if (*c->failed)
        g_assert_nonnull(mail_record_add_failed(&r, c->failed));
    g_assert_true(match_inbound(f.db, &r, &m, &f.error));
    g_assert_no_error(f.error);
    g_assert_cmpint(m.account_id, ==, c->account_id);
    g_assert_cmpint(m.message_id, ==, c->message_id);
    g_assert_cmpstr(m.by, ==, c->by);
    g_assert_cmpint(m.ambiguous, ==, c->ambiguous);
    mail_record_clear(&r);
    fixture_tear_down(&f);
}

static void
test_hand_sent(void)
{
    static const struct {
        const char *recipients, *in_reply_to, *references;
        guint accounts;
        gboolean ambiguous;
    } sent_to[] = {{"ann@acme.example", "", "", 1, FALSE},
                   {"ann@acme.example oda@other.example", "", "", 2, FALSE},
                   {"ann@acme.example stranger@x.example ann@acme.example", "", "", 1, FALSE},
                   {"both@x.example", "", "", 0, TRUE},
                   {"ann@acme.example both@x.example", "", "", 1, TRUE},
                   {"both@x.example", "reply@acme.example", "", 1, FALSE},
                   {"both@x.example", "", "usher.2@team.example", 1, FALSE},
                   {"both@x.example", "unknown@x.example", "", 0, TRUE},
                   {"stranger@x.example", "", "", 0, FALSE},
                   {"", "", "", 0, FALSE}};
    struct fixture f;
    set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(sent_to); i++) {
        struct mail_record r;
        mail_record_init(&r);
        gboolean ambiguous = !sent_to[i].ambiguous;
        add_list(r.recipients, sent_to[i].recipients);
        add_list(r.references, sent_to[i].references);
        mail_record_set(&r.in_reply_to, sent_to[i].in_reply_to, MAIL_RECORD_MAX_ID);
        g_autoptr(GArray) accounts = match_hand_sent(f.db, &r, &ambiguous, &f.error);
        g_assert_no_error(f.error);
        g_assert_cmpint(accounts->len, ==, sent_to[i].accounts);
        g_assert_cmpint(ambiguous, ==, sent_to[i].ambiguous);
        mail_record_clear(&r);
    }
    fixture_tear_down(&f);
}

/* The keys behind the token and before the bare address. */
static void
test_subject_and_original(void)
{
    static const struct {
        const char *from, *subject, *original, *token;
        gint64 account_id, message_id;
        const char *by;
        gboolean ambiguous;
        enum mail_class mail_class;
    } mails[] = {
        {"both@x.example", "AW: Re[2]:  hello", "", "", 2, 2, "address and subject", FALSE, REPLY},
        {"both@x.example", "Hello again", "", "", 0, 0, NULL, TRUE, REPLY},
        {"shared@x.example", "Re: Hello", "", "", 0, 0, NULL, FALSE, REPLY}, /* two accounts got it so */
        {"eve@x.example", "Re: Hello", "", "", 0, 0, NULL, FALSE, REPLY},
        {"ann@acme.example", "Re: ", "", "", 1, 0, "address", FALSE, REPLY},
        {"eve@x.example", "", "usher.1@team.example", "", 1, 1, "original Message-ID", FALSE, REPLY},
        {"eve@x.example", "", "usher.1@team.example", TOKEN_B, 2, 2, "token", FALSE, REPLY},
        {"both@x.example", "Hello", "usher.1@team.example", "", 1, 1, "original Message-ID", FALSE, REPLY},
        /* The link of our mail, used from an address that nobody knows, or that several accounts have. */
        {"alias@elsewhere.example", "Unsubscribe bbbbbbbbbbbbbbbb", "", "", 2, 2, "token", FALSE,
         MAIL_CLASS_OPT_OUT},
        {"both@x.example", "unsubscribe aaaaaaaaaaaaaaaa", "", "", 1, 1, "token", FALSE, MAIL_CLASS_OPT_OUT},
        {"alias@elsewhere.example", "unsubscribe cccccccccccccccc", "", "", 0, 0, NULL, FALSE,
         MAIL_CLASS_OPT_OUT},
        {"alias@elsewhere.example", "unsubscribe aaaaaaaaaaaaaaaa", "", "", 0, 0, NULL, FALSE, REPLY},
    };
    struct fixture f;
    set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
        struct mail_record r;
        struct mail_match m;
        mail_record_init(&r);
        r.mail_class = mails[i].mail_class;
        mail_record_set(&r.from, mails[i].from, MAIL_RECORD_MAX_ADDRESS);
        mail_record_set(&r.subject, mails[i].subject, MAIL_RECORD_MAX_LINE);
        mail_record_set(&r.original_message_id, mails[i].original, MAIL_RECORD_MAX_ID);
        add_list(r.recipients, mails[i].token);
        g_assert_true(match_inbound(f.db, &r, &m, &f.error));
        g_assert_cmpstr(m.by, ==, mails[i].by);
        g_assert_cmpint(m.account_id, ==, mails[i].account_id);
        g_assert_cmpint(m.message_id, ==, mails[i].message_id);
        g_assert_cmpint(m.ambiguous, ==, mails[i].ambiguous);
        mail_record_clear(&r);
    }
    fixture_tear_down(&f);
}

/* A colleague's domain: accounts 1 acme.example, 2 other.example, both x.example; 3 deep in eu.corp.example,
 * 4 at a free-mail provider, 5 absent. */
static void
test_colleague(void)
{
    static const struct {
        const char *from;
        enum mail_class mail_class;
        gint64 account_id;
    } mails[] = {
        {"new@acme.example", REPLY, 1},
        {"New@ACME.example", REPLY, 1},
        {"new@support.acme.example", REPLY, 1},
        {"new@corp.example", REPLY, 3},
        {"new@eu.corp.example", REPLY, 3},
        {"new@us.corp.example", REPLY, 0}, /* a sister says nothing */
        {"new@notacme.example", REPLY, 0},
        {"new@example", REPLY, 0},
        {"new@x.example", REPLY, 0}, /* two accounts */
        {"new@gmail.com", REPLY, 0},
        {"new@mail.gmail.com", REPLY, 0},
        {"new@gone.example", REPLY, 0},
        {"new@team.example", REPLY, 0}, /* our own */
        {"new@help.team.example", REPLY, 0},
        {"", REPLY, 0},
        {"new@", REPLY, 0},
        {"new@%.example", REPLY, 0},
        {"new@acme.example", MAIL_CLASS_AUTO_REPLY, 1},
        {"new@acme.example", MAIL_CLASS_OPT_OUT, 1},
        {"new@acme.example", MAIL_CLASS_BOOKING, 1},
        {"new@acme.example", BOUNCE, 0},
        {"new@acme.example", MAIL_CLASS_COMPLAINT, 0},
        {"new@acme.example", MAIL_CLASS_RECEIPT, 0},
        {"new@acme.example", MAIL_CLASS_OTHER, 0}, /* a newsletter of theirs */
        {"new@acme.example", MAIL_CLASS_OWN, 0},
    };
    struct fixture f;
    set_up(&f);
    add_contact(&f, add_account(&f, "corp", "{}"), "cy@eu.corp.example", "owner - - -");
    add_contact(&f, add_account(&f, "tiny", "{}"), "tim@gmail.com", "owner - - -");
    add_contact(&f, add_account(&f, "gone", "{}"), "gus@gone.example", "owner - - -");
    run_sql(&f, "UPDATE account SET absent = 1 WHERE key = 'gone'");
    for (int listed = 0; listed < 2; listed++) {
        for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
            struct mail_record r;
            struct mail_match m = {0};
            mail_record_init(&r);
            r.mail_class = mails[i].mail_class;
            mail_record_set(&r.from, mails[i].from, MAIL_RECORD_MAX_ADDRESS);
            g_autofree char *folded = g_ascii_strdown(r.from, -1);
            mail_record_set(&r.from, folded, MAIL_RECORD_MAX_ADDRESS);
            g_assert_true(match_colleague(f.db, f.config, &r, &m, &f.error));
            g_assert_no_error(f.error);
            if (m.account_id != (listed ? mails[i].account_id : 0)) /* without a list nobody is matched */
                g_error("%s %s: account %d", mails[i].from, mail_class_name(r.mail_class), (int)m.account_id);
            g_assert_cmpstr(m.by, ==, m.account_id ? "colleague's domain" : NULL);
            mail_record_clear(&r);
        }
        fixture_copy(&f, "sequences/shared-domains.txt");
    }
    fixture_tear_down(&f);
}

static void
test_is_ours(void)
{
    struct fixture f;
    set_up(&f);
    g_assert_true(match_is_ours(f.db, "usher.1@team.example", "", &f.error));
    g_assert_true(match_is_ours(f.db, "rewritten@outlook.example", "usher.2@team.example", &f.error));
    g_assert_false(match_is_ours(f.db, "own@team.example", "", &f.error));
    g_assert_false(match_is_ours(f.db, "", "", &f.error));
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/inbox/match/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_match);
    }
    g_test_add_func("/inbox/match/hand-sent", test_hand_sent);
    g_test_add_func("/inbox/match/subject-and-original", test_subject_and_original);
    g_test_add_func("/inbox/match/colleague", test_colleague);
    g_test_add_func("/inbox/match/is-ours", test_is_ours);
    return g_test_run();
}
