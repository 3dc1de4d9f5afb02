/* Opening the parts, and the consequences of events. The pipeline turns events into stages; here are the
 * consequences that touch more than one module: a dead address is suppressed, an absent person is put on
 * hold, mail that is no longer wanted is withdrawn before anything else can be sent. */
#include "service/service.h"

#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "compose/draft.h"
#include "inbox/classify_view.h"
#include "outbox/settlement.h"
#include "service/clone_guard.h"
#include "service/drafting.h"
#include "service/policy.h"

#include <string.h>

#define ABSENCE_DEFAULT_DAYS 7

/* ---- opening ---- */

static gboolean
check_rehearsal(const struct config *config, GError **error)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        if (config_is_loopback(m->smtp.host) && config_is_loopback(m->imap.host))
            continue;
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s: this is a rehearsal database, so mailbox %s must be on loopback, not %s",
                    config->path, m->name, config_is_loopback(m->smtp.host) ? m->imap.host : m->smtp.host);
        return FALSE;
    }
    return TRUE;
}

static gboolean
sink_record(gpointer user, struct store *db, struct event *event, GError **error)
{
    (void)db;
    return service_record(user, event, error);
}

struct service *
service_open(const char *config_path, GError **error)
{
    scoped(service_close) struct service *s = g_new0(struct service, 1);
    s->config = config_load(config_path, error);
    s->program = s->config ? program_load(s->config, error) : NULL;
    s->db = s->program ? store_open(s->config->database, error) : NULL;
    if (!s->db)
        return NULL;
    g_autofree char *rehearsal = store_meta(s->db, "rehearsal", NULL);
    s->rehearsal = rehearsal != NULL;
    if (s->rehearsal && !check_rehearsal(s->config, error))
        return NULL;
    s->sink = (struct event_sink){.record = sink_record, .user = s};
    s->policy = (struct outbox_policy){.may_send = policy_may_send, .user = s, .sink = s->sink};
    return g_steal_pointer(&s);
}

void
service_close(struct service *s)
{
    if (!s)
        return;
    store_close(s->db);
    program_free(s->program);
    config_free(s->config);
    g_free(s);
}

/* ---- consequences ---- */

