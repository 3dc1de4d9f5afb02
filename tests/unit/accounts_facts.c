/* facts.conf, typed conversion, and the merged row of one account. */
#include "accounts/fact_convert.h"
#include "accounts/facts.h"
#include "base/error.h"
#include "base/zone.h"

#include "fixture_folder.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
write_file(const char *dir, const char *name, const char *text)
{
    char *path = g_build_filename(dir, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static struct fact_set *
load_text(const char *text, GError **error)
{
    g_autofree char *dir = g_dir_make_tmp("usher-facts-XXXXXX", NULL);
    g_autofree char *path = write_file(dir, "facts.conf", text);
    struct fact_set *set = facts_load(path, error);
    fixture_remove(dir);
    return set;
}

static const char sample[] = "fact name { type = name about = \"who\" }\n"
                             "fact forecast_mrr { type = number unit = \"USD a month\" }\n"
                             "fact bills_paid { type = integer default = 0 }\n"
                             "fact churned { type = boolean default = false }\n"
                             "fact next_renewal { type = date }\n"
                             "fact spike_at { type = time }\n"
                             "fact timezone { type = text }\n"
                             "fact products { type = list }\n"
                             "fact invoice { type = url source = \"billing\" }\n";

static void
test_shipped(void)
{
    g_autoptr(GError) error = NULL;
    scoped(facts_free) struct fact_set *set = facts_load(USHER_SOURCE_DIR "/sequences/facts.conf", &error);
    g_assert_no_error(error);
    static const struct {
        const char *name;
        enum fact_type type;
    } wanted[] = {
        {"name", FACT_NAME},
        {"forecast_mrr", FACT_NUMBER},
        {"next_renewal", FACT_DATE},
        {"bills_paid", FACT_INTEGER},
        {"last_invoice_url", FACT_URL},
        {"last_invoice_status", FACT_TEXT},
        {"churned", FACT_BOOLEAN},
        {"first_payment_due", FACT_NUMBER},
        {"timezone", FACT_TEXT},
        {"spike_at", FACT_TIME},
        {"sdks_outdated", FACT_LIST},
        {"identify_events_30d", FACT_NUMBER},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        const struct fact *fact = facts_find(set, wanted[i].name);
        g_assert_nonnull(fact);
        g_assert_cmpint(fact->type, ==, wanted[i].type);
    }
    /* Each says what it means, can stand bare in a rule, and gives the rules their columns in the same order.
     */
    scoped(rules_free) struct rules *rules = rules_new(facts_names(set));
    for (guint i = 0; i < facts_count(set); i++) {
        const struct fact *fact = facts_at(set, i);
        g_assert_cmpuint(fact->index, ==, i);
        g_assert_cmpstr(facts_names(set)[i], ==, fact->name);
        g_assert_cmpuint(strlen(fact->about), >, 5);
        g_autofree char *rule = g_strdup_printf("coalesce(%s, 1) = 1 AND NOT %s", fact->name, fact->name);
        g_assert_cmpint(rules_add(rules, "facts.conf", 1, fact->name, rule, &error), ==, (int)i);
        g_assert_no_error(error);
        g_assert_cmpstr(rules_reads(rules, (int)i)[0], ==, fact->name);
    }
}

static void
test_refusals(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"fact Plan { type = text }", ":1: fact \"Plan\": a name is"},
        {"\n\nfact select { type = text }", ":3: fact \"select\": this word means something in SQL"},
        {"fact today { type = date }", "provided by usher itself"},
        {"fact stage { type = text }", "provided by usher itself"},
        {"fact plan { }", "has no type"},
        {"fact plan { type = string }", "type \"string\" is none of number"},
        {"fact n { type = number default = lots }",
         "default: expected a number such as 1250 or 12.5, found \"lots\""},
        {"fact n { type = number type = text }", "twice"},
        {"fact n { type = number }\nfact n { type = text }", ":2:"},
        {"fact n { kind = number }", "kind"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(load_text(cases[i].text, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
        if (!strstr(error->message, cases[i].expected))
            g_error("case %u: %s", i, error->message);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(facts_load("/nonexistent/facts.conf", &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
}

static void
test_engine_facts(void)
{
    g_autoptr(GError) error = NULL;
    scoped(facts_free) struct fact_set *set = load_text(sample, &error);
    g_assert_no_error(error);
    guint before = facts_count(set);
    g_assert_true(facts_add_engine(set, "stage", FACT_TEXT, "where it is", &error));
    g_assert_true(facts_add_engine(set, "stage", FACT_TEXT, "where it is", &error));
    g_assert_true(facts_add_engine(set, "today", FACT_DATE, "", &error));
    g_assert_cmpuint(facts_count(set), ==, before + 1);
    g_assert_true(facts_find(set, "stage")->engine);
    g_assert_null(facts_names(set)[before + 1]);
    g_assert_false(facts_add_engine(set, "stage", FACT_TIME, "", &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    g_clear_error(&error);
    g_assert_false(facts_add_engine(set, "forecast_mrr", FACT_NUMBER, "", &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    g_assert_cmpstr(facts_nearest(set, "forcast_mrr"), ==, "forecast_mrr");
    g_assert_null(facts_nearest(set, "quite_another_thing"));
}

static void
test_convert(void)
{
    static const struct {
        enum fact_type type;
        const char *text, *json; /* NULL: refused */
    } cases[] = {
        {FACT_NUMBER, "500", "500"},
        {FACT_NUMBER, "500.00", "500"},
        {FACT_NUMBER, "+007.50", "7.5"},
        {FACT_NUMBER, "-0.0", "0"},
        {FACT_NUMBER, "-12.25", "-12.25"},
        {FACT_NUMBER, "0.0001", "0.0001"},
        {FACT_NUMBER, "0.00001", "1e-05"},
        {FACT_NUMBER, "0.1", "0.1"},
        {FACT_NUMBER, "123456789012345678", "1.2345678901234568e+17"},
        {FACT_NUMBER, "12,5", NULL},
        {FACT_NUMBER, "1e3", NULL},
        {FACT_NUMBER, "$5", NULL},
        {FACT_NUMBER, "nan", NULL},
        {FACT_NUMBER, "", NULL},
        {FACT_NUMBER, "-", NULL},
        {FACT_NUMBER, ".5", NULL},
        {FACT_NUMBER, "5.", NULL},
        {FACT_NUMBER, "0x10", NULL},
        {FACT_INTEGER, "3", "3"},
        {FACT_INTEGER, "3.0", "3"},
        {FACT_INTEGER, "-0", "0"},
        {FACT_INTEGER, "3.5", NULL},
        {FACT_INTEGER, "9999999999999999999", NULL},
        {FACT_BOOLEAN, "t", "true"},
        {FACT_BOOLEAN, "No", "false"},
        {FACT_BOOLEAN, "1", "true"},
        {FACT_BOOLEAN, "2", NULL},
        {FACT_BOOLEAN, "", NULL},
        {FACT_DATE, "2026-02-28", "\"2026-02-28\""},
        {FACT_DATE, "2024-02-29", "\"2024-02-29\""},
        {FACT_DATE, "2026-02-30", NULL},
        {FACT_DATE, "2026-11-21 10:00", NULL},
        {FACT_DATE, "21.11.2026", NULL},
        {FACT_DATE, "2026-1-2", NULL},
        {FACT_TIME, "2026-11-21T09:00:00+01:00", "\"2026-11-21T08:00:00Z\""},
        {FACT_TIME, "2026-11-21 09:00:00.123456+00", "\"2026-11-21T09:00:00Z\""},
        {FACT_TIME, "2026-11-21 09:00", "\"2026-11-21T08:00:00Z\""},
        {FACT_TIME, "soon", NULL},
        {FACT_TEXT, "", "\"\""},
        {FACT_TEXT, "a\"b\\c\n\x01\xc3\xa4", "\"a\\\"b\\\\c\\n\\u0001\xc3\xa4\""},
        {FACT_LIST, "replay; flags ;;surveys", "[\"replay\",\"flags\",\"surveys\"]"},
        {FACT_LIST, "", "[]"},
        {FACT_LIST, "{a,\"b c\"}", "[\"a\",\"b c\"]"},
        {FACT_LIST, "[\"a\", \"b;c\", 3]", "[\"a\",\"b;c\",\"3\"]"},
        {FACT_LIST, "[1, {}]", NULL},
        {FACT_LIST, "[1", NULL},
        {FACT_URL, "https://pay.example/1?a=b", "\"https://pay.example/1?a=b\""},
        {FACT_URL, "javascript:alert(1)", NULL},
        {FACT_URL, "https://a b", NULL},
        {FACT_URL, "https://a\"onclick=", NULL},
        {FACT_NAME, "Zo\xc3\xab", "\"Zo\xc3\xab\""},
    };
    GTimeZone *berlin = zone_find("Europe/Berlin", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new("x");
        const char *expected;
        gboolean ok =
            fact_append_text(out, cases[i].type, cases[i].text, strlen(cases[i].text), berlin, &expected);
        if (ok != (cases[i].json != NULL) || (ok && strcmp(out->str + 1, cases[i].json) != 0))
            g_error("case %u \"%s\": %s", i, cases[i].text, ok ? out->str + 1 : "refused");
        g_assert_true(ok || strcmp(out->str, "x") == 0);
        /* What a CSV cell becomes, the JSON value reads back as, and is written the same again. */
        json_t *value = ok ? json_loads(out->str + 1, JSON_DECODE_ANY, NULL) : NULL;
        g_assert_true(!ok || value);
        if (value) {
            g_autoptr(GString) again = g_string_new(NULL);
            g_assert_true(fact_append_json(again, cases[i].type, value, berlin, &expected));
            g_assert_cmpstr(again->str, ==, out->str + 1);
        }
        json_decref(value);
    }
}

static void
test_names(void)
{
    static const char *const good[] = {"Anna",
                                       "J. Smith",
                                       "Dr. No",
                                       "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99",
                                       "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf",
                                       "O'Neil-Sj\xc3\xb6",
                                       "Zo\xc3\xab \xf0\x9f\x98\x80"};
    static const char *const bad[] = {"",
                                      "  ",
                                      "evil.example",
                                      "Hi Evil.Example now",
                                      "http://x",
                                      "www.x",
                                      "a/b",
                                      "a\\b",
                                      "line\nbreak",
                                      "\xe2\x80\xae"
                                      "abc",
                                      "a\xe2\x81\xa6"
                                      "b",
                                      "\xc3\xa4.com",
                                      "a\x7f",
                                      "0123456789012345678901234567890123456789012345678901234567890"};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_cmpstr(fact_name_refusal(good[i]), ==, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        if (!fact_name_refusal(bad[i]))
            g_error("\"%s\" passed", bad[i]);
}

static void
insert_facts(struct store *db, const char *source, gint64 as_of, const char *facts)
{
    g_autoptr(GError) error = NULL;
    store_exec(db, "INSERT INTO account_facts(account_id, source, as_of, facts) VALUES(1, ?, ?, ?)", &error,
               "tit", source, as_of, facts);
    g_assert_no_error(error);
}

static void
test_row(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("usher-facts-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "usher.db", NULL);
    scoped(facts_free) struct fact_set *set = load_text(sample, &error);
    g_assert_true(facts_add_engine(set, "initiated_at", FACT_TIME, "", &error));
    g_assert_true(store_migrate(path, &error));
    {
        scoped(store_close) struct store *db = store_open(path, &error);
        store_exec(db, "INSERT INTO account(key, added_at) VALUES('acme', 0)", &error, "");
        insert_facts(
            db, "billing", 200,
            "{\"@as_of\":{\"next_renewal\":50},\"forecast_mrr\":500,\"invoice\":\"https://p.example/\","
            "\"name\":\"evil.example\",\"next_renewal\":\"2026-12-01\"}");
        insert_facts(db, "crm", 100,
                     "{\"bills_paid\":null,\"forecast_mrr\":100,\"invoice\":\"https://wrong.example/"
                     "\",\"next_renewal\":\"2026-12-09\","
                     "\"products\":[\"a\",\"b\"],\"spike_at\":\"2026-07-01T10:00:00Z\",\"timezone\":"
                     "\"America/New_York\",\"x\":7}");
        scoped(fact_row_free) struct fact_row *row = NULL;
        g_assert_true(fact_row_load(db, set, 1, zone_find("Europe/Berlin", NULL), &row, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(fact_row_text(row, "account"), ==, "acme");
        const struct fact_value *mrr = fact_row_get(row, "forecast_mrr");
        g_assert_cmpfloat(json_number_value(mrr->value), ==, 500);
        g_assert_cmpstr(mrr->source, ==, "billing");
        g_assert_cmpint(mrr->as_of_us, ==, 200);
        /* Older than its row says, so the other source is newer. */
        g_assert_cmpstr(fact_row_text(row, "next_renewal"), ==, "2026-12-09");
        g_assert_cmpstr(fact_row_text(row, "invoice"), ==, "https://p.example/");
        g_assert_null(fact_row_get(row, "name")->value);
        g_assert_cmpstr(fact_row_get(row, "name")->refused, ==, "holds a host name");
        g_assert_cmpint(json_integer_value(fact_row_get(row, "bills_paid")->value), ==, 0);
        g_assert_cmpstr(fact_row_get(row, "bills_paid")->source, ==, "default");
        g_assert_cmpstr(fact_row_text(row, "spike_at"), ==, "2026-07-01 06:00:00");
        g_assert_null(fact_row_get(row, "no_such_fact"));
        g_assert_cmpint(json_integer_value(json_object_get(fact_row_undeclared(row), "x")), ==, 7);
        fact_row_set_time(row, "initiated_at", 1782900000 * G_GINT64_CONSTANT(1000000));
        g_assert_cmpstr(fact_row_text(row, "initiated_at"), ==, "2026-07-01 06:00:00");
        fact_row_set_today(row, 1782867600 * G_GINT64_CONSTANT(1000000)); /* 01:00 UTC */
        g_assert_cmpstr(fact_row_text(row, "today"), ==, "2026-06-30");

        g_autofree struct rule_value *values = g_new0(struct rule_value, facts_count(set));
        fact_row_rule_values(row, values);
        g_assert_cmpint(values[facts_find(set, "forecast_mrr")->index].type, ==, RULE_REAL);
        g_assert_cmpint(values[facts_find(set, "churned")->index].integer, ==, 0);
        g_assert_cmpint(values[facts_find(set, "name")->index].type, ==, RULE_NULL);
        g_assert_cmpstr(values[facts_find(set, "products")->index].text, ==, "[\"a\",\"b\"]");

        scoped(fact_row_free) struct fact_row *none = NULL;
        g_assert_false(fact_row_load(db, set, 2, zone_find("UTC", NULL), &none, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    }
    fixture_remove(dir);
}

static const char *
name_of(struct store *db, const struct fact_set *set, const char *zone, struct fact_row **row)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(row, fact_row_free);
    g_assert_true(fact_row_load(db, set, 1, zone_find(zone, NULL), row, &error));
    g_assert_no_error(error);
    return fact_row_text(*row, "name");
}

/* The same account again: what was read is used again only where every word and the team's zone are the same,
 * and what is set on one row is of no concern to the next. */
static void
test_row_again(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("usher-facts-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "usher.db", NULL);
    scoped(facts_free) struct fact_set *set = load_text(sample, &error);
    g_assert_true(facts_add_engine(set, "initiated_at", FACT_TIME, "", &error));
    g_assert_true(store_migrate(path, &error));
    {
        static const struct {
            const char *change, *expected;
        } cases[] = {
            {"UPDATE account_facts SET facts = '{\"name\":\"Ben\"}'", "Ben"},
            {"UPDATE account_facts SET as_of = 300", "Ben"},
            {"INSERT INTO account_facts VALUES(1, 'other', 400, '{\"name\":\"Cem\"}')", "Cem"},
            {"UPDATE account_facts SET as_of = 500 WHERE source <> 'other'", "Ben"},
            {"UPDATE account_facts SET source = '" FACTS_BY_HAND "' WHERE source = 'other'", "Cem"},
            {"DELETE FROM account_facts", NULL},
        };
        scoped(store_close) struct store *db = store_open(path, &error);
        scoped(fact_row_free) struct fact_row *row = NULL, *other = NULL;
        store_exec(db, "INSERT INTO account(key, added_at) VALUES('acme', 0)", &error, "");
        insert_facts(db, "crm", 100, "{\"name\":\"Ann\"}");
        g_assert_cmpstr(name_of(db, set, "UTC", &row), ==, "Ann");
        fact_row_set_time(row, "initiated_at", 1);
        g_assert_cmpstr(name_of(db, set, "UTC", &other), ==, "Ann");
        g_assert_null(fact_row_text(other, "initiated_at"));
        g_assert_nonnull(fact_row_text(row, "initiated_at"));
        name_of(db, set, "Europe/Berlin", &other);
        g_assert_true(fact_row_zone(other) == zone_find("Europe/Berlin", NULL));
        name_of(db, set, "UTC", &row);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
            store_exec(db, cases[i].change, &error, "");
            g_assert_no_error(error);
            g_assert_cmpstr(name_of(db, set, "UTC", &row), ==, cases[i].expected);
        }
        g_assert_cmpstr(fact_row_text(other, "name"), ==, "Ann"); /* a row outlives what others were read */
        store_exec(db, "UPDATE account SET key = 'globex'", &error, "");
        name_of(db, set, "UTC", &row);
        g_assert_cmpstr(fact_row_text(row, "account"), ==, "globex");
    }
    fixture_remove(dir);
}

static void
test_row_from_json(void)
{
    g_autoptr(GError) error = NULL;
    scoped(facts_free) struct fact_set *set = load_text(sample, &error);
    json_t *object =
        json_pack("{s:i, s:s, s:s}", "forecast_mrr", 5, "next_renewal", "2026-12-01", "timezone", "PST");
    scoped(fact_row_free) struct fact_row *row = NULL;
    g_assert_true(fact_row_from_json(set, object, "test", 9, zone_find("Asia/Tokyo", NULL), &row, &error));
    g_assert_cmpint(fact_row_get(row, "forecast_mrr")->as_of_us, ==, 9);
    g_assert_true(fact_row_zone(row) == zone_find("Asia/Tokyo", NULL));
    g_assert_nonnull(fact_row_get(row, "timezone")->refused);
    json_object_set_new(object, "next_renewal", json_string("2026-02-30"));
    scoped(fact_row_free) struct fact_row *bad = NULL;
    g_assert_false(fact_row_from_json(set, object, "test", 9, zone_find("UTC", NULL), &bad, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    json_decref(object);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts/shipped", test_shipped);
    g_test_add_func("/facts/refusals", test_refusals);
    g_test_add_func("/facts/engine", test_engine_facts);
    g_test_add_func("/facts/convert", test_convert);
    g_test_add_func("/facts/names", test_names);
    g_test_add_func("/facts/row", test_row);
    g_test_add_func("/facts/row-again", test_row_again);
    g_test_add_func("/facts/row-from-json", test_row_from_json);
    return g_test_run();
}
