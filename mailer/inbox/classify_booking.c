/* Purpose: a call was booked, accepted, moved or cancelled: by calendar object (RFC 5545, RFC 5546) or by the
 * notice of a scheduling service. Only a calendar object that is meant for a calendar program counts (a
 * METHOD); a file that somebody attaches to an ordinary mail does not. */
#include <string.h>

#include "inbox/calendar_zone.h"
#include "inbox/classify_view.h"

#define MAX_ZONES 8

struct calendar_event {
    char *method;
    char *partstat;
    char *status;
    char *start, *start_zone; /* DTSTART as written, and its TZID; NULL: not said */
    char *end, *end_zone;     /* DTEND */
    char *duration;
    gint64 sequence;
    gboolean is_over; /* only the first event is read */
    GPtrArray *zones; /* of struct calendar_zone, at most MAX_ZONES */
};

static void
clear_event(struct calendar_event *event)
{
    g_free(event->method);
    g_free(event->partstat);
    g_free(event->status);
    g_free(event->start);
    g_free(event->start_zone);
    g_free(event->end);
    g_free(event->end_zone);
    g_free(event->duration);
    g_ptr_array_unref(event->zones);
}

/* ---- content lines (RFC 5545 section 3.1) ---- */

/* The next one, unfolded, and *p behind it. */
static void
read_line(const char **p, GString *line)
{
    gsize n = strcspn(*p, "\n");
    g_string_truncate(line, 0);
    g_string_append_len(line, *p, (gssize)MIN(n, 2000));
    *p += n + ((*p)[n] == '\n');
    while (**p == ' ' || **p == '\t') {
        n = strcspn(*p, "\n");
        if (line->len > 0 && line->str[line->len - 1] == '\r')
            g_string_truncate(line, line->len - 1);
        if (line->len < 4000)
            g_string_append_len(line, *p + 1, (gssize)MIN(n > 0 ? n - 1 : 0, 2000));
        *p += n + ((*p)[n] == '\n');
    }
}

/* The first of chars in s outside quotes; NULL: there is none. */
static char *
find_unquoted(char *s, const char *chars)
{
    gboolean quoted = FALSE;
    for (; *s; s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (!quoted && strchr(chars, *s))
            return s;
    }
    return NULL;
}

/* The value of a parameter without its quotes; NULL when it is not there. The caller frees. */
static char *
dup_parameter(const char *parameters, const char *name)
{
    g_autofree char *all = g_strdup(parameters ? parameters : "");
    for (char *at = all, *next; at; at = next) {
        next = find_unquoted(at, ";");
        if (next)
            *next++ = '\0';
        gsize n = strlen(name);
        if (g_ascii_strncasecmp(at, name, n) != 0 || at[n] != '=')
            continue;
        char *value = g_strstrip(at + n + 1);
        gsize length = strlen(value);
        gboolean quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
        return quoted ? g_strndup(value + 1, length - 2) : g_strdup(value);
    }
    return NULL;
}

static void
take_event_property(struct calendar_event *out, const char *name, const char *parameters, const char *value)
{
    if (g_ascii_strcasecmp(name, "DTSTART") == 0 && !out->start) {
        out->start = g_strdup(value);
        out->start_zone = dup_parameter(parameters, "TZID");
    } else if (g_ascii_strcasecmp(name, "DTEND") == 0 && !out->end) {
        out->end = g_strdup(value);
        out->end_zone = dup_parameter(parameters, "TZID");
    } else if (g_ascii_strcasecmp(name, "DURATION") == 0 && !out->duration) {
        out->duration = g_strdup(value);
    } else if (g_ascii_strcasecmp(name, "STATUS") == 0 && !out->status) {
        out->status = g_ascii_strup(value, -1);
    } else if (g_ascii_strcasecmp(name, "SEQUENCE") == 0) {
        out->sequence = g_ascii_strtoll(value, NULL, 10);
    } else if (g_ascii_strcasecmp(name, "ATTENDEE") == 0 && !out->partstat) {
        g_autofree char *stat = dup_parameter(parameters, "PARTSTAT");
        out->partstat = stat ? g_ascii_strup(stat, -1) : NULL;
    }
}

