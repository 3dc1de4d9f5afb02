/* A step with a mail: its draft, its deliveries, and the looks that the policy takes at it before it may
 * leave, in the policy's order, but without taking it. */
#include "service/why_private.h"

#include "base/error.h"
#include "inbox/fence.h"
#include "outbox/breaker.h"
#include "service/approval.h"
#include "service/clone_guard.h"
#include "service/people.h"
#include "service/policy.h"
#include "service/revision.h"

#include <string.h>

/* ---- drafts ---- */

/* What is in the way of its approval, or who still has to look. */
static void
tell_obstacle(struct asked *a, const struct draft *d, GString *line)
{
    g_autofree char *obstacle = approval_obstacle(a->s, d, a->now_us);
    const char *first = approval_first(a->s, d);
    if (obstacle) {
        char *end = strchr(obstacle, '\n');
        if (end)
            *end = '\0';
        g_string_append_printf(line, "; it cannot be approved now: %s", obstacle);
        a->out->evidence = why_fact_evidence(a, obstacle);
    } else if (first) {
        g_autofree char *name = people_name(a->s->config, first);
        g_string_append_printf(line, "; %s has approved it, a second person has to look", name);
    } else if (a->s->config->second_approval) {
        g_string_append(line, "; two persons have to approve it");
    }
}

gboolean
why_tell_draft(struct asked *a, GError **error)
{
    const struct step *step = a->out->step;
    scoped(draft_free) struct draft *d =
        draft_find(a->s->db, a->s->config, a->account_id, a->seq->name, step->id, error);
    if (!d && error && *error)
        return FALSE;
    if (!d) {
        why_say(a, WHY_NOT_LOOKED,
                g_strdup_printf("the draft of %s is gone; usher looks at it next", step->id));
        return TRUE;
    }
    gboolean returned = d->state == MESSAGE_CHANGED;
    g_autofree char *name = revision_name(d->id, d->revision);
    g_autofree char *when = a->at.due_us ? why_when(a, a->at.due_us) : NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "%s waits for a specialist: draft %s ", step->id, name);
    if (returned) {
        g_autofree char *reason = g_strdelimit(g_strdup(d->reason ? d->reason : "it changed"), "\n", ' ');
        g_string_append_printf(line, "came back: %s", reason);
    } else {
        g_string_append(line, "is not approved");
    }
    if (when)
        g_string_append_printf(line, "; it %s due on %s", a->at.due_us <= a->now_us ? "was" : "is", when);
    tell_obstacle(a, d, line);
    if (a->gate.held)
        g_string_append_printf(line, "; approved, it would wait: %s", a->gate.held);
    a->out->at_us = a->at.due_us;
    why_say(a, returned ? WHY_RETURNED : WHY_DRAFT, g_strdup(line->str));
    a->out->command =
        a->out->evidence ? g_strdup_printf("usher import FILE, with newer facts; then usher approve %s", name)
                         : g_strdup_printf("usher review --account %s, or usher approve %s", a->key, name);
    return TRUE;
}

/* ---- the outbox ---- */

/* The deliveries of the step's mail in one of some states. */
struct deliveries {
    char *addresses; /* comma between; NULL: there are none */
    char *mailbox, *text;
    char *host; /* of queued ones: a try failed there, and text says why */
    int code;
    gint64 next_us, at_us, attempts;
};

static void
deliveries_clear(struct deliveries *d)
{
    g_free(d->addresses);
    g_free(d->mailbox);
    g_free(d->text);
    g_free(d->host);
}

static inline void
deliveries_clear_scoped(struct deliveries *d)
{
    deliveries_clear(d);
}

/* states: two of them, the second may be the first again. */
static gboolean
find_deliveries(struct asked *a, const char *state, const char *or_state, struct deliveries *out,
                GError **error)
{
    g_autoptr(GError) local = NULL;
    memset(out, 0, sizeof *out);
    scoped(query_end) struct query *q = store_query(
        a->s->db,
        "SELECT group_concat(address, ', ') AS addresses, MIN(mailbox) AS mailbox, MIN(text) AS text, "
        "MIN(host) AS host, MAX(COALESCE(code, 0)) AS code, MIN(next_at) AS next_at, MAX(at) AS at, "
        "MAX(attempts) AS attempts "
        "FROM (SELECT * FROM delivery WHERE message_id = ? AND state IN (?, ?) ORDER BY field DESC, id)",
        error, "itt", a->at.message_id, state, or_state);
    if (q && query_next(q, &local)) {
        out->addresses = query_dup_text(q, "addresses");
        out->mailbox = query_dup_text(q, "mailbox");
        out->text = query_dup_text(q, "text");
        out->host = query_dup_text(q, "host");
        out->code = (int)query_int(q, "code");
        out->next_us = query_int(q, "next_at");
        out->at_us = query_int(q, "at");
        out->attempts = query_int(q, "attempts");
    }
    return q && error_pass(error, &local);
}

