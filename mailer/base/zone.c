/* Local time over GLib's time zones: see zone.h for the daylight saving rule. */
#include "base/zone.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

GTimeZone *
zone_find(const char *name, GError **error)
{
    static GHashTable *cache;
    if (!cache)
        cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_time_zone_unref);
    GTimeZone *zone = g_hash_table_lookup(cache, name);
    if (zone)
        return zone;
    /* GLib reads "PST", "+02" and POSIX rules too, and answers UTC for some of them. */
    if (strcmp(name, "UTC") == 0 || (strchr(name, '/') && !strstr(name, "..") && name[0] != '/'))
        zone = g_time_zone_new_identifier(name);
    if (!zone) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "\"%.60s\" is no time zone: expected an IANA name such as Europe/Berlin, or UTC", name);
        return NULL;
    }
    g_hash_table_insert(cache, g_strdup(name), zone);
    return zone;
}

/* Reads exactly digits decimal digits. */
static gboolean
read_digits(const char **p, int digits, int *out)
{
    int n = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (!g_ascii_isdigit(**p))
            return FALSE;
        n = n * 10 + (**p - '0');
    }
    *out = n;
    return TRUE;
}

/* Reads a civil time at *p and leaves *p behind it. */
static gboolean
read_civil(const char **p, struct civil *c)
{
    memset(c, 0, sizeof *c);
    if (!read_digits(p, 4, &c->year) || *(*p)++ != '-' || !read_digits(p, 2, &c->month) || *(*p)++ != '-' ||
        !read_digits(p, 2, &c->day))
        return FALSE;
    if (c->year < 1 || c->month < 1 || c->month > 12 || c->day < 1 ||
        !g_date_valid_dmy((GDateDay)c->day, (GDateMonth)c->month, (GDateYear)c->year))
        return FALSE;
    if ((**p != 'T' && **p != ' ') || !g_ascii_isdigit((*p)[1]))
        return TRUE;
    (*p)++;
    if (!read_digits(p, 2, &c->hour) || *(*p)++ != ':' || !read_digits(p, 2, &c->minute))
        return FALSE;
    if (**p == ':') {
        (*p)++;
        if (!read_digits(p, 2, &c->second))
            return FALSE;
        if (**p == '.')
            for ((*p)++; g_ascii_isdigit(**p);)
                (*p)++;
    }
    c->has_time = TRUE;
    return c->hour < 24 && c->minute < 60 && c->second < 60;
}

gboolean
civil_parse(const char *text, struct civil *out)
{
    const char *p = text;
    return read_civil(&p, out) && *p == '\0';
}

char *
civil_format(const struct civil *c)
{
    /* Each look at an account writes a score of them: printf() takes eight times as long. */
    const int parts[] = {c->year / 100, c->year % 100, c->month, c->day, c->hour, c->minute, c->second};
    char *text = g_strdup(c->has_time ? "0000-00-00 00:00:00" : "0000-00-00"), *p = text;
    for (gsize i = 0; i < G_N_ELEMENTS(parts) && *p; i++) {
        p[0] = (char)('0' + parts[i] / 10 % 10);
        p[1] = (char)('0' + parts[i] % 10);
        p += i == 0 || !p[2] ? 2 : 3;
    }
    return text;
}

static guint32
civil_julian(const struct civil *c)
{
    GDate date;
    g_date_set_dmy(memset(&date, 0, sizeof date), (GDateDay)c->day, (GDateMonth)c->month, (GDateYear)c->year);
    return g_date_get_julian(&date);
}

gboolean
civil_add_days(struct civil *c, int days)
{
    gint64 julian = (gint64)civil_julian(c) + days;
    if (julian < 1 || julian > 3652059) /* 9999-12-31 */
        return FALSE;
    GDate date;
    memset(&date, 0, sizeof date);
    g_date_set_julian(&date, (guint32)julian);
    c->year = g_date_get_year(&date);
    c->month = (int)g_date_get_month(&date);
    c->day = g_date_get_day(&date);
    return TRUE;
}

int
civil_days_between(const struct civil *a, const struct civil *b)
{
    return (int)((gint64)civil_julian(b) - (gint64)civil_julian(a));
}

