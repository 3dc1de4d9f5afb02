/* Rules: what may be said in one, what it sees, and that nothing in it hangs, escapes or takes others down.
 */
#include "base/error.h"
#include "store/rules.h"

#include <string.h>

static const char *const columns[] = {"today",        "plan",     "forecast_mrr", "bills_paid",
                                      "next_renewal", "products", "missing",      NULL};

enum { TODAY, PLAN, FORECAST, BILLS, RENEWAL, PRODUCTS, MISSING, COLUMNS };

static struct rule_value values[COLUMNS] = {
    [TODAY] = {.type = RULE_TEXT, .text = "2026-11-21"},
    [FORECAST] = {.type = RULE_REAL, .real = 512.5},
    [BILLS] = {.type = RULE_INTEGER, .integer = 2},
    [RENEWAL] = {.type = RULE_TEXT, .text = "2026-12-01 09:30:00"},
    [PRODUCTS] = {.type = RULE_TEXT, .text = "[\"replay\",\"flags\"]"},
    [MISSING] = {.type = RULE_NULL},
};

static void
set_plan(const char *plan)
{
    values[PLAN] = (struct rule_value){.type = RULE_TEXT, .text = plan};
}

static char *
show(const struct rule_result *r)
{
    switch (r->type) {
    case RULE_NULL:
        return g_strdup("NULL");
    case RULE_INTEGER:
        return g_strdup_printf("%" G_GINT64_FORMAT, r->integer);
    case RULE_REAL:
        return g_strdup_printf("%g", r->real);
    case RULE_TEXT:
        return g_strdup_printf("'%s'", r->text);
    case RULE_ERROR:
        return g_strdup_printf("error: %s", r->text);
    }
    return NULL;
}

