/* Further projections of state.c: segments, alerts, calls. Inside pipeline/ only. Each reads nothing but the
 * event and the tables it changes. */
#ifndef USHER_PIPELINE_STATE_MORE_H
#define USHER_PIPELINE_STATE_MORE_H

#include "store/journal.h"

/* segment_entered, segment_left, segment_by_rule: the row of segment_member. */
gboolean state_apply_segment(struct store *db, const struct event *event, GError **error);

/* A task that an alert made: its cause counts from now on. Other tasks change nothing. */
gboolean state_apply_alert(struct store *db, const struct event *event, GError **error);

/* A call that was booked, when the event says the time. */
gboolean state_apply_booked(struct store *db, const struct event *event, GError **error);

/* The same one cancelled, declined or moved. Invitations carry no number we keep, so it is the call that
 * starts when the event says, else the next one. */
gboolean state_apply_booking_changed(struct store *db, const struct event *event, GError **error);

/* The last time something of the event's kind happened. */
gboolean state_apply_mark(struct store *db, const struct event *event, GError **error);

#endif