static gboolean
follow_event(struct service *s, const struct event *cause, gint64 account_id, const char *kind, json_t *data,
             GError **error)
{
    struct event event = {.at_us = cause->at_us,
                          .account_id = account_id,
                          .cause = cause->id,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    gboolean ok = pipeline_record(s->db, s->program, &event, error);
    json_decref(data);
    return ok;
}

/* Every account that has the address among its contacts looks again. */
static gboolean
touch_holders(struct service *s, const char *address, GError **error)
{
    return store_exec(s->db,
                      "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN (SELECT account_id "
                      "FROM contact WHERE address = ?)",
                      error, "t", address);
}

static gboolean
suppress(struct service *s, const struct event *cause, const char *address, const char *reason,
         GError **error)
{
    return follow_event(s, cause, cause->account_id, "suppressed",
                        json_pack("{s:s, s:s}", "address", address, "reason", reason), error) &&
           touch_holders(s, address, error);
}

/* An absent person is held in every sequence until a business day after the return, or for a week. */
static gboolean
hold_absent(struct service *s, const struct event *event, const char *address, GError **error)
{
    const char *text = json_string_value(json_object_get(event->data, "return_date"));
    struct civil back;
    GTimeZone *zone = s->config->timezone;
    if (!text || !civil_parse(text, &back)) {
        back = zone_from_utc_us(zone, event->at_us);
        civil_add_days(&back, ABSENCE_DEFAULT_DAYS - 1);
    }
    do
        civil_add_days(&back, 1);
    while (civil_weekday(&back) > 5);
    back.has_time = FALSE;
    back.hour = back.minute = back.second = 0;
    gint64 until_us = zone_to_utc_us(zone, &back);
    if (until_us <= event->at_us || until_us > event->at_us + 366 * CLOCK_DAY_US)
        return TRUE;
    return follow_event(s, event, event->account_id, "hold_set",
                        json_pack("{s:s, s:s, s:I}", "address", address, "reason",
                                  "an automatic reply says they are away", "until", (json_int_t)until_us),
                        error) &&
           touch_holders(s, address, error);
}

static gboolean
follow_consequences(struct service *s, const struct event *event, GError **error)
{
    const char *address = json_string_value(json_object_get(event->data, "address"));
    if (strcmp(event->kind, "released") == 0)
        return outbox_reconsider(s->db, event->account_id, clock_now_us(), error);
    if (strcmp(event->kind, "ahead_found") == 0)
        return clone_guard_follow(s, event, error);
    if (!address || !*address)
        return TRUE;
    if (strcmp(event->kind, "bounced") == 0 && json_is_true(json_object_get(event->data, "permanent")))
        return suppress(s, event, address, "dead_address", error);
    if (strcmp(event->kind, "opted_out") == 0) {
        g_autofree char *title = g_strdup_printf("%s asked for no more mail: look at the account", address);
        return suppress(s, event, address, "opt_out", error) &&
               follow_event(s, event, event->account_id, "hold_set", json_pack("{s:s}", "reason", title),
                            error) &&
               service_task_once(s, event->account_id, event->at_us, "opt_out", title, error);
    }
    if (strcmp(event->kind, "auto_replied") == 0)
        return hold_absent(s, event, address, error);
    return TRUE;
}

/* Our own server refused a recipient at once: its words are judged as those of a bounce are. Only a code of
 * 5xx is for good (RFC 5321 section 4.2.1): what was put off too often may live. */
static void
judge_refusal(struct event *event)
{
    json_int_t code = json_integer_value(json_object_get(event->data, "code"));
    const char *status = json_string_value(json_object_get(event->data, "status")),
               *words = json_string_value(json_object_get(event->data, "text"));
    if (strcmp(event->kind, "bounced") != 0 || code < 500 || json_object_get(event->data, "reason"))
        return;
    enum bounce_reason reason = 0;
    enum tri_state permanent = TRI_STATE_UNKNOWN;
    classify_judge_failure(status ? status : "", words ? words : "", &reason, &permanent);
    json_object_set_new(event->data, "reason", json_string(bounce_reason_name(reason)));
    if (permanent == TRI_STATE_YES &&
        (reason == BOUNCE_REASON_ADDRESS_DEAD || reason == BOUNCE_REASON_DOMAIN_DEAD))
        json_object_set_new(event->data, "permanent", json_true());
}

gboolean
service_record(struct service *s, struct event *event, GError **error)
{
    gint64 now_us = clock_now_us();
    g_autoptr(GError) local = NULL;
    judge_refusal(event);
    /* What a reply or a report proves about its mail comes first: it was sent, then answered or returned. */
    if (event->account_id && !settlement_follow(s->db, s->config, &s->policy, event, error))
        return FALSE;
    /* An account that was just imported must be in its sequence before what happened to it can move a stage.
     */
    gboolean dirty = event->account_id && store_int(s->db, "SELECT dirty FROM account WHERE id = ?", 0,
                                                    &local, "i", event->account_id);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (dirty && !pipeline_advance(s->db, s->program, event->account_id, now_us, error))
        return FALSE;
    if (!pipeline_record(s->db, s->program, event, error) || !follow_consequences(s, event, error))
        return FALSE;
    if (!event->account_id)
        return TRUE;
    /* The event keeps its own time; what follows from it is judged now. */
    return pipeline_advance(s->db, s->program, event->account_id, now_us, error) &&
           drafting_withdraw_unwanted(s, event->account_id, now_us, error);
}

gboolean
service_act(struct service *s, gint64 account_id, const char *kind, const char *actor, json_t *data,
            GError **error)
{
    struct event event = {
        .at_us = clock_now_us(), .account_id = account_id, .kind = kind, .actor = actor, .data = data};
    gboolean ok = store_begin(s->db, error) && service_record(s, &event, error) && store_commit(s->db, error);
    if (!ok)
        store_rollback(s->db);
    json_decref(data);
    return ok;
}

gboolean
service_advance(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    return drafting_return_orphans(s, account_id, now_us, error) &&
           pipeline_advance(s->db, s->program, account_id, now_us, error) &&
           drafting_withdraw_unwanted(s, account_id, now_us, error) &&
           drafting_compose_wanted(s, account_id, now_us, error);
}