static void
test_values(void)
{
    static const struct {
        const char *sql, *expected;
        enum rule_truth truth;
    } cases[] = {
        {"forecast_mrr >= 500 AND plan = 'pay_as_you_go'", "1", RULE_TRUE},
        {"\n forecast_mrr >= 500 -- a note\n AND NOT bills_paid > 3 /* another */", "1", RULE_TRUE},
        {"forecast_mrr / 2", "256.25", RULE_TRUE},
        {"bills_paid / 4", "0", RULE_FALSE},
        {"missing", "NULL", RULE_UNDECIDED},
        {"missing > 3 OR bills_paid = 2", "1", RULE_TRUE},
        {"missing > 3 AND bills_paid = 2", "NULL", RULE_UNDECIDED},
        {"missing > 3 AND bills_paid = 1", "0", RULE_FALSE},
        {"coalesce(missing, 0)", "0", RULE_FALSE},
        {"0.5", "0.5", RULE_TRUE},
        {"plan", "'pay_as_you_go'", RULE_UNDECIDED},
        {"plan IN ('yc', 'boost', 'pay_as_you_go')", "1", RULE_TRUE},
        {"plan LIKE 'PAY%'", "1", RULE_TRUE},
        {"plan LIKE 'pay\\_%' ESCAPE '\\'", "1", RULE_TRUE},
        {"plan GLOB 'pay*'", "1", RULE_TRUE},
        {"facts.plan || '!'", "'pay_as_you_go!'", RULE_UNDECIDED},
        {"CASE WHEN bills_paid > 1 THEN upper(substr(plan, 1, 3)) ELSE 'x' END", "'PAY'", RULE_UNDECIDED},
        {"CASE plan WHEN 'yc' THEN forecast_mrr >= 100 WHEN 'pay_as_you_go' THEN forecast_mrr >= 500 END",
         "1", RULE_TRUE},
        {"min(forecast_mrr, 100) + max(1, 2, 3)", "103", RULE_TRUE},
        {"round(forecast_mrr * 1.19, 1)", "609.9", RULE_TRUE},
        {"iif(nullif(bills_paid, 2) IS NULL, abs(-5), 0)", "5", RULE_TRUE},
        {"instr(plan, 'as') + length(trim('  a '))", "6", RULE_TRUE},
        {"typeof(forecast_mrr)", "'real'", RULE_UNDECIDED},
        {"today BETWEEN '2026-11-01' AND '2026-11-30'", "1", RULE_TRUE},
        {"CAST(forecast_mrr AS INTEGER)", "512", RULE_TRUE},
        {"add_days(today, 10)", "'2026-12-01'", RULE_UNDECIDED},
        {"add_days(next_renewal, -14)", "'2026-11-17 09:30:00'", RULE_UNDECIDED},
        {"add_days(missing, 1)", "NULL", RULE_UNDECIDED},
        {"add_days(today, missing)", "NULL", RULE_UNDECIDED},
        {"days_between(today, next_renewal)", "10", RULE_TRUE},
        {"days_between(next_renewal, missing)", "NULL", RULE_UNDECIDED},
        {"has(products, 'flags')", "1", RULE_TRUE},
        {"has(products, 'fla')", "0", RULE_FALSE},
        {"has(missing, 'flags')", "NULL", RULE_UNDECIDED},
        {"has(plan, 'x')", "error: has(): the first argument is no list fact", RULE_UNDECIDED},
        {"add_days(plan, 1)", "error: add_days(): the first argument is no date", RULE_UNDECIDED},
        {"add_days(bills_paid, 1)", "error: add_days(): the first argument is no date", RULE_UNDECIDED},
        {"add_days(today, 1.5)", "error: add_days(): the second argument is no whole number", RULE_UNDECIDED},
        {"add_days('2026-02-30', 1)", "error: add_days(): the first argument is no date", RULE_UNDECIDED},
        {"add_days(today, 9223372036854775807)", "error: add_days(): leaves the years 1 to 9999",
         RULE_UNDECIDED},
        {"add_days('9999-12-31', 1)", "error: add_days(): leaves the years 1 to 9999", RULE_UNDECIDED},
        {"abs(-9223372036854775807 - 1)", "error: integer overflow", RULE_UNDECIDED},
        {"x'00'", "error: gives raw bytes, which are neither number nor text", RULE_UNDECIDED},
        {"1 / 0", "NULL", RULE_UNDECIDED},
    };
    g_autoptr(GError) error = NULL;
    scoped(rules_free) struct rules *rules = rules_new(columns);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        int index = rules_add(rules, "f.conf", 7, "when", cases[i].sql, &error);
        g_assert_no_error(error);
        g_assert_cmpint(index, ==, (int)i);
        g_assert_cmpstr(rules_text(rules, index), ==, cases[i].sql);
    }
    struct rule_result results[G_N_ELEMENTS(cases)];
    for (int round = 0; round < 2; round++) {
        set_plan("pay_as_you_go");
        g_assert_true(rules_evaluate_all(rules, values, results, &error));
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
            g_autofree char *all = show(&results[i]);
            struct rule_result one;
            g_assert_cmpstr(all, ==, cases[i].expected);
            g_assert_cmpint(rules_truth(&results[i]), ==, cases[i].truth);
            g_assert_true(rules_evaluate(rules, (int)i, values, &one, &error));
            g_autofree char *alone = show(&one);
            g_assert_cmpstr(alone, ==, cases[i].expected);
        }
    }
}

