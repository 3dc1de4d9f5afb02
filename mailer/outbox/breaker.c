/* See breaker.h.
 *
 *   sending ──answer about the mailbox, too many lost──▶ stopped ──a person, a new set-up──▶ sending
 *                                                          │    ▲
 *                                      quota, rate: pause ─▶ one mail ──refused again (longer pause)
 *                                                              └──went through──▶ sending */
#include "outbox/breaker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "outbox/ledger_parts.h"

#include <string.h>

#define RATE_PAUSE_US (5 * CLOCK_MINUTE_US)
#define QUOTA_PAUSE_US CLOCK_HOUR_US
#define LONGEST_PAUSE_US (4 * CLOCK_HOUR_US)

const char *const stop_kind_names[STOP_KIND_COUNT] = {
    [STOP_NONE] = "none",   [STOP_LOGIN] = "login", [STOP_SENDER] = "sender",   [STOP_CONTENT] = "content",
    [STOP_QUOTA] = "quota", [STOP_RATE] = "rate",   [STOP_BREAKER] = "breaker",
};

void
breaker_stop_clear(struct mailbox_stop *stop)
{
    g_clear_pointer(&stop->text, g_free);
}

/* ---- judging an answer ---- */

static gboolean
is_one_of(const char *status, const char *const *list)
{
    return status && g_strv_contains(list, status);
}

static gboolean
says_any(const char *text, const char *const *words)
{
    g_autofree char *folded = g_ascii_strdown(text ? text : "", -1);
    for (; *words; words++)
        if (strstr(folded, *words))
            return TRUE;
    return FALSE;
}

/* Status codes that speak of the sender's own account whatever command they answer. */
static enum stop_kind
judge_status(const struct smtp_outcome *o)
{
    static const char *const login[] = {"5.7.3",  "5.7.8",  "5.7.9",  "5.7.11",
                                        "5.7.14", "5.7.30", "5.7.57", NULL};
    static const char *const sender[] = {"5.1.8", "5.1.7", "5.2.252", "5.7.60", NULL};
    static const char *const quota[] = {"5.4.5", "5.1.90", "4.4.5", NULL};
    static const char *const rate[] = {"4.7.27", "4.7.28", "4.7.32", NULL};
    static const char *const quota_words[] = {
        "daily sending quota",    "daily user sending limit", "submission quota", "sending limit",
        "outgoing message limit", "exceeded the daily limit", "sending quota",    NULL};
    static const char *const rate_words[] = {"too many messages", "rate limit",   "sending rate",
                                             "too fast",          "unusual rate", NULL};
    /* 5.2.x is the recipient's mailbox, whatever words stand beside it. */
    gboolean recipients_own =
        o->enhanced && (g_str_has_prefix(o->enhanced + 1, ".2.")) && strcmp(o->enhanced, "5.2.252") != 0;
    if (is_one_of(o->enhanced, login))
        return STOP_LOGIN;
    if (is_one_of(o->enhanced, sender))
        return STOP_SENDER;
    if (is_one_of(o->enhanced, quota) || (!recipients_own && says_any(o->text, quota_words)))
        return STOP_QUOTA;
    if (o->enhanced && g_str_has_prefix(o->enhanced, "5.7.7") && strlen(o->enhanced) == 7)
        return STOP_QUOTA; /* 5.7.705, 5.7.708, 5.7.750: the tenant's own limits */
    if (o->code == 421 || is_one_of(o->enhanced, rate) ||
        (o->code < 500 && !recipients_own && says_any(o->text, rate_words)))
        return STOP_RATE;
    return STOP_NONE;
}

enum stop_kind
breaker_judge(const struct smtp_outcome *o)
{
    if ((o->verdict != SMTP_REFUSED && o->verdict != SMTP_DEFERRED) || o->code == 0)
        return STOP_NONE;
    enum stop_kind kind = judge_status(o);
    if (kind != STOP_NONE)
        return kind;
    const char *status = o->enhanced ? o->enhanced : "";
    gboolean of_message = o->code == 552 || g_str_has_prefix(status + (*status ? 1 : 0), ".6.") ||
                          strcmp(status, "5.3.4") == 0 || strcmp(status, "5.2.3") == 0;
    switch (o->about) {
    case SMTP_ABOUT_SENDER:
        return of_message ? STOP_NONE : o->code < 500 ? STOP_RATE : STOP_SENDER;
    case SMTP_ABOUT_MESSAGE:
        if (g_str_has_prefix(status, "4.7."))
            return STOP_RATE;
        return g_str_has_prefix(status, "5.7.") ? STOP_CONTENT : STOP_NONE;
    case SMTP_ABOUT_RECIPIENT:
    case SMTP_ABOUT_NOTHING:
        break;
    }
    return STOP_NONE;
}

