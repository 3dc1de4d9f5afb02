/* What all sources together say of one account: see facts.h.
 *
 * Stored form (table account_facts, one row a source): a JSON object of canonical values. Its member "@as_of"
 * is an object that names those facts whose age is not the row's: they were left out of the last delivery,
 * and keep the time of theirs. */
#include "accounts/facts.h"

#include "accounts/fact_convert.h"
#include "accounts/fact_memo.h"
#include "accounts/stored.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"
#include "base/zone_country.h"

#include <string.h>

struct fact_row {
    const struct fact_set *set;
    guint count;
    struct fact_value *values; /* owns each value */
    json_t *undeclared;
    GHashTable *undeclared_as_of; /* name → gint64 *; NULL in a copy, which merges no more */
    GTimeZone *zone;              /* borrowed from the cache of zone_find(), or the team's */
    GPtrArray *texts;             /* list texts handed to rules */
};

static struct fact_row *
row_new(const struct fact_set *set, GTimeZone *team_zone)
{
    struct fact_row *row = g_new0(struct fact_row, 1);
    row->set = set;
    row->count = facts_count(set);
    row->values = g_new0(struct fact_value, row->count);
    row->undeclared = json_object();
    row->undeclared_as_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    row->zone = team_zone;
    row->texts = g_ptr_array_new_with_free_func(g_free);
    return row;
}

void
fact_row_free(struct fact_row *row)
{
    if (!row)
        return;
    for (guint i = 0; i < row->count; i++)
        json_decref(row->values[i].value);
    json_decref(row->undeclared);
    g_clear_pointer(&row->undeclared_as_of, g_hash_table_unref);
    g_ptr_array_unref(row->texts);
    g_free(row->values);
    g_free(row);
}

/* The same values, shared; what is set on one of the two later does not change the other. */
static struct fact_row *
row_copy(const struct fact_row *row)
{
    struct fact_row *copy = g_new(struct fact_row, 1);
    *copy = (struct fact_row){.set = row->set,
                              .count = row->count,
                              .values = g_memdup2(row->values, row->count * sizeof *row->values),
                              .undeclared = json_incref(row->undeclared),
                              .zone = row->zone,
                              .texts = g_ptr_array_new_with_free_func(g_free)};
    for (guint i = 0; i < copy->count; i++)
        json_incref(copy->values[i].value);
    return copy;
}

static void
merge_undeclared(struct fact_row *row, const char *name, json_t *value, gint64 as_of_us)
{
    const gint64 *before = g_hash_table_lookup(row->undeclared_as_of, name);
    if (before && *before >= as_of_us)
        return;
    g_hash_table_replace(row->undeclared_as_of, g_strdup(name), g_memdup2(&as_of_us, sizeof as_of_us));
    json_object_set(row->undeclared, name, value);
}

/* Adds one source's facts: the newest delivery of each wins, and an owning source against any other. */
static void
merge(struct fact_row *row, const char *source, gint64 as_of_us, json_t *facts)
{
    const char *kept = g_intern_string(source); /* a team has a handful */
    gboolean by_hand = strcmp(source, FACTS_BY_HAND) == 0;
    const json_t *exceptions = json_object_get(facts, STORED_AS_OF);
    const char *name;
    json_t *value;
    json_object_foreach(facts, name, value)
    {
        const struct fact *fact = facts_find(row->set, name);
        if (strcmp(name, STORED_AS_OF) == 0 || json_is_null(value))
            continue;
        const json_t *own_time = json_object_get(exceptions, name);
        gint64 time_us = own_time ? json_integer_value(own_time) : as_of_us;
        if (!fact || fact->engine || fact->index >= row->count) {
            merge_undeclared(row, name, value, time_us);
            continue;
        }
        if (!by_hand && fact->source && strcmp(fact->source, source) != 0)
            continue;
        struct fact_value *slot = &row->values[fact->index];
        if (slot->value && !by_hand &&
            (slot->as_of_us >= time_us || strcmp(slot->source, FACTS_BY_HAND) == 0))
            continue;
        json_decref(slot->value);
        *slot = (struct fact_value){
            .value = json_incref(value), .source = kept, .as_of_us = by_hand ? 0 : time_us};
    }
}

