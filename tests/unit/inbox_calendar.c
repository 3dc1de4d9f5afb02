/* When an invitation's call begins: by UTC, by the zone that the calendar object defines, by the name of a
 * zone that it does not, or not at all. */
#include "fixture_classify.h"

#define PART(kind, start, from, to, rule)                                                                    \
    "BEGIN:" kind "\nDTSTART:" start "\nTZOFFSETFROM:" from "\nTZOFFSETTO:" to "\n" rule "END:" kind "\n"
#define ZONE(id, parts) "BEGIN:VTIMEZONE\nTZID:" id "\n" parts "END:VTIMEZONE\n"
#define YEARLY(day, month) "RRULE:FREQ=YEARLY;BYDAY=" day ";BYMONTH=" month "\n"

/* As Outlook writes them. */
#define BERLIN                                                                                               \
    PART("STANDARD", "16010101T030000", "+0200", "+0100", YEARLY("-1SU", "10"))                              \
    PART("DAYLIGHT", "16010101T020000", "+0100", "+0200", YEARLY("-1SU", "3"))
#define SYDNEY                                                                                               \
    PART("STANDARD", "16010101T030000", "+1100", "+1000", YEARLY("1SU", "4"))                                \
    PART("DAYLIGHT", "16010101T020000", "+1000", "+1100", YEARLY("1SU", "10"))
/* With its history: two rules that ended, two that go on. */
#define NEW_YORK                                                                                             \
    PART("DAYLIGHT", "19870405T020000", "-0500", "-0400",                                                    \
         "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z\n")                                   \
    PART("STANDARD", "19671029T020000", "-0400", "-0500",                                                    \
         "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z\n")                                 \
    PART("DAYLIGHT", "20070311T020000", "-0500", "-0400",                                                    \
         "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU\n")                             \
    PART("STANDARD", "20071104T020000", "-0400", "-0500", YEARLY("1SU", "11"))
#define DATES                                                                                                \
    PART("STANDARD", "20251026T030000", "+0200", "+0100", "RDATE:20261025T030000,20271031T030000\n")         \
    PART("DAYLIGHT", "20260329T020000", "+0100", "+0200", "RDATE:20270328T020000\n")
#define WEST "W. Europe Standard Time"

