/* Figures of the mail: replies by template, subject and finding; outreach a day; what went wrong. */
#include "service/report_private.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- replies ---- */

/* One mail that opened or continued a conversation, ours or by hand. */
struct mail {
    gint64 at_us, account_id, message;
    char *template, *subject;
    json_t *findings; /* array of names, NULL: not known */
    gboolean counted, replied;
};

static void
mail_free(gpointer data)
{
    struct mail *m = data;
    g_free(m->template);
    g_free(m->subject);
    json_decref(m->findings);
    g_free(m);
}

struct tally {
    const char *name;
    guint sent, replied;
};

static gint
by_size(gconstpointer a, gconstpointer b)
{
    const struct tally *x = a, *y = b;
    return x->sent != y->sent ? (x->sent < y->sent ? 1 : -1) : strcmp(x->name, y->name);
}

static void
count_mail(GArray *tallies, const char *name, const struct mail *m)
{
    guint i = 0;
    while (i < tallies->len && strcmp(g_array_index(tallies, struct tally, i).name, name) != 0)
        i++;
    if (i == tallies->len) {
        const struct tally fresh = {.name = name};
        g_array_append_val(tallies, fresh);
    }
    struct tally *t = &g_array_index(tallies, struct tally, i);
    t->sent++;
    t->replied += m->replied ? 1 : 0;
}

static void
add_tallies(struct report *r, const char *by, GArray *tallies)
{
    g_array_sort(tallies, by_size);
    for (guint i = 0; i < tallies->len; i++) {
        const struct tally *t = &g_array_index(tallies, struct tally, i);
        report_add(r, json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "figure", "replies", "by", by, "name",
                                t->name, "sent", (json_int_t)t->sent, "replied", (json_int_t)t->replied,
                                "rate", report_rate(t->replied, t->sent)));
    }
}

static void
take_mail(const struct report *r, struct query *q, GPtrArray *mails)
{
    gboolean by_hand = strcmp(query_text(q, "kind"), "hand_sent") == 0;
    struct mail *m = g_new0(struct mail, 1);
    const char *template = query_text(q, "template"), *subject = query_text(q, "subject"),
               *findings = query_text(q, "findings");
    m->at_us = query_int(q, "at");
    m->account_id = query_int(q, "account_id");
    m->message = query_int(q, "message");
    m->template = g_strdup(by_hand ? "by hand" : template ? template : "unknown");
    m->subject = g_strdup(subject ? subject : "");
    m->findings = findings ? json_loads(findings, 0, NULL) : NULL;
    m->counted = m->at_us >= r->options->since_us && (!by_hand || query_int(q, "opens"));
    g_ptr_array_add(mails, m);
}

/* A reply belongs to the mail it names; where it names none, to the last one its account had got by then. */
static void
take_reply(struct query *q, const GPtrArray *mails)
{
    gint64 message = query_int(q, "message"), account_id = query_int(q, "account_id");
    for (guint i = mails->len; i-- > 0;) {
        struct mail *m = mails->pdata[i];
        if (message ? m->message == message : m->account_id == account_id && m->at_us <= query_int(q, "at")) {
            m->replied = TRUE;
            return;
        }
    }
}

gboolean
report_replies(struct report *r, GError **error)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func(mail_free);
    g_autoptr(GArray) templates = g_array_new(FALSE, FALSE, sizeof(struct tally));
    g_autoptr(GArray) subjects = g_array_new(FALSE, FALSE, sizeof(struct tally));
    g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(struct tally));
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        r->service->db,
        "SELECT account_id, at, kind, data ->> 'message' AS message, data ->> 'template' AS template, data "
        "->> 'subject' AS subject, data -> 'findings' AS findings, data ->> 'opens' AS opens FROM "
        "standing_event "
        "WHERE "
        "kind IN ('sent', 'hand_sent', 'replied') AND account_id IS NOT NULL ORDER BY id",
        error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local)) {
        if (strcmp(query_text(q, "kind"), "replied") == 0)
            take_reply(q, mails);
        else
            take_mail(r, q, mails);
    }
    for (guint i = 0; i < mails->len; i++) {
        const struct mail *m = mails->pdata[i];
        if (!m->counted)
            continue;
        count_mail(templates, m->template, m);
        count_mail(subjects, m->subject, m);
        for (gsize j = 0; j < json_array_size(m->findings); j++) {
            const char *name = json_string_value(json_array_get(m->findings, j));
            if (name)
                count_mail(findings, name, m);
        }
    }
    add_tallies(r, "template", templates);
    add_tallies(r, "finding", findings);
    add_tallies(r, "subject", subjects);
    return report_ok(error, g_steal_pointer(&local));
}

