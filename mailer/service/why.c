/* Which step the answer is about, what stands between an account and its sequence, and whether the answer may
 * be out of date. The steps are told in why_step.c and why_mail.c. */
#include "service/why.h"

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/rule_parts.h"
#include "service/plan.h"
#include "service/why_private.h"

#include <string.h>

#define SERVICE_QUIET_US (10 * CLOCK_MINUTE_US)

const char *const why_cause_names[WHY_CAUSE_COUNT] = {
    [WHY_NOT_LOOKED] = "not-looked-yet",
    [WHY_NOT_ENROLLED] = "not-enrolled",
    [WHY_BY_HAND] = "by-hand-only",
    [WHY_EXCLUDED] = "excluded",
    [WHY_ABSENT] = "absent",
    [WHY_ELSEWHERE] = "elsewhere",
    [WHY_LEFT] = "left",
    [WHY_CANCELLED] = "cancelled",
    [WHY_NOTHING_LEFT] = "nothing-left",
    [WHY_STAGE] = "stage",
    [WHY_WHEN] = "when",
    [WHY_UNLESS] = "unless",
    [WHY_NO_DATE] = "no-date",
    [WHY_SCHEDULED] = "scheduled",
    [WHY_WANTED] = "wanted",
    [WHY_SENT] = "sent",
    [WHY_FAILED] = "failed",
    [WHY_REJECTED] = "rejected",
    [WHY_STOPPED] = "stopped",
    [WHY_EXPIRED] = "expired",
    [WHY_SKIPPED] = "skipped",
    [WHY_LATE] = "late",
    [WHY_TASK_OPEN] = "task-open",
    [WHY_TASK_DONE] = "task-done",
    [WHY_DRAFT] = "draft",
    [WHY_RETURNED] = "returned",
    [WHY_HOLD] = "hold",
    [WHY_PERSON_HOLD] = "person-hold",
    [WHY_UNANSWERED] = "unanswered",
    [WHY_RULE] = "rule",
    [WHY_AWAY] = "away",
    [WHY_COMPOSE] = "cannot-compose",
    [WHY_NOBODY] = "nobody",
    [WHY_WAITING] = "waiting",
    [WHY_SENDING] = "sending",
    [WHY_UNKNOWN] = "unknown",
    [WHY_UNCLAIMED] = "unclaimed",
    [WHY_MAILBOX] = "mailbox-stopped",
    [WHY_SERVER] = "server",
    [WHY_FENCE] = "fence",
    [WHY_HOURS] = "hours",
    [WHY_HOLIDAY] = "holiday",
    [WHY_GAP] = "gap",
    [WHY_CAP] = "cap",
    [WHY_PAUSE] = "pause",
    [WHY_NET] = "deliver-only-to",
    [WHY_DEFERRED] = "deferred",
    [WHY_READY] = "ready",
};

void
why_free(struct why *why)
{
    if (!why)
        return;
    g_free(why->line);
    g_free(why->evidence);
    g_free(why->command);
    g_free(why->note);
    if (why->rules)
        g_ptr_array_unref(why->rules);
    g_free(why);
}

/* ---- accounts that are not in the sequence ---- */

/* Which facts somebody would have to deliver for a rule without verdict. */
static void
ask_for_facts(struct asked *a, const struct why_line *line)
{
    if (line && line->parts && line->parts->truth == RULE_UNDECIDED && !a->out->command)
        a->out->command = g_strdup("usher import FILE, with the facts that are missing");
}

static gboolean
is_absent(struct asked *a, GError **error)
{
    return store_int(a->s->db, "SELECT absent FROM account WHERE id = ?", 0, error, "i", a->account_id) != 0;
}

/* Not even by hand. */
static gboolean
is_excluded(struct asked *a)
{
    int decides = a->out->decides;
    const struct why_line *exclude = why_rule(a, "exclude");
    a->out->decides = decides;
    return exclude && exclude->parts->truth == RULE_TRUE;
}

/* Nobody is in both: what has it keeps it. */
static void
tell_elsewhere(struct asked *a, const char *other)
{
    const struct sequence *seq = program_sequence(a->s->program, other);
    const char *title = seq ? seq->title : other;
    a->out->decides = -1;
    why_say(
        a, WHY_ELSEWHERE,
        g_strdup_printf("%s is not in %s: it is in %s, and nobody is in both at the same time (not_while)",
                        a->key, a->seq->title, title));
    a->out->command =
        seq ? g_strdup_printf("usher stage %s STAGE --sequence %s, into one that ends %s", a->key, other,
                              title)
            : g_strdup_printf("usher enrol %s %s, which takes it out of %s: that is not in force any more",
                              a->key, a->seq->name, title);
}

