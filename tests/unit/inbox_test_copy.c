/* Which mails are test copies of ours, or the team's talk about one: nothing may follow from them. */
#include "inbox/match.h"

#include "fixture.h"

#define COPY "usher-test.0123456789abcdef0123456789abcdef@team.example"

static const struct {
    const char *name, *from, *to, *message_id, *original, *in_reply_to, *returned;
    gboolean is_test;
} cases[] = {
    {"the copy", "ana@team.example", "ben@team.example", COPY, "", "", "", TRUE},
    {"the copy, renamed by Outlook", "ana@team.example", "ben@team.example", "x@outlook", COPY, "", "", TRUE},
    {"a colleague's answer", "ben@team.example", "ana@team.example", "a@team.example", "", COPY, "", TRUE},
    {"an answer to the token", "ben@team.example", "ana+ffffffffffffffff@team.example", "a@b", "", "", "",
     TRUE},
    {"an answer to another token", "ben@team.example", "ana+eeeeeeeeeeeeeeee@team.example", "a@b", "", "", "",
     FALSE},
    {"its bounce", "mailer-daemon@team.example", "ana@team.example", "b@mx", "", "", COPY, TRUE},
    {"passed on to a customer", "ben@team.example", "ann@acme.example", "a@team.example", "", COPY, "",
     FALSE},
    {"a customer's answer to that", "ann@acme.example", "ben@team.example", "c@acme", "", COPY, "", FALSE},
    {"a stranger's Message-ID", "ann@acme.example", "ana@team.example", COPY, "", "", "", FALSE},
    {"a stranger to the token", "ann@acme.example", "ana+ffffffffffffffff@team.example", "c@acme", "", "", "",
     FALSE},
    {"an ordinary mail", "ana@team.example", "ann@acme.example", "usher.12@team.example", "", "", "", FALSE},
};

static void
test_matches(void)
{
    struct fixture f;
    fixture_set_up(&f);
    gint64 account = add_account(&f, "acme", "{}");
    g_assert_cmpint(account, ==, 1);
    run_sql(&f, "INSERT INTO message(id, account_id, sequence, step, automatic, state, specialist, mailbox, "
                "created_at, template, subject, recipients) VALUES(1, 1, 's', "
                "'s', 0, 'waiting', 'ana', 'ana', 0, 't', 'Hello', '[]')");
    run_sql(
        &f,
        "INSERT INTO test_copy(message_id, revision, mailbox, mail_from, address, token, state, asked_by, "
        "at, next_at) VALUES(1, 1, 'ana', 'a', 'b', 'ffffffffffffffff', 'sent', 'ana', 0, 0)");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        gboolean is_test;
        mail_record_init(&r);
        mail_record_set(&r.from, cases[i].from, MAIL_RECORD_MAX_ADDRESS);
        mail_record_add(r.recipients, cases[i].to, MAIL_RECORD_MAX_ADDRESS);
        mail_record_set(&r.message_id, cases[i].message_id, MAIL_RECORD_MAX_ID);
        mail_record_set(&r.original_message_id, cases[i].original, MAIL_RECORD_MAX_ID);
        mail_record_set(&r.in_reply_to, cases[i].in_reply_to, MAIL_RECORD_MAX_ID);
        mail_record_set(&r.returned_message_id, cases[i].returned, MAIL_RECORD_MAX_ID);
        g_test_message("%s", cases[i].name);
        g_assert_true(match_is_test_copy(f.db, f.config, &r, &is_test, &f.error));
        g_assert_cmpint(is_test, ==, cases[i].is_test);
        mail_record_clear(&r);
    }
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/test-copy/matches", test_matches);
    return g_test_run();
}
