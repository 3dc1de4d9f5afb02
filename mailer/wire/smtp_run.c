/* What both back ends of the SMTP client do in the same way. See smtp_run.h. */
#include "wire/smtp_run.h"

#include "base/error.h"
#include "wire/sasl.h"
#include "wire/smtp_check.h"

#include <poll.h>
#include <string.h>

gboolean
smtp_code_is_login(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

/* ---- failures ---- */

static void
fail(struct smtp_run *run, int code, const char *text)
{
    if (run->failure == NULL)
        run->failure = g_error_new(USHER_ERROR, code, "%s:%u %s", run->server->host, run->server->port, text);
}

void
smtp_run_fail(struct smtp_run *run, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fail(run, code, text);
}

void
smtp_run_fail_reply(struct smtp_run *run, int error_code, int reply_code, const char *reply_text,
                    const char *what)
{
    g_autofree char *text = smtp_text_clean(reply_text);

    if (run->failure != NULL)
        return;
    smtp_run_fail(run, error_code, "%s: %d %s", what, reply_code, text);
    run->failure_code = reply_code;
    run->failure_text = g_steal_pointer(&text);
}

void
smtp_run_fail_also(struct smtp_run *run, const GError *problem)
{
    g_autofree char *text =
        g_strdup_printf("%s; and no other one is to be had: %s", run->failure->message, problem->message);

    g_free(run->failure->message);
    run->failure->message = g_steal_pointer(&text);
}

void
smtp_run_fail_line(struct smtp_run *run, gboolean timed_out, const char *reason)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;
    enum smtp_step step = dialogue->step == SMTP_STEP_QUIT ? dialogue->before_quit : dialogue->step;

    if (smtp_run_cancelled(run)) {
        smtp_run_fail(run, USHER_ERROR_TEMP, "was left at %s: usher is stopping", smtp_run_step(run));
    } else if (timed_out && !run->connected) {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "does not answer: no connection within %.3g s",
                      (double)run->connect_timeout_ms / 1000);
    } else if (timed_out) {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "has not answered %s within %.3g s", smtp_run_step(run),
                      (double)(run->ended ? run->final_timeout_ms : run->timeout_ms) / 1000);
    } else if (!run->connected) {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "cannot be reached: %s", reason);
    } else if (dialogue->garbled) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered %s with something that is not SMTP",
                      smtp_run_step(run));
    } else if (dialogue->code >= 400 && step <= SMTP_STEP_AUTH && step != SMTP_STEP_HANDSHAKE) {
        g_autofree char *what = g_strdup_printf("refuses at %s", smtp_step_name(step));
        smtp_run_fail_reply(run, USHER_ERROR_UNAVAILABLE, dialogue->code, dialogue->text, what);
    } else {
        smtp_run_fail(run, USHER_ERROR_UNAVAILABLE, "ended the session at %s", smtp_run_step(run));
    }
}

gboolean
smtp_run_cancelled(const struct smtp_run *run)
{
    struct pollfd asked = {.fd = run->server->cancel_fd, .events = POLLIN};

    return asked.fd > 0 && !run->begun && poll(&asked, 1, 0) > 0;
}

void
smtp_run_fail_bytes(struct smtp_run *run)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;

    if (dialogue->step == SMTP_STEP_QUIT)
        return; /* nothing depends on it any more */
    if (dialogue->garbled || dialogue->overlong)
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered %s with something that is not SMTP",
                      smtp_run_step(run));
    else if (dialogue->surplus && run->server->security == SMTP_STARTTLS && !dialogue->encrypted)
        smtp_run_fail(run, USHER_ERROR_PROTOCOL,
                      "sent bytes in clear that nobody asked for before TLS: somebody may be tampering with "
                      "the line");
    else if (dialogue->surplus)
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "sent more than one answer to %s", smtp_run_step(run));
    else
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "sends answers without end");
}

const char *
smtp_run_step(const struct smtp_run *run)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;

    if (run->ended)
        return "the final dot";
    if (run->begun)
        return "the message's body";
    return smtp_step_name(dialogue->step == SMTP_STEP_QUIT ? dialogue->before_quit : dialogue->step);
}

/* ---- TLS and login ---- */

