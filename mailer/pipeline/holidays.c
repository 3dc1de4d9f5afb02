/* The file of holidays: rules and dates are worked out once, for the years the file states (and the days that
 * a neighbouring year moves into them), into one table "DE 2026-12-25" → name. */
#include "pipeline/holidays.h"

#include "base/error.h"
#include "base/zone_country.h"

#include <string.h>

#define MAX_YEARS 30

struct holidays {
    char *path;
    int first_year, last_year;
    GHashTable *days;      /* "DE 2026-12-25" → name */
    GHashTable *countries; /* "DE" */
};

/* What becomes of a holiday at a weekend. */
enum holiday_moved {
    HOLIDAY_STAYS,
    HOLIDAY_MONDAY,  /* ">mon": also the next weekday that is no holiday itself */
    HOLIDAY_NEAREST, /* ">near": of a Saturday also the Friday before, of a Sunday the Monday after */
    HOLIDAY_SUNDAY,  /* ">sun": of a Sunday also the next day that is no holiday itself */
};

struct holiday_rule {
    gboolean easter;
    int year;       /* 0: every year */
    int month, day; /* or days after Easter Sunday in day */
    int weekday;    /* 1 to 7: the first such day on or after; 0: the day itself */
    enum holiday_moved moved;
};

static const char *const weekday_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

void
holidays_free(struct holidays *h)
{
    if (!h)
        return;
    g_free(h->path);
    g_hash_table_unref(h->days);
    g_hash_table_unref(h->countries);
    g_free(h);
}

/* Easter Sunday of the Gregorian calendar: Gauss's rule with its two exceptions. */
static struct civil
easter_of(int year)
{
    int a = year % 19, b = year % 4, c = year % 7, century = year / 100;
    int moon_drift = (13 + 8 * century) / 25;
    int m = (15 - moon_drift + century - century / 4) % 30, n = (4 + century - century / 4) % 7;
    int d = (19 * a + m) % 30, e = (2 * b + 4 * c + 6 * d + n) % 7;
    if (d == 29 && e == 6)
        e = -1;
    else if (d == 28 && e == 6 && (11 * m + 11) % 30 < 19)
        e = -1;
    struct civil day = {.year = year, .month = 3, .day = 22};
    civil_add_days(&day, d + e);
    return day;
}

static char *
key_of(const char *country, const struct civil *day)
{
    return g_strdup_printf("%s %04d-%02d-%02d", country, day->year, day->month, day->day);
}

static gboolean
is_holiday(const struct holidays *h, const char *country, const struct civil *day)
{
    g_autofree char *key = key_of(country, day);
    return g_hash_table_contains(h->days, key);
}

/* The first name of a day stays. */
static void
add_day(struct holidays *h, const char *country, const struct civil *day, const char *name)
{
    char *key = key_of(country, day);
    if (g_hash_table_contains(h->days, key))
        g_free(key);
    else
        g_hash_table_insert(h->days, key, g_strdup(name));
}

/* The day of a rule in a year; FALSE when it has none there (29 February, a date of another year). */
static gboolean
day_of(const struct holiday_rule *r, int year, struct civil *out)
{
    if (r->year && r->year != year)
        return FALSE;
    if (r->easter) {
        *out = easter_of(year);
        return civil_add_days(out, r->day);
    }
    if (!g_date_valid_dmy((GDateDay)r->day, (GDateMonth)r->month, (GDateYear)year))
        return FALSE;
    *out = (struct civil){.year = year, .month = r->month, .day = r->day};
    return !r->weekday || civil_add_days(out, (r->weekday - civil_weekday(out) + 7) % 7);
}

