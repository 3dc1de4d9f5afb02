/* One function a kind of event: see consequences.h.
 *
 * - replied: approved and waiting drafts come back with the reason; a task with the first lines
 * - auto_replied: the person is on hold in every sequence until a business day after the return
 * - bounced for good: the address is suppressed; a task names the next best person, or says that nobody is
 * left, unless an alert of the team's says it
 * - opted_out: the person is suppressed, the account held, a task
 * - complained: nobody knows who: the account held, a task
 * - booking_changed: a call that was cancelled or declined: a task
 *
 * Everything else of a bounce is a count in the journal. */
#include "service/consequences.h"

#include "service/clone_guard.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "compose/sender.h"
#include "pipeline/alert.h"
#include "service/drafting.h"

#include <string.h>

#define ABSENCE_DEFAULT_DAYS 7
#define ABSENCE_MAX_DAYS 366  /* nobody is away for longer without somebody else in their place */
#define BUSINESS_DAY_REACH 31 /* no country has a month of holidays */
#define FIRST_LINES_CHARS 160
#define READ_LATE_US CLOCK_DAY_US /* a draft is younger than a mail that was read this late */

static const char *
get_str(const struct event *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event->data, key));
    return text && *text ? text : NULL;
}

static gboolean
follow(struct service *s, const struct event *cause, const char *kind, json_t *data, GError **error)
{
    struct event event = {.at_us = cause->at_us,
                          .account_id = cause->account_id,
                          .cause = cause->id,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = pipeline_record(s->db, s->program, &event, error);
    json_decref(data);
    return ok;
}

/* ---- tasks ---- */

/* A task for the account's owner; none when an open one of the same kind and title is there. */
static gboolean
make_task(struct service *s, const struct event *cause, const char *kind, const char *title, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean open = store_int(s->db,
                              "SELECT 1 FROM task WHERE account_id IS NULLIF(?, 0) AND kind = ? AND title = "
                              "? AND done_at IS NULL",
                              0, &local, "itt", cause->account_id, kind, title) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    if (open)
        return TRUE;
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (cause->account_id &&
        !fact_row_load(s->db, s->program->facts, cause->account_id, s->config->timezone, &row, error))
        return FALSE;
    const struct specialist *owner =
        row ? sender_owner(s->db, s->config, row, cause->account_id, &local) : NULL;
    if (!error_pass(error, &local))
        return FALSE;
    return follow(s, cause, "task_made",
                  json_pack("{s:s, s:s, s:s?, s:I}", "task", kind, "title", title, "assignee",
                            owner ? owner->id : NULL, "due_at", (json_int_t)cause->at_us),
                  error);
}

/* ---- suppression ---- */

/* Every other account that has the address among its contacts looks again, at once, so that what changes
 * there names its cause. */
static gboolean
tell_holders(struct service *s, const struct event *cause, const char *address, GError **error)
{
    g_autoptr(GArray) ids =
        store_ids(s->db, "SELECT DISTINCT account_id FROM contact WHERE address = ?", error, "t", address);
    gint64 now_us = clock_now_us();
    for (guint i = 0; ids && i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        if (!store_exec(s->db, "UPDATE account SET version = version + 1, dirty = 1 WHERE id = ?", error, "i",
                        id))
            return FALSE;
        if (id != cause->account_id &&
            (!pipeline_advance_because(s->db, s->program, id, now_us, cause->id, error) ||
             !drafting_withdraw_unwanted(s, id, now_us, error)))
            return FALSE;
    }
    return ids != NULL;
}

static gboolean
suppress(struct service *s, const struct event *cause, const char *address, const char *reason,
         GError **error)
{
    return follow(s, cause, "suppressed", json_pack("{s:s, s:s}", "address", address, "reason", reason),
                  error) &&
           tell_holders(s, cause, address, error);
}

/* Holds the whole account until somebody has looked. */
static gboolean
hold_account(struct service *s, const struct event *cause, const char *kind, const char *title,
             GError **error)
{
    return follow(s, cause, "hold_set", json_pack("{s:s}", "reason", title), error) &&
           make_task(s, cause, kind, title, error);
}

/* The one person that a message went to, when it went to one only. The caller frees. */
static gboolean
only_recipient(struct service *s, gint64 message_id, char **address, GError **error)
{
    g_autoptr(GError) local = NULL;
    *address = store_text(s->db, "SELECT MIN(address) FROM delivery WHERE message_id = ? HAVING COUNT(*) = 1",
                          &local, "i", message_id);
    return error_pass(error, &local);
}

static gboolean
follow_opt_out(struct service *s, const struct event *event, GError **error)
{
    const char *address = get_str(event, "address");
    if (!address)
        return TRUE;
    g_autofree char *title = g_strdup_printf("%s asked for no more mail: look at the account", address);
    if (!suppress(s, event, address, "opt_out", error))
        return FALSE;
    /* Answered from elsewhere (a forwarded mail): the address we write to is meant, where the thread proves
     * it. */
    g_autofree char *written_to = NULL;
    g_autoptr(GError) local = NULL;
    gboolean by_thread = g_strcmp0(get_str(event, "matched_by"), "thread") == 0 ||
                         g_strcmp0(get_str(event, "matched_by"), "token") == 0;
    gboolean is_contact = store_int(s->db, "SELECT 1 FROM contact WHERE account_id = ? AND address = ?", 0,
                                    &local, "it", event->account_id, address) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    if (by_thread && !is_contact && !only_recipient(s, event_int(event, "message"), &written_to, error))
        return FALSE;
    if (written_to && strcmp(written_to, address) != 0 && !suppress(s, event, written_to, "opt_out", error))
        return FALSE;
    return hold_account(s, event, "opt_out", title, error);
}

/* ---- bounces ---- */

/* Whether an alert of the team's asks for people already, now that the address is gone. */
static gboolean
alert_asks(struct service *s, const struct event *event, gboolean *asks, GError **error)
{
    return pipeline_advance_because(s->db, s->program, event->account_id, clock_now_us(), event->id, error) &&
           alert_is_open(s->db, s->program, event->account_id, "people_left", asks, error);
}

/* Proposes whom to write to instead. Who got the same mail needs no proposal, and that nobody is left is
 * asked once. */
static gboolean
propose_next(struct service *s, const struct event *event, const char *dead, GError **error)
{
    g_autofree char *title = NULL;
    gboolean nobody = FALSE, asked = FALSE;
    {
        g_autoptr(GError) local = NULL;
        scoped(query_end) struct query *q = store_query(
            s->db,
            "SELECT c.address, c.first_name, c.last_name, c.role, EXISTS (SELECT 1 FROM delivery d WHERE "
            "d.message_id = "
            "?2 AND d.address = c.address AND d.state IN ('sent', 'unknown', 'transmitting')) AS has_it"
            " FROM contact c WHERE c.account_id = ?1 AND NOT c.absent AND NOT EXISTS (SELECT 1 FROM "
            "suppression s WHERE"
            "  s.address IN (c.address, '@' || substr(c.address, instr(c.address, '@') + 1)))"
            " ORDER BY has_it, CASE c.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END,"
            " EXISTS (SELECT 1 FROM hold h WHERE h.address = c.address AND (h.until IS NULL OR h.until > "
            "?3)),"
            " c.last_active DESC, c.address LIMIT 1",
            error, "iii", event->account_id, event_int(event, "message"), event->at_us);
        if (!q)
            return FALSE;
        nobody = !query_next(q, &local);
        if (nobody) {
            title = g_strdup_printf("%s is a dead address, and nobody else of the account can be written to",
                                    dead);
        } else if (!query_int(q, "has_it")) {
            const char *first = query_text(q, "first_name"), *last = query_text(q, "last_name"),
                       *role = query_text(q, "role");
            g_autofree char *name = g_strjoin(" ", first ? first : "", last ? last : "", NULL);
            g_strstrip(name);
            title = g_strdup_printf("%s is a dead address: the next to write to is %s%s<%s>%s%s%s", dead,
                                    name, *name ? " " : "", query_text(q, "address"), role ? " (" : "",
                                    role ? role : "", role ? ")" : "");
        }
        if (!error_pass(error, &local))
            return FALSE;
    }
    if (nobody && !alert_asks(s, event, &asked, error))
        return FALSE;
    return !title || asked || make_task(s, event, "dead_address", title, error);
}

static gboolean
follow_bounce(struct service *s, const struct event *event, GError **error)
{
    const char *address = get_str(event, "address");
    if (!address || !json_is_true(json_object_get(event->data, "permanent")))
        return TRUE;
    g_autoptr(GError) local = NULL;
    gboolean known =
        store_int(s->db, "SELECT 1 FROM suppression WHERE address = ?", 0, &local, "t", address) != 0;
    if (!error_pass(error, &local))
        return FALSE;
    return suppress(s, event, address, "dead_address", error) &&
           (known || !event->account_id || propose_next(s, event, address, error));
}

/* ---- absence ---- */

/* A business day is a day of the sending window that is no holiday of the customer's country. */
static void
add_business_day(const struct window *window, const struct holidays *holidays, const char *country,
                 struct civil *day)
{
    for (int i = 0; i < BUSINESS_DAY_REACH; i++) {
        civil_add_days(day, 1);
        if ((!window->days || (window->days >> (civil_weekday(day) - 1) & 1)) &&
            !(holidays && country && holidays_find(holidays, country, day)))
            return;
    }
}

/* An absent person is held in every sequence until a business day after the return, or for a week. */
static gboolean
follow_absence(struct service *s, const struct event *event, GError **error)
{
    const char *text = get_str(event, "return_date"), *address = get_str(event, "address");
    struct civil back;
    if (!address)
        return TRUE;
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (event->account_id &&
        !fact_row_load(s->db, s->program->facts, event->account_id, s->config->timezone, &row, error))
        return FALSE;
    GTimeZone *zone = row ? fact_row_zone(row) : s->config->timezone;
    const char *country =
        row && facts_find(s->program->facts, "country") ? fact_row_text(row, "country") : NULL;
    if (!text || !civil_parse(text, &back)) {
        back = zone_from_utc_us(zone, event->at_us);
        civil_add_days(&back, ABSENCE_DEFAULT_DAYS - 1);
    }
    add_business_day(&s->config->window, s->program->holidays, country, &back);
    back.has_time = FALSE;
    back.hour = back.minute = back.second = 0;
    gint64 until_us = MIN(zone_to_utc_us(zone, &back), event->at_us + ABSENCE_MAX_DAYS * CLOCK_DAY_US);
    return until_us <= event->at_us ||
           (follow(s, event, "hold_set",
                   json_pack("{s:s, s:s, s:I}", "address", address, "reason",
                             "an automatic reply says they are away", "until", (json_int_t)until_us),
                   error) &&
            tell_holders(s, event, address, error));
}

/* ---- replies ---- */

/* The first words of a mail on one line: from the inbound row. The caller frees; NULL when there are none. */
static char *
first_lines(struct service *s, gint64 inbound_id)
{
    g_autofree char *text = store_text(s->db, "SELECT text FROM inbound WHERE id = ?", NULL, "i", inbound_id);
    if (!text)
        return NULL;
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    for (char **word = words; *word && line->len <= 4 * FIRST_LINES_CHARS; word++)
        if (**word)
            g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
    if (line->len == 0)
        return NULL;
    if (g_utf8_strlen(line->str, -1) <= FIRST_LINES_CHARS)
        return g_strdup(line->str);
    g_autofree char *cut = g_utf8_substring(line->str, 0, FIRST_LINES_CHARS);
    return g_strconcat(cut, "…", NULL);
}

/* What a specialist wrote or approved without knowing of the reply waits until a person has looked. */
static gboolean
hold_drafts(struct service *s, const struct event *event, GError **error)
{
    const char *address = get_str(event, "address");
    g_autofree char *reason = g_strdup_printf(CONSEQUENCES_REPLY_REASON " from %s: read it first",
                                              address ? address : "the customer");
    g_autoptr(GArray) ids =
        store_ids(s->db,
                  "SELECT id FROM message WHERE account_id = ? AND NOT automatic AND state IN "
                  "('waiting', 'queued') AND created_at < ?",
                  error, "ii", event->account_id, event->at_us + READ_LATE_US);
    for (guint i = 0; ids && i < ids->len; i++) {
        gboolean gone = FALSE;
        scoped(draft_free) struct draft *d =
            draft_load(s->db, s->config, g_array_index(ids, gint64, i), error);
        if (!d)
            return FALSE;
        if (d->state == MESSAGE_QUEUED) {
            if (!drafting_return(s, d, reason, clock_now_us(), &gone, error))
                return FALSE;
            continue;
        }
        json_t *data = drafting_about(d);
        json_object_set_new(data, "reason", json_string(reason));
        if (!draft_set_state(s->db, d->id, MESSAGE_CHANGED, reason, error)) {
            json_decref(data);
            return FALSE;
        }
        if (!drafting_record(s, d, "draft_returned", "usher", data, clock_now_us(), error))
            return FALSE;
    }
    return ids != NULL;
}

static gboolean
follow_reply(struct service *s, const struct event *event, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (!hold_drafts(s, event, error))
        return FALSE;
    gint64 answered =
        store_int(s->db,
                  "SELECT COUNT(*) > 0 AND MIN(COALESCE(answered_at, 0)) >= ? FROM enrolment WHERE "
                  "account_id = ? AND state = 'active'",
                  0, &local, "ii", event->at_us, event->account_id);
    if (!error_pass(error, &local))
        return FALSE;
    if (answered) /* it was read late, or corrected: somebody has dealt with it */
        return TRUE;
    const char *address = get_str(event, "address"), *subject = get_str(event, "subject");
    g_autofree char *words = first_lines(s, event_int(event, "inbound"));
    g_autofree char *title = g_strdup_printf("Answer %s: %s", address ? address : "the customer",
                                             words     ? words
                                             : subject ? subject
                                                       : "(no text)");
    return make_task(s, event, "reply", title, error);
}

static gboolean
follow_booking_change(struct service *s, const struct event *event, GError **error)
{
    const char *act = get_str(event, "act"), *address = get_str(event, "address");
    if (g_strcmp0(act, "cancelled") != 0 && g_strcmp0(act, "declined") != 0)
        return TRUE;
    g_autofree char *title =
        g_strdup_printf("A call was %s (%s): offer another time?", act, address ? address : "-");
    return make_task(s, event, "call_cancelled", title, error);
}

static gboolean
follow_complaint(struct service *s, const struct event *event, GError **error)
{
    return hold_account(
        s, event, "complaint",
        "Somebody reported our mail as unwanted, and the report does not say who: look at the account",
        error);
}

static gboolean
follow_release(struct service *s, const struct event *event, GError **error)
{
    return outbox_reconsider(s->db, event->account_id, clock_now_us(), error);
}

static const struct {
    const char *kind;
    gboolean (*follow)(struct service *s, const struct event *event, GError **error);
} followers[] = {
    {"replied", follow_reply},        {"auto_replied", follow_absence},
    {"bounced", follow_bounce},       {"opted_out", follow_opt_out},
    {"complained", follow_complaint}, {"booking_changed", follow_booking_change},
    {"released", follow_release},     {"ahead_found", clone_guard_follow},
};

gboolean
consequences_follow(struct service *s, const struct event *event, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(followers); i++)
        if (strcmp(followers[i].kind, event->kind) == 0)
            return followers[i].follow(s, event, error);
    return TRUE;
}