static void
tell_outside(struct asked *a, gboolean absent, const char *other)
{
    const struct why_line *enrol = why_rule(a, "enrol");
    const char *title = a->seq->title;
    a->out->decides = -1;
    if (is_excluded(a)) {
        g_autofree char *text = why_rule_text(why_rule(a, "exclude"));
        why_say(a, WHY_EXCLUDED,
                g_strdup_printf("%s never enters %s: exclude holds: %s", a->key, title, text));
    } else if (other) {
        tell_elsewhere(a, other);
    } else if (!enrol) {
        why_say(a, WHY_BY_HAND,
                g_strdup_printf("%s is not in %s, which is entered by hand only", a->key, title));
        a->out->command = g_strdup_printf("usher enrol %s %s", a->key, a->seq->name);
    } else if (enrol->parts->truth != RULE_TRUE) {
        g_autofree char *segment = why_segment_text(a, enrol);
        g_autofree char *text = why_rule_text(why_rule(a, "enrol"));
        why_say(a, WHY_NOT_ENROLLED,
                g_strdup_printf("%s is not in %s: %s%s", a->key, title, segment ? "" : "enrol wants ",
                                segment ? segment : text));
        ask_for_facts(a, enrol);
        if (!a->out->command)
            a->out->command = g_strdup_printf("usher enrol %s %s, past this rule", a->key, a->seq->name);
    } else if (absent) {
        why_say(
            a, WHY_ABSENT,
            g_strdup_printf("%s is not in %s: it is absent from the last complete import", a->key, title));
        a->out->command = g_strdup("usher import FILE, with the account in it");
    } else {
        why_rule(a, "enrol");
        why_say(a, WHY_NOT_LOOKED,
                g_strdup_printf("%s enters %s when usher looks at it next: enrol holds", a->key, title));
    }
}

/* What would bring an account back that has left; other has it meanwhile, or is NULL. */
static void
tell_return(struct asked *a, const char *other)
{
    g_autoptr(GString) line = g_string_new(a->out->line);
    if (other) {
        const struct sequence *seq = program_sequence(a->s->program, other);
        g_string_append_printf(line, "; it is in %s, and nobody is in both at the same time (not_while)",
                               seq ? seq->title : other);
    } else if (a->seq->reenter == REENTER_NEVER) {
        g_string_append(line, "; nobody enters it twice (reenter)");
    } else if (!is_excluded(a)) {
        a->out->command = g_strdup_printf("usher enrol %s %s", a->key, a->seq->name);
    }
    int decides = a->out->decides;
    const struct why_line *reenter = a->seq->reenter == REENTER_RULE ? why_rule(a, "reenter") : NULL;
    a->out->decides = decides;
    if (reenter && !other && reenter->parts->truth != RULE_TRUE) {
        g_autofree char *text = why_rule_text(reenter);
        g_string_append_printf(line, "; it comes back by itself when reenter holds, which wants %s", text);
    }
    g_free(a->out->line);
    a->out->line = g_strdup(line->str);
}

/* Left, or cancelled: nothing of any step. other: the sequence that keeps it out, NULL: none. */
static void
tell_over(struct asked *a, const char *other)
{
    gboolean left = !a->e->active;
    const char *reason = a->e->cancelled ? a->e->cancelled : "its programme is over";
    const struct why_line *rule = why_rule(a, left ? "leave" : "cancel");
    g_autofree char *text = NULL;
    if (rule && rule->parts->truth == RULE_TRUE && g_str_has_prefix(reason, left ? "leave: " : "cancel: "))
        text = why_rule_text(rule);
    else
        a->out->decides = -1;
    const char *shown = text ? text : reason;
    a->out->evidence = why_act_evidence(a, left ? "left" : "cancelled", NULL);
    if (left)
        why_say(a, WHY_LEFT, g_strdup_printf("%s has left %s: %s", a->key, a->seq->title, shown));
    else
        why_say(a, WHY_CANCELLED,
                g_strdup_printf("nothing automatic goes to %s any more: %s", a->key, shown));
    if (!left)
        a->out->command = g_strdup_printf("usher stage %s STAGE, into one that goes on", a->key);
    else
        tell_return(a, other);
}

/* ---- which step ---- */

static gboolean
load_status(struct asked *a, const struct step *step, struct step_status *out, GError **error)
{
    memset(out, 0, sizeof *out);
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(a->s->db,
                    "SELECT p.state, p.reason, COALESCE(p.message_id, 0) AS message_id, COALESCE((SELECT "
                    "MIN(d.next_at) FROM delivery d WHERE d.message_id = p.message_id AND d.state IN "
                    "('queued', 'deferred')), p.due_at, 0) AS due_at FROM step p WHERE p.account_id = ? AND "
                    "p.sequence = ? AND p.step = ?",
                    error, "itt", a->account_id, a->seq->name, step->id);
    if (q && query_next(q, &local)) {
        out->state = step_state_parse(query_text(q, "state"));
        out->due_us = query_int(q, "due_at");
        out->message_id = query_int(q, "message_id");
        out->reason = query_dup_text(q, "reason");
    }
    return q && error_pass(error, &local);
}

/* A mail that nobody can be sure of comes before all that is to come. */
static const struct step *
find_unknown(struct asked *a, GError **error)
{
    g_autofree char *id = store_text(a->s->db,
                                     "SELECT m.step FROM message m JOIN delivery d ON d.message_id = m.id "
                                     "WHERE m.account_id = ? AND m.sequence = ? AND d.state = 'unknown' "
                                     "ORDER BY m.id LIMIT 1",
                                     error, "it", a->account_id, a->seq->name);
    return id ? sequence_step(a->seq, id) : NULL;
}