/* Reads the first event and the zones, wherever they stand; everything else is skipped. */
static void
read_calendar(const char *text, struct calendar_event *out)
{
    g_autoptr(GString) line = g_string_new(NULL);
    struct calendar_zone *zone = NULL;
    gboolean in_event = FALSE;
    for (const char *p = text; *p;) {
        read_line(&p, line);
        char *colon = find_unquoted(line->str, ":");
        if (!colon)
            continue;
        *colon = '\0';
        const char *value = g_strstrip(colon + 1), *name = line->str;
        char *parameters = find_unquoted(line->str, ";");
        if (parameters)
            *parameters++ = '\0';
        gboolean begins = g_ascii_strcasecmp(name, "BEGIN") == 0, ends = g_ascii_strcasecmp(name, "END") == 0;
        if (g_ascii_strcasecmp(name, "METHOD") == 0 && !out->method) {
            out->method = g_ascii_strup(value, -1);
        } else if (begins && g_ascii_strcasecmp(value, "VTIMEZONE") == 0 && out->zones->len < MAX_ZONES) {
            zone = calendar_zone_new();
            g_ptr_array_add(out->zones, zone);
        } else if (ends && g_ascii_strcasecmp(value, "VTIMEZONE") == 0) {
            zone = NULL;
        } else if (zone) {
            calendar_zone_take(zone, name, value);
        } else if (begins && g_ascii_strcasecmp(value, "VEVENT") == 0 && !out->is_over) {
            in_event = TRUE;
        } else if (ends && g_ascii_strcasecmp(value, "VEVENT") == 0) {
            in_event = FALSE;
            out->is_over = TRUE;
        } else if (in_event) {
            take_event_property(out, name, parameters, value);
        }
    }
}

/* ---- times ---- */

/* DTSTART or DTEND in UTC, or by the clock of a zone that the calendar object defines (a name alone says
 * nothing: each program has its own); 0 when it is neither. */
static gint64
read_instant(const struct calendar_event *event, const char *text, const char *zone_id)
{
    gint64 clock_s, utc_s;
    gboolean is_utc;
    if (!calendar_read_time(text, &clock_s, &is_utc))
        return 0;
    if (is_utc)
        return clock_s * G_USEC_PER_SEC;
    for (guint i = 0; zone_id && i < event->zones->len; i++)
        if (strcmp(calendar_zone_id(event->zones->pdata[i]), zone_id) == 0 &&
            calendar_zone_to_utc(event->zones->pdata[i], clock_s, &utc_s))
            return utc_s * G_USEC_PER_SEC;
    return 0;
}

/* Without a definition the name may be one of IANA's, whose files the confined reader may not open: the clock
 * and the name go with the record, and whoever takes it in looks. */
static void
read_start(const struct calendar_event *event, struct mail_record *out)
{
    gint64 clock_s;
    gboolean is_utc;
    out->booking_at_us = read_instant(event, event->start, event->start_zone);
    if (out->booking_at_us || !event->start_zone || !strchr(event->start_zone, '/') ||
        !calendar_read_time(event->start, &clock_s, &is_utc))
        return;
    out->booking_at_us = clock_s * G_USEC_PER_SEC;
    mail_record_set(&out->booking_zone, event->start_zone, MAIL_RECORD_MAX_ZONE);
}

/* From DTSTART to DTEND: by the instants, else by the two clocks, which are of one zone as a rule. */
static gint64
read_span_s(const struct calendar_event *event)
{
    gboolean is_utc;
    gint64 from_us = read_instant(event, event->start, event->start_zone),
           to_us = read_instant(event, event->end, event->end_zone), from_s, to_s;
    if (from_us && to_us)
        return (to_us - from_us) / G_USEC_PER_SEC;
    return calendar_read_time(event->start, &from_s, &is_utc) &&
                   calendar_read_time(event->end, &to_s, &is_utc)
               ? to_s - from_s
               : 0;
}

/* What a call takes, by DURATION ("PT45M", RFC 5545 section 3.3.6) or by DTEND; 0 when neither says, or says
 * no time between a minute and a day. */
