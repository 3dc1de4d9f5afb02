/* See calendar_zone.h. A zone is a list of observances (STANDARD, DAYLIGHT); each begins at its onsets, which
 * are its DTSTART, its RDATEs, or a day of every year by its RRULE. What a mail says is hostile: counts are
 * bounded, and one observance that is not understood makes the whole zone useless rather than wrong. */
#include "inbox/calendar_zone.h"

#include <string.h>

#define MAX_OBSERVANCES 100
#define MAX_DATES 1000 /* of all of them together */
#define DAY_S 86400
#define NEVER G_MININT64

/* FREQ=YEARLY on a day of one month, the only form that zones use. */
struct yearly {
    int month;         /* 1 to 12; 0: no rule */
    int weekday, nth;  /* 1 (Monday) to 7, 0: any; the nth, from the end when negative, 0: any */
    gboolean days[32]; /* BYMONTHDAY; [0] tells that there is one */
    gint64 until_s;    /* the last instant it may begin at */
};

struct observance {
    gint64 start_s;      /* DTSTART, by the clock before it begins */
    gint64 from_s, to_s; /* offsets */
    gboolean has_from, has_to, has_start;
    struct yearly yearly;
    GArray *dates; /* of gint64, as start_s */
};

struct calendar_zone {
    char *id;
    GArray *observances; /* of struct observance */
    guint n_dates;
    gboolean inside; /* of the last observance */
    gboolean broken;
};

/* ---- numbers and days ---- */

static gboolean
read_digits(const char *s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (!g_ascii_isdigit(s[i]))
            return FALSE;
        *out = *out * 10 + g_ascii_digit_value(s[i]);
    }
    return TRUE;
}

/* Days since 1970-01-01. */
static gint64
day_number(int year, int month, int day)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return (gint64)g_date_get_julian(&date) - 719163;
}

static int
year_of(gint64 clock_s)
{
    GDate date;
    gint64 day = clock_s / DAY_S - (clock_s % DAY_S < 0) + 719163;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)CLAMP(day, 1, 3652059));
    return g_date_get_year(&date);
}