/* The open step that comes first; NULL: none is open. */
static const struct step *
find_next(struct asked *a, GError **error)
{
    g_autoptr(GError) local = NULL;
    const struct step *best = find_unknown(a, &local);
    gint64 best_us = 0;
    gboolean found = best != NULL;
    for (guint i = 0; !found && !local && i < a->seq->steps->len; i++) {
        const struct step *step = a->seq->steps->pdata[i];
        struct step_status status;
        if (!load_status(a, step, &status, &local))
            break;
        g_free(status.reason);
        if (!step_state_is_open(status.state) || (best && status.due_us >= best_us))
            continue;
        best = step;
        best_us = status.due_us;
    }
    if (!local)
        return best;
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* ---- the answer ---- */

static gboolean
add_note(struct asked *a, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 pending = store_int(a->s->db,
                               "SELECT CASE WHEN dirty THEN 1 WHEN evaluate_at <= ? THEN 2 ELSE 0 END FROM "
                               "account WHERE id = ?",
                               0, &local, "ii", a->now_us, a->account_id);
    gint64 seen_us = local ? 0 : plan_last_seen_us(a->s, &local);
    if (!error_pass(error, &local))
        return FALSE;
    g_autoptr(GString) note = g_string_new(NULL);
    if (pending == 1)
        g_string_append_printf(note, "%s has changed, and usher has not looked at it since", a->key);
    else if (pending == 2)
        g_string_append_printf(note, "by now usher should have looked at %s again, and has not", a->key);
    if (!seen_us) {
        g_string_append_printf(note, "%sthe service has never run", note->len ? "; " : "");
    } else if (a->now_us - seen_us > SERVICE_QUIET_US) {
        g_autofree char *seen = why_time(a, seen_us);
        g_string_append_printf(note, "%sthe service was last seen running on %s", note->len ? "; " : "",
                               seen);
    }
    if (pending)
        g_string_append_printf(note, "; `usher simulate %s` shows what comes of it", a->key);
    if (note->len)
        a->out->note = g_strdup(note->str);
    return TRUE;
}

static gboolean
tell(struct asked *a, GError **error)
{
    if (!a->e) {
        g_autoptr(GError) local = NULL;
        gboolean absent = is_absent(a, &local);
        g_autofree char *other =
            local ? NULL : pipeline_excluded_by(a->s->db, a->s->program, a->seq, a->account_id, &local);
        if (!error_pass(error, &local))
            return FALSE;
        tell_outside(a, absent, other);
        return TRUE;
    }
    g_autoptr(GError) local = NULL;
    gboolean asked = a->out->step != NULL;
    if (!asked && a->e->active)
        a->out->step = find_next(a, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (a->out->step && !load_status(a, a->out->step, &a->at, error))
        return FALSE;
    if (a->out->step && !asked) {
        pipeline_gate_clear(&a->gate);
        if (!pipeline_gate_load(a->s->db, a->s->program, a->seq, a->out->step, a->account_id, a->now_us,
                                &a->gate, error))
            return FALSE;
    }
    /* What was sent stays so, whatever became of the account after that. */
    gboolean over = a->out->step && a->at.state != STEP_IDLE && a->at.state != STEP_CANCELLED;
    if (!over && (!a->e->active || a->e->cancelled)) {
        g_autofree char *other =
            a->e->active ? NULL
                         : pipeline_excluded_by(a->s->db, a->s->program, a->seq, a->account_id, &local);
        if (!error_pass(error, &local))
            return FALSE;
        tell_over(a, other);
        return TRUE;
    }
    if (a->out->step)
        return why_tell_step(a, error);
    why_say(a, WHY_NOTHING_LEFT,
            g_strdup_printf("nothing more is planned for %s: each step of %s is over, or does not apply; "
                            "`usher why %s STEP` says of each why",
                            a->key, a->seq->title, a->key));
    return TRUE;
}

struct why *
why_make(struct service *s, gint64 account_id, const char *key, const struct sequence *seq,
         const struct step *step, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(enrolment_free) struct enrolment *e = enrolment_load(s->db, account_id, seq->name, &local);
    if (!error_pass(error, &local))
        return NULL;
    struct asked a = {.s = s, .account_id = account_id, .now_us = now_us, .key = key, .seq = seq, .e = e};
    if (!pipeline_gate_load(s->db, s->program, seq, step, account_id, now_us, &a.gate, error))
        return NULL;
    scoped(why_free) struct why *out = a.out = g_new0(struct why, 1);
    out->step = step;
    out->decides = -1;
    out->rules = pipeline_why(s->db, s->program, seq, account_id, now_us, error);
    gboolean ok = out->rules && tell(&a, error) && add_note(&a, error);
    pipeline_gate_clear(&a.gate);
    g_free(a.at.reason);
    return ok ? g_steal_pointer(&out) : NULL;
}
