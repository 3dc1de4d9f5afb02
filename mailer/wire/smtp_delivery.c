/* One message on a libesmtp session, and what became of it for each recipient.
 *
 *     taken --begin()--> begun --body read to its end--> ended
 *
 *     a reply that decides (4xx or 5xx to MAIL or RCPT, any final one to DATA or the dot) ends each of these;
 *     no reply:  taken, begun -> not transmitted        ended -> unknown
 *
 * Invariants:
 * - done() is called once for each message, and the next one is taken only after it;
 * - "sent" needs a 2xx at the MESSAGESENT event, a body read to its end, and a 2xx to that RCPT. The status
 * libesmtp keeps for a message is worth nothing before that event;
 * - the body's end is given to libesmtp only while the line is up. A line that went down earlier is cut for
 * good before the callback returns, so "not transmitted" is certain then;
 * - only PIPELINING and CHUNKING would make libesmtp ask for a body before RCPT is answered, and they are
 * kept from it (smtp_dialogue.c); it reads our copy of the bytes, which lives until the next message is done.
 */
#include "wire/smtp_check.h"
#include "wire/smtp_run.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

struct smtp_item {
    struct smtp_run *run;
    const struct smtp_mail *mail; /* NULL once done */
    char *bytes;
    gsize length;
    smtp_message_t message;
    smtp_recipient_t *recipients; /* NULL for one that was refused here */
    char **refusals;              /* why, as many as recipients */
    char *given_up;               /* begin()'s reason */
    gboolean begun;
    gboolean ended;
    gboolean broken; /* the line was down before the end */
};

/* One side of the decision: the reply that stands for MAIL, for RCPT, or for the transfer. */
struct answer {
    int code;
    const smtp_status_t *status;
};

const char *
smtp_verdict_name(enum smtp_verdict verdict)
{
    switch (verdict) {
    case SMTP_NOT_TRANSMITTED:
        return "not transmitted";
    case SMTP_SENT:
        return "sent";
    case SMTP_DEFERRED:
        return "deferred";
    case SMTP_REFUSED:
        return "refused";
    case SMTP_UNKNOWN:
        return "unknown";
    }
    return "?";
}

void
smtp_item_free(gpointer data)
{
    struct smtp_item *item = data;

    g_free(item->bytes);
    g_free(item->recipients);
    g_strfreev(item->refusals);
    g_free(item->given_up);
    g_free(item);
}

/* libesmtp stores the code of a reply it could not parse, but no text. */
static struct answer
answer_of(const smtp_status_t *status)
{
    if (status == NULL)
        return (struct answer){0};
    gboolean whole = status->text != NULL && status->code >= 200 && status->code <= 599;

    return (struct answer){.code = whole ? status->code : 0, .status = status};
}

static gboolean
is_refusal(struct answer answer)
{
    return answer.code >= 400;
}

static gboolean
is_consent(struct answer answer)
{
    return answer.code >= 200 && answer.code <= 299;
}

/* "5.1.1 " at the start of text that speaks of code, as servers write it that did not announce
 * ENHANCEDSTATUSCODES. */
static gsize
enhanced_prefix(const char *text, int code)
{
    gsize at = 1;

    if (text[0] - '0' != code / 100)
        return 0;
    for (int part = 0; part < 2; part++) {
        gsize digits = text[at] == '.' ? strspn(text + at + 1, "0123456789") : 0;
        if (digits < 1 || digits > 3)
            return 0;
        at += digits + 1;
    }
    return text[at] == ' ' || text[at] == '\0' ? at : 0;
}

/* keep owns the strings. */
static void
outcome_set(struct smtp_outcome *outcome, enum smtp_verdict verdict, struct answer answer, GPtrArray *keep)
{
    const smtp_status_t *status = answer.status;
    char *text = smtp_text_clean(status->text);
    char *enhanced = NULL;

    if (status->enh_class == answer.code / 100 && status->enh_subject >= 0 && status->enh_subject <= 999 &&
        status->enh_detail >= 0 && status->enh_detail <= 999) {
        enhanced = g_strdup_printf("%d.%d.%d", status->enh_class, status->enh_subject, status->enh_detail);
    } else {
        gsize prefix = enhanced_prefix(text, answer.code);
        if (prefix > 0) {
            enhanced = g_strndup(text, prefix);
            char *rest = g_strdup(g_strchug(text + prefix));
            g_free(text);
            text = rest;
        }
    }
    g_ptr_array_add(keep, text);
    if (enhanced != NULL)
        g_ptr_array_add(keep, enhanced);
    *outcome =
        (struct smtp_outcome){.verdict = verdict, .code = answer.code, .enhanced = enhanced, .text = text};
}

static enum smtp_verdict
refusal_verdict(struct answer answer)
{
    return answer.code < 500 ? SMTP_DEFERRED : SMTP_REFUSED;
}

/* A refused login is the session's failure, not the recipient's: the message stays unsent. */
static gboolean
is_refusal_of_mail(struct answer answer)
{
    return is_refusal(answer) && !smtp_code_is_login(answer.code);
}

