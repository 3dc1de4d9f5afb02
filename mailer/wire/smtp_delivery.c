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
#include "wire/smtp_esmtp.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

struct smtp_item {
    struct smtp_esmtp *esmtp;
    const struct smtp_mail *mail; /* NULL once done */
    char *bytes;
    gsize length;
    smtp_message_t message;
    smtp_recipient_t *recipients; /* NULL for one that was refused here */
    char **refusals;              /* why, as many as recipients */
    char *given_up;               /* begin()'s reason */
    gboolean broken;              /* the line was down before the end */
};

struct smtp_answer
smtp_esmtp_answer(const smtp_status_t *status, char **text)
{
    *text = NULL;
    if (status == NULL || status->text == NULL || status->code < 200 || status->code > 599)
        return (struct smtp_answer){0};
    gboolean has_enhanced = status->enh_class == status->code / 100 && status->enh_subject >= 0 &&
                            status->enh_subject <= 999 && status->enh_detail >= 0 &&
                            status->enh_detail <= 999;
    *text = has_enhanced ? g_strdup_printf("%d.%d.%d %s", status->enh_class, status->enh_subject,
                                           status->enh_detail, status->text)
                         : g_strdup(status->text);
    return (struct smtp_answer){.code = status->code, .text = *text};
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
static struct smtp_answer
answer_of(const smtp_status_t *status, GPtrArray *keep)
{
    char *text = NULL;
    struct smtp_answer answer = smtp_esmtp_answer(status, &text);

    g_ptr_array_add(keep, text);
    return answer;
}

static gboolean
refuses(const smtp_status_t *status)
{
    g_autofree char *text = NULL;

    return smtp_answer_refuses(smtp_esmtp_answer(status, &text));
}

/* Tells the caller, once. transfer is the status of a MESSAGESENT event, or NULL. */
static void
item_done(struct smtp_item *item, const smtp_status_t *status)
{
    struct smtp_esmtp *esmtp = item->esmtp;
    struct smtp_run *run = esmtp->run;
    gsize n = item->mail->n_recipients;
    g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, MAX(n, 1));
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(g_free);
    const struct smtp_mail *mail = item->mail;
    struct smtp_evidence evidence = {.transfer = smtp_run_believe(run, answer_of(status, keep)),
                                     .ended = run->ended};

    evidence.otherwise = smtp_run_otherwise(run, item->given_up);
    if (item->message != NULL)
        evidence.mail = answer_of(smtp_reverse_path_status(item->message), keep);
    for (gsize i = 0; i < n; i++) {
        evidence.refusal = item->refusals[i];
        evidence.rcpt = item->recipients[i] != NULL
                            ? answer_of(smtp_recipient_status(item->recipients[i]), keep)
                            : (struct smtp_answer){0};
        smtp_outcome_decide(&evidence, &outcomes[i], keep);
    }
    /* The one before can no longer be read by libesmtp. */
    for (guint i = 0; i < esmtp->items->len; i++) {
        struct smtp_item *old = g_ptr_array_index(esmtp->items, i);
        if (old != item)
            g_clear_pointer(&old->bytes, g_free);
    }
    item->mail = NULL;
    if (esmtp->current == item)
        esmtp->current = NULL;
    smtp_run_done(run, mail, outcomes);
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
    struct smtp_esmtp *esmtp = item->esmtp;
    struct smtp_run *run = esmtp->run;
    g_autoptr(GError) error = NULL;

    if (!smtp_line_hold(esmtp->line) || smtp_line_hung_up(esmtp->line)) {
        item->broken = TRUE;
        smtp_line_cut(esmtp->line);
        return body_stop(len, EPIPE);
    }
    if (!run->handler->begin(run->user, item->mail, &error)) {
        item->given_up = g_strdup(error != NULL ? error->message : "given up before it was sent");
        run->unwilling = TRUE;
        return body_stop(len, ECANCELED);
    }
    run->begun = TRUE;
    smtp_line_expect(esmtp->line, run->timeout_ms);
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
    struct smtp_esmtp *esmtp = item->esmtp;
    struct smtp_run *run = esmtp->run;

    (void)context;
    if (len == NULL)
        return NULL;
    if (item->mail == NULL || item->broken || item->given_up != NULL || run->failure != NULL)
        return body_stop(len, ECANCELED);
    if (run->server->user != NULL && !run->authenticated)
        return body_stop(len, EACCES);
    if (!run->begun)
        return body_begin(item, len);
    if (!run->ended && smtp_line_hung_up(esmtp->line)) {
        item->broken = TRUE;
        smtp_line_cut(esmtp->line);
        return body_stop(len, EPIPE);
    }
    if (!run->ended) {
        smtp_run_end(run, smtp_line_has_input(esmtp->line));
        smtp_line_expect(esmtp->line, run->final_timeout_ms);
    }
    return body_stop(len, 0);
}