static gint64
read_length_us(const struct calendar_event *event)
{
    gint64 s = 0;
    if (event->duration && g_str_has_prefix(event->duration, "PT")) {
        for (const char *p = event->duration + strlen("PT"); g_ascii_isdigit(*p);) {
            char *end;
            guint64 n = MIN(g_ascii_strtoull(p, &end, 10), 86400u);
            s += (gint64)n * (*end == 'H' ? 3600 : *end == 'M' ? 60 : *end == 'S' ? 1 : 0);
            p = *end ? end + 1 : end;
        }
    } else if (event->end && event->start) {
        s = read_span_s(event);
    }
    return s >= 60 && s <= 86400 ? s * G_USEC_PER_SEC : 0;
}

static enum booking_act
act_of_event(const struct calendar_event *event)
{
    const char *method = event->method;
    if (strcmp(method, "CANCEL") == 0 || (event->status && strcmp(event->status, "CANCELLED") == 0))
        return BOOKING_ACT_CANCELLED;
    if (strcmp(method, "COUNTER") == 0)
        return BOOKING_ACT_MOVED;
    if (strcmp(method, "REPLY") == 0) {
        if (event->partstat && strcmp(event->partstat, "DECLINED") == 0)
            return BOOKING_ACT_DECLINED;
        if (event->partstat && strcmp(event->partstat, "TENTATIVE") == 0)
            return BOOKING_ACT_TENTATIVE;
        return BOOKING_ACT_ACCEPTED;
    }
    return event->sequence > 0 ? BOOKING_ACT_MOVED : BOOKING_ACT_NEW;
}

static gboolean
check_calendar(const struct classify_view *view, struct mail_record *out)
{
    if (!view->calendar_text)
        return FALSE;
    struct calendar_event event = {.zones = g_ptr_array_new_with_free_func(calendar_zone_free)};
    read_calendar(view->calendar_text, &event);
    gboolean file = view->calendar == NULL; /* the whole "mail" is a calendar file */
    if (!event.method && view->calendar && view->calendar->method)
        event.method = g_ascii_strup(view->calendar->method, -1);
    /* PUBLISH asks for nothing (RFC 5546 section 3.2.1): tickets and agendas are attached so. In the part's
     * own type (RFC 6047 section 2.4) it is meant for a calendar program all the same. */
    gboolean meant = (event.method && strcmp(event.method, "PUBLISH") != 0) || file ||
                     (view->calendar && view->calendar->method);
    if (!event.method)
        event.method = g_strdup("PUBLISH");
    gboolean decided = FALSE;
    if (meant) {
        out->booking = act_of_event(&event);
        read_start(&event, out);
        out->booking_length_us = read_length_us(&event);
        g_autofree char *evidence = g_strdup_printf("METHOD:%s", event.method);
        decided = classify_decide(out, MAIL_CLASS_BOOKING, "rfc5546-method", evidence);
    }
    clear_event(&event);
    return decided;
}

/* ---- scheduling services ---- */

static const char *const service_domains[] = {"calendly.com",
                                              "cal.com",
                                              "savvycal.com",
                                              "chilipiper.com",
                                              "youcanbook.me",
                                              "acuityscheduling.com",
                                              "meetings.hubspot.com",
                                              "hubspot.com",
                                              "zcal.co",
                                              "tidycal.com",
                                              "koalendar.com",
                                              "appointlet.com",
                                              "oncehub.com",
                                              "scheduleonce.com",
                                              "calendar.google.com",
                                              "bookings.microsoft.com",
                                              "zohocalendar.com",
                                              "simplybook.me",
                                              "setmore.com",
                                              "doodle.com",
                                              "reclaim.ai",
                                              "motion.com",
                                              "usemotion.com",
                                              "clara.com",
                                              "vyte.in",
                                              "vimcal.com",
                                              "default.com",
                                              "revenuehero.io"};

