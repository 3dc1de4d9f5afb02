/* Sending mail: one connection to one submission server (RFC 5321, RFC 6409), any number of messages one
 * after the other, one verdict a recipient. It is built for a caller that keeps a ledger: handler->begin() is
 * called before the first byte of a body leaves, handler->done() exactly once for every message taken, and a
 * message whose fate is not known for certain comes back as SMTP_UNKNOWN, never as anything else.
 *
 * One session at a time in a process; it runs in the calling thread and blocks (a helper thread bounds every
 * wait). No other thread may open TCP sockets meanwhile. SIGPIPE is ignored while a session runs. */
#ifndef USHER_WIRE_SMTP_CLIENT_H
#define USHER_WIRE_SMTP_CLIENT_H

#include <glib.h>

#include "base/secret.h"

enum smtp_security {
    SMTP_PLAIN_LOOPBACK, /* no TLS: refused unless the peer's address is a loopback one */
    SMTP_STARTTLS,       /* RFC 3207, required, verified */
    SMTP_IMPLICIT_TLS,   /* RFC 8314, verified */
};

/* All strings are borrowed for the call. Whatever is 0 or NULL has the default named. */
struct smtp_server {
    const char *host; /* name or IPv4 address */
    guint16 port;
    enum smtp_security security;
    const char *tls_name; /* the name its certificate must carry; default host */
    const char *ca_file;  /* PEM; default the system's roots */
    const char *user;     /* default: no login; at most 255 bytes */
    const char *password; /* or token, as auth says: SECRET_PASSWORD_BYTES or SECRET_TOKEN_BYTES at most */
    enum secret_kind auth;
    struct secret *secret; /* asked for another password or token when this one is refused; default: nobody */
    const char *helo;      /* what we call ourselves; default this host's name */
    gint64
        timeout_ms; /* for each answer, and for each address to connect to; default 5 minutes, connecting 1 */
    gint64 final_timeout_ms; /* for the answer to the final dot; default 10 minutes (RFC 5321
                                section 4.5.3.2.6) */
    guint max_messages;      /* taken in one call; default 200 */
    int cancel_fd;           /* when readable, the session ends with USHER_ERROR_TEMP unless a body is under
                                way, whose answer is waited for; 0 or less for none; borrowed */
};

/* One message, owned by the caller from next() until done() has returned. */
struct smtp_mail {
    const char *mail_from;
    const char *const *recipients;
    gsize n_recipients;
    const char *bytes; /* header and body; see smtp_message_valid() for what is accepted */
    gsize length;
    gpointer user;
};

enum smtp_verdict {
    SMTP_NOT_TRANSMITTED, /* the server cannot have it: send it again */
    SMTP_SENT,            /* 2xx: the server has taken responsibility */
    SMTP_DEFERRED,        /* 4xx: send it again later */
    SMTP_REFUSED, /* 5xx; or, with code 0, refused here because its address or bytes are not fit to be sent */
    SMTP_UNKNOWN, /* all of it may have left, and no answer came */
};
const char *smtp_verdict_name(enum smtp_verdict verdict);

/* Which command the deciding reply answered: MAIL, RCPT, or DATA, BDAT and the final dot. */
enum smtp_about { SMTP_ABOUT_NOTHING, SMTP_ABOUT_SENDER, SMTP_ABOUT_RECIPIENT, SMTP_ABOUT_MESSAGE };

struct smtp_outcome {
    enum smtp_verdict verdict;
    int code;             /* the reply that decided, 0 when none did */
    const char *enhanced; /* RFC 3463, "5.1.1", or NULL */
    const char *text;     /* one line, UTF-8: the server's, or the reason of ours; never NULL */
    enum smtp_about about;
};

/* next: the next message, NULL for no more; called first of all, and again after each done(), while the
 * server is willing. begin: commit "transmitting" here; FALSE with error gives the message up: nothing of its
 * body leaves, done() says SMTP_NOT_TRANSMITTED, and the session ends. Not called for a message refused
 * before its body, by MAIL, RCPT or DATA. done: one outcome a recipient, borrowed for the call, in the order
 * of mail->recipients. None of them may start another session. */
struct smtp_handler {
    const struct smtp_mail *(*next)(gpointer user);
    gboolean (*begin)(gpointer user, const struct smtp_mail *mail, GError **error);
    void (*done)(gpointer user, const struct smtp_mail *mail, const struct smtp_outcome *outcomes);
};

/* What became of the connection, the last one where there were two. Clear it with smtp_report_clear(); start
 * from zeroes. */
struct smtp_report {
    char *peer;                /* "192.0.2.1:587", NULL when no connection was made */
    char *tls;                 /* "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384", NULL without */
    gint64 certificate_end_us; /* the server's certificate is good until then; 0 without TLS */
    char *login;               /* the mechanism that succeeded, "XOAUTH2"; NULL without */
    char *extensions;          /* what it offered last, "SIZE AUTH CHUNKING"; NULL when it came to no EHLO */
    gboolean authenticated;
    int code;       /* the last answer that refused the session itself, else 0 */
    char *text;     /* its text, NULL without */
    guint messages; /* how many next() gave */
    /* next() did not come to say NULL, and the session did not fail: max_messages, begin(), a refusal at DATA
     * or a 421 ended it. Call again for the rest; later, when the last verdict was "deferred". */
    gboolean more;
};
void smtp_report_clear(struct smtp_report *report);

/* Sends what handler->next() gives. Implicit TLS and tokens go through libetpan's client, the rest through
 * libesmtp; the outcome is the same. A refused login is tried once more, on a new connection, when
 * server->secret tells another password or token. TRUE when every message taken was answered or given up by
 * begin(): the verdicts say what about it. FALSE when the session itself failed, one line that names host,
 * port and step: USHER_ERROR_UNAVAILABLE (dead, silent, dropped, refuses everybody), USHER_ERROR_PROTOCOL
 * (certificate, no STARTTLS, injection, no usable login method, answers that are not SMTP),
 * USHER_ERROR_NO_PERMISSION (login refused, or needed), USHER_ERROR_CONFIG (server is not well described),
 * USHER_ERROR_TEMP (cancelled). report may be NULL. */
gboolean smtp_client_send(const struct smtp_server *server, const struct smtp_handler *handler, gpointer user,
                          struct smtp_report *report, GError **error);

/* Connects, starts TLS, logs in, asks MAIL FROM:<mail_from> (NULL for the empty one, whose refusal is
 * overlooked) and says goodbye: no message can come of it. Errors as above; USHER_ERROR_NO_PERMISSION when
 * mail_from is refused. */
gboolean smtp_client_check(const struct smtp_server *server, const char *mail_from,
                           struct smtp_report *report, GError **error);

#endif
