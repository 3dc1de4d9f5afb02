/* Looking ahead: what the service would do if it started now. Worked out on a copy of the database by the
 * very code that sends, so that nothing real changes. */
#ifndef USHER_SERVICE_PLAN_H
#define USHER_SERVICE_PLAN_H

#include "service/service.h"

enum plan_kind {
    PLAN_NOW,     /* goes now, inside caps and hours */
    PLAN_LATER,   /* re-timed */
    PLAN_HELD,    /* waits for something that no clock ends */
    PLAN_ASK,     /* overdue or unknown: a person decides */
    PLAN_EXPIRED, /* will not be sent any more */
    PLAN_KIND_COUNT
};
extern const char *const plan_kind_names[PLAN_KIND_COUNT];

struct plan_line {
    enum plan_kind kind;
    char *account, *step;
    gint64 message_id; /* 0: none yet */
    gint64 at_us;      /* when it goes; 0: unknown */
    char *reason;      /* NULL: nothing to say */
};

/* The lines of the plan, those of one kind together, each kind by time: GPtrArray of struct plan_line, freed
 * by the caller; NULL only with error. */
GPtrArray *plan_make(struct service *service, gint64 now_us, GError **error);

/* When the service last said that it runs; 0: never. */
gint64 plan_last_seen_us(struct service *service, GError **error);

/* Says that the service runs; writes once a minute. */
gboolean plan_heartbeat(struct service *service, gint64 now_us, GError **error);

/* At the start of the service: after more than an hour without it, makes the plan, logs its figures and
 * journals them as `startup_plan`. */
gboolean plan_at_start(struct service *service, gint64 now_us, GError **error);

#endif
