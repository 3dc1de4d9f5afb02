/* The working queue: the accounts of every programme that still ask for something, with what a specialist
 * should notice about each. What `daily` shows. */
#ifndef USHER_SERVICE_QUEUE_H
#define USHER_SERVICE_QUEUE_H

#include "service/context.h"

/* What a specialist should notice, the most pressing first. */
enum queue_mark {
    QUEUE_UNWRITTEN,   /* its bill renews within two weeks, or has renewed, and nobody has written */
    QUEUE_UNANSWERED,  /* a person's reply waits, and the programme goes on */
    QUEUE_NO_OUTREACH, /* in the programme for a week or longer, and nobody has written */
    QUEUE_TASK_DUE,    /* a task is due today or before */
    QUEUE_STEP_LATE,   /* an email is overdue and waits for a word */
    QUEUE_CHECK_IN,    /* a draft that expires waits for a decision */
    QUEUE_DRAFT,       /* another draft waits */
    QUEUE_HELD,        /* on hold */
    QUEUE_NEW,         /* came within the last week, and nobody has written */
    QUEUE_MARK_COUNT
};
extern const char *const queue_mark_names[QUEUE_MARK_COUNT];

/* The last mail between the team and the account. */
struct queue_mail {
    gint64 at_us;      /* 0: none */
    gboolean incoming; /* the customer's */
    char *what;        /* the step, "by hand", or the class of what came in */
    char *subject;     /* NULL: unknown */
};

/* One enrolment; it owns its strings. NULL and 0 where there is nothing to say. */
struct queue_entry {
    gint64 account_id;
    char *account, *name; /* its key, and the fact `name` */
    char *sequence, *stage;
    const char *stage_title; /* the stage's id where the file has no such stage */
    const struct specialist *owner;
    char *priority; /* by hand, else the fact */
    gboolean has_forecast;
    double forecast_mrr;
    gint64 users;
    char *renewal; /* "2026-12-14" */
    int renewal_days;
    gint64 since_us, engaged_us, last_sent_us;
    gint64 unanswered_us; /* when the reply that waits came */
    char *cancelled;
    struct queue_mail last;
    char *next_step, *next_state;
    gint64 next_us;
    gint64 drafts, draft_id, draft_revision; /* how many wait, and the oldest */
    char *check_in, *check_in_state;         /* the step that expires, and its state */
    gint64 check_in_until_us;                /* while it waits: when it is over */
    gint64 tasks, task_id, task_due_us;      /* how many are open, and the one due first */
    char *task_title, *task_assignee;        /* task_assignee NULL: the owner */
    gint64 note_us;                          /* the newest */
    char *note, *note_by;
    char *ends_at; /* the date by which its programme ends */
    int ends_days;
    guint goals, goals_met;
    char *held;
    gint64 held_until_us;
    gboolean marks[QUEUE_MARK_COUNT];
};
void queue_entry_free(gpointer entry);

/* Which ones; NULL and 0 ask for all. */
struct queue_filter {
    const char *owner; /* a specialist's id */
    const char *stage; /* an id, or a title in any letter case */
    gint64 due_us;     /* a renewal or a task by then */
};

/* struct queue_entry *: the unwritten ones before their renewal first, then by renewal, then those whose date
 * has passed, those without one last. Freed with the array; NULL with error. What is over and asks for
 * nothing is left out. */
GPtrArray *queue_load(struct service *service, const struct queue_filter *filter, gint64 now_us,
                      GError **error);

#endif