static void
add_moved(struct holidays *h, const char *country, enum holiday_moved moved, struct civil day,
          const char *name)
{
    int weekday = civil_weekday(&day);
    switch (moved) {
    case HOLIDAY_STAYS:
        return;
    case HOLIDAY_NEAREST:
        if (weekday < 6)
            return;
        civil_add_days(&day, weekday == 6 ? -1 : 1);
        break;
    case HOLIDAY_MONDAY:
        if (weekday < 6)
            return;
        while (civil_weekday(&day) > 5 || is_holiday(h, country, &day))
            civil_add_days(&day, 1);
        break;
    case HOLIDAY_SUNDAY:
        if (weekday != 7)
            return;
        while (is_holiday(h, country, &day))
            civil_add_days(&day, 1);
        break;
    }
    g_autofree char *instead = g_strdup_printf("%s (observed)", name);
    add_day(h, country, &day, instead);
}

/* ---- reading ---- */

struct holiday_line {
    struct holiday_rule rule;
    char *name;
};

struct holiday_reader {
    struct holidays *h;
    char country[3]; /* empty before the first */
    GArray *lines;   /* struct holiday_line, of the country under way */
};

static gboolean
refuse(const struct holiday_reader *r, guint line, const char *expected, const char *found, GError **error)
{
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s:%u: \"%.60s\": expected %s", r->h->path, line,
                found, expected);
    return FALSE;
}

/* All plain days first, then those that weekends move: they must know what is taken. */
static void
finish_country(struct holiday_reader *r)
{
    for (int moving = 0; moving < 2; moving++)
        for (int year = r->h->first_year - 1; year <= r->h->last_year + 1; year++)
            for (guint i = 0; i < r->lines->len; i++) {
                const struct holiday_line *l = &g_array_index(r->lines, struct holiday_line, i);
                struct civil day;
                if (day_of(&l->rule, year, &day) && moving)
                    add_moved(r->h, r->country, l->rule.moved, day, l->name);
                else if (day_of(&l->rule, year, &day))
                    add_day(r->h, r->country, &day, l->name);
            }
    for (guint i = 0; i < r->lines->len; i++)
        g_free(g_array_index(r->lines, struct holiday_line, i).name);
    g_array_set_size(r->lines, 0);
}

static gboolean
parse_weekday(const char *name, int *out)
{
    for (int i = 0; i < 7; i++)
        if (strcmp(name, weekday_names[i]) == 0)
            *out = i + 1;
    return *out != 0;
}

/* "12-25", "2026-09-22", "11-22+thu", "easter", "easter-2"; then perhaps ">mon", ">near" or ">sun". */
static gboolean
parse_rule(const char *word, struct holiday_rule *out)
{
    memset(out, 0, sizeof *out);
    g_auto(GStrv) parts = g_strsplit(word, ">", 2);
    if (parts[1] && strcmp(parts[1], "mon") == 0)
        out->moved = HOLIDAY_MONDAY;
    else if (parts[1] && strcmp(parts[1], "near") == 0)
        out->moved = HOLIDAY_NEAREST;
    else if (parts[1] && strcmp(parts[1], "sun") == 0)
        out->moved = HOLIDAY_SUNDAY;
    else if (parts[1])
        return FALSE;
    if (g_str_has_prefix(parts[0], "easter")) {
        const char *offset = parts[0] + strlen("easter");
        gint64 days = 0;
        out->easter = TRUE;
        if (*offset == '+' || *offset == '-') {
            if (!g_ascii_isdigit(offset[1]) ||
                !g_ascii_string_to_signed(offset + (*offset == '+'), 10, -90, 90, &days, NULL))
                return FALSE;
        } else if (*offset) {
            return FALSE;
        }
        out->day = (int)days;
        return TRUE;
    }
    g_auto(GStrv) day = g_strsplit(parts[0], "+", 2);
    gboolean dated = strlen(day[0]) == strlen("2026-12-25");
    g_autofree char *full = dated ? g_strdup(day[0]) : g_strconcat("2000-", day[0], NULL); /* a leap year */
    struct civil c;
    if (!civil_parse(full, &c) || c.has_time || (day[1] && !parse_weekday(day[1], &out->weekday)))
        return FALSE;
    out->year = dated ? c.year : 0;
    out->month = c.month;
    out->day = c.day;
    return TRUE;
}

