/* Looking ahead: see look.h.
 *
 * What the full look (policy.c) reads, and why a look taken ahead still stands when look_again() says so:
 *
 * - account_facts, enrolment, stage_entry, the account's key, absence, Sales and owner, who wrote last:
 *   account.version is compared; the triggers version_* (schema.c) raise it with each change, and the import
 *   where a source is new to the account, or where one that says the same again is the newest now;
 * - what the pipeline still has to decide: account.dirty and evaluate_at are looked at;
 * - usher.conf, sequences, facts.conf, holidays, templates, findings, the program: look_files is compared
 * with what this process loaded;
 * - now, in rules: they read the local date, and look_until is no later than the account's and the team's
 * midnight;
 * - now, in hours and gap: look_from is after the gap, and until look_until the hours are open;
 * - now, in ages (Max-Age): they only grow, and the text was written for the end of the interval;
 * - now, in a template: a mail that says the time of day is never looked at ahead;
 * - leave of the specialists: while anybody is away the full look is taken;
 * - the message itself: frozen; approving it again clears look_version.
 *
 * Looked at each time: message and step, that nobody has it yet, suppressions, contacts, holds, other mail to
 * the account under way, limits, and the fence of an automatic mail. */
#include "service/look.h"

#include "accounts/leave.h"
#include "base/error.h"
#include "base/zone.h"
#include "compose/draft.h"
#include "inbox/fence.h"
#include "outbox/limits.h"
#include "service/drafting.h"
#include "service/files.h"

#include <string.h>

/* ---- ahead ---- */

static gint32
offset_at(GTimeZone *zone, gint64 us)
{
    return g_time_zone_get_offset(
        zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, us / G_USEC_PER_SEC));
}

/* From when to when the mail may go without anything but the clock having moved; FALSE: not today. */
static gboolean
find_interval(const struct service *s, const struct draft *d, const struct pipeline_gate *gate, gint64 now_us,
              gint64 *from_us, gint64 *until_us)
{
    struct sending_hours hours = gate->hours;
    const struct mailbox *mailbox = config_mailbox(s->config, d->mailbox);
    if (!mailbox || hours.closed || gate->sendable_us == G_MAXINT64 ||
        (mailbox->has_window && !window_meet(&gate->hours.window, &mailbox->window, &hours.window)))
        return FALSE;
    gint64 midnight_us =
        MIN(midnight_after_us(hours.zone, now_us), midnight_after_us(s->config->timezone, now_us));
    *from_us = sending_next_us(&hours, gate->sendable_us, NULL);
    if (*from_us >= midnight_us)
        return FALSE;
    struct civil end = zone_from_utc_us(hours.zone, *from_us);
    if (hours.window.to_minute < 24 * 60) {
        end.hour = hours.window.to_minute / 60;
        end.minute = hours.window.to_minute % 60;
        end.second = 0;
        midnight_us = MIN(midnight_us, zone_to_utc_us(hours.zone, &end));
    }
    *until_us = midnight_us;
    /* Open at both ends of one day's hours is open between; unless the clock is set in between. */
    return *until_us - 1 > *from_us && offset_at(hours.zone, *from_us) == offset_at(hours.zone, *until_us) &&
           sending_next_us(&hours, *until_us - 1, NULL) == *until_us - 1;
}

/* Whether the mail still says what was approved, whenever it goes before until_us. */
static gboolean
look_at_text(struct service *s, const struct draft *d, const struct pipeline_gate *gate, gint64 until_us)
{
    gboolean reads_clock = FALSE;
    struct composer c = {.db = s->db,
                         .config = s->config,
                         .facts = s->program->facts,
                         .row = gate->row,
                         .now_us = until_us - 1,
                         .reads_clock = &reads_clock};
    g_autofree char *difference = NULL;
    g_autoptr(GError) broken = NULL;
    return draft_still_holds(&c, d, &difference, &broken) && !reads_clock;
}

static gboolean
look_at_message(struct service *s, gint64 message_id, gint64 now_us, GError **error)
{
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, message_id, error);
    if (!d)
        return FALSE;
    const struct sequence *seq = program_sequence(s->program, d->sequence);
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    struct pipeline_gate gate;
    gint64 from_us, until_us;
    if (!step || !d->specialist)
        return TRUE;
    if (!pipeline_gate_load(s->db, s->program, seq, step, d->account_id, now_us, &gate, error))
        return FALSE;
    gboolean stands = !gate.held && find_interval(s, d, &gate, now_us, &from_us, &until_us) &&
                      look_at_text(s, d, &gate, until_us);
    pipeline_gate_clear(&gate);
    return !stands ||
           store_exec(
               s->db,
               "UPDATE message SET look_version = (SELECT version FROM account WHERE id = "
               "message.account_id), look_files = ?, look_from = MAX(?, ?), look_until = ? WHERE id = ?",
               error, "tiiii", files_loaded(s->files), from_us, now_us, until_us, message_id);
}