/* Somebody may have it, or has it in a moment. FALSE in *told: neither. */
static gboolean
tell_under_way(struct asked *a, gboolean *told, GError **error)
{
    scoped(deliveries_clear) struct deliveries busy = {0}, unknown = {0};
    const char *id = a->out->step->id;
    if (!find_deliveries(a, "unknown", "unknown", &unknown, error) ||
        !find_deliveries(a, "claimed", "transmitting", &busy, error))
        return FALSE;
    *told = unknown.addresses || busy.addresses;
    if (unknown.addresses) {
        g_autofree char *at = why_time(a, unknown.at_us);
        why_say(
            a, WHY_UNKNOWN,
            g_strdup_printf("nobody knows whether %s arrived at %s: the mail went out on %s, and no answer "
                            "came",
                            id, unknown.addresses, at));
        a->out->command =
            g_strdup_printf("usher settle %" G_GINT64_FORMAT " sent|not-sent", a->at.message_id);
    } else if (busy.addresses) {
        why_say(a, WHY_SENDING, g_strdup_printf("%s is being sent to %s now", id, busy.addresses));
    }
    return TRUE;
}

/* What keeps every mail of the mailbox back. */
static gboolean
tell_halt(struct asked *a, const char *mailbox, gboolean *told, GError **error)
{
    const char *id = a->out->step->id;
    g_autoptr(GError) local = NULL;
    g_autofree char *unclaimed = clone_guard_refusal(a->s->db);
    g_autofree char *stopped =
        unclaimed ? NULL : breaker_line(a->s->db, a->s->config, mailbox ? mailbox : "", &local);
    if (!error_pass(error, &local))
        return FALSE;
    *told = unclaimed || stopped;
    if (unclaimed) {
        why_say(a, WHY_UNCLAIMED, g_strdup_printf("%s is ready, and %s", id, unclaimed));
        a->out->command = g_strdup("usher claim");
    } else if (stopped) {
        why_say(a, WHY_MAILBOX, g_strdup_printf("%s is ready, and %s", id, stopped));
        a->out->command = g_strdup_printf("usher outbox --resume %s", mailbox);
    }
    return TRUE;
}

static gboolean
tell_policy(struct asked *a, const char *mailbox, gboolean *told, GError **error)
{
    const struct step *step = a->out->step;
    g_autofree char *reason = NULL;
    gint64 not_before_us = 0;
    gboolean waits_for_time;
    if (!policy_forecast(a->s, a->at.message_id, a->now_us, &not_before_us, &reason, &waits_for_time, error))
        return FALSE;
    g_autofree char *stale =
        !reason && step->kind == STEP_AUTOMATIC
            ? fence_refusal(a->s->db, a->s->config, a->account_id, mailbox ? mailbox : "")
            : NULL;
    *told = reason || stale;
    if (stale) {
        why_say(a, WHY_FENCE,
                g_strdup_printf("%s waits until the mailboxes are read, so that an answer is not missed: %s",
                                step->id, stale));
        a->out->command = g_strdup("usher check, and see that the service runs");
    } else if (reason) {
        /* A hold or somebody's leave ends at midnight. */
        gint64 at_us = sending_next_us(&a->gate.hours, not_before_us, NULL);
        gboolean timed = waits_for_time && not_before_us > a->now_us && at_us != G_MAXINT64;
        g_autofree char *when = timed ? why_when(a, at_us) : NULL;
        g_autofree char *beginning =
            timed ? g_strdup_printf("%s is in the outbox and goes out on %s", step->id, when)
                  : g_strdup_printf("%s is in the outbox and waits", step->id);
        a->out->at_us = timed ? at_us : 0;
        why_tell_reason(a, beginning, reason, WHY_WAITING);
    }
    return TRUE;
}

