/* Retention, and accounts that renewed without being written to. Both ask what a fact was at an earlier time:
 * the facts of now, with the changes that imports put into the journal laid beneath them.
 *
 * A fact's history is that of the source whose word counts now; what was known before the account's first
 * import is not known here. */
#include "service/report_private.h"

#include "base/clock.h"
#include "compose/sender.h"

#include <string.h>

#define RETENTION_MONTHS 3
#define RETENTION_GOAL 0.9

enum history_fact { FORECAST, CHURNED, DEACTIVATED, RENEWAL, ABSENT, HISTORY_FACTS };
static const char *const fact_names[HISTORY_FACTS] = {
    [FORECAST] = "forecast_mrr", [CHURNED] = "churned", [DEACTIVATED] = "deactivated",
    [RENEWAL] = "next_renewal",  [ABSENT] = NULL,
};

/* From at_us on the fact was value (NULL: missing). */
struct point {
    gint64 at_us;
    json_t *value;
};

struct history {
    gint64 id, added_us, enrolled_us, ended_us; /* ended: left or cancelled, 0: not */
    gint64 written_us;                          /* the first mail to it, 0: none */
    char *key;
    json_t *now[HISTORY_FACTS];
    char *source[HISTORY_FACTS]; /* NULL: missing now, so any */
    GArray *points[HISTORY_FACTS];
};

static void
point_clear(gpointer data)
{
    json_decref(((struct point *)data)->value);
}

static void
history_free(gpointer data)
{
    struct history *h = data;
    for (int f = 0; f < HISTORY_FACTS; f++) {
        json_decref(h->now[f]);
        g_free(h->source[f]);
        g_array_unref(h->points[f]);
    }
    g_free(h->key);
    g_free(h);
}

static void
add_point(struct history *h, int fact, gint64 at_us, json_t *value)
{
    const struct point p = {at_us, json_incref(value)};
    g_array_append_val(h->points[fact], p);
}

/* What the fact was at us; borrowed, NULL: missing. */
static const json_t *
value_at(const struct history *h, enum history_fact fact, gint64 us)
{
    const json_t *value = NULL;
    for (guint i = 0; i < h->points[fact]->len; i++) {
        const struct point *p = &g_array_index(h->points[fact], struct point, i);
        if (p->at_us <= us)
            value = p->value;
    }
    return value && !json_is_null(value) ? value : NULL;
}

/* ---- loading ---- */

static gboolean
load_now(struct report *r, struct history *h, GError **error)
{
    struct service *s = r->service;
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (!fact_row_load(s->db, s->program->facts, h->id, r->zone, &row, error))
        return FALSE;
    for (int f = 0; f < HISTORY_FACTS; f++) {
        const struct fact_value *v = fact_names[f] ? fact_row_get(row, fact_names[f]) : NULL;
        if (!v || !v->value)
            continue;
        h->now[f] = json_incref(v->value);
        if (v->source && strcmp(v->source, "default") != 0)
            h->source[f] = g_strdup(v->source);
    }
    return TRUE;
}

/* Every account that was ever enrolled, by id. */
static GHashTable *
load_accounts(struct report *r, GError **error)
{
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, history_free);
    g_autoptr(GError) local = NULL;
    {
        scoped(query_end) struct query *q = store_query(
            r->service->db,
            "SELECT a.id, a.key, a.added_at, MIN(e.at) AS enrolled_at, (SELECT MIN(x.at) FROM standing_event "
            "x WHERE "
            "x.account_id = a.id AND x.kind IN ('left', 'cancelled')) AS ended_at, (SELECT MIN(m.at) FROM "
            "standing_event m WHERE m.account_id = a.id AND m.kind IN ('sent', 'hand_sent')) AS written_at"
            " FROM account a JOIN standing_event e ON e.account_id = a.id AND e.kind = 'enrolled' GROUP BY "
            "a.id",
            error, "");
        if (!q)
            return NULL;
        while (query_next(q, &local)) {
            struct history *h = g_new0(struct history, 1);
            h->id = query_int(q, "id");
            h->key = query_dup_text(q, "key");
            h->added_us = query_int(q, "added_at");
            h->enrolled_us = query_int(q, "enrolled_at");
            h->ended_us = query_int(q, "ended_at");
            h->written_us = query_int(q, "written_at");
            for (int f = 0; f < HISTORY_FACTS; f++) {
                h->points[f] = g_array_new(FALSE, FALSE, sizeof(struct point));
                g_array_set_clear_func(h->points[f], point_clear);
            }
            g_hash_table_insert(all, &h->id, h);
        }
    }
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, all);
    while (!local && g_hash_table_iter_next(&iter, NULL, &value))
        if (!load_now(r, value, &local))
            break;
    return report_ok(error, g_steal_pointer(&local)) ? g_steal_pointer(&all) : NULL;
}

