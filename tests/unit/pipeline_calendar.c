/* Sendable hours over zones, and the nights on which clocks change. */
#include "pipeline/calendar.h"

#include "fixture.h"

#define WEEKDAYS 0x1fu
#define EVERY_DAY 0x7fu

struct next_case {
    const char *name, *zone;
    guint days;
    int from, to;                 /* hours */
    const char *asked, *expected; /* the zone's clock, or with an offset; expected NULL: the same instant */
};

/* 2026-11-20 is a Friday. Berlin: 29 March 02→03, 25 October 03→02. New York: 8 March, 1 November. */
static const struct next_case next_cases[] = {
    {"inside", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-20 12:34:56", NULL},
    {"at the first minute", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-20 09:00:00", NULL},
    {"a second before", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-20 08:59:59", "2026-11-20 09:00:00"},
    {"the last second", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-20 16:59:59", NULL},
    {"the end is outside", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-20 17:00:00", "2026-11-23 09:00:00"},
    {"Saturday", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-21 12:00:00", "2026-11-23 09:00:00"},
    {"Sunday night", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-11-22 23:59:59", "2026-11-23 09:00:00"},
    {"one day a week, just missed", "Europe/Berlin", 0x10, 9, 17, "2026-11-20 17:00:00",
     "2026-11-27 09:00:00"},
    {"one day a week, early", "Europe/Berlin", 0x10, 9, 17, "2026-11-20 01:00:00", "2026-11-20 09:00:00"},
    {"to midnight", "Europe/Berlin", EVERY_DAY, 0, 24, "2026-11-20 23:59:59", NULL},
    {"from midnight", "Europe/Berlin", WEEKDAYS, 0, 24, "2026-11-21 15:00:00", "2026-11-23 00:00:00"},
    {"over the end of the year", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-12-31 18:00:00",
     "2027-01-01 09:00:00"},
    {"a leap day", "Europe/Berlin", WEEKDAYS, 9, 17, "2028-02-28 18:00:00", "2028-02-29 09:00:00"},
    {"the other side of the date line", "Pacific/Auckland", WEEKDAYS, 9, 17, "2026-11-20T19:59:00Z",
     "2026-11-22T20:00:00Z"},
    {"half an hour off", "Asia/Kolkata", WEEKDAYS, 9, 17, "2026-11-20T03:29:00Z", "2026-11-20T03:30:00Z"},
    {"UTC", "UTC", WEEKDAYS, 9, 17, "2026-11-20 08:00:00", "2026-11-20 09:00:00"},
    {"the weekend loses an hour", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-03-27 17:00:00",
     "2026-03-30T07:00:00Z"},
    {"the weekend gains an hour", "Europe/Berlin", WEEKDAYS, 9, 17, "2026-10-23 17:00:00",
     "2026-10-26T08:00:00Z"},
    {"a window that begins in the gap", "Europe/Berlin", EVERY_DAY, 2, 5, "2026-03-29 00:30:00",
     "2026-03-29T01:00:00Z"},
    {"a window that lies in the gap", "America/New_York", EVERY_DAY, 2, 3, "2026-03-08T06:30:00Z",
     "2026-03-08T07:00:00Z"},
    {"an overlap means its first", "Europe/Berlin", EVERY_DAY, 2, 5, "2026-10-25 01:00:00",
     "2026-10-25T00:00:00Z"},
    {"inside the second of the two", "Europe/Berlin", EVERY_DAY, 2, 5, "2026-10-25T01:30:00Z", NULL},
    {"before the second of the two", "America/New_York", EVERY_DAY, 9, 17, "2026-11-01T05:30:00Z",
     "2026-11-01T14:00:00Z"},
    {"midnight does not exist", "Africa/Cairo", EVERY_DAY, 0, 1, "2026-04-23 12:00:00",
     "2026-04-23T22:00:00Z"},
};

static void
test_next(gconstpointer data)
{
    const struct next_case *c = data;
    GTimeZone *zone = zone_find(c->zone, NULL);
    struct window window = {.days = c->days, .from_minute = c->from * 60, .to_minute = c->to * 60};
    gint64 asked, expected;
    g_assert_true(zone_parse_time(zone, c->asked, &asked, NULL));
    g_assert_true(zone_parse_time(zone, c->expected ? c->expected : c->asked, &expected, NULL));
    gint64 got = window_next_us(&window, zone, asked);
    g_autofree char *got_text = zone_format(zone, got);
    g_autofree char *expected_text = zone_format(zone, expected);
    g_assert_cmpstr(got_text, ==, expected_text);
    g_assert_cmpint(got, ==, expected);
}

static const struct {
    const char *zone, *asked, *expected; /* UTC */
} midnights[] = {
    {"Europe/Berlin", "2026-11-20T10:00:00Z", "2026-11-20T23:00:00Z"},
    {"Europe/Berlin", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z"}, /* at midnight: the next one */
    {"Europe/Berlin", "2026-03-29T10:00:00Z", "2026-03-29T22:00:00Z"},
    {"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, /* a day of 25 hours */
    {"America/New_York", "2026-12-31T12:00:00Z", "2027-01-01T05:00:00Z"},
    {"Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"}, /* the day begins at 01:00 */
    {"UTC", "2026-02-28T00:00:01Z", "2026-03-01T00:00:00Z"},
};

static void
test_midnight(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(midnights); i++) {
        GTimeZone *zone = zone_find(midnights[i].zone, NULL);
        g_autofree char *got =
            zone_format(zone_find("UTC", NULL), midnight_after_us(zone, at(midnights[i].asked)));
        g_autofree char *expected = zone_format(zone_find("UTC", NULL), at(midnights[i].expected));
        g_assert_cmpstr(got, ==, expected);
    }
}

/* Whatever the hour: the answer is never earlier, is inside, and asking again there changes nothing. */
static void
test_every_hour_of_a_year(void)
{
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                        "Asia/Kolkata"};
    const struct window window = {.days = WEEKDAYS, .from_minute = 9 * 60, .to_minute = 17 * 60};
    for (gsize z = 0; z < G_N_ELEMENTS(zones); z++) {
        GTimeZone *zone = zone_find(zones[z], NULL);
        gint64 us = at("2026-01-01T00:17:00Z");
        for (int hour = 0; hour < 366 * 24; hour++, us += CLOCK_HOUR_US) {
            gint64 next = window_next_us(&window, zone, us);
            struct civil c = zone_from_utc_us(zone, next);
            g_assert_cmpint(next, >=, us);
            g_assert_cmpint(next - us, <=, 65 * CLOCK_HOUR_US);
            g_assert_cmpint(civil_weekday(&c), <=, 5);
            g_assert_cmpint(c.hour, >=, 9);
            g_assert_cmpint(c.hour, <, 17);
            g_assert_cmpint(window_next_us(&window, zone, next), ==, next);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(next_cases); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/calendar/next/%s", next_cases[i].name);
        g_test_add_data_func(path, &next_cases[i], test_next);
    }
    g_test_add_func("/pipeline/calendar/midnight", test_midnight);
    g_test_add_func("/pipeline/calendar/every-hour", test_every_hour_of_a_year);
    return g_test_run();
}