static void
outcome_decide(const struct smtp_item *item, gsize i, struct answer transfer, struct smtp_outcome *outcome,
               GPtrArray *keep)
{
    const struct smtp_run *run = item->run;

    if (item->refusals[i][0] != '\0') {
        *outcome = (struct smtp_outcome){.verdict = SMTP_REFUSED, .text = item->refusals[i]};
        return;
    }
    struct answer mail = answer_of(smtp_reverse_path_status(item->message));
    struct answer rcpt = answer_of(smtp_recipient_status(item->recipients[i]));
    if (is_refusal_of_mail(mail)) {
        outcome_set(outcome, refusal_verdict(mail), mail, keep);
        outcome->about = SMTP_ABOUT_SENDER;
    } else if (is_refusal_of_mail(rcpt)) {
        outcome_set(outcome, refusal_verdict(rcpt), rcpt, keep);
        outcome->about = SMTP_ABOUT_RECIPIENT;
    } else if (is_refusal_of_mail(transfer)) {
        outcome_set(outcome, refusal_verdict(transfer), transfer, keep);
        outcome->about = SMTP_ABOUT_MESSAGE;
    } else if (is_consent(transfer) && item->ended && is_consent(rcpt)) {
        outcome_set(outcome, SMTP_SENT, transfer, keep);
        outcome->about = SMTP_ABOUT_MESSAGE;
    } else {
        outcome->verdict = item->ended ? SMTP_UNKNOWN : SMTP_NOT_TRANSMITTED;
        outcome->text = item->given_up != NULL ? item->given_up
                        : run->failure != NULL ? run->failure->message
                        : item->ended          ? "the answer to the message was not one SMTP knows"
                                               : "the session ended before it was sent";
    }
}

/* Tells the caller, once. transfer is the status of a MESSAGESENT event, or NULL. */
static void
item_done(struct smtp_item *item, const smtp_status_t *status)
{
    struct smtp_run *run = item->run;
    gsize n = item->mail->n_recipients;
    g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, MAX(n, 1));
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(g_free);
    struct answer transfer = answer_of(status);
    const struct smtp_mail *mail = item->mail;

    for (gsize i = 0; i < n; i++)
        outcome_decide(item, i, transfer, &outcomes[i], keep);
    /* The one before can no longer be read by libesmtp. */
    for (guint i = 0; i < run->items->len; i++) {
        struct smtp_item *old = g_ptr_array_index(run->items, i);
        if (old != item)
            g_clear_pointer(&old->bytes, g_free);
    }
    item->mail = NULL;
    if (run->current == item)
        run->current = NULL;
    run->handler->done(run->user, mail, outcomes);
}

/* The body callback's answer for "no more bytes": with an errno libesmtp drops the line, without one it ends
 * the message. */
static const char *
body_stop(int *len, int error_number)
{
    *len = 0;
    errno = error_number;
    return NULL;
}

static const char *
body_begin(struct smtp_item *item, int *len)
{
    struct smtp_run *run = item->run;
    g_autoptr(GError) error = NULL;

    if (smtp_line_hung_up(run->line)) {
        item->broken = TRUE;
        smtp_line_cut(run->line);
        return body_stop(len, EPIPE);
    }
    if (!run->handler->begin(run->user, item->mail, &error)) {
        item->given_up = g_strdup(error != NULL ? error->message : "given up before it was sent");
        run->unwilling = TRUE;
        return body_stop(len, ECANCELED);
    }
    item->begun = TRUE;
    smtp_line_expect(run->line, run->timeout_ms);
    *len = (int)item->length;
    errno = 0;
    return item->bytes;
}

/* smtp_messagecb_t. Called without len to rewind, then until it gives nothing: the whole message at once,
 * then its end. */
static const char *
body_read(void **context, int *len, void *data)
{
    struct smtp_item *item = data;
    struct smtp_run *run = item->run;

    (void)context;
    if (len == NULL)
        return NULL;
    if (item->mail == NULL || item->broken || item->given_up != NULL || run->failure != NULL)
        return body_stop(len, ECANCELED);
    if (run->server->user != NULL && !run->authenticated)
        return body_stop(len, EACCES);
    if (!item->begun)
        return body_begin(item, len);
    if (!item->ended && smtp_line_hung_up(run->line)) {
        item->broken = TRUE;
        smtp_line_cut(run->line);
        return body_stop(len, EPIPE);
    }
    if (!item->ended) {
        item->ended = TRUE;
        smtp_dialogue_ended(&run->dialogue);
        smtp_line_expect(run->line, run->final_timeout_ms);
    }
    return body_stop(len, 0);
}

