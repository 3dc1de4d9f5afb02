/* What a mailbox watcher needs of IMAP (RFC 3501), over libetpan and a verified, bounded stream. One client
 * is one connection of one process. Folder names are UTF-8 here and modified UTF-7 on the wire. Nothing here
 * ever sets \Seen.
 *
 * Errors: USHER_ERROR_UNAVAILABLE (no server, line dropped, BYE), USHER_ERROR_TEMP (timed out, cancelled),
 * USHER_ERROR_PROTOCOL (TLS not to be trusted, answers that cannot be understood or are too long),
 * USHER_ERROR_NO_PERMISSION (login refused), USHER_ERROR_NO_INPUT (no such folder), USHER_ERROR_DATA (an
 * argument that cannot be sent). Messages begin with "host:port: " and quote the server's words made
 * printable. After an error the connection may be unusable: imap_client_is_usable() tells; if it is not,
 * every further call fails with USHER_ERROR_UNAVAILABLE, and the caller closes and connects anew. */
#ifndef USHER_WIRE_IMAP_CLIENT_H
#define USHER_WIRE_IMAP_CLIENT_H

#include <glib.h>

#include "base/cleanup.h"
#include "base/secret.h"

enum imap_security {
    IMAP_IMPLICIT_TLS,   /* imaps, port 993 */
    IMAP_STARTTLS,       /* port 143; nothing but STARTTLS is said before */
    IMAP_PLAIN_LOOPBACK, /* no TLS; refused unless the peer's address is a loopback one */
};

/* Where and as whom; borrowed for the call. */
struct imap_server {
    const char *host;
    guint16 port;
    enum imap_security security;
    const char *tls_name; /* the name the certificate must be for; NULL for host */
    const char *ca_file;  /* PEM; NULL for the system's roots */
    const char *user;
    const char *password; /* or token, as auth says: at most 1000 bytes, or SECRET_TOKEN_BYTES */
    enum secret_kind auth;
    struct secret *secret; /* asked for another password or token when this one is refused; NULL: nobody */
    int timeout_ms;        /* for connecting, and for each read; 0 for 30 s */
    int deadline_ms;       /* for one command altogether; 0 for four times timeout_ms */
    int cancel_fd; /* when readable, any call ends with USHER_ERROR_TEMP; 0 or less for none; borrowed till
                      close */
};

struct imap_folder_state {
    guint32 uidvalidity;
    guint32 uidnext; /* 0 when the server does not say */
    guint32 exists;
    guint64 highestmodseq; /* 0 without CONDSTORE (RFC 7162) */
};

struct imap_envelope {
    guint32 uid;
    guint32 size;           /* RFC822.SIZE in bytes */
    gint64 internaldate_us; /* 0 when the server's date is none */
};

/* Bytes of header and of body that are fetched of a message above the limit of imap_client_fetch(). */
enum { IMAP_PARTIAL_BYTES = 256 * 1024 };

struct imap_client;

/* Connects, verifies, learns the capabilities, logs in: a password by LOGIN, or by AUTHENTICATE PLAIN where
 * LOGIN is disabled or the password is not ASCII; a token by AUTHENTICATE. A refused login is tried once
 * more, on a new connection, when secret tells another password or token. NULL with error. */
struct imap_client *imap_client_connect(const struct imap_server *server, GError **error);

/* Logs out without waiting for the answer, and frees. NULL is allowed. */
void imap_client_close(struct imap_client *client);
SCOPED_FUNC(struct imap_client, imap_client_close)

/* What the TLS handshake came to (zeroes without TLS; clear it with tls_facts_clear()), and by which method
 * the login went: "LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER", static. */
struct tls_facts;
void imap_client_facts(const struct imap_client *client, struct tls_facts *facts);
const char *imap_client_login(const struct imap_client *client);

/* FALSE once the connection has failed or lost its place in the protocol. */
gboolean imap_client_is_usable(const struct imap_client *client);