static void
login_missing(struct smtp_run *run)
{
    const char *offered = run->dialogue.offered;
    const char *known =
        run->server->auth == SECRET_PASSWORD ? "PLAIN, LOGIN" : sasl_mechanism(run->server->auth);

    if (offered == NULL)
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "offers no login (AUTH), and a user is configured");
    else
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "offers no login method that %s (%s), only: %s",
                      run->server->auth == SECRET_PASSWORD ? "is known here" : "takes the configured token",
                      known, offered);
}

gboolean
smtp_run_allows(struct smtp_run *run)
{
    enum smtp_step step = run->dialogue.step;
    gboolean is_mail = step == SMTP_STEP_MAIL || step == SMTP_STEP_RCPT || step == SMTP_STEP_DATA;

    if ((is_mail || step == SMTP_STEP_AUTH) && run->server->security != SMTP_PLAIN_LOOPBACK &&
        !run->dialogue.encrypted)
        smtp_run_fail(run, USHER_ERROR_SOFTWARE, "was about to be sent mail without TLS");
    if (is_mail && run->server->user != NULL && !run->authenticated)
        login_missing(run);
    return run->failure == NULL || step == SMTP_STEP_QUIT;
}

/* A refusal of the credentials themselves is final: they are not tried again with the next mechanism, as two
 * failures a connection lock accounts. A mechanism that is not understood (500 to 504) is worth the next one.
 */
void
smtp_run_note_login(struct smtp_run *run)
{
    const struct smtp_dialogue *dialogue = &run->dialogue;
    const char *tried = dialogue->mechanism;
    gboolean ours = g_strcmp0(tried, "PLAIN") == 0 || g_strcmp0(tried, "LOGIN") == 0 ||
                    g_strcmp0(tried, "XOAUTH2") == 0 || g_strcmp0(tried, "OAUTHBEARER") == 0;

    if (dialogue->code >= 200 && dialogue->code <= 299) {
        run->authenticated = TRUE;
    } else if (ours && dialogue->code >= 400 && dialogue->code <= 499) {
        smtp_run_fail_reply(run, USHER_ERROR_UNAVAILABLE, dialogue->code, dialogue->text,
                            "cannot check the login now");
    } else if (ours && dialogue->code > 504) {
        run->login_refused = run->failure == NULL;
        smtp_run_fail_reply(run, USHER_ERROR_NO_PERMISSION, dialogue->code, dialogue->text,
                            "refuses the login");
    }
}

gboolean
smtp_run_heed(struct smtp_run *run, int code, const char *text)
{
    if (code == 421)
        run->unwilling = TRUE;
    if (!smtp_code_is_login(code))
        return TRUE;
    smtp_run_fail_reply(run, USHER_ERROR_NO_PERMISSION, code, text,
                        "refuses mail before a login or TLS that it accepts");
    return FALSE;
}

void
smtp_run_judge_sender(struct smtp_run *run, struct smtp_answer answer)
{
    if (answer.code >= 400 && (run->check_from != NULL || smtp_code_is_login(answer.code)))
        smtp_run_fail_reply(run, answer.code < 500 ? USHER_ERROR_UNAVAILABLE : USHER_ERROR_NO_PERMISSION,
                            answer.code, answer.text, "refuses the sender");
}

/* ---- messages ---- */

const struct smtp_mail *
smtp_run_take(struct smtp_run *run)
{
    if (run->failure != NULL)
        return NULL;
    const struct smtp_mail *mail = g_steal_pointer(&run->held);
    if (mail == NULL) {
        if (run->exhausted || run->unwilling || run->taken >= run->max_messages)
            return NULL;
        mail = run->handler->next(run->user);
        run->exhausted = mail == NULL;
        run->taken += mail != NULL;
    }
    run->under_way = mail != NULL;
    run->begun = run->ended = run->early = FALSE;
    return mail;
}

gboolean
smtp_run_hold(struct smtp_run *run, const struct smtp_mail *mail)
{
    if (!run->login_refused || run->begun)
        return FALSE;
    run->held = mail;
    run->under_way = FALSE;
    return TRUE;
}

void
smtp_run_end(struct smtp_run *run, gboolean early)
{
    run->ended = TRUE;
    run->early = early;
    smtp_dialogue_ended(&run->dialogue);
}

