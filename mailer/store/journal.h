/* The journal: everything that happens is an event appended here. Stage, timestamps and schedule follow from
 * it; rows are never updated. Inbox, outbox and the command line record what happened, the pipeline alone
 * decides what it means. */
#ifndef USHER_STORE_JOURNAL_H
#define USHER_STORE_JOURNAL_H

#include "store/store.h"

#include <jansson.h>

struct event {
    gint64 id; /* set by journal_append() */
    gint64 at_us;
    gint64 account_id; /* 0: about no account */
    gint64 cause;      /* id of the event it follows from, 0: none */
    const char *kind;  /* "sent", "replied", "stage_entered"…: see docs/usher-events.7 */
    const char *actor; /* a login name, or "usher" */
    json_t *data;      /* borrowed, NULL means {} */
};

/* A member of the event's data. Borrowed; NULL, or 0, where it has none of that name and type. */
static inline const char *
event_text(const struct event *event, const char *member)
{
    return json_string_value(json_object_get(event->data, member));
}

static inline gint64
event_int(const struct event *event, const char *member)
{
    return json_integer_value(json_object_get(event->data, member));
}

/* Appends *event inside the caller's transaction and sets its id. */
gboolean journal_append(struct store *db, struct event *event, GError **error);

/* Called with every event recorded by inbox, outbox or the command line, inside the transaction that records
 * it: the service hangs the pipeline on it. */
struct event_sink {
    gboolean (*record)(gpointer user, struct store *db, struct event *event, GError **error);
    gpointer user;
};

#endif