static void
test_refusals(void)
{
    g_autofree char *deep = g_strnfill(60, '(');
    g_autofree char *deep_end = g_strnfill(60, ')');
    g_autofree char *sum = g_strnfill(60, '-');
    g_autoptr(GString) nested = g_string_new("1");
    for (int i = 0; i < 60; i++)
        g_string_append(nested, "+1");
    g_autofree char *brackets = g_strconcat(deep, nested->str, deep_end, NULL);
    g_autofree char *blanks = g_strnfill(9000, ' ');
    g_autofree char *too_long = g_strconcat("1", blanks, "+1", NULL);
    const struct {
        const char *sql, *expected;
    } cases[] = {
        {"forcast_mrr > 1", "unknown fact \"forcast_mrr\"; nearest is \"forecast_mrr\""},
        {"facts.plann = 'x'", "unknown fact \"plann\"; nearest is \"plan\""},
        {"nothing_like_it", "unknown fact \"nothing_like_it\""},
        {"plan = \"yc\"", "unknown fact \"yc\""},
        {"plan = `yc` OR [x]", "unknown fact"},
        {"rowid", "unknown fact \"ROWID\""},
        {"_rowid_ = 1", "unknown fact"},
        {"", "is empty"},
        {" \n", "is empty"},
        {"-- only a note", ""},
        {"*", ""},
        {"facts.*", ""},
        {"1, 2", "one expression"},
        {"(1, 2)", "one expression"},
        {"1 AS x", ""},
        {"DISTINCT plan", ""},
        {"1; SELECT 2", ""},
        {"1;", ""},
        {"1) , (2", ""},
        {"1) FROM facts, (SELECT 2", ""},
        {"1 FROM facts --", ""},
        {"1 /*", ""},
        {"1 WHERE 0", ""},
        {"1 UNION SELECT 2", ""},
        {"plan = ?", "no parameters"},
        {"plan = :p", "no parameters"},
        {"plan = $p", "no parameters"},
        {"(SELECT 1)", "subqueries are not allowed"},
        {"EXISTS (SELECT 1 FROM facts)", "subqueries are not allowed"},
        {"plan IN (SELECT plan FROM facts)", "subqueries are not allowed"},
        {"(WITH t AS (VALUES(1)) SELECT 1 FROM t)", "not allowed"},
        {"(VALUES(1))", "not allowed"},
        {"1 IN facts", ""},
        {"1 IN sqlite_master", "facts only"},
        {"1 IN (sqlite_master)", ""},
        {"1 IN json_each('[1]')", ""},
        {"1 IN pragma_database_list()", ""},
        {"min(bills_paid)", "min() and max() need two arguments"},
        {"max(forecast_mrr) > 1", "min() and max() need two arguments"},
        {"count(*)", ""},
        {"sum(bills_paid)", ""},
        {"group_concat(plan)", ""},
        {"row_number() OVER ()", ""},
        {"abs(bills_paid) OVER ()", ""},
        {"random()", "the function random() is not allowed"},
        {"zeroblob(9)", "the function zeroblob() is not allowed"},
        {"hex(plan)", "the function hex() is not allowed"},
        {"replace(plan, 'a', 'b')", "the function replace() is not allowed"},
        {"printf('%9999999d', 1)", "the function printf() is not allowed"},
        {"format('%d', 1)", "the function format() is not allowed"},
        {"json_extract(products, '$[0]')", "not allowed"},
        {"products ->> 0", "not allowed"},
        {"load_extension('x')", ""},
        {"sqlite_version()", "not allowed"},
        {"likely(1)", "not allowed"},
        {"no_such_function(1)", "not allowed"},
        {"plan REGEXP 'x'", "not allowed"},
        {"plan MATCH 'x'", ""},
        {"date('now')", "read the fact \"today\""},
        {"strftime('%Y', 'now')", "not allowed"},
        {"julianday('now')", "read the fact \"today\""},
        {"datetime(today, 'localtime')", "read the fact \"today\""},
        {"current_date", "read the fact \"today\""},
        {"CURRENT_TIMESTAMP > today", "read the fact \"today\""},
        {"current_time", "read the fact \"today\""},
        {"RAISE(ABORT, 'x')", ""},
        {"add_days(today)", ""},
        {"plan COLLATE nosuch = 'x'", ""},
        {sum, ""},
        {brackets, "nested deeper than 50"},
        {too_long, "longer than 8192 bytes"},
        {"plan = '\xff'", "UTF-8"},
        {"forecast_mrr >", ""},
    };
    scoped(rules_free) struct rules *rules = rules_new(columns);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        if (rules_add(rules, "f.conf", 7, "when", cases[i].sql, &error) != -1)
            g_error("passed: %s", cases[i].sql);
        g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
        if (!g_str_has_prefix(error->message, "f.conf:7: when: ") ||
            !strstr(error->message, cases[i].expected) || strchr(error->message, '\n'))
            g_error("%s: %s", cases[i].sql, error->message);
    }
    g_assert_cmpint(rules_count(rules), ==, 0);
    struct rule_result none[1];
    g_autoptr(GError) error = NULL;
    set_plan("x");
    g_assert_true(rules_evaluate_all(rules, values, none, &error));
}