gboolean
look_ahead(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GArray) ids = store_ids(
        s->db,
        "SELECT m.id FROM message m JOIN account a ON a.id = m.account_id WHERE m.account_id = ? AND m.state "
        "= "
        "'queued' AND NOT a.dirty AND (m.look_version IS NOT a.version OR m.look_until <= ?2) AND EXISTS "
        "(SELECT 1 "
        "FROM delivery d WHERE d.message_id = m.id AND d.state = 'queued' AND d.next_at < ?2 + 86400000000)",
        error, "ii", account_id, now_us);
    if (!ids)
        return FALSE;
    if (ids->len == 0 || leave_any(s->db, now_us) || !files_loaded(s->files))
        return TRUE;
    for (guint i = 0; i < ids->len; i++)
        if (!look_at_message(s, g_array_index(ids, gint64, i), now_us, error))
            return FALSE;
    return TRUE;
}

/* ---- again ---- */

/* A queued message whose look stands, and about which nothing is known that the look does not cover: of whom,
 * and from where. */
struct fit {
    gint64 account_id; /* 0: there is none */
    gboolean automatic;
    const struct mailbox *mailbox;
};

static gboolean
find_fit(struct service *s, gint64 message_id, gint64 now_us, const char *files, struct fit *out,
         GError **error)
{
    memset(out, 0, sizeof *out);
    scoped(query_end) struct query *q = store_query(
        s->db,
        "SELECT m.account_id, m.automatic, m.mailbox FROM message m"
        " JOIN account a ON a.id = m.account_id AND a.version = m.look_version AND NOT a.dirty"
        "  AND (a.evaluate_at IS NULL OR a.evaluate_at > ?2)"
        " JOIN step p ON p.account_id = m.account_id AND p.sequence = m.sequence AND p.step = m.step AND"
        "  p.state = 'queued' AND p.message_id = m.id"
        " WHERE m.id = ?1 AND m.state = 'queued' AND ?2 >= m.look_from AND ?2 < m.look_until AND "
        "m.look_files "
        "= ?3"
        " AND NOT EXISTS (SELECT 1 FROM leave l WHERE l.from_at <= ?2 AND l.until_at > ?2)"
        " AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.account_id = m.account_id AND (h.until IS NULL OR "
        "h.until > ?2))"
        " AND NOT EXISTS (SELECT 1 FROM message o JOIN delivery b ON b.message_id = o.id WHERE "
        "o.account_id = "
        "m.account_id AND o.id <> m.id AND (b.state = 'claimed' OR b.state = 'transmitting' OR b.state = "
        "'unknown'))"
        " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_id = m.id AND ((d.state <> 'queued' "
        "AND d.state <> 'deferred' AND d.state <> 'withdrawn')"
        "  OR EXISTS (SELECT 1 FROM suppression WHERE address = d.address)"
        "  OR EXISTS (SELECT 1 FROM suppression WHERE address = substr(d.address, instr(d.address, '@')))"
        "  OR EXISTS (SELECT 1 FROM hold h WHERE h.address = d.address AND (h.until IS NULL OR h.until > "
        "?2))"
        "  OR NOT EXISTS (SELECT 1 FROM contact c WHERE c.account_id = m.account_id AND c.address = "
        "d.address "
        "AND NOT c.absent)))",
        error, "iit", message_id, now_us, files);
    g_autoptr(GError) local = NULL;
    if (q && query_next(q, &local)) {
        out->account_id = query_int(q, "account_id");
        out->automatic = query_int(q, "automatic") != 0;
        out->mailbox = config_mailbox(s->config, query_text(q, "mailbox"));
    }
    return q && error_pass(error, &local);
}

gboolean
look_again(struct service *s, gint64 message_id, gint64 now_us, gboolean *fit, GError **error)
{
    const char *files = files_loaded(s->files);
    struct fit found;
    *fit = FALSE;
    if (!files)
        return TRUE;
    if (!find_fit(s, message_id, now_us, files, &found, error))
        return FALSE;
    if (!found.account_id || !found.mailbox)
        return TRUE;
    gint64 not_before_us;
    g_autofree char *why = NULL;
    g_autofree char *stale = NULL;
    if (!limits_check(s->db, s->config, found.mailbox, message_id, FALSE, now_us, &not_before_us, &why,
                      error))
        return FALSE;
    if (!why && found.automatic)
        stale = fence_refusal(s->db, s->config, found.account_id, found.mailbox->name);
    *fit = !why && !stale;
    return TRUE;
}
