/* Why: what is next for an account in a sequence, or what keeps a step from happening, told by the one thing
 * that decides it, with the mail, act or answer behind that and the command that would change it. Reads only.
 */
#ifndef USHER_SERVICE_WHY_H
#define USHER_SERVICE_WHY_H

#include "service/service.h"

enum why_cause {
    /* about the account */
    WHY_NOT_LOOKED,   /* nothing stands in its way: the service has not looked yet */
    WHY_NOT_ENROLLED, /* the enrol rule is not true */
    WHY_BY_HAND,      /* the sequence has no enrol rule */
    WHY_EXCLUDED,
    WHY_ABSENT,    /* from the last complete import */
    WHY_ELSEWHERE, /* in a sequence that excludes this one */
    WHY_LEFT,
    WHY_CANCELLED,
    WHY_NOTHING_LEFT, /* every step is over, or not for its stage */
    /* about a step that is not due */
    WHY_STAGE,
    WHY_WHEN,
    WHY_UNLESS,
    WHY_NO_DATE,
    WHY_SCHEDULED,
    WHY_WANTED,
    /* about one that is over */
    WHY_SENT,
    WHY_FAILED,
    WHY_REJECTED,
    WHY_STOPPED,
    WHY_EXPIRED,
    WHY_SKIPPED,
    WHY_LATE,
    /* about one that is a task */
    WHY_TASK_OPEN,
    WHY_TASK_DONE,
    /* about one that is due */
    WHY_DRAFT,    /* waits for a specialist */
    WHY_RETURNED, /* was approved, and came back */
    WHY_HOLD,     /* on the account */
    WHY_PERSON_HOLD,
    WHY_UNANSWERED,
    WHY_RULE,    /* hold, cancel or leave */
    WHY_AWAY,    /* the specialist */
    WHY_COMPOSE, /* cannot be composed: a stale or missing fact, a template */
    WHY_NOBODY,  /* nobody is left to write to */
    WHY_WAITING, /* for something else */
    /* about one in the outbox */
    WHY_SENDING,
    WHY_UNKNOWN,
    WHY_UNCLAIMED,
    WHY_MAILBOX,
    WHY_SERVER, /* cannot be used: not reached, not trusted, no password */
    WHY_FENCE,
    WHY_HOURS,
    WHY_HOLIDAY,
    WHY_GAP,
    WHY_CAP,
    WHY_PAUSE,
    WHY_NET, /* deliver_only_to */
    WHY_DEFERRED,
    WHY_READY,
    WHY_CAUSE_COUNT
};
extern const char *const why_cause_names[WHY_CAUSE_COUNT];

struct why {
    const struct step *step; /* what line is about, borrowed; NULL: the account as a whole */
    enum why_cause cause;
    char *line;       /* one sentence */
    char *evidence;   /* the mail, act or answer behind it; NULL: none */
    char *command;    /* what would change it; NULL: no command does */
    char *note;       /* what may make this out of date; NULL: nothing */
    gint64 at_us;     /* when it goes out or is looked at again, 0: nobody knows */
    GPtrArray *rules; /* struct why_line: every rule of the sequence */
    int decides;      /* the one of them that line speaks of, -1: none */
};
void why_free(struct why *why);
SCOPED_FUNC(struct why, why_free)

/* Whether a line speaks of a segment that the enrol rule reads. */
gboolean why_is_about_entry(const struct why *why, const struct why_line *line);

/* step NULL: what is next. key is the account's. NULL only with error. */
struct why *why_make(struct service *service, gint64 account_id, const char *key,
                     const struct sequence *sequence, const struct step *step, gint64 now_us, GError **error);

#endif
