/* The place where the modules meet: configuration, program and database opened together, and what follows
 * from an event. */
#ifndef USHER_SERVICE_SERVICE_H
#define USHER_SERVICE_SERVICE_H

#include "service/context.h"

/* Opens everything at config_path. USHER_ERROR_CONFIG, USHER_ERROR_NO_INPUT as the parts say; a rehearsal
 * database whose servers are not on loopback is refused. */
struct service *service_open(const char *config_path, GError **error);
void service_close(struct service *service);
SCOPED_FUNC(struct service, service_close)

/* *copy becomes a service over another database with the configuration and program of service: for looking
 * ahead. Both stay the caller's; never pass it to service_close(). */
void service_share(struct service *copy, const struct service *service, struct store *db);

/* Records an event (journal, state, transitions), lets the account's pipeline follow and withdraws mail that
 * is no longer wanted, inside the caller's transaction. */
gboolean service_record(struct service *service, struct event *event, GError **error);

/* service_record() of an act by a person, in a transaction of its own. data is taken over. */
gboolean service_act(struct service *service, gint64 account_id, const char *kind, const char *actor,
                     json_t *data, GError **error);

/* Brings an account up to now, inside the caller's transaction: pipeline, withdrawals, and the mails that
 * must be composed. */
gboolean service_advance(struct service *service, gint64 account_id, gint64 now_us, GError **error);

#endif
