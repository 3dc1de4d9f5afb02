/* Listening in on a libesmtp session: which command is out, what the server answered, whether it sent bytes
 * it should not have sent; and hiding from libesmtp the extensions it does not survive. Pure: no socket, no
 * library. */
#ifndef USHER_WIRE_SMTP_DIALOGUE_H
#define USHER_WIRE_SMTP_DIALOGUE_H

#include <glib.h>

/* The step the session stands at: the last command written, or what came before the first. */
enum smtp_step {
    SMTP_STEP_CONNECT,
    SMTP_STEP_GREETING,
    SMTP_STEP_EHLO,
    SMTP_STEP_STARTTLS,
    SMTP_STEP_HANDSHAKE, /* STARTTLS was answered with 220 */
    SMTP_STEP_AUTH,
    SMTP_STEP_MAIL,
    SMTP_STEP_RCPT,
    SMTP_STEP_DATA,
    SMTP_STEP_DOT,
    SMTP_STEP_OTHER, /* RSET and whatever else */
    SMTP_STEP_QUIT,
};
/* As a person says it: "the greeting", "EHLO", "the final dot"… */
const char *smtp_step_name(enum smtp_step step);

struct smtp_dialogue {
    enum smtp_step step;
    enum smtp_step before_quit; /* the step that made libesmtp say QUIT */
    gboolean encrypted;         /* set by the owner: the handshake is done */
    gboolean answered;          /* the command of this step has its whole reply */
    int code;                   /* of the last whole reply, QUIT's apart */
    char *text;                 /* its lines without their codes, one line, UTF-8, at most 500 bytes */
    char *mechanism;            /* of the last AUTH command, upper case */
    char *offered;              /* what the last EHLO reply offered for AUTH, NULL for nothing */
    char *extensions;           /* the keywords of the last EHLO reply, one space between; NULL before */
    gboolean garbled;           /* an answer that is not SMTP */
    gboolean surplus;           /* bytes behind the answer that nobody had asked for */
    gboolean flooded;           /* more than a server has to say */
    gboolean overlong;          /* flooded by one line */
    /* private */
    int first_code; /* of the reply being read */
    GString *line;
    GString *reply;
    gsize received;
};

void smtp_dialogue_init(struct smtp_dialogue *dialogue);
void smtp_dialogue_clear(struct smtp_dialogue *dialogue);

/* A connection was made: everything before it is forgotten. */
void smtp_dialogue_connected(struct smtp_dialogue *dialogue);

/* Bytes about to be written: one command, or the continuation of a login, which is never kept. FALSE when it
 * leaves before the answer to the one before has come in whole. */
gboolean smtp_dialogue_wrote(struct smtp_dialogue *dialogue, const char *bytes, gsize length);

/* The monitor sees neither body nor dot: the body has been given to its end, and its answer is what comes
 * next. */
void smtp_dialogue_ended(struct smtp_dialogue *dialogue);

/* Bytes that came in and that libesmtp has not looked at: words of an EHLO reply that it should not know are
 * spoilt in place. FALSE when surplus or flooded: the line must be cut. */
gboolean smtp_dialogue_read(struct smtp_dialogue *dialogue, char *bytes, gsize length);

/* TRUE when the last EHLO reply offered that extension. */
gboolean smtp_dialogue_offers(const struct smtp_dialogue *dialogue, const char *keyword);

/* TRUE when mechanism is among those offered for AUTH. */
gboolean smtp_dialogue_offers_login(const struct smtp_dialogue *dialogue, const char *mechanism);

/* Reply text fit to be shown: one line of UTF-8, no control characters, at most 500 bytes. Free it. */
char *smtp_text_clean(const char *text);

#endif