/* One import's changes to an account: name → [before, after]. */
static void
take_changes(struct history *h, gint64 at_us, const char *source, const json_t *changed)
{
    for (int f = 0; f < HISTORY_FACTS; f++) {
        const json_t *pair = fact_names[f] ? json_object_get(changed, fact_names[f]) : NULL;
        if (!json_is_array(pair) || (h->source[f] && g_strcmp0(h->source[f], source) != 0))
            continue;
        if (h->points[f]->len == 0)
            add_point(h, f, MIN(h->added_us, at_us), json_array_get(pair, 0));
        add_point(h, f, at_us, json_array_get(pair, 1));
    }
}

static gboolean
load_changes(struct report *r, GHashTable *all, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        r->service->db,
        "SELECT account_id, at, kind, data ->> 'source' AS source, data -> 'changed' AS changed FROM "
        "standing_event "
        "WHERE kind IN ('account_absent', 'account_present') OR (kind = 'facts_changed' AND (data -> "
        "'changed' -> 'forecast_mrr' IS NOT NULL OR data -> 'changed' -> 'churned' IS NOT NULL OR data -> "
        "'changed' -> 'deactivated' IS NOT NULL OR data -> 'changed' -> 'next_renewal' IS NOT NULL)) ORDER "
        "BY id",
        error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local)) {
        gint64 id = query_int(q, "account_id");
        struct history *h = g_hash_table_lookup(all, &id);
        if (!h)
            continue;
        const char *kind = query_text(q, "kind"), *text = query_text(q, "changed");
        json_t *value = strcmp(kind, "facts_changed") != 0 ? json_boolean(strcmp(kind, "account_absent") == 0)
                        : text                             ? json_loads(text, 0, NULL)
                                                           : NULL;
        if (strcmp(kind, "facts_changed") != 0)
            add_point(h, ABSENT, query_int(q, "at"), value);
        else
            take_changes(h, query_int(q, "at"), query_text(q, "source"), value);
        json_decref(value);
    }
    return report_ok(error, g_steal_pointer(&local));
}

/* A fact that never changed was always what it is now. */
static void
fill_unchanged(GHashTable *all)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct history *h = value;
        for (int f = 0; f < HISTORY_FACTS; f++)
            if (h->points[f]->len == 0 && h->now[f])
                add_point(h, f, h->added_us, h->now[f]);
    }
}

/* ---- retention ---- */

struct cohort {
    char *month; /* NULL: all together */
    guint accounts, due, retained;
    double before, after; /* forecasts of those of which both are known */
};

static gint64
months_later(const struct report *r, gint64 us, int months)
{
    struct civil c = zone_from_utc_us(r->zone, us);
    int month = c.month - 1 + months;
    c.year += month / 12;
    c.month = month % 12 + 1;
    c.day = MIN(c.day, g_date_get_days_in_month((GDateMonth)c.month, (GDateYear)c.year));
    return zone_to_utc_us(r->zone, &c);
}

/* When the forecast was first seen at the threshold or above; 0: never. */
static gint64
first_over(const struct report *r, const struct history *h)
{
    for (guint i = 0; i < h->points[FORECAST]->len; i++) {
        const struct point *p = &g_array_index(h->points[FORECAST], struct point, i);
        if (p->at_us <= r->options->now_us && json_is_number(p->value) &&
            json_number_value(p->value) >= r->options->threshold)
            return p->at_us;
    }
    return 0;
}

static void
take_account(const struct report *r, const struct history *h, struct cohort *c)
{
    gint64 first_us = first_over(r, h), end_us = months_later(r, first_us, RETENTION_MONTHS);
    c->accounts++;
    if (end_us > r->options->now_us)
        return;
    const json_t *before = value_at(h, FORECAST, first_us), *after = value_at(h, FORECAST, end_us);
    gboolean lost = json_is_true(value_at(h, CHURNED, end_us)) ||
                    json_is_true(value_at(h, DEACTIVATED, end_us)) ||
                    json_is_true(value_at(h, ABSENT, end_us));
    c->due++;
    c->retained += !lost;
    if (!lost && !after)
        return;
    c->before += json_number_value(before);
    c->after += lost ? 0 : json_number_value(after);
}

