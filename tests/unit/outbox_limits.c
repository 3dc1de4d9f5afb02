/* Caps, pauses and the list of whom mail may reach, over a ledger of a few rows; and the settings' form. */
#include "outbox/limits.h"

#include "fixture.h"

static void
conf_with(struct fixture *f, const char *top, const char *of_ana)
{
    g_auto(GStrv) halves = g_strsplit(fixture_conf, "mailbox ana { ", 2);
    g_autofree char *text = g_strconcat(top, halves[0], "mailbox ana { ", of_ana, " ", halves[1], NULL);
    fixture_load_config(f, text);
}

/* A message of the mailbox, with one delivery at `when`. */
static gint64
add_mail(struct fixture *f, const char *mailbox, const char *address, const char *state, const char *when)
{
    store_exec(
        f->db,
        "INSERT INTO message(account_id, sequence, step, automatic, state, specialist, mailbox, created_at, "
        "template, subject, recipients) VALUES(1, 's', 't', 1, 'queued', "
        "'ana', ?, 0, '', '', '[]')",
        &f->error, "t", mailbox);
    gint64 id = store_last_id(f->db);
    store_exec(f->db,
               "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(?, ?, "
               "?, 'to', ?, 0, ?)",
               &f->error, "ittti", id, mailbox, address, state, at(when));
    g_assert_no_error(f->error);
    return id;
}

static void
assert_limit(struct fixture *f, gint64 id, const char *now, const char *until, const char *reason)
{
    gint64 not_before_us;
    g_autofree char *why = NULL;
    g_assert_true(limits_check(f->db, f->config, config_mailbox(f->config, "ana"), id, FALSE, at(now),
                               &not_before_us, &why, &f->error));
    g_assert_no_error(f->error);
    assert_instant(not_before_us, until ? until : "never");
    if (reason ? !why || !strstr(why, reason) : why != NULL)
        g_error("\"%s\", expected \"%s\"", why, reason);
}

static void
set_up(struct fixture *f)
{
    fixture_set_up(f);
    add_account(f, "acme", "{}");
}

static void
test_daily(void)
{
    struct fixture f;
    set_up(&f);
    conf_with(&f, "", "daily_max = 2");
    add_mail(&f, "ana", "a@a.example", "sent", "2026-10-24 23:59");
    add_mail(&f, "ana", "a@a.example", "sent", "2026-10-25 00:00");
    add_mail(&f, "ana", "b@a.example", "withdrawn", "2026-10-25 09:00");
    add_mail(&f, "ana", "b@a.example", "refused", "2026-10-25 09:00");
    add_mail(&f, "ben", "b@a.example", "sent", "2026-10-25 09:00");
    gint64 id = add_mail(&f, "ana", "c@a.example", "queued", "2026-10-25 09:00");
    assert_limit(&f, id, "2026-10-25 10:00", NULL, NULL);
    gint64 unknown = add_mail(&f, "ana", "c@a.example", "unknown", "2026-10-25 09:30");
    /* The day has 25 hours. */
    assert_limit(&f, id, "2026-10-25 23:59", "2026-10-26 00:00:00", "cap: mailbox ana has sent its 2 mails");
    assert_limit(&f, id, "2026-10-26 00:00", NULL, NULL);
    conf_with(&f, "daily_max = 3\n", "");
    assert_limit(&f, id, "2026-10-25 10:00", "2026-10-26 00:00:00", "cap: the service has sent its 3 mails");
    /* Two recipients are one mail; a mail that began is not stopped by it. */
    store_exec(
        f.db,
        "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(?, 'ana', "
        "'d@a.example', 'cc', 'sent', 0, ?)",
        &f.error, "ii", unknown, at("2026-10-25 09:30"));
    conf_with(&f, "daily_max = 4\n", "");
    assert_limit(&f, id, "2026-10-25 10:00", NULL, NULL);
    fixture_tear_down(&f);
}