/* A table of one column must not turn `x IN facts` into a subquery that is allowed. */
static void
test_single_column(void)
{
    static const char *const one[] = {"plan", NULL};
    scoped(rules_free) struct rules *rules = rules_new(one);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(rules_add(rules, "f.conf", 1, NULL, "'x' IN facts", &error), ==, -1);
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
}

static void
test_reads(void)
{
    g_autoptr(GError) error = NULL;
    scoped(rules_free) struct rules *rules = rules_new(columns);
    int a = rules_add(rules, "f", 1, NULL,
                      "forecast_mrr > 1 AND plan = 'x' AND coalesce(plan, missing) = 'y'", &error);
    int b = rules_add(rules, "f", 2, NULL, "days_between(TODAY, next_renewal) < 14", &error);
    int c = rules_add(rules, "f", 3, NULL, "1", &error);
    g_assert_no_error(error);
    g_autofree char *reads_a = g_strjoinv(" ", (char **)(guintptr)rules_reads(rules, a));
    g_autofree char *reads_b = g_strjoinv(" ", (char **)(guintptr)rules_reads(rules, b));
    g_assert_cmpstr(reads_a, ==, "plan forecast_mrr missing");
    g_assert_cmpstr(reads_b, ==, "today next_renewal");
    g_assert_null(rules_reads(rules, c)[0]);
    g_assert_false(rules_reads_today(rules, a));
    g_assert_true(rules_reads_today(rules, b));
}

/* A rule that blows up carries its own error; the ones beside it, in the same statement, stand. */
static void
test_bounds(void)
{
    g_autoptr(GError) error = NULL;
    scoped(rules_free) struct rules *rules = rules_new(columns);
    g_autofree char *huge = g_strnfill(70 * 1024, 'a');
    g_autofree char *large = g_strnfill(40 * 1024, 'a');
    rules_add(rules, "f", 1, NULL, "bills_paid", &error);
    rules_add(rules, "f", 2, NULL, "plan || plan", &error);
    rules_add(rules, "f", 3, NULL, "length(plan)", &error);
    rules_add(rules, "f", 4, NULL, "plan LIKE '%a%a%a%a%a%a%a%a%a%b'", &error);
    g_assert_no_error(error);
    struct rule_result r[4];

    set_plan(large);
    g_assert_true(rules_evaluate_all(rules, values, r, &error));
    g_assert_cmpint(r[0].integer, ==, 2);
    g_assert_cmpint(r[1].type, ==, RULE_ERROR);
    g_assert_cmpstr(r[1].text, ==, "reads or makes a text over 64 KiB");
    g_assert_cmpint(r[2].integer, ==, 40 * 1024);
    g_assert_cmpint(rules_truth(&r[3]), ==, RULE_FALSE);

    set_plan(huge);
    g_assert_true(rules_evaluate_all(rules, values, r, &error));
    g_assert_cmpint(r[0].integer, ==, 2);
    g_assert_cmpint(r[2].type, ==, RULE_ERROR);

    set_plan("short");
    g_assert_true(rules_evaluate_all(rules, values, r, &error));
    g_assert_cmpstr(r[1].text, ==, "shortshort");
    g_assert_cmpint(r[2].integer, ==, 5);
}

/* A statement goes from row to row without beginning anew: nothing of one row may be seen in the next, and
 * what a rule gave stays when its row has gone. */