static gboolean
passes_by_itself(enum stop_kind kind)
{
    switch (kind) {
    case STOP_QUOTA:
    case STOP_RATE:
        return TRUE;
    case STOP_NONE:
    case STOP_LOGIN:
    case STOP_SENDER:
    case STOP_CONTENT:
    case STOP_BREAKER:
    case STOP_KIND_COUNT:
        break;
    }
    return FALSE;
}

/* What the task and the line say. Static. */
static const char *
kind_says(enum stop_kind kind)
{
    switch (kind) {
    case STOP_LOGIN:
        return "the server refuses the login";
    case STOP_SENDER:
        return "the server does not let this sender write";
    case STOP_CONTENT:
        return "the server's policy refuses what is sent";
    case STOP_QUOTA:
        return "the server says that too much was sent";
    case STOP_RATE:
        return "the server puts off everything for the time being";
    case STOP_BREAKER:
        return "too many mails came to nothing";
    case STOP_NONE:
    case STOP_KIND_COUNT:
        break;
    }
    return "stopped";
}

/* ---- the stop ---- */

gboolean
breaker_load(struct store *db, const char *mailbox, struct mailbox_stop *out, GError **error)
{
    memset(out, 0, sizeof *out);
    scoped(query_end) struct query *q =
        store_query(db, "SELECT kind, since, probe_at, code, text FROM mailbox_stop WHERE mailbox = ?", error,
                    "t", mailbox);
    g_autoptr(GError) local = NULL;
    if (q && query_next(q, &local)) {
        out->kind = STOP_BREAKER;
        for (int i = 0; i < STOP_KIND_COUNT; i++)
            if (strcmp(stop_kind_names[i], query_text(q, "kind")) == 0)
                out->kind = (enum stop_kind)i;
        out->since_us = query_int(q, "since");
        out->probe_us = query_int(q, "probe_at");
        out->code = (int)query_int(q, "code");
        out->text = query_dup_text(q, "text");
    }
    return q && error_pass(error, &local);
}

/* About no account: the mailbox is everybody's. */
static gboolean
tell(struct ledger *l, const char *kind, const char *actor, json_t *data, gint64 now_us, GError **error)
{
    json_object_set_new(data, "mailbox", json_string(l->mailbox->name));
    struct event event = {.at_us = now_us, .kind = kind, .actor = actor, .data = data};
    gboolean ok = l->policy->sink.record(l->policy->sink.user, l->db, &event, error);
    json_decref(data);
    return ok;
}

static char *
task_title(const struct ledger *l)
{
    return g_strdup_printf("Mailbox %s sends nothing until this is mended; then `usher outbox --resume %s`",
                           l->mailbox->name, l->mailbox->name);
}

static const char *
keeper_of(const struct ledger *l)
{
    for (guint i = 0; i < l->config->specialists->len; i++) {
        const struct specialist *who = l->config->specialists->pdata[i];
        if (who->mailbox == l->mailbox)
            return who->id;
    }
    return l->config->failsafe;
}

static gint64
pause_us(enum stop_kind kind, gint64 probes)
{
    gint64 us = kind == STOP_QUOTA ? QUOTA_PAUSE_US : RATE_PAUSE_US;
    for (gint64 i = 0; i < probes && us < LONGEST_PAUSE_US; i++)
        us *= 2;
    return MIN(us, LONGEST_PAUSE_US);
}

