/* The rule evaluator: see rules.h.
 *
 * Invariants: the connection is this object's alone, in memory and empty but for the table `facts`, which
 * shows the row under judgement (rules_row.h). While a rule is prepared the authorizer admits exactly one
 * SELECT; it stays installed, so nothing prepared later escapes it. */
#include "store/rules_parts.h"

#include "base/error.h"
#include "base/text.h"
#include "store/library.h"
#include "store/rules_functions.h"
#include "store/rules_row.h"

#include <string.h>

enum {
    RULE_LIMIT = 8 * 1024, /* bytes of one expression */
    DEPTH_LIMIT = 50,
    PATTERN_LIMIT = 256, /* bytes of a LIKE or GLOB pattern */
    STEP_SLICE = 1000,   /* virtual machine steps between two looks at the budget */
};

static void
rule_free(gpointer data)
{
    struct rule *rule = data;
    sqlite3_finalize(rule->alone);
    g_ptr_array_unref(rule->reads);
    g_free(rule->text);
    g_free(rule->line);
    g_free(rule);
}

static void
finalize_statement(gpointer stmt)
{
    sqlite3_finalize(stmt);
}

/* Steps are counted per statement run; a rule without loops needs a few dozen. */
static int
count_steps(void *user)
{
    struct rules *rules = user;
    return --rules->slices_left < 0;
}

static gboolean
function_allowed(const char *name)
{
    static const char *const allowed[] = {"abs",    "coalesce", "glob",         "ifnull", "iif",  "instr",
                                          "length", "like",     "lower",        "ltrim",  "max",  "min",
                                          "nullif", "round",    "rtrim",        "substr", "trim", "typeof",
                                          "upper",  "add_days", "days_between", "has",    NULL};
    return g_strv_contains(allowed, name);
}

static int
refuse(struct rules *rules, char *why)
{
    if (rules->refusal)
        g_free(why);
    else
        rules->refusal = why;
    return SQLITE_DENY;
}

static char *
unknown_fact(const struct rules *rules, const char *name)
{
    const char *nearest = text_nearest(name, (const char *const *)rules->columns);
    return nearest ? g_strdup_printf("unknown fact \"%s\"; nearest is \"%s\"", name, nearest)
                   : g_strdup_printf("unknown fact \"%s\" (a text stands in single quotes)", name);
}

static int
authorize(void *user, int action, const char *a, const char *b, const char *database, const char *trigger)
{
    (void)database, (void)trigger;
    struct rules *rules = user;
    if (action == SQLITE_SELECT) {
        if (rules->selects++ == 0)
            return SQLITE_OK;
        return refuse(rules, g_strdup("a rule is one expression: subqueries are not allowed"));
    }
    if (action == SQLITE_READ) {
        if (g_strcmp0(a, "facts") != 0)
            return refuse(rules,
                          g_strdup_printf("a rule reads facts only, not the table \"%s\"", a ? a : ""));
        if (!b || !*b) /* the row itself, without a column of it */
            return SQLITE_OK;
        gpointer column = g_hash_table_lookup(rules->column_index, b);
        if (!column)
            return refuse(rules, *b == '(' ? g_strdup("a rule is one expression with one value")
                                           : unknown_fact(rules, b));
        if (rules->checking)
            g_hash_table_add(rules->reads, column);
        return SQLITE_OK;
    }
    if (action == SQLITE_FUNCTION) {
        g_autofree char *name = g_ascii_strdown(b ? b : "", -1);
        if (function_allowed(name))
            return SQLITE_OK;
        if (g_str_has_prefix(name, "current_") || strstr(name, "date") || strstr(name, "time") ||
            g_str_equal(name, "julianday"))
            return refuse(rules,
                          g_strdup_printf("%s is not allowed in a rule: read the fact \"today\", and reckon "
                                          "with add_days() and days_between()",
                                          name));
        return refuse(rules, g_strdup_printf("the function %s() is not allowed in a rule", name));
    }
    return refuse(rules, g_strdup("a rule is one expression that only reads facts"));
}

