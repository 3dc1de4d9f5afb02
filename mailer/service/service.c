/* Opening the parts, and recording events. The pipeline turns events into stages, consequences.c into what
 * touches more than one module; mail that is no longer wanted is withdrawn before anything else can be sent.
 */
#include "service/service.h"

#include "base/clock.h"
#include "base/config_load.h"
#include "base/error.h"
#include "compose/draft.h"
#include "compose/finding_choice.h"
#include "inbox/classify_view.h"
#include "outbox/settlement.h"
#include "service/clone_guard.h"
#include "service/consequences.h"
#include "service/drafting.h"
#include "service/files.h"
#include "service/look.h"
#include "service/policy.h"

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
    s->files = s->config ? files_new(s->config) : NULL;
    s->program = s->config ? program_load(s->config, error) : NULL;
    s->db = s->program ? store_open(s->config->database, error) : NULL;
    if (!s->db)
        return NULL;
    g_autofree char *rehearsal = store_meta(s->db, "rehearsal", NULL);
    s->rehearsal = rehearsal != NULL;
    if (s->rehearsal && !check_rehearsal(s->config, error))
        return NULL;
    g_autofree char *findings = g_build_filename(s->config->templates_dir, "findings", NULL);
    s->findings = finding_files_new(findings, s->program->facts);
    s->sink = (struct event_sink){.record = sink_record, .user = s};
    s->policy = (struct outbox_policy){.may_send = policy_may_send, .user = s, .sink = s->sink};
    return g_steal_pointer(&s);
}

void
service_share(struct service *copy, const struct service *s, struct store *db)
{
    *copy = *s;
    copy->db = db;
    copy->sink.user = copy->policy.user = copy;
    copy->policy.sink = copy->sink;
}

void
service_close(struct service *s)
{
    if (!s)
        return;
    finding_files_free(s->findings);
    store_close(s->db);
    program_free(s->program);
    files_free(s->files);
    config_free(s->config);
    g_free(s);
}

/* ---- events ---- */

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
     * So must what its time has brought: it does not follow from the event. */
    gboolean dirty =
        event->account_id &&
        store_int(s->db,
                  "SELECT dirty OR (evaluate_at IS NOT NULL AND evaluate_at <= ?) FROM account WHERE id = ?",
                  0, &local, "ii", now_us, event->account_id);
    if (!error_pass(error, &local))
        return FALSE;
    if (dirty && !pipeline_advance(s->db, s->program, event->account_id, now_us, error))
        return FALSE;
    if (!pipeline_record(s->db, s->program, event, error))
        return FALSE;
    gint64 outer = s->cause;
    s->cause = event->id;
    /* The event keeps its own time; what follows from it is judged now. */
    gboolean ok = consequences_follow(s, event, error) &&
                  (!event->account_id || (pipeline_advance_because(s->db, s->program, event->account_id,
                                                                   now_us, event->id, error) &&
                                          drafting_withdraw_unwanted(s, event->account_id, now_us, error)));
    s->cause = outer;
    return ok;
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
           drafting_compose_wanted(s, account_id, now_us, error) && look_ahead(s, account_id, now_us, error);
}
