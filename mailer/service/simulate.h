/* The simulator: a copy of the database is played forward on a virtual clock by the very code that runs the
 * service (tick, policy, ledger, intake), over a server that accepts everything. It opens no connection, and
 * the copy has no name any more by the time it is played, so that nothing is left behind however the process
 * ends. Facts stay as they are, and as fresh as they are, for nobody knows what the next import brings. While
 * it runs, clock_now_us() is the virtual clock. */
#ifndef USHER_SERVICE_SIMULATE_H
#define USHER_SERVICE_SIMULATE_H

#include "service/service.h"

enum assumed_kind {
    ASSUMED_REPLY,
    ASSUMED_ANSWER, /* the team answers what came in */
    ASSUMED_BOOKING,
    ASSUMED_BOUNCE, /* of the last mail: its first address is dead */
    ASSUMED_OPT_OUT,
    ASSUMED_KIND_COUNT
};
extern const char *const assumed_kind_names[ASSUMED_KIND_COUNT];

/* Something a simulation takes as given. */
struct assumed {
    enum assumed_kind kind;
    gint64 account_id, at_us;
};

struct simulation {
    gint64 from_us, until_us; /* what is due at until_us belongs to it */
    gint64 account_id;        /* play this one only; 0: all */
    gboolean approve;         /* each draft is approved when it is due; else it waits */
    const char *dirty_of;     /* have every account of this sequence looked at anew; NULL: as at a start */
    GArray *assumed;          /* struct assumed, by time; NULL: nobody does anything */
    struct program *program;  /* instead of the service's; NULL: the service's own */
};

enum simulate_kind {
    SIMULATE_MAIL,    /* goes out */
    SIMULATE_DRAFT,   /* waits for a specialist */
    SIMULATE_STAGE,   /* entered */
    SIMULATE_TASK,    /* made */
    SIMULATE_WAIT,    /* something is held, late, over, or still in the outbox at the end */
    SIMULATE_END,     /* cancelled, or out of the sequence */
    SIMULATE_ASSUMED, /* what was assumed */
    SIMULATE_KIND_COUNT
};
extern const char *const simulate_kind_names[SIMULATE_KIND_COUNT];

/* Strings are NULL where there is nothing to say. */
struct simulate_line {
    enum simulate_kind kind;
    gint64 at_us;
    GTimeZone *zone; /* the account's, borrowed */
    char *account, *sequence, *step;
    char *to;      /* of a mail: the addresses that got it, comma between */
    char *from;    /* of a mail: id of the specialist */
    char *subject; /* of mails and drafts */
    char *text;    /* stage, task, reason */
};

/* Plays it. The lines by time (GPtrArray of struct simulate_line, freed by the caller); NULL only with error.
 */
GPtrArray *simulate_run(struct service *service, const struct simulation *simulation, GError **error);

/* Inside service/: what the journal of the copy says happened after event first_id, and what still lies in
 * the outbox at now_us, appended to lines. */
gboolean simulate_read(struct service *copy, gint64 first_id, gint64 account_id, gint64 now_us,
                       GPtrArray *lines, GError **error);

/* Inside service/: makes what was assumed happen now, in a transaction of its own. uid: a number no earlier
 * one had. *cannot says why it cannot happen (static), NULL when it did. */
gboolean simulate_assume(struct service *copy, const struct assumed *assumed, guint32 uid,
                         const char **cannot, GError **error);

#endif