gboolean
breaker_stop(struct ledger *l, enum stop_kind kind, const struct smtp_outcome *o, const char *host,
             gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 probes = store_int(l->db, "SELECT probes FROM mailbox_stop WHERE mailbox = ?", -1, &local, "t",
                              l->mailbox->name);
    if (!error_pass(error, &local))
        return FALSE;
    gint64 probe_us = passes_by_itself(kind) ? now_us + pause_us(kind, probes + 1) : 0;
    if (!store_exec(
            l->db,
            "INSERT INTO mailbox_stop(mailbox, kind, since, probe_at, setup, code, enhanced, text, host)"
            " VALUES(?, ?, ?, NULLIF(?, 0), ?, NULLIF(?, 0), ?, ?, ?) ON CONFLICT DO UPDATE SET kind = "
            "excluded.kind, probe_at = excluded.probe_at, setup = excluded.setup, code = excluded.code, "
            "enhanced = excluded.enhanced, text = excluded.text, host = excluded.host, probes = probes + 1",
            error, "ttiitittt", l->mailbox->name, stop_kind_names[kind], now_us, probe_us,
            l->setup ? l->setup : "", (gint64)o->code, o->enhanced, o->text, host))
        return FALSE;
    if (probes >= 0)
        return TRUE;
    g_autofree char *title = task_title(l);
    return tell(l, "mailbox_stopped", "usher",
                json_pack("{s:s, s:i, s:s?, s:s?, s:s?, s:b}", "kind", stop_kind_names[kind], "code", o->code,
                          "status", o->enhanced, "text", o->text, "host", host, "passes", probe_us != 0),
                now_us, error) &&
           tell(l, "task_made", "usher",
                json_pack("{s:s, s:s, s:s?, s:s, s:I}", "task", "mailbox_stopped", "title", title, "assignee",
                          keeper_of(l), "about", kind_says(kind), "due_at", (json_int_t)now_us),
                now_us, error);
}

gboolean
breaker_release(struct ledger *l, const char *actor, const char *why, gint64 now_us, gboolean *was,
                GError **error)
{
    if (!store_exec(l->db, "DELETE FROM mailbox_stop WHERE mailbox = ?", error, "t", l->mailbox->name))
        return FALSE;
    *was = store_changes(l->db) > 0;
    if (!*was)
        return TRUE;
    g_autofree char *title = task_title(l);
    /* What came back before is known by now: the breaker counts from here. */
    g_autofree char *key = g_strconcat("breaker_since_", l->mailbox->name, NULL);
    g_autofree char *since = g_strdup_printf("%" G_GINT64_FORMAT, now_us);
    return store_set_meta(l->db, key, since, error) &&
           tell(l, "mailbox_released", actor, json_pack("{s:s}", "why", why), now_us, error) &&
           tell(l, "task_over", actor, json_pack("{s:s, s:s}", "task", "mailbox_stopped", "title", title),
                now_us, error);
}

gboolean
breaker_passed(struct ledger *l, gint64 now_us, GError **error)
{
    scoped(breaker_stop_clear) struct mailbox_stop stop = {0};
    gboolean was;
    if (!breaker_load(l->db, l->mailbox->name, &stop, error))
        return FALSE;
    return !stop.probe_us || breaker_release(l, "usher", "a mail went through again", now_us, &was, error);
}

/* ---- the circuit breaker ---- */

/* What came to nothing in the last hour, since the last release: mails that were returned or refused, and
 * mails that no usable answer came for and no evidence settled. FALSE with error. */
static gboolean
count_lost(struct ledger *l, gint64 since_us, gint64 *returned, gint64 *unanswered, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        l->db,
        "SELECT (SELECT COUNT(DISTINCT (e.data ->> 'message') || ' ' || (e.data ->> 'address')) FROM "
        "standing_event e JOIN message m ON m.id = e.data ->> 'message' WHERE e.kind = 'bounced' AND "
        "e.at > ?1 AND m.mailbox = ?2) AS returned, (SELECT COUNT(*) FROM delivery WHERE mailbox = ?2 AND "
        "at > ?1 AND state = 'unknown'" LEDGER_BUSY ") AS unanswered",
        error, "it", since_us, l->mailbox->name);
    if (!q || !query_next(q, error))
        return FALSE;
    *returned = query_int(q, "returned");
    *unanswered = query_int(q, "unanswered");
    return TRUE;
}

