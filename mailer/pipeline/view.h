/* One account as one sequence sees it at one instant: enrolment, holds, and every rule of the sequence
 * evaluated once. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_VIEW_H
#define USHER_PIPELINE_VIEW_H

#include "accounts/leave.h"
#include "pipeline/calendar.h"
#include "pipeline/state.h"

struct view {
    struct store *db;
    const struct program *program;
    const struct sequence *seq;
    gint64 account_id, now_us;
    GTimeZone *zone;            /* the account's */
    struct sending_hours hours; /* of the sequence, and of the mailbox that writes to the account */
    gint64 last_mail_us;        /* when the team last wrote, here or by hand; 0: never */
    gint64 gap_us;
    gint64 gap_until_us;         /* no further mail before, 0: none went yet, or no gap is kept */
    struct enrolment *enrolment; /* NULL: never enrolled */
    struct fact_row *row;
    struct rule_value *values;      /* parallel to facts_at() */
    struct rule_result *results;    /* parallel to the rules */
    struct rule_result *watched[2]; /* of segments and alerts, parallel to seq->watch; NULL: not evaluated */
    GHashTable *steps; /* what is on record of each: id → struct step_status; never NULL when the
                          rules of steps were judged */
    struct membership *memberships; /* parallel to the program's segments; NULL: there are none */
    guint recorded;                 /* decisions journaled since it was loaded */
    gboolean absent, sales_engaged, has_open_task;
    char *hold_reason;           /* a hold on the account, NULL: none */
    gint64 hold_until_us;        /* 0: until released */
    gint64 cause;                /* the event this look follows from, 0: none; decisions name it */
    const struct stage *renamed; /* the account is in a stage that is called so now, NULL: it is not */
    gboolean has_renamed;        /* a stage that it was in has another name now */
    gboolean stage_lost;         /* its stage is not in the file any more, under no name */
    gint64 wake_us;              /* when it must be looked at again, 0: only when something changes */
    gboolean uncomposed;         /* a step is due whose mail could not be written: to be tried again */
};

/* Loads what the rules read, and evaluates none of them: all are undecided until view_judge(). */
struct view *view_load_facts(struct store *db, const struct program *program, const struct sequence *seq,
                             gint64 account_id, gint64 now_us, const struct event *event, GError **error);

/* Evaluates the sequence's rules. */
gboolean view_judge(struct view *view, GError **error);

/* Both. event is NULL or the one whose transitions are asked for. */
struct view *view_load(struct store *db, const struct program *program, const struct sequence *seq,
                       gint64 account_id, gint64 now_us, const struct event *event, GError **error);

/* What the rules of transitions ask of the event; NULL: none happened. */
void view_set_event(struct view *view, const struct event *event);

/* STAGE_at of each stage that the account has entered. */
gboolean view_set_stage_times(struct view *view, GError **error);

/* TRUE when the rule asks for nothing but the event, the stage and its times, and delivered facts. */
gboolean view_is_about_event(const struct program *program, const struct sequence *seq, int rule);

/* A view of an event for rules that view_is_about_event() names, and for entering a stage: nothing else is
 * loaded, and only these rules are judged. It takes the enrolment over. */
struct view *view_of_event(struct store *db, const struct program *program, const struct sequence *seq,
                           struct enrolment *enrolment, const struct event *event, const int *rules,
                           gsize n_rules, GError **error);
void view_free(struct view *view);
SCOPED_FUNC(struct view, view_free)

/* The verdict of a rule; NO_RULE gives fallback. */
enum rule_truth view_truth(const struct view *view, int rule, enum rule_truth fallback);

/* The instant a date rule means. A bare date takes the clock hour of the step's reference event, which is the
 * entry into the present stage. FALSE when the rule is NULL or no date. */
gboolean view_instant(const struct view *view, int rule, gint64 *us);

/* The same for a last date: a bare date includes the whole of that day. */
gboolean view_deadline(const struct view *view, int rule, gint64 *us);

/* What is missing or wrong in a rule without verdict: "forecast_mrr is missing". The caller frees. */
char *view_explain(const struct view *view, int rule);

/* The facts a rule reads that somebody delivered or something happened to set: "plan = yc, forecast_mrr =
 * 231". Left out: `today`, defaults, and what usher itself says is not so. Empty when there are none. The
 * caller frees. */
char *view_known(const struct view *view, int rule);

/* The same for a rule of another set over the same facts, such as seq->watch. */
char *view_known_of(const struct view *view, const struct rules *rules, int rule);

/* The facts a rule reads that nobody delivered: "plan, forecast_mrr". Empty when there are none. The caller
 * frees. */
char *view_missing_of(const struct view *view, const struct rules *rules, int rule);

/* A rule's text on one line, at most max characters of it (0: all). The caller frees. */
char *view_rule_line(const struct view *view, int rule, glong max);
char *view_line_of(const struct rules *rules, int rule, glong max);

/* Whether whoever writes to the account is away. FALSE only with error. */
gboolean view_leave(const struct view *view, struct leave_status *out, const struct specialist **who,
                    GError **error);

/* TRUE while a human reply waits for the team. */
gboolean view_is_unanswered(const struct view *view);

/* "when is false: forecast_mrr >= 500 AND …": what came of a rule, and its text on one short line. The caller
 * frees. */
char *view_rule_reason(const struct view *view, const char *what, int rule);

/* Journals a decision of the pipeline about this account and sequence; without cause, view->cause is named.
 * data is taken over. */
gboolean view_record(struct view *view, const char *kind, gint64 cause, json_t *data, GError **error);

/* Moves the account to a stage; one that cancels ends everything automatic. why is the transition's name. */
gboolean view_enter_stage(struct view *view, const struct stage *stage, const char *why, gint64 cause,
                          GError **error);

/* Whether the stage's own condition lets the account in. */
gboolean view_may_enter(const struct view *view, const struct stage *stage);

/* When the last hold on a recipient of the message ends or ended: now_us for one without end, 0 when nobody
 * was held. Time on hold is not lateness. */
gint64 view_recipients_held_us(const struct view *view, gint64 message_id);

/* The date by which the programme ends, extensions included, as `ends_at` says it; NULL: none. Borrowed. */
const char *view_ends(const struct view *view);

/* Why a step must wait whose account is in a stage the file no longer has; NULL: it is in none such. The
 * caller frees. */
char *view_lost_reason(const struct view *view);

/* Asks for another look at us (the earliest wins; 0 and the past are ignored). */
void view_wake_at(struct view *view, gint64 us);

#endif
