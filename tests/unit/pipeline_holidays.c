/* The file of holidays: the shipped one against known dates, the form of a line, and what is refused. */
#include "pipeline/holidays.h"

#include "fixture.h"

static struct holidays *
shipped(void)
{
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "sequences", HOLIDAYS_FILE, NULL);
    g_autoptr(GError) error = NULL;
    struct holidays *h = holidays_load(path, &error);
    g_assert_no_error(error);
    return h;
}

static const char *
on(const struct holidays *h, const char *country, const char *date)
{
    struct civil day;
    g_assert_true(civil_parse(date, &day));
    return holidays_find(h, country, &day);
}

/* From public calendars; name NULL: a working day. */
static const struct {
    const char *country, *date, *name;
} known[] = {
    {"DE", "2026-04-03", "Karfreitag"},
    {"DE", "2026-04-06", "Ostermontag"},
    {"DE", "2026-05-14", "Christi Himmelfahrt"},
    {"DE", "2027-05-17", "Pfingstmontag"},
    {"DE", "2028-04-14", "Karfreitag"},
    {"DE", "2026-10-31", NULL},
    {"de", "2026-12-25", "1. Weihnachtstag"},
    {"GB", "2026-12-28", "Boxing Day (observed)"},
    {"GB", "2027-12-27", "Christmas Day (observed)"},
    {"GB", "2027-12-28", "Boxing Day (observed)"},
    {"UK", "2026-05-25", "Spring bank holiday"},
    {"GB", "2028-01-03", "New Year's Day (observed)"},
    {"GB", "2026-08-31", "Summer bank holiday"},
    {"US", "2026-11-26", "Thanksgiving Day"},
    {"US", "2026-07-03", "Independence Day (observed)"},
    {"US", "2027-12-24", "Christmas Day (observed)"},
    {"US", "2027-12-31", "New Year's Day (observed)"},
    {"US", "2027-07-05", "Independence Day (observed)"},
    {"US", "2028-01-17", "Martin Luther King Jr. Day"},
    {"US", "2026-05-25", "Memorial Day"},
    {"US", "2026-11-27", NULL},
    {"IE", "2026-02-02", "Saint Brigid's Day"},
    {"IE", "2028-02-07", "Saint Brigid's Day"},
    {"SE", "2026-06-19", "Midsommarafton"},
    {"FI", "2027-06-25", "Juhannusaatto"},
    {"SE", "2026-10-31", "Alla helgons dag"},
    {"NO", "2026-05-17", "Grunnlovsdag"},
    {"DK", "2026-05-01", NULL}, /* no Great Prayer Day any more */
    {"CA", "2026-05-18", "Victoria Day"},
    {"CA", "2027-05-24", "Victoria Day"},
    {"CA", "2026-10-12", "Thanksgiving"},
    {"AU", "2026-06-08", "King's Birthday"},
    {"NZ", "2027-02-08", "Waitangi Day (observed)"},
    {"NZ", "2028-01-04", "Day after New Year's Day (observed)"},
    {"NZ", "2026-07-10", "Matariki"},
    {"JP", "2026-05-06", "Kenpo Kinenbi (observed)"},
    {"JP", "2027-03-22", "Shunbun no Hi (observed)"},
    {"JP", "2026-09-22", "Kokumin no Kyujitsu"},
    {"JP", "2027-09-22", NULL},
    {"FR", "2027-05-06", "Ascension"},
    {"AT", "2026-06-04", "Fronleichnam"},
    {"BR", "2027-02-09", "Carnaval"},
    {"MX", "2026-03-16", "Natalicio de Benito Juárez"},
    {"PL", "2026-12-24", "Wigilia"},
    {"NL", "2027-04-27", "Koningsdag"},
    {"DE", "2029-12-25", NULL}, /* the file does not vouch for it */
    {"XX", "2026-12-25", NULL},
    {"Germany", "2026-12-25", NULL},
};

