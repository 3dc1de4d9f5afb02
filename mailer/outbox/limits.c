/* Counting before a mail may leave: see limits.h. Nothing is kept in memory: the ledger is the count, so a
 * restart neither forgets nor repeats. A day is one of the team's zone, an hour the last sixty minutes. */
#include "outbox/limits.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"

#include <string.h>

/* The condition of the index delivery_recent, word for word. */
#define COUNTED                                                                                              \
    " AND (d.state = 'claimed' OR d.state = 'transmitting' OR d.state = 'sent' OR d.state = 'unknown')"

gboolean
limits_allow_address(const struct config *config, const char *address)
{
    if (!config->deliver_only_to || !*config->deliver_only_to)
        return TRUE;
    const char *target = config->redirect_all_to ? config->redirect_all_to : address;
    g_autofree char *folded = text_fold_address(target);
    const char *at = strrchr(folded, '@');
    return g_strv_contains((const char *const *)config->deliver_only_to, folded) ||
           (at && g_strv_contains((const char *const *)config->deliver_only_to, at + 1));
}

static gboolean
check_allowed(struct store *db, const struct config *config, gint64 message_id, char **reason, GError **error)
{
    if (!*config->deliver_only_to)
        return TRUE;
    scoped(query_end) struct query *q = store_query(
        db, "SELECT address FROM delivery WHERE message_id = ? AND state IN ('queued', 'deferred')", error,
        "i", message_id);
    g_autoptr(GError) local = NULL;
    while (q && !*reason && query_next(q, &local))
        if (!limits_allow_address(config, query_text(q, "address")))
            *reason = g_strdup_printf("deliver_only_to does not allow %s", query_text(q, "address"));
    return q && error_pass(error, &local);
}

/* Counts messages that left (or may have) since the team's midnight, all of them or those of one mailbox. */
static gboolean
check_day(struct store *db, const struct config *config, const struct mailbox *mailbox, guint max,
          gint64 message_id, gint64 now_us, gint64 *not_before_us, char **reason, GError **error)
{
    struct civil day = zone_from_utc_us(config->timezone, now_us);
    g_autoptr(GError) local = NULL;
    if (!max)
        return TRUE;
    day.hour = day.minute = day.second = 0;
    day.has_time = FALSE;
    gint64 count = store_int(
        db,
        "SELECT COUNT(DISTINCT d.message_id) FROM delivery d WHERE d.at >= ?1 AND (?2 IS "
        "NULL OR d.mailbox = ?2) AND d.message_id <> ?3" COUNTED,
        0, &local, "iti", zone_to_utc_us(config->timezone, &day), mailbox ? mailbox->name : NULL, message_id);
    if (!error_pass(error, &local))
        return FALSE;
    if (count < max)
        return TRUE;
    civil_add_days(&day, 1);
    *not_before_us = zone_to_utc_us(config->timezone, &day);
    *reason = mailbox ? g_strdup_printf("cap: mailbox %s has sent its %u mails of the day (daily_max)",
                                        mailbox->name, max)
                      : g_strdup_printf("cap: the service has sent its %u mails of the day (daily_max)", max);
    return TRUE;
}

/* For each domain of the message: when the max-th last mail to it is an hour old. */
static gboolean
check_domains(struct store *db, const struct config *config, gint64 message_id, gint64 now_us,
              gint64 *not_before_us, char **reason, GError **error)
{
    if (!config->domain_hourly_max)
        return TRUE;
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT DISTINCT substr(address, instr(address, '@') + 1) AS domain FROM delivery WHERE message_id = "
        "? AND state IN ('queued', 'deferred')",
        error, "i", message_id);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        gint64 at_us =
            store_int(db,
                      "SELECT MAX(d.at) AS at FROM delivery d WHERE d.at > ? AND substr(d.address, "
                      "instr(d.address, '@') + 1) = ? AND d.message_id <> ?" COUNTED
                      " GROUP BY d.message_id ORDER BY at DESC LIMIT 1 OFFSET ?",
                      0, &local, "itii", now_us - CLOCK_HOUR_US, query_text(q, "domain"), message_id,
                      (gint64)config->domain_hourly_max - 1);
        if (local)
            break;
        if (at_us && at_us + CLOCK_HOUR_US > *not_before_us) {
            *not_before_us = at_us + CLOCK_HOUR_US;
            g_free(*reason);
            *reason = g_strdup_printf("cap: %u mails went to %s within the hour (domain_hourly_max)",
                                      config->domain_hourly_max, query_text(q, "domain"));
        }
    }
    return q && error_pass(error, &local);
}

