/* Contacts and accounts that come, go and are found again: by imports, complete ones too, and by hand. */
#include "accounts/contacts.h"

#include "fixture_import.h"

static void
test_contacts(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const char people[] = "account,email,first_name,last_name,role,function,last_active,shoe\n"
                                 "acme,Ana@acme.example,Ana,Ode,owner,engineering,2026-11-01,40\n"
                                 "acme,bo@acme.example,Bo,,member,,2026-11-01T23:30:00Z,\n"
                                 "globex,ana@acme.example,,,ADMIN,Finance,,\n";
    import_good(f, two);
    store_exec(f->db, "UPDATE account SET dirty = 0", NULL, "");
    import_good(f, people);
    g_assert_true(f->report.contact_file);
    g_assert_cmpint(f->report.contacts_added, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(f->report.undeclared, 0), ==, "shoe");
    assert_text(f, "SELECT last_active FROM contact WHERE address='bo@acme.example'", "2026-11-02");
    assert_int(f, "SELECT sum(dirty) FROM account", 2);
    assert_int(f, "SELECT version > 1 FROM account WHERE key='acme'", 1);

    store_exec(f->db, "UPDATE account SET dirty = 0", NULL, "");
    f->options.as_of_us = 9000;
    import_good(f, people);
    g_assert_cmpint(f->report.contacts_unchanged, ==, 3);
    assert_int(f, "SELECT sum(dirty) FROM account", 0);
    assert_int(f, "SELECT min(as_of) FROM contact", 9000);
    assert_int(f, "SELECT count(*) FROM event WHERE kind LIKE 'contact%'", 3);

    import_good(f, "account,email,role,last_active\nacme,ana@ACME.example,admin,\n");
    g_assert_cmpint(f->report.contacts_changed, ==, 1);
    g_assert_true(differs(f, "acme: ana@acme.example role owner → admin"));
    assert_text(f, "SELECT data FROM event WHERE kind='contact_changed'",
                "{\"address\":\"ana@acme.example\",\"changed\":{\"last_active\":[\"2026-11-01\",null],"
                "\"role\":[\"owner\",\"admin\"]},"
                "\"source\":\"test\"}");
    assert_text(f, "SELECT first_name || function FROM contact WHERE role='admin' AND account_id=1",
                "Anaengineering");

    g_autoptr(GPtrArray) list = contacts_list(f->db, 1, &f->error);
    g_assert_no_error(f->error);
    g_assert_cmpuint(list->len, ==, 2);
    const struct contact *first = g_ptr_array_index(list, 0);
    g_assert_cmpstr(first->address, ==, "ana@acme.example");
    g_assert_null(first->last_active);
}

static void
test_complete(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) all = g_string_new("account,plan\n");
    for (int i = 0; i < 10; i++)
        g_string_append_printf(all, "a%d,x\n", i);
    import_good(f, all->str);
    f->options.source = "crm";
    import_good(f, "account,name\nz,Zed\na0,Nought\n");
    f->options.source = "test";
    f->options.complete = TRUE;
    import_bad(f, "account,plan\na0,x\n", "9 of 10 accounts would become absent, more than 20 %");
    g_string_assign(all, "account,plan\n");
    for (int i = 2; i < 10; i++)
        g_string_append_printf(all, "a%d,x\n", i);
    import_good(f, all->str);
    g_assert_cmpint(f->report.accounts_absent, ==, 2);
    g_assert_true(differs(f, "a0: absent"));
    assert_text(f, "SELECT group_concat(key, ' ') FROM account WHERE absent", "a0 a1");
    assert_int(f, "SELECT count(*) FROM event WHERE kind='account_absent'", 2);
    assert_int(f, "SELECT min(version) > 1 FROM account WHERE absent", 1);
    import_good(f, all->str);
    g_assert_cmpint(f->report.accounts_absent, ==, 0);

    /* Another source does not bring it back, its own does. */
    f->options.complete = FALSE;
    f->options.source = "crm";
    import_good(f, "account,name\na0,Nought\n");
    assert_int(f, "SELECT absent FROM account WHERE key='a0'", 1);
    f->options.source = "test";
    import_good(f, "account,plan\na0,x\n");
    g_assert_cmpint(f->report.accounts_changed, ==, 1);
    g_assert_true(differs(f, "a0: no longer absent"));
    assert_int(f, "SELECT absent FROM account WHERE key='a0'", 0);
    assert_int(f, "SELECT count(*) FROM event WHERE kind='account_present'", 1);
}

