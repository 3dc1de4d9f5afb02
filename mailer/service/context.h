/* What the parts of the service share: configuration, program and database opened together. */
#ifndef USHER_SERVICE_CONTEXT_H
#define USHER_SERVICE_CONTEXT_H

#include "base/config.h"
#include "outbox/ledger.h"
#include "pipeline/engine.h"
#include "store/journal.h"

struct files;
struct finding_files;

struct service {
    struct config *config;
    struct program *program;
    struct store *db;
    gboolean rehearsal;     /* a database of init --rehearsal or --demo */
    struct event_sink sink; /* records an event with all its consequences */
    struct outbox_policy policy;
    struct finding_files *findings; /* of the templates folder; read when a mail first asks */
    struct files *files;            /* what configuration and program were loaded from */
    gint64 cause; /* the event whose consequences are being recorded, 0: none; what is recorded names it */
};

/* Records what the program itself decided about an account, as a consequence of the event whose consequences
 * are being recorded; data is taken over. In the caller's transaction. */
gboolean service_note(struct service *service, gint64 account_id, gint64 now_us, const char *kind,
                      json_t *data, GError **error);

/* Makes a task unless the account has an open one of the same kind and title; inside the caller's
 * transaction. */
gboolean service_task_once(struct service *service, gint64 account_id, gint64 now_us, const char *kind,
                           const char *title, GError **error);

/* The login name of the real user: "who" in the journal. Static. */
const char *service_actor(void);

#endif
