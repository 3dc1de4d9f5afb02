/* Import: what a file does to the database, what it refuses, and that both are exact. */
#include "accounts/contacts.h"
#include "accounts/import.h"
#include "base/error.h"
#include "base/zone.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    char *dir, *path;
    struct store *db;
    struct fact_set *set;
    struct import_options options;
    struct import_report report;
    GError *error;
};

static const char facts_conf[] =
    "fact name { type = name }\nfact plan { type = text }\nfact forecast_mrr { type = number }\n"
    "fact bills_paid { type = integer default = 0 }\nfact churned { type = boolean }\n"
    "fact next_renewal { type = date }\nfact seen { type = time }\nfact products { type = list }\n"
    "fact timezone { type = text }\nfact credit { type = number source = \"billing\" }\n";

static void
set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    memset(f, 0, sizeof *f);
    f->dir = g_dir_make_tmp("usher-import-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "usher.db", NULL);
    g_autofree char *conf = g_build_filename(f->dir, "facts.conf", NULL);
    g_assert_true(g_file_set_contents(conf, facts_conf, -1, NULL));
    f->set = facts_load(conf, &f->error);
    g_assert_no_error(f->error);
    g_assert_true(store_migrate(f->path, &f->error));
    f->db = store_open(f->path, &f->error);
    g_assert_no_error(f->error);
    f->options = (struct import_options){.source = "test",
                                         .as_of_us = 1000,
                                         .now_us = 2000,
                                         .actor = "ana",
                                         .team_zone = zone_find("Europe/Berlin", NULL)};
}

static void
tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    import_report_clear(&f->report);
    g_clear_error(&f->error);
    store_close(f->db);
    facts_free(f->set);
    g_autoptr(GDir) d = g_dir_open(f->dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(f->dir, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->dir);
    g_free(f->dir);
    g_free(f->path);
}

static gboolean
import_bytes(struct fixture *f, const char *text, gsize length)
{
    FILE *stream = tmpfile();
    fwrite(text, 1, length, stream);
    rewind(stream);
    import_report_clear(&f->report);
    g_clear_error(&f->error);
    gboolean ok = import_file(f->db, f->set, &f->options, stream, "a.csv", &f->report, &f->error);
    fclose(stream);
    g_assert_false(store_in_transaction(f->db));
    g_assert_true(ok == (f->error == NULL));
    return ok;
}

static void
import_good(struct fixture *f, const char *text)
{
    import_bytes(f, text, strlen(text));
    g_assert_no_error(f->error);
}

static void
import_bad(struct fixture *f, const char *text, const char *expected)
{
    g_assert_false(import_bytes(f, text, strlen(text)));
    if (!strstr(f->error->message, expected))
        g_error("\"%s\" gave: %s", text, f->error->message);
}