/* Checks everything, then hands it over. FALSE when no recipient is left to be tried. */
static gboolean
item_submit(struct smtp_item *item)
{
    const struct smtp_mail *mail = item->mail;
    struct smtp_run *run = item->run;
    g_autoptr(GError) error = NULL;
    gsize fit = 0;

    gboolean sound =
        smtp_message_valid(mail->bytes, mail->length, &error) && smtp_address_valid(mail->mail_from, &error);
    for (gsize i = 0; i < mail->n_recipients; i++) {
        g_autoptr(GError) reason = NULL;
        if (sound && smtp_address_valid(mail->recipients[i], &reason))
            fit++;
        item->refusals[i] = g_strdup(!sound ? error->message : reason != NULL ? reason->message : "");
    }
    if (fit == 0)
        return FALSE;
    item->bytes = g_memdup2(mail->bytes, mail->length);
    item->length = mail->length;
    item->message = smtp_add_message(run->session);
    smtp_set_reverse_path(item->message, mail->mail_from);
    smtp_set_messagecb(item->message, body_read, item);
    smtp_size_set_estimate(item->message, mail->length);
    for (gsize i = 0; i < mail->n_recipients; i++)
        if (item->refusals[i][0] == '\0')
            item->recipients[i] = smtp_add_recipient(item->message, mail->recipients[i]);
    return TRUE;
}

void
smtp_delivery_take(struct smtp_run *run)
{
    while (!run->exhausted && !run->unwilling && run->failure == NULL && run->taken < run->max_messages) {
        const struct smtp_mail *mail = run->handler->next(run->user);
        if (mail == NULL) {
            run->exhausted = TRUE;
            return;
        }
        run->taken++;
        struct smtp_item *item = g_new0(struct smtp_item, 1);
        g_ptr_array_add(run->items, item);
        item->run = run;
        item->mail = mail;
        item->recipients = g_new0(smtp_recipient_t, mail->n_recipients + 1);
        item->refusals = g_new0(char *, mail->n_recipients + 1);
        run->current = item;
        if (item_submit(item))
            return;
        item_done(item, NULL);
    }
}

/* After a 421 the server is closing the line (RFC 5321 section 3.8), though libesmtp would go on. */
static void
heed_reply(struct smtp_run *run, struct answer answer)
{
    if (answer.code == 421)
        run->unwilling = TRUE;
    if (smtp_code_is_login(answer.code)) {
        smtp_run_fail_status(run, USHER_ERROR_NO_PERMISSION, answer.status,
                             "refuses mail before a login or TLS that it accepts");
        smtp_line_cut(run->line);
    }
}

static gboolean
all_refused(const struct smtp_item *item)
{
    for (gsize i = 0; i < item->mail->n_recipients; i++)
        if (item->recipients[i] != NULL &&
            !is_refusal_of_mail(answer_of(smtp_recipient_status(item->recipients[i]))))
            return FALSE;
    return TRUE;
}

static void
recipients_heed(struct smtp_item *item)
{
    for (gsize i = 0; i < item->mail->n_recipients; i++)
        if (item->recipients[i] != NULL)
            heed_reply(item->run, answer_of(smtp_recipient_status(item->recipients[i])));
}

static void
message_sent(struct smtp_run *run, struct smtp_item *item)
{
    const smtp_status_t *status = smtp_message_transfer_status(item->message);
    struct answer transfer = answer_of(status);

    heed_reply(run, transfer);
    /* Refused at DATA: libesmtp has already chosen to say QUIT, a message added now would be left behind. */
    if (!item->begun)
        run->unwilling = TRUE;
    item_done(item, status);
    smtp_delivery_take(run);
}

void
smtp_delivery_event(struct smtp_run *run, int event, smtp_message_t message)
{
    struct smtp_item *item = run->current;

    /* Events of a message that is done already, and of a check's, which has none. */
    gboolean ours = item != NULL && (event == SMTP_EV_RCPTSTATUS || message == item->message);
    smtp_line_expect(run->line, ours && item->ended && event != SMTP_EV_MESSAGESENT ? run->final_timeout_ms
                                                                                    : run->timeout_ms);
    if (!ours)
        return;
    switch (event) {
    case SMTP_EV_MAILSTATUS: {
        struct answer mail = answer_of(smtp_reverse_path_status(item->message));
        heed_reply(run, mail);
        if (!is_refusal_of_mail(mail))
            break;
        item_done(item, NULL);
        smtp_delivery_take(run);
        break;
    }
    case SMTP_EV_RCPTSTATUS:
        recipients_heed(item);
        /* Done early, so that the next message is there before libesmtp looks for it: it asks for DATA all
         * the same, is refused, and chooses between RSET and QUIT before it tells us. */
        if (!all_refused(item))
            break;
        item_done(item, NULL);
        smtp_delivery_take(run);
        break;
    case SMTP_EV_MESSAGESENT:
        message_sent(run, item);
        break;
    }
}

gboolean
smtp_delivery_given_up(const struct smtp_run *run)
{
    return run->current != NULL && run->current->given_up != NULL;
}

gboolean
smtp_delivery_ended(const struct smtp_run *run)
{
    return run->current != NULL && run->current->ended;
}

const char *
smtp_delivery_step(const struct smtp_run *run)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;

    if (run->current != NULL && run->current->ended)
        return "the final dot";
    if (run->current != NULL && run->current->begun)
        return "the message's body";
    return smtp_step_name(dialogue->step == SMTP_STEP_QUIT ? dialogue->before_quit : dialogue->step);
}

void
smtp_delivery_finish(struct smtp_run *run)
{
    if (run->current != NULL)
        item_done(run->current, NULL);
}
