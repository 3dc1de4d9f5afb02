/* The drafts that wait for a person, in the order of the work: what `drafts` lists and `review` goes through.
 */
#ifndef USHER_SERVICE_DESK_H
#define USHER_SERVICE_DESK_H

#include "service/context.h"

/* A draft that waits; it owns its strings. Times are 0, strings NULL where there is nothing to say. */
struct desk_draft {
    gint64 id, revision, account_id;
    char *account, *step, *subject, *specialist;
    gboolean changed, edited; /* came back after its approval; a person's words */
    char *reason, *revised_by;
    gint64 created_us, due_us;
    char *renewal;        /* the account's next_renewal, "2026-12-14" */
    char *held;           /* why the account is on hold */
    gint64 held_until_us; /* 0 with held: until released */
    char *first_by;       /* login: approved it, and another person has to */
};

/* Which ones; 0 and NULL ask for all. */
struct desk_filter {
    gint64 account_id;
    const char *specialist; /* id of who it would come from */
    const char *reviewer;   /* login: last what that person passed over, longest ago first */
};

/* struct desk_draft *, soonest renewal first (without one last), then by number. The caller unrefs. */
GPtrArray *desk_load(struct service *service, const struct desk_filter *filter, gint64 now_us,
                     GError **error);

/* Keeps that a person passed a draft over in this revision; its own transaction. */
gboolean desk_pass(struct service *service, const char *reviewer, gint64 draft_id, gint64 revision,
                   GError **error);

/* The revision that person passed over last, 0: never. */
gint64 desk_passed(struct service *service, const char *reviewer, gint64 draft_id);

#endif
