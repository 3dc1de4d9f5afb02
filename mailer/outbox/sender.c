/* The ledger's transitions hung on the SMTP client's callbacks:
 *
 *   next:  results so far + claim of a group, one transaction
 *   begin: transmitting + the last answer as evidence, one transaction; when something else than acceptance,
 * or an old answer, waits to be settled: all results so far + transmitting done:  the outcome is kept in
 * memory
 *
 * so that a crash leaves at most one message unknown, and what follows from an acceptance (stage, journal,
 * steps), which is most of the work, is committed for a group at once. Nothing here decides; it only keeps
 * the order. */
#include "outbox/sender.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/secret.h"
#include "base/stop.h"
#include "outbox/breaker.h"

#include <string.h>

#define GROUP 20u
#define SETTLE_WITHIN_US (CLOCK_SECOND_US / 10)

/* An outcome that waits to be settled. */
struct result {
    struct claim *claim;
    struct smtp_outcome *outcomes;
    gint64 at_us, monotonic_us;
    gboolean sent, noted; /* accepted for every recipient; and ledger_note_sent() was committed */
};

struct session {
    struct ledger *ledger;
    const volatile gboolean *stop;
    GQueue claims;  /* struct claim *, not yet given out */
    GQueue results; /* struct result * */
    struct smtp_mail mail;
    char **recipients;
    struct sender_report *report;
    gboolean stopped; /* an answer was about the mailbox: nothing more is tried */
    GError *error;    /* of the database: ends the session */
    char *problem;    /* why the server could not be used */
};

void
sender_report_clear(struct sender_report *report)
{
    g_clear_pointer(&report->problem, g_free);
}

static void
result_free(gpointer data)
{
    struct result *r = data;
    for (guint i = 0; i < r->claim->addresses->len; i++) {
        g_free((char *)(gsize)r->outcomes[i].enhanced);
        g_free((char *)(gsize)r->outcomes[i].text);
    }
    g_free(r->outcomes);
    claim_free(r->claim);
    g_free(r);
}

/* Settles everything kept, inside the caller's transaction. */
static gboolean
settle_results(struct session *s, GError **error)
{
    for (GList *l = s->results.head; l; l = l->next) {
        struct result *r = l->data;
        if (!ledger_settle(s->ledger, r->claim, r->outcomes, s->ledger->mailbox->smtp.host, r->at_us, error))
            return FALSE;
    }
    return TRUE;
}

static void
forget_results(struct session *s)
{
    g_queue_clear_full(&s->results, result_free);
}

static gboolean
refill(struct session *s)
{
    struct store *db = s->ledger->db;
    if (!store_begin(db, &s->error))
        return FALSE;
    g_autoptr(GPtrArray) claims = NULL;
    gboolean ok = settle_results(s, &s->error);
    if (ok && !s->stopped && !(s->stop && *s->stop)) {
        claims = ledger_claim(s->ledger, GROUP, clock_now_us(), &s->error);
        ok = claims != NULL;
    }
    if (!ok || !store_commit(db, &s->error)) {
        store_rollback(db);
        return FALSE;
    }
    forget_results(s);
    while (claims && claims->len)
        g_queue_push_tail(&s->claims, g_ptr_array_steal_index(claims, 0));
    return TRUE;
}

static const struct smtp_mail *
next_mail(gpointer user)
{
    struct session *s = user;
    progress_tell();
    if (s->error || s->stopped || (s->stop && *s->stop) || (g_queue_is_empty(&s->claims) && !refill(s)) ||
        g_queue_is_empty(&s->claims))
        return NULL;
    struct claim *c = g_queue_pop_head(&s->claims);
    gsize length;
    const char *bytes = g_bytes_get_data(c->bytes, &length);
    g_free(s->recipients);
    s->recipients = g_new0(char *, c->addresses->len + 1);
    for (guint i = 0; i < c->addresses->len; i++)
        s->recipients[i] = c->addresses->pdata[i];
    if (c->redirect_to)
        s->recipients[0] = c->redirect_to;
    s->mail = (struct smtp_mail){.mail_from = c->mail_from,
                                 .recipients = (const char *const *)s->recipients,
                                 .n_recipients = c->redirect_to ? 1 : c->addresses->len,
                                 .bytes = bytes,
                                 .length = length,
                                 .user = c};
    return &s->mail;
}

