/* Rules: SQL expressions over one account's facts, evaluated read-only and bounded. They run in an in-memory
 * database of their own that holds nothing but one table of one row, so a rule can never reach real data, and
 * behind an authorizer that admits one SELECT, the facts' columns and a short list of cheap, deterministic
 * functions: abs coalesce glob ifnull iif instr length like lower ltrim max min nullif round rtrim substr
 * trim typeof upper (min and max with two arguments or more), and ours:
 *
 * - add_days(date, n): the date n days later; a time of day is kept;
 * - days_between(a, b): calendar days from a to b;
 * - has(list, item): 1 when the list fact holds item, else 0. */
#ifndef USHER_STORE_RULES_H
#define USHER_STORE_RULES_H

#include "base/cleanup.h"

#include <glib.h>

enum rule_type {
    RULE_NULL,
    RULE_INTEGER,
    RULE_REAL,
    RULE_TEXT,
    RULE_ERROR, /* results only: text says what went wrong */
};

/* A fact as rules see it. */
struct rule_value {
    enum rule_type type;
    gint64 integer;
    double real;
    const char *text;
};

struct rule_result {
    enum rule_type type;
    gint64 integer;   /* RULE_INTEGER */
    double real;      /* RULE_INTEGER and RULE_REAL */
    const char *text; /* RULE_TEXT and RULE_ERROR; borrowed until its rule is evaluated again, or a
                         rule is added */
};

enum rule_truth { RULE_FALSE, RULE_TRUE, RULE_UNDECIDED };

struct rules;

/* A set of rules over the NULL-terminated column names (copied). Never NULL; free with rules_free(). */
struct rules *rules_new(const char *const *columns);
void rules_free(struct rules *rules);
SCOPED_FUNC(struct rules, rules_free)

/* Checks the expression and adds it; returns its index, counting from 0. On a refusal -1 and
 * USHER_ERROR_CONFIG "FILE:LINE: KEY: …", where key is what the file calls it ("when", "due"…) and may be
 * NULL. */
int rules_add(struct rules *rules, const char *file, int line, const char *key, const char *sql,
              GError **error);

int rules_count(const struct rules *rules);

/* Columns the rule reads, NULL-terminated, in column order; borrowed. */
const char *const *rules_reads(const struct rules *rules, int index);

/* TRUE when the rule reads `today`, so that its answer may change at the account's midnight. */
gboolean rules_reads_today(const struct rules *rules, int index);

/* The expression as it was added; borrowed. */
const char *rules_text(const struct rules *rules, int index);

/* The same on one line, its words a space apart. Borrowed. */
const char *rules_line(const struct rules *rules, int index);

/* Evaluates every rule on the facts in values, parallel to the columns of rules_new(), into
 * results[rules_count()]. A rule that fails has type RULE_ERROR and leaves the others standing; FALSE only
 * when the evaluator itself is broken (USHER_ERROR_SOFTWARE). The values need to live only during the call.
 */
gboolean rules_evaluate_all(struct rules *rules, const struct rule_value *values, struct rule_result *results,
                            GError **error);

/* The same for one rule. */
gboolean rules_evaluate(struct rules *rules, int index, const struct rule_value *values,
                        struct rule_result *result, GError **error);

/* A result as a condition: NULL, text and errors are undecided. */
enum rule_truth rules_truth(const struct rule_result *result);

#endif