static void
test_domain(void)
{
    struct fixture f;
    set_up(&f);
    conf_with(&f, "domain_hourly_max = 2\n", "");
    gint64 id = add_mail(&f, "ana", "x@big.example", "queued", "2026-11-02 09:00");
    add_mail(&f, "ana", "a@big.example", "sent", "2026-11-02 09:10");
    add_mail(&f, "ben", "b@big.example", "sent", "2026-11-02 09:20");
    add_mail(&f, "ben", "b@small.example", "sent", "2026-11-02 09:40");
    assert_limit(&f, id, "2026-11-02 09:45", "2026-11-02 10:10:00",
                 "cap: 2 mails went to big.example within the hour");
    assert_limit(&f, id, "2026-11-02 10:10", NULL, NULL);
    add_mail(&f, "ana", "c@big.example", "claimed", "2026-11-02 10:10");
    assert_limit(&f, id, "2026-11-02 10:10", "2026-11-02 10:20:00", "big.example");
    gint64 other = add_mail(&f, "ana", "x@sub.big.example", "queued", "2026-11-02 09:00");
    assert_limit(&f, other, "2026-11-02 10:10", NULL, NULL);
    fixture_tear_down(&f);
}

/* The pause after a mail lies in its range, is another after another mail, and the same when asked again. */
static void
test_spacing(void)
{
    struct fixture f;
    set_up(&f);
    conf_with(&f, "", "spacing = \"20..60 seconds\"");
    gint64 id = add_mail(&f, "ana", "x@a.example", "queued", "2026-11-02 09:00"), last = 0;
    g_autoptr(GHashTable) pauses = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (int i = 0; i < 40; i++) {
        gint64 now_us = at("2026-11-02 09:00") + i * 10 * CLOCK_MINUTE_US, until_us, again_us;
        last = add_mail(&f, "ana", "a@a.example", "sent", "2026-11-02 09:00");
        store_exec(f.db, "UPDATE delivery SET at = ? WHERE message_id = ?", &f.error, "ii", now_us, last);
        g_autofree char *why = NULL;
        g_autofree char *why_again = NULL;
        const struct mailbox *ana = config_mailbox(f.config, "ana");
        g_assert_true(limits_check(f.db, f.config, ana, id, FALSE, now_us, &until_us, &why, &f.error));
        g_assert_true(limits_check(f.db, f.config, ana, id, TRUE, now_us + CLOCK_SECOND_US, &again_us,
                                   &why_again, &f.error));
        g_assert_cmpint(until_us - now_us, >=, 20 * CLOCK_SECOND_US);
        g_assert_cmpint(until_us - now_us, <=, 60 * CLOCK_SECOND_US);
        g_assert_cmpint(until_us, ==, again_us);
        g_assert_nonnull(strstr(why, "spacing: mailbox ana"));
        g_hash_table_add(pauses, GSIZE_TO_POINTER((gsize)(until_us - now_us)));
    }
    g_assert_cmpuint(g_hash_table_size(pauses), >, 30);
    /* A clock set back does not keep it waiting for the mails of a day that has not come. */
    assert_limit(&f, id, "2026-11-01 09:00", NULL, NULL);
    /* A rehearsal's seed gives other pauses, the same again for the same seed. */
    gint64 us = at("2026-11-02 15:30:00"), one, two, three;
    store_exec(f.db, "UPDATE delivery SET at = ? WHERE message_id = ?", &f.error, "ii", us, last);
    g_autofree char *a = NULL;
    g_autofree char *b = NULL;
    g_autofree char *c = NULL;
    const struct mailbox *ana = config_mailbox(f.config, "ana");
    g_setenv("USHER_SEED", "7", TRUE);
    g_assert_true(limits_check(f.db, f.config, ana, id, FALSE, us, &one, &a, &f.error));
    g_assert_true(store_set_meta(f.db, "rehearsal", "1", &f.error));
    g_assert_true(limits_check(f.db, f.config, ana, id, FALSE, us, &two, &b, &f.error));
    g_assert_true(limits_check(f.db, f.config, ana, id, FALSE, us, &three, &c, &f.error));
    g_unsetenv("USHER_SEED");
    g_assert_cmpint(one, !=, two); /* outside a rehearsal the seed is nobody's business */
    g_assert_cmpint(two, ==, three);
    fixture_tear_down(&f);
}