struct smtp_answer
smtp_run_believe(struct smtp_run *run, struct smtp_answer answer)
{
    if (run->ended && !run->dialogue.answered && answer.code != 0) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered %s with something that is not SMTP",
                      smtp_run_step(run));
        return (struct smtp_answer){0};
    }
    if (run->ended && run->early && smtp_answer_consents(answer)) {
        smtp_run_fail(run, USHER_ERROR_PROTOCOL, "answered the message before its end");
        return (struct smtp_answer){0};
    }
    return answer;
}

void
smtp_run_done(struct smtp_run *run, const struct smtp_mail *mail, const struct smtp_outcome *outcomes)
{
    run->under_way = run->begun = run->ended = run->early = FALSE;
    run->handler->done(run->user, mail, outcomes);
}

char **
smtp_mail_refusals(const struct smtp_mail *mail, gsize *fit)
{
    char **refusals = g_new0(char *, mail->n_recipients + 1);
    g_autoptr(GError) error = NULL;

    *fit = 0;
    gboolean sound =
        smtp_message_valid(mail->bytes, mail->length, &error) && smtp_address_valid(mail->mail_from, &error);
    for (gsize i = 0; i < mail->n_recipients; i++) {
        g_autoptr(GError) reason = NULL;
        if (sound && smtp_address_valid(mail->recipients[i], &reason))
            (*fit)++;
        refusals[i] = g_strdup(!sound ? error->message : reason != NULL ? reason->message : "");
    }
    return refusals;
}

/* ---- verdicts ---- */

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

gboolean
smtp_answer_refuses(struct smtp_answer answer)
{
    return answer.code >= 400 && answer.code <= 599 && !smtp_code_is_login(answer.code);
}

gboolean
smtp_answer_consents(struct smtp_answer answer)
{
    return answer.code >= 200 && answer.code <= 299;
}

/* "5.1.1 " at the start of text that speaks of code. */
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

static void
outcome_set(struct smtp_outcome *outcome, enum smtp_verdict verdict, struct smtp_answer answer,
            GPtrArray *keep)
{
    g_autofree char *text = smtp_text_clean(answer.text);
    gsize prefix = enhanced_prefix(text, answer.code);
    char *enhanced = prefix > 0 ? g_strndup(text, prefix) : NULL;
    char *rest = g_strdup(g_strchug(text + prefix));

    g_ptr_array_add(keep, rest);
    if (enhanced != NULL)
        g_ptr_array_add(keep, enhanced);
    *outcome =
        (struct smtp_outcome){.verdict = verdict, .code = answer.code, .enhanced = enhanced, .text = rest};
}

static enum smtp_verdict
refusal_verdict(struct smtp_answer answer)
{
    return answer.code < 500 ? SMTP_DEFERRED : SMTP_REFUSED;
}

void
smtp_outcome_decide(const struct smtp_evidence *evidence, struct smtp_outcome *outcome, GPtrArray *keep)
{
    const struct smtp_answer *const deciding[] = {&evidence->mail, &evidence->rcpt, &evidence->transfer};
    static const enum smtp_about about[] = {SMTP_ABOUT_SENDER, SMTP_ABOUT_RECIPIENT, SMTP_ABOUT_MESSAGE};

    if (evidence->refusal[0] != '\0') {
        *outcome = (struct smtp_outcome){.verdict = SMTP_REFUSED, .text = evidence->refusal};
        return;
    }
    /* A refused login is the session's failure, not the recipient's: the message stays unsent. */
    for (gsize i = 0; i < G_N_ELEMENTS(deciding); i++)
        if (smtp_answer_refuses(*deciding[i])) {
            outcome_set(outcome, refusal_verdict(*deciding[i]), *deciding[i], keep);
            outcome->about = about[i];
            return;
        }
    if (evidence->ended && smtp_answer_consents(evidence->transfer) && smtp_answer_consents(evidence->rcpt)) {
        outcome_set(outcome, SMTP_SENT, evidence->transfer, keep);
        outcome->about = SMTP_ABOUT_MESSAGE;
        return;
    }
    *outcome = (struct smtp_outcome){.verdict = evidence->ended ? SMTP_UNKNOWN : SMTP_NOT_TRANSMITTED,
                                     .text = evidence->otherwise};
}

const char *
smtp_run_otherwise(const struct smtp_run *run, const char *given_up)
{
    if (given_up != NULL)
        return given_up;
    if (run->failure != NULL)
        return run->failure->message;
    return run->ended ? "the answer to the message was not one SMTP knows"
                      : "the session ended before it was sent";
}
