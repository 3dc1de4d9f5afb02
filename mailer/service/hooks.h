/* Hooks: programs of the team that are told of events, one JSON object on their standard input (usher.conf(5)
 * names the events). Events are taken from the journal, so whoever records one never waits for a hook.
 *
 * For each hook: in order, at least once (the object's id tells doubles), from the moment the service first
 * saw it configured. An event that a hook refuses is tried again with growing pauses, a last time a day after
 * it was queued; then it is put aside as failed, a task tells of it, and the next one has its turn. */
#ifndef USHER_SERVICE_HOOKS_H
#define USHER_SERVICE_HOOKS_H

#include "service/context.h"

/* Notes the hooks that are configured now, and drops what is queued for those that no longer are. Call at the
 * start of the service, in no transaction. */
gboolean hooks_register(struct service *service, gint64 now_us, GError **error);

/* Queues what has happened and runs what is due, until nothing is, or *stop (may be NULL) is set. problem()
 * (may be NULL) is told of each run that failed, with user. FALSE with error only when the database fails. */
gboolean hooks_work(struct service *service, const volatile gboolean *stop,
                    void (*problem)(const struct hook *hook, const GError *error, gpointer user),
                    gpointer user, GError **error);

/* Queues the failed events of a hook again; *count (may be NULL) tells how many. */
gboolean hooks_retry(struct service *service, const char *name, gint64 now_us, gint64 *count, GError **error);

/* The event as a hook gets it; NULL with error. The caller frees with json_decref(). */
json_t *hooks_payload(struct service *service, const char *event_name, gint64 event_id, GError **error);

/* "reply, task": the events that start the hook. The caller frees. */
char *hook_describe(const struct hook *hook);

#endif
