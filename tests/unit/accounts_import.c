/* Import: what a file does to the database, exactly. */
#include "fixture_import.h"

static void
test_accounts(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, two);
    g_assert_cmpint(f->report.accounts_added, ==, 2);
    g_assert_cmpint(f->report.accounts_unchanged, ==, 0);
    g_assert_cmpuint(f->report.undeclared->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(f->report.undeclared, 0), ==, "colour");
    g_assert_true(differs(f, "acme: new account"));
    assert_text(
        f, FACTS("acme"),
        "{\"churned\":false,\"colour\":\"red\",\"forecast_mrr\":500,\"name\":\"Acme, \\\"Inc\\\"\\n GmbH\","
        "\"next_renewal\":\"2026-12-01\",\"products\":[\"replay\",\"flags\"]}");
    assert_text(f, FACTS("globex"), "{\"churned\":true,\"colour\":\"\",\"name\":\"Globex\"}");
    assert_int(f, "SELECT count(*) FROM event WHERE kind='account_added' AND at=2000 AND actor='ana'", 2);
    assert_text(f, "SELECT data FROM event LIMIT 1", "{\"source\":\"test\"}");
    assert_int(f, "SELECT sum(dirty) FROM account", 2);

    /* The same again: no value, no event, only age. */
    store_exec(f->db, "UPDATE account SET dirty = 0", NULL, "");
    f->options.as_of_us = 5000;
    import_good(f, two);
    g_assert_cmpint(f->report.accounts_added, ==, 0);
    g_assert_cmpint(f->report.accounts_unchanged, ==, 2);
    g_assert_cmpuint(f->report.differences->len, ==, 0);
    assert_int(f, "SELECT count(*) FROM event", 2);
    assert_int(f, "SELECT sum(dirty) FROM account", 0);
    assert_int(f, "SELECT max(version) FROM account", 1);
    assert_int(f, "SELECT min(as_of) FROM account_facts", 5000);

    /* An older file does not turn facts back. */
    f->options.as_of_us = 4000;
    import_bad(f, two, "later than this file's time");
    f->options.force = TRUE;
    import_good(f, two);
}

static void
test_changes(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, two);
    store_exec(f->db, "UPDATE account SET dirty = 0", NULL, "");
    f->options.as_of_us = 3000;
    import_good(f, "account,forecast_mrr,colour\nacme,620,\nglobex,,\"\"\ninitech,7,x\n");
    g_assert_cmpint(f->report.accounts_added, ==, 1);
    g_assert_cmpint(f->report.accounts_changed, ==, 1);
    g_assert_cmpint(f->report.accounts_unchanged, ==, 1);
    g_assert_true(differs(f, "acme: forecast_mrr 500 → 620"));
    g_assert_true(differs(f, "acme: colour red → (none)"));
    /* Columns the file does not have keep value and age. */
    assert_text(f, FACTS("acme"),
                "{\"@as_of\":{\"churned\":1000,\"name\":1000,\"next_renewal\":1000,\"products\":1000},"
                "\"churned\":false,"
                "\"forecast_mrr\":620,\"name\":\"Acme, \\\"Inc\\\"\\n GmbH\",\"next_renewal\":\"2026-12-01\","
                "\"products\":[\"replay\",\"flags\"]}");
    assert_int(f, "SELECT dirty FROM account WHERE key='acme'", 1);
    assert_int(f, "SELECT version > 1 FROM account WHERE key='acme'", 1);
    assert_int(f, "SELECT dirty FROM account WHERE key='globex'", 0);
    assert_text(f, "SELECT data FROM event WHERE kind='facts_changed'",
                "{\"changed\":{\"colour\":[\"red\",null],\"forecast_mrr\":[500,620]},\"source\":\"test\"}");
    /* Their age stays through another partial delivery, and is renewed when they come again. */
    f->options.as_of_us = 4000;
    import_good(f, "account,forecast_mrr,colour\nacme,620,\n");
    g_assert_cmpint(f->report.accounts_unchanged, ==, 1);
    assert_text(f,
                "SELECT json_extract(facts, '$.\"@as_of\".name') || ' ' || as_of FROM account_facts JOIN "
                "account ON id=account_id"
                " WHERE key='acme'",
                "1000 4000");
    f->options.as_of_us = 5000;
    import_good(f, two);
    assert_int(
        f,
        "SELECT json_extract(facts, '$.\"@as_of\"') IS NULL FROM account_facts JOIN account ON id=account_id"
        " WHERE key='acme'",
        1);
}

static void
test_sources(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, "account,forecast_mrr\nacme,1\n");
    import_bad(f, "account,credit\nacme,9\n",
               "a.csv:1: column \"credit\": this fact belongs to the source \"billing\"");
    f->options.source = "billing";
    import_good(f, "account,credit\nacme,9\n");
    assert_int(f, "SELECT count(*) FROM account_facts", 2);
}

/* The newest delivery of a fact counts: a source that says the same again may win against another then, and
 * the account is another one. */