static void
test_shipped(void)
{
    scoped(holidays_free) struct holidays *h = shipped();
    g_assert_cmpint(holidays_first_year(h), ==, 2026);
    g_assert_cmpint(holidays_last_year(h), ==, 2028);
    g_assert_cmpuint(holidays_countries(h), ==, 26);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        const char *name = on(h, known[i].country, known[i].date);
        if (g_strcmp0(name, known[i].name) != 0)
            g_error("%s %s: %s, expected %s", known[i].country, known[i].date, name, known[i].name);
    }
    g_assert_true(holidays_knows(h, "jp"));
    g_assert_false(holidays_knows(h, "ZZ"));
}

/* Easter Sundays of the Church's tables, with the years in which the plain rule fails. */
static void
test_easter(void)
{
    static const char *const sundays[] = {"1981-04-19", "2000-04-23", "2008-03-23", "2019-04-21",
                                          "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16",
                                          "2038-04-25", "2049-04-18", "2076-04-19", "2106-04-18"};
    for (gsize i = 0; i < G_N_ELEMENTS(sundays); i++) {
        struct fixture f = {.dir = g_dir_make_tmp("usher-unit-XXXXXX", NULL)};
        g_autofree char *text =
            g_strdup_printf("years %.4s-%.4s\ncountry DE\neaster Ostern\n", sundays[i], sundays[i]);
        fixture_write(&f, "holidays.txt", text);
        g_autofree char *path = g_build_filename(f.dir, "holidays.txt", NULL);
        scoped(holidays_free) struct holidays *h = holidays_load(path, &f.error);
        g_assert_no_error(f.error);
        g_assert_cmpstr(on(h, "DE", sundays[i]), ==, "Ostern");
        fixture_remove(f.dir);
        g_free(f.dir);
    }
}

static const struct {
    const char *text, *expected; /* "LINE: part of the message" */
} refused[] = {
    {"", "1: \"\": expected a line \"years 2026-2028\""},
    {"country DE\n", "1: \"DE\": expected the line \"years"},
    {"years 2028-2026\n", "1: \"2028-2026\": expected the years"},
    {"years 2026\n", "expected the years"},
    {"years 2026-2999\n", "expected the years"},
    {"years 2026-2026\nyears 2027-2027\n", "2: \"2027-2027\": expected the years only once"},
    {"years 2026-2026\n12-25 Christmas\n", "2: \"12-25\": expected \"country CC\""},
    {"years 2026-2026\ncountry Germany\n", "2: \"Germany\": expected a country as two letters"},
    {"years 2026-2026\ncountry DE\ncountry de\n", "3: \"de\": expected each country only once"},
    {"years 2026-2026\ncountry DE\n13-25 Christmas\n", "3: \"13-25\": expected a day"},
    {"years 2026-2026\ncountry DE\n2026-02-29 No\n", "3: \"2026-02-29\": expected a day"},
    {"years 2026-2026\ncountry DE\n12-25>tue X\n", "3: \"12-25>tue\": expected a day"},
    {"years 2026-2026\ncountry DE\n12-25+xmas X\n", "expected a day"},
    {"years 2026-2026\ncountry DE\neaster+-2 X\n", "expected a day"},
    {"years 2026-2026\ncountry DE\neaster+ X\n", "expected a day"},
    {"years 2026-2026\ncountry DE\neaster+999 X\n", "expected a day"},
    {"years 2026-2026\ncountry DE\n12-25\n", "3: \"12-25\": expected the holiday's name"},
    {"years 2026-2026\ncountry DE\n12-25 \xff\n", "3: \"\": expected UTF-8"},
};

static void
test_refused(void)
{
    struct fixture f = {.dir = g_dir_make_tmp("usher-unit-XXXXXX", NULL)};
    g_autofree char *path = g_build_filename(f.dir, "holidays.txt", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        fixture_write(&f, "holidays.txt", refused[i].text);
        g_assert_null(holidays_load(path, &f.error));
        assert_refused(&f, USHER_ERROR_CONFIG, refused[i].expected);
    }
    g_autofree char *missing = g_build_filename(f.dir, "none", NULL);
    g_assert_null(holidays_load(missing, &f.error));
    assert_refused(&f, USHER_ERROR_NO_INPUT, "none");
    fixture_remove(f.dir);
    g_free(f.dir);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/holidays/shipped", test_shipped);
    g_test_add_func("/pipeline/holidays/easter", test_easter);
    g_test_add_func("/pipeline/holidays/refused", test_refused);
    return g_test_run();
}