gboolean
calendar_read_time(const char *text, gint64 *clock_s, gboolean *is_utc)
{
    int year, month, day, hour, minute, second;
    if (!text || strlen(text) < 15 || text[8] != 'T' || !read_digits(text, 4, &year) ||
        !read_digits(text + 4, 2, &month) || !read_digits(text + 6, 2, &day) ||
        !read_digits(text + 9, 2, &hour) || !read_digits(text + 11, 2, &minute) ||
        !read_digits(text + 13, 2, &second) || year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 ||
        minute > 59 || second > 59 || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return FALSE;
    *clock_s = day_number(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
    *is_utc = text[15] == 'Z';
    return TRUE;
}

/* "+0100", "-053000" (RFC 5545 section 3.3.14). */
static gboolean
read_offset(const char *s, gint64 *out)
{
    int hour, minute, second = 0;
    if ((*s != '+' && *s != '-') || !read_digits(s + 1, 2, &hour) || !read_digits(s + 3, 2, &minute) ||
        (s[5] && !read_digits(s + 5, 2, &second)) || hour > 23 || minute > 59)
        return FALSE;
    *out = (*s == '-' ? -1 : 1) * (hour * 3600 + minute * 60 + second);
    return TRUE;
}

/* ---- the yearly rule ---- */

/* "-1SU", "2MO", "SU" */
static gboolean
read_weekday(const char *s, struct yearly *y)
{
    static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    char *end;
    gint64 nth = g_ascii_strtoll(s, &end, 10);
    if (nth < -5 || nth > 5)
        return FALSE;
    for (int i = 0; i < 7; i++)
        if (g_ascii_strcasecmp(end, names[i]) == 0) {
            y->weekday = i + 1;
            y->nth = (int)nth;
            return TRUE;
        }
    return FALSE;
}

static gboolean
read_month_days(const char *s, struct yearly *y)
{
    g_auto(GStrv) parts = g_strsplit(s, ",", 32);
    for (char **part = parts; *part; part++) {
        guint64 day;
        if (!g_ascii_string_to_unsigned(*part, 10, 1, 31, &day, NULL))
            return FALSE;
        y->days[0] = y->days[day] = TRUE;
    }
    return y->days[0];
}

static gboolean
read_until(const char *s, gint64 *out)
{
    gboolean is_utc;
    g_autofree char *whole = strlen(s) == 8 ? g_strconcat(s, "T235959Z", NULL) : g_strdup(s);
    return calendar_read_time(whole, out, &is_utc);
}

/* RRULE (RFC 5545 section 3.3.10). FALSE when it is another rule than the ones this file knows. */
static gboolean
read_rule(const char *value, struct yearly *y)
{
    gboolean yearly = FALSE;
    guint64 month = 0;
    g_auto(GStrv) parts = g_strsplit(value, ";", 16);
    y->until_s = G_MAXINT64;
    for (char **part = parts; *part; part++) {
        char *is = strchr(*part, '=');
        if (!is)
            return FALSE;
        *is++ = '\0';
        const char *name = *part;
        gboolean ok = g_ascii_strcasecmp(name, "FREQ") == 0 ? (yearly = !g_ascii_strcasecmp(is, "YEARLY"))
                      : g_ascii_strcasecmp(name, "BYMONTH") == 0
                          ? g_ascii_string_to_unsigned(is, 10, 1, 12, &month, NULL)
                      : g_ascii_strcasecmp(name, "BYDAY") == 0      ? read_weekday(is, y)
                      : g_ascii_strcasecmp(name, "BYMONTHDAY") == 0 ? read_month_days(is, y)
                      : g_ascii_strcasecmp(name, "UNTIL") == 0      ? read_until(is, &y->until_s)
                      : g_ascii_strcasecmp(name, "INTERVAL") == 0   ? strcmp(is, "1") == 0
                                                                    : g_ascii_strcasecmp(name, "WKST") == 0;
        if (!ok)
            return FALSE;
    }
    y->month = (int)month;
    return yearly && month != 0 && (y->weekday || y->days[0]);
}

/* When the rule lets the observance begin in a year; NEVER when it does not. */
static gint64
onset_of_year(const struct observance *o, int year)
{
    const struct yearly *y = &o->yearly;
    if (year < 1 || year > 9999)
        return NEVER;
    int length = g_date_get_days_in_month((GDateMonth)y->month, (GDateYear)year);
    gint64 first = day_number(year, y->month, 1);
    for (int day = 1; day <= length; day++) {
        gint64 number = first + day - 1;
        int weekday = (int)(((number + 3) % 7 + 7) % 7) + 1; /* 1970-01-01 was a Thursday */
        int nth = y->nth > 0 ? (day - 1) / 7 + 1 : -((length - day) / 7 + 1);
        if ((y->days[0] && !y->days[day]) || (y->weekday && weekday != y->weekday) ||
            (y->nth && nth != y->nth))
            continue;
        gint64 onset_s = number * DAY_S + ((o->start_s % DAY_S) + DAY_S) % DAY_S;
        return onset_s >= o->start_s && onset_s - o->from_s <= y->until_s ? onset_s : NEVER;
    }
    return NEVER;
}

/* ---- reading ---- */

struct calendar_zone *
calendar_zone_new(void)
{
    struct calendar_zone *zone = g_new0(struct calendar_zone, 1);
    zone->observances = g_array_new(FALSE, TRUE, sizeof(struct observance));
    return zone;
}

void
calendar_zone_free(gpointer data)
{
    struct calendar_zone *zone = data;
    for (guint i = 0; i < zone->observances->len; i++)
        g_array_unref(g_array_index(zone->observances, struct observance, i).dates);
    g_array_unref(zone->observances);
    g_free(zone->id);
    g_free(zone);
}

const char *
calendar_zone_id(const struct calendar_zone *zone)
{
    return zone->id ? zone->id : "";
}

static gboolean
take_dates(struct calendar_zone *zone, struct observance *o, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", MAX_DATES + 1);
    for (char **part = parts; *part; part++) {
        gint64 date_s;
        gboolean is_utc;
        if (++zone->n_dates > MAX_DATES || !calendar_read_time(*part, &date_s, &is_utc) || is_utc)
            return FALSE;
        g_array_append_val(o->dates, date_s);
    }
    return TRUE;
}

static gboolean
take_property(struct calendar_zone *zone, struct observance *o, const char *name, const char *value)
{
    gboolean is_utc = FALSE;
    if (g_ascii_strcasecmp(name, "DTSTART") == 0)
        return o->has_start = calendar_read_time(value, &o->start_s, &is_utc) && !is_utc;
    if (g_ascii_strcasecmp(name, "TZOFFSETFROM") == 0)
        return o->has_from = read_offset(value, &o->from_s);
    if (g_ascii_strcasecmp(name, "TZOFFSETTO") == 0)
        return o->has_to = read_offset(value, &o->to_s);
    if (g_ascii_strcasecmp(name, "RRULE") == 0)
        return !o->yearly.month && read_rule(value, &o->yearly);
    return g_ascii_strcasecmp(name, "RDATE") != 0 || take_dates(zone, o, value);
}

void
calendar_zone_take(struct calendar_zone *zone, const char *name, const char *value)
{
    guint n = zone->observances->len;
    struct observance *open =
        zone->inside ? &g_array_index(zone->observances, struct observance, n - 1) : NULL;
    gboolean part = g_ascii_strcasecmp(value, "STANDARD") == 0 || g_ascii_strcasecmp(value, "DAYLIGHT") == 0;
    if (g_ascii_strcasecmp(name, "BEGIN") == 0) {
        struct observance fresh = {.dates = NULL};
        zone->inside = part && n < MAX_OBSERVANCES;
        zone->broken = zone->broken || !zone->inside;
        if (zone->inside) {
            fresh.dates = g_array_new(FALSE, FALSE, sizeof(gint64));
            g_array_append_val(zone->observances, fresh);
        }
    } else if (g_ascii_strcasecmp(name, "END") == 0) {
        if (open && !(open->has_start && open->has_from && open->has_to))
            zone->broken = TRUE;
        zone->inside = FALSE;
    } else if (open) {
        zone->broken = !take_property(zone, open, name, value) || zone->broken;
    } else if (g_ascii_strcasecmp(name, "TZID") == 0 && !zone->id) {
        zone->id = g_strdup(value);
    }
}

/* ---- asking ---- */

static void
look_at(const struct observance *o, gint64 onset_s, gint64 utc_s, gint64 *latest_s, gint64 *offset_s)
{
    if (onset_s == NEVER || onset_s - o->from_s > utc_s || onset_s - o->from_s < *latest_s)
        return;
    *latest_s = onset_s - o->from_s;
    *offset_s = o->to_s;
}

/* What the zone's clock is ahead of UTC at an instant: by the observance that began last, or before all of
 * them by what the first one ends. */
static gint64
offset_at(const struct calendar_zone *zone, gint64 utc_s)
{
    const struct observance *first = &g_array_index(zone->observances, struct observance, 0);
    gint64 latest_s = NEVER, offset_s = 0;
    for (guint i = 0; i < zone->observances->len; i++) {
        const struct observance *o = &g_array_index(zone->observances, struct observance, i);
        first = o->start_s < first->start_s ? o : first;
        look_at(o, o->start_s, utc_s, &latest_s, &offset_s);
        for (guint k = 0; k < o->dates->len; k++)
            look_at(o, g_array_index(o->dates, gint64, k), utc_s, &latest_s, &offset_s);
        if (!o->yearly.month)
            continue;
        int year = year_of(MIN(utc_s, o->yearly.until_s) + o->from_s);
        for (int back = 0; back <= 1; back++)
            look_at(o, onset_of_year(o, year - back), utc_s, &latest_s, &offset_s);
    }
    return latest_s == NEVER ? first->from_s : offset_s;
}

gboolean
calendar_zone_to_utc(const struct calendar_zone *zone, gint64 clock_s, gint64 *utc_s)
{
    gint64 found_s = G_MAXINT64, gap_s = NEVER;
    if (zone->broken || zone->inside || zone->observances->len == 0)
        return FALSE;
    for (guint i = 0; i < zone->observances->len; i++) {
        const struct observance *o = &g_array_index(zone->observances, struct observance, i);
        const gint64 offsets_s[] = {o->from_s, o->to_s};
        for (int k = 0; k < 2; k++) {
            gint64 at_s = clock_s - offsets_s[k], there_s = offset_at(zone, at_s);
            if (there_s == offsets_s[k])
                found_s = MIN(found_s, at_s);
            else if (k == 0 && there_s == o->to_s) /* a gap goes by the offset before it (section 3.3.5) */
                gap_s = MAX(gap_s, at_s);
        }
    }
    *utc_s = found_s != G_MAXINT64 ? found_s : gap_s;
    return *utc_s != NEVER;
}