static gboolean
read_years(struct holiday_reader *r, guint line, const char *text, GError **error)
{
    g_auto(GStrv) years = g_strsplit(text, "-", -1);
    guint64 first, last;
    if (g_strv_length(years) != 2 || !g_ascii_string_to_unsigned(years[0], 10, 1970, 9000, &first, NULL) ||
        !g_ascii_string_to_unsigned(years[1], 10, first, first + MAX_YEARS - 1, &last, NULL))
        return refuse(r, line, "the years it covers, such as 2026-2028", text, error);
    if (r->h->first_year)
        return refuse(r, line, "the years only once", text, error);
    r->h->first_year = (int)first;
    r->h->last_year = (int)last;
    return TRUE;
}

static gboolean
read_country(struct holiday_reader *r, guint line, const char *code, GError **error)
{
    if (!r->h->first_year)
        return refuse(r, line, "the line \"years 2026-2028\" before the first country", code, error);
    finish_country(r);
    if (!country_fold(code, r->country))
        return refuse(r, line, "a country as two letters, such as DE", code, error);
    if (!g_hash_table_add(r->h->countries, g_strdup(r->country)))
        return refuse(r, line, "each country only once", code, error);
    return TRUE;
}

/* "years A-B", "country CC [name]", or "DAY NAME". */
static gboolean
read_line(struct holiday_reader *r, guint line, char *text, GError **error)
{
    if (!g_utf8_validate(text, -1, NULL))
        return refuse(r, line, "UTF-8", "", error);
    char *comment = strchr(text, '#');
    if (comment)
        *comment = '\0';
    g_strstrip(text);
    if (!*text)
        return TRUE;
    gsize length = strcspn(text, " \t");
    g_autofree char *word = g_strndup(text, length);
    char *rest = g_strchug(text + length);
    if (strcmp(word, "years") == 0)
        return read_years(r, line, rest, error);
    if (strcmp(word, "country") == 0) {
        rest[strcspn(rest, " \t")] = '\0';
        return read_country(r, line, rest, error);
    }
    struct holiday_line l = {0};
    if (!parse_rule(word, &l.rule))
        return refuse(r, line, "a day such as 12-25, 2026-09-22, 11-22+thu or easter-2", word, error);
    if (!*r->country)
        return refuse(r, line, "\"country CC\" before its first day", word, error);
    if (!*rest)
        return refuse(r, line, "the holiday's name after its day", word, error);
    l.name = g_strdup(rest);
    g_array_append_val(r->lines, l);
    return TRUE;
}

struct holidays *
holidays_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;
    if (!g_file_get_contents(path, &text, NULL, &local)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s", local->message);
        return NULL;
    }
    scoped(holidays_free) struct holidays *h = g_new0(struct holidays, 1);
    h->path = g_strdup(path);
    h->days = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    h->countries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct holiday_reader r = {.h = h, .lines = g_array_new(FALSE, FALSE, sizeof(struct holiday_line))};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean ok = TRUE;
    for (guint i = 0; ok && lines[i]; i++)
        ok = read_line(&r, i + 1, lines[i], error);
    if (ok && !h->first_year)
        ok = refuse(&r, 1, "a line \"years 2026-2028\"", "", error);
    finish_country(&r);
    g_array_unref(r.lines);
    return ok ? g_steal_pointer(&h) : NULL;
}

const char *
holidays_find(const struct holidays *h, const char *country, const struct civil *day)
{
    char code[3];
    if (!country_fold(country, code) || day->year < h->first_year || day->year > h->last_year)
        return NULL;
    g_autofree char *key = key_of(code, day);
    return g_hash_table_lookup(h->days, key);
}

gboolean
holidays_knows(const struct holidays *h, const char *country)
{
    char code[3];
    return country_fold(country, code) && g_hash_table_contains(h->countries, code);
}

int
holidays_first_year(const struct holidays *h)
{
    return h->first_year;
}

int
holidays_last_year(const struct holidays *h)
{
    return h->last_year;
}

guint
holidays_countries(const struct holidays *h)
{
    return g_hash_table_size(h->countries);
}