static void
refuse_value(struct fact_value *slot, const char *why)
{
    json_decref(slot->value);
    slot->value = NULL;
    slot->refused = why;
}

/* A fact may have been stored under another declaration than today's: then it is converted, or counts as
 * missing. */
static gboolean
fits(enum fact_type type, const json_t *value)
{
    switch (type) {
    case FACT_NUMBER:
        return json_is_number(value);
    case FACT_INTEGER:
        return json_is_integer(value);
    case FACT_BOOLEAN:
        return json_is_boolean(value);
    case FACT_LIST:
        return json_is_array(value);
    case FACT_DATE: {
        struct civil c;
        return json_is_string(value) && civil_parse(json_string_value(value), &c) && !c.has_time;
    }
    case FACT_TIME:
    case FACT_TEXT:
    case FACT_NAME:
    case FACT_URL:
        return json_is_string(value);
    }
    return FALSE;
}

static void
convert_value(struct fact_row *row, const struct fact *fact, struct fact_value *slot)
{
    g_autoptr(GString) json = g_string_new(NULL);
    const char *expected;
    json_t *converted = NULL;
    if (fact_append_json(json, fact->type, slot->value, row->zone, &expected))
        converted = json_loads(json->str, JSON_DECODE_ANY, NULL);
    if (!converted) {
        refuse_value(slot, "was imported before its type was declared");
        return;
    }
    json_decref(slot->value);
    slot->value = converted;
}

static void
make_local(struct fact_row *row, struct fact_value *slot)
{
    gint64 us;
    if (!zone_parse_time(row->zone, json_string_value(slot->value), &us, NULL)) {
        refuse_value(slot, "is no time");
        return;
    }
    g_autofree char *local = zone_format(row->zone, us);
    json_decref(slot->value);
    slot->value = json_string(local);
}

/* A text fact as delivered, before anything is converted; NULL when it is missing. */
static const char *
delivered_text(const struct fact_row *row, const char *name)
{
    const struct fact *fact = facts_find(row->set, name);
    return fact && fact->index < row->count ? json_string_value(row->values[fact->index].value) : NULL;
}

/* After merging: zone first, then types, times, names and defaults. */
static void
finish(struct fact_row *row)
{
    const struct fact *zone_fact = facts_find(row->set, "timezone");
    gboolean own_zone = FALSE;
    if (zone_fact && zone_fact->index < row->count) {
        struct fact_value *slot = &row->values[zone_fact->index];
        if (slot->value) {
            GTimeZone *own =
                json_is_string(slot->value) ? zone_find(json_string_value(slot->value), NULL) : NULL;
            if (own) {
                row->zone = own;
                own_zone = TRUE;
            } else {
                refuse_value(slot, "is no IANA time zone");
            }
        }
    }
    if (!own_zone) { /* that of the account's country, else the team's */
        GTimeZone *of_country = zone_of_country(delivered_text(row, "country"));
        if (of_country)
            row->zone = of_country;
    }
    for (guint i = 0; i < row->count; i++) {
        const struct fact *fact = facts_at(row->set, i);
        struct fact_value *slot = &row->values[i];
        if (slot->value && !fits(fact->type, slot->value))
            convert_value(row, fact, slot);
        if (slot->value && fact->type == FACT_TIME)
            make_local(row, slot);
        if (slot->value && fact->type == FACT_NAME) {
            const char *why = fact_name_refusal(json_string_value(slot->value));
            if (why)
                refuse_value(slot, why);
        }
        if (!slot->value && fact->initial)
            *slot = (struct fact_value){
                .value = json_incref(fact->initial), .source = "default", .refused = slot->refused};
        else if (!slot->value)
            *slot = (struct fact_value){.refused = slot->refused};
    }
}