/* A slow server must not delay what follows from its answers. */
static gboolean
may_settle_later(struct session *s)
{
    const struct result *oldest = g_queue_peek_head(&s->results);
    for (GList *l = s->results.head; l; l = l->next)
        if (!((const struct result *)l->data)->sent)
            return FALSE;
    return !oldest || g_get_monotonic_time() - oldest->monotonic_us < SETTLE_WITHIN_US;
}

static gboolean
note_results(struct session *s, GError **error)
{
    for (GList *l = s->results.head; l; l = l->next) {
        struct result *r = l->data;
        if (!r->noted && !ledger_note_sent(s->ledger, r->claim, r->outcomes, s->ledger->mailbox->smtp.host,
                                           r->at_us, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
begin_mail(gpointer user, const struct smtp_mail *mail, GError **error)
{
    struct session *s = user;
    struct claim *c = mail->user;
    struct store *db = s->ledger->db;
    gboolean later = may_settle_later(s);
    if (!store_begin(db, error))
        return FALSE;
    if (!(later ? note_results(s, error) : settle_results(s, error)) ||
        !ledger_begin(s->ledger, c, clock_now_us(), error) || !store_commit(db, error)) {
        store_rollback(db);
        return FALSE;
    }
    if (!later)
        forget_results(s);
    for (GList *l = s->results.head; l; l = l->next)
        ((struct result *)l->data)->noted = TRUE;
    c->transmitting = TRUE;
    FAULT_POINT("sender.begun"); /* committed, and nothing of the body has left */
    return TRUE;
}

static void
count(struct sender_report *report, enum smtp_verdict verdict)
{
    switch (verdict) {
    case SMTP_NOT_TRANSMITTED:
        report->returned++;
        break;
    case SMTP_SENT:
        report->sent++;
        break;
    case SMTP_DEFERRED:
        report->deferred++;
        break;
    case SMTP_REFUSED:
        report->refused++;
        break;
    case SMTP_UNKNOWN:
        report->unknown++;
        break;
    }
}

/* Of mails that could not leave for one and the same reason the log tells the first. */
static gboolean
is_told(struct session *s, const struct smtp_outcome *outcomes)
{
    char **told = &s->ledger->told_failure;
    gboolean again = outcomes->verdict == SMTP_NOT_TRANSMITTED && g_strcmp0(*told, outcomes->text) == 0;
    if (!again) {
        g_free(*told);
        *told = outcomes->verdict == SMTP_NOT_TRANSMITTED ? g_strdup(outcomes->text) : NULL;
    }
    return again;
}

/* We were asked to end before the body began. */
static gboolean
is_left(const struct session *s, const struct smtp_mail *mail, const struct smtp_outcome *outcomes)
{
    const struct claim *c = mail->user;
    gboolean left = !c->transmitting && s->stop && *s->stop;
    for (gsize i = 0; i < mail->n_recipients; i++)
        left = left && outcomes[i].verdict == SMTP_NOT_TRANSMITTED;
    return left;
}

static void
mail_done(gpointer user, const struct smtp_mail *mail, const struct smtp_outcome *outcomes)
{
    struct session *s = user;
    if (is_left(s, mail, outcomes)) { /* finish() gives it back, due as it was */
        g_queue_push_head(&s->claims, mail->user);
        return;
    }
    FAULT_POINT("sender.answered"); /* known, and not committed */
    struct result *r = g_new0(struct result, 1);
    r->claim = mail->user;
    r->at_us = clock_now_us();
    r->monotonic_us = g_get_monotonic_time();
    r->sent = TRUE;
    r->outcomes = g_new0(struct smtp_outcome, r->claim->addresses->len);
    gboolean told = is_told(s, outcomes);
    for (gsize i = 0; i < r->claim->addresses->len; i++) {
        gsize asked = mail->n_recipients == 1 ? 0 : i; /* a redirected mail has one answer for all */
        r->outcomes[i] = outcomes[asked];
        r->outcomes[i].enhanced = g_strdup(outcomes[asked].enhanced);
        r->outcomes[i].text = g_strdup(outcomes[asked].text);
        r->sent = r->sent && outcomes[asked].verdict == SMTP_SENT;
        if (breaker_judge(&outcomes[asked]) != STOP_NONE) { /* told once, for the mailbox */
            s->stopped = TRUE;
            s->report->returned++;
            continue;
        }
        count(s->report, outcomes[asked].verdict);
        if (told)
            continue;
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, r->claim->message_id);
        g_autofree char *code = g_strdup_printf("%d", outcomes[asked].code);
        log_event("delivery", "mailbox", s->ledger->mailbox->name, "message", id, "to",
                  mail->recipients[asked], "verdict", smtp_verdict_name(outcomes[asked].verdict), "code",
                  code, "text", outcomes[asked].text, NULL);
    }
    g_queue_push_tail(&s->results, r);
}

/* Settles the last results, gives back what was claimed and never tried, and says on all that waits why. */
static gboolean
finish(struct session *s, GError **error)
{
    struct store *db = s->ledger->db;
    if (!s->problem && g_queue_is_empty(&s->results) && g_queue_is_empty(&s->claims))
        return TRUE;
    gboolean ok = store_begin(db, error) && settle_results(s, error);
    for (GList *l = s->claims.head; ok && l; l = l->next)
        ok = ledger_unclaim(s->ledger, l->data, clock_now_us(), error);
    if (ok && s->problem)
        ok = ledger_tell_due(s->ledger, s->problem, clock_now_us(), error);
    if (ok && store_commit(db, error))
        return TRUE;
    store_rollback(db);
    return FALSE;
}

static enum smtp_security
smtp_security_of(enum wire_security security)
{
    switch (security) {
    case WIRE_STARTTLS:
        return SMTP_STARTTLS;
    case WIRE_IMPLICIT_TLS:
        return SMTP_IMPLICIT_TLS;
    case WIRE_PLAIN_LOOPBACK:
        return SMTP_PLAIN_LOOPBACK;
    }
    return SMTP_STARTTLS;
}

struct smtp_server
sender_server(const struct mailbox *mailbox, const char *password)
{
    return (struct smtp_server){.host = mailbox->smtp.host,
                                .port = mailbox->smtp.port,
                                .security = smtp_security_of(mailbox->smtp.security),
                                .tls_name = mailbox->tls_name,
                                .ca_file = mailbox->ca_file,
                                .user = password ? mailbox->user : NULL,
                                .password = password,
                                .auth = mailbox->secret ? secret_kind(mailbox->secret) : SECRET_PASSWORD,
                                .secret = mailbox->secret,
                                .cancel_fd = stop_fd()};
}

#define STOP_LOOK_US CLOCK_MINUTE_US

gboolean
sender_has_work(struct ledger *ledger, gint64 now_us)
{
    gint64 due_us = ledger_next_due_us(ledger, NULL);
    scoped(breaker_stop_clear) struct mailbox_stop stop = {0};
    if (!due_us || due_us > now_us)
        FAULT_POINT("sender.idle");
    if (!due_us || due_us > now_us || !breaker_load(ledger->db, ledger->mailbox->name, &stop, NULL) ||
        stop.kind == STOP_NONE || (stop.probe_us && stop.probe_us <= now_us))
        return due_us && due_us <= now_us;
    gint64 boot_us = clock_boottime_us();
    if (ledger->stop_looked_us && boot_us - ledger->stop_looked_us < STOP_LOOK_US)
        return FALSE;
    ledger->stop_looked_us = boot_us;
    return TRUE;
}

/* The server refused the session itself: what of that stops the mailbox does so, told once. Any other failure
 * is the caller's to tell. */
static gboolean
stop_for_session(struct session *s, const struct smtp_report *wire, const GError *problem, GError **error)
{
    struct ledger *l = s->ledger;
    const struct smtp_outcome outcome = {
        .verdict = SMTP_DEFERRED, .code = wire->code, .text = wire->text ? wire->text : problem->message};
    enum stop_kind kind = g_error_matches(problem, USHER_ERROR, USHER_ERROR_NO_PERMISSION) ? STOP_LOGIN
                          : wire->code >= 400 && wire->code < 500                          ? STOP_RATE
                                                                                           : STOP_NONE;
    if (kind == STOP_NONE)
        return TRUE;
    s->stopped = TRUE;
    s->report->problem_code = problem->code;
    s->report->problem = g_strdup(problem->message);
    if (store_begin(l->db, error) &&
        breaker_stop(l, kind, &outcome, l->mailbox->smtp.host, clock_now_us(), error) &&
        store_commit(l->db, error))
        return TRUE;
    store_rollback(l->db);
    return FALSE;
}

/* Why nothing goes out although it is due. */
static gboolean
say_stopped(struct session *s, GError **error)
{
    struct ledger *l = s->ledger;
    g_autoptr(GError) local = NULL;
    gint64 due_us = ledger_next_due_us(l, &local);
    if (!local && !s->report->problem && due_us && due_us <= clock_now_us())
        s->report->problem = breaker_line(l->db, l->config, l->mailbox->name, &local);
    if (s->report->problem && !s->report->problem_code)
        s->report->problem_code = USHER_ERROR_UNAVAILABLE;
    return error_pass(error, &local);
}

/* The secret, or on every mail that is due the reason why there is none. */
static gboolean
read_password(struct ledger *ledger, char **password, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gint64 now_us = clock_now_us();
    if (mailbox_read_password(ledger->mailbox, password, &problem))
        return TRUE;
    if (ledger_tell_due(ledger, secret_problem_to_keep(problem), now_us, error))
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static gboolean
run_session(struct ledger *ledger, const volatile gboolean *stop, struct sender_report *report,
            GError **error)
{
    const struct mailbox *m = ledger->mailbox;
    scoped(secret_free) char *password = NULL;
    /* Nothing of this mailbox is under way now: what an earlier run could not settle is settled as after a
     * crash. */
    if (!ledger_recover(ledger, clock_now_us(), error) || !read_password(ledger, &password, error))
        return FALSE;
    /* A token is another one every hour, which mends nothing. */
    gboolean lasting = m->secret && secret_kind(m->secret) == SECRET_PASSWORD;
    g_autofree char *setup = breaker_setup(m, lasting ? password : NULL);
    ledger->setup = setup;
    struct smtp_server server = sender_server(m, password);
    static const struct smtp_handler handler = {.next = next_mail, .begin = begin_mail, .done = mail_done};
    struct session s = {.ledger = ledger, .stop = stop, .report = report};
    gboolean ok = TRUE, more = TRUE;
    /* A first look without a connection: often all that is due has to wait. */
    while (ok && more && !s.error && !(stop && *stop)) {
        if (g_queue_is_empty(&s.claims) && !refill(&s))
            ok = FALSE;
        if (!ok || g_queue_is_empty(&s.claims))
            break;
        struct smtp_report wire = {0};
        g_autoptr(GError) failed = NULL;
        ok = smtp_client_send(&server, &handler, &s, &wire, &failed);
        if (!ok && stop && *stop && g_error_matches(failed, USHER_ERROR, USHER_ERROR_TEMP)) {
            ok = TRUE; /* cancelled: nobody's fault */
        } else if (!ok) {
            s.problem = g_strdup(secret_problem_to_keep(failed));
            ok = stop_for_session(&s, &wire, failed, error) && s.stopped;
            if (!ok && error && !*error)
                g_propagate_error(error, g_steal_pointer(&failed));
        }
        more = ok && !s.stopped && (wire.more || wire.messages > 0);
        smtp_report_clear(&wire);
    }
    g_autoptr(GError) late = NULL;
    if ((!finish(&s, &late) || !say_stopped(&s, &late)) && ok) {
        g_propagate_error(error, g_steal_pointer(&late));
        ok = FALSE;
    }
    if (s.error && ok) {
        g_propagate_error(error, g_steal_pointer(&s.error));
        ok = FALSE;
    } else if (s.error && error && !*error) {
        g_propagate_error(error, g_steal_pointer(&s.error));
    }
    g_clear_error(&s.error);
    g_queue_clear_full(&s.claims, claim_free);
    forget_results(&s);
    g_free(s.recipients);
    g_free(s.problem);
    ledger->setup = NULL;
    return ok;
}

/* Several mailboxes' senders wait for the disk together. A transition of the ledger that may or may not be on
 * the disk is what ledger_recover() is for: nothing of a body has left then. */
gboolean
sender_run(struct ledger *ledger, const volatile gboolean *stop, struct sender_report *report, GError **error)
{
    if (!store_sync_after_commit(ledger->db, TRUE, error))
        return FALSE;
    gboolean ok = run_session(ledger, stop, report, error);
    return store_sync_after_commit(ledger->db, FALSE, ok ? error : NULL) && ok;
}