static const struct {
    const char *begin; /* folded subject begins so */
    enum booking_act act;
} service_subjects[] = {
    {"new event:", BOOKING_ACT_NEW},
    {"new booking", BOOKING_ACT_NEW},
    {"new meeting", BOOKING_ACT_NEW},
    {"meeting booked", BOOKING_ACT_NEW},
    {"meeting scheduled", BOOKING_ACT_NEW},
    {"new appointment", BOOKING_ACT_NEW},
    {"booking confirmed", BOOKING_ACT_NEW},
    {"confirmed:", BOOKING_ACT_NEW},
    {"appointment confirmed", BOOKING_ACT_NEW},
    {"appointment booked", BOOKING_ACT_NEW},
    {"appointment scheduled", BOOKING_ACT_NEW},
    {"invitee confirmation", BOOKING_ACT_NEW},
    {"invitation:", BOOKING_ACT_NEW},
    {"neuer termin", BOOKING_ACT_NEW},
    {"nouvel evenement", BOOKING_ACT_NEW},
    {"nuevo evento", BOOKING_ACT_NEW},
    {"novo evento", BOOKING_ACT_NEW},
    {"accepted:", BOOKING_ACT_ACCEPTED},
    {"angenommen:", BOOKING_ACT_ACCEPTED},
    {"zugesagt:", BOOKING_ACT_ACCEPTED},
    {"accepte", BOOKING_ACT_ACCEPTED},
    {"aceptado:", BOOKING_ACT_ACCEPTED},
    {"accettato:", BOOKING_ACT_ACCEPTED},
    {"aceito:", BOOKING_ACT_ACCEPTED},
    {"tentative:", BOOKING_ACT_TENTATIVE},
    {"tentatively accepted:", BOOKING_ACT_TENTATIVE},
    {"declined:", BOOKING_ACT_DECLINED},
    {"abgelehnt:", BOOKING_ACT_DECLINED},
    {"updated:", BOOKING_ACT_MOVED},
    {"updated event:", BOOKING_ACT_MOVED},
    {"updated invitation", BOOKING_ACT_MOVED},
    {"rescheduled", BOOKING_ACT_MOVED},
    {"reschedule", BOOKING_ACT_MOVED},
    {"event rescheduled", BOOKING_ACT_MOVED},
    {"booking rescheduled", BOOKING_ACT_MOVED},
    {"meeting rescheduled", BOOKING_ACT_MOVED},
    {"verschoben", BOOKING_ACT_MOVED},
    {"new time proposed", BOOKING_ACT_MOVED},
    {"canceled", BOOKING_ACT_CANCELLED},
    {"cancelled", BOOKING_ACT_CANCELLED},
    {"cancellation", BOOKING_ACT_CANCELLED},
    {"event canceled", BOOKING_ACT_CANCELLED},
    {"meeting canceled", BOOKING_ACT_CANCELLED},
    {"meeting cancelled", BOOKING_ACT_CANCELLED},
    {"booking canceled", BOOKING_ACT_CANCELLED},
    {"booking cancelled", BOOKING_ACT_CANCELLED},
    {"appointment canceled", BOOKING_ACT_CANCELLED},
    {"appointment cancelled", BOOKING_ACT_CANCELLED},
    {"abgesagt", BOOKING_ACT_CANCELLED},
    {"annule", BOOKING_ACT_CANCELLED},
    {"cancelado", BOOKING_ACT_CANCELLED},
    {"annullato", BOOKING_ACT_CANCELLED},
};

static gboolean
check_service(const struct classify_view *view, struct mail_record *out)
{
    const char *at = strrchr(view->from, '@');
    gboolean service = FALSE;
    for (gsize i = 0; at && i < G_N_ELEMENTS(service_domains) && !service; i++) {
        const char *domain = service_domains[i];
        service = g_str_has_suffix(at + 1, domain) &&
                  (strlen(at + 1) == strlen(domain) || at[strlen(at) - strlen(domain) - 1] == '.');
    }
    if (!service)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(service_subjects); i++)
        if (g_str_has_prefix(view->subject_folded, service_subjects[i].begin)) {
            out->booking = service_subjects[i].act;
            return classify_decide(out, MAIL_CLASS_BOOKING, "scheduling-service", view->subject);
        }
    return FALSE;
}

gboolean
classify_check_booking(const struct classify_view *view, struct mail_record *out)
{
    return check_calendar(view, out) || check_service(view, out);
}