static void
test_newest_source(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *file;
        gint64 changed;
    } again[] = {{"{\"account\":\"acme\",\"plan\":\"pro\",\"forecast_mrr\":1}", 1},
                 {"{\"account\":\"acme\",\"plan\":\"pro\",\"seats \\\"all\\\"\":4}", 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(again); i++) {
        f->options.source = "test";
        import_good(f, again[i].file);
        f->options.source = "crm";
        f->options.as_of_us += 100;
        import_good(f, "{\"account\":\"acme\",\"plan\":\"pro\",\"forecast_mrr\":2,\"seats \\\"all\\\"\":5}");
        store_exec(f->db, /* wins, whenever it was said */
                   "INSERT INTO account_facts(account_id, source, as_of, facts) SELECT id, 'by hand', 9000, "
                   "'{\"plan\":\"own\"}' FROM account",
                   &f->error, "");
        store_exec(f->db, "UPDATE account SET version = 0, dirty = 0", &f->error, "");
        f->options.source = "test";
        f->options.as_of_us += 100;
        import_good(f, again[i].file);
        assert_int(f, "SELECT dirty FROM account", again[i].changed);
        assert_int(f, "SELECT version > 0 FROM account", again[i].changed);
        f->options.as_of_us += 100; /* it is the newest already */
        store_exec(f->db, "UPDATE account SET version = 0, dirty = 0", &f->error, "");
        import_good(f, again[i].file);
        assert_int(f, "SELECT dirty + version FROM account", 0);
        store_exec(f->db, "DELETE FROM account_facts", &f->error, "");
    }
}

static void
test_dry_run(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->options.dry_run = TRUE;
    import_good(f, two);
    g_assert_cmpint(f->report.accounts_added, ==, 2);
    assert_int(f, "SELECT count(*) FROM account", 0);
    f->options.dry_run = FALSE;
    import_good(f, two);
    f->options.dry_run = TRUE;
    import_good(f, "{\"account\":\"acme\",\"forecast_mrr\":1}");
    g_assert_true(differs(f, "acme: forecast_mrr 500 → 1"));
    assert_int(f, "SELECT count(*) FROM event", 2);
}

static void
test_json(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, "{\"account\":7,\"name\":\"Seven\",\"forecast_mrr\":500.0,\"deep\":{\"b\":1,\"a\":[2]},"
                   "\"seen\":\"2026-07-01T12:00\","
                   "\"contacts\":[{\"email\":\"Ana@Seven.Example\",\"role\":\"Owner\",\"age\":3}]}\n\n"
                   "{\"account\":\"8\"}\n");
    g_assert_cmpint(f->report.accounts_added, ==, 2);
    g_assert_cmpint(f->report.contacts_added, ==, 1);
    assert_text(f, FACTS("7"),
                "{\"deep\":{\"a\":[2],\"b\":1},\"forecast_mrr\":500,\"name\":\"Seven\",\"seen\":\"2026-07-"
                "01T10:00:00Z\"}");
    assert_text(f, "SELECT address || ' ' || role FROM contact", "ana@seven.example owner");
    assert_text(f, "SELECT data FROM event WHERE kind='contact_added'",
                "{\"address\":\"ana@seven.example\",\"source\":\"test\"}");
    g_assert_cmpuint(f->report.undeclared->len, ==, 2);
    import_good(f, "{\"account\":\"7\",\"name\":null,\"contacts\":[{\"email\":\"ana@seven.example\",\"first_"
                   "name\":\"Ana\"}]}");
    g_assert_cmpint(f->report.accounts_changed, ==, 1);
    g_assert_cmpint(f->report.contacts_changed, ==, 1);
    assert_text(f, "SELECT first_name || ' ' || role FROM contact", "Ana owner");
    assert_int(f,
               "SELECT json_extract(facts, '$.name') IS NULL AND json_extract(facts, '$.forecast_mrr') = 500 "
               "FROM account_facts"
               " WHERE account_id = 1",
               1);
}

struct recorder {
    GString *kinds;
    int fail_at;
};

static gboolean
record(gpointer user, struct store *db, struct event *event, GError **error)
{
    struct recorder *r = user;
    g_assert_true(store_in_transaction(db));
    g_string_append_printf(r->kinds, "%s%" G_GINT64_FORMAT " ", event->kind, event->account_id);
    if (r->fail_at && --r->fail_at == 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "the pipeline says no");
        return FALSE;
    }
    return journal_append(db, event, error);
}

static void
test_sink(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct recorder recorder = {.kinds = g_string_new(NULL), .fail_at = 2};
    struct event_sink sink = {.record = record, .user = &recorder};
    f->options.sink = &sink;
    import_bad(f, "{\"account\":\"a\",\"contacts\":[{\"email\":\"1@a.example\"}]}\n{\"account\":\"b\"}\n",
               "the pipeline says no");
    assert_int(f, "SELECT count(*) FROM account", 0);
    g_string_truncate(recorder.kinds, 0);
    import_good(f, "{\"account\":\"a\",\"contacts\":[{\"email\":\"1@a.example\"}]}\n{\"account\":\"b\"}\n");
    import_good(f, "{\"account\":\"b\",\"plan\":\"x\"}\n");
    g_assert_cmpstr(recorder.kinds->str, ==, "account_added1 account_added2 contact_added1 facts_changed2 ");
    assert_int(f, "SELECT count(*) FROM event", 4);
    g_string_free(recorder.kinds, TRUE);
}

/* Every import that writes raises the serial by which another one sees that its comparison is stale. */
static void
test_second_writer(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_good(f, "account,plan\na,x\n");
    assert_text(f, "SELECT value FROM meta WHERE key='import_serial'", "1");
    import_good(f, "account,plan\na,y\n");
    assert_text(f, "SELECT value FROM meta WHERE key='import_serial'", "2");
    f->options.dry_run = TRUE;
    import_good(f, "account,plan\na,z\n");
    assert_text(f, "SELECT value FROM meta WHERE key='import_serial'", "2");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("accounts", test_accounts);
    TEST("changes", test_changes);
    TEST("sources", test_sources);
    TEST("newest-source", test_newest_source);
    TEST("dry-run", test_dry_run);
    TEST("json", test_json);
    TEST("sink", test_sink);
    TEST("serial", test_second_writer);
    return g_test_run();
}
