/* Who a mail goes to: roles, long lists, participants, and who is left out. */
#include "compose/recipients.h"

#include "fixture.h"

#define TODAY "2026-11-20"

struct person {
    const char *address, *details; /* as add_contact(): role function last_active first_name */
};

struct choice {
    const char *name;
    struct person people[14];
    const char *sql; /* run before choosing, or NULL */
    enum audience audience;
    const char *expected; /* "to a@, cc b@": the part before the domain */
};

/* In the last 30 days of TODAY; before that. */
#define NOW "2026-10-21"
#define OLD "2026-10-20"

static const struct choice choices[] = {
    {"the owner first",
     {{"b@x.example", "admin - - -"}, {"z@x.example", "owner - - -"}, {"m@x.example", "member - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to z, cc b"},
    {"two owners",
     {{"b@x.example", "owner - - -"}, {"a@x.example", "owner - - -"}, {"c@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to a, to b, cc c"},
    {"an admin alone",
     {{"c@x.example", "admin - - -"}, {"b@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to b, cc c"},
    {"nobody with a role",
     {{"d@x.example", "member finance - -"},
      {"c@x.example", "member product - -"},
      {"b@x.example", "member other - -"},
      {"a@x.example", "member engineering - -"},
      {"e@x.example", "- - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to a, cc c, cc d, cc b"},
    {"eight are not many",
     {{"a@x.example", "owner - " OLD " -"},
      {"b@x.example", "admin - " OLD " -"},
      {"c@x.example", "admin - - -"},
      {"d@x.example", "admin - - -"},
      {"e@x.example", "admin - - -"},
      {"f@x.example", "admin - - -"},
      {"g@x.example", "admin - - -"},
      {"h@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to a, cc b, cc c, cc d, cc e, cc f, cc g, cc h"},
    {"of nine those of late",
     {{"a@x.example", "owner - " OLD " -"},
      {"b@x.example", "admin - " NOW " -"},
      {"c@x.example", "admin - - -"},
      {"d@x.example", "admin - " TODAY " -"},
      {"e@x.example", "admin - 2026-12-24 -"},
      {"f@x.example", "admin - - -"},
      {"g@x.example", "admin - - -"},
      {"h@x.example", "admin - - -"},
      {"i@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to b, cc d, cc e"},
    {"of nine, none of late",
     {{"a@x.example", "owner - " OLD " -"},
      {"b@x.example", "admin - - -"},
      {"c@x.example", "admin - - -"},
      {"d@x.example", "admin - - -"},
      {"e@x.example", "admin - - -"},
      {"f@x.example", "admin - - -"},
      {"g@x.example", "admin - - -"},
      {"h@x.example", "admin - - -"},
      {"i@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to a, cc b, cc c, cc d, cc e, cc f, cc g, cc h"},
    {"a suppressed owner",
     {{"a@x.example", "owner - - -"}, {"b@x.example", "admin - - -"}},
     "INSERT INTO suppression VALUES('a@x.example', 'opt_out', 0, NULL)",
     RECIPIENTS_OWNERS_ADMINS,
     "to b"},
    {"a suppressed domain",
     {{"a@x.example", "owner - - -"}, {"b@y.example", "admin - - -"}},
     "INSERT INTO suppression VALUES('@x.example', 'by hand', 0, NULL)",
     RECIPIENTS_OWNERS_ADMINS,
     "to b"},
    {"an absent owner",
     {{"a@x.example", "owner - - -"}, {"b@x.example", "admin - - -"}},
     "UPDATE contact SET absent = 1 WHERE role = 'owner'",
     RECIPIENTS_OWNERS_ADMINS,
     "to b"},
    {"an address that is none",
     {{"a@x.example\nbcc:", "owner - - -"}, {"b@x.example", "admin - - -"}},
     NULL,
     RECIPIENTS_OWNERS_ADMINS,
     "to b"},
    {"nobody left",
     {{"a@x.example", "owner - - -"}},
     "INSERT INTO suppression VALUES('a@x.example', 'dead_address', 0, NULL)",
     RECIPIENTS_OWNERS_ADMINS,
     ""},
    {"nobody at all", {{NULL}}, NULL, RECIPIENTS_PARTICIPANTS, ""},
    {"those who answered",
     {{"a@x.example", "owner - - -"}, {"b@x.example", "member - - -"}, {"c@x.example", "admin - - -"}},
     "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) VALUES('ana', "
     "'INBOX', 1, 1, 0, 'reply', 1, 'b@x.example'),"
     " ('ana', 'INBOX', 1, 2, 0, 'booking', 1, 'c@x.example'), ('ana', 'INBOX', 1, 3, 0, 'auto_reply', 1, "
     "'a@x.example')",
     RECIPIENTS_PARTICIPANTS,
     "to c, cc b"},
    {"a mail that counts for nothing",
     {{"a@x.example", "owner - - -"}, {"b@x.example", "member - - -"}},
     "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) "
     "VALUES('ana', 'INBOX', 1, 1, 0, 'other', 1, 'b@x.example'), ('ana', 'INBOX', 1, 2, 0, 'reply', 1, "
     "'a@x.example')",
     RECIPIENTS_PARTICIPANTS,
     "to a"},
    {"an answer in another account",
     {{"a@x.example", "owner - - -"}, {"b@x.example", "member - - -"}},
     "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) VALUES('ana', "
     "'INBOX', 1, 1, 0, 'reply', 9, 'b@x.example')",
     RECIPIENTS_PARTICIPANTS,
     "to a, cc b"},
    {"who answered and is suppressed",
     {{"a@x.example", "owner - - -"}, {"b@y.example", "member - - -"}},
     "INSERT INTO suppression SELECT '@y.example', 'by hand', 0, (SELECT 1 FROM inbound)",
     RECIPIENTS_PARTICIPANTS,
     "to a"},
    {"nobody answered: four by role",
     {{"f@x.example", "member other - -"},
      {"e@x.example", "member finance - -"},
      {"d@x.example", "member product - -"},
      {"c@x.example", "member engineering - -"},
      {"b@x.example", "admin - - -"},
      {"a@x.example", "owner - - -"}},
     NULL,
     RECIPIENTS_PARTICIPANTS,
     "to a, cc b, cc c, cc d"},
};

/* Where a few are chosen by what they do. */
static const struct role_choice {
    struct choice choice;
    const char *functions[3];
} role_choices[] = {
    {{"those the findings speak to",
      {{"a@x.example", "owner other - -"},
       {"b@x.example", "admin - - -"},
       {"c@x.example", "member engineering - -"},
       {"d@x.example", "member product - -"},
       {"e@x.example", "member finance - -"},
       {"f@x.example", "admin finance - -"}},
      NULL,
      RECIPIENTS_BY_ROLE,
      "to f, cc e, cc c, cc a"},
     {"finance", "engineering"}},
    {{"nothing to tell",
      {{"c@x.example", "member product - -"}, {"b@x.example", "admin finance - -"}},
      NULL,
      RECIPIENTS_BY_ROLE,
      "to b, cc c"},
     {NULL}},
    {{"suppressed, absent and invalid",
      {{"a@x.example", "owner product - -"},
       {"b@x.example", "admin product - -"},
       {"c@x.example", "member product - -"},
       {"d@x.example\nbcc:", "member product - -"}},
      "WITH gone(a) AS (VALUES('a@x.example')) INSERT INTO suppression SELECT a, 'opt_out', 0, NULL FROM "
      "gone",
      RECIPIENTS_BY_ROLE,
      "to b, cc c"},
     {"product"}},
    {{"not those who answered",
      {{"a@x.example", "owner - - -"}, {"c@x.example", "member product - -"}},
      "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) VALUES('ana', "
      "'INBOX', 1, 1, 0, 'reply', 1, 'a@x.example')",
      RECIPIENTS_BY_ROLE,
      "to c, cc a"},
     {"product"}},
    {{"nobody answered the first mail",
      {{"a@x.example", "owner - - -"}, {"b@x.example", "member product - -"}},
      NULL,
      RECIPIENTS_PARTICIPANTS,
      "to b, cc a"},
     {"product"}},
};

static char *
line_of(const GPtrArray *list)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const struct recipient *r = list->pdata[i];
        g_assert_true(r->why && *r->why);
        g_string_append_printf(line, "%s%s %.*s", i ? ", " : "", r->cc ? "cc" : "to",
                               (int)strcspn(r->address, "@"), r->address);
    }
    return g_string_free(line, FALSE);
}

static void
try_choice(const struct choice *c, const char *const *functions)
{
    struct fixture f;
    fixture_set_up(&f);
    gint64 id = add_account(&f, "acme", "{}");
    run_sql(&f, "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) "
                "VALUES('ana', 'INBOX', 9, 9, 0, 'reply', 1, 'b@y.example')");
    for (const struct person *p = c->people; p->address; p++)
        add_contact(&f, id, p->address, p->details);
    if (c->sql)
        run_sql(&f, c->sql);
    g_autoptr(GPtrArray) list = recipients_choose(f.db, id, c->audience, TODAY, functions, &f.error);
    g_assert_no_error(f.error);
    g_autofree char *line = line_of(list);
    g_assert_cmpstr(line, ==, c->expected);
    fixture_tear_down(&f);
}

static void
test_choice(gconstpointer data)
{
    try_choice(data, NULL);
}

static void
test_role_choice(gconstpointer data)
{
    const struct role_choice *c = data;
    try_choice(&c->choice, c->functions);
}

static void
test_greeting(void)
{
    static const struct {
        const char *recipients, *expected;
    } cases[] = {
        {"[{'field': 'to', 'first_name': 'Ada'}]", "Ada"},
        {"[{'field': 'to', 'first_name': 'Ada'}, {'field': 'cc', 'first_name': 'Bo'}]", "Ada"},
        {"[{'field': 'to', 'first_name': 'Ada'}, {'field': 'to', 'first_name': 'Bo'}]", "Ada and Bo"},
        {"[{'field': 'to', 'first_name': 'Ada'}, {'field': 'to', 'first_name': 'Bo'}, {'field': 'to', "
         "'first_name': 'Cy'}]",
         "all"},
        {"[{'field': 'to', 'first_name': 'Ada'}, {'field': 'to'}]", "all"},
        {"[{'field': 'to', 'first_name': 'Ada'}, {'field': 'to', 'first_name': 'evil.example/x'}]", "all"},
        {"[{'field': 'to'}]", NULL},
        {"[{'field': 'to', 'first_name': ''}]", NULL},
        {"[]", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json = g_strdelimit(g_strdup(cases[i].recipients), "'", '"');
        g_autoptr(GPtrArray) list = recipients_from_json(json);
        g_autofree char *greeting = recipients_greeting(list);
        g_assert_cmpstr(greeting, ==, cases[i].expected);
    }
}

static void
test_json(void)
{
    struct fixture f;
    fixture_set_up(&f);
    gint64 id = add_account(&f, "acme", "{}");
    add_contact(&f, id, "a@x.example", "owner engineering - Ann");
    add_contact(&f, id, "b@x.example", "admin - - -");
    run_sql(&f, "UPDATE contact SET last_name = 'Ö. \"Quote\"' WHERE role = 'owner'");
    g_autoptr(GPtrArray) list = recipients_choose(f.db, id, RECIPIENTS_OWNERS_ADMINS, TODAY, NULL, &f.error);
    json_t *json = recipients_to_json(list);
    char *text = json_dumps(json, 0);
    g_autoptr(GPtrArray) again = recipients_from_json(text);
    json_t *twice = recipients_to_json(again);
    g_assert_true(json_equal(json, twice));
    const struct recipient *first = again->pdata[0];
    g_assert_cmpstr(first->name, ==, "Ann Ö. \"Quote\"");
    g_assert_cmpstr(first->first_name, ==, "Ann");
    g_assert_false(first->cc);
    g_assert_null(((struct recipient *)again->pdata[1])->name);
    free(text);
    json_decref(json);
    json_decref(twice);
    fixture_tear_down(&f);
}

/* Between approval and sending. */
static void
test_refusal(void)
{
    static const struct {
        const char *sql, *expected;
    } cases[] = {
        {"SELECT 1", NULL},
        {"INSERT INTO suppression VALUES('b@x.example', 'opt_out', 0, NULL)",
         "b@x.example is suppressed: opt_out"},
        {"INSERT INTO suppression VALUES('@x.example', 'by hand', 0, NULL)",
         "a@x.example is suppressed: by hand"},
        {"UPDATE contact SET absent = 1 WHERE role = 'owner'",
         "a@x.example is no contact of the account any more"},
        {"DELETE FROM contact WHERE role = 'admin'", "b@x.example is no contact of the account any more"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fixture f;
        fixture_set_up(&f);
        gint64 id = add_account(&f, "acme", "{}");
        add_contact(&f, id, "a@x.example", "owner - - -");
        add_contact(&f, id, "b@x.example", "admin - - -");
        g_autoptr(GPtrArray) list =
            recipients_choose(f.db, id, RECIPIENTS_OWNERS_ADMINS, TODAY, NULL, &f.error);
        run_sql(&f, cases[i].sql);
        g_autofree char *why = recipients_refusal(f.db, id, list);
        g_assert_cmpstr(why, ==, cases[i].expected);
        fixture_tear_down(&f);
    }
}

static void
test_held(void)
{
    struct fixture f;
    fixture_set_up(&f);
    gint64 id = add_account(&f, "acme", "{}");
    add_contact(&f, id, "a@x.example", "owner - - -");
    add_contact(&f, id, "b@x.example", "admin - - -");
    g_autoptr(GPtrArray) list = recipients_choose(f.db, id, RECIPIENTS_OWNERS_ADMINS, TODAY, NULL, &f.error);
    static const struct {
        const char *sql;
        gint64 until;
        const char *why;
    } cases[] = {
        {"SELECT 1", 0, NULL},
        {"INSERT INTO hold(address, until, reason) VALUES('c@x.example', 5000, 'away')", 0, NULL},
        {"INSERT INTO hold(address, until, reason) VALUES('b@x.example', 1000, 'over')", 0, NULL},
        {"INSERT INTO hold(address, until, reason) VALUES('b@x.example', 5000, 'away')", 5000,
         "b@x.example is on hold: away"},
        {"INSERT INTO hold(address, until, reason) VALUES('a@x.example', 4000, 'ill')", 5000,
         "b@x.example is on hold: away"},
        {"INSERT INTO hold(address, until, reason) VALUES('a@x.example', NULL, 'asked')",
         1000 + CLOCK_HOUR_US, "a@x.example is on hold: asked"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        run_sql(&f, cases[i].sql);
        g_autoptr(GError) error = NULL;
        gint64 until_us;
        g_assert_true(recipients_held_until(f.db, list, 1000, &until_us, &why, &error));
        g_assert_cmpint(until_us, ==, cases[i].until);
        g_assert_cmpstr(why, ==, cases[i].why);
    }
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autofree char *path = g_strdup_printf("/compose/recipients/choose/%s", choices[i].name);
        g_test_add_data_func(path, &choices[i], test_choice);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(role_choices); i++) {
        g_autofree char *path =
            g_strdup_printf("/compose/recipients/by-role/%s", role_choices[i].choice.name);
        g_test_add_data_func(path, &role_choices[i], test_role_choice);
    }
    g_test_add_func("/compose/recipients/greeting", test_greeting);
    g_test_add_func("/compose/recipients/json", test_json);
    g_test_add_func("/compose/recipients/refusal", test_refusal);
    g_test_add_func("/compose/recipients/held", test_held);
    return g_test_run();
}