int
civil_weekday(const struct civil *c)
{
    /* Julian day 1 of GDate is Monday, 1 January of year 1. */
    return (int)((civil_julian(c) - 1) % 7) + 1;
}

/* Microseconds of c read as if it were UTC. */
static gint64
civil_as_utc_us(const struct civil *c)
{
    const gint64 epoch_julian = 719163;
    gint64 days = (gint64)civil_julian(c) - epoch_julian;
    return days * CLOCK_DAY_US +
           ((gint64)c->hour * 3600 + (gint64)c->minute * 60 + c->second) * CLOCK_SECOND_US;
}

static gint64
offset_at_us(GTimeZone *zone, gint64 us)
{
    gint64 second = us / CLOCK_SECOND_US - (us % CLOCK_SECOND_US < 0);
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, second);
    return interval < 0 ? 0 : (gint64)g_time_zone_get_offset(zone, interval) * CLOCK_SECOND_US;
}

gint64
zone_to_utc_us(GTimeZone *zone, const struct civil *c)
{
    gint64 local_us = civil_as_utc_us(c);
    /* The offsets in force a day before and after bracket any single transition near this local time. */
    gint64 before = offset_at_us(zone, local_us - CLOCK_DAY_US);
    gint64 after = offset_at_us(zone, local_us + CLOCK_DAY_US);
    gint64 early = local_us - MAX(before, after), late = local_us - MIN(before, after);
    if (offset_at_us(zone, early) == local_us - early)
        return early;
    if (offset_at_us(zone, late) == local_us - late)
        return late;
    /* In a gap: the transition itself is the first valid instant; it lies between early and late. */
    gint64 low = early / CLOCK_SECOND_US, high = late / CLOCK_SECOND_US;
    gint64 low_offset = offset_at_us(zone, early);
    while (high - low > 1) {
        gint64 middle = low + (high - low) / 2;
        if (offset_at_us(zone, middle * CLOCK_SECOND_US) == low_offset)
            low = middle;
        else
            high = middle;
    }
    return high * CLOCK_SECOND_US;
}

struct civil
zone_from_utc_us(GTimeZone *zone, gint64 us)
{
    g_autoptr(GDateTime) utc =
        g_date_time_new_from_unix_utc(us / CLOCK_SECOND_US - (us % CLOCK_SECOND_US < 0));
    g_autoptr(GDateTime) local = utc ? g_date_time_to_timezone(utc, zone) : NULL;
    struct civil c = {.year = 1, .month = 1, .day = 1, .has_time = TRUE};
    if (local) {
        g_date_time_get_ymd(local, &c.year, &c.month, &c.day);
        c.hour = g_date_time_get_hour(local);
        c.minute = g_date_time_get_minute(local);
        c.second = g_date_time_get_second(local);
    }
    return c;
}

char *
zone_format(GTimeZone *zone, gint64 us)
{
    struct civil c = zone_from_utc_us(zone, us);
    return civil_format(&c);
}

gboolean
zone_parse_time(GTimeZone *zone, const char *text, gint64 *us, GError **error)
{
    struct civil c;
    const char *p = text;
    if (read_civil(&p, &c)) {
        if (*p == '\0') {
            *us = zone_to_utc_us(zone, &c);
            return TRUE;
        }
        if (c.has_time && (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)) {
            *us = civil_as_utc_us(&c);
            return TRUE;
        }
        int hours, minutes = 0; /* PostgreSQL leaves minutes of zero out: +01 */
        char sign = *p++;
        if (c.has_time && (sign == '+' || sign == '-') && read_digits(&p, 2, &hours) &&
            (*p == '\0' || ((*p == ':' ? p++, TRUE : TRUE) && read_digits(&p, 2, &minutes) && *p == '\0')) &&
            hours < 24 && minutes < 60) {
            gint64 offset_us = (hours * 60 + minutes) * CLOCK_MINUTE_US;
            *us = civil_as_utc_us(&c) - (sign == '+' ? offset_us : -offset_us);
            return TRUE;
        }
    }
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "\"%.60s\" is no time: expected 2026-11-21, 2026-11-21 09:00 or 2026-11-21T09:00:00+01:00",
                text);
    return FALSE;
}