static const struct {
    const char *name;
    const char *zones; /* before the event */
    const char *start; /* the DTSTART line from the name on */
    const char *utc;   /* NULL: it is not timed */
    const char *zone;  /* the name to be looked up, and utc is what its clock shows; NULL: none */
} starts[] = {
    {"utc", "", ":20260310T160000Z", "2026-03-10T16:00:00Z", NULL},
    {"winter", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260310T160000", "2026-03-10T15:00:00Z", NULL},
    {"summer", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260701T160000", "2026-07-01T14:00:00Z", NULL},
    {"new year", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260101T003000", "2025-12-31T23:30:00Z", NULL},
    {"february", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260210T160000", "2026-02-10T15:00:00Z", NULL},
    {"a gap, daylight first", ZONE("America/New_York", NEW_YORK), ";TZID=America/New_York:20260308T023000",
     "2026-03-08T07:30:00Z", NULL},
    {"a gap", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260329T023000", "2026-03-29T01:30:00Z", NULL},
    {"after the gap", ZONE(WEST, BERLIN), ";TZID=" WEST ":20260329T033000", "2026-03-29T01:30:00Z", NULL},
    {"twice", ZONE(WEST, BERLIN), ";TZID=" WEST ":20261025T023000", "2026-10-25T00:30:00Z", NULL},
    {"after it", ZONE(WEST, BERLIN), ";TZID=" WEST ":20261025T033000", "2026-10-25T02:30:00Z", NULL},
    {"quoted", ZONE("(UTC+01:00) Amsterdam, Berlin", BERLIN),
     ";VALUE=DATE-TIME;TZID=\"(UTC+01:00) Amsterdam, Berlin\":20260701T160000", "2026-07-01T14:00:00Z", NULL},
    {"folded", ZONE(WEST, BERLIN), ";TZID=W. Euro\r\n pe Standard Time:202607\r\n 01T160000\r",
     "2026-07-01T14:00:00Z", NULL},
    {"the second zone", ZONE("x", SYDNEY) ZONE(WEST, BERLIN), ";TZID=" WEST ":20260701T160000",
     "2026-07-01T14:00:00Z", NULL},
    {"the south in summer", ZONE("s", SYDNEY), ";TZID=s:20260110T090000", "2026-01-09T22:00:00Z", NULL},
    {"the south in winter", ZONE("s", SYDNEY), ";TZID=s:20260701T090000", "2026-06-30T23:00:00Z", NULL},
    {"rules of today", ZONE("America/New_York", NEW_YORK), ";TZID=America/New_York:20260310T100000",
     "2026-03-10T14:00:00Z", NULL},
    {"twice, daylight first", ZONE("America/New_York", NEW_YORK), ";TZID=America/New_York:20261101T013000",
     "2026-11-01T05:30:00Z", NULL},
    {"rules that ended", ZONE("America/New_York", NEW_YORK), ";TZID=America/New_York:20060320T100000",
     "2006-03-20T15:00:00Z", NULL},
    {"between them", ZONE("America/New_York", NEW_YORK), ";TZID=America/New_York:20070201T100000",
     "2007-02-01T15:00:00Z", NULL},
    {"ended before its day of that year",
     ZONE("u", PART("DAYLIGHT", "19870405T020000", "-0500", "-0400",
                    "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060101T000000Z\n")
                   PART("STANDARD", "19671029T020000", "-0400", "-0500", YEARLY("-1SU", "10"))),
     ";TZID=u:20060701T100000", "2006-07-01T15:00:00Z", NULL},
    {"dates", ZONE("d", DATES), ";TZID=d:20261026T100000", "2026-10-26T09:00:00Z", NULL},
    {"later dates", ZONE("d", DATES), ";TZID=d:20270701T100000", "2027-07-01T08:00:00Z", NULL},
    {"before all dates", ZONE("d", DATES), ";TZID=d:20250701T100000", "2025-07-01T08:00:00Z", NULL},
    {"one offset", ZONE("India", PART("STANDARD", "16010101T000000", "+0530", "+0530", "")),
     ";TZID=India:20260310T100000", "2026-03-10T04:30:00Z", NULL},
    {"half an hour west", ZONE("N", PART("STANDARD", "19700101T000000", "-0330", "-0330", "")),
     ";TZID=N:20260310T100000", "2026-03-10T13:30:00Z", NULL},

    {"no definition", "", ";TZID=Europe/Berlin:20260310T160000", "2026-03-10T16:00:00Z", "Europe/Berlin"},
    {"one of no use",
     ZONE("Europe/Berlin", PART("STANDARD", "16010101T000000", "+0100", "+0100", "RRULE:FREQ=DAILY\n")),
     ";TZID=Europe/Berlin:20260310T160000", "2026-03-10T16:00:00Z", "Europe/Berlin"},

    {"a vendor's name alone", "", ";TZID=" WEST ":20260310T160000", NULL, NULL},
    {"another zone's definition", ZONE("s", SYDNEY), ";TZID=" WEST ":20260310T160000", NULL, NULL},
    {"floating", ZONE(WEST, BERLIN), ":20260310T160000", NULL, NULL},
    {"a day", "", ";VALUE=DATE:20260310", NULL, NULL},
    {"no day", "", ":20260230T160000Z", NULL, NULL},
    {"an unknown rule",
     ZONE("z", PART("STANDARD", "16010101T000000", "+0100", "+0200", YEARLY("MO,TU", "3"))),
     ";TZID=z:20260310T160000", NULL, NULL},
    {"an nth day of the year",
     ZONE("z", PART("STANDARD", "16010101T000000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=20MO\n")),
     ";TZID=z:20260310T160000", NULL, NULL},
    {"half a zone", ZONE("z", "BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETTO:+0100\nEND:STANDARD\n"),
     ";TZID=z:20260310T160000", NULL, NULL},
    {"an empty zone", ZONE("z", ""), ";TZID=z:20260310T160000", NULL, NULL},
    {"an odd offset", ZONE("z", PART("STANDARD", "16010101T000000", "+01:00", "+0100", "")),
     ";TZID=z:20260310T160000", NULL, NULL},
};

static char *
invitation(const char *before, const char *lines, const char *after)
{
    return g_strconcat(PERSON
                       "Subject: Call\nMIME-Version: 1.0\nContent-Type: text/calendar; method=REQUEST\n\n"
                       "BEGIN:VCALENDAR\nMETHOD:REQUEST\n",
                       before, "BEGIN:VEVENT\n", lines, "\nEND:VEVENT\n", after, "END:VCALENDAR\n", NULL);
}

static void
test_start(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *line = g_strconcat("DTSTART", starts[i].start, NULL);
    /* The zones may stand anywhere. */
    for (int behind = 0; behind < 2; behind++) {
        struct mail_record r;
        g_autofree char *mail =
            invitation(behind ? "" : starts[i].zones, line, behind ? starts[i].zones : "");
        classify(mail, &r);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, "booking");
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(r.booking_at_us / G_USEC_PER_SEC);
        g_autofree char *text = r.booking_at_us ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;
        g_assert_cmpstr(text, ==, starts[i].utc);
        g_assert_cmpstr(r.booking_zone, ==, starts[i].zone ? starts[i].zone : "");
        mail_record_clear(&r);
    }
}

/* From one zone to the other; and by the clocks where neither zone is defined. */
static void
test_length(void)
{
    static const struct {
        const char *zones, *lines;
        int minutes;
    } rows[] = {
        {ZONE("b", BERLIN) ZONE("s", SYDNEY), "DTSTART;TZID=b:20260701T090000\nDTEND;TZID=s:20260701T174500",
         45},
        {ZONE("b", BERLIN), "DTSTART;TZID=b:20260701T090000\nDTEND:20260701T073000Z", 30},
        {ZONE("b", BERLIN), "DTSTART;TZID=b:20260329T013000\nDTEND;TZID=b:20260329T033000", 60},
        {"", "DTSTART;TZID=x:20260329T013000\nDTEND;TZID=x:20260329T020000", 30},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct mail_record r;
        g_autofree char *mail = invitation(rows[i].zones, rows[i].lines, "");
        classify(mail, &r);
        g_assert_cmpint(r.booking_length_us, ==, rows[i].minutes * G_TIME_SPAN_MINUTE);
        mail_record_clear(&r);
    }
}

/* Zones without end: an answer all the same, which is none. */
static void
test_hostile(void)
{
    static const char *const repeats[] = {
        PART("STANDARD", "16010101T000000", "+0100", "+0200", YEARLY("-1SU", "10")),
        "BEGIN:STANDARD\n",
        "RDATE:20260101T000000,20260101T000000,20260101T000000,20260101T000000\n",
        "BEGIN:VTIMEZONE\n",
        "END:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:z\n",
        "RRULE:FREQ=YEARLY;BYMONTH=99;BYDAY=99999999999SU;UNTIL=x\n",
        "TZOFFSETTO:+9999\n",
        "DTSTART:00000000T000000\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(repeats); i++) {
        g_autoptr(GString) zone = g_string_new("BEGIN:VTIMEZONE\nTZID:z\n");
        for (int k = 0; k < 3000; k++)
            g_string_append(zone, repeats[i]);
        g_string_append(zone, "END:VTIMEZONE\n");
        struct mail_record r;
        g_autofree char *mail = invitation(zone->str, "DTSTART;TZID=z:20260310T160000", "");
        classify(mail, &r);
        g_assert_cmpint(r.booking_at_us, ==, 0);
        mail_record_clear(&r);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autofree char *path = g_strconcat("/inbox/calendar/start/", starts[i].name, NULL);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_start);
    }
    g_test_add_func("/inbox/calendar/length", test_length);
    g_test_add_func("/inbox/calendar/hostile", test_hostile);
    return g_test_run();
}
