/* Tasks: what a person has to do, with an assignee and a due date. A task that nobody was given is its
 * account's owner's, whoever that is on the day. Every act is an event; the table `task` follows from them.
 */
#ifndef USHER_SERVICE_TASKS_H
#define USHER_SERVICE_TASKS_H

#include "service/context.h"

struct task {
    gint64 id, account_id;     /* account_id 0: about no account */
    char *account;             /* its key, NULL without */
    char *kind, *title;        /* kind "by_hand": a person made it */
    char *assignee;            /* a specialist's id */
    gboolean given;            /* somebody gave it to the assignee; else it follows from the account */
    gint64 made_us, due_us;    /* due 0: at no particular time */
    gint64 event_id, cause;    /* the event that made it, the event it is about (0: none) */
    gint64 done_us;            /* 0: open */
    char *done_by, *done_note; /* done_note NULL: none */
};
void task_free(gpointer task);

struct task_filter {
    gint64 account_id;    /* 0: any */
    gint64 id;            /* 0: any */
    const char *assignee; /* a specialist's id, NULL: anybody */
    gint64 due_before_us; /* 0: whenever */
    gboolean done;        /* those that are done, too */
};

/* The tasks that pass the filter, soonest due first: struct task, freed with the array. NULL with error. */
GPtrArray *tasks_list(struct service *service, const struct task_filter *filter, GError **error);

struct task_request {
    gint64 account_id; /* 0: none */
    gint64 cause;      /* the event it is about; 0: none */
    const char *kind, *title;
    const char *assignee; /* a specialist's id, NULL: the account's owner */
    gint64 due_us;
    const char *actor;
};

/* Makes a task inside the caller's transaction; *made (may be NULL) tells whether. There is one of a kind for
 * a cause, even when it is done; without a cause, while one of the same kind and title is open there is no
 * second. */
gboolean tasks_make(struct service *service, const struct task_request *request, gint64 now_us,
                    gboolean *made, GError **error);

/* The acts on a task, each a transaction of its own. */
gboolean tasks_finish(struct service *service, const struct task *task, const char *note, GError **error);
gboolean tasks_snooze(struct service *service, const struct task *task, gint64 due_us, GError **error);
gboolean tasks_assign(struct service *service, const struct task *task, const char *assignee, GError **error);

/* The specialist called word: an id, an address, a name or a login, in any letter case. NULL: none. */
const struct specialist *tasks_specialist(const struct config *config, const char *word);

#endif
