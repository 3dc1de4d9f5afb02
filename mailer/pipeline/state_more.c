/* See state_more.h. */
#include "pipeline/state_more.h"

#include "base/clock.h"

#include <string.h>

/* What a call takes when its invitation does not say: the sessions this programme offers. */
#define CALL_US (30 * CLOCK_MINUTE_US)

gboolean
state_apply_segment(struct store *db, const struct event *e, GError **error)
{
    gboolean entered = strcmp(e->kind, "segment_entered") == 0;
    if (!entered && !event_int(e, "by_hand"))
        return store_exec(db, "DELETE FROM segment_member WHERE account_id = ? AND segment = ?", error, "it",
                          e->account_id, event_text(e, "segment"));
    return store_exec(db,
                      "INSERT INTO segment_member(account_id, segment, member, by_hand, at, entry, why) "
                      "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET member = excluded.member, "
                      "by_hand = excluded.by_hand, at = excluded.at, entry = excluded.entry, why = "
                      "excluded.why",
                      error, "itiiitt", e->account_id, event_text(e, "segment"), (gint64)entered,
                      event_int(e, "by_hand"), e->at_us, event_text(e, "entry"),
                      event_text(e, entered ? "why" : "reason"));
}

gboolean
state_apply_alert(struct store *db, const struct event *e, GError **error)
{
    return !event_text(e, "alert") ||
           store_exec(db,
                      "INSERT INTO alert_cause(account_id, alert, cause, event_id) VALUES(?, ?, ?, ?) ON "
                      "CONFLICT DO NOTHING",
                      error, "itti", e->account_id, event_text(e, "alert"), event_text(e, "alert_cause"),
                      e->id);
}

static gint64
end_of(const struct event *e)
{
    gint64 ends_us = event_int(e, "ends_at"), starts_us = event_int(e, "starts_at");
    return ends_us > starts_us ? ends_us : starts_us + CALL_US;
}

gboolean
state_apply_booked(struct store *db, const struct event *e, GError **error)
{
    return event_int(e, "starts_at") <= 0 ||
           store_exec(db,
                      "INSERT INTO call(account_id, starts_at, ends_at) VALUES(?, ?, ?) ON CONFLICT DO "
                      "NOTHING",
                      error, "iii", e->account_id, event_int(e, "starts_at"), end_of(e));
}

gboolean
state_apply_booking_changed(struct store *db, const struct event *e, GError **error)
{
    static const char next[] =
        "DELETE FROM call WHERE account_id = ?1 AND starts_at = (SELECT MIN(starts_at) "
        "FROM call WHERE account_id = ?1 AND starts_at >= ?2)";
    const char *act = event_text(e, "act");
    gint64 starts_us = event_int(e, "starts_at");
    if (g_strcmp0(act, "moved") == 0) /* from the time of the next one to the time it says */
        return starts_us <= 0 || (store_exec(db, next, error, "ii", e->account_id, e->at_us) &&
                                  state_apply_booked(db, e, error));
    if (g_strcmp0(act, "cancelled") != 0 && g_strcmp0(act, "declined") != 0)
        return TRUE;
    if (starts_us > 0)
        return store_exec(db, "DELETE FROM call WHERE account_id = ? AND starts_at = ?", error, "ii",
                          e->account_id, starts_us);
    return store_exec(db, next, error, "ii", e->account_id, e->at_us);
}

gboolean
state_apply_mark(struct store *db, const struct event *e, GError **error)
{
    return store_exec(db,
                      "INSERT INTO account_mark(account_id, mark, at) VALUES(?, ?, ?) ON CONFLICT DO UPDATE "
                      "SET at = MAX(at, excluded.at)",
                      error, "iti", e->account_id, e->kind, e->at_us);
}
