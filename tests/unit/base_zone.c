/* Local time: civil dates against GDate, and the daylight saving rule against a search through real instants.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"

#include <string.h>

static gint64
as_number(const struct civil *c)
{
    return ((((c->year * G_GINT64_CONSTANT(100) + c->month) * 100 + c->day) * 100 + c->hour) * 100 +
            c->minute) *
               100 +
           c->second;
}

/* What the rule says, by looking at every second from two days before: the first instant whose clock shows c
 * or later, which is c itself, the first of two, or the first one behind a gap. A clock set back must not
 * fool it: an instant that shows c exactly wins. */
static gint64
search(GTimeZone *zone, const struct civil *c, gint64 near_us)
{
    gint64 wanted = as_number(c), behind_gap = G_MAXINT64;
    gint64 from = near_us / CLOCK_SECOND_US - 36 * 3600, to = from + 72 * 3600;
    gint64 before = G_MAXINT64;
    for (gint64 s = from; s < to; s += 60) {
        struct civil shown = zone_from_utc_us(zone, s * CLOCK_SECOND_US);
        gint64 number = as_number(&shown);
        if (number == wanted)
            return s * CLOCK_SECOND_US;
        if (behind_gap == G_MAXINT64 && before < wanted && number > wanted)
            behind_gap = s * CLOCK_SECOND_US;
        before = number;
    }
    return behind_gap;
}