/* Why no mail of the mailbox left when one was last tried; *text NULL: it did, or none was. It need not be
 * this mail: where there are pauses between mails, the others have not had their turn. */
static gboolean
find_failed_try(struct asked *a, const char *mailbox, char **text, GError **error)
{
    g_autoptr(GError) local = NULL;
    *text =
        store_text(a->s->db,
                   "SELECT d.text FROM delivery d WHERE d.mailbox = ?1 AND d.state IN ('queued', "
                   "'deferred') AND d.state = 'queued' AND d.host IS NOT NULL AND d.text IS NOT NULL AND NOT "
                   "EXISTS (SELECT 1 FROM delivery o WHERE o.mailbox = ?1 AND o.state = 'sent' AND o.at > "
                   "d.at) ORDER BY d.at DESC, d.id LIMIT 1",
                   &local, "t", mailbox);
    return error_pass(error, &local);
}

gboolean
why_tell_queued(struct asked *a, GError **error)
{
    scoped(deliveries_clear) struct deliveries put_off = {0}, queued = {0};
    const char *id = a->out->step->id;
    gboolean told = FALSE;
    if (!tell_under_way(a, &told, error) || told)
        return told;
    if (!find_deliveries(a, "deferred", "deferred", &put_off, error) ||
        !find_deliveries(a, "queued", "queued", &queued, error))
        return FALSE;
    const char *mailbox = queued.mailbox ? queued.mailbox : put_off.mailbox;
    if (!tell_halt(a, mailbox, &told, error) || told)
        return told;
    if (!tell_policy(a, mailbox, &told, error) || told)
        return told;
    if (put_off.addresses) {
        g_autofree char *when = why_when(a, put_off.next_us);
        why_say(a, WHY_DEFERRED,
                g_strdup_printf("%s is tried again on %s: the server of %s put it off: %d %s", id, when,
                                put_off.addresses, put_off.code, put_off.text ? put_off.text : ""));
        a->out->at_us = put_off.next_us;
        a->out->evidence = g_strdup_printf("tried %" G_GINT64_FORMAT " time%s", put_off.attempts,
                                           put_off.attempts == 1 ? "" : "s");
        return TRUE;
    }
    g_autofree char *failed = queued.host ? g_strdup(queued.text) : NULL;
    if (queued.addresses && !failed && !find_failed_try(a, mailbox, &failed, error))
        return FALSE;
    if (failed) {
        why_say(a, WHY_SERVER,
                g_strdup_printf("%s is ready, and could not leave on the last try: %s", id, failed));
        a->out->command = g_strdup("usher check, which tries the server; the service goes on trying");
        return TRUE;
    }
    why_say(
        a, WHY_READY,
        queued.addresses
            ? g_strdup_printf("nothing holds %s back: the service sends it to %s next", id, queued.addresses)
            : g_strdup_printf("%s was withdrawn from the outbox; usher looks at it next", id));
    a->out->command = g_strdup_printf("usher stop %s %s", a->key, id);
    return TRUE;
}

gboolean
why_tell_sent(struct asked *a, GError **error)
{
    scoped(deliveries_clear) struct deliveries sent = {0};
    gboolean told = FALSE;
    if (!tell_under_way(a, &told, error) || told)
        return told;
    if (!find_deliveries(a, "sent", "sent", &sent, error))
        return FALSE;
    g_autofree char *when = sent.addresses ? why_when(a, sent.at_us) : NULL;
    why_say(a, WHY_SENT,
            sent.addresses
                ? g_strdup_printf("%s went out on %s to %s", a->out->step->id, when, sent.addresses)
                : g_strdup_printf("%s counts as sent", a->out->step->id));
    a->out->at_us = sent.at_us;
    return TRUE;
}

gboolean
why_tell_failed(struct asked *a, GError **error)
{
    scoped(deliveries_clear) struct deliveries refused = {0};
    if (!find_deliveries(a, "refused", "refused", &refused, error))
        return FALSE;
    why_say(a, WHY_FAILED,
            g_strdup_printf("%s could not be delivered: %s refused it: %d %s", a->out->step->id,
                            refused.addresses ? refused.addresses : "everybody", refused.code,
                            refused.text ? refused.text : ""));
    a->out->command = g_strdup("usher import FILE, with people who can be reached; then write by hand");
    return TRUE;
}
