/* Private to the back end on libesmtp: its session and the message it is working on. smtp_esmtp.c owns the
 * session, smtp_secure.c its TLS and login, smtp_delivery.c the messages. */
#ifndef USHER_WIRE_SMTP_ESMTP_H
#define USHER_WIRE_SMTP_ESMTP_H

#include "wire/smtp_line.h"
#include "wire/smtp_run.h"

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdio.h>

#include <auth-client.h>
#include <libesmtp.h>

struct smtp_item;

struct smtp_esmtp {
    struct smtp_run *run;
    smtp_session_t session;
    struct smtp_line *line;
    GPtrArray *items;          /* every message libesmtp knows: freed after the session */
    smtp_message_t check;      /* a check's only message */
    struct smtp_item *current; /* taken from next(), not yet done */
};

/* A reply as libesmtp keeps it, its enhanced code apart: as one answer. text is to be freed. */
struct smtp_answer smtp_esmtp_answer(const smtp_status_t *status, char **text);

/* The verifying context for the session; SSL_CTX_free it after the session. run is borrowed. */
SSL_CTX *smtp_secure_tls(struct smtp_run *run, GError **error);

/* The login for libesmtp; auth_destroy_context it after the session. */
auth_context_t smtp_secure_login(struct smtp_run *run);

/* Takes messages from next() until one is fit to be handed to libesmtp, or none is left. */
void smtp_delivery_take(struct smtp_esmtp *esmtp);

/* libesmtp's events MAILSTATUS, RCPTSTATUS, MESSAGEDATA and MESSAGESENT. */
void smtp_delivery_event(struct smtp_esmtp *esmtp, int event, smtp_message_t message);

/* The session is over and its failure known: what is not done yet becomes done, or waits for another login.
 */
void smtp_delivery_finish(struct smtp_esmtp *esmtp);

/* TRUE when begin() gave the current message up. */
gboolean smtp_delivery_given_up(const struct smtp_esmtp *esmtp);

void smtp_item_free(gpointer item);

#endif