static void
test_transitions(void)
{
    /* Around each of these local times every quarter of an hour is tried. */
    static const struct {
        const char *zone, *about;
        struct civil at;
    } cases[] = {
        {"Europe/Berlin", "gap", {2026, 3, 29, 2, 0, 0, TRUE}},
        {"Europe/Berlin", "overlap", {2026, 10, 25, 2, 0, 0, TRUE}},
        {"America/New_York", "gap", {2026, 3, 8, 2, 0, 0, TRUE}},
        {"America/New_York", "overlap", {2026, 11, 1, 1, 0, 0, TRUE}},
        {"America/Sao_Paulo", "gap at midnight", {2018, 11, 4, 0, 0, 0, TRUE}},
        {"America/Sao_Paulo", "overlap before midnight", {2018, 2, 17, 23, 0, 0, TRUE}},
        {"Australia/Lord_Howe", "gap of half an hour", {2026, 10, 4, 2, 0, 0, TRUE}},
        {"Australia/Lord_Howe", "overlap of half an hour", {2026, 4, 5, 1, 30, 0, TRUE}},
        {"Australia/Sydney", "gap in October", {2026, 10, 4, 2, 0, 0, TRUE}},
        {"Asia/Beirut", "gap at midnight", {2026, 3, 29, 0, 0, 0, TRUE}},
        {"Europe/Dublin", "winter is the saving time", {2026, 3, 29, 1, 0, 0, TRUE}},
        {"Africa/Casablanca", "set back for Ramadan", {2026, 2, 15, 3, 0, 0, TRUE}},
        {"America/St_Johns", "half hours", {2026, 3, 8, 2, 0, 0, TRUE}},
        {"Pacific/Apia", "a day that was not", {2011, 12, 30, 12, 0, 0, TRUE}},
        {"Asia/Kathmandu", "three quarters", {2026, 6, 1, 0, 0, 0, TRUE}},
        {"UTC", "nothing", {2026, 3, 29, 2, 0, 0, TRUE}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        GTimeZone *zone = zone_find(cases[i].zone, &error);
        g_assert_no_error(error);
        gint64 centre = zone_to_utc_us(zone, &cases[i].at);
        for (int quarter = -14; quarter <= 14; quarter++) {
            struct civil c = cases[i].at;
            int minutes = c.hour * 60 + c.minute + quarter * 15, days = 0;
            for (; minutes < 0; minutes += 1440)
                days--;
            for (; minutes >= 1440; minutes -= 1440)
                days++;
            g_assert_true(civil_add_days(&c, days));
            c.hour = minutes / 60;
            c.minute = minutes % 60;
            gint64 expected = search(zone, &c, centre), got = zone_to_utc_us(zone, &c);
            if (got != expected) {
                g_autofree char *text = civil_format(&c);
                g_error("%s (%s) %s: %" G_GINT64_FORMAT " instead of %" G_GINT64_FORMAT, cases[i].zone,
                        cases[i].about, text, got / CLOCK_SECOND_US, expected / CLOCK_SECOND_US);
            }
        }
    }
}

static void
test_known_instants(void)
{
    static const struct {
        const char *zone, *local;
        gint64 utc;       /* seconds */
        const char *back; /* what the clock shows then */
    } cases[] = {
        {"Europe/Berlin", "2026-03-29 02:30:00", 1774746000, "2026-03-29 03:00:00"},
        {"Europe/Berlin", "2026-10-25 02:30:00", 1792888200, "2026-10-25 02:30:00"},
        {"Europe/Berlin", "2026-03-29", 1774738800, "2026-03-29 00:00:00"},
        {"America/Sao_Paulo", "2018-11-04", 1541300400, "2018-11-04 01:00:00"},
        {"Pacific/Apia", "2011-12-30", 1325239200, "2011-12-31 00:00:00"},
        {"America/New_York", "1969-12-31 19:00:00", 0, "1969-12-31 19:00:00"},
        {"UTC", "1969-12-31 23:59:59", -1, "1969-12-31 23:59:59"},
        {"UTC", "0001-01-01", -62135596800, "0001-01-01 00:00:00"},
        {"UTC", "9999-12-31 23:59:59", 253402300799, "9999-12-31 23:59:59"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GTimeZone *zone = zone_find(cases[i].zone, NULL);
        struct civil c;
        g_assert_true(civil_parse(cases[i].local, &c));
        g_assert_cmpint(zone_to_utc_us(zone, &c), ==, cases[i].utc * CLOCK_SECOND_US);
        g_autofree char *back = zone_format(zone, cases[i].utc * CLOCK_SECOND_US);
        g_assert_cmpstr(back, ==, cases[i].back);
    }
    struct civil c = zone_from_utc_us(zone_find("UTC", NULL), -1);
    g_assert_cmpint(c.second, ==, 59); /* a microsecond before the epoch is still 1969 */
    zone_from_utc_us(zone_find("Asia/Tokyo", NULL), G_MAXINT64);
    zone_from_utc_us(zone_find("Asia/Tokyo", NULL), G_MININT64);
}

static void
test_names(void)
{
    static const char *const bad[] = {"PST",
                                      "EST5EDT",
                                      "+02:00",
                                      "CET",
                                      "utc",
                                      "",
                                      "/etc/localtime",
                                      "Europe/../Europe/Berlin",
                                      "Europe/Atlantis",
                                      "Europe/",
                                      "Z",
                                      "Etc",
                                      "Europe/Berlin\n"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        if (zone_find(bad[i], &error))
            g_error("\"%s\" passed", bad[i]);
        g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    }
    g_assert_true(zone_find("Europe/Berlin", NULL) == zone_find("Europe/Berlin", NULL));
}

static void
test_civil_text(void)
{
    static const struct {
        const char *text, *back; /* NULL: refused */
    } cases[] = {
        {"2026-11-21", "2026-11-21"},
        {"2026-11-21 09:30", "2026-11-21 09:30:00"},
        {"2026-11-21T09:30:15", "2026-11-21 09:30:15"},
        {"2026-11-21 09:30:15.123456", "2026-11-21 09:30:15"},
        {"2024-02-29", "2024-02-29"},
        {"0001-01-01", "0001-01-01"},
        {"2026-02-29", NULL},
        {"2026-02-30", NULL},
        {"1900-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-00-01", NULL},
        {"2026-01-00", NULL},
        {"0000-01-01", NULL},
        {"2026-1-1", NULL},
        {"20261121", NULL},
        {"2026-11-21 ", NULL},
        {" 2026-11-21", NULL},
        {"2026-11-21 24:00", NULL},
        {"2026-11-21 09:60", NULL},
        {"2026-11-21 09:30:60", NULL},
        {"2026-11-21 9:30", NULL},
        {"2026-11-21 09", NULL},
        {"2026-11-21 09:30Z", NULL},
        {"2026-11-21x", NULL},
        {"2026-11", NULL},
        {"2026-", NULL},
        {"2026", NULL},
        {"-2026-11-21", NULL},
        {"", NULL},
        {"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-11-21", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct civil c;
        gboolean ok = civil_parse(cases[i].text, &c);
        if (ok != (cases[i].back != NULL))
            g_error("\"%s\" %s", cases[i].text, ok ? "passed" : "was refused");
        g_autofree char *back = ok ? civil_format(&c) : NULL;
        g_assert_cmpstr(back, ==, cases[i].back);
    }
}

static void
test_civil_days(void)
{
    struct civil c = {.year = 2023, .month = 12, .day = 30};
    for (int i = 0; i < 800; i++) {
        GDate date;
        g_date_clear(&date, 1);
        g_date_set_dmy(&date, 30, G_DATE_DECEMBER, 2023);
        g_date_add_days(&date, (guint)i);
        struct civil moved = c;
        g_assert_true(civil_add_days(&moved, i));
        g_assert_cmpint(moved.day, ==, g_date_get_day(&date));
        g_assert_cmpint(moved.month, ==, (int)g_date_get_month(&date));
        g_assert_cmpint(moved.year, ==, g_date_get_year(&date));
        g_assert_cmpint(civil_weekday(&moved), ==, (int)g_date_get_weekday(&date));
        g_assert_cmpint(civil_days_between(&c, &moved), ==, i);
        g_assert_cmpint(civil_days_between(&moved, &c), ==, -i);
        g_assert_true(civil_add_days(&moved, -i));
        g_assert_cmpint(as_number(&moved), ==, as_number(&c));
    }
    struct civil end = {.year = 9999, .month = 12, .day = 31}, start = {.year = 1, .month = 1, .day = 1};
    g_assert_false(civil_add_days(&end, 1));
    g_assert_false(civil_add_days(&end, G_MAXINT));
    g_assert_false(civil_add_days(&start, -1));
    g_assert_false(civil_add_days(&start, G_MININT));
    g_assert_true(civil_add_days(&start, 3652058));
    g_assert_cmpint(as_number(&start), ==, as_number(&end));
}

static void
test_parse_time(void)
{
    static const struct {
        const char *text;
        gint64 utc; /* seconds; 0: refused */
    } cases[] = {
        {"2026-07-01T12:00:00Z", 1782907200},
        {"2026-07-01T12:00:00z", 1782907200},
        {"2026-07-01T12:00:00.5Z", 1782907200},
        {"2026-07-01 12:00Z", 1782907200},
        {"2026-07-01T12:00:00+02:00", 1782900000},
        {"2026-07-01T12:00:00+0200", 1782900000},
        {"2026-07-01 12:00:00+02", 1782900000},
        {"2026-07-01 12:00:00.123-03:30", 1782919800},
        {"2026-07-01 12:00:00", 1782900000},
        {"2026-07-01", 1782856800},
        {"2026-07-01Z", 0},
        {"2026-07-01+02:00", 0},
        {"2026-07-01T12:00:00+2", 0},
        {"2026-07-01T12:00:00+02:0", 0},
        {"2026-07-01T12:00:00+02:60", 0},
        {"2026-07-01T12:00:00+24:00", 0},
        {"2026-07-01T12:00:00+02:00x", 0},
        {"2026-07-01T12:00:00 Z", 0},
        {"2026-02-30T12:00:00Z", 0},
        {"tomorrow", 0},
        {"1782900000", 0},
        {"", 0},
    };
    GTimeZone *berlin = zone_find("Europe/Berlin", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us = 0;
        gboolean ok = zone_parse_time(berlin, cases[i].text, &us, &error);
        if (ok != (cases[i].utc != 0) || us != cases[i].utc * CLOCK_SECOND_US)
            g_error("\"%s\": %s %" G_GINT64_FORMAT, cases[i].text, ok ? "read as" : "refused",
                    us / CLOCK_SECOND_US);
        if (!ok)
            g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/zone/transitions", test_transitions);
    g_test_add_func("/zone/known", test_known_instants);
    g_test_add_func("/zone/names", test_names);
    g_test_add_func("/zone/civil-text", test_civil_text);
    g_test_add_func("/zone/civil-days", test_civil_days);
    g_test_add_func("/zone/parse-time", test_parse_time);
    return g_test_run();
}