static void
test_deliver_only_to(void)
{
    struct fixture f;
    set_up(&f);
    conf_with(&f, "deliver_only_to = {\"Team.example\", \"kim@acme.example\"}\n", "");
    static const struct {
        const char *address;
        gboolean allowed;
    } cases[] = {{"ana@team.example", TRUE},     {"Ana@TEAM.example", TRUE},
                 {"kim@acme.example", TRUE},     {"KIM@acme.example", TRUE},
                 {"kim2@acme.example", FALSE},   {"x@sub.team.example", FALSE},
                 {"x@team.example.evil", FALSE}, {"team.example@evil.example", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (limits_allow_address(f.config, cases[i].address) != cases[i].allowed)
            g_error("%s", cases[i].address);
    gint64 id = add_mail(&f, "ana", "ana@team.example", "queued", "2026-11-02 09:00");
    assert_limit(&f, id, "2026-11-02 09:00", NULL, NULL);
    store_exec(
        f.db,
        "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(?, 'ana', "
        "'sue@acme.example', 'cc', 'queued', 0, 0)",
        &f.error, "i", id);
    assert_limit(&f, id, "2026-11-02 09:00", "2026-11-02 10:00:00",
                 "deliver_only_to does not allow sue@acme.example");
    conf_with(&f, "deliver_only_to = {\"team.example\"}\nredirect_all_to = \"qa@team.example\"\n", "");
    assert_limit(&f, id, "2026-11-02 09:00", NULL, NULL);
    conf_with(&f, "deliver_only_to = {\"team.example\"}\nredirect_all_to = \"qa@else.example\"\n", "");
    assert_limit(&f, id, "2026-11-02 09:00", "2026-11-02 10:00:00", "deliver_only_to");
    fixture_tear_down(&f);
}

static const struct {
    const char *top, *of_ana, *expected;
} refused[] = {
    {"gap = \"soon\"\n", "", "gap: \"soon\": expected days or hours"},
    {"gap = \"30 minutes\"\n", "", "gap: \"30 minutes\": expected days or hours"},
    {"gap = \"900 days\"\n", "", "gap"},
    {"daily_max = -1\n", "", "daily_max: expected a number of mails"},
    {"domain_hourly_max = -5\n", "", "domain_hourly_max"},
    {"spacing = \"60..20 seconds\"\n", "", "spacing: \"60..20 seconds\": expected"},
    {"spacing = \"2 hours\"\n", "", "spacing"},
    {"", "spacing = \"a while\"", "spacing: \"a while\": expected"},
    {"", "daily_max = -1", "daily_max"},
    {"", "window { days = {\"monday\"} }", "days: \"monday\""},
    {"", "window { } window { }", "expected one window"},
    {"deliver_only_to = {\"not an address\"}\n", "", "deliver_only_to: \"not an address\": expected"},
    {"redirect_all_to = \"team.example\"\n", "", "redirect_all_to: \"team.example\": expected an address"},
};

static void
test_refused(void)
{
    struct fixture f;
    set_up(&f);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        const char *base = strstr(fixture_conf, "gap = \"none\"\n");
        g_autofree char *head = g_strndup(fixture_conf, (gsize)(base - fixture_conf));
        g_auto(GStrv) halves = g_strsplit(base + strlen("gap = \"none\"\n"), "mailbox ana { ", 2);
        g_autofree char *text = g_strconcat(head, refused[i].top, halves[0], "mailbox ana { ",
                                            refused[i].of_ana, " ", halves[1], NULL);
        fixture_write(&f, "bad.conf", text);
        g_autofree char *path = g_build_filename(f.dir, "bad.conf", NULL);
        g_assert_null(config_load(path, &f.error));
        assert_refused(&f, USHER_ERROR_CONFIG, refused[i].expected);
    }
    /* A server of this machine needs no pause; any other has one until somebody says otherwise. */
    g_assert_cmpint(config_mailbox(f.config, "ana")->spacing.max_us, ==, 0);
    conf_with(&f, "", "");
    g_auto(GStrv) halves = g_strsplit(fixture_conf, "smtp+plain://127.0.0.1:2525", 2);
    g_autofree char *far = g_strconcat(halves[0], "smtp://mail.example", halves[1], NULL);
    fixture_load_config(&f, far);
    g_assert_cmpint(config_mailbox(f.config, "ana")->spacing.max_us, ==, 60 * CLOCK_SECOND_US);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outbox/limits/daily", test_daily);
    g_test_add_func("/outbox/limits/domain", test_domain);
    g_test_add_func("/outbox/limits/spacing", test_spacing);
    g_test_add_func("/outbox/limits/deliver-only-to", test_deliver_only_to);
    g_test_add_func("/outbox/limits/refused", test_refused);
    return g_test_run();
}
