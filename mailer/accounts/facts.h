/* The facts a team knows about an account. facts.conf declares them (name, type, unit, meaning, owning
 * source, default); rules and templates may use no others. A fact_row is what all sources together say of one
 * account, typed, with source and age.
 *
 * How a value of each type looks in JSON: number real or integer; integer; boolean true/false; date
 * "YYYY-MM-DD"; time "YYYY-MM-DD HH:MM:SS" in the account's zone (stored as UTC, made local when a row is
 * loaded); text, name and url strings; list an array of strings. */
#ifndef USHER_ACCOUNTS_FACTS_H
#define USHER_ACCOUNTS_FACTS_H

#include "base/cleanup.h"
#include "store/rules.h"
#include "store/store.h"

#include <glib.h>
#include <jansson.h>

enum fact_type {
    FACT_NUMBER,
    FACT_INTEGER,
    FACT_BOOLEAN,
    FACT_DATE,
    FACT_TIME,
    FACT_TEXT,
    FACT_LIST,
    FACT_NAME,
    FACT_URL,
};

/* "number", "integer"…: the word facts.conf uses. Static. */
const char *fact_type_name(enum fact_type type);

/* One declaration; everything is borrowed from the set. */
struct fact {
    const char *name;
    enum fact_type type;
    const char *unit;   /* "USD a month", NULL when it has none */
    const char *about;  /* one line for people */
    const char *source; /* the only source that may deliver it; NULL: any */
    json_t *initial;    /* value when nobody delivered one; NULL: the fact is missing then */
    gboolean engine;    /* computed by usher, never imported */
    guint index;        /* position in facts_at(), facts_names() and the rule columns */
};

struct fact_set;

/* Reads facts.conf. USHER_ERROR_NO_INPUT when it cannot be read, USHER_ERROR_CONFIG "FILE:LINE: …" for what
 * is wrong in it. The engine facts `account` (the key) and `today` are always there. Free with facts_free().
 */
struct fact_set *facts_load(const char *path, GError **error);
void facts_free(struct fact_set *set);
SCOPED_FUNC(struct fact_set, facts_free)

/* Adds a fact that usher itself computes (stage times and the like), before any row is loaded. Adding the
 * same name and type again is harmless; USHER_ERROR_CONFIG when facts.conf declares the name or the type
 * differs. */
gboolean facts_add_engine(struct fact_set *set, const char *name, enum fact_type type, const char *about,
                          GError **error);

/* The declaration of name, NULL when there is none. */
const struct fact *facts_find(const struct fact_set *set, const char *name);

/* All declarations, 0 to facts_count() - 1: those of the file in its order, then the engine's. */
guint facts_count(const struct fact_set *set);
const struct fact *facts_at(const struct fact_set *set, guint index);

/* The names in the same order, NULL-terminated: the columns for rules_new(). Borrowed until the next
 * facts_add_engine(). */
const char *const *facts_names(const struct fact_set *set);

/* The declared name a typo may have meant, or NULL. */
const char *facts_nearest(const struct fact_set *set, const char *word);

/* ---- one account's facts ---- */

struct fact_value {
    json_t *value;      /* borrowed from the row; NULL: missing */
    const char *source; /* "usher" for engine facts, "default" for defaults; NULL when missing */
    gint64 as_of_us;    /* its source's last delivery of it; 0 for engine facts and defaults */
    const char
        *refused; /* why a delivered value counts as missing (a name that holds a link); NULL otherwise */
};

struct fact_row;

/* The source of what people give by hand: it wins over every other, and its facts do not age (as_of_us 0). */
#define FACTS_BY_HAND "by hand"

/* Everything known about account_id. Of several sources that deliver the same fact the newest wins. team_zone
 * is borrowed and stands in where the account has neither `timezone` nor `country`. Free with
 * fact_row_free(). */
gboolean fact_row_load(struct store *db, const struct fact_set *set, gint64 account_id, GTimeZone *team_zone,
                       struct fact_row **row, GError **error);
void fact_row_free(struct fact_row *row);
SCOPED_FUNC(struct fact_row, fact_row_free)

/* A row of JSON values without a database, for tests and `usher render`: object's members are taken as
 * delivered by source at as_of_us. USHER_ERROR_DATA when a value is not of its fact's type. */
gboolean fact_row_from_json(const struct fact_set *set, json_t *object, const char *source, gint64 as_of_us,
                            GTimeZone *team_zone, struct fact_row **row, GError **error);

/* The fact's value (its value member NULL when missing), or NULL when no such fact is declared. */
const struct fact_value *fact_row_get(const struct fact_row *row, const char *name);
const struct fact_value *fact_row_at(const struct fact_row *row, guint index);

/* The text of a text, name, url, date or time fact; NULL when missing. Borrowed from the row. */
const char *fact_row_text(const struct fact_row *row, const char *name);

/* Sets an engine fact; takes over value (NULL: missing). Aborts when name is no engine fact. */
void fact_row_set(struct fact_row *row, const char *name, json_t *value);

/* Sets an engine fact of type time, as local text in the account's zone; us 0 means missing. */
void fact_row_set_time(struct fact_row *row, const char *name, gint64 us);

/* Sets `today` to the account's local date at now_us. */
void fact_row_set_today(struct fact_row *row, gint64 now_us);

/* The account's own time zone when its `timezone` fact names one, else that of its `country`
 * (base/zone_country.h), else the team's. Borrowed. */
GTimeZone *fact_row_zone(const struct fact_row *row);

/* Columns that were imported without being declared: an object, borrowed, never NULL. */
const json_t *fact_row_undeclared(const struct fact_row *row);

/* Fills values[facts_count()] with what rules see; texts are borrowed from the row. For rules_evaluate_all().
 */
void fact_row_rule_values(const struct fact_row *row, struct rule_value *values);

/* Why text must not stand in a greeting ("holds a link", "is over 60 characters"…), NULL when it may. Static.
 */
const char *fact_name_refusal(const char *text);

#endif