/* The server's capabilities after login in upper case ("IDLE", "UIDPLUS", "AUTH=PLAIN"), NULL-terminated,
 * borrowed. */
const char *const *imap_client_capabilities(const struct imap_client *client);
gboolean imap_client_has(const struct imap_client *client, const char *capability);

/* The folder the server marks as mark, "Sent" or "Archive" (RFC 6154), NULL when it marks none. The caller
 * frees name. */
gboolean imap_client_find_marked(struct imap_client *client, const char *mark, char **name, GError **error);

/* Opens folder read-only (EXAMINE). state may be NULL. */
gboolean imap_client_select(struct imap_client *client, const char *folder, struct imap_folder_state *state,
                            GError **error);

/* STATUS: counters of a folder without opening it; highestmodseq stays 0. For the fence: the UIDNEXT to read
 * up to. */
gboolean imap_client_status(struct imap_client *client, const char *folder, struct imap_folder_state *state,
                            GError **error);
gboolean imap_client_uidnext(struct imap_client *client, const char *folder, guint32 *uidnext,
                             GError **error);

/* The messages of the selected folder with UID uid_from and above, ascending, at most max_count (0: all).
 * envelopes holds struct imap_envelope; the caller frees it with g_array_unref(). Messages expunged meanwhile
 * are left out, others take their place: fewer than max_count are all there are. Begins with NOOP, so that
 * mail already delivered is seen. */
gboolean imap_client_list_since(struct imap_client *client, guint32 uid_from, guint max_count,
                                GArray **envelopes, GError **error);

/* One message of the selected folder by BODY.PEEK. Above max_bytes (0: 1 MiB) only the header and the first
 * IMAP_PARTIAL_BYTES of the body, and partial is TRUE. bytes is NULL without an error when the UID is gone.
 * The caller unrefs bytes. */
gboolean imap_client_fetch(struct imap_client *client, guint32 uid, guint32 max_bytes, GBytes **bytes,
                           gboolean *partial, GError **error);

/* Whether the selected folder still lists the message, asked by UID SEARCH, whatever a FETCH of it gave. */
gboolean imap_client_lists(struct imap_client *client, guint32 uid, gboolean *there, GError **error);

/* The lowest UID in the selected folder whose Message-ID field holds message_id (angle brackets are added
 * when missing), 0 when there is none. USHER_ERROR_DATA, with the connection usable, for an identifier that
 * is not printable ASCII. */
gboolean imap_client_search_message_id(struct imap_client *client, const char *message_id, guint32 *uid,
                                       GError **error);

/* The lowest UID in the selected folder whose INTERNALDATE lies on the day of since_us (UTC, less a day for
 * the server's zone: RFC 3501 section 6.4.4 compares dates alone) or later; 0 when there is none. */
gboolean imap_client_search_since(struct imap_client *client, gint64 since_us, guint32 *uid, GError **error);

/* Appends bytes (CRLF lines, no NUL, else USHER_ERROR_DATA) to folder, with \Seen when seen, with
 * internaldate_us unless 0. uid may be NULL; it is 0 unless the server tells (UIDPLUS, RFC 4315). After
 * UNAVAILABLE or TEMP the message may have been stored: search for its Message-ID before trying again. */
gboolean imap_client_append(struct imap_client *client, const char *folder, GBytes *bytes, gboolean seen,
                            gint64 internaldate_us, guint32 *uid, GError **error);

/* Waits for news in the selected folder by IDLE (RFC 2177), or by NOOP once a minute where there is none:
 * until messages come or go (changed), wake_fd (-1 for none, not drained) is readable, or max_ms have passed.
 * Returns at once when news came during an earlier command; imap_client_list_since() and imap_client_select()
 * take the news. May return early with changed FALSE. */
gboolean imap_client_idle(struct imap_client *client, int wake_fd, int max_ms, gboolean *changed,
                          GError **error);

/* NOOP; changed may be NULL and means what it means for imap_client_idle(). */
gboolean imap_client_noop(struct imap_client *client, gboolean *changed, GError **error);

#endif