/* ---- outreach a day ---- */

#define OUTREACH_DAYS 28
#define OUTREACH_WEEKS 8

static int
count_working_days(const struct report *r, struct civil from, const struct civil *to)
{
    int days = 0;
    for (; civil_days_between(&from, to) >= 0; civil_add_days(&from, 1))
        if (r->service->config->window.days & (1u << (civil_weekday(&from) - 1)))
            days++;
    return days;
}

struct outreach {
    gint64 at_us;
    const char *specialist; /* interned */
};

/* Mails that a specialist approved, or wrote by hand to open a conversation: struct outreach. */
static GArray *
load_outreach(const struct report *r, GError **error)
{
    g_autoptr(GArray) mails = g_array_new(FALSE, FALSE, sizeof(struct outreach));
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(r->service->db,
                    "SELECT at, data ->> 'specialist' AS specialist FROM standing_event WHERE (kind = 'sent' "
                    "AND COALESCE(data "
                    "->> 'approved_at', 0) > 0) OR (kind = 'hand_sent' AND data ->> 'opens')",
                    error, "");
    if (!q)
        return NULL;
    while (query_next(q, &local)) {
        const struct outreach mail = {query_int(q, "at"), g_intern_string(query_text(q, "specialist"))};
        g_array_append_val(mails, mail);
    }
    return report_ok(error, g_steal_pointer(&local)) ? g_steal_pointer(&mails) : NULL;
}

/* Those of a specialist on the days from to to. */
static gint64
count_outreach(const struct report *r, const GArray *mails, const char *specialist, struct civil from,
               struct civil to)
{
    civil_add_days(&to, 1);
    gint64 from_us = zone_to_utc_us(r->zone, &from), to_us = zone_to_utc_us(r->zone, &to), count = 0;
    for (guint i = 0; i < mails->len; i++) {
        const struct outreach *m = &g_array_index(mails, struct outreach, i);
        count += m->at_us >= from_us && m->at_us < to_us && g_strcmp0(m->specialist, specialist) == 0;
    }
    return count;
}

/* What is expected of a specialist by now: 10 a day at the end of the first month, 15 at the end of the
 * second; 0 before, -1 when nobody said when the person began. */
static int
goal_of(const struct specialist *s, const struct civil *today)
{
    struct civil since;
    if (!s->since || !civil_parse(s->since, &since))
        return -1;
    int months = (today->year - since.year) * 12 + today->month - since.month - (today->day < since.day);
    return months >= 2 ? 15 : months >= 1 ? 10 : 0;
}

static void
add_weeks(struct report *r, const GArray *mails_of_all, const struct specialist *s,
          const struct civil *yesterday)
{
    struct civil monday = *yesterday;
    civil_add_days(&monday, 1 - civil_weekday(&monday) - 7 * (OUTREACH_WEEKS - 1));
    for (int i = 0; i < OUTREACH_WEEKS; i++, civil_add_days(&monday, 7)) {
        struct civil sunday = monday;
        civil_add_days(&sunday, 6);
        if (civil_days_between(yesterday, &sunday) > 0)
            sunday = *yesterday;
        gint64 mails = count_outreach(r, mails_of_all, s->id, monday, sunday);
        int days = count_working_days(r, monday, &sunday);
        g_autofree char *week = civil_format(&monday);
        report_add(r, json_pack("{s:s, s:s, s:s, s:I, s:i, s:o}", "figure", "outreach_week", "specialist",
                                s->id, "week", week, "mails", (json_int_t)mails, "working_days", days,
                                "a_day", days ? report_tenth((double)mails / days) : json_null()));
    }
}

