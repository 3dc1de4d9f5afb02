/* Private to the back end on libetpan: its session and the line under it. smtp_etpan.c owns line and session,
 * smtp_etpan_say.c commands, smtp_etpan_login.c AUTH, smtp_etpan_mail.c the messages. */
#ifndef USHER_WIRE_SMTP_ETPAN_H
#define USHER_WIRE_SMTP_ETPAN_H

#include "wire/smtp_run.h"
#include "wire/tls_stream.h"

#include <libetpan/libetpan.h>

struct smtp_etpan {
    struct smtp_run *run;
    struct tls_stream *stream;
    mailsmtp *session;
    gboolean in_body;     /* what is written is a message, not commands */
    guint dot_matched;    /* bytes of CR LF dot CR LF that were written last */
    gboolean wants_reset; /* a transaction was broken off */
};

/* Starts the clock and the byte budget of one command, or of the next part of a transaction. */
void smtp_etpan_begin(struct smtp_etpan *etpan, gint64 timeout_ms);

/* Writes a whole command: each comes in one piece. FALSE when it must not leave, or the stream has failed. */
gboolean smtp_etpan_write(struct smtp_etpan *etpan, const char *bytes, gsize length);

/* The stream has failed, and nobody has said why yet. */
void smtp_etpan_note_failure(struct smtp_etpan *etpan);

/* One command, CR LF included, and its whole answer. Wiped from memory on the way when it holds a secret.
 * Code 0 when there is none; then the session has failed. text is the dialogue's, until the next command. */
struct smtp_answer smtp_etpan_say(struct smtp_etpan *etpan, const char *command);

/* The answer to what one of libetpan's own functions has just asked: what that function returned says
 * nothing. */
struct smtp_answer smtp_etpan_answer(struct smtp_etpan *etpan);

/* Logs in by the first of our methods that the server offers. FALSE when the session has failed. A server
 * that takes none of them is found out by the first MAIL. */
gboolean smtp_etpan_log_in(struct smtp_etpan *etpan);

/* Sends what next() gives, or asks a check's question. The session stands behind its login. */
void smtp_etpan_transact(struct smtp_etpan *etpan, const struct smtp_mail *first);

#endif