/* What the sources have said of the account, and its key; NULL with error. */
static GPtrArray *
load_said(struct store *db, gint64 account_id, char **key, GError **error)
{
    g_autoptr(GPtrArray) said = delivered_list_new();
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT a.key AS key, f.source AS source, f.as_of AS as_of, f.facts AS facts FROM account a"
        " LEFT JOIN account_facts f ON f.account_id = a.id WHERE a.id = ? ORDER BY f.source",
        &local, "i", account_id);
    while (q && query_next(q, &local)) {
        if (!*key)
            *key = query_dup_text(q, "key");
        if (query_is_null(q, "facts"))
            continue;
        struct delivered *d = g_new0(struct delivered, 1);
        g_ptr_array_add(said, d);
        *d = (struct delivered){query_dup_text(q, "source"), query_dup_text(q, "facts"),
                                query_int(q, "as_of")};
    }
    if (!local && !*key)
        g_set_error(&local, USHER_ERROR, USHER_ERROR_NO_INPUT, "there is no account number %" G_GINT64_FORMAT,
                    account_id);
    if (!local)
        return g_steal_pointer(&said);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static struct fact_row *
row_of(const struct fact_set *set, const GPtrArray *said, GTimeZone *team_zone)
{
    struct fact_row *row = row_new(set, team_zone);
    for (guint i = 0; i < said->len; i++) {
        const struct delivered *d = said->pdata[i];
        json_t *facts = json_loads(d->facts, 0, NULL);
        if (json_is_object(facts))
            merge(row, d->source, d->as_of_us, facts);
        json_decref(facts);
    }
    finish(row);
    return row;
}

gboolean
fact_row_load(struct store *db, const struct fact_set *set, gint64 account_id, GTimeZone *team_zone,
              struct fact_row **row, GError **error)
{
    struct fact_memo *memo = facts_memo(set);
    g_autofree char *key = NULL;
    g_autoptr(GPtrArray) said = load_said(db, account_id, &key, error);
    if (!said)
        return FALSE;
    if (!fact_memo_is_of(memo, said, team_zone) || memo->row->count != facts_count(set))
        fact_memo_keep(memo, g_ptr_array_ref(said), team_zone, row_of(set, said, team_zone));
    *row = row_copy(memo->row);
    fact_row_set(*row, "account", json_string(key));
    return TRUE;
}

gboolean
fact_row_from_json(const struct fact_set *set, json_t *object, const char *source, gint64 as_of_us,
                   GTimeZone *team_zone, struct fact_row **row, GError **error)
{
    scoped(fact_row_free) struct fact_row *loading = row_new(set, team_zone);
    json_t *copy = json_object();
    const char *name, *expected = "";
    json_t *value;
    gboolean ok = TRUE;
    json_object_foreach(object, name, value)
    {
        const struct fact *fact = facts_find(set, name);
        g_autoptr(GString) json = g_string_new(NULL);
        if (!fact || fact->engine || json_is_null(value)) {
            json_object_set(copy, name, value);
        } else if (fact_append_json(json, fact->type, value, team_zone, &expected)) {
            json_object_set_new(copy, name, json_loads(json->str, JSON_DECODE_ANY, NULL));
        } else {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "\"%s\": expected %s", name, expected);
            ok = FALSE;
            break;
        }
    }
    if (ok) {
        merge(loading, source, as_of_us, copy);
        finish(loading);
        *row = g_steal_pointer(&loading);
    }
    json_decref(copy);
    return ok;
}

const struct fact_value *
fact_row_at(const struct fact_row *row, guint index)
{
    static const struct fact_value missing; /* a fact that was declared after the row was loaded */
    return index < row->count ? &row->values[index] : &missing;
}

const struct fact_value *
fact_row_get(const struct fact_row *row, const char *name)
{
    const struct fact *fact = facts_find(row->set, name);
    return fact ? fact_row_at(row, fact->index) : NULL;
}

const char *
fact_row_text(const struct fact_row *row, const char *name)
{
    const struct fact_value *value = fact_row_get(row, name);
    return value ? json_string_value(value->value) : NULL;
}