static void
add_outreach(struct report *r, const GArray *mails_of_all, const struct specialist *s,
             const struct civil *today)
{
    struct civil yesterday = *today, from = *today, since;
    civil_add_days(&yesterday, -1);
    civil_add_days(&from, -OUTREACH_DAYS);
    if (r->options->since_us) {
        from = zone_from_utc_us(r->zone, r->options->since_us);
        from.has_time = FALSE;
        from.hour = from.minute = from.second = 0;
    }
    if (s->since && civil_parse(s->since, &since) && civil_days_between(&from, &since) > 0)
        from = since;
    int days = count_working_days(r, from, &yesterday), goal = goal_of(s, today);
    gint64 mails = days ? count_outreach(r, mails_of_all, s->id, from, yesterday) : 0;
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s?, s:I, s:i, s:o, s:o, s:o}", "figure", "outreach", "specialist", s->id,
                  "name", s->name, "since", s->since, "mails", (json_int_t)mails, "working_days", days,
                  "a_day", days ? report_tenth((double)mails / days) : json_null(), "goal",
                  goal > 0 ? json_integer(goal) : json_null(), "met",
                  goal > 0 && days ? json_boolean(mails >= (gint64)goal * days) : json_null());
    report_add(r, row);
}

gboolean
report_outreach(struct report *r, GError **error)
{
    const GPtrArray *specialists = r->service->config->specialists;
    struct civil today = zone_from_utc_us(r->zone, r->options->now_us);
    today.has_time = FALSE;
    today.hour = today.minute = today.second = 0;
    struct civil yesterday = today;
    civil_add_days(&yesterday, -1);
    g_autoptr(GArray) mails = load_outreach(r, error);
    for (guint i = 0; mails && i < specialists->len; i++)
        add_outreach(r, mails, specialists->pdata[i], &today);
    for (guint i = 0; mails && i < specialists->len; i++)
        add_weeks(r, mails, specialists->pdata[i], &yesterday);
    return mails != NULL;
}

/* ---- what became of the mail ---- */

gboolean
report_mail(struct report *r, GError **error)
{
    static const struct {
        const char *name, *sql;
    } figures[] = {
        {"sent", "SELECT COUNT(*) FROM standing_event WHERE kind = 'sent' AND at >= ?"},
        {"by_hand",
         "SELECT COUNT(*) FROM standing_event WHERE kind = 'hand_sent' AND data ->> 'opens' AND at >= ?"},
        {"recipients", "SELECT COUNT(*) FROM delivery WHERE state = 'sent' AND at >= ?"},
        {"refused", "SELECT COUNT(*) FROM delivery WHERE state = 'refused' AND at >= ?"},
        {"bounced_permanently",
         "SELECT COUNT(*) FROM standing_event WHERE kind = 'bounced' AND data ->> 'permanent' AND at >= ?"},
        {"bounced_otherwise", "SELECT COUNT(*) FROM standing_event WHERE kind = 'bounced' AND NOT "
                              "COALESCE(data ->> 'permanent', 0) AND at "
                              ">= ?"},
        {"unknown", "SELECT COUNT(*) FROM standing_event WHERE kind = 'unknown' AND at >= ?"},
        {"unknown_open", "SELECT COUNT(*) FROM delivery WHERE state = 'unknown' AND at >= ?"},
        {"replied", "SELECT COUNT(*) FROM standing_event WHERE kind = 'replied' AND at >= ?"},
        {"auto_replied", "SELECT COUNT(*) FROM standing_event WHERE kind = 'auto_replied' AND at >= ?"},
        {"booked", "SELECT COUNT(*) FROM standing_event WHERE kind = 'booked' AND at >= ?"},
        {"opted_out", "SELECT COUNT(*) FROM standing_event WHERE kind = 'opted_out' AND at >= ?"},
        {"complained", "SELECT COUNT(*) FROM standing_event WHERE kind = 'complained' AND at >= ?"},
    };
    g_autoptr(GError) local = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(figures) && !local; i++) {
        gint64 count = store_int(r->service->db, figures[i].sql, 0, &local, "i", r->options->since_us);
        report_add(r, json_pack("{s:s, s:s, s:I}", "figure", "mail", "name", figures[i].name, "count",
                                (json_int_t)count));
    }
    return report_ok(error, g_steal_pointer(&local));
}
