/* Purpose: a call was booked, accepted, moved or cancelled: by calendar object (RFC 5545, RFC 5546) or by the
 * notice of a scheduling service. Only a calendar object that is meant for a calendar program counts (a
 * METHOD); a file that somebody attaches to an ordinary mail does not. */
#include <string.h>

#include "inbox/classify_view.h"

struct calendar_event {
    char *method;
    char *partstat;
    char *status;
    char *start; /* as written, with its parameters in start_parameters */
    char *start_parameters;
    char *end, *duration; /* DTEND or DURATION */
    gint64 sequence;
    gboolean is_event;
};

static void
clear_event(struct calendar_event *event)
{
    g_free(event->method);
    g_free(event->partstat);
    g_free(event->status);
    g_free(event->start);
    g_free(event->start_parameters);
    g_free(event->end);
    g_free(event->duration);
}

/* Reads the first event. Content lines are unfolded (RFC 5545 section 3.1); everything else is skipped. */
static void
read_calendar(const char *text, struct calendar_event *out)
{
    g_autoptr(GString) line = g_string_new(NULL);
    gboolean in_event = FALSE, event_done = FALSE;
    for (const char *p = text; *p;) {
        gsize n = strcspn(p, "\n");
        g_string_truncate(line, 0);
        g_string_append_len(line, p, (gssize)MIN(n, 2000));
        p += n + (p[n] == '\n');
        while (*p == ' ' || *p == '\t') {
            n = strcspn(p, "\n");
            if (line->len < 4000)
                g_string_append_len(line, p + 1, (gssize)MIN(n > 0 ? n - 1 : 0, 2000));
            p += n + (p[n] == '\n');
        }
        char *colon = strchr(line->str, ':');
        if (!colon)
            continue;
        *colon = '\0';
        const char *value = g_strstrip(colon + 1);
        char *parameters = strchr(line->str, ';');
        if (parameters)
            *parameters++ = '\0';
        const char *name = line->str;
        if (g_ascii_strcasecmp(name, "METHOD") == 0 && !out->method)
            out->method = g_ascii_strup(value, -1);
        else if (g_ascii_strcasecmp(name, "BEGIN") == 0 && !event_done) {
            if (g_ascii_strcasecmp(value, "VEVENT") == 0)
                in_event = out->is_event = TRUE;
        } else if (g_ascii_strcasecmp(name, "END") == 0 && g_ascii_strcasecmp(value, "VEVENT") == 0) {
            in_event = FALSE;
            event_done = TRUE;
        } else if (in_event && g_ascii_strcasecmp(name, "DTSTART") == 0 && !out->start) {
            out->start = g_strdup(value);
            out->start_parameters = g_strdup(parameters ? parameters : "");
        } else if (in_event && g_ascii_strcasecmp(name, "DTEND") == 0 && !out->end) {
            out->end = g_strdup(value);
        } else if (in_event && g_ascii_strcasecmp(name, "DURATION") == 0 && !out->duration) {
            out->duration = g_strdup(value);
        } else if (in_event && g_ascii_strcasecmp(name, "STATUS") == 0 && !out->status) {
            out->status = g_ascii_strup(value, -1);
        } else if (in_event && g_ascii_strcasecmp(name, "SEQUENCE") == 0) {
            out->sequence = g_ascii_strtoll(value, NULL, 10);
        } else if (in_event && g_ascii_strcasecmp(name, "ATTENDEE") == 0 && parameters && !out->partstat) {
            g_autofree char *upper = g_ascii_strup(parameters, -1);
            const char *stat = strstr(upper, "PARTSTAT=");
            if (stat)
                out->partstat = g_strndup(stat + 9, strcspn(stat + 9, ";,:\""));
        }
    }
}

/* DTSTART or DTEND in UTC or in a named IANA zone, in microseconds; 0 when it is neither (a floating time, a
 * vendor's zone). */
static gint64
read_instant(const char *s)
{
    if (!s || strlen(s) < 15 || s[8] != 'T')
        return 0;
    int v[6];
    static const guint at[6] = {0, 4, 6, 9, 11, 13}, width[6] = {4, 2, 2, 2, 2, 2};
    for (guint i = 0; i < 6; i++) {
        v[i] = 0;
        for (guint k = 0; k < width[i]; k++) {
            if (!g_ascii_isdigit(s[at[i] + k]))
                return 0;
            v[i] = v[i] * 10 + g_ascii_digit_value(s[at[i] + k]);
        }
    }
    if (s[15] != 'Z')
        return 0; /* a zone would have to be read from a file, which the confined reader may not */
    g_autoptr(GDateTime) when = g_date_time_new_utc(v[0], v[1], v[2], v[3], v[4], v[5]);
    return when ? g_date_time_to_unix(when) * G_USEC_PER_SEC : 0;
}

/* The digits of "20261121T093000" as a number of seconds of no zone; 0 when it is no date-time. */
static gint64
read_wall_s(const char *s)
{
    g_autofree char *as_utc = s && strlen(s) >= 15 ? g_strdup_printf("%.15sZ", s) : NULL;
    return as_utc ? read_instant(as_utc) / G_USEC_PER_SEC : 0;
}

/* What a call takes, by DURATION ("PT45M", RFC 5545 section 3.3.6) or by the two wall clocks, which are of
 * one zone as a rule; 0 when neither says, or says no time between a minute and a day. */
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
        s = read_wall_s(event->end) - read_wall_s(event->start);
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
    struct calendar_event event = {0};
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
        out->booking_at_us = read_instant(event.start);
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