static void
prepare_database(struct rules *rules)
{
    library_set_up();
    int rc = sqlite3_open_v2(":memory:", &rules->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_db_config(rules->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        sqlite3_db_config(rules->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
        sqlite3_db_config(rules->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(rules->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(rules->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
        if (!rules_row_add(rules->db, (const char *const *)rules->columns, &rules->row) ||
            !rules_functions_add(rules->db))
            rc = SQLITE_NOMEM;
    }
    if (rc != SQLITE_OK)
        g_error("rules: %s", rules->db ? sqlite3_errmsg(rules->db) : "out of memory");
    sqlite3_limit(rules->db, SQLITE_LIMIT_EXPR_DEPTH, DEPTH_LIMIT);
    sqlite3_limit(rules->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_LIMIT);
    sqlite3_limit(rules->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(rules->db, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
    sqlite3_set_authorizer(rules->db, authorize, rules);
    sqlite3_progress_handler(rules->db, STEP_SLICE, count_steps, rules);
}

struct rules *
rules_new(const char *const *columns)
{
    struct rules *rules = g_new0(struct rules, 1);
    GStrvBuilder *copy = g_strv_builder_new();
    for (guint i = 0; columns[i]; i++)
        g_strv_builder_add(copy, columns[i]);
    rules->columns = g_strv_builder_end(copy);
    g_strv_builder_unref(copy);
    rules->column_index = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; rules->columns[i]; i++)
        g_hash_table_insert(rules->column_index, rules->columns[i], GUINT_TO_POINTER(i + 1));
    rules->rules = g_ptr_array_new_with_free_func(rule_free);
    rules->groups = g_ptr_array_new_with_free_func(finalize_statement);
    rules->reads = g_hash_table_new(NULL, NULL);
    prepare_database(rules);
    return rules;
}

void
rules_free(struct rules *rules)
{
    if (!rules)
        return;
    g_ptr_array_unref(rules->groups);
    g_ptr_array_unref(rules->rules);
    sqlite3_close(rules->db);
    g_hash_table_unref(rules->reads);
    g_hash_table_unref(rules->column_index);
    g_strfreev(rules->columns);
    g_free(rules->refusal);
    g_free(rules);
}

gboolean
rules_broken(struct rules *rules, GError **error)
{
    g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "rules: %s", sqlite3_errmsg(rules->db));
    return FALSE;
}

/* ---- adding ---- */

/* SQLite's complaint in the words of whoever writes rules. The caller frees. */
static char *
explain(struct rules *rules)
{
    if (rules->refusal)
        return g_steal_pointer(&rules->refusal);
    const char *message = sqlite3_errmsg(rules->db);
    static const char no_column[] = "no such column: ", misuse[] = "misuse of aggregate",
                      depth[] = "Expression tree";
    if (g_str_has_prefix(message, no_column)) {
        const char *name = message + strlen(no_column);
        const char *dot = strrchr(name, '.');
        return unknown_fact(rules, dot ? dot + 1 : name);
    }
    if (g_str_has_prefix(message, misuse))
        return g_strdup("min() and max() need two arguments or more in a rule");
    if (g_str_has_prefix(message, depth))
        return g_strdup_printf("nested deeper than %d", DEPTH_LIMIT);
    if (g_str_has_prefix(message, "no such function: "))
        return g_strdup_printf("the function %s() is not allowed in a rule",
                               message + strlen("no such function: "));
    if (strstr(message, "sub-select") || g_str_equal(message, "row value misused"))
        return g_strdup("a rule is one expression with one value");
    return g_strdup(message);
}

sqlite3_stmt *
rules_prepare(struct rules *rules, const char *prefix, const char *expression, const char *suffix, char **why)
{
    g_autofree char *sql = g_strconcat(prefix, expression, suffix, NULL);
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    rules->selects = 0;
    g_clear_pointer(&rules->refusal, g_free);
    if (sqlite3_prepare_v3(rules->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail) != SQLITE_OK)
        *why = explain(rules);
    else if (!stmt || (tail && *tail))
        *why = g_strdup("a rule is one expression, without a semicolon");
    else if (sqlite3_column_count(stmt) != 1)
        *why = g_strdup("a rule is one expression with one value");
    else if (sqlite3_bind_parameter_count(stmt) > 0)
        *why = g_strdup("a rule has no parameters (?, :name, @name, $name)");
    else
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

/* The three readings an honest expression survives: bare, in brackets on lines of its own (so that neither
 * brackets nor comments reach beyond it), and as a condition, where SQLite refuses aggregates. */
static char *
find_fault(struct rules *rules, const char *sql)
{
    static const char *const readings[][2] = {{"SELECT ", " FROM facts"},
                                              {"SELECT (\n", "\n) FROM facts"},
                                              {"SELECT 1 FROM facts WHERE (\n", "\n)"}};
    if (strlen(sql) > RULE_LIMIT)
        return g_strdup_printf("longer than %d bytes", RULE_LIMIT);
    if (!g_utf8_validate(sql, -1, NULL))
        return g_strdup("is not UTF-8");
    if (sql[strspn(sql, " \t\r\n")] == '\0')
        return g_strdup("is empty: expected an expression over facts");
    for (guint i = 0; i < G_N_ELEMENTS(readings); i++) {
        char *why = NULL;
        sqlite3_stmt *stmt = rules_prepare(rules, readings[i][0], sql, readings[i][1], &why);
        if (!stmt)
            return why;
        sqlite3_finalize(stmt);
    }
    return NULL;
}

/* The caller frees. */
static char *
on_one_line(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    GString *line = g_string_new(NULL);
    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
    return g_string_free(line, FALSE);
}

int
rules_add(struct rules *rules, const char *file, int line, const char *key, const char *sql, GError **error)
{
    g_hash_table_remove_all(rules->reads);
    rules->checking = TRUE;
    g_autofree char *fault = find_fault(rules, sql);
    rules->checking = FALSE;
    if (fault) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s:%d: %s%s%s", file, line, key ? key : "",
                    key ? ": " : "", fault);
        return -1;
    }
    struct rule *rule = g_new0(struct rule, 1);
    rule->text = g_strdup(sql);
    rule->line = on_one_line(sql);
    rule->reads = g_ptr_array_new();
    for (guint i = 0; rules->columns[i]; i++) {
        if (!g_hash_table_contains(rules->reads, GUINT_TO_POINTER(i + 1)))
            continue;
        g_ptr_array_add(rule->reads, rules->columns[i]);
        if (g_str_equal(rules->columns[i], "today"))
            rule->reads_today = TRUE;
    }
    g_ptr_array_add(rule->reads, NULL);
    g_ptr_array_add(rules->rules, rule);
    g_ptr_array_set_size(rules->groups, 0);
    return (int)rules->rules->len - 1;
}

int
rules_count(const struct rules *rules)
{
    return (int)rules->rules->len;
}

struct rule *
rules_at(const struct rules *rules, int index)
{
    g_assert(index >= 0 && index < rules_count(rules));
    return g_ptr_array_index(rules->rules, index);
}

const char *const *
rules_reads(const struct rules *rules, int index)
{
    return (const char *const *)rules_at(rules, index)->reads->pdata;
}

gboolean
rules_reads_today(const struct rules *rules, int index)
{
    return rules_at(rules, index)->reads_today;
}

const char *
rules_text(const struct rules *rules, int index)
{
    return rules_at(rules, index)->text;
}

const char *
rules_line(const struct rules *rules, int index)
{
    return rules_at(rules, index)->line;
}