void
fact_row_set(struct fact_row *row, const char *name, json_t *value)
{
    const struct fact *fact = facts_find(row->set, name);
    if (!fact || !fact->engine || fact->index >= row->count)
        g_error("facts: \"%s\" is no fact of the engine's", name);
    struct fact_value *slot = &row->values[fact->index];
    json_decref(slot->value);
    if (json_is_null(value))
        value = NULL;
    *slot = (struct fact_value){.value = value, .source = value ? "usher" : NULL};
}

void
fact_row_set_time(struct fact_row *row, const char *name, gint64 us)
{
    g_autofree char *local = us ? zone_format(row->zone, us) : NULL;
    fact_row_set(row, name, local ? json_string(local) : NULL);
}

void
fact_row_set_today(struct fact_row *row, gint64 now_us)
{
    struct civil now = zone_from_utc_us(row->zone, now_us);
    now.has_time = FALSE;
    g_autofree char *date = civil_format(&now);
    fact_row_set(row, "today", json_string(date));
}

GTimeZone *
fact_row_zone(const struct fact_row *row)
{
    return row->zone;
}

const json_t *
fact_row_undeclared(const struct fact_row *row)
{
    return row->undeclared;
}

void
fact_row_rule_values(const struct fact_row *row, struct rule_value *values)
{
    g_ptr_array_set_size(row->texts, 0);
    for (guint i = 0; i < facts_count(row->set); i++) {
        const json_t *value = fact_row_at(row, i)->value;
        values[i] = (struct rule_value){.type = RULE_NULL};
        if (!value)
            continue;
        switch (facts_at(row->set, i)->type) {
        case FACT_NUMBER: /* always real: 5 / 2 of two amounts of money is 2.5 */
            values[i].type = RULE_REAL;
            values[i].real = json_number_value(value);
            break;
        case FACT_INTEGER:
            values[i].type = RULE_INTEGER;
            values[i].integer = json_integer_value(value);
            break;
        case FACT_BOOLEAN:
            values[i].type = RULE_INTEGER;
            values[i].integer = json_is_true(value);
            break;
        case FACT_LIST: {
            GString *text = g_string_new(NULL);
            const char *expected;
            if (fact_append_json(text, FACT_LIST, value, row->zone, &expected)) {
                values[i].type = RULE_TEXT;
                values[i].text = text->str;
            }
            g_ptr_array_add(row->texts, g_string_free(text, FALSE));
            break;
        }
        case FACT_DATE:
        case FACT_TIME:
        case FACT_TEXT:
        case FACT_NAME:
        case FACT_URL:
            values[i].type = RULE_TEXT;
            values[i].text = json_string_value(value);
            break;
        }
    }
}

/* A word that a mail program would turn into a link: letters, a dot, and two letters or more behind it. */
static gboolean
holds_host(const char *text)
{
    for (const char *dot = strchr(text, '.'); dot; dot = strchr(dot + 1, '.')) {
        gunichar before = dot > text ? g_utf8_get_char(g_utf8_prev_char(dot)) : ' ';
        gunichar first = g_utf8_get_char(dot + 1);
        gunichar second = first ? g_utf8_get_char(g_utf8_next_char(dot + 1)) : 0;
        if (g_unichar_isalnum(before) && g_unichar_isalpha(first) && g_unichar_isalpha(second))
            return TRUE;
    }
    return FALSE;
}

const char *
fact_name_refusal(const char *text)
{
    if (!text || !g_utf8_validate(text, -1, NULL))
        return "is no text";
    if (text[strspn(text, " \t\r\n")] == '\0')
        return "is empty";
    if (g_utf8_strlen(text, -1) > 60)
        return "is over 60 characters";
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
            return "holds control characters";
        if (text_is_bidi_control(c))
            return "holds characters that turn the direction of writing";
    }
    if (strstr(text, "://") || strpbrk(text, "/\\"))
        return "holds a link or a slash";
    g_autofree char *folded = g_utf8_casefold(text, -1);
    if (strstr(folded, "www.") || holds_host(folded))
        return "holds a host name";
    return NULL;
}
