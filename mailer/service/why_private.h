/* What the files of why.h share. Inside service/ only. */
#ifndef USHER_SERVICE_WHY_PRIVATE_H
#define USHER_SERVICE_WHY_PRIVATE_H

#include "service/why.h"

/* A question under way. */
struct asked {
    struct service *s;
    gint64 account_id, now_us;
    const char *key;
    const struct sequence *seq;
    struct enrolment *e; /* NULL: never enrolled */
    struct pipeline_gate gate;
    struct step_status at; /* of the step in question */
    struct why *out;
};

/* why_words.c. Fills in cause and line; line is taken over. */
void why_say(struct asked *a, enum why_cause cause, char *line);

/* "Monday 2026-12-21 09:00 (Europe/Berlin)", by the account's clock. The caller frees. */
char *why_when(const struct asked *a, gint64 us);

/* "2026-12-21 09:00" by the team's clock. The caller frees. */
char *why_time(const struct asked *a, gint64 us);

/* The rule called what ("enrol", or "STEP: when") as line and decisive rule; NULL when there is none. */
const struct why_line *why_rule(struct asked *a, const char *what);

/* What a rule wants, or what makes it so: rule_part_sentence() and the name of the rule. The caller frees. */
char *why_rule_text(const struct why_line *line);

/* The facts that leave a rule without verdict: "plan is missing". The caller frees. */
char *why_rule_gaps(const struct why_line *line);

/* why_segment.c: where enrol is false because the account is not in a segment, why it is not in that: "Acme
 * is not in the segment Leads: it wants plan = 'payg', and plan = yc". NULL: it is false for another reason,
 * or the segment's rules are not at hand. The caller frees. */
char *why_segment_text(struct asked *a, const struct why_line *enrol);

/* why_step.c: the step out->step, whose status is a->at. */
gboolean why_tell_step(struct asked *a, GError **error);

/* why_reason.c: what holds a mail back, as its reason says it: the cause, "BEGINNING: REASON" with the parts
 * of a rule that decide, and what is behind it. otherwise: where the reason is none of those known. */
void why_tell_reason(struct asked *a, const char *beginning, const char *reason, enum why_cause otherwise);

/* why_mail.c: a step in the outbox, and a draft. */
gboolean why_tell_queued(struct asked *a, GError **error);
gboolean why_tell_draft(struct asked *a, GError **error);
gboolean why_tell_sent(struct asked *a, GError **error);
gboolean why_tell_failed(struct asked *a, GError **error);

/* why_evidence.c: what lies behind something; all NULL where nothing is known, all freed by the caller. */
char *why_hold_evidence(struct asked *a, gboolean of_people);
char *why_reply_evidence(struct asked *a);
char *why_people_evidence(struct asked *a);
char *why_act_evidence(struct asked *a, const char *kind, const char *state);
char *why_fact_evidence(struct asked *a, const char *reason);
char *why_wait_before(struct asked *a);

#endif
