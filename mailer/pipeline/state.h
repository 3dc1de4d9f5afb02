/* The pipeline's current state: a projection of the journal. state_record() is the only way to change it, so
 * replaying the journal through state_apply() gives the same tables. */
#ifndef USHER_PIPELINE_STATE_H
#define USHER_PIPELINE_STATE_H

#include "pipeline/sequence.h"
#include "store/journal.h"

/* Where a step of an account stands. */
enum step_state {
    STEP_IDLE,      /* its conditions do not hold */
    STEP_SCHEDULED, /* automatic: will be due at due_at */
    STEP_WAITING,   /* due, but something holds it */
    STEP_LATE,      /* due too long ago: a person decides */
    STEP_WANTED,    /* to be composed now */
    STEP_DRAFTED,   /* a draft waits for a specialist */
    STEP_QUEUED,    /* approved, in the outbox */
    STEP_SENT,
    STEP_FAILED, /* every To recipient was refused */
    STEP_REJECTED,
    STEP_STOPPED,
    STEP_EXPIRED,
    STEP_SKIPPED,
    STEP_CANCELLED,
    STEP_OPEN, /* a task: made, and waits for a person */
    STEP_DONE, /* a task: a person did it */
    STEP_STATE_COUNT
};
extern const char *const step_state_names[STEP_STATE_COUNT];
/* What the reason of a step begins with that waits because its mail cannot be written. */
#define STEP_UNCOMPOSED "cannot be composed: "
enum step_state step_state_parse(const char *name);

/* TRUE for the states that nothing but a person's act leaves. */
gboolean step_state_is_final(enum step_state state);

/* TRUE for the states of a step that is still to happen. */
gboolean step_state_is_open(enum step_state state);

struct step_status {
    enum step_state state;
    gint64 due_us, released_us, message_id; /* 0: none */
    gint64 task_event;                      /* the event that made its task, 0: none */
    char *reason;
};

struct enrolment {
    char *sequence, *stage, *cancelled;
    gboolean active, by_hand, ended; /* ended: in a final stage */
    gint64 since_us, engaged_us, replied_us, answered_us, payment_mail_us, last_sent_us; /* 0: never */
    gint64 ended_us; /* when it ended or was left; 0 while it is active */
    int extension_days;
};

void enrolment_free(struct enrolment *enrolment);
SCOPED_FUNC(struct enrolment, enrolment_free)

/* Whether a goal of an account was reached. */
struct goal_status {
    gboolean known, met, by_hand; /* known: somebody or its rule has decided */
    gint64 at_us;
    char *actor;
};

/* Fills *out (the caller frees out->actor). FALSE only with error. */
gboolean goal_status_load(struct store *db, gint64 account_id, const char *sequence, const char *goal,
                          struct goal_status *out, GError **error);

/* The enrolment of an account in a sequence, NULL when it never was (no error then). The caller frees. */
struct enrolment *enrolment_load(struct store *db, gint64 account_id, const char *sequence, GError **error);

/* Appends the event to the journal and applies it, inside the caller's transaction. */
gboolean state_record(struct store *db, struct event *event, GError **error);

/* The same for the kinds of state_programme.c. Inside pipeline/ only. */
gboolean state_apply_programme(struct store *db, const struct event *event, GError **error);

/* Applies an event that is already in the journal. Kinds without state are fine. */
gboolean state_apply(struct store *db, const struct event *event, GError **error);

#endif
