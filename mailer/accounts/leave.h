/* Leave: who is away, and who stands in. A leave is set and cancelled by an event (`usher away`). */
#ifndef USHER_ACCOUNTS_LEAVE_H
#define USHER_ACCOUNTS_LEAVE_H

#include "base/config.h"
#include "store/store.h"

/* A specialist's absence as it bears on one instant. */
struct leave_status {
    gint64 until_us;                   /* when it ends, 0: not away */
    const struct specialist *stand_in; /* borrowed from the configuration; NULL: nobody covers */
};

/* Whether the specialist (an id) is away at now_us. Who stands in may be away too: then whoever stands in for
 * them, and nobody where that leads nowhere. */
gboolean leave_status(struct store *db, const struct config *config, const char *specialist, gint64 now_us,
                      struct leave_status *out, GError **error);

/* TRUE when somebody is away at now_us; on an error TRUE, since the closer look will tell. */
gboolean leave_any(struct store *db, gint64 now_us);

/* The id of whoever takes over the tasks of a specialist who is away at now_us; NULL when they are not away
 * or nobody covers. The caller frees. */
gboolean leave_cover(struct store *db, const char *specialist, gint64 now_us, char **cover, GError **error);

#endif