/* Checks everything, then hands it over. FALSE when no recipient is left to be tried. */
static gboolean
item_submit(struct smtp_item *item)
{
    const struct smtp_mail *mail = item->mail;
    gsize fit;

    item->refusals = smtp_mail_refusals(mail, &fit);
    if (fit == 0)
        return FALSE;
    item->bytes = g_memdup2(mail->bytes, mail->length);
    item->length = mail->length;
    item->message = smtp_add_message(item->esmtp->session);
    smtp_set_reverse_path(item->message, mail->mail_from);
    smtp_set_messagecb(item->message, body_read, item);
    smtp_size_set_estimate(item->message, mail->length);
    for (gsize i = 0; i < mail->n_recipients; i++)
        if (item->refusals[i][0] == '\0')
            item->recipients[i] = smtp_add_recipient(item->message, mail->recipients[i]);
    return TRUE;
}

void
smtp_delivery_take(struct smtp_esmtp *esmtp)
{
    const struct smtp_mail *mail;

    while ((mail = smtp_run_take(esmtp->run)) != NULL) {
        if (esmtp->line != NULL)
            smtp_line_release(esmtp->line);
        struct smtp_item *item = g_new0(struct smtp_item, 1);
        g_ptr_array_add(esmtp->items, item);
        item->esmtp = esmtp;
        item->mail = mail;
        item->recipients = g_new0(smtp_recipient_t, mail->n_recipients + 1);
        esmtp->current = item;
        if (item_submit(item))
            return;
        item_done(item, NULL);
    }
}

/* libesmtp would go on after replies that end the session. */
static void
heed_reply(struct smtp_esmtp *esmtp, const smtp_status_t *status)
{
    g_autofree char *text = NULL;
    struct smtp_answer answer = smtp_esmtp_answer(status, &text);

    if (!smtp_run_heed(esmtp->run, answer.code, answer.text))
        smtp_line_cut(esmtp->line);
}

static gboolean
all_refused(const struct smtp_item *item)
{
    for (gsize i = 0; i < item->mail->n_recipients; i++)
        if (item->recipients[i] != NULL && !refuses(smtp_recipient_status(item->recipients[i])))
            return FALSE;
    return TRUE;
}

static void
recipients_heed(struct smtp_item *item)
{
    for (gsize i = 0; i < item->mail->n_recipients; i++)
        if (item->recipients[i] != NULL)
            heed_reply(item->esmtp, smtp_recipient_status(item->recipients[i]));
}

static void
message_sent(struct smtp_esmtp *esmtp, struct smtp_item *item)
{
    const smtp_status_t *status = smtp_message_transfer_status(item->message);

    heed_reply(esmtp, status);
    /* Refused at DATA: libesmtp has already chosen to say QUIT, a message added now would be left behind. */
    if (!esmtp->run->begun)
        esmtp->run->unwilling = TRUE;
    item_done(item, status);
    smtp_delivery_take(esmtp);
}

void
smtp_delivery_event(struct smtp_esmtp *esmtp, int event, smtp_message_t message)
{
    const struct smtp_run *run = esmtp->run;
    struct smtp_item *item = esmtp->current;

    /* Events of a message that is done already, and of a check's, which has none. */
    gboolean ours = item != NULL && (event == SMTP_EV_RCPTSTATUS || message == item->message);
    smtp_line_expect(esmtp->line, ours && run->ended && event != SMTP_EV_MESSAGESENT ? run->final_timeout_ms
                                                                                     : run->timeout_ms);
    if (!ours)
        return;
    switch (event) {
    case SMTP_EV_MAILSTATUS:
        heed_reply(esmtp, smtp_reverse_path_status(item->message));
        if (!refuses(smtp_reverse_path_status(item->message)))
            break;
        item_done(item, NULL);
        smtp_delivery_take(esmtp);
        break;
    case SMTP_EV_RCPTSTATUS:
        recipients_heed(item);
        /* Done early, so that the next message is there before libesmtp looks for it: it asks for DATA all
         * the same, is refused, and chooses between RSET and QUIT before it tells us. */
        if (!all_refused(item))
            break;
        item_done(item, NULL);
        smtp_delivery_take(esmtp);
        break;
    case SMTP_EV_MESSAGESENT:
        message_sent(esmtp, item);
        break;
    }
}

gboolean
smtp_delivery_given_up(const struct smtp_esmtp *esmtp)
{
    return esmtp->current != NULL && esmtp->current->given_up != NULL;
}

void
smtp_delivery_finish(struct smtp_esmtp *esmtp)
{
    struct smtp_item *item = esmtp->current;

    if (item == NULL)
        return;
    if (!smtp_run_hold(esmtp->run, item->mail))
        item_done(item, NULL);
    esmtp->current = NULL;
}
