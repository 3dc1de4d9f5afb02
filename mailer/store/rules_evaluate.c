/* Evaluating rules on one row of facts: see rules.h.
 *
 * Invariants: all rules are evaluated in as few statements as possible (GROUP_SIZE results each); when one of
 * those fails its rules run alone, so that only the culprit carries the error. A statement stays on its row,
 * because the result texts belong to it, until it is stepped to the next one (rules_row.c). */
#include "base/error.h"
#include "store/rules_parts.h"

enum {
    VALUE_LIMIT = 64 * 1024, /* bytes of any text a rule reads or makes */
    STEP_SLICES = 500,       /* that many looks at the budget, and a rule has had its steps */
    GROUP_SIZE = 100,
};

/* To the next row, which is that of values; from the start where it failed on the last one. */
static int
step_bounded(struct rules *rules, sqlite3_stmt *stmt, const struct rule_value *values)
{
    int limit = sqlite3_limit(rules->db, SQLITE_LIMIT_LENGTH, VALUE_LIMIT);
    rules->slices_left = STEP_SLICES;
    rules->selects = 0; /* SQLite may prepare a statement again */
    rules->row = values;
    int rc = sqlite3_step(stmt);
    rules->row = NULL;
    sqlite3_limit(rules->db, SQLITE_LIMIT_LENGTH, limit);
    return rc;
}

static void
read_result(sqlite3_stmt *stmt, int column, struct rule_result *result)
{
    *result = (struct rule_result){.type = RULE_NULL};
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        result->type = RULE_INTEGER;
        result->integer = sqlite3_column_int64(stmt, column);
        result->real = (double)result->integer;
        break;
    case SQLITE_FLOAT:
        result->type = RULE_REAL;
        result->real = sqlite3_column_double(stmt, column);
        break;
    case SQLITE_TEXT:
        result->type = RULE_TEXT;
        result->text = (const char *)sqlite3_column_text(stmt, column);
        break;
    case SQLITE_BLOB:
        result->type = RULE_ERROR;
        result->text = "gives raw bytes, which are neither number nor text";
        break;
    case SQLITE_NULL:
        break;
    }
}

gboolean
rules_evaluate(struct rules *rules, int index, const struct rule_value *values, struct rule_result *result,
               GError **error)
{
    struct rule *rule = rules_at(rules, index);
    if (!rule->alone) {
        char *why = NULL;
        rule->alone = rules_prepare(rules, "SELECT (\n", rule->text, "\n) FROM facts", &why);
        if (!rule->alone) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "rules: %s", why);
            g_free(why);
            return FALSE;
        }
    }
    int rc = step_bounded(rules, rule->alone, values);
    if (rc == SQLITE_ROW) {
        read_result(rule->alone, 0, result);
        return TRUE;
    }
    if (rc == SQLITE_DONE)
        return rules_broken(rules, error);
    /* A culprit. Its statement is free, so its text is kept in a static per code or copied by interning: the
     * set of SQLite's messages is small, ours name no value. */
    *result =
        (struct rule_result){.type = RULE_ERROR,
                             .text = rc == SQLITE_INTERRUPT ? "needs too many steps"
                                     : rc == SQLITE_TOOBIG  ? "reads or makes a text over 64 KiB"
                                                            : g_intern_string(sqlite3_errmsg(rules->db))};
    sqlite3_reset(rule->alone);
    return TRUE;
}

static gboolean
prepare_groups(struct rules *rules, GError **error)
{
    for (guint start = 0; start < rules->rules->len; start += GROUP_SIZE) {
        g_autoptr(GString) sql = g_string_new("SELECT ");
        for (guint i = start; i < MIN(start + GROUP_SIZE, rules->rules->len); i++)
            g_string_append_printf(sql, "%s(\n%s\n)", i > start ? "," : "", rules_at(rules, (int)i)->text);
        g_string_append(sql, " FROM facts");
        sqlite3_stmt *stmt = NULL;
        rules->selects = 0;
        if (sqlite3_prepare_v3(rules->db, sql->str, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
            SQLITE_OK) {
            g_ptr_array_set_size(rules->groups, 0);
            return rules_broken(rules, error);
        }
        g_ptr_array_add(rules->groups, stmt);
    }
    return TRUE;
}

gboolean
rules_evaluate_all(struct rules *rules, const struct rule_value *values, struct rule_result *results,
                   GError **error)
{
    if (rules->groups->len == 0 && !prepare_groups(rules, error))
        return FALSE;
    for (guint g = 0; g < rules->groups->len; g++) {
        sqlite3_stmt *stmt = g_ptr_array_index(rules->groups, g);
        guint start = g * GROUP_SIZE, end = MIN(start + GROUP_SIZE, rules->rules->len);
        gboolean ok = step_bounded(rules, stmt, values) == SQLITE_ROW;
        for (guint i = start; i < end; i++) {
            if (ok)
                read_result(stmt, (int)(i - start), &results[i]);
            else if (!rules_evaluate(rules, (int)i, values, &results[i], error))
                return FALSE;
        }
        if (!ok)
            sqlite3_reset(stmt);
    }
    return TRUE;
}

enum rule_truth
rules_truth(const struct rule_result *result)
{
    switch (result->type) {
    case RULE_INTEGER:
        return result->integer != 0 ? RULE_TRUE : RULE_FALSE;
    case RULE_REAL:
        return result->real != 0 ? RULE_TRUE
                                 : RULE_FALSE; /* NaN cannot come out of SQLite: it is NULL there */
    case RULE_NULL:
    case RULE_TEXT:
    case RULE_ERROR:
        return RULE_UNDECIDED;
    }
    return RULE_UNDECIDED;
}