static gboolean
look_at_breaker(struct ledger *l, gint64 now_us, gboolean *trips, GError **error)
{
    const struct breaker_setting *setting = &l->config->breaker;
    *trips = FALSE;
    if (setting->returned <= 0)
        return TRUE;
    g_autofree char *key = g_strconcat("breaker_since_", l->mailbox->name, NULL);
    g_autofree char *text = store_meta(l->db, key, NULL);
    gint64 since_us = MAX(now_us - CLOCK_HOUR_US, text ? g_ascii_strtoll(text, NULL, 10) : 0), returned,
           unanswered;
    if (!count_lost(l, since_us, &returned, &unanswered, error))
        return FALSE;
    gint64 lost = returned + unanswered;
    if (lost < setting->returned) /* as nearly always: the rest need not be counted */
        return TRUE;
    g_autoptr(GError) local = NULL;
    gint64 went = store_int(
        l->db,
        "SELECT COUNT(*) FROM delivery_move v JOIN delivery d ON d.id = v.delivery_id WHERE v.at > ? "
        "AND v.to_state IN ('sent', 'refused') AND d.mailbox = ?",
        0, &local, "it", since_us, l->mailbox->name);
    if (!error_pass(error, &local))
        return FALSE;
    went = MAX(went + unanswered, lost);
    *trips = lost * 100 >= went * setting->share;
    if (!*trips)
        return TRUE;
    g_autofree char *said =
        g_strdup_printf("of %d mails in an hour %d were returned or refused, and %d never answered for",
                        (int)went, (int)returned, (int)unanswered);
    const struct smtp_outcome outcome = {.text = said};
    return breaker_stop(l, STOP_BREAKER, &outcome, NULL, now_us, error);
}

gboolean
breaker_gate(struct ledger *l, guint *limit, gint64 now_us, GError **error)
{
    scoped(breaker_stop_clear) struct mailbox_stop stop = {0};
    gboolean trips, was;
    g_autofree char *unclaimed = store_meta(l->db, "unclaimed", NULL);
    if (unclaimed) {
        *limit = 0;
        return TRUE;
    }
    if (!breaker_load(l->db, l->mailbox->name, &stop, error))
        return FALSE;
    if (stop.kind != STOP_NONE) {
        g_autofree char *setup = store_text(l->db, "SELECT setup FROM mailbox_stop WHERE mailbox = ?", error,
                                            "t", l->mailbox->name);
        if (!setup)
            return FALSE;
        if (l->setup && strcmp(setup, l->setup) != 0 && stop.kind != STOP_BREAKER)
            return breaker_release(l, "usher", "the mailbox was set up anew", now_us, &was, error);
        *limit = stop.probe_us && stop.probe_us <= now_us ? 1 : 0;
        return TRUE;
    }
    if (!look_at_breaker(l, now_us, &trips, error))
        return FALSE;
    if (trips)
        *limit = 0;
    return TRUE;
}

/* ---- for people ---- */

char *
breaker_line(struct store *db, const struct config *config, const char *mailbox, GError **error)
{
    scoped(breaker_stop_clear) struct mailbox_stop stop = {0};
    if (!breaker_load(db, mailbox, &stop, error) || stop.kind == STOP_NONE)
        return NULL;
    g_autofree char *since = zone_format(config->timezone, stop.since_us);
    g_autofree char *probe = stop.probe_us ? zone_format(config->timezone, stop.probe_us) : NULL;
    g_autofree char *code = stop.code ? g_strdup_printf("%d ", stop.code) : g_strdup("");
    since[16] = '\0';
    if (probe)
        probe[16] = '\0';
    g_autofree char *next = probe ? g_strconcat(probe, ", ", NULL) : g_strdup("");
    return g_strdup_printf(
        "mailbox %s sends nothing since %s: %s%s%s%s%s; %s%s`usher outbox --resume %s` lets it go on",
        mailbox, since, kind_says(stop.kind), stop.text ? " (" : "", stop.text ? code : "",
        stop.text ? stop.text : "", stop.text ? ")" : "", probe ? "one mail is tried at " : "", next,
        mailbox);
}

char *
breaker_setup(const struct mailbox *m, const char *password)
{
    g_autofree char *text =
        g_strdup_printf("%s\n%u\n%d\n%s\n%s\n%s\n%s", m->smtp.host, m->smtp.port, (int)m->smtp.security,
                        m->user ? m->user : "", m->tls_name ? m->tls_name : "", m->ca_file ? m->ca_file : "",
                        password ? password : "");
    char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    explicit_bzero(text, strlen(text));
    return hash;
}
