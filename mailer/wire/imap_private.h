/* What the files of the IMAP client share; nobody else includes it. */
#ifndef USHER_WIRE_IMAP_PRIVATE_H
#define USHER_WIRE_IMAP_PRIVATE_H

#include <glib.h>
#include <libetpan/libetpan.h>

#include "base/error.h"
#include "wire/imap_client.h"
#include "wire/imap_guard.h"
#include "wire/tls_stream.h"

enum {
    IMAP_SMALL_ANSWER_BYTES = 256 * 1024,
    IMAP_LARGE_ANSWER_BYTES = 16 * 1024 * 1024, /* LIST and SEARCH of very large mailboxes */
    IMAP_SMALL_LITERAL_BYTES = 4 * 1024,        /* names, not messages */
};

struct imap_client {
    mailimap *session;
    struct tls_stream *stream; /* owned by the session's mailstream */
    struct imap_guard *guard;
    char *name; /* host:port */
    int deadline_ms;
    gboolean broken;
    gboolean selected;
    gboolean idle_refused;
    char **capabilities;
    const char *login; /* how it logged in: "LOGIN", "XOAUTH2"... static */
};

/* What became of a command that waits for "+". */
enum imap_continuation {
    IMAP_CONTINUE, /* the server waits for the rest */
    IMAP_ENDED,    /* it has sent its result line already */
    IMAP_FAILED,   /* the stream has failed */
};

/* Starts the account of one command. FALSE when the client is broken. */
gboolean imap_begin(struct imap_client *client, gint64 budget_bytes, gint64 max_literal, GError **error);

/* Judges a command that was begun: outcome is libetpan's, what says in the -ing form what was done, refusal
 * is the code for a NO. Everything but a NO breaks the client. */
gboolean imap_end(struct imap_client *client, int outcome, const char *what, enum usher_error refusal,
                  GError **error);

/* Marks the client broken and reports it. Always FALSE. */
gboolean imap_break(struct imap_client *client, enum usher_error code, const char *words, GError **error);

/* Sends a tag, the command and CRLF, then reads up to "+" or the result. For the commands libetpan loses news
 * in. */
enum imap_continuation imap_send_and_await(struct imap_client *client, const char *command);

/* The same for a further line of that command. A "+" line is left in the session's imap_stream_buffer. */
enum imap_continuation imap_say(struct imap_client *client, const char *words);

/* Sends a last piece and CRLF, then reads the result. libetpan's outcome. */
int imap_send_rest(struct imap_client *client, const char *bytes, gsize length);

/* Chooses how to log in from what the server offers: client->login. USHER_ERROR_NO_PERMISSION when there is
 * no way. */
gboolean imap_choose_login(struct imap_client *client, const struct imap_server *server, const char *secret,
                           GError **error);

/* Logs in that way. refused is set when the server said NO to the secret. */
gboolean imap_log_in(struct imap_client *client, const struct imap_server *server, const char *secret,
                     gboolean *refused, GError **error);

/* What was offered before TLS or login is not what is offered after it. */
void imap_forget_capabilities(struct imap_client *client);

/* A folder's name for the wire; NULL with USHER_ERROR_DATA. The caller frees. */
char *imap_folder_wire_name(const struct imap_client *client, const char *folder, GError **error);

/* Fails unless a folder is selected. */
gboolean imap_need_selected(const struct imap_client *client, GError **error);

#endif
