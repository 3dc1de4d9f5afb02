/* Messages over libetpan's SMTP client, one transaction after the other.
 *
 *     taken --MAIL, RCPT, DATA answered--> --begin()--> begun --the final dot is about to leave--> ended
 *
 *     a reply that decides (4xx or 5xx to MAIL or RCPT, any final one to DATA or the dot) ends each of these;
 *     no reply:  taken, begun -> not transmitted        ended -> unknown
 *
 * Invariants: done() is called once for each message, and the next one is taken only after it; the verdict
 * rests on replies that smtp_dialogue read in whole, even when the line failed right after; after DATA that
 * was not consented to, or a message cut short, no further message goes over this line. */
#include "wire/smtp_etpan.h"

#include "base/error.h"

#include <string.h>

struct transaction {
    const struct smtp_mail *mail;
    char **refusals;
    char *given_up;
    struct smtp_answer mail_answer, transfer;
    struct smtp_answer *rcpt;
    GPtrArray *keep; /* texts of the answers */
};

/* An answer that outlives the next command. */
static struct smtp_answer
keep_answer(struct transaction *t, struct smtp_answer answer)
{
    if (answer.text != NULL) {
        char *text = g_strdup(answer.text);
        g_ptr_array_add(t->keep, text);
        answer.text = text;
    }
    return answer;
}

static void
report_outcomes(struct smtp_etpan *etpan, struct transaction *t)
{
    struct smtp_run *run = etpan->run;
    gsize n = t->mail->n_recipients;
    g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, MAX(n, 1));
    struct smtp_evidence evidence = {.mail = t->mail_answer,
                                     .transfer = t->transfer,
                                     .ended = run->ended,
                                     .otherwise = smtp_run_otherwise(run, t->given_up)};

    for (gsize i = 0; i < n; i++) {
        evidence.refusal = t->refusals[i];
        evidence.rcpt = t->rcpt[i];
        smtp_outcome_decide(&evidence, &outcomes[i], t->keep);
    }
    smtp_run_done(run, t->mail, outcomes);
}

/* The answer, heeded; FALSE when the session is over with it. */
static gboolean
note_answer(struct smtp_etpan *etpan, struct transaction *t, struct smtp_answer *answer)
{
    *answer = keep_answer(t, smtp_etpan_answer(etpan));
    return etpan->run->failure == NULL && answer->code > 0 &&
           smtp_run_heed(etpan->run, answer->code, answer->text);
}

/* MAIL and RCPT. TRUE when at least one recipient was taken. */
static gboolean
envelope_offer(struct smtp_etpan *etpan, struct transaction *t)
{
    struct smtp_run *run = etpan->run;
    const struct smtp_mail *mail = t->mail;
    gboolean consented = FALSE;

    if (etpan->wants_reset) {
        etpan->wants_reset = FALSE;
        mailsmtp_reset(etpan->session);
        if (smtp_etpan_answer(etpan).code == 0 || run->failure != NULL)
            return FALSE;
    }
    mailesmtp_mail_size(etpan->session, mail->mail_from, 0, NULL, mail->length);
    if (!note_answer(etpan, t, &t->mail_answer) || smtp_answer_refuses(t->mail_answer))
        return FALSE;
    if (!smtp_answer_consents(t->mail_answer)) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered MAIL with something that is not SMTP");
        return FALSE;
    }
    etpan->wants_reset = TRUE;
    for (gsize i = 0; i < mail->n_recipients; i++) {
        if (t->refusals[i][0] != '\0')
            continue;
        mailesmtp_rcpt(etpan->session, mail->recipients[i], 0, NULL);
        if (!note_answer(etpan, t, &t->rcpt[i]))
            return FALSE;
        consented = consented || smtp_answer_consents(t->rcpt[i]);
    }
    return consented;
}

/* DATA and the message. */
static void
body_send(struct smtp_etpan *etpan, struct transaction *t)
{
    struct smtp_run *run = etpan->run;
    g_autoptr(GError) error = NULL;

    mailsmtp_data(etpan->session);
    if (!note_answer(etpan, t, &t->transfer))
        return;
    if (t->transfer.code != 354) {
        run->unwilling = TRUE;
        return;
    }
    t->transfer = (struct smtp_answer){0};
    if (smtp_run_cancelled(run) || tls_stream_hung_up(etpan->stream)) {
        smtp_run_fail_line(run, FALSE, "");
        etpan->in_body = TRUE; /* no QUIT */
        return;
    }
    etpan->in_body = TRUE;
    tls_stream_set_cancel(etpan->stream, -1);
    if (!run->handler->begin(run->user, t->mail, &error)) {
        t->given_up = g_strdup(error != NULL ? error->message : "given up before it was sent");
        run->unwilling = TRUE;
        return;
    }
    run->begun = TRUE;
    etpan->dot_matched = 0;
    tls_stream_begin(etpan->stream, (int)MIN(run->timeout_ms, G_MAXINT), 1);
    mailsmtp_data_message(etpan->session, t->mail->bytes, t->mail->length - 2);
    if (!run->ended) {
        smtp_run_fail_line(
            run, g_error_matches(tls_stream_error(etpan->stream), USHER_ERROR, USHER_ERROR_TEMP), "");
        return;
    }
    note_answer(etpan, t, &t->transfer);
    t->transfer = smtp_run_believe(run, t->transfer);
    etpan->wants_reset = !smtp_answer_consents(t->transfer);
}

static void
transact(struct smtp_etpan *etpan, const struct smtp_mail *mail)
{
    gsize fit;
    struct transaction t = {.mail = mail,
                            .refusals = smtp_mail_refusals(mail, &fit),
                            .rcpt = g_new0(struct smtp_answer, mail->n_recipients + 1),
                            .keep = g_ptr_array_new_with_free_func(g_free)};

    if (fit > 0 && etpan->run->failure == NULL && envelope_offer(etpan, &t))
        body_send(etpan, &t);
    if (!smtp_run_hold(etpan->run, mail))
        report_outcomes(etpan, &t);
    g_strfreev(t.refusals);
    g_free(t.given_up);
    g_free(t.rcpt);
    g_ptr_array_unref(t.keep);
}

void
smtp_etpan_transact(struct smtp_etpan *etpan, const struct smtp_mail *first)
{
    struct smtp_run *run = etpan->run;
    const struct smtp_mail *mail = first;

    if (run->handler == NULL && run->failure == NULL) {
        g_autofree char *line = g_strdup_printf("MAIL FROM:<%s>\r\n", run->check_from ? run->check_from : "");
        smtp_run_judge_sender(run, smtp_etpan_say(etpan, line));
    }
    if (run->handler == NULL)
        return;
    do {
        transact(etpan, mail);
        if (etpan->stream != NULL && run->server->cancel_fd > 0)
            tls_stream_set_cancel(etpan->stream, run->server->cancel_fd);
        mail = smtp_run_take(run);
    } while (mail != NULL);
}
