/* Private to the SMTP client: one session and what its two back ends share. smtp_client.c chooses between
 * them and reports; smtp_esmtp*.c is the one on libesmtp, smtp_etpan*.c the one on libetpan; smtp_run.c holds
 * what must be the same in both: who may be sent mail, what a failure is called, what a verdict rests on. */
#ifndef USHER_WIRE_SMTP_RUN_H
#define USHER_WIRE_SMTP_RUN_H

#include "wire/smtp_client.h"
#include "wire/smtp_dialogue.h"
#include "wire/tls_context.h"

struct smtp_run {
    const struct smtp_server *server;
    const char *secret;                 /* the password or token in force */
    const struct smtp_handler *handler; /* NULL for a check */
    gpointer user;
    const char *check_from; /* a check's sender, NULL for the empty one */
    const char *helo;
    gint64 connect_timeout_ms;
    gint64 timeout_ms;
    gint64 final_timeout_ms;
    guint max_messages;

    struct smtp_dialogue dialogue;
    gboolean connected;
    gboolean authenticated;
    gboolean login_refused; /* the secret itself, which another one may heal */
    GError *failure;        /* the first thing that went wrong with the session */
    int failure_code;       /* the reply that did it, 0 for none */
    char *failure_text;
    char *peer;
    struct tls_facts tls;

    guint taken;
    gboolean exhausted;           /* next() has said NULL */
    gboolean unwilling;           /* the server, or begin(), wants no further message */
    const struct smtp_mail *held; /* taken, and waiting for a session that gets past its login */
    gboolean under_way;           /* a message is, and its state is: */
    gboolean begun;
    gboolean ended;
    gboolean early; /* the server had answered before the end left */
};

/* A whole reply to a command; code 0 for none. text may begin with its enhanced code. Borrowed. */
struct smtp_answer {
    int code;
    const char *text;
};
gboolean smtp_answer_refuses(struct smtp_answer answer); /* 4xx or 5xx, and not for want of a login */
gboolean smtp_answer_consents(struct smtp_answer answer);

/* The first failure stays; later ones are only its consequences. */
void smtp_run_fail(struct smtp_run *run, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same, because of the reply in hand: keeps its code for the report. */
void smtp_run_fail_reply(struct smtp_run *run, int error_code, int reply_code, const char *reply_text,
                         const char *what);

/* Says behind the failure what else went wrong on the way out of it. */
void smtp_run_fail_also(struct smtp_run *run, const GError *problem);

/* Why the line ended, told from where the session stood when it did. timed_out: by our clock. reason is the
 * system's word for a connection that never was. */
void smtp_run_fail_line(struct smtp_run *run, gboolean timed_out, const char *reason);

/* TRUE when the caller wants the session to end and no body is under way. */
gboolean smtp_run_cancelled(const struct smtp_run *run);

/* The dialogue has just been given bytes that are no answer to what stands open: says what they are. */
void smtp_run_fail_bytes(struct smtp_run *run);

/* TRUE when the command that the dialogue has just noted may leave: no AUTH and no MAIL before TLS, where TLS
 * is wanted, and no MAIL before the login has succeeded, where there is one. */
gboolean smtp_run_allows(struct smtp_run *run);

/* AUTH has its answer. */
void smtp_run_note_login(struct smtp_run *run);

/* A reply to MAIL, RCPT or the message: after a 421 the server is closing the line (RFC 5321 section 3.8);
 * one that wants a login ends the session. FALSE when it has ended. */
gboolean smtp_run_heed(struct smtp_run *run, int code, const char *text);

/* A check's answer to MAIL: the refusal of an empty sender is overlooked. */
void smtp_run_judge_sender(struct smtp_run *run, struct smtp_answer answer);

/* What the session waits for: "MAIL", "the final dot"… */
const char *smtp_run_step(const struct smtp_run *run);

/* The next message, or NULL for no more of this session. It is under way until smtp_run_done(). */
const struct smtp_mail *smtp_run_take(struct smtp_run *run);

/* Gives mail back to wait for the next session when only the login was refused: TRUE, and done() is not
 * called. */
gboolean smtp_run_hold(struct smtp_run *run, const struct smtp_mail *mail);

/* The end of the message is about to leave; early: bytes of the server wait already. */
void smtp_run_end(struct smtp_run *run, gboolean early);

/* The answer to the message, as far as it is one: a line without end, or a consent to what had not been said
 * yet, fails the session and counts as no answer. */
struct smtp_answer smtp_run_believe(struct smtp_run *run, struct smtp_answer answer);

/* Tells the caller. */
void smtp_run_done(struct smtp_run *run, const struct smtp_mail *mail, const struct smtp_outcome *outcomes);

/* TRUE for a reply that says a login is needed or was not good (RFC 4954 section 6). */
gboolean smtp_code_is_login(int code);

/* Why each recipient of mail cannot be sent it, "" for one that can; as many as it has, NULL-terminated. fit
 * counts the latter. Free with g_strfreev(). */
char **smtp_mail_refusals(const struct smtp_mail *mail, gsize *fit);

/* What one recipient's outcome is decided from. */
struct smtp_evidence {
    const char *refusal;           /* ours, "" for none */
    struct smtp_answer mail, rcpt; /* to those commands */
    struct smtp_answer transfer;   /* to DATA when it was no consent, or to the message */
    gboolean ended;                /* all of the message may have left */
    const char *otherwise;         /* what to say when nothing decides */
};

/* Fills outcome; keep owns its strings. */
void smtp_outcome_decide(const struct smtp_evidence *evidence, struct smtp_outcome *outcome, GPtrArray *keep);

/* The reason for smtp_evidence.otherwise. given_up is begin()'s, or NULL. */
const char *smtp_run_otherwise(const struct smtp_run *run, const char *given_up);

/* The back ends. Each runs one session to its end, with run->failure telling whether it failed. */
void smtp_esmtp_run(struct smtp_run *run);
void smtp_etpan_run(struct smtp_run *run);

#endif