static void
add_cohort(struct report *r, const struct cohort *c)
{
    report_add(r, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:f, s:o, s:o, s:o}", "figure", "retention",
                            "cohort", c->month ? c->month : "all", "accounts", (json_int_t)c->accounts, "due",
                            (json_int_t)c->due, "retained", (json_int_t)c->retained, "rate",
                            report_rate(c->retained, c->due), "goal", RETENTION_GOAL, "forecast_before",
                            report_tenth(c->before), "forecast_after", report_tenth(c->after),
                            "net_dollar_retention", report_rate(c->after, c->before)));
}

static gint
by_month(gconstpointer a, gconstpointer b)
{
    return strcmp(((const struct cohort *)a)->month, ((const struct cohort *)b)->month);
}

static void
add_retention(struct report *r, GHashTable *all)
{
    g_autoptr(GArray) cohorts = g_array_new(FALSE, TRUE, sizeof(struct cohort));
    struct cohort together = {0};
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        gint64 first_us = first_over(r, value);
        if (!first_us || first_us < r->options->since_us)
            continue;
        char *month = report_month(r, first_us);
        guint i = 0;
        while (i < cohorts->len && strcmp(g_array_index(cohorts, struct cohort, i).month, month) != 0)
            i++;
        if (i == cohorts->len) {
            const struct cohort fresh = {.month = g_strdup(month)};
            g_array_append_val(cohorts, fresh);
        }
        g_free(month);
        take_account(r, value, &g_array_index(cohorts, struct cohort, i));
        take_account(r, value, &together);
    }
    g_array_sort(cohorts, by_month);
    for (guint i = 0; i < cohorts->len; i++) {
        add_cohort(r, &g_array_index(cohorts, struct cohort, i));
        g_free(g_array_index(cohorts, struct cohort, i).month);
    }
    if (cohorts->len)
        add_cohort(r, &together);
}

/* ---- renewals ---- */

static gboolean
add_renewal(struct report *r, const struct history *h, const char *date, gboolean *more, GError **error)
{
    struct service *s = r->service;
    scoped(fact_row_free) struct fact_row *row = NULL;
    const struct specialist *owner = fact_row_load(s->db, s->program->facts, h->id, r->zone, &row, error)
                                         ? sender_owner(s->db, s->config, row, h->id, error)
                                         : NULL;
    g_autofree char *enrolled = report_date(r, h->enrolled_us);
    *more = FALSE;
    if (!owner)
        return FALSE;
    report_add(r, json_pack("{s:s, s:s, s:s, s:s, s:s}", "figure", "unwritten_renewal", "account", h->key,
                            "renewed", date, "enrolled", enrolled, "owner", owner->id));
    return TRUE;
}

/* A day of renewal came when it was still the next one on that day. */
static gboolean
look_at_renewals(struct report *r, const struct history *h, GError **error)
{
    const GArray *points = h->points[RENEWAL];
    g_autofree char *today = report_date(r, r->options->now_us);
    g_autofree char *enrolled = report_date(r, h->enrolled_us);
    g_autofree char *written = h->written_us ? report_date(r, h->written_us) : NULL;
    g_autofree char *ended = h->ended_us ? report_date(r, h->ended_us) : NULL;
    g_autofree char *since = r->options->since_us ? report_date(r, r->options->since_us) : NULL;
    gboolean more = TRUE; /* the first one that was missed is enough */
    for (guint i = 0; more && i < points->len; i++) {
        const struct point *p = &g_array_index(points, struct point, i);
        const char *date = json_string_value(p->value);
        g_autofree char *until =
            i + 1 < points->len ? report_date(r, g_array_index(points, struct point, i + 1).at_us) : NULL;
        if (!date || strcmp(date, today) > 0 || strcmp(date, enrolled) < 0 ||
            (until && strcmp(until, date) < 0) || (written && strcmp(written, date) <= 0) ||
            (ended && strcmp(ended, date) <= 0) || (since && strcmp(date, since) < 0))
            continue;
        if (!add_renewal(r, h, date, &more, error))
            return FALSE;
    }
    return TRUE;
}

static gint
by_key(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const struct history *const *)a)->key, (*(const struct history *const *)b)->key);
}

gboolean
report_retention(struct report *r, GError **error)
{
    g_autoptr(GHashTable) all = load_accounts(r, error);
    if (!all || !load_changes(r, all, error))
        return FALSE;
    fill_unchanged(all);
    add_retention(r, all);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, by_key);
    for (guint i = 0; i < sorted->len; i++)
        if (!look_at_renewals(r, sorted->pdata[i], error))
            return FALSE;
    return TRUE;
}
