/* Private to the SMTP client: one libesmtp session and the message it is working on. smtp_client.c owns the
 * session, smtp_secure.c its TLS and login, smtp_delivery.c the messages and their verdicts. */
#ifndef USHER_WIRE_SMTP_RUN_H
#define USHER_WIRE_SMTP_RUN_H

#include "wire/smtp_client.h"
#include "wire/smtp_dialogue.h"
#include "wire/smtp_line.h"

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdio.h>

#include <auth-client.h>
#include <libesmtp.h>

struct smtp_item;

struct smtp_run {
    const struct smtp_server *server;
    const struct smtp_handler *handler; /* NULL for a check */
    gpointer user;
    gint64 timeout_ms;
    gint64 final_timeout_ms;
    guint max_messages;

    smtp_session_t session;
    struct smtp_line *line;
    struct smtp_dialogue dialogue;
    gboolean connected;
    gboolean authenticated;
    GError *failure;  /* the first thing that went wrong with the session */
    int failure_code; /* the reply that did it, 0 for none */
    char *failure_text;
    char *tls; /* version and cipher */

    GPtrArray *items;          /* every message libesmtp knows: freed after the session */
    smtp_message_t check;      /* a check's only message */
    struct smtp_item *current; /* taken from next(), not yet done */
    guint taken;
    gboolean exhausted; /* next() has said NULL */
    gboolean unwilling; /* the server, or begin(), wants no further message */
};

/* The first failure stays; later ones are only its consequences. */
void smtp_run_fail(struct smtp_run *run, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same, because of the reply in hand: keeps its code for the report. */
void smtp_run_fail_reply(struct smtp_run *run, int error_code, int reply_code, const char *reply_text,
                         const char *what);

/* The same for a reply as libesmtp keeps it, its enhanced code apart. */
void smtp_run_fail_status(struct smtp_run *run, int error_code, const smtp_status_t *status,
                          const char *what);

/* The verifying context for the session; SSL_CTX_free it after the session. run is borrowed. */
SSL_CTX *smtp_secure_tls(struct smtp_run *run, GError **error);

/* The login for libesmtp; auth_destroy_context it after the session. */
auth_context_t smtp_secure_login(struct smtp_run *run);

/* The last moment before a command leaves: cuts the line when it must not. */
void smtp_secure_command(struct smtp_run *run);

/* AUTH has its answer. */
void smtp_secure_answer(struct smtp_run *run);

/* TRUE for a reply that says a login is needed or was not good (RFC 4954 section 6). */
gboolean smtp_code_is_login(int code);

/* Takes messages from next() until one is fit to be handed to libesmtp, or none is left. */
void smtp_delivery_take(struct smtp_run *run);

/* libesmtp's events MAILSTATUS, RCPTSTATUS, MESSAGEDATA and MESSAGESENT. */
void smtp_delivery_event(struct smtp_run *run, int event, smtp_message_t message);

/* The session is over and its failure known: what is not done yet becomes done. */
void smtp_delivery_finish(struct smtp_run *run);

/* What the current message waits for: "MAIL", "the final dot"… */
const char *smtp_delivery_step(const struct smtp_run *run);

/* TRUE when begin() gave the current message up; when its end has been given to libesmtp. */
gboolean smtp_delivery_given_up(const struct smtp_run *run);
gboolean smtp_delivery_ended(const struct smtp_run *run);

void smtp_item_free(gpointer item);

#endif