static void
assert_text(struct fixture *f, const char *sql, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = store_text(f->db, sql, &error, "");
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

static void
assert_int(struct fixture *f, const char *sql, gint64 expected)
{
    g_autoptr(GError) error = NULL;
    gint64 found = store_int(f->db, sql, -1, &error, "");
    g_assert_no_error(error);
    g_assert_cmpint(found, ==, expected);
}

static gboolean
differs(struct fixture *f, const char *line)
{
    return g_ptr_array_find_with_equal_func(f->report.differences, line, g_str_equal, NULL);
}

#define FACTS(key)                                                                                           \
    "SELECT facts FROM account_facts WHERE source='test' AND account_id=(SELECT id FROM account WHERE "      \
    "key='" key "')"

static const char two[] = "\xef\xbb\xbf"
                          "account,name,forecast_mrr,next_renewal,churned,colour,products\r\n"
                          "acme,\"Acme, \"\"Inc\"\"\n GmbH\",500.00,2026-12-01,f,red,replay; flags\r\n"
                          "\r\n"
                          "globex, Globex ,,,t,\"\",\r\n";

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
test_bad_rows(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "a.csv: is empty"},
        {"\n \n", "a.csv: is empty"},
        {"name,plan\nx,y\n", "a.csv:1: the header has no column \"account\", it begins with \"name\""},
        {"account;name\nx;y\n", "cells are parted by commas"},
        {"account,name,name\n", "a.csv:1: the header has the column \"name\" twice"},
        {"account,\n", "column 2 of the header has no name"},
        {"account,@as_of\n", "cannot be a name"},
        {"account,forecast_mrr\nacme,\"12,5\"\n",
         "a.csv:2: column \"forecast_mrr\": expected a number such as 1250 or 12.5, found \"12,5\""},
        {"account,forecast_mrr\nacme,\"\"\n",
         "a.csv:2: column \"forecast_mrr\": expected a number such as 1250 or 12.5, found \"\""},
        {"account,next_renewal\na,\nb,2026-02-30\n", "a.csv:3: column \"next_renewal\": expected a date"},
        {"account,churned\na,maybe\n", "expected true or false, found \"maybe\""},
        {"account,timezone\na,PST\n", "a.csv:2: column \"timezone\": expected an IANA time zone"},
        {"account,name\n\na,x\n,y\n", "a.csv:4: column \"account\": expected the account's key"},
        {"account,name\na,\"x\ny\"\nb\n",
         "a.csv:4: the header has 2 columns and this row 1: the first without a cell is \"name\""},
        {"account,name\na,x,9\n",
         "a.csv:2: the header has 2 columns and this row 3: the first cell without a column holds \"9\""},
        {"account,name\na,x\nb,y\na,z\n", "a.csv:4: column \"account\": \"a\" is in line 2 already"},
        {"account,name\na,x\"y\n", "a.csv:2: column \"name\": a quote in the middle of a cell"},
        {"account,name\na,x\nb,\"y\nc,z\n",
         "a.csv:3: column \"name\": the quote that opens here is never closed"},
        {"account,name\na,\xff\n", "a.csv:2: byte 3 of the line is not UTF-8"},
        {"{\"account\":\"a\",\"forecast_mrr\":\"x\"}\n",
         "a.csv:1: column \"forecast_mrr\": expected a number"},
        {"{\"account\":\"a\",\"forecast_mrr\":true}\n", "found \"true\""},
        {"{\"account\":\"a\",\"churned\":2}\n", "expected true or false"},
        {"{\"account\":\"a\",\"bills_paid\":1.5}\n", "expected a whole number"},
        {"{\"account\":\"a\",\"products\":[{}]}\n", "expected a list"},
        {"{\"account\":\"a\"}\n{\"account\":\"b\",\"x\":1,\"x\":2}\n", "a.csv:2: character"},
        {"{\"account\":\"a\"}\n[]\n", "a.csv:2: expected a JSON object"},
        {"{\"account\":\"a\"}\n{\n", "a.csv:2: character"},
        {"{\"account\":\"a\"}\n{\"account\":\"a\"}\n",
         "a.csv:2: column \"account\": \"a\" is in line 1 already"},
        {"{\"account\":\"a\\u0000b\"}\n", "character 21: a text cannot hold \\u0000"},
        {"{\"account\":\"a\\u202eb\"}\n", "column \"account\": expected a key without control characters"},
        {"{\"name\":\"a\"}\n", "column \"account\": expected the account's key, found nothing"},
        {"{\"account\":\"a\",\"credit\":1}\n", "belongs to the source \"billing\""},
        {"{\"account\":\"a\",\"contacts\":{}}\n", "\"contacts\": expected an array"},
        {"{\"account\":\"a\",\"contacts\":[1]}\n", "\"contacts\": expected objects"},
        {"{\"account\":\"a\",\"contacts\":[{\"first_name\":\"x\"}]}\n",
         "column \"email\": expected an address"},
        {"{\"account\":\"a\",\"contacts\":[{\"email\":\"a@b.example\"},{\"email\":\"A@b.example\"}]}\n",
         "\"a@b.example\" is a contact of \"a\" in line 1 already"},
        {"account,email\nnobody,a@b.example\n",
         "a.csv:2: column \"account\": expected an account that was imported before"},
        {"account,email,role\nx,nonsense,boss\n", "a.csv:2: column \"email\": expected an address such as"},
        {"account,email,role\nx,a@b.example,boss\n",
         "a.csv:2: column \"role\": expected owner, admin or member, found \"boss\""},
        {"account,email,last_active\nx,a@b.example,yesterday\n", "column \"last_active\": expected a date"},
        {"email,role\na@b.example,owner\n", "no column \"account\""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        import_bad(f, cases[i].text, cases[i].expected);
        g_assert_error(f->error, USHER_ERROR, USHER_ERROR_DATA);
        g_assert_null(strchr(f->error->message, '\n'));
        assert_int(f, "SELECT count(*) FROM account", 0);
    }
    static const char nul[] = "account,name\na,x\0y\n";
    g_assert_false(import_bytes(f, nul, sizeof nul - 1));
    g_assert_nonnull(strstr(f->error->message, "a.csv:2: byte 4 of the line is NUL"));
    /* Every bad row is told, the first one is the error. */
    import_bad(f, "account,forecast_mrr\na,x\nb,1\nc,y\n", "a.csv:2:");
    g_assert_cmpuint(f->report.problems->len, ==, 2);
    g_assert_true(g_str_has_prefix(g_ptr_array_index(f->report.problems, 1), "a.csv:4:"));
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

/* Large cells, long lines, and lines that lie across the reader's blocks. */
static void
test_sizes(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *long_name = g_strnfill(900 * 1024, 'n');
    g_autofree char *file = g_strdup_printf("account,name,plan\na,%s,x\nb,B,y\n", long_name);
    import_good(f, file);
    assert_int(f, "SELECT length(json_extract(facts, '$.name')) FROM account_facts WHERE account_id = 1",
               900 * 1024);
    g_autofree char *longer = g_strnfill(1100 * 1024, 'n');
    g_autofree char *too_long = g_strdup_printf("account,name\na,\"%s\"\n", longer);
    import_bad(f, too_long, "column \"name\": a cell over 1 MiB");
    g_autoptr(GString) open = g_string_new("account,name\na,\"x\n");
    for (int i = 0; i < 200000; i++)
        g_string_append(open, "more,cells\n");
    import_bad(f, open->str, "a.csv:2: column \"name\": a cell over 1 MiB: is a quote left open?");
    g_autoptr(GString) endless = g_string_new("account,name\na,");
    for (int i = 0; i < 17; i++)
        g_string_append_len(endless, longer, 1024 * 1024);
    import_bad(f, endless->str, "a.csv:2: a line over 16 MiB");
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

#define TEST(name, func) g_test_add("/import/" name, struct fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("accounts", test_accounts);
    TEST("changes", test_changes);
    TEST("sources", test_sources);
    TEST("newest-source", test_newest_source);
    TEST("dry-run", test_dry_run);
    TEST("bad-rows", test_bad_rows);
    TEST("json", test_json);
    TEST("contacts", test_contacts);
    TEST("complete", test_complete);
    TEST("complete-contacts", test_complete_contacts);
    TEST("sink", test_sink);
    TEST("acts", test_acts);
    TEST("sizes", test_sizes);
    TEST("serial", test_second_writer);
    g_test_add_func("/contacts/addresses", test_addresses);
    return g_test_run();
}