/* The pause after a mail, from min_us to max_us, by chance; but always the same after the same mail. In a
 * rehearsal USHER_SEED sets another chance. */
static gboolean
pause_after(struct store *db, const struct mailbox *mailbox, gint64 message_id, gint64 *pause_us,
            GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *rehearsal = store_meta(db, "rehearsal", &local);
    g_autofree char *secret = local ? NULL : store_meta(db, "secret", &local);
    if (!error_pass(error, &local))
        return FALSE;
    const char *seed = rehearsal ? g_getenv("USHER_SEED") : NULL;
    if (!seed)
        seed = secret ? secret : "";
    g_autofree char *what = g_strdup_printf("spacing %s %" G_GINT64_FORMAT, mailbox->name, message_id);
    g_autofree char *hash = text_keyed_hash(seed, what, 13);
    guint64 chance = g_ascii_strtoull(hash, NULL, 16),
            width = (guint64)(mailbox->spacing.max_us - mailbox->spacing.min_us);
    *pause_us = mailbox->spacing.min_us + (gint64)(chance % (width + 1));
    return TRUE;
}

static gboolean
check_spacing(struct store *db, const struct mailbox *mailbox, gint64 message_id, gint64 now_us,
              gint64 *not_before_us, char **reason, GError **error)
{
    gint64 last_id, last_us, pause_us;
    if (!mailbox->spacing.max_us)
        return TRUE;
    {
        /* A mail in the future is one from before the clock was set back: no reason to wait for it. */
        scoped(query_end) struct query *q = store_query(
            db,
            "SELECT d.message_id, d.at FROM delivery d WHERE d.at BETWEEN ? AND ? AND d.mailbox = ? AND "
            "d.message_id <> ?" COUNTED " ORDER BY d.at DESC, d.message_id DESC LIMIT 1",
            error, "iiti", now_us - mailbox->spacing.max_us, now_us, mailbox->name, message_id);
        g_autoptr(GError) local = NULL;
        if (!q || !query_next(q, &local)) {
            return q && error_pass(error, &local);
        }
        last_id = query_int(q, "message_id");
        last_us = query_int(q, "at");
    }
    if (!pause_after(db, mailbox, last_id, &pause_us, error))
        return FALSE;
    if (last_us + pause_us > now_us) {
        *not_before_us = last_us + pause_us;
        *reason = g_strdup_printf("spacing: mailbox %s pauses between two mails", mailbox->name);
    }
    return TRUE;
}

gboolean
limits_check(struct store *db, const struct config *config, const struct mailbox *mailbox, gint64 message_id,
             gboolean begun, gint64 now_us, gint64 *not_before_us, char **reason, GError **error)
{
    *not_before_us = 0;
    *reason = NULL;
    if (!check_allowed(db, config, message_id, reason, error))
        return FALSE;
    if (*reason)
        *not_before_us = now_us + CLOCK_HOUR_US;
    return *reason ||
           ((begun ||
             (check_day(db, config, NULL, config->daily_max, message_id, now_us, not_before_us, reason,
                        error) &&
              (*reason || check_day(db, config, mailbox, mailbox->daily_max, message_id, now_us,
                                    not_before_us, reason, error)) &&
              (*reason || check_domains(db, config, message_id, now_us, not_before_us, reason, error)))) &&
            (*reason || check_spacing(db, mailbox, message_id, now_us, not_before_us, reason, error)));
}