static void
test_rows(void)
{
    static const struct {
        const char *plan, *known, *shown;
    } rows[] = {{"free", "1", "'free'"},
                {"gold", "0", "'gold'"},
                {NULL, "NULL", "NULL"},
                {"payg", "1", "'payg'"},
                {"free", "1", "'free'"}};
    g_autoptr(GError) error = NULL;
    scoped(rules_free) struct rules *rules = rules_new(columns);
    rules_add(rules, "f", 1, NULL, "plan IN ('payg', 'startup', 'free')", &error);
    rules_add(rules, "f", 2, NULL, "coalesce(plan, missing)", &error);
    rules_add(rules, "f", 3, NULL, "add_days('2026-11-21', 1)", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct rule_result r[3];
        char *plan = g_strdup(rows[i].plan);
        set_plan(plan);
        if (!plan)
            values[PLAN].type = RULE_NULL;
        g_assert_true(rules_evaluate_all(rules, values, r, &error));
        if (plan)
            memset(plan, 'x', strlen(plan));
        g_free(plan);
        g_autofree char *known = show(&r[0]), *shown = show(&r[1]), *constant = show(&r[2]);
        g_assert_cmpstr(known, ==, rows[i].known);
        g_assert_cmpstr(shown, ==, rows[i].shown);
        g_assert_cmpstr(constant, ==, "'2026-11-22'");
    }
}

/* More rules than one statement takes. */
static void
test_many(void)
{
    g_autoptr(GError) error = NULL;
    scoped(rules_free) struct rules *rules = rules_new(columns);
    struct rule_result r[250];
    for (int i = 0; i < 250; i++) {
        g_autofree char *sql =
            i == 120 ? g_strdup("add_days(plan, 1)") : g_strdup_printf("bills_paid + %d", i);
        g_assert_cmpint(rules_add(rules, "f", i, NULL, sql, &error), ==, i);
    }
    set_plan("x");
    g_assert_true(rules_evaluate_all(rules, values, r, &error));
    for (int i = 0; i < 250; i++)
        g_assert_cmpint(r[i].type == RULE_ERROR ? 120 : r[i].integer - 2, ==, i);
    g_assert_cmpint(rules_add(rules, "f", 1, NULL, "7", &error), ==, 250);
}

/* Not a bar but a figure to look at: build/tests/store_rules -m perf. */
static void
test_speed(void)
{
    if (!g_test_perf())
        return;
    g_autoptr(GError) error = NULL;
    const char *names[81] = {NULL};
    struct rule_value many[80];
    for (int i = 0; i < 80; i++) {
        names[i] = g_intern_string(g_strdup_printf("fact_%d", i));
        many[i] = i % 2 ? (struct rule_value){.type = RULE_TEXT, .text = "2026-11-21"}
                        : (struct rule_value){.type = RULE_REAL, .real = i};
    }
    scoped(rules_free) struct rules *rules = rules_new(names);
    for (int i = 0; i < 40; i++) {
        g_autofree char *sql = g_strdup_printf(
            "coalesce(fact_%d, 0) >= 10 AND add_days(fact_%d, 14) > fact_%d", i * 2, i * 2 + 1, 1);
        rules_add(rules, "f", 1, NULL, sql, &error);
    }
    g_assert_no_error(error);
    struct rule_result results[40];
    const int rounds = 20000;
    g_test_timer_start();
    for (int i = 0; i < rounds; i++) {
        rules_evaluate_all(rules, many, results, &error);
    }
    double us = g_test_timer_elapsed() / rounds * 1e6;
    g_test_minimized_result(us, "%.1f us an account", us);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rules/values", test_values);
    g_test_add_func("/rules/refusals", test_refusals);
    g_test_add_func("/rules/single-column", test_single_column);
    g_test_add_func("/rules/reads", test_reads);
    g_test_add_func("/rules/bounds", test_bounds);
    g_test_add_func("/rules/rows", test_rows);
    g_test_add_func("/rules/many", test_many);
    g_test_add_func("/rules/speed", test_speed);
    return g_test_run();
}
