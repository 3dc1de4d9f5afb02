/* Functions for rules: see rules.h. All are pure; NULL in, NULL out; a value that is no date, or no list, is
 * an error of that rule. Error texts name no value, so that they are few and can be interned. */
#include "store/rules_functions.h"

#include "base/zone.h"

#include <jansson.h>
#include <string.h>

/* Reads a date argument. On NULL or an error the result is set and FALSE returned. */
static gboolean
take_date(sqlite3_context *context, sqlite3_value *value, const char *complaint, struct civil *out)
{
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        sqlite3_result_null(context);
        return FALSE;
    }
    const char *text =
        sqlite3_value_type(value) == SQLITE_TEXT ? (const char *)sqlite3_value_text(value) : NULL;
    if (text && civil_parse(text, out))
        return TRUE;
    sqlite3_result_error(context, complaint, -1);
    return FALSE;
}

static void
add_days(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    struct civil date;
    if (!take_date(context, arguments[0], "add_days(): the first argument is no date", &date))
        return;
    if (sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
        sqlite3_result_null(context);
        return;
    }
    if (sqlite3_value_type(arguments[1]) != SQLITE_INTEGER) {
        sqlite3_result_error(context, "add_days(): the second argument is no whole number", -1);
        return;
    }
    gint64 days = sqlite3_value_int64(arguments[1]);
    if (days < -4000000 || days > 4000000 || !civil_add_days(&date, (int)days)) {
        sqlite3_result_error(context, "add_days(): leaves the years 1 to 9999", -1);
        return;
    }
    sqlite3_result_text(context, civil_format(&date), -1, g_free);
}

static void
days_between(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    struct civil from, to;
    if (take_date(context, arguments[0], "days_between(): the first argument is no date", &from) &&
        take_date(context, arguments[1], "days_between(): the second argument is no date", &to))
        sqlite3_result_int(context, civil_days_between(&from, &to));
}

static void
has(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL || sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
        sqlite3_result_null(context);
        return;
    }
    const char *text = (const char *)sqlite3_value_text(arguments[0]);
    const char *item = (const char *)sqlite3_value_text(arguments[1]);
    json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    if (json_is_array(list) && item) {
        int found = 0;
        size_t i;
        json_t *element;
        json_array_foreach(list, i, element) if (json_is_string(element) &&
                                                 strcmp(json_string_value(element), item) == 0) found = 1;
        sqlite3_result_int(context, found);
    } else {
        sqlite3_result_error(context, "has(): the first argument is no list fact", -1);
    }
    json_decref(list);
}

gboolean
rules_functions_add(sqlite3 *db)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    return sqlite3_create_function_v2(db, "add_days", 2, flags, NULL, add_days, NULL, NULL, NULL) ==
               SQLITE_OK &&
           sqlite3_create_function_v2(db, "days_between", 2, flags, NULL, days_between, NULL, NULL, NULL) ==
               SQLITE_OK &&
           sqlite3_create_function_v2(db, "has", 2, flags, NULL, has, NULL, NULL, NULL) == SQLITE_OK;
}