static void
test_complete_contacts(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, "account\na\nb\n");
    import_good(f, "account,email\na,1@a.example\na,2@a.example\nb,1@b.example\n");
    f->options.complete = TRUE;
    import_bad(f, "account,email\na,1@a.example\n", "2 of 3 contacts would become absent");
    /* Objects without contacts say nothing of contacts. */
    import_good(f, "{\"account\":\"a\"}\n{\"account\":\"b\"}\n");
    g_assert_cmpint(f->report.contacts_absent, ==, 0);
    f->options.force = TRUE;
    import_good(f, "{\"account\":\"a\",\"contacts\":[{\"email\":\"1@a.example\"}]}\n{\"account\":\"b\"}\n");
    g_assert_cmpint(f->report.contacts_absent, ==, 1);
    assert_text(f, "SELECT group_concat(address) FROM contact WHERE absent", "2@a.example");
    assert_text(f, "SELECT data FROM event WHERE kind='contact_absent'",
                "{\"address\":\"2@a.example\",\"source\":\"test\"}");
    import_good(f, "account,email\na,1@a.example\na,2@a.example\n");
    g_assert_cmpint(f->report.contacts_changed, ==, 1);
    g_assert_cmpint(f->report.contacts_absent, ==, 1);
    assert_text(f, "SELECT group_concat(address) FROM contact WHERE absent", "1@b.example");
}

static void
test_acts(struct fixture *f, gconstpointer data)
{
    (void)data;
    gint64 id = 0;
    import_good(f, "account\nacme\nglobex\n");
    g_assert_true(account_find(f->db, "globex", &id, &f->error));
    g_assert_cmpint(id, ==, 2);
    g_assert_false(account_find(f->db, "glbex", &id, &f->error));
    g_assert_error(f->error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    g_assert_cmpstr(f->error->message, ==, "there is no account \"glbex\"; nearest is \"globex\"");
    g_clear_error(&f->error);
    g_assert_false(account_find(f->db, "ACME", &id, &f->error));
    g_assert_nonnull(strstr(f->error->message, "nearest is \"acme\""));
    g_clear_error(&f->error);
    g_assert_true(account_touch(f->db, 2, &f->error));
    assert_int(f, "SELECT version > 1 FROM account WHERE id=2", 1);

    g_autofree char *reason = NULL;
    g_assert_false(suppression_find(f->db, "ana@acme.example", NULL));
    g_assert_true(suppression_add(f->db, " Ana@Acme.example ", "opt-out", 1, 0, &f->error));
    g_assert_true(suppression_add(f->db, "ana@acme.example", "bounce", 2, 0, &f->error));
    g_assert_true(suppression_add(f->db, "@Globex.example", "asked us", 3, 0, &f->error));
    g_assert_true(suppression_find(f->db, "ANA@acme.example", &reason));
    g_assert_cmpstr(reason, ==, "opt-out");
    g_assert_true(suppression_find(f->db, "any@globex.EXAMPLE", NULL));
    g_assert_false(suppression_find(f->db, "any@sub.globex.example", NULL));
    static const char *const wrong[] = {"ana", "@", "@x", "ana@", "", "a b@c.example"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(suppression_add(f->db, wrong[i], "x", 1, 0, &f->error));
        g_assert_error(f->error, USHER_ERROR, USHER_ERROR_DATA);
        g_clear_error(&f->error);
    }
}

static void
test_addresses(void)
{
    static const char *const good[] = {"a@b.example", "first.last+tag@sub.dom-ain.example", "o'neil@x.co",
                                       "ops@localhost", "a@1and1.example"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b.example",
                                      "a@",
                                      "a@b",
                                      "a@b..example",
                                      "a@-b.example",
                                      "a@b-.example",
                                      ".a@b.example",
                                      "a.@b.example",
                                      "a..b@c.example",
                                      "a b@c.example",
                                      "a@b.example\r\nRCPT TO:<x@y>",
                                      "<a@b.example>",
                                      "a@b.example,c@d.example",
                                      "a@[127.0.0.1]",
                                      "a@127.0.0.1",
                                      "\"a b\"@c.example",
                                      "a@b@c.example",
                                      "\xc3\xa4@b.example",
                                      "a@\xc3\xa4.example",
                                      "a@b.example.",
                                      "a\x01@b.example",
                                      "a@b_c.example"};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        if (!contact_address_valid(good[i]))
            g_error("refused: %s", good[i]);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        if (contact_address_valid(bad[i]))
            g_error("passed: %s", bad[i]);
    g_autofree char *longest = g_strnfill(64, 'a');
    g_autofree char *ok = g_strconcat(longest, "@b.example", NULL),
                    *no = g_strconcat("a", longest, "@b.example", NULL);
    g_assert_true(contact_address_valid(ok));
    g_assert_false(contact_address_valid(no));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("contacts", test_contacts);
    TEST("complete", test_complete);
    TEST("complete-contacts", test_complete_contacts);
    TEST("acts", test_acts);
    g_test_add_func("/contacts/addresses", test_addresses);
    return g_test_run();
}
