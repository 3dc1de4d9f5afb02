/* The pipeline engine: (facts, events, now) → what is due, and why. It never asks a clock, so a simulation is
 * the same code with another now. engine.c advances an account, events.c records what happened, enrol.c
 * enters an account by hand, why.c explains. Everything here runs inside the caller's transaction. */
#ifndef USHER_PIPELINE_ENGINE_H
#define USHER_PIPELINE_ENGINE_H

#include "pipeline/calendar.h"
#include "pipeline/state.h"

/* Records an event that happened (journal and state) and follows the transitions it causes in every sequence
 * the account is active in; marks the account for evaluation. Events without account are only journaled. */
gboolean pipeline_record(struct store *db, const struct program *program, struct event *event,
                         GError **error);

/* Brings the account up to now: enrolment, exits, every step's state and due time, each change an event with
 * its reason. Steps that must be composed now end in STEP_WANTED. Clears the account's dirty mark and sets
 * when it must be looked at again. Calling it twice at the same now changes nothing the second time. */
gboolean pipeline_advance(struct store *db, const struct program *program, gint64 account_id, gint64 now_us,
                          GError **error);

/* The same right after an event: what it changes names that event as its cause. */
gboolean pipeline_advance_because(struct store *db, const struct program *program, gint64 account_id,
                                  gint64 now_us, gint64 cause, GError **error);

/* Enrols by hand: overrides the enrol rule, never the exclude rule (USHER_ERROR_NO_PERMISSION names it) nor a
 * sequence that excludes this one; after reenter = "never" only once (USHER_ERROR_DATA says which). */
gboolean pipeline_enrol_by_hand(struct store *db, const struct program *program,
                                const struct sequence *sequence, gint64 account_id, gint64 now_us,
                                const char *actor, GError **error);

/* The sequence that keeps an account out of `sequence`: active there, and the two exclude each other
 * (not_while). NULL: none, or an error. The caller frees. */
char *pipeline_excluded_by(struct store *db, const struct program *program, const struct sequence *sequence,
                           gint64 account_id, GError **error);

/* Whether a person may set the stage: USHER_ERROR_NO_PERMISSION names the stage's condition, or, where the
 * enrolment has ended, the sequence that has the account and excludes this one. */
gboolean pipeline_may_enter(struct store *db, const struct program *program, const struct sequence *sequence,
                            const struct stage *stage, gint64 account_id, gint64 now_us, GError **error);

/* Why each step that is idle is not wanted now: id → text. An idle step's row says why it became idle, which
 * may be long ago. The caller unrefs; NULL with error. */
GHashTable *pipeline_idle_reasons(struct store *db, const struct program *program,
                                  const struct sequence *sequence, gint64 account_id, gint64 now_us,
                                  GError **error);

/* The facts of an account with the engine's own added, as templates read them. The caller frees with
 * fact_row_free(). */
struct fact_row *pipeline_facts(struct store *db, const struct program *program,
                                const struct sequence *sequence, gint64 account_id, gint64 now_us,
                                GError **error);

/* The accounts that must be looked at now, dirty ones first, at most limit. The caller frees. */
GArray *pipeline_pending(struct store *db, gint64 now_us, guint limit, GError **error);

/* One rule of `why`. */
struct rule_part;
struct why_line {
    char *what;    /* "enrol", "graduation: when" … */
    char *verdict; /* "true", "false", "undecided", a date */
    char *facts; /* what it rests on: "plan = yc, forecast_mrr = 231"; of an undecided one what is missing */
    char *text;  /* the rule, on one line */
    const struct step *step; /* whose rule it is, borrowed from the sequence; NULL: the sequence's */
    int rule;                /* its index in the sequence */
    struct rule_part *parts; /* pipeline/rule_parts.h; NULL: a date */
    gint64 at_us;            /* of a date: the instant it means; 0: none */
};
void why_line_free(gpointer line);

/* Every rule of the sequence as it stands for the account: GPtrArray of struct why_line, freed by the caller.
 */
GPtrArray *pipeline_why(struct store *db, const struct program *program, const struct sequence *sequence,
                        gint64 account_id, gint64 now_us, GError **error);

/* What stands between an approved mail and the wire. */
struct pipeline_gate {
    gint64 sendable_us; /* when it may go out: now, or when hours, holidays and the gap allow */
    char *closed;       /* what moves it there; NULL: sendable_us is now */
    struct sending_hours hours;
    gint64 gap_us;        /* 0: none is kept */
    char *held;           /* why it must wait, NULL: nothing holds it */
    struct fact_row *row; /* the facts of now */
};
void pipeline_gate_clear(struct pipeline_gate *gate);

/* Fills *gate for a step's mail; step NULL asks for the hours, the gap and the facts only. */
gboolean pipeline_gate_load(struct store *db, const struct program *program, const struct sequence *sequence,
                            const struct step *step, gint64 account_id, gint64 now_us,
                            struct pipeline_gate *gate, GError **error);

#endif
